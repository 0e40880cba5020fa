"""What there is to grade, before it is read: a file, the name under which its result is kept, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from labkit.lesson.submission import Submission, SubmissionError, parse_submission
from labkit.record.student import Student
from labkit.text import inert

_MOST_NAMED = 10


class Readable(Protocol):
    """A file, wherever it lies: in a folder, in a zip."""

    def read(self, limit: int | None = None) -> bytes:
        """The bytes, at most `limit`. Raises SubmissionError."""


@dataclass(frozen=True)
class Found:
    """A submission before it is read. `problem` is the sentence for one that cannot be read at all.

    `beside` are scripts and notebooks that were handed in with it and are not graded, for one file is.
    """

    name: str
    path: Path
    file: Readable | None = None
    student: Student = Student()
    problem: str | None = None
    beside: tuple[str, ...] = ()

    def read(self) -> Submission:
        """Read it. Raises SubmissionError with one clear sentence, which students may see: no path of this machine."""
        if self.problem is not None or self.file is None:
            raise SubmissionError(self.problem or f"{self.name} holds nothing to grade.")
        try:
            submission = parse_submission(self.path, self.file.read(), self.name)
            if self.beside:
                names = ", ".join(self.beside[:_MOST_NAMED]) + (
                    " …" if len(self.beside) > _MOST_NAMED else ""
                )
                note = (
                    f"One file is graded, {self.path.name}; {names} was handed in with it and not looked at."
                )
                submission = replace(submission, notes=(*submission.notes, inert(note, 600)))
            return submission
        except SubmissionError as problem:
            raise SubmissionError(str(problem).replace(str(self.path), self.path.name)) from None
