"""What every layout gives: a file to grade, under a name, of a student."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from labkit.grade.sources.tree import File
from labkit.lesson.submission import Submission, SubmissionError, parse_submission
from labkit.record import Student

_NAMED_LIKE_A_LAB = re.compile(r"lab(\d\d(_\w+)?)?([ (_-]*\d+\)?)?$")
MOST_FILES = 20  # scripts and notebooks of one student
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(\S+)?$")

_LONGEST_INSTANT = 200  # characters


@dataclass(frozen=True)
class Found:
    """A submission before it is read: the name under which its result is kept, its path, whose it is.

    `problem` is the sentence for one that cannot be read at all.
    """

    name: str
    path: Path
    file: File | None = None
    student: Student = Student()
    problem: str | None = None

    def read(self) -> Submission:
        """Read it. Raises SubmissionError with one clear sentence."""
        if self.problem is not None or self.file is None:
            raise SubmissionError(self.problem or f"{self.path} holds nothing to grade.")
        return parse_submission(self.path, self.file.read(), self.name)


def of_student(name: str, path: Path, files: list[File], student: Student) -> list[Found]:
    """What a student handed in through a learning platform: one submission where it is clear which file it is.

    That is `lab.py` or a file called like a lab; where there is none, every script and notebook is graded, as
    `name/file`. Somebody who handed in no script and no notebook gets a record that says so.
    """
    wanted = [file for file in files if file.gradable]
    wanted = [file for file in wanted if _NAMED_LIKE_A_LAB.match(plain_stem(file))] or wanted
    if not wanted:
        others = ", ".join(file.relative.name for file in files[:3])
        held = f"only {others}" if others else "no file"
        return [
            Found(name, path, None, student, f"{name} holds {held}: hand in the .py or .ipynb file itself.")
        ]
    if len(wanted) > MOST_FILES:
        return [Found(name, path, None, student, too_many(name, len(wanted)))]
    if len(wanted) == 1:
        return [Found(name, wanted[0].path, wanted[0], student)]
    return [Found(f"{name}/{file.relative.stem}", file.path, file, student) for file in wanted]


def too_many(name: object, count: int) -> str:
    """The sentence for a student who handed in more than is graded."""
    return (
        f"{name} holds {count} scripts and notebooks; at most {MOST_FILES} of one student are graded: "
        "hand in one file, called lab.py or lab.ipynb."
    )


def plain_stem(file: File) -> str:
    """A file's name as the student chose it, without the suffix and what a platform put before it."""
    return re.sub(r"^.*?_\d+_(\d+_|assignsubmission_file_)", "", file.relative.stem)


def instant(text: object) -> str | None:
    """A time as platforms write it, in ISO 8601 with its offset, or None where it cannot be read."""
    if isinstance(text, datetime):
        text = text.isoformat(" ")
    match = _INSTANT.match(text.strip()) if isinstance(text, str) and len(text) <= _LONGEST_INSTANT else None
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}")
        return moment.replace(tzinfo=_zone(match[3] or "UTC")).isoformat()
    except (ValueError, KeyError, OSError):
        return None


def _zone(name: str):
    if name in ("Z", "UTC", "GMT"):
        return UTC
    if match := re.match(r"([+-])(\d\d):?(\d\d)$", name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    return ZoneInfo(name)
