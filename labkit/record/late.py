"""What lateness and attempts make of a score, from what the course demands and the submission's metadata say.

The time of a submission is the one that its metadata say (`Student.submitted_at`), never a clock's or a file's: the
same submission graded again a week later costs the same. Where nobody said it, nothing is taken off, and a note says
so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from msgspec import Struct

from labkit.course import Lab, LatePolicy
from labkit.record.points import Amount, rounded
from labkit.record.student import Student
from labkit.text import one_line

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Extension:
    """A later due date for somebody, and why."""

    until: datetime
    reason: str = ""


class Late(Struct, frozen=True, kw_only=True):
    """What lateness and attempts made of a score.

    `score` is the one that counts, from 0 to `score_raw`, which is what was earned, with what a human adjusted;
    `penalty` is the points between them. `due` is the lab's date, `extension` a later one that counts instead.
    `days_late` counts days begun after that, 0 within the grace, None where the time of the submission is `unknown`.
    `counted` is False beyond the last day or attempt, and the score is 0 then.
    """

    due: str | None = None
    extension: str | None = None
    submitted_at: str | None = None
    days_late: int | None = None
    unknown: bool = False
    penalty: Amount = 0
    score_raw: Amount = 0
    score: Amount
    attempt: int | None = None
    attempts_allowed: int | None = None
    counted: bool = True
    note: str = ""


def settle(
    score: float,
    max_score: float,
    lab: Lab | None,
    policy: LatePolicy,
    student: Student,
    extension: Extension | None = None,
) -> Late | None:
    """The record's `late`, or None where the lab has neither a due date nor a number of attempts.

    An extension counts where it is later than the lab's own date.
    """
    if lab is None or (lab.due is None and lab.attempts is None):
        return None
    notes = []
    submitted = _instant(student.submitted_at)
    due, days = lab.due, None
    if due is not None:
        if extension is not None and extension.until > due:
            due = extension.until
            reason = f": {extension.reason}" if extension.reason else ""
            notes.append(f"The due date was moved to {due.isoformat(' ', 'minutes')}{reason}.")
        if submitted is None:
            notes.append(_why_unknown(student))
        else:
            days = days_late(due, submitted, policy)
    counted = True
    if days is not None and policy.max_days is not None and days > policy.max_days:
        counted = False
        notes.append(f"Handed in {days} days late; after {policy.max_days} days it no longer counts.")
    if lab.attempts is not None and student.attempt is not None and student.attempt > lab.attempts:
        counted = False
        notes.append(f"This is attempt {student.attempt}; only {lab.attempts} count.")
    final = after_penalty(score, max_score, days or 0, policy) if counted else 0
    return Late(
        due=lab.due.isoformat() if lab.due is not None else None,
        extension=due.isoformat() if due is not None and due != lab.due else None,
        submitted_at=submitted.isoformat() if submitted is not None else None,
        days_late=days,
        unknown=due is not None and submitted is None,
        penalty=rounded(score - final),
        score_raw=rounded(score),
        score=rounded(final),
        attempt=student.attempt,
        attempts_allowed=lab.attempts,
        counted=counted,
        note=" ".join(notes),
    )


def days_late(due: datetime, submitted: datetime, policy: LatePolicy) -> int:
    """Days begun since the due date, 0 until the grace is over. Both times have a time zone; else ValueError."""
    if due.tzinfo is None or submitted.tzinfo is None:
        raise ValueError("Lateness needs times with their offset; see `due` in course.toml.")
    # Python reckons with what the clocks show where two times share a zone
    due, submitted = due.astimezone(UTC), submitted.astimezone(UTC)
    if submitted <= due + timedelta(minutes=policy.grace_minutes):
        return 0
    if policy.timezone is None:
        return math.ceil((submitted - due) / _DAY)
    # the first day's end that is not before the submission: at most one off the count of 24 hours
    days = max(math.ceil((submitted - due) / _DAY) - 1, 1)
    while _end_of_day(due, days, policy.timezone) < submitted:
        days += 1
    return days


def after_penalty(score: float, max_score: float, days: int, policy: LatePolicy) -> float:
    """The score less `penalty_per_day` percent of the maximum for each day, never below 0 or above the score."""
    return min(max(score - days * policy.penalty_per_day / 100 * max_score, 0), score)


def _end_of_day(due: datetime, days: int, zone: tzinfo) -> datetime:
    """When the zone's clocks show the due time for the last time that many days later."""
    wall = due.astimezone(zone).replace(tzinfo=None) + days * _DAY
    return wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _instant(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _why_unknown(student: Student) -> str:
    if student.submitted_at:
        return f"{one_line(student.submitted_at, 60)!r} is no time with an offset; nothing was taken off for lateness."
    if student.late:
        return "It was handed in late, but nobody said when; nothing was taken off for lateness."
    return "Nobody said when it was handed in; nothing was taken off for lateness."
