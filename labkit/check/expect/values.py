"""Expectations of plain data: arrays, numbers, strings, lists and dicts of these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from labkit.check.expect.failure import Failure, comparison, expectation, running, side_condition, subject
from labkit.worker import ModelSpec, Opaque, TrainingHistory

__all__ = [
    "at_least",
    "at_most",
    "close",
    "describe",
    "dtype",
    "equal",
    "graded",
    "shape",
    "true",
    "unchanged",
]

_KINDS = {"float": "f", "int": "iu", "bool": "b", "complex": "c"}


@comparison
def close(
    received: Any,
    expected: Any,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    what: str = "",
    parts: Sequence[str] = (),
) -> None:
    """Numbers or arrays agree: exact shape, finite, |received - expected| <= atol + rtol * |expected|.

    Lists, tuples and dicts are compared item by item. The tolerance widens to the precision of the dtype
    that was received, so that a correct answer in float16 passes. `parts` are what the items of an answer are called,
    such as "the gradient by the weights".
    """
    whole = _in_order(received, expected)
    _close(received, expected, rtol, atol, subject(what), whole, parts)


def _close(
    received: Any, expected: Any, rtol: float, atol: float, name: str, whole: Any, parts: Sequence[str] = ()
) -> None:
    if isinstance(expected, (list, tuple)) and not _is_numbers(expected):
        if not isinstance(received, (list, tuple)):
            _refuse_type(received, name, f"{len(expected)} values", whole)
        if len(received) != len(expected):
            _fail("shape", f"{name} has {len(received)} parts; it should have {len(expected)}", whole)
        for number, (mine, yours) in enumerate(zip(expected, received, strict=True), 1):
            called = parts[number - 1] if len(parts) == len(expected) else f"part {number} of {name}"
            _close(yours, mine, rtol, atol, called, whole)
        return
    if isinstance(expected, dict):
        if not isinstance(received, dict) or set(received) != set(expected):
            keys = ", ".join(map(str, expected))
            sentence = f"{name} should be a dict with the keys {keys}; {_other_keys(received, expected)}"
            _fail("type", sentence, whole)
        for key, value in expected.items():
            _close(received[key], value, rtol, atol, f"{key!r} in {name}", whole)
        return
    yours, mine = _numbers(received, name, whole, np.shape(expected)), np.asarray(expected)
    _same_shape(yours, mine.shape, name, whole)
    _finite(yours, name, whole, mine)
    wide = np.complex128 if "c" in (yours.dtype.kind, mine.dtype.kind) else np.float64
    error = np.abs(yours.astype(wide) - mine.astype(wide))
    precision = np.finfo(yours.dtype).eps if yours.dtype.kind in "fc" else 0.0
    # where large terms cancel, what is left is as exact as they were
    rounding = precision * max(1.0, 4 * float(np.max(np.abs(mine), initial=0.0, where=np.isfinite(mine))))
    allowed = max(atol, rounding) + max(rtol, 8 * precision) * np.abs(mine.astype(wide))
    good = error <= allowed
    if not np.all(good):
        _fail_values(yours, mine, error, good, name, whole)


def _fail_values(
    yours: np.ndarray, mine: np.ndarray, error: np.ndarray, good: np.ndarray, name: str, whole
) -> None:
    if yours.ndim == 0:
        sentence = f"{name} is {_number(yours)}; it should be {_number(mine)}"
    else:
        place = tuple(int(i) for i in np.unravel_index(int(np.argmin(good)), good.shape))
        wrong = int(good.size - np.count_nonzero(good))
        sentence = (
            f"{name} is wrong in {wrong} of {good.size} values; the first is at {list(place)}: "
            f"{_number(yours[place])} instead of {_number(mine[place])}"
        )
    _fail("values", sentence, whole, summary=f"{name} has wrong values")


@comparison
def equal(received: Any, expected: Any, what: str = "") -> None:
    """Whole numbers, strings, truth values or arrays of whole numbers are the same."""
    name = subject(what)
    if isinstance(expected, (str, bool, type(None))):
        yours = received.item() if isinstance(received, np.ndarray) and received.ndim == 0 else received
        if type(yours) is not type(expected) or yours != expected:
            _fail("values", f"{name} is {describe(yours)}; it should be {expected!r}", received)
        return
    if isinstance(expected, dict) or (isinstance(expected, (list, tuple)) and not _is_numbers(expected)):
        if not _is_same(received, expected):
            sentence = f"{name} is {describe(received)}; it should be {describe(expected)}"
            _fail("values", sentence, _in_order(received, expected))
        return
    yours, mine = _numbers(received, name, received, np.shape(expected)), np.asarray(expected)
    _same_shape(yours, mine.shape, name, received)
    good = yours == mine
    if not np.all(good):
        _fail_values(yours, mine, np.abs(yours.astype(np.float64) - mine), np.asarray(good), name, received)


def _is_same(received: Any, expected: Any) -> bool:
    """Equal data of equal structure; a list may be a tuple, a number of NumPy's one of Python's."""
    if isinstance(expected, (list, tuple)):
        fits = isinstance(received, (list, tuple)) and len(received) == len(expected)
        return fits and all(map(_is_same, received, expected))
    if isinstance(expected, dict):
        fits = isinstance(received, dict) and received.keys() == expected.keys()
        return fits and all(_is_same(received[key], expected[key]) for key in expected)
    if isinstance(expected, np.ndarray):
        fits = isinstance(received, np.ndarray) and received.dtype.kind == expected.dtype.kind
        return fits and np.array_equal(received, expected)
    if isinstance(received, (np.generic, np.ndarray)) and np.ndim(received) == 0:
        received = received.item()
    if isinstance(expected, (str, bool, type(None))) or isinstance(received, (str, bool, type(None))):
        return type(received) is type(expected) and received == expected
    return isinstance(received, (int, float)) and bool(received == expected)


@expectation
def shape(received: Any, expected: tuple[int, ...], what: str = "") -> None:
    """An array has exactly this shape."""
    name = subject(what)
    _same_shape(_numbers(received, name, received, expected), tuple(expected), name, received)


@expectation
def dtype(received: Any, expected: str, what: str = "") -> None:
    """An array has this dtype: "float32" exactly, or any of a kind: "float", "int", "bool", "complex"."""
    name = subject(what)
    array = _numbers(received, name, received, None)
    fits = array.dtype.kind in _KINDS[expected] if expected in _KINDS else array.dtype == np.dtype(expected)
    if not fits:
        kind = f"a {expected} dtype" if expected in _KINDS else expected
        has = "is a list, whose numbers are" if isinstance(received, (list, tuple)) else "has dtype"
        _fail("dtype", f"{name} {has} {array.dtype}; it should have {kind}", received)


@expectation
def at_least(received: Any, bound: float, what: str = "", like: float = 0.02) -> None:
    """A number is finite and not below the bound."""
    value = _measured(received, bound, what)
    if not value >= bound:
        _fail("bound", f"{subject(what)} is {value:.4g}; it should be at least {bound:g}", value, like=like)


@expectation
def at_most(received: Any, bound: float, what: str = "", like: float = 0.02) -> None:
    """A number is finite and not above the bound."""
    value = _measured(received, bound, what)
    if not value <= bound:
        _fail("bound", f"{subject(what)} is {value:.4g}; it should be at most {bound:g}", value, like=like)


@expectation
def graded(received: Any, none: float, full: float, what: str = "", like: float = 0.02) -> None:
    """Part of the points: none at `none`, all at `full`, linear between; `none` may lie above `full`."""
    value = _measured(received, full, what)
    part = (value - none) / (full - none)
    if not part >= 1:
        earned = min(max(part, 0.0), 1.0)
        sentence = f"{subject(what)} is {value:.4g}; full points are given from {full:g}, none at {none:g}"
        raise Failure("bound", sentence, value, like=like, earned=earned)


@expectation
def true(
    condition: Any, message: str, received: Any = None, like: float | None = None, summary: str = ""
) -> None:
    """Any law; `received` is the data that tells one mistake from another.

    A hidden check says only `summary`, which therefore must not hold anything that was received.
    """
    if not bool(np.all(condition)) or np.size(condition) == 0:
        _fail("law", message, received, like=like, summary=summary)


@side_condition
def unchanged(after: Any, before: Any, what: str = "the argument") -> None:
    """What was handed over still holds the same values."""
    if not np.array_equal(np.asarray(after), np.asarray(before)):
        _fail(
            "changed", f"{what} was changed in place; work on a copy and leave the argument as it is", after
        )


def describe(value: Any, limit: int = 80) -> str:
    """A value in a few words, for messages."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return (
            _number(value) if value.ndim == 0 else f"an array of shape {value.shape} and dtype {value.dtype}"
        )
    if isinstance(value, Opaque):
        return f"a {value.type_name}" + (f" ({value.reason})" if value.reason else "")
    if isinstance(value, ModelSpec):
        return "a Keras model"
    if isinstance(value, TrainingHistory):
        return "a training history"
    text = repr(value)
    return text if len(text) <= limit else f"a {type(value).__name__} of {len(value)} items"


# --- inside --------------------------------------------------------------------------------------------------


def _fail(kind: str, message: str, received: Any, summary: str = "", like: float | None = None) -> None:
    raise Failure(kind, message, received, summary=summary, like=like)


def _in_order(received: Any, expected: Any) -> Any:
    """The answer with the keys of its dicts in the order of the expected ones: it tells no mistake from another."""
    if isinstance(expected, dict) and isinstance(received, dict) and received.keys() == expected.keys():
        return {key: _in_order(received[key], value) for key, value in expected.items()}
    if isinstance(expected, list) and isinstance(received, list) and len(received) == len(expected):
        return [_in_order(one, other) for one, other in zip(received, expected, strict=True)]
    return received


def _other_keys(received: Any, expected: dict) -> str:
    """What is there instead of a dict with the expected keys."""
    if not isinstance(received, dict):
        return f"it is {describe(received)}"
    missing, more = (
        " and ".join(sorted(repr(key) for key in keys))
        for keys in (expected.keys() - received.keys(), received.keys() - expected.keys())
    )
    parts = [f"missing: {missing}" if missing else "", f"too many: {more}" if more else ""]
    return "; ".join(part for part in parts if part)


def _is_numbers(value: list | tuple) -> bool:
    return all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in value)


def _number(value: Any) -> str:
    item = np.asarray(value).item()
    if type(item) is int:
        return f"{item:,}" if abs(item) < 10**15 else f"{item:.6g}"
    if isinstance(item, complex):
        return f"{item.real:.6g}{item.imag:+.6g}j"
    return f"{item:.6g}" if isinstance(item, (int, float)) and not isinstance(item, bool) else str(item)


def _refuse_type(received: Any, name: str, wanted: str, whole: Any) -> None:
    if received is None:
        hint = " (`compile` gives None: return the model itself.)" if wanted == "a Keras model" else ""
        _fail("none", f"{name} is None: is a `return` missing?{hint} It should be {wanted}", whole)
    _fail("type", f"{name} is {describe(received)}; it should be {wanted}", whole)


def _numbers(received: Any, name: str, whole: Any, wanted_shape: tuple[int, ...] | None) -> np.ndarray:
    """The answer as a non-empty array of numbers."""
    wanted = "an array of numbers" if wanted_shape is None or len(wanted_shape) else "a number"
    if wanted_shape is not None and len(wanted_shape):
        wanted = f"an array of shape {tuple(wanted_shape)}"
    if isinstance(received, (list, tuple)):
        try:
            received = np.asarray(received)
        except ValueError:
            _fail(
                "type", f"{name} is a {type(received).__name__} of uneven parts; it should be {wanted}", whole
            )
    if isinstance(received, (bool, int, float, np.generic)):
        received = np.asarray(received)
    if not isinstance(received, np.ndarray) or received.dtype.kind not in "biufc":
        _refuse_type(received, name, wanted, whole)
    if received.size == 0 and 0 not in (wanted_shape or (1,)):
        _fail("empty", f"{name} is empty (shape {received.shape}); it should be {wanted}", whole)
    return received


def _same_shape(array: np.ndarray, expected: tuple[int, ...], name: str, whole: Any) -> None:
    if array.shape == tuple(expected):
        return
    if not expected:
        _fail("shape", f"{name} is an array of shape {array.shape}; it should be a single number", whole)
    came = f"has shape {array.shape}" if array.ndim else "is a single number"
    _fail("shape", f"{name} {came}; it should have shape {tuple(expected)}", whole)


def _finite(array: np.ndarray, name: str, whole: Any, mine: np.ndarray) -> None:
    bad = ~np.isfinite(array)
    if np.any(bad):
        first = array[tuple(np.argwhere(bad)[0])] if array.ndim else array
        count = "" if array.ndim == 0 else f" in {np.count_nonzero(bad)} of {array.size} values"
        _fail("not_finite", f"{name} is not finite: {_number(first)}{count}", whole)


def _measured(received: Any, bound: float, what: str) -> float:
    """The number, kept beside its bound for whoever asks how near they come."""
    value = _scalar(received, subject(what))
    running().measured.append((subject(what), value, bound))
    return value


def _scalar(received: Any, name: str) -> float:
    array = _numbers(received, name, received, ())
    _same_shape(array, (), name, received)
    value = float(array.item()) if array.dtype.kind != "c" else math.nan
    if not math.isfinite(value):
        _fail("not_finite", f"{name} is not finite: {value}", received)
    return value
