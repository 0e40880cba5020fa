import numpy as np


def double(x):
    return 2 * x


def classify(points, labels, probes):
    names = np.unique(labels)
    means = np.stack([points[labels == name].mean(axis=0) for name in names])
    return names[((probes[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)]
