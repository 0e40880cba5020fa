"""Correct answers to lab 10 that are written differently. Each must always get full marks."""

import keras
import numpy as np
import tensorflow as tf
from lab import fgsm

from labkit.check import variant

# --- 10.1 The sign of a gradient -------------------------------------------------------------------------------


@variant("10.1")
def with_keras_loss(model, x, y, epsilon):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    image = tf.Variable(x)
    with tf.GradientTape() as tape:
        value = loss(y, model(image, training=False))
    moved = image + epsilon * tf.sign(tape.gradient(value, image))
    return tf.clip_by_value(moved, 0.0, 1.0).numpy()


@variant("10.1")
def with_the_compiled_loss(model, x, y, epsilon):
    images = tf.constant(np.asarray(x, np.float32))
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        value = model.loss(y, model(images))
    return np.clip(x.astype(float) + epsilon * np.sign(tape.gradient(value, images)), 0, 1)


@variant("10.1")
def by_the_derivative_of_the_logits(model, x, y, epsilon):
    images = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = model(images, training=False)
        by_logits = tf.stop_gradient(tf.nn.softmax(logits) - tf.one_hot(np.asarray(y, int), logits.shape[1]))
        along = tf.reduce_sum(by_logits * logits)
    return np.clip(x + np.float32(epsilon) * np.sign(tape.gradient(along, images)), 0, 1)


@variant("10.1")
def image_after_image(model, x, y, epsilon):
    found = np.empty(x.shape, np.float32)
    for start in range(0, len(x), 50):
        part = slice(start, start + 50)
        found[part] = fgsm(model, x[part], y[part], epsilon)
    return found


@variant("10.1", replaces="robust_curve")
def curve_by_predict(model, x, y, epsilons):
    found = []
    for epsilon in epsilons:
        answers = model.predict(fgsm(model, x, y, epsilon), verbose=0).argmax(axis=-1)
        found.append((answers == y).sum() / len(y))
    return np.array(found)


@variant("10.1", replaces="robust_curve")
def curve_from_one_direction(model, x, y, epsilons):
    images = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = model(images, training=False)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(np.asarray(y, np.int32), logits))
    direction = tf.sign(tape.gradient(loss, images))
    attacked = (tf.clip_by_value(images + e * direction, 0.0, 1.0) for e in epsilons)
    return np.array([float(np.mean(np.argmax(model(a), -1) == y)) for a in attacked], np.float32)


# --- 10.2 How much is needed -----------------------------------------------------------------------------------


@variant("10.2")
def one_image_at_a_time(weights, bias, x, y):
    found = []
    for image, label in zip(x, y, strict=True):
        z = image @ weights + bias
        others = np.delete(np.arange(len(z)), label)
        lengths = np.abs(weights[:, [label]] - weights[:, others]).sum(axis=0)
        found.append(max(0, ((z[label] - z[others]) / lengths).min()))
    return np.array(found)


@variant("10.2")
def one_rival_at_a_time(weights, bias, x, y):
    rows, logits = np.arange(len(x)), x.astype(float) @ weights.astype(float) + bias
    best = np.full(len(x), np.inf)
    for rival in range(logits.shape[1]):
        length = np.abs(weights[:, y] - weights[:, [rival]]).sum(axis=0)
        other = y != rival
        quotient = (logits[rows, y] - logits[:, rival])[other] / length[other]
        best[other] = np.minimum(best[other], quotient)
    return best.clip(min=0)


@variant("10.2")
def as_margins_of_pairs(weights, bias, x, y):
    differences = weights.T[:, None] - weights.T[None]  # (k, k, d)
    offsets = bias[:, None] - bias[None]
    margins = np.einsum("njd,nd->nj", differences[y], x) + offsets[y]
    with np.errstate(divide="ignore", invalid="ignore"):
        quotients = margins / np.abs(differences).sum(axis=2)[y]
    quotients[np.arange(len(y)), y] = np.inf
    return np.maximum(quotients.min(axis=1), 0.0)


# --- 10.3 Many small steps -------------------------------------------------------------------------------------


@variant("10.3")
def with_changes_in_place_of_places(model, x, y, epsilon, step_size, steps, start):
    change = np.clip(start - x, -epsilon, epsilon)
    change = np.clip(x + change, 0, 1) - x
    for _ in range(steps):
        place = (x + change).astype(np.float32)
        change = np.clip(fgsm(model, place, y, step_size) - x, -epsilon, epsilon)
        change = np.clip(x + change, 0, 1) - x
    return (x + change).astype(np.float32)


@variant("10.3")
def with_tensors(model, x, y, epsilon, step_size, steps, start):
    low, high = tf.maximum(x - epsilon, 0.0), tf.minimum(x + epsilon, 1.0)
    place = tf.clip_by_value(tf.convert_to_tensor(start, tf.float32), low, high)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(place)
            logits = model(place, training=False)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(np.asarray(y, np.int64), logits)
        place = tf.clip_by_value(place + step_size * tf.sign(tape.gradient(loss, place)), low, high)
    return place.numpy()


@variant("10.3")
def recursively(model, x, y, epsilon, step_size, steps, start):
    def inside(place):
        return np.clip(np.clip(place, x - epsilon, x + epsilon), 0, 1).astype(np.float32)

    if steps == 0:
        return inside(start)
    before = recursively(model, x, y, epsilon, step_size, steps - 1, start)
    return inside(fgsm(model, before, y, step_size))


# --- 10.4 Is this defence real? --------------------------------------------------------------------------------


def _read(model, x, y):
    return np.mean(np.argmax(model(x, training=False), axis=1) == y)


@variant("10.4")
def by_smaller_logits(model, x, y, epsilon):
    """The cross-entropy of logits that are divided by their own size has a gradient."""
    if _read(model, fgsm(model, x, y, epsilon), y) < 0.5:
        return "vulnerable"
    size = float(np.abs(model(x, training=False)).mean())
    place = tf.convert_to_tensor(x)
    for _ in range(30):
        with tf.GradientTape() as tape:
            tape.watch(place)
            logits = model(place, training=False) / size
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(np.asarray(y, np.int64), logits)
        place = place + epsilon / 8 * tf.sign(tape.gradient(loss, place))
        place = tf.clip_by_value(place, np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1))
    return "masked" if _read(model, place, y) < 0.5 else "robust"


@variant("10.4")
def by_one_step_down_the_margin(model, x, y, epsilon):
    if _read(model, fgsm(model, x, y, epsilon), y) < 0.5:
        return "vulnerable"
    images = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = model(images, training=False)
        own = tf.one_hot(np.asarray(y), logits.shape[1])
        rivals = tf.reduce_max(logits - own * 1e12, axis=1)
        margins = tf.reduce_sum(own * logits, axis=1) - rivals
    attacked = np.clip(x - epsilon * np.sign(tape.gradient(margins, images)), 0, 1)
    return "masked" if _read(model, attacked, y) < 0.5 else "robust"


@variant("10.4")
def towards_every_class(model, x, y, epsilon):
    """Each image is pushed towards each class; it is fooled if one of the pushes works."""
    if _read(model, fgsm(model, x, y, epsilon), y) < 0.5:
        return "vulnerable"
    right = np.ones(len(x), bool)
    for rival in range(model.output_shape[1]):
        place = np.array(x)
        for _ in range(8):
            images = tf.convert_to_tensor(place)
            with tf.GradientTape() as tape:
                tape.watch(images)
                logits = model(images, training=False)
                lead = tf.gather(logits, np.asarray(y, int), batch_dims=1) - logits[:, rival]
            place = place - epsilon / 4 * np.sign(tape.gradient(lead, images))
            place = np.clip(place, np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1)).astype(np.float32)
        right &= np.argmax(model(place, training=False), axis=1) == y
    return "robust" if right.mean() >= 0.5 else "masked"


# --- 10.5 Training against the attack ----------------------------------------------------------------------------


@variant("10.5")
def with_a_tape(model, x, y, epsilon, epochs, batch_size, seed):
    rng, losses = np.random.default_rng(seed), []
    for _ in range(epochs):
        of_rows = []
        order = rng.permutation(len(x))
        for rows in np.split(order, range(batch_size, len(x), batch_size)):
            attacked = fgsm(model, x[rows], y[rows], epsilon)
            with tf.GradientTape() as tape:
                logits = model(attacked, training=True)
                each = tf.nn.sparse_softmax_cross_entropy_with_logits(y[rows].astype(np.int64), logits)
                loss = tf.reduce_mean(each)
            slopes = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(slopes, model.trainable_variables, strict=True))
            of_rows += each.numpy().tolist()
        losses.append(float(np.mean(of_rows)))
    return losses


@variant("10.5")
def with_fit_on_each_batch(model, x, y, epsilon, epochs, batch_size, seed):
    losses = []
    for epoch in range(epochs):
        order = np.random.default_rng([seed, epoch]).permutation(len(x))
        total = 0.0
        model.reset_metrics()
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            attacked = fgsm(model, x[rows], y[rows], epsilon)
            total = model.train_on_batch(attacked, y[rows])  # Keras averages over the rows until the reset
        losses.append(float(np.ravel(total)[0]))
    return losses


@variant("10.5")
def with_a_shuffled_copy(model, x, y, epsilon, epochs, batch_size, seed):
    generator, losses = np.random.RandomState(seed), []
    for _ in range(epochs):
        places = np.arange(len(x))
        generator.shuffle(places)
        images, labels, sums = x[places], y[places], []
        while len(images):
            batch, images = images[:batch_size], images[batch_size:]
            goal, labels = labels[:batch_size], labels[batch_size:]
            model.reset_metrics()
            loss = model.train_on_batch(fgsm(model, batch, goal, epsilon), goal, return_dict=True)["loss"]
            sums.append((float(loss), len(batch)))
        losses.append(float(np.average([s for s, _ in sums], weights=[n for _, n in sums])))
    return losses


# --- 10.6 Softer targets ---------------------------------------------------------------------------------------


@variant("10.6")
def towards_the_mean(targets, amount):
    return targets + amount * (1 / targets.shape[1] - targets)


@variant("10.6")
def with_full_like(targets, amount):
    even = np.full_like(targets, 1 / targets.shape[-1], dtype=float)
    return np.average([targets, even], axis=0, weights=[1 - amount, amount])


@variant("10.6", replaces="smoothing_floor")
def entropy_of_the_target(num_classes, amount):
    target = (1 - amount) * np.eye(num_classes)[0] + amount / num_classes
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = -np.where(target > 0, target * np.log(target), 0).sum()
        return loss, np.log(target[0]) - np.log(target[1])


@variant("10.6", replaces="mixup")
def row_by_row(x, targets, partners, weights):
    mixed, soft = np.zeros(x.shape), np.zeros(targets.shape)
    for i in range(len(x)):
        mixed[i] = weights[i] * x[i] + (1 - weights[i]) * x[partners[i]]
        soft[i] = weights[i] * targets[i] + (1 - weights[i]) * targets[partners[i]]
    return mixed, soft


@variant("10.6", replaces="mixup")
def on_flat_rows(x, targets, partners, weights):
    share = weights[:, np.newaxis]
    both = []
    for array in (x, targets):
        flat = array.reshape(len(array), -1)
        both.append((flat[partners] + share * (flat - flat[partners])).reshape(array.shape))
    return both


# --- 10.7 The lottery ticket -------------------------------------------------------------------------------------


@variant("10.7")
def by_rank(initial, trained, fraction):
    kernels = [number for number, array in enumerate(trained) if array.ndim >= 2]
    sizes = np.concatenate([np.abs(trained[number]).ravel() for number in kernels])
    keep = np.ones(len(sizes), bool)
    keep[np.argsort(sizes)[: round(fraction * len(sizes))]] = False
    masks = [np.ones(array.shape, bool) for array in trained]
    ends = np.cumsum([trained[number].size for number in kernels])
    for number, part in zip(kernels, np.split(keep, ends[:-1]), strict=True):
        masks[number] = part.reshape(trained[number].shape)
    return [array * mask for array, mask in zip(initial, masks, strict=True)], masks


@variant("10.7")
def by_partition(initial, trained, fraction):
    sizes = np.concatenate([np.abs(array).ravel() for array in trained if array.ndim > 1])
    number = int(round(fraction * sizes.size))
    largest_pruned = np.partition(sizes, number - 1)[number - 1] if number else -1.0
    masks = [
        np.abs(array) > largest_pruned if array.ndim > 1 else np.full(array.shape, True) for array in trained
    ]
    weights = [array.copy() for array in initial]
    for array, mask in zip(weights, masks, strict=True):
        array[~mask] = 0
    return weights, masks


@variant("10.7", replaces="train_masked")
def with_a_tape_and_masks(model, masks, x, y, epochs, batch_size):
    kept = [tf.constant(mask, variable.dtype) for mask, variable in zip(masks, model.weights, strict=True)]

    def prune():
        for variable, mask in zip(model.weights, kept, strict=True):
            variable.assign(variable * mask)

    prune()
    for _ in range(epochs):
        order = np.random.permutation(len(x))
        for rows in np.split(order, range(batch_size, len(x), batch_size)):
            with tf.GradientTape() as tape:
                logits = model(x[rows], training=True)
                each = tf.nn.sparse_softmax_cross_entropy_with_logits(y[rows].astype(np.int64), logits)
                loss = tf.reduce_mean(each)
            slopes = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(slopes, model.trainable_variables, strict=True))
            prune()


class _Pruning(keras.callbacks.Callback):
    """Sets the pruned weights back to 0 after every batch."""

    def __init__(self, masks):
        super().__init__()
        self.masks = masks

    def prune(self):
        for variable, mask in zip(self.model.weights, self.masks, strict=True):
            if not mask.all():
                variable.assign(variable * mask.astype("float32"))

    def on_train_batch_end(self, batch, logs=None):
        self.prune()


@variant("10.7", replaces="train_masked")
def with_a_callback(model, masks, x, y, epochs, batch_size):
    model.set_weights([array * mask for array, mask in zip(model.get_weights(), masks, strict=True)])
    pruning = _Pruning(masks)
    return model.fit(x, y, epochs=epochs, batch_size=batch_size, callbacks=[pruning], verbose=0)


@variant("10.7", replaces="train_masked")
def by_setting_all_weights(model, masks, x, y, epochs, batch_size):
    model.set_weights(
        [np.where(mask, array, 0) for array, mask in zip(model.get_weights(), masks, strict=True)]
    )
    rng = np.random.default_rng(5)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            model.train_on_batch(x[rows], y[rows])
            model.set_weights([array * mask for array, mask in zip(model.get_weights(), masks, strict=True)])
