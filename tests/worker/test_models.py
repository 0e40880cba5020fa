"""Models as data: what is described, what is refused and how, and that rebuilding loses nothing."""

from __future__ import annotations

import numpy as np
import pytest

from labkit import lazy
from labkit.check import expect
from labkit.worker import Session, models
from labkit.worker.tree import crossed
from tests.worker.layers import model_of

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
    "operation": "x = keras.Input((784,))\nmodel = keras.Model(x, keras.ops.softmax(layers.Dense(10)(x)))",
    "activation called": "x = keras.Input((784,))\nmodel = keras.Model(x, keras.activations.softmax(layers.Dense(10)(x)))",
    "operation in a part": "x = keras.Input((784,))\npart = keras.Model(x, keras.ops.softmax(layers.Dense(10)(x)))\n"
    "model = keras.Sequential([keras.Input((784,)), part])",
    "arithmetic": "x = keras.Input((784,))\nmodel = keras.Model(x, layers.Dense(10, 'softmax')(-(1 - (x * 2 / 2.0 + 1))))",
    "reshape": "x = keras.Input((784,))\nmodel = keras.Model(x, layers.Dense(10, 'softmax')("
    "keras.ops.reshape(keras.ops.reshape(x, (-1, 28, 28)), (-1, 784))))",
    "layer as activation": "model = keras.Sequential([keras.Input((784,)), layers.Dense(10, activation=layers.Softmax())])",
    "TensorFlow's": "import tensorflow as tf\n"
    "model = keras.Sequential([keras.Input((784,)), layers.Dense(10, activation=tf.nn.softmax)])",
    "operation as activation": "model = keras.Sequential([keras.Input((784,)), layers.Dense(10, keras.ops.softmax)])",
    "positive axis": "model = keras.Sequential([keras.Input((784,)), layers.Dense(10), layers.Softmax(axis=1)])",
    "float64": "model = keras.Sequential([keras.Input((784,), dtype='float64'), layers.Dense(10, 'softmax', dtype='float64')])",
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


def test_a_loss_by_logits_is_right_although_keras_clips_probabilities(reference):
    spec = built(
        "model = keras.Sequential([keras.Input((784,)), layers.Dense(10)])\n"
        "model.compile('rmsprop', keras.losses.CategoricalCrossentropy(from_logits=True))"
    )
    x = 3 * np.random.default_rng(0).random((8, 784), dtype=np.float32)
    expect.same_loss(spec, reference, x, np.eye(10, dtype=np.float32)[:8])


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
    "smoothed labels": (
        "layers.Dense(10, activation='softmax')",
        "model.compile(loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1), optimizer='rmsprop')",
        "loss",
    ),
    "a regularizer": (
        "layers.Dense(10, activation='softmax', kernel_regularizer='l2')",
        "model.compile(loss='categorical_crossentropy', optimizer='rmsprop')",
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


SAME_SETTINGS = {
    "list": "loss=['categorical_crossentropy'], optimizer='rmsprop', metrics=[['accuracy']]",
    "dict": "loss={'out': 'categorical_crossentropy'}, optimizer='rmsprop', metrics={'out': ['acc']}",
    "function": "loss=keras.losses.categorical_crossentropy, optimizer=keras.optimizers.RMSprop(), metrics=['Accuracy']",
    "class": "loss=keras.losses.CategoricalCrossentropy(), optimizer='RMSprop', weighted_metrics=['accuracy']",
    "name of a class": "loss='CategoricalCrossentropy', optimizer='rmsprop', metrics=('accuracy',)",
}


@pytest.mark.parametrize("spelling", SAME_SETTINGS)
def test_settings_are_read_in_every_spelling(spelling):
    spec = built(
        "model = keras.Sequential([keras.Input((784,)), layers.Dense(10, activation='softmax', name='out')])\n"
        f"model.compile({SAME_SETTINGS[spelling]})"
    )
    plain = built(REFERENCE)
    assert spec.problem is None and spec.compile == plain.compile


@pytest.mark.parametrize(
    ("settings", "part", "expected"),
    [
        ("metrics=[keras.metrics.Accuracy()]", "metrics", ["Accuracy"]),
        (
            "metrics=[keras.metrics.BinaryAccuracy(threshold=0.9)]",
            "metrics",
            ["binary_accuracy with threshold=0.9"],
        ),
        ("metrics=[accuracy]", "metrics", ["accuracy (a function of your own)"]),
        (
            "loss=categorical_crossentropy",
            "loss",
            {"name": "categorical_crossentropy (a function of your own)"},
        ),
        ("loss=keras.losses.Huber(delta=2.0)", "loss", {"name": "huber with delta=2.0"}),
        (
            "optimizer=keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9), nesterov=True)",
            "optimizer",
            {
                **{"name": "SGD", "learning_rate": 0.5, "momentum": 0.0, "nesterov": True},
                "schedule": {
                    **{"name": "ExponentialDecay", "initial_learning_rate": 0.5, "decay_steps": 10},
                    **{"decay_rate": 0.9, "staircase": False},
                },
            },
        ),
        ("optimizer=Adam()", "optimizer", {"name": "Adam (a class of your own)", "learning_rate": 0.001}),
        ("optimizer=keras.optimizers.SGD(Mine())", "left_out", ["the schedule Mine of the learning rate"]),
        ("loss_weights=[2.0]", "left_out", ["loss_weights"]),
    ],
    ids=range(9),
)
def test_what_only_has_the_name_of_something_of_keras_is_not_taken_for_it(settings, part, expected):
    spec = built(
        "def accuracy(y, p):\n    return 1.0\n"
        "def categorical_crossentropy(y, p):\n    return keras.ops.mean(p)\n"
        "class Adam(keras.optimizers.Adam):\n    pass\n"
        "class Mine(keras.optimizers.schedules.LearningRateSchedule):\n"
        "    def __call__(self, step):\n        return 0.25\n"
        "    def get_config(self):\n        return {}\n"
        "model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])\n"
        f"settings = dict(loss='mse', optimizer='sgd') | dict({settings})\nmodel.compile(**settings)"
    )
    found = spec.compile[part]
    if part == "optimizer":
        assert found.pop("learning_rate") == pytest.approx(expected.pop("learning_rate"))
        found = {name: found.get(name) for name in expected}
    assert found == expected


def test_a_compiled_model_comes_back_as_it_was_compiled():
    spec = built(
        "model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])\n"
        "rate = keras.optimizers.schedules.PiecewiseConstantDecay([5, 9], [0.5, 0.25, 0.125])\n"
        "model.compile(loss='mse', optimizer=keras.optimizers.AdamW(rate, clipnorm=1.0, weight_decay=0.25))"
    )
    assert models.untrainable(spec) is None
    assert models.describe(spec.rebuild()).compile == spec.compile


@pytest.mark.parametrize(
    ("layer", "settings", "words"),
    [
        (
            "layers.Dense(2)",
            "loss='mse', optimizer=keras.optimizers.SGD(lambda: 0.1)",
            "a learning rate that is a function",
        ),
        ("layers.Dense(2, kernel_constraint='non_neg')", "loss='mse'", "kernel_constraint of Dense"),
        ("layers.Dense(2, trainable=False)", "loss='mse'", "Dense with trainable=False"),
        (
            "layers.Dense(2)",
            "loss=lambda y, p: keras.ops.mean(p)",
            "the loss <lambda> (a function of your own) is not one",
        ),
    ],
    ids=range(4),
)
def test_what_cannot_be_kept_is_refused_where_the_grader_trains(layer, settings, words):
    spec = built(f"model = keras.Sequential([keras.Input((4,)), {layer}])\nmodel.compile({settings})")
    assert spec.problem is None and words in models.untrainable(spec)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "x = keras.Input((4,))\nmodel = keras.Model(x, keras.ops.cumsum(layers.Dense(2)(x)))",
            "uses the operation Cumsum, which the grader cannot rebuild; use a layer instead",
        ),
        (
            "x = keras.Input((4,))\nh = layers.Dense(4)(x)\nmodel = keras.Model(x, h + x)",
            "not one chain of layers",
        ),
        (
            "def softmax(z):\n    return keras.ops.softmax(z, axis=0)\n"
            "model = keras.Sequential([keras.Input((4,)), layers.Dense(2, activation=softmax)])",
            "activation='softmax', which is no function of Keras'",
        ),
        (
            "class Dense(layers.Dense):\n    pass\nmodel = keras.Sequential([keras.Input((4,)), Dense(2)])",
            "the layer Dense (a class of your own) cannot be rebuilt",
        ),
        (
            "class Mine(keras.Sequential):\n    def call(self, x, training=None, mask=None):\n        return 2 * x\n"
            "model = Mine([keras.Input((4,)), layers.Dense(2)])",
            "with a `call` of its own",
        ),
        (
            "model = keras.Sequential([keras.Input((4,)), layers.Dense(2, activity_regularizer=lambda z: 0.0)])",
            "the regularizer <lambda> of a layer Dense cannot be rebuilt by the grader; use one of Keras'",
        ),
        (
            "class Mine(keras.regularizers.Regularizer):\n    def __call__(self, z):\n        return 0.0\n"
            "model = keras.Sequential([keras.Input((4,)), layers.Dense(2, kernel_regularizer=Mine())])",
            "the regularizer Mine of a layer Dense cannot be rebuilt",
        ),
        (
            "model = keras.Sequential([keras.Input((4, 4, 1)), layers.SeparableConv2D(2, 3, pointwise_regularizer='l2')])",
            "cannot rebuild SeparableConv2D with an pointwise_regularizer",
        ),
        (
            "model = keras.Sequential([keras.Input((4,)), layers.Dropout(0.5, noise_shape=(None, 1))])",
            "cannot rebuild Dropout with noise_shape=",
        ),
        (
            "model = keras.Sequential([keras.Input((4,)), layers.Dense(2, dtype='float16')])",
            "the layer Dense computes in float16",
        ),
        (
            "dense = layers.Dense(4)\nx = keras.Input((4,))\nmodel = keras.Model(x, dense(dense(x)))",
            "calls its layer Dense twice",
        ),
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


@pytest.mark.parametrize("kind", models.LAYERS)
def test_a_layer_of_every_kind_is_rebuilt_and_computes_the_same(kind):
    live, rng = model_of(kind), np.random.default_rng(0)
    live.set_weights([rng.random(weight.shape, np.float32) + 0.5 for weight in live.get_weights()])
    spec = models.describe(live)
    assert spec.problem is None and [layer.kind for layer in spec.layers] == [kind]
    assert models.describe(spec.rebuild()).layers[0].arguments == spec.layers[0].arguments
    x = rng.random((3, *live.input_shape[1:]), np.float32)
    np.testing.assert_allclose(spec.outputs(x), live(x, training=False), rtol=1e-5)


def test_weights_that_do_not_fit_are_refused():
    spec = built(REFERENCE)
    layer = models.replace(spec.layers[0], weights=(np.zeros((3, 3), np.float32),))
    with pytest.raises(ValueError, match="do not have the shapes"):
        models.replace(spec, layers=(layer,)).rebuild()
