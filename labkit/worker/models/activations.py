"""Which activation a function is: by what it is, never by what it is called.

Keras, its operations and TensorFlow each have their own function for most of them; a function of a student's may
bear the same name.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from labkit.worker.models.layers import ACTIVATIONS

#: Where TensorFlow and Keras' operations call an activation by another name. Their gelu is another by default.
_ELSEWHERE = {"exponential": ("exp",), "silu": ("swish",), "linear": (), "gelu": ()}
#: The operations that a function of Keras' becomes in a Functional model, where they have no settings.
_OPERATIONS = {
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Softplus": "softplus", "Softsign": "softsign",
    "Silu": "silu", "HardSigmoid": "hard_sigmoid", "Selu": "selu", "Tanh": "tanh", "Exp": "exponential", "Mish": "mish",
}  # fmt: skip


def activation_name(function: Any) -> str | None:
    """The name of an activation; None for anything that is none of Keras'."""
    if function is None:
        return "linear"
    try:
        return _names().get(function)
    except TypeError:  # an object that cannot be a key
        return None


@cache
def _names() -> dict[Any, str]:
    import keras
    import tensorflow as tf

    names = {}
    for name in ACTIVATIONS:
        names[getattr(keras.activations, name)] = name
        for other in _ELSEWHERE.get(name, (name,)):
            for place in (keras.ops, tf.nn, tf.math, tf):
                if callable(function := getattr(place, other, None)):
                    names[function] = name
    return names


def operation_layer(operation: Any, arguments: tuple, axes: int) -> tuple[str, dict[str, Any]] | None:
    """The layer (its class and settings) that does the same as an operation; None where there is none.

    `arguments` are those of the call, a tensor of so many `axes` among them.
    """
    from keras.src.activations import activations
    from keras.src.ops import nn, numpy

    kind = type(operation)
    name = kind.__name__
    if all(getattr(place, name, None) is not kind for place in (nn, numpy, activations)):
        return None  # of a student's own
    if name in _OPERATIONS and len(arguments) == 1:
        return "Activation", {"activation": _OPERATIONS[name]}
    if name in ("Softmax", "LogSoftmax") and operation.axis in (-1, axes - 1):
        return "Activation", {"activation": {"Softmax": "softmax", "LogSoftmax": "log_softmax"}[name]}
    if name == "Gelu" and not operation.approximate:
        return "Activation", {"activation": "gelu"}
    if name == "Celu" and operation.alpha == 1:
        return "Activation", {"activation": "celu"}
    if name == "Maximum" and any(type(a) in (int, float) and a == 0 for a in arguments):
        return "Activation", {"activation": "relu"}
    if name == "LeakyRelu":
        return "LeakyReLU", {"negative_slope": operation.negative_slope}
    if name == "Elu":
        return "ELU", {"alpha": operation.alpha}
    if name == "ReLU":
        return name, {key: getattr(operation, key) for key in ("max_value", "negative_slope", "threshold")}
    if name == "Reshape" and operation.newshape[0] in (-1, None):
        return name, {"target_shape": list(operation.newshape[1:])}
    scaled = _scaled(name, arguments)
    return scaled and ("Rescaling", dict(zip(("scale", "offset"), scaled, strict=True)))


def _scaled(name: str, arguments: tuple) -> tuple[float, float] | None:
    """Scale and offset of arithmetic with one number."""
    if name == "Negative":
        return -1.0, 0.0
    if len(arguments) != 2:
        return None
    first, second = (float(a) if isinstance(a, (int, float)) else None for a in arguments)
    number = first if second is None else second
    if number is None or (first is None) is (second is None):
        return None
    tensor_first = first is None
    if name == "Add":
        return 1.0, number
    if name == "Subtract":
        return (1.0, -number) if tensor_first else (-1.0, number)
    if name == "Multiply":
        return number, 0.0
    if name in ("Divide", "TrueDivide") and tensor_first and number:
        return 1 / number, 0.0
    return None
