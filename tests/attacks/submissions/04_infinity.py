# 4 | infinity | 0 | not finite
def double(x):
    return x * float('inf')


def classify(points, labels, probes):
    return probes[:, 0] * float('inf')
