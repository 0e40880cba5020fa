"""The figure that a notebook shows by itself, and what all drawings share: grids, curves, levels."""

from __future__ import annotations

import io
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib.figure
import numpy as np
from matplotlib.ticker import MaxNLocator

DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = "os^Dv"


class Figure(matplotlib.figure.Figure):
    """A Matplotlib figure that a notebook displays by itself, although pyplot has no part in it."""

    def show(self, warn: bool = True) -> None:
        """Display the figure in a notebook; elsewhere save it under `figures/` and say where."""
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if hasattr(shell, "kernel"):
            from IPython.display import display

            display(self)
            return
        title = re.sub(r"[^a-z0-9]+", "-", (self.get_suptitle() or "figure").lower()).strip("-")
        path = Path("figures", f"{title[:60]}.png")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self._repr_png_())
        print(f"figure saved as {path}")

    def _repr_png_(self) -> bytes:
        """What notebooks ask an object for."""
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=100)
        return stream.getvalue()


def square_images(images: np.ndarray) -> np.ndarray:
    """(n, h, h) from images of that shape or from rows of h · h values."""
    images = np.asarray(images)
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        if side * side != images.shape[1]:
            raise ValueError(f"rows of {images.shape[1]} values are no square images")
        images = images.reshape(len(images), side, side)
    if images.ndim != 3:
        raise ValueError(f"images have shape (n, 28, 28) or (n, 784), not {images.shape}")
    return images


def grid(
    count: int, columns: int, title: str, room: float = 0.0, size: float = 0.9
) -> tuple[Figure, np.ndarray]:
    """A figure with `count` frameless axes in rows of `columns`; `room` inches above each for a caption."""
    columns = max(1, min(columns, count))
    rows = max(1, math.ceil(count / columns))
    wide = max(columns * size, 5.5)
    headline = 0.25 * (title.count("\n") + 1) if title else 0.0
    figure = Figure(figsize=(wide, rows * (wide / columns + room) + headline), layout="constrained")
    figure.suptitle(title)
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axis in axes:
        axis.set_axis_off()
    return figure, axes


def curve(axis, values: Sequence[float], label: str, style, marker: str, color: str = "black") -> None:
    """One value per epoch as a line, with a marker at about every tenth of it."""
    epochs = np.arange(1, len(values) + 1)
    every = max(1, len(values) // 10)
    axis.plot(
        epochs,
        values,
        linestyle=style,
        marker=marker,
        markersize=4,
        markevery=every,
        color=color,
        label=label,
    )
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def level(axis, value: float, label: str, below: bool = False, left: bool = False) -> None:
    """A dotted line across the frame with its name on it, at the right end or at the left."""
    axis.axhline(value, color="0.45", linewidth=1, linestyle=(0, (1, 1.5)))
    axis.annotate(
        label,
        (0.01 if left else 0.99, value),
        xycoords=("axes fraction", "data"),
        xytext=(0, -3 if below else 3),
        textcoords="offset points",
        ha="left" if left else "right",
        va="top" if below else "bottom",
        fontsize=9,
        color="0.3",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
        zorder=5,
    )
