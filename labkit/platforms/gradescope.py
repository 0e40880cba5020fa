"""Gradescope: `results.json` for each submission, whole or after every check.

A hidden check keeps its title and message, and Gradescope shows them when `visibility` says so: after the grades are
published, unless told otherwise. All text is plain (`text`), so that Gradescope shows markup instead of rendering it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labkit.files import write_atomically
from labkit.platforms.grades import file_for_each, message, plain_title, remarks
from labkit.platforms.request import Exported, Request
from labkit.record import CheckResult, Record
from labkit.text import inert, json_text, one_line

SUMMARY = "results.json for each submission, as an autograder writes it"


def write(results: list[Record], request: Request) -> Exported:
    """`<submission>/results.json` for each result."""
    return Exported(
        file_for_each(results, "results.json", lambda result: json_text(results_json(result, request.hidden)))
    )


def results_json(result: Record, hidden: str = "after_published") -> dict[str, Any]:
    """One result as Gradescope reads it. `hidden` is the visibility of hidden checks."""
    return {
        "score": result.final_score,
        "execution_time": round(sum(check.seconds for check in result.checks)),
        "output": "\n".join(remarks(result)) or "Every check was carried out.",
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "tests": [_test(check, hidden) for check in result.checks],
        "extra_data": {
            "labkit": {
                "lab": one_line(result.lab),
                "raw_score": result.score,
                "penalty": result.penalty,
            }
        },
    }


def partial(result: Record, checks: int, hidden: str = "after_published") -> str:
    """`results.json` of an unfinished record: what was earned so far, and that more was to come.

    `checks` is the number of checks that the lab has. Rewritten after every check, it leaves the marks earned so far
    when the container is stopped.
    """
    data = results_json(result, hidden)
    done = len(result.checks)
    if done < checks:
        data["output"] = inert(
            f"Grading has not finished: {done} of {checks} checks were carried out.\n{data['output']}"
        )
    return json_text(data)


def write_partial(path: Path, result: Record, checks: int, hidden: str = "after_published") -> None:
    """Put `partial` into a file, so that whoever reads it finds the old text or the new one, never half of it."""
    write_atomically(path, partial(result, checks, hidden))


def _test(check: CheckResult, hidden: str) -> dict[str, Any]:
    test = {
        "score": check.points,
        "max_score": check.max_points,
        "status": "passed" if check.verdict.passed else "failed",
        # Gradescope itself hides the whole test until then
        "name": plain_title(check),
        "name_format": "text",
        "number": one_line(check.question, 20),
        "output": message(check, "visible"),
        "output_format": "text",
        "tags": [check.verdict],
        "visibility": hidden if check.hidden else "visible",
        "extra_data": {"id": one_line(check.id)},
    }
    return test if test["output"] else {key: value for key, value in test.items() if key != "output"}
