"""`labkit.gradient_check` tells a right gradient from a wrong one, and says where it is wrong."""

from __future__ import annotations

import doctest
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labkit
from labkit import gradients


def squares(x):
    return np.sum(x**2), 2 * x


def test_the_examples_of_its_docstring_hold():
    failed, tried = doctest.testmod(gradients)
    assert tried == 2 and not failed


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e2))
def test_right_gradients_agree_at_any_scale(seed, scale):
    x = scale * np.random.default_rng(seed).normal(size=(3, 4))
    for f in (squares, lambda x: (np.sum(np.sin(x)), np.cos(x)), lambda x: (np.sum(x), np.ones_like(x))):
        assert labkit.gradient_check(f, x).agrees


@pytest.mark.parametrize(
    "wrong", [lambda g: 1.001 * g, lambda g: -g, lambda g: g.T.copy(), lambda g: g + 1, lambda g: g * np.nan]
)
def test_wrong_gradients_do_not(wrong):
    x = np.random.default_rng(0).normal(size=(3, 3))
    found = labkit.gradient_check(lambda x: (np.sum(x**2), wrong(2 * x)), x)
    assert not found.agrees and "differs" in str(found)


def test_the_place_that_is_furthest_off_is_named():
    def f(x):
        gradient = 2 * x
        gradient[1, 2] = 7
        return np.sum(x**2), gradient

    assert "1 of 6 places; at [1, 2] it is 7 and the slope is 2" in str(
        labkit.gradient_check(f, np.ones((2, 3)))
    )


def test_float32_and_whole_numbers_are_looked_at_in_float64():
    seen = set()

    def f(x):
        seen.add(x.dtype)
        return squares(x)

    assert labkit.gradient_check(f, np.ones(3, np.float32)).agrees
    assert labkit.gradient_check(f, np.array([1, 2])).agrees
    assert seen == {np.dtype("float64")}


def test_a_large_array_is_sampled_and_stays_as_it_is():
    calls = []

    def f(x):
        calls.append(1)
        value = np.sum(x**2)
        x[:] = 0  # nobody is hurt by a function that overwrites its argument
        return value, 2 * kept

    kept = np.random.default_rng(0).normal(size=(100, 100))
    x = kept.copy()
    assert labkit.gradient_check(f, x, places=20).agrees
    assert len(calls) == 41 and np.array_equal(x, kept)


def test_what_is_no_pair_of_value_and_gradient_is_refused():
    with pytest.raises(ValueError, match=r"two things"):
        labkit.gradient_check(lambda x: 2 * x, np.ones(3))
    with pytest.raises(ValueError, match=r"two things"):
        labkit.gradient_check(lambda x: (x, 2 * x), np.ones(3))
    with pytest.raises(ValueError, match=r"shape \(3,\), but x has \(2, 3\)"):
        labkit.gradient_check(lambda x: (np.sum(x), np.ones(3)), np.ones((2, 3)))


def test_it_costs_no_tensorflow():
    code = "import labkit, sys; labkit.gradient_check; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
