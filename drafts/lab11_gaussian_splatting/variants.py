"""Correct answers to lab 11 that are written differently. Each must always get full marks."""

import math

import numpy as np
import scipy.optimize
from lab import gradients, objective, render

from labkit.check import variant

# --- 11.1 A bump and its error -------------------------------------------------------------------------------


@variant("11.1")
def pixel_by_pixel(parameters, height, width):
    picture = np.empty((height, width))
    for row in range(height):
        for column in range(width):
            dx, dy = column - parameters["mean"][0], row - parameters["mean"][1]
            exponent = parameters["precision"][0] * dx * dx + parameters["precision"][1] * dy * dy
            picture[row, column] = parameters["amplitude"] * math.exp(-exponent)
    return picture


@variant("11.1")
def outer_product_of_two_profiles(parameters, height, width):
    (mean_x, mean_y), (p_x, p_y) = parameters["mean"], parameters["precision"]
    along_x = np.exp(-p_x * (np.arange(width) - mean_x) ** 2)
    along_y = np.exp(-p_y * (np.arange(height) - mean_y) ** 2)
    return parameters["amplitude"] * np.outer(along_y, along_x)


@variant("11.1")
def with_a_matrix(parameters, height, width):
    x, y = np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float))
    offset = np.stack([x, y], axis=-1) - np.asarray(parameters["mean"])
    form = np.einsum("hwi,ij,hwj->hw", offset, np.diag(parameters["precision"]), offset)
    return parameters["amplitude"] * np.exp(-form)


@variant("11.1", replaces="objective")
def as_a_dot_product(image, parameters):
    error = np.ravel(render(parameters, image.shape[0], image.shape[1]) - image)
    return np.dot(error, error)


@variant("11.1", replaces="objective")
def as_a_squared_norm(image, parameters):
    return np.linalg.norm(image.astype(np.float64) - render(parameters, *image.shape)) ** 2


# --- 11.2 The graph of the homework --------------------------------------------------------------------------


@variant("11.2")
def written_from_the_end():
    return {
        "g": ["sum", "s"],
        "s": ["square", "r"],
        "r": ["subtract", "image", "f"],
        "f": ["multiply", "b", "amplitude"],
        "b": ["exp", "q"],
        "q": ["subtract", "nx", "ty"],
        "nx": ["negate", "tx"],
        "tx": ["multiply", "sx", "precision_x"],
        "ty": ["multiply", "sy", "precision_y"],
        "sx": ["square", "ox"],
        "sy": ["square", "oy"],
        "ox": ["subtract", "mean_x", "x"],
        "oy": ["subtract", "mean_y", "y"],
    }


@variant("11.2")
def two_bumps_multiplied():
    graph = {}
    for axis in ("x", "y"):
        graph[f"d{axis}"] = ["subtract", axis, f"mean_{axis}"]
        graph[f"square_{axis}"] = ["multiply", f"d{axis}", f"d{axis}"]
        graph[f"scaled_{axis}"] = ["multiply", f"square_{axis}", f"precision_{axis}"]
        graph[f"minus_{axis}"] = ["negate", f"scaled_{axis}"]
        graph[f"bump_{axis}"] = ["exp", f"minus_{axis}"]
    graph["bump"] = ["multiply", "bump_x", "bump_y"]
    graph["f"] = ["multiply", "bump", "amplitude"]
    return graph | {"e": ["subtract", "f", "image"], "ee": ["multiply", "e", "e"], "g": ["sum", "ee"]}


@variant("11.2")
def precisions_negated_first():
    return {
        "-px": ["negate", "precision_x"],
        "-py": ["negate", "precision_y"],
        "x0": ["subtract", "x", "mean_x"],
        "y0": ["subtract", "y", "mean_y"],
        "x2": ["square", "x0"],
        "y2": ["square", "y0"],
        "ex": ["multiply", "-px", "x2"],
        "ey": ["multiply", "-py", "y2"],
        "e": ["add", "ex", "ey"],
        "exp": ["exp", "e"],
        "f": ["multiply", "amplitude", "exp"],
        "difference": ["subtract", "f", "image"],
        "squares": ["square", "difference"],
        "g": ["sum", "squares"],
        "unused": ["add", "x", "y"],
    }


# --- 11.3 Derivatives by hand --------------------------------------------------------------------------------


@variant("11.3")
def by_dot_products(image, parameters):
    height, width = image.shape
    offsets = [np.arange(width) - parameters["mean"][0], np.arange(height) - parameters["mean"][1]]
    p_x, p_y = parameters["precision"]
    bump_x, bump_y = np.exp(-p_x * offsets[0] ** 2), np.exp(-p_y * offsets[1] ** 2)
    a = parameters["amplitude"]
    error = 2 * (a * np.outer(bump_y, bump_x) - image)

    def folded(of_y, of_x):
        return of_y @ error @ of_x

    return {
        "precision": -a
        * np.array([folded(bump_y, bump_x * offsets[0] ** 2), folded(bump_y * offsets[1] ** 2, bump_x)]),
        "mean": 2
        * a
        * np.array([p_x * folded(bump_y, bump_x * offsets[0]), p_y * folded(bump_y * offsets[1], bump_x)]),
        "amplitude": folded(bump_y, bump_x),
    }


@variant("11.3")
def by_pixel_in_loops(image, parameters):
    by_a, by_mean, by_precision = 0.0, [0.0, 0.0], [0.0, 0.0]
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            d = (column - parameters["mean"][0], row - parameters["mean"][1])
            bump = math.exp(-sum(p * e * e for p, e in zip(parameters["precision"], d, strict=True)))
            f = parameters["amplitude"] * bump
            error = f - float(image[row, column])
            by_a += 2 * error * bump
            for k in range(2):
                by_mean[k] += 4 * error * f * parameters["precision"][k] * d[k]
                by_precision[k] -= 2 * error * f * d[k] ** 2
    return {"amplitude": by_a, "mean": np.array(by_mean), "precision": np.array(by_precision)}


@variant("11.3")
def back_through_the_graph(image, parameters):
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float64)
    d = np.stack([x, y]) - np.reshape(parameters["mean"], (2, 1, 1))
    p = np.reshape(parameters["precision"], (2, 1, 1))
    bump = np.exp(-np.sum(p * np.square(d), axis=0))
    by_f = 2 * (parameters["amplitude"] * bump - image)  # through the square
    by_bump = by_f * parameters["amplitude"]
    by_exponent = by_bump * bump
    by_squares = -by_exponent * p
    return {
        "amplitude": np.sum(by_f * bump),
        "mean": -np.sum(by_squares * 2 * d, axis=(1, 2)),
        "precision": -np.sum(by_exponent * np.square(d), axis=(1, 2)),
    }


# --- 11.4 Down the hill --------------------------------------------------------------------------------------


@variant("11.4")
def all_five_in_one_array(image, start, learning_rate, steps):
    w = np.concatenate([[start["amplitude"]], start["mean"], start["precision"]]).astype(float)

    def as_dict(w):
        return {"amplitude": float(w[0]), "mean": w[1:3].copy(), "precision": w[3:].copy()}

    history = np.empty(steps + 1)
    for step in range(steps):
        history[step] = objective(image, as_dict(w))
        slopes = gradients(image, as_dict(w))
        w = w - learning_rate * np.concatenate([[slopes["amplitude"]], slopes["mean"], slopes["precision"]])
    history[steps] = objective(image, as_dict(w))
    return as_dict(w), history


@variant("11.4")
def with_three_names(image, start, learning_rate, steps):
    a, mean, p = start["amplitude"], start["mean"].copy(), start["precision"].copy()
    history = [float(np.sum((render(start, *image.shape) - image) ** 2))]
    while len(history) <= steps:
        slopes = gradients(image, {"amplitude": a, "mean": mean, "precision": p})
        a -= learning_rate * slopes["amplitude"]
        mean -= learning_rate * slopes["mean"]
        p -= learning_rate * slopes["precision"]
        history.append(objective(image, {"amplitude": a, "mean": mean, "precision": p}))
    return {"precision": p, "mean": mean, "amplitude": a}, history


@variant("11.4")
def step_by_recursion(image, start, learning_rate, steps):
    here, history = dict(start), []
    for left in range(steps, -1, -1):
        history.append(objective(image, here))
        if left:
            slopes = gradients(image, here)
            here = {key: np.subtract(here[key], np.multiply(learning_rate, slopes[key])) for key in slopes}
    return here, tuple(history)


# --- 11.5 The same with a tape -------------------------------------------------------------------------------


def _loss(tf, x, y, image, w):
    angle = w["angle"] if "angle" in w else tf.zeros((), tf.float64)
    dx, dy = x - w["mean"][0], y - w["mean"][1]
    u, v = tf.cos(angle) * dx + tf.sin(angle) * dy, tf.cos(angle) * dy - tf.sin(angle) * dx
    f = w["amplitude"] * tf.exp(-w["precision"][0] * u * u - w["precision"][1] * v * v)
    return tf.reduce_sum(tf.square(f - image))


@variant("11.5")
def with_watched_tensors(image, start, learning_rate, steps):
    import tensorflow as tf

    y, x = (tf.cast(part, tf.float64) for part in np.mgrid[: image.shape[0], : image.shape[1]])
    w = {name: tf.convert_to_tensor(value, tf.float64) for name, value in start.items()}
    history = []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(w)
            value = _loss(tf, x, y, image, w)
        history.append(value.numpy())
        slopes = tape.gradient(value, w)
        w = {name: w[name] - learning_rate * slopes[name] for name in w}
    history.append(_loss(tf, x, y, image, w).numpy())
    return {name: value.numpy() for name, value in w.items()}, history


@variant("11.5")
def with_assign(image, start, learning_rate, steps):
    import tensorflow as tf

    y, x = (tf.constant(part, tf.float64) for part in np.mgrid[: image.shape[0], : image.shape[1]])
    w = {name: tf.Variable(np.asarray(value, np.float64)) for name, value in start.items()}
    history = []
    for step in range(steps + 1):
        with tf.GradientTape() as tape:
            value = _loss(tf, x, y, tf.constant(image, tf.float64), w)
        history.append(float(value))
        if step < steps:
            names = list(w)
            for name, slope in zip(names, tape.gradient(value, [w[name] for name in names]), strict=True):
                w[name].assign(w[name] - tf.constant(learning_rate, tf.float64) * slope)
    return {name: np.array(variable) for name, variable in w.items()}, history


@variant("11.5")
def with_one_vector(image, start, learning_rate, steps):
    import tensorflow as tf

    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float64)
    vector = tf.Variable(
        np.concatenate([np.ravel(np.asarray(value, np.float64)) for value in start.values()]),
        dtype=tf.float64,
    )
    sizes = [np.size(value) for value in start.values()]

    def unpacked(vector):
        parts = tf.split(vector, sizes)
        return {
            name: part[0] if size == 1 else part for name, part, size in zip(start, parts, sizes, strict=True)
        }

    history = []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            value = _loss(tf, x, y, image, unpacked(vector))
        history.append(float(value))
        vector.assign_sub(learning_rate * tape.gradient(value, vector))
    history.append(float(_loss(tf, x, y, image, unpacked(vector))))
    return {name: part.numpy() for name, part in unpacked(vector).items()}, history


# --- 11.6 Another variable -----------------------------------------------------------------------------------


@variant("11.6")
def as_factors_of_p(image, start, learning_rate, steps):
    a, mean, p = start["amplitude"], start["mean"], start["precision"]
    history = [objective(image, start)]
    for _ in range(steps):
        slopes = gradients(image, {"amplitude": a, "mean": mean, "precision": p})
        a = a - learning_rate * slopes["amplitude"]
        mean = mean - learning_rate * slopes["mean"]
        p = p * np.exp(-learning_rate * p * slopes["precision"])
        history.append(objective(image, {"amplitude": a, "mean": mean, "precision": p}))
    return {"amplitude": a, "mean": mean, "precision": p}, history


@variant("11.6")
def in_one_array(image, start, learning_rate, steps):
    w = np.concatenate([[start["amplitude"]], start["mean"], np.log(start["precision"])])

    def as_dict(w):
        return {"amplitude": w[0], "mean": w[1:3], "precision": np.exp(w[3:])}

    history = [objective(image, as_dict(w))]
    for _ in range(steps):
        slopes = gradients(image, as_dict(w))
        chain = np.concatenate([[slopes["amplitude"]], slopes["mean"], np.exp(w[3:]) * slopes["precision"]])
        w = w - learning_rate * chain
        history.append(objective(image, as_dict(w)))
    return as_dict(w), history


@variant("11.6")
def number_by_number(image, start, learning_rate, steps):
    a, (mx, my) = float(start["amplitude"]), map(float, start["mean"])
    s, t = (math.log(p) for p in start["precision"])
    history = []
    for step in range(steps + 1):
        here = {"amplitude": a, "mean": np.array([mx, my]), "precision": np.array([math.exp(s), math.exp(t)])}
        history.append(objective(image, here))
        if step == steps:
            return here, history
        slopes = gradients(image, here)
        a -= learning_rate * slopes["amplitude"]
        mx, my = mx - learning_rate * slopes["mean"][0], my - learning_rate * slopes["mean"][1]
        s -= learning_rate * math.exp(s) * slopes["precision"][0]
        t -= learning_rate * math.exp(t) * slopes["precision"][1]
    return None


# --- 11.7 Where to start -------------------------------------------------------------------------------------


@variant("11.7")
def by_profiles(image):
    image = np.asarray(image, np.float64)
    mean, precision = [], []
    for profile in (image.sum(axis=0), image.sum(axis=1)):
        share, place = profile / profile.sum(), np.arange(len(profile))
        mean.append(share @ place)
        precision.append(1 / (2 * (share @ (place - mean[-1]) ** 2)))
    return {
        "amplitude": image.sum() * math.sqrt(precision[0] * precision[1]) / math.pi,
        "mean": np.array(mean),
        "precision": np.array(precision),
    }


@variant("11.7")
def with_numpys_average(image):
    image = image.astype(np.float64)
    rows, columns = np.indices(image.shape)
    mean = np.array([np.average(columns, weights=image), np.average(rows, weights=image)])
    second = np.array([np.average(columns**2, weights=image), np.average(rows**2, weights=image)])
    precision = 1 / (2 * (second - mean**2))
    return {
        "mean": mean,
        "precision": precision,
        "amplitude": image.sum() / (np.pi / np.sqrt(np.prod(precision))),
    }


@variant("11.7")
def with_a_covariance(image):
    image = image.astype(float)
    y, x = np.nonzero(image)
    covariance = np.cov(np.stack([x, y]), aweights=image[y, x], ddof=0)
    precision = 0.5 / np.diag(covariance)
    mean = np.average(np.stack([x, y]), axis=1, weights=image[y, x])
    return {
        "amplitude": image.sum() * np.prod(precision) ** 0.5 / np.pi,
        "mean": mean,
        "precision": precision,
    }


# --- 11.8 The detective --------------------------------------------------------------------------------------


def _vector(slopes):
    return np.concatenate([[slopes["amplitude"]], slopes["mean"], slopes["precision"]]).astype(float)


@variant("11.8")
def one_program_with_switches(image, parameters, claimed):
    def program(half=1.0, size=1.0, swap=False, bare=False, two=2.0):
        y, x = np.mgrid[: image.shape[0], : image.shape[1]]
        if swap:
            x, y = y, x
        dx, dy = x - parameters["mean"][0], y - parameters["mean"][1]
        p = half * np.asarray(parameters["precision"])
        bell = np.exp(-p[0] * dx**2 - p[1] * dy**2)
        error = parameters["amplitude"] * bell - image
        f = bell if bare else parameters["amplitude"] * bell
        slopes = [
            (two * error * bell).sum(),
            (two * error * f * 2 * p[0] * dx).sum(),
            (two * error * f * 2 * p[1] * dy).sum(),
            -(two * error * f * half * dx**2).sum(),
            -(two * error * f * half * dy**2).sum(),
        ]
        return np.array(slopes) / size

    right, p = program(), np.asarray(parameters["precision"])
    candidates = [
        ("ok", right),
        ("half_in_exponent", program(half=0.5)),
        ("mean_instead_of_sum", program(size=image.size)),
        ("axes_swapped", program(swap=True)),
        ("amplitude_missing", program(bare=True)),
        ("derivative_by_sigma", right * np.array([1, 1, 1, *(-2 * p**1.5)])),
        ("factor_two_missing", program(two=1.0)),
        ("mean_sign", right * np.array([1, -1, -1, 1, 1])),
    ]
    told = _vector(claimed)
    fits = (
        name
        for name, seen in candidates
        if np.allclose(seen, told, rtol=0, atol=1e-6 * max(1, abs(seen).max()))
    )
    return next(fits, "unknown")


@variant("11.8")
def scaled_by_the_claim(image, parameters, claimed):
    right, p = _vector(gradients(image, parameters)), np.asarray(parameters["precision"])
    half = _vector(gradients(image, {**parameters, "precision": p / 2})) * [1, 1, 1, 0.5, 0.5]
    alone = _vector(gradients(image, {**parameters, "amplitude": 1.0}))
    if parameters["amplitude"]:
        bare = right / [1, *[parameters["amplitude"]] * 4]
    else:  # e is minus the image: what a bump of height 1 has beyond its own square
        zero = _vector(gradients(0 * image, {**parameters, "amplitude": 1.0}))
        bare = np.array([right[0], *(alone - zero)[1:]])
    candidates = {
        "ok": right,
        "half_in_exponent": half,
        "mean_instead_of_sum": right / image.size,
        "axes_swapped": _vector(gradients(np.ascontiguousarray(image.T), parameters)),
        "amplitude_missing": bare,
        "derivative_by_sigma": np.concatenate([right[:3], -2 * right[3:] * p * np.sqrt(p)]),
        "factor_two_missing": 0.5 * right,
        "mean_sign": right * [1, -1, -1, 1, 1],
    }
    told = _vector(claimed)
    for name, seen in candidates.items():
        if np.all(np.abs(seen - told) <= 1e-6 * max(1.0, np.max(np.abs(told)))):
            return name
    return "unknown"


@variant("11.8")
def by_a_chain_of_ifs(image, parameters, claimed):
    a, p = parameters["amplitude"], np.asarray(parameters["precision"], float)
    right = gradients(image, parameters)
    told = _vector(claimed)

    def fits(slopes):
        seen = _vector(slopes)
        return bool((np.abs(seen - told) <= 1e-6 * max(1.0, float(np.abs(seen).max()))).all())

    if fits(right):
        return "ok"
    half = gradients(image, dict(parameters, precision=0.5 * p))
    half["precision"] = 0.5 * half["precision"]
    if fits(half):
        return "half_in_exponent"
    if fits({key: value / (image.shape[0] * image.shape[1]) for key, value in right.items()}):
        return "mean_instead_of_sum"
    if fits(gradients(image.transpose(), parameters)):
        return "axes_swapped"
    bell = render(dict(parameters, amplitude=1.0), *image.shape)
    weight = 2 * (a * bell - image) * bell
    dx = np.arange(image.shape[1])[None, :] - parameters["mean"][0]
    dy = np.arange(image.shape[0])[:, None] - parameters["mean"][1]
    mean = np.array([(weight * 2 * p[0] * dx).sum(), (weight * 2 * p[1] * dy).sum()])
    if fits(
        {**right, "mean": mean, "precision": -np.array([(weight * dx**2).sum(), (weight * dy**2).sum()])}
    ):
        return "amplitude_missing"
    if fits({**right, "precision": right["precision"] * (-2) * p**1.5}):
        return "derivative_by_sigma"
    if fits({key: 0.5 * value for key, value in right.items()}):
        return "factor_two_missing"
    return "mean_sign" if fits({**right, "mean": np.negative(right["mean"])}) else "unknown"


# --- 11.9 A digit from eight Gaussians -----------------------------------------------------------------------


def _picture(flat):
    y, x = np.mgrid[:28, :28]
    a, mx, my, log_u, log_v, angle = flat.reshape(-1, 6).T[:, :, None, None]
    dx, dy = x - mx, y - my
    u, v = np.cos(angle) * dx + np.sin(angle) * dy, np.cos(angle) * dy - np.sin(angle) * dx
    return (a * np.exp(-np.exp(log_u) * u**2 - np.exp(log_v) * v**2)).sum(axis=0)


def _spread(image, count):
    """Means spread over the ink, each as far from the others as it can be."""
    rows, columns = np.nonzero(image > 0.3)
    points = np.stack([columns, rows], axis=1).astype(float)
    chosen = [points.mean(axis=0)]
    while len(chosen) < count:
        distances = np.min([((points - c) ** 2).sum(axis=1) for c in chosen], axis=0)
        chosen.append(points[distances.argmax()])
    return np.array(chosen)


def _round_start(image, count):
    centres = _spread(image, count)
    width = np.log(0.5 / max(2.0, 16.0 / count))
    angle = np.linspace(0, np.pi, count, endpoint=False)
    return np.column_stack(
        [np.full(count, 0.7), centres, np.full(count, width), np.full(count, width + 0.3), angle]
    )


@variant("11.9")
def with_scipys_least_squares(image, count=8):
    image = np.asarray(image, float)

    def residual(flat):
        return (_picture(flat) - image).ravel()

    start = _round_start(image, count).ravel()
    low = np.tile([-5.0, -5, -5, -6, -6, -50], count)
    high = np.tile([5.0, 33, 33, 2, 2, 50], count)
    return scipy.optimize.least_squares(residual, start, bounds=(low, high), max_nfev=60).x.reshape(count, 6)


@variant("11.9")
def by_adam(image, count=8):
    image = np.asarray(image, float)
    w = _round_start(image, count)
    first, second = np.zeros_like(w), np.zeros_like(w)
    y, x = np.mgrid[:28, :28]
    rates = np.array([0.05, 0.3, 0.3, 0.08, 0.08, 0.1])
    for step in range(1, 701):
        a, mx, my, log_u, log_v, angle = w.T[:, :, None, None]
        dx, dy, cos, sin = x - mx, y - my, np.cos(angle), np.sin(angle)
        u, v, p_u, p_v = cos * dx + sin * dy, cos * dy - sin * dx, np.exp(log_u), np.exp(log_v)
        bell = np.exp(-p_u * u**2 - p_v * v**2)
        common = 2 * ((a * bell).sum(axis=0) - image) * bell
        by = np.stack(
            [
                common.sum(axis=(1, 2)),
                (common * a * 2 * (p_u * u * cos - p_v * v * sin)).sum(axis=(1, 2)),
                (common * a * 2 * (p_u * u * sin + p_v * v * cos)).sum(axis=(1, 2)),
                -(common * a * p_u * u**2).sum(axis=(1, 2)),
                -(common * a * p_v * v**2).sum(axis=(1, 2)),
                (common * a * 2 * u * v * (p_v - p_u)).sum(axis=(1, 2)),
            ],
            axis=1,
        )
        first = 0.9 * first + 0.1 * by
        second = 0.99 * second + 0.01 * by**2
        pace = rates * (1 - step / 701)
        w = w - pace * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
        w[:, 3:5] = np.clip(w[:, 3:5], -6, 2)
    return w


@variant("11.9")
def by_quasi_newton(image, count=8):
    image = np.asarray(image, float)
    y, x = np.mgrid[:28, :28]

    def value_and_slope(flat):
        w = flat.reshape(-1, 6)
        a, mx, my, log_u, log_v, angle = w.T[:, :, None, None]
        dx, dy, cos, sin = x - mx, y - my, np.cos(angle), np.sin(angle)
        u, v = cos * dx + sin * dy, cos * dy - sin * dx
        p_u, p_v = np.exp(np.clip(log_u, -8, 3)), np.exp(np.clip(log_v, -8, 3))
        bell = np.exp(-p_u * u**2 - p_v * v**2)
        error = (a * bell).sum(axis=0) - image
        common = 2 * error * bell
        by = [
            common,
            common * a * 2 * (p_u * u * cos - p_v * v * sin),
            common * a * 2 * (p_u * u * sin + p_v * v * cos),
            -common * a * p_u * u**2,
            -common * a * p_v * v**2,
            common * a * 2 * u * v * (p_v - p_u),
        ]
        return (error**2).sum(), np.stack([part.sum(axis=(1, 2)) for part in by], axis=1).ravel()

    start = _round_start(image, count).ravel()
    found = scipy.optimize.minimize(
        value_and_slope, start, jac=True, method="L-BFGS-B", options={"maxiter": 400}
    )
    return found.x.reshape(count, 6)
