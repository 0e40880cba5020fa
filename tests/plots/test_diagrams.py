"""Diagrams say what they show, in the picture and in words."""

from __future__ import annotations

import numpy as np
import pytest

from labkit import plots

STAGES = [("image", (28, 28)), ("Flatten", (784,)), ("6 maps\nof 5×5", (24, 24, 6))]


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_network_names_every_shape_and_operation():
    figure = plots.network(STAGES, "A network")
    assert {"image", "28 × 28", "Flatten", "784", "6 maps\nof 5×5", "24 × 24 × 6"} <= set(texts(figure))
    assert figure.alt == "A network: image: 28 × 28, then Flatten: 784, then 6 maps of 5×5: 24 × 24 × 6"


def test_stages_of_a_network_do_not_overlap():
    boxes = [patch.get_window_extent() for patch in plots.network(STAGES).axes[0].patches]
    lefts = sorted(box.x0 for box in boxes)
    assert lefts[0] < lefts[1] and boxes[0].x1 < boxes[1].x0 < boxes[2].x0


def test_arrays_show_their_numbers_and_leave_nan_empty():
    figure = plots.arrays({"x": [[1, -2.5]], "y": [np.nan, 3]}, signs=["→"])
    assert {"x", "y", "1", "\N{MINUS SIGN}2.5", "3", "→"} <= set(texts(figure)) and "nan" not in texts(figure)
    assert figure.alt.startswith("x: [[1.0, -2.5]]; y:")


def test_what_is_boxed_is_shaded_and_outlined():
    plain = plots.arrays({"x": np.ones((3, 3))})
    boxed = plots.arrays({"x": np.ones((3, 3))}, boxes={"x": [(0, 1, 2, 2)]})
    added = boxed.axes[0].patches[0], boxed.axes[0].patches[-1]
    assert len(boxed.axes[0].patches) == len(plain.axes[0].patches) + 2
    assert all((patch.get_x(), patch.get_width(), patch.get_height()) == (1, 2, 2) for patch in added)


@pytest.mark.parametrize(
    ("figure", "alt"),
    [
        (plots.network(STAGES, alt='a "network"'), "a &quot;network&quot;"),
        (plots.digits(np.zeros((2, 28, 28)), title="Two\ndigits"), "Two digits"),
        (plots.digits(np.zeros((2, 28, 28))), "a figure"),
    ],
)
def test_a_notebook_gets_a_picture_with_its_words(figure, alt):
    html = figure._repr_html_()
    assert html.startswith('<img src="data:image/png;base64,') and html.endswith(f'alt="{alt}">')
