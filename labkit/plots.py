"""What students look at: digits, weights, curves, confusions.

Every function takes plain arrays and returns a `Figure`. In a notebook a figure that ends a cell is shown,
and so is `figure.show()`; a script, which may have no screen, writes it to `figures/<title>.png`.
Nothing here touches pyplot or any other global state of Matplotlib. All figures are readable in grey.
"""

from __future__ import annotations

import io
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.figure
import numpy as np
from matplotlib.ticker import MaxNLocator

_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
_MARKERS = "os^Dv"


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


def digits(
    images: np.ndarray, captions: Sequence | None = None, title: str = "", columns: int = 10
) -> Figure:
    """A grid of images, ink dark on white paper.

    images : (n, 28, 28) or (n, 784), any range; each image is drawn from 0 to the largest value of all
    captions : (n,) printed above the images, labels for example
    """
    images = _square(images)
    figure, axes = _grid(len(images), columns, title, room=0.25 if captions is not None else 0.0)
    top = max(float(np.max(images, initial=0)), 1e-12)
    for number, (axis, image) in enumerate(zip(axes, images, strict=False)):
        axis.imshow(image, cmap="gray_r", vmin=0, vmax=top)
        if captions is not None:
            axis.set_title(str(captions[number]), fontsize=9, pad=2)
    return figure


def weight_images(weights: np.ndarray, captions: Sequence | None = None, title: str = "Weights") -> Figure:
    """Each column of a weight matrix as an image: white speaks for the class, black against, mid grey is 0.

    weights : (784, k) or (d, k) with a square number d
    captions : (k,) names of the columns; their numbers if None
    """
    columns = _square(np.asarray(weights).T)
    figure, axes = _grid(len(columns), 5, title, size=1.6)
    limit = max(float(np.abs(columns).max()), 1e-12)
    for number, (axis, column) in enumerate(zip(axes, columns, strict=False)):
        picture = axis.imshow(column, cmap="gray", vmin=-limit, vmax=limit)
        axis.set_title(str(number if captions is None else captions[number]), fontsize=10, pad=3)
    bar = figure.colorbar(picture, ax=list(axes), shrink=0.8, pad=0.02)
    bar.set_label("weight of a pixel")
    return figure


def confusion_matrix(
    labels: np.ndarray, predictions: np.ndarray, num_classes: int = 10, title: str = "Confusion matrix"
) -> Figure:
    """How often each class was taken for which; the shade of an error is its share of the row.

    labels, predictions : (n,) integers from 0 to num_classes - 1
    """
    counts = np.zeros((num_classes, num_classes), int)
    np.add.at(counts, (np.asarray(labels), np.asarray(predictions)), 1)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(share, 0)  # the right answers would drown the errors
    figure = Figure(figsize=(7, 6), layout="constrained")
    figure.suptitle(title)
    axis = figure.subplots()
    picture = axis.imshow(100 * share, cmap="Greys", vmin=0, vmax=max(100 * share.max() * 1.2, 1))
    for row in range(num_classes):
        for column in range(num_classes):
            dark = share[row, column] > 0.6 * share.max() > 0
            style = {"fontweight": "bold"} if row == column else {"color": "white" if dark else "black"}
            axis.text(column, row, counts[row, column], ha="center", va="center", fontsize=9, **style)
    right = np.trace(counts) / max(counts.sum(), 1)
    axis.set_title(f"{right:.2%} of {counts.sum():,} right", fontsize=10)
    axis.set_xlabel("predicted class")
    axis.set_ylabel("true class")
    axis.set_xticks(range(num_classes))
    axis.set_yticks(range(num_classes))
    figure.colorbar(picture, ax=axis, shrink=0.8, label="errors, % of the true class")
    return figure


def confident_errors(
    images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, count: int = 25, title: str = ""
) -> Figure:
    """The wrong answers that were given with the highest probability, the surest first.

    images : (n, 28, 28) or (n, 784)
    labels : (n,) true classes
    probabilities : (n, k) predicted
    """
    labels, predictions = np.asarray(labels), np.argmax(probabilities, axis=1)
    confidence = np.max(probabilities, axis=1)
    wrong = np.flatnonzero(predictions != labels)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    captions = [f"{labels[i]} → {predictions[i]}, p = {confidence[i]:.3f}" for i in worst]
    title = title or f"The {len(worst)} surest of {len(wrong):,} errors\ntrue → predicted, with probability p"
    return digits(np.asarray(images)[worst], captions, title=title, columns=5)


def training_curves(
    history: Mapping[str, Sequence[float]],
    num_classes: int = 10,
    majority: float | None = None,
    title: str = "Training",
) -> Figure:
    """Loss and accuracy over the epochs, beside what guessing would give.

    history : values per epoch of loss and accuracy, and of val_loss and val_accuracy where there are any
        (the `history` of a keras History)
    num_classes : a model without an idea has the loss ln(num_classes)
    majority : accuracy of always naming the most frequent class
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    for axis, name in ((left, "loss"), (right, "accuracy")):
        for key, label, style in ((name, "training", "-"), ("val_" + name, "validation", "--")):
            if key in history:
                last = f"{label}, at the end {history[key][-1]:.3f}" if len(history[key]) else label
                _curve(axis, history[key], last, style, "o" if style == "-" else "s")
        axis.set_xlabel("epoch")
    left.set_ylabel("cross-entropy (nats)")
    right.set_ylabel("accuracy")
    _level(
        left, math.log(num_classes), f"no idea: ln {num_classes} = {math.log(num_classes):.3f}", below=True
    )
    if majority is not None:
        _level(right, majority, f"always the most frequent class: {majority:.3f}")
    left.set_ylim(bottom=0)
    right.set_ylim(0, 1)
    for axis in (left, right):
        axis.legend(frameon=False, loc="center right")
    return figure


def loss_curves(
    curves: Mapping[str, Sequence[float]],
    levels: Mapping[str, float] | None = None,
    title: str = "Loss",
    limit: float | None = None,
) -> Figure:
    """Several loss curves in one frame, with named levels to compare them with.

    curves : name to one value per epoch; values that are not finite leave a gap
    levels : name to loss; drawn as horizontal lines
    limit : top of the frame; curves that leave it are cut
    """
    figure = Figure(figsize=(9, 5), layout="constrained")
    figure.suptitle(title)
    axis = figure.subplots()
    for number, (name, values) in enumerate(curves.items()):
        shade = str(round(0.15 * (number % 4), 2))
        style, marker = _DASHES[number % len(_DASHES)], _MARKERS[number % len(_MARKERS)]
        _curve(axis, values, name, style, marker, color=shade)
    for name, value in (levels or {}).items():
        _level(axis, value, f"{name} = {value:.4g}")
    axis.set_xlabel("epoch")
    axis.set_ylabel("cross-entropy (nats)")
    axis.set_ylim(0, limit)
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


# --- inside --------------------------------------------------------------------------------------------------


def _square(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        if side * side != images.shape[1]:
            raise ValueError(f"rows of {images.shape[1]} values are no square images")
        images = images.reshape(len(images), side, side)
    if images.ndim != 3:
        raise ValueError(f"images have shape (n, 28, 28) or (n, 784), not {images.shape}")
    return images


def _grid(
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


def _curve(axis, values: Sequence[float], label: str, style, marker: str, color: str = "black") -> None:
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


def _level(axis, value: float, label: str, below: bool = False) -> None:
    """A dotted line across the frame with its name on it."""
    axis.axhline(value, color="0.45", linewidth=1, linestyle=(0, (1, 1.5)))
    axis.annotate(
        label,
        (0.99, value),
        xycoords=("axes fraction", "data"),
        xytext=(0, -3 if below else 3),
        textcoords="offset points",
        ha="right",
        va="top" if below else "bottom",
        fontsize=9,
        color="0.3",
    )
