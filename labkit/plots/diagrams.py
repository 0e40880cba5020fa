"""What is explained before any code has run: a network by its shapes, small arrays with their numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from labkit.plots.figure import Figure, titled

Box = tuple[int, int, int, int]  # row, column, height, width


def network(stages: Sequence[tuple[str, tuple[int, ...]]], title: str = "", alt: str = "") -> Figure:
    """A network from left to right: what goes in, and each operation with the shape of what it makes.

    stages : pairs of a text and a shape without the batch, (units,), (h, w) or (h, w, maps); the first text names the
        input, the others say what stands on the arrow, such as "Dense, relu\\n401,920 numbers"
    alt : the picture in words, for who cannot see it; else made of the stages
    """
    spoken = ", then ".join(f"{' '.join(text.split())}: {_size(shape)}" for text, shape in stages)
    gaps = [0.0, *(0.35 + 0.095 * max(map(len, text.split("\n"))) for text, _ in stages[1:])]
    total = sum(gaps) + sum(_stage(None, 0, shape) for _, shape in stages)
    inches = min(0.78, 10.4 / (total + 1.2))
    figure = titled(
        title, max(inches * (total + 1.2), _least(title)), inches * 3.4 + (0.35 if title else 0.0)
    )
    figure.alt = alt or f"A network: {spoken}"
    axis, x = figure.subplots(), 0.0
    for number, (gap, (text, shape)) in enumerate(zip(gaps, stages, strict=True)):
        if number:
            axis.annotate(
                "", (x + gap - 0.1, 0), (x + 0.1, 0), arrowprops={"arrowstyle": "->", "color": "0.3"}
            )
            axis.text(x + gap / 2, 0.12, text, ha="center", va="bottom", fontsize=11 * inches)
        x += gap
        width = _stage(axis, x, shape)
        axis.text(x + width / 2, -1.3, _size(shape), ha="center", va="top", fontsize=12.5 * inches)
        if not number:
            axis.text(x + width / 2, 1.3, text, ha="center", va="bottom", fontsize=12.5 * inches)
        x += width
    axis.set(xlim=(-0.6, x + 0.6), ylim=(-1.7, 1.7), aspect="equal")
    axis.set_axis_off()
    return figure


def arrays(
    parts: Mapping[str, np.ndarray],
    title: str = "",
    signs: Sequence[str] = (),
    boxes: Mapping[str, Sequence[Box]] | None = None,
    alt: str = "",
    columns: int | None = None,
) -> Figure:
    """Small arrays beside each other, each entry a square with its number; NaN leaves a square empty.

    parts : name -> (m, n) numbers, or (n,) for one row
    signs : what stands before the second, the third, …: "→", "+", "="
    boxes : name -> rectangles (row, column, height, width) of that array that are shaded and outlined
    alt : the picture in words, for who cannot see it; else the arrays themselves
    columns : how many stand beside each other; all where nothing is said
    """
    drawn = {name: np.atleast_2d(np.asarray(values, float)) for name, values in parts.items()}
    columns = min(columns or len(drawn), len(drawn))
    rows = [list(drawn)[start : start + columns] for start in range(0, len(drawn), columns)]
    heights = [max(drawn[name].shape[0] for name in row) + 1.7 for row in rows]
    widths = [max(_wide(row[c], drawn[row[c]]) for row in rows if c < len(row)) + 1.3 for c in range(columns)]
    square = min(0.42, 10.6 / sum(widths))
    figure = titled(
        title, max(square * sum(widths), _least(title)), square * sum(heights) + (0.4 if title else 0.0)
    )
    figure.alt = alt or "; ".join(f"{name}: {values.tolist()}" for name, values in drawn.items())
    axis = figure.subplots()
    top, number = 0.0, 0
    for row, height in zip(rows, heights, strict=True):
        left = 0.0
        for name, width in zip(row, widths, strict=False):
            sign = signs[number - 1] if 0 < number <= len(signs) else ""
            middle = top + 1.2 + (height - 1.7) / 2
            inset = (width - 1.3 - drawn[name].shape[1]) / 2
            axis.text(left - 0.65, middle, sign, ha="center", va="center", fontsize=14)
            first = middle - drawn[name].shape[0] / 2
            axis.text(
                left + drawn[name].shape[1] / 2, first - 0.25, name, ha="center", va="bottom", fontsize=9.5
            )
            _array(axis, left + inset, first, drawn[name], (boxes or {}).get(name, ()), square)
            left, number = left + width, number + 1
        top += height
    axis.set(xlim=(-1.0, sum(widths) - 0.7), ylim=(top - 0.2, 0), aspect="equal")
    axis.set_axis_off()
    return figure


def _stage(axis: Axes | None, x: float, shape: tuple[int, ...]) -> float:
    """Draw what one stage holds from x on, its size by its logarithm, where there are axes; returns how wide it is."""
    size = math.log2(max(shape[0], 1))
    if len(shape) == 1:
        parts = [(x, -min(0.16 + 0.11 * size, 1.25), 0.2, 2 * min(0.16 + 0.11 * size, 1.25))]
    else:
        side, sheets = 0.2 + 0.24 * size, min(shape[2] if len(shape) > 2 else 1, 6)
        lift = 0.07 * (sheets - 1)
        parts = [(x + 0.09 * n, 0.07 * n - (side + lift) / 2, side, side) for n in reversed(range(sheets))]
    if axis is not None:
        for left, bottom, width, height in parts:
            axis.add_patch(Rectangle((left, bottom), width, height, facecolor="0.88", edgecolor="0.25"))
    return max(left + width for left, _, width, _ in parts) - x


def _least(title: str) -> float:
    """The inches that a headline takes."""
    return max(4.5, 0.105 * max(map(len, title.split("\n"))))


def _wide(name: str, values: np.ndarray) -> float:
    """The squares that an array takes with its name above it."""
    return max(values.shape[1], 0.17 * max(map(len, name.split("\n"))))


def _array(
    axis: Axes, left: float, top: float, values: np.ndarray, boxes: Sequence[Box], square: float
) -> None:
    rows, columns = values.shape
    for row, column, height, width in boxes:
        axis.add_patch(
            Rectangle((left + column, top + row), width, height, facecolor="0.85", edgecolor="none")
        )
    for row in range(rows):
        for column in range(columns):
            axis.add_patch(
                Rectangle((left + column, top + row), 1, 1, fill=False, edgecolor="0.6", linewidth=0.6)
            )
            if not math.isnan(values[row, column]):
                number = f"{values[row, column]:.4g}".replace("-", "\N{MINUS SIGN}")
                size = min(10.0, 26 * square) * min(1.0, 4.2 / max(len(number), 1))
                axis.text(
                    left + column + 0.5, top + row + 0.5, number, ha="center", va="center", fontsize=size
                )
    for row, column, height, width in boxes:
        axis.add_patch(
            Rectangle((left + column, top + row), width, height, fill=False, edgecolor="black", linewidth=2)
        )


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape)
