"""PrairieLearn: `results.json` of an external grader, at most 1 MB.

A file in which no check could be carried out is not gradable: PrairieLearn shows why and takes no attempt away.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from labkit.platforms.grades import file_for_each, message, remarks, share, title
from labkit.platforms.request import Exported, Request
from labkit.record import CheckResult, Record, Verdict
from labkit.text import inert, json_text, one_line

SUMMARY = "results.json for each submission, as an external grader writes it"
LARGEST = 1_000_000


def write(results: list[Record], request: Request) -> Exported:
    """`<submission>/results.json` for each result."""
    return Exported(
        file_for_each(results, "results.json", lambda result: results_text(result, request.hidden))
    )


def results_text(result: Record, hidden: str) -> str:
    """One result, with texts shortened until it fits."""
    for limit in (2000, 500, 120, 0):
        tests = [_test(check, result, hidden, limit) for check in result.checks]
        text = json_text(_results(result, tests))
        if len(text.encode()) <= LARGEST:
            return text
    data = _results(replace(result, notes=result.notes[:5]), [])
    return json_text(data | {"message": "There were too many checks to list them."})


def _results(result: Record, tests: list[dict[str, Any]]) -> dict[str, Any]:
    gradable = any(check.verdict is not Verdict.NOT_RUN for check in result.checks)
    said = "\n".join(remarks(result))
    return {
        "gradable": gradable,
        "score": share(result),
        "message": f"{result.final_score:g} of {result.max_score:g} points",
        "output": inert(said, 20_000),
        **({} if gradable else {"format_errors": [inert(said, 2000) or "The file could not be read."]}),
        "tests": tests,
    }


def _test(check: CheckResult, result: Record, hidden: str, limit: int) -> dict[str, Any]:
    return {
        "name": title(check, result, hidden),
        "description": f"Question {one_line(check.question, 20)}: {check.verdict.words}",
        "points": check.points,
        "max_points": check.max_points,
        "message": message(check, hidden, limit) if limit else "",
    }
