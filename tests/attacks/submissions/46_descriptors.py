# 46 | as many open files as there can be | 0 | Too many open files
import os


def double(x):
    while True:
        os.dup(0)


def classify(points, labels, probes):
    while True:
        os.pipe()
