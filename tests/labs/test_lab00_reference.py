"""The reference of lab 00 against the lecture's tables, and against numbers that were found with other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labkit.check import catalogue
from labkit.course import find_course
from labkit.data import load_mnist
from labkit.worker import Session

FOUR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
AND, NAND, XOR = (np.array(y) for y in ([0, 0, 0, 1], [1, 1, 1, 0], [0, 1, 1, 0]))


@pytest.fixture(scope="module")
def lab():
    """The functions of the reference."""
    session = Session()
    course = find_course(Path(__file__).parents[2])
    report = session.load(catalogue.reference_cells(course.lab("lab00_perceptron")))
    assert not report["notes"]
    return session.module


@pytest.mark.parametrize(
    ("y", "weights", "updates", "epochs"), [(AND, [-2, 2, 1], 12, 7), (NAND, [3, -2, -1], 13, 7)]
)
def test_and_and_nand(lab, y, weights, updates, epochs):
    start = np.array([0.0, 1, -1])
    found, numbers, converged = lab.train_perceptron(FOUR, y, start, epochs)
    assert converged and found.tolist() == weights and len(numbers) == updates
    assert not lab.train_perceptron(FOUR, y, start, epochs - 1)[2]


def test_xor_comes_back(lab):
    ends = [lab.train_perceptron(FOUR, XOR, np.zeros(3), epochs)[0].tolist() for epochs in (2, 3)]
    assert ends == [[1, -1, 0], [1, -1, 0]]


@pytest.mark.parametrize(("points", "updates", "epochs"), [([8, 9], 138, 75), ([9, 8], 155, 83)])
def test_narrow_gap(lab, points, updates, epochs):
    x, y = np.array(points, float)[:, None], np.array([0, 1])
    _, numbers, converged = lab.train_perceptron(x, y, np.zeros(2), epochs)
    assert converged and len(numbers) == updates
    assert not lab.train_perceptron(x, y, np.zeros(2), epochs - 1)[2]


def test_functions_of_three_inputs(lab):
    table = np.array([[number >> bit & 1 for bit in (2, 1, 0)] for number in range(8)], float)
    functions = [np.array([number >> bit & 1 for bit in range(8)]) for number in range(256)]
    assert sum(lab.is_separable(table, y) for y in functions) == 104


def test_zeros_and_ones_of_mnist(lab):
    mnist = load_mnist()
    rows = np.flatnonzero(mnist.y_train <= 1)
    x, y = mnist.x_train[rows].reshape(-1, 784).astype(float), mnist.y_train[rows].astype(int)
    weights, updates, converged = lab.train_perceptron(x, y, np.zeros(785), 20)
    assert converged and len(updates) == 165 and updates[-1] == 123_642
    rows = np.flatnonzero(mnist.y_test <= 1)
    answers = lab.predict(weights, mnist.x_test[rows].reshape(-1, 784).astype(float))
    assert int((answers != mnist.y_test[rows]).sum()) == 3


def test_average_of_ten_digits(lab):
    mnist = load_mnist()
    x = mnist.x_train.reshape(-1, 784).astype(float)
    last, average = lab.multiclass_epoch(np.zeros((785, 10)), x, mnist.y_train.astype(int))
    test = np.column_stack([np.ones(10_000), mnist.x_test.reshape(-1, 784)])
    known = [float(((test @ weights).argmax(axis=1) == mnist.y_test).mean()) for weights in (last, average)]
    assert known == pytest.approx([0.8753, 0.9203], abs=1e-6)
