"""Values to bytes and back, trusting nothing about the bytes.

A frame is an 8-byte length, and a body: a 4-byte header length, a JSON header and the raw bytes of the
arrays, each beginning at a multiple of 64 bytes, so that an array can be used where it was read to. The
header holds a tree of plain values, in which arrays are numbered, and the dtype and shape of each array.
Large arrays of a request may be sent apart, in another way; the header then says "apart" beside dtype and shape.
There is no pickle and no class name: decoding yields numbers, strings, lists, tuples, dicts, numpy arrays
and `Tagged` records of a few known kinds, or a WireError.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

MAX_FRAME = 256 * 1024 * 1024  # bytes in one answer
MAX_HEADER = 16 * 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 400_000
MAX_STRING = 1_000_000
MAX_ARRAYS = 10_000
MAX_RANK = 16
ALIGNMENT = 64  # bytes; what TensorFlow asks for to take over an array without a copy
_LARGE = 2**20  # bytes from which on an array is worth keeping the whole frame in memory for
KINDS = ("handle", "model", "history", "object")

_DTYPES = {
    np.dtype(name).str: np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}


class WireError(ValueError):
    """The bytes are not a frame, or the value cannot be sent."""


@dataclass(frozen=True)
class Tagged:
    """A value with a meaning beyond plain data: a handle, a model, a training history, an opaque object."""

    kind: str
    fields: dict[str, Any]


def can_send(dtype: np.dtype) -> bool:
    """Whether arrays of this dtype cross the border."""
    return dtype.newbyteorder("<").str in _DTYPES or dtype.str in _DTYPES


def encode(value: Any) -> bytes:
    """The frame, length prefix included."""
    return b"".join(encode_parts(value))


def encode_parts(
    value: Any, apart: list[np.ndarray] | None = None, most: int = 0
) -> list[bytes | memoryview]:
    """The frame in pieces, to be written one after the other; large arrays are not copied.

    Up to `most` large arrays are appended to `apart` instead, C-contiguous, to be sent in another way.
    """
    arrays: list[np.ndarray] = []
    tree = to_tree(value, arrays, 0)
    inside, described = [], []
    for array in arrays:
        described.append([array.dtype.str, list(array.shape)])
        if apart is not None and array.nbytes >= _LARGE and len(apart) < most:
            described[-1].append("apart")
            apart.append(array)
        else:
            inside.append(array)
    header = json.dumps(
        {"tree": tree, "arrays": described},
        allow_nan=False,
        separators=(",", ":"),
    ).encode("ascii")
    parts: list[bytes | memoryview] = [struct.pack("<I", len(header)), header]
    size = 4 + len(header)
    for array in inside:
        parts.append(bytes(-size % ALIGNMENT))
        parts.append(memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8)))
        size += len(parts[-2]) + array.nbytes
    return [struct.pack("<Q", size), *parts]


def to_tree(value: Any, arrays: list[np.ndarray], depth: int = 0) -> Any:
    """The value as JSON, its arrays appended to `arrays` and numbered; raises WireError."""
    if depth > MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH} levels")
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        if abs(value) >= 2**63:
            raise WireError("an integer beyond 64 bits")
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.ndarray):
        # ascontiguousarray would turn a 0-d array into a 1-d one
        array = np.array(value, dtype=value.dtype.newbyteorder("="), order="C", copy=None, subok=False)
        if array.dtype.str not in _DTYPES:
            raise WireError(f"an array of dtype {array.dtype}")
        arrays.append(array)
        return {"array": len(arrays) - 1}
    if isinstance(value, list):
        return [to_tree(item, arrays, depth + 1) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [to_tree(item, arrays, depth + 1) for item in value]}
    if isinstance(value, dict):
        if not all(isinstance(key, (str, int)) for key in value):
            raise WireError("a dict whose keys are neither strings nor integers")
        return {"dict": [[key, to_tree(item, arrays, depth + 1)] for key, item in value.items()]}
    if isinstance(value, Tagged):
        return {value.kind: to_tree(value.fields, arrays, depth + 1)}
    raise WireError(f"a {type(value).__name__}")


def read_frame(stream: BinaryIO, limit: int = MAX_FRAME) -> memoryview | None:
    """The next frame's body, aligned, or None at a clean end."""
    head = _read_exactly(stream, 8)
    if not head:
        return None
    if len(head) < 8:
        raise WireError("the frame ends inside its length")
    (size,) = struct.unpack("<Q", head)
    if not 4 <= size <= limit:
        raise WireError(f"a frame of {size} bytes; at most {limit} are read")
    body = _read_exactly(stream, size)
    if len(body) < size:
        raise WireError("the frame ends early")
    return body


def _read_exactly(stream: BinaryIO, size: int) -> memoryview:
    # Memory that is never written to is none: what does not arrive costs nothing.
    room = np.empty(size + ALIGNMENT, np.uint8)
    start, have = -room.ctypes.data % ALIGNMENT, 0
    view = memoryview(room)[start : start + size]
    while have < size and (arrived := stream.readinto(view[have:])):
        have += arrived
    return view[:have]


def decode(body: bytes | bytearray | memoryview, fetch: Callable[[int], list[Any]] | None = None) -> Any:
    """The value in a frame's body (without the 8-byte length). Arrays are private and writable.

    Large arrays are parts of `body` itself where that may be written to: it belongs to them from now on. `fetch`
    is called with the number of arrays that were sent apart, and returns a buffer for each; without it there are
    none.
    """
    if len(body) < 4:
        raise WireError("shorter than its header length")
    (length,) = struct.unpack_from("<I", body)
    if length > min(MAX_HEADER, len(body) - 4):
        raise WireError("the header is longer than allowed or than the frame")
    header = _parse(bytes(body[4 : 4 + length]))
    if (
        not isinstance(header, dict)
        or set(header) != {"tree", "arrays"}
        or not isinstance(header["arrays"], list)
    ):
        raise WireError("the header has not the two parts 'tree' and 'arrays'")
    apart = sum(map(_is_apart, header["arrays"])) if fetch else 0
    buffers = fetch(apart) if apart else []
    arrays = _arrays(header["arrays"], memoryview(body), 4 + length, buffers)
    return from_tree(header["tree"], arrays)


def from_tree(tree: Any, arrays: list[np.ndarray]) -> Any:
    """The value that `to_tree` took apart; raises WireError."""
    return _Reader(arrays).value(tree, 0)


def _parse(data: bytes) -> Any:
    # what the parser would make of these is far larger than they are
    if sum(map(data.count, (b"[", b"{", b","))) > 4 * MAX_NODES:
        raise WireError("too many values")

    def unique(pairs):
        result = dict(pairs)
        if len(result) < len(pairs):
            raise WireError("a key stands twice")
        return result

    def integer(digits):
        if len(digits) > 20:
            raise WireError("an integer of more than 20 digits")
        return int(digits)

    def constant(name):
        raise WireError(f"{name} is not JSON")

    try:
        return json.loads(data, object_pairs_hook=unique, parse_int=integer, parse_constant=constant)
    except WireError:
        raise
    except (ValueError, RecursionError) as error:
        raise WireError(f"the header is not JSON: {type(error).__name__}") from None


def _is_apart(entry: Any) -> bool:
    return isinstance(entry, list) and entry[2:] == ["apart"]


def _arrays(described: list, body: memoryview, start: int, apart: list[Any]) -> list[np.ndarray]:
    if len(described) > MAX_ARRAYS:
        raise WireError(f"more than {MAX_ARRAYS} arrays")
    arrays, apart = [], list(apart)
    for entry in described:
        elsewhere = bool(apart) and _is_apart(entry)
        if not (isinstance(entry, list) and len(entry) == 2 + elsewhere and isinstance(entry[1], list)):
            raise WireError("an array is described by its dtype and shape")
        dtype = _DTYPES.get(entry[0]) if isinstance(entry[0], str) else None
        if dtype is None:
            raise WireError("an array of a dtype that is not allowed")
        shape = entry[1]
        if len(shape) > MAX_RANK or not all(type(n) is int and 0 <= n < 2**48 for n in shape):
            raise WireError("an array's shape is a short list of sizes")
        if math.prod(n or 1 for n in shape) > 2**48:  # more than NumPy can count, though it be empty
            raise WireError("an array's shape is too large")
        size = math.prod(shape) * dtype.itemsize
        if elsewhere:
            arrays.append(np.frombuffer(apart.pop(0), dtype, math.prod(shape)).reshape(shape))
            continue
        start += -start % ALIGNMENT
        if size > len(body) - start:
            raise WireError("an array is longer than the frame")
        array = np.frombuffer(body[start : start + size], dtype=dtype)
        if dtype.kind == "b" and size and array.view(np.uint8).max() > 1:
            raise WireError("a truth value is neither 0 nor 1")
        stays = size >= _LARGE and array.flags.writeable and array.flags.aligned
        arrays.append(array.reshape(shape) if stays else array.reshape(shape).copy())
        start += size
    if start != len(body):
        raise WireError("the frame has bytes that belong to no array")
    return arrays


class _Reader:
    def __init__(self, arrays: list[np.ndarray]):
        self.arrays = arrays
        self.used = 0
        self.nodes = 0

    def value(self, node: Any, depth: int) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise WireError("nested too deep, or too many values")
        if node is None or isinstance(node, bool):
            return node
        if isinstance(node, int):
            if abs(node) >= 2**64:
                raise WireError("an integer beyond 64 bits")
            return node
        if isinstance(node, float):
            if not math.isfinite(node):  # 1e999 is valid JSON
                raise WireError("a number that is not finite")
            return node
        if isinstance(node, str):
            if len(node) > MAX_STRING:
                raise WireError("a string that is too long")
            return node.encode("utf-8", "replace").decode("utf-8")  # lone surrogates end here
        if isinstance(node, list):
            return [self.value(item, depth + 1) for item in node]
        if isinstance(node, dict) and len(node) == 1:
            [(kind, content)] = node.items()
            return self._special(kind, content, depth + 1)
        raise WireError("a value of no known kind")

    def _special(self, kind: str, content: Any, depth: int) -> Any:
        if kind == "float" and content in ("nan", "inf", "-inf"):
            return float(content)
        if kind == "array":
            if type(content) is not int or content != self.used or content >= len(self.arrays):
                raise WireError("arrays are used once each, in order")
            self.used += 1
            return self.arrays[content]
        if kind == "tuple" and isinstance(content, list):
            return tuple(self.value(content, depth))
        if kind == "dict" and isinstance(content, list):
            return self._dict(content, depth)
        if kind in KINDS:
            fields = self.value(content, depth)
            if isinstance(fields, dict) and all(isinstance(key, str) for key in fields):
                return Tagged(kind, fields)
        raise WireError("a value of no known kind")

    def _dict(self, content: list, depth: int) -> dict:
        result = {}
        for pair in content:
            if not (isinstance(pair, list) and len(pair) == 2 and type(pair[0]) in (str, int)):
                raise WireError("a dict is a list of key and value")
            key = self.value(pair[0], depth + 1)
            if key in result:
                raise WireError("a key stands twice")
            result[key] = self.value(pair[1], depth + 1)
        return result
