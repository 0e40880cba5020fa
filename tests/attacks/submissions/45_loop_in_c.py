# 45 | run forever in C without giving up the interpreter | 0 | more than the 2 seconds
def double(x):
    return sum(iter(int, 1))


def classify(points, labels, probes):
    return sum(iter(int, 1))
