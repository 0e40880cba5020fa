# 49 | overflow the stack in C | 0 | SIGSEGV|RecursionError|did not answer|more than
import sys

sys.setrecursionlimit(10**9)


def double(x):
    class Deep:
        def __getattr__(self, name):
            return getattr(self, name + "x")

    return Deep().a


def classify(points, labels, probes):
    return double(probes)
