"""The checks of lab 08. A student sees each docstring as the title of a check."""

import numpy as np

from labkit.check import expect, limit, measured, needs, outputs, points, question, training_cost, uses
from labkit.check.training import trained
from labkit.worker import ModelSpec

MEAN_IMAGE = 0.06747  # test errors per pixel: answering with the mean of the training digits,
PCA_32 = 0.01683  # and with 32 principal components
BOTH = ("digit", "rebuilt")

# --- models as data: rebuilt here, measured here ---------------------------------------------------------------


def rows(images):
    """Images as the lab writes them: (n, 784) float32 in [0, 1]."""
    return images.reshape(-1, 784).astype("float32") / 255


def three_models(answer, code_size):
    """An answer's autoencoder, encoder and decoder, 784 to code_size to 784."""
    three = isinstance(answer, (tuple, list)) and len(answer) == 3
    expect.true(three, "return three models: (autoencoder, encoder, decoder)", received=type(answer).__name__)
    wanted = {"autoencoder": (784, 784), "encoder": (784, code_size), "decoder": (code_size, 784)}
    for model, (name, (inputs, units)) in zip(answer, wanted.items(), strict=True):
        expect.true(isinstance(model, ModelSpec), f"the {name} is not a Keras model", received=name)
        expect.true(not model.problem, f"the {name}: {model.problem}", received=f"{name}: {model.problem}")
        sentence = f"the {name} takes inputs of shape {model.input_shape}; it should take ({inputs},)"
        expect.true(model.input_shape == (inputs,), sentence, received=f"{name} from {model.input_shape}")
        shape = outputs(model, np.zeros((1, inputs), "float32")).shape[1:]
        sentence = f"the {name} answers with shape {shape}; it should answer with ({units},)"
        expect.true(shape == (units,), sentence, received=f"{name} to {shape}")
    return tuple(answer)


def other_weights(rng, model):
    """Weights that show every part of a model: new layers have zero biases, which would hide a missing one."""
    return [
        (rng.uniform(0.1, 0.5, w.shape) if w.ndim == 1 else rng.normal(0, 0.1, w.shape)).astype("float32")
        for w in model.weights
    ]


def shared(student, models, rng):
    """The three models as they are after the autoencoder got other weights; they must still belong together."""
    student.assign(models[0], other_weights(rng, models[0]))
    autoencoder, encoder, decoder = (student.fetch(model) for model in models)
    x = rng.random((6, 784), dtype="float32")
    together = np.abs(outputs(autoencoder, x) - outputs(decoder, outputs(encoder, x))).max() < 1e-3
    sentence = (
        "after the autoencoder got other weights, autoencoder(x) is no longer decoder(encoder(x)): "
        "the three models do not share their layers"
    )
    expect.true(together, sentence, received="not shared")
    return autoencoder, encoder, decoder


def halves(autoencoder, models):
    """Encoder and decoder with the weights of an autoencoder that was trained here."""
    _, encoder, decoder = models
    cut = len(encoder.weights)
    return encoder.with_weights(autoencoder.weights[:cut]), decoder.with_weights(autoencoder.weights[cut:])


def after_training(model, x, y, epochs):
    """The model after the grader trained it, from the weights that it came with."""
    try:
        return trained(model, x, y, epochs=epochs, batch_size=128, seed=8)
    except ValueError as problem:
        expect.true(False, str(problem), received="cannot be trained")


def compiled_loss(model, allowed):
    """The name of the compiled loss, which must be one of those allowed."""
    expect.true(model.compile is not None, "the model is not compiled; call compile(loss=..., optimizer=...)")
    name = model.compile["loss"]["name"]
    expect.true(name in allowed, f"the compiled loss is {name}; use {' or '.join(allowed)}", received=name)
    return name


def loss_of(live, x):
    """The compiled loss of a live model on targets x, and its outputs.

    The outputs go in as plain values: on a tensor that a sigmoid made, Keras looks up the logits and forgives
    from_logits=True.
    """
    import keras

    outputs = np.asarray(live(x, training=False))
    loss = live.compute_loss(x=x, y=x, y_pred=keras.ops.convert_to_tensor(outputs), training=False)
    return float(loss), outputs


def expect_loss(model, x):
    """The compiled loss is the squared error or binary cross-entropy, on outputs as they are."""
    name = compiled_loss(model, ("mean_squared_error", "binary_crossentropy"))
    loss, y = loss_of(model.rebuild(), x)
    y = np.clip(y.astype("float64"), 1e-7, 1 - 1e-7) if name == "binary_crossentropy" else y
    right = (
        np.mean((y - x) ** 2)
        if name == "mean_squared_error"
        else np.mean(-x * np.log(y) - (1 - x) * np.log(1 - y))
    )
    expect.close(loss, float(right), rtol=1e-3, what=f"the compiled loss ({name}) on a probe")


# --- 8.1 An autoencoder ----------------------------------------------------------------------------------------


@question("8.1")
@points(3)
@uses("keras")
def test_autoencoder_has_its_size(student):
    """784-32-784 with biases: 50,992 weights, and three Sequential models."""
    models = three_models(student.build_autoencoder(), 32)
    expect.parameters(models[0], 50_992)
    kinds = [model.kind for model in models]
    expect.true(
        kinds == ["Sequential"] * 3, "all three should be keras.Sequential", received=", ".join(kinds)
    )


@question("8.1")
@points(3)
@uses("keras")
def test_autoencoder_shares_its_layers(student, rng):
    """The autoencoder is the decoder after the encoder, also in training and after it; any code size."""
    code_size = int(rng.integers(3, 20))
    autoencoder, _, _ = shared(student, three_models(student.build_autoencoder(code_size), code_size), rng)
    live, x = autoencoder.rebuild(), rng.random((6, 784), dtype="float32")
    in_training, at_rest = (np.asarray(live(x, training=training)) for training in (True, False))
    expect.close(in_training, at_rest, what="the output in training, compared with that at rest,")


@question("8.1")
@points(2)
@uses("keras")
def test_decoder_ends_in_a_sigmoid(student, rng):
    """The decoder computes sigmoid(D z + c)."""
    decoder = three_models(student.build_autoencoder(5), 5)[2]
    expect.true(len(decoder.weights) == 2, "the decoder should be one Dense layer with a bias")
    weights = other_weights(rng, decoder)
    z = rng.random((4, 5), dtype="float32")
    y = outputs(decoder.with_weights(weights), z)
    expect.close(y, 1 / (1 + np.exp(-z @ weights[0] - weights[1])), rtol=1e-4, what="the decoder's output")


@question("8.1")
@points(1)
@uses("keras")
def test_autoencoder_loss(student, rng):
    """Compiled with squared error or binary cross-entropy."""
    expect_loss(three_models(student.build_autoencoder(5), 5)[0], rng.random((8, 784), dtype="float32"))


def expect_alive(encoder, rng, mnist):
    """At least half of the units of the code answer differently to different digits."""
    z = outputs(encoder, rows(mnist.x_train[rng.choice(60_000, 500, replace=False)]))
    alive = float(np.mean(z.std(axis=0) > 1e-6))
    expect.at_least(alive, 0.5, what="the share of code units that are not the same for all digits", like=0.1)


@question("8.1")
@points(2)
@needs("8.1")
@uses("keras")
def test_autoencoder_learns(student, rng, mnist):
    """The code is alive, and four epochs of 20,000 digits bring the test error below that of the mean image."""
    models = three_models(student.build_autoencoder(), 32)
    expect_alive(models[1], rng, mnist)
    x = rows(mnist.x_train[rng.choice(60_000, 20_000, replace=False)])
    model = after_training(models[0], x, x, epochs=4)
    test = rows(mnist.x_test[:2000])
    error = float(np.mean((outputs(model, test) - test) ** 2))
    expect.at_most(error, MEAN_IMAGE, what="the test error after four epochs")


# --- 8.2 PCA, and the network that finds it --------------------------------------------------------------------


def cloud(rng, n, d):
    """Points far from the origin, with another spread in each of d directions that are not the axes."""
    turn, _ = np.linalg.qr(rng.normal(size=(d, d)))
    return (rng.normal(size=(n, d)) * np.linspace(5, 1, d)) @ turn + rng.normal(size=d) * 20


def upright(answer):
    """Mean and components, each component turned so that its largest entry is positive: signs are free."""
    two = isinstance(answer, (tuple, list)) and len(answer) == 2
    expect.true(two, "return two arrays: (mean, components)", received=type(answer).__name__)
    mean, components = answer
    if isinstance(components, np.ndarray) and components.ndim == 2 and components.size:
        largest = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
        components = components * np.where(largest < 0, -1, 1)
    return mean, components


@question("8.2")
@points(3)
def test_pca(student, reference, rng):
    """The mean, and the directions of largest variance in rows, the largest first."""
    x = cloud(rng, 60, 6)
    expect.close(upright(student.pca(x, 4)), upright(reference.pca(x, 4)), rtol=1e-5, atol=1e-7)


@question("8.2")
@points(2)
def test_pca_rebuilds_best(student, rng):
    """The components are orthonormal, and no projection has a smaller error, also of few points."""
    for x in (cloud(rng, 50, 8), cloud(rng, 8, 12)):
        mean, components = upright(student.pca(x, 3))
        expect.close(components @ components.T, np.eye(3), atol=1e-5, what="components @ components.T")
        error = np.sum((mean + (x - mean) @ components.T @ components - x) ** 2)
        least = np.sum(np.linalg.svd(x - x.mean(axis=0), compute_uv=False)[3:] ** 2)
        expect.close(float(error), float(least), rtol=1e-5, what="the squared error of the projection")


@question("8.2")
@points(3)
@needs("8.2")
@limit(240)
def test_pca_of_mnist(student, mnist):
    """PCA of the 60,000 digits: 13.866 summed with 30 components, 0.01683 per pixel with 32."""
    mean, components = upright(student.pca(student.hold(rows(mnist.x_train)), 32))
    shape = np.shape(components)
    expect.true(shape == (32, 784), f"the components have shape {shape}, not (32, 784)", received=str(shape))
    test = rows(mnist.x_test)
    rebuilt = {k: mean + (test - mean) @ components[:k].T @ components[:k] for k in (30, 32)}
    measured.images(test, rebuilt[32], "Digits, and what 32 components make of them", BOTH)
    error = {k: float(np.mean((rebuilt[k] - test) ** 2)) for k in rebuilt}
    expect.close(784 * error[30], 13.866, rtol=0, atol=6e-4, what="the squared error with 30 components")
    expect.close(error[32], 0.01683, rtol=0, atol=6e-6, what="the error per pixel with 32 components")


def linear_models(student, rng, code_size):
    """The three models of 8.2, after everything that can be seen without training them."""
    models = three_models(student.build_linear_autoencoder(code_size), code_size)
    compiled_loss(models[0], ("mean_squared_error",))
    _, encoder, decoder = shared(student, models, rng)
    for name, model, size in (("encoder", encoder, 784), ("decoder", decoder, code_size)):
        x, y, none = rng.normal(size=(4, size)), rng.normal(size=(4, size)), np.zeros((4, size))
        bend = outputs(model, x) + outputs(model, y) - outputs(model, x + y) - outputs(model, none)
        expect.close(bend, np.zeros_like(bend), atol=1e-3, what=f"the {name}'s f(x) + f(y) - f(x + y) - f(0)")
    return models


@question("8.2")
@points(3)
@uses("keras")
def test_linear_autoencoder_is_linear(student, rng):
    """The linear autoencoder has no bend anywhere, shares its layers and is compiled with the squared error."""
    linear_models(student, rng, int(rng.integers(3, 20)))


def trained_linear(student, rng, mnist):
    """Encoder and decoder of 32 units after eight epochs of 20,000 digits.

    They start from the same small weights every time, as any start leads to the same subspace: so networks that
    are built alike are trained once.
    """
    linear_models(student, rng, 6)  # what is wrong at first sight is not trained
    models, same = three_models(student.build_linear_autoencoder(32), 32), np.random.default_rng(8)
    start = [same.normal(0, 0.04, w.shape).astype("float32") * (w.ndim > 1) for w in models[0].weights]
    x = rows(mnist.x_train[:20_000])
    return halves(after_training(models[0].with_weights(start), x, x, epochs=8), models)


@question("8.2")
@points(2)
@uses("keras")
def test_linear_autoencoder_reaches_pca(student, rng, mnist):
    """Eight epochs of 20,000 digits bring the linear autoencoder within 5 % of PCA."""
    encoder, decoder = trained_linear(student, rng, mnist)
    test = rows(mnist.x_test)
    rebuilt = outputs(decoder, outputs(encoder, test))
    measured.images(test, rebuilt, "Digits, and what the linear autoencoder makes of them", BOTH)
    error = float(np.mean((rebuilt - test) ** 2))
    expect.at_most(error / PCA_32, 1.05, what="the test error, compared with that of PCA,")


# --- 8.3 Sparse coding -----------------------------------------------------------------------------------------


@question("8.3")
@points(3)
def test_soft_threshold(student, reference, rng):
    """Every value moves towards 0 by t and stops there."""
    v = rng.normal(size=(4, 5)).round(2)
    expect.close(student.soft_threshold(v, 0.5), reference.soft_threshold(v, 0.5))


def code_and_objective(answer, steps):
    """The two parts of an answer of ista; a failure where they are not two, or not one objective for each step."""
    two = isinstance(answer, (tuple, list)) and len(answer) == 2
    expect.true(two, "ista should return two things: (code, objective)", received=type(answer).__name__)
    objective = np.asarray(answer[1], dtype=float)
    expect.shape(objective, (steps,), what="the objective")
    return answer[0], objective


@question("8.3")
@points(3)
def test_ista_by_hand(student):
    """The two examples by hand: (0.6, 0.1, 0), and (0, 0, 0.95) at 0.0975."""
    code, _ = code_and_objective(student.ista(np.array([0.8, 0.3, -0.1]), np.eye(3), 0.4, 1), 1)
    expect.close(code, np.array([0.6, 0.1, 0.0]), what="the code for the identity, after one step,")
    dictionary = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.8]])
    code, objective = code_and_objective(student.ista(np.array([0.6, 0.8]), dictionary, 0.1, 500), 500)
    expect.close(code, np.array([0.0, 0.0, 0.95]), atol=1e-4, what="the code for three atoms")
    expect.close(objective[-1], 0.0975, atol=1e-5, what="the objective for three atoms")


def atoms(rng, d, k):
    """A dictionary of k atoms of length 1."""
    dictionary = rng.normal(size=(d, k))
    return dictionary / np.linalg.norm(dictionary, axis=0)


@question("8.3")
@points(3)
def test_ista_step_by_step(student, reference, rng):
    """Code and objective after each of the first steps; atoms may have other lengths than 1."""
    x, unit = rng.normal(size=6), atoms(rng, 6, 9)
    for steps, dictionary in ((1, unit), (2, unit), (7, unit), (5, 1.5 * unit)):
        answer, right = student.ista(x, dictionary, 0.3, steps), reference.ista(x, dictionary, 0.3, steps)
        expect.close(answer, right, parts=("the code", "the objective"))


@question("8.3")
@points(2)
def test_ista_never_rises(student, rng):
    """The objective never rises, and where it ends the gradient is what the penalty holds up."""
    x, dictionary, penalty = rng.normal(size=8), atoms(rng, 8, 12), 0.4
    code, objective = code_and_objective(student.ista(x, dictionary, penalty, 3000), 3000)
    expect.true(
        np.diff(objective) <= 1e-9 * objective[0],
        "the objective rises from a step to the next",
        objective[:5],
    )
    expect.shape(code, (12,), what="the code")
    gradient = 2 * dictionary.T @ (x - dictionary @ code)
    held = np.where(
        code != 0, np.abs(gradient - penalty * np.sign(code)), np.maximum(np.abs(gradient) - penalty, 0)
    )
    expect.close(held, np.zeros(12), atol=1e-4, what="how far each atom is from its optimality condition")


# --- 8.4 A sparse autoencoder ----------------------------------------------------------------------------------


@question("8.4")
@points(2)
@uses("keras")
def test_sparse_autoencoder_shares_its_layers(student, rng):
    """Three models that share their layers, any code size, compiled with squared error or cross-entropy."""
    models = three_models(student.build_sparse_autoencoder(10, 1e-3), 10)
    compiled_loss(models[0], ("mean_squared_error", "binary_crossentropy"))
    shared(student, models, rng)


def cheap_and_dear(student, rng, code_size, low, high):
    """Two sparse autoencoders that differ in their penalty only, with the same weights, and that encoder."""
    cheap = three_models(student.build_sparse_autoencoder(code_size, low), code_size)
    dear = three_models(student.build_sparse_autoencoder(code_size, high), code_size)
    compiled_loss(cheap[0], ("mean_squared_error", "binary_crossentropy"))
    weights = other_weights(rng, cheap[0])
    encoder, _ = halves(cheap[0].with_weights(weights), cheap)
    return cheap[0].with_weights(weights), dear[0].with_weights(weights), encoder


@question("8.4")
@points(3)
@uses("keras")
def test_penalty_is_per_sample(student, rng):
    """The loss grows by penalty * sum |code| per sample, the same in batches of 1, 32 and 128."""
    cheap, dear, encoder = cheap_and_dear(student, rng, 12, 0.01, 0.05)
    x = rng.random((128, 784), dtype="float32")
    low, high = cheap.rebuild(), dear.rebuild()
    batches = [x[:1], x[1:2], x[-1:], x[:32], x]
    prices = np.array([loss_of(high, batch)[0] - loss_of(low, batch)[0] for batch in batches])
    right = np.array([0.04 * np.abs(outputs(encoder, batch)).sum(axis=1).mean() for batch in batches])
    expect.close(prices, right, rtol=2e-3, atol=1e-5, what="the penalty in batches of 1, 1, 1, 32 and 128")


def trained_sparse(student, mnist):
    """Active fraction, dead fraction and test error of the default sparse autoencoder after five epochs."""
    models = three_models(student.build_sparse_autoencoder(), 128)
    x = rows(mnist.x_train)
    encoder, decoder = halves(after_training(models[0], x, x, epochs=5), models)
    test = rows(mnist.x_test)
    codes = outputs(encoder, test)
    active = np.abs(codes) > 1e-3
    rebuilt = outputs(decoder, np.where(active, codes, 0))
    measured.images(test, rebuilt, "Digits, and what the sparse code keeps of them", BOTH)
    error = np.mean((rebuilt - test) ** 2)
    return float(active.mean()), float(np.mean(~active.any(axis=0))), float(error)


@question("8.4")
@points(3)
@needs("8.4")
@uses("keras")
def test_sparse_autoencoder_is_sparse(student, mnist):
    """Trained: at most 30 % active, at most 25 % dead, error at most 0.012."""
    active, dead, error = trained_sparse(student, mnist)
    expect.at_most(error, 0.012, what="the test error from active units only", like=0.002)
    expect.at_most(active, 0.30, what="the share of active units")
    expect.at_most(dead, 0.25, what="the share of dead units")


@question("8.4")
@points(3)
def test_kl_sparsity(student, reference, rng):
    """The sum over the units of the divergence between the wish and the mean activation."""
    activations = rng.uniform(0.01, 0.6, size=(20, 5))
    expect.close(student.kl_sparsity(activations, 0.1), reference.kl_sparsity(activations, 0.1))
    activations[:, 1], activations[:, 3] = 0, 1
    for rho in (0.1, 0.3):
        answer, right = student.kl_sparsity(activations, rho), reference.kl_sparsity(activations, rho)
        expect.close(answer, right, rtol=1e-4)


# --- 8.5 How sparse is it? -------------------------------------------------------------------------------------


@question("8.5")
@points(3)
def test_sparsity_by_hand(student):
    """A small case by hand: the last unit is dead; with a threshold of 1, values of 1 are silent, too."""
    codes = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, -3.0, 4.0, 0.0], [1.0, 0.0, 1.0, 0.0]])
    hoyer = np.mean([1, 2 - 7 / 5, 2 - np.sqrt(2)])
    right = {"mean_activation": 5 / 12, "active_fraction": 5 / 12, "dead_units": 1, "hoyer": hoyer}
    expect.close(student.sparsity(codes), right)
    expect.close(student.sparsity(codes, threshold=1.0), right | {"active_fraction": 3 / 12})


@question("8.5")
@points(3)
def test_sparsity(student, reference, rng):
    """All four measures of a sparse code with values of both signs, and a sample of zeros."""
    codes = rng.normal(size=(12, 7)) * (rng.random((12, 7)) < 0.4)
    codes[0, :2], codes[:, 4], codes[3] = (1.5, -0.5), 0, 0
    expect.close(student.sparsity(codes), reference.sparsity(codes))


# --- 8.6 Removing noise ----------------------------------------------------------------------------------------


def denoiser(student, rng):
    """The denoiser, after everything that can be seen without training it."""
    model = student.build_denoiser()
    expect.true(isinstance(model, ModelSpec), "the answer of build_denoiser is not a Keras model")
    expect.true(not model.problem, str(model.problem), received=model.problem)
    expect.true(model.kind == "Sequential", "the denoiser should be a keras.Sequential", received=model.kind)
    sentence = f"the denoiser takes inputs of shape {model.input_shape}; it should take (784,)"
    expect.true(model.input_shape == (784,), sentence, received=str(model.input_shape))
    shape = outputs(model, np.zeros((1, 784), "float32")).shape
    expect.true(shape == (1, 784), f"for one image it answers with shape {shape}", received=str(shape))
    sentence = f"the denoiser has {model.parameters:,} weights; 5,000,000 are allowed"
    expect.true(model.parameters <= 5_000_000, sentence, received=model.parameters)
    return model


@question("8.6")
@points(2)
@uses("keras")
def test_denoiser(student, rng):
    """A compiled Sequential model from (n, 784) to (n, 784)."""
    model = denoiser(student, rng)
    y = outputs(model.with_weights(other_weights(rng, model)), rng.random((3, 784), dtype="float32"))
    apart = float(np.abs(y.sum(axis=1) - 1).max())
    expect.true(
        apart > 1e-3, "the 784 pixels of each image sum to 1, as if they were classes", received="sum to 1"
    )
    expect_loss(model, rng.random((8, 784), dtype="float32"))


@question("8.6")
@points(3)
@needs("8.6")
@uses("keras")
def test_denoiser_removes_noise(student, rng, mnist):
    """Trained by the grader, the denoiser gains at least 6 dB at noise of 0.4."""
    model = denoiser(student, rng)

    def noisy(x):
        return np.clip(x + rng.normal(scale=0.4, size=x.shape), 0, 1).astype("float32")

    def psnr(images):
        return float(np.mean(-10 * np.log10(np.mean((images - test) ** 2, axis=1))))

    clean, test = rows(mnist.x_train[rng.permutation(60_000)[:30_000]]), rows(mnist.x_test[:4000])
    model, damaged = after_training(model, noisy(clean), clean, epochs=4), noisy(test)
    mended = outputs(model, damaged)
    measured.images(damaged, mended, "Noisy digits, and what the denoiser makes of them", ("noisy", "mended"))
    expect.at_least(psnr(mended) - psnr(damaged), 6, what="the gain in dB", like=0.3)


def pictures(rng, n):
    """Images with black, white and grey pixels."""
    return np.clip(rng.normal(0.4, 0.5, size=(n, 784)), 0, 1).astype("float32")


@question("8.6")
@points(2)
def test_noise_stays_in_range(student, rng):
    """Noisy images look like the clean ones in shape and dtype, lie in [0, 1], and leave those as they are."""
    x = pictures(rng, 5)
    held = student.hold(x)
    noisy = student.add_noise(held, 0.4, 3)
    expect.shape(noisy, (5, 784))
    expect.dtype(noisy, "float")
    inside = np.all((noisy >= 0) & (noisy <= 1))
    expect.true(inside, f"values go from {noisy.min():.3g} to {noisy.max():.3g}", received="outside [0, 1]")
    sentence = "add_noise changed the clean images in place: the target would be noisy, too"
    expect.true(np.array_equal(student.fetch(held), x), sentence, received="changed in place")


@question("8.6")
@points(2)
def test_noise_follows_its_seed(student, rng):
    """The same seed gives the same noise, another seed another; no two images have the same."""
    x = np.full((3, 784), 0.5, dtype="float32")
    first, again, other = (student.add_noise(x, 0.1, seed) for seed in (5, 5, 6))
    expect.true(np.array_equal(first, again), "the same seed gave different noise", received="not repeatable")
    expect.true(
        not np.array_equal(first, other), "seeds 5 and 6 gave the same noise", received="seed ignored"
    )
    same = np.array_equal(first[0], first[1])
    expect.true(not same, "the first two images have the same noise", received="same for every image")
    flat = float(first[0].std()) < 1e-6
    expect.true(not flat, "all pixels of an image have the same noise", received="one value per image")


@question("8.6")
@points(1)
def test_noise_has_its_size(student):
    """The standard deviation of the noise is sigma, and some values lie beyond two of it."""
    x = np.full((40, 28, 28), 0.5, dtype="float32")
    noise = student.add_noise(x, 0.08, 11) - x
    expect.shape(noise, (40, 28, 28))
    expect.at_least(
        float(noise.std()) / 0.08, 0.97, what="the noise's standard deviation, compared with sigma,"
    )
    expect.at_most(
        float(noise.std()) / 0.08, 1.03, what="the noise's standard deviation, compared with sigma,"
    )
    expect_gaussian(noise, 0.08)


def expect_gaussian(noise, sigma):
    """As many values as a normal distribution has lie beyond two standard deviations."""
    far = float(np.mean(np.abs(noise) > 2 * sigma))
    told = f"{far:.1%} of the values lie beyond 2 sigma; it should be 4.6 %"
    expect.true(0.038 < far < 0.053, told, far, like=0.005)


# --- 8.7 A walk in code space ----------------------------------------------------------------------------------


def coder(rng, code_size):
    """An encoder and a decoder, both bent, with random weights."""
    import keras

    models = []
    for inputs, units, bend in ((784, code_size, "tanh"), (code_size, 784, "sigmoid")):
        model = keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(units, activation=bend)])
        scale = 1.5 / np.sqrt(inputs)
        model.set_weights([rng.normal(0, scale, (inputs, units)), rng.normal(0, 0.5, units)])
        models.append(model)
    return models


@question("8.7")
@points(3)
@uses("keras")
def test_walk(student, reference, rng):
    """Equal steps from code to code, decoded."""
    encoder, decoder = coder(rng, 4)
    a, b = rng.random((2, 784), dtype="float32")
    walk = student.latent_walk(encoder, decoder, a, b, 5)
    expect.close(walk, reference.latent_walk(encoder, decoder, a, b, 5), rtol=1e-4, atol=1e-5)


@question("8.7")
@points(2)
@uses("keras")
def test_walk_ends_at_the_reconstructions(student, rng, mnist):
    """The first image is the reconstruction of a, the last that of b."""
    encoder, decoder = coder(rng, 6)
    a, b = rows(mnist.x_test[rng.choice(10_000, 2, replace=False)])
    walk = student.latent_walk(encoder, decoder, a, b, 3)
    expect.shape(walk, (3, 784))
    ends = np.asarray(decoder(encoder(np.stack([a, b]))))
    expect.close(walk[[0, -1]], ends, rtol=1e-4, atol=1e-5, what="the first and last image of the walk")


# --- 8.8 Dictionary and encoder together -----------------------------------------------------------------------


PARTS_OF_A_ROUND = ("the new dictionary", "the new encoder", "the new code")


def circle(rng, n, d, k):
    """Dictionary, encoder, code and data, somewhere in the middle of learning."""
    code = np.maximum(rng.normal(0.2, 0.6, size=(n, k)), 0)
    return atoms(rng, d, k), rng.normal(0, 0.3, size=(k, d)), code, rng.normal(size=(n, d))


@question("8.8")
@points(4)
def test_psd_step(student, reference, rng):
    """One round: code, then dictionary with columns of length 1, then encoder."""
    dictionary, encoder, code, x = circle(rng, 12, 6, 9)
    answer = student.psd_step(dictionary, encoder, code, x, 0.3, 0.05)
    expect.close(
        answer,
        reference.psd_step(dictionary, encoder, code, x, 0.3, 0.05),
        parts=PARTS_OF_A_ROUND,
    )


@question("8.8")
@points(1)
def test_psd_keeps_columns_of_length_one(student, rng):
    """The columns of the dictionary keep length 1, also after a long step."""
    dictionary, _, _ = student.psd_step(*circle(rng, 8, 5, 7), 0.2, 2.0)
    expect.close(np.linalg.norm(dictionary, axis=0), np.ones(7), atol=1e-5, what="the lengths of the columns")


@question("8.8")
@points(2)
def test_psd_learns(student, rng):
    """In thirty rounds the energy falls, and so does what the encoder guesses wrong."""

    def costs(dictionary, encoder, code):
        predicted = 1 / (1 + np.exp(-x @ encoder.T))
        wrong = np.sum((predicted - code) ** 2, axis=1).mean()
        rebuilt = np.sum((x - code @ dictionary.T) ** 2, axis=1) + 0.2 * np.abs(code).sum(axis=1)
        return float(rebuilt.mean() + wrong), float(wrong)

    *state, x = circle(rng, 40, 8, 10)
    before = costs(*state)
    for _ in range(30):
        state = student.psd_step(*state, x, 0.2, 0.05)
    after = costs(*state)
    expect.at_most(
        after[0] / before[0], 0.9, what="the energy after thirty rounds, compared with before,", like=0.01
    )
    expect.at_most(after[1] / before[1], 0.9, what="the encoder's error, compared with before,", like=0.01)


# --- 8.9 The best code of 32 numbers ---------------------------------------------------------------------------

DENSE = {
    *("Dense", "Flatten", "Reshape", "Rescaling", "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"),
    *(
        "Dropout",
        "AlphaDropout",
        "GaussianDropout",
        "GaussianNoise",
        "BatchNormalization",
        "LayerNormalization",
    ),
    "ActivityRegularization",
}


def whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def plan(student, rng, code_size, budget):
    """The autoencoder with batch size and epochs for a budget, checked for all that needs no training."""
    answer = student.best_autoencoder(code_size, budget)
    expect.true(
        isinstance(answer, (tuple, list)) and len(answer) == 5,
        "return five things: autoencoder, encoder, decoder, the batch size and the number of epochs",
        received="not five",
    )
    *models, batch_size, epochs = answer
    models = autoencoder, encoder, decoder = three_models(models, code_size)
    others = sorted({layer.kind for model in models for layer in model.layers} - DENSE)
    expect.true(not others, f"only dense layers are allowed here, not {', '.join(others)}", received=others)
    kinds, parts = (
        [layer.kind for layer in layers]
        for layers in (autoencoder.layers, (*encoder.layers, *decoder.layers))
    )
    expect.true(
        kinds == parts,
        "the autoencoder should be the encoder and then the decoder, with nothing beside and nothing between",
        received=[kinds, parts],
    )
    shared(student, models, rng)
    expect.true(autoencoder.compile is not None, "the autoencoder is not compiled", received="compile")
    for name, value, most in (("batch size", batch_size, 60_000), ("number of epochs", epochs, 10**6)):
        sentence = f"the {name} should be a whole number from 1, not {expect.describe(value)}"
        expect.true(whole(value) and 1 <= value <= most, sentence, received=name)
    cost = training_cost(autoencoder, 60_000, int(epochs))
    expect.at_most(
        cost / budget, 1.0, f"the cost, {cost:.3g} multiply-adds, in parts of the budget {budget:g},", 0.02
    )
    return autoencoder, int(batch_size), int(epochs)


def error_after(student, rng, mnist, budget):
    """The test error after the grader's own training, with a code of 32 numbers."""
    model, batch_size, epochs = plan(student, rng, 32, budget)
    x, test = rows(mnist.x_train), rows(mnist.x_test)
    try:
        after = trained(model, x, x, epochs=epochs, batch_size=batch_size, seed=8)
    except ValueError as problem:
        expect.true(False, str(problem), received="cannot be trained")
    rebuilt = outputs(after, test)
    measured.images(test, rebuilt, f"Digits, and 32 numbers of each, budget {budget:g}", BOTH)
    return float(np.mean((rebuilt - test) ** 2))


@question("8.9")
@points(2)
@uses("keras")
def test_best_autoencoder_has_the_code(student, rng):
    """One chain through a code of the size asked for, and a training that costs no more than each budget."""
    for code_size, budget in ((7, 2e10), (32, float(rng.uniform(1e11, 9e11))), (2, 1e12)):
        plan(student, rng, code_size, budget)


@question("8.9")
@points(1)
@needs("8.9")
@uses("keras")
@limit(60)
def test_best_autoencoder_on_a_small_budget(student, rng, mnist):
    """With 32 numbers and a budget of 1e11 the test error is below 0.02."""
    expect.at_most(error_after(student, rng, mnist, 1e11), 0.02, what="the test error", like=0.002)
