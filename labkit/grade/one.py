"""One submission: run its lab's checks and write down what they decide."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pytest

from labkit.check import marks, plugin
from labkit.check.answers import Live, recorded_answers
from labkit.check.run import CheckResult, Run
from labkit.course import Lab
from labkit.errors import LabkitError
from labkit.lesson.checks import CheckInfo
from labkit.lesson.submission import Submission
from labkit.record.record import Record
from labkit.text import inert
from labkit.worker import Plan

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Graded:
    """What came of one submission: its record, what it printed, and checks that are themselves at fault."""

    record: Record
    output: str = ""
    faults: tuple[str, ...] = ()


class GraderFailed(LabkitError):
    """A check is at fault, not the submission; the message names it."""


@lru_cache(maxsize=8)
def live_answers(lab: Lab) -> Live:
    """The solution of a lab, loaded once in this process."""
    return Live(lab)


def grade_submission(
    submission: Submission,
    lab: Lab,
    salt: bytes,
    progress: Progress = lambda title: None,
    plan: Plan | None = None,
) -> Graded:
    """Grade against the live solution with inputs drawn from the salt, behind the isolation of the plan."""
    run = _live_run(submission, lab, salt, plan)
    return _carry_out(
        run, submission, lab, lab.solution, hashlib.sha256(salt).hexdigest()[:12], None, progress
    )


def regrade_checks(
    submission: Submission,
    lab: Lab,
    salt: bytes,
    only: Iterable[str],
    kept: Graded,
    progress: Progress = lambda title: None,
    plan: Plan | None = None,
) -> Graded:
    """Grade some checks anew and keep the other results of an earlier grading of the same file.

    `only` are names of checks or questions. Made anew are all checks of their questions, of questions that need
    those, and those that the earlier record does not have.
    """
    earlier = {check.id: check for check in kept.record.checks}
    wanted = set(only)
    questions = {
        info.question
        for info in lab.checks
        if info.question in wanted or info.name in wanted or info.name not in earlier
    }
    run = _live_run(submission, lab, salt, plan)
    run.results = [earlier[info.name] for info in lab.checks if info.name in earlier]
    salt_id = hashlib.sha256(salt).hexdigest()[:12]
    graded = _carry_out(run, submission, lab, lab.solution, salt_id, tuple(questions), progress, True)
    order = {info.name: number for number, info in enumerate(lab.checks)}
    record = replace(
        graded.record,
        checks=tuple(sorted(graded.record.checks, key=lambda check: order[check.id])),
        notes=tuple(dict.fromkeys((*kept.record.notes, *graded.record.notes))),
    )
    return Graded(record, kept.output, graded.faults)


def _live_run(submission: Submission, lab: Lab, salt: bytes, plan: Plan | None) -> Run:
    cells = [list(cell) for cell in submission.cells]
    return Run(cells, live_answers(lab), salt, submission.sha256, plan, lab.uses_keras(), lab.threads)


def check_submission(
    submission: Submission, lab: Lab, question: str | None = None, progress: Progress = lambda title: None
) -> Graded:
    """Run the public checks with recorded answers, of one question or all."""
    cells = [list(cell) for cell in submission.cells]
    run = Run(cells, recorded_answers(lab.handout), keras=lab.uses_keras(question), threads=lab.threads)
    return _carry_out(run, submission, lab, lab.handout, None, (question,) if question else None, progress)


def unreadable(name: str, lab: Lab | None, problem: str, salt: bytes, plan: Plan) -> Record:
    """The record of a file that could not be read: no points, and the reason as a note."""
    checks = tuple(_not_run(info) for info in (lab.checks if lab else ()))
    return Record(
        name,
        lab.name if lab else "",
        checks,
        (inert(problem, 600),),
        plan.layers,
        hashlib.sha256(salt).hexdigest()[:12],
    )


def _carry_out(
    run: Run, submission: Submission, lab: Lab, folder: Path, salt_id, questions, progress, dependents=False
) -> Graded:
    try:
        run_checks(run, folder / "test_lab.py", questions, progress, dependents)
    finally:
        run.close()
    notes = [*submission.notes, *([run.fatal] if run.fatal else []), *run.notes]
    notes = list(dict.fromkeys(notes))
    record = Record(
        submission.name, lab.name, tuple(run.results), tuple(notes), run.student.plan.layers, salt_id
    )
    return Graded(record, run.output, tuple(run.broken))


def run_checks(
    run: Run,
    test_file: Path,
    questions: Iterable[str] | None = None,
    progress: Progress = lambda title: None,
    dependents: bool = False,
) -> None:
    """Have pytest collect a lab's checks and carry them out on a run; results are in `run.results`.

    With `dependents` the questions that need one of `questions` are among them, and results that the run has
    already are kept for the others.
    """
    injected = _Injected(run, None if questions is None else set(questions), progress, dependents)
    options = ["-c", os.devnull, "--rootdir", str(test_file.parent), "--confcutdir", str(test_file.parent)]
    options += ["--disable-plugin-autoload", "--import-mode=importlib", "--assert=plain", "--capture=no"]
    options += ["-o", "addopts=", "-p", "labkit.check.plugin"]
    for unwanted in ("cacheprovider", "terminal", "unraisableexception", "threadexception"):
        options += ["-p", f"no:{unwanted}"]  # the last two collect garbage for most of a second
    arguments = [str(test_file), *options]
    # what pytest itself prints belongs to nobody; errors in a test file reach us through `injected`
    with contextlib.redirect_stdout(io.StringIO()), _without_bytecode():
        pytest.main(arguments, plugins=[injected])
    for name, module in list(
        sys.modules.items()
    ):  # every lab has a test_lab.py: the next one is another module
        if getattr(module, "__file__", None) == str(test_file):
            del sys.modules[name]
    run.results.sort(key=lambda result: (injected.order + [result.id]).index(result.id))
    if injected.interrupted:  # pytest ends in good order, as if the checks so far were all
        raise KeyboardInterrupt
    if injected.problems:
        raise GraderFailed(f"{test_file} cannot be run: {injected.problems[0]}")


@contextlib.contextmanager
def _without_bytecode() -> Iterator[None]:
    """Nothing is written into the course's folder."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


class _Injected:
    """Hands the run to the plugin, keeps the checks of the wanted questions, hears of errors in the test file."""

    def __init__(self, run: Run, questions: set[str] | None, progress: Progress, dependents: bool):
        self.run = run
        self.dependents = dependents
        self.interrupted = False
        self.questions = questions
        self.progress = progress
        self.problems: list[str] = []
        self.order: list[str] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[plugin.RUN] = self.run

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.order = [item.name for item in items]
        if self.questions is not None:
            if self.dependents:
                _add_dependents(items, self.questions)
                self.run.results[:] = [r for r in self.run.results if r.question not in self.questions]
            items[:] = [item for item in items if _question(item) in self.questions]
        items[:] = _hidden_last(items)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo) -> None:
        self.interrupted = excinfo.type is KeyboardInterrupt

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.progress(nodeid.rsplit("::", 1)[-1])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.problems.append(str(report.longrepr)[-500:])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.problems.append(f"{report.nodeid}: {str(report.longrepr)[-500:]}")


def _question(item: pytest.Item) -> str | None:
    mark = item.get_closest_marker("question")
    return mark.args[0] if mark else None


def _hidden_last(items: list[pytest.Item]) -> list[pytest.Item]:
    """The checks with the hidden ones as late as those allow that need their questions.

    After a hidden check the next public one gets a fresh worker, which takes its time.
    """
    ordered, hidden = [], []
    for item in items:
        read = marks.read(item)
        if read is not None and read.hidden:
            hidden.append(item)
            continue
        if read is not None and {_question(waiting) for waiting in hidden} & set(read.needs):
            ordered += hidden
            hidden = []
        ordered.append(item)
    return ordered + hidden


def _add_dependents(items: list[pytest.Item], questions: set[str]) -> None:
    """Add the questions whose checks wait for one of these, and what waits for those."""
    known = [read for item in items if (read := marks.read(item)) is not None]
    while more := {read.question for read in known if questions & set(read.needs)} - questions:
        questions |= more


def _not_run(info: CheckInfo) -> CheckResult:
    return CheckResult(
        info.name,
        info.question,
        info.title,
        "not_run",
        0,
        info.points,
        info.hidden,
        "the file could not be read",
    )
