# 5 | exit status 0 inside the function | 0 | ended without an answer
import os


def double(x):
    os._exit(0)


def classify(points, labels, probes):
    raise SystemExit(0)
