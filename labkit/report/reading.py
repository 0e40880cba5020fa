"""The records of a folder, read one after the other: those of the last run of `labkit grade`, damaged ones named."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

from labkit.adjustments import read_adjustments
from labkit.course import Course
from labkit.files import CannotRead, read_bounded
from labkit.record import Record, RecordError, Student, read_record
from labkit.report.environment import ReportError
from labkit.text import csv_cell, one_line

_LARGEST = 32 * 1024**2  # bytes of a record


def results(folder: Path) -> list[Path]:
    """Where the records lie, ordered by path. Raises ReportError where there is no folder."""
    if not folder.is_dir():
        raise ReportError(f"{folder} is not a folder; give the one that `labkit grade --out` wrote.")
    found = [Path(where) / "result.json" for where, _, names in os.walk(folder) if "result.json" in names]
    return sorted(found)


def records(folder: Path) -> Iterator[Record]:
    """The records that the last run decided or kept. Raises ReportError, which names a damaged one."""
    today = _graded_today(folder)
    for path in results(folder):
        try:
            record = read_record(read_bounded(path, _LARGEST))
        except CannotRead as error:
            raise ReportError(f"{path}: it {error.problem}. Grade again, or take it away.") from None
        except RecordError as error:
            raise ReportError(f"{one_line(path, 1000)} is damaged: {error}. Grade it again.") from None
        if today is None or csv_cell(record.submission) in today:
            yield record


def as_they_count(folder: Path, course: Course | None) -> Iterator[Record]:
    """The records with what adjustments.toml and the rules for lateness say today. Raises ReportError, CourseError.

    Where somebody decided something all are read twice, as a decision names a person, and not a file.
    """
    if course is None:
        yield from records(folder)
        return
    labs = {lab.name: lab for lab in course.labs}
    decided = read_adjustments(course)
    people: list[tuple[str, Student]] = []
    if decided.decisions:
        people = [(record.submission, record.student) for record in records(folder) if record.lab in labs]
    found = decided.find(people, whole=False)
    for record in records(folder):
        yield found.settled(record, labs[record.lab], course) if record.lab in labs else record


def _graded_today(folder: Path) -> set[str | None] | None:
    """The submissions in grades.csv; an older one of somebody is not there. None where that cannot be read."""
    try:
        with open(folder / "grades.csv", encoding="utf-8", newline="") as stream:
            return {row.get("submission") for row in csv.DictReader(stream)}
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
