"""A Keras model as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

MAX_LAYERS = 200
ROWS = 256  # inputs at a time: half a gigabyte for the largest layers that are allowed
MAX_PARAMETERS = 20_000_000


class Undescribable(Exception):
    """What stands in the way, as a sentence for the student."""


@dataclass(frozen=True)
class Layer:
    """One layer: its Keras class name, its plain arguments, its weights in Keras' order."""

    kind: str
    arguments: dict[str, Any]
    weights: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class ModelSpec:
    """A chain of layers with compile settings, as data. `problem` is set when it could not be described."""

    kind: str = "Sequential"
    input_shape: tuple[int | None, ...] | None = None
    layers: tuple[Layer, ...] = ()
    compile: dict[str, Any] | None = None
    problem: str | None = None
    handle: int | None = field(default=None, compare=False)

    @property
    def weights(self) -> list[np.ndarray]:
        """All weights, layer by layer."""
        return [array for layer in self.layers for array in layer.weights]

    @property
    def parameters(self) -> int:
        """The number of weights, trainable or not."""
        return sum(array.size for array in self.weights)

    def with_weights(self, weights: list[np.ndarray]) -> ModelSpec:
        """The same model with other weights, taken in order; shapes must agree."""
        mine = self.weights
        if [w.shape for w in weights] != [w.shape for w in mine]:
            raise ValueError(f"weights of shapes {[w.shape for w in weights]} for {[w.shape for w in mine]}")
        rest = iter(weights)
        layers = tuple(
            replace(layer, weights=tuple(next(rest) for _ in layer.weights)) for layer in self.layers
        )
        return replace(self, layers=layers)

    def rebuild(self):
        """A compiled keras.Sequential made with ordinary constructors, holding these weights.

        Raises ValueError, with a sentence for the student, where the layers do not fit together.
        """
        from labkit.worker.models.rebuild import rebuild

        return rebuild(self)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """What this model, rebuilt here, makes of inputs `(n, ...)` in inference mode, however many there are.

        In pieces: what the layers of a small model make of all test digits may be gigabytes. Raises what `rebuild`
        and Keras raise.
        """
        model = self.rebuild()
        pieces = (x[start : start + ROWS] for start in range(0, max(len(x), 1), ROWS))
        return np.concatenate([np.asarray(model(piece, training=False)) for piece in pieces])
