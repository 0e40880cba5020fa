"""Is this gradient right? A comparison with slopes, for whoever wrote a derivative by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

STEP = 1e-5  # the error of a central difference is of the size STEP², and of 1e-16 / STEP by rounding
AGREES = 1e-4  # of the largest slope


@dataclass(frozen=True)
class GradientCheck:
    """What `gradient_check` found. Printed, it is a sentence.

    places : (m, x.ndim) indices of the entries that were looked at
    gradient : (m,) what the function under test says there
    slopes : (m,) central differences
    """

    places: np.ndarray
    gradient: np.ndarray
    slopes: np.ndarray

    @property
    def error(self) -> float:
        """The largest difference between gradient and slope, as a share of the largest slope."""
        largest = max(float(np.abs(self.slopes).max()), float(np.abs(self.gradient).max()), 1e-12)
        return float(np.abs(self.gradient - self.slopes).max()) / largest

    @property
    def agrees(self) -> bool:
        """Whether the gradient is that of the function, as far as slopes can tell."""
        return self.error <= AGREES  # not, where one of them is NaN

    def __str__(self) -> str:
        if self.agrees:
            small = f"up to {self.error:.0e} of the largest"
            return f"The gradient agrees with the slopes at {len(self.places)} places, {small}."
        apart = np.abs(self.gradient - self.slopes)
        worst = int(np.argmax(np.where(np.isfinite(apart), apart, np.inf)))
        place = ", ".join(map(str, self.places[worst]))
        wrong = int((~(apart <= AGREES * max(np.abs(self.slopes).max(), 1e-12))).sum())
        return (
            f"The gradient differs from the slopes at {wrong} of {len(self.places)} places; "
            f"at [{place}] it is {self.gradient[worst]:.6g} and the slope is {self.slopes[worst]:.6g}."
        )

    __repr__ = __str__


def gradient_check(
    f: Callable[[np.ndarray], tuple[float, np.ndarray]], x: np.ndarray, places: int = 100, seed: int = 0
) -> GradientCheck:
    """Compare a gradient with slopes: (f(x + h) - f(x - h)) / 2h, one entry of x at a time.

    Parameters
    ----------
    f : takes an array like x and returns (value, gradient): a number, and its derivatives by x, shaped like x
    x : where to compare, any shape; f gets copies of it in float64, as slopes drown in the noise of float32
    places : at most so many entries of x are looked at, drawn at random; each costs two calls of f
    seed : which

    Returns
    -------
    GradientCheck : print it for a sentence; `.agrees` is True or False, `.error` the largest difference

    Raises
    ------
    ValueError : f does not return a number and an array of x's shape

    Where f has a corner (relu at 0, two equal values in a maximum) it has no gradient, and slopes say nothing.

    Examples
    --------
    >>> gradient_check(lambda x: (np.sum(x**2), 2 * x), np.array([1.0, -3.0])).agrees
    True
    >>> gradient_check(lambda x: (np.sum(x**2), x), np.array([1.0, -3.0]))
    The gradient differs from the slopes at 2 of 2 places; at [1] it is -3 and the slope is -6.

    References
    ----------
    Goodfellow, Bengio, Courville (2016), Deep Learning, section 11.5.
    """
    x = np.array(x, np.float64)
    gradient = np.asarray(_answer(f, x)[1])
    if gradient.shape != x.shape:
        raise ValueError(
            f"The gradient has shape {gradient.shape}, but x has {x.shape}: one derivative for each entry."
        )
    chosen = np.random.default_rng(seed).permutation(x.size)[:places]
    chosen.sort()
    slopes = np.array([_slope(f, x, place) for place in chosen])
    where = np.stack(np.unravel_index(chosen, x.shape), axis=-1) if x.ndim else np.zeros((x.size, 0), int)
    return GradientCheck(where, gradient.reshape(-1)[chosen].astype(np.float64), slopes)


def _slope(f: Callable[[np.ndarray], tuple[float, np.ndarray]], x: np.ndarray, place: int) -> float:
    step = STEP * max(1.0, abs(float(x.flat[place])))
    values = []
    for side in (step, -step):
        moved = x.copy()
        moved.flat[place] += side
        values.append(_answer(f, moved)[0])
    return (values[0] - values[1]) / (2 * step)


def _answer(f: Callable[[np.ndarray], tuple[float, np.ndarray]], x: np.ndarray) -> tuple[float, np.ndarray]:
    answer = f(x.copy())
    if not isinstance(answer, tuple) or len(answer) != 2 or np.size(answer[0]) != 1:
        raise ValueError("f has to return two things, a number and its gradient: (value, gradient).")
    return float(np.asarray(answer[0]).reshape(())), answer[1]
