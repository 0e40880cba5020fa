"""`plots.augmentation_grid` shows originals and what became of them."""

import numpy as np
import pytest

from labkit import plots


def test_each_row_is_an_original_and_its_versions():
    images = np.random.default_rng(0).random((3, 28, 28))
    versions = np.stack([images * factor for factor in (0.5, 0.25)])
    figure = plots.augmentation_grid(images, versions, captions=["half", "quarter"])
    assert [axis.get_title() for axis in figure.axes[:3]] == ["original", "half", "quarter"]
    drawn = np.stack([axis.images[0].get_array() for axis in figure.axes]).reshape(3, 3, 28, 28)
    np.testing.assert_allclose(drawn, np.stack([images, *versions], axis=1))


@pytest.mark.parametrize("shape", [(4, 28, 28), (4, 28, 28, 1), (4, 784)])
def test_images_of_every_shape_and_range_share_one_scale(shape):
    images = np.random.default_rng(0).integers(0, 200, shape, dtype="uint8")
    figure = plots.augmentation_grid(images, [images, images + 50])
    scales = {axis.images[0].get_clim() for axis in figure.axes}
    assert scales == {(0.0, float(images.max() + 50))}


def test_too_few_versions_are_named():
    with pytest.raises(ValueError, match="version 2 has 1 images, but there are 3"):
        plots.augmentation_grid(np.zeros((3, 28, 28)), [np.zeros((3, 28, 28)), np.zeros((1, 28, 28))])
