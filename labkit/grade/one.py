"""One submission: run its lab's checks and write down what they decide."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

from labkit.check import plugin
from labkit.check.answers import Live, Recorded
from labkit.check.run import CheckResult, Run
from labkit.grade.record import Record
from labkit.labs import CheckInfo, CourseError, Lab
from labkit.submissions import Submission
from labkit.text import inert
from labkit.worker import Plan

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Graded:
    """What came of one submission: its record, what it printed, and checks that are themselves at fault."""

    record: Record
    output: str = ""
    faults: tuple[str, ...] = ()


class GraderFailed(Exception):
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
    cells = [list(cell) for cell in submission.cells]
    run = Run(cells, live_answers(lab), salt, submission.sha256, plan, lab.uses_keras())
    return _carry_out(
        run, submission, lab, lab.solution, hashlib.sha256(salt).hexdigest()[:12], None, progress
    )


def check_submission(
    submission: Submission, lab: Lab, question: str | None = None, progress: Progress = lambda title: None
) -> Graded:
    """Run the public checks with recorded answers, of one question or all."""
    recorded = lab.handout / "recorded.npz"
    if not recorded.is_file():
        raise CourseError(
            f"{recorded} is missing. Get the lab's folder anew, or run `labkit build` as its author."
        )
    cells = [list(cell) for cell in submission.cells]
    run = Run(cells, Recorded(recorded), keras=lab.uses_keras(question))
    return _carry_out(run, submission, lab, lab.handout, None, question, progress)


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


def _carry_out(run: Run, submission: Submission, lab: Lab, folder: Path, salt_id, question, progress):
    try:
        run_checks(run, folder / "test_lab.py", question and (question,), progress)
    finally:
        run.close()
    notes = [*submission.notes, *([run.fatal] if run.fatal else []), *run.notes]
    notes = list(dict.fromkeys(notes))
    record = Record(
        submission.name, lab.name, tuple(run.results), tuple(notes), run.student.plan.layers, salt_id
    )
    return Graded(record, run.output, tuple(run.broken))


def run_checks(
    run: Run, test_file: Path, questions: Iterable[str] | None = None, progress: Progress = lambda title: None
) -> None:
    """Have pytest collect a lab's checks and carry them out on a run; results are in `run.results`."""
    injected = _Injected(run, set(questions) if questions else None, progress)
    arguments = [
        str(test_file),
        *("-c", os.devnull, "--rootdir", str(test_file.parent), "--confcutdir", str(test_file.parent)),
        *(
            "--disable-plugin-autoload",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:terminal",
            "-p",
            "labkit.check.plugin",
        ),
        *("--import-mode=importlib", "--assert=plain", "--capture=no", "-o", "addopts="),
    ]
    # what pytest itself prints belongs to nobody; errors in a test file reach us through `injected`
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(arguments, plugins=[injected])
    for name, module in list(
        sys.modules.items()
    ):  # every lab has a test_lab.py: the next one is another module
        if getattr(module, "__file__", None) == str(test_file):
            del sys.modules[name]
    if injected.problems:
        raise GraderFailed(f"{test_file} cannot be run: {injected.problems[0]}")


class _Injected:
    """Hands the run to the plugin, keeps the checks of the wanted questions, hears of errors in the test file."""

    def __init__(self, run: Run, questions: set[str] | None, progress: Progress):
        self.run = run
        self.questions = questions
        self.progress = progress
        self.problems: list[str] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[plugin.RUN] = self.run

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.questions is not None:
            items[:] = [item for item in items if _question(item) in self.questions]

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
