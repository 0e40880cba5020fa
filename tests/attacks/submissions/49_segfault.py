# 49 | crash the interpreter | 0 | SIGSEGV
import ctypes


def double(x):
    ctypes.string_at(0)


def classify(points, labels, probes):
    __import__("os").abort()
