"""Losses and their gradients."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
from keras.src.losses.losses import LossFunctionWrapper

from labkit.training.by_hand.layers import sigmoid
from labkit.training.by_hand.targets import are_binary, are_distributions, are_labels
from labkit.training.by_hand.untouched import untouched


class Loss(NamedTuple):
    """`of_logits(logits, targets)`, for a model with this `ending`, the activation that makes outputs of its logits.

    Of logits `(n, k)` it gives the mean over the batch, the outputs, and the gradient with respect to the logits.
    `takes(targets, k)` says whether it can.
    """

    of_logits: Callable
    ending: Any
    takes: Callable


def known_loss(model):
    """The loss that the model is compiled with; None for all but those below, with the settings they come with."""
    compiled = model._compile_loss
    if compiled is None or not compiled.built or len(compiled._flat_losses) != 1 or compiled.metrics:
        return None
    _, loss, weight, _ = compiled._flat_losses[0]
    if type(loss) not in _CLASSES or weight is not None or not untouched(loss):
        return None
    known = [ours for function, ours in _LOSSES if function is loss.fn]  # others may not even have a hash
    settings = dict(loss._fn_kwargs)
    from_logits = settings.pop("from_logits", False)
    if not known or any(name not in _USUAL or value != _USUAL[name] for name, value in settings.items()):
        return None
    if loss.reduction != "sum_over_batch_size" or loss.dtype != "float32":
        return None
    [loss] = known
    return Loss(
        partial(loss.of_logits, from_logits=from_logits),
        keras.activations.linear if from_logits else loss.ending,
        loss.takes,
    )


# Keras, too, takes the logits where a model ends with softmax or sigmoid.


def _softmax(logits):
    """Logarithms `(n,)` of the sums of exponentials, logits below the largest, probabilities: both `(k, n)`."""
    below = logits.T.copy()  # NumPy adds rows much faster than columns
    below -= below.max(axis=0)
    probabilities = np.exp(below)
    sums = probabilities.sum(axis=0)
    probabilities /= sums
    return np.log(sums), below, probabilities


def _categorical_crossentropy(logits, targets, from_logits):
    logs, below, probabilities = _softmax(logits)
    targets = targets.T.astype(np.float32)
    loss = (targets * (logs - below)).sum() / len(logits)
    gradient = (probabilities - targets) / np.float32(len(logits))
    return loss, logits if from_logits else probabilities.T, gradient.T


def _sparse_categorical_crossentropy(logits, labels, from_logits):
    logs, below, probabilities = _softmax(logits)
    own = labels.reshape(-1), np.arange(len(logits))
    loss = (logs - below[own]).mean()
    gradient = probabilities / np.float32(len(logits))
    gradient[own] -= np.float32(1 / len(logits))
    return loss, logits if from_logits else probabilities.T, gradient.T


def _binary_crossentropy(logits, targets, from_logits):
    targets = targets.reshape(logits.shape).astype(np.float32, copy=False)
    losses = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    probabilities = sigmoid(logits)
    gradient = (probabilities - targets) / np.float32(logits.size)
    return losses.mean(), logits if from_logits else probabilities, gradient


# By Keras' functions.
_LOSSES = [
    (
        keras.losses.categorical_crossentropy,
        Loss(_categorical_crossentropy, keras.activations.softmax, are_distributions),
    ),
    (
        keras.losses.sparse_categorical_crossentropy,
        Loss(_sparse_categorical_crossentropy, keras.activations.softmax, are_labels),
    ),
    (
        keras.losses.binary_crossentropy,
        Loss(_binary_crossentropy, keras.activations.sigmoid, are_binary),
    ),
]
_CLASSES = {
    LossFunctionWrapper,
    keras.losses.CategoricalCrossentropy,
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.BinaryCrossentropy,
}
_USUAL = {"label_smoothing": 0, "axis": -1, "ignore_class": None}
