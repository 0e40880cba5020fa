"""What autoencoders make of digits: reconstructions, dictionary atoms, codes, and what a code costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from labkit.plots.figure import DASHES, MARKERS, Figure, grid, level, square_images


def reconstructions(
    rows: Mapping[str, np.ndarray], target: str | None = None, title: str = "Reconstructions"
) -> Figure:
    """The same digits in several rows, each with its error against the row that they all should equal.

    rows : name to images (n, 28, 28) or (n, 784) in [0, 1]; the same n digits in each row
    target : name of the row to compare with; the first one if None
    """
    images = {name: square_images(row) for name, row in rows.items()}
    goal = next(iter(images)) if target is None else target
    captions = [
        name if name == goal else f"{name}\nMSE {np.mean((row - images[goal]) ** 2):.4f}"
        for name, row in images.items()
    ]
    figure, _ = _strips(captions, list(images.values()), title)
    return figure


def atoms(weights: np.ndarray, title: str = "Dictionary atoms", columns: int = 16) -> Figure:
    """Directions in pixel space as images: mid grey is 0, white adds ink, black takes it away.

    weights : (k, 784), an atom in each row; each is scaled to its own largest value, only its shape counts
    """
    images = square_images(weights)
    figure, axes = grid(len(images), columns, title, size=0.6)
    for axis, image in zip(axes, images, strict=False):
        limit = max(float(np.abs(image).max()), 1e-12)
        axis.imshow(image, cmap="gray", vmin=-limit, vmax=limit)
    return figure


def activation_histogram(
    codes: Mapping[str, np.ndarray], threshold: float = 1e-3, title: str = "How often a unit says how much"
) -> Figure:
    """Histograms of the values of several codes in one frame, in per cent of all values on a log scale.

    codes : name to (n, k); each is divided by its own standard deviation, as the scale of a code is free
    threshold : values up to this size (before the division) count as silent; their share is in the legend
    """
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    figure.suptitle(title)
    axis = figure.subplots()
    edges = np.linspace(-4, 8, 61)
    for number, (name, values) in enumerate(codes.items()):
        values = np.asarray(values).ravel()
        silent = float(np.mean(np.abs(values) <= threshold))
        scaled = values / max(float(values.std()), 1e-12)
        share = 100 * np.histogram(scaled, edges)[0] / max(values.size, 1)
        axis.stairs(
            share,
            edges,
            color=str(0.25 * (number % 3)),
            linewidth=1.6,
            linestyle=DASHES[number % len(DASHES)],
            label=f"{name}: {silent:.0%} silent",
        )
    axis.set_yscale("log")
    axis.set_xlabel("value of a code unit, in standard deviations of its code")
    axis.set_ylabel("% of all values")
    axis.legend(frameon=False)
    return figure


def frontier(
    points: Mapping[str, Sequence[tuple[float, float, float]]],
    baseline: float | None = None,
    goal: tuple[float, float] | None = None,
    title: str = "What sparsity costs",
) -> Figure:
    """Error against the share of active units, a curve for each kind of network, the penalty at each point.

    points : name to (penalty, active fraction, mean squared error) triples
    baseline : mean squared error of PCA with 32 components, a level to compare with
    goal : (active fraction, error), the corner of the region to reach
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    figure.suptitle(title)
    axis = figure.subplots()
    for number, (name, triples) in enumerate(points.items()):
        penalty, active, error = np.array(sorted(triples)).T
        style, marker = DASHES[number % len(DASHES)], MARKERS[number % len(MARKERS)]
        axis.plot(100 * active, error, linestyle=style, marker=marker, color="black", label=name)
        for place in range(len(penalty)):
            axis.annotate(
                f"λ = {penalty[place]:.1e}",
                (100 * active[place], error[place]),
                xytext=(6, 5),
                textcoords="offset points",
                fontsize=8,
                color="0.3",
            )
    if baseline is not None:
        level(axis, baseline, f"PCA, 32 components: {baseline:.4f}")
    axis.set_xlim(0, 1.12 * axis.get_xlim()[1])  # room for the last label
    axis.set_ylim(0, 1.05 * axis.get_ylim()[1])
    if goal is not None:
        axis.fill_between([0, 100 * goal[0]], 0, goal[1], color="0.9", zorder=0, label="where you want to be")
    axis.set_xlabel("active units per digit, %")
    axis.set_ylabel("test error (MSE per pixel)")
    axis.legend(frameon=False)
    return figure


def error_by_code_size(
    errors: Mapping[str, Mapping[int, float]],
    mean_image: float | None = None,
    title: str = "Error against code size",
) -> Figure:
    """Test error of several methods at several sizes of the code, both axes logarithmic.

    errors : name to {code size: mean squared error}
    mean_image : error of answering every digit with the mean image, the code of size 0
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    figure.suptitle(title)
    axis = figure.subplots()
    for number, (name, by_size) in enumerate(errors.items()):
        sizes = sorted(by_size)
        axis.plot(
            sizes,
            [by_size[size] for size in sizes],
            linestyle=DASHES[number % len(DASHES)],
            marker=MARKERS[number % len(MARKERS)],
            color=str(0.2 * (number % 3)),
            label=name,
        )
    if mean_image is not None:
        level(axis, mean_image, f"mean image: {mean_image:.4f}", below=True)
    sizes = sorted({size for by_size in errors.values() for size in by_size})
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xticks(sizes, [str(size) for size in sizes])
    axis.set_xticks([], minor=True)
    axis.set_xlabel("numbers in the code")
    axis.set_ylabel("test error (MSE per pixel)")
    axis.legend(frameon=False, loc="lower left")
    return figure


def code_scatter(
    codes: Mapping[str, np.ndarray], labels: np.ndarray, title: str = "Digits in two dimensions"
) -> Figure:
    """Codes of two numbers as points of the plane, side by side; each point is the digit's own numeral.

    codes : name to (n, 2)
    labels : (n,) the digits; numerals and shades of grey tell them apart, the networks never saw them
    """
    figure = Figure(figsize=(5.6 * len(codes), 5.6), layout="constrained")
    figure.suptitle(title)
    labels = np.asarray(labels)
    for axis, (name, points) in zip(
        figure.subplots(1, len(codes), squeeze=False)[0], codes.items(), strict=True
    ):
        points = np.asarray(points)
        for digit in np.unique(labels):
            chosen = points[labels == digit]
            axis.scatter(
                chosen[:, 0],
                chosen[:, 1],
                marker=f"${digit}$",
                s=26,
                linewidths=0.2,
                color=str(0.07 * (digit % 10)),
            )
        low, high = np.percentile(points, [0.5, 99.5], axis=0)
        room = 0.05 * np.maximum(high - low, 1e-12)
        axis.set_xlim(low[0] - room[0], high[0] + room[0])
        axis.set_ylim(low[1] - room[1], high[1] + room[1])
        axis.set_title(name, fontsize=11)
        axis.set_xlabel("first number of the code")
        axis.set_ylabel("second number of the code")
    return figure


def walk(paths: Mapping[str, np.ndarray], title: str = "From one digit to another") -> Figure:
    """Strips of images, one per path, from the start on the left to the end on the right.

    paths : name to images (steps, 28, 28) or (steps, 784) in [0, 1], the same number of steps in each
    """
    strips = [square_images(images) for images in paths.values()]
    figure, axes = _strips(list(paths), strips, title)
    for place, axis in enumerate(axes[-1]):
        axis.set_xlabel(f"{place / max(len(strips[0]) - 1, 1):.2g}", fontsize=9)
    return figure


def _strips(captions: Sequence[str], strips: Sequence[np.ndarray], title: str) -> tuple[Figure, np.ndarray]:
    """Rows of images in [0, 1], a caption to the left of each row."""
    columns = len(strips[0])
    figure = Figure(figsize=(1.8 + 0.75 * columns, 0.8 * len(strips) + 0.55), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(len(strips), columns, squeeze=False)
    for caption, strip, row in zip(captions, strips, axes, strict=True):
        for axis, image in zip(row, strip, strict=True):
            axis.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            axis.set_xticks([])
            axis.set_yticks([])
            axis.spines[:].set_color("0.8")
        row[0].set_ylabel(caption, rotation=0, ha="right", va="center", fontsize=10)
    return figure, axes
