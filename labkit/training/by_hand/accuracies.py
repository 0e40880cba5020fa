"""Accuracies, of all samples of many batches at once: they are means over samples."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from labkit.training.by_hand.targets import are_binary, are_distributions, are_labels


class Accuracy(NamedTuple):
    """`right(metric, targets, outputs)`, outputs `(n, k)`, is how many samples are right, or the sum of how much of
    each; `takes(targets, k)` whether it can say so of these."""

    right: Callable
    takes: Callable


def _categorical(metric, targets, outputs):
    return np.count_nonzero(targets.argmax(axis=1) == outputs.argmax(axis=1))


def _sparse_categorical(metric, labels, outputs):
    return np.count_nonzero(labels.reshape(-1) == outputs.argmax(axis=1))


def _binary(metric, targets, outputs):
    right = targets.reshape(outputs.shape) == (outputs > metric._fn_kwargs["threshold"])
    return right.mean(axis=1).sum()


ACCURACIES = {
    keras.metrics.CategoricalAccuracy: Accuracy(_categorical, are_distributions),
    keras.metrics.SparseCategoricalAccuracy: Accuracy(_sparse_categorical, are_labels),
    keras.metrics.BinaryAccuracy: Accuracy(_binary, are_binary),
}
