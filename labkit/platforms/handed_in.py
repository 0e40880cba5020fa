"""What one student handed in: which of the files is graded, and what is said where none is."""

from __future__ import annotations

import re
from pathlib import Path

from labkit.platforms.origin import File
from labkit.record.found import Found
from labkit.record.student import Student

MOST_FILES = 20  # scripts and notebooks of one student
_NAMED_LIKE_A_LAB = re.compile(r"lab(\d\d(_\w+)?)?([ (_-]*\d+\)?)?$")
_DISGUISED = re.compile(r"(.+\.(?:py|ipynb))\.\w+$", re.IGNORECASE)
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tgz", ".bz2", ".xz", ".tar")
#: What a released folder holds; the starter in it is nobody's answer where there is another.
COURSE, HANDOUTS = "course.toml", "labs"


def of_student(
    name: str, path: Path, files: list[File], student: Student, named: dict[File, str] | None = None
) -> list[Found]:
    """What a student handed in through a learning platform: one submission where it is clear which file it is.

    That is `lab.py` or a file called like a lab; where there is none, every script and notebook is graded, as
    `name/file`. Somebody who handed in no script and no notebook gets a record that says so. `named` are the names
    that the student gave to files, where the platform put something before them.
    """
    own = {file: (named or {}).get(file, file.relative.name) for file in files}
    every = [file for file in answers(files) if file.gradable]
    wanted = [
        file for file in every if _NAMED_LIKE_A_LAB.match(own[file].rpartition(".")[0].lower())
    ] or every
    beside = tuple(own[file] for file in every if file not in wanted)
    if not wanted:
        return [Found(name, path, None, student, nothing_to_grade(name, list(own.values())))]
    if len(wanted) > MOST_FILES:
        return [Found(name, path, None, student, too_many(name, len(wanted)))]
    if len(wanted) == 1:
        return [Found(name, wanted[0].path, wanted[0], student, beside=beside)]
    return [Found(f"{name}/{file.relative.stem}", file.path, file, student, beside=beside) for file in wanted]


def answers(files: list[File]) -> list[File]:
    """The files without the starters of released folders among them, where there are others in such a folder."""
    starters: set[File] = set()
    for root in {file.relative.parent for file in files if file.relative.name == COURSE}:
        inside = [file for file in files if root in file.relative.parents]
        handed_out = {file for file in inside if root / HANDOUTS in file.relative.parents}
        if any(file.gradable for file in inside if file not in handed_out):
            starters |= handed_out
    return [file for file in files if file not in starters]


def too_many(name: object, count: int) -> str:
    """The sentence for a student who handed in more than is graded."""
    return (
        f"{name} holds {count} scripts and notebooks; at most {MOST_FILES} of one student are graded: "
        "hand in one file, called lab.py or lab.ipynb."
    )


def nothing_to_grade(name: str, files: list[str]) -> str:
    """The sentence for a student who handed in no script and no notebook, but other files of these names."""
    held = f"only {', '.join(files[:3])}" if files else "no file"
    remedy = "hand in the .py or .ipynb file itself"
    if any(file.lower().endswith(_ARCHIVES) for file in files):
        remedy += " that is in the archive"
    elif disguised := next((match for file in files if (match := _DISGUISED.match(file))), None):
        remedy += f", called {disguised[1]}"
    elif any("." not in file for file in files):
        remedy += ", with that ending"
    return f"{name} holds {held}: {remedy}."
