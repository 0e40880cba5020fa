"""Known mistakes of lab 04, each with the sentence that a student reads who makes it."""

import functools
import math

import keras
import numpy as np

# Under names of their own: each mistake below takes the place of one of these functions.
from lab import adagrad_step as correct_adagrad_step
from lab import adam_step as correct_adam_step
from lab import batch_noise as correct_batch_noise
from lab import contraction as correct_contraction
from lab import equal_rate as correct_equal_rate
from lab import initial_weights as correct_initial_weights
from lab import minibatches as correct_minibatches
from lab import momentum_step as correct_momentum_step
from lab import noise_floor as correct_noise_floor
from lab import rmsprop_step as correct_rmsprop_step
from lab import signal as correct_signal
from lab import standardize as correct_standardize
from lab import step_decay as correct_step_decay
from lab import warmup_cosine as correct_warmup_cosine

import labkit
from labkit.check import misconception

# --- 4.1 Mini-batches and their noise --------------------------------------------------------------------------


def _cut(order, batch_size):
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


@misconception("4.1")
def tail_dropped(n, batch_size, seed, epoch):
    """You dropped the last batch because it is smaller; its rows are never used in this epoch."""
    return correct_minibatches(n, batch_size, seed, epoch)[: max(n // batch_size, 1)]


@misconception("4.1")
def no_batch_at_all(n, batch_size, seed, epoch):
    """You make n // batch_size batches: none at all where a batch is larger than the data. The rows that are
    left over make a batch, too.
    """
    return correct_minibatches(n, batch_size, seed, epoch)[: n // batch_size]


@misconception("4.1")
def split_evenly(n, batch_size, seed, epoch):
    """Your batches are about equally large, as np.array_split makes them: all have batch_size rows but the last,
    which has what is left over.
    """
    order = np.concatenate(correct_minibatches(n, batch_size, seed, epoch))
    return np.array_split(order, math.ceil(n / batch_size))


@misconception("4.1")
def filled_up_from_the_start(n, batch_size, seed, epoch):
    """You fill the last batch up with rows from the first one, which are then used twice: the last batch is smaller."""
    order = np.concatenate(correct_minibatches(n, batch_size, seed, epoch))
    return [np.take(order, range(s, s + batch_size), mode="wrap") for s in range(0, n, batch_size)]


@misconception("4.1")
def rows_numbered_from_1(n, batch_size, seed, epoch):
    """Your rows are numbered from 1; the first row is number 0."""
    return [rows + 1 for rows in correct_minibatches(n, batch_size, seed, epoch)]


@misconception("4.1")
def with_replacement(n, batch_size, seed, epoch):
    """You drew rows with replacement: some come twice, others not at all. An epoch uses every row once:
    permute them.
    """
    return _cut(np.random.default_rng([seed, epoch]).integers(0, n, size=n), batch_size)


@misconception("4.1")
def same_batches_every_epoch(n, batch_size, seed, epoch):
    """Every epoch has the same batches: the order must depend on `epoch`, too, as in default_rng([seed,
    epoch]).
    """
    return correct_minibatches(n, batch_size, seed, 0)


@misconception("4.1")
def the_seed_ignored(n, batch_size, seed, epoch):
    """Every seed gives the same batches: the order must depend on `seed`, too."""
    return correct_minibatches(n, batch_size, 0, epoch)


@misconception("4.1")
def in_file_order(n, batch_size, seed, epoch):
    """You use the rows as they come: where the data are sorted, each batch holds one class only. Shuffle them."""
    return _cut(np.arange(n), batch_size)


@misconception("4.1")
def only_batches_shuffled(n, batch_size, seed, epoch):
    """You shuffle the order of the batches, but not the rows: the same rows always go together. Permute the
    rows, then cut.
    """
    whole = _cut(np.arange(n), batch_size)
    order = np.random.default_rng([seed, epoch]).permutation(len(whole))
    return [whole[place] for place in order if len(whole[place]) == batch_size] + [
        rows for rows in whole if len(rows) < batch_size
    ]


@misconception("4.1")
def rows_rotated(n, batch_size, seed, epoch):
    """You begin at another row in each epoch, but keep their order: neighbours stay together. Permute the
    rows.
    """
    return _cut(
        np.roll(np.arange(n), -int(np.random.default_rng([seed, epoch]).integers(1, n + 1))), batch_size
    )


@misconception("4.1")
def another_order_each_time(n, batch_size, seed, epoch):
    """The same seed and epoch give another order each time: make the generator from both."""
    return _cut(np.random.default_rng().permutation(n), batch_size)


@misconception("4.1", replaces="batch_noise")
def rows_drawn_with_replacement(gradients, batch_size):
    """You left out the factor (n − b)/(n − 1): σ²/b is for rows drawn with replacement. Without, nothing is
    left to chance at b = n.
    """
    return float(((gradients - gradients.mean(axis=0)) ** 2).sum(axis=1).mean()) / batch_size


@misconception("4.1", replaces="batch_noise")
def factor_over_n(gradients, batch_size):
    """Your factor is (n − b)/n, that is 1 − b/n; it should be (n − b)/(n − 1): for a single row there is no
    discount.
    """
    n = len(gradients)
    return correct_batch_noise(gradients, batch_size) * (n - 1) / n


@misconception("4.1", replaces="batch_noise")
def variance_of_a_sample(gradients, batch_size):
    """Your σ² is divided by n − 1 and the factor by n − 1 once more: here σ² is the mean over the n rows."""
    n = len(gradients)
    return correct_batch_noise(gradients, batch_size) * n / max(n - 1, 1)


@misconception("4.1", replaces="batch_noise")
def not_divided_by_the_batch(gradients, batch_size):
    """You did not divide by b: the noise of a mean over b rows is a b-th of the noise of one."""
    return correct_batch_noise(gradients, batch_size) * batch_size


@misconception("4.1", replaces="batch_noise")
def root_taken(gradients, batch_size):
    """You took the root: the noise is a squared distance."""
    return math.sqrt(correct_batch_noise(gradients, batch_size))


@misconception("4.1", replaces="batch_noise")
def mean_over_coordinates(gradients, batch_size):
    """You averaged over the d coordinates; a squared distance is their *sum*."""
    return correct_batch_noise(gradients, batch_size) / gradients.shape[1]


@misconception("4.1", replaces="batch_noise")
def variance_of_all_numbers(gradients, batch_size):
    """np.var without an axis takes one mean for all coordinates, and averages over them: each column has its own mean,
    and a squared distance is the *sum* over the coordinates.
    """
    n = len(gradients)
    return float(np.var(gradients)) / batch_size * (n - batch_size) / max(n - 1, 1)


@misconception("4.1", replaces="batch_noise")
def mean_distance_squared(gradients, batch_size):
    """You averaged the distances and squared the mean; square them first, then average."""
    n = len(gradients)
    mean = float(np.linalg.norm(gradients - gradients.mean(axis=0), axis=1).mean())
    return mean**2 / batch_size * (n - batch_size) / max(n - 1, 1)


@misconception("4.1", replaces="batch_noise")
def noise_of_one_batch(gradients, batch_size):
    """You looked at one batch, the first rows; what is asked for is the mean over all batches there are."""
    return float(((gradients[:batch_size].mean(axis=0) - gradients.mean(axis=0)) ** 2).sum())


@misconception("4.1", replaces="batch_noise")
def mean_not_subtracted(gradients, batch_size):
    """You did not subtract the mean gradient: that measures how long the gradients are, not how far they are
    apart.
    """
    n = len(gradients)
    spread = float((gradients**2).sum(axis=1).mean())
    return spread / batch_size * (n - batch_size) / max(n - 1, 1)


@misconception("4.1", replaces="batch_noise")
def nothing_over_nothing(gradients, batch_size):
    """With a single row you divide 0 by 0: there the noise is 0."""
    n = len(gradients)
    spread = ((gradients - gradients.mean(axis=0)) ** 2).sum(axis=1).mean()
    with np.errstate(all="ignore"):
        return float(spread / batch_size * np.float64(n - batch_size) / np.float64(n - 1))


# --- 4.2 Momentum, in four dialects ----------------------------------------------------------------------------


@misconception("4.2")
def without_the_factor(weights, velocity, gradient, learning_rate, momentum, form):
    """In the form "average" the factor 1 − m of the gradient is missing: a moving average weighs old and new
    with m and 1 − m.
    """
    if form != "average":
        return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    velocity = momentum * velocity + gradient
    return weights - learning_rate * velocity, velocity


@misconception("4.2")
def slide_to_the_letter(weights, velocity, gradient, learning_rate, momentum, form):
    """You took the slide to the letter: its average has neither a learning rate nor a minus. The weights move
    by −η v.
    """
    if form != "average":
        return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    velocity = momentum * velocity + (1 - momentum) * gradient
    return weights + velocity, velocity


@misconception("4.2")
def rate_inside_the_average(weights, velocity, gradient, learning_rate, momentum, form):
    """In the form "average" the rate belongs to the step of the weights, not into the velocity, which is an
    average of gradients.
    """
    if form != "average":
        return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    velocity = momentum * velocity + (1 - momentum) * learning_rate * gradient
    return weights - velocity, velocity


@misconception("4.2")
def rate_taken_twice(weights, velocity, gradient, learning_rate, momentum, form):
    """In the form "average" the rate stands in the velocity *and* in the step: it belongs to the step alone."""
    if form != "average":
        return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    velocity = momentum * velocity + (1 - momentum) * learning_rate * gradient
    return weights - learning_rate * velocity, velocity


@misconception("4.2")
def shares_exchanged(weights, velocity, gradient, learning_rate, momentum, form):
    """In the form "average" m and 1 − m are exchanged: m, near 1, is the share of the *old* velocity."""
    if form != "average":
        return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    velocity = (1 - momentum) * velocity + momentum * gradient
    return weights - learning_rate * velocity, velocity


@misconception("4.2")
def sign_of_keras_everywhere(weights, velocity, gradient, learning_rate, momentum, form):
    """Fromont's velocity points up the slope, and is subtracted; yours has Keras' sign, in "heavy_ball" too."""
    if form != "heavy_ball":
        return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, "keras")


@misconception("4.2")
def sign_of_heavy_ball_everywhere(weights, velocity, gradient, learning_rate, momentum, form):
    """Keras' velocity points down the slope, v ← m v − η g, and is added; yours has Fromont's sign."""
    if form != "keras":
        return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, "heavy_ball")


@misconception("4.2")
def moved_by_the_old_velocity(weights, velocity, gradient, learning_rate, momentum, form):
    """You moved the weights by the old velocity: make the new one first, then step with it."""
    _, new = correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    if form == "average":
        return weights - learning_rate * velocity, new
    return (weights - velocity if form == "heavy_ball" else weights + velocity), new


@misconception("4.2")
def rate_outside_the_velocity(weights, velocity, gradient, learning_rate, momentum, form):
    """Your heavy ball has v ← m v + g and w ← w − η v, as PyTorch has: from rest the weights are the same, but not the
    velocity. Here the rate stands in the velocity: v ← m v + η g, w ← w − v.
    """
    if form != "heavy_ball":
        return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    velocity = momentum * velocity + gradient
    return weights - learning_rate * velocity, velocity


@misconception("4.2")
def nesterov_without_the_gradient(weights, velocity, gradient, learning_rate, momentum, form):
    """Your Nesterov moves by m v alone; the gradient's own step is missing: w + m v − η g, with the new v."""
    if form != "nesterov":
        return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    velocity = momentum * velocity - learning_rate * gradient
    return weights + momentum * velocity, velocity


@misconception("4.2")
def form_ignored(weights, velocity, gradient, learning_rate, momentum, form):
    """You always take Keras' form: use `form`."""
    return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, "keras")


@misconception("4.2")
def nesterov_as_plain_momentum(weights, velocity, gradient, learning_rate, momentum, form):
    """Your Nesterov is plain momentum. It looks ahead: w ← w + m v − η g with the *new* v. (With the old v that
    is plain momentum again.)
    """
    plain = "keras" if form == "nesterov" else form
    return correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, plain)


@misconception("4.2")
def nesterov_with_the_velocity_twice(weights, velocity, gradient, learning_rate, momentum, form):
    """Your Nesterov takes the velocity twice, w ← w + m v − η g + v: the step is m v − η g alone, with the new
    v.
    """
    moved, new = correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    return (moved + new if form == "nesterov" else moved), new


@misconception("4.2")
def velocity_not_returned(weights, velocity, gradient, learning_rate, momentum, form):
    """You return the old velocity: the next step would know nothing of this one."""
    moved, _ = correct_momentum_step(weights, velocity, gradient, learning_rate, momentum, form)
    return moved, velocity


@misconception("4.2", replaces="equal_rate")
def the_wrong_way_round(learning_rate, momentum, source, target):
    """You converted the wrong way round: a step of the averaging form is smaller by 1 − m, so its rate must be
    *larger* to walk alike.
    """
    return correct_equal_rate(learning_rate, momentum, target, source)


@misconception("4.2", replaces="equal_rate")
def not_converted(learning_rate, momentum, source, target):
    """You return the rate as it is. The averaging form weighs each gradient with 1 − m, the others with 1:
    their rates differ by that factor.
    """
    return learning_rate


@misconception("4.2", replaces="equal_rate")
def always_multiplied(learning_rate, momentum, source, target):
    """You multiply by 1 − m whatever the forms are: from "average" to another form it is a factor, to "average" a
    divisor, and the others have the same rate.
    """
    return learning_rate * (1 - momentum)


@misconception("4.2", replaces="equal_rate")
def heavy_ball_forgotten(learning_rate, momentum, source, target):
    """You convert between "average" and "keras" only; the heavy ball's rate is Keras'."""
    if "heavy_ball" in (source, target):
        return learning_rate
    return correct_equal_rate(learning_rate, momentum, source, target)


@misconception("4.2", replaces="equal_rate")
def same_form_converted(learning_rate, momentum, source, target):
    """You convert whenever the averaging form is named, even from itself to itself: there the rate stays."""
    if source == target == "average":
        return learning_rate * (1 - momentum)
    return correct_equal_rate(learning_rate, momentum, source, target)


@misconception("4.2", replaces="equal_rate")
def by_the_momentum(learning_rate, momentum, source, target):
    """You converted with m; the factor of the gradient in the averaging form is 1 − m."""
    scale = {"heavy_ball": 1.0, "keras": 1.0, "average": max(momentum, 1e-3)}
    return learning_rate * scale[source] / scale[target]


# --- 4.3 Which rate diverges? ----------------------------------------------------------------------------------


def _curvatures(hessian):
    return np.linalg.eigvalsh(hessian)


def _factor(curvatures, rate, momentum):
    middle = (1 + momentum - rate * np.asarray(curvatures, float)) / 2
    root = np.sqrt((middle**2 - momentum).astype(complex))
    return float(max(np.abs(middle + root).max(), np.abs(middle - root).max()))


@misconception("4.3")
def no_absolute_value(hessian, learning_rate, momentum=0.0):
    """You took the largest root without its absolute value: −1.1 is smaller than 0.9, but it is overshooting,
    and diverges. Take |r|.
    """
    middle = (1 + momentum - learning_rate * _curvatures(hessian)) / 2
    root = np.sqrt((middle**2 - momentum).astype(complex))
    return float(max((middle + root).real.max(), (middle - root).real.max()))


@misconception("4.3")
def momentum_ignored(hessian, learning_rate, momentum=0.0):
    """You ignore the momentum: with it the factor is a root of r² − (1 + m − ηe) r + m."""
    return correct_contraction(hessian, learning_rate)


@misconception("4.3")
def only_the_largest_curvature(hessian, learning_rate, momentum=0.0):
    """You looked at the largest curvature only; with a small rate the *smallest* one is the slowest: take the
    maximum over all.
    """
    return _factor(_curvatures(hessian)[-1:], learning_rate, momentum)


@misconception("4.3")
def only_the_smallest_curvature(hessian, learning_rate, momentum=0.0):
    """You looked at the smallest curvature only; with a large rate the largest one overshoots: take the
    maximum over all.
    """
    return _factor(_curvatures(hessian)[:1], learning_rate, momentum)


@misconception("4.3")
def the_diagonal(hessian, learning_rate, momentum=0.0):
    """You took the diagonal for the eigenvalues; that is so only where the axes of the valley are those of the
    weights.
    """
    return _factor(np.diag(hessian), learning_rate, momentum)


@misconception("4.3")
def the_trace(hessian, learning_rate, momentum=0.0):
    """You took the trace, the sum of all curvatures; each direction goes its own way with its own curvature."""
    return _factor([np.trace(hessian)], learning_rate, momentum)


@misconception("4.3")
def squared_curvatures(hessian, learning_rate, momentum=0.0):
    """You took the eigenvalues of HᵀH, which are the squares of the curvatures."""
    return _factor(np.linalg.eigvalsh(hessian.T @ hessian), learning_rate, momentum)


@misconception("4.3")
def the_smaller_root(hessian, learning_rate, momentum=0.0):
    """You took the smaller of the two roots; in the long run the larger one is what remains."""
    middle = (1 + momentum - learning_rate * _curvatures(hessian)) / 2
    root = np.sqrt((middle**2 - momentum).astype(complex))
    return float(np.minimum(np.abs(middle + root), np.abs(middle - root)).max())


@misconception("4.3")
def the_best_direction(hessian, learning_rate, momentum=0.0):
    """You took the smallest factor of all directions; in the long run the error is where the factor is
    *largest*.
    """
    return min(_factor([e], learning_rate, momentum) for e in _curvatures(hessian))


@misconception("4.3")
def roots_without_complex_numbers(hessian, learning_rate, momentum=0.0):
    """The root of a negative number is NaN in NumPy, unless it is complex: the two roots swing then. Convert with
    astype(complex) before np.sqrt.
    """
    middle = (1 + momentum - learning_rate * _curvatures(hessian)) / 2
    with np.errstate(all="ignore"):
        root = np.sqrt(middle**2 - momentum)
    return float(np.maximum(np.abs(middle + root), np.abs(middle - root)).max())


@misconception("4.3")
def real_parts_only(hessian, learning_rate, momentum=0.0):
    """You took the real parts of the roots; where they swing, the length counts: np.abs of the complex number."""
    middle = (1 + momentum - learning_rate * _curvatures(hessian)) / 2
    root = np.sqrt((middle**2 - momentum).astype(complex))
    return float(np.maximum(np.abs((middle + root).real), np.abs((middle - root).real)).max())


@misconception("4.3")
def only_the_root_with_plus(hessian, learning_rate, momentum=0.0):
    """You took the root with the plus only; where 1 + m − ηe is negative, the one with the minus is longer."""
    middle = (1 + momentum - learning_rate * _curvatures(hessian)) / 2
    return float(np.abs(middle + np.sqrt((middle**2 - momentum).astype(complex))).max())


@misconception("4.3")
def sum_of_the_roots(hessian, learning_rate, momentum=0.0):
    """|1 + m − ηe| is the *sum* of the two roots: solve r² − (1 + m − ηe) r + m = 0."""
    return float(np.abs(1 + momentum - learning_rate * _curvatures(hessian)).max())


@misconception("4.3")
def frobenius_norm(hessian, learning_rate, momentum=0.0):
    """np.linalg.norm of a matrix is the root of all its squares, not a curvature: take the eigenvalues."""
    return abs(1 - learning_rate * float(np.linalg.norm(hessian)))


@misconception("4.3")
def squared_factor(hessian, learning_rate, momentum=0.0):
    """That is the square: the *loss* shrinks by it. The error, a distance, shrinks by the factor itself."""
    return correct_contraction(hessian, learning_rate, momentum) ** 2


@misconception("4.3", replaces="best_rate")
def two_over_the_largest(hessian):
    """2/L is the border at which the steepest direction just does not settle; the best rate is 2/(L + μ)."""
    return 2 / float(_curvatures(hessian)[-1])


@misconception("4.3", replaces="best_rate")
def one_over_the_largest(hessian):
    """1/L settles the steepest direction at once and leaves the flat one slow; the best rate, equally bad at
    both ends, is 2/(L + μ).
    """
    return 1 / float(_curvatures(hessian)[-1])


@misconception("4.3", replaces="best_rate")
def ends_of_unsorted_eigenvalues(hessian):
    """np.linalg.eigvals does not sort; its first and last are any two. Take the smallest and the largest, or eigvalsh,
    which sorts.
    """
    values = np.linalg.eigvals(hessian)
    return 2 / float(values[0] + values[-1])


@misconception("4.3", replaces="best_rate")
def difference_for_the_sum(hessian):
    """You divided by L − μ; both ends equally bad, 1 − ημ = ηL − 1, gives 2/(L + μ)."""
    with np.errstate(all="ignore"):
        return float(np.float64(2) / (_curvatures(hessian)[-1] - _curvatures(hessian)[0]))


@misconception("4.3", replaces="best_rate")
def two_over_the_trace(hessian):
    """You divided by the sum of *all* curvatures; only the largest and the smallest count."""
    return 2 / float(np.trace(hessian))


@misconception("4.3", replaces="best_rate")
def one_over_the_sum(hessian):
    """1/(L + μ) is half of it: the best rate is 2/(L + μ)."""
    return 1 / float(_curvatures(hessian)[0] + _curvatures(hessian)[-1])


@misconception("4.3", replaces="best_rate")
def ends_of_the_diagonal(hessian):
    """You took the largest and the smallest number of the diagonal; the curvatures are the eigenvalues."""
    return 2 / float(np.diag(hessian).max() + np.diag(hessian).min())


@misconception("4.3", replaces="best_rate")
def best_rate_of_squared_curvatures(hessian):
    """You took singular values of HᵀH or squared the curvatures: 2/(L² + μ²)."""
    return 2 / float(_curvatures(hessian)[0] ** 2 + _curvatures(hessian)[-1] ** 2)


# --- 4.4 Adagrad, RMSprop, Adam --------------------------------------------------------------------------------


@misconception("4.4")
def adagrad_that_averages(weights, gradient, accumulator, learning_rate, epsilon=1e-7):
    """Your Adagrad keeps a moving average; it *sums up* the squares and forgets nothing."""
    return correct_rmsprop_step(weights, gradient, accumulator, learning_rate, epsilon=epsilon)


@misconception("4.4")
def adagrad_without_root(weights, gradient, accumulator, learning_rate, epsilon=1e-7):
    """You divided by the sum of squares itself; take its root, or the step has the wrong unit, 1/gradient."""
    accumulator = accumulator + gradient**2
    return weights - learning_rate * gradient / (accumulator + epsilon), accumulator


@misconception("4.4")
def adagrad_with_the_old_sum(weights, gradient, accumulator, learning_rate, epsilon=1e-7):
    """You divided by the old sum, which is 0 in the first step: add the new square first."""
    return weights - learning_rate * gradient / np.sqrt(accumulator + epsilon), accumulator + gradient**2


@misconception("4.4")
def one_sum_for_all_weights(weights, gradient, accumulator, learning_rate, epsilon=1e-7):
    """You summed up the squares of all weights; each weight has its own sum: no np.sum, all element by element."""
    accumulator = accumulator + np.sum(gradient**2)
    return weights - learning_rate * gradient / np.sqrt(accumulator + epsilon), accumulator


@misconception("4.4")
def adagrad_without_epsilon(weights, gradient, accumulator, learning_rate, epsilon=1e-7):
    """Without ε a weight whose gradients were all 0 becomes 0/0, NaN."""
    accumulator = accumulator + gradient**2
    with np.errstate(all="ignore"):
        return weights - learning_rate * gradient / np.sqrt(accumulator), accumulator


@misconception("4.4")
def adagrad_in_place(weights, gradient, accumulator, learning_rate, epsilon=1e-7):
    """`accumulator += …` changes the caller's array, and you then add the square a second time; make a new
    array.
    """
    accumulator += gradient**2
    return correct_adagrad_step(weights, gradient, accumulator, learning_rate, epsilon)


@misconception("4.4", replaces="rmsprop_step")
def rmsprop_that_sums(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    """Your RMSprop sums up the squares; that is Adagrad. A moving average forgets: ρ s + (1 − ρ) g²."""
    return correct_adagrad_step(weights, gradient, average, learning_rate, epsilon)


@misconception("4.4", replaces="rmsprop_step")
def rmsprop_without_root(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    """You divided by the average of squares itself; take its root."""
    average = rho * average + (1 - rho) * gradient**2
    return weights - learning_rate * gradient / (average + epsilon), average


@misconception("4.4", replaces="rmsprop_step")
def rmsprop_with_the_old_average(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    """You stepped with the old average, which is 0 in the first step: make the new one first."""
    moved = weights - learning_rate * gradient / np.sqrt(average + epsilon)
    return moved, rho * average + (1 - rho) * gradient**2


@misconception("4.4", replaces="rmsprop_step")
def added_for_subtracted(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    """You add the step: that goes uphill. Subtract it."""
    average = rho * average + (1 - rho) * gradient**2
    return weights + learning_rate * gradient / np.sqrt(average + epsilon), average


@misconception("4.4", replaces="rmsprop_step")
def rate_forgotten(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    """Your step lacks the learning rate."""
    average = rho * average + (1 - rho) * gradient**2
    return weights - gradient / np.sqrt(average + epsilon), average


@misconception("4.4", replaces="rmsprop_step")
def rho_the_wrong_way_round(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    """ρ and 1 − ρ are exchanged: ρ, near 1, is the share of the *old* average that stays."""
    return correct_rmsprop_step(weights, gradient, average, learning_rate, 1 - rho, epsilon)


@misconception("4.4", replaces="rmsprop_step")
def rho_without_its_counterpart(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    """The new square lacks the factor 1 − ρ: old and new share the weight, ρ and 1 − ρ."""
    average = rho * average + gradient**2
    return weights - learning_rate * gradient / np.sqrt(average + epsilon), average


@misconception("4.4", replaces="rmsprop_step")
def gradients_not_squared(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    """You averaged the gradients' sizes; RMSprop averages their squares, and takes the root afterwards."""
    average = rho * average + (1 - rho) * np.abs(gradient)
    return weights - learning_rate * gradient / np.sqrt(average + epsilon), average


@misconception("4.4", replaces="rmsprop_step")
def rmsprop_without_epsilon(weights, gradient, average, learning_rate, rho=0.9, epsilon=1e-7):
    """Without ε a weight whose gradients were all 0 becomes 0/0, NaN."""
    average = rho * average + (1 - rho) * gradient**2
    with np.errstate(all="ignore"):
        return weights - learning_rate * gradient / np.sqrt(average), average


@misconception("4.4", replaces="adam_step")
def adam_without_correction(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """The averages are not corrected: they start at 0 and are too small at first, in the first step by 0.1 and
    0.001. Divide by 1 − βᵗ.
    """
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    return weights - learning_rate * mean / (np.sqrt(square) + epsilon), mean, square


@misconception("4.4", replaces="adam_step")
def steps_counted_from_0(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """You corrected with step + 1; `step` counts from 1 already."""
    return correct_adam_step(
        weights, gradient, mean, square, step + 1, learning_rate, beta_1, beta_2, epsilon
    )


@misconception("4.4", replaces="adam_step")
def corrected_averages_handed_on(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """You return the corrected averages as the state, so the next step corrects them once more: hand on those
    without correction.
    """
    moved, mean, square = correct_adam_step(
        weights, gradient, mean, square, step, learning_rate, beta_1, beta_2, epsilon
    )
    return moved, mean / (1 - beta_1**step), square / (1 - beta_2**step)


@misconception("4.4", replaces="adam_step")
def only_the_mean_corrected(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """You corrected the mean, but not the average of squares, which starts at 0, too."""
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    corrected = mean / (1 - beta_1**step)
    return weights - learning_rate * corrected / (np.sqrt(square) + epsilon), mean, square


@misconception("4.4", replaces="adam_step")
def corrected_after_the_root(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """You took the root before the correction: correct the average of squares, then take its root."""
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    root = np.sqrt(square) / (1 - beta_2**step)
    return weights - learning_rate * mean / (1 - beta_1**step) / (root + epsilon), mean, square


@misconception("4.4", replaces="adam_step")
def corrected_as_in_the_first_step(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """You divided by 1 − β in every step: in step t it is 1 − β to the power t."""
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    root = np.sqrt(square / (1 - beta_2)) + epsilon
    return weights - learning_rate * mean / (1 - beta_1) / root, mean, square


@misconception("4.4", replaces="adam_step")
def beta_times_the_step(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """You corrected by 1 − β·t; t is an exponent, 1 − β**t."""
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    with np.errstate(all="ignore"):
        root = np.sqrt(square / (1 - beta_2 * step)) + epsilon
        return weights - learning_rate * mean / (1 - beta_1 * step) / root, mean, square


@misconception("4.4", replaces="adam_step")
def adam_without_root(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """You divided by the corrected average of squares itself; take its root."""
    moved, mean, square = correct_adam_step(
        weights, gradient, mean, square, step, 1.0, beta_1, beta_2, epsilon
    )
    root = np.sqrt(square / (1 - beta_2**step))
    return weights + learning_rate * (moved - weights) / (root + epsilon), mean, square


@misconception("4.4", replaces="adam_step")
def betas_exchanged(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """β₁ and β₂ are exchanged: β₁ belongs to the gradients, β₂, which forgets more slowly, to their squares."""
    return correct_adam_step(weights, gradient, mean, square, step, learning_rate, beta_2, beta_1, epsilon)


@misconception("4.4", replaces="adam_step")
def the_gradient_itself(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """Your step has the gradient itself above the fraction; Adam's has the corrected *average* of the
    gradients.
    """
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    root = np.sqrt(square / (1 - beta_2**step)) + epsilon
    return weights - learning_rate * gradient / root, mean, square


@misconception("4.4", replaces="adam_step")
def adam_without_epsilon(
    weights, gradient, mean, square, step, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """Without ε a weight whose gradients were all 0 becomes 0/0, NaN."""
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    with np.errstate(all="ignore"):
        step_taken = mean / (1 - beta_1**step) / np.sqrt(square / (1 - beta_2**step))
    return weights - learning_rate * step_taken, mean, square


# --- 4.5 Who made this trajectory? -----------------------------------------------------------------------------


def _directions(gradients):
    """What each optimizer makes of the gradients at rate 1, (t, d) each."""
    nothing = np.zeros(gradients.shape[1])
    found = {name: [] for name in ("sgd", "momentum", "adagrad", "rmsprop", "adam")}
    v = s = a = m = q = nothing
    for step, g in enumerate(gradients, 1):
        moved, v = correct_momentum_step(nothing, v, g, 1.0, 0.9, "keras")
        found["sgd"].append(-g)
        found["momentum"].append(moved)
        moved, s = correct_adagrad_step(nothing, g, s, 1.0)
        found["adagrad"].append(moved)
        moved, a = correct_rmsprop_step(nothing, g, a, 1.0)
        found["rmsprop"].append(moved)
        moved, m, q = correct_adam_step(nothing, g, m, q, step, 1.0)
        found["adam"].append(moved)
    return {name: np.array(moves) for name, moves in found.items()}


def _nearest(steps, directions):
    misfit = {}
    for name, moves in directions.items():
        rate = (steps * moves).sum() / max((moves**2).sum(), 1e-300)
        misfit[name] = ((steps - rate * moves) ** 2).sum()
    return min(misfit, key=misfit.get)


@misconception("4.5")
def first_step_only(weights, gradients):
    """You compared the first step only; there Adagrad, RMSprop and Adam are alike, and so are gradient descent
    and momentum. Compare all steps.
    """
    return _nearest(np.diff(weights, axis=0)[:1], {n: d[:1] for n, d in _directions(gradients).items()})


@misconception("4.5")
def last_step_only(weights, gradients):
    """You compared the last step only; with one rate to fit, several optimizers come near it. Compare all
    steps.
    """
    return _nearest(np.diff(weights, axis=0)[-1:], {n: d[-1:] for n, d in _directions(gradients).items()})


@misconception("4.5")
def rate_of_adam_assumed(weights, gradients):
    """You assumed the rate 0.001; it is not known. Fit it: Σ step · direction / Σ direction²."""
    steps = np.diff(weights, axis=0)
    misfit = {name: ((steps - 0.001 * moves) ** 2).sum() for name, moves in _directions(gradients).items()}
    return min(misfit, key=misfit.get)


@misconception("4.5")
def a_hundredth_assumed(weights, gradients):
    """You assumed the rate 0.01; it is not known. Fit it: Σ step · direction / Σ direction²."""
    steps = np.diff(weights, axis=0)
    misfit = {name: ((steps - 0.01 * moves) ** 2).sum() for name, moves in _directions(gradients).items()}
    return min(misfit, key=misfit.get)


@misconception("4.5")
def no_momentum_known(weights, gradients):
    """You never answer "momentum": predict its steps, too, with a velocity that starts at 0."""
    directions = _directions(gradients)
    del directions["momentum"]
    return _nearest(np.diff(weights, axis=0), directions)


@misconception("4.5")
def told_apart_by_shorter_steps(weights, gradients):
    """You tell the adaptive ones apart by whether the steps get shorter; that depends on the gradients as
    well. Predict the steps of each, and compare.
    """
    steps = np.diff(weights, axis=0)
    found = _nearest(steps, _directions(gradients))
    if found in ("sgd", "momentum"):
        return found
    lengths = np.linalg.norm(steps, axis=1)
    early, late = lengths[: len(lengths) // 3].mean(), lengths[-(len(lengths) // 3) :].mean()
    return "adagrad" if late < 0.5 * early else "rmsprop" if late < 0.9 * early else "adam"


@misconception("4.5")
def a_rate_for_each_step(weights, gradients):
    """You fitted a rate for every step; so Adagrad's shrinking steps look like gradient descent along a line.
    There is one rate for all steps.
    """
    steps, misfit = np.diff(weights, axis=0), {}
    for name, moves in _directions(gradients).items():
        rates = (steps * moves).sum(axis=1) / np.maximum((moves**2).sum(axis=1), 1e-300)
        misfit[name] = round(float(((steps - rates[:, None] * moves) ** 2).sum() / (steps**2).sum()), 9)
    return min(misfit, key=misfit.get)


@misconception("4.5")
def lengths_compared(weights, gradients):
    """You compared the lengths of the steps, not the steps: gradient descent along the diagonal looks like
    Adam then. Compare every weight.
    """
    lengths, misfit = np.linalg.norm(np.diff(weights, axis=0), axis=1), {}
    for name, moves in _directions(gradients).items():
        sizes = np.linalg.norm(moves, axis=1)
        rate = (lengths * sizes).sum() / (sizes**2).sum()
        misfit[name] = round(float(((lengths - rate * sizes) ** 2).sum() / (lengths**2).sum()), 9)
    return min(misfit, key=misfit.get)


@misconception("4.5")
def always_sgd(weights, gradients):
    """You always answer "sgd"."""
    return "sgd"


@misconception("4.5")
def largest_misfit(weights, gradients):
    """You answer with the optimizer that fits worst: take the smallest misfit."""
    steps, misfit = np.diff(weights, axis=0), {}
    for name, moves in _directions(gradients).items():
        rate = (steps * moves).sum() / max((moves**2).sum(), 1e-300)
        misfit[name] = ((steps - rate * moves) ** 2).sum()
    return max(misfit, key=misfit.get)


# --- 4.6 Schedules, and the noise floor ------------------------------------------------------------------------


@misconception("4.6")
def multiplied(epoch, initial_rate, factor, every):
    """You multiplied by the factor: the rate grows. Divide by it."""
    return initial_rate * factor ** (epoch // every)


@misconception("4.6")
def dropped_one_epoch_late(epoch, initial_rate, factor, every):
    """Your rate drops one epoch late: epochs count from 0, so with every = 10 epoch 10 is the eleventh."""
    return correct_step_decay(max(epoch - 1, 0), initial_rate, factor, every)


@misconception("4.6")
def dropped_one_epoch_early(epoch, initial_rate, factor, every):
    """Your rate drops one epoch early: epochs count from 0, so with every = 10 epoch 9 is the tenth, and still
    has the first rate.
    """
    return correct_step_decay(epoch + 1, initial_rate, factor, every)


@misconception("4.6")
def rounded_up(epoch, initial_rate, factor, every):
    """You round epoch/every up, so the rate is divided from epoch 1 on: it stays for `every` epochs, epoch // every."""
    return initial_rate / factor ** math.ceil(epoch / every)


@misconception("4.6")
def decay_without_steps(epoch, initial_rate, factor, every):
    """Your rate falls in every epoch: it stays constant for `every` epochs. Use whole-number division, epoch
    // every.
    """
    return initial_rate / factor ** (epoch / every)


@misconception("4.6")
def divided_once(epoch, initial_rate, factor, every):
    """You divide once; after every further `every` epochs the rate is divided again."""
    return initial_rate / (factor if epoch >= every else 1)


@misconception("4.6")
def only_in_the_epoch_of_the_drop(epoch, initial_rate, factor, every):
    """Your rate is divided in the epochs 10, 20, … alone and then goes up again: it stays divided."""
    return initial_rate / factor if epoch > 0 and epoch % every == 0 else initial_rate


@misconception("4.6")
def divided_by_multiples(epoch, initial_rate, factor, every):
    """You divide by factor times the number of drops; each drop divides once more, so it is factor to the
    power of it.
    """
    drops = epoch // every
    return initial_rate / (factor * drops if drops else 1)


@misconception("4.6", replaces="warmup_cosine")
def warmup_from_one(step, peak_rate, warmup_steps, total_steps):
    """Your warm-up starts at peak/warmup_steps: step 0 has the rate 0, and the peak comes at warmup_steps
    itself.
    """
    if step < warmup_steps:
        return peak_rate * (step + 1) / warmup_steps
    return correct_warmup_cosine(step, peak_rate, warmup_steps, total_steps)


@misconception("4.6", replaces="warmup_cosine")
def cosine_over_all_steps(step, peak_rate, warmup_steps, total_steps):
    """Your cosine runs over all steps, so after the warm-up it does not begin at the peak: it begins at
    warmup_steps.
    """
    if step < warmup_steps:
        return peak_rate * step / warmup_steps
    return correct_warmup_cosine(step, peak_rate, 0, total_steps)


@misconception("4.6", replaces="warmup_cosine")
def no_warmup(step, peak_rate, warmup_steps, total_steps):
    """You begin at the peak: the first warmup_steps are a straight line from 0."""
    return (
        peak_rate
        if step < warmup_steps
        else correct_warmup_cosine(step, peak_rate, warmup_steps, total_steps)
    )


@misconception("4.6", replaces="warmup_cosine")
def no_warmup_divided_by(step, peak_rate, warmup_steps, total_steps):
    """Without warm-up, warmup_steps = 0, you divide by 0 in step 0: the line is for steps *before* warmup_steps, and
    there is none.
    """
    if step <= warmup_steps:
        return peak_rate * step / warmup_steps
    return correct_warmup_cosine(step, peak_rate, warmup_steps, total_steps)


@misconception("4.6", replaces="warmup_cosine")
def cosine_without_pi(step, peak_rate, warmup_steps, total_steps):
    """Your cosine goes from 0 to 1; half a cosine goes to π: cos(π t)."""
    if step < warmup_steps or step >= total_steps:
        return correct_warmup_cosine(step, peak_rate, warmup_steps, total_steps)
    return peak_rate * (1 + math.cos((step - warmup_steps) / (total_steps - warmup_steps))) / 2


@misconception("4.6", replaces="warmup_cosine")
def cosine_after_the_warmup(step, peak_rate, warmup_steps, total_steps):
    """Your cosine lasts total_steps after the warm-up; it ends *at* total_steps, so it has total − warmup
    steps.
    """
    return correct_warmup_cosine(step, peak_rate, warmup_steps, total_steps + warmup_steps)


@misconception("4.6", replaces="warmup_cosine")
def straight_line_down(step, peak_rate, warmup_steps, total_steps):
    """After the peak you go down in a straight line; half a cosine is asked for."""
    if step < warmup_steps or step >= total_steps:
        return correct_warmup_cosine(step, peak_rate, warmup_steps, total_steps)
    return peak_rate * (total_steps - step) / (total_steps - warmup_steps)


@misconception("4.6", replaces="warmup_cosine")
def cosine_of_degrees(step, peak_rate, warmup_steps, total_steps):
    """math.cos takes radians; half a cosine ends at π, not at 180."""
    if step < warmup_steps or step >= total_steps:
        return correct_warmup_cosine(step, peak_rate, warmup_steps, total_steps)
    return peak_rate * (1 + math.cos(180 * (step - warmup_steps) / (total_steps - warmup_steps))) / 2


@misconception("4.6", replaces="warmup_cosine")
def a_whole_cosine(step, peak_rate, warmup_steps, total_steps):
    """Your cosine goes down and up again: half a cosine, from 0 to π, is what is wanted."""
    if step < warmup_steps or step >= total_steps:
        return correct_warmup_cosine(step, peak_rate, warmup_steps, total_steps)
    return peak_rate * (1 + math.cos(2 * math.pi * (step - warmup_steps) / (total_steps - warmup_steps))) / 2


@misconception("4.6", replaces="warmup_cosine")
def a_quarter_of_a_cosine(step, peak_rate, warmup_steps, total_steps):
    """Your rate is cos(π/2 · t): that falls steeply to the end. Half a cosine is (1 + cos(π t))/2."""
    if step < warmup_steps or step >= total_steps:
        return correct_warmup_cosine(step, peak_rate, warmup_steps, total_steps)
    return peak_rate * math.cos(math.pi / 2 * (step - warmup_steps) / (total_steps - warmup_steps))


@misconception("4.6", replaces="warmup_cosine")
def up_again_after_the_end(step, peak_rate, warmup_steps, total_steps):
    """After total_steps your cosine rises again: from there on the rate is 0."""
    if step < warmup_steps:
        return peak_rate * step / warmup_steps
    return peak_rate * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps))) / 2


@misconception("4.6", replaces="noise_floor")
def limit_of_small_rates(learning_rate, curvature, noise):
    """η·noise/4 is the limit for small rates; for larger ones the curvature counts: η·noise/(2(2 − ηe))."""
    if learning_rate * curvature >= 2:
        return math.inf
    return learning_rate * noise / 4


@misconception("4.6", replaces="noise_floor")
def variance_of_the_weight(learning_rate, curvature, noise):
    """That is the expected square of the weight, η·noise/(e(2 − ηe)); the loss is ½ e times it."""
    if learning_rate * curvature >= 2:
        return math.inf
    return correct_noise_floor(learning_rate, curvature, noise) * 2 / curvature


@misconception("4.6", replaces="noise_floor")
def noise_as_deviation(learning_rate, curvature, noise):
    """You squared the noise; `noise` is a variance already."""
    return correct_noise_floor(learning_rate, curvature, noise) * noise


@misconception("4.6", replaces="noise_floor")
def times_the_room(learning_rate, curvature, noise):
    """You multiplied by 2 − ηe: in Python a / 2 * b is (a/2)·b. Put the divisor in brackets, 2 * (2 − ηe)."""
    room = 2 - learning_rate * curvature
    return math.inf if room <= 0 else learning_rate * noise / 2 * room


@misconception("4.6", replaces="noise_floor")
def without_the_half(learning_rate, curvature, noise):
    """You left out the ½ of the loss ½ e w²."""
    return 2 * correct_noise_floor(learning_rate, curvature, noise)


@misconception("4.6", replaces="noise_floor")
def noise_of_one_step(learning_rate, curvature, noise):
    """That is the loss which the noise of *one* step makes, ½ e η² noise; it adds up over the steps until the
    shrinking balances it.
    """
    if learning_rate * curvature >= 2:
        return math.inf
    return curvature * learning_rate**2 * noise / 2


@misconception("4.6", replaces="noise_floor")
def negative_beyond_the_border(learning_rate, curvature, noise):
    """Beyond ηe = 2 the formula becomes negative, and at 2 it divides by 0; there the weight runs away, and
    the floor is math.inf.
    """
    room = 2 - learning_rate * curvature
    return learning_rate * noise / (2 * room) if room else -math.inf


@misconception("4.6", replaces="noise_floor")
def infinite_only_beyond(learning_rate, curvature, noise):
    """At ηe = 2 exactly nothing shrinks any more, and the noise adds up without end: infinite from 2 *on*."""
    if learning_rate * curvature == 2:
        return 1e300
    return correct_noise_floor(learning_rate, curvature, noise)


@misconception("4.6", replaces="noise_floor")
def border_at_one(learning_rate, curvature, noise):
    """Your border is ηe = 1; from 1 to 2 the weight overshoots, but it still settles."""
    return (
        math.inf if learning_rate * curvature >= 1 else correct_noise_floor(learning_rate, curvature, noise)
    )


# --- 4.7 Initial weights, layer by layer -----------------------------------------------------------------------


def _weights(sizes, seed, deviation):
    rng = np.random.default_rng(seed)
    return [
        rng.normal(scale=deviation(inputs, units), size=(inputs, units))
        for inputs, units in zip(sizes[:-1], sizes[1:], strict=True)
    ]


@misconception("4.7")
def number_of_units(sizes, scheme, seed):
    """You took the number of units for the number of inputs: what is summed up are the inputs."""
    if scheme in ("uniform", "glorot"):
        return correct_initial_weights(sizes, scheme, seed)
    top = 2 if scheme == "he" else 1
    return _weights(sizes, seed, lambda inputs, units: math.sqrt(top / units))


@misconception("4.7")
def variance_as_deviation(sizes, scheme, seed):
    """You used the variance as standard deviation: NumPy's `scale` is the deviation, take the root."""
    if scheme == "uniform":
        return correct_initial_weights(sizes, scheme, seed)
    variance = {"lecun": lambda i, u: 1 / i, "he": lambda i, u: 2 / i, "glorot": lambda i, u: 2 / (i + u)}[
        scheme
    ]
    return _weights(sizes, seed, variance)


@misconception("4.7")
def he_without_the_two(sizes, scheme, seed):
    """Your "he" has the variance 1/inputs; relu throws half of the square away, so it needs 2/inputs."""
    return correct_initial_weights(sizes, "lecun" if scheme == "he" else scheme, seed)


@misconception("4.7")
def he_with_the_two_outside(sizes, scheme, seed):
    """Your "he" has the deviation 2/√inputs; the 2 belongs under the root."""
    if scheme != "he":
        return correct_initial_weights(sizes, scheme, seed)
    return _weights(sizes, seed, lambda inputs, units: 2 / math.sqrt(inputs))


@misconception("4.7")
def glorot_without_the_two(sizes, scheme, seed):
    """Your "glorot" has the variance 1/(inputs + units); the mean of both sizes is half of the sum, so it is
    2/(inputs + units).
    """
    if scheme != "glorot":
        return correct_initial_weights(sizes, scheme, seed)
    return _weights(sizes, seed, lambda inputs, units: math.sqrt(1 / (inputs + units)))


@misconception("4.7")
def limit_as_deviation(sizes, scheme, seed):
    """Your "glorot" has the deviation √(6/(inputs + units)): that is the *limit* of the uniform one; the normal one has
    √(2/(inputs + units)).
    """
    if scheme != "glorot":
        return correct_initial_weights(sizes, scheme, seed)
    return _weights(sizes, seed, lambda inputs, units: math.sqrt(6 / (inputs + units)))


@misconception("4.7")
def scheme_ignored(sizes, scheme, seed):
    """You always draw with He's deviation: use `scheme`."""
    return _weights(sizes, seed, lambda inputs, units: math.sqrt(2 / inputs))


@misconception("4.7")
def normal_for_uniform(sizes, scheme, seed):
    """Your "uniform" is a normal distribution; U[−1, 1] has no value beyond 1, and all between are equally likely."""
    if scheme != "uniform":
        return correct_initial_weights(sizes, scheme, seed)
    return _weights(sizes, seed, lambda inputs, units: 1.0)


@misconception("4.7")
def every_layer_alike(sizes, scheme, seed):
    """You made a new generator with the same seed for each layer, so all layers hold the same numbers: make
    one, and draw all layers from it.
    """
    return [
        correct_initial_weights(pair, scheme, seed)[0] for pair in zip(sizes[:-1], sizes[1:], strict=True)
    ]


@misconception("4.7")
def uniform_from_0(sizes, scheme, seed):
    """Your "uniform" goes from 0 to 1 (rng.random does): all weights are positive. It should go from −1 to 1."""
    layers = correct_initial_weights(sizes, scheme, seed)
    return [(layer + 1) / 2 for layer in layers] if scheme == "uniform" else layers


@misconception("4.7")
def glorot_uniform(sizes, scheme, seed):
    """Your "glorot" is the uniform one, Keras' default, with the right variance; here it is normal."""
    if scheme != "glorot":
        return correct_initial_weights(sizes, scheme, seed)
    rng = np.random.default_rng(seed)
    return [
        rng.uniform(-1, 1, size=(i, u)) * math.sqrt(6 / (i + u))
        for i, u in zip(sizes[:-1], sizes[1:], strict=True)
    ]


@misconception("4.7")
def cut_off_and_smaller(sizes, scheme, seed):
    """You cut the normal distribution off at two deviations, which leaves 0.88 of the deviation: divide by
    0.8796 again, as Keras does.
    """
    layers = correct_initial_weights(sizes, scheme, seed)
    if scheme == "uniform":
        return layers
    rng = np.random.default_rng(seed)
    cut = []
    for inputs, units in zip(sizes[:-1], sizes[1:], strict=True):
        deviation = math.sqrt({"lecun": 1 / inputs, "he": 2 / inputs, "glorot": 2 / (inputs + units)}[scheme])
        layer = rng.normal(size=(inputs, units))
        while (outside := np.abs(layer) > 2).any():
            layer[outside] = rng.normal(size=int(outside.sum()))
        cut.append(deviation * layer)
    return cut


@misconception("4.7")
def seed_of_the_weights_ignored(sizes, scheme, seed):
    """Every seed gives the same weights: make the generator from `seed`."""
    return correct_initial_weights(sizes, scheme, 0)


@misconception("4.7")
def units_as_rows(sizes, scheme, seed):
    """Your arrays are (units, inputs); rows are examples here, x @ W, so they are (inputs, units)."""
    return [layer.T.copy() for layer in correct_initial_weights(sizes, scheme, seed)]


_ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 0.5 * (1 + np.tanh(z / 2)),
}


def _signal(x, weights, activation, output_gradient, slope=None, inputs_of=None, through=True):
    """The reference with other slopes, or another input of each layer."""
    right = {
        "linear": lambda y: np.ones_like(y),
        "relu": lambda y: (y > 0).astype(float),
        "tanh": lambda y: 1 - y**2,
        "sigmoid": lambda y: y * (1 - y),
    }[activation]
    outputs = [x]
    for w in weights:
        outputs.append(_ACTIVATIONS[activation](outputs[-1] @ w))
    lengths, back = [], output_gradient
    for number in range(len(weights) - 1, -1, -1):
        y = outputs[number + 1]
        delta = back * (slope or right)(y)
        source = (inputs_of or (lambda outputs, number: outputs[number]))(outputs, number)
        lengths.append(np.linalg.norm(source.T @ delta))
        back = delta @ weights[number].T if through else back @ weights[number].T
    answer = correct_signal(x, weights, activation, output_gradient)
    return {**answer, "gradient": np.array(lengths[::-1])}


@misconception("4.7", replaces="signal")
def deviation_for_root_mean_square(x, weights, activation, output_gradient):
    """Your "rms" is a standard deviation, which subtracts the mean: relu and sigmoid have outputs whose mean
    is not 0. Take the root of the mean square.
    """
    outputs, found = x, []
    for w in weights:
        outputs = _ACTIVATIONS[activation](outputs @ w)
        found.append(outputs.std())
    return {**correct_signal(x, weights, activation, output_gradient), "rms": np.array(found)}


@misconception("4.7", replaces="signal")
def sizes_before_the_activation(x, weights, activation, output_gradient):
    """Your "rms" is that of the sums z; the outputs are f(z)."""
    outputs, found = x, []
    for w in weights:
        found.append(np.sqrt(((outputs @ w) ** 2).mean()))
        outputs = _ACTIVATIONS[activation](outputs @ w)
    return {**correct_signal(x, weights, activation, output_gradient), "rms": np.array(found)}


@misconception("4.7", replaces="signal")
def mean_of_absolute_values(x, weights, activation, output_gradient):
    """Your "rms" is the mean of the absolute values; square, take the mean, then the root."""
    outputs, found = x, []
    for w in weights:
        outputs = _ACTIVATIONS[activation](outputs @ w)
        found.append(np.abs(outputs).mean())
    return {**correct_signal(x, weights, activation, output_gradient), "rms": np.array(found)}


@misconception("4.7", replaces="signal")
def mean_square_without_root(x, weights, activation, output_gradient):
    """Your "rms" is the mean square: take its root."""
    answer = correct_signal(x, weights, activation, output_gradient)
    return {**answer, "rms": answer["rms"] ** 2}


@misconception("4.7", replaces="signal")
def slope_at_zero(x, weights, activation, output_gradient):
    """Your relu has the slope 1 where its output is 0, so nothing is held back: the slope is y > 0, not y >= 0."""
    slope = (lambda y: np.ones_like(y)) if activation == "relu" else None
    return _signal(x, weights, activation, output_gradient, slope=slope)


@misconception("4.7", replaces="signal")
def squared_length(x, weights, activation, output_gradient):
    """Your gradients are the sums of squares; a length is the root of that."""
    answer = correct_signal(x, weights, activation, output_gradient)
    return {**answer, "gradient": answer["gradient"] ** 2}


@misconception("4.7", replaces="signal")
def input_as_a_layer(x, weights, activation, output_gradient):
    """You measured the input, too; the first number belongs to the first layer's outputs."""
    answer = correct_signal(x, weights, activation, output_gradient)
    first = {"rms": np.sqrt((x**2).mean()), "dead": (x == 0).all(axis=0).mean()}
    return {**answer, **{key: np.append(first[key], answer[key]) for key in first}}


@misconception("4.7", replaces="signal")
def dead_units_counted(x, weights, activation, output_gradient):
    """You counted the dead units; "dead" is their share of the layer's units."""
    answer = correct_signal(x, weights, activation, output_gradient)
    return {**answer, "dead": answer["dead"] * [w.shape[1] for w in weights]}


@misconception("4.7", replaces="signal")
def derivative_at_the_output(x, weights, activation, output_gradient):
    """You evaluated the derivative at the output y as if it were the sum z: f'(z) is y(1 − y) for a sigmoid,
    not σ(y)(1 − σ(y)).
    """
    slopes = {
        "linear": lambda y: np.ones_like(y),
        "relu": lambda y: (y > 0).astype(float),
        "tanh": lambda y: 1 - np.tanh(y) ** 2,
        "sigmoid": lambda y: _ACTIVATIONS["sigmoid"](y) * (1 - _ACTIVATIONS["sigmoid"](y)),
    }
    return _signal(x, weights, activation, output_gradient, slope=slopes[activation])


@misconception("4.7", replaces="signal")
def derivative_left_out(x, weights, activation, output_gradient):
    """You left the activation's derivative out on the way back: the gradient passes through f' at every layer."""
    return _signal(x, weights, activation, output_gradient, slope=lambda y: np.ones_like(y))


@misconception("4.7", replaces="signal")
def derivative_not_handed_on(x, weights, activation, output_gradient):
    """You multiplied with f' for the layer's own weights, but handed the gradient on without it: D Wᵀ, with D
    = G ⊙ f'.
    """
    return _signal(x, weights, activation, output_gradient, through=False)


@misconception("4.7", replaces="signal")
def the_layers_own_output(x, weights, activation, output_gradient):
    """You multiplied with the layer's own output; the derivative by W is (the layer's *input*)ᵀ D."""
    return _signal(
        x, weights, activation, output_gradient, inputs_of=lambda outputs, number: outputs[number + 1]
    )


@misconception("4.7", replaces="signal")
def zeros_counted(x, weights, activation, output_gradient):
    """You counted zeros; a unit is dead only if it is 0 for *every* sample: .all(axis=0) first."""
    outputs, found = x, []
    for w in weights:
        outputs = _ACTIVATIONS[activation](outputs @ w)
        found.append((outputs == 0).mean())
    return {**correct_signal(x, weights, activation, output_gradient), "dead": np.array(found)}


@misconception("4.7", replaces="signal")
def zero_for_some_sample(x, weights, activation, output_gradient):
    """You count units that are 0 for *some* sample; dead is who is 0 for all of them."""
    outputs, found = x, []
    for w in weights:
        outputs = _ACTIVATIONS[activation](outputs @ w)
        found.append((outputs == 0).any(axis=0).mean())
    return {**correct_signal(x, weights, activation, output_gradient), "dead": np.array(found)}


@misconception("4.7", replaces="signal")
def last_layer_first(x, weights, activation, output_gradient):
    """Your gradients stand the wrong way round, the last layer first: reverse the list that you made going
    backwards.
    """
    answer = correct_signal(x, weights, activation, output_gradient)
    return {**answer, "gradient": answer["gradient"][::-1]}


@misconception("4.7", replaces="signal")
def mean_over_samples(x, weights, activation, output_gradient):
    """You divided the gradients by the number of samples; the derivative is that of the *sum* of output ·
    output_gradient.
    """
    answer = correct_signal(x, weights, activation, output_gradient)
    return {**answer, "gradient": answer["gradient"] / len(x)}


@misconception("4.7", replaces="signal")
def last_layer_without_activation(x, weights, activation, output_gradient):
    """Your last layer has no activation; here every layer has it, the last one too."""
    *inner, last = weights
    outputs = [x]
    for w in inner:
        outputs.append(_ACTIVATIONS[activation](outputs[-1] @ w))
    outputs.append(outputs[-1] @ last)
    below = correct_signal(x, inner, activation, output_gradient @ last.T) if inner else None
    own = {
        "rms": np.sqrt((outputs[-1] ** 2).mean()),
        "gradient": np.linalg.norm(outputs[-2].T @ output_gradient),
        "dead": (outputs[-1] == 0).all(axis=0).mean(),
    }
    return {key: np.append(below[key] if below else [], own[key]) for key in own}


# --- 4.8 One thing at a time -----------------------------------------------------------------------------------


_DIGITS = 1000  # rows: more than any check of standardize has


def _not_in_the_ablation(mistake):
    """Whether an ablation calls standardize is free; so a mistake in it is told by the checks of standardize alone."""

    @functools.wraps(mistake)
    def standardize(x_train, x_other):
        return (correct_standardize if len(x_train) >= _DIGITS else mistake)(x_train, x_other)

    return standardize


@misconception("4.8")
@_not_in_the_ablation
def by_their_own_statistics(x_train, x_other):
    """You scaled the other rows by their own mean and deviation; take those of the training rows for both."""
    return correct_standardize(x_train, x_other)[0], correct_standardize(x_other, x_other)[0]


@misconception("4.8")
def other_rows_left_alone(x_train, x_other):
    """You scaled the training rows only; the other rows are scaled, too, with the training rows' statistics."""
    return correct_standardize(x_train, x_other)[0], x_other


@misconception("4.8")
@_not_in_the_ablation
def by_common_statistics(x_train, x_other):
    """You took the statistics of both parts together; those of the training rows alone count."""
    both = np.concatenate([x_train, x_other])
    return correct_standardize(both, x_train)[1], correct_standardize(both, x_other)[1]


@misconception("4.8")
@_not_in_the_ablation
def one_mean_for_all(x_train, x_other):
    """You took one mean and one deviation for all columns; each column has its own: axis=0."""
    mean, deviation = x_train.mean(), x_train.std()
    return (x_train - mean) / deviation, (x_other - mean) / deviation


@misconception("4.8")
@_not_in_the_ablation
def divided_by_255(x_train, x_other):
    """You divided by 255: standardised columns have the mean 0 and the deviation 1 over the training rows."""
    return x_train / 255, x_other / 255


@misconception("4.8")
@_not_in_the_ablation
def scaled_to_0_1(x_train, x_other):
    """You scaled from smallest to largest, to [0, 1]: subtract the mean and divide by the standard deviation."""
    low, high = (x_train.astype(float).min(axis=0), x_train.astype(float).max(axis=0))
    scale = np.where(high > low, high - low, 1)
    return (x_train - low) / scale, (x_other - low) / scale


@misconception("4.8")
@_not_in_the_ablation
def rows_for_columns(x_train, x_other):
    """You standardised every row by its own numbers; mean and deviation belong to a column: axis=0."""
    return tuple(
        (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True) for x in (x_train, x_other)
    )


@misconception("4.8")
@_not_in_the_ablation
def small_number_added(x_train, x_other):
    """You added a tiny number to the deviation: a column that is constant in training then turns a new value
    into hundreds of millions. Divide such a column by 1.
    """
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
    return (x_train - mean) / (deviation + 1e-8), (x_other - mean) / (deviation + 1e-8)


@misconception("4.8")
@_not_in_the_ablation
def zero_over_zero(x_train, x_other):
    """A column that is constant in training has the deviation 0, and 0/0 is NaN: only centre it."""
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
    with np.errstate(all="ignore"):
        return (x_train - mean) / deviation, (x_other - mean) / deviation


@misconception("4.8")
@_not_in_the_ablation
def constant_columns_emptied(x_train, x_other):
    """You set columns that are constant in training to 0 in both parts; in the other part they are centred,
    and may differ.
    """
    constant = x_train.min(axis=0) == x_train.max(axis=0)
    x, other = correct_standardize(x_train, x_other)
    return x, np.where(constant, 0, other)


@misconception("4.8")
@_not_in_the_ablation
def constant_columns_left(x_train, x_other):
    """You left columns that are constant in training as they are; they are centred, too."""
    constant = x_train.min(axis=0) == x_train.max(axis=0)
    x, other = correct_standardize(x_train, x_other)
    return np.where(constant, x_train, x), np.where(constant, x_other, other)


@misconception("4.8")
@_not_in_the_ablation
def divided_by_n_minus_1(x_train, x_other):
    """Your deviation divides by n − 1 (ddof=1); here it is NumPy's default, 1/n."""
    x, other = correct_standardize(x_train, x_other)
    n = len(x_train)
    factor = np.where(x_train.min(axis=0) < x_train.max(axis=0), math.sqrt((n - 1) / n), 1)
    return x * factor, other * factor


@misconception("4.8")
@_not_in_the_ablation
def variance_for_deviation(x_train, x_other):
    """You divided by the variance: take its root, the standard deviation."""
    mean, variance = x_train.mean(axis=0), x_train.var(axis=0)
    scale = np.where(variance > 0, variance, 1)
    return (x_train - mean) / scale, (x_other - mean) / scale


@misconception("4.8")
@_not_in_the_ablation
def bytes_minus_bytes(x_train, x_other):
    """You subtracted the mean as bytes: it was rounded, and what is below 0 wraps around to 255. Convert to
    float first.
    """
    if x_train.dtype != np.uint8:
        return correct_standardize(x_train, x_other)
    mean, deviation = x_train.mean(axis=0).astype(np.uint8), x_train.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1)
    return (x_train - mean) / scale, (x_other - mean) / scale


def _ablated(
    x_train,
    y_train,
    x_val,
    y_val,
    switches,
    epochs,
    seed,
    *,
    offs=None,
    seeds=lambda place, seed: seed,
    batch_of_all=None,
    always_shuffled=False,
    rate=0.05,
    standardize=correct_standardize,
    on_training=False,
    one_model=False,
):
    """The ablation with other decisions; `offs` says what each run leaves out."""
    offs = offs or [("none", ()), *((switch, (switch,)) for switch in switches)]
    accuracies, targets, kept = {}, np.eye(10, dtype="float32")[y_train], None
    for place, (name, off) in enumerate(offs):
        number = seeds(place, seed)
        if number is not None:
            keras.utils.set_random_seed(number)
        inner = "sigmoid" if "relu" in off else "relu"
        hidden = [keras.layers.Dense(64, activation=inner) for _ in range(2)]
        model = keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10, activation="softmax")])
        if one_model and kept is not None:
            model.set_weights(kept)
        loss = "mean_squared_error" if "cross_entropy" in off else "categorical_crossentropy"
        model.compile(optimizer=keras.optimizers.SGD(rate), loss=loss)
        both = (x_train, x_val) if "normalize" in off else standardize(x_train, x_val)
        x, other = (part.astype("float32") for part in both)
        size = (batch_of_all or len(x)) if "minibatches" in off else 32
        shuffle = always_shuffled or "shuffle" not in off
        labkit.fit(model, x, targets, batch_size=size, epochs=epochs, shuffle=shuffle, verbose=0)
        kept = model.get_weights()
        rows, truth = (x, y_train) if on_training else (other, y_val)
        answers = np.asarray(model(rows)).argmax(axis=1)
        accuracies[name] = float((answers == truth).mean())
    return accuracies


@misconception("4.8", replaces="ablation")
def training_accuracy(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """You measured on the training rows; what counts are the validation rows, which no step has seen."""
    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, on_training=True)


@misconception("4.8", replaces="ablation")
def validation_scaled_by_itself(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """You standardised the validation rows by their own statistics: paler ink would go unnoticed. Take those
    of the training rows.
    """

    def standardize(x, other):
        return correct_standardize(x, x)[1], correct_standardize(other, other)[1]

    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, standardize=standardize)


@misconception("4.8", replaces="ablation")
def default_rate(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """Your rate is Keras' default for "sgd", 0.01; the recipe has SGD(0.05)."""
    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, rate=0.01)


@misconception("4.8", replaces="ablation")
def bytes_divided_by_255(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """The recipe standardises the pixels by the training rows; you divide them by 255."""

    def scaled(x, other):
        return x / 255, other / 255

    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, standardize=scaled)


@misconception("4.8", replaces="ablation")
def batches_of_32_by_default(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """Without mini-batches you still have batches of 32: that is what batch_size=None means to Keras. One batch of all
    rows is batch_size=len(x_train).
    """
    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, batch_of_all=32)


@misconception("4.8", replaces="ablation")
def batches_of_one_row(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """Without mini-batches means *one batch of all rows*; you took batches of a single row."""
    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, batch_of_all=1)


@misconception("4.8", replaces="ablation")
def still_shuffled(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """The rows are still shuffled: model.fit does so unless you say shuffle=False."""
    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, always_shuffled=True)


@misconception("4.8", replaces="ablation")
def another_seed_for_each_switch(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """Every run has another seed, so two things differ at once: start each from set_random_seed(seed)."""
    return _ablated(
        x_train, y_train, x_val, y_val, switches, epochs, seed, seeds=lambda place, seed: seed + 17 * place
    )


@misconception("4.8", replaces="ablation")
def seed_set_once(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """You set the seed once, before the loop: each run then depends on those before it. Set it at the start of
    every run.
    """
    return _ablated(
        x_train,
        y_train,
        x_val,
        y_val,
        switches,
        epochs,
        seed,
        seeds=lambda place, seed: None if place else seed,
    )


@misconception("4.8", replaces="ablation")
def none_missing(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """ "none" is missing: without the run that leaves nothing out there is nothing to compare with."""
    offs = [(switch, (switch,)) for switch in switches]
    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, offs=offs) if offs else {}


@misconception("4.8", replaces="ablation")
def several_off_at_once(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """A switch stays off in the runs that follow, so several are off at once: leave out one at a time."""
    offs = [("none", ())] + [(switch, tuple(switches[: n + 1])) for n, switch in enumerate(switches)]
    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, offs=offs)


@misconception("4.8", replaces="ablation")
def only_the_switch_on(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """A switch should leave *one* thing out; you leave out all the others."""
    everything = ("relu", "cross_entropy", "minibatches", "shuffle", "normalize")
    offs = [("none", ())] + [(switch, tuple(set(everything) - {switch})) for switch in switches]
    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, offs=offs)


@misconception("4.8", replaces="ablation")
def one_model_trained_on(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """You train one and the same model on from switch to switch: make a new one for each run."""
    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, one_model=True)


@misconception("4.8", replaces="ablation")
def switches_do_nothing(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """All runs are alike, as if no switch did anything: compare `off` with the name of each switch."""
    offs = [("none", ()), *((switch, ()) for switch in switches)]
    return _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed, offs=offs)


@misconception("4.8", replaces="ablation")
def errors_for_accuracies(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """You return the share of wrong answers; the accuracy is 1 minus it."""
    right = _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed)
    return {name: 1 - value for name, value in right.items()}


@misconception("4.8", replaces="ablation")
def accuracies_in_percent(x_train, y_train, x_val, y_val, switches, epochs, seed):
    """Your accuracies are in percent; here they go from 0 to 1."""
    right = _ablated(x_train, y_train, x_val, y_val, switches, epochs, seed)
    return {name: 100 * value for name, value in right.items()}
