"""How training went: loss and accuracy over the epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from labkit.plots.figure import DASHES, MARKERS, Figure, curve, level


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
                curve(axis, history[key], last, style, "o" if style == "-" else "s")
        axis.set_xlabel("epoch")
    left.set_ylabel("cross-entropy (nats)")
    right.set_ylabel("accuracy")
    level(left, math.log(num_classes), f"no idea: ln {num_classes} = {math.log(num_classes):.3f}", below=True)
    if majority is not None:
        level(right, majority, f"always the most frequent class: {majority:.3f}")
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
        style, marker = DASHES[number % len(DASHES)], MARKERS[number % len(MARKERS)]
        curve(axis, values, name, style, marker, color=shade)
    for name, value in (levels or {}).items():
        level(axis, value, f"{name} = {value:.4g}", below=True)
    axis.set_xlabel("epoch")
    axis.set_ylabel("cross-entropy (nats)")
    axis.set_ylim(0, limit)
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
