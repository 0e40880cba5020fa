# labkit: lab05_cnn

# %% [markdown]
# # Lab 05: Convolutional networks on MNIST
#
# **Aim.** A dense layer does not know that two pixels are neighbours: shuffle the 784 pixels of all digits in one
# and the same way and it learns just as well. A convolutional layer is built on exactly that knowledge. It looks at
# small windows, with the same weights in every place, and so it needs far fewer weights and far fewer examples.
#
# The way goes from one window to a network of your own. One window, moved over the image: that is a convolution, and
# a matrix (5.1, 5.2). Pooling forgets where exactly something was found (5.3). Both by turns make LeNet-5 (5.4), and
# counting shows what sharing weights saves (5.5). What do such windows look for? First those that people designed
# (5.6), then those that your own network learns (5.7), which reads 99 of 100 unseen digits after less than a minute
# of training. At the end the way back from a small map to a large one (5.8), and the proof of what it all rests on:
# the neighbourhood, destroyed (5.9).
#
# **Afterwards you can** write convolution, pooling and their transposes or gradients, and say how large what comes
# out is; count units, weights and connections; and design, train and augment a small convolutional network.
#
# **You should know** labs 01 and 03, indexing of arrays with several axes, and what a gradient is.
#
# **The lecturers** that this lab follows: Loiseau (convolutional layers, LeNet, AlexNet), the crash course of EPFL
# (convolutional nets), Rousseau (lab sessions 3 and 4), Facciolo (layers) and Fromont (batch normalisation). Where a
# slide has slipped, a folded line at the end of the section says so.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this file.
# Images are (n, h, w, channels) everywhere, as in Keras. Your functions never change their arguments. Cells that
# show a figure or train are for looking, they are not graded; the slowest take about half a minute (5.7). Stuck? Hints
# come in steps: folded in the notebook, by `labkit hint 5.1` for a script.
#
# | question | points | hidden | minutes |
# |---|---|---|---|
# | 5.1 Convolution | 14 | 2 | 35 |
# | 5.2 Convolution is a matrix | 9 | 2 | 15 |
# | 5.3 Max pooling and its gradient | 12 | 3 | 30 |
# | 5.4 LeNet-5 | 12 | 4 | 10 |
# | 5.5 Units, weights, connections | 7 | 2 | 10 |
# | 5.6 Filters made by hand | 13 | 4 | 25 |
# | 5.7 A network of your own | 18 | 3 | 40 |
# | 5.8 Transposed convolution | 7 | 2 | 15 |
# | 5.9 Destroying the neighbourhood | 8 | 3 | 10 |
#
# *Hidden* points are given by checks of the same kinds with other inputs, which run only in grading.
#
# **What is allowed.** The grader looks at what your functions answer, not at how. 5.1 to 5.3, 5.6 and 5.8 are meant
# for NumPy: `keras.ops.conv` or `scipy.signal` passes, too, and is a good way to compare; but then you have not seen
# the window. In 5.4 and 5.7 use Keras.
#
# The grader does not run the cells tagged explore: what your functions need must be imported or defined outside
# them.
# Models are one chain of Keras' own layers, begun with `keras.Input(shape)`. The grader cannot rebuild `Lambda`,
# `PReLU`, `Normalization` (batch and layer normalization are fine), layers or activations of your own, and branches.

# %%
from __future__ import annotations

import math

import keras
import numpy as np

import labkit

# %% [markdown]
# ## 5.1 Convolution
#
# One unit of a convolutional layer sees a window of its input, of `kh` by `kw` places and all `c` channels, and
# answers with a weighted sum and a bias. The unit beside it does the same one place further on, *with the same
# weights*. Doing this for `o` different kernels gives `o` feature maps:
#
# $$y(i, j, l) = b_l + \sum_{u, v, k} x(i + u,\; j + v,\; k)\; w(u, v, k, l)$$
#
# This is Facciolo's formula, and what every framework computes; its proper name is cross-correlation. The
# convolution of signal processing flips the kernel first; a network learns its kernels and does not mind, but your
# answer is *this* formula, without the flip.
#
# With stride $s$ the windows stand $s$ places apart: read $x(s\,i + u,\; s\,j + v,\; k)$ on the right.
#
# At the border there are two customs. `"valid"` keeps to windows that lie inside the image, so the answer
# shrinks by `kh - 1` rows; with a stride it has $\lfloor (h - k_h)/s \rfloor + 1$ of them. `"same"` first adds
# zeros around the image, so many that ceil(h / stride) rows come out; where their number is odd, TensorFlow puts the
# extra row at the bottom and the extra column on the right:
#
# $$p = \max\big((\lceil h/s \rceil - 1)\,s + k_h - h,\; 0\big), \qquad \lfloor p/2 \rfloor \text{ above}, \quad
# \lceil p/2 \rceil \text{ below}$$
#
# <details><summary>Errata of the slides</summary>
#
# Loiseau's formula has I(i−m, j−n), with the flip, and K(k, l, …) on one slide is K(l, k, …) on the next. EPFL's sum
# from 0 to n_x inclusive has one weight more than n_x.
#
# </details>

# %% tags=["explore"]
picture = np.array([[0, 0, 1, 2], [0, 1, 2, 1], [1, 2, 1, 0], [2, 1, 0, 0]])
kernel = np.array([[-1, 0, 1]] * 3)
labkit.plots.arrays(
    {
        "x": picture,
        "w": kernel,
        'y, "valid"': np.array([[3, 0], [0, -3]]),
        'x with zeros for "same",\nstride 2: only below and right': np.pad(picture, (0, 1)),
        "the same w": kernel,
        "y: windows 2 apart": np.array([[3, -4], [-2, -1]]),
    },
    title="One window gives one number, the next window the next",
    signs=["⋆", "=", "", "⋆", "="],
    boxes={
        "x": [(0, 1, 3, 3)],
        'y, "valid"': [(0, 1, 1, 1)],
        'x with zeros for "same",\nstride 2: only below and right': [(2, 2, 3, 3)],
        "y: windows 2 apart": [(1, 1, 1, 1)],
    },
    columns=3,
    alt="Above, a window of 3 by 3 at the right of a picture of 4 by 4 gives the 0 at the right of y. Below, the "
    "picture has a row of zeros below and a column of zeros at its right; windows stand two apart, and the last one, "
    "half over zeros, gives -1.",
).show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the idea</summary>
#
# Put the padding on first (`np.pad`), then only "valid" is left. Loop over the `kh · kw` places of the kernel, not
# over the image: each place adds one shifted, strided piece of `x`, times its weights.
#
# </details>
# <details><summary>Hint 2: the shapes</summary>
#
# For the place (u, v): `x[:, u : u + stride * (rows - 1) + 1 : stride, ...]` is (n, rows, columns, c), and
# `piece @ kernels[u, v]` is (n, rows, columns, o).
#
# </details>
# <details><summary>Hint 3: same</summary>
#
# p is counted for rows and columns apart, from `math.ceil(h / stride)`. `p // 2` goes above, `p - p // 2` below;
# where the stride is larger than the kernel p would be negative: at least 0.
#
# </details>


# %%
def conv2d(
    x: np.ndarray, kernels: np.ndarray, bias: np.ndarray, stride: int = 1, padding: str = "valid"
) -> np.ndarray:
    """Slide every kernel over the images, without flipping it, and add its bias.

    x : (n, h, w, c) float
    kernels : (kh, kw, c, o) float
    bias : (o,) float
    stride : step from window to window, in both directions
    padding : "valid" or "same", as TensorFlow pads
    returns : (n, h', w', o) float, the feature maps
    """
    # BEGIN SOLUTION
    kh, kw = kernels.shape[:2]
    if padding == "same":
        x = np.pad(x, [(0, 0), _margins(x.shape[1], kh, stride), _margins(x.shape[2], kw, stride), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(1, 2))  # (n, i, j, c, kh, kw)
    windows = windows[:, ::stride, ::stride]
    return np.tensordot(windows, kernels, axes=([4, 5, 3], [0, 1, 2])) + bias


def _margins(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis, so that ceil(size / stride) windows fit."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
    # END SOLUTION


# %% tags=["explore", "example"]
def one_map(x: np.ndarray, w: np.ndarray, stride: int = 1, padding: str = "valid") -> np.ndarray:
    """Your conv2d for one picture, one channel and one kernel."""
    return conv2d(x[None, :, :, None], w[:, :, None, None], np.zeros(1), stride, padding)[0, :, :, 0]


print(labkit.example(one_map, picture, kernel, gives=np.array([[3, 0], [0, -3]])))
print(labkit.example(one_map, picture, kernel, stride=2, padding="same", gives=np.array([[3, -4], [-2, -1]])))


# %% [markdown]
# Try it on a digit: one kernel answers where a stroke begins (paper to ink, left to right), its negative where a
# stroke ends.

# %% tags=["explore"]
from labkit import plots
from labkit.data import load_mnist

mnist = load_mnist()
digits = mnist.x_test[:8, :, :, None] / np.float32(255)
begins = np.array([[-1.0, 0.0, 1.0]] * 3)
edges = conv2d(digits, np.stack([begins, -begins], axis=-1)[:, :, None, :], np.zeros(2))
names = ["strokes begin", "strokes end"]
plots.feature_maps(digits[0, :, :, 0], edges[0], names, title="One kernel and its negative").show()


# %% tags=["quiz"]
def quiz_5_1() -> float:
    """Images of 28×28, a kernel of 5×5, stride 2, "valid": how many rows have the feature maps?

    = 11 -> You counted the steps, floor(23 / 2) = 11; the first window comes before the first step.
    = 14 -> That is "same", ceil(28 / 2). "valid" keeps to windows that lie inside the image.
    = 24 -> That is stride 1; every other window is left out.
    = 11.5 -> A last window that only half fits is left out: round down, then count the first one.
    """
    # BEGIN SOLUTION
    return 12
    # END SOLUTION


# %% tags=["quiz"]
def quiz_5_1_flip() -> str:
    """Loiseau's formula with I(i - m, j - n) flips the kernel, Keras does not. What does it matter for training?

    a) With the flip the feature maps come out mirrored.
       -> Only the kernel is flipped, not the image: an edge stays where it is and gets the other sign.
    b) The flip turns rows into columns, so height and width change places.
       -> That would be the transpose. The flip reverses both axes and keeps them apart.
    c) Nothing: the network learns its kernels, and would learn the flipped ones.
       -> The two compute the same set of functions. It matters where kernels are given, as in 5.6.
    d) Without the flip the gradient cannot be computed by a convolution.
       -> It can in both cases; the flip just moves from the one direction to the other.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ## 5.2 Convolution is a matrix
#
# Convolution is linear, so on flattened images it must be a matrix. Facciolo shows it for a signal: the kernel
# stands in every row, one place further to the right each time, and everything else is zero. For images the band
# breaks up into blocks, one for each row of the kernel.
#
# So a convolutional layer *is* a dense layer, with most weights fixed at zero and the others shared. And the
# other way round: with a kernel as large as the image there is only one window left, and the matrix is one full
# row, a dense layer with one unit. (Loiseau: if the filter has the size of the image, "all to all".)

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the idea</summary>
#
# One row for each window. A row, seen as an image of height · width, is empty but for the kernel at the place of the
# window.
#
# </details>
# <details><summary>Hint 2: the shapes</summary>
#
# Fill an array of zeros (rows, columns, height, width) and reshape it at the end to (rows · columns, height · width).
#
# </details>


# %%
def conv_matrix(kernel: np.ndarray, height: int, width: int) -> np.ndarray:
    """The matrix T for which T @ image.reshape(-1) is the "valid" cross-correlation, read row by row.

    kernel : (kh, kw) float
    height, width : size of the images
    returns : (ho * wo, height * width) float with ho = height - kh + 1 and wo = width - kw + 1
    """
    # BEGIN SOLUTION
    kh, kw = kernel.shape
    rows, columns = height - kh + 1, width - kw + 1
    matrix = np.zeros((rows, columns, height, width), kernel.dtype)
    for i in range(rows):
        for j in range(columns):
            matrix[i, j, i : i + kh, j : j + kw] = kernel
    return matrix.reshape(rows * columns, height * width)
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(
        conv_matrix,
        np.array([[1, 2], [3, 4]]),
        2,
        3,
        gives=np.array([[1, 2, 0, 3, 4, 0], [0, 1, 2, 0, 3, 4]]),
    )
)


# %% tags=["explore"]
plots.matrix(
    conv_matrix(np.arange(1.0, 10.0).reshape(3, 3), 6, 7),
    title="A 3×3 kernel on 6×7 pixels",
    xlabel="pixel",
    ylabel="window",
).show()


# %% tags=["quiz"]
def quiz_5_2() -> float:
    """A kernel of 3×3 on images of 6×7, as a matrix: how many entries of a row can be different from 0?

    = 42 -> That is the length of a row, one entry for each pixel. A window sees nine of them.
    = 20 -> That is the number of rows, one for each of the 4·5 windows.
    = 3 -> That is one row of the kernel; the window has three of them, each a row of the image apart.
    """
    # BEGIN SOLUTION
    return 9
    # END SOLUTION


# %% [markdown]
# ## 5.3 Max pooling and its gradient
#
# Pooling cuts each feature map into windows of `size` by `size` that do not overlap and keeps the largest value
# of each. Whether the stroke lies one pixel further left no longer matters. Rows and columns that do not fill a
# window are left out: 5 rows pooled by 2 give 2.
#
# Loiseau: pooling is a module of its own in back-propagation. Its output does not change when a value
# that lost changes a little, so the gradient goes to the winner of each window and to nobody else. When two
# values tie, the first in reading order wins.

# %% tags=["explore"]
pooled_from = np.array([[1, 5, 0, 2], [5, 2, 3, 1], [4, 0, 1, 1], [2, 3, 1, 0]])
arrives, goes_back = np.array([[3, -1], [2, 7]]), np.zeros((4, 4), int)
goes_back[[0, 1, 2, 2], [1, 2, 0, 2]] = [3, -1, 2, 7]
winners = [(0, 1, 1, 1), (1, 2, 1, 1), (2, 0, 1, 1), (2, 2, 1, 1)]
labkit.plots.arrays(
    {
        "x": pooled_from,
        "its maxima": np.array([[5, 3], [4, 1]]),
        "what arrives": arrives,
        "goes back": goes_back,
    },
    title="The gradient goes to the winner of each window",
    signs=["→", "", "→"],
    boxes={"x": winners, "goes back": winners},
    alt="x has four windows of 2 by 2 with the maxima 5, 3, 4 and 1; where two values tie, the first is marked. The "
    "gradients 3, -1, 2 and 7 arrive by these maxima, and each goes back to the marked place; all other places get 0.",
).show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: pooling</summary>
#
# Cut off what fills no window, then reshape to (n, rows, size, columns, size, c): each window lies on axes 2 and 4,
# and `max(axis=(2, 4))` is the answer.
#
# </details>
# <details><summary>Hint 2: who won</summary>
#
# Bring the two axes of a window together (`transpose`, `reshape`), so that it is one axis of `size * size` in
# reading order. `argmax` takes the first of equals; a comparison with the maximum would let all of them win.
#
# </details>
# <details><summary>Hint 3: the way back</summary>
#
# An array of zeros like `x`; each value of `d_output` goes to the place of the winner. What you did to `x` by
# reshape and transpose, undo in the opposite order.
#
# </details>


# %%
def max_pool(x: np.ndarray, size: int = 2) -> np.ndarray:
    """The largest value of every window, for each image and channel.

    x : (n, h, w, c) float
    size : height and width of a window, and the step to the next
    returns : (n, h // size, w // size, c) float
    """
    # BEGIN SOLUTION
    return _windows(x, size).max(axis=-1)


def _windows(x: np.ndarray, size: int) -> np.ndarray:
    """(n, h, w, c) to (n, h // size, w // size, c, size * size): every window in reading order."""
    n, h, w, c = x.shape
    rows, columns = h // size, w // size
    blocks = x[:, : rows * size, : columns * size].reshape(n, rows, size, columns, size, c)
    return blocks.transpose(0, 1, 3, 5, 2, 4).reshape(n, rows, columns, c, size * size)
    # END SOLUTION


def max_pool_gradient(d_output: np.ndarray, x: np.ndarray, size: int = 2) -> np.ndarray:
    """Back-propagation through max_pool: from the gradient by its output to the gradient by its input.

    d_output : (n, h // size, w // size, c) float
    x : (n, h, w, c) float, what was pooled
    returns : (n, h, w, c) float, each value of d_output at the maximum of its window (the first in reading order
        where several tie) and 0 elsewhere
    """
    # BEGIN SOLUTION
    winner = np.eye(size * size)[_windows(x, size).argmax(axis=-1)]  # argmax takes the first of equals
    n, rows, columns, c = d_output.shape
    blocks = (winner * d_output[..., None]).reshape(n, rows, columns, c, size, size)
    d_x = np.zeros(x.shape, d_output.dtype)
    d_x[:, : rows * size, : columns * size] = blocks.transpose(0, 1, 4, 2, 5, 3).reshape(
        n, rows * size, columns * size, c
    )
    return d_x
    # END SOLUTION


# %% tags=["explore", "example"]
def pooled(x: np.ndarray, size: int) -> np.ndarray:
    """Your max_pool for one picture with one channel."""
    return max_pool(x[None, :, :, None], size)[0, :, :, 0]


def sent_back(d_output: np.ndarray, x: np.ndarray, size: int) -> np.ndarray:
    """Your max_pool_gradient for one picture with one channel."""
    return max_pool_gradient(d_output[None, :, :, None], x[None, :, :, None], size)[0, :, :, 0]


print(labkit.example(pooled, pooled_from, 2, gives=np.array([[5, 3], [4, 1]])))
print(labkit.example(sent_back, arrives, pooled_from, 2, gives=goes_back))


# %% [markdown]
# Is it the gradient? `labkit.gradient_check` compares it with slopes. The value to differentiate must be one number:
# the sum of the outputs, each times the gradient that arrives for it.

# %% tags=["explore"]
rng = np.random.default_rng(0)
arriving = rng.normal(size=(2, 3, 3, 1))
print(
    labkit.gradient_check(
        lambda x: (np.sum(arriving * max_pool(x, 2)), max_pool_gradient(arriving, x, 2)),
        rng.normal(size=(2, 7, 6, 1)),  # a row too many
    )
)


# %% tags=["quiz"]
def quiz_5_3() -> str:
    """A window holds 1, 5, 5, 2 in reading order, and the gradient by its maximum is 3. What gradient do the four get?

    a) 0, 3, 3, 0
       -> That hands out 6 where 3 came in; only one value can be the winner.
    b) 0, 1.5, 1.5, 0
       -> A fair rule, and a subgradient as well, but not the one of this question: the first takes all.
    c) 0.75, 0.75, 0.75, 0.75
       -> That is average pooling, in which each of the four has a part.
    d) 0, 3, 0, 0
       -> Where two tie, the first in reading order wins everything.
    """
    # BEGIN SOLUTION
    return "d"
    # END SOLUTION


# %% [markdown]
# ## 5.4 LeNet-5
#
# Convolution and pooling by turns, the maps getting smaller and more numerous, then dense layers: LeNet (LeCun
# 1998) is the pattern of all that came after. Loiseau shows it in PyTorch, EPFL in its original drawing.
#
# | layer | output | parameters |
# |---|---|---|
# | 6 kernels 5×5, "same", relu | 28×28×6 | 156 |
# | max pooling 2×2 | 14×14×6 | |
# | 16 kernels 5×5, "valid", relu | 10×10×16 | 2,416 |
# | max pooling 2×2 | 5×5×16 | |
# | dense 120, relu | 120 | 48,120 |
# | dense 84, relu | 84 | 10,164 |
# | dense 10 | 10 | 850 |
#
# Together 61,706.
#
# <details><summary>Erratum of the slides</summary>
#
# Loiseau's network is for images of 32×32. Fed with the 28×28 pixels of MNIST it breaks, since 4·4·16 = 256 values
# arrive where the first dense layer waits for 400; with "same" padding in the first convolution the numbers fit
# again.
#
# </details>

# %% tags=["explore"]
labkit.plots.network(
    [
        ("image", (28, 28, 1)),
        ("6 kernels\n5×5, same", (28, 28, 6)),
        ("max\npooling", (14, 14, 6)),
        ("16 kernels\n5×5, valid", (10, 10, 16)),
        ("max\npooling", (5, 5, 16)),
        ("flatten", (400,)),
        ("dense", (120,)),
        ("dense", (84,)),
        ("dense", (10,)),
    ],
    title="LeNet-5: maps get smaller and more numerous",
).show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the layers</summary>
#
# `Conv2D(6, 5, padding="same", activation="relu")`, `MaxPooling2D()`, and so on down the table; `Flatten()` before
# the first `Dense`.
#
# </details>
# <details><summary>Hint 2: is it right?</summary>
#
# `build_lenet5().summary()` prints outputs and parameters of each layer: compare with the table.
#
# </details>


# %%
def build_lenet5(num_classes: int = 10) -> keras.Sequential:
    """LeNet-5 as in the table, compiled for integer labels.

    num_classes : number of outputs
    returns : compiled model from images (28, 28, 1) to class probabilities; or to logits, with a loss that is told
        so (`from_logits=True`); the optimizer is yours to choose
    """
    # BEGIN SOLUTION
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(6, 5, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(16, 5, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(120, activation="relu"),
            keras.layers.Dense(84, activation="relu"),
            keras.layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
    # END SOLUTION


# %% [markdown]
# How much of the digit does one unit see? A 5×5 convolution sees five rows; after pooling, a step of one unit is
# a step of two pixels, so the next 5×5 convolution reaches four times two pixels further. The receptive field
# grows from layer to layer, and faster with every pooling. Below it is measured: the pixels on which a unit in
# the middle of each map depends.

# %% tags=["explore"]
import tensorflow as tf


def sensitivity(model: keras.Sequential, layer: keras.layers.Layer, images: np.ndarray) -> np.ndarray:
    """(28, 28): how strongly the middle unit of a layer's maps depends on each pixel, over random directions."""
    part = keras.Model(model.inputs[0], layer.output)
    x = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(x)
        maps = part(x)
        middle = tf.reduce_sum(maps[:, maps.shape[1] // 2, maps.shape[2] // 2, :])
    return np.abs(tape.gradient(middle, x).numpy()).mean(axis=(0, 3))


lenet = build_lenet5()
noise = np.random.default_rng(0).uniform(size=(500, 28, 28, 1)).astype(np.float32)
stages = [x for x in lenet.layers if isinstance(x, (keras.layers.Conv2D, keras.layers.MaxPooling2D))]
fields = np.stack([sensitivity(lenet, layer, noise) for layer in stages[:4]])
fields /= fields.max(axis=(1, 2), keepdims=True)
seen = [
    np.argwhere(field > 1e-3) for field in fields
]  # what influences less than a thousandth of the largest is noise
kinds = ["convolution 5×5", "pooling 2×2", "convolution 5×5", "pooling 2×2"]
sizes = ["{} × {} pixels".format(*(np.ptp(places, axis=0) + 1)) for places in seen]
figure = plots.image_rows(
    {"influence of a pixel,\nthe largest is black": fields},
    captions=[f"{kind}\n{size}" for kind, size in zip(kinds, sizes, strict=True)],
    title="What one unit sees",
)
for axis, places in zip(figure.axes, seen, strict=True):
    (top, left), (bottom, right) = places.min(axis=0) - 0.5, places.max(axis=0) + 0.5
    axis.plot([left, right, right, left, left], [top, top, bottom, bottom, top], "k-")
figure.show()


# %% tags=["quiz"]
def quiz_5_4() -> float:
    """LeNet-5 gets the 28×28 pixels of MNIST, but its first convolution is "valid". How many values reach the first
    dense layer?

    = 400 -> That is with "same" in the first convolution, or with images of 32×32: 5·5·16.
    = 784 -> Those are the pixels. Two convolutions and two poolings come before the dense layer.
    = 1024 -> Before the second pooling there are 8·8·16; it leaves a quarter of them.
    = 16 -> Those are the maps; each still has 4×4 places.
    """
    # BEGIN SOLUTION
    return 256
    # END SOLUTION


# %% [markdown]
# ## 5.5 Units, weights, connections
#
# Sharing makes two numbers, weights and connections, come apart that are the same in a dense layer. Loiseau counts
# them, and the units, for the fifth convolution of AlexNet, 384 maps of 13×13 to 256 maps of 13×13 with kernels 3×3:
#
# - *units*: one for each place of the output grid and each map, 13 · 13 · 256 = 43,264;
# - *weights*: one kernel for each pair of maps, 384 · 256 · 9 = 884,736, and with a bias for each map 884,992
#   *parameters*;
# - *connections*: every weight is used at every place of the grid, 13 · 13 · 884,736 = 149,520,384. Biases are
#   not counted as connections.
#
# That is AlexNet on one graphics card. The real one was spread over two and this layer is split
# into two `groups`: each half of the outputs sees only half of the inputs, which halves the weights (442,624
# parameters, 74,760,192 connections). Facciolo's exercise, 5×5 from 96 to 256 maps, has 614,656 parameters.
#
# <details><summary>Erratum of the slides</summary>
#
# Loiseau's numbers leave out the two groups of the real AlexNet.
#
# </details>

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the idea</summary>
#
# First the weights: a kernel for each map of the output and each map of the input *that it sees*, `in_channels /
# groups`.
#
# </details>
# <details><summary>Hint 2: the rest</summary>
#
# One bias for each map of the output. Every weight is used once at every place of the output grid.
#
# </details>


# %%
def conv_counts(
    height: int, width: int, in_channels: int, out_channels: int, kernel_size: int, groups: int = 1
) -> dict[str, int]:
    """How large a convolutional layer is.

    height, width : size of the *output* grid
    in_channels, out_channels : number of maps before and after
    kernel_size : height and width of a kernel
    groups : parts into which both kinds of maps are split; a part sees nothing of the others
    returns : whole numbers under "units", "weights" (without biases), "parameters" (with them), "connections"
    """
    # BEGIN SOLUTION
    places = height * width
    weights = in_channels // groups * out_channels * kernel_size**2
    return {
        "units": places * out_channels,
        "weights": weights,
        "parameters": weights + out_channels,
        "connections": places * weights,
    }
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(
        conv_counts,
        *(2, 2, 3, 4, 3),
        gives={"units": 16, "weights": 108, "parameters": 112, "connections": 432},
    )
)


# %% tags=["quiz"]
def quiz_5_5() -> float:
    """How many parameters has a 3×3 convolution from 16 to 32 maps, biases included?

    = 4608 -> Those are the weights; each of the 32 maps has a bias, too.
    = 320 -> You forgot that a kernel reaches through all 16 maps of its input.
    = 5120 -> You gave each pair of maps a bias; there is one for each map of the output.
    = 4624 -> You gave the 16 input maps the biases; they belong to the 32 that come out.
    """
    # BEGIN SOLUTION
    return 4640
    # END SOLUTION


# %% [markdown]
# ## 5.6 Filters made by hand
#
# Before filters were learned they were designed. Rousseau shows Sobel's: smooth along an edge, take the difference
# across it, and combine both directions into the strength of the edge.
#
# $$G_x = \begin{bmatrix} -1 & 0 & 1 \\ -2 & 0 & 2 \\ -1 & 0 & 1 \end{bmatrix} \star A, \qquad
# G_y = \begin{bmatrix} -1 & -2 & -1 \\ 0 & 0 & 0 \\ 1 & 2 & 1 \end{bmatrix} \star A, \qquad
# G = \sqrt{G_x^2 + G_y^2}$$
#
# Here $\star$ is the cross-correlation of 5.1, so that $G_x > 0$ where the values grow to the right (from paper to
# ink) and $G_y > 0$ where they grow downwards. Beyond the border the outermost pixels are repeated.
#
# Gabor's filters are Loiseau's example, and Facciolo's model of the visual cortex: a wave under a bell. With m
# counting rows and n counting columns from the centre of the filter,
#
# $$K(m, n) = \frac{1}{2 \pi \sigma^2}\; e^{-\frac{m^2 + n^2}{2 \sigma^2}}\; e^{2 \pi i\, \frac{m \cos\theta +
# n \sin\theta}{\lambda}}$$
#
# The wave runs downwards at θ = 0 and to the right at θ = π/2. At π comes the complex conjugate of the first one,
# whose odd part only changes its sign, so a bank of filters takes the angles kπ / `orientations`.
#
# <details><summary>Erratum of the slides</summary>
#
# Rousseau's slide has $*$, the convolution, which flips the kernels and so the signs of $G_x$ and $G_y$ (not that of
# G).
#
# </details>

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: Sobel</summary>
#
# `np.pad(image, 1, mode="edge")` repeats the border; make it float before you subtract. Then `conv2d` of 5.1 with
# the two kernels, or slices moved against each other.
#
# </details>
# <details><summary>Hint 2: Gabor's coordinates</summary>
#
# `np.mgrid[:size, :size] - (size - 1) / 2` gives m and n from the centre, also for even sizes.
#
# </details>
# <details><summary>Hint 3: Gabor's bank</summary>
#
# Angles as (orientations, 1, 1) broadcast against m and n. `np.exp(2j * np.pi * ...)` is the wave; the bell is the
# same for all.
#
# </details>


# %%
def sobel(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sobel's derivatives to the right and downwards, and the strength of the edge.

    image : (h, w) float or uint8
    returns : (gx, gy, magnitude), each (h, w) float
    """
    # BEGIN SOLUTION
    padded = np.pad(image.astype(np.float64), 1, mode="edge")
    across = padded[:, 2:] - padded[:, :-2]
    down = padded[2:, :] - padded[:-2, :]
    gx = across[:-2] + 2 * across[1:-1] + across[2:]
    gy = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return gx, gy, np.sqrt(gx**2 + gy**2)
    # END SOLUTION


def gabor_bank(orientations: int, size: int, sigma: float, wavelength: float) -> np.ndarray:
    """Gabor filters at the angles kπ / orientations for k = 0, 1, …, orientations - 1.

    size : height and width in pixels; the centre lies in the middle, between two pixels where size is even
    sigma, wavelength : width of the bell and length of the wave, in pixels
    returns : (orientations, size, size) complex
    """
    # BEGIN SOLUTION
    m, n = np.mgrid[:size, :size] - (size - 1) / 2
    angles = np.pi * np.arange(orientations)[:, None, None] / orientations
    bell = np.exp(-(m**2 + n**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    return bell * np.exp(2j * np.pi * (m * np.cos(angles) + n * np.sin(angles)) / wavelength)
    # END SOLUTION


# %% tags=["explore", "example"]
step = np.array([[0, 0, 1, 1]] * 3, np.uint8)  # paper at the left, ink at the right
edge = np.array([[0, 4, 4, 0]] * 3)
print(labkit.example(sobel, step, gives=(edge, 0 * edge, edge)))
heights = np.array([0.0965, 0.1592, 0.0965])  # of the bell, σ = 1


def middle_column(size: int, sigma: float, wavelength: float) -> np.ndarray:
    """The middle column of your filter at θ = 0, from top to bottom: there a wave of four pixels goes -i, 1, i."""
    return gabor_bank(1, size, sigma, wavelength)[0, :, size // 2].round(4)


print(labkit.example(middle_column, 3, sigma=1.0, wavelength=4.0, gives=heights * np.array([-1j, 1, 1j])))


# %% tags=["explore"]
plots.feature_maps(
    mnist.x_test[0] / 255,
    np.stack(sobel(mnist.x_test[0] / 255), axis=-1),
    titles=["to the right", "downwards", "strength of the edge"],
    title="Sobel's edges",
).show()

# %% tags=["explore"]
bank = gabor_bank(8, 21, 4.0, 8.0)
plots.image_rows(
    {"even (real part)": bank.real, "odd (imaginary part)": bank.imag},
    captions=[f"θ = {180 * k / 8:g}°" for k in range(8)],
    title="Eight orientations",
    signed=True,
).show()


# %% tags=["quiz"]
def quiz_5_6() -> float:
    """Two neighbours of a uint8 image are 200 and 100. What does NumPy answer to `right - left`, 100 - 200, in uint8?

    = -100 -> That is the right number, and uint8 has no place for it: it wraps around. Convert to float first.
    = 0 -> Some image libraries stop at 0; NumPy wraps around, which is worse, as a fall looks like a rise.
    = 100 -> Nothing takes the absolute value; the result wraps around at 256.
    = 155 -> It wraps around at 256, not at 255.
    """
    # BEGIN SOLUTION
    return 156
    # END SOLUTION


# %% [markdown]
# ## 5.7 A network of your own
#
# Now design one, with at most 300,000 parameters. It is graded by what it does: the grader has your `train` teach it
# 59,500 digits in three epochs with batches of 64, and counts how many of 10,000 others it reads: no points below
# 97 %, all from 98.9 %. The three epochs must take less than two minutes on two cores. What helps:
#
# - two or three convolutions with pooling between them, 3×3 or 5×5, more maps as they get smaller;
# - batch normalisation after each convolution (Fromont), so that a large learning rate is safe;
# - a learning rate that falls while the network trains (Loiseau and LeCun's recommendations): large steps to get
#   near, small steps to settle. In Keras the optimizer takes a schedule in place of a number, for
#   instance `keras.optimizers.schedules.CosineDecay`. Put the schedule into `train`, which may compile anew: the
#   grader hands `train` a copy of your network in which a schedule has become its first value.
#
# No weight regularizers here: their price is part of val_loss, which the grader compares with the bare
# cross-entropy. AdamW's weight decay is fine.
#
# `train` gets any compiled classifier, also one of the grader's that ends in softmax; if you compile anew, keep
# `model.loss` and the metric accuracy. Take all epochs and all steps, and without `augment` change no image.
#
# `train` must also accept an augmentation (Rousseau): something that is called as `augment(images,
# training=True)` on the images of a batch and gives back other images of the same digits, moved, turned, scaled.
# Each batch anew in each epoch, and **training images only**: touch a validation digit and you measure something
# else than you think. `labkit.fit` does what `model.fit` does, faster, and takes `augment=`.
#
# The grader also lets `train` teach your network 1,000 digits, 25 epochs in batches of 50, with an augmentation of
# its own, and expects 95.5 % of the test digits: leave augmentation out of the network itself.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: a network that is enough</summary>
#
# Three times convolution, batch normalisation, relu, pooling, with 16, 32, 64 maps, then `Flatten` and the output
# layer: about 30,000 parameters.
#
# </details>
# <details><summary>Hint 2: the learning rate</summary>
#
# Steps in all: `epochs * math.ceil(len(x_train) / batch_size)`. `CosineDecay` takes them, can warm up first, and
# goes into an optimizer in `train`: `model.compile(loss=model.loss, optimizer=..., metrics=["accuracy"])`.
#
# </details>
# <details><summary>Hint 3: augmentation</summary>
#
# `labkit.fit` takes `augment=augment`, which may be None. The validation digits stay out of it by themselves.
#
# </details>


# %%
def build_cnn(num_classes: int = 10) -> keras.Sequential:
    """A convolutional network of your own design with at most 300,000 parameters, compiled for integer labels.

    num_classes : number of outputs
    returns : compiled model from images (28, 28, 1) to class probabilities; or to logits, with a loss that is told
        so (`from_logits=True`)
    """
    # BEGIN SOLUTION
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for filters, kernel, padding in [(16, 5, "valid"), (32, 3, "same"), (64, 3, "same")]:
        model.add(keras.layers.Conv2D(filters, kernel, padding=padding, use_bias=False))
        model.add(
            keras.layers.BatchNormalization(momentum=0.9)
        )  # short trainings: forget the first steps soon
        model.add(keras.layers.ReLU())
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(num_classes, activation="softmax"))
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model
    # END SOLUTION


def train(
    model: keras.Sequential,
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_val: np.ndarray,
    y_val: np.ndarray,
    epochs: int,
    batch_size: int,
    augment: keras.layers.Layer | None = None,
) -> keras.callbacks.History:
    """Train the model that is given; you may compile it anew, with another optimizer or learning rate.

    model : any compiled classifier; compiled anew, it keeps `model.loss` and the metric accuracy
    x_train, y_train : (n, 28, 28, 1) float in [0, 1] and (n,) integers
    x_val, y_val : the same, for val_loss and val_accuracy after every epoch; not to be trained on
    epochs, batch_size : how often every image is used, and how many are in a step
    augment : called as augment(images, training=True) on the images of every training batch, in every epoch anew
    returns : the History, with val_loss and val_accuracy
    """
    # BEGIN SOLUTION
    steps = epochs * math.ceil(len(x_train) / batch_size)
    rate = (
        keras.optimizers.schedules.CosineDecay(  # up to 0.005 in a fifth of the steps, then down to nothing
            0.0005, steps - steps // 5, warmup_target=0.005, warmup_steps=steps // 5
        )
    )
    model.compile(loss=model.loss, optimizer=keras.optimizers.Adam(rate), metrics=["accuracy"])
    return labkit.fit(
        model,
        x_train,
        y_train,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=(x_val, y_val),
        augment=augment,
        verbose=0,
    )
    # END SOLUTION


# %% [markdown]
# Two looks before training: the loss of a fresh network lies near ln 10 = 2.303, and twenty digits must be learned by
# heart. Batch normalisation shows here what it is: it learns with the mean and spread of the batch, and predicts with
# *moving averages* of them, which have hardly begun to move after a few steps. So the network may know the twenty by
# heart and not yet say so.

# %% tags=["explore"]
x_train, y_train = mnist.x_train[..., None] / np.float32(255), mnist.y_train.astype(np.int64)
twenty = slice(0, 20)
model = build_cnn()
print(f"fresh: loss {model.evaluate(x_train[:1000], y_train[:1000], verbose=0)[0]:.2f}")
for steps in (10, 40):
    log = model.fit(x_train[twenty], y_train[twenty], epochs=steps, batch_size=20, verbose=0)
    loss, accuracy = model.evaluate(x_train[twenty], y_train[twenty], verbose=0)
    learned = log.history["accuracy"][-1]
    print(
        f"after {steps} more steps: {learned:.0%} in training, {accuracy:.0%} in prediction, loss {loss:.3f}"
    )

# %% [markdown]
# Train it on 55,000 digits, as often as you have patience for, and look at the last 5,000 while you do; the test
# digits are read once, at the end. EPFL's table has 98.6 % for a support vector machine and 96.8 % for nearest
# neighbours.

# %% tags=["explore"]
x_test, y_test = mnist.x_test[..., None] / np.float32(255), mnist.y_test.astype(np.int64)

x_val, y_val = x_train[-5000:], y_train[-5000:]


def share_read(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of the digits that a model reads."""
    return float(np.mean(model.predict(images, batch_size=1000, verbose=0).argmax(axis=1) == labels))


cnn = build_cnn()
history = train(cnn, x_train[:-5000], y_train[:-5000], x_val, y_val, epochs=3, batch_size=64)
print(f"{history.history['val_accuracy'][-1]:.2%} of the validation digits are read")
print(f"{cnn.count_params():,} parameters, {share_read(cnn, x_test, y_test):.2%} of the test digits are read")

# %% [markdown]
# What has it learned to look for? EPFL puts learned filters beside derivatives of a Gaussian, says that some are very
# similar, and remarks that the brain is believed to compute such derivatives too. Look for yourself: here they are,
# and for each filter made by hand the learned one that is most like it, up to its sign.


# %% tags=["explore"]
def chain(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers of a model in order, models within unfolded."""
    return [x for layer in model.layers for x in (chain(layer) if hasattr(layer, "layers") else [layer])]


layers = chain(cnn)
first = next(place for place, layer in enumerate(layers) if "Conv2D" in type(layer).__name__)
learned = layers[first].get_weights()[0][:, :, 0, :].transpose(2, 0, 1)
rows, columns = learned.shape[1:]


def most_like(bank: np.ndarray) -> np.ndarray:
    """The learned filter that is most like each filter of a bank, with the sign that fits."""
    a, b = (filters.reshape(len(filters), -1) for filters in (bank, learned))
    likeness = a @ b.T / (np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1) + 1e-12)
    best = np.abs(likeness).argmax(axis=1)
    return learned[best] * np.sign(likeness[np.arange(len(bank)), best])[:, None, None]


down, right = np.mgrid[:rows, :columns]
down, right = down - (rows - 1) / 2, right - (columns - 1) / 2
bell = np.exp(-(down**2 + right**2) / 2)
shapes = [
    1 + 0 * right,
    -right,
    -down,
    right**2 - 1,
    down**2 - 1,
    right * down,
    3 * right - right**3,
    3 * down - down**3,
]
derivatives = np.stack([shape * bell for shape in shapes])
gabors = gabor_bank(4, max(rows, columns), 1.5, 4.0)[:, :rows, :columns]
gabors = np.concatenate([gabors.real, gabors.imag])
plots.image_rows(
    {
        **{f"learned, from {k} on": learned[k : k + 8] for k in range(0, len(learned), 8)},
        "a Gaussian and\nits derivatives": derivatives,
        "the learned filters\nmost like these": most_like(derivatives),
        "Gabor's filters": gabors,
        "the learned filters\nmost like those": most_like(gabors),
    },
    title="The first layer, and filters made by hand",
    signed=True,
).show()


# %% tags=["explore"]
def first_maps(images: np.ndarray) -> np.ndarray:
    """What the first convolution makes of images."""
    for layer in layers[: first + 1]:
        images = layer(images, training=False)
    return np.asarray(images)


plots.feature_maps(
    x_test[0, :, :, 0], first_maps(x_test[:1])[0], title="The first layer's maps of a 7"
).show()

# %% [markdown]
# Move the digit and its feature map moves along: convolution is *equivariant* to translations. (The slides say
# "invariant", which is what pooling then adds, a little at a time.)

# %% tags=["explore"]
shifts = range(-6, 7, 2)
strip = np.stack([np.roll(x_test[0], shift, axis=1) for shift in shifts])
answers = first_maps(strip)
answers = np.maximum(
    answers - answers[:, :1, :1], 0
)  # what it answers to ink, above its answer to blank paper
busiest = answers.mean(axis=(0, 1, 2)).argmax()
figure = plots.image_rows(
    {"image": strip[..., 0], f"map {busiest}": answers[..., busiest] / answers[..., busiest].max()},
    captions=[f"{shift:+d} pixels" for shift in shifts],
    title="The map follows the digit; a cross marks the centre of gravity",
)
for axis in figure.axes:
    picture = axis.images[0].get_array()
    row, column = (np.sum(picture * place) / picture.sum() for place in np.indices(picture.shape))
    axis.plot(column, row, "+", color="white", markersize=13, markeredgewidth=4)
    axis.plot(column, row, "+", color="black", markersize=12, markeredgewidth=1.5)
figure.show()

# %% [markdown]
# With only 1,000 digits to learn from, new images are what is missing. Translations, rotations and changes of size
# make some that could have been written. How much do they help? (The first epochs are hardly better than guessing,
# where the network has batch normalisation: it predicts with moving averages that are still on their way.)

# %% tags=["explore"]
from labkit.augment import RandomAffine

moved = RandomAffine(rotation=12, translation=2.5, zoom=0.1)
few = slice(0, 1000)
wrong = {}
for name, augment in [("1,000 digits as they are", None), ("moved, turned, scaled", moved)]:
    log = train(build_cnn(), x_train[few], y_train[few], x_val, y_val, 40, 50, augment).history
    percent = 100 * (1 - np.array(log["val_accuracy"]))
    wrong[f"{name}: {percent[-1]:.1f} % at the end"] = percent
plots.curves(
    wrong,
    levels={
        "nearest neighbours,\n60,000 digits: 3.2 %": 3.2,
        "support vector machine,\n60,000 digits: 1.4 %": 1.4,
    },
    title="Learning from 1,000 digits",
    ylabel="wrong among digits not trained on (%)",
    limits=(1, 100),
    logarithmic="y",
).show()

# %% [markdown]
# ## 5.8 Transposed convolution
#
# To go back to a larger image, as decoders do, use the matrix of a convolution the other way round. Facciolo's
# picture: every input value "splats" a copy of the kernel, scaled by itself, onto the output, one copy every
# `stride` places, and where copies overlap they add up. With kernel (x, y, z), stride 2 and input (a, b):
#
# $$(a, b) \;\mapsto\; (ax,\; ay,\; az + bx,\; by,\; bz,\; 0)$$
#
# It is the transpose, not the inverse: for the convolution C with the same kernel and stride,
# ⟨C u, v⟩ = ⟨u, Cᵀ v⟩ for all u and v. At stride 1 it is a convolution again, with the flipped kernel; at
# larger strides it is none. The slide's matrix has n · `stride` + k − 1 rows for n inputs and k weights, the last
# `stride` − 1 of them empty; `padding` cuts rows from both ends.

# %% tags=["explore"]
labkit.plots.arrays(
    {
        "10 · (1, 2, 3)": np.array([10, 20, 30, np.nan, np.nan, np.nan]),
        "20 · (1, 2, 3), two places further": np.array([np.nan, np.nan, 20, 40, 60, np.nan]),
        "what overlaps adds up": np.array([10, 20, 50, 40, 60, 0]),
    },
    title="Splatting (10, 20) with the kernel (1, 2, 3), stride 2",
    boxes={
        "10 · (1, 2, 3)": [(0, 0, 1, 3)],
        "20 · (1, 2, 3), two places further": [(0, 2, 1, 3)],
        "what overlaps adds up": [(0, 2, 1, 1)],
    },
    columns=1,
    alt="Three rows of six places. In the first, 10, 20, 30 at the left; in the second, 20, 40, 60 two places further; "
    "the third is their sum 10, 20, 50, 40, 60, 0, where the 50 is 30 and 20.",
).show()

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the idea</summary>
#
# An array of zeros, long enough; for each x, add `value * kernel` to the slice that begins at `i * stride`.
#
# </details>
# <details><summary>Hint 2: the padding</summary>
#
# `result[padding : len(result) - padding]`. With `[padding:-padding]` nothing is left where the padding is 0.
#
# </details>


# %%
def conv_transpose1d(x: np.ndarray, kernel: np.ndarray, stride: int = 1, padding: int = 0) -> np.ndarray:
    """The transpose of the convolution (of 5.1, in one dimension) with this kernel and stride, applied to x.

    x : (n,) float
    kernel : (k,) float
    stride : step from one copy of the kernel to the next
    padding : how many values are cut from each end
    returns : (n * stride + k - 1 - 2 * padding,) float
    """
    # BEGIN SOLUTION
    result = np.zeros(len(x) * stride + len(kernel) - 1, np.result_type(x, kernel))
    for i, value in enumerate(x):
        result[i * stride : i * stride + len(kernel)] += value * kernel
    return result[padding : len(result) - padding]
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(
        conv_transpose1d,
        np.array([10.0, 20.0]),
        np.array([1.0, 2.0, 3.0]),
        stride=2,
        gives=np.array([10.0, 20, 50, 40, 60, 0]),
    )
)

# %% [markdown]
# ## 5.9 Destroying the neighbourhood
#
# EPFL: when an image becomes a vector, "neighbourhood relationships are lost". For a dense network there were
# none to begin with. The experiment: shuffle the pixels of all digits in one and the same way, and train both
# networks on what comes out. All information is still there, only the neighbours are gone.

# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the idea</summary>
#
# Images as rows of h · w pixels, their columns in a random order, and back to images.
#
# </details>
# <details><summary>Hint 2: one order</summary>
#
# `np.random.default_rng(seed).permutation(h * w)`: one permutation for all images, and the same for the same seed.
#
# </details>


# %%
def permute_pixels(images: np.ndarray, seed: int) -> np.ndarray:
    """Move the pixels of every image in the same, random way.

    images : (n, h, w), any dtype
    seed : determines the permutation (with h and w): images permuted in two calls still fit together
    returns : (n, h, w) of the same dtype
    """
    # BEGIN SOLUTION
    n, h, w = images.shape
    order = np.random.default_rng(seed).permutation(h * w)
    return images.reshape(n, h * w)[:, order].reshape(n, h, w)
    # END SOLUTION


# %% tags=["explore", "example"]
def two_images(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pixels of the first after your permutation, sorted, and how far the second lies above it, place by place."""
    one, two = permute_pixels(np.stack([first, second]), seed=0)
    return np.sort(one.ravel()), two - one


small = np.array([[0, 1, 2], [3, 4, 5]])
print(labkit.example(two_images, small, small + 10, gives=(np.arange(6), np.full((2, 3), 10))))


# %% tags=["explore"]
def build_dense() -> keras.Sequential:
    """A dense network with one hidden layer."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


some = slice(0, 10_000)
shuffled = {
    name: permute_pixels(x[..., 0], seed=0)[..., None] for name, x in [("train", x_train), ("test", x_test)]
}
accuracy = {}
for name, build in [("convolutional", build_cnn), ("dense", build_dense)]:
    for pixels, train_x, test_x in [
        ("digits", x_train, x_test),
        ("permuted digits", shuffled["train"], shuffled["test"]),
    ]:
        network = build()
        train(network, train_x[some], y_train[some], train_x[-5000:], y_val, epochs=3, batch_size=64)
        accuracy[name, pixels] = share_read(network, test_x, y_test)
plots.image_rows(
    {"digits": x_test[:8], "permuted digits": shuffled["test"][:8]},
    title="The same digits without their neighbourhood",
).show()
figure = plots.curves(
    {
        name: {
            place: 100 * accuracy[name, pixels] for place, pixels in enumerate(["digits", "permuted digits"])
        }
        for name in ["convolutional", "dense"]
    },
    title="What is left without a neighbourhood",
    xlabel="trained and tested on",
    ylabel="accuracy on test digits (%)",
)
figure.axes[0].set_xticks([0, 1], ["digits", "permuted digits"])
for (name, pixels), share in accuracy.items():
    print(f"{name:14s} {pixels:16s} {share:.1%}")
figure.show()


# %% tags=["quiz"]
def quiz_5_9() -> str:
    """The pixels of all digits are shuffled in one and the same way. What still holds?

    a) A convolutional network learns them as well as before.
       -> Its windows now hold pixels from all over the digit; what made it better is gone.
    b) A dense network learns them as well as before.
       -> Its weights have no neighbours to lose; each just belongs to another pixel.
    c) Neighbouring pixels are still alike more often than not.
       -> That is what was destroyed: beside a pixel now stands one from anywhere.
    d) All information about the digits is still there.
       -> The permutation can be undone. It only takes away what the layer assumes: that neighbours belong together.
    """
    # BEGIN SOLUTION
    return "bd"
    # END SOLUTION


# %% [markdown]
# The dense network does not notice. The convolutional one falls back to it, or behind: what made it better was the
# neighbourhood, and nothing else.
#
# ## What to take along
#
# - A convolution is a dense layer with shared weights and zeros: few parameters, many connections.
# - It follows a digit that moves (equivariance); pooling forgets a little of where it was (invariance).
# - What it learns in its first layer looks like what was designed by hand: edges, bars, their derivatives.
# - All this rests on neighbours belonging together. Where they do not, it is worth nothing.
#
# Two questions without points. Your network reads digits that are moved by two pixels: how much of that has it
# learned, and how much is built in? And which data other than images have neighbours, so that a convolution is worth
# trying?
