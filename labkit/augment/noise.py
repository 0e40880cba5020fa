"""Noise on each pixel."""

import keras
import tensorflow as tf

from labkit.augment.layer import Augmentation, range_of


@keras.saving.register_keras_serializable("labkit")
class GaussianNoise(Augmentation):
    """Add independent normal noise to each pixel, and stay within the range of the image.

    Unlike `keras.layers.GaussianNoise`, it keeps the range, and takes integers.

    Parameters
    ----------
    stddev : number, at least 0
        Standard deviation as a fraction of the range: 0.1 of 0..1, or 25.5 of 0..255.
    value_range : pair, optional
        Lowest and highest pixel; (0, 255) for integers and (0, 1) for floats unless given.
    seed : int, optional
    """

    def __init__(self, stddev=0.1, value_range=None, seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        if not stddev >= 0:
            raise ValueError(f"stddev must be at least 0, but is {stddev!r}.")
        self.stddev = float(stddev)
        self.value_range = None if value_range is None else range_of("value_range", value_range)

    def is_identity(self):
        return self.stddev == 0

    def transform(self, images, integer):
        low, high = self.value_range or ((0.0, 255.0) if integer else (0.0, 1.0))
        noise = tf.random.stateless_normal(
            tf.shape(images), self.random.next(), stddev=self.stddev * (high - low)
        )
        return tf.clip_by_value(images + tf.cast(noise, images.dtype), low, high)

    def get_config(self):
        return {**super().get_config(), "stddev": self.stddev, "value_range": self.value_range}
