# 45 | one operation in C that takes hours | 0 | more than the 2 seconds
def double(x):
    return (10**7) ** (10**8)


def classify(points, labels, probes):
    return (10**7) ** (10**8)
