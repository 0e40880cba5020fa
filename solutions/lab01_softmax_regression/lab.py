# labkit: lab01_softmax_regression

# %% [markdown]
# # Lab 01: Softmax regression on MNIST
#
# **Aim.** Build a classifier of handwritten digits twice: once by hand, where you see every number, and once
# in Keras, as in Rousseau's lab session 3. It is the smallest network there is, one layer,
#
# $$p = \mathrm{softmax}(x W + b), \qquad
# x \in [0,1]^{784},\; W \in \mathbb{R}^{784 \times 10},\; b \in \mathbb{R}^{10},$$
#
# with 784 · 10 + 10 = 7,850 numbers to learn. It reaches 92.5 % on digits that it has never seen. Everything
# that comes later in the course, deeper networks and convolutions, keeps these four parts: **data** (1.1, 1.2),
# **loss** (1.3, 1.4), **learning** (1.5, 1.6), **network** (1.7, 1.8); and when it does not learn, the loss
# curve says why (1.9).
#
# **Afterwards you can** write a classifier and its gradient without a framework, and check the gradient; build and
# train the same network in Keras; and tell from a loss curve whether something is wrong, and what.
#
# **You should know** NumPy (axes, broadcasting, indexing by arrays), the derivative of a function of several
# variables, and the logarithm.
#
# **The lecturers** that this lab follows: Fromont (loss and softmax), Loiseau (softmax), Rousseau (gradient descent,
# lab session 3) and the crash course of EPFL. Where a slide has slipped, a folded line at the end of the section
# says so.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this
# file. Rows are examples everywhere: `x` is (n, d), one image per row. Your functions never change their
# arguments. The cells between the questions that load digits, train or draw are for looking; they are not graded.
# The slowest of them train for a quarter to half a minute (1.6, 1.8). Stuck? Hints come in steps:
# folded in the notebook, by `labkit hint 1.3` for a script.
#
# | question | points | hidden | minutes |
# |---|---|---|---|
# | 1.1 Images to vectors | 8 | 2 | 5 |
# | 1.2 One-hot targets | 8 | 2 | 5 |
# | 1.3 Softmax | 12 | 3 | 15 |
# | 1.4 Cross-entropy | 12 | 3 | 15 |
# | 1.5 Gradients | 14 | 5 | 30 |
# | 1.6 Stochastic gradient descent | 12 | 3 | 20 |
# | 1.7 The same network in Keras | 12 | 2 | 10 |
# | 1.8 Training | 12 | 5 | 10 |
# | 1.9 Reading a loss curve | 10 | 4 | 25 |
#
# *Hidden* points are given by checks of the same kinds with other inputs, which run only in grading.
#
# **What is allowed.** The grader looks at what your functions answer, not at how. 1.1 to 1.6 are meant for NumPy
# alone: `scipy.special.softmax` or a gradient by TensorFlow passes, too, but then you have learned a name and no
# more. In 1.7 and 1.8 use Keras.

# %%
from __future__ import annotations

import keras
import numpy as np

import labkit

# %% [markdown]
# ## 1.1 Images to vectors
#
# MNIST has 60,000 training images and 10,000 test images of 28 × 28 pixels, each a byte from 0 (paper) to
# 255 (ink). The 60,000 are commonly split into 50,000 for training and 10,000 for validation.
#
# The layer wants a vector per image, and gradient descent wants inputs of a size near 1: with pixels up
# to 255 the gradient is hundreds of times larger, and with a learning rate that works here the loss jumps far above
# that of a network without an idea (you will see that curve in 1.9). So lay the rows of each image one after another,
# and divide by 255.
#
# <details><summary>Erratum of the slides</summary>
#
# EPFL speaks of 5,000 test pairs; the test set has 10,000.
#
# </details>

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the shape</summary>
#
# `images.reshape(len(images), -1)` lays the rows of each image one after another; -1 means "whatever is left".
#
# </details>
# <details><summary>Hint 2: the type</summary>
#
# A byte divided by 255 becomes float64 in NumPy. `.astype("float32")` converts; do it before you divide.
#
# </details>


# %%
def prepare_images(images: np.ndarray) -> np.ndarray:
    """Images as rows of numbers in [0, 1].

    images : (n, 28, 28) uint8, ink from 0 to 255; not changed
    returns : (n, 784) float32, row after row of each image; 0 stays 0 and 255 becomes 1
    """
    # BEGIN SOLUTION
    return images.reshape(len(images), -1).astype("float32") / 255
    # END SOLUTION


# %% tags=["explore", "example"]
def first_pixels(image: np.ndarray) -> np.ndarray:
    """The first three numbers that your prepare_images makes of one image."""
    return prepare_images(image[None])[0, :3]


corner = np.zeros((28, 28), np.uint8)
corner[0, 1:3] = 51, 255
print(labkit.example(first_pixels, corner, gives=np.array([0, 0.2, 1])))


# %% tags=["explore"]
mnist = labkit.data.load_mnist()
labkit.plots.digits(mnist.x_train[:40], mnist.y_train[:40], title="The first 40 training images").show()


# %% tags=["quiz"]
def quiz_1_1() -> str:
    """You forget to divide by 255 and train with the learning rate that worked before. What happens?

    a) Nothing: softmax brings the outputs back between 0 and 1.
       -> It does, but the gradient by a weight is the error times the pixel, so it grows with the pixels.
    b) Training goes slower: large inputs have to be learned first.
       -> The other way round: the steps get longer, not shorter, so long that they overshoot.
    c) The loss jumps or explodes: the gradient by the weights is 255 times larger.
       -> Each weight's gradient is error times pixel. The step is far too long for this learning rate.
    d) The images get too bright to be told apart.
       -> Brightness is only a scale here; no information is lost. What suffers is the descent.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## 1.2 One-hot targets
#
# A label is a name, not a quantity: a 9 is not three times a 3. So the target of an image is a vector with a 1
# at its class and 0 elsewhere, which is also what `categorical_crossentropy` expects in 1.7. (In the slides of
# lab session 3 the labels are called `z_train` and `z_test`; they must already be one-hot there.)
#
# A small batch need not hold every class. The number of columns is therefore an argument.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the idea</summary>
#
# The row that you want for label 3 is row 3 of a matrix that you know well.
#
# </details>
# <details><summary>Hint 2: the NumPy functions</summary>
#
# `np.eye(k)` is that matrix, and an array of integers in square brackets picks a row for each of them.
#
# </details>


# %%
def one_hot(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """A row per label with a 1 in the label's column and 0 elsewhere.

    labels : (n,) integers (any integer dtype) from 0 to num_classes - 1
    returns : (n, num_classes) float32
    """
    # BEGIN SOLUTION
    return np.eye(num_classes, dtype="float32")[labels]
    # END SOLUTION


# %% tags=["explore", "example"]
print(labkit.example(one_hot, np.array([2, 0, 2]), 3, gives=np.array([[0, 0, 1], [1, 0, 0], [0, 0, 1]])))


# %% tags=["quiz"]
def quiz_1_2() -> float:
    """A batch of MNIST has the labels 3, 1, 3. How many columns has its one-hot matrix?

    = 2 -> You counted the classes that occur. Another batch would get another width.
    = 3 -> That is the number of rows: one per label. Columns stand for classes.
    = 4 -> That is the largest label plus one. The batch need not hold the largest class there is.
    """
    # BEGIN SOLUTION
    return 10
    # END SOLUTION


# %% [markdown]
# ## 1.3 Softmax
#
# The layer's outputs $u = xW + b$ are any numbers (*logits*, or scores). Softmax makes probabilities of them
# (Loiseau, "Softmax"; Fromont, "Which loss? ... in multiclass classification"):
#
# $$p_j = \frac{e^{u_j}}{\sum_{k} e^{u_k}}.$$
#
# Two things that the slides leave out. *It works row by row*: a sum over everything is right for one example and
# wrong for a batch. *It overflows*: $e^{1000}$ is infinite and inf/inf is NaN. But $p$ does not change when
# one constant is subtracted from a whole row, so subtract the row's maximum first; then the largest
# exponent is 0.
#
# To check by hand: $u = (-2, 3, 1)$ gives $p$ = (0.00589975, 0.8756006, 0.11849965).
#
# <details><summary>Errata of the slides</summary>
#
# Fromont's code sums over everything it is given, and prints `softmax(scores)` where the variable is called `u`. Her
# table cuts the digits off (.0058, .87, .118) instead of rounding them (.0059, .88, .118).
#
# </details>

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the idea</summary>
#
# Three steps: subtract the maximum of each row, take the exponential, divide each row by its sum.
#
# </details>
# <details><summary>Hint 2: the shapes</summary>
#
# `logits.max(axis=1)` has shape (n,), and NumPy would lay it along the columns. With `keepdims=True` it is (n, 1)
# and is subtracted from each row. The sum needs the same.
#
# </details>


# %%
def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities from logits, each row for itself, for logits of any size.

    logits : (n, k) float; not changed
    returns : (n, k) float, every row sums to 1; finite for every finite input
    source : Fromont, "Which loss? ... in multiclass classification"
    """
    # BEGIN SOLUTION
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
    # END SOLUTION


# %% tags=["explore", "example"]
print(labkit.example(softmax, np.array([[-2.0, 3, 1]]), gives=np.array([[0.0059, 0.8756, 0.1185]])))


# %% tags=["quiz"]
def quiz_1_3() -> str:
    """Which of these may you do to the logits of a row without changing its softmax?

    a) Add 1000 to each.
       -> The factor e^1000 stands above and below the fraction and cancels.
    b) Multiply each by 2.
       -> That squares the ratios between the probabilities: the largest gets larger still.
    c) Subtract the row's maximum from each.
       -> A constant of the row cancels, and this one keeps the exponents from overflowing.
    d) Subtract the logarithm of the sum of their exponentials from each.
       -> One more constant of the row; what remains are the logarithms of the probabilities.
    """
    # BEGIN SOLUTION
    return "acd"
    # END SOLUTION


# %% [markdown]
# ## 1.4 Cross-entropy
#
# How wrong is $p$ if the truth is $t$? The loss of one example is $-\sum_j t_j \ln p_j$: for a one-hot target just
# $-\ln$ of the probability given to the right class, 0 when that is 1, without bound when it goes to 0. The
# loss of a batch is the mean over its rows. With ten classes and no idea, $p_j = 1/10$, it is
# $\ln 10 = 2.3026$: remember that number, a fresh model starts there. For the example of 1.3, with class 1 right, it
# is **0.13284523**.
#
# In floating point a probability can be exactly 0, and $\ln 0$ is $-\infty$; worse, $0 \cdot \ln 0$ is NaN,
# even where the target does not care. So replace what is smaller than a tiny number, at most 1e-7, by that number
# (`np.maximum`). Do not *add* it to all: that would change every other logarithm, too.
#
# <details><summary>Errata of the slides</summary>
#
# Fromont's `crossEnt` has no minus and returns −0.1328. EPFL *minimises*
# $\sum t \ln \sigma + (1-t)\ln(1-\sigma)$, which lacks the same minus, and its multi-class sum over examples must be
# one over classes. In Loiseau's slide $p_i$ is one number, the probability of class $i$, not a vector. EPFL's remark
# that logistic regression is maximum likelihood under Gaussian noise should say: for labels that are Bernoulli
# distributed (here: categorical).
#
# </details>

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the idea</summary>
#
# Multiply targets and logarithms place by place, sum over the classes of a row, take the mean over the rows, turn the
# sign. A mean over everything would divide by the number of classes as well.
#
# </details>
# <details><summary>Hint 2: zeros</summary>
#
# `np.maximum(probabilities, 1e-12)` before the logarithm: what is larger stays exactly as it is.
#
# </details>


# %%
def cross_entropy(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The mean over the rows of -sum_j t_j ln p_j, in nats.

    probabilities : (n, k) float, rows sum to 1
    targets : (n, k) float, rows sum to 1: one-hot, or soft (several classes share the 1)
    returns : a number; exact where probabilities are 1e-7 or more; below, finite and at least what 1e-7 costs
    source : Fromont, "Which loss? ... in multiclass classification", with the missing minus
    """
    # BEGIN SOLUTION
    log_probabilities = np.log(np.maximum(probabilities, 1e-12))
    return float(-(targets * log_probabilities).sum(axis=1).mean())
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(cross_entropy, np.array([[0.0059, 0.8756, 0.1185]]), np.array([[0, 1, 0]]), gives=0.1328)
)


# %% tags=["quiz"]
def quiz_1_4() -> float:
    """A fresh model gives each of ten classes the probability 1/10. What is its cross-entropy, in nats?

    tolerance: 0.005
    = 1 -> That is the logarithm to base 10; nats take the natural one.
    = 3.3219 -> That is in bits, the logarithm to base 2; nats take the natural one.
    = 0.2303 -> You divided by the number of classes as well; the loss of a row is a sum over its classes.
    = -2.3026 -> The minus is missing: the logarithm of a probability is negative, a loss is not.
    = 0.1 -> That is the probability of the right class; the loss is minus its logarithm.
    """
    # BEGIN SOLUTION
    return 2.302585
    # END SOLUTION


# %% [markdown]
# ## 1.5 Gradients
#
# Fromont joins both steps into $J(u, t) = -u_t + \ln \sum_j e^{u_j}$. Its gradient is as simple as can be:
#
# $$\frac{\partial J}{\partial u} = p - t,$$
#
# predicted minus true. For $u = (-2, 3, 1)$ and $t$ = class 1 that is (0.0059, −0.1244, 0.1185): push the right class
# up, the others down, by as much as they are wrong. (EPFL's variant squeezes the logits through a sigmoid
# first. Don't: see 1.9.) The chain rule does the rest: $u = xW + b$ and the loss is a mean over n rows, so
#
# $$\frac{\partial L}{\partial W} = \frac{1}{n} x^\top (P - T) + \lambda W, \qquad
# \frac{\partial L}{\partial b} = \frac{1}{n} \sum_{\text{rows}} (P - T).$$
#
# The term $\lambda W$ comes from the penalty $\frac{\lambda}{2}\lVert W \rVert^2$ (Rousseau, "Parameter norm
# penalization": L² with the ½). The bias is not penalised: it only says how frequent the classes are.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the idea</summary>
#
# Everything needs the same error, $(P - T)/n$. Compute it once, with your `softmax`; the loss with your
# `cross_entropy`.
#
# </details>
# <details><summary>Hint 2: the shapes</summary>
#
# The gradient by the weights has the shape of the weights, (d, k). From `x` (n, d) and the error (n, k) only
# `x.T @ error` gives that. The bias (k,) gets the sum of the error over its rows.
#
# </details>
# <details><summary>Hint 3: the penalty</summary>
#
# Loss: `+ l2 / 2 * (weights**2).sum()`. Its derivative by the weights: `l2 * weights`, without another ½.
#
# </details>


# %%
def loss_and_gradients(
    weights: np.ndarray, bias: np.ndarray, x: np.ndarray, targets: np.ndarray, l2: float = 0.0
) -> tuple[float, np.ndarray, np.ndarray]:
    """Loss of softmax regression on a batch, and its derivatives.

    weights : (d, k) float
    bias : (k,) float
    x : (n, d) float
    targets : (n, k) float, one-hot or soft
    l2 : weight of the penalty
    returns : loss = mean cross-entropy + l2/2 * sum of squared weights; its gradient by weights (d, k); by bias (k,)
    source : Fromont, "Combination of both"; Rousseau, "Parameter norm penalization"
    """
    # BEGIN SOLUTION
    probabilities = softmax(x @ weights + bias)
    loss = cross_entropy(probabilities, targets) + l2 / 2 * float((weights**2).sum())
    error = (probabilities - targets) / len(x)
    return loss, x.T @ error + l2 * weights, error.sum(axis=0)
    # END SOLUTION


# %% tags=["explore", "example"]
print(  # one row, no idea yet: the loss is ln 2, the probabilities are one half
    labkit.example(
        loss_and_gradients,
        *(np.zeros((2, 2)), np.zeros(2), np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])),
        gives=(0.6931, np.array([[-0.5, 0.5], [-1, 1]]), np.array([-0.5, 0.5])),
    )
)


# %% [markdown]
# A gradient that is nearly right trains a little worse and says nothing. So compare it with slopes, always:
# `labkit.gradient_check(f, x)` moves one entry of `x` at a time by a hair and looks how the value of `f` changes. `f`
# gives both, value and gradient.

# %% tags=["explore"]
rng = np.random.default_rng(0)
w, b = 0.1 * rng.normal(size=(784, 10)), np.zeros(10)
few = prepare_images(mnist.x_train[:20]).astype("float64")
few_targets = one_hot(mnist.y_train[:20], 10)


def by_weights(w: np.ndarray) -> tuple[float, np.ndarray]:
    """Loss and gradient by the weights, everything else fixed."""
    loss, gradient, _ = loss_and_gradients(w, b, few, few_targets, l2=0.1)
    return loss, gradient


def by_bias(b: np.ndarray) -> tuple[float, np.ndarray]:
    """Loss and gradient by the bias."""
    loss, _, gradient = loss_and_gradients(w, b, few, few_targets, l2=0.1)
    return loss, gradient


print("by the weights:", labkit.gradient_check(by_weights, w))
print("by the bias:   ", labkit.gradient_check(by_bias, b))


# %% tags=["quiz"]
def quiz_1_5() -> float:
    """The probabilities are (0.2, 0.7, 0.1) and class 0 is right. What is the derivative of the loss by the logit
    of class 0?

    tolerance: 0.001
    = 0.8 -> The sign: it is predicted minus true. Descent must raise this logit, so its derivative is negative.
    = 0.2 -> You left the target out: predicted minus true is 0.2 - 1.
    = -5 -> That is the derivative by the probability, -1/p; the chain through softmax makes it p - 1.
    = -0.2667 -> You divided by the number of classes; the mean is over rows, and this is one row.
    """
    # BEGIN SOLUTION
    return -0.8
    # END SOLUTION


# %% [markdown]
# ## 1.6 Stochastic gradient descent
#
# Rousseau, "Gradient-based approach": do not wait for the gradient over all 60,000 images; take the gradient over a
# small batch, step, take the next. One epoch uses every row once, in a given order:
#
# - the first batch is the rows `order[0]` ... `order[batch_size - 1]`, then the next ones, to the end;
# - where `batch_size` does not divide n, the last batch is smaller, and its gradient is the mean over
#   the rows that it has;
# - after each batch: $W \leftarrow W - \eta\, \partial L/\partial W$, the same for $b$; no penalty here.
#
# Known result: ten epochs over MNIST in the given order, from zeros, learning rate 0.2, batches of 100. The
# course deep learning systems (CMU, homework 0) finds 7.97 % test error and a loss of 0.28442, with a model that has
# no bias. With ours, the cell below finds 7.99 % and 0.27910.
#
# <details><summary>Erratum of the slides</summary>
#
# Rousseau heads this with $\partial J / \partial \theta = 0$; that is what holds at the end of the descent, not how
# it goes.
#
# </details>

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the loop</summary>
#
# `for start in range(0, len(order), batch_size)`, and the rows of a batch are `order[start : start + batch_size]`. A
# slice that reaches beyond the end is shorter: the last batch needs no rule of its own.
#
# </details>
# <details><summary>Hint 2: the step</summary>
#
# `x[rows]` and `targets[rows]` are the batch. Ask `loss_and_gradients` at the weights of *this* moment, then step.
#
# </details>
# <details><summary>Hint 3: arguments stay</summary>
#
# `weights -= ...` writes into the array that you were given. `weights = weights - ...` makes a new one.
#
# </details>


# %%
def sgd_epoch(
    weights: np.ndarray,
    bias: np.ndarray,
    x: np.ndarray,
    targets: np.ndarray,
    learning_rate: float,
    batch_size: int,
    order: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias after one epoch of mini-batch gradient descent.

    weights : (d, k) float; not changed
    bias : (k,) float; not changed
    x : (n, d) float
    targets : (n, k) float
    learning_rate : step length
    batch_size : rows of a batch; the last one may be smaller
    order : (n,) int, a permutation of the rows: the order in which they are used
    returns : new weights (d, k), new bias (k,)
    source : Rousseau, "Minibatch SGD"
    """
    # BEGIN SOLUTION
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        _, weights_gradient, bias_gradient = loss_and_gradients(weights, bias, x[rows], targets[rows])
        weights = weights - learning_rate * weights_gradient
        bias = bias - learning_rate * bias_gradient
    return weights, bias
    # END SOLUTION


# %% tags=["explore", "example"]
print(  # two steps of one row each; the second begins where the first ended
    labkit.example(
        sgd_epoch,
        *(np.zeros((1, 2)), np.zeros(2), np.array([[1.0], [2.0]]), np.eye(2)),
        learning_rate=1.0,
        batch_size=1,
        order=np.array([0, 1]),
        gives=(np.array([[-1.4051, 1.4051]]), np.array([-0.4526, 0.4526])),
    )
)


# %% [markdown]
# Ten epochs by hand. A column of $W$ has one number per pixel, so it *is* an image: bright where ink speaks for the
# class, dark where it speaks against it. Find the hole of the 0, and explain the corner pixels that stay grey.

# %% tags=["explore"]
x_train, t_train = prepare_images(mnist.x_train), one_hot(mnist.y_train, 10)
x_test, t_test = prepare_images(mnist.x_test), one_hot(mnist.y_test, 10)
majority = np.bincount(mnist.y_train).max() / len(mnist.y_train)  # always say "1": right in 11.24 %


def measured(x: np.ndarray, t: np.ndarray) -> tuple[float, float]:
    """Loss and accuracy of today's weights."""
    p = softmax(x @ weights + bias)
    return cross_entropy(p, t), float((p.argmax(axis=1) == t.argmax(axis=1)).mean())


weights, bias = np.zeros((784, 10), np.float32), np.zeros(10, np.float32)
by_hand = [measured(x_train, t_train)]  # epoch 0: all probabilities are equal
for _ in range(10):
    weights, bias = sgd_epoch(weights, bias, x_train, t_train, 0.2, 100, np.arange(len(x_train)))
    by_hand.append(measured(x_train, t_train))
test_loss, test_accuracy = measured(x_test, t_test)  # once, at the end, as the published number was found
print(f"test error {1 - test_accuracy:.2%}, test loss {test_loss:.5f}")

# %% tags=["explore"]
labkit.plots.weight_images(weights, title="What each class looks for, after ten epochs").show()

# %% tags=["explore"]
(fresh_loss, fresh_accuracy), *later = by_hand
labkit.plots.training_curves(
    {"loss": [loss for loss, _ in later], "accuracy": [accuracy for _, accuracy in later]},
    majority=majority,
    title="Ten epochs by hand",
    fresh={"loss": fresh_loss, "accuracy": fresh_accuracy},
).show()


# %% tags=["quiz"]
def quiz_1_6() -> float:
    """60,000 rows in batches of 128: how many steps has an epoch?

    = 468 -> You dropped the last batch: 468 full ones leave 96 rows, and they make a step, too.
    = 468.75 -> A step is whole: the last three quarters of a batch are a batch of 96 rows.
    = 60000 -> That would be a step for each row, a batch size of 1.
    """
    # BEGIN SOLUTION
    return 469
    # END SOLUTION


# %% [markdown]
# ## 1.7 The same network in Keras
#
# Lab session 3, "3. NETWORK" and "2. LOSS FUNCTION": a `Sequential` model with one `Dense` layer, categorical
# cross-entropy, RMSprop with its default settings, accuracy as a metric.
#
# - `Dense(..., input_shape=(784,))` still works, but Keras 3 warns: begin the model with `keras.Input((784,))`.
# - One unit *per class*; for two classes, one *sigmoid* unit with binary cross-entropy would do as well.
# - The loss must know what it gets. A softmax layer gives probabilities: `from_logits` stays False. One-hot targets:
#   `categorical_crossentropy`; the *sparse* one is for labels that are class numbers.
#
# <details><summary>Erratum of the slides</summary>
#
# Later in Rousseau's lecture a network ends in `Dense(1, activation="softmax")`. Softmax over a single number is
# always 1, so its gradient is 0 and nothing can be learned. (It also builds `network` and compiles `model`.) Lab 03
# mends it.
#
# </details>

# %% tags=["explore"]
labkit.plots.network(
    [("image as a row", (784,)), ("Dense, softmax\n7,850 numbers", (10,))],
    title="Softmax regression is the smallest network",
).show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the model</summary>
#
# `keras.Sequential([...])` with `keras.Input((784,))` and one `keras.layers.Dense(num_classes, activation=...)`.
#
# </details>
# <details><summary>Hint 2: the compiling</summary>
#
# `model.compile(loss=..., optimizer=..., metrics=["accuracy"])`; `keras.optimizers.RMSprop()` has the default
# settings. Return the model, not what `compile` returns.
#
# </details>


# %%
def build_model(num_classes: int = 10) -> keras.Sequential:
    """Softmax regression as a compiled Keras model: y = softmax(x W + b).

    num_classes : number of outputs
    returns : keras.Sequential on inputs (n, 784), outputs (n, num_classes) probabilities; compiled with
        categorical cross-entropy for one-hot targets, RMSprop with default settings, metric accuracy
    source : Rousseau, lab session 3
    """
    # BEGIN SOLUTION
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(num_classes, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(), metrics=["accuracy"])
    return model
    # END SOLUTION


# %% tags=["explore"]
build_model().summary()  # 7,850 parameters


# %% tags=["quiz"]
def quiz_1_7() -> str:
    """A network for two classes ends in `Dense(1, activation="softmax")`. What does it answer?

    a) Always 1.
       -> e^u divided by itself, whatever u is; so the gradient is 0, and nothing is ever learned.
    b) The probability of the second class.
       -> That is what a sigmoid on one unit gives. Softmax divides by the sum over the units, and there is one.
    c) One half until it is trained.
       -> One half needs a second unit to share with. Alone, a unit gets everything.
    d) 0 or 1, whichever is nearer.
       -> Softmax never rounds. A single unit divided by itself gives 1 for every input.
    """
    # BEGIN SOLUTION
    return "a"
    # END SOLUTION


# %% [markdown]
# ## 1.8 Training
#
# Lab session 3, "4. LEARNING". `fit` shuffles the training rows anew for each epoch, steps once per batch,
# measures loss and accuracy on the validation rows after each epoch, and returns a `History` of those four curves.
# The validation rows are for looking only: no step is ever taken on them, or their accuracy means nothing.
# (The slides validate on the test images. That is fine as long as nothing is *chosen* by it.)
#
# The grader gives your function a fresh model, then takes the trained weights out of *that* model and measures them
# on digits that your code has not seen.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the call</summary>
#
# One call of `model.fit` does all of it. Which of its arguments takes the validation rows, as a pair?
#
# </details>
# <details><summary>Hint 2: what comes back</summary>
#
# `model.fit` returns the `History`; return that. `verbose=0` keeps it from printing.
#
# </details>


# %%
def train(
    model: keras.Sequential,
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_val: np.ndarray,
    y_val: np.ndarray,
    epochs: int = 20,
    batch_size: int = 128,
) -> keras.callbacks.History:
    """Train the given model, in place.

    model : compiled, with metric accuracy; this very model is trained, from the weights that it has
    x_train, y_train : (n, 784) float32 and (n, k) one-hot, in any order
    x_val, y_val : the same for validation; measured after each epoch, never trained on
    epochs : passes over all training rows
    batch_size : rows of a step; the last batch of an epoch may be smaller
    returns : History whose `history` has loss, accuracy, val_loss and val_accuracy, a value per epoch
    source : Rousseau, lab session 3
    """
    # BEGIN SOLUTION
    return model.fit(
        x_train, y_train, batch_size=batch_size, epochs=epochs, validation_data=(x_val, y_val), verbose=0
    )
    # END SOLUTION


# %% tags=["explore"]
model = build_model()
x_val, t_val = x_train[50_000:], t_train[50_000:]
fresh = model.evaluate(x_val, t_val, verbose=0, return_dict=True)
history = train(model, x_train[:50_000], t_train[:50_000], x_val, t_val)
labkit.plots.training_curves(
    history.history, majority=majority, title="Twenty epochs in Keras", fresh=fresh
).show()

# %% [markdown]
# Now the test digits, at the end and once: neither here nor in 1.6, where they only repeated a published number, was
# anything chosen by them. Which pairs of digits are confused, and could you tell them apart with templates only?
# Look at the errors that the model is most sure of: some labels are doubtful, most digits are perfectly clear. What a
# single layer cannot do is see that a shifted or slanted 5 is still a 5.

# %% tags=["explore"]
p_test = model.predict(x_test, verbose=0)
print(f"test accuracy {(p_test.argmax(axis=1) == mnist.y_test).mean():.2%}")
labkit.plots.confusion_matrix(mnist.y_test, p_test.argmax(axis=1), num_classes=10).show()

# %% tags=["explore"]
labkit.plots.confident_errors(mnist.x_test, mnist.y_test, p_test, count=25).show()

# %% [markdown]
# ## 1.9 Reading a loss curve
#
# A model that does not learn rarely says so; its loss curve does. With $K$ classes two levels tell most of the story.
#
# - **Chance**, $\ln K$ (2.3026 for ten): where every probability is $1/K$.
# - **The double-softmax floor**, $\ln(e + K - 1) - 1$ (1.4612 for ten). If the outputs are already squeezed into
#   [0, 1] before the last softmax (a second softmax, `from_logits=True` on probabilities, or the sigmoid that the
#   EPFL lecture puts on the logits), even a perfect output $(1, 0, \dots, 0)$ gives the right class only
#   $e/(e + K - 1)$ = 0.232. The loss can go no lower, however long you train.
#
# Read the curve, one value per epoch, and answer with the first name that fits. *Levelled off* means here: the
# curve has at least three values, and its last three differ by at most 3 % of the last one.
#
# 1. `"diverged"`: a value is not finite; or the end is more than twice the start *and* more than twice $\ln K$.
#    (Learning rate too large, or the gradient added instead of subtracted.)
# 2. `"not_learning"`: ends within 3 % of $\ln K$ *and* was never below 90 % of it. (Learning rate 0 or tiny, a
#    gradient that is 0, inputs that are all equal.)
# 3. `"label_mismatch"`: has levelled off above $\ln K$. (The targets belong to other rows, or the classes are
#    numbered differently in training and validation: the model is sure of itself and wrong.)
# 4. `"double_softmax"`: has levelled off in the lower half between floor and $\ln K$, and was never below the floor.
# 5. `"ok"`: everything else, also a curve that is still falling.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the order</summary>
#
# Five `if`s that return, in the order of the list. What is not finite has to be asked for first: a comparison with
# NaN is always False.
#
# </details>
# <details><summary>Hint 2: levelled off</summary>
#
# `max(losses[-3:]) - min(losses[-3:]) <= 0.03 * losses[-1]`, and there are at least three. A curve of two values has
# not levelled off.
#
# </details>
# <details><summary>Hint 3: the lower half</summary>
#
# "In the lower half between floor and $\ln K$": the end is at most `(floor + chance) / 2`. "Was never below the
# floor" asks for the smallest value of the whole curve.
#
# </details>


# %%
def diagnose_loss(losses: list[float], num_classes: int = 10) -> str:
    """What a loss curve says about the training.

    losses : one finite or infinite value or NaN per epoch, at least one
    num_classes : K
    returns : "diverged", "not_learning", "label_mismatch", "double_softmax" or "ok", the first in this order
    source : the list above; floor from EPFL, "Multi-Class Case", whose sigmoid on the logits is the same mistake
    """
    # BEGIN SOLUTION
    chance = np.log(num_classes)
    floor = np.log(np.e + num_classes - 1) - 1
    start, end, lowest = losses[0], losses[-1], min(losses)
    levelled_off = len(losses) >= 3 and max(losses[-3:]) - min(losses[-3:]) <= 0.03 * end

    if not np.isfinite(losses).all() or (end > 2 * start and end > 2 * chance):
        return "diverged"
    if abs(end - chance) <= 0.03 * chance and lowest >= 0.9 * chance:
        return "not_learning"
    if levelled_off and end > chance:
        return "label_mismatch"
    if levelled_off and lowest >= floor and end <= (floor + chance) / 2:
        return "double_softmax"
    return "ok"
    # END SOLUTION


# %% tags=["explore", "example"]
print(labkit.example(diagnose_loss, [2.31, 2.3, 2.3, 2.3], gives="not_learning"))


# %% [markdown]
# Break it yourself: the loop of 1.6, with a learning rate that shrinks from epoch to epoch, and one thing wrong each
# time. One of the broken curves is called "ok", because it still falls when the rules look at it: the one of 1.1,
# whose pixels were not divided by 255. Its first epochs give it away, they lie far above chance.

# %% tags=["explore"]
rows = np.random.default_rng(0).permutation(len(x_train))[:2000]
x_small, t_small = x_train[rows], t_train[rows]


def loss_curve(learning_rate: float, ink: float = 1, shift: int = 0, squeeze: bool = False) -> list[float]:
    """Losses over 15 epochs, pixels up to `ink`; `shift` moves the targets of the measurement, `squeeze` adds a
    second softmax to it.
    """
    weights, bias, losses = np.zeros((784, 10)), np.zeros(10), []
    for epoch in range(15):
        step = learning_rate * 0.7**epoch
        weights, bias = sgd_epoch(weights, bias, ink * x_small, t_small, step, 50, np.arange(2000))
        p = softmax(ink * x_small @ weights + bias)
        losses.append(cross_entropy(softmax(p) if squeeze else p, np.roll(t_small, shift, axis=1)))
    return losses


curves = {
    "healthy": loss_curve(0.2),
    "pixels up to 255": loss_curve(0.2, ink=255),
    "learning rate 1e-6": loss_curve(1e-6),
    "gradient added": loss_curve(-0.01),
    "measured on shifted labels": loss_curve(0.05, shift=1),
    "measured after a second softmax": loss_curve(0.2, squeeze=True),
}
for name, losses in curves.items():
    print(f"{name:32s} {diagnose_loss(losses)}")
labkit.plots.curves(
    curves,
    levels={"chance: ln 10\n= 2.3026": np.log(10), "double-softmax\nfloor: 1.4612": np.log(np.e + 9) - 1},
    title="One healthy curve and five broken ones",
    limits=(0, 8),
).show()


# %% tags=["quiz"]
def quiz_1_9() -> str:
    """Ten classes, and the loss has come to rest at 1.47. Where do you look first?

    a) At the learning rate: it is too small.
       -> With steps too small the loss would still be near ln 10 = 2.3026, where it begins.
    b) At the labels: they belong to other rows.
       -> A network that is sure of itself and wrong ends above ln 10, not below.
    c) Nowhere: softmax regression gets no better.
       -> It reaches a loss of about 0.27 on MNIST.
    d) At the last layer and the loss: softmax is probably applied twice.
       -> The floor of a double softmax is ln(e + 9) - 1 = 1.4612; not even perfect outputs get below it.
    """
    # BEGIN SOLUTION
    return "d"
    # END SOLUTION


# %% [markdown]
# ## What to take along
#
# - Softmax and cross-entropy belong together: their gradient is predicted minus true. Before exponentials and
#   logarithms, ask what happens at 1000 and at 0.
# - A fresh classifier of K classes begins at $\ln K$. If yours does not, look before you train.
# - Check every gradient that you wrote yourself against slopes.
# - Shape, learning rate, labels, a softmax too many: each leaves its trace in the loss curve.
#
# Two questions without points. The corner pixels of the weight images stay grey: what would weight decay change
# there, and what among the pixels that are sometimes inked? And if a label is wrong in one of a hundred images, how
# low can the loss get, and would you want it to?
