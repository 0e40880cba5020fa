"""The result of a check cell as HTML that a notebook shows below it, light or dark."""

from __future__ import annotations

from typing import Any

from labkit.record import Record, tally
from labkit.report.environment import page


def cell_page(record: Record, title: str, running: str = "", total: int = 0, output: str = "") -> str:
    """The checks of a record so far; `running` is the title of the one of `total` that is under way."""
    earned, most = tally(record.checks)
    facts: dict[str, Any] = {
        "title": title,
        "running": running,
        "total": total,
        "output": output,
        "problem": "",
    }
    return page("cell.html", record=record, earned=earned, most=most, **facts)


def problem_page(sentence: str) -> str:
    """A sentence about why nothing can be checked."""
    return page("cell.html", problem=sentence)
