"""Keras models as data: described in the worker, checked and rebuilt in the trusted process.

A description names Keras layer classes from `LAYERS` with plain arguments, the compile settings and the
weights as arrays. It is rebuilt with the ordinary constructors; no Keras deserialiser, no pickle and no
code of a student's takes part. What cannot be described carries a `problem`, one sentence for the student.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from labkit.worker.wire import Tagged

MAX_LAYERS = 200
MAX_PARAMETERS = 20_000_000
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
_OPTIMIZER_NUMBERS = ("learning_rate", "momentum", "rho", "beta_1", "beta_2", "epsilon", "weight_decay")
_LOSS_ALIASES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "bce": "binary_crossentropy"}


# --- arguments: what each may be --------------------------------------------------------------------------


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda v: type(v) in (int, float) and math.isfinite(v) and low <= v <= high


def _one_of(*choices) -> Callable[[Any], bool]:
    return lambda value: any(type(value) is type(choice) and value == choice for choice in choices)


def _sizes(low: int, high: int, lengths: range = range(1, 4)) -> Callable[[Any], bool]:
    whole = _whole(low, high)
    return lambda v: isinstance(v, (list, tuple)) and len(v) in lengths and all(map(whole, v))


def _optional(valid: Callable[[Any], bool]) -> Callable[[Any], bool]:
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
_TARGET = lambda v: isinstance(v, (list, tuple)) and len(v) <= 4 and all(map(_whole(-1, 10**6), v))  # noqa: E731
_REGULARIZERS = {
    name: _optional(_regularizer)
    for name in ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
}
_CONV = {
    "filters": _whole(1, 4096),
    "kernel_size": _sizes(1, 64),
    "strides": _sizes(1, 64),
    "padding": _one_of("valid", "same"),
    "activation": _ACTIVATION,
    "use_bias": _BOOL,
    **_REGULARIZERS,
}
_GROUPED = {"dilation_rate": _sizes(1, 64), "groups": _whole(1, 4096)}
_POOL = {"pool_size": _sizes(1, 64), "strides": _optional(_sizes(1, 64)), "padding": _one_of("valid", "same")}
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
    "Dense": {"units": _whole(1, 65536), "activation": _ACTIVATION, "use_bias": _BOOL, **_REGULARIZERS},
    "Activation": {"activation": _ACTIVATION, **_ACTIVITY},
    "ReLU": {
        "max_value": _optional(_number(0, 1e6)),
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
    "RandomZoom": {"height_factor": _factor, "width_factor": _optional(_factor), **_FILL},
    "BatchNormalization": {**_NORMALISATION, "momentum": _number(0, 1)},
    "LayerNormalization": {**_NORMALISATION},
    "Conv1D": {**_CONV, **_GROUPED},
    "Conv2D": {**_CONV, **_GROUPED},
    "Conv2DTranspose": {**_CONV, "output_padding": _optional(_sizes(0, 64))},
    "DepthwiseConv2D": {
        **{name: valid for name, valid in _CONV.items() if name not in ("filters", "kernel_regularizer")},
        "depth_multiplier": _whole(1, 64),
    },
    "SeparableConv2D": {
        **{name: valid for name, valid in _CONV.items() if name != "kernel_regularizer"},
        "depth_multiplier": _whole(1, 64),
    },
    "MaxPooling2D": _POOL,
    "AveragePooling2D": _POOL,
    "GlobalAveragePooling2D": {"keepdims": _BOOL},
    "GlobalMaxPooling2D": {"keepdims": _BOOL},
    "UpSampling2D": {"size": _sizes(1, 64), "interpolation": _one_of("nearest", "bilinear")},
    "ZeroPadding2D": {"padding": _padding2d},
    "Cropping2D": {"cropping": _padding2d},
}


@dataclass(frozen=True)
class Layer:
    """One layer: its Keras class name, its plain arguments, its weights in Keras' order."""

    kind: str
    arguments: dict[str, Any]
    weights: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class ModelSpec:
    """A chain of layers with compile settings, as data. `problem` is set when it could not be described."""

    kind: str = "Sequential"
    input_shape: tuple[int | None, ...] | None = None
    layers: tuple[Layer, ...] = ()
    compile: dict[str, Any] | None = None
    problem: str | None = None
    handle: int | None = field(default=None, compare=False)

    @property
    def weights(self) -> list[np.ndarray]:
        """All weights, layer by layer."""
        return [array for layer in self.layers for array in layer.weights]

    @property
    def parameters(self) -> int:
        """The number of weights, trainable or not."""
        return sum(array.size for array in self.weights)

    def with_weights(self, weights: list[np.ndarray]) -> ModelSpec:
        """The same model with other weights, taken in order; shapes must agree."""
        mine = self.weights
        if [w.shape for w in weights] != [w.shape for w in mine]:
            raise ValueError(f"weights of shapes {[w.shape for w in weights]} for {[w.shape for w in mine]}")
        rest = iter(weights)
        layers = tuple(
            replace(layer, weights=tuple(next(rest) for _ in layer.weights)) for layer in self.layers
        )
        return replace(self, layers=layers)

    def rebuild(self):
        """A compiled keras.Sequential made with ordinary constructors, holding these weights.

        Raises ValueError, with a sentence for the student, where the layers do not fit together.
        """
        return rebuild(self)


# --- description: a live model to data ----------------------------------------------------------------------


class _Undescribable(Exception):
    pass


def describe(model) -> ModelSpec:
    """A live Keras model as data; never raises, `problem` says what stood in the way."""
    kind = type(model).__name__
    try:
        layers, inputs = _chain(model)
        kind = "Sequential" if _is_sequential(model) else "Functional"
        shape = tuple(inputs) if inputs is not None else None
        return ModelSpec(kind, shape, tuple(map(_describe_layer, layers)), _describe_compile(model))
    except _Undescribable as problem:
        return ModelSpec(kind[:100], problem=str(problem))


def _is_sequential(model) -> bool:
    import keras

    return isinstance(model, keras.Sequential)


def _chain(model) -> tuple[list, tuple | None]:
    """The layers in order, models within unfolded, and the shape of one input without the batch axis."""
    import keras

    if not isinstance(model, keras.Sequential):
        if not hasattr(model, "_nodes_by_depth"):
            raise _Undescribable(
                f"the model is a {type(model).__name__}, a subclass of keras.Model, whose layers cannot be "
                "read in order; build it as keras.Sequential([...])"
            )
        one_chain = all(len(nodes) == 1 for nodes in model._nodes_by_depth.values())
        if not one_chain or len(model.outputs) != 1:
            raise _Undescribable(
                "the model is not one chain of layers: it has branches or several inputs or outputs"
            )
    if not model.built:
        raise _Undescribable(
            "the model does not know its input size yet, so it has no weights; begin it with keras.Input(shape)"
        )
    layers = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if _is_called_in_training(layer):
            raise _Undescribable(
                f"the layer {type(layer).__name__} is called with training=True, so it is active in inference "
                "too; leave `training` to Keras"
            )
        if isinstance(layer, keras.Model):
            layers += _chain(layer)[0]
        else:
            layers.append(layer)
    if len(layers) > MAX_LAYERS:
        raise _Undescribable(f"the model has more than {MAX_LAYERS} layers")
    shape = model.input_shape
    if not isinstance(shape, tuple):
        raise _Undescribable("the model has several inputs; it should have one")
    return layers, shape[1:]


def _is_called_in_training(layer) -> bool:
    """Whether somebody wrote `training=True`; layers for images have it as their default, which is harmless."""
    stated = any(node.arguments.kwargs.get("training") for node in layer._inbound_nodes)
    default = inspect.signature(layer.call).parameters.get("training") if stated else None
    return stated and (default is None or default.default is not True)


def _describe_layer(layer) -> Layer:
    kind = type(layer).__name__
    if kind not in LAYERS:
        raise _Undescribable(
            f"the layer {kind} cannot be rebuilt by the grader; use layers such as {_known()}"
        )
    config = layer.get_config()
    config["activity_regularizer"] = getattr(layer, "activity_regularizer", None)
    if config["activity_regularizer"] is not None and not LAYERS[kind].keys() & {
        "activity_regularizer",
        "l1",
    }:
        raise _Undescribable(
            f"the grader cannot rebuild {kind} with an activity_regularizer; put it on the layer that makes "
            "the activations, or use keras.layers.ActivityRegularization"
        )
    arguments = {}
    for name, valid in LAYERS[kind].items():
        value = _plain_argument(
            name, getattr(layer, name, None) if name == "activation" else config.get(name)
        )
        if not valid(value):
            raise _Undescribable(f"the grader cannot rebuild {kind} with {name}={value!r:.80}")
        arguments[name] = value
    return Layer(kind, arguments, tuple(np.array(weight) for weight in layer.get_weights()))


def _known() -> str:
    return "Dense, Conv2D, MaxPooling2D, Flatten, Reshape, Activation, Dropout or BatchNormalization"


def _plain_argument(name: str, value: Any) -> Any:
    if name == "activation":
        return getattr(value, "__name__", type(value).__name__) if value is not None else "linear"
    if name.endswith("_regularizer") and value is not None:
        kind = value.get("class_name") if isinstance(value, dict) else type(value).__name__
        settings = value.get("config", {}) if isinstance(value, dict) else value.get_config()
        return {"name": kind, **{k: float(v) for k, v in settings.items() if k in ("l1", "l2")}}
    if isinstance(value, (list, tuple)):
        return [_plain_argument("", item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _describe_compile(model) -> dict[str, Any] | None:
    if not getattr(model, "compiled", False) or getattr(model, "optimizer", None) is None:
        return None
    return {
        "loss": _describe_loss(model.loss),
        "optimizer": _describe_optimizer(model.optimizer),
        "metrics": _describe_metrics(model),
    }


def _snake(name: str) -> str:
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return _LOSS_ALIASES.get(snake, snake)


def _describe_loss(loss: Any) -> dict[str, Any]:
    if loss is None:
        return {"name": "none"}
    if isinstance(loss, str):
        return {"name": _snake(loss)}
    if hasattr(loss, "get_config"):
        config = loss.get_config()
        extra = {key: config[key] for key in ("from_logits", "label_smoothing") if key in config}
        return {"name": _snake(type(loss).__name__), **{k: v for k, v in extra.items() if v}}
    return {"name": _snake(getattr(loss, "__name__", type(loss).__name__))}


def _describe_optimizer(optimizer: Any) -> dict[str, Any]:
    config = optimizer.get_config()
    numbers = {
        name: config[name] for name in _OPTIMIZER_NUMBERS if isinstance(config.get(name), (int, float))
    }
    if "learning_rate" not in numbers:  # a schedule: its first value
        numbers["learning_rate"] = float(np.array(optimizer.learning_rate))
    return {"name": type(optimizer).__name__, **numbers}


def _describe_metrics(model) -> list[str]:
    stated = model.get_compile_config().get("metrics") if hasattr(model, "get_compile_config") else None
    stated = stated if isinstance(stated, (list, tuple)) else [stated] if stated else []
    names = []
    for metric in stated:
        if isinstance(metric, dict):
            metric = (
                metric.get("config") if metric.get("class_name") == "function" else metric.get("class_name")
            )
        names.append(_snake(str(metric))[:60])
    return names


# --- the border: data to and from the wire -------------------------------------------------------------------


def to_wire(spec: ModelSpec) -> Tagged:
    """The description as a wire value."""
    fields = {
        "kind": spec.kind,
        "handle": spec.handle,
        "problem": spec.problem,
        "input_shape": list(spec.input_shape) if spec.input_shape is not None else None,
        "layers": [[layer.kind, layer.arguments, list(layer.weights)] for layer in spec.layers],
        "compile": spec.compile,
    }
    return Tagged("model", fields)


def from_wire(value: Tagged) -> ModelSpec:
    """The description in a wire value, every part of it checked; what is not allowed becomes a `problem`."""
    fields = value.fields
    handle = fields.get("handle") if type(fields.get("handle")) is int else None
    problem = fields.get("problem")
    if problem is not None:
        return ModelSpec(problem=str(problem)[:500], handle=handle)
    try:
        return replace(_checked(fields), handle=handle)
    except _Undescribable as wrong:
        return ModelSpec(problem=str(wrong), handle=handle)


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise _Undescribable(f"the description of the model is not valid: {what}")


def _checked(fields: dict) -> ModelSpec:
    shape, layers = fields.get("input_shape"), fields.get("layers")
    _require(fields.get("kind") in ("Sequential", "Functional"), "its kind")
    _require(isinstance(shape, list) and 1 <= len(shape) <= 4, "its input shape")
    _require(all(_optional(_whole(1, 10_000))(n) for n in shape), "its input shape")
    _require(isinstance(layers, list) and len(layers) <= MAX_LAYERS, "its layers")
    checked = []
    for entry in layers:
        _require(isinstance(entry, list) and len(entry) == 3, "a layer")
        kind, arguments, weights = entry
        _require(isinstance(kind, str) and kind in LAYERS, "a layer's class")
        _require(
            isinstance(arguments, dict) and set(arguments) == set(LAYERS[kind]), f"the arguments of {kind}"
        )
        for name, valid in LAYERS[kind].items():
            _require(valid(arguments[name]), f"{name} of {kind}")
        _require(isinstance(weights, list) and len(weights) <= 8, f"the weights of {kind}")
        for array in weights:
            _require(isinstance(array, np.ndarray) and array.dtype == np.float32, f"the weights of {kind}")
        checked.append(Layer(kind, arguments, tuple(weights)))
    spec = ModelSpec(fields["kind"], tuple(shape), tuple(checked), _checked_compile(fields.get("compile")))
    _require(spec.parameters <= MAX_PARAMETERS, f"more than {MAX_PARAMETERS} parameters")
    return spec


def _checked_compile(settings: Any) -> dict[str, Any] | None:
    if settings is None:
        return None
    _require(isinstance(settings, dict) and set(settings) == {"loss", "optimizer", "metrics"}, "compile")
    loss, optimizer, metrics = settings["loss"], settings["optimizer"], settings["metrics"]
    for part in (loss, optimizer):
        _require(isinstance(part, dict) and isinstance(part.get("name"), str) and len(part) <= 10, "compile")
        _require(len(part["name"]) <= 60, "compile")
        _require(all(type(part[key]) in (int, float, bool) for key in part if key != "name"), "compile")
        _require(all(math.isfinite(part[key]) for key in part if key != "name"), "compile")
    _require(set(loss) <= {"name", "from_logits", "label_smoothing"}, "the loss")
    _require(set(optimizer) <= {"name", *_OPTIMIZER_NUMBERS}, "the optimizer")
    _require(isinstance(metrics, list) and len(metrics) <= 20, "the metrics")
    _require(all(isinstance(name, str) and len(name) <= 60 for name in metrics), "the metrics")
    return settings


# --- reconstruction ------------------------------------------------------------------------------------------


def rebuild(spec: ModelSpec):
    """See ModelSpec.rebuild."""
    import keras

    if spec.problem:
        raise ValueError(spec.problem)
    try:
        model = keras.Sequential([keras.Input(spec.input_shape), *map(_rebuild_layer, spec.layers)])
    except Exception as error:  # Keras explains shapes that do not fit in many ways
        raise ValueError(f"the layers do not fit together: {str(error)[:300]}") from None
    if model.count_params() > MAX_PARAMETERS:
        raise ValueError(f"the model has more than {MAX_PARAMETERS} parameters")
    for layer, described in zip(model.layers, spec.layers, strict=True):
        if [tuple(weight.shape) for weight in layer.weights] != [array.shape for array in described.weights]:
            raise ValueError(f"the weights of {described.kind} do not have the shapes that the layer needs")
        layer.set_weights(list(described.weights))
    if spec.compile is not None:
        _compile(model, spec.compile)
    return model


def _rebuild_layer(layer: Layer):
    import keras

    arguments = dict(layer.arguments)
    for name, value in arguments.items():
        if name.endswith("_regularizer") and value is not None:
            settings = {key: number for key, number in value.items() if key != "name"}
            arguments[name] = getattr(keras.regularizers, value["name"])(**settings)
        elif isinstance(value, list):
            arguments[name] = tuple(tuple(v) if isinstance(v, list) else v for v in value)
    return getattr(keras.layers, layer.kind)(**arguments)


def _compile(model, settings: dict[str, Any]) -> None:
    import keras

    loss, optimizer = dict(settings["loss"]), dict(settings["optimizer"])
    name, kind = loss.pop("name"), optimizer.pop("name")
    if name not in LOSSES or kind not in OPTIMIZERS:
        return  # `check.models` names the loss or optimizer that is not known
    if loss:
        loss_object = getattr(keras.losses, "".join(part.capitalize() for part in name.split("_")))(**loss)
    else:
        loss_object = name
    known = ("accuracy", "categorical_accuracy", "sparse_categorical_accuracy", "mean_squared_error")
    metrics = [metric for metric in settings["metrics"] if metric in known]
    model.compile(optimizer=getattr(keras.optimizers, kind)(**optimizer), loss=loss_object, metrics=metrics)
