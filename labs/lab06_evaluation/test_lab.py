"""The checks of lab 06. A student sees each docstring as the title of a check."""

from functools import cache

import numpy as np
from scipy.stats import binom
from threadpoolctl import threadpool_limits

from labkit.check import expect, outputs, points, question, uses
from labkit.data import load_mnist

# --- classifiers to be judged ----------------------------------------------------------------------------------


def softmax(logits):
    """Probabilities from logits, row by row."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


# One thread: for products of such small matrices several only wait for each other, ten times as long on a busy machine.
@cache
@threadpool_limits.wrap(1)
def softmax_regression():
    """Logits (10000, 10) of the test digits after 5 and after 10 epochs of softmax regression; their labels.

    As in the lesson, but trained on 6,000 digits: a tenth of the time, and as real.
    """
    mnist = load_mnist()
    x, x_test = (part.reshape(-1, 784) / np.float32(255) for part in (mnist.x_train[:6000], mnist.x_test))
    targets = np.eye(10, dtype=np.float32)[mnist.y_train[:6000]]
    weights, bias, kept = np.zeros((784, 10), np.float32), np.zeros(10, np.float32), {}
    for epoch in range(1, 11):
        for start in range(0, 6000, 100):
            rows = x[start : start + 100]
            error = (softmax(rows @ weights + bias) - targets[start : start + 100]) / 100
            weights, bias = weights - 0.2 * (rows.T @ error), bias - 0.2 * error.sum(axis=0)
        kept[epoch] = x_test @ weights + bias
    return kept[5], kept[10], mnist.y_test


@threadpool_limits.wrap(1)
def networks(rng, mnist, count=1, rows=500, epochs=30):
    """Logits (1000, 10) of a few digits by `count` small networks that have overfitted others; their labels.

    They see the same digits in another order and start from other weights, as networks of one recipe do.
    """
    chosen = rng.choice(60_000, size=rows + 1000, replace=False)
    x, y = mnist.x_train[chosen].reshape(-1, 784).astype(np.float32) / 255, mnist.y_train[chosen]
    targets, logits = np.eye(10, dtype=np.float32)[y], []
    for _ in range(count):
        first = rng.normal(scale=0.05, size=(784, 32)).astype(np.float32)
        second = rng.normal(scale=0.2, size=(32, 10)).astype(np.float32)
        for _ in range(epochs):
            for batch in rng.permutation(rows).reshape(-1, 50):
                hidden_units = np.maximum(x[batch] @ first, 0)
                error = (softmax(hidden_units @ second) - targets[batch]) / 50
                back = (error @ second.T) * (hidden_units > 0)
                second -= 0.5 * hidden_units.T @ error
                first -= 0.5 * x[batch].T @ back
        logits.append(np.maximum(x[rows:] @ first, 0) @ second)
    return logits, y[rows:]


def each(answers, expected, names):
    """All answers are right; the first wrong one is named, and together they tell one mistake from another."""
    wrong = [place for place, (a, b) in enumerate(zip(answers, expected, strict=True)) if a != b]
    sentence = ""
    if wrong:
        place = wrong[0]
        sentence = (
            f"the answer for {names[place]} is {answers[place]!r:.60}; it should be {expected[place]!r}"
        )
    answers = [answer if isinstance(answer, str) else type(answer).__name__ for answer in answers]
    expect.true(
        not wrong, sentence, received=answers, summary=f"{len(wrong)} of {len(expected)} cases are wrong"
    )


# --- 6.1 Confusion, precision, recall --------------------------------------------------------------------------


@question("6.1")
@points(2)
def test_confusion_by_hand(student):
    """The confusion matrix of the six labels in the text."""
    labels, predictions = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 1, 1])
    matrix = student.confusion(labels, predictions, 3)
    expect.equal(matrix, np.array([[2, 1, 0], [0, 2, 0], [0, 1, 0]]))
    expect.dtype(matrix, "int")


@question("6.1")
@points(2)
def test_confusion_of_many_classes(student, reference, rng):
    """26 classes, some of them absent, labels as bytes."""
    labels, predictions = rng.choice(np.arange(1, 24, 2), size=(2, 300)).astype(np.uint8)
    expect.equal(student.confusion(labels, predictions, 26), reference.confusion(labels, predictions, 26))


@question("6.1")
@points(2)
def test_precision_recall_f1(student, reference, rng):
    """Precision, recall and F1 of four classes."""
    matrix = rng.integers(1, 30, size=(4, 4)) + np.diag(rng.integers(20, 60, size=4))
    expect.close(student.precision_recall_f1(matrix), reference.precision_recall_f1(matrix))


@question("6.1")
@points(1)
def test_classes_without_anything(student):
    """Where a class is never predicted or never occurs, 0/0 counts 0; once is not never."""
    matrix = np.diag([2, 2, 0, 0, 1, 1, 1])
    matrix[[0, 1, 2, 0, 6], [1, 3, 1, 5, 0]] = 1  # 2 is never predicted, 3 never occurs, 4 does both once
    precision, recall = [2 / 3, 1 / 2, 0, 0, 1, 1 / 2, 1], [1 / 2, 2 / 3, 0, 0, 1, 1, 1 / 2]
    f1 = [4 / 7, 4 / 7, 0, 0, 1, 2 / 3, 2 / 3]
    expect.close(student.precision_recall_f1(matrix), np.stack([precision, recall, f1], axis=1))


# --- 6.2 Top-k error -------------------------------------------------------------------------------------------


@question("6.2")
@points(2)
def test_top_2_by_hand(student):
    """The row (5, 1, 3, 2): of its four labels two are among the first two."""
    scores = np.array([[5.0, 1.0, 3.0, 2.0]])
    errors = [student.top_k_error(scores, np.array([label]), 2) for label in range(4)]
    expect.close(errors, [0.0, 1.0, 0.0, 1.0], what="the top-2 error for the labels 0, 1, 2, 3")


@question("6.2")
@points(2)
def test_top_k_of_a_batch(student, reference, rng):
    """Logits and probabilities, k from 1 to 5."""
    logits, labels = rng.normal(size=(200, 8)), rng.integers(0, 8, size=200).astype(np.uint8)
    for scores in (logits, softmax(3 * logits)):
        errors = [student.top_k_error(scores, labels, k) for k in range(1, 6)]
        expect.close(
            errors, [reference.top_k_error(scores, labels, k) for k in range(1, 6)], what="the list of errors"
        )


@question("6.2")
@points(1)
def test_ties_count_against_the_classifier(student, reference, rng):
    """A tie counts against the classifier: equal scores for all classes are no knowledge."""
    labels = rng.permutation(np.arange(40) % 6)
    scores = rng.integers(0, 3, size=(40, 6)).astype(float)
    errors = [student.top_k_error(np.ones((40, 6)), labels, 3), student.top_k_error(scores, labels, 2)]
    expect.close(
        errors, [1.0, reference.top_k_error(scores, labels, 2)], what="the list of errors of tied scores"
    )


@question("6.2")
@points(1)
def test_rows_with_nan_are_errors(student, reference, rng):
    """A row that holds a NaN is an error, wherever it stands."""
    scores, labels = rng.normal(size=(30, 5)), rng.integers(0, 5, size=30)
    scores[np.arange(10), labels[:10]] = 9.0
    scores[np.arange(5), (labels[:5] + 1) % 5] = (
        np.nan
    )  # the label has the best score of what can be compared
    scores[5:8, :] = np.nan
    scores[np.arange(8, 10), labels[8:10]] = np.nan
    errors = [student.top_k_error(scores, labels, k) for k in (1, 3)]
    expect.close(
        errors, [reference.top_k_error(scores, labels, k) for k in (1, 3)], what="the list of errors with NaN"
    )


@question("6.2")
@points(1)
def test_all_guesses_allowed(student, rng):
    """With k as large as the number of classes, or larger, only rows with a NaN are errors."""
    scores, labels = rng.normal(size=(20, 4)).round(), rng.integers(0, 4, size=20)
    errors = [student.top_k_error(scores, labels, k) for k in (4, 7)]
    scores[:5, 2] = np.nan
    errors += [student.top_k_error(scores, labels, k) for k in (4, 7)]
    expect.close(
        errors, [0.0, 0.0, 0.25, 0.25], what="the list of errors for k = 4 and 7, without and with NaN,"
    )


# --- 6.3 Intervals ---------------------------------------------------------------------------------------------


def rows_right(rng, right, n):
    """Which of n rows are right, in random order."""
    return rng.permutation(np.arange(n) < right)


def percentiles(student, rng, cases, resamples, within):
    """Ends of bootstrap intervals, in standard errors from the accuracy, beside those of the binomial.

    Their noise, from the end of a percentile and from one row more or less, is given at each call. `like` is a
    third of the distance that is allowed: two mistakes that are nearer to each other are not told apart.
    """
    ends, expected = [], []
    for right, n, level in cases:
        p = right / n
        error = np.sqrt(p * (1 - p) / n)
        seed = int(rng.integers(1_000_000))
        answer = student.bootstrap_interval(rows_right(rng, right, n), level, resamples, seed)
        expect.shape(answer, (2,), what="(low, high)")
        ends.append([(float(end) - p) / error for end in answer])
        tails = (1 - level) / 2, (1 + level) / 2
        expected.append([(binom.ppf(tail, n, p) / n - p) / error for tail in tails])
    apart = np.abs(np.subtract(ends, expected))
    worst = int(np.nan_to_num(apart, nan=np.inf).max(axis=1).argmax())
    right, n, level = cases[worst]
    sentence = (
        f"for {right} of {n} right and the level {level} the interval goes from {_signed(ends[worst][0])} to "
        f"{_signed(ends[worst][1])} standard errors around the accuracy; it should go from "
        f"{_signed(expected[worst][0])} to {_signed(expected[worst][1])}"
    )
    summary = "the percentiles are not those of resamples of n rows"
    expect.true(apart <= within, sentence, received=np.array(ends), like=within / 3, summary=summary)


def _signed(number):
    return f"{number:+.2f}"


# Noise of an end, in standard errors: .049 for the percentile of 10,000 accuracies (level .99), and .105 for a row more
# or less of 1,000: .35 is five deviations away. The nearest mistake is .44 away (1 - level cut off at each end, .8).
@question("6.3")
@points(3)
def test_bootstrap_percentiles(student, rng):
    """The ends are the percentiles of resamples of n rows, for the levels 0.8, 0.95 and 0.99."""
    percentiles(student, rng, [(900, 1000, level) for level in (0.8, 0.95, 0.99)], 10_000, 0.35)


@question("6.3")
@points(1)
def test_bootstrap_of_all_right(student, rng):
    """All of 50 right: every resample is all right, too."""
    expect.close(student.bootstrap_interval(np.ones(50, bool)), [1.0, 1.0])


@question("6.3")
@points(1)
def test_bootstrap_seed(student, rng):
    """The same seed gives the same interval, another seed another one."""
    correct = rows_right(rng, 700, 1000)
    first, *others = [student.bootstrap_interval(correct, 0.9, 30, seed) for seed in (3, 3, 4, 5, 6, 7)]
    again, others = others[0], others[1:]
    repeats = np.shape(again) == np.shape(first) and np.allclose(again, first)
    sentence = f"the seed 3 gives {expect.describe(first)} and then {expect.describe(again)}"
    expect.true(repeats, sentence, received="another interval", summary="one seed gives two intervals")
    same = all(np.allclose(other, first) for other in others)
    expect.true(not same, "five seeds give one and the same interval", received="one interval for all seeds")


@question("6.3")
@points(2)
def test_wilson_by_hand(student):
    """8 of 10, 9,900 of 10,000, and 50 of 50."""
    expected = [[0.49016247, 0.94331785], [0.98785302, 0.99177066], [0.92865240, 1.0]]
    answers = [student.wilson_interval(*case) for case in ((8, 10), (9_900, 10_000), (50, 50))]
    expect.close(answers, expected, what="(low, high)")


@question("6.3")
@points(1)
def test_wilson_level(student):
    """8 of 10 at the levels 0.9 and 0.99."""
    answers = [student.wilson_interval(8, 10, level) for level in (0.9, 0.99)]
    expect.close(answers, [[0.54079281, 0.93144201], [0.40081870, 0.95986885]], what="(low, high)")


@question("6.3")
@points(1)
def test_wilson_at_the_ends(student, reference):
    """Nothing right, everything right: the interval stays within [0, 1]."""
    cases = [(0, 4), (4, 4), (0, 1), (0, 3000), (7, 7)]
    answers = [student.wilson_interval(*case, level=0.9) for case in cases]
    inside = all(0 <= end <= 1 for answer in answers for end in np.ravel(answer))
    expect.true(inside, "an interval leaves [0, 1]", received=answers)
    expect.close(
        answers, [list(reference.wilson_interval(*case, level=0.9)) for case in cases], what="(low, high)"
    )


# --- 6.4 Is the difference real? -------------------------------------------------------------------------------


def two_classifiers(rng, only_a, only_b, both=60, neither=15):
    """Which rows two classifiers have right, in random order."""
    counts = [only_a, only_b, both, neither]
    order = rng.permutation(sum(counts))
    return tuple(
        np.repeat(kinds, counts)[order] for kinds in ([True, False, True, False], [False, True, True, False])
    )


def p_values(student, reference, rng, cases):
    """The p-values of several pairs of counts."""
    pairs = [two_classifiers(rng, *case) for case in cases]
    answers = [student.mcnemar(*pair) for pair in pairs]
    names = ", ".join(str(case[:2]) for case in cases)
    expect.close(
        answers, [reference.mcnemar(*pair) for pair in pairs], rtol=1e-4, atol=1e-9, what=f"p for {names}"
    )


@question("6.4")
@points(3)
def test_p_values(student, reference, rng):
    """(10, 2) gives 0.03857; (60, 40), (400, 330), (6, 0) and all of them exchanged."""
    cases = [(10, 2), (60, 40), (400, 330), (6, 0)]
    p_values(student, reference, rng, cases)
    p_values(student, reference, rng, [(c, b) for b, c in cases])


@question("6.4")
@points(2)
def test_p_value_of_no_difference(student, rng):
    """A draw, (5, 5), and two classifiers that never differ: p = 1."""
    pairs = [two_classifiers(rng, 5, 5), two_classifiers(rng, 0, 0)]
    expect.close([student.mcnemar(*pair) for pair in pairs], [1.0, 1.0], what="p for (5, 5) and (0, 0)")


def decisions(student, rng, cases):
    """What `better` says of several pairs of counts; a case is (only a, only b, others right, level, answer)."""
    answers = [student.better(*two_classifiers(rng, *case[:3]), level=case[3]) for case in cases]
    names = [
        f"{a} rows only a right, {b} only b, {both} both, level {level}" for a, b, both, level, _ in cases
    ]
    each(answers, [case[4] for case in cases], names)


@question("6.4")
@points(2)
def test_which_one_is_better(student, rng):
    """10 to 2 and 0 to 8 are real differences, 40 to 60 is none, and neither is a draw."""
    cases = [
        (10, 2, 988, 0.05, "a"),
        (0, 8, 900, 0.05, "b"),
        (40, 60, 900, 0.05, "undecided"),
        (5, 5, 20, 0.05, "undecided"),
        (0, 0, 30, 0.05, "undecided"),
        (20, 60, 500, 0.05, "b"),
        (5, 0, 9, 0.05, "undecided"),
    ]
    decisions(student, rng, cases)


@question("6.4")
@points(1)
def test_level_of_better(student, rng):
    """At another level other differences are real."""
    cases = [
        (10, 2, 90, 0.01, "undecided"),
        (10, 2, 90, 0.04, "a"),
        (40, 60, 90, 0.06, "b"),
        (4, 9, 90, 0.3, "b"),
    ]
    decisions(student, rng, cases)


# --- 6.5 Confidence --------------------------------------------------------------------------------------------


def confident_rows(rng, n, k, lowest=0.0):
    """Probabilities whose confidences keep away from the borders of 1 to 20 bins, and labels that are often right."""
    borders = np.unique([i / bins for bins in range(1, 21) for i in range(bins + 1)])
    rows = np.empty((0, k))
    while len(rows) < n:
        drawn = softmax(rng.normal(scale=2, size=(8 * n, k)))
        confidence = drawn.max(axis=1)
        clear = np.abs(confidence[:, None] - borders).min(axis=1) > 1e-4
        rows = np.concatenate([rows, drawn[clear & (confidence > lowest)]])
    rows = rows[:n]
    labels = np.where(rng.random(n) < 0.7, rows.argmax(axis=1), rng.integers(0, k, size=n))
    return rows, labels


def calibrated(student, reference, probabilities, labels, bins):
    """The answer for these bins is that of the reference, with whole numbers as counts."""
    answer = student.calibration(probabilities, labels, bins)
    right = dict(reference.calibration(probabilities, labels, bins))
    expect.close(answer, right, rtol=1e-4)
    expect.dtype(answer["count"], "int", what="'count' in the answer of calibration")


@question("6.5")
@points(3)
def test_calibration_by_hand(student):
    """The four rows of the text, in two bins: ECE 0.225."""
    rows = np.array([[0.9, 0.1], [0.3, 0.7], [0.8, 0.2], [0.5, 0.5]])
    answer = student.calibration(rows, np.array([0, 1, 1, 0]), 2)
    half = {"confidence": np.array([0.5, 0.8]), "accuracy": np.array([1, 2 / 3]), "count": np.array([1, 3])}
    expect.close(answer, {"ece": 0.225, **half})


@question("6.5")
@points(2)
def test_calibration_of_a_batch(student, reference, rng):
    """300 rows of five classes, for 1, 4, 10 and 15 bins, some of them empty."""
    rows, labels = confident_rows(rng, 300, 5, lowest=0.41)
    for bins in (10, 1, 4, 15):
        calibrated(student, reference, rows, labels, bins)


@question("6.5")
@points(2)
def test_calibration_at_the_ends(student, reference, rng):
    """Confidences of exactly 1 and of exactly one half, labels as bytes."""
    rows = np.repeat([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.3, 0.7]], [3, 4, 2, 3], axis=0)
    labels = rng.permutation(np.arange(12) % 2).astype(np.uint8)
    for bins in (10, 2, 1):
        calibrated(student, reference, rows, labels, bins)


def stretched(rng, n, k, factor):
    """Logits that are `factor` times as large as they should be, and labels drawn from what they should be.

    A logit that every class of a row has in common says nothing.
    """
    honest = rng.normal(scale=1.5, size=(n, k))
    labels = (softmax(honest).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return factor * honest + rng.normal(size=(n, 1)), np.minimum(labels, k - 1)


def at_temperature(reference, wanted, logits, labels):
    """Logits and labels for which this temperature is right, so that no wrong one is right by luck."""
    return logits * (wanted / reference.temperature(logits, labels)), labels


def temperatures(student, cases, expected):
    """Temperatures to one per cent."""
    answers = [student.temperature(*case) for case in cases]
    expect.close(
        answers,
        expected,
        rtol=0.0105,
        what="the list of temperatures" if len(cases) > 1 else "the temperature",
    )


@question("6.5")
@points(3)
def test_temperature(student, reference, rng, mnist):
    """The example by hand, T = 2, then logits that are too large and too small, and those of a network."""
    by_hand = np.tile([2 * np.log(3), 0.0], (4, 1)), np.array([0, 0, 0, 1])
    expect.close(student.temperature(*by_hand), 2.0, rtol=0.0105)
    wanted = [3.147, 0.2713, 1.653, 1.347]
    (logits,), labels = networks(rng, mnist)
    cases = [*(stretched(rng, 1500, 6, factor) for factor in (3.4, 0.27, 1.6)), (logits, labels)]
    cases = [at_temperature(reference, t, *case) for t, case in zip(wanted, cases, strict=True)]
    temperatures(student, cases, wanted)


@question("6.5")
@points(1)
def test_temperature_of_large_logits(student, reference, rng):
    """5000 added to all logits changes nothing."""
    logits, labels = at_temperature(reference, 2.347, *stretched(rng, 800, 5, 2.3))
    temperatures(
        student, [(logits + 5000, labels)], [2.347]
    )  # e to the power of 5000/T is infinite at every T near


# --- 6.6 Votes -------------------------------------------------------------------------------------------------


@question("6.6")
@points(2)
def test_votes_by_hand(student):
    """The three members of the text: the mean says 0, the majority 1."""
    members = [np.array([[0.4, 0.6]]), np.array([[0.45, 0.55]]), np.array([[0.95, 0.05]])]
    answers = [student.vote(members, how) for how in ("mean", "majority")]
    expect.equal(
        np.array([np.ravel(answer) for answer in answers]), np.array([[0], [1]]), what="(mean, majority)"
    )


@question("6.6")
@points(3)
def test_votes_of_several_members(student, reference, rng):
    """One to five members; among equals the largest mean probability decides."""
    for count in (4, 3, 1, 5):
        members = list(rng.dirichlet(np.full(4, 0.7), size=(count, 120)))
        for how in ("mean", "majority"):
            answer = student.vote(members, how)
            expect.equal(answer, reference.vote(members, how), what=f"the {how} of {count} members")
            expect.dtype(answer, "int")


@question("6.6")
@points(2)
def test_majority_accuracy(student):
    """Three and eleven voters of 0.6, five of 0.96, eleven of 0.4, a hundred and one of 0.6."""
    cases = [(0.6, 3), (0.6, 11), (0.96, 5), (0.4, 11), (0.6, 101)]
    expected = [0.648, 0.75349813, 0.99939779, 0.24650187, 0.97910331]
    expect.close(
        [student.majority_accuracy(*case) for case in cases], expected, what="the list of accuracies"
    )


@question("6.6")
@points(1)
def test_even_numbers_of_voters(student):
    """Half of the voters are no majority; voters that are always or never right."""
    cases = [(0.6, 2), (0.5, 4), (0.7, 1), (1.0, 6), (0.0, 6), (0.0, 3)]
    answers = [student.majority_accuracy(*case) for case in cases]
    expect.close(answers, [0.36, 0.3125, 0.7, 1.0, 0.0, 0.0], what="the list of accuracies")


# --- 6.7 Leaks, and the test set -------------------------------------------------------------------------------


def pipeline(rng, mnist, kind, form):
    """Real digits as somebody might hand them to a network: (x_train, y_train, x_test, y_test).

    kind : what is wrong, or what only looks wrong
    form : "bytes", "fractions" or "standardised" by the training rows
    """
    n, m = int(rng.integers(200, 400)), int(rng.integers(80, 160))
    chosen = rng.choice(60_000, size=n + m, replace=False)
    x, y = mnist.x_train[chosen].reshape(n + m, 784).copy(), mnist.y_train[chosen].astype(int)
    free = int(rng.choice(np.flatnonzero(x.max(axis=0) == 0)))  # a pixel without ink
    if kind == "duplicates":
        for _ in range(int(rng.integers(1, 4))):
            original, copy = int(rng.integers(n)), n + int(rng.integers(m))
            x[copy], y[copy] = x[original], y[original]
    elif kind == "label_pixel":
        x[:, free] = rng.permutation(np.arange(20, 220, 20))[y]
    elif kind == "nearly the same image":
        x[n + 10] = x[10]
        x[n + 10, np.argmax(x[10])] -= 3
    elif kind == "a training row twice":
        x[11] = x[12]
        x[n - 1] = x[13]
    elif kind == "a column that numbers the rows":
        order = np.concatenate([np.argsort(y[:n], kind="stable"), n + np.argsort(y[n:], kind="stable")])
        x, y = x[order], y[order]
        x = x.astype(np.uint16)  # there are more rows than a byte can number
        x[:, free] = np.arange(n + m) + 1
    elif kind == "half of the label":
        x[:, free] = (y // 2 + 1) * 20
    elif kind == "the label in training rows only":
        x[:n, free] = (y[:n] + 1) * 20
    elif kind == "test statistics, both parts":
        return (*_standardised(x, y, x, n),)
    elif kind == "test statistics, test rows":
        train, test = _standardised(x, y, x[:n], n), _standardised(x, y, x[n:], n)
        return (*train[:2], *test[2:])
    if form == "standardised":
        return _standardised(x, y, x[:n], n)
    if form == "fractions":
        x = (x / np.float32(255)).astype(np.float32)
    return x[:n], y[:n], x[n:], y[n:]


def _standardised(x, y, by, n):
    """Both parts, scaled with the statistics of `by`; a column that is constant there is only centred."""
    deviation = by.std(axis=0)
    x = (x - by.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    return x[:n], y[:n], x[n:], y[n:]


LOOK_ALIKES = (
    "nearly the same image",
    "a training row twice",
    "a column that numbers the rows",
    "half of the label",
    "the label in training rows only",
)


def leaks(student, rng, mnist, cases):
    """What `find_leak` says of several pipelines."""
    answers, expected, names = [], [], []
    for kind, form in cases:
        answers.append(student.find_leak(*pipeline(rng, mnist, kind, form)))
        leak = kind.split(",")[0].replace("test statistics", "test_statistics")
        expected.append(leak if leak in ("duplicates", "label_pixel", "test_statistics") else "none")
        story = [f"digits as {form}"] if form else []
        names.append(", ".join(story + [kind] * (kind != "none")))
    each(answers, expected, names)


@question("6.7")
@points(2)
def test_duplicates(student, rng, mnist):
    """Test rows that are training rows, beside images that are nearly the same and rows that are twice in training."""
    cases = [("duplicates", "bytes"), ("none", "fractions"), ("duplicates", "standardised")]
    cases += [("nearly the same image", "fractions"), ("a training row twice", "bytes"), ("none", "bytes")]
    leaks(student, rng, mnist, cases)


@question("6.7")
@points(2)
def test_label_pixel(student, rng, mnist):
    """A pixel that knows the label, beside one that numbers the rows and ones that know less."""
    cases = [("label_pixel", "bytes"), ("none", "bytes"), ("label_pixel", "standardised")]
    cases += [("a column that numbers the rows", "bytes"), ("half of the label", "fractions")]
    cases += [("the label in training rows only", "standardised"), ("label_pixel", "fractions")]
    leaks(student, rng, mnist, cases)


@question("6.7")
@points(2)
def test_test_statistics(student, rng, mnist):
    """Statistics of the test rows and of both parts together are leaks, those of the training rows are not."""
    cases = [
        ("test statistics, test rows", ""),
        ("none", "standardised"),
        ("test statistics, both parts", ""),
    ]
    leaks(student, rng, mnist, [*cases, ("none", "fractions")])


@question("6.7")
@points(2)
def test_every_leak(student, rng, mnist):
    """All leaks and everything that only looks like one, in random order."""
    _every_leak(student, rng, mnist)


def _every_leak(student, rng, mnist):
    forms = ["bytes", "fractions", "standardised"]
    kinds = ["none", "duplicates", "label_pixel", *LOOK_ALIKES]
    kinds += ["test statistics, test rows", "test statistics, both parts"]
    cases = [(kind, forms[rng.integers(3)]) for kind in kinds] + [("none", form) for form in forms]
    leaks(student, rng, mnist, [cases[place] for place in rng.permutation(len(cases))])


def chosen(student, validation, test, expected):
    """`select` answers with this model and this accuracy."""
    answer = student.select(validation, test)
    expect.close(answer, list(expected), what="(model, accuracy)")


@question("6.7")
@points(2)
def test_select(student, rng):
    """By validation, the first of equals, and its accuracy on the test rows."""
    on_validation, on_test = (0.7, 0.93, 0.8, 0.93, 0.5, 0.93), (0.8, 0.71, 0.9, 0.75, 0.97, 0.6)
    validation, test = (
        np.array([rows_right(rng, round(100 * share), 100) for share in shares])
        for shares in (on_validation, on_test)
    )
    chosen(student, validation, test, (1, 0.71))
    validation = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]], bool)
    chosen(student, validation, np.array([[1, 1, 1, 1], [0, 1, 0, 1], [1, 1, 1, 0]], bool), (1, 0.5))


# --- 6.8 Folding batch normalisation ---------------------------------------------------------------------------


def statistics(rng, units):
    """Gamma, beta, mean and variance of a normalisation that was trained; no two are alike."""
    gamma, variance = rng.uniform(0.4, 2, size=units), rng.uniform(0.02, 3, size=units)
    return gamma * rng.choice([-1, 1], size=units), rng.normal(size=units), rng.normal(size=units), variance


@question("6.8")
@points(1)
def test_fold_by_hand(student):
    """Kernel 2, bias 1, γ 6, β 0.5, mean 4, variance 8.999 fold into kernel 4 and bias −5.5."""
    arguments = [np.array(part) for part in ([[2.0]], [1.0], [6.0], [0.5], [4.0], [8.999])]
    expect.close(student.fold_batch_norm(*arguments), [np.array([[4.0]]), np.array([-5.5])])


@question("6.8")
@points(3)
def test_fold_kernels(student, reference, rng):
    """Kernels of Dense and Conv2D, square ones too, small variances, another ε."""
    for shape, options in (((5, 3), {}), ((4, 4), {}), ((3, 3, 2, 4), {}), ((3, 2, 3, 3), {"epsilon": 0.05})):
        arguments = rng.normal(size=shape), rng.normal(size=shape[-1]), *statistics(rng, shape[-1])
        right = list(reference.fold_batch_norm(*arguments, **options))
        expect.close(student.fold_batch_norm(*arguments, **options), right, what="(kernel, bias)")


def trained(rng, input_shape, layers):
    """A model that behaves as if it were trained: no bias is 0, no normalisation does nothing."""
    import keras

    model = keras.Sequential([keras.Input(input_shape), *layers])
    for part in model.layers:
        weights = part.get_weights()
        if isinstance(part, keras.layers.BatchNormalization):
            part.set_weights(statistics(rng, len(weights[0])))
        elif weights:
            scale = np.sqrt(1 / np.prod(weights[0].shape[:-1]))
            part.set_weights([rng.normal(scale=scale if w.ndim > 1 else 0.5, size=w.shape) for w in weights])
    return model


def folds(student, rng, model, left, story):
    """The folded model has at most `left` normalisations and the same outputs; the given one is as it was."""
    from labkit.worker import ModelSpec

    held = student.hold(model)
    before = student.fetch(held)
    folded = student.fold_model(held)
    x = rng.normal(size=(5, *model.input_shape[1:])).astype(np.float32)
    answers = outputs(folded, x)
    after = student.fetch(held)
    same = isinstance(after, ModelSpec) and [layer.kind for layer in after.layers] == [
        x.kind for x in before.layers
    ]
    same = same and all(np.array_equal(a, b) for a, b in zip(after.weights, before.weights, strict=True))
    expect.true(
        same, f"fold_model changed the model that it was given ({story})", received="given model changed"
    )
    wanted = np.asarray(model(x, training=False))
    expect.shape(answers, wanted.shape, what=f"the output ({story})")
    count = sum(layer.kind == "BatchNormalization" for layer in folded.layers)
    fits = bool(np.all(np.abs(answers - wanted) <= 1e-4 * np.maximum(1, np.abs(wanted))))
    wrong = f"the outputs are others than before ({story}): {answers.ravel()[0]:.4g} instead of {wanted.ravel()[0]:.4g}"
    expect.true(fits, wrong, received=[count, answers.astype(np.float64)], like=1e-4, summary="other outputs")
    kept = f"{count} normalisations are left; {left} must stay ({story})"
    expect.true(count <= left, kept, received=count, summary="more normalisations are left than must stay")
    student.assign(held, [w + 1 for w in before.weights])
    own = all(
        np.array_equal(a, b) for a, b in zip(student.fetch(folded).weights, folded.weights, strict=True)
    )
    shared = f"the folded model shares layers with the given one: new weights there change it here ({story})"
    expect.true(own, shared, received="shared layers")


@question("6.8")
@points(3)
@uses("keras")
def test_fold_a_chain(student, rng):
    """Dense and Conv2D layers followed by normalisations; without bias, with another ε; with dropout between."""
    import keras

    dense, normalise = keras.layers.Dense, keras.layers.BatchNormalization
    layers = [dense(6), normalise(), keras.layers.Activation("relu"), dense(4, activation="softmax")]
    folds(student, rng, trained(rng, (5,), layers), 0, "Dense, normalisation, relu, Dense")
    layers = [dense(5, use_bias=False), normalise(epsilon=0.05), dense(5), normalise(), normalise()]
    folds(student, rng, trained(rng, (5,), layers), 0, "no bias, ε = 0.05, two normalisations in a row")
    layers = [keras.layers.Conv2D(3, 3, strides=2, use_bias=False), normalise(), keras.layers.ReLU()]
    layers += [keras.layers.MaxPooling2D(2), keras.layers.Flatten(), keras.layers.Dropout(0.5), dense(2)]
    folds(student, rng, trained(rng, (11, 11, 2), layers), 0, "Conv2D with strides, pooling, dropout")


@question("6.8")
@points(2)
@uses("keras")
def test_fold_what_cannot_be_folded(student, rng):
    """A normalisation that comes first or after an activation is still there, or folded elsewhere."""
    import keras

    dense, normalise = keras.layers.Dense, keras.layers.BatchNormalization
    layers = [normalise(), dense(4, activation="relu"), normalise(), dense(3), normalise()]
    folds(student, rng, trained(rng, (4,), layers), 2, "first, after relu, last")
