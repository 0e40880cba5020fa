"""What a human decides: `adjustments.toml` beside `course.toml`, which labkit reads and never writes.

    [[mark]]                            points for a check or a whole question, in place of the grader's
    lab = "lab01"                       may be left out where the course has one lab
    student = "4711"                    an id, login, address, whole name, or a submission's name
    check = "test_softmax_is_stable"    or question = "1.3"
    points = 4
    reason = "The dtype was our slip."
    comment = "Well explained."         may be left out

    [[extension]]
    student = "ada@example.org"
    until = 2026-10-05T23:59:00+02:00   a later due date
    reason = "ill"

    [[comment]]
    student = "4711"
    question = "1.9"                    may be left out
    text = "See me about this."

The grader's own points stay in the record, and a decision survives every regrade. Whoever reads records asks for what
counts with `adjusted(records, course)`, which makes anew what the records say of adjustments and lateness.

What names one student of a group counts for that one; what names the submission counts for all of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from labkit.course import Course, CourseError, Lab
from labkit.people import EMAIL, id_key, ids_of, may_be_same, name_keys
from labkit.record import Adjusted, Extension, Individual, Late, Record, Student, settle, tally
from labkit.record.student import LOGIN, SCHOOL, UNSAID
from labkit.settings import MOMENT, TEXT, Key, Settings, numbers, tables
from labkit.text import one_line

ADJUSTMENTS_FILE = "adjustments.toml"


class AdjustmentError(CourseError):
    """adjustments.toml says what cannot be; the message has its line."""


@dataclass(frozen=True)
class Decision:
    """An entry of the file: what it is about, and what was decided. Either points, a later date, or a comment."""

    line: int
    lab: str
    student: str
    question: str = ""
    check: str = ""
    points: float | None = None
    until: datetime | None = None
    reason: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Somebody:
    """A submission by its name, and one who handed it in, by the place among those; no place: all of them."""

    submission: str
    member: int | None = None


@dataclass(frozen=True)
class Adjustments:
    """The file of a course, read; without one there are no decisions."""

    path: Path
    decisions: tuple[Decision, ...] = ()

    def find(
        self,
        people: Iterable[tuple[str, Student]],
        others: Iterable[tuple[str, Student]] = (),
        whole: bool = True,
        labs: Container[str] | None = None,
    ) -> Decided:
        """Whom each decision is about, among submissions by name and who handed them in.

        `others` are known, too, though they are not among these: they handed in nothing, or before; they are asked
        for where a student is not found. Raises AdjustmentError, with the line, where a student fits several or a
        decision is made twice, and, where these are `whole`, where one fits nobody. With `labs`, only what is decided
        about these is looked at.
        """
        mine = [one for one in self.decisions if labs is None or one.lab in labs]
        return _Finder(Adjustments(self.path, tuple(mine)), people, others).decided(whole)


@dataclass(frozen=True)
class Decided:
    """Adjustments with the submissions that they are about. `missing` are sentences about those that count nowhere."""

    decisions: tuple[tuple[Decision, Somebody], ...] = ()
    missing: tuple[str, ...] = ()

    def settled(self, record: Record, lab: Lab | None, course: Course) -> Record:
        """The record with what was decided about it, and with what lateness makes of that."""
        mine = self._by_name.get(record.submission, ())
        mine = [pair for pair in mine if pair[0].lab == record.lab]
        people = record.student.people
        alone = {who.member for _, who in mine if who.member is not None}
        shared = [decision for decision, who in mine if who.member is None]
        adjusted, late = _counted(record, shared, people[0], lab, course)
        individual = []
        for member in sorted(alone):
            own = [decision for decision, who in mine if who.member == member]
            student = replace(
                people[member],
                submitted_at=people[0].submitted_at,
                attempt=people[0].attempt,
                late=people[0].late,
            )
            of_one = _counted(record, _overruled(shared, own), student, lab, course)
            individual.append(Individual(member=member, adjusted=of_one[0], late=of_one[1]))
        return replace(record, adjusted=adjusted, late=late, individual=tuple(individual))

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[Decision, Somebody]]]:
        names: dict[str, list[tuple[Decision, Somebody]]] = {}
        for pair in self.decisions:
            names.setdefault(pair[1].submission, []).append(pair)
        return names


def read_adjustments(course: Course) -> Adjustments:
    """What adjustments.toml says. Raises AdjustmentError, with file and line, for what it should not say."""
    path = course.root / ADJUSTMENTS_FILE
    if not path.exists():
        return Adjustments(path)
    return Adjustments(path, _Reader(path, AdjustmentError).decisions(course))


def adjusted(records: Sequence[Record], course: Course) -> tuple[list[Record], list[str]]:
    """Records as they count today: with the course's adjustments and rules for lateness; and what is to be said of it.

    For whoever reads the records of `labkit grade` later: exports, reports. Records of labs that the course does not
    have stay as they are. Raises AdjustmentError where the file is wrong.
    """
    labs = {lab.name: lab for lab in course.labs}
    found = read_adjustments(course).find(
        ((record.submission, record.student) for record in records if record.lab in labs),
        whole=False,
        labs={record.lab for record in records},
    )
    settled = [
        found.settled(record, labs[record.lab], course) if record.lab in labs else record
        for record in records
    ]
    return settled, list(found.missing)


# --- what counts --------------------------------------------------------------------------------------------------


def _counted(
    record: Record, decisions: Sequence[Decision], student: Student, lab: Lab | None, course: Course
) -> tuple[tuple[Adjusted, ...], Late | None]:
    entries = tuple(_entry(record, one) for one in decisions if one.until is None)
    with_marks = replace(record, adjusted=entries, late=None)
    extension = next((Extension(one.until, one.reason) for one in decisions if one.until is not None), None)
    late = settle(with_marks.adjusted_score, record.max_score, lab, course.late, student, extension)
    return entries, late


def _entry(record: Record, decision: Decision) -> Adjusted:
    mine = [
        check
        for check in record.checks
        if check.question == decision.question and decision.check in ("", check.id)
    ]
    return Adjusted(
        question=decision.question,
        check=decision.check,
        points=decision.points,
        earned=tally(mine)[0] if decision.points is not None else 0,
        reason=one_line(decision.reason, 500),
        comment=decision.comment,
    )


def _overruled(shared: Sequence[Decision], own: Sequence[Decision]) -> list[Decision]:
    """What counts for one of a group: what was decided about that one alone, and else about all."""
    kept = [one for one in shared if not any(_same(one, other) for other in own)]
    return [*kept, *own]


def _same(some: Decision, other: Decision) -> bool:
    """Whether two decisions about one student cannot both hold."""
    if some.lab != other.lab:
        return False
    if some.until is not None or other.until is not None:
        return some.until is not None and other.until is not None
    if some.points is None or other.points is None or some.question != other.question:
        return False
    return not (some.check and other.check) or some.check == other.check


# --- the file -----------------------------------------------------------------------------------------------------

_WHO = {"student": TEXT, "lab": TEXT}
_KEYS: dict[str, dict[str, Key]] = {
    "mark": _WHO | {"check": TEXT, "question": TEXT, "points": numbers(0), "reason": TEXT, "comment": TEXT},
    "extension": _WHO | {"until": MOMENT, "reason": TEXT},
    "comment": _WHO | {"check": TEXT, "question": TEXT, "text": TEXT},
}
_NEEDED = {
    "mark": ("student", "points", "reason"),
    "extension": ("student", "until"),
    "comment": ("student", "text"),
}


class _Reader(Settings):
    """Reads one adjustments.toml."""

    def decisions(self, course: Course) -> tuple[Decision, ...]:
        """The entries, in the order of the file."""
        keys = dict.fromkeys(_KEYS, tables("are tables in double brackets"))
        self.check(self.table, keys, "", -1, "{}", "there are [[mark]], [[extension]] and [[comment]]")
        found = [
            self.decision(kind, index, entry, course)
            for kind in _KEYS
            for index, entry in enumerate(self.table.get(kind, []))
        ]
        return tuple(sorted(found, key=lambda one: one.line))

    def decision(self, kind: str, index: int, entry: dict[str, Any], course: Course) -> Decision:
        keys = _KEYS[kind]
        self.check(entry, keys, kind, index, f"{{}} of this {kind}", f"the keys are {', '.join(keys)}")
        here = self.line(kind, index)
        for key in _NEEDED[kind]:
            if key not in entry:
                self.refuse(here, f"this {kind} has no {key}.")
        lab = self.lab(kind, index, entry, course)
        question, check, most = self.subject(kind, index, entry, lab)
        if kind == "mark" and entry["points"] > most:
            sentence = (
                f"{check or question} of {lab.name} gives at most {most:g} points, not {entry['points']:g}."
            )
            self.refuse(self.line(kind, index, "points"), sentence)
        if kind == "extension" and (lab.due is None or entry["until"] <= lab.due):
            due = (
                f"not after {lab.due.isoformat(' ', 'minutes')}, when it is due"
                if lab.due
                else "of no due date"
            )
            sentence = f"{entry['until'].isoformat(' ', 'minutes')} is {due}; see course.toml for {lab.name}."
            self.refuse(self.line(kind, index, "until"), sentence)
        return Decision(
            self.line(kind, index, "student"),
            lab.name,
            entry["student"].strip(),
            question,
            check,
            entry.get("points"),
            entry.get("until"),
            entry.get("reason", ""),
            entry.get("text") or entry.get("comment", ""),
        )

    def lab(self, kind: str, index: int, entry: dict[str, Any], course: Course) -> Lab:
        if "lab" in entry:
            try:
                return course.lab(entry["lab"])
            except CourseError as problem:
                self.refuse(self.line(kind, index, "lab"), one_line(problem, 600))
        if len(course.labs) != 1:
            self.refuse(
                self.line(kind, index), f"this {kind} has no lab, and the course has {len(course.labs)}."
            )
        return course.labs[0]

    def subject(self, kind: str, index: int, entry: dict[str, Any], lab: Lab) -> tuple[str, str, float]:
        """Question, check, and the points that there are for it. Refuses what the lab does not have."""
        question, name = entry.get("question", ""), entry.get("check", "")
        if kind == "extension" or (kind == "comment" and not question and not name):
            return "", "", 0
        if not question and not name:
            self.refuse(
                self.line(kind, index), "this mark has neither check nor question; it needs one of them."
            )
        asked = {info.question for info in lab.checks}
        if question and question not in asked:
            self.unknown(kind, index, "question", question, lab, asked)
        own = [info for info in lab.checks if question in ("", info.question)]
        if name and name not in [info.name for info in own]:
            self.unknown(kind, index, "check", name, lab, [info.name for info in own])
        own = [info for info in own if name in ("", info.name)]
        return own[0].question, name, sum(info.points for info in own)

    def unknown(self, kind: str, index: int, key: str, name: str, lab: Lab, known: Iterable[str]) -> None:
        close = difflib.get_close_matches(name, sorted(known), 1)
        hint = f"is {close[0]} meant?" if close else f"there are {', '.join(sorted(known))}."
        self.refuse(self.line(kind, index, key), f"{lab.name} has no {key} {name}; {one_line(hint, 1000)}")


# --- whom it is about ---------------------------------------------------------------------------------------------


class _Finder:
    """Finds students by whatever they are called in a file that people write."""

    def __init__(
        self,
        adjustments: Adjustments,
        people: Iterable[tuple[str, Student]],
        others: Iterable[tuple[str, Student]],
    ):
        self.adjustments = adjustments
        self.called: dict[object, list[tuple[Somebody, Student]]] = {}
        self.others = others
        for name, student in people:
            self.called.setdefault(("submission", id_key(name)), []).append((Somebody(name), student))
            for member, person in enumerate(student.people):
                who = Somebody(name, member if student.group else None)
                for key in _calls(person):
                    self.called.setdefault(key, []).append((who, person))

    def decided(self, whole: bool) -> Decided:
        made: dict[Somebody, list[Decision]] = {}
        missing = []
        for decision in self.adjustments.decisions:
            somebody = self.those(decision)
            if not somebody and whole and self.elsewhere & self.asked(decision):
                if decision.points is not None:
                    missing.append(self.without_work(decision))
            elif not somebody:
                if whole:
                    raise AdjustmentError(self.nobody(decision))
                missing.append(self.nobody(decision))
            for who in somebody:
                before = made.setdefault(who, [])
                self.refuse_twice(decision, before)
                before.append(decision)
        pairs = [(decision, who) for who, decisions in made.items() for decision in decisions]
        return Decided(tuple(pairs), tuple(missing))

    def those(self, decision: Decision) -> list[Somebody]:
        """The submissions of the student who is meant, each once. A submission's own name comes before a person's."""
        submissions = self.called.get(("submission", id_key(decision.student)), [])
        persons = [
            one for key in sorted(_keys(decision.student), key=repr) for one in self.called.get(key, [])
        ]
        if submissions and not any(who.submission == submissions[0][0].submission for who, _ in persons):
            if persons:
                self.several(decision, [*submissions, *persons])
            return [who for who, _ in submissions]
        if not may_be_same(person for _, person in persons):
            self.several(decision, persons)
        return list(dict.fromkeys(who for who, _ in persons))

    @cached_property
    def elsewhere(self) -> set[object]:
        """All that others are called."""
        names: set[object] = set()
        for name, student in self.others:
            names |= {("submission", id_key(name)), *(key for one in student.people for key in _calls(one))}
        return names

    def asked(self, decision: Decision) -> set[object]:
        return {("submission", id_key(decision.student)), *_keys(decision.student)}

    def several(self, decision: Decision, found: Sequence[tuple[Somebody, Student]]) -> None:
        names = ", ".join(dict.fromkeys(repr(one_line(who.submission)) for who, _ in found[:5]))
        raise AdjustmentError(
            f"{self.adjustments.path}:{decision.line}: {decision.student!r} fits several: {names}; give an id, or the "
            "name of the submission."
        )

    def nobody(self, decision: Decision) -> str:
        every = [one for found in self.called.values() for one in found]
        known = {name for who, person in every for name in (who.submission, person.name, person.id) if name}
        close = difflib.get_close_matches(decision.student, sorted(known), 1)
        hint = f" Is {close[0]!r} meant?" if close else ""
        return (
            f"{self.adjustments.path}:{decision.line}: nobody who handed in is called {one_line(decision.student)!r}."
            f"{hint} Who handed in nothing is known by the class list alone, --roster."
        )

    def without_work(self, decision: Decision) -> str:
        return (
            f"{self.adjustments.path}:{decision.line}: nothing of {one_line(decision.student)!r} is among these "
            f"submissions, so that the mark counts nowhere; give the grade by hand where it is to count."
        )

    def refuse_twice(self, decision: Decision, before: Sequence[Decision]) -> None:
        for other in before:
            if _same(other, decision):
                raise AdjustmentError(
                    f"{self.adjustments.path}:{decision.line}: the same was decided for {decision.student!r} on line "
                    f"{other.line} already; keep one."
                )


_SYSTEMS = (SCHOOL, LOGIN, EMAIL, UNSAID)


def _keys(text: str) -> set[object]:
    """Under what a student may be known who is called so."""
    return {(system, id_key(text)) for system in _SYSTEMS} | name_keys(Student(name=text))


def _calls(student: Student) -> set[object]:
    ids = ids_of(student)
    return {(system, ids[system]) for system in _SYSTEMS if system in ids} | name_keys(student)
