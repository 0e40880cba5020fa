"""What a check may ask for beside the two parties and `rng`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def mnist() -> Any:
    """The MNIST digits, on the trusted side: x_train, y_train, x_test, y_test."""
    from labkit.data import load_mnist

    return load_mnist()


DATA: dict[str, Callable[[], Any]] = {"mnist": mnist}
