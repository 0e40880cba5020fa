"""Relations between an answer and what should have come: a table of them, and the law that none is said by chance."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labkit.check.expect.failure import examining
from labkit.check.parties import Party
from labkit.check.relations import Relation, find_relation
from labkit.check.relations.of_values import softmax
from labkit.check.relations.relation import alike

RNG = np.random.default_rng(7)
A = RNG.normal(size=(6, 4))  # any values
S = RNG.normal(size=(5, 5))
B = RNG.normal(size=(3, 4, 5))
C = RNG.normal(size=(3, 3, 3))
IMAGES = RNG.normal(size=(2, 8, 8))
P = RNG.dirichlet(np.ones(4), size=6)  # probabilities
PIXELS = RNG.integers(0, 256, size=(5, 6)).astype(np.uint8)
LONG = RNG.normal(size=11)
Z = RNG.normal(size=8) + 1j * RNG.normal(size=8)
SIZES = {12: "the number of rows", 784: "the number of columns"}


def but(array, place, value=0.5):
    changed = array.copy()
    changed[place] += value
    return changed


def bordered(images):
    changed = images + 0.5
    changed[:, 1:-1, 1:-1] = images[:, 1:-1, 1:-1]
    return changed


#: (name, answer, expected, words that are said)
TABLE = [
    ("sign", -A, A, "wrong sign"),
    ("sign of a number", -0.7310123, 0.7310123, "the value has the wrong sign"),
    ("sum for mean", 12 * A, A, "12 times too large everywhere; 12 is the number of rows: is it the sum where the mean"),
    ("mean for sum", A / 12, A, "12 times too small everywhere; 12 is the number of rows"),
    ("sum for mean of a loss", 12 * 0.6931234, 0.6931234, "12 is the number of rows"),
    ("root of columns", A * 28, A, "√784 times too large"),
    ("divided by n - 1", A * 12 / 11, A, "divided by n - 1 where n is right; n = 12 is the number of rows"),
    ("twice", 2 * A, A, "twice what it should be"),
    ("half", A / 2, A, "half of what it should be"),
    ("pixels not scaled", 255 * P, P, "255 times too large: are the pixels divided"),
    ("pixels scaled twice", P / 255, P, "divided by 255 twice"),
    ("percent", 100 * P, P, "percent where a share"),
    ("log2", np.log2(P), np.log(P), "log2 where the natural logarithm"),
    ("log10", np.log10(P), np.log(P), "log10 where the natural logarithm"),
    ("degrees", np.degrees(A), A, "degrees where radians"),
    ("any factor", 1.7 * A, A, "1.7 times too large"),
    ("any small factor", A / 3.5, A, "3.5 times too small"),
    ("offset", A + 0.25, A, "0.25 too large"),
    ("counted from 1", PIXELS // 2 + 1, PIXELS // 2, "counted from 1 where it should be from 0"),
    ("another range", 2 * P - 1, P, "2 · the right one - 1: is it scaled or shifted"),
    ("complement", 1 - P, P, "1 minus the right one"),
    ("reciprocal", 1 / A, A, "1 divided by the right one"),
    ("square", A**2, A, "square of the right one"),
    ("root", np.sqrt(P), P, "root of the right one"),
    ("exponential", np.exp(A), A, "exp of the right one"),
    ("logarithm", np.log(P), P, "logarithm of the right one"),
    ("sigmoid", 1 / (1 + np.exp(-A)), A, "sigmoid of the right one"),
    ("logit", np.log(P / (1 - P)), P, "logit of the right one"),
    ("tanh", np.tanh(A), A, "tanh of the right one"),
    ("absolute", np.abs(A), A, "is an absolute value taken"),
    ("no absolute", A, np.abs(A), "is an absolute value missing"),
    ("relu", np.maximum(A, 0), A, "cut off at 0"),
    ("no relu", A, np.maximum(A, 0), "negative values should be 0"),
    ("clipped", np.clip(A, 0, 1), A, "cut off below 0 and above 1"),
    ("uint8", (PIXELS.astype(int) * 3) % 256, PIXELS.astype(int) * 3, "did uint8 overflow"),
    ("softmax too often", softmax(P, 1), P, "softmax of the right values over each row: is it taken once too often"),
    ("softmax missing", A, softmax(A, 1), "softmax of the answer over each row gives the right values: it is missing"),
    ("softmax of other axis missing", A, softmax(A, 0), "softmax of the answer over each column"),
    ("log softmax missing", A, np.log(softmax(A, 1)), "logarithm of the softmax over each row is missing"),
    ("not normalised", np.exp(A), softmax(A, 1), "softmax|divided by its sum over each row"),
    ("mean kept", A, A - A.mean(axis=0), "minus its mean over each column"),
    ("mean gone", A - A.mean(axis=1, keepdims=True), A, "minus their mean over each row"),
    ("added up", np.cumsum(A, axis=0), A, "added up along each column"),
    ("sorted", np.sort(A, axis=1), A, "sorted along each row"),
    ("rounded", A.round(2), A, "rounded to 2 digits"),
    ("whole", A.astype(int) * 1.0 if False else (9 * A).astype(int), 9 * A, "cut off to whole numbers: the dtype is int64"),
    ("floor", np.floor(9 * A), 9 * A, "rounded down to whole numbers"),
    ("half precision", A.astype(np.float16).astype(float), A, "half precision"),
    ("transpose", S.T, S, "transpose"),
    ("transpose of another shape", A.T, A, "transpose"),
    ("axes reversed", C.T, C, "axes are in reverse order"),
    ("axes swapped", B.swapaxes(0, 1), B, "axes 0 and 1 are swapped"),
    ("axes cycled", np.moveaxis(B, 0, -1), B, "axes are in another order"),
    ("rows reversed", A[::-1], A, "order of the rows is reversed"),
    ("columns reversed", A[:, ::-1], A, "order of the columns is reversed"),
    ("kernel turned", S[::-1, ::-1], S, "turned by 180°"),
    ("turned", np.rot90(S), S, "turned by 90° left"),
    ("rolled", np.roll(A, 2, axis=0), A, "rows are shifted by 2 to the end, and what falls off comes back"),
    ("shifted", np.r_[np.zeros(1), LONG[:-1]], LONG, "shifted by 1 to the end, and zeros follow"),
    ("rows permuted", A[[3, 1, 5, 0, 4, 2]], A, "rows are right, but in another order"),
    ("columns permuted", A[:, [2, 0, 3, 1]], A, "columns are right, but in another order"),
    ("by columns", A.T.reshape(6, 4), A, "order of columns where that of rows"),
    ("images flattened by columns", IMAGES.swapaxes(1, 2).reshape(2, 64), IMAGES.reshape(2, 64), "order of its columns"),
    ("axis too many", LONG[:, None], LONG, "an axis too many"),
    ("axis too few", LONG, LONG[None], "an axis too few"),
    ("flattened", A.ravel(), A, "flattened"),
    ("reshaped", A.reshape(4, 6), A, "only the shape is not"),
    ("summed", A.sum(axis=0), A, "sum over axis 0"),
    ("end missing", A[:4], A, "the end is missing"),
    ("more follow", np.r_[A, A], A, "more follow"),
    ("parts swapped", (A, LONG), (LONG, A), "parts are right, but in another order"),
    ("part wrong", (-A, LONG), (A, LONG), "wrong sign"),
    ("entry wrong", {"a": 2 * A, "b": 1.0}, {"a": A, "b": 1.0}, "twice"),
    ("last batch", but(LONG, slice(8, None)), LONG, "right but for the last 3 of 11 values"),
    ("last row", but(A, -1), A, "right but for the last of 6 rows: does a loop end too early"),
    ("first row", but(A, 0), A, "right but for the first of 6 rows"),
    ("first class", but(A, (slice(None), 0)), A, "right but for the first of 4 columns"),
    ("one class", but(A, (slice(None), 2)), A, "right but for column 2 of 4"),
    ("every second", but(LONG, slice(1, None, 2)), LONG, "every second"),
    ("border", bordered(IMAGES), IMAGES, "wrong at the border"),
    ("diagonal", but(S, np.eye(5, dtype=bool)), S, "but for the diagonal"),
    ("negative wrong", np.where(A < 0, 2 * A, A), A, "wrong where it is negative"),
    ("constant", np.full((6, 4), 0.25), A, "every value is the same, 0.25"),
    ("conjugate", Z.conj(), Z, "complex conjugate"),
    ("modulus", np.abs(Z), Z, "absolute value of each complex number"),
]  # fmt: skip


def test_the_table_is_long_enough():
    assert len({name for name, *_ in TABLE}) >= 40


@pytest.mark.parametrize(
    ("answer", "expected", "words"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_relation_is_said(answer, expected, words):
    found = find_relation(answer, expected, SIZES)
    assert found is not None
    assert any(word in found.sentence for word in words.split("|")), found.sentence


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (1.7 * A, 2.9 * A, A),
        (A / 1.7, A / 2.9, A),
        (12 * A, 784 * A, A),
        (A / 12, A / 784, A),
        (A * 12**0.5, A * 28, A),
        (A + 0.25, A + 0.5, A),
        (2 * P - 1, 3 * P + 5, P),
        (A.round(1), A.round(2), A),
        (np.full((6, 4), 0.25), np.full((6, 4), 0.5), A),
        (np.roll(LONG, 1), np.roll(LONG, 3), LONG),
        (np.r_[np.zeros(1), LONG[:-1]], np.r_[LONG[2:], np.zeros(2)], LONG),
        (but(LONG, slice(8, None)), but(LONG, slice(7, None)), LONG),
        (but(A, 0), but(A, slice(0, 2)), A),
        (but(A, (slice(None), 2)), but(A, (slice(None), 1)), A),
        (B.transpose(1, 2, 0), B.transpose(2, 0, 1), B),
    ],
)
def test_nothing_that_an_answer_can_choose_is_said_of_hidden_inputs(one, two, expected):
    """What a submission answers could carry its inputs out in the numbers of a sentence."""
    first, second = find_relation(one, expected, SIZES), find_relation(two, expected, SIZES)
    assert first.sentence != second.sentence and first.summary == second.summary


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_no_summary_holds_a_number_of_its_own(row):
    found = find_relation(row[1], row[2], SIZES)
    numbers = set(re.findall(r"[0-9.]*[0-9]", found.summary))
    assert numbers <= {
        "0",
        "1",
        "2",
        "8",
        "16",
        "10",
        "90",
        "100",
        "180",
        "255",
        "256",
        "1.4427",
        "2.3026",
    }, found.summary


SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=8)


def applied(relation: Relation, answer, expected) -> bool:
    source, target = (answer, expected) if relation.of == "answer" else (expected, answer)
    made = np.asarray(relation.function(source))
    return made.shape == target.shape and np.allclose(
        made, target, rtol=1e-3, atol=1e-3 * np.abs(target).max()
    )


@given(st.sampled_from([row for row in TABLE if not isinstance(row[1], (tuple, dict))]))
def test_what_is_said_gives_the_expected_values(row):
    answer, expected = np.asarray(row[1]), np.asarray(row[2])
    relation = find_relation(answer, expected, SIZES)
    assert applied(relation, answer, expected)


TRANSFORMS = [
    *(lambda v: -v, lambda v: 12 * v, lambda v: v + 0.3, np.exp, np.abs, np.square, lambda v: 1 - v),
    *(lambda v: v.T, lambda v: np.flip(v, 0) if v.ndim else v, lambda v: v.round(1), np.ravel),
    *(
        lambda v: v[..., None],
        lambda v: v.sum(0) if v.ndim else v,
        lambda v: np.roll(v, 1),
        lambda v: v * 0.37,
    ),
]


@settings(deadline=None, max_examples=300)
@given(SHAPES, st.integers(0, 10**6), st.sampled_from(TRANSFORMS), st.sampled_from(["f4", "f8"]))
def test_whatever_relation_is_said_holds(shape, seed, transform, dtype):
    expected = np.random.default_rng(seed).normal(size=shape)
    answer = np.asarray(transform(expected)).astype(dtype)
    relation = find_relation(answer, expected, SIZES)
    if relation is not None:
        assert applied(relation, answer, expected), relation.sentence


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(12 / 24, 11 / 24), (11 / 24, 12 / 24), (np.zeros(9), np.r_[-0.2, np.full(8, 0.1)])],
)
def test_nothing_is_said_of_two_shares_or_of_an_answer_of_zeros(answer, expected):
    relation = find_relation(answer, expected, SIZES)
    assert relation is None or relation.name in UNRELATED, relation.sentence


UNRELATED = ["constant"]  # said of an answer alone, whatever should have come


@settings(deadline=None, max_examples=500)
@given(
    SHAPES, st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(["normal", "uniform", "softmax"])
)
def test_nothing_is_said_of_unrelated_numbers(shape, one, two, kind):
    def drawn(seed):
        values = np.random.default_rng([seed, one == two]).normal(size=shape)
        return (
            values
            if kind == "normal"
            else 1 / (1 + np.exp(-values))
            if kind == "uniform" or not shape
            else softmax(values, -1)
        )

    answer, expected = drawn(2 * one), drawn(2 * two + 1)
    if not np.all(answer == answer.flat[0] if answer.ndim else False):
        found = find_relation(answer, expected, SIZES)
        assert found is None, found.sentence


@settings(deadline=None, max_examples=300)
@example(12, 2396, 12)  # three of twelve are right, among them the only 0
@given(st.integers(5, 60), st.integers(0, 10**6), st.integers(2, 30))
@example(20, 291904, 5)  # three of three zeros are right by chance
def test_nothing_is_said_of_unrelated_labels(count, seed, classes):
    rng = np.random.default_rng(seed)
    answer, expected = rng.integers(0, classes, size=(2, count))
    found = find_relation(answer, expected, SIZES)
    assert found is None or found.name in UNRELATED, found.sentence
    one_hot = np.eye(classes)
    found = find_relation(one_hot[answer], one_hot[expected], SIZES)
    assert found is None, found.sentence


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (A, A), (None, A), ("text", A), (A, None), (np.full(4, np.nan), LONG[:4]), ([], []), (np.array([]), np.array([])),
        ([1, [2]], [1, [3]]), ({"a": 1}, {"b": 1}), (A, (A, A)), (np.array(["a"]), np.array([1.0])), ((A,), (A, A)),
        (10**400, 1.0), (True, False), (np.zeros((3, 4)), np.zeros((3, 4))),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_has_no_relation(answer, expected):
    assert find_relation(answer, expected, SIZES) is None


def test_two_arrays_are_alike_only_in_shape_and_values():
    assert alike(A, A * (1 + 1e-6), 0.0) and not alike(A, A * 1.001, 0.0) and not alike(A, A.T, 0.0)


def test_a_list_of_arrays_of_several_lengths_may_be_handed_over():
    class Echo:
        def ask(self, verb, **request):
            return {"status": "ok", "value": 1}

    with examining() as seen:
        assert Party(Echo()).f([np.zeros((3, 2)), np.zeros((6, 2))], np.zeros((5, 4)), count=7) == 1
    assert seen.sizes == {
        5: "the number of rows",
        4: "the number of columns",
        20: "the number of values",
        7: "count",
    }
