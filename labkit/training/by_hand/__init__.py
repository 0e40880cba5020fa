"""Small networks of dense layers, trained by the formulas of the lectures in NumPy.

NumPy needs a fifth of a millisecond for a batch of softmax regression. TensorFlow takes as long again to go from
one operation to the next, and a third of a second, before the first batch, to trace the graph and to prepare it. So
a small model is trained here: for exactly the layers, losses, metrics and optimizers that this package knows, as
Keras made them, by the formulas of Keras. Whatever else a model has, `loops` trains it.
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
from labkit.training.by_hand.losses import known_loss
from labkit.training.by_hand.optimizers import OPTIMIZERS
from labkit.training.by_hand.untouched import untouched
from labkit.training.loops import has_keras_steps, since_compile

_log = logging.getLogger("labkit.training")

# Up to about this many weights; with more, NumPy's many passes over them take longer than TensorFlow's way around.
_SMALL = 25_000


def network(model, batches):
    """The model as a `Network`; None where it, its data or how it is compiled has anything that is not done here.

    What it is between two calls of `compile` is settled once, as a graph would settle it: a layer that is frozen
    afterwards goes on learning. `model` has been built, and so have its loss, metrics and optimizer.
    """
    known = since_compile(model)
    if known.network is None:
        known.network = False
        if not known.by_kind:  # a model that has trained in a graph goes on with that
            try:
                known.network = _network(model) or False
            except AttributeError as problem:  # of a later Keras
                _log.debug("NumPy cannot train this model: %s.", problem)
        if known.network:
            _log.debug("NumPy trains this model.")
    return known.network if known.network and known.network.takes(batches.arrays) else None


def _network(model):
    if not (_is_small_and_plain(model) and _updates_plainly(model.optimizer)):
        return None
    metrics = model._compile_metrics.metrics if model._compile_metrics is not None else []
    loss = known_loss(model)
    parts, ending = parts_and_ending(model)
    if loss is None or parts is None or not all(type(metric) in ACCURACIES for metric in metrics):
        return None
    if ending is not loss.ending or not untouched(model, model.optimizer, *metrics, *model.layers):
        return None
    weights = [weight for part in parts for weight in part.weights]
    if sorted(map(id, weights)) != sorted(map(id, model.weights)) or not all(w.trainable for w in weights):
        return None  # a layer that is there twice, a weight that none of the layers uses, one that is frozen
    optimizer = model.optimizer
    if any(optimizer._var_key(weight) not in optimizer._trainable_variables_indices for weight in weights):
        return None  # it was built for another model: Keras complains
    return Network(model, parts, loss, OPTIMIZERS[type(optimizer)](optimizer, weights), metrics)


def _is_small_and_plain(model):
    return (
        type(model) is keras.Sequential
        and model.built
        and model._functional is not None  # else its input may be nested
        and model.inputs[0].dtype == keras.config.floatx() == "float32"
        and has_keras_steps(model)
        and not model.losses
        and all(layer.activity_regularizer is None for layer in (model, *model.layers))
        and all(layer.compute_dtype == "float32" for layer in model.layers)
        and all(weight.dtype == "float32" and weight.constraint is None for weight in model.weights)
        and 0 < sum(math.prod(weight.shape) for weight in model.weights) <= _SMALL
        and not tf.config.list_logical_devices("GPU")
    )


def _updates_plainly(optimizer):
    unset = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "loss_scale_factor")
    return (
        type(optimizer) in OPTIMIZERS
        and optimizer.built
        and all(getattr(optimizer, name) is None for name in (*unset, "gradient_accumulation_steps"))
        and not (optimizer.use_ema or getattr(optimizer, "amsgrad", False))
        and not getattr(optimizer, "centered", False)
        and all(0 <= getattr(optimizer, name, 0) < 1 for name in ("beta_1", "beta_2"))
        and isinstance(optimizer._learning_rate, keras.Variable)  # no schedule, no function
    )


class Network:
    """A Keras model whose batches NumPy computes. Keras' variables hold the weights before and after each `run`."""

    def __init__(self, model, parts, loss, optimizer, metrics):
        self._model, self._parts, self._loss, self._optimizer = model, parts, loss, optimizer
        self._metrics = metrics
        weights = [weight for part in parts for weight in part.weights]
        self._weights, self._gradients = Flat(weights), Flat(weights)
        pairs = iter(zip(self._weights.pieces, self._gradients.pieces, strict=True))
        for part in parts:
            part.place(*(next(pairs) for _ in part.weights))

    def takes(self, data):
        """Whether all of this data, in the structure that `train_step` receives, can be handled here."""
        if not isinstance(data, tuple) or len(data) != 2 or not all(isinstance(a, np.ndarray) for a in data):
            return False
        (x, y), units = data, self._model.output_shape[-1]
        if x.dtype.kind not in "biuf" or x.shape[1:] != self._model.input_shape[1:] or not len(x):
            return False
        metrics = (ACCURACIES[type(metric)] for metric in self._metrics)
        return self._loss.takes(y, units) and all(metric.takes(y, units) for metric in metrics)

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
        finally:  # Ctrl-C, too, leaves the model about as far as it is trained
            if training:
                self._weights.write()
                self._optimizer.write(len(losses))
        self._count(y.take(order[: sum(sizes)], axis=0), losses, sizes, outputs)
        return len(losses), pythonify_logs(self._model.get_metrics_result())

    def _step(self, x, y, training):
        logits = x.astype(np.float32, copy=False)
        for part in self._parts:
            logits = part.forward(logits)
        loss, output, gradient = self._loss.of_logits(logits, y)
        if training:
            for part in reversed(self._parts):
                gradient = part.backward(gradient)
                if gradient is None:
                    break
            self._optimizer.update(self._weights.values, self._gradients.values)
        return loss, output

    def _count(self, y, losses, sizes, outputs):
        """As Keras counts them after each batch."""
        _add(self._model._loss_tracker, np.dot(losses, sizes), sum(sizes))
        outputs = np.concatenate(outputs) if self._metrics else None
        for metric in self._metrics:
            _add(metric, ACCURACIES[type(metric)].right(metric, y, outputs), len(y))


def _add(mean, total, count):
    mean.total.assign_add(np.float32(total))
    mean.count.assign_add(np.float32(count))
