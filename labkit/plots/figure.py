"""The figure that a notebook shows by itself, and what all drawings share: square images, grids of them."""

from __future__ import annotations

import base64
import html
import io
import math
import re
import sys
from pathlib import Path

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

_FRAMES = 12  # whose words are told


class Figure(matplotlib.figure.Figure):
    """A Matplotlib figure that a notebook displays by itself, although pyplot has no part in it.

    `alt` says in words what is seen, for who cannot see it; where nothing else is said, its headline and what stands
    around its frames: their titles, what is drawn over what, and the names of the curves.
    """

    alt = ""

    def show(self, warn: bool = True) -> None:
        """Display the figure in a notebook; elsewhere save it under `figures/` and say where."""
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if hasattr(shell, "kernel"):
            from IPython.display import display

            display({"text/html": self._repr_html_(), "text/plain": self._words()}, raw=True)
            return
        title = re.sub(r"[^a-z0-9]+", "-", (self.get_suptitle() or "figure").lower()).strip("-")
        path = Path("figures", f"{title[:60]}.png")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self._repr_png_())
        print(f"figure saved as {path}")

    def _repr_html_(self) -> str:
        """What notebooks ask an object for: a bare picture would have no words beside it."""
        picture = base64.b64encode(self._repr_png_()).decode()
        return f'<img src="data:image/png;base64,{picture}" alt="{html.escape(self._words())}">'

    def _words(self) -> str:
        told = [self.get_suptitle(), *(_around(axes) for axes in self.axes[:_FRAMES])]
        return (
            self.alt
            or ". ".join(" ".join(text.split()) for text in dict.fromkeys(told) if text)
            or "a figure"
        )

    def _repr_png_(self) -> bytes:
        """The picture where no HTML can be shown."""
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=100)
        return stream.getvalue()


def _around(axes: Axes) -> str:
    """What stands around a frame, as words."""
    over = " over ".join(filter(None, (axes.get_ylabel(), axes.get_xlabel())))
    names = [str(name) for name in axes.get_legend_handles_labels()[1] if not str(name).startswith("_")]
    return ": ".join(filter(None, (axes.get_title(), over, ", ".join(names))))


def titled(title: str, width: float, height: float) -> Figure:
    """An empty figure with a headline, in inches, whose parts find their places by themselves."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title)
    return figure


def square_images(images: np.ndarray) -> np.ndarray:
    """(n, h, w) from images of that shape, or with a channel axis of size 1, or from rows of h · h values."""
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
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
) -> tuple[Figure, list[Axes]]:
    """A figure with frameless axes for `count` images in rows of `columns`.

    size : inches of an image
    room : inches above each for a caption
    """
    columns = max(1, min(columns, count))
    rows = max(1, math.ceil(count / columns))
    wide = max(columns * size, 5.5)
    headline = 0.25 * (title.count("\n") + 1) if title else 0.0
    figure = titled(title, wide, rows * (wide / columns + room) + headline)
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axis in axes:
        axis.set_axis_off()
    return figure, axes


def largest(values: np.ndarray) -> float:
    """The largest magnitude, and a little above 0 where all values are 0, so that a scale can end there."""
    return max(float(np.max(np.abs(values), initial=0)), 1e-12)
