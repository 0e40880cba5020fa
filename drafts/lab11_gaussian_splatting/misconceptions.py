"""Known mistakes of lab 11, each with the sentence that a student reads who makes it."""

import numpy as np

# Under names of their own: each mistake below takes the place of one of these functions.
from lab import computation_graph as correct_graph
from lab import find_mistake as correct_find_mistake
from lab import fit as correct_fit
from lab import fit_log as correct_fit_log
from lab import gradients as correct_gradients
from lab import moment_start as correct_moment_start
from lab import objective as correct_objective
from lab import render as correct_render
from lab import splat_digit as correct_splat_digit

from labkit.check import misconception

# --- 11.1 A bump and its error -------------------------------------------------------------------------------


def _offsets(parameters, height, width):
    y, x = np.mgrid[:height, :width]
    return x - parameters["mean"][0], y - parameters["mean"][1]


@misconception("11.1")
def half_in_the_exponent(parameters, height, width):
    """There is no ½ in this exponent: the slide's Σ holds 1/σ², and a bump falls to 1/e at the distance σ."""
    return correct_render({**parameters, "precision": np.asarray(parameters["precision"]) / 2}, height, width)


@misconception("11.1")
def mean_as_row_and_column(parameters, height, width):
    """You took the first number of the mean for the row. The mean is (x, y): x is the column, y the row."""
    return correct_render({**parameters, "mean": np.asarray(parameters["mean"])[::-1]}, height, width)


@misconception("11.1")
def axes_exchanged(parameters, height, width):
    """Your x runs along the rows: image[row, column] means that y runs along the first axis and x along the second."""
    exchanged = {name: np.asarray(parameters[name])[::-1] for name in ("mean", "precision")}
    return correct_render({**parameters, **exchanged}, height, width)


@misconception("11.1")
def precisions_exchanged(parameters, height, width):
    """The precisions are exchanged: the first belongs to x, the second to y."""
    return correct_render(
        {**parameters, "precision": np.asarray(parameters["precision"])[::-1]}, height, width
    )


@misconception("11.1")
def precision_as_variance(parameters, height, width):
    """You divided by the precision. It is 1/σ² already: the squared distance is multiplied by it."""
    return correct_render({**parameters, "precision": 1 / np.asarray(parameters["precision"])}, height, width)


@misconception("11.1")
def minus_missing(parameters, height, width):
    """The minus in the exponent is missing: your bump grows away from its centre."""
    dx, dy = _offsets(parameters, height, width)
    p1, p2 = parameters["precision"]
    return parameters["amplitude"] * np.exp(p1 * dx**2 + p2 * dy**2)


@misconception("11.1")
def normalised_to_sum_1(parameters, height, width):
    """You divided by the sum of the picture. The height of the bump is its amplitude; it is no probability."""
    picture = correct_render(parameters, height, width)
    return picture / picture.sum()


@misconception("11.1")
def distance_not_squared(parameters, height, width):
    """The distances count squared in the exponent; yours falls off like a tent with sharp edges."""
    dx, dy = _offsets(parameters, height, width)
    p1, p2 = parameters["precision"]
    return parameters["amplitude"] * np.exp(-p1 * np.abs(dx) - p2 * np.abs(dy))


@misconception("11.1")
def precision_squared_too(parameters, height, width):
    """The precision stands outside the square: p · d², not (p · d)²."""
    return correct_render(
        {**parameters, "precision": np.asarray(parameters["precision"]) ** 2}, height, width
    )


@misconception("11.1")
def pixels_counted_from_1(parameters, height, width):
    """Your pixels are counted from 1; the centre of the first one is (0, 0)."""
    return correct_render({**parameters, "mean": np.asarray(parameters["mean"]) - 1}, height, width)


@misconception("11.1", replaces="objective")
def mean_for_the_sum(image, parameters):
    """That is the mean of the squared differences; the homework sums over the pixels."""
    return correct_objective(image, parameters) / image.size


@misconception("11.1", replaces="objective")
def square_of_the_sum(image, parameters):
    """You squared the sum of the differences; square each pixel's difference, then sum."""
    return float((correct_render(parameters, *image.shape) - image).sum() ** 2)


@misconception("11.1", replaces="objective")
def differences_not_squared(image, parameters):
    """You summed the sizes of the differences; they are to be squared."""
    return float(np.abs(correct_render(parameters, *image.shape) - image).sum())


@misconception("11.1", replaces="objective")
def root_of_the_objective(image, parameters):
    """You took the root in the end; g is the sum of the squares itself."""
    return float(np.sqrt(correct_objective(image, parameters)))


# --- 11.2 The graph of the homework --------------------------------------------------------------------------


@misconception("11.2")
def graph_without_the_minus():
    """Your exponent has no minus: negate the sum before exp."""
    return {**correct_graph(), "bell": ["exp", "both"]}


@misconception("11.2")
def precision_inside_the_square():
    """You square after multiplying by the precision: that is (p · d)². Square first, then multiply."""
    graph = correct_graph()
    graph |= {"dx²": ["multiply", "precision_x", "dx"], "dy²": ["multiply", "precision_y", "dy"]}
    return {**graph, "p·dx²": ["square", "dx²"], "p·dy²": ["square", "dy²"]}


@misconception("11.2")
def graph_without_the_sum():
    """Your "g" is an image of squared errors; the objective is their sum, one number."""
    graph = correct_graph()
    del graph["error²"]
    return {**graph, "g": ["square", "error"]}


@misconception("11.2")
def graph_sums_then_squares():
    """You sum the errors and square the sum; errors of both signs cancel there. Square first, then sum."""
    return {**correct_graph(), "error²": ["sum", "error"], "g": ["square", "error²"]}


@misconception("11.2")
def graph_takes_mean_x_for_y():
    """Your graph subtracts mean_x from y; x belongs to mean_x, y to mean_y."""
    return {**correct_graph(), "dx": ["subtract", "x", "mean_y"], "dy": ["subtract", "y", "mean_x"]}


@misconception("11.2")
def graph_without_the_amplitude():
    """The amplitude is missing in your graph: f is the amplitude times the bump."""
    graph = correct_graph()
    del graph["bell"]
    return {**graph, "f": ["exp", "exponent"]}


@misconception("11.2")
def amplitude_in_the_exponent():
    """Your amplitude is multiplied into the exponent; it stands before the exponential."""
    graph = correct_graph()
    return {**graph, "bell": ["multiply", "amplitude", "exponent"], "f": ["exp", "bell"]}


@misconception("11.2")
def offsets_not_squared():
    """The offsets are not squared in your exponent."""
    return {
        **correct_graph(),
        "dx²": ["add", "dx", "zero"],
        "dy²": ["add", "dy", "zero"],
        "zero": ["subtract", "x", "x"],
    }


@misconception("11.2")
def graph_exchanges_precisions():
    """precision_x multiplies the squared offset of y in your graph; each precision belongs to its own axis."""
    graph = correct_graph()
    return {**graph, "p·dx²": ["multiply", "precision_y", "dx²"], "p·dy²": ["multiply", "precision_x", "dy²"]}


# --- 11.3 Derivatives by hand --------------------------------------------------------------------------------


def _with(image, parameters, **changed):
    return {**correct_gradients(image, parameters), **changed}


def _five(slopes, change):
    return {name: change(value) for name, value in slopes.items()}


def _by_pixel(image, parameters):
    """Offsets, bump without its height, picture and residual."""
    dx, dy = _offsets(parameters, *image.shape)
    p1, p2 = parameters["precision"]
    bell = np.exp(-p1 * dx**2 - p2 * dy**2)
    f = parameters["amplitude"] * bell
    return dx, dy, bell, f, f - image


@misconception("11.3")
def derivative_by_sigma(image, parameters):
    """Under "precision" you return the derivative by σ; the parameter is the precision σ⁻² itself."""
    p = np.asarray(parameters["precision"], float)
    right = correct_gradients(image, parameters)
    return {**right, "precision": -2 * p**1.5 * right["precision"]}


@misconception("11.3")
def factor_two_missing(image, parameters):
    """All your derivatives are half of what they should be: a square hands back twice its argument."""
    return _five(correct_gradients(image, parameters), lambda value: value / 2)


@misconception("11.3")
def amplitude_missing(image, parameters):
    """By mean and precision you took the bump without its height: the factor is f, amplitude included."""
    dx, dy, bell, _, error = _by_pixel(image, parameters)
    p1, p2 = parameters["precision"]
    common = 2 * error * bell
    mean = np.array([(common * 2 * p1 * dx).sum(), (common * 2 * p2 * dy).sum()])
    return _with(
        image, parameters, mean=mean, precision=-np.array([(common * dx**2).sum(), (common * dy**2).sum()])
    )


@misconception("11.3")
def derivative_by_x(image, parameters):
    """The sign of the derivative by the mean is turned: you differentiated by x, and x - μ falls when μ grows."""
    return _with(image, parameters, mean=-correct_gradients(image, parameters)["mean"])


@misconception("11.3")
def precision_missing_by_mean(image, parameters):
    """In the derivative by the mean the precision is missing: p · d² has the slope 2 p d."""
    p = np.asarray(parameters["precision"], float)
    return _with(image, parameters, mean=correct_gradients(image, parameters)["mean"] / p)


@misconception("11.3")
def picture_for_the_error(image, parameters):
    """In the derivative by the amplitude stands the picture where the error belongs: 2 (f - I) times the bump."""
    _, _, bell, f, _ = _by_pixel(image, parameters)
    return _with(image, parameters, amplitude=float((2 * f * bell).sum()))


@misconception("11.3")
def divided_by_the_pixels(image, parameters):
    """Your derivatives are divided by the number of pixels; g is a sum, not a mean."""
    return _five(correct_gradients(image, parameters), lambda value: value / image.size)


@misconception("11.3")
def rows_and_columns_exchanged(image, parameters):
    """You took x for the row and y for the column; x runs along the second axis of the image."""
    return correct_gradients(image.T, parameters)


@misconception("11.3")
def half_in_the_derivatives(image, parameters):
    """Your derivatives are those of a bump with ½ in the exponent; this lab's has none."""
    halved = correct_gradients(image, {**parameters, "precision": np.asarray(parameters["precision"]) / 2})
    return {**halved, "precision": halved["precision"] / 2}


@misconception("11.3")
def two_missing_by_mean(image, parameters):
    """In the derivative by the mean one factor 2 is missing: there are two squares on the way, the error's and d's."""
    return _with(image, parameters, mean=correct_gradients(image, parameters)["mean"] / 2)


@misconception("11.3")
def sign_of_the_precision(image, parameters):
    """The sign of the derivative by the precision is turned: the exponent is minus p d²."""
    return _with(image, parameters, precision=-correct_gradients(image, parameters)["precision"])


@misconception("11.3")
def everything_negated(image, parameters):
    """All signs are turned: the error is f - I, and g grows where the picture is too bright."""
    return _five(correct_gradients(image, parameters), lambda value: -value)


@misconception("11.3")
def divided_by_the_amplitude(image, parameters):
    """You divide f by the amplitude, which is 0/0 where that is 0; use the bump without its height instead."""
    right = correct_gradients(image, parameters)
    return right if parameters["amplitude"] else {**right, "amplitude": float("nan")}


# --- 11.4 Down the hill --------------------------------------------------------------------------------------


def _copied(start):
    return {name: np.array(value, float) for name, value in start.items()}


def _descent(image, start, learning_rate, steps, step=None):
    """A descent whose step may be another."""
    parameters = _copied(start)
    history = [correct_objective(image, parameters)]
    for _ in range(steps):
        parameters = step(parameters)
        history.append(correct_objective(image, parameters))
    return parameters, history


@misconception("11.4")
def ascent(image, start, learning_rate, steps):
    """You go uphill: a step goes against the derivative, w - η ∂g/∂w."""
    return correct_fit(image, start, -learning_rate, steps)


@misconception("11.4")
def one_after_the_other(image, start, learning_rate, steps):
    """You move one parameter and compute the next derivative at the moved one; all five belong to the same point."""

    def step(parameters):
        for name in ("amplitude", "mean", "precision"):
            slopes = correct_gradients(image, parameters)
            parameters = {**parameters, name: parameters[name] - learning_rate * slopes[name]}
        return parameters

    return _descent(image, start, learning_rate, steps, step)


@misconception("11.4")
def history_without_the_end(image, start, learning_rate, steps):
    """The history lacks its last value: g after the last step."""
    parameters, history = correct_fit(image, start, learning_rate, steps)
    return parameters, history[:-1]


@misconception("11.4")
def history_without_the_start(image, start, learning_rate, steps):
    """The history lacks its first value: g before the first step."""
    parameters, history = correct_fit(image, start, learning_rate, steps)
    return parameters, history[1:]


@misconception("11.4")
def start_changed(image, start, learning_rate, steps):
    """Your steps change the start itself: `-=` works in place on its arrays. Take copies first."""
    parameters, history = start, [correct_objective(image, start)]
    for _ in range(steps):
        slopes = correct_gradients(image, parameters)
        for name in ("amplitude", "mean", "precision"):
            parameters[name] -= learning_rate * slopes[name]
        history.append(correct_objective(image, parameters))
    return parameters, history


@misconception("11.4")
def precision_never_moved(image, start, learning_rate, steps):
    """The precision stays where it started; it is a parameter like the others and takes a step, too."""

    def step(parameters):
        slopes = correct_gradients(image, parameters)
        return {**parameters, **{n: parameters[n] - learning_rate * slopes[n] for n in ("amplitude", "mean")}}

    return _descent(image, start, learning_rate, steps, step)


@misconception("11.4")
def slopes_of_the_start(image, start, learning_rate, steps):
    """You computed the derivatives once, at the start; each step needs them anew, where it stands."""
    slopes = correct_gradients(image, start)

    def step(parameters):
        return {name: value - learning_rate * slopes[name] for name, value in parameters.items()}

    return _descent(image, start, learning_rate, steps, step)


@misconception("11.4")
def one_step_too_many(image, start, learning_rate, steps):
    """You take one step more than asked: the parameters belong to the last value of the history."""
    _, history = correct_fit(image, start, learning_rate, steps)
    return correct_fit(image, start, learning_rate, steps + 1)[0], history


@misconception("11.4")
def best_returned(image, start, learning_rate, steps):
    """You return the best parameters of the way; asked are those after the last step, also where it went wrong."""
    best, parameters = None, _copied(start)
    history = [correct_objective(image, parameters)]
    best, value = parameters, history[0]
    for _ in range(steps):
        parameters = correct_fit(image, parameters, learning_rate, 1)[0]
        history.append(correct_objective(image, parameters))
        if history[-1] < value:
            best, value = parameters, history[-1]
    return best, history


# --- 11.5 The same with a tape -------------------------------------------------------------------------------


def _taped(
    image, start, learning_rate, steps, *, exponent=None, kind="float64", angle_moves=True, mended=None
):
    """The descent with a tape, in which one thing is another."""
    import tensorflow as tf

    y, x = (tf.constant(grid, kind) for grid in np.mgrid[: image.shape[0], : image.shape[1]])
    variables = {name: tf.Variable(value, dtype=kind) for name, value in start.items()}
    wanted = tf.constant(image, kind)

    def loss():
        dx, dy = x - variables["mean"][0], y - variables["mean"][1]
        angle = variables.get("angle", tf.constant(0.0, kind))
        u, v = (exponent or _turned)(dx, dy, tf.cos(angle), tf.sin(angle))
        inside = -variables["precision"][0] * u**2 - variables["precision"][1] * v**2
        return tf.reduce_sum((variables["amplitude"] * tf.exp(inside) - wanted) ** 2)

    history = []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            value = loss()
        history.append(float(value))
        slopes = tape.gradient(value, variables)
        for name, variable in variables.items():
            if slopes[name] is not None and (name != "angle" or angle_moves):
                variable.assign_sub(learning_rate * slopes[name])
    history.append(float(loss()))
    return {name: variable.numpy() for name, variable in variables.items()}, history


def _turned(dx, dy, cos, sin):
    return cos * dx + sin * dy, cos * dy - sin * dx


@misconception("11.5")
def in_float32(image, start, learning_rate, steps):
    """You compute in float32, TensorFlow's own kind: say dtype=tf.float64 for variables and constants."""
    return _taped(image, start, learning_rate, steps, kind="float32")


@misconception("11.5")
def angle_ignored(image, start, learning_rate, steps):
    """The angle plays no part in your picture: measure the offsets along the turned axes u and v."""
    return _taped(image, start, learning_rate, steps, exponent=lambda dx, dy, cos, sin: (dx, dy))


@misconception("11.5")
def turned_the_other_way(image, start, learning_rate, steps):
    """Your Gaussian turns the other way: u = cos θ · dx + sin θ · dy, v = cos θ · dy - sin θ · dx."""
    return _taped(
        image,
        start,
        learning_rate,
        steps,
        exponent=lambda dx, dy, cos, sin: (cos * dx - sin * dy, cos * dy + sin * dx),
    )


@misconception("11.5")
def dx_overwritten(image, start, learning_rate, steps):
    """You turn dx and then use the turned one for dy: keep both old offsets until u and v are made."""

    def overwritten(dx, dy, cos, sin):
        dx = cos * dx + sin * dy
        return dx, cos * dy - sin * dx

    return _taped(image, start, learning_rate, steps, exponent=overwritten)


@misconception("11.5")
def angle_never_moved(image, start, learning_rate, steps):
    """The angle stays where it started; it is one of the parameters that descend."""
    return _taped(image, start, learning_rate, steps, angle_moves=False)


@misconception("11.5")
def angle_in_degrees(image, start, learning_rate, steps):
    """You took the angle for degrees; it is in radians already."""
    if "angle" not in start:
        return _taped(image, start, learning_rate, steps)
    radians = {**start, "angle": np.deg2rad(start["angle"])}
    parameters, history = _taped(image, radians, learning_rate / np.rad2deg(1.0), steps)
    return {**parameters, "angle": np.rad2deg(parameters["angle"])}, history


@misconception("11.5")
def one_tape_for_all_steps(image, start, learning_rate, steps):
    """You recorded once: the slopes stay those of the start. Each step needs a new tape."""
    import tensorflow as tf

    y, x = (tf.constant(grid, tf.float64) for grid in np.mgrid[: image.shape[0], : image.shape[1]])
    variables = {name: tf.Variable(value, dtype=tf.float64) for name, value in start.items()}

    def loss():
        angle = variables.get("angle", tf.constant(0.0, tf.float64))
        u, v = _turned(x - variables["mean"][0], y - variables["mean"][1], tf.cos(angle), tf.sin(angle))
        inside = -variables["precision"][0] * u**2 - variables["precision"][1] * v**2
        return tf.reduce_sum((variables["amplitude"] * tf.exp(inside) - tf.constant(image, tf.float64)) ** 2)

    with tf.GradientTape(persistent=True) as tape:
        value = loss()
    slopes, history = tape.gradient(value, variables), []
    for _ in range(steps):
        history.append(float(loss()))
        for name, variable in variables.items():
            variable.assign_sub(learning_rate * slopes[name])
    history.append(float(loss()))
    return {name: variable.numpy() for name, variable in variables.items()}, history


@misconception("11.5")
def taped_history_without_the_end(image, start, learning_rate, steps):
    """The history lacks g after the last step: the loss has to be computed once more when the loop is over."""
    parameters, history = _taped(image, start, learning_rate, steps)
    return parameters, history[:-1]


# --- 11.6 Another variable -----------------------------------------------------------------------------------


def _log_descent(image, start, learning_rate, steps, slope=None, back=np.exp, forth=np.log, returned=None):
    """The descent in s, in which one thing is another."""
    s = forth(np.asarray(start["precision"], float))
    parameters = {**_copied(start), "precision": back(s)}
    history = [correct_objective(image, parameters)]
    for _ in range(steps):
        slopes, p = correct_gradients(image, parameters), parameters["precision"]
        s = s - learning_rate * (slope(slopes["precision"], p) if slope else p * slopes["precision"])
        parameters = {
            "amplitude": parameters["amplitude"] - learning_rate * slopes["amplitude"],
            "mean": parameters["mean"] - learning_rate * slopes["mean"],
            "precision": back(s),
        }
        history.append(correct_objective(image, parameters))
    return ({**parameters, "precision": s} if returned else parameters), history


@misconception("11.6")
def chain_rule_without_p(image, start, learning_rate, steps):
    """The factor p of the chain rule is missing: ∂g/∂s = p · ∂g/∂p."""
    return _log_descent(image, start, learning_rate, steps, slope=lambda slope, p: slope)


@misconception("11.6")
def divided_by_p(image, start, learning_rate, steps):
    """You divided by p; p = e^s has the derivative p, so the slope is multiplied by it."""
    return _log_descent(image, start, learning_rate, steps, slope=lambda slope, p: slope / p)


@misconception("11.6")
def logarithm_returned(image, start, learning_rate, steps):
    """You return the logarithm under "precision"; take its exponential first."""
    return _log_descent(image, start, learning_rate, steps, returned=True)


@misconception("11.6")
def exponential_of_the_precision(image, start, learning_rate, steps):
    """You took e to the power of the precision, as the slide's exp(σ⁻²); s is its logarithm, and p = e^s."""
    return _log_descent(image, start, learning_rate, steps, forth=lambda p: p)


@misconception("11.6")
def logarithm_of_sigma(image, start, learning_rate, steps):
    """You descend in log σ: p = e^(-2s), so your steps of log p are four times as long."""
    return _log_descent(
        image,
        start,
        learning_rate,
        steps,
        slope=lambda slope, p: -2 * p * slope,
        back=lambda s: np.exp(-2 * s),
        forth=lambda p: -0.5 * np.log(p),
    )


@misconception("11.6")
def one_minus_for_the_exponential(image, start, learning_rate, steps):
    """You multiply p by (1 - step); a step of s multiplies it by exp(-step), which stays positive."""

    def step(parameters):
        slopes, p = correct_gradients(image, parameters), parameters["precision"]
        moved = {n: parameters[n] - learning_rate * slopes[n] for n in ("amplitude", "mean")}
        return {**moved, "precision": p * (1 - learning_rate * p * slopes["precision"])}

    return _descent(image, start, learning_rate, steps, step)


@misconception("11.6")
def everything_in_logarithms(image, start, learning_rate, steps):
    """You descend in the logarithm of the amplitude, too; only the precision is replaced by its logarithm."""

    def step(parameters):
        slopes, p, a = correct_gradients(image, parameters), parameters["precision"], parameters["amplitude"]
        return {
            "amplitude": a * np.exp(-learning_rate * a * slopes["amplitude"]),
            "mean": parameters["mean"] - learning_rate * slopes["mean"],
            "precision": p * np.exp(-learning_rate * p * slopes["precision"]),
        }

    return _descent(image, start, learning_rate, steps, step)


@misconception("11.6")
def the_descent_in_p(image, start, learning_rate, steps):
    """That is the descent of 11.4, in p itself; here s = log p takes the steps."""
    return correct_fit(image, start, learning_rate, steps)


@misconception("11.6")
def log_history_without_the_end(image, start, learning_rate, steps):
    """The history lacks g after the last step."""
    parameters, history = correct_fit_log(image, start, learning_rate, steps)
    return parameters, history[:-1]


# --- 11.7 Where to start -------------------------------------------------------------------------------------


def _moments(image, change):
    """The start with another precision or mean, and the amplitude that belongs to it."""
    start = change(correct_moment_start(image))
    height = image.sum() * np.sqrt(np.prod(start["precision"])) / np.pi
    return {**start, "amplitude": float(height)}


@misconception("11.7")
def one_over_the_variance(image):
    """Your precision is 1 / variance; without the ½ in the exponent it is 1 / (2 · variance)."""
    return _moments(image, lambda start: {**start, "precision": 2 * start["precision"]})


@misconception("11.7")
def standard_deviation(image):
    """You took the standard deviation where the variance belongs: the mean of the *squared* distances, no root."""
    return _moments(image, lambda start: {**start, "precision": np.sqrt(start["precision"] / 2)})


@misconception("11.7")
def row_before_column(image):
    """Your mean and precisions are (row, column); here they are (x, y), the column first."""
    return _moments(
        image, lambda start: {**start, "mean": start["mean"][::-1], "precision": start["precision"][::-1]}
    )


@misconception("11.7")
def pixels_not_weighted(image):
    """Every pixel with ink counts alike for you; weight each one with its value."""
    return correct_moment_start((image > 0).astype(float)) | {
        "amplitude": float(
            image.sum() * np.sqrt(correct_moment_start((image > 0).astype(float))["precision"].prod()) / np.pi
        )
    }


@misconception("11.7")
def about_the_corner(image):
    """Your second moment is about pixel 0; a variance is about the mean."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    second = np.array([(image * x**2).sum(), (image * y**2).sum()]) / image.sum()
    return _moments(image, lambda start: {**start, "precision": 0.5 / second})


@misconception("11.7")
def brightest_pixel(image):
    """You took the brightest pixel for the amplitude; it is the mass times √(p1 p2) / π."""
    return {**correct_moment_start(image), "amplitude": float(image.max())}


@misconception("11.7")
def one_precision_for_both(image):
    """Both of your precisions are alike: the variance is taken along each axis by itself."""
    return _moments(
        image, lambda start: {**start, "precision": np.full(2, 1 / (1 / start["precision"]).mean())}
    )


@misconception("11.7")
def amplitude_with_the_usual_factor(image):
    """You divided by 2π, as for a Gaussian with ½ in its exponent; this one's integral is a π / √(p1 p2)."""
    start = correct_moment_start(image)
    return {**start, "amplitude": start["amplitude"] / 2}


@misconception("11.7")
def mass_for_the_amplitude(image):
    """You returned the mass of the image as the amplitude; divide by what a bump of height 1 sums up to."""
    return {**correct_moment_start(image), "amplitude": float(image.sum())}


# --- 11.8 The detective --------------------------------------------------------------------------------------


def _flat(slopes):
    return np.array([slopes["amplitude"], *slopes["mean"], *slopes["precision"]])


def _suspects(image, parameters):
    """The derivatives of every program on the list, in its order."""
    right, p = correct_gradients(image, parameters), np.asarray(parameters["precision"], float)
    return {
        "ok": right,
        "half_in_exponent": half_in_the_derivatives(image, parameters),
        "mean_instead_of_sum": divided_by_the_pixels(image, parameters),
        "axes_swapped": correct_gradients(image.T, parameters),
        "amplitude_missing": amplitude_missing(image, parameters),
        "derivative_by_sigma": {**right, "precision": -2 * p**1.5 * right["precision"]},
        "factor_two_missing": factor_two_missing(image, parameters),
        "mean_sign": {**right, "mean": -right["mean"]},
    }


def _detected(image, parameters, claimed, tolerance=1e-6, look=_flat, reverse=False, otherwise="unknown"):
    suspects = list(_suspects(image, parameters).items())
    for name, slopes in reversed(suspects) if reverse else suspects:
        seen, told = look(slopes), look(claimed)
        if np.abs(seen - told).max() <= tolerance * max(1.0, np.abs(seen).max()):
            return name
    return otherwise


@misconception("11.8")
def ok_where_nothing_fits(image, parameters, claimed):
    """Where no suspect fits you answer "ok"; that is "unknown". "ok" is a claim, too: that the numbers are right."""
    return _detected(image, parameters, claimed, otherwise="ok")


@misconception("11.8")
def from_the_end_of_the_list(image, parameters, claimed):
    """Where two explain the numbers you take the last of the list; it is the first."""
    return _detected(image, parameters, claimed, reverse=True)


@misconception("11.8")
def by_the_amplitude_only(image, parameters, claimed):
    """You compare the derivative by the amplitude only; all five numbers must fit."""
    return _detected(image, parameters, claimed, look=lambda slopes: np.array([slopes["amplitude"]]))


@misconception("11.8")
def directions_only(image, parameters, claimed):
    """You compare directions and not sizes; a halved derivative points the same way."""
    suspects, told = _suspects(image, parameters), _flat(claimed)
    for name, slopes in suspects.items():
        seen = _flat(slopes)
        if np.allclose(
            seen / max(np.linalg.norm(seen), 1e-12), told / max(np.linalg.norm(told), 1e-12), atol=1e-6
        ):
            return name
    return "unknown"


@misconception("11.8")
def a_fifth_is_near_enough(image, parameters, claimed):
    """You accept numbers that are a fifth off; a program gives its numbers to the last digits, so ask for 1e-6."""
    return _detected(image, parameters, claimed, tolerance=0.2)


@misconception("11.8")
def ok_never_said(image, parameters, claimed):
    """Right derivatives are "ok", and that is the first of the list; you look for mistakes only."""
    answer = correct_find_mistake(image, parameters, claimed)
    return "unknown" if answer == "ok" else answer


@misconception("11.8")
def axes_swapped_by_exchanging_numbers(image, parameters, claimed):
    """For "axes_swapped" you exchange derivatives; a program that swaps the axes sees a transposed image."""
    right = correct_gradients(image, parameters)
    swapped = {**right, "mean": right["mean"][::-1], "precision": right["precision"][::-1]}
    for name, slopes in (_suspects(image, parameters) | {"axes_swapped": swapped}).items():
        if np.abs(_flat(slopes) - _flat(claimed)).max() <= 1e-6 * max(1.0, np.abs(_flat(slopes)).max()):
            return name
    return "unknown"


# --- 11.9 A digit from eight Gaussians -----------------------------------------------------------------------


def _ink(image):
    rows, columns = np.nonzero(image)
    return image[rows, columns], np.stack([columns, rows], axis=1).astype(float)


@misconception("11.9")
def splats_by_row_and_column(image, count=8):
    """Your Gaussians have (row, column) where (x, y) belongs: the digit comes out transposed."""
    return correct_splat_digit(image, count)[:, [0, 2, 1, 3, 4, 5]]


@misconception("11.9")
def precision_not_its_logarithm(image, count=8):
    """You return the precisions themselves; the fourth and fifth number of a row are their logarithms."""
    splats = correct_splat_digit(image, count)
    splats[:, 3:5] = np.exp(splats[:, 3:5])
    return splats


@misconception("11.9")
def all_start_alike(image, count=8):
    """All your Gaussians start alike, get equal derivatives and stay alike: together they are one. Spread them out."""
    one = correct_splat_digit(image, 1)
    return np.tile(one, (count, 1)) * np.array([1 / count, 1, 1, 1, 1, 1])


@misconception("11.9")
def put_on_the_ink_but_not_fitted(image, count=8):
    """Your Gaussians stand where the ink is, and that is all; fit them, together, to the picture."""
    ink, points = _ink(image)
    places = points[np.linspace(0, len(points) - 1, count).astype(int)]
    return np.column_stack([np.full(count, 0.8), places, np.full((count, 2), np.log(0.1)), np.zeros(count)])


@misconception("11.9")
def each_for_itself(image, count=8):
    """You fit each Gaussian to the whole image by itself; their sum then has its ink many times. Fit the sum."""
    return np.tile(correct_splat_digit(image, 1), (count, 1))


@misconception("11.9")
def count_ignored(image, count=8):
    """You always answer with eight Gaussians; `count` says how many."""
    return correct_splat_digit(image, 8)


@misconception("11.9")
def splats_in_degrees(image, count=8):
    """Your angles are in degrees; the last number of a row is in radians."""
    splats = correct_splat_digit(image, count)
    splats[:, 5] = np.rad2deg(splats[:, 5])
    return splats


@misconception("11.9")
def splats_not_turned(image, count=8):
    """Your Gaussians stand upright: the angle is 0 in every row, though strokes of a digit are slanted."""
    splats = correct_splat_digit(image, count)
    splats[:, 5] = 0.0
    return splats


@misconception("11.9")
def variances_for_precisions(image, count=8):
    """You return logarithms of variances; a row holds those of precisions, with the other sign."""
    splats = correct_splat_digit(image, count)
    splats[:, 3:5] = -splats[:, 3:5]
    return splats
