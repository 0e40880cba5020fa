"""Small networks of dense layers train in NumPy, with the results of `model.fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.src.losses.losses import LossFunctionWrapper

import labkit
from labkit.training import _keras_fit, by_hand, epochs, loops
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
def no_graph(monkeypatch):
    """Training and validation fail if they need a graph."""
    monkeypatch.setattr(epochs, "batch_loop", None)


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
def test_weights_and_state_after_three_epochs_are_those_of_model_fit(optimizer, data, no_graph):
    assert_as_model_fit(lambda: sequential(layers.Dense(7, "tanh")), data, optimizer)


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
def test_losses_and_accuracies_are_those_of_model_fit(targets, ending, units, loss, data, no_graph):
    assert_as_model_fit(
        lambda: sequential(ending=ending, units=units),
        targets(*data),
        OPTIMIZERS["adam"],
        {"validation_split": 0.2},
        loss=loss,
    )


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
def test_images_of_every_kind(kind, no_graph):
    images = np.random.default_rng(0).integers(0, 2 if kind == "bool" else 256, (70, 6, 6)).astype(kind)
    parts = [layers.Rescaling(1 / 255), layers.Flatten()]
    assert_as_model_fit(lambda: sequential(*parts, shape=(6, 6)), (images, np.arange(70) % CLASSES))


def test_a_softmax_layer_and_a_model_without_input_are_taken_too(data, no_graph):
    assert_as_model_fit(lambda: keras.Sequential([layers.Dense(CLASSES), layers.Softmax()]), data)


ARGUMENTS = {
    "a batch larger than the data": {"batch_size": 1000},
    "validation every second epoch": {"validation_split": 0.2, "validation_freq": 2},
    "validation in other batches": {"validation_split": 0.3, "validation_batch_size": 7},
    "a later first epoch": {"initial_epoch": 2, "epochs": 4},
}


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_mean_what_they_mean_to_model_fit(arguments, data, no_graph):
    assert_as_model_fit(sequential, data, OPTIMIZERS["rmsprop"], arguments)


@pytest.mark.parametrize("optimizer", ["nesterov", "rmsprop with momentum", "adam"])
def test_a_long_epoch_is_left_after_any_batch(optimizer, data, no_graph, monkeypatch):
    monkeypatch.setattr(epochs, "_SECONDS_PER_STRETCH", 0)
    assert_as_model_fit(sequential, data, OPTIMIZERS[optimizer], {"validation_split": 0.2})


def test_callbacks_change_rate_and_weights_between_epochs(data, no_graph):
    class Halve(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.set_weights([weight / 2 for weight in self.model.get_weights()])

    arguments = {
        "validation_split": 0.2,
        "callbacks": [Halve(), keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)],
    }
    assert_as_model_fit(sequential, data, OPTIMIZERS["momentum"], arguments)


def test_training_ends_when_the_loss_is_not_a_number(data, no_graph):
    x = data[0].copy()
    x[100] = np.nan
    callbacks = [keras.callbacks.TerminateOnNaN()]
    history = labkit.fit(compiled(sequential), x, data[1], epochs=5, verbose=0, callbacks=callbacks)
    assert len(history.epoch) == 1
    assert np.isnan(history.history["loss"][0])


def test_an_interrupted_training_keeps_the_batches_that_were_done(data, monkeypatch):
    two_batches = compiled(sequential, OPTIMIZERS["momentum"])
    labkit.fit(two_batches, *(part[:64] for part in data), verbose=0, shuffle=False)
    done, update = [], optimizers_by_hand._SGD.update

    def stop_at_third(self, *arguments):
        done.append(1)
        if len(done) == 3:
            raise KeyboardInterrupt
        return update(self, *arguments)

    monkeypatch.setattr(optimizers_by_hand._SGD, "update", stop_at_third)
    model = compiled(sequential, OPTIMIZERS["momentum"])
    with pytest.raises(KeyboardInterrupt):
        labkit.fit(model, *data, verbose=0, shuffle=False)
    assert len(done) == 3
    for one, other in ((model, two_batches), (model.optimizer, two_batches.optimizer)):
        for mine, expected in zip(one.variables[:3], other.variables[:3], strict=True):
            np.testing.assert_allclose(mine.numpy(), expected.numpy())


FIRST = {"epochs": 1, "batch_size": 32, "verbose": 0, "shuffle": False}


def freeze(model):
    model.layers[0].trainable = False


def more_momentum(model):
    model.optimizer.momentum = 0.99


def other_activation(model):
    model.layers[0].activation = keras.activations.relu


@pytest.mark.parametrize("change", [freeze, more_momentum, other_activation])
def test_what_is_changed_without_compiling_again_takes_no_effect_as_in_model_fit(change, data, no_graph):
    histories = []
    for fit in (labkit.fit, _keras_fit):
        model = compiled(lambda: sequential(layers.Dense(6, "tanh")), OPTIMIZERS["momentum"])
        fit(model, *data, **FIRST)
        change(model)
        histories.append(fit(model, *data, **FIRST).history["loss"])
    np.testing.assert_allclose(*histories, rtol=1e-4)


def test_compiling_again_takes_effect(data, no_graph):
    histories = []
    for fit in (labkit.fit, _keras_fit):
        model = compiled(lambda: sequential(layers.Dense(6, "tanh")), OPTIMIZERS["momentum"])
        fit(model, *data, **FIRST)
        model.layers[0].activation = keras.activations.relu
        model.compile(model.optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        histories.append(fit(model, *data, **FIRST).history["loss"])
    np.testing.assert_allclose(*histories, rtol=1e-4)


def test_an_optimizer_of_another_model_gets_the_error_of_keras(data):
    optimizer, first = optimizers.Adam(), sequential()
    first.compile(optimizer, "sparse_categorical_crossentropy")
    labkit.fit(first, *data, verbose=0)
    second = sequential()
    second.compile(optimizer, "sparse_categorical_crossentropy")
    for _ in range(2):
        with pytest.raises(ValueError, match="Unknown variable"):
            labkit.fit(second, *data, verbose=0)


def test_a_seed_makes_training_repeatable_and_another_changes_it(data, no_graph):
    def history(seed):
        model = compiled(sequential)
        keras.utils.set_random_seed(seed)
        return labkit.fit(model, *data, epochs=2, verbose=0).history

    assert history(3) == history(3)
    assert history(3) != history(4)


def test_the_progress_bar_shows_what_was_counted(data, no_graph, capsys):
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


def patched(part, name):
    def build():
        model = sequential()
        thing = part(model)
        vars(thing)[name] = getattr(thing, name)
        return model

    return build


def patched_optimizer():
    optimizer = optimizers.SGD(0.1)
    vars(optimizer)["update_step"] = optimizer.update_step
    return optimizer


def patched_loss():
    loss = losses.SparseCategoricalCrossentropy()
    vars(loss)["call"] = loss.call
    return loss


def patched_metric():
    metric = keras.metrics.SparseCategoricalAccuracy()
    vars(metric)["update_state"] = metric.update_state
    return metric


def with_a_variable():
    model = sequential()
    model.temperature = keras.Variable(1.0)
    return model


def twice_the_same():
    layer = layers.Dense(FEATURES, "relu")
    return sequential(layer, layer)


def unhashable():
    class Loss:
        __hash__ = None

        def __call__(self, y, p):
            return keras.losses.sparse_categorical_crossentropy(y, p)

    return Loss()


def of_input(dtype):
    return lambda: keras.Sequential([keras.Input((FEATURES,), dtype=dtype), layers.Dense(4, "softmax")])


NOT_BY_HAND = {
    "too large": {"build": lambda: sequential(layers.Dense(4000))},
    "dropout": {"build": lambda: sequential(layers.Dropout(0.5))},
    "own layer": {"build": lambda: sequential(Own(5))},
    "own activation": {"build": lambda: sequential(layers.Dense(5, activation=keras.ops.sin))},
    "softmax inside": {"build": lambda: sequential(layers.Dense(5, "softmax"))},
    "patched layer": {"build": patched(lambda model: model.layers[0], "call")},
    "patched model": {"build": patched(lambda model: model, "compute_loss")},
    "patched optimizer": {"optimizer": patched_optimizer},
    "patched loss": {"loss": patched_loss()},
    "patched metric": {"metrics": [patched_metric()]},
    "a variable of the model's": {"build": with_a_variable},
    "a layer used twice": {"build": twice_the_same},
    "input of bytes": {"build": of_input("uint8")},
    "input of half precision": {"build": of_input("float16")},
    "activity regularizer": {"build": lambda: sequential(layers.Dense(5, activity_regularizer="l2"))},
    "activation outside": {"build": lambda: sequential(ending=None)},
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
    "a mean of nothing new": {"optimizer": lambda: optimizers.Adam(beta_1=1.0)},
    "adamw": {"optimizer": lambda: optimizers.AdamW()},
    "adagrad": {"optimizer": lambda: optimizers.Adagrad()},
    "other loss": {"loss": "poisson", "targets": one_hot},
    "smoothed": {"loss": losses.CategoricalCrossentropy(label_smoothing=0.1), "targets": one_hot},
    "summed": {"loss": losses.CategoricalCrossentropy(reduction="sum"), "targets": one_hot},
    "logits of softmax": {"loss": losses.SparseCategoricalCrossentropy(from_logits=True)},
    "unknown setting": {
        "loss": LossFunctionWrapper(losses.sparse_categorical_crossentropy, unknown=1),
    },
    "loss without a hash": {"loss": unhashable()},
    "loss in half precision": {"loss": losses.SparseCategoricalCrossentropy(dtype="float16")},
    "two losses": {"loss": ["categorical_crossentropy", "mse"], "targets": one_hot},
    "ignored class": {"loss": losses.SparseCategoricalCrossentropy(ignore_class=1)},
    "other metric": {"metrics": ["accuracy", "sparse_categorical_crossentropy"]},
    "sample weights": {"weights": {"sample_weight": np.linspace(0, 2, SAMPLES)}},
    "class weights": {"weights": {"class_weight": {0: 1.0, 1: 5.0, 2: 0.5, 3: 0.0}}},
    "one-hot metric of labels": {"metrics": ["categorical_accuracy"]},
    "label metric of one-hot": {
        "metrics": [keras.metrics.SparseCategoricalAccuracy()],
        "loss": "categorical_crossentropy",
        "targets": one_hot,
    },
    "binary metric of labels": {"metrics": [keras.metrics.BinaryAccuracy()]},
    "labels as floats": {"targets": lambda x, y: (x, y.astype("float32"))},
}


@pytest.mark.parametrize("case", NOT_BY_HAND.values(), ids=NOT_BY_HAND)
def test_whatever_else_a_model_has_trains_in_a_graph(case, data):
    case = {"build": sequential, **case}
    targets, weights = case.pop("targets", lambda *data: data), case.pop("weights", {})
    assert not takes(compiled(**case), targets(*data), **weights)


def test_a_class_that_was_patched_trains_in_a_graph(data, monkeypatch):
    call = layers.Dense.call
    monkeypatch.setattr(layers.Dense, "call", lambda self, inputs: call(self, 2 * inputs))
    assert not takes(compiled(sequential), data)


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


def test_augmented_images_train_in_a_graph(data, no_graph):
    with pytest.raises(TypeError, match="NoneType"):
        labkit.fit(compiled(sequential), *data, verbose=0, augment=lambda x, training: 2 * x)
