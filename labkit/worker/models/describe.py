"""A live Keras model to data."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np

from labkit.worker.models.layers import LAYERS, OPTIMIZER_NUMBERS
from labkit.worker.models.spec import MAX_LAYERS, Layer, ModelSpec, Undescribable

_LOSS_ALIASES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "bce": "binary_crossentropy"}


def describe(model) -> ModelSpec:
    """A live Keras model as data; never raises, `problem` says what stood in the way."""
    kind = type(model).__name__
    try:
        layers, inputs = _chain(model)
        kind = "Sequential" if _is_sequential(model) else "Functional"
        shape = tuple(inputs) if inputs is not None else None
        return ModelSpec(kind, shape, tuple(map(_describe_layer, layers)), _describe_compile(model))
    except Undescribable as problem:
        return ModelSpec(kind[:100], problem=str(problem))


def _is_sequential(model) -> bool:
    import keras

    return isinstance(model, keras.Sequential)


def _chain(model) -> tuple[list, tuple | None]:
    """The layers in order, models within unfolded, and the shape of one input without the batch axis."""
    import keras

    if not isinstance(model, keras.Sequential):
        if not hasattr(model, "_nodes_by_depth"):
            raise Undescribable(
                f"the model is a {type(model).__name__}, a subclass of keras.Model, whose layers cannot be "
                "read in order; build it as keras.Sequential([...])"
            )
        one_chain = all(len(nodes) == 1 for nodes in model._nodes_by_depth.values())
        if not one_chain or len(model.outputs) != 1:
            raise Undescribable(
                "the model is not one chain of layers: it has branches or several inputs or outputs"
            )
    if not model.built:
        raise Undescribable(
            "the model does not know its input size yet, so it has no weights; begin it with keras.Input(shape)"
        )
    layers = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if _is_called_in_training(layer):
            raise Undescribable(
                f"the layer {type(layer).__name__} is called with training=True, so it is active in inference "
                "too; leave `training` to Keras"
            )
        if isinstance(layer, keras.Model):
            layers += _chain(layer)[0]
        else:
            layers.append(layer)
    if len(layers) > MAX_LAYERS:
        raise Undescribable(f"the model has more than {MAX_LAYERS} layers")
    shape = model.input_shape
    if not isinstance(shape, tuple):
        raise Undescribable("the model has several inputs; it should have one")
    return layers, shape[1:]


def _is_called_in_training(layer) -> bool:
    """Whether somebody wrote `training=True`; layers for images have it as their default, which is harmless."""
    stated = any(node.arguments.kwargs.get("training") for node in layer._inbound_nodes)
    default = inspect.signature(layer.call).parameters.get("training") if stated else None
    return stated and (default is None or default.default is not True)


def _describe_layer(layer) -> Layer:
    kind = type(layer).__name__
    if kind not in LAYERS:
        raise Undescribable(
            f"the layer {kind} cannot be rebuilt by the grader; use layers such as {_known()}"
        )
    config = layer.get_config()
    config["activity_regularizer"] = getattr(layer, "activity_regularizer", None)
    if config["activity_regularizer"] is not None and not LAYERS[kind].arguments.keys() & {
        "activity_regularizer",
        "l1",
    }:
        raise Undescribable(
            f"the grader cannot rebuild {kind} with an activity_regularizer; put it on the layer that makes "
            "the activations, or use keras.layers.ActivityRegularization"
        )
    arguments = {}
    for name, valid in LAYERS[kind].arguments.items():
        value = _plain_argument(
            name, getattr(layer, name, None) if name == "activation" else config.get(name)
        )
        if not valid(value):
            raise Undescribable(f"the grader cannot rebuild {kind} with {name}={value!r:.80}")
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
    numbers = {name: config[name] for name in OPTIMIZER_NUMBERS if isinstance(config.get(name), (int, float))}
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
