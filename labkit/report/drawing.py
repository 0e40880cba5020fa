"""Figures of a record as templates draw them: places in a box, the finding in words, and the numbers as a table."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec.structs import replace

from labkit.record import Bars, Confusion, Curves, Figure, Images
from labkit.report.environment import number, texts
from labkit.text import one_line

_WIDTH, _LEFT, _RIGHT, _TOP = 640, 54, 130, 30  # of a chart, and its margins


@dataclass(frozen=True)
class Drawing:
    """A figure in a box of that size: its title, the finding that stands for it where it cannot be seen, its numbers
    as a table, and what its macro needs to draw it.
    """

    kind: str
    title: str
    finding: str
    head: Sequence[object]
    rows: Sequence[Sequence[object]]
    width: float
    height: float
    marks: dict[str, Any] = field(default_factory=dict)


def drawing(figure: Figure, language: str = "en") -> Drawing | None:
    """The drawing of a figure; None where its numbers do not fit together."""
    say = _Words(language)
    makers: dict[type, Any] = {Confusion: _confusion, Images: _images, Curves: _curves, Bars: _bars}
    try:
        return makers[type(figure)](_plain(figure), say) if type(figure) in makers else None
    except (ValueError, IndexError, TypeError, OverflowError):  # a record that somebody has edited
        return None


def _plain(figure: Figure) -> Figure:
    """The figure with texts that are safe to show, and short."""
    title = one_line(figure.title, 200)
    match figure:
        case Confusion() | Bars():
            figure = replace(figure, names=tuple(one_line(name, 60) for name in figure.names))
        case Images():
            figure = replace(figure, rows=tuple((one_line(name, 30), row) for name, row in figure.rows))
        case Curves():
            figure = replace(figure, curves=tuple((one_line(name, 60), ys) for name, ys in figure.curves))
    titles = {
        key: one_line(getattr(figure, key), 60) for key in ("x_title", "y_title") if hasattr(figure, key)
    }
    return replace(figure, title=title, **titles)


class _Words:
    """Sentences and numbers of a language."""

    def __init__(self, language: str):
        self.comma = "," if language == "fr" else "."
        self.texts = texts(language)

    def __call__(self, text: str, **values: object) -> str:
        return self.texts.gettext(text) % values if values else self.texts.gettext(text)

    def number(self, value: float) -> str:
        """Four significant digits."""
        size = math.floor(math.log10(abs(value))) if value else 0
        text = number(value, max(3 - size, 0)) if -5 < size < 7 else f"{value:.3g}"
        return text.replace(".", self.comma)


def _confusion(figure: Confusion, say: _Words) -> Drawing:
    counts, names = np.array(figure.counts, int), figure.names
    if counts.shape != (len(names), len(names)) or not counts.size:
        raise ValueError("not square")
    wrong = counts * (1 - np.eye(len(names), dtype=int))
    most = int(wrong.max())
    finding = say(
        "%(right)s of %(all)s examples are right.",
        right=say.number(int(np.trace(counts))),
        all=say.number(int(counts.sum())),
    )
    if most:
        true, taken = np.unravel_index(wrong.argmax(), wrong.shape)
        finding += " " + say(
            "Most confused: %(true)s taken for %(taken)s, %(times)s times.",
            true=names[int(true)],
            taken=names[int(taken)],
            times=say.number(most),
        )
    side, margin = 36, 44
    size = margin + side * len(names)
    marks = {"names": names, "counts": counts.tolist(), "most": most, "side": side, "margin": margin}
    return Drawing(
        "confusion",
        figure.title,
        finding,
        [say("True class"), *(say("taken for %(name)s", name=name) for name in names)],
        [[name, *row] for name, row in zip(names, counts.tolist(), strict=True)],
        size + 2,
        size + 2,
        marks,
    )


def _images(figure: Images, say: _Words) -> Drawing:
    side, gap, left = 64, 4, 72
    pixels = [
        np.stack([np.frombuffer(base64.b64decode(image), np.uint8) for image in images])
        for _, images in figure.rows
    ]
    count = min(map(len, pixels))
    strips: list[dict[str, Any]] = [
        {
            "name": name,
            "y": place * (side + gap),
            "width": len(part) * (side + gap),
            "png": _strip(part, figure),
        }
        for place, ((name, _), part) in enumerate(zip(figure.rows, pixels, strict=True))
    ]
    finding = say("%(count)s images.", count=count)
    rows: list[list[object]] = []
    if len(pixels) == 2:
        first, second = (part[:count].astype(float) / 255 for part in pixels)
        apart = np.sqrt(((first - second) ** 2).mean(axis=1))
        names = {"first": figure.rows[0][0], "second": figure.rows[1][0]}
        finding += " " + say(
            "Between %(first)s and %(second)s a pixel differs by %(mean)s of full ink in the mean (root mean square); "
            "most in image %(worst)s, by %(most)s.",
            **names,
            mean=say.number(round(float(apart.mean()), 3)),
            worst=int(apart.argmax()) + 1,
            most=say.number(round(float(apart.max()), 3)),
        )
        rows = [[place + 1, say.number(round(float(value), 3))] for place, value in enumerate(apart)]
    width = left + max(strip["width"] for strip in strips)
    head = [say("Image"), say("Difference of a pixel")]
    marks = {"strips": strips, "side": side, "left": left}
    return Drawing("images", figure.title, finding, head, rows, width, len(strips) * (side + gap), marks)


def _strip(pixels: np.ndarray, figure: Images) -> str:
    """Images beside each other as one picture, paper white, in base64."""
    from PIL import Image  # Matplotlib's, and wanted where there are pictures alone

    images = 255 - pixels.reshape(len(pixels), figure.height, figure.width)
    gap = np.full((len(images), figure.height, max(figure.width // 16, 1)), 255, np.uint8)
    stream = io.BytesIO()
    strip = np.concatenate([images, gap], axis=2).transpose(1, 0, 2).reshape(figure.height, -1)
    Image.fromarray(strip).save(stream, "png", optimize=True)
    return base64.b64encode(stream.getvalue()).decode()


def _curves(figure: Curves, say: _Words) -> Drawing:
    if not figure.x or not figure.curves or any(len(ys) != len(figure.x) for _, ys in figure.curves):
        raise ValueError("curves and places differ")
    known = [value for _, ys in figure.curves for value in ys if value is not None]
    height, bottom = 270, 46
    across = _Scale(min(figure.x), max(figure.x), _LEFT, _WIDTH - _RIGHT)
    least = 1.0 if all(x == int(x) for x in figure.x) else 0.0  # there is no epoch 1.5
    up = _Scale(min(known), max(known), height - bottom, _TOP, nice=True)
    lines: list[dict[str, Any]] = []
    told, last = [], -math.inf
    for name, ys in figure.curves:
        points = [(x, y) for x, y in zip(figure.x, ys, strict=True) if y is not None]
        if not points:
            continue
        low = min(points, key=lambda point: point[1])
        told.append(
            say(
                "%(name)s goes from %(first)s to %(last)s; its lowest is %(low)s at %(x)s.",
                name=name or say("The curve"),
                first=say.number(points[0][1]),
                last=say.number(points[-1][1]),
                low=say.number(low[1]),
                x=f"{figure.x_title} {say.number(low[0])}".strip(),
            )
        )
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in points)
        lines.append({"name": name[:18], "path": path, "y": up(points[-1][1]), "style": len(lines) % 4})
    for line in sorted(lines, key=lambda line: line["y"]):  # the names at the ends stand apart
        line["y"] = last = max(line["y"], last + 14)
    table = [
        [say.number(x), *("" if (y := ys[i]) is None else say.number(y) for _, ys in figure.curves)]
        for i, x in enumerate(figure.x)
    ]
    marks = {
        "lines": lines,
        "x_ticks": across.ticks(6, say, least),
        "y_ticks": up.ticks(5, say),
        "x_title": figure.x_title,
        "y_title": figure.y_title,
        "right": _WIDTH - _RIGHT,
        "left": _LEFT,
        "floor": height - bottom,
    }
    head = [figure.x_title or say("Place"), *(name for name, _ in figure.curves)]
    return Drawing("curves", figure.title, " ".join(told), head, table, _WIDTH, height, marks)


def _bars(figure: Bars, say: _Words) -> Drawing:
    if not figure.names or len(figure.names) != len(figure.values):
        raise ValueError("names and values differ")
    height, bottom = 230, 32
    up = _Scale(min(0, *figure.values), max(0, *figure.values), height - bottom, _TOP, nice=True)
    bars = [
        (name, round(min(up(value), up(0)), 1), round(abs(up(value) - up(0)), 1))
        for name, value in zip(figure.names, figure.values, strict=True)
    ]
    high, low = int(np.argmax(figure.values)), int(np.argmin(figure.values))
    finding = say(
        "Highest: %(high)s with %(most)s; lowest: %(low)s with %(least)s.",
        high=figure.names[high],
        most=say.number(figure.values[high]),
        low=figure.names[low],
        least=say.number(figure.values[low]),
    )
    rows = [[name, say.number(value)] for name, value in zip(figure.names, figure.values, strict=True)]
    marks = {
        "bars": bars,
        "y_ticks": up.ticks(5, say),
        "y_title": figure.y_title,
        "left": _LEFT,
        "right": _WIDTH,
        "floor": height - bottom,
        "zero": round(up(0), 1),
    }
    head = [say("Name"), figure.y_title or say("Value")]
    return Drawing("bars", figure.title, finding, head, rows, _WIDTH, height, marks)


class _Scale:
    """Numbers to places on an axis; a `nice` one ends at round numbers."""

    def __init__(self, low: float, high: float, start: float, end: float, nice: bool = False):
        if nice:
            step = _step(low, high, 5)
            low, high = math.floor(low / step) * step, math.ceil(high / step) * step
        self.low, self.start, self.end = low, start, end
        self.span = (high - low) or 1.0

    def __call__(self, value: float) -> float:
        return self.start + (self.end - self.start) * (value - self.low) / self.span

    def ticks(self, about: int, say: _Words, least: float = 0.0) -> list[tuple[float, str]]:
        """Places and words of round numbers, at `least` so far apart."""
        step = max(_step(self.low, self.low + self.span, about), least)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor((self.low + self.span) / step + 1e-9)
        values = [number * step for number in range(first, min(last, first + 20) + 1)]
        return [(round(self(value), 1), say.number(value)) for value in values]


def _step(low: float, high: float, about: int) -> float:
    """A round distance of about so many ticks."""
    rough = ((high - low) or 1.0) / about
    size = 10.0 ** math.floor(math.log10(rough))
    return next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
