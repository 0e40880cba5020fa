"""Graphs that run many batches: the model's own `train_step` or `test_step` inside a `tf.while_loop`.

One graph is traced per model, batch size and kind of data, and kept as long as the model lives and is not
compiled again; how many samples there are does not matter.
"""

import math
import weakref

import keras
import tensorflow as tf
from keras.src import tree

from labkit.training.batches import augment_inputs
from labkit.training.optimizers import one_pass_updates

try:
    from tensorflow.python.eager.context import function_executor_type
except ImportError:  # pragma: no cover - a TensorFlow laid out differently
    function_executor_type = None

# Up to about this many weights times samples in a batch, one thread does a step sooner than two.
_TINY = 1_200_000

_compiled = weakref.WeakKeyDictionary()


class _Loops:
    """The graphs of one model between two calls of `compile`."""

    def __init__(self, compile_config):
        self.compile_config = compile_config
        self.by_kind = {}


def batch_loop(model, data, batch_size, training, augment=None):
    """The function that runs batches of exactly `batch_size` samples.

    It is called as `loop(data, order, start, count)`: `count` steps, the first on the samples
    `order[start : start + batch_size]`, and returns the logs after the last as a dict of scalar tensors.
    """
    loops = _compiled.get(model)
    if loops is None or loops.compile_config is not model._compile_config:
        loops = _compiled[model] = _Loops(model._compile_config)
    rows = tree.map_structure(lambda tensor: tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype), data)
    kind = (training, batch_size, augment, tuple(tree.flatten_with_path(rows)))
    if kind not in loops.by_kind:
        loops.by_kind[kind] = _trace_lazily(model, rows, batch_size, training, augment)
    return loops.by_kind[kind]


def _trace_lazily(model, rows, batch_size, training, augment):
    if isinstance(model, keras.Sequential) and not model.built and not tree.is_nested(_inputs(rows)):
        model.build(_inputs(rows).shape)  # as its first call would, but in time to see how large it is
    # The model owns this loop through `_compiled`: a strong reference would keep both alive for ever.
    model_of = weakref.ref(model)
    tiny = augment is None and _is_tiny(model, batch_size)

    def step(batch):
        if not training:
            return model_of().test_step(batch)
        with one_pass_updates(model_of().optimizer):
            return model_of().train_step(batch)

    if not tiny:
        # A function of its own is traced once for its two uses below.
        step = tf.function(step, autograph=False, jit_compile=model.jit_compile or None)

    def loop(data, order, start, count):
        def batch(index):
            samples = tf.slice(order, [start + index * batch_size], [batch_size])
            rows = tree.map_structure(lambda tensor: tf.gather(tensor, samples), data)
            # Outside `step`, which may be compiled by XLA: image transforms cannot be.
            return rows if augment is None else augment_inputs(augment, rows)

        def run(index):
            step(batch(index))
            return (index + 1,)

        def run_until(stop):
            tf.while_loop(lambda index: index < stop, run, (tf.constant(0),))

        if _has_keras_steps(model_of()):
            run_until(count)
            return model_of().get_metrics_result()
        # A step written by the user may return anything: the last one's answer is the result.
        run_until(count - 1)
        return step(batch(count - 1))

    scalar = tf.TensorSpec([], tf.int32)
    loop = tf.function(
        loop, autograph=False, input_signature=[rows, tf.TensorSpec([None], tf.int64), scalar, scalar]
    )
    return _in_one_thread(loop) if tiny else loop


def _inputs(rows):
    """The part of a batch that the model is called on."""
    return rows[0] if isinstance(rows, tuple) else rows


def _has_keras_steps(model):
    """Whether steps return `get_metrics_result()`, so that it can be asked once after many."""
    names = ("train_step", "test_step", "compute_metrics", "get_metrics_result")
    return all(getattr(type(model), name) is getattr(keras.Model, name) for name in names) and not any(
        name in vars(model) for name in names
    )


def _is_tiny(model, batch_size):
    """Whether steps are so short that handing operations from thread to thread costs more than it saves."""
    if function_executor_type is None or not model.built or model.jit_compile or not _has_keras_steps(model):
        return False
    shapes = [weight.shape for weight in model.trainable_weights]
    multiplications = batch_size * sum(math.prod(shape) for shape in shapes)
    # A convolution uses its few weights at every pixel.
    convolution = any(len(shape) > 2 for shape in shapes)
    return multiplications <= _TINY and not convolution and not tf.config.list_logical_devices("GPU")


def _in_one_thread(loop):
    """Run a loop's operations one after the other in the calling thread (kernels may still use more)."""

    def run(*arguments):
        with function_executor_type("SINGLE_THREADED_EXECUTOR"):
            return loop(*arguments)

    return run
