"""The checks of lab 09. A student sees each docstring as the title of a check."""

import math

import numpy as np

from labkit.check import expect, hidden, limit, needs, outputs, points, question, training_cost, uses
from labkit.check.training import trained


def forward(network, x):
    """What a ReLU network computes."""
    for kernel, bias in zip(network[:-2:2], network[1:-2:2], strict=True):
        x = np.maximum(x @ kernel + bias, 0)
    return x @ network[-2] + network[-1]


def relu_network(answer, name, layers=None):
    """A list of arrays that is a ReLU network with one input and one output."""
    right = isinstance(answer, (list, tuple)) and len(answer) >= 4 and len(answer) % 2 == 0
    sentence = f"{name} should return a list of arrays [kernel, bias, …, kernel, bias]"
    expect.true(right, sentence, received="no network", summary="no network")
    if layers is not None:
        sentence = f"{name} should return four arrays: one hidden layer; there are {len(answer)}"
        expect.true(
            len(answer) == 2 * layers, sentence, received="layers", summary="more than one hidden layer"
        )
    network = [np.asarray(part, np.float64) for part in answer]
    shapes, inputs = [], 1
    for bias in network[1::2]:
        units = np.size(bias)
        shapes += [(inputs, units), (units,)]
        inputs = units
    shapes[-2:] = [(shapes[-2][0], 1), (1,)]
    got = [part.shape for part in network]
    sentence = f"the arrays of {name} have the shapes {got}; they should have {shapes}"
    expect.true(got == shapes, sentence, received=str(got), summary="the arrays have wrong shapes")
    expect.true(
        all(np.isfinite(p).all() for p in network), f"{name}: not all is finite", received="not finite"
    )
    return network


# --- 9.1 A curve without training ------------------------------------------------------------------------------


def interpolated(student, knots, values, told):
    """Exact at the knots and straight between, with at most as many units as knots."""
    network = relu_network(student.relu_interpolant(knots, values), "relu_interpolant", layers=2)
    shares = np.array([0.0, 0.25, 0.5, 0.8])
    x = np.append((knots[:-1, None] + np.diff(knots)[:, None] * shares).ravel(), knots[-1])
    found = forward(network, x[:, None])[:, 0]
    expect.close(found, np.interp(x, knots, values), rtol=1e-5, atol=1e-5, what=f"the network {told}")
    return network


@question("9.1")
@points(2)
def test_interpolant_by_hand(student):
    """Knots (0, 1, 3), values (1, 3, −1), and two knots alone."""
    interpolated(student, np.array([0.0, 1.0, 3.0]), np.array([1.0, 3.0, -1.0]), "of the text")
    interpolated(student, np.array([-2.0, 2.0]), np.array([5.0, 4.0]), "through two points")


@question("9.1")
@points(3)
def test_interpolant_of_any_spacing(student, rng):
    """Knots of any spacing, positive and negative, values far from 0."""
    for k, offset in ((6, 0.0), (9, -7.0)):
        knots = np.cumsum(rng.uniform(0.2, 2, size=k)) + offset
        interpolated(student, knots, rng.normal(size=k) * 3 + offset, f"through {k} points")


@question("9.1")
@points(1)
def test_no_more_units_than_knots(student, rng):
    """At most as many units as knots."""
    for k in (2, 5, 12):
        knots = np.cumsum(rng.uniform(0.2, 2, size=k))
        network = relu_network(
            student.relu_interpolant(knots, rng.normal(size=k)), "relu_interpolant", layers=2
        )
        sentence = f"{k} knots: the network has {network[0].shape[1]} units; {k} should do"
        expect.true(network[0].shape[1] <= k, sentence, received="units", summary="too many units")


@question("9.1")
@points(3)
def test_error_of_the_sine(student):
    """One sine: the largest errors with 8, 16, 32 and 64 intervals, a quarter each time."""
    x, errors = np.linspace(0, 2 * np.pi, 200_001), []
    for intervals in (8, 16, 32, 64):
        knots = np.linspace(0, 2 * np.pi, intervals + 1)
        network = relu_network(student.relu_interpolant(knots, np.sin(knots)), "relu_interpolant", layers=2)
        fitted = np.interp(x, knots, forward(network, knots[:, None])[:, 0])
        exact = (
            np.abs(forward(network, x[:: 200_000 // 1000, None])[:, 0] - fitted[:: 200_000 // 1000]).max()
            < 1e-5
        )
        expect.true(exact, "the network is not straight between its knots", received="not straight")
        errors.append(float(np.abs(fitted - np.sin(x)).max()))
    right = [0.0703776, 0.0188463, 0.0047921, 0.0012031]
    expect.close(errors, right, rtol=1e-3, atol=1e-6, what="the list of largest errors")


@question("9.1")
@points(3)
@hidden
def test_other_interpolants(student, rng):
    """Other knots and values; float32."""
    for k in (2, 4, 15):
        knots = np.cumsum(rng.uniform(0.1, 3, size=k)) - rng.uniform(0, 10)
        interpolated(student, knots, rng.normal(size=k) * 5 + rng.normal() * 3, "")
    knots = np.cumsum(rng.uniform(0.5, 2, size=5)).astype(np.float32)
    values = rng.normal(size=5).astype(np.float32)
    network = relu_network(student.relu_interpolant(knots, values), "relu_interpolant", layers=2)
    expect.close(forward(network, knots[:, None].astype(float))[:, 0], values, rtol=1e-3, atol=1e-3)


# --- 9.2 What depth buys ---------------------------------------------------------------------------------------


def exact_pieces(network, a, b):
    """Borders and slopes of the straight pieces of a ReLU network on [a, b], kinks without a change left out."""
    places = np.array([a, b], np.float64)
    for end in range(2, len(network), 2):
        z = forward(network[:end], places[:, None])  # straight between the places so far
        crosses = z[:-1] * z[1:] < 0
        shares = z[:-1] / np.where(crosses, z[:-1] - z[1:], 1)
        zeros = places[:-1, None] + np.diff(places)[:, None] * shares
        places = np.unique(np.append(places, zeros[crosses]))
        places = places[np.diff(places, prepend=-np.inf) > 1e-9 * (b - a)]
    places = places[np.diff(places, prepend=-np.inf) > 1e-7 * (b - a)]
    slopes = np.diff(forward(network, places[:, None])[:, 0]) / np.diff(places)
    steep = max(float(np.abs(slopes).max()), 1e-9)
    turns = np.abs(np.diff(slopes)) > 1e-6 * steep
    borders = np.concatenate([[a], places[1:-1][turns], [b]])
    return borders, np.append(slopes[:-1][turns], slopes[-1])


def drawn_network(rng, hidden, a=-3.0, b=3.0):
    """A random network whose pieces can be told apart: all are wide enough, all changes of slope large enough."""
    while True:
        sizes, network = (1, *hidden, 1), []
        for inputs, units in zip(sizes[:-1], sizes[1:], strict=True):
            network += [rng.normal(size=(inputs, units)) * math.sqrt(2 / inputs), rng.normal(size=units)]
        borders, slopes = exact_pieces(network, a, b)
        steep = np.abs(slopes).max()
        clear = np.diff(borders).min() > (b - a) / 400 and len(slopes) > 2
        if clear and steep > 0.05 and np.abs(np.diff(slopes)).min() > 0.015 * steep:
            return network, len(slopes)


def counted(student, cases):
    """Numbers of pieces; the first that is wrong is told."""
    answers, expected = [], []
    for _, network, a, b, right in cases:
        answers.append(student.count_pieces(network, a, b))
        expected.append(right)
    whole = all(isinstance(x, (int, np.integer)) and not isinstance(x, bool) for x in answers)
    told = expect.describe(answers[0])
    expect.true(whole, f"count_pieces should return an integer, not {told}", received="no integer")
    wrong = [place for place, pair in enumerate(zip(answers, expected, strict=True)) if pair[0] != pair[1]]
    sentence = ""
    if wrong:
        name, _, a, b, right = cases[wrong[0]]
        sentence = (
            f"{len(wrong)} of {len(cases)} are wrong; the first: {name} on [{a:g}, {b:g}] has {right}, you count "
            f"{int(answers[wrong[0]])}"
        )
    received = np.array([int(answer) for answer in answers])
    expect.true(not wrong, sentence, received=received, summary=f"{len(wrong)} of {len(cases)} are wrong")


def layer(places, changes, slope=0.0):
    """One hidden layer with kinks at `places`, where the slope changes by `changes`; `slope` at the left."""
    places, changes = np.array(places, float), np.array(changes, float)
    kernel = np.append(np.ones(len(places)), [1.0])
    weights = np.append(changes, [slope])
    return [kernel[None], np.append(-places, [50.0]), weights[:, None], np.array([-50.0 * slope + 0.3])]


HAT = layer([0.0, 1.0, 2.0], [1.0, -2.0, 1.0])


@question("9.2")
@points(2)
def test_pieces_by_hand(student):
    """A hat on [−1, 3], [0, 2] and [0.5, 3]; a zigzag; a straight line; a constant; the text's sines."""
    up_and_down = layer([-1.0, 0.5, 1.5], [-2.0, 2.0, -2.0], slope=1.0)
    sines = []
    for intervals, right in ((16, 15), (8, 7)):
        knots = np.linspace(0, 2 * np.pi, intervals + 1)
        changes = np.diff(np.diff(np.sin(knots)) / np.diff(knots), prepend=0)
        network = [np.ones((1, intervals)), -knots[:-1], changes[:, None], np.zeros(1)]
        sines.append((f"a sine with {intervals} intervals", network, 0.0, 2 * np.pi, right))
    cases = [
        ("a hat", HAT, -1.0, 3.0, 4),
        ("a hat", HAT, 0.0, 2.0, 2),
        ("a hat", HAT, 0.5, 3.0, 3),
        ("a zigzag", up_and_down, -3.0, 3.0, 4),
        ("a straight line", layer([7.0], [1.0], slope=2.0), -1.0, 1.0, 1),
        ("a constant", layer([7.0], [1.0]), -1.0, 1.0, 1),
    ]
    counted(student, cases + sines)


@question("9.2")
@points(2)
def test_pieces_of_one_layer(student, rng):
    """Random networks with one hidden layer."""
    cases = [("a random layer", *drawn_network(rng, (units,))) for units in (5, 8, 12)]
    counted(student, [(name, network, -3.0, 3.0, right) for name, network, right in cases])


@question("9.2")
@points(3)
def test_pieces_of_deep_networks(student, rng):
    """Random networks with two to four hidden layers, and folds."""
    cases = []
    for hidden_layers in ((6, 5), (5, 4, 4), (4, 4, 3, 3), (3, 8)):
        network, right = drawn_network(rng, hidden_layers)
        cases.append((f"a random network {hidden_layers}", network, -3.0, 3.0, right))
    for n in (2, 5):
        cases.append((f"{n} folds", folded(n), 0.0, 1.0, 2**n))
    counted(student, cases)


def folded(n):
    network = []
    for inputs in [1] + [2] * (n - 1):
        network += [np.tile([[2.0, -2.0]], (inputs, 1)), np.array([-1.0, 1.0])]
    return [*network, np.ones((2, 1)), np.zeros(1)]


SPECIAL = [
    ("two units that cancel", layer([0.0, 0.0, 1.0], [3.0, -3.0, 1.0]), -2.0, 2.0, 2),
    ("two units with the same kink", layer([0.5, 0.5, -1.0], [1.0, 0.5, 1.0]), -2.0, 2.0, 3),
    ("a unit with weight 0", layer([-1.0, 0.5, 1.0], [1.0, 0.0, -1.0]), -2.0, 2.0, 3),
    ("a kink outside", layer([-5.0, 0.3, 4.0], [1.0, 1.0, 1.0]), -2.0, 2.0, 2),
    ("kinks at both ends", layer([-2.0, 0.0, 2.0], [1.0, 1.0, 1.0]), -2.0, 2.0, 2),
    ("slopes that come back", layer([-1.0, 0.0, 1.0], [1.0, -1.0, 1.0], slope=1.0), -2.0, 2.0, 4),
    ("a flat piece in the middle", layer([-1.0, 1.0], [-1.0, 1.0], slope=1.0), -2.0, 2.0, 3),
]


def dead_layer(rng):
    """Two layers, of which the second is off on the right half: kinks of the first do not matter there."""
    first = [np.ones((1, 4)), np.array([1.5, 0.5, -0.7, -1.4])]
    second = [np.array([[1.0], [-2.0], [-1.0], [-1.0]]), np.array([0.35])]
    return [*first, *second, np.array([[float(rng.uniform(0.5, 2))]]), np.zeros(1)]


@question("9.2")
@points(2)
def test_pieces_of_special_networks(student, rng):
    """Units that cancel, double, have weight 0, kink outside or at an end; layers that are off; flat pieces."""
    network = dead_layer(rng)
    right = len(exact_pieces(network, -3.0, 3.0)[1])
    counted(student, [*SPECIAL, ("a second layer that is off on the right", network, -3.0, 3.0, right)])


def folds(student, numbers):
    """fold(n) at many places, and not more than 2 n units."""
    for n in numbers:
        network = relu_network(student.fold(n), f"fold({n})")
        x = np.linspace(0, 1, 4 * 2**n + 1)
        right = x.copy()
        for _ in range(n):
            right = np.abs(2 * right - 1)
        expect.close(forward(network, x[:, None])[:, 0], right, rtol=1e-5, atol=1e-6, what=f"fold({n})")
        units = sum(bias.size for bias in network[1:-2:2])
        sentence = f"fold({n}) has {units} units; {2 * n} should do"
        expect.true(units <= 2 * n, sentence, received="units", summary="too many units")


@question("9.2")
@points(3)
def test_folds(student):
    """One to five folds: abs(2x − 1) again and again, with at most two units a fold."""
    folds(student, (1, 2, 3, 5))


@question("9.2")
@points(3)
@hidden
def test_pieces_of_other_networks(student, rng):
    """Other random networks, of one to four layers, on other intervals."""
    cases = []
    for hidden_layers in ((9,), (7, 4), (5, 5, 3), (4, 3, 3, 3)):
        a, b = float(rng.uniform(-4, -2)), float(rng.uniform(2, 4))
        network, right = drawn_network(rng, hidden_layers, a, b)
        cases.append((f"a random network {hidden_layers}", network, a, b, right))
    counted(student, cases)


@question("9.2")
@points(1)
@hidden
def test_ten_folds(student):
    """Ten folds: 1,024 pieces with 20 units."""
    folds(student, (7, 10))


# --- 9.3 A surface in its own units ----------------------------------------------------------------------------


@question("9.3")
@points(2)
def test_r_squared_by_hand(student):
    """(1, 2, 3, 4) against (1, 2, 3, 5): 0.8; against itself 1, against its mean 0, backwards −3."""
    z = np.array([1.0, 2.0, 3.0, 4.0])
    cases = [np.array([1.0, 2.0, 3.0, 5.0]), z, np.full(4, 2.5), z[::-1].copy()]
    found = [student.r_squared(z, predicted) for predicted in cases]
    expect.close(found, [0.8, 1.0, 0.0, -3.0], what="the list of R²")


@question("9.3")
@points(1)
def test_r_squared_of_columns(student, rng):
    """(n,) and (n, 1) in all four combinations; scale and offset are not forgiven."""
    z = rng.normal(size=30)
    predicted = 0.8 * z + 0.3 + 0.2 * rng.normal(size=30)
    right = 1 - ((z - predicted) ** 2).sum() / ((z - z.mean()) ** 2).sum()
    found = [student.r_squared(a, b) for a in (z, z[:, None]) for b in (predicted, predicted[:, None])]
    expect.close(found, [right] * 4, what="the list of R²")


DENSE = {
    *("Dense", "Flatten", "Reshape", "Rescaling", "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"),
    *("Dropout", "GaussianNoise", "BatchNormalization", "LayerNormalization", "ActivityRegularization"),
}


def rosenbrock(x):
    return 100 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1 - x[:, 0]) ** 2


def surface(rng, n, units=False):
    """Points, heights, and a grid with its true heights, perhaps in other units."""
    x = rng.uniform([-2, -1], [2, 3], size=(n, 2))
    across, up = np.meshgrid(np.linspace(-1.95, 1.95, 40), np.linspace(-0.95, 2.95, 40))
    grid = np.stack([across.ravel(), up.ravel()], axis=1)
    z, true = rosenbrock(x), rosenbrock(grid)
    if not units:
        return x, z, grid, true
    scale, offset = rng.uniform(100, 300, size=2), rng.uniform(-2000, 2000, size=2)
    deviation, far = z.std(), float(rng.uniform(200, 400)) * float(rng.choice([-1, 1]))
    return (
        x * scale + offset,
        z / deviation * 50 + 50 * far,
        grid * scale + offset,
        true / deviation * 50 + 50 * far,
    )


def _whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def plan(student, x, z, budget):
    """What `fit_surface` returns, checked for all that can be seen without training."""
    answer = student.fit_surface(x, z, budget)
    right = isinstance(answer, (list, tuple)) and len(answer) == 3
    expect.true(right, "fit_surface should return three things: model, batch size, epochs", "not three")
    model, batch_size, epochs = answer
    expect.true(hasattr(model, "layers"), "the first of the three should be a Keras model", "no model")
    expect.true(not model.problem, model.problem or "", "model")
    others = sorted({part.kind for part in model.layers} - DENSE)
    expect.true(not others, f"only dense layers are wanted here, not {', '.join(others)}", others)
    shape = tuple(model.input_shape)
    expect.true(shape == (2,), f"the model takes inputs of shape {shape}; it should take (2,)", "inputs")
    expect.true(
        model.compile is not None, "the model is not compiled, so nobody knows how to train it", "compile"
    )
    for name, value, most in (("batch size", batch_size, len(x)), ("number of epochs", epochs, 10**6)):
        sentence = f"the {name} should be a whole number from 1 to {most:,}, not {expect.describe(value)}"
        expect.true(_whole(value) and 1 <= value <= most, sentence, name)
    cost = training_cost(model, len(x), int(epochs))
    what = f"the cost, {cost:.3g} multiply-adds, in parts of the budget {budget:g},"
    expect.at_most(cost / budget, 1.0, what, 0.02)
    return model, int(batch_size), int(epochs)


def fitted(student, data, budget):
    """R² on the grid after the grader's own training."""
    x, z, grid, true = data
    model, batch_size, epochs = plan(student, x, z, budget)
    try:
        after = trained(model, x, z, epochs=epochs, batch_size=batch_size)
    except ValueError as problem:
        expect.true(False, str(problem), "cannot be trained")
    found = np.asarray(outputs(after, grid), np.float64)
    expect.shape(found, (len(grid), 1), what="the output of the model")
    if not np.isfinite(found).all():
        return float("nan")
    return float(1 - ((found[:, 0] - true) ** 2).sum() / ((true - true.mean()) ** 2).sum())


@question("9.3")
@points(2)
@uses("keras")
def test_fit_surface_keeps_to_the_budget(student, rng):
    """A compiled model from (n, 2) to (n, 1), and a training that costs no more than each of three budgets."""
    for budget in (1e8, float(rng.uniform(5e8, 5e9)), 1e10):
        x, z, _, _ = surface(rng, 1500)
        model, _, _ = plan(student, x, z, budget)
        expect.shape(outputs(model, x[:7]), (7, 1), "the output of the model")


@question("9.3")
@points(3)
@needs("9.3")
@limit(60)
@uses("keras")
def test_fit_surface_on_a_small_budget(student, rng):
    """Rosenbrock's function with a budget of 2e9: R² of at least 0.95 on a grid."""
    r2 = fitted(student, surface(rng, 1500), 2e9)
    expect.at_least(r2, 0.95, "R² on the grid", like=0.05)


@question("9.3")
@points(2)
@hidden
@limit(60)
@needs("9.3")
@uses("keras")
def test_fit_surface_in_other_units(student, rng):
    """The same surface in other units: R² of at least 0.995 on a grid."""
    r2 = fitted(student, surface(rng, 1700, units=True), 1e10)
    expect.at_least(r2, 0.995, "R² on the grid", like=0.05)


@question("9.3")
@points(2)
@hidden
@limit(60)
@needs("9.3")
@uses("keras")
def test_fit_surface(student, rng):
    """Rosenbrock's function with a budget of 1e10: full points from R² 0.998 on, none at 0.95."""
    r2 = fitted(student, surface(rng, 2000), 1e10)
    expect.graded(r2, none=0.95, full=0.998, what="R² on the grid", like=0.01)


@question("9.3")
@points(1)
@hidden
def test_r_squared_of_other_numbers(student, rng):
    """scikit-learn's r2_score."""
    from sklearn.metrics import r2_score

    found, right = [], []
    for scale in (0.1, 1.0, 3.0):
        z = rng.normal(size=50) * 20 + 100
        predicted = z + scale * 20 * rng.normal(size=50) + 5
        found.append(student.r_squared(z, predicted[:, None]))
        right.append(float(r2_score(z, predicted)))
    expect.close(found, right, what="the list of R²")


# --- 9.4 Shapes on one budget ----------------------------------------------------------------------------------


@question("9.4")
@points(3)
def test_widths_of_the_lectures(student):
    """501 numbers: 125, 20, 14, 11, 10, 9 for depth 1 to 6; 541 and 837 with three layers; EPFL's networks on MNIST."""
    found = [student.width_for_budget(depth, 501) for depth in range(1, 7)]
    found += [student.width_for_budget(3, 541), student.width_for_budget(3, 837)]
    found += [student.width_for_budget(1, 95_410, 784, 10), student.width_for_budget(1, 15_910, 784, 10)]
    expect.equal(found, [125, 20, 14, 11, 10, 9, 15, 19, 120, 20], what="the list of widths")


def cost(width, depth, inputs, outputs_):
    sizes = [inputs, *[width] * depth, outputs_]
    return sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


def borders(student, rng, count):
    """Budgets that a width costs exactly, one more, and one less."""
    found, right = [], []
    for _ in range(count):
        depth, inputs, out = int(rng.integers(1, 6)), int(rng.integers(1, 30)), int(rng.integers(1, 8))
        width = int(rng.integers(2, 60))
        for extra in (-1, 0, 1):
            found.append(
                student.width_for_budget(depth, cost(width, depth, inputs, out) + extra, inputs, out)
            )
            right.append(width - (extra < 0))
    expect.equal(found, right, what="the list of widths")


@question("9.4")
@points(2)
def test_widths_at_the_borders(student, rng):
    """Budgets that are met exactly, missed by one, and one too many."""
    borders(student, rng, 6)


def tabulated(student, shapes, x, z, epochs, seeds):
    """A table of losses, finite, of the right shape."""
    answer = student.final_losses(shapes, x, z, epochs, seeds)
    expect.shape(answer, (len(shapes), len(seeds)), what="the table of losses")
    table = np.asarray(answer, np.float64)
    expect.true(np.isfinite(table).all(), "a loss is not finite", received="not finite")
    return table


def repeated(student, rng, first, second, seeds):
    """The same seeds give the same row, alone and among others; other seeds another."""
    x = rng.uniform(-1, 1, size=(96, 2))
    z = np.sin(3 * x[:, 0]) + x[:, 1] ** 2
    table = tabulated(student, [first, second], x, z, 2, seeds)
    alone = np.array([tabulated(student, [second], x, z, 2, [seed])[0, 0] for seed in seeds])
    wrong = np.flatnonzero(np.abs(table[1] / alone - 1) > 1e-3).tolist()
    sentence = (
        f"the row of {second} is {', '.join(f'{v:.5f}' for v in table[1])} after that of {first}, and "
        f"{', '.join(f'{v:.5f}' for v in alone)} alone; each training should begin from its seed, with a new network"
    )
    how = "one value" if float(np.ptp(table[1])) == 0 else "values"
    expect.true(not wrong, sentence, received=[how, *wrong], summary="a row depends on the others")
    same = float(np.abs(table[:, 0] / table[:, 1] - 1).min())
    sentence = "two seeds give the same loss: the seed has no influence"
    expect.true(same > 1e-6, sentence, received="seeds alike", summary=sentence)
    return x, z, table


@question("9.4")
@points(3)
@uses("keras")
@limit(120)
def test_table_of_losses(student, rng):
    """A table of the right shape; a row is the same alone; seeds differ."""
    repeated(student, rng, (3,), (4, 2), [1, 2])


# The bounds of these two checks are the course page's; how far the reference keeps from them on twenty draws has not
# been measured yet.
def learned(student, rng, seed):
    """What is learned, and what cannot be."""
    x = rng.uniform(-1, 1, size=(300, 1))
    table = tabulated(student, [(24, 8), (1,)], x, np.abs(x[:, 0]) - 3, 150, [seed])
    sentence = (
        f"abs(x) - 3 with layers (24, 8), 150 epochs: the loss is {table[0, 0]:.4g}; it should be below 0.01"
    )
    expect.true(
        table[0, 0] < 0.01, sentence, received=float(table[0, 0]), like=0.2, summary="a loss is too large"
    )
    sentence = f"abs(x) - 3 with one unit: the loss is {table[1, 0]:.4g}; that cannot be less than 0.01"
    expect.true(table[1, 0] > 0.01, sentence, received="one unit", summary="a loss is too small")


@question("9.4")
@points(2)
@uses("keras")
@limit(120)
def test_losses_of_what_is_learned(student, rng):
    """abs(x) − 3 is learned to 0.01 by layers (24, 8) in 150 epochs, not by a single unit."""
    learned(student, rng, 3)


def after_the_epoch(student, rng, seed):
    """The loss is that of the trained network, not the mean over the epoch."""
    x = rng.normal(size=(24_000, 1))
    table = tabulated(student, [(4,)], x, np.full(24_000, 5.0), 1, [seed])
    sentence = (
        f"24,000 rows with the target 5, one epoch: the loss is {table[0, 0]:.3g}; after the epoch it is below "
        "0.1 (the mean over the epoch is not)"
    )
    expect.true(
        table[0, 0] < 0.1, sentence, received=float(table[0, 0]), like=0.3, summary="not the final loss"
    )


@question("9.4")
@points(2)
@uses("keras")
@limit(120)
def test_losses_after_training(student, rng):
    """One epoch of 24,000 rows with the target 5: the loss of the trained network is below 0.1."""
    after_the_epoch(student, rng, 4)


@question("9.4")
@points(1)
@hidden
def test_other_widths(student, rng):
    """Other budgets, depths, inputs and outputs."""
    borders(student, rng, 12)


@question("9.4")
@points(3)
@hidden
@uses("keras")
@limit(120)
def test_other_tables(student, rng):
    """Other shapes, seeds and data; the last rows are learned, too."""
    seed = int(rng.integers(1000))
    repeated(student, rng, (2, 2), (5,), [seed, seed + 1])
    x = np.concatenate([rng.uniform(-1, 0, size=(290, 1)), np.full((20, 1), 2.0)])
    z = np.concatenate([np.zeros(290), np.full(20, 4.0)])
    table = tabulated(student, [(16,)], x, z, 60, [seed])
    sentence = f"the last 20 rows of 310 have the target 4, the others 0: the loss is {table[0, 0]:.3g}, not below 0.05"
    expect.true(table[0, 0] < 0.05, sentence, received="last rows", summary="the last rows are not learned")
    after_the_epoch(student, rng, seed)


# --- 9.5 Bias and variance -------------------------------------------------------------------------------------


def fits(student, x, y, degrees, x_new, told):
    for degree in degrees:
        right = np.array([np.polyval(np.polyfit(x, row, degree), x_new) for row in y])
        found = student.fit_polynomials(x, y, degree, x_new)
        expect.close(found, right, rtol=1e-5, atol=1e-5, what=f"the polynomials of degree {degree} {told}")


@question("9.5")
@points(2)
def test_polynomials_by_hand(student):
    """Parabolas through (1, 0, 1) and (0, 1, 2) at −1, 0, 1: 0.25 and 1.5 at ½; means with degree 0."""
    x, y = np.array([-1.0, 0.0, 1.0]), np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 2.0]])
    found = student.fit_polynomials(x, y, 2, np.array([0.5]))
    expect.close(found, np.array([[0.25], [1.5]]), what="the parabolas")
    found = student.fit_polynomials(x, y, 0, np.array([0.5, 7.0]))
    expect.close(found, np.array([[2 / 3, 2 / 3], [1.0, 1.0]]), what="the constants")


@question("9.5")
@points(2)
def test_polynomials(student, rng):
    """NumPy's polyfit, degrees 1 to 9, each data set by itself, at other places."""
    x = np.sort(rng.uniform(-1, 1, size=14))
    fits(student, x, rng.normal(size=(4, 14)), (1, 3, 6), rng.uniform(-1, 1, size=9), "of random data")
    even = np.linspace(-1, 1, 14)
    fits(
        student, even, np.sin(3 * even) + 0.1 * rng.normal(size=(3, 14)), (2, 9), even[::2] + 0.01, "of sines"
    )


@question("9.5")
@points(2)
def test_bias_variance_by_hand(student):
    """Predictions (1, 3) and (3, 5), truth (1, 4), noise 0.5: 0.5, 1 and 0.25."""
    answer = student.bias_variance(np.array([[1.0, 3.0], [3.0, 5.0]]), np.array([1.0, 4.0]), 0.5)
    expect.close(answer, [0.5, 1.0, 0.25], what="(bias², variance, noise)")


def decomposed(student, reference, rng, reps, m):
    predictions, truth = rng.normal(size=(reps, m)) * 2 + rng.normal(size=m), rng.normal(size=m)
    noise = float(rng.uniform(0.1, 2))
    answer = student.bias_variance(predictions, truth, noise)
    expect.close(
        answer, list(reference.bias_variance(predictions, truth, noise)), what="(bias², variance, noise)"
    )
    distance = float(((predictions - truth) ** 2).mean())
    expect.close(answer[0] + answer[1], distance, what="bias² + variance, beside the mean squared distance,")


@question("9.5")
@points(2)
def test_bias_and_variance_add_up(student, reference, rng):
    """Random predictions: bias² + variance is the mean squared distance from the truth, exactly."""
    for reps, m in ((5, 7), (30, 3), (1, 4)):
        decomposed(student, reference, rng, reps, m)


@question("9.5")
@points(2)
@hidden
def test_other_polynomials(student, rng):
    """Other data, degrees and places."""
    n = int(rng.integers(12, 20))
    x = np.linspace(-1, 1, n) + 0.02 * rng.normal(size=n).clip(-1, 1)
    fits(student, x, rng.normal(size=(3, n)), (0, 4, 8), rng.uniform(-1, 1, size=5), "")


@question("9.5")
@points(1)
@hidden
def test_other_decompositions(student, reference, rng):
    """Other predictions."""
    decomposed(student, reference, rng, int(rng.integers(2, 9)), 11)


# --- 9.6 The second descent ------------------------------------------------------------------------------------


def smallest(student, features, targets, told):
    """The least-squares weights of smallest norm, by the pseudo-inverse."""
    right = np.linalg.pinv(features, rcond=1e-12) @ targets
    found = student.min_norm(features, targets)
    expect.close(
        found, right, rtol=1e-4, atol=1e-5 * max(1.0, float(np.abs(right).max())), what=f"the weights {told}"
    )


@question("9.6")
@points(2)
def test_min_norm_by_hand(student):
    """(1, 2, 2) with target 9: (1, 2, 2); two rows and two features; a double feature."""
    cases = [
        ([[1.0, 2.0, 2.0]], [[9.0]], [[1.0], [2.0], [2.0]]),
        ([[1.0, 0.0], [0.0, 2.0]], [[3.0], [4.0]], [[3.0], [2.0]]),
        ([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], [[2.0], [4.0], [6.0]], [[1.0], [1.0]]),
    ]
    for features, targets, right in cases:
        found = student.min_norm(np.array(features), np.array(targets))
        expect.close(found, np.array(right), what="the weights")


@question("9.6")
@points(3)
def test_min_norm(student, rng):
    """More rows than features, more features than rows, zero and double features, several targets."""
    tall, wide = rng.normal(size=(20, 6)), rng.normal(size=(6, 20))
    smallest(student, tall, rng.normal(size=(20, 3)), "of 20 rows and 6 features")
    smallest(student, wide, rng.normal(size=(6, 3)), "of 6 rows and 20 features")
    tall[:, 2], tall[:, 4] = 0.0, tall[:, 0]
    smallest(student, tall, rng.normal(size=(20, 2)), "with a zero and a double feature")


@question("9.6")
@points(1)
def test_small_singular_values(student, rng):
    """Features of very different size: nothing is cut off, nothing is added."""
    features = rng.normal(size=(12, 5)) * np.array([1.0, 1e-2, 1e-4, 1.0, 1e-5])
    smallest(
        student,
        features,
        features @ rng.normal(size=(5, 2)) + 1e-6 * rng.normal(size=(12, 2)),
        "of small features",
    )


def descent(student, rng, mnist, n, q, counts):
    """Errors on random ReLU features of digits."""
    rows = rng.choice(60_000, size=n + 50, replace=False)
    features = np.maximum(mnist.x_train[rows].reshape(-1, 784) / 255 @ rng.normal(size=(784, q)) / 28, 0)
    targets = np.eye(10)[mnist.y_train[rows]]
    answer = student.double_descent(features[:n], targets[:n], features[n:], targets[n:], counts)
    right = isinstance(answer, (list, tuple)) and len(answer) == 2
    expect.true(right, "double_descent should return two lists", received="not two", summary="not two lists")
    train, test = [], []
    for p in counts:
        weights = np.linalg.pinv(features[:n, :p], rcond=1e-13) @ targets[:n]
        train.append(float(((features[:n, :p] @ weights - targets[:n]) ** 2).mean()))
        test.append(float(((features[n:, :p] @ weights - targets[n:]) ** 2).mean()))
    for found, wanted, name in zip(answer, (train, test), ("training", "test"), strict=True):
        expect.close(list(found), wanted, rtol=1e-3, atol=1e-8, what=f"the list of {name} errors")


@question("9.6")
@points(3)
def test_double_descent(student, rng, mnist):
    """Random ReLU features of 40 digits: both errors for 5 to 160 features, in the order of the list."""
    descent(student, rng, mnist, 40, 160, [5, 20, 35, 60, 160, 41, 40, 2])


@question("9.6")
@points(1)
@hidden
def test_other_smallest_weights(student, rng):
    """Other features, float64, some zero."""
    features = rng.normal(size=(9, 14))
    features[:, rng.integers(14)] = 0.0
    smallest(student, features, rng.normal(size=(9, 2)), "")
    smallest(student, features.T, rng.normal(size=(14, 2)), "")


@question("9.6")
@points(2)
@hidden
def test_other_double_descents(student, rng, mnist):
    """Other digits and features."""
    n = int(rng.integers(25, 45))
    descent(student, rng, mnist, n, 120, [n, 120, n - 4, 7, n + 15, 90])


# --- 9.7 Twenty layers, with and without skips -----------------------------------------------------------------


def norms(student, reference, arguments, told):
    """Both lists of norms, relative to what they should be: they may be tiny."""
    answer = student.gradient_norms(*arguments)
    right = isinstance(answer, (list, tuple)) and len(answer) == 2
    expect.true(
        right, "gradient_norms should return two arrays", received="not two", summary="not two arrays"
    )
    for found, wanted, name in zip(
        answer, reference.gradient_norms(*arguments), ("states", "kernels"), strict=True
    ):
        expect.shape(found, np.shape(wanted), what=f"the norms by {name}")
        what = f"the norms by {name}, relative to what they should be {told},"
        expect.close(np.asarray(found) / wanted, np.ones(len(wanted)), rtol=1e-5, what=what)


@question("9.7")
@points(2)
def test_norms_by_hand(student):
    """One layer of one unit with weight ½: states (0.3932, 1) and (1.3932, 1), kernel 0.7864."""
    one, slope = np.ones((1, 1)), 1 - math.tanh(0.5) ** 2
    for residual, first in ((False, slope / 2), (True, 1 + slope / 2)):
        answer = student.gradient_norms([one / 2], one, one, residual)
        right = [np.array([first, 1.0]), np.array([slope])]
        expect.close(answer, right, what=f"(norms by states, by kernels), {residual=},")


@question("9.7")
@points(2)
def test_norms_of_twenty_layers(student):
    """Twenty layers of half a rotation by 30°: 8.07e-7 without skips, 15.21 with them."""
    angle = math.pi / 6
    half = 0.5 * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    start = np.array([[1.0, 0.0]])
    golden = {False: (8.066229e-7, 1.6132458e-6, 1.7832741e-6), True: (15.212130, 9.7052291, 0.44315333)}
    for residual, right in golden.items():
        states, kernels = student.gradient_norms([half] * 20, start, start, residual)
        expect.shape(states, (21,), what="the norms by states")
        expect.shape(kernels, (20,), what="the norms by kernels")
        found = np.array([states[0], kernels[0], kernels[-1]]) / right
        what = f"(first state, first kernel, last kernel) relative to what it should be, {residual=},"
        expect.close(found, np.ones(3), rtol=1e-5, what=what)


def deep(rng, layers, units, n, scale=1.0):
    kernels = [rng.normal(size=(units, units)) * scale / math.sqrt(units) for _ in range(layers)]
    return kernels, rng.normal(size=(n, units)), rng.normal(size=(n, units))


@question("9.7")
@points(3)
def test_norms_of_random_layers(student, reference, rng):
    """Four random layers, five rows, plain and residual."""
    arguments = deep(rng, 4, 6, 5, 1.3)
    for residual in (False, True):
        norms(student, reference, (*arguments, residual), f"({residual=})")


@question("9.7")
@points(3)
@hidden
@uses("keras")
def test_norms_by_the_tape(student, rng):
    """TensorFlow's tape, through other layers."""
    import tensorflow as tf

    kernels, x, d_output = deep(rng, int(rng.integers(3, 9)), 5, 4)
    for residual in (False, True):
        states, variables = [tf.constant(x)], [tf.constant(kernel) for kernel in kernels]
        with tf.GradientTape() as tape:
            tape.watch([states[0], *variables])
            for kernel in variables:
                y = tf.tanh(states[-1] @ kernel)
                states.append(states[-1] + y if residual else y)
            value = tf.reduce_sum(states[-1] * d_output)
        slopes = tape.gradient(value, [*states, *variables])
        lengths = [float(np.linalg.norm(slope.numpy())) for slope in slopes]
        split = len(kernels) + 1
        answer = student.gradient_norms(kernels, x, d_output, residual)
        right = [np.array(lengths[:split]), np.array(lengths[split:])]
        expect.close(answer, right, what=f"(norms by states, by kernels), {residual=},")


# --- 9.8 Which of the three? -----------------------------------------------------------------------------------

VERDICTS = ("ok", "overfits", "not_converged", "dead_units", "too_small")


def chain(knots, values):
    """A network with one hidden layer through points."""
    changes = np.diff(np.diff(values) / np.diff(knots), prepend=0)
    return [np.ones((1, len(changes))), -knots[:-1], changes[:, None], values[:1].copy()]


def share(z, predicted):
    predicted = np.ravel(predicted)
    return 1 - ((z - predicted) ** 2).sum() / ((z - z.mean()) ** 2).sum()


def unhappy(rng, verdict, kind=0):
    """A network and its data for a verdict: (network, x, y, x_val, y_val), clear of all bounds; None if it is not."""
    x, x_val = rng.uniform(-1, 1, size=50), rng.uniform(-0.95, 0.95, size=60)
    speed, phase = float(rng.uniform(3, 5)), float(rng.uniform(0, 6))
    wave = lambda at: np.sin(speed * at + phase)  # noqa: E731
    y, y_val = wave(x), wave(x_val)
    knots = np.linspace(-1, 1, 16)
    network = chain(knots, wave(knots))
    if verdict == "overfits":
        order = np.argsort(x)
        y = wave(x) + rng.normal(size=50)
        network = chain(x[order], y[order])
        if kind == 1:  # a few dead units more, which do not matter
            network = [
                np.hstack([network[0], np.ones((1, 80))]),
                np.append(network[1], np.full(80, -9.0)),
                np.vstack([network[2], np.ones((80, 1))]),
                network[3],
            ]
    elif verdict == "not_converged":
        network[2] = 0.2 * network[2] if kind == 0 else np.zeros_like(network[2])
        if kind == 2:  # only the bias is missing
            network = chain(knots, wave(knots))
            network[3] = network[3] + 4.0
        if kind == 3:  # half of its units are dead, but the others would do
            network = [
                np.hstack([network[0], np.ones((1, 20))]),
                np.append(network[1], np.full(20, -9.0)),
                np.vstack([network[2], np.ones((20, 1))]),
                network[3],
            ]
    elif verdict == "dead_units":
        alive = 5 if kind == 0 else 3
        network = [np.ones((1, 12)), np.full(12, -2.0), rng.normal(size=(12, 1)), np.zeros(1)]
        network[1][:alive] = -rng.uniform(0.4, 0.9, size=alive)
    elif verdict == "too_small":
        fast = float(rng.uniform(14, 18))
        y, y_val = np.sin(fast * x + phase), np.sin(fast * x_val + phase)
        biases = np.array([-0.2, -0.3, -0.6])  # each unit is 0 for more than half of the x, none for all
        network = [np.array([[1.0, -1.0, 1.0]]), biases, rng.normal(size=(3, 1)) * 0.3, np.zeros(1)]
        if kind == 1:  # one dead unit of four is not half of them
            network = [
                np.hstack([network[0], [[1.0]]]),
                np.append(network[1], -5.0),
                np.vstack([network[2], [[1.0]]]),
                network[3],
            ]
    if kind == 4:  # another place and another scale, of data and network
        place, size = float(rng.uniform(-30, 30)), float(rng.uniform(20, 60))
        x, x_val = x + place, x_val + place
        network = [network[0], network[1] - network[0][0] * place, network[2] * size, network[3] * size + 100]
        y, y_val = size * y + 100, size * y_val + 100
    return network, x, y, x_val, y_val


def clear(network, x, y, x_val, y_val, verdict):
    """Whether a case keeps clear of all bounds."""
    units = np.maximum(x[:, None] @ network[0] + network[1], 0)
    both = np.hstack([units, np.ones((len(x), 1))])
    anew = share(y, both @ np.linalg.lstsq(both, y[:, None], rcond=None)[0])
    now, val = share(y, forward(network, x[:, None])), share(y_val, forward(network, x_val[:, None]))
    dead = (units == 0).all(axis=0).mean()
    return {
        "ok": now > 0.98 and val > 0.95,
        "overfits": now > 0.98 and val < 0.8,
        "not_converged": now < 0.9 and anew > 0.98,
        "dead_units": now < 0.9 and anew < 0.9 and dead >= 0.5,
        "too_small": now < 0.9 and anew < 0.9 and dead < 0.4,
    }[verdict]


def diagnosed(student, rng, kinds):
    """Verdicts on networks; the first wrong one is told."""
    answers, told = [], []
    for verdict, kind in kinds:
        while not clear(*(case := unhappy(rng, verdict, kind)), verdict):
            pass
        answers.append(student.diagnose_fit(*case))
        told.append(verdict)
    wrong = [place for place, verdict in enumerate(told) if answers[place] != verdict]
    sentence = ""
    if wrong:
        first = wrong[0]
        given = expect.describe(answers[first])
        sentence = f"{len(wrong)} of {len(kinds)} are wrong; the first: {given} instead of '{told[first]}'"
    given = [answer if isinstance(answer, str) else type(answer).__name__ for answer in answers]
    expect.true(not wrong, sentence, received=given, summary=f"{len(wrong)} of {len(kinds)} are wrong")


@question("9.8")
@points(3)
def test_each_verdict(student, rng):
    """One network for each verdict."""
    diagnosed(student, rng, [(verdict, 0) for verdict in VERDICTS])


@question("9.8")
@points(2)
def test_verdicts_that_are_near(student, rng):
    """Dead units that do not matter, one dead unit, a missing bias, output weights 0."""
    kinds = [
        ("overfits", 1),
        ("not_converged", 1),
        ("not_converged", 2),
        ("not_converged", 3),
        ("dead_units", 1),
    ]
    diagnosed(student, rng, [*kinds, ("too_small", 1)])


@question("9.8")
@points(2)
def test_verdicts_in_other_units(student, rng):
    """Data and networks at other places and of other sizes."""
    diagnosed(student, rng, [(verdict, 4) for verdict in VERDICTS])


@question("9.8")
@points(3)
@hidden
def test_other_verdicts(student, rng):
    """Twenty other networks."""
    kinds = [(verdict, kind) for verdict in VERDICTS for kind in (0, 4)]
    kinds += [
        ("overfits", 1),
        ("not_converged", 1),
        ("not_converged", 2),
        ("not_converged", 3),
        ("too_small", 1),
    ]
    diagnosed(student, rng, [kinds[place] for place in rng.permutation(len(kinds))])
