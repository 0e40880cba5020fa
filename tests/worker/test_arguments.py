"""Whether a call changed what it was given, and what a signature says where nothing is given."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.worker.arguments import Arguments, defaults

BIG = np.zeros(5_000_000)


def negate(x):
    x *= -1


def leave(x, y=None):
    return -x


def first_of(values):
    values.sort()
    return values[0]


def reshape(x):
    x.shape = (-1,)


def put(table):
    table["b"] = 1


def nested(parts):
    parts[1][0] = 9


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "changed"),
    [
        (leave, [np.ones(3)], {}, []),
        (leave, [np.array([np.nan, 1])], {"y": [1, 2]}, []),
        (negate, [np.ones(3)], {}, ["x"]),
        (negate, [np.zeros(3)], {}, ["x"]),  # to -0.0
        (negate, [], {"x": np.ones((2, 2), np.float32)}, ["x"]),
        (reshape, [np.ones((2, 2))], {}, ["x"]),
        (first_of, [[3, 1, 2]], {}, ["values"]),
        (first_of, [[1, 2, 3]], {}, []),
        (put, [{"a": np.ones(2)}], {}, ["table"]),
        (nested, [([1], [2, 3])], {}, ["parts"]),
        (np.ndarray.sort, [np.array([2, 1])], {}, ["self"]),
        (lambda *parts: negate(parts[1]), [np.ones(2), np.ones(2)], {}, ["argument 2"]),
        (lambda x: x.__iadd__(1), [BIG.copy()], {}, ["x"]),
        (leave, [BIG], {}, []),
    ],
)
def test_what_a_call_changes_is_named(function, args, kwargs, changed):
    given = Arguments(function, args, kwargs)
    function(*args, **kwargs)
    assert given.changed() == changed


def test_a_signature_is_told_as_far_as_it_is_plain():
    def asked(
        x, size=2, hidden=(512, 512), activation="relu", start=None, weights=BIG, *more, l2=0.0, **rest
    ):
        return x

    assert defaults(asked) == {
        **{"x": [], "size": [2], "hidden": [(512, 512)], "activation": ["relu"], "start": [None], "l2": [0.0]}
    }
    assert defaults(None) == {} and defaults(3) == {}
