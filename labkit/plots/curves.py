"""Lines, levels and histograms: how training went, and how one number depends on another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from labkit.plots.figure import Figure, titled

Line = Sequence[float] | np.ndarray | Mapping[int, float] | Mapping[float, float]
_DOTTED: dict[str, Any] = {"color": "0.45", "linewidth": 1, "linestyle": (0, (1, 1.5))}
_BESIDE: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "fontsize": 9, "color": "0.3"}
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = "os^DvP*"  # not as many as dashes: a sixth curve still differs from the first


def training_curves(
    history: Mapping[str, Sequence[float]],
    num_classes: int = 10,
    majority: float | None = None,
    title: str = "Training",
    fresh: Mapping[str, float] | None = None,
) -> Figure:
    """Loss and accuracy over the epochs, beside what guessing would give; the later epochs once more, enlarged.

    history : values per epoch of loss and accuracy, and of val_loss and val_accuracy where there are any
        (the `history` of a keras History)
    num_classes : a model without an idea has the loss ln(num_classes)
    majority : accuracy of always naming the most frequent class
    fresh : loss and accuracy of the untrained network on the validation data, drawn as epoch 0
        (what `model.evaluate(..., return_dict=True)` says before training)
    """
    figure = titled(title, 10, 4.2)
    chance = math.log(num_classes)
    left, right = figure.subplots(1, 2)
    for axis, name in ((left, "loss"), (right, "accuracy")):
        for key, label, style, marker in (
            (name, "training", "-", "o"),
            (f"val_{name}", "validation", "--", "s"),
        ):
            if key not in history:
                continue
            values = _placed(history[key])
            caption = f"{label}, at the end {history[key][-1]:.3f}" if values else label
            if fresh and (key != name or f"val_{name}" not in history):
                values = {0.0: fresh[name], **values}
            _curve(axis, values, caption, style, marker)
        axis.set_xlabel("epoch")
        axis.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
    left.set_ylabel("cross-entropy (nats)")
    right.set_ylabel("accuracy")
    drawn = [list(axis.lines) for axis in (left, right)]
    _level(left, chance, f"no idea: ln {num_classes} = {chance:.3f}", below=True)
    if majority is not None:
        _level(right, majority, f"always the most frequent class: {majority:.3f}")
    left.set_ylim(bottom=0)
    right.set_ylim(0, 1)
    _enlarge(left, drawn[0], bottom=0.33)
    _enlarge(right, drawn[1], bottom=0.28)
    return figure


def curves(
    values: Mapping[str, Line],
    levels: Mapping[str, float] | None = None,
    title: str = "",
    xlabel: str = "epoch",
    ylabel: str = "cross-entropy (nats)",
    limits: tuple[float | None, float | None] = (None, None),
    logarithmic: str = "",
) -> Figure:
    """Several curves in one frame, with named levels to compare them with; the frame is `figure.axes[0]`.

    values : name to one value per epoch, counted from 1, or to {place: value}; what is not finite leaves a gap
    levels : name to value; drawn as horizontal lines, the names beside the frame
    limits : bottom and top of the frame; curves that leave it are cut
    logarithmic : the axes that are: "x", "y" or "xy"
    """
    figure = titled(title, 9, 4.8)
    axis = figure.subplots()
    for name in logarithmic:
        axis.set(**{f"{name}scale": "log"})
    for number, (name, line) in enumerate(values.items()):
        dash, marker = DASHES[number % len(DASHES)], MARKERS[number % len(MARKERS)]
        _curve(axis, _placed(line), name, dash, marker, color=str(round(0.15 * (number % 4), 2)))
    for value in (levels or {}).values():
        axis.axhline(value, **_DOTTED)
    axis.set_xlabel(xlabel)
    axis.set_ylabel(ylabel)
    axis.set_ylim(*limits)
    for ruler in (axis.xaxis if name == "x" else axis.yaxis for name in logarithmic):
        ruler.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ruler.set_major_formatter(StrMethodFormatter("{x:g}"))
        ruler.set_minor_locator(NullLocator())
    low, high = axis.get_ylim()
    for name, value in (levels or {}).items():
        if low <= value <= high:
            axis.annotate(name, (1.01, value), va="center", **_BESIDE)
    places = sorted({float(place) for line in values.values() if isinstance(line, Mapping) for place in line})
    if 0 < len(places) <= 10 and all(map(float.is_integer, places)):
        axis.set_xticks(places)
    if len(values) > 1:
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def generalisation_gap(
    histories: Mapping[str, Mapping[str, Sequence[float]]], title: str = "Known by heart and understood"
) -> Figure:
    """Training and validation loss of several runs, the gap between them grey, the best epoch marked.

    histories : name -> values per epoch of "loss" and "val_loss", cross-entropies in nats
    """
    figure = titled(title, max(4.5 * len(histories), 5), 4)
    axes = figure.subplots(1, len(histories), sharey=True, squeeze=False)[0]
    for axis, (name, history) in zip(axes, histories.items(), strict=True):
        training, validation = np.asarray(history["loss"]), np.asarray(history["val_loss"])
        epochs = np.arange(1, len(training) + 1)
        apart = validation > training
        axis.fill_between(epochs, training, validation, apart, interpolate=True, color="0.87", label="gap")
        _curve(axis, _placed(training), "training", "-", "o")
        _curve(axis, _placed(validation), "validation", "--", "s")
        best = int(np.argmin(validation))
        axis.axvline(best + 1, color="0.5", linewidth=1, linestyle=":")
        axis.set_title(f"{name}: lowest {validation[best]:.3f} at epoch {best + 1}", fontsize=10)
        axis.set_xlabel("epoch")
    top = max(float(np.max(history["val_loss"])) for history in histories.values())
    axes[0].set_ylim(0, 1.1 * top)
    axes[0].set_ylabel("cross-entropy (nats)")
    axes[-1].legend(frameon=False, fontsize=9)
    return figure


def histogram(
    values: Mapping[str, np.ndarray], edges: np.ndarray, title: str = "", xlabel: str = "value"
) -> Figure:
    """Histograms of several sets of values in one frame, in per cent of each set, on a logarithmic scale.

    values : name to values of any shape; those outside the edges are counted, but not drawn
    edges : borders of the bins, rising
    """
    figure = titled(title, 9, 4.5)
    axis = figure.subplots()
    for number, (name, numbers) in enumerate(values.items()):
        numbers = np.asarray(numbers).ravel()
        share = 100 * np.histogram(numbers, edges)[0] / max(numbers.size, 1)
        dash, shade = DASHES[number % len(DASHES)], str(0.25 * (number % 3))
        axis.stairs(share, edges, linewidth=1.6, label=name, linestyle=dash, color=shade)
    axis.set_yscale("log")
    axis.set_xlabel(xlabel)
    axis.set_ylabel("% of all values")
    axis.legend(frameon=False)
    return figure


def _placed(values: Line) -> dict[float, float]:
    """Values by their places; without places, by epochs that are counted from 1."""
    if isinstance(values, Mapping):
        return {float(place): float(value) for place, value in values.items()}
    return {float(epoch): float(value) for epoch, value in enumerate(values, start=1)}


def _curve(
    axis: Axes, values: Mapping[float, float], label: str, dash: Any, marker: str, color: str = "black"
) -> None:
    """Values at their places as a line, with a marker at about every tenth of them."""
    every = max(1, len(values) // 10)
    (line,) = axis.plot(list(values), list(values.values()), linestyle=dash, color=color, label=label)
    line.set(marker=marker, markersize=4, markevery=every)
    if axis.get_xscale() == "linear":
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def _enlarge(axis: Axes, curves: Sequence[Line2D], bottom: float, height: float = 0.42) -> None:
    """Curves from epoch 2 on once more, enlarged, in the middle of the frame if they leave it empty.

    bottom, height : where the enlargement lies, as shares of the frame
    """
    lines = [(line, np.asarray(line.get_xdata()) >= 2) for line in curves]
    low, high = axis.get_ylim()
    later = [(np.asarray(line.get_ydata())[late] - low) / (high - low) for line, late in lines]
    places = np.concatenate([[], *later])
    crossed = (places > bottom - 0.05) & (places < bottom + height + 0.05)
    if min(map(len, later), default=0) < 4 or not np.isfinite(places).all() or crossed.any():
        return
    inset = axis.inset_axes((0.34, bottom, 0.63, height))
    for line, late in lines:
        x, y = (np.asarray(values)[late] for values in line.get_data())
        (again,) = inset.plot(x, y, color=line.get_color(), linestyle=line.get_linestyle())
        again.set(marker=line.get_marker(), markersize=3, markevery=line.get_markevery())
    inset.xaxis.set_major_locator(MaxNLocator(integer=True))
    inset.tick_params(labelsize=8)
    inset.set_title("from epoch 2 on, enlarged", fontsize=8, pad=2)


def _level(axis: Axes, value: float, label: str, below: bool = False) -> None:
    """A dotted line across the frame with its name on it, at the right end."""
    axis.axhline(value, **_DOTTED)
    axis.annotate(
        label,
        (0.99, value),
        xytext=(0, -3 if below else 3),
        textcoords="offset points",
        ha="right",
        va="top" if below else "bottom",
        **_BESIDE,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
        zorder=5,
    )
