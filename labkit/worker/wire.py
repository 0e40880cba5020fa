"""Values to bytes and back, trusting nothing about the bytes.

A frame is an 8-byte length, and a body: a 4-byte header length, a JSON header and the raw bytes of the
arrays, each beginning at a multiple of 64 bytes, so that an array can be used where it was read to. The
header holds the value as a `tree`, in which arrays are numbered, and the dtype and shape of each array.
There is no pickle and no class name: decoding yields what `tree` knows, or a WireError.
"""

from __future__ import annotations

import io
import json
import math
import struct
from typing import Any

import numpy as np

from labkit.worker.tree import (
    DTYPES,
    MAX_NODES,
    Instead,
    Revive,
    WireError,
    from_tree,
    refuse,
    to_tree,
    unchanged,
)

__all__ = ["WireError", "decode", "encode", "encode_parts", "read_frame"]

MAX_FRAME = 256 * 1024 * 1024  # bytes in one answer
MAX_ARRAY = 200 * 1024 * 1024  # bytes of one array in it
MAX_HEADER = 16 * 1024 * 1024
MAX_ARRAYS = 10_000
MAX_RANK = 16
ALIGNMENT = 64  # bytes; what TensorFlow asks for to take over an array without a copy
_LARGE = 2**20  # bytes from which on an array is worth keeping the whole frame in memory for


def encode(value: Any, instead: Instead = refuse, largest: int = 2**62) -> bytes:
    """The frame, length prefix included, with arrays of at most `largest` bytes. Raises WireError."""
    return b"".join(encode_parts(value, instead, largest=largest))


def encode_parts(
    value: Any,
    instead: Instead = refuse,
    largest: int = 2**62,
) -> list[bytes | memoryview]:
    """The frame in pieces, to be written one after the other; large arrays are not copied."""
    arrays: list[np.ndarray] = []
    tree = to_tree(value, arrays, instead, largest)
    described = [[array.dtype.str, list(array.shape)] for array in arrays]
    header = json.dumps(
        {"tree": tree, "arrays": described},
        allow_nan=False,
        separators=(",", ":"),
    ).encode("ascii")
    parts: list[bytes | memoryview] = [struct.pack("<I", len(header)), header]
    size = 4 + len(header)
    for array in arrays:
        parts.append(bytes(-size % ALIGNMENT))
        parts.append(array.reshape(-1).view(np.uint8).data)
        size += len(parts[-2]) + array.nbytes
    return [struct.pack("<Q", size), *parts]


def read_frame(stream: io.BufferedIOBase, limit: int = MAX_FRAME) -> memoryview | None:
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


def _read_exactly(stream: io.BufferedIOBase, size: int) -> memoryview:
    # Memory that is never written to is none: what does not arrive costs nothing.
    room = np.empty(size + ALIGNMENT, np.uint8)
    start, have = -room.ctypes.data % ALIGNMENT, 0
    view = room.data[start : start + size]
    while have < size and (arrived := stream.readinto(view[have:])):
        have += arrived
    return view[:have]


def decode(
    body: bytes | bytearray | memoryview,
    revive: Revive = unchanged,
) -> Any:
    """The value in a frame's body (without the 8-byte length). Arrays are private and writable.

    Large arrays are parts of `body` itself where that may be written to: it belongs to them from now on.
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
    arrays = _arrays(header["arrays"], memoryview(body), 4 + length)
    return from_tree(header["tree"], arrays, revive)


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


def _arrays(described: list, body: memoryview, start: int) -> list[np.ndarray]:
    if len(described) > MAX_ARRAYS:
        raise WireError(f"more than {MAX_ARRAYS} arrays")
    arrays = []
    for entry in described:
        if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], list)):
            raise WireError("an array is described by its dtype and shape")
        dtype = DTYPES.get(entry[0]) if isinstance(entry[0], str) else None
        if dtype is None:
            raise WireError("an array of a dtype that is not allowed")
        shape = entry[1]
        if len(shape) > MAX_RANK or not all(type(n) is int and 0 <= n < 2**48 for n in shape):
            raise WireError("an array's shape is a short list of sizes")
        if math.prod(n or 1 for n in shape) > 2**48:  # more than NumPy can count, though it be empty
            raise WireError("an array's shape is too large")
        size = math.prod(shape) * dtype.itemsize
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
