"""The loop over epochs: what `keras.Model.fit` does around its loop over batches, in the same order."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import keras
import numpy as np
import tensorflow as tf
from keras.src.utils.python_utils import pythonify_logs

from labkit.training import by_hand
from labkit.training.batches import (
    gather,
    in_memory,
    split_for_validation,
    tensors,
    unpack_x_y_sample_weight,
)
from labkit.training.loops import batch_loop, prepare

#: Hears after each epoch how many are done, and of how many; a worker sets it, for who watches.
heard: Callable[[int, int], None] | None = None
# Batches are left about this often, for the progress bar and for Ctrl-C.
_SECONDS_PER_STRETCH = 0.5
_FIRST_STRETCH = 32


def run_epochs(model, call, augment=None):
    """Train `model` as `keras.Model.fit(**call)` would, and return its History."""
    model._assert_compile_called("fit")
    call = split_for_validation(call)
    training = in_memory(
        call["x"], call["y"], call["sample_weight"], call["batch_size"], call["class_weight"]
    )
    validation = None
    if call["validation_data"] is not None:
        x, y, sample_weight = unpack_x_y_sample_weight(call["validation_data"])
        validation = in_memory(x, y, sample_weight, call["validation_batch_size"] or call["batch_size"])
    callbacks = keras.callbacks.CallbackList(
        call["callbacks"],
        add_history=True,
        add_progbar=call["verbose"] != 0,
        verbose=call["verbose"],
        epochs=call["epochs"],
        steps=training.steps,
        model=model,
    )
    model.stop_training = False
    callbacks.on_train_begin()
    logs = None
    # A callback such as BackupAndRestore may have set `_initial_epoch` to continue from.
    first_epoch = model._initial_epoch or call["initial_epoch"]
    prepare(model, training, call["epochs"] - first_epoch)
    for epoch in range(first_epoch, call["epochs"]):
        model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        logs = _train_one_epoch(model, training, call["shuffle"], augment, callbacks)
        if validation is not None and model._should_eval(epoch, call["validation_freq"]):
            logs.update(
                {f"val_{name}": value for name, value in _evaluate(model, validation, callbacks).items()}
            )
        callbacks.on_epoch_end(epoch, logs)
        if heard is not None:
            heard(epoch + 1, call["epochs"])
        if model.stop_training:
            break
    if isinstance(model.optimizer, keras.optimizers.Optimizer) and call["epochs"] > 0:
        model.optimizer.finalize_variable_values(model.trainable_weights)
    callbacks.on_train_end(logs=logs)
    return model.history


def _train_one_epoch(model, batches, shuffle, augment, callbacks):
    """Train on every sample once, and return the epoch's logs."""
    order = tf.range(batches.samples, dtype=tf.int64)
    if shuffle:
        order = tf.random.shuffle(order)
    logs = {}
    for done, logs in _stretches(model, batches, order.numpy(), True, augment):
        callbacks.on_train_batch_end(done - 1, logs)
        if model.stop_training:
            break
    return logs


def _evaluate(model, batches, callbacks):
    """What `model.evaluate` does when `model.fit` calls it: logs of the whole validation data."""
    callbacks.on_test_begin()
    model.reset_metrics()
    logs = {}
    for _, logs in _stretches(model, batches, np.arange(batches.samples), False):  # noqa: B007
        pass
    callbacks.on_test_end(logs)
    return logs


def _stretches(model, batches, order, training, augment=None):
    """Run all batches, a good many at once; after each time, yield the batches done and the logs so far."""
    network = by_hand.network(model, batches) if augment is None else None
    if network is not None:
        return _by_hand(network, batches, order, training)
    return _in_graphs(model, batches, order, training, augment)


def _by_hand(network, batches, order, training):
    done = 0
    while done < batches.steps:
        ahead = order[done * batches.batch_size :]
        count, logs = network.run(batches, ahead, training, _SECONDS_PER_STRETCH)
        done += count
        yield done, logs


def _in_graphs(model, batches, order, training, augment):
    """While a graph runs, another thread gathers the samples of the next call."""
    loop = batch_loop(model, batches, training, augment)

    def next_rows(done, count):
        # A smaller batch at the end is a call of its own.
        count = min(count, loop.most, batches.full - done) or 1
        samples = order[done * batches.batch_size : (done + count) * batches.batch_size]
        return count, len(samples), _beside(gather, batches.arrays, samples, loop.room(len(samples)))

    done, most = 0, _FIRST_STRETCH
    ahead = next_rows(done, most)
    while done < batches.steps:
        count, samples, rows = ahead
        rows = tensors(rows.result())
        done += count
        if done < batches.steps:
            ahead = next_rows(done, most)
        started = time.perf_counter()
        logs = pythonify_logs(loop(rows, samples))
        most = max(1, int(count / (time.perf_counter() - started) * _SECONDS_PER_STRETCH))
        yield done, logs


def _beside(function, *arguments):
    """Call it in another thread, which nobody waits for at the end of the program, and return a Future."""
    future: Future = Future()

    def run():
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
