"""What crosses the border besides plain data and arrays; a model is a `models.ModelSpec`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Handle:
    """Something that stays with the code under test: an array or a model that was put there."""

    id: int


@dataclass(frozen=True)
class Opaque:
    """An answer that is no data; only its type's name crosses the border."""

    type_name: str
    reason: str = ""


@dataclass(frozen=True)
class TrainingHistory:
    """What keras.callbacks.History recorded: the epochs and a list of values for each name."""

    epoch: list[int]
    history: dict[str, list[float]]
