"""Training several times faster than stock Keras, with the same results.

`fit` does what `keras.Model.fit` does. The difference is where the loop over batches runs: Keras comes
back to Python for every batch, `fit` runs whole stretches of an epoch inside one TensorFlow graph. For the
small models of a lab, whose batches take a fraction of a millisecond, that is most of the time; and the
smallest, a few dense layers, are done without TensorFlow.

`accelerate` puts it in the place of `keras.Model.fit`, so that code written as in the lectures is as fast.

The parts: `handover` decides which calls are for Keras itself, `epochs` is the loop over epochs, `loops`
builds the graphs, `optimizers` updates weights in one pass over memory, `compilation` says what runs as machine
code; `by_hand` trains small networks of dense layers without any graph.
"""

import contextlib
import inspect
import logging
from importlib import import_module

import keras

from labkit.training.handover import reason_for_keras

__all__ = ["accelerate", "fit"]

_log = logging.getLogger(__name__)

# What labkit hands back is handed to this function, whatever `keras.Model.fit` is at that moment.
_keras_fit = keras.Model.fit
_signature = inspect.signature(_keras_fit)


def fit(
    model,
    x=None,
    y=None,
    batch_size=32,
    epochs=1,
    validation_data=None,
    callbacks=None,
    shuffle=True,
    verbose="auto",
    augment=None,
    *,
    validation_split=0.0,
    class_weight=None,
    sample_weight=None,
    initial_epoch=0,
    steps_per_epoch=None,
    validation_steps=None,
    validation_batch_size=None,
    validation_freq=1,
):
    """Train a compiled Keras model; `model.fit`, without coming back to Keras for every batch.

    All arguments but `augment` mean what they mean in `keras.Model.fit`. The arrays are read while the training
    goes on, so nothing should change them meanwhile. Callbacks see what happens between
    two batches up to half a second later: `TerminateOnNaN` ends a training then. Calls that need Python between
    two batches (generators, datasets, callbacks for every batch, eager models) go to `model.fit` as they
    are, with one debug line on the logger `labkit.training`.

    Parameters
    ----------
    model : keras.Model
        Compiled: Sequential, Functional or subclassed, with its own `train_step` or Keras'.
    x, y : arrays, or lists or dicts of arrays, first axis the samples
        Inputs and targets, such as `(n, 28, 28)` floats and `(n,)` integer labels.
    augment : keras.layers.Layer or callable, optional
        Called as `augment(images, training=True)` on the inputs of each training batch, inside the graph
        and never on validation data; it has to keep the number of images. See `labkit.augment`.

    Returns
    -------
    keras.callbacks.History
        The same keys as from `model.fit`: metrics per epoch, `val_` before those on `validation_data`.

    Raises
    ------
    ValueError
        Whatever `model.fit` raises for these arguments; and for `augment` with data that is not in arrays.
    """
    call = {
        "x": x,
        "y": y,
        "batch_size": batch_size,
        "epochs": epochs,
        "verbose": verbose,
        "callbacks": callbacks,
        "validation_split": validation_split,
        "validation_data": validation_data,
        "shuffle": shuffle,
        "class_weight": class_weight,
        "sample_weight": sample_weight,
        "initial_epoch": initial_epoch,
        "steps_per_epoch": steps_per_epoch,
        "validation_steps": validation_steps,
        "validation_batch_size": validation_batch_size,
        "validation_freq": validation_freq,
    }
    if type(model).fit not in (_keras_fit, _accelerated_fit):
        # A model with a `fit` of its own knows best; it may well come back here through `super().fit`.
        return model.fit(**_with_augmented_batches(model, call, augment))
    return _fit(model, call, augment)


def _fit(model, call, augment=None):
    """Train in our own way where that gives what Keras gives, and let Keras do it where not."""
    reason = reason_for_keras(model, call)
    if reason is None:
        try:
            from labkit.training.epochs import run_epochs
        except ImportError as error:
            reason = f"this Keras is laid out differently: {error}"
        else:
            return run_epochs(model, call, augment)
    _log.debug("model.fit of Keras trains this model: %s.", reason)
    return _keras_fit(model, **_with_augmented_batches(model, call, augment))


def _with_augmented_batches(model, call, augment):
    """The same call, with augmentation as part of the data: `model.fit` has no argument for it."""
    if augment is None:
        return call
    from labkit.training.handover import augmented_dataset

    return augmented_dataset(call, augment)


def _accelerated_fit(self, *args, **kwargs):
    try:
        call = _signature.bind(self, *args, **kwargs)
    except TypeError:
        return _keras_fit(self, *args, **kwargs)  # for its own message about wrong arguments
    call.apply_defaults()
    _, *values = call.arguments.values()
    return _fit(self, dict(zip(list(_signature.parameters)[1:], values, strict=True)))


_accelerated_fit.__name__ = "fit"
_accelerated_fit.__qualname__ = "Model.fit"
_accelerated_fit.__doc__ = _keras_fit.__doc__
vars(_accelerated_fit)["__signature__"] = _signature


class accelerate:
    """Make every `model.fit` of this process train as `labkit.fit` does, from this call on.

    No code that calls `model.fit` has to change, and what `labkit.fit` does not take stays exactly as it
    was. `with labkit.accelerate():` undoes it at the end of the block, `.undo()` at any time. Calling it
    twice is harmless. Runs no TensorFlow operation, so a process may still fork afterwards.
    """

    def __init__(self):
        with contextlib.suppress(ImportError):  # a Keras that is laid out differently trains by itself
            # Now, and not in each process that is forked from this one.
            import_module("labkit.training.epochs")
        self._before = keras.Model.__dict__.get("fit")
        keras.Model.fit = _accelerated_fit

    def undo(self):
        """Put back the `keras.Model.fit` that this call found."""
        if self._before is not None:
            keras.Model.fit = self._before
        elif "fit" in keras.Model.__dict__:
            del keras.Model.fit  # `fit` was inherited from Keras' trainer, and is again

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.undo()
