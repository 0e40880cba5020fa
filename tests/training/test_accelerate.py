"""`labkit.accelerate` puts `labkit.fit` in the place of `model.fit`, and takes it away again."""

import inspect
import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

import labkit
from labkit.training import _accelerated_fit, _keras_fit


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(90, 5)).astype("float32")


@pytest.fixture
def y(x):
    return (x.sum(1) > 0).astype("int32")


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.fixture
def handed_back(caplog):
    caplog.set_level(logging.DEBUG, logger="labkit.training")

    def messages():
        said = (record.getMessage() for record in caplog.records if record.name == "labkit.training")
        return [message for message in said if message.startswith("model.fit of Keras")]

    return messages


def test_a_context_undoes_it():
    with labkit.accelerate():
        assert keras.Model.fit is _accelerated_fit
        assert keras.Sequential.fit is _accelerated_fit
    assert keras.Model.fit is _keras_fit
    assert keras.Sequential.fit is _keras_fit


def test_contexts_nest():
    with labkit.accelerate():
        with labkit.accelerate():
            pass
        assert keras.Model.fit is _accelerated_fit
    assert keras.Model.fit is _keras_fit


def test_it_is_undone_after_an_error():
    with pytest.raises(KeyError), labkit.accelerate():
        raise KeyError
    assert keras.Model.fit is _keras_fit


def test_a_plain_call_lasts_until_undo():
    installed = labkit.accelerate()
    try:
        assert keras.Model.fit is _accelerated_fit
    finally:
        installed.undo()
    assert keras.Model.fit is _keras_fit


def test_the_signature_stays():
    assert inspect.signature(_accelerated_fit) == inspect.signature(_keras_fit)
    assert _accelerated_fit.__doc__ == _keras_fit.__doc__


def test_model_fit_then_trains_without_the_loop_of_keras(model, x, y, handed_back, monkeypatch):
    monkeypatch.setattr(model, "make_train_function", None)  # Keras' own loop would fail on this
    with labkit.accelerate():
        history = model.fit(x, y, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert history is model.history
    assert not handed_back()


def pairs(x, y):
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(30)


def endless(x, y):
    while True:
        yield x[:10], y[:10]


CALLS = {
    "positional": lambda m, x, y: m.fit(x, y, 20, 3, 0, None, 0.2, None, False),
    "every position": lambda m, x, y: m.fit(x, y, 20, 3, 0, None, 0.2, None, False, {0: 1, 1: 2}, None, 1),
    "first epoch": lambda m, x, y: m.fit(x, y, initial_epoch=2, epochs=5, verbose=0, shuffle=False),
    "steps": lambda m, x, y: m.fit(
        x, y, steps_per_epoch=3, batch_size=30, epochs=2, verbose=0, shuffle=False
    ),
    "steps without batch size": lambda m, x, y: m.fit(x, y, steps_per_epoch=3, verbose=0, shuffle=False),
    "validation frequency": lambda m, x, y: m.fit(
        x, y, epochs=4, validation_data=(x, y), validation_freq=2, verbose=0, shuffle=False
    ),
    "validation batches": lambda m, x, y: m.fit(
        x, y, validation_data=[x, y], validation_batch_size=7, verbose=0, shuffle=False
    ),
    "sample weights": lambda m, x, y: m.fit(x, y, sample_weight=np.arange(90.0), verbose=0, shuffle=False),
    "class weights": lambda m, x, y: m.fit(x, y, class_weight={0: 1.0, 1: 3.0}, verbose=0, shuffle=False),
    "dataset": lambda m, x, y: m.fit(pairs(x, y), epochs=2, verbose=0),
    "dataset and validation": lambda m, x, y: m.fit(pairs(x, y), validation_data=pairs(x, y), verbose=0),
    "generator": lambda m, x, y: m.fit(endless(x, y), steps_per_epoch=4, verbose=0),
    "lists": lambda m, x, y: m.fit([x], [y], verbose=0, shuffle=False),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_way_to_call_model_fit_gives_the_same(call, model, x, y):
    first = model.get_weights()
    with labkit.accelerate():
        ours = call(model, x, y)
    weights = model.get_weights()

    twin = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2, "softmax")])
    twin.compile("sgd", "sparse_categorical_crossentropy")
    twin.set_weights(first)
    theirs = call(twin, x, y)

    assert ours.epoch == theirs.epoch
    assert list(ours.history) == list(theirs.history)
    for name, values in theirs.history.items():
        np.testing.assert_allclose(ours.history[name], values, rtol=1e-4)
    for mine, expected in zip(weights, twin.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-5)


def test_a_wrong_argument_gets_the_error_of_keras(model, x, y):
    with labkit.accelerate(), pytest.raises(TypeError, match="epoch_count"):
        model.fit(x, y, epoch_count=3)


def test_labkit_fit_does_not_recurse_into_itself(model, x, y, handed_back):
    with labkit.accelerate():
        labkit.fit(model, pairs(x, y), shuffle=False, verbose=0)
    assert len(handed_back()) == 1


def test_a_model_with_its_own_fit_is_accelerated_through_super(x, y, handed_back):
    class Student(keras.Sequential):
        calls = 0

        def fit(self, *arguments, **named):
            type(self).calls += 1
            return super().fit(*arguments, **named)

    model = Student([keras.Input((5,)), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with labkit.accelerate():
        model.fit(x, y, verbose=0)
        labkit.fit(model, x, y, verbose=0)
    assert Student.calls == 2
    assert not handed_back()
