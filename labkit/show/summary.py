"""What an instructor wants to know of a batch, in 80 columns: how it went, what was slow, which mistakes were made."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from labkit.grade.changes import COUNTS, Change
from labkit.record import Record, Verdict
from labkit.show.record import called
from labkit.text import one_line

_BAR = 40  # columns of the longest bar
_SHOWN = 5
_NAMED = 10  # in a line of changes


def summary(records: list[Record], kept: int, elapsed: float) -> RenderableType:
    """The whole summary: distribution for each lab, slowest submissions, unreadable ones, frequent mistakes."""
    parts: list[RenderableType] = [_head(records, kept, elapsed)]
    for lab in sorted({record.lab for record in records if record.max_score}):
        parts += ["", *_distribution(lab, [record for record in records if record.lab == lab])]
    for title, rows in (
        ("Most frequent named mistakes", _mistakes(records)),
        ("Not graded, or only in part", _troubles(records)),
        ("Late, extended or adjusted", _counting(records)),
        ("Slowest", _slowest(records)),
    ):
        if rows:
            parts += ["", Text(title, "bold"), _grid(rows)]
    return Group(*parts)


def waiting_page(records: Sequence[Record], adjustments: str) -> RenderableType:
    """What waits for a person to read it, for each check: how many, and whose."""
    rows = []
    waiting = [(check, record) for record in records for check in record.waiting]
    for name in dict.fromkeys((record.lab, check.question, check.id) for check, record in waiting):
        mine = [record for check, record in waiting if (record.lab, check.question, check.id) == name]
        most = next(
            check.max_points for check, record in waiting if check.id == name[2] and record.lab == name[0]
        )
        more = f" and {len(mine) - _NAMED} more" if len(mine) > _NAMED else ""
        whose = ", ".join(map(called, mine[:_NAMED])) + more
        rows.append((f"{len(mine)}×", f"{name[1]}  {one_line(name[2])}, up to {most:g} points: {whose}"))
    title = Text("Waits for a person", "bold")
    title.append(f"  the texts are in result.json, marks go into {one_line(adjustments)}", "dim")
    return Group("", title, _grid(rows), "")


def changes_page(changes: Sequence[Change]) -> RenderableType:
    """What a run changed, for each check: who gained and who lost."""
    rows = []
    for name in dict.fromkeys(change.check for change in changes):
        mine = [change for change in changes if change.check == name]
        about = f"{mine[0].question}  {name}" if name != COUNTS else "what counts"
        for verb, some in (
            ("gained", [change for change in mine if change.points > 0]),
            ("lost", [change for change in mine if change.points < 0]),
        ):
            if some:
                named = ", ".join(f"{called(change.record)} {change.points:+g}" for change in some[:_NAMED])
                more = f" and {len(some) - _NAMED} more" if len(some) > _NAMED else ""
                rows.append((f"{len(some)} {verb}", f"{one_line(about)}: {named}{more}"))
    return Group("", Text("Changed since the last run", "bold"), _grid(rows), "")


def duration(seconds: float) -> str:
    """Hours, minutes and seconds, as far as there are any."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _head(records: list[Record], kept: int, elapsed: float) -> Text:
    graded = len(records) - kept
    text = Text(f"{len(records)} submissions", "bold")
    if graded:
        each = f", {graded / elapsed * 60:.0f} a minute" if elapsed >= 1 else ""
        text.append(f" · {graded} graded in {duration(elapsed)}{each}", "")
    if kept:
        text.append(f" · {kept} as they were", "")
    return text


def _distribution(lab: str, records: list[Record]) -> list[RenderableType]:
    percents = [record.percent for record in records]
    counts = Counter(min(int(percent // 10), 9) for percent in percents)
    most = max(counts.values())
    mean, median = statistics.fmean(percents), statistics.median(percents)
    rows = []
    for tenth in range(10):
        count = counts[tenth]
        bar = "█" * max(round(_BAR * count / most), 1) if count else ""
        upper = 100 if tenth == 9 else 10 * tenth + 9
        rows.append((f"{10 * tenth:3}–{upper:<3} %", str(count), bar))
    full = sum(percent >= 100 for percent in percents)
    title = Text(lab, "bold")
    title.append(f"  mean {mean:.1f} %, median {median:.1f} %, {full} with full points", "")
    return [title, _grid(rows, numbers=True)]


def _mistakes(records: list[Record]) -> list[tuple[str, str]]:
    """Each mistake once for each submission in which it was named, the most frequent first."""
    counts: Counter = Counter()
    for record in records:
        counts.update(
            {
                (check.question, check.misconception.id, check.teaches)
                for check in record.checks
                if check.misconception
            }
        )
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        (f"{count}×", f"{question}  {one_line(sentence, 300)}")
        for (question, _, sentence), count in ordered[:_SHOWN]
    ]


def _troubles(records: list[Record]) -> list[tuple[str, str]]:
    rows = []
    for record in records:
        stuck = [check for check in record.checks if check.verdict is Verdict.ERROR]
        if not record.checks or all(check.verdict is Verdict.NOT_RUN for check in record.checks):
            rows.append((called(record), _first_line(record.notes[0] if record.notes else "")))
        elif stuck:
            rows.append((called(record), _first_line(stuck[0].message)))
    more = len(rows) - 2 * _SHOWN
    return rows[: 2 * _SHOWN] + ([("…", f"and {more} more; see the notes in grades.csv")] if more > 0 else [])


def _counting(records: list[Record]) -> list[tuple[str, str]]:
    """How many submissions count otherwise than they were graded, and what that costs."""
    lates = [record for record in records if record.late is not None]
    rows = [
        ("late", [record for record in lates if record.late and record.late.days_late], "taken off"),
        (
            "no longer counted",
            [record for record in lates if record.late and not record.late.counted],
            "lost",
        ),
        ("extended", [record for record in lates if record.late and record.late.extension], ""),
        (
            "adjusted by a person",
            [record for record in records if record.adjusted or record.individual],
            "changed",
        ),
    ]
    found = [(f"{len(some)}×", _sum(what, some, verb)) for what, some, verb in rows if some]
    unknown = [record for record in lates if record.late and record.late.unknown]
    if unknown:
        some = ", ".join(called(record) for record in unknown[:3]) + (" …" if len(unknown) > 3 else "")
        sentence = f"of unknown time, nothing was taken off for lateness: {some}"
        found.append((f"{len(unknown)}×", sentence))
    return found


def _sum(what: str, records: list[Record], verb: str) -> str:
    points = {"taken off": sum(r.penalty for r in records), "lost": sum(r.penalty for r in records)}
    points["changed"] = sum(record.adjustment for record in records)
    return f"{what}, {points[verb]:g} points {verb}" if points.get(verb) else what


def _first_line(text: str) -> str:
    return one_line(text.partition("\n")[0], 200)


def _slowest(records: list[Record]) -> list[tuple[str, str]]:
    """By the seconds of all checks, where that is worth a look."""
    seconds = [(sum(check.seconds for check in record.checks), called(record)) for record in records]
    slow = sorted((entry for entry in seconds if entry[0] >= 1), reverse=True)[:_SHOWN]
    return [(duration(spent), name) for spent, name in slow] if len(records) > _SHOWN else []


def _grid(rows: Sequence[tuple[str, ...]], numbers: bool = False) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=True)
    for index in range(len(rows[0])):
        table.add_column(justify="right" if numbers and index == 1 else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
