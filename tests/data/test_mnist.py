"""The MNIST inside the package: the original, to the byte, and shared without danger."""

import subprocess
import sys

import numpy as np
import pytest

import labkit.data.mnist as mnist
from labkit.data import MNIST_MD5, DataError, Dataset, checksums, load_mnist


def test_shapes_and_types():
    x_train, y_train, x_test, y_test = load_mnist()
    assert x_train.shape == (60_000, 28, 28) and x_test.shape == (10_000, 28, 28)
    assert y_train.shape == (60_000,) and y_test.shape == (10_000,)
    assert {array.dtype for array in load_mnist()} == {np.dtype(np.uint8)}


def test_class_counts_and_moments():
    x_train, y_train, _, _ = load_mnist()
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    # Exact sums over the histogram, which need no float copy of 47 million pixels.
    counts = np.bincount(x_train.ravel(), minlength=256)
    levels = np.arange(256) / 255
    mean = counts @ levels / x_train.size
    assert mean == pytest.approx(0.13066, abs=5e-6)
    assert np.sqrt(counts @ (levels - mean) ** 2 / x_train.size) == pytest.approx(0.30811, abs=5e-6)


def test_checksums_are_those_of_the_original_files():
    assert checksums() == MNIST_MD5
    assert MNIST_MD5["x_train"] == "6bbc9ace898e44ae57da46a324031adb"


@pytest.mark.parametrize("name", Dataset._fields)
def test_one_changed_value_changes_one_checksum(name):
    small = Dataset(*(array[:3].copy() for array in load_mnist()))
    before = checksums(small)
    getattr(small, name).flat[-1] ^= 1
    changed = {key for key, md5 in checksums(small).items() if md5 != before[key]}
    assert changed == {name}


def test_the_shared_arrays_cannot_be_changed():
    assert load_mnist() is load_mnist()
    for array in load_mnist():
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
        with pytest.raises(ValueError):
            array.flags.writeable = True


@pytest.fixture
def other_file(monkeypatch, tmp_path):
    """A stand-in for the file in the package, with the cache out of the way."""
    path = tmp_path / "mnist.npz"
    monkeypatch.setattr(mnist, "_FILE", path)
    mnist.load_mnist.cache_clear()
    yield path
    mnist.load_mnist.cache_clear()


def test_another_set_in_the_package_is_not_taken_for_mnist(other_file):
    images, labels = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8)
    np.savez(other_file, x_train=images, y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(DataError, match=r"mnist\.npz is not the original MNIST \(x_train, y_train, x_test"):
        load_mnist()
    assert checksums() != MNIST_MD5


def test_a_missing_file_in_the_package_is_named(other_file):
    with pytest.raises(DataError, match=r"mnist\.npz does not exist"):
        load_mnist()


def test_loading_needs_no_deep_learning_library():
    code = """
import sys
from labkit.data import load_mnist
load_mnist()
sys.exit(any(name in sys.modules for name in ("tensorflow", "keras", "torch", "jax")))
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
