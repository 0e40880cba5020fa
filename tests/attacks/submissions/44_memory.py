# 44 | more memory than there is | 0 | Unable to allocate
import numpy as np


def double(x):
    return np.ones(10**11)[:7]


def classify(points, labels, probes):
    return bytearray(10**12)
