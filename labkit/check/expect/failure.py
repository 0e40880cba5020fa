"""A failed expectation as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from labkit.record.figure import Figure


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
        #: what came, what should have come, and what sizes mean: for `find_relation`
        self.compared: tuple[Any, Any] | None = None
        self.sizes: Mapping[int, str] = running().sizes


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
    "changed": "{function} changes an argument in place; work on a copy",
    "defaults": "a default value in the signature of {function} is not the one that the text states",
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
    """A check while it is carried out: which expectation it has come to, who answered last, and what.

    `sizes` names the sizes of what that function was given, such as `{12: "the number of rows"}`. `judged` says that
    an answer was looked at, and not only what became of its arguments: a function that does nothing leaves those alone.
    `measured` has every number that was compared with a bound, (what, number, bound).
    `figures` are what `labkit.check.measured` drew. `remark` is what there is to say where all holds.
    """

    ordinal: int = 0
    judged: bool = False
    remark: str = ""
    function: str = ""
    answer: Any = None
    sizes: Mapping[int, str] = field(default_factory=dict)
    measured: list[tuple[str, float, float]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


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


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def expectation(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Make a function an expectation: each call counts as one more of the check that is carried out.

    By its number a failure is told from the failure of another expectation, also where a known mistake fails.
    """

    return _counted(function, judges=True)


def side_condition(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """An expectation that also holds for a function that does nothing: it counts together with a right answer alone."""
    return _counted(function, judges=False)


def _counted(function: Callable[Arguments, Result], judges: bool) -> Callable[Arguments, Result]:
    @wraps(function)
    def counted(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        examination = running()
        examination.ordinal += 1
        examination.judged |= judges
        return function(*args, **kwargs)

    return counted


def comparison(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """An expectation of what came and what should have come: a failure keeps both, for `find_relation`."""

    @expectation
    @wraps(function)
    def kept(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except Failure as failure:
            received, expected = [*args, *kwargs.values()][:2]
            failure.compared = received, expected
            raise

    return kept


def subject(what: str) -> str:
    """What a message is about: the words of the check's author, or the function that answered last."""
    if what:
        return what
    function = running().function
    return f"the answer of {function}" if function else "the answer"
