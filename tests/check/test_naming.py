"""A name rests on inputs of the class: what a check passes by chance on a submission's own inputs refutes nothing."""

from __future__ import annotations

import pytest

from labkit.check.inputs import Inputs
from labkit.check.naming import KnownMistakes, named
from labkit.record import CheckResult, Misconception, Verdict
from labkit.record.signature import Signature

ONE, OTHER = (Signature(kind="values", ordinal=1, of=1, scale=1.0, numbers=(n,)) for n in (1.0, 2.0))
NAMED = Misconception("squared", "You squared.")


class Answers:
    """A known mistake that fails both checks."""

    def sentence(self, mistake):
        return "You squared."

    def mistakes(self, check):
        return ["squared"]

    def failure(self, check, mistake, seed, inputs):
        return ONE

    def is_alone(self, mistake, check):
        return True


@pytest.mark.parametrize(
    ("again", "before", "after"),
    [
        (None, None, None),  # it passes there, too
        (OTHER, None, None),
        (ONE, None, NAMED),
        (None, NAMED, NAMED),  # of a kept record, named when its code could be carried out
        (None, Misconception("doubled", "You doubled."), None),
    ],
)
def test_a_check_that_is_passed_refutes_a_name_only_on_the_inputs_of_the_class(again, before, after):
    failed = CheckResult("a", "1.1", "A", Verdict.FAILED, 0, 5, misconception=before, failure=ONE)
    passed = CheckResult("b", "1.1", "B", Verdict.PASSED, 5, 5)
    known = KnownMistakes(Answers(), {"a": None, "b": None}, Inputs(b"salt"), lambda check: again)
    assert named([failed, passed], known)[0].misconception == after
