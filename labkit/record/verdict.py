"""The verdicts of a check, and all that is said of each: a new one is a row here."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What was decided about a check; its value is the word in a record.

    `sign`, `colour` and `words` are how a person reads it, `junit` the element that JUnit has for it. `passed` is
    true of what earns its points, `wrong` of what the submission's answer was found to be: there is a message then, and
    of those that are wrong a later row is the worse one.
    """

    sign: str
    colour: str
    words: str
    junit: str | None
    wrong: bool

    def __new__(cls, value: str, sign: str, colour: str, words: str, junit: str | None, wrong: bool):
        """A row of the table."""
        verdict = str.__new__(cls, value)
        verdict._value_ = value
        verdict.sign, verdict.colour, verdict.words = sign, colour, words
        verdict.junit, verdict.wrong = junit, wrong
        return verdict

    PASSED = "passed", "✓", "green", "passed", None, False
    FAILED = "failed", "✗", "red", "failed", "failure", True
    # not "skipped": a starter that nobody touched must not look green
    NOT_ATTEMPTED = "not_attempted", "·", "dim", "not attempted", "failure", False
    NOT_RUN = "not_run", "–", "dim", "not run", "skipped", False
    ERROR = "error", "!", "yellow", "no usable answer", "error", True

    @property
    def passed(self) -> bool:
        """Whether the check passed; only one verdict does, what did not run is no success anywhere."""
        return self is Verdict.PASSED
