"""Which trainings are worth compiling to machine code.

XLA turns a whole loop over batches, with the model's own `train_step` in it, into one piece of machine code:
no operation is dispatched any more, and a weight update is one pass over memory. For networks of dense layers
that halves the time of an epoch. Convolutions and random numbers, dropout among them, lose by it many times
over, for TensorFlow's own kernels are far better at them; and compiling takes about half a second, which a short
training never earns back.
"""

import math

import keras
import numpy as np
import tensorflow as tf
from keras.src import tree
from keras.src.models import Functional

# A step is sooner done by the time of dispatching its operations and of some passes over the weights, which is
# about as long as a pass over this many more weights. Compiling has paid off after so many in all: half an epoch
# for two hidden layers of 512 in batches of 32, nine epochs for softmax regression.
_DISPATCH = 30_000
_LONG = 600_000_000

# Matrix products and elementwise operations, exactly as Keras has them: a subclass may do anything.
_LAYERS = {
    keras.Sequential,
    Functional,
    keras.layers.InputLayer,
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Rescaling,
    keras.layers.Dense,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
    keras.layers.Softmax,
    keras.layers.ActivityRegularization,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
}


def work(model, steps):
    """What so many steps could save, in weights updated. `model` is built."""
    return (sum(math.prod(weight.shape) for weight in model.trainable_weights) + _DISPATCH) * steps


def pays_off(model, data, work_done):
    """Whether to run this model as machine code, after and with so much `work`.

    `data` is all training data, in the structure that `train_step` receives, in NumPy arrays.
    """
    return work_done >= _LONG and _is_dense(model) and _is_certain(model, data)


def can_be_compiled(graph):
    """Whether a traced loop holds nothing that machine code leaves out or does in another way.

    XLA drops assertions, and draws other random numbers than TensorFlow does.
    """
    names = {node.op for node in graph.node} | {
        node.op for function in graph.library.function for node in function.node_def
    }
    return not any("Assert" in name or "Random" in name or name in _ONLY_IN_KERNELS for name in names)


_ONLY_IN_KERNELS = {"CheckNumerics", "Print", "PrintV2", "PyFunc", "EagerPyFunc", "PyFuncStateless"}


def _is_dense(model):
    if any(device.device_type != "CPU" for device in tf.config.list_physical_devices()):
        return False  # there Keras itself compiles every step
    return model.built and all(type(part) in _LAYERS for part in model._flatten_layers())


def _is_certain(model, data):
    """Whether data of this kind cannot fail in a batch: machine code would go on with NaN, without an error.

    A label that is no class is what TensorFlow's kernels do complain about.
    """
    if not isinstance(data, tuple) or any(array.dtype.kind not in "biuf" for array in tree.flatten(data)):
        return False
    _, targets, *_ = (*data, None)
    outputs = model.output_shape
    if not isinstance(targets, np.ndarray) or not isinstance(outputs[-1], int):
        return False
    may_be_classes = targets.ndim < len(outputs) or targets.shape[-1] == 1
    if outputs[-1] == 1 or not may_be_classes:
        return True
    return bool(targets.min() >= 0 and targets.max() < outputs[-1])
