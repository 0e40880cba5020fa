"""Known mistakes of lab 01, each with the sentence that a student reads who makes it."""

import math

import keras
import numpy as np

# Under names of their own: each mistake below takes the place of one of these functions.
from lab import build_model as correct_build_model
from lab import cross_entropy as correct_cross_entropy
from lab import loss_and_gradients as correct_loss_and_gradients
from lab import one_hot as correct_one_hot
from lab import prepare_images as correct_prepare_images
from lab import softmax as correct_softmax

from labkit.check import misconception

# --- 1.1 Images to vectors -----------------------------------------------------------------------------------


@misconception("1.1")
def pixels_not_scaled(images):
    """The pixels still go up to 255: divide by 255, so that gradient descent meets numbers near 1."""
    return images.reshape(len(images), -1).astype("float32")


@misconception("1.1")
def divided_by_256(images):
    """You divided by 256, so full ink is 0.996: the largest byte is 255, divide by that."""
    return correct_prepare_images(images) * np.float32(255 / 256)


@misconception("1.1")
def scaled_per_image(images):
    """You divided each image by its own largest pixel, so pale and dark images look alike; divide all of
    them by the same 255.
    """
    rows = images.reshape(len(images), -1).astype("float32")
    return rows / np.maximum(rows.max(axis=1, keepdims=True), 1)


@misconception("1.1")
def scaled_by_the_largest_of_all(images):
    """You divided by the largest pixel of the array: the same image would change with its neighbours; divide
    by the constant 255.
    """
    return (images.reshape(len(images), -1) / max(images.max(), 1)).astype("float32")


@misconception("1.1")
def column_by_column(images):
    """Your rows hold the columns of each image one after another (order="F", or a transpose): keep reading
    order, row after row.
    """
    return correct_prepare_images(images.transpose(0, 2, 1))


@misconception("1.1")
def left_as_float64(images):
    """The values are right but float64, twice the memory and not what Keras computes with: add
    .astype('float32').
    """
    return images.reshape(len(images), -1) / 255


@misconception("1.1")
def scaled_to_minus_one(images):
    """You scaled to the range from -1 to 1; here paper is 0 and full ink is 1."""
    return 2 * correct_prepare_images(images) - 1


@misconception("1.1")
def standardised(images):
    """You standardised (mean 0, deviation 1); the question asks for pixel / 255 and nothing else."""
    rows = correct_prepare_images(images)
    return (rows - rows.mean()) / max(rows.std(), np.float32(1e-7))


@misconception("1.1")
def inverted(images):
    """Ink and paper are exchanged: 0 should stay 0."""
    return 1 - correct_prepare_images(images)


@misconception("1.1")
def divided_as_integers(images):
    """Whole-number division makes every pixel below 255 a 0: divide with /, or convert to float32 first."""
    return (images // 255).reshape(len(images), -1).astype("float32")


@misconception("1.1")
def not_flattened(images):
    """The images are scaled but still 28 x 28: give each one a single row of 784 numbers."""
    return images.astype("float32") / 255


@misconception("1.1")
def images_as_columns(images):
    """You have one column per image; examples are rows here, so the shape is (n, 784)."""
    return np.ascontiguousarray(correct_prepare_images(images).T)


@misconception("1.1")
def binarised_in_place(images):
    """Your function binarises the caller's images in place; work on a copy and keep the grey values."""
    images[:] = np.where(images > 127, 255, 0)
    return correct_prepare_images(images)


# --- 1.2 One-hot targets -------------------------------------------------------------------------------------


@misconception("1.2")
def columns_from_the_largest_label(labels, num_classes):
    """You took the number of columns from the largest label, so a batch without the last classes gets too
    few: use num_classes.
    """
    return np.eye(int(np.max(labels)) + 1, dtype="float32")[labels]


@misconception("1.2")
def columns_of_the_classes_that_occur(labels, num_classes):
    """You numbered the classes that occur in this batch; a class without an example must keep its column, so
    use the label itself as column.
    """
    _, place = np.unique(labels, return_inverse=True)
    return correct_one_hot(place, num_classes)


@misconception("1.2")
def with_an_axis_too_many(labels, num_classes):
    """Your shape is (n, 1, k): the labels are (n,), so index the identity matrix without an extra axis."""
    return correct_one_hot(labels[:, None], num_classes)


@misconception("1.2")
def off_by_one(labels, num_classes):
    """The 1 stands one column too far left: labels count from 0, so label 0 belongs in column 0."""
    return correct_one_hot(np.asarray(labels, int) - 1, num_classes)


@misconception("1.2")
def classes_as_rows(labels, num_classes):
    """You have one column per label: examples are rows, so the shape is (n, num_classes)."""
    return np.ascontiguousarray(correct_one_hot(labels, num_classes).T)


@misconception("1.2")
def every_row_alike(labels, num_classes):
    """`targets[:, labels] = 1` fills these columns in every row: name a row for each label,
    targets[np.arange(n), labels] = 1.
    """
    targets = np.zeros((len(labels), num_classes), "float32")
    targets[:, labels] = 1
    return targets


@misconception("1.2")
def left_as_integers(labels, num_classes):
    """The rows are right but of whole numbers; the loss multiplies them with float32, so return float32."""
    return np.eye(num_classes, dtype=int)[labels]


@misconception("1.2")
def one_hot_float64(labels, num_classes):
    """The rows are right but float64, NumPy's default; ask for dtype='float32'."""
    return np.eye(num_classes)[labels]


@misconception("1.2")
def left_as_truth_values(labels, num_classes):
    """The rows hold True and False: compare, then convert with .astype('float32')."""
    return np.asarray(labels)[:, None] == np.arange(num_classes)


@misconception("1.2")
def label_in_its_column(labels, num_classes):
    """You put the label itself into its column; it should be a 1 there, whatever the class is called."""
    return correct_one_hot(labels, num_classes) * np.asarray(labels, "float32")[:, None]


# --- 1.3 Softmax ---------------------------------------------------------------------------------------------


@misconception("1.3")
def softmax_over_axis_0(logits):
    """Your rows do not sum to 1, the columns do: softmax was taken over axis 0; use axis=1."""
    return correct_softmax(logits.T).T


@misconception("1.3")
def sum_of_the_whole_batch(logits):
    """You divided by the sum of the whole array, so all rows together sum to 1: sum each row, with axis=1,
    keepdims=True.
    """
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum()


@misconception("1.3")
def code_of_the_slide(logits):
    """You divided by the sum of the whole array (as the lecture's code does, for one row) and took e to the
    logits as they are: sum each row, and subtract its maximum first.
    """
    return np.exp(logits) / np.sum(np.exp(logits))


@misconception("1.3")
def without_shift(logits):
    """e to the power of 1000 is infinite and inf/inf is NaN: subtract the maximum of each row before np.exp."""
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@misconception("1.3")
def shifted_by_the_maximum_of_all(logits):
    """You subtracted the maximum of the whole array, so rows far below it underflow to 0/0: take the maximum
    of each row.
    """
    exponentials = np.exp(logits - logits.max())
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@misconception("1.3")
def shifted_by_the_minimum(logits):
    """You subtracted the minimum; the largest exponents then overflow. Subtract the row's maximum."""
    exponentials = np.exp(logits - logits.min(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@misconception("1.3")
def shifted_by_the_mean(logits):
    """You subtracted the row's mean: better than nothing, but a wide row still overflows. Subtract the row's
    maximum.
    """
    exponentials = np.exp(logits - logits.mean(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@misconception("1.3")
def clipped_logits(logits):
    """You clipped the logits: finite, but different large logits now get equal probabilities. Subtract the
    row's maximum instead.
    """
    return correct_softmax(np.clip(logits, -500, 500))


@misconception("1.3")
def sigmoid(logits):
    """That is the sigmoid: each value for itself, and the row does not sum to 1. Classes exclude each other
    here, so divide by the sum.
    """
    return 1 / (1 + np.exp(-logits))


@misconception("1.3")
def log_softmax(logits):
    """You returned the logarithms of the probabilities (they are negative); leave out the log here."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@misconception("1.3")
def largest_class(logits):
    """You returned the class with the largest logit; softmax returns a probability for every class."""
    return logits.argmax(axis=1)


@misconception("1.3")
def hard_maximum(logits):
    """You gave the largest logit all the probability: that is a hard maximum, softmax shares it out."""
    return np.eye(logits.shape[1])[logits.argmax(axis=1)]


@misconception("1.3")
def without_exponential(logits):
    """You normalised the logits themselves; take e to their power first, so that nothing is negative."""
    return logits / logits.sum(axis=1, keepdims=True)


@misconception("1.3")
def base_two(logits):
    """The base is 2 in your answer; softmax takes powers of e: np.exp."""
    return correct_softmax(logits * math.log(2))


@misconception("1.3")
def sign_turned(logits):
    """The sign of the logits is turned around: a larger logit must give a larger probability."""
    return correct_softmax(-logits)


@misconception("1.3")
def shifted_in_place(logits):
    """`logits -= ...` writes into the caller's array; write logits = logits - ... instead."""
    logits -= logits.max(axis=1, keepdims=True)
    return correct_softmax(logits)


# --- 1.4 Cross-entropy ---------------------------------------------------------------------------------------


def _logs(probabilities):
    return np.log(np.maximum(probabilities, 1e-12))


@misconception("1.4")
def without_minus(probabilities, targets):
    """The minus is missing (it is in the lecture's code, too): logarithms of probabilities are negative."""
    return -correct_cross_entropy(probabilities, targets)


@misconception("1.4")
def summed_over_the_rows(probabilities, targets):
    """You summed over the rows, so the loss grows with the batch: take the mean over the rows."""
    return len(targets) * correct_cross_entropy(probabilities, targets)


@misconception("1.4")
def mean_over_all_entries(probabilities, targets):
    """You took the mean over rows and classes, so the loss is k times too small: sum over the classes, mean
    over the rows.
    """
    return correct_cross_entropy(probabilities, targets) / targets.shape[1]


@misconception("1.4")
def in_bits(probabilities, targets):
    """You used log2, which counts in bits; the lecture and Keras use the natural logarithm, np.log."""
    return correct_cross_entropy(probabilities, targets) / math.log(2)


@misconception("1.4")
def decimal_logarithm(probabilities, targets):
    """You used log10; the lecture and Keras use the natural logarithm, np.log."""
    return correct_cross_entropy(probabilities, targets) / math.log(10)


@misconception("1.4")
def binary_terms_added(probabilities, targets):
    """You added the (1 - t) ln(1 - p) of binary cross-entropy; for classes that exclude each other only t ln
    p counts.
    """
    others = (1 - targets) * _logs(1 - probabilities)
    return float(-(targets * _logs(probabilities) + others).sum(axis=1).mean())


@misconception("1.4")
def binary_cross_entropy(probabilities, targets):
    """You averaged the binary cross-entropy of all entries; use the mean over rows of -sum t ln p."""
    return float(-(targets * _logs(probabilities) + (1 - targets) * _logs(1 - probabilities)).mean())


@misconception("1.4")
def epsilon_added(probabilities, targets):
    """Adding 1e-7 inside the logarithm changes small probabilities: at 1e-7 the loss is ln 2 too small. Use
    np.maximum or np.clip, or add much less.
    """
    return float(-(targets * np.log(probabilities + 1e-7)).sum(axis=1).mean())


@misconception("1.4")
def clipped_too_high(probabilities, targets):
    """You clip at 1e-4, so every smaller probability costs the same: the loss should be exact down to 1e-7."""
    return float(-(targets * np.log(np.clip(probabilities, 1e-4, 1))).sum(axis=1).mean())


@misconception("1.4")
def nothing_against_zero(probabilities, targets):
    """A probability of 0 makes the logarithm infinite, and 0 * inf is NaN: keep the argument of np.log above
    a tiny number.
    """
    return float(-(targets * np.log(probabilities)).sum(axis=1).mean())


@misconception("1.4")
def zeros_left_out(probabilities, targets):
    """You leave out entries with probability 0, so a model that is sure and wrong pays nothing: replace the
    0 by a tiny number instead.
    """
    logs = np.log(np.where(probabilities > 0, probabilities, 1))
    return float(-(targets * logs).sum(axis=1).mean())


@misconception("1.4")
def only_the_largest_target(probabilities, targets):
    """You took only the class with the largest target; soft targets share the 1, so every class counts."""
    chosen = probabilities[np.arange(len(targets)), targets.argmax(axis=1)]
    return float(-_logs(chosen).mean())


@misconception("1.4")
def arguments_exchanged(probabilities, targets):
    """Prediction and target are exchanged: the logarithm belongs to the probabilities."""
    return correct_cross_entropy(targets, probabilities)


@misconception("1.4")
def one_loss_per_row(probabilities, targets):
    """You return a loss per row; the question asks for one number, their mean."""
    return -(targets * _logs(probabilities)).sum(axis=1)


@misconception("1.4")
def squared_error(probabilities, targets):
    """That is the squared error; the cross-entropy is minus the logarithm of the right class's probability."""
    return float(((probabilities - targets) ** 2).sum(axis=1).mean())


# --- 1.5 Gradients -------------------------------------------------------------------------------------------


def _errors(weights, bias, x, targets):
    return correct_softmax(x @ weights + bias) - targets


@misconception("1.5")
def gradient_of_the_sum(weights, bias, x, targets, l2=0.0):
    """The gradients are n times too large: the loss is a mean over the rows, so divide p - t by the number of
    rows.
    """
    loss, _, _ = correct_loss_and_gradients(weights, bias, x, targets, l2)
    error = _errors(weights, bias, x, targets)
    return loss, x.T @ error + l2 * weights, error.sum(axis=0)


@misconception("1.5")
def sum_instead_of_mean(weights, bias, x, targets, l2=0.0):
    """You summed the loss over the rows, in the loss and in the gradients; take the mean in both."""
    loss, _, _ = correct_loss_and_gradients(weights, bias, x, targets)
    error = _errors(weights, bias, x, targets)
    return len(x) * loss + l2 / 2 * (weights**2).sum(), x.T @ error + l2 * weights, error.sum(axis=0)


@misconception("1.5")
def targets_added(weights, bias, x, targets, l2=0.0):
    """You added the targets; the gradient by the logits is predicted minus true, p - t."""
    loss, _, _ = correct_loss_and_gradients(weights, bias, x, targets, l2)
    error = (correct_softmax(x @ weights + bias) + targets) / len(x)
    return loss, x.T @ error + l2 * weights, error.sum(axis=0)


@misconception("1.5")
def true_minus_predicted(weights, bias, x, targets, l2=0.0):
    """The sign is turned around: the gradient is predicted minus true, not true minus predicted."""
    loss, by_weights, by_bias = correct_loss_and_gradients(weights, bias, x, targets)
    return loss + l2 / 2 * (weights**2).sum(), -by_weights + l2 * weights, -by_bias


@misconception("1.5")
def bias_penalised(weights, bias, x, targets, l2=0.0):
    """The penalty has hit the bias too; it counts the weights only, in the loss and in the gradient."""
    loss, by_weights, by_bias = correct_loss_and_gradients(weights, bias, x, targets, l2)
    return loss + l2 / 2 * (bias**2).sum(), by_weights, by_bias + l2 * bias


@misconception("1.5")
def penalty_gradient_doubled(weights, bias, x, targets, l2=0.0):
    """The gradient of l2/2 * w² is l2 * w: the ½ is there so that no factor 2 is left."""
    loss, by_weights, by_bias = correct_loss_and_gradients(weights, bias, x, targets, l2)
    return loss, by_weights + l2 * weights, by_bias


@misconception("1.5")
def penalty_without_half(weights, bias, x, targets, l2=0.0):
    """The ½ of the penalty is missing, in loss and gradient: here it is l2/2 times the squared weights."""
    return correct_loss_and_gradients(weights, bias, x, targets, 2 * l2)


@misconception("1.5")
def penalty_without_half_in_the_loss(weights, bias, x, targets, l2=0.0):
    """The loss lacks the factor ½ of the penalty; your gradient has it already."""
    loss, by_weights, by_bias = correct_loss_and_gradients(weights, bias, x, targets, l2)
    return loss + l2 / 2 * (weights**2).sum(), by_weights, by_bias


@misconception("1.5")
def penalty_not_in_the_gradient(weights, bias, x, targets, l2=0.0):
    """The penalty is in the loss but not in the gradient: add l2 * weights there."""
    loss, by_weights, by_bias = correct_loss_and_gradients(weights, bias, x, targets, l2)
    return loss, by_weights - l2 * weights, by_bias


@misconception("1.5")
def penalty_not_in_the_loss(weights, bias, x, targets, l2=0.0):
    """The penalty is in the gradient but not in the loss: add l2/2 times the sum of squared weights."""
    loss, _, _ = correct_loss_and_gradients(weights, bias, x, targets)
    return loss, *correct_loss_and_gradients(weights, bias, x, targets, l2)[1:]


@misconception("1.5")
def penalty_forgotten(weights, bias, x, targets, l2=0.0):
    """l2 has no effect in your function: add the penalty to the loss and its derivative to the gradient."""
    return correct_loss_and_gradients(weights, bias, x, targets)


@misconception("1.5")
def penalty_of_the_mean(weights, bias, x, targets, l2=0.0):
    """You used the mean of the squared weights; the penalty is l2/2 times their sum."""
    return correct_loss_and_gradients(weights, bias, x, targets, l2 / weights.size)


@misconception("1.5")
def bias_gradient_summed(weights, bias, x, targets, l2=0.0):
    """The bias gradient is the mean of p - t over the rows as well: yours is still the sum."""
    loss, by_weights, by_bias = correct_loss_and_gradients(weights, bias, x, targets, l2)
    return loss, by_weights, len(x) * by_bias


@misconception("1.5")
def bias_forgotten(weights, bias, x, targets, l2=0.0):
    """You left the bias out of the logits: they are x @ weights + bias."""
    return correct_loss_and_gradients(weights, np.zeros_like(bias), x, targets, l2)


@misconception("1.5")
def softmax_differentiated_twice(weights, bias, x, targets, l2=0.0):
    """You multiplied p - t by p(1 - p) once more; softmax and cross-entropy together already simplify to p -
    t.
    """
    loss, _, _ = correct_loss_and_gradients(weights, bias, x, targets, l2)
    p = correct_softmax(x @ weights + bias)
    error = (p - targets) * p * (1 - p) / len(x)
    return loss, x.T @ error + l2 * weights, error.sum(axis=0)


@misconception("1.5")
def divided_by_the_classes_too(weights, bias, x, targets, l2=0.0):
    """You divided by n and by the number of classes: the loss is a mean over the n rows only."""
    loss, by_weights, by_bias = correct_loss_and_gradients(weights, bias, x, targets)
    k = len(bias)
    return loss + l2 / 2 * (weights**2).sum(), by_weights / k + l2 * weights, by_bias / k


# --- 1.6 Stochastic gradient descent -------------------------------------------------------------------------


def _epoch(weights, bias, batches, learning_rate, sign=-1, sizes=None):
    for number, (x, targets) in enumerate(batches):
        _, by_weights, by_bias = correct_loss_and_gradients(weights, bias, x, targets)
        factor = learning_rate * (1 if sizes is None else sizes[number])
        weights, bias = weights + sign * factor * by_weights, bias + sign * factor * by_bias
    return weights, bias


def _batches(x, targets, order, batch_size):
    starts = range(0, len(order), batch_size)
    return [(x[order[i : i + batch_size]], targets[order[i : i + batch_size]]) for i in starts]


@misconception("1.6")
def order_ignored(weights, bias, x, targets, learning_rate, batch_size, order):
    """You took the rows as they lie and ignored `order`: index x and targets with order[start : start +
    batch_size].
    """
    return _epoch(weights, bias, _batches(x, targets, np.arange(len(x)), batch_size), learning_rate)


@misconception("1.6")
def only_x_reordered(weights, bias, x, targets, learning_rate, batch_size, order):
    """You reordered x but not the targets, so every image learns somebody else's label: index both."""
    return _epoch(weights, bias, _batches(x[order], targets, np.arange(len(x)), batch_size), learning_rate)


@misconception("1.6")
def inverse_order(weights, bias, x, targets, learning_rate, batch_size, order):
    """You used the order the other way round: row order[i] comes at place i, not row i at place order[i]."""
    return _epoch(weights, bias, _batches(x, targets, np.argsort(order), batch_size), learning_rate)


@misconception("1.6")
def tail_dropped(weights, bias, x, targets, learning_rate, batch_size, order):
    """The rows that do not fill a batch are left out: let the last batch be smaller."""
    full = len(order) // batch_size * batch_size
    return _epoch(weights, bias, _batches(x, targets, order[:full], batch_size), learning_rate)


@misconception("1.6")
def tail_divided_by_the_batch_size(weights, bias, x, targets, learning_rate, batch_size, order):
    """The gradient of the smaller last batch is divided by batch_size: take the mean over the rows that it
    has.
    """
    batches = _batches(x, targets, order, batch_size)
    return _epoch(
        weights, bias, batches, learning_rate, sizes=[len(part) / batch_size for part, _ in batches]
    )


@misconception("1.6")
def gradient_summed_over_the_batch(weights, bias, x, targets, learning_rate, batch_size, order):
    """You stepped along the sum over the batch, so the step grows with batch_size: use the mean gradient of
    1.5.
    """
    batches = _batches(x, targets, order, batch_size)
    return _epoch(weights, bias, batches, learning_rate, sizes=[len(part) for part, _ in batches])


@misconception("1.6")
def updated_in_place(weights, bias, x, targets, learning_rate, batch_size, order):
    """`weights -= ...` writes into the caller's array; write weights = weights - ... instead."""
    for part, wanted in _batches(x, targets, order, batch_size):
        _, by_weights, by_bias = correct_loss_and_gradients(weights, bias, part, wanted)
        weights -= learning_rate * by_weights
        bias -= learning_rate * by_bias
    return weights, bias


@misconception("1.6")
def gradient_added(weights, bias, x, targets, learning_rate, batch_size, order):
    """You went up the hill: the gradient points where the loss grows, so subtract it."""
    return _epoch(weights, bias, _batches(x, targets, order, batch_size), learning_rate, sign=1)


@misconception("1.6")
def returned_after_one_batch(weights, bias, x, targets, learning_rate, batch_size, order):
    """You returned after the first batch: is the `return` indented into the loop?"""
    return _epoch(weights, bias, _batches(x, targets, order, batch_size)[:1], learning_rate)


@misconception("1.6")
def one_step_with_all_rows(weights, bias, x, targets, learning_rate, batch_size, order):
    """You took one step over all rows; an epoch takes a step after every batch."""
    return _epoch(weights, bias, [(x, targets)], learning_rate)


@misconception("1.6")
def gradients_at_the_old_weights(weights, bias, x, targets, learning_rate, batch_size, order):
    """All your gradients are taken at the weights from the start of the epoch; use the weights that the batch
    before has left.
    """
    new_weights, new_bias = weights, bias
    for part, wanted in _batches(x, targets, order, batch_size):
        _, by_weights, by_bias = correct_loss_and_gradients(weights, bias, part, wanted)
        new_weights, new_bias = new_weights - learning_rate * by_weights, new_bias - learning_rate * by_bias
    return new_weights, new_bias


@misconception("1.6")
def bias_not_updated(weights, bias, x, targets, learning_rate, batch_size, order):
    """The bias has not moved: it takes the same kind of step as the weights."""
    for part, wanted in _batches(x, targets, order, batch_size):
        weights = weights - learning_rate * correct_loss_and_gradients(weights, bias, part, wanted)[1]
    return weights, bias


@misconception("1.6")
def one_row_at_a_time(weights, bias, x, targets, learning_rate, batch_size, order):
    """You took a step per row; use batch_size rows for one step."""
    return _epoch(weights, bias, _batches(x, targets, order, 1), learning_rate)


# --- 1.7 The same network in Keras ---------------------------------------------------------------------------


def _compiled(*layers, loss="categorical_crossentropy", optimizer="rmsprop", metrics=("accuracy",)):
    model = keras.Sequential([keras.Input((784,)), *layers])
    model.compile(loss=loss, optimizer=optimizer, metrics=list(metrics))
    return model


@misconception("1.7")
def single_softmax_unit(num_classes=10):
    """Dense(1, softmax), as on a later slide, always answers 1 and has no gradient: one unit per class,
    Dense(num_classes).
    """
    return _compiled(keras.layers.Dense(1, activation="softmax"))


@misconception("1.7")
def relu_on_the_output(num_classes=10):
    """The output goes through relu, which is no probability; the last layer of a classifier is softmax."""
    return _compiled(keras.layers.Dense(num_classes, activation="relu"))


@misconception("1.7")
def no_activation(num_classes=10):
    """The layer has no activation, so it answers with logits while the loss expects probabilities:
    activation='softmax'.
    """
    return _compiled(keras.layers.Dense(num_classes))


@misconception("1.7")
def sigmoid_on_the_output(num_classes=10):
    """With sigmoid each class is judged for itself and the outputs do not sum to 1; digits exclude each
    other: softmax.
    """
    return _compiled(keras.layers.Dense(num_classes, activation="sigmoid"))


@misconception("1.7")
def two_softmax(num_classes=10):
    """There are two softmax, one in Dense and one after it; the loss then cannot fall below 1.4612. Keep one."""
    return _compiled(keras.layers.Dense(num_classes, activation="softmax"), keras.layers.Softmax())


@misconception("1.7")
def sigmoid_before_softmax(num_classes=10):
    """There is a sigmoid before the softmax (as in the EPFL formula); the loss then cannot fall below 1.4612.
    Give softmax the bare logits.
    """
    return _compiled(keras.layers.Dense(num_classes, activation="sigmoid"), keras.layers.Softmax())


@misconception("1.7")
def hidden_layer(num_classes=10):
    """You added a hidden layer; this lab is about y = correct_softmax(x W + b), a single Dense layer."""
    hidden = keras.layers.Dense(64, activation="relu")
    return _compiled(hidden, keras.layers.Dense(num_classes, activation="softmax"))


@misconception("1.7")
def without_bias(num_classes=10):
    """The bias is switched off; y = correct_softmax(x W + b) has one number b per class."""
    return _compiled(keras.layers.Dense(num_classes, activation="softmax", use_bias=False))


@misconception("1.7")
def from_logits_after_softmax(num_classes=10):
    """from_logits=True makes the loss take another softmax of your probabilities; leave it False after a
    softmax layer.
    """
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    return _compiled(keras.layers.Dense(num_classes, activation="softmax"), loss=loss)


@misconception("1.7")
def sparse_loss(num_classes=10):
    """The sparse loss is for labels that are class numbers; the targets here are one-hot:
    categorical_crossentropy.
    """
    layer = keras.layers.Dense(num_classes, activation="softmax")
    return _compiled(layer, loss="sparse_categorical_crossentropy")


@misconception("1.7")
def binary_loss(num_classes=10):
    """Binary cross-entropy judges each output for itself and averages over them; for classes that exclude
    each other use categorical_crossentropy.
    """
    return _compiled(keras.layers.Dense(num_classes, activation="softmax"), loss="binary_crossentropy")


@misconception("1.7")
def squared_error_loss(num_classes=10):
    """The loss is the squared error, which learns slowly through a softmax: categorical_crossentropy."""
    return _compiled(keras.layers.Dense(num_classes, activation="softmax"), loss="mse")


@misconception("1.7")
def compiled_with_adam(num_classes=10):
    """The optimizer is Adam; the lab session uses RMSprop."""
    return _compiled(keras.layers.Dense(num_classes, activation="softmax"), optimizer="adam")


@misconception("1.7")
def compiled_with_sgd(num_classes=10):
    """The optimizer is plain SGD; the lab session uses RMSprop."""
    return _compiled(keras.layers.Dense(num_classes, activation="softmax"), optimizer="sgd")


@misconception("1.7")
def no_metric(num_classes=10):
    """The model is not compiled with the metric accuracy: metrics=['accuracy']."""
    return _compiled(keras.layers.Dense(num_classes, activation="softmax"), metrics=())


@misconception("1.7")
def not_compiled(num_classes=10):
    """The model is built but not compiled: call model.compile(...) before you return it."""
    return keras.Sequential([keras.Input((784,)), keras.layers.Dense(num_classes, activation="softmax")])


@misconception("1.7")
def always_ten_classes(num_classes=10):
    """The number of outputs is always 10 in your model; use num_classes."""
    return correct_build_model()


@misconception("1.7")
def dropout_inside(num_classes=10):
    """Your model drops some of the pixels in training. Softmax regression has one layer, without dropout."""
    return _compiled(keras.layers.Dropout(0.2), keras.layers.Dense(num_classes, activation="softmax"))


# --- 1.8 Training --------------------------------------------------------------------------------------------


def _fit(model, x, y, epochs, batch_size, **settings):
    return model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0, **settings)


@misconception("1.8")
def epochs_not_passed_on(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You did not pass `epochs` on to fit, so it made a single one."""
    return model.fit(x_train, y_train, batch_size=batch_size, validation_data=(x_val, y_val), verbose=0)


@misconception("1.8")
def always_twenty_epochs(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """The number of epochs is fixed at 20 in your function: pass on the argument `epochs`."""
    return _fit(model, x_train, y_train, 20, batch_size, validation_data=(x_val, y_val))


@misconception("1.8")
def trained_on_validation(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You trained on the validation rows; they are for measuring only, train on x_train and y_train."""
    return _fit(model, x_val, y_val, epochs, batch_size, validation_data=(x_val, y_val))


@misconception("1.8")
def training_and_validation_exchanged(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You exchanged training and validation rows: fit(x_train, y_train, validation_data=(x_val, y_val))."""
    return _fit(model, x_val, y_val, epochs, batch_size, validation_data=(x_train, y_train))


@misconception("1.8")
def trained_on_both(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You trained on training and validation rows together, so val_accuracy is no test any more."""
    x, y = np.concatenate([x_train, x_val]), np.concatenate([y_train, y_val])
    return _fit(model, x, y, epochs, batch_size, validation_data=(x_val, y_val))


@misconception("1.8")
def trained_a_fresh_model(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You built and trained a new model; the one that was handed over is unchanged. Call fit on `model`."""
    fresh = correct_build_model(y_train.shape[1])
    return _fit(fresh, x_train, y_train, epochs, batch_size, validation_data=(x_val, y_val))


@misconception("1.8")
def compiled_anew(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You compiled the model anew, so its own optimizer and settings are lost; train it as it was given."""
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return _fit(model, x_train, y_train, epochs, batch_size, validation_data=(x_val, y_val))


@misconception("1.8")
def nothing_returned(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """Your function returns nothing: `return model.fit(...)`."""
    _fit(model, x_train, y_train, epochs, batch_size, validation_data=(x_val, y_val))


@misconception("1.8")
def only_the_dictionary(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You returned the dictionary of curves; return the History object itself, which has more to say."""
    return _fit(model, x_train, y_train, epochs, batch_size, validation_data=(x_val, y_val)).history


@misconception("1.8")
def model_returned(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You returned the model; it is trained in place anyway. Return the History that fit returns."""
    _fit(model, x_train, y_train, epochs, batch_size, validation_data=(x_val, y_val))
    return model


@misconception("1.8")
def without_validation(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """There is no val_accuracy: pass validation_data=(x_val, y_val) to fit."""
    return _fit(model, x_train, y_train, epochs, batch_size)


@misconception("1.8")
def validated_on_the_training_rows(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You validated on the training rows, so val_accuracy says nothing about new digits: (x_val, y_val)."""
    return _fit(model, x_train, y_train, epochs, batch_size, validation_data=(x_train, y_train))


@misconception("1.8")
def validation_split(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """validation_split takes its rows from the end of the training rows, which are then not learned, and
    ignores x_val: use validation_data=(x_val, y_val).
    """
    return _fit(model, x_train, y_train, epochs, batch_size, validation_split=0.2)


@misconception("1.8")
def batch_size_not_passed_on(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You did not pass `batch_size` on to fit, so the batches had 32 rows, Keras' default."""
    return model.fit(x_train, y_train, epochs=epochs, validation_data=(x_val, y_val), verbose=0)


@misconception("1.8")
def last_epoch_only(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    """You ran fit once per epoch and returned the last History, which knows of one epoch only."""
    for _ in range(epochs):
        history = _fit(model, x_train, y_train, 1, batch_size, validation_data=(x_val, y_val))
    return history


# --- 1.9 Reading a loss curve --------------------------------------------------------------------------------


def _diagnose(
    losses, num_classes, *, skip=(), ceiling=0.5, level=True, never_below=True, fall=True, growth=None
):
    """The rules of 1.9 with parts left out."""
    chance = math.log(num_classes)
    floor = math.log(math.e + num_classes - 1) - 1
    end, lowest = losses[-1], min(losses)
    flat = not level or (len(losses) >= 3 and max(losses[-3:]) - min(losses[-3:]) <= 0.03 * end)
    grown = growth(losses, chance) if growth else end > 2 * losses[0] and end > 2 * chance
    if "diverged" not in skip and (not np.isfinite(losses).all() or grown):
        return "diverged"
    if (
        abs(end - chance) <= 0.03 * chance
        and (not fall or lowest >= 0.9 * chance)
        and "not_learning" not in skip
    ):
        return "not_learning"
    if flat and end > chance and "label_mismatch" not in skip:
        return "label_mismatch"
    low_enough = end <= floor + ceiling * (chance - floor)
    if (
        flat
        and low_enough
        and (end >= floor and not never_below or lowest >= floor)
        and "double_softmax" not in skip
    ):
        return "double_softmax"
    return "ok"


@misconception("1.9")
def last_value_only(losses, num_classes=10):
    """You look at the last value only; a healthy curve passes through every level on its way down. Ask also
    whether it has levelled off.
    """
    return _diagnose(losses, num_classes, level=False, never_below=False, fall=False)


@misconception("1.9")
def nan_called_ok(losses, num_classes=10):
    """NaN and infinity pass your tests, because comparisons with NaN are False: ask np.isfinite first."""
    if not np.isfinite(losses).all():
        return "ok"
    return _diagnose(losses, num_classes)


@misconception("1.9")
def infinity_overlooked(losses, num_classes=10):
    """You look for NaN but not for infinity: np.isfinite finds both."""
    if np.isinf(losses).any() and not np.isnan(losses).any():
        return "ok"
    return _diagnose(losses, num_classes)


@misconception("1.9")
def only_nan_is_divergence(losses, num_classes=10):
    """A loss that keeps growing has diverged long before it is NaN: compare the end with the start, too."""
    return _diagnose(losses, num_classes, growth=lambda losses, chance: False)


@misconception("1.9")
def only_the_end_tested_for_nan(losses, num_classes=10):
    """You test only whether the end is finite; a NaN on the way has ruined the weights already: test every
    value.
    """
    if np.isfinite(losses[-1]) and not np.isfinite(losses).all():
        return "ok"
    return _diagnose(losses, num_classes)


@misconception("1.9")
def a_peak_is_divergence(losses, num_classes=10):
    """A single peak is no divergence when the loss comes down again: compare the end, not the maximum."""
    growth = lambda losses, chance: max(losses) > 2 * max(losses[0], chance)  # noqa: E731
    return _diagnose(losses, num_classes, growth=growth)


@misconception("1.9")
def any_rise_is_divergence(losses, num_classes=10):
    """Any curve that ends above where it began counts as diverged for you; it takes more than twice the start
    and more than twice ln K.
    """
    return _diagnose(losses, num_classes, growth=lambda losses, chance: losses[-1] > losses[0] * 1.001)


@misconception("1.9")
def twice_the_start_is_divergence(losses, num_classes=10):
    """Twice the start alone is no divergence when the loss is small; the end must be above twice ln K as
    well.
    """
    return _diagnose(losses, num_classes, growth=lambda losses, chance: losses[-1] > 2 * losses[0])


@misconception("1.9")
def always_ten(losses, num_classes=10):
    """You used the level ln 10 whatever the number of classes: it is ln(num_classes)."""
    return _diagnose(losses, 10)


@misconception("1.9")
def halves_not_told_apart(losses, num_classes=10):
    """Between floor and ln K only the lower half speaks for a second softmax; a strongly penalised model may
    settle above.
    """
    return _diagnose(losses, num_classes, ceiling=1.0)


@misconception("1.9")
def double_softmax_overlooked(losses, num_classes=10):
    """You never answer "double_softmax": a curve that settles just above 1.4612 (K = 10) is not healthy."""
    return _diagnose(losses, num_classes, skip=("double_softmax",))


@misconception("1.9")
def label_mismatch_overlooked(losses, num_classes=10):
    """You never answer "label_mismatch": a model that settles above ln K is worse than guessing, so its
    labels are wrong.
    """
    return _diagnose(losses, num_classes, skip=("label_mismatch",))


@misconception("1.9")
def above_chance_is_mismatch(losses, num_classes=10):
    """Everything above ln K is a "label_mismatch" for you; look first whether the curve is still falling."""
    name = _diagnose(losses, num_classes)
    return "label_mismatch" if name == "ok" and losses[-1] > math.log(num_classes) else name


@misconception("1.9")
def lowest_value_ignored(losses, num_classes=10):
    """A second softmax can never go below the floor; a curve that was there before has only come back up
    (overfitting).
    """
    return _diagnose(losses, num_classes, never_below=False)


@misconception("1.9")
def has_learned_before(losses, num_classes=10):
    """A curve that ends at ln K may have learned before: "not_learning" also asks that it never fell below
    90 % of ln K.
    """
    return _diagnose(losses, num_classes, fall=False)
