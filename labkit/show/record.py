"""A result record as it looks in a terminal. Pure functions from a record to something that Rich prints."""

from __future__ import annotations

from collections.abc import Container, Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from labkit.course import Lab
from labkit.record import FILE_NOT_READ, CheckResult, Record, Verdict, by_question, how_it_counts, tally
from labkit.text import inert, one_line


def heading(lab: Lab) -> Text:
    """What stands above a lab's record."""
    return Text(lab.title, "bold")


def record_table(record: Record, lab: Lab | None, output: str = "") -> RenderableType:
    """The whole record: a row for each check, and the message and named mistake under each that failed."""
    parts: list[RenderableType] = [*notes(record), check_table(record.checks, lab), _total(record)]
    if output.strip():
        parts += [Text("Printed by the submission (not read by any check):", "dim"), printed(output)]
    return Group(*parts)


def check_table(checks: Iterable[CheckResult], lab: Lab | None, leave_out: Container[Verdict] = ()) -> Table:
    """A row for each question and each of its checks, but for some verdicts, and what is said of those that failed."""
    table = Table.grid(padding=(0, 1), expand=False)
    table.add_column(width=1)
    table.add_column(width=4)
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    titles = {question.id: question.title for question in lab.questions} if lab else {}
    told: set[str] = set()
    for question, mine in by_question(checks).items():
        heading = Text(titles.get(question, ""), "bold")
        table.add_row("", Text(question, "bold"), heading, Text(points(mine), "bold"))
        said: set[str] = set()
        for check in (check for check in mine if check.verdict not in leave_out):
            _add_check(table, check, check.message in said, check.teaches in told)
            told.add(check.teaches)
            said.add(check.message)
    return table


def _add_check(table: Table, check: CheckResult, said: bool, taught: bool) -> None:
    verdict = check.verdict
    title = Text(check.title, "dim" if verdict.colour == "dim" else "")
    if check.hidden:
        title.append(" (hidden)", "dim")
    if not (verdict.passed or verdict.wrong):
        title.append(f"  {verdict.words}", "dim italic")
    table.add_row(Text(verdict.sign, verdict.colour), "", title, Text(points([check]), verdict.colour))
    if verdict.wrong:
        table.add_row("", "", Text("as above" if said else check.message, verdict.colour), "")
        if check.teaches:
            table.add_row("", "", Text("→ the same mistake" if taught else f"→ {check.teaches}", "cyan"), "")
    elif _tells_more(check):
        sign = "→ " if verdict.passed else ""
        table.add_row("", "", Text("as above" if said else f"{sign}{check.message}", "dim"), "")


def _tells_more(check: CheckResult) -> bool:
    """Whether a message says more than the verdict: what is waited for, where the answer stands that is not found, why
    an answer is right.
    """
    if check.verdict is Verdict.NOT_ATTEMPTED:
        return ";" in check.message
    return check.message not in ("", FILE_NOT_READ)


def called(record: Record, limit: int = 40) -> str:
    """How a submission is called in a list: by the student where the name is known."""
    name = record.student.name
    return one_line(f"{name} ({record.submission})" if name else record.submission, limit)


def points(checks: Iterable[CheckResult]) -> str:
    """Points earned and to be earned: 3/4."""
    earned, maximum = tally(checks)
    return f"{earned:g}/{maximum:g}"


def notes(record: Record, most: int | None = None) -> list[Text]:
    """What there is to say of the file itself."""
    shown = [Text(f"note: {note}", "yellow") for note in record.notes[:most]]
    if (more := len(record.notes) - len(shown)) > 0:
        shown.append(Text(f"… and {more} more notes", "yellow"))
    return [*shown, *([Text("")] if shown else [])]


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


def printed(output: str, lines: int = 8) -> Text:
    """The last lines of what was printed, its columns as they are."""
    kept = output.rstrip().expandtabs().splitlines()
    shown = (["…"] if len(kept) > lines else []) + [line[:160] for line in kept[-lines:]]
    return Text("\n".join(f"  {inert(line, 200)}" for line in shown), "dim")
