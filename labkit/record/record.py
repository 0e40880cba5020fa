"""The result record `labkit/result/v1`: all that exporters, reports and the terminal read."""

from __future__ import annotations

import json
import math
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from labkit.check.run import CheckResult
from labkit.record.student import Student
from labkit.text import inert

SCHEMA = "labkit/result/v1"
_LIBRARIES = ("labkit", "keras", "tensorflow", "numpy")
_TIMES = ("started_at",)


@dataclass(frozen=True)
class Record:
    """What was decided about one submission. Times apart, one salt always gives the same bytes."""

    submission: str
    lab: str
    checks: tuple[CheckResult, ...] = ()
    notes: tuple[str, ...] = ()
    isolation: tuple[str, ...] = ()
    salt_id: str | None = None
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    #: what `labkit.record.late.settle` made of the score, where the course has a due date or counts attempts
    late: dict[str, Any] | None = None
    #: whose it is, where an export or a roster tells
    student: Student = Student()

    @property
    def max_score(self) -> float:
        """Points of all checks."""
        return _tidy(sum(check.max_points for check in self.checks))

    @property
    def score(self) -> float:
        """Points earned, never outside 0 and `max_score`."""
        earned = [check.points for check in self.checks]
        if not all(math.isfinite(points) and points >= 0 for points in earned):
            return 0
        return _tidy(min(sum(earned), self.max_score))

    @property
    def percent(self) -> float:
        """The score in percent of the maximum, 0 where there is nothing to earn."""
        return 100 * self.score / self.max_score if self.max_score else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The record as plain data, its keys in the order of the schema."""
        record = {
            "schema": SCHEMA,
            "submission": inert(self.submission, 500),
            **({"student": known} if (known := self.student.as_dict()) else {}),
            "lab": self.lab,
            "score": self.score,
            "max_score": self.max_score,
            "checks": [_check(check) for check in self.checks],
            "notes": list(self.notes),
            "isolation": list(self.isolation),
            "versions": versions(),
            "salt_id": self.salt_id,
            "started_at": self.started_at,
        }
        return record | ({"late": self.late} if self.late is not None else {})

    def as_json(self) -> str:
        """The record as the text of `result.json`."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Record:
        """The record that gave this data; raises KeyError or TypeError where it is none."""
        return Record(
            data["submission"],
            data["lab"],
            tuple(_read_check(check) for check in data["checks"]),
            tuple(data["notes"]),
            tuple(data["isolation"]),
            data["salt_id"],
            data["started_at"],
            data.get("late"),
            Student.from_dict(data.get("student", {})),
        )


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    """A record's data with the parts left out that differ between two gradings with one salt."""
    checks = [{key: value for key, value in check.items() if key != "seconds"} for check in record["checks"]]
    return {key: value for key, value in record.items() if key not in _TIMES} | {"checks": checks}


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that take part in a verdict."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in _LIBRARIES}}


def _check(check: CheckResult) -> dict[str, Any]:
    mistake = {"id": check.misconception, "sentence": check.teaches} if check.misconception else None
    return {
        "id": check.id,
        "question": check.question,
        "title": check.title,
        "verdict": check.verdict,
        "points": _tidy(check.points),
        "max_points": _tidy(check.max_points),
        "hidden": check.hidden,
        "message": check.message,
        "misconception": mistake,
        "seconds": check.seconds,
    }


def _read_check(data: dict[str, Any]) -> CheckResult:
    data = dict(data)
    mistake = data.pop("misconception") or {"id": None, "sentence": ""}
    return CheckResult(**data, misconception=mistake["id"], teaches=mistake["sentence"])


def _tidy(points: float) -> float:
    """A whole number where it is one, else two decimals."""
    rounded = round(points, 2)
    return int(rounded) if rounded == int(rounded) else rounded
