"""Correct answers to lab 06 that are written differently. Each must always get full marks."""

import math
from collections import Counter

import keras
import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats
from lab import fold_batch_norm, mcnemar

from labkit.check import variant

# --- 6.1 Confusion, precision, recall --------------------------------------------------------------------------


@variant("6.1")
def with_bincount(labels, predictions, num_classes):
    places = labels.astype(int) * num_classes + predictions.astype(int)
    return np.bincount(places, minlength=num_classes**2).reshape(num_classes, num_classes)


@variant("6.1")
def with_a_loop(labels, predictions, num_classes):
    matrix = [[0] * num_classes for _ in range(num_classes)]
    for truth, guess in zip(labels.tolist(), predictions.tolist(), strict=True):
        matrix[truth][guess] += 1
    return matrix


@variant("6.1")
def with_one_hot_products(labels, predictions, num_classes):
    eye = np.eye(num_classes, dtype=np.int32)
    return eye[labels].T @ eye[predictions]


@variant("6.1")
def with_scikit_learn(labels, predictions, num_classes):
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(labels, predictions, labels=range(num_classes))


@variant("6.1", replaces="precision_recall_f1")
def class_by_class(matrix):
    rows = []
    for c in range(len(matrix)):
        hits, called, present = matrix[c][c], sum(matrix[:, c]), sum(matrix[c])
        precision = hits / called if called else 0
        recall = hits / present if present else 0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0
        rows.append((precision, recall, f1))
    return np.array(rows)


@variant("6.1", replaces="precision_recall_f1")
def with_divide_where(matrix):
    hits = matrix.diagonal().astype(float)
    table = np.zeros((len(matrix), 3))
    np.divide(hits, matrix.sum(0), out=table[:, 0], where=matrix.sum(0) > 0)
    np.divide(hits, matrix.sum(1), out=table[:, 1], where=matrix.sum(1) > 0)
    total = table[:, 0] + table[:, 1]
    np.divide(2 * table[:, 0] * table[:, 1], total, out=table[:, 2], where=total > 0)
    return table


@variant("6.1", replaces="precision_recall_f1")
def with_nan_to_num(matrix):
    with np.errstate(all="ignore"):
        precision, recall = matrix.diagonal() / matrix.sum(axis=0), matrix.diagonal() / matrix.sum(axis=1)
        precision, recall = np.nan_to_num(precision), np.nan_to_num(recall)
        return np.nan_to_num(np.array([precision, recall, scipy.stats.hmean([precision, recall])])).T


# --- 6.2 Top-k error -------------------------------------------------------------------------------------------


@variant("6.2")
def row_by_row(scores, labels, k):
    errors = 0
    for row, label in zip(scores, labels, strict=True):
        rivals = sum(1 for c, value in enumerate(row) if c != label and value >= row[label])
        errors += bool(any(map(math.isnan, row)) or rivals >= k)
    return errors / len(labels)


@variant("6.2")
def with_a_worsened_label(scores, labels, k):
    moved = scores.astype(float)
    rows = np.arange(len(labels))
    moved[rows, labels] = np.nextafter(moved[rows, labels], -np.inf)  # loses every tie
    order = np.argsort(-moved, axis=1)[:, :k]
    found = (order == labels[:, None]).any(axis=1)
    return 1 - np.mean(found & ~np.isnan(scores).any(axis=1))


@variant("6.2")
def by_not_being_beaten(scores, labels, k):
    own = np.take_along_axis(scores, labels[:, None].astype(int), axis=1)
    beaten = (scores < own).sum(axis=1)  # NaN is beaten by nobody
    wrong = scores.shape[1] - 1 - beaten >= k
    return np.where(np.isnan(scores.sum(axis=1)), True, wrong).mean()


@variant("6.2")
def with_max_ranks(scores, labels, k):
    bad = np.isnan(scores).any(axis=1)
    ranks = scipy.stats.rankdata(-np.nan_to_num(scores), method="max", axis=1)
    return float(np.mean(bad | (ranks[np.arange(len(labels)), labels] > k)))


# --- 6.3 Intervals ---------------------------------------------------------------------------------------------


@variant("6.3")
def rows_drawn_one_resample_at_a_time(correct, level=0.95, resamples=2000, seed=0):
    generator = np.random.RandomState(seed)
    shares = [correct[generator.randint(0, len(correct), len(correct))].mean() for _ in range(resamples)]
    return np.percentile(shares, 50 * (1 - level)), np.percentile(shares, 50 * (1 + level))


@variant("6.3")
def rows_drawn_at_once(correct, level=0.95, resamples=2000, seed=0):
    generator = np.random.default_rng(seed)
    rows = generator.choice(correct, size=(resamples, correct.size), replace=True)
    return np.quantile(rows.mean(axis=1), [(1 - level) / 2, (1 + level) / 2])


@variant("6.3")
def sorted_by_hand(correct, level=0.95, resamples=2000, seed=0):
    np.random.seed(seed)
    shares = sorted(np.random.binomial(len(correct), correct.mean(), resamples) / len(correct))
    return shares[int(resamples * (1 - level) / 2)], shares[
        min(int(resamples * (1 + level) / 2), resamples - 1)
    ]


@variant("6.3", replaces="wilson_interval")
def with_scipy(right, n, level=0.95):
    interval = scipy.stats.binomtest(right, n).proportion_ci(level, method="wilson")
    return interval.low, interval.high


@variant("6.3", replaces="wilson_interval")
def roots_of_the_quadratic(right, n, level=0.95):
    z, p = scipy.stats.norm.ppf(0.5 + level / 2), right / n
    low, high = np.sort(np.roots([1 + z**2 / n, -2 * p - z**2 / n, p**2]).real)
    return np.clip([low, high], 0, 1)


@variant("6.3", replaces="wilson_interval")
def in_counts(right, n, level=0.95):
    z = scipy.stats.norm.isf((1 - level) / 2)
    middle = right + z * z / 2
    half = z * np.sqrt(right * (n - right) / n + z * z / 4)
    return max(0, (middle - half) / (n + z * z)), min(1, (middle + half) / (n + z * z))


# --- 6.4 Is the difference real? -------------------------------------------------------------------------------


@variant("6.4")
def with_binomtest(correct_a, correct_b):
    b, c = int((correct_a > correct_b).sum()), int((correct_b > correct_a).sum())
    return 1.0 if b + c == 0 else scipy.stats.binomtest(b, b + c).pvalue


@variant("6.4")
def with_the_binomial_cdf(correct_a, correct_b):
    b, c = np.sum(correct_a & ~correct_b), np.sum(~correct_a & correct_b)
    return np.minimum(1, 2 * scipy.stats.binom.cdf(min(b, c), b + c, 0.5))


@variant("6.4")
def with_logarithms(correct_a, correct_b):
    counts = Counter(zip(correct_a.tolist(), correct_b.tolist(), strict=True))
    b, c = counts[True, False], counts[False, True]
    k = np.arange(min(b, c) + 1)
    logs = (
        scipy.special.gammaln(b + c + 1) - scipy.special.gammaln(k + 1) - scipy.special.gammaln(b + c - k + 1)
    )
    return min(1.0, 2 * float(np.exp(logs - (b + c) * math.log(2)).sum()))


@variant("6.4", replaces="better")
def by_the_difference(correct_a, correct_b, level=0.05):
    difference = int(correct_a.sum()) - int(correct_b.sum())
    if difference == 0 or not mcnemar(correct_a, correct_b) < level:
        return "undecided"
    return {1: "a", -1: "b"}[int(np.sign(difference))]


@variant("6.4", replaces="better")
def with_its_own_test(correct_a, correct_b, level=0.05):
    differ = correct_a != correct_b
    if not differ.any():
        return "undecided"
    test = scipy.stats.binomtest(int(correct_a[differ].sum()), int(differ.sum()))
    return np.str_("undecided" if test.pvalue >= level else "a" if test.statistic > 0.5 else "b")


# --- 6.5 Confidence --------------------------------------------------------------------------------------------


@variant("6.5")
def bin_by_bin(probabilities, labels, bins=10):
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    answer = {
        "ece": 0.0,
        "confidence": np.zeros(bins),
        "accuracy": np.zeros(bins),
        "count": np.zeros(bins, int),
    }
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        if inside.any():
            answer["count"][i] = inside.sum()
            answer["confidence"][i] = confidence[inside].mean()
            answer["accuracy"][i] = right[inside].mean()
            answer["ece"] += inside.mean() * abs(answer["accuracy"][i] - answer["confidence"][i])
    return answer


@variant("6.5")
def with_digitize(probabilities, labels, bins=10):
    confidence = np.amax(probabilities, axis=1)
    correct = np.equal(np.argmax(probabilities, axis=1), labels)
    place = np.digitize(confidence, np.arange(bins + 1) / bins, right=True) - 1
    place = np.minimum(place, bins - 1)
    count = np.array([np.count_nonzero(place == i) for i in range(bins)])
    sums = [np.array([values[place == i].sum() for i in range(bins)]) for values in (confidence, correct)]
    means = [np.divide(total, count, out=np.zeros(bins), where=count > 0) for total in sums]
    gap = np.average(np.abs(means[0] - means[1]), weights=count)
    return dict(ece=gap, confidence=means[0], accuracy=means[1], count=count)


@variant("6.5")
def with_searchsorted_and_lists(probabilities, labels, bins=10):
    rows = [[] for _ in range(bins)]
    borders = [(i + 1) / bins for i in range(bins)]
    for row, label in zip(probabilities, labels, strict=True):
        rows[min(int(np.searchsorted(borders, row.max())), bins - 1)].append(
            (row.max(), row.argmax() == label)
        )
    mean = [np.mean(group, axis=0) if group else (0.0, 0.0) for group in rows]
    count = [len(group) for group in rows]
    ece = sum(n * abs(a - b) for n, (a, b) in zip(count, mean, strict=True)) / len(labels)
    return {
        "count": count,
        "ece": ece,
        "confidence": [a for a, _ in mean],
        "accuracy": [float(b) for _, b in mean],
    }


@variant("6.5", replaces="temperature")
def by_trying_many(logits, labels):
    candidates, losses = np.geomspace(0.05, 20, 1000), []
    for t in candidates:
        logs = scipy.special.log_softmax(logits / t, axis=1)
        losses.append(-logs[np.arange(len(labels)), labels].mean())
    return candidates[np.argmin(losses)]


@variant("6.5", replaces="temperature")
def with_scipy_minimize(logits, labels):
    def loss(log_t):
        scaled = logits / np.exp(log_t)
        return np.mean(scipy.special.logsumexp(scaled, axis=1) - scaled[np.arange(len(labels)), labels])

    found = scipy.optimize.minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


@variant("6.5", replaces="temperature")
def with_newton_steps(logits, labels):
    logits = np.asarray(logits, float) - np.max(logits, axis=1, keepdims=True)
    own, log_beta = logits[np.arange(len(labels)), labels].mean(), 0.0
    for _ in range(200):
        beta = math.exp(log_beta)
        p = scipy.special.softmax(beta * logits, axis=1)
        first = (p * logits).sum(axis=1)
        slope = beta * (first.mean() - own)
        bend = beta**2 * ((p * logits**2).sum(axis=1) - first**2).mean()
        log_beta -= float(np.clip(slope / (bend + abs(slope) + 1e-12), -0.5, 0.5))
        log_beta = min(max(log_beta, -math.log(20)), math.log(20))
    return math.exp(-log_beta)


# --- 6.6 Votes -------------------------------------------------------------------------------------------------


@variant("6.6")
def image_by_image(probabilities, how):
    answers = []
    for rows in zip(*probabilities, strict=True):
        mean = sum(rows) / len(rows)
        votes = Counter(int(row.argmax()) for row in rows)
        most = max(votes.values())
        able = range(len(mean)) if how == "mean" else [c for c in votes if votes[c] == most]
        answers.append(max(able, key=lambda c: mean[c]))
    return answers


@variant("6.6")
def with_votes_and_a_fraction(probabilities, how):
    stacked = np.stack(probabilities)
    mean = stacked.mean(axis=0)
    if how == "majority":
        mean = mean * 0.5 + (stacked.argmax(axis=2)[..., None] == np.arange(stacked.shape[2])).sum(axis=0)
    return np.argmax(mean, axis=1).astype(np.uint8)


@variant("6.6")
def with_lexsort(probabilities, how):
    total = np.add.reduce(probabilities)
    if how == "mean":
        return total.argmax(-1)
    firsts = np.zeros_like(total)
    for member in probabilities:
        firsts[np.arange(len(member)), member.argmax(-1)] += 1
    return np.lexsort((total, firsts), axis=1)[:, -1]


@variant("6.6", replaces="majority_accuracy")
def with_the_survival_function(accuracy, voters):
    return scipy.stats.binom.sf(voters // 2, voters, accuracy)


@variant("6.6", replaces="majority_accuracy")
def voter_by_voter(accuracy, voters):
    chances = np.zeros(voters + 1)  # of so many right ones so far
    chances[0] = 1
    for _ in range(voters):
        chances = (1 - accuracy) * chances + accuracy * np.concatenate([[0], chances[:-1]])
    return chances[np.arange(voters + 1) > voters / 2].sum()


@variant("6.6", replaces="majority_accuracy")
def one_minus_the_others(accuracy, voters):
    lost = [
        math.comb(voters, r) * accuracy**r * (1 - accuracy) ** (voters - r) for r in range(voters // 2 + 1)
    ]
    return 1 - math.fsum(lost)


# --- 6.7 Leaks, and the test set -------------------------------------------------------------------------------


@variant("6.7")
def with_unique_rows(x_train, y_train, x_test, y_test):
    train, test = np.unique(x_train, axis=0), np.unique(x_test, axis=0)
    if len(np.unique(np.vstack([train, test]), axis=0)) < len(train) + len(test):
        return "duplicates"
    everything, labels = np.vstack([x_train, x_test]), np.hstack([y_train, y_test])
    for column in everything.T:
        pairs = set(zip(labels.tolist(), column.tolist(), strict=True))
        classes, values = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
        if len(pairs) == len(classes) == len(values):
            return "label_pixel"
    for rows in (x_test.astype(float), everything.astype(float)):
        deviation = rows.std(axis=0)
        moving = np.ptp(rows, axis=0) > 0
        if np.allclose(rows.mean(0)[moving], 0, atol=1e-3) and np.allclose(
            deviation[moving] ** 2, 1, atol=1e-3
        ):
            return "test_statistics"
    return "none"


@variant("6.7")
def with_all_pairs(x_train, y_train, x_test, y_test):
    if any((x_train == row).all(axis=1).any() for row in x_test):
        return "duplicates"
    x, y = np.r_[x_train, x_test], np.r_[y_train, y_test]
    low, high = (np.array([f(x[y == c], axis=0) for c in np.unique(y)]) for f in (np.min, np.max))
    for column in range(x.shape[1]):
        if (low[:, column] == high[:, column]).all() and len(set(low[:, column])) == len(low):
            return "label_pixel"

    def standard(rows):
        columns = [c.astype(np.float64) for c in rows.T if c.min() != c.max()]
        return all(abs(c.mean()) < 1e-3 and abs(c.var() - 1) < 1e-3 for c in columns)

    return "test_statistics" if standard(x_test) or standard(x) else "none"


@variant("6.7")
def with_bytes(x_train, y_train, x_test, y_test):
    x, y = np.concatenate([x_train, x_test]) + 0.0, np.concatenate([y_train, y_test])
    rows = [np.ascontiguousarray(row).tobytes() for row in x]
    if set(rows[: len(x_train)]) & set(rows[len(x_train) :]):
        return "duplicates"
    classes = np.unique(y)
    means = np.array([x[y == c].mean(axis=0) for c in classes])
    same = np.all([np.abs(x[y == c] - x[y == c][0]).max(axis=0) == 0 for c in classes], axis=0)
    for column in np.flatnonzero(same):
        if np.diff(np.sort(means[:, column])).min() > 1e-9:
            return "label_pixel"
    for part in (x[len(x_train) :], x):
        moving = part.max(axis=0) > part.min(axis=0)
        centre, spread = part[:, moving].mean(axis=0, dtype=float), part[:, moving].var(axis=0, dtype=float)
        if max(np.abs(centre).max(), np.abs(spread - 1).max()) < 1e-3:
            return "test_statistics"
    return "none"


@variant("6.7", replaces="select")
def with_max_and_key(validation_correct, test_correct):
    best = max(range(len(validation_correct)), key=lambda model: validation_correct[model].sum())
    return best, test_correct[best].sum() / test_correct.shape[1]


@variant("6.7", replaces="select")
def with_a_list(validation_correct, test_correct):
    counts = [sum(row) for row in validation_correct.tolist()]
    best = counts.index(max(counts))
    return [best, np.mean(test_correct, axis=1)[best]]


# --- 6.8 Folding batch normalisation ---------------------------------------------------------------------------


@variant("6.8")
def through_a_diagonal_matrix(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    scale = np.diag(gamma * (variance + epsilon) ** -0.5)
    return kernel @ scale, (bias - mean) @ scale + beta


@variant("6.8")
def with_einsum(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    factor = np.divide(gamma, np.sqrt(np.add(variance, epsilon)))
    return [np.einsum("...o,o->...o", kernel, factor), beta + factor * bias - factor * mean]


@variant("6.8")
def unit_by_unit(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    kernel, bias = kernel.copy(), bias.copy()
    for unit in range(len(bias)):
        factor = gamma[unit] / math.sqrt(variance[unit] + epsilon)
        kernel[..., unit] *= factor
        bias[unit] = factor * (bias[unit] - mean[unit]) + beta[unit]
    return kernel, bias


@variant("6.8", replaces="fold_model")
def by_a_clone(model):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    kept, done = [], []
    for layer in copy.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and kept:
            sums = isinstance(kept[-1], (keras.layers.Dense, keras.layers.Conv2D))
            if sums and kept[-1].get_config()["activation"] == "linear":
                done[-1].append(layer)
                continue
        kept.append(layer)
        done.append([])
    fresh = []
    for layer, norms in zip(kept, done, strict=True):
        settings = layer.get_config()
        if norms:
            settings["use_bias"] = True
        fresh.append(layer.__class__.from_config(settings))
    folded = keras.Sequential(fresh)
    folded.build((None, *model.input_shape[1:]))
    for layer, norms, new in zip(kept, done, fresh, strict=True):
        weights = layer.get_weights()
        for norm in norms:
            kernel = weights[0]
            bias = weights[1] if len(weights) > 1 else np.zeros(kernel.shape[-1])
            weights = list(fold_batch_norm(kernel, bias, *norm.get_weights(), norm.epsilon))
        new.set_weights(weights)
    return folded


@variant("6.8", replaces="fold_model")
def one_after_the_other(model):
    def once(layers):
        """One normalisation less, if one can go."""
        for place in range(1, len(layers)):
            (kind, settings, weights), (after, normal, values) = layers[place - 1 : place + 1]
            sums = kind in (keras.layers.Dense, keras.layers.Conv2D) and settings["activation"] == "linear"
            if sums and after is keras.layers.BatchNormalization:
                bias = weights[1] if len(weights) > 1 else np.zeros(weights[0].shape[-1], "float32")
                new = fold_batch_norm(weights[0], bias, *values, epsilon=normal["epsilon"])
                return [
                    *layers[: place - 1],
                    (kind, {**settings, "use_bias": True}, new),
                    *layers[place + 1 :],
                ]
        return None

    layers = [(type(layer), layer.get_config(), layer.get_weights()) for layer in model.layers]
    while (fewer := once(layers)) is not None:
        layers = fewer
    x = inputs = keras.Input(model.input_shape[1:])
    for kind, settings, weights in layers:
        layer = kind.from_config(settings)
        x = layer(x)
        layer.set_weights(weights)
    return keras.Model(inputs, x)


@variant("6.8", replaces="fold_model")
def folded_into_the_next_layer_where_possible(model):
    """What stays is a Dense layer with a diagonal kernel where the input is flat, so that no normalisation is left."""
    new = keras.Sequential([keras.Input(model.input_shape[1:])])
    for layer in model.layers:
        values = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            last = new.layers[-1] if new.layers else None
            sums = isinstance(last, (keras.layers.Dense, keras.layers.Conv2D))
            if sums and last.activation is keras.activations.linear:
                last.set_weights(fold_batch_norm(*last.get_weights(), *values, layer.epsilon))
                continue
            if len(new.output_shape if new.layers else (None, *model.input_shape[1:])) == 2:
                units = len(values[0])
                new.add(keras.layers.Dense(units))
                kernel, bias = fold_batch_norm(np.eye(units), np.zeros(units), *values, layer.epsilon)
                new.layers[-1].set_weights([kernel, bias])
                continue
        settings = layer.get_config()
        if "use_bias" in settings and not settings["use_bias"]:
            settings["use_bias"] = True
            values = [*values, np.zeros(values[0].shape[-1])]
        new.add(type(layer).from_config(settings))
        new.layers[-1].set_weights(values)
    return new
