"""What `labkit watch` shows: a page that fits a small terminal, or lines for what is not a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from labkit.record import CheckResult, Verdict
from labkit.show.record import points
from labkit.text import one_line
from labkit.watch.watcher import State

_WAITING = Verdict.NOT_ATTEMPTED


def follow(states: Iterable[State], file: str, console: Console) -> None:
    """Show each state as it comes, on a page of its own in a terminal, else as lines when a round has ended."""
    if not console.is_terminal:
        for state in states:
            if not state.checking:
                print(lines(state), flush=True)
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for state in states:
            live.update(page(state, file, console), refresh=True)


def page(state: State, file: str, console: Console) -> RenderableType:
    """A line for each question, then what is wrong, newest first, as far as there is room."""
    head: list[RenderableType] = [_headline(state, file)]
    head += [_cut(f"note: {note}", console, "yellow") for note in state.notes[:3]]
    if state.problem:
        head.append(Text(state.problem, "bold red"))
    head.append(_questions(state))
    body = [line for check in _wrong(state) for line in _explained(check)]
    room = console.height - 1 - sum(len(console.render_lines(part)) for part in head)
    return Group(*head, *_fitting(body, room, console))


def lines(state: State) -> str:
    """The questions of the newest round, a line each, and what is wrong in them."""
    text = [f"note: {note}" for note in state.notes] + ([state.problem] if state.problem else [])
    for question in sorted(state.checked, key=_natural):
        mine = [check for check in state.ordered() if check.question == question]
        if mine:
            text.append(f"{_verdict(mine).sign} {question}  {points(mine)}")
        for check in mine:
            if check.verdict.wrong:
                text += [f"    {part.plain}" for part in _explained(check)]
    text.append(f"{points(state.ordered())} points, checked in {state.seconds:.2f} s")
    return "\n".join(text)


def _headline(state: State, file: str) -> Text:
    text = Text(f"{file}  ", "bold")
    text.append(f"{points(state.ordered())} points  ", "bold green" if _all_passed(state) else "bold")
    if state.checking:
        text.append(f"checking {', '.join(sorted(state.checking, key=_natural))} …", "cyan")
    elif state.checked:
        text.append(f"{state.seconds:.1f} s", "dim")
    return text


def _questions(state: State) -> Table:
    table = Table.grid(padding=(0, 1))
    for question in state.lab.questions:
        mine = [check for check in state.ordered() if check.question == question.id]
        verdict = _verdict(mine)
        sign, style = verdict.sign, verdict.colour
        if question.id in state.checking and not mine:
            sign, style = "…", "cyan"
        title = Text(one_line(question.title, 48), "dim" if style == "dim" else "")
        table.add_row(Text(sign, style), Text(question.id), title, Text(points(mine) if mine else "", style))
    return table


def _verdict(checks: list[CheckResult]) -> Verdict:
    """What is said of a question: the worst of its checks, and nothing yet where none is wrong but not all passed."""
    verdicts = {check.verdict for check in checks}
    if verdicts == {Verdict.PASSED}:
        return Verdict.PASSED
    return next((verdict for verdict in reversed(Verdict) if verdict in verdicts and verdict.wrong), _WAITING)


def _wrong(state: State) -> list[CheckResult]:
    """The failed checks, those of the questions under work first."""
    fresh = state.checking or state.checked
    wrong = [check for check in state.ordered() if check.verdict.wrong]
    return sorted(wrong, key=lambda check: check.question not in fresh)


def _explained(check: CheckResult) -> list[Text]:
    parts = [Text(f"{check.verdict.sign} {check.question} {check.title}", check.verdict.colour)]
    parts += [Text(f"  {line}") for line in check.message.splitlines()]
    return parts + ([Text(f"  → {check.teaches}", "cyan")] if check.teaches else [])


def _fitting(parts: list[Text], room: int, console: Console) -> list[Text]:
    shown: list[Text] = []
    used = 0
    for part in parts:
        height = len(console.render_lines(part))
        if used + height > room - 1 and part is not parts[-1]:
            return [*shown, Text("… more: labkit check shows all", "dim")]
        used += height
        shown.append(part)
    return shown


def _cut(text: str, console: Console, style: str) -> Text:
    return Text(one_line(text, max(20, console.width - 1)), style)


def _all_passed(state: State) -> bool:
    return bool(state.results) and all(check.verdict.passed for check in state.results.values())


def _natural(question: str) -> list[float]:
    """The numbers of a question; what has none, the quiz, comes last."""
    return [int(part) if part.isdigit() else math.inf for part in question.split(".")]
