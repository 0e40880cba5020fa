"""Whose work a submission is, as far as an export or a roster tells: never what the submission says of itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from labkit.text import one_line


@dataclass(frozen=True)
class Student:
    """What is known of whoever handed in; all of it may be unknown.

    `source_id` is the id of the export where a roster gave another one, `group` the others who handed in the
    same work, `submitted_at` an ISO 8601 time, `attempt` counts from 1.
    """

    id: str | None = None
    name: str | None = None
    email: str | None = None
    submitted_at: str | None = None
    attempt: int | None = None
    late: bool | None = None
    source_id: str | None = None
    group: tuple[Student, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """What is known, as plain data, safe to show."""
        known: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "group":
                value = [member.as_dict() for member in value]
            elif isinstance(value, str):
                value = one_line(value, 300)
            if value not in (None, "", []):
                known[field.name] = value
        return known

    @staticmethod
    def from_dict(known: dict[str, Any]) -> Student:
        """The student of a record; keys of later versions are passed over."""
        names = {field.name for field in fields(Student)} - {"group"}
        group = tuple(Student.from_dict(member) for member in known.get("group", []))
        return Student(**{key: value for key, value in known.items() if key in names}, group=group)
