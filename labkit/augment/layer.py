"""What all augmentation layers have in common."""

import keras
import numpy as np
import tensorflow as tf

INTERPOLATIONS = ("bilinear", "nearest")
FILL_MODES = ("constant", "nearest", "reflect", "wrap")


class Augmentation(keras.layers.Layer):
    """What the layers share: active in training only, any image dtype, draws from one seed generator."""

    def __init__(self, seed=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)
        self.supports_jit = False  # TensorFlow has no compiled version of the transforms

    def call(self, images, training=False):
        images = tf.convert_to_tensor(images)
        if images.shape.rank not in (3, 4):
            raise ValueError(
                f"{type(self).__name__} takes a batch of images, (n, height, width) or (n, height, width, "
                f"channels), but got shape {tuple(images.shape)}. For one image, add a first axis."
            )
        if not training or self.is_identity():
            return images
        changed = images if images.shape.rank == 4 else images[..., None]
        changed = self.transform(_as_float(changed), integer=images.dtype.is_integer)
        if images.dtype.is_integer:
            changed = tf.round(changed)
        changed = tf.cast(changed, images.dtype)
        changed.set_shape(images.shape if images.shape.rank == 4 else (*images.shape, 1))
        return changed if images.shape.rank == 4 else changed[..., 0]

    def is_identity(self):
        """Whether no draw can change an image."""
        raise NotImplementedError

    def transform(self, images, integer):
        """Change float images `(n, height, width, channels)`; `integer` tells what they were."""
        raise NotImplementedError

    def compute_output_spec(self, images, training=False):
        return keras.KerasTensor(images.shape, images.dtype)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


class Warp(Augmentation):
    """What layers share that move pixels: how to read between pixels and beyond the border."""

    def __init__(self, interpolation="bilinear", fill_mode="constant", fill_value=0.0, seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        self.interpolation = _one_of("interpolation", interpolation, INTERPOLATIONS)
        self.fill_mode = _one_of("fill_mode", fill_mode, FILL_MODES)
        self.fill_value = float(fill_value)

    def get_config(self):
        own = {
            "interpolation": self.interpolation,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
        }
        return {**super().get_config(), **own}


def range_of(name, amount, above=-np.inf, below=np.inf):
    """Lowest and highest draw: `amount` as a pair, or plus and minus `amount`."""
    low, high = amount if isinstance(amount, (tuple, list)) else (-amount, amount)
    if not above < low <= high < below:
        limits = "" if above == -np.inf else f" between {above} and {below}"
        raise ValueError(f"{name} must be a number or a pair (low, high){limits}, but is {amount!r}.")
    return float(low), float(high)


def _one_of(name, value, choices):
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, but is {value!r}.")
    return value


def _as_float(images):
    return images if images.dtype == tf.float64 else tf.cast(images, tf.float32)
