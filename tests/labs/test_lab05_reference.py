"""The reference of lab 05 against Keras: convolution, pooling and its gradient, counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labkit.check import catalogue
from labkit.course import find_course
from labkit.worker import Session

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def lab():
    """The functions of the reference."""
    session = Session()
    course = find_course(Path(__file__).parents[2])
    report = session.load(catalogue.reference_cells(course.lab("lab05_cnn")))
    assert not report["notes"]
    return session.module


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 4), (5, 2)])
@pytest.mark.parametrize("size", [(5, 5), (8, 7)])
def test_conv2d_is_keras_convolution(lab, size, kernel, stride, padding):
    x = RNG.normal(size=(2, *size, 3)).astype(np.float32)
    kernels, bias = RNG.normal(size=(*kernel, 3, 4)).astype(np.float32), RNG.normal(size=4).astype(np.float32)
    expected = np.asarray(keras.ops.conv(x, kernels, stride, padding)) + bias
    np.testing.assert_allclose(lab.conv2d(x, kernels, bias, stride, padding), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [2, 3])
def test_max_pooling_and_its_gradient_are_tensorflows(lab, size):
    x = RNG.normal(size=(2, 8, 7, 3)).astype(np.float32)
    watched = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        pooled = tf.nn.max_pool2d(watched, size, size, "VALID")
        d_output = RNG.normal(size=pooled.shape).astype(np.float32)
        value = tf.reduce_sum(pooled * d_output)
    np.testing.assert_array_equal(lab.max_pool(x, size), pooled)
    np.testing.assert_allclose(lab.max_pool_gradient(d_output, x, size), tape.gradient(value, watched))


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_conv_counts_are_the_parameters_of_keras(lab, groups):
    layer = keras.layers.Conv2D(12, 3, padding="same", groups=groups)
    layer.build((None, 5, 6, 8))
    assert lab.conv_counts(5, 6, 8, 12, 3, groups)["parameters"] == layer.count_params()


def test_a_dense_layer_is_a_convolution_with_kernels_as_large_as_the_image(lab):
    x, weights = RNG.normal(size=(4, 6, 5, 1)), RNG.normal(size=(30, 3))
    answer = lab.conv2d(x, weights.reshape(6, 5, 1, 3), np.zeros(3))
    np.testing.assert_allclose(answer.reshape(4, 3), x.reshape(4, 30) @ weights)


def test_networks_keep_to_their_sizes(lab):
    assert lab.build_lenet5().count_params() == 61_706
    assert lab.build_cnn().count_params() <= 300_000
