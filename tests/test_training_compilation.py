"""Long trainings of dense networks run as machine code, with the results of `model.fit`."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

import labkit
from labkit.training import compilation, loops

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
    """No training is too short to be compiled, and an epoch takes several calls of the graph."""
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


def compiled(build, optimizer="sgd"):
    keras.utils.set_random_seed(1)
    model = build()
    made = optimizer() if callable(optimizer) else optimizers.get(optimizer)
    model.compile(made, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, data, **settings):
    return labkit.fit(model, *data, **{"batch_size": 32, "epochs": 3, "verbose": 0, **settings})


@pytest.mark.parametrize("build, optimizer", COMPILED.values(), ids=COMPILED)
def test_machine_code_trains_as_model_fit_does(build, optimizer, data, at_once, messages):
    ours, theirs = compiled(build, optimizer), compiled(build, optimizer)
    settings = {"shuffle": False, "validation_split": 0.1}
    mine = train(ours, data, **settings).history
    expected = theirs.fit(*data, batch_size=32, epochs=3, verbose=0, **settings).history
    assert "as machine code" in messages()
    assert list(mine) == list(expected)
    for name in expected:
        np.testing.assert_allclose(mine[name], expected[name], rtol=1e-3, atol=1e-4, err_msg=name)
    for weights, others in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weights, others, rtol=1e-3, atol=2e-5)
    assert int(ours.optimizer.iterations) == int(theirs.optimizer.iterations)


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
    "recurrent": [layers.Reshape((FEATURES, 1)), layers.SimpleRNN(4)],
}


@pytest.mark.parametrize("parts", NEVER_COMPILED.values(), ids=NEVER_COMPILED)
def test_other_layers_stay_with_the_kernels_of_tensorflow(parts, data, at_once, messages):
    train(compiled(lambda: sequential(*parts)), data)
    assert not messages()


def test_short_trainings_are_not_compiled_until_they_have_become_long(data, monkeypatch, messages):
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
    assert "cannot compile" in messages()
    assert history.history["loss"][-1] < history.history["loss"][0]


@pytest.mark.parametrize("wrong", [-1, CLASSES])
def test_a_label_that_is_no_class_gets_the_error_of_tensorflow(wrong, data, at_once):
    x, y = data
    y = y.astype(int)
    y[77] = wrong
    with pytest.raises(tf.errors.InvalidArgumentError, match="label value"):
        train(compiled(sequential), (x, y))
