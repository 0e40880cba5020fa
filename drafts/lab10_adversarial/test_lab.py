"""The checks of lab 10. A student sees each docstring as the title of a check."""

import numpy as np

from labkit.check import (
    accuracy,
    expect,
    hidden,
    limit,
    measured,
    needs,
    outputs,
    points,
    question,
    renamed,
    uses,
)
from labkit.check.training import trained

# --- models and attacks of the grader ----------------------------------------------------------------------------


def compiled(shape, *layers, optimizer="sgd"):
    """A model for images of a shape, compiled as the lab says."""
    import keras

    model = keras.Sequential([keras.Input(shape), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss)
    return model


def with_weights(model, rng, scale=1.0):
    """The model with random weights; what a batch normalisation multiplies by, and its variances, stay above 0."""
    arrays = []
    for variable in model.weights:
        positive = variable.path.endswith(("gamma", "variance"))
        size = scale / np.sqrt(max(np.prod(variable.shape[:-1]), 1.0)) if len(variable.shape) > 1 else 0.3
        arrays.append(
            rng.uniform(0.5, 2, variable.shape) if positive else rng.normal(0, size, variable.shape)
        )
    model.set_weights(arrays)
    return model


def linear_model(rng, scale=3.0):
    """12 pixels, 4 classes, nothing between."""
    import keras

    return with_weights(compiled((12,), keras.layers.Dense(4)), rng, scale)


def tanh_model(rng, scale=3.0):
    """12 pixels, 16 hidden units, 5 classes."""
    import keras

    hidden_layer = keras.layers.Dense(16, activation="tanh")
    return with_weights(compiled((12,), hidden_layer, keras.layers.Dense(5)), rng, scale)


def dropout_model(rng):
    """As the one with tanh, with dropout, which does nothing in inference mode."""
    import keras

    layers = (keras.layers.Dense(16, activation="tanh"), keras.layers.Dropout(0.5), keras.layers.Dense(5))
    return with_weights(compiled((12,), *layers), rng, 3.0)


def normalised_model(rng):
    """With batch normalisation, which in inference mode uses the statistics that it has."""
    import keras

    layers = (keras.layers.Dense(16), keras.layers.BatchNormalization(), keras.layers.Activation("tanh"))
    return with_weights(compiled((12,), *layers, keras.layers.Dense(5)), rng, 3.0)


def convolution_model(rng, scale=4.0):
    """Images of 6×5 with one channel, 4 classes."""
    import keras

    layers = (keras.layers.Conv2D(3, 3, activation="tanh"), keras.layers.Flatten(), keras.layers.Dense(4))
    return with_weights(compiled((6, 5, 1), *layers), rng, scale)


FIVE = {
    "a linear model": linear_model,
    "a model with tanh": tanh_model,
    "a model with batch normalisation": normalised_model,
    "a model with dropout": dropout_model,
    "a convolution": convolution_model,
}


def some_images(rng, model, count):
    """Images in [0, 1], some pixels at the borders and near them, and labels that the model need not answer."""
    shape = (count, *model.input_shape[1:])
    x = np.clip(rng.uniform(-0.2, 1.2, size=shape), 0, 1).astype(np.float32)
    return x, rng.integers(0, model.output_shape[1], count)


def slope_of(model, x, y):
    """The gradient of the summed cross-entropy by the pixels, in inference mode."""
    import tensorflow as tf

    images = tf.convert_to_tensor(x, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = model(images, training=False)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(np.asarray(y, np.int64), logits)
    return tape.gradient(loss, images).numpy()


def steps_up(model, x, y, epsilon, step_size, steps, start):
    """Projected gradient ascent, the grader's own."""
    low, high = np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1)
    place = np.clip(start, low, high).astype(np.float32)
    for _ in range(steps):
        place = np.clip(place + step_size * np.sign(slope_of(model, place, y)), low, high).astype(np.float32)
    return place


def down_the_margin(model, x, y, epsilon, steps=20):
    """Steps of ε/5 down the margin of the logits, which no scale of the logits can hide; the grader's own."""
    import tensorflow as tf

    own = tf.one_hot(np.asarray(y, np.int64), model.output_shape[1], on_value=True, off_value=False)
    low, high, place = np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1), tf.convert_to_tensor(x)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(place)
            logits = model(place, training=False)
            rival = tf.reduce_max(tf.where(own, -np.inf, logits), axis=1)
            margin = tf.reduce_max(tf.where(own, logits, -np.inf), axis=1) - rival
        place = tf.clip_by_value(place - epsilon / 5 * tf.sign(tape.gradient(margin, place)), low, high)
    return place.numpy()


def share_right(model, x, y):
    """The accuracy of a live model."""
    return float(np.mean(np.asarray(model(x, training=False)).argmax(axis=1) == y))


def where_clear(slope):
    """Where the gradient's sign is beyond doubt: not next to 0."""
    axes = tuple(range(1, slope.ndim))
    return np.abs(slope) > 1e-3 * np.abs(slope).max(axis=axes, keepdims=True)


def same_attack(answer, expected, slope, what):
    """The attacked images, compared wherever the gradient is not next to 0; float32 or float64."""
    expect.shape(answer, expected.shape, what=what)
    expect.dtype(answer, "float", what=what)
    clear = where_clear(slope)
    expect.close(np.where(clear, answer, expected), expected, rtol=0, atol=2e-6, what=what)


def pixels(images):
    """The rows of 784 of digits, float32 in [0, 1]."""
    return images.reshape(len(images), 784).astype(np.float32) / np.float32(255)


def trained_network(mnist, kind="relu", digits=4000, epochs=4):
    """A digit reader of the grader's own, trained once and kept; live."""
    import keras

    from labkit.worker.models import describe

    keras.utils.set_random_seed(10)
    between = {
        "softmax regression": (),
        "relu": (keras.layers.Dense(64, activation="relu"),),
        "tanh": (keras.layers.Dense(48, activation="tanh"),),
    }[kind]
    model = compiled((784,), *between, keras.layers.Dense(10), optimizer="adam")
    x, y = pixels(mnist.x_train[:digits]), mnist.y_train[:digits].astype(np.int64)
    return trained(describe(model), x, y, epochs=epochs, batch_size=50).rebuild()


PAPER = (np.array([[1.0, -1.0], [-2.0, 2.0]], np.float32), np.zeros(2, np.float32))  # the lesson's two pixels


def paper_model():
    """Two pixels, two classes: the logits are (x1 - 2 x2, 2 x2 - x1)."""
    import keras

    model = compiled((2,), keras.layers.Dense(2))
    model.set_weights(PAPER)
    return model


# --- 10.1 The sign of a gradient -------------------------------------------------------------------------------


@question("10.1")
@uses("keras")
@points(2)
def test_attack_on_paper(student):
    """The two pixels of the lesson, ε = .2, computed by hand; pixels stay in [0, 1]."""
    x = np.array([[0.5, 0.1], [0.1, 0.9], [0.5, 0.1]], np.float32)
    right = np.array([[0.3, 0.3], [0.0, 1.0], [0.7, 0.0]])
    answer = student.fgsm(paper_model(), x, np.array([0, 0, 1]), 0.2)
    expect.close(answer, right, atol=1e-6)
    expect.dtype(answer, "float")


@question("10.1")
@uses("keras")
@points(5)
def test_attack_on_five_models(student, rng):
    """A linear model, tanh, dropout, batch normalisation, a convolution; the labels need not be the model's answers."""
    for what, make in FIVE.items():
        model = make(rng)
        x, y = some_images(rng, model, 12)
        slope = slope_of(model, x, y)
        expected = np.clip(x + 0.07 * np.sign(slope), 0, 1)
        same_attack(student.fgsm(model, x, y, 0.07), expected, slope, f"the attack on {what}")


@question("10.1")
@uses("keras")
@points(2)
def test_attack_leaves_the_model_alone(student, rng):
    """The model's weights and statistics are what they were; ε = 0 leaves the images; labels may be uint8."""
    model = normalised_model(rng)
    before = [np.array(array) for array in model.get_weights()]
    held = student.hold(model)
    x, y = some_images(rng, model, 20)
    expect.close(student.fgsm(held, x, y.astype(np.uint8), 0.0), x, atol=1e-7, what="the answer with ε = 0")
    for array, old in zip(student.fetch(held).weights, before, strict=True):
        expect.unchanged(array, old, "the model")


def curve_case(rng, make, count=200):
    """A model, and images whose labels it mostly answers itself: 8 of 10."""
    model = make(rng)
    x, y = some_images(rng, model, count)
    answers = np.asarray(model(x, training=False)).argmax(axis=1)
    return model, x, np.where(rng.random(count) < 0.8, answers, y)


def same_curve(student, model, x, y, epsilons):
    """The accuracies at each ε, to 2 %."""
    answer = student.robust_curve(model, x, y, epsilons)
    expected = [
        share_right(model, np.clip(x + epsilon * np.sign(slope_of(model, x, y)), 0, 1).astype(np.float32), y)
        for epsilon in epsilons
    ]
    expect.dtype(answer, "float", what="the curve")
    expect.close(answer, np.array(expected), rtol=0, atol=0.02, what="the curve")


@question("10.1")
@uses("keras")
@points(3)
def test_curve_in_any_order(student, rng):
    """The accuracy for several ε, in their order, each from the clean images."""
    model, x, y = curve_case(rng, linear_model)
    same_curve(student, model, x, y, [0.03, 0.0, 0.12, 0.06])


@question("10.1")
@uses("keras")
@points(2)
@hidden
def test_attack_on_other_models(student, rng):
    """Other models, other ε, of digits too."""
    for make in (tanh_model, convolution_model, normalised_model):
        model, epsilon = make(rng), float(rng.uniform(0.02, 0.3))
        x, y = some_images(rng, model, 15)
        slope = slope_of(model, x, y)
        expected = np.clip(x + epsilon * np.sign(slope), 0, 1)
        same_attack(student.fgsm(model, x, y, epsilon), expected, slope, "the attack on another model")


@question("10.1")
@uses("keras")
@points(2)
@hidden
def test_curve_of_other_models(student, rng):
    """Curves of a network and of a convolution."""
    for make in (tanh_model, convolution_model):
        model, x, y = curve_case(rng, make, 150)
        same_curve(student, model, x, y, [0.0, 0.1, 0.02])


# --- 10.2 How much is needed -----------------------------------------------------------------------------------


def right_epsilon(weights, bias, x, y):
    """The formula, image by image."""
    found = []
    for image, label in zip(np.asarray(x, float), y, strict=True):
        z = image @ weights + bias
        rivals = [j for j in range(len(z)) if j != label]
        need = [(z[label] - z[j]) / np.abs(weights[:, label] - weights[:, j]).sum() for j in rivals]
        found.append(max(0.0, min(need)))
    return np.array(found)


@question("10.2")
@points(2)
def test_epsilon_on_paper(student):
    """The two pixels of the lesson need .1; where the label does not win anyway, 0."""
    x, y = np.array([[0.5, 0.1], [0.1, 0.9], [0.5, 0.1]]), np.array([0, 0, 1])
    weights, bias = PAPER[0].astype(float), PAPER[1].astype(float)
    expect.close(student.smallest_epsilon(weights, bias, x, y), np.array([0.1, 0.0, 0.0]), atol=1e-9)


def linear_case(rng, pixels_, classes, count, scale=0.5):
    """Weights, bias, images and labels; most labels are what the classifier answers."""
    weights = rng.normal(size=(pixels_, classes)) * rng.uniform(0.2, 2, size=classes)
    bias, x = rng.normal(size=classes) * scale * pixels_**0.5, rng.uniform(size=(count, pixels_))
    y = np.where(
        rng.random(count) < 0.75, (x @ weights + bias).argmax(axis=1), rng.integers(0, classes, count)
    )
    return weights, bias, x, y


@question("10.2")
@points(3)
def test_epsilon_of_random_classifiers(student, rng):
    """Random classifiers of 2 to 10 classes, some with labels that do not win."""
    for size, classes in ((5, 2), (12, 4), (30, 10)):
        weights, bias, x, y = linear_case(rng, size, classes, 40)
        answer = student.smallest_epsilon(weights, bias, x, y)
        expect.close(answer, right_epsilon(weights, bias, x, y), rtol=1e-7, atol=1e-9)


@question("10.2")
@points(2)
def test_epsilon_by_construction(student, rng):
    """With .999 of it no attack changes the answer; with 1.001 the best one does."""
    weights, bias, x, y = linear_case(rng, 9, 5, 60)
    answer = np.asarray(student.smallest_epsilon(weights, bias, x, y), float)
    expect.shape(answer, (60,))
    expect.true(
        np.isfinite(answer).all() and (answer >= 0).all(), "an ε is negative or not finite", answer[:9]
    )
    wins = right_epsilon(weights, bias, x, y) > 0

    def holds(share):
        """Whether the label wins against each rival's own best change."""
        margins = np.full(60, np.inf)
        for j in range(5):
            push = np.sign(weights[:, [j]] - weights[:, y]).T
            z = (x + share * answer[:, None] * push) @ weights + bias
            rivals = np.where(y == j, np.inf, z[np.arange(60), y] - z[:, j])
            margins = np.minimum(margins, rivals)
        return margins > 0

    early, late = int((~holds(0.999))[wins].sum()), int(holds(1.001)[wins].sum())
    expect.true(
        early == 0, f"0.999 of it already changes {early} of {int(wins.sum())} answers", (early, late)
    )
    expect.true(
        late == 0, f"1.001 of it leaves {late} of {int(wins.sum())} answers as they were", (early, late)
    )


@question("10.2")
@points(3)
@hidden
def test_epsilon_on_digits(student, rng, mnist):
    """A softmax regression on MNIST, weights in float32."""
    x = pixels(mnist.x_train[:6000])
    targets = np.eye(10, dtype=np.float32)[mnist.y_train[:6000]]
    weights, bias = np.zeros((784, 10), np.float32), np.zeros(10, np.float32)
    for first in range(0, 6000, 100):
        scores = np.exp(x[first : first + 100] @ weights + bias)
        error = (scores / scores.sum(axis=1, keepdims=True) - targets[first : first + 100]) / 100
        weights -= 0.2 * x[first : first + 100].T @ error
        bias -= 0.2 * error.sum(axis=0)
    rows = rng.choice(10_000, 300, replace=False)
    images, labels = pixels(mnist.x_test[rows]), mnist.y_test[rows].astype(np.int64)
    answer = student.smallest_epsilon(weights, bias, images, labels)
    expect.close(answer, right_epsilon(weights.astype(float), bias, images, labels), rtol=1e-3, atol=2e-6)


# --- 10.3 Many small steps -------------------------------------------------------------------------------------


@question("10.3")
@needs("10.1")
@uses("keras")
@points(2)
def test_walk_on_paper(student):
    """The two pixels of the lesson, ε = .2, steps of .15 from (.9, .1): (.7, .1), (.55, .25), (.4, .3)."""
    x, start, y = np.float32([[0.5, 0.1]]), np.float32([[0.9, 0.1]]), np.array([0])
    for steps, right in ((0, (0.7, 0.1)), (1, (0.55, 0.25)), (2, (0.4, 0.3))):
        answer = student.pgd(paper_model(), x, y, 0.2, 0.15, steps, start)
        expect.close(answer, np.array([right]), atol=1e-6, what=f"place {steps} of the walk")


CURVED = 6.0  # weights so large that the gradient turns within the box: what it looks like at x is not enough


def same_walk(student, model, x, y, epsilon, step_size, steps, start, what):
    """The last place, like the grader's in 97 % of the pixels; never outside of the box."""
    answer = student.pgd(model, x, y, epsilon, step_size, steps, start)
    expected = steps_up(model, x, y, epsilon, step_size, steps, start)
    expect.shape(answer, x.shape, what=what)
    expect.dtype(answer, "float", what=what)
    like = np.abs(answer - expected) <= 1e-5
    # what differs in few pixels, next to a gradient of 0, is no mistake
    expect.close(expected if like.mean() >= 0.97 else answer, expected, rtol=0, atol=1e-5, what=what)


@question("10.3")
@needs("10.1")
@uses("keras")
@points(4)
def test_walks_of_models(student, rng):
    """A model with tanh and a convolution, from starts inside and outside of the box."""
    for make in (tanh_model, convolution_model):
        model = make(rng, CURVED)
        x, y = some_images(rng, model, 15)
        for spread in (0.1, 0.6):
            start = (x + rng.uniform(-spread, spread, x.shape)).astype(np.float32)
            same_walk(student, model, x, y, 0.25, 0.08, 5, start, "the place after 5 steps")


@question("10.3")
@needs("10.1")
@uses("keras")
@points(2)
def test_long_steps_and_none(student, rng):
    """No step at all; one; steps that are longer than ε."""
    model = tanh_model(rng, CURVED)
    x, y = some_images(rng, model, 15)
    start = (x + rng.uniform(-0.2, 0.2, x.shape)).astype(np.float32)
    same_walk(student, model, x, y, 0.1, 0.03, 0, start, "the place after no step")
    same_walk(student, model, x, y, 0.05, 0.2, 3, start, "the place after 3 steps of four times ε")
    same_walk(student, model, x, y, 0.1, 0.03, 1, start, "the place after one step")


@question("10.3")
@needs("10.1")
@uses("keras")
@points(2)
def test_walk_beats_one_step(student, mnist):
    """On a trained network, ε = .1, twenty steps of .02 reach a higher mean loss than one step."""
    model = trained_network(mnist)
    x, y = pixels(mnist.x_test[:200]), mnist.y_test[:200].astype(np.int64)
    answer = np.asarray(student.pgd(model, x, y, 0.1, 0.02, 20, x), np.float32)
    expect.shape(answer, x.shape)
    inside = np.abs(answer - x).max() <= 0.1 + 1e-5 and answer.min() >= -1e-6 and answer.max() <= 1 + 1e-6
    expect.true(
        inside,
        "a pixel ends further than ε from where it was, or outside [0, 1]",
        float(np.abs(answer - x).max()),
    )
    one = np.clip(x + 0.1 * np.sign(slope_of(model, x, y)), 0, 1).astype(np.float32)
    gain = mean_loss(model, answer, y) / mean_loss(model, one, y)
    expect.at_least(
        gain, 1.05, what="the mean loss after 20 steps, as a multiple of that after one,", like=0.02
    )


def mean_loss(model, x, y):
    """The mean cross-entropy in nats."""
    z = np.asarray(model(x, training=False), float)
    z = z - z.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]))


@question("10.3")
@needs("10.1")
@uses("keras")
@points(4)
@hidden
def test_walks_of_other_models(student, rng):
    """Other models, boxes, steps and starts."""
    for make in (linear_model, normalised_model, convolution_model):
        model = make(rng)
        x, y = some_images(rng, model, 10)
        start = (x + rng.uniform(-0.3, 0.3, x.shape)).astype(np.float32)
        epsilon = float(rng.uniform(0.05, 0.2))
        same_walk(student, model, x, y, epsilon, epsilon / 3, 4, start, "the last place")


# --- 10.4 Is this defence real? ----------------------------------------------------------------------------------

HIDING = 1e5  # what the last layer is multiplied by: the softmax of all digits is saturated


def hides(model):
    """The model with a last layer so large that the cross-entropy has no gradient left."""
    import keras

    copy = keras.models.clone_model(model)
    arrays = model.get_weights()
    copy.set_weights([*arrays[:-2], *(np.float32(HIDING) * array for array in arrays[-2:])])
    return copy


def referee(student, mnist, cases, rows):
    """Each case (kind of model, whether it hides, ε, right verdict) gets its verdict."""
    x, y = pixels(mnist.x_test[rows]), mnist.y_test[rows].astype(np.int64)
    given = []
    for kind, hidden_gradient, epsilon, _ in cases:
        model = trained_network(mnist, kind)
        given.append(student.diagnose_defence(hides(model) if hidden_gradient else model, x, y, epsilon))
    for number, (answer, (*_, right)) in enumerate(zip(given, cases, strict=True), 1):
        told = f"case {number} of {len(cases)} is {answer!r} for you; it is {right!r}"
        expect.true(isinstance(answer, str) and answer == right, told, given, summary="a verdict is wrong")


@question("10.4")
@needs("10.1")
@uses("keras")
@limit(20)
@points(4)
def test_verdicts_on_honest_networks(student, mnist):
    """Networks as they were trained: at ε = .15 FGSM fools them, at .004 nothing does."""
    cases = [
        ("relu", False, 0.15, "vulnerable"),
        ("relu", False, 0.004, "robust"),
        ("tanh", False, 0.15, "vulnerable"),
    ]
    referee(student, mnist, cases, np.arange(100))


@question("10.4")
@needs("10.1")
@uses("keras")
@limit(20)
@points(4)
def test_verdicts_on_hidden_gradients(student, mnist):
    """The last layer × 100,000: at ε = .15 and 1 another attack fools it, at .004 none does, hidden gradient or not."""
    cases = [
        ("relu", True, 0.15, "masked"),
        ("relu", True, 0.004, "robust"),
        ("tanh", True, 0.15, "masked"),
        ("relu", True, 1.0, "masked"),  # here even noise succeeds
    ]
    referee(student, mnist, cases, np.arange(100, 200))


@question("10.4")
@needs("10.1")
@uses("keras")
@limit(20)
@points(4)
@hidden
def test_verdicts_in_any_order(student, rng, mnist):
    """Three kinds of classifiers, hiding or not, in any order, on other digits."""
    cases = [
        ("softmax regression", False, 0.15, "vulnerable"),
        ("softmax regression", True, 0.15, "masked"),
        ("softmax regression", True, 0.004, "robust"),
        ("relu", False, 0.004, "robust"),
        ("tanh", True, 0.15, "masked"),
    ]
    rows = rng.choice(10_000, int(rng.integers(80, 160)), replace=False)
    referee(student, mnist, [cases[place] for place in rng.permutation(len(cases))], rows)


# --- 10.5 Training against the attack ------------------------------------------------------------------------------


def regression(pixels_, classes, rate):
    """Softmax regression from weights that are not 0, with SGD."""
    import keras

    kernel = np.sin(np.arange(pixels_ * classes, dtype=np.float32)).reshape(pixels_, classes) * np.float32(
        0.7
    )
    model = compiled((pixels_,), keras.layers.Dense(classes), optimizer=keras.optimizers.SGD(rate))
    model.set_weights([kernel, np.zeros(classes, np.float32)])
    return model, kernel.astype(float), np.zeros(classes)


def hardened_by_hand(kernel, bias, image, label, epsilon, rate, sizes, epochs):
    """Losses and weights where every row is the same image, so that no order matters: batches of these sizes."""
    history, goal = [], np.eye(len(bias))[label]
    for _ in range(epochs):
        total = 0.0
        for size in sizes:
            z = image @ kernel + bias
            p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
            attacked = np.clip(image + epsilon * np.sign(kernel @ (p - goal)), 0, 1)
            z = attacked @ kernel + bias
            p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
            total += -size * np.log(p[label])
            kernel = kernel - rate * np.outer(attacked, p - goal)
            bias = bias - rate * (p - goal)
        history.append(total / sum(sizes))
    return history, [kernel, bias]


def known_steps(student, rng, pixels_, classes, epsilon, rate, count, batch_size, epochs):
    """One image many times: every loss and weight is known."""
    model, kernel, bias = regression(pixels_, classes, rate)
    image, label = rng.uniform(0.1, 0.9, pixels_).astype(np.float32), int(rng.integers(classes))
    held, x = student.hold(model), student.hold(np.tile(image, (count, 1)))
    y = np.full(count, label)
    losses = student.adversarial_training(held, x, y, epsilon, epochs, batch_size, 7)
    sizes = [len(rows) for rows in np.array_split(np.arange(count), range(batch_size, count, batch_size))]
    history, after = hardened_by_hand(kernel, bias, image.astype(float), label, epsilon, rate, sizes, epochs)
    fine = isinstance(losses, (list, tuple, np.ndarray)) and len(losses) == epochs
    expect.true(fine, f"{epochs} epochs should give a list of {epochs} losses", expect.describe(losses))
    expect.close(list(losses), history, rtol=1e-4, atol=1e-5, what="the list of losses")
    expect.close(
        student.fetch(held).weights, after, rtol=1e-4, atol=1e-5, what="the list of weights afterwards"
    )
    expect.unchanged(student.fetch(x), np.tile(image, (count, 1)), "x")


@question("10.5")
@needs("10.1")
@uses("keras")
@points(4)
def test_hardening_step_by_step(student, rng):
    """One image ten times in batches of four, SGD, softmax regression: losses and weights are known in every step."""
    known_steps(student, rng, pixels_=6, classes=3, epsilon=0.15, rate=0.3, count=10, batch_size=4, epochs=3)


@question("10.5")
@needs("10.1")
@uses("keras")
@points(2)
def test_dropout_and_statistics_in_hardening(student, rng):
    """Steps in training mode (dropout drops), attacks in inference mode (statistics count each batch once)."""
    import keras

    layers = (keras.layers.Dropout(0.5), keras.layers.Dense(4, kernel_initializer="zeros"))
    held = student.hold(compiled((300,), *layers))
    x, y = np.eye(300, dtype=np.float32)[rng.permutation(300)], rng.integers(0, 4, 300)
    student.adversarial_training(held, x, y, 0.0, 1, 30, 1)
    still = float(np.mean(np.all(student.fetch(held).weights[0] == 0, axis=1)))
    told = (
        f"with a dropout of one half, {still:.0%} of the pixels never reached the weights; it should be half"
    )
    expect.true(0.3 < still < 0.7, told, still, like=0.1)  # 300 coins: a standard deviation of 3 %
    held = student.hold(compiled((3,), keras.layers.BatchNormalization(), keras.layers.Dense(2)))
    student.adversarial_training(held, np.ones((10, 3), np.float32), rng.integers(0, 2, 10), 0.0, 2, 4, 1)
    mean = float(student.fetch(held).weights[2][0])
    steps = float(np.round(np.log(max(1 - mean, 1e-9)) / np.log(0.99), 2)) + 0.0
    told = f"two epochs of 10 images in batches of 4 are 6 steps; the statistics of the model have counted {steps:g}"
    expect.true(abs(steps - 6) < 0.1, told, steps, like=0.1)


@question("10.5")
@needs("10.1")
@uses("keras")
@points(1)
def test_the_seed_decides(student, rng):
    """The same seed gives the same weights, another seed others: the rows come in another order."""
    x, y = rng.uniform(size=(40, 6)).astype(np.float32), rng.integers(0, 3, 40)
    found = []
    for seed in (1, 1, 2):
        held = student.hold(regression(6, 3, 0.5)[0])
        student.adversarial_training(held, x, y, 0.1, 2, 8, seed)
        found.append(student.fetch(held).weights[0])
    expect.true(np.allclose(found[0], found[1], atol=1e-6), "two trainings with one seed differ", "not same")
    expect.true(
        not np.allclose(found[0], found[2], atol=1e-4), "two seeds give the same training", "seed ignored"
    )


@question("10.5")
@needs("10.1")
@uses("keras")
@limit(60)
@points(6)
def test_hardened_network(student, rng, mnist):
    """784-128-10, 10,000 digits sorted by class, 5 epochs: at least .50 right under attack at ε = .1, .84 clean."""
    import keras

    keras.utils.set_random_seed(1)
    layers = (keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10))
    held = student.hold(compiled((784,), *layers, optimizer=keras.optimizers.Adam(0.001)))
    classes, names = renamed(mnist.y_train[:10_000], rng)
    rows = np.argsort(classes, kind="stable")
    x, y = pixels(mnist.x_train[rows]), classes[rows].astype(np.int64)
    student.adversarial_training(held, x, y, 0.1, 5, 100, 3)
    hardened = student.fetch(held)
    images, labels = pixels(mnist.x_test[:2000]), names[mnist.y_test[:2000]].astype(np.int64)
    clean = accuracy(hardened, images, labels)
    expect.at_least(clean, 0.84, what="the accuracy on clean digits", like=0.02)
    live = hardened.rebuild()
    under_attack = share_right(live, down_the_margin(live, images, labels, 0.1), labels)
    measured.bars(
        {"clean": clean, "attacked": under_attack}, "784-128-10 trained against ε = 0.1", "accuracy"
    )
    expect.at_least(under_attack, 0.50, what="the accuracy under an attack on the margin", like=0.02)


@question("10.5")
@needs("10.1")
@uses("keras")
@points(3)
@hidden
def test_hardening_other_models(student, rng):
    """Other sizes, rates and ε, step by step."""
    epsilon, rate = float(rng.uniform(0.05, 0.2)), float(rng.uniform(0.1, 0.4))
    known_steps(student, rng, 9, 4, epsilon, rate, count=int(rng.integers(8, 12)), batch_size=5, epochs=2)


# --- 10.6 Softer targets -----------------------------------------------------------------------------------------


def soft_targets(rng, count, classes):
    """Rows that sum to 1."""
    rows = rng.uniform(size=(count, classes)) ** 3
    return rows / rows.sum(axis=1, keepdims=True)


@question("10.6")
@points(4)
def test_smoothed_targets(student, rng):
    """(0, 1, 0) with .3 becomes (.1, .8, .1); soft targets, other numbers of classes; rows still sum to 1."""
    answer = student.smooth_labels(np.array([[0.0, 1.0, 0.0]]), 0.3)
    expect.close(answer, np.array([[0.1, 0.8, 0.1]]), what="the smoothed (0, 1, 0)")
    for classes, amount in ((2, 0.1), (10, 0.1), (5, 0.6)):
        hard = np.eye(classes, dtype=np.float32)[rng.integers(0, classes, 6)]
        for targets in (hard, soft_targets(rng, 6, classes)):
            right = (1 - amount) * targets.astype(float) + amount / classes
            expect.close(student.smooth_labels(targets, amount), right, rtol=1e-6, atol=1e-7)
    nothing = student.smooth_labels(hard, 0.0)
    expect.close(nothing, hard, what="the answer with amount 0")


def floor_of(answer):
    """The two parts of an answer."""
    fine = isinstance(answer, (tuple, list)) and len(answer) == 2
    expect.true(fine, "two numbers should come back: the loss and the gap", expect.describe(answer))
    return answer


@question("10.6")
@points(4)
def test_floor_of_the_loss(student, rng):
    """(10, .1): (.50028804, 4.51085951), (10, .05), (2, .1), others; amount 0: (0, inf); amount 1: (ln k, 0)."""
    known = {
        (10, 0.1): (0.50028804, 4.51085951),
        (10, 0.05): (0.28239624, 5.25227343),
        (2, 0.1): (0.19851524, 2.94443898),
        (3, 0.3): (0.63903186, 2.07944154),
        (4, 1.0): (1.38629436, 0.0),
    }
    for (classes, amount), right in known.items():
        loss, gap = floor_of(student.smoothing_floor(classes, amount))
        told = f"for {classes} classes and amount {amount}"
        expect.close(loss, right[0], rtol=1e-6, atol=1e-8, what=f"the loss {told}")
        expect.close(gap, right[1], rtol=1e-6, atol=1e-8, what=f"the gap {told}")
    loss, gap = floor_of(student.smoothing_floor(10, 0.0))
    expect.close(loss, 0.0, what="the loss for amount 0")
    expect.true(gap == np.inf, f"the gap for amount 0 is {expect.describe(gap)}; it should be inf", str(gap))


def right_mixup(x, targets, partners, weights):
    """Row by row."""
    pairs = list(enumerate(zip(partners, weights, strict=True)))
    return tuple(np.stack([w * a[i] + (1 - w) * a[j] for i, (j, w) in pairs]) for a in (x, targets))


def same_mixup(student, rng, shape, classes=4):
    """Mixed as row by row, arguments unchanged."""
    count = shape[0]
    x, targets = rng.uniform(size=shape), soft_targets(rng, count, classes)
    weights = rng.uniform(size=count)
    for partners in (rng.permutation(count), rng.integers(0, count, count), np.full(count, 1)):
        answer = student.mixup(x, targets, partners, weights)
        fine = isinstance(answer, (tuple, list)) and len(answer) == 2
        expect.true(fine, "two arrays should come back: x and targets", expect.describe(answer))
        for part, right, name in zip(
            answer, right_mixup(x, targets, partners, weights), ("x", "target array"), strict=True
        ):
            expect.close(part, right, what=f"the mixed {name}")


@question("10.6")
@points(4)
def test_mixup_of_vectors_and_images(student, rng):
    """Vectors, images, as many images as columns; partners in any order, also one for all."""
    for shape in ((5, 3), (4, 6, 7), (6, 5, 6), (4, 3, 4, 1)):
        same_mixup(student, rng, shape)


@question("10.6")
@points(2)
@hidden
def test_softer_targets_of_other_sizes(student, rng):
    """Other shapes, amounts and numbers of classes."""
    classes, amount = int(rng.integers(3, 9)), float(rng.uniform(0.05, 0.5))
    targets = np.eye(classes)[rng.integers(0, classes, 7)]
    expect.close(student.smooth_labels(targets, amount), (1 - amount) * targets + amount / classes)
    soft = np.full(classes, amount / classes) + (1 - amount) * np.eye(classes)[0]
    loss, gap = floor_of(student.smoothing_floor(classes, amount))
    expect.close(loss, float(-(soft * np.log(soft)).sum()), rtol=1e-6, what="the loss")
    expect.close(gap, float(np.log(soft[0] / soft[1])), rtol=1e-6, what="the gap")
    same_mixup(student, rng, (8, int(rng.integers(3, 7)), 8))


# --- 10.7 The lottery ticket ---------------------------------------------------------------------------------------


def right_ticket(initial, trained_, fraction):
    """Entry by entry, from the smallest."""
    masks = [np.ones(array.shape, bool) for array in trained_]
    places = [
        (abs(array[at]), n, at)
        for n, array in enumerate(trained_)
        if array.ndim > 1
        for at in np.ndindex(array.shape)
    ]
    for _, n, at in sorted(places, key=lambda place: place[0])[: round(fraction * len(places))]:
        masks[n][at] = False
    return [np.where(mask, array, 0) for mask, array in zip(masks, initial, strict=True)], masks


def same_ticket(student, initial, trained_, fraction, told=""):
    """Weights and masks, array by array."""
    answer = student.winning_ticket(initial, trained_, fraction)
    fine = isinstance(answer, (tuple, list)) and len(answer) == 2
    expect.true(fine, "two lists should come back: weights and masks", expect.describe(answer))
    weights, masks = right_ticket(initial, trained_, fraction)
    for part, right, name in zip(answer, (weights, masks), ("weights", "masks"), strict=True):
        fine = isinstance(part, (tuple, list)) and len(part) == len(right)
        expect.true(fine, f"the {name} should be a list of {len(right)} arrays", expect.describe(part))
    for found in answer[1]:
        expect.dtype(found, "bool", what=f"a mask{told}")
    expect.close(
        [np.asarray(m, float) for m in answer[1]],
        [m.astype(float) for m in masks],
        what=f"the list of masks{told}",
    )
    expect.close(list(answer[0]), weights, rtol=1e-6, what=f"the list of weights{told}")


def two_layers(rng, shapes):
    """Weights before and after a training, of very different sizes from layer to layer; no ties."""
    initial = [rng.normal(size=shape) for shape in shapes]
    return initial, [rng.normal(size=shape) * (3.0 if n % 4 else 0.8) for n, shape in enumerate(shapes)]


@question("10.7")
@points(3)
def test_ticket_of_dense_layers(student, rng):
    """Kernels (2, 2) and (2, 1) of the lesson, and two random layers with biases; nothing pruned, everything pruned."""
    first = [np.array([[0.7, -0.3], [0.2, 0.4]]), np.array([[-0.6], [0.1]])]
    later = [np.array([[0.1, -0.9], [0.5, -0.2]]), np.array([[0.3], [-0.05]])]
    same_ticket(student, first, later, 0.5, " of the lesson")
    initial, trained_ = two_layers(rng, ((5, 7), (7,), (7, 3), (3,)))
    for fraction in (0.3, 0.75, 0.0, 1.0):
        same_ticket(student, initial, trained_, fraction, f" with fraction {fraction}")


@question("10.7")
@points(3)
def test_ticket_of_convolutions(student, rng):
    """Kernels of convolutions and dense layers together, in float32."""
    initial, trained_ = two_layers(rng, ((3, 3, 2, 4), (4,), (4,), (20, 6), (6,)))
    as32 = [[array.astype(np.float32) for array in arrays] for arrays in (initial, trained_)]
    same_ticket(student, *as32, 0.6)


def masked_by_hand(kernel, bias, mask, image, label, rate, momentum, steps):
    """Weights of softmax regression after SGD on one image, the masked ones at 0."""
    goal, speed, speed_bias = np.eye(len(bias))[label], 0.0, 0.0
    kernel = kernel * mask
    for _ in range(steps):
        z = image @ kernel + bias
        p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        speed = momentum * speed - rate * np.outer(image, p - goal)
        speed_bias = momentum * speed_bias - rate * (p - goal)
        kernel, bias = (kernel + speed) * mask, bias + speed_bias
    return [kernel, bias]


def same_masked(student, rng, momentum, rate=0.2, count=10, batch_size=4, epochs=3):
    """One image many times, SGD: the weights are known."""
    import keras

    model, kernel, bias = regression(7, 3, rate)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(rate, momentum=momentum), loss=loss)
    mask = rng.random(kernel.shape) < 0.6
    mask.flat[:2] = (True, False)
    image, label = rng.uniform(0.1, 0.9, 7).astype(np.float32), int(rng.integers(3))
    held = student.hold(model)
    student.train_masked(
        held, [mask, np.ones(3, bool)], np.tile(image, (count, 1)), np.full(count, label), epochs, batch_size
    )
    after = student.fetch(held).weights
    steps = epochs * -(-count // batch_size)
    right = masked_by_hand(kernel, bias, mask, image.astype(float), label, rate, momentum, steps)
    expect.close(after, right, rtol=1e-3, atol=1e-5, what="the list of weights afterwards")
    alive = float(np.abs(after[0][~mask]).max())
    expect.true(alive == 0, f"a pruned weight is {alive:.2g} afterwards; it should be exactly 0", alive)


@question("10.7")
@uses("keras")
@points(3)
def test_masked_training_step_by_step(student, rng):
    """One image ten times in batches of four, SGD with and without momentum: the weights are known."""
    same_masked(student, rng, 0.0)
    same_masked(student, rng, 0.9, rate=0.05)


@question("10.7")
@uses("keras")
@points(2)
def test_masked_training_with_adam(student, rng):
    """Adam: pruned weights are exactly 0 where many rows come in random order, kept ones and all biases learn."""
    import keras

    layers = (keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(3))
    model = with_weights(compiled((6,), *layers, optimizer="adam"), rng)
    before = model.get_weights()
    masks = [
        rng.random(array.shape) < 0.5 if array.ndim > 1 else np.ones(array.shape, bool) for array in before
    ]
    held = student.hold(model)
    x = rng.uniform(size=(50, 6)).astype(np.float32)
    student.train_masked(held, masks, x, rng.integers(0, 3, 50), 3, 8)
    after = student.fetch(held).weights
    alive = max(float(np.abs(array[~mask]).max(initial=0)) for array, mask in zip(after, masks, strict=True))
    expect.true(alive == 0, f"a pruned weight is {alive:.2g} afterwards; it should be exactly 0", alive)
    moved = [
        np.abs(new - old)[mask].max() for new, old, mask in zip(after, before, masks, strict=True)
    ]  # 21 steps of .001
    for number, largest in enumerate(moved):
        told = f"the kept weights of array {number} have not moved from where they began"
        expect.true(largest > 1e-3, told, float(largest))
        told = f"a kept weight of array {number} is {largest:.2g} from where it began; 21 steps of Adam move it by .02"
        expect.true(largest < 0.05, told, float(largest))


def ticket_case(student, mnist, digits, fraction):
    """The accuracy on the test digits of a masked training from the true ticket."""
    import keras

    from labkit.worker.models import describe

    keras.utils.set_random_seed(2)
    layers = [keras.layers.Dense(units, activation="relu") for units in (300, 100)]
    model = compiled((784,), *layers, keras.layers.Dense(10), optimizer="adam")
    x, y = pixels(mnist.x_train[:digits]), mnist.y_train[:digits].astype(np.int64)
    dense = trained(describe(model), x, y, epochs=4, batch_size=128)
    initial = model.get_weights()
    sizes = np.concatenate([np.abs(array).ravel() for array in dense.weights if array.ndim > 1])
    smallest = np.partition(sizes, round(fraction * len(sizes)))[round(fraction * len(sizes))]
    masks = [np.abs(w) >= smallest if w.ndim > 1 else np.ones(w.shape, bool) for w in dense.weights]
    model.set_weights([np.where(mask, array, 0) for mask, array in zip(masks, initial, strict=True)])
    held = student.hold(model)
    student.train_masked(held, masks, student.hold(x), y, 4, 128)
    after = student.fetch(held)
    alive = max(
        float(np.abs(array[~mask]).max(initial=0)) for array, mask in zip(after.weights, masks, strict=True)
    )
    expect.true(alive == 0, f"a pruned weight is {alive:.2g} afterwards; it should be exactly 0", alive)
    read = outputs(after, pixels(mnist.x_test))
    return float(np.mean(read.argmax(axis=1) == mnist.y_test))


@question("10.7")
@uses("keras")
@limit(60)
@points(4)
def test_ticket_learns_digits(student, mnist):
    """784-300-100-10 with 90 % of its weights pruned, 20,000 digits, 4 epochs: at least .955 on the test digits."""
    reached = ticket_case(student, mnist, 20_000, 0.9)
    measured.score(reached, "Accuracy on the test digits with 90 % of the weights pruned")
    expect.at_least(reached, 0.955, what="the accuracy on the test digits", like=0.004)


@question("10.7")
@points(1)
@hidden
def test_other_tickets(student, rng):
    """Other layers and fractions."""
    initial, trained_ = two_layers(rng, ((int(rng.integers(4, 9)), 5), (5,), (5, 4), (4,), (2, 2, 1, 3)))
    same_ticket(student, initial, trained_, float(rng.uniform(0.2, 0.9)))


@question("10.7")
@uses("keras")
@points(2)
@hidden
def test_other_masked_trainings(student, rng):
    """Other rates, batches and masks, with momentum."""
    rate, momentum = float(rng.uniform(0.02, 0.06)), float(rng.uniform(0.5, 0.9))
    same_masked(student, rng, momentum, rate, count=int(rng.integers(7, 12)), batch_size=3, epochs=2)
