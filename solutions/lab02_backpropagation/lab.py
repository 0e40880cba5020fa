# labkit: lab02_backpropagation

# %% [markdown]
# # Lab 02: Backpropagation from scratch
#
# **Afterwards you can** carry a gradient backward through a network by hand; write a layer as a module with a forward
# and a backward pass; say why backpropagation costs one pass, and not one per weight or per path; test a gradient so
# that no wrong one passes; find the module that is wrong; and train a network that knows 97.5 % of the digits with
# nothing but NumPy.
#
# **You should know** the chain rule, matrix products, and NumPy (broadcasting, `sum(axis=0)`, dictionaries of
# arrays). Softmax and cross-entropy come from lab 01; where you need them here, they are repeated.
#
# | question | points | hidden | minutes |
# |---|---|---|---|
# | 2.1 Activations and their slopes | 10 | 2 | 15 |
# | 2.2 One step by hand | 14 | 3 | 25 |
# | 2.3 Two losses | 8 | 2 | 15 |
# | 2.4 Modules | 18 | 5 | 30 |
# | 2.5 Is it the gradient? | 12 | 2 | 20 |
# | 2.6 Where is the bug? | 12 | 3 | 15 |
# | 2.7 Any graph | 14 | 2 | 30 |
# | 2.8 Digits, with NumPy alone | 12 | 4 | 30 |
# | together | 100 | 23 | 180 |
#
# 23 of the 100 points are graded with inputs that you do not see, of the kinds that `labkit check` shows. Questions
# 2.5 and 2.8 use your 2.3 and 2.4, and 2.6 uses your 2.4; their checks wait for these. The slowest cells (training
# on MNIST, in 2.8) take five to thirty seconds each.
#
# **What is allowed.** NumPy and Python's standard library. No Keras, PyTorch or autograd in your functions: they
# would do the exercise for you. Keras appears once, at the end, to compare with.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this file.
# Cells marked `explore` show numbers and pictures of *your* functions; they are not graded. Stuck? Hints come in
# steps: folded in the notebook, by `labkit hint 2.2` for a script. Everywhere:
#
# - Rows are examples. A layer is $x W$ with $W$ of shape (inputs, outputs).
# - Float arrays may be float32 or float64; what you return is float, too.
# - Nothing that you are given changes, arrays inside lists and dictionaries included.
#
# The lectures: Fromont, *Neural Networks basics*; Loiseau; Rousseau; Facciolo; the EPFL crash course.
#
# <details><summary>Erratum: x W or W x?</summary>
#
# Fromont writes a layer as a row times a matrix, $x^\top W$ ("First layer of neurones"), Loiseau as a matrix times a
# column, $Y = W X$. Both are right, and each matrix is the other's transpose. Batches of rows make $x W$ the handier
# one. (On Loiseau's slides the sum of a unit runs over $j$, not $i$; and $Y_3 = W_3 X_3$ should be $W_3 X_2$.)
#
# </details>

# %%
from __future__ import annotations

import numpy as np

import labkit


# %% tags=["explore"]
def show_beside(what: str, expected, yours) -> None:
    """One worked example: what the paper says, and what your function finds."""
    print(f"{what}\n    expected  {expected}\n    yours     {yours}")


# %% [markdown]
# ## 2.1 Activations and their slopes
#
# The step of lab 00 has no slope, so nothing can be learned through it. Its successors do (Fromont, "Activation
# function"; Facciolo's table). For the way back you need the slope *at the same $z$*:
#
# | name | value | derivative |
# |---|---|---|
# | `"linear"` | $z$ | $1$ |
# | `"sigmoid"` | $\sigma(z) = 1/(1 + e^{-z})$ | $\sigma(z)\,(1 - \sigma(z))$ |
# | `"tanh"` | $\tanh z$ | $1 - \tanh^2 z$ |
# | `"relu"` | $\max(0, z)$ | $1$ where $z > 0$, else $0$ |
# | `"leaky_relu"` | $z$ where $z > 0$, else $0.1\,z$ | $1$ where $z > 0$, else $0.1$ |
# | `"softplus"` | $\ln(1 + e^z)$ | $\sigma(z)$ |
# | `"piecewise_linear"` | $z + ½$, cut off at 0 and 1 | $1$ where $\lvert z \rvert < ½$, else $0$ |
#
# At a kink any number between the two slopes will do. But $z$ can be large: $e^{1000}$ is infinite, and infinity
# divided by infinity is NaN. `np.logaddexp(0, z)` is $\ln(e^0 + e^z)$ without overflow, and
# $\sigma(z) = e^{-\ln(1 + e^{-z})}$.
#
# *On paper:* σ(0.6) = 1/(1 + 0.5488) = 0.6457, slope 0.6457 · 0.3543 = 0.2288. The slope of the sigmoid is never
# above ¼.
#
# <details><summary>Errata: sigmoid and PReLU</summary>
#
# Loiseau's slides print the sigmoid as $1/(1 + e^{y})$ and $1/(1 + e^{y+b})$: the minus in the exponent is missing,
# and σ(0.6) would be 0.3544. His PReLU, $\max(\alpha y, y)$, is what it should be only for $\alpha \le 1$.
#
# </details>


# %%
def activation(name: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An activation function and its derivative, both at z.

    name : "linear", "sigmoid", "tanh", "relu", "leaky_relu" (slope 0.1 below 0), "softplus" or "piecewise_linear"
    z : float, any shape; values of any size
    returns : value and derivative, float, each with the shape of z; finite
    source : Fromont, "Activation function"; Facciolo, "Activation Functions"
    """
    # BEGIN SOLUTION
    if name == "sigmoid":
        value = np.exp(-np.logaddexp(0, -z))
        return value, value * (1 - value)
    if name == "tanh":
        value = np.tanh(z)
        return value, 1 - value**2
    if name == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype)
    if name == "leaky_relu":
        return np.where(z > 0, z, 0.1 * z), np.where(z > 0, 1, 0.1).astype(z.dtype)
    if name == "softplus":
        return np.logaddexp(0, z), np.exp(-np.logaddexp(0, -z))
    if name == "piecewise_linear":
        return np.clip(z + 0.5, 0, 1), (np.abs(z) < 0.5).astype(z.dtype)
    return z, np.ones_like(z)
    # END SOLUTION


# %% tags=["explore"]
for name, z, expected in (
    ("sigmoid", 0.6, (0.6457, 0.2288)),
    ("tanh", 0.5, (0.4621, 0.7864)),
    ("softplus", 0.0, (0.6931, 0.5)),
):
    value, slope = activation(name, np.array([z]))
    show_beside(f"{name} at {z}", expected, (round(float(value[0]), 4), round(float(slope[0]), 4)))

# %% tags=["explore"]
z = np.linspace(-3, 3, 601)
figure = labkit.plots.Figure(figsize=(11, 5), layout="constrained")
figure.suptitle("Activations (solid) and their derivatives (dashed)")
names = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "piecewise_linear")
for axis, name in zip(figure.subplots(2, 4, sharex=True, sharey=True).ravel(), (*names, "step"), strict=True):
    value, slope = activation(name, z) if name != "step" else ((z > 0).astype(float), np.zeros_like(z))
    axis.plot(z, value, "-", color="black", linewidth=2)
    axis.plot(z, slope, "--", color="0.35")
    axis.axhline(0, color="0.8", zorder=0)
    axis.set(title=name if name != "step" else "the step of lab 00: no slope", ylim=(-1.3, 2.2))
figure.supxlabel("z", fontsize=10)
figure.supylabel("value, slope", fontsize=10)
figure.show()


# %% tags=["quiz"]
def quiz_2_1() -> float:
    """A gradient passes backward through ten sigmoid units in a row. By what factor does it shrink at least, if all
    weights are 1? (Answer with the largest factor that is possible.)

    tolerance: 2e-7
    = 0.25 -> That is one unit. Each of the ten multiplies by its own slope, at most 1/4.
    = 2.5 -> The slopes multiply, they do not add up.
    = 0.0009765625 -> That would be slopes of 1/2; the slope of the sigmoid is at most 1/4, at z = 0.
    """
    # BEGIN SOLUTION
    return 9.5367e-7
    # END SOLUTION


# %% [markdown]
# ## 2.2 One step by hand
#
# A network with one hidden layer, sigmoid everywhere, and the loss $E = ½ \sum_k (u_k - y_k)^2$. Forward:
# $\sigma_j$ are the answers of the hidden units, $u_k$ those of the output units. Backward (Fromont, "Recap"), every
# unit gets an error $\delta$:
#
# $$\delta_k = (y_k - u_k)\, u_k (1 - u_k), \qquad
# \delta_j = \sigma_j (1 - \sigma_j) \sum_k \delta_k w_{jk},$$
#
# and every weight changes by $\Delta w_{ij} = c \cdot \delta_j \cdot (\text{what came in over it})$; for a bias that
# is 1. Two things to watch: the errors of *all* units come from the *old* weights, so compute them before you change
# any; and the bias of an output unit sends no error back, because no hidden unit stands behind it.
#
# ```
#    x1 ──┬──► σ3 ──┐            hidden (3, 2): rows w0j, w1j, w2j, columns units 3, 4
#         ╳         ├──► u5      output (3, 1): rows w05, w35, w45
#    x2 ──┴──► σ4 ──┘            + a bias into each unit
# ```
#
# *On paper* (Fromont, "Exercise 2"): $x = (1, 1)$, $y = 0$, $c = 1$; $w_{03} = .2$, $w_{13} = .1$, $w_{23} = .3$;
# $w_{04} = -.3$, $w_{14} = -.2$, $w_{24} = .4$; $w_{05} = .4$, $w_{35} = .5$, $w_{45} = -.4$.
#
# - Forward: $\sigma_3 = \sigma(.6) = .6457$, $\sigma_4 = \sigma(-.1) = .4750$,
#   $u_5 = \sigma(.4 + .5 \cdot .6457 - .4 \cdot .4750) = .6301$.
# - Backward: $\delta_5 = (0 - .6301) \cdot .6301 \cdot .3699 = -.1469$;
#   $\delta_3 = .6457 \cdot .3543 \cdot (-.1469 \cdot .5) = -.0168$;
#   $\delta_4 = .4750 \cdot .5250 \cdot (-.1469 \cdot -.4) = .0146$.
# - Step: $w_{35}$ becomes $.5 + (-.1469) \cdot .6457 = .4052$, and so on. Afterwards the answer is .5700: nearer to
#   0.
#
# <details><summary>Errata: where the slides disagree</summary>
#
# On Fromont's slide "Modifying Weights" both rules have one δ too many: the product in front of it already is the δ
# (with it, w35 would change by +.0139 instead of −.0948). The annexed page of a book calls the activation y and the
# target u, the other way round. Rousseau's δ has the opposite sign, (u − y), and is subtracted: the same step.
#
# </details>


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: in which order?</summary>
#
# Forward: activations, outputs, error. Backward: output deltas, then hidden deltas, with the matrices as they came.
# Only then the two new matrices.
#
# </details>
# <details><summary>Hint 2: shapes</summary>
#
# With a leading 1 the input is (d+1,), so `np.append(1.0, x) @ hidden` is (h,). Backward,
# `output[1:] @ output_deltas` is (h,) as well: row 0 holds the biases.
#
# </details>
# <details><summary>Hint 3: the change of a whole matrix</summary>
#
# `np.outer(what came in, deltas)` has the shape of the matrix.
#
# </details>


# %%
def backprop_step(
    hidden: np.ndarray,
    output: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    learning_rate: float = 1.0,
    update_biases: bool = True,
) -> dict:
    """One example through a network with one hidden layer, forward and backward, and the weights afterwards.

    hidden : (d+1, h) float, weights of the hidden units, row 0 their biases; not changed
    output : (h+1, m) float, weights of the output units, row 0 their biases; not changed
    x : (d,) float, the input
    y : (m,) float, what the outputs should be
    learning_rate : c
    update_biases : False leaves row 0 of both matrices as it is
    returns : dict with activations (h,), outputs (m,), error (a number), output_deltas (m,), hidden_deltas (h,), all
        of the given weights; and hidden (d+1, h), output (h+1, m), the new weights
    source : Fromont, "Recap (for the previous setting)"
    """
    # BEGIN SOLUTION
    inputs = np.append(1.0, x)
    activations, hidden_slopes = activation("sigmoid", inputs @ hidden)
    arriving = np.append(1.0, activations)
    outputs, output_slopes = activation("sigmoid", arriving @ output)

    output_deltas = (y - outputs) * output_slopes
    hidden_deltas = hidden_slopes * (output[1:] @ output_deltas)

    hidden_change, output_change = np.outer(inputs, hidden_deltas), np.outer(arriving, output_deltas)
    if not update_biases:
        hidden_change[0] = output_change[0] = 0
    return {
        "activations": activations,
        "outputs": outputs,
        "error": 0.5 * float(((outputs - y) ** 2).sum()),
        "output_deltas": output_deltas,
        "hidden_deltas": hidden_deltas,
        "hidden": hidden + learning_rate * hidden_change,
        "output": output + learning_rate * output_change,
    }
    # END SOLUTION


# %% tags=["explore"]
hidden, output = np.array([[0.2, -0.3], [0.1, -0.2], [0.3, 0.4]]), np.array([[0.4], [0.5], [-0.4]])
step = backprop_step(hidden, output, np.array([1.0, 1.0]), np.array([0.0]))
show_beside("activations", [0.6457, 0.4750], np.round(step["activations"], 4))
show_beside("output", [0.6301], np.round(step["outputs"], 4))
show_beside(
    "deltas of the units 3, 4 and 5",
    [-0.0168, 0.0146, -0.1469],
    np.round([*step["hidden_deltas"], *step["output_deltas"]], 4),
)
show_beside("new weights of unit 5", [0.2531, 0.4052, -0.4698], np.round(step["output"][:, 0], 4))
again = backprop_step(step["hidden"], step["output"], np.array([1.0, 1.0]), np.array([0.0]))
show_beside("output after the step", [0.5700], np.round(again["outputs"], 4))

# %% [markdown]
# The lecture links a worked example by Matt Mazur: two inputs, two hidden, two output units, and 10,000 steps on one
# example. His page leaves the biases as they are. What would it have gained by training them, too?

# %% tags=["explore"]
x, y = np.array([0.05, 0.10]), np.array([0.01, 0.99])
errors = {}
for name, update_biases in (("biases fixed, as on the page", False), ("biases trained", True)):
    hidden = np.array([[0.35, 0.35], [0.15, 0.25], [0.20, 0.30]])
    output = np.array([[0.60, 0.60], [0.40, 0.50], [0.45, 0.55]])
    errors[name] = []
    for _ in range(10_001):
        step = backprop_step(hidden, output, x, y, 0.5, update_biases)
        errors[name].append(step["error"])
        hidden, output = step["hidden"], step["output"]
    first, second, *_, last = errors[name]
    print(f"{name}: error {first:.9f}, after one step {second:.9f}, after 10,000 {last:.4e}")

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(8, 4.2), layout="constrained")
figure.suptitle("Ten thousand steps on Mazur's example")
axis = figure.subplots()
for (name, values), line in zip(errors.items(), ("-", "--"), strict=True):
    axis.loglog(np.arange(1, 10_001), values[1:], line, color="black", label=name)
axis.axhline(errors["biases trained"][0], color="0.6", linestyle=":", label="before the first step")
axis.set(xlabel="steps", ylabel="error E")
axis.legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_2_2() -> str:
    """You change the output weights first, and compute the errors of the hidden units with the new ones. What happens
    in Exercise 2?

    a) Nothing: the errors of the hidden units do not depend on the output weights.
       -> They do: the error of unit 5 comes back over w35 and w45.
    b) The network no longer learns.
       -> It still goes roughly downhill. That makes this mistake so hard to see.
    c) The step is no longer along the gradient, but a little off: the new output is .56997137 for .56997190.
       -> The error δ3 becomes -.0136 instead of -.0168. It still learns, which is why nobody notices.
    d) The step becomes better, because it uses the newest weights.
       -> The gradient is a property of one point. What mixes two points is no gradient of anything.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## 2.3 Two losses
#
# From here on a batch of $n$ rows at a time. A loss takes the outputs of the network and the targets, both (n, m),
# and gives one number: the *mean over the rows*. Its gradient has the shape of the outputs.
#
# $$\text{squared error:}\quad E = \frac 1 n \sum_{\text{rows}} \tfrac 1 2 \sum_k (u_k - y_k)^2, \qquad
# \frac{\partial E}{\partial u_k} = \frac 1 n (u_k - y_k),$$
#
# $$\text{cross-entropy of logits:}\quad E = \frac 1 n \sum_{\text{rows}} -\sum_k y_k \ln p_k,
# \quad p = \mathrm{softmax}(u), \qquad
# \frac{\partial E}{\partial u_k} = \frac 1 n (p_k - y_k).$$
#
# $\ln p_k = u_k - \ln \sum_j e^{u_j}$, and before taking powers of e you may subtract the largest logit of the row.
#
# *On paper:* squared error of $u = (1, 0)$ for $y = (.8, .5)$: ½ (.04 + .25) = .145, gradient (.2, −.5).
# Cross-entropy of $u = (-2, 3, 1)$ for class 1: .1328, gradient (.0059, −.1244, .1185).
#
# <details><summary>Erratum: with ½ or without?</summary>
#
# Loiseau has $E = \sum (f - y)^2$ on one slide and $½ \sum (f - y)^2$ on another (and the minus sign got lost in
# both). The gradients are $2(f - y)$ and $f - y$: either pair is right, a loss of one and a gradient of the other
# is not. Here: with the ½.
#
# </details>


# %%
def loss(name: str, outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """A loss, mean over the rows, and its gradient by the outputs.

    name : "squared_error", half of the sum of squares; or "cross_entropy", of the softmax of the outputs, in nats
    outputs : (n, m) float; for "cross_entropy" logits of any size
    targets : (n, m) float; for "cross_entropy" rows sum to 1, possibly shared among classes
    returns : a number; (n, m) float
    source : Fromont, "Which loss? ... in regression", "Combination of both"
    """
    # BEGIN SOLUTION
    n = len(outputs)
    if name == "squared_error":
        return float(0.5 * ((outputs - targets) ** 2).sum() / n), (outputs - targets) / n
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-(targets * log_probabilities).sum() / n), (np.exp(log_probabilities) - targets) / n
    # END SOLUTION


# %% tags=["explore"]
value, gradient = loss("squared_error", np.array([[1.0, 0.0]]), np.array([[0.8, 0.5]]))
show_beside("squared error", "0.145 [[ 0.2 -0.5]]", f"{value:.4g} {gradient.round(4)}")
value, gradient = loss("cross_entropy", np.array([[-2.0, 3.0, 1.0]]), np.array([[0.0, 1.0, 0.0]]))
show_beside("cross-entropy", "0.1328 [[ 0.0059 -0.1244  0.1185]]", f"{value:.4f} {gradient.round(4)}")

# %% [markdown]
# On four rows of three, paper takes long. `labkit.gradient_check(f, x)` moves one entry of `x` at a time by a hair,
# looks how the value of `f` changes, and compares that with the gradient that `f` returned. (In 2.5 you write such a
# test yourself.)

# %% tags=["explore"]
rng = np.random.default_rng(0)
some_outputs, some_targets = rng.normal(size=(4, 3)), rng.dirichlet(np.ones(3), size=4)
for name in ("squared_error", "cross_entropy"):
    print(f"{name}: {labkit.gradient_check(lambda u, name=name: loss(name, u, some_targets), some_outputs)}")

# %% [markdown]
# Why not the squared error for classes? Look at what pushes a logit that is badly wrong (far to the left): the slope
# of the cross-entropy is −1 there, that of a squared error *after a sigmoid* vanishes, although the answer is as
# wrong as can be.

# %% tags=["explore"]
logits = np.linspace(-8, 8, 161)
cross = [loss("cross_entropy", np.array([[u, 0.0]]), np.array([[1.0, 0.0]])) for u in logits]
squashed, slopes = activation("sigmoid", logits)
square = [loss("squared_error", np.array([[p]]), np.array([[1.0]])) for p in squashed]
figure = labkit.plots.Figure(figsize=(10, 4), layout="constrained")
figure.suptitle("Two classes, the first is right: loss and slope for its logit")
for axis, title, first, second in zip(
    figure.subplots(1, 2),
    ("loss", "slope of the loss by the logit"),
    ([value for value, _ in cross], [float(g[0, 0]) for _, g in cross]),
    ([value for value, _ in square], [float(g[0, 0]) * s for (_, g), s in zip(square, slopes, strict=True)]),
    strict=True,
):
    axis.plot(logits, first, "-", color="black", label="cross-entropy of the logits")
    axis.plot(logits, second, "--", color="black", label="squared error after a sigmoid")
    axis.axhline(0, color="0.8", zorder=0)
    axis.set(xlabel="logit of the right class (the other is 0)", title=title)
figure.axes[0].legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_2_3() -> str:
    """The loss of a batch is a mean over its rows. You forget the 1/n in the gradient alone.
    What do you see?

    a) The loss is n times too large.
       -> The loss itself is right. Only the gradient, and with it every step, is n times too long.
    b) Nothing: the direction of the gradient is the same.
       -> The direction is, the length of the step is not, and with batches of 32 it is 32 times too long.
    c) The gradient check of 2.5 still passes.
       -> It fails: numeric differences of the loss are n times smaller than your gradient.
    d) Training behaves as with a learning rate n times as large, and changes with the batch size.
       -> Every step is n times too long: it may still work with a small learning rate, until the batch size changes.
    """
    # BEGIN SOLUTION
    return "d"
    # END SOLUTION


# %% [markdown]
# ## 2.4 Modules
#
# What you did in 2.2 for one network works for every chain (Loiseau, "Error back-propagation"). Cut it into the
# simplest pieces: a *linear* module $F(X) = X W$ without bias, and a *pointwise* module $F(X) = f(X + B)$, which
# holds the bias. Each module has to know two things and nothing of its neighbours: how to go forward, and how to turn
# the gradient of its output into those of its input and of its parameter.
#
# | module | forward | gradient of the input | gradient of the parameter |
# |---|---|---|---|
# | `{"kind": "linear", "weights": W}` | $X W$ | $G W^\top$ | $X^\top G$ |
# | `{"kind": "pointwise", "activation": f, "bias": B}` | $f(X + B)$ | $G \odot f'(X + B)$ | sum of it over the rows |
#
# $G = \partial E / \partial Y$ comes from the module above, and has the shape of $Y$. Every gradient has the shape of
# what it belongs to; when in doubt, only one product of $X$, $W$ and $G$ fits.
#
# ```
#  forward   values[0] = x ──► module 0 ──► values[1] ──► module 1 ──► values[2] ──► ... ──► loss
#  backward        input  ◄─── module 0 ◄─── input    ◄── module 1 ◄── d_output  ◄── ... ◄── loss
#                                 │                         │
#                              weights                     bias
# ```
#
# No averaging here: the 1/n is in the loss, and comes along with $G$. The first module's `input` gradient is wanted,
# too (lab 10 changes images with it).
#
# *On paper* (Facciolo, "Backpropagation by example"): $z = \lVert W x + b \rVert^2$ with $W$ = ((1, 2), (3, 4)),
# $x = (1, -1)$, $b = (.5, -.5)$. As a chain on rows: a linear module with $W^\top$ and a pointwise one, `"linear"`,
# with $b$. Forward: $x W^\top = (-1, -1)$, plus $b$: $(-.5, -1.5)$, and $z = .25 + 2.25 = 2.5$. The gradient of $z$
# there is twice that, $G = (-1, -3)$. Backward: bias $(-1, -3)$; weights $x^\top G$ = ((−1, −3), (1, 3));
# input $G W$ = (−1 − 9, −2 − 12) = (−10, −14).


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: two loops</summary>
#
# Forward: append to a list that begins with x. Backward: from the last module to the first, handing G down; turn the
# list of gradients around at the end.
#
# </details>
# <details><summary>Hint 2: which X?</summary>
#
# Module n got `values[n]`, not `values[n + 1]`. For the pointwise module, `activation(name, values[n] + bias)[1]` is
# the slope where it was.
#
# </details>
# <details><summary>Hint 3: the key lines</summary>
#
# linear: `{"input": g @ weights.T, "weights": x.T @ g}`; pointwise: `d = g * slope`, then
# `{"input": d, "bias": d.sum(axis=0)}`; and then `g = gradients[-1]["input"]`.
#
# </details>


# %%
def forward(modules: list[dict], x: np.ndarray) -> list[np.ndarray]:
    """All values of a chain of modules.

    modules : {"kind": "linear", "weights": (i, o)} or {"kind": "pointwise", "activation": name, "bias": (m,)},
        N of them
    x : (n, d) float
    returns : N+1 arrays X0 ... XN: x itself, then the output of each module
    source : Loiseau, "Error back-propagation"; names of activations as in 2.1
    """
    # BEGIN SOLUTION
    values = [x]
    for module in modules:
        if module["kind"] == "linear":
            values.append(values[-1] @ module["weights"])
        else:
            values.append(activation(module["activation"], values[-1] + module["bias"])[0])
    return values
    # END SOLUTION


def backward(modules: list[dict], values: list[np.ndarray], d_output: np.ndarray) -> list[dict]:
    """The gradients of every module, from that of the last output.

    modules : as above, N of them; not changed
    values : the N+1 arrays of the forward pass; values[n] goes into module n
    d_output : (n, m) float, the gradient of the loss by values[N]
    returns : N dicts in the order of the modules: {"input": like values[n], "weights": like the weights} for a linear
        module, {"input": ..., "bias": like the bias} for a pointwise one
    source : Loiseau, "Error back-propagation", "Linear module", "Pointwise module"
    """
    # BEGIN SOLUTION
    gradients = []
    for module, x in zip(reversed(modules), reversed(values[:-1]), strict=True):
        if module["kind"] == "linear":
            gradients.append({"input": d_output @ module["weights"].T, "weights": x.T @ d_output})
        else:
            slope = activation(module["activation"], x + module["bias"])[1]
            gradients.append({"input": d_output * slope, "bias": (d_output * slope).sum(axis=0)})
        d_output = gradients[-1]["input"]
    return gradients[::-1]
    # END SOLUTION


# %% tags=["explore"]
chain = [
    {"kind": "linear", "weights": np.array([[1.0, 3.0], [2.0, 4.0]])},
    {"kind": "pointwise", "activation": "linear", "bias": np.array([0.5, -0.5])},
]
values = forward(chain, np.array([[1.0, -1.0]]))
gradients = backward(chain, values, 2 * values[-1])
show_beside("values", "[[1, -1]] [[-1, -1]] [[-0.5, -1.5]]", " ".join(str(v.tolist()) for v in values))
show_beside("gradient of the bias", [-1, -3], gradients[1]["bias"])
show_beside("gradient of the weights", [[-1, -3], [1, 3]], gradients[0]["weights"].tolist())
show_beside("gradient of the input", [[-10, -14]], gradients[0]["input"].tolist())

# %% [markdown]
# What becomes of a gradient on its way down? Twenty linear modules of 50 units, each followed by an activation,
# weights drawn so that ReLU keeps the size of the values. The sigmoid multiplies by at most ¼ at every module
# (Facciolo, "Vanishing gradients"): the lowest module learns next to nothing. Lab 04 comes back to this.

# %% tags=["explore"]
rng = np.random.default_rng(0)
deep = [rng.normal(scale=np.sqrt(2 / 50), size=(50, 50)) for _ in range(20)]
figure = labkit.plots.Figure(figsize=(8, 4.2), layout="constrained")
figure.suptitle("The size of the gradient on its way down through 20 layers")
axis = figure.subplots()
for name, line, marker in (("relu", "-", "o"), ("tanh", "--", "s"), ("sigmoid", ":", "^")):
    chain = []
    for weights in deep:
        chain += [
            {"kind": "linear", "weights": weights},
            {"kind": "pointwise", "activation": name, "bias": np.zeros(50)},
        ]
    values = forward(chain, rng.normal(size=(100, 50)))
    gradients = backward(chain, values, rng.normal(size=(100, 50)))
    sizes = [np.sqrt((g["weights"] ** 2).mean()) for g in gradients[::2]]
    axis.semilogy(
        range(1, 21),
        np.array(sizes) / sizes[-1],
        line,
        marker=marker,
        markersize=4,
        color="black",
        label=name,
    )
axis.axhline(1, color="0.7", zorder=0)
axis.set(
    xlabel="layer (1 is next to the input)",
    ylabel="gradient of the weights,\nrelative to the last layer",
    xticks=range(2, 21, 2),
)
axis.legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_2_4() -> str:
    """A chain has 1,000,000 weights, and one forward pass costs T. What do the gradients of all weights cost?

    a) About 1,000,000 T: one forward pass for each weight.
       -> That is the numeric gradient of 2.5, and the reason why nobody trains with it.
    b) About 2 T more: one pass backward.
       -> Each linear module makes two products where the forward pass made one: for its input and for its weights.
    c) As many passes as there are paths through the network.
       -> The chain rule sums over all paths, but each module has already summed up what comes from above.
    d) T for every module.
       -> Each module works once; the whole way back costs about as much as two passes forward.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 2.5 Is it the gradient?
#
# A wrong gradient often learns a little, so training is no test. Two tests are. The first compares with *central
# differences* of the loss (Rousseau, "Gradient-based approach", with both sides):
#
# $$\frac{\partial E}{\partial w} \approx \frac{E(w + h) - E(w - h)}{2h},$$
#
# one weight at a time. The error of this formula falls like $h^2$, but the rounding of $E$ is divided by $h$: too
# large an $h$ is wrong, too small an $h$ is noise. In float64 $h = 10^{-5}$ is a good place; in float32 there is
# none, so compute in float64 whatever comes in.
#
# The second test needs no exact number (Loiseau: $f(x + h) = f(x) + f'(x)\,h + o(h)$). Move *all* parameters along a
# direction $v$ and look at the *Taylor remainder*
#
# $$r(h) = \bigl\lvert\, E(w + h v) - E(w) - h \sum g \cdot v \,\bigr\rvert.$$
#
# If $g$ is the gradient, the remainder is a multiple of $h^2$: halve $h$, and it falls by 4. If $g$ is wrong, however
# little, what remains is a multiple of $h$, and in the end it falls by 2 only.
#
# *On paper:* $E(w) = ½ (w - 0)^2$ at $w = 3$: (½ · 3.1² − ½ · 2.9²)/0.2 = 3. The remainder for $v = 1$, $h = .1$ with
# the right gradient 3: 4.805 − 4.5 − .3 = .005; for $h = .05$: .00125, a quarter. With $g = 2.9$: .015 and .00625:
# not even a third.
#
# <details><summary>Erratum: 0 or a step?</summary>
#
# Rousseau's slide heads gradient descent with $\partial J / \partial \theta = 0$. That holds at the end of the
# descent, if it ends; the rule under it, $\theta \leftarrow \theta - \epsilon\, \partial J / \partial \theta$, is how
# it gets there.
#
# </details>


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: a copy that is yours</summary>
#
# Make float64 copies of the modules first, `np.array(parameter, float)`. You may then change single entries, if you
# put each one back.
#
# </details>
# <details><summary>Hint 2: all places of an array</summary>
#
# `for place in np.ndindex(parameter.shape)` works for weights and biases alike.
#
# </details>
# <details><summary>Hint 3: the slope along v</summary>
#
# `sum((g * v).sum() for g, v in zip(gradients, direction))`.
#
# </details>


# %%
PARAMETER = {"linear": "weights", "pointwise": "bias"}  # what a module of each kind learns


def numeric_gradients(
    modules: list[dict], x: np.ndarray, targets: np.ndarray, loss_name: str, step: float = 1e-5
) -> list[np.ndarray]:
    """The gradient of the loss by every parameter, from central differences.

    modules : a chain as in 2.4, N modules, float32 or float64; not changed
    x : (n, d) float
    targets : (n, m) float
    loss_name : "squared_error" or "cross_entropy", as in 2.3
    step : h
    returns : N arrays in the order of the modules, each like the module's weights or bias, float64:
        (E(w+h) - E(w-h)) / 2h for every entry, computed in float64
    source : Rousseau, "Gradient-based approach"
    """
    # BEGIN SOLUTION
    modules = [{**m, PARAMETER[m["kind"]]: np.array(m[PARAMETER[m["kind"]]], float)} for m in modules]
    x, targets = np.asarray(x, float), np.asarray(targets, float)

    def error() -> float:
        return loss(loss_name, forward(modules, x)[-1], targets)[0]

    gradients = []
    for module in modules:
        parameter = module[PARAMETER[module["kind"]]]
        gradients.append(np.zeros_like(parameter))
        for place in np.ndindex(parameter.shape):
            here = parameter[place]
            parameter[place] = here + step
            above = error()
            parameter[place] = here - step
            below = error()
            parameter[place] = here
            gradients[-1][place] = (above - below) / (2 * step)
    return gradients
    # END SOLUTION


def taylor_remainders(
    modules: list[dict],
    x: np.ndarray,
    targets: np.ndarray,
    loss_name: str,
    gradients: list[np.ndarray],
    direction: list[np.ndarray],
    steps: list[float],
) -> list[float]:
    """What first-order Taylor leaves over, with the gradients that are given, right or wrong.

    modules, x, targets, loss_name : as above
    gradients : N arrays g, each like the module's weights or bias
    direction : N arrays v of the same shapes
    steps : values of h
    returns : |E(w + h v) - E(w) - h sum(g v)| for each h, computed in float64
    source : Loiseau, "f(x+h) = f(x) + f'(x) h + o(h)"
    """
    # BEGIN SOLUTION
    x, targets = np.asarray(x, float), np.asarray(targets, float)

    def error(h: float) -> float:
        moved = []
        for module, v in zip(modules, direction, strict=True):
            name = PARAMETER[module["kind"]]
            moved.append({**module, name: np.asarray(module[name], float) + h * np.asarray(v, float)})
        return loss(loss_name, forward(moved, x)[-1], targets)[0]

    slope = sum(float((np.asarray(g, float) * v).sum()) for g, v in zip(gradients, direction, strict=True))
    return [abs(error(h) - error(0.0) - h * slope) for h in steps]
    # END SOLUTION


# %% tags=["explore"]
one_weight = [{"kind": "linear", "weights": np.array([[3.0]])}]
one, zero = np.ones((1, 1)), np.zeros((1, 1))
show_beside(
    "slope of ½ w² at 3",
    3.0,
    round(float(numeric_gradients(one_weight, one, zero, "squared_error", 0.1)[0][0, 0]), 6),
)
for g, expected in ((3.0, [0.005, 0.00125]), (2.9, [0.015, 0.00625])):
    remainders = taylor_remainders(
        one_weight, one, zero, "squared_error", [np.array([[g]])], [one], [0.1, 0.05]
    )
    show_beside(f"remainders with the gradient {g}", expected, np.round(remainders, 6).tolist())

# %% [markdown]
# Both tests on a network with 4 inputs, 5 hidden tanh units and 3 outputs. Left: the V that every course on numerics
# shows; to its left rounding, to its right the formula. Right: the remainders of your own gradient, and of one that
# is 1 % too small. `labkit.gradient_check(f, x)`, which you met in 2.3, does the first test; now you know how.

# %% tags=["explore"]
rng = np.random.default_rng(1)
small = [
    {"kind": "linear", "weights": rng.normal(size=(4, 5))},
    {"kind": "pointwise", "activation": "tanh", "bias": rng.normal(size=5)},
    {"kind": "linear", "weights": rng.normal(size=(5, 3))},
    {"kind": "pointwise", "activation": "linear", "bias": rng.normal(size=3)},
]
x, t = rng.normal(size=(6, 4)), np.eye(3)[rng.integers(0, 3, size=6)]
values = forward(small, x)
found = backward(small, values, loss("cross_entropy", values[-1], t)[1])
exact = [gradient[PARAMETER[module["kind"]]] for module, gradient in zip(small, found, strict=True)]
direction = [rng.normal(size=g.shape) for g in exact]
figure = labkit.plots.Figure(figsize=(11, 4.3), layout="constrained")
figure.suptitle("Two tests of a gradient")
left, right = figure.subplots(1, 2)
widths = 10.0 ** np.arange(-12, 0)
errors = [
    max(
        float(np.abs(a - b).max())
        for a, b in zip(numeric_gradients(small, x, t, "cross_entropy", h), exact, strict=True)
    )
    for h in widths
]
left.loglog(widths, errors, "o-", color="black")
left.axvline(1e-5, color="0.6", linestyle="--")
left.annotate("the default", (1e-5, 1e-5), xytext=(4, 0), textcoords="offset points", fontsize=9)
left.set(xlabel="h", ylabel="largest difference from your gradient", title="central differences")
halves = 0.1 / 2.0 ** np.arange(11)
for factor, line, marker, name in ((1.0, "-", "o", "your gradient"), (0.99, "--", "s", "1 % too small")):
    remainders = taylor_remainders(
        small, x, t, "cross_entropy", [factor * g for g in exact], direction, list(halves)
    )
    right.loglog(halves, remainders, line, marker=marker, color="black", label=name)
for power, text in ((1, "slope 1"), (2, "slope 2")):
    right.loglog(halves, 3e-3 * (halves / 0.1) ** power, ":", color="0.6")
    right.annotate(text, (halves[-1], 3e-3 * (halves[-1] / 0.1) ** power), fontsize=9, color="0.3")
right.set(xlabel="h", ylabel="Taylor remainder", title="remainders: to 0 like h², or like h")
right.legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_2_5() -> str:
    """Your Taylor remainders fall by 4.1, 4.0, 3.4, 2.6 and 2.2 as you halve h again and again. What do you conclude?

    a) The gradient is wrong by a little.
       -> What falls like h is left over in the end. A large mistake would have shown at once, a small one shows late.
    b) The gradient is right: it began with 4.
       -> It ends near 2. As long as h is large, the term with h² hides the mistake.
    c) Rounding: h is too small.
       -> Rounding makes remainders jump about, or grow; it does not make them fall by 2 each time.
    d) The loss is not differentiable.
       -> At a kink the remainders would fall by 2, too, but from the start. These began with 4.
    """
    # BEGIN SOLUTION
    return "a"
    # END SOLUTION


# %% [markdown]
# ## 2.6 Where is the bug?
#
# A colleague's backward pass is wrong in one or two modules. You compare with true gradients, and *everything* below
# the bug differs: modules that do their work correctly on a wrong gradient from above. So do not ask whether a
# module's gradients are true. Ask whether they *follow* from the gradient that the colleague's code itself hands to
# it: the `"input"` of the module above, and `d_output` for the last one.
#
# ```
#   module 0 ◄─────── module 1 ◄─────── module 2 ◄─────── module 3 ◄── d_output
#      ✓ follows        ✗ bug             ✓                 ✓
#      (but is not true)
# ```
#
# Right gradients agree to a millionth of the array's largest entry; where there is a bug, some entry is off by more
# than a hundredth of it. Gradients can be tiny throughout, so compare relative to that largest entry.
#
# *On paper:* one row, weights 2 and then 3, $x = 1$: values 1, 2, 6; `d_output` = 1. True: module 1 has weights 2,
# input 3; module 0 has weights 3, input 6. The colleague claims 2 and **−3** for module 1, and −3 and −6 for module
# 0. From −3, module 0 rightly makes −3 · 1 and −3 · 2. Only module 1 is broken: the answer is [1].


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: a chain of one module</summary>
#
# `backward([module], [values[n], values[n + 1]], claimed)` says what module n should have answered to what it was
# given.
#
# </details>
# <details><summary>Hint 2: the test</summary>
#
# `np.abs(mine - theirs).max() > 1e-3 * np.abs(mine).max()`, for both entries of the dictionary. (If mine is 0
# throughout, theirs must be.)
#
# </details>


# %%
def find_broken_modules(
    modules: list[dict], x: np.ndarray, d_output: np.ndarray, gradients: list[dict]
) -> list[int]:
    """Which modules' gradients do not follow from what they were given?

    modules : a chain as in 2.4, N modules
    x : (n, d) float
    d_output : (n, m) float, the gradient by the output of the last module
    gradients : N dicts as `backward` returns them, from somebody else's code
    returns : the numbers of the broken modules, from 0, ascending; [] if all is right. Module n is broken when its
        "input", or its "weights" or "bias", does not follow from the claimed "input" of module n+1
        (for the last one: from d_output)
    """
    # BEGIN SOLUTION
    values, broken = forward(modules, x), []
    for n, module in enumerate(modules):
        given = gradients[n + 1]["input"] if n + 1 < len(modules) else d_output
        right = backward([module], values[n : n + 2], given)[0]
        if any(
            np.abs(gradients[n][key] - right[key]).max() > 1e-3 * np.abs(right[key]).max() for key in right
        ):
            broken.append(n)
    return broken
    # END SOLUTION


# %% tags=["explore"]
two = [{"kind": "linear", "weights": np.array([[2.0]])}, {"kind": "linear", "weights": np.array([[3.0]])}]
claimed = [{"weights": -3 * one, "input": -6 * one}, {"weights": 2 * one, "input": -3 * one}]
show_beside("the two modules above", [1], find_broken_modules(two, one, one, claimed))

# %% tags=["explore"]
rng = np.random.default_rng(2)
colleagues = [{key: value.copy() for key, value in gradient.items()} for gradient in found]
d_output = loss("cross_entropy", values[-1], t)[1]
colleagues[2]["input"] = np.roll(colleagues[2]["input"], 1, axis=1)  # the bug: columns shifted
for n in (1, 0):  # the rest works rightly, on what it gets
    colleagues[n] = backward([small[n]], values[n : n + 2], colleagues[n + 1]["input"])[0]


def deviation(mine: dict, theirs: dict) -> float:
    """The largest difference, relative to the largest entry, over all arrays of a module."""
    return max(float(np.abs(mine[key] - theirs[key]).max() / np.abs(mine[key]).max()) for key in mine)


given = [*(gradient["input"] for gradient in colleagues[1:]), d_output]
local = [backward([m], values[n : n + 2], given[n])[0] for n, m in enumerate(small)]
figure = labkit.plots.Figure(figsize=(9, 4), layout="constrained")
figure.suptitle(
    f"A bug in module 2; find_broken_modules says {find_broken_modules(small, x, d_output, colleagues)}"
)
for axis, truth, title in zip(
    figure.subplots(1, 2, sharey=True),
    (found, local),
    ("against the true gradients", "against what follows"),
    strict=True,
):
    heights = [max(deviation(mine, theirs), 1e-17) for mine, theirs in zip(truth, colleagues, strict=True)]
    axis.bar(range(4), heights, color="0.6", edgecolor="black", bottom=0)
    axis.axhline(1e-2, color="black", linestyle="--", linewidth=1)
    axis.set(yscale="log", ylim=(1e-17, 30), xlabel="module", title=title, xticks=range(4))
figure.axes[1].annotate(
    "a bug: above a hundredth", (-0.4, 1e-2), xytext=(0, 4), textcoords="offset points", fontsize=9
)
figure.axes[0].set_ylabel("largest deviation")
figure.show()


# %% tags=["quiz"]
def quiz_2_6() -> str:
    """A colleague's gradients differ from the true ones in modules 0, 1, 2 and 3 of six; modules 4 and 5 agree. Which
    modules must be broken?

    a) All four, 0 to 3.
       -> Modules 0 to 2 may well do their work rightly, on a wrong gradient that comes down to them.
    b) Module 0, where the deviation ends.
       -> A mistake travels downward from where it was made; module 0 is only the last to suffer.
    c) Module 4, which hands its gradient to module 3.
       -> What module 4 hands down is true: its gradients agree.
    d) Module 3, the first on the way back that differs.
       -> It gets a true gradient from module 4 and makes a wrong one of it. Of 0, 1 and 2 nothing is known yet.
    """
    # BEGIN SOLUTION
    return "d"
    # END SOLUTION


# %% [markdown]
# ## 2.7 Any graph
#
# A chain is the simplest case. In general a computation is a graph without cycles (Facciolo, "Computational graphs";
# Loiseau, "Autograd backward()"): every node is the result of an operation on other nodes, and a node may be *used
# several times*. A small change of it then reaches the output over several ways, and the changes add up (Rousseau,
# "Back-propagation"):
#
# $$\frac{\partial L}{\partial u} = \sum_{v \text{ uses } u}
# \frac{\partial L}{\partial v} \frac{\partial v}{\partial u}.$$
#
# The rule of the game: go through the nodes so that each one comes *after all that use it*. Then its gradient is
# complete when you hand it on, and every node hands on once. There may be 2⁴⁰ paths; there are only 40 nodes.
#
# | operation | value | what its arguments get from $G$ |
# |---|---|---|
# | `["add", a, b]` | $a + b$ (equal shapes) | $G$; $G$ |
# | `["multiply", a, b]` | $a \odot b$ (equal shapes) | $G \odot b$; $G \odot a$ |
# | `["matmul", a, b]` | $a\, b$, $b$ a matrix | $G\, b^\top$; $a^\top G$ |
# | | $a\, b$, $b$ a vector | the outer product of $G$ and $b$; $a^\top G$ |
# | `["relu", a]`, `["exp", a]`, `["log", a]` | entry by entry | $G \odot [a > 0]$; $G \odot e^a$; $G / a$ |
# | `["sum", a]` | the sum of all entries | $G$ in every entry |
#
# *On paper* (Facciolo): $f = (x + y)\, z$ at $x = -2$, $y = 5$, $z = -4$ is `{"s": ["add", "x", "y"], "f":
# ["multiply", "s", "z"]}`. Forward: $s = 3$, $f = -12$. Backward: $\partial f / \partial f = 1$; then
# $\partial f/\partial s = z = -4$ and $\partial f/\partial z = s = 3$; then $x$ and $y$ get $-4$ each.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: first an order, then the rest</summary>
#
# Bring the nodes into an order in which every node comes after its arguments. Forward goes along it, backward against
# it.
#
# </details>
# <details><summary>Hint 2: an order without recursion</summary>
#
# (A chain of 2,000 nodes is deeper than Python's recursion goes.) Keep a stack of names. Look at the top: if some of
# its arguments are not done, put those on the stack; else it is done, and comes next in the order.
#
# </details>
# <details><summary>Hint 3: adding up</summary>
#
# Begin with a gradient of zeros for every name (`0 * value`), 1 for the output, and always add:
# `gradients[name] = gradients[name] + ...`. With y · y, y gets two contributions.
#
# </details>


# %%
def graph_gradients(graph: dict[str, list[str]], inputs: dict, output: str) -> tuple[float, dict]:
    """The value of a graph's output, and its derivative by every input and node.

    graph : name of a node to [operation, names of its arguments...]; operations "add", "multiply", "matmul", "relu",
        "exp", "log", "sum"; the nodes in any order, up to 2,000, with up to 2^40 paths; no cycles
    inputs : name to number or float array; not changed
    output : name of a node whose value is a number
    returns : that number; a dict with the gradient of every input and every node, numbers for numbers and arrays of
        the same shape for arrays, 0 where the output does not depend on it
    source : Rousseau, "Back-propagation"; Loiseau, "Autograd backward()"
    """
    # BEGIN SOLUTION
    order, done, stack = [], set(inputs), list(graph)
    while stack:
        name = stack[-1]
        missing = [] if name in done else [a for a in graph[name][1:] if a not in done]
        if missing:
            stack += missing
            continue
        if name not in done:
            order.append(name)
            done.add(name)
        stack.pop()

    value = dict(inputs)
    for name in order:
        operation, *arguments = graph[name]
        a, *rest = (value[argument] for argument in arguments)
        if operation == "add":
            value[name] = a + rest[0]
        elif operation == "multiply":
            value[name] = a * rest[0]
        elif operation == "matmul":
            value[name] = a @ rest[0]
        else:
            value[name] = {"relu": lambda v: np.maximum(v, 0), "exp": np.exp, "log": np.log, "sum": np.sum}[
                operation
            ](a)

    gradient = {name: np.zeros(np.shape(v)) for name, v in value.items()}
    gradient[output] = np.ones(())
    for name in reversed(order):
        operation, *arguments = graph[name]
        g, (a, *rest) = gradient[name], (value[argument] for argument in arguments)
        if operation == "add":
            shares = [g, g]
        elif operation == "multiply":
            shares = [g * rest[0], g * a]
        elif operation == "matmul":
            shares = [np.outer(g, rest[0]) if np.ndim(rest[0]) == 1 else g @ rest[0].T, a.T @ g]
        elif operation == "relu":
            shares = [g * (a > 0)]
        elif operation == "exp":
            shares = [g * value[name]]
        elif operation == "log":
            shares = [g / a]
        else:
            shares = [g * np.ones(np.shape(a))]
        for argument, share in zip(arguments, shares, strict=True):
            gradient[argument] = gradient[argument] + share
    numbers = {name: g if np.ndim(value[name]) else float(g) for name, g in gradient.items()}
    return float(value[output]), numbers
    # END SOLUTION


# %% tags=["explore"]
gate = {"s": ["add", "x", "y"], "f": ["multiply", "s", "z"]}
value, gradient = graph_gradients(gate, {"x": -2.0, "y": 5.0, "z": -4.0}, "f")
show_beside(
    "(x + y) z",
    "-12.0, x -4.0, y -4.0, z 3.0, s -4.0, f 1.0",
    f"{value}, " + ", ".join(f"{k} {gradient[k]}" for k in "xyzsf"),
)
value, gradient = graph_gradients({"q": ["multiply", "y", "y"]}, {"y": 3.0}, "q")
show_beside("y · y at 3: used twice", "9.0, y 6.0", f"{value}, y {gradient['y']}")

# %% tags=["explore"]
inputs = {"x": -2.0, "y": 5.0, "z": -4.0}
value, gradient = graph_gradients(gate, inputs, "f")
known = {**inputs, "s": inputs["x"] + inputs["y"], "f": value}
places = {"x": (0, 2.3), "y": (0, 0.9), "z": (0, -0.1), "s": (1.5, 1.6), "f": (3, 0.75)}
figure = labkit.plots.Figure(figsize=(8, 3.6), layout="constrained")
figure.suptitle("Above each edge its value, below it, in brackets, its gradient")
axis = figure.subplots()
axis.set(xlim=(-0.4, 4.4), ylim=(-0.5, 2.5))
axis.set_axis_off()
for name, (across, up) in places.items():
    label = {"s": "+", "f": "×"}.get(name, name)
    axis.text(
        across,
        up,
        label,
        ha="center",
        va="center",
        fontsize=14,
        bbox={"boxstyle": "circle", "facecolor": "white"},
    )
for start, end in (("x", "s"), ("y", "s"), ("s", "f"), ("z", "f"), ("f", None)):
    first, last = np.array(places[start]), np.array(places[end] if end else (4.2, 0.75))
    unit = (last - first) / np.linalg.norm(last - first)
    axis.annotate("", last - 0.18 * unit * bool(end), first + 0.18 * unit, arrowprops={"arrowstyle": "->"})
    middle = (first + last) / 2
    for text, side, style in ((f"{known[start]:g}", 7, "normal"), (f"({gradient[start]:g})", -7, "italic")):
        axis.annotate(
            text,
            middle,
            xytext=(0, side),
            textcoords="offset points",
            ha="center",
            style=style,
            va="bottom" if side > 0 else "top",
            fontsize=11,
        )
figure.show()

# %% [markdown]
# That is what PyTorch does when you call `backward()`. Its *Variable* (Loiseau, "Autograd variable") holds `data`,
# `grad` and `grad_fn`, the operation that made it (None for what you made yourself). It computes nothing backward
# while you write formulas; it only *records the graph*. Here is one that writes down the dictionary of this question:


# %% tags=["explore"]
class Variable:
    """A number that remembers how it was made."""

    graph, inputs = {}, {}

    def __init__(self, data: float, grad_fn: list[str] | None = None):
        self.data, self.grad, self.grad_fn = data, None, grad_fn
        self.name = f"v{len(Variable.graph) + len(Variable.inputs)}"
        if grad_fn is None:
            Variable.inputs[self.name] = data
        else:
            Variable.graph[self.name] = grad_fn

    def __add__(self, other: Variable) -> Variable:
        return Variable(self.data + other.data, ["add", self.name, other.name])

    def __mul__(self, other: Variable) -> Variable:
        return Variable(self.data * other.data, ["multiply", self.name, other.name])


p, q = Variable(2.0), Variable(-3.0)
r = (p + q) * (p + q) * q  # an ordinary formula
print("recorded:", Variable.graph)
value, gradient = graph_gradients(Variable.graph, Variable.inputs, r.name)
p.grad, q.grad = gradient[p.name], gradient[q.name]
show_beside("(p + q)² q at (2, -3): value and gradient", "-3.0 6.0 7.0", f"{value} {p.grad} {q.grad}")


# %% tags=["quiz"]
def quiz_2_7() -> float:
    """a1 = a0 + a0, a2 = a1 + a1, ... a10 = a9 + a9. How many times must a backward pass hand a gradient on (from a
    node to one of its arguments)?

    = 1024 -> That is the number of paths, and the derivative. Each node hands its gradient on once per argument.
    = 10 -> Each of the ten nodes has two arguments, even if both are the same node.
    = 2046 -> You walked along every path. Wait until a node has its whole gradient, and hand it on once.
    """
    # BEGIN SOLUTION
    return 20
    # END SOLUTION


# %% [markdown]
# ## 2.8 Digits, with NumPy alone
#
# All parts are there. One step of stochastic gradient descent: forward, loss (cross-entropy), backward, and every
# parameter moves against its gradient, $w \leftarrow w - \eta\, \partial E / \partial w$, all of them at once.
#
# *On paper:* one row $x = 1$, one weight matrix (0, 0), target class 0. Logits (0, 0), $p = (½, ½)$, gradient of the
# logits $(-½, ½)$, of the weights the same. With η = 1 the weights become (½, −½).
#
# Then train a chain 784–hidden–10 on the digits. How you draw the first weights, which activation, which batches and
# which learning rate, is your choice. What helps:
#
# - Weights from a normal distribution with standard deviation $\sqrt{2 / \text{inputs}}$ (He), biases 0. Zero weights
#   will not do: all hidden units would stay alike for ever.
# - ReLU; batches of 32; rows in a new random order in each epoch, from `np.random.default_rng(seed)`.
# - A learning rate of 0.2 that shrinks by 0.7 from epoch to epoch.
#
# These reach 97.6 to 97.8 % in five epochs, in about four seconds. For full points 97 % are enough; below 95 % there
# are none. The grader runs the chain that you return on digits that your code has not seen, with the classes renamed.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: a step</summary>
#
# `forward`, `loss`, `backward`, in this order; then a new dictionary for each module, `{**module, name: ...}` with
# `name = PARAMETER[module["kind"]]`. `{**module}` copies the rest, the name of the activation too.
#
# </details>
# <details><summary>Hint 2: an epoch</summary>
#
# `order = rng.permutation(len(x_train))`; then, for `start` from 0 in steps of 32, `rows = order[start : start + 32]`
# picks the images *and* their targets, and `modules = sgd_step(...)` keeps what was learned.
#
# </details>
# <details><summary>Hint 3: the beginning</summary>
#
# Targets: `np.eye(10, dtype="float32")[y_train]`. Weights: `rng.normal(scale=np.sqrt(2 / 784), size=(784, hidden))`,
# made float32, which is twice as fast.
#
# </details>


# %%
def sgd_step(modules: list[dict], x: np.ndarray, targets: np.ndarray, learning_rate: float) -> list[dict]:
    """The chain after one step of gradient descent on the mean cross-entropy of a batch.

    modules : a chain as in 2.4 that ends in logits; not changed
    x : (n, d) float
    targets : (n, k) float, rows sum to 1
    learning_rate : eta
    returns : a new chain with the same kinds and activations; float32 stays float32
    source : Rousseau, "Stochastic Gradient Descent"
    """
    # BEGIN SOLUTION
    values = forward(modules, x)
    _, d_output = loss("cross_entropy", values[-1], targets)
    gradients = backward(modules, values, d_output)
    names = [PARAMETER[module["kind"]] for module in modules]
    return [
        {**module, name: module[name] - learning_rate * gradient[name]}
        for module, name, gradient in zip(modules, names, gradients, strict=True)
    ]
    # END SOLUTION


def train_mlp(
    x_train: np.ndarray, y_train: np.ndarray, hidden: int = 128, epochs: int = 5, seed: int = 0
) -> list[dict]:
    """A chain 784-hidden-10, trained on digits.

    x_train : (n, 784) float32, pixels from 0 to 1
    y_train : (n,) integers from 0 to 9
    hidden : number of hidden units
    epochs : passes over all rows
    seed : of everything random: the same seed gives the same weights, another seed others
    returns : linear (784, hidden), pointwise (hidden,), linear (hidden, 10), and at most one more, pointwise "linear"
        (10,); its outputs are logits
    """
    # BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    modules = [
        {
            "kind": "linear",
            "weights": rng.normal(scale=np.sqrt(2 / 784), size=(784, hidden)).astype("float32"),
        },
        {"kind": "pointwise", "activation": "relu", "bias": np.zeros(hidden, "float32")},
        {
            "kind": "linear",
            "weights": rng.normal(scale=np.sqrt(2 / hidden), size=(hidden, 10)).astype("float32"),
        },
        {"kind": "pointwise", "activation": "linear", "bias": np.zeros(10, "float32")},
    ]
    targets = np.eye(10, dtype="float32")[y_train]
    for epoch in range(epochs):
        order = rng.permutation(len(x_train))
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            modules = sgd_step(modules, x_train[rows], targets[rows], 0.2 * 0.7**epoch)
    return modules
    # END SOLUTION


# %% tags=["explore"]
stepped = sgd_step(
    [{"kind": "linear", "weights": np.zeros((1, 2))}], np.ones((1, 1)), np.array([[1.0, 0.0]]), 1.0
)
show_beside("weights (0, 0) after one step", [[0.5, -0.5]], stepped[0]["weights"].tolist())

# %% [markdown]
# First a ritual that costs seconds and saves afternoons. Before any training the loss must be near ln 10 = 2.303: the
# network has no idea, and should say so. And twenty images must be learned by heart; a network that cannot do
# that has a bug.

# %% tags=["explore"]
mnist = labkit.data.load_mnist()
x_train, x_test = (
    images.reshape(-1, 784).astype("float32") / 255 for images in (mnist.x_train, mnist.x_test)
)
t_train = np.eye(10, dtype="float32")[mnist.y_train]


def measure(modules: list[dict], x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Loss and accuracy of a chain."""
    logits = forward(modules, x)[-1]
    value, _ = loss("cross_entropy", logits, np.eye(10, dtype="float32")[y])
    return value, float((logits.argmax(axis=1) == y).mean())


untrained = train_mlp(x_train[:100], mnist.y_train[:100], epochs=0)
print(f"loss before training: {measure(untrained, x_train, mnist.y_train)[0]:.3f} (no idea: 2.303)")
by_heart = untrained
for _ in range(200):
    by_heart = sgd_step(by_heart, x_train[:20], t_train[:20], 0.2)
print(
    "twenty images by heart: loss {:.4f}, accuracy {:.0%}".format(
        *measure(by_heart, x_train[:20], mnist.y_train[:20])
    )
)

# %% [markdown]
# Now all 60,000, by hand and in Keras with the same settings (two different random starts: the curves should run
# together, not coincide). As the functions start anew at each call, the curve by hand is one training for each
# length.

# %% tags=["explore"]
import keras

by_hand = [
    measure(train_mlp(x_train, mnist.y_train, epochs=epochs), x_test, mnist.y_test)[1]
    for epochs in range(1, 6)
]
keras.utils.set_random_seed(0)
same = keras.Sequential(
    [
        keras.Input((784,)),
        keras.layers.Dense(128, "relu", kernel_initializer="he_normal"),
        keras.layers.Dense(10, kernel_initializer="he_normal"),
    ]
)
schedule = keras.optimizers.schedules.ExponentialDecay(0.2, 1875, 0.7, staircase=True)
same.compile(keras.optimizers.SGD(schedule), keras.losses.CategoricalCrossentropy(from_logits=True))
in_keras = []
for _ in range(5):
    labkit.fit(same, x_train, t_train, batch_size=32, epochs=1, verbose=0)
    in_keras.append(float((same.predict(x_test, verbose=0).argmax(axis=1) == mnist.y_test).mean()))
print("by hand ", [f"{a:.2%}" for a in by_hand])
print("in Keras", [f"{a:.2%}" for a in in_keras])

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(8, 4.2), layout="constrained")
figure.suptitle("128 hidden units, five epochs: accuracy on the test digits")
axis = figure.subplots()
axis.plot(range(1, 6), 100 * np.array(by_hand), "o-", color="black", label="NumPy, your backpropagation")
axis.plot(range(1, 6), 100 * np.array(in_keras), "s--", color="0.35", label="Keras, the same settings")
for height, text in ((92.5, "softmax regression (lab 01): 92.5 %"), (97.0, "full points: 97 %")):
    axis.axhline(height, color="0.7", linestyle=":")
    axis.annotate(
        text, (5, height), xytext=(0, 3), textcoords="offset points", ha="right", fontsize=9, color="0.3"
    )
axis.set(xlabel="epoch", ylabel="right, %", xticks=range(1, 6), ylim=(92, 98.5))
axis.legend(frameon=False, loc="center right")
figure.show()

# %% tags=["explore"]
trained = train_mlp(x_train, mnist.y_train)
labkit.plots.weight_images(
    trained[0]["weights"][:, :20], captions=[""] * 20, title="What the first 20 hidden units look for"
).show()


# %% tags=["quiz"]
def quiz_2_8() -> str:
    """You begin with all weights 0, also those of the hidden layer. ReLU, cross-entropy, biases 0. What happens?

    a) It learns as usual, a little more slowly.
       -> No gradient arrives at either weight matrix: one is multiplied by values that are 0, one by weights that are.
    b) All weights grow together until they overflow.
       -> They do not move at all.
    c) Nothing but the last bias learns: the network answers with the frequency of each class.
       -> Hidden values are 0, so the upper weights get no gradient; the upper weights are 0, so nothing comes down.
    d) Only the first layer learns.
       -> Its gradient comes down through the upper weights, and these are 0.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## What to take along
#
# - Backpropagation is the chain rule in an order in which everything is computed once: gradients from the last module
#   to the first, each from the one above, all with the values and weights of the forward pass.
# - A module knows itself and nothing else. That is why frameworks can put them together at will, and why a bug can be
#   found module by module.
# - Whatever is used several times gets the sum of what comes back.
# - Test a gradient with central differences at $h = 10^{-5}$ in float64, or with Taylor remainders. "The loss goes
#   down" is no test.
# - Loss near ln 10 before training; twenty images by heart; then the real thing.
#
# ## Going further
#
# No points, no right answers; an evening each.
#
# 1. Add a module of your own, with forward and backward: a softmax, a layer that adds its input to its output (lab 09
#    calls it a bypass), or a convolution (lab 05). Test it with 2.5.
# 2. Take `Variable` further, until `Variable` and your `graph_gradients` can train the network of 2.2: subtraction, a
#    sigmoid from `exp`, a loss. How many nodes does one step record, and where does the time go?
