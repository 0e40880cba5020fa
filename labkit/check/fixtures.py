"""What a check may ask for beside the two parties and `rng`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any


def mnist() -> Any:
    """The MNIST digits, on the trusted side: x_train, y_train, x_test, y_test."""
    from labkit.data import load_mnist

    return load_mnist()


@lru_cache(maxsize=1)
def scaled_mnist() -> Any:
    """The same with images of float32 from 0 to 1, read-only, made once in each grader process.

    All of them, such as `scaled_mnist.x_train.reshape(-1, 784)`, reach a worker without being copied.
    """
    import numpy as np

    from labkit.data import Dataset
    from labkit.worker import segments

    x_train, y_train, x_test, y_test = mnist()
    x_train, x_test = (segments.share(images / np.float32(255)) for images in (x_train, x_test))
    return Dataset(x_train, y_train, x_test, y_test)


DATA: dict[str, Callable[[], Any]] = {"mnist": mnist, "scaled_mnist": scaled_mnist}
