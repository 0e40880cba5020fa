"""CSV for the instructor: a row for each student, a column for each question."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from labkit.platforms.grades import percent, questions, remarks, told
from labkit.platforms.platform import Exported, Platform, Request
from labkit.platforms.rows import singly
from labkit.record import Record
from labkit.text import csv_text

_KNOWN = ("id", "name", "email", "submitted_at", "attempt")
_COLUMNS = (
    *("submission", "lab", "student_id", *_KNOWN[1:]),
    *("raw_score", "adjusted", "late_penalty", "score", "max_score", "percent", "notes"),
)


class Csv(Platform):
    """A table for the instructor: a row for each student, the members of a group each."""

    for_each = True
    name = "csv"
    writes = "grades.csv for the instructor, a column for each question"

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """`grades.csv`."""
        asked = list(
            dict.fromkeys((record.lab, question) for record in records for question in questions(record))
        )
        several = len({lab for lab, _ in asked}) > 1
        most = {
            (record.lab, question): points
            for record in records
            for question, (_, points) in questions(record).items()
        }
        headings = [
            f"{lab + ' ' if several else ''}{question} ({most[lab, question]:g})" for lab, question in asked
        ]
        rows: list[list[object]] = [[*_COLUMNS, *headings]]
        for record in chain.from_iterable(map(singly, records)):
            earned = {(record.lab, question): points for question, (points, _) in questions(record).items()}
            rows.append(
                [
                    record.submission,
                    record.lab,
                    *(told(getattr(record.student, key)) for key in _KNOWN),
                    *(record.score, record.adjustment, record.penalty, record.final_score, record.max_score),
                    *(percent(record), " ".join(remarks(record))),
                    *(earned.get(column, "") for column in asked),
                ]
            )
        return Exported({"grades.csv": csv_text(rows)})
