"""`labkit selftest`: proves that a lab's checks tell right from wrong.

The starter earns nothing, the reference everything, every variant all points of its question, and every
known mistake loses points and is called by its name.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from labkit.author.problems import VARIANTS, solution_of
from labkit.author.starter import starter
from labkit.check import catalogue
from labkit.check.answers import Live
from labkit.check.catalogue import MISCONCEPTIONS
from labkit.check.collect import carry_out, collect
from labkit.check.parties import InWorker
from labkit.check.run import Run
from labkit.course import CourseError, Lab
from labkit.lesson.source import read_text
from labkit.lesson.submission import without_explore_cells
from labkit.record import CheckResult, tally


@dataclass(frozen=True)
class Trial:
    """One submission of the self-test: what was tried, what it earned, and whether that is right."""

    kind: str
    name: str
    question: str
    points: float
    max_points: float
    named: str | None
    good: bool
    remark: str = ""


class _SharedWorkerRun(Run):
    """A run on trusted code, for which one worker serves all trials: a fresh one each would take minutes."""

    def __init__(self, worker: InWorker, cells: list[list[str]], answers: Live, salt: bytes):
        self.worker = worker
        super().__init__(cells, answers, salt)

    def __post_init__(self) -> None:
        self.student = self.worker
        self.student.cells = self.cells
        report = self.student.load()
        problems = [*report["notes"], *([report["fatal"]] if report["fatal"] else [])]
        if problems:  # a file that does not load would prove nothing
            raise CourseError(problems[0])


def selftest(
    lab: Lab,
    salt: bytes | None = None,
    question: str | None = None,
    finished: Callable[[Trial], None] = lambda trial: None,
) -> list[Trial]:
    """Carry out every trial of a lab; `finished` hears of each."""
    folder = solution_of(lab)
    salt = salt or secrets.token_bytes(16)
    live, worker, trials = Live(lab), InWorker([], keras=lab.uses_keras(), threads=lab.threads), []
    master, checks = read_text(lab.source), collect(folder / "test_lab.py")

    def tried(cells: list[list[str]], only: str | None) -> list[CheckResult]:
        run = _SharedWorkerRun(worker, cells, live, salt)
        carry_out(run, checks, only and (only,))
        if run.broken:
            raise CourseError(f"{lab.name}: {run.broken[0]}")
        return run.results

    def report(trial: Trial) -> None:
        trials.append(trial)
        finished(trial)

    try:
        blank = [["lab.py", without_explore_cells(starter(master))]]
        report(_starter_trial(tried(blank, question)))
        report(
            _full_trial(
                "reference", "reference", question or "", tried(catalogue.reference_cells(lab), question)
            )
        )
        for entry in catalogue.read_catalogue(lab, VARIANTS):
            if question in (None, entry.question):
                results = tried(catalogue.cells_with(lab, VARIANTS, entry), entry.question)
                report(_full_trial("variant", entry.name, entry.question, results))
        for entry in catalogue.read_catalogue(lab, MISCONCEPTIONS):
            if question in (None, entry.question):
                results = tried(catalogue.cells_with(lab, MISCONCEPTIONS, entry), entry.question)
                report(_mistake_trial(entry, results))
    finally:
        worker.close()
    return trials


def _starter_trial(results: list[CheckResult]) -> Trial:
    earned, maximum = tally(results)
    return Trial("starter", "starter", "", earned, maximum, None, earned == 0 and maximum > 0)


def _full_trial(kind: str, name: str, question: str, results: list[CheckResult]) -> Trial:
    earned, maximum = tally(results)
    lost = next((f"{c.id}: {c.message}" for c in results if not c.verdict.passed), "")
    return Trial(kind, name, question, earned, maximum, None, not lost and maximum > 0, lost)


def _mistake_trial(entry: catalogue.Entry, results: list[CheckResult]) -> Trial:
    earned, maximum = tally(results)
    names = {check.misconception.id for check in results if check.misconception}
    named = entry.name if entry.name in names else next(iter(sorted(names)), None)
    failed = next((f"{c.id}: {c.message}" for c in results if not c.verdict.passed), "no check fails on it")
    return Trial("mistake", entry.name, entry.question, earned, maximum, named, earned < maximum, failed)


def unnamed(trials: list[Trial]) -> list[Trial]:
    """The known mistakes that were not called by their name."""
    return [trial for trial in trials if trial.kind == "mistake" and trial.named != trial.name]


def passes(trials: list[Trial], share_named: float = 0.95) -> bool:
    """Whether every trial is right and enough of the known mistakes were named."""
    mistakes = [trial for trial in trials if trial.kind == "mistake"]
    enough = len(unnamed(trials)) <= (1 - share_named) * len(mistakes)
    return all(trial.good for trial in trials) and enough
