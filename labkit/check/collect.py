"""The checks of a lab as functions, and the order in which they are carried out on a submission.

A `test_lab.py` is the instructor's own: it runs in this process, in a module of its own that nothing else can
import, and nothing is written beside it. Its functions are carried out here by the grader, and by the pytest
plugin where a student has an editor run the file; both hand each check to the same `Run`.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from labkit.check import quiz
from labkit.errors import LabkitError
from labkit.lesson.checks import FIXTURES, CheckInfo, read_checks
from labkit.record import CheckResult

Progress = Callable[[str], None]


class FaultyCheck(LabkitError):
    """A check is at fault, not the submission; the message names it."""


@dataclass(frozen=True)
class Check:
    """What a check says of itself, and the function that carries it out."""

    info: CheckInfo
    body: Callable[..., Any]

    @property
    def fixtures(self) -> tuple[str, ...]:
        """The names of what the function asks for: student, reference, rng, mnist."""
        return tuple(inspect.signature(self.body).parameters)


class Performs(Protocol):
    """Whatever carries checks out one by one: a run on a submission, a recording of the reference."""

    results: list[CheckResult]
    checks: dict[str, Check]

    def perform(self, check: Check) -> CheckResult: ...

    def name_mistakes(self) -> None: ...


def collect(test_file: Path) -> tuple[Check, ...]:
    """The checks of a file in order, and after them those of the quiz that lies beside it.

    Each call runs the file anew: what it keeps of one submission does not reach the next. Raises SourceError,
    FaultyCheck.
    """
    infos = read_checks(test_file)
    functions = _run_file(test_file)
    checks = [Check(info, functions[info.name]) for info in infos]
    for check in checks:
        for name in check.fixtures:
            if name not in FIXTURES:
                raise FaultyCheck(f"{test_file}: {check.info.name} asks for {name}, which no check is given.")
    return (*checks, *(Check(info, body) for info, body in quiz.checks(test_file.parent)))


def carry_out(
    run: Performs,
    checks: Iterable[Check],
    only: Iterable[str] | None = None,
    progress: Progress = lambda name: None,
) -> None:
    """Carry out some checks, by their names or questions, or all; `run.results` are then in the order of the checks.

    Results that the run has already stay. Raises FaultyCheck where a check cannot be carried out on this machine.
    """
    checks = tuple(checks)
    chosen = None if only is None else set(only)
    wanted = [c for c in checks if chosen is None or {c.info.name, c.info.question} & chosen]
    run.checks.update({check.info.name: check for check in checks})
    # what known mistakes print, and their warnings, belong to nobody
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for check in _hidden_last(wanted):
            progress(check.info.name)
            try:
                run.perform(check)
            except LabkitError:
                raise
            except Exception as error:
                raise FaultyCheck(
                    f"{check.info.name} cannot be carried out: {type(error).__name__}: {error}"
                ) from error
        run.name_mistakes()
    place = {check.info.name: number for number, check in enumerate(checks)}
    run.results.sort(key=lambda result: place.get(result.id, len(place)))


def with_dependents(infos: Iterable[CheckInfo], questions: Iterable[str]) -> set[str]:
    """These questions, those whose checks wait for one of them, and what waits for those."""
    found, infos = set(questions), list(infos)
    while more := {info.question for info in infos if found & set(info.needs)} - found:
        found |= more
    return found


def _hidden_last(checks: list[Check]) -> Iterator[Check]:
    """The checks with the hidden ones as late as those allow that need their questions.

    After a hidden check the next public one gets a fresh worker, which takes its time.
    """
    hidden: list[Check] = []
    for check in checks:
        if check.info.hidden:
            hidden.append(check)
            continue
        if {waiting.info.question for waiting in hidden} & set(check.info.needs):
            yield from hidden
            hidden = []
        yield check
    yield from hidden


def _run_file(path: Path) -> dict[str, Callable[..., None]]:
    """What the file defines, by name."""
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module  # a dataclass looks its module up while it is made
    try:
        exec(_compiled(path.read_bytes(), str(path)), vars(module))
    except (Exception, SystemExit) as error:
        raise FaultyCheck(f"{path}:{_line(error, path)}: {type(error).__name__}: {error}") from error
    finally:
        if before is None:
            del sys.modules[module.__name__]
        else:
            sys.modules[module.__name__] = before
    return vars(module)


@lru_cache(maxsize=32)
def _compiled(source: bytes, name: str) -> types.CodeType:
    return compile(source, name, "exec", dont_inherit=True)


def _line(error: BaseException, path: Path) -> int:
    """Where in the file it happened."""
    places = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return places[-1] or 1 if places else 1
