"""GitHub Classroom, legacy: the output `result` of a runner step, base64 of JSON, for its autograding reporter."""

from __future__ import annotations

import base64
from typing import Any

from labkit.platforms.grades import VERDICTS, Result, final_score, folders, message, remarks, tidy, title
from labkit.platforms.request import Exported, Request
from labkit.text import inert, json_text

SUMMARY = "for each submission the line for $GITHUB_OUTPUT that the classroom's reporter reads (legacy)"
_STATUS = {None: "pass", "failure": "fail", "error": "error", "skipped": "fail"}


def write(results: list[Result], request: Request) -> Exported:
    """`<submission>/github-output.txt`: append it to `$GITHUB_OUTPUT`."""
    return Exported(
        {
            f"{folder}/github-output.txt": f"result={encoded(result, request.hidden)}\n"
            for folder, result in zip(folders(results), results, strict=True)
        }
    )


def encoded(result: Result, hidden: str) -> str:
    """The result as the reporter decodes it. Its total is the sum of its tests, so lateness is a test of its own."""
    tests = [_test(check, result, hidden) for check in result["checks"]]
    short = tidy(sum(check["points"] for check in result["checks"]) - final_score(result))
    if short > 0:
        tests.append(
            {"name": "late", "status": "fail", "score": -short, "message": "\n".join(remarks(result))}
        )
    failed = any(test["status"] != "pass" for test in tests) or not tests
    data = {
        "version": 1,
        "status": "fail" if failed else "pass",
        "max_score": tidy(result["max_score"]),
        "message": inert("\n".join(remarks(result)), 2000),
        "tests": tests,
    }
    return base64.b64encode(json_text(data, indent=None).encode()).decode()


def _test(check: dict[str, Any], result: Result, hidden: str) -> dict[str, Any]:
    return {
        "name": title(check, result, hidden),
        "status": _STATUS[VERDICTS[check["verdict"]].junit],
        "score": tidy(check["points"]),
        "message": message(check, hidden, 500),
        "test_code": "",
        "filename": "",
        "line_no": 0,
        "duration": round(check["seconds"], 3),
    }
