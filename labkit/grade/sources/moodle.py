"""Moodle's "Download all submissions": `Full Name_12345_assignsubmission_file_/file.py`, in folders or flat."""

from __future__ import annotations

import re

from labkit.grade.sources.found import Found, of_student
from labkit.grade.sources.tree import File, Tree
from labkit.record import Student

_ENTRY = re.compile(r"(?P<name>[^/]+?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?")
_BLIND = re.compile(r"(Participant|Teilnehmer/in|Teilnehmer|Participante|Usuario)( \d+)?$")


def owner(file: File) -> str | None:
    """Whose file this is: one that has such a name, or lies in a folder that has."""
    match = _ENTRY.match(file.relative.parts[0])
    return match and match["id"]


def find(tree: Tree) -> list[Found]:
    """One submission for each participant; a text typed online counts only where there is no file."""
    participants: dict[tuple[str, str], list[File]] = {}
    for file in tree.files:
        if match := _ENTRY.match(file.relative.parts[0]):
            files = participants.setdefault((match["name"], match["id"]), [])
            if match["kind"] == "file":
                files.append(file)
    found = []
    for (name, number), files in participants.items():
        student = Student(number, None if _BLIND.match(name) else name)
        found += of_student(f"{name}_{number}", tree.path / f"{name}_{number}", files, student)
    return found
