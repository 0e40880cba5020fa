"""Of mistakes that one check cannot tell apart, the question's other checks decide."""

from __future__ import annotations

from labkit.check.collect import Check
from labkit.check.inputs import Inputs
from labkit.check.naming import KnownMistakes, named
from labkit.lesson.checks import CheckInfo
from labkit.record import CheckResult, Verdict
from labkit.record.signature import Signature

ONE, OTHER = Signature(kind="law", ordinal=1, digest="a"), Signature(kind="law", ordinal=2, digest="b")


class Answers:
    """The first check sees both mistakes alike, the second only one of them."""

    seen = {"first": {"early": ONE, "late": ONE}, "second": {"late": OTHER}}

    def sentence(self, mistake):
        return f"You were {mistake}."

    def failures(self, check, mistakes, seed, inputs):
        found = self.seen[check.info.name]
        return {name: sign for name, sign in found.items() if mistakes is None or name in mistakes}


def test_the_name_is_the_one_that_the_other_checks_see_too():
    checks = {name: Check(CheckInfo(name, "1.1", 1, name), lambda: None) for name in Answers.seen}
    results = [
        CheckResult(name, "1.1", name, Verdict.FAILED, 0, 1, failure=sign)
        for name, sign in (("first", ONE), ("second", OTHER))
    ]
    found = named(results, KnownMistakes(Answers(), checks, Inputs()))
    assert [result.teaches for result in found] == ["You were late."] * 2
    assert found[0].misconception.ties == ("early",)
    alone = named(results[:1], KnownMistakes(Answers(), checks, Inputs()))
    assert alone[0].teaches == "You were early."
