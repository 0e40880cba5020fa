"""How large and how slow layers of each kind are, known from their arguments before any is built.

Each formula takes a layer's arguments and the shapes of one sample before and after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]
Formula = Callable[[dict[str, Any], Shape, Shape], int]

# Windows that move over every channel for itself take TensorFlow about so many times as long, for each operation,
# as matrix products do, forward and backward.
_DEPTHWISE, _POOLING = 30, 100


@dataclass(frozen=True)
class Cost:
    """`weights` of a layer's kernels (biases are small beside them), and about how many `operations` a sample takes."""

    weights: Formula
    operations: Formula


def _none(given: dict[str, Any], shape: Shape, out: Shape) -> int:
    return 0


def _touched(given: dict[str, Any], shape: Shape, out: Shape) -> int:
    """Every number is read once and written once."""
    return math.prod(shape) + math.prod(out)


def _positions(shape: Shape, out: Shape) -> int:
    """Where a kernel is applied: on the larger side where positions are skipped or spread."""
    return max(math.prod(shape[:-1]), math.prod(out[:-1]))


def _applied(weights: Formula, times: int = 1) -> Formula:
    """A kernel that is applied at each position."""

    def operations(given: dict[str, Any], shape: Shape, out: Shape) -> int:
        return times * weights(given, shape, out) * _positions(shape, out) + _touched(given, shape, out)

    return operations


def _normalisation(given: dict[str, Any], shape: Shape, out: Shape) -> int:
    return 4 * shape[-1]


def _dense(given: dict[str, Any], shape: Shape, out: Shape) -> int:
    return shape[-1] * given["units"]


def _kernel(given: dict[str, Any], shape: Shape, out: Shape) -> int:
    return math.prod(given["kernel_size"]) * shape[-1] * given["filters"] // given.get("groups", 1)


def _depthwise(given: dict[str, Any], shape: Shape, out: Shape) -> int:
    return math.prod(given["kernel_size"]) * shape[-1] * given["depth_multiplier"]


def _pointwise(given: dict[str, Any], shape: Shape, out: Shape) -> int:
    return shape[-1] * given["depth_multiplier"] * given["filters"]


def _pooled(given: dict[str, Any], shape: Shape, out: Shape) -> int:
    """A window is looked through for each number that is made."""
    return _POOLING * math.prod(given["pool_size"]) * math.prod(out) + math.prod(shape)


FREE = Cost(_none, _touched)
NORMALISATION = Cost(_normalisation, _applied(_normalisation))
DENSE = Cost(_dense, _applied(_dense))
CONVOLUTION = Cost(_kernel, _applied(_kernel))
DEPTHWISE = Cost(_depthwise, _applied(_depthwise, _DEPTHWISE))
SEPARABLE = Cost(
    lambda *where: _depthwise(*where) + _pointwise(*where),
    lambda *where: DEPTHWISE.operations(*where) + _applied(_pointwise)(*where),
)
POOLING = Cost(_none, _pooled)
