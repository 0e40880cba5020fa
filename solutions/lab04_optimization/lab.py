# labkit: lab04_optimization

# %% [markdown]
# # Lab 04: Optimisation and initialisation
#
# The loss is NaN, or it does not move, or it moves for hours. Which knob is it? After this lab you can
#
# - say what a mini-batch costs in noise, and how much a larger one saves (4.1);
# - translate any text-book's momentum, RMSprop or Adam into Keras (4.2, 4.4), and tell from a trajectory which of them
#   made it (4.5);
# - say before training which learning rate will diverge, and how long a valley takes (4.3), and why the rate is lowered
#   at the end (4.6);
# - see from the sizes layer by layer why a deep network does not start (4.7);
# - test a recommendation by changing one thing at a time (4.8).
#
# **You should know** gradient descent and softmax regression (lab 01), a layer's forward and backward pass (lab 02),
# and how a `Dense` network is trained in Keras (lab 03). Nearly four hours in all:
#
# | question | minutes | points | of these on hidden inputs |
# |---|---|---|---|
# | 4.1 Mini-batches and their noise | 25 | 12 | 3 |
# | 4.2 Momentum, in four dialects | 25 | 12 | 3 |
# | 4.3 Which rate diverges? | 25 | 12 | 3 |
# | 4.4 Adagrad, RMSprop, Adam | 30 | 12 | 3 |
# | 4.5 Who made this trajectory? | 25 | 10 | 3 |
# | 4.6 Schedules, and the noise floor | 25 | 12 | 4 |
# | 4.7 Initial weights, layer by layer | 35 | 14 | 4 |
# | 4.8 One thing at a time | 40 | 16 | 6 |
#
# **Allowed**: NumPy and Python's `math` everywhere; Keras where networks are trained (4.8). Keras' own optimizers and
# initialisers can answer 4.2, 4.4 and 4.7; use them to compare, you learn more by writing the formulas.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this file.
# Rows are examples. Arrays may be float32 or float64; your functions never change their arguments. The cells tagged
# `explore` load digits, train and draw; they are not graded. The slowest, the ablation in 4.8, takes about ten
# seconds.
#
# The lectures: Rousseau, "Gradient-based approach", "Momentum" and "Challenges in optimization"; Fromont, "Different
# SGD optimization algorithms"; Loiseau, "Learning rate evolution" and "Yann LeCun recommendations"; Facciolo,
# "Optimization", "Vanishing gradients", "Dying ReLUs" and "Weight initialization".

# %%
from __future__ import annotations

import math

import keras
import numpy as np

import labkit

# %% tags=["explore"]
mnist = labkit.data.load_mnist()


def beside(what: str, expected: object, yours: object) -> None:
    """Print what can be found on paper, and your answer beside it."""
    print(f"{what}: expected {expected}, yours {yours}")


# %% [markdown]
# ## 4.1 Mini-batches and their noise
#
# The gradient is a mean over all examples, and the mean over a few of them, a **mini-batch**, is a guess of it: "the
# direction is a random variable, whose expectation is the gradient" (Rousseau). An **epoch** uses every row once, in
# an order that is drawn anew for each epoch, `batch_size` rows at a time; the last batch may be smaller. 60,000 rows in
# batches of 128 are 469 steps.
#
# Our `minibatches` gets a seed and the number of the epoch, so that a training can be repeated exactly and still has
# another order in every epoch.
#
# How wrong is the guess? Let $g_i$ be the gradient of row $i$ (a vector), $\bar g$ their mean and $\sigma^2 = \frac1n
# \sum_i \lVert g_i - \bar g \rVert^2$. The mean over a batch of $b$ distinct rows, all batches equally likely, misses
# $\bar g$ by
#
# $$E\,\Bigl\lVert \frac1b \sum_{i \in \text{batch}} g_i - \bar g \Bigr\rVert^2
# = \frac{\sigma^2}{b} \cdot \frac{n - b}{n - 1} .$$
#
# So the noise falls with $1/b$, and its root, the distance, with $1/\sqrt b$: four times the batch, half the
# distance. The second factor is there because rows are not drawn twice: with all $n$ rows nothing is left to chance.
#
# By hand: the gradients 0, 1, 2, 3 have $\bar g = 1.5$ and $\sigma^2 = 1.25$. One row alone: **1.25**. Two rows:
# $\frac{1.25}{2} \cdot \frac23$ = **0.4167**. (Check it with the six pairs: their means are ½, 1, 1½, 1½, 2, 2½.)
#
# <details><summary>Erratum: what holds, and what is done</summary>
#
# Under "gradient descent" Rousseau's slide prints ∂J/∂θ = 0. That is what holds where the descent ends; the step is the
# line below it.
#
# </details>


# %%
def minibatches(n: int, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The batches of one epoch.

    n : number of rows
    batch_size : rows of a batch; the last one may be smaller; with n or more there is one
    seed, epoch : the same two give the same batches; another epoch or another seed gives another order
    returns : a list of arrays of row numbers, integers; together they hold every row exactly once
    source : Rousseau, "Minibatch SGD"; Fromont, "Batch vs Stochastic vs Mini-Batch Gradient Descent"
    """
    # BEGIN SOLUTION
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]
    # END SOLUTION


# %%
def batch_noise(gradients: np.ndarray, batch_size: int) -> float:
    """Expected squared distance of a mini-batch gradient from the gradient over all rows.

    gradients : (n, d) float: the gradient of each row
    batch_size : 1 to n distinct rows, all such batches equally likely
    returns : the formula above, with squared Euclidean distances, summed over the d coordinates; 0 for n rows of n
    """
    # BEGIN SOLUTION
    n = len(gradients)
    if batch_size == n:
        return 0.0
    spread = float(((gradients - gradients.mean(axis=0)) ** 2).sum(axis=1).mean())
    return spread / batch_size * (n - batch_size) / (n - 1)
    # END SOLUTION


# %% tags=["explore"]
first_epoch = minibatches(10, 4, seed=0, epoch=0)
beside("ten rows in batches of 4", [4, 4, 2], [len(rows) for rows in first_epoch])
beside("its rows", list(range(10)), sorted(int(row) for rows in first_epoch for row in rows))
beside("60,000 rows in batches of 128", 469, len(minibatches(60_000, 128, seed=0, epoch=0)))
four = np.array([[0.0], [1.0], [2.0], [3.0]])
beside("noise", [1.25, 0.4167, 0.1389, 0.0], [round(batch_noise(four, size), 4) for size in (1, 2, 3, 4)])

# %% [markdown]
# Real gradients: softmax regression at zero weights, 1,000 digits, 7,840 derivatives for each. The gradient itself has
# the squared length 1.14; up to batches of about 60 the noise is larger than that. Nevertheless the descent
# works, because the next batch misses to another side.

# %% tags=["explore"]
pixels = mnist.x_train[:1000].reshape(1000, 784) / np.float32(255)
errors = 0.1 - np.eye(10, dtype=np.float32)[mnist.y_train[:1000]]  # probabilities 1/10 minus targets
gradients = (pixels[:, :, None] * errors[:, None, :]).reshape(1000, 7840)
mean_gradient = gradients.mean(axis=0)
sizes = [1, 3, 10, 30, 100, 300, 1000]
measured = []
for size in sizes:
    drawn = [rows for epoch in range(10) for rows in minibatches(1000, size, seed=1, epoch=epoch)[:20]]
    means = np.array([gradients[rows].mean(axis=0) for rows in drawn if len(rows) == size])
    measured.append(float(((means - mean_gradient) ** 2).sum(axis=1).mean()))
expected = [batch_noise(gradients, size) for size in sizes]
beside("noise of 32 digits", 2.3062, round(batch_noise(gradients, 32), 4))

figure = labkit.plots.Figure(figsize=(8.5, 4.2), layout="constrained")
figure.suptitle("How far a mini-batch gradient is from the whole one (softmax regression at zero weights)")
axis = figure.subplots()
axis.plot(sizes, np.divide(expected[0], sizes), ":", color="0.5", label="σ²/b")
axis.plot(sizes[:-1], expected[:-1], "-", color="black", label="your batch_noise")
axis.plot(sizes[:-1], measured[:-1], "o", color="black", mfc="white", label="measured, your minibatches")
axis.axhline(float((mean_gradient**2).sum()), color="0.5", linestyle="--", label="the gradient itself")
axis.set(xscale="log", yscale="log", xlabel="b: rows of a batch", ylabel="squared distance (mean)")
axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
axis.legend(frameon=False, loc="lower left")
figure.show()


# %% tags=["quiz"]
def quiz_4_1() -> float:
    """60,000 rows, batches of 32: how many steps has an epoch?

    = 32 -> That is the number of rows of a batch.
    = 60000 -> That would be batches of one row.
    = 1920000 -> You multiplied; each row is used once, in one of the batches.
    """
    # BEGIN SOLUTION
    return 1875
    # END SOLUTION


# %% tags=["quiz"]
def quiz_4_1_noise() -> str:
    """You take batches that are four times as large (both much smaller than n). What happens to the typical distance of
    the batch gradient from the whole one?

    a) It falls to a quarter.
       -> Its *square* does. The distance is the root of that.
    b) It falls to a half.
       -> The variance of a mean falls with 1/b, its root with 1/√b. And the step now costs four times as much.
    c) It stays: the expectation is the gradient in both cases.
       -> The expectation is. How far one draw lies from it depends on b.
    d) It falls to a sixteenth.
       -> You squared where the root is to be taken.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 4.2 Momentum, in four dialects
#
# In a narrow valley the gradient points across, from wall to wall, and hardly ever along. Momentum remembers: what
# points to and fro cancels in the velocity $v$, what points along adds up. Every author writes it differently. With
# gradient $g$, rate $\eta$ and momentum $m$:
#
# | `form` | velocity | weights | where |
# |---|---|---|---|
# | `"heavy_ball"` | $v \leftarrow m v + \eta g$ | $w \leftarrow w - v$ | Fromont |
# | `"average"` | $v \leftarrow m v + (1 - m) g$ | $w \leftarrow w - \eta v$ | Rousseau |
# | `"keras"` | $v \leftarrow m v - \eta g$ | $w \leftarrow w + v$ | Keras |
# | `"nesterov"` | $v \leftarrow m v - \eta g$ | $w \leftarrow w + m v - \eta g$, new $v$ | Keras, `nesterov=True` |
#
# The first and the third are the same but for the sign of $v$. The second is the same *with another rate*: its
# velocity is a moving average of gradients, smaller by the factor $1 - m$. Who copies $\eta = 0.01$ and $m = 0.9$
# from a paper that averages into Keras takes steps that are ten times too long. `equal_rate` converts: it answers
# with the rate that makes `target` walk exactly as `source` does with `learning_rate`, both from velocity 0.
#
# By hand: $w = 1$, $v = 0.5$ (Keras' $v = -0.5$), $g = 2$, $\eta = 0.1$, $m = 0.9$. Heavy ball: $v = 0.45 + 0.2 =
# 0.65$, $w = 0.35$. Keras: $v = -0.65$, $w = 0.35$. Average, from $v = 0.5$: $v = 0.45 + 0.2 = 0.65$, $w = 1 - 0.065
# = 0.935$. Nesterov: $v = -0.65$, $w = 1 - 0.585 - 0.2 = 0.215$. And `equal_rate(0.1, 0.9, "average", "keras")` is
# **0.01**.
#
# <details><summary>Erratum: the slide without a rate</summary>
#
# Rousseau's slide says Δθ = αΔθ + (1 − α)∂J/∂θ and nothing more: the learning rate ε and the minus are missing. With
# θ ← θ − εΔθ it is the form "average", and Fromont's with η = ε(1 − α).
#
# </details>


# %%
def momentum_step(
    weights: np.ndarray,
    velocity: np.ndarray,
    gradient: np.ndarray,
    learning_rate: float,
    momentum: float,
    form: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and velocity after one step.

    weights, velocity, gradient : arrays of the same shape, any shape; the velocity is that of the form
    learning_rate : η
    momentum : m, from 0 to less than 1
    form : "heavy_ball", "average", "keras" or "nesterov", see the table
    returns : new weights, new velocity
    source : Fromont, "Different SGD optimization algorithms"; Rousseau, "Momentum"
    """
    # BEGIN SOLUTION
    if form == "heavy_ball":
        velocity = momentum * velocity + learning_rate * gradient
        return weights - velocity, velocity
    if form == "average":
        velocity = momentum * velocity + (1 - momentum) * gradient
        return weights - learning_rate * velocity, velocity
    velocity = momentum * velocity - learning_rate * gradient
    if form == "keras":
        return weights + velocity, velocity
    return weights + momentum * velocity - learning_rate * gradient, velocity
    # END SOLUTION


# %%
def equal_rate(learning_rate: float, momentum: float, source: str, target: str) -> float:
    """The rate with which one form of momentum makes the same weights as another.

    learning_rate : rate of `source`
    momentum : of both, from 0 to less than 1
    source, target : "heavy_ball", "average" or "keras"; may be the same
    returns : rate of `target`, both starting with velocity 0
    """
    # BEGIN SOLUTION
    scale = {
        "heavy_ball": 1.0,
        "keras": 1.0,
        "average": 1 - momentum,
    }  # of a gradient in the step that it makes
    return learning_rate * scale[source] / scale[target]
    # END SOLUTION


# %% tags=["explore"]
one, two = np.array([1.0]), np.array([2.0])
for form, before, expected in (
    ("heavy_ball", 0.5, (0.35, 0.65)),
    ("average", 0.5, (0.935, 0.65)),
    ("keras", -0.5, (0.35, -0.65)),
    ("nesterov", -0.5, (0.215, -0.65)),
):
    moved = momentum_step(one, np.array([before]), two, 0.1, 0.9, form)
    beside(f"{form}: weight, velocity", expected, tuple(round(float(part[0]), 4) for part in moved))
beside("rate 0.1 of the averaging form, for Keras", 0.01, round(equal_rate(0.1, 0.9, "average", "keras"), 6))

# %% [markdown]
# A valley that is 100 times as steep across as along: the loss is $\frac12 (w_1^2 + 100\, w_2^2)$. Without momentum
# the rate that just does not diverge across (0.02) is much too small along. With momentum 0.9 the walk overshoots, and
# swings, and arrives. Nesterov looks ahead and swings less; but try it with 0.018, where plain momentum still holds.

# %% tags=["explore"]
curvatures = np.array([1.0, 100.0])  # along the valley, across it


def walk(form: str, momentum: float, rate: float, steps: int = 60) -> np.ndarray:
    """The weights (steps + 1, 2) on the valley, from (10, 1)."""
    weights, velocity = np.array([10.0, 1.0]), np.zeros(2)
    path = [weights]
    for _ in range(steps):
        weights, velocity = momentum_step(weights, velocity, curvatures * weights, rate, momentum, form)
        path.append(weights)
    return np.array(path)


def valley(axis) -> None:
    """The lines of equal loss of the valley."""
    across, along = np.meshgrid(np.linspace(-7, 11, 200), np.linspace(-1.2, 1.2, 100))
    axis.contour(
        across, along, 0.5 * (across**2 + 100 * along**2), np.array([1, 4, 12, 30, 60]), colors="0.8"
    )
    axis.plot(0, 0, "x", color="black")
    axis.set(xlabel="weight along the valley", ylabel="weight across")


figure = labkit.plots.Figure(figsize=(10, 4.2), layout="constrained")
figure.suptitle("60 steps in a valley with curvatures 1 and 100, from (10, 1)")
for axis, (title, path) in zip(
    figure.subplots(2, 2, sharex=True, sharey=True).ravel(),
    {
        "no momentum, rate 0.018": walk("keras", 0.0, 0.018),
        "momentum 0.9, rate 0.012": walk("keras", 0.9, 0.012),
        "averaging form, 0.9, the same 0.012": walk("average", 0.9, 0.012),
        "Nesterov 0.9, rate 0.012": walk("nesterov", 0.9, 0.012),
    }.items(),
    strict=True,
):
    valley(axis)
    axis.plot(*path.T, ".-", color="black", markersize=4, linewidth=0.8)
    axis.set_title(f"{title}: ends {np.linalg.norm(path[-1]):.2g} from the minimum", fontsize=9)
    axis.label_outer()
figure.show()


# %% tags=["quiz"]
def quiz_4_2() -> float:
    """The gradient is the same in every step, momentum is 0.9 (Keras' form). How many times as long as without momentum
    are the steps in the end?

    tolerance: 0.05
    = 1.9 -> That is the second step. The third adds 0.81, and so on.
    = 0.9 -> Momentum multiplies the old velocity by 0.9; the new gradient is added every time.
    = 1 -> That is so in the averaging form, with its factor 1 - m.
    = 9 -> 0.9/(1 - 0.9) leaves out the gradient of the present step.
    """
    # BEGIN SOLUTION
    return 10
    # END SOLUTION


# %% [markdown]
# ## 4.3 Which rate diverges?
#
# Near a minimum every loss looks like $\frac12 w^\top H w$, with the **Hessian** $H$, symmetric and positive
# definite. Along each of its eigenvectors the descent goes its own way: with the eigenvalue (the curvature) $e$ and
# the rate $\eta$ one step multiplies the error by $1 - \eta e$. In the long run the slowest wins, so the error
# shrinks per step by the factor
#
# $$\max_e\, |1 - \eta e| .$$
#
# Above 1 it diverges: where $\eta e > 2$ for the largest curvature, $\eta > 2/L$. The rate that makes the factor
# smallest is equally bad at both ends, $1 - \eta \mu = \eta L - 1$, so $\eta = 2/(L + \mu)$ with the smallest
# curvature $\mu$ and the largest $L$; the factor is then $(\kappa - 1)/(\kappa + 1)$ with the **condition number**
# $\kappa = L/\mu$ ("ill conditioning", Rousseau).
#
# With momentum (heavy ball) the error of this and of the last step are linked, $w_{t+1} = (1 + m - \eta e) w_t - m
# w_{t-1}$, and the factor is the larger of the two |roots|, real or complex, of
#
# $$r^2 - (1 + m - \eta e)\, r + m = 0 .$$
#
# By hand: $H = \mathrm{diag}(1, 100)$. Best rate 2/101 = **0.0198**, factor 99/101 = **0.980**: 691 steps for six
# digits. With the rate 4/121 and the momentum 81/121 the factor is 9/11 = **0.818**: 69 steps. At $\eta$ = 0.021
# without momentum the factor is |1 − 2.1| = **1.1**.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: axes</summary>
#
# H need not be diagonal: its curvatures are its eigenvalues, `np.linalg.eigvalsh(H)`. The diagonal is something else.
#
# </details>
# <details><summary>Hint 2: the two roots</summary>
#
# `np.roots([1, -(1 + m - rate * e), m])` for each e, or the formula for quadratic equations with a complex root:
# `np.sqrt(complex(...))`. `abs` of a complex number is its length. For m = 0 the roots are 1 − ηe and 0.
#
# </details>


# %%
def contraction(hessian: np.ndarray, learning_rate: float, momentum: float = 0.0) -> float:
    """The factor by which the error of gradient descent shrinks (or grows) per step in the long run.

    hessian : (d, d) float, symmetric and positive definite: the loss is w^T H w / 2
    learning_rate : η
    momentum : m of the form "heavy_ball", from 0 to less than 1
    returns : the largest |root| over all curvatures; above 1 the descent diverges
    source : Rousseau, "Challenges in optimization": ill conditioning
    """
    # BEGIN SOLUTION
    curvatures = np.linalg.eigvalsh(hessian)
    middle = (1 + momentum - learning_rate * curvatures) / 2
    root = np.sqrt((middle**2 - momentum).astype(complex))
    return float(max(np.abs(middle + root).max(), np.abs(middle - root).max()))
    # END SOLUTION


# %%
def best_rate(hessian: np.ndarray) -> float:
    """The learning rate without momentum for which the contraction is smallest.

    hessian : (d, d) float, symmetric and positive definite
    """
    # BEGIN SOLUTION
    curvatures = np.linalg.eigvalsh(hessian)
    return float(2 / (curvatures[0] + curvatures[-1]))
    # END SOLUTION


# %% tags=["explore"]
narrow = np.diag([1.0, 100.0])
beside("best rate", 0.0198, round(best_rate(narrow), 4))
for rate, momentum, expected in ((2 / 101, 0.0, 0.9802), (0.021, 0.0, 1.1), (4 / 121, 81 / 121, 0.8182)):
    beside(
        f"factor at rate {rate:.4f}, momentum {momentum:.2f}",
        expected,
        round(contraction(narrow, rate, momentum), 4),
    )

# %% [markdown]
# Does the prediction hold? Below, descents in the same valley with rates of ½, 1, 1.9 and 2.1 times $1/L$. The loss
# is a square, so it shrinks by factor² per step: the lines that your `contraction` predicts.

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(9, 4.4), layout="constrained")
figure.suptitle("Loss in the valley (curvatures 1 and 100), and what the contraction predicts")
axis = figure.subplots()
for share, style, marker in ((0.5, "-", "o"), (1.0, "--", "s"), (1.9, "-.", "^"), (2.1, ":", "v")):
    path = walk("heavy_ball", 0.0, share / 100, steps=100)
    losses = 0.5 * (path**2 @ curvatures)
    factor = contraction(narrow, share / 100)
    anchor = 60 if factor < 1 else 20  # from here on the slowest direction is alone
    steps = np.arange(anchor, 101)
    axis.plot(
        losses,
        style,
        marker=marker,
        markevery=10,
        color="black",
        markersize=4,
        label=f"{share:g}/L: {factor:.3f}",
    )
    axis.plot(steps, losses[anchor] * factor ** (2.0 * (steps - anchor)), color="0.7", linewidth=5, zorder=0)
axis.plot([], [], color="0.7", linewidth=5, label="predicted slope")
axis.set(yscale="log", xlabel="step", ylabel="loss", ylim=(1, 1e6))
axis.legend(title="rate: factor", frameon=False, loc="upper left")
figure.show()

# %% [markdown]
# What does that have to do with digits? For a linear network the Hessian is the mean of $x x^\top$ over the images.
# Its largest curvature is mostly the *mean image*: subtract it, and a rate seven times as large is stable. (Dividing
# each pixel by its deviation as well gives all of that back: pixels at the border, which are hardly ever inked,
# become as loud as the others. It pays off in other ways, see 4.8.)

# %% tags=["explore"]
x = mnist.x_train.reshape(-1, 784)[:20_000] / np.float32(255)
moving = x[:, x.std(axis=0) > 0]
versions = {
    "pixels in [0, 1]": moving,
    "centred": moving - moving.mean(axis=0),
    "standardised": (moving - moving.mean(axis=0)) / moving.std(axis=0),
}
for name, version in versions.items():
    largest = float(np.linalg.eigvalsh(version.T @ version / len(version))[-1])
    print(f"{name:17s} L = {largest:6.2f}: descent diverges beyond the rate 2/L = {2 / largest:.3f}")


# %% tags=["quiz"]
def quiz_4_3() -> str:
    """On a quadratic loss the rate is 2.1/L, 5 % beyond the border. What do you see?

    a) The loss swings around its minimum and stays there.
       -> Exactly at 2/L it would. Beyond, each swing is longer than the one before.
    b) The loss may fall at first, along the flat directions, and then grows without bound: by 21 % per step.
       -> The steepest direction is multiplied by −1.1 in each step, its loss by 1.21. It wins, however small it was.
    c) The loss falls, but slowly.
       -> That is what a rate far below 1/L does.
    d) NaN in the first step.
       -> It takes a while: 1.1 to the power of 1,000 is 10 to the power of 41.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 4.4 Adagrad, RMSprop, Adam
#
# One rate for all weights is a compromise: the weight of a pixel that is inked in every digit and of one that is
# inked in every hundredth want different ones. Three answers that scale each weight's step by the size of *its own*
# past gradients (Fromont, "Different SGD optimization algorithms"; Facciolo, "Optimization"; all operations element
# by element):
#
# - **Adagrad** sums up squares, $s \leftarrow s + g^2$, and steps $w \leftarrow w - \eta\, g / \sqrt{s}$. The steps
#   get shorter and shorter.
# - **RMSprop** forgets, with a moving average $s \leftarrow \rho s + (1 - \rho) g^2$, and the same step.
# - **Adam** averages the gradients, too: $a \leftarrow \beta_1 a + (1 - \beta_1) g$, $s \leftarrow \beta_2 s + (1 -
#   \beta_2) g^2$. Both begin at 0 and are therefore too small at first; in step $t = 1, 2, \dots$ they are corrected,
#   $\hat a = a/(1 - \beta_1^t)$, $\hat s = s/(1 - \beta_2^t)$, and $w \leftarrow w - \eta\, \hat a/\sqrt{\hat s}$.
#   The state that is handed on is *not* corrected.
#
# All three need a tiny $\varepsilon$ against 0/0; whether it stands under the root or beside it is free here (Keras
# has it under the root in Adagrad and RMSprop, beside it in Adam).
#
# By hand, the first step from state 0 for $g = 50$: Adagrad $50/\sqrt{2500} = 1$, RMSprop $50/\sqrt{250} = 3.162$,
# Adam $\hat a/\sqrt{\hat s} = 50/\sqrt{2500} = 1$, times the rate. For $g = 0.3$ the very same numbers come out:
# **the size of the gradient plays no part**, only its sign. With Adam's rate of 0.001 the first step moves every
# weight by 0.001.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: what goes where</summary>
#
# Each function makes the new state first, and the step from it. What it returns is the new weights and the new state,
# never the corrected state.
#
# </details>
# <details><summary>Hint 2: new arrays</summary>
#
# `accumulator += gradient**2` changes the caller's array. `accumulator = accumulator + gradient**2` makes a new one.
#
# </details>


# %%
def adagrad_step(
    weights: np.ndarray,
    gradient: np.ndarray,
    accumulator: np.ndarray,
    learning_rate: float,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and accumulator after one step of Adagrad.

    weights, gradient, accumulator : arrays of the same shape; the accumulator is the sum of squares so far
    returns : new weights, new accumulator; a weight whose gradients were all 0 stays where it is
    source : Fromont, "Different SGD optimization algorithms"
    """
    # BEGIN SOLUTION
    accumulator = accumulator + gradient**2
    return weights - learning_rate * gradient / np.sqrt(accumulator + epsilon), accumulator
    # END SOLUTION


# %%
def rmsprop_step(
    weights: np.ndarray,
    gradient: np.ndarray,
    average: np.ndarray,
    learning_rate: float,
    rho: float = 0.9,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and moving average after one step of RMSprop.

    weights, gradient, average : arrays of the same shape; the average is that of the squares so far
    rho : share of the old average that stays
    returns : new weights, new average; a weight whose gradients were all 0 stays where it is
    source : Fromont, "Different SGD optimization algorithms"
    """
    # BEGIN SOLUTION
    average = rho * average + (1 - rho) * gradient**2
    return weights - learning_rate * gradient / np.sqrt(average + epsilon), average
    # END SOLUTION


# %%
def adam_step(
    weights: np.ndarray,
    gradient: np.ndarray,
    mean: np.ndarray,
    square: np.ndarray,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights and both averages after one step of Adam.

    weights, gradient, mean, square : arrays of the same shape; the averages of gradients and of their squares, both 0
        before the first step
    step : number of this step, counted from 1
    returns : new weights, new mean, new square; the averages without correction
    source : Facciolo, "Optimization"; Kingma and Ba (2014)
    """
    # BEGIN SOLUTION
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    corrected_mean, corrected_square = mean / (1 - beta_1**step), square / (1 - beta_2**step)
    return weights - learning_rate * corrected_mean / (np.sqrt(corrected_square) + epsilon), mean, square
    # END SOLUTION


# %% tags=["explore"]
zeros, three = np.zeros(3), np.array([0.3, -2.0, 50.0])
beside("Adagrad's first step", [-1, 1, -1], adagrad_step(zeros, three, zeros, 1.0)[0].round(3).tolist())
beside("RMSprop's", [-3.162, 3.162, -3.162], rmsprop_step(zeros, three, zeros, 1.0)[0].round(3).tolist())
beside("Adam's", [-0.001, 0.001, -0.001], adam_step(zeros, three, zeros, zeros, 1)[0].round(5).tolist())

# %% [markdown]
# All five in the valley, and on Rosenbrock's function $(1 - w_1)^2 + 100\,(w_2 - w_1^2)^2$, a bent valley whose
# minimum is (1, 1). The rates are hand-picked for each. Adaptive steps see the same valley, whatever its units; what
# they cannot see is a valley that lies across the axes.


# %% tags=["explore"]
def rosenbrock_gradient(w: np.ndarray) -> np.ndarray:
    bend = w[1] - w[0] ** 2
    return np.array([-2 * (1 - w[0]) - 400 * w[0] * bend, 200 * bend])


def trajectory(
    name: str, rate: float, start: tuple, gradient_at, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (steps + 1, d) and gradients (steps, d) of an optimizer, made with your functions."""
    weights = np.array(start, float)
    state, mean = np.zeros_like(weights), np.zeros_like(weights)
    path, gradients = [weights], []
    for step in range(1, steps + 1):
        gradient = gradient_at(weights)
        if name in ("sgd", "momentum"):
            momentum = 0.9 if name == "momentum" else 0.0
            weights, state = momentum_step(weights, state, gradient, rate, momentum, "keras")
        elif name == "adagrad":
            weights, state = adagrad_step(weights, gradient, state, rate)
        elif name == "rmsprop":
            weights, state = rmsprop_step(weights, gradient, state, rate)
        else:
            weights, mean, state = adam_step(weights, gradient, mean, state, step, rate)
        path.append(weights)
        gradients.append(gradient)
    return np.array(path), np.array(gradients)


figure = labkit.plots.Figure(figsize=(10, 7), layout="constrained")
figure.suptitle("Five optimizers: 80 steps in a straight valley, 300 in a bent one")
top, bottom = figure.subplots(2, 5, sharex="row", sharey="row")
across, up = np.meshgrid(np.linspace(-1.8, 1.6, 200), np.linspace(-0.8, 2, 200))
bent = (1 - across) ** 2 + 100 * (up - across**2) ** 2
chosen_rates = {"sgd": (0.018, 0.0015), "momentum": (0.005, 0.0004), "adagrad": (1.5, 0.4)}
chosen_rates |= {"rmsprop": (0.2, 0.01), "adam": (0.5, 0.05)}
for above, below, (name, (rate, rate_bent)) in zip(top, bottom, chosen_rates.items(), strict=True):
    path, _ = trajectory(name, rate, (10, 1), lambda w: curvatures * w, 80)
    valley(above)
    above.plot(*path.T, ".-", color="black", markersize=3, linewidth=0.8)
    above.set_xlabel("weight along")
    above.set_title(f"{name}, rate {rate}\nends at ({path[-1][0]:.2f}, {path[-1][1]:.2f})", fontsize=9)
    path, _ = trajectory(name, rate_bent, (-1.2, 1), rosenbrock_gradient, 300)
    below.contour(across, up, bent, np.geomspace(0.5, 500, 7), colors="0.8")
    below.plot(*path.T, ".-", color="black", markersize=3, linewidth=0.8)
    below.plot(1, 1, "x", color="black", markersize=8)
    below.set_title(f"rate {rate_bent}\nends at ({path[-1][0]:.2f}, {path[-1][1]:.2f})", fontsize=9)
    below.set(xlabel="w₁", ylabel="w₂")
    if above is not top[0]:
        for axis in (above, below):
            axis.set_ylabel("")
            axis.tick_params(labelleft=False)
figure.show()


# %% tags=["quiz"]
def quiz_4_4() -> str:
    """You multiply the loss, and so all gradients, by 1,000. Which of the five take the same steps as before? (All
    states start at 0.)

    a) Gradient descent
       -> Its step is rate times gradient: 1,000 times as long.
    b) Momentum
       -> The velocity is a sum of gradients, so the steps are 1,000 times as long.
    c) Adagrad
       -> Gradient over the root of the summed squares: the factor cancels. (Keras starts the sum at 0.1, so nearly.)
    d) RMSprop
       -> Gradient over the root of the averaged squares: the factor cancels.
    e) Adam
       -> Both averages carry the factor, one under a root of squares: it cancels.
    """
    # BEGIN SOLUTION
    return "cde"
    # END SOLUTION


# %% [markdown]
# ## 4.5 Who made this trajectory?
#
# Somebody hands you weights and gradients of a training, step by step, and has forgotten which optimizer it was. The
# learning rate is forgotten, too, but it was constant. You know
#
# - `weights[i]`, the gradient `gradients[i]` that was found there, and that it made the step to `weights[i + 1]`;
# - the settings: `"sgd"`; `"momentum"` 0.9 in Keras' form, from rest; `"adagrad"` with its sum from 0; `"rmsprop"` with
#   ρ = 0.9; `"adam"` with 0.9 and 0.999; ε negligible.
#
# Each optimizer *predicts* all the steps from the gradients, but for one common factor, the rate. So predict with
# rate 1, fit the rate (the one number that brings the prediction nearest to the steps), and see who is nearest:
#
# $$\eta = \frac{\sum \text{step} \cdot \text{direction}}{\sum \text{direction} \cdot \text{direction}}, \qquad
# \text{misfit} = \sum (\text{step} - \eta \cdot \text{direction})^2 .$$
#
# By hand, one weight (you will get at least two), the gradient always 1. The steps of `sgd` are 1, 1, 1 times the
# rate; of `momentum` 1, 1.9, 2.71; of `adagrad` 1, 0.707, 0.577; of `rmsprop` 3.162, 2.294, 1.921; of `adam` 1, 1, 1.
# One weight cannot tell `sgd` from `adam`; two weights with gradients 1 and 5 can.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: directions for free</summary>
#
# Your functions of 4.2 and 4.4, called with the rate 1, weights 0 and the state so far, return minus the direction as
# the new weights.
#
# </details>
# <details><summary>Hint 2: one fit for all steps</summary>
#
# `steps = np.diff(weights, axis=0)` is (t, d), as are the gradients. Make an array (t, d) of directions for each
# optimizer; fit one rate over all of it, not one for each step.
#
# </details>
# <details><summary>Hint 3: the key lines</summary>
#
# `rate = (steps * directions).sum() / (directions**2).sum()`, then
# `misfit[name] = ((steps - rate * directions) ** 2).sum()`, and at the end `min(misfit, key=misfit.get)`.
#
# </details>


# %%
def name_optimizer(weights: np.ndarray, gradients: np.ndarray) -> str:
    """Which optimizer made a trajectory.

    weights : (t + 1, d) float64, at least 10 steps and 2 weights
    gradients : (t, d) float64: that at weights[i] made the step to weights[i + 1]; may be 0 for some weights, always
    returns : "sgd", "momentum", "adagrad", "rmsprop" or "adam"
    """
    # BEGIN SOLUTION
    steps, nothing = np.diff(weights, axis=0), np.zeros(weights.shape[1])
    directions = {name: [] for name in ("sgd", "momentum", "adagrad", "rmsprop", "adam")}
    velocity = accumulator = average = mean = square = nothing
    for step, gradient in enumerate(gradients, 1):
        moved, velocity = momentum_step(nothing, velocity, gradient, 1.0, 0.9, "keras")
        directions["sgd"].append(-gradient)
        directions["momentum"].append(moved)
        moved, accumulator = adagrad_step(nothing, gradient, accumulator, 1.0)
        directions["adagrad"].append(moved)
        moved, average = rmsprop_step(nothing, gradient, average, 1.0)
        directions["rmsprop"].append(moved)
        moved, mean, square = adam_step(nothing, gradient, mean, square, step, 1.0)
        directions["adam"].append(moved)

    misfit = {}
    for name, predicted in directions.items():
        predicted = np.array(predicted)
        rate = (steps * predicted).sum() / (predicted**2).sum()
        misfit[name] = ((steps - rate * predicted) ** 2).sum()
    return min(misfit, key=misfit.get)
    # END SOLUTION


# %% tags=["explore"]
for name, (rate, _) in chosen_rates.items():
    beside("valley", name, name_optimizer(*trajectory(name, rate / 3, (10, 1), lambda w: curvatures * w, 30)))

# %% [markdown]
# Their fingerprints: the length of the steps while the gradient stays (1, 5), each relative to the first. Momentum
# gets faster until it is ten times as fast; Adagrad slows down for ever, RMSprop until its average has filled;
# gradient descent and Adam do not change, but point elsewhere: along the gradient, and along the diagonal.

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(8.5, 4), layout="constrained")
figure.suptitle("Steps under a constant gradient (1, 5)")
axis = figure.subplots()
for (name, (rate, _)), style, marker in zip(
    chosen_rates.items(), ("-", "--", "-.", ":", "-"), "os^vD", strict=True
):
    path, _ = trajectory(name, rate, (0, 0), lambda w: np.array([1.0, 5.0]), 30)
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    slope = (path[1, 1] - path[0, 1]) / (path[1, 0] - path[0, 0])
    fill = "white" if name == "adam" else "black"
    axis.plot(
        range(1, 31),
        lengths / lengths[0],
        style,
        marker=marker,
        markevery=3,
        mfc=fill,
        color="black",
        markersize=5,
        label=f"{name}, direction (1, {slope:.0f})",
    )
axis.set(yscale="log", xlabel="step", ylabel="length (1 = first step)", yticks=(0.2, 0.5, 1, 2, 5, 10))
axis.set_yticks((0.2, 0.5, 1, 2, 5, 10), ("0.2", "0.5", "1", "2", "5", "10"))
axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
figure.show()


# %% [markdown]
# ## 4.6 Schedules, and the noise floor
#
# Large steps at first, small ones at the end. Two schedules that you will meet everywhere:
#
# - **Step decay** (Loiseau, "Learning rate evolution"): "constant during a number of epochs, then divide by a given
#   factor". Epochs count from 0; after every `every` epochs the rate is divided by `factor`.
# - **Warm-up and cosine**: a straight line from 0 at step 0 to the peak at `warmup_steps`, then half a cosine down to
#   0 at `total_steps`, and 0 from there on.
#
# Why lower it at all? Because mini-batches are noisy. Take a single weight with the loss $\frac12 e w^2$ and the
# gradient $e w$ plus noise of mean 0 and variance $s$, new in each step. Then $w \leftarrow (1 - \eta e) w - \eta
# \cdot \text{noise}$, and in the long run the shrinking and the shaking balance: $E w^2 = (1 - \eta e)^2 E w^2 +
# \eta^2 s$. Solved for the expected loss:
#
# $$E\,\tfrac12 e w^2 = \frac{\eta\, s}{2\,(2 - \eta e)} .$$
#
# That is the **noise floor**: proportional to the rate (for small ones), and by 4.1 to 1/batch. No patience gets
# below it, a smaller rate does. From $\eta e = 2$ on the weight runs away, and the floor is infinite.
#
# By hand: peak 0.1, warm-up 100 of 1,000 steps. Step 50: **0.05**; step 100: **0.1**; step 550, half of the cosine:
# **0.05**; step 325, a quarter: $0.05\,(1 + \cos 45°)$ = **0.0854**. Noise floor for $\eta = 0.1$, $e = 3$, $s = 4$:
# $0.4/(2 \cdot 1.7)$ = **0.1176**.


# %%
def step_decay(epoch: int, initial_rate: float, factor: float, every: int) -> float:
    """The learning rate of an epoch: constant, then divided, and so on.

    epoch : number of the epoch, counted from 0
    initial_rate : rate of the first `every` epochs
    factor : what the rate is divided by, above 1
    every : epochs between two divisions
    source : Loiseau, "Learning rate evolution"
    """
    # BEGIN SOLUTION
    return initial_rate / factor ** (epoch // every)
    # END SOLUTION


# %%
def warmup_cosine(step: int, peak_rate: float, warmup_steps: int, total_steps: int) -> float:
    """The learning rate of a step: a straight line up, half a cosine down.

    step : number of the step, counted from 0
    peak_rate : rate at warmup_steps
    warmup_steps : where the line ends, 0 or more; with 0 the schedule begins at the peak
    total_steps : where the cosine ends, more than warmup_steps; from there on the rate is 0
    """
    # BEGIN SOLUTION
    if step < warmup_steps:
        return peak_rate * step / warmup_steps
    if step >= total_steps:
        return 0.0
    done = (step - warmup_steps) / (total_steps - warmup_steps)
    return peak_rate * (1 + math.cos(math.pi * done)) / 2
    # END SOLUTION


# %%
def noise_floor(learning_rate: float, curvature: float, noise: float) -> float:
    """The expected loss of noisy gradient descent on one weight in the long run.

    learning_rate : η, constant
    curvature : e, of the loss e w² / 2
    noise : variance of the gradient's noise, independent in every step
    returns : the formula above; math.inf where learning_rate · curvature is 2 or more
    """
    # BEGIN SOLUTION
    if learning_rate * curvature >= 2:
        return math.inf
    return learning_rate * noise / (2 * (2 - learning_rate * curvature))
    # END SOLUTION


# %% tags=["explore"]
beside(
    "step decay, epochs 0, 9, 10, 20",
    [0.1, 0.1, 0.05, 0.025],
    [step_decay(epoch, 0.1, 2, 10) for epoch in (0, 9, 10, 20)],
)
rates = [round(warmup_cosine(step, 0.1, 100, 1000), 4) for step in (0, 50, 100, 325, 550, 1000)]
beside("warm-up and cosine", [0, 0.05, 0.1, 0.0854, 0.05, 0], rates)
beside("noise floor", 0.1176, round(noise_floor(0.1, 3, 4), 4))
beside("noise floor beyond the border", math.inf, noise_floor(0.7, 3, 4))

# %% [markdown]
# The floor, seen: one weight that starts at 3, curvature 1, noise 1, the mean loss of 2,000 runs. A large rate is
# fast and stops high, a small one slow and low; a schedule has both.

# %% tags=["explore"]
steps, rng = 400, np.random.default_rng(0)
plans = {
    "constant 0.5": [0.5] * steps,
    "constant 0.05": [0.05] * steps,
    "0.5, divided by 2 every 50": [step_decay(step, 0.5, 2, 50) for step in range(steps)],
    "warm-up 20, cosine from 0.5": [warmup_cosine(step, 0.5, 20, steps) for step in range(steps)],
}
figure = labkit.plots.Figure(figsize=(10, 4.2), layout="constrained")
figure.suptitle("Four plans for the rate, and the loss of a noisy weight (mean of 2,000 runs)")
left, right = figure.subplots(1, 2)
for (name, plan), style, shade in zip(
    plans.items(), ("-", "--", "-.", ":"), ("0.6", "0.6", "0", "0"), strict=True
):
    weight, losses = np.full(2000, 3.0), []
    for rate in plan:
        losses.append(float((weight**2).mean() / 2))
        weight = weight - rate * (weight + rng.normal(size=2000))
    left.plot(plan, style, color=shade, label=name)
    right.plot(losses, style, color=shade)
for rate in (0.5, 0.05):
    right.axhline(noise_floor(rate, 1, 1), color="0.8", zorder=0)
    right.annotate(
        f"floor for {rate}", (steps, noise_floor(rate, 1, 1)), (0, 3), textcoords="offset points", ha="right"
    )
left.set(xlabel="step", ylabel="learning rate", ylim=(0, 0.75))
right.set(xlabel="step", ylabel="expected loss", yscale="log")
left.legend(frameon=False, loc="upper right")
figure.show()


# %% tags=["quiz"]
def quiz_4_6() -> str:
    """Towards the end of a training the loss has come to rest. You divide the rate by ten, and it falls once more, at
    once. Why?

    a) The descent was too slow before.
       -> With a smaller rate it is slower still. And the loss falls at once.
    b) It was shaking around the minimum: the noise floor is proportional to the rate.
       -> A tenth of the rate, about a tenth of the floor. A batch ten times as large would do the same.
    c) It had run into a local minimum, and a smaller step gets out of it.
       -> A smaller step stays in more easily than a larger one does.
    d) By chance.
       -> It happens in nearly every training; the stairs in the loss curves of large networks are this.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 4.7 Initial weights, layer by layer
#
# Before the first step a deep network is a product of random matrices. If each layer makes the signal a little
# larger, it explodes through twenty of them; if a little smaller, it dies. With $n$ inputs of mean square $q$ and
# independent weights of variance $v$, the sum has the mean square $n\,v\,q$ (Facciolo, "Weight initialization"). So
# $v$ should be about $1/n$:
#
# | `scheme` | weights | made for |
# |---|---|---|
# | `"lecun"` | normal, variance 1/inputs | linear, tanh |
# | `"he"` | normal, variance 2/inputs | relu, which throws half of the square away |
# | `"glorot"` | normal, variance 2/(inputs + units) | a compromise of forward and backward |
# | `"uniform"` | uniform in [−1, 1], whatever the size | Fromont's slide: see below |
#
# (Whether the normal distribution is cut off beyond two standard deviations, as Keras does, is free, as long as the
# variance is right.)
#
# `signal` looks into a network without biases whose layers all have the same activation, the last one too. For each
# layer it measures: **rms**, the root of the mean square of its outputs, over samples and units; **gradient**, the
# length (root of the sum of squares) of the derivative of $\sum \text{output} \cdot \text{output\_gradient}$ by the
# layer's weights; **dead**, the share of units whose output is 0 for *every* sample.
#
# For the gradients go backwards (lab 02). With $y = f(z)$, $z = x W$ and the derivative $G$ by $y$: $D = G \odot
# f'(z)$, the derivative by $W$ is $x^\top D$, and $D W^\top$ goes to the layer before. For a sigmoid $f' = y(1 - y)
# \le \frac14$: ten layers leave at most $0.25^{10} \approx 10^{-6}$. For relu $f'$ is 1 or 0; a unit that is 0 for
# every sample has no gradient at all, and never will.
#
# By hand: one layer, $x$ = (1, 2) and (3, −4) as rows, $W$ = (1, −1)ᵀ, relu, output gradient 1 for both. $z = (-1,
# 7)$, $y = (0, 7)$: rms $\sqrt{49/2}$ = **4.950**. Only the second sample passes: gradient (3, −4), length **5**.
# dead = **0**.
#
# <details><summary>Erratum: random in [−1, 1]</summary>
#
# Fromont's "main drawbacks" suggests random weights in [−1, 1]. For 784 inputs that is 16 times too large: on digits
# the sums have a standard deviation of 5.25, and 37 % of the slopes of a sigmoid are below 0.01. With LeCun's weights
# it is 0.333, and none.
#
# </details>

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: independent layers, one seed</summary>
#
# Make *one* generator, `rng = np.random.default_rng(seed)`, and draw all layers from it. A new generator with the
# same seed for each layer draws the same numbers again.
#
# </details>
# <details><summary>Hint 2: keep what you need</summary>
#
# On the way forward keep every layer's output (and the input) in a list. All four slopes can be written with the
# output y alone: 1 for linear, `y > 0`, `1 - y**2` for tanh, `y * (1 - y)` for sigmoid.
#
# </details>
# <details><summary>Hint 3: the loop backwards</summary>
#
# For the layers from last to first: `delta = back * slope(y)`, `length = np.linalg.norm(x.T @ delta)` with the layer's
# input x, `back = delta @ w.T`.
#
# </details>


# %%
def initial_weights(sizes: list[int], scheme: str, seed: int) -> list[np.ndarray]:
    """Random weights of a chain of layers.

    sizes : number of inputs, then units of each layer: [784, 100, 10] has two layers
    scheme : "lecun", "he", "glorot" or "uniform", see the table
    seed : the same seed gives the same weights, another seed others
    returns : a list of (inputs, units) arrays, independent of each other
    source : Facciolo, "Weight initialization"; Fromont, "Main drawbacks of NN" for "uniform"
    """
    # BEGIN SOLUTION
    rng, weights = np.random.default_rng(seed), []
    for inputs, units in zip(sizes[:-1], sizes[1:], strict=True):
        if scheme == "uniform":
            weights.append(rng.uniform(-1, 1, size=(inputs, units)))
            continue
        variance = {"lecun": 1 / inputs, "he": 2 / inputs, "glorot": 2 / (inputs + units)}[scheme]
        weights.append(rng.normal(scale=math.sqrt(variance), size=(inputs, units)))
    return weights
    # END SOLUTION


# %%
def signal(x: np.ndarray, weights: list[np.ndarray], activation: str, output_gradient: np.ndarray) -> dict:
    """Sizes, gradients and dead units, layer by layer.

    x : (n, d) float
    weights : a list of (inputs, units) arrays; no biases
    activation : "linear", "relu", "tanh" or "sigmoid", after every layer, the last one included
    output_gradient : (n, k) float: what the last layer's outputs are multiplied with before they are summed
    returns : dict with three arrays, a number for each layer, the first layer first: "rms", root of the mean square of
        the outputs; "gradient", length of the derivative by the layer's weights; "dead", share of units that are 0
        for every sample
    source : Facciolo, "Vanishing gradients", "Dying ReLUs"
    """
    # BEGIN SOLUTION
    functions = {
        "linear": (lambda z: z, lambda y: np.ones_like(y)),
        "relu": (lambda z: np.maximum(z, 0), lambda y: y > 0),
        "tanh": (np.tanh, lambda y: 1 - y**2),
        "sigmoid": (lambda z: 0.5 * (1 + np.tanh(z / 2)), lambda y: y * (1 - y)),
    }
    function, slope = functions[activation]
    outputs = [x]
    for w in weights:
        outputs.append(function(outputs[-1] @ w))

    lengths, back = [], output_gradient
    for w, inputs, y in zip(weights[::-1], outputs[-2::-1], outputs[::-1], strict=False):
        delta = back * slope(y)
        lengths.append(np.linalg.norm(inputs.T @ delta))
        back = delta @ w.T
    return {
        "rms": np.array([np.sqrt((y**2).mean()) for y in outputs[1:]]),
        "gradient": np.array(lengths[::-1]),
        "dead": np.array([(y == 0).all(axis=0).mean() for y in outputs[1:]]),
    }
    # END SOLUTION


# %% tags=["explore"]
found = signal(np.array([[1.0, 2.0], [3.0, -4.0]]), [np.array([[1.0], [-1.0]])], "relu", np.ones((2, 1)))
beside(
    "rms, gradient, dead",
    [4.95, 5.0, 0.0],
    [round(float(found[key][0]), 3) for key in ("rms", "gradient", "dead")],
)
drawn = initial_weights([784, 300, 300], "he", seed=0)
beside("deviations of he, 784-300-300", [0.0505, 0.0816], [round(float(w.std()), 3) for w in drawn])

# %% [markdown]
# Twenty layers of 256 units, 200 random samples. Where a curve is flat, a deep network can start. Find the only
# scheme that is flat for relu; see what a sigmoid does to the gradients of the first layers; and what [−1, 1] does to
# everything. (Layers of equal size: LeCun's and Glorot's weights are the same here.)

# %% tags=["explore"]
rng = np.random.default_rng(0)
samples, direction = rng.normal(size=(200, 256)), rng.normal(size=(200, 256))
figure = labkit.plots.Figure(figsize=(10, 6.4), layout="constrained")
figure.suptitle("Sizes and gradients in twenty layers of 256 units, before any training")
for column, activation in zip(
    figure.subplots(2, 3, sharex=True, sharey="row").T, ("relu", "tanh", "sigmoid"), strict=True
):
    for scheme, style, marker in (
        ("lecun", "--", "s"),
        ("he", "-", "o"),
        ("glorot", ":", "x"),
        ("uniform", "-.", "^"),
    ):
        found = signal(samples, initial_weights([256] * 21, scheme, seed=0), activation, direction)
        relative = found["gradient"] / found["gradient"][-1]
        for axis, values in zip(column, (found["rms"], relative), strict=True):
            axis.plot(
                range(1, 21),
                np.maximum(values, 1e-30),
                style,
                marker=marker,
                markevery=3,
                markersize=4,
                color="black",
                mfc="white",
                label=scheme,
            )
            axis.set_yscale("log")
            axis.set_xticks((1, 5, 10, 15, 20))
    column[0].set_title(activation, fontsize=10)
    column[1].set_xlabel("layer (1 = next to the input)")
figure.axes[0].set(ylabel="rms of the outputs", ylim=(1e-4, 1e5))
figure.axes[3].set(ylabel="gradient (1 = last layer's)", ylim=(1e-13, 1e9))
figure.axes[2].legend(frameon=False, fontsize=8)
figure.show()

he_relu = signal(samples, initial_weights([256] * 21, "he", seed=0), "relu", direction)
print(f"he, relu: rms {he_relu['rms'][0]:.2f} in layer 1, {he_relu['rms'][-1]:.2f} in layer 20, ", end="")
print(f"there {he_relu['dead'][-1]:.0%} of the units dead")


# %% tags=["quiz"]
def quiz_4_7() -> str:
    """A relu unit of a trained network is 0 for every digit of the training set. What does further training (without
    weight decay) do to its incoming weights?

    a) It brings the unit back to life, because its error is large.
       -> Whatever its error, the slope of relu is 0 at every digit, and the gradient with it.
    b) Nothing: the gradient is 0 for every example.
       -> The derivative by its weights is a sum over the examples on which it is active, and there are none.
    c) It makes them smaller.
       -> Only weight decay would. The loss does not depend on them at all.
    d) It makes them random.
       -> Noise of mini-batches is noise of gradients, and all of these are exactly 0.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 4.8 One thing at a time
#
# Loiseau lists "Yann LeCun recommendations": relu, cross-entropy, mini-batches, shuffling, normalised inputs. Which
# of them matters, and how much? An **ablation** answers: train with all of them, then leave out *one* at a time,
# everything else equal, the random start included.
#
# First, normalised inputs. `standardize` takes mean and standard deviation of each column **from the training rows**
# and uses them for both parts: what is measured on the validation rows must not depend on the validation rows (lab 06
# calls the opposite a leak). A column that is constant in training has the deviation 0: it is only centred, in both
# parts.
#
# By hand: training columns (1, 3) and (5, 5); another row (4, 9). Means 2 and 5, deviations 1 and 0: the training rows
# become (−1, 0) and (1, 0), the other row **(2, 4)**.
#
# Then the ablation. **The recipe**, everything on:
#
# - 784-64-64-10, relu in both hidden layers, softmax, Keras' default initialisers;
# - categorical cross-entropy, `SGD(0.05)`, batches of 32, rows shuffled anew in every epoch;
# - pixels (bytes from 0 to 255) standardised by the training rows.
#
# **The switches**, each leaves one thing out and nothing else:
#
# | switch | instead |
# |---|---|
# | `"relu"` | sigmoid in both hidden layers |
# | `"cross_entropy"` | mean squared error on the softmax outputs |
# | `"minibatches"` | one batch of all rows |
# | `"shuffle"` | the rows as they come, in every epoch |
# | `"normalize"` | the bytes as they are |
#
# The answer is a dict: `"none"` (nothing left out) and every switch asked for, each with the accuracy on the
# validation rows. Every run starts from `keras.utils.set_random_seed(seed)`, so that a switch alone gives what it
# gives among others. Without normalisation the loss soon is NaN: a row of NaN counts as the answer 0, which is what
# `argmax` says anyway.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: one loop</summary>
#
# `for off in ["none", *switches]:` and in it everything: the seed, the data, a new model, compile, fit, measure. Each
# setting is one line with a condition, such as `"sigmoid" if off == "relu" else "relu"`.
#
# </details>
# <details><summary>Hint 2: Keras' arguments</summary>
#
# `fit(..., batch_size=..., shuffle=..., epochs=..., verbose=0)`; `compile(optimizer=keras.optimizers.SGD(0.05),
# loss=...)` with `"categorical_crossentropy"` or `"mean_squared_error"`. Both want one-hot targets:
# `np.eye(10)[y_train]`.
#
# </details>
# <details><summary>Hint 3: constant columns</summary>
#
# Divide by `np.where(deviation > 0, deviation, 1)`. Adding a small number to the deviation instead blows up a pixel
# that has ink in the validation rows only: 255 divided by 1e-8.
#
# </details>


# %%
def standardize(x_train: np.ndarray, x_other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both parts with the mean and standard deviation of the training rows, column by column.

    x_train : (n, d) numbers, bytes or floats
    x_other : (m, d) numbers
    returns : (n, d) and (m, d) float: (x - mean) / deviation, deviation with 1/n; columns that are constant in training
        are only centred
    source : Loiseau, "Yann LeCun recommendations": normalize the input variables
    """
    # BEGIN SOLUTION
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
    scale = np.where(x_train.min(axis=0) < x_train.max(axis=0), deviation, 1)
    return (x_train - mean) / scale, (x_other - mean) / scale
    # END SOLUTION


# %%
def ablation(
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_val: np.ndarray,
    y_val: np.ndarray,
    switches: list[str],
    epochs: int,
    seed: int,
) -> dict[str, float]:
    """Validation accuracy of the recipe, and of the recipe without one thing at a time.

    x_train, x_val : (n, 784) and (m, 784) bytes, ink from 0 to 255
    y_train, y_val : (n,) and (m,) integers from 0 to 9
    switches : what to leave out, one after the other: of "relu", "cross_entropy", "minibatches", "shuffle", "normalize"
    epochs : of each run
    seed : every run starts from keras.utils.set_random_seed(seed)
    returns : "none" and each switch, with the share of validation rows that are right
    source : Loiseau, "Yann LeCun recommendations"
    """
    # BEGIN SOLUTION
    accuracies, targets = {}, np.eye(10, dtype="float32")[y_train]
    for off in ["none", *switches]:
        keras.utils.set_random_seed(seed)
        inner = "sigmoid" if off == "relu" else "relu"
        hidden = [keras.layers.Dense(64, activation=inner) for _ in range(2)]
        model = keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10, activation="softmax")])
        loss = "mean_squared_error" if off == "cross_entropy" else "categorical_crossentropy"
        model.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss)
        both = (x_train, x_val) if off == "normalize" else standardize(x_train, x_val)
        x, x_other = (part.astype("float32") for part in both)
        batch_size = len(x) if off == "minibatches" else 32
        labkit.fit(
            model, x, targets, batch_size=batch_size, epochs=epochs, shuffle=off != "shuffle", verbose=0
        )
        answers = np.asarray(model(x_other)).argmax(axis=1)
        accuracies[off] = float((answers == y_val).mean())
    return accuracies
    # END SOLUTION


# %% tags=["explore"]
by_training, other = standardize(np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[4.0, 9.0]]))
beside("standardised", ([[-1, 0], [1, 0]], [[2, 4]]), (by_training.tolist(), other.tolist()))

# %% [markdown]
# 3,000 digits, **sorted by class** as data often come, 2,000 others for validation, five epochs. Before you run the
# cell: which switch costs most, which least? Write down your order.

# %% tags=["explore"]
in_order = np.argsort(mnist.y_train[:3000], kind="stable")
x_small, y_small = mnist.x_train[:3000].reshape(3000, 784)[in_order], mnist.y_train[:3000][in_order]
x_check, y_check = mnist.x_train[50_000:52_000].reshape(2000, 784), mnist.y_train[50_000:52_000]
everything = ["relu", "cross_entropy", "minibatches", "shuffle", "normalize"]
accuracies = ablation(x_small, y_small, x_check, y_check, everything, epochs=5, seed=0)
for name, value in accuracies.items():
    print(f"{name:14s} {value:.1%}")

figure = labkit.plots.Figure(figsize=(8.5, 3.6), layout="constrained")
figure.suptitle("3,000 digits sorted by class, five epochs: what each recommendation is worth")
axis = figure.subplots()
names = sorted(accuracies, key=accuracies.get)
bars = axis.barh(names, [100 * accuracies[name] for name in names], color="0.75", edgecolor="black")
bars[names.index("none")].set_facecolor("0.3")
for place, name in enumerate(names):
    axis.annotate(
        f"{100 * accuracies[name]:.1f}",
        (100 * accuracies[name], place),
        (4, 0),
        textcoords="offset points",
        va="center",
    )
axis.set_yticks(names, ["nothing left out" if name == "none" else f"without {name}" for name in names])
axis.axvline(10, color="0.4", linestyle=":")
axis.annotate("guessing", (10, 5.55), (3, 0), textcoords="offset points", fontsize=8, va="center")
axis.set(xlabel="accuracy on 2,000 validation digits (%)", xlim=(0, 100), ylim=(-0.6, 5.8))
figure.show()

# %% [markdown]
# Two of the losers are only slow: with a hundred epochs the squared error and the full batch come far. That is what
# an ablation says and does not say: what a thing is worth *in this recipe*, with this rate and these epochs. A fair
# comparison would look for the best rate of each variant. How? A **learning-rate finder**: raise the rate a little in
# every step, from tiny to absurd, and watch the loss. Where it falls fastest is a good rate; where it turns up is the
# border of 4.3.

# %% tags=["explore"]
x_scaled, _ = standardize(x_small, x_check)
x_scaled, small_targets = x_scaled.astype("float32"), np.eye(10, dtype="float32")[y_small]
figure = labkit.plots.Figure(figsize=(8.5, 4), layout="constrained")
figure.suptitle("Learning-rate finder on 784-64-64-10: one step for each rate")
axis = figure.subplots()
rates = np.geomspace(1e-4, 10, 150)
for title, optimizer, style in (("SGD", keras.optimizers.SGD, "-"), ("Adam", keras.optimizers.Adam, "--")):
    keras.utils.set_random_seed(0)
    hidden = [keras.layers.Dense(64, activation="relu") for _ in range(2)]
    finder = keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10, activation="softmax")])
    finder.compile(optimizer=optimizer(1e-4), loss="categorical_crossentropy")
    losses, smooth = [], None
    for step, rate in enumerate(rates):
        finder.optimizer.learning_rate = rate
        batches = minibatches(3000, 128, seed=0, epoch=step // 24)
        rows = batches[step % 24]
        loss = float(finder.train_on_batch(x_scaled[rows], small_targets[rows]))
        smooth = loss if smooth is None else 0.85 * smooth + 0.15 * loss
        losses.append(smooth)
    axis.plot(rates, losses, style, color="black", label=title)
axis.axhline(math.log(10), color="0.5", linestyle=":", label="no idea, ln 10")
axis.set(
    xscale="log", xlabel="learning rate", ylabel="cross-entropy of the batch (nats, smoothed)", ylim=(0, 5)
)
axis.legend(frameon=False, loc="upper left")
figure.show()


# %% tags=["quiz"]
def quiz_4_8() -> str:
    """You leave out shuffling *and* mini-batches at once, and the accuracy falls from 90 to 25 %. What do you know?

    a) That both are needed.
       -> Perhaps one of them does it all. Leave out one at a time.
    b) That shuffling is needed.
       -> With one batch of all rows their order does not matter at all, so this run says nothing about it.
    c) That mini-batches are needed, at this rate and after so few epochs.
       -> With one batch of all rows, shuffled or not, the step is the same: all of the loss is due to the batch.
    d) Nothing, because the seed was the same.
       -> The same seed is what makes two runs comparable.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## What to take along
#
# - A mini-batch gradient is the right one plus noise, and the noise falls with the root of the batch. The floor that it
#   makes is proportional to the rate: lower the rate at the end.
# - The border is 2/L, and momentum moves it. A valley costs about κ steps, with momentum about √κ.
# - Momentum 0.9 means "ten times the rate" in Keras and "the same rate" in a text that averages. Read the formula.
# - Adam's step does not depend on the size of the loss. Its rate is the length of a step.
# - Before training, look at the sizes layer by layer: flat is good.
# - Change one thing at a time, and everything else, the seed included, not at all.
#
# ## Going further
#
# No points; bring what you find to the next lecture.
#
# 1. *Is Adam's advantage an advantage of its rate?* Find the best rate of SGD with momentum and of Adam for the
#    recipe of 4.8 by a grid of rates. How large is the difference at the best rates, over five seeds? (Lab 06 says
#    when it is real.)
# 2. *Noise that helps.* Train the recipe with batches of 8, 32, 128 and 512, once with the same rate and once with a
#    rate that is proportional to the batch, so that the noise floor is the same. Which of the two makes the curves
#    lie on one another, and where does that end?
