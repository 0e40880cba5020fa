"""What the code under test answers with and is handed, in whichever process it runs.

Data goes as it is. Tensors and other array-likes go as arrays, Keras models as descriptions, and of everything
else only the name of its type. In the other direction handles become their objects again, and descriptions models.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labkit import lazy
from labkit.worker import models
from labkit.worker.tree import DTYPES, MAX_ITEMS, MAX_STRING, WireError, refuse
from labkit.worker.values import Handle, Opaque, TrainingHistory


def described(thing: Any, reason: str) -> Any:
    """In place of a live model that a check sends: its description. Raises WireError for anything else."""
    if _keras() and isinstance(thing, _keras().Model):
        return models.describe(thing)
    return refuse(thing, reason)


class Objects:
    """The objects behind handles."""

    def __init__(self) -> None:
        #: Types of answers that were read as arrays, for as long as one request is answered.
        self.converted: list[str] = []
        self._held: dict[int, Any] = {}
        self._missing: Exception | None = None

    def clear(self) -> None:
        """Forget all objects."""
        self._held.clear()

    def keep(self, thing: Any) -> Handle:
        """A handle for this object."""
        self._held[len(self._held) + 1] = thing
        return Handle(len(self._held))

    # --- arriving ------------------------------------------------------------------------------------------

    def revive(self, thing: Any) -> Any:
        """What a handle or a description stands for. Where it cannot be had, `begin` says so."""
        try:
            if isinstance(thing, Handle):
                return self._held[thing.id]
            if isinstance(thing, models.ModelSpec):
                return thing.rebuild()
            raise WireError(f"a {type(thing).__name__} cannot be an argument")
        except Exception as error:
            self._missing = error
            return None

    def begin(self) -> None:
        """Begin to answer the request that was read last. Raises what kept its arguments from being there."""
        self.converted, missing, self._missing = [], self._missing, None
        if missing is not None:
            raise missing

    # --- leaving -------------------------------------------------------------------------------------------

    def instead(self, thing: Any, reason: str) -> Any:
        """What is sent in place of an answer that is no data; never raises on account of what it is."""
        if isinstance(thing, str):
            return thing[:MAX_STRING]
        if isinstance(thing, np.ndarray):
            if reason:
                return _opaque(thing, reason)
            return self._array(thing, "" if type(thing) is np.ndarray else type(thing).__name__)
        if isinstance(thing, (list, tuple)) and len(thing) > MAX_ITEMS:
            return self._numbers(thing, reason)
        if keras := _keras():
            if isinstance(thing, keras.Model):
                return models.replace(models.describe(thing), handle=self.keep(thing).id)
            if isinstance(thing, keras.callbacks.History):
                return _history(thing)
        if hasattr(type(thing), "__array__") or hasattr(type(thing), "numpy"):
            return self._array_like(thing)
        return _opaque(thing, reason)

    def _array(self, array: np.ndarray, came_as: str) -> Any:
        if array.dtype.kind in "US" and array.size <= MAX_ITEMS:
            return array.astype(str).tolist()
        if array.dtype.name == "bfloat16":
            array, came_as = array.astype(np.float32), "bfloat16"
        if array.dtype.newbyteorder("=").str not in DTYPES:
            return _opaque(array, f"its dtype is {array.dtype}"[:200])
        if came_as:
            self.converted.append(came_as[:60])
        return np.asarray(array)

    def _array_like(self, thing: Any) -> Any:
        try:
            array = thing.numpy() if callable(getattr(thing, "numpy", None)) else np.asarray(thing)
            return self._array(np.asarray(array), type(thing).__name__)
        except Exception:
            return _opaque(thing, "it could not be turned into an array")

    def _numbers(self, thing: Any, reason: str) -> Any:
        """A long list of numbers as an array."""
        try:
            array = np.asarray(thing)
        except ValueError:
            array = np.empty(0, object)
        return (
            self._array(array, type(thing).__name__) if array.dtype.str in DTYPES else _opaque(thing, reason)
        )


def _keras() -> Any:
    """Keras, where it is loaded: what is none of its objects must not pay for its import."""
    if not lazy.is_loaded("keras"):
        return None
    import keras

    return keras


def _opaque(thing: Any, reason: str) -> Opaque:
    return Opaque(type(thing).__name__[:60], reason)


def _history(thing: Any) -> Opaque | TrainingHistory:
    try:
        history = {str(name): [_float(value) for value in values] for name, values in thing.history.items()}
        return TrainingHistory([int(epoch) for epoch in thing.epoch], history)
    except Exception:  # the code under test may have put anything there
        return _opaque(thing, "its values are not numbers")


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
