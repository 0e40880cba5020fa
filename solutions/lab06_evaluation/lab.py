# labkit: lab06_evaluation

# %% [markdown]
# # Lab 06: Evaluation: what a number is worth
#
# "Ours reaches 92.0 %, theirs 91.8 %." Is that better, or luck? Would it be 92.0 % on other digits, too? And may one
# believe the network when it says "I am 99 % sure"? After this lab you can
#
# - read a confusion matrix, and precision, recall and top-k numbers (6.1, 6.2);
# - report an accuracy with its interval, and say whether a difference is real (6.3, 6.4);
# - correct a network's confidence, and say what a vote of networks is worth (6.5, 6.6);
# - find the usual leaks in somebody's data, and keep the test set for the end (6.7);
# - remove batch normalisation from a finished network without changing an answer (6.8).
#
# **You should know** softmax, cross-entropy (lab 01) and NumPy's indexing; for 6.8 also what a `Dense` and a `Conv2D`
# layer are. Nothing is trained for points here. About three and a half hours in all:
#
# | question | minutes | points | of these on hidden inputs |
# |---|---|---|---|
# | 6.1 Confusion, precision, recall | 20 | 10 | 3 |
# | 6.2 Top-k error | 15 | 10 | 3 |
# | 6.3 Intervals | 35 | 14 | 5 |
# | 6.4 Is the difference real? | 25 | 14 | 6 |
# | 6.5 Confidence | 35 | 16 | 5 |
# | 6.6 Votes | 20 | 10 | 2 |
# | 6.7 Leaks, and the test set | 30 | 14 | 4 |
# | 6.8 Folding batch normalisation | 25 | 12 | 3 |
#
# **Allowed**: NumPy, Python's own `math` and `statistics`, and SciPy (`scipy.stats` knows the normal and the binomial
# distribution). scikit-learn can do 6.1; you learn more if you do it first and compare afterwards.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this file.
# Rows are examples. Labels and predictions may have any integer type, `uint8` too, as MNIST's have. Your functions
# never change their arguments. The cells tagged `explore` load digits, train and draw; they are not graded. The
# slowest of them, five networks in 6.5, takes about twenty seconds.
#
# The lectures: Loiseau, "ImageNet Large Scale Visual Recognition Challenge"; Facciolo, "Overfitting and validation"
# and "Batch normalization"; Fromont, "Batch normalization"; the EPFL crash course on AlexNet.

# %%
from __future__ import annotations

import math
import statistics

import keras
import numpy as np

import labkit

# %% [markdown]
# One classifier goes with us to the end: the softmax regression of lab 01, trained for ten epochs, of which we also
# keep the state after five. Its *logits* (scores before softmax) on the 10,000 test digits are all that we need.

# %% tags=["explore"]
mnist = labkit.data.load_mnist()
x_train = mnist.x_train.reshape(-1, 784).astype("float32") / 255
x_test = mnist.x_test.reshape(-1, 784).astype("float32") / 255


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities from logits, row by row."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def beside(what: str, expected: object, yours: object) -> None:
    """Print what can be found on paper, and your answer beside it."""
    print(f"{what}: expected {expected}, yours {yours}")


weights, bias, targets = (
    np.zeros((784, 10), np.float32),
    np.zeros(10, np.float32),
    np.eye(10, dtype="float32"),
)
logits_after = {}  # number of epochs -> (10000, 10)
for epoch in range(1, 11):
    for start in range(0, 60_000, 100):
        x, t = x_train[start : start + 100], targets[mnist.y_train[start : start + 100]]
        error = (softmax(x @ weights + bias) - t) / 100
        weights, bias = weights - 0.2 * (x.T @ error), bias - 0.2 * error.sum(axis=0)
    logits_after[epoch] = x_test @ weights + bias

labels, logits = mnist.y_test, logits_after[10]
predictions = logits.argmax(axis=1)
right_5, right_10 = (logits_after[epoch].argmax(axis=1) == labels for epoch in (5, 10))
print(f"after 5 epochs {right_5.mean():.2%} right, after 10 epochs {right_10.mean():.2%}")

# %% [markdown]
# ## 6.1 Confusion, precision, recall
#
# An accuracy is one number for ten classes. The **confusion matrix** keeps them apart: row $i$, column $j$ counts the
# examples of class $i$ that were taken for $j$. What is right stands on the diagonal. From it come three numbers for
# each class $c$:
#
# $$\text{precision} = \frac{M_{cc}}{\sum_i M_{ic}}, \qquad
# \text{recall} = \frac{M_{cc}}{\sum_j M_{cj}}, \qquad
# F_1 = \frac{2 \cdot \text{precision} \cdot \text{recall}}{\text{precision} + \text{recall}} .$$
#
# Of all that was *called* a 5, how much was one (precision, down the column)? Of all that *were* a 5, how many were
# found (recall, along the row)? $F_1$ is their harmonic mean: it is small as soon as one of the two is. Where nothing
# can be said, because a class was never predicted or never occurs, 0/0 counts 0 here.
#
# By hand: labels (0, 0, 0, 1, 1, 2), predictions (0, 1, 0, 1, 1, 1), three classes. Class 1 was called four times and
# rightly twice: precision 1/2; both of its examples were found: recall 1; $F_1 = 2 \cdot \frac12 / \frac32 = 2/3$.
# Class 2 was never called.


# %%
def confusion(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """How often each class was taken for which.

    labels : (n,) integers of any type, from 0 to num_classes - 1: the true classes
    predictions : (n,) integers of any type, from 0 to num_classes - 1
    num_classes : k; a class may be absent from both
    returns : (k, k) integers; row = true class, column = predicted class; they sum to n
    """
    # BEGIN SOLUTION
    matrix = np.zeros((num_classes, num_classes), dtype=int)
    np.add.at(matrix, (labels, predictions), 1)  # `matrix[labels, predictions] += 1` counts equal pairs once
    return matrix
    # END SOLUTION


# %%
def precision_recall_f1(matrix: np.ndarray) -> np.ndarray:
    """Precision, recall and F1 of each class.

    matrix : (k, k) integers, row = true class, column = predicted class
    returns : (k, 3) float, a row for each class: precision, recall, F1; 0/0 counts 0
    """
    # BEGIN SOLUTION
    right, called, present = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    precision = right / np.maximum(called, 1)  # where nothing was called, nothing was right
    recall = right / np.maximum(present, 1)
    f1 = 2 * right / np.maximum(called + present, 1)  # the same harmonic mean, without fractions of fractions
    return np.stack([precision, recall, f1], axis=1)
    # END SOLUTION


# %% tags=["explore"]
small = confusion(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 1, 1]), 3)
beside("confusion", [[2, 1, 0], [0, 2, 0], [0, 1, 0]], small.tolist())
beside(
    "precision, recall, F1",
    [[1, 0.667, 0.8], [0.5, 1, 0.667], [0, 0, 0]],
    precision_recall_f1(small).round(3).tolist(),
)

# %% [markdown]
# Now the real thing. Which two digits are mixed up most often, and is the mistake as frequent the other way round? Of
# which class would you trust a prediction least, and which class is overlooked most often? They need not be the same.

# %% tags=["explore"]
matrix = confusion(labels, predictions, 10)
scores = precision_recall_f1(matrix)
errors = np.where(np.eye(10, dtype=bool), 0, matrix)

figure = labkit.plots.Figure(figsize=(11, 5), layout="constrained")
figure.suptitle(f"Softmax regression on the test digits: {np.trace(matrix) / matrix.sum():.2%} right")
left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
shades = left.imshow(errors, cmap="Greys", vmax=1.3 * errors.max())
for row, column in np.ndindex(10, 10):
    weight = "bold" if row == column else "normal"
    color = "white" if errors[row, column] > 0.6 * errors.max() else "black"
    left.text(
        column, row, matrix[row, column], ha="center", va="center", fontsize=8, color=color, weight=weight
    )
left.set(xlabel="predicted class", ylabel="true class", xticks=range(10), yticks=range(10))
figure.colorbar(shades, ax=left, shrink=0.8, label="errors (images)")
for column, (name, marker) in enumerate((("precision", "o"), ("recall", "s"), ("F1", "|"))):
    fill = "white" if name == "recall" else "black"
    right.plot(scores[:, column], range(10), marker, color="black", markerfacecolor=fill, label=name)
right.hlines(range(10), scores[:, :2].min(axis=1), scores[:, :2].max(axis=1), color="0.7", zorder=0)
right.axvline(right_10.mean(), color="0.4", linestyle=":", label="accuracy")
right.set(ylabel="class", xlabel="share (1 = all)", yticks=range(10), ylim=(9.5, -0.5), xlim=(0.8, 1))
right.legend(frameon=False, loc="upper left")
figure.show()

# %% [markdown]
# And the mistakes of which the classifier is most sure. Some labels are doubtful; most digits are perfectly clear.

# %% tags=["explore"]
labkit.plots.confident_errors(mnist.x_test, labels, softmax(logits), count=25).show()


# %% tags=["quiz"]
def quiz_6_1() -> str:
    """Of 10,000 digits a filter for sevens calls 100 a seven. All 100 are, but there are 1,000 sevens. What is true?

    a) Its precision is 1, its recall 0.1.
       -> All that it called is right; of what there was it found a tenth.
    b) Its precision is 0.1, its recall 1.
       -> The other way round: precision asks about what was called, recall about what there was.
    c) Its F1 is 0.55.
       -> That is the arithmetic mean of 1 and 0.1. The harmonic mean does not let the better one make up for the worse.
    d) Its F1 is about 0.18.
       -> 2 · 1 · 0.1 / 1.1 = 0.18: nearly as bad as the worse of the two.
    """
    # BEGIN SOLUTION
    return "ad"
    # END SOLUTION


# %% [markdown]
# ## 6.2 Top-k error
#
# With 1,000 classes, of which 120 are breeds of dogs, being right in the first guess is much to ask. ImageNet's
# challenge (Loiseau, "ImageNet Large Scale Visual Recognition Challenge") therefore counts an image as wrong only if
# its class is not among the *five* with the highest scores:
#
# $$\text{top-}k\text{ error} = \frac{1}{n}\, \bigl|\{ i : y_i \text{ not among the } k \text{ best of row } i\}\bigr|$$
#
# Two cases decide whether the number can be trusted. **Ties**: a broken network that gives all classes the same score
# must not be called right, so a tie counts *against* it: the label is among the first $k$ only if fewer than $k$
# *other* classes have at least its score. **NaN**: a row that holds a NaN is an error, whatever $k$ is. (Comparisons
# with NaN are False, and `argmax` and `argsort` take NaN for the largest number there is.)
#
# By hand, $k = 2$, scores (5, 1, 3, 2): the labels 0 and 2 are right, 3 and 1 are wrong. Scores (1, 1, 1, 1): wrong
# for every label, as long as $k < 4$.
#
# <details><summary>Erratum: 16.4 % or 15.3 %?</summary>
#
# For AlexNet Loiseau's slide says 16.4 %, the EPFL slide 15.3 %, and both are true: 16.4 % is the model trained on
# ImageNet 2012 alone, 15.3 % had seen more data. "More than 10.8 % lower than the runner up" is 26.2 − 15.3 = 10.9
# percentage points. And the challenge did not end in 2015; it ran until 2017.
#
# </details>


# %%
def top_k_error(scores: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Share of the rows whose label is not among the k best scores.

    scores : (n, K) float: logits or probabilities, larger is better; may hold ties and NaN
    labels : (n,) integers of any type, from 0 to K - 1
    k : 1 or more; may be K or more, then only rows with a NaN are errors
    returns : a number from 0 to 1; ties count against the classifier, rows with a NaN are errors
    source : Loiseau, "ImageNet Large Scale Visual Recognition Challenge"
    """
    # BEGIN SOLUTION
    own = scores[np.arange(len(labels)), labels]
    rivals = (scores >= own[:, None]).sum(axis=1) - 1  # the label itself is not its own rival
    wrong = (rivals >= k) | np.isnan(scores).any(axis=1)
    return float(wrong.mean())
    # END SOLUTION


# %% tags=["explore"]
one_row = np.array([[5.0, 1.0, 3.0, 2.0]])
for label, expected in enumerate((0.0, 1.0, 0.0, 1.0)):
    beside(
        f"top-2 error of (5, 1, 3, 2), label {label}", expected, top_k_error(one_row, np.array([label]), 2)
    )
beside("ten equal scores, k = 5", 1.0, top_k_error(np.ones((1, 10)), np.array([0]), 5))

# %% [markdown]
# On the test digits you should find 7.99, 3.06, 1.77, 0.98 and 0.54 % for $k$ = 1 to 5. Of what the
# classifier gets wrong, more than half was its second choice.

# %% tags=["explore"]
ranks = np.arange(1, 11)
top_k = [100 * top_k_error(logits, labels, int(k)) for k in ranks]
print(", ".join(f"{value:.2f}" for value in top_k[:5]), "%")
figure = labkit.plots.Figure(figsize=(8, 4), layout="constrained")
figure.suptitle("Top-k error of softmax regression, and of guessing")
axis = figure.subplots()
axis.plot(ranks[:9], 100 - 10 * ranks[:9], "s--", color="0.5", label="guessing: 100 − 10 k")
axis.plot(ranks[:9], top_k[:9], "o-", color="black", label="softmax regression")
for k in range(5):
    axis.annotate(f"{top_k[k]:.2f}", (ranks[k], top_k[k]), (5, 5), textcoords="offset points", fontsize=9)
axis.set(xlabel="k: guesses allowed", ylabel="error (%)", yscale="log", xticks=ranks[:9])
axis.set_yticks((0.01, 0.1, 1, 10, 100), ("0.01", "0.1", "1", "10", "100"))
axis.legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_6_2() -> str:
    """Training has diverged: for every image a network gives ten times NaN. What should its accuracy be called?

    a) About 0.1, as for guessing.
       -> It does not guess. But `argmax` says 0 for such a row, and that is how this number comes about.
    b) 0.098, the share of the zeros among the test digits.
       -> That is what `argmax` makes of it: it takes NaN for the largest number, and the first one wins.
    c) 1: no other class has a higher score.
       -> No comparison with NaN is true, so no rival is found, and a careless top-k calls every image right.
    d) 0: it says nothing about any image.
       -> A row with a NaN is an error. Treat it as one before you compare or sort.
    """
    # BEGIN SOLUTION
    return "d"
    # END SOLUTION


# %% [markdown]
# ## 6.3 Intervals
#
# 92.01 % of *these* 10,000 digits. Other 10,000 would have given another number; how different? Each test image is a
# coin that shows "right" with an unknown probability $p$, and $n$ tosses give the share $\hat p$ with the standard
# error $\sqrt{p(1-p)/n}$. There are two ways to an interval.
#
# **The bootstrap** asks the data themselves. Draw $n$ of your $n$ rows *with* replacement (some come twice, some not at
# all) and note the accuracy; do that 2,000 times. The middle 95 % of those accuracies are the interval: from their
# percentile $(1 - \text{level})/2$ to $(1 + \text{level})/2$. It needs no formula, and works for F1 or an AUC as
# well. But if all 50 of 50 are right, every resample is all right, too: [1, 1], which is absurd.
#
# **Wilson's interval** (1927) asks which $p$ could have given this $\hat p$: all those for which $\hat p$ lies within
# $z$ standard errors *of that* $p$. Solving the quadratic equation gives
#
# $$\frac{\hat p + \frac{z^2}{2n} \pm z \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{z^2}{4n^2}}}{1 + \frac{z^2}{n}} ,$$
#
# cut to [0, 1], where $z$ is the standard normal quantile of $(1 + \text{level})/2$: 1.96 for 95 %.
#
# By hand: 8 of 10 right, level 95 %. $z^2 = 3.8415$, so the middle is $(0.8 + 0.19207)/1.38415 = 0.71674$ and half the
# width $1.95996 \sqrt{0.016 + 0.0096036}/1.38415 = 0.22658$: the interval is **[0.4902, 0.9433]**. Ten images say
# next to nothing.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: what to draw</summary>
#
# All that you need of a resample is how many of its rows are right. Drawing rows gives it; so does one random number.
#
# </details>
# <details><summary>Hint 2: functions</summary>
#
# `np.random.default_rng(seed)`, then `rng.integers(0, n, size=(resamples, n))` for row numbers; `np.quantile`. The
# quantile of the normal distribution is `statistics.NormalDist().inv_cdf(...)` or `scipy.stats.norm.ppf(...)`.
#
# </details>
# <details><summary>Hint 3: the key lines</summary>
#
# The number of right rows among n drawn with replacement is binomial: `rng.binomial(n, correct.mean(),
# size=resamples)`. Then `np.quantile(shares, [(1 - level) / 2, (1 + level) / 2])`.
#
# </details>


# %%
def bootstrap_interval(
    correct: np.ndarray, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """An interval for the accuracy, from the accuracies of resamples.

    correct : (n,) bool: which rows are right
    level : share of the resamples' accuracies that lie within
    resamples : how often n rows are drawn, with replacement
    seed : the same seed gives the same interval, another seed another one; how you draw is free
    returns : (low, high): percentiles (1 - level)/2 and (1 + level)/2 of the resamples' accuracies
    """
    # BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    n = len(correct)
    accuracies = rng.binomial(n, np.mean(correct), size=resamples) / n  # right rows among n drawn
    low, high = np.quantile(accuracies, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
    # END SOLUTION


# %%
def wilson_interval(right: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval for an accuracy.

    right : number of right answers, 0 to n
    n : number of answers, at least 1
    level : how often the interval should hold the truth
    returns : (low, high), within [0, 1]
    source : Wilson (1927), the formula above
    """
    # BEGIN SOLUTION
    z, p = statistics.NormalDist().inv_cdf((1 + level) / 2), right / n
    middle = p + z**2 / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
    # END SOLUTION


# %% tags=["explore"]
def rounded(interval: tuple[float, float], digits: int = 4) -> tuple[float, float]:
    return round(float(interval[0]), digits), round(float(interval[1]), digits)


beside("Wilson, 8 of 10", (0.4902, 0.9433), rounded(wilson_interval(8, 10)))
beside("Wilson, 8 of 10, level 90 %", (0.5408, 0.9314), rounded(wilson_interval(8, 10, 0.9)))
beside("Wilson, 50 of 50", (0.9287, 1.0), rounded(wilson_interval(50, 50)))
beside("bootstrap, 50 of 50", (1.0, 1.0), rounded(bootstrap_interval(np.ones(50, bool))))

# %% [markdown]
# How many test images does one need? Take 10, 30, 100 … of the test digits at random: the intervals get narrower
# with $1/\sqrt n$, so half the width costs four times the images. And the two agree as soon as there are some errors to
# resample. (At random, because the test digits are not in random order: of the first 5,000 this classifier has 89.5 %
# right, of the others 94.5 %. "The first 1,000" would not be a fair sample.)

# %% tags=["explore"]
shuffled = right_10[np.random.default_rng(6).permutation(10_000)]
counts = [10, 30, 100, 300, 1000, 3000, 10_000]
wilson = np.array([wilson_interval(int(shuffled[:n].sum()), n) for n in counts])
booted = np.array([bootstrap_interval(shuffled[:n]) for n in counts])
for n, one, other in zip(counts, wilson, booted, strict=True):
    print(f"{n:6,} digits: {shuffled[:n].mean():.2%}, Wilson {rounded(one)}, bootstrap {rounded(other)}")

figure = labkit.plots.Figure(figsize=(8.5, 4.2), layout="constrained")
figure.suptitle("The accuracy on n test digits drawn at random, with 95 % intervals")
axis = figure.subplots()
for (low, high), shift, style, name in ((wilson.T, 0.94, "o", "Wilson"), (booted.T, 1.06, "s", "bootstrap")):
    middle = [shuffled[:n].mean() for n in counts]
    bars = [np.subtract(middle, low), np.subtract(high, middle)]
    fill = "black" if name == "Wilson" else "white"
    axis.errorbar(
        np.multiply(counts, shift), middle, bars, fmt=style, color="black", mfc=fill, capsize=4, label=name
    )
axis.axhline(right_10.mean(), color="0.5", linestyle=":", label="all 10,000 digits")
axis.set(xscale="log", xlabel="n: test digits used", ylabel="accuracy (1 = all right)")
axis.set_xticks(counts, [f"{n:,}" for n in counts])
axis.legend(frameon=False, loc="lower right")
figure.show()

# %% [markdown]
# What a 95 % interval promises is that of 100 such intervals about 95 hold the truth. Let us see: a classifier that
# is right with probability 0.98 is tested on 100 images, 2,000 times. The textbook's $\hat p \pm z \sqrt{\hat p(1-\hat
# p)/n}$ collapses to a point whenever all 100 are right, as the bootstrap does.

# %% tags=["explore"]
tested = np.random.default_rng(0).binomial(100, 0.98, size=2000)
share = tested / 100
naive = 1.96 * np.sqrt(share * (1 - share) / 100)
holds = [low <= 0.98 <= high for low, high in (wilson_interval(int(count), 100) for count in tested)]
print(f"the truth lies in Wilson's interval in {np.mean(holds):.1%} of the tests,")
print(f"in p ± 1.96 standard errors in {np.mean(np.abs(share - 0.98) <= naive):.1%}")


# %% tags=["quiz"]
def quiz_6_3() -> float:
    """All of 50 test images are right. Above which accuracy, in percent, does the 95 % interval (Wilson) begin?

    tolerance: 0.15
    = 100 -> That is what the bootstrap says, because it can only draw again what it has seen.
    = 98 -> One error in 50 would be 98 %; but a classifier with 95 % is right 50 times in a row quite often, too.
    = 94.2 -> That is 0.05^(1/50), for a one-sided statement; the interval keeps 2.5 % for each side.
    = 95 -> That is the level. The interval for the accuracy begins at 1/(1 + z²/n).
    """
    # BEGIN SOLUTION
    return 92.865
    # END SOLUTION


# %% [markdown]
# ## 6.4 Is the difference real?
#
# After five epochs 91.78 % are right, after ten 92.01 %. Their intervals overlap almost wholly, and yet the difference
# is real. Overlapping bars answer another question: what if the two had been tested on *different* images? They were
# not. Nearly all images are right in both or wrong in both and say nothing about the difference; what counts are the
# rows on which the two differ:
#
# $$b = \text{rows where only } a \text{ is right}, \qquad c = \text{rows where only } b \text{ is right}.$$
#
# If both were equally good, each of these $b + c$ rows would be the toss of a fair coin. **McNemar's exact test** asks
# how probable a result at least as lopsided is, to either side:
#
# $$p = \min\bigl(1,\; 2 \cdot P(X \le \min(b, c))\bigr), \qquad X \sim \text{Binomial}(b + c, \tfrac12),$$
#
# and $p = 1$ where the two never differ. (The textbooks' chi-squared version is an approximation of it, and calls too
# much real: for (60, 40) it says 0.046, the exact test 0.057.) A small $p$ says: a coin would rarely do that. It does
# not say how *large* the difference is, nor how probable it is that $a$ is better.
#
# By hand: $(b, c) = (10, 2)$. $P(X \le 2) = (1 + 12 + 66)/2^{12} = 0.01929$, so $p$ = **0.03857**.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: which rows</summary>
#
# `correct_a & ~correct_b` are the rows where only a is right. All other information in the two arrays is unused.
#
# </details>
# <details><summary>Hint 2: functions</summary>
#
# `scipy.stats.binom.cdf(k, n, 0.5)`, or a sum of `math.comb(n, i)` divided by `2**n`: whole numbers of Python are
# exact, however large.
#
# </details>


# %%
def mcnemar(correct_a: np.ndarray, correct_b: np.ndarray) -> float:
    """The exact two-sided p-value for "both are equally good".

    correct_a, correct_b : (n,) bool: which rows each classifier has right; the same rows in the same order
    returns : a number from 0 to 1; 1 where the two never differ
    """
    # BEGIN SOLUTION
    only_a, only_b = int((correct_a & ~correct_b).sum()), int((correct_b & ~correct_a).sum())
    differ = only_a + only_b
    tail = sum(math.comb(differ, k) for k in range(min(only_a, only_b) + 1))  # exact, whole numbers
    return min(1.0, 2 * tail / 2**differ)
    # END SOLUTION


# %%
def better(correct_a: np.ndarray, correct_b: np.ndarray, level: float = 0.05) -> str:
    """Which of two classifiers is better, if that can be said.

    correct_a, correct_b : (n,) bool: which rows each classifier has right; the same rows in the same order
    level : a difference is real if its p-value is below this
    returns : "a" or "b", the one with more right rows, if the difference is real; else "undecided"
    """
    # BEGIN SOLUTION
    if mcnemar(correct_a, correct_b) >= level:
        return "undecided"
    return "a" if correct_a.sum() > correct_b.sum() else "b"
    # END SOLUTION


# %% tags=["explore"]
def two_classifiers(only_a: int, only_b: int, both: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows that only a, only b, or both have right."""
    a = np.repeat([True, False, True], [only_a, only_b, both])
    return a, np.repeat([False, True, True], [only_a, only_b, both])


for counts_differ, expected in (((10, 2), 0.03857), ((60, 40), 0.05689), ((6, 0), 0.03125), ((5, 5), 1.0)):
    beside(f"p-value of {counts_differ}", expected, round(mcnemar(*two_classifiers(*counts_differ)), 5))
beside("10 against 2 of 10,000", "a", better(*two_classifiers(10, 2, 9_988)))
beside("60 against 40 of 10,000", "undecided", better(*two_classifiers(60, 40, 9_900)))

# %% [markdown]
# Our classifier after five and after ten epochs: on 26 images only the younger one is right, on 49 only the older one.

# %% tags=["explore"]
names, pair = ("5 epochs", "10 epochs"), (right_5, right_10)
only = [int((right_5 & ~right_10).sum()), int((right_10 & ~right_5).sum())]
print(
    f"only one is right: {only[0]} and {only[1]}; p = {mcnemar(*pair):.5f}; better: {better(*pair)} (b = 10 epochs)"
)

figure = labkit.plots.Figure(figsize=(10, 3.6), layout="constrained")
figure.suptitle("The same two classifiers, seen apart and seen as a pair")
left, right = figure.subplots(1, 2)
for row, correct in enumerate(pair):
    low, high = wilson_interval(int(correct.sum()), 10_000)
    middle = correct.mean()
    left.errorbar(
        100 * middle,
        row,
        xerr=[[100 * (middle - low)], [100 * (high - middle)]],
        fmt="o",
        color="black",
        capsize=5,
    )
    left.annotate(f"{middle:.2%}", (100 * middle, row), (0, 9), textcoords="offset points", ha="center")
left.set(yticks=(0, 1), yticklabels=names, ylim=(-0.6, 1.6), xlabel="accuracy (%) with its 95 % interval")
left.set_title("apart: the intervals overlap", fontsize=10)
right.barh((0, 1), only, color=("0.75", "0.35"), edgecolor="black")
right.axvline(sum(only) / 2, color="black", linestyle=":")
right.annotate(
    "a fair coin", (sum(only) / 2, 1.45), (4, 0), textcoords="offset points", va="center", fontsize=9
)
for row, count in enumerate(only):
    right.annotate(count, (count, row), (4, 0), textcoords="offset points", va="center")
right.set(yticks=(0, 1), yticklabels=[f"only {name}" for name in names], ylim=(-0.6, 1.6), xlim=(0, 60))
right.set(xlabel="test digits on which only this one is right")
right.set_title(f"as a pair: p = {mcnemar(*pair):.3f}", fontsize=10)
figure.show()


# %% tags=["quiz"]
def quiz_6_4() -> str:
    """Two networks have 99.0 % and 99.2 % of the same 10,000 images right. What decides whether that is real?

    a) Whether their 95 % intervals overlap.
       -> They do (99.0 % of 10,000 is good to ± 0.2), and that says little: the same images were used for both.
    b) On how many images the two differ.
       -> 20 to 0 would be certain (p = 0.000002), 510 to 490 nothing at all; both are a difference of 20 images.
    c) Nothing: 20 images of 10,000 are always luck.
       -> Not if the two differ on 20 images only, all of them in favour of the same one.
    d) Nothing: with 10,000 images every difference is real.
       -> Two networks that differ on 1,000 images are easily 20 apart by luck.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% tags=["quiz"]
def quiz_6_4_p() -> str:
    """McNemar's test of a and b gives p = 0.03. What does that say?

    a) With probability 97 % a and b differ.
       -> It is the probability of such data if they do not differ, not the probability of a difference given the data.
    b) The better one is better by 3 %.
       -> The p-value grows with the data, too: with many images a tiny difference has a tiny p.
    c) If both were equally good, a result as lopsided as this one would come about in 3 % of the tests.
       -> That, and nothing more. Who tests forty pairs finds one such by luck.
    d) The result will repeat in 97 % of all trainings.
       -> It speaks of these two trained networks. Two trainings of one recipe often differ "really".
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## 6.5 Confidence
#
# A network answers with probabilities. Are they? Of all digits for which it says "90 %", nine of ten should be right.
# The **confidence** of an answer is its largest probability. Sort the answers into `bins` equal intervals of
# confidence, bin $i$ (from 0) holding those in $(i/\text{bins}, (i+1)/\text{bins}]$, and compare in each the mean
# confidence with the accuracy. The **expected calibration error** sums up the gaps, each weighted by how many rows
# are there:
#
# $$\text{ECE} = \sum_i \frac{n_i}{n}\, \bigl|\,\text{accuracy}_i - \text{confidence}_i\,\bigr| .$$
#
# By hand, two bins, four rows of two classes: (0.9, 0.1) and (0.3, 0.7), both right; (0.8, 0.2), wrong; and (0.5,
# 0.5) with label 0, right, because the answer is the first class that has the largest probability. The last row lies
# in $(0, \frac12]$, the others in $(\frac12, 1]$ with mean confidence 0.8 and accuracy 2/3: ECE $= \frac14 \cdot |1 -
# 0.5| + \frac34 \cdot |\frac23 - 0.8|$ = **0.225**.
#
# What can be done? Divide the logits by one number $T$, the **temperature**, before softmax. $T > 1$ makes all
# probabilities more modest, $T < 1$ bolder, and the order of the classes, so the accuracy, stays. The best $T$ is the
# one for which the cross-entropy $L(T) = -\frac1n \sum_i \ln \mathrm{softmax}(u_i/T)_{y_i}$ is smallest. One number
# is fitted, on digits that were *not* trained on. (Fitting to the ECE instead is a trap: it is a step function of
# $T$, full of holes.)
#
# By hand: two classes, logits $(2 \ln 3, 0)$ in four rows, three labels 0 and one label 1. The network says
# $9/10$, the truth is $3/4$: $\sigma(2 \ln 3 / T) = 3/4$ gives **T = 2**.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: into which bin?</summary>
#
# A confidence c lies in bin `ceil(c * bins) - 1`: the right end belongs to the bin, the left one does not. For counts
# and sums per bin, `np.bincount` takes `weights=` and `minlength=`.
#
# </details>
# <details><summary>Hint 2: finding T</summary>
#
# The loss has one valley. Try many T in [0.05, 20] whose ratios are all the same, `np.geomspace(0.05, 20, 1000)`, and
# take the best: neighbours lie 0.6 % apart. Or bisect: as a function of β = 1/T the loss is convex.
#
# </details>
# <details><summary>Hint 3: the slope</summary>
#
# With p = softmax(β u) the derivative of the loss by β is the mean over the rows of Σⱼ pⱼ uⱼ − u_y: the logit expected
# minus the logit of the label. Where it is negative, β is too small.
#
# </details>


# %%
def calibration(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> dict:
    """How confident the answers are, and how often they are right.

    probabilities : (n, k) float, rows sum to 1; the answer is the first class with the largest probability
    labels : (n,) integers of any type
    bins : number of equal intervals of confidence; number i is (i/bins, (i+1)/bins]
    returns : dict with "ece", a number, and three arrays of length bins: "confidence" and "accuracy", means of the rows
        in a bin, 0 where it is empty; "count", integers
    source : Guo et al., "On calibration of modern neural networks" (2017)
    """
    # BEGIN SOLUTION
    confidence = probabilities.max(axis=1).astype(float)
    right = probabilities.argmax(axis=1) == labels
    place = np.ceil(confidence * bins).astype(int) - 1
    count = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, weights=values, minlength=bins) for values in (confidence, right)]
    mean_confidence, accuracy = (total / np.maximum(count, 1) for total in sums)
    ece = float((count / len(labels) * np.abs(accuracy - mean_confidence)).sum())
    return {"ece": ece, "confidence": mean_confidence, "accuracy": accuracy, "count": count}
    # END SOLUTION


# %%
def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The T for which softmax(logits / T) has the smallest mean cross-entropy.

    logits : (n, k) float, of any size
    labels : (n,) integers of any type
    returns : T in [0.05, 20], to 1 %; the minimum lies inside
    source : Guo et al., "On calibration of modern neural networks" (2017)
    """
    # BEGIN SOLUTION
    logits = logits - logits.max(axis=1, keepdims=True)
    own = logits[np.arange(len(labels)), labels]
    low, high = 1 / 20, 1 / 0.05  # of beta = 1 / T, in which the loss is convex
    for _ in range(30):
        beta = math.sqrt(low * high)
        exponentials = np.exp(beta * logits)
        expected = (exponentials * logits).sum(axis=1) / exponentials.sum(axis=1)
        if (expected - own).mean() < 0:  # the slope of the loss by beta
            low = beta
        else:
            high = beta
    return 1 / math.sqrt(low * high)
    # END SOLUTION


# %% tags=["explore"]
four = np.array([[0.9, 0.1], [0.3, 0.7], [0.8, 0.2], [0.5, 0.5]])
found = calibration(four, np.array([0, 1, 1, 0]), bins=2)
beside("ECE of the four rows", 0.225, round(found["ece"], 4))
beside("confidence in the bins", [0.5, 0.8], np.round(found["confidence"], 4).tolist())
beside("accuracy in the bins", [1.0, 0.6667], np.round(found["accuracy"], 4).tolist())
beside("count in the bins", [1, 3], list(map(int, found["count"])))
beside(
    "temperature of (2 ln 3, 0), right three times of four",
    2.0,
    round(temperature(np.tile([2 * math.log(3), 0.0], (4, 1)), np.array([0, 0, 0, 1])), 2),
)

# %% [markdown]
# Now two real classifiers. Softmax regression on 60,000 digits is a little too modest: mean confidence 0.907, accuracy
# 0.920, ECE 0.0154. The opposite is the rule: a network with one hidden layer that has learned 2,000 digits by heart in
# 30 epochs says 0.956 and has 0.915 right. (Five of them are trained, because 6.6 lets them vote. Lab 04 says what Adam
# is; here it is a way to train.) The temperature is fitted on 10,000 digits that no network has seen, and not the
# test digits.


# %% tags=["explore"]
def logits_of_a_network(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits of 784-256-10, trained on 2,000 digits: of 10,000 other training digits, and of the test digits."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [keras.Input((784,)), keras.layers.Dense(256, activation="relu"), keras.layers.Dense(10)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss)
    labkit.fit(model, x_train[:2000], mnist.y_train[:2000], batch_size=32, epochs=30, verbose=0)
    return tuple(model.predict(x, batch_size=1000, verbose=0) for x in (x_train[50_000:], x_test))


networks = [logits_of_a_network(seed) for seed in range(5)]
fitted_on, overfitted = networks[0]
warmth = temperature(fitted_on, mnist.y_train[50_000:])
regression = calibration(softmax(logits), labels)
print(f"softmax regression: ECE {regression['ece']:.4f}, temperature {temperature(logits, labels):.3f}")

figure = labkit.plots.Figure(figsize=(10, 4.6), layout="constrained")
figure.suptitle("A network that has overfitted 2,000 digits, before and after its temperature")
for axis, divisor in zip(figure.subplots(1, 2, sharey=True), (1.0, warmth), strict=True):
    found = calibration(softmax(overfitted / divisor), labels)
    filled = found["count"] > 0
    axis.plot((0, 1), (0, 1), color="0.5", linestyle=":", label="says what is so")
    axis.bar(
        (np.arange(10) + 0.5) / 10,
        found["accuracy"],
        0.1,
        color="0.85",
        edgecolor="0.4",
        label="right (share)",
    )
    axis.plot(
        found["confidence"][filled],
        found["accuracy"][filled],
        "o-",
        color="black",
        label="mean confidence of a bin",
    )
    for place in np.flatnonzero(filled):
        axis.text((place + 0.5) / 10, 0.02, f"{found['count'][place]:,}", ha="center", fontsize=8)
    axis.set(
        xlabel="confidence (largest probability); at the foot: digits in the bin", xlim=(0, 1), ylim=(0, 1.02)
    )
    axis.set_title(f"T = {divisor:.2f}: ECE {found['ece']:.4f}", fontsize=10)
figure.axes[0].set_ylabel("accuracy (1 = all right)")
figure.axes[0].legend(frameon=False, loc="upper left")
figure.show()


# %% tags=["quiz"]
def quiz_6_5() -> str:
    """You divide a network's logits by the temperature 2 before softmax. What changes?

    a) Some of its answers.
       -> Division by a positive number keeps the order of the logits, so the largest stays the largest.
    b) The confidence of its answers.
       -> All probabilities of a row move towards each other: it says the same, more modestly.
    c) Its cross-entropy.
       -> It depends on the probabilities; the best temperature is the one for which it is smallest.
    d) Its accuracy.
       -> No answer changes, so no accuracy does.
    """
    # BEGIN SOLUTION
    return "bc"
    # END SOLUTION


# %% [markdown]
# ## 6.6 Votes
#
# Several networks know more than one; the winning entries of ImageNet's challenge were all ensembles. Two ways to ask
# them:
#
# - **mean**: the class with the largest mean probability. Who is sure counts more.
# - **majority**: everybody names one class (the first with the largest probability), and the class named most often
#   wins. Among equals the one with the largest mean probability.
#
# How much better is a vote? Suppose each of $v$ voters is right with probability $a$ and their errors are
# *independent*. The probability that strictly more than half are right is
#
# $$P = \sum_{r > v/2} \binom{v}{r} a^r (1-a)^{v-r}$$
#
# (Condorcet, 1785). By hand: three voters with $a = 0.6$ give $0.6^3 + 3 \cdot 0.6^2 \cdot 0.4$ = **0.648**. Eleven
# give 0.753, and a hundred and one 0.979. Below one half it turns round: eleven voters with $a = 0.4$ are right in
# 0.247.
#
# A vote by hand: three networks say (0.4, 0.6), (0.45, 0.55) and (0.95, 0.05). Two of three name class 1: the majority
# says **1**. The means are (0.6, 0.4): the mean says **0**, because the third is sure.


# %%
def vote(probabilities: list[np.ndarray], how: str) -> np.ndarray:
    """What several classifiers say together.

    probabilities : a list of (n, k) float, one array for each member
    how : "mean", the class with the largest mean probability; or "majority", the class with most first places (a
        member's first place is its first class with the largest probability), among equals the one with the largest
        mean probability
    returns : (n,) integers, the classes
    """
    # BEGIN SOLUTION
    mean = np.mean(probabilities, axis=0)
    if how == "mean":
        return mean.argmax(axis=1)
    classes = mean.shape[1]
    firsts = sum(np.eye(classes)[member.argmax(axis=1)] for member in probabilities)
    most = firsts == firsts.max(axis=1, keepdims=True)
    return np.where(most, mean, -1).argmax(axis=1)
    # END SOLUTION


# %%
def majority_accuracy(accuracy: float, voters: int) -> float:
    """How often strictly more than half of independent voters are right.

    accuracy : probability, 0 to 1, with which each voter is right
    voters : how many they are, 1 or more; may be even: half of them are no majority
    returns : a probability
    source : Condorcet (1785), the formula above
    """
    # BEGIN SOLUTION
    return sum(
        math.comb(voters, right) * accuracy**right * (1 - accuracy) ** (voters - right)
        for right in range(voters // 2 + 1, voters + 1)
    )
    # END SOLUTION


# %% tags=["explore"]
three_members = [np.array([[0.4, 0.6]]), np.array([[0.45, 0.55]]), np.array([[0.95, 0.05]])]
beside("mean of the three", [0], vote(three_members, "mean").tolist())
beside("majority of the three", [1], vote(three_members, "majority").tolist())
for accuracy, voters, expected in ((0.6, 3, 0.648), (0.6, 101, 0.9791), (0.4, 11, 0.2465)):
    beside(f"{voters} voters of {accuracy}", expected, round(majority_accuracy(accuracy, voters), 4))

# %% [markdown]
# Five networks of one recipe, each about 91.5 % right. If their errors were independent, five would reach 99.5 %.
# Look at what they do reach: their errors are anything but independent, because all of them fail on the same
# difficult digits. The last line of the printout is the correlation of the errors of two networks, on average over
# the pairs.

# %% tags=["explore"]
members = [softmax(test_logits) for _, test_logits in networks]
alone = [float((member.argmax(axis=1) == labels).mean()) for member in members]
reached = {
    how: [float((vote(members[:v], how) == labels).mean()) for v in range(1, 6)]
    for how in ("mean", "majority")
}
promised = [majority_accuracy(float(np.mean(alone)), v) for v in (1, 3, 5)]
wrong = [member.argmax(axis=1) != labels for member in members]
correlation = np.corrcoef(wrong)[np.triu_indices(5, 1)].mean()
print(f"alone {min(alone):.2%} to {max(alone):.2%}; five: mean {reached['mean'][-1]:.2%}, ", end="")
print(f"majority {reached['majority'][-1]:.2%}, promised {promised[-1]:.2%}")
print(f"correlation of the errors {correlation:.2f}")

figure = labkit.plots.Figure(figsize=(8.5, 4.2), layout="constrained")
figure.suptitle("What five networks of one recipe reach together")
axis = figure.subplots()
axis.plot((1, 3, 5), np.multiply(promised, 100), "^:", color="0.4", label="if errors were independent")
axis.plot(range(1, 6), np.multiply(reached["mean"], 100), "o-", color="black", label="mean")
axis.plot(
    range(1, 6), np.multiply(reached["majority"], 100), "s--", color="black", mfc="white", label="majority"
)
axis.axhline(100 * np.mean(alone), color="0.6", linestyle="-.", label="one alone, on average")
axis.set(
    xlabel="networks that vote", ylabel="accuracy on the test digits (%)", xticks=range(1, 6), ylim=(90, 100)
)
axis.legend(frameon=False, loc="upper left")
figure.show()


# %% tags=["quiz"]
def quiz_6_6() -> str:
    """Five networks, each 91.5 % right, vote and reach 91.7 %, although independent voters would reach 99.5 %. Why?

    a) Their errors are not independent: the same digits are difficult for all of them.
       -> Where four of five fail together, a vote changes nothing. Other data or architectures help more than seeds.
    b) Five is too few; with a hundred it would come out.
       -> With correlated errors more voters soon bring nothing: the common errors stay.
    c) The majority was taken; the mean would have reached it.
       -> The two ways differ on a handful of digits. Neither makes errors independent.
    d) The networks have overfitted.
       -> They have, but independent networks with 91.5 % would reach 99.5 % all the same.
    """
    # BEGIN SOLUTION
    return "a"
    # END SOLUTION


# %% [markdown]
# ## 6.7 Leaks, and the test set
#
# "The test set should only be used once, for the final assessment" (Facciolo, "Overfitting and validation"). Numbers
# that are too good usually come from breaking this rule without noticing. Somebody hands you training and test rows,
# as they go into the network. `find_leak` says what is wrong with them; at most one thing is:
#
# - `"duplicates"`: a test row equals a training row in *every* pixel. (Repeated rows within the training part are no
#   leak, nor are images that are nearly the same. MNIST itself has no two equal images.)
# - `"label_pixel"`: some column gives the label away: it has one value for each class and another for every class,
#   over all rows of both parts. (A column that numbers the rows is odd but no such leak, nor is one that knows only
#   half of the label, or only that of the training rows.)
# - `"test_statistics"`: the rows were standardised with statistics of the test rows: every column that is not
#   constant has mean 0 and variance 1 (to 0.001) over the test rows alone, or over *both parts together*. (Over the
#   training rows alone is as it should be: that is how it is done.)
# - `"none"`: none of these.
#
# The other way to break the rule is to *choose* by the test set. `select` does it right: take the model with the
# highest accuracy on the **validation** rows, the first of equals, and report its accuracy on the **test** rows,
# which was not looked at before. By hand: of three models the validation accuracies are 2/4, 3/4, 3/4 and the test
# accuracies 4/4, 2/4, 3/4; then `select` answers (1, 0.5), however much better the other two look.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: equal rows</summary>
#
# Two images are equal if all their pixels are. Rows as tuples, `tuple(row)`, can be put into a `set`, and membership
# is then a matter of one `in`.
#
# </details>
# <details><summary>Hint 2: a pixel that knows the label</summary>
#
# Stack both parts. For each class, find the columns that are constant over its rows. Keep the columns that are
# constant in every class; one of them leaks if its values differ from class to class.
#
# </details>
# <details><summary>Hint 3: statistics</summary>
#
# Check two arrays in the same way: the test rows, and both parts stacked. Leave constant columns out (their variance is
# 0); a pixel that is white in all images proves nothing. All others must fit: `np.all(np.abs(mean) < 1e-3)`.
#
# </details>


# %%
def find_leak(x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray) -> str:
    """What has leaked from the labels or the test rows into the data.

    x_train : (n, d) numbers, bytes or floats, raw or standardised
    y_train : (n,) integers
    x_test : (m, d) numbers of the same kind
    y_test : (m,) integers
    returns : "duplicates", "label_pixel", "test_statistics" or "none"; there is at most one
    source : Facciolo, "Overfitting and validation"; the list above
    """
    # BEGIN SOLUTION
    seen = set(map(tuple, x_train.tolist()))
    if any(tuple(row) in seen for row in x_test.tolist()):
        return "duplicates"

    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    classes = [x[y == c] for c in np.unique(y)]
    constant = np.all([(rows == rows[0]).all(axis=0) for rows in classes], axis=0)  # within every class
    values = np.array([rows[0, constant] for rows in classes])
    if any(len(np.unique(column)) == len(classes) for column in values.T):
        return "label_pixel"

    for rows in (x_test, x):
        moving = rows[:, rows.min(axis=0) < rows.max(axis=0)].astype(float)
        if np.all(np.abs(moving.mean(axis=0)) < 1e-3) and np.all(np.abs(moving.var(axis=0) - 1) < 1e-3):
            return "test_statistics"
    return "none"
    # END SOLUTION


# %%
def select(validation_correct: np.ndarray, test_correct: np.ndarray) -> tuple[int, float]:
    """Choose a model by validation, and say how good it is.

    validation_correct : (models, n) bool: which validation rows each model has right
    test_correct : (models, m) bool: the same for the test rows
    returns : number of the model with the highest validation accuracy, the first of equals; its test accuracy
    source : Facciolo, "Overfitting and validation"
    """
    # BEGIN SOLUTION
    chosen = int(validation_correct.mean(axis=1).argmax())
    return chosen, float(test_correct[chosen].mean())
    # END SOLUTION


# %% tags=["explore"]
def pipeline(leak: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """300 training and 100 test digits as somebody might hand them to you."""
    x, y = mnist.x_train[:400].reshape(400, 784).astype(float), mnist.y_train[:400]
    if leak == "duplicates":
        x[377] = x[5]
    if leak == "label_pixel":
        x[:, 27] = 20 * y  # in the upper right corner, where nobody looks
    statistics_of = x[300:] if leak == "test_statistics" else x[:300]
    deviation = statistics_of.std(axis=0)
    x = (x - statistics_of.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    return x[:300], y[:300], x[300:], y[300:]


for leak in ("none", "duplicates", "label_pixel", "test_statistics"):
    beside("a pipeline", leak, find_leak(*pipeline(leak)))
validated = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]], bool)
beside(
    "three models", (1, 0.5), select(validated, np.array([[1, 1, 1, 1], [0, 1, 0, 1], [1, 1, 1, 0]], bool))
)

# %% [markdown]
# How much does choosing by the test set lie? Take models that know *nothing*: each guesses one of ten classes for
# each of 1,000 images. The best of 1,000 guessers "reaches" about 13 %, a third more than there is. Chosen by
# validation and measured on the test set, it is back near 10 %.

# %% tags=["explore"]
rng = np.random.default_rng(0)
validation_guesses, test_guesses = (rng.random((1000, 1000)) < 0.1 for _ in range(2))
sizes = [1, 3, 10, 30, 100, 300, 1000]
best = [100 * test_guesses[:models].mean(axis=1).max() for models in sizes]
honest = [100 * select(validation_guesses[:models], test_guesses[:models])[1] for models in sizes]
print(f"best of 1,000 guessers {best[-1]:.1f} %, chosen honestly {honest[-1]:.1f} %")

figure = labkit.plots.Figure(figsize=(8.5, 4), layout="constrained")
figure.suptitle("The best of many guessers on 1,000 test images of ten classes")
axis = figure.subplots()
axis.plot(sizes, best, "o-", color="black", label="chosen by the test set")
axis.plot(sizes, honest, "s--", color="black", mfc="white", label="chosen by validation")
axis.axhline(10, color="0.5", linestyle=":", label="what all of them know: nothing")
low, high = wilson_interval(100, 1000)
axis.axhspan(100 * low, 100 * high, color="0.9", zorder=0, label="95 % interval of one guesser")
axis.set(xscale="log", xlabel="models to choose from", ylabel="accuracy on the test images (%)", ylim=(7, 15))
axis.set_xticks(sizes, [f"{models:,}" for models in sizes])
axis.legend(frameon=False, loc="upper left", ncols=2)
figure.show()


# %% tags=["quiz"]
def quiz_6_7() -> str:
    """Twenty settings were tried, the test accuracy of each is in your table, and you report the best. Is that honest?

    a) Yes: every one of the numbers was measured on images that were not trained on.
       -> Each was. But the best of twenty was chosen by the luck it had on these very images.
    b) Yes, if the interval is reported with it.
       -> The interval is for a model that was not chosen by these images; the best of twenty is above it too often.
    c) No, but averaging the twenty would be: it says how good the best setting is.
       -> It says how good the settings are on average, which is another question.
    d) No: the test set has become a validation set, and the number is too high.
       -> Choose by validation, then measure the chosen one, once.
    """
    # BEGIN SOLUTION
    return "d"
    # END SOLUTION


# %% [markdown]
# ## 6.8 Folding batch normalisation
#
# A last kind of evaluation: running the finished network, a million times a day. Batch normalisation (Fromont, "Batch
# normalization"; Facciolo, algorithm 2) uses the batch in training, but "during inference only steps 3 and 4 are
# applied", with the mean and variance that training has left behind:
#
# $$y = \gamma \, \frac{h - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta .$$
#
# Four numbers for each unit, all constant: that is one multiplication and one addition. And $h = Wx + b$ is such a
# thing already. So put both into one layer. With the factor $f = \gamma / \sqrt{\sigma^2 + \varepsilon}$ of each unit,
#
# $$y = f\,(Wx + b - \mu) + \beta = (f W)\, x + \bigl(f\,(b - \mu) + \beta\bigr).$$
#
# The units are the *last* axis of a kernel, in `Dense` (inputs, units) as in `Conv2D` (height, width, inputs, units).
#
# By hand, one input and one unit: kernel 2, bias 1, γ = 6, β = 0.5, mean 4, variance 8.999 and Keras' ε = 0.001 make
# $\sqrt{\sigma^2 + \varepsilon} = 3$ and $f = 2$: the folded kernel is **4**, the bias $2 \cdot (1 - 4) + 0.5$ =
# **−5.5**. For $x = 2$ the old way gives $h = 5$ and $y = 6 \cdot 1/3 + 0.5 = 2.5$, the new one $8 - 5.5 = 2.5$.
#
# `fold_model` does it for a chain of layers. A normalisation that comes *directly* after a `Dense` or `Conv2D` whose
# activation is linear can be folded into it, several in a row too. After an activation it cannot: relu stands between
# the two sums. Such a normalisation stays. Mind layers without a bias: the folded one needs one.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: what a layer gives you</summary>
#
# `model.layers` is the list; `layer.get_weights()` of a batch normalisation is γ, β, mean, variance, of a `Dense` it
# is [kernel, bias], or [kernel] alone. `layer.epsilon` and `layer.activation` (compare with
# `keras.activations.linear`) are there, too.
#
# </details>
# <details><summary>Hint 2: a new layer like an old one</summary>
#
# `settings = layer.get_config()` is a dict of the arguments; change `settings["use_bias"]`, then
# `type(layer).from_config(settings)` makes a new layer, still without weights.
#
# </details>
# <details><summary>Hint 3: the walk</summary>
#
# Collect two lists, new layers and their weights. At a normalisation that can be folded add no layer, but
# replace the last weights by the folded ones. At the end build `keras.Sequential([keras.Input(model.input_shape[1:]),
# *layers])` and call `set_weights` on each layer.
#
# </details>


# %%
def fold_batch_norm(
    kernel: np.ndarray,
    bias: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of the one layer that does what a layer and its batch normalisation do at inference.

    kernel : (..., o) float, of a Dense or a Conv2D layer: the last axis are its o units
    bias : (o,) float
    gamma, beta : (o,) float: scale and shift of the normalisation
    mean, variance : (o,) float: its moving averages
    epsilon : is added to the variance, under the root
    returns : kernel (..., o), bias (o,)
    source : Facciolo, "Batch normalization", algorithm 2, steps 3 and 4
    """
    # BEGIN SOLUTION
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, (bias - mean) * factor + beta
    # END SOLUTION


# %%
def fold_model(model: keras.Sequential) -> keras.Sequential:
    """A model with the same outputs at inference and no batch normalisation that can be avoided.

    model : a chain of Dense, Conv2D, BatchNormalization, activations, pooling, Dropout and Flatten; not changed
    returns : a model with layers and weights of its own, need not be compiled. A normalisation directly after a Dense
        or Conv2D with linear activation is gone; any other is still there, or folded elsewhere
    """
    # BEGIN SOLUTION

    def is_affine(layer: keras.Layer) -> bool:
        sums = isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D))
        return sums and layer.activation is keras.activations.linear

    layers, weights = [], []
    for layer in model.layers:
        values = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization) and layers and is_affine(layers[-1]):
            weights[-1] = list(fold_batch_norm(*weights[-1], *values, epsilon=layer.epsilon))
            continue
        settings = layer.get_config()
        if is_affine(layer) and not layer.use_bias:
            settings["use_bias"] = True
            values.append(np.zeros(values[0].shape[-1]))
        layers.append(type(layer).from_config(settings))
        weights.append(values)
    folded = keras.Sequential([keras.Input(model.input_shape[1:]), *layers])
    for layer, values in zip(layers, weights, strict=True):
        layer.set_weights(values)
    return folded
    # END SOLUTION


# %% tags=["explore"]
by_hand = fold_batch_norm(*map(np.array, ([[2.0]], [1.0], [6.0], [0.5], [4.0], [8.999])))
beside("folded kernel and bias", (4.0, -5.5), tuple(round(float(part.item()), 6) for part in by_hand))

# %% [markdown]
# A small convolutional network with three normalisations, trained for one epoch of 10,000 digits. Its folded copy
# gives the same answers, to about seven digits, and is quicker. How much quicker depends on the machine, and on what
# else it has to do; here the work of the normalisations is compared with that of the convolutions around them.

# %% tags=["explore"]
import time

keras.utils.set_random_seed(0)
normalised = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(8, 3, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
        keras.layers.Conv2D(16, 3, strides=2, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(64, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
normalised.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
images = mnist.x_train[:10_000, ..., None].astype("float32") / 255
labkit.fit(normalised, images, mnist.y_train[:10_000], batch_size=64, epochs=1, verbose=0)
folded = fold_model(normalised)
batch = mnist.x_test[:256, ..., None].astype("float32") / 255
apart = np.abs(normalised.predict_on_batch(batch) - folded.predict_on_batch(batch)).max()
print(f"{len(normalised.layers)} layers become {len(folded.layers)}; outputs differ by at most {apart:.1e}")

milliseconds = {"with normalisation": [], "folded": []}
for _ in range(40):  # in turn, so that what else the machine does meets both
    for name, model in (("with normalisation", normalised), ("folded", folded)):
        started = time.perf_counter()
        model.predict_on_batch(batch)
        milliseconds[name].append(1000 * (time.perf_counter() - started))

figure = labkit.plots.Figure(figsize=(8.5, 2.8), layout="constrained")
figure.suptitle("Time for a batch of 256 digits: median of 40 (bar) and the fastest (mark)")
axis = figure.subplots()
for row, times in enumerate(milliseconds.values()):
    shade, ink = (("0.45", "white"), ("0.8", "black"))[row]
    middle = np.median(times)
    axis.barh(row, middle, color=shade, edgecolor="black")
    axis.plot(min(times), row, "|", color="black", markersize=24)
    axis.annotate(f"{middle:.1f}", (0, row), (6, 0), textcoords="offset points", va="center", color=ink)
axis.set(yticks=(0, 1), yticklabels=list(milliseconds), xlabel="milliseconds", ylim=(1.6, -0.6))
figure.show()


# %% tags=["quiz"]
def quiz_6_8() -> str:
    """Dense → relu → BatchNormalization → Dense. What can be done with the normalisation at inference?

    a) Fold it into the Dense before it.
       -> The relu stands between: f · relu(h) + c is not relu of anything affine, unless c = 0 and f > 0.
    b) Leave it out: at inference it does nothing.
       -> It still multiplies and adds, with the averages that training has left behind.
    c) Fold it into the Dense after it.
       -> What follows is a sum of products: its factor goes into the rows of that kernel, its shift into the bias.
    d) Nothing, it needs the mean and variance of the batch.
       -> In training only. At inference those are four constants for each unit.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## What to take along
#
# - An accuracy without $n$ is half a number: ± 0.2 points at 99 % of 10,000 images, ± 1 at 99 % of 500.
# - Compare classifiers on the same rows, and count only the rows on which they differ.
# - What you chose by, you may not report. Choose by validation, look at the test set once.
# - A softmax output is no probability until somebody has checked. One temperature often mends it.
# - A vote is worth what its members do *not* have in common.
# - Before you believe a good number, look for the leak: equal rows, a pixel that knows the label, statistics of the
#   test rows.
#
# ## Going further
#
# No points; bring what you find to the next lecture.
#
# 1. *How many seeds does a comparison of two **recipes** need?* Train the network of 6.5 with two seeds and compare
#    them with `better`. Then compare two recipes (another width, another learning rate) by ten seeds each. What is the
#    unit of your sample now: the image or the training? Which test fits?
# 2. *Which digits do all five networks get wrong?* Draw those on which they agree and are wrong. How many of the labels
#    would you dispute? What accuracy could the best possible classifier have, and how would you put an interval around
#    *that*?
