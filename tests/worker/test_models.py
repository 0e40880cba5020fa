"""Models as data: what is described, what is refused and how, and that rebuilding loses nothing."""

from __future__ import annotations

import numpy as np
import pytest

from labkit import lazy
from labkit.check import expect
from labkit.worker import Session, models
from labkit.worker.tree import crossed

HEAD = "import keras\nfrom keras import layers\n"
COMPILE = "model.compile(loss='categorical_crossentropy', optimizer='rmsprop', metrics=['accuracy'])"
REFERENCE = (
    "model = keras.Sequential([keras.Input((784,)), layers.Dense(10, activation='softmax')])\n" + COMPILE
)


def built(body: str) -> models.ModelSpec:
    """The description of the model that the code builds, as the trusted side gets it."""
    lazy.load_keras()
    session = Session()
    lines = "\n".join("    " + line for line in (body + "\nreturn model").splitlines())
    report = session.load([["lab.py", f"{HEAD}def build():\n{lines}\n"]])
    assert not report["notes"]
    reply = session.handle({"verb": "call", "function": "build", "args": [], "kwargs": {}})
    assert reply["status"] == "answered", reply
    return crossed(reply["value"], session.objects.instead)


SAME = {
    "activation layer": "model = keras.Sequential([keras.Input((784,)), layers.Dense(10), layers.Softmax()])",
    "activation by name": "model = keras.Sequential([keras.Input((784,)), layers.Dense(10), layers.Activation('softmax')])",
    "activation function": "model = keras.Sequential([keras.Input((784,)), layers.Dense(10, activation=keras.activations.softmax)])",
    "input_shape": "model = keras.Sequential([layers.Dense(10, activation='softmax', input_shape=(784,))])",
    "add": "model = keras.Sequential()\nmodel.add(keras.Input((784,), name='x'))\nmodel.add(layers.Dense(10, 'softmax', name='out'))",
    "nested": "model = keras.Sequential([keras.Sequential([keras.Input((784,)), layers.Dense(10)]), layers.Softmax()])",
    "functional": "x = keras.Input((784,))\nmodel = keras.Model(x, layers.Dense(10, activation='softmax')(x))",
    "flatten": "model = keras.Sequential([keras.Input((784,)), layers.Flatten(), layers.Dense(10, activation='softmax')])",
    "dropout": "model = keras.Sequential([keras.Input((784,)), layers.Dropout(0.5), layers.Dense(10, 'softmax')])",
}


@pytest.fixture(scope="module")
def reference():
    return built(REFERENCE)


@pytest.mark.parametrize("spelling", SAME)
def test_a_model_is_judged_by_what_it_computes(spelling, reference):
    spec = built(SAME[spelling] + "\n" + COMPILE)
    x = np.random.default_rng(0).random((8, 784), dtype=np.float32)
    expect.parameters(spec, 7850)
    expect.same_outputs(spec, reference, x)
    expect.same_loss(spec, reference, x, np.eye(10, dtype=np.float32)[:8])
    expect.optimizer(spec, "RMSprop")


WRONG = {
    "linear": ("layers.Dense(10)", COMPILE, "outputs"),
    "relu": ("layers.Dense(10, activation='relu')", COMPILE, "outputs"),
    "sigmoid": ("layers.Dense(10, activation='sigmoid')", COMPILE, "outputs"),
    "one unit": ("layers.Dense(1, activation='softmax')", COMPILE, "parameters"),
    "hidden layer": ("layers.Dense(16), layers.Dense(10, activation='softmax')", COMPILE, "parameters"),
    "no bias": ("layers.Dense(10, activation='softmax', use_bias=False)", COMPILE, "parameters"),
    "logits": (
        "layers.Dense(10, activation='softmax')",
        "model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True), optimizer='rmsprop')",
        "loss",
    ),
    "sparse": (
        "layers.Dense(10, activation='softmax')",
        "model.compile(loss='sparse_categorical_crossentropy', optimizer='rmsprop')",
        "loss",
    ),
    "own loss": (
        "layers.Dense(10, activation='softmax')",
        "model.compile(loss=lambda y, p: 0.0, optimizer='rmsprop')",
        "loss",
    ),
    "not compiled": ("layers.Dense(10, activation='softmax')", "pass", "compile"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_model_fails_in_its_own_way(mistake, reference):
    layers, settings, kind = WRONG[mistake]
    spec = built(f"model = keras.Sequential([keras.Input((784,)), {layers}])\n{settings}")
    x = np.random.default_rng(0).random((8, 784), dtype=np.float32)
    with pytest.raises(expect.Failure) as failure:
        expect.parameters(spec, 7850)
        expect.same_outputs(spec, reference, x)
        expect.same_loss(spec, reference, x, np.eye(10, dtype=np.float32)[:8])
    assert failure.value.kind == kind


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "model = keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x)])",
            "Lambda cannot be rebuilt",
        ),
        ("model = keras.Sequential([layers.Dense(10)])", "begin it with keras.Input"),
        (
            "model = keras.Sequential([keras.Input((4,)), layers.Dense(2, activation=lambda x: x)])",
            "cannot rebuild Dense with activation='<lambda>'",
        ),
        (
            "x = keras.Input((4,))\nmodel = keras.Model(x, layers.Add()([layers.Dense(4)(x), layers.Dense(4)(x)]))",
            "not one chain of layers",
        ),
        (
            "x = keras.Input((4,))\nh = layers.Dense(3)(x)\nmodel = keras.Model(x, [h, layers.Dense(2)(h)])",
            "several inputs or outputs",
        ),
        (
            "class Mine(keras.Model):\n    def call(self, x):\n        return x\nmodel = Mine()",
            "a subclass of keras.Model",
        ),
        (
            "model = keras.Sequential([keras.Input((4,)), layers.Flatten(activity_regularizer='l1')])",
            "cannot rebuild Flatten with an activity_regularizer",
        ),
    ],
)
def test_what_cannot_be_described_says_which_and_what_to_do(body, words):
    assert words in built(body).problem


@pytest.mark.parametrize(
    "body",
    [
        "model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(4, 3, padding='same', activation='relu'), "
        "layers.BatchNormalization(), layers.MaxPooling2D(), layers.Conv2D(8, (3, 5), strides=2), layers.LeakyReLU(0.1), "
        "layers.GlobalAveragePooling2D(), layers.Dense(10)])",
        "model = keras.Sequential([keras.Input((28, 28)), layers.Reshape((28, 28, 1)), layers.ZeroPadding2D(2), "
        "layers.DepthwiseConv2D(3), layers.SeparableConv2D(4, 3), layers.UpSampling2D(2), layers.Conv2DTranspose(2, 3), "
        "layers.Cropping2D(1), layers.AveragePooling2D(2), layers.Flatten(), layers.LayerNormalization(), "
        "layers.Rescaling(1 / 255), layers.GaussianNoise(0.1), layers.Dense(3, 'tanh', kernel_regularizer='l2', "
        "activity_regularizer=keras.regularizers.L1(1e-3))])",
        "model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.ReLU(activity_regularizer='l1'), "
        "layers.ActivityRegularization(l1=0.01)])",
    ],
)
def test_rebuilding_loses_nothing(body):
    spec = built(body)
    assert spec.problem is None
    again = models.describe(spec.rebuild())
    assert [(a.kind, a.arguments) for a in again.layers] == [(b.kind, b.arguments) for b in spec.layers]
    for mine, yours in zip(again.weights, spec.weights, strict=True):
        np.testing.assert_array_equal(mine, yours)


def test_weights_that_do_not_fit_are_refused():
    spec = built(REFERENCE)
    layer = models.replace(spec.layers[0], weights=(np.zeros((3, 3), np.float32),))
    with pytest.raises(ValueError, match="do not have the shapes"):
        models.replace(spec, layers=(layer,)).rebuild()
