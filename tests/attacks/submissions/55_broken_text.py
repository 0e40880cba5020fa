# 55 | text that breaks encoders, and too much of it | 0 | raised ValueError
class Shy(Exception):
    def __str__(self):
        raise SystemExit(0)


def double(x):
    raise ValueError("\ud800\udfff\x00" + "x" * 10**8)


def classify(points, labels, probes):
    raise Shy


raise RuntimeError("\ud83d" * 1000)
