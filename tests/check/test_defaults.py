"""The default values that a signature states, and arguments that must stay as they are, in a course."""

from __future__ import annotations

import pytest

from labkit.author.build import build
from labkit.check.defaults import stated_defaults, wrong_default
from labkit.course import read_course
from labkit.grade import check_submission, grade_submission
from labkit.lesson.checks import read_checks
from labkit.lesson.submission import read_submission
from tests.conftest import check_of

CHECKS = '''
import numpy as np
from labkit.check import expect, hidden, points, question

@question("1.1")
@points(20)
@hidden
def test_hidden_first(student, reference):
    """Hidden, though it stands first."""
    expect.close(student.scaled(np.ones(3), 4.0), np.full(3, 4.0))

@question("1.1")
@points(30)
def test_scaled(student, reference, rng):
    """Every value is scaled."""
    x = rng.normal(size=5)
    expect.close(student.scaled(x, 3.0), reference.scaled(x, 3.0))

@question("1.1")
@points(50)
def test_scaled_again(student, reference, rng):
    """Other values."""
    x = rng.normal(size=9)
    expect.close(student.scaled(x, factor=5.0), reference.scaled(x, factor=5.0))
    expect.true(student.scaled(2, factor=2, sizes=[[1], [1, 2]]) == 4, "lists of any form may be handed over")
'''
LESSON = '''# labkit: lab01_scale
# %% [markdown]
# # Lab 01: scaling

# %% [markdown]
# ## 1.1 Scaling

# %%
def scaled(x, factor=2.0, sizes=(3, 4), mode="same", price=0.5):
    """The values of x, scaled."""
    # BEGIN SOLUTION
    return x * factor
    # END SOLUTION
'''
VARIANTS = """from labkit.check import variant

@variant("1.1")
def dearer(x, factor=2.0, sizes=(3, 4), mode="same", price=0.7):
    return factor * x
"""
KNOWN = """from labkit.check import misconception

@misconception("1.1")
def in_place(x, factor=2.0, sizes=(3, 4), mode="same", price=0.5):
    "You changed x itself."
    x *= factor
    return x
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    root = tmp_path_factory.mktemp("scale")
    folder = root / "solutions" / "lab01_scale"
    folder.mkdir(parents=True)
    (root / "course.toml").write_text("title = 'T'\n[[labs]]\nname = 'lab01_scale'\n")
    texts = {"lab.py": LESSON, "test_lab.py": CHECKS, "variants.py": VARIANTS, "misconceptions.py": KNOWN}
    for name, text in texts.items():
        (folder / name).write_text(text)
    lab = read_course(root).lab("1")
    build(lab, lab.handout)
    return lab


def verdicts(lab, tmp_path, source: str, public: bool = False) -> dict:
    path = tmp_path / "a.py"
    path.write_text(source)
    mine = read_submission(path)
    return (check_submission(mine, lab) if public else grade_submission(mine, lab, b"salt")).record


SIGNATURE = 'def scaled(x, factor=2.0, sizes=(3, 4), mode="same", price=0.5):\n    '
RIGHT = SIGNATURE + "return factor * x\n"
IN_PLACE = SIGNATURE + "x *= factor\n    return x\n"


def test_the_first_check_that_is_shown_watches(lab):
    watching = {check.name: ("scaled" in check.begins, "scaled" in check.keeps) for check in lab.checks}
    assert watching == {
        "test_hidden_first": (False, False),
        "test_scaled": (True, True),
        "test_scaled_again": (False, False),
    }


def test_where_a_question_says_unchanged_only_those_checks_watch(toy_course):
    path = toy_course.lab("1").solution / "test_lab.py"
    assert [check.name for check in read_checks(path) if "double" in check.keeps] == [
        "test_double_leaves_its_argument"
    ]


@pytest.mark.parametrize("public", [True, False])
def test_a_changed_argument_costs_one_check_and_is_named(lab, tmp_path, public):
    record = verdicts(lab, tmp_path, IN_PLACE, public)
    failed = [check.id for check in record.checks if check.verdict.name == "FAILED"]
    assert failed == ["test_scaled"]
    check = check_of(record, "test_scaled")
    assert check.message == "scaled changes its argument x in place; work on a copy"
    assert check.misconception.id == "in_place"


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("factor=2.0", "factor=3.0", "scaled has factor=3.0 where nothing is said; the text has factor=2.0"),
        ("factor=2.0", "factor", "factor of scaled has no default value; the text has factor=2.0"),
        ("(3, 4)", "(3, 5)", "scaled has sizes=(3, 5) where nothing is said; the text has sizes=(3, 4)"),
        ('"same"', '"valid"', "scaled has mode='valid' where nothing is said; the text has mode='same'"),
    ],
)
def test_another_default_costs_one_check_and_is_named(lab, tmp_path, old, new, sentence, public):
    source = RIGHT.replace(old, new)
    if new == "factor":  # what follows a parameter without a default may have none either, unless it is named
        source = source.replace("factor, ", "factor, *, ")
    record = verdicts(lab, tmp_path, source, public)
    assert [check.message for check in record.checks if not check.verdict.passed] == [sentence]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("factor=2.0", "factor=2"),
        ("(3, 4)", "[3, 4]"),
        ("(3, 4)", "None"),  # found within
        ("price=0.5", "price=0.7"),  # as a variant has it
        ("price=0.5", "**rest"),
        ("mode=", "way="),
    ],
)
def test_what_comes_to_the_same_is_right(lab, tmp_path, old, new):
    record = verdicts(lab, tmp_path, RIGHT.replace(old, new))
    assert record.score == record.max_score


def test_what_a_variant_has_otherwise_is_free(lab):
    assert stated_defaults(lab) == {"scaled": {"factor": 2.0, "sizes": [3, 4], "mode": "same"}}
    assert wrong_default("f", {"n": 1}, {"n": [1.0]}) is None
