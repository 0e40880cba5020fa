# 44 | memory that is not counted as data | 0 | PermissionError|FileNotFoundError|OSError
import mmap
import os


def double(x):
    with open("/dev/shm/labkit-attack", "wb") as stream:
        stream.write(b"x" * 10**9)


def classify(points, labels, probes):
    if hasattr(os, "memfd_create"):
        os.memfd_create("labkit-attack")
    return mmap.mmap(-1, 10**15)
