"""PrairieLearn: `results.json` of an external grader, at most 1 MB.

A file in which no check could be carried out is not gradable: PrairieLearn shows why and takes no attempt away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from labkit.platforms.grades import file_for_each, message, remarks, share, title
from labkit.platforms.platform import Exported, Platform, Request
from labkit.record import CheckResult, Record, Verdict
from labkit.text import inert, json_text, one_line

LARGEST = 1_000_000


class PrairieLearn(Platform):
    """PrairieLearn."""

    name = "prairielearn"
    writes = "results.json for each submission, as an external grader writes it"

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """`<submission>/results.json` for each record."""
        return Exported(file_for_each(records, "results.json", lambda one: results_text(one, request.hidden)))


def results_text(record: Record, hidden: str) -> str:
    """One result, with texts shortened until it fits."""
    for limit in (2000, 500, 120, 0):
        tests = [_test(check, record, hidden, limit) for check in record.counted_checks]
        text = json_text(_results(record, tests))
        if len(text.encode()) <= LARGEST:
            return text
    data = _results(replace(record, notes=record.notes[:5]), [])
    return json_text(data | {"message": "There were too many checks to list them."})


def _results(record: Record, tests: list[dict[str, Any]]) -> dict[str, Any]:
    gradable = any(check.verdict is not Verdict.NOT_RUN for check in record.checks)
    said = "\n".join(remarks(record))
    return {
        "gradable": gradable,
        "score": share(record),
        "message": f"{record.final_score:g} of {record.max_score:g} points",
        "output": inert(said, 20_000),
        **({} if gradable else {"format_errors": [inert(said, 2000) or "The file could not be read."]}),
        "tests": tests,
    }


def _test(check: CheckResult, record: Record, hidden: str, limit: int) -> dict[str, Any]:
    return {
        "name": title(check, record, hidden),
        "description": f"Question {one_line(check.question, 20)}: {check.verdict.words}",
        "points": check.points,
        "max_points": check.max_points,
        "message": message(check, hidden, limit) if limit else "",
    }
