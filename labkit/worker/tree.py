"""Values to JSON and back: plain data, arrays, and the few types that cross the border.

A number, a string, True, False and None stand for themselves, a list for a list. Whatever else there is has its
kind as the one key of an object: {"tuple": [...]}, {"dict": [[key, value], ...]}, {"float": "nan"}, {"array": 3}
for the fourth array of the frame, and "handle", "model", "history" and "object" with their fields.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from labkit.worker.models.spec import ModelSpec
from labkit.worker.models.transfer import from_fields, to_fields
from labkit.worker.values import Handle, Opaque, TrainingHistory

MAX_DEPTH = 32
_INNERMOST = 8  # levels of what stands there: a model has layers, with arguments, with parts
MAX_NODES = 400_000
MAX_ITEMS = 50_000  # of one list or dict
MAX_STRING = 1_000_000
#: The dtypes of arrays that cross the border, by the way in which NumPy writes them.
DTYPES = {
    np.dtype(name).str: np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}

#: What to send in place of a thing that has no form of its own here; the second argument says why it has none.
Instead = Callable[[Any, str], Any]
#: What a handle, a model, a history or an opaque object is for whoever receives it.
Revive = Callable[[Any], Any]


class WireError(ValueError):
    """The bytes are not a frame, or the value cannot be sent."""


def refuse(thing: Any, reason: str) -> Any:
    """In place of what cannot be sent: raises WireError."""
    raise WireError(f"a {type(thing).__name__} cannot be sent" + (f": {reason}" if reason else ""))


def unchanged(thing: Any) -> Any:
    """The thing itself."""
    return thing


def to_tree(value: Any, arrays: list[np.ndarray], instead: Instead = refuse, largest: int = 2**62) -> Any:
    """The value as JSON, its arrays (of `largest` bytes at most) put into `arrays` and numbered; raises WireError."""
    return _Writer(arrays, instead, largest).value(value, 0)


def from_tree(tree: Any, arrays: list[np.ndarray], revive: Revive = unchanged) -> Any:
    """The value that `to_tree` took apart; raises WireError."""
    return _Reader(arrays, revive).value(tree, 0)


def crossed(value: Any, instead: Instead = refuse, revive: Revive = unchanged) -> Any:
    """The value as it arrives on the other side of a border: a copy that shares nothing with it."""
    arrays: list[np.ndarray] = []
    tree = to_tree(value, arrays, instead)
    return from_tree(tree, [array.copy() for array in arrays], revive)


# --- writing -------------------------------------------------------------------------------------------------

_FIELDS: dict[type, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    Handle: ("handle", lambda handle: {"id": handle.id}),
    ModelSpec: ("model", to_fields),
    TrainingHistory: ("history", lambda history: {"epoch": history.epoch, "history": history.history}),
    Opaque: ("object", lambda thing: {"type": thing.type_name, "reason": thing.reason}),
}


class _Writer:
    def __init__(self, arrays: list[np.ndarray], instead: Instead, largest: int):
        self.arrays = arrays
        self.instead = instead
        self.largest = largest
        self.nodes = 0

    def value(self, thing: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WireError(f"it has more than {MAX_NODES} parts")
        if isinstance(thing, np.generic):
            thing = thing.item()
        reason = ""
        if thing is None or isinstance(thing, bool):
            return thing
        if isinstance(thing, float):
            number = float.__float__(thing)
            return number if math.isfinite(number) else {"float": repr(number)}
        if isinstance(thing, int):  # of a subclass, such as an Enum of numbers, the number
            if abs(number := int.__index__(thing)) < 2**63:
                return number
            reason = "it does not fit into 64 bits"
        elif isinstance(thing, str):
            if len(text := str.__str__(thing)) <= MAX_STRING:
                return text
            reason = "it is too long"
        elif isinstance(thing, np.ndarray):
            if thing.nbytes > self.largest:  # though it be one number, shown again and again
                reason = f"it holds {thing.nbytes / 1e9:.1f} GB; at most {self.largest / 1e9:.1f} GB are read"
            elif type(thing) is np.ndarray and thing.dtype.newbyteorder("=").str in DTYPES:
                return self._array(thing)
        elif isinstance(thing, (list, tuple, dict)):
            reason = "it is too long or nested too deep"
            if depth < MAX_DEPTH and len(thing) <= MAX_ITEMS:
                if not isinstance(thing, dict):
                    items = [self.value(item, depth + 1) for item in thing]
                    return {"tuple": items} if isinstance(thing, tuple) else items
                if all(map(_is_key, thing)):
                    return self._dict(thing, depth)
                reason = "its keys are neither strings nor integers"
        elif type(thing) in _FIELDS:
            kind, fields = _FIELDS[type(thing)]
            return {kind: self._dict(fields(thing), depth)}
        return self.value(self.instead(thing, reason), depth)

    def _array(self, array: np.ndarray) -> dict[str, int]:
        # ascontiguousarray would turn a 0-d array into a 1-d one
        self.arrays.append(np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=None))
        return {"array": len(self.arrays) - 1}

    def _dict(self, thing: dict, depth: int) -> dict[str, list]:
        return {"dict": [[_key(key), self.value(item, depth + 1)] for key, item in thing.items()]}


def _is_key(key: Any) -> bool:
    return isinstance(key, (str, int, np.integer)) and not isinstance(key, bool)


def _key(key: Any) -> str | int:
    return str.__str__(key) if isinstance(key, str) else int(key)


# --- reading -------------------------------------------------------------------------------------------------


class _Reader:
    def __init__(self, arrays: list[np.ndarray], revive: Revive):
        self.arrays = arrays
        self.revive = revive
        self.used = 0
        self.nodes = 0

    def value(self, node: Any, depth: int) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH + _INNERMOST or self.nodes > 2 * MAX_NODES:  # a key is one as well
            raise WireError("nested too deep, or too many values")
        if node is None or isinstance(node, bool):
            return node
        if isinstance(node, int):
            if abs(node) >= 2**64:
                raise WireError("an integer beyond 64 bits")
            return node
        if isinstance(node, float):
            if not math.isfinite(node):  # 1e999 is valid JSON
                raise WireError("a number that is not finite")
            return node
        if isinstance(node, str):
            if len(node) > MAX_STRING:
                raise WireError("a string that is too long")
            return node.encode("utf-8", "replace").decode("utf-8")  # lone surrogates end here
        if isinstance(node, list):
            return [self.value(item, depth + 1) for item in node]
        if isinstance(node, dict) and len(node) == 1:
            [(kind, content)] = node.items()
            return self._special(kind, content, depth)
        raise WireError("a value of no known kind")

    def _special(self, kind: str, content: Any, depth: int) -> Any:
        if kind == "float" and content in ("nan", "inf", "-inf"):
            return float(content)
        if kind == "array":
            if type(content) is not int or content != self.used or content >= len(self.arrays):
                raise WireError("arrays are used once each, in order")
            self.used += 1
            return self.arrays[content]
        if kind == "tuple" and isinstance(content, list):
            return tuple(self.value(content, depth))
        if kind == "dict" and isinstance(content, list):
            return self._dict(content, depth)
        if kind in _READ:
            fields = self.value(content, depth)
            if isinstance(fields, dict) and all(isinstance(key, str) for key in fields):
                return self.revive(_READ[kind](fields))
        raise WireError("a value of no known kind")

    def _dict(self, content: list, depth: int) -> dict:
        result = {}
        for pair in content:
            if not (isinstance(pair, list) and len(pair) == 2 and type(pair[0]) in (str, int)):
                raise WireError("a dict is a list of key and value")
            key = self.value(pair[0], depth)
            if key in result:
                raise WireError("a key stands twice")
            result[key] = self.value(pair[1], depth + 1)
        return result


def _handle(fields: dict[str, Any]) -> Handle:
    if type(fields.get("id")) is not int:
        raise WireError("a handle without its number")
    return Handle(fields["id"])


def _history(fields: dict[str, Any]) -> TrainingHistory | Opaque:
    epoch: Any = fields.get("epoch")
    history: Any = fields.get("history")
    sound = (
        isinstance(epoch, list)
        and all(type(number) is int for number in epoch)
        and isinstance(history, dict)
        and all(isinstance(name, str) and isinstance(values, list) for name, values in history.items())
        and all(type(v) is float for values in history.values() for v in values)
    )
    return TrainingHistory(epoch, history) if sound else Opaque("History", "its values are not numbers")


def _opaque(fields: dict[str, Any]) -> Opaque:
    return Opaque(str(fields.get("type"))[:60], str(fields.get("reason") or "")[:200])


_READ: dict[str, Callable[[dict[str, Any]], Any]] = {
    "handle": _handle,
    "model": from_fields,
    "history": _history,
    "object": _opaque,
}
