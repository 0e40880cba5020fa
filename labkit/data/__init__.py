"""MNIST, and sets of the same shape, as plain numpy arrays.

    from labkit.data import load_mnist
    x_train, y_train, x_test, y_test = load_mnist()

Works offline and imports neither Keras nor TensorFlow. Files are treated as coming from a stranger:
whatever is wrong with one ends in a single `DataError` that names the file and the remedy.
"""

from labkit.data.dataset import Dataset
from labkit.data.errors import DataError
from labkit.data.images import load_images
from labkit.data.mnist import MNIST_MD5, checksums, load_mnist

__all__ = ["MNIST_MD5", "DataError", "Dataset", "checksums", "load_images", "load_mnist"]
