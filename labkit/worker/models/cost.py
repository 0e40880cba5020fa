"""What a described model would cost the grader, known before any of it is built."""

from __future__ import annotations

import math

from labkit.worker.models.spec import MAX_PARAMETERS, Layer, ModelSpec

MAX_ACTIVATIONS = 500_000  # numbers that the input and all layers make of one sample: 2 MB
MAX_OPERATIONS = 100_000_000  # for one sample, forward; LeNet-5 takes 0.4 million, a small CNN 5 million

# Windows that move over every channel for itself take TensorFlow about so many times as long, for each operation,
# as matrix products do, forward and backward.
_DEPTHWISE, _POOLING = 30, 100


class TooCostly(Exception):
    """What a model asks for too much of, as a sentence for the student."""


def check_cost(layers: list, spec: ModelSpec) -> int:
    """Operations for one sample; raises TooCostly where these layers, unbuilt yet, ask for too much."""
    shape = spec.input_shape
    if None in shape:
        raise TooCostly(
            f"the model does not say how large its inputs are: {shape}; begin it with keras.Input((28, 28, 1))"
        )
    parameters, activations, operations = 0, math.prod(shape), 0
    for layer, described in zip(layers, spec.layers, strict=True):
        out = tuple(layer.compute_output_shape((None, *shape))[1:])
        weights = _parameters(described, shape[-1])
        parameters += weights
        activations += math.prod(out)
        operations += _operations(described, weights, shape, out)
        if parameters > MAX_PARAMETERS:
            raise TooCostly(f"the model has more than {MAX_PARAMETERS} parameters")
        if activations > MAX_ACTIVATIONS:
            raise TooCostly(
                f"the layers make more than {MAX_ACTIVATIONS} numbers of one sample; {described.kind} makes "
                f"{math.prod(out)} of them"
            )
        if operations > MAX_OPERATIONS:
            raise TooCostly(
                f"the model needs more than {MAX_OPERATIONS} operations for one sample; make it smaller"
            )
        shape = out
    return operations


def _operations(layer: Layer, weights: int, shape: tuple[int, ...], out: tuple[int, ...]) -> int:
    """A kernel is applied once for each position, of the larger side where positions are skipped or spread; a
    window once for each number that it makes.
    """
    positions = max(math.prod(shape[:-1]), math.prod(out[:-1]))
    window = math.prod(layer.arguments.get("pool_size", ()))
    pooled = _POOLING * window * math.prod(out) if "pool_size" in layer.arguments else math.prod(out)
    return (weights + (_DEPTHWISE - 1) * _depthwise(layer, shape[-1])) * positions + pooled + math.prod(shape)


def _parameters(layer: Layer, channels: int) -> int:
    """The weights of a layer's kernels; biases and normalisation are small beside them."""
    kind, given = layer.kind, layer.arguments
    window = math.prod(given.get("kernel_size", ()))
    if kind == "Dense":
        return channels * given["units"]
    if kind == "SeparableConv2D":
        return _depthwise(layer, channels) + channels * given["depth_multiplier"] * given["filters"]
    if kind == "DepthwiseConv2D":
        return _depthwise(layer, channels)
    if "filters" in given:
        return window * channels * given["filters"] // given.get("groups", 1)
    return 4 * channels if "Normalization" in kind else 0


def _depthwise(layer: Layer, channels: int) -> int:
    """The weights of a kernel that sees each channel for itself."""
    if layer.kind not in ("SeparableConv2D", "DepthwiseConv2D"):
        return 0
    return channels * layer.arguments["depth_multiplier"] * math.prod(layer.arguments["kernel_size"])
