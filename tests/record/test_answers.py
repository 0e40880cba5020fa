"""What a submission answers, read from its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.lesson.lesson import Question
from labkit.record import answers_in

ASKED = (
    Question("1.1", "One", ("f",)),
    Question("1.2", "Two", ("g", "h")),
    Question("quiz", "Quiz", ("quiz_1_1",)),
)


def code(text: str):
    return {(c.question, c.name): c.text for c in answers_in([("lab.py", text)], ASKED).code}


def test_each_function_stands_with_its_question_and_the_helpers_that_it_calls():
    found = code(
        "import x\ndef f(a):\n    return helper(a)\n\n# why\ndef helper(a):\n    return a\ndef other(): pass\ndef g(): pass\n"
    )
    assert list(found) == [("1.1", "f"), ("1.1", "helper"), ("1.2", "g")]
    assert found["1.1", "f"] == "def f(a):\n    return helper(a)"


def test_of_a_function_defined_twice_the_last_one_counts_and_its_place_is_told():
    [last] = answers_in([("cell 1", "def f(): return 1"), ("cell 2", "\n\ndef f(): return 2")], ASKED).code
    assert (last.where, last.line, last.text) == ("cell 2", 3, "def f(): return 2")


def test_a_signature_over_several_lines_belongs_to_its_function():
    assert code("def f(\n    a,\n) -> int:\n    return a\nx = 1\n")["1.1", "f"].endswith("return a")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ('"b"', "b"),
        ('"d, A"', "ad"),
        ("3", 3),
        ("0.5", 0.5),
        ("pick()", None),
        ("True", None),
        ("1e999", None),
        ("", None),
    ],
)
def test_a_quiz_answer_is_told_with_the_options_of_this_file(body, answer):
    text = f'def quiz_1_1() -> str:\n    """Which?\n\n    a) one\n    b) two\n\n    Answer with the letter of the right option.\n    """\n    return {body}\n'
    [choice] = answers_in([("lab.py", text)], ASKED).quiz.values()
    assert (choice.text, choice.options, choice.given) == ("Which?", {"a": "one", "b": "two"}, answer)


@given(st.text("def fgh():\n #\"'\\)ü\t\0", max_size=300))
def test_nothing_that_is_handed_in_stops_it(text):
    assert all(entry.text for entry in answers_in([("lab.py", text), ("x", "def f(" + text)], ASKED).code)


def test_what_is_kept_has_a_bound():
    huge = "".join(f"def {name}():\n" + "    x = 1\n" * 20_000 for name in "fgh")
    assert sum(len(entry.text) for entry in answers_in([("lab.py", huge)], ASKED).code) < 60_000
