"""The student's page: what counts, what to do first, and for each check what is wrong, beside the student's own code.

What a student may not see is taken out of the record before anything is drawn (`for_student`), so that no template can
show it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from markupsafe import Markup
from msgspec import structs

from labkit.course import Lab
from labkit.lesson.quiz import QUESTION
from labkit.record import CheckResult, Record, Score, Verdict, rounded, tally
from labkit.record.answers import Choice
from labkit.report.drawing import drawing
from labkit.report.environment import digest, inline, page, texts
from labkit.report.source import Source, sources
from labkit.text import inert, one_line

PLAIN, DRAWN = 60_000, 250_000  # bytes of a page without figures, and with them
_OUTPUT = 8 * 1024  # characters of what was printed
_ROOMS = (6_000, 1_200, 250, 60)  # characters of one text, tried until the page is small enough
_CONTROL = re.compile(r"\\[bfru]")  # as JSON writes them


@dataclass(frozen=True)
class Standing:
    """Where the others of a class stand, in points that count: quartiles, of so many."""

    low: float
    median: float
    high: float
    others: int


@dataclass(frozen=True)
class Row:
    """A check with what it waits for; `again` where its mistake has been explained already, `alike` where the check
    before it in the question says the same.
    """

    check: CheckResult
    waits: tuple[str, ...] = ()
    again: bool = False
    alike: bool = False

    @property
    def open(self) -> bool:
        """Whether there is something to do here now."""
        return not self.check.verdict.passed and not self.waits


@dataclass(frozen=True)
class Asked:
    """A question of the quiz with its check; None where the file does not show it."""

    row: Row
    choice: Choice | None


@dataclass(frozen=True)
class Section:
    """A question with its checks and the functions that answer it."""

    anchor: str
    question: str
    title: str
    rows: tuple[Row, ...]
    code: tuple[Source, ...] = ()

    @property
    def points(self) -> tuple[float, float]:
        """Points earned and to be earned."""
        return tally(row.check for row in self.rows)

    @property
    def passed(self) -> bool:
        """Whether nothing is left to do here."""
        return all(row.check.verdict.passed for row in self.rows)


@dataclass(frozen=True)
class First:
    """What to do first: a check, the command that repeats it, the points that it and what waits for it have, and the
    questions that come next.
    """

    row: Row
    section: Section
    command: str
    points: float
    waiting: float
    then: tuple[Section, ...]


@dataclass(frozen=True)
class Change:
    """What another grading made of a check."""

    check: CheckResult
    before: CheckResult


def for_student(record: Record, language: str = "en") -> Record:
    """The record without what a student may not see: of a hidden check there remain verdict and points."""
    say, checks = texts(language).gettext, []
    count: dict[str, int] = {}
    for check in record.checks:
        if check.hidden:
            number = count[check.question] = count.get(check.question, 0) + 1
            title = say("hidden check %(number)s of %(question)s") % {
                "number": number,
                "question": check.question,
            }
            check = CheckResult(
                *("", check.question, title, check.verdict, check.points, check.max_points), hidden=True
            )
        checks.append(check)
    hidden = {check.id for check in record.checks if check.hidden}
    figures = tuple(one for one in record.figures if isinstance(one, Score) or one.check not in hidden)
    return structs.replace(record, checks=tuple(checks), figures=figures)


def student_page(
    record: Record,
    *,
    output: str = "",
    before: Record | None = None,
    standing: Standing | None = None,
    hidden: bool = False,
    titles: Mapping[str, str] = {},
    language: str = "en",
) -> str:
    """The page as HTML, of at most PLAIN bytes, or DRAWN where it has figures.

    output : what the submission printed
    before : the record of the grading before, for what has changed
    hidden : show hidden checks as they are
    titles : of questions, and under "" that of the lab
    """
    if not hidden:
        record, before = for_student(record, language), before and for_student(before, language)
    drawn = [found for figure in record.figures if (found := drawing(figure, language))]
    for room in _ROOMS:
        facts = _facts(_short(record, room), before and _short(before, room), titles, language)
        facts["scores"] = [one for one in record.figures if isinstance(one, Score)]
        facts["output"] = inert(output, min(_OUTPUT, 2 * room))
        facts |= {
            "style": Markup(style := inline("style.css") + inline("student.css")),
            "style_digest": digest(style),
        }
        html = page("student.html", language, standing=standing, figures=(), **facts)
        if len(html.encode()) <= PLAIN:
            break
    while drawn:
        whole = page("student.html", language, standing=standing, figures=drawn, **facts)
        if len(whole.encode()) <= DRAWN:
            return whole
        drawn.pop()
    return html


def lab_page(record: Record, lab: Lab, output: str) -> str:
    """The page of public checks, as a student sees it while there is still time."""
    titles = {"": lab.title, **{question.id: question.title for question in lab.questions}}
    return student_page(record, output=output, titles=titles)


def is_page(path: Path) -> bool:
    """Whether a file is a page of ours, which may be written anew."""
    try:
        with path.open("rb") as stream:
            return b'<meta name="generator" content="labkit">' in stream.read(2000)
    except OSError:
        return False


def _facts(record: Record, before: Record | None, titles: Mapping[str, str], language: str) -> dict[str, Any]:
    sections = _sections(record, titles)
    asked = [section for section in sections if section.question == QUESTION]
    rest = [section for section in sections if section.question != QUESTION]
    return {
        "record": record,
        "lab": inert(titles.get("", ""), 100) or lab_title(record.lab),
        "people": [person.name or person.id for person in record.student.people if person.name or person.id],
        "file": one_line(record.file, 100),
        "sections": rest,
        "quiz": [_asked(row, record) for section in asked for row in section.rows],
        "quiz_points": asked[0].points if asked else (0, 0),
        "first": _first(record, sections),
        "open_hidden": [
            s for s in rest if any(r.check.hidden and not r.check.verdict.passed for r in s.rows)
        ],
        "written": [
            Row(check) for check in record.checks if check.id in record.answers.written and not check.hidden
        ],
        "said": [one for one in record.adjusted if one.comment],
        "changes": _changes(record, before) if before is not None else None,
        "other_file": before is not None and before.sha256 != record.sha256,
        "sum": _sum(record, language),
        "notes": record.notes[:10],
        "unread": bool(record.checks) and all(check.verdict is Verdict.NOT_RUN for check in record.checks),
    }


def _sum(record: Record, language: str) -> list[tuple[str, float, bool]]:
    """What the points that count are made of: words, an amount, and whether that is added."""
    say = texts(language)
    lines: list[tuple[str, float, bool]] = [(say.gettext("Points of the checks"), record.score, False)]
    for one in record.adjusted:
        if one.change:
            words = say.gettext("Adjusted for %(about)s") if one.question else say.gettext("Adjusted")
            lines.append((_joined(words % {"about": one.about}, one.reason), one.change, True))
    if record.penalty:
        days = (record.late and record.late.days_late) or 0
        late = say.ngettext("Late, %(num)s day", "Late, %(num)s days", days) % {"num": days}
        lines.append((late if days else say.gettext("Late"), -record.penalty, True))
    missing = rounded(record.final_score - sum(amount for _, amount, _ in lines))
    if missing:  # no lab gives less than nothing, or more than all
        lines.append((say.gettext("Held within the lab's points"), missing, True))
    if len(lines) > 1:
        counts = say.gettext("Counts, of %(most)s") % {"most": f"{record.max_score:g}"}
        lines.append((counts, record.final_score, False))
    return lines


def _joined(*parts: str) -> str:
    return ": ".join(one_line(part, 300) for part in parts if part)


def lab_title(name: str) -> str:
    """What a lab is called, from the name of its folder."""
    match = re.fullmatch(r"lab(\d+)_(\w+)", name)
    return f"Lab {match[1]}: {match[2].replace('_', ' ')}" if match else one_line(name, 100)


def _short(record: Record, room: int) -> Record:
    """The record with all of its texts safe to show, and no longer than there is room for."""
    whole = structs.replace(record, figures=())
    if room == _ROOMS[0] and _is_plain(whole):
        return whole

    def shortened(value: Any) -> Any:
        if isinstance(value, str):
            return value if len(value) <= room and value.isprintable() else inert(value, room)
        if isinstance(value, dict):
            return {inert(key, room): shortened(item) for key, item in value.items()}
        if not isinstance(value, (list, tuple)) or (value and isinstance(value[0], (int, float))):
            return value
        return [shortened(item) for item in value]

    return msgspec.convert(shortened(msgspec.to_builtins(whole)), Record)


def _is_plain(record: Record) -> bool:
    """Whether its texts are safe to show as they are, as most are: letters and signs, breaks and tabs."""
    try:
        text = msgspec.json.encode(record).decode()
    except UnicodeEncodeError:  # half a character
        return False
    return text.isprintable() and not _CONTROL.search(text)


def _sections(record: Record, titles: Mapping[str, str]) -> list[Section]:
    done = {
        question: all(check.verdict.passed for check in checks)
        for question, checks in record.by_question().items()
    }
    explained: set[str] = set()
    sections = []
    for number, (question, checks) in enumerate(record.by_question().items(), 1):
        rows: list[Row] = []
        for check in checks:
            waits = tuple(q for q in check.needs if not done.get(q, True)) if check.waits else ()
            again = check.teaches in explained
            explained |= {check.teaches} - {""}
            alike = any(row.check.message == check.message for row in rows)
            rows.append(Row(check, waits, again, alike))
        own = [code for code in record.answers.code if code.question == question]
        title = inert(titles.get(question, ""), 80) or ", ".join(one_line(code.name, 40) for code in own[:2])
        section = Section(f"q{number}", question, title, tuple(rows))
        if question != QUESTION and any(check.verdict.wrong for check in checks):
            section = replace(section, code=sources(own, checks))
        sections.append(section)
    return sections


def _asked(row: Row, record: Record) -> Asked:
    return Asked(row, record.answers.quiz.get(row.check.id.removeprefix("test_")))


def _first(record: Record, sections: list[Section]) -> First | None:
    """The first failed check all of whose needs passed, or else the first that nobody has answered."""
    rows = [
        (row, section)
        for section in sections
        for row in section.rows
        if row.open and not row.check.hidden and row.check.verdict is not Verdict.NOT_RUN
    ]
    if not rows:
        return None
    # what costs points comes before a quiz that costs none
    row, section = min(
        rows,
        key=lambda pair: (
            pair[1].question == QUESTION and not pair[0].check.max_points,
            not pair[0].check.verdict.wrong,
        ),
    )
    command = f'labkit.check("{section.question}")'  # in a notebook, which may have no file yet
    if record.file:
        command = f"labkit check {shlex.quote(one_line(record.file, 100))} -k {section.question}"
    earned, most = section.points
    waiting = [r.check for s in sections for r in s.rows if section.question in r.waits]
    then = tuple(s for s in sections if s is not section and any(r.open for r in s.rows))
    return First(row, section, command, most - earned, tally(waiting)[1], then[:6])


def _changes(record: Record, before: Record) -> list[Change]:
    """Checks of which another grading came to something else; hidden ones by their place in the question."""
    earlier = {(check.id, check.title if not check.id else ""): check for check in before.checks}
    pairs = [(check, earlier.get((check.id, check.title if not check.id else ""))) for check in record.checks]
    return [
        Change(now, old)
        for now, old in pairs
        if old is not None and (old.verdict, old.points) != (now.verdict, now.points)
    ]
