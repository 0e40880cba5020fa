"""Known mistakes of lab 10, each with the sentence that a student reads who makes it."""

import numpy as np

# Under names of their own: each mistake below takes the place of one of these functions.
from lab import diagnose_defence as correct_diagnose_defence
from lab import fgsm as correct_fgsm
from lab import mixup as correct_mixup
from lab import pgd as correct_pgd
from lab import smallest_epsilon as correct_smallest_epsilon
from lab import smoothing_floor as correct_smoothing_floor
from lab import winning_ticket as correct_winning_ticket

from labkit.check import misconception

# --- 10.1 The sign of a gradient -------------------------------------------------------------------------------


def _slope(model, x, y, training=False, loss="from_logits"):
    """The gradient of a loss by the images."""
    import tensorflow as tf

    images, labels = tf.convert_to_tensor(x, tf.float32), np.asarray(y, np.int64)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = model(images, training=training)
        if loss == "from_logits":
            value = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        elif loss == "logits as probabilities":
            value = tf.keras.losses.sparse_categorical_crossentropy(labels, logits)
        elif loss == "softmax twice":
            value = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.nn.softmax(logits))
        else:
            value = -tf.gather(logits, labels, batch_dims=1)
    return tape.gradient(value, images).numpy()


def _step(x, epsilon, slope):
    return np.clip(x + epsilon * np.sign(slope), 0, 1).astype(np.float32)


def _answers(model, x):
    return np.argmax(model(x, training=False), axis=1)


@misconception("10.1")
def down_the_loss(model, x, y, epsilon):
    """You went down the loss: the images become easier to read. An attack goes up, x plus ε times the sign."""
    return _step(x, -epsilon, _slope(model, x, y))


@misconception("10.1")
def not_clipped(model, x, y, epsilon):
    """Your pixels leave [0, 1]. There is nothing blacker than black: clip after the step."""
    return (x + epsilon * np.sign(_slope(model, x, y))).astype(np.float32)


@misconception("10.1")
def gradient_without_its_sign(model, x, y, epsilon):
    """You added ε times the gradient itself. With a bound for each pixel the best step takes all of ε in each: its
    sign.
    """
    return np.clip(x + epsilon * _slope(model, x, y), 0, 1).astype(np.float32)


@misconception("10.1")
def gradient_of_length_one(model, x, y, epsilon):
    """You scaled the gradient so that its largest value is ε. With a bound for each pixel every pixel goes ε: the
    sign.
    """
    slope = _slope(model, x, y)
    largest = np.abs(slope).max(axis=tuple(range(1, slope.ndim)), keepdims=True)
    return np.clip(x + epsilon * slope / np.maximum(largest, 1e-30), 0, 1).astype(np.float32)


@misconception("10.1")
def predicted_labels(model, x, y, epsilon):
    """Your loss is that of the model's own answers. Use the labels y that are given; the model may answer otherwise."""
    return correct_fgsm(model, x, _answers(model, x), epsilon)


@misconception("10.1")
def in_training_mode(model, x, y, epsilon):
    """You asked the model in training mode: dropout drops, and batch normalisation uses the statistics of your batch
    (and changes its own). Call model(x, training=False).
    """
    return _step(x, epsilon, _slope(model, x, y, training=True))


@misconception("10.1")
def logits_for_probabilities(model, x, y, epsilon):
    """You took the logits for probabilities. The models of this lab answer with logits: from_logits=True."""
    return _step(x, epsilon, _slope(model, x, y, loss="logits as probabilities"))


@misconception("10.1")
def softmax_twice(model, x, y, epsilon):
    """Your loss takes a softmax of a softmax. Give it the logits as they are, from_logits=True."""
    return _step(x, epsilon, _slope(model, x, y, loss="softmax twice"))


@misconception("10.1")
def epsilon_in_grey_levels(model, x, y, epsilon):
    """You divided ε by 255. Here ε is in units of the pixels' range, as the images are: 0.1 is a tenth of it."""
    return correct_fgsm(model, x, y, epsilon / 255)


@misconception("10.1")
def logit_of_the_label_alone(model, x, y, epsilon):
    """You only push the label's own logit down. The cross-entropy also pulls the others up: differentiate all of it."""
    return _step(x, epsilon, _slope(model, x, y, loss="own logit"))


@misconception("10.1")
def never_zero(model, x, y, epsilon):
    """Every pixel of yours moves towards white where its gradient is positive and else stays: both signs count."""
    return np.clip(x + epsilon * (_slope(model, x, y) > 0), 0, 1).astype(np.float32)


@misconception("10.1", replaces="robust_curve")
def curve_of_predicted_labels(model, x, y, epsilons):
    """You compare with what the model answers to the clean images. The accuracy is about the labels y: what was wrong
    without an attack is wrong.
    """
    clean = _answers(model, x)
    return np.array([np.mean(_answers(model, correct_fgsm(model, x, clean, e)) == clean) for e in epsilons])


@misconception("10.1", replaces="robust_curve")
def share_fooled(model, x, y, epsilons):
    """You return the share of wrong answers. The curve shows the accuracy: the share of right ones."""
    return np.array([np.mean(_answers(model, correct_fgsm(model, x, y, e)) != y) for e in epsilons])


@misconception("10.1", replaces="robust_curve")
def share_unchanged(model, x, y, epsilons):
    """You count the answers that the attack has not changed. What was wrong before and after counts as wrong."""
    clean = _answers(model, x)
    return np.array([np.mean(_answers(model, correct_fgsm(model, x, y, e)) == clean) for e in epsilons])


@misconception("10.1", replaces="robust_curve")
def attacked_again_and_again(model, x, y, epsilons):
    """You attack images that were attacked before. Every ε starts from the clean images."""
    found = []
    for e in epsilons:
        x = correct_fgsm(model, x, y, e)
        found.append(np.mean(_answers(model, x) == y))
    return np.array(found)


@misconception("10.1", replaces="robust_curve")
def curve_of_those_right_before(model, x, y, epsilons):
    """You divide by the images that were right without an attack. The accuracy is a share of all images."""
    before = _answers(model, x) == y
    return np.array(
        [np.mean(_answers(model, correct_fgsm(model, x, y, e))[before] == y[before]) for e in epsilons]
    )


@misconception("10.1", replaces="robust_curve")
def curve_in_rising_order(model, x, y, epsilons):
    """Your curve is sorted by ε. Keep the order in which they are asked for."""
    return np.array([np.mean(_answers(model, correct_fgsm(model, x, y, e)) == y) for e in sorted(epsilons)])


# --- 10.2 How much is needed -----------------------------------------------------------------------------------


def _by_norm(weights, bias, x, y, norm):
    """The quotients with another length of the difference, all rivals."""
    logits, rows = x @ weights + bias, np.arange(len(x))
    found = np.full(len(x), np.inf)
    for j in range(weights.shape[1]):
        gap = logits[rows, y] - logits[:, j]
        quotient = gap / np.array([max(norm(weights[:, label], weights[:, j]), 1e-30) for label in y])
        found = np.where(y == j, found, np.minimum(found, quotient))
    return np.maximum(found, 0)


@misconception("10.2")
def euclidean_norm(weights, bias, x, y):
    """You divided by the Euclidean length of w_y − w_j. With a bound for each pixel it is the sum of absolute
    values.
    """
    return _by_norm(weights, bias, x, y, lambda own, other: np.linalg.norm(own - other))


@misconception("10.2")
def weights_of_the_label_alone(weights, bias, x, y):
    """You divided by the absolute weights of one class. Both logits move: it is the difference of the two columns."""
    return _by_norm(weights, bias, x, y, lambda own, other: np.abs(own).sum())


@misconception("10.2")
def weights_of_the_rival_alone(weights, bias, x, y):
    """You divided by the absolute weights of the rival. Both logits move: it is the difference of the two columns."""
    return _by_norm(weights, bias, x, y, lambda own, other: np.abs(other).sum())


@misconception("10.2")
def both_columns_apart(weights, bias, x, y):
    """You added the absolute weights of both classes. Where they agree, a pixel moves both logits alike and nothing is
    won: first the difference, then the absolute values.
    """
    return _by_norm(weights, bias, x, y, lambda own, other: np.abs(own).sum() + np.abs(other).sum())


@misconception("10.2")
def largest_weight(weights, bias, x, y):
    """You divided by the largest difference of two weights, which is one pixel alone. All pixels change: their sum."""
    return _by_norm(weights, bias, x, y, lambda own, other: np.abs(own - other).max())


@misconception("10.2")
def only_the_runner_up(weights, bias, x, y):
    """You looked at the rival with the largest logit only. Another one may be reached with less: take the smallest
    quotient of all.
    """
    logits, rows = x @ weights + bias, np.arange(len(x))
    rivals = logits.copy()
    rivals[rows, y] = -np.inf
    second = rivals.argmax(axis=1)
    length = np.abs(weights[:, y] - weights[:, second]).sum(axis=0)
    return np.maximum((logits[rows, y] - logits[rows, second]) / length, 0)


@misconception("10.2")
def negative_where_wrong(weights, bias, x, y):
    """Where the label does not win anyway, nothing is needed: 0, not a negative number."""
    weights, logits, rows = np.asarray(weights, float), x @ weights + bias, np.arange(len(x))
    norms = np.abs(weights[:, :, None] - weights[:, None, :]).sum(axis=0)
    quotient = (logits[rows, y][:, None] - logits) / np.where(norms[y] > 0, norms[y], 1)
    quotient[rows, y] = np.inf
    return quotient.min(axis=1)


@misconception("10.2")
def bias_forgotten(weights, bias, x, y):
    """The bias is missing: the logits are x @ weights + bias."""
    return correct_smallest_epsilon(weights, 0 * bias, x, y)


@misconception("10.2")
def from_the_predicted_class(weights, bias, x, y):
    """You measured from the class that wins, not from the label. Where the label does not win, nothing is needed."""
    return correct_smallest_epsilon(weights, bias, x, (x @ weights + bias).argmax(axis=1))


@misconception("10.2")
def the_largest_of_all(weights, bias, x, y):
    """You took the rival that needs most. One rival is enough, so the one that needs least."""
    logits, rows, found = x @ weights + bias, np.arange(len(x)), np.zeros(len(x))
    for j in range(weights.shape[1]):
        length = np.abs(weights[:, y] - weights[:, [j]]).sum(axis=0)
        found = np.maximum(
            found, np.where(y == j, 0, (logits[rows, y] - logits[:, j]) / np.maximum(length, 1e-30))
        )
    return np.where(correct_smallest_epsilon(weights, bias, x, y) > 0, found, 0.0)


@misconception("10.2")
def mean_of_the_differences(weights, bias, x, y):
    """You divided by the mean absolute difference. It is their sum: every pixel gives its part."""
    return _by_norm(weights, bias, x, y, lambda own, other: np.abs(own - other).mean())


# --- 10.3 Many small steps -------------------------------------------------------------------------------------


def _box(x, epsilon):
    return np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1)


@misconception("10.3")
def start_ignored(model, x, y, epsilon, step_size, steps, start):
    """You begin at x. The walk begins at `start`, cut to the box."""
    return correct_pgd(model, x, y, epsilon, step_size, steps, x)


@misconception("10.3")
def projected_at_the_end_only(model, x, y, epsilon, step_size, steps, start):
    """You go back into the box only once, at the end. After every step, or the walk is somewhere else meanwhile."""
    low, high = _box(x, epsilon)
    place = np.clip(start, low, high)
    for _ in range(steps):
        place = correct_fgsm(model, place, y, step_size)
    return np.clip(place, low, high).astype(np.float32)


@misconception("10.3")
def box_forgotten(model, x, y, epsilon, step_size, steps, start):
    """Your pixels stay in [0, 1] but not within ε of x. After every step cut to [x − ε, x + ε], too."""
    place = np.clip(start, *_box(x, epsilon)).astype(np.float32)
    for _ in range(steps):
        place = correct_fgsm(model, place, y, step_size)
    return place


@misconception("10.3")
def box_moves_along(model, x, y, epsilon, step_size, steps, start):
    """Your box moves along: you cut to ε around the place before the step. It stands around x all the time."""
    place = np.clip(start, *_box(x, epsilon)).astype(np.float32)
    for _ in range(steps):
        place = np.clip(correct_fgsm(model, place, y, step_size), *_box(place, epsilon)).astype(np.float32)
    return place


@misconception("10.3")
def box_around_the_start(model, x, y, epsilon, step_size, steps, start):
    """Your box stands around the start. It stands around x; the start may even lie outside of it."""
    begin = np.clip(start, 0, 1).astype(np.float32)
    return correct_pgd(model, begin, y, epsilon, step_size, steps, begin)


@misconception("10.3")
def gradient_always_at_x(model, x, y, epsilon, step_size, steps, start):
    """Your gradient is taken at x in every step. Take it at the present place, or many steps are one long one."""
    low, high = _box(x, epsilon)
    direction, place = np.sign(_slope(model, x, y)), np.clip(start, low, high)
    for _ in range(steps):
        place = np.clip(place + step_size * direction, low, high)
    return place.astype(np.float32)


@misconception("10.3")
def steps_without_sign(model, x, y, epsilon, step_size, steps, start):
    """Your steps follow the gradient itself. Each pixel takes the whole step: the gradient's sign."""
    low, high = _box(x, epsilon)
    place = np.clip(start, low, high).astype(np.float32)
    for _ in range(steps):
        place = np.clip(place + step_size * _slope(model, place, y), low, high).astype(np.float32)
    return place


@misconception("10.3")
def last_step_not_projected(model, x, y, epsilon, step_size, steps, start):
    """Your last step is not followed by going back into the box: first the step, then the clipping."""
    place = start
    for _ in range(steps):
        place = correct_fgsm(model, np.clip(place, *_box(x, epsilon)).astype(np.float32), y, step_size)
    return np.asarray(place, np.float32)


@misconception("10.3")
def epsilon_for_the_step(model, x, y, epsilon, step_size, steps, start):
    """You took ε for the step. `step_size` is the step, ε the half side of the box."""
    return correct_pgd(model, x, y, epsilon, epsilon, steps, start)


@misconception("10.3")
def downhill(model, x, y, epsilon, step_size, steps, start):
    """You walk down the loss. An attack walks up."""
    low, high = _box(x, epsilon)
    place = np.clip(start, low, high).astype(np.float32)
    for _ in range(steps):
        place = np.clip(place - step_size * np.sign(_slope(model, place, y)), low, high).astype(np.float32)
    return place


@misconception("10.3")
def one_step_too_many(model, x, y, epsilon, step_size, steps, start):
    """You take one step more than asked for. With 0 steps the start comes back, cut to the box."""
    return correct_pgd(model, x, y, epsilon, step_size, steps + 1, start)


@misconception("10.3")
def steps_of_epsilon_shared(model, x, y, epsilon, step_size, steps, start):
    """Your steps are ε divided by their number. Take `step_size`, whatever the number of steps."""
    return correct_pgd(model, x, y, epsilon, epsilon / max(steps, 1), steps, start)


# --- 10.4 Is this defence real? --------------------------------------------------------------------------------


def _fooled(model, x, y):
    return np.mean(_answers(model, x) == y) < 0.5


def _by_margin(model, x, y, epsilon, box=True):
    """Twenty steps down the margin."""
    import tensorflow as tf

    low, high = _box(x, epsilon) if box else (0.0, 1.0)
    own, place = np.eye(model.output_shape[1], dtype=bool)[np.asarray(y)], np.array(x, np.float32)
    for _ in range(20):
        images = tf.convert_to_tensor(place)
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = model(images, training=False)
            rival = tf.reduce_max(tf.where(own, -np.inf, logits), axis=1)
            margin = tf.reduce_max(tf.where(own, logits, -np.inf), axis=1) - rival
        sign = np.sign(tape.gradient(margin, images))
        place = np.clip(place - epsilon / 5 * sign, low, high).astype(np.float32)
    return place


@misconception("10.4")
def one_attack_believed(model, x, y, epsilon):
    """You believe FGSM: where it fails you say robust. It may only have had no gradient; try another attack."""
    return "vulnerable" if _fooled(model, correct_fgsm(model, x, y, epsilon), y) else "robust"


@misconception("10.4")
def clean_accuracy(model, x, y, epsilon):
    """You judge by the clean digits, which every one of these models reads. Attack them."""
    return "vulnerable" if _fooled(model, x, y) else "robust"


@misconception("10.4")
def same_loss_again(model, x, y, epsilon):
    """Your second attack follows the same loss, with more steps. Where that has no gradient it stands still, too. Ask
    the logits instead.
    """
    if _fooled(model, correct_fgsm(model, x, y, epsilon), y):
        return "vulnerable"
    return "masked" if _fooled(model, correct_pgd(model, x, y, epsilon, epsilon / 5, 20, x), y) else "robust"


@misconception("10.4")
def noise_as_second_attack(model, x, y, epsilon):
    """Your second attack is noise, which hardly ever finds the one direction that matters. Use a gradient that exists:
    of the logits.
    """
    if _fooled(model, correct_fgsm(model, x, y, epsilon), y):
        return "vulnerable"
    rng = np.random.default_rng(0)
    noise = [np.clip(x + epsilon * rng.choice([-1, 1], x.shape), 0, 1).astype(np.float32) for _ in range(10)]
    return "masked" if any(_fooled(model, image, y) for image in noise) else "robust"


@misconception("10.4")
def every_hidden_gradient_masked(model, x, y, epsilon):
    """You call every vanishing gradient masked. Within a small ε nothing may fool the model, hidden gradient or not:
    then it is robust.
    """
    if _fooled(model, correct_fgsm(model, x, y, epsilon), y):
        return "vulnerable"
    gone = np.mean(np.abs(_slope(model, x, y)).max(axis=1) == 0)
    return "masked" if gone > 0.5 else "robust"


@misconception("10.4")
def second_attack_leaves_epsilon(model, x, y, epsilon):
    """Your second attack goes further than ε, and so it fools everything. Cut to the box after every step."""
    if _fooled(model, correct_fgsm(model, x, y, epsilon), y):
        return "vulnerable"
    return "masked" if _fooled(model, _by_margin(model, x, y, max(epsilon, 0.05), box=False), y) else "robust"


@misconception("10.4")
def second_attack_first(model, x, y, epsilon):
    """You ask the second attack first, and call masked what FGSM fools, too. Masked is what FGSM does *not* fool."""
    if _fooled(model, _by_margin(model, x, y, epsilon), y):
        return "masked"
    return "vulnerable" if _fooled(model, correct_fgsm(model, x, y, epsilon), y) else "robust"


@misconception("10.4")
def verdicts_exchanged(model, x, y, epsilon):
    """You call masked what holds out, and robust what falls to the second attack; it is the other way round."""
    found = correct_diagnose_defence(model, x, y, epsilon)
    return {"masked": "robust", "robust": "masked"}.get(found, found)


# --- 10.5 Training against the attack ----------------------------------------------------------------------------


def _learn(model, batches):
    """One step for each batch (attacked images, labels); the mean loss over rows."""
    total, rows = 0.0, 0
    for images, labels in batches:
        model.reset_metrics()
        loss = float(model.train_on_batch(images, labels, return_dict=True)["loss"])
        total, rows = total + len(labels) * loss, rows + len(labels)
    return total / rows


def _cut(order, size):
    return [order[first : first + size] for first in range(0, len(order), size)]


def _hardening(model, x, y, epsilon, epochs, batch_size, seed, attack=correct_fgsm, order=None):
    """The reference with another attack, or another order."""
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        rows = _cut(rng.permutation(len(x)) if order is None else order(rng, len(x)), batch_size)
        history.append(_learn(model, ((attack(model, x[part], y[part], epsilon), y[part]) for part in rows)))
    return history


@misconception("10.5")
def attacked_once_before(model, x, y, epsilon, epochs, batch_size, seed):
    """You attack all images once, before the training. Each batch is attacked with the weights of its own moment."""
    attacked = correct_fgsm(model, x, y, epsilon)
    return _hardening(model, attacked, y, 0.0, epochs, batch_size, seed)


@misconception("10.5")
def attacked_once_an_epoch(model, x, y, epsilon, epochs, batch_size, seed):
    """You attack all images at the beginning of an epoch. Each batch is attacked with the weights of its own moment."""
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        attacked = correct_fgsm(model, x, y, epsilon)
        history.append(
            _learn(model, ((attacked[r], y[r]) for r in _cut(rng.permutation(len(x)), batch_size)))
        )
    return history


@misconception("10.5")
def trained_on_clean_images(model, x, y, epsilon, epochs, batch_size, seed):
    """You train on the clean images. The step is made on the attacked ones."""
    return _hardening(model, x, y, 0.0, epochs, batch_size, seed)


@misconception("10.5")
def trained_on_both(model, x, y, epsilon, epochs, batch_size, seed):
    """You train on clean and attacked images. On the attacked ones alone: with both, a network learns to recognise the
    attack, and an honest one finds less in it.
    """
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        batches = []
        for rows in _cut(rng.permutation(len(x)), batch_size):
            attacked = correct_fgsm(model, x[rows], y[rows], epsilon)
            both = np.concatenate([x[rows], attacked]), np.concatenate([y[rows], y[rows]])
            batches.append(_learn(model, [both]) * len(rows))
        history.append(sum(batches) / len(x))
    return history


@misconception("10.5")
def not_shuffled(model, x, y, epsilon, epochs, batch_size, seed):
    """Your rows come in the order in which they were given. In every epoch another random order, which `seed`
    decides.
    """
    return _hardening(model, x, y, epsilon, epochs, batch_size, seed, order=lambda rng, n: np.arange(n))


@misconception("10.5")
def seed_ignored(model, x, y, epsilon, epochs, batch_size, seed):
    """Your order does not depend on `seed`: two trainings with one seed should be the same, with two seeds not."""
    return _hardening(model, x, y, epsilon, epochs, batch_size, None)


@misconception("10.5")
def another_optimizer(model, x, y, epsilon, epochs, batch_size, seed):
    """You compiled the model anew, with another optimizer. Train it with the one that it brings along."""
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss)
    return _hardening(model, x, y, epsilon, epochs, batch_size, seed)


@misconception("10.5")
def another_model(model, x, y, epsilon, epochs, batch_size, seed):
    """You trained a copy. The model that was given is the one that should be hardened."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    optimizer = type(model.optimizer).from_config(model.optimizer.get_config())
    copy.compile(optimizer=optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return _hardening(copy, x, y, epsilon, epochs, batch_size, seed)


@misconception("10.5")
def written_back(model, x, y, epsilon, epochs, batch_size, seed):
    """You write the attacked images back into x: in the next epoch they are attacked again. Start from x every time."""
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        total = 0.0
        for rows in _cut(rng.permutation(len(x)), batch_size):
            x[rows] = correct_fgsm(model, x[rows], y[rows], epsilon)
            total += len(rows) * _learn(model, [(x[rows], y[rows])])
        history.append(total / len(x))
    return history


@misconception("10.5")
def noise_for_an_attack(model, x, y, epsilon, epochs, batch_size, seed):
    """You train on noisy images. Noise is no attack: it hardly ever points where the loss rises."""
    rng = np.random.default_rng(seed)

    def noisy(model, images, labels, size):
        return np.clip(images + size * rng.choice([-1.0, 1.0], images.shape), 0, 1).astype(np.float32)

    return _hardening(model, x, y, epsilon, epochs, batch_size, seed, attack=noisy)


@misconception("10.5")
def loss_after_the_step(model, x, y, epsilon, epochs, batch_size, seed):
    """You return the losses after the steps. The loss of a batch is that before its step, while it is learned from."""
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        total = 0.0
        for rows in _cut(rng.permutation(len(x)), batch_size):
            attacked = correct_fgsm(model, x[rows], y[rows], epsilon)
            _learn(model, [(attacked, y[rows])])
            total += len(rows) * float(model.evaluate(attacked, y[rows], verbose=0, return_dict=True)["loss"])
        history.append(total / len(x))
    return history


@misconception("10.5")
def mean_over_batches(model, x, y, epsilon, epochs, batch_size, seed):
    """Your mean goes over batches. The last one is smaller and counts less: a mean over rows."""
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        losses = []
        for rows in _cut(rng.permutation(len(x)), batch_size):
            losses.append(_learn(model, [(correct_fgsm(model, x[rows], y[rows], epsilon), y[rows])]))
        history.append(float(np.mean(losses)))
    return history


@misconception("10.5")
def last_batch_dropped(model, x, y, epsilon, epochs, batch_size, seed):
    """You left out the last, smaller batch. All rows are used in every epoch."""

    def whole(rng, n):
        return rng.permutation(n)[: n - n % batch_size]

    return _hardening(model, x, y, epsilon, epochs, batch_size, seed, order=whole)


@misconception("10.5")
def running_mean_of_all_batches(model, x, y, epsilon, epochs, batch_size, seed):
    """Your losses are means since the beginning of the training: Keras averages until model.reset_metrics()."""
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        for rows in _cut(rng.permutation(len(x)), batch_size):
            attacked = correct_fgsm(model, x[rows], y[rows], epsilon)
            loss = float(model.train_on_batch(attacked, y[rows], return_dict=True)["loss"])
        history.append(loss)
    return history


# --- 10.6 Softer targets ---------------------------------------------------------------------------------------


@misconception("10.6")
def shared_among_the_others(targets, amount):
    """You spread the amount over the other classes only. The right class gets its part back: amount / k for every
    one.
    """
    k = targets.shape[1]
    return (1 - amount) * targets + amount * (1 - targets) / (k - 1)


@misconception("10.6")
def only_shrunk(targets, amount):
    """You shrank the targets and gave nothing back: their rows no longer sum to 1."""
    return (1 - amount) * targets


@misconception("10.6")
def only_added(targets, amount):
    """You added amount / k without taking anything away: your rows sum to more than 1."""
    return targets + amount / targets.shape[1]


@misconception("10.6")
def amount_for_every_class(targets, amount):
    """You gave the whole amount to every class. It is shared by all of them: amount / k each."""
    return (1 - amount) * targets + amount


@misconception("10.6")
def smoothed_in_place(targets, amount):
    """You changed the targets that were given. Make new ones."""
    targets *= 1 - amount
    targets += amount / targets.shape[1]
    return targets


@misconception("10.6", replaces="smoothing_floor")
def floor_of_zero(num_classes, amount):
    """You say that the loss can fall to 0. Against a smoothed target it cannot: its floor is the target's entropy."""
    return 0.0, correct_smoothing_floor(num_classes, amount)[1]


@misconception("10.6", replaces="smoothing_floor")
def right_class_only(num_classes, amount):
    """Your loss has the right class only. The others' targets are not 0 any more and cost, too."""
    own = 1 - amount + amount / num_classes
    return float(-own * np.log(own)), correct_smoothing_floor(num_classes, amount)[1]


@misconception("10.6", replaces="smoothing_floor")
def one_other_class_only(num_classes, amount):
    """You counted one of the other classes. There are k − 1 of them."""
    other = amount / num_classes
    own = 1 - amount + other
    if amount == 0:
        return 0.0, float("inf")
    return float(-own * np.log(own) - other * np.log(other)), float(np.log(own / other))


@misconception("10.6", replaces="smoothing_floor")
def ratio_for_the_gap(num_classes, amount):
    """Your gap is the ratio of the probabilities. Logits are logarithms: the gap is the logarithm of that ratio."""
    loss, gap = correct_smoothing_floor(num_classes, amount)
    return loss, float(np.exp(gap))


@misconception("10.6", replaces="smoothing_floor")
def floor_in_bits(num_classes, amount):
    """Your loss is in bits. Cross-entropy uses natural logarithms: nats."""
    loss, gap = correct_smoothing_floor(num_classes, amount)
    return loss / float(np.log(2)), gap


@misconception("10.6", replaces="smoothing_floor")
def floor_of_the_right_answer(num_classes, amount):
    """Your floor is that of a network which says 1 − amount + amount/k and forgets that the target is soft: −ln of
    it.
    """
    own = 1 - amount + amount / num_classes
    return float(-np.log(own)), correct_smoothing_floor(num_classes, amount)[1]


@misconception("10.6", replaces="mixup")
def targets_not_mixed(x, targets, partners, weights):
    """You mixed the images and left the targets. An image that is half a 3 and half a 5 is labelled so, too."""
    return correct_mixup(x, targets, partners, weights)[0], targets.copy()


@misconception("10.6", replaces="mixup")
def weight_on_the_partner(x, targets, partners, weights):
    """Your weight belongs to the partner. weights[i] is the share of row i itself."""
    return correct_mixup(x, targets, partners, 1 - weights)


@misconception("10.6", replaces="mixup")
def targets_the_other_way(x, targets, partners, weights):
    """You mixed the targets with the shares exchanged. Images and targets in the same proportion."""
    return correct_mixup(x, targets, partners, weights)[0], correct_mixup(x, targets, partners, 1 - weights)[
        1
    ]


@misconception("10.6", replaces="mixup")
def one_weight_for_all(x, targets, partners, weights):
    """You used the first weight for all rows. Every row has its own."""
    return correct_mixup(x, targets, partners, np.full(len(weights), weights[0]))


@misconception("10.6", replaces="mixup")
def weights_along_the_last_axis(x, targets, partners, weights):
    """Your weights run along the last axis: row i needs weights[i] in all its pixels. Give them axes of size 1."""
    mixed = weights * x + (1 - weights) * x[partners]
    return mixed, correct_mixup(x, targets, partners, weights)[1]


@misconception("10.6", replaces="mixup")
def hard_targets(x, targets, partners, weights):
    """You kept one target, that of the larger share. Mix them as the images."""
    mixed, soft = correct_mixup(x, targets, partners, weights)
    larger = np.where(weights[:, None] >= 0.5, targets, targets[partners])
    return mixed, larger.astype(soft.dtype)


@misconception("10.6", replaces="mixup")
def mixed_row_after_row(x, targets, partners, weights):
    """You write into the array that you read from: a partner further up is mixed already. Mix the original rows."""
    mixed, soft = x.copy(), targets.copy()
    for row, (partner, weight) in enumerate(zip(partners, weights, strict=True)):
        mixed[row] = weight * mixed[row] + (1 - weight) * mixed[partner]
        soft[row] = weight * soft[row] + (1 - weight) * soft[partner]
    return mixed, soft


@misconception("10.6", replaces="mixup")
def mixed_in_place(x, targets, partners, weights):
    """You changed the arrays that were given. Make new ones."""
    mixed, soft = correct_mixup(x, targets, partners, weights)
    x[:], targets[:] = mixed, soft
    return x, targets


# --- 10.7 The lottery ticket -------------------------------------------------------------------------------------


@misconception("10.7")
def not_rewound(initial, trained, fraction):
    """Your weights are the trained ones. A ticket goes back to the beginning: the initial values where kept."""
    masks = correct_winning_ticket(initial, trained, fraction)[1]
    return [np.where(mask, array, 0) for mask, array in zip(masks, trained, strict=True)], masks


@misconception("10.7")
def pruned_by_the_beginning(initial, trained, fraction):
    """You pruned by the size of the initial weights. Which ones matter shows after training."""
    return correct_winning_ticket(initial, initial, fraction)


def _ticket(initial, masks):
    return [np.where(mask, array, 0) for mask, array in zip(masks, initial, strict=True)], masks


@misconception("10.7")
def each_layer_by_the_same_share(initial, trained, fraction):
    """You pruned the same share of every layer. All kernels together have one threshold: small layers keep more."""
    masks = []
    for array in trained:
        sizes = np.sort(np.abs(array), axis=None)
        cut = round(fraction * array.size)
        least = sizes[cut] if cut < array.size else np.inf
        masks.append(np.abs(array) >= least if array.ndim > 1 else np.ones(array.shape, bool))
    return _ticket(initial, masks)


def _threshold(arrays, fraction):
    sizes = np.sort(np.concatenate([np.ravel(array) for array in arrays]))
    cut = round(fraction * len(sizes))
    return sizes[cut] if cut < len(sizes) else np.inf


@misconception("10.7")
def biases_pruned(initial, trained, fraction):
    """You pruned biases, too. Arrays with one axis are never pruned, nor do they count."""
    least = _threshold([np.abs(array) for array in trained], fraction)
    return _ticket(initial, [np.abs(array) >= least for array in trained])


@misconception("10.7")
def biases_counted(initial, trained, fraction):
    """Your N counts the biases. The share is one of the kernels' entries."""
    kernels = [np.abs(array) for array in trained if array.ndim > 1]
    sizes = np.sort(np.concatenate([array.ravel() for array in kernels]))
    cut = round(fraction * sum(array.size for array in trained))
    least = sizes[cut] if cut < len(sizes) else np.inf
    return _ticket(initial, [np.abs(a) >= least if a.ndim > 1 else np.ones(a.shape, bool) for a in trained])


@misconception("10.7")
def largest_pruned(initial, trained, fraction):
    """You pruned the largest weights. The smallest go."""
    most = _threshold([np.abs(a) for a in trained if a.ndim > 1], 1 - fraction)
    return _ticket(initial, [np.abs(a) < most if a.ndim > 1 else np.ones(a.shape, bool) for a in trained])


@misconception("10.7")
def fraction_kept(initial, trained, fraction):
    """You kept the fraction that should go. `fraction` is the share that is pruned."""
    return correct_winning_ticket(initial, trained, 1 - fraction)


@misconception("10.7")
def start_drawn_anew(initial, trained, fraction):
    """You drew new random values for what is kept. The ticket is the mask *with its own start*."""
    rng, masks = np.random.default_rng(0), correct_winning_ticket(initial, trained, fraction)[1]
    fresh = [
        rng.normal(0, 0.05, array.shape) if array.ndim > 1 else np.zeros(array.shape) for array in initial
    ]
    return _ticket(fresh, masks)


@misconception("10.7")
def signed_values(initial, trained, fraction):
    """You sorted by value, so the most negative weights went. Small means near to 0: absolute values."""
    least = _threshold([array for array in trained if array.ndim > 1], fraction)
    return _ticket(
        initial, [array >= least if array.ndim > 1 else np.ones(array.shape, bool) for array in trained]
    )


@misconception("10.7")
def masks_turned_round(initial, trained, fraction):
    """Your masks are True where weights were pruned. True = kept."""
    weights, masks = correct_winning_ticket(initial, trained, fraction)
    return weights, [~mask for mask in masks]


@misconception("10.7")
def masks_of_numbers(initial, trained, fraction):
    """Your masks are numbers. They should be bool arrays, True where kept."""
    weights, masks = correct_winning_ticket(initial, trained, fraction)
    return weights, [mask.astype(np.float32) for mask in masks]


def _thin_training(model, masks, x, y, epochs, batch_size, before=True, step=True, epoch=True, order=None):
    """The reference, with the masks used at these times only."""
    thin = [
        (v, mask.astype("float32")) for v, mask in zip(model.weights, masks, strict=True) if not mask.all()
    ]

    def prune():
        for variable, mask in thin:
            variable.assign(variable * mask)

    if before:
        prune()
    rng = np.random.default_rng()
    for _ in range(epochs):
        for rows in _cut(rng.permutation(len(x)) if order is None else order(len(x)), batch_size):
            model.train_on_batch(x[rows], y[rows])
            if step:
                prune()
        if epoch:
            prune()
    return prune


@misconception("10.7", replaces="train_masked")
def pruned_before_only(model, masks, x, y, epochs, batch_size):
    """You pruned before the training only. The optimizer brings the weights back: mask after every step."""
    _thin_training(model, masks, x, y, epochs, batch_size, step=False, epoch=False)


@misconception("10.7", replaces="train_masked")
def pruned_after_only(model, masks, x, y, epochs, batch_size):
    """You pruned after the training only. Meanwhile the removed weights have helped, and the others rely on them."""
    _thin_training(model, masks, x, y, epochs, batch_size, before=False, step=False, epoch=False)()


@misconception("10.7", replaces="train_masked")
def pruned_after_each_epoch(model, masks, x, y, epochs, batch_size):
    """You pruned after each epoch. Within one the removed weights grow and help: mask after every step."""
    _thin_training(model, masks, x, y, epochs, batch_size, step=False)


@misconception("10.7", replaces="train_masked")
def gradients_masked_only(model, masks, x, y, epochs, batch_size):
    """You masked the gradients, and the pruned weights keep what they were. They are 0 from before the first step
    on.
    """
    import tensorflow as tf

    loss_of, rng = model.loss, np.random.default_rng()
    kept = [mask.astype("float32") for mask in masks]
    for _ in range(epochs):
        for rows in _cut(rng.permutation(len(x)), batch_size):
            with tf.GradientTape() as tape:
                loss = loss_of(y[rows], model(x[rows], training=True))
            slopes = tape.gradient(loss, model.trainable_variables)
            slopes = [slope * mask for slope, mask in zip(slopes, kept, strict=True)]
            model.optimizer.apply_gradients(zip(slopes, model.trainable_variables, strict=True))


@misconception("10.7", replaces="train_masked")
def new_weights_drawn(model, masks, x, y, epochs, batch_size):
    """You drew new weights before the training. It begins with those that the model has: they are half of the
    ticket.
    """
    rng = np.random.default_rng(0)
    model.set_weights(
        [rng.normal(0, 0.05, a.shape) if a.ndim > 1 else np.zeros(a.shape) for a in model.get_weights()]
    )
    _thin_training(model, masks, x, y, epochs, batch_size)


@misconception("10.7", replaces="train_masked")
def copy_trained(model, masks, x, y, epochs, batch_size):
    """You trained a copy. The model that was given is the one that should learn."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    copy.compile(optimizer=type(model.optimizer).from_config(model.optimizer.get_config()), loss=model.loss)
    _thin_training(copy, masks, x, y, epochs, batch_size)


@misconception("10.7", replaces="train_masked")
def biases_frozen(model, masks, x, y, epochs, batch_size):
    """Your biases stand still. Only pruned weights are held at 0; everything else learns."""
    biases = [(v, np.array(v)) for v in model.weights if len(v.shape) == 1]
    thin = [
        (v, mask.astype("float32")) for v, mask in zip(model.weights, masks, strict=True) if not mask.all()
    ]
    rng = np.random.default_rng()
    for variable, mask in thin:
        variable.assign(variable * mask)
    for _ in range(epochs):
        for rows in _cut(rng.permutation(len(x)), batch_size):
            model.train_on_batch(x[rows], y[rows])
            for variable, mask in thin:
                variable.assign(variable * mask)
            for variable, old in biases:
                variable.assign(old)


@misconception("10.7", replaces="train_masked")
def tail_dropped(model, masks, x, y, epochs, batch_size):
    """You left out the last, smaller batch. All rows are used in every epoch."""
    rng = np.random.default_rng()

    def whole(n):
        return rng.permutation(n)[: n - n % batch_size]

    _thin_training(model, masks, x, y, epochs, batch_size, order=whole)
