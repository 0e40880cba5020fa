"""Classroom 50: `result.json` in the schema `classroom50/result/v1`.

Scores there are whole numbers: each is rounded to the nearest, and the exact points stand beside it. The runner's
environment says which assignment and commit is graded; outside a runner the fields say what the record knows.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labkit.course import read_course
from labkit.files import write_atomically
from labkit.lesson.submission import SubmissionError, read_submission
from labkit.platforms.container import only_lab, only_submission
from labkit.platforms.grades import file_for_each, message, title, who
from labkit.platforms.platform import Exported, Files, Kit, Platform, Request, script
from labkit.record import CheckResult, Record
from labkit.text import json_text, one_line

#: Each field of the schema that the runner's environment names, with its variable.
FROM_RUNNER = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "assignment_type": "ASSIGNMENT_TYPE",
    "owner": "OWNER",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}


class Classroom50(Platform):
    """Classroom 50."""

    name = "classroom50"
    writes = "result.json for each submission, schema classroom50/result/v1"

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """`<submission>/result.json` for each record."""
        runner = {key: request.environment.get(name, "") for key, name in FROM_RUNNER.items()}
        files = file_for_each(
            records, "result.json", lambda one: json_text(result_json(one, request.hidden, runner))
        )
        missing = [FROM_RUNNER[key] for key in ("classroom", "submission", "commit") if not runner[key]]
        note = f"{', '.join(missing)} not set: outside a Classroom 50 runner the files name no commit."
        return Exported(files, (note,) if missing else ())

    def release(self, kit: Kit) -> Mapping[str, Files]:
        """The template of a student's repository, with the script to edit on top, and the bundle that the runner
        downloads. That is published, so it grades with the public checks.
        """
        lab = kit.lab.name
        on_top = {f"{lab}.py": kit.student[f"labs/{lab}/lab.py"], ".gitignore": b".venv/\n__pycache__/\n"}
        bundle = {**kit.student, "autograder.py": script("classroom50_autograder.py")}
        return {
            "public/classroom50/template": {**kit.student, **on_top},
            f"public/classroom50/autograders/{lab}": bundle,
        }

    def grade_here(self, folder: Path) -> None:
        """Grade the checkout that is the working directory; the folder is the bundle with the public checks."""
        grade_on_classroom50(folder, Path.cwd())


def result_json(record: Record, hidden: str, runner: dict[str, str]) -> dict[str, Any]:
    """One result in that schema; `runner` holds what the environment says, by field."""
    tag = f"submit/{one_line(record.submission, 100)}"
    known = {
        "classroom": "none",
        "assignment": one_line(record.lab) or "none",
        "assignment_type": "individual",
        "owner": who(record),
        "submission": tag,
        "commit": tag,
        "release": tag,
        "review": runner.get("commit") or tag,
    }
    # the collector refuses empty texts
    fields = {key: one_line(runner.get(key, ""), 500) or known[key] for key in FROM_RUNNER}
    data = {"schema": "classroom50/result/v1", **fields, "datetime": _instant(record)}
    graded = _utc(record.started_at)
    return {
        **data,
        **({"graded_at": graded} if graded else {}),
        "score": _whole(record.final_score),
        "max-score": _whole(record.max_score),
        "points": record.final_score,
        "max-points": record.max_score,
        "late-penalty": record.penalty,
        "tests": [_test(check, record, hidden) for check in record.counted_checks],
    }


def _test(check: CheckResult, record: Record, hidden: str) -> dict[str, Any]:
    return {
        "test-name": title(check, record, hidden),
        "passed": check.verdict.passed,
        "score": _whole(check.points),
        "max-score": _whole(check.max_points),
        "points": check.points,
        "max-points": check.max_points,
        "question": one_line(check.question, 20),
        "verdict": check.verdict,
        "message": message(check, hidden),
    }


def _whole(points: float) -> int:
    """The nearest whole number, a half upward; monotone, so no score comes to stand above its maximum."""
    return math.floor(points + 0.5)


def _instant(record: Record) -> str:
    """When it was submitted; where nobody said it, when grading began."""
    return _utc(record.student.submitted_at) or _utc(record.started_at) or "1970-01-01T00:00:00Z"


def _utc(text: object) -> str | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment.tzinfo else None


def grade_on_classroom50(bundle: Path, checkout: Path) -> Record:
    """Run the public checks in `bundle` on the checkout's submission and write `checkout/result.json`."""
    # grading is imported where it is done: an export needs none of it
    from labkit.grade.isolation import isolation_plan
    from labkit.grade.one import check_submission, unreadable

    lab = only_lab(read_course(bundle))
    try:
        path = only_submission(checkout, lab)
        record = check_submission(read_submission(path), lab).record
    except SubmissionError as problem:
        plan = isolation_plan("none")
        record = unreadable(
            "submission", lab, str(problem).replace(f"{checkout}{os.sep}", ""), b"public", plan
        )
    runner = {key: os.environ.get(name, "") for key, name in FROM_RUNNER.items()}
    result = result_json(record, "visible", runner)
    write_atomically(checkout / "result.json", json_text(result))
    return record
