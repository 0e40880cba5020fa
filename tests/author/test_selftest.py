"""The self-test says what a lab's checks cannot tell apart, and where a mistake costs more than its own points."""

from __future__ import annotations

import re
import shutil
from functools import partialmethod

import pytest

from labkit.author.selftest import Trial, narrowest, passes, remarks, selftest, steadiness, unnamed
from labkit.course import read_course
from labkit.errors import LabkitError
from labkit.worker.process import Worker
from tests.author.test_build import TOY, put

RANDOM = '\n\n@misconception("1.1")\ndef random(x):\n    """Not twice."""\n    return {}\n'
GENERATOR = "np.random.default_rng()"
BOUND = '\n\n@question("1.1")\n@points(0)\ndef test_bound(student, rng):\n    """Positive."""\n'
BOUND += '    expect.at_least(student.double(rng.uniform(size=1))[0], 1.5, what="the double")\n'
BY_CHANCE = """

@question("1.1")
@points(0)
def test_sometimes(student, reference, rng):
    \"\"\"One number is doubled.\"\"\"
    x = rng.integers(0, 3, size=1) * 1.0
    expect.close(student.double(x), reference.double(x))
"""
TWIN = '\n\n@misconception("1.1")\ndef power(x):\n    """You raised each value to its second power."""\n    return x * x\n'


@pytest.fixture
def lab(tmp_path):
    shutil.copytree(TOY, tmp_path / "toy", ignore=shutil.ignore_patterns("labs", "__pycache__"))
    return read_course(tmp_path / "toy").lab("1")


def test_the_toy_course_has_nothing_to_remark(lab):
    trials = selftest(lab, b"salt")
    assert passes(trials) and remarks(trials) == [] and unnamed(trials) == []
    assert [trial.kind for trial in trials] == ["starter", "reference", *["variant"] * 2, *["mistake"] * 3]


def test_a_mistake_that_is_carried_over_costs_nothing_elsewhere(lab):
    trials = selftest(put(lab, "test_lab.py", '@needs("1.1")\n', ""), b"salt")
    assert passes(trials) and remarks(trials) == []


def test_a_mistake_that_fails_another_question_is_said():
    """A model cannot be lent, so a wrong one may fail a later question, too."""
    wrong = Trial("mistake", "no_bias", "1.7", 0, 9, "no_bias", True, elsewhere=("1.8", "1.9"))
    right = Trial(
        "mistake", "no_relu", "1.7", 0, 9, "no_relu", True, seen=(("test_outputs", "failed", "ab"),)
    )
    assert remarks([wrong, right]) == ['no_bias (1.7) fails 1.8 and 1.9 as well: @needs("1.7")?']


def test_an_earlier_question_is_answered_by_the_reference_in_a_later_one(lab):
    asks = "expect.close(student.double(np.ones(2)), 2 * np.ones(2))\n    "
    lab = put(lab, "test_lab.py", '@needs("1.1")\n', "")
    lab = put(lab, "test_lab.py", "expect.close(student.mean", asks + "expect.close(student.mean")
    trials = selftest(lab, b"salt")
    assert passes(trials) and remarks(trials) == []


def test_two_mistakes_with_one_answer_are_said(lab):
    path = lab.solution / "misconceptions.py"
    path.write_text(path.read_text() + TWIN)
    trials = selftest(lab, b"salt", "1.1")
    assert remarks(trials) == ["squared and power (1.1) give one answer: no check tells them apart."]
    assert not passes(trials) and [trial.name for trial in unnamed(trials)] == ["power"]


@pytest.mark.parametrize(
    ("answer", "pointed"),
    [(f"2 * x * {GENERATOR}.uniform(2, 3)", True), (f"{GENERATOR}.normal(size=len(x))", False)],
)
def test_a_mistake_without_a_name_may_be_pointed_at(lab, answer, pointed):
    path = lab.solution / "misconceptions.py"
    path.write_text(path.read_text() + RANDOM.format(answer))
    trials = selftest(lab, b"salt", "1.1")
    assert [(trial.name, trial.pointed) for trial in unnamed(trials)] == [("random", pointed)]
    assert passes(trials, share_named=0.5) == pointed and not passes(trials)


def test_a_check_that_a_mistake_passes_by_chance_does_not_refute_its_name(lab):
    path = lab.solution / "test_lab.py"
    path.write_text(path.read_text() + BY_CHANCE)
    found = [selftest(lab, f"salt {number}".encode(), "1.1") for number in range(6)]
    squared = [next(trial for trial in trials if trial.name == "squared") for trials in found]
    passed = [dict((name, verdict) for name, verdict, _ in trial.seen)["test_sometimes"] for trial in squared]
    assert set(passed) == {"passed", "failed"}
    assert {trial.named for trial in squared} == {"squared"}


def test_right_answers_are_tried_on_many_salts_and_the_nearest_numbers_kept(lab):
    path = lab.solution / "test_lab.py"
    path.write_text(path.read_text() + BOUND)
    trials = steadiness(lab, [b"a-1", b"a-2", b"a-3"], "1.1")
    assert [trial.kind for trial in trials] == ["reference", "variant"] * 3
    doubles = [number for trial in trials for _, number, _ in trial.measured]
    assert len(set(doubles)) == 3 and narrowest(trials) == {
        "test_bound: the double": (min(doubles, key=lambda number: abs(number - 1.5)), 1.5)
    }
    failed = [trial for trial in trials if not trial.good]
    assert len(failed) == sum(number < 1.5 for number in doubles) > 0
    assert failed[0].remark.endswith(("(--salt a-1)", "(--salt a-2)", "(--salt a-3)"))


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("lab.py", "import numpy as np", "import numpy as", "lab.py:8: this is not Python"),
        ("lab.py", "import numpy as np", "import numpy as np\nimport no_such_module", "no_such_module"),
        (
            "lab.py",
            "# labkit: lab01_toy",
            "\ufeff# labkit: lab01_toy",
            "lab.py:1: this file begins with a byte",
        ),
        ("misconceptions.py", "x**2", "x**", "misconceptions.py:10: this is not Python"),
        ("misconceptions.py", "from lab import double", "from lab import twice", "misconceptions.py"),
        ("variants.py", "x + x", "x +", "variants.py:6: this is not Python"),
        ("test_lab.py", "import numpy as np", "import no_such_module", "test_lab.py:1: ModuleNotFoundError"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(lab, file, old, new, words):
    with pytest.raises(LabkitError) as raised:
        selftest(put(lab, file, old, new), b"salt")
    assert words in str(raised.value) and "\n" not in str(raised.value)


SECONDS = (
    "import time\n    end = time.process_time() + 0.7\n    while time.process_time() < end:\n        pass"
)
MEMORY = "import numpy as np\n    np.ones({} // 8)"


@pytest.mark.parametrize(
    ("seconds", "busy", "said"),
    [
        (1, SECONDS, r"test_double: a call of variant added uses 0\.\d of 1\.0 s, more than half; @limit\?"),
        (
            15,
            MEMORY.format(2**30 * 6 // 10),
            r"test_double: a call of variant added uses \d\.\d of \d\.\d GB, more than half; smaller inputs\?",
        ),
    ],
    ids=["processor time", "memory"],
)
def test_what_right_answers_use_of_a_limit_is_said_above_half(lab, monkeypatch, seconds, busy, said):
    monkeypatch.setattr(Worker, "__init__", partialmethod(Worker.__init__, memory_limit=2**30))
    put(lab, "test_lab.py", "@points(40)", f"@points(40)\n@limit({seconds})")
    put(lab, "test_lab.py", "hidden,", "hidden, limit,")
    put(lab, "variants.py", "def added(x):\n", f"def added(x):\n    {busy}\n")
    trials = selftest(read_course(lab.handout.parent.parent).lab("1"), b"salt", "1.1")
    assert any(re.fullmatch(said, sentence) for sentence in remarks(trials)) and passes(trials)
