"""What is read of known mistakes and variants without running them."""

from __future__ import annotations

import shutil

import pytest

from labkit.check.answers import Live
from labkit.check.catalogue import Entry, read_catalogue
from labkit.course import CourseError, read_course
from labkit.lesson.source import SourceError

FILE = "misconceptions.py"


@pytest.fixture
def lab(toy_course, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(toy_course.root, root)
    return read_course(root).lab("lab01")


def test_an_entry_says_its_question_function_and_sentence(lab):
    (lab.solution / FILE).write_text(
        "from labkit.check import misconception\n"
        '@misconception("1.1")\ndef a(x):\n    """One\n    sentence."""\n'
        '@misconception(question="1.2", replaces="double")\ndef b(x):\n    "Another."\n'
        '@misconception("1.1", "As in the " "first labs.")\ndef c(x): ...\n'
        "def helper(x):\n    return x\n"
    )
    assert read_catalogue(lab, FILE) == [
        Entry("a", "1.1", "double", "One sentence."),
        Entry("b", "1.2", "double", "Another."),
        Entry("c", "1.1", "double", "As in the first labs."),
    ]
    assert [entry.sentence for entry in read_catalogue(lab, "variants.py")] == [""] * 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '@misconception("1.1")\ndef a(x): ...\n',
            "misconceptions.py:2: the misconception a has no docstring",
        ),
        ('@misconception("7.1")\ndef a(x): "b"\n', "misconceptions.py:2: a names question 7.1"),
        ("def a(x:\n", "misconceptions.py:1: this is not Python"),
    ],
)
def test_a_catalogue_that_cannot_be_used_is_named_with_its_line(lab, text, sentence):
    (lab.solution / FILE).write_text(text)
    with pytest.raises(SourceError, match=sentence):
        read_catalogue(lab, FILE)


def test_a_catalogue_that_no_longer_fits_its_lab_is_found_before_it_is_needed(lab):
    (lab.solution / FILE).write_text("from lab import nothing_of_that_name\n")
    with pytest.raises(CourseError, match="misconceptions.py, line 1: ImportError"):
        Live(lab)
