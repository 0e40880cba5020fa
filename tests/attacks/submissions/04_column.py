# 4 | a column that broadcasts against a row | 0 | shape (7, 1)
def double(x):
    return 2 * x[:, None]


def classify(points, labels, probes):
    return labels[:, None]
