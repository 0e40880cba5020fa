"""Laws of the wire: what is sent arrives unchanged, and whatever else arrives is refused, not believed."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from labkit.worker import models, replies, wire

DTYPES = ["?", "i1", "<i2", ">i4", "<i8", "u1", "<u8", "<f2", ">f4", "<f8", "<c8", "<c16"]
plain = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats() | st.text(max_size=20)
array = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
value = st.recursive(
    plain | array,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(-9, 9), inner, max_size=4)
    ),
    max_leaves=12,
)
json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def same(a, b) -> bool:
    if isinstance(a, np.ndarray):
        native = a.astype(a.dtype.newbyteorder("="))
        return (
            isinstance(b, np.ndarray)
            and native.dtype == b.dtype
            and native.shape == b.shape
            and (native.tobytes() == b.tobytes())
        )
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and (a == b or a != a)


@given(value)
@settings(max_examples=300, deadline=None)
def test_what_is_sent_arrives(thing):
    stream = io.BytesIO(wire.encode(thing))
    assert same(thing, wire.decode(wire.read_frame(stream)))
    assert wire.read_frame(stream) is None


@pytest.mark.parametrize("shape", [(300_001,), (7, 50_000), (0, 4), ()])
def test_arrays_are_writable_and_begin_where_tensorflow_takes_them_over(shape):
    sent = [
        np.ones(3, bool),
        np.arange(np.prod(shape, dtype=int), dtype="float32").reshape(shape),
        np.ones(5),
    ]
    arrived = wire.decode(wire.read_frame(io.BytesIO(wire.encode(sent))))
    assert same(sent, arrived)
    for array in arrived:
        array[...] = 0  # one's own, and nobody else's
    assert [array.sum() for array in arrived] == [0, 0, 0]
    assert arrived[1].nbytes < 2**20 or arrived[1].ctypes.data % 64 == 0


@given(value, st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_frames_are_refused_or_are_data(thing, data):
    frame = bytearray(wire.encode(thing))
    for _ in range(data.draw(st.integers(1, 3))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        body = wire.read_frame(io.BytesIO(bytes(frame)))
        wire.decode(body)
    except wire.WireError:
        pass


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_are_data(data):
    try:
        wire.decode(data)
    except wire.WireError:
        pass


def frame(tree, described=(), blob=b"") -> bytes:
    header = (
        tree if isinstance(tree, bytes) else json.dumps({"tree": tree, "arrays": list(described)}).encode()
    )
    body = struct.pack("<I", len(header)) + header
    return body + bytes(-len(body) % wire.ALIGNMENT if described else 0) + blob


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xff\xff\xff",
        frame(b"[" * 100_000),
        frame(b'{"tree":NaN,"arrays":[]}'),
        frame(b'{"tree":1e999,"arrays":[]}'),
        frame(b'{"tree":' + b"9" * 5000 + b',"arrays":[]}'),
        frame(b'{"tree":1,"tree":2,"arrays":[]}'),
        frame(b"[" + b"[]," * 1_000_000 + b"[]]"),
        frame({"array": 0}),
        frame({"array": 0}, [["<f8", [2**40, 2**20]]]),
        frame({"array": 0}, [["<f8", [-1]]], bytes(8)),
        frame({"array": 0}, [["|V0", [2**40]]]),
        frame({"array": 0}, [["|S0", [2**40]]]),
        frame({"array": 0}, [["|O", [1]]], bytes(8)),
        frame({"array": 0}, [["<f8", [1.0]]], bytes(8)),
        frame({"array": 0}, [["<f8", [True]]], bytes(8)),
        frame({"array": 0}, [["?", [1]]], b"\1"),
        frame({"array": 0}, [["|b1", [1]]], b"\2"),
        frame({"array": 0}, [["<f8", [10]]], bytes(8)),
        frame(b'{"arrays":[],"tree":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        frame([{"array": 0}, {"array": 0}], [["<f8", [1]]], bytes(8)),
        frame(None, [], b"left over"),
        frame({"dict": [["a", 1], ["a", 2]]}),
        frame({"dict": [[[1], 2]]}),
        frame({"pickle": "cos"}),
        frame({"handle": 1}),
        frame({"float": "1e5"}),
        frame({"a": 1, "b": 2}),
    ],
    ids=range(28),
)  # fmt: skip
def test_every_kind_of_nonsense_is_refused(body):
    with pytest.raises(wire.WireError):
        wire.decode(body)


def test_a_frame_may_not_claim_more_than_the_limit():
    with pytest.raises(wire.WireError, match="at most"):
        wire.read_frame(io.BytesIO(struct.pack("<Q", 2**60) + b"x"))


@given(json_value)
@settings(max_examples=300, deadline=None)
def test_any_description_of_a_model_becomes_a_model_or_a_problem(fields):
    spec = models.from_fields(fields if isinstance(fields, dict) else {"layers": fields})
    assert isinstance(spec, models.ModelSpec) and spec.problem


@given(st.sampled_from(sorted(replies.REPLIES)), json_value)
def test_any_answer_is_a_reply_or_is_not(verb, answer):
    assert replies.is_reply(verb, answer) in (True, False)


def test_an_answer_needs_its_fields_and_no_others():
    good = {"status": "raised", "type": "E", "message": "", "place": None, "line": 3, "text": ""}
    good |= {"where": None, "unknown": None}
    assert replies.is_reply("call", good)
    assert not replies.is_reply("call", good | {"score": 100})
    assert not replies.is_reply("call", good | {"line": True})
    assert not replies.is_reply("call", {"status": "passed"})
    assert not replies.is_reply("hold", {"status": "answered", "value": 3})
    answered = {"status": "answered", "value": 3, "converted": [], "changed": ["x"]}
    assert replies.is_reply("call", answered) and not replies.is_reply("call", answered | {"changed": [3]})
    assert replies.is_reply("defaults", {"status": "answered", "value": {"x": [], "n": [2]}})
    assert not replies.is_reply("defaults", {"status": "answered", "value": {"n": 2}})


@pytest.mark.parametrize("shape", [[0, 2**47, 2**47], [2**47, 2**47, 0], [0] + [2**40] * 5])
def test_an_empty_array_of_an_absurd_shape_is_refused(shape):
    header = json.dumps({"tree": {"array": 0}, "arrays": [["<f8", shape]]}).encode()
    with pytest.raises(wire.WireError, match="too large"):
        wire.decode(struct.pack("<I", len(header)) + header)
