"""What a described model would cost the grader, known before any of it is built."""

from __future__ import annotations

import math

from labkit.worker.models.spec import MAX_PARAMETERS, Layer, ModelSpec

MAX_ACTIVATIONS = 1_000_000  # numbers that all layers make of one sample; a batch of 128 is then 0.5 GB
MAX_MULTIPLICATIONS = 100_000_000  # for one sample, forward; LeNet-5 takes 0.4 million, a small CNN 5 million


class TooCostly(Exception):
    """What a model asks for too much of, as a sentence for the student."""


def check_cost(layers: list, spec: ModelSpec) -> None:
    """Raise TooCostly where these layers of a described model, unbuilt yet, ask for too much."""
    parameters = activations = multiplications = 0
    shape = spec.input_shape
    for layer, described in zip(layers, spec.layers, strict=True):
        out = tuple(layer.compute_output_shape((None, *shape))[1:])
        more = _parameters(described, shape[-1] if shape else 1)
        parameters += more
        activations += _product(out)
        # a kernel is applied once for each position, of the larger side where positions are skipped or spread
        multiplications += more * max(_product(shape[:-1]), _product(out[:-1]))
        if parameters > MAX_PARAMETERS:
            raise TooCostly(f"the model has more than {MAX_PARAMETERS} parameters")
        if activations > MAX_ACTIVATIONS:
            raise TooCostly(
                f"the layers make more than {MAX_ACTIVATIONS} numbers of one sample; {described.kind} makes "
                f"{_product(out)} of them"
            )
        if multiplications > MAX_MULTIPLICATIONS:
            raise TooCostly(
                f"the model needs more than {MAX_MULTIPLICATIONS} multiplications for one sample; make it smaller"
            )
        shape = out


def _product(sizes: tuple) -> int:
    return math.prod(size or 1 for size in sizes)


def _parameters(layer: Layer, channels: int | None) -> int:
    """The weights of a layer's kernels; biases and normalisation are small beside them."""
    kind, given, channels = layer.kind, layer.arguments, channels or 1
    window = math.prod(given.get("kernel_size", ()))
    if kind == "Dense":
        return channels * given["units"]
    if kind == "SeparableConv2D":
        return channels * given["depth_multiplier"] * (window + given["filters"])
    if kind == "DepthwiseConv2D":
        return channels * given["depth_multiplier"] * window
    if "filters" in given:
        return window * channels * given["filters"] // given.get("groups", 1)
    return 4 * channels if "Normalization" in kind else 0
