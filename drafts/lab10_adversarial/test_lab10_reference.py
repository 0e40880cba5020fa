"""The reference of lab 10 against published and recomputed numbers, linear programming, and Keras' own loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from labkit.check import catalogue
from labkit.course import find_course
from labkit.data import load_mnist
from labkit.worker import Session

keras = pytest.importorskip("keras")


@pytest.fixture(scope="module")
def lab():
    """The functions of the reference."""
    session = Session()
    course = find_course(Path(__file__).parents[2])
    report = session.load(catalogue.reference_cells(course.lab("lab10_adversarial")))
    assert not report["notes"]
    return session.module


@pytest.fixture(scope="module")
def regression():
    """Lab 01's softmax regression after 10 epochs, and the test digits."""
    mnist = load_mnist()
    x, test = (a.reshape(-1, 784).astype("float32") / 255 for a in (mnist.x_train, mnist.x_test))
    weights, bias, targets = (
        np.zeros((784, 10), "float32"),
        np.zeros(10, "float32"),
        np.eye(10, dtype="float32"),
    )
    for _ in range(10):
        for first in range(0, 60_000, 100):
            rows = slice(first, first + 100)
            scores = np.exp(x[rows] @ weights + bias)
            error = (scores / scores.sum(axis=1, keepdims=True) - targets[mnist.y_train[rows]]) / 100
            weights, bias = weights - 0.2 * (x[rows].T @ error), bias - 0.2 * error.sum(axis=0)
    return weights, bias, test, mnist.y_test.astype(int)


@pytest.mark.slow
def test_softmax_regression_falls(lab, regression):
    weights, bias, x, y = regression
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
    model.set_weights([weights, bias])
    found = lab.robust_curve(model, x, y, [0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25])
    assert found == pytest.approx([0.9201, 0.8910, 0.8558, 0.8024, 0.6637, 0.1840, 0.0001], abs=6e-4)


@pytest.mark.slow
def test_what_a_softmax_regression_needs(lab, regression):
    needed = lab.smallest_epsilon(*regression)
    assert np.quantile(needed, (0.25, 0.5, 0.75)) == pytest.approx([0.0237, 0.0419, 0.0580], abs=1e-4)
    shares = [float((needed > epsilon).mean()) for epsilon in (0.01, 0.02, 0.03, 0.05, 0.1)]
    assert shares == pytest.approx([0.8673, 0.7872, 0.6751, 0.3684, 0.0215], abs=6e-4)
    assert needed.max() == pytest.approx(0.172, abs=1e-3)


def test_the_smallest_change_is_that_of_a_linear_program(lab):
    rng = np.random.default_rng(10)
    weights, bias, x = rng.normal(size=(6, 3)), rng.normal(size=3), rng.uniform(size=(4, 6))
    y = (x @ weights + bias).argmax(axis=1)
    found = lab.smallest_epsilon(weights, bias, x, y)
    for image, label, needed in zip(x, y, found, strict=True):
        z, best = image @ weights + bias, np.inf
        for rival in set(range(3)) - {label}:  # least t with |d| <= t and z_rival + ... >= z_label + ...
            push = weights[:, rival] - weights[:, label]
            rows = np.block([[np.eye(6), -np.ones((6, 1))], [-np.eye(6), -np.ones((6, 1))]])
            rows = np.vstack([rows, [*-push, 0]])
            limits = [*np.zeros(12), z[rival] - z[label]]
            answer = linprog([*np.zeros(6), 1], A_ub=rows, b_ub=limits, bounds=[(None, None)] * 7)
            best = min(best, answer.fun)
        assert needed == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize(("classes", "amount"), [(10, 0.1), (10, 0.05), (2, 0.1), (7, 1.0)])
def test_the_floor_is_the_least_of_keras_loss(lab, classes, amount):
    loss, gap = lab.smoothing_floor(classes, amount)
    keras_loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=amount)
    target = np.eye(classes)[:1]
    around = [float(keras_loss(target, target * (gap + more))) for more in (-0.5, 0.0, 0.5)]
    assert around[1] == pytest.approx(loss, abs=1e-6) and around[1] < min(around[0], around[2])


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.7])
def test_smoothed_labels_are_keras(lab, amount):
    targets = np.eye(5)[[0, 3, 4]]
    logits = np.random.default_rng(0).normal(size=(3, 5))
    smoothed = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=amount)(targets, logits)
    plain = keras.losses.CategoricalCrossentropy(from_logits=True)(lab.smooth_labels(targets, amount), logits)
    assert float(plain) == pytest.approx(float(smoothed), rel=1e-6)


@pytest.mark.parametrize(("fraction", "left"), [(0.8, 53_240), (0.9, 26_620), (0.0, 266_200), (1.0, 0)])
def test_kernels_of_lenet_300_100(lab, fraction, left):
    rng = np.random.default_rng(0)
    shapes = [(784, 300), (300,), (300, 100), (100,), (100, 10), (10,)]
    initial, trained = ([rng.normal(size=shape) for shape in shapes] for _ in range(2))
    weights, masks = lab.winning_ticket(initial, trained, fraction)
    assert sum(mask.sum() for mask in masks[::2]) == left and all(mask.all() for mask in masks[1::2])
    assert all(
        np.array_equal(w, np.where(mask, i, 0)) for w, mask, i in zip(weights, masks, initial, strict=True)
    )
