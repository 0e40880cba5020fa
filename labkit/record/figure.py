"""What the grader measured of an answer, as data that a page can draw: small, typed, and it decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

MOST_BYTES = 64 * 1024
MOST_SIDE = 64  # pixels of an image


class _Figure(Struct, frozen=True, kw_only=True):
    """What all figures have: the check that measured it, and a title in its author's words."""

    check: str = ""
    title: str = ""


class Confusion(_Figure, frozen=True, kw_only=True, tag_field="kind", tag="confusion"):
    """How many examples of each true class (rows) were taken for which class (columns)."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Images(_Figure, frozen=True, kw_only=True, tag_field="kind", tag="images"):
    """Rows of grey images, each with the name of the row. An image is its `height` x `width` pixels, one byte each
    from 0 (no ink) to 255, in base64.
    """

    width: Annotated[int, Meta(ge=1, le=MOST_SIDE)]
    height: Annotated[int, Meta(ge=1, le=MOST_SIDE)]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


class Curves(_Figure, frozen=True, kw_only=True, tag_field="kind", tag="curves"):
    """Named curves over common places on the horizontal axis; None where a curve has no value."""

    x: tuple[float, ...]
    curves: tuple[tuple[str, tuple[float | None, ...]], ...]
    x_title: str = ""
    y_title: str = ""


class Bars(_Figure, frozen=True, kw_only=True, tag_field="kind", tag="bars"):
    """A number for each name."""

    names: tuple[str, ...]
    values: tuple[float, ...]
    y_title: str = ""


class Score(_Figure, frozen=True, kw_only=True, tag_field="kind", tag="score"):
    """One number that a class may compete in, with its title as the name of the board."""

    value: float
    lower_is_better: bool = False


Figure = Confusion | Images | Curves | Bars | Score


def bounded(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """The figures that a record has room for: each that fits into what those before it have left."""
    kept, room = [], MOST_BYTES
    for figure in figures:
        size = len(msgspec.json.encode(figure))
        if size <= room:
            kept.append(figure)
            room -= size
    return tuple(kept)
