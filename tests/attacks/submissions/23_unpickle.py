# 23 | an answer and an exception that run code when they are unpickled | 0 | 
import os


class Bomb:
    def __reduce__(self):
        return os.system, ("touch @OUT@/labkit-attack",)


class BombError(Exception):
    def __reduce__(self):
        return os.system, ("touch @OUT@/labkit-attack",)


def double(x):
    return [Bomb(), Bomb()]


def classify(points, labels, probes):
    raise BombError(Bomb())
