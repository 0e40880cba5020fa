# 4 | nothing at all | 0 | is empty
def double(x):
    return x[:0]


def classify(points, labels, probes):
    return labels[:0]
