"""Graphs that run many batches: the model's own `train_step` or `test_step` inside a `tf.while_loop`.

One graph is traced per model, batch size and kind of data, and kept as long as the model lives and is not
compiled again; how many samples there are, and whether the last batch is smaller, does not matter.
"""

import contextlib
import logging
import math
import weakref

import keras
import tensorflow as tf
from keras.src import tree
from keras.src.models import Functional

from labkit.lazy import uncollected
from labkit.training import compilation
from labkit.training.batches import augment_inputs, unpack_x_y_sample_weight
from labkit.training.optimizers import one_pass_updates

try:
    from tensorflow.python.eager.context import function_executor_type
except ImportError:  # pragma: no cover - a TensorFlow laid out differently
    function_executor_type = None

_log = logging.getLogger("labkit.training")

# Up to about this many weights times samples in a batch, one thread does a step sooner than two.
_TINY = 1_200_000

# Samples are gathered in their random order this much at a time: much more would leave the processor's cache
# before it is used, and much less would be too many calls.
_GATHERED_BYTES = 8 * 2**20


class _SinceCompile:
    """What is known of one model between two calls of `compile`."""

    def __init__(self, compile_config):
        self.compile_config = compile_config
        self.by_kind = {}  # its graphs
        self.work = 0  # `compilation.work` so far
        self.network = None  # a `by_hand.Network`, or False where it is none


def since_compile(model):
    """What is kept of this model until it is compiled again."""
    # By the model itself, past Keras' tracking of attributes: both are freed together, even where a loss holds on
    # to the model.
    known = vars(model).get("_labkit_training")
    if known is None or known.compile_config is not model._compile_config:
        known = vars(model)["_labkit_training"] = _SinceCompile(model._compile_config)
    return known


def prepare(model, batches, epochs):
    """Say that `epochs` of training on these batches follow: a long training is worth compiling."""
    inputs = batches.arrays[0] if isinstance(batches.arrays, tuple) else batches.arrays
    if isinstance(model, keras.Sequential) and not model.built and not tree.is_nested(inputs):
        model.build((None, *inputs.shape[1:]))  # as its first call would, but in time to see how large it is
    since_compile(model).work += compilation.work(model, batches.full * max(epochs, 0))
    parts = (model.optimizer, model._compile_metrics, model._compile_loss)
    if model.built and has_keras_steps(model) and not all(part is None or part.built for part in parts):
        # A graph that makes variables, of the optimizer or of metrics, has to be traced a second time.
        first = tree.map_structure(lambda array: array[: batches.batch_size], batches.arrays)
        with contextlib.suppress(Exception):  # tracing meets the same mistake, and reports it as Keras does
            _build(model, first)


def _build(model, batch):
    """Make all variables of loss, metrics and optimizer, for data like this batch."""
    _, y, _ = unpack_x_y_sample_weight(batch)
    outputs = getattr(getattr(model, "_functional", model), "_outputs_struct", None)
    loss = model._compile_loss
    plain = type(model) in (keras.Sequential, Functional) and "call" not in vars(model)
    if (
        plain
        and not any(part is None for part in (y, outputs, loss))
        and not any(map(tree.is_nested, (y, outputs, loss._user_loss)))
    ):
        # Keras would run the model three times, symbolically, only to know what its outputs look like.
        y = keras.KerasTensor(y.shape, y.dtype.name)
        for part in (model._compile_metrics, loss):
            if part is not None and not part.built:
                part.build(y, outputs)
    model._symbolic_build(data_batch=batch)


def batch_loop(model, batches, training, augment=None):
    """The `Loop` for batches of this size of data of this kind."""
    known = since_compile(model)
    rows = tree.map_structure(
        lambda array: tf.TensorSpec([None, *array.shape[1:]], tf.as_dtype(array.dtype)), batches.arrays
    )
    kind = (training, batches.batch_size, augment, tuple(tree.flatten_with_path(rows)))
    if kind not in known.by_kind:
        known.by_kind[kind] = Loop(model, rows, batches.batch_size, training, augment)
    loop = known.by_kind[kind]
    ordinary = training and augment is None and has_keras_steps(model)
    # Asked for each time: other data of this kind may hold a label that is no class.
    loop.compile(batches.full if ordinary and compilation.pays_off(model, batches.arrays, known.work) else 0)
    return loop


class Loop:
    """Many batches of a model in one call.

    `loop(rows, samples)` does one step for each `batch_size` of the first so many samples, and returns the logs
    after the last as a dict of scalar tensors. A few samples less than `batch_size` are a batch as well. `rows`
    has the structure of the data, each leaf a tensor of `loop.room(samples)` rows, unless that is 0, or of
    just so many as there are samples. There may be at most `loop.most` batches.
    """

    def __init__(self, model, rows, batch_size, training, augment):
        self._reference = weakref.ref(model)  # which keeps this loop
        self._trainable = _trainable(model)
        self._rows, self._batch_size, self._training, self._augment = rows, batch_size, training, augment
        self._steps = 0  # of machine code
        sample = sum(math.prod(leaf.shape[1:]) * leaf.dtype.size for leaf in tree.flatten(rows))
        self.most = max(1, _GATHERED_BYTES // (batch_size * max(1, sample)))
        self._graph = self._trace()
        self._machine_code = None
        self._compiled = False

    def __call__(self, rows, samples):
        size = min(self._batch_size, samples)
        count = tf.constant(samples // size)
        if self._machine_code is not None and self.room(samples):
            return self._machine_code(rows, count)
        return self._graph(rows, count, tf.constant(size))

    def room(self, samples):
        """Rows that the arrays for so many samples need: machine code is made for arrays of one size."""
        room = self._steps * self._batch_size
        return room if self._compiled and self._batch_size <= samples <= room else 0

    def compile(self, steps):
        """Run as machine code from now on; no longer, if `steps`, the batches in an epoch, is 0."""
        if steps and not self._steps:  # once is enough
            self._steps = min(steps, self.most)
            self._machine_code = self._compile()
        self._compiled = steps > 0 and self._machine_code is not None

    def _compile(self):
        """The loop as a function of `_steps * batch_size` rows; None where XLA does not do the same."""
        if self._trainable != _trainable(self._model):
            return None  # layers were frozen since: Keras, too, goes on with the graph that it has
        size = self._steps * self._batch_size
        rows = tree.map_structure(lambda spec: tf.TensorSpec([size, *spec.shape[1:]], spec.dtype), self._rows)
        compiled = tf.function(
            lambda rows, count: self._run(rows, count, self._batch_size, self._step),
            autograph=False,
            jit_compile=True,
            input_signature=[rows, tf.TensorSpec([], tf.int32)],
        )
        try:
            compiled = _concrete(compiled)
            if not compilation.can_be_compiled(compiled.graph.as_graph_def()):
                _log.debug("XLA would not do the same with this model; it trains as before.")
                return None
            # No step at all compiles everything and changes nothing.
            compiled(tree.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), rows), tf.constant(0))
        except (tf.errors.OpError, ValueError, TypeError, NotImplementedError) as error:
            _log.debug("XLA cannot compile this model: %s.", str(error).partition("\n")[0])
            return None
        _log.debug("XLA compiled this model; it trains as machine code from now on.")
        return compiled

    def _trace(self):
        model = self._model
        tiny = self._augment is None and _is_tiny(model, self._batch_size)
        step = self._step
        if not tiny:
            # A function of its own is traced once for its two uses in `_run`.
            step = tf.function(step, autograph=False, jit_compile=model.jit_compile or None)
        graph = tf.function(
            lambda rows, count, size: self._run(rows, count, size, step),
            autograph=False,
            input_signature=[self._rows, *[tf.TensorSpec([], tf.int32)] * 2],
        )
        # How it will run decides how its loop is laid out.
        return _in_one_thread(_in_one_thread(_concrete)(graph)) if tiny else _concrete(graph)

    @property
    def _model(self) -> keras.Model:
        model = self._reference()
        if model is None:
            raise RuntimeError("The model of this loop is gone: whoever trains it must hold on to it.")
        return model

    def _step(self, batch):
        model = self._model
        if not self._training:
            return model.test_step(batch)
        with one_pass_updates(model.optimizer):
            return model.train_step(batch)

    def _run(self, rows, count, size, step):
        """The graph: `count` steps on `size` rows each, which are in order already."""

        def batch(index):
            batch = tree.map_structure(lambda tensor: _part(tensor, index * size, size), rows)
            # Outside `step`, which may be compiled by XLA: image transforms cannot be.
            return batch if self._augment is None else augment_inputs(self._augment, batch)

        def run(index):
            step(batch(index))
            return (index + 1,)

        def run_until(stop):
            tf.while_loop(lambda index: index < stop, run, (tf.constant(0),))

        if has_keras_steps(self._model):
            run_until(count)
            return self._model.get_metrics_result()
        # A step written by the user may return anything: the last one's answer is the result.
        run_until(count - 1)
        return step(batch(count - 1))


def _concrete(function):
    """What this function does for its signature: called without a look at the arguments each time."""
    with uncollected():
        return function.get_concrete_function()


def _part(rows, start, size):
    """Rows `start` to `start + size`: memory is shared, and XLA knows how many they are."""
    _, *others = rows.shape
    return tf.slice(rows, [start, *[0] * len(others)], [size, *others])


def _trainable(model):
    return [id(weight) for weight in model.trainable_weights]


def has_keras_steps(model):
    """Whether steps return `get_metrics_result()`, so that it can be asked once after many."""
    names = ("train_step", "test_step", "compute_metrics", "get_metrics_result")
    return all(getattr(type(model), name) is getattr(keras.Model, name) for name in names) and not any(
        name in vars(model) for name in names
    )


def _is_tiny(model, batch_size):
    """Whether steps are so short that handing operations from thread to thread costs more than it saves."""
    if function_executor_type is None or not model.built or model.jit_compile or not has_keras_steps(model):
        return False
    shapes = [weight.shape for weight in model.trainable_weights]
    multiplications = batch_size * sum(math.prod(shape) for shape in shapes)
    # A convolution uses its few weights at every pixel.
    convolution = any(len(shape) > 2 for shape in shapes)
    return multiplications <= _TINY and not convolution and not tf.config.list_logical_devices("GPU")


def _in_one_thread(function):
    """The function, with the operations of graphs one after the other in one thread (kernels may use more)."""

    def run(*arguments):
        with function_executor_type("SINGLE_THREADED_EXECUTOR"):
            return function(*arguments)

    return run
