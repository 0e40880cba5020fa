"""What a convolutional network sees: filters, feature maps, receptive fields, digits that move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from labkit.plots.figure import DASHES, MARKERS, Figure, curve


def filter_rows(rows: Mapping[str, np.ndarray], title: str = "Filters") -> Figure:
    """Banks of filters beneath each other, one row for each bank: white is positive, black negative, grey 0.

    rows : name to (n, h, w) real; each filter is drawn up to its own largest magnitude
    """
    columns = max(len(bank) for bank in rows.values())
    side = min(0.85, 9.0 / columns)
    size = (max(columns * (side + 0.05), 5.5), len(rows) * (side + 0.35) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    figure.get_layout_engine().set(h_pad=0.13)
    figure.suptitle(title)
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for line, (name, bank) in zip(axes, rows.items(), strict=True):
        for axis in line:
            axis.set_axis_off()
        for axis, weights in zip(line, np.asarray(bank), strict=False):
            limit = max(float(np.abs(weights).max()), 1e-12)
            axis.imshow(weights, cmap="gray", vmin=-limit, vmax=limit)
        caption = line[0].text(0, 1.06, name, transform=line[0].transAxes, fontsize=10, va="bottom")
        caption.set_in_layout(False)  # it may reach across the next filters
    return figure


def feature_maps(
    image: np.ndarray, maps: np.ndarray, titles: Sequence[str] | None = None, title: str = "Feature maps"
) -> Figure:
    """A digit, and beside it what each filter makes of it.

    image : (h, w), ink dark
    maps : (h', w', c); where none is negative, dark is large; else white is positive, black negative, grey 0
    titles : (c,) names of the maps; their numbers if None
    """
    image, maps = np.asarray(image), np.asarray(maps)
    count = maps.shape[2]
    columns = min(count, 8)
    lines = -(-count // columns)
    size = 1.25 if columns > 4 else 2.2
    figure = Figure(
        figsize=((columns + lines) * size + 1.0, lines * (size + 0.25) + 0.4), layout="constrained"
    )
    figure.suptitle(title)
    left, right = figure.subfigures(1, 2, width_ratios=(lines, columns + 0.5))
    first = left.subplots()
    first.imshow(image, cmap="gray_r")
    first.set_title("image", fontsize=10, pad=3)
    axes = right.subplots(lines, columns, squeeze=False).ravel()
    signed = bool(np.min(maps) < 0)
    limit = max(float(np.abs(maps).max()), 1e-12)
    look = (
        {"cmap": "gray", "vmin": -limit, "vmax": limit}
        if signed
        else {"cmap": "gray_r", "vmin": 0, "vmax": limit}
    )
    for axis in (first, *axes):
        axis.set_axis_off()
    for number in range(count):
        picture = axes[number].imshow(maps[:, :, number], **look)
        name = titles[number] if titles is not None else f"map {number}"
        axes[number].set_title(name, fontsize=10, pad=3)
    right.colorbar(picture, ax=list(axes), shrink=0.8, pad=0.02, label="answer of the filter")
    return figure


def receptive_fields(
    sensitivities: Sequence[np.ndarray], titles: Sequence[str], title: str = "What one unit sees"
) -> Figure:
    """How far the influence of the pixels on one unit reaches, layer by layer.

    sensitivities : for each layer (h, w), at least 0: how strongly its unit depends on each pixel; pixels
        above a thousandth of the largest lie inside the frame, whose size is printed
    titles : names of the layers
    """
    figure = Figure(figsize=(2.4 * len(titles) + 0.8, 3.0), layout="constrained")
    figure.suptitle(title)
    axes = np.atleast_1d(figure.subplots(1, len(titles)))
    for axis, field, name in zip(axes, sensitivities, titles, strict=True):
        field = np.asarray(field) / max(float(np.max(field)), 1e-12)
        picture = axis.imshow(field, cmap="gray_r", vmin=0, vmax=1)
        rows, columns = (np.flatnonzero((field > 1e-3).any(axis=other)) for other in (1, 0))
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        frame = Rectangle((columns[0] - 0.5, rows[0] - 0.5), width, height, fill=False, linewidth=1.5)
        axis.add_patch(frame)
        axis.set_title(f"{name}\n{height} × {width} pixels", fontsize=10, pad=4)
        axis.set_xticks([])
        axis.set_yticks([])
    figure.colorbar(
        picture, ax=list(axes), shrink=0.75, pad=0.02, label="influence of a pixel\n(largest = 1)"
    )
    return figure


def shift_strip(
    images: np.ndarray, maps: np.ndarray, captions: Sequence[str], title: str = "The map follows the digit"
) -> Figure:
    """A digit that moves, and beneath it one feature map; a cross marks the centre of gravity of each.

    images : (n, h, w) and maps : (n, h', w'), at least 0; captions : (n,)
    """
    images, maps = np.asarray(images), np.asarray(maps)
    figure = Figure(figsize=(1.35 * len(images) + 0.6, 3.5), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(2, len(images), squeeze=False)
    for line, pictures, name in zip(axes, (images, maps), ("image", "feature map"), strict=True):
        top = max(float(pictures.max()), 1e-12)
        for axis, picture in zip(line, pictures, strict=True):
            axis.imshow(picture, cmap="gray_r", vmin=0, vmax=top)
            weight = max(float(picture.sum()), 1e-12)
            row, column = (np.sum(picture * place) / weight for place in np.indices(picture.shape))
            axis.plot(column, row, "+", color="white", markersize=13, markeredgewidth=4)
            axis.plot(column, row, "+", color="black", markersize=12, markeredgewidth=1.5)
            axis.set_xticks([])
            axis.set_yticks([])
        line[0].set_ylabel(name)
    for axis, caption in zip(axes[0], captions, strict=True):
        axis.set_title(caption, fontsize=10, pad=3)
    return figure


def matrix(values: np.ndarray, title: str = "Matrix", xlabel: str = "column", ylabel: str = "row") -> Figure:
    """The entries of a matrix as shades of grey, zeros white, with a thin line between rows and columns.

    values : (m, n), at least 0
    """
    values = np.asarray(values)
    scale = min(0.22, 9.0 / max(values.shape))
    size = (values.shape[1] * scale + 1.8, values.shape[0] * scale + 1.0)
    figure = Figure(figsize=(max(size[0], 5.0), max(size[1], 2.5)), layout="constrained")
    figure.suptitle(title)
    axis = figure.subplots()
    picture = axis.imshow(values, cmap="gray_r", vmin=0)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xticks(np.arange(values.shape[1] + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(values.shape[0] + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="0.88", linewidth=0.5)
    axis.tick_params(which="minor", length=0)
    axis.set_xlabel(xlabel)
    axis.set_ylabel(ylabel)
    figure.colorbar(picture, ax=axis, shrink=0.8, label="entry")
    return figure


def accuracy_curves(
    curves: Mapping[str, Sequence[float]],
    levels: Mapping[str, float] | None = None,
    title: str = "Accuracy",
    bottom: float = 0.8,
) -> Figure:
    """Several curves of validation accuracy in one frame, with named levels to compare them with.

    curves : name to one value per epoch
    levels : name to accuracy; drawn as horizontal lines
    bottom : where the frame begins
    """
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    figure.suptitle(title)
    axis = figure.subplots()
    for number, (name, values) in enumerate(curves.items()):
        style, marker = DASHES[number % len(DASHES)], MARKERS[number % len(MARKERS)]
        label = f"{name}: {values[-1]:.1%} at the end"
        curve(axis, values, label, style, marker, color=str(round(0.35 * (number % 2), 2)))
    # named in the legend: beside the lines, where the curves end, is no room
    for number, (name, value) in enumerate((levels or {}).items()):
        pattern = (0, (1, 1.5)) if number % 2 == 0 else (0, (6, 2, 1, 2))
        axis.axhline(value, color="0.45", linewidth=1, linestyle=pattern, label=f"{name}: {value:.1%}")
    axis.set_xlabel("epoch")
    axis.set_ylabel("accuracy on digits not trained on")
    axis.set_ylim(bottom, 1)
    axis.legend(frameon=False, loc="lower right")
    return figure


def permutation_effect(
    images: np.ndarray, permuted: np.ndarray, accuracies: Mapping[tuple[str, str], float], title: str = ""
) -> Figure:
    """Digits before and after a permutation of their pixels, and what networks make of both.

    images, permuted : (n, h, w), a few of them
    accuracies : (network, kind of digits) to accuracy, for each network the same two kinds
    """
    networks = list(dict.fromkeys(network for network, _ in accuracies))
    kinds = list(dict.fromkeys(kind for _, kind in accuracies))
    figure = Figure(figsize=(10, 4), layout="constrained")
    figure.suptitle(title or "The same digits without their neighbourhood")
    left, right = figure.subfigures(1, 2, width_ratios=(1.1, 1))
    axes = left.subplots(2, len(images), squeeze=False)
    for line, pictures, kind in zip(axes, (images, permuted), kinds, strict=True):
        line[0].set_title(kind, loc="left", fontsize=10, pad=3)
        for axis, picture in zip(line, pictures, strict=True):
            axis.imshow(picture, cmap="gray_r")
            axis.set_axis_off()
    axis = right.subplots()
    for number, network in enumerate(networks):
        values = [accuracies[network, kind] for kind in kinds]
        style, marker = DASHES[number % len(DASHES)], MARKERS[number % len(MARKERS)]
        axis.plot((0, 1), values, linestyle=style, marker=marker, color="black", label=network)
        for place, value in enumerate(values):
            beside = (-8, 0) if place == 0 else (8, 0)
            side = "right" if place == 0 else "left"
            axis.annotate(
                f"{value:.1%}",
                (place, value),
                beside,
                textcoords="offset points",
                ha=side,
                va="center",
                fontsize=9,
            )
    axis.set_xlim(-0.4, 1.4)
    axis.set_xticks((0, 1), kinds)
    axis.set_ylabel("accuracy on test digits")
    axis.margins(y=0.15)
    axis.grid(axis="y", color="0.9")
    axis.legend(title="network", frameon=False, loc="best")
    return figure
