"""What checks measure of a model that arrived as a description, and how they keep answers from being known before.

A measured model is rebuilt in this process; where that is impossible, or it does not take the inputs, the check
fails with a sentence about the model.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.check.expect.failure import Failure
from labkit.check.expect.models import described, probabilities


def outputs(model: Any, x: np.ndarray) -> np.ndarray:
    """What a model answers to inputs (n, ...) in inference mode, shape (n, ...)."""
    spec = described(model)
    try:
        return spec.outputs(x)
    except Exception as problem:  # layers or inputs that do not fit together: Keras refuses in many ways
        sentence = f"the model cannot be used on inputs of shape {x.shape}: {str(problem).strip()[:200]}"
        raise Failure("inputs", sentence, f"inputs of shape {x.shape[1:]}") from None


def accuracy(
    model: Any, x: np.ndarray, labels: np.ndarray, classes: int = 10, read: np.ndarray | None = None
) -> float:
    """The share of examples (n, ...) whose label (n,) gets the largest of the model's outputs (n, classes).

    `read` are the outputs for these examples, where they are known already.
    """
    answers = outputs(model, x) if read is None else read
    if answers.shape != (len(x), classes):
        wanted = (len(x), classes)
        sentence = (
            f"for {len(x)} examples the model answers with shape {answers.shape}; it should be {wanted}"
        )
        raise Failure("outputs", sentence, answers.shape[1:])
    return float(np.mean(answers.argmax(axis=1) == labels))


def cross_entropy(model: Any, x: np.ndarray, labels: np.ndarray) -> float:
    """The mean cross-entropy of a classifier's answers to examples (n, ...) with labels (n,), in nats.

    Outputs count as the compiled loss takes them: as logits with `from_logits=True`, else as probabilities, which
    are cut off below 1e-7 as Keras does.
    """
    likely = probabilities(described(model), outputs(model, x).astype(np.float64))
    return float(-np.log(np.clip(likely[np.arange(len(labels)), labels], 1e-7, 1)).mean())


def renamed(labels: np.ndarray, rng: np.random.Generator, classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n,) with the classes renamed at random, and the new name of each class, both uint8.

    Only who learns from these examples knows what is what: a network that was trained elsewhere does not.
    """
    names = rng.permutation(classes).astype(np.uint8)
    return names[labels], names


def training_cost(model: Any, samples: int, epochs: int) -> float:
    """The multiply-adds of a training of dense layers: 3 · weights · samples · epochs.

    Each weight is used once forward and twice backward, for the gradient by itself and by its input; biases and
    normalisation are small beside that and are not counted. What a training costs is counted, never timed: a busy
    machine changes no verdict.
    """
    weights = sum(array.size for array in described(model).weights if array.ndim == 2)
    return 3.0 * weights * samples * epochs
