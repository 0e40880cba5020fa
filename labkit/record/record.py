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

from labkit.record.answers import Answers
from labkit.record.check import CHECK_FAILED, CheckResult, tally
from labkit.record.figure import Figure
from labkit.record.late import Late
from labkit.record.points import rounded
from labkit.record.student import Student
from labkit.record.verdict import Verdict
from labkit.text import inert

SCHEMA = "labkit/result/v1"
_ORDER = (
    *("schema", "submission", "student", "lab", "score", "max_score", "checks", "notes", "isolation"),
    *("versions", "salt_id", "started_at", "late", "file", "sha256", "answers", "figures"),
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


class Record(Struct, frozen=True, kw_only=True):
    """What was decided about one submission. Times apart, one salt always gives the same bytes.

    `late` is what `labkit.record.late.settle` made of the score, where the course has a due date or counts attempts.
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
    late: Late | None = None
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
        """Points earned, never above `max_score`; what lateness costs is not taken off."""
        return min(tally(self.checks))

    @property
    def grader_failed(self) -> bool:
        """Whether the grader or a check itself failed, so that the points say nothing of the submission."""
        return GRADER_FAILED in self.notes or any(
            check.verdict is Verdict.ERROR and check.message == CHECK_FAILED for check in self.checks
        )

    @property
    def percent(self) -> float:
        """The score in percent of the maximum, 0 where there is nothing to earn."""
        return 100 * (self.score / self.max_score) if self.max_score else 0.0

    @property
    def final_score(self) -> float:
        """The score that counts: after the late policy where there is one."""
        return self.score if self.late is None else rounded(min(self.late.score, self.max_score))

    @property
    def penalty(self) -> float:
        """Points that the late policy took off."""
        return rounded(max(self.score - self.final_score, 0))

    def by_question(self) -> dict[str, list[CheckResult]]:
        """The checks of each question, in order."""
        questions: dict[str, list[CheckResult]] = {}
        for check in self.checks:
            questions.setdefault(check.question, []).append(check)
        return questions

    def as_dict(self) -> dict[str, Any]:
        """The record as plain data, its keys in the order of the schema."""
        data = msgspec.to_builtins(self) | {
            "schema": SCHEMA,
            "score": self.score,
            "max_score": self.max_score,
        }
        data["submission"] = inert(self.submission, 500)
        for optional in ("student", "late", "file", "sha256", "answers", "figures"):
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
