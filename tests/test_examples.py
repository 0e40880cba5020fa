"""A tiny example shows arguments, what should come, and what came, whatever the function does."""

from __future__ import annotations

import numpy as np
import pytest

import labkit


def double(x, times=2):
    return times * x


def not_written(x):
    raise NotImplementedError


def fails(x):
    return x / nothing  # noqa: F821


def in_place(x):
    x *= 2
    return x


X, TWICE = np.array([[1.0, 2.5]]), np.array([[2.0, 5.0]])


@pytest.mark.parametrize(
    ("function", "last"),
    [
        (double, "yours ✓    (1, 2)     [[2. 5.]]"),
        (lambda x: x, "yours ✗    (1, 2)     [[1.  2.5]]"),
        (lambda x: 2 * x + 1j, "yours ✗    (1, 2)     [[2.+1.j 5.+1.j]]"),
        (lambda x: 2 * x[0], "yours ✗    (2,)       [2. 5.]"),
        (lambda x: "no", "yours ✗    'no'"),
        (lambda x: None, "yours ✗    None"),
        (not_written, "yours      not written yet"),
        (fails, "yours ✗    raises NameError: name 'nothing' is not defined"),
        (in_place, "yours ✓    (1, 2)     [[2. 5.]]"),
    ],
)
def test_an_example_ends_with_ones_own_answer(function, last):
    x = X.copy()
    shown = labkit.example(function, x, gives=TWICE)
    assert shown.split("\n")[-1].strip() == last
    assert x.tolist() == X.tolist()
    assert "x          (1, 2)     [[1.  2.5]]" in shown and "should be  (1, 2)     [[2. 5.]]" in shown


def test_several_answers_stand_below_one_another_and_arguments_keep_their_names():
    shown = labkit.example(lambda x, times: (times * x, 7.0), X, times=3, gives=(3 * X, 7.0))
    lines = [line.strip() for line in shown.split("\n")]
    assert lines[2] == "times      3" and lines[-2:] == ["yours ✓    (1, 2)     [[3.  7.5]]", "7"]


@pytest.mark.parametrize(
    ("answer", "gives", "agrees"),
    [
        ("ok", "ok", True),
        (0.13284523, 0.1328, True),
        (0.14, 0.1328, False),
        ({"units": 3.0001}, {"units": 3}, True),
        ({"units": 3}, {"unit": 3}, False),
        (3, {"units": 3}, False),
        ((X, [0.37]), (X, [0.36999]), True),
        ([0.37, 0.3], [0.37], False),
        ((1.0, X), (1.0, X), True),
        ((1.0, X), (1.0, TWICE), False),
        (1.0, (1.0, X), False),
        (np.float32(3), 3, True),
    ],
)
def test_an_answer_agrees_to_the_digits_that_are_written_down(answer, gives, agrees):
    assert ("yours ✓" in labkit.example(lambda: answer, gives=gives)) is agrees
