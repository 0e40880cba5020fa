"""Checks of lab 03: multi-layer perceptrons."""

import numpy as np

from labkit.check import (
    accuracy,
    cross_entropy,
    expect,
    hidden,
    limit,
    measured,
    needs,
    outputs,
    points,
    question,
    renamed,
    training_cost,
    uses,
)
from labkit.check.training import trained

# layer sizes, with biases: Fromont's exercise, EPFL's five networks, the ends of EPFL's axis on MNIST
LECTURES = {
    (1600, 100, 100, 100, 10): 181_310,
    (2, 125, 1): 501,
    (2, 20, 20, 1): 501,
    (2, 14, 14, 14, 1): 477,
    (2, 15, 15, 15, 1): 541,
    (2, 19, 19, 19, 1): 837,
    (784, 20, 10): 15_910,
    (784, 120, 10): 95_410,
}


# --- 3.1 ------------------------------------------------------------------------------------------------------


@question("3.1")
@points(4)
def test_counts_of_the_lectures(student):
    """The networks of the lectures have the right number of parameters."""
    counts = [student.count_parameters(list(sizes)) for sizes in LECTURES]
    counts.append(student.count_parameters([1600, 100, 100, 100, 10], bias=False))
    expect.equal(counts, [*LECTURES.values(), 181_000], "the list of counts for the lectures' networks")


@question("3.1")
@points(2)
def test_counts_without_biases(student):
    """Without biases only the weights are counted."""
    sizes = [[1600, 100, 100, 100, 10], [784, 300, 100, 10], [5, 3]]
    counts = [student.count_parameters(layers, bias=False) for layers in sizes]
    expect.equal(counts, [181_000, 266_200, 15], "the list of counts without biases")


@question("3.1")
@points(2)
@hidden
def test_counts_agree_with_keras(student, rng):
    """Random networks have as many parameters as Keras says."""
    import keras

    counts, expected = [], []
    for number in range(6):
        sizes = rng.integers(1, 60, size=2 + number).tolist()
        for bias in (True, False):
            layers = [keras.layers.Dense(units, use_bias=bias) for units in sizes[1:]]
            expected.append(keras.Sequential([keras.Input(sizes[:1]), *layers]).count_params())
            counts.append(student.count_parameters(sizes, bias=bias))
    expect.equal(counts, expected, "the list of counts for random networks")


# --- 3.2 ------------------------------------------------------------------------------------------------------


def _labelled(rng, counts, in_order=False):
    """Numbered examples (n, 2) in random order, with labels; column 0 is the example's number."""
    labels = np.repeat(np.arange(len(counts)), counts)
    y = (labels if in_order else rng.permutation(labels)).astype(np.uint8)
    return np.stack([np.arange(len(y)), rng.integers(0, 99, len(y))], axis=1).astype(np.int32), y


def _parts(answer):
    expect.true(
        isinstance(answer, (tuple, list))
        and len(answer) == 4
        and all(isinstance(p, np.ndarray) for p in answer),
        "split should return four arrays: x_train, y_train, x_val, y_val",
        "not four arrays",
    )
    x_train, y_train, x_val, y_val = answer
    shapes = [part.shape for part in answer]
    expect.true(
        x_train.shape[1:] == x_val.shape[1:]
        and len(x_val) > 0
        and y_train.shape == (len(x_train),)
        and y_val.shape == (len(x_val),),
        f"the four parts have the shapes {shapes}: x and y of a part should have equally many rows",
        "shapes",
    )
    return x_train, y_train, x_val, y_val


@question("3.2")
@points(5)
def test_split_keeps_every_pair(student, rng):
    """Every example is in exactly one part, with its own label."""
    x, y = _labelled(rng, [60, 35, 45])
    x_train, y_train, x_val, y_val = _parts(student.split(x, y, 0.2, 7))
    numbers = np.concatenate([x_train[:, 0], x_val[:, 0]])
    expect.true(len(numbers) == len(x), f"of {len(x)} examples {len(numbers)} come back", int(len(numbers)))
    seen, times = np.unique(numbers, return_counts=True)
    twice = "some examples come back twice and others not at all"
    expect.true(np.array_equal(seen, np.arange(len(x))) and np.all(times == 1), twice, "twice")
    right = np.mean(np.concatenate([y_train, y_val]) == y[numbers])
    expect.true(right == 1, f"only {right:.0%} of the examples still have their own label", "pairs")


@question("3.2")
@points(4)
def test_split_takes_a_fraction_of_each_class(student, rng):
    """Of each class the wanted fraction goes to validation, and not simply the last rows."""
    counts = np.array([200, 80, 20, 50])
    x, y = _labelled(rng, counts)
    _, _, x_val, y_val = _parts(student.split(x, y, 0.3, int(rng.integers(1000))))
    numbers = np.sort(x_val[:, 0])
    block = np.array_equal(numbers, np.arange(numbers[0], numbers[0] + len(numbers)))
    expect.true(not block, "the validation part is a block of consecutive rows; draw them at random", "block")
    share = len(y_val) / len(y)
    expect.true(
        abs(share - 0.3) < 0.02, f"{share:.1%} of the examples went to validation, not 30 %", share, like=0.01
    )
    found = np.bincount(y_val, minlength=4)[:4]
    expect.true(
        np.all(np.abs(found - 0.3 * counts) <= 1),
        f"from classes of {counts.tolist()} examples {found.tolist()} went to validation; "
        f"30 % of each are {(0.3 * counts).round().astype(int).tolist()}",
        "classes",
    )


@question("3.2")
@points(2)
def test_split_depends_on_the_seed(student, rng):
    """The same seed gives the same split, another seed another one, also of sorted images; dtypes stay."""
    x, y = _labelled(rng, [70, 50], in_order=True)
    images = np.zeros((len(x), 3, 2), np.float32)
    images[:, 0, 0] = x[:, 0]
    parts = [_parts(student.split(images, y, 0.25, seed)) for seed in (3, 3, 4)]
    expect.dtype(parts[0][2], "float32", "x_val")
    expect.dtype(parts[0][1], "int", "y_train")
    first, again, other = (np.sort(x_val[:, 0, 0]) for _, _, x_val, _ in parts)
    expect.true(
        np.array_equal(first, again), "two calls with the same seed give different splits", "not same"
    )
    expect.true(not np.array_equal(first, other), "two different seeds give the same split", "seed ignored")


@question("3.2")
@points(3)
@hidden
def test_split_of_sorted_images(student, rng):
    """Sorted images are split as well, shapes and dtypes stay, and the arguments are not changed."""
    counts = np.array([31, 12, 6])
    _, y = _labelled(rng, counts, in_order=True)
    x = rng.random((len(y), 4, 5), dtype=np.float32)
    x[:, 0, 0] = np.arange(len(y))
    held, labels = student.hold(x), student.hold(y)
    x_train, y_train, x_val, y_val = _parts(student.split(held, labels, 0.5, int(rng.integers(1000))))
    expect.true(
        np.array_equal(np.sort(np.concatenate([x_train, x_val])[:, 0, 0]), np.arange(len(y))),
        "examples are missing or come back twice",
        "twice",
    )
    expect.true(np.array_equal(x_val, x[x_val[:, 0, 0].astype(int)]), "images come back changed", "images")
    expect.true(np.array_equal(y_val, y[x_val[:, 0, 0].astype(int)]), "labels went astray", "pairs")
    found = np.bincount(y_val.astype(int), minlength=3)[:3]
    even, share = np.all(np.abs(found - 0.5 * counts) <= 1), len(y_val) / len(y)
    expect.true(even, "classes are not split evenly", share, like=0.03)
    expect.dtype(x_train, "float32", "x_train")
    expect.dtype(y_val, "int", "y_val")
    expect.unchanged(student.fetch(held), x, "x")
    expect.unchanged(student.fetch(labels), y, "y")


# --- 3.3 ------------------------------------------------------------------------------------------------------


@question("3.3")
@points(3)
@uses("keras")
def test_mlp_has_the_right_size(student):
    """The network has the hidden layers that were asked for; 512-512 without further arguments."""
    expect.parameters(student.build_mlp(hidden=(300, 100), num_classes=7), 266_307)
    expect.parameters(student.build_mlp(), 669_706)


@question("3.3")
@points(5)
@uses("keras")
def test_mlp_computes_probabilities(student, reference, rng):
    """With the same weights the network gives the same class probabilities as the reference."""
    x = rng.random((6, 28, 28), dtype=np.float32)
    arguments = {"hidden": (9, 6), "activation": "tanh", "dropout": 0.3, "num_classes": 4}
    expect.same_probabilities(student.build_mlp(**arguments), reference.build_mlp(**arguments), x)


@question("3.3")
@points(3)
@uses("keras")
def test_mlp_learns_from_integer_labels(student, reference, rng):
    """The compiled loss is the cross-entropy with integer labels."""
    x = rng.random((6, 28, 28), dtype=np.float32)
    y = rng.integers(0, 10, 6).astype(np.uint8)
    expect.same_loss(student.build_mlp(hidden=(8,)), reference.build_mlp(hidden=(8,)), x, y)


@question("3.3")
@points(4)
@uses("keras")
def test_mlp_drops_units_in_training(student, reference, rng):
    """In training, and only then, dropout follows every hidden layer, at the rate asked for."""
    x = rng.random((2, 28, 28), dtype=np.float32)
    arguments = {"hidden": (6, 5), "activation": "relu", "dropout": 0.3}
    expect.same_training_noise(student.build_mlp(**arguments), reference.build_mlp(**arguments), x)


@question("3.3")
@points(3)
@hidden
@uses("keras")
def test_mlp_with_other_settings(student, reference, rng):
    """Other depths, activations and rates are followed as well, also no dropout at all."""
    x = rng.random((2, 28, 28), dtype=np.float32)
    for arguments in (
        {
            "hidden": (4, 5, 3),
            "activation": "sigmoid",
            "dropout": float(rng.uniform(0.4, 0.7)),
            "num_classes": 3,
        },
        {"hidden": (7,), "activation": "tanh", "dropout": 0.0},
    ):
        model, expected = student.build_mlp(**arguments), reference.build_mlp(**arguments)
        expect.same_probabilities(model, expected, x)
        expect.same_training_noise(model, expected, x)


# --- 3.4 ------------------------------------------------------------------------------------------------------

# Trained in one batch by SGD with momentum, softmax regression on these four pixels overshoots again and again:
# val_loss has a new lowest value at epochs 1, 4, 8, 12 and 17, so that each patience stops elsewhere. In one
# batch nothing is left to chance: epochs and weights of a right answer are known exactly.
PIXELS = "1220 1120 0110 1211 0002 0121 1111 2111 1221 2011 2120 1201", "0021 2212 1202 0010 1110 2122"
CLASSES = "020112000122", "111222"


def _overshooting(rng):
    """The model and (x_train, y_train, x_val, y_val); which pixels and which classes is drawn."""
    import keras

    places, names = rng.choice(784, 4, replace=False), rng.permutation(3)
    parts = []
    for pixels, classes in zip(PIXELS, CLASSES, strict=True):
        x = np.zeros((len(classes), 784), np.float32)
        x[:, places] = np.array([list(row) for row in pixels.split()], np.float32) / 2
        parts += [x.reshape(-1, 28, 28), names[np.array(list(classes), int)].astype(np.uint8)]
    dense = keras.layers.Dense(3, activation="softmax", kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), dense])
    sgd = keras.optimizers.SGD(2.0, momentum=0.95)
    model.compile(optimizer=sgd, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, parts


def _trained(party, model, parts, **settings):
    """The History that `train` returns, and the model that was given, afterwards."""
    held = party.hold(model)
    history = party.train(held, *parts, batch_size=64, **settings)
    return history, party.fetch(held)


def _epochs(history):
    """How many epochs the History tells of."""
    told = getattr(history, "history", None)
    expect.true(told is not None, "train should return what model.fit returns, a History", "no history")
    expect.true(
        "loss" in told and "val_loss" in told,
        "the History should have loss and val_loss; give the validation data to model.fit",
        sorted(told),
    )
    return len(told["val_loss"])


def _stops_with(student, reference, rng, patience):
    model, parts = _overshooting(rng)
    history, after = _trained(student, model, parts, epochs=30, patience=patience)
    expected, _ = _trained(reference, model, parts, epochs=30, patience=patience)
    epochs, right = _epochs(history), _epochs(expected)
    expect.true(
        epochs == right,
        f"with patience {patience} it trained {epochs} epochs; it should stop after {right}",
        epochs,
    )
    return after


@question("3.4")
@points(4)
@uses("keras")
def test_training_stops_in_time(student, reference, rng):
    """Training ends when val_loss has not reached a new low for `patience` epochs."""
    _stops_with(student, reference, rng, patience=3)
    _stops_with(student, reference, rng, patience=2)


@question("3.4")
@points(4)
@uses("keras")
def test_the_best_weights_remain(student, reference, rng):
    """The given model holds the weights of the best epoch afterwards, also where the epochs run out."""
    model, parts = _overshooting(rng)
    for epochs, patience in ((30, 3), (6, 5)):
        _, after = _trained(student, model, parts, epochs=epochs, patience=patience)
        _, expected = _trained(reference, model, parts, epochs=epochs, patience=patience)
        reached, right = cross_entropy(after, *parts[2:]), cross_entropy(expected, *parts[2:])
        what = (
            f"the validation loss of the weights that remain (at most {epochs} epochs, patience {patience})"
        )
        expect.close(reached, right, rtol=1e-3, what=what)
        expect.close(
            after.weights, expected.weights, rtol=1e-2, atol=1e-3, what="the list of weights that remain"
        )


@question("3.4")
@points(2)
@uses("keras")
def test_training_uses_its_settings(student, rng):
    """`batch_size` and `epochs` are followed, and every epoch is in the History."""
    model, (x, y, _, _) = _overshooting(rng)
    model.optimizer.learning_rate, model.optimizer.momentum = 0.05, 0.0
    same_x, same_y = np.repeat(x[:1], 12, axis=0), np.repeat(y[:1], 12)  # in any order the same batches
    held = student.hold(model)
    history = student.train(held, same_x, same_y, same_x, same_y, epochs=3, batch_size=3)
    epochs = _epochs(history)
    expect.true(epochs == 3, f"the History tells of {epochs} epochs instead of 3", epochs)
    expected = _steps(x[0], y[0], steps=12)
    after = cross_entropy(student.fetch(held), x[:1], y[:1])
    what = "the loss after 3 epochs of 12 examples in batches of 3"
    expect.close(after, expected, rtol=1e-3, what=what)


def _steps(x, y, steps):
    """The loss of softmax regression for one example after steps of gradient descent, rate 0.05, from zero."""
    features, logits = np.append(x.ravel(), 1.0).astype(np.float64), np.zeros(3)
    for _ in range(steps):
        p = np.exp(logits) / np.exp(logits).sum()
        logits -= 0.05 * (p - np.eye(3)[y]) * (features @ features)
    return float(-np.log(np.exp(logits[y]) / np.exp(logits).sum()))


@question("3.4")
@points(2)
@hidden
@uses("keras")
def test_the_best_weights_remain_when_epochs_run_out(student, reference, rng):
    """The best weights also remain where the epochs run out before the patience."""
    model, parts = _overshooting(rng)
    history, after = _trained(student, model, parts, epochs=10, patience=5)
    _, expected = _trained(reference, model, parts, epochs=10, patience=5)
    what = "the validation loss of the weights that remain"
    expect.close(cross_entropy(after, *parts[2:]), cross_entropy(expected, *parts[2:]), rtol=1e-3, what=what)
    epochs = _epochs(history)
    expect.true(epochs == 10, f"it trained {epochs} epochs; it should train 10", epochs)


@question("3.4")
@points(4)
@hidden
@limit(120)
@needs("3.4")
@uses("keras")
def test_training_reads_unseen_digits(student, reference, rng, mnist):
    """512-512 with dropout, trained by your function, reads at least 98 % of unseen digits."""
    _stops_with(student, reference, rng, patience=2)
    import keras

    keras.utils.set_random_seed(int(rng.integers(2**31)))
    model = _normalised_mlp()
    order = rng.permutation(len(mnist.x_train))
    x, (y, names) = mnist.x_train[order] / np.float32(255), renamed(mnist.y_train[order], rng)
    data = [student.hold(part) for part in (x[:55_000], y[:55_000], x[55_000:], y[55_000:])]
    # two calls, the second with small steps: that is worth many epochs, and little is left to chance
    for rate, epochs in ((0.003, 3), (0.0003, 2)):
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        held = student.hold(model)
        student.train(held, *data, epochs=epochs, batch_size=250)
        after = student.fetch(held)
        expect.true(not getattr(after, "problem", None), getattr(after, "problem", None) or "", "model")
        model = after.rebuild()
    reached = accuracy(after, mnist.x_test / np.float32(255), names[mnist.y_test])
    expect.at_least(reached, 0.98, "the accuracy on unseen digits")


def _normalised_mlp():
    """512-512 with batch normalisation and dropout, which few epochs train well from any start."""
    import keras

    stack = [keras.Input((28, 28)), keras.layers.Flatten()]
    for _ in range(2):
        stack += [keras.layers.Dense(512), keras.layers.BatchNormalization()]
        stack += [keras.layers.ReLU(), keras.layers.Dropout(0.2)]
    return keras.Sequential([*stack, keras.layers.Dense(10, activation="softmax")])


# --- 3.5 ------------------------------------------------------------------------------------------------------


def _few_digits(rng, mnist, count, validation, wrong=0.0):
    """Training and validation digits with renamed classes; a part of the validation labels is made wrong."""
    order = rng.permutation(len(mnist.x_train))[: count + validation]
    x, (y, _) = mnist.x_train[order] / np.float32(255), renamed(mnist.y_train[order], rng)
    x_train, y_train, x_val, y_val = x[:count], y[:count], x[count:], y[count:].copy()
    spoiled = int(wrong * validation)
    y_val[:spoiled] = (y_val[:spoiled] + rng.integers(1, 10, spoiled)) % 10
    return x_train, y_train, x_val, y_val


def _sweep(student, widths, data, epochs, seed):
    answer = student.sweep_hidden(widths, *data, epochs=epochs, seed=seed)
    expect.true(
        isinstance(answer, dict) and sorted(answer) == sorted(widths),
        f"sweep_hidden should return a dict with the widths {widths} as keys",
        "keys",
    )
    return np.array([answer[width] for width in widths], float)


@question("3.5")
@points(4)
@uses("keras")
@limit(60)
def test_sweep_measures_validation_accuracy(student, rng, mnist):
    """The values are accuracies on the validation examples, which are labelled wrongly here in half the cases."""
    data = _few_digits(rng, mnist, 1500, validation=1500, wrong=0.5)
    one, many = _sweep(student, [1, 48], data, epochs=8, seed=1)
    expect.at_most(many, 0.55, "accuracy where half of the validation labels are wrong", like=0.05)
    expect.at_least(many, 0.35, "accuracy where half of the validation labels are right", like=0.05)
    expect.at_most(one, 0.33, "accuracy of one hidden unit, where half of the labels are wrong", like=0.05)


@question("3.5")
@points(4)
@uses("keras")
@limit(60)
def test_sweep_starts_every_width_anew(student, rng, mnist):
    """The same seed gives the same result, another seed another, and no width depends on those before it."""
    data = _few_digits(rng, mnist, 800, validation=6000)
    widths = [24, 16, 32]
    together = _sweep(student, widths, data, epochs=2, seed=5)
    alone = np.concatenate([_sweep(student, [width], data, epochs=2, seed=5) for width in widths])
    apart, few = np.abs(alone - together), 4.5 / 6000  # examples on the border may fall to either side
    expect.true(apart[0] <= few, "two calls with the same seed give different accuracies", "not same")
    expect.true(
        np.all(apart <= few),
        f"the accuracies of the widths {widths[1:]} are {together[1:].round(3).tolist()} after other widths and "
        f"{alone[1:].round(3).tolist()} alone; every width should start anew from the seed",
        "trained on" if np.mean(together[1:] - alone[1:]) > 0.04 else "seed",
    )
    other = _sweep(student, widths, data, epochs=2, seed=6)
    told = (
        "two seeds give the same accuracies: is the argument used, or another number fixed in the function?"
    )
    expect.true(np.any(np.abs(other - together) > few), told, "fixed")


@question("3.5")
@points(4)
@hidden
@limit(180)
@needs("3.5")
@uses("keras")
def test_sweep_over_the_lectures_axis(student, rng, mnist):
    """On MNIST 120 hidden units reach 97 %, and 20 do not."""
    labels, _ = renamed(mnist.y_train, rng)
    x = mnist.x_train / np.float32(255)
    y_val = labels[50_000:].copy()
    y_val[:2000] = (y_val[:2000] + 1) % 10  # so that nobody can know the answer without measuring
    data = x[:50_000], labels[:50_000], x[50_000:], y_val
    narrow, wide = _sweep(student, [20, 120], data, epochs=8, seed=int(rng.integers(1000))) / 0.8
    expect.at_least(wide, 0.97, "the accuracy of 120 hidden units", like=0.005)
    expect.true(
        0.9 < narrow < wide - 0.005 < 1,
        f"20 hidden units reach {narrow:.3f} and 120 reach {wide:.3f}; the wider network should be better",
        "trend",
    )


# --- 3.6 ------------------------------------------------------------------------------------------------------


def _classifier(rng, outputs, activation, dropout=0.0):
    """A small trained-looking classifier of 6 numbers: weights and biases are drawn."""
    import keras

    layers = [keras.Input((6,)), keras.layers.Dropout(dropout), keras.layers.Dense(outputs, activation)]
    model = keras.Sequential(layers)
    model.set_weights([rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()])
    return model


def _classes(model, x):
    return np.asarray(model(x, training=False)).argmax(axis=1)


@question("3.6")
@points(4)
@uses("keras")
def test_classes_of_probabilities_and_logits(student, rng):
    """The most likely class of each example, from probabilities and from logits, as int64."""
    x = rng.normal(size=(37, 6)).astype(np.float32)
    for activation in ("softmax", "linear"):
        model = _classifier(rng, 5, activation)
        classes = student.predict_classes(model, x)
        expect.equal(classes, _classes(model, x))
        expect.dtype(classes, "int64")


@question("3.6")
@points(2)
@uses("keras")
def test_classes_of_any_number_of_examples(student, rng):
    """One example gives one class in an array, hundreds give hundreds, and dropout is at rest."""
    model = _classifier(rng, 4, "softmax", dropout=0.5)
    for count in (301, 1):
        x = rng.normal(size=(count, 6)).astype(np.float32)
        expect.equal(_steady(student, model, x), _classes(model, x))


def _steady(student, model, x):
    """The classes, which must be the same in two calls."""
    first, second = student.predict_classes(model, x), student.predict_classes(model, x)
    same = np.array_equal(first, second)
    expect.true(same, "two calls give different classes for the same examples", "random")
    return second


@question("3.6")
@points(2)
@hidden
@uses("keras")
def test_classes_are_those_of_inference(student, rng):
    """The answer is that of inference, without dropout, for any number of classes."""
    x = rng.normal(size=(60, 6)).astype(np.float32)
    for classes in (2, 13):
        model = _classifier(rng, classes, "softmax", dropout=0.7)
        expect.equal(_steady(student, model, x), _classes(model, x))


# --- 3.7 ------------------------------------------------------------------------------------------------------


@question("3.7")
@points(4)
@uses("keras")
def test_head_can_learn(student, rng):
    """Labels may be (n,) or (n, 1), the gradient is not zero, and the loss is a cross-entropy."""
    y = np.arange(16) % 2
    for features in (4, 2):
        model = student.fix_binary_head(features)
        x = rng.normal(size=(16, features)).astype(np.float32)
        expect.can_learn(model, x, y)
        expect.can_learn(model, x, y[:, None])
        loss, probability = _loss_and_probability(model, x, y)
        right = -np.log(np.where(y == 1, probability, 1 - probability)).mean()
        expect.close(loss, right, 1e-3, what="the loss")
        _loss_and_probability(model, 100 * x, y)  # probabilities, however far the points lie


@question("3.7")
@points(2)
@hidden
@uses("keras")
def test_loss_of_the_head_is_its_cross_entropy(student, rng):
    """The compiled loss is the cross-entropy of the probability that the output stands for."""
    y = np.arange(24) % 2
    x = rng.normal(size=(24, 3)).astype(np.float32)
    model = student.fix_binary_head(3)
    expect.can_learn(model, x, y)
    loss, probability = _loss_and_probability(model, x, y)
    expect.close(loss, -np.log(np.where(y == 1, probability, 1 - probability)).mean(), 1e-3, what="the loss")


def _loss_and_probability(model, x, y):
    """The compiled loss, and the probability of class 1 that the outputs of the new model stand for."""
    live = model.rebuild()
    outputs = np.asarray(live(x, training=False))
    loss = float(live.compute_loss(x=x, y=y, y_pred=outputs, training=False))
    loss -= sum(
        float(part) for part in live.losses
    )  # weight decay is welcome, and no part of the cross-entropy
    if model.compile["loss"].get("from_logits"):
        outputs = 1 / (1 + np.exp(-outputs)) if outputs.shape[1] == 1 else _softmax(outputs)
    expect.true(
        outputs.ndim == 2 and outputs.shape[1] in (1, 2),
        f"the head has outputs of shape {outputs.shape}; it should have one unit or two",
        "units",
    )
    sound = np.all((outputs >= 0) & (outputs <= 1)) and (
        outputs.shape[1] == 1 or np.allclose(outputs.sum(axis=1), 1, atol=1e-4)
    )
    expect.true(sound, "the loss takes the outputs for probabilities, but they are none", "no probabilities")
    return loss, np.clip(outputs[:, -1].astype(np.float64), 1e-7, 1 - 1e-7)


def _softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@question("3.7")
@points(4)
@needs("3.7")
@uses("keras")
def test_head_parts_two_moons(student, rng):
    """Trained by the grader on two moons, it is right for 98 % of other points."""
    from sklearn.datasets import make_moons

    model = student.fix_binary_head(2)
    points, classes = make_moons(3000, noise=0.1, random_state=int(rng.integers(2**31)))
    points = points.astype(np.float32)
    expect.can_learn(model, points[:50], classes[:50])
    after = trained(model, points[:1000], classes[:1000], epochs=100, batch_size=32)
    outputs = after.outputs(points[1000:])
    if outputs.shape[1] == 2:
        found = outputs.argmax(axis=1)
    else:
        found = outputs[:, 0] > (0 if model.compile["loss"].get("from_logits") else 0.5)
    expect.at_least(float(np.mean(found == classes[1000:])), 0.98, "the accuracy on other points", like=0.03)


# --- 3.8 ------------------------------------------------------------------------------------------------------

#: What the accuracy is graded by. Five seeds of the reference reach 0.985 or more, `benchmarks/accuracy.py`.
NONE, FULL = 0.975, 0.983
DENSE = {
    *("Dense", "Flatten", "Reshape", "Rescaling", "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"),
    *(
        "Dropout",
        "AlphaDropout",
        "GaussianDropout",
        "GaussianNoise",
        "BatchNormalization",
        "LayerNormalization",
    ),
    "ActivityRegularization",
}


def _whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _plan(student, budget):
    """What `best_mlp` returns for a budget, checked for all that can be seen without training."""
    answer = student.best_mlp(budget)
    expect.true(
        isinstance(answer, (tuple, list)) and len(answer) == 3,
        "best_mlp should return three things: the model, the batch size and the number of epochs",
        "not three",
    )
    model, batch_size, epochs = answer
    expect.true(hasattr(model, "layers"), "the first of the three should be a Keras model", "no model")
    expect.true(not model.problem, model.problem or "", "model")
    others = sorted({layer.kind for layer in model.layers} - DENSE)
    expect.true(not others, f"only dense layers are allowed here, not {', '.join(others)}", others)
    expect.true(
        tuple(model.input_shape) == (28, 28),
        f"the model takes inputs of shape {model.input_shape}; it should take images of shape (28, 28)",
        "inputs",
    )
    expect.true(
        model.compile is not None, "the model is not compiled, so nobody knows how to train it", "compile"
    )
    expect.true(
        _whole(batch_size) and 1 <= batch_size <= 60_000,
        f"the batch size should be a whole number from 1 to 60,000, not {expect.describe(batch_size)}",
        "batch size",
    )
    expect.true(
        _whole(epochs) and epochs >= 1,
        f"the number of epochs should be a whole number from 1, not {expect.describe(epochs)}",
        "epochs",
    )
    cost = training_cost(model, 60_000, int(epochs))
    expect.at_most(
        cost / budget, 1.0, f"the cost, {cost:.3g} multiply-adds, in parts of the budget {budget:g},", 0.02
    )
    return model, int(batch_size), int(epochs)


@question("3.8")
@points(4)
@uses("keras")
def test_best_mlp_keeps_to_the_budget(student, rng):
    """Dense layers, compiled for ten classes, and a training that costs no more than each of four budgets."""
    for budget in (1e10, float(rng.uniform(2e10, 9e10)), float(rng.uniform(2e11, 9e11)), 1e12):
        model, _, _ = _plan(student, budget)
        x, y = rng.random((20, 28, 28), dtype=np.float32), rng.integers(0, 10, 20)
        expect.shape(outputs(model, x), (20, 10), "the output of the model")
        expect.can_learn(model, x, y)


def _accuracy(student, rng, mnist, budget):
    """The accuracy on test digits after the grader's own training, with renamed classes."""
    model, batch_size, epochs = _plan(student, budget)
    labels, names = renamed(mnist.y_train, rng)
    images = mnist.x_train / np.float32(255)
    try:
        after = trained(model, images, labels, epochs=epochs, batch_size=batch_size)
    except ValueError as problem:
        expect.true(False, str(problem), "cannot be trained")
    read = outputs(after, mnist.x_test / np.float32(255))
    reached = accuracy(after, mnist.x_test, names[mnist.y_test], read=read)
    measured.confusion(
        np.argsort(names)[read.argmax(axis=1)], mnist.y_test, f"Test digits, budget {budget:g}"
    )
    return reached


@question("3.8")
@points(2)
@needs("3.8")
@limit(60)
@uses("keras")
def test_best_mlp_on_a_small_budget(student, rng, mnist):
    """With a budget of 1e11 the network reads 96 % of the test digits after its training."""
    expect.at_least(_accuracy(student, rng, mnist, 1e11), 0.96, "the accuracy on unseen digits", like=0.01)


@question("3.8")
@points(8)
@hidden
@limit(60)
@needs("3.8")
@uses("keras")
def test_best_mlp_on_mnist(student, rng, mnist):
    """With a budget of 1e12: full points from 98.3 % of the test digits on, none at 97.5 %."""
    reached = _accuracy(student, rng, mnist, 1e12)
    expect.graded(reached, none=NONE, full=FULL, what="the accuracy on unseen digits", like=0.002)
