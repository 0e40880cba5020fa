"""A model's description as plain data, and back; what arrives is checked part by part."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from labkit.worker.models.layers import (
    LAYERS,
    OPTIMIZER_EXTRAS,
    OPTIMIZER_NUMBERS,
    SCHEDULES,
    optional,
    whole,
)
from labkit.worker.models.spec import MAX_LAYERS, MAX_PARAMETERS, Layer, ModelSpec, Undescribable

_COMPILED = {"loss", "optimizer", "metrics"}


def to_fields(spec: ModelSpec) -> dict[str, Any]:
    """The description in plain data and arrays."""
    return {
        "kind": spec.kind,
        "handle": spec.handle,
        "problem": spec.problem,
        "input_shape": list(spec.input_shape) if spec.input_shape is not None else None,
        "layers": [[layer.kind, layer.arguments, list(layer.weights)] for layer in spec.layers],
        "compile": spec.compile,
    }


def from_fields(fields: dict[str, Any]) -> ModelSpec:
    """The description in such data, every part of it checked; what is not allowed becomes a `problem`."""
    handle = fields.get("handle") if type(fields.get("handle")) is int else None
    problem = fields.get("problem")
    if problem is not None:
        return ModelSpec(problem=str(problem)[:500], handle=handle)
    try:
        return replace(_checked(fields), handle=handle)
    except Undescribable as wrong:
        return ModelSpec(problem=str(wrong), handle=handle)


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise Undescribable(f"the description of the model is not valid: {what}")


def _checked(fields: dict) -> ModelSpec:
    shape: Any = fields.get("input_shape")
    layers: Any = fields.get("layers")
    _require(fields.get("kind") in ("Sequential", "Functional"), "its kind")
    _require(isinstance(shape, list) and 1 <= len(shape) <= 4, "its input shape")
    _require(all(optional(whole(1, 10_000))(n) for n in shape), "its input shape")
    _require(isinstance(layers, list) and len(layers) <= MAX_LAYERS, "its layers")
    checked = []
    for entry in layers:
        _require(isinstance(entry, list) and len(entry) == 3, "a layer")
        kind, arguments, weights = entry
        _require(isinstance(kind, str) and kind in LAYERS, "a layer's class")
        _require(
            isinstance(arguments, dict) and set(arguments) == set(LAYERS[kind].arguments),
            f"the arguments of {kind}",
        )
        for name, valid in LAYERS[kind].arguments.items():
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
    _require(isinstance(settings, dict) and set(settings) - {"left_out"} == _COMPILED, "compile")
    loss, optimizer = settings["loss"], settings["optimizer"]
    _require(_is_settings(loss, {"name", "from_logits", "label_smoothing"}), "the loss")
    _require(isinstance(optimizer, dict), "the optimizer")
    plain = {name: value for name, value in optimizer.items() if name != "schedule"}
    _require(_is_settings(plain, {"name", *OPTIMIZER_NUMBERS, *OPTIMIZER_EXTRAS}), "the optimizer")
    if "schedule" in optimizer:
        schedule = optimizer["schedule"]
        known = SCHEDULES.get(str(schedule.get("name")), ()) if isinstance(schedule, dict) else ()
        _require(
            bool(known) and _is_settings(schedule, {"name", *known}), "the schedule of the learning rate"
        )
    for names in (settings["metrics"], settings.get("left_out", [])):
        _require(isinstance(names, list) and len(names) <= 20, "the metrics")
        _require(all(isinstance(name, str) and len(name) <= 60 for name in names), "the metrics")
    return settings


def _is_settings(part: Any, known: set[str]) -> bool:
    """A short name, with finite numbers or short lists of them under known names."""
    if not isinstance(part, dict) or not isinstance(part.get("name"), str) or len(part["name"]) > 60:
        return False
    values = [value for name, value in part.items() if name != "name"]
    numbers = [n for v in values for n in (v if isinstance(v, list) and len(v) <= 100 else [v])]
    return set(part) <= known and all(type(n) in (int, float, bool) and math.isfinite(n) for n in numbers)
