"""The reference of lab 04 against numbers that were found with other programs, by hand and by Keras."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from labkit.check import catalogue
from labkit.course import find_course
from labkit.data import load_mnist
from labkit.worker import Session


@pytest.fixture(scope="module")
def lab():
    """The functions of the reference."""
    session = Session()
    course = find_course(Path(__file__).parents[2])
    report = session.load(catalogue.reference_cells(course.lab("lab04_optimization")))
    assert not report["notes"]
    return session.module


def test_noise_of_the_first_thousand_digits(lab):
    mnist = load_mnist()
    pixels = mnist.x_train[:1000].reshape(1000, 784) / 255
    errors = 0.1 - np.eye(10)[mnist.y_train[:1000]]
    gradients = (pixels[:, :, None] * errors[:, None, :]).reshape(1000, 7840)
    assert (gradients.mean(axis=0) ** 2).sum() == pytest.approx(1.13993, rel=1e-5)
    found = [lab.batch_noise(gradients, size) for size in (1, 10, 32, 100, 128)]
    assert found == pytest.approx([76.1620, 7.54759, 2.30621, 0.686144, 0.519373], rel=1e-5)


@pytest.mark.parametrize(
    ("rate", "momentum", "steps"), [(2 / 101, 0.0, 691), (4 / 121, 81 / 121, 69)], ids=["plain", "momentum"]
)
def test_steps_through_a_valley(lab, rate, momentum, steps):
    factor = lab.contraction(np.diag([1.0, 100.0]), rate, momentum)
    assert math.ceil(math.log(1e-6) / math.log(factor)) == steps


def test_momentum_moves_the_border(lab):
    narrow = np.diag([1.0, 100.0])
    assert [lab.contraction(narrow, 0.02), lab.contraction(narrow, 0.038, 0.9)] == pytest.approx([1.0, 1.0])
    assert lab.contraction(narrow, 0.01, 0.9) == pytest.approx(math.sqrt(0.9))


def test_sizes_in_twenty_layers(lab):
    rng = np.random.default_rng(0)
    x, direction = rng.normal(size=(200, 256)), rng.normal(size=(200, 256))

    def measured(scheme, activation):
        return lab.signal(x, lab.initial_weights([256] * 21, scheme, 1), activation, direction)

    he = measured("he", "relu")
    assert 0.5 < he["rms"][-1] < 2 and 0.2 < he["dead"][-1] < 0.45
    assert he["gradient"][0] / he["gradient"][-1] == pytest.approx(1, abs=0.3)
    assert measured("lecun", "relu")["rms"][-1] == pytest.approx(2**-10, rel=0.5)
    vanishing = measured("lecun", "sigmoid")["gradient"]
    assert vanishing[0] / vanishing[-1] < 1e-10 and (vanishing[1:-1] / vanishing[2:]).max() < 0.3
    assert measured("uniform", "tanh")["rms"].min() > 0.9


def test_a_dead_layer_has_no_gradient(lab):
    weights = [np.ones((3, 4)), -np.ones((4, 2)), np.ones((2, 2))]
    found = lab.signal(np.ones((5, 3)), weights, "relu", np.ones((5, 2)))
    assert found["gradient"].tolist() == [0, 0, 0] and found["dead"].tolist() == [0, 1, 1]


def test_a_new_pixel_is_only_centred(lab):
    x, other = lab.standardize(np.zeros((4, 2), np.uint8), np.array([[0, 255]], np.uint8))
    assert x.tolist() == [[0, 0]] * 4 and other.tolist() == [[0, 255]]
