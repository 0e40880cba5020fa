"""The IDX format of the original MNIST files, plain or gzipped.

Four bytes of magic (0, 0, element type, rank), one big-endian 32-bit size per axis, then the elements
in C order. Reference: http://yann.lecun.com/exdb/mnist/; QMNIST's labels, which are rows of eight
int32 of which the first is the class: https://github.com/facebookresearch/qmnist
"""

import gzip
import struct
import zlib
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np

from labkit.data.dataset import IMAGE_SHAPE, to_uint8
from labkit.data.errors import DataError
from labkit.data.files import BoundedFile, check_unpacked_size, open_regular, read_up_to

_AGAIN = "It is damaged or incomplete; download it again."


class _Layout(NamedTuple):
    magic: bytes
    dtype: np.dtype
    row_shape: tuple[int, ...]


_IMAGES = _Layout(b"\0\0\x08\x03", np.dtype("u1"), IMAGE_SHAPE)
_LABELS = _Layout(b"\0\0\x08\x01", np.dtype("u1"), ())
_QMNIST_LABELS = _Layout(b"\0\0\x0c\x02", np.dtype(">i4"), (8,))


def read_idx_images(path) -> np.ndarray:
    """Images uint8 (n, 28, 28) of an IDX file; DataError if it is anything else."""
    return _read(path, _IMAGES)


def read_idx_labels(path) -> np.ndarray:
    """Labels uint8 (n,) of an IDX file, QMNIST's included; DataError if it is anything else."""
    labels = _read(path, _LABELS, _QMNIST_LABELS)
    return to_uint8(path, "labels", labels if labels.ndim == 1 else labels[:, 0])


def idx_header(shape: tuple[int, ...]) -> bytes:
    """The header of an IDX file of uint8 elements with that shape."""
    return struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)


def _read(path, *layouts: _Layout) -> np.ndarray:
    with open_regular(path) as file:
        # By content, not by name: browsers unpack a download and leave its .gz.
        is_packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            with gzip.GzipFile(fileobj=file) if is_packed else nullcontext(file) as stream:
                return _parse(path, stream, file.size, layouts, is_packed)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(path, "cannot be read to its end", _AGAIN) from error


def _parse(path, stream: BoundedFile | gzip.GzipFile, file_size: int, layouts, is_packed: bool) -> np.ndarray:
    magic = bytes(read_up_to(stream, 4))
    layout = next((layout for layout in layouts if layout.magic == magic), None)
    if layout is None:
        wanted = " or ".join(layout.magic.hex() for layout in layouts)
        raise DataError(path, f"starts with {magic.hex()} where an IDX file has {wanted}", _AGAIN)

    rank = magic[3]
    header = read_up_to(stream, 4 * rank)
    if len(header) < 4 * rank:
        raise DataError(path, "ends within its header", _AGAIN)
    shape = struct.unpack(f">{rank}I", header)
    if shape[1:] != layout.row_shape:
        raise DataError(path, f"holds rows of shape {shape[1:]}, not {layout.row_shape}", _AGAIN)

    size = layout.dtype.itemsize * shape[0] * int(np.prod(layout.row_shape, dtype=int))
    if is_packed:
        check_unpacked_size(path, size, file_size)
    elif (held := file_size - 4 - 4 * rank) != size:
        raise DataError(path, f"promises {size} bytes of data and holds {held}", _AGAIN)

    payload = read_up_to(stream, size)
    if len(payload) < size:
        raise DataError(path, f"promises {size} bytes of data and holds {len(payload)}", _AGAIN)
    # Reading past the end also makes gzip compare its checksum.
    if stream.read(1):
        raise DataError(path, f"holds more than the {size} bytes of data that its header promises", _AGAIN)
    return np.frombuffer(payload, layout.dtype).reshape(shape)
