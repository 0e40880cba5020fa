"""Correct answers to lab 09 that are written differently. Each must always get full marks."""

import math

import keras
import numpy as np
import scipy.linalg
from lab import forward

import labkit
from labkit.check import variant

# --- 9.1 A curve without training ------------------------------------------------------------------------------


@variant("9.1")
def with_a_loop(knots, values):
    kernel, bias, out, slope = [], [], [], 0.0
    for i in range(len(knots) - 1):
        new = (values[i + 1] - values[i]) / (knots[i + 1] - knots[i])
        kernel.append(1.0)
        bias.append(-knots[i])
        out.append([new - slope])
        slope = new
    return [np.array([kernel]), np.array(bias, float), np.array(out, float), np.array([values[0]], float)]


@variant("9.1")
def by_solving(knots, values):
    hinges = np.maximum(knots[:, None] - knots[:-1].astype(float), 0)
    system = np.hstack([hinges, np.ones((len(knots), 1))])
    *weights, bias = np.linalg.solve(system, values)
    return [np.ones((1, len(knots) - 1)), -1.0 * knots[:-1], np.array(weights)[:, None], np.array([bias])]


@variant("9.1")
def from_the_right(knots, values):
    slopes = np.diff(values) / np.diff(knots)
    changes = np.diff(np.append(slopes, 0.0))  # of the units max(0, t - x), from the last piece backwards
    return [-np.ones((1, len(slopes))), knots[1:].copy(), changes[:, None], np.array([values[-1]])]


# --- 9.2 What depth buys ---------------------------------------------------------------------------------------


@variant("9.2")
def on_a_grid(network, a, b):
    x = np.linspace(a, b, 20_001)
    slopes = np.diff(forward(network, x[:, None])[:, 0]) / np.diff(x)
    changed = np.abs(np.diff(slopes)) > 1e-4 * max(np.abs(slopes).max(), 1e-9)
    places = np.flatnonzero(changed)
    if not len(places):
        return 1
    groups = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return 1 + sum(abs(slopes[g[-1] + 1] - slopes[g[0]]) > 3e-3 * np.abs(slopes).max() for g in groups)


@variant("9.2")
def with_exact_slopes(network, a, b):
    def slope_at(x):
        state, derivative = np.array([[x]]), np.ones((1, 1))
        for kernel, bias in zip(network[:-2:2], network[1:-2:2], strict=True):
            z = state @ kernel + bias
            derivative = (derivative @ kernel) * (z > 0)
            state = np.maximum(z, 0)
        return (derivative @ network[-2]).item()

    slopes = np.array([slope_at(x) for x in np.linspace(a, b, 8002)[1:-1] + (b - a) * 1.23e-6])
    steep = max(np.abs(slopes).max(), 1e-9)
    return int((np.abs(np.diff(slopes)) > 0.004 * steep).sum()) + 1


@variant("9.2")
def by_halving(network, a, b):
    f = lambda x: float(forward(network, np.array([[x]]))[0, 0])  # noqa: E731
    size = np.abs(forward(network, np.linspace(a, b, 500)[:, None])).max() + 1.0

    def straight(left, right):
        x = left + (right - left) * np.array([0.0, 0.17, 0.33, 0.5, 0.71, 0.83, 1.0])
        y = forward(network, x[:, None])[:, 0]
        return np.abs(y - np.interp(x, [left, right], [y[0], y[-1]])).max() < 1e-11 * size

    pieces = []
    cells = np.linspace(a, b, 4001)
    steps = list(zip(cells[:-1], cells[1:], strict=True))
    for left, right in steps:
        if straight(left, right):
            slope = (f(right) - f(left)) / (right - left)
            if not pieces or abs(slope - pieces[-1]) > 1e-7 * size:
                pieces.append(slope)
    steep = max(map(abs, pieces))
    return 1 + sum(abs(p - q) > 0.003 * steep for p, q in zip(pieces[:-1], pieces[1:], strict=True))


@variant("9.2", replaces="fold")
def with_a_plain_unit(n):
    # abs(2y - 1) = 1 - 2y + 4 max(0, y - 1/2) for y in [0, 1]
    network = [np.array([[1.0, 1.0]]), np.array([0.0, -0.5])]
    for _ in range(n - 1):
        network += [np.array([[-2.0, -2.0], [4.0, 4.0]]), np.array([1.0, 0.5])]
    return [*network, np.array([[-2.0], [4.0]]), np.array([1.0])]


@variant("9.2", replaces="fold")
def composed_by_matrices(n):
    inner, start = [np.array([[2.0, -2.0]]), np.array([-1.0, 1.0])], np.ones((2, 1))
    network = list(inner)
    while len(network) < 2 * n:
        network.extend([start @ inner[0], 0.0 * inner[1] + inner[1]])
    network.extend([start, np.array([0.0])])
    return tuple(network)


@variant("9.2", replaces="fold")
def scaled_units(n):
    network = []
    for k in range(n):
        scale = 3.0
        kernel = (
            np.array([[2.0, -2.0]]) * scale
            if k == 0
            else np.full((2, 1), 1 / scale) @ [[2.0 * scale, -2.0 * scale]]
        )
        network += [kernel, scale * np.array([-1.0, 1.0])]
    return [*network, np.full((2, 1), 1 / 3.0), np.zeros(1)]


# --- 9.3 A surface in its own units ----------------------------------------------------------------------------


@variant("9.3")
def with_sklearn(z, predicted):
    from sklearn.metrics import r2_score

    return r2_score(np.reshape(z, -1), np.reshape(predicted, -1))


@variant("9.3")
def with_means(z, predicted):
    error = np.mean((np.asarray(z).flatten() - np.asarray(predicted).flatten()) ** 2)
    return 1 - error / np.var(z)


@variant("9.3")
def with_dots(z, predicted):
    rest, about = z.reshape(-1) - predicted.reshape(-1), z.reshape(-1) - np.mean(z)
    return np.float64(1.0) - (rest @ rest) / (about @ about)


def _cost(model, n):
    return 3.0 * n * sum(w.shape[0] * w.shape[1] for w in model.weights if len(w.shape) == 2)


@variant("9.3", replaces="fit_surface")
def with_batch_normalisation_in_front(x, z, budget):
    scaling = keras.layers.BatchNormalization(epsilon=1e-9, momentum=1.0, center=False, scale=False)
    width = 48 if budget >= 1e9 else 12
    hidden = [keras.layers.Dense(width, activation="swish") for _ in range(2)]
    ending = [keras.layers.Dense(1), keras.layers.Rescaling(float(np.std(z)), float(np.mean(z)))]
    model = keras.Sequential([keras.Input((2,)), scaling, *hidden, *ending])
    scaling.set_weights([x.mean(axis=0), x.var(axis=0)])
    epochs = max(1, min(350, int(budget // _cost(model, len(x)))))
    rate = keras.optimizers.schedules.CosineDecay(0.01, epochs * math.ceil(len(x) / 40))
    model.compile(keras.optimizers.Adam(rate), "mse")
    return model, 40, epochs


@variant("9.3", replaces="fit_surface")
def with_the_scaling_in_the_first_kernel(x, z, budget):
    width = 44 if budget >= 1e9 else 16
    first = keras.layers.Dense(width, activation="tanh")
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2), first, keras.layers.Dense(width, activation="tanh")]
    )
    model.add(keras.layers.Dense(1))
    model.add(keras.layers.Rescaling(float(z.max() - z.min()) / 4, offset=float(z.mean())))
    low, high = x.min(axis=0), x.max(axis=0)
    model.layers[0].set_weights([np.diag(3.4 / (high - low)), -1.7 * (high + low) / (high - low)])
    epochs = int(np.clip(budget / _cost(model, len(x)), 1, 380))
    rate = keras.optimizers.schedules.CosineDecay(0.008, epochs * math.ceil(len(x) / 32))
    model.compile(optimizer=keras.optimizers.Nadam(rate), loss="mean_squared_error")
    return [model, np.int64(32), np.int64(epochs)]


@variant("9.3", replaces="fit_surface")
def three_layers(x, z, budget):
    scale = keras.layers.Dense(2, name="scale")
    width = 28 if budget >= 1e9 else 10
    hidden = [keras.layers.Dense(width, activation="tanh") for _ in range(3)]
    last = keras.layers.Rescaling(scale=float(z.std()), offset=float(z.mean()))
    model = keras.Sequential(
        [keras.Input((2,)), scale, *hidden, keras.layers.Dense(1, activation="linear"), last]
    )
    scale.set_weights([np.eye(2) / x.std(axis=0), -x.mean(axis=0) / x.std(axis=0)])
    epochs = max(1, min(400, int(budget / _cost(model, len(x)))))
    rate = keras.optimizers.schedules.PolynomialDecay(0.008, epochs * math.ceil(len(x) / 32), 1e-5)
    model.compile(keras.optimizers.Adam(rate), keras.losses.MeanSquaredError())
    return model, 32, epochs


# --- 9.4 Shapes on one budget ----------------------------------------------------------------------------------


@variant("9.4")
def by_the_quadratic_formula(depth, budget, inputs=2, outputs=1):
    linear, square = inputs + 1 + (depth - 1) + outputs, depth - 1
    if square == 0:
        return (budget - outputs) // linear
    width = int((-linear + math.sqrt(linear**2 + 4 * square * (budget - outputs))) / (2 * square)) + 2
    while square * width**2 + linear * width + outputs > budget:
        width -= 1
    return width


@variant("9.4")
def counting_layer_by_layer(depth, budget, inputs=2, outputs=1):
    for width in range(1, 10**6):
        sizes = [inputs, *[width] * depth, outputs]
        if sum(a * b + b for a, b in zip(sizes, sizes[1:], strict=False)) > budget:
            return width - 1


@variant("9.4")
def by_bisection(depth, budget, inputs=2, outputs=1):
    low, high = 1, budget + 1
    while high - low > 1:
        middle = (low + high) // 2
        cost = (inputs + 1) * middle + (depth - 1) * (middle**2 + middle) + outputs * (middle + 1)
        low, high = (middle, high) if cost <= budget else (low, middle)
    return np.int64(low)


@variant("9.4", replaces="final_losses")
def with_keras_alone(shapes, x, z, epochs, seeds):
    rows = []
    for widths in shapes:
        losses = []
        for seed in seeds:
            keras.utils.set_random_seed(seed)
            model = keras.Sequential()
            for width in widths:
                model.add(keras.layers.Dense(width, "relu"))
            model.add(keras.layers.Dense(1))
            model.compile(loss="mse", optimizer=keras.optimizers.Adam(learning_rate=0.005))
            model.fit(x, z, epochs=epochs, verbose=0)
            losses.append(np.mean((np.asarray(model(x)).ravel() - z) ** 2))
        rows.append(losses)
    return np.array(rows)


@variant("9.4", replaces="final_losses")
def with_evaluate(shapes, x, z, epochs, seeds):
    def one(shape, seed):
        keras.utils.set_random_seed(seed)
        inputs = keras.Input((x.shape[1],))
        state = inputs
        for width in shape:
            state = keras.layers.Dense(width, activation="relu")(state)
        model = keras.Model(inputs, keras.layers.Dense(1)(state))
        model.compile("adam", "mean_squared_error")
        model.optimizer.learning_rate = 0.005
        labkit.fit(model, x, z[:, None], batch_size=32, epochs=epochs, verbose=0)
        return model.evaluate(x, z[:, None], batch_size=len(x), verbose=0)

    return np.array([[one(shape, seed) for seed in seeds] for shape in shapes])


@variant("9.4", replaces="final_losses")
def columns_first(shapes, x, z, epochs, seeds):
    table = {}
    for seed in seeds:
        for number, shape in enumerate(shapes):
            keras.utils.set_random_seed(seed)
            layers = [keras.layers.Dense(units=w, activation=keras.activations.relu) for w in shape]
            model = keras.Sequential([keras.layers.Input((x.shape[-1],)), *layers, keras.layers.Dense(1)])
            model.compile(keras.optimizers.Adam(5e-3), loss=keras.losses.MeanSquaredError())
            labkit.fit(model, x, z, epochs=epochs, batch_size=32, verbose=0)
            error = np.squeeze(model.predict(x, verbose=0, batch_size=4096), axis=1) - z
            table[number, seed] = float(error @ error) / len(z)
    return np.array([[table[number, seed] for seed in seeds] for number in range(len(shapes))])


# --- 9.5 Bias and variance -------------------------------------------------------------------------------------


@variant("9.5")
def with_polyfit(x, y, degree, x_new):
    return np.array([np.polyval(np.polyfit(x, row, degree), x_new) for row in y])


@variant("9.5")
def with_legendre(x, y, degree, x_new):
    from numpy.polynomial import legendre

    return legendre.legval(x_new, legendre.legfit(x, y.T, degree))


@variant("9.5")
def through_qr(x, y, degree, x_new):
    q, r = scipy.linalg.qr(np.vander(x, degree + 1), mode="economic")
    return (np.vander(x_new, degree + 1) @ scipy.linalg.solve_triangular(r, q.T @ y.T)).T


@variant("9.5", replaces="bias_variance")
def through_the_sum(predictions, truth, noise):
    middle = np.mean(predictions, axis=0)
    bias = np.mean(np.square(middle - truth))
    return bias, np.mean(np.square(predictions - middle)), np.square(noise)


@variant("9.5", replaces="bias_variance")
def place_by_place(predictions, truth, noise):
    bias = variance = 0.0
    for column, true in zip(predictions.T, truth, strict=True):
        middle = sum(column) / len(column)
        bias += (middle - true) ** 2 / len(truth)
        variance += sum((value - middle) ** 2 for value in column) / len(column) / len(truth)
    return [bias, variance, noise * noise]


@variant("9.5", replaces="bias_variance")
def by_the_difference(predictions, truth, noise):
    total = ((predictions - truth) ** 2).mean()
    bias = ((predictions.mean(0) - truth) ** 2).mean()
    return bias, total - bias, noise**2


# --- 9.6 The second descent ------------------------------------------------------------------------------------


@variant("9.6")
def with_pinv(features, targets):
    return np.linalg.pinv(features) @ targets


@variant("9.6")
def through_svd(features, targets):
    u, s, vt = np.linalg.svd(features, full_matrices=False)
    kept = s > 1e-12 * s[0]
    return (vt[kept].T / s[kept]) @ (u[:, kept].T @ targets)


@variant("9.6")
def with_scipy(features, targets):
    return scipy.linalg.lstsq(features, targets, cond=1e-13, lapack_driver="gelsd")[0]


@variant("9.6", replaces="double_descent")
def with_a_function(features, targets, test_features, test_targets, counts):
    def errors(p):
        weights = np.linalg.pinv(features[:, :p], rcond=1e-14) @ targets
        pairs = ((features, targets), (test_features, test_targets))
        return [np.mean(np.square(f[:, :p] @ weights - t)) for f, t in pairs]

    train, test = zip(*map(errors, counts), strict=True)
    return list(train), list(test)


@variant("9.6", replaces="double_descent")
def as_arrays(features, targets, test_features, test_targets, counts):
    train, test = np.zeros(len(counts)), np.zeros(len(counts))
    for place, p in enumerate(counts):
        weights = with_scipy(features[:, :p], targets)
        train[place] = np.square(features[:, :p].dot(weights) - targets).mean()
        test[place] = np.square(test_features[:, :p].dot(weights) - test_targets).mean()
    return train, test


@variant("9.6", replaces="double_descent")
def with_zeros_for_the_rest(features, targets, test_features, test_targets, counts):
    train, test = [], []
    for p in counts:
        weights = np.zeros((features.shape[1], targets.shape[1]))
        weights[:p] = np.linalg.lstsq(features[:, :p], targets, rcond=None)[0]
        train.append(((features @ weights - targets) ** 2).sum() / targets.size)
        test.append(((test_features @ weights - test_targets) ** 2).sum() / test_targets.size)
    return train, test


# --- 9.7 Twenty layers, with and without skips -----------------------------------------------------------------


@variant("9.7")
def with_the_tape(kernels, x, d_output, residual):
    import tensorflow as tf

    states, variables = [tf.constant(x)], [tf.constant(kernel) for kernel in kernels]
    with tf.GradientTape() as tape:
        tape.watch([states[0], *variables])
        for kernel in variables:
            y = tf.tanh(states[-1] @ kernel)
            states.append(states[-1] + y if residual else y)
        value = tf.reduce_sum(states[-1] * d_output)
    slopes = tape.gradient(value, [*states, *variables])
    lengths = [np.linalg.norm(slope.numpy()) for slope in slopes]
    return np.array(lengths[: len(states)]), np.array(lengths[len(states) :])


@variant("9.7")
def with_cosh(kernels, x, d_output, residual):
    skip = float(residual)
    inputs, sums = [], []
    h = x
    for w in kernels:
        inputs.append(h)
        sums.append(h @ w)
        h = skip * h + np.tanh(sums[-1])
    g = d_output
    states, weights = [math.sqrt((g**2).sum())], []
    for w, h, s in zip(reversed(kernels), reversed(inputs), reversed(sums), strict=True):
        d = g / np.cosh(s) ** 2
        weights.insert(0, math.sqrt(((h.T @ d) ** 2).sum()))
        g = skip * g + d @ w.T
        states.insert(0, math.sqrt((g**2).sum()))
    return states, weights


@variant("9.7")
def recursively(kernels, x, d_output, residual):
    def back(h, rest):
        if not rest:
            return d_output, [np.linalg.norm(d_output)], []
        y = np.tanh(h @ rest[0])
        g, states, weights = back(h + y if residual else y, rest[1:])
        d = g * (1 - y * y)
        mine = d @ rest[0].T
        if residual:
            mine = mine + g
        return mine, [np.linalg.norm(mine), *states], [np.linalg.norm(h.T @ d), *weights]

    _, states, weights = back(x, list(kernels))
    return np.asarray(states), np.asarray(weights)


# --- 9.8 Which of the three? -----------------------------------------------------------------------------------


def _share(z, predicted):
    return 1 - np.square(z - predicted.ravel()).sum() / np.square(z - z.mean()).sum()


@variant("9.8")
def with_linear_regression(network, x, y, x_val, y_val):
    from sklearn.linear_model import LinearRegression

    units = np.maximum(x.reshape(-1, 1) @ network[0] + network[1], 0)
    if _share(y, forward(network, x[:, None])) >= 0.95:
        good = _share(y_val, forward(network, x_val[:, None])) >= 0.9
        return "ok" if good else "overfits"
    if LinearRegression().fit(units, y).score(units, y) >= 0.95:
        return "not_converged"
    return "dead_units" if 2 * np.sum(units.max(axis=0) <= 0) >= units.shape[1] else "too_small"


@variant("9.8")
def with_centred_units(network, x, y, x_val, y_val):
    kernel, bias, out, last = network
    h = np.clip(np.outer(x, kernel[0]) + bias, 0, None)
    now = h @ out[:, 0] + last[0]
    if _share(y, now) > 0.95:
        later = np.clip(np.outer(x_val, kernel[0]) + bias, 0, None) @ out[:, 0] + last[0]
        return ["overfits", "ok"][int(_share(y_val, later) > 0.9)]
    centred, target = h - h.mean(axis=0), y - y.mean()
    best = centred @ np.linalg.lstsq(centred, target, rcond=None)[0]
    if 1 - np.sum((best - target) ** 2) / np.sum(target**2) > 0.95:
        return "not_converged"
    return ["too_small", "dead_units"][int(np.mean(~h.any(axis=0)) >= 0.5)]


@variant("9.8")
def through_pinv(network, x, y, x_val, y_val):
    fits = _share(y, forward(network, x[:, None])) >= 0.95
    general = _share(y_val, forward(network, x_val[:, None])) >= 0.9
    units = np.maximum(x[:, None] * network[0] + network[1], 0)
    design = np.column_stack([np.ones(len(x)), units])
    able = _share(y, design @ (np.linalg.pinv(design, rcond=1e-12) @ y)) >= 0.95
    dead = np.count_nonzero(units, axis=0) == 0
    for name, holds in (
        ("ok", fits and general),
        ("overfits", fits),
        ("not_converged", able),
        ("dead_units", dead.mean() >= 0.5),
    ):
        if holds:
            return name
    return "too_small"
