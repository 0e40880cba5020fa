"""Known mistakes of lab 08, each with the sentence that a student reads who makes it."""

import keras
import numpy as np

# Under names of their own: each mistake below takes the place of one of these functions.
from lab import add_noise as correct_add_noise
from lab import best_autoencoder as correct_best_autoencoder
from lab import build_autoencoder as correct_build_autoencoder
from lab import build_linear_autoencoder as correct_build_linear_autoencoder
from lab import kl_sparsity as correct_kl_sparsity
from lab import latent_walk as correct_latent_walk
from lab import pca as correct_pca
from lab import soft_threshold as correct_soft_threshold
from lab import sparsity as correct_sparsity
from lab import training_cost

from labkit.check import misconception


def dense(inputs, units, activation=None, **arguments):
    """A model of one Dense layer."""
    return keras.Sequential(
        [keras.Input((inputs,)), keras.layers.Dense(units, activation=activation, **arguments)]
    )


def joined(encoder, decoder, loss="mean_squared_error"):
    """Three models from two, compiled."""
    autoencoder = keras.Sequential([encoder, decoder])
    autoencoder.compile(loss=loss, optimizer="adam")
    return autoencoder, encoder, decoder


# --- 8.1 An autoencoder ----------------------------------------------------------------------------------------


@misconception("8.1")
def separate_copies(code_size=32):
    """You built new layers for encoder and decoder, so training the autoencoder leaves those two as they
    were; make each layer once and put the same object into both models.
    """
    autoencoder = joined(dense(784, code_size, "relu"), dense(code_size, 784, "sigmoid"))[0]
    return autoencoder, dense(784, code_size, "relu"), dense(code_size, 784, "sigmoid")


@misconception("8.1")
def softmax_over_pixels(code_size=32):
    """The decoder ends in softmax, so the 784 pixels of an image share a sum of 1 and each can only be faint;
    pixels are no classes, use sigmoid.
    """
    return joined(dense(784, code_size, "relu"), dense(code_size, 784, "softmax"))


@misconception("8.1")
def linear_output(code_size=32):
    """The decoder ends without an activation, so a pixel can be darker than black; a sigmoid keeps it in [0,
    1].
    """
    return joined(dense(784, code_size, "relu"), dense(code_size, 784))


@misconception("8.1")
def relu_output(code_size=32):
    """The decoder ends in relu: pixels have no upper end, and one that is 0 learns nothing; use sigmoid."""
    return joined(dense(784, code_size, "relu"), dense(code_size, 784, "relu"))


@misconception("8.1")
def input_of_images(code_size=32):
    """Your model takes images of (28, 28) or starts with something else than 784 numbers; the encoder's
    input is a row of 784 pixels: keras.Input((784,)).
    """
    encoder = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(code_size, activation="relu")]
    )
    return joined(encoder, dense(code_size, 784, "sigmoid"))


@misconception("8.1")
def dead_code(code_size=32):
    """The relu units of the code are dead before training begins: with such weights and biases they are 0 for
    every digit, their gradient is 0, and they stay so; leave initialisation to Keras' defaults.
    """
    low = keras.initializers.Constant(-8)
    return joined(dense(784, code_size, "relu", bias_initializer=low), dense(code_size, 784, "sigmoid"))


@misconception("8.1")
def code_size_ignored(code_size=32):
    """The code always has 32 units; it should have as many as code_size says."""
    return correct_build_autoencoder(32)


@misconception("8.1")
def no_biases(code_size=32):
    """Your layers have no biases: 50,176 weights as on the slide, where 784-32-784 with biases has 50,992."""
    return joined(
        dense(784, code_size, "relu", use_bias=False), dense(code_size, 784, "sigmoid", use_bias=False)
    )


@misconception("8.1")
def logits_after_sigmoid(code_size=32):
    """The decoder's sigmoid gives probabilities already, and from_logits=True squeezes them a second time;
    leave from_logits at False.
    """
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return joined(dense(784, code_size, "relu"), dense(code_size, 784, "sigmoid"), loss)


@misconception("8.1")
def loss_of_classes(code_size=32):
    """Categorical cross-entropy compares classes of which one is right; the target here is an image: take the
    squared error or binary cross-entropy, pixel by pixel.
    """
    return joined(dense(784, code_size, "relu"), dense(code_size, 784, "sigmoid"), "categorical_crossentropy")


@misconception("8.1")
def dropout_on_the_code(code_size=32):
    """Units of your code are dropped in training, so the decoder never sees what it is later given. One Dense
    layer each way, without dropout.
    """
    encoder = keras.Sequential([*dense(784, code_size, "relu").layers, keras.layers.Dropout(0.2)])
    return joined(encoder, dense(code_size, 784, "sigmoid"), "binary_crossentropy")


@misconception("8.1")
def autoencoder_alone(code_size=32):
    """You return the autoencoder alone; the encoder and the decoder are asked for as well, in this order."""
    return correct_build_autoencoder(code_size)[0]


# --- 8.2 PCA, and the network that finds it --------------------------------------------------------------------


def top(matrix, k):
    """The k eigenvectors with the largest eigenvalues, in rows."""
    return np.linalg.eigh(matrix)[1][:, ::-1][:, :k].T


@misconception("8.2", replaces="pca")
def not_centred(x, k):
    """You did not subtract the mean before the decomposition, so the first component points at the mean image
    instead of along the largest variance.
    """
    return x.mean(axis=0), top(x.T @ x / len(x), k)


@misconception("8.2", replaces="pca")
def components_not_of_length_one(x, k):
    """Your components are scaled by how much the data varies along them; they should have length 1, or a
    projection onto them stretches the image.
    """
    mean, components = correct_pca(x, k)
    return mean, components * ((x - mean) @ components.T).std(axis=0)[:, None]


@misconception("8.2", replaces="pca")
def fitted_on_a_part(x, k):
    """You kept half of the rows back, as if they were there for testing; PCA is fitted to all the data it is
    given, and test digits never come in.
    """
    return correct_pca(x[: len(x) // 2], k)


@misconception("8.2", replaces="pca")
def sample_axis(x, k):
    """You took the mean of each sample instead of each pixel: samples are rows, so the mean goes over axis 0."""
    mean = x.mean(axis=1)
    centred = x - mean[:, None]
    return mean, top(centred.T @ centred / len(x), k)


@misconception("8.2", replaces="pca")
def components_in_columns(x, k):
    """Your components are in columns, (d, k); one component is one row."""
    mean, components = correct_pca(x, k)
    return mean, components.T


@misconception("8.2", replaces="pca")
def smallest_first(x, k):
    """You kept the directions of the smallest variance: eigh sorts its eigenvalues upwards, so the last
    columns are the first components.
    """
    centred = x - x.mean(axis=0)
    return x.mean(axis=0), np.linalg.eigh(centred.T @ centred)[1][:, :k].T


@misconception("8.2", replaces="pca")
def standardised(x, k):
    """You divided each column by its standard deviation: that is PCA of the correlations, and pixels that
    hardly ever have ink would count as much as the others.
    """
    centred = x - x.mean(axis=0)
    centred = centred / np.maximum(centred.std(axis=0), 1e-8)
    return x.mean(axis=0), top(centred.T @ centred, k)


@misconception("8.2", replaces="pca")
def rows_of_the_eigenvectors(x, k):
    """eigh returns the eigenvectors in the columns of its matrix; you took rows of it."""
    centred = x - x.mean(axis=0)
    return x.mean(axis=0), np.linalg.eigh(centred.T @ centred)[1][::-1][:k]


@misconception("8.2", replaces="build_linear_autoencoder")
def bent_code(code_size):
    """The code of the linear autoencoder has an activation; without any it is a projection, which is the
    point here.
    """
    return joined(dense(784, code_size, "relu"), dense(code_size, 784))


@misconception("8.2", replaces="build_linear_autoencoder")
def bent_output(code_size):
    """The decoder of the linear autoencoder ends in a sigmoid; a linear network has no activation anywhere."""
    return joined(dense(784, code_size), dense(code_size, 784, "sigmoid"))


@misconception("8.2", replaces="build_linear_autoencoder")
def cross_entropy_of_a_linear_output(code_size):
    """Binary cross-entropy needs outputs between 0 and 1, which a linear layer does not keep to; and PCA
    minimises the squared error: compile with that.
    """
    return joined(dense(784, code_size), dense(code_size, 784), "binary_crossentropy")


@misconception("8.2", replaces="build_linear_autoencoder")
def separate_linear_copies(code_size):
    """You built new layers for encoder and decoder, so training the autoencoder leaves those two as they
    were; make each layer once and put the same object into both models.
    """
    autoencoder = correct_build_linear_autoencoder(code_size)[0]
    return autoencoder, dense(784, code_size), dense(code_size, 784)


# --- 8.3 Sparse coding -----------------------------------------------------------------------------------------


@misconception("8.3", replaces="soft_threshold")
def clipped_at_t(v, t):
    """You clipped the values to [-t, t]. What is larger than t loses t, and keeps the rest."""
    return np.clip(v, -t, t)


@misconception("8.3", replaces="soft_threshold")
def small_values_moved_up(v, t):
    """Your function has two cases, and needs three: between -t and t the answer is 0."""
    return np.where(v > t, v - t, v + t)


@misconception("8.3", replaces="soft_threshold")
def hard_threshold(v, t):
    """You set small values to 0 but left the others where they were: that is hard thresholding. The L1
    penalty pulls every value towards 0 by t.
    """
    return np.where(np.abs(v) > t, v, 0)


@misconception("8.3", replaces="soft_threshold")
def negative_values_lost(v, t):
    """Negative values are lost: a threshold of max(v - t, 0) is right for positive ones only; take the size
    of v and give its sign back.
    """
    return np.maximum(v - t, 0)


@misconception("8.3", replaces="soft_threshold")
def past_zero(v, t):
    """Values smaller than t came out with the other sign: stop at 0, with max(|v| - t, 0)."""
    return v - t * np.sign(v)


@misconception("8.3", replaces="soft_threshold")
def sign_lost(v, t):
    """The sign of your result is lost: multiply max(|v| - t, 0) by sign(v)."""
    return np.maximum(np.abs(v) - t, 0)


def descent(
    x, dictionary, penalty, steps, lipschitz=1.0, threshold=1.0, sign=1, first=False, start=0.0, priced=1
):
    """ISTA with things to get wrong: factors on L and on the threshold, the gradient's sign, the order, the price."""
    bound = 2 * np.linalg.norm(dictionary, 2) ** 2 * lipschitz
    code, objective = np.full(dictionary.shape[1], start), []
    for _ in range(steps):
        if first:
            code = correct_soft_threshold(code, penalty / bound)
        code = code - sign * 2 * dictionary.T @ (dictionary @ code - x) / bound
        if not first:
            code = correct_soft_threshold(code, threshold * penalty / bound)
        objective.append(float(np.sum((x - dictionary @ code) ** 2) + priced * penalty * np.abs(code).sum()))
    return code, objective


@misconception("8.3", replaces="ista")
def threshold_of_lambda(x, dictionary, penalty, steps):
    """Your threshold is twice too large: for an orthonormal dictionary it is λ/2, because the square brings
    a 2 into the gradient and into L; use λ/L with L = 2‖Φ‖².
    """
    return descent(x, dictionary, penalty, steps, threshold=2)


@misconception("8.3", replaces="ista")
def threshold_without_step(x, dictionary, penalty, steps):
    """You used λ itself as threshold; one step of length 1/L pays only λ/L."""
    return descent(x, dictionary, penalty, steps, threshold=2 * np.linalg.norm(dictionary, 2) ** 2)


@misconception("8.3", replaces="ista")
def step_without_the_two(x, dictionary, penalty, steps):
    """Your step is twice too long: the gradient of the square has a 2 in it, so L is 2‖Φ‖², not ‖Φ‖², and
    with the longer step the objective jumps up and down.
    """
    return descent(x, dictionary, penalty, steps, lipschitz=0.5)


@misconception("8.3", replaces="ista")
def threshold_first(x, dictionary, penalty, steps):
    """You applied the threshold before the gradient step, so the code that comes back is not sparse; take the
    gradient step first, then the threshold.
    """
    return descent(x, dictionary, penalty, steps, first=True)


@misconception("8.3", replaces="ista")
def gradient_added(x, dictionary, penalty, steps):
    """The gradient is added where it should be subtracted, so the objective climbs."""
    return descent(x, dictionary, penalty, steps, sign=-1)


@misconception("8.3", replaces="ista")
def frobenius_norm(x, dictionary, penalty, steps):
    """Your step uses the Frobenius norm, the root of the sum of all squares; ‖Φ‖₂ is the largest singular
    value: numpy.linalg.norm(dictionary, 2). Your way converges too, but more slowly than it could.
    """
    factor = (np.linalg.norm(dictionary) / np.linalg.norm(dictionary, 2)) ** 2
    return descent(x, dictionary, penalty, steps, lipschitz=factor)


@misconception("8.3", replaces="ista")
def norm_not_squared(x, dictionary, penalty, steps):
    """Your L has the largest singular value where its square belongs: L = 2‖Φ‖₂²."""
    return descent(x, dictionary, penalty, steps, lipschitz=1 / np.linalg.norm(dictionary, 2))


@misconception("8.3", replaces="ista")
def objective_without_penalty(x, dictionary, penalty, steps):
    """Your objective holds the squared error alone; λ times the sum of the sizes of the code belongs to it."""
    return descent(x, dictionary, penalty, steps, priced=0)


@misconception("8.3", replaces="ista")
def objective_before_the_step(x, dictionary, penalty, steps):
    """Your objective holds the value before each step; it should hold the value after it."""
    code, objective = descent(x, dictionary, penalty, steps)
    return code, [float(x @ x), *objective[:-1]]


@misconception("8.3", replaces="ista")
def halved_square(x, dictionary, penalty, steps):
    """Your objective halves the square; in Rousseau's form, and here, there is no ½, so λ means something
    else.
    """
    code, _ = descent(x, dictionary, penalty, steps)
    codes = (
        [descent(x, dictionary, penalty, step)[0] for step in range(1, steps + 1)] if steps < 50 else [code]
    )
    return code, [float(np.sum((x - dictionary @ a) ** 2) / 2 + penalty * np.abs(a).sum()) for a in codes]


@misconception("8.3", replaces="ista")
def start_at_the_projection(x, dictionary, penalty, steps):
    """Your code does not start at zero, so the first steps give other values."""
    return descent(x, dictionary, penalty, steps, start=dictionary.T @ x)


# --- 8.4 A sparse autoencoder ----------------------------------------------------------------------------------


def priced(code_size, code=None, image=None, before=(), behind=()):
    """A relu autoencoder with prices anywhere: keyword arguments of its layers, layers around its relu."""
    encoder = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(code_size, **(code or {})),
            *before,
            keras.layers.ReLU(),
            *behind,
        ]
    )
    decoder = dense(code_size, 784, "sigmoid", **(image or {}))
    return joined(encoder, decoder)


@misconception("8.4", replaces="build_sparse_autoencoder")
def penalty_on_weights(code_size=128, penalty=1.5e-4):
    """The penalty is on the weights of the layer (kernel_regularizer): that makes weights small, not codes
    sparse; put it on what the layer puts out (activity_regularizer).
    """
    return priced(code_size, code={"kernel_regularizer": keras.regularizers.L1(penalty)})


@misconception("8.4", replaces="build_sparse_autoencoder")
def penalty_before_activation(code_size=128, penalty=1.5e-4):
    """The penalty is charged before the activation: it pulls the inputs of relu to 0, also those that relu
    cuts off anyway; put it on the layer that makes the code.
    """
    return priced(code_size, code={"activity_regularizer": keras.regularizers.L1(penalty)})


@misconception("8.4", replaces="build_sparse_autoencoder")
def times_batch(code_size=128, penalty=1.5e-4):
    """You scaled the penalty by a batch size: that made up for Keras before 3.14; today the price is per
    sample by itself, and yours is 128 times too high.
    """
    return priced(code_size, behind=[keras.layers.ActivityRegularization(l1=128 * penalty)])


@misconception("8.4", replaces="build_sparse_autoencoder")
def penalty_averaged_over_units(code_size=128, penalty=1.5e-4):
    """You divided the penalty by the number of units: it is λ·Σ|code|, a sum over the units, not their mean."""
    return priced(code_size, behind=[keras.layers.ActivityRegularization(l1=penalty / code_size)])


@misconception("8.4", replaces="build_sparse_autoencoder")
def squared_penalty(code_size=128, penalty=1.5e-4):
    """You used an L2 penalty: a square hardly charges small values, so they get smaller but never 0; L1 makes
    zeros.
    """
    return priced(code_size, behind=[keras.layers.ActivityRegularization(l2=penalty)])


@misconception("8.4", replaces="build_sparse_autoencoder")
def penalty_ignored(code_size=128, penalty=1.5e-4):
    """The penalty does not depend on the argument `penalty`."""
    return priced(code_size, behind=[keras.layers.ActivityRegularization(l1=1e-3)])


@misconception("8.4", replaces="build_sparse_autoencoder")
def penalty_on_the_image(code_size=128, penalty=1.5e-4):
    """The penalty is on the decoder's output, so it makes images pale; it belongs on the code."""
    return priced(code_size, image={"activity_regularizer": keras.regularizers.L1(penalty)})


@misconception("8.4", replaces="build_sparse_autoencoder")
def separate_sparse_copies(code_size=128, penalty=1.5e-4):
    """You built new layers for encoder and decoder, so training the autoencoder leaves those two as they
    were; make each layer once and put the same object into both models.
    """
    price = [keras.layers.ActivityRegularization(l1=penalty)]
    autoencoder = priced(code_size, behind=price)[0]
    return autoencoder, *priced(code_size)[1:]


def divergence(rho, mean):
    """KL of two coins."""
    return rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean))


@misconception("8.4", replaces="kl_sparsity")
def kl_averaged_over_units(activations, rho):
    """You took the mean over the units; the divergences of all units are added up."""
    return correct_kl_sparsity(activations, rho) / activations.shape[1]


@misconception("8.4", replaces="kl_sparsity")
def kl_not_clipped(activations, rho):
    """A unit that is never active gave infinity or NaN: keep the means inside [1e-7, 1 - 1e-7] before the
    logarithm.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.sum(divergence(rho, activations.mean(axis=0))))


@misconception("8.4", replaces="kl_sparsity")
def kl_swapped(activations, rho):
    """You swapped the two: the divergence of the wish ρ from the mean activation has ρ in front of the
    logarithms.
    """
    return float(np.sum(divergence(np.clip(activations.mean(axis=0), 1e-7, 1 - 1e-7), rho)))


@misconception("8.4", replaces="kl_sparsity")
def kl_of_one_side(activations, rho):
    """Half of the divergence is missing: a coin has two sides, add (1-ρ) ln((1-ρ)/(1-m))."""
    return float(np.sum(rho * np.log(rho / np.clip(activations.mean(axis=0), 1e-7, 1 - 1e-7))))


@misconception("8.4", replaces="kl_sparsity")
def kl_per_sample(activations, rho):
    """You averaged over the units of each sample; the mean activation of a unit goes over the samples, axis
    0.
    """
    return correct_kl_sparsity(activations.T, rho)


@misconception("8.4", replaces="kl_sparsity")
def kl_of_each_activation(activations, rho):
    """You took the divergence of every single activation; take the mean over the samples first: a unit may be
    fully on now and then, only not often.
    """
    return float(np.sum(divergence(rho, np.clip(activations, 1e-7, 1 - 1e-7)).mean(axis=0)))


# --- 8.5 How sparse is it? -------------------------------------------------------------------------------------


@misconception("8.5")
def dead_units_left_out(codes, threshold=1e-3):
    """You left the dead units out of active_fraction; it goes over all units: dead ones are counted apart so
    that nobody takes them for sparsity.
    """
    active = np.abs(codes) > threshold
    return correct_sparsity(codes, threshold) | {
        "active_fraction": float(active[:, active.any(axis=0)].mean())
    }


@misconception("8.5")
def dead_where_silent_once(codes, threshold=1e-3):
    """You counted units that are silent for one sample. A dead unit is silent for *every* sample: any, not all."""
    return correct_sparsity(codes, threshold) | {
        "dead_units": int((~(np.abs(codes) > threshold).all(axis=0)).sum())
    }


@misconception("8.5")
def active_values_counted(codes, threshold=1e-3):
    """You counted the active values; the text asks for their share of all n · k."""
    return correct_sparsity(codes, threshold) | {"active_fraction": int((np.abs(codes) > threshold).sum())}


@misconception("8.5")
def hoyer_of_all_values(codes, threshold=1e-3):
    """You took Hoyer's measure of all values together. It is one number for each sample, and then their mean."""
    return correct_sparsity(codes, threshold) | {
        "hoyer": correct_sparsity(codes.reshape(1, -1), threshold)["hoyer"]
    }


@misconception("8.5")
def root_of_the_samples(codes, threshold=1e-3):
    """Your root is that of the number of samples; Hoyer's has √k, k the number of units."""
    one, two = np.abs(codes).sum(axis=1), np.linalg.norm(codes, axis=1)
    root = np.sqrt(len(codes))
    hoyer = np.where(two > 0, (root - one / np.where(two > 0, two, 1)) / (root - 1), 0)
    return correct_sparsity(codes, threshold) | {"hoyer": float(hoyer.mean())}


@misconception("8.5")
def threshold_ignored(codes, threshold=1e-3):
    """`threshold` has no effect in your function: a value is active where its size is larger than that."""
    return correct_sparsity(codes, 1e-3)


@misconception("8.5")
def samples_counted_for_units(codes, threshold=1e-3):
    """You counted samples without an active unit; a unit is dead when no sample makes it active: look along
    axis 0.
    """
    silent = int((np.abs(codes) <= threshold).all(axis=1).sum())
    return correct_sparsity(codes, threshold) | {"dead_units": silent}


@misconception("8.5")
def hoyer_of_units(codes, threshold=1e-3):
    """Your Hoyer measure runs over the samples of each unit; it is a property of each sample: axis 1."""
    return correct_sparsity(codes, threshold) | {"hoyer": correct_sparsity(codes.T, threshold)["hoyer"]}


@misconception("8.5")
def dead_share(codes, threshold=1e-3):
    """You divided the dead units by the number of units; dead_units is a count."""
    measures = correct_sparsity(codes, threshold)
    return measures | {"dead_units": measures["dead_units"] / codes.shape[1]}


@misconception("8.5")
def negative_values_silent(codes, threshold=1e-3):
    """A unit is active where the *size* of its value is above the threshold; you left the negative values
    out.
    """
    active = codes > threshold
    return correct_sparsity(codes, threshold) | {
        "active_fraction": float(active.mean()),
        "dead_units": int((~active.any(axis=0)).sum()),
    }


@misconception("8.5")
def zero_row_divided(codes, threshold=1e-3):
    """A sample of zeros gave 0/0 in the Hoyer measure, and one NaN makes the mean NaN; count that sample as
    0.
    """
    root = np.sqrt(codes.shape[1])
    with np.errstate(invalid="ignore"):
        hoyer = (root - np.abs(codes).sum(axis=1) / np.sqrt((codes**2).sum(axis=1))) / (root - 1)
    return correct_sparsity(codes, threshold) | {"hoyer": float(hoyer.mean())}


@misconception("8.5")
def zero_row_is_sparse(codes, threshold=1e-3):
    """A sample of zeros counts as perfectly sparse in your Hoyer measure; it should count 0, as it says
    nothing.
    """
    empty = float((codes == 0).all(axis=1).mean())
    measures = correct_sparsity(codes, threshold)
    return measures | {
        "hoyer": measures["hoyer"] + empty * np.sqrt(codes.shape[1]) / (np.sqrt(codes.shape[1]) - 1)
    }


@misconception("8.5")
def mean_of_sizes(codes, threshold=1e-3):
    """You used the mean of |z|; mean_activation is the mean of the values with their signs."""
    return correct_sparsity(codes, threshold) | {"mean_activation": float(np.abs(codes).mean())}


@misconception("8.5")
def hoyer_not_scaled(codes, threshold=1e-3):
    """Hoyer's measure is not scaled to [0, 1]: divide √k - ‖z‖₁/‖z‖₂ by √k - 1."""
    measures = correct_sparsity(codes, threshold)
    return measures | {"hoyer": measures["hoyer"] * (np.sqrt(codes.shape[1]) - 1)}


# --- 8.6 Removing noise ----------------------------------------------------------------------------------------


def drawn(x, sigma, seed):
    """The noise of the reference."""
    return np.random.default_rng(seed).normal(scale=sigma, size=x.shape)


@misconception("8.6", replaces="add_noise")
def noise_on_the_target(x, sigma, seed):
    """add_noise writes the noise into x itself, so the clean target becomes noisy with it and the network
    learns to copy noise; work on a new array.
    """
    x[...] = correct_add_noise(x, sigma, seed)
    return x


@misconception("8.6", replaces="add_noise")
def not_clipped(x, sigma, seed):
    """The noisy images leave [0, 1]: clip them after adding the noise, as a pixel cannot be blacker than
    black.
    """
    return (x + drawn(x, sigma, seed)).astype(x.dtype)


@misconception("8.6", replaces="add_noise")
def same_noise_for_every_image(x, sigma, seed):
    """Every image gets the same noise, so a network could learn that one pattern by heart; draw noise of the
    shape of all images.
    """
    return np.clip(x + drawn(x[:1], sigma, seed), 0, 1).astype(x.dtype)


@misconception("8.6", replaces="add_noise")
def seed_not_used(x, sigma, seed):
    """The seed is not used, so the noise cannot be repeated: numpy.random.default_rng(seed)."""
    return np.clip(x + np.random.default_rng().normal(scale=sigma, size=x.shape), 0, 1).astype(x.dtype)


@misconception("8.6", replaces="add_noise")
def fixed_seed(x, sigma, seed):
    """The noise is the same for every seed: pass `seed` on instead of a fixed number."""
    return correct_add_noise(x, sigma, 0)


@misconception("8.6", replaces="add_noise")
def sigma_as_variance(x, sigma, seed):
    """You used sigma as the variance: normal(scale=...) wants the standard deviation, which is sigma."""
    return correct_add_noise(x, float(np.sqrt(sigma)), seed)


@misconception("8.6", replaces="add_noise")
def uniform_noise(x, sigma, seed):
    """Your noise is uniform between -sigma and sigma; Gaussian noise is asked for."""
    noise = np.random.default_rng(seed).uniform(-sigma, sigma, x.shape)
    return np.clip(x + noise, 0, 1).astype(x.dtype)


@misconception("8.6", replaces="add_noise")
def one_value_per_image(x, sigma, seed):
    """Each image has one value of noise for all of its pixels: it only gets brighter or darker; draw a value
    per pixel.
    """
    noise = np.random.default_rng(seed).normal(scale=sigma, size=(len(x),) + (1,) * (x.ndim - 1))
    return np.clip(x + noise, 0, 1).astype(x.dtype)


@misconception("8.6", replaces="build_denoiser")
def denoiser_with_softmax():
    """The denoiser ends in softmax, so its 784 pixels sum to 1; pixels are no classes, use sigmoid."""
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(784, activation="softmax"),
        ]
    )
    model.compile(loss="mean_squared_error", optimizer="adam")
    return model


@misconception("8.6", replaces="build_denoiser")
def classifier_instead():
    """The denoiser is built as a classifier of ten digits; it should answer with the 784 pixels of the clean
    image.
    """
    model = dense(784, 10, "softmax")
    model.compile(loss="mean_squared_error", optimizer="adam")
    return model


@misconception("8.6", replaces="build_denoiser")
def denoiser_not_compiled():
    """The denoiser is not compiled: it needs a loss and an optimizer before it can be trained."""
    return keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(784, activation="sigmoid"),
        ]
    )


# --- 8.7 A walk in code space ----------------------------------------------------------------------------------


def encoded(encoder, *images):
    """The codes of single images."""
    return np.asarray(encoder(np.stack(images)))


@misconception("8.7")
def pixels_mixed(encoder, decoder, a, b, steps):
    """You mixed the images: that is a fade from one picture to the other; encode both, mix their codes, and
    decode.
    """
    return np.linspace(a, b, steps)


@misconception("8.7")
def mixtures_through_the_autoencoder(encoder, decoder, a, b, steps):
    """You mixed the images and sent the mixtures through the autoencoder; the way is straight in the pixels
    then, not in the code: encode the two ends only.
    """
    return np.asarray(decoder(encoder(np.linspace(a, b, steps))))


@misconception("8.7")
def reconstructions_mixed(encoder, decoder, a, b, steps):
    """You decoded the two ends and mixed the images in between; mix the codes, then decode each mixture."""
    first, last = np.asarray(decoder(encoder(np.stack([a, b]))))
    return np.linspace(first, last, steps)


@misconception("8.7")
def end_missing(encoder, decoder, a, b, steps):
    """The last stop is missing: with np.arange(steps) / steps the walk stops one step short of b; use
    np.linspace(0, 1, steps).
    """
    start, end = encoded(encoder, a, b)
    way = np.arange(steps)[:, None] / steps
    return np.asarray(decoder((1 - way) * start + way * end))


@misconception("8.7")
def both_ends_missing(encoder, decoder, a, b, steps):
    """Both ends are missing: the first image should be the reconstruction of a, the last that of b."""
    return correct_latent_walk(encoder, decoder, a, b, steps + 2)[1:-1]


@misconception("8.7")
def one_too_many(encoder, decoder, a, b, steps):
    """The walk has steps + 1 images: `steps` counts the images, both ends among them."""
    return correct_latent_walk(encoder, decoder, a, b, steps + 1)


@misconception("8.7")
def backwards(encoder, decoder, a, b, steps):
    """You walk from b to a; the first image belongs to a."""
    return correct_latent_walk(encoder, decoder, b, a, steps)


@misconception("8.7")
def codes_not_decoded(encoder, decoder, a, b, steps):
    """You return the codes; decode them, the walk is made of images."""
    return np.linspace(*encoded(encoder, a, b), steps)


# --- 8.8 Dictionary and encoder together -----------------------------------------------------------------------


def round_of_psd(
    dictionary,
    encoder,
    code,
    x,
    penalty,
    learning_rate,
    unit_columns=True,
    learn_encoder=True,
    threshold=1.0,
    encoder_pull=True,
    old_code=False,
    bound=2.0,
    slope=True,
    mean=True,
    unit_axis=0,
    climbing=False,
    two=2,
):
    """One round with things to get wrong."""
    guess = 1 / (1 + np.exp(-x @ encoder.T))
    lipschitz = 2 * np.linalg.norm(dictionary, 2) ** 2 + bound
    gradient = 2 * (code @ dictionary.T - x) @ dictionary + 2 * (code - guess) * encoder_pull
    new_code = correct_soft_threshold(code - gradient / lipschitz, threshold * penalty / lipschitz)
    used = code if old_code else new_code
    count = len(x) if mean else 1
    dictionary = dictionary - learning_rate * two * (used @ dictionary.T - x).T @ used / count
    if unit_columns:
        length = np.linalg.norm(dictionary, axis=unit_axis, keepdims=True)
        dictionary = dictionary / np.maximum(length, 1e-12)
    error = (guess - used) * (guess * (1 - guess) if slope else 1)
    rate = -learning_rate if climbing else learning_rate * learn_encoder
    return dictionary, encoder - rate * two * error.T @ x / count, new_code


@misconception("8.8")
def columns_not_normalised(dictionary, encoder, code, x, penalty, learning_rate):
    """The columns of the dictionary are not of length 1: without that the energy is lowered by making the
    dictionary long and the code small; divide every column by its length after its step.
    """
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, unit_columns=False)


@misconception("8.8")
def rows_normalised(dictionary, encoder, code, x, penalty, learning_rate):
    """You divided the rows of the dictionary by their lengths; its atoms are the columns."""
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, unit_axis=1)


@misconception("8.8")
def encoder_not_updated(dictionary, encoder, code, x, penalty, learning_rate):
    """The encoder comes back as it was: it takes a gradient step too, or it never learns to guess the code."""
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, learn_encoder=False)


@misconception("8.8")
def encoder_climbs(dictionary, encoder, code, x, penalty, learning_rate):
    """Your encoder goes the wrong way: the gradient is subtracted, or its error is the guess minus the code."""
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, climbing=True)


@misconception("8.8")
def twos_forgotten(dictionary, encoder, code, x, penalty, learning_rate):
    """The 2 of the squares is missing in the gradients of dictionary and encoder."""
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, two=1)


@misconception("8.8")
def guess_without_sigmoid(dictionary, encoder, code, x, penalty, learning_rate):
    """Your guess is Wx; the encoder ends in the logistic function, σ(Wx)."""
    guess = x @ encoder.T
    lipschitz = 2 * np.linalg.norm(dictionary, 2) ** 2 + 2
    gradient = 2 * (code @ dictionary.T - x) @ dictionary + 2 * (code - guess)
    code = correct_soft_threshold(code - gradient / lipschitz, penalty / lipschitz)
    dictionary = dictionary - learning_rate * 2 * (code @ dictionary.T - x).T @ code / len(x)
    dictionary = dictionary / np.maximum(np.linalg.norm(dictionary, axis=0), 1e-12)
    return dictionary, encoder - learning_rate * 2 * (guess - code).T @ x / len(x), code


@misconception("8.8")
def threshold_missing(dictionary, encoder, code, x, penalty, learning_rate):
    """The threshold is missing from the code's step, so λ has no effect and the code is dense:
    soft_threshold(..., λ/L).
    """
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, threshold=0.0)


@misconception("8.8")
def encoder_without_pull(dictionary, encoder, code, x, penalty, learning_rate):
    """The encoder does not pull at your code: the gradient of the smooth part has a second term, 2(z -
    σ(Wx)).
    """
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, encoder_pull=False)


@misconception("8.8")
def bound_of_ista(dictionary, encoder, code, x, penalty, learning_rate):
    """L lacks the encoder's term: the smooth part is ‖x - Dz‖² + ‖σ(Wx) - z‖², so L = 2‖D‖² + 2."""
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, bound=0.0)


@misconception("8.8")
def old_code_used(dictionary, encoder, code, x, penalty, learning_rate):
    """Dictionary and encoder learned from the code as it was before; update the code first and use the new
    one.
    """
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, old_code=True)


@misconception("8.8")
def slope_missing(dictionary, encoder, code, x, penalty, learning_rate):
    """The derivative of σ is missing from the encoder's gradient: σ(u)(1 - σ(u))."""
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, slope=False)


@misconception("8.8")
def gradients_summed(dictionary, encoder, code, x, penalty, learning_rate):
    """You summed the gradients of dictionary and encoder over the samples; the energy is a mean over them, or
    the step would grow with the batch.
    """
    return round_of_psd(dictionary, encoder, code, x, penalty, learning_rate, mean=False)


# --- 8.9 The best code of 32 numbers ---------------------------------------------------------------------------


def sides(code_size, wide):
    """Encoder and decoder with a hidden layer of this width each."""
    encoder = keras.Sequential(
        [keras.Input((784,)), keras.layers.Dense(wide, activation="elu"), keras.layers.Dense(code_size)]
    )
    layers = [keras.layers.Dense(wide, activation="elu"), keras.layers.Dense(784, activation="sigmoid")]
    return encoder, keras.Sequential([keras.Input((code_size,)), *layers])


@misconception("8.9")
def skip_around_the_code(code_size, budget):
    """The decoder gets more than the code: a connection leads around it (a branch, or a second input).
    Everything has to pass through the code, so build encoder and decoder as one chain each.
    """
    image = keras.Input((784,))
    wide = keras.layers.Dense(64, activation="relu")(image)
    code = keras.layers.Dense(code_size)(wide)
    both = keras.layers.Concatenate()([code, wide])
    output = keras.layers.Dense(784, activation="sigmoid")(both)
    autoencoder = keras.Model(image, output)
    autoencoder.compile(loss="mean_squared_error", optimizer="adam")
    return autoencoder, keras.Model(image, code), keras.Model([code, wide], output), 128, 1


@misconception("8.9")
def always_32(code_size, budget):
    """The code always has 32 units; it should have as many as code_size says."""
    return correct_best_autoencoder(32, budget)


@misconception("8.9")
def encoder_ends_too_early(code_size, budget):
    """Your encoder stops at a hidden layer before the code: what it gives out is wider than code_size."""
    encoder, layers = dense(784, 64, "relu"), [keras.layers.Dense(code_size)]
    layers.append(keras.layers.Dense(784, activation="sigmoid"))
    return *joined(encoder, keras.Sequential([keras.Input((64,)), *layers])), 128, 1


@misconception("8.9")
def separate_halves(code_size, budget):
    """Encoder and decoder are new and do not share their layers with the autoencoder, so its training never
    reaches them. Build it from the two, as in 8.1.
    """
    autoencoder, _, _ = joined(*sides(code_size, 32))
    return autoencoder, *sides(code_size, 32), 128, 1


@misconception("8.9")
def budget_ignored_here(code_size, budget):
    """Your network and its epochs are the same for every budget, so a small one is exceeded. Work out what an
    epoch costs with `training_cost`, and train as many as the budget pays for.
    """
    return *joined(*sides(code_size, 512)), 128, 6


@misconception("8.9")
def counted_the_encoder_alone(code_size, budget):
    """You counted the weights of the encoder alone. The decoder is trained, too: count the autoencoder's."""
    models = joined(*sides(code_size, 64))
    return *models, 128, max(1, int(budget / training_cost(models[1], 1)))


@misconception("8.9")
def code_alone(code_size, budget):
    """Your network is the code and nothing else. However long it trains, one layer on each side does not do
    better than PCA by much: put a hidden layer before and after the code.
    """
    models = joined(dense(784, code_size), dense(code_size, 784))
    return *models, 128, min(5, max(1, int(budget / training_cost(models[0], 1))))


@misconception("8.9")
def not_compiled_here(code_size, budget):
    """You never compile the autoencoder, so the grader does not know with which loss and optimizer to train
    it.
    """
    encoder, decoder = sides(code_size, 32)
    return keras.Sequential([encoder, decoder]), encoder, decoder, 128, 1
