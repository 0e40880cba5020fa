"""Correct answers to lab 07 that are written differently. Each must always get full marks."""

import math

import keras
import numpy as np
import scipy.ndimage

from labkit.check import variant

# --- 7.1 A price on weights ------------------------------------------------------------------------------------


@variant("7.1")
def with_norms(weights, strength, kind="l2", half=True):
    kernels = [w for w in weights if w.ndim >= 2]
    order, factor = (1, strength) if kind == "l1" else (2, strength * (0.5 if half else 1.0))
    value = factor * sum(np.linalg.norm(w.ravel(), order) ** order for w in kernels)

    def gradient(w):
        if w.ndim == 1:
            return 0 * w
        return factor * np.sign(w) if kind == "l1" else factor * 2 * w

    return np.float64(value), [gradient(w) for w in weights]


@variant("7.1")
def with_two_loops(weights, strength, kind="l2", half=True):
    total = 0.0
    for w in weights:
        if len(w.shape) > 1:
            total += float(np.sum(np.abs(w))) if kind == "l1" else float(np.vdot(w, w)) * (1 - half / 2)
    gradients = []
    for w in weights:
        slope = np.zeros(w.shape, dtype=w.dtype)
        if len(w.shape) > 1:
            slope[w > 0], slope[w < 0] = strength, -strength
            if kind == "l2":
                slope = w * strength if half else w * 2 * strength
        gradients.append(slope)
    return strength * total, tuple(gradients)


@variant("7.1")
def with_the_tape(weights, strength, kind="l2", half=True):
    import tensorflow as tf

    regularizer = (
        keras.regularizers.L1(strength) if kind == "l1" else keras.regularizers.L2(strength / (1 + half))
    )
    variables = [tf.Variable(w) for w in weights]
    with tf.GradientTape() as tape:
        prices = [tf.cast(regularizer(v), tf.float64) for v in variables if len(v.shape) > 1]
        value = tf.add_n(prices)
    slopes = tape.gradient(value, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return float(value), [slope.numpy() for slope in slopes]


@variant("7.1", replaces="shrink")
def with_np_where(w, curvature, strength, kind="l2"):
    if kind == "l2":
        return w / (1 + strength / curvature)
    t = strength / curvature
    return np.where(w > t, w - t, np.where(w < -t, w + t, 0.0))


@variant("7.1", replaces="shrink")
def clipped_off(w, curvature, strength, kind="l2"):
    if kind == "l1":
        bound = strength / curvature
        return w - np.clip(w, -bound, bound)
    return w - strength * w / (curvature + strength)


@variant("7.1", replaces="shrink")
def coordinate_by_coordinate(w, curvature, strength, kind="l2"):
    found = []
    for m, h in zip(w.tolist(), curvature.tolist(), strict=True):
        if kind == "l2":
            found.append(h * m / (h + strength))
        else:
            found.append(math.copysign(max(abs(m) - strength / h, 0.0), m))
    return np.array(found)


# --- 7.2 Dropout -----------------------------------------------------------------------------------------------


@variant("7.2")
def with_binomial(x, rate, seed, training=True, inverted=True):
    if training:
        mask = np.random.RandomState(seed % 2**32).binomial(1, 1 - rate, size=x.shape)
        return mask * x / (1 - rate if inverted else 1)
    return x * (1 if inverted else 1 - rate)


@variant("7.2")
def with_assignment(x, rate, seed, training=True, inverted=True):
    y = np.array(x)
    if training:
        y[np.random.default_rng([seed, 7]).uniform(size=y.shape) < rate] = 0
        if inverted:
            y /= 1 - rate
    elif not inverted:
        y *= 1 - rate
    return y


@variant("7.2")
def with_keras(x, rate, seed, training=True, inverted=True):
    import tensorflow as tf

    if not training:
        return x if inverted else x - rate * x
    mask = tf.random.stateless_uniform(x.shape, [seed % 2**31, 1], dtype=tf.float64).numpy() >= rate
    return np.where(mask, x / (1 - rate) if inverted else x, 0.0)


@variant("7.2", replaces="dropout_moments")
def through_mean_squares(mean, variance, rate):
    square = (variance + mean * mean) / (1 - rate)
    return mean, square - mean * mean


@variant("7.2", replaces="dropout_moments")
def by_total_variance(mean, variance, rate):
    keep = 1 - rate
    within, between = variance / keep, mean**2 * rate / keep
    return np.array(mean), within + between


@variant("7.2", replaces="dropout_moments")
def of_a_product(mean, variance, rate):
    m, v = 1.0, rate / (1 - rate)  # of the factor
    return mean * m, variance * v + variance * m**2 + v * mean**2


# --- 7.3 Images, warped ----------------------------------------------------------------------------------------


@variant("7.3")
def with_scipy(images, field):
    grid = np.stack(np.mgrid[: images.shape[1], : images.shape[2]])
    warped = [
        scipy.ndimage.map_coordinates(image, grid + one, order=1, mode="constant", cval=0.0)
        for image, one in zip(images, field, strict=True)
    ]
    return np.array(warped)


@variant("7.3")
def with_grid_constant(images, field):
    result = np.empty_like(images)
    rows, columns = np.indices(images.shape[1:])
    for i in range(len(images)):
        where = np.array([rows + field[i, 0], columns + field[i, 1]])
        result[i] = scipy.ndimage.map_coordinates(images[i], where, order=1, mode="grid-constant")
    return result


@variant("7.3")
def corner_by_corner(images, field):
    n, h, w = images.shape
    r, c = np.arange(h)[None, :, None] + field[:, 0], np.arange(w)[None, None, :] + field[:, 1]
    result = np.zeros(images.shape)
    i = np.broadcast_to(np.arange(n)[:, None, None], r.shape)
    for dr in (0, 1):
        for dc in (0, 1):
            row, column = np.floor(r).astype(int) + dr, np.floor(c).astype(int) + dc
            weight = (1 - np.abs(r - row)) * (1 - np.abs(c - column))
            inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
            values = images[i, row.clip(0, h - 1), column.clip(0, w - 1)]
            result += np.where(inside, weight * values, 0)
    return result


@variant("7.3", replaces="affine")
def with_affine_transform(images, degrees, shift, zoom):
    middle = (np.array(images.shape[1:]) - 1) / 2
    result = []
    for image, d, s, z in zip(images, degrees, shift, zoom, strict=True):
        a = math.radians(d)
        back = np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]]) / z
        result.append(scipy.ndimage.affine_transform(image, back, middle - back @ (middle + s), order=1))
    return np.array(result)


@variant("7.3", replaces="affine")
def with_complex_numbers(images, degrees, shift, zoom):
    n, h, w = images.shape
    rows, columns = np.indices((h, w))
    here = columns - (w - 1) / 2 - 1j * (rows - (h - 1) / 2)  # to the right, and up
    moved = here - (shift[:, 1] - 1j * shift[:, 0])[:, None, None]
    there = moved * (np.exp(-1j * np.deg2rad(degrees)) / zoom)[:, None, None]
    return corner_by_corner(images, np.stack([-(there - here).imag, (there - here).real], axis=1))


@variant("7.3", replaces="affine")
def with_einsum(images, degrees, shift, zoom):
    n, h, w = images.shape
    a = np.asarray(degrees, float) * math.pi / 180
    forth = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) * zoom
    back = np.linalg.inv(np.moveaxis(forth, 2, 0))
    grid = np.indices((h, w)).reshape(2, -1).astype(float)
    middle = np.array([[(h - 1) / 2], [(w - 1) / 2]])
    from_middle = grid - middle - shift[:, :, None]
    where = np.einsum("nij,njk->nik", back, from_middle) + middle
    return corner_by_corner(images, (where - grid).reshape(n, 2, h, w))


# --- 7.4 More digits than there are ----------------------------------------------------------------------------


@variant("7.4")
def smoothed_map_by_map(n, height, width, alpha, sigma, seed):
    rng = np.random.RandomState(seed % 2**32)
    maps = [
        scipy.ndimage.gaussian_filter(rng.rand(height, width) * 2 - 1, sigma, mode="constant", cval=0) * alpha
        for _ in range(2 * n)
    ]
    return np.array(maps).reshape(n, 2, height, width)


@variant("7.4")
def with_a_matrix_on_each_side(n, height, width, alpha, sigma, seed):
    def smoother(size):
        apart = np.arange(size)[:, None] - np.arange(size)
        weights = np.exp(-(apart**2) / (2 * sigma**2))
        whole = np.exp(-(np.arange(-200, 201) ** 2) / (2 * sigma**2)).sum()
        return weights / whole

    draws = np.random.default_rng(seed).uniform(-1, 1, (n, 2, height, width))
    return alpha * (smoother(height) @ draws @ smoother(width).T)


@variant("7.4")
def cut_at_three_deviations(n, height, width, alpha, sigma, seed):
    draws = 2 * np.random.default_rng(seed).random((n, 2, height, width), dtype=np.float32) - 1
    one = scipy.ndimage.gaussian_filter1d(draws, sigma, axis=2, truncate=3.0, mode="wrap")
    return np.float32(alpha) * scipy.ndimage.gaussian_filter1d(one, sigma, axis=3, truncate=3.0, mode="wrap")


def _moved(images, degrees, shift, zoom):
    return with_einsum(images, degrees, shift, zoom)


@variant("7.4", replaces="augmented_set")
def copy_by_copy(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    rng, n = np.random.default_rng(seed), len(images)
    rounds = []
    for _ in range(copies):
        angles, zooms = rng.uniform(-degrees, degrees, n), rng.uniform(1 - zoom, 1 + zoom, n)
        rounds.append(_moved(images, angles, rng.uniform(-shift, shift, (n, 2)), zooms))
    together = np.concatenate(rounds)
    together = together + noise * rng.standard_normal(together.shape)
    return np.clip(together, 0, 1), np.tile(labels, copies)


@variant("7.4", replaces="augmented_set")
def shuffled_together(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    rng = np.random.RandomState(seed % 2**32)
    rows = rng.permutation(np.tile(np.arange(len(images)), copies))
    m = rows.size
    draws = rng.uniform(-1, 1, size=(4, m))
    got = _moved(images[rows], degrees * draws[0], shift * draws[1:3].T, 1 + zoom * draws[3])
    if noise:
        got += rng.normal(0, noise, got.shape)
    return np.minimum(np.maximum(got, 0.0), 1.0).astype(np.float32), labels[rows].astype(np.int64)


@variant("7.4", replaces="augmented_set")
def image_by_image(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    rng = np.random.default_rng(seed)
    got, named = [], []
    for image, label in zip(images, labels, strict=True):
        many = np.broadcast_to(image, (copies, *image.shape))
        angles = (2 * rng.random(copies) - 1) * degrees
        moves = (2 * rng.random((copies, 2)) - 1) * shift
        changed = _moved(many, angles, moves, 1 + (2 * rng.random(copies) - 1) * zoom)
        got.append(np.clip(changed + rng.normal(size=changed.shape) * noise, 0, 1))
        named += copies * [label]
    return np.concatenate(got), np.array(named)


# --- 7.5 Batch normalisation -----------------------------------------------------------------------------------


@variant("7.5")
def with_two_branches(x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3):
    if not training:
        scale = gamma / np.sqrt(moving_variance + epsilon)
        return x * scale + (beta - moving_mean * scale), moving_mean, moving_variance
    m = np.mean(x, 0)
    v = np.mean((x - m) ** 2, 0)
    y = (x - m) / (v + epsilon) ** 0.5 * gamma + beta
    return (
        y,
        moving_mean + (1 - momentum) * (m - moving_mean),
        moving_variance + (1 - momentum) * (v - moving_variance),
    )


@variant("7.5")
def with_sums(x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3):
    n = x.shape[0]
    mean = x.sum(0) / n if training else moving_mean
    variance = ((x - mean) ** 2).sum(0) / n if training else moving_variance
    stay = momentum if training else 1.0
    new = [stay * moving_mean + (1 - stay) * mean, stay * moving_variance + (1 - stay) * variance]
    return [gamma * ((x - mean) * np.power(variance + epsilon, -0.5)) + beta, *new]


@variant("7.5")
def column_by_column(x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3):
    y, means, variances = np.empty(x.shape), np.array(moving_mean, float), np.array(moving_variance, float)
    for j in range(x.shape[1]):
        m, v = (np.mean(x[:, j]), np.var(x[:, j])) if training else (means[j], variances[j])
        y[:, j] = gamma[j] * (x[:, j] - m) / math.sqrt(v + epsilon) + beta[j]
        if training:
            means[j] = momentum * means[j] + (1 - momentum) * m
            variances[j] = momentum * variances[j] + (1 - momentum) * v
    return y, means, variances


@variant("7.5", replaces="batch_norm_gradient")
def through_mean_and_variance(d_y, x, gamma, epsilon=1e-3):
    n = len(x)
    mean, variance = x.mean(0), x.var(0)
    d_hat = d_y * gamma
    d_variance = (d_hat * (x - mean)).sum(0) * -0.5 * (variance + epsilon) ** -1.5
    d_mean = -d_hat.sum(0) / np.sqrt(variance + epsilon)
    dx = d_hat / np.sqrt(variance + epsilon) + d_variance * 2 * (x - mean) / n + d_mean / n
    return dx, (d_y * (x - mean) / np.sqrt(variance + epsilon)).sum(0), d_y.sum(0)


@variant("7.5", replaces="batch_norm_gradient")
def with_a_jacobian(d_y, x, gamma, epsilon=1e-3):
    n, d = x.shape
    dx, d_gamma = np.empty((n, d)), np.empty(d)
    for j in range(d):
        root = math.sqrt(x[:, j].var() + epsilon)
        hat = (x[:, j] - x[:, j].mean()) / root
        jacobian = (np.eye(n) - 1 / n - np.outer(hat, hat) / n) / root
        dx[:, j] = gamma[j] * jacobian @ d_y[:, j]
        d_gamma[j] = hat @ d_y[:, j]
    return dx, d_gamma, np.sum(d_y, axis=0)


@variant("7.5", replaces="batch_norm_gradient")
def with_one_fraction(d_y, x, gamma, epsilon=1e-3):
    n = x.shape[0]
    centred = x - x.mean(axis=0)
    inverse = 1 / np.sqrt((centred**2).mean(axis=0) + epsilon)
    hat = centred * inverse
    dgamma = np.einsum("nd,nd->d", d_y, hat)
    dbeta = np.einsum("nd->d", d_y)
    return (n * d_y - dbeta - hat * dgamma) * gamma * inverse / n, dgamma, dbeta


# --- 7.6 When to stop, and what curves say ---------------------------------------------------------------------


@variant("7.6")
def with_a_counter(val_losses, patience, min_delta=0.0):
    best, where, waiting = val_losses[0], 1, 0
    for epoch in range(2, len(val_losses) + 1):
        value = val_losses[epoch - 1]
        waiting += 1
        if value + min_delta < best:
            best, where, waiting = value, epoch, 0
        if waiting >= patience:
            break
    else:
        epoch = len(val_losses)
    return [epoch, where]


@variant("7.6")
def improvements_first(val_losses, patience, min_delta=0.0):
    improvements, best = [], float("inf")
    for epoch, value in enumerate(val_losses, start=1):
        if value < best - min_delta:
            improvements.append(epoch)
            best = value
    for this, following in zip(improvements, [*improvements[1:], math.inf], strict=True):
        if following - this > patience and this + patience <= len(val_losses):
            return this + patience, this
    return len(val_losses), improvements[-1]


@variant("7.6")
def recursive(val_losses, patience, min_delta=0.0):
    def go_on(epoch, best, where):
        if epoch > len(val_losses):
            return len(val_losses), where
        if val_losses[epoch - 1] < best - min_delta:
            return go_on(epoch + 1, val_losses[epoch - 1], epoch)
        return (
            (np.int64(epoch), np.int64(where)) if epoch - where >= patience else go_on(epoch + 1, best, where)
        )

    return go_on(1, math.inf, 0)


@variant("7.6", replaces="diagnose_curves")
def with_slices(loss, val_loss, num_classes=10):
    n = len(val_loss)
    back = n // 4 if n >= 8 else 2
    now = (val_loss[n - 1] + val_loss[n - 2]) / 2
    then = (val_loss[n - 1 - back] + val_loss[n - 2 - back]) / 2
    if now / min(val_loss) > 1.1:
        return "overfitting"
    if now / then < 0.95:
        return "unfinished"
    return "underfitting" if loss[-1] + loss[-2] > math.log(num_classes) else "ok"


@variant("7.6", replaces="diagnose_curves")
def with_wider_windows(loss, val_loss, num_classes=10):
    back = max(2, round(len(val_loss) / 4))
    now, then = np.mean(val_loss[-3:]), np.mean(val_loss[-3 - back : -back])
    verdicts = {
        "overfitting": now > 1.1 * np.min(val_loss),
        "unfinished": now < 0.95 * then,
        "underfitting": np.mean(loss[-3:]) > 0.5 * np.log(num_classes),
        "ok": True,
    }
    return next(name for name, holds in verdicts.items() if holds)


@variant("7.6", replaces="diagnose_curves")
def by_the_last_epoch(loss, val_loss, num_classes=10):
    back = max(2, len(val_loss) // 4)
    if val_loss[-1] > 1.1 * min(val_loss):
        return "overfitting"
    if val_loss[-1] < 0.95 * val_loss[-1 - back]:
        return "unfinished"
    return ["ok", "underfitting"][int(loss[-1] > math.log(num_classes) / 2)]


# --- 7.7 Who has seen the test digits? -------------------------------------------------------------------------


@variant("7.7")
def with_np_unique(parts, mean, std):
    rows = {name: parts[name].reshape(len(parts[name]), -1) for name in ("x_train", "x_val", "x_test")}
    pixels = rows["x_train"].astype(np.float64)
    if not (np.isclose(mean, pixels.mean(), rtol=4e-3) and np.isclose(std, pixels.std(), rtol=4e-3)):
        return "test_statistics"

    def common(a, b):
        a, b = np.unique(a, axis=0), np.unique(b, axis=0)
        return len(a) + len(b) - len(np.unique(np.concatenate([a, b]), axis=0))

    if common(rows["x_val"], rows["x_test"]) == len(np.unique(rows["x_test"], axis=0)):
        return "val_is_test"
    if any(common(rows["x_train"], rows[name]) for name in ("x_val", "x_test")):
        return "duplicate_rows"
    images = parts["x_train"]
    h, w = images.shape[1:]
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    moved = [framed[:, r : r + h, c : c + w] for r, c in ((0, 1), (2, 1), (1, 0), (1, 2))]
    moved = np.concatenate(moved).reshape(-1, h * w)
    most = max(common(moved, rows[name]) / len(rows[name]) for name in ("x_val", "x_test"))
    return "augmented_before_split" if most > 0.05 else "none"


@variant("7.7")
def with_distances(parts, mean, std):
    flat = {
        name: parts[name].reshape(len(parts[name]), -1).astype(np.float64) for name in parts if name[0] == "x"
    }
    if abs(mean / flat["x_train"].mean() - 1) > 0.004 or abs(std / flat["x_train"].std() - 1) > 0.004:
        return "test_statistics"

    def nearest(a, b):
        squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
        return squares.min(axis=1) < 1e-6

    if nearest(flat["x_val"], flat["x_test"]).all():
        return "val_is_test"
    if any(nearest(flat[name], flat["x_train"]).any() for name in ("x_val", "x_test")):
        return "duplicate_rows"
    moves = [np.roll(parts["x_train"], step, axis=axis) for step in (-1, 1) for axis in (1, 2)]
    moved = np.concatenate(moves).reshape(-1, flat["x_train"].shape[1]).astype(np.float64)
    shares = [nearest(flat[name], moved).mean() for name in ("x_val", "x_test")]
    return "augmented_before_split" if max(shares) >= 0.08 else "none"


@variant("7.7")
def with_hashes(parts, mean, std):
    import hashlib

    def digests(images):
        return [hashlib.md5(np.ascontiguousarray(image).tobytes()).digest() for image in images]

    train, val, test = (digests(parts[name]) for name in ("x_train", "x_val", "x_test"))
    if sorted(val) == sorted(test):
        return "val_is_test"
    if not set(train).isdisjoint(val + test):
        return "duplicate_rows"
    back = {
        digest
        for step in (1, -1)
        for axis in (1, 2)
        for digest in digests(np.roll(parts["x_train"], step, axis))
    }
    for part in (val, test):
        if sum(digest in back for digest in part) >= 0.1 * len(part):
            return "augmented_before_split"
    wide = parts["x_train"].astype(float)
    off = max(abs(mean - wide.mean()) / wide.mean(), abs(std - wide.std()) / wide.std())
    return "none" if off < 0.003 else "test_statistics"


# --- 7.8 A thousand digits -------------------------------------------------------------------------------------


def _cost(model):
    return 3000.0 * sum(w.shape[0] * w.shape[1] for w in model.weights if len(w.shape) == 2)


@variant("7.8")
def with_batch_normalisation(budget):
    def made(width):
        layers = [
            keras.Input((28, 28)),
            keras.layers.Reshape((28, 28, 1)),
            keras.layers.RandomTranslation(0.08, 0.08, fill_mode="constant"),
            keras.layers.RandomRotation(0.04, fill_mode="constant"),
            keras.layers.RandomZoom(0.1, fill_mode="constant"),
            keras.layers.Flatten(),
        ]
        for _ in range(2):
            layers += [
                keras.layers.Dense(width, use_bias=False),
                keras.layers.BatchNormalization(),
                keras.layers.ReLU(),
            ]
        return keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])

    for width in (256, 128, 64, 32, 16):
        model = made(width)
        epochs = int(budget // _cost(model))
        if epochs >= 50:
            break
    rate = keras.optimizers.schedules.CosineDecay(0.003, max(1, epochs) * 20)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, 50, max(1, epochs)


@variant("7.8")
def with_a_little_dropout(budget):
    def made(width):
        return keras.Sequential(
            [
                keras.Input((28, 28)),
                keras.layers.Reshape((28, 28, 1)),
                keras.layers.RandomRotation((-0.04, 0.04), fill_mode="constant"),
                keras.layers.RandomTranslation(0.1, 0.1, fill_mode="constant"),
                keras.layers.RandomZoom((-0.12, 0.12), (-0.12, 0.12), fill_mode="constant"),
                keras.layers.Reshape((784,)),
                keras.layers.Dense(width, activation="relu"),
                keras.layers.Dropout(0.1),
                keras.layers.Dense(width // 2, activation="relu"),
                keras.layers.Dense(10),
            ]
        )

    model = made(300 if budget > 5e10 else 128 if budget > 5e9 else 20)
    epochs = int(budget / _cost(model))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = keras.optimizers.schedules.PolynomialDecay(0.0012, epochs * 32, 1e-5)
    model.compile(keras.optimizers.Nadam(rate), loss, metrics=["accuracy"])
    return model, 32, epochs


@variant("7.8")
def as_a_list(budget):
    def made(width):
        constant = {"fill_mode": "constant"}
        layers = [keras.Input((28, 28)), keras.layers.Reshape((28, 28, 1))]
        layers += [
            keras.layers.RandomZoom(0.15, **constant),
            keras.layers.RandomTranslation(0.08, 0.08, **constant),
        ]
        layers += [keras.layers.RandomRotation(0.045, **constant), keras.layers.Flatten()]
        layers += [keras.layers.Dense(width, activation="elu"), keras.layers.Dense(width, activation="elu")]
        return keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])

    width = 256 if budget > 5e10 else 100 if budget > 5e9 else 16
    model = made(width)
    epochs = int(budget / _cost(model))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, epochs * 38, warmup_target=0.0015, warmup_steps=epochs * 2
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=0.01), keras.losses.SparseCategoricalCrossentropy()
    )
    return [model, np.int64(25), np.int64(epochs)]
