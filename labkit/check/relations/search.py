"""Looks for the relation between an answer and what should have come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from labkit.check.relations import of_models, of_places, of_values
from labkit.check.relations.relation import Relation, alike, precision_of
from labkit.worker import ModelSpec

MOST_VALUES = 300_000  # of an answer; of a longer one, nothing is said
_MOST_PARTS = 6


def find_relation(answer: Any, expected: Any, sizes: Mapping[int, str] | None = None) -> Relation | None:
    """The simplest relation between an answer and the expected values that cannot be chance; None where none holds.

    `sizes` names numbers that a factor may be, such as `{12: "the number of rows"}`.
    """
    if isinstance(answer, ModelSpec):
        return _of_models(answer, expected)
    if isinstance(expected, (list, tuple)) and not _numbers(expected):
        return _of_parts(answer, expected, sizes)
    if isinstance(expected, dict) and isinstance(answer, dict) and answer.keys() == expected.keys():
        wrong = [key for key in expected if not _same(answer[key], expected[key])]
        return find_relation(answer[wrong[0]], expected[wrong[0]], sizes) if wrong else None
    one, two = _array(answer), _array(expected)
    if one is None or two is None:
        return None
    found = next(
        (relation for relation in _candidates(one, two, sizes or {}) if relation.holds(one, two)), None
    )
    if found is not None and one.size == 1:
        return replace(found, sentence=found.sentence.replace("every value", "the value"))
    return found


def _of_models(model: ModelSpec, expected: Any) -> Relation | None:
    if model.problem:
        return None
    if isinstance(expected, ModelSpec):
        return of_models.difference(model, expected)
    return of_models.size_difference(model, expected) if type(expected) is int else None


def _candidates(answer: np.ndarray, expected: np.ndarray, sizes: Mapping[int, str]) -> Iterator[Relation]:
    if answer.shape == expected.shape:
        yield from of_values.candidates(answer, expected, sizes)
        if alike(answer, expected, precision_of(answer)):
            return
    yield from of_places.candidates(answer, expected)


def _array(value: Any) -> np.ndarray | None:
    if not isinstance(value, (np.ndarray, np.generic, int, float, list, tuple)):
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    if array.dtype.kind == "b":
        array = array.astype(np.int8)
    usable = array.dtype.kind in "iufc" and 0 < array.size <= MOST_VALUES and array.ndim <= 5
    return array if usable and np.all(np.isfinite(array)) else None


def _numbers(values: Any) -> bool:
    return all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in values)


def _of_parts(answer: Any, expected: Sequence, sizes: Mapping[int, str] | None) -> Relation | None:
    if not isinstance(answer, (list, tuple)) or len(answer) != len(expected):
        return None
    wrong = [n for n, (a, e) in enumerate(zip(answer, expected, strict=True)) if not _same(a, e)]
    if 2 <= len(wrong) <= _MOST_PARTS:
        for order in permutations(wrong):
            if all(_same(answer[n], expected[m]) for n, m in zip(wrong, order, strict=True)):
                sentence = "the parts are right, but in another order"
                return Relation("parts in another order", sentence, sentence, lambda v: v, seen=True)
    return find_relation(answer[wrong[0]], expected[wrong[0]], sizes) if wrong else None


def _same(a: Any, b: Any) -> bool:
    one, two = _array(a), _array(b)
    if one is None or two is None:
        return type(a) is type(b) and isinstance(a, (str, bool)) and a == b
    return alike(one, two, precision_of(one))
