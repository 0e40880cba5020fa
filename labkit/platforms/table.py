"""CSV for the instructor: a row for each submission, a column for each question."""

from __future__ import annotations

from labkit.platforms.grades import percent, questions, remarks, told
from labkit.platforms.request import Exported, Request
from labkit.record import Record
from labkit.text import csv_text

SUMMARY = "grades.csv for the instructor, a column for each question"
_KNOWN = ("id", "name", "email", "submitted_at", "attempt")
_COLUMNS = (
    *("submission", "lab", "student_id", *_KNOWN[1:]),
    *("raw_score", "late_penalty", "score", "max_score", "percent", "notes"),
)


def write(results: list[Record], request: Request) -> Exported:
    """`grades.csv`."""
    asked = list(
        dict.fromkeys((result.lab, question) for result in results for question in questions(result))
    )
    several = len({lab for lab, _ in asked}) > 1
    most = {
        (result.lab, question): points
        for result in results
        for question, (_, points) in questions(result).items()
    }
    headings = [
        f"{lab + ' ' if several else ''}{question} ({most[lab, question]:g})" for lab, question in asked
    ]
    rows: list[list[object]] = [[*_COLUMNS, *headings]]
    for result in results:
        earned = {(result.lab, question): points for question, (points, _) in questions(result).items()}
        rows.append(
            [
                result.submission,
                result.lab,
                *(told(getattr(result.student, key)) for key in _KNOWN),
                *(result.score, result.penalty, result.final_score, result.max_score),
                *(percent(result), " ".join(remarks(result))),
                *(earned.get(column, "") for column in asked),
            ]
        )
    return Exported({"grades.csv": csv_text(rows)})
