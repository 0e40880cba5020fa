"""A lab's records as rows and columns: who is in the statistics, and what is left out and counted apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from sys import intern

import numpy as np

from labkit.people import EMAIL, Register, ids_of
from labkit.record import Answers, CheckResult, Late, Misconception, Record, Score, Student, Verdict
from labkit.record.signature import Signature
from labkit.record.student import LOGIN, SCHOOL
from labkit.report.figures import LETTERS

STAFF = ("teacher", "instructor", "staff", "assistant", "ta", "tutor", "lecturer", "dozent", "enseignant")


@dataclass(frozen=True, slots=True)
class Failure:
    """How a check failed that has no name: its signature where there is one, and its message."""

    signature: Signature | None
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """A submission: a letter, points and seconds for each check; names, nameless failures and the
    digests of all failures by the check's place."""

    submission: str
    student: Student
    section: str
    part: str
    raw: float
    counted: float
    late: Late | None
    answers: Answers
    notes: tuple[str, ...]
    letters: str
    points: tuple[float, ...]
    seconds: tuple[float, ...]
    named: dict[int, Misconception]
    failures: dict[int, Failure]
    digests: dict[int, str]
    adjusted: float = 0
    scores: tuple[Score, ...] = ()

    @property
    def unread(self) -> bool:
        """Whether nothing of it could be run."""
        return set(self.letters) <= {"r", "?"}


@dataclass(frozen=True)
class Listed:
    """What a class list says beside who is who: a column by place, and who is staff."""

    register: Register
    values: Sequence[str] = ()
    staff: frozenset[int] = frozenset()


@dataclass
class Sheet:
    """The records of a lab, whose `starter` is known where the course is.

    `columns` has a result of each check, which tells its title, points and needs.
    """

    lab: str
    starter: Answers | None = None
    columns: list[CheckResult] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)  # places in the class list
    _place: dict[str, int] = field(default_factory=dict)

    def add(self, record: Record, listed: Listed | None) -> None:
        """Take a record in."""
        for check in record.checks:
            if check.id not in self._place:
                self._place[check.id] = len(self.columns)
                self.columns.append(check)
        letters = ["?"] * len(self.columns)
        points, seconds = [0.0] * len(self.columns), [0.0] * len(self.columns)
        named: dict[int, Misconception] = {}
        failures: dict[int, Failure] = {}
        digests: dict[int, str] = {}
        for check in record.checks:
            at = self._place[check.id]
            letters[at], points[at], seconds[at] = letter(check), check.points, check.seconds
            if check.failure is not None and check.failure.digest:
                digests[at] = intern(check.failure.digest)
            if check.misconception is not None:
                named[at] = check.misconception
            elif check.verdict is Verdict.FAILED or check.failure is not None:
                failures[at] = Failure(check.failure, intern(check.message))
        # what failed without a signature, beside a check of its question that has one, failed because of that
        told = {self.columns[at].question for at in (*named, *digests)}
        failures = {
            at: failure
            for at, failure in failures.items()
            if failure.signature is not None or self.columns[at].question not in told
        }
        section, part = "", "not graded" if record.grader_failed else "counted"
        if record.answers.code and record.answers == self.starter:
            part = "starter"
        for member in record.student.people if listed else ():
            place = listed.register.find(member).place if listed and member.known else None
            if listed and place is not None:
                self.seen.add(place)
                section = section or (listed.values[place] if listed.values else "")
                part = "staff" if place in listed.staff else part
        row = Row(
            record.submission,
            record.student,
            section,
            part,
            record.score,
            record.final_score,
            record.late,
            record.answers,
            record.notes,
            "".join(letters),
            tuple(points),
            tuple(seconds),
            named,
            failures,
            digests,
            record.adjustment,
            tuple(figure for figure in record.figures if isinstance(figure, Score)),
        )
        self.rows.append(row)

    def complete(self) -> None:
        """Once all are in: order them, fill what some lack, keep of each student the best attempt that counts."""
        width = len(self.columns)
        best: dict[object, Row] = {}
        for row in self.rows:
            key = _whose(row.student) or row.submission
            other = best.get(key)
            if row.part == "counted" and (other is None or _rank(row) > _rank(other)):
                best[key] = row
        kept = {row.submission for row in best.values()}
        self.rows = [
            replace(
                row,
                letters=row.letters.ljust(width, "?") if row.letters.strip("?") else "r" * width,
                points=row.points + (0.0,) * (width - len(row.points)),
                seconds=row.seconds + (0.0,) * (width - len(row.seconds)),
                part="earlier" if row.part == "counted" and row.submission not in kept else row.part,
            )
            for row in sorted(self.rows, key=lambda row: row.submission)
        ]

    @cached_property
    def units(self) -> list[int]:
        """The places of those who are in the statistics."""
        return [place for place, row in enumerate(self.rows) if row.part == "counted"]

    @cached_property
    def letters(self) -> np.ndarray:
        """(units, checks), the letters of LETTERS as bytes."""
        text = "".join(self.rows[place].letters for place in self.units)
        return np.frombuffer(text.encode(), "S1").reshape(len(self.units), len(self.columns))

    @cached_property
    def points(self) -> np.ndarray:
        """(units, checks)."""
        return self._array(lambda row: row.points)

    @cached_property
    def seconds(self) -> np.ndarray:
        """(units, checks)."""
        return self._array(lambda row: row.seconds)

    @cached_property
    def shares(self) -> np.ndarray:
        """(units, checks), from 0 to 1; NaN for what waited, and for a check that the record does not have."""
        most = np.array([float(check.max_points) for check in self.columns])
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.where(most > 0, np.clip(self.points / most, 0, 1), self.letters == b"p")
        return np.where((self.letters == b"w") | (self.letters == b"?"), np.nan, shares)

    @cached_property
    def questions(self) -> dict[str, list[int]]:
        """The places of each question's checks, in order."""
        found: dict[str, list[int]] = {}
        for at, check in enumerate(self.columns):
            found.setdefault(check.question, []).append(at)
        return found

    def totals(self) -> np.ndarray:
        """(units,) the points that count."""
        return np.array([float(self.rows[place].counted) for place in self.units])

    def failed(self, question: str) -> np.ndarray:
        """(units,) whether a check of the question failed or ended in an error; what waits has not."""
        part = self.letters[:, self.questions[question]]
        return ((part == b"F") | (part == b"E")).any(axis=1)

    def _array(self, of) -> np.ndarray:
        values = [of(self.rows[place]) for place in self.units]
        return np.array(values, float).reshape(len(self.units), len(self.columns))


def letter(check: CheckResult) -> str:
    """The letter of a check's verdict."""
    return LETTERS["waiting" if check.waits else check.verdict]


def sheets(
    records: Iterable[Record],
    listed: Listed | None = None,
    starter: Callable[[str], Answers | None] = lambda lab: None,
) -> list[Sheet]:
    """The labs of these records in order of their names; a file that says no lab belongs to the only one."""
    found: dict[str, Sheet] = {}
    nowhere: list[Record] = []
    for record in records:
        if record.lab:
            if record.lab not in found:
                found[record.lab] = Sheet(record.lab, starter(record.lab))
            found[record.lab].add(record, listed)
        else:
            nowhere.append(record)
    home = next(iter(found.values())) if len(found) == 1 else Sheet("")
    for record in nowhere:
        found.setdefault(home.lab, home).add(record, listed)
    for sheet in found.values():
        sheet.complete()
    return [found[lab] for lab in sorted(found)]


def _whose(student: Student) -> object:
    """What tells a student, or a group, from all others; None where nothing does."""
    keys = [_key(member) for member in student.people]
    return frozenset(keys) if all(keys) else None


def _key(student: Student) -> tuple[str, str] | None:
    ids = ids_of(student)
    return next(((system, ids[system]) for system in (SCHOOL, LOGIN, EMAIL, *ids) if system in ids), None)


def _rank(row: Row) -> tuple:
    return (row.late is None or row.late.counted, row.counted, row.raw, row.submission)
