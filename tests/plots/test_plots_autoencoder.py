"""Figures of codes and reconstructions say what they should, in words and numbers that can be read off."""

from __future__ import annotations

import numpy as np
import pytest

from labkit import plots

RNG = np.random.default_rng(0)
IMAGES = RNG.random((4, 784))


def words(figure) -> str:
    """Everything that is written in a figure, after it was drawn."""
    figure.canvas.draw()
    return "\n".join(text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text")))


def test_reconstructions_print_the_error_of_each_row_against_the_target():
    figure = plots.reconstructions({"input": IMAGES, "mean": np.full((4, 784), 0.5), "same": IMAGES})
    error = np.mean((IMAGES - 0.5) ** 2)
    assert f"mean\nMSE {error:.4f}" in words(figure)
    assert "same\nMSE 0.0000" in words(figure)
    assert len(figure.axes) == 12


def test_reconstructions_compare_with_the_row_that_is_named():
    text = words(plots.reconstructions({"noisy": IMAGES + 0.1, "clean": IMAGES}, target="clean"))
    assert "noisy\nMSE 0.0100" in text
    assert "clean\nMSE" not in text


def test_atoms_draw_zero_as_mid_grey():
    figure = plots.atoms(np.array([np.linspace(-1, 3, 784)]))
    picture = figure.axes[0].images[0]
    assert picture.norm(0.0) == pytest.approx(0.5)


def test_activation_histogram_states_the_share_of_silent_values():
    codes = np.zeros((10, 4))
    codes[:, 0] = 1
    assert "sparse: 75% silent" in words(plots.activation_histogram({"sparse": codes}))


def test_frontier_orders_its_points_by_penalty_and_shows_the_baseline():
    figure = plots.frontier(
        {"relu": [(1e-3, 0.1, 0.02), (1e-4, 0.5, 0.004)]}, baseline=0.0168, goal=(0.3, 0.012)
    )
    line = figure.axes[0].lines[0]
    np.testing.assert_allclose(line.get_xdata(), [50, 10])
    assert "PCA, 32 components: 0.0168" in words(figure)
    assert "λ = 1.0e-03" in words(figure)


def test_error_by_code_size_has_an_axis_in_code_sizes_and_the_mean_image():
    text = words(plots.error_by_code_size({"PCA": {2: 0.056, 32: 0.0168}}, mean_image=0.0675))
    assert "mean image: 0.0675" in text
    assert "32" in text.split("\n")


def test_code_scatter_keeps_an_outlier_from_squeezing_the_rest():
    codes = RNG.normal(size=(1000, 2))
    codes[0] = 1000
    figure = plots.code_scatter({"PCA": codes, "autoencoder": codes}, RNG.integers(0, 10, 1000))
    assert len(figure.axes) == 2
    assert figure.axes[0].get_xlim()[1] < 10


def test_walk_marks_how_far_each_image_is_along():
    text = words(plots.walk({"code": IMAGES, "pixels": IMAGES}))
    assert {"0", "0.33", "0.67", "1"} <= set(text.split("\n"))


def test_rows_that_are_no_images_are_refused():
    with pytest.raises(ValueError, match="no square images"):
        plots.atoms(np.zeros((3, 50)))
