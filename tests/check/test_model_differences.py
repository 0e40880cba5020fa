"""What is said of a model that is not the right one, layer by layer."""

from __future__ import annotations

import keras
import pytest
from keras import layers as L

from labkit.check import expect
from labkit.check.expect.failure import examining
from labkit.check.relations import find_relation
from labkit.worker import models


def spec(*stack, inputs=(784,), loss="sparse_categorical_crossentropy"):
    model = keras.Sequential([keras.Input(inputs), *stack])
    model.compile("adam", loss)
    return models.describe(model)


def mlp(*widths, activation="relu", drop=None, end="softmax"):
    stack = []
    for width in widths:
        stack.append(L.Dense(width, activation))
        if drop is not None:
            stack.append(drop())
    return spec(*stack, L.Dense(10, end))


def cnn(filters=(6, 16), kernel=5, pool=L.MaxPooling2D, activation="tanh"):
    stack = []
    for number in filters:
        stack += [L.Conv2D(number, kernel, padding="same", activation=activation), pool(2)]
    return spec(*stack, L.Flatten(), L.Dense(10, "softmax"), inputs=(28, 28, 1))


def rate(value):
    return lambda: L.Dropout(value)


LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
TABLE = [
    (mlp(64, 32, 16), mlp(64, 32), "Dense(16) before the output layer is too many"),
    (mlp(64), mlp(64, 32), "Dense(32) is missing as the second hidden layer"),
    (mlp(32, 64), mlp(64, 32), "the widths of the hidden layers come in reverse order"),
    (mlp(64, 30), mlp(64, 32), "the second hidden layer has 30 units; it should have 32"),
    (
        spec(L.Dense(64, "relu"), L.Dense(32), L.Dense(10, "softmax")),
        mlp(64, 32),
        "the second hidden layer has no activation; it should have relu",
    ),
    (
        mlp(64, 32, activation=None),
        mlp(64, 32),
        "the first hidden layer has no activation; it should have relu; the second",
    ),
    (mlp(64, activation="sigmoid"), mlp(64), "sigmoid where relu should stand, after the first hidden layer"),
    (mlp(64, end="sigmoid"), mlp(64), "sigmoid where softmax should stand, after the output layer"),
    (mlp(64, end=None), mlp(64), "the output layer has no activation; it should have softmax"),
    (
        spec(L.Dense(64, "relu"), L.Dense(11, "softmax")),
        mlp(64),
        "the output layer has 11 units; it should have 10",
    ),
    (
        mlp(64, drop=lambda: L.GaussianDropout(0.2)),
        mlp(64, drop=rate(0.2)),
        "GaussianDropout(0.2) where Dropout(0.2) should stand, after the first hidden layer",
    ),
    (mlp(64, drop=rate(0.8)), mlp(64, drop=rate(0.2)), "Dropout(0.8) has rate 0.8; it should have 0.2"),
    (mlp(64), mlp(64, drop=rate(0.2)), "Dropout(0.2) is missing after the first hidden layer"),
    (mlp(64, drop=rate(0.2)), mlp(64), "Dropout(0.2) after the first hidden layer is too many"),
    (
        spec(L.Dropout(0.2), L.Dense(64, "relu"), L.Dense(10, "softmax")),
        mlp(64),
        "Dropout(0.2) at the beginning is too many",
    ),
    (spec(L.Dense(10, "softmax", use_bias=False)), mlp(), "the output layer has no bias; it should have one"),
    (spec(L.Dense(10, "relu"), L.Softmax()), mlp(), "relu after the output layer is too many"),
    (cnn((6, 8)), cnn(), "Conv2D(8, 5×5) has filters 8; it should have 16"),
    (cnn(kernel=3), cnn(), "Conv2D(6, 3×3) has kernel_size 3×3; it should have 5×5"),
    (cnn(pool=L.AveragePooling2D), cnn(), "AveragePooling2D(2×2) where MaxPooling2D(2×2) should stand"),
    (
        spec(L.Dense(10, "softmax"), inputs=(28, 28)),
        spec(L.Flatten(), L.Dense(10, "softmax"), inputs=(28, 28)),
        "Flatten is missing",
    ),
    (cnn((6,)), cnn(), "Conv2D(16, 5×5) is missing as the second convolution"),
]


@pytest.mark.parametrize(("model", "reference", "sentence"), TABLE, ids=[row[2] for row in TABLE])
def test_the_difference_is_named(model, reference, sentence):
    found = find_relation(model, reference)
    assert found.sentence.startswith(sentence), found.sentence
    assert not any(sign.isdigit() for sign in found.summary.replace("2D", ""))


@pytest.mark.parametrize(
    ("model", "reference"),
    [
        (mlp(64), mlp(64)),
        (spec(L.Dense(64), L.Activation("relu"), L.Dense(10), L.Softmax()), mlp(64)),
        (spec(L.Dense(64), L.ReLU(), L.Dense(10, loss := None), loss=LOGITS), mlp(64)),
        (spec(L.Flatten(), L.Dense(10, "softmax")), mlp()),
    ],
)
def test_nothing_is_said_of_another_spelling(model, reference):
    assert find_relation(model, reference) is None


@pytest.mark.parametrize(
    ("model", "expected", "sentence"),
    [
        (mlp(64, 32, 16), mlp(64, 32).parameters, "without Dense(16) before the output layer"),
        (mlp(64, 16), mlp(64, 32).parameters, "with 32 units instead of 16 in hidden layer 2"),
        (
            spec(L.Dense(64, "relu"), L.Dense(9)),
            mlp(64).parameters,
            "with 10 units instead of 9 in the output layer",
        ),
        (spec(L.Dense(10, use_bias=False)), 7850, "with biases the number would be right"),
        (cnn((6,)), 61_706, "its layers have: Conv2D(6, 5×5) 156, Dense(10) "),
        (spec(L.Flatten()), 10, "its layers have: no weights at all"),
    ],
)
def test_a_wrong_number_of_weights_is_explained(model, expected, sentence):
    assert find_relation(model, expected).sentence.startswith(sentence), find_relation(
        model, expected
    ).sentence


@pytest.mark.parametrize(
    "fails",
    [
        lambda model, right, x: expect.same_outputs(model, right, x),
        lambda model, right, x: expect.same_probabilities(model, right, x),
        lambda model, right, x: expect.same_training_noise(model, right, x[:2]),
        lambda model, right, x: expect.parameters(model, right),
    ],
    ids=["outputs", "probabilities", "noise", "parameters"],
)
def test_expectations_of_models_keep_what_is_compared(fails):
    import numpy as np

    x = np.random.default_rng(0).random((4, 784), dtype=np.float32)
    with examining(), pytest.raises(expect.Failure) as failed:
        fails(mlp(64, 32, 16), mlp(64, 32), x)
    assert "is too many" in find_relation(*failed.value.compared).sentence
