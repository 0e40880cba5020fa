# labkit: lab09_depth

# %% [markdown]
# # Lab 09: Approximation, depth, generalisation
#
# "One hidden layer can approximate anything", says a theorem. Why then are networks deep, why does training fail all
# the same, and why do huge networks not learn everything by heart? After this lab you can
#
# - write down a network that computes a given curve, without training (9.1), and count what depth buys (9.2);
# - fit a surface in whatever units it comes, and say how well (9.3); compare shapes of networks fairly (9.4);
# - measure bias and variance (9.5), and show the error that rises and falls a second time (9.6);
# - show what a skip connection does to gradients (9.7);
# - tell three failures apart: too small (approximation), not found (optimisation), not the rule (generalisation)
#   (9.8).
#
# **You should know** what a layer of ReLU units computes (lab 02), how a `Dense` network is trained in Keras (lab
# 03), and least squares. About four hours in all:
#
# | question | minutes | points | of these on hidden inputs |
# |---|---|---|---|
# | 9.1 A curve without training | 25 | 12 | 3 |
# | 9.2 What depth buys | 40 | 16 | 4 |
# | 9.3 A surface in its own units | 35 | 13 | 5 |
# | 9.4 Shapes on one budget | 35 | 16 | 4 |
# | 9.5 Bias and variance | 25 | 11 | 3 |
# | 9.6 The second descent | 25 | 12 | 3 |
# | 9.7 Twenty layers, with and without skips | 25 | 10 | 3 |
# | 9.8 Which of the three? | 25 | 10 | 3 |
#
# **Allowed**: NumPy everywhere, Keras in 9.3 and 9.4.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this file.
# Your functions never change their arguments; arrays are float64 unless said. The cells tagged `explore` train and
# draw; they are not graded. The slowest, the histograms of 9.4, takes about a minute.
#
# A **ReLU network** is here a list of arrays as Keras' `get_weights()` returns it, [kernel (in, h), bias (h,), …,
# kernel (h, out), bias (out,)], with a ReLU after every layer but the last. `forward` below computes it.
#
# The lectures: Loiseau, "Composition of simple functions" and "Architecture design"; EPFL, from "ReLu Behavior" to
# "MLP to ResNet"; Facciolo, "Universal Approximation theorems", "Approximation power of deep architectures", "Skip
# connections" and "How NNs even work?".

# %%
from __future__ import annotations

import keras
import numpy as np

import labkit


# %%
def forward(network: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """What a ReLU network computes.

    network : [kernel, bias, …, kernel, bias]
    x : (n, in)
    returns : (n, out)
    """
    for kernel, bias in zip(network[:-2:2], network[1:-2:2], strict=True):
        x = np.maximum(x @ kernel + bias, 0)
    return x @ network[-2] + network[-1]


# %% tags=["explore"]
mnist = labkit.data.load_mnist()


def beside(what: str, expected: object, yours: object) -> None:
    """Print what can be found on paper, and your answer beside it."""
    print(f"{what}: expected {expected}, yours {yours}")


# %% [markdown]
# ## 9.1 A curve without training
#
# A ReLU unit $\max(0, x - t)$ is 0 up to $t$ and a slope from there on: a *kink* at $t$. A sum of them is a chain of
# straight pieces (Loiseau, "Composition of simple functions"), so every such chain is a network with one hidden
# layer, and you can write it down.
#
# Given knots $t_1 < \dots < t_k$ and the values there: the slope between $t_i$ and $t_{i+1}$ is $s_i =
# (v_{i+1}-v_i)/(t_{i+1}-t_i)$. Begin at the value $v_1$ with the slope $s_1$; at each knot the unit that wakes up
# adds the **change** of slope, for all the earlier ones go on:
#
# $$f(x) = v_1 + s_1 \max(0, x - t_1) + \sum_{i=2}^{k-1} (s_i - s_{i-1}) \max(0, x - t_i) .$$
#
# That are $k - 1$ units with weight 1 and bias $-t_i$, and an output bias $v_1$. By hand: knots (0, 1, 3), values (1,
# 3, −1): slopes 2 and −2, so the output weights are **2** and **−4**, the biases **0** and **−1**, the output bias
# **1**. At $x = 2$: $1 + 2 \cdot 2 - 4 \cdot 1$ = **1**, half way between 3 and −1.
#
# How good is it? A chain of straight pieces misses a smooth curve by at most $\frac18 h^2 \max |f''|$ with the
# distance $h$ of the knots. Twice as many pieces, a quarter of the error. For one sine on $[0, 2\pi]$ and H
# intervals, error · H² tends to π²/2.

# %% tags=["explore"]
labkit.plots.network(
    [("x", (1,)), ("one unit\nfor each knot\nbut the last", (2,)), ("f(x)", (1,))],
    title="Knots (0, 1, 3): kernel (1, 1), biases (0, −1), then weights (2, −4) and bias 1",
).show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: slopes and their changes</summary>
#
# `slopes = np.diff(values) / np.diff(knots)`; `np.diff(slopes, prepend=0)` is the first slope, then all changes.
#
# </details>
# <details><summary>Hint 2: the four arrays</summary>
#
# Shapes (1, k − 1), (k − 1,), (k − 1, 1), (1,): ones, minus the knots but the last, the changes as a column, the
# first value.
#
# </details>


# %%
def relu_interpolant(knots: np.ndarray, values: np.ndarray) -> list[np.ndarray]:
    """A ReLU network with one hidden layer through given points, straight between them.

    knots : (k,) float, strictly increasing, any spacing, k at least 2
    values : (k,) float: what it should be there
    returns : a ReLU network, [(1, h), (h,), (h, 1), (1,)], with at most k units; outside the knots it does what it
    likes
    source : Loiseau, "Composition of simple functions"
    """
    # BEGIN SOLUTION
    changes = np.diff(np.diff(values) / np.diff(knots), prepend=0)
    return [np.ones((1, len(changes)), knots.dtype), -knots[:-1], changes[:, None], values[:1].copy()]
    # END SOLUTION


# %% tags=["explore"]
hand = relu_interpolant(np.array([0.0, 1.0, 3.0]), np.array([1.0, 3.0, -1.0]))
beside("at 0, 1, 2, 3", [1, 3, 1, -1], forward(hand, np.array([[0.0], [1.0], [2.0], [3.0]])).ravel().tolist())

figure = labkit.plots.Figure(figsize=(10, 4), layout="constrained")
figure.suptitle("A sine as a sum of ReLU units, without training")
left, right = figure.subplots(1, 2)
x = np.linspace(0, 2 * np.pi, 20_001)[:, None]
left.plot(x, np.sin(x), color="0.7", linewidth=4, label="sine")
for intervals, style in ((4, ":"), (8, "--"), (16, "-")):
    knots = np.linspace(0, 2 * np.pi, intervals + 1)
    left.plot(
        x,
        forward(relu_interpolant(knots, np.sin(knots)), x),
        style,
        color="black",
        label=f"{intervals} intervals",
    )
counts = 2 ** np.arange(2, 10)
errors = []
for intervals in counts:
    knots = np.linspace(0, 2 * np.pi, intervals + 1)
    errors.append(float(np.abs(forward(relu_interpolant(knots, np.sin(knots)), x) - np.sin(x)).max()))
right.plot(counts, np.pi**2 / 2 / counts**2.0, ":", color="0.4", label="π²/2 divided by H²")
right.plot(counts, errors, "o", color="black", mfc="white", label="yours")
left.set(xlabel="x", ylabel="f(x)")
right.set(xscale="log", yscale="log", xlabel="H: intervals", ylabel="largest error")
right.set_xticks(counts, [str(count) for count in counts])
left.legend(frameon=False)
right.legend(frameon=False)
figure.show()
beside(
    "largest error with 8, 16, 32 intervals", [0.07038, 0.01885, 0.00479], [round(e, 5) for e in errors[1:4]]
)


# %% tags=["quiz"]
def quiz_9_1() -> str:
    """What do universal approximation theorems promise for a continuous function on a bounded region?

    a) That gradient descent finds a network that comes near it.
       -> Nothing is said of finding. "But optimisation may fail" (Loiseau).
    b) That a network with 100 units comes near it.
       -> Nothing is said of the size; it may be astronomical.
    c) That some network comes as near as you like: one hidden layer wide enough, or width n + 4 deep enough.
       -> There is one. How large it is and how to find it is another matter, and what it does elsewhere a third.
    d) That a network which fits the training data fits new data, too.
       -> The theorem knows no data. That is generalisation.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## 9.2 What depth buys
#
# On a line a ReLU network is a chain of straight **pieces** (EPFL, "ReLu Behavior"). A piece is a longest interval
# inside $[a, b]$ on which the function is straight. One hidden layer with $h$ units has at most $h$ kinks and $h + 1$
# pieces. How many has a deep one? `count_pieces` counts them. Take care:
#
# - a kink that does not change the slope ends no piece: a unit with weight 0, two units that cancel each other, a
#   hidden unit that kinks where the next layer is switched off;
# - a kink at $a$ or $b$, or outside, counts nothing; a flat piece counts.
#
# In all cases pieces are at least 1/500 of the interval wide and slopes change by at least 1 % of the steepest, so a
# fine grid (20,000 steps) will do. There is an exact way, too: layer by layer the functions are straight between the
# points so far, so each unit's zero between two of them is where a line crosses 0.
#
# By hand: $\max(0, x) - 2 \max(0, x - 1) + \max(0, x - 2)$, a hat, on [−1, 3]: flat, up, down, flat: **4** pieces. On
# [0, 2]: **2**, as two kinks lie at the ends.
#
# And now depth. $f(x) = |2x - 1|$ folds $[0, 1]$ onto itself: two pieces, each of which covers all of $[0, 1]$. Fold
# again (EPFL; Facciolo, "Approximation power of deep architectures"), and both halves are folded: $f \circ f$ has
# four pieces, $n$ folds have **2ⁿ**. Two units make a fold, $|z| = \max(0, z) + \max(0, -z)$; so $2n$ units in $n$
# layers do what $2^n - 1$ units in one layer do. For $n = 10$: 61 numbers against 3,070.
#
# By hand: `fold(1)` is [(2, −2)], [−1, 1], then [(1), (1)], [0]. In `fold(2)` the second layer gets $2 (u_1 + u_2) -
# 1$ and its negative. $f(f(0.125))$: $f(0.125) = 0.75$, $f(0.75)$ = **0.5**.

# %% tags=["explore"]
labkit.plots.network(
    [
        ("x", (1,)),
        ("2x − 1\n1 − 2x", (2,)),
        ("2(u₁ + u₂) − 1\n1 − 2(u₁ + u₂)", (2,)),
        ("sum", (1,)),
    ],
    title="Two folds: four pieces with four units",
).show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: slopes on a grid</summary>
#
# `slopes = np.diff(values)` on an even grid. Where a kink lies inside a step, that step has a slope between its
# neighbours', so one kink shows as *two* changes beside each other: count them once.
#
# </details>
# <details><summary>Hint 2: the exact way</summary>
#
# Keep an array of points, at first a and b. For each hidden layer: its sums z at the points (before the ReLU); where
# two neighbours have different signs, add `left + (right - left) * z_left / (z_left - z_right)`; sort. At the end
# slopes between neighbouring points.
#
# </details>
# <details><summary>Hint 3: the middle layers of fold</summary>
#
# `np.array([[2.0, -2.0], [2.0, -2.0]])` with the bias `np.array([-1.0, 1.0])`.
#
# </details>


# %%
def count_pieces(network: list[np.ndarray], a: float, b: float) -> int:
    """How many straight pieces a ReLU network has on an interval.

    network : ReLU network with one input and one output, one hidden layer or more
    a, b : the interval, a < b
    source : EPFL, "ReLu Behavior"
    """
    # BEGIN SOLUTION
    points = np.array([a, b], np.float64)
    for end in range(2, len(network), 2):  # sums of each hidden layer are straight between the points so far
        z = forward(network[:end], points[:, None])
        left, right = z[:-1], z[1:]
        crosses = left * right < 0
        share = left / np.where(crosses, left - right, 1)
        zeros = points[:-1, None] + np.diff(points)[:, None] * share
        points = np.unique(np.concatenate([points, zeros[crosses]]))
        points = points[np.diff(points, prepend=-np.inf) > 1e-7 * (b - a)]
    slopes = np.diff(forward(network, points[:, None])[:, 0]) / np.diff(points)
    return 1 + int((np.abs(np.diff(slopes)) > 0.003 * np.abs(slopes).max() + 1e-12).sum())
    # END SOLUTION


# %%
def fold(n: int) -> list[np.ndarray]:
    """The function abs(2x - 1), applied n times.

    n : 1 or more
    returns : a ReLU network with at most 2 n units that computes it on [0, 1]; outside it does what it likes
    source : EPFL; Facciolo, "Approximation power of deep architectures"
    """
    # BEGIN SOLUTION
    network = []
    for inputs in [1] + [2] * (n - 1):
        network += [np.tile([[2.0, -2.0]], (inputs, 1)), np.array([-1.0, 1.0])]
    return [*network, np.ones((2, 1)), np.zeros(1)]
    # END SOLUTION


# %% tags=["explore"]
hat = [np.ones((1, 3)), np.array([0.0, -1.0, -2.0]), np.array([[1.0], [-2.0], [1.0]]), np.zeros(1)]
beside(
    "pieces of a hat on [-1, 3] and on [0, 2]", (4, 2), (count_pieces(hat, -1, 3), count_pieces(hat, 0, 2))
)
beside("pieces of 1 to 6 folds", [2, 4, 8, 16, 32, 64], [count_pieces(fold(n), 0, 1) for n in range(1, 7)])
beside("two folds at 0.125", 0.5, float(forward(fold(2), np.array([[0.125]]))[0, 0]))

figure = labkit.plots.Figure(figsize=(10, 2.8), layout="constrained")
figure.suptitle("Folding: each layer of two units doubles the pieces")
x = np.linspace(0, 1, 1025)[:, None]
for n, axis in enumerate(figure.subplots(1, 4, sharey=True), 1):
    axis.plot(x, forward(fold(n), x), color="black")
    axis.set(title=f"n = {n}: {count_pieces(fold(n), 0, 1)} pieces,\n{2 * n} units", xlabel="x")
figure.axes[0].set_ylabel("f∘…∘f")
figure.show()

# %% [markdown]
# Is depth always exponential, then? Only if somebody folds on purpose. Networks with random weights hardly do: below,
# the pieces of 200 random networks on [−3, 3], all with 24 units.

# %% tags=["explore"]
rng, shapes = np.random.default_rng(0), {"1 × 24": (24,), "2 × 12": (12, 12), "4 × 6": (6, 6, 6, 6)}
found = {}
for name, hidden in shapes.items():
    sizes = (1, *hidden, 1)
    found[name] = []
    for _ in range(200):
        drawn = []
        for inputs, units in zip(sizes[:-1], sizes[1:], strict=True):
            drawn += [rng.normal(size=(inputs, units)) * np.sqrt(2 / inputs), rng.normal(size=units) * 0.5]
        found[name].append(count_pieces(drawn, -3, 3))
figure = labkit.plots.Figure(figsize=(9, 3), layout="constrained")
figure.suptitle("Pieces of 200 random networks with 24 units (24 folded units would have 4,096)")
for axis, (name, counts) in zip(figure.subplots(1, 3, sharex=True, sharey=True), found.items(), strict=True):
    axis.hist(counts, bins=np.arange(0, 40) - 0.5, color="0.7", edgecolor="0.3")
    axis.set(title=f"{name}: mean {np.mean(counts):.1f}", xlabel="pieces")
figure.axes[0].set_ylabel("networks")
figure.show()


# %% tags=["quiz"]
def quiz_9_2() -> float:
    """How many units does *one* hidden layer need for the 1,024 pieces of ten folds?

    = 1024 -> Each unit makes one kink, and 1,024 pieces have one kink less.
    = 20 -> That is what ten layers need, two units each.
    = 512 -> A unit makes one kink, not two.
    """
    # BEGIN SOLUTION
    return 1023
    # END SOLUTION


# %% [markdown]
# ## 9.3 A surface in its own units
#
# EPFL fits Rosenbrock's function $z = 100\,(x_2 - x_1^2)^2 + (1 - x_1)^2$ on $[-2, 2] \times [-1, 3]$, which goes
# from 0 to 2,500. How good is a fit? The squared error alone says nothing, as it has units; **R²** compares it with
# the best constant:
#
# $$R^2 = 1 - \frac{\sum (z - \hat z)^2}{\sum (z - \bar z)^2} .$$
#
# 1 is perfect, 0 is as good as the mean, and it may be negative. By hand: $z$ = (1, 2, 3, 4), predicted (1, 2, 3, 5):
# the mean is 2.5, the sum below 5, above 1: R² = **0.8**. (Keras predicts (n, 1) where z is (n,): subtract those, and
# NumPy makes an (n, n) table.)
#
# A network starts with weights that suit inputs and targets of size 1. Standardise both: $\tilde x = (x - \bar
# x)/s_x$ and $\tilde z = (z - \bar z)/s_z$. But who gets your model asks in *their* units: so the scaling belongs
# **into the model**,
#
# - in front a layer whose fixed numbers subtract $\bar x$ and divide by $s_x$: a `Dense(2)` with `set_weights`, or a
#   `BatchNormalization` with its moving averages set (`Rescaling` takes a single number here);
# - at the end `Rescaling(s_z, offset=mean of z)`, which is linear and has nothing to learn.
#
# As in 3.8 the price of a training is counted in multiply-adds: cost = 3 · weights · examples · epochs, where the
# matrices of dense layers count. By hand: 2-40-40-1 has 80 + 1,600 + 40 = 1,720 weights; 100 epochs of 2,000 points
# cost 3 · 1,720 · 2,000 · 100 = 1.0 · 10⁹.
#
# You return a compiled, untrained model, the batch size and the epochs. The grader counts, trains on the points it
# gave you (with your loss, in the units of z), and measures R² on a grid. With a budget of 10¹⁰ full points from
# **0.998** on, none at 0.95; and the same surface in other units (x in hundreds with an offset, z with an offset of
# hundreds of its deviations) must reach 0.995.
#
# <details><summary>Erratum: minimise or maximise</summary>
#
# EPFL writes "minimize Σ[t log σ + (1 − t) log(1 − σ)]": the minus is missing, that sum is to be *maximised*. For the
# surface it minimises Σ(z − f)², which is right.
#
# </details>

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: order of layers</summary>
#
# Input((2,)), the scaling of the inputs, two hidden layers of some tens of units, Dense(1), Rescaling.
#
# </details>
# <details><summary>Hint 2: the first layer</summary>
#
# `first = keras.layers.Dense(2)`; after the model is built, `first.set_weights([np.diag(1 / s), -mean / s])` with
# mean and deviation of each column of x. The grader takes the weights over as they are.
#
# </details>
# <details><summary>Hint 3: a budget that works</summary>
#
# 40 and 40 units with tanh, batches of 32, all epochs that the budget pays for (at most 400), Adam from 0.01 by a
# cosine to 0, mean squared error.
#
# </details>


# %%
def training_cost(model: keras.Model, epochs: int, examples: int) -> float:
    """The multiply-adds of a training: 3 · weights · examples · epochs; the matrices of dense layers count."""
    weights = sum(w.shape[0] * w.shape[1] for w in model.weights if len(w.shape) == 2)
    return 3.0 * weights * examples * epochs


# %%
def r_squared(z: np.ndarray, predicted: np.ndarray) -> float:
    """Share of the variance of z that is explained.

    z : (n,) or (n, 1) float, not constant
    predicted : (n,) or (n, 1) float
    """
    # BEGIN SOLUTION
    z, predicted = np.ravel(z), np.ravel(predicted)
    return float(1 - ((z - predicted) ** 2).sum() / ((z - z.mean()) ** 2).sum())
    # END SOLUTION


# %%
def fit_surface(x: np.ndarray, z: np.ndarray, budget: float) -> tuple[keras.Sequential, int, int]:
    """The best network for a surface whose training on these points costs at most a budget.

    x : (n, 2) float: the points, in any units
    z : (n,) float: the surface there, in any units
    budget : multiply-adds, as `training_cost` counts them; at least 1e8
    returns : (model, batch_size, epochs): a compiled, untrained model from (n, 2) to (n, 1), in the units of x and z;
    how
        many points a step takes; how many passes over the points
    source : EPFL, regression on the Rosenbrock function
    """
    # BEGIN SOLUTION
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    width = 40 if budget >= 1e9 else 16
    first = keras.layers.Dense(2)
    model = keras.Sequential(
        [
            keras.Input((2,)),
            first,
            keras.layers.Dense(width, activation="tanh"),
            keras.layers.Dense(width, activation="tanh"),
            keras.layers.Dense(1),
            keras.layers.Rescaling(float(z.std()), offset=float(z.mean())),
        ]
    )
    first.set_weights([np.diag(1 / deviation), -mean / deviation])
    batch_size, epochs = 32, max(1, min(400, int(budget / training_cost(model, 1, len(x)))))
    rate = keras.optimizers.schedules.CosineDecay(0.01, epochs * -(-len(x) // batch_size))
    model.compile(keras.optimizers.Adam(rate), "mean_squared_error")
    return model, batch_size, epochs
    # END SOLUTION


# %% tags=["explore", "example"]
print(labkit.example(r_squared, np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 5.0]), gives=0.8))


# %% tags=["explore"]
def rosenbrock(x: np.ndarray) -> np.ndarray:
    return 100 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1 - x[:, 0]) ** 2


points = np.random.default_rng(0).uniform([-2, -1], [2, 3], size=(1800, 2))
heights = rosenbrock(points)
keras.utils.set_random_seed(0)
surface, batch_size, epochs = fit_surface(points, heights, 1e10)
print(f"{epochs} epochs cost {training_cost(surface, epochs, len(points)):.2e} of 1e10")
labkit.fit(surface, points, heights, batch_size=batch_size, epochs=epochs, verbose=0)
across, up = np.meshgrid(np.linspace(-2, 2, 61), np.linspace(-1, 3, 61))
grid = np.stack([across.ravel(), up.ravel()], axis=1)
fitted = surface.predict(grid, batch_size=4096, verbose=0)
print(f"R² on a grid: {r_squared(rosenbrock(grid), fitted):.5f}")
figure = labkit.plots.Figure(figsize=(10, 3.8), layout="constrained")
figure.suptitle("Rosenbrock's function, fitted in its own units")
levels = [0, 3, 10, 30, 100, 300, 1000, 2500]
for axis, (title, values) in zip(
    figure.subplots(1, 3, sharey=True),
    {
        "true": rosenbrock(grid),
        "fitted": fitted.ravel(),
        "difference": np.abs(fitted.ravel() - rosenbrock(grid)),
    }.items(),
    strict=True,
):
    drawn = axis.contourf(
        across, up, values.reshape(61, 61).clip(0, 2500), levels, cmap="Greys", norm="symlog"
    )
    axis.set(title=title, xlabel="x₁")
figure.axes[0].set_ylabel("x₂")
figure.colorbar(drawn, ax=figure.axes, label="z", ticks=levels)
figure.show()


# %% tags=["quiz"]
def quiz_9_3() -> str:
    """Predictions are exactly twice the true values plus 3. What is R², and what the squared correlation?

    a) Both are 1.
       -> The correlation forgives scale and offset. R² does not: these predictions are wrong.
    b) The squared correlation is 1, R² is below 1, and may be negative.
       -> So never take one for the other: R² asks how far off, the correlation whether it moves along.
    c) R² is 1, the squared correlation is below 1.
       -> The other way round.
    d) Both are 0.
       -> They move along perfectly, so the correlation is 1.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 9.4 Shapes on one budget
#
# EPFL fits a digit as a surface I = f(x, y) with networks that all cost about 500 numbers: 1 × 125, 2 × 20, 3 × 14
# units. Wide or deep? A fair comparison fixes the number of weights, and looks at more than one seed.
#
# `width_for_budget`: the largest width $w$ for which `depth` hidden layers of $w$ units each, all weights *and
# biases* counted, cost at most `budget`. One hidden layer costs (inputs + 1) w + (w + 1) outputs, each further one
# $(w + 1) w$. By hand: 501 numbers, 2 inputs, 1 output, depth 1: $3w + w + 1 = 501$, $w$ = **125**. Depth 2: $3w +
# (w+1)w + w + 1 = w^2 + 5w + 1 \le 501$: **20** costs exactly 501.
#
# `final_losses` trains: for each shape (a tuple of hidden widths) and each seed `keras.utils.set_random_seed(seed)`,
# then a **new** network, `Dense` relu layers as Keras starts them and `Dense(1)`; `Adam(0.005)`, mean squared error,
# batches of 32. What is reported is the mean squared error of the *trained* network on all rows. (Keras' History
# reports a mean over the epoch, of weights that were still changing.) A table: a row for each shape, a column for
# each seed.
#
# By hand: nothing to compute; but a table of 2 shapes and 3 seeds is 2 × 3, the same call gives the same table, and a
# row does not depend on the other rows.
#
# <details><summary>Erratum: 5,000 test digits</summary>
#
# EPFL's accuracy on MNIST is said to be over 5,000 test digits; MNIST has 60,000 for training and 10,000 for testing.
#
# </details>

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: just count</summary>
#
# A loop that raises the width by one until the cost exceeds the budget is quick enough. Test your count on 501.
#
# </details>
# <details><summary>Hint 2: what goes into the inner loop</summary>
#
# Seed, model, compile, fit, predict, mean square: all of it, for each shape and seed. `model.predict(x)` is (n, 1), z
# is (n,).
#
# </details>


# %%
def width_for_budget(depth: int, budget: int, inputs: int = 2, outputs: int = 1) -> int:
    """The largest width of equal hidden layers that a number of weights and biases pays for.

    depth : hidden layers, 1 or more
    budget : weights and biases at most; enough for width 1
    source : EPFL, surfaces I = f(x, y) "with the same number of weights"
    """

    # BEGIN SOLUTION
    def cost(width: int) -> int:
        return (inputs + 1) * width + (depth - 1) * (width + 1) * width + (width + 1) * outputs

    width = 1
    while cost(width + 1) <= budget:
        width += 1
    return width
    # END SOLUTION


# %%
def final_losses(
    shapes: list[tuple[int, ...]], x: np.ndarray, z: np.ndarray, epochs: int, seeds: list[int]
) -> np.ndarray:
    """Losses of trained networks, for several shapes and seeds.

    shapes : widths of the hidden layers, a tuple for each network
    x : (n, d) float
    z : (n,) float
    epochs : of each training, in batches of 32 with Adam(0.005)
    seeds : for keras.utils.set_random_seed, before each network is made
    returns : (len(shapes), len(seeds)) float: mean squared error of each trained network on all rows
    source : Facciolo, "How NNs even work?": histograms of final losses; EPFL
    """
    # BEGIN SOLUTION
    table = np.empty((len(shapes), len(seeds)))
    for row, shape in enumerate(shapes):
        for column, seed in enumerate(seeds):
            keras.utils.set_random_seed(seed)
            hidden = [keras.layers.Dense(width, activation="relu") for width in shape]
            model = keras.Sequential([keras.Input((x.shape[1],)), *hidden, keras.layers.Dense(1)])
            model.compile(keras.optimizers.Adam(0.005), "mean_squared_error")
            labkit.fit(model, x, z, batch_size=32, epochs=epochs, verbose=0)
            predicted = model.predict(x, batch_size=1024, verbose=0)[:, 0]
            table[row, column] = ((predicted - z) ** 2).mean()
    return table
    # END SOLUTION


# %% tags=["explore", "example"]
print(labkit.example(width_for_budget, 1, 501, gives=125))
print(labkit.example(width_for_budget, 2, 501, gives=20))
print(labkit.example(width_for_budget, 3, 501, gives=14))

# %% [markdown]
# A digit as a surface: 784 points, row and column in [−1, 1], ink. Three shapes with 501, 501 and 477 numbers, 150
# epochs; below each image the mean squared error of your `final_losses`. One layer makes smooth hills; depth makes
# edges.

# %% tags=["explore"]
digit = mnist.x_train[7] / 255.0
places = np.stack(np.meshgrid(np.linspace(-1, 1, 28), np.linspace(-1, 1, 28)), axis=-1).reshape(-1, 2)
figure = labkit.plots.Figure(figsize=(10, 3.2), layout="constrained")
figure.suptitle("A digit as a surface, by networks of about 500 numbers (150 epochs)")
axes = figure.subplots(1, 4)
axes[0].imshow(digit, cmap="gray_r")
axes[0].set_title("true", fontsize=10)
for axis, shape in zip(axes[1:], ((125,), (20, 20), (14, 14, 14)), strict=True):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(width, activation="relu") for width in shape]
    model = keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.005), "mean_squared_error")
    labkit.fit(model, places, digit.ravel(), batch_size=32, epochs=150, verbose=0)
    axis.imshow(
        model.predict(places, batch_size=784, verbose=0).reshape(28, 28).clip(0, 1),
        cmap="gray_r",
        vmin=0,
        vmax=1,
    )
    (loss,) = final_losses([shape], places, digit.ravel(), epochs=150, seeds=[0])[0]
    axis.set_title(f"{len(shape)} × {shape[0]}: error {loss:.4f}", fontsize=10)
for axis in axes:
    axis.set(xticks=[], yticks=[])
figure.show()

# %% [markdown]
# Facciolo shows that local minima stop mattering as networks get wide (Choromanska et al. 2015): a thousand trainings
# from different seeds, narrow ones end anywhere, wide ones all end alike. On a small scale: two spirals (targets −1
# and 1), 15 seeds for each width.

# %% tags=["explore"]
rng = np.random.default_rng(1)
turn = np.sqrt(rng.uniform(0.05, 1, size=300)) * 2.5 * np.pi
arm = np.tile([1.0, -1.0], 150)
spiral = np.stack([np.cos(turn), np.sin(turn)], axis=1) * (arm * turn / 8)[:, None] + 0.01 * rng.normal(
    size=(300, 2)
)
widths = (2, 5, 20, 100)
table = final_losses([(width, width) for width in widths], spiral, arm, epochs=60, seeds=list(range(15)))
figure = labkit.plots.Figure(figsize=(9.5, 2.9), layout="constrained")
figure.suptitle("Where 15 trainings end: two hidden layers on two spirals")
for axis, width, losses in zip(figure.subplots(1, 4, sharex=True, sharey=True), widths, table, strict=True):
    axis.hist(losses, bins=np.linspace(0, 1.05, 22), color="0.7", edgecolor="0.3")
    axis.set(title=f"width {width}: {losses.mean():.2f} ± {losses.std():.2f}", xlabel="mean squared error")
figure.axes[0].set_ylabel("trainings")
figure.show()


# %% tags=["quiz"]
def quiz_9_4() -> float:
    """EPFL speaks of 5,000 test digits. How many has MNIST?

    = 5000 -> That is the slide; count mnist.y_test.
    = 60000 -> Those are the training digits.
    = 70000 -> That is all of them together.
    """
    # BEGIN SOLUTION
    return 10000
    # END SOLUTION


# %% [markdown]
# ## 9.5 Bias and variance
#
# Draw a data set, fit, predict. Draw another one, and you get another prediction. Over all data sets the expected
# squared error at a point falls into three parts (Facciolo):
#
# $$E\,(\hat f - y)^2 = \underbrace{(E\hat f - f)^2}_{\text{bias}^2}
# + \underbrace{E\,(\hat f - E\hat f)^2}_{\text{variance}}
# + \underbrace{\sigma^2}_{\text{noise}} .$$
#
# Simulate it with polynomials. `fit_polynomials` gets several data sets at the same places x, a row each; it fits
# each by least squares with a polynomial of the given degree and evaluates it at new places. `bias_variance` takes
# such a table (data sets × places): at each place the mean over the data sets, its squared distance from the truth,
# and the mean squared distance from it (with 1/data sets); then means over the places. The third number is σ².
#
# By hand: two data sets predict (1, 3) and (3, 5) where the truth is (1, 4). The mean is (2, 4): bias² (1, 0), in the
# mean **0.5**; variance (1, 1), **1**; with σ = 0.5 the third is **0.25**. Check: the mean squared distance of the
# four predictions from the truth is (0 + 1 + 4 + 1)/4 = 1.5 = bias² + variance, exactly, always.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: a matrix of powers</summary>
#
# `x[:, None] ** np.arange(degree + 1)` has a row for each place and a column for each power. All data sets share it,
# so one call of `np.linalg.lstsq(powers, y.T, rcond=None)` fits them all; a loop with `np.polyfit` does as well.
#
# </details>
# <details><summary>Hint 2: which axis</summary>
#
# The mean and the variance over data sets are along axis 0; only then comes the mean over the places.
#
# </details>


# %%
def fit_polynomials(x: np.ndarray, y: np.ndarray, degree: int, x_new: np.ndarray) -> np.ndarray:
    """Polynomials fitted to several data sets, evaluated at new places.

    x : (n,) float in [-1, 1], more than `degree` different places
    y : (reps, n) float: data sets at these places, one in each row
    degree : 0 to 9
    x_new : (m,) float
    returns : (reps, m) float: each data set's least-squares polynomial at x_new
    source : Facciolo, "How NNs even work?": bias-variance trade-off
    """
    # BEGIN SOLUTION
    powers = np.arange(degree + 1)
    coefficients = np.linalg.lstsq(x[:, None] ** powers, y.T, rcond=None)[0]
    return (x_new[:, None] ** powers @ coefficients).T
    # END SOLUTION


# %%
def bias_variance(predictions: np.ndarray, truth: np.ndarray, noise: float) -> tuple[float, float, float]:
    """Squared bias, variance and noise, as means over the places.

    predictions : (reps, m) float: data sets in rows, places in columns
    truth : (m,) float
    noise : standard deviation of the noise of new data
    source : Facciolo, "How NNs even work?": E = bias² + variance + σ²
    """
    # BEGIN SOLUTION
    bias = ((predictions.mean(axis=0) - truth) ** 2).mean()
    return float(bias), float(predictions.var(axis=0).mean()), float(noise) ** 2
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(
        fit_polynomials,
        np.array([-1.0, 0.0, 1.0]),
        np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 2.0]]),
        2,
        np.array([0.5]),
        gives=np.array([[0.25], [1.5]]),
    )
)
print(
    labkit.example(
        bias_variance, np.array([[1.0, 3.0], [3.0, 5.0]]), np.array([1.0, 4.0]), 0.5, gives=(0.5, 1.0, 0.25)
    )
)

# %% [markdown]
# 500 data sets of 15 points on a sine, noise 0.3, degrees 0 to 9. The circles are the squared error on new noisy
# data, measured; the thick line is the sum of your three numbers.

# %% tags=["explore"]
rng = np.random.default_rng(0)
x, x_new, sigma = np.linspace(-1, 1, 15), np.linspace(-0.95, 0.95, 39), 0.3
truth = np.sin(3 * x_new)
data = np.sin(3 * x) + sigma * rng.normal(size=(500, 15))
parts, measured = [], []
for degree in range(10):
    predicted = fit_polynomials(x, data, degree, x_new)
    parts.append(bias_variance(predicted, truth, sigma))
    measured.append(float(((predicted - truth - sigma * rng.normal(size=predicted.shape)) ** 2).mean()))
bias, variance, rest = np.array(parts).T
figure = labkit.plots.Figure(figsize=(8.5, 4), layout="constrained")
figure.suptitle("Polynomials through 15 noisy points of a sine: what the error is made of")
axis = figure.subplots()
axis.plot(bias, "--s", color="black", mfc="white", label="bias²")
axis.plot(variance, "-.^", color="black", mfc="white", label="variance")
axis.plot(rest, ":", color="black", label="noise σ²")
axis.plot(bias + variance + rest, "-", color="0.6", linewidth=4, label="sum", zorder=0)
axis.plot(measured, "o", color="black", mfc="none", markersize=9, label="measured on new data")
axis.set(xlabel="degree", ylabel="squared error", yscale="log", ylim=(1e-4, 1))
axis.set_xticks(range(10))
axis.legend(frameon=False, ncols=2)
figure.show()


# %% tags=["quiz"]
def quiz_9_5() -> str:
    """A model's validation error is high, and so is its training error. More data of the same kind arrive. What
    happens?

    a) Both fall to the noise.
       -> Data lower the variance. The bias of a model that is too simple stays.
    b) Little: the trouble is bias, and data do not change what a model can express.
       -> A richer model, or better features, would. Data help against variance.
    c) The training error falls, the validation error rises.
       -> That is what happens with a richer model and *few* data.
    d) The variance rises with the number of data sets.
       -> With more data in each of them it falls.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 9.6 The second descent
#
# The curve of 9.5 goes up to the right, and text books stop there. Networks have far more weights than examples, and
# generalise. Facciolo shows why that is no contradiction (Belkin; Schaeffer): go on beyond the point where the model
# fits *every* training example exactly, and the test error falls a second time.
#
# The simplest model that shows it: fixed random features, and least squares on the first $p$ of them. With $p \ge n$
# there are many exact fits; take the one with the **smallest weights**, which is $W = F^+ T$ with the pseudo-inverse.
# At $p = n$ there is exactly one exact fit, and it bends itself as it must: there the error explodes. With more
# features there is a choice, and the smallest fit gets smoother and smoother.
#
# `min_norm` returns, of all weights with the smallest squared error, those of the smallest norm (features may be
# zero, or double: then there are many even where p < n). Nothing else: no ridge, and no singular value is cut off
# that is not zero. `double_descent` fits the first p features for each p of `counts`, and returns mean squared errors
# over rows and targets, on the training and the test rows.
#
# By hand: one row (1, 2, 2), target 9. All $w$ with $w_1 + 2 w_2 + 2 w_3 = 9$ fit; the smallest points along the row:
# (1, 2, 2) · 9/9 = **(1, 2, 2)**. With the first feature alone: **9**.

# %% [markdown] tags=["hint"]
# <details><summary>Hint: one function</summary>
#
# `np.linalg.lstsq(features, targets, rcond=None)[0]` is the least-squares solution of smallest norm, as
# `np.linalg.pinv(features) @ targets` is. `np.linalg.inv(F.T @ F)` does not exist for p > n.
#
# </details>


# %%
def min_norm(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Of all weights with the smallest squared error those of the smallest norm.

    features : (n, p) float
    targets : (n, k) float
    returns : (p, k) float
    source : Facciolo, "How NNs even work?": double descent
    """
    # BEGIN SOLUTION
    return np.linalg.lstsq(features, targets, rcond=None)[0]
    # END SOLUTION


# %%
def double_descent(
    features: np.ndarray,
    targets: np.ndarray,
    test_features: np.ndarray,
    test_targets: np.ndarray,
    counts: list[int],
) -> tuple[list[float], list[float]]:
    """Training and test errors with the first p features, for several p.

    features, targets : (n, q), (n, k) float
    test_features, test_targets : (m, q), (m, k) float
    counts : values of p, 1 to q, in any order
    returns : mean squared errors over rows and targets, in the order of counts: on the training rows, on the test rows
    source : Belkin et al. (2019)
    """
    # BEGIN SOLUTION
    train, test = [], []
    for p in counts:
        weights = min_norm(features[:, :p], targets)
        train.append(float(((features[:, :p] @ weights - targets) ** 2).mean()))
        test.append(float(((test_features[:, :p] @ weights - test_targets) ** 2).mean()))
    return train, test
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(
        min_norm, np.array([[1.0, 2.0, 2.0]]), np.array([[9.0]]), gives=np.array([[1.0], [2.0], [2.0]])
    )
)

# %% [markdown]
# On digits: 500 of them, ReLU of random directions as features, one-hot targets. The classical curve ends at p = 500;
# look what comes after.

# %% tags=["explore"]
rng = np.random.default_rng(0)
rows = rng.choice(60_000, size=500, replace=False)
directions = rng.normal(size=(784, 2000)) / 28
features = np.maximum(mnist.x_train[rows].reshape(500, 784) / 255 @ directions, 0)
test_features = np.maximum(mnist.x_test[:2000].reshape(2000, 784) / 255 @ directions, 0)
targets, test_targets = np.eye(10)[mnist.y_train[rows]], np.eye(10)[mnist.y_test[:2000]]
counts = [20, 50, 100, 200, 300, 400, 450, 480, 500, 520, 550, 600, 800, 1200, 2000]
train, test = double_descent(features, targets, test_features, test_targets, counts)
figure = labkit.plots.Figure(figsize=(8.5, 4), layout="constrained")
figure.suptitle("Double descent: least squares on random ReLU features of 500 digits")
axis = figure.subplots()
axis.plot(counts, test, "-o", color="black", mfc="white", label="2,000 test digits")
axis.plot(
    counts, np.maximum(train, 1e-4), "--", color="black", label="500 training digits (0 from p = 500 on)"
)
axis.axvline(500, color="0.6", linestyle=":", label="as many features as digits")
axis.axhline(0.09, color="0.6", linewidth=0.8)
axis.annotate("always the mean target", (20, 0.09), (0, 3), textcoords="offset points", fontsize=8)
axis.set(xscale="log", yscale="log", xlabel="p: features", ylabel="mean squared error", ylim=(1e-3, None))
axis.set_xticks([20, 50, 100, 200, 500, 1000, 2000], ["20", "50", "100", "200", "500", "1,000", "2,000"])
axis.legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_9_6() -> str:
    """Why is the test error largest just where p reaches the number of examples?

    a) The training error is largest there.
       -> It has just become 0 there.
    b) Exactly one exact fit exists, and it needs huge weights to go through every noisy point.
       -> Fewer features need not go through all points; more leave a choice, and the smallest of them is taken.
    c) There are too few features to express the rule.
       -> There were fewer before, and the error was smaller.
    d) Rounding errors of the computer.
       -> They are there, too, but with exact arithmetic the peak stands as high.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 9.7 Twenty layers, with and without skips
#
# Depth buys folds, if it can be trained. In a plain network each layer replaces the state, $h \leftarrow \tanh(h W)$;
# on the way back the gradient is multiplied by $W^\top$ and by slopes below 1, in every layer. A **skip connection**
# (EPFL, "MLP to ResNet"; Facciolo) only adds to it: $h \leftarrow h + \tanh(h W)$. Backwards, with $G$ the gradient
# by the new state and $D = G \odot (1 - \tanh^2(hW))$,
#
# $$\text{plain:}\quad G \leftarrow D\,W^\top, \qquad \text{residual:}\quad G \leftarrow G + D\,W^\top, \qquad
# \text{gradient by } W:\; h^\top D .$$
#
# The $G +$ is the whole trick: whatever the layer does, the gradient gets through.
#
# `gradient_norms` measures, with `d_output` as the gradient by the last state, the length (root of the sum of
# squares, over all rows) of the gradient by *each state*, L + 1 of them from the input to the output, and by *each
# kernel*, L.
#
# By hand: one layer, $W$ = (0.5), $x$ = 1, d_output 1. $\tanh 0.5$ = 0.4621, slope $1 - 0.4621^2$ = 0.7864. Plain:
# states (0.3932, 1), kernel 0.7864. Residual: states (**1.3932**, 1), kernel **0.7864**.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: keep what you need</summary>
#
# On the way forth keep every state and every `tanh(h @ W)`; the slope is 1 minus its square. (Not 1 minus the square
# of the *state*: with a skip that is something else.)
#
# </details>
# <details><summary>Hint 2: the loop backwards</summary>
#
# `delta = back * slope`; the kernel's gradient is `state.T @ delta` with the state *before* the layer; then `back =
# delta @ kernel.T`, plus `back` itself where there is a skip. `np.linalg.norm` of a matrix is the Frobenius norm.
#
# </details>


# %%
def gradient_norms(
    kernels: list[np.ndarray], x: np.ndarray, d_output: np.ndarray, residual: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of gradients in a deep network, with or without skip connections.

    kernels : L arrays (d, d) float; no biases
    x : (n, d) float: the first state
    d_output : (n, d) float: the gradient by the last state
    residual : whether a layer adds tanh(h W) to the state, or replaces it
    returns : (L + 1,) Frobenius norms of the gradients by the states, input first; (L,) of those by the kernels
    source : EPFL, "MLP to ResNet"; Facciolo, "Skip connections"
    """
    # BEGIN SOLUTION
    states, slopes = [x], []
    for kernel in kernels:
        y = np.tanh(states[-1] @ kernel)
        slopes.append(1 - y**2)
        states.append(states[-1] + y if residual else y)

    back, by_state, by_kernel = d_output, [np.linalg.norm(d_output)], []
    for kernel, state, slope in zip(kernels[::-1], states[-2::-1], slopes[::-1], strict=True):
        delta = back * slope
        by_kernel.append(np.linalg.norm(state.T @ delta))
        back = delta @ kernel.T + (back if residual else 0)
        by_state.append(np.linalg.norm(back))
    return np.array(by_state[::-1]), np.array(by_kernel[::-1])
    # END SOLUTION


# %% tags=["explore", "example"]
one = np.ones((1, 1))
print(
    labkit.example(
        gradient_norms, [one / 2], one, one, False, gives=(np.array([0.3932, 1]), np.array([0.7864]))
    )
)
print(
    labkit.example(
        gradient_norms, [one / 2], one, one, True, gives=(np.array([1.3932, 1]), np.array([0.7864]))
    )
)

# %% [markdown]
# Twenty layers, each half a rotation by 30°, and twenty of 64 random units. The gradient by the states falls to a
# millionth without skips. (Look at the kernels of the rotation: *their* gradients are alike in all layers of the
# plain network, as states shrink forwards as gradients shrink backwards. Tiny they are all the same.)

# %% tags=["explore"]
angle = np.pi / 6
half_turn = 0.5 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
start = np.array([[1.0, 0.0]])
plain, with_skips = (
    gradient_norms([half_turn] * 20, start, start, residual)[0][0] for residual in (False, True)
)
beside("gradient by the input, plain and residual", (8.07e-7, 15.21), (f"{plain:.3g}", f"{with_skips:.4g}"))

rng = np.random.default_rng(0)
random_layers = [rng.normal(size=(64, 64)) * 0.7 / 8 for _ in range(20)]
figure = labkit.plots.Figure(figsize=(9.5, 3.8), layout="constrained")
figure.suptitle("Gradients through twenty layers (1 = at the output)")
cases = {
    "half a rotation by 30°": ([half_turn] * 20, start, start),
    "64 random units": (random_layers, rng.normal(size=(30, 64)), rng.normal(size=(30, 64))),
}
for axis, (title, (kernels, x, d_output)) in zip(
    figure.subplots(1, 2, sharey=True), cases.items(), strict=True
):
    for residual, name, style in ((False, "plain", "--"), (True, "residual", "-")):
        states, by_kernel = gradient_norms(kernels, x, d_output, residual)
        axis.plot(states / states[-1], style, color="black", label=f"{name}: by states")
        axis.plot(
            np.arange(20) + 0.5,
            by_kernel / by_kernel[-1],
            style,
            color="0.6",
            label=f"{name}: by kernels (1 = last)",
        )
    axis.set(title=title, xlabel="layer (0 = input)", yscale="log")
    axis.set_xticks(range(0, 21, 5))
figure.axes[0].set_ylabel("length of the gradient")
figure.axes[0].legend(frameon=False, fontsize=8)
figure.show()


# %% tags=["quiz"]
def quiz_9_7() -> str:
    """All kernels are 0. What is the gradient by the input of twenty layers?

    a) 0 in both networks.
       -> In the residual one the state passes unchanged, and so does its gradient.
    b) That of the output in the residual network, 0 in the plain one.
       -> F(x) = x + Net(x) with Net = 0 is the identity; the plain network multiplies by W = 0.
    c) That of the output in both.
       -> The plain network multiplies by the transpose of W, and W is 0.
    d) Infinite in the residual one.
       -> It is multiplied by exactly 1 in each layer.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 9.8 Which of the three?
#
# A network with one hidden layer and one input was trained, and its author is unhappy, or happy too early. A network
# **fits** if R² on its training data is at least 0.95. In this order:
#
# 1. it fits, and R² on the validation data is at least 0.9: `"ok"`;
# 2. it fits: `"overfits"` (generalisation failed);
# 3. take its hidden units as they are and fit the output layer, weights *and bias*, anew by least squares. If that
#    reaches 0.95 on the training data: `"not_converged"` (the network was there, training did not find it);
# 4. at least half of its hidden units are 0 for *every* training x: `"dead_units"`;
# 5. else `"too_small"` (approximation failed: no output layer can do it with these units).
#
# By hand: hidden units max(0, x) and max(0, −x), data y = |x|, output weights (0, 0): R² is at most 0, but the output
# weights (1, 1) are perfect: **not_converged**. Biases −9 for both units, x in [−1, 1]: both are 0 everywhere:
# **dead_units**.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: your own tools</summary>
#
# R² is your `r_squared` from 9.3, `forward` computes the network, and least squares is 9.6.
#
# </details>
# <details><summary>Hint 2: the bias</summary>
#
# Append a column of ones to the hidden units: `np.hstack([units, np.ones((len(units), 1))])`. Its weight is the bias.
#
# </details>


# %%
def diagnose_fit(
    network: list[np.ndarray], x: np.ndarray, y: np.ndarray, x_val: np.ndarray, y_val: np.ndarray
) -> str:
    """Why a network with one hidden layer does not do what it should.

    network : ReLU network with one input, one hidden layer and one output
    x, y : (n,) float: training data
    x_val, y_val : (m,) float: validation data
    returns : "ok", "overfits", "not_converged", "dead_units" or "too_small"
    source : Loiseau, "Architecture design"
    """
    # BEGIN SOLUTION
    if r_squared(y, forward(network, x[:, None])) >= 0.95:
        return "ok" if r_squared(y_val, forward(network, x_val[:, None])) >= 0.9 else "overfits"
    units = np.maximum(x[:, None] @ network[0] + network[1], 0)
    with_bias = np.hstack([units, np.ones((len(x), 1))])
    if r_squared(y, with_bias @ min_norm(with_bias, y[:, None])) >= 0.95:
        return "not_converged"
    return "dead_units" if (units == 0).all(axis=0).mean() >= 0.5 else "too_small"
    # END SOLUTION


# %% tags=["explore"]
x = np.linspace(-1, 1, 41)
both = [np.array([[1.0, -1.0]]), np.zeros(2), np.zeros((2, 1)), np.zeros(1)]
beside("|x|, output weights 0", "not_converged", diagnose_fit(both, x, np.abs(x), x, np.abs(x)))
dead = [np.array([[1.0, -1.0]]), np.array([-9.0, -9.0]), np.ones((2, 1)), np.zeros(1)]
beside("|x|, biases −9", "dead_units", diagnose_fit(dead, x, np.abs(x), x, np.abs(x)))

# %% [markdown]
# Five networks and what your `diagnose_fit` says: points are training data, the line is the network.

# %% tags=["explore"]
rng = np.random.default_rng(2)
x, x_val = np.sort(rng.uniform(-1, 1, size=40)), np.linspace(-0.97, 0.97, 60)
wave = lambda at: np.sin(4 * at)  # noqa: E731
knots = np.linspace(-1, 1, 14)
good = relu_interpolant(knots, wave(knots))
noisy = wave(x) + 0.6 * rng.normal(size=40)
cases = {
    "a": (good, wave(x), wave(x_val)),
    "b": (relu_interpolant(x, noisy), noisy, wave(x_val)),
    "c": ([*good[:2], 0.2 * good[2], good[3]], wave(x), wave(x_val)),
    "d": ([good[0], good[1] - 1.5, *good[2:]], wave(x), wave(x_val)),
    "e": (relu_interpolant(knots[::6], wave(knots[::6])), np.sin(14 * x), np.sin(14 * x_val)),
}
figure = labkit.plots.Figure(figsize=(11, 2.7), layout="constrained")
figure.suptitle("Five networks, and what is wrong with them")
for axis, (name, (network, y, y_val)) in zip(
    figure.subplots(1, 5, sharex=True, sharey=True), cases.items(), strict=True
):
    axis.plot(x, y, ".", color="0.5")
    axis.plot(x_val, forward(network, x_val[:, None]), "-", color="black")
    axis.set(title=f"{name}: {diagnose_fit(network, x, y, x_val, y_val)}", xlabel="x", ylim=(-2.5, 2.5))
figure.axes[0].set_ylabel("y")
figure.show()


# %% tags=["quiz"]
def quiz_9_8() -> str:
    """A network of 1,000 units does not fit 40 training points at all. What is the likeliest reason?

    a) It is too small.
       -> Forty points need at most 39 kinks.
    b) Training failed: rate, scaling of the inputs, dead units, too few epochs.
       -> The network exists, by 9.1. It was not found.
    c) It overfits.
       -> Who overfits fits.
    d) The points are noisy.
       -> 1,000 units can go through noisy points as well.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## What to take along
#
# - A ReLU network on a line is a chain of straight pieces; one layer makes as many kinks as it has units, folding
#   layers double them. The theorem says that a network exists, not that it is small, or found, or right elsewhere.
# - Scale inputs and targets, and put the scaling into the model.
# - Compare shapes with the same number of weights and several seeds, by the loss of the *trained* network.
# - Bias falls and variance rises with flexibility, up to where everything is fitted; beyond it the smallest fit gets
#   better again.
# - Skips let gradients through; that made depth trainable.
# - Three failures, three remedies: too small, enlarge; not found, train better; not the rule, data and regularisation
#   (lab 07).
#
# Two questions without points. How does the peak of 9.6 change with a ridge of 10⁻³, and with a fifth of the labels
# wrong? And can gradient descent *find* the folds of 9.2: train a network of five layers with two units on `fold(5)`,
# from ten seeds, and count its pieces?
