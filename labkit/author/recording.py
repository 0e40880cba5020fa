"""The recorded answers of a lab: what the reference says and how each known mistake fails, for every public check.

Recording runs and trains, which takes up to minutes. So the file keeps a digest of what it was recorded from;
while that stays the same, so do the answers.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import platform
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from labkit.check import catalogue
from labkit.check.answers import MISCONCEPTIONS, Live, Recorder, Tables, read_arrays
from labkit.check.collect import Check, carry_out, collect
from labkit.check.expect.failure import examining
from labkit.check.parties import InProcess, Transport
from labkit.check.quiz import seal
from labkit.check.run import Run
from labkit.course import CourseError, Lab
from labkit.lesson.quiz import QUESTION, quiz_functions, read_quizzes
from labkit.lesson.submission import without_explore_cells
from labkit.record import CheckResult, Verdict
from labkit.worker import warm

RECORDED = "recorded.npz"
_LIBRARIES = ("labkit", "keras", "tensorflow", "numpy", "scikit-learn")


def record(lab: Lab, checks: str, test_file: Path, progress: Callable[[str], None]) -> Tables:
    """Carry out the public checks, whose text lies in `test_file`, on the reference and on every known mistake."""
    tables = Tables(
        [
            {
                "id": question.id,
                "title": question.title,
                "points": float(sum(check.points for check in lab.checks if check.question == question.id)),
            }
            for question in lab.questions
            if question.id != QUESTION
        ]
    )
    carry_out(_RecordingRun(lab, tables, Live(lab)), collect(test_file), progress=progress)
    return sealed(tables, lab, checks)


def quiz_of(lab: Lab) -> list[dict[str, Any]]:
    """The sealed questions of the lab's quiz, which are no answers but go out in the same file."""
    return [seal(quiz) for quiz in read_quizzes(lab.source.read_text(encoding="utf-8"))]


def sealed(tables: Tables, lab: Lab, checks: str) -> Tables:
    """The tables with the digests of what they were recorded from and of what they hold."""
    tables.index[QUESTION] = quiz_of(lab)
    tables.index["recorded_from"] = inputs_digest(lab, checks)
    tables.index["content"] = _content_digest(tables.index, tables.arrays)
    return tables


def is_current(path: Path, lab: Lab, checks: str) -> bool:
    """Whether a recorded file is whole and was recorded from today's solution by today's libraries."""
    tables = read_tables(path)
    return (
        tables is not None
        and tables.index.get("recorded_from") == inputs_digest(lab, checks)
        and tables.index.get("content") == _content_digest(tables.index, tables.arrays)
    )


def read_tables(path: Path) -> Tables | None:
    """The tables of a recorded file, None where there is none that can be read."""
    try:
        index, arrays = read_arrays(path)
    except (OSError, ValueError, KeyError):
        return None
    tables = Tables([])
    tables.index, tables.arrays = index, arrays
    return tables


def same_answers(old: Tables, new: Tables) -> bool:
    """Whether two recordings hold the same answers; numbers may differ as they do between two processors."""
    answers, fresh = (
        {k: v for k, v in tables.index.items() if k not in ("recorded_from", "content", QUESTION)}
        for tables in (old, new)
    )
    same = _same(answers, fresh) and len(old.arrays) == len(new.arrays)
    return same and all(_close(a, b) for a, b in zip(old.arrays, new.arrays, strict=True))


# --- digests ------------------------------------------------------------------------------------------------


def inputs_digest(lab: Lab, checks: str) -> str:
    """Of all code that answers depend on, of the sentences of mistakes, and of the versions that run the code."""
    master = without_explore_cells(lab.source.read_text(encoding="utf-8"))
    mistakes = lab.solution / MISCONCEPTIONS
    sentences = mistakes.read_text(encoding="utf-8") if mistakes.is_file() else ""
    versions = [platform.python_version(), *(metadata.version(name) for name in _LIBRARIES)]
    # the docstring of a known mistake is an answer, too: it is what a student reads
    parts = [_code(master), _code(checks), ast.unparse(ast.parse(sentences)), *versions]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _code(text: str) -> str:
    tree = ast.parse(text)
    quiz = quiz_functions(tree)
    tree.body = [node for node in tree.body if node not in quiz]
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _content_digest(index: dict[str, Any], arrays: list[np.ndarray]) -> str:
    kept = {key: value for key, value in index.items() if key != "content"}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode())
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


# --- recording ----------------------------------------------------------------------------------------------


class _RecordingRun(Run):
    """Carries checks out on the reference and on every known mistake, and keeps what they answer."""

    def __init__(self, lab: Lab, tables: Tables, live: Live):
        self.tables = tables
        self.live = live
        super().__init__([list(cell) for cell in catalogue.reference_cells(lab)], live)
        self.close()  # only trusted code runs here, in this process

    def perform(self, check: Check) -> CheckResult:
        info, recorder = check.info, []
        if info.keras:
            warm()

        class Recording:
            @staticmethod
            def reference(check: str, seed: int) -> Transport:
                recorder.append(Recorder(self.live.reference(check, seed)))
                return recorder[-1]

        self.answers = Recording
        student = InProcess(self.cells)
        student.ask("begin", seed=self.seed(info.name))
        with examining():
            failure = self._attempt(check, student)
        if failure is not None:
            raise CourseError(f"{info.name} fails on the reference itself: {failure.message}")
        self.tables.add_answers(info.name, recorder[0].replies if recorder else [])

        attempt = partial(self._attempt_quietly, check)
        for mistake in self.live.mistakes(info.name, info.question, self._inputs(info.name), attempt):
            self.tables.add_mistake(info.name, mistake)
        return CheckResult(info.name, info.question, info.title, Verdict.PASSED, info.points, info.points)


# --- comparing ----------------------------------------------------------------------------------------------


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
