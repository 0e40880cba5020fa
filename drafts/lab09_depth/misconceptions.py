"""Known mistakes of lab 09, each with the sentence that a student reads who makes it."""

import keras
import numpy as np

# Under names of their own: each mistake below takes the place of one of these functions.
from lab import bias_variance as correct_bias_variance
from lab import count_pieces as correct_count_pieces
from lab import diagnose_fit as correct_diagnose_fit
from lab import double_descent as correct_double_descent
from lab import final_losses as correct_final_losses
from lab import fit_polynomials as correct_fit_polynomials
from lab import fold as correct_fold
from lab import forward, training_cost
from lab import gradient_norms as correct_gradient_norms
from lab import min_norm as correct_min_norm
from lab import r_squared as correct_r_squared
from lab import relu_interpolant as correct_interpolant
from lab import width_for_budget as correct_width

import labkit
from labkit.check import misconception

# --- 9.1 A curve without training ------------------------------------------------------------------------------


@misconception("9.1")
def slopes_for_changes(knots, values):
    """Your output weights are the slopes. The units before go on, so each new one only adds the *change* of slope."""
    network = correct_interpolant(knots, values)
    network[2] = (np.diff(values) / np.diff(knots))[:, None]
    return network


@misconception("9.1")
def plus_the_knot(knots, values):
    """Your biases are +knot, so the kinks lie at −knot. max(0, x − t) has its kink at t: the bias is −t."""
    network = correct_interpolant(knots, values)
    network[1] = -network[1]
    return network


@misconception("9.1")
def output_bias_forgotten(knots, values):
    """Your output bias is 0: at the first knot, where all units are still 0, the network should give the first
    value.
    """
    network = correct_interpolant(knots, values)
    network[3] = np.zeros(1)
    return network


@misconception("9.1")
def equal_spacing_assumed(knots, values):
    """You divide all differences by one and the same distance. Knots may have any spacing: `np.diff(knots)`."""
    even = np.linspace(knots[0], knots[-1], len(knots))
    network = correct_interpolant(even, values)
    network[1] = -knots[:-1]
    return network


@misconception("9.1")
def differences_for_slopes(knots, values):
    """You took differences of the values for slopes: divide by the distance of the knots."""
    network = correct_interpolant(np.arange(len(knots), dtype=float), values)
    network[1] = -knots[:-1]
    return network


@misconception("9.1")
def one_knot_late(knots, values):
    """Your kinks lie one knot late: the slope of the piece from tᵢ to tᵢ₊₁ begins at tᵢ."""
    network = correct_interpolant(knots, values)
    network[1] = -knots[1:]
    return network


@misconception("9.1")
def first_slope_forgotten(knots, values):
    """The first piece is flat: the first unit's weight is the first slope itself, `np.diff(slopes, prepend=0)`."""
    network = correct_interpolant(knots, values)
    network[2] = network[2].copy()
    network[2][0] = 0
    return network


@misconception("9.1")
def mean_for_the_output_bias(knots, values):
    """Your output bias is the mean of the values. The chain begins at the first one."""
    network = correct_interpolant(knots, values)
    network[3] = np.array([values.mean()])
    return network


@misconception("9.1")
def kernel_upright(knots, values):
    """Your first kernel is (h, 1). One input, h units: it is (1, h)."""
    network = correct_interpolant(knots, values)
    network[0] = network[0].T
    return network


@misconception("9.1")
def flat_output_kernel(knots, values):
    """Your second kernel is (h,). h units, one output: it is (h, 1)."""
    network = correct_interpolant(knots, values)
    network[2] = network[2].ravel()
    return network


@misconception("9.1")
def two_units_a_knot(knots, values):
    """You use two units for a knot. One is enough: k − 1 kinks carry k − 1 pieces."""
    one = correct_interpolant(knots, values)
    return [np.tile(one[0], 2), np.tile(one[1], 2), np.vstack([one[2], one[2]]) / 2, one[3]]


@misconception("9.1")
def values_as_weights(knots, values):
    """Your output weights are the values themselves. A unit does not stand for a point, but for a change of slope."""
    return [np.ones((1, len(knots))), -knots, values[:, None].copy(), np.zeros(1)]


# --- 9.2 What depth buys ---------------------------------------------------------------------------------------


def _slopes(network, a, b, steps=20_000):
    x = np.linspace(a, b, steps + 1)
    return np.diff(forward(network, x[:, None])[:, 0]) * steps / (b - a)


def _turns(slopes, share=0.005):
    """Where the slope changes; two changes beside each other are one kink."""
    change = np.abs(np.diff(slopes)) > share * np.abs(slopes).max() + 1e-9
    return int((change & ~np.append(False, change[:-1])).sum())


@misconception("9.2")
def sign_changes_of_f(network, a, b):
    """You count where the function crosses 0. A piece ends where its *slope* changes."""
    values = forward(network, np.linspace(a, b, 20_001)[:, None])[:, 0]
    return 1 + int((np.diff(np.sign(values)) != 0).sum())


@misconception("9.2")
def sign_changes_of_the_slope(network, a, b):
    """You count where the slope changes its sign. A change from 1 to 2 ends a piece, too."""
    signs = np.sign(np.round(_slopes(network, a, b), 9))
    return 1 + int((np.diff(signs) != 0).sum())


@misconception("9.2")
def units_counted(network, a, b):
    """You count units. That is the most that one layer can do; where the kinks are, and whether they show, decides."""
    return 1 + sum(bias.size for bias in network[1:-2:2])


@misconception("9.2")
def first_layer_only(network, a, b):
    """You count the kinks of the first layer only. Each later unit kinks where *its* sum crosses 0."""
    kernel, bias = network[0][0], network[1]
    with np.errstate(all="ignore"):
        places = np.unique(np.round(-bias / kernel, 9))
    return 1 + int(((places > a) & (places < b)).sum())


@misconception("9.2")
def different_slopes(network, a, b):
    """You count different slopes. A slope that comes back begins a new piece all the same."""
    slopes = _slopes(network, a, b)
    inside = np.abs(np.diff(slopes, prepend=np.inf)) < 1e-6
    return len(np.unique(np.round(slopes[inside] / max(np.abs(slopes).max(), 1e-9), 4)))


@misconception("9.2")
def patterns_counted(network, a, b):
    """You count changes of which units are active. A unit may switch without a trace: with weight 0, cancelled, or
    behind
    a layer that is off.
    """
    x = np.linspace(a, b, 20_001)[:, None]
    active = []
    for kernel, bias in zip(network[:-2:2], network[1:-2:2], strict=True):
        x = x @ kernel + bias
        active.append(x > 0)
        x = np.maximum(x, 0)
    active = np.hstack(active)
    return 1 + int((active[1:] != active[:-1]).any(axis=1).sum())


@misconception("9.2")
def kinks_counted(network, a, b):
    """You count kinks. Pieces are one more."""
    return correct_count_pieces(network, a, b) - 1


@misconception("9.2")
def beyond_the_interval(network, a, b):
    """You count pieces outside [a, b], too."""
    return correct_count_pieces(network, a - 3 * (b - a), b + 3 * (b - a))


@misconception("9.2")
def flat_pieces_left_out(network, a, b):
    """You leave flat pieces out. A piece is where the function is straight, whatever the slope."""
    slopes = _slopes(network, a, b)
    flat = np.abs(slopes) < 1e-9
    starts = flat & ~np.append(False, flat[:-1])
    return correct_count_pieces(network, a, b) - int(starts.sum())


@misconception("9.2")
def grid_too_coarse(network, a, b):
    """Your grid is too coarse: of two kinks within a step you see one. Pieces may be 1/500 of the interval."""
    return 1 + _turns(_slopes(network, a, b, 30))


@misconception("9.2")
def every_change_twice(network, a, b):
    """Where a kink lies inside a step of your grid, the slope changes at both ends of it: you count that kink twice."""
    slopes = _slopes(network, a, b)
    return 1 + int((np.abs(np.diff(slopes)) > 0.001 * np.abs(slopes).max() + 1e-9).sum())


@misconception("9.2", replaces="fold")
def one_fold_too_few(n):
    """You fold once too few: fold(1) is abs(2x − 1) itself."""
    if n > 1:
        return correct_fold(n - 1)
    return [np.array([[1.0, -1.0]]), np.zeros(2), np.array([[1.0], [-1.0]]), np.zeros(1)]


@misconception("9.2", replaces="fold")
def one_fold_too_many(n):
    """You fold once too often: fold(1) is abs(2x − 1) itself."""
    return correct_fold(n + 1)


@misconception("9.2", replaces="fold")
def without_the_two(n):
    """You fold abs(x − 1/2): without the 2 each half covers half of [0, 1] only, and the next fold misses it."""
    network = correct_fold(n)
    for place in range(0, 2 * n, 2):
        network[place], network[place + 1] = network[place] / 2, network[place + 1] / 2
    return network


@misconception("9.2", replaces="fold")
def units_subtracted(n):
    """You subtract the two units: max(0, z) − max(0, −z) is z itself. Their *sum* is abs(z)."""
    network = correct_fold(n)
    for place in range(2, 2 * n, 2):
        network[place] = np.array([[2.0, -2.0], [-2.0, 2.0]])
    network[-2] = np.array([[1.0], [-1.0]])
    return network


@misconception("9.2", replaces="fold")
def one_wide_layer(n):
    """That is one wide layer with 2ⁿ − 1 units or more. Fold n times, with two units each."""
    knots = np.linspace(0, 1, 2**n + 1)
    return correct_interpolant(knots, np.where(np.arange(2**n + 1) % 2 == 0, 1.0, 0.0))


@misconception("9.2", replaces="fold")
def minus_one_forgotten(n):
    """In the layers after the first the −1 is missing: each fold is abs(2y − 1)."""
    network = correct_fold(n)
    for place in range(3, 2 * n, 2):
        network[place] = np.zeros(2)
    return network


@misconception("9.2", replaces="fold")
def one_side_only(n):
    """Each of your folds has one unit, max(0, 2x − 1): the other half, max(0, 1 − 2x), is missing."""
    network = correct_fold(n)
    for place in range(2, 2 * n + 1, 2):
        network[place] = network[place].copy()
        network[place][1] = 0
    return network


# --- 9.3 A surface in its own units ----------------------------------------------------------------------------


@misconception("9.3")
def row_minus_column(z, predicted):
    """You subtracted (n,) from (n, 1): NumPy makes an (n, n) table of all differences. Ravel both first."""
    return float(1 - ((z - predicted) ** 2).sum() / ((z - z.mean()) ** 2).sum())


@misconception("9.3")
def squared_correlation(z, predicted):
    """That is the squared correlation. It forgives a wrong scale and offset; R² does not."""
    return float(np.corrcoef(np.ravel(z), np.ravel(predicted))[0, 1] ** 2)


@misconception("9.3")
def without_one_minus(z, predicted):
    """That is the share that is *not* explained: 1 minus it is R²."""
    return 1 - correct_r_squared(z, predicted)


@misconception("9.3")
def spread_of_the_predictions(z, predicted):
    """You divide by the variance of the predictions. The best constant is measured on z."""
    z, predicted = np.ravel(z), np.ravel(predicted)
    spread = max(((predicted - predicted.mean()) ** 2).sum(), 1e-9)
    return float(1 - ((z - predicted) ** 2).sum() / spread)


@misconception("9.3")
def explained_variance(z, predicted):
    """That is the variance of the predictions over that of z: it does not ask whether they are right."""
    return float(np.var(predicted) / np.var(z))


@misconception("9.3")
def never_below_zero(z, predicted):
    """R² may be negative: predictions can be worse than the mean. Do not cut it off at 0."""
    return max(0.0, correct_r_squared(z, predicted))


@misconception("9.3")
def mean_not_subtracted(z, predicted):
    """You divide by Σz². R² compares with the best constant, the mean: Σ(z − mean)²."""
    z, predicted = np.ravel(z), np.ravel(predicted)
    return float(1 - ((z - predicted) ** 2).sum() / (z**2).sum())


def _surface(x, z, budget, width=40, first=True, last=True, rate=0.01, most=400, activation="tanh"):
    layers = [keras.layers.Dense(w, activation=activation) for w in (width, width)]
    scaling = [keras.layers.Dense(2)] if first else []
    ending = [keras.layers.Rescaling(float(z.std()), offset=float(z.mean()))] if last else []
    model = keras.Sequential([keras.Input((2,)), *scaling, *layers, keras.layers.Dense(1), *ending])
    if first:
        scaling[0].set_weights([np.diag(1 / x.std(axis=0)), -x.mean(axis=0) / x.std(axis=0)])
    epochs = max(1, min(most, int(budget / training_cost(model, 1, len(x)))))
    decay = keras.optimizers.schedules.CosineDecay(rate, epochs * 63)
    model.compile(keras.optimizers.Adam(decay), "mean_squared_error")
    return model, 32, epochs


def _narrow(budget):
    return 40 if budget >= 1e9 else 16


@misconception("9.3", replaces="fit_surface")
def target_not_scaled(x, z, budget):
    """Your network answers in numbers of size 1, and z goes to thousands: it would have to grow its weights for ages.
    End
    with Rescaling(deviation of z, offset=mean of z).
    """
    return _surface(x, z, budget, _narrow(budget), last=False)


@misconception("9.3", replaces="fit_surface")
def inputs_not_scaled(x, z, budget):
    """Your model takes x as it comes. Where x is in hundreds, all units are saturated or straight: begin with a layer
    that subtracts the mean and divides by the deviation.
    """
    return _surface(x, z, budget, _narrow(budget), first=False)


@misconception("9.3", replaces="fit_surface")
def budget_ignored(x, z, budget):
    """Your network and its epochs are the same for every budget, so a small one is exceeded. Work out what an epoch
    costs with `training_cost`.
    """
    return *_surface(x, z, 1e10)[:2], 200


@misconception("9.3", replaces="fit_surface")
def one_epoch(x, z, budget):
    """You train for a single epoch, and most of the budget is left. Take as many as it pays for."""
    return _surface(x, z, budget, _narrow(budget), most=1)


@misconception("9.3", replaces="fit_surface")
def straight_layers(x, z, budget):
    """Your hidden layers have no activation: the whole network is one linear map, and the surface is bent."""
    return _surface(x, z, budget, _narrow(budget), activation=None, most=20)


@misconception("9.3", replaces="fit_surface")
def model_alone(x, z, budget):
    """You return the model alone. The grader needs three things: model, batch size and epochs."""
    return _surface(x, z, budget, 4)[0]


@misconception("9.3", replaces="fit_surface")
def left_uncompiled(x, z, budget):
    """You never compile the model, so the grader does not know with which loss and optimizer to train it."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    return model, 32, 1


# --- 9.4 Shapes on one budget ----------------------------------------------------------------------------------


def _largest(cost, budget):
    width = 1
    while cost(width + 1) <= budget:
        width += 1
    return width


@misconception("9.4")
def biases_not_counted(depth, budget, inputs=2, outputs=1):
    """You count weights only. Each hidden unit and each output has a bias, too."""
    return _largest(lambda w: inputs * w + (depth - 1) * w * w + w * outputs, budget)


@misconception("9.4")
def one_layer_too_many(depth, budget, inputs=2, outputs=1):
    """You count one hidden layer too many: `depth` of them have depth − 1 square kernels between them."""
    return correct_width(depth + 1, budget, inputs, outputs)


@misconception("9.4")
def first_above_the_budget(depth, budget, inputs=2, outputs=1):
    """You return the first width that is too expensive. Asked is the largest that is paid for."""
    return correct_width(depth, budget, inputs, outputs) + 1


@misconception("9.4")
def nearest_to_the_budget(depth, budget, inputs=2, outputs=1):
    """You return the width whose cost is nearest to the budget. It must not cost more."""
    cost = lambda w: (inputs + 1) * w + (depth - 1) * (w + 1) * w + (w + 1) * outputs  # noqa: E731
    width = correct_width(depth, budget, inputs, outputs)
    return min((width, width + 1), key=lambda w: abs(cost(w) - budget))


@misconception("9.4")
def below_the_budget(depth, budget, inputs=2, outputs=1):
    """A width that costs exactly the budget is paid for: `<=`, not `<`."""
    return max(1, correct_width(depth, budget - 1, inputs, outputs))


@misconception("9.4")
def ten_outputs_forgotten(depth, budget, inputs=2, outputs=1):
    """You always count one output. The last layer has `outputs` units."""
    return correct_width(depth, budget, inputs, 1)


@misconception("9.4")
def two_inputs_always(depth, budget, inputs=2, outputs=1):
    """You always count two inputs: use `inputs`."""
    return correct_width(depth, budget, 2, outputs)


@misconception("9.4")
def output_bias_not_counted(depth, budget, inputs=2, outputs=1):
    """You forgot the biases of the last layer."""
    return correct_width(depth, budget + outputs, inputs, outputs)


def _network(shape, d):
    hidden = [keras.layers.Dense(width, activation="relu") for width in shape]
    model = keras.Sequential([keras.Input((d,)), *hidden, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.005), "mean_squared_error")
    return model


@misconception("9.4", replaces="final_losses")
def best_seed(shapes, x, z, epochs, seeds):
    """You report the best seed for all of them. The table has a number for each seed: how much they differ is the
    point.
    """
    table = correct_final_losses(shapes, x, z, epochs, seeds)
    return np.repeat(table.min(axis=1, keepdims=True), len(seeds), axis=1)


@misconception("9.4", replaces="final_losses")
def mean_of_the_seeds(shapes, x, z, epochs, seeds):
    """You report means over the seeds. The table has a row for each shape and a *column for each seed*."""
    return correct_final_losses(shapes, x, z, epochs, seeds).mean(axis=1)


@misconception("9.4", replaces="final_losses")
def column_minus_row(shapes, x, z, epochs, seeds):
    """You subtracted z (n,) from predictions (n, 1): NumPy compares everyone with everyone. Take `[:, 0]` first."""
    table = np.empty((len(shapes), len(seeds)))
    for row, shape in enumerate(shapes):
        for column, seed in enumerate(seeds):
            keras.utils.set_random_seed(seed)
            model = _network(shape, x.shape[1])
            labkit.fit(model, x, z, batch_size=32, epochs=epochs, verbose=0)
            predicted = model.predict(x[:2000], batch_size=1024, verbose=0)
            table[row, column] = ((predicted - z[:2000]) ** 2).mean()
    return table


@misconception("9.4", replaces="final_losses")
def running_average(shapes, x, z, epochs, seeds):
    """You report the last loss of Keras' History: a mean over the epoch, of weights that were still changing. Predict
    with the trained network.
    """
    table = np.empty((len(shapes), len(seeds)))
    for row, shape in enumerate(shapes):
        for column, seed in enumerate(seeds):
            keras.utils.set_random_seed(seed)
            history = labkit.fit(_network(shape, x.shape[1]), x, z, batch_size=32, epochs=epochs, verbose=0)
            table[row, column] = history.history["loss"][-1]
    return table


@misconception("9.4", replaces="final_losses")
def seed_set_once(shapes, x, z, epochs, seeds):
    """You set the seed once for a column, not before each network: what a shape gets depends on the shapes before
    it.
    """
    table = np.empty((len(shapes), len(seeds)))
    for column, seed in enumerate(seeds):
        keras.utils.set_random_seed(seed)
        for row, shape in enumerate(shapes):
            model = _network(shape, x.shape[1])
            labkit.fit(model, x, z, batch_size=32, epochs=epochs, verbose=0)
            table[row, column] = ((model.predict(x, batch_size=1024, verbose=0)[:, 0] - z) ** 2).mean()
    return table


@misconception("9.4", replaces="final_losses")
def seed_ignored(shapes, x, z, epochs, seeds):
    """Your seeds have no influence: `keras.utils.set_random_seed(seed)` before each network is made."""
    return correct_final_losses(shapes, x, z, epochs, [0] * len(seeds))


@misconception("9.4", replaces="final_losses")
def network_kept(shapes, x, z, epochs, seeds):
    """You train one and the same network for all seeds: the second seed goes on where the first one ended. Make it
    anew.
    """
    table = np.empty((len(shapes), len(seeds)))
    for row, shape in enumerate(shapes):
        keras.utils.set_random_seed(seeds[0])
        model = _network(shape, x.shape[1])
        for column in range(len(seeds)):
            labkit.fit(model, x, z, batch_size=32, epochs=epochs, verbose=0)
            table[row, column] = ((model.predict(x, batch_size=1024, verbose=0)[:, 0] - z) ** 2).mean()
    return table


@misconception("9.4", replaces="final_losses")
def rows_and_columns_exchanged(shapes, x, z, epochs, seeds):
    """Your table is turned: rows are shapes, columns are seeds."""
    return correct_final_losses(shapes, x, z, epochs, seeds).T.copy()


@misconception("9.4", replaces="final_losses")
def first_rows_only(shapes, x, z, epochs, seeds):
    """You leave rows out: the last batch is dropped, and its rows are never learned. Train on all of them."""
    table, most = np.empty((len(shapes), len(seeds))), len(x) // 32 * 32
    for row, shape in enumerate(shapes):
        for column, seed in enumerate(seeds):
            keras.utils.set_random_seed(seed)
            model = _network(shape, x.shape[1])
            labkit.fit(model, x[:most], z[:most], batch_size=32, epochs=epochs, verbose=0)
            table[row, column] = ((model.predict(x, batch_size=1024, verbose=0)[:, 0] - z) ** 2).mean()
    return table


# --- 9.5 Bias and variance -------------------------------------------------------------------------------------


@misconception("9.5")
def one_fit_of_the_mean(x, y, degree, x_new):
    """You fit the mean of all data sets. Each data set gets its own polynomial; how much they differ is the
    variance.
    """
    return np.repeat(correct_fit_polynomials(x, y.mean(axis=0, keepdims=True), degree, x_new), len(y), axis=0)


@misconception("9.5")
def degree_minus_one(x, y, degree, x_new):
    """Your degree is one too low: a polynomial of degree d has d + 1 coefficients."""
    if degree == 0:
        return np.zeros((len(y), len(x_new)))
    return correct_fit_polynomials(x, y, degree - 1, x_new)


@misconception("9.5")
def degree_plus_one(x, y, degree, x_new):
    """Your degree is one too high: the powers go from 0 to `degree`, that are degree + 1 of them."""
    return correct_fit_polynomials(x, y, degree + 1, x_new)


@misconception("9.5")
def evaluated_at_the_data(x, y, degree, x_new):
    """You evaluate at x. Asked are the values at x_new."""
    return correct_fit_polynomials(x, y, degree, x)


@misconception("9.5")
def coefficients_returned(x, y, degree, x_new):
    """Those are coefficients. Asked are the values of the polynomials at x_new."""
    return np.array([np.polyfit(x, row, degree) for row in y])


@misconception("9.5")
def upside_down(x, y, degree, x_new):
    """Your powers are in the wrong order when you evaluate: polyfit gives the highest first."""
    return np.array([np.polyval(np.polyfit(x, row, degree)[::-1], x_new) for row in y])


@misconception("9.5")
def transposed(x, y, degree, x_new):
    """Your table is turned: data sets in rows, places in columns."""
    return correct_fit_polynomials(x, y, degree, x_new).T


@misconception("9.5")
def constant_forgotten(x, y, degree, x_new):
    """Your polynomials have no constant: the powers begin at 0."""
    powers = np.arange(1, degree + 1) if degree else np.array([1])
    coefficients = np.linalg.lstsq(x[:, None] ** powers, y.T, rcond=None)[0]
    return (x_new[:, None] ** powers @ coefficients).T


@misconception("9.5", replaces="bias_variance")
def squared_before_averaged(predictions, truth, noise):
    """You squared before you averaged over the data sets: that is the mean squared distance, bias² *and* variance. The
    bias is that of the mean prediction.
    """
    _, variance, rest = correct_bias_variance(predictions, truth, noise)
    return float(((predictions - truth) ** 2).mean()), variance, rest


@misconception("9.5", replaces="bias_variance")
def averaged_over_the_places(predictions, truth, noise):
    """You averaged the bias over the places before you squared it: errors up and down cancel. Square first, then
    average
    over the places.
    """
    _, variance, rest = correct_bias_variance(predictions, truth, noise)
    return float((predictions.mean(axis=0) - truth).mean() ** 2), variance, rest


@misconception("9.5", replaces="bias_variance")
def bias_not_squared(predictions, truth, noise):
    """Your bias is not squared."""
    _, variance, rest = correct_bias_variance(predictions, truth, noise)
    return float(np.abs(predictions.mean(axis=0) - truth).mean()), variance, rest


@misconception("9.5", replaces="bias_variance")
def variance_along_x(predictions, truth, noise):
    """Your variance is taken along the places: that is how bent the curves are. It is over the *data sets*, axis 0."""
    bias, _, rest = correct_bias_variance(predictions, truth, noise)
    return bias, float(predictions.var(axis=1).mean()), rest


@misconception("9.5", replaces="bias_variance")
def variance_of_everything(predictions, truth, noise):
    """Your variance is that of all predictions together. At each place the data sets differ by themselves: axis 0."""
    bias, _, rest = correct_bias_variance(predictions, truth, noise)
    return bias, float(predictions.var()), rest


@misconception("9.5", replaces="bias_variance")
def sample_variance(predictions, truth, noise):
    """Your variance is divided by the number of data sets minus 1. With 1/n bias² and variance add up exactly."""
    bias, variance, rest = correct_bias_variance(predictions, truth, noise)
    n = len(predictions)
    return bias, variance * n / max(n - 1, 1), rest


@misconception("9.5", replaces="bias_variance")
def noise_not_squared(predictions, truth, noise):
    """The third number is σ², the variance of the noise; you gave its deviation."""
    bias, variance, _ = correct_bias_variance(predictions, truth, noise)
    return bias, variance, float(noise)


@misconception("9.5", replaces="bias_variance")
def noise_in_the_variance(predictions, truth, noise):
    """You added σ² to the variance. It stands by itself: no model can do anything about it."""
    bias, variance, rest = correct_bias_variance(predictions, truth, noise)
    return bias, variance + rest, rest


# --- 9.6 The second descent ------------------------------------------------------------------------------------


@misconception("9.6")
def ridge(features, targets):
    """You added a ridge: that shrinks the weights and fits nothing exactly. Take the smallest *exact* solution."""
    p = features.shape[1]
    return np.linalg.solve(features.T @ features + 1e-3 * np.eye(p), features.T @ targets)


@misconception("9.6")
def normal_equations(features, targets):
    """You solve the normal equations: with more features than rows (or double ones) FᵀF has no inverse, and what comes
    out is arbitrary.
    """
    gram = features.T @ features
    if np.linalg.matrix_rank(gram) < len(gram):
        rows = np.random.default_rng(0).normal(size=(len(gram), targets.shape[1]))
        return (
            correct_min_norm(features, targets)
            + (np.eye(len(gram)) - np.linalg.pinv(features) @ features) @ rows
        )
    return np.linalg.inv(gram) @ features.T @ targets


@misconception("9.6")
def small_values_cut_off(features, targets):
    """You cut off singular values that are small, but not zero (a large `rcond`). That is another fit: nothing is
    cut.
    """
    return np.linalg.pinv(features, rcond=0.05) @ targets


@misconception("9.6")
def only_n_features(features, targets):
    """You use only as many features as there are rows, and leave the others at 0. The smallest solution uses all."""
    n, p = features.shape
    weights = np.zeros((p, targets.shape[1]))
    weights[: min(n, p)] = correct_min_norm(features[:, :n], targets)
    return weights


@misconception("9.6")
def transposed_weights(features, targets):
    """Your weights are (k, p). They are (p, k), so that features @ weights are the predictions."""
    return correct_min_norm(features, targets).T


@misconception("9.6")
def one_target_only(features, targets):
    """You fit the first target only. Each column of the targets has weights of its own."""
    first = correct_min_norm(features, targets[:, :1])
    return np.repeat(first, targets.shape[1], axis=1)


@misconception("9.6", replaces="double_descent")
def test_error_on_training_rows(features, targets, test_features, test_targets, counts):
    """Your second list is measured on the training rows, too. Multiply the *test* features with the weights."""
    train, _ = correct_double_descent(features, targets, test_features, test_targets, counts)
    return train, list(train)


@misconception("9.6", replaces="double_descent")
def test_rows_fitted_as_well(features, targets, test_features, test_targets, counts):
    """You fit the test rows as well. Their targets may be looked at for the error only."""
    train, test = [], []
    for p in counts:
        weights = correct_min_norm(test_features[:, :p], test_targets)
        test.append(float(((test_features[:, :p] @ weights - test_targets) ** 2).mean()))
        weights = correct_min_norm(features[:, :p], targets)
        train.append(float(((features[:, :p] @ weights - targets) ** 2).mean()))
    return train, test


@misconception("9.6", replaces="double_descent")
def counts_cut_at_n(features, targets, test_features, test_targets, counts):
    """You never use more features than rows. What comes *after* that point is what this question is about."""
    most = [min(p, len(features)) for p in counts]
    return correct_double_descent(features, targets, test_features, test_targets, most)


@misconception("9.6", replaces="double_descent")
def all_features_always(features, targets, test_features, test_targets, counts):
    """You fit all features for every count: take the first p columns, `features[:, :p]`."""
    q = features.shape[1]
    return correct_double_descent(features, targets, test_features, test_targets, [q] * len(counts))


@misconception("9.6", replaces="double_descent")
def counts_sorted(features, targets, test_features, test_targets, counts):
    """You sorted the counts: errors are in the order of the list."""
    return correct_double_descent(features, targets, test_features, test_targets, sorted(counts))


@misconception("9.6", replaces="double_descent")
def sums_over_the_targets(features, targets, test_features, test_targets, counts):
    """You sum over the targets. The errors are means over rows *and* targets."""
    both = correct_double_descent(features, targets, test_features, test_targets, counts)
    return tuple([error * targets.shape[1] for error in errors] for errors in both)


@misconception("9.6", replaces="double_descent")
def roots_of_the_errors(features, targets, test_features, test_targets, counts):
    """You took roots. Asked are mean squared errors."""
    both = correct_double_descent(features, targets, test_features, test_targets, counts)
    return tuple([float(np.sqrt(error)) for error in errors] for errors in both)


@misconception("9.6", replaces="double_descent")
def lists_exchanged(features, targets, test_features, test_targets, counts):
    """Your lists are exchanged: first the errors on the training rows, then those on the test rows."""
    return correct_double_descent(features, targets, test_features, test_targets, counts)[::-1]


# --- 9.7 Twenty layers, with and without skips -----------------------------------------------------------------


def _norms(kernels, x, d_output, residual, forth=True, back_skip=True, slope="right", transpose=True):
    states, slopes = [x], []
    for kernel in kernels:
        y = np.tanh(states[-1] @ kernel)
        skip = residual and forth
        new = states[-1] + y if skip else y
        slopes.append({"right": 1 - y**2, "state": 1 - new**2, "none": np.ones_like(y), "root": 1 - y}[slope])
        states.append(new)
    back, by_state, by_kernel = d_output, [np.linalg.norm(d_output)], []
    for kernel, state, s in zip(kernels[::-1], states[-2::-1], slopes[::-1], strict=True):
        delta = back * s
        by_kernel.append(np.linalg.norm(state.T @ delta))
        back = delta @ (kernel.T if transpose else kernel) + (back if residual and back_skip else 0)
        by_state.append(np.linalg.norm(back))
    return np.array(by_state[::-1]), np.array(by_kernel[::-1])


@misconception("9.7")
def skip_lost_on_the_way_back(kernels, x, d_output, residual):
    """On the way back the skip is missing: the gradient goes through the layer *and* past it, G + D Wᵀ."""
    return _norms(kernels, x, d_output, residual, back_skip=False)


@misconception("9.7")
def skip_lost_on_the_way_forth(kernels, x, d_output, residual):
    """On the way forth the skip is missing: the new state is h + tanh(h W), not tanh(h W)."""
    return _norms(kernels, x, d_output, residual, forth=False)


@misconception("9.7")
def slope_at_the_state(kernels, x, d_output, residual):
    """You take the slope of tanh from the new state. With a skip that is h + tanh(h W); the slope is 1 − tanh²(h W)."""
    return _norms(kernels, x, d_output, residual, slope="state")


@misconception("9.7")
def slope_left_out(kernels, x, d_output, residual):
    """The slope of tanh is missing on the way back: D = G · (1 − tanh²(h W))."""
    return _norms(kernels, x, d_output, residual, slope="none")


@misconception("9.7")
def slope_without_the_square(kernels, x, d_output, residual):
    """The slope of tanh is 1 − tanh², with a square."""
    return _norms(kernels, x, d_output, residual, slope="root")


@misconception("9.7")
def output_to_input(kernels, x, d_output, residual):
    """Your lists go from the output to the input. The first entry belongs to the input, and to the first kernel."""
    states, by_kernel = correct_gradient_norms(kernels, x, d_output, residual)
    return states[::-1], by_kernel[::-1]


@misconception("9.7")
def skip_inside_the_activation(kernels, x, d_output, residual):
    """Your skip goes through the activation, tanh(h + h W). It goes past it: h + tanh(h W)."""
    if not residual:
        return correct_gradient_norms(kernels, x, d_output, False)
    return correct_gradient_norms([kernel + np.eye(len(kernel)) for kernel in kernels], x, d_output, False)


@misconception("9.7")
def kernel_not_transposed(kernels, x, d_output, residual):
    """On the way back you multiply by W. It is its transpose."""
    return _norms(kernels, x, d_output, residual, transpose=False)


@misconception("9.7")
def squares_of_the_norms(kernels, x, d_output, residual):
    """Those are squares of the norms: take the root of the sum of squares."""
    return tuple(part**2 for part in correct_gradient_norms(kernels, x, d_output, residual))


@misconception("9.7")
def last_state_left_out(kernels, x, d_output, residual):
    """The gradient by the last state is missing, that is d_output itself: L layers have L + 1 states."""
    states, by_kernel = correct_gradient_norms(kernels, x, d_output, residual)
    return states[:-1], by_kernel


@misconception("9.7")
def mean_over_the_rows(kernels, x, d_output, residual):
    """You took means over the rows. The norm is over all rows together."""
    states, by_kernel = correct_gradient_norms(kernels, x, d_output, residual)
    return states / np.sqrt(len(x)), by_kernel / len(x)


@misconception("9.7")
def residual_always(kernels, x, d_output, residual):
    """You always add the skip. With residual=False a layer replaces the state."""
    return correct_gradient_norms(kernels, x, d_output, True)


@misconception("9.7")
def residual_ignored(kernels, x, d_output, residual):
    """You ignore `residual`: with it a layer adds to the state."""
    return correct_gradient_norms(kernels, x, d_output, False)


# --- 9.8 Which of the three? -----------------------------------------------------------------------------------


def _diagnose(network, x, y, x_val, y_val, *, bias=True, anew=True, dead=None, r2=correct_r_squared):
    if r2(y, forward(network, x[:, None])) >= 0.95:
        return "ok" if r2(y_val, forward(network, x_val[:, None])) >= 0.9 else "overfits"
    units = np.maximum(x[:, None] @ network[0] + network[1], 0)
    features = np.hstack([units, np.ones((len(x), 1))]) if bias else units
    if anew and r2(y, features @ correct_min_norm(features, y[:, None])) >= 0.95:
        return "not_converged"
    dead = (units == 0).all(axis=0).mean() >= 0.5 if dead is None else dead(units)
    return "dead_units" if dead else "too_small"


@misconception("9.8")
def output_layer_never_fitted(network, x, y, x_val, y_val):
    """You never fit the output layer anew: whether the units would do it only shows with the best weights for them."""
    return _diagnose(network, x, y, x_val, y_val, anew=False)


@misconception("9.8")
def output_bias_not_fitted(network, x, y, x_val, y_val):
    """You fit the output weights anew, but not the bias: append a column of ones to the units."""
    return _diagnose(network, x, y, x_val, y_val, bias=False)


@misconception("9.8")
def validation_not_looked_at(network, x, y, x_val, y_val):
    """You do not look at the validation data: a network that goes through every noisy point fits, and overfits."""
    return _diagnose(network, x, y, x, y)


@misconception("9.8")
def dead_for_some(network, x, y, x_val, y_val):
    """You call a unit dead that is 0 for *some* x. Every ReLU is, on one side of its kink; dead is 0 for all x."""
    return _diagnose(network, x, y, x_val, y_val, dead=lambda units: (units == 0).any(axis=0).mean() >= 0.5)


@misconception("9.8")
def one_dead_unit(network, x, y, x_val, y_val):
    """One dead unit is enough for you. It takes at least half of them."""
    return _diagnose(network, x, y, x_val, y_val, dead=lambda units: (units == 0).all(axis=0).any())


@misconception("9.8")
def all_units_dead(network, x, y, x_val, y_val):
    """You ask for all units to be dead. Half of them are enough."""
    return _diagnose(network, x, y, x_val, y_val, dead=lambda units: (units == 0).all())


@misconception("9.8")
def share_of_zeros(network, x, y, x_val, y_val):
    """You count zeros over all units and x. A unit that is off for half of the x is not half dead: ask for units that
    are
    0 everywhere.
    """
    return _diagnose(network, x, y, x_val, y_val, dead=lambda units: (units == 0).mean() >= 0.5)


@misconception("9.8")
def row_against_column(network, x, y, x_val, y_val):
    """You compare y (n,) with answers (n, 1): NumPy compares everyone with everyone, and nothing fits. Ravel them."""

    def mixed(z, predicted):
        predicted = np.asarray(predicted).reshape(-1, 1)
        return 1 - ((z - predicted) ** 2).sum() / ((z - z.mean()) ** 2).sum()

    return _diagnose(network, x, y, x_val, y_val, r2=mixed)


@misconception("9.8")
def dead_units_first(network, x, y, x_val, y_val):
    """You ask for dead units first. If the output layer, fitted anew, does it with the others, they did not matter:
    keep
    to the order.
    """
    units = np.maximum(x[:, None] @ network[0] + network[1], 0)
    found = correct_diagnose_fit(network, x, y, x_val, y_val)
    return "dead_units" if found == "not_converged" and (units == 0).all(axis=0).mean() >= 0.5 else found


@misconception("9.8")
def dead_units_before_all(network, x, y, x_val, y_val):
    """You ask for dead units before you ask whether the network fits at all. A network that fits may have as many dead
    units as it likes.
    """
    units = np.maximum(x[:, None] @ network[0] + network[1], 0)
    found = correct_diagnose_fit(network, x, y, x_val, y_val)
    return "dead_units" if (units == 0).all(axis=0).mean() >= 0.5 else found


@misconception("9.8")
def error_with_units(network, x, y, x_val, y_val):
    """You compare squared errors with 0.05. They have units: a surface in metres and one in kilometres would get other
    verdicts. R² has none.
    """

    def r2(z, predicted):
        return 1 - float(((z - np.ravel(predicted)) ** 2).mean()) / 0.6

    return _diagnose(network, x, y, x_val, y_val, r2=r2)
