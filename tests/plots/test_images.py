"""Figures of filters, feature maps and rows of images show what they were given, readable in grey."""

from __future__ import annotations

import numpy as np
import pytest

from labkit import plots

RNG = np.random.default_rng(0)


def words(figure) -> str:
    """Everything that is written in a figure, after it was drawn."""
    figure.canvas.draw()
    return "\n".join(text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text")))


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
    assert "9" in words(figure).split("\n")


def test_feature_maps_carry_the_titles_that_are_given():
    text = words(plots.feature_maps(np.zeros((4, 4)), np.ones((4, 4, 2)), ["begin", "end"], title="Edges"))
    assert {"begin", "end", "Edges", "image"} <= set(text.split("\n"))


@pytest.mark.parametrize("count", [1, 3, 16])
def test_any_number_of_maps_can_be_drawn(count):
    words(plots.feature_maps(np.zeros((28, 28)), np.zeros((5, 5, count))))
    words(plots.image_rows({"one bank": np.zeros((count, 5, 5))}, signed=True))


def test_rows_of_images_may_differ_in_length_and_size_and_carry_their_names():
    figure = plots.image_rows({"digits": np.ones((3, 784)), "maps": np.ones((2, 5, 5))}, captions=["a", "b"])
    drawn = [axis.images[0].get_array().shape for axis in figure.axes if axis.images]
    assert drawn == [(28, 28)] * 3 + [(5, 5)] * 2
    assert {"digits", "maps", "a", "b"} <= set(words(figure).split("\n"))
    assert {axis.images[0].get_clim() for axis in figure.axes if axis.images} == {(0, 1)}


def test_signed_rows_draw_each_image_up_to_its_own_size_with_zero_as_mid_grey():
    bank = RNG.normal(size=(3, 5, 5))
    pictures = [axis.images[0] for axis in plots.image_rows({"learned": bank}, signed=True).axes]
    assert all(picture.norm(0.0) == pytest.approx(0.5) for picture in pictures)
    assert [picture.get_clim()[1] for picture in pictures] == [np.abs(image).max() for image in bank]


def test_matrix_draws_zero_white_and_counts_whole_rows():
    figure = plots.matrix(np.eye(4), title="T", xlabel="pixel", ylabel="window")
    picture = figure.axes[0].images[0]
    assert picture.cmap(picture.norm(0.0))[:3] == (1, 1, 1)
    text = words(figure)
    assert (
        "pixel" in text and "window" in text and "0.5" not in figure.axes[0].get_xticklabels()[0].get_text()
    )


def test_weight_images_of_their_own_scale_are_numbered_and_have_zero_as_mid_grey():
    weights = RNG.normal(size=(784, 3)) * [1, 10, 0]
    figure = plots.weight_images(weights, columns=16, own_scale=True)
    pictures = [axis.images[0] for axis in figure.axes]
    assert [picture.get_clim()[1] for picture in pictures] == [*np.abs(weights).max(axis=0)[:2], 1e-12]
    assert {"0", "1", "2"} <= set(words(figure).split("\n"))


def test_rows_that_are_no_images_are_refused():
    with pytest.raises(ValueError, match="no square images"):
        plots.weight_images(np.zeros((50, 3)))
