# 45 | run forever | 0 | more than the 2 seconds
def double(x):
    return next(n for n in iter(int, 1) if n)


def classify(points, labels, probes):
    return neprobest(n for n in iter(int, 1) if n)
