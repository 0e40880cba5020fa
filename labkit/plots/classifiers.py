"""How well classifiers of different sizes generalise, and which borders they draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from labkit.plots.figure import Figure, curve, level


def accuracy_by_width(
    accuracies: Mapping[int, float],
    baselines: Mapping[str, float] | None = None,
    title: str = "Accuracy by width of the hidden layer",
) -> Figure:
    """Accuracy against the number of hidden units, beside other methods.

    accuracies : width -> accuracy between 0 and 1
    baselines : name -> accuracy, drawn as horizontal lines
    """
    widths = sorted(accuracies)
    values = 100 * np.array([accuracies[width] for width in widths])
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    figure.suptitle(title)
    axis = figure.subplots()
    axis.plot(widths, values, "ko-", label="multi-layer perceptron")
    for width, value in zip(widths, values, strict=True):
        place = {"textcoords": "offset points", "xytext": (0, -15), "ha": "center", "fontsize": 9}
        axis.annotate(f"{value:.1f}", (width, value), **place)
    for name, value in (baselines or {}).items():
        level(axis, 100 * value, f"{name}: {value:.1%}", left=True)
    every = [*values, *(100 * value for value in (baselines or {}).values())]
    room = max(max(every) - min(every), 1.0)
    axis.set_ylim(min(every) - 0.15 * room, max(every) + 0.15 * room)
    axis.set_xticks(widths)
    axis.set_xlabel("units of the hidden layer")
    axis.set_ylabel("accuracy on validation data (%)")
    return figure


def generalisation_gap(
    histories: Mapping[str, Mapping[str, Sequence[float]]], title: str = "Known by heart and understood"
) -> Figure:
    """Training and validation loss of several runs, the gap between them grey, the best epoch marked.

    histories : name -> values per epoch of "loss" and "val_loss", cross-entropies in nats
    """
    figure = Figure(figsize=(max(4.5 * len(histories), 5), 4), layout="constrained")
    figure.suptitle(title)
    axes = np.atleast_1d(figure.subplots(1, len(histories), sharey=True))
    for axis, (name, history) in zip(axes, histories.items(), strict=True):
        training, validation = np.asarray(history["loss"]), np.asarray(history["val_loss"])
        epochs = np.arange(1, len(training) + 1)
        axis.fill_between(
            epochs,
            training,
            validation,
            where=validation > training,
            interpolate=True,
            color="0.87",
            label="gap",
        )
        curve(axis, training, "training", "-", "o")
        curve(axis, validation, "validation", "--", "s")
        best = int(np.argmin(validation))
        axis.axvline(best + 1, color="0.5", linewidth=1, linestyle=":")
        axis.set_title(f"{name}: lowest {validation[best]:.3f} at epoch {best + 1}", fontsize=10)
        axis.set_xlabel("epoch")
    top = max(float(np.max(h["val_loss"])) for h in histories.values())
    axes[0].set_ylim(0, 1.1 * top)
    axes[0].set_ylabel("cross-entropy (nats)")
    axes[-1].legend(frameon=False, fontsize=9)
    return figure


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
    figure = Figure(figsize=(max(4.6 * len(scores), 5), 4.4), layout="constrained")
    figure.suptitle(title)
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
