"""A whole batch as it looks in a terminal: a few records in full, some dozens as a table, a class as a summary."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from labkit.course import Lab
from labkit.record import Record
from labkit.show.record import called, record_table
from labkit.show.summary import summary
from labkit.text import one_line

_IN_FULL = 5
_IN_A_TABLE = 40


def batch_page(records: list[Record], labs: dict[str, Lab], kept: int, elapsed: float) -> Group:
    """All that is shown of a batch when it is done."""
    parts: list[RenderableType] = []
    if len(records) <= _IN_FULL:
        for record in records:
            name = Text(one_line(record.submission, 500), "bold")
            parts += [name, record_table(record, labs.get(record.lab)), ""]
    if 1 < len(records) <= _IN_A_TABLE:
        parts += [batch_table(records), ""]
    if len(records) > 1:
        parts += [summary(records, kept, elapsed), ""]
    return Group(*parts)


def batch_table(records: list[Record]) -> Table:
    """A row for each submission of a batch, by its student where the name is known."""
    several = len({record.lab for record in records if record.lab}) > 1
    table = Table(box=None, pad_edge=False)
    headings = [("submission", "left"), *([("lab", "left")] if several else []), ("points", "right")]
    for heading, justify in (*headings, ("", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for record in records:
        points = f"{record.final_score:g}/{record.max_score:g}"
        remark = "; ".join([*_changed(record), *_remark(record)])
        cells = (called(record, 60), *([record.lab] if several else []), points, remark)
        table.add_row(*map(Text, cells))
    return table


def _changed(record: Record) -> list[str]:
    """Why other points count than the grader gave."""
    said = []
    if record.adjusted and record.adjustment:
        said.append(f"adjusted {record.adjustment:+g}")
    if record.individual:
        said.append("members differ")
    if record.late and not record.late.counted:
        said.append(f"too late or too often, {record.score:g} do not count")
    elif record.penalty and record.late:
        said.append(f"late {record.late.days_late} d, −{record.penalty:g}")
    if record.late and record.late.extension:
        said.append("extended")
    return said


def _remark(record: Record) -> list[str]:
    wrong = sum(check.verdict.wrong for check in record.checks)
    first = one_line(record.notes[0].partition("\n")[0], 60) if record.notes else ""
    return [f"{wrong} check{'s' * (wrong != 1)} failed" if wrong else first] if wrong or first else []


def several_labs(records: list[Record]) -> str | None:
    """A sentence where files chose their lab: a student may have chosen an easier one than the others."""
    labs: dict[str, list[str]] = {}
    for record in records:
        if record.lab:
            labs.setdefault(record.lab, []).append(record.submission)
    if len(labs) < 2:
        return None
    ordered = sorted(labs.items(), key=lambda pair: -len(pair[1]))
    some = ", ".join(
        f"{lab} {len(names)}" + (f" ({', '.join(names)})" if len(names) <= 3 else "")
        for lab, names in ordered
    )
    return f"the submissions answer several labs, as their folder or header says: {some}; see --lab."


def some_names(names: list[str], sentence: str) -> str:
    """How many there are and what is said of them, with the names of the first ten."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{len(names)} {sentence}: {one_line(', '.join(names[:10]), 600)}{more}."
