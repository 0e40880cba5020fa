"""Whose work a submission is, as far as an export or a roster tells: never what the submission says of itself."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import force_setattr

from labkit.text import one_line

_TEXTS = ("id", "name", "email", "submitted_at", "source_id")


class Student(Struct, frozen=True, omit_defaults=True):
    """What is known of whoever handed in; all of it may be unknown. Texts are safe to show, an empty one is None.

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

    def __post_init__(self) -> None:
        for key in _TEXTS:
            text = getattr(self, key)
            if text is not None:
                force_setattr(self, key, one_line(text, 300) or None)

    @property
    def people(self) -> tuple[Student, ...]:
        """This one and the others of the group."""
        return (self, *self.group)
