"""Known mistakes of lab 02, each with the sentence that a student reads who makes it."""

import numpy as np

# Under names of their own: each mistake below takes the place of one of these functions.
from lab import PARAMETER
from lab import activation as correct_activation
from lab import backprop_step as correct_backprop_step
from lab import backward as correct_backward
from lab import find_broken_modules as correct_find_broken_modules
from lab import forward as correct_forward
from lab import graph_gradients as correct_graph_gradients
from lab import loss as correct_loss
from lab import sgd_step as correct_sgd_step
from lab import taylor_remainders as correct_taylor_remainders
from lab import train_mlp as correct_train_mlp

from labkit.check import misconception

# --- 2.1 Activations and their slopes ------------------------------------------------------------------------


def _sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


@misconception("2.1")
def sigmoid_of_the_slide(name, z):
    """Your sigmoid falls: the exponent needs a minus, 1/(1 + e^(-z)); the slides that print e^y have lost it."""
    value, slope = correct_activation(name, z)
    return (correct_activation(name, -z)[0], slope) if name == "sigmoid" else (value, slope)


@misconception("2.1")
def sigmoid_slope_at_the_value(name, z):
    """You took the derivative of the sigmoid at its value instead of at z: with s = sigmoid(z) it is s (1 - s)."""
    value, slope = correct_activation(name, z)
    return value, (correct_activation(name, value)[1] if name == "sigmoid" else slope)


@misconception("2.1")
def tanh_slope_at_the_value(name, z):
    """You took the derivative of tanh at its value instead of at z: with t = tanh(z) it is 1 - t^2."""
    value, slope = correct_activation(name, z)
    return value, (1 - np.tanh(value) ** 2 if name == "tanh" else slope)


@misconception("2.1")
def sigmoid_slope_of_z(name, z):
    """You put z itself into s (1 - s); s is the value of the sigmoid."""
    value, slope = correct_activation(name, z)
    return value, (z * (1 - z) if name == "sigmoid" else slope)


@misconception("2.1")
def sigmoid_overflows(name, z):
    """e^1000 is infinite, and infinity divided by infinity is NaN: keep the exponent below 0, or use np.logaddexp."""
    if name == "sigmoid":
        value = np.exp(z) / (1 + np.exp(z))
        return value, value * (1 - value)
    return correct_activation(name, z)


@misconception("2.1")
def softplus_overflows(name, z):
    """e^1000 is infinite, so ln(1 + e^z) overflows: np.logaddexp(0, z) is the same without that."""
    value, slope = correct_activation(name, z)
    return (np.log(1 + np.exp(z)), slope) if name == "softplus" else (value, slope)


@misconception("2.1")
def tanh_overflows(name, z):
    """You compute tanh from e^z and e^-z, which are infinite at 1000, and infinity divided by infinity is NaN: np.tanh
    knows how.
    """
    value, slope = correct_activation(name, z)
    if name == "tanh":
        value = (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))
        slope = 1 - value**2
    return value, slope


@misconception("2.1")
def tanh_without_square(name, z):
    """The derivative of tanh is 1 - tanh(z)^2; the square is missing."""
    value, slope = correct_activation(name, z)
    return value, (1 - value if name == "tanh" else slope)


@misconception("2.1")
def relu_slope_for_softplus(name, z):
    """The derivative of softplus is the sigmoid, the smooth version of the step, not the step itself."""
    value, slope = correct_activation(name, z)
    return value, ((z > 0).astype(z.dtype) if name == "softplus" else slope)


@misconception("2.1")
def slope_of_a_hundredth(name, z):
    """The leaky ReLU has the slope 0.01 below 0 in your function; here it is 0.1."""
    if name == "leaky_relu":
        return np.where(z > 0, z, 0.01 * z), np.where(z > 0, 1, 0.01).astype(z.dtype)
    return correct_activation(name, z)


@misconception("2.1")
def leaky_slope_forgotten(name, z):
    """Below 0 the leaky ReLU has the derivative 0.1, not 0: that is the point of the leak."""
    value, slope = correct_activation(name, z)
    return value, ((z > 0).astype(z.dtype) if name == "leaky_relu" else slope)


@misconception("2.1")
def ramp_not_shifted(name, z):
    """Your ramp begins at 0; it is z + 1/2, cut off at 0 and 1, so it rises from -1/2 to 1/2."""
    if name == "piecewise_linear":
        return np.clip(z, 0, 1), ((z > 0) & (z < 1)).astype(z.dtype)
    return correct_activation(name, z)


@misconception("2.1")
def ramp_with_slope_everywhere(name, z):
    """Where the ramp is cut off it is flat: the derivative is 0 there, and 1 only between -1/2 and 1/2."""
    value, slope = correct_activation(name, z)
    return value, (np.ones_like(z) if name == "piecewise_linear" else slope)


@misconception("2.1")
def ramp_slope_not_shifted(name, z):
    """Your ramp rises from -1/2 to 1/2, but your derivative of it is 1 from 0 to 1: it is 1 where the ramp rises."""
    value, slope = correct_activation(name, z)
    return value, (((z > 0) & (z < 1)).astype(z.dtype) if name == "piecewise_linear" else slope)


@misconception("2.1")
def tanh_of_half(name, z):
    """2 sigmoid(z) - 1 is tanh(z/2); tanh(z) itself is 2 sigmoid(2z) - 1."""
    if name == "tanh":
        value = np.tanh(z / 2)
        return value, (1 - value**2) / 2
    return correct_activation(name, z)


@misconception("2.1")
def softplus_cut_off(name, z):
    """You cut z off before e^z, so your softplus stops growing; it grows like z: np.logaddexp(0, z)."""
    value, slope = correct_activation(name, z)
    return (np.log1p(np.exp(np.clip(z, -50, 50))), slope) if name == "softplus" else (value, slope)


@misconception("2.1")
def linear_slope_is_z(name, z):
    """The derivative of z is 1, whatever z is."""
    value, slope = correct_activation(name, z)
    return value, (z if name == "linear" else slope)


@misconception("2.1")
def derivative_first(name, z):
    """You return the derivative first; the value comes first."""
    return correct_activation(name, z)[::-1]


# --- 2.2 One step by hand ------------------------------------------------------------------------------------


def _step(
    hidden,
    output,
    x,
    y,
    learning_rate=1.0,
    update_biases=True,
    *,
    slope=lambda a: a * (1 - a),
    output_slope=None,
    one_first=lambda values: np.append(1.0, values),
    biases=1.0,
    back=lambda output, deltas, new: output[1:] @ deltas,
    sign=1,
    twice=False,
):
    """The step of 2.2 with parts of it changed."""
    inputs = one_first(x)
    activations = _sigmoid(inputs @ hidden - (1 - biases) * hidden[0])
    arriving = one_first(activations)
    outputs = _sigmoid(arriving @ output - (1 - biases) * output[0])
    output_deltas = sign * (y - outputs) * (output_slope or slope)(outputs)
    change = np.outer(arriving, output_deltas * (output_deltas if twice else 1))
    if not update_biases:
        change[0] = 0
    new_output = output + learning_rate * change
    hidden_deltas = slope(activations) * back(output, output_deltas, new_output)
    change = np.outer(inputs, hidden_deltas * (hidden_deltas if twice else 1))
    if not update_biases:
        change[0] = 0
    return {
        "activations": activations,
        "outputs": outputs,
        "error": 0.5 * float(((outputs - y) ** 2).sum()),
        "hidden_deltas": hidden_deltas,
        "output_deltas": output_deltas,
        "hidden": hidden + learning_rate * change,
        "output": new_output,
    }


@misconception("2.2")
def deltas_from_updated_weights(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """The errors of your hidden units come back over output weights that are already updated: compute all deltas
    from the old weights first.
    """
    return _step(
        hidden, output, x, y, learning_rate, update_biases, back=lambda old, deltas, new: new[1:] @ deltas
    )


@misconception("2.2")
def delta_multiplied_in_twice(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """Your change of the weights has one delta too many, as the slide "Modifying Weights" has: it is c, delta and
    what came in, each once.
    """
    return _step(hidden, output, x, y, learning_rate, update_biases, twice=True)


@misconception("2.2")
def slope_at_the_activation(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """You took the slope of the sigmoid at the activation; with the activation a it is a (1 - a) already."""
    return _step(
        hidden, output, x, y, learning_rate, update_biases, slope=lambda a: _sigmoid(a) * (1 - _sigmoid(a))
    )


@misconception("2.2")
def slope_left_out(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """The slopes of the sigmoid are missing: each delta has a factor u (1 - u), or a (1 - a) in the hidden layer."""
    return _step(hidden, output, x, y, learning_rate, update_biases, slope=np.ones_like)


@misconception("2.2")
def hidden_slope_left_out(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """The slope is missing in the errors of your hidden units: each sum over the output units is multiplied by
    a (1 - a).
    """
    return _step(
        hidden,
        output,
        x,
        y,
        learning_rate,
        update_biases,
        slope=np.ones_like,
        output_slope=lambda u: u * (1 - u),
    )


@misconception("2.2")
def output_slope_left_out(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """The slope is missing in the errors of your output units: y - u is multiplied by u (1 - u)."""
    return _step(hidden, output, x, y, learning_rate, update_biases, output_slope=np.ones_like)


@misconception("2.2")
def biases_missing_forward(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """The biases are missing on your way forward: row 0 of each matrix is added to what the inputs give."""
    return _step(hidden, output, x, y, learning_rate, update_biases, biases=0.0)


@misconception("2.2")
def bias_row_last(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """You read the biases from the last row; they stand in row 0, so the 1 comes first: np.append(1.0, x)."""
    return _step(
        hidden,
        output,
        x,
        y,
        learning_rate,
        update_biases,
        one_first=lambda values: np.append(values, 1.0),
        back=lambda output, deltas, new: output[:-1] @ deltas,
    )


@misconception("2.2")
def subtracted(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """Your deltas are right, and you subtract the changes; a delta made of y - u already points downhill: add."""
    answer = correct_backprop_step(hidden, output, x, y, learning_rate, update_biases)
    return answer | {"hidden": 2 * hidden - answer["hidden"], "output": 2 * output - answer["output"]}


@misconception("2.2")
def changes_for_the_new_weights(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """You return the changes of the weights; what is asked for are the new weights: old ones plus changes."""
    answer = correct_backprop_step(hidden, output, x, y, learning_rate, update_biases)
    return answer | {"hidden": answer["hidden"] - hidden, "output": answer["output"] - output}


@misconception("2.2")
def uphill(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """You add c times a delta made of u - y, so the error grows: delta is (y - u) u (1 - u), or subtract."""
    return _step(hidden, output, x, y, learning_rate, update_biases, sign=-1)


@misconception("2.2")
def deltas_of_the_other_lecture(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """Your weights are right, and your deltas have the opposite sign, Rousseau's; here delta is (y - u) u (1 - u)."""
    answer = correct_backprop_step(hidden, output, x, y, learning_rate, update_biases)
    return answer | {name: -answer[name] for name in ("hidden_deltas", "output_deltas")}


@misconception("2.2")
def biases_never_updated(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """Your biases never change; a bias is a weight on an input of 1, so it changes by c times delta."""
    return correct_backprop_step(hidden, output, x, y, learning_rate, False)


@misconception("2.2")
def biases_always_updated(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """With update_biases=False row 0 of both matrices stays as it is; yours changes all the same."""
    return correct_backprop_step(hidden, output, x, y, learning_rate, True)


@misconception("2.2")
def bias_row_sends_errors_back(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """The row of biases takes part in your sum over the output units, so every hidden unit gets its neighbour's
    weights: row 0 belongs to no hidden unit, use output[1:].
    """
    return _step(
        hidden,
        output,
        x,
        y,
        learning_rate,
        update_biases,
        back=lambda output, deltas, new: output[:-1] @ deltas,
    )


@misconception("2.2")
def learning_rate_ignored(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """The learning rate has no effect in your step: it multiplies every change."""
    return correct_backprop_step(hidden, output, x, y, 1.0, update_biases)


@misconception("2.2")
def hidden_weights_stay(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """You return the hidden weights as they were; they move, too, by c times delta times the input."""
    answer = correct_backprop_step(hidden, output, x, y, learning_rate, update_biases)
    return {**answer, "hidden": hidden.copy()}


@misconception("2.2")
def stepped_in_place(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """Your step changes the matrices that were handed over, so the old weights are lost: hidden = hidden + ...
    instead of hidden += ...
    """
    answer = correct_backprop_step(hidden, output, x, y, learning_rate, update_biases)
    hidden[:], output[:] = answer["hidden"], answer["output"]
    return answer


@misconception("2.2")
def error_averaged_over_outputs(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """Your error is the mean over the output units; here it is half of their *sum* of squares."""
    answer = correct_backprop_step(hidden, output, x, y, learning_rate, update_biases)
    return {**answer, "error": float(((answer["outputs"] - y) ** 2).mean())}


@misconception("2.2")
def error_without_half(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """The error is half of the sum of squares; your 1/2 is missing."""
    answer = correct_backprop_step(hidden, output, x, y, learning_rate, update_biases)
    return answer | {"error": 2 * answer["error"]}


@misconception("2.2")
def error_after_the_step(hidden, output, x, y, learning_rate=1.0, update_biases=True):
    """Your outputs and error are those after the step; all but the new matrices belongs to the old weights."""
    answer = correct_backprop_step(hidden, output, x, y, learning_rate, update_biases)
    after = correct_backprop_step(answer["hidden"], answer["output"], x, y)
    return answer | {name: after[name] for name in ("activations", "outputs", "error")}


# --- 2.3 Two losses ------------------------------------------------------------------------------------------


def _for(wanted, name, outputs, targets, value=None, gradient=None):
    """The right answers, with value or gradient of one loss changed."""
    found, slope = correct_loss(name, outputs, targets)
    if name != wanted:
        return found, slope
    return found if value is None else value(found), slope if gradient is None else gradient(slope)


@misconception("2.3")
def half_forgotten(name, outputs, targets):
    """The squared error has the factor 1/2 here, so that its gradient is u - y; you left it out of the loss."""
    return _for("squared_error", name, outputs, targets, value=lambda v: 2 * v)


@misconception("2.3")
def gradient_of_the_other_slide(name, outputs, targets):
    """Your gradient 2 (u - y) belongs to the loss without the 1/2; with the 1/2 it is u - y."""
    return _for("squared_error", name, outputs, targets, gradient=lambda g: 2 * g)


@misconception("2.3")
def mean_over_all_entries(name, outputs, targets):
    """You took the mean over rows and columns; sum over the columns, mean over the rows."""
    value, gradient = correct_loss(name, outputs, targets)
    return value / outputs.shape[1], gradient / outputs.shape[1]


@misconception("2.3")
def gradient_of_the_sum(name, outputs, targets):
    """The loss is a mean over the rows, and so is its gradient: divide it by their number, too."""
    value, gradient = correct_loss(name, outputs, targets)
    return value, gradient * len(outputs)


@misconception("2.3")
def sum_over_the_rows(name, outputs, targets):
    """You summed over the rows; the loss is their mean, and the gradient has the same 1/n."""
    value, gradient = correct_loss(name, outputs, targets)
    return value * len(outputs), gradient * len(outputs)


@misconception("2.3")
def target_minus_output(name, outputs, targets):
    """The sign of your gradients: output minus target (p - y for the cross-entropy); descent subtracts them."""
    value, gradient = correct_loss(name, outputs, targets)
    return value, -gradient


@misconception("2.3")
def softmax_over_axis_0(name, outputs, targets):
    """Your softmax runs over the rows of the batch (axis 0); each row is an example and has its own."""
    if name == "squared_error":
        return correct_loss(name, outputs, targets)
    shifted = outputs - outputs.max(axis=0)
    logs = shifted - np.log(np.exp(shifted).sum(axis=0))
    return float(-(targets * logs).sum() / len(outputs)), (np.exp(logs) - targets) / len(outputs)


@misconception("2.3")
def softmax_without_shift(name, outputs, targets):
    """e^1000 is infinite: subtract the largest logit of each row before np.exp."""
    if name == "squared_error":
        return correct_loss(name, outputs, targets)
    p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    return float(-(targets * np.log(p)).sum() / len(outputs)), (p - targets) / len(outputs)


@misconception("2.3")
def largest_of_all_rows(name, outputs, targets):
    """You subtract the largest logit of *all* rows; a row far below it then has nothing but zeros, and 0/0 is NaN: each
    row needs its own maximum, axis=1.
    """
    if name == "squared_error":
        return correct_loss(name, outputs, targets)
    powers = np.exp(outputs - outputs.max())
    p = powers / powers.sum(axis=1, keepdims=True)
    logs = outputs - outputs.max() - np.log(powers.sum(axis=1, keepdims=True))
    return float(-(targets * logs).sum() / len(outputs)), (p - targets) / len(outputs)


@misconception("2.3")
def log_of_zero(name, outputs, targets):
    """A probability far below all others is rounded to 0, and 0 times the logarithm of 0 is NaN: ln p is the shifted
    logit minus the logarithm of the sum of powers, without a detour over p.
    """
    if name == "squared_error":
        return correct_loss(name, outputs, targets)
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    p = powers / powers.sum(axis=1, keepdims=True)
    return float(-(targets * np.log(p)).sum() / len(outputs)), (p - targets) / len(outputs)


@misconception("2.3")
def largest_target_only(name, outputs, targets):
    """You look up the class of each row by argmax; a row of targets may share the 1 among several classes, so sum
    over all of them.
    """
    if name == "squared_error":
        return correct_loss(name, outputs, targets)
    return correct_loss(name, outputs, np.eye(targets.shape[1])[targets.argmax(axis=1)])


@misconception("2.3")
def two_class_terms(name, outputs, targets):
    """You add (1 - y) ln(1 - p) for every class; that belongs to the cross-entropy of a single sigmoid. With softmax it
    is y ln p, summed.
    """
    value, gradient = correct_loss(name, outputs, targets)
    if name == "squared_error":
        return value, gradient
    p = gradient * len(outputs) + targets
    more = (1 - targets) * np.log(np.maximum(1 - p, 1e-300))
    return value - float(more.sum()) / len(outputs), gradient


@misconception("2.3")
def probabilities_for_logits(name, outputs, targets):
    """You took the outputs for probabilities; they are logits, so softmax comes first."""
    if name == "squared_error":
        return correct_loss(name, outputs, targets)
    p = np.clip(outputs, 1e-7, 1)
    return float(-(targets * np.log(p)).sum() / len(outputs)), -targets / p / len(outputs)


@misconception("2.3")
def gradient_by_the_probabilities(name, outputs, targets):
    """Your gradient -y/p is that by the probabilities; by the logits, through the softmax, it becomes p - y."""
    value, gradient = correct_loss(name, outputs, targets)
    if name == "squared_error":
        return value, gradient
    p = gradient * len(outputs) + targets
    return value, -targets / np.maximum(p, 1e-300) / len(outputs)


@misconception("2.3")
def small_probabilities_cut_off(name, outputs, targets):
    """You keep probabilities above 1e-7 before the logarithm, so far-off logits cost too little: take u minus the
    logarithm of the sum of e^u instead.
    """
    if name == "squared_error":
        return correct_loss(name, outputs, targets)
    _, gradient = correct_loss(name, outputs, targets)
    p = gradient * len(outputs) + targets
    return float(-(targets * np.log(np.maximum(p, 1e-7))).sum() / len(outputs)), gradient


# --- 2.4 Modules ---------------------------------------------------------------------------------------------


def _back(modules, values, d_output, *, linear=None, pointwise=None, same_for_all=False, shift=0):
    """The backward pass with the work of a module changed."""
    gradients, top = [], d_output
    for number in reversed(range(len(modules))):
        module, x, out = modules[number], values[number + shift], values[number + 1]
        g = top if same_for_all else d_output
        if module["kind"] == "linear":
            weights = module["weights"]
            found = linear(x, weights, g) if linear else {"input": g @ weights.T, "weights": x.T @ g}
        else:
            work = pointwise or (
                lambda x, out, bias, name, g: (d := g * correct_activation(name, x + bias)[1], d.sum(axis=0))
            )
            d_input, d_bias = work(x, out, module["bias"], module["activation"], g)
            found = {"input": d_input, "bias": d_bias}
        gradients.append(found)
        d_output = found["input"]
    return gradients[::-1]


def _slope(name, z):
    return correct_activation(name, z)[1]


@misconception("2.4", replaces="backward")
def weights_transposed(modules, values, d_output):
    """The gradient of your weights is transposed: it has the shape of the weights, (inputs, outputs), x.T @ g."""
    return _back(modules, values, d_output, linear=lambda x, w, g: {"input": g @ w.T, "weights": g.T @ x})


@misconception("2.4", replaces="backward")
def bias_not_summed(modules, values, d_output):
    """Each row of the batch used the same bias, so its gradient is the sum over the rows: .sum(axis=0)."""
    return _back(
        modules,
        values,
        d_output,
        pointwise=lambda x, out, b, name, g: (g * _slope(name, x + b), g * _slope(name, x + b)),
    )


@misconception("2.4", replaces="backward")
def bias_averaged(modules, values, d_output):
    """You took the mean over the rows for the bias; the 1/n is in the loss already, so sum."""
    return _back(
        modules,
        values,
        d_output,
        pointwise=lambda x, out, b, name, g: (
            g * _slope(name, x + b),
            (g * _slope(name, x + b)).mean(axis=0),
        ),
    )


@misconception("2.4", replaces="backward")
def weights_averaged(modules, values, d_output):
    """You divided the gradient of the weights by the number of rows; the 1/n is in the loss already."""
    return _back(
        modules, values, d_output, linear=lambda x, w, g: {"input": g @ w.T, "weights": x.T @ g / len(x)}
    )


@misconception("2.4", replaces="backward")
def slope_without_bias(modules, values, d_output):
    """You took the slope at X; the module computes f(X + B), so the slope is that at X + B."""
    return _back(
        modules,
        values,
        d_output,
        pointwise=lambda x, out, b, name, g: (d := g * _slope(name, x), d.sum(axis=0)),
    )


@misconception("2.4", replaces="backward")
def slope_at_the_output(modules, values, d_output):
    """You took the slope at the module's output; it belongs to its input: f'(X + B) with X = values[n]."""
    return _back(
        modules,
        values,
        d_output,
        pointwise=lambda x, out, b, name, g: (d := g * _slope(name, out), d.sum(axis=0)),
    )


@misconception("2.4", replaces="backward")
def slope_missing(modules, values, d_output):
    """Your pointwise module hands the gradient on as it came; multiply it by the slope f'(X + B), entry by entry."""
    return _back(modules, values, d_output, pointwise=lambda x, out, b, name, g: (g, g.sum(axis=0)))


@misconception("2.4", replaces="backward")
def bias_before_the_slope(modules, values, d_output):
    """Your bias gets the gradient as it came; B stands inside f, so multiply by the slope f'(X + B) before you sum."""
    return _back(
        modules,
        values,
        d_output,
        pointwise=lambda x, out, b, name, g: (g * _slope(name, x + b), g.sum(axis=0)),
    )


@misconception("2.4", replaces="backward")
def slope_not_handed_down(modules, values, d_output):
    """You multiply by the slope, and then hand down what you had before; the module below gets this module's
    "input" gradient.
    """
    gradients, given = [], d_output
    for n in reversed(range(len(modules))):
        found = correct_backward([modules[n]], values[n : n + 2], given)[0]
        gradients.append(found)
        given = found["input"] if modules[n]["kind"] == "linear" else given
    return gradients[::-1]


@misconception("2.4", replaces="backward")
def input_without_transpose(modules, values, d_output):
    """The gradient of the input is g @ weights.T; without the transpose it fits square matrices only, and is wrong
    there.
    """
    return _back(modules, values, d_output, linear=lambda x, w, g: {"input": g @ w, "weights": x.T @ g})


@misconception("2.4", replaces="backward")
def square_weights_transposed_too_little(modules, values, d_output):
    """Where a matrix is square you use it without the transpose; the shapes fit, the values do not: g @ weights.T."""

    def linear(x, w, g):
        return {"input": g @ (w if w.shape[0] == w.shape[1] else w.T), "weights": x.T @ g}

    return _back(modules, values, d_output, linear=linear)


@misconception("2.4", replaces="backward")
def every_module_given_the_loss(modules, values, d_output):
    """You give d_output to every module; each one gets the "input" gradient of the module above it."""

    def pointwise(x, out, b, name, g):
        g = np.broadcast_to(g[:, :1], x.shape) if g.shape != x.shape else g
        d = g * _slope(name, x + b)
        return d, d.sum(axis=0)

    def linear(x, w, g):
        g = np.broadcast_to(g[:, :1], (len(g), w.shape[1])) if g.shape[1] != w.shape[1] else g
        return {"input": g @ w.T, "weights": x.T @ g}

    return _back(modules, values, d_output, linear=linear, pointwise=pointwise, same_for_all=True)


@misconception("2.4", replaces="backward")
def from_last_to_first(modules, values, d_output):
    """Your list runs from the last module to the first; turn it around, [::-1]."""
    return correct_backward(modules, values, d_output)[::-1]


@misconception("2.4", replaces="backward")
def values_of_the_next_module(modules, values, d_output):
    """You took values[n + 1] for the input of module n; values[n] goes into it."""
    return _back(modules, values, d_output, shift=1)


@misconception("2.4", replaces="forward")
def values_without_x(modules, x):
    """Your list begins with the output of module 0; x itself is values[0], so there are N + 1 arrays."""
    return correct_forward(modules, x)[1:]


@misconception("2.4", replaces="forward")
def only_the_output(modules, x):
    """You return the last output only; the way back needs all values: a list of N + 1 arrays."""
    return correct_forward(modules, x)[-1]


@misconception("2.4", replaces="forward")
def bias_after_the_activation(modules, x):
    """You add the bias after the activation; the module computes f(X + B)."""
    values = [x]
    for module in modules:
        if module["kind"] == "linear":
            values.append(values[-1] @ module["weights"])
        else:
            values.append(correct_activation(module["activation"], values[-1])[0] + module["bias"])
    return values


@misconception("2.4", replaces="forward")
def bias_left_out(modules, x):
    """The bias is missing in your pointwise module: f(X + B)."""
    return correct_forward([m | {"bias": 0 * m["bias"]} if "bias" in m else m for m in modules], x)


# --- 2.5 Is it the gradient? ---------------------------------------------------------------------------------


def _differences(
    modules, x, targets, loss_name, step, *, kind=float, formula="central", names=None, restored=True
):
    """Numeric gradients by another formula, in another precision."""
    modules = [{**m, PARAMETER[m["kind"]]: np.array(m[PARAMETER[m["kind"]]], kind)} for m in modules]
    x, targets = np.asarray(x, kind), np.asarray(targets, kind)

    def error():
        return correct_loss(loss_name, correct_forward(modules, x)[-1], targets)[0]

    gradients = []
    for module in modules:
        name = PARAMETER[module["kind"]]
        parameter = module[name]
        gradient = np.zeros(parameter.shape)
        for place in np.ndindex(parameter.shape):
            here = parameter[place]
            parameter[place] = here if formula == "backward" else here + step
            above = error()
            parameter[place] = here if formula == "forward" else here - step
            below = error()
            if restored:
                parameter[place] = here
            gradient[place] = (above - below) / (2 * step if formula == "central" else step)
        if names is None or name in names:
            gradients.append(gradient)
    return gradients


@misconception("2.5", replaces="numeric_gradients")
def one_sided(modules, x, targets, loss_name, step=1e-5):
    """You took the one-sided difference (E(w + h) - E(w))/h, whose error falls only like h: go to both sides."""
    return _differences(modules, x, targets, loss_name, step, formula="forward")


@misconception("2.5", replaces="numeric_gradients")
def one_sided_downwards(modules, x, targets, loss_name, step=1e-5):
    """You took the one-sided difference (E(w) - E(w - h))/h, whose error falls only like h: go to both sides."""
    return _differences(modules, x, targets, loss_name, step, formula="backward")


@misconception("2.5", replaces="numeric_gradients")
def divided_by_h(modules, x, targets, loss_name, step=1e-5):
    """You divided by h; from w - h to w + h it is 2h."""
    return _differences(modules, x, targets, loss_name, step, formula="twice")


@misconception("2.5", replaces="numeric_gradients")
def step_of_its_own(modules, x, targets, loss_name, step=1e-5):
    """You use a step of your own, so small that only rounding is left; use `step`."""
    return _differences(modules, x, targets, loss_name, 1e-12)


@misconception("2.5", replaces="numeric_gradients")
def always_the_default(modules, x, targets, loss_name, step=1e-5):
    """Your numbers do not depend on `step`: take differences of the loss, as wide as the step that is handed over (not
    1e-5 always, and not the gradient from `backward`, which is what is to be tested).
    """
    return _differences(modules, x, targets, loss_name, 1e-5)


@misconception("2.5", replaces="numeric_gradients")
def biases_left_out(modules, x, targets, loss_name, step=1e-5):
    """You differentiate by the weights only; a pointwise module has a parameter, too: its bias."""
    return _differences(modules, x, targets, loss_name, step, names=("weights",))


@misconception("2.5", replaces="numeric_gradients")
def parameters_not_put_back(modules, x, targets, loss_name, step=1e-5):
    """You do not put a weight back after its turn, so the next ones are measured on another network."""
    return _differences(modules, x, targets, loss_name, step, restored=False)


@misconception("2.5", replaces="numeric_gradients")
def differences_of_float32(modules, x, targets, loss_name, step=1e-5):
    """You compute in the precision of what came in; in float32 the difference of two losses is mostly rounding:
    convert to float64 first.
    """
    kind = np.result_type(*(m[PARAMETER[m["kind"]]].dtype for m in modules), x.dtype, targets.dtype)
    return _differences(modules, x, targets, loss_name, step, kind=kind)


@misconception("2.5", replaces="numeric_gradients")
def dictionaries_returned(modules, x, targets, loss_name, step=1e-5):
    """You return dictionaries; an array for each module is asked for: the gradient of its only parameter."""
    found = _differences(modules, x, targets, loss_name, step)
    return [{PARAMETER[m["kind"]]: g} for m, g in zip(modules, found, strict=True)]


def _remainders(modules, x, targets, loss_name, gradients, direction, steps, *, first_order=1.0, shape=abs):
    """The remainders, changed."""
    x, targets = np.asarray(x, float), np.asarray(targets, float)

    def error(h):
        moved = [
            m | {PARAMETER[m["kind"]]: np.asarray(m[PARAMETER[m["kind"]]], float) + h * v}
            for m, v in zip(modules, direction, strict=True)
        ]
        return correct_loss(loss_name, correct_forward(moved, x)[-1], targets)[0]

    slope = sum(float((g * v).sum()) for g, v in zip(gradients, direction, strict=True))
    return [shape(error(h) - error(0.0) - first_order * h * slope) for h in steps]


@misconception("2.5", replaces="taylor_remainders")
def first_order_left_out(modules, x, targets, loss_name, gradients, direction, steps):
    """You did not subtract the first-order term h g . v: what you have falls like h for every gradient."""
    return _remainders(modules, x, targets, loss_name, gradients, direction, steps, first_order=0.0)


@misconception("2.5", replaces="taylor_remainders")
def only_weights_moved(modules, x, targets, loss_name, gradients, direction, steps):
    """You move the weights and leave the biases where they are; the direction has an entry for each of them, too."""
    still = [v if m["kind"] == "linear" else 0 * v for m, v in zip(modules, direction, strict=True)]
    slope = sum(float((g * v).sum()) for g, v in zip(gradients, direction, strict=True))
    missing = slope - sum(float((g * v).sum()) for g, v in zip(gradients, still, strict=True))
    signed = [
        _remainders(modules, x, targets, loss_name, gradients, still, [h], shape=float)[0] - h * missing
        for h in steps
    ]
    return [abs(remainder) for remainder in signed]


@misconception("2.5", replaces="taylor_remainders")
def divided_by_the_loss(modules, x, targets, loss_name, gradients, direction, steps):
    """You divided by the loss; the remainder itself is asked for, |E(w + h v) - E(w) - h g . v|."""
    here = correct_loss(loss_name, correct_forward(modules, x)[-1], targets)[0]
    return _remainders(
        modules, x, targets, loss_name, gradients, direction, steps, shape=lambda r: abs(r) / here
    )


@misconception("2.5", replaces="taylor_remainders")
def first_order_added(modules, x, targets, loss_name, gradients, direction, steps):
    """The first-order term has the wrong sign: it is subtracted, E(w + h v) - E(w) - h g . v."""
    return _remainders(modules, x, targets, loss_name, gradients, direction, steps, first_order=-1.0)


@misconception("2.5", replaces="taylor_remainders")
def slope_without_h(modules, x, targets, loss_name, gradients, direction, steps):
    """You subtracted g . v without the factor h; moved by h v, the loss changes by h g . v."""
    right = _remainders(modules, x, targets, loss_name, gradients, direction, steps, shape=float)
    slope = sum(float((g * v).sum()) for g, v in zip(gradients, direction, strict=True))
    return [abs(r + h * slope - slope) for r, h in zip(right, steps, strict=True)]


@misconception("2.5", replaces="taylor_remainders")
def moved_without_h(modules, x, targets, loss_name, gradients, direction, steps):
    """You move the parameters by v, whatever h is; the loss is wanted at w + h v."""
    whole = _remainders(modules, x, targets, loss_name, gradients, direction, [1.0], shape=float)[0]
    slope = sum(float((g * v).sum()) for g, v in zip(gradients, direction, strict=True))
    return [abs(whole + slope - h * slope) for h in steps]


@misconception("2.5", replaces="taylor_remainders")
def both_sides(modules, x, targets, loss_name, gradients, direction, steps):
    """You took E(w + h v) - E(w - h v), in which the term with h^2 cancels; the remainder is that of one side,
    E(w + h v) - E(w).
    """
    back = [-h for h in steps]
    ahead = _remainders(modules, x, targets, loss_name, gradients, direction, steps, shape=float)
    behind = _remainders(modules, x, targets, loss_name, gradients, direction, back, shape=float)
    return [abs(a - b) for a, b in zip(ahead, behind, strict=True)]


@misconception("2.5", replaces="taylor_remainders")
def remainders_with_sign(modules, x, targets, loss_name, gradients, direction, steps):
    """Your remainders have a sign; take their absolute value, or halving cannot be read off a logarithmic plot."""
    return _remainders(modules, x, targets, loss_name, gradients, direction, steps, shape=float)


@misconception("2.5", replaces="taylor_remainders")
def remainders_divided_by_h(modules, x, targets, loss_name, gradients, direction, steps):
    """You divided the remainders by h; then a right gradient makes them fall by 2, and a wrong one not at all."""
    return [r / h for r, h in zip(correct_taylor_remainders(
        modules, x, targets, loss_name, gradients, direction, steps), steps, strict=True)]  # fmt: skip


@misconception("2.5", replaces="taylor_remainders")
def own_gradient_for_the_given(modules, x, targets, loss_name, gradients, direction, steps):
    """You used the true gradient; the test is about the gradients that are handed over, right or wrong."""
    true = _differences(modules, x, targets, loss_name, 1e-5)
    return correct_taylor_remainders(modules, x, targets, loss_name, true, direction, steps)


# --- 2.6 Where is the bug? -----------------------------------------------------------------------------------


def _differs(mine, theirs, tolerance=1e-3):
    return bool(np.abs(mine - theirs).max() > tolerance * np.abs(mine).max())


def _broken(modules, x, d_output, gradients, *, keys=("input", "weights", "bias"), differs=_differs):
    """The broken modules, looking at some entries only, or comparing in another way."""
    values, broken = correct_forward(modules, x), []
    for n, module in enumerate(modules):
        given = gradients[n + 1]["input"] if n + 1 < len(modules) else d_output
        right = correct_backward([module], values[n : n + 2], given)[0]
        if any(differs(right[key], gradients[n][key]) for key in right if key in keys):
            broken.append(n)
    return broken


@misconception("2.6")
def compared_with_the_truth(modules, x, d_output, gradients):
    """You compare with the true gradients, so everything below a bug is blamed; ask whether a module's gradients
    follow from the claimed "input" of the module above.
    """
    true = correct_backward(modules, correct_forward(modules, x), d_output)
    return [
        n for n in range(len(modules)) if any(_differs(true[n][key], gradients[n][key]) for key in true[n])
    ]


@misconception("2.6")
def only_the_last(modules, x, d_output, gradients):
    """You stop at the first broken module on the way back; there may be another one below it."""
    return correct_find_broken_modules(modules, x, d_output, gradients)[-1:]


@misconception("2.6")
def only_the_first(modules, x, d_output, gradients):
    """You stop at the first broken module; there may be another one above it."""
    return correct_find_broken_modules(modules, x, d_output, gradients)[:1]


@misconception("2.6")
def parameters_only(modules, x, d_output, gradients):
    """You look at "weights" and "bias" only; the "input" gradient may be wrong, too."""
    return _broken(modules, x, d_output, gradients, keys=("weights", "bias"))


@misconception("2.6")
def inputs_only(modules, x, d_output, gradients):
    """You look at "input" only; the gradient of the parameter may be wrong, too."""
    return _broken(modules, x, d_output, gradients, keys=("input",))


@misconception("2.6")
def absolute_tolerance(modules, x, d_output, gradients):
    """You compare to the same tolerance whatever the size, so among gradients of 1e-5 every bug passes: compare
    relative to the largest entry.
    """
    return _broken(modules, x, d_output, gradients, differs=lambda a, b: bool(np.abs(a - b).max() > 1e-4))


@misconception("2.6")
def exact_comparison(modules, x, d_output, gradients):
    """You ask for equality to the last digit; another program adds in another order, and right gradients agree to a
    millionth only.
    """
    return _broken(modules, x, d_output, gradients, differs=lambda a, b: not np.array_equal(a, b))


@misconception("2.6")
def allclose_as_it_comes(modules, x, d_output, gradients):
    """np.allclose compares each entry relative to itself, so rounding in a small entry counts as a bug: compare all
    entries relative to the largest one of the array.
    """
    return _broken(modules, x, d_output, gradients, differs=lambda a, b: not np.allclose(b, a))


@misconception("2.6")
def sums_compared(modules, x, d_output, gradients):
    """You compare sums of the entries; where columns are shifted the sum is right, and the entries are not: compare
    entry by entry.
    """

    def differs(right, claimed):
        return bool(abs(claimed.sum() - right.sum()) > 1e-3 * abs(right.sum()))

    return _broken(modules, x, d_output, gradients, differs=differs)


@misconception("2.6")
def truth_values_for_numbers(modules, x, d_output, gradients):
    """You return True or False for each module; the list holds the numbers of the broken ones."""
    broken = correct_find_broken_modules(modules, x, d_output, gradients)
    return [n in broken for n in range(len(modules))]


@misconception("2.6")
def listed_twice(modules, x, d_output, gradients):
    """A module with two wrong gradients stands twice in your list; each number is wanted once."""
    return sorted(
        _broken(modules, x, d_output, gradients, keys=("input",))
        + _broken(modules, x, d_output, gradients, keys=("weights", "bias"))
    )


@misconception("2.6")
def numbered_from_one(modules, x, d_output, gradients):
    """Your modules are numbered from 1; they count from 0, as the list does."""
    return [n + 1 for n in correct_find_broken_modules(modules, x, d_output, gradients)]


@misconception("2.6")
def from_the_last_down(modules, x, d_output, gradients):
    """Your numbers descend; they should ascend."""
    return correct_find_broken_modules(modules, x, d_output, gradients)[::-1]


@misconception("2.6")
def blamed_on_the_module_above(modules, x, d_output, gradients):
    """You blame the module above: the gradient that goes into module n is the "input" of module n + 1, and what comes
    out wrong is module n's.
    """
    found = correct_find_broken_modules(modules, x, d_output, gradients)
    return [min(n + 1, len(modules) - 1) for n in found]


# --- 2.7 Any graph -------------------------------------------------------------------------------------------


def _order(graph, inputs):
    """The nodes, each after its arguments."""
    order, done, stack = [], set(inputs), list(graph)
    while stack:
        name = stack[-1]
        missing = [] if name in done else [a for a in graph[name][1:] if a not in done]
        if missing:
            stack += missing
            continue
        if name not in done:
            order.append(name)
            done.add(name)
        stack.pop()
    return order


def _values(graph, inputs, order):
    value = dict(inputs)
    for name in order:
        operation, *arguments = graph[name]
        a, *rest = (value[argument] for argument in arguments)
        work = {
            "add": lambda a, b=None: a + b,
            "multiply": lambda a, b=None: a * b,
            "matmul": lambda a, b=None: a @ b,
            "relu": lambda a: np.maximum(a, 0),
            "exp": np.exp,
            "log": np.log,
            "sum": np.sum,
        }
        value[name] = work[operation](a, *rest)
    return value


def _shares(operation, arguments, result, g, **wrong):
    """What the arguments of a node get."""
    if operation in wrong:
        return wrong[operation](arguments, result, g)
    a, *rest = arguments
    if operation == "add":
        return [g, g]
    if operation == "multiply":
        return [g * rest[0], g * a]
    if operation == "matmul":
        return [np.outer(g, rest[0]) if np.ndim(rest[0]) == 1 else g @ rest[0].T, a.T @ g]
    slopes = {
        "relu": lambda: a > 0,
        "exp": lambda: result,
        "log": lambda: 1 / a,
        "sum": lambda: np.ones(np.shape(a)),
    }
    return [g * slopes[operation]()]


def _gradients(graph, inputs, output, *, order=None, add=True, once=False, **wrong):
    """Value and gradients, with parts of the work changed."""
    order = _order(graph, inputs) if order is None else order
    value = _values(graph, inputs, order)
    gradient = {name: np.zeros(np.shape(v)) for name, v in value.items()}
    gradient[output] = np.ones(())
    for name in reversed(order):
        operation, *arguments = graph[name]
        shares = _shares(operation, [value[a] for a in arguments], value[name], gradient[name], **wrong)
        pairs = (
            dict(zip(arguments, shares, strict=True)).items() if once else zip(arguments, shares, strict=True)
        )
        for argument, share in pairs:
            gradient[argument] = gradient[argument] + share if add else share
    return float(value[output]), {n: g if np.ndim(value[n]) else float(g) for n, g in gradient.items()}


@misconception("2.7")
def overwritten(graph, inputs, output):
    """A name that is used several times keeps only the last gradient that came back; add them up."""
    return _gradients(graph, inputs, output, add=False)


@misconception("2.7")
def squares_counted_once(graph, inputs, output):
    """In y · y (or y + y) the name y stands twice, and gets both shares; yours gets one."""
    return _gradients(graph, inputs, output, once=True)


@misconception("2.7")
def order_of_the_dictionary(graph, inputs, output):
    """You take the nodes as they stand in the dictionary; they may stand in any order: bring each one after its
    arguments first.
    """
    return _gradients(graph, inputs, output, order=list(graph))


@misconception("2.7")
def handed_on_too_early(graph, inputs, output):
    """You hand a gradient on as soon as its first part has come; wait until all nodes that use the name have handed
    theirs on.
    """
    value = _values(graph, inputs, _order(graph, inputs))
    gradient = {name: np.zeros(np.shape(v)) for name, v in value.items()}
    gradient[output] = np.ones(())
    queue, seen = [output], {output}
    for name in queue:  # in the order in which they are met on the way back
        if name not in graph:
            continue
        operation, *arguments = graph[name]
        shares = _shares(operation, [value[a] for a in arguments], value[name], gradient[name])
        for argument, share in zip(arguments, shares, strict=True):
            gradient[argument] = gradient[argument] + share
            if argument not in seen:
                seen.add(argument)
                queue.append(argument)
    return float(value[output]), {n: g if np.ndim(value[n]) else float(g) for n, g in gradient.items()}


@misconception("2.7")
def every_path_walked(graph, inputs, output):
    """You walk along every path from the output to the inputs, and there may be 2^40 of them: let each node hand its
    whole gradient on once.
    """
    value = _values(graph, inputs, _order(graph, inputs))
    gradient = {name: np.zeros(np.shape(v)) for name, v in value.items()}
    stack, walked = [(output, np.ones(()))], 0
    while stack:
        name, g = stack.pop()
        gradient[name] = gradient[name] + g
        walked += 1
        if walked > 20_000:  # this catalogue cannot wait for the rest
            raise TimeoutError("too many paths")
        if name in graph:
            operation, *arguments = graph[name]
            shares = _shares(operation, [value[a] for a in arguments], value[name], g)
            stack += zip(arguments, shares, strict=True)
    return float(value[output]), {n: g if np.ndim(value[n]) else float(g) for n, g in gradient.items()}


@misconception("2.7")
def recursion(graph, inputs, output):
    """Your function calls itself once for each node of a chain, and Python stops at a depth of about 1,000: keep a
    list of what is still to do instead.
    """

    if len(graph) > 900:
        raise RecursionError("maximum recursion depth exceeded")
    return correct_graph_gradients(graph, inputs, output)


@misconception("2.7")
def unused_names_left_out(graph, inputs, output):
    """Names on which the output does not depend are missing in your dictionary; their gradient is 0, in their shape."""
    value, gradient = correct_graph_gradients(graph, inputs, output)
    needed, stack = set(), [output]
    while stack:
        name = stack.pop()
        if name not in needed:
            needed.add(name)
            stack += graph.get(name, [""])[1:]
    return value, {name: g for name, g in gradient.items() if name in needed}


@misconception("2.7")
def only_the_inputs(graph, inputs, output):
    """The gradients of the nodes are missing; every input and every node should have one."""
    value, gradient = correct_graph_gradients(graph, inputs, output)
    return value, {name: gradient[name] for name in inputs}


@misconception("2.7")
def matmul_without_transpose(graph, inputs, output):
    """The gradient of matmul needs transposes: G b^T for the first argument, a^T G for the second."""

    def matmul(arguments, result, g):
        a, b = arguments
        return [np.outer(g, b) if np.ndim(b) == 1 else g @ b.T, a @ g]

    return _gradients(graph, inputs, output, matmul=matmul)


@misconception("2.7")
def outer_product_turned(graph, inputs, output):
    """For a matrix times a vector the matrix gets the outer product of G and the vector, in this order."""

    def matmul(arguments, result, g):
        a, b = arguments
        first = np.outer(b, g) if np.ndim(b) == 1 else g @ b.T
        return [first if first.shape == a.shape else np.outer(g, b), a.T @ g]

    return _gradients(graph, inputs, output, matmul=matmul)


@misconception("2.7")
def power_rule_for_exp(graph, inputs, output):
    """You differentiated e^a by the rule for powers; the derivative of e^a is e^a itself."""
    return _gradients(graph, inputs, output, exp=lambda arguments, result, g: [g * arguments[0] * result])


@misconception("2.7")
def slope_of_exp_at_the_result(graph, inputs, output):
    """You took e to the power of the node's value; its value already is e^a, and the derivative is the same."""
    return _gradients(
        graph, inputs, output, exp=lambda arguments, result, g: [g * np.exp(np.minimum(result, 50))]
    )


@misconception("2.7")
def log_slope_of_the_result(graph, inputs, output):
    """The derivative of ln a is 1/a; you divided by the logarithm."""
    return _gradients(graph, inputs, output, log=lambda arguments, result, g: [g / result])


@misconception("2.7")
def relu_lets_everything_through(graph, inputs, output):
    """ReLU lets a gradient through only where its argument was above 0."""
    return _gradients(graph, inputs, output, relu=lambda arguments, result, g: [g * np.ones_like(result)])


@misconception("2.7")
def factors_exchanged(graph, inputs, output):
    """In a · b the first factor gets G times the *other* one, b; yours are exchanged."""
    return _gradients(
        graph, inputs, output, multiply=lambda arguments, result, g: [g * arguments[0], g * arguments[1]]
    )


# --- 2.8 Digits, with NumPy alone ----------------------------------------------------------------------------


@misconception("2.8", replaces="sgd_step")
def ascent(modules, x, targets, learning_rate):
    """You add the gradient, which leads uphill: subtract it."""
    return correct_sgd_step(modules, x, targets, -learning_rate)


@misconception("2.8", replaces="sgd_step")
def lower_modules_see_new_weights(modules, x, targets, learning_rate):
    """You update a module before its gradient has gone down, so the modules below see new weights: all gradients
    first, then the step.
    """
    values = correct_forward(modules, x)
    _, given = correct_loss("cross_entropy", values[-1], targets)
    after = []
    for n in reversed(range(len(modules))):
        name = PARAMETER[modules[n]["kind"]]
        gradient = correct_backward([modules[n]], values[n : n + 2], given)[0][name]
        after.append({**modules[n], name: modules[n][name] - learning_rate * gradient})
        given = correct_backward([after[-1]], values[n : n + 2], given)[0]["input"]
    return after[::-1]


@misconception("2.8", replaces="sgd_step")
def stepped_in_the_given_arrays(modules, x, targets, learning_rate):
    """Your step writes into the arrays that were handed over, so the same chain twice gives two answers: build new
    dictionaries with new arrays.
    """
    for module, after in zip(modules, correct_sgd_step(modules, x, targets, learning_rate), strict=True):
        name = PARAMETER[module["kind"]]
        module[name][...] = after[name]
    return modules


@misconception("2.8", replaces="sgd_step")
def biases_not_stepped(modules, x, targets, learning_rate):
    """Your biases never change; they are parameters like the weights."""
    after = correct_sgd_step(modules, x, targets, learning_rate)
    return [new if "weights" in new else old for new, old in zip(after, modules, strict=True)]


@misconception("2.8", replaces="sgd_step")
def step_of_the_sum(modules, x, targets, learning_rate):
    """Your step is as many times too long as the batch has rows: the loss is their mean, and the 1/n is in its
    gradient.
    """
    return correct_sgd_step(modules, x, targets, learning_rate * len(x))


@misconception("2.8", replaces="sgd_step")
def divided_by_n_again(modules, x, targets, learning_rate):
    """You divide by the number of rows once more; the 1/n is in the gradient of the loss already."""
    return correct_sgd_step(modules, x, targets, learning_rate / len(x))


@misconception("2.8", replaces="sgd_step")
def step_on_the_squared_error(modules, x, targets, learning_rate):
    """You step on the squared error; what is asked for is the cross-entropy of the logits."""
    values = correct_forward(modules, x)
    _, d_output = correct_loss("squared_error", values[-1], targets)
    return _stepped(modules, values, d_output, learning_rate)


@misconception("2.8", replaces="sgd_step")
def softmax_before_the_loss(modules, x, targets, learning_rate):
    """You apply softmax before the loss, which applies it once more: hand it the logits."""
    values = correct_forward(modules, x)
    powers = np.exp(values[-1] - values[-1].max(axis=1, keepdims=True))
    _, d_output = correct_loss("cross_entropy", powers / powers.sum(axis=1, keepdims=True), targets)
    return _stepped(modules, values, d_output, learning_rate)


def _stepped(modules, values, d_output, learning_rate):
    """The chain after a step along the gradients that come from this one."""
    names = [PARAMETER[module["kind"]] for module in modules]
    gradients = correct_backward(modules, values, d_output)
    return [
        module | {name: module[name] - learning_rate * gradient[name]}
        for module, name, gradient in zip(modules, names, gradients, strict=True)
    ]


@misconception("2.8", replaces="sgd_step")
def activation_forgotten(modules, x, targets, learning_rate):
    """The new modules have lost their "activation": copy all that a module holds, {**module, ...}."""
    after = correct_sgd_step(modules, x, targets, learning_rate)
    return [{key: value for key, value in module.items() if key != "activation"} for module in after]


def _train(x_train, y_train, hidden, epochs, seed, *, weights=None, targets=None):
    """Training with other first weights or targets."""
    rng = np.random.default_rng(seed)
    weights = weights or (lambda i, o: rng.normal(scale=np.sqrt(2 / i), size=(i, o)).astype("float32"))
    modules = [
        {"kind": "linear", "weights": weights(784, hidden)},
        {"kind": "pointwise", "activation": "relu", "bias": np.zeros(hidden, "float32")},
        {"kind": "linear", "weights": weights(hidden, 10)},
        {"kind": "pointwise", "activation": "linear", "bias": np.zeros(10, "float32")},
    ]
    targets = np.eye(10, dtype="float32")[y_train] if targets is None else targets
    for epoch in range(epochs):
        order = rng.permutation(len(x_train))
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            modules = correct_sgd_step(modules, x_train[rows], targets[rows], 0.2 * 0.7**epoch)
    return modules


@misconception("2.8", replaces="train_mlp")
def all_weights_start_at_zero(x_train, y_train, hidden=128, epochs=5, seed=0):
    """All your weights start at 0, so no gradient reaches them, and only the last bias learns: draw them at random."""
    return _train(x_train, y_train, hidden, epochs, seed, weights=lambda i, o: np.zeros((i, o), "float32"))


@misconception("2.8", replaces="train_mlp")
def labels_not_one_hot(x_train, y_train, hidden=128, epochs=5, seed=0):
    """You hand the labels to the loss as they are; it wants a row of ten for each image, 1 in the label's column and 0
    elsewhere.
    """
    return _train(x_train, y_train, hidden, epochs, seed, targets=np.asarray(y_train))


@misconception("2.8", replaces="train_mlp")
def one_epoch(x_train, y_train, hidden=128, epochs=5, seed=0):
    """You go through the rows once, whatever `epochs` says."""
    return correct_train_mlp(x_train, y_train, hidden, 1, seed)


@misconception("2.8", replaces="train_mlp")
def hidden_ignored(x_train, y_train, hidden=128, epochs=5, seed=0):
    """Your chain always has 128 hidden units: use `hidden`."""
    return correct_train_mlp(x_train, y_train, 128, epochs, seed)


@misconception("2.8", replaces="train_mlp")
def seed_ignored(x_train, y_train, hidden=128, epochs=5, seed=0):
    """The seed has no effect: np.random.default_rng(seed), and everything random from it."""
    return correct_train_mlp(x_train, y_train, hidden, epochs, 0)


@misconception("2.8", replaces="train_mlp")
def seed_not_set(x_train, y_train, hidden=128, epochs=5, seed=0):
    """Two trainings with the same seed differ: draw everything random from np.random.default_rng(seed)."""
    return correct_train_mlp(x_train, y_train, hidden, epochs, int(np.random.default_rng().integers(2**31)))


@misconception("2.8", replaces="train_mlp")
def linear_hidden_units(x_train, y_train, hidden=128, epochs=5, seed=0):
    """Your hidden units have no bend, so two layers are as good as one, about 92 %: take "relu"."""
    modules = correct_train_mlp(x_train, y_train, hidden, 0, seed)
    modules[1] = modules[1] | {"activation": "linear"}
    rng, targets = np.random.default_rng(seed), np.eye(10, dtype="float32")[y_train]
    for epoch in range(epochs):
        order = rng.permutation(len(x_train))
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            modules = correct_sgd_step(modules, x_train[rows], targets[rows], 0.1 * 0.7**epoch)
    return modules
