"""Statistics against published examples, hand-made tables, other programs' formulas, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from labkit.report.statistics import (
    LEAST,
    difficulty,
    discrimination,
    follows,
    quintiles,
    reliability,
    upper_lower,
)

SHARES = st.integers(0, 4).map(lambda n: n / 4)


def marks(right: int, n: int) -> np.ndarray:
    return np.array([1.0] * right + [0.0] * (n - right))


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    # R. G. Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_as_published(right, n, low, high):
    p = difficulty(marks(right, n))
    assert p.value == pytest.approx(right / n)
    assert (p.low, p.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_partial_points_have_a_normal_interval():
    p = difficulty(np.array([0.5, 0.75, 1.0, 0.25]))
    half = 1.959964 * np.std([0.5, 0.75, 1.0, 0.25], ddof=1) / 2
    assert (p.value, p.low, p.high) == (0.625, pytest.approx(0.625 - half), pytest.approx(0.625 + half))
    assert "normal" in p.formula


def test_what_is_not_known_is_left_out_and_never_0():
    assert difficulty(np.array([1.0, np.nan, 0.0])).n == 2
    assert difficulty(np.array([1.0, np.nan, 0.0])).value == 0.5
    assert difficulty(np.array([np.nan])) is None


def test_discrimination_is_pearsons_r_with_fishers_interval():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 40).astype(float)
    y = x * 3 + rng.normal(size=40)
    r, expected = discrimination(x, y), stats.pearsonr(x, y)
    assert r.value == pytest.approx(expected.statistic)
    assert (r.low, r.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_discrimination_is_silent_where_little_is_known():
    line = np.arange(LEAST, dtype=float)
    assert discrimination(line, line) is not None
    assert discrimination(line[1:], line[1:]) is None
    assert discrimination(np.ones(50), np.arange(50.0)) is None
    assert discrimination(np.arange(50.0), np.full(50, 0.1) + 1e-17) is None


def test_alpha_by_hand():
    # three questions that agree but for one student: variances .24·10/9 each, totals' variance by hand
    points = np.array([[1, 1, 1]] * 5 + [[0, 0, 0]] * 4 + [[1, 0, 0]], float)
    item = [np.var(points[:, k], ddof=1) for k in range(3)]
    expected = 3 / 2 * (1 - sum(item) / np.var(points.sum(axis=1), ddof=1))
    found = reliability(points)
    assert found.alpha.value == pytest.approx(expected)
    assert found.sem == pytest.approx(np.std(points.sum(axis=1), ddof=1) * np.sqrt(1 - expected))
    assert found.without[0] == pytest.approx(1.0)  # the two that are left agree exactly
    assert found.alpha.low < expected < found.alpha.high


def test_feldts_interval_covers_as_often_as_it_says():
    rng, k, n, hits = np.random.default_rng(1), 5, 40, 0
    true = k * 0.5 / (1 + (k - 1) * 0.5)  # parallel questions that correlate by 0.5
    for _ in range(400):
        points = rng.normal(size=(n, 1)) + rng.normal(size=(n, k))
        found = reliability(points).alpha
        hits += found.low <= true <= found.high
    assert 0.92 <= hits / 400 <= 0.98


@pytest.mark.parametrize("shape", [(LEAST - 1, 5), (LEAST, 2)])
def test_reliability_is_silent_below_its_least(shape):
    assert reliability(np.random.default_rng(0).random(shape)) is None
    assert reliability(np.ones((20, 4))) is None


def test_upper_lower_and_quintiles_by_hand():
    totals = np.arange(100.0)
    shares = (totals >= 50).astype(float)
    assert upper_lower(shares, totals) == 1.0
    assert quintiles(shares, totals) == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert upper_lower(shares[:9], totals[:9]) is None
    assert quintiles(shares[:9], totals[:9]) is None


def test_fishers_tea_tasting():
    # R. A. Fisher, The Design of Experiments, 1935, chapter II: 3 of 4 cups right has p = 17/70
    assert follows(3, 1, 1, 3) == pytest.approx(17 / 70)


@given(arrays(float, st.integers(1, 60), elements=SHARES), st.randoms())
def test_a_mean_share_lies_in_its_interval_and_does_not_mind_the_order(shares, random):
    p = difficulty(shares)
    assert 0 <= p.value <= 1
    if p.low is not None:
        assert -1e-12 <= p.low <= p.value + 1e-12 and p.value - 1e-12 <= p.high <= 1 + 1e-12
    shuffled = list(shares)
    random.shuffle(shuffled)
    assert difficulty(np.array(shuffled)).value == pytest.approx(p.value)


@given(st.integers(LEAST, 40), st.floats(0.1, 100), st.integers(0, 2**31))
def test_statistics_do_not_mind_the_order_of_students_or_the_scale_of_points(n, scale, seed):
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 5, (n, 4)).astype(float)
    order = rng.permutation(n)
    one, other = reliability(points), reliability(points[order] * scale)
    assert (one is None) == (other is None)
    if one is not None:
        assert other.alpha.value == pytest.approx(one.alpha.value)
        assert other.sem == pytest.approx(one.sem * scale, abs=1e-6)
    rest = points[:, 1:].sum(axis=1)
    r, again = discrimination(points[:, 0], rest), discrimination(points[order, 0], rest[order] * scale)
    assert (r is None) == (again is None)
    if r is not None:
        assert -1 <= r.low <= r.value <= r.high <= 1 and again.value == pytest.approx(r.value)
