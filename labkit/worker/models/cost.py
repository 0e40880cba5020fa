"""What a described model would cost the grader, known before any of it is built."""

from __future__ import annotations

import math

from labkit.worker.models.layers import LAYERS
from labkit.worker.models.spec import MAX_PARAMETERS, ModelSpec

MAX_ACTIVATIONS = 500_000  # numbers that the input and all layers make of one sample: 2 MB
MAX_OPERATIONS = 100_000_000  # for one sample, forward; LeNet-5 takes 0.4 million, a small CNN 5 million


class TooCostly(Exception):
    """What a model asks for too much of, as a sentence for the student."""


def check_cost(layers: list, spec: ModelSpec) -> int:
    """Operations for one sample; raises TooCostly where these layers, unbuilt yet, ask for too much."""
    given = spec.input_shape or (None,)
    shape = tuple(n for n in given if n is not None)
    if len(shape) < len(given):
        raise TooCostly(
            f"the model does not say how large its inputs are: {given}; begin it with keras.Input((28, 28, 1))"
        )
    parameters, activations, operations = 0, math.prod(shape), 0
    for layer, described in zip(layers, spec.layers, strict=True):
        out = tuple(layer.compute_output_shape((None, *shape))[1:])
        cost = LAYERS[described.kind].cost
        parameters += cost.weights(described.arguments, shape, out)
        activations += math.prod(out)
        operations += cost.operations(described.arguments, shape, out)
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
