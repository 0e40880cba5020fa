"""Elastic deformation."""

import keras
import numpy as np
import tensorflow as tf

from labkit.augment.layer import Warp
from labkit.augment.reading import read_at


@keras.saving.register_keras_serializable("labkit")
class ElasticDeformation(Warp):
    """Let each image wobble as if drawn on rubber (Simard, Steinkraus and Platt 2003, section 2).

    Each pixel moves by a field of random displacements that is smoothed by a Gaussian and scaled. As in
    `alpha * scipy.ndimage.gaussian_filter(noise, sigma, mode="constant")`, noise has the variance of a
    uniform draw from -1 to 1; here it is normal, which after smoothing cannot be told apart.

    Parameters
    ----------
    alpha : number, at least 0
        Scale of the smoothed field, in pixels. A pixel moves by about `alpha / (6 sigma)` pixels in each
        direction (standard deviation), less near the border.
    sigma : number, above 0
        Standard deviation of the Gaussian, in pixels: small for crumpled, large for gently bent.
    interpolation, fill_mode, fill_value, seed
        As for `RandomAffine`.
    """

    def __init__(
        self,
        alpha=20.0,
        sigma=4.0,
        interpolation="bilinear",
        fill_mode="constant",
        fill_value=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed, **kwargs)
        if not alpha >= 0:
            raise ValueError(f"alpha must be at least 0 pixels, but is {alpha!r}.")
        if not sigma > 0:
            raise ValueError(f"sigma must be above 0 pixels, but is {sigma!r}.")
        self.alpha = float(alpha)
        self.sigma = float(sigma)

    def is_identity(self):
        return self.alpha == 0

    def transform(self, images, integer):
        _, height, width, _ = images.shape
        if height is None or width is None:
            raise ValueError("ElasticDeformation has to know height and width of the images beforehand.")
        down, right = tf.unstack(self._field(tf.shape(images)[0], height, width))
        return read_at(
            images,
            down,
            right,
            self.interpolation,
            self.fill_mode,
            self.fill_value,
        )

    def _field(self, n, height, width):
        """Displacements in pixels, `(2, n, height, width)`: down and right.

        Smoothing is `G_y noise G_x^T`, with `G = U s V^T`. Rotating normal noise by V leaves normal noise,
        so it is drawn directly in that basis, where only the few directions count that survive smoothing.
        """
        down, across = _smooth_directions(height, self.sigma), _smooth_directions(width, self.sigma)
        noise = tf.random.stateless_normal(
            [2 * n, down.shape[1], across.shape[1]], self.random.next(), stddev=self.alpha / np.sqrt(3)
        )
        # Two flat matrix products: batched ones of this size are many times slower.
        rows = tf.reshape(noise, [-1, across.shape[1]]) @ across.T
        rows = tf.reshape(rows, [2 * n, down.shape[1], width])
        columns = tf.reshape(tf.transpose(rows, [0, 2, 1]), [-1, down.shape[1]]) @ down.T
        return tf.transpose(tf.reshape(columns, [2, n, width, height]), [0, 1, 3, 2])

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha, "sigma": self.sigma}


def _smooth_directions(size, sigma):
    """`U s` of the smoothing matrix `G = U s V^T` of a line of `size` pixels, without what smoothing removes.

    Returns a float32 array `(size, kept)`. `G` convolves with a Gaussian of standard deviation `sigma`, cut
    off at 4 sigma and summing to 1 (as SciPy does), with nothing beyond the ends of the line.
    """
    offsets = np.arange(size)[:, None] - np.arange(size)
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-(np.arange(-reach, reach + 1.0) ** 2) / (2 * sigma**2))
    matrix = np.exp(-(offsets**2) / (2 * sigma**2)) * (abs(offsets) <= reach) / weights.sum()
    directions, strengths, _ = np.linalg.svd(matrix)
    kept = strengths > 1e-3 * strengths[0]
    return (directions[:, kept] * strengths[kept]).astype("float32")
