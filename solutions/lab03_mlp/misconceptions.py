"""Known mistakes, each with the sentence that a student reads who made it."""

import keras
import numpy as np
from lab import training_cost

from labkit.check import misconception

# --- 3.1 ------------------------------------------------------------------------------------------------------


def _pairs(layer_sizes):
    return list(zip(layer_sizes[:-1], layer_sizes[1:], strict=True))


@misconception("3.1")
def biases_forgotten(layer_sizes, bias=True):
    """You counted only the weights. Every unit also has a bias, unless `bias` is False: add one per unit."""
    return sum(a * b for a, b in _pairs(layer_sizes))


@misconception("3.1")
def bias_for_the_input(layer_sizes, bias=True):
    """You gave the inputs biases as well. The pixels are given, nobody computes them: only the layers after
    the first number have biases.
    """
    return sum(a * b for a, b in _pairs(layer_sizes)) + bias * sum(layer_sizes)


@misconception("3.1")
def input_counted(layer_sizes, bias=True):
    """You counted the inputs as if they were parameters. They change with every image; what is learned are
    the weights between two layers and the biases.
    """
    return layer_sizes[0] + sum((a + bias) * b for a, b in _pairs(layer_sizes))


@misconception("3.1")
def product_of_all(layer_sizes, bias=True):
    """You multiplied all the layer sizes. A unit is connected to the layer before it only, so multiply
    neighbours and add up the products.
    """
    return int(np.prod([size + bias for size in layer_sizes[:-1]], dtype=object) * layer_sizes[-1])


@misconception("3.1")
def one_bias_per_layer(layer_sizes, bias=True):
    """You added one bias per layer. Each unit has a bias of its own: a layer of 100 units has 100 of them."""
    return sum(a * b + bias for a, b in _pairs(layer_sizes))


@misconception("3.1")
def output_layer_forgotten(layer_sizes, bias=True):
    """You left out the last layer. The outputs are units like any others: the ten classes of Fromont's
    exercise have 100 weights and a bias each.
    """
    return sum((a + bias) * b for a, b in _pairs(layer_sizes)[:-1])


@misconception("3.1")
def bias_argument_ignored(layer_sizes, bias=True):
    """You counted biases although `bias` was False; without biases a layer has inputs · units parameters."""
    return sum((a + 1) * b for a, b in _pairs(layer_sizes))


# --- 3.2 ------------------------------------------------------------------------------------------------------


def _by_class(x, y, share, seed):
    rng, inside = np.random.default_rng(seed), np.zeros(len(y), bool)
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        inside[members[: round(share * len(members))]] = True
    return x[~inside], y[~inside], x[inside], y[inside]


@misconception("3.2")
def seed_fixed(x, y, fraction, seed):
    """Your split is the same for every seed. Give `seed` to the random generator."""
    return _by_class(x, y, fraction, 0)


@misconception("3.2")
def not_stratified(x, y, fraction, seed):
    """You drew from all examples at once, so chance decides how many of each class go to validation. Draw
    from each class separately.
    """
    rows = np.random.default_rng(seed).permutation(len(y))
    count = round(fraction * len(y))
    return x[rows[count:]], y[rows[count:]], x[rows[:count]], y[rows[:count]]


@misconception("3.2")
def last_rows(x, y, fraction, seed):
    """You took the last rows without shuffling. Where the file is sorted, whole classes are then missing from
    one part: draw the rows at random, class by class.
    """
    count = round(fraction * len(y))
    return x[:-count], y[:-count], x[-count:], y[-count:]


@misconception("3.2")
def permuted_apart(x, y, fraction, seed):
    """You shuffled x and y separately, so images got the labels of others. Draw one permutation of row
    numbers and index both with it.
    """
    rng = np.random.default_rng(seed)
    count = round(fraction * len(y))
    x, y = x[rng.permutation(len(x))], y[rng.permutation(len(y))]
    return x[count:], y[count:], x[:count], y[:count]


@misconception("3.2")
def with_replacement(x, y, fraction, seed):
    """You drew with replacement, so some examples come back twice and others not at all. Use a permutation,
    or `choice(..., replace=False)`.
    """
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(y), len(y))
    count = round(fraction * len(y))
    return x[rows[count:]], y[rows[count:]], x[rows[:count]], y[rows[:count]]


@misconception("3.2")
def fraction_to_training(x, y, fraction, seed):
    """You kept `fraction` of the examples for training. It is the share that goes to validation; the parts
    are exchanged.
    """
    return _by_class(x, y, 1 - fraction, seed)


@misconception("3.2")
def fraction_of_training(x, y, fraction, seed):
    """You made the validation part `fraction` of the *training* part. It should be that share of all
    examples of a class.
    """
    return _by_class(x, y, fraction / (1 + fraction), seed)


@misconception("3.2")
def seed_unused(x, y, fraction, seed):
    """Your split does not depend on `seed` in the same way each time: the random generator was not seeded
    with it. Use np.random.default_rng(seed).
    """
    return _by_class(x, y, fraction, None)


@misconception("3.2")
def training_keeps_everything(x, y, fraction, seed):
    """The training part still holds the validation examples. What the network was trained on cannot judge it:
    take them out.
    """
    _, _, x_val, y_val = _by_class(x, y, fraction, seed)
    return x, y, x_val, y_val


@misconception("3.2")
def order_of_scikit_learn(x, y, fraction, seed):
    """You return the parts in another order. The callers expect (x_train, y_train, x_val, y_val);
    scikit-learn's train_test_split has (x_train, x_val, y_train, y_val).
    """
    x_train, y_train, x_val, y_val = _by_class(x, y, fraction, seed)
    return x_train, x_val, y_train, y_val


# --- 3.3 ------------------------------------------------------------------------------------------------------


def _mlp(hidden, activation, dropout, last, loss, flatten=True, drop=True):
    layers = [keras.Input((28, 28))] + [keras.layers.Flatten()] * flatten
    for units in hidden:
        layers += [keras.layers.Dense(units, activation=activation)]
        layers += [keras.layers.Dropout(dropout)] * drop
    model = keras.Sequential(layers + last)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


SPARSE = "sparse_categorical_crossentropy"


@misconception("3.3")
def flatten_missing(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """`Flatten` is missing. `Dense` then works on each of the 28 rows of an image by itself, and the model
    answers 28 times per image.
    """
    last = [keras.layers.Dense(num_classes, "softmax")]
    return _mlp(hidden, activation, dropout, last, SPARSE, flatten=False)


@misconception("3.3")
def logits_without_saying_so(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """The last layer is linear, but the loss was not told: without `from_logits=True` it takes the outputs
    for probabilities and learns nonsense.
    """
    return _mlp(hidden, activation, dropout, [keras.layers.Dense(num_classes)], SPARSE)


@misconception("3.3")
def relu_on_the_last_layer(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """The last layer ends in relu. Relu makes zeros of all negative outputs, and what is left are no
    probabilities: end in softmax, or in nothing with from_logits=True.
    """
    return _mlp(hidden, activation, dropout, [keras.layers.Dense(num_classes, "relu")], SPARSE)


@misconception("3.3")
def softmax_and_from_logits(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """You took a softmax and told the loss `from_logits=True`, so it is meant to take a second softmax. Keras
    notices and warns, other frameworks flatten every probability. Do one of the two.
    """
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return _mlp(hidden, activation, dropout, [keras.layers.Dense(num_classes, "softmax")], loss)


@misconception("3.3")
def one_hot_loss(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """The compiled loss wants one-hot rows, but the labels are integers. Use the sparse categorical
    cross-entropy.
    """
    last = [keras.layers.Dense(num_classes, "softmax")]
    return _mlp(hidden, activation, dropout, last, "categorical_crossentropy")


@misconception("3.3")
def dropout_after_the_output(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """Dropout stands after the output, so in training whole classes get probability 0 and the loss explodes.
    It belongs after each hidden layer.
    """
    last = [keras.layers.Dense(num_classes, "softmax"), keras.layers.Dropout(dropout)]
    return _mlp(hidden, activation, dropout, last, SPARSE, drop=False)


@misconception("3.3")
def rate_is_keep_probability(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """Your dropout keeps the share that it should drop. Keras' rate is the probability of being *dropped*;
    the p of Srivastava and of Rousseau's slides is that of staying.
    """
    last = [keras.layers.Dense(num_classes, "softmax")]
    return _mlp(hidden, activation, min(1 - dropout, 0.99), last, SPARSE)


@misconception("3.3")
def hidden_ignored(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """The argument `hidden` is not used: the network always has two layers of 512 units. Build one per entry."""
    last = [keras.layers.Dense(num_classes, "softmax")]
    return _mlp((512, 512), activation, dropout, last, SPARSE)


@misconception("3.3")
def no_dropout(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """There is no dropout in your network. Add `Dropout(dropout)` after each hidden layer."""
    last = [keras.layers.Dense(num_classes, "softmax")]
    return _mlp(hidden, activation, dropout, last, SPARSE, drop=False)


@misconception("3.3")
def dropout_once(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """Dropout stands only once, after the last hidden layer. Each hidden layer is followed by its own: put it
    into the loop.
    """
    last = [keras.layers.Dropout(dropout), keras.layers.Dense(num_classes, "softmax")]
    return _mlp(hidden, activation, dropout, last, SPARSE, drop=False)


@misconception("3.3")
def dropout_before_each_layer(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """Dropout stands before each hidden layer, so it also drops pixels, and the last hidden layer is left
    alone. Put it after the layer.
    """
    layers = [keras.Input((28, 28)), keras.layers.Flatten()]
    for units in hidden:
        layers += [keras.layers.Dropout(dropout), keras.layers.Dense(units, activation=activation)]
    model = keras.Sequential([*layers, keras.layers.Dense(num_classes, "softmax")])
    model.compile(optimizer="adam", loss=SPARSE, metrics=["accuracy"])
    return model


@misconception("3.3")
def activation_ignored(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """The argument `activation` is not used; your hidden layers are always relu. Give it to each `Dense`."""
    last = [keras.layers.Dense(num_classes, "softmax")]
    return _mlp(hidden, "relu", dropout, last, SPARSE)


@misconception("3.3")
def no_activation(hidden=(512, 512), activation="relu", dropout=0.2, num_classes=10):
    """The hidden layers have no activation. Without a non-linearity two layers in a row are one linear map,
    and the network is softmax regression.
    """
    last = [keras.layers.Dense(num_classes, "softmax")]
    return _mlp(hidden, None, dropout, last, SPARSE)


# --- 3.4 ------------------------------------------------------------------------------------------------------


def _fit(model, x_train, y_train, x_val, y_val, epochs, batch_size, **stopping):
    callbacks = [keras.callbacks.EarlyStopping(**stopping)] if stopping else []
    return model.fit(
        x_train,
        y_train,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=(x_val, y_val),
        callbacks=callbacks,
        verbose=0,
    )


@misconception("3.4")
def monitors_training_loss(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """You watch the training loss. It keeps falling while the network learns its examples by heart; watch
    `val_loss`.
    """
    settings = {"monitor": "loss", "patience": patience, "restore_best_weights": True}
    return _fit(model, x_train, y_train, x_val, y_val, epochs, batch_size, **settings)


@misconception("3.4")
def monitors_accuracy(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """You watch `val_accuracy`. The text asks for the validation loss, which turns earlier: monitor
    `val_loss`.
    """
    settings = {"monitor": "val_accuracy", "patience": patience, "restore_best_weights": True}
    return _fit(model, x_train, y_train, x_val, y_val, epochs, batch_size, **settings)


@misconception("3.4")
def last_weights_kept(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """Training ends in time, but with the weights of the last epoch, which are `patience` epochs past the
    best. Set restore_best_weights=True.
    """
    return _fit(
        model, x_train, y_train, x_val, y_val, epochs, batch_size, monitor="val_loss", patience=patience
    )


@misconception("3.4")
def patience_one_more(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """You stop one bad epoch too late. Keras ends training when `patience` epochs have passed without a new
    low, not patience + 1.
    """
    settings = {"monitor": "val_loss", "patience": patience + 1, "restore_best_weights": True}
    return _fit(model, x_train, y_train, x_val, y_val, epochs, batch_size, **settings)


@misconception("3.4")
def patience_one_less(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """You stop one bad epoch too early. `patience` epochs without a new low are allowed to pass, not one
    fewer.
    """
    settings = {"monitor": "val_loss", "patience": patience - 1, "restore_best_weights": True}
    return _fit(model, x_train, y_train, x_val, y_val, epochs, batch_size, **settings)


@misconception("3.4")
def trains_on_validation(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """You trained on the validation examples too. They are then learned by heart like the others, and
    `val_loss` no longer shows it: train on x_train and y_train alone.
    """
    settings = {"monitor": "val_loss", "patience": patience, "restore_best_weights": True}
    x, y = np.concatenate([x_train, x_val]), np.concatenate([y_train, y_val])
    return _fit(model, x, y, x_val, y_val, epochs, batch_size, **settings)


@misconception("3.4")
def never_stops(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """Training never stops early: all epochs are trained. Give keras.callbacks.EarlyStopping to fit, in the
    list `callbacks`.
    """
    return _fit(model, x_train, y_train, x_val, y_val, epochs, batch_size)


@misconception("3.4")
def patience_ignored(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """The argument `patience` is not used. Keras' own default is 0: pass patience=patience to EarlyStopping."""
    return _fit(
        model,
        x_train,
        y_train,
        x_val,
        y_val,
        epochs,
        batch_size,
        monitor="val_loss",
        restore_best_weights=True,
    )


@misconception("3.4")
def validates_on_training(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """You judge by the training examples: they were given as validation data. Then nobody notices what is
    learned by heart; pass validation_data=(x_val, y_val).
    """
    settings = {"monitor": "val_loss", "patience": patience, "restore_best_weights": True}
    return _fit(model, x_train, y_train, x_train, y_train, epochs, batch_size, **settings)


@misconception("3.4")
def trains_a_copy(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """You trained a copy, and the model that was given stayed as it was. Call `fit` on `model` itself."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    copy.compile(
        type(model.optimizer).from_config(model.optimizer.get_config()), model.loss, metrics=["accuracy"]
    )
    settings = {"monitor": "val_loss", "patience": patience, "restore_best_weights": True}
    return _fit(copy, x_train, y_train, x_val, y_val, epochs, batch_size, **settings)


@misconception("3.4")
def batch_size_ignored(model, x_train, y_train, x_val, y_val, epochs=10, batch_size=128, patience=3):
    """The argument `batch_size` is not used, so Keras takes batches of 32. Pass it to fit."""
    settings = {"monitor": "val_loss", "patience": patience, "restore_best_weights": True}
    return _fit(model, x_train, y_train, x_val, y_val, epochs, 32, **settings)


# --- 3.5 ------------------------------------------------------------------------------------------------------


def _one_layer(width, hidden=True):
    layers = [keras.Input((28, 28)), keras.layers.Flatten()]
    layers += [keras.layers.Dense(width, activation="relu")] * hidden
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss=SPARSE, metrics=["accuracy"])
    return model


@misconception("3.5")
def weights_kept(widths, x_train, y_train, x_val, y_val, epochs, seed):
    """One network is trained on and on, and each width gets the weights of the one before. Build a new
    network inside the loop.
    """
    keras.utils.set_random_seed(seed)
    model, result = _one_layer(widths[0]), {}
    for width in widths:
        model.fit(x_train, y_train, batch_size=128, epochs=epochs, verbose=0)
        result[width] = model.evaluate(x_val, y_val, verbose=0)[1]
    return result


@misconception("3.5")
def training_accuracy(widths, x_train, y_train, x_val, y_val, epochs, seed):
    """You return the accuracy on the training examples. It rewards learning by heart; measure on x_val and
    y_val.
    """
    result = {}
    for width in widths:
        keras.utils.set_random_seed(seed)
        model = _one_layer(width)
        model.fit(x_train, y_train, batch_size=128, epochs=epochs, verbose=0)
        result[width] = model.evaluate(x_train, y_train, verbose=0)[1]
    return result


@misconception("3.5")
def seed_set_once(widths, x_train, y_train, x_val, y_val, epochs, seed):
    """You set the seed once, before the loop. The first width gets it, the others start from wherever the
    generator is by then: set it before each network is built.
    """
    keras.utils.set_random_seed(seed)
    result = {}
    for width in widths:
        model = _one_layer(width)
        model.fit(x_train, y_train, batch_size=128, epochs=epochs, verbose=0)
        result[width] = model.evaluate(x_val, y_val, verbose=0)[1]
    return result


@misconception("3.5")
def seed_ignored(widths, x_train, y_train, x_val, y_val, epochs, seed):
    """The seed is not used, so every call gives another result. Call keras.utils.set_random_seed(seed) before
    each network is built.
    """
    result = {}
    for width in widths:
        model = _one_layer(width)
        model.fit(x_train, y_train, batch_size=128, epochs=epochs, verbose=0)
        result[width] = model.evaluate(x_val, y_val, verbose=0)[1]
    return result


@misconception("3.5")
def seed_fixed_in_the_sweep(widths, x_train, y_train, x_val, y_val, epochs, seed):
    """The seed is a fixed number in your function, so the argument `seed` changes nothing. Pass it on:
    keras.utils.set_random_seed(seed).
    """
    result = {}
    for width in widths:
        keras.utils.set_random_seed(42)
        model = _one_layer(width)
        model.fit(x_train, y_train, batch_size=128, epochs=epochs, verbose=0)
        result[width] = model.evaluate(x_val, y_val, verbose=0)[1]
    return result


@misconception("3.5")
def loss_for_accuracy(widths, x_train, y_train, x_val, y_val, epochs, seed):
    """You return losses. `evaluate` gives [loss, accuracy] for a model with the metric accuracy: take the
    second.
    """
    result = {}
    for width in widths:
        keras.utils.set_random_seed(seed)
        model = _one_layer(width)
        model.fit(x_train, y_train, batch_size=128, epochs=epochs, verbose=0)
        result[width] = model.evaluate(x_val, y_val, verbose=0)[0]
    return result


@misconception("3.5")
def width_unused(widths, x_train, y_train, x_val, y_val, epochs, seed):
    """The widths have no effect: the hidden layer is always of the same size. Give the width of the loop to
    the layer.
    """
    result = {}
    for width in widths:
        keras.utils.set_random_seed(seed)
        model = _one_layer(100)
        model.fit(x_train, y_train, batch_size=128, epochs=epochs, verbose=0)
        result[width] = model.evaluate(x_val, y_val, verbose=0)[1]
    return result


@misconception("3.5")
def list_for_dict(widths, x_train, y_train, x_val, y_val, epochs, seed):
    """You return a list. The text asks for a dict from each width to its accuracy."""
    return [0.5 for _ in widths]


# --- 3.6 ------------------------------------------------------------------------------------------------------


@misconception("3.6")
def argmax_over_axis_0(model, x):
    """You took argmax over axis 0, the examples: for each class you found the example that shows it most.
    Classes lie along axis 1.
    """
    return model.predict(x, verbose=0).argmax(axis=0)


@misconception("3.6")
def outputs_returned(model, x):
    """You return the model's outputs, (n, k). What is asked for is the class of each example, (n,)."""
    return model.predict(x, verbose=0)


@misconception("3.6")
def rounded_first(model, x):
    """You rounded the outputs to 0 and 1. Where no class reaches one half all are 0, and the first one wins;
    take argmax of the outputs themselves.
    """
    return np.round(model.predict(x, verbose=0)).argmax(axis=1)


@misconception("3.6")
def argmax_of_everything(model, x):
    """You took the argmax of everything at once, which is one number. Say axis=1 to get one class per
    example.
    """
    return np.argmax(model.predict(x, verbose=0))


@misconception("3.6")
def largest_output(model, x):
    """You return the largest output, not where it is. `max` gives the value, `argmax` its place, and that is
    the class.
    """
    return model.predict(x, verbose=0).max(axis=1)


@misconception("3.6")
def as_floats(model, x):
    """You return a float array or another integer type. Classes are int64: use .astype('int64')."""
    return model.predict(x, verbose=0).argmax(axis=1).astype(np.float32)


@misconception("3.6")
def squeezed(model, x):
    """For a single example you return a number instead of an array with one class. Leave out `squeeze`: n
    examples give an array (n,) for n = 1 too.
    """
    return np.squeeze(model.predict(x, verbose=0).argmax(axis=1))


@misconception("3.6")
def dropout_active(model, x):
    """You called the model with training=True, so dropout was active and the classes are partly chance. Use
    model.predict(x), or model(x, training=False).
    """
    return np.asarray(model(x, training=True)).argmax(axis=1)


@misconception("3.6")
def classes_from_one(model, x):
    """You count classes from 1. Labels start at 0, and so does argmax: return it as it is."""
    return model.predict(x, verbose=0).argmax(axis=1) + 1


# --- 3.7 ------------------------------------------------------------------------------------------------------


def _head(num_features, last, loss, hidden="relu"):
    layers = [keras.Input((num_features,)), keras.layers.Dense(32, hidden), keras.layers.Dense(32, hidden)]
    model = keras.Sequential([*layers, last])
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss=loss, metrics=["accuracy"])
    return model


@misconception("3.7")
def softmax_over_one_unit(num_features):
    """A softmax over one unit divides a number by itself: the output is always 1 and the gradient 0. Use a
    sigmoid for one unit, or two units.
    """
    return _head(num_features, keras.layers.Dense(1, "softmax"), "binary_crossentropy")


@misconception("3.7")
def as_on_the_slide(num_features):
    """This is the network of the slide: softmax over one unit with the categorical cross-entropy, whose loss
    is 0 whatever happens. Change the activation *and* the loss.
    """
    return _head(num_features, keras.layers.Dense(1, "softmax"), "categorical_crossentropy")


@misconception("3.7")
def binary_loss_on_two_units(num_features):
    """The binary cross-entropy is for one unit, and yours has two. Two softmax units go with the sparse
    categorical cross-entropy.
    """
    return _head(num_features, keras.layers.Dense(2, "softmax"), "binary_crossentropy")


@misconception("3.7")
def one_hot_loss_on_two_units(num_features):
    """Two softmax units are fine, but your loss wants one-hot rows and the labels are 0 and 1: use the
    *sparse* categorical cross-entropy.
    """
    return _head(num_features, keras.layers.Dense(2, "softmax"), "categorical_crossentropy")


@misconception("3.7")
def no_non_linearity(num_features):
    """Your hidden layers are linear, and so is everything that they can compute: the border stays a straight
    line. Give them an activation.
    """
    return _head(num_features, keras.layers.Dense(1, "sigmoid"), "binary_crossentropy", hidden=None)


@misconception("3.7")
def linear_output_without_logits(num_features):
    """The output is linear, but the loss takes it for a probability. Add a sigmoid, or use
    keras.losses.BinaryCrossentropy(from_logits=True).
    """
    return _head(num_features, keras.layers.Dense(1), "binary_crossentropy")


@misconception("3.7")
def relu_output(num_features):
    """A relu on the output can be larger than 1, and without slope where it should grow: it is no probability.
    The last layer of a head for two classes has a sigmoid.
    """
    return _head(num_features, keras.layers.Dense(1, "relu"), "binary_crossentropy")


@misconception("3.7")
def squared_error(num_features):
    """Your loss is the squared error. With a sigmoid its gradient vanishes where the network is surely wrong;
    the cross-entropy's does not.
    """
    return _head(num_features, keras.layers.Dense(1, "sigmoid"), "mean_squared_error")


@misconception("3.7")
def not_compiled(num_features):
    """You built the network but did not compile it; on the slide `network` is built and `model` compiled.
    Compile the one that you return.
    """
    return keras.Sequential(
        [keras.Input((num_features,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(1, "sigmoid")]
    )


@misconception("3.7")
def four_features(num_features):
    """The number of inputs is fixed in your network. Use `num_features`, whatever it is."""
    return _head(5, keras.layers.Dense(1, "sigmoid"), "binary_crossentropy")


@misconception("3.7")
def three_units(num_features):
    """Three hidden units make three straight borders, which is not enough to part two crescents. Take a few
    dozen.
    """
    model = keras.Sequential(
        [keras.Input((num_features,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(1, "sigmoid")]
    )
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    return model


# --- 3.8 ------------------------------------------------------------------------------------------------------


def _dense(*widths, outputs=10, activation="softmax", loss=SPARSE):
    """A compiled network on images with hidden layers of these widths."""
    layers = [keras.Input((28, 28)), keras.layers.Flatten()]
    layers += [keras.layers.Dense(width, activation="relu") for width in widths]
    model = keras.Sequential([*layers, keras.layers.Dense(outputs, activation=activation)])
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


def _affordable(model, budget):
    """How many epochs of this model a budget pays for, at least one."""
    return max(1, int(budget / training_cost(model, 1)))


@misconception("3.8")
def convolution_used(budget):
    """Your network has convolutions, which are for lab 05. Here only dense layers are allowed, with dropout
    and normalisation as you like.
    """
    layers = [keras.Input((28, 28)), keras.layers.Reshape((28, 28, 1))]
    layers += [keras.layers.Conv2D(8, 3, strides=2, activation="relu"), keras.layers.Flatten()]
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss=SPARSE, metrics=["accuracy"])
    return model, 128, 1


@misconception("3.8")
def budget_ignored(budget):
    """Your network and its epochs are the same for every budget, so a small one is exceeded. Work out what
    an epoch costs with `training_cost`, and train as many as the budget pays for.
    """
    return _dense(512, 256), 128, 10


@misconception("3.8")
def forward_pass_only(budget):
    """You counted one multiply-add for each weight and example. Training takes three: forward, backward to the
    input of the layer, and for the gradient of the weight itself.
    """
    model = _dense(64)
    return model, 128, 3 * _affordable(model, budget)


@misconception("3.8")
def all_in_width(budget):
    """You spent everything on width: one pass over the data is too little for any network. Make the layers
    narrower, so that the budget pays for about ten.
    """
    for width in (3000, 2000, 1000, 500, 250, 100, 50):
        model = _dense(width)
        if training_cost(model, 1) <= budget:
            break
    return model, 128, 1


@misconception("3.8")
def all_in_epochs(budget):
    """You spent everything on epochs: so small a network has learned all that it can after a few of them. Make
    the layers wider and the epochs fewer.
    """
    model = _dense(12)
    return model, 128, min(60, _affordable(model, budget))


@misconception("3.8")
def left_uncompiled(budget):
    """You never compile the model, so the grader does not know with which loss and optimizer to train it."""
    model = keras.Sequential([*_dense(64).layers])
    model.build((None, 28, 28))
    return model, 128, 1


@misconception("3.8")
def digit_as_a_number(budget):
    """Your model has one output, the digit as a number. Digits are names: a 3 is no better a guess for a 4
    than a 9 is. Give each class an output of its own.
    """
    return _dense(64, outputs=1, activation=None, loss="mean_squared_error"), 128, 1


@misconception("3.8")
def flat_input(budget):
    """Your model wants flat vectors of 784 numbers. It is given images (28, 28): begin with Input((28, 28))
    and Flatten.
    """
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss=SPARSE, metrics=["accuracy"])
    return model, 128, 1


@misconception("3.8")
def model_alone(budget):
    """You return the model alone. The grader needs three things: the model, the batch size and the number of
    epochs.
    """
    return _dense(64)


@misconception("3.8")
def learning_rate_too_large(budget):
    """Your learning rate is so large that training jumps about and settles nowhere. Adam's is 0.001 if you say
    nothing, and should fall towards the end.
    """
    model = _dense(64)
    model.compile(keras.optimizers.Adam(0.3), SPARSE, metrics=["accuracy"])
    return model, 128, _affordable(model, min(budget, 1e11))
