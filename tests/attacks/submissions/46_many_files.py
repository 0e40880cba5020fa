# 46 | a million files | 0 | No space left|more files than are allowed|more than the 2 seconds
import os


def double(x):
    for number in range(10**6):
        os.close(os.open(f"labkit-attack-{number}", os.O_CREAT))


def classify(points, labels, probes):
    return double(probes)
