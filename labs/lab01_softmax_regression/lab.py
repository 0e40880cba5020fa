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
# Stuck? `labkit hint 1.1` helps, step by step.


# %%
def prepare_images(images: np.ndarray) -> np.ndarray:
    """Images as rows of numbers in [0, 1].

    images : (n, 28, 28) uint8, ink from 0 to 255; not changed
    returns : (n, 784) float32, row after row of each image; 0 stays 0 and 255 becomes 1
    """
    raise NotImplementedError("1.1 prepare_images")


# %% tags=["explore", "example"]
def first_pixels(image: np.ndarray) -> np.ndarray:
    """The first three numbers that your prepare_images makes of one image."""
    return prepare_images(image[None])[0, :3]


corner = np.zeros((28, 28), np.uint8)
corner[0, 1:3] = 51, 255
print(labkit.example(first_pixels, corner, gives=np.array([0, 0.2, 1])))


# %% tags=["check"]
labkit.check("1.1")

# %% tags=["explore"]
mnist = labkit.data.load_mnist()
labkit.plots.digits(mnist.x_train[:40], mnist.y_train[:40], title="The first 40 training images").show()


# %% tags=["quiz"]
def quiz_1_1() -> str:
    """You forget to divide by 255 and train with the learning rate that worked before. What happens?

    a) Nothing: softmax brings the outputs back between 0 and 1.
    b) Training goes slower: large inputs have to be learned first.
    c) The loss jumps or explodes: the gradient by the weights is 255 times larger.
    d) The images get too bright to be told apart.

    Answer with the letter of the right option.
    """
    raise NotImplementedError("quiz quiz_1_1")


# %% tags=["check"]
labkit.check("quiz_1_1")

# %% [markdown]
# ## 1.2 One-hot targets
#
# A label is a name, not a quantity: a 9 is not three times a 3. So the target of an image is a vector with a 1
# at its class and 0 elsewhere, which is also what `categorical_crossentropy` expects in 1.7. (In the slides of
# lab session 3 the labels are called `z_train` and `z_test`; they must already be one-hot there.)
#
# A small batch need not hold every class. The number of columns is therefore an argument.

# %% [markdown] tags=["hint"]
# Stuck? `labkit hint 1.2` helps, step by step.


# %%
def one_hot(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """A row per label with a 1 in the label's column and 0 elsewhere.

    labels : (n,) integers (any integer dtype) from 0 to num_classes - 1
    returns : (n, num_classes) float32
    """
    raise NotImplementedError("1.2 one_hot")


# %% tags=["explore", "example"]
print(labkit.example(one_hot, np.array([2, 0, 2]), 3, gives=np.array([[0, 0, 1], [1, 0, 0], [0, 0, 1]])))


# %% tags=["check"]
labkit.check("1.2")

# %% tags=["quiz"]
def quiz_1_2() -> float:
    """A batch of MNIST has the labels 3, 1, 3. How many columns has its one-hot matrix?

    Answer with a number.
    """
    raise NotImplementedError("quiz quiz_1_2")


# %% tags=["check"]
labkit.check("quiz_1_2")

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
# Stuck? `labkit hint 1.3` helps, step by step.


# %%
def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities from logits, each row for itself, for logits of any size.

    logits : (n, k) float; not changed
    returns : (n, k) float, every row sums to 1; finite for every finite input
    source : Fromont, "Which loss? ... in multiclass classification"
    """
    raise NotImplementedError("1.3 softmax")


# %% tags=["explore", "example"]
print(labkit.example(softmax, np.array([[-2.0, 3, 1]]), gives=np.array([[0.0059, 0.8756, 0.1185]])))


# %% tags=["check"]
labkit.check("1.3")

# %% tags=["quiz"]
def quiz_1_3() -> str:
    """Which of these may you do to the logits of a row without changing its softmax?

    a) Add 1000 to each.
    b) Multiply each by 2.
    c) Subtract the row's maximum from each.
    d) Subtract the logarithm of the sum of their exponentials from each.

    Answer with the letters of all right options, such as "ad".
    """
    raise NotImplementedError("quiz quiz_1_3")


# %% tags=["check"]
labkit.check("quiz_1_3")

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
# Stuck? `labkit hint 1.4` helps, step by step.


# %%
def cross_entropy(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The mean over the rows of -sum_j t_j ln p_j, in nats.

    probabilities : (n, k) float, rows sum to 1
    targets : (n, k) float, rows sum to 1: one-hot, or soft (several classes share the 1)
    returns : a number; exact where probabilities are 1e-7 or more; below, finite and at least what 1e-7 costs
    source : Fromont, "Which loss? ... in multiclass classification", with the missing minus
    """
    raise NotImplementedError("1.4 cross_entropy")


# %% tags=["explore", "example"]
print(
    labkit.example(cross_entropy, np.array([[0.0059, 0.8756, 0.1185]]), np.array([[0, 1, 0]]), gives=0.1328)
)


# %% tags=["check"]
labkit.check("1.4")

# %% tags=["quiz"]
def quiz_1_4() -> float:
    """A fresh model gives each of ten classes the probability 1/10. What is its cross-entropy, in nats?

    Answer with a number.
    """
    raise NotImplementedError("quiz quiz_1_4")


# %% tags=["check"]
labkit.check("quiz_1_4")

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
# Stuck? `labkit hint 1.5` helps, step by step.


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
    raise NotImplementedError("1.5 loss_and_gradients")


# %% tags=["explore", "example"]
print(  # one row, no idea yet: the loss is ln 2, the probabilities are one half
    labkit.example(
        loss_and_gradients,
        *(np.zeros((2, 2)), np.zeros(2), np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])),
        gives=(0.6931, np.array([[-0.5, 0.5], [-1, 1]]), np.array([-0.5, 0.5])),
    )
)


# %% tags=["check"]
labkit.check("1.5")

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

    Answer with a number.
    """
    raise NotImplementedError("quiz quiz_1_5")


# %% tags=["check"]
labkit.check("quiz_1_5")

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
# Stuck? `labkit hint 1.6` helps, step by step.


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
    raise NotImplementedError("1.6 sgd_epoch")


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


# %% tags=["check"]
labkit.check("1.6")

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

    Answer with a number.
    """
    raise NotImplementedError("quiz quiz_1_6")


# %% tags=["check"]
labkit.check("quiz_1_6")

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
# Stuck? `labkit hint 1.7` helps, step by step.


# %%
def build_model(num_classes: int = 10) -> keras.Sequential:
    """Softmax regression as a compiled Keras model: y = softmax(x W + b).

    num_classes : number of outputs
    returns : keras.Sequential on inputs (n, 784), outputs (n, num_classes) probabilities; compiled with
        categorical cross-entropy for one-hot targets, RMSprop with default settings, metric accuracy
    source : Rousseau, lab session 3
    """
    raise NotImplementedError("1.7 build_model")


# %% tags=["check"]
labkit.check("1.7")

# %% tags=["explore"]
build_model().summary()  # 7,850 parameters


# %% tags=["quiz"]
def quiz_1_7() -> str:
    """A network for two classes ends in `Dense(1, activation="softmax")`. What does it answer?

    a) Always 1.
    b) The probability of the second class.
    c) One half until it is trained.
    d) 0 or 1, whichever is nearer.

    Answer with the letter of the right option.
    """
    raise NotImplementedError("quiz quiz_1_7")


# %% tags=["check"]
labkit.check("quiz_1_7")

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
# Stuck? `labkit hint 1.8` helps, step by step.


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
    raise NotImplementedError("1.8 train")


# %% tags=["check"]
labkit.check("1.8")

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
# Stuck? `labkit hint 1.9` helps, step by step.


# %%
def diagnose_loss(losses: list[float], num_classes: int = 10) -> str:
    """What a loss curve says about the training.

    losses : one finite or infinite value or NaN per epoch, at least one
    num_classes : K
    returns : "diverged", "not_learning", "label_mismatch", "double_softmax" or "ok", the first in this order
    source : the list above; floor from EPFL, "Multi-Class Case", whose sigmoid on the logits is the same mistake
    """
    raise NotImplementedError("1.9 diagnose_loss")


# %% tags=["explore", "example"]
print(labkit.example(diagnose_loss, [2.31, 2.3, 2.3, 2.3], gives="not_learning"))


# %% tags=["check"]
labkit.check("1.9")

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
    b) At the labels: they belong to other rows.
    c) Nowhere: softmax regression gets no better.
    d) At the last layer and the loss: softmax is probably applied twice.

    Answer with the letter of the right option.
    """
    raise NotImplementedError("quiz quiz_1_9")


# %% tags=["check"]
labkit.check("quiz_1_9")

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
