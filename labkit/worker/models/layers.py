"""The layers, losses and optimizers that the grader rebuilds, and what each of their arguments may be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

ACTIVATIONS = (
    *("linear", "relu", "sigmoid", "tanh", "softmax", "softplus", "softsign", "elu", "selu", "gelu"),
    *("leaky_relu", "relu6", "silu", "hard_sigmoid", "exponential", "log_softmax", "mish", "celu"),
)
LOSSES = (
    *("categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"),
    *("mean_squared_error", "mean_absolute_error", "huber", "hinge", "kl_divergence", "poisson", "log_cosh"),
    *("categorical_focal_crossentropy", "binary_focal_crossentropy", "squared_hinge", "categorical_hinge"),
)
OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW", "Nadam", "Adagrad", "Adadelta", "Adamax", "Ftrl", "Lion")
OPTIMIZER_NUMBERS = ("learning_rate", "momentum", "rho", "beta_1", "beta_2", "epsilon", "weight_decay")


def whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda v: type(v) in (int, float) and math.isfinite(v) and low <= v <= high


def _one_of(*choices) -> Callable[[Any], bool]:
    return lambda value: any(type(value) is type(choice) and value == choice for choice in choices)


def _sizes(low: int, high: int, lengths: range = range(1, 4)) -> Callable[[Any], bool]:
    fits = whole(low, high)
    return lambda v: isinstance(v, (list, tuple)) and len(v) in lengths and all(map(fits, v))


def optional(valid: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or valid(value)


def _padding2d(value: Any) -> bool:
    pair = _sizes(0, 64, range(2, 3))
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(map(pair, value))


def _regularizer(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("name") in ("L1", "L2", "L1L2")
        and all(key in ("name", "l1", "l2") for key in value)
        and all(_number(0, 1e6)(value[key]) for key in value if key != "name")
    )


def _factor(value: Any) -> bool:
    """How much a random layer changes an image: a bound, or the two ends of a range."""
    return _number(0, 10)(value) or (
        isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_number(-10, 10), value))
    )


_ACTIVATION = _one_of(*ACTIVATIONS)
_BOOL = _one_of(True, False)
_AXIS = lambda value: value == -1 or value == [-1]  # noqa: E731
_TARGET = lambda v: isinstance(v, (list, tuple)) and len(v) <= 4 and all(map(whole(-1, 10**6), v))  # noqa: E731
_REGULARIZERS = {
    name: optional(_regularizer)
    for name in ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
}
_CONV = {
    "filters": whole(1, 4096),
    "kernel_size": _sizes(1, 64),
    "strides": _sizes(1, 64),
    "padding": _one_of("valid", "same"),
    "activation": _ACTIVATION,
    "use_bias": _BOOL,
    **_REGULARIZERS,
}
_GROUPED = {"dilation_rate": _sizes(1, 64), "groups": whole(1, 4096)}
_POOL = {"pool_size": _sizes(1, 64), "strides": optional(_sizes(1, 64)), "padding": _one_of("valid", "same")}
_RATE = {"rate": _number(0, 0.999)}
_FILL = {
    "fill_mode": _one_of("constant", "nearest", "reflect", "wrap"),
    "interpolation": _one_of("nearest", "bilinear"),
    "fill_value": _number(-1e6, 1e6),
}
_NORMALISATION = {"axis": _AXIS, "epsilon": _number(1e-12, 1), "center": _BOOL, "scale": _BOOL}

_ACTIVITY = {"activity_regularizer": _REGULARIZERS["activity_regularizer"]}

#: Every layer that the grader rebuilds, with the arguments that are carried over.
LAYERS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "Dense": {"units": whole(1, 65536), "activation": _ACTIVATION, "use_bias": _BOOL, **_REGULARIZERS},
    "Activation": {"activation": _ACTIVATION, **_ACTIVITY},
    "ReLU": {
        "max_value": optional(_number(0, 1e6)),
        "negative_slope": _number(0, 1),
        "threshold": _number(0, 1e6),
        **_ACTIVITY,
    },
    "LeakyReLU": {"negative_slope": _number(0, 1), **_ACTIVITY},
    "ELU": {"alpha": _number(0, 100), **_ACTIVITY},
    "Softmax": {"axis": _AXIS, **_ACTIVITY},
    "Flatten": {},
    "Reshape": {"target_shape": _TARGET},
    "Permute": {"dims": _sizes(1, 4)},
    "Rescaling": {"scale": _number(-1e6, 1e6), "offset": _number(-1e6, 1e6)},
    "ActivityRegularization": {"l1": _number(0, 1e6), "l2": _number(0, 1e6)},
    "Dropout": _RATE,
    "SpatialDropout2D": _RATE,
    "AlphaDropout": _RATE,
    "GaussianDropout": _RATE,
    "GaussianNoise": {"stddev": _number(0, 100)},
    "RandomTranslation": {"height_factor": _factor, "width_factor": _factor, **_FILL},
    "RandomRotation": {"factor": _factor, **_FILL},
    "RandomZoom": {"height_factor": _factor, "width_factor": optional(_factor), **_FILL},
    "BatchNormalization": {**_NORMALISATION, "momentum": _number(0, 1)},
    "LayerNormalization": {**_NORMALISATION},
    "Conv1D": {**_CONV, **_GROUPED},
    "Conv2D": {**_CONV, **_GROUPED},
    "Conv2DTranspose": {**_CONV, "output_padding": optional(_sizes(0, 64))},
    "DepthwiseConv2D": {
        **{name: valid for name, valid in _CONV.items() if name not in ("filters", "kernel_regularizer")},
        "depth_multiplier": whole(1, 64),
    },
    "SeparableConv2D": {
        **{name: valid for name, valid in _CONV.items() if name != "kernel_regularizer"},
        "depth_multiplier": whole(1, 64),
    },
    "MaxPooling2D": _POOL,
    "AveragePooling2D": _POOL,
    "GlobalAveragePooling2D": {"keepdims": _BOOL},
    "GlobalMaxPooling2D": {"keepdims": _BOOL},
    "UpSampling2D": {"size": _sizes(1, 64), "interpolation": _one_of("nearest", "bilinear")},
    "ZeroPadding2D": {"padding": _padding2d},
    "Cropping2D": {"cropping": _padding2d},
}
