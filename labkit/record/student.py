"""Whose work a submission is, as far as an export or a class list tells: never what the submission says of itself.

Every number belongs to a system. What one system calls 102 says nothing in another, so a student has ids by system,
and `labkit.people` compares an id only with ids of its own.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import force_setattr

from labkit.text import one_line

#: Systems that no platform owns: the institution's number, the name to sign in with, and an id of which nobody says
#: more than that it is one of these or an address.
SCHOOL, LOGIN, UNSAID = "school", "login", "unsaid"
_TEXTS = ("id", "name", "email", "submitted_at", "run_together")


class Student(Struct, frozen=True, omit_defaults=True):
    """What is known of whoever handed in; all of it may be unknown. Texts are safe to show, an empty one is None.

    `ids` are what is compared, by system; `id` is the one to call the student by: the institution's, or the first.
    `run_together` is the name as Canvas has it in the names of files ("doejane"), `namesake` says that another student
    of the class has the same name. `group` are the others who handed in the same work, `submitted_at` is an ISO 8601
    time, `attempt` counts from 1.
    """

    id: str | None = None
    name: str | None = None
    email: str | None = None
    submitted_at: str | None = None
    attempt: int | None = None
    late: bool | None = None
    ids: dict[str, str] = {}
    run_together: str | None = None
    namesake: bool = False
    group: tuple[Student, ...] = ()

    def __post_init__(self) -> None:
        ids = {system: plain for system, text in self.ids.items() if (plain := one_line(text, 300))}
        force_setattr(self, "ids", ids)
        if ids:
            own = next(system for system in (SCHOOL, LOGIN, *ids) if system in ids)
            force_setattr(self, "id", ids[own])
        for key in _TEXTS:
            text = getattr(self, key)
            if text is not None:
                force_setattr(self, key, one_line(text, 300) or None)

    @property
    def known(self) -> bool:
        """Whether anything tells who this is."""
        return bool(self.ids or self.name or self.email or self.run_together)

    @property
    def people(self) -> tuple[Student, ...]:
        """This one and the others of the group."""
        return (self, *self.group)
