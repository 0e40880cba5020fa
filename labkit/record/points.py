"""Points: numbers of at least 0, whole where they are whole, else with two decimals."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

_MOST = 10**15
#: A finite number of at least 0, in a file as it is in memory: 100 does not become 100.0.
Amount = Annotated[int, Meta(ge=0, le=_MOST)] | Annotated[float, Meta(ge=0, le=_MOST)]


def rounded(points: float) -> float:
    """A whole number where it is one, else two decimals."""
    if type(points) is int:  # most are, and a class has a million
        return points
    near = round(points, 2)
    return int(near) if near == int(near) else near
