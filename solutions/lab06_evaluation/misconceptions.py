"""Known mistakes of lab 06, each with the sentence that a student reads who makes it."""

import functools
import math
from statistics import NormalDist

import keras
import numpy as np

# Under names of their own: each mistake below takes the place of one of these functions.
from lab import bootstrap_interval as correct_bootstrap_interval
from lab import calibration as correct_calibration
from lab import confusion as correct_confusion
from lab import find_leak as correct_find_leak
from lab import fold_batch_norm as correct_fold_batch_norm
from lab import majority_accuracy as correct_majority_accuracy
from lab import mcnemar as correct_mcnemar
from lab import precision_recall_f1 as correct_precision_recall_f1
from lab import select as correct_select
from lab import temperature as correct_temperature
from lab import top_k_error as correct_top_k_error
from lab import vote as correct_vote
from lab import wilson_interval as correct_wilson_interval
from scipy.stats import binom, ttest_rel

from labkit.check import misconception

# --- 6.1 Confusion, precision, recall --------------------------------------------------------------------------


@misconception("6.1")
def transposed(labels, predictions, num_classes):
    """Rows and columns are exchanged: the row is the true class, the column the predicted one."""
    return correct_confusion(predictions, labels, num_classes)


@misconception("6.1")
def classes_from_the_data(labels, predictions, num_classes):
    """You took the number of classes from the data; a class that does not occur keeps its row and column, so
    use num_classes.
    """
    return correct_confusion(labels, predictions, int(max(labels.max(), predictions.max())) + 1)


@misconception("6.1")
def only_classes_that_occur(labels, predictions, num_classes):
    """You numbered the classes that occur; an absent class keeps its row and column, so the label itself is
    the index.
    """
    names, places = np.unique(np.concatenate([labels, predictions]), return_inverse=True)
    return correct_confusion(places[: len(labels)], places[len(labels) :], len(names))


@misconception("6.1")
def every_pair_once(labels, predictions, num_classes):
    """`matrix[labels, predictions] += 1` adds 1 only once for pairs that occur several times; use np.add.at, a
    loop, or np.bincount.
    """
    matrix = np.zeros((num_classes, num_classes), int)
    matrix[labels, predictions] += 1
    return matrix


@misconception("6.1")
def rows_normalised(labels, predictions, num_classes):
    """Your rows sum to 1: these are shares. The confusion matrix counts."""
    matrix = correct_confusion(labels, predictions, num_classes)
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


@misconception("6.1")
def columns_normalised(labels, predictions, num_classes):
    """Your columns sum to 1: these are shares. The confusion matrix counts."""
    matrix = correct_confusion(labels, predictions, num_classes)
    return matrix / np.maximum(matrix.sum(axis=0), 1)


@misconception("6.1")
def shares_of_all(labels, predictions, num_classes):
    """You divided by the number of rows: these are shares. The confusion matrix counts."""
    return correct_confusion(labels, predictions, num_classes) / len(labels)


@misconception("6.1")
def counts_as_floats(labels, predictions, num_classes):
    """The counts are right but floats: they are whole numbers, so make the matrix with dtype=int."""
    return correct_confusion(labels, predictions, num_classes).astype(float)


@misconception("6.1")
def bytes_overflow(labels, predictions, num_classes):
    """`labels * num_classes + predictions` overflows where labels are bytes, which end at 255: convert them to
    int first.
    """
    places = (labels * labels.dtype.type(num_classes) + predictions.astype(labels.dtype)).astype(int)
    counts = np.bincount(places, minlength=num_classes**2)[: num_classes**2]
    return counts.reshape(num_classes, num_classes)


@misconception("6.1")
def only_the_errors(labels, predictions, num_classes):
    """Your diagonal is empty: it counts what is right, and belongs to the matrix."""
    matrix = correct_confusion(labels, predictions, num_classes)
    np.fill_diagonal(matrix, 0)
    return matrix


@misconception("6.1", replaces="precision_recall_f1")
def precision_and_recall_exchanged(matrix):
    """Precision and recall are exchanged: precision divides by what was called the class (the column's sum),
    recall by what was the class (the row's sum).
    """
    return correct_precision_recall_f1(matrix)[:, [1, 0, 2]]


@misconception("6.1", replaces="precision_recall_f1")
def nothing_over_nothing_is_nan(matrix):
    """0/0 gives NaN where a class is never called or never occurs; here it counts 0."""
    with np.errstate(all="ignore"):
        precision = np.diag(matrix) / matrix.sum(axis=0)
        recall = np.diag(matrix) / matrix.sum(axis=1)
        return np.stack([precision, recall, 2 * precision * recall / (precision + recall)], axis=1)


@misconception("6.1", replaces="precision_recall_f1")
def nothing_over_nothing_is_one(matrix):
    """0/0 became 1: of a class that was never called nothing was called rightly; here it counts 0."""
    scores = correct_precision_recall_f1(matrix)
    scores[matrix.sum(axis=0) == 0, 0] = 1
    scores[matrix.sum(axis=1) == 0, 1] = 1
    return scores


@misconception("6.1", replaces="precision_recall_f1")
def once_taken_for_never(matrix):
    """A class that is called or occurs exactly once counts as nothing in your table: only a sum of 0 is 0/0."""
    called, present = matrix.sum(axis=0), matrix.sum(axis=1)
    scores = correct_precision_recall_f1(matrix)
    scores[called == 1, 0] = 0
    scores[present == 1, 1] = 0
    total = scores[:, 0] + scores[:, 1]
    scores[:, 2] = np.where(total > 0, 2 * scores[:, 0] * scores[:, 1] / np.where(total > 0, total, 1), 0)
    return scores


@misconception("6.1", replaces="precision_recall_f1")
def one_added_to_the_sums(matrix):
    """You added 1 to every sum so that none is 0, and made all shares too small: only a sum of 0 needs care."""
    precision = np.diag(matrix) / (matrix.sum(axis=0) + 1)
    recall = np.diag(matrix) / (matrix.sum(axis=1) + 1)
    total = precision + recall
    return np.stack([precision, recall, 2 * precision * recall / np.where(total > 0, total, 1)], axis=1)


@misconception("6.1", replaces="precision_recall_f1")
def f1_of_nothing_is_nan(matrix):
    """Precision and recall count 0 where they are 0/0, but your F1 of such a class is NaN: it counts 0, too."""
    scores = correct_precision_recall_f1(matrix)
    with np.errstate(all="ignore"):
        scores[:, 2] = 2 * scores[:, 0] * scores[:, 1] / (scores[:, 0] + scores[:, 1])
    return scores


@misconception("6.1", replaces="precision_recall_f1")
def averaged_over_classes(matrix):
    """You averaged over the classes; each class has a row of its own."""
    return correct_precision_recall_f1(matrix).mean(axis=0)


@misconception("6.1", replaces="precision_recall_f1")
def arithmetic_mean(matrix):
    """Your F1 is the arithmetic mean of precision and recall. The harmonic mean, 2pr/(p + r), is small as soon
    as one of the two is.
    """
    scores = correct_precision_recall_f1(matrix)
    return np.column_stack([scores[:, :2], scores[:, :2].mean(axis=1)])


@misconception("6.1", replaces="precision_recall_f1")
def geometric_mean(matrix):
    """Your F1 is the geometric mean of precision and recall, √(pr); it is the harmonic one, 2pr/(p + r)."""
    scores = correct_precision_recall_f1(matrix)
    return np.column_stack([scores[:, :2], np.sqrt(scores[:, 0] * scores[:, 1])])


@misconception("6.1", replaces="precision_recall_f1")
def harmonic_mean_without_the_two(matrix):
    """Your F1 is half of what it should be: the harmonic mean is 2pr/(p + r)."""
    return correct_precision_recall_f1(matrix) * [1, 1, 0.5]


@misconception("6.1", replaces="precision_recall_f1")
def classes_as_columns(matrix):
    """You have a column for each class: the classes are rows here, (k, 3)."""
    return np.ascontiguousarray(correct_precision_recall_f1(matrix).T)


# --- 6.2 Top-k error -------------------------------------------------------------------------------------------


def _among(scores, labels, k, order):
    """Error by the first k places of an order of the classes."""
    return float(np.mean([label not in row[:k] for label, row in zip(labels, order, strict=True)]))


@misconception("6.2")
def ascending_sort(scores, labels, k):
    """np.argsort sorts upwards, so you took the k *smallest* scores: take the last k, or sort -scores."""
    return _among(scores, labels, k, np.argsort(scores, axis=1, kind="stable"))


@misconception("6.2")
def ties_in_its_favour(scores, labels, k):
    """You count only classes with a *larger* score, so a network that gives all classes the same score is
    always right. A tie counts against it: >= instead of >.
    """
    own = scores[np.arange(len(labels)), labels]
    wrong = ((scores > own[:, None]).sum(axis=1) >= k) | np.isnan(scores).any(axis=1)
    return float(wrong.mean())


@misconception("6.2")
def ties_as_they_are_sorted(scores, labels, k):
    """Among equal scores your sorting decides by the number of the class. A tie counts against the classifier:
    count the other classes with at least the label's score.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    order[np.isnan(scores).any(axis=1)] = -1
    return _among(scores, labels, k, order)


@misconception("6.2")
def last_k_of_argsort(scores, labels, k):
    """The last k of argsort are not what is asked for where scores are equal, or NaN: it orders ties by their place and
    takes NaN for the largest number. Count the other classes with at least the label's score, and call a row with a NaN
    an error.
    """
    return _among(scores, labels, k, np.argsort(scores, axis=1)[:, ::-1])


@misconception("6.2")
def first_k_of_argsort(scores, labels, k):
    """The first k of argsort(-scores) are not what is asked for where scores are equal, or NaN: it orders ties by their
    place and NaN as the smallest number. Count the other classes with at least the label's score, and call a row with a
    NaN an error.
    """
    return _among(scores, labels, k, np.argsort(-scores, axis=1))


@misconception("6.2")
def nan_counted_as_right(scores, labels, k):
    """Comparisons with NaN are False, so you find no rival in a row of NaN and call it right: a row that holds
    a NaN is an error.
    """
    own = scores[np.arange(len(labels)), labels]
    return float(((scores >= own[:, None]).sum(axis=1) - 1 >= k).mean())


@misconception("6.2")
def only_rows_of_nothing_but_nan(scores, labels, k):
    """You treat a row as an error only if all of it is NaN; one NaN is enough, for who knows where that class
    belongs.
    """
    own = scores[np.arange(len(labels)), labels]
    wrong = ((scores >= own[:, None]).sum(axis=1) - 1 >= k) | np.isnan(scores).all(axis=1)
    return float(wrong.mean())


@misconception("6.2")
def nan_only_below_all_guesses(scores, labels, k):
    """For k as large as the number of classes you return 0 at once; a row with a NaN is an error there, too."""
    return 0.0 if k >= scores.shape[1] else correct_top_k_error(scores, labels, k)


@misconception("6.2")
def top_k_accuracy(scores, labels, k):
    """That is the accuracy: the share of the rows that are right. The error is 1 minus it."""
    return 1 - correct_top_k_error(scores, labels, k)


@misconception("6.2")
def label_among_its_rivals(scores, labels, k):
    """You counted the label among its own rivals: one class always has at least the label's score, the label
    itself.
    """
    own = scores[np.arange(len(labels)), labels]
    wrong = ((scores >= own[:, None]).sum(axis=1) >= k) | np.isnan(scores).any(axis=1)
    return float(wrong.mean())


@misconception("6.2")
def fails_for_large_k(scores, labels, k):
    """With k as large as the number of classes there is no k-th best beyond which something could lie;
    np.partition raises an exception then. The answer is simply the share of rows with a NaN.
    """
    bar = -np.partition(-scores, k, axis=1)[:, k]
    return float((~(scores[np.arange(len(labels)), labels] > bar) | np.isnan(scores).any(axis=1)).mean())


@misconception("6.2")
def only_the_kth_guess(scores, labels, k):
    """You compare the label with the k-th guess alone; any of the first k will do."""
    order = np.argsort(-scores, axis=1, kind="stable")
    return float(np.mean(order[:, min(k, scores.shape[1]) - 1] != labels))


@misconception("6.2")
def one_guess_too_many(scores, labels, k):
    """You allow one guess more than k: the label is among the first k if *fewer* than k others are as good."""
    return correct_top_k_error(scores, labels, k + 1)


@misconception("6.2")
def nan_taken_for_zero(scores, labels, k):
    """np.nan_to_num makes a score of 0 out of NaN; a row that holds a NaN says nothing, and is an error."""
    return correct_top_k_error(np.nan_to_num(scores), labels, k)


@misconception("6.2")
def only_the_first_guess(scores, labels, k):
    """You ask whether the label has the very best score, whatever k is: that is the top-1 error."""
    return correct_top_k_error(scores, labels, 1)


@misconception("6.2")
def number_of_errors(scores, labels, k):
    """You return how many rows are wrong; the error is their share."""
    return correct_top_k_error(scores, labels, k) * len(labels)


# --- 6.3 Intervals ---------------------------------------------------------------------------------------------


def _accuracies(correct, resamples, seed, n=None):
    n = len(correct) if n is None else n
    return np.random.default_rng(seed).binomial(n, np.mean(correct), size=resamples) / n


@misconception("6.3")
def without_replacement(correct, level=0.95, resamples=2000, seed=0):
    """You drew n of n rows *without* replacement: that are always the same rows in another order, so all
    resamples have the same accuracy. Draw with replacement.
    """
    share = float(np.mean(correct))
    return share, share


@misconception("6.3")
def cut_off_at_each_end(correct, level=0.95, resamples=2000, seed=0):
    """You cut 1 - level off at *each* end; of 5 % that may lie outside, 2.5 % lie at each."""
    ends = np.quantile(_accuracies(correct, resamples, seed), [1 - level, level])
    return tuple(ends.tolist())


@misconception("6.3")
def percent_as_a_fraction(correct, level=0.95, resamples=2000, seed=0):
    """np.percentile counts from 0 to 100, and you gave it (1 - level)/2 and (1 + level)/2: the first per cent. Use
    np.quantile, or multiply by 100.
    """
    ends = np.percentile(_accuracies(correct, resamples, seed), [(1 - level) / 2, (1 + level) / 2])
    return tuple(ends.tolist())


@misconception("6.3")
def level_halved(correct, level=0.95, resamples=2000, seed=0):
    """You cut off level/2 at each end, and 5 % in the middle are left: cut off (1 - level)/2."""
    ends = np.quantile(_accuracies(correct, resamples, seed), [level / 2, 1 - level / 2])
    return tuple(ends.tolist())


@misconception("6.3")
def ends_exchanged(correct, level=0.95, resamples=2000, seed=0):
    """You return (high, low); the low end comes first."""
    return correct_bootstrap_interval(correct, level, resamples, seed)[::-1]


@misconception("6.3")
def generator_made_in_the_loop(correct, level=0.95, resamples=2000, seed=0):
    """You make the generator anew, with the same seed, for each resample, so all resamples are the same: make it once,
    before the loop.
    """
    share = float(np.random.default_rng(seed).choice(correct, size=len(correct)).mean())
    return share, share


@misconception("6.3")
def counts_for_shares(correct, level=0.95, resamples=2000, seed=0):
    """Your ends are numbers of right rows; an accuracy is their share: divide by n."""
    low, high = correct_bootstrap_interval(correct, level, resamples, seed)
    return low * len(correct), high * len(correct)


@misconception("6.3")
def normal_around_the_mean(correct, level=0.95, resamples=2000, seed=0):
    """You take mean ± z deviations of the resamples; with 39 of 40 right that goes beyond 1. The percentiles themselves
    are asked for.
    """
    shares = _accuracies(correct, resamples, seed)
    half = NormalDist().inv_cdf((1 + level) / 2) * shares.std()
    return float(shares.mean() - half), float(shares.mean() + half)


@misconception("6.3")
def always_95_percent(correct, level=0.95, resamples=2000, seed=0):
    """Your percentiles are always 2.5 and 97.5: use `level`."""
    return correct_bootstrap_interval(correct, 0.95, resamples, seed)


@misconception("6.3")
def seed_ignored(correct, level=0.95, resamples=2000, seed=0):
    """Every seed gives the same interval: make the generator from `seed`."""
    return correct_bootstrap_interval(correct, level, resamples, 0)


@misconception("6.3")
def another_interval_each_time(correct, level=0.95, resamples=2000, seed=0):
    """The same seed gives another interval each time: np.random.default_rng() without the seed starts
    somewhere else at every call.
    """
    return correct_bootstrap_interval(correct, level, resamples, np.random.default_rng().integers(1 << 40))


@misconception("6.3")
def smaller_resamples(correct, level=0.95, resamples=2000, seed=0):
    """Your resamples have fewer rows than the data (half of them?), so the interval gets too wide: draw n rows
    of n.
    """
    ends = np.quantile(
        _accuracies(correct, resamples, seed, max(len(correct) // 2, 1)), [(1 - level) / 2, (1 + level) / 2]
    )
    return tuple(ends.tolist())


@misconception("6.3")
def resamples_as_rows(correct, level=0.95, resamples=2000, seed=0):
    """You drew resamples of `resamples` rows, n of them: it should be the other way round, `resamples` times n
    rows.
    """
    shares = np.random.default_rng(seed).binomial(resamples, np.mean(correct), size=len(correct)) / resamples
    return tuple(np.quantile(shares, [(1 - level) / 2, (1 + level) / 2]).tolist())


@misconception("6.3")
def error_of_the_mean(correct, level=0.95, resamples=2000, seed=0):
    """You divided the deviation of the resamples by the root of their number: that is how well their *mean* is
    known. It shrinks with more resamples, and says nothing about the accuracy.
    """
    shares = _accuracies(correct, resamples, seed)
    half = NormalDist().inv_cdf((1 + level) / 2) * shares.std() / math.sqrt(resamples)
    return float(shares.mean() - half), float(shares.mean() + half)


@misconception("6.3")
def smallest_and_largest(correct, level=0.95, resamples=2000, seed=0):
    """You return the smallest and the largest of the resamples' accuracies; take percentiles, or the interval
    grows with their number.
    """
    shares = _accuracies(correct, resamples, seed)
    return float(shares.min()), float(shares.max())


@misconception("6.3")
def one_deviation(correct, level=0.95, resamples=2000, seed=0):
    """You return the mean plus and minus one standard deviation of the resamples, whatever the level is."""
    shares = _accuracies(correct, resamples, seed)
    return float(shares.mean() - shares.std()), float(shares.mean() + shares.std())


@misconception("6.3", replaces="wilson_interval")
def textbook_interval(right, n, level=0.95):
    """That is p ± z·√(p(1−p)/n). It collapses to a point at 50 of 50 and leaves [0, 1] elsewhere; Wilson's has
    z²/2n in the middle and z²/4n² under the root.
    """
    z, p = NormalDist().inv_cdf((1 + level) / 2), right / n
    half = z * math.sqrt(p * (1 - p) / n)
    return p - half, p + half


@misconception("6.3", replaces="wilson_interval")
def textbook_interval_cut(right, n, level=0.95):
    """That is p ± z·√(p(1−p)/n), cut to [0, 1]: it still collapses to a point at 50 of 50. Wilson's has z²/2n
    in the middle and z²/4n² under the root.
    """
    low, high = textbook_interval(right, n, level)
    return max(0.0, low), min(1.0, high)


@misconception("6.3", replaces="wilson_interval")
def n_not_squared(right, n, level=0.95):
    """Under the root you have z²/(4n); it should be z²/(4n²)."""
    z, p = NormalDist().inv_cdf((1 + level) / 2), right / n
    middle, half = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n))
    return max(0.0, (middle - half) / (1 + z**2 / n)), min(1.0, (middle + half) / (1 + z**2 / n))


@misconception("6.3", replaces="wilson_interval")
def middle_and_half_width(right, n, level=0.95):
    """You return the middle and half the width; the answer is (low, high), middle minus and plus half the width."""
    z, p = NormalDist().inv_cdf((1 + level) / 2), right / n
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (p + z**2 / (2 * n)) / (1 + z**2 / n), half / (1 + z**2 / n)


@misconception("6.3", replaces="wilson_interval")
def always_1_96(right, n, level=0.95):
    """Your z is always 1.96, which belongs to 95 %: compute it from `level`."""
    return correct_wilson_interval(right, n, 0.95)


@misconception("6.3", replaces="wilson_interval")
def quantile_of_the_level(right, n, level=0.95):
    """Your z is the quantile of the level itself, 1.645 for 95 %. Half of what is left over lies on each side:
    take the quantile of (1 + level)/2.
    """
    return correct_wilson_interval(right, n, 2 * level - 1 if level > 0.5 else 1e-9)


@misconception("6.3", replaces="wilson_interval")
def z_missing_before_the_root(right, n, level=0.95):
    """The factor z before the root is missing."""
    z, p = NormalDist().inv_cdf((1 + level) / 2), right / n
    middle, half = p + z**2 / (2 * n), math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return max(0.0, (middle - half) / (1 + z**2 / n)), min(1.0, (middle + half) / (1 + z**2 / n))


@misconception("6.3", replaces="wilson_interval")
def middle_without_the_half(right, n, level=0.95):
    """Your middle is p + z²/n; it is p + z²/(2n)."""
    z, p = NormalDist().inv_cdf((1 + level) / 2), right / n
    middle, half = p + z**2 / n, z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return max(0.0, (middle - half) / (1 + z**2 / n)), min(1.0, (middle + half) / (1 + z**2 / n))


@misconception("6.3", replaces="wilson_interval")
def not_divided(right, n, level=0.95):
    """You left out the division by 1 + z²/n."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    low, high = correct_wilson_interval(right, n, level)
    return max(0.0, low * (1 + z**2 / n)), min(1.0, high * (1 + z**2 / n))


@misconception("6.3", replaces="wilson_interval")
def around_the_accuracy(right, n, level=0.95):
    """The interval lies around the accuracy itself; Wilson's middle is (p + z²/2n)/(1 + z²/n), a little nearer
    to 1/2.
    """
    low, high = correct_wilson_interval(right, n, level)
    half = (high - low) / 2
    return max(0.0, right / n - half), min(1.0, right / n + half)


@misconception("6.3", replaces="wilson_interval")
def in_percent(right, n, level=0.95):
    """Your interval is in percent; here accuracies go from 0 to 1."""
    low, high = correct_wilson_interval(right, n, level)
    return 100 * low, 100 * high


# --- 6.4 Is the difference real? -------------------------------------------------------------------------------


def _counts(correct_a, correct_b):
    return int((correct_a & ~correct_b).sum()), int((correct_b & ~correct_a).sum())


def _tail(few, n):
    return float(binom.cdf(few, n, 0.5))  # where all rows are counted, exact numbers have thousands of digits


@misconception("6.4")
def chi_squared(correct_a, correct_b):
    """That is McNemar's chi-squared approximation, (b − c)²/(b + c). It calls too much real where few rows
    differ; sum the binomial probabilities instead.
    """
    b, c = _counts(correct_a, correct_b)
    return math.erfc(abs(b - c) / math.sqrt(2 * (b + c))) if b + c else 1.0


@misconception("6.4")
def statistic_for_p(correct_a, correct_b):
    """That is McNemar's statistic, (b − c)²/(b + c), which grows with the difference; the p-value is a probability:
    sum up the binomial.
    """
    b, c = _counts(correct_a, correct_b)
    return (b - c) ** 2 / (b + c) if b + c else 0.0


@misconception("6.4")
def chi_squared_corrected(correct_a, correct_b):
    """That is the chi-squared approximation with a continuity correction, (|b − c| − 1)²/(b + c). Near, but
    the binomial sum is exact and no harder.
    """
    b, c = _counts(correct_a, correct_b)
    return math.erfc(max(abs(b - c) - 1, 0) / math.sqrt(2 * (b + c))) if b + c else 1.0


@misconception("6.4")
def one_tail(correct_a, correct_b):
    """You counted one side only: which of the two would be ahead was not known before, so the probability is
    doubled.
    """
    b, c = _counts(correct_a, correct_b)
    return _tail(min(b, c), b + c)


@misconception("6.4")
def the_tail_of_a(correct_a, correct_b):
    """Your answer depends on which of the two is called a: take min(b, c) and double the probability."""
    b, c = _counts(correct_a, correct_b)
    return min(1.0, 2 * _tail(b, b + c))


@misconception("6.4")
def above_one(correct_a, correct_b):
    """At a draw, twice the tail is more than 1, because the middle is counted twice: cut it at 1."""
    b, c = _counts(correct_a, correct_b)
    return 2 * _tail(min(b, c), b + c)


@misconception("6.4")
def larger_count_summed(correct_a, correct_b):
    """You sum up to the larger of the two counts, which is nearly everything: the tail ends at min(b, c)."""
    b, c = _counts(correct_a, correct_b)
    return min(1.0, 2 * _tail(max(b, c), b + c))


@misconception("6.4")
def one_minus_the_p_value(correct_a, correct_b):
    """That is 1 minus the p-value: a small p belongs to a large difference."""
    return 1 - correct_mcnemar(correct_a, correct_b)


@misconception("6.4")
def paired_t_test(correct_a, correct_b):
    """That is a t-test of the differences, an approximation; the exact test sums up the binomial."""
    b, c = _counts(correct_a, correct_b)
    if b == c:
        return 1.0
    return float(ttest_rel(correct_a.astype(float), correct_b.astype(float)).pvalue)


@misconception("6.4")
def without_the_result_itself(correct_a, correct_b):
    """Your sum ends before min(b, c): "at least as lopsided" includes the result itself."""
    b, c = _counts(correct_a, correct_b)
    return min(1.0, 2 * _tail(min(b, c) - 1, b + c)) if b + c and b != c else 1.0


@misconception("6.4")
def probability_of_the_result(correct_a, correct_b):
    """That is twice the probability of exactly this result; add the more lopsided ones."""
    b, c = _counts(correct_a, correct_b)
    return min(1.0, 2 * math.comb(b + c, b) / 2 ** (b + c))


@misconception("6.4")
def two_unpaired_shares(correct_a, correct_b):
    """You compared two shares as if they came from different images. The images are the same: only the rows on
    which the two differ say something.
    """
    n, a, b = len(correct_a), float(correct_a.mean()), float(correct_b.mean())
    both = (a + b) / 2
    error = math.sqrt(2 * both * (1 - both) / n)
    return math.erfc(abs(a - b) / error / math.sqrt(2)) if error else 1.0


@misconception("6.4")
def all_rows_counted(correct_a, correct_b):
    """Your binomial has as many tosses as there are rows; only the b + c rows on which the two differ are
    tosses.
    """
    b, c = _counts(correct_a, correct_b)
    return min(1.0, 2 * _tail(min(b, c), len(correct_a)))


@misconception("6.4")
def right_rows_counted(correct_a, correct_b):
    """You compared how many rows each has right; the rows that both have right are no tosses of a coin. Count
    those that only one has right.
    """
    a, b = int(correct_a.sum()), int(correct_b.sum())
    return min(1.0, 2 * _tail(min(a, b), a + b))


@misconception("6.4")
def fails_when_they_never_differ(correct_a, correct_b):
    """Where the two never differ you divide by 0: there p is 1."""
    b, c = _counts(correct_a, correct_b)
    chance = 1 / (b + c)  # of one row
    return correct_mcnemar(correct_a, correct_b) + 0 * chance


@misconception("6.4", replaces="better")
def higher_accuracy_wins(correct_a, correct_b, level=0.05):
    """You name whoever has more right rows, although the difference may be luck: ask mcnemar first."""
    a, b = correct_a.sum(), correct_b.sum()
    return "undecided" if a == b else "a" if a > b else "b"


@misconception("6.4", replaces="better")
def p_value_the_wrong_way_round(correct_a, correct_b, level=0.05):
    """You call a difference real if its p-value is *large*: a small p says that a coin would rarely do that."""
    if correct_mcnemar(correct_a, correct_b) < level:
        return "undecided"
    return "a" if correct_a.sum() > correct_b.sum() else "b"


@misconception("6.4", replaces="better")
def overlap_of_two_intervals(correct_a, correct_b, level=0.05):
    """You ask whether two intervals overlap. That is for different images; here both were tested on the same,
    and a difference can be real although the intervals overlap: use mcnemar.
    """
    low_a, high_a = correct_wilson_interval(int(correct_a.sum()), len(correct_a), 1 - level)
    low_b, high_b = correct_wilson_interval(int(correct_b.sum()), len(correct_b), 1 - level)
    return "a" if low_a > high_b else "b" if low_b > high_a else "undecided"


@misconception("6.4", replaces="better")
def draw_given_to_b(correct_a, correct_b, level=0.05):
    """What is not better in a you give to b, whatever p is: "b", too, needs a difference that is real."""
    if correct_a.sum() > correct_b.sum():
        return "a" if correct_mcnemar(correct_a, correct_b) < level else "undecided"
    return "b"


@misconception("6.4", replaces="better")
def worse_one_named(correct_a, correct_b, level=0.05):
    """You name the worse of the two: better is who has more right rows."""
    if correct_mcnemar(correct_a, correct_b) >= level:
        return "undecided"
    return "b" if correct_a.sum() > correct_b.sum() else "a"


@misconception("6.4", replaces="better")
def level_of_better_ignored(correct_a, correct_b, level=0.05):
    """You always compare with 0.05: use `level`."""
    if correct_mcnemar(correct_a, correct_b) >= 0.05:
        return "undecided"
    return "a" if correct_a.sum() > correct_b.sum() else "b"


# --- 6.5 Confidence --------------------------------------------------------------------------------------------


@misconception("6.5")
def bins_not_weighted(probabilities, labels, bins=10):
    """You averaged the gaps over the bins; a bin with many rows counts more: weight each gap with count/n."""
    found = correct_calibration(probabilities, labels, bins)
    gaps = np.abs(found["accuracy"] - found["confidence"])[found["count"] > 0]
    return {**found, "ece": float(gaps.mean())}


@misconception("6.5")
def sums_for_means(probabilities, labels, bins=10):
    """Your confidence and accuracy are the sums over a bin; divide by the bin's count for means."""
    found = correct_calibration(probabilities, labels, bins)
    return {**found, **{key: found[key] * found["count"] for key in ("confidence", "accuracy")}}


@misconception("6.5")
def probability_of_the_label(probabilities, labels, bins=10):
    """Your confidence is the probability of the true class; a confidence is what the network says without
    knowing the label: its largest probability.
    """
    own = probabilities[np.arange(len(labels)), labels]
    place = np.clip(np.ceil(own * bins).astype(int) - 1, 0, bins - 1)
    right = probabilities.argmax(axis=1) == labels
    count = np.bincount(place, minlength=bins)
    confidence, accuracy = (
        np.bincount(place, weights=w, minlength=bins) / np.maximum(count, 1) for w in (own, right)
    )
    ece = float((count / len(labels) * np.abs(accuracy - confidence)).sum())
    return {"ece": ece, "confidence": confidence, "accuracy": accuracy, "count": count}


@misconception("6.5")
def gaps_with_their_sign(probabilities, labels, bins=10):
    """You summed the gaps with their sign, so bins that are too sure and bins that are too modest cancel: take
    absolute values.
    """
    found = correct_calibration(probabilities, labels, bins)
    gaps = found["accuracy"] - found["confidence"]
    return {**found, "ece": float((found["count"] / len(labels) * gaps).sum())}


@misconception("6.5")
def sure_minus_right(probabilities, labels, bins=10):
    """You summed confidence minus accuracy with its sign, so bins that are too sure and bins that are too
    modest cancel: take absolute values.
    """
    found = correct_calibration(probabilities, labels, bins)
    gaps = found["confidence"] - found["accuracy"]
    return {**found, "ece": float((found["count"] / len(labels) * gaps).sum())}


def _bins_closed_on_the_left(probabilities, labels, bins, last):
    confidence = probabilities.max(axis=1)
    place = np.floor(confidence * bins).astype(int)
    place = np.minimum(place, bins - 1) if last else place
    right = (probabilities.argmax(axis=1) == labels)[place < bins]
    confidence, place = confidence[place < bins], place[place < bins]
    count = np.bincount(place, minlength=bins)
    mean, accuracy = (
        np.bincount(place, weights=w, minlength=bins) / np.maximum(count, 1) for w in (confidence, right)
    )
    ece = float((count / len(labels) * np.abs(accuracy - mean)).sum())
    return {"ece": ece, "confidence": mean, "accuracy": accuracy, "count": count}


@misconception("6.5")
def gaps_squared(probabilities, labels, bins=10):
    """You squared the gaps; the calibration error takes their absolute values."""
    found = correct_calibration(probabilities, labels, bins)
    gaps = (found["accuracy"] - found["confidence"]) ** 2
    return {**found, "ece": float((found["count"] / len(labels) * gaps).sum())}


@misconception("6.5")
def gaps_only_summed(probabilities, labels, bins=10):
    """You summed the gaps as they are; weight each gap with the share of the rows in its bin, count/n."""
    found = correct_calibration(probabilities, labels, bins)
    gaps = np.abs(found["accuracy"] - found["confidence"])
    return {**found, "ece": float(gaps.sum())}


@misconception("6.5")
def largest_gap(probabilities, labels, bins=10):
    """You took the largest gap; the *expected* error weights each gap with the share of the rows in its bin."""
    found = correct_calibration(probabilities, labels, bins)
    return {**found, "ece": float(np.abs(found["accuracy"] - found["confidence"]).max())}


@misconception("6.5")
def middles_for_means(probabilities, labels, bins=10):
    """Your "confidence" is the middle of each bin; it is the mean of the confidences in it."""
    found = correct_calibration(probabilities, labels, bins)
    return {**found, "confidence": (np.arange(bins) + 0.5) / bins}


@misconception("6.5")
def every_class_has_a_confidence(probabilities, labels, bins=10):
    """You sorted all probabilities of a row into bins; a row has one confidence, its largest probability."""
    every = probabilities.ravel()
    right = (np.arange(probabilities.shape[1]) == labels[:, None]).ravel()
    place = np.maximum(np.ceil(every * bins).astype(int) - 1, 0)
    count = np.bincount(place, minlength=bins)
    mean, accuracy = (
        np.bincount(place, weights=w, minlength=bins) / np.maximum(count, 1) for w in (every, right)
    )
    ece = float((count / len(every) * np.abs(accuracy - mean)).sum())
    return {"ece": ece, "confidence": mean, "accuracy": accuracy, "count": count}


@misconception("6.5")
def confidence_1_falls_out(probabilities, labels, bins=10):
    """Rows with confidence 1 are in none of your bins: the right end of a bin belongs to it, (i/bins,
    (i+1)/bins].
    """
    return _bins_closed_on_the_left(probabilities, labels, bins, last=False)


@misconception("6.5")
def left_end_included(probabilities, labels, bins=10):
    """Your bins hold their left end and not their right one: a confidence of 0.5 belongs to the bin that
    *ends* there, (i/bins, (i+1)/bins].
    """
    return _bins_closed_on_the_left(probabilities, labels, bins, last=True)


@misconception("6.5")
def empty_bins_are_nan(probabilities, labels, bins=10):
    """The mean of an empty bin is 0/0, NaN, and it makes the ECE NaN, too; here it counts 0."""
    found = correct_calibration(probabilities, labels, bins)
    empty = np.where(found["count"] > 0, 1.0, np.nan)
    gaps = np.abs(found["accuracy"] - found["confidence"]) * empty
    ece = float((found["count"] / len(labels) * gaps).sum())
    return {
        **found,
        "confidence": found["confidence"] * empty,
        "accuracy": found["accuracy"] * empty,
        "ece": ece,
    }


@misconception("6.5")
def empty_bins_left_out(probabilities, labels, bins=10):
    """You left empty bins out, so the arrays are too short and nobody knows which bin is which: each has
    `bins` values, 0 where a bin is empty.
    """
    found = correct_calibration(probabilities, labels, bins)
    filled = found["count"] > 0
    return {name: value if name == "ece" else value[filled] for name, value in found.items()}


@misconception("6.5")
def always_ten_bins(probabilities, labels, bins=10):
    """You always make ten bins: use `bins`."""
    return correct_calibration(probabilities, labels, 10)


@misconception("6.5")
def bins_between_smallest_and_largest(probabilities, labels, bins=10):
    """Your bins lie between the smallest and the largest confidence (np.histogram does that without range=(0,
    1)): they divide the interval from 0 to 1.
    """
    confidence = probabilities.max(axis=1)
    low, high = confidence.min(), confidence.max()
    place = np.clip(np.ceil((confidence - low) / max(high - low, 1e-12) * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    right = probabilities.argmax(axis=1) == labels
    mean, accuracy = (
        np.bincount(place, weights=w, minlength=bins) / np.maximum(count, 1) for w in (confidence, right)
    )
    ece = float((count / len(labels) * np.abs(accuracy - mean)).sum())
    return {"ece": ece, "confidence": mean, "accuracy": accuracy, "count": count}


@misconception("6.5")
def shares_for_counts(probabilities, labels, bins=10):
    """'count' holds shares of the rows; it should hold how many rows there are."""
    found = correct_calibration(probabilities, labels, bins)
    return {**found, "count": found["count"] / len(labels)}


def _losses(logits, labels, candidates):
    """Mean cross-entropy of softmax(logits / T) for each T."""
    logits = logits - logits.max(axis=1, keepdims=True)
    own = logits[np.arange(len(labels)), labels]
    return [float((np.log(np.exp(logits / t).sum(axis=1)) - own / t).mean()) for t in candidates]


_CANDIDATES = np.geomspace(0.05, 20, 601)


@misconception("6.5", replaces="temperature")
def inverse_temperature(logits, labels):
    """You return 1/T: the number by which the logits are multiplied. T divides them."""
    return 1 / correct_temperature(logits, labels)


def _smallest_ece(logits, labels):
    scaled = logits - logits.max(axis=1, keepdims=True)
    errors = []
    for t in _CANDIDATES[::40]:
        powers = np.exp(scaled / t)
        powers /= powers.sum(axis=1, keepdims=True)
        errors.append(correct_calibration(powers, labels)["ece"])
    return float(_CANDIDATES[::40][int(np.argmin(errors))])


@misconception("6.5", replaces="temperature")
def smallest_ece(logits, labels):
    """You minimise the calibration error. As a function of T it jumps with every row that changes its bin, and
    its minimum is luck; minimise the cross-entropy.
    """
    return _smallest_ece(logits, labels)


@misconception("6.5", replaces="temperature")
def whole_temperatures(logits, labels):
    """You tried whole numbers only; temperatures lie between them, and below 1: try many, in equal ratios."""
    candidates = list(range(1, 21))
    return float(candidates[int(np.argmin(_losses(logits, labels, candidates)))])


@misconception("6.5", replaces="temperature")
def coarse_temperatures(logits, labels):
    """You tried too few temperatures: steps of 0.1 are 10 % at T = 1. Neighbours should differ by less than 1
    %.
    """
    candidates = np.arange(0.1, 20.05, 0.1)
    return float(candidates[int(np.argmin(_losses(logits, labels, candidates)))])


@misconception("6.5", replaces="temperature")
def best_accuracy(logits, labels):
    """You look for the best accuracy; T changes no answer, so every T has the same, and you return the first
    that you tried.
    """
    return float(_CANDIDATES[0])


@misconception("6.5", replaces="temperature")
def squared_error_minimised(logits, labels):
    """You minimise the squared error of the probabilities; the cross-entropy is asked for."""
    logits = logits - logits.max(axis=1, keepdims=True)
    targets, errors = np.eye(logits.shape[1])[labels], []
    for t in _CANDIDATES:
        powers = np.exp(logits / t)
        errors.append(((powers / powers.sum(axis=1, keepdims=True) - targets) ** 2).mean())
    return float(_CANDIDATES[int(np.argmin(errors))])


@misconception("6.5", replaces="temperature")
def confidence_made_equal_to_accuracy(logits, labels):
    """You look for the T at which the mean confidence is the accuracy; near, but the minimum of the cross-entropy is
    asked for.
    """
    logits = logits - logits.max(axis=1, keepdims=True)
    accuracy, gaps = (logits.argmax(axis=1) == labels).mean(), []
    for t in _CANDIDATES:
        powers = np.exp(logits / t)
        gaps.append(abs((powers.max(axis=1) / powers.sum(axis=1)).mean() - accuracy))
    return float(_CANDIDATES[int(np.argmin(gaps))])


@misconception("6.5", replaces="temperature")
def probabilities_divided(logits, labels):
    """You divided probabilities by T and took softmax of them again; T divides the logits, before the only
    softmax.
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return float(_CANDIDATES[int(np.argmin(_losses(powers, labels, _CANDIDATES)))])


@misconception("6.5", replaces="temperature")
def logits_multiplied(logits, labels):
    """You multiplied the logits by T while you searched, so you found 1/T: divide them."""
    return float(_CANDIDATES[int(np.argmin(_losses(logits, labels, 1 / _CANDIDATES)))])


@misconception("6.5", replaces="temperature")
def exponentials_overflow(logits, labels):
    """e to the power of 5000 is infinite, and your loss becomes infinite or NaN: subtract each row's maximum first."""
    losses = _losses_that_overflow(logits, labels)
    return float(_CANDIDATES[int(np.argmin(losses))])


@misconception("6.5", replaces="temperature")
def only_what_does_not_overflow(logits, labels):
    """Your search leaves out every T at which e to the power of u/T overflows or vanishes, and takes the best of the
    others: subtract each row's maximum first, then none does.
    """
    losses = _losses_that_overflow(logits, labels)
    able = np.where(np.isfinite(losses), losses, np.inf)
    return float(_CANDIDATES[int(np.argmin(able))])


def _losses_that_overflow(logits, labels):
    with np.errstate(all="ignore"):
        rows = np.arange(len(labels))
        powers = [np.exp(logits / t) for t in _CANDIDATES]
        return [float(-np.log((p / p.sum(axis=1, keepdims=True))[rows, labels]).mean()) for p in powers]


# --- 6.6 Votes -------------------------------------------------------------------------------------------------


def _firsts(probabilities):
    """How often each class was named first, (n, k)."""
    classes = probabilities[0].shape[1]
    return sum(np.eye(classes)[member.argmax(axis=1)] for member in probabilities)


@misconception("6.6")
def mean_of_class_numbers(probabilities, how):
    """You averaged the numbers of the classes: between a 3 and a 9 that votes for 6. Count the votes for each
    class.
    """
    if how == "mean":
        return correct_vote(probabilities, how)
    return np.rint(np.mean([member.argmax(axis=1) for member in probabilities], axis=0)).astype(int)


@misconception("6.6")
def product_of_probabilities(probabilities, how):
    """You multiplied the probabilities (or averaged their logarithms): there one member that is sure against a
    class can forbid it. Take the mean.
    """
    if how == "majority":
        return correct_vote(probabilities, how)
    return np.prod(np.maximum(probabilities, 1e-300), axis=0).argmax(axis=1)


@misconception("6.6")
def ties_to_the_lowest_class(probabilities, how):
    """Among equals you took the class with the lowest number; take the one with the largest mean probability."""
    if how == "mean":
        return correct_vote(probabilities, how)
    return _firsts(probabilities).argmax(axis=1)


@misconception("6.6")
def ties_to_the_first_member(probabilities, how):
    """Among equals you took what the first member says; take the class with the largest mean probability."""
    if how == "mean":
        return correct_vote(probabilities, how)
    firsts = _firsts(probabilities)
    return (firsts + 0.5 * np.eye(firsts.shape[1])[probabilities[0].argmax(axis=1)]).argmax(axis=1)


@misconception("6.6")
def always_the_mean(probabilities, how):
    """You always take the mean, whatever `how` says: the majority counts first places."""
    return correct_vote(probabilities, "mean")


@misconception("6.6")
def always_the_majority(probabilities, how):
    """You always take the majority, whatever `how` says: the mean adds probabilities."""
    return correct_vote(probabilities, "majority")


@misconception("6.6")
def most_confident_member(probabilities, how):
    """You took the answer of the most confident member; with the mean all members count."""
    if how == "majority":
        return correct_vote(probabilities, how)
    return np.max(probabilities, axis=0).argmax(axis=1)


@misconception("6.6")
def median_of_probabilities(probabilities, how):
    """You took the median of the probabilities; the question asks for the mean."""
    if how == "majority":
        return correct_vote(probabilities, how)
    return np.median(probabilities, axis=0).argmax(axis=1)


@misconception("6.6")
def probabilities_not_classes(probabilities, how):
    """You return the mean probabilities; the answer is the class that has the largest: argmax over axis 1."""
    return np.mean(probabilities, axis=0) if how == "mean" else correct_vote(probabilities, how)


@misconception("6.6", replaces="majority_accuracy")
def all_voters_right(accuracy, voters):
    """That is the probability that *all* are right; a majority is enough."""
    return accuracy**voters


@misconception("6.6", replaces="majority_accuracy")
def one_voter_right(accuracy, voters):
    """That is the probability that *at least one* is right; more than half must be."""
    return 1 - (1 - accuracy) ** voters


@misconception("6.6", replaces="majority_accuracy")
def half_counts(accuracy, voters):
    """You count half of the voters as a majority; *more* than half must be right."""
    half = (
        math.comb(voters, voters // 2) * (accuracy * (1 - accuracy)) ** (voters // 2)
        if voters % 2 == 0
        else 0
    )
    return correct_majority_accuracy(accuracy, voters) + half


@misconception("6.6", replaces="majority_accuracy")
def half_rounded_down(accuracy, voters):
    """Your sum begins at voters // 2, which of five is two: more than half begins at voters // 2 + 1."""
    numbers = range(voters // 2, voters + 1)
    return sum(math.comb(voters, r) * accuracy**r * (1 - accuracy) ** (voters - r) for r in numbers)


@misconception("6.6", replaces="majority_accuracy")
def simulated(accuracy, voters):
    """You draw voters at random, and the answer is near; the sum over the binomial is exact."""
    votes = np.random.default_rng(0).binomial(voters, accuracy, size=100_000)
    return float((votes > voters / 2).mean())


@misconception("6.6", replaces="majority_accuracy")
def without_binomial_coefficient(accuracy, voters):
    """The binomial coefficient is missing: three voters can be two right in three ways."""
    numbers = range(voters // 2 + 1, voters + 1)
    return sum(accuracy**right * (1 - accuracy) ** (voters - right) for right in numbers)


@misconception("6.6", replaces="majority_accuracy")
def without_unanimity(accuracy, voters):
    """You left out the case that *all* voters are right: Python's range ends before its second number."""
    return correct_majority_accuracy(accuracy, voters) - accuracy**voters


@misconception("6.6", replaces="majority_accuracy")
def exactly_the_smallest_majority(accuracy, voters):
    """That is the probability of exactly the smallest majority; larger ones count, too: sum over all of them."""
    right = voters // 2 + 1
    return math.comb(voters, right) * accuracy**right * (1 - accuracy) ** (voters - right)


@misconception("6.6", replaces="majority_accuracy")
def probability_of_losing(accuracy, voters):
    """That is the probability that no majority is right: 1 minus it."""
    return 1 - correct_majority_accuracy(accuracy, voters)


# --- 6.7 Leaks, and the test set -------------------------------------------------------------------------------


def _otherwise(x_train, y_train, x_test, y_test, leak, found):
    """The right answer, but for one leak, which is answered if and only if `found`."""
    if found:
        return leak
    right = correct_find_leak(x_train, y_train, x_test, y_test)
    return "none" if right == leak else right


@misconception("6.7")
def compared_place_by_place(x_train, y_train, x_test, y_test):
    """You compared row i of the test part with row i of the training part; a copy can stand anywhere: compare
    every test row with every training row.
    """
    n = min(len(x_train), len(x_test))
    found = (x_train[:n] == x_test[:n]).all(axis=1).any()
    return _otherwise(x_train, y_train, x_test, y_test, "duplicates", found)


@misconception("6.7")
def repeated_training_rows(x_train, y_train, x_test, y_test):
    """You call rows that are twice in the training part a leak; that is untidy, but tells nothing about the
    test rows.
    """
    found = len(np.unique(np.concatenate([x_train, x_test]), axis=0)) < len(x_train) + len(x_test)
    return _otherwise(x_train, y_train, x_test, y_test, "duplicates", found)


@misconception("6.7")
def similar_images(x_train, y_train, x_test, y_test):
    """You call images that are nearly the same duplicates; equal means every pixel (np.allclose with a
    generous tolerance, or a distance, is too much).
    """
    a, b = x_train.astype(float), x_test.astype(float)
    apart = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    size = np.concatenate([a, b]).var(axis=0).sum()
    return _otherwise(x_train, y_train, x_test, y_test, "duplicates", (apart < 1e-3 * size).any())


@misconception("6.7")
def one_equal_pixel(x_train, y_train, x_test, y_test):
    """You ask whether *some* pixel of two images is equal; all must be: .all(axis=...), then .any()."""
    return _otherwise(x_train, y_train, x_test, y_test, "duplicates", True)


@misconception("6.7")
def correlation_with_the_label(x_train, y_train, x_test, y_test):
    """You look for a column that correlates with the label. A column that numbers rows sorted by class does,
    and one in which each class has a value at random does not: ask whether each class has one value, and
    each another.
    """
    x, y = np.concatenate([x_train, x_test]).astype(float), np.concatenate([y_train, y_test]).astype(float)
    x, y = x - x.mean(axis=0), y - y.mean()
    size = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    found = (np.abs(x.T @ y) > 0.9 * np.maximum(size, 1e-9)).any()
    return _otherwise(x_train, y_train, x_test, y_test, "label_pixel", found)


def _gives_label(x, y, own_values=True):
    """Whether a column has one value for each class and, if asked, another for every class."""
    classes = [x[y == c] for c in np.unique(y)]
    constant = np.all([(rows == rows[0]).all(axis=0) for rows in classes], axis=0)
    different = [len(np.unique(column)) for column in np.array([rows[0, constant] for rows in classes]).T]
    return any(number == len(classes) if own_values else number > 1 for number in different)


@misconception("6.7")
def label_looked_for_in_training_only(x_train, y_train, x_test, y_test):
    """You looked for the label in the training rows only. A pixel that knows it there but not in the test rows
    helps nobody on the test: look at both parts.
    """
    found = _gives_label(x_train, y_train)
    return _otherwise(x_train, y_train, x_test, y_test, "label_pixel", found)


@misconception("6.7")
def half_of_the_label_is_enough(x_train, y_train, x_test, y_test):
    """You ask only whether a column is constant within every class; two classes that share a value are not
    told apart. Each class must have another one.
    """
    found = _gives_label(
        np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test]), own_values=False
    )
    return _otherwise(x_train, y_train, x_test, y_test, "label_pixel", found)


@misconception("6.7")
def value_tells_the_label(x_train, y_train, x_test, y_test):
    """You ask whether each value of a column belongs to one class only. A column that numbers the rows passes
    that, and tells nothing: each class must have *one* value, too.
    """
    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    found = False
    for column in x.T[x.min(axis=0) < x.max(axis=0)]:
        values, places = np.unique(column, return_inverse=True)
        if len(values) >= len(np.unique(y)):
            lowest, highest = np.full(len(values), 99), np.full(len(values), -1)
            np.minimum.at(lowest, places, y)
            np.maximum.at(highest, places, y)
            found |= bool((lowest == highest).all())
    return _otherwise(x_train, y_train, x_test, y_test, "label_pixel", found)


@misconception("6.7")
def pixel_equal_to_the_label(x_train, y_train, x_test, y_test):
    """You look for a column that *is* the label. It may be multiplied, shifted or shuffled; what gives it away
    is one value for each class.
    """
    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    return _otherwise(x_train, y_train, x_test, y_test, "label_pixel", (x == y[:, None]).all(axis=0).any())


def _standard(rows):
    moving = rows[:, rows.min(axis=0) < rows.max(axis=0)].astype(float)
    return bool((np.abs(moving.mean(axis=0)) < 1e-3).all() and (np.abs(moving.var(axis=0) - 1) < 1e-3).all())


@misconception("6.7")
def only_both_parts(x_train, y_train, x_test, y_test):
    """You look at both parts together only; test rows that were standardised by themselves have mean 0 and
    variance 1 on their own.
    """
    found = _standard(np.concatenate([x_train, x_test]))
    return _otherwise(x_train, y_train, x_test, y_test, "test_statistics", found)


@misconception("6.7")
def only_the_test_rows(x_train, y_train, x_test, y_test):
    """You look at the test rows alone only; with statistics of both parts together the test rows have taken
    part, too.
    """
    return _otherwise(x_train, y_train, x_test, y_test, "test_statistics", _standard(x_test))


@misconception("6.7")
def training_statistics_taken_for_a_leak(x_train, y_train, x_test, y_test):
    """You call it a leak that the *training* rows have mean 0 and variance 1: that is how it should be done."""
    found = _standard(x_train) or _standard(x_test) or _standard(np.concatenate([x_train, x_test]))
    return _otherwise(x_train, y_train, x_test, y_test, "test_statistics", found)


@misconception("6.7")
def constant_columns_not_left_out(x_train, y_train, x_test, y_test):
    """You demand variance 1 of all columns; a pixel that is white in all images has variance 0, whoever
    standardised it. Leave constant columns out.
    """
    found = any(
        (np.abs(rows.var(axis=0) - 1) < 1e-3).all() for rows in (x_test, np.concatenate([x_train, x_test]))
    )
    return _otherwise(x_train, y_train, x_test, y_test, "test_statistics", found)


@misconception("6.7", replaces="select")
def chosen_by_the_test(validation_correct, test_correct):
    """You chose by the test rows. Then they are validation rows, and the accuracy is too high: choose by
    validation.
    """
    best = int(test_correct.mean(axis=1).argmax())
    return best, float(test_correct[best].mean())


@misconception("6.7", replaces="select")
def validation_reported(validation_correct, test_correct):
    """You report the validation accuracy; the model was chosen by it, so it is too high. Report its test
    accuracy.
    """
    best = int(validation_correct.mean(axis=1).argmax())
    return best, float(validation_correct[best].mean())


@misconception("6.7", replaces="select")
def accuracy_first(validation_correct, test_correct):
    """You return the accuracy first; the number of the model comes first."""
    return correct_select(validation_correct, test_correct)[::-1]


@misconception("6.7", replaces="select")
def best_test_reported(validation_correct, test_correct):
    """You chose by validation but report the best test accuracy of all models; report that of the chosen one."""
    return correct_select(validation_correct, test_correct)[0], float(test_correct.mean(axis=1).max())


@misconception("6.7", replaces="select")
def chosen_by_both(validation_correct, test_correct):
    """You chose by validation and test rows together; the test rows must have no part in the choice."""
    both = np.concatenate([validation_correct, test_correct], axis=1)
    best = int(both.mean(axis=1).argmax())
    return best, float(test_correct[best].mean())


@misconception("6.7", replaces="select")
def ties_by_the_test(validation_correct, test_correct):
    """Among models with equal validation accuracy you took the one that is best on the test rows: that is
    choosing by the test. Take the first.
    """
    shares = validation_correct.mean(axis=1)
    best = max(np.flatnonzero(shares == shares.max()), key=lambda model: test_correct[model].mean())
    return int(best), float(test_correct[best].mean())


@misconception("6.7", replaces="select")
def last_of_equals(validation_correct, test_correct):
    """Among models with equal validation accuracy you took the last; take the first, as argmax does."""
    best = len(validation_correct) - 1 - int(validation_correct.mean(axis=1)[::-1].argmax())
    return best, float(test_correct[best].mean())


# --- 6.8 Folding batch normalisation ---------------------------------------------------------------------------


def _not_in_the_model(mistake):
    """Whether fold_model calls fold_batch_norm is free; so a mistake in it is told by the checks of fold_batch_norm
    alone, and models, whose kernels are float32, are folded as they should be.
    """

    @functools.wraps(mistake)
    def fold_batch_norm(kernel, *arguments, **options):
        right = kernel.dtype == np.float32
        return (correct_fold_batch_norm if right else mistake)(kernel, *arguments, **options)

    return fold_batch_norm


@misconception("6.8")
@_not_in_the_model
def epsilon_of_other_libraries(kernel, bias, gamma, beta, mean, variance, epsilon=1e-5):
    """Your ε is 1e-5, as in PyTorch; Keras' default is 1e-3."""
    return correct_fold_batch_norm(kernel, bias, gamma, beta, mean, variance, epsilon)


@misconception("6.8")
@_not_in_the_model
def epsilon_always_the_default(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You always use ε = 0.001: take the argument."""
    return correct_fold_batch_norm(kernel, bias, gamma, beta, mean, variance, 1e-3)


@misconception("6.8")
@_not_in_the_model
def divided_by_the_variance(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You divided by the variance; normalisation divides by the standard deviation, its root."""
    factor = gamma / (variance + epsilon)
    return kernel * factor, (bias - mean) * factor + beta


@misconception("6.8")
@_not_in_the_model
def epsilon_outside_the_root(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You added ε to the standard deviation; it belongs to the variance, under the root."""
    factor = gamma / (np.sqrt(variance) + epsilon)
    return kernel * factor, (bias - mean) * factor + beta


@misconception("6.8")
@_not_in_the_model
def bias_not_scaled(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You scaled the kernel but not the bias: it was added before the normalisation, which scales all of the
    sum.
    """
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, bias - mean * factor + beta


@misconception("6.8")
@_not_in_the_model
def mean_not_scaled(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You subtracted the mean without the factor: it is subtracted before the division."""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, bias * factor - mean + beta


@misconception("6.8")
@_not_in_the_model
def mean_forgotten(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You left the mean out: the new bias is f·(bias − mean) + β."""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, bias * factor + beta


@misconception("6.8")
@_not_in_the_model
def beta_forgotten(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You left β out: the new bias is f·(bias − mean) + β."""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, (bias - mean) * factor


@misconception("6.8")
@_not_in_the_model
def beta_scaled(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You multiplied β by the factor; it is added after the scaling: f·(bias − mean) + β."""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, (bias - mean + beta) * factor


@misconception("6.8")
@_not_in_the_model
def mean_added(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You added the mean; normalisation subtracts it: f·(bias − mean) + β."""
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, (bias + mean) * factor + beta


@misconception("6.8")
@_not_in_the_model
def gamma_forgotten(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You left γ out: the factor is γ/√(variance + ε)."""
    return correct_fold_batch_norm(kernel, bias, np.ones_like(gamma), beta, mean, variance, epsilon)


@misconception("6.8")
@_not_in_the_model
def input_axis(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You scaled the kernel along its inputs; a normalisation belongs to the units, the *last* axis. (With a
    square kernel nothing but the numbers shows it.)
    """
    factor = gamma / np.sqrt(variance + epsilon)
    shape = (len(factor), 1)
    return kernel * factor.reshape(shape), (bias - mean) * factor + beta


@misconception("6.8")
@_not_in_the_model
def kernel_left_alone(kernel, bias, gamma, beta, mean, variance, epsilon=1e-3):
    """You changed only the bias: the factor belongs to the kernel, too."""
    return kernel, correct_fold_batch_norm(kernel, bias, gamma, beta, mean, variance, epsilon)[1]


def _copied(model, keep, fold, own_epsilon=True, biases=True):
    """The walk of the reference with other decisions: which layers are kept, and into which others are folded."""
    layers, weights = [], []
    for layer in model.layers:
        values = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            if layers and fold(layers[-1]):
                epsilon = layer.epsilon if own_epsilon else 1e-3
                weights[-1] = list(correct_fold_batch_norm(*weights[-1], *values, epsilon=epsilon))
                continue
            if not keep(layer):
                continue
        settings = layer.get_config()
        if biases and len(values) == 1:
            settings["use_bias"] = True
            values.append(np.zeros(values[0].shape[-1]))
        layers.append(type(layer).from_config(settings))
        weights.append(values)
    copy = keras.Sequential([keras.Input(model.input_shape[1:]), *layers])
    for layer, values in zip(layers, weights, strict=True):
        layer.set_weights(values)
    return copy


def _sums(layer):
    return isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D))


def _linear(layer):
    return _sums(layer) and layer.activation is keras.activations.linear


@misconception("6.8", replaces="fold_model")
def folded_through_an_activation(model):
    """You folded a normalisation into a layer that has an activation of its own: relu(f·h + c) is not
    f·relu(h) + c. Fold only where the activation is linear.
    """
    return _copied(model, keep=lambda layer: True, fold=_sums)


@misconception("6.8", replaces="fold_model")
def default_epsilon_everywhere(model):
    """You folded with ε = 0.001; a normalisation may have another one: layer.epsilon."""
    return _copied(model, keep=lambda layer: True, fold=_linear, own_epsilon=False)


@misconception("6.8", replaces="fold_model")
def fails_without_a_bias(model):
    """A layer with use_bias=False has only a kernel; its folded one needs a bias: start from zeros, and set
    use_bias.
    """
    return _copied(model, keep=lambda layer: True, fold=_linear, biases=False)


@misconception("6.8", replaces="fold_model")
def all_normalisations_dropped(model):
    """You left out normalisations that cannot be folded, so the outputs change: one that comes first or after
    an activation must stay.
    """
    return _copied(model, keep=lambda layer: False, fold=_linear)


@misconception("6.8", replaces="fold_model")
def dropped_without_folding(model):
    """You left the normalisations out without folding them in: the model has forgotten what they did."""
    return _copied(model, keep=lambda layer: False, fold=lambda layer: False)


@misconception("6.8", replaces="fold_model")
def left_unfolded(model):
    """The answers are right because nothing was folded: the normalisations are all still there."""
    return _copied(model, keep=lambda layer: True, fold=lambda layer: False)


@misconception("6.8", replaces="fold_model")
def only_one_of_a_row(model):
    """Of two normalisations in a row you folded only the first: after it is gone, the second comes directly
    after the layer, too.
    """
    folded, before = set(), None
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and before is not None and _linear(before):
            folded.add(layer.name)
        before = layer
    layers, weights = [], []
    for layer in model.layers:
        values = layer.get_weights()
        if layer.name in folded:
            weights[-1] = list(correct_fold_batch_norm(*weights[-1], *values, epsilon=layer.epsilon))
            continue
        settings = layer.get_config()
        if len(values) == 1:
            settings["use_bias"] = True
            values.append(np.zeros(values[0].shape[-1]))
        layers.append(type(layer).from_config(settings))
        weights.append(values)
    copy = keras.Sequential([keras.Input(model.input_shape[1:]), *layers])
    for layer, values in zip(layers, weights, strict=True):
        layer.set_weights(values)
    return copy


@misconception("6.8", replaces="fold_model")
def layers_of_the_given_model_reused(model):
    """You put the given model's own layers into the new one and changed their weights, so the given model is
    spoilt: make new layers, type(layer).from_config(layer.get_config()).
    """
    layers = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and layers and _linear(layers[-1]):
            before = layers[-1]
            values = before.get_weights()
            bias = values[1] if len(values) == 2 else np.zeros(values[0].shape[-1])
            kernel, bias = correct_fold_batch_norm(
                values[0], bias, *layer.get_weights(), epsilon=layer.epsilon
            )
            if not before.use_bias:
                settings = before.get_config() | {"use_bias": True}
                layers[-1] = type(before).from_config(settings)
                layers[-1].build(
                    (None, *model.input_shape[1:]) if len(layers) == 1 else layers[-2].output.shape
                )
            layers[-1].set_weights([kernel, bias])
        else:
            layers.append(layer)
    return keras.Sequential([keras.Input(model.input_shape[1:]), *layers])
