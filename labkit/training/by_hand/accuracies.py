"""Accuracies, of all samples of many batches at once: they are means over samples."""

import keras
import numpy as np

# Of a metric, targets and outputs `(n, k)`: how many samples are right.


def _categorical_accuracy(metric, targets, outputs):
    return np.count_nonzero(targets.argmax(axis=1) == outputs.argmax(axis=1))


def _sparse_categorical_accuracy(metric, labels, outputs):
    return np.count_nonzero(labels.reshape(-1) == outputs.argmax(axis=1))


def _binary_accuracy(metric, targets, outputs):
    right = targets.reshape(outputs.shape) == (outputs > metric._fn_kwargs["threshold"])
    return right.mean(axis=1).sum()


ACCURACIES = {
    keras.metrics.CategoricalAccuracy: _categorical_accuracy,
    keras.metrics.SparseCategoricalAccuracy: _sparse_categorical_accuracy,
    keras.metrics.BinaryAccuracy: _binary_accuracy,
}
