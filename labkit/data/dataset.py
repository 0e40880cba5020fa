"""What every loader returns, and what an array must fulfil to be part of it."""

from typing import NamedTuple

import numpy as np

from labkit.data.errors import DataError

IMAGE_SHAPE = (28, 28)


class Dataset(NamedTuple):
    """Images and their labels, split into a training and a test part.

    x_train, x_test : uint8 (n, 28, 28), ink from 0 (background) to 255
    y_train, y_test : uint8 (n,), the class of each image
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def assemble(path, x_train, y_train, x_test, y_test) -> Dataset:
    """Put four uint8 arrays together.

    Raises
    ------
    DataError : a part is empty, or has not one label for each image; `path` is the set it names
    """
    for part, images, labels in (("train", x_train, y_train), ("test", x_test, y_test)):
        if len(images) != len(labels):
            raise DataError(
                path,
                f"has {len(images)} {part} images but {len(labels)} {part} labels",
                "Images and labels must come from the same set; download both again.",
            )
        if not len(images):
            raise DataError(path, f"has no {part} images", "Both parts need at least one image.")
    return Dataset(x_train, y_train, x_test, y_test)


def check_shape(path, name: str, shape: tuple[int, ...]) -> None:
    """Raise DataError unless `shape` is (n, 28, 28) for x_..., (n,) for y_..., with n from 0 up."""
    tail = IMAGE_SHAPE if name.startswith("x") else ()
    if len(shape) == 1 + len(tail) and shape[1:] == tail and shape[0] >= 0:
        return
    if tail:
        raise DataError(
            path,
            f"has {name} of shape {_shown(shape)} where (n, 28, 28) is needed",
            "Reshape the images before saving them.",
        )
    raise DataError(
        path,
        f"has {name} of shape {_shown(shape)} where (n,) is needed",
        "Save class numbers, one per image; argmax(axis=1) turns one-hot rows into them.",
    )


def to_uint8(path, name: str, values: np.ndarray) -> np.ndarray:
    """The same numbers as uint8, C-contiguous; no copy when they are so already.

    Raises
    ------
    DataError : a number is not whole or not within 0 to 255, or pixels were scaled to 0 to 1
    """
    if values.dtype == np.uint8 or not values.size:
        return np.ascontiguousarray(values, dtype=np.uint8)
    low, high = values.min(), values.max()
    # Written so that NaN, which compares as false with everything, is refused too.
    if not (low >= 0 and high <= 255):
        raise DataError(
            path,
            f"has {name} with values from {low} to {high}",
            "Save whole numbers from 0 to 255, best as uint8.",
        )
    converted = values.astype(np.uint8, order="C")
    is_scaled = name.startswith("x") and values.dtype.kind in "fb" and high <= 1 and high > low
    if is_scaled or not np.array_equal(converted, values):
        raise DataError(
            path,
            f"has {name} of type {values.dtype} with values that are not whole numbers from 0 to 255",
            "Multiply pixels that were scaled to 0 to 1 by 255, round, and save them as uint8.",
        )
    return converted


def _shown(shape: tuple[int, ...]) -> str:
    text = str(shape)
    return text if len(text) <= 60 else f"{text[:60]}..."
