"""Data files: IDX, gzipped IDX and npz archives are read, or refused with a DataError."""

import os
import sys

import atheris

with atheris.instrument_imports(include=["labkit", "zipfile", "gzip"]):
    from labkit.data import DataError
    from labkit.data.idx import read_idx_images, read_idx_labels
    from labkit.data.npz import read_npz

FILE = f"/dev/shm/labkit-fuzz-{os.getpid()}" if os.path.isdir("/dev/shm") else f"fuzz-{os.getpid()}"


def one_input(data: bytes) -> None:
    with open(FILE, "wb") as stream:
        stream.write(data)
    for read in (read_idx_images, read_idx_labels, read_npz):
        try:
            read(FILE)
        except DataError:
            pass


atheris.Setup(sys.argv, one_input)
atheris.Fuzz()
