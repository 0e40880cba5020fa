"""Images of digits, of weights, and of what a network makes of a digit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from labkit.plots.figure import Figure, grid, largest, square_images, titled


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


def weight_images(
    weights: np.ndarray,
    captions: Sequence | None = None,
    title: str = "Weights",
    columns: int = 5,
    own_scale: bool = False,
) -> Figure:
    """Each column of a weight matrix as an image: white speaks for the unit, black against, mid grey is 0.

    weights : (784, k) or (d, k) with a square number d
    captions : (k,) names of the columns; their numbers if None
    columns : images beside each other
    own_scale : draw each image up to its own largest weight, where only its shape counts
    """
    images = square_images(np.asarray(weights).T)
    size = min(1.6, 9.6 / columns)
    figure, axes = grid(len(images), columns, title, size=size, room=0.15 if size < 1 else 0.0)
    limit = largest(images)
    for number, (axis, image) in enumerate(zip(axes, images, strict=False)):
        bound = largest(image) if own_scale else limit
        picture = axis.imshow(image, cmap="gray", vmin=-bound, vmax=bound)
        name = str(number if captions is None else captions[number])
        axis.set_title(name, fontsize=10 if size > 1 else 8, pad=3 if size > 1 else 1)
    if not own_scale:
        bar = figure.colorbar(picture, ax=axes, shrink=0.8, pad=0.02)
        bar.set_label("weight of a pixel")
    return figure


def image_rows(
    rows: Mapping[str, np.ndarray],
    captions: Sequence[str] | None = None,
    title: str = "",
    signed: bool = False,
) -> Figure:
    """Rows of images beneath each other, the name of each row at its left.

    rows : name to images (n, h, w) or (n, h · h); rows may differ in length and size
        in [0, 1], ink dark; or signed
    captions : (n,) printed above the columns
    signed : white is positive, black negative, mid grey 0; each image up to its own largest magnitude
    """
    strips = [square_images(images) for images in rows.values()]
    columns = max(len(strip) for strip in strips)
    side = min(1.9, 8.0 / columns)
    lines = 1 + max((str(caption).count("\n") for caption in captions or ()), default=-1)
    figure = titled(title, 1.8 + side * columns, (side + 0.05) * len(strips) + 0.55 + 0.17 * lines)
    axes = figure.subplots(len(strips), columns, squeeze=False)
    for name, strip, line in zip(rows, strips, axes, strict=True):
        for axis in line[len(strip) :]:
            axis.set_axis_off()
        for axis, image in zip(line, strip, strict=False):
            limit = largest(image)
            look = ("gray", -limit, limit) if signed else ("gray_r", 0, 1)
            axis.imshow(image, cmap=look[0], vmin=look[1], vmax=look[2])
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_color("0.8")
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
    for axis, caption in zip(axes[0], captions or (), strict=False):
        axis.set_title(caption, fontsize=9, pad=3)
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
    figure = titled(title, (columns + lines) * size + 1.0, lines * (size + 0.25) + 0.4)
    left, right = figure.subfigures(1, 2, width_ratios=(lines, columns + 0.5), squeeze=False)[0]
    first = left.subplots()
    first.imshow(image, cmap="gray_r")
    first.set_title("image", fontsize=10, pad=3)
    axes = list(right.subplots(lines, columns, squeeze=False).ravel())
    limit = largest(maps)
    look = ("gray", -limit, limit) if np.min(maps) < 0 else ("gray_r", 0, limit)
    for axis in (first, *axes):
        axis.set_axis_off()
    for number in range(count):
        picture = axes[number].imshow(maps[:, :, number], cmap=look[0], vmin=look[1], vmax=look[2])
        axes[number].set_title(str(number if titles is None else titles[number]), fontsize=10, pad=3)
    right.colorbar(picture, ax=axes, shrink=0.8, pad=0.02, label="answer of the filter")
    return figure


def matrix(values: np.ndarray, title: str = "Matrix", xlabel: str = "column", ylabel: str = "row") -> Figure:
    """The entries of a matrix as shades of grey, zeros white, with a thin line between rows and columns.

    values : (m, n), at least 0
    """
    values = np.asarray(values)
    scale = min(0.22, 9.0 / max(values.shape))
    size = (values.shape[1] * scale + 1.8, values.shape[0] * scale + 1.0)
    figure = titled(title, max(size[0], 5.0), max(size[1], 2.5))
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
