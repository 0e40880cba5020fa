"""Losses and their gradients."""

from functools import partial

import keras
import numpy as np
from keras.src.losses.losses import LossFunctionWrapper

from labkit.training.by_hand.layers import sigmoid


def loss_of_logits(model, ending, data):
    """The function of (logits, targets) for how the model ends, is compiled, and what its targets are, or None."""
    compiled = model._compile_loss
    if compiled is None or not compiled.built or len(compiled._flat_losses) != 1:
        return None
    _, loss, weight, _ = compiled._flat_losses[0]
    if type(loss) not in _LOSS_CLASSES or weight is not None:
        return None
    known = [entry for entry in _LOSSES if entry[0] is loss.fn]  # what is not may not even have a hash
    if not known:
        return None
    [(_, of_logits, activation, are_targets)] = known
    settings = {"from_logits": False, **loss._fn_kwargs}
    from_logits = settings.pop("from_logits")
    if ending is not (keras.activations.linear if from_logits else activation):
        return None
    if loss.reduction != "sum_over_batch_size" or loss.dtype != "float32":
        return None
    if any(value != _USUAL.get(name, value) for name, value in settings.items()):
        return None
    if not isinstance(data, tuple) or len(data) != 2 or not all(isinstance(a, np.ndarray) for a in data):
        return None
    x, y = data
    if x.dtype.kind not in "biuf" or x.shape[1:] != model.input_shape[1:]:
        return None
    return partial(of_logits, from_logits=from_logits) if are_targets(y, model.output_shape[-1]) else None


# Of logits `(n, k)` and targets: the mean over the batch, the model's outputs, and the gradient with respect to the
# logits. Keras, too, takes the logits where a model ends with softmax or sigmoid.


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


def _are_distributions(y, classes):
    return y.dtype.kind in "biuf" and y.ndim == 2 and y.shape[1] == classes > 1


def _are_classes(y, classes):
    """Labels that are no class TensorFlow complains about."""
    one_each = y.ndim == 1 or y.shape[1:] == (1,)
    return y.dtype.kind in "iu" and one_each and classes > 1 and 0 <= y.min() <= y.max() < classes


def _are_binary(y, outputs):
    return y.dtype.kind in "biuf" and (y.shape[1:] == (outputs,) or (y.ndim == outputs == 1))


# Keras' function, ours, what a model ends with whose loss is not `from_logits`, and a test of the targets.
_LOSSES = [
    (
        keras.losses.categorical_crossentropy,
        _categorical_crossentropy,
        keras.activations.softmax,
        _are_distributions,
    ),
    (
        keras.losses.sparse_categorical_crossentropy,
        _sparse_categorical_crossentropy,
        keras.activations.softmax,
        _are_classes,
    ),
    (keras.losses.binary_crossentropy, _binary_crossentropy, keras.activations.sigmoid, _are_binary),
]
_LOSS_CLASSES = {
    LossFunctionWrapper,
    keras.losses.CategoricalCrossentropy,
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.BinaryCrossentropy,
}
_USUAL = {"label_smoothing": 0, "axis": -1, "ignore_class": None}
