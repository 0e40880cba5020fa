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

    def mistakes(self, check):
        return list(self.seen[check.info.name])

    def failure(self, check, mistake, seed, inputs):
        return self.seen[check.info.name].get(mistake)

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


class Slow(Answers):
    """Counts what is tried on the check that takes long."""

    seen = {"quick": {"early": ONE, "late": OTHER}, "slow": {"early": ONE, "late": ONE}}

    def __init__(self):
        self.tried = []

    def failure(self, check, mistake, seed, inputs):
        if check.info.name == "slow":
            self.tried.append(mistake)
        return super().failure(check, mistake, seed, inputs)


@pytest.mark.parametrize(("seconds", "tried"), [(9.0, {"early"}), (0.0, {"early", "late"})])
def test_what_a_cheaper_check_refutes_is_not_tried_on_one_that_takes_long(seconds, tried):
    checks = {name: Check(CheckInfo(name, "1.1", 1, name), lambda: None) for name in Slow.seen}
    results = [
        CheckResult(name, "1.1", name, Verdict.FAILED, 0, 1, failure=ONE, seconds=duration)
        for name, duration in (("quick", 1.0), ("slow", seconds))
    ]
    answers = Slow()
    found = named(results, KnownMistakes(answers, checks, Inputs()))
    assert [result.teaches for result in found] == ["You were early."] * 2
    assert set(answers.tried) == tried
