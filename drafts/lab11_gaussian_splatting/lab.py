# labkit: lab11_gaussian_splatting

# %% [markdown]
# # Lab 11: Gaussian splatting
#
# **Afterwards you can** do Facciolo's homework end to end: draw the graph of an objective, differentiate it by hand
# and prove that you did it right, descend with and without automatic differentiation and see both agree to the last
# digits; say what a change of variables does to a descent, and where a fit has to start to succeed; find the mistake
# in somebody else's derivatives; and write a digit as a sum of eight turned Gaussians, the idea behind 3-D splatting.
#
# **You should know** the chain rule (lab 02 trains it), NumPy arrays, and $e^x$. TensorFlow's tape appears in 11.5
# and is explained there.
#
# | question | minutes | points | | question | minutes | points |
# |---|---|---|---|---|---|---|
# | 11.1 A bump and its error | 15 | 10 | | 11.6 Another variable | 20 | 12 |
# | 11.2 The graph of the homework | 20 | 10 | | 11.7 Where to start | 15 | 10 |
# | 11.3 Derivatives by hand | 30 | 14 | | 11.8 The detective | 25 | 10 |
# | 11.4 Down the hill | 15 | 10 | | 11.9 A digit from eight Gaussians | 40 | 12 |
# | 11.5 The same with a tape | 25 | 12 | | together | 205 | 100 |
#
# 25 of the 100 points are graded with inputs that you do not see, of the kinds that `labkit check` shows. The slowest
# cell (digits by 1 to 16 Gaussians, in 11.9) takes a few seconds.
#
# **What is allowed.** NumPy everywhere; TensorFlow in 11.5; SciPy's optimisers in 11.9 if you like. Derivatives are
# yours in 11.3, 11.4 and 11.6.
#
# **How to work.** Replace each `raise NotImplementedError(...)` by your code, then run `labkit check` on this file.
# Cells marked `explore` show numbers and pictures of *your* functions; they are not graded. Everywhere:
#
# - An image is (h, w), float, `image[row, column]`. The point (x, y) is column x and row y: x grows to the right, y
#   downwards, and the centre of the first pixel is (0, 0).
# - A Gaussian is a dictionary: `"amplitude"` a number, `"mean"` an array (x, y), `"precision"` an array of two.
# - Nothing that you are given changes, arrays inside dictionaries included. No input is an error: a descent that
#   explodes returns what it has, infinities included.
#
# The lectures: Facciolo ("Homework single-Gaussian Splatting", "Computational graphs"); Rousseau; Fromont.

# %%
from __future__ import annotations

import numpy as np

import labkit


# %% tags=["explore"]
def gaussian(amplitude: float, mean, precision, **angle) -> dict:
    """A Gaussian as this lab writes it."""
    return {
        "amplitude": amplitude,
        "mean": np.array(mean, float),
        "precision": np.array(precision, float),
        **angle,
    }


def show_beside(what: str, expected, yours) -> None:
    """One worked example: what the paper says, and what your function finds."""
    print(f"{what}\n    expected  {expected}\n    yours     {yours}")


def mark_signs(axis, image: np.ndarray, least: float = 0.05) -> None:
    """A plus or a minus on the pixels of a small image, so that signs can be read in grey."""
    for (row, column), value in np.ndenumerate(image):
        if abs(value) >= least:
            axis.text(column, row, "+" if value > 0 else "−", ha="center", va="center", fontsize=8)


def draw_images(title: str, images: dict, low: float = 0.0, high: float = 1.0, signed: tuple = ()):
    """Images beside each other, black on white; those named in `signed` from blue (−) to red (+)."""
    figure = labkit.plots.Figure(figsize=(2.6 * len(images) + 0.6, 3.1), layout="constrained")
    figure.suptitle(title)
    for axis, (name, image) in zip(
        figure.subplots(1, len(images), squeeze=False)[0], images.items(), strict=True
    ):
        if name in signed:
            shown = axis.imshow(image, cmap="RdBu_r", vmin=-high, vmax=high)
            mark_signs(axis, image)
        else:
            shown = axis.imshow(image, cmap="Greys", vmin=low, vmax=high)
        axis.set(title=name, xlabel="x (column)")
        figure.colorbar(shown, ax=axis, shrink=0.75)
    figure.axes[0].set_ylabel("y (row)")
    return figure


# %% [markdown]
# ## 11.1 A bump and its error
#
# One Gaussian on the pixels: high at its mean $\mu$, falling off in both directions,
#
# $$f(x, y) = a\, e^{-p_1 (x - \mu_1)^2 - p_2 (y - \mu_2)^2}, \qquad
# g = \sum_{\text{pixels}} \bigl(f(x, y) - I(x, y)\bigr)^2.$$
#
# The second number says how badly $f$ imitates an image $I$: the sum of the squared differences, pixel by pixel. The
# larger a precision $p$, the narrower the bump.
#
# *On paper:* $a = 2$, $\mu = (1, 0)$, $p = (1, \ln 2)$. At the pixel (x, y) = (1, 0) stands 2; one row below, at (1,
# 1), $2 e^{-\ln 2} = 1$; one column to the left, at (0, 0), $2/e \approx 0.736$.
#
# <details><summary>Erratum: this Σ is the inverse of the usual one</summary>
#
# The slide writes $e^{-(x-\mu)^\top \Sigma (x-\mu)}$ with $\Sigma = \mathrm{diag}(\sigma_1^{-2}, \sigma_2^{-2})$.
# What is usually called Σ is a covariance, and stands there inverted, with a ½ before it. Here $p = \sigma^{-2}$ is a
# *precision*, without the ½: a bump whose variance in the usual sense is $v$ has $p = 1/(2v)$.
#
# </details>

# %% tags=["explore"]
labkit.plots.arrays(
    {
        "(x − 1)²: x is the column": np.array([[1, 0, 1], [1, 0, 1]]),
        "ln 2 · y²: y is the row": np.array([[0, 0, 0], [0.693, 0.693, 0.693]]),
        "minus their sum": np.array([[-1, 0, -1], [-1.693, -0.693, -1.693]]),
        "2 · e to that power": np.array([[0.736, 2, 0.736], [0.368, 1, 0.368]]),
    },
    title="The bump of the example, on 2 rows and 3 columns",
    signs=["+", "→", "→"],
    columns=2,
    alt="Two rows, three columns. The squared distance from column 1 is 1, 0, 1 in both rows. ln 2 times the squared "
    "row is 0 in the first row and 0.693 in the second. 2 times e to the power of minus their sum is 0.736, 2, 0.736 "
    "and 0.368, 1, 0.368.",
).show()


# %%
def render(parameters: dict, height: int, width: int) -> np.ndarray:
    """The picture of one Gaussian.

    parameters : "amplitude" a number a, "mean" (2,) = (x, y), "precision" (2,) = (p1, p2); the mean may lie outside
    height, width : of the picture
    returns : (height, width) float64, f at every pixel, [row, column]
    source : Facciolo, "Homework single-Gaussian Splatting"
    """
    # BEGIN SOLUTION
    y, x = np.mgrid[:height, :width]
    dx, dy = x - parameters["mean"][0], y - parameters["mean"][1]
    p1, p2 = parameters["precision"]
    return parameters["amplitude"] * np.exp(-p1 * dx**2 - p2 * dy**2)
    # END SOLUTION


# %%
def objective(image: np.ndarray, parameters: dict) -> float:
    """The sum of the squared differences between the picture of a Gaussian and an image.

    image : (h, w) float
    parameters : a Gaussian, as in `render`
    returns : g, a number
    source : Facciolo, "Homework single-Gaussian Splatting"
    """
    # BEGIN SOLUTION
    return float(((render(parameters, *image.shape) - image) ** 2).sum())
    # END SOLUTION


# %% tags=["explore", "example"]
corner = gaussian(2.0, (1, 0), (1, np.log(2)))
bump = np.array([[0.7358, 2, 0.7358], [0.3679, 1, 0.3679]])
dark = np.array([[0.7358, 2, 0.7358], [0.3679, 1, 0.0]])  # the last pixel misses its 0.3679
print(labkit.example(render, corner, 2, 3, gives=bump))
print(labkit.example(objective, dark, corner, gives=0.1353))

# %% tags=["explore"]
target = gaussian(0.8, (3.5, 3), (1 / 1.5**2, 1 / 2**2))  # σ = (1.5, 2)
start = gaussian(1.0, (3, 4), (1 / 2**2, 1 / 1.5**2))  # σ = (2, 1.5)
image = render(target, 8, 8)
show_beside("the start of this lab on the image of this lab", 1.8011707, round(objective(image, start), 7))

# %% [markdown]
# From here to 11.6 one image of 8×8 pixels serves: a bump at (3.5, 3), higher than wide. Below it stands the Gaussian
# that we start from, and what is wrong with it: red where it has too much, blue where it has too little.

# %% tags=["explore"]
draw_images(
    "The image I, the start f, and the residual f - I",
    {"I": image, "f": render(start, 8, 8), "f - I": render(start, 8, 8) - image},
    signed=("f - I",),
).show()


# %% tags=["quiz"]
def quiz_11_1() -> float:
    """A bump has the precision 2 in x. Two pixels to the right of its centre, how much of its height is left, in
    percent? (e⁻¹ is 36.8 %, e⁻² 13.5 %, e⁻⁴ 1.83 %, e⁻⁸ 0.034 %.)

    tolerance: 0.001
    = 1.83 -> That is e⁻⁴: either with a ½ that is not in this exponent, or with 2 · 2 for 2 · 2².
    = 36.8 -> That would be one standard deviation of another convention; here it is e to the minus p times d².
    = 13.5 -> The distance counts squared: p · d² is 2 · 4.
    """
    # BEGIN SOLUTION
    return 0.034
    # END SOLUTION


# %% [markdown]
# ## 11.2 The graph of the homework
#
# "Describe the computation graph", asks the homework, because a derivative is nothing but a walk back through it.
# Write the computation down as operations, one to a node. Each node names its operation and its arguments:
#
# `{"s": ["add", "x", "y"], "f": ["multiply", "s", "z"]}` is $f = (x + y)\, z$.
#
# The operations are add, subtract (first minus second), multiply, square, negate, exp, and sum (of all entries, a
# number). A number and an image may meet: the number counts in every pixel. The leaves are the images `image`, `x`
# and `y` (the column and the row of every pixel) and the numbers `amplitude`, `mean_x`, `mean_y`, `precision_x`,
# `precision_y`.
#
# *On paper:* begin inside. $x - \mu_1$ is one node, its square another, times $p_1$ a third. Do the same for y, add,
# negate, and $e$ to the power of it is the bump without its height.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: how many nodes?</summary>Thirteen are enough for the whole of g: seven for the exponent
# (three for x, three for y, one that adds), then negate, exp and multiply make f, and three more make g of it. One
# more or less does not matter.</details>
# <details><summary>Hint 2: where the minus goes</summary>There is no operation for −x², but <code>negate</code> of the
# sum of both. It stands after the multiplication by the precision or before it; both are right.</details>


# %%
def computation_graph() -> dict[str, list[str]]:
    """The computation of f and g, one operation a node.

    returns : name of a node to [operation, names of its arguments...]. Operations: "add", "subtract", "multiply" (two
        arguments), "square", "negate", "exp", "sum" (one). Leaves: "image", "x", "y", all (h, w), and the numbers
        "amplitude", "mean_x", "mean_y", "precision_x", "precision_y". The node "f" is the picture (h, w), the node "g"
        the objective, a number. Other names and the order of the nodes are yours
    source : Facciolo, "Homework single-Gaussian Splatting", "Computational graphs"
    """
    # BEGIN SOLUTION
    return {
        "dx": ["subtract", "x", "mean_x"],
        "dy": ["subtract", "y", "mean_y"],
        "dx²": ["square", "dx"],
        "dy²": ["square", "dy"],
        "p·dx²": ["multiply", "precision_x", "dx²"],
        "p·dy²": ["multiply", "precision_y", "dy²"],
        "both": ["add", "p·dx²", "p·dy²"],
        "exponent": ["negate", "both"],
        "bell": ["exp", "exponent"],
        "f": ["multiply", "amplitude", "bell"],
        "error": ["subtract", "f", "image"],
        "error²": ["square", "error"],
        "g": ["sum", "error²"],
    }
    # END SOLUTION


# %% tags=["explore"]
OPERATIONS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "square": np.square,
    "negate": np.negative,
    "exp": np.exp,
    "sum": np.sum,
}


def leaves_of(image: np.ndarray, parameters: dict) -> dict:
    """What a graph of this lab begins with."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    numbers = [parameters["amplitude"], *parameters["mean"], *parameters["precision"]]
    names = ("amplitude", "mean_x", "mean_y", "precision_x", "precision_y")
    return {"image": image, "x": x, "y": y, **dict(zip(names, numbers, strict=True))}


def evaluate(graph: dict, values: dict) -> tuple[dict, dict]:
    """The value of every node, and how many operations lie between it and the leaves."""
    values, depth = dict(values), dict.fromkeys(values, 0)
    while missing := [name for name in graph if name not in values]:
        ready = [name for name in missing if all(part in values for part in graph[name][1:])]
        if not ready:
            raise ValueError(f"these wait for names that nobody computes, or for each other: {missing}")
        for name in ready:
            operation, *parts = graph[name]
            values[name] = OPERATIONS[operation](*(values[part] for part in parts))
            depth[name] = 1 + max(depth[part] for part in parts)
    return values, depth


graph = computation_graph()
values, depth = evaluate(graph, leaves_of(image, start))
show_beside("g by the graph, on the image and the start of this lab", 1.8011707, round(float(values["g"]), 7))

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(11, 4), layout="constrained")
figure.suptitle("Your graph: from the leaves (grey) through the operations to g")
axis = figure.subplots()
users = {name: [user for user, node in graph.items() if name in node[1:]] for name in depth}
level = dict(depth)  # a leaf stands beside what it meets
level |= {
    leaf: min(depth[user] for user in users[leaf]) - 1 for leaf in depth if leaf not in graph and users[leaf]
}
place = {}
for column in range(max(level.values()), -1, -1):  # from g to the left: each node beside the one that uses it
    names = [name for name in level if level[name] == column and (name in graph or users[name])]
    wanted = {
        name: np.mean([place[user][1] for user in users[name] if user in place] or [0]) for name in names
    }
    for name in sorted(names, key=lambda name: (name not in graph, wanted[name])):
        heights = [round(wanted[name]) + step for step in (0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, -6, 6)]
        taken = [spot[1] for spot in place.values() if spot[0] == column]
        place[name] = (column, next((height for height in heights if height not in taken), 7))
for name, (_, *parts) in graph.items():
    for part in parts:
        axis.annotate(
            "",
            place[name],
            place[part],
            arrowprops={"arrowstyle": "-|>", "color": "0.6", "shrinkA": 22, "shrinkB": 22},
        )
for name, spot in place.items():
    text = f"{name}\n({graph[name][0]})" if name in graph else name
    box = {
        "boxstyle": "round" if name in graph else "square",
        "facecolor": "white" if name in graph else "0.88",
    }
    axis.annotate(text, spot, ha="center", va="center", fontsize=8, bbox=box)
spots = [spot[1] for spot in place.values()]
axis.set(xlim=(-0.6, max(level.values()) + 0.6), ylim=(max(spots) + 0.7, min(spots) - 0.7))
axis.axis("off")
figure.show()


# %% tags=["quiz"]
def quiz_11_2() -> float:
    """In this graph, over how many different ways does a change of mean_x reach g? Count paths from the leaf to g.

    = 64 -> The pixels are inside the nodes: a node of 8×8 numbers is one node. Count arrows.
    = 2 -> The square has one arrow in, however often its argument counts in it.
    = 13 -> That is the number of operations. mean_x has only one arrow out, and so has everything behind it.
    """
    # BEGIN SOLUTION
    return 1
    # END SOLUTION


# %% [markdown]
# ## 11.3 Derivatives by hand
#
# Now walk back. Write $e = f - I$ for the residual, $d = (x - \mu_1, y - \mu_2)$. A square hands back twice its
# argument, the sum hands everything to every pixel, and the exponential hands back itself:
#
# $$\frac{\partial g}{\partial a} = \sum 2 e\, \frac{f}{a}, \qquad
# \frac{\partial g}{\partial \mu_1} = \sum 2 e f \cdot 2 p_1 d_1, \qquad
# \frac{\partial g}{\partial p_1} = \sum 2 e f \cdot (-d_1^2),$$
#
# and the same with 2 for 1. Sums run over all pixels. Ask each sign whether it makes sense: if the bump is too narrow
# ($e$ negative far out), making $p$ larger must make $g$ larger.
#
# *On paper:* one row of three pixels, $I = (0, 1, 0)$, $a = 1$, $\mu = (0, 0)$, $p = (\ln 2, 1)$. Then
# $f = (1, ½, \tfrac{1}{16})$ and $e = (1, -½, \tfrac{1}{16})$. $\partial g / \partial a = 2 (1 - ¼ + \tfrac{1}{256}) =
# 1.5078$. For $p_1$ the pixels count with $0, -1, -4$: $2 (0 + ¼ - \tfrac{4}{256}) = 0.46875$.
#
# Derivatives are where everybody makes mistakes, so do not believe, check: `labkit.gradient_check` compares yours with
# central differences and says where they part.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: what to compute once</summary>The arrays dx, dy, the bump without its height
# (<code>bell</code>), f and <code>2 * (f - image)</code>. Every derivative is a product of some of them,
# summed.</details>
# <details><summary>Hint 2: f / a where a is 0</summary>Do not divide: f / a is the bump without its height, and that
# you have already.</details>
# <details><summary>Hint 3: the key line</summary><code>(common * f * 2 * p1 * dx).sum()</code> with <code>common = 2 *
# (f - image)</code> is the derivative by the first number of the mean.</details>


# %%
def gradients(image: np.ndarray, parameters: dict) -> dict:
    """The derivatives of `objective` by the parameters, by hand.

    image : (h, w) float
    parameters : a Gaussian, as in `render`; its amplitude may be 0
    returns : a dict like the parameters: "amplitude" a number, "mean" (2,), "precision" (2,), float64. The last are the
        derivatives by the precisions themselves, not by σ
    source : Facciolo, "Backpropagation by example"
    """
    # BEGIN SOLUTION
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    dx, dy = x - parameters["mean"][0], y - parameters["mean"][1]
    p1, p2 = parameters["precision"]
    bell = np.exp(-p1 * dx**2 - p2 * dy**2)
    f = parameters["amplitude"] * bell
    common = 2 * (f - image)
    return {
        "amplitude": float((common * bell).sum()),
        "mean": np.array([(common * f * 2 * p1 * dx).sum(), (common * f * 2 * p2 * dy).sum()]),
        "precision": np.array([-(common * f * dx**2).sum(), -(common * f * dy**2).sum()]),
    }
    # END SOLUTION


# %% tags=["explore", "example"]
row, left_end = np.array([[0.0, 1.0, 0.0]]), gaussian(1.0, (0, 0), (np.log(2), 1))
print(labkit.example(gradients, row, left_end, gives=gaussian(1.5078, (-0.6715, 0), (0.4688, 0))))

# %% tags=["explore"]
print("on the image and the start of this lab:", gradients(image, start))


# %% tags=["explore"]
def as_vector(parameters: dict) -> np.ndarray:
    """The five numbers of a Gaussian (or of its derivatives) in one array."""
    return np.array([parameters["amplitude"], *parameters["mean"], *parameters["precision"]])


def value_and_gradient(vector: np.ndarray) -> tuple[float, np.ndarray]:
    """g and your derivatives as functions of the five numbers, for `gradient_check`."""
    parameters = gaussian(vector[0], vector[1:3], vector[3:])
    return objective(image, parameters), as_vector(gradients(image, parameters))


print(labkit.gradient_check(value_and_gradient, as_vector(start)))

# %% [markdown]
# What the derivative by $\mu_1$ sums up, pixel by pixel. Where the bump is too high on one side it is pushed to the
# other; far from the bump nothing counts, whatever the image holds there. Remember that for 11.7.

# %% tags=["explore"]
y, x = np.mgrid[:8, :8]
f = render(start, 8, 8)
parts = {
    "e = f - I": f - image,
    "slope of f by mean x": f * 2 * start["precision"][0] * (x - start["mean"][0]),
}
parts["2 · e · slope"] = 2 * parts["e = f - I"] * parts["slope of f by mean x"]
draw_images(
    f"The derivative by the mean's x is the sum of the last: {parts['2 · e · slope'].sum():.4f}",
    parts,
    high=0.8,
    signed=tuple(parts),
).show()


# %% tags=["quiz"]
def quiz_11_3() -> str:
    """The image is 1 in one far pixel and 0 elsewhere; the bump sits at the other end of the picture, where it is
    practically 0 at that pixel. Where does the descent move its mean?

    a) Hardly anywhere: no pixel where the bump is high has an error that depends on where it stands.
       -> Right: the slope of f is 0 at the far pixel, so that pixel has no say. A fit sees only what is under its bump.
    b) Straight to the bright pixel: that is where the error is.
       -> Errors are weighted with the slope of f, and out there it is 0.
    c) Away from the bright pixel.
       -> It would need a slope there to be pushed; there is none.
    d) To the middle of the picture.
       -> Nothing in g knows where the middle is.
    """
    # BEGIN SOLUTION
    return "a"
    # END SOLUTION


# %% [markdown]
# ## 11.4 Down the hill
#
# Gradient descent: all parameters take a step against their derivative, at once and with the same learning rate
# $\eta$,
#
# $$w \leftarrow w - \eta\, \frac{\partial g}{\partial w} \qquad \text{for } a,\ \mu \text{ and } p.$$
#
# "At once" means: all derivatives first, at the old parameters, then all steps. The history holds $g$ before each step
# and after the last, so it is one longer than the number of steps.
#
# *On paper:* the row of 11.3 with $\eta = 0.1$: $a = 1 - 0.1508 = 0.8492$ and $p_1 = 0.6931 - 0.0469 = 0.6463$.


# %%
def fit(image: np.ndarray, start: dict, learning_rate: float, steps: int) -> tuple[dict, list[float]]:
    """Gradient descent on `objective` from a start, without automatic differentiation.

    image : (h, w) float
    start : a Gaussian, as in `render`; not changed
    learning_rate : η, the same for all parameters
    steps : how many, 0 included
    returns : the parameters after the last step, a dict like the start; the history, steps + 1 values of g, before each
        step and after the last
    source : Facciolo, "Homework single-Gaussian Splatting"
    """
    # BEGIN SOLUTION
    parameters = {name: np.array(value, float) for name, value in start.items()}
    history = [objective(image, parameters)]
    for _ in range(steps):
        slopes = gradients(image, parameters)
        parameters = {name: value - learning_rate * slopes[name] for name, value in parameters.items()}
        history.append(objective(image, parameters))
    return parameters, history
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(
        fit,
        *(row, left_end),
        learning_rate=0.1,
        steps=1,
        gives=(gaussian(0.8492, (0.0671, 0), (0.6463, 1)), [1.2539, 0.9891]),
    )
)

# %% tags=["explore"]
fitted, history = fit(image, start, 0.05, 500)
show_beside(
    "g after 0, 1, 10, 500 steps",
    (1.8012, 1.0127, 0.1928, "about 1e-29"),
    [float(f"{history[k]:.4g}") for k in (0, 1, 10, 500)],
)

# %% tags=["explore"]
figure = labkit.plots.Figure(figsize=(11, 5), layout="constrained")
figure.suptitle("The descent: the picture f above, the residual f - I below")
moments = (0, 1, 5, 20, 100)
for column, (above, below), steps in zip(range(5), figure.subplots(2, 5).T, moments, strict=True):
    now, history = fit(image, start, 0.05, steps)
    above.imshow(render(now, 8, 8), cmap="Greys", vmin=0, vmax=1)
    shown = below.imshow(render(now, 8, 8) - image, cmap="RdBu_r", vmin=-0.8, vmax=0.8)
    above.set_title(f"after {steps} steps\ng = {history[-1]:.3g}")
    if column == 0:
        above.set_ylabel("y (row)")
        below.set_ylabel("y (row)")
    below.set_xlabel("x (column)")
    mark_signs(below, render(now, 8, 8) - image)
figure.colorbar(shown, ax=figure.axes[-1], shrink=0.8)
figure.show()

# %% [markdown]
# It works, and it works *here*. With twice the learning rate it never settles: it jumps across the valley for ever.
# And from a wide start (σ = 5 in both directions) it shoots past: the precisions leap to 10, which is a needle
# between the pixels. A needle touches no pixel, so nothing pulls it back, and $g$ stays at $\sum I^2 = 3.0154$ or a
# little more.

# %% tags=["explore"]
wide = gaussian(1.0, (3, 4), (1 / 5**2, 1 / 5**2))
figure = labkit.plots.Figure(figsize=(9, 4.2), layout="constrained")
figure.suptitle("Three descents of the same objective")
axis = figure.subplots()
for name, begin, rate, style in (
    ("learning rate 0.05", start, 0.05, "-"),
    ("learning rate 0.1", start, 0.1, ":"),
    ("0.05 from the wide start", wide, 0.05, "--"),
):
    axis.semilogy(fit(image, begin, rate, 60)[1], style, color="black", label=name)
axis.axhline((image**2).sum(), color="0.6", linewidth=1)
axis.annotate("no bump at all: Σ I²", (60, (image**2).sum()), ha="right", va="bottom", color="0.3")
axis.set(xlabel="step", ylabel="objective g (log scale)", xlim=(0, 60))
axis.legend(frameon=False, loc="lower left")
figure.show()


# %% tags=["quiz"]
def quiz_11_4() -> float:
    """A descent of 500 steps returns a history. How many values does it have?

    = 500 -> One before each step makes 500, and one after the last.
    = 499 -> The objective is there before the first step, too.
    = 502 -> Before the first, after each: that is one more than steps.
    """
    # BEGIN SOLUTION
    return 501
    # END SOLUTION


# %% [markdown]
# ## 11.5 The same with a tape
#
# TensorFlow builds the graph of 11.2 while it computes, and walks back for you:
#
# ```python
# w = tf.Variable(3.0, dtype=tf.float64)
# with tf.GradientTape() as tape:
#     loss = tf.square(w)
# tape.gradient(loss, w)  # 6
# ```
#
# A tape is used up by one walk: each step needs a new one. Keep everything in float64, TensorFlow's own numbers are
# float32.
#
# Without derivatives by hand, more parameters cost nothing. If the start has an `"angle"` θ (in radians), the
# Gaussian is turned: the offsets $d = (x - \mu_1, y - \mu_2)$ are measured along turned axes,
#
# $$u = \cos\theta\, d_1 + \sin\theta\, d_2, \qquad v = \cos\theta\, d_2 - \sin\theta\, d_1, \qquad
# f = a\, e^{-p_1 u^2 - p_2 v^2}.$$
#
# *On paper:* θ = π/2 turns the first axis onto y: $u = d_2$, $v = -d_1$, so $p_1$ now belongs to y. In the picture,
# where y points down, a positive angle turns clockwise.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: variables from a dictionary</summary><code>{name: tf.Variable(value, dtype=tf.float64) for
# name, value in start.items()}</code>; <code>tape.gradient(loss, variables)</code> takes the dictionary and returns
# one with the same keys.</details>
# <details><summary>Hint 2: a step</summary><code>variables[name].assign_sub(learning_rate * slopes[name])</code>,
# outside the tape.</details>
# <details><summary>Hint 3: the history</summary>The loss that the tape computed before a step is that step's entry.
# After the last step the loss has to be computed once more.</details>


# %%
def fit_autodiff(
    image: np.ndarray, start: dict, learning_rate: float, steps: int
) -> tuple[dict, list[float]]:
    """Gradient descent as in `fit`, with TensorFlow's GradientTape; the Gaussian may be turned.

    image : (h, w) float
    start : "amplitude", "mean", "precision" as in `render`, perhaps "angle" in radians; not changed
    learning_rate : η, the same for everything that `start` holds
    steps : how many, 0 included
    returns : the parameters after the last step, a dict with the keys of `start`, as NumPy arrays or numbers; the
        history, steps + 1 values of g, before each step and after the last. All in float64
    source : Facciolo, "Homework single-Gaussian Splatting" (there with PyTorch)
    """
    # BEGIN SOLUTION
    import tensorflow as tf

    y, x = (tf.constant(grid, tf.float64) for grid in np.mgrid[: image.shape[0], : image.shape[1]])
    wanted = tf.constant(image, tf.float64)
    variables = {name: tf.Variable(value, dtype=tf.float64) for name, value in start.items()}

    def loss() -> tf.Tensor:
        angle = variables.get("angle", tf.constant(0.0, tf.float64))
        dx, dy = x - variables["mean"][0], y - variables["mean"][1]
        u = tf.cos(angle) * dx + tf.sin(angle) * dy
        v = tf.cos(angle) * dy - tf.sin(angle) * dx
        exponent = -variables["precision"][0] * u**2 - variables["precision"][1] * v**2
        return tf.reduce_sum((variables["amplitude"] * tf.exp(exponent) - wanted) ** 2)

    history = []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            value = loss()
        history.append(float(value))
        slopes = tape.gradient(value, variables)
        for name, variable in variables.items():
            variable.assign_sub(learning_rate * slopes[name])
    history.append(float(loss()))
    return {name: variable.numpy() for name, variable in variables.items()}, history
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(  # the step of 11.4
        fit_autodiff,
        *(row, left_end),
        learning_rate=0.1,
        steps=1,
        gives=(gaussian(0.8492, (0.0671, 0), (0.6463, 1)), [1.2539, 0.9891]),
    )
)

# %% tags=["explore"]
by_tape, taped = fit_autodiff(image, start, 0.05, 40)
by_hand, written = fit(image, start, 0.05, 40)
print(f"40 steps, largest difference between hand and tape: {np.abs(np.subtract(taped, written)).max():.1e}")

# %% [markdown]
# A bump that lies askew, and one descent that may turn and one that may not. (12 rows, 11 columns; the angle of the
# image is 0.5 rad = 29°.)

# %% tags=["explore"]
y, x = np.mgrid[:12, :11]


def render_turned(parameters: dict) -> np.ndarray:
    """A turned Gaussian on 12 rows and 11 columns."""
    angle = float(parameters.get("angle", 0.0))
    dx, dy = x - parameters["mean"][0], y - parameters["mean"][1]
    u, v = np.cos(angle) * dx + np.sin(angle) * dy, np.cos(angle) * dy - np.sin(angle) * dx
    return parameters["amplitude"] * np.exp(
        -parameters["precision"][0] * u**2 - parameters["precision"][1] * v**2
    )


askew = render_turned(gaussian(0.9, (5, 6), (0.25, 0.04), angle=0.5))
begin = gaussian(0.7, (5.5, 5.5), (0.2, 0.06))
straight, history_straight = fit_autodiff(askew, begin, 0.001, 50)
turned, history_turned = fit_autodiff(askew, {**begin, "angle": 0.2}, 0.001, 50)
draw_images(
    "After 50 steps, learning rate 0.001",
    {
        "I": askew,
        f"no angle\ng = {history_straight[-1]:.3f}": render_turned(straight),
        f"angle {float(turned['angle']):.2f} rad\ng = {history_turned[-1]:.3f}": render_turned(turned),
    },
).show()


# %% tags=["quiz"]
def quiz_11_5() -> str:
    """The histories by hand and by the tape agree to about 1e-15. What does that prove?

    a) That both are right.
       -> Both could share one mistake in g itself; but if g is right, two such different ways hardly err alike.
    b) That for the g that both compute, your derivatives by hand are right at these parameters.
       -> Exactly: the tape differentiates what you wrote down. Whether g is what was asked is another question.
    c) That the descent has converged.
       -> They agree in every step, also where the descent is still on its way.
    d) That float64 has 15 digits.
       -> It has nearly 16; but wrong derivatives would differ in the first ones.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 11.6 Another variable
#
# A precision must stay above 0, and useful ones range over powers of ten. Both ask for its logarithm: $s = \ln p$ may
# be any number, and equal steps of $s$ are equal *factors* of $p$. The chain rule costs one factor,
#
# $$p = e^{s}, \qquad \frac{\partial g}{\partial s} = \frac{\partial g}{\partial p}\, \frac{\partial p}{\partial s} =
# p\, \frac{\partial g}{\partial p}.$$
#
# The descent is the old one, only that $s$ takes the steps. (The homework's bonus question.)
#
# *On paper:* $p = 0.5$ with $\partial g/\partial p = 2$ and $\eta = 0.1$: in $p$ the step leads to 0.3. In $s$ the
# slope is $0.5 · 2 = 1$, so $s$ falls by 0.1 and $p$ becomes $0.5\, e^{-0.1} = 0.4524$.
#
# <details><summary>Erratum: exp(σ⁻²)</summary>
#
# The slide asks what happens "if $\sigma_i$ is replaced by $\exp(\sigma_i^{-2})$". Taken literally, the parameter
# would be its own inverse square's exponential. What helps, and what splatting programs do, is to descend in a
# logarithm: $\sigma_i^{-2} = \exp(s_i)$.
#
# </details>


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: what changes</summary>Amplitude and mean as in 11.4. The precision takes part as s = log p:
# keep s, and compute p = exp(s) for <code>gradients</code> and <code>objective</code>.</details>
# <details><summary>Hint 2: the key line</summary><code>s = s - learning_rate * np.exp(s) *
# slopes["precision"]</code></details>


# %%
def fit_log(image: np.ndarray, start: dict, learning_rate: float, steps: int) -> tuple[dict, list[float]]:
    """Gradient descent as in `fit`, in which s = log(precision) takes the place of the precision.

    image : (h, w) float
    start : a Gaussian, as in `render`; not changed
    learning_rate : η, the same for amplitude, mean and s
    steps : how many, 0 included
    returns : the parameters after the last step, a dict like the start (with "precision", not its logarithm); the
        history, steps + 1 values of g, before each step and after the last
    source : Facciolo, "Homework single-Gaussian Splatting", bonus
    """
    # BEGIN SOLUTION
    amplitude, mean, s = start["amplitude"], np.array(start["mean"], float), np.log(start["precision"])
    parameters = {"amplitude": amplitude, "mean": mean, "precision": np.exp(s)}
    history = [objective(image, parameters)]
    for _ in range(steps):
        slopes = gradients(image, parameters)
        s = s - learning_rate * np.exp(s) * slopes["precision"]
        parameters = {
            "amplitude": parameters["amplitude"] - learning_rate * slopes["amplitude"],
            "mean": parameters["mean"] - learning_rate * slopes["mean"],
            "precision": np.exp(s),
        }
        history.append(objective(image, parameters))
    return parameters, history
    # END SOLUTION


# %% tags=["explore", "example"]
print(
    labkit.example(  # p1 = 0.6931 exp(-0.1 · 0.6931 · 0.4688); amplitude and mean as in 11.4
        fit_log,
        *(row, left_end),
        learning_rate=0.1,
        steps=1,
        gives=(gaussian(0.8492, (0.0671, 0), (0.6710, 1)), [1.2539, 0.9987]),
    )
)

# %% tags=["explore"]
_, in_s = fit_log(image, start, 0.05, 10)
show_beside(
    "g after 0, 1, 10 steps in s", (1.8012, 1.1244, 0.3292), [float(f"{in_s[k]:.5g}") for k in (0, 1, 10)]
)
found, from_wide = fit_log(image, wide, 0.05, 300)
show_beside(
    "from the wide start: g and amplitude",
    ("about 1e-10", 0.80001),
    (float(f"{from_wide[-1]:.1e}"), round(float(found["amplitude"]), 5)),
)

# %% [markdown]
# The landscape that both descents walk on, over the mean's x and the width σ₁ (the other parameters are those of the
# image). Left of the valley it is flat: that is where the needles live. In $p$ a step is large where $p$ is small, and
# from a wide start one step leads far out to the left; in $s$ steps are measured in factors.

# %% tags=["explore"]
mean_x, log_sigma = np.meshgrid(np.linspace(0, 7, 60), np.linspace(np.log(0.15), np.log(6), 60))
heights = [
    objective(image, gaussian(0.8, (m, 3), (np.exp(-2 * s), 0.25)))
    for m, s in zip(mean_x.ravel(), log_sigma.ravel(), strict=True)
]


def path_of(descend, steps: int = 25) -> np.ndarray:
    """Where a descent from the wide start stands after 0, 1, ... steps: the mean's x and σ₁."""
    stops = [descend(image, wide, 0.05, k)[0] for k in range(steps + 1)]
    return np.array([[stop["mean"][0], max(stop["precision"][0], 1e-9) ** -0.5] for stop in stops])


figure = labkit.plots.Figure(figsize=(11, 4.6), layout="constrained")
figure.suptitle("One landscape, two variables: the descent in p and the descent in s = log p")
left, right = figure.subplots(1, 2)
levels = left.contour(mean_x, np.exp(log_sigma), np.reshape(heights, (60, 60)), levels=12, colors="0.6")
left.clabel(levels, fontsize=7)
for descend, style, name in ((fit, "s--", "in p"), (fit_log, "o-", "in s = log p")):
    left.plot(*path_of(descend).T, style, color="black", markersize=3, linewidth=1, label=name)
    right.semilogy(descend(image, wide, 0.05, 300)[1], style[1:], color="black", label=name)
left.plot(3.5, 1.5, "*", color="black", markersize=14, label="the image")
left.set(
    xlabel="mean x (pixels)",
    ylabel="σ₁ (pixels, log scale)",
    yscale="log",
    title="from the wide start, σ = 5",
)
right.set(xlabel="step", ylabel="objective g (log scale)", title="the same two descents")
left.legend(frameon=False, loc="upper left", fontsize=8)
right.legend(frameon=False)
figure.show()


# %% tags=["quiz"]
def quiz_11_6() -> float:
    """p = 4, ∂g/∂p = 0.5, learning rate 0.1. What is p after one step in s = ln p?

    tolerance: 0.001
    = 3.95 -> That is the step in p. In s the slope is p · ∂g/∂p = 2.
    = 3.2 -> p times (1 - step) is only the beginning of the exponential: p · exp(-0.2).
    = 3.805 -> The factor p of the chain rule is missing: the slope by s is 4 · 0.5.
    = 1.186 -> That is s after the step; p is its exponential.
    """
    # BEGIN SOLUTION
    return 3.2749
    # END SOLUTION


# %% [markdown]
# ## 11.7 Where to start
#
# A fit sees only what lies under its bump, so the start decides. A good one needs no descent at all: read it off the
# image. Take the pixels as weights; then an image has a mass $m = \sum I$, a centre, and a variance in each direction,
#
# $$\mu = \frac{1}{m} \sum I \cdot (x, y), \qquad
# v_1 = \frac{1}{m} \sum I\, (x - \mu_1)^2, \qquad p_1 = \frac{1}{2 v_1},$$
#
# the same for y, and the height of the bump that has this mass: $\int f = a\, \pi / \sqrt{p_1 p_2}$, so
# $a = m \sqrt{p_1 p_2} / \pi$.
#
# *On paper:* four pixels of 1 at the corners of a square with sides 2, (0, 0) to (2, 2). Mass 4, centre (1, 1), every
# pixel is 1 away from it in each direction, so $v = (1, 1)$, $p = (½, ½)$, $a = 4 · ½ / \pi = 0.637$.


# %%
def moment_start(image: np.ndarray) -> dict:
    """The Gaussian with an image's mass, centre and variances.

    image : (h, w) float, not negative, with ink in at least two rows and two columns
    returns : "amplitude" a number, "mean" (2,) = (x, y), "precision" (2,), float64
    source : f integrates to a π / √(p1 p2); its variance along an axis is 1 / (2 p)
    """
    # BEGIN SOLUTION
    image = image.astype(float)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    mass = image.sum()
    mean = np.array([(image * x).sum(), (image * y).sum()]) / mass
    variance = np.array([(image * (x - mean[0]) ** 2).sum(), (image * (y - mean[1]) ** 2).sum()]) / mass
    precision = 0.5 / variance
    return {
        "amplitude": float(mass * np.sqrt(precision.prod()) / np.pi),
        "mean": mean,
        "precision": precision,
    }
    # END SOLUTION


# %% tags=["explore", "example"]
corners = np.array([[1.0, 0, 1], [0, 0, 0], [1, 0, 1]])
print(labkit.example(moment_start, corners, gives=gaussian(0.6366, (1, 1), (0.5, 0.5))))

# %% tags=["explore"]
show_beside(
    "the image of this lab gives its own Gaussian back, nearly: the border cuts off a little",
    (0.8, [3.5, 3.0]),
    [np.round(moment_start(image)[name], 3).tolist() for name in ("amplitude", "mean")],
)

# %% tags=["explore"]
mnist = labkit.data.load_mnist()
seven = mnist.x_test[0] / 255
begin = moment_start(seven)
after, history = fit_log(seven, begin, 0.01, 500)
draw_images(
    f"A 7 of MNIST: Σ I² = {(seven**2).sum():.1f}",
    {
        "I": seven,
        f"moments\ng = {history[0]:.2f}": render(begin, 28, 28),
        f"500 steps in s\ng = {history[-1]:.2f}": render(after, 28, 28),
    },
).show()
with np.errstate(all="ignore"):  # it explodes
    fast = fit(seven, begin, 0.01, 20)[1][-1]
print("in p, learning rate 0.01:", fast, " 0.00001:", round(fit(seven, begin, 1e-5, 500)[1][-1], 3))


# %% tags=["quiz"]
def quiz_11_7() -> float:
    """An image has half of its ink in column 2 and half in column 6, all in a few rows. What is the precision in x?

    tolerance: 0.001
    = 0.25 -> The variance is 4, so p is 1 / (2 · 4). 1 / 4 leaves out the 2, 1 / (2 · 2) the square of a distance.
    = 0.5 -> That is one over the distance from the centre; a precision is one over twice its mean square.
    = 0.025 -> That is about column 0; a variance is taken about the centre, column 4.
    """
    # BEGIN SOLUTION
    return 0.125
    # END SOLUTION


# %% [markdown]
# ## 11.8 The detective
#
# Somebody hands in derivatives, and they are wrong. You have the image, the parameters and the numbers that were
# claimed; which mistake makes exactly these numbers? Seven suspects, in this order:
#
# | verdict | what was done |
# |---|---|
# | `"half_in_exponent"` | ½ in the exponent, in the picture and in the derivatives |
# | `"mean_instead_of_sum"` | everything divided by the number of pixels |
# | `"axes_swapped"` | x taken for the row and y for the column |
# | `"amplitude_missing"` | in the derivatives by mean and precision, $f/a$ stands for $f$ (but $e$ is right) |
# | `"derivative_by_sigma"` | under "precision" the derivative by $\sigma = p^{-1/2}$: times $-2 p^{3/2}$ |
# | `"factor_two_missing"` | all derivatives halved |
# | `"mean_sign"` | both derivatives by the mean with the other sign |
#
# Before all of them comes `"ok"`, after them `"unknown"`. The answer is the *first* of the list that explains every
# number, to one millionth of the largest of them (or of 1, if they are all smaller).
#
# *On paper:* the true derivatives are a 3, mean (1, −2), precision (−4, 0) and the claimed ones 1.5, (½, −1), (−2, 0):
# "factor_two_missing". On an image of 2 pixels it would be "mean_instead_of_sum", which stands before it.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: do it wrongly on purpose</summary>Write each mistake as a way to compute the derivatives,
# most of them from those of 11.3. Then compare, in the order of the list.</details>
# <details><summary>Hint 2: two that look hard</summary>Taking x for the row is the same as transposing the image. A ½
# in the exponent is the same as half the precision; what does the chain rule do to the derivative by p then?</details>
# <details><summary>Hint 3: amplitude 0</summary>"amplitude_missing" divides by the amplitude, if you take it from the
# right derivatives; where that is 0, compute it as in 11.3 with the bump without its height.</details>


# %%
def find_mistake(image: np.ndarray, parameters: dict, claimed: dict) -> str:
    """Which mistake gives these derivatives?

    image : (h, w) float
    parameters : a Gaussian, as in `render`, precisions above 0
    claimed : derivatives like those of `gradients`, right or wrong
    returns : the first of "ok", "half_in_exponent", "mean_instead_of_sum", "axes_swapped", "amplitude_missing",
        "derivative_by_sigma", "factor_two_missing", "mean_sign" whose five numbers are the claimed ones, to 1e-6 of the
        largest (or of 1); "unknown" if none's are
    source : the seven commonest mistakes with this homework
    """
    # BEGIN SOLUTION
    right = gradients(image, parameters)
    p, amplitude = np.asarray(parameters["precision"], float), parameters["amplitude"]
    halved = gradients(image, {**parameters, "precision": p / 2})
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    bell = render({**parameters, "amplitude": 1.0}, *image.shape)
    common = 2 * (amplitude * bell - image) * bell
    distances = np.stack([x - parameters["mean"][0], y - parameters["mean"][1]])
    suspects = {
        "ok": right,
        "half_in_exponent": {**halved, "precision": halved["precision"] / 2},
        "mean_instead_of_sum": {name: value / image.size for name, value in right.items()},
        "axes_swapped": gradients(image.T, parameters),
        "amplitude_missing": {
            "amplitude": right["amplitude"],
            "mean": (common * distances).sum(axis=(1, 2)) * 2 * p,
            "precision": -(common * distances**2).sum(axis=(1, 2)),
        },
        "derivative_by_sigma": {**right, "precision": -2 * p**1.5 * right["precision"]},
        "factor_two_missing": {name: value / 2 for name, value in right.items()},
        "mean_sign": {**right, "mean": -right["mean"]},
    }

    def five(slopes: dict) -> np.ndarray:
        return np.array([slopes["amplitude"], *slopes["mean"], *slopes["precision"]])

    for name, slopes in suspects.items():
        scale = max(1.0, np.abs(five(slopes)).max())
        if np.abs(five(slopes) - five(claimed)).max() <= 1e-6 * scale:
            return name
    return "unknown"
    # END SOLUTION


# %% tags=["explore", "example"]
right = gradients(image, start)
halved = {name: value / 2 for name, value in right.items()}
print(labkit.example(find_mistake, image, start, right, gives="ok"))
print(labkit.example(find_mistake, image, start, halved, gives="factor_two_missing"))
print(labkit.example(find_mistake, image, start, {**right, "mean": -right["mean"]}, gives="mean_sign"))

# %% [markdown]
# How far apart the suspects are: each bar shows the five numbers that a mistake claims, for the image and the start of
# this lab. ("amplitude_missing" is left out: with the amplitude 1 it is no mistake.) A check that looks at the
# derivative by the amplitude alone would acquit those that have only that one right.

# %% tags=["explore"]
wider = gradients(image, {**start, "precision": start["precision"] / 2})
claims = {
    "ok": right,
    "half_in_exponent": {**wider, "precision": wider["precision"] / 2},
    "mean_instead_of_sum": {name: value / image.size for name, value in right.items()},
    "axes_swapped": gradients(image.T, start),
    "derivative_by_sigma": {**right, "precision": -2 * start["precision"] ** 1.5 * right["precision"]},
    "factor_two_missing": {name: value / 2 for name, value in right.items()},
    "mean_sign": {**right, "mean": -right["mean"]},
}
figure = labkit.plots.Figure(figsize=(10, 4), layout="constrained")
figure.suptitle("What each mistake claims (image and start of this lab)")
axis = figure.subplots()
for number, ((name, claim), hatch) in enumerate(
    zip(claims.items(), ("", "++", "//", "..", "xx", "--", "\\\\"), strict=True)
):
    axis.bar(
        np.arange(5) + 0.12 * (number - 3),
        as_vector(claim),
        0.11,
        label=name,
        hatch=hatch,
        facecolor="0.85" if number else "black",
        edgecolor="black",
        linewidth=0.6,
    )
axis.axhline(0, color="black", linewidth=0.8)
axis.set_xticks(range(5), ["amplitude", "mean x", "mean y", "precision x", "precision y"])
axis.set(ylabel="claimed derivative of g")
axis.legend(frameon=False, fontsize=8, ncols=2)
figure.show()


# %% tags=["quiz"]
def quiz_11_8() -> str:
    """A student's descent goes down at first, with derivatives that are all halved. What will come of it?

    a) Another minimum.
       -> Half a derivative is 0 exactly where the whole one is.
    b) The same minimum, with half the learning rate.
       -> Right. So a curve that goes down proves little; only numbers find this mistake.
    c) It explodes.
       -> Smaller steps are the safer ones.
    d) Nothing: the amplitude does not move.
       -> All five derivatives are halved, none is 0.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 11.9 A digit from eight Gaussians
#
# Splatting programs describe a room by millions of turned Gaussians in space. Here a digit gets eight on a sheet: six
# numbers each, 48 instead of 784. Every Gaussian is a row $(a, x, y, \ln p_u, \ln p_v, \theta)$, turned as in 11.5,
# and the picture is the plain sum of them. How you find the rows is your business; what counts is the picture:
#
# $$\mathrm{PSNR} = -10 \log_{10} \Bigl(\tfrac{1}{784} \sum (\text{picture} - I)^2\Bigr) \text{ dB},$$
#
# the mean over ten digits that you do not know, one of each class. Some digits are harder than others, so the levels
# follow what a good fit reaches on the same ten, 24 dB or so: all points from 1.75 dB below it, none at 4.75 dB below,
# which is what PCA reaches with 48 numbers after it has seen 60,000 digits. You have 10 seconds for a digit; a tenth of
# one is enough.
#
# *For orientation:* a black sheet 10.2 dB; eight round Gaussians 17.7; eight upright ones about 21; turned ones above
# 24.


# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: a start for each</summary>All Gaussians fit at once, so they must not start alike: alike
# they stay. Spread their means over the ink (k-means does it well, or the farthest ink from all means so far), and
# give each the moments of the ink that is nearest to it: centre, and the axes of its 2×2 covariance matrix
# (<code>np.linalg.eigh</code>).</details>
# <details><summary>Hint 2: fit them together</summary>The residual of the whole picture belongs to all of them.
# Collect the derivatives of the picture by all 6 · count numbers as a matrix J (6 · count, 784), as in 11.3, with two
# more lines for the angle. Descent works; Gauss and Newton's step, solve (J Jᵀ + λ D) step = J e with D the diagonal
# of J Jᵀ, is a hundred times faster.</details>
# <details><summary>Hint 3: ready-made</summary><code>scipy.optimize.least_squares</code> takes the function of the
# residual and does the rest, with derivatives by differences if it must.</details>


# %%
def splat_digit(image: np.ndarray, count: int = 8) -> np.ndarray:
    """A digit as a sum of turned Gaussians.

    image : (28, 28) float in [0, 1]
    count : how many Gaussians, at least 1
    returns : (count, 6) float, a row (amplitude, x, y, log p_u, log p_v, angle in radians) each, as in `fit_autodiff`;
        the picture is their sum, not clipped
    source : the idea of Kerbl et al., "3D Gaussian Splatting for Real-Time Radiance Field Rendering" (2023)
    """
    # BEGIN SOLUTION
    image = np.asarray(image, float)
    grid_y, grid_x = np.mgrid[:28, :28]
    rows, columns = np.nonzero(image)
    ink, points = image[rows, columns], np.stack([columns, rows], axis=1).astype(float)

    # Start: k-means on the ink, and the moments of what each centre owns.
    centres = points[[np.argmax(ink)]]
    while len(centres) < count:
        nearest = ((points[:, None] - centres) ** 2).sum(axis=2).min(axis=1)
        centres = np.vstack([centres, points[np.argmax(ink * nearest)]])
    for _ in range(10):
        owner = ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        for k in set(owner):
            centres[k] = np.average(points[owner == k], axis=0, weights=ink[owner == k])
    splats = np.zeros((count, 6))
    for k in range(count):
        d, weight = points[owner == k] - centres[k], ink[owner == k]
        covariance = (weight * d.T) @ d / max(weight.sum(), 1e-9) + 0.1 * np.eye(2)
        variances, axes = np.linalg.eigh(covariance)
        splats[k] = [0.8, *centres[k], *np.log(0.5 / variances), np.arctan2(axes[1, 0], axes[0, 0])]

    def picture(splats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The residual (784,) and the slopes of the picture by all numbers (6 · count, 784)."""
        a, x, y, log_u, log_v, angle = splats.T[:, :, None, None]
        dx, dy, cos, sin = grid_x - x, grid_y - y, np.cos(angle), np.sin(angle)
        u, v, p_u, p_v = cos * dx + sin * dy, cos * dy - sin * dx, np.exp(log_u), np.exp(log_v)
        bell = np.exp(-p_u * u**2 - p_v * v**2)
        f = a * bell
        slopes = [bell, 2 * f * (p_u * u * cos - p_v * v * sin), 2 * f * (p_u * u * sin + p_v * v * cos)]
        slopes += [-f * p_u * u**2, -f * p_v * v**2, 2 * f * u * v * (p_v - p_u)]
        return (f.sum(axis=0) - image).ravel(), np.stack(slopes, axis=1).reshape(splats.size, -1)

    # Levenberg and Marquardt: Gauss and Newton's step, damped until it leads downhill.
    residual, slopes = picture(splats)
    damping = 0.01
    for _ in range(60):
        normal = slopes @ slopes.T
        damped = normal + damping * (np.diag(np.diag(normal)) + 1e-3 * np.eye(splats.size))
        moved = splats - np.linalg.solve(damped, slopes @ residual).reshape(splats.shape)
        moved[:, 3:5] = np.clip(moved[:, 3:5], -6, 2)  # neither sheets nor needles
        new_residual, new_slopes = picture(moved)
        if new_residual @ new_residual < residual @ residual:
            splats, residual, slopes, damping = moved, new_residual, new_slopes, damping / 3
        else:
            damping *= 4
    return splats
    # END SOLUTION


# %% tags=["explore"]
def draw_splats(splats: np.ndarray) -> np.ndarray:
    """The picture (28, 28) of rows (a, x, y, log p_u, log p_v, angle)."""
    y, x = np.mgrid[:28, :28]
    total = np.zeros((28, 28))
    for a, mx, my, log_u, log_v, angle in splats:
        u = np.cos(angle) * (x - mx) + np.sin(angle) * (y - my)
        v = np.cos(angle) * (y - my) - np.sin(angle) * (x - mx)
        total += a * np.exp(-np.exp(log_u) * u**2 - np.exp(log_v) * v**2)
    return total


def psnr(picture: np.ndarray, image: np.ndarray) -> float:
    """In dB: the higher, the nearer."""
    return float(-10 * np.log10(np.mean((picture - image) ** 2)))


digits = mnist.x_test[:10] / 255
print(
    f"ten digits by eight Gaussians: {np.mean([psnr(draw_splats(splat_digit(d)), d) for d in digits]):.1f} dB "
    "(a black sheet: 10.2 dB, a good fit 24 to 25 dB)"
)

# %% [markdown]
# The same digit by 1, 2, 4, 8 and 16 Gaussians, an ellipse where each has fallen to $1/e$ of its height (dashed where
# it takes ink away), and below it by the first 6, 12, 24, 48 and 96 numbers of PCA. PCA's pictures are made of parts
# that fit all digits; yours are made for this one.

# %% tags=["explore"]
train = mnist.x_train[:20_000].reshape(-1, 784) / 255
centre = train.mean(axis=0)
directions = np.linalg.eigh(np.cov(train.T))[1][:, ::-1].T
digit, counts = mnist.x_test[3] / 255, (1, 2, 4, 8, 16)
figure = labkit.plots.Figure(figsize=(12, 5), layout="constrained")
figure.suptitle("A digit by Gaussians (above) and by PCA (below), with equally many numbers")
axes = figure.subplots(2, 6)
turn = np.linspace(0, 2 * np.pi, 60)
for axis in axes[:, 0]:
    axis.imshow(digit, cmap="Greys", vmin=0, vmax=1)
    axis.set_title("the digit")
for (above, below), count in zip(axes[:, 1:].T, counts, strict=True):
    splats = splat_digit(digit, count)
    above.imshow(draw_splats(splats), cmap="Greys", vmin=0, vmax=1)
    for a, mx, my, log_u, log_v, angle in splats:
        u, v = np.exp(-log_u / 2) * np.cos(turn), np.exp(-log_v / 2) * np.sin(turn)
        above.plot(
            mx + np.cos(angle) * u - np.sin(angle) * v,
            my + np.sin(angle) * u + np.cos(angle) * v,
            "-" if a > 0 else "--",
            color="tab:orange",
            linewidth=1,
        )
    above.set_title(f"{count} Gaussian{'s' * (count > 1)}\n{psnr(draw_splats(splats), digit):.1f} dB")
    parts = directions[: 6 * count]
    near = centre + (digit.ravel() - centre) @ parts.T @ parts
    below.imshow(near.reshape(28, 28), cmap="Greys", vmin=0, vmax=1)
    below.set_title(f"{6 * count} numbers\n{psnr(near.reshape(28, 28), digit):.1f} dB")
for axis in axes.ravel():
    axis.set(xlim=(-0.5, 27.5), ylim=(27.5, -0.5), xticks=(), yticks=())
figure.show()

# %% tags=["explore"]
some = mnist.x_test[100:110] / 255
by_splats = [np.mean([psnr(draw_splats(splat_digit(d, count)), d) for d in some]) for count in counts]
flat = some.reshape(10, 784) - centre
by_pca = [
    np.mean(
        [
            psnr(near, d)
            for near, d in zip(flat @ directions[: 6 * n].T @ directions[: 6 * n], flat, strict=True)
        ]
    )
    for n in counts
]
figure = labkit.plots.Figure(figsize=(7.5, 4.2), layout="constrained")
figure.suptitle("Ten test digits: how near, for how many numbers")
axis = figure.subplots()
axis.plot(6 * np.array(counts), by_splats, "o-", color="black", label="turned Gaussians")
axis.plot(6 * np.array(counts), by_pca, "s--", color="black", label="PCA of 20,000 digits")
axis.axhline(10.2, color="0.6", linewidth=1)
axis.annotate("a black sheet", (96, 10.2), ha="right", va="bottom", color="0.3")
axis.set(
    xscale="log",
    xticks=6 * np.array(counts),
    xticklabels=6 * np.array(counts),
    xlabel="numbers stored for a digit",
    ylabel="mean PSNR (dB)",
)
axis.minorticks_off()
axis.legend(frameon=False)
figure.show()

# %% [markdown]
# ## What to take along
#
# - An objective is a graph, and a derivative is a walk back through it. Write it down once, then check it with
#   numbers: central differences, a tape, a case that fits on paper.
# - A fit sees only what lies under its bump. Most of the art is in the start; moments give a good one for nothing.
# - The variable matters as much as the function. In $p$ one step can end at a needle for ever; in $\log p$ the same
#   descent arrives. Quantities that are positive and range over powers of ten are logarithms at heart.
# - A curve that goes down proves little: halved derivatives go down, too.
# - A picture may be a list of a few things with a place, a size and a direction. That is what splatting is: the list
#   is learned by descent, through a picture that can be differentiated.
#
# ## Going further
#
# No points, no right answers; an evening each.
#
# 1. How many Gaussians does a digit need? Add them one after the other where the residual is largest, refit all, and
#    stop when the next one gains less than 0.5 dB. Which digits need most? Do their counts tell the classes apart?
# 2. Train a classifier on the 48 numbers in place of the 784 pixels. What has to be done about the *order* of the
#    rows, which means nothing?
