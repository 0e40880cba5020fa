"""The checks of lab 00. A student sees each docstring as the title of a check."""

import itertools
import math

import numpy as np

from labkit.check import expect, hidden, points, question

FOUR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)  # the inputs (A, B) in the order of the lecture
OR, AND, NAND, XOR = (np.array(y) for y in ([0, 1, 1, 1], [0, 0, 0, 1], [1, 1, 1, 0], [0, 1, 1, 0]))


def quarters(rng, *shape, most=8):
    """Random multiples of a quarter: their sums are exact, and a net input of 0 is met."""
    return rng.integers(-most, most + 1, size=shape) / 4


def listed(numbers, first=0, most=12):
    """A list in a few words, for messages; what comes before `first` is left out."""
    shown = list(map(str, numbers[first : first + most]))
    return f"[{', '.join(['...'] * (first > 0) + shown + ['...'] * (len(numbers) > first + most))}]"


# --- 0.1 A unit that fires -----------------------------------------------------------------------------------


@question("0.1")
@points(2)
def test_unit_of_the_lecture(student):
    """The weights (-1, .5, .3) fire at (2, 1), whose net input is .3, and not at (0, 3): -.1."""
    answers = student.predict(np.array([-1, 0.5, 0.3]), np.array([[2.0, 1.0], [0.0, 3.0]]))
    expect.close(answers, np.array([1, 0]))


@question("0.1")
@points(2)
def test_net_input_of_exactly_zero(student):
    """A net input of exactly 0 does not fire; the answers are integers."""
    rows = np.array([[1.0, 2.0], [2.0, 0.0], [0.0, 4.0], [2.5, 0.0], [1.0, 1.75]])
    answers = student.predict(np.array([-1, 0.5, 0.25]), rows)
    expect.close(answers, np.array([0, 0, 0, 1, 0]))
    expect.dtype(answers, "int")


@question("0.1")
@points(1)
def test_rows_of_other_lengths(student, reference, rng):
    """Any number of rows and inputs."""
    for n, d in ((7, 4), (1, 3), (12, 1)):
        weights, x = quarters(rng, d + 1), quarters(rng, n, d)
        expect.close(student.predict(weights, x), reference.predict(weights, x))


@question("0.1")
@points(1)
@hidden
def test_units_on_digits(student, reference, rng, mnist):
    """Digits of MNIST, and more rows of other lengths."""
    some = rng.choice(60_000, size=50, replace=False)
    digits = mnist.x_train[some].reshape(50, 784).astype(float)
    weights = rng.integers(-9, 10, size=785).astype(float)
    expect.close(student.predict(weights, digits), reference.predict(weights, digits))
    weights, x = quarters(rng, 6), quarters(rng, 40, 5, most=3)
    expect.close(student.predict(weights, x), reference.predict(weights, x))


# --- 0.2 The learning rule -----------------------------------------------------------------------------------


@question("0.2")
@points(3)
def test_step_of_the_lecture(student):
    """(-1, .5, .3) at the row (2, 1) with y = 0 becomes (-2, -1.5, -.7); at (0, 1) with y = 1 (0, .5, 1.3)."""
    weights = student.hold(np.array([-1, 0.5, 0.3]))
    expect.close(student.perceptron_step(weights, np.array([2.0, 1.0]), 0), np.array([-2, -1.5, -0.7]))
    expect.close(
        student.perceptron_step(weights, np.array([0.0, 1.0]), 1),
        np.array([0, 0.5, 1.3]),
        what="the answer at (0, 1), with the same array of weights as before,",
    )


@question("0.2")
@points(2)
def test_right_answers_change_nothing(student):
    """A right answer changes nothing, whichever it is; a wrong one moves the bias, too."""
    for weights, row, y in (
        ([-1.0, 2, 2], [1.0, 1], 1),
        ([-1.0, 2, 2], [-1.0, 1], 0),
        ([2.0, 0, 1], [3.0, 1], 1),
    ):
        expect.close(student.perceptron_step(np.array(weights), np.array(row), y), np.array(weights))
    expect.close(
        student.perceptron_step(np.array([-4.0, 1, 1]), np.array([2.0, -1]), 1), np.array([-3.0, 3, 0])
    )


@question("0.2")
@points(2)
def test_step_at_a_net_input_of_zero(student):
    """At a net input of exactly 0 the answer is 0: right if y = 0, corrected if y = 1."""
    weights, row = np.array([-1.0, 0.5, 0.25]), np.array([1.0, 2.0])
    expect.close(student.perceptron_step(weights, row, 0), weights)
    expect.close(student.perceptron_step(weights, row, 1), np.array([0, 1.5, 2.25]))


@question("0.2")
@points(1)
def test_learning_rate_of_a_step(student, reference, rng):
    """The learning rate multiplies the change; any number of inputs."""
    for d, rate in ((2, 0.25), (5, 0.75)):
        weights, x = quarters(rng, d + 1), quarters(rng, d)
        for y in (0, 1):
            expect.close(
                student.perceptron_step(weights, x, y, learning_rate=rate),
                reference.perceptron_step(weights, x, y, learning_rate=rate),
            )


@question("0.2")
@points(2)
@hidden
def test_steps_on_other_rows(student, reference, rng, mnist):
    """Other rows, among them digits of MNIST."""
    for _ in range(6):
        d = int(rng.integers(1, 7))
        weights, x, rate = quarters(rng, d + 1), quarters(rng, d), float(rng.choice([1.0, 0.5, 2.0]))
        for y in (0, 1):
            right = reference.perceptron_step(weights, x, y, rate)
            expect.close(student.perceptron_step(weights, x, y, rate), right)
    digit = mnist.x_train[rng.integers(60_000)].reshape(784).astype(float)
    weights = rng.integers(-9, 10, size=785).astype(float)
    for y in (0, 1):
        expect.close(student.perceptron_step(weights, digit, y), reference.perceptron_step(weights, digit, y))


# --- 0.3 Training --------------------------------------------------------------------------------------------


def trained(answer, weights, updates, converged):
    """The three things that training returns are right."""
    expect.true(
        isinstance(answer, (list, tuple)) and len(answer) == 3,
        "the answer of train_perceptron should be three things: weights, updates, converged",
        answer,
        summary="train_perceptron does not return three things",
    )
    expect.close(answer[0], weights, what="the weights after training")
    numbers = answer[1].tolist() if isinstance(answer[1], np.ndarray) else answer[1]
    numbers, updates = list(numbers) if isinstance(numbers, (list, tuple)) else numbers, list(updates)
    sentence = f"the list of updates is {numbers}; it should be {listed(updates)}"
    if isinstance(numbers, list):
        differ = (
            place for place, pair in enumerate(zip(numbers, updates, strict=False)) if pair[0] != pair[1]
        )
        place = next(differ, min(len(numbers), len(updates)))
        first = max(place - 3, 0) if place >= 12 else 0
        sentence = f"the list of updates is {listed(numbers, first)}; it should be {listed(updates, first)}"
    expect.true(
        numbers == updates,
        sentence,
        numbers,
        summary="the list of updates is wrong",
    )
    expect.true(
        answer[2] is converged,
        f"converged is {expect.describe(answer[2])}; it should be {bool(converged)}",
        answer[2],
        summary="converged is wrong",
    )


@question("0.3")
@points(3)
def test_training_on_or(student):
    """OR from (0, 1, -1): the lecture's table. Updates at 2, 5, 6, 9, then an epoch without one."""
    answer = student.train_perceptron(FOUR, OR, np.array([0.0, 1, -1]), 10)
    trained(answer, [0.0, 1, 1], [2, 5, 6, 9], True)


@question("0.3")
@points(3)
def test_training_on_other_functions(student, reference):
    """AND, NAND and XOR, from other weights and with other learning rates."""
    for y in (AND, NAND, XOR):
        for start, rate in (([0.0, 1, -1], 1.0), ([0.5, -1, 0.25], 0.5)):
            args = FOUR, y, np.array(start), 12, rate
            trained(student.train_perceptron(*args), *reference.train_perceptron(*args))


@question("0.3")
@points(2)
def test_training_stops_after_max_epochs(student):
    """Three epochs of OR find the weights, but no epoch without an update: not converged. A fourth one does."""
    trained(student.train_perceptron(FOUR, OR, np.array([0.0, 1, -1]), 3), [0.0, 1, 1], [2, 5, 6, 9], False)
    trained(student.train_perceptron(FOUR, OR, np.array([0.0, 1, -1]), 4), [0.0, 1, 1], [2, 5, 6, 9], True)
    trained(student.train_perceptron(FOUR, OR, np.array([-1.0, 2, 2]), 1), [-1.0, 2, 2], [], True)


@question("0.3")
@points(2)
def test_training_on_random_rows(student, reference, rng):
    """Rows with three inputs, labels of every kind; the same question twice has the same answer."""
    x, start = quarters(rng, 12, 3), quarters(rng, 4)
    held = student.hold(start)
    for y in (rng.integers(0, 2, size=12), (x @ [1, -2, 1] > 0.5).astype(int)):
        for _ in range(2):
            trained(student.train_perceptron(x, y, held, 6), *reference.train_perceptron(x, y, start, 6))


def zeros_and_ones(mnist, rows):
    """Of these training images the zeros and ones: bytes as floats, and their labels."""
    rows = rows[mnist.y_train[rows] <= 1]
    return mnist.x_train[rows].reshape(-1, 784).astype(float), mnist.y_train[rows].astype(int)


@question("0.3")
@points(2)
def test_training_on_digits(student, mnist):
    """The 4,275 zeros and ones among the first 20,000 digits: 24, 6, 4 and 0 updates in four epochs."""
    x, y = zeros_and_ones(mnist, np.arange(20_000))
    answer = student.train_perceptron(x, y, np.zeros(785), 10)
    expect.true(
        isinstance(answer, (list, tuple)) and len(answer) == 3, "three things should come back", answer
    )
    weights, updates, converged = answer
    expect.shape(weights, (785,), what="the weights after training")
    expect.true(isinstance(updates, (list, np.ndarray)), "the updates should be a list of numbers", updates)
    updates = np.asarray(updates, int)
    expect.true(
        updates.size > 0 and updates.min() >= 1 and updates.max() <= 10 * 4275,
        f"the list of updates is {listed(updates.tolist())}; it should hold numbers of presentations, from 1 on",
        listed(updates.tolist()),
        summary="the list of updates holds no numbers of presentations",
    )
    expect.close(
        np.bincount((updates - 1) // 4275, minlength=3), [24, 6, 4], what="the updates in each epoch"
    )
    expect.equal(converged, True, what="converged")
    wrong = int(((x @ weights[1:] + weights[0] > 0) != y).sum())
    expect.equal(wrong, 0, what="the number of training digits that the weights answer wrongly")


@question("0.3")
@points(2)
@hidden
def test_training_on_digits_in_another_order(student, reference, rng, mnist):
    """Other zeros and ones, in another order, from other weights."""
    x, y = zeros_and_ones(mnist, rng.permutation(60_000)[:8_000])
    args = x, y, rng.integers(-3, 4, size=785).astype(float), int(rng.integers(2, 5))
    trained(student.train_perceptron(*args), *reference.train_perceptron(*args))


# --- 0.4 Is there a line at all? -----------------------------------------------------------------------------


def verdicts(student, cases):
    """Every set gets its verdict; `cases` are (what it is, rows, labels, whether it can be separated)."""
    answers = [student.is_separable(np.array(x, float), np.array(y)) for _, x, y, _ in cases]
    answers = [a.item() if isinstance(a, np.ndarray) and a.ndim == 0 else a for a in answers]
    wrong = [
        f"{what}: the answer is {expect.describe(answer)}, it should be {right}"
        for (what, _, _, right), answer in zip(cases, answers, strict=True)
        if answer is not right
    ]
    expect.true(not wrong, "; ".join(wrong[:1]), answers, summary="a set of rows gets a wrong verdict")


def table(inputs):
    """All rows of so many inputs, each 0 or 1."""
    return np.array(list(itertools.product([0, 1], repeat=inputs)), float)


def boxes_apart(x, y):
    """Whether a function of three inputs, each 0 or 1, can be separated: some of 9^4 small weights do it."""
    weights = np.array(list(itertools.product(range(-4, 5), repeat=3)))  # as 2 w, bias beside
    sums = weights @ np.asarray(x).T
    y = np.asarray(y).astype(bool)
    lowest = np.where(y, sums, np.inf).min(axis=1)  # of the rows that should fire
    highest = np.where(y, -np.inf, sums).max(axis=1)
    return bool((lowest > highest).any())


@question("0.4")
@points(3)
def test_functions_of_two_inputs(student):
    """14 of the 16 functions of two inputs."""
    cases = []
    for number in range(16):
        y = [number >> bit & 1 for bit in (3, 2, 1, 0)]
        what = f"the answers {''.join(map(str, y))} to 00, 01, 10, 11"
        cases.append((what, FOUR, y, y not in ([0, 1, 1, 0], [1, 0, 0, 1])))
    verdicts(student, cases)


@question("0.4")
@points(2)
def test_functions_of_three_inputs(student, rng):
    """Functions of three inputs (104 of the 256 can be separated)."""
    verdicts(student, of_three_inputs(rng, 12))


def of_three_inputs(rng, each):
    """Random functions of three inputs, `each` that can be separated and as many that cannot."""
    x, kinds = table(3), {True: [], False: []}
    for number in rng.permutation(256):
        y = [int(number) >> bit & 1 for bit in range(8)]
        kinds[boxes_apart(x, y)].append((f"the labels {''.join(map(str, y))} of 000, 001, ..., 111", x, y))
    return [(*case, right) for right in (True, False) for case in kinds[right][:each]]


@question("0.4")
@points(2)
def test_narrow_gaps(student):
    """Narrow gaps: 8 and 9 on a line take 75 epochs. And no gap at all."""
    cases = [
        ("8 and 9 on a line, labels 0 and 1", [[8], [9]], [0, 1], True),
        ("9 and 8 on a line, labels 0 and 1", [[9], [8]], [0, 1], True),
        ("-9 and -8 on a line, labels 1 and 0", [[-9], [-8]], [1, 0], True),
        ("7, 8, 9 on a line, labels 0, 1, 0", [[7], [8], [9]], [0, 1, 0], False),
        ("(9, 8), (8, 7) and (8, 8), labels 0, 0, 1", [[9, 8], [8, 7], [8, 8]], [0, 0, 1], True),
        ("(9, 9), (7, 7) and (8, 8), labels 0, 0, 1", [[9, 9], [7, 7], [8, 8]], [0, 0, 1], False),
    ]
    verdicts(student, cases)


@question("0.4")
@points(2)
def test_one_class_and_doubled_rows(student):
    """One class alone can be separated; a row with both labels cannot."""
    cases = [
        ("three rows, all with label 0", [[1, 2], [3, 4], [-5, 6]], [0, 0, 0], True),
        ("three rows, all with label 1", [[1, 2], [3, 4], [-5, 6]], [1, 1, 1], True),
        ("a single row with label 1", [[0, 0, 0]], [1], True),
        ("(2, 3) twice, with label 1 each time", [[2, 3], [-1, 0], [2, 3]], [1, 0, 1], True),
        ("(2, 3) twice, with both labels", [[2, 3], [-1, 0], [2, 3]], [1, 0, 0], False),
        ("one row, twice, with both labels", [[5], [5]], [0, 1], False),
    ]
    verdicts(student, cases)


def epochs_needed(x, y, most):
    """The epochs that the rule takes from zero, None if more than `most`."""
    rows, weights = [[1, *map(int, row)] for row in x], [0] * (len(x[0]) + 1)
    for epoch in range(1, most + 1):
        wrong = 0
        for row, label in zip(rows, y, strict=True):
            error = int(label) - (sum(w * v for w, v in zip(weights, row, strict=True)) > 0)
            if error:
                wrong += 1
                weights = [w + error * v for w, v in zip(weights, row, strict=True)]
        if not wrong:
            return epoch
    return None


# Cut by random weights of whole numbers, hundreds of sets of each size took at most 45 epochs; a set that
# takes more than 500 is drawn anew. A set that cannot be separated is made so: a row of one class lies halfway
# between two of the other.
@question("0.4")
@points(3)
@hidden
def test_other_sets_of_rows(student, rng):
    """Other rows of one to four inputs, and other functions of three."""
    cases = of_three_inputs(rng, 6)
    for d in (1, 2, 3, 4):
        while True:
            x, weights = rng.integers(-9, 10, size=(16, d)), rng.integers(-9, 10, size=d + 1)
            y = (weights[0] + x @ weights[1:] > 0).astype(int)
            if 0 < y.sum() < 16 and epochs_needed(x, y, 500):
                break
        cases.append((f"16 rows of {d} inputs, cut by a plane", x, y, True))
        ends = rng.integers(-4, 5, size=(2, d)) * 2
        y = np.append((x[3:, 0] > 0).astype(int), [1, 1, 0])
        x = np.vstack([x[3:], ends, ends.mean(axis=0).astype(int)[None]])
        order = rng.permutation(16)
        cases.append((f"16 rows of {d} inputs, one of them between two others", x[order], y[order], False))
    verdicts(student, cases)


# --- 0.5 XOR by hand -----------------------------------------------------------------------------------------


def layers_of(answer, inputs, depth, most_hidden=None):
    """The layers of an answer as arrays, each of which fits the one before."""
    fine = isinstance(answer, (list, tuple)) and len(answer) > 0
    expect.true(
        fine,
        f"the answer is {expect.describe(answer)}; it should be a list of layers",
        expect.describe(answer),
    )
    layers = [
        np.asarray(layer) if isinstance(layer, (list, tuple, np.ndarray)) else layer for layer in answer
    ]
    numbers = all(isinstance(layer, np.ndarray) and layer.dtype.kind in "iuf" for layer in layers)
    expect.true(numbers, "every layer should be an array of numbers", [expect.describe(a) for a in layers])
    shapes = [list(layer.shape) for layer in layers]
    wanted = f"{depth} layers" if depth > 1 else "1 layer"
    expect.true(
        len(layers) == depth, f"the answer has {len(layers)} of the {wanted} that are asked for", shapes
    )
    width = inputs
    for number, layer in enumerate(layers, 1):
        last = number == depth
        expect.true(
            layer.ndim == 2
            and layer.shape[0] == width + 1
            and (layer.shape[1] == 1 or not last)
            and layer.size,
            f"layer {number} has shape {layer.shape}; it should have shape ({width + 1}, {1 if last else 'units'}): "
            f"the row of biases, then a row for each of {width} inputs",
            shapes,
            summary=f"layer {number} has the wrong shape",
        )
        expect.true(np.isfinite(layer).all(), f"layer {number} is not finite", shapes)
        width = layer.shape[1]
    if most_hidden is not None:
        count = layers[0].shape[1]
        expect.true(
            count <= most_hidden, f"there are {count} hidden units; at most {most_hidden} are allowed", shapes
        )
    return [layer.astype(float) for layer in layers]


def sums(layer, x):
    """The net inputs of a layer."""
    return layer[0] + x @ layer[1:]


def answers_of(layers, x):
    """What a network of threshold units answers to each row."""
    for layer in layers:
        x = (sums(layer, x) > 0).astype(float)
    return x[:, 0]


def on_the_edge(layers, x):
    """For each row, whether some unit's net input is exactly 0, where it does not fire."""
    touched = np.zeros(len(x), bool)
    for layer in layers:
        nets = sums(layer, x)
        touched |= (nets == 0).any(axis=1)
        x = (nets > 0).astype(float)
    return touched


def computes(layers, x, right, names=""):
    """The network of threshold units answers rightly to every row of x."""
    answered(answers_of(layers, x), x, right, names, on_the_edge(layers, x))


def answered(answers, x, right, names="", touched=None):
    """These are the right answers to the rows of x; `touched` says at which of them a net input is exactly 0."""
    wrong = np.flatnonzero(~(np.abs(answers - right) <= 1e-6))
    at_zero = touched is not None and bool(touched[wrong].any())
    sentence = ""
    if len(wrong):
        row = ", ".join(f"{v:g}" for v in x[wrong[0]])
        sentence = (
            f"the network is wrong at {len(wrong)} of {len(x)} inputs; the first is {names}({row}): "
            f"it answers {answers[wrong[0]]:.6g}, it should answer {right[wrong[0]]:g}"
        )
        if touched is not None and touched[wrong[0]]:
            sentence += ". The net input of one of its units is exactly 0 there, and 0 does not fire"
    expect.true(
        len(wrong) == 0,
        sentence,
        [*answers.tolist(), at_zero],
        summary="the network is wrong at some of its inputs",
    )


@question("0.5")
@points(2)
def test_a_and_not_b(student):
    """One unit fires for A and not B, and for nothing else."""
    layers = layers_of(student.boolean_network("a_and_not_b"), 2, 1)
    computes(layers, FOUR, np.array([0, 0, 1, 0]), "(A, B) = ")


@question("0.5")
@points(3)
def test_xor(student):
    """Two layers of threshold units, at most two of them hidden, compute A xor B."""
    layers = layers_of(student.boolean_network("xor"), 2, 2, most_hidden=2)
    computes(layers, FOUR, XOR, "(A, B) = ")


@question("0.5")
@points(2)
def test_xor_with_relu_units(student):
    """Two hidden ReLU units and a linear output compute A xor B."""
    hidden_layer, output = layers_of(student.boolean_network("xor_relu"), 2, 2, most_hidden=2)
    answered(sums(output, np.maximum(0, sums(hidden_layer, FOUR)))[:, 0], FOUR, XOR, "(A, B) = ")


@question("0.5")
@points(3)
def test_parity_of_a_few_bits(student):
    """An odd number of ones among 2, 3 and 4 bits, with no more hidden units than bits."""
    for bits in (2, 3, 4):
        layers = layers_of(student.parity_network(bits), bits, 2, most_hidden=bits)
        computes(layers, table(bits), table(bits).sum(axis=1) % 2)


@question("0.5")
@points(2)
@hidden
def test_parity_of_more_bits(student):
    """An odd number of ones among 5, 6 and 7 bits."""
    for bits in (5, 6, 7):
        layers = layers_of(student.parity_network(bits), bits, 2, most_hidden=bits)
        computes(layers, table(bits), table(bits).sum(axis=1) % 2)


# --- 0.6 Any region you can draw -----------------------------------------------------------------------------


def polygon(rng, corners, centre, size):
    """A convex polygon, counter-clockwise: corners on an ellipse, well apart."""
    angles = 2 * np.pi / corners * (np.arange(corners) + rng.uniform(-0.3, 0.3, size=corners))
    across, along = size * rng.uniform(0.7, 1.0), size * rng.uniform(1.0, 1.4)
    turn = rng.uniform(0, 2 * np.pi)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.column_stack([across * np.cos(angles), along * np.sin(angles)]) @ turned + centre


def to_the_left(points, corners):
    """(n, k): how far each point lies to the left of the line through each edge."""
    edges = np.roll(corners, -1, axis=0) - corners
    offsets = points[:, None] - corners
    return (edges[:, 0] * offsets[..., 1] - edges[:, 1] * offsets[..., 0]) / np.linalg.norm(edges, axis=1)


def cuts_out(rng, student, polygons):
    """The network fires inside the polygons and nowhere else, at random points."""
    layers = layers_of(student.region_network(polygons), 2, 3)
    corners = np.vstack(polygons)
    low, high = corners.min(axis=0), corners.max(axis=0)
    points = rng.uniform(low - 0.4 * (high - low), high + 0.4 * (high - low), size=(250, 2))
    for p in polygons:  # and as many close to each polygon
        points = np.vstack(
            [points, p.mean(axis=0) + 1.4 * (rng.dirichlet(np.ones(len(p)), 100) @ p - p.mean(axis=0))]
        )
    distances = [to_the_left(points, p) for p in polygons]
    asked = np.all([np.abs(d).min(axis=1) > 0.02 for d in distances], axis=0)
    within = np.array([(d > 0).all(axis=1) for d in distances])[:, asked]
    points, right = points[asked], within.any(axis=0)
    answers = answers_of(layers, points)
    at_the_middle = int((sums(layers[0], polygons[0].mean(axis=0)[None]) > 0).sum())
    expect.true(
        answers.any(),
        f"the network fires at none of {len(points)} points; in the middle of polygon 1 of {len(polygons)}, "
        f"{at_the_middle} of the {layers[0].shape[1]} units of the first layer fire",
        [at_the_middle, layers[0].shape[1]],
        summary="the network fires nowhere",
    )
    wrong = np.flatnonzero(answers != right)
    sentence = ""
    if len(wrong):
        first = wrong[0]
        owners = (np.flatnonzero(within[:, first]) + 1).tolist()
        names = " and ".join(map(str, owners))
        of_all = f" of {len(polygons)}" if len(polygons) > 1 else ""
        place = f"inside polygon{'s' if len(owners) > 1 else ''} {names}{of_all}" if owners else "outside"
        sentence = (
            f"the network is wrong at {len(wrong)} of {len(points)} points; the first, "
            f"({points[first, 0]:.2f}, {points[first, 1]:.2f}), lies {place}: "
            f"it answers {answers[first]:g}, it should answer {int(right[first])}"
        )
    expect.true(len(wrong) == 0, sentence, answers.tolist(), summary="the network is wrong at some points")


@question("0.6")
@points(3)
def test_rectangle_and_triangle(student, rng):
    """Inside a rectangle around the origin, and inside a triangle."""
    cuts_out(rng, student, [np.array([[-1.0, -1], [2, -1], [2, 1], [-1, 1]])])
    cuts_out(rng, student, [np.array([[-3.0, -2], [1, -1], [-1, 2]])])


@question("0.6")
@points(3)
def test_one_polygon(student, rng):
    """Inside a polygon of five to eight corners, also far from the origin."""
    cuts_out(rng, student, [polygon(rng, 5, [0.5, 0.25], 1.5)])
    cuts_out(rng, student, [polygon(rng, 8, rng.uniform(20, 40, size=2) * [1, -1], 3)])


@question("0.6")
@points(3)
def test_two_polygons_apart(student, rng):
    """Inside either of two polygons that lie apart."""
    cuts_out(rng, student, [polygon(rng, 4, [-3, 1], 1.5), polygon(rng, 4, [3, -1], 1.5)])


@question("0.6")
@points(2)
def test_polygons_that_overlap(student, rng):
    """Three polygons of different numbers of corners, two of which overlap."""
    cuts_out(
        rng,
        student,
        [polygon(rng, 3, [0, 0], 2), polygon(rng, 6, [1.5, 0.5], 2), polygon(rng, 5, [-6, 4], 1.5)],
    )


@question("0.6")
@points(3)
@hidden
def test_other_polygons(student, rng):
    """Other unions of one to five polygons."""
    for count in (1, 3, 5):
        middle, polygons = rng.uniform(-30, 30, size=2), []
        for _ in range(count):
            centre = middle + rng.uniform(-5, 5, size=2)
            polygons.append(polygon(rng, int(rng.integers(3, 9)), centre, rng.uniform(1.5, 3)))
        cuts_out(rng, student, polygons)


# --- 0.7 Distance, margin, and why it stops ------------------------------------------------------------------


@question("0.7")
@points(2)
def test_distance_of_the_lecture(student):
    """3 x1 + 4 x2 - 5 at (2, 1) is 1 away on the side that fires, (0, 0) on the other side."""
    rows = np.array([[2.0, 1], [0, 0], [-1, 2], [3, 4]])
    expect.close(student.signed_distance(np.array([-5.0, 3, 4]), rows), np.array([1.0, -1, 0, 4]))


@question("0.7")
@points(1)
def test_distances_have_no_scale(student, reference, rng):
    """Other rows of any length; ten times the weights, the same distances."""
    for d in (1, 3):
        weights, x = quarters(rng, d + 1) + 0.1, quarters(rng, 6, d)
        right = reference.signed_distance(weights, x)
        for scale in (1, 10):
            expect.close(student.signed_distance(scale * weights, x), right)


@question("0.7")
@points(2)
def test_bound_for_or(student):
    """OR with (-1, 2, 2) takes at most 27 corrections, with (-10, 20, 20) as many."""
    for scale in (1.0, 10.0):
        expect.close(student.mistake_bound(scale * np.array([-1.0, 2, 2]), FOUR, OR), 27.0)


def bound(answer, right):
    """A number, or infinity."""
    if math.isinf(right):
        infinite = (
            isinstance(answer, (int, float, np.ndarray)) and np.ndim(answer) == 0 and bool(answer == math.inf)
        )
        message = f"the answer of mistake_bound is {expect.describe(answer)}; it should be math.inf"
        expect.true(infinite, message, answer, summary="the bound should be math.inf and is not")
    else:
        expect.close(answer, right)


@question("0.7")
@points(2)
def test_bound_of_weights_that_do_not_separate(student):
    """No bound (math.inf) from weights that get a row wrong, or touch one."""
    for weights, y in (
        ([0.0, 1, 1], OR),  # (0, 0) lies on the line
        ([-1.0, 1, 1], OR),  # (0, 1) and (1, 0) do
        ([-0.5, 1, -1], OR),
        ([0.5, -1, -1], OR),  # all on the wrong side
        ([1.5, -1, -1], XOR),
    ):
        bound(student.mistake_bound(np.array(weights), FOUR, y), math.inf)


def separated(rng, n, d):
    """Rows of whole numbers, and weights that separate them strictly: weights, x, y."""
    while True:
        weights, x = rng.integers(-9, 10, size=d + 1) + 0.5, rng.integers(-9, 10, size=(n, d)).astype(float)
        y = (weights[0] + x @ weights[1:] > 0).astype(int)
        if 0 < y.sum() < n and np.abs(weights[0] + x @ weights[1:]).min() > 0.25:
            return weights, x, y


def bounds_training(rng, student, reference, n, d):
    """The bound of weights that separate, and that training from zero keeps to it."""
    weights, x, y = separated(rng, n, d)
    answer = student.mistake_bound(weights, x, y)
    bound(answer, reference.mistake_bound(weights, x, y))
    _, updates, _ = reference.train_perceptron(x, y, np.zeros(d + 1), 300)
    expect.at_least(
        answer, len(updates), what="the bound, beside the corrections that training from zero took,"
    )


@question("0.7")
@points(1)
def test_bound_of_random_rows(student, reference, rng):
    """Random rows and weights that separate them; training from zero keeps to the bound."""
    bounds_training(rng, student, reference, 8, 2)
    bounds_training(rng, student, reference, 12, 3)


@question("0.7")
@points(2)
@hidden
def test_other_distances_and_bounds(student, reference, rng):
    """Other distances and bounds, with one to five inputs."""
    for d in (1, 2, 5):
        weights, x, y = separated(rng, 10, d)
        expect.close(student.signed_distance(weights, x), reference.signed_distance(weights, x))
        bounds_training(rng, student, reference, 9, d)
        row = int(rng.integers(10))
        bound(student.mistake_bound(weights, x, np.where(np.arange(10) == row, 1 - y, y)), math.inf)


# --- 0.8 The detective ---------------------------------------------------------------------------------------


def trace(text):
    """A trace from text: presentations between commas."""
    return np.array([row.split() for row in text.split(",")], float)


def names(student, cases):
    """Every trace gets its name; `cases` are (what it is, rows, labels, trace, learning rate, name)."""
    answers = [student.diagnose_trace(x, np.array(y), weights, rate) for _, x, y, weights, rate, _ in cases]
    wrong = [
        f"{what}: the answer is {expect.describe(answer)}, it should be {case[-1]!r}"
        for (what, *case), answer in zip(cases, answers, strict=True)
        if answer != case[-1]
    ]
    expect.true(not wrong, "; ".join(wrong[:1]), answers, summary="a trace gets a wrong name")


# Weights of real runs of really broken perceptrons: w0 w1 w2 at the start, then after each presentation.
ON_NAND = {
    "ok": "1 1 -1, 1 1 -1, 2 1 0, 2 1 0, 1 0 -1, 1 0 -1, 2 0 0, 2 0 0, 1 -1 -1, 1 -1 -1, 2 -1 0, 2 -1 0, 1 -2 -1",
    "fires_at_zero": "1 1 -1, 1 1 -1, 1 1 -1, 1 1 -1, 0 0 -2, 0 0 -2, 1 0 -1, 1 0 -1, 0 -1 -2, 0 -1 -2, 1 -1 -1, "
    "1 -1 -1, 1 -1 -1",
    "wrong_sign": "1 1 -1, 1 1 -1, 0 1 -2, 0 1 -2, 0 1 -2, -1 1 -2, -2 1 -3, -3 0 -3, -3 0 -3, -4 0 -3, -5 0 -4, "
    "-6 -1 -4, -6 -1 -4",
    "bias_frozen": "1 1 -1, 1 1 -1, 1 1 0, 1 1 0, 1 0 -1, 1 0 -1, 1 0 0, 1 0 0, 1 -1 -1, 1 -1 -1, 1 -1 0, 1 0 0, "
    "1 -1 -1",
    "ignores_output": "1 1 -1, 2 1 -1, 3 1 0, 4 2 0, 4 2 0, 5 2 0, 6 2 1, 7 3 1, 7 3 1, 8 3 1, 9 3 2, 10 4 2, 10 4 2",
    "not_thresholded": "1 1 -1, 1 1 -1, 2 1 0, 0 -1 0, 1 0 1, 1 0 1, 0 0 0, 1 1 0, -1 -1 -2, 1 -1 -2, 3 -1 0, "
    "2 -2 0, 2 -2 0",
    "end_of_epoch": "1 1 -1, 1 1 -1, 1 1 -1, 1 1 -1, 1 0 -1, 1 0 -1, 1 0 -1, 1 0 -1, 2 0 0, 2 0 0, 2 0 0, 2 0 0, "
    "1 -1 -1",
}
ALIKE_AT_FIRST = {  # on NAND, and in their first epoch like "ok" and like each other
    "fires_at_zero": "1 0 0, 1 0 0, 1 0 0, 1 0 0, 0 -1 -1, 0 -1 -1, 1 -1 0, 1 -1 0, 0 -2 -1, 0 -2 -1, 1 -2 0, "
    "2 -1 0, 1 -2 -1",
    "end_of_epoch": "1 0 0, 1 0 0, 1 0 0, 1 0 0, 0 -1 -1, 0 -1 -1, 0 -1 -1, 0 -1 -1, 3 0 0, 3 0 0, 3 0 0, 3 0 0, "
    "2 -1 -1",
}
FIVE = np.array([[2, -1, 0.5], [-1, 0, 1], [0.5, 3, -2], [1, 1, 0], [-2, 0.5, 1]])
ON_FIVE = {  # labels 1, 0, 1, 0, 1 and the learning rate 1/2
    "ok": ".25 -.5 0 .5, .75 .5 -.5 .75, .25 1 -.5 .25, .75 1.25 1 -.75, .25 .75 .5 -.75, .75 -.25 .75 -.25, "
    "1.25 .75 .25 0, .75 1.25 .25 -.5, .75 1.25 .25 -.5, .25 .75 -.25 -.5, .75 -.25 0 0",
    "wrong_sign": ".25 -.5 0 .5, -.25 -1.5 .5 .25, .25 -2 .5 .75, -.25 -2.25 -1 1.75, -.25 -2.25 -1 1.75, "
    "-.25 -2.25 -1 1.75, -.75 -3.25 -.5 1.5, -.25 -3.75 -.5 2, -.75 -4 -2 3, -.75 -4 -2 3, -.75 -4 -2 3",
    "end_of_epoch": ".25 -.5 0 .5, .25 -.5 0 .5, .25 -.5 0 .5, .25 -.5 0 .5, .25 -.5 0 .5, .75 1.25 1 -.75, "
    ".75 1.25 1 -.75, .75 1.25 1 -.75, .75 1.25 1 -.75, .75 1.25 1 -.75, .75 -.25 .75 -.25",
}
WITH_A_TENTH = {  # on OR, learning rate 1/10
    "bias_frozen": "-.25 .17 -.08, -.25 .17 -.08, -.25 .17 .02, -.25 .27 .02, -.25 .27 .02, -.25 .27 .02, "
    "-.25 .27 .12, -.25 .27 .12, -.25 .27 .12",
    "ignores_output": "-.25 .17 -.08, -.25 .17 -.08, -.15 .17 .02, -.05 .27 .02, .05 .37 .12, .05 .37 .12, "
    ".15 .37 .22, .25 .47 .22, .35 .57 .32",
}


@question("0.8")
@points(4)
def test_traces_of_nand(student):
    """Traces of every rule on the list, trained on NAND; some end with equal weights, some begin alike."""
    cases = [(f"NAND, the rule {rule}", FOUR, NAND, trace(text), 1.0, rule) for rule, text in ON_NAND.items()]
    cases += [
        (f"NAND from (1, 0, 0), the rule {rule}", FOUR, NAND, trace(text), 1.0, rule)
        for rule, text in ALIKE_AT_FIRST.items()
    ]
    names(student, cases)


@question("0.8")
@points(3)
def test_traces_with_other_learning_rates(student):
    """Other rows, and learning rates of 1/2 and 1/10."""
    cases = [
        (f"five rows of three inputs, the rule {rule}", FIVE, [1, 0, 1, 0, 1], trace(text), 0.5, rule)
        for rule, text in ON_FIVE.items()
    ]
    cases += [
        (f"OR with c = 0.1, the rule {rule}", FOUR, OR, trace(text), 0.1, rule)
        for rule, text in WITH_A_TENTH.items()
    ]
    names(student, cases)


@question("0.8")
@points(2)
def test_traces_of_two_rules_and_of_none(student):
    """Where two rules fit, the first on the list; where none does, "unknown"."""
    still, silent = trace(", ".join(["-1 2 2"] * 9)), trace(", ".join(["1 1 -1"] * 9))
    doubled = trace("0 0 1, 0 0 1, 0 0 1, 2 2 1, 0 0 -1, 0 0 -1, 2 0 1, 2 0 1, 0 -2 -1")
    only_up = trace("0 0 1, 1 0 1, 1 0 1, 1 0 1, 1 0 1, 1 0 1, 1 0 1, 1 0 1, 1 0 1")
    whole = trace("0 0 1, 0 0 1, 0 0 1, 1 1 1, 0 0 0, 0 0 0, 1 0 1, 1 0 1, 0 -1 0")
    late = trace("0 1 -1, 0 1 -1, 1 1 0, 1 1 0, 1 1 0, 0 1 0, 1 1 1, 1 1 1, 1 1 2")
    grown = [np.array([0.0, 0.0])]
    for _ in range(30):  # the delta rule on a large input explodes
        grown.append(grown[-1] + (1 - grown[-1] @ [1, 3]) * np.array([1, 3]))
    cases = [
        ("OR, weights that are right from the start", FOUR, OR, still, 1.0, "ok"),
        ("all labels 0, the weights never change", FOUR, [0, 0, 0, 0], silent, 1.0, "ignores_output"),
        ("XOR, every correction twice as large", FOUR, XOR, doubled, 1.0, "unknown"),
        ("NAND, corrections upwards only", FOUR, NAND, only_up, 1.0, "unknown"),
        ("XOR, made with c = 1 where c is 1/2", FOUR, XOR, whole, 0.5, "unknown"),
        ("OR, right but for the last presentation", FOUR, OR, late, 1.0, "unknown"),
        ("one row, weights that explode", np.array([[3.0]]), [1], np.array(grown), 1.0, "not_thresholded"),
    ]
    names(student, cases)


RULES = (
    "ok",
    "fires_at_zero",
    "wrong_sign",
    "bias_frozen",
    "ignores_output",
    "not_thresholded",
    "end_of_epoch",
)


def run_of(rule, x, y, start, epochs, rate):
    """The trace of a rule, on the list or not, and the net inputs that it met."""
    rows, weights, waiting = np.column_stack([np.ones(len(x)), x]), np.array(start), 0.0
    trace, nets = [weights], []
    for row, label in zip(np.tile(rows, (epochs, 1)), np.tile(y, epochs), strict=True):
        net = float(row @ weights)
        nets.append(net)
        fires = net > 0
        factor = {
            "fires_at_zero": label - (net >= 0),
            "wrong_sign": fires - label,
            "ignores_output": label,
            "not_thresholded": label - net,
            "twice": 2 * (label - fires),
            "only_up": max(label - fires, 0),
            "only_down": min(label - fires, 0),
        }.get(rule, label - fires)
        change = rate * factor * row
        if rule == "bias_frozen":
            change[0] = 0
        if rule == "bias_only":
            change[1:] = 0
        waiting = waiting + change
        if rule != "end_of_epoch" or len(trace) % len(x) == 0:
            weights, waiting = weights + waiting, 0.0
        trace.append(weights)
    return np.array(trace), np.array(nets)


# Where a net input is so near 0 that rounding decides its sign, two right answers may differ: such a run, of any
# rule on the list, is drawn anew. With rates of 1 and 1/2 and rows of quarters a net input of 0 is exact.
def random_trace(rng, rule, rate):
    """A run of a rule on random rows, and the first name on the list that fits it."""
    while True:
        n, d = int(rng.integers(3, 6)), int(rng.integers(2, 4))
        x, y, start, epochs = quarters(rng, n, d, most=6), rng.integers(0, 2, size=n), quarters(rng, d + 1), 3
        if rate == 0.1:
            start = start + rng.uniform(0.01, 0.2, size=d + 1)
        runs = {name: run_of(name, x, y, start, epochs, rate) for name in RULES}
        trace, _ = run_of(rule, x, y, start, epochs, rate)
        nets = np.abs(np.concatenate([nets for _, nets in runs.values()]))
        unsure = nets < 1e-6 if rate == 0.1 else (nets < 1e-6) & (nets > 0)
        fits = [np.allclose(own, trace, rtol=1e-6, atol=1e-6) for own, _ in runs.values()]
        nearly = [np.allclose(own, trace, rtol=1e-4, atol=1e-4) for own, _ in runs.values()]
        if not unsure.any() and fits == nearly:
            name = next((name for name, fit in zip(RULES, fits, strict=True) if fit), "unknown")
            return f"{n} rows of {d} inputs, c = {rate:g}", x, y, trace, rate, name


@question("0.8")
@points(3)
@hidden
def test_other_traces(student, rng):
    """Random rows, learning rates 1, 1/2 and 1/10, rules that are on the list and rules that are not."""
    cases = [random_trace(rng, rule, rate) for rule in RULES for rate in (1.0, 0.5, 0.1)]
    cases += [random_trace(rng, rule, 0.5) for rule in ("twice", "only_up", "only_down", "bias_only")]
    names(student, cases)


# --- 0.9 Ten digits, and an average --------------------------------------------------------------------------


def passed_over(answer, weights, average):
    """Both matrices that come back are right."""
    fine = isinstance(answer, (list, tuple)) and len(answer) == 2
    expect.true(fine, "multiclass_epoch should return two arrays: the last weights and the average", answer)
    expect.close(answer[0], weights, what="the last weights")
    expect.close(answer[1], average, what="the average")


@question("0.9")
@points(3)
def test_classes_by_hand(student):
    """The example of the text: rows 1, 1, 3 with the labels 1, 1, 0, from zero. The first largest wins."""
    answer = student.multiclass_epoch(np.zeros((2, 2)), np.array([[1.0], [1.0], [3.0]]), np.array([1, 1, 0]))
    passed_over(answer, np.array([[0.0, 0], [2, -2]]), np.array([[-2 / 3, 2 / 3], [0, 0]]))


@question("0.9")
@points(3)
def test_classes_of_random_rows(student, reference, rng):
    """Random rows and classes, with ties; the same question twice has the same answer."""
    for n, d, k in ((10, 2, 3), (7, 3, 5)):
        weights, x = rng.integers(-1, 2, size=(d + 1, k)).astype(float), quarters(rng, n, d, most=3)
        y, held = rng.integers(0, k, size=n), student.hold(weights)
        for _ in range(2):
            passed_over(student.multiclass_epoch(held, x, y), *reference.multiclass_epoch(weights, x, y))


def known(weights, mnist):
    """The share of test digits whose class has the largest net input."""
    nets = mnist.x_test.reshape(-1, 784).astype(float) @ weights[1:] + weights[0]
    return float((nets.argmax(axis=1) == mnist.y_test).mean())


@question("0.9")
@points(2)
def test_first_digits(student, mnist):
    """The first 5,000 digits: the last weights know 85.2 % of the test digits, the average 88.7 %."""
    x, y = mnist.x_train[:5000].reshape(-1, 784).astype(float), mnist.y_train[:5000].astype(int)
    answer = student.multiclass_epoch(np.zeros((785, 10)), x, y)
    expect.true(isinstance(answer, (list, tuple)) and len(answer) == 2, "two arrays should come back", answer)
    for weights, right, what in ((answer[0], 0.8523, "the last weights"), (answer[1], 0.8866, "the average")):
        expect.shape(weights, (785, 10), what=what)
        share = known(np.asarray(weights, float), mnist)
        expect.close(share, right, atol=0.0005, what=f"the share of test digits that {what} know")


# Over 40 random orders of 20,000 digits the average knew 90.9 to 91.6 % of the test digits. The weights are whole
# numbers, so right answers are equal; how much better the average is than the last weights is the digits' doing.
@question("0.9")
@points(2)
@hidden
def test_digits_in_random_order(student, reference, rng, mnist):
    """20,000 digits in random order: the average knows at least 90.5 % of the test digits."""
    rows = rng.permutation(60_000)[:20_000]
    x, y = mnist.x_train[rows].reshape(-1, 784).astype(float), mnist.y_train[rows].astype(int)
    answer = student.multiclass_epoch(np.zeros((785, 10)), x, y)
    passed_over(answer, *reference.multiclass_epoch(np.zeros((785, 10)), x, y))
    expect.at_least(known(np.asarray(answer[1]), mnist), 0.905, what="the share that the average knows")
