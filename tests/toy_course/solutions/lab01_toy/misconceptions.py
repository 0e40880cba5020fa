import numpy as np
from lab import double

from labkit.check import misconception


@misconception("1.1", "You squared each value; doubling adds it to itself.")
def squared(x):
    return x**2


@misconception("1.1", "You doubled x itself, so the caller's array changed; return a new array.")
def in_place(x):
    x *= 2
    return x


@misconception("1.2", "You summed; divide by the number of values.")
def sum_of_doubles(x):
    return float(np.sum(double(x)))
