# labkit: lab00_perceptron

# %% [markdown]
# # Lab 00: Perceptron
#
# **Afterwards you can** say what a single threshold unit computes and what it cannot; run Rosenblatt's learning
# rule on paper and in code; explain why it stops, and when it never does; build by hand what one unit cannot learn;
# read a trace of weights like a detective; and tell a 0 from a 1 with 785 numbers that you have learned yourself.
#
# **You should know** the dot product, the equation of a line, and NumPy arrays (slices, `@`, comparisons). It is the
# first lab: it needs no other and no Keras.
#
# | question | minutes | points | | question | minutes | points |
# |---|---|---|---|---|---|---|
# | 0.1 A unit that fires | 5 | 6 | | 0.6 Any region you can draw | 20 | 14 |
# | 0.2 The learning rule | 10 | 10 | | 0.7 Distance, margin, and why it stops | 10 | 10 |
# | 0.3 Training | 15 | 14 | | 0.8 The detective | 20 | 12 |
# | 0.4 Is there a line at all? | 10 | 12 | | 0.9 Ten digits, and an average | 15 | 10 |
# | 0.5 XOR by hand | 15 | 12 | | together | 120 | 100 |
#
# 20 of the 100 points are graded with inputs that you do not see, of the kinds that `labkit check` shows. The slowest
# cell (all zeros and ones of MNIST, in 0.3) takes a few seconds.
#
# **What is allowed.** NumPy and Python's standard library. Loops over rows are welcome here: the rule takes one row
# at a time. A ready-made perceptron (scikit-learn's, say) answers other questions: it shuffles, and stops elsewhere.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this file.
# Cells marked `explore` show numbers and pictures of *your* functions; they are not graded. Four things hold in all
# questions:
#
# - Rows are examples: `x` is (n, d), *without* a leading 1. The weights are (d+1,), and `weights[0]` is $w_0$.
# - A unit fires where its net input is strictly above 0. At exactly 0 it does not.
# - `x` and `weights` are float arrays, labels `y` are the integers 0 and 1 (in 0.9: 0 ... k−1).
# - Your functions never change the arrays that they are given.
#
# The lectures: Fromont, *Neural Networks basics* (most of this lab); the EPFL crash course; Facciolo; Loiseau.

# %%
from __future__ import annotations

import math

import numpy as np

import labkit

# %% tags=["explore"]
FOUR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)  # all inputs (A, B), in the order of the lecture
OR, AND, NAND, XOR = (np.array(y) for y in ([0, 1, 1, 1], [0, 0, 0, 1], [1, 1, 1, 0], [0, 1, 1, 0]))


def show_beside(what: str, expected, yours) -> None:
    """One worked example: what the lecture finds, and what your function finds."""
    print(f"{what}\n    expected  {expected}\n    yours     {yours}")


def draw_region(axis, fires, low: float, high: float) -> None:
    """Grey where `fires`, a function of points (n, 2), answers 1."""
    ticks = np.linspace(low, high, 201)
    points = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    grey = np.asarray(fires(points), float).reshape(201, 201)
    axis.imshow(grey, extent=(low, high, low, high), origin="lower", cmap="Greys", vmin=0, vmax=3)
    axis.set(xlim=(low, high), ylim=(low, high), aspect="equal")


def draw_rows(axis, x: np.ndarray, y: np.ndarray) -> None:
    """Rows with label 1 as filled circles, rows with label 0 as open ones."""
    for label, colour in ((1, "black"), (0, "white")):
        axis.scatter(*x[y == label].T, s=70, facecolor=colour, edgecolor="black", linewidth=1.5, zorder=3)


# %% [markdown]
# ## 0.1 A unit that fires
#
# A neuron adds up what arrives and fires when the sum is large enough (Fromont, "Perceptron"). Each input counts with
# a weight, and the threshold is a weight too: $w_0$, on an input that is always 1.
#
# $$\mathrm{net} = w_0 + w_1 x_1 + \dots + w_d x_d, \qquad
# u = h(\mathrm{net}) = \begin{cases} 1 & \mathrm{net} > 0 \\ 0 & \text{otherwise.} \end{cases}$$
#
# *On paper:* $w = (-1,\ 0.5,\ 0.3)$ and $x = (2, 1)$: net = −1 + 2 · 0.5 + 1 · 0.3 = 0.3, so the unit fires. With
# $x = (2, 0)$ the net input is exactly 0, and it does not.
#
# <details><summary>Erratum: what happens at 0?</summary>Facciolo's lecture has three answers. Its perceptron is 1 for
# net > 0 and 0 otherwise, as here and in Fromont's lecture; two slides later the table of activation functions gives
# the unit step the value ½ at 0, and the sign function (with −1 and 1 for 0 and 1) the value 0. On real numbers it
# hardly matters. On whole numbers a net input of 0 is met all the time, and each convention learns other weights.
# </details>


# %%
def predict(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What a threshold unit answers to each row.

    weights : (d+1,) float, the bias w0 first
    x : (n, d) float
    returns : (n,) integers: 1 where w0 + w . x is above 0, else 0
    source : Fromont, "Perceptron"
    """
    # BEGIN SOLUTION
    return (weights[0] + x @ weights[1:] > 0).astype(int)
    # END SOLUTION


# %% tags=["explore"]
weights = np.array([-1, 0.5, 0.3])
rows = np.array([[2.0, 1.0], [2.0, 0.0], [0.0, 3.0]])
show_beside("weights (-1, 0.5, 0.3), rows (2, 1), (2, 0), (0, 3)", [1, 0, 0], predict(weights, rows))

# %% [markdown]
# The rows at which the net input is 0 form a line; the unit fires on one side of it, and not on the line itself. The
# weights $(w_1, w_2)$ are an arrow at right angles to that line, and point to the side that fires.

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(10, 4.2), layout="constrained")
figure.suptitle("A threshold unit with the weights (-1, 0.5, 0.3)")
left, right = figure.subplots(1, 2)
draw_region(left, lambda points: predict(weights, points), -1, 4)
for row, net, shift in zip(rows, ("0.3", "0", "-0.1"), ((8, 4), (8, -14), (8, -4)), strict=True):
    left.plot(*row, "o", color="black")
    left.annotate(f"net {net}", row, xytext=shift, textcoords="offset points")
left.annotate("", (0.4 + 1.0, 2.0 + 0.6), (0.4, 2.0), arrowprops={"arrowstyle": "->", "linewidth": 1.5})
left.text(1.45, 2.6, "$(w_1, w_2)$")
left.set(xlabel="$x_1$", ylabel="$x_2$", title="grey: the unit fires")
net = np.linspace(-1, 1, 2001)
right.plot(net, predict(np.array([0.0, 1.0]), net[:, None]), ".", color="black", markersize=2)
right.plot(0, predict(np.array([0.0, 1.0]), np.zeros((1, 1))), "o", color="black", label="here: 0")
right.plot(0, 0.5, "s", markerfacecolor="white", color="black", label="another convention: ½")
right.set(xlabel="net input", ylabel="answer u", title="at a net input of exactly 0")
right.legend(frameon=False, loc="center right")
figure.show()


# %% tags=["quiz"]
def quiz_0_1() -> float:
    """What does the unit with the weights (-1, ½, ¼) answer to the row (1, 2)?

    = 1 -> The net input is -1 + ½ + ½ = 0, and a unit fires strictly above 0.
    = 0.5 -> That is the unit step of another slide; the perceptron has two answers, 0 and 1.
    = -1 -> The two answers are 0 and 1 here; -1 and 1 is another convention.
    """
    # BEGIN SOLUTION
    return 0
    # END SOLUTION


# %% [markdown]
# ## 0.2 The learning rule
#
# Show the unit a row, compare its answer $u$ with the label $y$, and correct the weights only where it was wrong
# (Fromont, "Perceptron Learning Rule"), each by the input that stood on it:
#
# $$w_i \leftarrow w_i + c\,(y - u)\,x_i, \qquad x_0 = 1.$$
#
# $y - u$ has three values. It is 0 where the answer is right: nothing changes. It is 1 where the unit should have
# fired: add the row. It is −1 where it should not have: subtract the row. The learning rate $c$ says how much of it.
#
# *On paper* (the lecture's example): $w = (-1, 0.5, 0.3)$, $x = (2, 1)$, $y = 0$. The unit fires, $u = 1$, so
# subtract $(1, 2, 1)$: $w = (-2, -1.5, -0.7)$. Now the same row nets −2 − 3 − 0.7 = −5.7, and the unit is silent.


# %%
def perceptron_step(weights: np.ndarray, x: np.ndarray, y: int, learning_rate: float = 1.0) -> np.ndarray:
    """The weights after one example.

    weights : (d+1,) float, the bias w0 first; not changed
    x : (d,) float, one row, without the leading 1
    y : 0 or 1, what the unit should answer
    learning_rate : c
    returns : (d+1,) float, new weights w + c (y - u) (1, x), where u is the answer of the old ones
    source : Fromont, "Perceptron Learning Rule"
    """
    # BEGIN SOLUTION
    answer = predict(weights, x[None])[0]
    return weights + learning_rate * (y - answer) * np.append(1.0, x)
    # END SOLUTION


# %% tags=["explore"]
weights, row = np.array([-1, 0.5, 0.3]), np.array([2.0, 1.0])
corrected = perceptron_step(weights, row, 0)
show_beside("weights (-1, 0.5, 0.3), row (2, 1), y = 0", "[-2.  -1.5 -0.7]", corrected)
show_beside("the same row again, y = 0", "[-2.  -1.5 -0.7]", perceptron_step(corrected, row, 0))

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(9, 4.2), layout="constrained")
figure.suptitle("One correction: the row (2, 1) has the label 0")
for axis, w, title in zip(figure.subplots(1, 2), (weights, corrected), ("before", "after"), strict=True):
    draw_region(axis, lambda points, w=w: predict(w, points), -3, 3)
    draw_rows(axis, row[None], np.array([0]))
    axis.set(xlabel="$x_1$", ylabel="$x_2$", title=f"{title}: w = ({', '.join(f'{v:.3g}' for v in w)})")
figure.show()


# %% tags=["quiz"]
def quiz_0_2() -> float:
    """A unit fires at x = (2, 1) and should not; the learning rate is 1. By how much does the correction change the
    net input of this row?

    = -1 -> That is the change of the bias alone; the weights of both inputs change as well.
    = -5.7 -> That is the net input afterwards in the lecture's example. It was 0.3, so it changed by -6.
    = 6 -> The size is right. The unit should not have fired, so the net input goes down.
    = -5 -> You left the bias out: its input is 1, so it adds 1 · 1 to 2 · 2 + 1 · 1.
    """
    # BEGIN SOLUTION
    return -6
    # END SOLUTION


# %% [markdown]
# ## 0.3 Training
#
# Correcting one row may spoil another. So go on: row after row, and again from the first one, until a whole *epoch*
# (one pass over all rows) has passed without a correction. The lecture's table ("Ex: learning the logical OR") does
# so for OR from $w = (0, 1, -1)$ with $c = 1$. *On paper:*
#
# | presentation | row | net | u | y | weights afterwards |
# |---|---|---|---|---|---|
# | 1 | (0, 0) | 0 | 0 | 0 | (0, 1, −1) |
# | 2 | (0, 1) | −1 | 0 | 1 | (1, 1, 0) corrected |
# | 3, 4 | (1, 0), (1, 1) | 2, 2 | 1 | 1 | (1, 1, 0) |
# | 5 | (0, 0) | 1 | 1 | 0 | (0, 1, 0) corrected |
# | 6 | (0, 1) | 0 | 0 | 1 | (1, 1, 1) corrected |
# | 7, 8 | (1, 0), (1, 1) | 2, 3 | 1 | 1 | (1, 1, 1) |
# | 9 | (0, 0) | 1 | 1 | 0 | (0, 1, 1) corrected |
# | 10, 11, 12 | (0, 1), (1, 0), (1, 1) | 1, 1, 2 | 1 | 1 | (0, 1, 1) |
#
# The weights no longer change, but nobody knows that yet: epoch 3 had a correction, at presentation 9. Epoch 4
# (presentations 13 to 16) is the first without one. There training stops, and has *converged*.
#
# <details><summary>Erratum: when may one stop?</summary>Below its table the slide stops "at the end of the epoch, 4
# steps later" than presentation 10. Four right answers in a row are enough to know, but the procedure of the lecture
# ("stop when no errors") looks at whole epochs: after presentation 16.</details>


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: what has to be remembered?</summary>Two loops, epochs outside and rows inside. You need
# the weights as they are now, the list of numbers, and whether anything was corrected in *this* epoch.</details>
# <details><summary>Hint 2: was it corrected?</summary><code>perceptron_step</code> returns equal weights exactly
# where the answer was right (the bias always moves with a correction). Row r of epoch e, both counted from 0, is
# presentation e · n + r + 1.</details>
# <details><summary>Hint 3: the key line</summary><code>if len(updates) == before: return weights, updates,
# True</code> after the inner loop, where <code>before</code> is the length of the list at the start of the epoch;
# after the outer loop the last value is False.</details>


# %%
def train_perceptron(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray, max_epochs: int, learning_rate: float = 1.0
) -> tuple[np.ndarray, list[int], bool]:
    """Train on the rows in the given order, the same in every epoch.

    x : (n, d) float
    y : (n,) integers 0 and 1
    weights : (d+1,) float, where to start; not changed
    max_epochs : stop after so many epochs, at least 1
    learning_rate : c
    returns : the weights at the end (d+1,) float; the numbers of the presentations that changed the weights, counted
        from 1 through all epochs (row 1 of epoch 2 is n+1); True if training stopped because a whole epoch of at most
        max_epochs changed nothing, else False
    source : Fromont, "Ex: learning the logical OR"
    """
    # BEGIN SOLUTION
    updates = []
    for epoch in range(max_epochs):
        before = len(updates)
        for row in range(len(x)):
            corrected = perceptron_step(weights, x[row], y[row], learning_rate)
            if not np.array_equal(corrected, weights):
                weights = corrected
                updates.append(epoch * len(x) + row + 1)
        if len(updates) == before:
            return weights, updates, True
    return weights, updates, False
    # END SOLUTION


# %% tags=["explore"]
start = np.array([0.0, 1.0, -1.0])
show_beside(
    "OR from (0, 1, -1)",
    "[0. 1. 1.] [2, 5, 6, 9] True",
    "{} {} {}".format(*train_perceptron(FOUR, OR, start, 10)),
)
show_beside(
    "3 epochs only", "[0. 1. 1.] [2, 5, 6, 9] False", "{} {} {}".format(*train_perceptron(FOUR, OR, start, 3))
)

# %% tags=["explore"]
_, updates, _ = train_perceptron(FOUR, OR, start, 10)
figure = labkit.plots.Figure(figsize=(11, 3.5), layout="constrained")
figure.suptitle("Learning OR: where the unit fires (grey), after each correction")
weights, panels = start, {"start": start}
for number in range(1, max(updates) + 1):
    row = (number - 1) % 4
    weights = perceptron_step(weights, FOUR[row], OR[row])
    if number in updates:
        panels[f"presentation {number}"] = weights
for axis, (title, w) in zip(figure.subplots(1, len(panels), sharey=True), panels.items(), strict=True):
    draw_region(axis, lambda points, w=w: predict(w, points), -0.5, 1.5)
    draw_rows(axis, FOUR, OR)
    axis.set(
        xlabel="$x_1$", title=f"{title}\n({', '.join(f'{v:g}' for v in w)})", xticks=(0, 1), yticks=(0, 1)
    )
figure.axes[0].set_ylabel("$x_2$")
figure.show()

# %% [markdown]
# Now the real thing: all zeros and ones of MNIST, 12,665 images with 784 inputs each. The pixels are bytes and the
# learning rate is 1, so the weights stay whole numbers and every machine finds the same ones. The ink of a 1 stands
# where a 0 has its hole; watch how few digits were ever corrected, and which.

# %% tags=["explore"]
mnist = labkit.data.load_mnist()


def zeros_and_ones(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows (bytes as floats) and labels of the digits 0 and 1."""
    chosen = labels <= 1
    return images[chosen].reshape(-1, 784).astype(float), labels[chosen].astype(int)


x01, y01 = zeros_and_ones(mnist.x_train, mnist.y_train)
weights01, updates01, converged = train_perceptron(x01, y01, np.zeros(785), 30)
x01_test, y01_test = zeros_and_ones(mnist.x_test, mnist.y_test)
wrong = int((predict(weights01, x01_test) != y01_test).sum())
print(f"{len(x01)} digits, {len(updates01)} corrections, converged: {converged}")
print("corrections in each epoch:", np.bincount((np.array(updates01) - 1) // len(x01)).tolist(), "and then 0")
print(f"wrong on the test digits: {wrong} of {len(x01_test)} (always saying 1: {int((y01_test == 0).sum())})")

# %% tags=["explore"]
labkit.plots.weight_images(
    weights01[1:, None], captions=["white: ink here speaks for 1"], title="0 or 1?"
).show()

# %% tags=["explore"]
corrected, times = np.unique((np.array(updates01) - 1) % len(x01), return_counts=True)
order = np.argsort(-times, kind="stable")[:30]
labkit.plots.digits(
    x01[corrected[order]],
    [f"{n} times" for n in times[order]],
    title=f"Only {len(corrected)} of {len(x01)} digits were ever corrected; the 30 most often",
).show()


# %% tags=["quiz"]
def quiz_0_3() -> float:
    """OR from (0, 1, -1): the last correction is at presentation 9. At which presentation does training stop?

    = 9 -> The rule does not know yet that this correction was the last one.
    = 10 -> One right answer is no proof: the other three rows must be seen with the same weights.
    = 12 -> That is the end of epoch 3, which had a correction: at presentation 9.
    = 13 -> Every row has been right once since presentation 9, but the rule looks at whole epochs only.
    """
    # BEGIN SOLUTION
    return 16
    # END SOLUTION


# %% [markdown]
# ## 0.4 Is there a line at all?
#
# Rosenblatt's theorem (Fromont, "Remark on (original) perceptrons"): *if* some weights answer every row rightly, the
# rule finds such weights after finitely many corrections. If there are none, as for XOR, the weights move for ever.
# But from outside, "never" looks just like "not yet". How do you find out that it is never?
#
# With whole numbers there is a way. On rows that cannot be separated the weights stay bounded (the *cycling
# theorem*), and there are only finitely many bounded vectors of whole numbers: one day the weights at the end of an
# epoch are weights that an earlier epoch ended with. From there on everything repeats: a cycle is a proof.
#
# *On paper:* XOR from (0, 0, 0) has the weights (1, −1, 0) after epoch 2 and again after epoch 3.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: one epoch at a time</summary><code>train_perceptron(x, y, weights, 1)</code> is one epoch.
# What does it say about it, and what do its weights look like the next time?</details>
# <details><summary>Hint 2: what to remember</summary>A Python <code>set</code> of the weights that an epoch has ended
# with. Arrays cannot be put into a set, <code>tuple(weights)</code> can.</details>
# <details><summary>Hint 3: the end</summary>Converged: True. Weights seen before: False. After 1,000 epochs: False,
# too.</details>


# %%
def is_separable(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether some weights answer every row rightly: predict(weights, x) == y.

    x : (n, d) whole numbers from -9 to 9, as float; n at most 16, d at most 4
    y : (n,) integers 0 and 1; possibly all alike, and a row may occur twice
    returns : True or False. Any method will do; on every set that is asked here and can be separated, the rule with
        learning rate 1 finds such weights from zero within 1,000 epochs
    source : Fromont, "Exclusive Or (XOR) Problem"
    """
    # BEGIN SOLUTION
    weights, seen = np.zeros(x.shape[1] + 1), set()
    for _ in range(1000):
        weights, _, converged = train_perceptron(x, y, weights, 1)
        if converged:
            return True
        if tuple(weights) in seen:  # from here on everything repeats
            return False
        seen.add(tuple(weights))
    return False
    # END SOLUTION


# %% tags=["explore"]
show_beside("OR, AND, XOR", [True, True, False], [is_separable(FOUR, y) for y in (OR, AND, XOR)])
gap = np.array([[8.0], [9.0]])
show_beside("8 and 9 on a line, labels 0 and 1 (75 epochs)", True, is_separable(gap, np.array([0, 1])))

# %% [markdown]
# All 16 functions of two inputs. A line can cut off one corner or two neighbouring ones, never two opposite ones.

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(11, 3.6), layout="constrained")
functions = [np.array([number >> bit & 1 for bit in (3, 2, 1, 0)]) for number in range(16)]
separable = [is_separable(FOUR, y) for y in functions]
figure.suptitle(f"{sum(separable)} of the 16 functions of two inputs have a line (grey: the unit fires)")
for axis, y, found in zip(figure.subplots(2, 8).ravel(), functions, separable, strict=True):
    if found:
        w, _, _ = train_perceptron(FOUR, y, np.zeros(3), 1000)
        draw_region(axis, lambda points, w=w: predict(w, points), -0.5, 1.5)
    else:
        axis.plot((-0.5, 1.5), (-0.5, 1.5), (-0.5, 1.5), (1.5, -0.5), color="0.7", linewidth=1)
        axis.set(xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), aspect="equal")
    draw_rows(axis, FOUR, y)
    axis.set(xticks=(), yticks=())
    axis.set_title(f"{''.join(map(str, y))}{'' if found else ': no line'}", fontsize=10)
figure.supxlabel("A to the right, B upwards; above each square the answers to 00, 01, 10, 11", fontsize=10)
figure.show()

# %% [markdown]
# And the weights on their way: those of AND come to rest, those of XOR run in a circle, epoch after epoch.

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(11, 4), layout="constrained")
figure.suptitle("Weights after each presentation, from (0, 1, -1); vertical lines end the epochs")
for axis, y, name in zip(figure.subplots(1, 2, sharey=True), (AND, XOR), ("AND", "XOR"), strict=True):
    history = [np.array([0.0, 1.0, -1.0])]
    for presentation in range(36):
        history.append(perceptron_step(history[-1], FOUR[presentation % 4], y[presentation % 4]))
    for i, (line, marker) in enumerate((("-", "o"), ("--", "s"), (":", "^"))):
        values = np.array(history)[:, i] + 0.07 * (i - 1)  # a little apart where they are equal
        axis.plot(values, line, marker=marker, markersize=4, color="black", label=f"$w_{i}$")
    for end in range(0, 37, 4):
        axis.axvline(end, color="0.85", zorder=0)
    axis.set(xlabel="presentation", title=name, xticks=range(0, 37, 4))
figure.axes[0].set_ylabel("weight")
figure.axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_0_4() -> str:
    """Inputs are whole numbers, the learning rate is 1, and after 200 epochs there are still mistakes. What would
    prove that the rows cannot be separated?

    a) That 200 epochs are many more than there are rows.
       -> The two points 8 and 9 on a line take 75 epochs; with a narrower gap it takes as long as you like.
    b) That an epoch ends with the same weights as an earlier one.
       -> The rule has no memory but the weights: from there on everything repeats, and no epoch was without mistake.
    c) That the number of mistakes no longer falls.
       -> It may rise and fall until shortly before the end. Only an epoch without a mistake means anything.
    d) That the weights have grown large.
       -> They grow where a gap is narrow. Where there is none they stay bounded, of all things.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 0.5 XOR by hand
#
# What one unit cannot do, a second layer can: let a unit decide on the *answers* of others. In this question nothing
# is learned. You choose the weights (Fromont, "Exercise"; Loiseau, "Example: the XOR function").
#
# A layer of $m$ units on $d$ inputs is a matrix (d+1, m): column $j$ holds the weights of unit $j$, the row of biases
# comes first. A layer answers $h(X W)$, where $X$ is the inputs with a leading 1; its answers are the next layer's
# inputs.
#
# *On paper, one unit:* A ∧ B with the weights (−1.5, 1, 1):
#
# | A, B | 0, 0 | 0, 1 | 1, 0 | 1, 1 |
# |---|---|---|---|---|
# | net | −1.5 | −0.5 | −0.5 | 0.5 |
# | answer | 0 | 0 | 0 | 1 |
#
# Three networks of two inputs (A, B) are wanted, and one of many:
#
# - `"a_and_not_b"`: one unit for A ∧ ¬B.
# - `"xor"`: two layers of threshold units, at most two of them hidden, for A ⊕ B.
# - `"xor_relu"`: the same with other units: hidden ones answer $\max(0, \mathrm{net})$, and the last one answers its
#   net input as it is, which must be 0 or 1 (to a millionth).
# - `parity_network(bits)`: two layers of threshold units for "the number of ones is odd", at most `bits` of them
#   hidden.
#
# Any weights that do it are right. The grader looks at answers, never at your weights.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: XOR in words</summary>"At least one of them, and not both." Which two units does this
# sentence need, and which unit on their answers?</details>
# <details><summary>Hint 2: parity in words</summary>Let hidden unit j say "at least j bits are 1". How many of the
# hidden units fire when k bits are 1, and which?</details>
# <details><summary>Hint 3: parity, the last unit</summary>Add the answers of the hidden units with the signs
# +1, −1, +1, …: the sum is 1 for an odd number of ones, 0 for an even one. For XOR that is your network from hint 1.
# </details>


# %%
def boolean_network(name: str) -> list[np.ndarray]:
    """The layers of a network for a function of the inputs (A, B), with weights chosen by hand.

    name : "a_and_not_b", "xor" or "xor_relu"
    returns : one layer (3, 1) for "a_and_not_b"; two layers (3, m) and (m+1, 1), m at most 2, for the others; float,
        the row of biases first
    source : Fromont, "Exercise"; Loiseau, "Example: the XOR function"
    """
    # BEGIN SOLUTION
    if name == "a_and_not_b":
        return [np.array([[-0.5], [1], [-1]])]
    if name == "xor":  # OR and not AND
        return [np.array([[-0.5, -1.5], [1, 1], [1, 1]]), np.array([[-0.5], [1], [-1]])]
    return [
        np.array([[0.0, -1], [1, 1], [1, 1]]),
        np.array([[0.0], [1], [-2]]),
    ]  # A+B, less 2 where both are 1
    # END SOLUTION


def parity_network(bits: int) -> list[np.ndarray]:
    """Two layers of threshold units that fire where an odd number of inputs is 1.

    bits : the number of inputs, each 0 or 1; from 2 to 7
    returns : layers (bits+1, m) and (m+1, 1), m at most `bits`; float, the row of biases first
    """
    # BEGIN SOLUTION
    at_least = np.vstack([0.5 - np.arange(1, bits + 1), np.ones((bits, bits))])  # unit j: at least j ones
    alternating = np.where(np.arange(bits) % 2 == 0, 1.0, -1.0)
    return [at_least, np.append(-0.5, alternating)[:, None]]
    # END SOLUTION


# %% tags=["explore"]
def with_one(x: np.ndarray) -> np.ndarray:
    """Rows with the leading 1 that stands on the biases."""
    return np.column_stack([np.ones(len(x)), x])


def step_network(layers: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """What a network of threshold units answers to each row: layer after layer, h(X W)."""
    for layer in layers:
        x = (with_one(x) @ layer > 0).astype(float)
    return x


hidden, output = boolean_network("xor_relu")
relu_answers = with_one(np.maximum(0, with_one(FOUR) @ hidden)) @ output
show_beside("A and not B", [0, 0, 1, 0], step_network(boolean_network("a_and_not_b"), FOUR)[:, 0])
show_beside("XOR", [0, 1, 1, 0], step_network(boolean_network("xor"), FOUR)[:, 0])
show_beside("XOR of ReLU units", [0, 1, 1, 0], relu_answers[:, 0])
eight = np.array([[number >> bit & 1 for bit in (2, 1, 0)] for number in range(8)], float)
show_beside("parity of 3 bits", [0, 1, 1, 0, 1, 0, 0, 1], step_network(parity_network(3), eight)[:, 0])

# %% [markdown]
# How your XOR works. Each hidden unit draws a line; together they move the four inputs to new places (last panel),
# and there, at last, one line is enough.

# %% tags=["explore"]
hidden, output = boolean_network("xor")
units = hidden.shape[1]
figure = labkit.plots.Figure(figsize=(3 * (units + 2), 3.4), layout="constrained")
figure.suptitle("XOR in two layers (filled: A XOR B is 1; grey: the unit fires)")
axes = figure.subplots(1, units + 2)
for j in range(units):
    draw_region(axes[j], lambda points, j=j: predict(hidden[:, j], points), -0.5, 1.5)
    axes[j].set_title(f"hidden unit {j + 1}")
draw_region(axes[units], lambda points: step_network([hidden, output], points), -0.5, 1.5)
axes[units].set_title("the network")
for axis in axes[:-1]:
    draw_rows(axis, FOUR, XOR)
    axis.set(xlabel="A", ylabel="B", xticks=(0, 1), yticks=(0, 1))
answers = step_network([hidden], FOUR)[:, [0, -1]]
draw_region(axes[-1], lambda points: predict(output[[0, 1, -1], 0], points), -0.5, 1.5)
draw_rows(axes[-1], answers, XOR)
for place in np.unique(answers, axis=0):
    names = ", ".join(
        f"{a:.0f}{b:.0f}" for (a, b), h in zip(FOUR, answers, strict=True) if (h == place).all()
    )
    axes[-1].annotate(names, place, xytext=(0, 9), textcoords="offset points", ha="center", fontsize=9)
axes[-1].set(xlabel="hidden unit 1", ylabel=f"hidden unit {units}", xticks=(0, 1), yticks=(0, 1))
axes[-1].set_title("what the last unit sees")
figure.show()


# %% tags=["quiz"]
def quiz_0_5() -> str:
    """Two layers, but the hidden units answer their net input as it is. Can such a network compute XOR with a threshold
    unit at its end?

    a) Yes: two layers are enough for XOR.
       -> Two layers of units that decide. A hidden unit that only passes a sum on decides nothing.
    b) Yes, with more hidden units.
       -> A weighted sum of any number of weighted sums is one weighted sum: the layers collapse into one.
    c) No: the network is the same as a single threshold unit on A and B.
       -> A weighted sum of weighted sums is a weighted sum. What makes a second layer worth having is the bend.
    d) No: without steps the sums can become negative.
       -> Negative sums would do no harm. The trouble is that nothing bends between the layers.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## 0.6 Any region you can draw
#
# Fromont's table "1 layer vs multiple layers" says what networks of threshold units can cut out of the plane: one
# layer a half-plane, two layers a convex region, three layers any shape made of convex ones. You build the proof.
#
# - **First layer, a unit per edge.** The corners come counter-clockwise, so the inside lies to the *left* of the edge
#   from $p$ to $q$. Left of $(a, b)$ is $(-b, a)$: the unit should fire where $(-(q_y - p_y),\; q_x - p_x) \cdot (x -
#   p) > 0$.
# - **Second layer, a unit per polygon:** inside is where *all* of its edges say "left" (AND).
# - **Third layer, one unit:** inside *any* of the polygons (OR).
#
# *On paper:* the edge from $p = (0, 0)$ to $q = (2, 0)$, with the inside above it. $(-0, 2) \cdot (x - p) = 2 x_2$,
# so the unit has the weights (0, 0, 2). The next edge, from (2, 0) to (2, 1): $(-1, 0) \cdot (x - (2, 0)) = 2 - x_1$:
# weights (2, −1, 0). AND of four answers: fire above 3.5 of them. OR of any number: fire above 0.5.
#
# ```
#      layer 1: edges       layer 2: polygons     layer 3
#   x ──► 3 of the triangle ──► AND (3) ──┐
#     └─► 4 of the square   ──► AND (4) ──┴──► OR ──► inside?
# ```


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: shapes</summary>With E edges and P polygons the layers are (3, E), (E+1, P) and (P+1, 1).
# In the second layer most weights are 0: a polygon listens to its own edges only.</details>
# <details><summary>Hint 2: all edges of a polygon at once</summary><code>np.roll(polygon, -1, axis=0)</code> holds
# the end of each edge, also of the last one, which leads back to the first corner.</details>
# <details><summary>Hint 3: the bias of an edge</summary>$n \cdot (x - p) = -n \cdot p + n \cdot x$: the bias is
# <code>-(normal * start).sum(axis=1)</code>.</details>


# %%
def region_network(polygons: list[np.ndarray]) -> list[np.ndarray]:
    """Three layers of threshold units that fire inside the union of convex polygons.

    polygons : 1 to 5 arrays (k, 2) of corners, counter-clockwise (y upwards), strictly convex, k from 3 to 8; they
        may overlap
    returns : layers (3, edges), (edges+1, units) and (units+1, 1), float, the row of biases first; how many units the
        first two have is up to you
    source : Fromont, "1 layer vs multiple layers"
    """
    # BEGIN SOLUTION
    edges, owners = [], []
    for number, polygon in enumerate(polygons):
        along = np.roll(polygon, -1, axis=0) - polygon
        left = np.column_stack([-along[:, 1], along[:, 0]])
        edges.append(np.column_stack([-(left * polygon).sum(axis=1), left]))
        owners += [number] * len(polygon)
    belongs = np.eye(len(polygons))[owners]  # (edges, polygons)
    inside_all = np.vstack([0.5 - belongs.sum(axis=0), belongs])
    inside_any = np.append(-0.5, np.ones(len(polygons)))[:, None]
    return [np.vstack(edges).T, inside_all, inside_any]
    # END SOLUTION


# %% tags=["explore"]
rectangle = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]])
probes = np.array([[1.0, 0.5], [1.0, -0.5], [2.5, 0.5], [-0.5, 0.5], [1.0, 1.5]])
show_beside(
    "rectangle (0,0) (2,0) (2,1) (0,1): the middle, below, right, left, above",
    [1, 0, 0, 0, 0],
    step_network(region_network([rectangle]), probes)[:, 0],
)

# %% tags=["explore"]
triangle = np.array([[-3.0, -2.5], [1.5, -2.0], [-1.0, 1.0]])
turns = np.arange(8) * np.pi / 4
octagon = np.array([1.2, 1.2]) + 1.5 * np.column_stack([np.cos(turns), np.sin(turns)])
bar = np.array([[-2.8, 2.0], [2.8, -2.6], [3.0, -2.0], [-2.4, 2.6]])
figure = labkit.plots.Figure(figsize=(11, 3.9), layout="constrained")
figure.suptitle(
    "What layers of threshold units can cut out of the plane (grey: fires; dashed: what was asked for)"
)
for axis, layers, polygons, title in zip(
    figure.subplots(1, 3, sharey=True),
    (
        region_network([triangle])[0][:, :1],
        region_network([triangle]),
        region_network([triangle, octagon, bar]),
    ),
    ([triangle[:2]], [triangle], [triangle, octagon, bar]),
    ("one layer: a half-plane", "two layers: a convex region", "three layers: any union of them"),
    strict=True,
):
    layers = layers if isinstance(layers, (list, tuple)) else [layers]
    draw_region(axis, lambda points, layers=layers: step_network(layers, points), -3.5, 3.5)
    for polygon in polygons:
        around = polygon if len(polygon) == 2 else np.vstack([polygon, polygon[:1]])
        axis.plot(*around.T, "--", color="black", linewidth=1)
    axis.set(xlabel="$x_1$", title=title)
figure.axes[0].set_ylabel("$x_2$")
figure.show()


# %% tags=["quiz"]
def quiz_0_6() -> float:
    """A network of three layers as above fires inside two triangles and one square. How many units does it have?

    = 10 -> Those are the units of the first layer, one for each edge.
    = 13 -> The last layer is missing: one unit for OR.
    = 11 -> The second layer is missing: one unit for each polygon.
    = 4 -> You counted polygons and the last unit; each edge needs a unit, too.
    """
    # BEGIN SOLUTION
    return 14
    # END SOLUTION


# %% [markdown]
# ## 0.7 Distance, margin, and why it stops
#
# How far is a row from the line? (EPFL, "Signed Distance") The net input is proportional to the distance; divide by
# the length of the arrow, *without* $w_0$, which only shifts the line:
#
# $$h(x) = \frac{w_0 + w \cdot x}{\lVert (w_1, \dots, w_d) \rVert}, \qquad \text{positive on the side that fires.}$$
#
# *On paper:* the line $3 x_1 + 4 x_2 - 5 = 0$, that is the weights (−5, 3, 4), at (2, 1): (6 + 4 − 5)/5 = 1.
#
# Now the convergence theorem, which the lecture states without a number. Write $\tilde x = (1, x)$, and let weights
# $w$ answer every row rightly with room to spare: every $\pm w \cdot \tilde x > 0$, + for $y = 1$, − for $y = 0$.
# With
#
# $$R = \max \lVert \tilde x \rVert, \qquad \gamma = \min \frac{\pm\, w \cdot \tilde x}{\lVert w \rVert}
# \quad (\text{all of } w, \text{ with } w_0)$$
#
# the rule makes **at most $(R/\gamma)^2$ corrections** from zero ($c = 1$). Why: each correction adds $\pm \tilde x$
# to the weights, so it raises their component along $w$ by at least $\gamma$: after $k$ of them they are at least
# $k\gamma$ long. But a row is corrected only when it lies on the wrong side, so the squared length grows by at most
# $R^2$ each time: they are at most $\sqrt k R$ long. $k\gamma \le \sqrt k R$ gives the bound.
#
# Here the geometry is in the space *with* the leading 1, where all separating planes pass through the origin; that is
# why $w_0$ counts in $\gamma$ and the 1 counts in $R$.
#
# *On paper:* OR with $w = (-1, 2, 2)$. The net inputs are −1, 1, 1, 3, so the least room is 1, and
# $\gamma = 1/\sqrt{1 + 4 + 4} = 1/3$. The longest row is (1, 1, 1): $R^2 = 3$. Bound: $3 \cdot 9 = 27$.


# %%
def signed_distance(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """How far each row lies from the line (plane) at which the net input is 0.

    weights : (d+1,) float, the bias w0 first; not all of w1 ... wd are 0
    x : (n, d) float
    returns : (n,) float, positive on the side where the unit fires; in the unit of x, whatever the scale of the weights
    source : EPFL, "Signed Distance"
    """
    # BEGIN SOLUTION
    return (weights[0] + x @ weights[1:]) / np.linalg.norm(weights[1:])
    # END SOLUTION


def mistake_bound(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """How many corrections training from zero can take at most, as these weights prove: (R / gamma)^2.

    weights : (d+1,) float, the bias w0 first; need not separate the rows
    x : (n, d) float
    y : (n,) integers 0 and 1
    returns : (R / gamma)^2 in the space with the leading 1; math.inf unless every row lies strictly on its side
    source : the convergence theorem (Fromont, "Remark on (original) perceptrons")
    """
    # BEGIN SOLUTION
    rows = np.column_stack([np.ones(len(x)), x])
    rooms = np.where(y == 1, 1, -1) * (rows @ weights)
    if rooms.min() <= 0:
        return math.inf
    margin = rooms.min() / np.linalg.norm(weights)
    radius = np.linalg.norm(rows, axis=1).max()
    return float((radius / margin) ** 2)
    # END SOLUTION


# %% tags=["explore"]
line = np.array([-5.0, 3.0, 4.0])
show_beside(
    "3 x1 + 4 x2 - 5 at (2, 1) and (0, 0)",
    [1.0, -1.0],
    signed_distance(line, np.array([[2.0, 1.0], [0.0, 0.0]])),
)
show_beside("bound for OR with (-1, 2, 2)", 27.0, mistake_bound(np.array([-1.0, 2.0, 2.0]), FOUR, OR))
show_beside(
    "with (0, 1, 1): one row lies on the line", "inf", mistake_bound(np.array([0.0, 1.0, 1.0]), FOUR, OR)
)

# %% [markdown]
# Left and middle: two lines for OR. The one that the rule found in 0.3 touches a row, so it proves no bound; the
# other one does. Right: how hard is a gap? Points $k$ (label 0) and $k + 1$ (label 1) on a line are always 1 apart,
# but the farther from the origin, the narrower the gap looks from there. The rule needs more and more corrections,
# and never more than the theorem allows (which is a good deal more).

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(11, 3.8), layout="constrained")
figure.suptitle("Distances to the line, and what the margin promises")
left, middle, right = figure.subplots(1, 3)
for axis, w in ((left, np.array([0.0, 1.0, 1.0])), (middle, np.array([-1.0, 2.0, 2.0]))):
    draw_region(axis, lambda points, w=w: predict(w, points), -0.7, 1.7)
    distances = signed_distance(w, FOUR)
    for row, distance in zip(FOUR, distances, strict=True):
        foot = row - distance * w[1:] / np.linalg.norm(w[1:])
        axis.plot(*zip(row, foot, strict=True), color="black", linewidth=1)
        shift = (7, 5) if distance > 0 else (-9, -16)
        axis.annotate(f"{distance:.2f}", row, xytext=shift, textcoords="offset points", fontsize=9)
    draw_rows(axis, FOUR, OR)
    axis.set(xlabel="$x_1$", ylabel="$x_2$", xticks=(0, 1), yticks=(0, 1))
    axis.set_title(
        f"w = ({', '.join(f'{v:g}' for v in w)}): bound {mistake_bound(w, FOUR, OR):.4g}", fontsize=10
    )
places, needed, allowed = np.arange(1, 10), [], []
for k in places:
    x, y = np.array([[k], [k + 1.0]]), np.array([0, 1])
    needed.append(len(train_perceptron(x, y, np.zeros(2), 1000)[1]))
    allowed.append(mistake_bound(np.array([-k - 0.5, 1.0]), x, y))
right.semilogy(places, allowed, "s--", color="0.4", label="bound of the theorem")
right.semilogy(places, needed, "o-", color="black", label="corrections needed")
right.set(xlabel="place k of the gap from k to k+1", ylabel="corrections", title="narrow gaps take long")
right.legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_0_7() -> str:
    """You multiply all weights by 10, the bias too. What stays as it was?

    a) The answers of the unit.
       -> Net inputs become ten times as large and keep their signs.
    b) The net inputs.
       -> Those are sums of weights times inputs: ten times as large.
    c) The signed distances.
       -> The length of the weights grows by the same factor as the net input.
    d) The bound of the convergence theorem.
       -> Net inputs and the length of w grow by the same factor, so the margin stays.
    """
    # BEGIN SOLUTION
    return "acd"
    # END SOLUTION


# %% [markdown]
# ## 0.8 The detective
#
# A perceptron does not learn, and all that you have is its weights after every presentation. Which rule made them?
# `trace[t]` are the weights after $t$ presentations: `trace[0]` the start, then whole epochs, rows in their order.
#
# These are the suspects. $u$ is the answer (1 where net > 0), $\tilde x = (1, x)$, $c$ the learning rate:
#
# | name | a presentation adds to the weights | what the programmer got wrong |
# |---|---|---|
# | `"ok"` | $c\,(y - u)\,\tilde x$ | nothing |
# | `"fires_at_zero"` | the same, with $u = 1$ where net ≥ 0 | `>=` for `>` |
# | `"wrong_sign"` | $c\,(u - y)\,\tilde x$ | learns the opposite |
# | `"bias_frozen"` | $c\,(y - u)\,(0, x)$ | forgot the leading 1 in the correction |
# | `"ignores_output"` | $c\,y\,\tilde x$ | corrects right answers, too (Hebb's rule) |
# | `"not_thresholded"` | $c\,(y - \mathrm{net})\,\tilde x$ | no threshold in training (the delta rule of Adaline) |
# | `"end_of_epoch"` | 0, but the last row of an epoch the sum of its $c\,(y - u)\,\tilde x$ | corrects too late |
#
# (In the last one, all answers of an epoch are given with the weights that it began with.)
#
# Answer with the *first* name in this order whose rule, run from `trace[0]`, gives the whole trace; `"unknown"` where
# none does. Compare to 1e-6, and relative to the size of large numbers (`np.allclose(a, b, rtol=1e-6, atol=1e-6)`):
# the delta rule can explode.
#
# *On paper:* OR from (0, 1, −1), $c = 1$. The trace begins (0, 1, −1), (0, 1, −1), (0, 1, 0): row (0, 0) changed
# nothing, row (0, 1) should have added (1, 0, 1) and added (0, 0, 1). The bias is frozen.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: do not compare weights, replay</summary>Write one function that runs a named rule from
# <code>trace[0]</code> and returns its own trace; then compare the two traces, for each name in order.</details>
# <details><summary>Hint 2: one loop for all rules</summary>For each row, find the net input, from it the number that
# multiplies (1, x): y − u, u − y, y, y − net. Seven rules then differ in this number, in (1, x) or (0, x), and in
# when it is added.</details>
# <details><summary>Hint 3: the late one</summary>For <code>"end_of_epoch"</code> keep two things: the weights in use,
# and a sum of changes. After row n − 1 of an epoch add the sum to the weights and set it to 0.</details>


# %%
def diagnose_trace(x: np.ndarray, y: np.ndarray, trace: np.ndarray, learning_rate: float = 1.0) -> str:
    """Which rule made these weights?

    x : (n, d) float
    y : (n,) integers 0 and 1
    trace : (m+1, d+1) float, the weights at the start and after each of m presentations; m is a multiple of n
    learning_rate : c
    returns : "ok", "fires_at_zero", "wrong_sign", "bias_frozen", "ignores_output", "not_thresholded" or "end_of_epoch",
        the first in this order whose rule gives the whole trace; "unknown" where none does
    """
    # BEGIN SOLUTION
    rows = np.column_stack([np.ones(len(x)), x])

    def factor(rule: str, net: float, label: int) -> float:
        """What multiplies the row in the change of the weights."""
        fires = net >= 0 if rule == "fires_at_zero" else net > 0
        other = {"wrong_sign": fires - label, "ignores_output": label, "not_thresholded": label - net}
        return other.get(rule, label - fires)

    def replay(rule: str) -> np.ndarray:
        """The trace of a rule from the same start."""
        weights, waiting, weights_after = trace[0], np.zeros_like(trace[0]), [trace[0]]
        for presentation in range(len(trace) - 1):
            row, label = rows[presentation % len(rows)], int(y[presentation % len(rows)])
            change = learning_rate * factor(rule, row @ weights, label) * row
            if rule == "bias_frozen":
                change[0] = 0
            waiting = waiting + change
            if rule != "end_of_epoch" or (presentation + 1) % len(rows) == 0:
                weights, waiting = weights + waiting, np.zeros_like(waiting)
            weights_after.append(weights)
        return np.array(weights_after)

    rules = (
        "ok",
        "fires_at_zero",
        "wrong_sign",
        "bias_frozen",
        "ignores_output",
        "not_thresholded",
        "end_of_epoch",
    )
    fitting = (rule for rule in rules if np.allclose(replay(rule), trace, rtol=1e-6, atol=1e-6))
    return next(fitting, "unknown")
    # END SOLUTION


# %% [markdown]
# Eight traces of OR from (0, 1, −1), two epochs each, learning rate 1. Try to name some of them before your function
# does: the curves give the frozen bias and the late one away at a glance, others only to someone who computes.

# %% tags=["explore"]
TRACES = {  # the weights (w0, w1, w2) at the start and after each presentation
    "A": "0 1 -1, 0 1 -1, 1 1 0, 1 1 0, 1 1 0, 0 1 0, 1 1 1, 1 1 1, 1 1 1",
    "B": "0 1 -1, 0 1 -1, 1 1 0, 2 2 0, 3 3 1, 3 3 1, 4 3 2, 5 4 2, 6 5 3",
    "C": "0 1 -1, 0 1 -1, 0 1 -1, 0 1 -1, 2 2 1, 2 2 1, 2 2 1, 2 2 1, 1 2 1",
    "D": "0 1 -1, 0 1 -1, 0 1 0, 0 1 0, 0 1 0, 0 1 0, 0 1 1, 0 1 1, 0 1 1",
    "E": "0 1 -1, 0 1 -1, 2 1 1, 0 -1 1, 1 0 2, 0 0 2, -1 0 1, 1 2 1, -2 -1 -2",
    "F": "0 1 -1, 0 1 -1, -1 1 -2, -2 0 -2, -3 -1 -3, -3 -1 -3, -4 -1 -4, -5 -2 -4, -6 -3 -5",
    "G": "0 1 -1, 0 1 -1, 2 1 1, 2 1 1, 2 1 1, 0 1 1, 0 1 1, 0 1 1, 0 1 1",
    "H": "0 1 -1, -1 1 -1, 0 1 0, 0 1 0, 0 1 0, -1 1 0, 0 1 1, 0 1 1, 0 1 1",
}
traces = {name: np.array([row.split() for row in text.split(",")], float) for name, text in TRACES.items()}
show_beside("trace A, the lecture's own", "ok", diagnose_trace(FOUR, OR, traces["A"]))
show_beside("trace D, the example above", "bias_frozen", diagnose_trace(FOUR, OR, traces["D"]))
figure = labkit.plots.Figure(figsize=(11, 5), layout="constrained")
figure.suptitle("Which rule made these weights? Above each trace: your answer")
for axis, (name, trace) in zip(figure.subplots(2, 4, sharex=True).ravel(), traces.items(), strict=True):
    for i, (line, marker) in enumerate((("-", "o"), ("--", "s"), (":", "^"))):
        axis.plot(
            trace[:, i] + 0.02 * np.ptp(trace) * (i - 1),
            line,
            marker=marker,
            markersize=4,
            color="black",
            label=f"$w_{i}$",
        )
    axis.axvline(4, color="0.8", zorder=0)
    axis.set_title(f"{name}: {diagnose_trace(FOUR, OR, trace)}", fontsize=10)
    axis.set_xticks(range(0, 9, 2))
figure.axes[0].legend(frameon=False, fontsize=8)
figure.supxlabel("presentation (the vertical line ends epoch 1)", fontsize=10)
figure.supylabel("weight", fontsize=10)
figure.show()

# %% [markdown]
# ## 0.9 Ten digits, and an average
#
# Ten classes need ten units, and the loudest wins: the answer is the class with the largest net input. The weights
# are now (d+1, k), a column per class, and the rule becomes: if the answer $g$ is wrong, column $y$ gains $\tilde x$,
# and column $g$ loses it. All other columns stay. Equal net inputs: the first largest is the answer, as in
# `np.argmax`.
#
# Such a learner never settles on real digits: it always bends to the last example that it got wrong. The remedy costs
# nothing. Take the *mean* of the weights over the whole way, one matrix after each row, whether it changed anything
# or not: weights that answered rightly for long count for long (the averaged perceptron, Freund and Schapire 1999).
#
# *On paper:* one input, two classes, zero weights; rows $x = 1, 1, 3$ with labels 1, 1, 0. Row 1: both nets are 0,
# the first wins, $g = 0$ is wrong: column 1 becomes (1, 1), column 0 becomes (−1, −1). Row 2: nets −2 and 2, right.
# Row 3: nets −4 and 4, $g = 1$ is wrong: column 0 becomes (−1, −1) + (1, 3) = (0, 2), column 1 becomes (0, −2). The
# last weights have the columns (0, 2) and (0, −2); the average has column 0 = ((−1, −1) + (−1, −1) + (0, 2))/3 =
# (−2/3, 0).


# %%
def multiclass_epoch(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One pass of the perceptron for k classes over the rows in their order.

    weights : (d+1, k) float, a column per class, the row of biases first; not changed
    x : (n, d) float
    y : (n,) integers from 0 to k-1
    returns : the weights at the end (d+1, k); the mean of the n matrices that there were after each row (d+1, k)
    """
    # BEGIN SOLUTION
    weights, total = weights.copy(), np.zeros_like(weights)
    for row, label in zip(x, y, strict=True):
        extended = np.append(1.0, row)
        answer = np.argmax(extended @ weights)
        if answer != label:
            weights[:, label] += extended
            weights[:, answer] -= extended
        total += weights
    return weights, total / len(x)
    # END SOLUTION


# %% tags=["explore"]
last, average = multiclass_epoch(np.zeros((2, 2)), np.array([[1.0], [1.0], [3.0]]), np.array([1, 1, 0]))
show_beside("last weights", [[0, 0], [2, -2]], last.tolist())
show_beside("average", [[-0.667, 0.667], [0, 0]], average.round(3).tolist())

# %% [markdown]
# One epoch over 60,000 digits, in pieces of 1,000, measured after each piece. The mean over equal pieces is the mean
# of their means.

# %% tags=["explore"]
x_train, x_test = (images.reshape(-1, 784).astype(float) for images in (mnist.x_train, mnist.x_test))


def accuracy(weights: np.ndarray) -> float:
    """The share of test digits whose class has the largest net input."""
    return float(((with_one(x_test) @ weights).argmax(axis=1) == mnist.y_test).mean())


weights, total, curves = np.zeros((785, 10)), np.zeros((785, 10)), {"last": [], "average": []}
for piece in range(60):
    rows = slice(1000 * piece, 1000 * (piece + 1))
    weights, mean = multiclass_epoch(weights, x_train[rows], mnist.y_train[rows])
    total += mean
    curves["last"].append(accuracy(weights))
    curves["average"].append(accuracy(total))  # a factor changes no answer
print(f"test accuracy: last weights {curves['last'][-1]:.2%}, average {curves['average'][-1]:.2%}")

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(9, 4.5), layout="constrained")
figure.suptitle("One pass over MNIST: the last weights and their average")
axis = figure.subplots()
seen = np.arange(1, 61)
axis.plot(seen, curves["average"], "-", color="black", linewidth=2, label="average of all weights so far")
axis.plot(seen, curves["last"], "o:", color="0.35", markersize=3, linewidth=1, label="last weights")
for height, text in ((0.925, "softmax regression (lab 01): 92.5 %"), (0.8203, "nearest mean image: 82.0 %")):
    axis.axhline(height, color="0.6", linestyle="--", linewidth=1)
    axis.annotate(
        text, (60, height), xytext=(0, 3), textcoords="offset points", ha="right", fontsize=9, color="0.3"
    )
axis.set(
    xlabel="training digits seen (thousands)",
    ylabel="accuracy on the test digits",
    xlim=(0, 61),
    ylim=(0.68, 0.95),
)
axis.legend(frameon=False, loc="lower right")
figure.show()

# %% tags=["explore"]
labkit.plots.weight_images(
    total[1:] / 60, title="The average: white speaks for the digit, black against"
).show()


# %% tags=["quiz"]
def quiz_0_9() -> str:
    """In lab 01 the hard answer makes way for probabilities p (softmax), and each row moves the weights by
    (1, x) times target minus p. What is new about that?

    a) Only the columns of the right class and of the answered one move.
       -> That is the perceptron. With probabilities every column moves, each by how much it is wrong.
    b) The right class is pushed up and the others down.
       -> The perceptron does that as well, with the one that it answered.
    c) Nothing: the loudest unit still wins.
       -> In answering. In learning it matters how sure the unit was, which the perceptron cannot know.
    d) Right answers move the weights, too, a little.
       -> p is never exactly the target: the less sure the answer, the larger the step, right or wrong.
    """
    # BEGIN SOLUTION
    return "d"
    # END SOLUTION


# %% [markdown]
# ## What to take along
#
# - A threshold unit is a line (a plane, a hyperplane) and a side. Its learning rule corrects mistakes and nothing
#   else.
# - It stops if and only if the rows can be separated; how soon depends on the margin, not on the number of inputs. So
#   784 pixels are no harder than 2.
# - XOR needs a second layer, and a second layer needs a bend between the two. Three layers can draw anything, *if you
#   know the weights*: the step has no slope, so no rule here can learn them. Lab 02 puts a slope in its place.
# - A learner that follows its last example is noisy; an average over its way is not. You will meet that idea again.
# - Convention matters: `>` or `>=`, rows or columns, bias first or last. Say which, once, at the top.
#
# ## Going further
#
# No points, no right answers; an evening each.
#
# 1. Show the rows in a random order, anew in each epoch. Do OR and the gap from 8 to 9 converge sooner? Draw the
#    number of corrections for 100 orders as a histogram, with the bound of 0.7 beside it.
# 2. 4 against 9 has not converged after 30 epochs. Are these digits not separable, or is their margin narrow? What
#    would you need to know for certain, and how could you find out?
