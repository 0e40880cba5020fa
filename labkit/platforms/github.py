"""GitHub Classroom, legacy: the output `result` of a runner step, base64 of JSON, for its autograding reporter."""

from __future__ import annotations

import base64
from typing import Any

from labkit.platforms.grades import file_for_each, message, remarks, title
from labkit.platforms.request import Exported, Request
from labkit.record import CheckResult, Record, rounded, tally
from labkit.text import inert, json_text

SUMMARY = "for each submission the line for $GITHUB_OUTPUT that the classroom's reporter reads (legacy)"
_STATUS = {None: "pass", "failure": "fail", "error": "error", "skipped": "fail"}


def write(results: list[Record], request: Request) -> Exported:
    """`<submission>/github-output.txt`: append it to `$GITHUB_OUTPUT`."""
    return Exported(
        file_for_each(
            results, "github-output.txt", lambda result: f"result={encoded(result, request.hidden)}\n"
        )
    )


def encoded(result: Record, hidden: str) -> str:
    """The result as the reporter decodes it. Its total is the sum of its tests, so lateness is a test of its own."""
    tests = [_test(check, result, hidden) for check in result.checks]
    short = rounded(tally(result.checks)[0] - result.final_score)
    if short > 0:
        tests.append(
            {"name": "late", "status": "fail", "score": -short, "message": "\n".join(remarks(result))}
        )
    failed = any(test["status"] != "pass" for test in tests) or not tests
    data = {
        "version": 1,
        "status": "fail" if failed else "pass",
        "max_score": result.max_score,
        "message": inert("\n".join(remarks(result)), 2000),
        "tests": tests,
    }
    return base64.b64encode(json_text(data, indent=None).encode()).decode()


def _test(check: CheckResult, result: Record, hidden: str) -> dict[str, Any]:
    return {
        "name": title(check, result, hidden),
        "status": _STATUS[check.verdict.junit],
        "score": check.points,
        "message": message(check, hidden, 500),
        "test_code": "",
        "filename": "",
        "line_no": 0,
        "duration": round(check.seconds, 3),
    }
