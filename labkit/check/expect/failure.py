"""A failed expectation as data, and the comparison of two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from labkit.worker import ModelSpec, Opaque, TrainingHistory


class Failure(AssertionError):
    """An expectation that does not hold.

    `kind` says in which way, `ordinal` which expectation of the check it was, `received` is the data that
    it failed on, `message` the sentence for a student, `summary` the same without any of the data (for
    checks whose inputs stay hidden), `earned` the part of the points that is granted all the same.
    """

    def __init__(self, kind: str, message: str, received: Any = None, *, summary="", like=None, earned=0.0):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.summary = summary or _in_general(kind)
        self.received = received
        self.like = like
        self.earned = earned
        self.ordinal = running().ordinal


#: What may be said of a failure where the inputs stay hidden. Whatever a submission can choose (its
#: exception, a shape, the name of a type) could carry those inputs out, so nothing of it is repeated.
_IN_GENERAL = {
    "raised": "{function} raised an exception",
    "missing": "there is no function called {function} in the file",
    "none": "{subject} is None: is a `return` missing?",
    "type": "{subject} is of the wrong type",
    "empty": "{subject} is empty",
    "shape": "{subject} has the wrong shape",
    "dtype": "{subject} has the wrong dtype",
    "not_finite": "{subject} is not finite",
    "values": "{subject} has wrong values",
    "bound": "{subject} is beyond its bound",
    "parameters": "the model has a wrong number of weights",
    "optimizer": "the model is compiled with another optimizer than the text asks for",
    "outputs": "with the same weights the model computes other outputs than it should",
    "loss": "the model is compiled with another loss than the text asks for",
    "gradient": "nothing can be learned from the compiled loss",
    "model": "the grader cannot rebuild the model",
    "changed": "an argument was changed in place; work on a copy",
    "inputs": "the model does not take the inputs that it should",
    "noise": "the model's noise in training is not what it should be",
    "compile": "the model is not compiled",
    "architecture": "the model's layers are not those that the text asks for",
}


def _in_general(kind: str) -> str:
    sentence = _IN_GENERAL.get(kind, "{subject} does not have a property that the text asks for")
    return sentence.format(function=running().function or "the file", subject=subject(""))


@dataclass
class Examination:
    """A check while it is carried out: which expectation it has come to, who answered last, and what."""

    ordinal: int = 0
    function: str = ""
    answer: Any = None


_running: ContextVar[Examination | None] = ContextVar("examination", default=None)


@contextmanager
def examining() -> Iterator[Examination]:
    """While a check is carried out: its expectations are counted from one, and messages are about its answers."""
    examination = Examination()
    token = _running.set(examination)
    try:
        yield examination
    finally:
        _running.reset(token)


def running() -> Examination:
    """The check that is carried out; where there is none, one that nobody looks at."""
    return _running.get() or Examination()


Arguments, Result = ParamSpec("Arguments"), TypeVar("Result")


def expectation(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Make a function an expectation: each call counts as one more of the check that is carried out.

    By its number a failure is told from the failure of another expectation, also where a known mistake fails.
    """

    @wraps(function)
    def counted(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        running().ordinal += 1
        return function(*args, **kwargs)

    return counted


def subject(what: str) -> str:
    """What a message is about: the words of the check's author, or the function that answered last."""
    if what:
        return what
    function = running().function
    return f"the answer of {function}" if function else "the answer"


def distance(student: Failure, known: Failure) -> float | None:
    """How far two failures are apart, 0 for equal data; None when they are not the same mistake."""
    if (student.kind, student.ordinal) != (known.kind, known.ordinal):
        return None
    return _apart(student.received, known.received, known.like)


def _apart(a: Any, b: Any, like: float | None) -> float | None:
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and not (_flat(a) and _flat(b)):
        if len(a) != len(b):
            return None
        parts = [_apart(x, y, like) for x, y in zip(a, b, strict=True)]
        return None if any(part is None for part in parts) else max(parts, default=0.0)
    if isinstance(a, dict) and isinstance(b, dict):
        return _apart(list(a.values()), list(b.values()), like) if a.keys() == b.keys() else None
    if isinstance(a, ModelSpec) and isinstance(b, ModelSpec):
        same = [(layer.kind, layer.arguments) for layer in a.layers] == [
            (x.kind, x.arguments) for x in b.layers
        ]
        return 0.0 if same and a.problem == b.problem else None
    if isinstance(a, TrainingHistory) and isinstance(b, TrainingHistory):
        return 0.0 if (a.epoch, a.history.keys()) == (b.epoch, b.history.keys()) else None
    if isinstance(a, _UNMEASURED) or isinstance(b, _UNMEASURED):
        return 0.0 if type(a) is type(b) and a == b else None
    return _numbers_apart(a, b, like)


_UNMEASURED = (str, Opaque, type(None), ModelSpec, TrainingHistory, dict)


def _flat(value: Any) -> bool:
    return all(isinstance(item, (int, float, bool)) for item in value)


def _numbers_apart(a: Any, b: Any, like: float | None) -> float | None:
    try:
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
            return None
    except ValueError:  # ragged lists
        return None
    # an integer answer is not the same mistake as a fractional one
    kinds = {"b": "i", "i": "i", "u": "i", "f": "f", "c": "c"}
    if a.size == 0:
        return 0.0
    wide = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    x, y = a.astype(wide), b.astype(wide)
    finite = np.isfinite(x) & np.isfinite(y)
    if not np.array_equal(np.where(finite, 0, x), np.where(finite, 0, y), equal_nan=True):
        return None
    error = np.abs(np.where(finite, x - y, 0))
    scale = np.max(np.abs(np.where(finite, y, 0)), initial=0.0)
    allowed = like if like is not None else 1e-4 * np.abs(np.where(finite, y, 0)) + 1e-5 * scale + 1e-9
    if not np.all(error <= allowed):
        return None
    precision = 0.0 if a.dtype == b.dtype else 1e-3 if kinds[a.dtype.kind] == kinds[b.dtype.kind] else 2e-3
    return float(np.max(error) / (scale or 1.0)) + precision
