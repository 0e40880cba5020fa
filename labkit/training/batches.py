"""Arrays as Keras would batch them: the same casts, weights and checks, kept whole in memory."""

import math
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras.src import tree
from keras.src.trainers.data_adapters import array_slicing
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
from keras.src.trainers.data_adapters.data_adapter_utils import unpack_x_y_sample_weight

__all__ = [
    "Batches",
    "dataset_with",
    "gather",
    "in_memory",
    "split_for_validation",
    "tensors",
    "unpack_x_y_sample_weight",
]

_ALIGNMENT = 64  # bytes: where TensorFlow reads memory that is not its own


class Batches(NamedTuple):
    """Training or validation data, and how it is cut into batches.

    `arrays` has the structure that `train_step` receives, each leaf a NumPy array with all samples on its first
    axis: the caller's own memory wherever it has the right type and lies in one piece.
    """

    arrays: Any
    samples: int
    batch_size: int

    @property
    def full(self):
        """Number of batches of `batch_size` samples."""
        return self.samples // self.batch_size

    @property
    def steps(self):
        """Number of batches, a smaller one at the end included."""
        return -(-self.samples // self.batch_size)


def in_memory(x, y, sample_weight, batch_size, class_weight=None):
    """Check and convert arrays as `model.fit` does: floats to `floatx`, class weights to sample weights.

    Raises what Keras raises when lengths differ or weights do not fit.
    """
    adapter = ArrayDataAdapter(
        x, y, sample_weight=sample_weight, batch_size=batch_size, class_weight=class_weight
    )
    arrays = array_slicing.convert_to_sliceable(adapter._inputs, target_backend="tensorflow")
    arrays = tree.map_structure(
        lambda array: np.require(np.asarray(array), requirements=("C", "A")), tree.lists_to_tuples(arrays)
    )
    return Batches(arrays, adapter._num_samples, adapter.batch_size)


def gather(arrays, samples, room=0):
    """The rows of these samples, int64 `(n,)`, in arrays of their own, which `tensors` need not copy.

    With `room` above n there are so many rows; those after the n-th hold anything.
    """

    def rows(array):
        new = _empty((max(len(samples), room), *array.shape[1:]), array.dtype)
        # "clip" as it writes to `out` directly; no index is out of range.
        np.take(array, samples, axis=0, out=new[: len(samples)], mode="clip")
        return new

    return tree.map_structure(rows, arrays)


def tensors(arrays):
    """The same structure of tensors: they share the memory of what `gather` made."""

    def tensor(array):
        if array.dtype.kind in "biufc" and array.dtype.isnative:
            # TensorFlow's own conversion copies twice, to protect a tensor from changes of its array.
            return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
        return tf.convert_to_tensor(array)

    return tree.map_structure(tensor, arrays)


def _empty(shape, dtype):
    if dtype.kind == "O":
        return np.empty(shape, dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    return memory[-memory.ctypes.data % _ALIGNMENT :][:size].view(dtype).reshape(shape)


def split_for_validation(call):
    """Turn `validation_split` into `validation_data`: the last part of the arrays, unshuffled."""
    if not call["validation_split"] or call["validation_data"] is not None:
        return call
    training, validation = array_slicing.train_validation_split(
        (call["x"], call["y"], call["sample_weight"]), validation_split=call["validation_split"]
    )
    x, y, sample_weight = training
    return {
        **call,
        "x": x,
        "y": y,
        "sample_weight": sample_weight,
        "validation_data": validation,
        "validation_split": 0.0,
    }


def augment_inputs(augment, batch):
    """The same batch with `augment` applied to its inputs; targets and weights untouched."""
    if not isinstance(batch, tuple):
        return augment(batch, training=True)
    x, *others = batch
    return (augment(x, training=True), *others)


def dataset_with(augment, batches, shuffle):
    """A `tf.data.Dataset` of augmented batches, for the loop of Keras."""
    dataset = tf.data.Dataset.from_tensor_slices(batches.arrays)
    if shuffle:
        dataset = dataset.shuffle(batches.samples)
    dataset = dataset.batch(batches.batch_size).map(
        lambda *batch: augment_inputs(augment, batch if len(batch) > 1 else batch[0]),
        num_parallel_calls=1,  # in order, so that a seed means one sequence of augmentations
    )
    return dataset.prefetch(tf.data.AUTOTUNE)
