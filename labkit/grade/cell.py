"""One check as the cell of a notebook, for nbgrader: the checks run on the notebook's file, once for all cells."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from labkit.course import find_course, lab_of
from labkit.grade.one import check_submission
from labkit.lesson.submission import SubmissionError, read_submission
from labkit.record import Record


def require(check: str, folder: Path | None = None) -> None:
    """Raise AssertionError, with what a student reads, unless the notebook in this folder passes the check.

    The notebook must be saved: its file is read, and the functions that the kernel holds are not asked.
    """
    path = _notebook(folder or Path.cwd())
    record = _record(path, path.stat().st_mtime_ns)
    result = next((result for result in record.checks if result.id == check), None)
    if result is None:
        raise AssertionError(f"The lab has no public check called {check}.")
    if not result.verdict.passed:
        parts = (result.title, result.message or result.verdict.words, result.teaches)
        raise AssertionError("\n".join(part for part in parts if part))


def _notebook(folder: Path) -> Path:
    found = sorted(folder.glob("*.ipynb"))
    if len(found) != 1:
        raise SubmissionError(f"{folder} must hold one notebook; it holds {len(found)}.")
    return found[0]


@lru_cache(maxsize=1)
def _record(path: Path, saved: int) -> Record:
    submission = read_submission(path)
    lab = lab_of(find_course(path.parent), path, submission.lab, None)  # the assignment's folder is a course
    return check_submission(submission, lab).record
