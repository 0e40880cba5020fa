"""Frames of bytes: decoding yields a value or a WireError, and what was decoded can be sent again."""

import io
import sys

import atheris

with atheris.instrument_imports(include=["labkit"]):
    from labkit.worker import wire


def one_input(data: bytes) -> None:
    try:
        body = wire.read_frame(io.BytesIO(len(data).to_bytes(8, "little") + data))
        value = wire.decode(body)
    except wire.WireError:
        return
    try:
        again = wire.decode(wire.encode(value)[8:])
    except wire.WireError:  # deeper, or with larger numbers, than is ever sent
        return
    assert repr(again) == repr(value)


atheris.Setup(sys.argv, one_input)
atheris.Fuzz()
