"""What a live model was compiled with, as data: by what it is, never by what it is called."""

from __future__ import annotations

import re
from typing import Any

from labkit.worker.models.layers import OPTIMIZER_NUMBERS, SCHEDULES

_CARRIED = ("from_logits", "label_smoothing")  # settings of a loss
_ACCURACY, _CROSSENTROPY = ("accuracy", "acc"), ("crossentropy", "ce")  # which one is decided by the targets
_LONGEST = 60  # characters of a name


def describe_compilation(model, left_out: list[str]) -> dict[str, Any] | None:
    """Loss, optimizer and metrics, and what of the model plays a part in training alone and is left out.

    None of a model that is not compiled.
    """
    if not getattr(model, "compiled", False) or getattr(model, "optimizer", None) is None:
        return None
    stated = getattr(getattr(model, "_compile_config", None), "config", {})
    losses = _parts(model.loss)
    settings: dict[str, Any] = {
        "loss": _describe_loss(
            losses[0] if len(losses) == 1 else f"{len(losses)} losses" if losses else "none"
        ),
        "optimizer": _describe_optimizer(model.optimizer, left_out),
        "metrics": [
            _describe_metric(part)
            for kind in ("metrics", "weighted_metrics")
            for part in _parts(stated.get(kind))
        ],
    }
    left_out += ["loss_weights"] if stated.get("loss_weights") is not None else []
    return settings | ({"left_out": [text[:_LONGEST] for text in left_out[:20]]} if left_out else {})


def _parts(stated: Any) -> list:
    """What stands in a container, in containers in it too: Keras takes a list or a dict for each output."""
    if isinstance(stated, dict):
        stated = list(stated.values())
    if isinstance(stated, (list, tuple)):
        return [part for item in stated for part in _parts(item)]
    return [] if stated is None else [stated]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _describe_loss(loss: Any) -> dict[str, Any]:
    import keras

    if isinstance(loss, str) and loss.lower() in _CROSSENTROPY:
        return {"name": _CROSSENTROPY[0]}
    name, settings = _described(loss, keras.losses)
    carried = {key: value for key in _CARRIED if (value := settings.pop(key, None))}
    return {"name": _with_settings(name, settings), **carried}


def _describe_metric(metric: Any) -> str:
    import keras

    if isinstance(metric, str) and metric.lower() in _ACCURACY:
        return _ACCURACY[0]
    if type(metric) is keras.metrics.Accuracy:  # of equal values: it is not what "accuracy" stands for
        return "Accuracy"
    return _with_settings(*_described(metric, keras.metrics))


def _described(thing: Any, place: Any) -> tuple[str, dict[str, Any]]:
    """The name of one of Keras' functions or classes, with the settings that are not its defaults."""
    if isinstance(thing, str):
        try:
            thing = place.get(thing)
        except Exception:  # a name that Keras does not know either
            return _snake(thing), {}
    name = getattr(thing, "__name__", None)
    if isinstance(name, str):
        return (
            _snake(name) if getattr(place, name, None) is thing else f"{name} (a function of your own)"
        ), {}
    kind = type(thing)
    if getattr(place, kind.__name__, None) is kind:
        return _snake(kind.__name__), _unusual(thing)
    wrapped = getattr(thing, "fn", None)  # what a class by its name becomes
    if callable(wrapped) and kind.__module__.startswith("keras."):
        return _described(wrapped, place)
    return f"{kind.__name__} (a class of your own)", {}


def _unusual(thing: Any) -> dict[str, Any]:
    """The settings of one of Keras' objects that are not its defaults."""
    given = _settings(thing)
    try:
        usual = _settings(type(thing)())
    except TypeError:  # it has settings without defaults
        usual = {}
    return {k: v for k, v in given.items() if k not in ("name", "dtype") and v != usual.get(k)}


def _settings(thing: Any) -> dict[str, Any]:
    return thing.get_config() | getattr(thing, "_fn_kwargs", {})  # where Huber keeps its delta


def _with_settings(name: str, settings: dict[str, Any]) -> str:
    stated = ", ".join(f"{key}={value}" for key, value in settings.items())
    return (f"{name} with {stated}" if stated else name)[:_LONGEST]


def _describe_optimizer(optimizer: Any, left_out: list[str]) -> dict[str, Any]:
    import keras

    kind = type(optimizer)
    if getattr(keras.optimizers, kind.__name__, None) is not kind:
        return {
            "name": f"{kind.__name__} (a class of your own)"[:_LONGEST],
            "learning_rate": _rate(optimizer),
        }
    config, usual = optimizer.get_config(), kind().get_config()
    numbers: dict[str, Any] = {
        name: config[name] for name in OPTIMIZER_NUMBERS if _is_number(config.get(name))
    }
    numbers["learning_rate"] = _rate(optimizer)
    for name, value in config.items():
        if name in ("name", "learning_rate", *OPTIMIZER_NUMBERS) or value == usual.get(name):
            continue
        if _is_number(value) or isinstance(value, bool):
            numbers[name] = value
        else:
            left_out.append(f"{name} of {kind.__name__}")
    return {"name": kind.__name__, **numbers, **_schedule(optimizer, left_out)}


def _schedule(optimizer: Any, left_out: list[str]) -> dict[str, Any]:
    import keras

    schedule = optimizer._learning_rate
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        if callable(schedule) and not isinstance(schedule, keras.Variable):
            left_out.append("a learning rate that is a function")
        return {}
    name = type(schedule).__name__
    if name not in SCHEDULES or type(schedule) is not getattr(keras.optimizers.schedules, name):
        left_out.append(f"the schedule {name} of the learning rate")
        return {}
    config = schedule.get_config()
    return {
        "schedule": {"name": name} | {key: config[key] for key in SCHEDULES[name] if config[key] is not None}
    }


def _rate(optimizer: Any) -> float:
    """The learning rate; of a schedule, the first."""
    import keras

    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
