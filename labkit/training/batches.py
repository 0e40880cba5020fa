"""Arrays as Keras would batch them: the same casts, weights and checks, kept whole in memory."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras.src import tree
from keras.src.trainers.data_adapters import array_slicing
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
from keras.src.trainers.data_adapters.data_adapter_utils import unpack_x_y_sample_weight

__all__ = ["Batches", "dataset_with", "in_memory", "split_for_validation", "unpack_x_y_sample_weight"]

_ALIGNMENT = 64  # bytes
_LARGE = 2**20  # bytes


class Batches(NamedTuple):
    """Training or validation data, and how it is cut into batches.

    `tensors` has the structure that `train_step` receives, each leaf with all samples on its first axis.
    """

    tensors: Any
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
    tensors = tree.map_structure(_tensor, tree.lists_to_tuples(arrays))
    return Batches(tensors, adapter._num_samples, adapter.batch_size)


def _tensor(array):
    """The array as a tensor, made much sooner than by TensorFlow where it is large.

    TensorFlow takes over an array as it is if it begins at a multiple of 64 bytes, and otherwise copies it
    into memory that the kernel hands out in small pages. NumPy asks for large ones.
    """
    plain = isinstance(array, np.ndarray) and array.dtype.kind in "fiu"
    if plain and array.nbytes >= _LARGE and (array.ctypes.data % _ALIGNMENT or not array.flags.c_contiguous):
        room = np.empty(array.nbytes + _ALIGNMENT, np.uint8)
        room = room[-room.ctypes.data % _ALIGNMENT :][: array.nbytes]
        aligned = room.view(array.dtype).reshape(array.shape)
        aligned[...] = array
        array = aligned
    return tf.convert_to_tensor(array)


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
    dataset = tf.data.Dataset.from_tensor_slices(batches.tensors)
    if shuffle:
        dataset = dataset.shuffle(batches.samples)
    dataset = dataset.batch(batches.batch_size).map(
        lambda *batch: augment_inputs(augment, batch if len(batch) > 1 else batch[0]),
        num_parallel_calls=1,  # in order, so that a seed means one sequence of augmentations
    )
    return dataset.prefetch(tf.data.AUTOTUNE)
