"""What is read of a check without running it, and what keeps a file of checks from being built."""

from __future__ import annotations

import ast

import pytest

from labkit.lesson.checks import check_problems, read_checks
from labkit.lesson.source import SourceError

TEXT = '''
import labkit.check as check
from labkit.check import hidden, limit, needs, points, question, uses

def helper(party):
    return party.softmax(1)

@question("1.3")
@points(2.5)
def test_plain(student, rng):
    """The title.

    More.
    """
    helper(student)

@check.question("1.4")
@needs("1.3", "1.2")
@limit(60)
@uses("keras")
@hidden
def test_all_marks(student):
    student.loss()

def test_of_no_question():
    pass
'''


def test_every_mark_is_read(tmp_path):
    path = tmp_path / "test_lab.py"
    path.write_text(TEXT)
    plain, marked = read_checks(path)
    assert (plain.name, plain.question, plain.points, plain.title) == ("test_plain", "1.3", 2.5, "The title.")
    assert (plain.hidden, plain.keras, plain.needs, plain.limit) == (False, False, (), None)
    assert (marked.question, marked.points, marked.title) == ("1.4", 0, "test_all_marks")
    assert (marked.hidden, marked.keras, marked.needs, marked.limit) == (True, True, ("1.3", "1.2"), 60)
    assert "softmax" in plain.reaches and "loss" in marked.reaches and "softmax" not in marked.reaches


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"def test_a(:\n", ":1: this is not Python"),
        (b"\xff\xfe\x00", ":1: this is not UTF-8"),
        (b"x = 1\n@question(NUMBER)\ndef test_a(): ...\n", ":3: @question of test_a takes plain numbers"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path, content, sentence):
    path = tmp_path / "test_lab.py"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        read_checks(path)
    with pytest.raises(SourceError, match="missing"):
        read_checks(tmp_path / "nothing.py")


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("@pytest.mark.parametrize('n', [1])\ndef test_a(student, n): ...", 2, "test_a is parametrised"),
        ("def test_a(student, tmp_path): ...", 1, "test_a asks for tmp_path; a check may ask for student"),
        ("\ntest_a = make()", 2, "test_a is made by a call"),
        ("class TestA:\n    def test_a(self): ...", 1, "TestA is a class"),
        ("@points(1 + N)\ndef test_a(student): ...", 2, "@points of test_a takes plain"),
        ("@points('25')\ndef test_a(student): ...", 2, "@points of test_a takes a number from 0"),
        ("@points(-1)\ndef test_a(student): ...", 2, "@points of test_a takes a number from 0"),
        ("@points(1e999)\ndef test_a(student): ...", 2, "@points of test_a takes a number from 0"),
        ("@points(True)\ndef test_a(student): ...", 2, "@points of test_a takes a number from 0"),
        ("@points\ndef test_a(student): ...", 2, "@points of test_a takes a number from 0"),
        ("@points(points=3)\ndef test_a(student): ...", 2, "@points of test_a takes a number from 0"),
        ("@question(1.3)\ndef test_a(student): ...", 2, "@question of test_a takes a question, such as"),
        ("@question\ndef test_a(student): ...", 2, "@question of test_a takes a question, such as"),
        ("@needs()\ndef test_a(student): ...", 2, "@needs of test_a takes questions"),
        ("@limit(0)\ndef test_a(student): ...", 2, "@limit of test_a takes seconds"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_with_its_line(text, line, sentence):
    [(found, said)] = check_problems(ast.parse(text))
    assert found == line and sentence in said


def test_nothing_is_wrong_with_the_fixtures_of_checks():
    assert not list(check_problems(ast.parse(TEXT)))
