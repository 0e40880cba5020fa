"""PrairieLearn: `results.json` of an external grader, at most 1 MB.

A file in which no check could be carried out is not gradable: PrairieLearn shows why and takes no attempt away.
"""

from __future__ import annotations

from typing import Any

from labkit.platforms.grades import (
    VERDICTS,
    Result,
    final_score,
    folders,
    message,
    remarks,
    tidy,
    title,
)
from labkit.platforms.request import Exported, Request
from labkit.text import inert, json_text, one_line

SUMMARY = "results.json for each submission, as an external grader writes it"
LARGEST = 1_000_000


def write(results: list[Result], request: Request) -> Exported:
    """`<submission>/results.json` for each result."""
    return Exported(
        {
            f"{folder}/results.json": results_text(result, request.hidden)
            for folder, result in zip(folders(results), results, strict=True)
        }
    )


def results_text(result: Result, hidden: str) -> str:
    """One result, with texts shortened until it fits."""
    for limit in (2000, 500, 120, 0):
        text = json_text(_results(result, hidden, limit))
        if len(text.encode()) <= LARGEST:
            return text
    data = _results(result | {"checks": [], "notes": result["notes"][:5]}, hidden, 0)
    return json_text(data | {"message": "There were too many checks to list them."})


def _results(result: Result, hidden: str, limit: int) -> dict[str, Any]:
    gradable = any(check["verdict"] != "not_run" for check in result["checks"])
    said = "\n".join(remarks(result))
    return {
        "gradable": gradable,
        "score": round(final_score(result) / result["max_score"], 6) if result["max_score"] else 0.0,
        "message": f"{final_score(result):g} of {result['max_score']:g} points",
        "output": inert(said, 20_000),
        **({} if gradable else {"format_errors": [inert(said, 2000) or "The file could not be read."]}),
        "tests": [_test(check, result, hidden, limit) for check in result["checks"]],
    }


def _test(check: dict[str, Any], result: Result, hidden: str, limit: int) -> dict[str, Any]:
    return {
        "name": title(check, result, hidden),
        "description": f"Question {one_line(check['question'], 20)}: {VERDICTS[check['verdict']].words}",
        "points": tidy(check["points"]),
        "max_points": tidy(check["max_points"]),
        "message": message(check, hidden, limit) if limit else "",
    }
