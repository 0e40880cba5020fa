"""Training that the trusted process does itself, from the description of a model."""

from __future__ import annotations

import hashlib

import numpy as np

from labkit.worker import ModelSpec, models, wire

_trained: dict[str, ModelSpec] = {}


def trained(
    model: ModelSpec, x: np.ndarray, y: np.ndarray, epochs: int, batch_size: int = 128, seed: int = 0
) -> ModelSpec:
    """The model after training with its own compile settings, from its own weights.

    Equal descriptions, data and settings are trained once in a process. Raises ValueError, with a sentence
    for the student, where the model cannot be rebuilt or does not take the data.
    """
    key = _content(model, x, y, epochs, batch_size, seed)
    if key not in _trained:
        _trained[key] = _train(model, x, y, epochs, batch_size, seed)
    return _trained[key]


def _content(model: ModelSpec, x: np.ndarray, y: np.ndarray, *settings: int) -> str:
    digest = hashlib.sha256(wire.encode(models.to_wire(models.replace(model, handle=None))))
    for array in (x, y):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    digest.update(repr(settings).encode())
    return digest.hexdigest()


def _train(
    model: ModelSpec, x: np.ndarray, y: np.ndarray, epochs: int, batch_size: int, seed: int
) -> ModelSpec:
    import keras

    import labkit

    keras.utils.set_random_seed(seed % 2**31)
    live = model.rebuild()
    try:
        labkit.fit(live, x, y, epochs=epochs, batch_size=batch_size, verbose=0)
    except Exception as error:  # Keras refuses data and settings in many ways
        raise ValueError(f"the model cannot be trained: {str(error).strip()[:300]}") from None
    return models.describe(live)
