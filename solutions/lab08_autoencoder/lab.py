# labkit: lab08_autoencoder

# %% [markdown]
# # Lab 08: Autoencoders, sparsity, sparse coding
#
# **Aim.** Learn what a digit *is* without ever being told its name. A network that has to repeat its input after
# squeezing it through a few numbers must find out which numbers matter. You begin with the network of the last
# lecture (8.1), find out that without its non-linearity it is PCA in disguise (8.2), write digits as sums of a few
# parts (8.3, 8.8), make a network do the same (8.4, 8.5), clean noisy digits (8.6), walk from one digit to another
# (8.7) and end with the best code of 32 numbers that a budget of training buys (8.9).
#
# **The lecture** (Rousseau, from "Sparse Coding" to "Autoencoder Regularization"; Goodfellow et al., chapter 14). An
# *encoder* makes a code $z$ of the input $x$, a *decoder* makes $y$ of the code, and learning needs no labels,
# because the target of $x$ is $x$. With a code as large as the input the network could simply copy it. Something must
# forbid that: a **small** code (8.1, 8.2, 8.9), a **sparse** code (8.3, 8.4, 8.8) or a **damaged** input (8.6).
#
# **One ruler for everything.** Reconstructions are compared by the mean squared error per pixel, on the 10,000 test
# digits, with pixels in [0, 1]. Three levels to remember: answering with the mean image costs **0.0675**, PCA
# with 32 numbers **0.0168**, and a good network with 32 numbers stays under **0.0075**. (Papers often give the sum
# over the 784 pixels instead: multiply by 784.)
#
# **Afterwards you can** build models that share layers; say what a linear network can learn and what not; compute a
# sparse code and measure how sparse it is; and tell which of three means keeps a network from copying.
#
# **You should know** labs 01 and 03, eigenvectors of a symmetric matrix, and what a projection is.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this file.
# Rows are examples: `x` is (n, d). Your functions never change their arguments. The cells between the questions that
# load digits, train or draw are for looking; they are not graded. `labkit.fit` is `model.fit`, only faster. The
# slowest cells take about a minute (8.2, 8.5). Stuck? Hints come in steps:
# folded in the notebook, by `labkit hint 8.3` for a script. Where a slide has
# slipped, a folded line at the end of the section says so.
#
# | question | points | hidden | minutes |
# |---|---|---|---|
# | 8.1 An autoencoder | 12 | 1 | 20 |
# | 8.2 PCA, and the network that finds it | 15 | 2 | 25 |
# | 8.3 Sparse coding | 14 | 3 | 30 |
# | 8.4 A sparse autoencoder | 16 | 5 | 40 |
# | 8.5 How sparse is it? | 8 | 2 | 15 |
# | 8.6 Removing noise | 11 | 1 | 15 |
# | 8.7 A walk in code space | 7 | 2 | 10 |
# | 8.8 Dictionary and encoder together | 10 | 3 | 30 |
# | 8.9 The best code of 32 numbers | 7 | 4 | 30 |
#
# *Hidden* points are given by checks of the same kinds with other inputs, which run only in grading.
#
# **What is allowed.** The grader looks at what your functions answer, not at how. PCA, ISTA and 8.8 are meant for
# NumPy: `sklearn.decomposition.PCA` passes 8.2, too, and is a good way to compare. Networks are Keras'.
#
# The grader does not run the cells tagged explore: what your functions need must be imported or defined outside
# them.
# Models are one chain of Keras' own layers, begun with `keras.Input(shape)`. The grader cannot rebuild `Lambda`,
# `PReLU`, `Normalization` (batch and layer normalization are fine), layers or activations of your own, and branches.
#
# In 8.1, 8.2, 8.4 and 8.6 the grader trains your models itself. A fixed learning rate, please: where the grader
# trains your model, a schedule becomes its first value, and weight constraints are left out. In 8.1 and 8.6 it also
# compares the compiled loss with the bare error: no weight regularizers there; AdamW's weight decay is fine.

# %%
from __future__ import annotations

import keras
import numpy as np

import labkit

# %% tags=["explore"]
mnist = labkit.data.load_mnist()
x_train = mnist.x_train.reshape(-1, 784).astype("float32") / 255
x_test = mnist.x_test.reshape(-1, 784).astype("float32") / 255
shown = x_test[:10]


def test_error(reconstructed: np.ndarray) -> float:
    """Mean squared error per pixel against the test digits."""
    return float(np.mean((reconstructed - x_test) ** 2))


def with_errors(rows: dict[str, np.ndarray], clean: np.ndarray = shown) -> dict[str, np.ndarray]:
    """The rows of a figure, their errors against the clean digits in their names."""
    return {
        name if images is clean else f"{name}\nMSE {np.mean((images - clean) ** 2):.4f}": images
        for name, images in rows.items()
    }


print(f"mean image: {test_error(x_train.mean(axis=0)):.4f}")

# %% [markdown]
# ## 8.1 An autoencoder
#
# Rousseau, "Autoencoders": an encoder with $K$ hidden units and a decoder back to the $d$ pixels,
#
# $$z_k = \sigma\Big(\sum_{i=1}^{d} W_{ki} x_i + b_k\Big), \qquad y_j = \sum_{k=1}^{K} D_{jk} z_k + c_j .$$
#
# With biases, which Keras makes by default and which we want here, 784-32-784 has **50,992** numbers to learn;
# without them 50,176.
#
# Pixels lie in [0, 1], so the decoder ends in a sigmoid. The activation of the code is yours to choose; but look at
# it before you train: a relu unit that is 0 for every digit at the start has gradient 0 and stays dead for ever.
# As a loss take the squared error (the slide's $E = \frac12 \sum_n \lVert y_n - x_n \rVert^2$ without the ½, and as a
# mean: the same minimum) or binary cross-entropy, which reads a pixel as the probability of ink.
#
# Three models come back that **share their layers**: `autoencoder(x)` is `decoder(encoder(x))`, not only now but also
# after the autoencoder was trained. Build the layers once and put the same objects into several models. And one
# trap: *softmax* at the end would make the 784 pixels sum to 1, as if they were classes.
#
# The grader trains four epochs of 20,000 digits in batches of 128. It also looks at the code before any training: at
# least half of its units must answer differently to different digits.
#
# <details><summary>Errata of the slides</summary>
#
# Rousseau's slide uses the letter $D$ for two things, the number of inputs and the decoder's matrix; here the inputs
# are $d$ = 784. It also leaves out the biases.
#
# </details>

# %% tags=["explore"]
labkit.plots.network(
    [("x", (784,)), ("encoder\n25,120 numbers", (32,)), ("decoder\n25,872", (784,))],
    title="An autoencoder: out should come what went in",
    alt="784 pixels x, an encoder of 25,120 numbers to a code of 32, a decoder of 25,872 numbers back to 784 pixels.",
).show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: shared layers</summary>
#
# Build encoder and decoder as two small `Sequential`s, each with its `Input`; then
# `keras.Sequential([encoder, decoder])` uses the very same layers.
#
# </details>
# <details><summary>Hint 2: the activations</summary>
#
# The decoder ends in `sigmoid`. For the code relu works with the default initial weights; linear and sigmoid do, too.
#
# </details>


# %%
def build_autoencoder(code_size: int = 32) -> tuple[keras.Sequential, keras.Sequential, keras.Sequential]:
    """A 784-code-784 autoencoder, and its two halves.

    code_size : units of the code
    returns : (autoencoder, encoder, decoder), three keras.Sequential that share their layers: one Dense layer
        with biases each way. Inputs (n, 784) in [0, 1], code (n, code_size) with any activation, outputs
        (n, 784) sigmoid. The autoencoder is compiled with squared error or binary cross-entropy and an optimizer
        that gets below the mean image's error (0.0675) in four epochs of 20,000 digits in batches of 128.
    source : Rousseau, "Autoencoders"
    """
    # BEGIN SOLUTION
    encoder = keras.Sequential([keras.Input((784,)), keras.layers.Dense(code_size, activation="relu")])
    decoder = keras.Sequential([keras.Input((code_size,)), keras.layers.Dense(784, activation="sigmoid")])
    autoencoder = keras.Sequential([encoder, decoder])
    autoencoder.compile(loss="binary_crossentropy", optimizer="adam")
    return autoencoder, encoder, decoder
    # END SOLUTION


# %% [markdown]
# First two looks: a fresh network answers with grey, an error near 0.23, as a sigmoid begins at ½; and twenty
# digits must be learned by heart, far below the error of the mean image.

# %% tags=["explore"]
model = build_autoencoder(32)[0]
print(f"fresh: {np.mean((model.predict(x_train[:1000], verbose=0) - x_train[:1000]) ** 2):.3f}")
labkit.fit(model, x_train[:20], x_train[:20], batch_size=20, epochs=500, verbose=0)
print(f"twenty by heart: {np.mean((model.predict(x_train[:20], verbose=0) - x_train[:20]) ** 2):.4f}")

# %% [markdown]
# Your first reconstructions. What is kept, what is lost? Ten epochs take about ten seconds.

# %% tags=["explore"]
autoencoder, encoder, decoder = build_autoencoder(32)
autoencoder.summary()  # 50,992 parameters
labkit.fit(autoencoder, x_train, x_train, batch_size=128, epochs=10, verbose=0)
y_autoencoder = autoencoder.predict(x_test, batch_size=1000, verbose=0)
print(f"784-32-784: test error {test_error(y_autoencoder):.4f}")
labkit.plots.image_rows(
    with_errors({"input": shown, "autoencoder, 32": y_autoencoder[:10]}), title="Digits through 32 numbers"
).show()


# %% tags=["quiz"]
def quiz_8_1() -> float:
    """How many numbers does the autoencoder 784-16-784 learn, biases included?

    = 25088 -> Those are the weights. The 16 units of the code and the 784 of the output have biases.
    = 12560 -> That is the encoder; the decoder has weights of its own, and 784 biases.
    = 13328 -> That is the decoder; the encoder has weights of its own, and 16 biases.
    = 25104 -> The 784 outputs have biases as well.
    """
    # BEGIN SOLUTION
    return 25888
    # END SOLUTION


# %% tags=["quiz"]
def quiz_8_1_softmax() -> str:
    """What goes wrong if the decoder ends in a softmax?

    a) Pixels could become negative.
       -> Exponentials never are. A linear layer could do that.
    b) Each pixel becomes 0 or 1.
       -> Softmax never rounds. And in a digit with 100 bright pixels each could get 0.01 at most.
    c) Nothing: the values lie between 0 and 1, as pixels do.
       -> They do, but they also sum to 1. A sigmoid decides for each pixel alone.
    d) All 784 pixels together sum to 1, so each is nearly black.
       -> Softmax shares out one unit of ink, as if the pixels were classes of which one is right.
    """
    # BEGIN SOLUTION
    return "d"
    # END SOLUTION


# %% [markdown]
# ## 8.2 PCA, and the network that finds it
#
# Rousseau, "Autoencoder and dimensionality reduction": take the non-linearities away and $y = D(Wx)$ is a projection
# onto $K$ directions. The best such projection is known without any training: **principal component analysis**. With
# the mean $\mu$ of the data and the $k$ eigenvectors of the covariance that have the largest eigenvalues, as rows
# of $V$,
#
# $$z = V (x - \mu), \qquad y = \mu + V^\top z .$$
#
# The rows of $V$ are orthonormal, the first catches the most variance, and no linear autoencoder can have a smaller
# error on the data that it was fitted to. For 60,000 × 784 numbers do not decompose the data but the 784 × 784
# covariance (`numpy.linalg.eigh`, which sorts its eigenvalues upwards).
#
# Known results: fitted on the training digits, PCA with 30 components has a squared error of **13.866** per test
# digit, summed over the pixels (Hinton and Salakhutdinov print 13.87 in Science, 2006), and with 32 components
# **0.01683** per pixel. Your code should find both.
#
# Then let gradient descent find it. A linear autoencoder trained on the squared error ends up within a few per cent
# of PCA and in (almost) the same subspace. Not with the same directions, though: $D M$ and $M^{-1} W$ describe the
# same network for every invertible $M$, and descent has no reason to prefer orthogonal axes. (The grader sets its own
# small initial weights before it trains your network; yours do not matter here.)

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the covariance</summary>
#
# `centred = x - x.mean(axis=0)`, then `centred.T @ centred / len(x)`: (d, d).
#
# </details>
# <details><summary>Hint 2: the directions</summary>
#
# `np.linalg.eigh` gives eigenvectors in *columns*, the smallest eigenvalue first. Take the last k columns, turn
# their order round, and transpose: (k, d).
#
# </details>
# <details><summary>Hint 3: the network</summary>
#
# As in 8.1, without any activation, with `mean_squared_error` and Adam.
#
# </details>


# %%
def pca(x: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the rows and the k orthonormal directions of largest variance around it.

    x : (n, d) float; not changed
    k : number of components, at most d
    returns : mean (d,), components (k, d) with orthonormal rows, largest variance first; signs are free
    source : Rousseau, "Autoencoder and dimensionality reduction"
    """
    # BEGIN SOLUTION
    mean = x.mean(axis=0)
    centred = x - mean
    covariance = centred.T @ centred / len(x)
    _, directions = np.linalg.eigh(covariance)  # in columns, the smallest variance first
    return mean, directions[:, ::-1][:, :k].T
    # END SOLUTION


# %% tags=["explore", "example"]
def on_one_line(x: np.ndarray) -> np.ndarray:
    """Points moved to the line on which your first component lies."""
    mean, components = pca(x, 1)
    return mean + (x - mean) @ components.T @ components


diagonal = np.array([[0.0, 0], [2, 2], [4, 4], [1, 3], [3, 1]])
print(labkit.example(on_one_line, diagonal, gives=np.array([[0.0, 0], [2, 2], [4, 4], [2, 2], [2, 2]])))


# %%
def build_linear_autoencoder(code_size: int) -> tuple[keras.Model, keras.Model, keras.Model]:
    """An autoencoder without any non-linearity, and its two halves.

    code_size : units of the code
    returns : (autoencoder, encoder, decoder) that share their layers: 784-code-784, linear both ways, with or
        without biases. The autoencoder is compiled with the squared error and an optimizer that comes within 5 %
        of the test error of PCA in eight epochs of 20,000 digits in batches of 128.
    source : Rousseau, "Autoencoder and dimensionality reduction"
    """
    # BEGIN SOLUTION
    encoder = keras.Sequential([keras.Input((784,)), keras.layers.Dense(code_size)])
    decoder = keras.Sequential([keras.Input((code_size,)), keras.layers.Dense(784)])
    autoencoder = keras.Sequential([encoder, decoder])
    autoencoder.compile(loss="mean_squared_error", optimizer="adam")
    return autoencoder, encoder, decoder
    # END SOLUTION


# %% tags=["explore"]
mean, components = pca(x_train, 331)


def through_pca(x: np.ndarray, k: int) -> np.ndarray:
    """Digits rebuilt from k principal components."""
    return mean + (x - mean) @ components[:k].T @ components[:k]


print(f"PCA-30: {784 * test_error(through_pca(x_test, 30)):.3f} summed over the pixels")
print(f"PCA-32: {test_error(through_pca(x_test, 32)):.5f} per pixel")
labkit.plots.weight_images(
    components[:32].T, title="The 32 directions in which digits vary most", columns=16, own_scale=True
).show()

# %% [markdown]
# Now both kinds of network for several sizes of the code. Below about ten numbers the single sigmoid layer has
# nothing over PCA; the advantage of the curve at the bottom, a network with one more layer on each side, is depth.
# (You will write that network in 8.9.)

# %% tags=["explore"]
linear, linear_encoder, linear_decoder = build_linear_autoencoder(32)
labkit.fit(linear, x_train, x_train, batch_size=128, epochs=5, verbose=0)
error, floor = (
    test_error(linear.predict(x_test, batch_size=1000, verbose=0)),
    test_error(through_pca(x_test, 32)),
)
learned, _ = np.linalg.qr(linear_decoder.get_weights()[0].T)
overlap = np.linalg.norm(components[:32] @ learned) ** 2 / 32
print(
    f"linear autoencoder: {error:.5f}, {error / floor - 1:+.1%} of PCA; {overlap:.1%} of its subspace is PCA's"
)
labkit.plots.weight_images(
    linear_decoder.get_weights()[0].T,
    title="What the linear autoencoder found: the same space, other axes",
    columns=16,
    own_scale=True,
).show()

# %% tags=["explore"]
sizes = (2, 4, 8, 16, 32, 64)
errors = {
    "PCA": {k: test_error(through_pca(x_test, k)) for k in (*sizes, 128)},
    "784-code-784": {},
    "deep": {},
}
for size in sizes:
    shallow = build_autoencoder(size)[0]
    deep = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(size),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(784, activation="sigmoid"),
        ]
    )
    deep.compile(loss="binary_crossentropy", optimizer="adam")
    for name, model in (("784-code-784", shallow), ("deep", deep)):
        labkit.fit(model, x_train, x_train, batch_size=128, epochs=5, verbose=0)
        errors[name][size] = test_error(model.predict(x_test, batch_size=1000, verbose=0))
labkit.plots.curves(
    errors,
    levels={f"mean image\n{test_error(mean):.4f}": test_error(mean)},
    title="Error against code size",
    xlabel="numbers in the code",
    ylabel="test error (MSE per pixel)",
    logarithmic="xy",
).show()


# %% tags=["quiz"]
def quiz_8_2() -> str:
    """A linear autoencoder with 32 units was trained to the end on the squared error. What does it share with PCA-32?

    a) The axes: each unit's weights are a principal component.
       -> Every invertible mixture of the axes gives the same reconstructions; descent has no favourite.
    b) The reconstruction error, up to a few per cent.
       -> PCA is the best there is without a non-linearity, and descent finds it.
    c) The 32-dimensional subspace on which digits are projected.
       -> There is (almost always) one best subspace, and both have it.
    d) Codes whose parts are uncorrelated.
       -> That is a property of PCA's axes, and a mixture of them loses it.
    """
    # BEGIN SOLUTION
    return "bc"
    # END SOLUTION


# %% tags=["quiz"]
def quiz_8_2_error() -> float:
    """PCA with 32 components leaves a squared error of 13.193 per test digit, summed over its pixels. What is that
    per pixel?

    tolerance: 0.0001
    = 0.41228 -> You divided by the 32 components; the error was summed over the pixels.
    = 0.47118 -> You divided by 28, the pixels of a row; a digit has 28·28.
    = 0.12972 -> That is its square root; the mean squared error keeps the square.
    """
    # BEGIN SOLUTION
    return 0.0168278
    # END SOLUTION


# %% [markdown]
# ## 8.3 Sparse coding
#
# Rousseau, "Sparse coding" (after Olshausen and Field, 1996). Another way to keep a code from being a copy: let it
# have *more* numbers than the input, and demand that nearly all of them are 0. The columns $\varphi_k$ of a
# **dictionary** $\Phi$ are parts, strokes say, and each image is a sum of a few of them. The code of one image $x$ is
#
# $$\min_a \; \lVert x - \Phi a \rVert_2^2 + \lambda \lVert a \rVert_1 .$$
#
# Whoever learns the dictionary as well must bound it, $\lVert \varphi_k \rVert \le 1$ (see 8.8). Otherwise the
# penalty can be cheated: double $\Phi$, halve $a$, and the sum is the same at half the price.
#
# The code has no formula, but a simple algorithm. **ISTA** takes a gradient step on the square, then pays
# the penalty by moving every value towards 0 by as much as $\lambda$ allows:
#
# $$a \leftarrow S_{\lambda/L}\!\left(a - \tfrac{1}{L} \cdot 2\Phi^\top(\Phi a - x)\right), \qquad
# S_t(v) = \operatorname{sign}(v)\,\max(|v| - t, 0), \qquad L = 2\lVert \Phi \rVert_2^2 ,$$
#
# with $\lVert \Phi \rVert_2$ the largest singular value. $L$ is how fast the gradient can change; with the step $1/L$
# the objective never rises. Mind the 2, it comes from the square: for an orthonormal dictionary $L = 2$, one step is
# the whole solution, and the threshold is $\lambda/2$, not $\lambda$.
#
# To check by hand: $\Phi$ = identity, $x$ = (0.8, 0.3, −0.1), λ = 0.4 gives $a$ = **(0.6, 0.1, 0)**. And with one
# part too many, $\Phi$ = [[1, 0, 0.6], [0, 1, 0.8]], $x$ = (0.6, 0.8), λ = 0.1: the code is **(0, 0, 0.95)**,
# objective **0.0975**. Two parts would do it as well, (0.6, 0.8, 0) without any error; but that code costs 0.14.
#
# <details><summary>Erratum of the slides</summary>
#
# Rousseau minimises over the dictionary as well, without bounding it.
#
# </details>

# %% tags=["explore"]
labkit.plots.arrays(
    {
        "x, and Φ is the identity": np.array([0.8, 0.3, -0.1]),
        "a, at the beginning": np.zeros(3),
        "a step down the square:\na − gradient / L": np.array([0.8, 0.3, -0.1]),
        "every value moved towards 0\nby λ/L = 0.2": np.array([0.6, 0.1, 0]),
    },
    title="One step of ISTA, λ = 0.4, L = 2",
    signs=["", "→", "→"],
    alt="With the identity as dictionary the code begins at 0, 0, 0; the step down the square leads to x, that is 0.8, "
    "0.3, -0.1; moved towards 0 by 0.2 it is 0.6, 0.1, 0.",
).show()
figure = labkit.plots.curves(
    {"S_t(v), t = 0.5": {-2: -1.5, -0.5: 0, 0.5: 0, 2: 1.5}, "v": {-2: -2, 2: 2}},
    title="Soft thresholding: small values become 0, the others are moved",
    xlabel="v",
    ylabel="value",
)
figure.show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the threshold</summary>
#
# Sign times what is left of the size: `np.maximum(np.abs(v) - t, 0)`.
#
# </details>
# <details><summary>Hint 2: one step</summary>
#
# The gradient of the square, a step of 1/L against it, then `soft_threshold` with `penalty / L`.
#
# </details>
# <details><summary>Hint 3: what comes back</summary>
#
# The objective *after* each step, as a list of numbers; $L$ is computed once, `np.linalg.norm(dictionary, 2)` is the
# largest singular value.
#
# </details>


# %%
def soft_threshold(v: np.ndarray, t: float) -> np.ndarray:
    """Every value moved towards 0 by t, and to 0 where it is not larger than that.

    v : array of floats of any shape, positive or negative; not changed
    t : threshold, 0 or more
    returns : array like v
    source : the proximal step of the L1 norm; Rousseau, "Sparse coding"
    """
    # BEGIN SOLUTION
    return np.sign(v) * np.maximum(np.abs(v) - t, 0)
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(soft_threshold, np.array([-1.5, -0.3, 0, 0.2, 2]), 0.5, gives=np.array([-1, 0, 0, 0, 1.5]))
)


# %%
def ista(x: np.ndarray, dictionary: np.ndarray, penalty: float, steps: int) -> tuple[np.ndarray, list[float]]:
    """A sparse code of one vector by iterative soft thresholding, from 0, with step 1/L, L = 2 |dictionary|_2^2.

    x : (d,) float
    dictionary : (d, k) float, an atom in each column
    penalty : lambda
    steps : how many
    returns : code (k,), and the objective |x - dictionary a|_2^2 + penalty |a|_1 after each step
    source : Rousseau, "Sparse coding"; Daubechies et al., 2004
    """
    # BEGIN SOLUTION
    lipschitz = 2 * np.linalg.norm(dictionary, 2) ** 2
    code = np.zeros(dictionary.shape[1], dtype=dictionary.dtype)
    objective = []
    for _ in range(steps):
        gradient = 2 * dictionary.T @ (dictionary @ code - x)
        code = soft_threshold(code - gradient / lipschitz, penalty / lipschitz)
        error = x - dictionary @ code
        objective.append(float(error @ error + penalty * np.abs(code).sum()))
    return code, objective
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(
        ista,
        *(np.array([0.8, 0.3, -0.1]), np.eye(3)),
        penalty=0.4,
        steps=1,
        gives=(np.array([0.6, 0.1, 0]), [0.37]),
    )
)


# %% [markdown]
# Try it on a digit. The dictionary are 500 other digits, scaled to length 1: which of them, added and subtracted,
# make a new one? Without the penalty nearly all take part; with it about twenty, and most of the largest show the
# same numeral.

# %% tags=["explore"]
chosen = np.random.default_rng(0).permutation(60_000)[:500]
others = x_train[chosen].T / np.linalg.norm(x_train[chosen], axis=1)
digit = x_test[3]
a, objective = ista(digit, others, penalty=2.0, steps=3000)  # these parts are alike, so it takes long
largest = np.argsort(-np.abs(a))[:8]
print(f"{np.count_nonzero(a)} of 500 parts; the largest show {mnist.y_train[chosen[largest]]}")
labkit.plots.digits(
    np.concatenate([[digit, np.clip(others @ a, 0, 1)], x_train[chosen[largest]]]),
    ["digit", "its sum", *(f"{a[part]:+.2f}" for part in largest)],
    title="A digit as a sum of other digits, the eight largest terms",
).show()


# %% tags=["quiz"]
def quiz_8_3() -> float:
    """The dictionary is the identity, so each value of the code is for itself. A pixel is 0.5 and λ is 0.6: which
    value has its code in min (x - a)² + λ|a|?

    tolerance: 0.001
    = 0 -> The threshold is λ/2, as the derivative of the square is 2(a - x). 0.3 is less than 0.5.
    = 0.5 -> That is the code without a price; it is moved towards 0 by λ/2.
    = 0.8 -> Towards 0, not away from it.
    = -0.1 -> You moved it by λ and beyond 0. The threshold is λ/2, and nothing is moved beyond 0.
    """
    # BEGIN SOLUTION
    return 0.2
    # END SOLUTION


# %% [markdown]
# ## 8.4 A sparse autoencoder
#
# ISTA solves a small problem for each image anew. A network can learn to *guess* the answer: put the same price
# on its code, and let training do the rest. The loss of one sample becomes
#
# $$\ell(y, x) + \lambda \sum_k |z_k| ,$$
#
# and the loss of a batch is the mean over its samples, for **both** terms; otherwise λ would mean something else for
# every batch size. In Keras the penalty is an *activity regularizer* on the layer that makes the code (or the layer
# `keras.layers.ActivityRegularization(l1=...)` right after it). Three details decide what you get:
#
# - An *activity* regularizer, not a *kernel* regularizer: that one makes weights sparse.
# - It counts what the layer puts out. If the activation is a layer of its own, the price belongs behind that.
# - Keras before 3.14 divided wrongly, and the price depended on the batch size. Today it is per sample; correct
#   nothing.
#
# The L1 penalty has a weakness that you know from 8.3: the scale of the code is free. A network pays less by
# making the code small and the decoder large; units that are charged more than they earn go dead and never come back.
# So look at three numbers together, measured by the grader after **five epochs** on 60,000 digits in batches of 128,
# with your default penalty: the share of units that say more than 0.001 about a test digit (*active*), the share that
# are silent for all test digits (*dead*), and the error when the silent values are set to exactly 0.
#
# | | active | dead | error |
# |---|---|---|---|
# | to pass | ≤ 30 % | ≤ 25 % | ≤ 0.012 |
# | full marks | ≤ 15 % | ≤ 5 % | ≤ 0.012 |
#
# Between 30 % and 15 % active units part of the points are given, if at most 5 % are dead; all with the default
# `code_size` of 128.
#
# A relu layer with an L1 price of 3.5e-4 and squared error passes: 28 %, 20 %, 0.0104. To get further, keep every
# unit in the game, so that each has its share of the digits to begin with. And say nothing rather than a little:
# Keras' `ReLU(threshold=...)` cuts off small values without shifting the others, unlike $S_t$ in 8.3. The default of
# `penalty` below is a proposal; set it to what your network needs.
#
# The older way to the same end asks each unit to be active a share ρ of the time, and measures the distance between
# that wish and the mean activation $m_k$ over the samples by the Kullback-Leibler divergence of two coins:
#
# $$\sum_k \rho \ln\frac{\rho}{m_k} + (1-\rho) \ln\frac{1-\rho}{1-m_k} .$$
#
# It needs activations between 0 and 1. A unit with $m_k = 0$ would cost infinitely much, so keep $m_k$ inside
# $[10^{-7}, 1 - 10^{-7}]$.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: to pass</summary>
#
# `Dense(code_size, activation="relu", activity_regularizer=keras.regularizers.L1(penalty))`, squared error, and
# 3.5e-4 as the default of `penalty`.
#
# </details>
# <details><summary>Hint 2: every unit in the game</summary>
#
# `BatchNormalization` between `Dense` and relu gives every unit the same spread at the start. With `scale=False` it
# cannot make the code small to save the price.
#
# </details>
# <details><summary>Hint 3: nothing rather than a little</summary>
#
# `Dense`, `BatchNormalization`, `ReLU(threshold=1.0)`, `ActivityRegularization(l1=penalty)`, in this order. KL: mean
# over the samples first, `np.clip`, then the formula, summed over the units.
#
# </details>


# %%
def build_sparse_autoencoder(
    code_size: int = 128, penalty: float = 1.5e-4
) -> tuple[keras.Model, keras.Model, keras.Model]:
    """An autoencoder whose code costs penalty * sum |code| per sample, and its two halves.

    code_size : units of the code
    penalty : lambda, the price of one unit of activation; change the default to what your network needs
    returns : (autoencoder, encoder, decoder) that share their layers. Inputs (n, 784) in [0, 1], code
        (n, code_size), outputs (n, 784). The autoencoder is compiled with squared error or binary cross-entropy; its
        loss is that plus the penalty, both averaged over the batch.
    source : Rousseau, "Sparse coding" and "Autoencoder Regularization"
    """
    # BEGIN SOLUTION
    encoder = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(code_size),
            keras.layers.BatchNormalization(
                scale=False
            ),  # every unit starts with the same share of the digits
            keras.layers.ReLU(threshold=1.0),  # and says nothing rather than a little
            keras.layers.ActivityRegularization(l1=penalty),
        ]
    )
    decoder = keras.Sequential([keras.Input((code_size,)), keras.layers.Dense(784, activation="sigmoid")])
    autoencoder = keras.Sequential([encoder, decoder])
    autoencoder.compile(loss="mean_squared_error", optimizer="adam")
    return autoencoder, encoder, decoder
    # END SOLUTION


# %%
def kl_sparsity(activations: np.ndarray, rho: float) -> float:
    """Sum over the units of KL(rho || mean activation), in nats.

    activations : (n, k) float in [0, 1]
    rho : the mean activation that is wished for, between 0 and 1
    returns : a number, 0 where every unit is active rho of the time; means are kept inside [1e-7, 1 - 1e-7]
    source : the sparsity term of sparse autoencoders (Ng, CS294A lecture notes)
    """
    # BEGIN SOLUTION
    mean = np.clip(activations.mean(axis=0), 1e-7, 1 - 1e-7)
    return float(np.sum(rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean))))
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(kl_sparsity, np.array([[0.1, 0.4], [0.3, 0.6]]), rho=0.2, gives=0.1927)
)  # means 0.2 and 0.5


# %% tags=["quiz"]
def quiz_8_4() -> str:
    """A relu unit of the code has become silent for every training digit. What happens to it from then on?

    a) The price on activations wakes it up again.
       -> A silent unit costs nothing. The price can only push a unit towards silence.
    b) The error wakes it up, as soon as it is needed.
       -> The error cannot see it: through a relu at 0 no gradient gets back.
    c) Nothing: its gradient is 0 for every digit, so it stays dead.
       -> No digit reaches the side of the relu that has a slope; neither error nor price moves its weights.
    d) The decoder learns to use it anyway.
       -> The decoder gets 0 from it, whatever its weights are.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## 8.5 How sparse is it?
#
# "Sparse" is easily said. Four numbers that say it exactly, for codes $z$ of $n$ samples and $k$ units:
#
# - `mean_activation`: the mean of all values;
# - `active_fraction`: the share of all $n \cdot k$ values with $|z| >$ threshold;
# - `dead_units`: the number of units that are active for *no* sample. A dead unit makes the code look sparse and is
#   simply lost;
# - `hoyer`: the mean over the *samples* of Hoyer's measure (2004), which asks how far a sample's values are from all
#   being equal, whatever their scale: 0 for equal values, 1 for a single one,
#
# $$\frac{\sqrt{k} - \lVert z \rVert_1 / \lVert z \rVert_2}{\sqrt{k} - 1} .$$
#
# For a row of zeros the quotient is 0/0; count it as 0.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the axes</summary>
#
# Norms are per sample (`axis=1`), dead units per unit (`axis=0`): active for no sample is `~active.any(axis=0)`.
#
# </details>
# <details><summary>Hint 2: rows of zeros</summary>
#
# Divide by `np.where(two > 0, two, 1)`, and put 0 where the length is 0, before you take the mean.
#
# </details>


# %%
def sparsity(codes: np.ndarray, threshold: float = 1e-3) -> dict[str, float]:
    """Four measures of how sparse codes are.

    codes : (n, k) float, k at least 2, values of either sign; not changed
    threshold : a value is active where its size is larger than this
    returns : dict of mean_activation, active_fraction (in [0, 1]), dead_units (a count), hoyer (in [0, 1])
    source : Hoyer, "Non-negative matrix factorization with sparseness constraints", 2004
    """
    # BEGIN SOLUTION
    active = np.abs(codes) > threshold
    one, two = np.abs(codes).sum(axis=1), np.sqrt((codes**2).sum(axis=1))
    root = np.sqrt(codes.shape[1])
    hoyer = (root - one / np.where(two > 0, two, 1)) / (root - 1)
    return {
        "mean_activation": float(codes.mean()),
        "active_fraction": float(active.mean()),
        "dead_units": int((~active.any(axis=0)).sum()),
        "hoyer": float(np.where(two > 0, hoyer, 0).mean()),
    }
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(
        sparsity,
        np.array([[3.0, 0, 0, 4], [0, 0, 0, 0]]),
        gives={"mean_activation": 0.875, "active_fraction": 0.25, "dead_units": 2, "hoyer": 0.3},
    )
)


# %% [markdown]
# Your network beside the others. A decoder's weights *are* images, one per unit: what your network takes for the
# parts of digits. Those of the dense autoencoder of 8.1 show nothing in particular; those of a sparse one are
# strokes.

# %% tags=["explore"]
sparse, sparse_encoder, sparse_decoder = build_sparse_autoencoder()
labkit.fit(sparse, x_train, x_train, batch_size=128, epochs=5, verbose=0)
z_sparse = sparse_encoder.predict(x_test, batch_size=1000, verbose=0)
y_sparse = sparse_decoder.predict(np.where(np.abs(z_sparse) > 1e-3, z_sparse, 0), batch_size=1000, verbose=0)
print(f"error {test_error(y_sparse):.4f}", sparsity(z_sparse))
labkit.plots.weight_images(
    decoder.get_weights()[0].T, title="Decoder of 8.1: 32 dense units", columns=16, own_scale=True
).show()
strokes = sparse_decoder.get_weights()[0]
alive = (np.abs(z_sparse) > 1e-3).any(axis=0)
if strokes.shape[1:] == (784,):  # each unit of the code makes an image of its own
    labkit.plots.weight_images(
        strokes.T,
        captions=[str(unit) if alive[unit] else f"{unit} dead" for unit in range(len(strokes))],
        title="Decoder of 8.4: 128 sparse units",
        columns=16,
        own_scale=True,
    ).show()

# %% tags=["explore"]
labkit.plots.image_rows(
    with_errors(
        {
            "input": shown,
            "PCA, 32": through_pca(shown, 32),
            "autoencoder, 32": y_autoencoder[:10],
            f"sparse, {np.mean((np.abs(z_sparse) > 1e-3).sum(axis=1)):.0f} of 128": y_sparse[:10],
        }
    ),
    title="One digit, four ways to write it down",
).show()

# %% tags=["explore"]
z_pca = (x_test - mean) @ components[:128].T
z_dense = encoder.predict(x_test, batch_size=1000, verbose=0)
codes = {"PCA": z_pca, "autoencoder (8.1)": z_dense, "sparse (8.4)": z_sparse}
labkit.plots.histogram(
    {f"{name}: {np.mean(np.abs(z) <= 1e-3):.0%} silent": z / z.std() for name, z in codes.items()},
    edges=np.linspace(-4, 8, 61),
    title="How often a unit says how much",
    xlabel="value of a code unit, in standard deviations of its code",
).show()

# %% [markdown]
# The price λ is a slider between exact and sparse. Where is the best place? The grey corner is the one for full
# marks. (The simple network next to yours: a relu layer with an L1 price.)

# %% tags=["explore"]


def simple_sparse(penalty: float) -> tuple[keras.Model, keras.Model, keras.Model]:
    """A relu code with an L1 price, nothing else."""
    price = keras.regularizers.L1(penalty)
    code = keras.layers.Dense(128, activation="relu", activity_regularizer=price)
    image = keras.layers.Dense(784, activation="sigmoid")
    encoder = keras.Sequential([keras.Input((784,)), code])
    decoder = keras.Sequential([keras.Input((128,)), image])
    autoencoder = keras.Sequential([encoder, decoder])
    autoencoder.compile(loss="mean_squared_error", optimizer="adam")
    return autoencoder, encoder, decoder


points = {"relu and L1": [], "yours": []}
for name, build in (
    ("relu and L1", simple_sparse),
    ("yours", lambda price: build_sparse_autoencoder(128, price)),
):
    for price in (5e-5, 1e-4, 2e-4, 4e-4, 8e-4):
        model, to_code, to_image = build(price)
        labkit.fit(model, x_train, x_train, batch_size=128, epochs=5, verbose=0)
        z = to_code.predict(x_test, batch_size=1000, verbose=0)
        y = to_image.predict(np.where(np.abs(z) > 1e-3, z, 0), batch_size=1000, verbose=0)
        points[name].append((price, sparsity(z)["active_fraction"], test_error(y)))
figure = labkit.plots.curves(
    {name: {100 * active: error for _, active, error in triples} for name, triples in points.items()},
    levels={f"PCA, 32\n{floor:.4f}": floor},
    title="What sparsity costs",
    xlabel="active units per digit (%)",
    ylabel="test error (MSE per pixel)",
    limits=(0, 1.08 * max(error for triples in points.values() for _, _, error in triples)),
)
axis = figure.axes[0]
axis.set_xlim(0, 1.12 * axis.get_xlim()[1])  # room for the last label
axis.fill_between([0, 15], 0, 0.012, color="0.9", zorder=0)
axis.annotate("full marks", (0.4, 0.0004), color="0.4", fontsize=9)
for triples, beside, side in zip(points.values(), [(6, 5), (-6, -11)], ["left", "right"], strict=True):
    for price, active, error in triples:
        look = {"textcoords": "offset points", "fontsize": 8, "color": "0.3", "ha": side}
        axis.annotate(f"λ = {price:g}", (100 * active, error), beside, **look)
figure.show()


# %% tags=["quiz"]
def quiz_8_5() -> float:
    """What is Hoyer's measure of the code (3, 0, 0, 4)?

    tolerance: 0.001
    = 0.5 -> That is the share of zeros. Hoyer's measure also asks how unequal the others are.
    = 1.4 -> That is the quotient of the two norms, 7/5; it is subtracted from √4 and scaled.
    = 0.2 -> You divided by √k; the scale is √k - 1.
    = 0.4 -> That is 1.4 - 1; it is √k minus the quotient, 2 - 1.4.
    """
    # BEGIN SOLUTION
    return 0.6
    # END SOLUTION


# %% [markdown]
# ## 8.6 Removing noise
#
# The third way to forbid copying: damage the input and ask for the original. A network that maps $\tilde x = x$ +
# noise to $x$ has to know what digits look like; where the noise is, it must fill in. Rousseau counts noise injection
# among the ways to augment data; here the *target stays clean*.
#
# `add_noise` draws Gaussian noise of standard deviation σ, another value for each pixel of each image, and clips the
# result to [0, 1], as a picture cannot be blacker than black. The seed decides the noise: the same seed, the same
# noise.
#
# `build_denoiser` gives any network from (n, 784) to (n, 784) of at most 5,000,000 weights and 30 million
# multiplications per image; dense layers are far below. The grader trains it, four epochs on 30,000 digits
# with its own noise, σ = 0.4, and measures on test digits by how many decibels the **peak signal-to-noise ratio**
# rises, PSNR = 10 log₁₀(1 / MSE) of each image, mean over the images. The bar is a gain of **6 dB**, an error four
# times smaller. No bottleneck is needed here: a wide hidden layer is better.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the noise</summary>
#
# `np.random.default_rng(seed).normal(scale=sigma, size=x.shape)`, add, `np.clip` to [0, 1], and back to the type of
# `x`.
#
# </details>
# <details><summary>Hint 2: the network</summary>
#
# 784-512-784, relu and sigmoid, is enough. The noise is the grader's: it does not belong into the network.
#
# </details>


# %%
def add_noise(x: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    """Images with Gaussian noise, clipped to [0, 1].

    x : (n, d) or (n, h, w) float in [0, 1]; not changed
    sigma : standard deviation of the noise, before the clipping
    seed : the same seed gives the same noise
    returns : array like x, in [0, 1]; every pixel of every image has noise of its own
    source : Vincent et al., "Extracting and composing robust features with denoising autoencoders", 2008
    """
    # BEGIN SOLUTION
    noise = np.random.default_rng(seed).normal(scale=sigma, size=x.shape)
    return np.clip(x + noise, 0, 1).astype(x.dtype)
    # END SOLUTION


# %% tags=["explore", "example"]
def spread(sigma: float) -> np.ndarray:
    """The standard deviation of your noise on grey images, on black ones, and of what two images have in common."""
    grey = add_noise(np.full((2, 40_000), 0.5), sigma, seed=0) - 0.5
    black = add_noise(np.zeros((1, 40_000)), sigma, seed=0)
    return np.array([grey.std(), black.std(), (grey[0] * grey[1]).mean()]).round(2)


print(labkit.example(spread, 0.1, gives=np.array([0.1, 0.06, 0.0])))  # black: half of it is clipped


# %%
def build_denoiser() -> keras.Sequential:
    """A network that makes clean digits of noisy ones.

    returns : keras.Sequential from (n, 784) to (n, 784), at most 5,000,000 weights, compiled with squared error or
        binary cross-entropy against the clean digit
    source : Vincent et al., 2008
    """
    # BEGIN SOLUTION
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(784, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer="adam")
    return model
    # END SOLUTION


# %% tags=["explore"]
denoiser = build_denoiser()
labkit.fit(denoiser, add_noise(x_train, 0.4, seed=1), x_train, batch_size=128, epochs=5, verbose=0)
noisy = add_noise(x_test, 0.4, seed=2)
cleaned = denoiser.predict(noisy, batch_size=1000, verbose=0)


def psnr(images: np.ndarray) -> float:
    """Peak signal-to-noise ratio against the clean test digits, in dB, mean over the images."""
    return float(np.mean(10 * np.log10(1 / np.mean((images - x_test) ** 2, axis=1))))


print(
    f"PSNR {psnr(noisy):.1f} dB noisy, {psnr(cleaned):.1f} dB cleaned: a gain of {psnr(cleaned) - psnr(noisy):.1f} dB"
)
labkit.plots.image_rows(
    with_errors({"noisy": noisy[:10], "cleaned": cleaned[:10], "clean": shown}),
    title="Noise of σ = 0.4 removed",
).show()


# %% tags=["quiz"]
def quiz_8_6() -> float:
    """By how many decibels does the peak signal-to-noise ratio rise when the mean squared error falls to a quarter?

    tolerance: 0.03
    = 4 -> That is the factor; decibels are ten times its logarithm to base 10.
    = 12.04 -> Twenty times the logarithm is for amplitudes; the squared error takes ten.
    = 0.602 -> That is the logarithm alone, in bel; a decibel is a tenth of it.
    = -6.02 -> The error falls, so the ratio rises.
    """
    # BEGIN SOLUTION
    return 6.0206
    # END SOLUTION


# %% [markdown]
# ## 8.7 A walk in code space
#
# Between a 3 and an 8 there is nothing in pixel space but a faded double exposure: straight lines there leave the set
# of digits at once. (Rousseau, "Curse of dimensionality": in 784 dimensions no example is near another. Points drawn
# at random in a cube lie at distances that differ by half of their mean in two dimensions, by 2 % in 784.) A code of
# 32 numbers that digits were squeezed through has little room for anything but digits, and a straight line *there*
# passes through shapes that nearly are some.
#
# Encode both images, go from one code to the other in equal steps, both ends included, and decode each stop.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the shapes</summary>
#
# `encoder.predict` wants rows: `np.stack([a, b])` is (2, 784).
#
# </details>
# <details><summary>Hint 2: the way</summary>
#
# `np.linspace(0, 1, steps)` as a column: `(1 - way) * start + way * end` is (steps, k). Decode all of it at once.
#
# </details>


# %%
def latent_walk(
    encoder: keras.Model, decoder: keras.Model, a: np.ndarray, b: np.ndarray, steps: int
) -> np.ndarray:
    """Images on the straight way between two codes.

    encoder, decoder : (n, 784) to (n, k) and back; not trained here
    a, b : (784,) float, where the walk begins and ends
    steps : number of images, 2 or more
    returns : (steps, 784); the first is the reconstruction of a, the last that of b, code steps are equal
    source : Rousseau, "Curse of dimensionality"
    """
    # BEGIN SOLUTION
    start, end = encoder.predict(np.stack([a, b]), verbose=0)
    way = np.linspace(0, 1, steps)[:, None]
    return decoder.predict((1 - way) * start + way * end, verbose=0)
    # END SOLUTION


# %% tags=["explore", "example"]
unchanged = keras.Sequential([keras.Input((2,)), keras.layers.Activation("linear")])


def walk(a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """Your latent_walk where the code of two numbers is the image itself."""
    return latent_walk(unchanged, unchanged, a, b, steps)


print(
    labkit.example(
        walk, np.array([0.0, 0]), np.array([1.0, 2]), 3, gives=np.array([[0, 0], [0.5, 1], [1, 2]])
    )
)


# %% tags=["explore"]
a, b = x_test[mnist.y_test == 3][1], x_test[mnist.y_test == 8][1]
labkit.plots.image_rows(
    {
        "in the code": latent_walk(encoder, decoder, a, b, 9),
        "in the pixels": np.linspace(a, b, 9),
    },
    captions=[f"{way:.0%}" for way in np.linspace(0, 1, 9)],
    title="From a 3 to an 8",
).show()

# %% [markdown]
# ## 8.8 Dictionary and encoder together
#
# Rousseau, "Autoencoder Regularization": Kavukcuoglu et al. (2009) join sparse coding and the autoencoder. Code,
# dictionary and encoder are all unknown, and one energy holds them together (their name for it is *predictive sparse
# decomposition*); with the mean over the samples,
#
# $$E = \Big\langle \underbrace{\lVert x - Dz \rVert_2^2 + \lambda \lVert z \rVert_1}_{\text{sparse coding}}
# + \underbrace{\lVert \sigma(Wx) - z \rVert_2^2}_{\text{encoder}} \Big\rangle, \qquad \lVert d_k \rVert_2 = 1 ,$$
#
# with σ the logistic function, $\sigma(u) = 1/(1+e^{-u})$. (The slide leaves out that the columns of $D$ have length
# 1; without it the penalty can be cheated, as in 8.3.) When it is learned, the dictionary decodes, and a new image
# needs no ISTA any more: one pass through the encoder guesses its code.
#
# Learning goes round in circles, each part improved while the others stand still. One round:
#
# 1. **code**: one ISTA step for each sample. The smooth part has the gradient $2D^\top(Dz - x) + 2(z - \sigma(Wx))$,
#    so $L = 2\lVert D \rVert_2^2 + 2$, the step is $1/L$ and the threshold $\lambda/L$;
# 2. **dictionary**: one gradient step on $E$ with the new code and the given learning rate, then every column is
#    divided by its length;
# 3. **encoder**: one gradient step on $E$ with the new code and the same learning rate.

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(7.5, 3.6), layout="constrained")
figure.suptitle("One round: each part moves while the others stand still")
figure.alt = (
    "A circle of three boxes. Code z: one ISTA step for each sample, from D and W. Dictionary D: a gradient step with "
    "the new code, then columns of length 1. Encoder W: a gradient step towards the new code. Then the next round."
)
axis = figure.subplots()
places = {
    "code z\none ISTA step for each sample": (0, 1),
    "dictionary D\na gradient step,\nthen columns of length 1": (1.1, -0.6),
    "encoder W\na gradient step": (-1.1, -0.6),
}
for text, place in places.items():
    box = {"boxstyle": "round,pad=0.5", "facecolor": "0.92", "edgecolor": "0.3"}
    axis.text(*place, text, ha="center", va="center", fontsize=10, bbox=box)
for (start, end), text, beside in [
    (((0.45, 0.62), (0.95, -0.08)), "new z", (0.95, 0.35)),
    (((0.45, -0.6), (-0.62, -0.6)), "the same new z", (-0.08, -0.46)),
    (((-0.95, -0.28), (-0.45, 0.62)), "next round", (-1.02, 0.3)),
]:
    axis.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "0.2", "linewidth": 1.5})
    axis.text(*beside, text, ha="center", fontsize=10)
axis.set(xlim=(-1.9, 1.9), ylim=(-1.15, 1.35))
axis.set_axis_off()
figure.show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: rows and columns</summary>
#
# The formulas have a sample as a column, your arrays have it as a row: $Dz$ is `code @ dictionary.T`, and $Wx$ is
# `x @ encoder.T`.
#
# </details>
# <details><summary>Hint 2: the means</summary>
#
# The code step is for each sample by itself, without 1/n. Dictionary and encoder follow the *mean* over the samples:
# divide by `len(x)`.
#
# </details>
# <details><summary>Hint 3: the encoder</summary>
#
# With $g = \sigma(Wx)$ the derivative of $\lVert g - z \rVert^2$ by $Wx$ is $2(g - z)\, g\, (1 - g)$; its transpose
# times `x` has the shape of `encoder`. $g$ depends on the encoder alone: that of the beginning of the round.
#
# </details>


# %%
def psd_step(
    dictionary: np.ndarray,
    encoder: np.ndarray,
    code: np.ndarray,
    x: np.ndarray,
    penalty: float,
    learning_rate: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One round of predictive sparse decomposition: code, then dictionary, then encoder.

    dictionary : (d, k) float, columns of length 1; not changed
    encoder : (k, d) float; not changed
    code : (n, k) float; not changed
    x : (n, d) float
    penalty : lambda
    learning_rate : step length for dictionary and encoder, on the energy's mean over the samples
    returns : new dictionary (d, k) with columns of length 1, new encoder (k, d), new code (n, k)
    source : Rousseau, "Autoencoder Regularization"; Kavukcuoglu et al., 2009
    """
    # BEGIN SOLUTION
    guess = 1 / (1 + np.exp(-x @ encoder.T))

    lipschitz = 2 * np.linalg.norm(dictionary, 2) ** 2 + 2
    gradient = 2 * (code @ dictionary.T - x) @ dictionary + 2 * (code - guess)
    code = soft_threshold(code - gradient / lipschitz, penalty / lipschitz)

    gradient = 2 * (code @ dictionary.T - x).T @ code / len(x)
    dictionary = dictionary - learning_rate * gradient
    dictionary = dictionary / np.maximum(np.linalg.norm(dictionary, axis=0), 1e-12)

    gradient = 2 * ((guess - code) * guess * (1 - guess)).T @ x / len(x)
    return dictionary, encoder - learning_rate * gradient, code
    # END SOLUTION


# %% tags=["explore", "example"]
print(  # one part, one pixel, one sample
    labkit.example(
        psd_step,
        *(np.array([[1.0]]), np.array([[0.0]]), np.array([[0.0]]), np.array([[1.0]])),
        penalty=0.4,
        learning_rate=0.5,
        gives=(np.array([[1.0]]), np.array([[0.0375]]), np.array([[0.65]])),
    )
)


# %% [markdown]
# The encoder's step can be checked from outside: old minus new, divided by the learning rate, is the gradient that
# you used. Compare it with the slopes of $E$ at the new code.

# %% tags=["explore"]
rng = np.random.default_rng(0)
d, w, z, x = (rng.normal(size=shape) for shape in [(6, 4), (4, 6), (5, 4), (5, 6)])
d /= np.linalg.norm(d, axis=0)
new_code = psd_step(d, w, z, x, penalty=0.1, learning_rate=0.5)[2]


def by_encoder(w: np.ndarray) -> tuple[float, np.ndarray]:
    """The part of the energy in which the encoder stands, and the gradient behind your step."""
    energy = np.sum((1 / (1 + np.exp(-x @ w.T)) - new_code) ** 2) / len(x)
    return energy, (w - psd_step(d, w, z, x, penalty=0.1, learning_rate=0.5)[1]) / 0.5


print(labkit.gradient_check(by_encoder, w))

# %% [markdown]
# 64 parts of 7 × 7 pixels, learned from patches of digits: strokes and edges in all directions, as Olshausen and
# Field found them in photographs of nature. Black and white have no meaning of their own here, codes have both signs.

# %% tags=["explore"]
rng = np.random.default_rng(0)
number, top, left = rng.integers(0, 60_000, 20_000), rng.integers(2, 19, 20_000), rng.integers(2, 19, 20_000)
patches = np.stack(
    [mnist.x_train[i, r : r + 7, c : c + 7] for i, r, c in zip(number, top, left, strict=True)]
)
patches = patches.reshape(-1, 49) / 127.5
patches = patches[patches.std(axis=1) > 0.4]  # neither empty nor all ink

parts, guesser = rng.normal(size=(49, 64)), np.full((64, 49), -0.2)
parts /= np.linalg.norm(parts, axis=0)
for _ in range(400):
    batch = patches[rng.integers(0, len(patches), 200)]
    z = np.zeros((len(batch), 64))
    for _ in range(8):  # let the code settle a little before the parts learn from it
        z = psd_step(parts, guesser, z, batch, penalty=2.0, learning_rate=0.0)[2]
    parts, guesser, z = psd_step(parts, guesser, z, batch, penalty=2.0, learning_rate=1.0)
print(sparsity(z), f"error {np.mean((z @ parts.T - batch) ** 2):.3f} of {np.mean(batch**2):.3f}")
labkit.plots.weight_images(
    parts, title="64 parts of handwriting, 7 × 7 pixels", columns=16, own_scale=True
).show()

# %% [markdown]
# ## 8.9 The best code of 32 numbers
#
# Everything together: as deep, as wide and as clever as you like, but `code_size` numbers in the middle, dense layers,
# and a *budget* of training. As in 3.8 it is counted in multiply-adds, so that it is the same on every machine: in one
# step each weight is used three times for each digit, forward, backward to its input, and for its own gradient:
#
# $$\text{cost} = 3 \cdot \text{weights} \cdot \text{digits} \cdot \text{epochs}.$$
#
# Only the matrices count, `training_cost` below does it. By hand: 784–32–784 has 2 · 784 · 32 = 50,176 weights, and an
# epoch of 60,000 digits costs 3 · 50,176 · 60,000 = 9.0 · 10⁹.
#
# You return the three models, the batch size and the number of epochs. The grader counts, trains the autoencoder on
# the 60,000 training digits, and sends the test digits through it: only what fits through the code counts, so the
# network has to be one chain, the encoder and then the decoder. With 32 numbers and a budget of 10¹² there are no
# points at PCA's error of 0.01683, and all of them from **0.0075**; between, in proportion.
#
# Some advice. One hidden layer of a few hundred units on each side is most of the way, and the learning rate should
# fall towards the end: `keras.optimizers.schedules` has what that takes.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the network</summary>
#
# 784-512-32-512-784, elu or relu in the wide layers, a linear code, sigmoid at the end, squared error, Adam.
#
# </details>
# <details><summary>Hint 2: how much of each?</summary>
#
# One epoch of that network costs 3 · 60,000 · 835,584 = 1.5 · 10¹¹, so a budget of 10¹² buys six. Choose the width
# first, then as many epochs as `training_cost` leaves; for a small budget a narrower network.
#
# </details>
# <details><summary>Hint 3: the learning rate</summary>
#
# Let it fall to 0 over all steps of the training: `keras.optimizers.schedules.CosineDecay(0.002, steps)`, where an
# epoch of 60,000 digits in batches of 128 has 469.
#
# </details>


# %%
def training_cost(model: keras.Model, epochs: int, digits: int = 60_000) -> float:
    """The multiply-adds of a training: 3 · weights · digits · epochs; the matrices of dense layers count."""
    weights = sum(w.shape[0] * w.shape[1] for w in model.weights if len(w.shape) == 2)
    return 3.0 * weights * digits * epochs


# %%
def best_autoencoder(code_size: int, budget: float) -> tuple[keras.Model, keras.Model, keras.Model, int, int]:
    """The best autoencoder whose training on 60,000 digits costs at most a budget.

    code_size : numbers between encoder and decoder
    budget : multiply-adds, as `training_cost` counts them; at least 2e10
    returns : (autoencoder, encoder, decoder, batch_size, epochs): models that share their layers, untrained, the
        autoencoder compiled and nothing but encoder and decoder in a row, dense layers from (n, 784) to
        (n, code_size) and back; how many digits a step takes; how many passes over the data
    source : Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks", 2006
    """
    # BEGIN SOLUTION
    # a small budget buys a narrower network: at least five passes
    wide = next((w for w in (512, 256, 128, 64, 32) if 5 * _epoch(w, code_size) <= budget), 16)
    encoder = keras.Sequential(
        [keras.Input((784,)), keras.layers.Dense(wide, activation="elu"), keras.layers.Dense(code_size)]
    )
    decoder = keras.Sequential(
        [
            keras.Input((code_size,)),
            keras.layers.Dense(wide, activation="elu"),
            keras.layers.Dense(784, activation="sigmoid"),
        ]
    )
    autoencoder = keras.Sequential([encoder, decoder])
    epochs, batch_size = max(1, int(budget / _epoch(wide, code_size))), 128
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * -(-60_000 // batch_size))
    autoencoder.compile(loss="mean_squared_error", optimizer=keras.optimizers.Adam(rate))
    return autoencoder, encoder, decoder, batch_size, epochs


def _epoch(wide: int, code_size: int) -> float:
    """What an epoch costs with a hidden layer of this width on each side."""
    return 3.0 * 60_000 * 2 * (784 * wide + wide * code_size)
    # END SOLUTION


# %% tags=["explore"]
labkit.accelerate()  # from here on `model.fit` is as fast as in the grader's process
best, best_encoder, best_decoder, batch_size, epochs = best_autoencoder(code_size=32, budget=1e12)
print(f"{epochs} epochs cost {training_cost(best, epochs):.2e} of 1e12")
best.fit(x_train, x_train, batch_size=batch_size, epochs=epochs, verbose=0)
y_best = best.predict(x_test, batch_size=1000, verbose=0)
print(f"test error {test_error(y_best):.5f}")
labkit.plots.image_rows(
    with_errors(
        {"input": shown, "PCA": through_pca(shown, 32), "8.1": y_autoencoder[:10], "8.9": y_best[:10]}
    ),
    title="Thirty-two numbers, used better and better",
).show()

# %% [markdown]
# And with only *two* numbers, a map. The networks never saw a label; the numerals are printed here only to show what
# they found. PCA keeps 0 and 1 apart and piles the rest up in the middle.

# %% tags=["explore"]
plane, plane_encoder, plane_decoder, batch_size, epochs = best_autoencoder(code_size=2, budget=1e12)
plane.fit(x_train, x_train, batch_size=batch_size, epochs=epochs, verbose=0)
few = slice(0, 2000)
maps = {
    "PCA, 2 components": (x_test[few] - mean) @ components[:2].T,
    "deep autoencoder, code of 2": plane_encoder.predict(x_test[few], verbose=0),
}
figure = labkit.plots.Figure(figsize=(11, 5.6), layout="constrained")
figure.suptitle("2,000 test digits in two dimensions")
for axis, (name, points) in zip(figure.subplots(1, 2), maps.items(), strict=True):
    for numeral in range(10):
        chosen = points[mnist.y_test[few] == numeral]
        axis.scatter(*chosen.T, s=26, linewidths=0.2, marker=f"${numeral}$", color=f"C{numeral}")
    (left, bottom), (right, top) = np.percentile(points, [0.5, 99.5], axis=0)  # an outlier squeezes nobody
    axis.set(xlim=(left, right), ylim=(bottom, top), title=name)
    axis.set(xlabel="first number of the code", ylabel="second number of the code")
figure.show()

# %% [markdown]
# ## What to take along
#
# - Without labels a network learns what something forbids it to copy: a small code, a sparse code, a damaged input.
# - Without a non-linearity an autoencoder is PCA in other axes; depth is what gets it further.
# - A penalty on the size of a code can be cheated by its scale; look at active, dead and error together.
# - Compare reconstructions with one ruler, and know its marks: the mean image, and PCA with as many numbers.
#
# Two questions without points. Between a 3 and an 8 in code space lie shapes that are no digits: what would you ask
# of the codes, so that every point means one? And a code of 32 numbers in float32 has 1,024 bits: how many does a
# digit need, and how would you find out?
