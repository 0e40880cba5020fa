"""Small networks of dense layers train in NumPy, with the results of `model.fit`."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import labkit
from labkit.training import by_hand, loops
from labkit.training.batches import in_memory
from labkit.training.by_hand import optimizers as optimizers_by_hand

layers, optimizers, losses = keras.layers, keras.optimizers, keras.losses

SAMPLES, FEATURES, CLASSES = 150, 12, 4  # 150 is no multiple of the batch size


@pytest.fixture(scope="module")
def data():
    """Separable enough to learn: inputs `(150, 12)` float32, labels `(150,)` uint8."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, SAMPLES).astype("uint8")
    centres = rng.normal(size=(CLASSES, FEATURES))
    return (centres[labels] + rng.normal(size=(SAMPLES, FEATURES))).astype("float32"), labels


@pytest.fixture
def by_numpy(caplog):
    """Whether NumPy trained a model."""
    caplog.set_level(logging.DEBUG, logger="labkit.training")
    return lambda: any("NumPy trains" in record.getMessage() for record in caplog.records)


def sequential(*parts, shape=(FEATURES,), ending="softmax", units=CLASSES):
    return keras.Sequential([keras.Input(shape), *parts, layers.Dense(units, activation=ending)])


def compiled(build, optimizer=None, loss="sparse_categorical_crossentropy", metrics=("accuracy",)):
    keras.utils.set_random_seed(1)
    model = build()
    model.compile(optimizer() if optimizer else "sgd", loss=loss, metrics=list(metrics))
    return model


def takes(model, data, sample_weight=None, class_weight=None):
    """Whether this model is trained by hand on this data."""
    batches = in_memory(*data, sample_weight, 32, class_weight)
    loops.prepare(model, batches, 1)
    return by_hand.network(model, batches) is not None


def assert_as_model_fit(build, data, optimizer=None, fit_arguments=None, **compile_arguments):
    ours, theirs = (compiled(build, optimizer, **compile_arguments) for _ in range(2))
    arguments = {"batch_size": 32, "epochs": 3, "verbose": 0, "shuffle": False, **(fit_arguments or {})}
    mine = labkit.fit(ours, *data, **arguments)
    expected = theirs.fit(*data, **arguments)
    assert mine.epoch == expected.epoch
    assert list(mine.history) == list(expected.history)
    for name, values in expected.history.items():
        np.testing.assert_allclose(mine.history[name], values, rtol=1e-3, atol=1e-4, err_msg=name)
    for weights, others in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weights, others, rtol=1e-3, atol=2e-5)
    for state, other in zip(ours.optimizer.variables, theirs.optimizer.variables, strict=True):
        np.testing.assert_allclose(state.numpy(), other.numpy(), rtol=2e-3, atol=2e-5, err_msg=state.path)


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optimizers.RMSprop(0.003),
    "rmsprop with momentum": lambda: optimizers.RMSprop(0.003, rho=0.8, momentum=0.5, epsilon=1e-5),
    "adam": lambda: optimizers.Adam(0.01),
    "adam with other settings": lambda: optimizers.Adam(0.01, beta_1=0.8, beta_2=0.99, epsilon=1e-4),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_weights_and_state_after_three_epochs_are_those_of_model_fit(optimizer, data, by_numpy):
    assert_as_model_fit(lambda: sequential(layers.Dense(7, "tanh")), data, optimizer)
    assert by_numpy()


def one_hot(x, y):
    return x, keras.utils.to_categorical(y)


def soft(x, y):
    return x, (0.7 * keras.utils.to_categorical(y) + 0.1).astype("float64")


def binary(x, y):
    return x, (y > 1).astype("int32")


def two_columns(x, y):
    return x, np.stack([y > 1, y % 2 == 0], axis=1)


LOSSES = {
    "one-hot": (one_hot, "softmax", CLASSES, "categorical_crossentropy"),
    "soft targets": (soft, "softmax", CLASSES, losses.CategoricalCrossentropy()),
    "one-hot, logits": (one_hot, None, CLASSES, losses.CategoricalCrossentropy(from_logits=True)),
    "labels": (lambda x, y: (x, y), "softmax", CLASSES, "sparse_categorical_crossentropy"),
    "label column": (lambda x, y: (x, y[:, None]), "softmax", CLASSES, "sparse_categorical_crossentropy"),
    "labels, logits": (
        lambda x, y: (x, y.astype("int64")),
        None,
        CLASSES,
        losses.SparseCategoricalCrossentropy(from_logits=True),
    ),
    "binary": (binary, "sigmoid", 1, "binary_crossentropy"),
    "binary, logits": (binary, None, 1, losses.BinaryCrossentropy(from_logits=True)),
    "two binary": (two_columns, "sigmoid", 2, losses.binary_crossentropy),
}


@pytest.mark.parametrize("targets, ending, units, loss", LOSSES.values(), ids=LOSSES)
def test_losses_and_accuracies_are_those_of_model_fit(targets, ending, units, loss, data, by_numpy):
    assert_as_model_fit(
        lambda: sequential(ending=ending, units=units),
        targets(*data),
        OPTIMIZERS["adam"],
        {"validation_split": 0.2},
        loss=loss,
    )
    assert by_numpy()


HIDDEN = {
    "relu": lambda: [layers.Dense(6, "relu")],
    "sigmoid": lambda: [layers.Dense(6, "sigmoid")],
    "without bias": lambda: [layers.Dense(6, use_bias=False)],
    "activation layer": lambda: [layers.Dense(6), layers.Activation("tanh")],
    "relu layer": lambda: [layers.Dense(6), layers.ReLU()],
    "scaled": lambda: [layers.Rescaling(0.5, offset=-1.0)],
    "scaled and flattened inside": lambda: [layers.Dense(6), layers.Rescaling(2.0), layers.Flatten()],
}


@given(
    names=st.lists(st.sampled_from(sorted(HIDDEN)), min_size=1, max_size=3),
    batch_size=st.sampled_from([16, 50, 150, 1000]),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_any_stack_of_layers_trains_as_in_model_fit(data, names, batch_size, optimizer):
    def build():
        return sequential(*(layer for name in names for layer in HIDDEN[name]()))

    assert takes(compiled(build), data)
    arguments = {"batch_size": batch_size, "epochs": 1}
    assert_as_model_fit(build, data, OPTIMIZERS[optimizer], arguments)


@pytest.mark.parametrize("kind", ["uint8", "float64", "bool"])
def test_images_of_every_kind(kind, by_numpy):
    images = np.random.default_rng(0).integers(0, 2 if kind == "bool" else 256, (70, 6, 6)).astype(kind)
    parts = [layers.Rescaling(1 / 255), layers.Flatten()]
    assert_as_model_fit(lambda: sequential(*parts, shape=(6, 6)), (images, np.arange(70) % CLASSES))
    assert by_numpy()


def test_a_softmax_layer_and_a_model_without_input_are_taken_too(data, by_numpy):
    assert_as_model_fit(lambda: keras.Sequential([layers.Dense(CLASSES), layers.Softmax()]), data)
    assert by_numpy()


ARGUMENTS = {
    "a batch larger than the data": {"batch_size": 1000},
    "validation every second epoch": {"validation_split": 0.2, "validation_freq": 2},
    "validation in other batches": {"validation_split": 0.3, "validation_batch_size": 7},
    "a later first epoch": {"initial_epoch": 2, "epochs": 4},
}


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_mean_what_they_mean_to_model_fit(arguments, data):
    assert_as_model_fit(sequential, data, OPTIMIZERS["rmsprop"], arguments)


def test_callbacks_change_rate_and_weights_between_epochs(data, by_numpy):
    class Halve(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.set_weights([weight / 2 for weight in self.model.get_weights()])

    arguments = {
        "validation_split": 0.2,
        "callbacks": [Halve(), keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)],
    }
    assert_as_model_fit(sequential, data, OPTIMIZERS["momentum"], arguments)
    assert by_numpy()


def test_training_ends_when_the_loss_is_not_a_number(data, by_numpy):
    x = data[0].copy()
    x[100] = np.nan
    callbacks = [keras.callbacks.TerminateOnNaN()]
    history = labkit.fit(compiled(sequential), x, data[1], epochs=5, verbose=0, callbacks=callbacks)
    assert len(history.epoch) == 1
    assert np.isnan(history.history["loss"][0])
    assert by_numpy()


def test_an_interrupted_training_keeps_the_weights_of_the_batches_that_were_done(data, monkeypatch):
    model = compiled(sequential)
    first = [weight.copy() for weight in model.get_weights()]
    done = []

    def stop_at_third(self, *arguments):
        done.append(1)
        if len(done) == 3:
            raise KeyboardInterrupt
        return update(self, *arguments)

    update = optimizers_by_hand._SGD.update
    monkeypatch.setattr(optimizers_by_hand._SGD, "update", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        labkit.fit(model, *data, verbose=0)
    assert int(model.optimizer.iterations) == 2
    assert not np.allclose(first[0], model.get_weights()[0])


def test_a_seed_makes_training_repeatable_and_another_changes_it(data, by_numpy):
    def history(seed):
        model = compiled(sequential)
        keras.utils.set_random_seed(seed)
        return labkit.fit(model, *data, epochs=2, verbose=0).history

    assert history(3) == history(3)
    assert history(3) != history(4)
    assert by_numpy()


def test_the_progress_bar_shows_what_was_counted(data, capsys):
    labkit.fit(compiled(sequential), *data, epochs=2, verbose=1)
    shown = capsys.readouterr().out
    assert "5/5" in shown and "accuracy:" in shown and "loss:" in shown


class Own(layers.Dense):
    def call(self, inputs):
        return 2 * super().call(inputs)


class OwnSequential(keras.Sequential):
    pass


def frozen():
    model = sequential(layers.Dense(6))
    model.layers[0].trainable = False
    return model


def patched():
    model = sequential()
    (layer,) = model.layers
    call = layer.call
    vars(layer)["call"] = lambda inputs: call(2 * inputs)
    return model


NOT_BY_HAND = {
    "too large": {"build": lambda: sequential(layers.Dense(4000))},
    "dropout": {"build": lambda: sequential(layers.Dropout(0.5))},
    "own layer": {"build": lambda: sequential(Own(5))},
    "own activation": {"build": lambda: sequential(layers.Dense(5, activation=keras.ops.sin))},
    "softmax inside": {"build": lambda: sequential(layers.Dense(5, "softmax"))},
    "patched layer": {"build": patched},
    "frozen layer": {"build": frozen},
    "own model": {"build": lambda: OwnSequential([keras.Input((FEATURES,)), layers.Dense(4, "softmax")])},
    "regularizer": {"build": lambda: sequential(layers.Dense(5, kernel_regularizer="l2"))},
    "constraint": {"build": lambda: sequential(layers.Dense(5, kernel_constraint="non_neg"))},
    "half precision": {"build": lambda: sequential(layers.Dense(5, dtype="mixed_float16"))},
    "schedule": {
        "optimizer": lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 4, 0.5)),
    },
    "clipped": {"optimizer": lambda: optimizers.SGD(0.1, clipnorm=0.01)},
    "averaged": {"optimizer": lambda: optimizers.SGD(0.1, use_ema=True)},
    "accumulated": {"optimizer": lambda: optimizers.Adam(gradient_accumulation_steps=2)},
    "centered": {"optimizer": lambda: optimizers.RMSprop(0.003, centered=True)},
    "amsgrad": {"optimizer": lambda: optimizers.Adam(amsgrad=True)},
    "adamw": {"optimizer": lambda: optimizers.AdamW()},
    "adagrad": {"optimizer": lambda: optimizers.Adagrad()},
    "other loss": {"loss": "poisson", "targets": one_hot},
    "smoothed": {"loss": losses.CategoricalCrossentropy(label_smoothing=0.1), "targets": one_hot},
    "summed": {"loss": losses.CategoricalCrossentropy(reduction="sum"), "targets": one_hot},
    "logits of softmax": {"loss": losses.SparseCategoricalCrossentropy(from_logits=True)},
    "ignored class": {"loss": losses.SparseCategoricalCrossentropy(ignore_class=1)},
    "other metric": {"metrics": ["accuracy", "sparse_categorical_crossentropy"]},
    "sample weights": {"weights": {"sample_weight": np.linspace(0, 2, SAMPLES)}},
    "class weights": {"weights": {"class_weight": {0: 1.0, 1: 5.0, 2: 0.5, 3: 0.0}}},
    "labels as floats": {"targets": lambda x, y: (x, y.astype("float32"))},
}


@pytest.mark.parametrize("case", NOT_BY_HAND.values(), ids=NOT_BY_HAND)
def test_whatever_else_a_model_has_trains_in_a_graph(case, data):
    case = {"build": sequential, **case}
    targets, weights = case.pop("targets", lambda *data: data), case.pop("weights", {})
    assert not takes(compiled(**case), targets(*data), **weights)


def test_the_cases_above_train_in_a_graph_for_nothing_else(data):
    assert takes(compiled(sequential), data)
    assert takes(compiled(sequential, loss="categorical_crossentropy"), one_hot(*data))


@pytest.mark.parametrize("wrong", [-1, CLASSES])
def test_a_label_that_is_no_class_gets_the_error_of_tensorflow(wrong, data):
    x, y = data
    y = y.astype(int)
    y[77] = wrong
    with pytest.raises(tf.errors.InvalidArgumentError, match="label value"):
        labkit.fit(compiled(sequential), x, y, verbose=0)


def test_augmented_images_train_in_a_graph(data, by_numpy):
    labkit.fit(compiled(sequential), *data, verbose=0, augment=lambda x, training: 2 * x)
    assert not by_numpy()
