"""What `labkit check` shows: first what to do next, on a screen of 80 × 24; what is passed or untouched folds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console, Group, RenderableType
from rich.text import Text

from labkit.course import Lab
from labkit.lesson.quiz import QUESTION
from labkit.record import CheckResult, Record, Verdict, tally
from labkit.show.record import check_table, heading, notes, points, printed

_Members = list[tuple[str, list[CheckResult]]]  # questions, each with its checks


def check_page(record: Record, lab: Lab, more: float, console: Console, output: str = "") -> RenderableType:
    """A student's record: questions that pass or are untouched in a line each, the others in full while there is room.

    `more` are the points that only grading gives. The checks of a single question are shown in full.
    """
    said = [Text("Printed by your code (no check reads it):", "dim"), printed(output)]
    single = len({check.question for check in record.checks if check.question != QUESTION}) < 2
    foot: list[RenderableType] = [*(said if output.strip() else ()), Text(""), _total(record, more, single)]
    if single:
        return Group(heading(lab), *notes(record), check_table(record.checks, lab), *foot)
    foot += _next(record, lab)
    if not console.is_terminal:
        return Group(heading(lab), *notes(record), *_questions(record, lab, None, console), *foot)
    head = [heading(lab), *notes(record, 2)]
    foot = foot[2:] if output.strip() else foot
    room = console.height - 1 - sum(len(console.render_lines(part)) for part in (*head, *foot))
    parts = list(_questions(record, lab, room, console))
    room -= sum(len(console.render_lines(part)) for part in parts)
    if output.strip() and room > len(said):
        parts += [said[0], printed(output, room - len(said))]
    return Group(*head, *parts, *foot)


def _questions(record: Record, lab: Lab, room: int | None, console: Console) -> Iterator[RenderableType]:
    """The questions in order. Those with something wrong are in full as far as they fit, the first in any case."""
    groups: list[tuple[str, _Members]] = []
    for question, checks in record.by_question().items():
        state = _state(checks)
        if groups and groups[-1][0] == state and state in ("untouched", "waiting") and question != QUESTION:
            groups[-1][1].append((question, checks))
        else:
            groups.append((state, [(question, checks)]))
    used, is_first = len(groups), True
    for state, members in groups:
        question, checks = members[0]
        if state == "wrong":
            open_ones = (Verdict.NOT_ATTEMPTED,) if question == QUESTION else ()
            table = check_table(checks, lab, leave_out=(Verdict.PASSED, *open_ones))
            more = len(console.render_lines(table)) - 1
            if is_first or room is None or used + more <= room:
                used, is_first = used + more, False
                yield table
                continue
        yield _folded(state, members, lab)


def _state(checks: Iterable[CheckResult]) -> str:
    verdicts = {check.verdict for check in checks}
    if any(verdict.wrong for verdict in verdicts):
        return "wrong"
    if verdicts == {Verdict.PASSED}:
        return "passed"
    if Verdict.NOT_RUN in verdicts:
        return "waiting"
    return "begun" if Verdict.PASSED in verdicts else "untouched"


def _folded(state: str, members: _Members, lab: Lab) -> Text:
    """A line for one question, or for neighbours of one state."""
    (first, checks), last = members[0], members[-1][0]
    every = [check for _, mine in members for check in mine]
    title = _title(lab, first)
    name = first if len(members) == 1 else f"{first} to {last}"
    verdict, said = Verdict.NOT_ATTEMPTED, "not written yet"
    if state == "passed":
        verdict, said = Verdict.PASSED, ""
    elif state == "wrong":
        wrong = sum(check.verdict.wrong for check in checks)
        verdict, said = Verdict.FAILED, f"{wrong} of {len(checks)} checks fail"
    elif state == "waiting":
        verdict, said = Verdict.NOT_RUN, _reason(every)
    elif first == QUESTION:
        said = f"{sum(check.verdict.passed for check in checks)} of {len(checks)} answered"
    elif state == "begun":
        said = "begun"
    said = ": ".join(part for part in (title if len(members) == 1 else "", said) if part)
    style = "dim" if verdict.colour == "dim" else ""
    return Text.assemble(
        (verdict.sign, verdict.colour), f" {name:4} ", (said, style), (f"  {points(every)}", verdict.colour)
    )


def _title(lab: Lab, question: str) -> str:
    return next((known.title for known in lab.questions if known.id == question), "")


def _reason(checks: Iterable[CheckResult]) -> str:
    """Why checks did not run, where that is the same for all."""
    reasons = {check.message for check in checks if check.verdict is Verdict.NOT_RUN}
    return reasons.pop().partition("\n")[0] if len(reasons) == 1 else "waiting"


def _total(record: Record, more: float, single: bool) -> Text:
    earned, most = tally(record.checks)
    style = "bold green" if most and earned == most else "bold"
    if not more:
        return Text(f"{earned:g} of {most:g} points", style)
    public = "points" if single else "public points"
    return Text(f"{earned:g} of {most:g} {public}; {more:g} more are graded with other inputs", style)


def _next(record: Record, lab: Lab) -> list[Text]:
    """What to do next: the first question with something wrong, or the first that is not written."""
    states = {question: _state(checks) for question, checks in record.by_question().items()}
    for state, what in (("wrong", "mend"), ("untouched", "write")):
        for question in states:
            if states[question] == state and question != QUESTION:
                more = f"labkit check FILE -k {question}"
                if state == "untouched":
                    hinted = question in lab.asked.values() and lab.hints(question)
                    more = f"labkit hint {question}" if hinted else ""
                sentence = f"Next: {what} {question} {_title(lab, question)}"
                return [Text(f"{sentence}   ({more})" if more else sentence, "cyan")]
    return []
