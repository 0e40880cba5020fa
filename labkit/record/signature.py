"""What tells one wrong answer from another, small enough to be kept: the signature of a failure.

Two submissions that fail alike on equal inputs have near signatures, and so has the known mistake that both made.
A signature holds no message and no object, so that mistakes can be named again, and failures grouped, without running
anybody's code.
"""

from __future__ import annotations

import hashlib

import numpy as np
from msgspec import Struct


class Signature(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a check failed, on inputs that are the same for a whole class: `failure` of a check in a record.

    `kind` and `ordinal` say in which way and in which expectation of the check; `exception` and `line` what was raised
    and where in the file; `structure` is a digest of all that is no number: shapes, texts, layers, what is infinite;
    `shape` and `dtype` are those of an answer that is one array; `numbers` are all that the answer holds or, of more
    than 64, 32 picked evenly and the means of 32 equal parts, in which every value counts; `of` is how many there
    were, `wrong` how many of them are; `like` is how far a number may be off, in the units of the answer; None: a
    ten-thousandth of itself. `digest` is equal for equal failures, numbers taken at four digits.
    """

    kind: str
    ordinal: int
    exception: str | None = None
    line: int | None = None
    structure: str = ""
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    of: int = 0
    wrong: int | None = None
    scale: float = 0.0
    numbers: tuple[float, ...] = ()
    like: float | None = None
    digest: str = ""


def digest(signature: Signature) -> str:
    """Twelve hexadecimal digits of all that counts in a comparison."""
    numbers = [significant(number, 4) for number in signature.numbers]
    whole = repr((signature.kind, signature.ordinal, signature.structure, signature.of, numbers))
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


def distance(one: Signature, known: Signature) -> float | None:
    """How far two failures are apart, 0 for equal data; None when they are not the same mistake."""
    if _place(one) != _place(known):
        return None
    x, y = np.array(one.numbers), np.array(known.numbers)
    error = np.abs(x - y)
    allowed = known.like if known.like is not None else 1e-4 * np.abs(y) + 1e-5 * known.scale + 1e-9
    if not np.all(error <= allowed):
        return None
    # an integer answer is not quite the same mistake as a fractional one
    apart = 0.0 if one.dtype == known.dtype else 1e-3 if _kinds(one) == _kinds(known) else 2e-3
    return float(error.max(initial=0.0)) / (known.scale or 1.0) + apart


def significant(number: float, digits: int) -> float:
    """The number at so many digits; -0.0 is 0.0."""
    return float(f"{number:.{digits - 1}e}") + 0.0


def _place(signature: Signature) -> tuple:
    return (
        *(signature.kind, signature.ordinal, signature.exception, signature.structure),
        *(signature.of, len(signature.numbers)),
    )


def _kinds(signature: Signature) -> list[bool]:
    return ["float" in name or "complex" in name for name in signature.dtype.split()]
