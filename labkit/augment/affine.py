"""Rotation, translation, zoom and shear in one interpolation."""

import keras
import numpy as np
import tensorflow as tf

from labkit.augment.layer import Warp, range_of
from labkit.augment.reading import read_at


@keras.saving.register_keras_serializable("labkit")
class RandomAffine(Warp):
    """Turn, move, zoom and slant each image, in one interpolation.

    A point p goes to `c + t + z R S (p - c)`: c the centre, S the shear, R the rotation, z the zoom, t the
    translation. Doing them one by one would blur the image each time.

    Parameters
    ----------
    rotation : number or pair
        Degrees, counter-clockwise.
    translation : number or pair
        Pixels, drawn separately for x (to the right) and y (down).
    zoom : number or pair
        Change of size as a fraction: 0.1 draws sizes from 0.9 to 1.1 of the original.
    shear : number or pair
        Degrees by which upright strokes lean to the left, rows keeping their place and length.
    interpolation : "bilinear" or "nearest"
    fill_mode : "constant", "nearest", "reflect" or "wrap"
        What lies beyond the border: `fill_value`, the last pixel, the image mirrored (`c b a | a b c`), or
        the image repeated.
    seed : int, optional
    """

    def __init__(
        self,
        rotation=0.0,
        translation=0.0,
        zoom=0.0,
        shear=0.0,
        interpolation="bilinear",
        fill_mode="constant",
        fill_value=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed, **kwargs)
        self.rotation = range_of("rotation", rotation)
        self.translation = range_of("translation", translation)
        self.zoom = range_of("zoom", zoom, above=-1)
        self.shear = range_of("shear", shear, above=-90, below=90)

    def is_identity(self):
        return not any((*self.rotation, *self.translation, *self.zoom, *self.shear))

    def transform(self, images, integer):
        if self.fill_mode == "wrap":
            # TensorFlow's kernel does not blend the last column with the first.
            down, right = self._displacements(images)
            return read_at(images, down, right, self.interpolation, self.fill_mode, self.fill_value)
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=self._inverses(tf.shape(images)),
            output_shape=tf.shape(images)[1:3],
            interpolation=self.interpolation.upper(),
            fill_mode=self.fill_mode.upper(),
            fill_value=self.fill_value,
        )

    def _displacements(self, images):
        """How far from itself each output pixel reads: down and right, each `(n, height, width)`."""
        xx, xy, x0, yx, yy, y0, _, _ = tf.unstack(self._inverses(tf.shape(images))[:, :, None, None], axis=1)
        y, x = (tf.cast(axis, tf.float32) for axis in np.mgrid[: images.shape[1], : images.shape[2]])
        return yx * x + yy * y + y0 - y, xx * x + xy * y + x0 - x

    def _inverses(self, shape):
        """Where each output pixel comes from: `(n, 8)` rows of a projective matrix without its last 1."""
        ranges = (self.rotation, self.translation, self.translation, self.zoom, self.shear)
        low, high = np.array(ranges, "float32").T
        draws = tf.random.stateless_uniform([shape[0], len(ranges)], self.random.next()) * (high - low) + low
        degrees, right, down, zoom, slant = tf.unstack(draws, axis=1)
        turn, slope = degrees * (np.pi / 180), tf.tan(slant * (np.pi / 180))
        cos, sin = tf.cos(turn) / (1 + zoom), tf.sin(turn) / (1 + zoom)
        # (z R S)^-1 = S^-1 R^-1 / z, with y pointing down.
        xx, xy, yx, yy = cos - slope * sin, -sin - slope * cos, sin, cos
        centre_y, centre_x = (tf.cast(shape[1], tf.float32) - 1) / 2, (tf.cast(shape[2], tf.float32) - 1) / 2
        from_x, from_y = centre_x + right, centre_y + down
        zero = tf.zeros_like(xx)
        rows = [
            *(xx, xy, centre_x - xx * from_x - xy * from_y),
            *(yx, yy, centre_y - yx * from_x - yy * from_y),
            *(zero, zero),
        ]
        return tf.stack(rows, axis=1)

    def get_config(self):
        own = {
            "rotation": self.rotation,
            "translation": self.translation,
            "zoom": self.zoom,
            "shear": self.shear,
        }
        return {**super().get_config(), **own}
