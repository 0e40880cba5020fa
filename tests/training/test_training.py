"""`labkit.fit` gives what `model.fit` gives: weights, History, callbacks, errors."""

import csv
import gc
import inspect
import logging
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import labkit
from labkit.training import _keras_fit, by_hand, handover

layers, optimizers = keras.layers, keras.optimizers

SAMPLES, FEATURES, CLASSES = 150, 12, 4  # 150 is no multiple of any batch size used here


@pytest.fixture(autouse=True)
def in_graphs(monkeypatch):
    """All models train in graphs; what NumPy trains is tested apart."""
    monkeypatch.setattr(by_hand, "_SMALL", 0)


@pytest.fixture(scope="module")
def data():
    """Separable enough to learn: inputs `(150, 12)` float32, labels `(150,)` uint8."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, SAMPLES).astype("uint8")
    centres = rng.normal(size=(CLASSES, FEATURES))
    return (centres[labels] + rng.normal(size=(SAMPLES, FEATURES))).astype("float32"), labels


def softmax_regression():
    return keras.Sequential([keras.Input((FEATURES,)), layers.Dense(CLASSES, activation="softmax")])


def deep_and_wide():
    """Too large for the single-threaded loop."""
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(1024, activation="relu"),
            layers.Dense(200, activation="tanh", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )


def convolutional():
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Reshape((FEATURES, 1)),
            layers.Conv1D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )


def without_input():
    return keras.Sequential([layers.Dense(6, activation="relu"), layers.Dense(CLASSES, activation="softmax")])


class Subclassed(keras.Model):
    """Built only when it sees data."""

    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(8, activation="relu")
        self.scores = layers.Dense(CLASSES, activation="softmax")

    def call(self, x):
        return self.scores(self.hidden(x))


class OwnTrainStep(Subclassed):
    """Trains on a loss of its own, and reports something that is no metric."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, self(x, training=True)))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"own": loss, "batch": tf.shape(x)[0]}


def compiled(build, optimizer="sgd", seed=1, **compile_arguments):
    """The same model with the same first weights, each time it is called."""
    keras.utils.set_random_seed(seed)
    model = build()
    settings = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **compile_arguments}
    model.compile(optimizers.get(optimizer) if isinstance(optimizer, str) else optimizer(), **settings)
    return model


def twins(build, data, optimizer="sgd", fit_arguments=None, **compile_arguments):
    """Train two equal models, by `model.fit` and by `labkit.fit`; return models and Histories."""
    arguments = {"epochs": 3, "batch_size": 32, "shuffle": False, "verbose": 0, **(fit_arguments or {})}
    ours, theirs = (compiled(build, optimizer, **compile_arguments) for _ in range(2))
    return ours, theirs, labkit.fit(ours, *data, **arguments), theirs.fit(*data, **arguments)


def assert_same(ours, theirs, our_history, their_history, tolerance=2e-5):
    assert our_history.epoch == their_history.epoch
    assert our_history.params == their_history.params
    assert list(our_history.history) == list(their_history.history)
    for name, values in their_history.history.items():
        np.testing.assert_allclose(our_history.history[name], values, rtol=1e-3, atol=1e-4, err_msg=name)
    for mine, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-3, atol=tolerance)
    assert int(ours.optimizer.iterations) == int(theirs.optimizer.iterations)


@pytest.fixture
def handed_back(caplog):
    """Reasons for which calls went to `model.fit`, from the debug log."""
    caplog.set_level(logging.DEBUG, logger="labkit.training")

    def messages():
        said = (record.getMessage() for record in caplog.records if record.name == "labkit.training")
        return [message for message in said if message.startswith("model.fit of Keras")]

    return messages


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optimizers.RMSprop(0.003),
    "adam": lambda: optimizers.Adam(0.01),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "clipped": lambda: optimizers.SGD(0.1, clipnorm=0.01),
    "averaged": lambda: optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9),
    "accumulated": lambda: optimizers.Adam(0.01, gradient_accumulation_steps=2),
    "scheduled": lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 4, 0.5)),
}


# The two models run in different kinds of loop; the optimizers with kernels of their own are tried in both.
MODELS_AND_OPTIMIZERS = [
    *((softmax_regression, name) for name in OPTIMIZERS),
    *((deep_and_wide, name) for name in ("sgd", "nesterov", "adamw", "accumulated")),
]


LAYOUTS = {
    "Fortran order": lambda x: np.asfortranarray(x),
    "every second": lambda x: np.repeat(x, 2, axis=0)[::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "read-only": lambda x: np.broadcast_to(x, x.shape),
    "one row again and again": lambda x: np.broadcast_to(x[:1], x.shape),
    "unaligned": lambda x: np.frombuffer(b"-" + x.tobytes(), x.dtype, offset=1).reshape(x.shape),
    "the other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "float64": lambda x: x.astype("float64"),
    "float16": lambda x: x.astype("float16"),
    "bytes": lambda x: (255 * x).astype("uint8"),
    "truth values": lambda x: x > 0.5,
    "transposed tensor": lambda x: tf.transpose(tf.constant(x.T)),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_data_of_any_layout_trains_as_in_model_fit(layout):
    rng = np.random.default_rng(1)
    x, y = layout(rng.random((70, 6), dtype="float32")), rng.integers(0, 3, 70)
    kept = np.array(x)
    histories = []
    for fit in (_keras_fit, labkit.fit):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, activation="softmax")])
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        histories.append(fit(model, x, y, batch_size=16, epochs=2, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(*histories, rtol=1e-5)
    assert np.array_equal(kept, np.array(x))


def test_a_table_of_columns_is_left_to_keras(monkeypatch):
    """A DataFrame has a dtype for each column and none of its own."""

    class Table:
        shape = (20, 3)

        def __array__(self, *_, **__):
            raise AssertionError("asked for its values")

    monkeypatch.setattr(handover, "can_convert_arrays", lambda arrays: True)  # as with pandas installed
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    call = dict.fromkeys(inspect.signature(keras.Model.fit).parameters)
    call |= {"x": Table(), "y": np.zeros(20), "shuffle": True}
    assert handover.reason_for_keras(model, call) == "the training data is not in arrays"


@pytest.mark.parametrize("build, optimizer", MODELS_AND_OPTIMIZERS)
def test_weights_after_three_epochs_are_those_of_model_fit(build, optimizer, data, handed_back):
    assert_same(*twins(build, data, OPTIMIZERS[optimizer]))
    assert not handed_back()


@pytest.mark.parametrize("build", [convolutional, without_input, Subclassed, OwnTrainStep])
def test_any_kind_of_model_trains_the_same(build, data, handed_back):
    assert_same(*twins(build, data, OPTIMIZERS["adam"], metrics=None))
    assert not handed_back()


FIT_ARGUMENTS = {
    "a batch larger than the data": {"batch_size": 1000},
    "batches that divide the data": {"batch_size": 50},
    "batches of one": {"batch_size": 1, "epochs": 1},
    "validation split": {"validation_split": 0.2},
    "validation every second epoch": {"validation_split": 0.2, "validation_freq": 2},
    "validation in chosen epochs": {"validation_split": 0.2, "validation_freq": [1, 3]},
    "validation in other batches": {"validation_split": 0.3, "validation_batch_size": 7},
    "class weights": {"class_weight": {0: 1.0, 1: 5.0, 2: 0.5, 3: 0.0}},
    "sample weights": {"sample_weight": np.linspace(0, 2, SAMPLES)},
    "weights and a split": {"sample_weight": np.linspace(0, 2, SAMPLES), "validation_split": 0.2},
    "a later first epoch": {"initial_epoch": 2, "epochs": 4},
    "no epochs left": {"initial_epoch": 3},
}


@pytest.mark.parametrize("arguments", FIT_ARGUMENTS.values(), ids=FIT_ARGUMENTS)
def test_arguments_mean_what_they_mean_to_model_fit(arguments, data, handed_back):
    weighted = {"weighted_metrics": ["accuracy"]}
    assert_same(*twins(softmax_regression, data, fit_arguments=arguments, **weighted))
    assert not handed_back()


def test_validation_data_is_measured_after_each_epoch(data):
    x, y = data
    held_out = {"validation_data": (x[:40], y[:40], np.linspace(0, 1, 40))}
    assert_same(*twins(deep_and_wide, data, fit_arguments=held_out))


DATA_KINDS = {
    "one-hot": lambda x, y: (x, keras.utils.to_categorical(y)),
    "float64": lambda x, y: (x.astype("float64"), y),
    "label column": lambda x, y: (x, y[:, None]),
    "int64 labels": lambda x, y: (x, y.astype("int64")),
    "tensors": lambda x, y: (tf.constant(x), tf.constant(y)),
}


@pytest.mark.parametrize("kind", DATA_KINDS)
def test_inputs_and_labels_of_every_kind(kind, data, handed_back):
    loss = "categorical_crossentropy" if kind == "one-hot" else "sparse_categorical_crossentropy"
    assert_same(*twins(softmax_regression, DATA_KINDS[kind](*data), loss=loss))
    assert not handed_back()


def test_integer_images_reach_a_rescaling_layer_as_they_are():
    images = np.random.default_rng(0).integers(0, 256, (70, 6, 6), dtype="uint8")
    labels = np.arange(70) % CLASSES

    def build():
        return keras.Sequential(
            [
                keras.Input((6, 6)),
                layers.Rescaling(1 / 255),
                layers.Flatten(),
                layers.Dense(CLASSES, "softmax"),
            ]
        )

    assert_same(*twins(build, (images, labels)))


def test_several_inputs_outputs_losses_and_metrics(data, handed_back):
    def build():
        left, right = keras.Input((FEATURES,), name="left"), keras.Input((FEATURES,), name="right")
        joined = layers.Concatenate()([left, right])
        return keras.Model(
            {"left": left, "right": right},
            {
                "label": layers.Dense(CLASSES, "softmax", name="label")(joined),
                "size": layers.Dense(1, name="size")(joined),
            },
        )

    x, y = data
    both = {"left": x, "right": x[::-1].copy()}, {"label": y, "size": x.sum(1)}
    result = twins(
        build,
        both,
        loss={"label": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights={"label": 1.0, "size": 0.01},
        metrics={"label": ["accuracy"], "size": ["mae"]},
        # Keras counts a smaller last batch wrongly in the losses per output, so none here.
        fit_arguments={"validation_split": 0.2, "batch_size": 30},
    )
    assert_same(*result)
    assert "val_size_mae" in result[2].history
    assert not handed_back()


class OwnHead(keras.Model):
    """Returns something else than the Functional model that it is, too."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.head = layers.Dense(1, "sigmoid")

    def call(self, x):
        return self.head(super().call(x))


def own_head():
    inputs = keras.Input((FEATURES,))
    return OwnHead(inputs, layers.Dense(CLASSES)(inputs))


def test_metrics_are_those_that_fit_what_a_model_returns(data):
    x, y = data
    assert_same(*twins(own_head, (x, (y > 1).astype("float32")), loss="binary_crossentropy"))


def test_two_losses_of_one_output_have_the_names_of_keras(data):
    x, y = data
    both = ["categorical_crossentropy", "mse"]
    assert_same(*twins(softmax_regression, (x, keras.utils.to_categorical(y)), loss=both))


def test_a_loss_for_an_output_that_is_not_there_gets_the_error_of_keras(data):
    inputs = keras.Input((FEATURES,))
    model = keras.Model(inputs, {"out": layers.Dense(CLASSES, "softmax", name="label")(inputs)})
    model.compile("sgd", loss={"label": "sparse_categorical_crossentropy"})
    with pytest.raises(KeyError):
        labkit.fit(model, *data, verbose=0)


def test_a_model_without_targets_trains_on_its_own_loss(data):
    class Shrink(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, x):
            outputs = self.dense(x)
            self.add_loss(keras.ops.mean(outputs**2))
            return outputs

    assert_same(*twins(Shrink, (data[0],), loss=None, metrics=None))


def with_dropout():
    return keras.Sequential([keras.Input((FEATURES,)), layers.Dropout(0.3), layers.Dense(CLASSES, "softmax")])


def test_a_seed_makes_training_repeatable_and_another_changes_it(data):
    def weights(seed):
        model = compiled(with_dropout, seed=seed)
        model.set_weights([np.ones_like(weight) for weight in model.get_weights()])
        labkit.fit(model, *data, epochs=2, verbose=0)
        return np.concatenate([weight.ravel() for weight in model.get_weights()])

    assert np.array_equal(weights(3), weights(3))
    assert not np.allclose(weights(3), weights(4))


def test_shuffling_visits_every_sample_once_in_a_new_order_each_epoch():
    seen = []

    class Recorder(keras.Model):
        def train_step(self, x):
            tf.py_function(lambda rows: seen.append(rows.numpy().ravel()), [x], [])
            return {"loss": tf.reduce_sum(x)}

    model = Recorder()
    model.compile()
    labkit.fit(model, np.arange(70.0)[:, None], epochs=2, batch_size=16, verbose=0)
    assert [len(batch) for batch in seen] == [16, 16, 16, 16, 6] * 2
    first, second = np.concatenate(seen[:5]), np.concatenate(seen[5:])
    assert set(first) == set(second) == set(range(70))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, np.arange(70))


# Callbacks


def test_early_stopping_restores_the_best_weights(data):
    def stopper():
        return keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=1, restore_best_weights=True, min_delta=0.05
        )

    x, y = data
    arguments = {"epochs": 40, "validation_data": (x[:50], y[:50])}
    ours, theirs = (compiled(softmax_regression, OPTIMIZERS["adam"]) for _ in range(2))
    our_history = labkit.fit(ours, x, y, shuffle=False, verbose=0, callbacks=[stopper()], **arguments)
    their_history = theirs.fit(x, y, shuffle=False, verbose=0, callbacks=[stopper()], **arguments)
    assert len(our_history.epoch) < 40
    assert_same(ours, theirs, our_history, their_history)


def test_learning_rate_callbacks_act_on_the_next_epoch(data):
    def callbacks():
        return [
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
            keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.1, patience=1, min_delta=10.0),
        ]

    ours, theirs = (compiled(softmax_regression) for _ in range(2))
    histories = [
        train(model, *data, epochs=4, shuffle=False, verbose=0, callbacks=callbacks())
        for train, model in [(labkit.fit, ours), (_keras_fit, theirs)]
    ]
    assert_same(ours, theirs, *histories)
    assert histories[0].history["learning_rate"][-1] < 1e-3


def test_checkpoints_and_csv_are_written_each_epoch(data, tmp_path, handed_back):
    model = compiled(softmax_regression)
    labkit.fit(
        model,
        *data,
        epochs=3,
        verbose=0,
        callbacks=[
            keras.callbacks.ModelCheckpoint(str(tmp_path / "{epoch}.weights.h5"), save_weights_only=True),
            keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
        ],
    )
    assert not handed_back()
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == [
        "1.weights.h5",
        "2.weights.h5",
        "3.weights.h5",
    ]
    with open(tmp_path / "log.csv") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1", "2"]


def test_training_ends_when_the_loss_is_not_a_number(data, handed_back):
    x, y = data
    x = x.copy()
    x[100] = np.nan
    model = compiled(softmax_regression)
    history = labkit.fit(model, x, y, epochs=5, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert len(history.epoch) == 1
    assert np.isnan(history.history["loss"][0])
    assert not handed_back()


def test_callbacks_see_epochs_in_the_order_of_model_fit(data):
    class Diary(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.lines = []

    def note(name):
        def hook(self, *arguments, **named):
            epochs = [argument for argument in arguments if isinstance(argument, int)]
            logs = [sorted(argument) for argument in arguments if isinstance(argument, dict)]
            self.lines.append((name, epochs, logs))

        return hook

    for name in ["train_begin", "train_end", "epoch_begin", "epoch_end", "test_begin", "test_end"]:
        setattr(Diary, f"on_{name}", note(name))
    diaries = Diary(), Diary()
    arguments = {"epochs": 2, "validation_split": 0.2, "verbose": 0}
    labkit.fit(compiled(softmax_regression), *data, callbacks=[diaries[0]], **arguments)
    _keras_fit(compiled(softmax_regression), *data, callbacks=[diaries[1]], **arguments)
    assert diaries[0].lines == diaries[1].lines


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_the_progress_bar_names_epochs_steps_and_metrics(verbose, data, capsys):
    labkit.fit(compiled(softmax_regression), *data, epochs=2, verbose=verbose, validation_split=0.2)
    printed = capsys.readouterr().out
    if verbose == 0:
        assert printed == ""
    else:
        assert "Epoch 2/2" in printed
        assert "4/4" in printed  # 120 training samples in batches of 32
        assert "accuracy" in printed and "val_loss" in printed


# What goes to Keras


def generator(x, y):
    while True:
        yield x[:32], y[:32]


class EveryBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


class OwnEvaluate(Subclassed):
    def evaluate(self, *arguments, **named):
        return super().evaluate(*arguments, **named)


def as_dataset(x, y):
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(32)


HANDED_BACK = {
    "dataset": (softmax_regression, lambda x, y: {"x": as_dataset(x, y), "shuffle": False}, "arrays"),
    "generator": (
        softmax_regression,
        lambda x, y: {"x": generator(x, y), "steps_per_epoch": 2, "shuffle": False},
        "steps",
    ),
    "validation dataset": (
        softmax_regression,
        lambda x, y: {"x": x, "y": y, "validation_data": as_dataset(x, y)},
        "arrays",
    ),
    "steps per epoch": (softmax_regression, lambda x, y: {"x": x, "y": y, "steps_per_epoch": 2}, "steps"),
    "batch callback": (
        softmax_regression,
        lambda x, y: {"x": x, "y": y, "callbacks": [EveryBatch()]},
        "batch",
    ),
    "lambda callback": (
        softmax_regression,
        lambda x, y: {
            "x": x,
            "y": y,
            "callbacks": keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
        },
        "batch",
    ),
    "own evaluate": (OwnEvaluate, lambda x, y: {"x": x, "y": y}, "evaluate"),
    "shuffle within batches": (
        softmax_regression,
        lambda x, y: {"x": x, "y": y, "shuffle": "batch"},
        "shuffle",
    ),
}


@pytest.mark.parametrize("case", HANDED_BACK)
def test_what_needs_python_between_batches_goes_to_model_fit(case, data, handed_back):
    build, arguments, reason = HANDED_BACK[case]
    history = labkit.fit(compiled(build), **arguments(*data), epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert len(handed_back()) == 1
    assert reason in handed_back()[0]


def test_eager_models_go_to_model_fit(data, handed_back):
    labkit.fit(compiled(softmax_regression, run_eagerly=True), *data, verbose=0)
    assert "eagerly" in handed_back()[0]


def test_a_checkpoint_for_every_few_batches_goes_to_model_fit(data, tmp_path, handed_back):
    saver = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "{batch}.weights.h5"), save_weights_only=True, save_freq=2
    )
    labkit.fit(compiled(softmax_regression), *data, verbose=0, callbacks=[saver])
    assert "ModelCheckpoint" in handed_back()[0]
    assert len(list(tmp_path.glob("*.h5"))) == 2


def test_a_model_with_its_own_fit_uses_it(data):
    class OwnFit(Subclassed):
        def fit(self, *arguments, **named):
            self.asked = True
            return super().fit(*arguments, **named)

    model = compiled(OwnFit)
    labkit.fit(model, *data, verbose=0)
    assert model.asked


ERRORS = {
    "not compiled": (lambda x, y: (softmax_regression(), x, y), "compile"),
    "lengths differ": (lambda x, y: (compiled(softmax_regression), x, y[:10]), "cardinality"),
    "wrong width": (lambda x, y: (compiled(softmax_regression), x[:, :5], y), "shape"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_mistakes_get_the_error_of_keras(case, data):
    make, words = ERRORS[case]
    model, x, y = make(*data)
    with pytest.raises(ValueError, match=words) as ours:
        labkit.fit(model, x, y, verbose=0)
    with pytest.raises(ValueError) as theirs:
        _keras_fit(model, x, y, verbose=0)
    assert str(ours.value).splitlines()[0] == str(theirs.value).splitlines()[0]


# augment


def shift(images, training):
    assert training is True
    return images + 1.0


def test_augment_changes_training_images_only(data):
    x, y = data
    arguments = {"epochs": 2, "shuffle": False, "verbose": 0, "validation_data": (x, y)}
    ours, theirs = (compiled(softmax_regression) for _ in range(2))
    histories = labkit.fit(ours, x, y, augment=shift, **arguments), _keras_fit(theirs, x + 1, y, **arguments)
    assert_same(ours, theirs, *histories)


def test_augment_works_where_keras_trains(data, handed_back):
    x, y = data
    arguments = {"epochs": 2, "batch_size": 32, "shuffle": False, "verbose": 0, "validation_split": 0.2}
    ours, theirs = (compiled(softmax_regression) for _ in range(2))
    mine = labkit.fit(ours, x, y, augment=shift, callbacks=[EveryBatch()], **arguments)
    arguments.pop("validation_split")
    expected = _keras_fit(theirs, x[:120] + 1, y[:120], validation_data=(x[120:], y[120:]), **arguments)
    for name, values in expected.history.items():
        np.testing.assert_allclose(mine.history[name], values, rtol=1e-4)
    assert handed_back()


def test_augment_refuses_a_dataset(data):
    with pytest.raises(ValueError, match="dataset.map"):
        labkit.fit(compiled(softmax_regression), as_dataset(*data), augment=shift, verbose=0)


# The graphs behind it


class CountsTraces(Subclassed):
    traces = 0

    def train_step(self, data):
        type(self).traces += 1
        return super().train_step(data)


@pytest.fixture
def traces():
    CountsTraces.traces = 0
    return lambda: CountsTraces.traces


def test_a_model_is_traced_once_however_often_it_is_fitted(data, traces):
    x, y = data
    model = compiled(CountsTraces)
    labkit.fit(model, x, y, batch_size=50, epochs=3, verbose=0)
    once = traces()
    labkit.fit(model, x, y, batch_size=50, verbose=0)
    labkit.fit(model, x[:100], y[:100], batch_size=50, verbose=0)
    assert traces() == once


def test_compiling_again_takes_effect(data, traces):
    model = compiled(CountsTraces)
    labkit.fit(model, *data, verbose=0)
    before = traces()
    model.compile(optimizers.SGD(0.0), loss="sparse_categorical_crossentropy")
    weights = model.get_weights()
    labkit.fit(model, *data, verbose=0)
    assert traces() > before
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_trained_model_is_freed_with_its_graphs(data):
    model = compiled(softmax_regression)
    labkit.fit(model, *data, verbose=0)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_training_goes_on_after_save_and_load(data, tmp_path):
    model = compiled(softmax_regression, "adam")
    labkit.fit(model, *data, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one in (model, loaded):
        labkit.fit(one, *data, verbose=0, shuffle=False)
    for mine, expected in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-6)
