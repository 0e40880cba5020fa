"""Finds each student's row in a sheet that another system wrote, and says who has none that is certain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from msgspec.structs import replace

from labkit.people import Register, may_be_same, readings_of, words_of
from labkit.platforms.grades import who
from labkit.record import Record, Student
from labkit.text import one_line


@dataclass(frozen=True)
class Pairs:
    """Rows and their records, and a sentence for each student who has no certain row."""

    rows: dict[int, Record]
    notes: tuple[str, ...]


def pair(
    records: Sequence[Record],
    students: Sequence[Student],
    sheet: str,
    teams: Sequence[str] = (),
) -> Pairs:
    """The record for each row; `students` are what the rows say of theirs, `teams` what they say of the team.

    The members of a group each get the group's record. Several attempts of one student count as the last that the late
    policy counts. Two records or two rows that cannot be told apart get no grade and a note, in which `sheet` names
    the sheet.
    """
    from labkit.platforms import whose  # which knows all platforms, this one's user among them

    register = Register(students)
    people = [person for record in records for person in _people(record)]
    namesakes = _namesakes(person for _, person in people)
    people = [
        (record, replace(one, namesake=tuple(sorted(words_of(one.name))) in namesakes or one.namesake))
        for record, one in people
    ]
    register.compare_with(person for _, person in people)
    readings = readings_of([record.submission for record in records])
    notes: list[str] = []
    strangers: list[str] = []
    claims: dict[int, list[tuple[Record, Student]]] = {}
    for record, person in people:
        named = readings[record.submission]
        match = register.find(person) if person.known else register.find_path(*named, download=whose)
        places = [match.place] if match.place is not None else _team(person, teams)
        for place in places:
            claims.setdefault(place, []).append((record, person))
        called = _called(person, record)
        if not places and match.doubt:
            notes.append(f"{called} is not certain in {sheet} and was not filled in: {match.doubt}.")
        elif not places and match.fits:
            notes.append(f"{called} fits {match.fits} rows of {sheet}; none was filled in.")
        elif not places:
            strangers.append(called)
        elif match.doubt:
            notes.append(f"{called} was filled in by the name, though {match.doubt} in {sheet}.")
    if strangers:
        notes.append(f"{', '.join(strangers)} {'is' if len(strangers) == 1 else 'are'} not in {sheet}.")
    rows = {}
    for place, claimants in claims.items():
        rivals = [record for record, _ in claimants]
        last = last_attempt(rivals) if may_be_same(person for _, person in claimants) else None
        if last is None:
            names = " and ".join(repr(one_line(record.submission)) for record in rivals[:3])
            notes.append(f"{names} are for the same row of {sheet}; it was not filled in.")
        else:
            rows[place] = last
    return Pairs(rows, tuple(notes))


def one_each(records: Sequence[Record]) -> tuple[list[Record], tuple[str, ...]]:
    """One record for each student and lab, the members of a group each: the attempt that counts. Where nothing says
    which that is, or different systems call two students by one id, they are left out, with a note.
    """
    attempts: dict[tuple[str, str], list[Record]] = {}
    for record in chain.from_iterable(map(singly, records)):
        attempts.setdefault((record.lab, who(record)), []).append(record)
    kept, notes = [], []
    for (lab, name), rivals in attempts.items():
        last = last_attempt(rivals)
        if not may_be_same(record.student for record in rivals):
            names = " and ".join(repr(one_line(record.submission)) for record in rivals[:3])
            notes.append(f"{names} are of different students whose id is {name!r}; they were left out.")
            continue
        if last is None:
            parts = " and ".join(repr(one_line(record.submission)) for record in rivals[:3])
            notes.append(f"{parts} are both of {name!r}, and nothing says which counts for {lab}; left out.")
            continue
        kept.append(last)
    return kept, tuple(notes)


def last_attempt(rivals: Sequence[Record]) -> Record | None:
    """The one of several records for a row that counts; None where nothing says which it is."""
    counted = [record for record in rivals if record.late is None or record.late.counted] or rivals
    if len(counted) == 1:
        return counted[0]
    attempts = {record.student.attempt: record for record in counted}
    numbers = [number for number in attempts if number is not None]
    return attempts[max(numbers)] if len(numbers) == len(counted) else None


def _people(record: Record) -> list[tuple[Record, Student]]:
    """Whose record it is, with what counts for each; nobody's is that of one known by the submission's name alone."""
    people = [(record.of(place), one) for place, one in enumerate(record.student.people) if one.known]
    return people or [(record.of(0), Student())]


def _namesakes(people: Iterable[Student]) -> set[tuple[str, ...]]:
    """The names that several of these have, as their ids tell."""
    named: dict[tuple[str, ...], list[Student]] = {}
    for person in people:
        named.setdefault(tuple(sorted(words_of(person.name))), []).append(person)
    return {name for name, several in named.items() if name and not may_be_same(several)}


def _team(person: Student, teams: Sequence[str]) -> list[int]:
    """The rows of a team, where a download is called like it: the number in its name is the team's then."""
    name = words_of(person.name)
    return [place for place, team in enumerate(teams) if name and words_of(team) == name]


def _called(person: Student, record: Record) -> str:
    known = [text for text in (person.name or person.run_together, person.id or person.email) if text]
    first, *more = known or [one_line(record.submission, 200) or "unknown"]
    return f"{first!r}{f' ({more[0]})' if more else ''}"


def singly(record: Record) -> list[Record]:
    """The record of each who handed it in, with what counts for that one."""
    first = record.student
    others = [
        replace(
            member,
            submitted_at=member.submitted_at or first.submitted_at,
            attempt=first.attempt if member.attempt is None else member.attempt,
        )
        for member in first.group
    ]
    return [replace(record.of(place), student=member) for place, member in enumerate([first, *others])]
