"""The layers, losses and optimizers that the grader rebuilds, and what each of their arguments may be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labkit.worker.models import formulas
from labkit.worker.models.formulas import Cost

ACTIVATIONS = (
    *("linear", "relu", "sigmoid", "tanh", "softmax", "softplus", "softsign", "elu", "selu", "gelu"),
    *("leaky_relu", "relu6", "silu", "hard_sigmoid", "exponential", "log_softmax", "mish", "celu"),
)
LOSSES = (
    *("categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"),
    *("mean_squared_error", "mean_absolute_error", "huber", "hinge", "kl_divergence", "poisson", "log_cosh"),
    *("categorical_focal_crossentropy", "binary_focal_crossentropy", "squared_hinge", "categorical_hinge"),
    "crossentropy",
)
METRICS = (
    "accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "binary_accuracy",
    "mean_squared_error",
)
OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW", "Nadam", "Adagrad", "Adadelta", "Adamax", "Ftrl", "Lion")
OPTIMIZER_NUMBERS = ("learning_rate", "momentum", "rho", "beta_1", "beta_2", "epsilon", "weight_decay")
#: What is carried over only where it is not as it comes.
OPTIMIZER_EXTRAS = (
    *(
        "nesterov",
        "amsgrad",
        "centered",
        "clipnorm",
        "clipvalue",
        "global_clipnorm",
        "use_ema",
        "ema_momentum",
    ),
    *("ema_overwrite_frequency", "gradient_accumulation_steps", "initial_accumulator_value", "beta"),
    *("learning_rate_power", "l1_regularization_strength", "l2_regularization_strength"),
    "l2_shrinkage_regularization_strength",
)
SCHEDULES = {
    "CosineDecay": ("initial_learning_rate", "decay_steps", "alpha", "warmup_target", "warmup_steps"),
    "CosineDecayRestarts": ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha"),
    "ExponentialDecay": ("initial_learning_rate", "decay_steps", "decay_rate", "staircase"),
    "InverseTimeDecay": ("initial_learning_rate", "decay_steps", "decay_rate", "staircase"),
    "PiecewiseConstantDecay": ("boundaries", "values"),
    "PolynomialDecay": ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle"),
}


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
REGULARIZERS = ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
_REGULARIZERS = dict.fromkeys(REGULARIZERS, optional(_regularizer))
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


@dataclass(frozen=True)
class Kind:
    """A class of layers: what it costs, and the arguments that are carried over, each with what it may be."""

    cost: Cost
    arguments: dict[str, Callable[[Any], bool]]


#: Every layer that the grader rebuilds.
LAYERS: dict[str, Kind] = {
    "Dense": Kind(
        formulas.DENSE,
        {"units": whole(1, 65536), "activation": _ACTIVATION, "use_bias": _BOOL, **_REGULARIZERS},
    ),
    "Activation": Kind(formulas.FREE, {"activation": _ACTIVATION, **_ACTIVITY}),
    "ReLU": Kind(
        formulas.FREE,
        {
            "max_value": optional(_number(0, 1e6)),
            "negative_slope": _number(0, 1),
            "threshold": _number(0, 1e6),
            **_ACTIVITY,
        },
    ),
    "LeakyReLU": Kind(formulas.FREE, {"negative_slope": _number(0, 1), **_ACTIVITY}),
    "ELU": Kind(formulas.FREE, {"alpha": _number(0, 100), **_ACTIVITY}),
    "Softmax": Kind(formulas.FREE, {"axis": _AXIS, **_ACTIVITY}),
    "Flatten": Kind(formulas.FREE, {}),
    "Reshape": Kind(formulas.FREE, {"target_shape": _TARGET}),
    "Permute": Kind(formulas.FREE, {"dims": _sizes(1, 4)}),
    "Rescaling": Kind(formulas.FREE, {"scale": _number(-1e6, 1e6), "offset": _number(-1e6, 1e6)}),
    "ActivityRegularization": Kind(formulas.FREE, {"l1": _number(0, 1e6), "l2": _number(0, 1e6)}),
    "Dropout": Kind(formulas.FREE, _RATE),
    "SpatialDropout2D": Kind(formulas.FREE, _RATE),
    "AlphaDropout": Kind(formulas.FREE, _RATE),
    "GaussianDropout": Kind(formulas.FREE, _RATE),
    "GaussianNoise": Kind(formulas.FREE, {"stddev": _number(0, 100)}),
    "RandomTranslation": Kind(formulas.FREE, {"height_factor": _factor, "width_factor": _factor, **_FILL}),
    "RandomRotation": Kind(formulas.FREE, {"factor": _factor, **_FILL}),
    "RandomZoom": Kind(formulas.FREE, {"height_factor": _factor, "width_factor": optional(_factor), **_FILL}),
    "BatchNormalization": Kind(formulas.NORMALISATION, {**_NORMALISATION, "momentum": _number(0, 1)}),
    "LayerNormalization": Kind(formulas.NORMALISATION, {**_NORMALISATION}),
    "Conv1D": Kind(formulas.CONVOLUTION, {**_CONV, **_GROUPED}),
    "Conv2D": Kind(formulas.CONVOLUTION, {**_CONV, **_GROUPED}),
    "Conv2DTranspose": Kind(formulas.CONVOLUTION, {**_CONV, "output_padding": optional(_sizes(0, 64))}),
    "DepthwiseConv2D": Kind(
        formulas.DEPTHWISE,
        {
            **{name: valid for name, valid in _CONV.items() if name not in ("filters", "kernel_regularizer")},
            "depth_multiplier": whole(1, 64),
        },
    ),
    "SeparableConv2D": Kind(
        formulas.SEPARABLE,
        {
            **{name: valid for name, valid in _CONV.items() if name != "kernel_regularizer"},
            "depth_multiplier": whole(1, 64),
        },
    ),
    "MaxPooling2D": Kind(formulas.POOLING, _POOL),
    "AveragePooling2D": Kind(formulas.POOLING, _POOL),
    "GlobalAveragePooling2D": Kind(formulas.FREE, {"keepdims": _BOOL}),
    "GlobalMaxPooling2D": Kind(formulas.FREE, {"keepdims": _BOOL}),
    "UpSampling2D": Kind(
        formulas.FREE, {"size": _sizes(1, 64), "interpolation": _one_of("nearest", "bilinear")}
    ),
    "ZeroPadding2D": Kind(formulas.FREE, {"padding": _padding2d}),
    "Cropping2D": Kind(formulas.FREE, {"cropping": _padding2d}),
}
