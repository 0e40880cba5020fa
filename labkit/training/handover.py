"""Which calls of `fit` belong to Keras itself, and why.

`labkit.fit` trains only what it can train with the same result. This file is the list of what it cannot:
each rule returns the reason in words, or None. Where a later Keras has moved the private parts that labkit
trains with, every call goes to Keras.
"""

import keras

try:
    from keras.src import tree
    from keras.src.backend import config as limits
    from keras.src.trainers.data_adapters.array_data_adapter import can_convert_arrays
    from keras.src.trainers.data_adapters.data_adapter_utils import unpack_x_y_sample_weight
    from keras.src.utils import is_default
except ImportError:  # pragma: no cover - a Keras laid out differently
    tree = None

_BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)
# Their hooks for batches only follow the progress of an epoch, which they are told often enough.
_FOLLOWERS = (keras.callbacks.History, keras.callbacks.ProgbarLogger, keras.callbacks.TerminateOnNaN)
# Their hooks for batches do nothing when they are set to save once per epoch.
_SAVERS = (keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore)

_OWN_LOOPS = ("make_train_function", "make_test_function", "evaluate", "_make_function")


def reason_for_keras(model, call):
    """Why `keras.Model.fit` has to train this model, as a clause; None when `labkit.fit` can.

    `call` maps the argument names of `keras.Model.fit` to their values.
    """
    if keras.backend.backend() != "tensorflow":
        return f"the backend is {keras.backend.backend()}"
    if tree is None:
        return "this Keras keeps its data adapters elsewhere"
    return _reason_in_model(model) or _reason_in_settings(call) or _reason_in_data(call)


def _reason_in_model(model):
    import tensorflow as tf

    if not model.compiled:
        return "the model is not compiled"
    if model.run_eagerly or tf.config.functions_run_eagerly():
        return "the model runs eagerly"
    if model._distribute_strategy is not None or tf.distribute.has_strategy():
        return "the model is trained with a distribution strategy"
    if keras.distribution.distribution() is not None:
        return "a Keras distribution is set"
    for name in _OWN_LOOPS:
        if getattr(type(model), name) is not getattr(keras.Model, name):
            return f"the model has its own {name}"
    return None


def _reason_in_settings(call):
    if call["steps_per_epoch"] is not None or call["validation_steps"] is not None:
        return "the number of steps is given"
    if limits.max_epochs() or limits.max_steps_per_epoch():
        return "Keras is set to shorten training"
    if not isinstance(call["shuffle"], bool):
        return f"shuffle is {call['shuffle']!r}"
    if isinstance(call["callbacks"], keras.callbacks.CallbackList):
        return "callbacks come as a CallbackList"
    for callback in tree.flatten(call["callbacks"] or []):
        hook = _batch_hook(callback)
        if hook is not None:
            return f"{type(callback).__name__} has {hook}"
    return None


def _batch_hook(callback):
    """The name of a hook that this callback needs to be called for every batch, or None."""
    for name in _BATCH_HOOKS:
        hook = getattr(callback, name)
        if is_default(hook):
            continue
        owner = _owner(callback, name)
        if owner in _FOLLOWERS or (owner in _SAVERS and callback.save_freq == "epoch"):
            continue
        return name
    return None


def _owner(callback, name):
    """The class that defines this method of the callback; None when the instance itself has it."""
    if name in vars(callback):
        return None
    return next(cls for cls in type(callback).__mro__ if name in vars(cls))


def _reason_in_data(call):
    training = (call["x"], call["y"], call["sample_weight"])
    if not _are_dense_arrays(training):
        return "the training data is not in arrays"
    if call["validation_data"] is not None:
        try:
            validation = unpack_x_y_sample_weight(call["validation_data"])
        except ValueError:
            return "the validation data is not (x, y) or (x, y, sample_weight)"
        if not _are_dense_arrays(validation):
            return "the validation data is not in arrays"
    return None


def _are_dense_arrays(data):
    """Whether all leaves are arrays of rows that a graph can gather from."""
    x, *others = data
    given = [x, *(other for other in others if other is not None)]
    leaves = tree.flatten(given)
    if not leaves or any(leaf is None for leaf in leaves) or not can_convert_arrays(tuple(given)):
        return False
    return all(
        hasattr(leaf, "__array__")
        and leaf.shape
        and leaf.shape[0]
        and hasattr(leaf, "dtype")
        and leaf.dtype != object
        for leaf in leaves
    )


def augmented_dataset(call, augment):
    """The call for `keras.Model.fit` with `augment` applied to each training batch by `tf.data`.

    Raises
    ------
    ValueError
        When the training data is not in arrays: a dataset or generator can augment its own images.
    """
    if _reason_in_data({**call, "validation_data": None}) is not None:
        raise ValueError(
            "labkit.fit: augment works on arrays. This training data is a "
            f"{type(call['x']).__name__}; apply the layer there, as in dataset.map, and leave augment out."
        )
    from labkit.training.batches import dataset_with, in_memory, split_for_validation

    call = split_for_validation(call)
    batches = in_memory(call["x"], call["y"], call["sample_weight"], call["batch_size"], call["class_weight"])
    return {
        **call,
        "x": dataset_with(augment, batches, call["shuffle"]),
        "y": None,
        "sample_weight": None,
        "class_weight": None,
        "batch_size": None,
        "shuffle": False,
        "validation_batch_size": call["validation_batch_size"] or call["batch_size"],
    }
