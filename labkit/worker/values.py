"""Python objects to wire values and back, in whichever process the code under test runs.

`outgoing` turns whatever a function returned into data: arrays keep their dtype, tensors and other
array-likes become arrays, Keras models become descriptions, everything else an `object` that only
names its type. `incoming` turns data that arrived into arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit import lazy
from labkit.worker import models, wire
from labkit.worker.wire import Tagged

MAX_ARRAY = 200 * 1024 * 1024  # bytes; an answer larger than this is a mistake
MAX_ITEMS = 50_000
CONVERTED = "converted"  # marks an array that the function returned as something else


@dataclass(frozen=True)
class Handle:
    """Something that stays with the code under test: an array or a model that was put there."""

    id: int


@dataclass(frozen=True)
class Opaque:
    """An answer that is no data; only its type's name crosses the border."""

    type_name: str
    reason: str = ""


@dataclass(frozen=True)
class TrainingHistory:
    """What keras.callbacks.History recorded: the epochs and a list of values for each name."""

    epoch: list[int]
    history: dict[str, list[float]]


class Store:
    """Objects behind handles."""

    def __init__(self):
        self.objects: dict[int, Any] = {}

    def keep(self, thing: Any) -> int:
        number = len(self.objects) + 1
        self.objects[number] = thing
        return number

    def clear(self) -> None:
        self.objects.clear()


# --- from the code under test ------------------------------------------------------------------------------


def outgoing(thing: Any, store: Store, depth: int = 0) -> Any:
    """The wire value for what a function returned; never raises on account of what it is."""
    if thing is None or type(thing) in (bool, str):
        return thing if not isinstance(thing, str) else thing[: wire.MAX_STRING]
    if type(thing) is int:
        return thing if abs(thing) < 2**63 else _opaque(thing, "it does not fit into 64 bits")
    if type(thing) is float:
        return thing
    if isinstance(thing, np.generic):
        return _array(np.asarray(thing)) if depth == 0 else outgoing(thing.item(), store, depth)
    if isinstance(thing, np.ndarray):
        return _array(thing)
    if isinstance(thing, (list, tuple, dict)):
        return _container(thing, store, depth)
    if lazy.is_loaded("keras"):
        special = _keras_object(thing, store)
        if special is not None:
            return special
    if hasattr(type(thing), "__array__") or hasattr(type(thing), "numpy"):
        return _array_like(thing)
    return _opaque(thing)


def _opaque(thing: Any, reason: str = "") -> Tagged:
    return Tagged("object", {"type": type(thing).__name__[:100], "reason": reason})


def _array(array: np.ndarray, converted: str | None = None) -> Any:
    if array.nbytes > MAX_ARRAY:
        return _opaque(
            array, f"it holds {array.nbytes / 1e9:.1f} GB; at most {MAX_ARRAY / 1e9:.1f} GB are read"
        )
    if array.dtype.kind in "US" and array.size <= MAX_ITEMS:
        return array.astype(str).tolist()
    if array.dtype.name == "bfloat16":
        return _marked(array.astype(np.float32), "bfloat16")
    if not wire.can_send(array.dtype):
        return _opaque(array, f"its dtype is {array.dtype}"[:200])
    if type(array) is not np.ndarray:
        converted = converted or type(array).__name__
        array = np.asarray(array)
    return _marked(array, converted) if converted else array


def _marked(array: np.ndarray, converted: str) -> Tagged:
    return Tagged("object", {"type": converted[:100], CONVERTED: array})


def _array_like(thing: Any) -> Any:
    try:
        array = thing.numpy() if callable(getattr(thing, "numpy", None)) else np.asarray(thing)
        return _array(np.asarray(array), type(thing).__name__)
    except Exception:
        return _opaque(thing, "it could not be turned into an array")


def _container(thing: Any, store: Store, depth: int) -> Any:
    if depth >= wire.MAX_DEPTH - 4 or len(thing) > MAX_ITEMS:
        numbers = _numbers(thing) if depth == 0 and isinstance(thing, (list, tuple)) else None
        return numbers if numbers is not None else _opaque(thing, "it is too long or nested too deep")
    if isinstance(thing, dict):
        items = [(_key(key), outgoing(item, store, depth + 1)) for key, item in thing.items()]
        if any(key is None for key, _ in items):
            return _opaque(thing, "its keys are neither strings nor integers")
        return dict(items)
    items = [outgoing(item, store, depth + 1) for item in thing]
    return tuple(items) if isinstance(thing, tuple) else items


def _numbers(thing: Any) -> Tagged | None:
    """A long list of numbers as an array."""
    try:
        array = np.asarray(thing)
    except ValueError:
        return None
    return _array(array, type(thing).__name__) if wire.can_send(array.dtype) else None


def _key(key: Any) -> str | int | None:
    if isinstance(key, (bool, np.bool_)):
        return None
    if isinstance(key, (int, np.integer)):
        return int(key)
    return str(key) if isinstance(key, str) else None


def _keras_object(thing: Any, store: Store) -> Tagged | None:
    import keras

    if isinstance(thing, keras.Model):
        number = store.keep(thing)
        spec = models.describe(thing)
        return models.to_wire(models.replace(spec, handle=number))
    if isinstance(thing, keras.callbacks.History):
        history = {str(name): [_float(v) for v in values] for name, values in thing.history.items()}
        return Tagged("history", {"epoch": [int(epoch) for epoch in thing.epoch], "history": history})
    return None


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


# --- to the code under test --------------------------------------------------------------------------------


def incoming(value: Any, store: Store) -> Any:
    """The argument for a wire value: handles become their objects, descriptions become models."""
    if isinstance(value, Tagged):
        if value.kind == "handle":
            return store.objects[value.fields["id"]]
        if value.kind == "model":
            return models.from_wire(value).rebuild()
        raise wire.WireError(f"a {value.kind} cannot be an argument")
    return _mapped(value, lambda item: incoming(item, store))


def _mapped(value: Any, function: Callable) -> Any:
    if isinstance(value, list):
        return [function(item) for item in value]
    if isinstance(value, tuple):
        return tuple(function(item) for item in value)
    if isinstance(value, dict):
        return {key: function(item) for key, item in value.items()}
    return value


def private(value: Any) -> Any:
    """A copy that shares no array with the original."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, Tagged):
        return Tagged(value.kind, private(value.fields))
    return _mapped(value, private)


# --- the trusted side's view -------------------------------------------------------------------------------


def sendable(value: Any) -> Any:
    """A check's argument as a wire value: data as it is, handles, descriptions and trusted models by name."""
    if isinstance(value, Handle):
        return Tagged("handle", {"id": value.id})
    if isinstance(value, models.ModelSpec):
        return models.to_wire(value)
    if isinstance(value, np.generic):
        return value.item()
    if lazy.is_loaded("keras") and not isinstance(value, (np.ndarray, list, tuple, dict, str, int, float)):
        import keras

        if isinstance(value, keras.Model):
            return models.to_wire(models.describe(value))
    return _mapped(value, sendable)


def received(value: Any, converted: Callable[[str], None] = lambda name: None) -> Any:
    """An answer as a check sees it; `converted` is told of every array that came as something else."""
    if not isinstance(value, Tagged):
        return _mapped(value, lambda item: received(item, converted))
    fields = value.fields
    if value.kind == "model":
        return models.from_wire(value)
    if value.kind == "history":
        return _history(fields)
    if value.kind == "handle" and type(fields.get("id")) is int:
        return Handle(fields["id"])
    array = fields.get(CONVERTED)
    if isinstance(array, np.ndarray):
        converted(str(fields.get("type"))[:60])
        return array
    return Opaque(str(fields.get("type"))[:60], str(fields.get("reason") or "")[:200])


def _history(fields: dict) -> TrainingHistory | Opaque:
    epoch, history = fields.get("epoch"), fields.get("history")
    sound = (
        isinstance(epoch, list)
        and all(type(number) is int for number in epoch)
        and isinstance(history, dict)
        and all(isinstance(values, list) for values in history.values())
        and all(type(v) is float for values in history.values() for v in values)
    )
    return TrainingHistory(epoch, history) if sound else Opaque("History", "its values are not numbers")
