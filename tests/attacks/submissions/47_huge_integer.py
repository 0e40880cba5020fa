# 47 | an integer of a million digits | 0 | does not fit into 64 bits
def double(x):
    return 10 ** 1_000_000


def classify(points, labels, probes):
    return 10 ** 1_000_000
