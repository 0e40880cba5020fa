"""Relations between the values themselves: factors, offsets, functions, roundings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from labkit.check.relations.relation import Relation, alike, precision_of, wide

_NUMBER = math.log2(1e6)  # bits of a number that is measured, not named

#: Factors that have a name: (value, what is said of the answer).
_FACTORS = (
    (2.0, "every value is twice what it should be: is a factor ½ missing?"),
    (0.5, "every value is half of what it should be: is there a factor ½ too many, or one of 2 missing?"),
    (255.0, "every value is 255 times too large: are the pixels divided by 255?"),
    (1 / 255, "every value is 255 times too small: are the pixels divided by 255 twice?"),
    (1 / 255**2, "every value is 255² times too small: are the pixels divided by 255 more than once?"),
    (100.0, "every value is 100 times too large: percent where a share is asked for?"),
    (0.01, "every value is 100 times too small: a share where percent are asked for?"),
    (
        1 / math.log(2),
        "every value is 1.4427 times too large: is it log2 where the natural logarithm is meant?",
    ),
    (
        math.log(2),
        "every value is 1.4427 times too small: is it the natural logarithm where log2 is meant?",
    ),
    (
        1 / math.log(10),
        "every value is 2.3026 times too small: is it log10 where the natural logarithm is meant?",
    ),
    (
        math.log(10),
        "every value is 2.3026 times too large: is it the natural logarithm where log10 is meant?",
    ),
    (180 / math.pi, "every value is 180/π times too large: degrees where radians are asked for?"),
    (math.pi / 180, "every value is 180/π times too small: radians where degrees are asked for?"),
    (2 * math.pi, "every value is 2π times too large"),
    (1 / (2 * math.pi), "every value is 2π times too small"),
)


def candidates(answer: np.ndarray, expected: np.ndarray, sizes: Mapping[int, str]) -> Iterator[Relation]:
    """Relations of values that may hold, the simplest first; `sizes` names numbers such as that of the rows."""
    yield from _rounded(answer, expected)
    if alike(answer, expected, precision_of(answer)):
        return  # what is wrong is less than what the other relations are compared by
    yield from _constant(answer, expected)
    yield _always("sign", "every value has the wrong sign", np.negative)
    yield from _named_factors(sizes, one_less=not _shares(answer, expected, sizes))
    if answer.dtype.kind == "c" or expected.dtype.kind == "c":
        yield from _complex()
        return
    yield from _functions(expected)
    yield from _along_axes(expected)
    if expected.size > 1:
        yield from _measured(answer, expected)


def _always(name: str, sentence: str, function, of="expected") -> Relation:
    return Relation(name, sentence, sentence, function, of)


def _times(factor: float, values: np.ndarray) -> np.ndarray:
    return factor * wide(values)


# --- factors ------------------------------------------------------------------------------------------------


def _shares(answer: np.ndarray, expected: np.ndarray, sizes: Mapping[int, str]) -> bool:
    """Whether two single numbers are shares of something counted, 7/30 and 6/30: then 7/6 says nothing."""
    counted = math.prod(sizes) if expected.size == 1 else 10_000
    parts = wide(np.array([answer, expected])) * counted if counted < 10_000 else np.array([0.5])
    return bool(np.all(np.abs(parts - np.round(parts.real)) < 1e-6))


def _named_factors(sizes: Mapping[int, str], one_less: bool) -> Iterator[Relation]:
    for factor, sentence in _FACTORS:
        yield _always(f"factor {factor:.4g}", sentence, partial(_times, factor))
    cost = math.log2(1 + len(sizes))
    for size, what in sizes.items():
        for factor, sentence, general in (
            (size, f"{size} times too large everywhere; {size} is {what}: is it the sum where the mean is asked for?",
             "the sum where the mean is asked for?"),
            (1 / size, f"{size} times too small everywhere; {size} is {what}: is it the mean where "
             "the sum is asked for, or divided twice?", "the mean where the sum is asked for, or divided twice?"),
            (math.sqrt(size), f"√{size} times too large everywhere; {size} is {what}: is it divided by the root?",
             "a root of their number too large?"),
            (1 / math.sqrt(size), f"√{size} times too small everywhere; {size} is {what}: a root too many?",
             "a root of their number too small?"),
        ):  # fmt: skip
            summary = f"every value is off by one factor: {general}"
            yield Relation(f"factor {what}", sentence, summary, partial(_times, factor), cost=cost)
        if size > 1 and one_less:
            for factor in (size / (size - 1), (size - 1) / size):
                over = "n - 1 where n" if factor > 1 else "n where n - 1"
                sentence = f"every value is divided by {over} is right; n = {size} is {what}"
                summary = f"every value is divided by {over} is right"
                yield Relation("n - 1", sentence, summary, partial(_times, factor), cost=cost)


def _measured(answer: np.ndarray, expected: np.ndarray) -> Iterator[Relation]:
    """Factor, offset, and both, measured where the values tell most."""
    a, e = wide(answer), wide(expected)
    if a.shape != e.shape or np.iscomplexobj(a) or np.iscomplexobj(e):
        return
    place = np.unravel_index(int(np.argmax(np.abs(e))), e.shape)
    if e[place] and a[place]:
        factor = float(a[place] / e[place])
        large, shown = ("large", factor) if abs(factor) >= 1 else ("small", 1 / factor)
        sentence = f"every value is {shown:.6g} times too {large}"
        summary = "every value is off by one and the same factor"
        yield Relation("factor", sentence, summary, partial(_times, factor), cost=_NUMBER)
    offset = float(np.median(a - e))
    if offset:
        sentence = f"every value is {abs(offset):.6g} too {'large' if offset > 0 else 'small'}"
        if abs(offset) == 1 and expected.dtype.kind in "iu":
            sentence += ": is it counted from 1 where it should be from 0, or the other way round?"
        summary = "every value is off by one and the same number"
        cost = 1.0 if abs(offset) == 1 else _NUMBER
        yield Relation("offset", sentence, summary, lambda v: wide(v) + offset, cost=cost)
    low, high = (np.unravel_index(int(find(e)), e.shape) for find in (np.argmin, np.argmax))
    if e[high] != e[low]:
        slope = float((a[high] - a[low]) / (e[high] - e[low]))
        start = float(a[low] - slope * e[low])
        sentence = f"every value is {slope:.6g} · the right one {'+' if start >= 0 else '-'} {abs(start):.6g}"
        if slope and e.size >= 5:
            yield Relation(
                "affine",
                sentence + ": is it scaled or shifted to another range?",
                "every value is scaled and shifted in the same way",
                lambda v: slope * wide(v) + start,
                cost=2 * _NUMBER,
            )


# --- functions ----------------------------------------------------------------------------------------------


def _functions(expected: np.ndarray) -> Iterator[Relation]:
    inside = bool(np.all((expected >= 0) & (expected <= 1)))
    table = [
        ("complement", "every value is 1 minus the right one", lambda v: 1 - wide(v)),
        ("reciprocal", "every value is 1 divided by the right one", lambda v: 1 / wide(v)),
        ("square", "every value is the square of the right one: is a root missing?", lambda v: wide(v) ** 2),
        ("root", "every value is the root of the right one: is a square missing?", lambda v: np.sqrt(wide(v))),
        ("exponential", "every value is exp of the right one: is a logarithm missing?", lambda v: np.exp(wide(v))),
        ("logarithm", "every value is the logarithm of the right one", lambda v: np.log(wide(v))),
        ("cube", "every value is the third power of the right one", lambda v: wide(v) ** 3),
        ("sigmoid", "every value is the sigmoid of the right one: is it applied once too often?", _sigmoid),
        ("tanh", "every value is tanh of the right one: is it applied once too often?", lambda v: np.tanh(wide(v))),
        ("logit", "every value is the logit of the right one: is the sigmoid missing?", _logit),
        ("one more", "every value is log(1 + x) of the right one x", lambda v: np.log1p(wide(v))),
        ("absolute", "the values are right but for their sign: is an absolute value taken?", lambda v: np.abs(wide(v))),
        ("negative", "negative values are cut off at 0", lambda v: np.maximum(wide(v), 0)),
        ("clipped", "values are cut off below 0 and above 1", lambda v: np.clip(wide(v), 0, 1)),
        ("overflow", "the values are the right ones modulo 256: did uint8 overflow?", lambda v: wide(v) % 256),
    ]  # fmt: skip
    for name, sentence, function in table:
        yield _always(name, sentence, function)
    yield _always("not absolute", "the values are right but for their sign: is an absolute value missing?",
                  lambda v: np.abs(wide(v)), "answer")  # fmt: skip
    yield _always("not cut off", "negative values should be 0: is a relu or a maximum missing?",
                  lambda v: np.maximum(wide(v), 0), "answer")  # fmt: skip
    if inside:
        yield _always("not clipped", "values should be cut off below 0 and above 1",
                      lambda v: np.clip(wide(v), 0, 1), "answer")  # fmt: skip


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-wide(values)))


def _logit(values: np.ndarray) -> np.ndarray:
    return np.log(wide(values) / (1 - wide(values)))


def softmax(values: np.ndarray, axis: int) -> np.ndarray:
    """Softmax along an axis."""
    powers = np.exp(wide(values) - np.max(wide(values), axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _along_axes(expected: np.ndarray) -> Iterator[Relation]:
    """Functions of whole rows or columns."""
    for axis in range(expected.ndim - 1, -1, -1):
        if expected.shape[axis] < 2:
            continue
        of = line(axis, expected.ndim)
        along = [
            ("softmax", f"the answer is the softmax of the right values over {of}: is it taken once too often?",
             partial(softmax, axis=axis), "expected"),
            ("no softmax", f"the softmax of the answer over {of} gives the right values: it is missing",
             partial(softmax, axis=axis), "answer"),
            ("no logarithm of softmax", f"the logarithm of the softmax over {of} is missing",
             lambda v, axis=axis: np.log(softmax(v, axis)), "answer"),
            ("not normalised", f"the answer divided by its sum over {of} is right: is it normalised?",
             lambda v, axis=axis: wide(v) / wide(v).sum(axis=axis, keepdims=True), "answer"),
            ("normalised", f"the right values divided by their sum over {of} came: is it normalised once too often?",
             lambda v, axis=axis: wide(v) / wide(v).sum(axis=axis, keepdims=True), "expected"),
            ("not of length 1", f"the answer divided by its length over {of} is right",
             lambda v, axis=axis: wide(v) / np.linalg.norm(wide(v), axis=axis, keepdims=True), "answer"),
            ("length 1", f"the right values divided by their length over {of} came",
             lambda v, axis=axis: wide(v) / np.linalg.norm(wide(v), axis=axis, keepdims=True), "expected"),
            ("mean not subtracted", f"the answer minus its mean over {of} is right",
             lambda v, axis=axis: wide(v) - wide(v).mean(axis=axis, keepdims=True), "answer"),
            ("mean subtracted", f"the right values minus their mean over {of} came",
             lambda v, axis=axis: wide(v) - wide(v).mean(axis=axis, keepdims=True), "expected"),
            ("maximum subtracted", f"the right values minus their maximum over {of} came",
             lambda v, axis=axis: wide(v) - wide(v).max(axis=axis, keepdims=True), "expected"),
            ("cumulative", f"the right values are added up along {of}",
             lambda v, axis=axis: np.cumsum(wide(v), axis=axis), "expected"),
            ("not cumulative", f"the answer added up along {of} is right",
             lambda v, axis=axis: np.cumsum(wide(v), axis=axis), "answer"),
            ("sorted", f"the right values came, but sorted along {of}",
             lambda v, axis=axis: np.sort(v, axis=axis), "expected"),
        ]  # fmt: skip
        for name, sentence, function, side in along:
            yield _always(name, sentence, function, side)


def line(axis: int, ndim: int) -> str:
    """What runs along an axis, in words."""
    if ndim == 1:
        return "all values"
    if ndim == 2:
        return "each row" if axis == 1 else "each column"
    return "the last axis" if axis == ndim - 1 else f"axis {axis}"


def _complex() -> Iterator[Relation]:
    yield _always("conjugate", "every value is the complex conjugate of the right one", np.conj)
    yield _always(
        "real part", "only the real part of each value came", lambda v: np.real(v) + 0j * np.real(v)
    )
    yield _always("real values", "only the real part of each value came", np.real)
    yield _always("imaginary part", "only the imaginary part of each value came", np.imag)
    yield _always("modulus", "the absolute value of each complex number came", np.abs)
    yield _always("phase", "the angle of each complex number came", np.angle)


# --- precision ----------------------------------------------------------------------------------------------


def _rounded(answer: np.ndarray, expected: np.ndarray) -> Iterator[Relation]:
    """Roundings that can be seen: every value lies on a grid, as near to the right one as the grid allows."""
    a, e = wide(answer), wide(expected)
    if a.shape != e.shape or a.size < 4 or not np.all(np.isfinite(a)) or expected.dtype.kind != "f":
        return
    if not np.any(a):  # nothing came: that is no rounding
        return
    near = 4 * float(np.finfo(answer.dtype).eps) * (1 + np.abs(a)) if answer.dtype.kind == "f" else 0.0
    off = np.abs(a - e)
    for digits in range(7):
        step = 10.0**-digits
        if step < 20 * np.max(near):
            break
        if not np.all(np.abs(a - np.round(a, digits)) <= near) or not np.all(off < step + near):
            continue
        what = f"{digits} digit{'s' * (digits > 1)} after the point" if digits else "whole numbers"
        ways: tuple[tuple[str, str, Callable[..., np.ndarray]], ...] = (
            ("rounded", "rounded", lambda v, digits=digits: np.asarray(np.round(v, digits))),
            ("cut off", "cut off", lambda v, step=step: np.trunc(wide(v) / step) * step),
            ("rounded down", "rounded down", lambda v, step=step: np.floor(wide(v) / step) * step),
        )
        for name, verb, function in ways:
            if np.all(np.abs(np.asarray(function(e)) - a) <= near + 1e-12):
                sentence = f"every value is {verb} to {what}"
                if answer.dtype.kind != "f":
                    sentence += f": the dtype is {answer.dtype}"
                summary = f"every value is {verb}"
                yield Relation(name, sentence, summary, function, seen=np.unique(e).size > 3)
        break
    size = np.maximum(np.abs(e), 0.05 * np.max(np.abs(e)))
    if np.array_equal(a, _half(a)) and np.all(off <= 2**-9 * size) and np.unique(a).size > 3:
        sentence = "the values are only as exact as half precision (float16) is"
        yield Relation("half precision", sentence, sentence, _half, seen=True)


def _half(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return values.astype(np.float16).astype(np.float64)


def _constant(answer: np.ndarray, expected: np.ndarray) -> Iterator[Relation]:
    """An answer that is the same everywhere."""
    if answer.size >= 4 and np.all(answer == answer.flat[0]) and np.unique(expected).size > 2:
        value = answer.flat[0]
        summary = "every value is the same"
        sentence = f"every value is the same, {value:.6g}" if answer.dtype.kind in "iuf" else summary
        yield Relation("constant", sentence, summary, lambda v: np.full_like(answer, value), seen=True)
