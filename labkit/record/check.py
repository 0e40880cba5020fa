"""What became of one check."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import force_setattr

from labkit.record.points import Amount, rounded
from labkit.record.signature import Signature
from labkit.record.verdict import Verdict

#: What a check says that is at fault itself: its points say nothing of the submission.
CHECK_FAILED = "the check itself failed; please tell the instructor"
#: What every check says of a file that cannot be read; a note says why.
FILE_NOT_READ = "the file could not be read; see the note at the top"


class Misconception(Struct, frozen=True, omit_defaults=True):
    """A known mistake that an answer looks like, and the sentence that teaches.

    `ties` are other known mistakes that the check cannot tell from it.
    """

    id: str
    sentence: str
    ties: tuple[str, ...] = ()


class CheckResult(Struct, frozen=True):
    """What became of one check: the `checks` of a record. Points are rounded and never below 0.

    `failure` is for the instructor alone: on a hidden check it holds what the student does not see. `needs` are the
    questions that must have passed before, `limit_seconds` the processor time that each call has; None: as any.
    """

    id: str
    question: str
    title: str
    verdict: Verdict
    points: Amount
    max_points: Amount
    hidden: bool = False
    message: str = ""
    misconception: Misconception | None = None
    seconds: Amount = 0.0
    failure: Signature | None = None
    needs: tuple[str, ...] = ()
    limit_seconds: Amount | None = None

    def __post_init__(self) -> None:
        if type(self.points) is not int or self.points < 0:
            sound = math.isfinite(self.points) and self.points >= 0
            force_setattr(self, "points", rounded(self.points) if sound else 0)
        if type(self.max_points) is not int:
            force_setattr(self, "max_points", rounded(self.max_points))

    @property
    def waits(self) -> bool:
        """Whether it was not run for want of another question."""
        return self.verdict is Verdict.NOT_RUN and self.message.startswith("waiting")

    @property
    def teaches(self) -> str:
        """The sentence of the named mistake; empty where none is."""
        return self.misconception.sentence if self.misconception else ""


def by_question(checks: Iterable[CheckResult]) -> dict[str, list[CheckResult]]:
    """The checks of each question, in order."""
    questions: dict[str, list[CheckResult]] = {}
    for check in checks:
        questions.setdefault(check.question, []).append(check)
    return questions


def tally(checks: Iterable[CheckResult]) -> tuple[float, float]:
    """Points earned and to be earned."""
    earned = most = 0.0
    for check in checks:
        earned += check.points
        most += check.max_points
    return rounded(earned), rounded(most)
