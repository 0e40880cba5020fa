"""A result record as it looks in a terminal. Pure functions from a record to something that Rich prints."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from labkit.course import Lab
from labkit.record import CheckResult, Misconception, Record, Verdict, how_it_counts, tally
from labkit.text import one_line


def heading(lab: Lab) -> Text:
    """What stands above a lab's record."""
    return Text(f"{lab.title}\n", "bold")


def record_table(record: Record, lab: Lab | None, output: str = "") -> RenderableType:
    """The whole record: a row for each check, and the message and named mistake under each that failed."""
    table = Table.grid(padding=(0, 1), expand=False)
    table.add_column(width=1)
    table.add_column(width=4)
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    titles = {question.id: question.title for question in lab.questions} if lab else {}
    named: set[Misconception | None] = set()
    for question, checks in record.by_question().items():
        heading = Text(titles.get(question, ""), "bold")
        table.add_row("", Text(question, "bold"), heading, Text(points(checks), "bold"))
        for check in checks:
            _add_check(table, check, repeated=check.misconception in named)
            named.add(check.misconception)
    parts: list[RenderableType] = [*_notes(record), table, _total(record)]
    if output.strip():
        parts += [Text("Printed by the submission (not read by any check):", "dim"), _excerpt(output)]
    return Group(*parts)


def _add_check(table: Table, check: CheckResult, repeated: bool) -> None:
    verdict = check.verdict
    title = Text(check.title, "dim" if verdict.colour == "dim" else "")
    if check.hidden:
        title.append(" (hidden)", "dim")
    if not (verdict.passed or verdict.wrong):
        title.append(f"  {verdict.words}", "dim italic")
    table.add_row(Text(verdict.sign, verdict.colour), "", title, Text(points([check]), verdict.colour))
    if verdict.wrong:
        table.add_row("", "", Text(check.message, verdict.colour), "")
        if check.teaches:
            table.add_row(
                "", "", Text("→ the same mistake" if repeated else f"→ {check.teaches}", "cyan"), ""
            )
    elif _tells_more(check):
        table.add_row("", "", Text(check.message, "dim"), "")


def _tells_more(check: CheckResult) -> bool:
    """Whether a message says more than the verdict: what is waited for, where the answer stands that is not found."""
    if check.verdict is Verdict.NOT_RUN:
        return check.message.startswith("waiting")
    return check.verdict is Verdict.NOT_ATTEMPTED and ";" in check.message


def called(record: Record, limit: int = 40) -> str:
    """How a submission is called in a list: by the student where the name is known."""
    name = record.student.name
    return one_line(f"{name} ({record.submission})" if name else record.submission, limit)


def points(checks: Iterable[CheckResult]) -> str:
    """Points earned and to be earned: 3/4."""
    earned, maximum = tally(checks)
    return f"{earned:g}/{maximum:g}"


def _notes(record: Record) -> list[Text]:
    return [Text(f"note: {note}", "yellow") for note in record.notes] + ([Text("")] if record.notes else [])


def _total(record: Record) -> Text:
    text = Text("\n")
    style = "bold green" if record.max_score and record.score == record.max_score else "bold"
    text.append(f"{record.score:g} of {record.max_score:g} points", style)
    if record.waiting:
        text.append(
            f"; up to {sum(check.max_points for check in record.waiting):g} more from a person", "dim"
        )
    if record.final_score != record.score:
        text.append(f", {record.final_score:g} count", "bold yellow")
    for sentence in how_it_counts(record):
        text.append(f"\n{one_line(sentence, 600)}", "yellow")
    return text


def _excerpt(output: str, lines: int = 8) -> Text:
    kept = output.strip().splitlines()
    shown = "\n".join(one_line(line, 160) for line in kept[:lines])
    return Text("  " + shown.replace("\n", "\n  ") + ("\n  …" if len(kept) > lines else ""), "dim")
