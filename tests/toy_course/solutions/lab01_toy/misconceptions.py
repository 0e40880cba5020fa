import numpy as np
from lab import double

from labkit.check import misconception


@misconception("1.1")
def squared(x):
    """You squared each value; doubling adds it to itself."""
    return x**2


@misconception("1.1")
def in_place(x):
    """You doubled x itself, so the caller's array changed; return a new array."""
    x *= 2
    return x


@misconception("1.2")
def sum_of_doubles(x):
    """You summed; divide by the number of values."""
    return float(np.sum(double(x)))
