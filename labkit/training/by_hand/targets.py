"""What targets may look like: `(n, ...)` arrays for outputs `(n, k)`."""


def are_distributions(y, k):
    """One-hot, or any probabilities."""
    return y.dtype.kind in "biuf" and y.ndim == 2 and y.shape[1] == k > 1


def are_labels(y, k):
    """Classes by their numbers, all of them below k: of others TensorFlow complains."""
    one_each = y.ndim == 1 or y.shape[1:] == (1,)
    return y.dtype.kind in "iu" and one_each and k > 1 and 0 <= y.min() <= y.max() < k


def are_binary(y, k):
    """A number for each output; for one output the axis may be missing."""
    return y.dtype.kind in "biuf" and (y.shape[1:] == (k,) or y.ndim == k == 1)
