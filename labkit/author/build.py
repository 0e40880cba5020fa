"""`labkit build`: writes a lab's folder for students from the solution, or says what is stale."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from labkit.author.starter import public_checks, starter
from labkit.check import catalogue
from labkit.check.answers import MISCONCEPTIONS, Live, Recorder, Tables, read_arrays
from labkit.check.marks import Marks
from labkit.check.parties import InProcess, Transport
from labkit.check.run import CheckResult, Run
from labkit.grade.batch import write_atomically
from labkit.grade.one import run_checks
from labkit.labs import CourseError, Lab
from labkit.worker import warm

RECORDED = "recorded.npz"


def build(lab: Lab, folder: Path, progress: Callable[[str], None] = lambda check: None) -> None:
    """Write the starter, the public checks and the recorded answers of a lab into a folder."""
    if lab.solution is None:
        raise CourseError(f"{lab.name} has no solution to build from.")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "lab.py", starter(lab.source.read_text(encoding="utf-8"), str(lab.source)))
    checks = lab.solution / "test_lab.py"
    write_atomically(folder / "test_lab.py", public_checks(checks.read_text(encoding="utf-8"), str(checks)))
    _record(lab, folder / "test_lab.py", progress).write(folder / RECORDED)


def stale(lab: Lab, progress: Callable[[str], None] = lambda check: None) -> list[str]:
    """What in the lab's folder differs from what `build` would write, a sentence each."""
    with TemporaryDirectory() as name:
        fresh = Path(name)
        build(lab, fresh, progress)
        problems = []
        for file in ("lab.py", "test_lab.py"):
            old = lab.handout / file
            if not old.is_file() or old.read_bytes() != (fresh / file).read_bytes():
                problems.append(f"{old} is not what {lab.solution} gives; run `labkit build`.")
        old = lab.handout / RECORDED
        if not old.is_file() or not _same_recording(old, fresh / RECORDED):
            problems.append(f"{old} does not hold the answers of today's solution; run `labkit build`.")
        for extra in sorted(lab.handout.glob("*")) if lab.handout.is_dir() else []:
            if not extra.name.startswith("__") and not (fresh / extra.name).exists():
                problems.append(f"{extra} does not come from the solution; remove it.")
        return problems


class _RecordingRun(Run):
    """Carries checks out on the reference and on every known mistake, and keeps what they answer."""

    def __init__(self, lab: Lab, tables: Tables, live: Live):
        self.tables = tables
        self.live = live
        super().__init__([list(cell) for cell in catalogue.reference_cells(lab)], live)
        self.close()  # only trusted code runs here, in this process

    def perform(self, name: str, title: str, marks: Marks, body, given: dict[str, Any]) -> CheckResult:
        if marks.uses_keras:
            warm()
        recorder: list[Recorder] = []

        class Recording:
            @staticmethod
            def reference(check: str, seed: int) -> Transport:
                recorder.append(Recorder(self.live.reference(check, seed)))
                return recorder[-1]

        self.answers = Recording
        student = InProcess(self.cells)
        student.ask("begin", seed=self.seed(name))
        failure = self._attempt(name, body, given, student)
        if failure is not None:
            raise CourseError(f"{name} fails on the reference itself: {failure.message}")
        self.tables.add_answers(name, recorder[0].replies if recorder else [])

        attempt = partial(self._attempt_quietly, name, body, given)
        for mistake in self.live.mistakes(name, marks.question, self.seed(name), attempt):
            self.tables.add_mistake(name, mistake)
        return CheckResult(name, marks.question, title, "passed", marks.points, marks.points)


def _record(lab: Lab, test_file: Path, progress: Callable[[str], None]) -> Tables:
    catalogue.read_catalogue(lab, MISCONCEPTIONS)
    totals = {question.id: 0.0 for question in lab.questions}
    for check in lab.checks:
        totals[check.question] = totals.get(check.question, 0.0) + check.points
    questions = [{"id": q.id, "title": q.title, "points": totals[q.id]} for q in lab.questions]
    tables = Tables(questions)
    run_checks(_RecordingRun(lab, tables, Live(lab)), test_file, None, progress)
    return tables


def _same_recording(old: Path, new: Path) -> bool:
    try:
        (index, arrays), (fresh_index, fresh_arrays) = read_arrays(old), read_arrays(new)
    except (OSError, ValueError, KeyError):
        return False
    same = _same(index, fresh_index) and len(arrays) == len(fresh_arrays)
    return same and all(_close(a, b) for a, b in zip(arrays, fresh_arrays, strict=True))


def _same(a: Any, b: Any) -> bool:
    """Equal data; numbers may differ as they do between two processors."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-5)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return a == b


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=a.dtype.kind in "fc"))
