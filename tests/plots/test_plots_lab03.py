"""The figures of the lab on multi-layer perceptrons show the numbers that they are given."""

import numpy as np
import pytest

from labkit import plots


def labels_of(axis) -> list[str]:
    return [text.get_text() for text in axis.texts]


def test_accuracies_are_drawn_by_width_with_the_baselines():
    figure = plots.accuracy_by_width({40: 0.96, 20: 0.94}, {"nearest neighbours": 0.968})
    axis = figure.axes[0]
    np.testing.assert_allclose(axis.lines[0].get_xydata(), [[20, 94], [40, 96]])
    assert "nearest neighbours: 96.8%" in labels_of(axis)
    assert axis.get_ylim()[0] < 94 and axis.get_ylim()[1] > 96.8


def test_a_sweep_without_baselines_is_drawn_too():
    assert plots.accuracy_by_width({5: 0.5}).axes[0].get_ylabel() == "accuracy on validation data (%)"


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


@pytest.mark.parametrize("panels", [1, 2])
def test_decision_regions_keep_the_grid_upright(panels):
    scores = np.linspace(0, 1, 20).reshape(5, 4)  # rises upwards
    points, labels = np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([0, 1])
    figure = plots.decision_regions(points, labels, dict.fromkeys("ab"[:panels], scores), (0, 1, 0, 2))
    image = figure.axes[0].images[0]
    assert image.origin == "lower" and image.get_extent() == [0, 1, 0, 2]
    np.testing.assert_allclose(image.get_array(), scores)
    assert sum(bool(axis.images) for axis in figure.axes) == panels
