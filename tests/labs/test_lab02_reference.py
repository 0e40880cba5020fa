"""The reference of lab 02 against numbers of the lecture that its checks do not reach, found with other programs."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.check import catalogue
from labkit.course import read_course
from labkit.worker import Session
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def lab():
    """The functions of the reference."""
    session = Session()
    report = session.load(catalogue.reference_cells(read_course(REPOSITORY).lab("lab02")))
    assert not report["notes"]
    return session.module


@pytest.mark.parametrize(
    ("update_biases", "after_one", "after_ten_thousand"),
    [(False, 0.291027774, 3.51018778e-5), (True, 0.280471447, 2.44756e-6)],
)
def test_ten_thousand_steps_on_mazurs_example(lab, update_biases, after_one, after_ten_thousand):
    hidden = np.array([[0.35, 0.35], [0.15, 0.25], [0.20, 0.30]])
    output = np.array([[0.60, 0.60], [0.40, 0.50], [0.45, 0.55]])
    errors = []
    for _ in range(10_001):
        step = lab.backprop_step(
            hidden, output, np.array([0.05, 0.1]), np.array([0.01, 0.99]), 0.5, update_biases
        )
        errors.append(step["error"])
        hidden, output = step["hidden"], step["output"]
    found = errors[0], errors[1], errors[10_000]
    assert found == pytest.approx((0.298371109, after_one, after_ten_thousand), rel=1e-5)


def test_an_exercise_with_updated_weights_would_end_elsewhere(lab):
    hidden, output = np.array([[0.2, -0.3], [0.1, -0.2], [0.3, 0.4]]), np.array([[0.4], [0.5], [-0.4]])
    step = lab.backprop_step(hidden, output, np.ones(2), np.zeros(1))
    again = lab.backprop_step(step["hidden"], step["output"], np.ones(2), np.zeros(1))
    assert again["outputs"] == pytest.approx([0.56997190], abs=5e-9)
    a = step["activations"]
    wrong = a * (1 - a) * (step["output"][1:] @ step["output_deltas"])
    assert wrong == pytest.approx([-0.01361390, 0.01720462], abs=5e-9)


def test_remainders_fall_by_four_with_the_gradient_and_not_with_another(lab):
    rng = np.random.default_rng(0)
    modules = [
        {"kind": "linear", "weights": rng.normal(size=(4, 5))},
        {"kind": "pointwise", "activation": "tanh", "bias": rng.normal(size=5)},
        {"kind": "linear", "weights": rng.normal(size=(5, 3))},
    ]
    network = modules, rng.normal(size=(6, 4)), np.eye(3)[rng.integers(0, 3, size=6)], "cross_entropy"
    gradients = lab.numeric_gradients(*network)
    direction = [rng.normal(size=g.shape) for g in gradients]
    steps = [1e-3 / 2**n for n in range(4)]

    def falls(factor: float) -> np.ndarray:
        found = lab.taylor_remainders(*network, [factor * g for g in gradients], direction, steps)
        return np.array(found[:-1]) / np.array(found[1:])

    assert falls(1.0) == pytest.approx([4, 4, 4], rel=0.02)
    assert np.all(falls(1.01) < 3.5)
