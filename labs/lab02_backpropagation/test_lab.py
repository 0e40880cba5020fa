"""The checks of lab 02. A student sees each docstring as the title of a check."""

import numpy as np

from labkit.check import expect, limit, needs, points, question

NAMES = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "piecewise_linear")
PARAMETER = {"linear": "weights", "pointwise": "bias"}

# --- 2.1 Activations and their slopes ------------------------------------------------------------------------


def value_and_slope(answer, value, slope, what, **tolerances):
    """Both parts of an answer are right."""
    fine = isinstance(answer, (list, tuple)) and len(answer) == 2
    came = expect.describe(answer)
    expect.true(
        fine,
        f"for {what!r} value and derivative should come back, two arrays; what came is {came}",
        came,
        summary="value and derivative should come back, two arrays",
    )
    expect.close(answer[0], value, what=f"the value of {what}", **tolerances)
    expect.close(answer[1], slope, what=f"the derivative of {what}", **tolerances)
    for part, words in zip(answer, ("value", "derivative"), strict=True):
        expect.dtype(part, "float", what=f"the {words} of {what}")


@question("2.1")
@points(3)
def test_activations_by_hand(student):
    """Values and slopes that can be checked on paper: sigmoid at .6 is .64565631, its slope .22878424."""
    z = np.array([0.6, -2.0, 0.25])
    for name, value, slope in (
        ("linear", z, [1, 1, 1]),
        ("sigmoid", [0.64565631, 0.11920292, 0.56217650], [0.22878424, 0.10499359, 0.24613408]),
        ("tanh", [0.53704957, -0.96402758, 0.24491866], [0.71157776, 0.07065082, 0.94001485]),
        ("relu", [0.6, 0, 0.25], [1, 0, 1]),
        ("leaky_relu", [0.6, -0.2, 0.25], [1, 0.1, 1]),
        ("softplus", [1.03748795, 0.12692801, 0.82593941], [0.64565631, 0.11920292, 0.56217650]),
        ("piecewise_linear", [1, 0, 0.75], [0, 0, 1]),
    ):
        value_and_slope(student.activation(name, z), np.array(value), np.array(slope), name)


def away_from_kinks(rng, *shape):
    """Random numbers from -3 to 3, none of them near 0 or 1/2 or -1/2."""
    z = rng.uniform(-3, 3, size=shape)
    for kink in (0.0, 0.5, -0.5):
        z = np.where(np.abs(z - kink) < 0.05, kink + 0.1, z)
    return z


@question("2.1")
@points(3)
def test_activations_of_any_shape(student, reference, rng):
    """All functions, on arrays of any shape, float32 or float64."""
    for name in NAMES:
        for z in (away_from_kinks(rng, 5, 4), away_from_kinks(rng, 2, 3, 2).astype(np.float32)):
            value_and_slope(student.activation(name, z), *reference.activation(name, z), name)


@question("2.1")
@points(2)
def test_activations_of_large_numbers(student, reference):
    """At 1000 and -1000 everything stays finite and right, in float32 as in float64."""
    for kind in (np.float64, np.float32):
        z = np.array([-1000, -90, -20, 20, 90, 1000], kind)
        for name in NAMES:
            value_and_slope(student.activation(name, z), *reference.activation(name, z), name)


# --- 2.2 One step by hand ------------------------------------------------------------------------------------


def exercise_2():
    """Weights, input and target of the lecture's exercise 2."""
    hidden_weights = np.array([[0.2, -0.3], [0.1, -0.2], [0.3, 0.4]])
    return hidden_weights, np.array([[0.4], [0.5], [-0.4]]), np.ones(2), np.zeros(1)


def whole_step(answer):
    """The answer, a dict with all that is asked for."""
    wanted = ("activations", "outputs", "error", "output_deltas", "hidden_deltas", "output", "hidden")
    keys = answer.keys() if isinstance(answer, dict) else ()
    missing = [key for key in wanted if key not in keys]
    came = f"{', '.join(missing)} missing" if keys else f"what came is {expect.describe(answer)}"
    sentence = f"backprop_step should return a dict with {', '.join(wanted)}; {came}"
    expect.true(not missing, sentence, came, summary="the dict that should come back is not complete")
    return answer


@question("2.2")
@points(4)
def test_exercise_2(student):
    """Exercise 2 of the lecture, every number to 1e-8."""
    hidden_weights, output_weights, x, y = exercise_2()
    expected = {
        "activations": np.array([0.64565631, 0.47502081]),
        "outputs": np.array([0.63014055]),
        "error": 0.19853856,
        "output_deltas": np.array([-0.14686272]),
        "hidden_deltas": np.array([-0.01679994, 0.01464962]),
        "output": np.array([[0.25313728], [0.40517716], [-0.46976285]]),
        "hidden": np.array([[0.18320006, -0.28535038], [0.08320006, -0.18535038], [0.28320006, 0.41464962]]),
    }
    answer = whole_step(student.backprop_step(hidden_weights, output_weights, x, y))
    expect.close(answer, expected, rtol=0, atol=1e-8)


@question("2.2")
@points(2)
def test_second_step_of_exercise_2(student):
    """After the step the output is .56997190. The old weights, asked again, still answer .63014055."""
    hidden_weights, output_weights, x, y = exercise_2()
    held = student.hold(hidden_weights), student.hold(output_weights)
    first = whole_step(student.backprop_step(*held, x, y))
    second = student.backprop_step(first["hidden"], first["output"], x, y)
    expect.close(
        second["outputs"], np.array([0.56997190]), rtol=0, atol=1e-8, what="the output after the step"
    )
    expect.close(second["error"], 0.16243398, rtol=0, atol=1e-8, what="the error after the step")
    again = student.backprop_step(*held, x, y)
    expect.close(
        again["outputs"], np.array([0.63014055]), rtol=0, atol=1e-8, what="the output of the old weights"
    )


@question("2.2")
@points(3)
def test_mazurs_example(student):
    """Mazur's worked example: error .298371109, one step .291027774 (biases fixed), a thousand steps .00111435."""
    hidden_weights = np.array([[0.35, 0.35], [0.15, 0.25], [0.20, 0.30]])
    output_weights = np.array([[0.60, 0.60], [0.40, 0.50], [0.45, 0.55]])
    x, y = np.array([0.05, 0.10]), np.array([0.01, 0.99])
    step = whole_step(student.backprop_step(hidden_weights, output_weights, x, y, 0.5, update_biases=False))
    expect.close(step["error"], 0.298371109, rtol=1e-7, what="the error at the start")
    expect.close(step["output"][1, 0], 0.35891648, rtol=1e-7, what="the weight w5 after one step")
    expect.close(step["hidden"][1, 0], 0.14978072, rtol=1e-7, what="the weight w1 after one step")
    expect.close(step["hidden"][0], hidden_weights[0], what="the fixed biases of the hidden units")
    expect.close(step["output"][0], output_weights[0], what="the fixed biases of the output units")
    for _ in range(1000):
        step = student.backprop_step(step["hidden"], step["output"], x, y, 0.5, False)
    expect.close(step["error"], 0.00111434945, rtol=1e-6, atol=1e-9, what="the error after a thousand steps")


def any_network(rng, d, h, m):
    """Random weights, input and target."""
    return rng.normal(size=(d + 1, h)), rng.normal(size=(h + 1, m)), rng.normal(size=d), rng.uniform(size=m)


@question("2.2")
@points(2)
def test_networks_of_other_sizes(student, reference, rng):
    """Any number of inputs, hidden and output units; other learning rates."""
    for sizes, rate in (((3, 4, 2), 1.0), ((1, 2, 5), 0.25), ((4, 3, 3), 0.5)):
        network = any_network(rng, *sizes)
        expect.close(
            student.backprop_step(*network, learning_rate=rate),
            reference.backprop_step(*network, learning_rate=rate),
        )


# --- 2.3 Two losses ------------------------------------------------------------------------------------------


def loss_and_gradient(answer, value, gradient, what, **tolerances):
    """Both parts of a loss are right."""
    fine = isinstance(answer, (list, tuple)) and len(answer) == 2
    came = expect.describe(answer)
    expect.true(
        fine,
        f"{what}: a number and a gradient should come back; what came is {came}",
        came,
        summary="a number and a gradient should come back",
    )
    expect.close(answer[0], value, what=f"the value of the {what}", **tolerances)
    expect.close(answer[1], gradient, what=f"the gradient of the {what}", **tolerances)


LOSSES = {"squared_error": "squared error", "cross_entropy": "cross-entropy"}


@question("2.3")
@points(2)
def test_losses_of_the_lecture(student):
    """Squared error .145 with gradient (.2, -.5); cross-entropy .13284523 with (.0059, -.1244, .1185)."""
    answer = student.loss("squared_error", np.array([[1.0, 0.0]]), np.array([[0.8, 0.5]]))
    loss_and_gradient(answer, 0.145, np.array([[0.2, -0.5]]), "squared error")
    answer = student.loss("cross_entropy", np.array([[-2.0, 3.0, 1.0]]), np.array([[0.0, 1.0, 0.0]]))
    gradient = np.array([[0.00589975, -0.12439940, 0.11849965]])
    loss_and_gradient(answer, 0.13284523, gradient, "cross-entropy", rtol=1e-6, atol=1e-8)


def batch(rng, n, m):
    """Outputs and targets; the rows of the targets sum to 1, some are one-hot."""
    targets = rng.dirichlet(np.ones(m), size=n)
    targets[0] = np.eye(m)[rng.integers(m)]
    return rng.normal(scale=2, size=(n, m)), targets


@question("2.3")
@points(2)
def test_losses_of_a_batch(student, reference, rng):
    """The mean over the rows, and its gradient; targets may share the 1 among classes."""
    for name, words in LOSSES.items():
        outputs, targets = batch(rng, 6, 4)
        loss_and_gradient(
            student.loss(name, outputs, targets), *reference.loss(name, outputs, targets), words
        )


@question("2.3")
@points(2)
def test_cross_entropy_of_large_logits(student, reference, rng):
    """1000 added to every logit (of a row) changes nothing; logits far apart stay finite."""
    outputs, targets = batch(rng, 5, 3)
    right = reference.loss("cross_entropy", outputs, targets)
    loss_and_gradient(student.loss("cross_entropy", outputs + 1000, targets), *right, "cross-entropy")
    apart = outputs + np.array([[1000], [0], [-3000], [2000], [-1000]])
    words = "cross-entropy of rows that lie thousands apart"
    loss_and_gradient(student.loss("cross_entropy", apart, targets), *right, words)
    outputs = outputs * 400
    right = reference.loss("cross_entropy", outputs, targets)
    words = "cross-entropy of logits that lie hundreds apart (probabilities below 1e-300)"
    loss_and_gradient(student.loss("cross_entropy", outputs, targets), *right, words)


# --- 2.4 Modules ---------------------------------------------------------------------------------------------


def linear(rng, i, o):
    """A linear module."""
    return {"kind": "linear", "weights": rng.normal(size=(i, o))}


def pointwise(rng, m, name):
    """A pointwise module."""
    return {"kind": "pointwise", "activation": name, "bias": rng.normal(size=m)}


def chain(rng, sizes, names):
    """Linear modules between layers of these sizes, each followed by a pointwise one."""
    modules = []
    for i, o, name in zip(sizes[:-1], sizes[1:], names, strict=True):
        modules += [linear(rng, i, o), pointwise(rng, o, name)]
    return modules


def same_values(answer, right):
    """A list of as many arrays, all of them right."""
    expect.true(
        isinstance(answer, (list, tuple)), "forward should return a list of arrays", expect.describe(answer)
    )
    count = f"{len(right) - 1} module{'s' if len(right) > 2 else ''}"
    sentence = f"forward returned {len(answer)} arrays; {count} should give {len(right)}, x first"
    expect.true(
        len(answer) == len(right), sentence, len(answer), summary="the list of values has the wrong length"
    )
    for number, (yours, mine) in enumerate(zip(answer, right, strict=True)):
        expect.close(yours, mine, what=f"values[{number}]")


def same_gradients(answer, right, **tolerances):
    """A dict for every module, all of them right."""
    expect.true(
        isinstance(answer, (list, tuple)), "backward should return a list of dicts", expect.describe(answer)
    )
    expect.true(
        len(answer) == len(right),
        f"backward returned {len(answer)} dicts for {len(right)} modules",
        len(answer),
        summary="the list of gradients has the wrong length",
    )
    for number, (yours, mine) in enumerate(zip(answer, right, strict=True)):
        keys = sorted(yours) if isinstance(yours, dict) else expect.describe(yours)
        expect.true(
            keys == sorted(mine),
            f"the gradients of module {number} should be a dict with the keys {sorted(mine)}; it is {keys}"
            if isinstance(keys, str)
            else f"the gradients of module {number} have the keys {keys}; they should have {sorted(mine)}",
            keys,
            summary="the gradients of a module are no dict with the right keys",
        )
    for number in reversed(range(len(right))):  # as they are computed
        for key in ("input", *(right[number].keys() - {"input"})):
            what = f"the gradient of {key!r} in module {number} of {len(right)}"
            expect.close(answer[number][key], right[number][key], what=what, **tolerances)


@question("2.4")
@points(2)
def test_forward_by_hand(student):
    """Forward through x W and + b by hand; the list begins with x."""
    modules = [
        {"kind": "linear", "weights": np.array([[1.0, 3.0, 0.0], [2.0, 4.0, -1.0]])},
        {"kind": "pointwise", "activation": "relu", "bias": np.array([0.5, -0.5, 0.0])},
    ]
    x = np.array([[1.0, -1.0], [2.0, 0.0]])
    right = [x, np.array([[-1.0, -1, 1], [2, 6, 0]]), np.array([[0.0, 0, 1], [2.5, 5.5, 0]])]
    same_values(student.forward(modules, x), right)


@question("2.4")
@points(2)
def test_forward_through_a_chain(student, reference, rng):
    """Forward through longer chains; two pointwise modules in a row."""
    modules = [*chain(rng, (3, 4, 2), ("tanh", "relu")), pointwise(rng, 2, "sigmoid")]
    x = rng.normal(size=(5, 3))
    same_values(student.forward(modules, x), reference.forward(modules, x))


@question("2.4")
@points(3)
def test_backward_by_hand(student):
    """Backward through z = |Wx + b|² of the lecture: weights (-1, -3), (1, 3), input (-10, -14), bias (-1, -3)."""
    modules = [
        {"kind": "linear", "weights": np.array([[1.0, 3.0], [2.0, 4.0]])},
        {"kind": "pointwise", "activation": "linear", "bias": np.array([0.5, -0.5])},
    ]
    values = [np.array([[1.0, -1]]), np.array([[-1.0, -1]]), np.array([[-0.5, -1.5]])]
    right = [
        {"input": np.array([[-10.0, -14]]), "weights": np.array([[-1.0, -3], [1, 3]])},
        {"input": np.array([[-1.0, -3]]), "bias": np.array([-1.0, -3])},
    ]
    same_gradients(student.backward(modules, values, np.array([[-1.0, -3]])), right)


@question("2.4")
@points(3)
def test_backward_of_a_batch(student, reference, rng):
    """Backward through a chain with a batch of rows."""
    modules, x, d_output = (
        chain(rng, (3, 4, 2), ("tanh", "sigmoid")),
        rng.normal(size=(5, 3)),
        rng.normal(size=(5, 2)),
    )
    values = reference.forward(modules, x)
    same_gradients(student.backward(modules, values, d_output), reference.backward(modules, values, d_output))


@question("2.4")
@points(3)
def test_backward_of_square_layers(student, reference, rng):
    """Square matrices, which hide a transpose; as many rows as units; a single row; two pointwise modules in a row."""
    modules = [*chain(rng, (3, 3, 3), ("tanh", "tanh")), pointwise(rng, 3, "sigmoid"), linear(rng, 3, 3)]
    for n in (3, 1):
        x, d_output = rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
        values = reference.forward(modules, x)
        same_gradients(
            student.backward(modules, values, d_output), reference.backward(modules, values, d_output)
        )


# --- 2.5 Is it the gradient? ---------------------------------------------------------------------------------


def small_network(rng, loss_name, names=("tanh", "linear")):
    """A chain 3-4-2 with a batch of four rows: modules, x, targets."""
    targets = rng.dirichlet(np.ones(2), size=4) if loss_name == "cross_entropy" else rng.normal(size=(4, 2))
    return chain(rng, (3, 4, 2), names), rng.normal(size=(4, 3)), targets


def same_arrays(answer, right, **tolerances):
    """A list of as many arrays, all of them right."""
    expect.true(
        isinstance(answer, (list, tuple)), "a list of arrays should come back", expect.describe(answer)
    )
    expect.true(
        len(answer) == len(right),
        f"{len(answer)} arrays came back for {len(right)} modules, each of which has one parameter",
        len(answer),
        summary="the list of gradients has the wrong length",
    )
    for number, (yours, mine) in enumerate(zip(answer, right, strict=True)):
        expect.close(yours, mine, what=f"the gradient of module {number}", **tolerances)


@question("2.5")
@points(2)
@needs("2.3", "2.4")
def test_differences_by_hand(student):
    """½ w² at w = 3: slope 3, whatever the step. A cubic would show a one-sided difference, and so does this bias."""
    modules = [
        {"kind": "linear", "weights": np.array([[3.0]])},
        {"kind": "pointwise", "activation": "linear", "bias": np.array([0.0])},
    ]
    for step in (0.1, 0.5):
        answer = student.numeric_gradients(modules, np.ones((1, 1)), np.zeros((1, 1)), "squared_error", step)
        same_arrays(answer, [np.array([[3.0]]), np.array([3.0])])


@question("2.5")
@points(3)
@needs("2.3", "2.4")
def test_differences_of_a_network(student, reference, rng):
    """Every weight and every bias of a network, with the steps 1e-5 and 0.2."""
    for loss_name in ("squared_error", "cross_entropy"):
        network = small_network(rng, loss_name)
        for step in (1e-5, 0.2):
            answer = student.numeric_gradients(*network, loss_name, step=step)
            same_arrays(
                answer, reference.numeric_gradients(*network, loss_name, step=step), rtol=1e-6, atol=1e-8
            )


@question("2.5")
@points(1)
@needs("2.3", "2.4")
def test_differences_in_float32(student, reference, rng):
    """Modules and rows in float32: computed in float64 all the same."""
    modules, x, targets = small_network(rng, "cross_entropy")
    modules = [
        {k: v.astype("float32") if k in ("weights", "bias") else v for k, v in m.items()} for m in modules
    ]
    network = modules, x.astype("float32"), targets.astype("float32")
    right = reference.numeric_gradients(*network, "cross_entropy")
    same_arrays(student.numeric_gradients(*network, "cross_entropy"), right, rtol=1e-6, atol=1e-8)


def remainders(student, reference, rng, loss_name, factor):
    """Taylor remainders with the right gradients times a factor."""
    network = small_network(rng, loss_name)
    gradients = [factor * g for g in reference.numeric_gradients(*network, loss_name)]
    direction, steps = [rng.normal(size=g.shape) for g in gradients], [0.2 / 2**i for i in range(7)]
    slope = sum(float((g * v).sum()) for g, v in zip(gradients, direction, strict=True))
    if (factor - 1) * slope < 0:  # so that some remainders are negative before their absolute value is taken
        direction = [-v for v in direction]
    args = *network, loss_name, gradients, direction, steps
    right, answer = reference.taylor_remainders(*args), student.taylor_remainders(*args)
    expect.close(answer, np.array(right), rtol=1e-4, atol=1e-9, what="the list of remainders")
    return right


@question("2.5")
@points(2)
@needs("2.3", "2.4")
def test_remainders_by_hand(student):
    """½ w² at 3: remainders .005 and .00125 with the gradient 3, .015 and .00625 with 2.9, .005 and .00375 with 3.1."""
    modules, one = [{"kind": "linear", "weights": np.array([[3.0]])}], np.ones((1, 1))
    for g, right in ((3.0, [0.005, 0.00125]), (2.9, [0.015, 0.00625]), (3.1, [0.005, 0.00375])):
        args = modules, one, 0 * one, "squared_error", [np.array([[g]])], [one], [0.1, 0.05]
        expect.close(
            student.taylor_remainders(*args), np.array(right), atol=1e-9, what="the list of remainders"
        )


@question("2.5")
@points(2)
@needs("2.3", "2.4")
def test_remainders_of_a_network(student, reference, rng):
    """A network, with right gradients and with gradients that are 10 % too large."""
    for loss_name in ("squared_error", "cross_entropy"):
        for factor in (1.0, 1.1):
            remainders(student, reference, rng, loss_name, factor)


# --- 2.6 Where is the bug? -----------------------------------------------------------------------------------


def bug(rng, array, kind):
    """A wrong gradient in place of a right one; some entry is off by much more than a hundredth of the largest."""
    largest = np.abs(array).max()
    if kind == "factor":
        return array * rng.choice([0.5, 2.0, 1.1])
    if kind == "sign":
        return -array
    if kind == "zero":
        return 0 * array
    if kind == "one entry":
        place = np.unravel_index(rng.integers(array.size), array.shape)
        wrong = array.copy()
        wrong[place] += 0.05 * largest
        return wrong
    wrong = np.roll(array, 1, axis=-1)  # shifted columns
    return wrong if np.abs(wrong - array).max() > 0.05 * largest else -array


def colleague(reference, rng, modules, x, d_output, planted):
    """A backward pass with bugs: number of the module, "input" or "parameter" or "both", and the kind of bug."""
    values, gradients, given = reference.forward(modules, x), [], d_output
    for number in reversed(range(len(modules))):
        mine = reference.backward([modules[number]], values[number : number + 2], given)[0]
        for where, kind in (planted.get(number, ()),) if number in planted else ():
            for key in mine:
                if where == "both" or (key == "input") == (where == "input"):
                    mine[key] = bug(rng, mine[key], kind)
        # as another program would have them: equal to two ten-millionths of the largest entry
        mine = {k: a + 2e-7 * np.abs(a).max() * rng.uniform(-1, 1, size=a.shape) for k, a in mine.items()}
        gradients.append(mine)
        given = mine["input"]
    return gradients[::-1]  # from the first module to the last


def finds(student, reference, rng, cases):
    """The broken modules of every case are found; `cases` are (planted bugs, size of the gradients).

    What came in all cases tells one mistake from another; what is said is about the first that is wrong.
    """
    answers, sentences = [], []
    for planted, size in cases:
        modules = chain(rng, (4, 5, 3), ("tanh", "linear"))
        x, d_output = rng.normal(size=(6, 4)), size * rng.normal(size=(6, 3))
        gradients = colleague(reference, rng, modules, x, d_output, planted)
        answer = student.find_broken_modules(modules, x, d_output, gradients)
        answer = answer.tolist() if isinstance(answer, np.ndarray) else answer
        answer = list(answer) if isinstance(answer, (list, tuple)) else answer
        answers.append(answer)
        bugs = "; ".join(
            f"module {n}, its {'two gradients' if where == 'both' else where} ({kind})"
            for n, (where, kind) in sorted(planted.items())
        )
        if answer != sorted(planted):
            sentences.append(
                f"4 modules, gradients of size {size:g}. Wrong: {bugs or 'nothing but the seventh digit'}. "
                f"The answer is {expect.describe(answer)}, it should be {sorted(planted)}"
            )
    summary = "the broken modules are not those that are found"
    expect.true(not sentences, sentences[0] if sentences else "", answers, summary=summary)


@question("2.6")
@points(2)
@needs("2.4")
def test_nothing_is_broken(student, reference, rng):
    """Right gradients: nothing is broken, although the last digits differ."""
    finds(student, reference, rng, [({}, 1e-5), ({}, 1.0)])


@question("2.6")
@points(3)
@needs("2.4")
def test_one_broken_module(student, reference, rng):
    """One bug: a wrong factor, sign, entry, shifted columns, zeros; in the first module, the last, or between."""
    kinds = ("sign", "factor", "one entry", "shifted columns", "zero")
    finds(
        student,
        reference,
        rng,
        [({n: ("both", kind)}, 1.0) for kind, n in zip(kinds, (2, 1, 3, 0, 2), strict=True)],
    )


@question("2.6")
@points(2)
@needs("2.4")
def test_bug_in_input_or_parameter(student, reference, rng):
    """A bug in the gradient of the input alone, or of the parameter alone."""
    finds(student, reference, rng, [({2: ("parameter", "sign")}, 1.0), ({1: ("input", "factor")}, 1.0)])


@question("2.6")
@points(2)
@needs("2.4")
def test_two_bugs_and_tiny_gradients(student, reference, rng):
    """Two bugs at once; gradients of size 1e-5 throughout."""
    cases = [
        ({1: ("both", "sign"), 3: ("both", "factor")}, 1.0),
        ({0: ("both", "one entry")}, 1e-5),
        ({0: ("parameter", "factor"), 2: ("input", "shifted columns")}, 1e-5),
    ]
    finds(student, reference, rng, cases)


# --- 2.7 Any graph -------------------------------------------------------------------------------------------


def derivatives(answer, value, gradients, of=None, **tolerances):
    """Value and gradients of a graph are right; `of` are the names to look at, default all."""
    fine = isinstance(answer, (list, tuple)) and len(answer) == 2 and isinstance(answer[1], dict)
    came = expect.describe(answer)
    expect.true(
        fine,
        f"a number and a dict of gradients should come back; what came is {came}",
        came,
        summary="a number and a dict of gradients should come back",
    )
    expect.close(answer[0], value, what="the value of the output", **tolerances)
    missing = sorted(gradients.keys() - answer[1].keys(), key=str)
    expect.true(
        not missing,
        f"there is no gradient of {', '.join(missing[:5])}; every input and every node should have one",
        missing[:5],
        summary="some names have no gradient",
    )
    for name in of or gradients:
        expect.close(answer[1][name], gradients[name], what=f"the gradient of {name!r}", **tolerances)


@question("2.7")
@points(3)
def test_graph_of_the_lecture(student):
    """(x + y) z at (-2, 5, -4): value -12, gradients -4, -4, 3, of the sum -4, of the output itself 1."""
    graph, inputs = {"s": ["add", "x", "y"], "f": ["multiply", "s", "z"]}, {"x": -2.0, "y": 5.0, "z": -4.0}
    right = {"f": 1.0, "s": -4.0, "z": 3.0, "x": -4.0, "y": -4.0}
    derivatives(student.graph_gradients(graph, inputs, "f"), -12.0, right)


@question("2.7")
@points(2)
def test_graph_with_arrays(student):
    """z = |Wx + b|² at the lecture's numbers: 2.5, and the gradients of W, x and b."""
    graph = {
        "y": ["matmul", "W", "x"],
        "r": ["add", "y", "b"],
        "squares": ["multiply", "r", "r"],
        "z": ["sum", "squares"],
    }
    inputs = {"W": np.array([[1.0, 2], [3, 4]]), "x": np.array([1.0, -1]), "b": np.array([0.5, -0.5])}
    right = {
        "z": 1.0,
        "squares": np.array([1.0, 1]),
        "r": np.array([-1.0, -3]),
        "y": np.array([-1.0, -3]),
        "b": np.array([-1.0, -3]),
        "W": np.array([[-1.0, 1], [-3, 3]]),
        "x": np.array([-10.0, -14]),
    }
    derivatives(student.graph_gradients(graph, inputs, "z"), 2.5, right)


@question("2.7")
@points(3)
def test_names_that_are_used_again(student):
    """What is used several times gets the sum; the nodes may stand in any order; what is not used gets 0."""
    derivatives(
        student.graph_gradients({"q": ["multiply", "y", "y"]}, {"y": 3.0}, "q"), 9.0, {"q": 1.0, "y": 6.0}
    )
    graph = {  # f = (a + b) a + (a + b) = a² + ab + a + b, and a node that nobody uses
        "f": ["add", "s", "product"],
        "product": ["multiply", "s", "a"],
        "idle": ["exp", "b"],
        "s": ["add", "a", "b"],
    }
    right = {"f": 1.0, "product": 1.0, "s": 3.0, "a": 8.0, "b": 3.0, "idle": 0.0, "unused": np.zeros((2, 3))}
    inputs = {"a": 2.0, "b": 3.0, "unused": np.ones((2, 3))}
    derivatives(student.graph_gradients(graph, inputs, "f"), 15.0, right)


def layer_graph(rng):
    """A graph of matrices that uses every operation: graph, inputs, output."""
    graph = {
        "hidden": ["relu", "net"],
        "net": ["add", "XW", "B"],
        "XW": ["matmul", "X", "W"],
        "out": ["matmul", "hidden", "v"],
        "powers": ["exp", "out"],
        "total": ["sum", "powers"],
        "loss": ["log", "total"],
        "weighted": ["multiply", "W", "W"],
        "penalty": ["sum", "weighted"],
        "E": ["add", "loss", "penalty"],
    }
    inputs = {"X": rng.normal(size=(4, 3)), "W": rng.normal(size=(3, 5)), "v": rng.normal(size=5)}
    inputs["B"] = rng.normal(size=(4, 5))
    order = rng.permutation(list(graph))
    return {str(name): graph[str(name)] for name in order}, inputs, "E"


@question("2.7")
@points(2)
def test_graph_of_a_layer(student, reference, rng):
    """Matrices and vectors, relu, exp, log and sum."""
    graph, inputs, output = layer_graph(rng)
    derivatives(
        student.graph_gradients(graph, inputs, output), *reference.graph_gradients(graph, inputs, output)
    )


@question("2.7")
@points(2)
@limit(10)
def test_long_graphs(student, rng):
    """A chain of 2,000 nodes; 40 doublings one after the other, which have 2⁴⁰ paths."""
    chain_of_nodes = {f"n{i}": ["add", f"n{i - 1}" if i else "x", "step"] for i in range(2000)}
    backward = dict(reversed(chain_of_nodes.items()))
    answer = student.graph_gradients(backward, {"x": 1.0, "step": 0.5}, "n1999")
    derivatives(answer, 1001.0, {"x": 1.0, "step": 2000.0, "n0": 1.0, "n1000": 1.0})
    doublings = {f"d{i}": ["add", f"d{i - 1}", f"d{i - 1}"] for i in range(1, 41)}
    answer = student.graph_gradients(doublings, {"d0": 1.0}, "d40")
    derivatives(answer, 2.0**40, {"d0": 2.0**40, "d20": 2.0**20, "d39": 2.0})


# --- 2.8 Digits, with NumPy alone ----------------------------------------------------------------------------


def are_modules(answer):
    """Every entry is a dict with "kind"."""
    for number, entry in enumerate(answer):
        came = f"the keys {sorted(entry, key=str)}" if isinstance(entry, dict) else expect.describe(entry)
        sentence = f'entry {number} of the chain should be a module, a dict with "kind"; what came is {came}'
        fine = isinstance(entry, dict) and entry.get("kind") in PARAMETER
        expect.true(fine, sentence, came, summary="the entries of the chain are no modules")


def same_chain(answer, modules, right, what="the chain"):
    """The same modules with the right parameters."""
    expect.true(
        isinstance(answer, (list, tuple)), "a list of modules should come back", expect.describe(answer)
    )
    are_modules(answer)
    kinds, wanted = ([module["kind"] for module in some] for some in (answer, modules))
    expect.true(kinds == wanted, f"the kinds of the modules are {kinds}; they should be {wanted}", kinds)
    for number, (yours, mine) in enumerate(zip(answer, right, strict=True)):
        name = PARAMETER[mine["kind"]]
        expect.close(yours.get(name), mine[name], what=f"{name!r} of module {number} in {what}")
        expect.equal(
            yours.get("activation"), mine.get("activation"), what=f"the activation of module {number}"
        )


@question("2.8")
@points(3)
@needs("2.3", "2.4")
def test_one_step(student, reference, rng):
    """One step of gradient descent, every parameter exactly; the same step twice from the same chain."""
    modules, x = chain(rng, (4, 5, 3), ("tanh", "linear")), rng.normal(size=(6, 4))
    targets, held = np.eye(3)[rng.integers(0, 3, size=6)], student.hold(modules)
    for rate in (0.5, 2.0):
        same_chain(
            student.sgd_step(held, x, targets, rate), modules, reference.sgd_step(modules, x, targets, rate)
        )


@question("2.8")
@points(1)
@needs("2.3", "2.4")
def test_steps_in_float32(student, reference, rng):
    """Other chains; float32 stays float32; targets may share the 1."""
    modules = [*chain(rng, (3, 4), ("relu",)), linear(rng, 4, 5)]
    modules = [
        {k: v.astype("float32") if k in ("weights", "bias") else v for k, v in m.items()} for m in modules
    ]
    x, targets = (
        rng.normal(size=(8, 3)).astype("float32"),
        rng.dirichlet(np.ones(5), size=8).astype("float32"),
    )
    answer = student.sgd_step(modules, x, targets, 0.25)
    same_chain(answer, modules, reference.sgd_step(modules, x, targets, 0.25))
    for number, module in enumerate(answer):
        name = PARAMETER[module["kind"]]  # the key of its array
        expect.dtype(module[name], "float32", what=f"{name!r} of module {number}")


def trained_chain(answer, units):
    """The weights of a chain 784-units-10, each module in its place; the answer itself."""
    expect.true(
        isinstance(answer, (list, tuple)),
        "train_mlp should return a list of modules",
        expect.describe(answer),
    )
    are_modules(answer)
    kinds = [entry["kind"] for entry in answer]
    fine = kinds in (["linear", "pointwise", "linear"], ["linear", "pointwise", "linear", "pointwise"])
    expect.true(
        fine,
        f"the chain has the modules {kinds}; it should be linear, pointwise, linear (, pointwise)",
        kinds,
    )
    shapes = [list(np.shape(entry.get(PARAMETER[entry["kind"]]))) for entry in answer]
    wanted = [[784, units], [units], [units, 10], [10]][: len(answer)]
    expect.true(
        shapes == wanted, f"the parameters have the shapes {shapes}; they should have {wanted}", shapes
    )
    activations = [module.get("activation") for module in answer[1::2]]
    fine = activations[0] in NAMES and activations[1:] in ([], ["linear"])
    expect.true(
        fine, f"the activations are {activations}; the last module gives logits: linear or none", activations
    )
    finite = all(np.isfinite(entry[PARAMETER[entry["kind"]]]).all() for entry in answer)
    sentence = "the weights are not finite: training has diverged. Is the learning rate too large?"
    expect.true(finite, sentence, "not finite")
    learned = all(np.any(entry["weights"]) for entry in answer[::2])
    sentence = "a matrix of weights is still 0 everywhere: no gradient has reached it"
    expect.true(learned, sentence, "zero", summary=sentence)
    return answer


def equal_chains(one, other):
    """Whether all parameters are the same."""
    return all(
        np.array_equal(a[PARAMETER[a["kind"]]], b[PARAMETER[b["kind"]]])
        for a, b in zip(one, other, strict=True)
    )


def few_digits(mnist, rng, n):
    """Some training digits as rows from 0 to 1, and their labels."""
    rows = rng.permutation(60_000)[:n]
    return mnist.x_train[rows].reshape(-1, 784).astype("float32") / 255, mnist.y_train[rows].astype(int)


@question("2.8")
@points(1)
@needs("2.3", "2.4")
@limit(30)
def test_seeds_of_training(student, rng, mnist):
    """The same seed gives the same weights, another seed others."""
    x, y = few_digits(mnist, rng, 300)
    first, again, other = (
        trained_chain(student.train_mlp(x, y, hidden=16, epochs=1, seed=seed), 16) for seed in (3, 3, 4)
    )
    same = equal_chains(first, again)
    expect.true(same, "two trainings with seed 3 end with different weights", "differ")
    same = equal_chains(first, other)
    expect.true(
        not same, "trainings with the seeds 3 and 4 end with the same weights: is seed used?", "alike"
    )


@question("2.8")
@points(1)
@needs("2.3", "2.4")
@limit(30)
def test_settings_of_training(student, rng, mnist):
    """`hidden` and `epochs` are heeded: other sizes; more epochs go on from where fewer end."""
    x, y = few_digits(mnist, rng, 300)
    for units in (5, 24):
        trained_chain(student.train_mlp(x, y, hidden=units, epochs=1), units)
    short, long = (trained_chain(student.train_mlp(x, y, hidden=8, epochs=epochs), 8) for epochs in (1, 3))
    same = equal_chains(short, long)
    sentence = (
        "one epoch and three end with the same weights: is epochs used, and the result of each step kept?"
    )
    expect.true(not same, sentence, "alike")


def too_low(accuracy):
    """Where to look, in brackets, when a network has learned too little."""
    for bound, sentence in (
        (0.2, "no more than guessing: do images keep their targets, and does each step go on from the last?"),
        (0.9, "it learns too little: how many steps has an epoch, how large are rate and first weights?"),
        (0.94, "as much as without hidden units: does the rate shrink, are all epochs carried out?"),
    ):
        if accuracy < bound:
            return f" ({sentence})"
    return ""


# Right answers know 95.7 to 96.5 % of them, linear hidden units 91.3 to 91.8 %: two points on either side.
@question("2.8")
@points(2)
@needs("2.3", "2.4")
@limit(30)
def test_training_on_some_digits(student, rng, mnist):
    """Four epochs over 30,000 digits: the chain knows at least 94 % of others, run by your own forward."""
    x, y = few_digits(mnist, rng, 36_000)
    modules = trained_chain(student.train_mlp(x[:30_000], y[:30_000], hidden=64, epochs=4, seed=1), 64)
    sentence = 'the hidden units are "linear", so two layers can do no more than one: they need a bend'
    expect.true(modules[1]["activation"] != "linear", sentence, "linear")
    logits = student.forward(modules, x[30_000:])[-1]
    expect.shape(logits, (6000, 10), what="the logits")
    accuracy = float((np.asarray(logits).argmax(axis=1) == y[30_000:]).mean())
    what = f"the accuracy on digits that were held out{too_low(accuracy)}"
    expect.at_least(accuracy, 0.94, what=what, like=1e-4)
