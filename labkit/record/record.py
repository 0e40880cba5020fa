"""The result record `labkit/result/v1`: all that exporters, reports and the terminal read."""

from __future__ import annotations

import hashlib
import json
import platform
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from labkit.record.adjusted import Adjusted, change, counted
from labkit.record.answers import Answers
from labkit.record.check import CHECK_FAILED, CheckResult, by_question, tally
from labkit.record.figure import Figure
from labkit.record.late import Late
from labkit.record.points import rounded
from labkit.record.student import Student
from labkit.record.verdict import Verdict
from labkit.text import inert

SCHEMA = "labkit/result/v1"
_ORDER = (
    *("schema", "submission", "student", "lab", "score", "max_score", "checks", "notes", "isolation"),
    *(
        "versions",
        "salt_id",
        "started_at",
        "adjusted",
        "late",
        "individual",
        "file",
        "sha256",
        "answers",
        "figures",
    ),
)
#: The note of a record that stands for no verdict: the submission is graded once more.
GRADER_FAILED = "The grader failed on this submission; that is no fault of it."
_LIBRARIES = ("labkit", "keras", "tensorflow", "numpy")
_TIMES = ("started_at",)


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that take part in a verdict."""
    return dict(_versions())


def salt_id(salt: bytes) -> str:
    """What a record calls the salt: tells two apart, and tells neither."""
    return hashlib.sha256(salt).hexdigest()[:12]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Individual(Struct, frozen=True, kw_only=True):
    """What counts for one member of a group, by its place in `student.people`, where it is not what counts for all."""

    member: int
    adjusted: tuple[Adjusted, ...] = ()
    late: Late | None = None


class Record(Struct, frozen=True, kw_only=True):
    """What was decided about one submission. Times apart, one salt always gives the same bytes.

    `checks` and `score` are the grader's own. `adjusted` is what a human decided beside them (`labkit.adjustments`),
    `late` what `labkit.record.late.settle` made of both, where the course has a due date or counts attempts;
    `individual` has these two for members of a group about whom something was decided alone. `final_score` counts.
    `figures` are what checks drew with `labkit.check.measured`; those of a hidden check are for the instructor alone.
    `file` is the name of what was handed in, `sha256` the digest of its bytes, `answers` what it says, none of it run.
    """

    submission: str
    student: Student = Student()
    lab: str
    checks: tuple[CheckResult, ...] = ()
    notes: tuple[str, ...] = ()
    isolation: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=versions)
    salt_id: str | None = None
    started_at: str = field(default_factory=_now)
    adjusted: tuple[Adjusted, ...] = ()
    late: Late | None = None
    individual: tuple[Individual, ...] = ()
    figures: tuple[Figure, ...] = ()
    file: str = ""
    sha256: str = ""
    answers: Answers = Answers()

    @property
    def max_score(self) -> float:
        """Points of all checks."""
        return tally(self.checks)[1]

    @property
    def score(self) -> float:
        """Points that the grader gave, never above `max_score`; what lateness costs is not taken off."""
        return min(tally(self.checks))

    @property
    def adjusted_score(self) -> float:
        """The score with what a human adjusted, from 0 to `max_score`."""
        return rounded(min(max(self.score + change(self.adjusted), 0), self.max_score))

    @property
    def adjustment(self) -> float:
        """Points that a human added, or took off."""
        return rounded(self.adjusted_score - self.score)

    @property
    def counted_checks(self) -> tuple[CheckResult, ...]:
        """The checks with the points that count before lateness: a human's where there are such."""
        return counted(self.checks, self.adjusted) if self.adjusted else self.checks

    @property
    def grader_failed(self) -> bool:
        """Whether the grader or a check itself failed, so that the points say nothing of the submission."""
        return GRADER_FAILED in self.notes or any(
            check.verdict is Verdict.ERROR and check.message == CHECK_FAILED for check in self.checks
        )

    @property
    def percent(self) -> float:
        """The score that counts in percent of the maximum, 0 where there is nothing to earn."""
        return 100 * (self.final_score / self.max_score) if self.max_score else 0.0

    @property
    def final_score(self) -> float:
        """The score that counts: with what a human adjusted, after the late policy where there is one."""
        return self.adjusted_score if self.late is None else rounded(min(self.late.score, self.max_score))

    @property
    def penalty(self) -> float:
        """Points that the late policy took off."""
        return rounded(max(self.adjusted_score - self.final_score, 0))

    def of(self, member: int) -> Record:
        """The record with what counts for one of a group, by the place in `student.people`."""
        own = [one for one in self.individual if one.member == member]
        if not own:
            return replace(self, individual=())
        return replace(self, adjusted=own[0].adjusted, late=own[0].late, individual=())

    @property
    def waiting(self) -> tuple[CheckResult, ...]:
        """The checks whose answer waits for a person to read it: written, and without a mark yet."""
        marked = [one for one in self.adjusted if one.points is not None]
        return tuple(
            check
            for check in self.checks
            if check.id in self.answers.written
            and not any(one.question == check.question and one.check in ("", check.id) for one in marked)
        )

    def by_question(self) -> dict[str, list[CheckResult]]:
        """The checks of each question, in order."""
        return by_question(self.checks)

    def as_dict(self) -> dict[str, Any]:
        """The record as plain data, its keys in the order of the schema."""
        data = msgspec.to_builtins(self) | {
            "schema": SCHEMA,
            "score": self.score,
            "max_score": self.max_score,
        }
        data["submission"] = inert(self.submission, 500)
        for optional in ("student", "adjusted", "late", "individual", "file", "sha256", "answers", "figures"):
            if not data[optional]:
                del data[optional]
        for check in data["checks"]:
            for optional in ("failure", "needs", "limit_seconds"):
                if not check[optional]:
                    del check[optional]
        return {key: data[key] for key in _ORDER if key in data}

    def as_json(self) -> str:
        """The record as the text of `result.json`."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    """A record's data with the parts left out that differ between two gradings with one salt."""
    checks = [{key: value for key, value in check.items() if key != "seconds"} for check in record["checks"]]
    return {key: value for key, value in record.items() if key not in _TIMES} | {"checks": checks}


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    libraries = [(name, metadata.version(name)) for name in _LIBRARIES]
    return ("python", platform.python_version()), *libraries
