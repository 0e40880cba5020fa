# labkit: lab10_adversarial

# %% [markdown]
# # Lab 10: Adversarial digits, and tickets that win
#
# A network reads 94 % of the digits, and a change that hardly anybody sees makes it read none. **Afterwards you can**
# attack any Keras model that gives gradients, and say for a linear one exactly how much is needed (10.1 to 10.3); tell
# a defence from one that only hides its gradient (10.4); harden a network, and say what that costs (10.5); soften
# targets and mix examples (10.6); and show that a tenth of a network's weights is enough, if you keep the right ones
# and their start (10.7).
#
# **You should know** softmax and cross-entropy (lab 01), how a Keras model is trained (lab 03), and NumPy. TensorFlow's
# tape is explained in 10.1.
#
# | question | minutes | points | of these on hidden inputs |
# |---|---|---|---|
# | 10.1 The sign of a gradient | 30 | 16 | 4 |
# | 10.2 How much is needed | 25 | 10 | 3 |
# | 10.3 Many small steps | 25 | 14 | 4 |
# | 10.4 Is this defence real? | 30 | 12 | 4 |
# | 10.5 Training against the attack | 35 | 16 | 3 |
# | 10.6 Softer targets | 25 | 14 | 2 |
# | 10.7 The lottery ticket | 40 | 18 | 3 |
#
# About three and a half hours. The slowest cell trains ten small networks with most weights removed (10.7) and takes
# half a minute; all others take a few seconds.
#
# **What is allowed.** NumPy, Keras, TensorFlow. Attacks are yours; no library of attacks.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this file.
# Cells marked `explore` show numbers and pictures of *your* functions; they are not graded. Everywhere:
#
# - Images are float32 in [0, 1], the first axis counts them: rows of 784, or (28, 28, 1). Labels are integers, and they
#   need not be what the model answers.
# - Models answer with *logits*, one for each class, and are compiled with `SparseCategoricalCrossentropy(from_logits=
#   True)`. Attacks ask them in inference mode, `model(x, training=False)`, and leave them as they are.
# - ε is a change per pixel, in units of the pixels' range: 0.1 is a tenth of the way from black to white.
# - Nothing that you are given changes, but for a model that you are asked to train.
#
# The lectures: the EPFL crash course, "Adversarial Images"; Facciolo, "Still imperfect solution: adversarial attacks"
# and "The Lottery Ticket Hypothesis".

# %%
from __future__ import annotations

import keras
import numpy as np

import labkit

# %% [markdown]
# Two classifiers go with us: the softmax regression of lab 01, and a network with one hidden layer. Both answer with
# logits.

# %% tags=["explore"]
mnist = labkit.data.load_mnist()
x_train, x_test = (x.reshape(-1, 784).astype("float32") / 255 for x in (mnist.x_train, mnist.x_test))
y_train, y_test = mnist.y_train.astype("int64"), mnist.y_test.astype("int64")


def compiled(*layers, optimizer="adam") -> keras.Model:
    """A model of rows of 784, compiled as all models of this lab."""
    model = keras.Sequential([keras.Input((784,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    return model


def right(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """The share of images that a model reads rightly."""
    return float(np.mean(np.argmax(model(x, training=False), axis=1) == y))


weights, bias, targets = np.zeros((784, 10), "float32"), np.zeros(10, "float32"), np.eye(10, dtype="float32")
for _ in range(10):
    for first in range(0, 60_000, 100):
        x, t = x_train[first : first + 100], targets[y_train[first : first + 100]]
        exponentials = np.exp(x @ weights + bias)
        error = (exponentials / exponentials.sum(axis=1, keepdims=True) - t) / 100
        weights, bias = weights - 0.2 * (x.T @ error), bias - 0.2 * error.sum(axis=0)
linear = compiled(keras.layers.Dense(10))
linear.set_weights([weights, bias])

keras.utils.set_random_seed(10)
plain = compiled(keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10))
labkit.fit(plain, x_train[:10_000], y_train[:10_000], batch_size=100, epochs=5, verbose=0)
print(
    f"softmax regression {right(linear, x_test, y_test):.2%} right, network {right(plain, x_test, y_test):.2%}"
)

# %% [markdown]
# ## 10.1 The sign of a gradient
#
# Training asks how the loss changes with the *weights*. An attack asks how it changes with the *pixels*, and walks
# uphill. If no pixel may change by more than ε, the change that raises the loss most (to first order) takes all of ε in
# every pixel, up or down as the gradient says (Goodfellow 2014, the "fast gradient sign method"):
#
# $$x' = \mathrm{clip}\bigl(x + \varepsilon\, \mathrm{sign}(\nabla_x L(x, y)),\ 0,\ 1\bigr), \qquad
# L = -\ln \mathrm{softmax}(\text{logits})_y .$$
#
# TensorFlow keeps a record of what is computed while a *tape* runs, and walks back through it:
#
# ```python
# x = tf.convert_to_tensor(images)
# with tf.GradientTape() as tape:
#     tape.watch(x)  # variables are watched by themselves, other tensors are not
#     loss = tf.reduce_sum(tf.square(x))
# tape.gradient(loss, x)  # 2 x
# ```
#
# *On paper:* two pixels, two classes, logits $(x_1 - 2 x_2,\ 2 x_2 - x_1)$. For $x = (0.5, 0.1)$ with label 0 they are
# (0.3, −0.3) and $p = (0.646, 0.354)$. The loss changes with the logits by $p - (1, 0) = (-0.354, 0.354)$, with the
# pixels by $(-0.709, 1.417)$. Signs (−1, +1), so with ε = 0.2 the image becomes (0.3, 0.3): logits (−0.3, 0.3), fooled.

# %% tags=["explore"]
labkit.plots.arrays(
    {
        "image x": np.array([0.5, 0.1]),
        "gradient of the loss": np.array([-0.709, 1.417]),
        "0.2 times its sign": np.array([-0.2, 0.2]),
        "x + that": np.array([0.3, 0.3]),
    },
    title="One attack by hand: two pixels, ε = 0.2",
    signs=["", "→", "→"],
    alt="The image 0.5, 0.1; the gradient of the loss -0.709, 1.417; 0.2 times its sign -0.2, 0.2; their sum 0.3, 0.3.",
).show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: which loss</summary>
#
# The cross-entropy of the *given* labels, from logits. Summed or averaged over the images is the same here: only the
# sign counts, and no image has a part in another one's loss.
#
# </details>
# <details><summary>Hint 2: functions</summary>
#
# `tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)` or `keras.losses.SparseCategoricalCrossentropy(
# from_logits=True)`; `np.sign`, `np.clip`.
#
# </details>
# <details><summary>Hint 3: the key line</summary>
#
# `np.clip(x + epsilon * np.sign(tape.gradient(loss, images)), 0, 1)`, with `logits = model(images, training=False)`
# inside the tape.
#
# </details>


# %%
def fgsm(model: keras.Model, x: np.ndarray, y: np.ndarray, epsilon: float) -> np.ndarray:
    """The images after one step of ε per pixel that raises their loss.

    model : answers images with logits; not changed, and asked in inference mode
    x : (n, ...) float32 in [0, 1], not changed
    y : (n,) integers of any type, the labels; the model may answer something else
    epsilon : the step in every pixel, 0 or more; a pixel whose gradient is 0 stays
    returns : like x, float32 (float64 is accepted), in [0, 1]
    source : EPFL crash course, "Adversarial Images"; Goodfellow et al., "Explaining and Harnessing Adversarial
    Examples"
    """
    # BEGIN SOLUTION
    import tensorflow as tf

    images = tf.convert_to_tensor(x, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = model(images, training=False)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(np.asarray(y, np.int64), logits)
    slope = tape.gradient(losses, images).numpy()
    return np.clip(x + epsilon * np.sign(slope), 0, 1).astype(np.float32)
    # END SOLUTION


# %% tags=["explore", "example"]
two_pixels = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
two_pixels.set_weights([np.array([[1.0, -1.0], [-2.0, 2.0]]), np.zeros(2)])


def attack_two(x: np.ndarray, y: np.ndarray, epsilon: float) -> np.ndarray:
    """Your fgsm on the two pixels from above; the second image meets the borders at 0 and 1."""
    return fgsm(two_pixels, x, y, epsilon)


print(
    labkit.example(
        attack_two,
        *(np.array([[0.5, 0.1], [0.1, 0.9]], np.float32), np.array([0, 0])),
        epsilon=0.2,
        gives=np.array([[0.3, 0.3], [0, 1]]),
    )
)


# %%
def robust_curve(model: keras.Model, x: np.ndarray, y: np.ndarray, epsilons: list[float]) -> np.ndarray:
    """The accuracy on images that were attacked by `fgsm`, for several ε.

    model : answers images with logits; not changed
    x : (n, ...) float32 in [0, 1]; every ε starts from these images
    y : (n,) integers, the labels
    epsilons : k numbers in any order, 0 or more
    returns : (k,) float, the share of all n attacked images that get their label, in the order of `epsilons`
    source : EPFL crash course, "Adversarial Images"
    """

    # BEGIN SOLUTION
    def share_right(images: np.ndarray) -> float:
        return np.mean(np.argmax(model(images, training=False), axis=1) == y)

    return np.array([share_right(fgsm(model, x, y, epsilon)) for epsilon in epsilons])
    # END SOLUTION


# %% tags=["explore", "example"]
def curve_of_two(x: np.ndarray, y: np.ndarray, epsilons: list[float]) -> np.ndarray:
    """Your robust_curve of the two pixels."""
    return robust_curve(two_pixels, x, y, epsilons)


print(  # the first image holds out below ε = 0.1, the second one is wrong from the start
    labkit.example(
        curve_of_two,
        *(np.array([[0.5, 0.1], [0.1, 0.9]], np.float32), np.array([0, 0])),
        epsilons=[0.2, 0.0, 0.05],
        gives=np.array([0.0, 0.5, 0.5]),
    )
)

# %% [markdown]
# A digit, what is added to it (ten times enlarged; mid-grey is nothing, darker is more ink), and what comes out. At
# ε = 0.05 you hardly see a difference, and more than a quarter of the digits are read otherwise.

# %% tags=["explore"]
shown, names = 0, ("digit", "change × 10", "attacked")
figure = labkit.plots.Figure(figsize=(7.5, 7.8), layout="constrained")
figure.suptitle("One step of ε against the softmax regression")
for row, epsilon in zip(figure.subplots(3, 3), (0.05, 0.1, 0.25), strict=True):
    digit, label = x_test[shown : shown + 1], y_test[shown : shown + 1]
    attacked = fgsm(linear, digit, label, epsilon)
    for axis, image, name in zip(row, (digit, 10 * (attacked - digit), attacked), names, strict=True):
        signed = name == "change × 10"  # mid-grey: nothing; darker: ink added; lighter: taken away
        axis.imshow(image.reshape(28, 28), cmap="Greys", vmin=-1 if signed else 0, vmax=1)
        axis.set(xticks=(), yticks=())
        if signed:
            axis.set_title(f"{name}, ε = {epsilon}")
            continue
        scores = np.exp(np.asarray(linear(image, training=False), float)[0])
        answer = scores.argmax()
        axis.set_title(f"{name}: read as {answer}\nwith {scores[answer] / scores.sum():.0%}")
figure.alt = (
    "Three rows, for ε 0.05, 0.1 and 0.25: a seven, the change ten times enlarged, the attacked seven."
)
figure.show()

# %% [markdown]
# How fast does the accuracy fall? The softmax regression should have .9201, .8910, .8558, .8024, .6637, .1840 and .0001
# at ε = 0, .01, .02, .03, .05, .1 and .25, and it is sure of its wrong answers: at .25 it says 89 % on average.
# (Goodfellow 2014 has 99.9 % error with 79.3 % confidence, on another training.) A network is no better.

# %% tags=["explore"]
epsilons = [0.0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25]
fallen = {
    name: robust_curve(m, x_test, y_test, epsilons) for name, m in (("linear", linear), ("network", plain))
}
print({epsilon: round(float(value), 4) for epsilon, value in zip(epsilons, fallen["linear"], strict=True)})
figure = labkit.plots.Figure(figsize=(8, 4.2), layout="constrained")
figure.suptitle("Accuracy on attacked test digits (one step, FGSM)")
axis = figure.subplots()
axis.plot(epsilons, fallen["linear"], "o-", color="black", label="softmax regression")
axis.plot(epsilons, fallen["network"], "s--", color="black", markerfacecolor="white", label="784-128-10")
axis.axhline(0.1, color="0.6", linewidth=1, linestyle=":", label="guessing")
axis.set(xlabel="ε: change per pixel (1 = black to white)", ylabel="accuracy (1 = all right)", ylim=(0, 1))
axis.legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_10_1() -> float:
    """A screen shows 256 grey levels, 0 to 255. How many levels is ε = 0.1?

    tolerance: 0.02
    = 0.1 -> That is the change in units of the range; the range is 255 levels.
    = 25.6 -> From the lowest to the highest of 256 levels there are 255 steps.
    = 2.55 -> One hundredth of the range; 0.1 is a tenth of it.
    """
    # BEGIN SOLUTION
    return 25.5
    # END SOLUTION


# %% tags=["quiz"]
def quiz_10_1_sign() -> str:
    """Why the sign of the gradient, and not the gradient itself?

    a) Because the gradient is too expensive.
       -> Its sign needs the gradient first.
    b) Because every pixel may change by ε: the largest gain to first order uses all of it in every pixel.
       -> The sum of slope times change, with changes of at most ε, is largest where each change is ± ε.
    c) Because the gradient has no direction in [0, 1].
       -> It has one, and with another rule (a length instead of a bound per pixel) it would be the best one.
    d) Because the sign cannot vanish.
       -> It does where the gradient is 0, and 10.4 shows what comes of that.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 10.2 How much is needed
#
# Why is so little enough? For a linear classifier $z = x W + b$ one can say exactly. Class $y$ loses against class $j$
# as soon as $z_j \ge z_y$. With a change $d$ their distance shrinks by $(w_j - w_y) \cdot d$; if no pixel may change by
# more than ε, that is at most $\varepsilon\, \lVert w_y - w_j \rVert_1$ (the sum of absolute values), reached with $d =
# \varepsilon\, \mathrm{sign}(w_j - w_y)$. So
#
# $$\varepsilon^* = \max\Bigl(0,\ \min_{j \ne y} \frac{z_y - z_j}{\lVert w_y - w_j \rVert_1}\Bigr).$$
#
# The distance between the logits does not grow with the number of pixels; the sum of 784 absolute values does. That is
# all there is to it: many pixels, each with a small say.
#
# *On paper:* the two pixels of 10.1, $x = (0.5, 0.1)$, label 0. $z_0 - z_1 = 0.6$, $w_0 - w_1 = (2, -4)$ with the sum
# 6: ε* = **0.1**. Indeed (0.4, 0.2) has the logits (0, 0).

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: all classes, not the second best</summary>
#
# The rival that is nearest in logits need not be the one that is reached first: another one may lie in a direction
# where pixels have more to say. Compute the quotient for every j, and take the smallest.
#
# </details>
# <details><summary>Hint 2: without loops over images</summary>
#
# `weights[:, y] - weights[:, j]` for all pairs is an array (k, k) of sums of absolute values, which does not depend on
# the images; `norms[y]` picks a row for each image.
#
# </details>


# %%
def smallest_epsilon(weights: np.ndarray, bias: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For a linear classifier, the smallest change per pixel with which the label no longer wins.

    weights : (d, k) float
    bias : (k,) float; the logits are x @ weights + bias
    x : (n, d) float; here pixels may leave [0, 1]
    y : (n,) integers, the labels
    returns : (n,) float; another class has then at least the label's logit; 0 where one has it already
    source : the formula above
    """
    # BEGIN SOLUTION
    weights, images = np.asarray(weights, float), np.arange(len(x))
    logits = x @ weights + bias
    norms = np.abs(weights[:, :, None] - weights[:, None, :]).sum(axis=0)  # (k, k), 0 on the diagonal
    gaps, sums = logits[images, y][:, None] - logits, norms[y]
    sums[images, y] = 1.0
    needed = gaps / np.where(sums > 0, sums, np.finfo(float).tiny)
    needed[images, y] = np.inf
    return np.maximum(needed.min(axis=1), 0)
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(
        smallest_epsilon,
        *(np.array([[1.0, -1.0], [-2.0, 2.0]]), np.zeros(2)),
        *(np.array([[0.5, 0.1], [0.1, 0.9]]), np.array([0, 0])),
        gives=np.array([0.1, 0.0]),
    )
)

# %% [markdown]
# For the softmax regression on the test digits the quartiles should be .0237, .0419 and .0580, and 97.9 % of the digits
# need less than 0.1. The figure shows the share of digits that hold out against *every* attack: without borders, as in
# the formula, and inside [0, 1], where a white pixel cannot become whiter. FGSM leaves a little more than the best
# attack inside the borders: it follows the gradient of the loss, which is about all rivals at once. And the borders
# protect: most pixels of a digit are black or white and can move in one direction only.

# %% tags=["explore"]
needed = smallest_epsilon(weights, bias, x_test, y_test)
print("quartiles", np.quantile(needed, (0.25, 0.5, 0.75)).round(4), f"largest {needed.max():.3f}")


def best_inside(epsilon: float) -> float:
    """The share of digits that no change of ε within [0, 1] fools: each pixel pushes as far as it may."""
    logits, holds = x_test @ weights + bias, np.ones(len(x_test), bool)
    up, down = np.minimum(epsilon, 1 - x_test), np.minimum(epsilon, x_test)
    for label in range(10):
        rows = y_test == label
        push = weights - weights[:, [label]]  # (784, 10): what a pixel gives to each rival
        gain = up[rows] @ np.maximum(push, 0) + down[rows] @ np.maximum(-push, 0)
        lead = logits[rows, label][:, None] - logits[rows]
        holds[rows] = np.delete(lead > gain, label, axis=1).all(axis=1)
    return float(holds.mean())


limits = {epsilon: (float((needed > epsilon).mean()), best_inside(epsilon)) for epsilon in epsilons[:7]}
figure = labkit.plots.Figure(figsize=(8, 4.2), layout="constrained")
figure.suptitle("Softmax regression: what one step reaches, and what can be reached at all")
axis = figure.subplots()
axis.plot(epsilons[:7], fallen["linear"][:7], "o-", color="black", label="one step (FGSM), inside [0, 1]")
inside = [value[1] for value in limits.values()]
outside = [value[0] for value in limits.values()]
axis.plot(epsilons[:7], inside, "s--", color="black", markerfacecolor="white", label="the best inside [0, 1]")
axis.plot(epsilons[:7], outside, "^:", color="black", label="the best without borders (10.2)")
axis.set(xlabel="ε: change per pixel (1 = black to white)", ylabel="accuracy (1 = all right)", ylim=(0, 1))
axis.legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_10_2() -> float:
    """A linear classifier prefers its answer by 4.0 in the logits; the weights of the two classes differ by 0.1 in
    every one of 784 pixels. What is the smallest ε that changes the answer?

    tolerance: 0.001
    = 0.0255 -> That counts the difference twice: 0.1 · 784 = 78.4 is how fast the two logits approach each other.
    = 1.4286 -> That divides by the Euclidean norm, 2.8. With a bound per pixel it is the sum of absolute values.
    = 40 -> That would be one pixel alone. All 784 may change.
    """
    # BEGIN SOLUTION
    return 0.051
    # END SOLUTION


# %% [markdown]
# ## 10.3 Many small steps
#
# A network is not linear: after one large step the gradient points elsewhere. So take many small ones, and after each
# step go back to where you may be: *projected gradient* (Madry 2017). With $B = \{x' : |x' - x| \le \varepsilon$ in
# every pixel, and in $[0, 1]\}$,
#
# $$x_0 = \mathrm{clip}_B(\text{start}), \qquad
# x_{t+1} = \mathrm{clip}_B\bigl(x_t + \text{step}\cdot \mathrm{sign}(\nabla_x L(x_t, y))\bigr).$$
#
# The gradient is always taken at the present place, the box always stands around $x$, the image at the beginning. The
# answer is the last place. Some start at a random place of the box, so the start is an argument.
#
# *On paper:* the two pixels, $x = (0.5, 0.1)$, label 0, ε = 0.2, steps of 0.15, start $(0.9, 0.1)$. The start is cut to
# (0.7, 0.1). First step (0.55, 0.25); second (0.4, 0.4), which is cut to (0.4, 0.3).

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: what you have</summary>
#
# One step is the `fgsm` of the present place with `step_size`. What is new is only the clipping.
#
# </details>
# <details><summary>Hint 2: the box</summary>
#
# `low = np.maximum(x - epsilon, 0)` and `high = np.minimum(x + epsilon, 1)` are computed once;
# `np.clip(place, low, high)` after every step, and once before the first.
#
# </details>


# %%
def pgd(
    model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    epsilon: float,
    step_size: float,
    steps: int,
    start: np.ndarray,
) -> np.ndarray:
    """The images after several steps that raise their loss, each followed by going back into the box.

    model : answers images with logits; not changed, and asked in inference mode
    x : (n, ...) float32 in [0, 1], the middle of the box
    y : (n,) integers, the labels
    epsilon : half the side of the box: no pixel ends further from x
    step_size : the step in every pixel; may be larger than epsilon
    steps : how many, 0 included
    start : like x, where the walk begins; may lie outside of the box
    returns : like x, float32 (float64 is accepted): the last place
    source : Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks" (2017)
    """
    # BEGIN SOLUTION
    low, high = np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1)
    place = np.clip(start, low, high)
    for _ in range(steps):
        place = np.clip(fgsm(model, place, y, step_size), low, high)
    return place.astype(np.float32)
    # END SOLUTION


# %% tags=["explore", "example"]
def walk_two(x: np.ndarray, y: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    """Your pgd on the two pixels, ε = 0.2, steps of 0.15."""
    return pgd(two_pixels, x, y, 0.2, 0.15, steps, start)


one, far = np.array([[0.5, 0.1]], np.float32), np.array([[0.9, 0.1]], np.float32)
print(labkit.example(walk_two, one, np.array([0]), far, steps=0, gives=np.array([[0.7, 0.1]])))
print(labkit.example(walk_two, one, np.array([0]), far, steps=2, gives=np.array([[0.4, 0.3]])))

# %% [markdown]
# How many steps does it take? The mean loss of the attacked digits against the number of steps, each of a fifth of ε,
# in a box of ε = 0.1. FGSM is the straight way to a corner; the walk finds better corners.

# %% tags=["explore"]


def mean_loss(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """The mean cross-entropy of images, in nats."""
    logits = np.asarray(model(x, training=False), float)
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]))


some, labels = x_test[:1000], y_test[:1000]
numbers = (0, 1, 2, 3, 5, 8, 13, 20)
walks = [pgd(plain, some, labels, 0.1, 0.02, count, some) for count in numbers]
one_step = fgsm(plain, some, labels, 0.1)
figure = labkit.plots.Figure(figsize=(10, 4), layout="constrained")
figure.suptitle("784-128-10 on 1,000 test digits, ε = 0.1: one step against many")
for axis, measure, name in zip(
    figure.subplots(1, 2),
    (mean_loss, right),
    ("mean cross-entropy (nats)", "accuracy (1 = all right)"),
    strict=True,
):
    values = [measure(plain, walk, labels) for walk in walks]
    axis.plot(numbers, values, "o-", color="black", label="steps of ε / 5 (PGD)")
    axis.axhline(measure(plain, one_step, labels), color="0.4", linestyle="--", label="one step of ε (FGSM)")
    axis.set(xlabel="steps", ylabel=name, ylim=(0, None))
    axis.legend(frameon=False)
figure.show()

# %% [markdown]
# ## 10.4 Is this defence real?
#
# Somebody multiplies the last layer of the network by 100,000. No answer changes, clean digits are read as before, and
# FGSM at ε = 0.1, which left less than a tenth of them right, now leaves them all as they are. A defence!
#
# It is none. The logits have become so large that softmax says exactly 1 for one class and exactly 0 for the others:
# $p$ equals the target, $p - t$ is 0, and with it every gradient. FGSM has nothing to follow. The digits are as close
# to another class as ever. Defences that only hide the gradient (Athalye 2018 found seven of nine examined ones to be
# such) fall to an attack that asks something else. A good one is the *margin*,
#
# $$m = z_y - \max_{j \ne y} z_j ,$$
#
# whose gradient is that of two logits: no softmax, nothing to saturate. Walk downhill in $m$.
#
# Your function is the referee. **vulnerable**: FGSM leaves less than half of the images right. **masked**: it does not,
# but another attack within the same ε does. **robust**: no attack within ε does. How the other attack is made is yours.
#
# *On paper:* logits (300, 100) with label 0. $p_1 = e^{-200}/(1 + e^{-200}) \approx 10^{-87}$, and float32 knows
# nothing between 0 and $10^{-45}$: $p = (1, 0)$, $p - t = (0, 0)$. The margin is 200, and its gradient by the pixels is
# $\nabla z_0 - \nabla z_1$, as large as ever.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the order</summary>
#
# First FGSM. If it leaves less than half right: vulnerable, and done. Only then the second attack decides between
# masked and robust.
#
# </details>
# <details><summary>Hint 2: the second attack</summary>
#
# The loop of 10.3 with another function to differentiate: the margin, downhill. Twenty steps of ε / 5 are plenty. Clip
# to the box, or you attack outside of ε.
#
# </details>
# <details><summary>Hint 3: the margin in TensorFlow</summary>
#
# With `own = tf.one_hot(y, k, on_value=True, off_value=False)`: `tf.reduce_max(tf.where(own, -np.inf, logits), axis=1)`
# is the best rival, `tf.reduce_max(tf.where(own, logits, -np.inf), axis=1)` the label's logit.
#
# </details>


# %%
def diagnose_defence(model: keras.Model, x: np.ndarray, y: np.ndarray, epsilon: float) -> str:
    """Whether a model withstands attacks within ε, or only seems to.

    model : answers images with logits; not changed
    x : (n, 784) float32 in [0, 1], 60 to 300 digits
    y : (n,) integers, the labels
    epsilon : the largest change of a pixel
    returns : "vulnerable" if FGSM leaves less than half of the images right; "masked" if it does not, but another
        attack within ε does; else "robust". The cases are clear: accuracies are below 0.2 or above 0.6
    source : Athalye et al., "Obfuscated Gradients Give a False Sense of Security" (2018)
    """
    # BEGIN SOLUTION
    import tensorflow as tf

    def fooled(images: np.ndarray) -> bool:
        return np.mean(np.argmax(model(images, training=False), axis=1) == y) < 0.5

    if fooled(fgsm(model, x, y, epsilon)):
        return "vulnerable"
    low, high, place = np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1), np.array(x, np.float32)
    for _ in range(20):
        images = tf.convert_to_tensor(place)
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = model(images, training=False)
            own = tf.one_hot(np.asarray(y, np.int64), logits.shape[1], on_value=True, off_value=False)
            best_rival = tf.reduce_max(tf.where(own, -np.inf, logits), axis=1)
            margins = tf.reduce_max(tf.where(own, logits, -np.inf), axis=1) - best_rival
        place = np.clip(place - epsilon / 5 * np.sign(tape.gradient(margins, images)), low, high)
    return "masked" if fooled(place) else "robust"
    # END SOLUTION


# %% tags=["explore", "example"]
def verdict(scale: float, epsilon: float) -> str:
    """Your referee on the two pixels, the logits multiplied by `scale`: ε = 0.1 is what is needed."""
    model = keras.models.clone_model(two_pixels)
    model.set_weights([scale * array for array in two_pixels.get_weights()])
    return diagnose_defence(model, np.tile(np.float32([[0.5, 0.1]]), (60, 1)), np.zeros(60, int), epsilon)


print(labkit.example(verdict, 1.0, 0.2, gives="vulnerable"))
print(labkit.example(verdict, 1e5, 0.2, gives="masked"))
print(labkit.example(verdict, 1e5, 0.05, gives="robust"))

# %% [markdown]
# The network, and the same with its last layer multiplied by 100,000, under three attacks. Whoever shows you only the
# left two bars has shown you nothing.

# %% tags=["explore"]
scaled = keras.models.clone_model(plain)
scaled.set_weights([*plain.get_weights()[:2], *(1e5 * array for array in plain.get_weights()[2:])])
sample = (x_test[:200], y_test[:200])
for name, model in (("as trained", plain), ("last layer × 100,000", scaled)):
    verdicts = [f"{diagnose_defence(model, *sample, epsilon)} at ε = {epsilon}" for epsilon in (0.15, 0.004)]
    print(f"{name}: {', '.join(verdicts)}")


def margin_attack(model: keras.Model, x: np.ndarray, y: np.ndarray, epsilon: float) -> np.ndarray:
    """Twenty steps of ε / 5 down the margin of the logits."""
    import tensorflow as tf

    own, place = tf.one_hot(y, 10, on_value=True, off_value=False), tf.convert_to_tensor(x)
    for _ in range(20):
        with tf.GradientTape() as tape:
            tape.watch(place)
            logits = model(place, training=False)
            rival = tf.reduce_max(tf.where(own, -np.inf, logits), axis=1)
            margin = tf.reduce_max(tf.where(own, logits, -np.inf), axis=1) - rival
        slope = tf.sign(tape.gradient(margin, place))
        place = tf.clip_by_value(
            place - epsilon / 5 * slope, np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1)
        )
    return place.numpy()


attacks = {
    "none": lambda model: some,
    "one step (FGSM)": lambda model: fgsm(model, some, labels, 0.1),
    "20 steps up the loss": lambda model: pgd(model, some, labels, 0.1, 0.02, 20, some),
    "20 steps down the margin": lambda model: margin_attack(model, some, labels, 0.1),
}
figure = labkit.plots.Figure(figsize=(9, 4), layout="constrained")
figure.suptitle("1,000 test digits, ε = 0.1: a defence that hides its gradient")
axis = figure.subplots()
for number, (name, model, color) in enumerate(
    (("as trained", plain, "0.3"), ("last layer × 100,000", scaled, "0.85"))
):
    values = [right(model, attack(model), labels) for attack in attacks.values()]
    bars = axis.bar(
        np.arange(4) + 0.4 * number - 0.2, values, 0.36, color=color, edgecolor="black", label=name
    )
    axis.bar_label(bars, fmt="%.2f")
axis.set_xticks(range(4), list(attacks))
axis.set(ylabel="accuracy (1 = all right)", ylim=(0, 1.15), xlabel="attack")
axis.legend(frameon=False, ncols=2)
figure.show()


# %% tags=["quiz"]
def quiz_10_4() -> str:
    """A paper presents a network of which FGSM at ε = 0.3 leaves 92 % right, as many as without an attack. Is it safe?

    a) Yes: FGSM is the strongest attack with one step.
       -> For a linear model nearly so. But nobody is bound to one step, nor to this loss.
    b) Yes, if the accuracy without an attack is also 92 %.
       -> That the two agree is rather a warning: the attack seems to have changed nothing at all.
    c) That cannot be said: perhaps the gradient only vanishes. Ask other attacks, of the logits, and without gradients.
       -> A defence counts as many attacks as were tried in earnest against it.
    d) No: no network is safe at 0.3.
       -> Some keep most digits there (Madry 2017). But it has to be shown by attacks that could have succeeded.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## 10.5 Training against the attack
#
# What helps is to train on what one fears: attack every batch with the network as it is at that moment, and learn from
# the attacked images. For each epoch, with all rows in a new random order:
#
# 1. take the next batch, and attack it by `fgsm` with the weights of this moment (in inference mode);
# 2. make one step of the optimizer on the attacked images alone, in training mode, so that dropout works.
#
# The order matters: images attacked before the training, or once an epoch, are old news to a network that has moved on.
# Clean images stay out of it: with half of each the network learns to recognise the attack (FGSM looks better, .7
# instead of .6, and an honest attack finds less, .5).
#
# *On paper:* one image of two pixels, (1, 0), label 0, weights 0, rate 1, ε = 0.1. With weights 0 the gradient by the
# pixels is 0, sign(0) = 0: the first step learns from (1, 0) itself, $p = (½, ½)$, loss ln 2 = 0.693. The weights
# become [[½, −½], [0, 0]], the bias (½, −½). Now the attack takes 0.1 from the first pixel: (0.9, 0), logits ±0.95,
# loss $\ln(1 + e^{-1.9})$ = 0.139.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: one step</summary>
#
# `model.train_on_batch(images, labels)` makes one step with the model's own optimizer and loss, in training mode.
#
# </details>
# <details><summary>Hint 2: what it returns</summary>
#
# Keras averages what `train_on_batch` returns over all batches since `model.reset_metrics()`. Reset at the beginning of
# each epoch, or before each batch; with `return_dict=True` the loss is at `"loss"`.
#
# </details>
# <details><summary>Hint 3: the mean over rows</summary>
#
# The last batch is smaller: weigh each batch's loss with its number of rows.
#
# </details>


# %%
def adversarial_training(
    model: keras.Model, x: np.ndarray, y: np.ndarray, epsilon: float, epochs: int, batch_size: int, seed: int
) -> list[float]:
    """Train the model that is given on images attacked by `fgsm`, each batch attacked just before its step.

    model : compiled; trained with its own optimizer and loss
    x : (n, ...) float32 in [0, 1]
    y : (n,) integers, the labels
    epsilon : of the attack
    epochs : how often all rows are used, each time in another random order
    batch_size : rows for a step; the last batch of an epoch may be smaller
    seed : decides the orders
    returns : for each epoch the mean over its rows of the loss of the attacked images, before their step
    source : Goodfellow et al. (2014), Madry et al. (2017)
    """
    # BEGIN SOLUTION
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        order, total = rng.permutation(len(x)), 0.0
        for first in range(0, len(x), batch_size):
            rows = order[first : first + batch_size]
            attacked = fgsm(model, x[rows], y[rows], epsilon)
            model.reset_metrics()
            total += len(rows) * float(model.train_on_batch(attacked, y[rows], return_dict=True)["loss"])
        history.append(total / len(x))
    return history
    # END SOLUTION


# %% tags=["explore", "example"]
def two_steps(x: np.ndarray, y: np.ndarray, epsilon: float, epochs: int) -> list[float]:
    """Your adversarial_training of a softmax regression for two pixels from weights 0, with rate 1."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, kernel_initializer="zeros")])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss=loss)
    return adversarial_training(model, x, y, epsilon, epochs, batch_size=1, seed=0)


print(
    labkit.example(
        two_steps,
        *(np.array([[1.0, 0.0]], np.float32), np.array([0])),
        epsilon=0.1,
        epochs=2,
        gives=[0.6931, 0.1393],
    )
)

# %% [markdown]
# The same network as at the beginning, trained against ε = 0.1 on the same 10,000 digits. You should find about .87 to
# .88 on clean digits (it was .94), and .56 to .60 under attack (it was .05). Robustness is bought with clean accuracy.

# %% tags=["explore"]
keras.utils.set_random_seed(10)
hardened = compiled(keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10))
losses = adversarial_training(
    hardened, x_train[:10_000], y_train[:10_000], 0.1, epochs=5, batch_size=100, seed=0
)
print("loss of the attacked batches, epoch by epoch:", np.round(losses, 3))
some, labels = x_test[:2000], y_test[:2000]
figure = labkit.plots.Figure(figsize=(9.5, 4.6), layout="constrained")
figure.suptitle("Accuracy on 2,000 attacked test digits")
axis = figure.subplots()
by_one = robust_curve(linear, some, labels, epsilons)
axis.plot(epsilons, by_one, "^-", color="0.55", label="softmax regression, FGSM")
for name, model, style in (("plain network", plain, "o"), ("hardened at 0.1", hardened, "s")):
    by_one = robust_curve(model, some, labels, epsilons)
    by_many = [right(model, pgd(model, some, labels, e, e / 5, 20, some), labels) for e in epsilons]
    print(f"{name}: clean {by_one[0]:.3f}, at 0.1 FGSM {by_one[6]:.3f}, 20 steps {by_many[6]:.3f}")
    axis.plot(epsilons, by_one, f"{style}--", color="black", markerfacecolor="white", label=f"{name}, FGSM")
    axis.plot(epsilons, by_many, f"{style}-", color="black", label=f"{name}, 20 steps")
axis.axvline(0.1, color="0.7", linewidth=1)
axis.annotate("ε of the training", (0.1, 0.97), (4, 0), textcoords="offset points", fontsize=9)
axis.set(xlabel="ε: change per pixel (1 = black to white)", ylabel="accuracy (1 = all right)", ylim=(0, 1))
axis.legend(frameon=False, fontsize=9)
figure.show()

# %% [markdown]
# What do the two networks look at? The weights of twelve hidden units each, as images. Those of the plain one are
# nearly noise, each pixel with a small say, which is what 10.2 lives on. Those of the hardened one are smoother, with
# strokes.

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(10, 4.4), layout="constrained")
figure.suptitle("Weights of the first layer: plain network (above), hardened network (below)")
for row, model in zip(figure.subplots(2, 12), (plain, hardened), strict=True):
    kernel = model.get_weights()[0]
    strongest = np.argsort(-np.linalg.norm(kernel, axis=0))[:12]
    for axis, unit in zip(row, strongest, strict=True):
        largest = np.abs(kernel[:, unit]).max()
        axis.imshow(kernel[:, unit].reshape(28, 28), cmap="Greys", vmin=-largest, vmax=largest)
        axis.set(xticks=(), yticks=())
figure.alt = (
    "Weight images of twelve units of each network, dark for positive weights: plain above, hardened below."
)
figure.show()


# %% tags=["quiz"]
def quiz_10_5() -> str:
    """You attack the 10,000 training images once, with the untrained network, and train on the result for 5 epochs. Why
    does that hardly help?

    a) 5 epochs are too few.
       -> With fresh attacks 5 epochs suffice.
    b) An attack belongs to the weights it was made with: after some steps these images are harmless, and nobody attacks
       the new weak points.
       -> That is why each batch is attacked at its own moment.
    c) The attacked images lie outside [0, 1].
       -> They are clipped.
    d) The labels are wrong after an attack.
       -> The label stays: a seven with a change that nobody sees is a seven.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 10.6 Softer targets
#
# Two cheaper tricks that touch the data alone. **Label smoothing** takes `amount` of every target and spreads it evenly
# over all $k$ classes (the right one too), so that nobody is asked for the probability 1:
#
# $$t' = (1 - \text{amount})\, t + \frac{\text{amount}}{k}.$$
#
# Then the loss cannot fall to 0 any more. Its smallest value is the entropy of the smoothed target, reached where the
# network says exactly that target: with $r = 1 - \text{amount} + \text{amount}/k$ for the right class and $o =
# \text{amount}/k$ for each other one,
#
# $$\text{loss} = -r \ln r - (k - 1)\, o \ln o, \qquad \text{gap} = z_{\text{right}} - z_{\text{other}} = \ln\frac{r}{o}
# .$$
#
# A gap that is larger costs again; the logits stay finite. (Without smoothing: loss 0, gap infinite.)
#
# **Mixup** (Zhang 2018) invents examples between two others: $\lambda x_i + (1 - \lambda) x_j$ with the targets mixed
# in the same proportion.
#
# *On paper:* three classes, amount 0.3. (0, 1, 0) becomes (0.1, 0.8, 0.1). Loss $-0.8 \ln 0.8 - 0.2 \ln 0.1$ =
# **0.6390**, gap ln 8 = **2.0794**. Mixup of (0, 0) with the partner (1, 1) and weight 0.75 gives (0.25, 0.25).

# %% tags=["explore"]
labkit.plots.arrays(
    {
        "x": np.array([[0, 0], [1, 1]]),
        "targets": np.array([[1, 0, 0], [0, 1, 0]]),
        "mixed x": np.array([[0.25, 0.25], [0.5, 0.5]]),
        "mixed targets": np.array([[0.75, 0.25, 0], [0.5, 0.5, 0]]),
    },
    title="Mixup: partners (1, 0), weights (0.75, 0.5)",
    signs=["", "→", ""],
    alt="Rows 0, 0 and 1, 1 with the targets 1, 0, 0 and 0, 1, 0; mixed with weights 0.75 and 0.5 they are 0.25, 0.25 "
    "and 0.5, 0.5 with the targets 0.75, 0.25, 0 and 0.5, 0.5, 0.",
).show()


# %%
def smooth_labels(targets: np.ndarray, amount: float) -> np.ndarray:
    """Targets of which a share is spread evenly over all classes.

    targets : (n, k) float, rows sum to 1, one-hot or soft already
    amount : the share, 0 to 1
    returns : (n, k) float; rows sum to 1
    source : Szegedy et al., "Rethinking the Inception Architecture" (2016); Keras' label_smoothing
    """
    # BEGIN SOLUTION
    return (1 - amount) * targets + amount / targets.shape[1]
    # END SOLUTION


# %% tags=["explore", "example"]
print(labkit.example(smooth_labels, np.array([[0.0, 1, 0]]), amount=0.3, gives=np.array([[0.1, 0.8, 0.1]])))


# %%
def smoothing_floor(num_classes: int, amount: float) -> tuple[float, float]:
    """The smallest cross-entropy against a smoothed one-hot target, and the logits that reach it.

    num_classes : k, 2 or more
    amount : the share that was spread, 0 to 1
    returns : (loss, gap): the loss in nats; the right class' logit minus that of each other class. (0, inf) for amount
    0 source : the formula above
    """
    # BEGIN SOLUTION
    if amount == 0:
        return 0.0, float("inf")
    other = amount / num_classes
    own = 1 - amount + other
    return float(-own * np.log(own) - (num_classes - 1) * other * np.log(other)), float(np.log(own / other))
    # END SOLUTION


# %% tags=["explore", "example"]
print(labkit.example(smoothing_floor, 3, 0.3, gives=(0.6390, 2.0794)))
print(labkit.example(smoothing_floor, 10, 0.1, gives=(0.5003, 4.5109)))


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: one weight for each example</summary>
#
# With images (n, 28, 28) a plain `weights * x` multiplies along the *last* axis. Give the weights axes of size 1:
# `weights.reshape(-1, 1, 1)`.
#
# </details>
# <details><summary>Hint 2: any shape</summary>
#
# `weights.reshape((-1,) + (1,) * (x.ndim - 1))`.
#
# </details>


# %%
def mixup(
    x: np.ndarray, targets: np.ndarray, partners: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Examples between two others.

    x : (n, ...) float, one example in each row: vectors, or images of any shape
    targets : (n, k) float
    partners : (n,) integers, the row that each row is mixed with; the same one may come twice
    weights : (n,) float in [0, 1], how much of row i itself goes into row i
    returns : x and targets, mixed in the same proportion
    source : Zhang et al., "mixup: Beyond Empirical Risk Minimization" (2018)
    """
    # BEGIN SOLUTION
    share = weights.reshape(-1, *[1] * (x.ndim - 1))
    mixed = share * x + (1 - share) * x[partners]
    return mixed, weights[:, None] * targets + (1 - weights[:, None]) * targets[partners]
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(
        mixup,
        *(np.array([[0.0, 0], [1, 1]]), np.array([[1.0, 0, 0], [0, 1, 0]])),
        partners=np.array([1, 0]),
        weights=np.array([0.75, 0.5]),
        gives=(np.array([[0.25, 0.25], [0.5, 0.5]]), np.array([[0.75, 0.25, 0], [0.5, 0.5, 0]])),
    )
)

# %% [markdown]
# What smoothing does to confidence (lab 06): the network of 2,000 digits that learns them by heart, with hard targets
# and with smoothed ones (amount 0.1). The hard one is too sure of itself. The smoothed one was taught never to say more
# than 91 %: is it too modest now? Neither number is a probability that one may use as it stands; lab 06 says what to
# do.

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(10, 4.6), layout="constrained")
figure.suptitle("Says, and is: 784-256-10 trained on 2,000 digits for 30 epochs")
for axis, amount in zip(figure.subplots(1, 2, sharey=True), (0.0, 0.1), strict=True):
    keras.utils.set_random_seed(6)
    model = compiled(keras.layers.Dense(256, activation="relu"), keras.layers.Dense(10))
    model.compile(optimizer="adam", loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    softened = smooth_labels(np.eye(10, dtype="float32")[y_train[:2000]], amount)
    labkit.fit(model, x_train[:2000], softened, batch_size=32, epochs=30, verbose=0)
    scores = np.asarray(model(x_test, training=False), float)
    probabilities = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    sure, hit = probabilities.max(axis=1), probabilities.argmax(axis=1) == y_test
    place = np.minimum((sure * 10).astype(int), 9)
    filled = np.flatnonzero(np.bincount(place, minlength=10) >= 20)
    accuracies = [hit[place == number].mean() for number in filled]
    axis.bar((filled + 0.5) / 10, accuracies, 0.1, color="0.85", edgecolor="0.4", label="right (share)")
    said = [sure[place == number].mean() for number in filled]
    axis.plot(said, said, "o-", color="black", label="says (mean confidence)")
    axis.set_title(f"amount {amount}: says {sure.mean():.3f}, is right in {hit.mean():.3f}", fontsize=10)
    axis.set(xlabel="confidence (largest probability)", xlim=(0, 1), ylim=(0, 1.02))
figure.axes[0].set_ylabel("share (1 = all)")
figure.axes[0].legend(frameon=False, loc="upper left")
figure.show()


# %% tags=["quiz"]
def quiz_10_6() -> str:
    """Ten classes, label smoothing 0.1: after some epochs the training loss stands at 0.52 nats. Good or bad?

    a) Bad: 0.52 means a probability of e^-0.52 = 59 % for the right class.
       -> That would be so for hard targets. Against smoothed ones even the perfect answer costs 0.5003.
    b) Bad: a loss should go to 0.
       -> With smoothed targets it cannot: its floor is their entropy.
    c) Cannot be said without the accuracy.
       -> The accuracy is worth a look; but 0.02 above the floor is close, whatever else.
    d) Good: the floor is 0.5003, so only 0.02 is left.
       -> Subtract the floor before you judge a curve.
    """
    # BEGIN SOLUTION
    return "d"
    # END SOLUTION


# %% [markdown]
# ## 10.7 The lottery ticket
#
# A trained network can lose 80 % of its weights, the smallest ones, and loses hardly any accuracy. But train a network
# that is so thin from the beginning, from a random start, and it does not get there. Frankle and Carbin (2018) found
# what is missing: *the start*. Train the whole network; keep the largest weights; set **those back to their values at
# the very beginning**; train the rest that is left. It is as good as the whole one. Such a thin network had "won the
# lottery" when its start was drawn.
#
# `winning_ticket` finds it. Lists are in the order of `model.get_weights()`. Arrays with two or more axes are kernels;
# biases (one axis) are never pruned. Of the $N$ kernel entries of *all layers together*, the
# $\mathrm{round}(\text{fraction} \cdot N)$ smallest by the absolute value of the *trained* weights go. `train_masked`
# trains what is left: pruned weights are exactly 0 before the first step and after every one, also if the optimizer
# would move them.
#
# *On paper:* kernels [[0.1, −0.9], [0.5, −0.2]] and [[0.3], [−0.05]], fraction ½. Of six entries three go: 0.05, 0.1
# and
# 0.2, whichever layer they lie in.

# %% tags=["explore"]
labkit.plots.arrays(
    {
        "trained, first kernel": np.array([[0.1, -0.9], [0.5, -0.2]]),
        "second": np.array([[0.3], [-0.05]]),
        "at the beginning": np.array([[0.7, -0.3], [0.2, 0.4]]),
        "second, then": np.array([[-0.6], [0.1]]),
        "the ticket": np.array([[0, -0.3], [0.2, 0]]),
        "its second": np.array([[-0.6], [0]]),
    },
    title="Half of six weights go: the smallest after training. The others go back to the beginning",
    signs=["", "", "", "→", ""],
    columns=6,
    alt="Trained kernels 0.1, -0.9, 0.5, -0.2 and 0.3, -0.05; at the beginning they were 0.7, -0.3, 0.2, 0.4 and -0.6, "
    "0.1; the ticket is 0, -0.3, 0.2, 0 and -0.6, 0.",
).show()

# %% tags=["explore"]
labkit.plots.network(
    [
        ("image as a row", (784,)),
        ("Dense, relu\n235,200 weights", (300,)),
        ("Dense, relu\n30,000", (100,)),
        ("Dense\n1,000", (10,)),
    ],
    title="LeNet-300-100: 266,200 weights in kernels",
).show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: all layers together</summary>
#
# Put the absolute values of all kernels into one long array, sort it, and read off the threshold: the
# `round(fraction * N)`-th value is the smallest that stays.
#
# </details>
# <details><summary>Hint 2: exactly 0, in every step</summary>
#
# Multiply the weights by the mask before the first step, and again after every step. Masking the gradients is not
# enough: the weights would keep what they were, and Adam has a memory.
#
# </details>
# <details><summary>Hint 3: quickly</summary>
#
# `model.weights` are variables in the order of `get_weights()`; `variable.assign(variable * mask)` costs little,
# setting all weights through NumPy a lot. `model.train_on_batch` makes one step.
#
# </details>


# %%
def winning_ticket(
    initial: list[np.ndarray], trained: list[np.ndarray], fraction: float
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The start of a network with its unimportant weights removed.

    initial, trained : the weights before and after training, in the order of `model.get_weights()`; arrays with two or
        more axes are kernels, those with one axis are never pruned
    fraction : the share of all kernel entries that is pruned, 0 to 1
    returns : weights, the initial ones where kept and 0 elsewhere; masks, bool arrays of the same shapes, True = kept
    source : Frankle and Carbin, "The Lottery Ticket Hypothesis" (2018)
    """
    # BEGIN SOLUTION
    sizes = np.sort(np.concatenate([np.abs(array).ravel() for array in trained if array.ndim >= 2]))
    pruned = round(fraction * len(sizes))
    threshold = sizes[pruned] if pruned < len(sizes) else np.inf  # ties do not occur
    masks = [np.abs(w) >= threshold if w.ndim >= 2 else np.ones(w.shape, bool) for w in trained]
    return [np.where(mask, start, 0) for mask, start in zip(masks, initial, strict=True)], masks
    # END SOLUTION


# %% tags=["explore", "example"]
at_first = [np.array([[0.7, -0.3], [0.2, 0.4]]), np.array([[-0.6], [0.1]])]
later = [np.array([[0.1, -0.9], [0.5, -0.2]]), np.array([[0.3], [-0.05]])]
print(
    labkit.example(
        winning_ticket,
        *(at_first, later),
        fraction=0.5,
        gives=(
            ([[0, -0.3], [0.2, 0]], [[-0.6], [0]]),
            ([[False, True], [True, False]], [[True], [False]]),
        ),
    )
)


# %%
def train_masked(
    model: keras.Model, masks: list[np.ndarray], x: np.ndarray, y: np.ndarray, epochs: int, batch_size: int
) -> None:
    """Train the model that is given, its pruned weights at 0 all the time.

    model : compiled; trained with its own optimizer and loss, from the weights that it has
    masks : bool arrays in the order of `model.get_weights()`; False = pruned: 0 before, during and after
    x : (n, ...) float32
    y : (n,) integers, the labels
    epochs : how often all rows are used, each time in another random order
    batch_size : rows for a step; the last batch of an epoch may be smaller
    returns : nothing that counts
    source : Frankle and Carbin, "The Lottery Ticket Hypothesis" (2018)
    """
    # BEGIN SOLUTION
    thin = [
        (v, mask.astype("float32")) for v, mask in zip(model.weights, masks, strict=True) if not mask.all()
    ]
    for variable, mask in thin:
        variable.assign(variable * mask)
    rng = np.random.default_rng()
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for first in range(0, len(x), batch_size):
            rows = order[first : first + batch_size]
            model.train_on_batch(x[rows], y[rows])
            for variable, mask in thin:
                variable.assign(variable * mask)
    # END SOLUTION


# %% tags=["explore", "example"]
def one_step(masks: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """The kernel after one step of your train_masked with rate 1, from ones, two pixels and two classes."""
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2, kernel_initializer="ones", use_bias=False)]
    )
    model.compile(keras.optimizers.SGD(1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    train_masked(model, masks, x, y, epochs=1, batch_size=1)
    return model.get_weights()[0]


print(  # logits (1, 0): p = (0.731, 0.269)
    labkit.example(
        one_step,
        *([np.array([[True, False], [True, True]])], np.array([[1.0, 0.0]], np.float32), np.array([1])),
        gives=np.array([[0.2689, 0], [1, 1]]),
    )
)

# %% [markdown]
# Three thin networks against the whole one, on 10,000 digits: the ticket with its own start; the ticket's mask with
# another start; and the ticket's start with a random mask of the same size. For comparison, two trainings on 20,000
# digits with 90 % pruned: whole networks .964 and .965, tickets .968 and .965, other starts .940 and .937, random masks
# .931 and .931; pruned and not trained again .913 and .897.

# %% tags=["explore"]
digits, classes = x_train[:10_000], y_train[:10_000]


def lenet(seed: int) -> keras.Model:
    """784-300-100-10 at its beginning."""
    keras.utils.set_random_seed(seed)
    hidden = [keras.layers.Dense(units, activation="relu") for units in (300, 100)]
    return compiled(*hidden, keras.layers.Dense(10))


def thin_accuracy(weights: list[np.ndarray], masks: list[np.ndarray]) -> float:
    """The accuracy after training what the masks leave."""
    model = lenet(0)
    model.set_weights(weights)
    train_masked(model, masks, digits, classes, epochs=4, batch_size=100)
    return right(model, x_test, y_test)


whole = lenet(3)
beginning = whole.get_weights()
labkit.fit(whole, digits, classes, batch_size=100, epochs=4, verbose=0)
found = {"ticket": [], "another start": [], "random mask": []}
fractions, rng = (0.8, 0.9, 0.95), np.random.default_rng(0)
for fraction in fractions:
    ticket, masks = winning_ticket(beginning, whole.get_weights(), fraction)
    drawn = [rng.permutation(mask.ravel()).reshape(mask.shape) for mask in masks]
    found["ticket"].append(thin_accuracy(ticket, masks))
    found["another start"].append(thin_accuracy(lenet(4).get_weights(), masks))
    found["random mask"].append(thin_accuracy(beginning, drawn))
for name, values in found.items():
    print(name, np.round(values, 4))
kept = [f"{mask.mean():.1%}" for mask in winning_ticket(beginning, whole.get_weights(), 0.9)[1][::2]]
print(f"whole network {right(whole, x_test, y_test):.4f}; with 90 % pruned the three kernels keep {kept}")

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(8.5, 4.4), layout="constrained")
figure.suptitle("784-300-100-10 on 10,000 digits: what is left, and what it reaches")
axis = figure.subplots()
left = [100 * (1 - fraction) for fraction in fractions]
for (name, values), style in zip(found.items(), ("o-", "s--", "^:"), strict=True):
    axis.plot(
        left,
        100 * np.array(values),
        style,
        color="black",
        markerfacecolor="white" if style != "o-" else None,
        label=name,
    )
axis.axhline(100 * right(whole, x_test, y_test), color="0.6", label="whole network")
axis.set(xscale="log", xlabel="weights that are left (%)", ylabel="accuracy on the test digits (%)")
axis.set_xticks(left, [f"{value:g}" for value in np.round(left, 1)])
axis.minorticks_off()
axis.legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_10_7() -> float:
    """Fifteen rounds of training, each of which prunes 20 % of the weights that are left. How many percent remain?

    tolerance: 0.1
    = 0 -> Each round takes a fifth of what is *left*, not of the beginning.
    = 4.4 -> That is fourteen rounds: 0.8^14.
    = 20 -> After the first round 80 % are left, after the second 64 %, and so on.
    """
    # BEGIN SOLUTION
    return 3.52
    # END SOLUTION


# %% tags=["quiz"]
def quiz_10_7_both() -> str:
    """What makes the ticket?

    a) The mask: which weights are there.
       -> With another start the same mask is one to three points worse.
    b) The initial values.
       -> With a random mask the same start is even worse.
    c) The trained values.
       -> They are thrown away; only their size says what stays.
    d) The mask and the initial values together.
       -> Each of them alone is no better than any thin network. (Facciolo's "at least the same accuracy in at most the
          same iterations" holds for both together, too.)
    """
    # BEGIN SOLUTION
    return "d"
    # END SOLUTION


# %% [markdown]
# ## What to take along
#
# - A loss can be differentiated by anything that goes into it. By the pixels it gives an attack.
# - Many small says add up: for a linear classifier a change of ε counts ε times the sum of absolute weights.
# - One attack that fails proves nothing. A defence counts the attacks that were tried in earnest, with a gradient that
#   exists.
# - Training on fresh attacks helps, and costs clean accuracy and twice the time.
# - A loss has a floor; know it before you judge a curve. A confidence is not a probability by itself.
# - Most weights are not needed; but which ones, one knows only after training, and the start belongs to them.
#
# ## Going further
#
# No points, no right answers; an evening each.
#
# 1. Do attacks travel? Attack the test digits with one network and show them to another one, of another seed, another
#    width, another kind (lab 05). Which pairs share their weak points?
# 2. Prune in rounds: train, prune 20 %, rewind, again. How much thinner does the ticket get than by pruning once, and
#    is it still one if it is rewound not to the beginning but to the weights after the first epoch?
