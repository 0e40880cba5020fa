"""Long trainings of dense networks run as machine code, with the results of `model.fit`."""

import gc
import logging
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import labkit
from labkit.training import by_hand, compilation, loops

layers, optimizers = keras.layers, keras.optimizers

SAMPLES, FEATURES, CLASSES = 150, 12, 4  # 150 is no multiple of the batch size


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, SAMPLES).astype("uint8")
    centres = rng.normal(size=(CLASSES, FEATURES))
    return (centres[labels] + rng.normal(size=(SAMPLES, FEATURES))).astype("float32"), labels


@pytest.fixture
def messages(caplog):
    caplog.set_level(logging.DEBUG, logger="labkit.training")
    return lambda: " ".join(record.getMessage() for record in caplog.records)


@pytest.fixture
def at_once(monkeypatch):
    """No training is too short to be compiled, none is done by hand, and an epoch takes several calls of the graph."""
    monkeypatch.setattr(by_hand, "_SMALL", 0)
    monkeypatch.setattr(compilation, "_LONG", 1)
    monkeypatch.setattr(loops, "_GATHERED_BYTES", 3 * 32 * FEATURES * 4)


def sequential(*parts):
    return keras.Sequential([keras.Input((FEATURES,)), *parts, layers.Dense(CLASSES, activation="softmax")])


def nested():
    return sequential(keras.Sequential([layers.Dense(8), layers.BatchNormalization(), layers.ReLU()]))


def functional():
    images = keras.Input((FEATURES,))
    hidden = layers.Dense(8, activation="tanh", kernel_regularizer="l2", activity_regularizer="l1")(images)
    return keras.Model(images, layers.Dense(CLASSES, activation="softmax")(hidden))


COMPILED = {
    "softmax regression": (sequential, "sgd"),
    "own activation": (lambda: sequential(layers.Dense(9, activation=lambda z: tf.sin(z))), "adam"),
    "nested": (nested, "rmsprop"),
    "functional": (functional, lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True)),
    "schedule": (sequential, lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 4, 0.5))),
    "average": (sequential, lambda: optimizers.AdamW(0.01, use_ema=True)),
}


LAYERS = [
    *(
        layers.ReLU(),
        layers.LeakyReLU(),
        layers.PReLU(),
        layers.ELU(),
        layers.Softmax(),
        layers.Rescaling(2.0),
    ),
    *(layers.Activation("gelu"), layers.ActivityRegularization(l1=0.01), layers.Reshape((9, 1))),
    *(layers.BatchNormalization(), layers.LayerNormalization()),
]


def compiled(build, optimizer="sgd"):
    keras.utils.set_random_seed(1)
    model = build()
    made = optimizer() if callable(optimizer) else optimizers.get(optimizer)
    model.compile(made, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, data, **settings):
    return labkit.fit(model, *data, **{"batch_size": 32, "epochs": 3, "verbose": 0, **settings})


def assert_as_model_fit(build, optimizer, data, **settings):
    ours, theirs = compiled(build, optimizer), compiled(build, optimizer)
    settings["shuffle"] = False
    mine = train(ours, data, **settings).history
    expected = theirs.fit(*data, batch_size=32, epochs=3, verbose=0, **settings).history
    assert list(mine) == list(expected)
    for name in expected:
        np.testing.assert_allclose(mine[name], expected[name], rtol=1e-3, atol=1e-4, err_msg=name)
    for weights, others in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weights, others, rtol=1e-3, atol=2e-5)
    assert int(ours.optimizer.iterations) == int(theirs.optimizer.iterations)


@pytest.mark.parametrize("build, optimizer", COMPILED.values(), ids=COMPILED)
def test_machine_code_trains_as_model_fit_does(build, optimizer, data, at_once, messages):
    assert_as_model_fit(build, optimizer, data, validation_split=0.1)
    assert "as machine code" in messages()


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_every_layer_that_is_compiled_computes_the_same(layer, data, at_once, messages):
    def build():
        copy = type(layer).from_config(layer.get_config())
        return sequential(layers.Dense(9), copy, layers.Flatten())

    assert_as_model_fit(build, "sgd", data)
    assert "as machine code" in messages()


@pytest.mark.parametrize(
    "settings",
    [{"sample_weight": np.linspace(0, 2, SAMPLES)}, {"class_weight": {0: 3.0, 1: 1.0, 2: 0.5, 3: 0.0}}],
    ids=lambda settings: next(iter(settings)),
)
def test_weights_count_in_machine_code(settings, data, at_once, messages):
    assert_as_model_fit(sequential, "adam", data, **settings)
    assert "as machine code" in messages()


def test_a_layer_that_was_frozen_between_two_fits_is_treated_as_keras_does(
    data, monkeypatch, at_once, messages
):
    def build():
        return sequential(layers.Dense(8, activation="tanh"))

    ours, theirs = compiled(build), compiled(build)
    monkeypatch.setattr(compilation, "_LONG", 10**12)
    train(ours, data, shuffle=False)
    theirs.fit(*data, batch_size=32, epochs=3, verbose=0, shuffle=False)
    monkeypatch.setattr(compilation, "_LONG", 1)
    for model in (ours, theirs):
        model.layers[0].trainable = False
    train(ours, data, shuffle=False)
    theirs.fit(*data, batch_size=32, epochs=3, verbose=0, shuffle=False)
    for weights, others in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weights, others, rtol=1e-3, atol=2e-5)


def test_a_model_that_its_own_loss_holds_on_to_is_freed_with_its_machine_code(data, at_once, messages):
    def of(model):
        return lambda y, p: keras.losses.sparse_categorical_crossentropy(y, p) * len(model.layers)

    model = sequential()
    model.compile("sgd", loss=of(model))
    train(model, data)
    assert "as machine code" in messages()
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_a_seed_makes_machine_code_repeatable(data, at_once, messages):
    first, second = (train(compiled(nested), data).history for _ in range(2))
    assert first == second
    assert "as machine code" in messages()


def test_shuffled_batches_hold_every_sample_once(at_once, messages):
    """A weight that sums what it sees, by gradient descent on a loss that is linear in it."""
    model = keras.Sequential([keras.Input((SAMPLES,)), layers.Dense(1, use_bias=False)])
    model.compile(optimizers.SGD(32.0), loss=lambda y, scores: -scores)
    model.set_weights([np.zeros((SAMPLES, 1), "float32")])
    x = np.eye(SAMPLES, dtype="float32")[: SAMPLES // 32 * 32]
    train(model, (x, np.zeros(len(x))), epochs=2)
    assert "as machine code" in messages()
    np.testing.assert_allclose(model.get_weights()[0][: len(x), 0], 2.0)


NEVER_COMPILED = {
    "convolution": [layers.Reshape((FEATURES, 1)), layers.Conv1D(4, 3), layers.Flatten()],
    "own layer": [type("Own", (layers.Dense,), {})(8)],
    "dropout": [layers.Dense(8), layers.Dropout(0.5)],
    "random numbers": [layers.Dense(8, activation=lambda z: z + tf.random.normal(tf.shape(z)))],
    "assertion": [layers.Dense(8, activation=lambda z: tf.debugging.check_numerics(z, "z"))],
    "recurrent": [layers.Reshape((FEATURES, 1)), layers.SimpleRNN(4)],
}


@pytest.mark.parametrize("parts", NEVER_COMPILED.values(), ids=NEVER_COMPILED)
def test_other_layers_stay_with_the_kernels_of_tensorflow(parts, data, at_once, messages):
    train(compiled(lambda: sequential(*parts)), data)
    assert "as machine code" not in messages()


def test_short_trainings_are_not_compiled_until_they_have_become_long(data, monkeypatch, messages):
    monkeypatch.setattr(by_hand, "_SMALL", 0)
    model = compiled(sequential)
    monkeypatch.setattr(compilation, "_LONG", compilation.work(model, 3 * (SAMPLES // 32)))
    train(model, data, epochs=2)
    assert not messages()
    train(model, data, epochs=1)
    assert "as machine code" in messages()


def test_what_xla_cannot_compile_trains_without(data, at_once, messages):
    def through_python(z):
        (out,) = tf.py_function(lambda values: [values], [z], [tf.float32])
        return tf.ensure_shape(out, z.shape)

    history = train(compiled(lambda: sequential(layers.Dense(8, activation=through_python))), data)
    assert "as machine code" not in messages()
    assert history.history["loss"][-1] < history.history["loss"][0]


@pytest.mark.parametrize("wrong, after_good_ones", [(-1, False), (CLASSES, False), (CLASSES, True)])
def test_a_label_that_is_no_class_gets_the_error_of_tensorflow(
    wrong, after_good_ones, data, at_once, messages
):
    x, y = data
    y = y.astype(int)
    data = x, y.copy()  # of one kind with the wrong ones
    y[77] = wrong
    model = compiled(sequential)
    if after_good_ones:
        train(model, data)
        assert "as machine code" in messages()
    with pytest.raises(tf.errors.InvalidArgumentError, match="label value"):
        train(model, (x, y))
