"""A mistake that is carried over costs once; a function that was stopped for its time is not tried again."""

from __future__ import annotations

import pytest

from labkit.author.build import build
from labkit.course import read_course
from labkit.grade import check_submission, grade_submission
from labkit.lesson.submission import read_submission
from labkit.record import Verdict
from tests.conftest import check_of

CHECKS = '''
import numpy as np
from labkit.check import expect, hidden, limit, needs, points, question

@question("1.1")
@points(20)
def test_double(student, reference, rng):
    """Twice."""
    x = rng.normal(size=5)
    expect.close(student.double(x), reference.double(x))

@question("1.2")
@points(20)
@limit(1)
def test_total(student, reference, rng):
    """The sum of doubles."""
    x = rng.normal(size=5)
    expect.close(student.total(x), reference.total(x))

@question("1.2")
@points(20)
@limit(1)
@hidden
def test_total_elsewhere(student, reference, rng):
    """Elsewhere."""
    x = rng.normal(size=9)
    expect.close(student.total(x), reference.total(x))

@question("1.2")
@points(20)
@limit(30)
@hidden
@needs("1.2")
def test_total_of_many(student, reference, rng):
    """Of many, for which there is more time."""
    x = rng.normal(size=99)
    expect.close(student.total(x), reference.total(x))

@question("1.3")
@points(20)
def test_far(student, reference, rng):
    """What calls both."""
    x = rng.normal(size=3)
    expect.close(student.far(x), reference.far(x))
'''
LESSON = '''# labkit: lab01_chain
# %% [markdown]
# # Lab 01: a chain

# %% [markdown]
# ## 1.1 Doubling

# %%
def double(x):
    """Twice the values."""
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION

# %% [markdown]
# ## 1.2 A total

# %%
def total(x):
    """The sum of the doubled values."""
    # BEGIN SOLUTION
    return double(x).sum()
    # END SOLUTION

# %% [markdown]
# ## 1.3 Far

# %%
def far(x):
    """The total of the doubled values."""
    # BEGIN SOLUTION
    return total(double(x))
    # END SOLUTION
'''
KNOWN = """from lab import double
from labkit.check import misconception

@misconception("1.2")
def mean_instead(x):
    "You took the mean."
    return double(x).mean()
"""
RIGHT = """# labkit: lab01_chain
def double(x):
    return 2 * x
def total(x):
    return double(x).sum()
def far(x):
    return total(double(x))
"""
DOUBLE, TOTAL = "return 2 * x", "return double(x).sum()"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    root = tmp_path_factory.mktemp("chain")
    folder = root / "solutions" / "lab01_chain"
    folder.mkdir(parents=True)
    (root / "course.toml").write_text("title = 'T'\n[[labs]]\nname = 'lab01_chain'\n")
    for name, text in {"lab.py": LESSON, "test_lab.py": CHECKS, "misconceptions.py": KNOWN}.items():
        (folder / name).write_text(text)
    lab = read_course(root).lab("1")
    build(lab, lab.handout)
    return lab


@pytest.fixture
def graded(lab, tmp_path):
    def graded(*changes: tuple[str, str], public: bool = False, question: str | None = None):
        source = RIGHT
        for old, new in changes:
            assert old in source
            source = source.replace(old, new)
        (tmp_path / "a.py").write_text(source)
        mine = read_submission(tmp_path / "a.py")
        if public:
            return check_submission(mine, lab, question).record
        return grade_submission(mine, lab, b"salt").record

    return graded


WRONG = (DOUBLE, "return 2 * x + 1")


@pytest.mark.parametrize(
    "new", ["return 2 * x + 1", "raise NotImplementedError('1.1 double')", "return x[99]"]
)
def test_grading_judges_a_later_answer_with_the_references_earlier_one(graded, new):
    record = graded((DOUBLE, new))
    assert record.score == 80 and not check_of(record, "test_double").verdict.passed
    assert check_of(record, "test_total_of_many").verdict.passed  # it waited for 1.2
    said = check_of(record, "test_total").message
    assert said == "judged with the reference's double in place of yours"


def test_a_later_mistake_costs_beside_it_and_keeps_its_name(graded):
    record = graded(WRONG, (TOTAL, "return double(x).mean()"))
    assert record.score == 20  # of far
    total = check_of(record, "test_total")
    assert total.verdict is Verdict.FAILED and total.misconception.id == "mean_instead"


def test_a_later_answer_is_not_lent_to_an_earlier_question(graded):
    record = graded((DOUBLE, "return total(x)"), (TOTAL, "return 0"))
    assert check_of(record, "test_double").verdict is Verdict.FAILED and record.score <= 20


@pytest.mark.parametrize("helper", ["lambda x: double(x)", "double"])
def test_it_does_not_matter_through_which_helper_a_function_is_called(graded, helper):
    record = graded(
        WRONG, ("def total(x):", f"helper = {helper}\ndef total(x):"), (TOTAL, "return helper(x).sum()")
    )
    # an alias was bound before anything was lent; a call through it is the submission's own
    assert check_of(record, "test_total").verdict.passed == (helper != "double")


def test_at_home_the_later_question_waits_and_says_for_what(graded):
    record = graded(WRONG, public=True)
    total = check_of(record, "test_total")
    assert total.verdict is Verdict.NOT_RUN and total.message == "waiting for 1.1: total calls double"
    assert check_of(record, "test_far").message == "waiting for 1.1 and 1.2: far calls double and total"
    alone = graded(WRONG, public=True, question="1.2")
    assert [check.id for check in alone.checks] == ["test_total"]
    assert alone.checks[0].message == total.message


def test_at_home_a_mistake_that_has_a_name_is_told_all_the_same(graded):
    record = graded(
        (DOUBLE, "x[0] += 0\n    return 2 * x"),
        (TOTAL, "return (2 * x).mean() + 0 * double(x * 1).sum()"),
        public=True,
    )
    assert check_of(record, "test_total").misconception.id == "mean_instead"


def test_a_function_that_was_stopped_is_not_tried_again_where_it_has_no_more_time(graded):
    record = graded((TOTAL, "while len(x):\n        pass"))
    total, elsewhere = check_of(record, "test_total"), check_of(record, "test_total_elsewhere")
    assert (
        total.verdict is Verdict.ERROR
        and "line 5: while len(x):" in total.message
        and "loop" in total.message
    )
    assert (elsewhere.verdict, elsewhere.message) == (
        Verdict.NOT_RUN,
        "not tried again, as total was stopped for its time",
    )


def test_who_catches_everything_is_stopped_all_the_same(graded):
    caught = "while True:\n        try:\n            len(x)\n        except BaseException:\n            pass"
    record = graded((TOTAL, caught), public=True)
    assert check_of(record, "test_total").verdict is Verdict.ERROR
