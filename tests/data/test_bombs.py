"""Small files that unfold to gigabytes, read by a process that is not given gigabytes."""

import gzip
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest

from labkit.data import load_images

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")

# Memory beyond what the imports took; a bomb holds 1 GB or more.
ALLOWED_BYTES = 192 << 20
READER = f"""
import resource, sys
from labkit.data import DataError, load_images
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, [pages * resource.getpagesize() + {ALLOWED_BYTES}] * 2)
resource.setrlimit(resource.RLIMIT_CPU, [20, 20])
try:
    load_images(sys.argv[1])
except DataError as error:
    print(error)
"""

IMAGES = np.zeros((3, 28, 28), np.uint8)
LABELS = np.zeros(3, np.uint8)


def refusal_within_bounds(path):
    done = subprocess.run([sys.executable, "-c", READER, path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout, "the file was loaded"
    return done.stdout


def npy_header(count):
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({count}, 28, 28), }}".ljust(117) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()


def write_zip_bomb(path, method, count=1_300_000):
    """A sound set but for its size: `count` black training images, 784 bytes each, in a small file."""
    block = bytes(784 * 10_000)
    with zipfile.ZipFile(path, "w", method, compresslevel=1) as archive:
        with archive.open("x_train.npy", "w") as member:
            member.write(npy_header(count))
            for _ in range(count // 10_000):
                member.write(block)
        for name, array in (("y_train", LABELS), ("x_test", IMAGES), ("y_test", LABELS)):
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array)
    assert path.stat().st_size < 10 << 20


def write_idx_folder(folder, **replaced):
    contents = {
        "train_images": struct.pack(">4B3I", 0, 0, 8, 3, 3, 28, 28) + bytes(2352),
        "train_labels": struct.pack(">4BI", 0, 0, 8, 1, 3) + bytes(3),
    }
    contents |= {name.replace("train", "t10k"): content for name, content in contents.items()} | replaced
    for name, content in contents.items():
        rank = 3 if name.endswith("images") else 1
        (folder / f"{name.replace('_', '-')}-idx{rank}-ubyte").write_bytes(content)


def gzipped_zeros(head, size):
    packer = zlib.compressobj(1, wbits=31)
    block = bytes(1 << 20)
    return (
        packer.compress(head) + b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()
    )


def test_a_zip_bomb(tmp_path):
    write_zip_bomb(tmp_path / "bomb.npz", zipfile.ZIP_DEFLATED)
    assert "promises 1019200128 bytes of data, far more than" in refusal_within_bounds(tmp_path / "bomb.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "lzma"])
def test_packing_that_cannot_be_unpacked_in_pieces(tmp_path, method):
    write_zip_bomb(tmp_path / "bomb.npz", method, count=20_000)
    assert "with a method other than deflate" in refusal_within_bounds(tmp_path / "bomb.npz")


def test_a_zip_bomb_that_lies_about_its_size(tmp_path):
    path = tmp_path / "bomb.npz"
    write_zip_bomb(path, zipfile.ZIP_DEFLATED, count=400_000)
    content = bytearray(path.read_bytes())
    table = content.index(b"PK\x01\x02")
    content[table + 24 : table + 28] = struct.pack("<I", 128 + 2352)
    path.write_bytes(content)
    assert "x_train.npy" in refusal_within_bounds(path)


def test_a_table_of_contents_of_a_gigabyte(tmp_path):
    path = tmp_path / "bomb.npz"
    size = 1 << 29
    with open(path, "wb") as file:
        file.truncate(size)
        file.seek(size)
        file.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, size, 0, 0))
    assert "is not a readable .npz archive" in refusal_within_bounds(path)


def test_a_gzip_bomb_whose_header_tells(tmp_path):
    head = struct.pack(">4B3I", 0, 0, 8, 3, 1_300_000, 28, 28)
    write_idx_folder(tmp_path, train_images=gzipped_zeros(head, 1 << 30))
    assert "promises 1019200000 bytes of data, far more than" in refusal_within_bounds(tmp_path)


def test_a_gzip_bomb_whose_header_lies(tmp_path):
    head = struct.pack(">4B3I", 0, 0, 8, 3, 3, 28, 28)
    write_idx_folder(tmp_path, train_images=gzipped_zeros(head, 1 << 30))
    assert "holds more than the 2352 bytes" in refusal_within_bounds(tmp_path)


def test_a_header_that_promises_terabytes(tmp_path):
    head = struct.pack(">4B3I", 0, 0, 8, 3, 2**32 - 1, 28, 28)
    write_idx_folder(tmp_path, train_images=gzip.compress(head))
    assert "promises 3367254359280 bytes" in refusal_within_bounds(tmp_path)


def test_the_limit_is_one_that_sound_files_pass(tmp_path):
    """The control: the same reader loads an ordinary set, and fails where memory really runs out."""
    write_idx_folder(tmp_path)
    assert load_images(tmp_path).x_train.shape == (3, 28, 28)
    done = subprocess.run(
        [sys.executable, "-c", READER, tmp_path], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "")
    greedy = READER.replace("load_images(sys.argv[1])", f"bytes(2 * {ALLOWED_BYTES})")
    done = subprocess.run([sys.executable, "-c", greedy], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "MemoryError" in done.stderr
