"""Figures of filters, feature maps and receptive fields show what they were given, readable in grey."""

from __future__ import annotations

import numpy as np
import pytest

from labkit import plots

RNG = np.random.default_rng(0)


def words(figure) -> str:
    """Everything that is written in a figure, after it was drawn."""
    figure.canvas.draw()
    return "\n".join(text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text")))


def test_filter_rows_draw_each_filter_with_zero_as_mid_grey():
    figure = plots.filter_rows({"learned": RNG.normal(size=(3, 5, 5)), "Gabor": RNG.normal(size=(2, 5, 5))})
    pictures = [picture for axis in figure.axes for picture in axis.images]
    assert len(pictures) == 5
    assert all(picture.norm(0.0) == pytest.approx(0.5) for picture in pictures)
    assert {"learned", "Gabor"} <= set(words(figure).split("\n"))


@pytest.mark.parametrize(("low", "zero"), [(-1.0, 0.5), (0.0, 0.0)])
def test_feature_maps_share_one_scale_that_depends_on_their_sign(low, zero):
    maps = RNG.uniform(low, 2.0, size=(6, 6, 10))
    figure = plots.feature_maps(RNG.random((8, 8)), maps)
    drawn = [
        axis.images[0] for axis in figure.axes if axis.images and axis.images[0].get_array().shape == (6, 6)
    ]
    assert len(drawn) == 10
    assert {picture.get_clim() for picture in drawn} == {(-maps.max() if low < 0 else 0, maps.max())}
    assert drawn[0].norm(0.0) == pytest.approx(zero)
    assert "map 9" in words(figure)


def test_feature_maps_carry_the_titles_that_are_given():
    text = words(plots.feature_maps(np.zeros((4, 4)), np.ones((4, 4, 2)), ["begin", "end"], title="Edges"))
    assert {"begin", "end", "Edges", "image"} <= set(text.split("\n"))


def test_receptive_fields_print_the_size_of_what_matters():
    field = np.zeros((9, 9))
    field[2:5, 3:8] = 1
    field[0, 0] = 1e-6  # far below what counts
    figure = plots.receptive_fields([field, np.ones((9, 9))], ["first", "second"])
    assert "first\n3 × 5 pixels" in words(figure)
    assert "second\n9 × 9 pixels" in words(figure)
    frame = figure.axes[0].patches[0]
    assert (frame.get_x(), frame.get_y(), frame.get_width(), frame.get_height()) == (2.5, 1.5, 5, 3)


def test_shift_strip_marks_the_centre_of_gravity():
    images = np.zeros((2, 7, 7))
    images[0, 3, 1], images[1, 3, 5] = 1, 1
    figure = plots.shift_strip(images, images[:, 1:-1, 1:-1], ["left", "right"])
    places = [line.get_xydata()[0].tolist() for axis in figure.axes for line in axis.lines[-1:]]
    assert places == [[1, 3], [5, 3], [0, 2], [4, 2]]


def test_matrix_draws_zero_white_and_counts_whole_rows():
    figure = plots.matrix(np.eye(4), title="T", xlabel="pixel", ylabel="window")
    picture = figure.axes[0].images[0]
    assert picture.cmap(picture.norm(0.0))[:3] == (1, 1, 1)
    text = words(figure)
    assert (
        "pixel" in text and "window" in text and "0.5" not in figure.axes[0].get_xticklabels()[0].get_text()
    )


def test_accuracy_curves_name_the_end_of_each_curve_and_each_level():
    text = words(plots.accuracy_curves({"plain": [0.9, 0.95], "moved": [0.9, 0.97]}, {"neighbours": 0.968}))
    assert "plain: 95.0% at the end" in text
    assert "moved: 97.0% at the end" in text
    assert "neighbours: 96.8%" in text


def test_permutation_effect_prints_all_accuracies():
    accuracies = {("CNN", "digits"): 0.98, ("CNN", "permuted"): 0.93, ("dense", "digits"): 0.95}
    accuracies["dense", "permuted"] = 0.949
    figure = plots.permutation_effect(RNG.random((3, 28, 28)), RNG.random((3, 28, 28)), accuracies)
    assert {"98.0%", "93.0%", "95.0%", "94.9%", "CNN", "dense", "permuted"} <= set(words(figure).split("\n"))


@pytest.mark.parametrize("count", [1, 3, 16])
def test_any_number_of_maps_can_be_drawn(count):
    words(plots.feature_maps(np.zeros((28, 28)), np.zeros((5, 5, count))))
    words(plots.filter_rows({"one bank": np.zeros((count, 5, 5))}))
