"""What there is to grade, before it is read: a file, the name under which its result is kept, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from labkit.lesson.submission import Submission, SubmissionError, parse_submission
from labkit.record.student import Student


class Readable(Protocol):
    """A file, wherever it lies: in a folder, in a zip."""

    def read(self, limit: int | None = None) -> bytes:
        """The bytes, at most `limit`. Raises SubmissionError."""


@dataclass(frozen=True)
class Found:
    """A submission before it is read. `problem` is the sentence for one that cannot be read at all."""

    name: str
    path: Path
    file: Readable | None = None
    student: Student = Student()
    problem: str | None = None

    def read(self) -> Submission:
        """Read it. Raises SubmissionError with one clear sentence, which students may see: no path of this machine."""
        if self.problem is not None or self.file is None:
            raise SubmissionError(self.problem or f"{self.name} holds nothing to grade.")
        try:
            return parse_submission(self.path, self.file.read(), self.name)
        except SubmissionError as problem:
            raise SubmissionError(str(problem).replace(str(self.path), self.path.name)) from None
