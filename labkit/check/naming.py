"""Which known mistake a submission has made, from how its checks have failed: no code is run.

A check that failed is compared with how it fails on each known mistake, both on inputs that are the same for the whole
class. A name must not be refuted by the other checks of its question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from labkit.check.collect import Check
from labkit.check.inputs import Inputs
from labkit.record import CheckResult, Misconception
from labkit.record.signature import Signature, distance

_NOTHING_TO_COMPARE = ("missing",)  # no function, no answer
_EQUAL = 1e-6  # two mistakes that are so near alike cannot be told apart by this check


class Answers(Protocol):
    """The solution's side of a lab, live or recorded."""

    def sentence(self, mistake: str) -> str:
        """What a known mistake teaches."""

    def mistakes(self, check: Check) -> Iterable[str]:
        """The known mistakes on which a check may fail, in order."""

    def failure(self, check: Check, mistake: str, seed: int, inputs: int) -> Signature | None:
        """How a check fails on a known mistake, None where it does not."""

    def is_alone(self, mistake: str, check: Check) -> bool:
        """Whether a check asks no other function of the lab than the one in which the mistake is made."""


@dataclass(frozen=True)
class KnownMistakes:
    """The known mistakes of a lab on the inputs of one class, as seen by those checks that are there.

    `again` says how the submission fails on these inputs a check that it passed on its own; None where it passes.
    """

    answers: Answers
    checks: Mapping[str, Check]
    inputs: Inputs
    again: Callable[[str], Signature | None] = lambda check: None

    def of(self, check: str) -> Iterable[str]:
        """Those on which a check may fail; a check that is not there fails on none."""
        return self.answers.mistakes(self.checks[check]) if check in self.checks else ()

    def failure(self, check: str, mistake: str) -> Signature | None:
        """How a check fails on one of them; a check that is not there refutes nothing."""
        if check not in self.checks:
            return None
        seed, shared = self.inputs.seed(check), self.inputs.shared(check)
        return self.answers.failure(self.checks[check], mistake, seed, shared)

    def is_alone(self, mistake: str, check: str) -> bool:
        """Whether another way to fail a check means another mistake in the same function."""
        return check in self.checks and self.answers.is_alone(mistake, self.checks[check])


def named(results: Iterable[CheckResult], known: KnownMistakes) -> list[CheckResult]:
    """The results with the names that their signatures deserve, and no other ones."""
    results = list(results)
    found = [replace(result, misconception=_name(result, results, known)) for result in results]
    return [_agreeing(result, found, known) for result in found]


def _name(result: CheckResult, results: list[CheckResult], known: KnownMistakes) -> Misconception | None:
    if result.failure is None or result.verdict.passed or result.failure.kind in _NOTHING_TO_COMPARE:
        return None
    others = [other for other in results if other.question == result.question and other.id != result.id]
    others.sort(key=lambda other: (other.verdict.passed, other.seconds))
    # what they refute need not be tried on a check that takes long
    cheaper = [other for other in others if not other.verdict.passed and other.seconds < result.seconds]
    found: list[tuple[float, int, str]] = []
    for mistake in known.of(result.id):
        if any(_refutes(other, mistake, result, known) for other in cheaper):
            continue
        failure = known.failure(result.id, mistake)
        apart = distance(result.failure, failure) if failure is not None else None
        if apart is not None and not any(_refutes(other, mistake, result, known) for other in others):
            found.append((apart, len(found), mistake))
    if not found:
        return None
    nearest, *more = sorted(found)
    ties = tuple(mistake for apart, _, mistake in more if apart <= nearest[0] + _EQUAL)
    return Misconception(nearest[2], known.answers.sentence(nearest[2]), ties)


def _agreeing(result: CheckResult, results: list[CheckResult], known: KnownMistakes) -> CheckResult:
    """Of the mistakes that a check cannot tell apart, the one that most other checks of the question see, too."""
    if result.misconception is None or not result.misconception.ties:
        return result
    fitting = (result.misconception.id, *result.misconception.ties)
    seen = [
        mistake
        for other in results
        if other.question == result.question and other.misconception is not None
        for mistake in (other.misconception.id, *other.misconception.ties)
    ]
    best = max(fitting, key=seen.count)  # the first of equals
    ties = tuple(mistake for mistake in fitting if mistake != best)
    return replace(result, misconception=Misconception(best, known.answers.sentence(best), ties))


def _refutes(other: CheckResult, mistake: str, named_by: CheckResult, known: KnownMistakes) -> bool:
    """Whether another check of the question says that it cannot be this one: it passes and fails on the mistake, or it
    fails in another way, which does not come of another function that it asks as well. What passes by chance, on inputs
    that do not show the mistake, says nothing; of a kept record that was found out when the name was given.
    """
    if other.verdict.passed:
        before = named_by.misconception is not None and named_by.misconception.id == mistake
        theirs = None if before else known.failure(other.id, mistake)
        if theirs is None:
            return False
        again = known.again(other.id)
        return again is None or distance(again, theirs) is None
    if other.failure is None or other.failure.kind in _NOTHING_TO_COMPARE:
        return False
    if not known.is_alone(mistake, other.id):
        return False
    theirs = known.failure(other.id, mistake)
    return theirs is not None and distance(other.failure, theirs) is None
