"""Augmentation layers: new training images that still show the same digit.

Each layer maps a batch of images, `(n, height, width)` or `(n, height, width, channels)`, integers or
floats, to a batch of the same shape, dtype and range. Every image gets draws of its own. The layers work
inside a model, in `tf.data.Dataset.map` on batches, and as `labkit.fit(augment=...)`; outside training they
change nothing. With a `seed`, the same sequence of batches gives the same images (in `Dataset.map` this
needs the default, sequential, `num_parallel_calls`).

An amount is a number `a`, for draws from -a to a, or a pair `(low, high)`; equal ends give an exact
transform. Coordinates are pixels, x to the right, y down; images turn and grow about their centre.

>>> import numpy as np
>>> layer = RandomAffine(rotation=(90, 90))
>>> layer(np.array([[[1.0, 2.0], [3.0, 4.0]]], "float32"), training=True).numpy().round(3)
array([[[2., 4.],
        [1., 3.]]], dtype=float32)
"""

from labkit.augment.affine import RandomAffine
from labkit.augment.chain import Chain
from labkit.augment.elastic import ElasticDeformation
from labkit.augment.noise import GaussianNoise

__all__ = ["Chain", "ElasticDeformation", "GaussianNoise", "RandomAffine", "mnist_augmentation"]


def mnist_augmentation(seed=None):
    """Changes that handwriting goes through: a little turned, moved, scaled, slanted and wobbled.

    Parameters
    ----------
    seed : int, optional
        Makes the sequence of augmented batches repeatable.

    Returns
    -------
    Chain
        For MNIST-shaped images, `(n, 28, 28)` or `(n, 28, 28, 1)`, in 0..1 or 0..255.
    """
    seeds = (None, None) if seed is None else (seed, seed + 1)
    return Chain(
        [
            RandomAffine(rotation=10, translation=2, zoom=0.1, shear=10, seed=seeds[0]),
            ElasticDeformation(alpha=20, sigma=4, seed=seeds[1]),
        ]
    )
