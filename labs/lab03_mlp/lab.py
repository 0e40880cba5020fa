# labkit: lab03_mlp

# %% [markdown]
# # Lab 03: The multi-layer perceptron in Keras
#
# **Aim.** Softmax regression (lab 01) draws straight borders and stops at 92.5 %. One hidden layer bends them:
#
# $$h = \mathrm{relu}(x W_1 + b_1), \qquad p = \mathrm{softmax}(h W_2 + b_2)$$
#
# In this lab you count what such a network has to learn (3.1), set examples aside to judge it (3.2), build it with
# dropout (3.3), train it until it stops getting better (3.4), measure how much width buys (3.5), read its answers
# (3.6), repair a broken one from the slides (3.7), and then see how far dense layers alone can go on a
# budget (3.8). The lecture puts a nearest-neighbour classifier at 96.8 % and a support vector machine at 98.6 %;
# at the end you will have passed the first and come within a hair of the second.
#
# **Afterwards you can** count what a network learns; split data so that a result means something; build, train and
# stop a dense network in Keras; compare networks fairly; and find a head that cannot learn.
#
# **You should know** lab 01 (softmax, cross-entropy, `fit`), and that a layer is a matrix, a bias and an activation.
#
# **The lecturers** that this lab follows: Fromont (multi-layer networks, counting parameters, dropout), the crash
# course of EPFL (multi-layer perceptrons on MNIST), Loiseau (dropout) and Rousseau (networks in Keras). Where a
# slide has slipped, a folded line at the end of the section says so.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this
# file. Images are `(n, 28, 28)` float32 in [0, 1] throughout, labels are integers `(n,)`. Your functions never
# change their arguments. The cells between the questions train and draw; they are not graded. The slowest takes about
# half a minute (3.5). Stuck? Hints come in steps:
# folded in the notebook, by `labkit hint 3.2` for a script.
#
# | question | points | hidden | minutes |
# |---|---|---|---|
# | 3.1 Counting parameters | 8 | 2 | 10 |
# | 3.2 Examples to judge by | 14 | 3 | 25 |
# | 3.3 The network | 18 | 3 | 20 |
# | 3.4 Knowing when to stop | 16 | 6 | 15 |
# | 3.5 How much does width buy? | 12 | 4 | 15 |
# | 3.6 From outputs to classes | 8 | 2 | 5 |
# | 3.7 A head that cannot learn | 10 | 2 | 15 |
# | 3.8 The best dense network for what you can spend | 14 | 8 | 45 |
#
# *Hidden* points are given by checks of the same kinds with other inputs, which run only in grading.
#
# **What is allowed.** 3.1 and 3.2 are meant for NumPy: `sklearn.model_selection.train_test_split` can stratify, too,
# but rounds in another way than asked here. From 3.3 on use Keras; 3.4 is one callback of Keras', no loop of your
# own.
#
# The grader does not run the cells tagged explore: what your functions need must be imported or defined outside
# them.
# Models are one chain of Keras' own layers, begun with `keras.Input(shape)`. The grader cannot rebuild `Lambda`,
# `PReLU`, `Normalization` (batch and layer normalization are fine), layers or activations of your own, and branches.

# %%
from __future__ import annotations

import keras
import numpy as np

import labkit

# %% [markdown]
# ## 3.1 Counting parameters
#
# Fromont's exercise: images of 40 × 40 pixels, three hidden layers of 100 units, ten classes. How many numbers
# does the network learn? Between two fully connected layers every unit of the second has one weight for each unit
# of the first, and a bias of its own. The pixels are the input; nobody computes them, so they have no bias.
#
# Facciolo writes it as c(d + 1) for a layer of c units on d inputs. The answer for Fromont is 181,310; without
# biases it would be 181,000. The EPFL lecture compares networks "with the same number of weights" on a surface
# I = f(x, y): 1 × 125, 2 × 20, 3 × 14, 3 × 15 and 3 × 19 units with 501, 501, 477, 541 and 837. Your function
# should agree with all of them: biases are counted there too.

# %% tags=["explore"]
labkit.plots.network(
    [("inputs", (3,)), ("3 · 2 weights\n+ 2 biases = 8", (2,)), ("2 · 1 weights\n+ 1 bias = 3", (1,))],
    title="Three inputs, two hidden units, one output: 11 numbers to learn",
).show()

# %% [markdown] tags=["hint"]
# Stuck? `labkit hint 3.1` helps, step by step.


# %%
def count_parameters(layer_sizes: list[int], bias: bool = True) -> int:
    """How many numbers a fully connected network learns.

    layer_sizes : units of every layer in order, the inputs first and the classes last; [784, 10] is softmax
        regression on MNIST
    bias : whether every unit has a bias
    returns : the number of weights and biases
    """
    raise NotImplementedError("3.1 count_parameters")


# %% tags=["explore", "example"]
print(labkit.example(count_parameters, [3, 2, 1], gives=11))
print(labkit.example(count_parameters, [3, 2, 1], bias=False, gives=8))


# %% tags=["check"]
labkit.check("3.1")

# %% tags=["explore"]
print("Fromont's exercise:", count_parameters([1600, 100, 100, 100, 10]))
for depth, width in [(1, 125), (2, 20), (3, 14), (3, 15), (3, 19)]:
    print(f"EPFL, {depth} × {width:3}:", count_parameters([2] + depth * [width] + [1]))


# %% tags=["quiz"]
def quiz_3_1() -> float:
    """How many numbers does the network 784-100-10 learn, biases included?

    Answer with a number.
    """
    raise NotImplementedError("quiz quiz_3_1")


# %% tags=["check"]
labkit.check("quiz_3_1")

# %% [markdown]
# ## 3.2 Examples to judge by
#
# A network can learn its training examples by heart, so what it reaches there says little. Set a part aside, train
# on the rest, and look at that part to decide when to stop and which network to keep. It is then no longer a fair
# judge of the final result: that is what the test set is for, once, at the end.
#
# Three things go wrong easily. Files are often sorted, so the last rows are not like the first: draw at random. A
# rare class can end up on one side only: draw from each class separately (a *stratified* split). And images and
# labels must stay together.
#
# For each class with m examples, round(fraction · m) go to validation. In which order the rows of a part come out
# is up to you. The same seed gives the same split, another seed another one.
#
# <details><summary>Erratum of the slides</summary>
#
# EPFL's 50,000 + 10,000 pairs for training and validation are right, but MNIST has 10,000 test pairs, not 5,000.
#
# </details>

# %% [markdown] tags=["hint"]
# Stuck? `labkit hint 3.2` helps, step by step.


# %%
def split(
    x: np.ndarray, y: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Part the examples at random into training and validation, class by class.

    x : (n, ...) examples, one per row
    y : (n,) integer labels
    fraction : share of each class that goes to validation, between 0 and 1
    seed : decides which
    returns : (x_train, y_train, x_val, y_val); every example is in exactly one part, dtypes stay
    """
    raise NotImplementedError("3.2 split")


# %% tags=["explore", "example"]
def counts(y: np.ndarray, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """How many of each label your split leaves for training, and sets aside."""
    _, y_train, _, y_val = split(np.arange(len(y)), y, fraction, seed=0)
    return np.bincount(y_train), np.bincount(y_val)


print(
    labkit.example(
        counts, np.array([0, 0, 0, 0, 0, 0, 1, 1, 1]), 1 / 3, gives=(np.array([4, 2]), np.array([2, 1]))
    )
)


# %% tags=["check"]
labkit.check("3.2")

# %% tags=["explore"]
from labkit import plots
from labkit.data import load_mnist

labkit.accelerate()  # the same model.fit, several times faster
mnist = load_mnist()
images, test_images = mnist.x_train / np.float32(255), mnist.x_test / np.float32(255)
x_train, y_train, x_val, y_val = split(images, mnist.y_train, fraction=1 / 6, seed=0)
print("training:  ", np.bincount(y_train), "of each digit")
print("validation:", np.bincount(y_val))


# %% tags=["quiz"]
def quiz_3_2() -> str:
    """The examples are sorted by digit, 0 to 9, and you take the last tenth for validation. What do you see?

    a) The usual accuracy, only with more noise.
    b) An accuracy near 1: a single digit is easy to recognise.
    c) An accuracy near 0: the network is judged by a digit that it has hardly ever seen.
    d) The usual accuracy, if training shuffles its batches.

    Answer with the letter of the right option.
    """
    raise NotImplementedError("quiz quiz_3_2")


# %% tags=["check"]
labkit.check("quiz_3_2")

# %% [markdown]
# ## 3.3 The network
#
# `Flatten` makes a row of 784 numbers of each image. (The EPFL lecture warns: neighbourhood relationships are
# lost. Lab 05 wins them back.) Each hidden layer then is `Dense`, its activation, and *dropout*. The last layer
# has one unit per class. It must not be followed by relu or sigmoid: with outputs between 0 and 1 before the softmax
# no class of ten could get more than 23 %.
#
# **Dropout.** In training, each forward pass sets a random part of the units to zero, so that no unit can rely on
# one certain partner. In inference all units work. To keep the expected sum the same, the survivors are scaled up
# by 1/(1 − rate) during training. Keras' `rate` is the probability that a unit is *dropped*; Rousseau, after
# Srivastava, writes p for the probability that it is *present*: rate = 1 − p.
#
# **Loss.** The labels are integers, so the loss is the *sparse* categorical cross-entropy; the other one wants
# one-hot rows. Either let the last layer end in softmax, or leave it linear and tell the loss `from_logits=True`.
# Do one of the two, not both and not neither. Any optimizer will do; ask for the metric "accuracy".
#
# <details><summary>Errata of the slides</summary>
#
# EPFL puts σ on the outputs before the softmax. Loiseau says of dropout "connections, at each epoch, with a
# compensating factor during prediction"; it is units, at each forward pass, and the compensation is part of
# training. So Fromont's "at test time, keep the same energy" holds, by the scaling during training.
#
# </details>

# %% tags=["explore"]
labkit.plots.network(
    [
        ("image", (28, 28)),
        ("Flatten", (784,)),
        ("Dense, relu,\ndropout\n401,920 numbers", (512,)),
        ("Dense, relu,\ndropout\n262,656", (512,)),
        ("Dense, softmax\n5,130", (10,)),
    ],
    title="The network of the default arguments",
).show()

# %% [markdown] tags=["hint"]
# Stuck? `labkit hint 3.3` helps, step by step.


# %%
def build_mlp(
    hidden: tuple[int, ...] = (512, 512),
    activation: str = "relu",
    dropout: float = 0.2,
    num_classes: int = 10,
) -> keras.Sequential:
    """A compiled classifier of images with fully connected layers.

    hidden : units of each hidden layer; after each come its activation, then dropout
    activation : of the hidden layers, by its Keras name
    dropout : share of units that is dropped in training; 0 for none
    num_classes : units of the output
    returns : a model that takes (n, 28, 28) images in [0, 1] and integer labels (n,), metric accuracy
    """
    raise NotImplementedError("3.3 build_mlp")


# %% tags=["check"]
labkit.check("3.3")

# %% tags=["explore"]
build_mlp().summary()

# %% [markdown]
# Two looks before any training, which find most mistakes in a minute. A fresh network has no idea, so its loss lies
# near ln 10 = 2.303 (somewhat above is usual; 20 is not). And it must be able to learn twenty images by heart: if it
# cannot, more data will not help.

# %% tags=["explore"]
model = build_mlp(dropout=0.0)
print(f"fresh: loss {model.evaluate(x_val, y_val, verbose=0)[0]:.2f}")
model.fit(x_train[:20], y_train[:20], epochs=50, verbose=0)
loss, accuracy = model.evaluate(x_train[:20], y_train[:20], verbose=0)
print(f"twenty images by heart: loss {loss:.3f}, accuracy {accuracy:.0%}")


# %% tags=["quiz"]
def quiz_3_3() -> float:
    """Srivastava's paper keeps a hidden unit with probability p = 0.8. Which `rate` do you give to Keras' `Dropout`?

    Answer with a number.
    """
    raise NotImplementedError("quiz quiz_3_3")


# %% tags=["check"]
labkit.check("quiz_3_3")

# %% tags=["quiz"]
def quiz_3_3_sigmoid() -> float:
    """The EPFL lecture squeezes ten outputs through a sigmoid and then takes the softmax. What is the largest
    probability that a class can get at all?

    Answer with a number.
    """
    raise NotImplementedError("quiz quiz_3_3_sigmoid")


# %% tags=["check"]
labkit.check("quiz_3_3_sigmoid")

# %% [markdown]
# ## 3.4 Knowing when to stop
#
# With enough epochs the training loss goes to zero, but the validation loss turns and rises: from there on the
# network learns its examples by heart. *Early stopping* watches `val_loss`. When it has not fallen below its
# lowest value for `patience` epochs in a row, training ends, and the weights go back to those of the best epoch,
# also when the epochs run out first. Keras has a callback for it; read the arguments of
# `keras.callbacks.EarlyStopping`, two of its defaults are not what you want here.
#
# Train the model that is given, on the training examples alone.

# %% [markdown] tags=["hint"]
# Stuck? `labkit hint 3.4` helps, step by step.


# %%
def train(
    model: keras.Sequential,
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_val: np.ndarray,
    y_val: np.ndarray,
    epochs: int = 10,
    batch_size: int = 128,
    patience: int = 3,
) -> keras.callbacks.History:
    """Train until the validation loss no longer falls, and go back to the best epoch.

    model : compiled; afterwards it holds the weights of the epoch with the lowest val_loss
    x_train, y_train, x_val, y_val : images (n, 28, 28) and integer labels (n,)
    epochs : at most so many
    patience : epochs without a new lowest val_loss after which training ends, as in Keras
    returns : the History, with loss and val_loss of every epoch that was trained
    """
    raise NotImplementedError("3.4 train")


# %% tags=["check"]
labkit.check("3.4")

# %% [markdown]
# What does dropout do? Take only 3,000 images, so that learning by heart is easy, and train once without and once
# with it. In the figure the grey area is the gap between what the network knows by heart and what it understood.
# (Keras measures the training curve while units are dropped, so with dropout it can even lie above the other.)

# %% tags=["explore"]
gaps = {}
for name, rate in [("no dropout", 0.0), ("dropout 0.5", 0.5)]:
    keras.utils.set_random_seed(0)
    model = build_mlp(dropout=rate)
    few = train(model, x_train[:3000], y_train[:3000], x_val, y_val, epochs=30, patience=30)
    gaps[name] = few.history
plots.generalisation_gap(gaps, title="Trained on 3,000 images").show()

# %% tags=["explore"]
keras.utils.set_random_seed(0)
model = build_mlp()
fresh = model.evaluate(x_val, y_val, verbose=0, return_dict=True)
history = train(model, x_train, y_train, x_val, y_val, epochs=20)
plots.training_curves(history.history, majority=0.1124, title="512-512 with dropout 0.2", fresh=fresh).show()
best_epoch = np.argmin(history.history["val_loss"]) + 1
print(f"{len(history.epoch)} epochs; the weights are those of epoch {best_epoch}")


# %% tags=["quiz"]
def quiz_3_4() -> float:
    """The validation loss runs 0.30, 0.25, 0.24, 0.26, 0.25, 0.245, … and patience is 2. After which epoch, counted
    from 1, does training end?

    Answer with a number.
    """
    raise NotImplementedError("quiz quiz_3_4")


# %% tags=["check"]
labkit.check("quiz_3_4")

# %% [markdown]
# ## 3.5 How much does width buy?
#
# The EPFL lecture plots accuracy on MNIST against the size of one hidden layer, 20 to 120 units, that is 15,910 to
# 95,410 parameters, beside the classics: nearest neighbours 96.8 %, support vector machine 98.6 %. Repeat it.
#
# A fair comparison changes one thing at a time. So each width gets a new network and starts from the same seed:
# call `keras.utils.set_random_seed(seed)` before *each* network is built. Then the result of one width does not
# depend on which widths came before it.
#
# Use `build_mlp` and batches of 128. The grader expects 120 units to reach 97 % after 8 epochs of 50,000 digits, and
# 20 units to stay behind: choose in 3.3 an optimizer that learns that fast (Adam does; plain SGD at 0.01 does not).

# %% [markdown] tags=["hint"]
# Stuck? `labkit hint 3.5` helps, step by step.


# %%
def sweep_hidden(
    widths: list[int],
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_val: np.ndarray,
    y_val: np.ndarray,
    epochs: int,
    seed: int,
) -> dict[int, float]:
    """Accuracy of networks with one hidden relu layer, for several widths of it.

    widths : units of the hidden layer, one network each, without dropout
    x_train, y_train, x_val, y_val : images (n, 28, 28) and integer labels (n,)
    epochs : of training for each network, on the training examples
    seed : every network starts from it anew
    returns : width -> accuracy on the validation examples after the last epoch, between 0 and 1
    """
    raise NotImplementedError("3.5 sweep_hidden")


# %% tags=["check"]
labkit.check("3.5")

# %% tags=["explore"]
accuracies = sweep_hidden([20, 40, 60, 80, 100, 120], x_train, y_train, x_val, y_val, epochs=10, seed=0)
classics = {"nearest neighbours": 0.968, "support vector machine": 0.986}
figure = plots.curves(
    {"one hidden layer": {width: 100 * share for width, share in accuracies.items()}},
    levels={f"{name}\n{share:.1%}": 100 * share for name, share in classics.items()},
    title="Accuracy by width of the hidden layer",
    xlabel="units of the hidden layer",
    ylabel="accuracy on validation data (%)",
)
for width, share in accuracies.items():
    place, above = (width, 100 * share), (0, 8)
    figure.axes[0].annotate(f"{100 * share:.1f}", place, above, textcoords="offset points", ha="center")
figure.show()


# %% tags=["quiz"]
def quiz_3_5() -> str:
    """You sweep the widths 20, 40, 60, then 60 alone, and 60 gets another accuracy. The seed is set once, before the
    loop. Why?

    a) In the sweep, the third network began with whatever random numbers the first two had left.
    b) Adam draws random numbers, so no two runs are equal.
    c) The third network went on with the weights of the second.
    d) The validation examples were used up.

    Answer with the letter of the right option.
    """
    raise NotImplementedError("quiz quiz_3_5")


# %% tags=["check"]
labkit.check("quiz_3_5")

# %% [markdown]
# ## 3.6 From outputs to classes
#
# The predicted class is the unit with the largest output. It does not matter whether the outputs are probabilities
# or logits: softmax keeps the order. A network can be wrong *and* unsure; a class wins with 30 % if no other has
# more, so thresholds and rounding have no place here.

# %% [markdown] tags=["hint"]
# Stuck? `labkit hint 3.6` helps, step by step.


# %%
def predict_classes(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """The class that the model finds most likely for each example.

    model : a classifier whose outputs (n, k) are probabilities or logits
    x : (n, ...) examples, any number of them
    returns : (n,) int64, from 0 to k - 1
    """
    raise NotImplementedError("3.6 predict_classes")


# %% tags=["explore", "example"]
unchanged = keras.Sequential([keras.Input((3,)), keras.layers.Activation("linear")])


def classes_of(outputs: np.ndarray) -> np.ndarray:
    """Your predict_classes for a model that answers with just these outputs."""
    return predict_classes(unchanged, outputs)


print(labkit.example(classes_of, np.array([[0.1, 0.7, 0.2], [-3.0, -5.0, -1.0]]), gives=np.array([1, 2])))


# %% tags=["check"]
labkit.check("3.6")

# %% tags=["explore"]
def probabilities(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """What a classifier answers, as probabilities also where it ends in logits."""
    outputs = model.predict(x, batch_size=4096, verbose=0)
    if outputs.min() >= 0 and outputs.max() <= 1 and not getattr(model.loss, "from_logits", False):
        return outputs
    return np.asarray((keras.ops.sigmoid if outputs.shape[1] == 1 else keras.ops.softmax)(outputs))


plots.confusion_matrix(mnist.y_test, predict_classes(model, test_images)).show()
plots.confident_errors(mnist.x_test, mnist.y_test, probabilities(model, test_images)).show()


# %% tags=["quiz"]
def quiz_3_6() -> str:
    """A classifier gives logits of shape (n, 10). Which lines give the predicted classes?

    a) logits.argmax(axis=0)
    b) logits.argmax(axis=1)
    c) (softmax(logits) > 0.5).argmax(axis=1)
    d) softmax(logits).argmax(axis=1)

    Answer with the letters of all right options, such as "ad".
    """
    raise NotImplementedError("quiz quiz_3_6")


# %% tags=["check"]
labkit.check("quiz_3_6")

# %% [markdown]
# ## 3.7 A head that cannot learn
#
# The network for two classes on Rousseau's Keras slide has a mistake:
#
# ```python
# network = models.Sequential()
# network.add(layers.Dense(3, activation='relu', input_shape=(4,)))
# network.add(layers.Dense(1, activation='softmax'))
# model.compile(loss='categorical_crossentropy', ...)
# ```
#
# It builds `network` and compiles `model`. Worse: softmax divides by the sum over the units, and there is one unit.
# So the output is 1 for every input, the gradient is 0, and nothing is ever learned, while Keras reports a
# perfect loss of 0.0000. (Fit it and see: the accuracy stays at the share of the ones.)
#
# Build a head for two classes that learns. Two ways are right: one unit with a sigmoid and the *binary*
# cross-entropy, or two units with softmax and the *sparse categorical* one; either may also end in logits, with a
# loss that is told `from_logits=True`. Give the network enough hidden units: it should part two crescents, which
# three units can hardly do, and a network without a non-linearity not at all.
#
# The grader trains your model on 1,000 points of scikit-learn's `make_moons(noise=0.1)`, 100 epochs in batches of
# 32, with the optimizer that you compiled, and wants 98 % on other points. A fixed learning rate, please: where the
# grader trains your model, a schedule becomes its first value, and weight constraints are left out.

# %% [markdown] tags=["hint"]
# Stuck? `labkit hint 3.7` helps, step by step.


# %%
def fix_binary_head(num_features: int) -> keras.Sequential:
    """A compiled classifier for two classes that repairs the one on the slide.

    num_features : numbers per example
    returns : a model that takes (n, num_features) and labels 0 or 1, as (n,) or as (n, 1)
    """
    raise NotImplementedError("3.7 fix_binary_head")


# %% tags=["check"]
labkit.check("3.7")

# %% [markdown]
# See what it has learned: the shade is the probability of class 1, the line is where it is one half. Fromont's table
# says what to expect: without a hidden layer one straight border, with hidden layers any shape, if there are enough
# units. The spiral is the hard case of the TensorFlow playground.

# %% tags=["explore"]
from sklearn.datasets import make_moons


def two_spirals(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two arms that wind around each other: (n, 2) points and (n,) labels."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    radius = np.sqrt(rng.uniform(0.02, 1, n))
    angle = 3 * np.pi * radius + np.pi * label
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return points + rng.normal(scale=0.03, size=points.shape), label


def probability_map(model, points, resolution=120):
    """P(class 1) on a grid around the points, rows from low to high, and where the grid lies."""
    low, high = points.min(axis=0) - 0.3, points.max(axis=0) + 0.3
    across, up = np.linspace(low[0], high[0], resolution), np.linspace(low[1], high[1], resolution)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    scores = probabilities(model, grid)[:, -1]
    return scores.reshape(resolution, resolution), (low[0], high[0], low[1], high[1])


def straight_border(num_features):
    """Logistic regression: no hidden layer."""
    model = keras.Sequential([keras.Input((num_features,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="binary_crossentropy")
    return model


for name, (points, classes) in {
    "moons": make_moons(1000, noise=0.1, random_state=0),
    "spiral": two_spirals(1000, seed=0),
}.items():
    panels = {}
    for title, build in {"no hidden layer": straight_border, "your network": fix_binary_head}.items():
        keras.utils.set_random_seed(0)
        head = build(2)
        head.fit(points, classes, batch_size=32, epochs=100, verbose=0)
        panels[title], extent = probability_map(head, points)
    plots.decision_regions(points, classes, panels, extent, title=f"Two classes: {name}").show()


# %% tags=["quiz"]
def quiz_3_7() -> str:
    """Which heads can learn two classes from labels 0 and 1?

    a) Dense(1, activation="sigmoid") with binary cross-entropy
    b) Dense(1, activation="softmax") with categorical cross-entropy
    c) Dense(2, activation="softmax") with sparse categorical cross-entropy
    d) Dense(1) with BinaryCrossentropy(from_logits=True)

    Answer with the letters of all right options, such as "ad".
    """
    raise NotImplementedError("quiz quiz_3_7")


# %% tags=["check"]
labkit.check("quiz_3_7")

# %% [markdown]
# ## 3.8 The best dense network for what you can spend
#
# Now without rules: the best classifier of dense layers that a *budget* of training buys. Convolutions are for lab 05;
# everything else is yours: width, depth, batch normalisation, dropout, the optimizer and its schedule, the batch size,
# and how often the data is seen.
#
# What a training costs is counted in multiply-adds, so that it is the same on every machine. In one step each weight
# is used three times for each example: forward, backward to its input, and for its own gradient. So
#
# $$\text{cost} = 3 \cdot \text{weights} \cdot \text{examples} \cdot \text{epochs},$$
#
# where only the matrices of the dense layers count. `training_cost` below does the counting. By hand: 784–100–10 has
# 784 · 100 + 100 · 10 = 79,400 weights; five epochs of 60,000 digits cost 3 · 79,400 · 60,000 · 5 = 7.1 · 10¹⁰.
#
# You return a compiled model, the batch size and the number of epochs. The grader counts, trains your model with them
# on the 60,000 training digits (classes renamed, so that weights from elsewhere are of no use), and measures the
# accuracy on the test digits. With a budget of 10¹² it gives full points from **98.3 %** on and none at 97.5 %; in
# between, in proportion. Spend it well: everything on one wide layer leaves one pass over the data, everything on
# passes leaves a network too small to need them.

# %% [markdown] tags=["hint"]
# Stuck? `labkit hint 3.8` helps, step by step.


# %%
def training_cost(model: keras.Model, epochs: int, examples: int = 60_000) -> float:
    """The multiply-adds of a training: 3 · weights · examples · epochs; the matrices of dense layers count."""
    weights = sum(w.shape[0] * w.shape[1] for w in model.weights if len(w.shape) == 2)
    return 3.0 * weights * examples * epochs


# %%
def best_mlp(budget: float) -> tuple[keras.Sequential, int, int]:
    """The best classifier of dense layers whose training on 60,000 digits costs at most a budget.

    budget : multiply-adds, as `training_cost` counts them; at least 1e10
    returns : (model, batch_size, epochs): a compiled, untrained model that takes images (n, 28, 28) in [0, 1] and
        integer labels and has ten outputs; how many examples a step takes; how many passes over the data
    """
    raise NotImplementedError("3.8 best_mlp")


# %% tags=["check"]
labkit.check("3.8")

# %% tags=["explore"]
keras.utils.set_random_seed(0)
best, batch_size, epochs = best_mlp(1e12)
print(f"{epochs} epochs cost {training_cost(best, epochs):.2e} of 1e12")
best.fit(images, mnist.y_train, batch_size=batch_size, epochs=epochs, verbose=0)
print(f"{np.mean(predict_classes(best, test_images) == mnist.y_test):.2%} of the test digits")

# %% [markdown]
# Each unit of the first hidden layer has a weight for every pixel: an image. Some look for a stroke at one place,
# many look like noise, and none knows that neighbours belong together. That is what lab 05 changes.

# %% tags=["explore"]
first_layer = next(w for w in best.get_weights() if w.ndim == 2)
if first_layer.shape[0] == 784:  # a unit that sees all pixels at once can be drawn
    plots.weight_images(first_layer[:, :20], title="What 20 units of the first hidden layer look for").show()

# %% [markdown]
# ## What to take along
#
# - What a network reaches on the examples that it was trained on says little. Split first, stratified, and look at
#   the test set once.
# - Before you train: is the loss of the fresh network near ln K, and can it learn twenty examples by heart?
# - Change one thing at a time, from the same seed; otherwise a difference means nothing.
# - Units, loss and labels of the last layer belong together. Where they do not, Keras rarely says so.
#
# Two questions without points. Dropout 0.5 on 3,000 images lowers the best validation loss only a little, and the
# gap stays: what is missing, and what would close it? And a network of 120 units beats the nearest neighbours
# with a five-hundredth of their numbers: where is what the neighbours remember?
