"""nbgrader: `grades.csv` as `nbgrader export` writes it, and scores that a script puts into `gradebook.db`.

The script calls nbgrader's own API, with the Python that nbgrader is installed for; labkit does not need it. A check
becomes a graded cell, the lab an assignment with one notebook.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labkit.platforms.grades import told, who
from labkit.platforms.people import one_each
from labkit.platforms.request import Exported, Request
from labkit.record import CheckResult, Record
from labkit.text import csv_text, json_text, one_line

SUMMARY = "grades.csv in nbgrader's layout, and a script that fills gradebook.db"
HEADER = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score"),
)
SCRIPT = "into_gradebook.py"


def write(results: list[Record], request: Request) -> Exported:
    """`grades.csv`, `gradebook.json` and the script that writes the latter into `gradebook.db`."""
    results, notes = one_each(results)
    rows: list[list[object]] = [list(HEADER), *(_row(result) for result in results)]
    script = Path(__file__).with_name("into_gradebook.py").read_text(encoding="utf-8")
    files = {"grades.csv": csv_text(rows), "gradebook.json": json_text(plan(results)), SCRIPT: script}
    return Exported(files, (*notes, f"With nbgrader's Python: python {SCRIPT} COURSE/gradebook.db"))


def plan(results: list[Record]) -> dict[str, Any]:
    """What is to be in the gradebook: assignments with their cells, students, submissions with their scores."""
    assignments: dict[str, Any] = {}
    for result in results:
        entry = assignments.setdefault(_assignment(result), {"duedate": _due(result), "cells": {}})
        entry["cells"] |= {_cell(check): check.max_points for check in result.checks}
    return {
        "schema": "labkit/gradebook/v1",
        "assignments": assignments,
        "students": {who(result): dict(zip(HEADER[4:7], _names(result), strict=True)) for result in results},
        "submissions": [_submission(result) for result in results],
    }


def _submission(result: Record) -> dict[str, Any]:
    return {
        "assignment": _assignment(result),
        "student": who(result),
        "timestamp": told(result.student.submitted_at) or None,
        "late_submission_penalty": result.penalty,
        "scores": {_cell(check): check.points for check in result.checks},
    }


def _row(result: Record) -> list[object]:
    moments = (_due(result) or "", told(result.student.submitted_at))
    points = (result.score, result.penalty, result.final_score, result.max_score)
    return [_assignment(result), *moments, who(result), *_names(result), *points]


def _names(result: Record) -> tuple[str, str, str]:
    """Last name, first name, e-mail address. A name without a comma ends with the last name."""
    name = told(result.student.name)
    last, _, first = name.partition(",") if "," in name else reversed(name.rpartition(" "))
    return last.strip(), first.strip(), told(result.student.email)


def _due(result: Record) -> str | None:
    return one_line(result.late.due, 40) if result.late and result.late.due else None


def _assignment(result: Record) -> str:
    return one_line(result.lab) or "lab"


def _cell(check: CheckResult) -> str:
    return f"{one_line(check.question, 20)}-{one_line(check.id)}"
