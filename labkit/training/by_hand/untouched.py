"""Whether parts of a model are as Keras made them: anybody may put a function of their own in place of a method."""

import keras
from keras.src.losses.losses import LossFunctionWrapper

_METHODS = ("__call__", "call", "compute_loss", "update_step", "update_state", "apply", "apply_gradients")
_CLASSES = (
    keras.Sequential,
    *(keras.layers.Flatten, keras.layers.Rescaling, keras.layers.Dense, keras.layers.Activation),
    *(keras.layers.Softmax, keras.layers.ReLU),
    *(keras.optimizers.SGD, keras.optimizers.RMSprop, keras.optimizers.Adam),
    *(keras.losses.CategoricalCrossentropy, keras.losses.SparseCategoricalCrossentropy),
    *(keras.losses.BinaryCrossentropy, LossFunctionWrapper),
    *(keras.metrics.CategoricalAccuracy, keras.metrics.SparseCategoricalAccuracy),
    keras.metrics.BinaryAccuracy,
)


# Keras wraps the first two, and keeps what a model is compiled with under the name of a method that it had.
_BY_KERAS = {"build", "quantize", "loss"}


def _methods(cls):
    return {name: getattr(cls, name) for name in _METHODS if hasattr(cls, name)}


_METHODS_OF = {cls: _methods(cls) for cls in _CLASSES}


def _is_method(cls, name):
    return callable(getattr(cls, name, None))


def untouched(*things):
    """Whether none of these has a method that Keras did not give it, by itself or by its class."""
    return all(
        _methods(type(thing)) == _METHODS_OF.get(type(thing))
        and {name for name, value in vars(thing).items() if callable(value) and _is_method(type(thing), name)}
        <= _BY_KERAS
        for thing in things
    )
