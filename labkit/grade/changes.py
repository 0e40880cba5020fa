"""What a run changed: who gained and who lost, in which check; and which human's mark is about a check that changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from labkit.adjustments import Decided, Decision
from labkit.course import Lab
from labkit.grade.kept import check_hashes
from labkit.record import Record, rounded

#: What the last whole run said of a submission: its file's digest, the score that counts, points by check.
Told = Mapping[str, tuple[str, float, Mapping[str, float]]]
COUNTS = ""  # in the place of a check: the score that counts, where no check says why it is another one


@dataclass(frozen=True)
class Change:
    """Points of a submission that are not what the last whole run gave the same file."""

    record: Record
    check: str
    question: str
    before: float
    after: float

    @property
    def points(self) -> float:
        """Gained, or lost where it is below 0."""
        return rounded(self.after - self.before)


def told(records: Iterable[Record]) -> Told:
    """What these records say, to be compared with what a later run says; a failure of the grader says nothing."""
    return {
        record.submission: (
            record.sha256,
            record.final_score,
            {check.id: check.points for check in record.checks},
        )
        for record in records
        if not record.grader_failed
    }


def changes(before: Told, records: Iterable[Record]) -> list[Change]:
    """What these records changed for whoever handed in no other file since. What the grader failed on is no change."""
    found: list[Change] = []
    for record in records:
        if record.submission not in before or record.grader_failed:
            continue
        digest, counted, points = before[record.submission]
        if digest != record.sha256:
            continue
        questions = {check.id: check.question for check in record.checks}
        now = {check.id: check.points for check in record.checks}
        own = [
            Change(record, name, questions.get(name, ""), points.get(name, 0), now.get(name, 0))
            for name in dict.fromkeys([*now, *points])
            if points.get(name, 0) != now.get(name, 0)
        ]
        if not own and counted != record.final_score:
            own = [Change(record, COUNTS, "", counted, record.final_score)]
        found += own
    return found


def bases(adjustments: Decided, labs: Iterable[Lab]) -> dict[str, tuple[Decision, str]]:
    """For each mark that is about one of these labs, under a name of its own, what its checks rest on today."""
    known = {lab.name: lab for lab in labs}
    found = {}
    for decision, _ in adjustments.decisions:
        if decision.points is None or decision.lab not in known:
            continue
        digests = check_hashes(known[decision.lab])
        mine = [
            digests[info.name]
            for info in known[decision.lab].checks
            if info.question == decision.question and decision.check in ("", info.name)
        ]
        whole = (
            decision.lab,
            decision.student,
            decision.question,
            decision.check,
            decision.points,
            decision.reason,
        )
        found[_digest(*map(str, whole))] = decision, _digest(*mine)
    return found


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
