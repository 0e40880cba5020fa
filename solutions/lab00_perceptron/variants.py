"""Correct answers to lab 00 that are written differently. Each must always get full marks."""

import itertools
import math

import numpy as np
import scipy.optimize
from lab import perceptron_step, predict, train_perceptron

from labkit.check import variant

# --- 0.1 A unit that fires -----------------------------------------------------------------------------------


@variant("0.1")
def with_the_leading_one(weights, x):
    return np.where(np.c_[np.ones(len(x)), x] @ weights > 0, 1, 0)


@variant("0.1")
def row_by_row(weights, x):
    answers = []
    for row in x:
        net = weights[0]
        for weight, value in zip(weights[1:], row, strict=True):
            net += weight * value
        answers.append(1 if net > 0 else 0)
    return answers


@variant("0.1")
def as_small_integers(weights, x):
    return np.heaviside(np.einsum("nd,d->n", x, weights[1:]) + weights[0], 0).astype(np.uint8)


# --- 0.2 The learning rule -----------------------------------------------------------------------------------


@variant("0.2")
def with_two_branches(weights, x, y, learning_rate=1.0):
    weights, row = weights.copy(), np.concatenate(([1], x))
    fires = np.dot(row, weights) > 0
    if y == 1 and not fires:
        weights += learning_rate * row
    if y == 0 and fires:
        weights -= learning_rate * row
    return weights


@variant("0.2")
def bias_and_weights_apart(weights, x, y, learning_rate=1.0):
    change = learning_rate * (y - predict(weights, x.reshape(1, -1)).item())
    return np.array([weights[0] + change, *(weights[1:] + change * x)])


@variant("0.2")
def the_same_array_where_nothing_changes(weights, x, y, learning_rate=1.0):
    error = int(y) - int(weights[0] + weights[1:] @ x > 0)
    return weights if error == 0 else weights + error * learning_rate * np.hstack([1, x])


# --- 0.3 Training --------------------------------------------------------------------------------------------


@variant("0.3")
def with_one_counter(x, y, weights, max_epochs, learning_rate=1.0):
    updates, silent, weights = [], 0, np.array(weights)
    for number in itertools.count(1):
        row = (number - 1) % len(x)
        after = perceptron_step(weights, x[row], y[row], learning_rate)
        if (after != weights).any():
            updates.append(number)
            weights = after
        if row == len(x) - 1:
            if not updates or updates[-1] <= number - len(x):
                return weights, updates, True
            silent += 1
            if silent == max_epochs:
                return weights, updates, False


@variant("0.3")
def with_the_rows_extended(x, y, weights, max_epochs, learning_rate=1.0):
    rows, current = np.column_stack((np.ones(len(x)), x)), weights.astype(float).copy()
    updates, converged, epoch = np.array([], int), False, 0
    while epoch < max_epochs and not converged:
        converged = True
        for i, (row, label) in enumerate(zip(rows, y, strict=True)):
            error = label - (row @ current > 0)
            if error:
                current += learning_rate * error * row
                updates = np.append(updates, epoch * len(rows) + i + 1)
                converged = False
        epoch += 1
    return [current, updates, np.bool_(converged)]


@variant("0.3")
def with_a_flag(x, y, weights, max_epochs, learning_rate=1.0):
    n, updates = x.shape[0], []
    for presentation in range(max_epochs * n):
        i = presentation % n
        if i == 0:
            changed = False
        if predict(weights, x[i : i + 1])[0] != y[i]:
            weights = perceptron_step(weights, x[i], y[i], learning_rate)
            updates, changed = [*updates, presentation + 1], True
        if i == n - 1 and not changed:
            return tuple(weights.tolist()), updates, True
    return weights, tuple(updates), False


# --- 0.4 Is there a line at all? -----------------------------------------------------------------------------


@variant("0.4")
def a_thousand_epochs(x, y):
    return train_perceptron(x, y, np.zeros(x.shape[1] + 1), 1000)[2]


@variant("0.4")
def with_a_linear_programme(x, y):
    rows = np.c_[np.ones(len(x)), x] * np.where(y == 1, -1, 1)[:, None]
    found = scipy.optimize.linprog(
        np.zeros(rows.shape[1]), A_ub=rows, b_ub=-np.ones(len(x)), bounds=[(None, None)] * rows.shape[1]
    )
    return found.status == 0


@variant("0.4")
def with_a_dictionary_of_weights(x, y):
    rows, weights, seen = np.c_[np.ones(len(x)), x].astype(int), np.zeros(x.shape[1] + 1, int), {}
    for epoch in range(1001):
        wrong = 0
        for row, label in zip(rows, y, strict=True):
            error = int(label) - int(row @ weights > 0)
            weights = weights + error * row
            wrong += error != 0
        if wrong == 0:
            return True
        if seen.setdefault(weights.tobytes(), epoch) != epoch:
            return False
    return False


# --- 0.5 XOR by hand -----------------------------------------------------------------------------------------


@variant("0.5", replaces="boolean_network")
def either_but_not_the_other(name):
    return {
        "a_and_not_b": ([[-1], [3], [-2]],),
        "xor": ([[-1, -1], [3, -2], [-2, 3]], [[-1], [2], [2]]),  # A and not B, or B and not A
        "xor_relu": ([[0, 0], [1, -1], [-1, 1]], [[0], [1], [1]]),  # |A - B|
    }[name]


@variant("0.5", replaces="boolean_network")
def with_nand(name):
    if name == "a_and_not_b":
        return [np.array([[0.0], [0.1], [-0.2]])]
    if name == "xor":  # OR and NAND
        return [np.array([[-10, 15], [20, -10], [20, -10]]), np.array([[-30], [20], [20]])]
    # 1 - |A + B - 1|
    return (np.array([[-1.0, 1], [1, -1], [1, -1]]), np.array([[1.0], [-1], [-1]]))


@variant("0.5", replaces="boolean_network")
def one_hidden_unit_seen_twice(name):
    if name == "xor":  # of two hidden units the second passes A + B = 1 on only through their difference
        return [np.array([[-1.5, 0.5], [1.0, -1], [1, -1]]), np.array([[0.5], [-1], [-1]])]
    if name == "xor_relu":
        return [np.float32([[0, -1], [2, 1], [2, 1]]), np.float32([[0], [0.5], [-2]])]
    return [np.float32([[-0.25], [0.5], [-0.5]])]


@variant("0.5", replaces="parity_network")
def parity_with_doubled_steps(bits):
    hidden = np.ones((bits + 1, bits))
    hidden[0] = -np.linspace(0.5, bits - 0.5, bits)
    return hidden, np.array([[-1.0]] + [[2.0 * (-1) ** j] for j in range(bits)])


@variant("0.5", replaces="parity_network")
def parity_from_the_zeros(bits):
    """Hidden unit j fires when at least j bits are 0."""
    hidden = np.vstack([bits - np.arange(1, bits + 1) + 0.5, -np.ones((bits, bits))])
    odd = bits % 2
    return [hidden, np.array([[odd - 0.5]] + [[(-1.0) ** (j + odd)] for j in range(bits)])]


@variant("0.5", replaces="parity_network")
def parity_with_weights_of_ten(bits):
    hidden = [[-10.0 * j - 5 for j in range(bits)]] + [[10.0] * bits for _ in range(bits)]
    return [hidden, [[-1]] + [[2 if j % 2 == 0 else -2] for j in range(bits)]]


# --- 0.6 Any region you can draw -----------------------------------------------------------------------------


@variant("0.6")
def edge_by_edge(polygons):
    first, second, total = [], [], sum(len(p) for p in polygons)
    for polygon in polygons:
        unit = np.zeros(total + 1)
        unit[0] = -len(polygon) + 0.1
        for k in range(len(polygon)):
            (px, py), (qx, qy) = polygon[k], polygon[(k + 1) % len(polygon)]
            unit[1 + len(first)] = 1
            first.append([px * (qy - py) - py * (qx - px), -(qy - py), qx - px])
        second.append(unit)
    return np.array(first).T, np.array(second).T, np.array([[-0.5]] + [[1.0]] * len(polygons))


@variant("0.6")
def with_unit_normals(polygons):
    columns, groups = [], np.repeat(np.arange(len(polygons)), [len(p) for p in polygons])
    for polygon in polygons:
        middle = polygon.mean(axis=0)
        for p, q in zip(polygon, np.concatenate([polygon[1:], polygon[:1]]), strict=True):
            normal = np.array([p[1] - q[1], q[0] - p[0]]) / math.dist(p, q)
            columns.append([normal @ (middle - p) - normal @ middle, *normal])
    member = (groups[:, None] == np.arange(len(polygons))) * 2.0
    return [
        np.array(columns).T,
        np.vstack([1 - member.sum(axis=0), member]),
        [[-1.0]] + [[3.0]] * len(polygons),
    ]


@variant("0.6")
def with_vetoes(polygons):
    """A unit fires right of an edge, and one of those forbids the polygon."""
    half_planes, owners = [], []
    for i, polygon in enumerate(polygons):
        for p, q in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            normal = np.array([q[1] - p[1], p[0] - q[0]])
            half_planes.append([-normal @ p, *normal])
            owners.append(i)
    vetoes = -np.eye(len(polygons))[owners]
    return [
        np.array(half_planes).T,
        np.vstack([np.full(len(polygons), 0.5), vetoes]),
        np.vstack([[[0.0]], np.ones((len(polygons), 1))]),
    ]


# --- 0.7 Distance, margin, and why it stops ------------------------------------------------------------------


@variant("0.7", replaces="signed_distance")
def normalised_first(weights, x):
    unit = weights / math.sqrt(sum(w * w for w in weights[1:]))
    return np.array([unit[0] + unit[1:] @ row for row in x])


@variant("0.7", replaces="signed_distance")
def with_hypot(weights, x):
    return np.c_[np.ones(len(x)), x] @ weights / math.hypot(*weights[1:])


@variant("0.7", replaces="mistake_bound")
def with_squares(weights, x, y):
    rows = np.insert(x, 0, 1, axis=1)
    margins = (2 * y - 1) * rows.dot(weights)
    if not (margins > 0).all():
        return np.inf
    return (rows**2).sum(axis=1).max() * (weights**2).sum() / margins.min() ** 2


@variant("0.7", replaces="mistake_bound")
def with_a_loop(weights, x, y):
    longest, narrowest = 0.0, math.inf
    for row, label in zip(x, y, strict=True):
        net = float(weights[0] + weights[1:] @ row)
        longest = max(longest, math.sqrt(1 + float(row @ row)))
        narrowest = min(narrowest, net if label == 1 else -net)
    return float("inf") if narrowest <= 0 else (longest * math.hypot(*weights) / narrowest) ** 2


# --- 0.8 The detective ---------------------------------------------------------------------------------------


def _predicted(x, y, trace, rate, rule):
    """Each step of the trace from the one before it (for the late rule from the start of its epoch)."""
    n, rows = len(x), np.c_[np.ones(len(x)), x]
    for t in range(len(trace) - 1):
        before, row, label = trace[t], rows[t % n], y[t % n]
        net = before @ row
        if rule == "end_of_epoch":
            start = trace[t - t % n]
            errors = y - (rows @ start > 0)
            yield start if t % n < n - 1 else start + rate * errors @ rows
            continue
        amount = {
            "ok": label - (net > 0),
            "fires_at_zero": label - (net >= 0),
            "wrong_sign": int(net > 0) - label,
            "bias_frozen": label - (net > 0),
            "ignores_output": label,
            "not_thresholded": label - net,
        }[rule]
        yield before + rate * amount * (row * np.r_[0, np.ones(x.shape[1])] if rule == "bias_frozen" else row)


@variant("0.8")
def step_by_step(x, y, trace, learning_rate=1.0):
    for rule in (
        "ok", "fires_at_zero", "wrong_sign", "bias_frozen", "ignores_output", "not_thresholded", "end_of_epoch",
    ):  # fmt: skip
        if np.allclose(list(_predicted(x, y, trace, learning_rate, rule)), trace[1:], rtol=1e-6, atol=1e-6):
            return rule
    return "unknown"


@variant("0.8")
def with_a_function_for_each_rule(x, y, trace, learning_rate=1.0):
    def fires(w, a):
        return 1.0 if w[0] + w[1:] @ a > 0 else 0.0

    def one(a):
        return np.concatenate([[1.0], a])

    def fires_with_zero(w, a):
        return 1.0 if w[0] + w[1:] @ a >= 0 else 0.0

    changes = {
        "ok": lambda w, a, t: (t - fires(w, a)) * one(a),
        "fires_at_zero": lambda w, a, t: (t - fires_with_zero(w, a)) * one(a),
        "wrong_sign": lambda w, a, t: (fires(w, a) - t) * one(a),
        "bias_frozen": lambda w, a, t: (t - fires(w, a)) * np.concatenate([[0.0], a]),
        "ignores_output": lambda w, a, t: t * one(a),
        "not_thresholded": lambda w, a, t: (t - (w[0] + w[1:] @ a)) * one(a),
    }
    epochs = (len(trace) - 1) // len(x)

    def near(a, b):
        return bool(np.all(np.abs(a - b) <= 1e-6 * np.maximum(1, np.abs(b))))

    for name, change in changes.items():
        w, steps = trace[0].copy(), [trace[0]]
        for _ in range(epochs):
            for a, t in zip(x, y, strict=True):
                w = w + learning_rate * change(w, a, t)
                steps.append(w)
        if near(np.array(steps), trace):
            return name
    w, steps = trace[0], [trace[0]]
    for _ in range(epochs):
        steps += [w] * (len(x) - 1)
        w = w + sum(learning_rate * changes["ok"](w, a, t) for a, t in zip(x, y, strict=True))
        steps.append(w)
    return "end_of_epoch" if near(np.array(steps), trace) else "unknown"


@variant("0.8")
def with_the_smallest_difference(x, y, trace, learning_rate=1.0):
    names = [
        "ok",
        "fires_at_zero",
        "wrong_sign",
        "bias_frozen",
        "ignores_output",
        "not_thresholded",
        "end_of_epoch",
    ]
    size = np.maximum(1.0, np.abs(trace[1:]))
    errors = [
        (np.abs(list(_predicted(x, y, trace, learning_rate, n)) - trace[1:]) / size).max() for n in names
    ]
    fits = np.array(errors) < 1e-6
    return names[int(fits.argmax())] if fits.any() else "unknown"


# --- 0.9 Ten digits, and an average --------------------------------------------------------------------------


@variant("0.9")
def with_a_one_hot_error(weights, x, y):
    weights, total = np.array(weights), np.zeros(weights.shape)
    classes, rows = np.eye(weights.shape[1]), np.hstack([np.ones((len(x), 1)), x])
    for row, label in zip(rows, y, strict=True):
        error = classes[label] - classes[(row @ weights).argmax()]
        if error.any():
            weights = weights + np.outer(row, error)
        total = total + weights
    return weights, total / len(x)


@variant("0.9")
def with_a_running_mean(weights, x, y):
    current, mean = weights.astype(float), np.zeros_like(weights)
    for i in range(len(x)):
        nets = current[0] + x[i] @ current[1:]
        g, t = int(np.argmax(nets)), int(y[i])
        if g != t:
            current = current.copy()
            current[0, t] += 1
            current[1:, t] += x[i]
            current[0, g] -= 1
            current[1:, g] -= x[i]
        mean += (current - mean) / (i + 1)
    return [current, mean]


@variant("0.9")
def with_weights_for_the_changes(weights, x, y):
    """The average without adding up matrices: a change at row i counts in n - i of the n matrices."""
    n, last, average = len(x), weights.copy(), weights.copy()
    for i, (row, label) in enumerate(zip(x, y, strict=True)):
        extended = np.r_[1.0, row]
        answer = np.argmax(extended @ last)
        if answer != label:
            for matrix, part in ((last, 1.0), (average, (n - i) / n)):
                matrix[:, label] += part * extended
                matrix[:, answer] -= part * extended
    return last, average
