"""Keras' .npz format: a zip archive with x_train.npy, y_train.npy, x_test.npy and y_test.npy.

Not `np.load`, which allocates what a header promises before it has seen the data.
"""

import io
import math
import struct
import warnings
import zipfile
import zlib

import numpy as np
from numpy.lib import format as npy

from labkit.data.dataset import Dataset, assemble, check_shape, to_uint8
from labkit.data.errors import DataError
from labkit.data.files import check_unpacked_size, open_regular, read_up_to

_HEADER_BYTES = 1024  # numpy writes 128
_AGAIN = "It is damaged or incomplete; download or save it again."
_HOW_TO_SAVE = "Save it with np.savez_compressed(path, x_train=..., y_train=..., x_test=..., y_test=...)."
# What zipfile raises for archives that are cut, garbled, encrypted, or of a kind it does not know.
_BAD_ZIP = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, OverflowError, RuntimeError, ValueError,
)  # fmt: skip


def read_npz(path) -> Dataset:
    """Read an .npz file with Keras' keys; other members are ignored.

    Whole numbers of any integer, float or bool type are converted to uint8.

    Raises
    ------
    DataError : not a zip archive, a member is missing, damaged, of another type or shape, pickled,
        packed with anything but deflate, or larger than the bounds in `labkit.data.files`
    """
    with open_regular(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except _BAD_ZIP as error:
            raise DataError(
                path,
                "is not a readable .npz archive",
                "Give an .npz file with Keras' keys, or the folder that holds the four IDX files.",
            ) from error
        with archive:
            return assemble(path, *(_read_member(path, archive, name, file.size) for name in Dataset._fields))


def _read_member(path, archive: zipfile.ZipFile, name: str, file_size: int) -> np.ndarray:
    if (info := archive.NameToInfo.get(f"{name}.npy")) is None:
        raise DataError(path, f"has no member {name}.npy", _HOW_TO_SAVE)
    # zipfile unpacks bzip2 and LZMA in one piece, without a bound.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(path, f"packs {name}.npy with a method other than deflate", _HOW_TO_SAVE)
    check_unpacked_size(path, info.file_size, file_size)

    content = _unpack(path, archive, info, min(info.file_size, _HEADER_BYTES))
    shape, is_fortran, dtype, start = _parse_header(path, name, content)
    if dtype.kind not in "uifb" or dtype.itemsize > 8:
        raise DataError(path, f"has {name} of type {dtype.str}; only plain numbers are read", _HOW_TO_SAVE)
    check_shape(path, name, shape)
    if (size := start + dtype.itemsize * math.prod(shape)) != info.file_size:
        problem = f"has {name}.npy with a header for {size} bytes and {info.file_size} bytes in all"
        raise DataError(path, problem, _AGAIN)

    content = _unpack(path, archive, info, size)
    values = np.frombuffer(content, dtype, offset=start).reshape(shape, order="F" if is_fortran else "C")
    return to_uint8(path, name, values)


def _unpack(path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> bytearray:
    """The first `size` bytes of a member; with the last of them zipfile compares its checksum."""
    try:
        with archive.open(info) as stream:
            content = read_up_to(stream, size)
    except _BAD_ZIP as error:
        raise DataError(path, f"has a damaged member {info.filename}", _AGAIN) from error
    if len(content) < size:
        raise DataError(path, f"has a member {info.filename} that ends too early", _AGAIN)
    return content


def _parse_header(path, name: str, content: bytearray) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, whether in Fortran order, element type, and where the elements start."""
    stream = io.BytesIO(content[:_HEADER_BYTES])
    try:
        # Version 3 is only for the field names of structured types.
        readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns of headers that Python 2 wrote, and reads them
            shape, is_fortran, dtype = readers[npy.read_magic(stream)](stream, max_header_size=_HEADER_BYTES)
    except Exception as error:
        # numpy evaluates the header as a Python literal, then as a type: hostile text makes that raise
        # KeyError, SyntaxError, RecursionError, MemoryError and more, all of which mean the same.
        raise DataError(path, f"has {name}.npy without a readable npy header", _AGAIN) from error
    return tuple(map(int, shape)), is_fortran, dtype, stream.tell()
