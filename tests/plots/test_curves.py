"""Curves, gaps, histograms and regions show the numbers that they are given."""

from __future__ import annotations

import math

import numpy as np
import pytest

from labkit import plots

PNG = b"\x89PNG\r\n\x1a\n"
HISTORY = {"loss": [1.0, 0.5], "val_loss": [1.2, 0.6], "accuracy": [0.7, 0.8], "val_accuracy": [0.6, 0.75]}
LONG = {"loss": [0.5, 0.3, 0.28, 0.27, 0.26, 0.25], "accuracy": [0.85, 0.9, 0.91, 0.92, 0.92, 0.93]}


def words(axis) -> list[str]:
    """Every text in a frame."""
    return [text.get_text() for text in axis.texts]


def names(figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


# --- training ------------------------------------------------------------------------------------------------


def test_training_curves_stand_beside_what_guessing_gives():
    loss, accuracy = plots.training_curves(HISTORY, num_classes=10, majority=0.1135).axes
    assert [list(line.get_ydata()) for line in loss.lines] == [
        HISTORY["loss"],
        HISTORY["val_loss"],
        [math.log(10)] * 2,
    ]
    assert list(accuracy.lines[-1].get_ydata()) == [0.1135] * 2
    assert words(loss) == ["no idea: ln 10 = 2.303"]
    assert loss.get_ylim()[1] > math.log(10)
    assert (loss.get_xlabel(), loss.get_ylabel()) == ("epoch", "cross-entropy (nats)")
    assert accuracy.get_ylim() == (0, 1) and accuracy.get_ylabel() == "accuracy"
    assert [text.get_text() for text in accuracy.get_legend().get_texts()] == [
        "training, at the end 0.800",
        "validation, at the end 0.750",
    ]


def test_training_curves_count_epochs_from_one_and_differ_without_colour():
    training, validation = plots.training_curves(HISTORY).axes[0].lines[:2]
    assert list(training.get_xdata()) == [1, 2]
    assert training.get_linestyle() != validation.get_linestyle()
    assert training.get_marker() != validation.get_marker()


def test_training_curves_without_validation():
    loss, accuracy = plots.training_curves({"loss": [1.0], "accuracy": [0.5]}).axes
    assert len(loss.lines) == 2 and len(accuracy.lines) == 1


def test_training_curves_begin_with_the_fresh_network_where_it_was_measured():
    loss, accuracy = plots.training_curves(HISTORY, fresh={"loss": 2.3, "accuracy": 0.1}).axes
    training, validation = loss.lines[:2]
    assert list(training.get_xdata()) == [1, 2] and list(validation.get_xdata()) == [0, 1, 2]
    assert list(accuracy.lines[1].get_ydata()) == [0.1, 0.6, 0.75]
    only = plots.training_curves({"loss": [1.0], "accuracy": [0.5]}, fresh={"loss": 2.3, "accuracy": 0.1})
    assert list(only.axes[0].lines[0].get_ydata()) == [2.3, 1.0]


def test_what_happens_in_the_later_epochs_is_enlarged_where_the_frame_is_empty():
    for axis, key in zip(plots.training_curves(LONG).axes, ("loss", "accuracy"), strict=True):
        (inset,) = axis.child_axes
        assert list(inset.lines[0].get_ydata()) == LONG[key][1:]


@pytest.mark.parametrize(
    "values", [[0.5, 0.4, 0.3], [2.0, 1.5, 1.0, 0.8, 0.6, 0.5], [0.5, math.nan, 0.3, 0.2, 0.1]]
)
def test_nothing_is_enlarged_on_top_of_a_curve_or_for_a_few_epochs(values):
    assert not plots.training_curves({"loss": values, "accuracy": values}).axes[0].child_axes


# --- curves --------------------------------------------------------------------------------------------------


def test_curves_name_curves_and_levels_and_survive_nan():
    values = {"healthy": [2.0, 1.0], "burst": [2.0, math.nan], "huge": [2.0, math.inf]}
    figure = plots.curves(values, levels={"chance": 2.3026, "out of sight": 9.0}, limits=(0, 5))
    axis = figure.axes[0]
    assert names(figure) == list(values)
    assert words(axis) == ["chance"] and axis.get_ylim() == (0, 5)
    assert figure._repr_png_().startswith(PNG)


def test_many_curves_can_be_told_apart_in_grey():
    lines = plots.curves({str(number): [1.0, 2.0] for number in range(7)}).axes[0].lines
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 7


def test_curves_stand_at_the_places_that_are_given_and_mark_them():
    axis = plots.curves({"PCA": {2: 0.056, 8: 0.04, 32: 0.0168}}, logarithmic="xy").axes[0]
    np.testing.assert_allclose(axis.lines[0].get_xydata(), [[2, 0.056], [8, 0.04], [32, 0.0168]])
    assert list(axis.get_xticks()) == [2, 8, 32] and (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    axis.figure.canvas.draw()
    assert [label.get_text() for label in axis.get_xticklabels()] == ["2", "8", "32"]


def test_the_gap_is_drawn_for_each_run_with_its_best_epoch():
    histories = {
        "plain": {"loss": [1.0, 0.5, 0.1], "val_loss": [1.1, 0.7, 0.9]},
        "dropout": {"loss": [1.2, 0.8], "val_loss": [1.0, 0.6]},
    }
    first, second = plots.generalisation_gap(histories).axes
    np.testing.assert_allclose(first.lines[1].get_ydata(), [1.1, 0.7, 0.9])
    assert first.get_title() == "plain: lowest 0.700 at epoch 2"
    assert second.get_title() == "dropout: lowest 0.600 at epoch 2"
    assert first.get_ylim() == second.get_ylim()


def test_a_histogram_is_in_per_cent_of_all_values_also_of_those_outside():
    axis = plots.histogram({"code": np.array([0.5, 0.5, 1.5, 9.0])}, edges=np.array([0.0, 1.0, 2.0])).axes[0]
    np.testing.assert_allclose(axis.patches[0].get_data().values, [50, 25])


@pytest.mark.parametrize("panels", [1, 2])
def test_decision_regions_keep_the_grid_upright(panels):
    scores = np.linspace(0, 1, 20).reshape(5, 4)  # rises upwards
    points, labels = np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([0, 1])
    figure = plots.decision_regions(points, labels, dict.fromkeys("ab"[:panels], scores), (0, 1, 0, 2))
    image = figure.axes[0].images[0]
    assert image.origin == "lower" and image.get_extent() == [0, 1, 0, 2]
    np.testing.assert_allclose(image.get_array(), scores)
    assert sum(bool(axis.images) for axis in figure.axes) == panels
