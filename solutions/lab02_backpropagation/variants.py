"""Correct answers to lab 02 that are written differently. Each must always get full marks."""

import math

import numpy as np
from lab import PARAMETER, activation, backward, forward, loss, sgd_step

from labkit.check import variant

# --- 2.1 Activations and their slopes ------------------------------------------------------------------------


@variant("2.1")
def with_a_dictionary(name, z):
    def sigmoid(z):
        return 0.5 * (1 + np.tanh(0.5 * z))

    functions = {
        "linear": (lambda z: 1.0 * z, lambda z: z * 0 + 1),
        "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
        "tanh": (np.tanh, lambda z: 1 / np.cosh(np.clip(z, -40, 40)) ** 2),
        "relu": (lambda z: z * (z > 0), lambda z: 1.0 * (z > 0)),
        "leaky_relu": (lambda z: np.maximum(z, 0.1 * z), lambda z: 0.1 + 0.9 * (z > 0)),
        "softplus": (lambda z: np.maximum(z, 0) + np.log1p(np.exp(-abs(z))), sigmoid),
        "piecewise_linear": (
            lambda z: np.minimum(1, np.maximum(0, z + 0.5)),
            lambda z: np.where((z > -0.5) & (z < 0.5), 1.0, 0.0),
        ),
    }
    value, slope = functions[name]
    return value(z), slope(z)


@variant("2.1")
def one_number_at_a_time(name, z):
    def both(z):
        if name in ("sigmoid", "softplus"):
            small = math.exp(-abs(z))
            sigmoid = 1 / (1 + small) if z >= 0 else small / (1 + small)
            if name == "sigmoid":
                return sigmoid, small / (1 + small) ** 2
            return max(z, 0) + math.log1p(small), sigmoid
        if name == "tanh":
            return math.tanh(z), 1 - math.tanh(z) ** 2
        if name == "piecewise_linear":
            return (0.0, 0.0) if z <= -0.5 else (1.0, 0.0) if z >= 0.5 else (z + 0.5, 1.0)
        below = {"linear": 1.0, "relu": 0.0, "leaky_relu": 0.1}[name]
        return (z, 1.0) if z > 0 else (below * z, below)

    pairs = np.array([both(float(v)) for v in np.ravel(z)])
    return pairs[:, 0].reshape(z.shape), pairs[:, 1].reshape(z.shape)


@variant("2.1")
def with_masks(name, z):
    value, slope = np.zeros_like(z), np.zeros_like(z)
    up = z > 0
    if name == "relu" or name == "leaky_relu":
        leak = 0.1 if name == "leaky_relu" else 0
        value[up], slope[up] = z[up], 1
        value[~up], slope[~up] = leak * z[~up], leak
    elif name == "sigmoid" or name == "softplus":
        slope[up] = 1 / (1 + np.exp(-z[up]))
        slope[~up] = np.exp(z[~up]) / (1 + np.exp(z[~up]))
        value = np.logaddexp(z, 0)
        if name == "sigmoid":
            value, slope = slope, slope - slope**2
    elif name == "piecewise_linear":
        inside = abs(z) < 0.5
        value[inside], slope[inside], value[z >= 0.5] = z[inside] + 0.5, 1, 1
    elif name == "tanh":
        value = np.tanh(z)
        slope = (1 - value) * (1 + value)
    else:
        value, slope = np.copy(z), slope + 1
    return value, slope


# --- 2.2 One step by hand ------------------------------------------------------------------------------------


@variant("2.2")
def unit_by_unit(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    def sigmoid(z):
        return 1 / (1 + math.exp(-z))

    h, m = hidden.shape[1], output.shape[1]
    a = [sigmoid(hidden[0, j] + sum(x[i] * hidden[i + 1, j] for i in range(len(x)))) for j in range(h)]
    u = [sigmoid(output[0, k] + sum(a[j] * output[j + 1, k] for j in range(h))) for k in range(m)]
    d_out = [(y[k] - u[k]) * u[k] * (1 - u[k]) for k in range(m)]
    d_hid = [a[j] * (1 - a[j]) * sum(d_out[k] * output[j + 1, k] for k in range(m)) for j in range(h)]
    new_hidden, new_output = hidden.copy(), output.copy()
    for j in range(h):
        for i, came in enumerate([1.0, *x]):
            if i or update_biases:
                new_hidden[i, j] += learning_rate * d_hid[j] * came
    for k in range(m):
        for j, came in enumerate([1.0, *a]):
            if j or update_biases:
                new_output[j, k] += learning_rate * d_out[k] * came
    return dict(
        activations=a, outputs=u, error=sum((p - q) ** 2 for p, q in zip(u, y, strict=True)) / 2,
        hidden_deltas=d_hid, output_deltas=d_out, hidden=new_hidden, output=new_output,
    )  # fmt: skip


@variant("2.2")
def biases_apart(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    b1, w1, b2, w2 = hidden[0], hidden[1:], output[0], output[1:]
    a = activation("sigmoid", b1 + x @ w1)[0]
    u = activation("sigmoid", b2 + a @ w2)[0]
    minus_d2 = (u - y) * u * (1 - u)  # Rousseau's sign
    minus_d1 = (w2 @ minus_d2) * a * (1 - a)
    keep = 1.0 if update_biases else 0.0
    return {
        "hidden": np.vstack(
            [b1 - keep * learning_rate * minus_d1, w1 - learning_rate * x[:, None] * minus_d1]
        ),
        "output": np.vstack(
            [b2 - keep * learning_rate * minus_d2, w2 - learning_rate * a[:, None] * minus_d2]
        ),
        "hidden_deltas": -minus_d1,
        "output_deltas": -minus_d2,
        "activations": a,
        "outputs": u,
        "error": 0.5 * np.dot(u - y, u - y),
    }


@variant("2.2")
def through_the_modules(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    modules = [
        {"kind": "linear", "weights": hidden[1:]},
        {"kind": "pointwise", "activation": "sigmoid", "bias": hidden[0]},
        {"kind": "linear", "weights": output[1:]},
        {"kind": "pointwise", "activation": "sigmoid", "bias": output[0]},
    ]
    values = forward(modules, x[None])
    error, slope = loss("squared_error", values[-1], y[None])
    w1, b1, w2, b2 = (-g["weights" if "weights" in g else "bias"] for g in backward(modules, values, slope))
    part = float(update_biases) * learning_rate
    return {
        "activations": values[2][0],
        "outputs": values[4][0],
        "error": error,
        "hidden_deltas": b1,
        "output_deltas": b2,
        "hidden": np.concatenate([[hidden[0] + part * b1], hidden[1:] + learning_rate * w1]),
        "output": np.concatenate([[output[0] + part * b2], output[1:] + learning_rate * w2]),
    }


# --- 2.3 Two losses ------------------------------------------------------------------------------------------


@variant("2.3")
def row_by_row(name, outputs, targets):
    total, gradient = 0.0, []
    for u, y in zip(outputs, targets, strict=True):
        if name == "squared_error":
            total += float(np.sum((u - y) ** 2)) / 2
            gradient.append(u - y)
        else:
            top = max(u)
            powers = [math.exp(v - top) for v in u]
            log_sum = top + math.log(sum(powers))
            total += sum(float(t) * (log_sum - float(v)) for t, v in zip(y, u, strict=True))
            gradient.append([p / sum(powers) - t for p, t in zip(powers, y, strict=True)])
    return total / len(outputs), np.array(gradient) / len(outputs)


@variant("2.3")
def with_logaddexp(name, outputs, targets):
    if name == "cross_entropy":
        log_sums = np.logaddexp.reduce(outputs, axis=1, keepdims=True)
        value = np.mean(np.sum(targets * (log_sums - outputs), axis=1))
        return value, np.exp(outputs - log_sums) / outputs.shape[0] - targets / outputs.shape[0]
    difference = outputs - targets
    return np.einsum("nm,nm->", difference, difference) / (2 * len(difference)), difference / len(difference)


@variant("2.3")
def with_the_mean_of_rows(name, outputs, targets):
    n = outputs.shape[0]
    if name == "squared_error":
        return np.mean(0.5 * np.linalg.norm(outputs - targets, axis=1) ** 2), np.multiply(
            1 / n, outputs - targets
        )
    z = outputs - outputs.max(axis=1)[:, None]
    log_p = z - np.log(np.exp(z).sum(1))[:, None]
    rows = -(targets * log_p).sum(1)
    return rows.mean(), (np.exp(log_p) - targets) / n


# --- 2.4 Modules ---------------------------------------------------------------------------------------------


@variant("2.4", replaces="forward")
def forward_with_indices(modules, x):
    values = [None] * (len(modules) + 1)
    values[0] = x
    for n, module in enumerate(modules):
        if "weights" in module:
            values[n + 1] = np.einsum("ni,io->no", values[n], module["weights"])
        else:
            values[n + 1], _ = activation(module["activation"], np.add(values[n], module["bias"]))
    return values


@variant("2.4", replaces="forward")
def forward_by_recursion(modules, x):
    if not modules:
        return (x,)
    first, *others = modules
    y = (
        x.dot(first["weights"])
        if first["kind"] == "linear"
        else activation(first["activation"], x + first["bias"])[0]
    )
    return (x, *forward_by_recursion(others, y))


@variant("2.4", replaces="backward")
def backward_with_indices(modules, values, d_output):
    gradients, g = [None] * len(modules), d_output
    for n in range(len(modules) - 1, -1, -1):
        module, x = modules[n], values[n]
        if module["kind"] == "pointwise":
            g = np.multiply(g, activation(module["activation"], x + module["bias"])[1])
            gradients[n] = {"bias": np.ones(len(g)) @ g, "input": g}
        else:
            gradients[n] = {
                "weights": np.einsum("ni,no->io", x, g),
                "input": np.einsum("no,io->ni", g, module["weights"]),
            }
            g = gradients[n]["input"]
    return tuple(gradients)


@variant("2.4", replaces="backward")
def backward_row_by_row(modules, values, d_output):
    gradients = []
    for module, x in list(zip(modules, values, strict=False))[::-1]:
        if module["kind"] == "linear":
            total = sum(np.outer(row, g) for row, g in zip(x, d_output, strict=True))
            d_input = np.array([module["weights"] @ g for g in d_output])
            gradients.insert(0, {"input": d_input, "weights": total})
        else:
            d_input = np.array(
                [
                    g * activation(module["activation"], row + module["bias"])[1]
                    for row, g in zip(x, d_output, strict=True)
                ]
            )
            gradients.insert(0, {"input": d_input, "bias": sum(d_input)})
        d_output = d_input
    return gradients


# --- 2.5 Is it the gradient? ---------------------------------------------------------------------------------


@variant("2.5", replaces="numeric_gradients")
def with_a_flat_vector(modules, x, targets, loss_name, step=1e-5):
    shapes = [m[PARAMETER[m["kind"]]].shape for m in modules]
    flat = np.concatenate([np.ravel(m[PARAMETER[m["kind"]]]) for m in modules]).astype(np.float64)
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]

    def error(vector):
        parts = [p.reshape(shape) for p, shape in zip(np.split(vector, ends), shapes, strict=True)]
        chain = [{**m, PARAMETER[m["kind"]]: p} for m, p in zip(modules, parts, strict=True)]
        return loss(loss_name, forward(chain, x.astype(np.float64))[-1], targets.astype(np.float64))[0]

    steps = step * np.eye(len(flat))
    slopes = np.array([(error(flat + e) - error(flat - e)) / (2 * step) for e in steps])
    return [part.reshape(shape) for part, shape in zip(np.split(slopes, ends), shapes, strict=True)]


@variant("2.5", replaces="numeric_gradients")
def with_copies(modules, x, targets, loss_name, step=1e-5):
    def wide(value):
        return value.astype(float) if isinstance(value, np.ndarray) else value

    chain, gradients = [{k: wide(v) for k, v in m.items()} for m in modules], []
    for n, module in enumerate(chain):
        key = "weights" if module["kind"] == "linear" else "bias"
        gradient = np.empty(module[key].shape)
        for i in range(gradient.size):
            errors = []
            for sign in (+1, -1):
                moved = module[key].copy()
                moved.flat[i] += sign * step
                other = chain[:n] + [{**module, key: moved}] + chain[n + 1 :]
                errors.append(loss(loss_name, forward(other, wide(x))[-1], wide(targets))[0])
            gradient.flat[i] = (errors[0] - errors[1]) / step / 2
        gradients.append(gradient)
    return tuple(gradients)


@variant("2.5", replaces="taylor_remainders")
def with_a_line(modules, x, targets, loss_name, gradients, direction, steps):
    keys = [PARAMETER[m["kind"]] for m in modules]

    def along(h):
        chain = [
            {**m, k: m[k].astype(float) + h * d} for m, k, d in zip(modules, keys, direction, strict=True)
        ]
        return float(loss(loss_name, forward(chain, x.astype(float))[-1], targets.astype(float))[0])

    start = along(0)
    slope = np.sum([np.vdot(g, d) for g, d in zip(gradients, direction, strict=True)])
    return np.abs([along(h) - start - h * slope for h in steps])


@variant("2.5", replaces="taylor_remainders")
def with_moving_parameters(modules, x, targets, loss_name, gradients, direction, steps):
    def error(chain):
        return loss(loss_name, forward(chain, np.array(x, "float64"))[-1], np.array(targets, "float64"))[0]

    def moved(h):
        chain = []
        for module, v in zip(modules, direction, strict=True):
            new = dict(module)
            name = PARAMETER[module["kind"]]
            new[name] = np.array(module[name], "float64") + np.float64(h) * v
            chain.append(new)
        return chain

    result = []
    for h in steps:
        expected = sum(h * np.sum(g * v) for g, v in zip(gradients, direction, strict=True))
        result.append(abs(error(moved(h)) - error(moved(0)) - expected))
    return tuple(result)


# --- 2.6 Where is the bug? -----------------------------------------------------------------------------------


@variant("2.6")
def with_formulas(modules, x, d_output, gradients):
    values, broken = forward(modules, x), set()
    claimed = [entry["input"] for entry in gradients] + [d_output]
    for n, module in enumerate(modules):
        g, mine = claimed[n + 1], {}
        if module["kind"] == "linear":
            mine["weights"], mine["input"] = values[n].T @ g, g @ module["weights"].T
        else:
            mine["input"] = g * activation(module["activation"], values[n] + module["bias"])[1]
            mine["bias"] = mine["input"].sum(axis=0)
        for key, right in mine.items():
            if not np.allclose(gradients[n][key], right, rtol=0, atol=1e-4 * np.max(np.abs(right))):
                broken.add(n)
    return sorted(broken)


@variant("2.6")
def from_the_top(modules, x, d_output, gradients):
    values, broken, given = forward(modules, x), [], d_output
    for n in range(len(modules))[::-1]:
        (right,) = backward(modules[n : n + 1], values[n : n + 2], given)
        errors = [
            np.abs(gradients[n][k] - right[k]).max() / max(np.abs(right[k]).max(), 1e-300) for k in right
        ]
        if max(errors) > 1e-2 / 2:
            broken.insert(0, n)
        given = gradients[n]["input"]
    return broken


@variant("2.6")
def with_relative_norms(modules, x, d_output, gradients):
    values = forward(modules, x)
    above = [g["input"] for g in gradients[1:]] + [d_output]

    def wrong(n):
        right = backward([modules[n]], values[n : n + 2], above[n])[0]
        return any(
            np.linalg.norm(right[key] - gradients[n][key]) > 5e-4 * np.linalg.norm(right[key])
            for key in right
        )

    return np.array([n for n in range(len(modules)) if wrong(n)], int)


# --- 2.7 Any graph -------------------------------------------------------------------------------------------


@variant("2.7")
def with_counts_of_users(graph, inputs, output):
    """Kahn's algorithm, forward and backward."""
    users = {name: [] for name in [*graph, *inputs]}
    waiting = {}
    for name, (_, *arguments) in graph.items():
        waiting[name] = len(arguments)
        for argument in arguments:
            users[argument].append(name)
    values, ready, order = dict(inputs), list(inputs), []
    while ready:
        name = ready.pop()
        if name in graph:
            operation, *arguments = graph[name]
            order.append(name)
            numbers = [values[a] for a in arguments]
            if operation == "add":
                values[name] = np.add(*numbers)
            elif operation == "multiply":
                values[name] = np.multiply(*numbers)
            elif operation == "matmul":
                values[name] = np.matmul(*numbers)
            elif operation == "relu":
                values[name] = numbers[0] * (numbers[0] > 0)
            elif operation == "sum":
                values[name] = np.sum(numbers[0])
            else:
                values[name] = getattr(np, operation)(numbers[0])
        for user in users[name]:
            waiting[user] -= 1
            if waiting[user] == 0:
                ready.append(user)
    gradients = {name: np.zeros_like(np.asarray(value, float)) for name, value in values.items()}
    gradients[output] = gradients[output] + 1.0
    for name in order[::-1]:
        g, (operation, *arguments) = gradients[name], graph[name]
        for place, argument in enumerate(arguments):
            other = values[arguments[1 - place]] if len(arguments) == 2 else None
            if operation == "multiply":
                part = g * other
            elif operation == "matmul" and place == 0:
                part = g[:, None] * other[None, :] if other.ndim == 1 else g @ other.T
            elif operation == "matmul":
                part = values[arguments[0]].T @ g
            elif operation == "relu":
                part = np.where(values[argument] > 0, g, 0.0)
            elif operation == "exp":
                part = g * np.exp(values[argument])
            elif operation == "log":
                part = g / values[argument]
            elif operation == "sum":
                part = np.full(np.shape(values[argument]), g)
            else:
                part = g
            gradients[argument] = gradients[argument] + part
    return values[output], gradients


@variant("2.7")
def with_generations(graph, inputs, output):
    """Nodes sorted by their depth; the gradient of a name is asked of its users, in one pass."""
    depth = dict.fromkeys(inputs, 0)
    pending = list(graph)
    while pending:
        later = []
        for name in pending:
            if all(a in depth for a in graph[name][1:]):
                depth[name] = 1 + max(depth[a] for a in graph[name][1:])
            else:
                later.append(name)
        pending = later[::-1]
    order = sorted(graph, key=depth.get)
    rules = {
        "add": (lambda a, b: a + b, lambda g, v, a, b: (g, g)),
        "multiply": (lambda a, b: a * b, lambda g, v, a, b: (g * b, g * a)),
        "matmul": (
            lambda a, b: a @ b,
            lambda g, v, a, b: (np.outer(g, b) if b.ndim == 1 else g @ b.T, a.T @ g),
        ),
        "relu": (lambda a: np.where(a > 0, a, 0.0), lambda g, v, a: (g * np.where(a > 0, 1.0, 0.0),)),
        "exp": (np.exp, lambda g, v, a: (g * v,)),
        "log": (np.log, lambda g, v, a: (g / a,)),
        "sum": (lambda a: float(np.sum(a)), lambda g, v, a: (g + 0 * np.asarray(a),)),
    }
    value = {**inputs}
    for name in order:
        value[name] = rules[graph[name][0]][0](*(value[a] for a in graph[name][1:]))
    d = {name: 0.0 * v for name, v in value.items()}
    d[output] = 1.0
    for name in reversed(order):
        arguments = graph[name][1:]
        parts = rules[graph[name][0]][1](d[name], value[name], *(value[a] for a in arguments))
        for argument, part in zip(arguments, parts, strict=True):
            d[argument] = d[argument] + part
    return float(value[output]), d


@variant("2.7")
def in_place_sums(graph, inputs, output):
    order, state, stack = [], {}, [(name, 0) for name in graph]
    while stack:
        name, visit = stack.pop()
        if name in inputs or state.get(name) == 2:
            continue
        if visit == 0:
            stack.append((name, 1))
            stack.extend((a, 0) for a in graph[name][1:])
        else:
            state[name] = 2
            order.append(name)
    v = {name: np.array(value, float) for name, value in inputs.items()}
    for name in order:
        op, *args = graph[name]
        a = [v[arg] for arg in args]
        v[name] = np.array(
            a[0] + a[1] if op == "add" else a[0] * a[1] if op == "multiply" else a[0] @ a[1] if op == "matmul"
            else np.maximum(0, a[0]) if op == "relu" else np.exp(a[0]) if op == "exp" else np.log(a[0]) if op == "log"
            else a[0].sum()
        )  # fmt: skip
    grad = {name: np.zeros(value.shape) for name, value in v.items()}
    grad[output] += 1
    for name in reversed(order):
        op, *args = graph[name]
        g, a = grad[name].copy(), [v[arg] for arg in args]
        if op == "matmul":
            b = a[1].reshape(len(a[1]), -1)
            grad[args[0]] += g.reshape(len(g), -1) @ b.T
            grad[args[1]] += a[0].T @ g
        elif op == "multiply":
            grad[args[0]] += g * a[1]
            grad[args[1]] += g * a[0]
        else:
            slope = {"relu": lambda a: a > 0, "exp": np.exp, "log": np.reciprocal}.get(op, np.ones_like)
            for arg in args:
                grad[arg] += g * slope(v[arg])
    return v[output].item(), {name: g if g.ndim else g.item() for name, g in grad.items()}


# --- 2.8 Digits, with NumPy alone ----------------------------------------------------------------------------


@variant("2.8", replaces="sgd_step")
def step_module_by_module(modules, x, targets, learning_rate):
    values = forward(modules, x)
    gradients = backward(modules, values, loss("cross_entropy", values[-1], targets)[1])
    after = []
    for module, gradient in zip(modules, gradients, strict=True):
        new = dict(module)
        for key in ("weights", "bias"):
            if key in module:
                new[key] = module[key] - module[key].dtype.type(learning_rate) * gradient[key]
        after.append(new)
    return after


@variant("2.8", replaces="sgd_step")
def step_on_the_way_down(modules, x, targets, learning_rate):
    values, after = forward(modules, x), []
    given = loss("cross_entropy", values[-1], targets)[1]
    for n in reversed(range(len(modules))):
        gradient = backward([modules[n]], values[n : n + 2], given)[0]
        given = gradient["input"]
        if modules[n]["kind"] == "linear":
            after.append(
                {"kind": "linear", "weights": modules[n]["weights"] - learning_rate * gradient["weights"]}
            )
        else:
            bias = modules[n]["bias"] - learning_rate * gradient["bias"]
            after.append({"kind": "pointwise", "activation": modules[n]["activation"], "bias": bias})
    return tuple(reversed(after))


@variant("2.8", replaces="train_mlp")
def tanh_and_uniform_weights(x_train, y_train, hidden=128, epochs=5, seed=0):
    rng = np.random.default_rng(seed)
    bound = np.sqrt(6 / (784 + hidden))
    modules = [
        {"kind": "linear", "weights": rng.uniform(-bound, bound, (784, hidden)).astype(np.float32)},
        {"kind": "pointwise", "activation": "tanh", "bias": np.zeros(hidden, np.float32)},
        {"kind": "linear", "weights": rng.normal(0, np.sqrt(1 / hidden), (hidden, 10)).astype(np.float32)},
        {"kind": "pointwise", "activation": "linear", "bias": np.zeros(10, np.float32)},
    ]
    targets = (np.asarray(y_train)[:, None] == np.arange(10)).astype(np.float32)
    for epoch in range(epochs):
        order = rng.permutation(len(x_train))
        for rows in np.array_split(order, max(1, len(order) // 16)):
            modules = sgd_step(modules, x_train[rows], targets[rows], 0.15 * 0.65**epoch)
    return modules


@variant("2.8", replaces="train_mlp")
def no_bias_at_the_end(x_train, y_train, hidden=128, epochs=5, seed=0):
    generator = np.random.RandomState(seed)
    first = generator.randn(784, hidden).astype("float32") * np.float32((2 / 784) ** 0.5)
    second = generator.randn(hidden, 10).astype("float32") * np.float32((2 / hidden) ** 0.5)
    leaky = {"kind": "pointwise", "activation": "leaky_relu", "bias": np.full(hidden, 0.01, "float32")}
    modules = ({"kind": "linear", "weights": first}, leaky, {"kind": "linear", "weights": second})
    t = np.zeros((len(y_train), 10), "float32")
    t[np.arange(len(y_train)), y_train] = 1
    for epoch in range(epochs):
        order = np.arange(len(x_train))
        generator.shuffle(order)
        for start in range(0, len(order), 50):
            chosen = order[start : start + 50]
            modules = sgd_step(modules, x_train[chosen], t[chosen], 0.3 * 0.7**epoch)
    return list(modules)
