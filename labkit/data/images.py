"""Any set of the shape of MNIST, from an .npz file or a folder of IDX files."""

import re
from os import PathLike
from pathlib import Path

from labkit.data.dataset import Dataset, assemble
from labkit.data.errors import DataError
from labkit.data.idx import read_idx_images, read_idx_labels
from labkit.data.npz import read_npz

# train-images-idx3-ubyte, t10k-labels.idx1-ubyte, emnist-digits-test-images-idx3-ubyte.gz,
# qmnist-train-labels-idx2-int.gz
_IDX_NAME = re.compile(
    r"(?:(?P<prefix>.+)-)?(?P<part>train|t10k|test)-"
    r"(?P<kind>images[-.]idx3-ubyte|labels[-.]idx1-ubyte|labels[-.]idx2-int)(?:\.gz)?"
)


def load_images(path: str | PathLike[str]) -> Dataset:
    """Load a set of 28×28 images: Fashion-MNIST, KMNIST, QMNIST, EMNIST digits, or your own.

    Parameters
    ----------
    path : an .npz file with Keras' keys x_train, y_train, x_test, y_test, or a folder with the four IDX
        files under their usual names, gzipped or not

    Returns
    -------
    Dataset : uint8 images (n, 28, 28) and labels (n,), just as stored (EMNIST stores its images
        transposed); the arrays are yours to change

    Raises
    ------
    DataError : a file is missing, damaged, inconsistent, or larger than the bounds in
        `labkit.data.files`; nothing in a file is ever unpickled

    Examples
    --------
    >>> load_images("fashion")  # doctest: +SKIP
    >>> load_images("kmnist.npz")  # doctest: +SKIP
    """
    path = Path(path)
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError):
        is_folder = False  # opening it will say what is wrong
    if not is_folder:
        return read_npz(path)
    files = _find_idx_files(path)
    return assemble(
        path,
        x_train=read_idx_images(files["train", "images"]),
        y_train=read_idx_labels(files["train", "labels"]),
        x_test=read_idx_images(files["test", "images"]),
        y_test=read_idx_labels(files["test", "labels"]),
    )


def _find_idx_files(folder: Path) -> dict[tuple[str, str], Path]:
    """The four files by (part, kind): ("train" or "test", "images" or "labels")."""
    try:
        # Some downloads put a folder of the same name next to the file.
        paths = [path for path in folder.iterdir() if not path.is_dir()]
    except OSError as error:
        raise DataError(folder, f"cannot be listed ({error.strerror})", "Check your permissions.") from error

    found: dict[tuple[str, str], Path] = {}
    prefixes = set()
    for path in sorted(paths):  # a file comes before its own .gz, and is read instead of it
        if match := _IDX_NAME.fullmatch(path.name):
            prefixes.add(match["prefix"])
            part = "train" if match["part"] == "train" else "test"
            found.setdefault((part, match["kind"][:6]), path)

    if len(prefixes) > 1:
        raise DataError(folder, "holds IDX files of more than one set", "Put each set into its own folder.")
    for part in ("train", "test"):
        for kind in ("images", "labels"):
            if (part, kind) not in found:
                usual = (
                    f"{'train' if part == 'train' else 't10k'}-{kind}-idx{3 if kind == 'images' else 1}-ubyte"
                )
                raise DataError(folder, f"has no IDX file of {part} {kind}", f"Add {usual} or {usual}.gz.")
    return found
