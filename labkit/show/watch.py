"""What `labkit watch` shows: a page that fits a small terminal, or lines for what is not a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from labkit.record import CheckResult, Verdict, by_question
from labkit.show.record import points, printed
from labkit.show.summary import duration
from labkit.text import one_line
from labkit.watch.watcher import State

_WAITING = Verdict.NOT_ATTEMPTED
_PRINTED = 4  # lines of what was printed that are shown


def follow(states: Iterable[State], file: str, console: Console) -> None:
    """Show each state as it comes, on a page of its own in a terminal, else as lines when a round has ended."""
    if not console.is_terminal:
        problem = None
        for state in states:
            if state.problem not in (None, problem):
                print(state.problem, flush=True)
            elif not state.checking:
                print(lines(state), flush=True)
            problem = state.problem
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for state in states:
            live.update(page(state, file, console), refresh=True)


def page(state: State, file: str, console: Console) -> RenderableType:
    """A line for each question, then what there is to say of checks, newest first, and what was printed."""
    head: list[RenderableType] = [_headline(state, file)]
    if state.problem:
        head.append(Text(state.problem, "bold red"))
        head.append(Text("What stands below is of the newest save that could be read.", "dim"))
    head += [_cut(f"note: {note}", console, "yellow") for note in state.notes[:3]]
    head.append(_questions(state))
    foot = [Text("printed:", "dim"), printed(state.output, _PRINTED)] if state.output.strip() else []
    body = [line for check in _told(state) for line in _explained(check, check.id in state.stale)]
    used = sum(len(console.render_lines(part)) for part in head)
    below = sum(len(console.render_lines(part)) for part in foot)
    if used + below > console.height - 4:
        foot, below = [], 0
    return Group(*head, *_fitting(body, console.height - 1 - used - below, console), *foot)


def lines(state: State) -> str:
    """The questions of the newest round, a line each, what is wrong in them, and what was printed."""
    text = [f"note: {note}" for note in state.notes]
    for question, mine in by_question(state.ordered()).items():
        newest = [check for check in mine if check.id in state.checked]
        if newest:
            text.append(f"{_verdict(mine).sign} {question}  {points(mine)}")
        for check in newest:
            if _tells(check):
                text += [f"    {part.plain}" for part in _explained(check)]
    if state.output.strip():
        text += ["printed:", printed(state.output, _PRINTED).plain]
    text.append(f"{points(state.ordered())} points, checked in {state.seconds:.2f} s")
    return "\n".join(text)


def _headline(state: State, file: str) -> Text:
    text = Text(f"{file}  ", "bold")
    text.append(f"{points(state.ordered())} points  ", "bold green" if _all_passed(state) else "bold")
    if state.checking:
        text.append(_work(state), "cyan")
    elif state.checked:
        text.append(f"{state.seconds:.1f} s", "dim")
    return text


def _work(state: State) -> str:
    """What is being done: the question, how far a training is, how many checks come after."""
    info = next((info for info in state.lab.public_checks if info.name == state.current), None)
    said = f"checking {info.question}" if info is not None else "checking"
    if (training := state.training) is not None:
        left = duration(training.seconds_left)
        said += f": epoch {training.epoch} of {training.epochs}, {left} left"
    elif info is not None and info.name in state.results and state.results[info.name].seconds >= 2:
        said += f": took {duration(state.results[info.name].seconds)} before"
    more = len(state.checking) - len(state.decided) - 1
    return said + (f" … then {more} more" if more > 0 else " …")


def _questions(state: State) -> Table:
    table = Table.grid(padding=(0, 1))
    checking = {info.question for info in state.lab.public_checks if info.name in state.checking}
    for question in state.lab.questions:
        mine = [check for check in state.ordered() if check.question == question.id]
        verdict = _verdict(mine)
        sign, style = verdict.sign, verdict.colour
        if question.id in checking and not mine:
            sign, style = "…", "cyan"
        is_stale = any(check.id in state.stale for check in mine)
        if is_stale:  # it stays until there is a newer one
            style = "dim"
        title = Text(one_line(question.title, 48), "dim" if style == "dim" else "")
        earned = f"{points(mine)}{' before your change' if is_stale else ''}" if mine else ""
        table.add_row(Text(sign, style), Text(question.id), title, Text(earned, style))
    return table


def _verdict(checks: list[CheckResult]) -> Verdict:
    """What is said of a question: the worst of its checks, and nothing yet where none is wrong but not all passed."""
    verdicts = {check.verdict for check in checks}
    if verdicts == {Verdict.PASSED}:
        return Verdict.PASSED
    return next((verdict for verdict in reversed(Verdict) if verdict in verdicts and verdict.wrong), _WAITING)


def _told(state: State) -> list[CheckResult]:
    """The checks of which there is something to say, those of the newest round first."""
    newest = state.checking or state.checked
    told = [
        check for check in state.ordered() if check.verdict.wrong or (_tells(check) and check.id in newest)
    ]
    return sorted(told, key=lambda check: check.id not in newest)


def _tells(check: CheckResult) -> bool:
    """Whether there is something to say: what is wrong, what is waited for, why the answer of a quiz is right."""
    return check.verdict.wrong or (bool(check.message) and check.verdict is not _WAITING)


def _explained(check: CheckResult, is_stale: bool = False) -> list[Text]:
    style = "dim" if is_stale else check.verdict.colour
    before = " (before your change)" if is_stale else ""
    parts = [Text(f"{check.verdict.sign} {check.question} {check.title}{before}", style)]
    parts += [Text(f"  {line}", "dim" if is_stale else "") for line in check.message.splitlines()]
    return parts + ([Text(f"  → {check.teaches}", "dim" if is_stale else "cyan")] if check.teaches else [])


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
