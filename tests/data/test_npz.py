""".npz files: what is written is read back, and a damaged file is one DataError."""

import io
import os
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labkit.data import DataError, Dataset, load_images

quick = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def make_set(n_train=3, n_test=2, seed=0):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.integers(0, 256, shape, dtype=np.uint8)

    return Dataset(draw(n_train, 28, 28), draw(n_train), draw(n_test, 28, 28), draw(n_test))


def assert_same(loaded, dataset):
    for got, want in zip(loaded, dataset, strict=True):
        assert got.dtype == np.uint8
        np.testing.assert_array_equal(got, want, strict=True)


def refusal(path):
    """The text of the DataError that loading gives; any other exception fails the test."""
    with pytest.raises(DataError) as caught:
        load_images(path)
    assert path.name in str(caught.value)
    return str(caught.value)


def npy_bytes(array, version=(1, 0)):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version)
    return stream.getvalue()


def npy_with_header(header, payload=b"", version=1):
    text = header.encode("latin1") + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2 * version, "little") + text + payload


def write_npz(path, method=zipfile.ZIP_DEFLATED, **members):
    """A sound set, apart from the members given as arrays, as bytes, or as None to leave them out."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in (make_set()._asdict() | members).items():
            if isinstance(content, np.ndarray):
                content = npy_bytes(content)
            if content is not None:
                archive.writestr(f"{name}.npy", content)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "digits.npz"


# Reading back ---------------------------------------------------------------------------------------


@quick
@given(n_train=st.integers(1, 40), n_test=st.integers(1, 40), seed=st.integers(0, 9), packed=st.booleans())
def test_what_numpy_writes_is_read_back(path, n_train, n_test, seed, packed):
    dataset = make_set(n_train, n_test, seed)
    (np.savez_compressed if packed else np.savez)(path, **dataset._asdict(), extra=np.arange(3))
    assert_same(load_images(path), dataset)


@pytest.mark.parametrize("dtype", ["u1", "i2", "<i8", ">i8", ">u2", "f2", "<f4", ">f8"])
def test_whole_numbers_of_any_type(path, dtype):
    dataset = make_set()
    write_npz(path, **{name: array.astype(dtype) for name, array in dataset._asdict().items()})
    assert_same(load_images(path), dataset)


def test_fortran_order(path):
    images = make_set().x_train
    assert_same(load_images(write_npz(path, x_train=np.asfortranarray(images))), make_set())
    as_float = np.asfortranarray(images.astype(float))
    loaded = load_images(write_npz(path, x_train=as_float))
    assert_same(loaded, make_set())
    assert loaded.x_train.flags.c_contiguous


def test_older_headers(path):
    images, labels = make_set()[:2]
    python_2 = npy_with_header("{'descr': '|u1', 'fortran_order': False, 'shape': (3L,), }", labels.tobytes())
    assert_same(load_images(write_npz(path, x_train=npy_bytes(images, (2, 0)), y_train=python_2)), make_set())


# Damage to the file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
@quick
@given(data=st.data())
def test_a_truncated_file(path, data, method):
    whole = write_npz(path, method).read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1), "cut")])
    refusal(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_any_other_byte_in_the_tables_of_the_archive(path, method):
    """Each byte of the zip structure that zipfile reads: refused, or (a date, say) without effect."""
    whole = write_npz(path, method).read_bytes()
    with zipfile.ZipFile(path) as archive:
        table = archive.start_dir
        starts = [info.header_offset for info in archive.infolist()]
    # The table of contents, and each member's header: zip's 30 bytes and name, then npy's 128.
    places = [*range(table, len(whole)), *(place for start in starts for place in range(start, start + 170))]
    refused = 0
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            assert_same(load_images(path), make_set())
        except DataError as error:
            refused += 1
            assert path.name in str(error)
    assert refused > len(places) / 2


@quick
@given(data=st.data())
def test_any_bytes_overwritten(path, data):
    damaged = bytearray(write_npz(path).read_bytes())
    place = data.draw(st.integers(0, len(damaged) - 1), "place")
    patch = data.draw(st.binary(min_size=1, max_size=12), "patch")
    damaged[place : place + len(patch)] = patch
    path.write_bytes(damaged)
    try:
        assert_same(load_images(path), make_set())
    except DataError as error:
        assert path.name in str(error)


@quick
@given(content=st.binary(max_size=300))
def test_any_bytes_at_all(path, content):
    path.write_bytes(content)
    refusal(path)


# Damage to a member ---------------------------------------------------------------------------------


@quick
@given(data=st.data())
def test_any_npy_header(path, data):
    """Archives are sound here, so that the damage reaches the reader of npy headers."""
    member = bytearray(npy_bytes(make_set().x_train))
    place = data.draw(st.integers(0, 127), "place")
    patch = data.draw(
        st.binary(min_size=1, max_size=30) | st.text("0123456789-+*.eLOV'(){},:[]", min_size=1), "patch"
    )
    patch = patch.encode() if isinstance(patch, str) else patch
    member[place : place + len(patch)] = patch
    write_npz(path, x_train=bytes(member))
    try:
        assert [array.shape for array in load_images(path)] == [(3, 28, 28), (3,), (2, 28, 28), (2,)]
    except DataError as error:
        assert path.name in str(error)


@pytest.mark.parametrize("name", Dataset._fields)
def test_a_member_cut_at_any_place(path, name):
    whole = npy_bytes(make_set()._asdict()[name])
    for cut in {*range(0, min(len(whole), 200), 9), len(whole) - 1}:
        write_npz(path, **{name: whole[:cut]})
        assert name in refusal(path)


@pytest.mark.parametrize("name", Dataset._fields)
def test_a_missing_member(path, name):
    assert f"has no member {name}.npy. Save it with np.savez" in refusal(write_npz(path, **{name: None}))


def test_more_data_than_the_header_promises(path):
    whole = npy_bytes(make_set().x_train)
    assert "with a header for 2480 bytes and 2481" in refusal(write_npz(path, x_train=whole + b"x"))


class Trap:
    """Pickled, it raises where it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("something was unpickled",))


DTYPES = {
    "object": np.array([1, 2, 3], object),
    "structured": np.zeros(3, [("label", "u1")]),
    "bytes": np.array([b"1", b"2", b"3"]),
    "no bytes": np.zeros(3, "S0"),
    "void": np.zeros(3, "V0"),
    "text": np.array(["1", "2", "3"]),
    "dates": np.zeros(3, "M8[s]"),
    "complex": np.zeros(3, complex),
    "long double": np.zeros(3, np.longdouble),
}


@pytest.mark.parametrize("kind", DTYPES)
def test_types_other_than_plain_numbers(path, kind):
    if kind == "long double" and np.dtype(np.longdouble).itemsize == 8:
        pytest.skip("long double is double here")
    assert "only plain numbers are read" in refusal(write_npz(path, y_train=DTYPES[kind]))


def test_a_pickled_member_is_never_unpickled(path):
    trap = np.array([Trap(), Trap(), Trap()], object)
    assert "only plain numbers are read" in refusal(write_npz(path, y_train=trap))
    # Without an npy header, np.load would try a pickle.
    trap = io.BytesIO()
    np.save(trap, np.array([Trap()], object))
    bare = trap.getvalue()[128:]
    assert "without a readable npy header" in refusal(write_npz(path, y_train=bare))


def describe(descr="'|u1'", order="False", shape="(3,)"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}"


UNREADABLE_HEADERS = {
    "nested": "(" * 900,
    "signs": "-" * 900 + "1",
    "unknown type": describe("'float7'"),
    "type of nothing": describe("[]"),
    "type of numbers": describe("3"),
    "field of one": describe("[(1,)]"),
    "shape of text": describe(shape="'28'"),
    "shape of floats": describe(shape="(3.0,)"),
    "huge number": describe(shape=f"({'9' * 900},)"),
    "order of text": describe(order="'C'"),
    "list": "[]",
    "a call": "__import__('os')",
    "too long": describe() + " " * 2000,
}


@pytest.mark.parametrize("case", UNREADABLE_HEADERS)
def test_hostile_headers(path, case):
    member = npy_with_header(UNREADABLE_HEADERS[case], bytes(3))
    assert "y_train" in refusal(write_npz(path, y_train=member))


@pytest.mark.parametrize("version", [0, 3, 255])
def test_unknown_npy_versions(path, version):
    member = bytearray(npy_bytes(make_set().y_train))
    member[6] = version
    assert "without a readable npy header" in refusal(write_npz(path, y_train=bytes(member)))


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("x_train", "(3, 784)"),
        ("x_train", "(3, 28, 28, 1)"),
        ("x_train", "()"),
        ("x_train", "(-1, 28, 28)"),
        ("x_train", "(3, -28, -28)"),
        ("y_train", "(3, 10)"),
        ("y_train", "(-3,)"),
    ],
)
def test_other_shapes(path, name, shape):
    member = npy_with_header(describe(shape=shape), bytes(2352))
    assert f"has {name} of shape {shape} where" in refusal(write_npz(path, **{name: member}))


@pytest.mark.parametrize("count", [4, 10**9, 2**62, 2**64, 10**30])
def test_a_header_that_promises_more_than_there_is(path, count):
    member = npy_with_header(describe(shape=f"({count}, 28, 28)"), bytes(2352))
    assert "with a header for" in refusal(write_npz(path, x_train=member))


VALUES = {
    "scaled": np.linspace(0, 1, 2352).reshape(3, 28, 28),
    "binary floats": make_set().x_train.astype(float) // 128,
    "binary": make_set().x_train > 128,
    "fractions": make_set().x_train + 0.5 - make_set().x_train / 255,
    "negative": make_set().x_train.astype(int) - 1000,
    "too large": make_set().x_train.astype(int) + 256,
    "nan": np.full((3, 28, 28), np.nan),
    "infinite": np.full((3, 28, 28), np.inf),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", VALUES)
def test_pixels_that_are_not_whole_numbers_up_to_255(path, case):
    assert "whole numbers from 0 to 255" in refusal(write_npz(path, x_train=VALUES[case]))


def test_counts_that_disagree(path):
    assert "has 3 train images but 7 train labels" in refusal(write_npz(path, y_train=np.zeros(7, np.uint8)))


def test_no_examples(path):
    none = make_set(n_test=0)
    assert "has no test images" in refusal(write_npz(path, x_test=none.x_test, y_test=none.y_test))


ENTRY = {
    "encrypted": (8, b"\1\0", "damaged member x_train.npy"),
    "patched": (8, b"\x20\0", "damaged member x_train.npy"),
    "method unknown": (10, b"\x63\0", "a method other than deflate"),
    "checksum": (16, b"\0\0\0\0", "damaged member x_train.npy"),
    "packed size": (20, b"\x10\0\0\0", "damaged member x_train.npy"),
    "size": (24, b"\xfe\xff\xff\xff", "promises 4294967294 bytes of data"),
    "offset": (42, b"\xfe\xff\xff\xff", "damaged member x_train.npy"),
    "name in UTF-8 that is not": (8, b"\0\x08", "is not a readable .npz archive"),
    "version": (6, b"\xff\0", "is not a readable .npz archive"),
}


@pytest.mark.parametrize("case", ENTRY)
def test_an_entry_of_the_table_of_contents(path, case):
    place, value, problem = ENTRY[case]
    content = bytearray(write_npz(path).read_bytes())
    entry = content.index(b"PK\x01\x02")
    if case.startswith("name"):
        content[entry + 46] = 0xFF
    content[entry + place : entry + place + len(value)] = value
    path.write_bytes(content)
    assert problem in refusal(path)


def test_header_and_table_of_contents_promise_the_same_too_much(path):
    member = npy_with_header(describe(shape="(4, 28, 28)"), bytes(2352))
    content = bytearray(write_npz(path, x_train=member).read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (len(member) + 784).to_bytes(4, "little")
    path.write_bytes(content)
    assert "a member x_train.npy that ends too early" in refusal(path)


@pytest.mark.parametrize("offset", [2**63 - 1, 2**63, 2**64 - 1])
def test_a_member_at_the_end_of_the_world(path, offset):
    """Offsets of 64 bits, which only an extra field can hold."""
    content = bytearray(write_npz(path).read_bytes())
    entry = content.index(b"PK\x01\x02")
    extra = (1).to_bytes(2, "little") + (8).to_bytes(2, "little") + offset.to_bytes(8, "little")
    content[entry + 30 : entry + 32] = len(extra).to_bytes(2, "little")
    content[entry + 42 : entry + 46] = b"\xff" * 4
    name_end = entry + 46 + len("x_train.npy")
    content[name_end:name_end] = extra
    end = content.index(b"PK\x05\x06")
    content[end + 12 : end + 16] = (end - entry).to_bytes(4, "little")
    path.write_bytes(content)
    assert "damaged member x_train.npy" in refusal(path)


# Not a file at all ----------------------------------------------------------------------------------


def test_no_such_file(path):
    assert "does not exist" in refusal(path)


def test_an_empty_file(path):
    path.touch()
    assert refusal(path) == f"{path} is empty. Download it again."


def test_a_folder_of_that_name(path):
    path.mkdir()
    assert "has no IDX file of train images" in refusal(path)


def test_a_name_that_no_file_can_have(tmp_path):
    with pytest.raises(DataError):
        load_images(tmp_path / "a\0b.npz")
    with pytest.raises(DataError):
        load_images(tmp_path / ("x" * 5000))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_hang(path):
    os.mkfifo(path)
    assert "is not a regular file" in refusal(path)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs devices")
def test_a_link_to_a_device_is_not_read(path):
    path.symlink_to("/dev/zero")
    assert "is not a regular file" in refusal(path)
