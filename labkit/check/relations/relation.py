"""What a relation is, and when it holds: the comparison, and how much it explains."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

ENOUGH = 30.0  # bits that a relation must explain beyond what it takes to state it
ENOUGH_FOR_ONE = 13.0  # for a single number, with which only relations without parameters are tried


@dataclass(frozen=True)
class Relation:
    """One relation: `function`, applied to what `of` names, gives the other of answer and expected values.

    `sentence` says it to a student; `summary` says it of hidden inputs, in words that are chosen from a fixed list, so
    that no answer can carry a number out with it. `cost` are the bits of its parameters.
    """

    name: str
    sentence: str
    summary: str
    function: Callable[[np.ndarray], np.ndarray]
    of: Literal["answer", "expected"] = "expected"
    cost: float = 0.0
    seen: bool = False  # who made it has looked: it holds

    def holds(self, answer: np.ndarray, expected: np.ndarray) -> bool:
        """Whether the relation gives these values, and that is no accident."""
        if self.seen:
            return True
        source, target = (answer, expected) if self.of == "answer" else (expected, answer)
        try:
            with np.errstate(all="ignore"):
                made = np.asarray(self.function(source))
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return False
        precision = precision_of(answer)
        return alike(made, target, precision) and explains(target, precision, self.cost)


def explains(target: np.ndarray, precision: float, cost: float) -> bool:
    """Whether it is far from chance to have all these values right with a relation of this cost."""
    enough = ENOUGH_FOR_ONE if target.size == 1 else ENOUGH
    return bits(target, tolerance(target.size, precision)) - cost >= enough


def tolerance(size: int, precision: float) -> float:
    """The relative error up to which values are the same: the fewer there are, the less is left to chance."""
    strict = 1e-7 if size == 1 else 1e-6 if size < 4 else 1e-4
    return max(strict, 16 * precision)


def precision_of(array: np.ndarray) -> float:
    """The relative precision of the dtype, 0 for whole numbers."""
    return float(np.finfo(array.dtype).eps) if array.dtype.kind in "fc" else 0.0


def alike(made: np.ndarray, target: np.ndarray, precision: float) -> bool:
    """Whether two arrays hold the same numbers, as exactly as their size and the precision allow."""
    if made.shape != target.shape or made.dtype.kind not in "biufc" or target.size == 0:
        return False
    made, target = wide(made), wide(target)
    if not (np.all(np.isfinite(made)) and np.all(np.isfinite(target))):
        return False
    near = tolerance(target.size, precision)
    size = np.abs(target)
    return bool(np.all(np.abs(made - target) <= near * (size + 0.01 * np.max(size))))


def wide(array: np.ndarray) -> np.ndarray:
    """The array in double precision."""
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def bits(target: np.ndarray, near: float) -> float:
    """How much it says to have all these values right: what a guess would have to know of them.

    A real number counts for its digits, a whole one for its size, and a value of a few that occur again and again for
    its surprise alone.
    """
    values = wide(target).ravel()
    size = np.abs(values)
    _, counts = np.unique(values, return_counts=True)
    if len(counts) <= values.size / 2:
        share = counts / values.size
        return values.size * float(-np.sum(share * np.log2(share)))
    if not np.iscomplexobj(values) and np.all(values == np.round(values)):
        return float(np.sum(np.minimum(np.log2(1 + size), 16)))
    telling = size > 20 * near * np.max(size, initial=0.0)
    return float(np.count_nonzero(telling)) * math.log2(0.1 / near)
