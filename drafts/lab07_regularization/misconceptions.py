"""Known mistakes of lab 07, each with the sentence that a student reads who makes it."""

import math

import keras
import numpy as np

# Under names of their own: each mistake below takes the place of one of these functions.
from lab import affine as correct_affine
from lab import augmented_set as correct_augmented_set
from lab import batch_norm as correct_batch_norm
from lab import batch_norm_gradient as correct_gradient
from lab import dropout as correct_dropout
from lab import dropout_moments as correct_moments
from lab import early_stopping as correct_early_stopping
from lab import elastic_field as correct_elastic_field
from lab import penalty as correct_penalty
from lab import shrink as correct_shrink
from lab import training_cost
from lab import warp as correct_warp
from scipy.ndimage import gaussian_filter

from labkit.check import misconception

# --- 7.1 A price on weights ------------------------------------------------------------------------------------


@misconception("7.1")
def gradient_as_printed(weights, strength, kind="l2", half=True):
    """Your L2 gradient is −W, as the slide prints it. The gradient of λ‖W‖² is +2λW (with ½: +λW); the minus belongs
    to the step that subtracts it.
    """
    value, gradients = correct_penalty(weights, strength, kind, half)
    if kind == "l2":
        gradients = [-w if w.ndim > 1 else np.zeros_like(w) for w in weights]
    return value, gradients


@misconception("7.1")
def sign_of_the_gradient(weights, strength, kind="l2", half=True):
    """Your gradients point downhill: they have the wrong sign. A gradient points to where the price grows."""
    value, gradients = correct_penalty(weights, strength, kind, half)
    return value, [-g for g in gradients]


@misconception("7.1")
def half_ignored(weights, strength, kind="l2", half=True):
    """You ignore `half`: with it the price is λ/2 · ‖W‖², and the gradient λW."""
    return correct_penalty(weights, strength, kind, False)


@misconception("7.1")
def half_always(weights, strength, kind="l2", half=True):
    """You always have the ½: with half=False the price is λ‖W‖², and the gradient 2λW."""
    return correct_penalty(weights, strength, kind, True)


@misconception("7.1")
def half_in_the_value_only(weights, strength, kind="l2", half=True):
    """Your value has the ½, your gradient does not: the gradient of λ/2 · ‖W‖² is λW, not 2λW."""
    value, _ = correct_penalty(weights, strength, kind, half)
    return value, correct_penalty(weights, strength, kind, False)[1]


@misconception("7.1")
def half_in_the_gradient_only(weights, strength, kind="l2", half=True):
    """Your gradient belongs to the form with ½, your value does not: value and gradient must change together."""
    _, gradients = correct_penalty(weights, strength, kind, half)
    return correct_penalty(weights, strength, kind, False)[0], gradients


@misconception("7.1")
def l1_halved(weights, strength, kind="l2", half=True):
    """You put the ½ before L1, too. `half` says nothing there: the price is λ times the sum of absolute values."""
    value, gradients = correct_penalty(weights, strength, kind, half)
    return (value / 2, [g / 2 for g in gradients]) if kind == "l1" and half else (value, gradients)


@misconception("7.1")
def biases_penalised(weights, strength, kind="l2", half=True):
    """You put a price on biases, too. They shift a border and do not bend it: arrays with one axis cost nothing, and
    their gradient is 0.
    """
    value, gradients = correct_penalty([w[None] if w.ndim == 1 else w for w in weights], strength, kind, half)
    return value, [g.reshape(w.shape) for g, w in zip(gradients, weights, strict=True)]


@misconception("7.1")
def biases_left_out_of_the_list(weights, strength, kind="l2", half=True):
    """Your list has gradients of kernels only. It should be like the weights: zeros where a bias stands."""
    return correct_penalty([w for w in weights if w.ndim > 1], strength, kind, half)


@misconception("7.1")
def mean_for_the_sum(weights, strength, kind="l2", half=True):
    """You take the mean over the weights of a kernel. A norm is a sum, however many there are."""
    value, gradients = 0.0, []
    for w in weights:
        one, (gradient,) = correct_penalty([w], strength, kind, half)
        value += one / w.size
        gradients.append(gradient / w.size)
    return value, gradients


@misconception("7.1")
def norm_not_squared(weights, strength, kind="l2", half=True):
    """Your L2 value is the norm, not its square: leave out the root."""
    value, gradients = correct_penalty(weights, strength, kind, half)
    if kind == "l2":
        scale = strength / 2 if half else strength
        value = scale * math.sqrt(value / scale)
    return value, gradients


@misconception("7.1")
def last_kernel_only(weights, strength, kind="l2", half=True):
    """Your value is that of the last kernel: add up (`value += …`) over all of them."""
    _, gradients = correct_penalty(weights, strength, kind, half)
    last = [w for w in weights if w.ndim > 1][-1]
    return correct_penalty([last], strength, kind, half)[0], gradients


@misconception("7.1")
def convolutions_forgotten(weights, strength, kind="l2", half=True):
    """You count arrays with exactly two axes. The kernels of convolutions have four: everything with two axes or more
    costs.
    """
    value, gradients = 0.0, []
    for w in weights:
        one, (gradient,) = correct_penalty([w], strength, kind, half)
        value += one if w.ndim == 2 else 0.0
        gradients.append(gradient if w.ndim == 2 else np.zeros_like(w))
    return value, gradients


@misconception("7.1")
def slope_at_zero(weights, strength, kind="l2", half=True):
    """Your L1 gradient is λ where a weight is exactly 0. There it should be 0: `np.sign` says so."""
    value, gradients = correct_penalty(weights, strength, kind, half)
    if kind == "l1":
        gradients = [
            np.where(w >= 0, strength, -strength).astype(w.dtype) if w.ndim > 1 else g
            for w, g in zip(weights, gradients, strict=True)
        ]
    return value, gradients


@misconception("7.1")
def l1_gradient_without_sign(weights, strength, kind="l2", half=True):
    """Your L1 gradient is λ|w|. It is λ times the *sign*: every weight is pulled equally, however large it is."""
    value, gradients = correct_penalty(weights, strength, kind, half)
    if kind == "l1":
        gradients = [
            strength * np.abs(w) if w.ndim > 1 else g for w, g in zip(weights, gradients, strict=True)
        ]
    return value, gradients


@misconception("7.1", replaces="shrink")
def threshold_without_curvature(w, curvature, strength, kind="l2"):
    """Your L1 threshold is λ. It is λ/h: in a steep bowl the same price moves the minimum less."""
    return correct_shrink(w, curvature if kind == "l2" else np.ones_like(curvature), strength, kind)


@misconception("7.1", replaces="shrink")
def factor_without_curvature(w, curvature, strength, kind="l2"):
    """Your L2 factor is 1/(1 + λ). It is h/(h + λ): in a steep bowl the same price moves the minimum less."""
    return correct_shrink(w, np.ones_like(curvature) if kind == "l2" else curvature, strength, kind)


@misconception("7.1", replaces="shrink")
def threshold_times_curvature(w, curvature, strength, kind="l2"):
    """Your L1 threshold is λ · h: it should be λ/h. Steep bowls give way less, not more."""
    return correct_shrink(w, curvature if kind == "l2" else 1 / curvature, strength, kind)


@misconception("7.1", replaces="shrink")
def price_without_half(w, curvature, strength, kind="l2"):
    """Your L2 factor is h/(h + 2λ), that of the price λ‖v‖². Here the price has its ½: h/(h + λ)."""
    return correct_shrink(w, curvature, 2 * strength if kind == "l2" else strength, kind)


@misconception("7.1", replaces="shrink")
def threshold_crossed(w, curvature, strength, kind="l2"):
    """Your L1 minimum crosses 0: a weight that is smaller than λ/h becomes exactly 0, never negative (or positive)."""
    if kind == "l2":
        return correct_shrink(w, curvature, strength, kind)
    return w - np.sign(w) * strength / curvature


@misconception("7.1", replaces="shrink")
def hard_threshold(w, curvature, strength, kind="l2"):
    """You set small weights to 0 and leave the others as they were. L1 pulls all of them: each loses λ/h."""
    if kind == "l2":
        return correct_shrink(w, curvature, strength, kind)
    return np.where(np.abs(w) > strength / curvature, w, 0)


@misconception("7.1", replaces="shrink")
def sign_lost(w, curvature, strength, kind="l2"):
    """Negative weights became positive, or 0: take the sign out first and put it back, sign(w) · max(|w| − λ/h, 0)."""
    if kind == "l2":
        return correct_shrink(w, curvature, strength, kind)
    return np.maximum(w - strength / curvature, 0)


# --- 7.2 Dropout -----------------------------------------------------------------------------------------------


def _kept(x, rate, seed):
    return np.random.default_rng(seed).random(x.shape) >= rate


@misconception("7.2")
def rate_to_stay(x, rate, seed, training=True, inverted=True):
    """You took `rate` for the probability to stay. It is the probability to be *dropped*; Rousseau's p is 1 − rate."""
    return correct_dropout(x, min(1 - rate, 0.999), seed, training, inverted)


@misconception("7.2")
def mask_the_wrong_way(x, rate, seed, training=True, inverted=True):
    """Your scale is right, your mask is the wrong way round: values are *kept* with probability `rate`. Keep where the
    draw is at least rate.
    """
    if not training:
        return correct_dropout(x, rate, seed, training, inverted)
    kept = np.random.default_rng(seed).random(x.shape) < rate
    return kept * x / (1 - rate) if inverted else kept * x


@misconception("7.2")
def divided_by_the_rate(x, rate, seed, training=True, inverted=True):
    """You divide by rate. What is left is the share 1 − rate, so divide by that."""
    if not training or not inverted:
        return correct_dropout(x, rate, seed, training, inverted)
    return _kept(x, rate, seed) * x / max(rate, 1e-9)


@misconception("7.2")
def scaled_twice(x, rate, seed, training=True, inverted=True):
    """You scale in training *and* at prediction. Inverted dropout has paid in training; at prediction it does
    nothing.
    """
    if training:
        return correct_dropout(x, rate, seed, training, inverted)
    return x * (1 - rate)


@misconception("7.2")
def scaled_in_both_forms(x, rate, seed, training=True, inverted=True):
    """With inverted=False you divide by 1 − rate in training, too: there kept values stay as they are."""
    return correct_dropout(x, rate, seed, training, inverted or training)


@misconception("7.2")
def never_scaled(x, rate, seed, training=True, inverted=True):
    """You never scale: in training less arrives than at prediction. Divide what is kept by 1 − rate."""
    return _kept(x, rate, seed) * x if training else x.copy()


@misconception("7.2")
def prediction_not_scaled(x, rate, seed, training=True, inverted=True):
    """With inverted=False nothing was scaled in training, so at prediction all values are multiplied by 1 − rate."""
    return correct_dropout(x, rate, seed, training, inverted) if training else x.copy()


@misconception("7.2")
def prediction_times_rate(x, rate, seed, training=True, inverted=True):
    """At prediction you multiply by rate. What arrived in training is the share 1 − rate."""
    if training or inverted:
        return correct_dropout(x, rate, seed, training, inverted)
    return x * rate


@misconception("7.2")
def one_mask_for_the_batch(x, rate, seed, training=True, inverted=True):
    """All rows have the same mask: whole columns are dropped. Draw for each of the n · d values, `random(x.shape)`."""
    if not training:
        return correct_dropout(x, rate, seed, training, inverted)
    kept = np.random.default_rng(seed).random(x.shape[1]) >= rate
    return kept * x / (1 - rate) if inverted else kept * x


@misconception("7.2")
def whole_rows_dropped(x, rate, seed, training=True, inverted=True):
    """You drop whole rows, that is, examples. Dropout drops single values: draw for each of the n · d."""
    if not training:
        return correct_dropout(x, rate, seed, training, inverted)
    kept = np.random.default_rng(seed).random((len(x), 1)) >= rate
    return kept * x / (1 - rate) if inverted else kept * x


@misconception("7.2")
def active_at_prediction(x, rate, seed, training=True, inverted=True):
    """You drop at prediction, too. `training=False` means that nothing is drawn."""
    return correct_dropout(x, rate, seed, True, inverted)


@misconception("7.2")
def exactly_so_many(x, rate, seed, training=True, inverted=True):
    """In every row exactly the same number of values is dropped. Each value is drawn by itself, so the number
    varies.
    """
    if not training:
        return correct_dropout(x, rate, seed, training, inverted)
    order = np.random.default_rng(seed).random(x.shape).argsort(axis=1).argsort(axis=1)
    kept = order >= round(rate * x.shape[1])
    return kept * x / (1 - rate) if inverted else kept * x


@misconception("7.2")
def smallest_dropped(x, rate, seed, training=True, inverted=True):
    """What you drop depends on the values: the small ones go. Dropout is blind: compare *draws* with the rate."""
    if not training or rate == 0:
        return correct_dropout(x, rate, seed, training, inverted)
    shaken = np.abs(x) + 1e-6 * np.random.default_rng(seed).random(x.shape)
    kept = shaken >= np.quantile(shaken, rate)
    return kept * x / (1 - rate) if inverted else kept * x


@misconception("7.2")
def seed_not_used(x, rate, seed, training=True, inverted=True):
    """Your mask is the same for every seed: give the seed to the generator."""
    return correct_dropout(x, rate, 0, training, inverted)


@misconception("7.2")
def another_mask_each_time(x, rate, seed, training=True, inverted=True):
    """The same seed gives another mask each time: make the generator from the seed, `np.random.default_rng(seed)`."""
    return correct_dropout(x, rate, int(np.random.default_rng().integers(1 << 40)), training, inverted)


@misconception("7.2", replaces="dropout_moments")
def same_energy(mean, variance, rate):
    """You left the variance as it was ("same energy"). Scaling keeps the mean; the variance grows to (σ² + rate
    μ²)/(1 −
    rate).
    """
    return mean.copy(), variance.copy()


@misconception("7.2", replaces="dropout_moments")
def share_of_the_mean_forgotten(mean, variance, rate):
    """You divided the variance by 1 − rate, but dropping makes noise of the mean, too: rate · μ² is missing."""
    return mean.copy(), variance / (1 - rate)


@misconception("7.2", replaces="dropout_moments")
def only_the_share_of_the_mean(mean, variance, rate):
    """Your variance has σ² as it was and only the mean's share divided: both are divided by 1 − rate."""
    return mean.copy(), variance + rate * mean**2 / (1 - rate)


@misconception("7.2", replaces="dropout_moments")
def scaled_twice_in_the_square(mean, variance, rate):
    """You divided by (1 − rate)², but a value is kept only in 1 − rate of the cases: one factor is left."""
    return mean.copy(), (variance + rate * mean**2) / (1 - rate) ** 2


@misconception("7.2", replaces="dropout_moments")
def moments_without_inversion(mean, variance, rate):
    """Those are the moments without scaling. Inverted dropout divides what it keeps by 1 − rate: the mean stays."""
    _, inverted = correct_moments(mean, variance, rate)
    return mean * (1 - rate), inverted * (1 - rate) ** 2


@misconception("7.2", replaces="dropout_moments")
def mean_square_for_the_variance(mean, variance, rate):
    """That is the mean square behind dropout. The variance is that minus the square of the mean."""
    return mean.copy(), (variance + mean**2) / (1 - rate)


@misconception("7.2", replaces="dropout_moments")
def deviation_of_the_moments(mean, variance, rate):
    """That is the standard deviation; asked is the variance, its square."""
    return mean.copy(), np.sqrt(correct_moments(mean, variance, rate)[1])


# --- 7.3 Images, warped ----------------------------------------------------------------------------------------


@misconception("7.3")
def pixels_pushed(images, field):
    """You push each pixel to where its field points. It is the other way round: the new pixel (r, c) is *read* at (r,
    c)
    plus field.
    """
    n, h, w = images.shape
    result = np.zeros_like(images)
    for i in range(n):
        for r in range(h):
            for c in range(w):
                to = round(float(r + field[i, 0, r, c])), round(float(c + field[i, 1, r, c]))
                if 0 <= to[0] < h and 0 <= to[1] < w:
                    result[i, to[0], to[1]] = images[i, r, c]
    return result


@misconception("7.3")
def field_subtracted(images, field):
    """You read at the pixel *minus* its field. The field is added."""
    return correct_warp(images, -field)


@misconception("7.3")
def rows_and_columns_exchanged(images, field):
    """You took field[:, 0] for columns. It goes down the rows; field[:, 1] goes along the columns."""
    return correct_warp(images, field[:, ::-1])


@misconception("7.3")
def nearest_pixel(images, field):
    """You read the nearest pixel. Between four pixels all four count: bilinear."""
    rows, columns = np.mgrid[: images.shape[1], : images.shape[2]]
    where = np.stack([rows, columns]) + field
    return correct_warp(images, np.floor(where + 0.5) - np.stack([rows, columns]))


@misconception("7.3")
def fractions_cut_off(images, field):
    """You read the upper left of the four pixels and forget how far between them the place lies: weigh all four."""
    rows, columns = np.mgrid[: images.shape[1], : images.shape[2]]
    return correct_warp(images, np.floor(np.stack([rows, columns]) + field) - np.stack([rows, columns]))


@misconception("7.3")
def weights_exchanged(images, field):
    """Your four weights are the wrong way round: the nearer a pixel, the more it counts, so the upper left one has
    (1 − a)(1 − b).
    """
    grid = np.stack(np.mgrid[: images.shape[1], : images.shape[2]]).astype(float)
    where = grid + field
    low = np.floor(where)
    return correct_warp(images, 2 * low + (where > low) - where - grid)


@misconception("7.3")
def border_wrapped(images, field):
    """What leaves the image comes in on the other side (negative indices, or a modulo). Outside there is 0."""
    n, h, w = images.shape
    where = np.stack(np.mgrid[:h, :w]) + field
    low = np.floor(where).astype(int)
    a, b = np.moveaxis(where - low, 1, 0)
    i = np.arange(n)[:, None, None]
    read = lambda r, c: images[i, (low[:, 0] + r) % h, (low[:, 1] + c) % w]  # noqa: E731
    upper, lower = (1 - b) * read(0, 0) + b * read(0, 1), (1 - b) * read(1, 0) + b * read(1, 1)
    return ((1 - a) * upper + a * lower).astype(images.dtype)


@misconception("7.3")
def border_mirrored(images, field):
    """Outside you see the image mirrored, as Keras' layers do unless told otherwise. Outside there is 0."""
    n, h, w = images.shape
    mirrored = np.pad(images, ((0, 0), (h, h), (w, w)), mode="symmetric")
    where = np.stack(np.mgrid[:h, :w]) + field
    where[:, 0], where[:, 1] = where[:, 0].clip(-h, 2 * h - 1), where[:, 1].clip(-w, 2 * w - 1)
    full = np.stack(np.mgrid[: 3 * h, : 3 * w]).astype(float)
    wide = np.tile(np.zeros((1, 2, 1, 1)), (n, 1, 3 * h, 3 * w))
    wide[:, :, h : 2 * h, w : 2 * w] = where + np.array([h, w])[:, None, None] - full[:, h : 2 * h, w : 2 * w]
    return correct_warp(mirrored, wide)[:, h : 2 * h, w : 2 * w]


@misconception("7.3")
def border_repeated(images, field):
    """Outside you see the outermost pixels again: places were clipped to the image. Outside there is 0."""
    _, h, w = images.shape
    grid = np.stack(np.mgrid[:h, :w]).astype(float)
    where = grid + field
    where[:, 0], where[:, 1] = where[:, 0].clip(0, h - 1), where[:, 1].clip(0, w - 1)
    return correct_warp(images, where - grid)


@misconception("7.3")
def last_row_lost(images, field):
    """The last row and column are 0: a place on the outermost pixel has a neighbour with weight 0, but it is not
    outside.
    """
    _, h, w = images.shape
    where = np.stack(np.mgrid[:h, :w]) + field
    return correct_warp(images, field) * ((where[:, 0] < h - 1) & (where[:, 1] < w - 1))


@misconception("7.3")
def first_field_for_all(images, field):
    """Every image was warped with the field of the first one. Each has its own, field[i]."""
    return correct_warp(images, np.broadcast_to(field[:1], field.shape))


@misconception("7.3", replaces="affine")
def clockwise(images, degrees, shift, zoom):
    """You turn clockwise. Rows grow downwards, which turns the usual formula round: look at a digit."""
    return correct_affine(images, -degrees, shift, zoom)


@misconception("7.3", replaces="affine")
def radians(images, degrees, shift, zoom):
    """You took degrees for radians: `np.deg2rad` turns one into the other."""
    return correct_affine(images, np.rad2deg(degrees), shift, zoom)


@misconception("7.3", replaces="affine")
def turns(images, degrees, shift, zoom):
    """You took degrees for whole turns, as Keras' RandomRotation does. 360 of them are one turn."""
    return correct_affine(images, 360 * degrees, shift, zoom)


@misconception("7.3", replaces="affine")
def zoom_inverted(images, degrees, shift, zoom):
    """Your zoom is the wrong way round: 2 is twice as large, so the place to read lies *half* as far from the
    middle.
    """
    return correct_affine(images, degrees, shift, 1 / zoom)


@misconception("7.3", replaces="affine")
def about_the_corner(images, degrees, shift, zoom):
    """You turn and zoom about the upper left corner. The middle ((h − 1)/2, (w − 1)/2) should stay where it is."""
    middle = np.array([(images.shape[1] - 1) / 2, (images.shape[2] - 1) / 2])
    angle = np.deg2rad(degrees)
    turned = np.stack(
        [
            np.cos(angle) * middle[0] - np.sin(angle) * middle[1],
            np.sin(angle) * middle[0] + np.cos(angle) * middle[1],
        ],
        axis=1,
    )
    return correct_affine(images, degrees, shift + zoom[:, None] * turned - middle, zoom)


@misconception("7.3", replaces="affine")
def middle_half_a_pixel_off(images, degrees, shift, zoom):
    """Your middle is (h/2, w/2), half a pixel off: rows go from 0 to h − 1, so it is ((h − 1)/2, (w − 1)/2)."""
    angle = np.deg2rad(degrees)
    turned = 0.5 * np.stack([np.cos(angle) - np.sin(angle), np.sin(angle) + np.cos(angle)], axis=1)
    return correct_affine(images, degrees, shift + 0.5 - zoom[:, None] * turned, zoom)


@misconception("7.3", replaces="affine")
def whole_pixels_only(images, degrees, shift, zoom):
    """You round shifts to whole pixels. A digit may move by 2.3 of them: that is what bilinear reading is for."""
    return correct_affine(images, degrees, np.round(shift), zoom)


@misconception("7.3", replaces="affine")
def shift_exchanged(images, degrees, shift, zoom):
    """You took shift for (right, down). It is (down, right), as rows come before columns."""
    return correct_affine(images, degrees, shift[:, ::-1], zoom)


@misconception("7.3", replaces="affine")
def shifted_the_other_way(images, degrees, shift, zoom):
    """You shift up and to the left: what should move down has to be *read* further up, so subtract the shift."""
    return correct_affine(images, degrees, -shift, zoom)


@misconception("7.3", replaces="affine")
def shifted_before_turned(images, degrees, shift, zoom):
    """You shift first, and turn and zoom the shift with the image. The order is zoom, turn, shift."""
    angle = np.deg2rad(degrees)
    down, right = shift.T
    turned = np.stack(
        [np.cos(angle) * down - np.sin(angle) * right, np.sin(angle) * down + np.cos(angle) * right], axis=1
    )
    return correct_affine(images, degrees, zoom[:, None] * turned, zoom)


@misconception("7.3", replaces="affine")
def interpolated_twice(images, degrees, shift, zoom):
    """You interpolate more than once, and the image gets softer each time. Work out the one place to read, and warp
    once.
    """
    still, one = np.zeros_like(shift), np.ones_like(zoom)
    return correct_affine(correct_affine(images, degrees, still, zoom), 0 * degrees, shift, one)


@misconception("7.3", replaces="affine")
def first_move_for_all(images, degrees, shift, zoom):
    """Every image was moved as the first one. Each has an angle, a shift and a zoom of its own."""
    n = len(images)
    return correct_affine(images, degrees[:1].repeat(n), shift[:1].repeat(n, axis=0), zoom[:1].repeat(n))


# --- 7.4 More digits than there are ----------------------------------------------------------------------------


def _uniform(n, height, width, seed):
    return np.random.default_rng(seed).uniform(-1, 1, size=(n, 2, height, width))


@misconception("7.4")
def not_smoothed(n, height, width, alpha, sigma, seed):
    """Your field is not smooth: neighbouring pixels go different ways, and strokes fall to pieces. Convolve each map
    with
    a Gaussian.
    """
    return alpha * _uniform(n, height, width, seed)


@misconception("7.4")
def smoothed_over_everything(n, height, width, alpha, sigma, seed):
    """You smoothed over images and directions, too: give `gaussian_filter` one sigma per axis, (0, 0, sigma, sigma)."""
    return alpha * gaussian_filter(_uniform(n, height, width, seed), sigma)


@misconception("7.4")
def smoothed_over_directions(n, height, width, alpha, sigma, seed):
    """You smoothed over the two directions, too: down and right then say the same. Smooth along rows and columns
    only.
    """
    return alpha * gaussian_filter(_uniform(n, height, width, seed), (0, sigma, sigma, sigma))


@misconception("7.4")
def smoothed_along_one_axis(n, height, width, alpha, sigma, seed):
    """You smoothed along one axis only. The Gaussian has two dimensions: along rows and along columns."""
    return alpha * gaussian_filter(_uniform(n, height, width, seed), (0, 0, 0, sigma))


@misconception("7.4")
def one_field_for_all_images(n, height, width, alpha, sigma, seed):
    """All images have the same field. Draw for each of the n images."""
    return np.repeat(correct_elastic_field(1, height, width, alpha, sigma, seed), n, axis=0)


@misconception("7.4")
def one_field_for_both_directions(n, height, width, alpha, sigma, seed):
    """Down and right have the same field, so pixels move along one diagonal only. Draw for each direction."""
    field = correct_elastic_field(n, height, width, alpha, sigma, seed)
    return np.repeat(field[:, :1], 2, axis=1)


@misconception("7.4")
def draws_of_one_sign(n, height, width, alpha, sigma, seed):
    """Your draws are from [0, 1]: everything moves the same way. They should be uniform in [−1, 1]."""
    return alpha * gaussian_filter((_uniform(n, height, width, seed) + 1) / 2, (0, 0, sigma, sigma))


@misconception("7.4")
def normal_draws(n, height, width, alpha, sigma, seed):
    """You drew normal numbers: their variance is 1, that of uniform ones in [−1, 1] is 1/3."""
    draws = np.random.default_rng(seed).normal(size=(n, 2, height, width))
    return alpha * gaussian_filter(draws, (0, 0, sigma, sigma))


@misconception("7.4")
def variance_for_the_deviation(n, height, width, alpha, sigma, seed):
    """You took σ for the variance of the Gaussian. It is its standard deviation, in pixels."""
    return correct_elastic_field(n, height, width, alpha, math.sqrt(sigma), seed)


@misconception("7.4")
def scaled_to_alpha(n, height, width, alpha, sigma, seed):
    """You scaled each field so that its largest value is α. α multiplies the smoothed draws as they are."""
    field = correct_elastic_field(n, height, width, 1.0, sigma, seed)
    return alpha * field / np.abs(field).max(axis=(1, 2, 3), keepdims=True)


@misconception("7.4")
def kernel_with_its_top_at_one(n, height, width, alpha, sigma, seed):
    """The weights of your Gaussian do not sum to 1: divide by their sum."""
    return 2 * math.pi * sigma**2 * correct_elastic_field(n, height, width, alpha, sigma, seed)


@misconception("7.4")
def smoothed_after_cutting(n, height, width, alpha, sigma, seed):
    """Your Gaussian is cut off at one standard deviation. Keep three or more of them."""
    draws = _uniform(n, height, width, seed)
    return alpha * gaussian_filter(draws, (0, 0, sigma, sigma), truncate=1.0)


@misconception("7.4")
def field_of_no_seed(n, height, width, alpha, sigma, seed):
    """Your field is the same for every seed: give the seed to the generator."""
    return correct_elastic_field(n, height, width, alpha, sigma, 0)


def _copies(images, labels, copies, seed, draw, noise=0.0):
    """Copies of images, with moves that `draw(rng, n)` gives."""
    rng, rows = np.random.default_rng(seed), np.repeat(np.arange(len(images)), copies)
    moved = correct_affine(images[rows], *draw(rng, len(rows)))
    if noise > 0:
        moved = moved + rng.normal(scale=noise, size=moved.shape)
    return moved.clip(0, 1), labels[rows]


def _fair(degrees, shift, zoom):
    def draw(rng, n):
        moves = rng.uniform(-degrees, degrees, n), rng.uniform(-shift, shift, (n, 2))
        return *moves, 1 + rng.uniform(-zoom, zoom, n)

    return draw


@misconception("7.4", replaces="augmented_set")
def one_move_for_all(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """All copies are moved in the same way. Every copy has draws of its own: draw as many as there are copies."""

    def draw(rng, n):
        a, s, z = _fair(degrees, shift, zoom)(rng, 1)
        return a.repeat(n), s.repeat(n, axis=0), z.repeat(n)

    return _copies(images, labels, copies, seed, draw, noise)


@misconception("7.4", replaces="augmented_set")
def one_move_for_an_image(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """All copies of an image are the same: draw for every copy, not for every image."""

    def draw(rng, n):
        return (part.repeat(copies, axis=0) for part in _fair(degrees, shift, zoom)(rng, len(images)))

    return _copies(images, labels, copies, seed, draw, noise)


@misconception("7.4", replaces="augmented_set")
def labels_tiled(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """You repeat images (1, 1, 2, 2) and tile labels (1, 2, 1, 2): they do not belong together. Use one array of row
    numbers for both.
    """
    got, _ = correct_augmented_set(images, labels, copies, seed, degrees, shift, zoom, noise)
    return got, np.tile(labels, copies)


@misconception("7.4", replaces="augmented_set")
def labels_not_repeated(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """There are more images than labels: each copy needs the label of its image."""
    return correct_augmented_set(images, labels, copies, seed, degrees, shift, zoom, noise)[0], labels.copy()


@misconception("7.4", replaces="augmented_set")
def shuffled_apart(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """You shuffle images and labels with two orders. Draw one permutation and use it for both."""
    got, named = correct_augmented_set(images, labels, copies, seed, degrees, shift, zoom, noise)
    rng = np.random.default_rng(seed)
    return got[rng.permutation(len(got))], named[rng.permutation(len(got))]


@misconception("7.4", replaces="augmented_set")
def labels_as_floats(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """Your labels became floats, 3.0 for 3. They are names: keep their integer dtype."""
    got, named = correct_augmented_set(images, labels, copies, seed, degrees, shift, zoom, noise)
    return got, named.astype(np.float64)


@misconception("7.4", replaces="augmented_set")
def digits_mirrored(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """You mirror some images. A mirrored 3 is no 3: what people never write does not help to read what they write."""
    got, named = correct_augmented_set(images, labels, copies, seed, degrees, shift, zoom, noise)
    flipped = np.random.default_rng(seed).random(len(got)) < 0.5
    got[flipped] = got[flipped][:, :, ::-1]
    return got, named


@misconception("7.4", replaces="augmented_set")
def moves_of_one_sign(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """Your draws are between 0 and the bound: all digits turn the same way. Both signs: `uniform(-bound, bound)`."""

    def draw(rng, n):
        return rng.uniform(0, degrees, n), rng.uniform(0, shift, (n, 2)), 1 + rng.uniform(0, zoom, n)

    return _copies(images, labels, copies, seed, draw, noise)


@misconception("7.4", replaces="augmented_set")
def zoom_of_one_sign(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """Your zoom only enlarges: it should be uniform in 1 ± zoom."""

    def draw(rng, n):
        angle, moves, _ = _fair(degrees, shift, zoom)(rng, n)
        return angle, moves, 1 + rng.uniform(0, zoom, n)

    return _copies(images, labels, copies, seed, draw, noise)


@misconception("7.4", replaces="augmented_set")
def angles_in_radians(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """You turned the bound into radians, but `affine` wants degrees: your digits hardly turn at all."""
    return correct_augmented_set(images, labels, copies, seed, float(np.deg2rad(degrees)), shift, zoom, noise)


@misconception("7.4", replaces="augmented_set")
def only_whole_pixels(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """You draw whole numbers of pixels. Shifts are uniform, fractions too: `uniform`, not `integers`."""

    def draw(rng, n):
        angle, _, factor = _fair(degrees, shift, zoom)(rng, n)
        whole = int(math.floor(shift))
        return angle, rng.integers(-whole, whole + 1, (n, 2)).astype(float), factor

    return _copies(images, labels, copies, seed, draw, noise)


@misconception("7.4", replaces="augmented_set")
def along_the_diagonal(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """Down and right have the same draw, so digits move along one diagonal only. Draw two numbers a copy."""

    def draw(rng, n):
        angle, moves, factor = _fair(degrees, shift, zoom)(rng, n)
        return angle, np.repeat(moves[:, :1], 2, axis=1), factor

    return _copies(images, labels, copies, seed, draw, noise)


@misconception("7.4", replaces="augmented_set")
def normal_moves(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """You draw from a normal distribution, so some digits turn and move far beyond the bounds. Draw uniformly."""

    def draw(rng, n):
        moves = degrees * rng.normal(size=n), shift * rng.normal(size=(n, 2))
        return *moves, 1 + zoom * rng.normal(size=n).clip(-3, 3)

    return _copies(images, labels, copies, seed, draw, noise)


@misconception("7.4", replaces="augmented_set")
def originals_added(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """You added the originals. The set holds the copies only: `copies` of each image."""
    got, named = correct_augmented_set(images, labels, copies, seed, degrees, shift, zoom, noise)
    return np.concatenate([images, got]), np.concatenate([labels, named])


@misconception("7.4", replaces="augmented_set")
def not_clipped(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """With noise some of your pixels leave [0, 1]: clip at the end."""
    rng, rows = np.random.default_rng(seed), np.repeat(np.arange(len(images)), copies)
    moved = correct_affine(images[rows], *_fair(degrees, shift, zoom)(rng, len(rows)))
    return moved + (rng.normal(scale=noise, size=moved.shape) if noise > 0 else 0), labels[rows]


@misconception("7.4", replaces="augmented_set")
def noise_ignored(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """You do not add the noise."""
    return correct_augmented_set(images, labels, copies, seed, degrees, shift, zoom)


@misconception("7.4", replaces="augmented_set")
def noise_as_a_variance(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """You took `noise` for the variance. It is the standard deviation, `rng.normal(scale=noise)`."""
    return correct_augmented_set(images, labels, copies, seed, degrees, shift, zoom, math.sqrt(noise))


@misconception("7.4", replaces="augmented_set")
def uniform_noise(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """Your noise is uniform in ± noise, whose deviation is noise/√3. It should be normal."""
    got, named = correct_augmented_set(images, labels, copies, seed, degrees, shift, zoom)
    extra = np.random.default_rng(seed + 1).uniform(-noise, noise, size=got.shape)
    return (got + extra).clip(0, 1).astype(images.dtype), named


@misconception("7.4", replaces="augmented_set")
def one_noise_for_all(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """All copies have the same noise. Draw for every pixel of every copy: `size=moved.shape`."""
    got, named = correct_augmented_set(images, labels, copies, seed, degrees, shift, zoom)
    extra = np.random.default_rng(seed + 1).normal(size=images.shape[1:]) * noise
    return (got + extra).clip(0, 1).astype(images.dtype), named


@misconception("7.4", replaces="augmented_set")
def set_of_no_seed(images, labels, copies, seed, degrees=10.0, shift=2.0, zoom=0.1, noise=0.0):
    """Your set is the same for every seed: give the seed to the generator."""
    return correct_augmented_set(images, labels, copies, 0, degrees, shift, zoom, noise)


# --- 7.5 Batch normalisation -----------------------------------------------------------------------------------


@misconception("7.5")
def variance_of_a_sample(x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3):
    """Your variance is divided by n − 1. Batch normalisation divides by n, in the moving average, too."""
    if not training:
        return correct_batch_norm(x, gamma, beta, moving_mean, moving_variance, False, momentum, epsilon)
    n = len(x)
    variance = x.var(axis=0) * n / max(n - 1, 1)
    y = gamma * (x - x.mean(axis=0)) / np.sqrt(variance + epsilon) + beta
    mean = momentum * moving_mean + (1 - momentum) * x.mean(axis=0)
    return y, mean, momentum * moving_variance + (1 - momentum) * variance


@misconception("7.5")
def sample_variance_in_the_average(
    x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3
):
    """Your moving variance takes up the variance with n − 1, as other libraries do. Keras takes the same one as for y,
    with n.
    """
    y, mean, variance = correct_batch_norm(
        x, gamma, beta, moving_mean, moving_variance, training, momentum, epsilon
    )
    if training:
        more = (1 - momentum) * x.var(axis=0) * (len(x) / max(len(x) - 1, 1) - 1)
        variance = variance + more
    return y, mean, variance


@misconception("7.5")
def old_averages_in_training(
    x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3
):
    """In training you normalise with the moving averages. There the batch's own mean and variance count."""
    _, mean, variance = correct_batch_norm(
        x, gamma, beta, moving_mean, moving_variance, training, momentum, epsilon
    )
    y = gamma * (x - moving_mean) / np.sqrt(moving_variance + epsilon) + beta
    return y, mean, variance


@misconception("7.5")
def new_averages_in_training(
    x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3
):
    """In training you normalise with the averages that you have just updated. There the batch's own statistics
    count.
    """
    _, mean, variance = correct_batch_norm(
        x, gamma, beta, moving_mean, moving_variance, training, momentum, epsilon
    )
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta, mean, variance


@misconception("7.5")
def batch_statistics_at_prediction(
    x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3
):
    """At prediction you normalise with the batch's statistics: what a row gets then depends on its neighbours. Use the
    moving averages.
    """
    y, mean, variance = correct_batch_norm(
        x, gamma, beta, moving_mean, moving_variance, True, momentum, epsilon
    )
    return (y, mean, variance) if training else (y, moving_mean.copy(), moving_variance.copy())


@misconception("7.5")
def updated_at_prediction(
    x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3
):
    """You update the moving averages at prediction, too. Only training changes them."""
    y, *_ = correct_batch_norm(x, gamma, beta, moving_mean, moving_variance, training, momentum, epsilon)
    _, mean, variance = correct_batch_norm(
        x, gamma, beta, moving_mean, moving_variance, True, momentum, epsilon
    )
    return y, mean, variance


@misconception("7.5")
def statistics_of_rows(x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3):
    """You normalise each row. That is layer normalisation; here each *column*, a unit, is normalised over the rows."""
    if not training:
        return correct_batch_norm(x, gamma, beta, moving_mean, moving_variance, False, momentum, epsilon)
    mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    _, *averages = correct_batch_norm(x, gamma, beta, moving_mean, moving_variance, True, momentum, epsilon)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta, *averages


@misconception("7.5")
def one_mean_for_all(x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3):
    """You took one mean and one variance over the whole batch: each column has its own, `axis=0`."""
    if not training:
        return correct_batch_norm(x, gamma, beta, moving_mean, moving_variance, False, momentum, epsilon)
    mean, variance = np.full(x.shape[1], x.mean()), np.full(x.shape[1], x.var())
    y = gamma * (x - mean) / np.sqrt(variance + epsilon) + beta
    blend = lambda old, new: momentum * old + (1 - momentum) * new  # noqa: E731
    return y, blend(moving_mean, mean), blend(moving_variance, variance)


@misconception("7.5")
def momentum_on_the_batch(
    x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3
):
    """Momentum stands before the wrong part: it is the share of the *old* average that stays, 0.99 of it."""
    return correct_batch_norm(x, gamma, beta, moving_mean, moving_variance, training, 1 - momentum, epsilon)


@misconception("7.5")
def averages_not_updated(x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3):
    """The moving averages stay as they were in training, so prediction knows nothing: let each batch into them."""
    y, *_ = correct_batch_norm(x, gamma, beta, moving_mean, moving_variance, training, momentum, epsilon)
    return y, moving_mean.copy(), moving_variance.copy()


@misconception("7.5")
def deviation_in_the_average(
    x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3
):
    """Your second moving average takes up the standard deviation. It is one of variances."""
    y, mean, variance = correct_batch_norm(
        x, gamma, beta, moving_mean, moving_variance, training, momentum, epsilon
    )
    if training:
        variance = momentum * moving_variance + (1 - momentum) * x.std(axis=0)
    return y, mean, variance


@misconception("7.5")
def gamma_as_the_variance(
    x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3
):
    """You took γ for the variance of the result and multiplied with its root. Multiply with γ itself: it is learned,
    and
    may be negative.
    """
    root = np.sign(gamma) * np.sqrt(np.abs(gamma))
    return correct_batch_norm(x, root, beta, moving_mean, moving_variance, training, momentum, epsilon)


@misconception("7.5")
def gamma_squared(x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3):
    """You multiplied with γ². Whatever the slide calls its square, the values are multiplied with γ."""
    return correct_batch_norm(x, gamma**2, beta, moving_mean, moving_variance, training, momentum, epsilon)


@misconception("7.5")
def epsilon_beside_the_root(
    x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3
):
    """Your ε is added to the deviation. It belongs under the root, to the variance."""
    _, *averages = correct_batch_norm(
        x, gamma, beta, moving_mean, moving_variance, training, momentum, epsilon
    )
    mean, variance = (x.mean(axis=0), x.var(axis=0)) if training else (moving_mean, moving_variance)
    return gamma * (x - mean) / (np.sqrt(variance) + epsilon) + beta, *averages


@misconception("7.5")
def root_forgotten(x, gamma, beta, moving_mean, moving_variance, training, momentum=0.99, epsilon=1e-3):
    """You divide by the variance. Divide by its root, the deviation."""
    _, *averages = correct_batch_norm(
        x, gamma, beta, moving_mean, moving_variance, training, momentum, epsilon
    )
    mean, variance = (x.mean(axis=0), x.var(axis=0)) if training else (moving_mean, moving_variance)
    return gamma * (x - mean) / (variance + epsilon) + beta, *averages


@misconception("7.5", replaces="batch_norm_gradient")
def statistics_held_constant(d_y, x, gamma, epsilon=1e-3):
    """You treat mean and variance as constants: dx = γ/√(v + ε) · g. They depend on every row; two terms are
    missing.
    """
    _, d_gamma, d_beta = correct_gradient(d_y, x, gamma, epsilon)
    return gamma * d_y / np.sqrt(x.var(axis=0) + epsilon), d_gamma, d_beta


@misconception("7.5", replaces="batch_norm_gradient")
def variance_held_constant(d_y, x, gamma, epsilon=1e-3):
    """You let the mean depend on the rows, but not the variance: the term with x̂ · dγ/n is missing."""
    _, d_gamma, d_beta = correct_gradient(d_y, x, gamma, epsilon)
    return gamma * (d_y - d_y.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon), d_gamma, d_beta


@misconception("7.5", replaces="batch_norm_gradient")
def mean_held_constant(d_y, x, gamma, epsilon=1e-3):
    """You let the variance depend on the rows, but not the mean: the term dβ/n is missing, and columns do not sum to
    0.
    """
    dx, d_gamma, d_beta = correct_gradient(d_y, x, gamma, epsilon)
    return dx + gamma * d_y.mean(axis=0) / np.sqrt(x.var(axis=0) + epsilon), d_gamma, d_beta


@misconception("7.5", replaces="batch_norm_gradient")
def gamma_left_out(d_y, x, gamma, epsilon=1e-3):
    """Your dx has no γ: every gradient on its way to x passes the multiplication with it."""
    _, d_gamma, d_beta = correct_gradient(d_y, x, gamma, epsilon)
    return correct_gradient(d_y, x, np.ones_like(gamma), epsilon)[0], d_gamma, d_beta


@misconception("7.5", replaces="batch_norm_gradient")
def means_for_sums(d_y, x, gamma, epsilon=1e-3):
    """Your dγ and dβ are means over the rows. γ and β act on every row: the gradients add up."""
    dx, d_gamma, d_beta = correct_gradient(d_y, x, gamma, epsilon)
    return dx, d_gamma / len(x), d_beta / len(x)


@misconception("7.5", replaces="batch_norm_gradient")
def inputs_not_normalised(d_y, x, gamma, epsilon=1e-3):
    """Your dγ multiplies with x. γ is multiplied with the *normalised* x̂, so that is its gradient's factor."""
    dx, _, d_beta = correct_gradient(d_y, x, gamma, epsilon)
    return dx, (d_y * x).sum(axis=0), d_beta


@misconception("7.5", replaces="batch_norm_gradient")
def sums_not_divided(d_y, x, gamma, epsilon=1e-3):
    """In your dx the sums dβ and dγ are not divided by n: it is the means that are subtracted."""
    _, d_gamma, d_beta = correct_gradient(d_y, x, gamma, epsilon)
    root = np.sqrt(x.var(axis=0) + epsilon)
    normal = (x - x.mean(axis=0)) / root
    return gamma / root * (d_y - d_beta - normal * d_gamma), d_gamma, d_beta


@misconception("7.5", replaces="batch_norm_gradient")
def gradient_without_epsilon(d_y, x, gamma, epsilon=1e-3):
    """Your gradient forgets ε: the root is √(v + ε), here and in x̂, as in the forward pass."""
    return correct_gradient(d_y, x, gamma, 1e-12)


# --- 7.6 When to stop, and what curves say ---------------------------------------------------------------------


@misconception("7.6")
def last_epoch_given_back(val_losses, patience, min_delta=0.0):
    """You give back the last epoch. What is wanted are the weights of the best one: of the last improvement."""
    last, _ = correct_early_stopping(val_losses, patience, min_delta)
    return last, last


@misconception("7.6")
def patience_plus_one(val_losses, patience, min_delta=0.0):
    """You wait one epoch too long: training stops *at* the patience-th epoch in a row without improvement."""
    return correct_early_stopping(val_losses, patience + 1, min_delta)


@misconception("7.6")
def patience_minus_one(val_losses, patience, min_delta=0.0):
    """You stop one epoch too early: `patience` epochs in a row without improvement are allowed to happen."""
    return correct_early_stopping(val_losses, max(patience - 1, 1), min_delta)


@misconception("7.6")
def counted_from_zero(val_losses, patience, min_delta=0.0):
    """You count epochs from 0. Both numbers count from 1."""
    last, best = correct_early_stopping(val_losses, patience, min_delta)
    return last - 1, best - 1


@misconception("7.6")
def best_counted_from_zero(val_losses, patience, min_delta=0.0):
    """The epoch that you give back is counted from 0; both numbers count from 1."""
    last, best = correct_early_stopping(val_losses, patience, min_delta)
    return last, best - 1


@misconception("7.6")
def nan_is_an_improvement(val_losses, patience, min_delta=0.0):
    """You take nan for an improvement: `not value >= best` is true for it. Ask `value < best - min_delta`."""
    best, best_epoch = math.inf, 0
    for epoch, value in enumerate(val_losses, 1):
        if not value >= best - min_delta:
            best, best_epoch = value, epoch
        elif epoch - best_epoch == patience:
            return epoch, best_epoch
    return len(val_losses), best_epoch


@misconception("7.6")
def compared_with_the_epoch_before(val_losses, patience, min_delta=0.0):
    """You compare with the epoch before. An improvement is better than the *best* so far."""
    before, best_epoch = math.inf, 0
    for epoch, value in enumerate(val_losses, 1):
        if value < before - min_delta:
            best_epoch = epoch
        elif epoch - best_epoch == patience:
            return epoch, best_epoch
        before = value
    return len(val_losses), best_epoch


@misconception("7.6")
def smallest_value_given_back(val_losses, patience, min_delta=0.0):
    """You give back the epoch with the smallest value. With min_delta that may be none that counted: it is the last
    *improvement*.
    """
    last, _ = correct_early_stopping(val_losses, patience, min_delta)
    seen = np.array(val_losses[:last], float)
    return last, int(np.nanargmin(seen)) + 1


@misconception("7.6")
def min_delta_ignored(val_losses, patience, min_delta=0.0):
    """You ignore min_delta: an improvement is better by *more than* that."""
    return correct_early_stopping(val_losses, patience, 0.0)


@misconception("7.6")
def min_delta_with_the_wrong_sign(val_losses, patience, min_delta=0.0):
    """You add min_delta where it is to be subtracted: then even a worse value counts as better."""
    return correct_early_stopping(val_losses, patience, -min_delta)


@misconception("7.6")
def equal_is_better(val_losses, patience, min_delta=0.0):
    """A value that equals the best counts as an improvement with you (`<=`). It has to be smaller."""
    best, best_epoch = math.inf, 0
    for epoch, value in enumerate(val_losses, 1):
        if value <= best - min_delta:
            best, best_epoch = value, epoch
        elif epoch - best_epoch == patience:
            return epoch, best_epoch
    return len(val_losses), best_epoch


@misconception("7.6")
def small_gains_lower_the_bar(val_losses, patience, min_delta=0.0):
    """Gains below min_delta lower your best value, so that small gains never add up. Only an improvement sets a new
    best.
    """
    best, best_epoch = math.inf, 0
    for epoch, value in enumerate(val_losses, 1):
        improved = value < best - min_delta
        best = min(best, value) if value == value else best
        if improved:
            best_epoch = epoch
        elif epoch - best_epoch == patience:
            return epoch, best_epoch
    return len(val_losses), best_epoch


@misconception("7.6")
def not_in_a_row(val_losses, patience, min_delta=0.0):
    """You count all epochs without improvement. They must come in a row: an improvement sets the count back to 0."""
    best, best_epoch, waited = math.inf, 0, 0
    for epoch, value in enumerate(val_losses, 1):
        if value < best - min_delta:
            best, best_epoch = value, epoch
        else:
            waited += 1
            if waited == patience:
                return epoch, best_epoch
    return len(val_losses), best_epoch


def _windows(curve):
    back = max(2, len(curve) // 4)
    return np.mean(curve[-2:]), np.mean(curve[-2 - back : -back])


def _diagnose(loss, val_loss, num_classes, overfits=None, unfinished=None, under=None):
    end, earlier = _windows(val_loss)
    if (end > 1.1 * min(val_loss)) if overfits is None else overfits:
        return "overfitting"
    if (end < 0.95 * earlier) if unfinished is None else unfinished:
        return "unfinished"
    if (np.mean(loss[-2:]) > math.log(num_classes) / 2) if under is None else under:
        return "underfitting"
    return "ok"


@misconception("7.6", replaces="diagnose_curves")
def any_gap_is_overfitting(loss, val_loss, num_classes=10):
    """You call a gap between the curves overfitting. A gap that does not grow is normal; overfitting is a validation
    loss
    that rises above its own lowest.
    """
    return _diagnose(loss, val_loss, num_classes, overfits=np.mean(val_loss[-2:]) > 1.1 * np.mean(loss[-2:]))


@misconception("7.6", replaces="diagnose_curves")
def validation_below_training(loss, val_loss, num_classes=10):
    """A validation loss below the training loss is no fault: dropout and augmentation are active in training only."""
    below = np.mean(val_loss[-2:]) < np.mean(loss[-2:])
    return "underfitting" if below else _diagnose(loss, val_loss, num_classes)


@misconception("7.6", replaces="diagnose_curves")
def never_unfinished(loss, val_loss, num_classes=10):
    """You never say "unfinished": a validation loss that still falls wants more epochs, nothing else."""
    return _diagnose(loss, val_loss, num_classes, unfinished=False)


@misconception("7.6", replaces="diagnose_curves")
def end_compared_with_the_start(loss, val_loss, num_classes=10):
    """You compare the end with the *start*: every training that learned anything looks unfinished. Compare with a
    quarter
    of the training before.
    """
    return _diagnose(loss, val_loss, num_classes, unfinished=np.mean(val_loss[-2:]) < 0.95 * val_loss[0])


@misconception("7.6", replaces="diagnose_curves")
def overfitting_beside_the_start(loss, val_loss, num_classes=10):
    """You call it overfitting where the validation loss ends above its *first* value. Compare with its lowest."""
    return _diagnose(loss, val_loss, num_classes, overfits=np.mean(val_loss[-2:]) > 1.1 * val_loss[0])


@misconception("7.6", replaces="diagnose_curves")
def training_loss_watched(loss, val_loss, num_classes=10):
    """You look for overfitting and waiting in the training loss. It nearly always falls; the validation loss tells."""
    end, earlier = _windows(loss)
    return _diagnose(loss, val_loss, num_classes, end > 1.1 * min(loss), end < 0.95 * earlier)


@misconception("7.6", replaces="diagnose_curves")
def ten_classes_always(loss, val_loss, num_classes=10):
    """You always compare with ½ ln 10. Guessing among K classes costs ln K: use num_classes."""
    return _diagnose(loss, val_loss, 10)


@misconception("7.6", replaces="diagnose_curves")
def half_forgotten(loss, val_loss, num_classes=10):
    """You compare with ln K: only a network that learned nothing at all is above it. Half of it is the bound."""
    return _diagnose(loss, val_loss, num_classes, under=np.mean(loss[-2:]) > math.log(num_classes))


@misconception("7.6", replaces="diagnose_curves")
def underfitting_by_validation(loss, val_loss, num_classes=10):
    """You look for underfitting in the validation loss. Whether a network *can* learn its data shows in the training
    loss.
    """
    return _diagnose(loss, val_loss, num_classes, under=np.mean(val_loss[-2:]) > math.log(num_classes) / 2)


@misconception("7.6", replaces="diagnose_curves")
def underfitting_first(loss, val_loss, num_classes=10):
    """You ask for underfitting before you ask whether the training is finished. A high loss that still falls wants
    time:
    keep to the order.
    """
    if np.mean(loss[-2:]) > math.log(num_classes) / 2:
        return "underfitting"
    return _diagnose(loss, val_loss, num_classes)


@misconception("7.6", replaces="diagnose_curves")
def last_step_only(loss, val_loss, num_classes=10):
    """You compare the last epoch with the one before: a slow fall of a few per cent an epoch looks finished. Compare
    with
    a quarter of the training before.
    """
    return _diagnose(loss, val_loss, num_classes, unfinished=val_loss[-1] < 0.95 * val_loss[-2])


# --- 7.7 Who has seen the test digits? -------------------------------------------------------------------------


def _scaling_off(train, mean, std):
    right = train.mean(dtype=np.float64), train.std(dtype=np.float64)
    return any(abs(used - value) > 0.005 * value for used, value in zip((mean, std), right, strict=True))


def _keys(images):
    return [image.tobytes() for image in images]


def _look(
    parts, mean, std, scaling=True, looked=("x_val", "x_test"), order=False, moves=True, duplicates=None
):
    """`find_leak`, with parts of it changed."""
    train = parts["x_train"]
    if scaling and _scaling_off(train, mean, std):
        return "test_statistics"
    val, test = _keys(parts["x_val"]), _keys(parts["x_test"])
    if (val == test) if order else set(val) == set(test):
        return "val_is_test"
    if duplicates is None:
        duplicates = any(set(_keys(train)) & set(_keys(parts[name])) for name in looked)
    if duplicates:
        return "duplicate_rows"
    steps = ((1, 1), (-1, 1), (1, 2), (-1, 2)) if moves is True else moves
    moved = {key for step, axis in steps or () for key in _keys(np.roll(train, step, axis=axis))}
    share = max(np.mean([key in moved for key in _keys(parts[name])]) for name in looked)
    return "augmented_before_split" if share >= 0.1 else "none"


@misconception("7.7")
def same_place_only(parts, mean, std):
    """You compare images that stand at the same place. A copy may stand anywhere: look each one up among all."""
    train, found = parts["x_train"], False
    for name in ("x_val", "x_test"):
        part = parts[name]
        n = min(len(train), len(part))
        found = found or bool((train[:n] == part[:n]).all(axis=(1, 2)).any())
    return _look(parts, mean, std, duplicates=found)


@misconception("7.7")
def doubles_within_training(parts, mean, std):
    """A digit that stands twice in x_train is no leak: nothing of validation or test is known by that."""
    keys = _keys(parts["x_train"])
    both = {*_keys(parts["x_val"]), *_keys(parts["x_test"])}
    return _look(parts, mean, std, duplicates=len(set(keys)) < len(keys) or bool(set(keys) & both))


@misconception("7.7")
def only_the_test_digits(parts, mean, std):
    """You only look for training digits among the test digits. What stands in x_val leaks as well: you choose by it."""
    return _look(parts, mean, std, looked=("x_test",))


@misconception("7.7")
def only_the_validation_digits(parts, mean, std):
    """You only look for training digits among the validation digits. Look at x_test, too."""
    return _look(parts, mean, std, looked=("x_val",))


@misconception("7.7")
def same_order_only(parts, mean, std):
    """You find that x_val is x_test only if both have the same order. Compare them as sets."""
    return _look(parts, mean, std, order=True)


@misconception("7.7")
def moved_copies_not_looked_for(parts, mean, std):
    """You do not look for digits that were moved by a pixel: whoever augments before splitting leaves those."""
    return _look(parts, mean, std, moves=None)


@misconception("7.7")
def moved_one_way_only(parts, mean, std):
    """You look for digits that were moved down or to the right. They may have gone up or to the left, too: four
    ways.
    """
    return _look(parts, mean, std, moves=((1, 1), (1, 2)))


@misconception("7.7")
def moved_copies_within_training(parts, mean, std):
    """Moved copies of training digits *in x_train* are no leak: they were made after the split. Look for them in x_val
    and x_test.
    """
    found = _look(parts, mean, std)
    train = parts["x_train"]
    keys = set(_keys(train))
    moved = np.mean([key in keys for key in _keys(np.roll(train, 1, axis=1))])
    return "augmented_before_split" if found == "none" and moved > 0.1 else found


@misconception("7.7")
def scaling_not_looked_at(parts, mean, std):
    """You do not look at mean and std: they must be those of x_train."""
    return _look(parts, mean, std, scaling=False)


@misconception("7.7")
def mean_only(parts, mean, std):
    """You compare the mean and not the deviation. Either may come from elsewhere."""
    return _look(parts, mean, float(parts["x_train"].std(dtype=np.float64)))


@misconception("7.7")
def scaling_of_everything_expected(parts, mean, std):
    """You compare mean and std with those of all parts together. That *is* the leak: they must be those of x_train."""
    everything = np.concatenate([parts[name] for name in ("x_train", "x_val", "x_test")])
    return (
        "test_statistics" if _scaling_off(everything, mean, std) else _look(parts, mean, std, scaling=False)
    )


@misconception("7.7")
def darker_called_a_leak(parts, mean, std):
    """Validation and test digits may be darker than x_train. Whether the scaling leaks shows in mean and std alone."""
    level = parts["x_train"].mean()
    if abs(parts["x_test"].mean() - level) > 0.2 * level:
        return "test_statistics"
    return _look(parts, mean, std)


@misconception("7.7")
def single_pixels_compared(parts, mean, std):
    """You compare single pixels: nearly every pixel value of a digit stands in another one, too. Compare whole
    images.
    """
    train = parts["x_train"]
    same = np.isin(parts["x_test"], train).mean() > 0.9
    return _look(parts, mean, std, duplicates=bool(same))


@misconception("7.7")
def sums_compared(parts, mean, std):
    """You compare the sums of images. A moved image has the same sum: compare all pixels."""
    sums = {
        name: set(np.round(parts[name].sum(axis=(1, 2), dtype=np.float64), 3))
        for name in ("x_train", "x_val", "x_test")
    }
    return _look(parts, mean, std, duplicates=bool(sums["x_train"] & (sums["x_val"] | sums["x_test"])))


@misconception("7.7")
def val_is_test_called_duplicates(parts, mean, std):
    """Digits that stand both in x_val and in x_test are not what `duplicate_rows` means (rows of *x_train*): that x_val
    is x_test has a name of its own.
    """
    found = _look(parts, mean, std)
    return "duplicate_rows" if found == "val_is_test" else found


@misconception("7.7")
def many_duplicates_wanted(parts, mean, std):
    """You want a tenth of the rows to be duplicates. A single one is a leak; the tenth is for moved copies."""
    keys = set(_keys(parts["x_train"]))
    share = max(np.mean([key in keys for key in _keys(parts[name])]) for name in ("x_val", "x_test"))
    return _look(parts, mean, std, duplicates=bool(share >= 0.1))


# --- 7.8 A thousand digits -------------------------------------------------------------------------------------

SPARSE = "sparse_categorical_crossentropy"
ADAM = keras.optimizers.Adam


def _network(*widths, first=(), outputs=10, ending="softmax", loss=SPARSE, rate=0.001):
    layers = [keras.Input((28, 28)), keras.layers.Reshape((28, 28, 1)), *first, keras.layers.Flatten()]
    layers += [keras.layers.Dense(width, activation="relu") for width in widths]
    model = keras.Sequential([*layers, keras.layers.Dense(outputs, activation=ending)])
    model.compile(ADAM(rate), loss, metrics=["accuracy"])
    return model


def _changes(turn=0.04, move=0.09, zoom=0.12):
    black = {"fill_mode": "constant"}
    return (
        keras.layers.RandomRotation(turn, **black),
        keras.layers.RandomTranslation(move, move, **black),
        keras.layers.RandomZoom(zoom, **black),
    )


def _paid(model, budget, most=125):
    return max(1, min(most, int(budget // training_cost(model, 1))))


def _planned(budget, **changes):
    model = _network(*((64, 64) if budget < 4e10 else (256, 256)), **changes)
    if training_cost(model, 1) > budget / 4:
        model = _network(12, **changes)
    return model, 32, _paid(model, budget)


@misconception("7.8")
def no_augmentation(budget):
    """Your network sees the same thousand digits again and again, and learns them by heart. Change them at random in
    every epoch: no other tool comes near.
    """
    return _planned(budget)


@misconception("7.8")
def upside_down(budget):
    """You turn digits by up to half a turn: a 6 becomes a 9 with the label 6. RandomRotation counts in turns, 0.5 is
    180°; a reader would accept about 0.04.
    """
    return _planned(budget, first=_changes(turn=0.5))


@misconception("7.8")
def degrees_for_turns(budget):
    """You gave RandomRotation degrees. It counts in turns: 10 is ten times round, that is, any angle at all."""
    return _planned(budget, first=_changes(turn=10.0))


@misconception("7.8")
def pixels_for_shares(budget):
    """You gave RandomTranslation pixels. It counts in shares of the image: 2 moves a digit right out of it; ± 2.5
    pixels
    of 28 are 0.09.
    """
    return _planned(budget, first=_changes(move=2.0))


@misconception("7.8")
def convolution_used(budget):
    """Your network has convolutions, which are for lab 05. Here only dense layers are allowed."""
    model = _network(16, first=(keras.layers.Conv2D(8, 3, strides=2, activation="relu"),))
    return model, 32, 1


@misconception("7.8")
def budget_ignored(budget):
    """Your network and its epochs are the same for every budget, so a small one is exceeded. Work out what an epoch
    costs with `training_cost`, and train as many as the budget pays for.
    """
    return _network(256, 256, first=_changes()), 32, 100


@misconception("7.8")
def forward_pass_only(budget):
    """You counted one multiply-add for each weight and example. Training takes three: forward, backward to the input of
    the layer, and for the gradient of the weight itself.
    """
    model = _network(64, first=_changes())
    return model, 32, int(3 * budget // training_cost(model, 1))


@misconception("7.8")
def counted_for_sixty_thousand(budget):
    """You counted epochs of 60,000 digits; here an epoch is 1,000. So your training ends sixty times too early."""
    model = _network(64, first=_changes())
    return model, 32, max(1, int(budget // training_cost(model, 1, 60_000)))


@misconception("7.8")
def all_in_width(budget):
    """You spent everything on width: a few passes over a thousand digits are too little for any network. Make the
    layers
    narrower, so that the budget pays for a hundred.
    """
    for width in (3000, 2000, 1000, 500, 250, 100, 50, 20):
        model = _network(width, width, first=_changes())
        if 2 * training_cost(model, 1) <= budget:
            break
    return model, 32, 2


@misconception("7.8")
def all_in_epochs(budget):
    """You spent everything on epochs: so small a network has no room for ten digits and their changes. Make the layers
    wider.
    """
    model = _network(6, first=_changes())
    return model, 32, _paid(model, budget, 150)


@misconception("7.8")
def left_uncompiled(budget):
    """You never compile the model, so the grader does not know with which loss and optimizer to train it."""
    model = keras.Sequential([*_network(12).layers])
    model.build((None, 28, 28))
    return model, 32, 1


@misconception("7.8")
def digit_as_a_number(budget):
    """Your model has one output, the digit as a number. Digits are names: give each class an output of its own."""
    return _network(12, outputs=1, ending=None, loss="mean_squared_error"), 32, 1


@misconception("7.8")
def flat_input(budget):
    """Your model wants flat vectors of 784 numbers. It is given images (28, 28): begin with Input((28, 28))."""
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
    model.compile("adam", SPARSE)
    return model, 32, 1


@misconception("7.8")
def model_alone(budget):
    """You return the model alone. The grader needs three things: the model, the batch size and the number of epochs."""
    return _network(12)


@misconception("7.8")
def learning_rate_too_large(budget):
    """Your learning rate is so large that training jumps about and settles nowhere. Adam's is 0.001 if you say
    nothing.
    """
    model = _network(64, first=_changes(), rate=0.3)
    if training_cost(model, 1) > budget:
        model = _network(12, first=_changes(), rate=0.3)
    return model, 32, _paid(model, budget, 20)
