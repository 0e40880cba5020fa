"""The comparator: what passes, what fails, and as what."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labkit.check import expect
from labkit.check.expect.failure import Failure, examining, expectation, running
from labkit.check.signature import signature
from labkit.record.signature import distance as apart_by
from labkit.worker import ModelSpec, Opaque, TrainingHistory

ARRAY = np.linspace(-1.0, 1.0, 12).reshape(3, 4)


def distance(student: Failure, known: Failure) -> float | None:
    """How far two failures are apart by their signatures."""
    return apart_by(signature(student), signature(known))


def failure(function, *args, **kwargs) -> expect.Failure:
    with examining(), pytest.raises(expect.Failure) as raised:
        function(*args, **kwargs)
    return raised.value


# Pairs that NumPy's own comparisons let pass, or that a clamp would turn into a full score.
@pytest.mark.parametrize(
    ("received", "expected", "kind"),
    [
        (1.0, np.ones((3, 4)), "shape"),
        ([], 5.0, "empty"),
        (np.empty((0, 3)), np.ones((1, 3)), "empty"),
        (np.ones((3, 1)), np.ones(3), "shape"),
        (np.ones((1, 3)), np.ones((2, 3)), "shape"),
        (np.full(3, np.nan), np.ones(3), "not_finite"),
        (np.full(3, np.inf), np.ones(3), "not_finite"),
        (math.nan, 1.0, "not_finite"),
        (None, 1.0, "none"),
        (True, np.ones(1), "shape"),
        ("1.0", 1.0, "type"),
        (np.ones(3) + 1e-3, np.ones(3), "values"),
        ([1.0, [2.0]], np.ones(2), "type"),
        ((1.0,), (1.0, np.ones(2)), "shape"),
        ({"a": 1.0}, {"b": 1.0}, "type"),
    ],
)
def test_close_refuses(received, expected, kind):
    assert failure(expect.close, received, expected).kind == kind


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (ARRAY.astype(np.float32), ARRAY),
        (ARRAY.astype(np.float16), ARRAY),
        (ARRAY.tolist(), ARRAY),
        (2, 2.0),
        (np.float32(0.1), 0.1),
        (np.array(0.5), 0.5),
        ((1.0, ARRAY), (1.0, ARRAY)),
        ([1.0, 2.0], np.array([1.0, 2.0])),
        ({"loss": 0.25}, {"loss": 0.25}),
        (ARRAY + 1j, ARRAY + 1j),
    ],
)
def test_close_accepts(received, expected):
    expect.close(received, expected)


@given(hnp.arrays(np.float64, hnp.array_shapes(), elements=st.floats(-1e6, 1e6)), st.floats(1e-3, 1e3))
def test_close_holds_for_equal_arrays_and_fails_for_any_shift(array, shift):
    expect.close(array.copy(), array)
    scale = 1 + np.abs(array).max()
    assert failure(expect.close, array + shift * scale, array).kind == "values"


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(-1e3, 1e3))
def test_bounds_never_pass_what_is_not_within(value, bound):
    if math.isfinite(value) and value >= bound:
        expect.at_least(value, bound)
    else:
        assert failure(expect.at_least, value, bound).kind in ("bound", "not_finite")
    if not (math.isfinite(value) and value <= bound):
        failure(expect.at_most, value, bound)


@pytest.mark.parametrize(
    ("value", "earned"), [(0.80, 0.0), (0.92, 0.0), (0.935, 0.5), (0.9499, 0.9967), (-1e9, 0.0)]
)
def test_graded_gives_the_linear_part(value, earned):
    assert failure(expect.graded, value, 0.92, 0.95).earned == pytest.approx(earned, abs=1e-3)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_graded_gives_nothing_for_what_is_no_number(value):
    assert failure(expect.graded, value, 0.92, 0.95).earned == 0


def test_graded_may_fall_as_well():
    expect.graded(0.007, none=0.0168, full=0.0075)
    assert 0 < failure(expect.graded, 0.01, none=0.0168, full=0.0075).earned < 1


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (5, "5"),
        ("ok", True),
        (True, 1.5),
        (1.2, 1),
        (None, "ok"),
        ([1, 2], [1, 3]),
        (np.array([1, 2]), [2, 1]),
    ],
)
def test_equal_refuses(received, expected):
    failure(expect.equal, received, expected)


def test_equal_accepts_a_whole_number_however_it_is_typed():
    for value in (7850, 7850.0, np.int32(7850), np.array(7850)):
        expect.equal(value, 7850)
    expect.equal(np.array("ok").item(), "ok")


def test_true_refuses_an_empty_condition():
    assert failure(expect.true, np.array([]), "all rows").kind == "law"
    expect.true(np.array([True, True]), "all rows")


@pytest.mark.parametrize(
    ("dtype", "wanted", "fits"), [("f4", "float", 1), ("f8", "float32", 0), ("i8", "int", 1)]
)
def test_dtype(dtype, wanted, fits):
    if fits:
        expect.dtype(np.ones(2, dtype), wanted)
    else:
        assert failure(expect.dtype, np.ones(2, dtype), wanted).kind == "dtype"


def test_unchanged():
    expect.unchanged(ARRAY.copy(), ARRAY)
    assert failure(expect.unchanged, ARRAY + 1, ARRAY).kind == "changed"


def _values(received) -> expect.Failure:
    return failure(expect.close, received, np.zeros(3))


def test_two_failures_are_one_mistake_only_with_the_same_data():
    one = _values(np.array([1.0, 2.0, 3.0]))
    assert distance(one, _values(np.array([1.0, 2.0, 3.0]))) == 0
    assert distance(one, _values(np.array([1.0, 2.0, 3.0], np.float32))) is not None
    assert distance(one, _values(np.array([1.0, 2.0, 3.1]))) is None
    assert distance(one, _values(np.array([1.0, 2.0]))) is None
    assert distance(one, _values(np.array([1.0, 2.0, np.nan]))) is None
    nan = _values(np.array([np.nan, 0, 0]))
    assert distance(nan, _values(np.array([np.nan, 0, 0]))) == 0
    assert distance(nan, _values(np.array([np.inf, 0, 0]))) is None


def test_like_says_how_near_two_measured_values_must_be():
    def measured(value):
        return failure(expect.at_least, value, 0.9, like=0.05)

    assert distance(measured(0.11), measured(0.14)) is not None
    assert distance(measured(0.11), measured(0.34)) is None


def test_the_place_of_the_expectation_counts():
    with examining(), pytest.raises(expect.Failure) as second:
        expect.equal(1, 1)
        expect.close(np.ones(3), np.zeros(3))
    assert distance(second.value, _values(np.ones(3))) is None


ANSWERS = [
    *(None, True, 3, 2.5, "text", np.zeros(3), np.zeros((2, 2), "int64"), [], [1.0, 2.0]),
    *([np.zeros(2), None], (np.zeros(2), "x"), [[1.0], [1.0, 2.0]], {}, {"a": np.zeros(2)}, {"a": None}),
    *(Opaque("object"), ModelSpec(), TrainingHistory([0], {"loss": [1.0]})),
]


@pytest.mark.parametrize("known", ANSWERS, ids=lambda value: type(value).__name__)
def test_any_answer_can_be_compared_with_any_mistake(known):
    for answer in ANSWERS:
        apart = distance(Failure("values", "", answer), Failure("values", "", known))
        assert (apart == 0.0) if answer is known else (apart is None or apart >= 0)


@pytest.mark.parametrize(
    ("received", "expected", "same"),
    [
        (["a"] * 5000, ["a"] * 5000, True),
        (["a"] * 4999 + ["b"], ["a"] * 5000, False),
        ([np.zeros(50), np.ones(50)], [np.zeros(50), np.ones(50)], True),
        ([np.zeros(50), np.r_[np.ones(25), 0, np.ones(24)]], [np.zeros(50), np.ones(50)], False),
        (Opaque("list of 3 items"), ["a", "b", "c"], False),
        (("a", 1), ["a", 1], True),
        (["a", True], ["a", 1], False),
        (["a", np.int64(1)], ["a", 1], True),
        ({"a": [1, 2]}, {"a": [1, 2]}, True),
        ({"a": [1, 3]}, {"a": [1, 2]}, False),
        ({"b": [1, 2]}, {"a": [1, 2]}, False),
        ("ab", ["a", "b"], False),
    ],
)
def test_equal_looks_at_every_part(received, expected, same):
    if same:
        expect.equal(received, expected)
    else:
        with pytest.raises(Failure):
            expect.equal(received, expected)


@pytest.mark.parametrize("compare", [expect.close, expect.equal])
def test_the_order_of_keys_tells_no_mistake_from_another(compare):
    expected = {"a": 1, "b": [{"c": 2, "d": 3}]}
    one = failure(compare, {"a": 1, "b": [{"c": 4, "d": 3}]}, expected)
    other = failure(compare, {"b": [{"d": 3, "c": 4}], "a": 1}, expected)
    assert distance(one, other) == 0


@pytest.mark.parametrize(
    ("received", "words"),
    [
        ({"a": 1.0}, "a, b; missing: 'b'"),
        ({"a": 1.0, "c": 1.0, 2: 1.0}, "a, b; missing: 'b'; too many: 'c' and 2"),
        ([1.0, 2.0], "a, b; it is [1.0, 2.0]"),
    ],
)
def test_a_dict_with_other_keys_says_which(received, words):
    assert words in failure(expect.close, received, {"a": 1.0, "b": 2.0}).message


def test_a_hidden_law_says_nothing_of_what_was_received():
    with pytest.raises(Failure) as failed:
        expect.true(False, "the answer is 'hidden input: 0.2642', it should be 'ok'", received="x")
    assert "0.2642" not in failed.value.summary and failed.value.summary
    with pytest.raises(Failure) as failed:
        expect.true(False, "…", summary="the loss must fall")
    assert failed.value.summary == "the loss must fall"


def test_complex_numbers_are_written_with_as_many_digits_as_others():
    with pytest.raises(Failure, match=r"0\+1j instead of 0\.333333-0\.142857j"):
        expect.close(np.array([1j]), np.array([1 / 3 - 1j / 7]))


def test_float32_may_round_where_large_terms_cancel():
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(200, 75)), rng.normal(size=75)
    expect.close((x.astype("float32") * kernel.astype("float32")).sum(axis=1, dtype="float32"), x @ kernel)
    with pytest.raises(Failure):
        expect.close(x.astype("float32") @ kernel.astype("float32") + np.float32(1e-4), x @ kernel)


def test_an_expectation_counts_itself():
    @expectation
    def even(number: int) -> None:
        """A number is even."""
        if number % 2:
            raise Failure("law", "odd")

    with examining() as seen:
        even(2)
        expect.equal(1, 1)
        with pytest.raises(Failure) as failed:
            even(3)
    assert (seen.ordinal, failed.value.ordinal, even.__doc__) == (3, 3, "A number is even.")
    assert running().ordinal == 0


def test_every_expectation_counts_itself():
    for name in set(expect.__all__) - {"Failure", "describe"}:
        assert hasattr(getattr(expect, name), "__wrapped__"), f"{name} is not decorated"
