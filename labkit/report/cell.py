"""The result of a check cell as HTML that a notebook shows below it, light or dark: rows as on a student's page."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from markupsafe import Markup

from labkit.record import Record, tally
from labkit.report.environment import page, style
from labkit.report.student import Row


def cell_page(record: Record, title: str, running: str = "", total: int = 0, output: str = "") -> str:
    """The checks of a record so far; `running` is the title of the one of `total` that is under way."""
    rows: list[Row] = []
    for check in record.checks:
        again = any(row.check.teaches == check.teaches != "" for row in rows)
        alike = any(row.check.message == check.message for row in rows)
        rows.append(Row(check, again=again, alike=alike))
    earned, most = tally(record.checks)
    return _page(
        title=title,
        rows=rows,
        notes=record.notes,
        running=running,
        total=total,
        output=output,
        earned=earned,
        most=most,
    )


def framed(page: str, title: str) -> str:
    """A whole page in a frame, in which it can neither run anything nor reach the notebook around it."""
    frame = Markup(
        '<iframe sandbox title="{}" srcdoc="{}" style="width:100%;height:44rem;border:0"></iframe>'
    )
    return frame.format(title, page)


def problem_page(sentence: str) -> str:
    """A sentence about why nothing can be checked."""
    return _page(problem=sentence)


def _page(**facts: Any) -> str:
    light, dark = _palettes()
    return page("cell.html", **{"problem": "", "light": light, "dark": dark, **facts})


@cache
def _palettes() -> tuple[Markup, Markup]:
    """The colours of the pages, for light and dark: a notebook says by itself which it is."""
    light, dark, *_ = re.findall(r":root\{([^}]*)\}", style())
    return Markup(light), Markup(dark)
