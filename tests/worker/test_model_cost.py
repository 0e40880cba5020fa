"""A description that is small to send can be large to build: the grader says so instead of building it."""

import keras
import numpy as np
import pytest
from keras import layers

from labkit.check.training import trained
from labkit.worker import models
from labkit.worker.models import Layer, ModelSpec
from labkit.worker.models.cost import MAX_ACTIVATIONS, MAX_OPERATIONS, MAX_PARAMETERS
from tests.worker.layers import model_of

CONV = {
    **dict(kernel_size=[3, 3], strides=[1, 1], padding="same", activation="relu", use_bias=True),
    **dict(kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None),
    **dict(dilation_rate=[1, 1], groups=1),
}
DENSE = dict(
    activation="relu",
    use_bias=False,
    kernel_regularizer=None,
    bias_regularizer=None,
    activity_regularizer=None,
)


def up(size: int) -> Layer:
    return Layer("UpSampling2D", {"size": [size, size], "interpolation": "nearest"})


@pytest.mark.parametrize(
    ("shape", "described", "limit"),
    [
        ((4, 4, 1), [up(64), up(64), up(64)], MAX_ACTIVATIONS),
        ((28, 28, 1), [Layer("ZeroPadding2D", {"padding": [[64, 64], [64, 64]]})] * 20, MAX_ACTIVATIONS),
        ((8,), [Layer("Dense", {"units": 65536, **DENSE})] * 2, MAX_PARAMETERS),
        ((2, 2, 2048), [Layer("Conv2D", {"filters": 4096, **CONV})], MAX_PARAMETERS),
        ((28, 28, 64), [Layer("Conv2D", {"filters": 256, **CONV})], MAX_OPERATIONS),
        (
            (28, 28, 1),
            [
                Layer("UpSampling2D", {"size": [4, 4], "interpolation": "nearest"}),
                *[Layer("MaxPooling2D", {"pool_size": [64, 64], "strides": [1, 1], "padding": "same"})] * 3,
            ],
            MAX_OPERATIONS,
        ),
        ((100, 64), [Layer("Dense", {"units": 65536, **DENSE})], MAX_ACTIVATIONS),
        # 10 s for each batch of 32, nine hours for a training that is allowed by the number of operations
        (
            (32, 32, 1),
            [Layer("MaxPooling2D", {"pool_size": [31, 31], "strides": [1, 1], "padding": "same"})] * 30,
            MAX_OPERATIONS,
        ),
        (
            (32, 32, 1),
            [
                Layer(
                    "DepthwiseConv2D",
                    {
                        key: value
                        for key, value in CONV.items()
                        if key not in ("groups", "filters", "kernel_regularizer")
                    }
                    | {"kernel_size": [15, 15], "depth_multiplier": 1},
                )
            ]
            * 20,
            MAX_OPERATIONS,
        ),
    ],
)
def test_a_costly_model_is_refused_before_it_is_built(shape, described, limit, monkeypatch):
    monkeypatch.setattr(keras, "Sequential", lambda *_: pytest.fail("it was built"))
    with pytest.raises(ValueError, match=f"more than {limit}"):
        ModelSpec(input_shape=shape, layers=tuple(described)).rebuild()


def test_a_model_without_an_input_size_is_refused():
    with pytest.raises(ValueError, match="how large its inputs are"):
        ModelSpec(input_shape=(None, None, 1), layers=(up(2),)).rebuild()


def test_a_training_that_would_take_hours_is_refused():
    layers = (Layer("Dense", {"units": 4000, **DENSE}), Layer("Dense", {"units": 4000, **DENSE}))
    spec = ModelSpec(input_shape=(784,), layers=layers)
    with pytest.raises(ValueError, match="too large to be trained"):
        trained(spec, np.zeros((60_000, 784), "float32"), np.zeros(60_000, "int64"), epochs=5)


@pytest.mark.parametrize(
    "model",
    [
        lambda: [layers.Flatten(), layers.Dense(2048, "relu"), layers.Dense(2048, "relu"), layers.Dense(10)],
        lambda: [
            *[layers.Conv2D(32, 3, padding="same"), layers.Conv2D(64, 3, padding="same")],
            *[layers.MaxPooling2D(), layers.Conv2D(128, 3), layers.Flatten(), layers.Dense(256)],
        ],
        lambda: [
            *[layers.Conv2D(32, 5, 2), layers.Conv2DTranspose(32, 5, 2), layers.SeparableConv2D(64, 3)],
            *[layers.DepthwiseConv2D(3), layers.BatchNormalization(), layers.GlobalAveragePooling2D()],
        ],
    ],
    ids=["wide MLP", "large CNN", "every kind of convolution"],
)
def test_what_a_student_may_well_build_is_rebuilt(model):
    live = keras.Sequential([keras.Input((28, 28, 1)), *model()])
    assert models.describe(live).rebuild().count_params() == live.count_params()


@pytest.mark.parametrize("kind", models.LAYERS)
def test_what_a_layer_weighs_is_known_before_it_is_built(kind):
    live = model_of(kind)
    described = models.describe(live).layers[0]
    shape, out = live.input_shape[1:], live.output_shape[1:]
    biases = sum(int(np.prod(w.shape)) for w in live.weights if "bias" in w.path)
    cost = models.LAYERS[kind].cost
    known, real = cost.weights(described.arguments, shape, out), live.count_params() - biases
    assert real <= known <= 2 * real
    assert cost.operations(described.arguments, shape, out) >= max(real, np.prod(shape), np.prod(out))


def test_outputs_of_many_inputs_are_made_in_pieces(monkeypatch):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.BatchNormalization()])
    sizes, call = [], keras.Sequential.__call__
    monkeypatch.setattr(
        keras.Sequential, "__call__", lambda self, x, **how: sizes.append(len(x)) or call(self, x, **how)
    )
    x = np.random.default_rng(0).normal(size=(600, 3)).astype("float32")
    outputs = models.describe(model).outputs(x)
    np.testing.assert_allclose(outputs, np.asarray(call(model, x, training=False)), rtol=1e-5)
    assert sizes[-3:] == [256, 256, 88] and outputs.shape == (600, 2)
