"""Pictures for a student's page, each by one line of a check: what the grader saw of an answer.

    measured.confusion(outputs(model, x).argmax(axis=1), labels)

They decide nothing. What cannot be drawn (another shape than it should have, no finite number) leaves no picture and no
trace; the expectations of the check say what is wrong with it. A figure of a hidden check stays as hidden as the check.
All of a submission's figures together have 64 KiB; what is more is left out.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from labkit.check.expect.failure import running
from labkit.record.figure import MOST_SIDE, Bars, Confusion, Curves, Figure, Images, Score
from labkit.record.signature import significant
from labkit.text import one_line

_MOST = 12  # figures of a check
_CLASSES = 20
_IMAGES = 10
_PLACES = 100  # of a curve
_SERIES = 8
_DIGITS = 4  # significant ones
Arguments = ParamSpec("Arguments")


def _drawing(make: Callable[Arguments, Figure]) -> Callable[Arguments, None]:
    """Keep the figure with the check that is carried out; what a submission answered may be anything."""

    @wraps(make)
    def kept(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        drawn = running().figures
        with suppress(Exception):
            if len(drawn) < _MOST:
                drawn.append(make(*args, **kwargs))

    return kept


@_drawing
def confusion(
    predicted: np.ndarray, labels: np.ndarray, title: str = "", names: Sequence[object] = range(10)
) -> Figure:
    """Which class was taken for which.

    predicted : (n,) numbers of classes, or (n, classes) outputs, the largest of which counts
    labels : (n,) the true classes, from 0
    names : of the classes
    """
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    if predicted.ndim == 2:
        predicted = predicted.argmax(axis=1)
    counts = np.zeros((len(names), len(names)), int)
    if predicted.shape != labels.shape or len(names) > _CLASSES:
        raise ValueError("a confusion needs a prediction for each label, and few classes")
    np.add.at(counts, (labels.astype(int), predicted.astype(int)), 1)
    return Confusion(title=title, names=_texts(names), counts=tuple(tuple(row) for row in counts.tolist()))


@_drawing
def images(
    x: np.ndarray, y: np.ndarray | None = None, title: str = "", names: tuple[str, str] = ("input", "answer")
) -> Figure:
    """The first ten images, and beneath each what was made of it.

    x, y : (n, h, w) or (n, h * h); ink is large. Each row of images is drawn from 0 (or its smallest value, where that
        is below) to its largest
    """
    shown = [_square(part) for part in (x, y) if part is not None]
    height, width = shown[0].shape[1:]
    if any(part.shape != shown[0].shape for part in shown) or max(height, width) > MOST_SIDE:
        raise ValueError("two rows of small images of one size")
    rows = tuple((name, tuple(map(_pixels, part))) for name, part in zip(_texts(names), shown, strict=False))
    return Images(title=title, width=width, height=height, rows=rows)


@_drawing
def curves(
    values: Mapping[str, Sequence[float] | np.ndarray],
    title: str = "",
    x: Sequence[float] | np.ndarray | None = None,
    x_title: str = "",
    y_title: str = "",
) -> Figure:
    """Curves by name, such as a loss over epochs; of many places a hundred are kept.

    values : name to (n,)
    x : (n,); 1, 2, 3 … if None
    """
    kept = dict(list(values.items())[:_SERIES])
    size = max(np.shape(series)[0] for series in kept.values())
    at = np.unique(np.linspace(0, size - 1, min(size, _PLACES)).round().astype(int))
    places = np.arange(1, size + 1) if x is None else np.asarray(x)
    return Curves(
        title=title,
        x=_numbers(places[at]),
        curves=tuple(
            (one_line(name, 60), tuple(_maybe(series[i]) if i < len(series) else None for i in at))
            for name, series in kept.items()
        ),
        x_title=x_title,
        y_title=y_title,
    )


@_drawing
def bars(values: Mapping[Any, float], title: str = "", y_title: str = "") -> Figure:
    """A bar for each name, such as the accuracy for each digit; at most a hundred."""
    kept = dict(list(values.items())[:_PLACES])
    return Bars(title=title, names=_texts(kept), values=_numbers(kept.values()), y_title=y_title)


@_drawing
def score(value: float, title: str, lower_is_better: bool = False) -> Figure:
    """A number for the leaderboard of this title. It is meant to be seen, also where the check is hidden."""
    (number,) = _numbers([value])
    return Score(title=one_line(title, 60), value=number, lower_is_better=lower_is_better)


def _texts(names: Any) -> tuple[str, ...]:
    return tuple(one_line(name, 60) for name in names)


def _maybe(value: Any) -> float | None:
    number = float(value)
    return significant(number, _DIGITS) if np.isfinite(number) else None


def _numbers(values: Any) -> tuple[float, ...]:
    found = tuple(_maybe(value) for value in values)
    if not found or None in found:
        raise ValueError("numbers that can be drawn are finite")
    return found  # type: ignore[return-value]


def _square(values: Any) -> np.ndarray:
    """The first images as (n, h, w) from 0 to 1."""
    shown = np.asarray(values, float)[:_IMAGES]
    if shown.ndim == 4 and shown.shape[-1] == 1:
        shown = shown[..., 0]
    if shown.ndim == 2:
        side = round(shown.shape[1] ** 0.5)
        shown = shown.reshape(len(shown), side, side)
    if shown.ndim != 3 or not shown.size or not np.isfinite(shown).all():
        raise ValueError("images that can be drawn have shape (n, h, w) and finite values")
    low = min(float(shown.min()), 0.0)
    return (shown - low) / max(float(shown.max()) - low, 1e-12)


def _pixels(image: np.ndarray) -> str:
    return base64.b64encode((image * 255).round().astype(np.uint8).tobytes()).decode()
