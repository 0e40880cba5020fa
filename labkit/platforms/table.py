"""CSV for the instructor: a row for each submission, a column for each question."""

from __future__ import annotations

import csv
import io

from labkit.platforms.grades import Result, final_score, penalty, percent, questions, remarks, student, tidy
from labkit.platforms.request import Exported, Request
from labkit.text import csv_cell

SUMMARY = "grades.csv for the instructor, a column for each question"
_COLUMNS = (
    *("submission", "lab", "student_id", "name", "email", "submitted_at", "attempt"),
    *("raw_score", "late_penalty", "score", "max_score", "percent", "notes"),
)


def write(results: list[Result], request: Request) -> Exported:
    """`grades.csv`."""
    asked = list(
        dict.fromkeys((result["lab"], question) for result in results for question in questions(result))
    )
    several = len({lab for lab, _ in asked}) > 1
    most = {
        (result["lab"], question): points
        for result in results
        for question, (_, points) in questions(result).items()
    }
    headings = [
        f"{lab + ' ' if several else ''}{question} ({most[lab, question]:g})" for lab, question in asked
    ]
    rows: list[list[object]] = [[*_COLUMNS, *headings]]
    for result in results:
        earned = {(result["lab"], question): points for question, (points, _) in questions(result).items()}
        rows.append(
            [
                result["submission"],
                result["lab"],
                *(student(result, key) for key in ("id", "name", "email", "submitted_at", "attempt")),
                *(tidy(result["score"]), penalty(result), final_score(result), tidy(result["max_score"])),
                *(percent(result), " ".join(remarks(result))),
                *(earned.get(column, "") for column in asked),
            ]
        )
    return Exported({"grades.csv": csv_text(rows)})


def csv_text(rows: list[list[object]]) -> str:
    """Rows as CSV whose cells do nothing in a spreadsheet."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([csv_cell(cell) for cell in row] for row in rows)
    return stream.getvalue()
