"""Folders of IDX files: what is written is read back, and a damaged file is one DataError."""

import gzip
import os
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labkit.data import DataError, Dataset, load_images

ROLES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
quick = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def make_set(n_train=3, n_test=2, seed=0):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.integers(0, 256, shape, dtype=np.uint8)

    return Dataset(draw(n_train, 28, 28), draw(n_train), draw(n_test, 28, 28), draw(n_test))


def idx_bytes(array):
    """An IDX file of uint8, written from the format's description and not with our own writer."""
    axes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 0x08, array.ndim]) + axes + array.tobytes()


def write_folder(folder, dataset, names=ROLES, pack=lambda content: content):
    for name, array in zip(names, dataset, strict=True):
        (folder / name).write_bytes(pack(idx_bytes(array)))


def assert_same(loaded, dataset):
    for got, want in zip(loaded, dataset, strict=True):
        assert got.dtype == np.uint8
        np.testing.assert_array_equal(got, want, strict=True)


def refusal(folder):
    """The text of the DataError that loading gives; any other exception fails the test."""
    with pytest.raises(DataError) as caught:
        load_images(folder)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path):
    write_folder(tmp_path, make_set())
    return tmp_path


# Reading back ---------------------------------------------------------------------------------------


@quick
@given(n_train=st.integers(1, 40), n_test=st.integers(1, 40), seed=st.integers(0, 9), packed=st.booleans())
def test_what_is_written_is_read_back(tmp_path_factory, n_train, n_test, seed, packed):
    folder = tmp_path_factory.mktemp("idx")
    dataset = make_set(n_train, n_test, seed)
    names = [f"{name}.gz" for name in ROLES] if packed else ROLES
    write_folder(folder, dataset, names, gzip.compress if packed else bytes)
    assert_same(load_images(folder), dataset)


@pytest.mark.parametrize(
    "names",
    [
        [name.replace("-idx", ".idx") for name in ROLES],
        [f"emnist-digits-{name.replace('t10k', 'test')}" for name in ROLES],
    ],
    ids=["dots", "emnist"],
)
def test_other_usual_names(tmp_path, names):
    write_folder(tmp_path, make_set(), names)
    (tmp_path / "readme.txt").write_text("not data")
    (tmp_path / ROLES[0]).mkdir()  # one popular archive has a folder next to each file
    assert_same(load_images(str(tmp_path)), make_set())


def test_a_gz_file_that_a_browser_unpacked(tmp_path):
    write_folder(tmp_path, make_set(), [f"{name}.gz" for name in ROLES])
    assert_same(load_images(tmp_path), make_set())


def test_a_file_is_read_instead_of_its_own_gz(folder):
    for name in ROLES:
        (folder / f"{name}.gz").write_bytes(b"stale")
    assert_same(load_images(folder), make_set())


def test_qmnist_labels_are_the_first_of_eight_columns(folder):
    rows = np.arange(24).reshape(3, 8)
    (folder / ROLES[1]).unlink()
    content = struct.pack(">4B2I24i", 0, 0, 0x0C, 2, 3, 8, *rows.ravel())
    (folder / "train-labels-idx2-int").write_bytes(content)
    assert load_images(folder).y_train.tolist() == [0, 8, 16]


def test_the_arrays_belong_to_the_caller(folder):
    load_images(folder).x_train[0] = 7
    assert_same(load_images(folder), make_set())


# Damage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@quick
@given(data=st.data(), role=st.sampled_from(ROLES))
def test_a_truncated_file(folder, data, role, packed):
    whole = idx_bytes(make_set()[ROLES.index(role)])
    whole = gzip.compress(whole) if packed else whole
    # Cuts in the header are as likely as cuts in the much longer data.
    last = data.draw(st.sampled_from([20, len(whole) - 1]), "last")
    cut = data.draw(st.integers(0, min(last, len(whole) - 1)), "cut")
    (folder / role).write_bytes(whole[:cut])
    assert role in refusal(folder)
    write_folder(folder, make_set())


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("role", ROLES)
def test_any_other_byte_in_the_header(folder, role, packed):
    whole = idx_bytes(make_set()[ROLES.index(role)])
    for place in range(4 + 4 * whole[3]):
        for flip in (1, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= flip
            (folder / role).write_bytes(gzip.compress(damaged, 1) if packed else damaged)
            assert role in refusal(folder)


@quick
@given(data=st.data())
def test_any_other_byte_in_a_gzip_file_changes_nothing_unnoticed(folder, data):
    damaged = bytearray(gzip.compress(idx_bytes(make_set().x_train), mtime=0))
    place = data.draw(st.integers(0, len(damaged) - 1), "place")
    damaged[place] ^= data.draw(st.integers(1, 255), "flip")
    (folder / ROLES[0]).write_bytes(damaged)
    try:
        assert_same(load_images(folder), make_set())  # gzip's own time stamp, for one, means nothing
    except DataError as error:
        assert ROLES[0] in str(error)


@pytest.mark.parametrize(
    ("place", "value"),
    [(2, 99), (3, 4), (10, 0x07), (-8, 0), (-1, 0x7F)],
    ids=["method", "header continues", "block type", "checksum", "length"],
)
def test_gzip_damage_of_each_kind(folder, place, value):
    damaged = bytearray(gzip.compress(idx_bytes(make_set().x_train), mtime=0))
    assert damaged[place] != value
    damaged[place] = value
    (folder / ROLES[0]).write_bytes(damaged)
    assert f"{ROLES[0]} cannot be read to its end" in refusal(folder)


HOSTILE = {
    "empty": (b"", "is empty"),
    "text": (b"<!DOCTYPE html>", "starts with 3c21444f"),
    "labels for images": (
        idx_bytes(np.zeros(3, np.uint8)),
        "starts with 00000801 where an IDX file has 00000803",
    ),
    "rank 2": (idx_bytes(np.zeros((3, 784), np.uint8)), "starts with 00000802"),
    "other size": (idx_bytes(np.zeros((3, 32, 32), np.uint8)), r"rows of shape (32, 32), not (28, 28)"),
    "terabytes": (
        bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**32 - 1, 28, 28),
        "promises 3367254359280 bytes",
    ),
    "no examples": (idx_bytes(np.zeros((0, 28, 28), np.uint8)), "0 train images but 3 train labels"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_images(folder, case, packed):
    content, problem = HOSTILE[case]
    content = gzip.compress(content) if packed and content else content
    (folder / ROLES[0]).write_bytes(content)
    tracemalloc.start()
    try:
        assert problem in refusal(folder)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("role", ROLES)
def test_more_data_than_the_header_promises(folder, role):
    content = idx_bytes(make_set()[ROLES.index(role)]) + b"x"
    (folder / role).write_bytes(content)
    assert "promises" in refusal(folder)
    (folder / role).write_bytes(gzip.compress(content))
    assert "holds more than the" in refusal(folder)


def test_counts_that_disagree(folder):
    (folder / ROLES[3]).write_bytes(idx_bytes(np.zeros(5, np.uint8)))
    assert "has 2 test images but 5 test labels" in refusal(folder)


def test_no_examples_at_all(folder):
    (folder / ROLES[2]).write_bytes(idx_bytes(np.zeros((0, 28, 28), np.uint8)))
    (folder / ROLES[3]).write_bytes(idx_bytes(np.zeros(0, np.uint8)))
    assert "has no test images" in refusal(folder)


def test_a_qmnist_class_beyond_uint8(folder):
    (folder / ROLES[1]).unlink()
    (folder / "train-labels-idx2-int").write_bytes(struct.pack(">4B2I24i", 0, 0, 12, 2, 3, 8, *[-1] * 24))
    assert "values from -1 to -1" in refusal(folder)


# The folder -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_missing_file_is_named(folder, role):
    (folder / role).unlink()
    assert role in refusal(folder)


@pytest.mark.parametrize("role", ROLES)
def test_a_folder_in_place_of_a_file(folder, role):
    (folder / role).unlink()
    (folder / role).mkdir()
    assert role in refusal(folder)


def test_two_sets_in_one_folder(folder):
    write_folder(folder, make_set(), [f"emnist-letters-{name}" for name in ROLES])
    assert "more than one set" in refusal(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("role", ROLES)
def test_a_pipe_does_not_hang(folder, role):
    (folder / role).unlink()
    os.mkfifo(folder / role)
    assert f"{role} is not a regular file" in refusal(folder)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs devices")
def test_a_link_to_a_device_is_not_read(folder):
    (folder / ROLES[0]).unlink()
    (folder / ROLES[0]).symlink_to("/dev/zero")
    assert "is not a regular file" in refusal(folder)


def test_the_message_says_file_problem_and_remedy(folder):
    (folder / ROLES[0]).write_bytes(b"")
    assert refusal(folder) == f"{folder / ROLES[0]} is empty. Download it again."


def test_a_name_with_terminal_escapes_is_shown_harmlessly(tmp_path):
    assert "\x1b" not in refusal(tmp_path / "\x1b[2J.npz")
