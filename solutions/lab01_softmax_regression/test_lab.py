"""The checks of lab 01. A student sees each docstring as the title of a check."""

import functools
import math
from dataclasses import replace

import numpy as np

from labkit.check import accuracy, expect, hidden, limit, measured, needs, points, question, renamed, uses
from labkit.data import load_mnist

# --- 1.1 Images to vectors -----------------------------------------------------------------------------------


def pictures(rng, n):
    """Random images; the first is paler than the others, and no pixel of any has full ink."""
    images = rng.integers(0, 231, size=(n, 28, 28), dtype=np.uint8)
    images[0] //= 2
    return images


def pale_digits(rng, mnist, n):
    """Digits with at most nine tenths of full ink, the first with half of that."""
    images = (mnist.x_train[rng.choice(60_000, size=n, replace=False)] * 0.9).astype(np.uint8)
    images[0] //= 2
    return images


@question("1.1")
@points(3)
def test_images_become_rows(student, reference, rng, mnist):
    """Images become rows of numbers between 0 and 1, in reading order; a single one, too."""
    images = pale_digits(rng, mnist, 3)
    rows = student.prepare_images(images)
    measured.images(images, rows, "Digits, and your rows drawn as images", ("digit", "your row"))
    expect.close(rows, reference.prepare_images(images))
    expect.close(student.prepare_images(images[:1]), reference.prepare_images(images[:1]))


@question("1.1")
@points(2)
def test_images_become_float32(student, rng):
    """The rows are float32."""
    expect.dtype(student.prepare_images(pictures(rng, 2)), "float32")


@question("1.1")
@points(1)
def test_images_stay_as_they_are(student, rng):
    """The images that were handed over are not changed."""
    images = pictures(rng, 2)
    held = student.hold(images)
    student.prepare_images(held)
    expect.unchanged(student.fetch(held), images, "the array of images")


@question("1.1")
@points(2)
@hidden
def test_real_digits_become_rows(student, reference, rng, mnist):
    """Digits of MNIST become rows, one alone as well as many."""
    some = rng.choice(60_000, size=40, replace=False)
    ends = np.stack([np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)])
    for images in (mnist.x_train[some], mnist.x_train[some[:1]], ends):
        rows = student.prepare_images(images)
        expect.close(rows, reference.prepare_images(images))
        expect.dtype(rows, "float32")


# --- 1.2 One-hot targets -------------------------------------------------------------------------------------


@question("1.2")
@points(4)
def test_one_hot(student, reference, rng):
    """A 1 in the column of the label, 0 elsewhere, and a column for classes that do not occur."""
    labels = rng.permutation([0, 1, 1, 3, 5, 6, 6])  # of ten classes, several are absent
    expect.close(student.one_hot(labels, 10), reference.one_hot(labels, 10))


@question("1.2")
@points(2)
def test_one_hot_is_float32(student, rng):
    """The rows are float32, also of uint8 labels, as MNIST has them, and of a single one."""
    expect.dtype(student.one_hot(rng.integers(0, 4, size=6), 4), "float32")
    for labels in (rng.permutation(40).astype(np.uint8), rng.integers(0, 40, size=1)):
        rows = student.one_hot(labels, 40)
        expect.close(rows, np.eye(40)[labels])
        expect.dtype(rows, "float32")


@question("1.2")
@points(2)
@hidden
def test_one_hot_of_other_labels(student, reference, rng):
    """Other numbers of classes, labels of other integer types, a single label."""
    for labels, num_classes in (
        (rng.integers(0, 3, size=20).astype(np.uint8), 3),
        (np.full(5, 7, np.int32), 12),
        (rng.integers(0, 26, size=1), 26),
    ):
        rows = student.one_hot(labels, num_classes)
        expect.close(rows, reference.one_hot(labels, num_classes))
        expect.dtype(rows, "float32")


# --- 1.3 Softmax ---------------------------------------------------------------------------------------------


@question("1.3")
@points(2)
def test_softmax_by_hand(student):
    """The logits (-2, 3, 1) of the lecture give .00589975, .8756006, .11849965."""
    expect.close(
        student.softmax(np.array([[-2.0, 3.0, 1.0]])),
        np.array([[0.00589975, 0.8756006, 0.11849965]]),
        rtol=1e-4,
    )


@question("1.3")
@points(3)
def test_softmax_of_a_batch(student, reference, rng):
    """Each row for itself."""
    logits = rng.normal(scale=2, size=(6, 4)).round(2)
    probabilities = student.softmax(logits)
    expect.close(probabilities, reference.softmax(logits))
    expect.dtype(probabilities, "float")


@question("1.3")
@points(3)
def test_softmax_of_large_logits(student, reference, rng):
    """Softmax stays finite: 1000 added to the logits of a row, or taken off, changes nothing."""
    logits = rng.normal(scale=2, size=(5, 3)).round(2)
    expect.close(student.softmax(logits + 1000), reference.softmax(logits))
    levels = rng.permutation([-1000, -1000, 0, 1000, 1000])[:, None]
    expect.close(student.softmax(logits + levels), reference.softmax(logits))


@question("1.3")
@points(1)
def test_softmax_leaves_its_argument(student, rng):
    """The logits that were handed over are not changed."""
    logits = rng.normal(size=(3, 4))
    held = student.hold(logits)
    student.softmax(held)
    expect.unchanged(student.fetch(held), logits, "the array of logits")


@question("1.3")
@points(3)
@hidden
def test_softmax_of_unequal_rows(student, reference, rng):
    """Rows of very different size in one batch; a single class; float32."""
    levels = rng.permutation([-3000.0, -900.0, 0.0, 900.0, 3000.0])[:, None]
    logits = levels + rng.normal(scale=3, size=(5, 7))
    expect.close(student.softmax(logits), reference.softmax(logits))
    spread = rng.normal(scale=400, size=(8, 10)).astype(np.float32)
    # float32 near 1000 has steps of 6e-5: that much of a probability depends on the order of the arithmetic
    expect.close(student.softmax(spread), reference.softmax(spread), rtol=1e-3)
    expect.close(student.softmax(logits[:, :1]), np.ones((5, 1)))


# --- 1.4 Cross-entropy ---------------------------------------------------------------------------------------


def soft_batch(rng, n, k):
    """Probabilities and soft targets, rows summing to 1, every value well above 0."""
    return rng.dirichlet(np.full(k, 2.0), size=n) * 0.9 + 0.1 / k, rng.dirichlet(np.ones(k), size=n)


@question("1.4")
@points(2)
def test_cross_entropy_by_hand(student):
    """The example of the lecture costs 0.13284523."""
    probabilities = np.array([[0.00589975, 0.8756006, 0.11849965]])
    expect.close(student.cross_entropy(probabilities, np.array([[0.0, 1.0, 0.0]])), 0.13284523)


@question("1.4")
@points(3)
def test_cross_entropy_of_a_batch(student, reference, rng):
    """The mean over the rows, for targets that share the 1 among classes."""
    probabilities, targets = soft_batch(rng, 6, 4)
    expect.close(
        student.cross_entropy(probabilities, targets), reference.cross_entropy(probabilities, targets)
    )


@question("1.4")
@points(2)
def test_cross_entropy_of_no_idea(student, rng):
    """Ten classes and no idea cost ln 10 = 2.302585."""
    targets = np.eye(10)[rng.integers(0, 10, size=12)]
    expect.close(student.cross_entropy(np.full((12, 10), 0.1), targets), math.log(10))


@question("1.4")
@points(2)
def test_cross_entropy_of_zero_probability(student, rng):
    """A probability of 0 gives a finite loss, none where the target is 0 too, and small ones cost what they should."""
    probabilities = np.array([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]])
    column = int(rng.integers(0, 2)) * 2
    targets = np.eye(3)[[1, column]]
    expect.close(student.cross_entropy(probabilities, targets), math.log(2) / 2, atol=1e-5)
    surely_wrong = student.cross_entropy(probabilities, np.eye(3)[[column, column]])
    expect.at_least(surely_wrong, (-math.log(1e-7) + math.log(2)) / 2 - 1e-3, like=1e-3)
    small = np.array([[1e-7, 1 - 1e-7], [0.99, 0.01]])
    what = "the loss for the probabilities 1e-7 and 0.01"
    expect.close(student.cross_entropy(small, np.eye(2)), 4.5 * math.log(10), rtol=1e-4, what=what)


@question("1.4")
@points(3)
@hidden
def test_cross_entropy_of_small_probabilities(student, rng):
    """Exact for probabilities down to 1e-7."""
    exponents = rng.permutation([1, 2, 3, 4, 5, 6, 7])
    right = 10.0**-exponents
    probabilities = np.stack([right, 1 - right], axis=1)
    expected = float(np.mean(exponents) * math.log(10))
    expect.close(student.cross_entropy(probabilities, np.tile([1.0, 0.0], (7, 1))), expected, rtol=1e-4)


# --- 1.5 Gradients -------------------------------------------------------------------------------------------


def small_problem(rng, n, d, k, soft=False):
    """Weights, bias, inputs and targets of a softmax regression."""
    targets = rng.dirichlet(np.ones(k), size=n) if soft else np.eye(k)[rng.integers(0, k, size=n)]
    return rng.normal(size=(d, k)), rng.normal(size=k), rng.normal(size=(n, d)), targets


@question("1.5")
@points(2)
def test_gradient_by_hand(student):
    """Logits (-2, 3, 1), class 1: predicted minus true is (.0059, -.1244, .1185)."""
    parts = ("the loss", "the gradient by the weights", "the gradient by the bias")
    gradient = np.array([0.00589975, -0.12439940, 0.11849965])
    answer = student.loss_and_gradients(
        np.array([[-2.0, 3.0, 1.0]]), np.zeros(3), np.ones((1, 1)), np.array([[0.0, 1.0, 0.0]])
    )
    expect.close(answer, [0.13284523, gradient[None], gradient], rtol=1e-4, parts=parts)


@question("1.5")
@points(4)
def test_loss_and_gradients(student, reference, rng):
    """Loss and gradients of a batch, without penalty."""
    parts = ("the loss", "the gradient by the weights", "the gradient by the bias")
    problem = small_problem(rng, 6, 4, 3, soft=True)
    answer, right = student.loss_and_gradients(*problem), reference.loss_and_gradients(*problem)
    expect.close(answer, right, rtol=1e-4, parts=parts)


@question("1.5")
@points(3)
def test_penalty(student, reference, rng):
    """The penalty counts the weights, not the bias, and has the factor ½ in the loss."""
    parts = ("the loss", "the gradient by the weights", "the gradient by the bias")
    problem = small_problem(rng, 5, 3, 4)
    expect.close(
        student.loss_and_gradients(*problem, l2=0.7),
        reference.loss_and_gradients(*problem, l2=0.7),
        rtol=1e-4,
        parts=parts,
    )


@question("1.5")
@points(2)
@hidden
def test_gradients_are_derivatives(student, rng):
    """The gradients are the slopes of your own loss (central differences)."""
    weights, bias, x, targets = small_problem(rng, 4, 3, 3)
    _, by_weights, by_bias = student.loss_and_gradients(weights, bias, x, targets, l2=0.3)
    slopes, h = [], 1e-3
    for array in (weights, bias):
        for place in np.ndindex(array.shape):
            ends = []
            for step in (h, -h):
                moved = [weights.copy(), bias.copy()]
                moved[0 if array is weights else 1][place] += step
                ends.append(student.loss_and_gradients(*moved, x, targets, l2=0.3)[0])
            slopes.append((float(ends[0]) - float(ends[1])) / (2 * h))
    expect.close([by_weights, by_bias], [np.reshape(slopes[:9], (3, 3)), slopes[9:]], rtol=1e-3, atol=1e-3)


@question("1.5")
@points(3)
@hidden
def test_gradients_of_digits(student, reference, rng, mnist):
    """On digits the gradient sums to 0 over the classes, whatever the number of images."""
    some = rng.choice(60_000, size=50, replace=False)
    x, targets = (mnist.x_train[some] / 255).reshape(50, 784), np.eye(10)[mnist.y_train[some]]
    weights, bias = rng.normal(scale=0.1, size=(784, 10)), rng.normal(size=10)
    answer = student.loss_and_gradients(weights, bias, x, targets)
    expect.close(answer, reference.loss_and_gradients(weights, bias, x, targets), rtol=1e-4)
    expect.close(
        answer[1].sum(axis=1), np.zeros(784), atol=1e-4, what="the sum of the gradient over the classes"
    )


# --- 1.6 Stochastic gradient descent -------------------------------------------------------------------------


@question("1.6")
@points(3)
def test_epoch_in_order(student, reference, rng):
    """One epoch in the given order, batches of equal size."""
    problem = small_problem(rng, 12, 4, 3)
    order = np.arange(12)
    after, right = student.sgd_epoch(*problem, 0.3, 4, order), reference.sgd_epoch(*problem, 0.3, 4, order)
    expect.close(after, right, rtol=1e-4, parts=("the new weights", "the new bias"))


@question("1.6")
@points(3)
def test_epoch_in_another_order(student, reference, rng):
    """Another order uses the rows in that order, images and targets together."""
    problem = small_problem(rng, 12, 4, 3)
    order = np.roll(rng.permutation(11), 3)
    order = np.append(order, 11)[::-1].copy()  # begins with the last row: never the order of the rows
    after, right = student.sgd_epoch(*problem, 0.3, 4, order), reference.sgd_epoch(*problem, 0.3, 4, order)
    expect.close(after, right, rtol=1e-4, parts=("the new weights", "the new bias"))


@question("1.6")
@points(2)
def test_epoch_uses_the_last_rows(student, reference, rng):
    """A smaller batch at the end is used, with the mean over its own rows."""
    problem = small_problem(rng, 11, 4, 3)
    order = rng.permutation(11)
    after, right = student.sgd_epoch(*problem, 0.3, 4, order), reference.sgd_epoch(*problem, 0.3, 4, order)
    expect.close(after, right, rtol=1e-4, parts=("the new weights", "the new bias"))


@question("1.6")
@points(1)
def test_epoch_leaves_its_arguments(student, rng):
    """Weights and bias that were handed over are not changed."""
    weights, bias, x, targets = small_problem(rng, 8, 3, 3)
    held = student.hold(weights), student.hold(bias)
    student.sgd_epoch(*held, x, targets, 0.3, 4, np.arange(8))
    expect.unchanged(student.fetch(held[0]), weights, "the array of weights")
    expect.unchanged(student.fetch(held[1]), bias, "the array of biases")


# The golden numbers are those of CMU's deep learning systems, homework 0, whose model has no bias. Inputs 1000 times
# as large with a rate 1000**2 times as small give the same weights (times 1/1000), and hold the bias where it is.
@question("1.6")
@points(3)
@hidden
@needs("1.6")
@limit(60)
def test_ten_epochs_on_mnist(student, mnist):
    """Ten epochs over MNIST, learning rate 0.2, batches of 100: 7.97 % test error, test loss 0.28442."""
    x = student.hold(1000 * digits(mnist.x_train))
    targets = student.hold(np.eye(10, dtype=np.float32)[mnist.y_train])
    order = student.hold(np.arange(60_000))
    weights, bias = np.zeros((784, 10), np.float32), np.zeros(10, np.float32)
    for _ in range(10):
        weights, bias = student.sgd_epoch(weights, bias, x, targets, 0.2 / 1000**2, 100, order)
        expect.shape(weights, (784, 10), "the weights")
        expect.shape(bias, (10,), "the bias")
    logits = digits(mnist.x_test) @ (1000 * np.asarray(weights, np.float64)) + bias
    measured.confusion(logits, mnist.y_test, "Test digits, read with your weights")
    measured.images(1000 * weights.T, title="Your weights, an image for each digit", names=("weights", ""))
    error = float((logits.argmax(axis=1) != mnist.y_test).mean())
    top = logits.max(axis=1, keepdims=True)
    log_sums = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    loss = float((log_sums - logits[np.arange(10_000), mnist.y_test]).mean())
    expect.close(loss, 0.28442, rtol=2e-4, what="the test loss")
    expect.close(error, 0.0797, rtol=0, atol=0.0003, what="the test error")


def digits(images):
    """Images as the rows that question 1.1 makes of them."""
    return images.reshape(len(images), 784).astype(np.float32) / np.float32(255)


# --- 1.7 The same network in Keras ---------------------------------------------------------------------------


@question("1.7")
@points(3)
@uses("keras")
def test_model_parameters(student):
    """A Sequential model with 7,850 parameters; 2,355 for three classes."""
    model = student.build_model()
    expect.parameters(model, 7850)
    expect.equal(model.kind, "Sequential", what="the kind of model")
    expect.parameters(student.build_model(3), 2355)


@question("1.7")
@points(3)
@uses("keras")
def test_model_outputs(student, reference, rng):
    """With the weights of the reference the model computes softmax(x W + b), in training, too."""
    right = reference.build_model()  # first: its initial weights are part of the probe
    model, x = student.build_model(), rng.random((4, 784), np.float32)
    expect.same_outputs(model, right, x)
    expect.same_training_noise(model, right, x[:2])


@question("1.7")
@points(2)
@uses("keras")
def test_model_loss(student, reference, rng):
    """The compiled loss is the cross-entropy of probabilities and one-hot targets."""
    right, targets = reference.build_model(), np.eye(10, dtype=np.float32)[rng.integers(0, 10, size=8)]
    expect.same_loss(student.build_model(), right, rng.random((8, 784), np.float32), targets)


@question("1.7")
@points(2)
@uses("keras")
def test_model_compiled(student):
    """Compiled with RMSprop as it comes and the metric accuracy."""
    model = student.build_model()
    expect.optimizer(model, "RMSprop")
    expect.close(model.compile["optimizer"]["learning_rate"], 0.001, rtol=1e-4, what="the learning rate")
    accuracy = {"accuracy", "acc", "categorical_accuracy"}
    metrics = model.compile["metrics"]
    stated = ", ".join(metrics)
    expect.true(
        accuracy & set(metrics),
        f'the text asks for the metric "accuracy"; the model is compiled with {stated or "none"}',
        stated,
    )


@question("1.7")
@points(2)
@hidden
@uses("keras")
def test_model_of_other_classes(student, reference, rng):
    """Other numbers of classes."""
    k = int(rng.integers(3, 9))
    right, model = reference.build_model(k), student.build_model(k)
    expect.parameters(model, 785 * k)
    expect.same_outputs(model, right, rng.random((3, 784), np.float32))


# --- 1.8 Training --------------------------------------------------------------------------------------------


def gradient_descent(model, learning_rate):
    """The model with plain gradient descent, whose steps can be followed on paper."""
    return replace(
        model, compile=model.compile | {"optimizer": {"name": "SGD", "learning_rate": learning_rate}}
    )


def after_equal_steps(model, row, target, learning_rate, steps):
    """Weights after steps on batches in which every row is the same one, so that no order matters."""
    weights, bias = (array.astype(np.float64) for array in model.weights)
    for _ in range(steps):
        logits = row @ weights + bias
        exponentials = np.exp(logits - logits.max())
        error = exponentials / exponentials.sum() - target
        weights, bias = weights - learning_rate * np.outer(row, error), bias - learning_rate * error
    return [weights, bias]


def changes(history, before, after):
    """By how much each weight of the model that was handed over has changed; a failure where none has."""
    moved = [array - start for array, start in zip(after.weights, before.weights, strict=True)]
    losses = getattr(history, "history", {}).get("loss", [])
    falls = len(losses) > 1 and losses[-1] < losses[0]
    reason = "its layers may be frozen (trainable), or no step was taken" if losses else "it was not trained"
    reason = "what is trained is another" if falls else reason
    reason = "train returned None: train it, and return what fit returns" if history is None else reason
    expect.true(
        any(array.any() for array in moved),
        f"no weight of the model that was handed over has changed: {reason}",
        [falls, history is None, bool(losses)],
    )
    return moved


def some_of(mnist, rng, classes, each):
    """Training digits of these classes in order of the classes, `each` of every one: images, labels."""
    rows = [rng.choice(np.flatnonzero(mnist.y_train == c), size=each, replace=False) for c in classes]
    rows = np.concatenate(rows)
    return mnist.x_train[rows], mnist.y_train[rows].astype(int)


@question("1.8")
@points(3)
@uses("keras")
@limit(60)
def test_training_steps(student, reference, rng):
    """The given model takes a step per batch and epoch, on the training rows alone."""
    model = gradient_descent(reference.build_model(), 0.05)
    row, other = rng.random(784, np.float32) / 4, rng.random(784, np.float32) / 4
    target, wrong = np.eye(10, dtype=np.float32)[rng.permutation(10)[:2]]
    held = student.hold(model)
    rows, targets = np.tile(row, (50, 1)), np.tile(target, (50, 1))
    history = student.train(
        held, rows, targets, np.tile(other, (20, 1)), np.tile(wrong, (20, 1)), epochs=4, batch_size=20
    )
    moved = changes(history, model, student.fetch(held))
    expected = after_equal_steps(model, row, target, 0.05, steps=4 * 3)
    wanted = [array - before for array, before in zip(expected, model.weights, strict=True)]
    expect.close(
        moved[1], wanted[1], rtol=2e-3, atol=1e-5, what="the change of the bias in 4 epochs of 3 batches"
    )
    expect.close(moved[0], wanted[0], rtol=2e-3, atol=1e-5, what="the change of the weights")


@question("1.8")
@points(2)
@uses("keras")
@limit(60)
def test_training_history(student, reference, rng, mnist):
    """The History has val_accuracy for each epoch asked for, measured on the validation rows."""
    images, labels = some_of(mnist, rng, range(10), 4)
    x, y = digits(images), np.eye(10, dtype=np.float32)[labels]
    others, other_labels = some_of(mnist, rng, range(10), 10)
    x_val, y_val = digits(others), np.eye(10, dtype=np.float32)[other_labels]
    model = reference.build_model()
    held = student.hold(model)
    history = student.train(held, x, y, x_val, y_val, epochs=3, batch_size=16)
    after = student.fetch(held)
    changes(history, model, after)
    recorded = getattr(history, "history", None)
    expect.true(recorded is not None, "train should return the History that fit returns", history)
    expect.true("val_accuracy" in recorded, "the History has no val_accuracy", ", ".join(sorted(recorded)))
    expect.equal(
        len(recorded["val_accuracy"]), 3, what="the number of epochs in the History, of 3 asked for,"
    )
    reached = accuracy(after, x_val, other_labels)
    what = "the last val_accuracy, compared with what the trained weights reach on the validation rows,"
    expect.close(recorded["val_accuracy"][-1], reached, rtol=0, atol=0.011, what=what)


@question("1.8")
@points(2)
@uses("keras")
@limit(60)
def test_training_uses_every_row(student, reference, rng, mnist):
    """Every class of the training rows is learned, in whatever order the rows come."""
    images, labels = some_of(mnist, rng, range(5), 60)  # sorted by class
    others, other_labels = some_of(mnist, rng, range(10), 10)
    x_val, y_val = digits(others), np.eye(10, dtype=np.float32)[other_labels]
    fresh = reference.build_model()
    held, y = student.hold(fresh), np.eye(10, dtype=np.float32)[labels]
    history = student.train(held, digits(images), y, x_val, y_val, 15, 16)
    model = student.fetch(held)
    changes(history, fresh, model)
    known = [accuracy(model, digits(images[labels == c]), c) for c in range(5)]
    measured.bars(dict(enumerate(known)), "Accuracy after your training, by digit", "accuracy")
    expect.at_least(
        min(known), 0.5, what="the accuracy on the class of the training rows that is known least"
    )


@question("1.8")
@points(2)
@hidden
@uses("keras")
@limit(60)
def test_training_measures_validation_rows(student, reference, rng, mnist):
    """val_accuracy is the accuracy of the trained weights on the validation rows."""
    images, labels = some_of(mnist, rng, range(5), 30)
    others, other_labels = some_of(mnist, rng, range(10), 10)
    order = rng.permutation(len(labels))
    x, y = digits(images[order]), np.eye(10, dtype=np.float32)[labels[order]]
    x_val, y_val = digits(others), np.eye(10, dtype=np.float32)[other_labels]
    model = reference.build_model()
    held = student.hold(model)
    history = student.train(held, x, y, x_val, y_val, epochs=10, batch_size=10)
    after = student.fetch(held)
    changes(history, model, after)
    reached = accuracy(after, digits(others), other_labels)
    expect.close(
        history.history["val_accuracy"][-1],
        reached,
        rtol=0,
        atol=0.011,
        what="the last val_accuracy of the History",
    )


@question("1.8")
@points(3)
@hidden
@needs("1.8")
@uses("keras")
@limit(120)
def test_trained_accuracy(student, reference, rng, mnist):
    """The trained weights know at least 92 % of the digits that were held out."""
    rows = rng.permutation(60_000)[:51_000]
    labels, names = renamed(mnist.y_train[rows], rng)
    x, classes = digits(mnist.x_train[rows]), np.eye(10, dtype=np.float32)[labels]
    held = student.hold(reference.build_model())
    student.train(held, x[:50_000], classes[:50_000], x[50_000:], classes[50_000:], epochs=6, batch_size=128)
    reached = accuracy(student.fetch(held), digits(mnist.x_test), names[mnist.y_test])
    expect.at_least(reached, 0.92, what="the accuracy on held-out digits")


# --- 1.9 Reading a loss curve --------------------------------------------------------------------------------
# The curves come from models that are really trained, here, on digits of 14 x 14 pixels, with what is wrong
# with them really wrong. Over hundreds of seeds each lies well within its description.


def loss_curve(rng, num_classes, rate, epochs=12, **what_is_special):
    """The losses of a softmax regression, one value per epoch, from a seed that `rng` draws."""
    return list(losses_of_training(int(rng.integers(2**32)), num_classes, rate, epochs, **what_is_special))


@functools.cache  # known mistakes are compared on the very same curves
def losses_of_training(
    seed,
    num_classes,
    rate,
    epochs,
    *,
    start=0.01,
    growth=1.0,
    decay=0.0,
    scale=1.0,
    validation=False,
    shift=0,
    squeezed=False,
    shuffled=False,
    unstable=False,
):
    """Trains and measures.

    rate, growth : learning rate, and the factor by which it grows from epoch to epoch
    start : size of the random weights at the start; decay : weight decay; scale : of the pixels
    validation, shift : measured on validation rows, whose labels are numbered `shift` higher
    squeezed : a second softmax follows the first; shuffled : targets belong to other rows
    unstable : softmax without subtracting the maximum
    """
    rng, mnist = np.random.default_rng(seed), load_mnist()
    rows = rng.choice(np.flatnonzero(mnist.y_train[:20_000] < num_classes), size=1100, replace=False)
    x = mnist.x_train[rows].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196) / 255 * scale
    t = np.eye(num_classes)[mnist.y_train[rows]]
    x, t, x_val, t_val = x[:800], t[:800], x[800:], np.roll(t[800:], shift, axis=1)
    t = t[rng.permutation(800)] if shuffled else t
    weights, bias, losses = rng.normal(scale=start, size=(196, num_classes)), np.zeros(num_classes), []

    def log_softmax(logits):
        logits = logits if unstable else logits - logits.max(axis=1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))

    with np.errstate(all="ignore"):  # some of these are meant to overflow
        for epoch in range(epochs):
            for batch in np.split(rng.permutation(800), 16):
                p = np.exp(log_softmax(x[batch] @ weights + bias))
                error = p - t[batch]
                if squeezed:
                    error = np.exp(log_softmax(p)) - t[batch]
                    error = p * (error - (error * p).sum(axis=1, keepdims=True))
                step = rate * growth**epoch
                weights, bias = (
                    weights - step * (x[batch].T @ error / 50 + decay * weights),
                    bias - step * error.mean(axis=0),
                )
            logits = (x_val if validation else x) @ weights + bias
            logits = np.exp(log_softmax(logits)) if squeezed else logits
            losses.append(float(-((t_val if validation else t) * log_softmax(logits)).sum(axis=1).mean()))
    return losses


def diagnoses(student, cases, num_classes):
    """Every curve gets its name; `cases` are (what was done, the name, the curve)."""
    names = [student.diagnose_loss(curve, num_classes) for _, _, curve in cases]
    wrong = [
        f"{what}: the answer is {name!r}, it should be {right!r}"
        for (what, right, _), name in zip(cases, names, strict=True)
        if name != right
    ]
    expect.true(not wrong, "; ".join(wrong[:1]), names)


@question("1.9")
@points(2)
def test_diagnose_healthy(student, rng):
    """Healthy training is "ok", also where it is slow, begins badly or has a peak on the way."""
    cases = [
        ("learning rate 0.3", "ok", loss_curve(rng, 10, 0.3)),
        ("validation loss, learning rate 0.3", "ok", loss_curve(rng, 10, 0.3, validation=True)),
        ("a small learning rate, still falling", "ok", loss_curve(rng, 10, 0.02)),
        ("large weights at the start, still falling", "ok", loss_curve(rng, 10, 0.1, 3, start=2.0)),
        ("one peak on the way", "ok", [2.2, 1.1, 0.8, 25.0, 0.7, 0.55, 0.5, 0.45]),
    ]
    diagnoses(student, cases, 10)


@question("1.9")
@points(2)
def test_diagnose_stuck(student, rng):
    """A loss that stays near ln 10 is "not_learning", one stuck above 1.4612 is "double_softmax"."""
    cases = [
        ("learning rate 0", "not_learning", loss_curve(rng, 10, 0.0)),
        ("pixels all 0", "not_learning", loss_curve(rng, 10, 0.1, scale=0.0)),
        ("a second softmax", "double_softmax", loss_curve(rng, 10, 4.0, 30, squeezed=True)),
        (
            "strong weight decay, settled in the upper half",
            "ok",
            loss_curve(rng, 10, 0.3, 15, decay=0.8, growth=0.75),
        ),
        ("a small learning rate, still falling", "ok", loss_curve(rng, 10, 0.02)),
    ]
    diagnoses(student, cases, 10)
    diagnoses(student, [("learning rate 0, four classes", "not_learning", loss_curve(rng, 4, 0.0))], 4)


@question("1.9")
@points(2)
def test_diagnose_above_chance(student, rng):
    """A loss that explodes or is not finite has "diverged", one that settles above ln 10 is a "label_mismatch"."""
    mismatch = loss_curve(rng, 10, 0.3, 15, decay=0.03, growth=0.75, validation=True, shift=1)
    cases = [
        ("the gradient added", "diverged", loss_curve(rng, 10, -0.5)),
        (
            "pixels up to 255, no shift in softmax",
            "diverged",
            loss_curve(rng, 10, 0.5, scale=255, unstable=True),
        ),
        ("labels of the validation rows shifted", "label_mismatch", mismatch),
    ]
    diagnoses(student, cases, 10)


@question("1.9")
@points(2)
@hidden
def test_diagnose_other_numbers_of_classes(student, rng):
    """Other numbers of classes have other levels."""
    for k in (3, 5, 8):
        settled = loss_curve(rng, k, 0.3, 15, decay=0.1, growth=0.75, validation=True, shift=1)
        cases = [
            ("learning rate 0.3", "ok", loss_curve(rng, k, 0.3)),
            (
                "targets shuffled, tiny learning rate",
                "not_learning",
                loss_curve(rng, k, 0.003, shuffled=True),
            ),
            ("a second softmax", "double_softmax", loss_curve(rng, k, 4.0, 30, squeezed=True)),
            ("labels of the validation rows shifted", "label_mismatch", settled),
            ("learning rate growing", "diverged", loss_curve(rng, k, 0.01, growth=3, scale=255)),
        ]
        diagnoses(student, cases, k)


@question("1.9")
@points(2)
@hidden
def test_diagnose_the_whole_curve(student, rng):
    """The whole curve counts, not only its end."""
    noise = rng.uniform(0.995, 1.005, size=8)
    cases = [
        ("infinite at the end", "diverged", [2.3, 4.0, 60.0, math.inf]),
        ("not finite on the way", "diverged", [2.3, math.nan, 1.2, 0.9, 0.6, 0.5]),
        ("one peak on the way", "ok", list(noise * [2.1, 1.2, 0.9, 30.0, 0.7, 0.6, 0.55, 0.5])),
        (
            "overfitted, settled above 1.4612 again",
            "ok",
            list(noise * [1.5, 0.9, 0.8, 1.0, 1.4, 1.63, 1.64, 1.64]),
        ),
        ("overfitted, back to ln 10", "ok", list(noise * [1.5, 0.9, 0.8, 1.2, 1.9, 2.26, 2.27, 2.27])),
        ("far above at the start, falling", "ok", list(noise * [40.0, 20.0, 12.0, 9.0, 7.0, 6.0, 5.0, 4.0])),
        ("the end twice the start, but low", "ok", list(noise * [0.6, 0.3, 0.2, 0.2, 0.5, 0.9, 1.3, 1.7])),
    ]
    diagnoses(student, cases, 10)
