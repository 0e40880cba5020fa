"""Relations between the places of values: transposes, orders, axes, and parts that are right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations, permutations

import numpy as np

from labkit.check.relations.relation import (
    ENOUGH,
    Relation,
    alike,
    bits,
    precision_of,
    tolerance,
    wide,
)

_MOST_ROWS = 2000  # of which an order is looked for
_STATED = 6.0  # bits that it takes to state in which part values are wrong


def candidates(answer: np.ndarray, expected: np.ndarray) -> Iterator[Relation]:
    """Relations of places that may hold, the simplest first."""
    if answer.shape != expected.shape:
        yield from _other_shape(answer, expected)
        return
    yield from _axes(expected)
    yield from _flips(expected)
    yield from _shifts(expected)
    yield from _orders(answer, expected)
    yield from _right_but_for(answer, expected)


def _said(name: str, sentence: str, function: Callable, **how) -> Relation:
    return Relation(name, sentence, how.pop("summary", sentence), function, **how)


# --- shapes -------------------------------------------------------------------------------------------------


def _other_shape(answer: np.ndarray, expected: np.ndarray) -> Iterator[Relation]:
    """The values are right, their shape is not."""
    target = answer.shape
    if answer.size == expected.size:
        ones = [size for size in target if size != 1] == [size for size in expected.shape if size != 1]
        many = len(target) > expected.ndim
        if ones and len(target) != expected.ndim:
            sentence = (
                f"the values are right, but there is an axis too {'many' if many else 'few'}: "
                + ("an axis of length 1 can be left out with squeeze or [:, 0]" if many else "was an axis lost?")
            )  # fmt: skip
            yield _said("axis", sentence, lambda v: v.reshape(target))
        if sorted(target) == sorted(expected.shape):
            for order in permutations(range(expected.ndim)):
                if tuple(expected.shape[axis] for axis in order) == target:
                    yield _transposed(order, expected.ndim)
        if answer.ndim == 1:
            yield _said(
                "flattened", "the values are right, but flattened into one axis", lambda v: v.reshape(-1)
            )
        yield _said(
            "reshaped",
            "the values are right and in order, only the shape is not",
            lambda v: v.reshape(target),
        )
        yield _said(
            "reshaped by columns",
            "the values are right, but they were read column by column",
            lambda v: v.reshape(target, order="F"),
        )
    for axis in range(expected.ndim):
        rest = expected.shape[:axis] + expected.shape[axis + 1 :]
        if rest == target:
            for name, function in (("sum", np.sum), ("mean", np.mean), ("maximum", np.max)):
                sentence = f"the {name} over axis {axis} of the right values came"
                yield _said(f"{name} over an axis", sentence, partial(function, axis=axis))
    if expected.ndim == answer.ndim:
        parts = tuple(slice(0, min(a, b)) for a, b in zip(expected.shape, target, strict=True))
        if all(a <= b for a, b in zip(target, expected.shape, strict=True)) and _agree(
            answer, expected[parts]
        ):
            sentence = "what came is right, but the end is missing"
            yield _said("end missing", sentence, lambda v: v[parts], seen=_tells(answer))
        if all(a >= b for a, b in zip(target, expected.shape, strict=True)) and _agree(
            answer[parts], expected
        ):
            sentence = "the values are right, but more follow them"
            yield _said("more follow", sentence, lambda v: v[parts], of="answer", seen=_tells(expected))


def _agree(a: np.ndarray, b: np.ndarray) -> bool:
    return a.size > 0 and alike(a, b, precision_of(a))


def _tells(values: np.ndarray) -> bool:
    return np.unique(values).size > 3


# --- axes and orders ----------------------------------------------------------------------------------------


def _axes(expected: np.ndarray) -> Iterator[Relation]:
    for order in permutations(range(expected.ndim)):
        if order != tuple(range(expected.ndim)) and tuple(expected.shape[a] for a in order) == expected.shape:
            yield _transposed(order, expected.ndim)
    if expected.ndim > 1:
        yield _said(
            "by columns",
            "the values are right, but in the order of columns where that of rows is meant",
            lambda v: v.reshape(v.shape, order="C").T.reshape(v.shape),
        )
        for axis in range(expected.ndim - 1):  # an image whose rows and columns are swapped while it is flat
            side = math.isqrt(expected.shape[-1])
            if axis == 0 and side * side == expected.shape[-1] and side > 1:
                yield _said(
                    "flattened by columns",
                    f"each row holds the {side}×{side} values of a square in the order of its columns",
                    lambda v, side=side: np.swapaxes(v.reshape(*v.shape[:-1], side, side), -1, -2).reshape(
                        v.shape
                    ),
                    summary="each row holds the values of a square in the order of its columns",
                )


def _transposed(order: tuple[int, ...], ndim: int) -> Relation:
    moved = [axis for axis in range(ndim) if order[axis] != axis]
    if ndim == 2:
        name, sentence = "transpose", "the answer is the transpose of the right one"
    elif order == tuple(reversed(range(ndim))):
        name, sentence = "axes reversed", "the axes are in reverse order"
    elif len(moved) == 2:
        name, sentence = "axes swapped", f"the axes {moved[0]} and {moved[1]} are swapped"
    else:
        name, sentence = "axes in another order", f"the axes are in another order: {list(order)}"
    summary = "the axes are in another order" if ndim > 2 else sentence
    return _said(name, sentence, partial(np.transpose, axes=order), summary=summary)


def _flips(expected: np.ndarray) -> Iterator[Relation]:
    several = [axis for axis in range(expected.ndim) if expected.shape[axis] > 1]
    for count in range(1, len(several) + 1):
        for axes in combinations(several, count):
            if count == 1:
                of = _name(axes[0], expected.ndim)
                sentence = f"the order of the {of} is reversed"
            else:
                sentence = (
                    f"the order is reversed along the axes {', '.join(map(str, axes))}: turned by 180°?"
                )
            yield _said("reversed", sentence, partial(np.flip, axis=axes))
    if expected.ndim >= 2 and expected.shape[-1] == expected.shape[-2] > 1:
        for turns in (1, 3):
            sentence = f"the last two axes are turned by 90° {'left' if turns == 1 else 'right'}"
            yield _said("turned", sentence, partial(np.rot90, k=turns, axes=(-2, -1)))


def _name(axis: int, ndim: int) -> str:
    if ndim == 1:
        return "values"
    if ndim == 2:
        return "rows" if axis == 0 else "columns"
    return f"values along axis {axis}"


def _shifts(expected: np.ndarray) -> Iterator[Relation]:
    for axis in range(expected.ndim):
        length, of = expected.shape[axis], _name(axis, expected.ndim)
        if length < 3:
            continue
        for step in range(1, min(length, 33)):
            for shift in (step, -step):
                summary = f"the {of} are shifted"
                sentence = f"the {of} are shifted by {step} to the {'end' if shift > 0 else 'beginning'}"
                cost = math.log2(2 * length)
                if shift > 0 or step < length - step:
                    rolled = f"{sentence}, and what falls off comes back at the other end"
                    yield _said(
                        "rolled", rolled, partial(np.roll, shift=shift, axis=axis), summary=summary, cost=cost
                    )
                if step < length / 2:
                    filled = f"{sentence}, and zeros follow"
                    yield _said(
                        "shifted",
                        filled,
                        partial(_shifted, shift=shift, axis=axis),
                        summary=summary,
                        cost=cost,
                    )


def _shifted(values: np.ndarray, shift: int, axis: int) -> np.ndarray:
    moved = np.roll(values, shift, axis)
    gone = slice(0, shift) if shift > 0 else slice(shift, None)
    moved[(slice(None),) * axis + (gone,)] = 0
    return moved


def _orders(answer: np.ndarray, expected: np.ndarray) -> Iterator[Relation]:
    """Rows, columns or slices of another axis that all came, in another order."""
    for axis in range(expected.ndim):
        length = expected.shape[axis]
        if not 3 <= length <= _MOST_ROWS:
            continue
        order = _order(np.moveaxis(wide(answer), axis, 0), np.moveaxis(wide(expected), axis, 0))
        if order is None:
            continue
        sentence = f"the {_name(axis, expected.ndim)} are right, but in another order"
        cost = math.lgamma(length + 1) / math.log(2)
        yield _said("permuted", sentence, partial(np.take, indices=order, axis=axis), cost=cost)


def _order(answer: np.ndarray, expected: np.ndarray) -> np.ndarray | None:
    """Which of the expected slices each slice of the answer is; None where they are not the same ones."""
    a, e = answer.reshape(len(answer), -1), expected.reshape(len(expected), -1)
    if np.iscomplexobj(a) or np.iscomplexobj(e) or not np.all(np.isfinite(a)):
        return None
    # a random direction sorts the slices of both sides alike, whatever rounding does to single values
    direction = np.random.default_rng(0).normal(size=a.shape[1])
    one, two = np.argsort(a @ direction, kind="stable"), np.argsort(e @ direction, kind="stable")
    order = np.empty(len(a), int)
    order[one] = two
    return order if alike(e[order], a, precision_of(answer)) else None


# --- parts --------------------------------------------------------------------------------------------------


def _right_but_for(answer: np.ndarray, expected: np.ndarray) -> Iterator[Relation]:
    """All is right but a part that has a name."""
    a, e = wide(answer), wide(expected)
    if np.iscomplexobj(a) or np.iscomplexobj(e) or a.size < 4:
        return
    size = np.abs(e)
    wrong = ~(np.abs(a - e) <= 1e-4 * (size + 0.01 * np.max(size)))
    if not np.any(wrong) or np.mean(wrong) > 0.75:
        return
    known = bits(e, tolerance(e.size, precision_of(answer)))
    for name, sentence, summary, part in _parts(wrong, e):
        # all that is wrong lies there, most of what lies there is wrong, and the rest is not right by chance
        if np.all(part[wrong]) and np.mean(wrong[part]) > 0.5 and known * np.mean(~part) - _STATED >= ENOUGH:
            with_answer = partial(np.where, part, answer)
            yield _said(name, sentence, with_answer, summary=summary, seen=True)


def _parts(wrong: np.ndarray, expected: np.ndarray) -> Iterator[tuple[str, str, str, np.ndarray]]:
    shape, ndim = wrong.shape, wrong.ndim
    for axis in range(ndim):
        length = shape[axis]
        if length < 3:
            continue
        bad = np.flatnonzero(np.any(wrong, axis=tuple(other for other in range(ndim) if other != axis)))
        of, one = _name(axis, ndim), _name(axis, ndim).removesuffix("s")
        part = np.zeros(shape, bool)
        part[(slice(None),) * axis + (bad,)] = True
        if len(bad) > length / 2:
            continue
        if bad[-1] == length - 1 and len(bad) == bad[-1] - bad[0] + 1:
            many = f"the last {len(bad)} of {length} {of}" if len(bad) > 1 else f"the last of {length} {of}"
            hint = (
                ": is a last batch that is smaller left out or treated like the others?" if axis == 0 else ""
            )
            if len(bad) == 1 and axis == 0:
                hint = ": does a loop end too early?"
            yield "last", f"right but for {many}{hint}", f"right but for the last {of}", part
        elif bad[0] == 0 and len(bad) == bad[-1] + 1:
            many = f"the first {len(bad)} of {length} {of}" if len(bad) > 1 else f"the first of {length} {of}"
            yield "first", f"right but for {many}", f"right but for the first {of}", part
        elif len(bad) == 1:
            sentence = f"right but for {one} {bad[0]} of {length}, counted from 0"
            yield "one", sentence, f"right but for one of the {of}", part
        elif len(bad) == length // 2 and np.all(np.diff(bad) == 2):
            yield (
                "every second",
                f"right but for every second of the {of}",
                f"right but for every second of the {of}",
                part,
            )
    image = [axis for axis in range(ndim) if shape[axis] > 2][:2] if ndim == 2 else [1, 2][: ndim - 1]
    if len(image) == 2 and all(shape[axis] > 2 for axis in image):
        part = np.ones(shape, bool)
        inside = [slice(None)] * ndim
        for axis in image:
            inside[axis] = slice(1, -1)
        part[tuple(inside)] = False
        said = "right inside, wrong at the border: are the edges padded as they should be?"
        yield "border", said, said, part
    if ndim == 2 and shape[0] == shape[1]:
        diagonal = np.eye(shape[0], dtype=bool)
        yield "diagonal", "right but for the diagonal", "right but for the diagonal", diagonal
    if 0.1 < np.mean(expected < 0) < 0.9:
        said = "right where the right value is positive, wrong where it is negative"
        yield "negative", said, said, expected < 0
        said = "right where the right value is negative, wrong where it is positive"
        yield "positive", said, said, expected > 0
    if 0.05 < np.mean(expected == 0) < 0.95:
        yield (
            "zeros",
            "right but where the right value is 0",
            "right but where the right value is 0",
            expected == 0,
        )
        yield (
            "not zeros",
            "right only where the right value is 0",
            "right only where the right value is 0",
            expected != 0,
        )
