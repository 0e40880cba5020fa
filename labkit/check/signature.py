"""What tells one wrong answer from another, small enough to be kept: the signature of a failure.

Two submissions that fail alike on equal inputs have near signatures, and so has the known mistake that both made.
A signature holds no message and no object, so that mistakes can be named again, and failures grouped, without running
anybody's code.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.check.expect.failure import Failure
from labkit.worker import ModelSpec, Opaque, TrainingHistory

SHOWN = 64  # numbers that are kept of an answer
_DIGITS = 6  # significant ones of each


@dataclass(frozen=True)
class Signature:
    """How a check failed, on data.

    `kind` and `ordinal` say in which way and in which expectation of the check; `structure` is a digest of all that is
    no number: shapes, texts, layers, what is infinite; `dtypes` those of the arrays; `numbers` are all that the answer
    holds or, of more than SHOWN, half of them picked evenly and half means of equal parts, in which every value
    counts; `size` is how many there were. `like` is how far a number may be off, in the units of the answer; None:
    a ten-thousandth of itself.
    """

    kind: str
    ordinal: int
    structure: str
    dtypes: str
    size: int
    scale: float
    numbers: tuple[float, ...]
    like: float | None = None

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits of all of it, numbers at four digits: equal for equal failures."""
        numbers = [_rounded(number, 4) for number in self.numbers]
        whole = repr((self.kind, self.ordinal, self.structure, self.size, numbers))
        return hashlib.sha256(whole.encode()).hexdigest()[:12]


def signature(failure: Failure) -> Signature:
    """The signature of a failure."""
    words: list[str] = []
    arrays: list[np.ndarray] = []
    _take_apart(failure.received, words, arrays)
    flat = [array.reshape(-1) for array in arrays]
    wide = np.complex128 if any(array.dtype.kind == "c" for array in arrays) else np.float64
    numbers = np.concatenate([part.astype(wide) for part in flat]) if flat else np.zeros(0)
    if wide is np.complex128:
        numbers = np.concatenate([numbers.real, numbers.imag])
    finite = np.isfinite(numbers)
    if not finite.all():
        words.append(hashlib.sha256(np.where(finite, 0, numbers).tobytes()).hexdigest())
        numbers = np.where(finite, numbers, 0)
    return Signature(
        failure.kind,
        failure.ordinal,
        hashlib.sha256("\0".join(words).encode("utf-8", "replace")).hexdigest()[:16],
        " ".join(array.dtype.name for array in arrays)[:200],
        numbers.size,
        _rounded(float(np.abs(numbers).max(initial=0.0))),
        tuple(_rounded(float(number)) for number in _kept(numbers)),
        failure.like,
    )


def distance(one: Signature, known: Signature) -> float | None:
    """How far two failures are apart, 0 for equal data; None when they are not the same mistake."""
    same = (one.kind, one.ordinal, one.structure, one.size) == (
        known.kind,
        known.ordinal,
        known.structure,
        known.size,
    )
    if not same:
        return None
    x, y = np.array(one.numbers), np.array(known.numbers)
    error = np.abs(x - y)
    like = known.like
    allowed = like if like is not None else 1e-4 * np.abs(y) + 1e-5 * known.scale + 1e-9
    if not np.all(error <= allowed):
        return None
    # an integer answer is not quite the same mistake as a fractional one
    apart = 0.0 if one.dtypes == known.dtypes else 1e-3 if _kinds(one) == _kinds(known) else 2e-3
    return float(error.max(initial=0.0)) / (known.scale or 1.0) + apart


def _kinds(one: Signature) -> list[bool]:
    return ["float" in name or "complex" in name for name in one.dtypes.split()]


def _kept(numbers: np.ndarray) -> np.ndarray:
    if numbers.size <= SHOWN:
        return numbers
    half = SHOWN // 2
    picked = numbers[np.linspace(0, numbers.size - 1, half).astype(int)]
    means = np.array([part.mean() for part in np.array_split(numbers, half)])
    return np.concatenate([picked, means])


def _rounded(number: float, digits: int = _DIGITS) -> float:
    return float(f"{number:.{digits - 1}e}") + 0.0  # -0.0 is 0.0


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
        words.append(f"object {value.type_name} {value.reason}")
    elif (numbers := _as_numbers(value)) is not None:
        words.append(f"numbers {numbers.shape}")
        arrays.append(numbers)
    elif isinstance(value, (list, tuple)):
        words.append(f"list {len(value)}")
        for item in value:
            _take_apart(item, words, arrays)
    else:
        words.append(f"{type(value).__name__} {value!r}"[:2000])


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
