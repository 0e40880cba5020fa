"""How what counts came of what the grader gave, in sentences that students may read."""

from __future__ import annotations

from collections.abc import Iterable

from labkit.record.adjusted import Adjusted
from labkit.record.late import Late
from labkit.record.record import Record
from labkit.text import one_line


def how_it_counts(record: Record) -> list[str]:
    """What a human decided, what lateness did, and what counts for members of a group alone."""
    said = [*_decided(record.adjusted), *_lateness(record.late)]
    people = record.student.people
    for one in record.individual:
        if one.member < len(people):
            person = people[one.member]
            name = person.name or person.id or person.email or f"member {one.member + 1}"
            own = record.of(one.member)
            sentences = " ".join([*_decided(own.adjusted), *_lateness(own.late)])
            said.append(f"For {one_line(name)} alone, {own.final_score:g} points count. {sentences}".strip())
    return said


def _decided(adjusted: Iterable[Adjusted]) -> list[str]:
    said = []
    for one in adjusted:
        if one.points is not None:
            points = f"{one.points:g} instead of {one.earned:g} points"
            said.append(_sentence(f"{one.about}: {points}, as a person decided: {one.reason}"))
        if one.comment:
            said.append(_sentence(f"{one.about}: {one.comment}"))
    return said


def _sentence(text: str) -> str:
    """The text, with a full stop where it ends in none."""
    return text if text[-1:] in ".!?" else f"{text}."


def _lateness(late: Late | None) -> list[str]:
    if late is None:
        return []
    said = [late.note] if late.note else []
    if late.penalty and late.counted and late.days_late:
        days = f"{late.days_late} day{'s' * (late.days_late != 1)}"
        said.append(f"{late.penalty:g} of {late.score_raw:g} points were taken off, for it was {days} late.")
    elif late.penalty:
        said.append(f"{late.penalty:g} of {late.score_raw:g} points were taken off.")
    return said
