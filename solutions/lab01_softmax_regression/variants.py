"""Correct answers to lab 01 that are written differently. Each must always get full marks."""

import math

import keras
import numpy as np
import scipy.special
from lab import cross_entropy, loss_and_gradients, softmax

from labkit.check import variant

# --- 1.1 Images to vectors -----------------------------------------------------------------------------------


@variant("1.1")
def scaled_before_reshaping(images):
    return np.reshape(np.divide(images, 255, dtype=np.float32), (images.shape[0], 28 * 28))


@variant("1.1")
def pixel_by_pixel(images):
    rows = np.empty((len(images), 784), "float32")
    for number, image in enumerate(images):
        rows[number] = [pixel / 255 for line in image.tolist() for pixel in line]
    return rows


@variant("1.1")
def with_tensorflow(images):
    import tensorflow as tf

    return tf.reshape(tf.cast(images, tf.float32) / 255.0, (-1, 784))


@variant("1.1")
def with_a_rescaling_layer(images):
    return keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images.astype("float32")))


# --- 1.2 One-hot targets -------------------------------------------------------------------------------------


@variant("1.2")
def by_comparison(labels, num_classes):
    return (labels[:, None] == np.arange(num_classes)).astype(np.float32)


@variant("1.2")
def by_assignment(labels, num_classes):
    targets = np.zeros((labels.size, num_classes), dtype="f4")
    targets[np.arange(labels.size), labels] = 1
    return targets


@variant("1.2")
def with_keras(labels, num_classes):
    return keras.utils.to_categorical(labels, num_classes).astype("float32")


@variant("1.2")
def with_tf_one_hot(labels, num_classes):
    import tensorflow as tf

    return tf.one_hot(labels, depth=num_classes)


# --- 1.3 Softmax ---------------------------------------------------------------------------------------------


@variant("1.3")
def through_log_sum_exp(logits):
    return np.exp(logits - scipy.special.logsumexp(logits, axis=1, keepdims=True))


@variant("1.3")
def row_by_row(logits):
    rows = []
    for row in logits:
        powers = [math.exp(value - max(row)) for value in row]
        rows.append([power / sum(powers) for power in powers])
    return np.array(rows)


@variant("1.3")
def with_scipy(logits):
    return scipy.special.softmax(logits, axis=-1)


@variant("1.3")
def with_tf_nn(logits):
    import tensorflow as tf

    return tf.nn.softmax(logits)


@variant("1.3")
def in_single_precision(logits):
    shifted = (logits.T - logits.max(axis=1)).T.astype(np.float32)
    powers = np.exp(shifted)
    return powers / np.einsum("nk->n", powers)[:, None]


# --- 1.4 Cross-entropy ---------------------------------------------------------------------------------------


@variant("1.4")
def with_clip_and_einsum(probabilities, targets):
    return -np.einsum("nk,nk->", targets, np.log(np.clip(probabilities, 1e-15, 1))) / len(targets)


@variant("1.4")
def with_a_loop(probabilities, targets):
    total = 0.0
    for row, wanted in zip(probabilities, targets, strict=True):
        total -= sum(t * math.log(max(p, 1e-10)) for p, t in zip(row, wanted, strict=True))
    return total / len(targets)


@variant("1.4")
def with_a_tiny_number_added(probabilities, targets):
    return np.mean(-np.sum(targets * np.log(probabilities + 1e-30), axis=-1))


@variant("1.4")
def with_the_loss_of_keras(probabilities, targets):
    return keras.losses.CategoricalCrossentropy()(targets, probabilities)


# --- 1.5 Gradients -------------------------------------------------------------------------------------------


@variant("1.5")
def through_the_joint_formula(weights, bias, x, targets, l2=0.0):
    logits = x @ weights + bias
    log_sums = scipy.special.logsumexp(logits, axis=1)
    loss = (log_sums - (targets * logits).sum(axis=1)).mean() + 0.5 * l2 * np.vdot(weights, weights)
    error = np.exp(logits - log_sums[:, None]) - targets
    return loss, np.einsum("nd,nk->dk", x, error) / len(x) + l2 * weights, error.mean(axis=0)


@variant("1.5")
def example_by_example(weights, bias, x, targets, l2=0.0):
    loss, by_weights, by_bias = 0.0, np.zeros_like(weights), np.zeros_like(bias)
    for row, wanted in zip(x, targets, strict=True):
        p = softmax((row @ weights + bias)[None])[0]
        loss -= float(wanted @ np.log(p + 1e-30)) / len(x)
        by_weights += np.outer(row, p - wanted) / len(x)
        by_bias += (p - wanted) / len(x)
    return [loss + l2 / 2 * np.linalg.norm(weights) ** 2, by_weights + l2 * weights, by_bias]


@variant("1.5")
def with_a_gradient_tape(weights, bias, x, targets, l2=0.0):
    import tensorflow as tf

    variables = [tf.Variable(weights), tf.Variable(bias)]
    with tf.GradientTape() as tape:
        logits = x @ variables[0] + variables[1]
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
        loss += l2 / 2 * tf.reduce_sum(variables[0] ** 2)
    return loss, *tape.gradient(loss, variables)


@variant("1.5")
def with_the_bias_as_a_row(weights, bias, x, targets, l2=0.0):
    inputs, stacked = np.c_[x, np.ones(len(x))], np.vstack([weights, bias])
    p = softmax(inputs @ stacked)
    gradient = inputs.T @ (p - targets) / len(x)
    gradient[:-1] += l2 * weights
    return cross_entropy(p, targets) + l2 * np.sum(np.square(weights)) / 2, gradient[:-1], gradient[-1]


# --- 1.6 Stochastic gradient descent -------------------------------------------------------------------------


@variant("1.6")
def on_copies_in_place(weights, bias, x, targets, learning_rate, batch_size, order):
    weights, bias = weights.copy(), bias.copy()
    x, targets = x[order], targets[order]
    for start in range(0, len(x), batch_size):
        batch = slice(start, start + batch_size)
        _, by_weights, by_bias = loss_and_gradients(weights, bias, x[batch], targets[batch])
        weights -= learning_rate * by_weights
        bias -= learning_rate * by_bias
    return weights, bias


@variant("1.6")
def batches_by_array_split(weights, bias, x, targets, learning_rate, batch_size, order):
    for rows in np.split(order, range(batch_size, len(order), batch_size)):
        error = softmax(x[rows] @ weights + bias) - targets[rows]
        weights = weights - learning_rate / len(rows) * (x[rows].T @ error)
        bias = bias - learning_rate * error.mean(0)
    return weights, bias


@variant("1.6")
def with_a_while_loop(weights, bias, x, targets, learning_rate, batch_size, order):
    done = 0
    while done < len(order):
        rows = np.take(order, np.arange(done, min(done + batch_size, len(order))))
        done += len(rows)
        _, *gradients = loss_and_gradients(weights, bias, x[rows], targets[rows])
        weights, bias = (a - learning_rate * g for a, g in zip((weights, bias), gradients, strict=True))
    return [weights, bias]


# --- 1.7 The same network in Keras ---------------------------------------------------------------------------


@variant("1.7")
def as_on_the_slide(num_classes=10):
    model = keras.models.Sequential()
    model.add(keras.layers.Dense(num_classes, activation="softmax", input_shape=(784,)))
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(), metrics=["accuracy"])
    return model


@variant("1.7")
def with_an_activation_layer(num_classes=10):
    model = keras.Sequential(name="softmax_regression")
    model.add(keras.layers.InputLayer(shape=(784,)))
    model.add(keras.layers.Dense(num_classes, kernel_initializer="zeros", name="scores"))
    model.add(keras.layers.Activation("softmax"))
    loss = keras.losses.CategoricalCrossentropy()
    model.compile(optimizer="RMSprop", loss=loss, metrics=[keras.metrics.CategoricalAccuracy()])
    return model


@variant("1.7")
def with_a_softmax_layer(num_classes=10):
    model = keras.Sequential([keras.layers.Dense(num_classes), keras.layers.Softmax()])
    model.build((None, 784))
    model.compile("rmsprop", keras.losses.categorical_crossentropy, metrics=["acc"])
    return model


@variant("1.7")
def nested(num_classes=10):
    scores = keras.Sequential([keras.Input((784,)), keras.layers.Dense(num_classes, activation="linear")])
    model = keras.Sequential([scores, keras.layers.Activation(keras.activations.softmax)])
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return model


# --- 1.8 Training --------------------------------------------------------------------------------------------


@variant("1.8")
def by_position_and_loud(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    history = model.fit(x_train, y_train, batch_size, epochs, 2, validation_data=[x_val, y_val])
    return history


@variant("1.8")
def with_a_dataset(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train)).batch(batch_size)
    held_out = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(1000)
    return model.fit(rows, epochs=epochs, validation_data=held_out, verbose=0)


@variant("1.8")
def batch_by_batch(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    history = keras.callbacks.History()
    history.set_model(model)
    history.on_train_begin()
    for epoch in range(epochs):
        order = np.random.permutation(len(x_train))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            logs = model.train_on_batch(x_train[rows], y_train[rows], return_dict=True)
        held_out = model.evaluate(x_val, y_val, verbose=0, return_dict=True)
        history.on_epoch_end(epoch, {**logs, **{f"val_{name}": value for name, value in held_out.items()}})
    return history


@variant("1.8")
def with_a_gradient_tape_by_hand(model, x_train, y_train, x_val, y_val, epochs=20, batch_size=128):
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.categorical_crossentropy(y, model(x, training=True)))
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    history = keras.callbacks.History()
    history.epoch, history.history = [], {"loss": [], "val_accuracy": []}
    for epoch in range(epochs):
        order = np.random.permutation(len(x_train))
        batches = np.split(order, range(batch_size, len(order), batch_size))
        losses = [float(step(tf.constant(x_train[rows]), tf.constant(y_train[rows]))) for rows in batches]
        right = model.predict(x_val, verbose=0).argmax(axis=1) == y_val.argmax(axis=1)
        history.epoch.append(epoch)
        history.history["loss"].append(np.mean(losses))
        history.history["val_accuracy"].append(right.mean())
    return history


# --- 1.9 Reading a loss curve --------------------------------------------------------------------------------


@variant("1.9")
def as_a_list_of_rules(losses, num_classes=10):
    curve, chance = np.array(losses), math.log(num_classes)
    floor = math.log1p((num_classes - 1) / math.e)  # the same number as ln(e + K - 1) - 1
    flat = curve.size > 2 and np.ptp(curve[-3:]) <= 0.03 * curve[-1]
    rules = {
        "diverged": not np.all(np.isfinite(curve)) or curve[-1] > 2 * max(curve[0], chance),
        "not_learning": abs(curve[-1] / chance - 1) <= 0.03 and curve.min() >= 0.9 * chance,
        "label_mismatch": flat and curve[-1] > chance,
        "double_softmax": flat and floor <= curve.min() and curve[-1] - floor <= (chance - floor) / 2,
        "ok": True,
    }
    return next(name for name, holds in rules.items() if holds)


@variant("1.9")
def with_early_returns(losses, num_classes=10):
    if any(math.isnan(loss) or math.isinf(loss) for loss in losses):
        return "diverged"
    chance, end, *_ = math.log(num_classes), losses[-1]
    if end > 2 * losses[0] and end > 2 * chance:
        return "diverged"
    if 0.97 * chance <= end <= 1.03 * chance and min(losses) >= 0.9 * chance:
        return "not_learning"
    if len(losses) < 3 or max(losses[-3:]) > min(losses[-3:]) + 0.03 * end:
        return "ok"
    if end > chance:
        return "label_mismatch"
    floor = math.log(math.e + num_classes - 1) - 1
    return "double_softmax" if min(losses) >= floor and end <= (floor + chance) / 2 else "ok"


@variant("1.9")
def with_a_stricter_eye_for_level(losses, num_classes=10):
    """The last third of the curve instead of its last three values: the same on every curve that is clear."""
    curve, chance = np.asarray(losses, float), np.log(num_classes)
    if not np.isfinite(curve).all() or (curve[-1] > 2 * curve[0] and curve[-1] > 2 * chance):
        return "diverged"
    if abs(curve[-1] - chance) < 0.03 * chance and (curve > 0.9 * chance).all():
        return "not_learning"
    last = curve[-max(3, len(curve) // 6) :]
    if len(curve) < 3 or abs(last - last.mean()).max() > 0.015 * last.mean():
        return "ok"
    floor = np.log(np.exp(1) + num_classes - 1) - 1
    names = ["label_mismatch", "double_softmax"]
    holds = [curve[-1] > chance, curve.min() > floor and curve[-1] < (floor + chance) / 2]
    return names[holds.index(True)] if any(holds) else "ok"
