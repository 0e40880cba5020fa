# 46 | a sparse file of a terabyte, and as much real data as fits | 0 | File too large|No space left
import os


def double(x):
    with open("sparse", "wb") as stream:
        stream.truncate(10**12)


def classify(points, labels, probes):
    with open("full", "wb") as stream:
        while True:
            stream.write(b"x" * 10**6)
