"""The reference of lab 11 against the homework's numbers, central differences and what is left of a digit."""

from __future__ import annotations

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
    report = session.load(catalogue.reference_cells(course.lab("lab11_gaussian_splatting")))
    assert not report["notes"]
    return session.module


def gaussian(amplitude, mean, precision):
    return {"amplitude": amplitude, "mean": np.array(mean, float), "precision": np.array(precision, float)}


TARGET, START = gaussian(0.8, (3.5, 3), (1 / 2.25, 0.25)), gaussian(1.0, (3, 4), (0.25, 1 / 2.25))
WIDE = gaussian(1.0, (3, 4), (0.04, 0.04))


def as_vector(parameters):
    return np.array([parameters["amplitude"], *parameters["mean"], *parameters["precision"]])


def test_the_homework(lab):
    image = lab.render(TARGET, 8, 8)
    assert lab.objective(image, START) == pytest.approx(1.8011707061)
    found = as_vector(lab.gradients(image, START))
    assert found == pytest.approx([3.49762981, -0.94565582, 1.89634430, -4.53058100, -0.26244041])


@pytest.mark.parametrize("shape", [(5, 9), (7, 4)])
def test_derivatives_are_central_differences(lab, shape):
    rng = np.random.default_rng(11)
    image, at = rng.uniform(size=shape), np.array([0.8, 2.2, 3.1, 0.2, 0.1])

    def objective(vector):
        return lab.objective(image, gaussian(vector[0], vector[1:3], vector[3:]))

    steps = 1e-6 * np.eye(5)
    differences = [(objective(at + step) - objective(at - step)) / 2e-6 for step in steps]
    found = as_vector(lab.gradients(image, gaussian(at[0], at[1:3], at[3:])))
    assert found == pytest.approx(differences, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "start", "values"),
    [
        ("fit", START, {1: 1.0127077, 10: 0.1928005, 500: 0.0}),
        ("fit_log", START, {1: 1.1244373, 10: 0.3291877, 500: 0.0}),
        ("fit", WIDE, {300: 3.0250}),
        ("fit_log", WIDE, {300: 0.0}),
    ],
)
def test_histories_of_the_homework(lab, name, start, values):
    history = getattr(lab, name)(lab.render(TARGET, 8, 8), start, 0.05, max(values))[1]
    assert {step: history[step] for step in values} == pytest.approx(values, rel=1e-4, abs=1e-8)


def test_moments_of_the_first_test_digit(lab):
    seven = load_mnist().x_test[0] / 255
    start = lab.moment_start(seven)
    assert as_vector(start) == pytest.approx([0.50189, 14.3408, 14.3837, 0.036894, 0.012867], rel=1e-4)
    assert lab.objective(seven, start) == pytest.approx(44.864, abs=1e-3)
    assert lab.fit_log(seven, start, 0.01, 500)[1][-1] == pytest.approx(42.876, abs=1e-3)


def test_eight_turned_gaussians_beat_pca(lab):
    def decibels(image):
        y, x = np.mgrid[:28, :28]
        left = -image
        for a, mean_x, mean_y, log_u, log_v, angle in lab.splat_digit(image):
            u = np.cos(angle) * (x - mean_x) + np.sin(angle) * (y - mean_y)
            v = np.cos(angle) * (y - mean_y) - np.sin(angle) * (x - mean_x)
            left = left + a * np.exp(-np.exp(log_u) * u**2 - np.exp(log_v) * v**2)
        return -10 * np.log10(np.mean(left**2))

    assert np.mean([decibels(image / 255) for image in load_mnist().x_test[100:110]]) > 23
