"""Correct answers to lab 04 that are written differently. Each must always get full marks."""

import itertools
import math

import keras
import numpy as np
import scipy.stats

import labkit
from labkit.check import variant

# --- 4.1 Mini-batches and their noise --------------------------------------------------------------------------


@variant("4.1")
def with_array_split(n, batch_size, seed, epoch):
    order = np.random.RandomState(seed * 100_003 + epoch).permutation(n)
    return np.split(order, range(batch_size, n, batch_size))


@variant("4.1")
def with_the_random_module(n, batch_size, seed, epoch):
    import random

    rows = list(range(n))
    random.Random(f"{seed}, {epoch}").shuffle(rows)
    return [np.array(rows[i * batch_size : (i + 1) * batch_size]) for i in range(math.ceil(n / batch_size))]


@variant("4.1")
def sorted_by_random_keys(n, batch_size, seed, epoch):
    keys = np.random.default_rng(seed).spawn(epoch + 1)[epoch].random(n)
    order = np.argsort(keys).astype(np.int32)
    batches = []
    while len(order):
        batches.append(order[:batch_size])
        order = order[batch_size:]
    return tuple(batches)


@variant("4.1")
def permuted_epoch_by_epoch(n, batch_size, seed, epoch):
    generator = np.random.default_rng(seed)
    for _ in range(epoch + 1):
        order = generator.permutation(n)
    return [order[first : first + batch_size] for first in range(0, n, batch_size)]


@variant("4.1", replaces="batch_noise")
def through_variances(gradients, batch_size):
    n = gradients.shape[0]
    return 0.0 if n == batch_size else gradients.var(axis=0, ddof=1).sum() * (1 / batch_size - 1 / n)


@variant("4.1", replaces="batch_noise")
def through_squares(gradients, batch_size):
    gradients = gradients.astype(np.float64)
    n = len(gradients)
    spread = np.einsum("ij,ij->", gradients, gradients) / n - (gradients.mean(0) ** 2).sum()
    return max(spread, 0.0) * (n - batch_size) / (batch_size * max(n - 1, 1))


@variant("4.1", replaces="batch_noise")
def with_a_loop(gradients, batch_size):
    n, middle = len(gradients), sum(gradients) / len(gradients)
    spread = sum(np.linalg.norm(row - middle) ** 2 for row in gradients) / n
    return float(spread) / batch_size * ((n - batch_size) / (n - 1) if n > 1 else 0)


# --- 4.2 Momentum, in four dialects ----------------------------------------------------------------------------


@variant("4.2")
def one_velocity_down_the_slope(weights, velocity, gradient, learning_rate, momentum, form):
    signs = {"heavy_ball": (-1, 1, 1), "keras": (1, 1, 1), "nesterov": (1, 1, 1)}
    if form == "average":
        new = velocity + (1 - momentum) * (gradient - velocity)
        return weights - new * learning_rate, new
    sign = signs[form][0]
    down = momentum * sign * velocity - learning_rate * gradient
    move = momentum * down - learning_rate * gradient if form == "nesterov" else down
    return weights + move, sign * down


@variant("4.2")
def with_a_table(weights, velocity, gradient, learning_rate, momentum, form):
    a, b = {"heavy_ball": (learning_rate, -1), "average": (1 - momentum, -learning_rate)}.get(
        form, (-learning_rate, 1)
    )
    new = np.add(np.multiply(momentum, velocity), np.multiply(a, gradient))
    moved = weights + b * new
    if form == "nesterov":
        moved = weights + momentum**2 * velocity - (1 + momentum) * learning_rate * gradient
    return [moved, new]


@variant("4.2")
def with_copies_changed_in_place(weights, velocity, gradient, learning_rate, momentum, form):
    weights, velocity = np.array(weights, float), np.array(velocity, float)
    velocity *= momentum
    if form == "heavy_ball":
        velocity += learning_rate * gradient
        weights -= velocity
    elif form == "average":
        velocity += (1 - momentum) * gradient
        weights -= learning_rate * velocity
    else:
        velocity -= learning_rate * gradient
        weights += velocity if form == "keras" else momentum * velocity - learning_rate * gradient
    return weights, velocity


@variant("4.2", replaces="equal_rate")
def case_by_case(learning_rate, momentum, source, target):
    if (source == "average") == (target == "average"):
        return learning_rate
    return learning_rate * (1 - momentum) if source == "average" else learning_rate / (1 - momentum)


@variant("4.2", replaces="equal_rate")
def through_exponents(learning_rate, momentum, source, target):
    return np.float64(learning_rate) * (1 - momentum) ** ((source == "average") - (target == "average"))


# --- 4.3 Which rate diverges? ----------------------------------------------------------------------------------


@variant("4.3")
def with_np_roots(hessian, learning_rate, momentum=0.0):
    largest = 0.0
    for e in np.linalg.eigvalsh(hessian):
        largest = max(largest, *np.abs(np.roots([1, learning_rate * e - 1 - momentum, momentum])))
    return largest


@variant("4.3")
def of_the_matrix_of_two_steps(hessian, learning_rate, momentum=0.0):
    one = np.eye(len(hessian))
    both = np.block([[(1 + momentum) * one - learning_rate * hessian, -momentum * one], [one, 0 * one]])
    return np.abs(np.linalg.eigvals(both)).max()


@variant("4.3")
def by_cases(hessian, learning_rate, momentum=0.0):
    factors = []
    for e in np.linalg.svd(hessian, compute_uv=False):
        b = 1 + momentum - learning_rate * e
        d = b * b - 4 * momentum
        factors.append(math.sqrt(momentum) if d < 0 else (abs(b) + math.sqrt(d)) / 2)
    return max(factors)


@variant("4.3", replaces="best_rate")
def with_singular_values(hessian):
    values = np.linalg.svd(hessian, compute_uv=False)
    return 2 / (values.max() + values.min())


@variant("4.3", replaces="best_rate")
def with_eigvals(hessian):
    values = sorted(np.linalg.eigvals(hessian).real)
    return 1 / np.mean([values[0], values[-1]])


# --- 4.4 Adagrad, RMSprop, Adam --------------------------------------------------------------------------------


@variant("4.4")
def adagrad_with_epsilon_beside_the_root(weights, gradient, accumulator, learning_rate, epsilon=1e-7):
    new = np.add(accumulator, np.square(gradient))
    return weights - learning_rate / (np.sqrt(new) + epsilon) * gradient, new


@variant("4.4")
def adagrad_where_there_is_a_gradient(weights, gradient, accumulator, learning_rate, epsilon=1e-7):
    new = accumulator + gradient * gradient
    step = np.divide(gradient, np.sqrt(new), out=np.zeros_like(new), where=new > 0)
    return [weights - learning_rate * step, new]


@variant("4.4", replaces="rmsprop_step")
def rmsprop_with_epsilon_beside_the_root(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    new = average + (1 - rho) * (gradient**2 - average)
    return weights - learning_rate * gradient / (new**0.5 + epsilon), new


@variant("4.4", replaces="rmsprop_step")
def rmsprop_with_average(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    new = np.average([average, gradient**2], axis=0, weights=[rho, 1 - rho])
    return weights - learning_rate * gradient * (new + epsilon) ** -0.5, new


@variant("4.4", replaces="adam_step")
def adam_with_a_corrected_rate(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    mean = mean + (1 - beta_1) * (gradient - mean)
    square = square + (1 - beta_2) * (gradient**2 - square)
    rate = learning_rate * math.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    return weights - rate * mean / (np.sqrt(square) + epsilon), mean, square


@variant("4.4", replaces="adam_step")
def adam_with_epsilon_in_the_root(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    mean, square = beta_1 * mean + (1 - beta_1) * gradient, beta_2 * square + (1 - beta_2) * gradient**2
    right = square / (1 - np.power(beta_2, step)) + epsilon
    return [weights - learning_rate * mean / (1 - np.power(beta_1, step)) / np.sqrt(right), mean, square]


# --- 4.5 Who made this trajectory? -----------------------------------------------------------------------------


def _moves(gradients):
    """Directions of the five, written as sums over the past."""
    t = len(gradients)
    ages = np.arange(t)[:, None] - np.arange(t)
    past = np.where(ages >= 0, 1.0, 0.0)

    def fading(share):
        return past * share ** np.maximum(ages, 0)

    count, squares = np.arange(1, t + 1)[:, None], gradients**2
    tiny = 1e-30
    adam = 0.1 * fading(0.9) @ gradients / (1 - 0.9**count)
    return {
        "sgd": gradients,
        "momentum": fading(0.9) @ gradients,
        "adagrad": gradients / np.sqrt(past @ squares + tiny),
        "rmsprop": gradients / np.sqrt(0.1 * fading(0.9) @ squares + tiny),
        "adam": adam / np.sqrt(0.001 * fading(0.999) @ squares / (1 - 0.999**count) + tiny),
    }


@variant("4.5")
def most_parallel(weights, gradients):
    steps = (weights[:-1] - weights[1:]).ravel()
    angles = {}
    for name, move in _moves(gradients).items():
        move = move.ravel()
        angles[name] = steps @ move / np.linalg.norm(steps) / np.linalg.norm(move)
    return max(angles, key=angles.get)


@variant("4.5")
def most_constant_rate(weights, gradients):
    steps = weights[:-1] - weights[1:]
    spread = {}
    for name, move in _moves(gradients).items():
        used = np.abs(move) > 1e-6 * np.abs(move).max()
        rates = steps[used] / move[used]
        spread[name] = np.std(rates) / abs(np.mean(rates))
    return min(spread, key=spread.get)


@variant("4.5")
def with_least_squares(weights, gradients):
    steps = -np.diff(weights, axis=0).ravel()
    best = ("", np.inf)
    for name, move in _moves(gradients).items():
        rate = np.linalg.lstsq(move.reshape(-1, 1), steps, rcond=None)[0][0]
        misfit = np.abs(steps - rate * move.ravel()).max()
        best = min(best, (name, misfit), key=lambda pair: pair[1])
    return best[0]


# --- 4.6 Schedules, and the noise floor ------------------------------------------------------------------------


@variant("4.6")
def divided_in_a_loop(epoch, initial_rate, factor, every):
    rate = initial_rate
    for passed in range(1, epoch + 1):
        if passed % every == 0:
            rate /= factor
    return rate


@variant("4.6")
def with_floor(epoch, initial_rate, factor, every):
    return np.float64(initial_rate) * np.power(float(factor), -np.floor(epoch / every))


@variant("4.6", replaces="warmup_cosine")
def with_interpolation(step, peak_rate, warmup_steps, total_steps):
    if warmup_steps and step <= warmup_steps:
        return np.interp(step, [0, warmup_steps], [0, peak_rate])
    angle = np.interp(step, [warmup_steps, total_steps], [0, np.pi])
    return 0.5 * peak_rate * (1 + np.cos(angle))


@variant("4.6", replaces="warmup_cosine")
def with_a_squared_sine(step, peak_rate, warmup_steps, total_steps):
    if step < warmup_steps:
        return step / warmup_steps * peak_rate
    left = max(total_steps - step, 0) / (total_steps - warmup_steps)
    return peak_rate * math.sin(math.pi / 2 * left) ** 2


@variant("4.6", replaces="noise_floor")
def through_the_variance(learning_rate, curvature, noise):
    shrink = 1 - learning_rate * curvature
    if shrink <= -1:
        return float("inf")
    return curvature / 2 * learning_rate**2 * noise / (1 - shrink**2)


@variant("4.6", replaces="noise_floor")
def with_numpy_infinity(learning_rate, curvature, noise):
    room = 2.0 - learning_rate * curvature
    return np.inf if room <= 0 else np.divide(0.5 * learning_rate * noise, room)


# --- 4.7 Initial weights, layer by layer -----------------------------------------------------------------------


@variant("4.7")
def with_the_old_generator(sizes, scheme, seed):
    state, layers = np.random.RandomState(seed), []
    for n, m in itertools.pairwise(sizes):
        if scheme == "uniform":
            layers.append((2 * state.rand(n, m) - 1).astype(np.float32))
        else:
            fan = {"lecun": n, "he": n / 2, "glorot": (n + m) / 2}[scheme]
            layers.append(state.randn(n, m) / np.sqrt(fan))
    return layers


@variant("4.7")
def cut_off_as_keras_does(sizes, scheme, seed):
    rng, layers = np.random.default_rng(seed), []
    for n, m in zip(sizes, sizes[1:], strict=False):
        if scheme == "uniform":
            layers.append(rng.uniform(-1.0, 1.0, (n, m)))
            continue
        deviation = (
            math.sqrt({"lecun": 1 / n, "he": 2 / n, "glorot": 2 / (n + m)}[scheme]) / 0.87962566103423978
        )
        layers.append(scipy.stats.truncnorm.rvs(-2, 2, scale=deviation, size=(n, m), random_state=rng))
    return layers


@variant("4.7")
def with_a_seed_for_each_layer(sizes, scheme, seed):
    layers = []
    for number, (n, m) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        rng = np.random.default_rng([seed, number])
        scale = {"lecun": (1 / n) ** 0.5, "he": (2 / n) ** 0.5, "glorot": (2 / (n + m)) ** 0.5}.get(scheme)
        layers.append(rng.uniform(-1, 1, (n, m)) if scale is None else scale * rng.standard_normal((n, m)))
    return layers


@variant("4.7")
def with_initialisers_of_keras(sizes, scheme, seed):
    layers = []
    for number, (n, m) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        kinds = {
            "lecun": keras.initializers.LecunNormal,
            "he": keras.initializers.HeNormal,
            "glorot": keras.initializers.GlorotNormal,
        }
        own = 1000 * seed + number
        kind = (
            kinds[scheme](seed=own) if scheme in kinds else keras.initializers.RandomUniform(-1, 1, seed=own)
        )
        layers.append(np.asarray(kind((n, m))))
    return layers


@variant("4.7", replaces="signal")
def with_a_gradient_tape(x, weights, activation, output_gradient):
    import tensorflow as tf

    function = {"linear": tf.identity, "relu": tf.nn.relu, "tanh": tf.tanh, "sigmoid": tf.sigmoid}[activation]
    variables = [tf.Variable(np.asarray(w, np.float64)) for w in weights]
    with tf.GradientTape() as tape:
        outputs = [tf.constant(x, tf.float64)]
        for w in variables:
            outputs.append(function(outputs[-1] @ w))
        total = tf.reduce_sum(outputs[-1] * output_gradient)
    gradients = tape.gradient(total, variables)
    values = [y.numpy() for y in outputs[1:]]
    return {
        "dead": np.array([np.mean(~y.any(axis=0)) for y in values]),
        "rms": np.array([np.sqrt(np.mean(np.square(y))) for y in values]),
        "gradient": np.array([np.sqrt(np.sum(np.square(g))) for g in gradients]),
    }


@variant("4.7", replaces="signal")
def from_the_sums(x, weights, activation, output_gradient):
    def f(z):
        if activation == "sigmoid":
            e = np.exp(-np.abs(z))
            return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return {"linear": z, "relu": z * (z > 0), "tanh": np.tanh(z)}[activation]

    def slope(z):
        if activation == "sigmoid":
            return f(z) * f(-z)
        return {"linear": np.ones_like(z), "relu": np.heaviside(z, 0), "tanh": 1 / np.cosh(z) ** 2}[
            activation
        ]

    sums, inputs = [], [np.asarray(x, float)]
    for w in weights:
        sums.append(inputs[-1] @ w)
        inputs.append(f(sums[-1]))
    gradients, back = [0.0] * len(weights), np.array(output_gradient, float)
    for i in reversed(range(len(weights))):
        back = back * slope(sums[i])
        gradients[i] = math.sqrt(((inputs[i].T @ back) ** 2).sum())
        back = back @ weights[i].T
    rms = [float(np.linalg.norm(y) / math.sqrt(y.size)) for y in inputs[1:]]
    return {
        "rms": rms,
        "gradient": gradients,
        "dead": [float((np.abs(y).max(axis=0) == 0).mean()) for y in inputs[1:]],
    }


@variant("4.7", replaces="signal")
def recursively(x, weights, activation, output_gradient):
    function = {
        "linear": lambda z: (z, np.ones_like(z)),
        "relu": lambda z: (np.where(z > 0, z, 0), (z > 0) * 1.0),
        "tanh": lambda z: (np.tanh(z), 1 - np.tanh(z) ** 2),
        "sigmoid": lambda z: (scipy.stats.logistic.cdf(z), scipy.stats.logistic.pdf(z)),
    }[activation]

    def layer(inputs, rest):
        """Measures of the remaining layers, and the derivative by their inputs."""
        if not rest:
            return [], output_gradient
        y, steep = function(inputs @ rest[0])
        found, back = layer(y, rest[1:])
        delta = back * steep
        own = (np.sqrt(np.mean(y**2)), np.linalg.norm(inputs.T @ delta), np.mean(np.all(y == 0, axis=0)))
        return [own, *found], delta @ rest[0].T

    found, _ = layer(x, list(weights))
    return dict(zip(("rms", "gradient", "dead"), np.array(found).T, strict=True))


# --- 4.8 One thing at a time -----------------------------------------------------------------------------------


@variant("4.8")
def with_scikit_learn(x_train, x_other):
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x_train.astype(np.float64))
    return scaler.transform(x_train.astype(np.float64)), scaler.transform(x_other.astype(np.float64))


@variant("4.8")
def column_by_column(x_train, x_other):
    a, b = np.array(x_train, np.float64), np.array(x_other, np.float64)
    for column in range(a.shape[1]):
        middle, deviation = a[:, column].mean(), a[:, column].std()
        constant = np.ptp(a[:, column]) == 0
        for part in (a, b):
            part[:, column] -= middle
            part[:, column] /= 1.0 if constant else deviation
    return [a, b]


@variant("4.8")
def with_masks(x_train, x_other):
    mean = np.mean(x_train, axis=0, dtype=np.float64)
    deviation = np.std(x_train, axis=0, dtype=np.float64)
    deviation[deviation < 1e-12 * (1 + np.abs(mean))] = 1
    return tuple(
        ((part.astype(np.float64) - mean) / deviation).astype(np.float32) for part in (x_train, x_other)
    )


def _scaled(x_train, x_other):
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1)
    return tuple(((part - mean) / scale).astype("float32") for part in (x_train, x_other))


@variant("4.8", replaces="ablation")
def with_settings_in_a_dict(x_train, y_train, x_val, y_val, switches, epochs, seed):
    recipe = {
        "activation": "relu",
        "loss": keras.losses.SparseCategoricalCrossentropy(),
        "batch_size": 32,
        "shuffle": True,
        "scale": _scaled,
    }
    changes = {
        "none": {},
        "relu": {"activation": "sigmoid"},
        "cross_entropy": {"loss": "mse"},
        "minibatches": {"batch_size": len(x_train)},
        "shuffle": {"shuffle": False},
        "normalize": {"scale": lambda a, b: (a.astype("float32"), b.astype("float32"))},
    }
    found = {}
    for name in ("none", *switches):
        setting = recipe | changes[name]
        keras.utils.set_random_seed(seed)
        inputs = keras.Input((784,))
        hidden = keras.layers.Dense(64, setting["activation"])(inputs)
        hidden = keras.layers.Dense(64, setting["activation"])(hidden)
        model = keras.Model(inputs, keras.layers.Dense(10, "softmax")(hidden))
        model.compile(keras.optimizers.SGD(learning_rate=0.05), setting["loss"])
        x, other = setting["scale"](x_train, x_val)
        y = keras.utils.to_categorical(y_train, 10) if name == "cross_entropy" else y_train.astype(int)
        fitting = {"batch_size": setting["batch_size"], "shuffle": setting["shuffle"], "epochs": epochs}
        model.fit(x, y, verbose=0, **fitting)
        found[name] = np.mean(np.argmax(model(other), axis=1) == y_val)
    return found


@variant("4.8", replaces="ablation")
def with_a_loop_in_numpy(x_train, y_train, x_val, y_val, switches, epochs, seed):
    def run(off):
        rng = np.random.default_rng(seed)
        raw = x_train.astype("float32"), x_val.astype("float32")
        x, other = raw if off == "normalize" else _scaled(x_train, x_val)
        targets = np.eye(10, dtype="float32")[y_train]
        sizes = [784, 64, 64, 10]
        weights = [
            rng.uniform(-1, 1, size=(n, m)).astype("float32") * np.float32(math.sqrt(6 / (n + m)))
            for n, m in zip(sizes[:-1], sizes[1:], strict=True)
        ]
        biases = [np.zeros(m, "float32") for m in sizes[1:]]
        size = len(x) if off == "minibatches" else 32

        def forward(rows):
            outputs = [rows]
            for number in range(3):
                z = outputs[-1] @ weights[number] + biases[number]
                if number == 2:
                    z = np.exp(z - z.max(axis=1, keepdims=True))
                    z = z / z.sum(axis=1, keepdims=True)
                else:
                    z = 1 / (1 + np.exp(-z)) if off == "relu" else np.maximum(z, 0)
                outputs.append(z)
            return outputs

        for _ in range(epochs):
            order = np.arange(len(x)) if off == "shuffle" else rng.permutation(len(x))
            for first in range(0, len(x), size):
                rows = order[first : first + size]
                outputs = forward(x[rows])
                p, t = outputs[-1], targets[rows]
                if off == "cross_entropy":
                    error = 2 * (p - t) / 10
                    delta = p * (error - (error * p).sum(axis=1, keepdims=True)) / len(rows)
                else:
                    delta = (p - t) / len(rows)
                for number in (2, 1, 0):
                    by_weights, by_bias = outputs[number].T @ delta, delta.sum(axis=0)
                    y = outputs[number]
                    if number:
                        delta = (delta @ weights[number].T) * (y * (1 - y) if off == "relu" else y > 0)
                    weights[number] = weights[number] - np.float32(0.05) * by_weights
                    biases[number] = biases[number] - np.float32(0.05) * by_bias
        return float((forward(other)[-1].argmax(axis=1) == y_val).mean())

    with np.errstate(all="ignore"):
        return {name: run(name) for name in ["none", *switches]}


@variant("4.8", replaces="ablation")
def with_a_function_for_one_run(x_train, y_train, x_val, y_val, switches, epochs, seed):
    def accuracy(relu=True, cross_entropy=True, minibatches=True, shuffle=True, normalize=True):
        keras.utils.set_random_seed(seed)
        layer = "relu" if relu else "sigmoid"
        model = keras.Sequential([keras.layers.Dense(64, layer), keras.layers.Dense(64, layer)])
        model.add(keras.layers.Dense(10))
        model.add(keras.layers.Softmax())
        model.compile(
            loss="categorical_crossentropy" if cross_entropy else "mean_squared_error", optimizer="sgd"
        )
        model.optimizer.learning_rate = 0.05
        x, other = _scaled(x_train, x_val) if normalize else (x_train.astype("f4"), x_val.astype("f4"))
        model.build((None, 784))
        labels = keras.utils.to_categorical(y_train, 10)
        rows = 32 if minibatches else len(x)
        labkit.fit(model, x, labels, batch_size=rows, epochs=epochs, shuffle=shuffle, verbose=0)
        return float(np.mean(np.asarray(model(other)).argmax(axis=-1) == y_val))

    return {"none": accuracy()} | {switch: accuracy(**{switch: False}) for switch in switches}
