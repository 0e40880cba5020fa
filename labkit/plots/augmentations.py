"""What augmentation makes of a few images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labkit.plots.figure import Figure, square_images


def augmentation_grid(
    images: np.ndarray,
    augmented: np.ndarray | Sequence[np.ndarray],
    captions: Sequence | None = None,
    title: str = "Augmentation",
) -> Figure:
    """Each original, framed, at the left of a row, and beside it what augmentation made of it.

    images : (n, 28, 28), (n, 28, 28, 1) or (n, 784), any range
    augmented : (k, n, 28, 28), likewise; k augmented versions of the same n images, in the same range
    captions : (k,) printed above the columns, names of settings for example

    Raises ValueError when a version has not as many images as there are originals.
    """
    columns = [_pictures(version) for version in (images, *augmented)]
    rows = len(columns[0])
    for number, column in enumerate(columns[1:], start=1):
        if len(column) != rows:
            raise ValueError(f"version {number} has {len(column)} images, but there are {rows} originals")
    names = ["original", *(captions if captions is not None else [""] * (len(columns) - 1))]
    low = min(float(column.min(initial=0)) for column in columns)
    high = max(float(column.max(initial=0)) for column in columns)

    size = 0.9
    figure = Figure(figsize=(size * len(columns) + 0.3, size * rows + 0.6), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(rows, len(columns), squeeze=False)
    for column, (pictures, name) in enumerate(zip(columns, names, strict=True)):
        axes[0, column].set_title(str(name), fontsize=9, pad=3)
        for axis, picture in zip(axes[:, column], pictures, strict=True):
            axis.imshow(picture, cmap="gray_r", vmin=low, vmax=max(high, low + 1e-12))
            axis.set(xticks=[], yticks=[])
            for side in axis.spines.values():
                side.set(linewidth=2.0 if column == 0 else 0.4, color="black" if column == 0 else "0.75")
    return figure


def _pictures(images: np.ndarray) -> np.ndarray:
    """(n, h, h) without a channel axis of size 1."""
    images = np.asarray(images)
    return square_images(images[..., 0] if images.ndim == 4 and images.shape[-1] == 1 else images)
