"""What becomes of an answer on its way to the grader, whatever it is; and of what the grader sends."""

from __future__ import annotations

import enum

import numpy as np
import pytest

from labkit.worker import Handle, Limits, ModelSpec, Opaque, Worker
from labkit.worker.objects import Objects, described
from labkit.worker.tree import MAX_STRING, WireError, crossed


class Verdict(enum.StrEnum):
    GOOD = "good"


class Level(enum.IntEnum):
    HIGH = 3


def arrived(answer):
    """The answer as the grader gets it, and the types that were read as arrays."""
    objects = Objects()
    return crossed(answer, objects.instead), objects.converted


def nested(levels: int, answer=1.0):
    for _ in range(levels):
        answer = {"a": answer}
    return answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Verdict.GOOD, "good"),
        ([Level.HIGH], [3]),
        (np.float64(2.5), 2.5),
        ({np.int64(3): np.str_("x")}, {3: "x"}),
        (np.array(["a", "b"]), ["a", "b"]),
        ("x" * (MAX_STRING + 1), "x" * MAX_STRING),
        (2**63, Opaque("int", "it does not fit into 64 bits")),
        ({(0, 1): 2}, Opaque("dict", "its keys are neither strings nor integers")),
        ({True: 2}, Opaque("dict", "its keys are neither strings nor integers")),
        ({1, 2}, Opaque("set")),
        (np.array([None]), Opaque("ndarray", "its dtype is object")),
        ([1j], [Opaque("complex")]),
        (dict.fromkeys(range(50_001)), Opaque("dict", "it is too long or nested too deep")),
        ([{}] * 50_001, Opaque("list", "it is too long or nested too deep")),
    ],
    ids=range(14),
)
def test_an_answer_is_data_or_named_by_its_type(answer, expected):
    assert arrived(answer) == (expected, [])


def test_what_came_as_something_else_is_told():
    class Tensor:
        def numpy(self):
            return np.arange(3)

    assert isinstance(arrived(np.longdouble(1))[0], Opaque)

    class Broken(Tensor):
        def numpy(self):
            raise MemoryError

    answer, converted = arrived([Tensor(), np.matrix([[1.0]]), range(2), [0.5] * 60_000, Broken()])
    assert [type(part) for part in answer] == [np.ndarray, np.ndarray, Opaque, np.ndarray, Opaque]
    assert converted == ["Tensor", "matrix", "list"] and answer[3].shape == (60_000,)


def test_nesting_is_counted_alike_on_both_sides():
    assert arrived(nested(32))[0] == nested(32)
    assert arrived(nested(33))[0] == nested(32, Opaque("dict", "it is too long or nested too deep"))


def test_nothing_is_shared_with_what_arrived():
    sent = {"a": np.zeros(3)}
    crossed(sent)["a"][:] = 1
    assert sent["a"].sum() == 0


def test_a_handle_is_its_object_again_and_a_lost_one_is_told():
    objects = Objects()
    thing = object()
    objects.begin()
    assert crossed([objects.keep(thing)], revive=objects.revive)[0] is thing
    crossed(Handle(9), revive=objects.revive)
    with pytest.raises(KeyError):
        objects.begin()
    objects.begin()


def test_a_check_sends_data_and_live_models_only():
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert isinstance(crossed({"model": model}, described)["model"], ModelSpec)
    with pytest.raises(WireError, match="a set cannot be sent"):
        crossed([{1}], described)


STRANGE = """
import numpy as np

class Shy(dict):
    def items(self):
        raise KeyError("no")

def shy():
    return Shy(a=1)

def large():
    return [np.zeros(20_000_000), np.zeros(20_000_000)]

def endless():
    return [np.broadcast_to(1.0, 10**12), np.broadcast_to(np.zeros(1, "f8,f8"), 10**12)]

def many():
    return [[0.0] * 40_000] * 11
"""


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("shy", "it could not be read: KeyError"),
        ("large", "it holds 0.3 GB; at most 0.3 GB are read"),
        ("many", "it has more than 400000 parts"),
    ],
)
def test_an_answer_that_cannot_be_sent_costs_only_itself(function, reason):
    with Worker() as worker:
        worker.ask(Limits(), verb="load", cells=[["lab.py", STRANGE]])
        for _ in range(2):
            answer = worker.ask(Limits(), verb="call", function=function, args=[], kwargs={})
            assert answer["value"] == Opaque("value", reason)
        huge = worker.ask(Limits(), verb="call", function="endless", args=[], kwargs={})["value"]
    assert [thing.reason for thing in huge] == [
        "it holds 8000.0 GB; at most 0.2 GB are read",
        "it holds 16000.0 GB; at most 0.2 GB are read",
    ]
