"""Images of digits and of weights, and which digits a classifier takes for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labkit.plots.figure import Figure, grid, square_images


def digits(
    images: np.ndarray, captions: Sequence | None = None, title: str = "", columns: int = 10
) -> Figure:
    """A grid of images, ink dark on white paper.

    images : (n, 28, 28) or (n, 784), any range; each image is drawn from 0 to the largest value of all
    captions : (n,) printed above the images, labels for example
    """
    images = square_images(images)
    figure, axes = grid(len(images), columns, title, room=0.25 if captions is not None else 0.0)
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
    columns = square_images(np.asarray(weights).T)
    figure, axes = grid(len(columns), 5, title, size=1.6)
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
    captions = [f"{labels[i]} → {predictions[i]} ({confidence[i]:.3f})" for i in worst]
    title = title or f"The {len(worst)} surest of {len(wrong):,} errors\ntrue → predicted (probability)"
    return digits(np.asarray(images)[worst], captions, title=title, columns=5)
