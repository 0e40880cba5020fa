"""The canonical MNIST, which lies in this folder, so that everything works offline."""

import functools
import hashlib
from pathlib import Path

import numpy as np

from labkit.data.dataset import Dataset
from labkit.data.errors import DataError
from labkit.data.idx import idx_header
from labkit.data.npz import read_npz

_FILE = Path(__file__).with_name("mnist.npz")

# md5 of the four original IDX files, unpacked, with their headers.
MNIST_MD5 = {
    "x_train": "6bbc9ace898e44ae57da46a324031adb",
    "y_train": "a25bea736e30d166cdddb491f175f624",
    "x_test": "2646ac647ad5339dbf082846283269ea",
    "y_test": "27ae3e4e09519cfbb04c329615203637",
}


@functools.cache
def load_mnist() -> Dataset:
    """The 60,000 training and 10,000 test images of MNIST.

    Returns
    -------
    Dataset : uint8 images (n, 28, 28) and labels (n,). The first call in a process reads and checks
        them (about half a second), later ones return the same arrays. They are shared, hence read-only:
        `x_train.copy()` or `x_train / 255` is yours to change.

    Raises
    ------
    DataError : the file in the package is missing, damaged, or not MNIST

    References
    ----------
    LeCun, Bottou, Bengio, Haffner (1998), Gradient-based learning applied to document recognition.
    """
    dataset = read_npz(_FILE)
    wrong = [name for name, md5 in checksums(dataset).items() if md5 != MNIST_MD5[name]]
    if wrong:
        raise DataError(
            _FILE, f"is not the original MNIST ({', '.join(wrong)} differ)", "Install labkit again."
        )
    return Dataset(*map(_frozen, dataset))


def checksums(dataset: Dataset | None = None) -> dict[str, str]:
    """The md5 of each array, written as an IDX file with its header; keys as in `Dataset`.

    Without a dataset, MNIST is read afresh from the package, and the checksums are whatever they are:
    the data are sound where they equal `MNIST_MD5`. DataError if the file cannot be read at all.
    """
    dataset = read_npz(_FILE) if dataset is None else dataset
    return {name: _idx_md5(array) for name, array in dataset._asdict().items()}


def _idx_md5(array: np.ndarray) -> str:
    digest = hashlib.md5(idx_header(array.shape), usedforsecurity=False)
    digest.update(np.ascontiguousarray(array, dtype=np.uint8).data)
    return digest.hexdigest()


def _frozen(array: np.ndarray) -> np.ndarray:
    # Through a read-only view of the memory: an array's own flag could simply be switched back.
    return np.asarray(array.data.toreadonly())
