"""The folder of results: `result.json` and `grades.csv`, written only where they change, and the salt."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from labkit.course import CourseError
from labkit.errors import LabkitError
from labkit.files import FULL, read_bounded, write_atomically, writing
from labkit.record import Record, Student, Verdict, how_it_counts, read_record
from labkit.text import csv_text, one_line

LARGEST = 32 * 1024 * 1024  # bytes of a result.json
SALT_FILE = "salt"
GRADES_FILE = "grades.csv"
_POINTS = ("raw_score", "adjusted", "late_penalty", "score", "max_score", "percent")
_LEFT_OVER = re.compile(r"\.(result\.json|output\.txt|grades\.csv|salt)\.\d+$")
_STOPPING = (*FULL, errno.EROFS)  # what holds for every other result as well


def write_result(folder: Path, record: Record, output: str) -> None:
    """Write `result.json`, and `output.txt` where anything was printed; files that hold it already stay.

    Raises CannotWrite where the disk is full or may not be written. What only this folder's name or state forbids
    costs no other result: `unwritten` tells it.
    """
    with writing(folder / "result.json"):
        try:
            if folder.is_dir():
                _tidy(folder)
            _write_if_changed(folder / "result.json", record.as_json())
            if output.strip():
                _write_if_changed(folder / "output.txt", output)
            else:
                (folder / "output.txt").unlink(missing_ok=True)
        except OSError as error:
            if error.errno in _STOPPING:
                raise


def unwritten(out: Path, records: list[Record]) -> list[str]:
    """The names of those whose `result.json` does not hold what was decided."""
    names = []
    for record in records:
        try:
            kept = (out / record.submission / "result.json").read_bytes()
        except OSError:
            kept = None
        if kept != record.as_json().encode("utf-8", "backslashreplace"):
            names.append(record.submission)
    return names


def write_grades(out: Path, records: list[Record]) -> None:
    """Write `grades.csv`."""
    with writing(out / GRADES_FILE):
        _tidy(out)
        _write_if_changed(out / GRADES_FILE, grades_csv(records))


def students_of(out: Path) -> Iterator[tuple[str, Student]]:
    """Submissions whose results lie in a folder, and who handed them in; what cannot be read is passed over."""
    for path in sorted(out.rglob("result.json")):
        with contextlib.suppress(LabkitError):
            record = read_record(read_bounded(path, LARGEST))
            yield record.submission, record.student


def _tidy(folder: Path) -> None:
    """Remove what a run that was killed left half written."""
    for name in os.listdir(folder):
        if _LEFT_OVER.match(name):
            (folder / name).unlink(missing_ok=True)


def _write_if_changed(path: Path, text: str) -> None:
    data = text.encode("utf-8", "backslashreplace")
    try:
        same = path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        same = False
    if not same:
        write_atomically(path, text)


def grades_csv(records: list[Record]) -> str:
    """One row for each submission; columns of the student where an export or a roster tells anything.

    `score` and `percent` are what counts; `raw_score` is the grader's, `adjusted` what a human added to it, and
    `late_penalty` what lateness took off.
    """
    known = [key for key in ("id", "name", "email", "submitted_at") if any(_of(r, key) for r in records)]
    titles = [{"id": "student_id"}.get(key, key) for key in known]
    rows: list[list[object]] = [
        ["submission", "lab", *_POINTS, *Verdict, "notes", *titles],
    ]
    for record in records:
        counts = [sum(check.verdict == verdict for check in record.checks) for verdict in Verdict]
        points = (record.score, record.adjustment, record.penalty, record.final_score, record.max_score)
        notes = one_line(" ".join([*record.notes, *how_it_counts(record)]), 1000)
        row = (record.submission, record.lab, *points, round(record.percent, 2), *counts, notes)
        rows.append([*row, *(_of(record, key) for key in known)])
    return csv_text(rows)


def _of(record: Record, key: str) -> str:
    """What is known of the student; of a group, all of them."""
    members = record.student.people[: 1 if key == "submitted_at" else None]
    return "; ".join(str(value) for member in members if (value := getattr(member, key)))


def salt_for(out: Path, given: str | None) -> bytes:
    """The secret from which inputs are drawn: as given, as kept with earlier results in `out`, or a new one.

    It is kept in `out`, readable by its owner only, so that the same command again repeats the results.
    """
    path = out / SALT_FILE
    kept = path.read_text(encoding="utf-8").strip() if path.is_file() else None
    if given and kept and given != kept:
        raise CourseError(
            f"The results in {out} were made with another salt; choose another --out for this one."
        )
    salt = given or kept or secrets.token_hex(16)
    if not kept:
        with writing(path):
            write_atomically(path, salt + "\n", mode=0o600)
    return salt.encode()
