"""What is said beside the messages of NumPy that students meet most: the real messages, and what they are told."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.check.advice import advice

X = np.ones((6, 4))


def _refused():
    raise PermissionError(1, "Operation not permitted")


def in_place():
    images = np.ones(3, np.uint8)
    images /= 255


def read_only():
    x = np.ones(3)
    x.flags.writeable = False
    x[0] = 1


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: X - X.max(axis=1), "keepdims=True"),
        (lambda: X + np.ones((6, 5)), "aligned from the right, and must be equal there"),
        (in_place, "which stays uint8"),
        (lambda: X @ X, "is a transpose"),
        (lambda: np.dot(X, X), "product of (6,4) and (6,4)"),
        (lambda: X[1.0], "whole numbers"),
        (lambda: X[np.ones(2)], "whole numbers"),
        (lambda: float(X), "a mean or a sum"),
        (lambda: bool(X > 0), "`.all()` or `.any()`"),
        (read_only, "work on a copy"),
        (lambda: None + 1, "is None"),
        (lambda: None.shape, "is None"),
        (lambda: {}["a"], ""),
        (_refused, "start no other process"),
    ],
)
def test_the_message_is_explained(act, said):
    with pytest.raises(Exception) as error:
        act()
    found = advice(str(error.value))
    assert said in found and bool(said) == bool(found)
