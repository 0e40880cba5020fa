"""Small networks of dense layers, trained by the formulas of the lectures in NumPy.

NumPy needs a fifth of a millisecond for a batch of softmax regression. TensorFlow takes as long again to go from
one operation to the next, and a third of a second, before the first batch, to trace the graph and to prepare it. So
a small model is trained here: for exactly the layers, losses and optimizers below, by the formulas of Keras.
Whatever else a model has, `loops` trains it.
"""

import logging
import math
import time

import keras
import numpy as np
import tensorflow as tf
from keras.src.utils.python_utils import pythonify_logs

from labkit.training.by_hand.accuracies import ACCURACIES
from labkit.training.by_hand.flat import Flat
from labkit.training.by_hand.layers import parts_and_ending
from labkit.training.by_hand.losses import loss_of_logits
from labkit.training.by_hand.optimizers import OPTIMIZERS
from labkit.training.loops import has_keras_steps

_log = logging.getLogger("labkit.training")

# Up to about this many weights; with more, NumPy's many passes over them take longer than TensorFlow's way around.
_SMALL = 25_000


def network(model, batches):
    """The model as a `Network`; None where it, its data or how it is compiled has anything that is not done here.

    `model` has been built, and so have its loss, metrics and optimizer.
    """
    if not (_is_plain(model) and _counts_accuracy_only(model) and _updates_plainly(model.optimizer)):
        return None
    if sum(math.prod(weight.shape) for weight in model.trainable_weights) > _SMALL:
        return None
    parts, ending = parts_and_ending(model)
    loss = loss_of_logits(model, ending, batches.arrays)
    if parts is None or loss is None:
        return None
    optimizer = OPTIMIZERS[type(model.optimizer)]
    _log.debug("NumPy trains this model.")
    return Network(model, parts, loss, optimizer(model.optimizer, model.trainable_weights))


class Network:
    """A Keras model whose batches NumPy computes. Keras' variables hold the weights before and after each `run`."""

    def __init__(self, model, parts, loss, optimizer):
        self._model, self._parts, self._loss, self._optimizer = model, parts, loss, optimizer
        self._weights = Flat(model.trainable_weights)
        self._gradients = Flat(model.trainable_weights)
        pairs = iter(zip(self._weights.pieces, self._gradients.pieces, strict=True))
        for part in parts:
            part.place(pairs)

    def run(self, batches, order, training, seconds):
        """Take the samples in this order, batch by batch, for so many seconds.

        Returns the number of batches that were done, and the logs of all that were counted so far.
        """
        x, y = batches.arrays
        losses, sizes, outputs = [], [], []
        rows = np.empty((min(batches.batch_size, len(order)), *x.shape[1:]), x.dtype)
        started = time.perf_counter()
        self._weights.read()
        self._optimizer.read()
        try:
            with np.errstate(all="ignore"):  # a training that diverges says so by its loss
                for start in range(0, len(order), batches.batch_size):
                    samples = order[start : start + batches.batch_size]
                    # "clip" as it writes to `out` directly; no index is out of range.
                    inputs = np.take(x, samples, axis=0, out=rows[: len(samples)], mode="clip")
                    loss, output = self._step(inputs, y.take(samples, axis=0), training)
                    losses.append(loss)
                    sizes.append(len(samples))
                    outputs.append(output)
                    if time.perf_counter() - started > seconds:
                        break
        finally:  # Ctrl-C, too, leaves the model as far as it is trained
            if training:
                self._weights.write()
                self._optimizer.write(len(losses))
        self._count(y.take(order[: sum(sizes)], axis=0), losses, sizes, outputs)
        return len(losses), pythonify_logs(self._model.get_metrics_result())

    def _step(self, x, y, training):
        logits = x.astype(np.float32, copy=False)
        for part in self._parts:
            logits = part.forward(logits)
        loss, output, gradient = self._loss(logits, y)
        if training:
            for part in reversed(self._parts):
                gradient = part.backward(gradient)
                if gradient is None:
                    break
            self._optimizer.update(self._weights.values, self._gradients.values)
        return loss, output

    def _count(self, y, losses, sizes, outputs):
        """As Keras counts them after each batch."""
        model = self._model
        _add(model._loss_tracker, np.dot(losses, sizes), sum(sizes))
        metrics = model._compile_metrics.metrics if model._compile_metrics is not None else []
        outputs = np.concatenate(outputs) if metrics else None
        for metric in metrics:
            _add(metric, ACCURACIES[type(metric)](metric, y, outputs), len(y))


def _add(mean, total, count):
    mean.total.assign_add(np.float32(total))
    mean.count.assign_add(np.float32(count))


def _is_plain(model):
    return (
        type(model) is keras.Sequential
        and model.built
        and has_keras_steps(model)
        and not model.losses
        and keras.config.floatx() == "float32"
        and all(layer.trainable and layer.compute_dtype == "float32" for layer in model.layers)
        and all(weight.dtype == "float32" and weight.constraint is None for weight in model.weights)
        and [id(weight) for weight in model.weights] == [id(weight) for weight in model.trainable_weights]
        and len(model.weights) > 0
        and not tf.config.list_logical_devices("GPU")
    )


def _counts_accuracy_only(model):
    metrics = model._compile_metrics
    if metrics is None:
        return True
    return metrics.built and all(type(metric) in ACCURACIES for metric in metrics.metrics)


def _updates_plainly(optimizer):
    unset = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "loss_scale_factor")
    return (
        type(optimizer) in OPTIMIZERS
        and optimizer.built
        and "update_step" not in vars(optimizer)
        and all(getattr(optimizer, name) is None for name in (*unset, "gradient_accumulation_steps"))
        and not (optimizer.use_ema or getattr(optimizer, "amsgrad", False))
        and not getattr(optimizer, "centered", False)
        and isinstance(optimizer._learning_rate, keras.Variable)  # no schedule, no function
    )
