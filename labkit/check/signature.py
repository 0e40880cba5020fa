"""The signature of a failure, taken from the data that it failed on."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import numpy as np
from msgspec.structs import replace

from labkit.check.expect.failure import Failure
from labkit.record.signature import Signature, digest, significant
from labkit.worker import ModelSpec, Opaque, TrainingHistory

SHOWN = 64  # numbers that are kept of an answer
_DIGITS = 6  # significant ones of each
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")  # of an object in memory: another one each time


def signature(failure: Failure) -> Signature:
    """The signature of a failure."""
    words: list[str] = []
    arrays: list[np.ndarray] = []
    _take_apart(failure.received, words, arrays)
    wide = np.complex128 if any(array.dtype.kind == "c" for array in arrays) else np.float64
    numbers = np.concatenate([np.zeros(0, wide), *(array.reshape(-1).astype(wide) for array in arrays)])
    if wide is np.complex128:
        numbers = np.concatenate([numbers.real, numbers.imag])
    finite = np.isfinite(numbers)
    if not finite.all():
        words.append(hashlib.sha256(np.where(finite, 0, numbers).tobytes()).hexdigest())
        numbers = np.where(finite, numbers, 0)
    raised = failure.kind == "raised" and isinstance(failure.received, str)
    found = Signature(
        kind=failure.kind,
        ordinal=failure.ordinal,
        exception=str(failure.received).partition(":")[0] if raised else None,
        structure=hashlib.sha256("\0".join(words).encode("utf-8", "replace")).hexdigest()[:16],
        shape=arrays[0].shape if len(arrays) == 1 else None,
        dtype=" ".join(array.dtype.name for array in arrays)[:200],
        of=numbers.size,
        scale=significant(float(np.abs(numbers).max(initial=0.0)), _DIGITS),
        numbers=tuple(significant(float(number), _DIGITS) for number in _kept(numbers)),
        like=failure.like,
    )
    return replace(found, digest=digest(found))


def unusable(error: Exception) -> Signature:
    """That of an answer over which the check itself stumbled."""
    found = Signature(kind="unusable", ordinal=0, exception=type(error).__name__)
    return replace(found, digest=digest(found))


def _kept(numbers: np.ndarray) -> np.ndarray:
    if numbers.size <= SHOWN:
        return numbers
    half = SHOWN // 2
    picked = numbers[np.linspace(0, numbers.size - 1, half).astype(int)]
    # divided first: the sum of what is large has no number
    means = np.array([(part / part.size).sum() for part in np.array_split(numbers, half)])
    return np.concatenate([picked, np.nan_to_num(means)])


def _take_apart(value: Any, words: list[str], arrays: list[np.ndarray]) -> None:
    """Whatever a failure received, as words and arrays of numbers, in one order."""
    if isinstance(value, dict):
        words.append(f"dict {len(value)}")
        for key, item in value.items():
            words.append(repr(key))
            _take_apart(item, words, arrays)
    elif isinstance(value, ModelSpec):  # not its weights: they come from a seed, or from training
        words.append(f"model {value.problem!r}")
        words += [f"{layer.kind} {sorted(layer.arguments.items())!r}" for layer in value.layers]
    elif isinstance(value, TrainingHistory):
        words.append(f"history {value.epoch} {list(value.history)}")
    elif isinstance(value, Opaque):
        words.append(_ADDRESS.sub("0x", f"object {value.type_name} {value.reason}"))
    elif (numbers := _as_numbers(value)) is not None:
        words.append(f"numbers {numbers.shape}")
        arrays.append(numbers)
    elif isinstance(value, (list, tuple)):
        words.append(f"list {len(value)}")
        for item in value:
            _take_apart(item, words, arrays)
    else:
        words.append(_ADDRESS.sub("0x", f"{type(value).__name__} {value!r}"[:2000]))


def _as_numbers(value: Any) -> np.ndarray | None:
    """Arrays of numbers, numbers, and lists of nothing else; not a text, and not what is ragged."""
    if isinstance(value, (str, bytes, type(None))):
        return None
    if isinstance(value, (list, tuple)) and not (
        value and all(isinstance(item, (int, float)) for item in value)
    ):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):
        return None
    return array if array.dtype.kind in "biufc" else None
