"""Classroom 50: `result.json` in the schema `classroom50/result/v1`.

Scores there are whole numbers: each is rounded to the nearest, and the exact points stand beside it. The runner's
environment says which assignment and commit is graded; outside a runner the fields say what the record knows.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from labkit.platforms.grades import file_for_each, message, title, who
from labkit.platforms.request import Exported, Request
from labkit.record import CheckResult, Record
from labkit.text import json_text, one_line

SUMMARY = "result.json for each submission, schema classroom50/result/v1"
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


def write(results: list[Record], request: Request) -> Exported:
    """`<submission>/result.json` for each result."""
    runner = {key: request.environment.get(name, "") for key, name in FROM_RUNNER.items()}
    files = file_for_each(
        results, "result.json", lambda result: json_text(result_json(result, request.hidden, runner))
    )
    missing = [FROM_RUNNER[key] for key in ("classroom", "submission", "commit") if not runner[key]]
    note = (f"{', '.join(missing)} not set: outside a Classroom 50 runner the files name no commit.",) * bool(
        missing
    )
    return Exported(files, note)


def result_json(result: Record, hidden: str, runner: dict[str, str]) -> dict[str, Any]:
    """One result in that schema; `runner` holds what the environment says, by field."""
    tag = f"submit/{one_line(result.submission, 100)}"
    known = {
        "classroom": "none",
        "assignment": one_line(result.lab) or "none",
        "assignment_type": "individual",
        "owner": who(result),
        "submission": tag,
        "commit": tag,
        "release": tag,
        "review": runner.get("commit") or tag,
    }
    # the collector refuses empty texts
    fields = {key: one_line(runner.get(key, ""), 500) or known[key] for key in FROM_RUNNER}
    data = {"schema": "classroom50/result/v1", **fields, "datetime": _instant(result)}
    graded = _utc(result.started_at)
    return {
        **data,
        **({"graded_at": graded} if graded else {}),
        "score": _whole(result.final_score),
        "max-score": _whole(result.max_score),
        "points": result.final_score,
        "max-points": result.max_score,
        "late-penalty": result.penalty,
        "tests": [_test(check, result, hidden) for check in result.checks],
    }


def _test(check: CheckResult, result: Record, hidden: str) -> dict[str, Any]:
    return {
        "test-name": title(check, result, hidden),
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


def _instant(result: Record) -> str:
    """When it was submitted; where nobody said it, when grading began."""
    return _utc(result.student.submitted_at) or _utc(result.started_at) or "1970-01-01T00:00:00Z"


def _utc(text: object) -> str | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment.tzinfo else None
