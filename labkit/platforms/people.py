"""Finds each student's row in a sheet that another system wrote, and none where it is not certain.

A record knows its students by id, e-mail address and name, or only by the submission's name, which may be one of these
or end with the number that Canvas ("doejane_12345") and Moodle ("Jane Doe_12345") put into the names of downloads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from msgspec.structs import replace

from labkit.platforms.grades import who
from labkit.record import Record, Student
from labkit.text import one_line

_CANVAS = re.compile(r"^[^_/]+_(?:LATE_)?(\d+)_\d+_", re.IGNORECASE)
_MOODLE = re.compile(r"^([^_/]+)_(\d+)_assignsubmission_", re.IGNORECASE)
Rows = Sequence[Sequence[str]]


class _Register:
    """The rows by each thing that identifies them, so that a large class takes no longer for each student."""

    def __init__(self, rows: Rows):
        self.headings = [row[-1] for row in rows]
        self._by_mark: dict[str, list[int]] = {}
        self._by_name: dict[tuple[str, ...], list[int]] = {}
        for number, row in enumerate(rows):
            for mark in {_plain(cell) for cell in row[:-1]} - {""}:
                self._by_mark.setdefault(mark, []).append(number)
            self._by_name.setdefault(name_of(row[-1]), []).append(number)

    def marked(self, marks: Iterable[str]) -> list[int]:
        """The rows that have any of these ids, numbers or addresses."""
        return sorted({row for mark in marks for row in self._by_mark.get(_plain(mark), [])})

    def called(self, names: set[tuple[str, ...]]) -> list[int]:
        """The rows that have any of these whole names."""
        return sorted({row for name in names - {()} for row in self._by_name.get(name, [])})


@dataclass(frozen=True)
class Pairs:
    """Rows and their results, and a sentence for each student who has no certain row."""

    rows: dict[int, Record]
    notes: tuple[str, ...]


def pair(results: list[Record], rows: Rows, sheet: str) -> Pairs:
    """The result for each row. A row is a list of what identifies its student: numbers, ids and addresses, and in the
    last place the name. "canvas 12" and "participant 12" are the numbers by which those systems name their downloads.

    The members of a group each get the group's result. Several attempts of one student count as the last that the late
    policy counts. Two results or two rows that cannot be told apart get no grade and a note, in which `sheet` names
    the sheet.
    """
    register = _Register(rows)
    notes: list[str] = []
    claims: dict[int, list[Record]] = {}
    for result in results:
        for person in result.student.people:
            found = _rows_of(person, result, register)
            if len(found) == 1:
                claims.setdefault(found[0], []).append(result)
                continue
            called = next(iter([*_marks(person), *([person.name] if person.name else [])]), who(result))
            fate = f"fits {len(found)} rows of {sheet}; none was filled in" if found else f"is not in {sheet}"
            notes.append(f"{called!r} {fate}.")
    pairs = {}
    for row, rivals in claims.items():
        last = _last_attempt(rivals)
        if last is None:
            names = " and ".join(repr(one_line(result.submission)) for result in rivals[:3])
            notes.append(f"{names} are for the same row of {sheet}; it was not filled in.")
        else:
            pairs[row] = last
    return Pairs(pairs, tuple(notes))


def one_each(results: list[Record]) -> tuple[list[Record], tuple[str, ...]]:
    """One result for each student and lab, the members of a group each: the attempt that counts, else the last by
    path, and then a note.
    """
    attempts: dict[tuple[str, str], list[Record]] = {}
    for result in chain.from_iterable(map(_singly, results)):
        attempts.setdefault((result.lab, who(result)), []).append(result)
    notes = tuple(
        f"{who(rivals[0])!r} has {len(rivals)} results for {rivals[0].lab}; "
        f"{one_line(rivals[-1].submission)!r} was taken."
        for rivals in attempts.values()
        if _last_attempt(rivals) is None
    )
    return [_last_attempt(rivals) or rivals[-1] for rivals in attempts.values()], notes


def name_of(text: str) -> tuple[str, ...]:
    """A name's words in alphabetical order: "Doe, Jane" and "Jane Doe" are one. A single word is no name."""
    words = tuple(sorted(_plain(text.replace(",", " ").replace("_", " ")).split()))
    return words if len(words) > 1 else ()


def _singly(result: Record) -> list[Record]:
    """The result of each member of a group."""
    first = result.student
    others = [
        replace(
            member,
            submitted_at=member.submitted_at or first.submitted_at,
            attempt=first.attempt if member.attempt is None else member.attempt,
        )
        for member in first.group
    ]
    return [result, *(replace(result, student=member) for member in others)]


def _rows_of(person: Student, result: Record, rows: _Register) -> list[int]:
    """The rows that may be the student's: by the number in a download's name, by id or address, by whole name."""
    parts = result.submission.replace("\\", "/").split("/")
    known = any((*_marks(person), person.name))
    numbered = rows.marked(_numbers(person, parts))
    if len(numbered) == 1:
        return numbered
    sure = {name_of(person.name or "")}
    sure |= {name_of(match[1]) for part in parts if (match := _MOODLE.match(part))}
    names = (sure if known else sure | {name_of(part) for part in parts}) - {()}
    marks = _marks(person) if known else ["/".join(parts), *parts]
    # an id of one system can be another student's in the next: a row that is headed by another name is not the one
    found = [row for row in rows.marked(marks) if _may_be(rows.headings[row], sure - {()})]
    called = rows.called(names)
    both = sorted(set(found) & set(called))
    return both if len(found) > 1 and len(both) == 1 else found or called


def _marks(person: Student) -> list[str]:
    return [mark for mark in (person.id, person.source_id, person.email) if mark]


def _numbers(person: Student, parts: list[str]) -> set[str]:
    """The student's number in the system that the submission was downloaded from."""
    found = {f"canvas {match[1]}" for part in parts if (match := _CANVAS.match(part))}
    found |= {f"participant {match[2]}" for part in parts if (match := _MOODLE.match(part))}
    for number in (person.id, person.source_id):
        if number and any(part.endswith(f"_{number}") for part in parts):
            found |= {f"canvas {number}", f"participant {number}"}
    return found


def _may_be(heading: str, names: set[tuple[str, ...]]) -> bool:
    there = set(name_of(heading))
    return not names or not there or any(there & set(name) for name in names)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _last_attempt(rivals: list[Record]) -> Record | None:
    """The one of several results for a row that counts; None where nothing says which it is."""
    counted = [result for result in rivals if result.late is None or result.late.counted] or rivals
    if len(counted) == 1:
        return counted[0]
    attempts = {result.student.attempt: result for result in counted}
    numbers = [number for number in attempts if number is not None]
    return attempts[max(numbers)] if len(numbers) == len(counted) else None
