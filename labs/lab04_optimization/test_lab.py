"""The checks of lab 04. A student sees each docstring as the title of a check."""

import itertools
import math

import numpy as np

from labkit.check import expect, limit, points, question, uses

# --- 4.1 Mini-batches and their noise --------------------------------------------------------------------------


def batches(student, n, batch_size, seed=0, epoch=0):
    """What `minibatches` answers: a list of arrays of row numbers."""
    answer = student.minibatches(n, batch_size, seed, epoch)
    sentence = f"minibatches should return a list of arrays; it returns {expect.describe(answer)}"
    expect.true(isinstance(answer, (list, tuple)), sentence, received="no list", summary="no list")
    flat = [np.ravel(rows) for rows in answer]
    whole = all(rows.dtype.kind in "iu" for rows in flat)
    expect.true(whole, "the row numbers should be integers", received="no integers", summary="no integers")
    return flat


def complete(student, n, batch_size):
    """Every row once, in batches of the right sizes."""
    epoch = batches(student, n, batch_size)
    sizes = [len(rows) for rows in epoch]
    wanted = [batch_size] * (n // batch_size) + [n % batch_size] * (n % batch_size > 0)
    sentence = (
        f"{n:,} rows in batches of {batch_size:,}: there are {told(sizes)}; it should be {told(wanted)}"
    )
    expect.true(sizes == wanted, sentence, received=sizes, summary="the batches have wrong sizes")
    rows = np.concatenate(epoch)
    numbers = (
        f"the rows of {n:,} have the numbers 0 to {n - 1:,}; yours go from {rows.min():,} to {rows.max():,}"
    )
    inside = rows.min() >= 0 and rows.max() < n
    expect.true(inside, numbers, received="other numbers", summary="there are row numbers that no row has")
    times = np.bincount(rows, minlength=n)
    wrong = int((times != 1).argmax())
    sentence = f"{n:,} rows in batches of {batch_size:,}: row {wrong} is used {times[wrong]} times, not once"
    once = bool((times == 1).all())
    expect.true(once, sentence, received="not once", summary="some row is not used exactly once")


def told(sizes):
    """Sizes of batches in words."""
    if not sizes:
        return "no batches"
    if len(sizes) <= 6:
        return f"{len(sizes)} batches of {', '.join(map(str, sizes))}"
    return f"{len(sizes)} batches, the first of {sizes[0]}, the last of {sizes[-1]}"


@question("4.1")
@points(2)
def test_every_row_once(student):
    """Every row is used once in an epoch; the last batch may be smaller; with batch_size n or more there is one."""
    for n, batch_size in ((5, 8), (10, 4), (12, 3), (5, 5), (7, 1)):
        complete(student, n, batch_size)


def order(student, seed, epoch):
    """The rows of an epoch of 40 in their order."""
    return np.concatenate(batches(student, 40, 8, seed, epoch)).tolist()


@question("4.1")
@points(2)
def test_orders(student):
    """The same seed and epoch give the same batches, another epoch or seed others; never the rows as they come."""
    first, again, next_epoch, other_seed = (
        order(student, *pair) for pair in ((3, 0), (3, 0), (3, 1), (4, 0))
    )
    expect.true(first == again, "the same seed and epoch give two orders", received="not repeatable")
    same = [name for name, other in (("epoch", next_epoch), ("seed", other_seed)) if other == first]
    expect.true(not same, f"another {' or '.join(same)} gives the same order", received=same)
    unshuffled = [rows for rows in (first, next_epoch, other_seed) if rows == list(range(40))]
    expect.true(not unshuffled, "the rows are used in the order in which they come", received="as they come")


# Of 400 epochs a row is in the first batch 133 ± 9.4 times, a pair 36.4 ± 5.7 times. The largest of 12 + 66 deviations
# is beyond 5.5 of these in one of 300,000 tries; two rows that always go together are 60 beyond.
@question("4.1")
@points(2)
def test_orders_are_random(student):
    """Over 400 epochs every row and every pair of rows is in the first batch about equally often."""
    together = np.zeros((12, 12))
    for epoch in range(400):
        rows = batches(student, 12, 4, 5, epoch)[0]
        inside = np.bincount(np.clip(rows, 0, 11), minlength=12)
        together += np.outer(inside, inside)
    rows, pairs = np.diag(together), together[np.triu_indices(12, 1)]
    far = [
        (np.abs(counts - 400 * chance) / math.sqrt(400 * chance * (1 - chance))).max()
        for counts, chance in ((rows, 1 / 3), (pairs, 1 / 11))
    ]
    sentence = (
        f"of 400 epochs a row is in the first batch {rows.min():.0f} to {rows.max():.0f} times, a pair of rows "
        f"{pairs.min():.0f} to {pairs.max():.0f} times; it should be about 133 and 36 times, for all of them"
    )
    unequal = ["even" if distance <= 5.5 else "uneven" for distance in far]
    expect.true(max(far) <= 5.5, sentence, received=unequal)


@question("4.1")
@points(2)
def test_noise_by_hand(student):
    """The gradients 0, 1, 2, 3: noise 1.25, 0.4167, 0.1389 and 0 for batches of 1 to 4; a single row: 0."""
    gradients = np.array([[0.0], [1.0], [2.0], [3.0]])
    answers = [student.batch_noise(gradients, size) for size in (1, 2, 3, 4)]
    answers.append(student.batch_noise(np.array([[2.0, 5.0]]), 1))
    expect.close(answers, [1.25, 5 / 12, 5 / 36, 0.0, 0.0], what="the noise")


@question("4.1")
@points(1)
def test_noise_of_all_batches(student, rng):
    """Vectors: the mean over all batches there are, of 7 rows."""
    gradients = rng.normal(size=(7, 3)) + 2
    answers, expected = [], []
    for size in (1, 2, 3, 5, 6):
        means = [gradients[list(rows)].mean(axis=0) for rows in itertools.combinations(range(7), size)]
        expected.append(float(((means - gradients.mean(axis=0)) ** 2).sum(axis=1).mean()))
        answers.append(student.batch_noise(gradients, size))
    expect.close(answers, expected, what="the noise of 1, 2, 3, 5, 6 rows of 7")


# --- 4.2 Momentum, in four dialects ----------------------------------------------------------------------------

FORMS = ("heavy_ball", "average", "keras", "nesterov")


@question("4.2")
@points(2)
def test_momentum_by_hand(student):
    """The example of the text, in all four forms."""
    answers = [
        student.momentum_step(np.array([1.0]), np.array([v]), np.array([2.0]), 0.1, 0.9, form)
        for form, v in zip(FORMS, (0.5, 0.5, -0.5, -0.5), strict=True)
    ]
    expected = [[0.35, 0.65], [0.935, 0.65], [0.35, -0.65], [0.215, -0.65]]
    expected = [[np.array([weight]), np.array([velocity])] for weight, velocity in expected]
    for form, answer, right in zip(FORMS, answers, expected, strict=True):
        expect.close(answer, right, what=f"(weights, velocity) of {form}")


def fifty_steps(party, rng, form, rate, momentum):
    """Weights of 50 steps in a valley with curvatures 1, 5 and 100, from rest."""
    curvatures = np.array([1.0, 5.0, 100.0])
    weights, velocity, path = rng.normal(size=3) + 2, np.zeros(3), []
    for _ in range(50):
        weights, velocity = party.momentum_step(weights, velocity, curvatures * weights, rate, momentum, form)
        path.append(np.asarray(weights))
    return np.array(path[::7])


@question("4.2")
@points(3)
def test_momentum_over_many_steps(student, reference, rng):
    """Fifty steps in a valley, each form with its own velocity."""
    seed, rate = int(rng.integers(1_000_000)), 0.009
    for form in FORMS:
        yours, mine = (
            fifty_steps(party, np.random.default_rng(seed), form, rate, 0.85)
            for party in (student, reference)
        )
        expect.close(yours, mine, what=f"the path of {form}")


@question("4.2")
@points(1)
def test_momentum_of_any_shape(student, reference, rng):
    """Arrays of any shape, float32 and float64, momentum 0."""
    for shape, kind in (((2, 3), np.float32), ((4,), np.float64), ((2, 1, 3), np.float32)):
        arrays = [rng.normal(size=shape).astype(kind) for _ in range(3)]
        for form, momentum in (("heavy_ball", 0.0), ("average", 0.5), ("keras", 0.0), ("nesterov", 0.9)):
            right = [np.asarray(part) for part in reference.momentum_step(*arrays, 0.2, momentum, form)]
            expect.close(
                student.momentum_step(*arrays, 0.2, momentum, form), right, what="(weights, velocity)"
            )


@question("4.2")
@points(3)
def test_equal_rates(student):
    """Rates of one form for another: 0.1 of the averaging form is 0.01 of Keras' at momentum 0.9."""
    cases = [
        (0.1, 0.9, "average", "keras"),
        (0.1, 0.9, "keras", "average"),
        (0.2, 0.5, "average", "heavy_ball"),
        (0.3, 0.8, "heavy_ball", "keras"),
        (0.3, 0.8, "average", "average"),
        (0.3, 0.0, "heavy_ball", "average"),
    ]
    expected = [0.01, 1.0, 0.1, 0.3, 0.3, 0.3]
    expect.close([student.equal_rate(*case) for case in cases], expected, what="the list of rates")


# --- 4.3 Which rate diverges? ----------------------------------------------------------------------------------


def bowl(rng, curvatures):
    """A Hessian with these curvatures along axes that point anywhere."""
    axes, _ = np.linalg.qr(rng.normal(size=(len(curvatures),) * 2))
    hessian = axes @ np.diag(curvatures) @ axes.T
    return (hessian + hessian.T) / 2


@question("4.3")
@points(2)
def test_contraction_by_hand(student):
    """Curvatures 1 and 100: the factors of the text."""
    narrow = np.diag([1.0, 100.0])
    cases = [(2 / 101, 0.0), (0.021, 0.0), (0.01, 0.0), (4 / 121, 81 / 121), (0.04, 0.9)]
    answers = [student.contraction(narrow, rate, momentum) for rate, momentum in cases]
    expect.close(answers, [99 / 101, 1.1, 0.99, 9 / 11, 1.5], what="the list of factors")


@question("4.3")
@points(3)
def test_contraction_of_turned_axes(student, reference, rng):
    """Axes that point anywhere, without momentum: slow, just right, overshooting, diverging."""
    hessian = bowl(rng, [0.7, 3.0, 9.0, 20.0])
    rates = (0.01, 0.0966, 0.05, 0.099, 0.13)
    answers = [student.contraction(hessian, rate) for rate in rates]
    expect.close(
        answers, [reference.contraction(hessian, rate) for rate in rates], what="the list of factors"
    )


@question("4.3")
@points(2)
def test_contraction_with_momentum(student, reference, rng):
    """With momentum the roots may be complex, or the curvature in the middle the slowest."""
    hessian = bowl(rng, [0.5, 2.0, 11.0])
    cases = [(0.05, 0.9), (0.05, 0.3), (0.3, 0.8), (0.32, 0.9), (0.4, 0.5)]
    answers = [student.contraction(hessian, *case) for case in cases]
    expect.close(
        answers, [reference.contraction(hessian, *case) for case in cases], what="the list of factors"
    )


@question("4.3")
@points(2)
def test_best_rate(student, rng):
    """The best rate is 2/(L + μ), for curvatures along any axes."""
    cases = [
        ([1.0, 100.0], 2 / 101),
        ([0.5, 2.0, 3.5], 0.5),
        ([0.1, 0.2, 7.0, 19.9], 0.1),
        ([4.0, 4.0], 0.25),
    ]
    answers = [student.best_rate(bowl(rng, curvatures)) for curvatures, _ in cases]
    expect.close(answers, [rate for _, rate in cases], what="the list of best rates")


# --- 4.4 Adagrad, RMSprop, Adam --------------------------------------------------------------------------------


def gradients_of_size(rng, steps, d=4):
    """Gradients of 0.5 and more in size: where ε stands makes no difference to them."""
    return rng.uniform(0.5, 3, size=(steps, d)) * rng.choice([-1, 1], size=(steps, d))


def stepped(answer, weights, rate, parts, name):
    """The step in units of the rate, and the new state."""
    expect.true(
        isinstance(answer, (list, tuple)) and len(answer) == parts,
        f"{name} should return {parts} arrays, the new weights and the new state",
        received="wrong parts",
        summary="not the right number of arrays",
    )
    for part in answer:
        expect.shape(part, weights.shape, what=f"a part of the answer of {name}")
    return [(np.asarray(answer[0], np.float64) - weights) / rate, *(np.asarray(part) for part in answer[1:])]


def same_step(student, reference, name, weights, gradient, state, rate, **settings):
    """One step of an optimizer: to a thousandth of a step, and the state."""
    yours, mine = (
        stepped(
            getattr(party, name)(weights, gradient, *state, learning_rate=rate, **settings),
            weights,
            rate,
            n,
            name,
        )
        for party, n in (
            (student, 3 if name == "adam_step" else 2),
            (reference, 3 if name == "adam_step" else 2),
        )
    )
    expect.close(yours, mine, rtol=1e-3, what=f"(step divided by the rate, state) of {name}")


@question("4.4")
@points(2)
def test_adagrad(student, reference, rng):
    """Adagrad: the first step, a later one, and one with other settings."""
    zero, (first, second) = np.zeros(4), gradients_of_size(rng, 2)
    same_step(student, reference, "adagrad_step", zero, first, (zero,), 0.1)
    same_step(student, reference, "adagrad_step", rng.normal(size=4), second, (4 * first**2,), 0.02)


@question("4.4")
@points(2)
def test_rmsprop(student, reference, rng):
    """RMSprop: a later step, the first one, and another ρ."""
    zero, (first, second) = np.zeros(4), gradients_of_size(rng, 2)
    same_step(student, reference, "rmsprop_step", rng.normal(size=4), second, (2 * first**2,), 0.02)
    same_step(student, reference, "rmsprop_step", zero, first, (zero,), 0.1)
    same_step(student, reference, "rmsprop_step", zero, second, (first**2,), 0.02, rho=0.6)


@question("4.4")
@points(3)
def test_adam(student, reference, rng):
    """Adam: the first step, a later one, other settings."""
    zero, (first, second) = np.zeros(4), gradients_of_size(rng, 2)
    same_step(student, reference, "adam_step", zero, first, (zero, zero, 1), 0.001)
    state = 0.3 * first, 0.05 * first**2, 7
    same_step(student, reference, "adam_step", rng.normal(size=4), second, state, 0.01)
    same_step(student, reference, "adam_step", zero, second, state, 0.1, beta_1=0.8, beta_2=0.95)


@question("4.4")
@points(1)
def test_gradients_of_zero(student, reference, rng):
    """A weight whose gradients were all 0 stays where it is."""
    weights, zero = rng.normal(size=3), np.zeros(3)
    gradient = np.array([0.0, 2.0, 0.0])
    for name, state in (("adagrad_step", (zero,)), ("rmsprop_step", (zero,)), ("adam_step", (zero, zero, 1))):
        same_step(student, reference, name, weights, gradient, state, 0.05)


@question("4.4")
@points(1)
def test_size_of_the_gradients(student, rng):
    """Gradients that are 1,000 times as large make the same first steps, in all three."""
    zero, gradient = np.zeros(4), gradients_of_size(rng, 1)[0]
    for name, state in (("adagrad_step", (zero,)), ("rmsprop_step", (zero,)), ("adam_step", (zero, zero, 1))):
        both = [
            stepped(
                getattr(student, name)(zero, size * gradient, *state, learning_rate=0.1), zero, 0.1, n, name
            )[0]
            for size, n in ((1, 3 if name == "adam_step" else 2), (1000, 3 if name == "adam_step" else 2))
        ]
        expect.close(both[1], both[0], rtol=1e-3, what=f"the step of {name} for gradients times 1,000")


# --- 4.5 Who made this trajectory? -----------------------------------------------------------------------------

NAMES = ("sgd", "momentum", "adagrad", "rmsprop", "adam")


def trajectory(name, rate, start, gradient_at, steps=30):
    """Weights (steps + 1, d) and gradients (steps, d) of an optimizer."""
    weights, path, gradients = np.array(start, np.float64), [np.array(start, np.float64)], []
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, steps + 1):
        g = gradient_at(weights)
        if name == "sgd":
            move = g
        elif name == "momentum":
            move = first = 0.9 * first + g
        elif name == "adagrad":
            second = second + g**2
            move = g / (np.sqrt(second) + 1e-12)
        elif name == "rmsprop":
            second = 0.9 * second + 0.1 * g**2
            move = g / (np.sqrt(second) + 1e-12)
        else:
            first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g**2
            move = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-12)
        weights = weights - rate * move
        path.append(weights)
        gradients.append(g)
    return np.array(path), np.array(gradients)


def valley(rng):
    """A valley with κ = 100, and a place to start."""
    curvatures = np.array([1.0, 10.0, 100.0])
    return (lambda w: curvatures * w), rng.normal(size=3) + 3, {"sgd": 0.008, "momentum": 0.002}


def rosenbrock(rng):
    """Rosenbrock's function, from somewhere on its left."""

    def gradient(w):
        bend = w[1] - w[0] ** 2
        return np.array([-2 * (1 - w[0]) - 400 * w[0] * bend, 200 * bend])

    return gradient, np.array([-1.2, 1.0]) + rng.normal(scale=0.1, size=2), {"sgd": 5e-4, "momentum": 1e-4}


def noisy(rng):
    """Gradients that are mostly noise, none so small that ε would count."""
    draws = np.random.default_rng(rng.integers(1 << 30))

    def gradient(w):
        g = w + draws.normal(size=5)
        return g + 0.2 * np.sign(g)

    return gradient, rng.normal(size=5), {"sgd": 0.1, "momentum": 0.03}


def digits(rng, mnist):
    """Logistic regression of one class against the others, on 120 pixels, some without ink."""
    rows, pixels = rng.choice(60_000, size=80, replace=False), rng.choice(784, size=120, replace=False)
    x = mnist.x_train[rows].reshape(80, 784)[:, pixels] / 255.0
    y = mnist.y_train[rows] == rng.integers(10)

    def gradient(w):
        return (
            1000 * x.T @ (1 / (1 + np.exp(-x @ w)) - y) / 80
        )  # a thousandth is the unit: ε is nothing beside it

    return gradient, np.zeros(120), {"sgd": 5e-4, "momentum": 1e-4}


def constant(rng):
    """The same gradient in every step, another size in every direction."""
    slopes = rng.permutation([0.2, 1.0, 7.0]) * rng.choice([-1, 1], size=3)
    return (lambda w: slopes), rng.normal(size=3), {"sgd": 0.3, "momentum": 0.01}


# In 40 draws of each landscape the right optimizer missed at most 2e-8 of the squared steps, the next one 2e-3 or more.
def names(student, rng, landscapes, steps=30):
    """All five optimizers on several landscapes, in random order; their learning rates are drawn."""
    cases = [(name, kind, landscape) for kind, landscape in landscapes.items() for name in NAMES]
    answers, expected, told = [], [], []
    for place in rng.permutation(len(cases)):
        name, kind, (gradient, start, rates) = cases[place]
        rate = rates.get(name, 0.02) * float(rng.uniform(0.2, 1))
        answers.append(student.name_optimizer(*trajectory(name, rate, start, gradient, steps)))
        expected.append(name)
        told.append(kind)
    wrong = [place for place, pair in enumerate(zip(answers, expected, strict=True)) if pair[0] != pair[1]]
    sentence = ""
    if wrong:
        first = wrong[0]
        known = "" if str(answers[first]) in NAMES else f"; the names are {', '.join(NAMES)}"
        sentence = (
            f"{len(wrong)} of {len(answers)} are wrong; the first: {expect.describe(answers[first])} for a trajectory "
            f"of {expected[first]} ({told[first]}){known}"
        )
    kinds = [answer if isinstance(answer, str) else type(answer).__name__ for answer in answers]
    summary = f"{len(wrong)} of {len(answers)} are wrong"
    expect.true(not wrong, sentence, received=kinds, summary=summary)


@question("4.5")
@points(3)
def test_names_in_valleys(student, rng):
    """All five in a valley with κ = 100 and on Rosenbrock's function."""
    names(student, rng, {"a valley": valley(rng), "Rosenbrock": rosenbrock(rng)})


@question("4.5")
@points(2)
def test_names_of_noise(student, rng):
    """All five on noisy gradients, and on the same gradient in every step."""
    names(student, rng, {"noisy gradients": noisy(rng), "a constant gradient": constant(rng)}, steps=20)


@question("4.5")
@points(2)
def test_names_on_digits(student, rng, mnist):
    """All five on logistic regression of digits, where some pixels never have ink."""
    names(student, rng, {"logistic regression": digits(rng, mnist)})


# --- 4.6 Schedules, and the noise floor ------------------------------------------------------------------------


@question("4.6")
@points(3)
def test_step_decay(student):
    """0.1, halved every 10 epochs; 1, divided by 10 every 3 epochs; every epoch around the borders."""
    rates = [student.step_decay(epoch, 0.1, 2, 10) for epoch in (0, 1, 9, 10, 11, 19, 20, 35)]
    expect.close(rates, [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.0125], what="the list of rates")
    rates = [student.step_decay(epoch, 1.0, 10, 3) for epoch in range(8)]
    expect.close(rates, [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01], what="the list of rates")


@question("4.6")
@points(3)
def test_warmup_cosine(student):
    """Peak 0.1, warm-up 100 of 1,000 steps: the numbers of the text; then 0; without warm-up."""
    steps = (0, 1, 50, 99, 100, 325, 550, 775, 999, 1000, 1500)
    expected = [
        0.1 * step / 100 if step < 100 else 0.05 + 0.05 * math.cos(math.pi * (step - 100) / 900)
        for step in steps
    ]
    expected[-2:] = [0.0, 0.0]
    rates = [student.warmup_cosine(step, 0.1, 100, 1000) for step in steps]
    expect.close(rates, expected, atol=1e-8, what="the list of rates with warm-up")
    rates = [student.warmup_cosine(step, 0.4, 0, 8) for step in (0, 2, 4, 6, 8)]
    expect.close(
        rates, [0.4, 0.341421356, 0.2, 0.058578644, 0.0], atol=1e-8, what="the list of rates without warm-up"
    )


@question("4.6")
@points(1)
def test_noise_floor(student):
    """The floors of four settings, (0.1, 3, 4) among them."""
    cases = [(0.1, 3.0, 4.0), (0.1, 1.0, 1.0), (0.01, 1.0, 1.0), (0.9, 2.0, 0.5)]
    expected = [0.11764706, 0.02631579, 0.00251256, 1.125]
    expect.close([student.noise_floor(*case) for case in cases], expected, what="the list of floors")


def infinite(student, cases):
    """The floor is infinite in all of these cases, and finite just below."""
    answers = [float(np.asarray(student.noise_floor(*case))) for case in cases]
    wrong = [place for place, answer in enumerate(answers) if answer != math.inf]
    sentence = ""
    if wrong:
        rate, curvature, _ = cases[wrong[0]]
        sentence = f"rate {rate:g}, curvature {curvature:g}: the floor is {answers[wrong[0]]:g}; it should be infinite"
    received = ["inf" if answer == math.inf else f"{answer:.6g}" for answer in answers]
    expect.true(not wrong, sentence, received=received, summary="a floor that should be infinite is not")


@question("4.6")
@points(1)
def test_no_floor_beyond_the_border(student):
    """Where rate times curvature is 2 or more, the floor is infinite."""
    infinite(student, [(2.0, 1.0, 1.0), (0.5, 4.0, 0.1), (0.7, 3.0, 4.0), (5.0, 1.0, 2.0)])
    expect.close(student.noise_floor(1.99, 1.0, 1.0), 99.5)


# --- 4.7 Initial weights, layer by layer -----------------------------------------------------------------------

SCHEMES = ("lecun", "he", "glorot", "uniform")


def drawn(student, sizes, scheme, seed):
    """Layers of weights of the right shapes."""
    layers = student.initial_weights(list(sizes), scheme, seed)
    expect.true(isinstance(layers, (list, tuple)), "initial_weights should return a list", received="no list")
    shapes = [np.shape(layer) for layer in layers]
    expected = list(zip(sizes[:-1], sizes[1:], strict=True))
    sentence = f"the layers have the shapes {shapes}; they should have {expected}"
    expect.true(shapes == expected, sentence, received=str(shapes), summary="wrong shapes")
    return [np.asarray(layer, np.float64) for layer in layers]


def spreads(student, sizes, seed):
    """Mean and deviation of every layer, all four schemes, relative to what the deviation should be.

    A layer has at least 60,000 weights: its deviation is known to 0.3 %, its mean to 0.4 % of the deviation.
    """
    found, names = [], []
    for scheme in SCHEMES:
        for layer in drawn(student, sizes, scheme, seed):
            inputs, units = layer.shape
            right = {"lecun": 1 / inputs, "he": 2 / inputs, "glorot": 2 / (inputs + units), "uniform": 1 / 3}[
                scheme
            ]
            found.append([layer.mean() / math.sqrt(right), layer.std() / math.sqrt(right)])
            names.append(f"{scheme}, {inputs} inputs, {units} units")
    off = np.abs(np.array(found) - [0.0, 1.0]).max(axis=1)
    worst = int(np.nan_to_num(off, nan=np.inf).argmax())
    mean, deviation = found[worst]
    sentence = (
        f"{names[worst]}: the deviation is {deviation:.3f} times what it should be, the mean "
        f"{mean:+.3f} deviations; it should be 1 and 0, to 3 %"
    )
    expect.true(
        off <= 0.03, sentence, received=np.array(found), like=0.02, summary="a wrong mean or deviation"
    )


@question("4.7")
@points(2)
def test_spread_of_the_weights(student):
    """Mean 0 and the right deviation, for all four schemes, to 3 %."""
    spreads(student, (400, 300, 250), seed=3)


@question("4.7")
@points(1)
def test_form_of_the_weights(student):
    """Normal where the scheme says normal, uniform where it says uniform; layers independent of each other."""
    _forms(student, 300, 5)


def _forms(student, size, seed):
    for scheme in SCHEMES:
        first, second = drawn(student, (size, size, size), scheme, seed)
        together = abs(float(np.corrcoef(first.ravel(), second.ravel())[0, 1]))
        sentence = (
            f"{scheme}: two layers of the same size correlate by {together:.2f}; they should be independent"
        )
        expect.true(
            together < 0.05, sentence, received="layers alike", summary="layers that are not independent"
        )
        peaked = float(
            ((first - first.mean()) ** 4).mean() / first.var() ** 2
        )  # 1.8 uniform, 2.4 cut off, 3 normal
        form = "uniform" if peaked < 2.1 else "normal"
        wanted = "uniform" if scheme == "uniform" else "normal"
        expect.true(
            form == wanted, f"{scheme}: the weights are {form}; they should be {wanted}", received=form
        )
        if scheme == "uniform":  # the others have no border
            inside = bool((np.abs(first) <= 1).all())
            expect.true(inside, "uniform: weights leave [-1, 1]", received="outside [-1, 1]")


@question("4.7")
@points(1)
def test_seeds_of_the_weights(student):
    """The same seed gives the same weights, another seed others."""
    for scheme in SCHEMES:
        first, again, other = (drawn(student, (30, 20, 10), scheme, seed) for seed in (1, 1, 2))
        repeats = all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        expect.true(repeats, f"{scheme}: the same seed gives other weights", received="not repeatable")
        differs = not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
        expect.true(differs, f"{scheme}: another seed gives the same weights", received="seed ignored")


def measured(student, reference, x, weights, activation, gradient):
    """What `signal` answers is what the reference answers, however small the numbers are."""
    answer = student.signal(x, weights, activation, gradient)
    right = dict(reference.signal(x, weights, activation, gradient))
    if not isinstance(answer, dict) or set(answer) != set(right):
        expect.close(answer, right)  # says what is missing
    for key in ("rms", "gradient", "dead"):
        shape = np.shape(right[key])
        expect.shape(answer[key], shape, what=f"'{key}' in the answer of signal")
    # relative to the right numbers: a gradient may be 1e-12 and still has to be right
    relative = {
        key: np.asarray(answer[key]) / np.where(right[key] > 0, right[key], 1) for key in ("rms", "gradient")
    }
    wanted = {key: (right[key] > 0).astype(float) for key in relative}
    for key in relative:
        what = f"'{key}' in the answer of signal, relative to what it should be ({activation}),"
        expect.close(relative[key], wanted[key], rtol=1e-4, what=what)
    expect.close(answer["dead"], right["dead"], what=f"'dead' in the answer of signal ({activation})")


@question("4.7")
@points(2)
def test_signal_by_hand(student):
    """One relu layer by hand: rms 4.950, gradient 5, no dead unit; and one that is dead."""
    x, gradient = np.array([[1.0, 2.0], [3.0, -4.0]]), np.ones((2, 1))
    answer = student.signal(x, [np.array([[1.0], [-1.0]])], "relu", gradient)
    expect.close(
        answer, {"rms": np.array([math.sqrt(24.5)]), "gradient": np.array([5.0]), "dead": np.array([0.0])}
    )
    answer = student.signal(np.abs(x), [np.array([[-1.0], [-1.0]])], "relu", gradient)
    expect.close(answer, {"rms": np.array([0.0]), "gradient": np.array([0.0]), "dead": np.array([1.0])})


def chain(rng, sizes, scale=1.0):
    """Weights of a chain of layers, of LeCun's size times `scale`."""
    pairs = zip(sizes[:-1], sizes[1:], strict=True)
    return [rng.normal(scale=scale / math.sqrt(inputs), size=(inputs, units)) for inputs, units in pairs]


@question("4.7")
@points(4)
def test_signal_of_four_activations(student, reference, rng):
    """Three layers of different sizes, each of the four activations; inputs whose mean is not 0."""
    for activation in ("linear", "tanh", "sigmoid", "relu"):
        x, gradient = rng.normal(size=(6, 5)) + 0.5, rng.normal(size=(6, 3))
        measured(student, reference, x, chain(rng, (5, 7, 4, 3), 1.4), activation, gradient)


# --- 4.8 One thing at a time -----------------------------------------------------------------------------------


@question("4.8")
@points(2)
def test_standardize_by_hand(student):
    """The example of the text, and bytes; a column that is constant in training is only centred."""
    x, other = np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[4.0, 9.0]])
    right = [np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([[2.0, 4.0]])]
    expect.close(student.standardize(x, other), right, what="(x_train, x_other)")
    answer = student.standardize(x.astype(np.uint8), other.astype(np.uint8))
    expect.close(answer, right, what="(x_train, x_other) of bytes")


@question("4.8")
@points(1)
def test_standardize(student, reference, rng):
    """Floats with columns of very different size, some constant; float32."""
    x, other = (rng.normal(size=(n, 6)) * [1, 100, 0.01, 3, 0, 0] + [5, -20, 1, 0, 3, 0.7] for n in (30, 12))
    other[:, 4:] += rng.normal(size=(12, 2))
    right = list(reference.standardize(x, other))
    expect.close(student.standardize(x, other), right, rtol=1e-4, what="(x_train, x_other)")
    single = student.standardize(x.astype(np.float32), other.astype(np.float32))
    expect.close(single, right, rtol=1e-3, atol=2e-3, what="(x_train, x_other) of float32")


#: What the accuracies may be. In 20 draws of digits and seeds, each with labkit.fit, with Keras' fit and with a loop
#: in NumPy, they were .884 to .923, .684 to .785, .406 to .570, .211 to .375, .632 to .745 and .084 to .127. A band
#: reaches five of their standard deviations (.011, .024, .036, .035, .033, .013) beyond the mean, or more.
BANDS = {
    "none": (0.84, 0.96),
    "relu": (0.62, 0.87),
    "cross_entropy": (0.3, 0.68),
    "minibatches": (0.1, 0.46),
    "shuffle": (0.52, 0.86),
    "normalize": (0.0, 0.2),
}
SWITCHES = [name for name in BANDS if name != "none"]


def sorted_digits(rng, mnist, validation=1000):
    """3,000 digits sorted by class, and others in random order: (x_train, y_train, x_val, y_val)."""
    rows = rng.choice(60_000, size=3000 + validation, replace=False)
    first = rows[:3000][np.argsort(mnist.y_train[rows[:3000]], kind="stable")]
    x = mnist.x_train.reshape(60_000, 784)
    return x[first], mnist.y_train[first], x[rows[3000:]], mnist.y_train[rows[3000:]]


def ablated(student, data, switches, seed, epochs=5):
    """Accuracies by name."""
    answer = student.ablation(*data, switches, epochs, seed)
    wanted = ["none", *switches]
    right_keys = isinstance(answer, dict) and set(answer) == set(wanted)
    keys = ", ".join(map(str, answer)) or "none" if isinstance(answer, dict) else expect.describe(answer)
    sentence = f"the answer should be a dict with the keys {', '.join(wanted)}; it has {keys}"
    expect.true(right_keys, sentence, received=keys, summary="the answer has other keys")
    return {name: float(np.asarray(answer[name])) for name in wanted}


def in_bands(accuracies):
    """Every accuracy is what leaving out one thing gives."""
    wrong = [name for name, value in accuracies.items() if not BANDS[name][0] <= value <= BANDS[name][1]]
    sentence = ""
    if wrong:
        low, high = BANDS[wrong[0]]
        left_out = "with everything on" if wrong[0] == "none" else f"without {wrong[0]}"
        sentence = (
            f"{left_out} the accuracy is {accuracies[wrong[0]]:.3f}; it should lie between {low} and {high}"
        )
    values = np.array(list(accuracies.values()))
    expect.true(not wrong, sentence, received=values, like=0.03, summary="an accuracy is out of its band")


@question("4.8")
@points(3)
@uses("keras")
@limit(120)
def test_ablation(student, rng, mnist):
    """Each switch costs what it should, on 3,000 digits sorted by class."""
    in_bands(ablated(student, sorted_digits(rng, mnist), SWITCHES, seed=1))


# In those runs the accuracy was .440 to .469 with half of the labels wrong, and .090 to .426 on pale digits (mean .25,
# deviation .08); with statistics of their own pale digits give .889 to .922.
def on_other_rows(student, data, seed):
    """The validation rows count, by their labels, with the statistics of the training rows."""
    x_train, y_train, x_val, y_val = data
    wrong_half = np.where(np.arange(len(y_val)) % 2 == 0, (y_val + 1) % 10, y_val).astype(y_val.dtype)
    half = ablated(student, (x_train, y_train, x_val, wrong_half), [], seed)["none"]
    sentence = (
        f"half of the validation labels are wrong, and the accuracy is {half:.3f}; it should be about 0.45"
    )
    expect.true(
        0.38 <= half <= 0.53, sentence, received=half, like=0.03, summary="the validation labels do not count"
    )
    pale = ablated(student, (x_train, y_train, x_val // 10, y_val), [], seed)["none"]
    sentence = (
        f"validation digits with a tenth of the ink: the accuracy is {pale:.3f}; with the statistics of the training "
        "rows it should be below 0.65"
    )
    expect.true(
        pale <= 0.65, sentence, received=pale, like=0.03, summary="validation rows are scaled in another way"
    )


@question("4.8")
@points(2)
@uses("keras")
@limit(120)
def test_ablation_measures_on_validation_rows(student, rng, mnist):
    """The accuracy is that on the validation rows, which are scaled with the training rows' statistics."""
    on_other_rows(student, sorted_digits(rng, mnist), seed=2)


# No noise is compared here: a run that begins from the seed repeats exactly, whatever was run before it. After one
# epoch two seeds hardly ever give accuracies that are as near as this for all four switches.
def on_its_own(student, data, seed):
    """A switch gives what it gives among others, whatever came before it."""
    relu, cross_entropy, minibatches, shuffle, _ = SWITCHES
    among = ablated(student, data, [shuffle, relu, minibatches, cross_entropy], seed, epochs=1)
    alone = ablated(student, data, [cross_entropy, relu, shuffle, minibatches], seed, epochs=1)
    wrong = [name for name in among if not abs(among[name] - alone[name]) <= 0.0045]
    sentence = ""
    if wrong:
        sentence = (
            f"{wrong[0]}: {among[wrong[0]]:.3f}, and {alone[wrong[0]]:.3f} when the switches come in another order; "
            "each run should begin from the seed and know nothing of the others"
        )
    expect.true(not wrong, sentence, received=wrong, summary="what a switch gives depends on the others")


@question("4.8")
@points(2)
@uses("keras")
@limit(120)
def test_each_switch_on_its_own(student, rng, mnist):
    """A switch gives what it gives, in whatever order the switches are tried."""
    on_its_own(student, sorted_digits(rng, mnist), seed=3)
