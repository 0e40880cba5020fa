"""Expectations of what a Keras model does in training: its noise, such as dropout.

In inference it is not there, so equal outputs say nothing of it. Here model and reference get the same weights and
are called with `training=True`, and are compared by the distribution of their outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.check.expect.failure import Failure, comparison
from labkit.check.expect.models import answers, both_rebuilt, described, softmax
from labkit.worker import ModelSpec

__all__ = ["same_training_noise"]

_ROWS = 1024  # in one call: a model may make half a million numbers of each
_SEED = 2012  # one seed for both models: equal layers then draw equal masks


@comparison
def same_training_noise(model: Any, reference: ModelSpec, x: np.ndarray, samples: int = 4096) -> None:
    """With the same weights the model is as random in training as the reference: dropout's rate and place.

    Each row of `x` (a few are enough) goes through the model `samples` times in training mode. Mean, spread
    and distribution of every output must agree within what so many draws leave open (about one false alarm
    in a million). Narrow layers make the probe sharper: ask for a model with a handful of units. A model that
    ends in logits is read through a softmax.
    """
    yours, mine = both_rebuilt(model, reference)
    plain = answers(yours, described(model), x)  # a Failure where it takes other inputs
    logits = np.allclose(softmax(plain), mine(x, training=False), atol=1e-4)
    a, b = _draws(yours, x, samples), _draws(mine, x, samples)
    a = softmax(a) if logits else a
    if a.shape != b.shape:
        sentence = f"in training the model answers with shape {a.shape[2:]}, not {b.shape[2:]}"
        raise Failure("noise", sentence, a.shape)
    spread, expected = a.std(axis=1), b.std(axis=1)
    if _same_mean(a, b) and _same_spread(a, b) and _same_distribution(a, b):
        return
    silent = 1e-6
    if spread.max() <= silent < expected.max():
        sentence = (
            "in training the model computes what it computes in inference: there is no dropout in effect"
        )
    elif expected.max() <= silent < spread.max():
        sentence = "in training the model's outputs are random; here they should not be"
    else:
        sentence = (
            f"in training the model's outputs vary by {spread.mean():.3g} (standard deviation), with the right "
            f"dropout by {expected.mean():.3g}; look at the rate and at where dropout stands"
        )
    raise Failure("noise", sentence, spread, like=0.05 * float(max(spread.max(), silent)))


# --- inside --------------------------------------------------------------------------------------------------


def _draws(live, x: np.ndarray, samples: int) -> np.ndarray:
    """Outputs in training mode, shape (rows, samples, ...)."""
    import keras

    keras.utils.set_random_seed(_SEED)
    rows = np.repeat(x, samples, axis=0)
    parts = [live(rows[start : start + _ROWS], training=True) for start in range(0, len(rows), _ROWS)]
    outputs = np.concatenate([np.asarray(part, np.float64) for part in parts])
    return outputs.reshape(len(x), samples, *outputs.shape[1:])


def _same_mean(a: np.ndarray, b: np.ndarray) -> bool:
    error = np.sqrt((a.var(axis=1) + b.var(axis=1)) / a.shape[1])
    return bool(np.all(np.abs(a.mean(axis=1) - b.mean(axis=1)) <= 6 * error + 1e-5))


def _same_spread(a: np.ndarray, b: np.ndarray) -> bool:
    def squares(draws: np.ndarray) -> np.ndarray:
        return (draws - draws.mean(axis=1, keepdims=True)) ** 2

    return _same_mean(squares(a), squares(b))


def _same_distribution(a: np.ndarray, b: np.ndarray, slack: float = 1e-4) -> bool:
    """Kolmogorov and Smirnov's distance of the samples is small, per row and output.

    With few units the outputs take few values, each with a large share of the draws: rounding must not put
    them on different sides of a threshold, hence the slack.
    """
    samples = a.shape[1]
    a, b = (np.sort(draws.reshape(len(draws), samples, -1), axis=1) for draws in (a, b))
    allowed = 2.7 * np.sqrt(2 / samples) * samples

    def exceeds(one: np.ndarray, two: np.ndarray) -> bool:
        """Whether `one` has clearly more values up to some threshold than `two` has up to a little above it."""
        below = np.searchsorted(one, one, "right") - np.searchsorted(two, one + slack, "right")
        return np.max(below) > allowed

    pairs = [(a[row, :, unit], b[row, :, unit]) for row in range(a.shape[0]) for unit in range(a.shape[2])]
    return not any(exceeds(one, two) or exceeds(two, one) for one, two in pairs)
