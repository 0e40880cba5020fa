"""Known mistakes of lab 00, each with the sentence that a student reads who makes it."""

import math

import numpy as np

# Under names of their own: each mistake below takes the place of one of these functions.
from lab import boolean_network as correct_boolean_network
from lab import diagnose_trace as correct_diagnose_trace
from lab import is_separable as correct_is_separable
from lab import mistake_bound as correct_mistake_bound
from lab import multiclass_epoch as correct_multiclass_epoch
from lab import parity_network as correct_parity_network
from lab import perceptron_step as correct_perceptron_step
from lab import predict as correct_predict
from lab import region_network as correct_region_network
from lab import signed_distance as correct_signed_distance
from lab import train_perceptron as correct_train_perceptron

from labkit.check import misconception

# --- 0.1 A unit that fires -----------------------------------------------------------------------------------


def _nets(weights, x):
    return weights[0] + x @ weights[1:]


@misconception("0.1")
def fires_at_zero(weights, x):
    """Your unit fires at a net input of exactly 0: write > 0, not >= 0."""
    return (_nets(weights, x) >= 0).astype(int)


@misconception("0.1")
def bias_from_the_end(weights, x):
    """You took the last weight for the bias; here weights[0] is w0, and weights[1:] belong to the inputs."""
    return (weights[-1] + x @ weights[:-1] > 0).astype(int)


@misconception("0.1")
def bias_left_out(weights, x):
    """The bias is missing: the net input is weights[0] plus the weighted inputs."""
    return (x @ weights[1:] > 0).astype(int)


@misconception("0.1")
def bias_subtracted(weights, x):
    """You compared the weighted inputs with w0 as a threshold; w0 is added, it is minus the threshold."""
    return (x @ weights[1:] > weights[0]).astype(int)


@misconception("0.1")
def minus_one_and_one(weights, x):
    """Your answers are -1 and 1, as with the sign function; here a unit that does not fire answers 0."""
    return np.where(_nets(weights, x) > 0, 1, -1)


@misconception("0.1")
def sign_of_the_net_input(weights, x):
    """That is the sign: -1, 0 or 1. The unit has two answers, 1 where the net input is above 0, else 0."""
    return np.sign(_nets(weights, x)).astype(int)


@misconception("0.1")
def half_at_zero(weights, x):
    """You answer 1/2 at a net input of 0, as one of the slides does; here the unit answers 0 there."""
    return np.heaviside(_nets(weights, x), 0.5)


@misconception("0.1")
def answers_as_floats(weights, x):
    """The answers are right but floats; they are labels, so return integers: .astype(int)."""
    return (_nets(weights, x) > 0).astype(float)


@misconception("0.1")
def answers_as_truth_values(weights, x):
    """The answers are right but True and False; return integers: .astype(int). (True - False is an error in NumPy.)"""
    return _nets(weights, x) > 0


@misconception("0.1")
def net_input_returned(weights, x):
    """You returned the net input; the unit answers 1 where it is above 0, else 0."""
    return _nets(weights, x)


@misconception("0.1")
def fires_below_zero(weights, x):
    """Your unit fires on the wrong side, where the net input is below 0."""
    return (_nets(weights, x) < 0).astype(int)


@misconception("0.1")
def sigmoid_rounded_up(weights, x):
    """Any net input above -1/2 fires in your unit, as if it were rounded; compare with 0."""
    return (_nets(weights, x) > -0.5).astype(int)


@misconception("0.1")
def fires_above_a_half(weights, x):
    """Your unit fires above 1/2; the threshold is already in the bias, so compare the net input with 0."""
    return (_nets(weights, x) > 0.5).astype(int)


# --- 0.2 The learning rule -----------------------------------------------------------------------------------


def _extended(x):
    return np.append(1.0, x)


@misconception("0.2")
def answer_minus_label(weights, x, y, learning_rate=1.0):
    """The sign: the change is c (y - u), label minus answer; yours makes every mistake worse."""
    return weights + learning_rate * (correct_predict(weights, x[None])[0] - y) * _extended(x)


@misconception("0.2")
def label_times_input(weights, x, y, learning_rate=1.0):
    """You add c y (1, x) whatever the unit answered (Hebb's rule); right answers must change nothing, and a row
    with y = 0 must be able to lower the weights: c (y - u) (1, x).
    """
    return weights + learning_rate * y * _extended(x)


@misconception("0.2")
def net_input_for_answer(weights, x, y, learning_rate=1.0):
    """You subtract the net input from the label (the delta rule); the perceptron subtracts its answer, 0 or 1."""
    return weights + learning_rate * (y - weights @ _extended(x)) * _extended(x)


@misconception("0.2")
def bias_stays(weights, x, y, learning_rate=1.0):
    """The bias never changes in your rule; it is the weight of an input that is always 1, so it moves by c (y - u)."""
    after = correct_perceptron_step(weights, x, y, learning_rate)
    return np.append(weights[0], after[1:])


@misconception("0.2")
def only_the_bias_moves(weights, x, y, learning_rate=1.0):
    """Only the bias moves in your rule; every weight moves by c (y - u) times its own input."""
    after = correct_perceptron_step(weights, x, y, learning_rate)
    return np.append(after[0], weights[1:])


@misconception("0.2")
def inputs_left_out(weights, x, y, learning_rate=1.0):
    """All your weights move by the same c (y - u); each one moves by that times the input that stands on it."""
    return weights + learning_rate * (y - correct_predict(weights, x[None])[0])


@misconception("0.2")
def learning_rate_ignored(weights, x, y, learning_rate=1.0):
    """The learning rate has no effect in your rule: it multiplies the change."""
    return correct_perceptron_step(weights, x, y)


@misconception("0.2")
def learning_rate_on_the_inputs_alone(weights, x, y, learning_rate=1.0):
    """The learning rate multiplies the change of the bias, too; your bias always moves by a whole 1."""
    after = correct_perceptron_step(weights, x, y, learning_rate)
    return np.append(correct_perceptron_step(weights, x, y)[0], after[1:])


@misconception("0.2")
def bias_at_the_end(weights, x, y, learning_rate=1.0):
    """You put the 1 of the bias behind the row; the bias is weights[0], so it belongs in front: (1, x)."""
    error = y - correct_predict(weights, x[None])[0]
    return weights + learning_rate * error * np.append(x, 1.0)


@misconception("0.2")
def step_that_fires_at_zero(weights, x, y, learning_rate=1.0):
    """At a net input of exactly 0 your unit answers 1; it answers 0 there (see 0.1)."""
    answer = float(weights @ _extended(x) >= 0)
    return weights + learning_rate * (y - answer) * _extended(x)


@misconception("0.2")
def only_missed_rows_corrected(weights, x, y, learning_rate=1.0):
    """You correct a unit that should have fired, but not one that should not have: subtract the row there."""
    return correct_perceptron_step(weights, x, y, learning_rate) if y == 1 else weights


@misconception("0.2")
def corrected_in_place(weights, x, y, learning_rate=1.0):
    """`weights += ...` writes into the caller's array, so the same call twice gives two answers; write weights =
    weights + ... instead.
    """
    weights[:] = correct_perceptron_step(weights, x, y, learning_rate)
    return weights


@misconception("0.2")
def only_the_change(weights, x, y, learning_rate=1.0):
    """You returned the change alone; the answer is the new weights, w + c (y - u) (1, x)."""
    return correct_perceptron_step(weights, x, y, learning_rate) - weights


@misconception("0.2")
def twice_the_change(weights, x, y, learning_rate=1.0):
    """Your changes are twice as large: with labels and answers -1 and 1 the difference is 2; here they are 0 and 1."""
    return correct_perceptron_step(weights, x, y, 2 * learning_rate)


@misconception("0.2")
def weights_for_the_row(weights, x, y, learning_rate=1.0):
    """You multiply y - u by the weights; each weight moves by c (y - u) times its *input*, the bias by c (y - u)."""
    return weights + learning_rate * (y - correct_predict(weights, x[None])[0]) * weights


# --- 0.3 Training --------------------------------------------------------------------------------------------


def _train(
    x, y, weights, max_epochs, learning_rate=1.0, *, order=None, step=correct_perceptron_step, one_more=False
):
    """Training with parts changed: order of the rows in an epoch, rule, a last look."""
    updates, epochs = [], max_epochs + 1 if one_more else max_epochs
    for epoch in range(epochs):
        before = len(updates)
        rows = range(len(x)) if order is None else order(epoch)
        for place, row in enumerate(rows):
            after = step(weights, x[row], y[row], learning_rate)
            if not np.array_equal(after, weights):
                if epoch == max_epochs:
                    return weights, updates, False
                weights = after
                updates.append(epoch * len(x) + place + 1)
        if len(updates) == before:
            return weights, updates, True
    return weights, updates, False


@misconception("0.3")
def rows_shuffled(x, y, weights, max_epochs, learning_rate=1.0):
    """You shuffle the rows; here they come in the given order, the same in every epoch."""
    rng = np.random.default_rng(0)
    return _train(x, y, weights, max_epochs, learning_rate, order=lambda epoch: rng.permutation(len(x)))


@misconception("0.3")
def stopped_at_a_right_row(x, y, weights, max_epochs, learning_rate=1.0):
    """You stop at the first row that is answered rightly; stop when a whole epoch has passed without an update."""
    updates = []
    for number in range(max_epochs * len(x)):
        after = correct_perceptron_step(weights, x[number % len(x)], y[number % len(x)], learning_rate)
        if np.array_equal(after, weights):
            return weights, updates, True
        weights = after
        updates.append(number + 1)
    return weights, updates, False


@misconception("0.3")
def last_row_decides(x, y, weights, max_epochs, learning_rate=1.0):
    """You look only at the last row of an epoch to decide whether it is over; it is over when no row of the whole
    epoch changed the weights.
    """
    updates = []
    for epoch in range(max_epochs):
        for row in range(len(x)):
            after = correct_perceptron_step(weights, x[row], y[row], learning_rate)
            changed = not np.array_equal(after, weights)
            if changed:
                updates.append(epoch * len(x) + row + 1)
            weights = after
        if not changed:
            return weights, updates, True
    return weights, updates, False


@misconception("0.3")
def changes_at_the_end_of_the_epoch(x, y, weights, max_epochs, learning_rate=1.0):
    """You collect the changes and apply them at the end of the epoch; each row must already meet the weights that
    the row before it has left.
    """
    updates = []
    for epoch in range(max_epochs):
        total, before = np.zeros_like(weights), len(updates)
        for row in range(len(x)):
            change = correct_perceptron_step(weights, x[row], y[row], learning_rate) - weights
            if change.any():
                updates.append(epoch * len(x) + row + 1)
            total += change
        weights = weights + total
        if len(updates) == before:
            return weights, updates, True
    return weights, updates, False


@misconception("0.3")
def averaged_weights(x, y, weights, max_epochs, learning_rate=1.0):
    """You return the average of the weights on the way (that is for 0.9); return those at the end."""
    met = []

    def step(weights, row, label, rate):
        met.append(correct_perceptron_step(weights, row, label, rate))
        return met[-1]

    _, updates, converged = _train(x, y, weights, max_epochs, learning_rate, step=step)
    return np.mean(met, axis=0), updates, converged


@misconception("0.3")
def always_converged(x, y, weights, max_epochs, learning_rate=1.0):
    """You always answer that training converged; it did not where max_epochs ended it."""
    return (*correct_train_perceptron(x, y, weights, max_epochs, learning_rate)[:2], True)


@misconception("0.3")
def one_more_look(x, y, weights, max_epochs, learning_rate=1.0):
    """You look once more at all rows after the last epoch; converged means that one of the max_epochs epochs
    itself passed without an update.
    """
    return _train(x, y, weights, max_epochs, learning_rate, one_more=True)


@misconception("0.3")
def numbered_from_zero(x, y, weights, max_epochs, learning_rate=1.0):
    """Your presentations are numbered from 0; the first one is number 1, as in the lecture's table."""
    weights, updates, converged = correct_train_perceptron(x, y, weights, max_epochs, learning_rate)
    return weights, [number - 1 for number in updates], converged


@misconception("0.3")
def numbered_anew_in_each_epoch(x, y, weights, max_epochs, learning_rate=1.0):
    """Your numbers begin anew in each epoch; they go on through all epochs: row 1 of epoch 2 is number n + 1."""
    weights, updates, converged = correct_train_perceptron(x, y, weights, max_epochs, learning_rate)
    return weights, [(number - 1) % len(x) + 1 for number in updates], converged


@misconception("0.3")
def updates_counted(x, y, weights, max_epochs, learning_rate=1.0):
    """You number the updates themselves (1, 2, 3, ...); the list holds the numbers of the presentations at which
    they happened.
    """
    weights, updates, converged = correct_train_perceptron(x, y, weights, max_epochs, learning_rate)
    return weights, list(range(1, len(updates) + 1)), converged


@misconception("0.3")
def every_presentation_listed(x, y, weights, max_epochs, learning_rate=1.0):
    """You list every presentation; list those that changed the weights."""
    after, updates, converged = correct_train_perceptron(x, y, weights, max_epochs, learning_rate)
    epochs = max_epochs if not converged else (updates[-1] - 1) // len(x) + 2 if updates else 1
    return after, list(range(1, epochs * len(x) + 1)), converged


@misconception("0.3")
def starts_from_zero(x, y, weights, max_epochs, learning_rate=1.0):
    """You start from zero; start from the weights that are handed over."""
    return correct_train_perceptron(x, y, np.zeros_like(weights), max_epochs, learning_rate)


@misconception("0.3")
def learning_rate_not_passed_on(x, y, weights, max_epochs, learning_rate=1.0):
    """The learning rate has no effect: pass it on to perceptron_step."""
    return correct_train_perceptron(x, y, weights, max_epochs)


@misconception("0.3")
def training_that_fires_at_zero(x, y, weights, max_epochs, learning_rate=1.0):
    """Your unit fires at a net input of exactly 0, and so learns other weights: `> 0` in 0.1, not `>= 0`."""

    def step(weights, row, label, rate):
        answer = float(weights @ _extended(row) >= 0)
        return weights + rate * (label - answer) * _extended(row)

    return _train(x, y, weights, max_epochs, learning_rate, step=step)


@misconception("0.3")
def trained_in_place(x, y, weights, max_epochs, learning_rate=1.0):
    """Training changes the array of weights that was handed over, so the same call twice gives two answers: start
    from a copy.
    """
    weights[:], updates, converged = correct_train_perceptron(x, y, weights, max_epochs, learning_rate)
    return weights, updates, converged


@misconception("0.3")
def always_all_epochs(x, y, weights, max_epochs, learning_rate=1.0):
    """You go through all max_epochs and never answer that training converged; stop after the first epoch without
    an update, with True.
    """
    return (*correct_train_perceptron(x, y, weights, max_epochs, learning_rate)[:2], False)


@misconception("0.3")
def updates_of_each_epoch(x, y, weights, max_epochs, learning_rate=1.0):
    """You list how many updates each epoch has; the list holds the numbers of the presentations that changed the
    weights.
    """
    weights, updates, converged = correct_train_perceptron(x, y, weights, max_epochs, learning_rate)
    epochs = (updates[-1] - 1) // len(x) + 2 if converged and updates else 1 if converged else max_epochs
    numbers = [(number - 1) // len(x) for number in updates]
    return weights, np.bincount(numbers, minlength=epochs).tolist(), converged


@misconception("0.3")
def row_again_until_right(x, y, weights, max_epochs, learning_rate=1.0):
    """You present a row again and again until it is answered rightly; correct once, then go on to the next row."""
    updates, number = [], 0
    for _ in range(max_epochs):
        before = len(updates)
        for row in range(len(x)):
            number += 1
            for _ in range(1000):
                after = correct_perceptron_step(weights, x[row], y[row], learning_rate)
                if np.array_equal(after, weights):
                    break
                weights = after
                updates.append(number)
        if len(updates) == before:
            return weights, updates, True
    return weights, updates, False


@misconception("0.3")
def one_epoch_too_many(x, y, weights, max_epochs, learning_rate=1.0):
    """You carry out one epoch more than max_epochs."""
    return correct_train_perceptron(x, y, weights, max_epochs + 1, learning_rate)


@misconception("0.3")
def learning_rate_that_falls(x, y, weights, max_epochs, learning_rate=1.0):
    """Your learning rate falls from epoch to epoch; here it stays as it is."""
    epoch = 0

    def rows(number):
        nonlocal epoch
        epoch = number
        return range(len(x))

    def step(weights, row, label, rate):
        return correct_perceptron_step(weights, row, label, rate / (epoch + 1))

    return _train(x, y, weights, max_epochs, learning_rate, order=rows, step=step)


# --- 0.4 Is there a line at all? -----------------------------------------------------------------------------


def _zero(x):
    return np.zeros(x.shape[1] + 1)


@misconception("0.4")
def a_few_mistakes_are_enough(x, y):
    """You are content when three quarters of the rows are right, so XOR passes; separable means every single row."""
    weights = _zero(x)
    for _ in range(50):
        for row, label in zip(x, y, strict=True):
            if (correct_predict(weights, x) == y).mean() >= 0.75:
                return True
            weights = correct_perceptron_step(weights, row, label)
    return False


@misconception("0.4")
def gives_up_after_ten_epochs(x, y):
    """You give up after ten epochs; a narrow gap takes longer (8 and 9 on a line: 75 epochs)."""
    return correct_train_perceptron(x, y, _zero(x), 10)[2]


@misconception("0.4")
def last_row_only(x, y):
    """You ask only whether the last row is answered rightly; ask it of every row."""
    weights = correct_train_perceptron(x, y, _zero(x), 100)[0]
    return bool(correct_predict(weights, x)[-1] == y[-1])


@misconception("0.4")
def through_the_origin(x, y):
    """Your lines all pass through the origin: the bias is missing."""
    weights = np.zeros(x.shape[1])
    for _ in range(200):
        wrong = 0
        for row, label in zip(x, y, strict=True):
            error = label - int(row @ weights > 0)
            wrong += abs(error)
            weights = weights + error * row
        if not wrong:
            return True
    return False


@misconception("0.4")
def one_class_refused(x, y):
    """You refuse rows that all have one label; a unit that always fires, or never, answers them rightly: True."""
    return len(set(y.tolist())) == 2 and correct_is_separable(x, y)


@misconception("0.4")
def only_xor_refused(x, y):
    """You refuse the table of XOR and accept everything else; its opposite (1, 0, 0, 1) has no line either, and
    there are many more rows than these four.
    """
    return y.tolist() != [0, 1, 1, 0]


@misconception("0.4")
def both_labels_overlooked(x, y):
    """A row that comes with both labels cannot be answered rightly both times; you keep only one of its labels."""
    last = {tuple(row): label for row, label in zip(x.tolist(), y.tolist(), strict=True)}
    return correct_is_separable(np.array(list(last)), np.array(list(last.values())))


@misconception("0.4")
def least_squares_line(x, y):
    """You fitted the labels by least squares and looked at that line only; rows far away pull it to themselves,
    and another line may well separate.
    """
    rows = np.column_stack([np.ones(len(x)), x])
    weights = np.linalg.lstsq(rows, y - 0.5, rcond=None)[0]
    return bool(((rows @ weights > 1e-9) == y).all())


@misconception("0.4")
def mistakes_no_longer_fall(x, y):
    """You stop when an epoch has no fewer mistakes than the one before; they may well rise and fall before the
    last one goes.
    """
    weights, before = _zero(x), math.inf
    for _ in range(1000):
        weights, updates, converged = correct_train_perceptron(x, y, weights, 1)
        if converged or len(updates) >= before:
            return converged
        before = len(updates)
    return False


# --- 0.5 XOR by hand -----------------------------------------------------------------------------------------


def _instead(name, wanted, layers):
    """These layers for one of the functions, the right ones for the others."""
    return layers if name == wanted else correct_boolean_network(name)


@misconception("0.5", replaces="boolean_network")
def xor_in_one_layer(name):
    """XOR has no line (0.4), so one layer cannot compute it: two hidden units and one on their answers."""
    return _instead(name, "xor", [np.array([[-0.5], [1], [1]])])


@misconception("0.5", replaces="boolean_network")
def bias_row_last(name):
    """The biases stand in the last row of your layers; here they come first."""
    return [np.roll(layer, -1, axis=0) for layer in correct_boolean_network(name)]


@misconception("0.5", replaces="boolean_network")
def layers_transposed(name):
    """Your layers have a row per unit; here a column is a unit, and the row of biases comes first: (inputs + 1,
    units).
    """
    return [layer.T for layer in correct_boolean_network(name)]


@misconception("0.5", replaces="boolean_network")
def threshold_of_or_for_and(name):
    """Both hidden units have the threshold of OR, so they always agree; "both of them" needs a bias between -2 and -1
    (with weights 1).
    """
    return _instead(name, "xor", [np.array([[-0.5, -0.5], [1, 1], [1, 1]]), np.array([[-0.5], [1], [-1]])])


@misconception("0.5", replaces="boolean_network")
def b_and_not_a(name):
    """That is B and not A: A is the first input, with the positive weight in row 1."""
    return _instead(name, "a_and_not_b", [np.array([[-0.5], [-1], [1]])])


@misconception("0.5", replaces="boolean_network")
def a_or_not_b(name):
    """That is A or not B: it fires at (0, 0) and (1, 1), too. The bias must be so low that A alone reaches it."""
    return _instead(name, "a_and_not_b", [np.array([[0.5], [1], [-1]])])


@misconception("0.5", replaces="boolean_network")
def or_of_or_and_and(name):
    """Your last unit fires for OR or AND, which is OR; it should fire for OR and *not* AND: a negative weight."""
    return _instead(name, "xor", [np.array([[-0.5, -1.5], [1, 1], [1, 1]]), np.array([[-0.5], [1], [1]])])


@misconception("0.5", replaces="boolean_network")
def xnor(name):
    """That is the opposite of XOR: it fires where both inputs are equal."""
    return _instead(name, "xor", [np.array([[-0.5, -1.5], [1, 1], [1, 1]]), np.array([[0.5], [-1], [1]])])


@misconception("0.5", replaces="boolean_network")
def step_weights_for_relu(name):
    """Those are the weights for threshold units; a ReLU unit passes its net input on, so the sums come out as
    halves. Find weights with h1 = A + B and h2 = 1 only at (1, 1).
    """
    return _instead(name, "xor_relu", correct_boolean_network("xor"))


@misconception("0.5", replaces="boolean_network")
def relu_counts_both_once(name):
    """At (1, 1) the first ReLU unit gives 2 and the second 1: subtracting the second once leaves 1. It needs the
    weight -2.
    """
    return _instead(name, "xor_relu", [np.array([[0.0, -1], [1, 1], [1, 1]]), np.array([[0.0], [1], [-1]])])


@misconception("0.5", replaces="boolean_network")
def thresholds_on_the_sums(name):
    """A unit of yours has a net input of exactly 0 where it should fire, and 0 does not fire: put thresholds between
    the sums that occur, at 1/2 and 3/2.
    """
    return {
        "a_and_not_b": [np.array([[-1.0], [1], [-1]])],
        "xor": [np.array([[-1.0, -2], [1, 1], [1, 1]]), np.array([[-1.0], [1], [-1]])],
    }.get(name) or correct_boolean_network(name)


@misconception("0.5", replaces="parity_network")
def xor_for_any_number_of_bits(bits):
    """Your network looks at the first two bits only; with more bits it needs more rows and more hidden units."""
    hidden, output = correct_boolean_network("xor")
    return [np.vstack([hidden, np.zeros((bits - 2, 2))]), output]


@misconception("0.5", replaces="parity_network")
def even_parity(bits):
    """Your network fires for an even number of ones; an odd number is asked for (for two bits: XOR)."""
    hidden, output = correct_parity_network(bits)
    return [hidden, -output]


@misconception("0.5", replaces="parity_network")
def exactly_one(bits):
    """Your network fires where exactly one bit is 1; three are an odd number, too: go on with alternating signs."""
    hidden, output = correct_parity_network(bits)
    output = output.copy()
    output[3:] = 0
    return [hidden, output]


@misconception("0.5", replaces="parity_network")
def any_bit(bits):
    """Your network fires wherever a bit is 1; give the hidden units "at least 1, 2, 3, ..." alternating signs."""
    hidden, output = correct_parity_network(bits)
    return [hidden, np.abs(output) * np.append(-1, np.ones(bits))[:, None]]


@misconception("0.5", replaces="parity_network")
def a_unit_for_every_pattern(bits):
    """A hidden unit for every pattern with an odd number of ones works, but takes 2^(bits - 1) of them; at most
    `bits` are allowed: let unit j fire when at least j bits are 1.
    """
    patterns = np.array([[number >> bit & 1 for bit in range(bits)] for number in range(2**bits)])
    odd = patterns[patterns.sum(axis=1) % 2 == 1]
    return [np.vstack([0.5 - odd.sum(axis=1), (2 * odd - 1).T]), np.append(-0.5, np.ones(len(odd)))[:, None]]


# --- 0.6 Any region you can draw -----------------------------------------------------------------------------


def _region(polygons, *, edges=None, inside=None, union=None):
    """The network with one of its layers made in another way."""
    half_planes, all_of, any_of = correct_region_network(polygons)
    return [
        half_planes if edges is None else edges(half_planes),
        all_of if inside is None else inside(all_of),
        any_of if union is None else union(any_of),
    ]


@misconception("0.6")
def last_edge_missing(polygons):
    """The edge from the last corner back to the first is missing, so each region is open there: np.roll closes it."""
    half_planes, all_of, any_of = correct_region_network(polygons)
    last = np.cumsum([len(p) for p in polygons]) - 1
    all_of = np.delete(all_of, last + 1, axis=0)
    all_of[0] += 1
    return [np.delete(half_planes, last, axis=1), all_of, any_of]


@misconception("0.6")
def inside_out(polygons):
    """Your half-planes lie to the right of the edges: with corners counter-clockwise the inside is to the left."""
    return _region(polygons, edges=lambda layer: -layer)


@misconception("0.6")
def one_half_plane_is_enough(polygons):
    """Your second layer is content with one edge (OR); inside a polygon is where all of its edges say so (AND)."""
    return _region(polygons, inside=lambda layer: np.vstack([-0.5 + 0 * layer[:1], layer[1:]]))


@misconception("0.6")
def only_where_all_meet(polygons):
    """Your last unit fires only where all polygons meet (AND); any of them is enough (OR): bias -1/2."""
    return _region(polygons, union=lambda layer: np.vstack([[[1.5 - len(layer)]], layer[1:]]))


@misconception("0.6")
def connected_with_all_edges(polygons):
    """Each polygon listens to the edges of all polygons; the weights of other polygons' edges are 0."""
    return _region(polygons, inside=lambda layer: np.vstack([layer[:1], np.ones_like(layer[1:])]))


@misconception("0.6")
def first_polygon_only(polygons):
    """Your network knows the first polygon only; the union of all of them is asked for."""
    return correct_region_network(polygons[:1])


@misconception("0.6")
def edges_through_the_origin(polygons):
    """Your edges all pass through the origin: the bias of an edge is minus the normal times a corner on it."""
    return _region(polygons, edges=lambda layer: np.vstack([0 * layer[:1], layer[1:]]))


@misconception("0.6")
def bias_of_the_wrong_sign(polygons):
    """The biases of your edges have the wrong sign: normal . (x - p) is normal . x *minus* normal . p."""
    return _region(polygons, edges=lambda layer: np.vstack([-layer[:1], layer[1:]]))


@misconception("0.6")
def edges_for_normals(polygons):
    """You took the edge itself for the weights; at right angles to (a, b), to the left, is (-b, a)."""
    along = [np.roll(p, -1, axis=0) - p for p in polygons]
    biases = [-(edge * p).sum(axis=1) for edge, p in zip(along, polygons, strict=True)]
    layer = np.vstack([np.concatenate(biases), np.vstack(along).T])
    return _region(polygons, edges=lambda _: layer)


@misconception("0.6")
def three_edges_are_enough(polygons):
    """Your AND fires from three edges on, as for a triangle; a polygon of k corners needs all k: bias 1/2 - k."""
    return _region(polygons, inside=lambda layer: np.vstack([-2.5 + 0 * layer[:1], layer[1:]]))


@misconception("0.6")
def one_edge_may_be_missing(polygons):
    """Your AND is content with all edges but one; a polygon of k corners needs all k: bias 1/2 - k."""
    return _region(polygons, inside=lambda layer: np.vstack([layer[:1] + 1, layer[1:]]))


@misconception("0.6")
def boxes_around_the_polygons(polygons):
    """You cut out the rectangle around each polygon; the first layer has a unit for each of its *edges*."""
    boxes = []
    for p in polygons:
        (left, bottom), (right, top) = p.min(axis=0), p.max(axis=0)
        boxes.append(np.array([[left, bottom], [right, bottom], [right, top], [left, top]]))
    return correct_region_network(boxes)


@misconception("0.6")
def threshold_that_no_sum_reaches(polygons):
    """The AND of k edges has the bias -k in your network, and a sum of exactly 0 does not fire: take 1/2 - k."""
    return _region(polygons, inside=lambda layer: np.vstack([layer[:1] - 0.5, layer[1:]]))


@misconception("0.6")
def regions_transposed(polygons):
    """Your layers have a row per unit; here a column is a unit, and the row of biases comes first."""
    return [layer.T for layer in correct_region_network(polygons)]


# --- 0.7 Distance, margin, and why it stops ------------------------------------------------------------------


@misconception("0.7", replaces="signed_distance")
def norm_with_the_bias(weights, x):
    """You divided by the length of all weights; w0 only shifts the line, so leave it out of the norm."""
    return _nets(weights, x) / np.linalg.norm(weights)


@misconception("0.7", replaces="signed_distance")
def distance_without_sign(weights, x):
    """Your distances have no sign: keep it, positive on the side where the unit fires."""
    return np.abs(correct_signed_distance(weights, x))


@misconception("0.7", replaces="signed_distance")
def squared_norm(weights, x):
    """You divided by the squared length of the weights; the square root is missing."""
    return _nets(weights, x) / (weights[1:] ** 2).sum()


@misconception("0.7", replaces="signed_distance")
def distance_without_bias(weights, x):
    """The bias is missing in the net input: that is the distance from a parallel line through the origin."""
    return x @ weights[1:] / np.linalg.norm(weights[1:])


@misconception("0.7", replaces="signed_distance")
def net_input_for_distance(weights, x):
    """You returned the net input; divide it by the length of (w1, ..., wd), or it grows with the weights."""
    return _nets(weights, x)


def _bound(weights, x, y, *, norm=np.linalg.norm, radius=None, smallest=np.min, power=2):
    """The bound with parts of it changed."""
    rows = np.column_stack([np.ones(len(x)), x])
    rooms = np.where(y == 1, 1, -1) * (rows @ weights)
    if rooms.min() <= 0:
        return math.inf
    longest = np.linalg.norm(rows, axis=1).max() if radius is None else radius(rows)
    return float((longest * norm(weights) / smallest(rooms)) ** power)


@misconception("0.7", replaces="mistake_bound")
def bound_without_w0(weights, x, y):
    """You left w0 out of the norm; the theorem lives in the space with the leading 1, where w0 counts."""
    return _bound(weights, x, y, norm=lambda w: np.linalg.norm(w[1:]))


@misconception("0.7", replaces="mistake_bound")
def radius_without_the_one(weights, x, y):
    """R is the length of the longest row *with* its leading 1; you left the 1 out."""
    return _bound(weights, x, y, radius=lambda rows: np.linalg.norm(rows[:, 1:], axis=1).max())


@misconception("0.7", replaces="mistake_bound")
def bound_not_squared(weights, x, y):
    """That is R / gamma; the bound is its square."""
    return _bound(weights, x, y, power=1)


@misconception("0.7", replaces="mistake_bound")
def bound_of_weights_that_fail(weights, x, y):
    """Weights that get a row wrong, or touch it, prove nothing: return math.inf unless every row lies strictly on
    its side.
    """
    rows = np.column_stack([np.ones(len(x)), x])
    rooms = np.abs(rows @ weights)
    longest = np.linalg.norm(rows, axis=1).max()
    return float((longest * np.linalg.norm(weights) / max(rooms.min(), 1e-12)) ** 2)


@misconception("0.7", replaces="mistake_bound")
def touching_rows_left_out(weights, x, y):
    """A row on the line has no room at all: the bound is math.inf, not that of the other rows."""
    nets = _nets(weights, x)
    kept = nets != 0
    return correct_mistake_bound(weights, x[kept], y[kept])


@misconception("0.7", replaces="mistake_bound")
def labels_ignored(weights, x, y):
    """You took the distances as they are; rows with y = 0 should have a *negative* net input: turn its sign around."""
    return _bound(weights, x, np.ones_like(y))


@misconception("0.7", replaces="mistake_bound")
def mean_for_smallest(weights, x, y):
    """You took the mean of the distances for gamma; the narrowest place counts: the minimum."""
    return _bound(weights, x, y, smallest=np.mean)


@misconception("0.7", replaces="mistake_bound")
def mean_radius(weights, x, y):
    """You took the mean length of the rows for R; the longest row counts: the maximum."""
    return _bound(weights, x, y, radius=lambda rows: np.linalg.norm(rows, axis=1).mean())


@misconception("0.7", replaces="mistake_bound")
def margin_without_norm(weights, x, y):
    """Your gamma is the smallest net input; divide it by the length of the weights, or the bound changes with their
    scale.
    """
    return _bound(weights, x, y, norm=lambda w: 1.0)


@misconception("0.7", replaces="mistake_bound")
def all_rows_for_the_longest(weights, x, y):
    """You took the length of the whole matrix for R, all rows together; R is the length of the longest row: axis=1."""
    return _bound(weights, x, y, radius=np.linalg.norm)


@misconception("0.7", replaces="mistake_bound")
def bound_upside_down(weights, x, y):
    """That is gamma / R squared; the bound is R / gamma squared, and grows as the margin narrows."""
    return _bound(weights, x, y, power=-2)


# --- 0.8 The detective ---------------------------------------------------------------------------------------

_RULES = (
    "ok",
    "fires_at_zero",
    "wrong_sign",
    "bias_frozen",
    "ignores_output",
    "not_thresholded",
    "end_of_epoch",
)


def _replay(rule, x, y, start, presentations, rate):
    rows, weights, waiting, trace = (
        np.column_stack([np.ones(len(x)), x]),
        start,
        np.zeros_like(start),
        [start],
    )
    for t in range(presentations):
        row, label = rows[t % len(x)], int(y[t % len(x)])
        net = row @ weights
        fires = net >= 0 if rule == "fires_at_zero" else net > 0
        other = {"wrong_sign": fires - label, "ignores_output": label, "not_thresholded": label - net}
        change = rate * other.get(rule, label - fires) * row
        if rule == "bias_frozen":
            change[0] = 0
        waiting = waiting + change
        if rule != "end_of_epoch" or (t + 1) % len(x) == 0:
            weights, waiting = weights + waiting, np.zeros_like(start)
        trace.append(weights)
    return np.array(trace)


def _same(own, trace):
    return np.allclose(own, trace, rtol=1e-6, atol=1e-6)


def _first(x, y, trace, learning_rate, *, rules=_RULES, same=_same, start=None, otherwise="unknown"):
    start = trace[0] if start is None else start
    for rule in rules:
        if same(_replay(rule, x, y, start, len(trace) - 1, learning_rate), trace):
            return rule
    return otherwise


@misconception("0.8")
def last_weights_only(x, y, trace, learning_rate=1.0):
    """You compare the last weights only; two rules may well end at the same place: compare the whole trace."""
    return _first(x, y, trace, learning_rate, same=lambda own, trace: _same(own[-1], trace[-1]))


@misconception("0.8")
def list_from_the_end(x, y, trace, learning_rate=1.0):
    """Where several rules give the trace you answer with the last of them; the first on the list is asked for."""
    return _first(x, y, trace, learning_rate, rules=_RULES[::-1])


@misconception("0.8")
def first_epoch_only(x, y, trace, learning_rate=1.0):
    """You compare the first epoch only; some rules part company later: compare the whole trace."""
    return _first(x, y, trace[: len(x) + 1], learning_rate)


@misconception("0.8")
def learning_rate_of_one(x, y, trace, learning_rate=1.0):
    """You replay every rule with the learning rate 1; use the one that is handed over."""
    return _first(x, y, trace, 1.0)


@misconception("0.8")
def ok_where_nothing_fits(x, y, trace, learning_rate=1.0):
    """You answer "ok" where no rule fits; that is "unknown"."""
    return _first(x, y, trace, learning_rate, otherwise="ok")


@misconception("0.8")
def late_rule_overlooked(x, y, trace, learning_rate=1.0):
    """You never answer "end_of_epoch": keep the changes of an epoch in a sum and add it after the last row."""
    return _first(x, y, trace, learning_rate, rules=_RULES[:-1])


@misconception("0.8")
def answers_during_the_epoch(x, y, trace, learning_rate=1.0):
    """Your "end_of_epoch" gives its answers with weights that already hold the changes of this epoch; all answers
    of an epoch come from the weights that it began with.
    """
    name = _first(x, y, trace, learning_rate, rules=_RULES[:-1])
    if name != "unknown":
        return name
    own = _replay("ok", x, y, trace[0], len(trace) - 1, learning_rate)
    own = own[np.arange(len(trace)) // len(x) * len(x)]
    return "end_of_epoch" if _same(own, trace) else "unknown"


@misconception("0.8")
def absolute_tolerance(x, y, trace, learning_rate=1.0):
    """You compare all numbers to the same 1e-6; the delta rule can explode, and large numbers are only right relative
    to their size: np.allclose(..., rtol=1e-6, atol=1e-6).
    """

    def same(own, trace):  # rounding of the last digit, as another order of the additions gives it
        return bool((np.abs(own * (1 + 1e-15) - trace) <= 1e-6).all())

    return _first(x, y, trace, learning_rate, same=same)


@misconception("0.8")
def compared_exactly(x, y, trace, learning_rate=1.0):
    """You compare with ==; sums of tenths are rounded, and another order of adding gives another last digit: use
    np.allclose(..., rtol=1e-6, atol=1e-6).
    """

    def same(own, trace):
        return np.array_equal(own[0] + np.cumsum(np.diff(own, axis=0), axis=0), trace[1:])

    return _first(x, y, trace, learning_rate, same=same)


@misconception("0.8")
def replayed_from_zero(x, y, trace, learning_rate=1.0):
    """You replay the rules from zero; begin at trace[0]."""
    return _first(x, y, trace, learning_rate, start=np.zeros_like(trace[0]))


@misconception("0.8")
def zero_overlooked(x, y, trace, learning_rate=1.0):
    """You never answer "fires_at_zero": it differs from "ok" only where a net input is exactly 0."""
    return _first(x, y, trace, learning_rate, rules=tuple(rule for rule in _RULES if rule != "fires_at_zero"))


@misconception("0.8")
def bias_alone_decides(x, y, trace, learning_rate=1.0):
    """A bias that never changes is not yet "bias_frozen": it stays where no row is ever wrong, too. Replay the rule."""
    name = correct_diagnose_trace(x, y, trace, learning_rate)
    return "bias_frozen" if np.ptp(trace[:, 0]) == 0 else name


# --- 0.9 Ten digits, and an average --------------------------------------------------------------------------


def _pass(weights, x, y, *, answer=np.argmax, correct=None, averaged=None):
    """One pass with another answer, correction or average."""
    weights, met, changed = weights.copy(), np.zeros_like(weights), 0
    for row, label in zip(x, y, strict=True):
        extended = np.append(1.0, row)
        given = answer(extended @ weights)
        if given != label:
            changed += 1
            if correct is None:
                weights[:, label] += extended
                weights[:, given] -= extended
            else:
                correct(weights, extended, label, given)
        if averaged != "updates" or given != label:
            met += weights
    return weights, met / (max(changed, 1) if averaged == "updates" else len(x))


@misconception("0.9")
def only_the_right_class_raised(weights, x, y):
    """You raise the right class only; the class that was answered must lose the row as well."""

    def correct(weights, row, label, given):
        weights[:, label] += row

    return _pass(weights, x, y, correct=correct)


@misconception("0.9")
def only_the_answered_class_lowered(weights, x, y):
    """You lower the answered class only; the right class must gain the row as well."""

    def correct(weights, row, label, given):
        weights[:, given] -= row

    return _pass(weights, x, y, correct=correct)


@misconception("0.9")
def all_wrong_classes_lowered(weights, x, y):
    """You lower every class but the right one; only the one that was answered loses the row."""

    def correct(weights, row, label, given):
        weights -= row[:, None]
        weights[:, label] += 2 * row

    return _pass(weights, x, y, correct=correct)


@misconception("0.9")
def every_better_class_lowered(weights, x, y):
    """You lower every class with a larger net input than the right one, and raise the right one each time; only the
    class that was answered loses the row, and the right one gains it once.
    """

    weights, met = weights.copy(), np.zeros_like(weights)
    for row, label in zip(x, y, strict=True):
        extended = np.append(1.0, row)
        nets = extended @ weights
        better = [c for c in range(len(nets)) if c != label and nets[c] >= nets[label]]
        for c in better:
            weights[:, label] += extended
            weights[:, c] -= extended
        met += weights
    return weights, met / len(x)


@misconception("0.9")
def a_unit_for_each_class(weights, x, y):
    """You train each column as a unit of its own, which answers 0 or 1; here the columns compete: the largest net input
    is the one answer, and only two columns move.
    """
    weights, met, classes = weights.copy(), np.zeros_like(weights), np.arange(weights.shape[1])
    for row, label in zip(x, y, strict=True):
        extended = np.append(1.0, row)
        weights += np.outer(extended, (classes == label) - (extended @ weights > 0).astype(float))
        met += weights
    return weights, met / len(x)


@misconception("0.9")
def mean_over_the_updates(weights, x, y):
    """You average over the corrections only; weights that answered rightly for long must count for long: one matrix
    for every row, changed or not.
    """
    return _pass(weights, x, y, averaged="updates")


@misconception("0.9")
def mean_of_start_and_end(weights, x, y):
    """You averaged the first and the last weights; the average is over the weights after each of the n rows."""
    last, _ = correct_multiclass_epoch(weights, x, y)
    return last, (weights + last) / 2


@misconception("0.9")
def start_in_the_mean(weights, x, y):
    """Your average counts the weights before each row; it is over those *after* each row."""
    last, average = correct_multiclass_epoch(weights, x, y)
    return last, average + (weights - last) / len(x)


@misconception("0.9")
def sum_for_mean(weights, x, y):
    """That is the sum of the weights on the way; divide by the number of rows."""
    last, average = correct_multiclass_epoch(weights, x, y)
    return last, average * len(x)


@misconception("0.9")
def mean_of_the_same_array(weights, x, y):
    """You collect the same array again and again, and all its entries are the last weights: append a copy, or add
    up.
    """
    last, _ = correct_multiclass_epoch(weights, x, y)
    return last, last.copy()


@misconception("0.9")
def ties_to_the_last(weights, x, y):
    """Where two net inputs are equal, your answer is the last of them; the first largest is asked for, as np.argmax
    does.
    """
    return _pass(weights, x, y, answer=lambda nets: len(nets) - 1 - np.argmax(nets[::-1]))


@misconception("0.9")
def softmax_for_the_answer(weights, x, y):
    """You moved all columns by probabilities (softmax); that is lab 01. Here one class is answered, and two columns
    move by the whole row, or none.
    """
    weights, met = weights.copy(), np.zeros_like(weights)
    for row, label in zip(x, y, strict=True):
        extended = np.append(1.0, row)
        nets = extended @ weights
        p = np.exp(nets - nets.max())
        p /= p.sum()
        p[label] -= 1
        weights -= np.outer(extended, p)
        met += weights
    return weights, met / len(x)


@misconception("0.9")
def bias_row_stays(weights, x, y):
    """The row of biases never changes: the correction adds and subtracts (1, x), with the leading 1."""
    weights, met = weights.copy(), np.zeros_like(weights)
    for row, label in zip(x, y, strict=True):
        given = np.argmax(np.append(1.0, row) @ weights)
        if given != label:
            weights[1:, label] += row
            weights[1:, given] -= row
        met += weights
    return weights, met / len(x)


@misconception("0.9")
def epoch_in_place(weights, x, y):
    """You change the array of weights that was handed over, so the same call twice gives two answers: start from a
    copy.
    """
    weights[:], average = correct_multiclass_epoch(weights, x, y)
    return weights, average


@misconception("0.9")
def only_the_last_weights(weights, x, y):
    """You returned the last weights only; the average is asked for as well: return weights, average."""
    return correct_multiclass_epoch(weights, x, y)[0]


@misconception("0.9")
def starts_the_classes_from_zero(weights, x, y):
    """You start from zero; start from the weights that are handed over."""
    return correct_multiclass_epoch(np.zeros_like(weights), x, y)
