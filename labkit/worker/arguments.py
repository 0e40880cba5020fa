"""What a function is called with: whether it left that as it was, and what it takes where nothing is said."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

_WHOLE = (
    16 * 1024 * 1024
)  # bytes of an array that are looked at; of a larger one, so many spread over all of it
_MOST = 64  # parameters that are told of


class Arguments:
    """The arguments of one call, as they were before it."""

    def __init__(self, function: Callable, args: list, kwargs: dict[str, Any]):
        self._given = {**dict(zip(_names(function, len(args)), args, strict=True)), **kwargs}
        self._before = {name: _state(value) for name, value in self._given.items()}

    def changed(self) -> list[str]:
        """The names of the arguments that are not as they were."""
        return [name for name, value in self._given.items() if _state(value) != self._before[name]][:_MOST]


def _names(function: Callable, count: int) -> list[str]:
    parameters = [name for name, parameter in _parameters(function).items() if parameter.kind in _POSITIONAL]
    return [parameters[n] if n < len(parameters) else f"argument {n + 1}" for n in range(count)]


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}


def _state(value: Any) -> Any:
    """What tells whether data is still the same. Models, which may be meant to change, are not looked into."""
    if isinstance(value, np.ndarray):
        if not value.flags.writeable or value.dtype.hasobject:
            return value.dtype, value.shape
        step = -(-value.nbytes // _WHOLE)
        looked_at = value if step <= 1 else value.reshape(-1)[::step]
        return value.dtype, value.shape, zlib.crc32(np.ascontiguousarray(looked_at).view(np.uint8).data)
    if isinstance(value, (list, tuple)):
        return type(value), [_state(item) for item in value]
    if isinstance(value, dict):
        return [(key, _state(item)) for key, item in value.items()]
    return value if isinstance(value, (str, int, float, bool, type(None))) else None


def defaults(function: Any) -> dict[str, list]:
    """For each parameter its default in a list, an empty one where it has none; what is no plain value is left out."""
    found: dict[str, list] = {}
    for name, parameter in list(_parameters(function).items())[:_MOST]:
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            continue
        if parameter.default is inspect.Parameter.empty:
            found[name] = []
        elif _is_plain(parameter.default):
            found[name] = [parameter.default]
    return found


def _is_plain(value: Any) -> bool:
    if type(value) in (list, tuple):
        return len(value) <= _MOST and all(map(_is_plain, value))
    return type(value) in (int, float, bool, str, type(None))
