"""Of mistakes that one check cannot tell apart, the question's other checks decide."""

from __future__ import annotations

import pytest

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

    def is_alone(self, mistake, check):
        return True


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


class Callers(Answers):
    """Both checks see a mistake in `inner`, which the second asks through `outer`."""

    seen = {"inner": {"early": ONE}, "outer": {"early": ONE}}

    def is_alone(self, mistake, check):
        return check.info.reaches == {"inner"}


@pytest.mark.parametrize(("reaches", "name"), [("outer", "You were early."), ("inner", "")])
def test_a_second_mistake_in_a_caller_refutes_no_name(reaches, name):
    checks = {
        check: Check(CheckInfo(check, "1.1", 1, check, reaches=frozenset({asked})), lambda: None)
        for check, asked in (("inner", "inner"), ("outer", reaches))
    }
    results = [
        CheckResult(check, "1.1", check, Verdict.FAILED, 0, 1, failure=sign)
        for check, sign in (("inner", ONE), ("outer", OTHER))
    ]
    found = named(results, KnownMistakes(Callers(), checks, Inputs()))
    assert [result.teaches for result in found] == [name, ""]
