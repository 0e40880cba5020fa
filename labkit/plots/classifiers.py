"""What classifiers take for what, and which borders they draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from labkit.plots.figure import Figure, titled
from labkit.plots.images import digits


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
    figure = titled(title, 7, 6)
    axis = figure.subplots()
    picture = axis.imshow(100 * share, cmap="Greys", vmin=0, vmax=max(100 * share.max() * 1.2, 1))
    for row in range(num_classes):
        for column in range(num_classes):
            dark = share[row, column] > 0.6 * share.max() > 0
            text = axis.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=9)
            text.set(color="white" if dark else "black", weight="bold" if row == column else "normal")
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
    captions = [f"{labels[i]} → {predictions[i]} ({confidence[i]:.3f})" for i in worst]
    title = title or f"The {len(worst)} surest of {len(wrong):,} errors\ntrue → predicted (probability)"
    return digits(np.asarray(images)[worst], captions, title=title, columns=5)


def decision_regions(
    points: np.ndarray,
    labels: np.ndarray,
    scores: Mapping[str, np.ndarray],
    extent: Sequence[float],
    title: str = "Decision regions",
) -> Figure:
    """Where classifiers say 0 and where 1, with the points that they were trained on.

    points : (n, 2) coordinates
    labels : (n,) 0 or 1
    scores : name -> (rows, columns) probability of class 1 on a regular grid, the lowest row first
    extent : (left, right, bottom, top) of the grid
    """
    figure = titled(title, max(4.6 * len(scores), 5), 4.4)
    points, labels = np.asarray(points), np.asarray(labels)
    axes = np.atleast_1d(figure.subplots(1, len(scores), sharey=True))
    for axis, (name, grid) in zip(axes, scores.items(), strict=True):
        picture = axis.imshow(
            grid, extent=tuple(extent), origin="lower", cmap="gray_r", vmin=0, vmax=2, aspect="equal"
        )
        axis.contour(grid, levels=[0.5], extent=tuple(extent), colors="black", linewidths=1.5)
        for value, marker, face in ((0, "o", "white"), (1, "^", "black")):
            chosen = points[labels == value]
            style = {"facecolors": face, "edgecolors": "black", "linewidths": 0.5}
            axis.scatter(*chosen.T, s=12, marker=marker, label=f"class {value}", **style)
        axis.set_title(name, fontsize=10)
        axis.set_xlabel("first feature")
    axes[0].set_ylabel("second feature")
    axes[0].legend(fontsize=9, loc="upper right", framealpha=0.9)
    bar = figure.colorbar(picture, ax=list(axes), shrink=0.8, boundaries=np.linspace(0, 1, 101))
    bar.set_ticks([0, 0.5, 1])
    bar.set_label("probability of class 1")
    return figure
