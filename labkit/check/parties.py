"""Whom a check talks to: the student's code in a worker, and the reference.

Both are a `Party`: `party.softmax(logits)` sends data and returns data. Behind it stands a transport that
answers requests: a worker process, a session in this process (trusted code only), or recorded answers.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Container, Sequence
from typing import Any, Protocol

import numpy as np
from threadpoolctl import ThreadpoolController

from labkit.check.advice import advice
from labkit.check.defaults import Defaults, wrong_default
from labkit.check.expect.failure import Examination, Failure, running
from labkit.check.located import located
from labkit.course import CourseError
from labkit.text import inert, one_line
from labkit.worker import (
    Handle,
    Limits,
    ModelSpec,
    Plan,
    Session,
    Worker,
    WorkerFailed,
    strongest_plan,
)
from labkit.worker.launch import THREADS
from labkit.worker.objects import described
from labkit.worker.process import Midway
from labkit.worker.tree import crossed

_GRACE = 2.0  # seconds beyond its limit, in which a call should have stopped by itself
STATEMENT_SECONDS = 10.0  # for one statement of the file
LOAD_SECONDS = 60.0  # for loading a file, and for all that is spent on loading it again


class ReferenceFailed(Failure):
    """The reference did not answer: because of what it was given, a student's answer, or because the check is wrong."""


class NotAttempted(Exception):
    """The function, or another one that it calls, still raises NotImplementedError."""

    def __init__(self, function: str, where: dict[str, Any] | None, called: str = ""):
        super().__init__(function)
        self.summary = f"{called} is not written yet" if called else f"{function} is not written yet"
        more = f"{function} calls {called}, which is not written yet" if called else self.summary
        self.sentence = f"{more}; {located(called or function, where)}" if where else more


#: Answers for a function: its name, its arguments; with what `Session.handle` would, or "refused".
Lend = Callable[[str, list, dict], dict[str, Any]]


class Transport(Protocol):
    """Answers one request with what Session.handle would."""

    def ask(self, verb: str, **request: Any) -> dict[str, Any]: ...


class Examinee(Transport, Protocol):
    """A transport that a run of checks prepares for each of them; see `InWorker`."""

    cells: list[list[str]]
    plan: Plan
    #: functions that are answered by somebody else, and who answers; who hears how far a training is
    lent: frozenset[str]
    lend: Lend | None
    hear: Callable[[int, int], None] | None

    def load(self) -> dict[str, Any]: ...

    def begin(self, seed: int, seconds: float | None, keras: bool) -> None: ...

    def renew(self) -> None: ...

    def close(self) -> None: ...

    @property
    def output(self) -> str: ...


class Party:
    """Functions of a submission, called by name; see `hold` and `fetch` for things that stay with it.

    Of the functions in `keeps`, a call must leave its arguments as they are; those in `defaults` must have the same
    default values, which is looked at once each has answered. A Failure says what is not so. Those that are `asked` are
    not taken for a misspelt name of another one.
    """

    def __init__(
        self,
        transport: Transport,
        on_note: Callable[[str], None] = lambda note: None,
        is_watched: bool = True,
        keeps: Collection[str] = (),
        defaults: Defaults | None = None,
        asked: Container[str] = (),
    ):
        self._transport = transport
        self._keeps = keeps
        self._asked = asked
        self._defaults = dict(defaults or {})
        self._is_watched = is_watched
        self._on_note = on_note
        self._shapes: dict[int, tuple[int, ...]] = {}  # of the arrays that are held

    def __getattr__(self, function: str) -> Callable[..., Any]:
        if function.startswith("_"):
            raise AttributeError(function)
        return lambda *args, **kwargs: self._call(function, args, kwargs)

    def hold(self, value: Any) -> Handle:
        """Send a value once and keep it there; the handle stands for it in later calls."""
        held = self._value("hold", self._transport.ask("hold", value=value))
        if isinstance(value, np.ndarray) and isinstance(held, Handle):
            self._shapes[held.id] = value.shape
        return held

    def fetch(self, held: Handle | ModelSpec) -> Any:
        """The present state of what is held, or of a model that was answered: after a call, after training."""
        return self._value("fetch", self._transport.ask("fetch", held=_handle(held)))

    def assign(self, model: Handle | ModelSpec, weights: list[np.ndarray]) -> None:
        """Give a model that stays there other weights, in Keras' order: shows which models share layers."""
        self._transport.ask("assign", held=_handle(model), weights=list(weights))

    def _call(self, function: str, args: tuple, kwargs: dict) -> Any:
        # what the reference answers is nobody's to be told of
        examination = running() if self._is_watched else Examination()
        examination.function, examination.answer = function, None
        examination.sizes = self._sizes(args, kwargs)
        reply = self._transport.ask("call", function=function, args=list(args), kwargs=kwargs)
        status = reply.get("status")
        failure = Failure if self._is_watched else ReferenceFailed
        if status == "not_attempted" and self._is_watched:
            by = one_line(reply.get("by") or function, 60)
            raise NotAttempted(function, reply.get("where"), by if by != function else "")
        if status in ("missing", "not_attempted"):
            similar = None if reply.get("similar") in self._asked else reply.get("similar")
            raise failure("missing", _missing(function, similar, reply.get("where")), function)
        if status == "raised":
            raise failure("raised", *_raised(function, reply))
        examination.answer = self._value(function, reply)
        if function in self._keeps and reply.get("changed"):
            names = " and ".join(one_line(name, 40) for name in reply["changed"][:3])
            raise Failure("changed", f"{function} changes its argument {names} in place; work on a copy")
        if function in self._defaults:
            self._expect_defaults(function)
        return examination.answer

    def _expect_defaults(self, function: str) -> None:
        own = self._transport.ask("defaults", function=function).get("value")
        problem = wrong_default(function, self._defaults.pop(function), own or {})
        if problem is not None:
            raise Failure("defaults", problem)

    def _sizes(self, args: tuple, kwargs: dict) -> dict[int, str]:
        """The sizes of what is handed over, each with what it is the size of."""
        found: dict[int, str] = {}
        for given in (*args, *kwargs.values()):
            if isinstance(given, Handle):
                shape = self._shapes.get(given.id, ())
            else:  # a list may hold arrays of several lengths
                shape = given.shape if isinstance(given, np.ndarray) else ()
            if shape:
                found.setdefault(shape[0], "the number of rows")
                found.setdefault(shape[-1], "the number of columns")
                found.setdefault(math.prod(shape[1:]), "the number of values in each row")
                found.setdefault(math.prod(shape), "the number of values")
        for name, given in kwargs.items():
            if type(given) is int:
                found.setdefault(given, name)
        return {size: what for size, what in found.items() if size > 1}

    def _value(self, function: str, reply: dict) -> Any:
        for type_name in dict.fromkeys(reply.get("converted", ())):
            name = one_line(type_name, 60)
            article = "an" if name[:1] in "AEIOUaeiou" else "a"
            self._on_note(f"{function} returned {article} {name}; it was read as a NumPy array.")
        return reply.get("value")


def _handle(held: Handle | ModelSpec) -> Handle:
    return held if isinstance(held, Handle) else Handle(held.handle or 0)


def _missing(function: str, similar: Any, where: dict[str, Any] | None) -> str:
    if where:
        return located(function, where)
    sentence = f"there is no function called {function} in the file"
    return f"{sentence}; is {one_line(similar, 60)!r} meant to be it?" if similar else sentence


def _raised(function: str, reply: dict) -> tuple[str, str]:
    """The sentence, and the data by which two exceptions are the same mistake."""
    kind, message = one_line(reply.get("type"), 60), inert(reply.get("message"), 300).strip()
    sentence = f"{function} raised {kind}" + (f": {message}" if message else "")
    if reply.get("place"):
        sentence += f"\n    {one_line(reply['place'], 80)}, line {one_line(reply.get('line'), 8)}"
        sentence += f": {one_line(reply['text'], 120)}" if reply.get("text") else ""
    if where := reply.get("where"):
        sentence += f"\n    {located(reply['unknown'], where)}"
    elif said := advice(message):
        sentence += f"\n{said[0].upper()}{said[1:]}{'' if said.endswith('?') else '.'}"
    return sentence, f"{kind}: {message}"


def _as_bytes(cells: Sequence[Sequence[str]]) -> list[list[Any]]:
    """Cells to be sent, their code as bytes: it may be longer than a text may be, and hold any number of commas."""
    return [
        [label, np.frombuffer(code.encode("utf-8", "replace"), np.uint8), *rest]
        for label, code, *rest in cells
    ]


def stopped(seconds: float, wall: float, reply: dict[str, Any]) -> str:
    """The sentence for a call that took too long."""
    sentence = {
        "idle": f"it did nothing for {seconds:g} seconds and was stopped",
        "wall": f"it did not answer within {wall:g} seconds and was stopped",
    }.get(reply["reason"], f"it used more than the {seconds:g} seconds allowed and was stopped")
    if reply.get("place"):
        place = f"{one_line(reply['place'], 80)}, line {reply['line']}"
        sentence += f"\n    {place}: {one_line(reply['text'], 120)}\n"
    else:
        sentence += ". "
    return f"{sentence}Is there a loop that does not end, or that takes many more steps than it needs?"


class InProcess:
    """A session in this process, for trusted code: the reference, the known mistakes.

    It computes with as many `threads` as a worker does: sums, and what is trained with them, depend on it. Raises
    CourseError where the code does not run.
    """

    def __init__(self, cells: list[list[str]], threads: int = THREADS):
        self.threads = threads
        self.session = Session()
        report = self.session.load(cells)
        if report["fatal"] or report["notes"]:
            problem = (report["fatal"] or report["notes"][0]).removesuffix("; the rest was still run.")
            raise CourseError(f"The instructor's own files do not run: {problem}")
        self._pools = ThreadpoolController()  # of the libraries that the code has loaded

    def ask(self, verb: str, **request: Any) -> dict[str, Any]:
        objects = self.session.objects
        request = crossed({"verb": verb, **request}, described, objects.revive)
        with self._pools.limit(limits=self.threads):
            reply = self.session.handle(request)
        return crossed(reply, objects.instead)


class InWorker:
    """A worker process that is started when it is needed and started anew after it failed.

    `plan` says how it is isolated; without one, as strongly as this machine allows. With `keras` the worker
    has Keras from the start, where this system can fork one that has. It computes with so many `threads`.
    """

    def __init__(
        self,
        cells: list[list[str]],
        plan: Plan | None = None,
        keras: bool = False,
        threads: int = THREADS,
        unrun: list[list[str]] | None = None,
    ):
        self._cells = cells
        self.unrun = unrun or []
        self.keras = keras
        self.threads = threads
        self.plan = plan or strongest_plan()
        self.limits = Limits()
        self.lent: frozenset[str] = frozenset()
        self.lend: Lend | None = None
        self.hear: Callable[[int, int], None] | None = None
        self._worker: Worker | None = None
        self._loading = (
            0.0  # processor seconds spent on loading the file, again after each worker that failed
        )
        self._slow: list[list] = []  # label and line of each statement that takes too long
        self._earlier_output = ""

    @property
    def cells(self) -> list[list[str]]:
        """The submission. Another one has its own time to load."""
        return self._cells

    @cells.setter
    def cells(self, cells: list[list[str]]) -> None:
        self._cells, self._loading, self._slow = cells, 0.0, []

    def prepare(self) -> None:
        """Have a worker wait for a submission, with Keras where it is used. Raises WorkerUnavailable, WorkerFailed."""
        self._worker = Worker(plan=self.plan, keras=self.keras, threads=self.threads)
        self._worker.ready()
        if self.keras:
            self._ask(Limits(90, 300), "warm")

    def load(self) -> dict[str, Any]:
        """Load the submission, in a new worker where there is none, and return what `Session.load` reports.

        What takes too long is left out, and what it did before it was stopped, too: that hangs on the machine.
        """
        while (report := self._load())["slow"]:
            self._slow += report["slow"]
            self._retire()
        return report

    def _load(self) -> dict[str, Any]:
        if self._loading > LOAD_SECONDS:
            raise WorkerFailed("time", "loading the file again and again took too long altogether")
        worker = self._worker or Worker(plan=self.plan, keras=self.keras, threads=self.threads)
        try:
            worker.ready()
        except BaseException:
            worker.close()
            self._worker = None
            raise
        self._worker = worker
        began = worker.processor_seconds
        request: dict[str, Any] = {
            "cells": _as_bytes(self.cells),
            "unrun": _as_bytes(self.unrun),
            "seconds": STATEMENT_SECONDS,
            "skip": self._slow,
        }
        try:
            report = self._ask(Limits(LOAD_SECONDS), "load", **request)
        except WorkerFailed as failed:  # what it used can be seen no more
            self._loading += LOAD_SECONDS if failed.kind == "time" else STATEMENT_SECONDS
            raise
        self._loading += worker.processor_seconds - began
        report.pop("status", None)
        return report

    def renew(self) -> None:
        """End the worker; the next check gets a fresh one."""
        self._retire()

    def begin(self, seed: int, seconds: float | None, keras: bool) -> None:
        """Prepare a check: a live worker, Keras imported where it is used, seeds set, limits for each call."""
        self.limits = Limits() if seconds is None else Limits(seconds)
        if self._worker is None:
            self.load()
        if keras:
            self._ask(Limits(90, 300), "warm")
        self._ask(Limits(30), "begin", seed=seed)

    def ask(self, verb: str, **request: Any) -> dict[str, Any]:
        if verb != "call":
            return self._ask(self.limits, verb, **request)
        seconds = self.limits.seconds  # it stops by itself then, and can say where it was; else it is killed
        how: dict[str, Any] = {
            "seconds": seconds,
            "wall": self.limits.wall_seconds,
            "lent": sorted(self.lent),
            "tells": self.hear is not None,
        }
        reply = self._ask(
            dataclasses.replace(self.limits, grace=_GRACE), verb, midway=self._midway, **request, **how
        )
        if reply.get("status") == "slow":
            self._retire()
            raise WorkerFailed("time", stopped(seconds, self.limits.wall_seconds, reply))
        return reply

    def _ask(self, limits: Limits, verb: str, midway: Midway | None = None, **request: Any) -> dict[str, Any]:
        if self._worker is None:
            raise WorkerFailed("crash", "its worker is gone")
        try:
            return self._worker.ask(limits, midway, verb=verb, **request)
        except WorkerFailed:
            self._retire()
            raise

    def _midway(self, said: dict[str, Any]) -> dict[str, Any] | None:
        if said["status"] == "epoch":
            if self.hear is not None:
                self.hear(said["epoch"], said["epochs"])
            return None
        function = said["function"]
        if self.lend is None or function not in self.lent:
            return {"status": "refused"}
        return self.lend(function, said["args"], said["kwargs"])

    @property
    def output(self) -> str:
        """Everything that the submission printed."""
        return self._earlier_output + (self._worker.output if self._worker else "")

    def _retire(self) -> None:
        if self._worker is not None:
            self._worker.close()  # first: what was printed last is read to its end
            self._earlier_output += self._worker.output
            self._worker = None

    def close(self) -> None:
        """End the worker and everything that it started."""
        self._retire()
