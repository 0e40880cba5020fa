"""What a check measures of a described model, beside the same by hand."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.check import accuracy, cross_entropy, expect, outputs, renamed, training_cost
from labkit.worker import ModelSpec, models


@pytest.fixture(scope="module")
def classifier():
    """A softmax classifier of four numbers as (description, kernel)."""
    import keras

    kernel = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.set_weights([kernel, np.zeros(3, np.float32)])
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd")
    return models.describe(model), kernel


X = np.random.default_rng(1).normal(size=(600, 4)).astype(np.float32)
LABELS = np.random.default_rng(2).integers(0, 3, 600)


def test_accuracy_is_the_share_of_largest_outputs(classifier):
    model, kernel = classifier
    assert accuracy(model, X, LABELS, classes=3) == np.mean((X @ kernel).argmax(axis=1) == LABELS)
    assert accuracy(model, X, LABELS, classes=3, read=X @ kernel) == accuracy(model, X, LABELS, classes=3)


@pytest.mark.parametrize("logits", [False, True])
def test_cross_entropy_takes_outputs_as_the_loss_does(classifier, logits):
    model, kernel = classifier
    likely = np.exp(X @ kernel) / np.exp(X @ kernel).sum(axis=1, keepdims=True)
    if logits:
        loss = {"name": "sparse_categorical_crossentropy", "from_logits": True}
        model = models.replace(model, compile={**model.compile, "loss": loss})
        likely = np.exp(likely) / np.exp(likely).sum(axis=1, keepdims=True)
    expected = -np.log(likely[np.arange(600), LABELS]).mean()
    assert cross_entropy(model, X, LABELS) == pytest.approx(expected, rel=1e-5)


def test_a_probability_of_zero_costs_a_finite_number(classifier):
    model, kernel = classifier
    weights = [1000 * kernel, np.zeros(3, np.float32)]
    assert 10 < cross_entropy(model.with_weights(weights), X, (X @ kernel).argmin(axis=1)) < 17


@pytest.mark.parametrize(
    ("answer", "x", "kind"),
    [
        (None, X, "none"),
        (np.zeros(3), X, "type"),
        (ModelSpec(problem="it has branches"), X, "model"),
        ("classifier", X[:, :3], "inputs"),
        ("classifier", X, "outputs"),
    ],
)
def test_what_cannot_be_measured_fails_the_check(classifier, answer, x, kind):
    model = classifier[0] if isinstance(answer, str) else answer
    with pytest.raises(expect.Failure) as failed:
        accuracy(model, x, LABELS)
    assert failed.value.kind == kind
    if kind != "outputs":
        with pytest.raises(expect.Failure):
            outputs(model, x)


def test_renamed_classes_are_the_same_classes_under_other_names():
    labels, names = renamed(LABELS, np.random.default_rng(3), classes=3)
    assert labels.dtype == np.uint8 and sorted(names) == [0, 1, 2]
    assert np.array_equal(labels, names[LABELS])


def test_a_training_costs_three_multiply_adds_for_each_weight_of_a_matrix():
    import keras

    layers = [keras.layers.Dense(100), keras.layers.BatchNormalization(), keras.layers.Dense(10)]
    model = models.describe(keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), *layers]))
    assert training_cost(model, samples=60_000, epochs=5) == 3 * (784 * 100 + 100 * 10) * 60_000 * 5
