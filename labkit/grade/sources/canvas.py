"""Canvas' "Download submissions": flat files `doejane[_LATE]_userid_submissionid_name[-1].py`."""

from __future__ import annotations

import re

from labkit.grade.sources.found import Found, of_student
from labkit.grade.sources.tree import File, Tree
from labkit.record import Student

_FILE = re.compile(r"(?P<who>[^_]+)_(?:(?P<late>LATE)_)?(?P<user>\d{2,})_(?P<id>\d{2,})_(?P<file>.+)$")
_RESUBMITTED = re.compile(r"-(\d+)$")


def owner(file: File) -> str | None:
    """Whose file this is: one that lies flat and has such a name."""
    match = _FILE.match(file.relative.name) if len(file.relative.parts) == 1 else None
    return match and match["user"]


def find(tree: Tree) -> list[Found]:
    """One submission for each student: of a file that was handed in again, the last."""
    students: dict[tuple[str, str], list[File]] = {}
    for file in tree.files:
        if owner(file) and (match := _FILE.match(file.relative.name)):
            students.setdefault((match["who"], match["user"]), []).append(file)
    found = []
    for (who, user), files in students.items():
        latest = _latest(files)
        graded = [file for file in latest if file.gradable] or latest
        late = True if any(_FILE.match(file.relative.name)["late"] for file in graded) else None
        attempt = max(_attempt(file) for file in graded)
        student = Student(user, attempt=attempt if attempt > 1 else None, late=late)
        found += of_student(f"{who}_{user}", tree.path / f"{who}_{user}", latest, student)
    return found


def _latest(files: list[File]) -> list[File]:
    """Of several attempts at one file the last."""
    last: dict[str, File] = {}
    for file in sorted(files, key=_attempt):
        parts = _FILE.match(file.relative.name)["file"].rpartition(".")
        last[f"{_RESUBMITTED.sub('', parts[0])}.{parts[2]}"] = file
    return list(last.values())


def _attempt(file: File) -> int:
    match = _RESUBMITTED.search(file.relative.stem)
    return int(match[1][:6]) + 1 if match else 1
