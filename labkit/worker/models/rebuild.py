"""Data to a live Keras model, with the ordinary constructors."""

from __future__ import annotations

from typing import Any

from labkit.worker.models.cost import TooCostly, check_cost
from labkit.worker.models.layers import LOSSES, METRICS, OPTIMIZERS
from labkit.worker.models.spec import Layer, ModelSpec


def rebuild(spec: ModelSpec):
    """See ModelSpec.rebuild."""
    import keras

    if spec.problem:
        raise ValueError(spec.problem)
    try:
        layers = [rebuild_layer(layer) for layer in spec.layers]
        check_cost(layers, spec)
        model = keras.Sequential([keras.Input(spec.input_shape), *layers])
    except TooCostly as problem:
        raise ValueError(str(problem)) from None
    except Exception as error:  # Keras explains shapes that do not fit in many ways
        raise ValueError(f"the layers do not fit together: {str(error)[:300]}") from None
    for layer, described in zip(model.layers, spec.layers, strict=True):
        if [tuple(weight.shape) for weight in layer.weights] != [array.shape for array in described.weights]:
            raise ValueError(f"the weights of {described.kind} do not have the shapes that the layer needs")
        layer.set_weights(list(described.weights))
    if spec.compile is not None:
        _compile(model, spec.compile)
    return model


def untrainable(spec: ModelSpec) -> str | None:
    """Why this model cannot be trained here as it was compiled, as a sentence for the student; None where it can."""
    if spec.compile is None:
        return "the model is not compiled; call model.compile(loss=..., optimizer=...)"
    loss, optimizer = spec.compile["loss"]["name"], spec.compile["optimizer"]["name"]
    for what, name, known in (("loss", loss, LOSSES), ("optimizer", optimizer, OPTIMIZERS)):
        if name not in known:
            return (
                f"the {what} {name} is not one with which the grader can train; use one of Keras' as it comes"
            )
    if left_out := spec.compile.get("left_out"):
        return f"the grader trains this model anew, and cannot keep {', '.join(left_out)}; leave that out"
    return None


def operations(spec: ModelSpec) -> int:
    """About how many multiplications and comparisons one sample takes. Raises ValueError, as `rebuild` does."""
    try:
        return check_cost([rebuild_layer(layer) for layer in spec.layers], spec)
    except Exception as problem:
        raise ValueError(str(problem)[:300]) from None


def rebuild_layer(layer: Layer):
    """The layer, not built yet. Raises what Keras raises."""
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
    if schedule := dict(optimizer.pop("schedule", {})):
        optimizer["learning_rate"] = getattr(keras.optimizers.schedules, schedule.pop("name"))(**schedule)
    if name not in LOSSES or kind not in OPTIMIZERS:
        return  # `check.models` names the loss or optimizer that is not known
    if loss:
        loss_object = getattr(keras.losses, "".join(part.capitalize() for part in name.split("_")))(**loss)
    else:
        loss_object = name
    metrics = [metric for metric in settings["metrics"] if metric in METRICS]
    model.compile(optimizer=getattr(keras.optimizers, kind)(**optimizer), loss=loss_object, metrics=metrics)
