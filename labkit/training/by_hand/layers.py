"""Layers: what they make of their inputs, and of the gradient of the loss."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def parts_and_ending(model) -> tuple[list[_Part] | None, Any]:
    """The layers up to the logits, and the activation that makes outputs of these; (None, None) if one is unknown."""
    steps: list[Any] = []
    rank = len(model.input_shape)
    for layer in model.layers:
        kind = type(layer)
        if kind is keras.layers.Flatten and layer.data_format == "channels_last":
            steps.append(_Flatten())
            rank = 2
        elif kind is keras.layers.Rescaling and np.ndim(layer.scale) == np.ndim(layer.offset) == 0:
            steps.append(_Rescaling(layer.scale, layer.offset))
        elif kind is keras.layers.Dense and rank == 2 and not (layer.lora_enabled or layer.quantization_mode):
            first = not any(isinstance(step, _Dense) for step in steps)
            steps += [_Dense(layer.kernel, layer.bias, first), layer.activation]
        elif kind is keras.layers.Activation:
            steps.append(layer.activation)
        elif kind is keras.layers.Softmax and layer.axis == -1:
            steps.append(keras.activations.softmax)
        elif (
            kind is keras.layers.ReLU
            and layer.max_value is None
            and not (layer.negative_slope or layer.threshold)
        ):
            steps.append(keras.activations.relu)
        else:
            return None, None
    steps = [step for step in steps if step is not keras.activations.linear]
    ending = keras.activations.linear
    if steps and (steps[-1] is keras.activations.softmax or steps[-1] is keras.activations.sigmoid):
        ending = steps.pop()
    parts = [step if isinstance(step, _Part) else _activation(step) for step in steps]
    if rank != 2 or not all(isinstance(part, _Part) for part in parts):
        return None, None
    return parts, ending


class _Part:
    """`forward` makes float32 outputs `(n, ...)` of inputs; `backward`, of the loss' gradient with respect to the
    latest outputs, that with respect to the inputs. What it keeps lasts until the next `forward`."""

    weights: tuple[Any, ...] = ()  # variables of Keras

    def place(self, *pairs: Any) -> None:
        """Take a pair of views for each of the weights: what it is, to be read, and its gradient, to be filled."""


class _Flatten(_Part):
    def forward(self, x):
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, gradient):
        return gradient.reshape(self._shape)


class _Rescaling(_Part):
    def __init__(self, scale, offset):
        self._scale, self._offset = np.float32(scale), np.float32(offset)

    def forward(self, x):
        return x * self._scale + self._offset

    def backward(self, gradient):
        return gradient * self._scale


class _Dense(_Part):
    """x W + b. Before the `first` one nothing learns, so that it answers with no gradient."""

    def __init__(self, kernel, bias, first):
        self.weights = (kernel,) if bias is None else (kernel, bias)
        self._first = first

    def place(self, *pairs: Any) -> None:
        kernel, *bias = pairs
        self._kernel, self._kernel_gradient = kernel
        self._bias: Any = bias[0][0] if bias else None
        self._bias_gradient: Any = bias[0][1] if bias else None

    def forward(self, x):
        self._x = x
        outputs = x @ self._kernel
        if self._bias is not None:
            outputs += self._bias
        return outputs

    def backward(self, gradient):
        np.matmul(self._x.T, gradient, out=self._kernel_gradient)
        if self._bias is not None:
            np.sum(gradient, axis=0, out=self._bias_gradient)
        return None if self._first else gradient @ self._kernel.T


class _Activation(_Part):
    """An elementwise function, whose derivative is `slope` of its outputs."""

    def __init__(self, function, slope):
        self._function, self._slope = function, slope

    def forward(self, x):
        self._outputs = self._function(x)
        return self._outputs

    def backward(self, gradient):
        return gradient * self._slope(self._outputs)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


_ACTIVATIONS = [
    (keras.activations.relu, lambda x: np.fmax(x, 0), lambda outputs: outputs > 0),
    (keras.activations.sigmoid, sigmoid, lambda outputs: outputs * (1 - outputs)),
    (keras.activations.tanh, np.tanh, lambda outputs: 1 - outputs * outputs),
]


def _activation(function):
    """The part for this function of Keras; None for any other, which may not even have a hash."""
    for known, value, slope in _ACTIVATIONS:
        if function is known:
            return _Activation(value, slope)
    return None
