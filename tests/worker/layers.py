"""A layer of every kind that the grader rebuilds, for the tests that hold for all of them."""

from __future__ import annotations

import keras
from keras import layers

PLANE = (8, 8, 6)
LINE = (9, 6)
#: The kinds that cannot do without arguments, or take no plane: the shape of an input, and the layer.
EXAMPLES = {
    "Dense": ((6,), lambda: layers.Dense(50)),
    "Activation": (PLANE, lambda: layers.Activation("relu")),
    "Reshape": (PLANE, lambda: layers.Reshape((-1,))),
    "Permute": (PLANE, lambda: layers.Permute((2, 1, 3))),
    "Rescaling": (PLANE, lambda: layers.Rescaling(0.1)),
    "Dropout": (PLANE, lambda: layers.Dropout(0.5)),
    "SpatialDropout2D": (PLANE, lambda: layers.SpatialDropout2D(0.5)),
    "AlphaDropout": (PLANE, lambda: layers.AlphaDropout(0.5)),
    "GaussianDropout": (PLANE, lambda: layers.GaussianDropout(0.5)),
    "GaussianNoise": (PLANE, lambda: layers.GaussianNoise(0.1)),
    "RandomTranslation": (PLANE, lambda: layers.RandomTranslation(0.1, 0.1)),
    "RandomRotation": (PLANE, lambda: layers.RandomRotation(0.1)),
    "RandomZoom": (PLANE, lambda: layers.RandomZoom(0.1)),
    "Conv1D": (LINE, lambda: layers.Conv1D(4, 3, groups=2)),
    "Conv2D": (PLANE, lambda: layers.Conv2D(4, (3, 5))),
    "Conv2DTranspose": (PLANE, lambda: layers.Conv2DTranspose(4, 3, strides=2)),
    "DepthwiseConv2D": (PLANE, lambda: layers.DepthwiseConv2D(3, depth_multiplier=2)),
    "SeparableConv2D": (PLANE, lambda: layers.SeparableConv2D(4, 3, depth_multiplier=2)),
    "AveragePooling2D": (PLANE, lambda: layers.AveragePooling2D(2)),
}


def model_of(kind: str) -> keras.Sequential:
    """A model of one layer of this kind."""
    shape, made = EXAMPLES.get(kind, (PLANE, lambda: getattr(layers, kind)()))
    return keras.Sequential([keras.Input(shape), made()])
