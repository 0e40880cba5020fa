"""Pictures that a check draws of an answer: small data that decides nothing."""

from __future__ import annotations

import base64
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.check import measured
from labkit.check.expect.failure import examining
from labkit.record.figure import MOST_BYTES, bounded
from tests.conftest import check_of

GOOD = "import numpy as np\n\n\ndef double(x):\n    return 2 * x\n\n\ndef mean_of_doubles(x):\n    return 2 * x.mean()\n"


def drawn(draw, *args, **kwargs):
    with examining() as seen:
        assert draw(*args, **kwargs) is None
    return seen.figures


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_a_confusion_counts_every_example_once(pairs):
    labels, predicted = np.array(pairs).T
    (figure,) = drawn(measured.confusion, predicted, labels, names="abc")
    assert np.sum(figure.counts) == len(pairs)
    assert all(figure.counts[i][j] == pairs.count((i, j)) for i in range(3) for j in range(3))
    (same,) = drawn(measured.confusion, np.eye(3)[predicted], labels, names="abc")
    assert same == figure


def test_images_are_pixels_from_the_smallest_to_the_largest_value():
    x = np.array([[0.0, 0.5, 1.0, 0.0]])
    (figure,) = drawn(measured.images, x, x - 1, "Digits", ("in", "out"))
    assert (figure.width, figure.height) == (2, 2)
    rows = {name: [list(base64.b64decode(image)) for image in images] for name, images in figure.rows}
    assert rows == {"in": [[0, 128, 255, 0]], "out": [[0, 128, 255, 0]]}


def test_curves_are_thinned_and_what_is_not_finite_is_missing():
    (figure,) = drawn(measured.curves, {"loss": np.arange(1000.0), "short": [math.nan, 2.0]}, y_title="loss")
    assert figure.x[0] == 1 and figure.x[-1] == 1000 and len(figure.x) == 100
    (_, loss), (_, short) = figure.curves
    assert loss[-1] == 999 and short[0] is None and set(short[1:]) == {None}


def test_bars_are_numbers_by_name():
    (figure,) = drawn(measured.bars, {0: 1 / 3, 1: 1}, "Accuracy")
    assert (figure.names, figure.values) == (("0", "1"), (0.3333, 1.0))


def test_a_score_is_one_number_of_a_board():
    (figure,) = drawn(measured.score, np.float32(0.98762), "Accuracy on test digits")
    assert (figure.title, figure.value, figure.lower_is_better) == ("Accuracy on test digits", 0.9876, False)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: measured.confusion(np.zeros(3), np.zeros(4)),
        lambda: measured.confusion(["x"], [1]),
        lambda: measured.confusion(np.array([11]), np.array([1])),
        lambda: measured.images(np.zeros((1, 5))),
        lambda: measured.images(np.full((1, 4), np.nan)),
        lambda: measured.images(np.zeros((1, 99, 99))),
        lambda: measured.images(np.zeros((2, 4)), np.zeros((2, 9))),
        lambda: measured.images(None),
        lambda: measured.curves({}),
        lambda: measured.curves({"a": "text"}),
        lambda: measured.bars({"a": math.inf}),
        lambda: measured.bars("text"),
        lambda: measured.score(math.nan, "Accuracy"),
        lambda: measured.score(None, "Accuracy"),
    ],
)
def test_what_cannot_be_drawn_leaves_no_figure_and_fails_nothing(draw):
    assert drawn(draw) == []


def test_a_record_has_room_for_so_much_and_no_more():
    figures = drawn(measured.images, np.random.default_rng(0).random((8, 64, 64))) * 3
    small = drawn(measured.bars, {"a": 1})
    kept = bounded([*figures, *small])
    assert kept == (figures[0], small[0])
    assert len(msgspec.json.encode(kept)) <= MOST_BYTES


def test_a_loop_fills_no_memory():
    def many():
        for number in range(100):
            measured.bars({"a": number})

    assert len(drawn(many)) == 12


def test_a_record_holds_the_figures_of_its_checks_and_decides_the_same(hand_in):
    record = hand_in(GOOD)
    assert {figure.check: figure.title for figure in record.figures} == {
        "test_double": "Doubled values",
        "test_double_large": "The secret figure",
    }
    assert record.percent == 100
    # an answer that cannot be drawn still gets its own verdict
    broken = hand_in(GOOD.replace("2 * x\n\n\ndef", '"no array"\n\n\ndef'))
    assert "test_double" not in {figure.check for figure in broken.figures}
    assert check_of(broken, "test_double").message


def test_public_checks_draw_no_hidden_figure(hand_in):
    assert [figure.title for figure in hand_in(GOOD, public=True).figures] == ["Doubled values"]
