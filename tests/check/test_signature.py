"""Equal failures have equal signatures; other ones do not; a signature survives being written down."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from msgspec.structs import replace

from labkit.check.expect.failure import Failure, examining
from labkit.check.signature import SHOWN, signature
from labkit.record.signature import Signature, distance
from labkit.worker import ModelSpec, Opaque, TrainingHistory


def sign(received, kind="values", like=None) -> Signature:
    with examining():
        return signature(Failure(kind, "", received, like=like))


LARGE = np.random.default_rng(0).normal(size=(40, 30))

SAME = [
    (LARGE, LARGE.copy()),
    (LARGE, LARGE * (1 + 1e-6)),
    (LARGE, LARGE.astype("float32")),
    (np.array([1.0, np.nan, -np.inf]), np.array([1.0, np.nan, -np.inf])),
    ([1, 2, 3], [1, 2, 3]),
    ({"a": [1.0, 2.0], "b": None}, {"a": [1.0, 2.0], "b": None}),
    ((LARGE, "text"), (LARGE, "text")),
    (Opaque("Foo", "why"), Opaque("Foo", "why")),
    (TrainingHistory([0, 1], {"loss": [1.0, 2.0]}), TrainingHistory([0, 1], {"loss": [3.0, 4.0]})),
    (np.float32(0.5), 0.5),
    (1 + 2j, 1 + 2j),
]
OTHER = [
    (LARGE, -LARGE),
    (LARGE, LARGE.T),
    (LARGE, LARGE * 1.001),
    (LARGE, LARGE.reshape(-1)),
    (np.array([1.0, np.nan]), np.array([np.nan, 1.0])),
    (np.array([1.0, np.inf]), np.array([1.0, -np.inf])),
    ([1, 2, 3], [1, 2, 4]),
    ([1, 2, 3], [1, 2]),
    ({"a": 1.0}, {"b": 1.0}),
    (("x", 1.0), ("y", 1.0)),
    (None, "None"),
    (Opaque("Foo"), Opaque("Bar")),
    (TrainingHistory([0, 1], {"loss": []}), TrainingHistory([0], {"loss": []})),
    (ModelSpec(problem="a"), ModelSpec(problem="b")),
    (1 + 2j, 2 + 1j),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_failures_are_one_mistake(one, other):
    apart = distance(sign(one), sign(other))
    assert apart is not None and apart < 3e-3


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_failures_are_not(one, other):
    assert distance(sign(one), sign(other)) is None
    assert sign(one).digest != sign(other).digest


def test_the_digest_does_not_mind_the_last_digits():
    assert sign(LARGE).digest == sign(LARGE * (1 + 1e-12)).digest


def test_one_wrong_value_among_thousands_is_seen():
    for at in (0, 617, 1199):
        other = LARGE.copy().reshape(-1)
        other[at] += 1
        assert distance(sign(LARGE), sign(other.reshape(LARGE.shape))) is None


def test_what_was_trained_may_be_off_as_far_as_the_check_says():
    assert distance(sign(0.913, like=0.02), sign(0.925, like=0.02)) is not None
    assert distance(sign(0.913, like=0.02), sign(0.955, like=0.02)) is None


def test_kind_and_place_are_part_of_it():
    assert distance(sign(1.0), sign(1.0, kind="bound")) is None
    assert distance(sign(1.0), replace(sign(1.0), ordinal=7)) is None


@given(arrays(st.sampled_from(["f4", "f8", "i8", "u1", "?", "c16"]), array_shapes(max_dims=4, max_side=9)))
def test_a_signature_is_small_plain_data_and_its_own_likeness(array):
    signed = sign(array)
    assert len(signed.numbers) <= SHOWN
    again = msgspec.json.decode(msgspec.json.encode(signed), type=Signature)
    assert again == signed
    assert distance(signed, again) == 0
