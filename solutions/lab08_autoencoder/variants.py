"""Correct answers of lab 08 that are written differently: each must get every point of its question."""

import math

import keras
import numpy as np

from labkit.check import variant

# --- 8.1 An autoencoder ----------------------------------------------------------------------------------------


@variant("8.1")
def three_models_from_two_layers(code_size=32):
    code = keras.layers.Dense(code_size, activation="tanh", name="the_code")
    image = keras.layers.Dense(784, activation=keras.activations.sigmoid)
    encoder = keras.Sequential([keras.Input((784,)), code])
    decoder = keras.Sequential([keras.Input((code_size,)), image])
    autoencoder = keras.Sequential([keras.Input((784,)), code, image])
    autoencoder.compile(loss=keras.losses.MeanSquaredError(), optimizer=keras.optimizers.Nadam(2e-3))
    return autoencoder, encoder, decoder


@variant("8.1")
def activations_as_layers(code_size=32):
    encoder = keras.Sequential(name="encoder")
    encoder.add(keras.Input(shape=(784,)))
    encoder.add(keras.layers.Dense(code_size))
    encoder.add(keras.layers.LeakyReLU())
    decoder = keras.Sequential(name="decoder")
    decoder.add(keras.Input(shape=(code_size,)))
    decoder.add(keras.layers.Dense(784))
    decoder.add(keras.layers.Activation("sigmoid"))
    autoencoder = keras.Sequential([*encoder.layers, *decoder.layers])
    autoencoder.build((None, 784))
    autoencoder.compile(loss="mse", optimizer="rmsprop", metrics=["mae"])
    return [autoencoder, encoder, decoder]


@variant("8.1")
def linear_code_with_input_shape(code_size=32):
    encoder = keras.Sequential([keras.layers.Dense(code_size, input_shape=(784,))])
    decoder = keras.Sequential([keras.layers.Dense(784, activation="sigmoid", input_shape=(code_size,))])
    autoencoder = keras.Sequential([keras.Input((784,)), encoder, decoder])
    autoencoder.compile(loss=keras.losses.BinaryCrossentropy(), optimizer=keras.optimizers.Adamax(5e-3))
    return autoencoder, encoder, decoder


# --- 8.2 PCA, and the network that finds it --------------------------------------------------------------------


@variant("8.2", replaces="pca")
def by_singular_values(x, k):
    mean = np.mean(x, axis=0)
    return mean, np.linalg.svd((x - mean).T @ (x - mean))[2][:k]


@variant("8.2", replaces="pca")
def by_numpy_cov(x, k):
    values, vectors = np.linalg.eig(np.cov(x, rowvar=False).astype(np.float64))
    order = np.argsort(-values.real)[:k]
    return x.mean(axis=0, dtype=np.float64), -vectors.real[:, order].T


@variant("8.2", replaces="pca")
def from_moments(x, k):
    x = np.asarray(x, dtype=np.float64)
    mean = x.sum(0) / len(x)
    values, vectors = np.linalg.eigh(np.einsum("ni,nj->ij", x - mean, x - mean, optimize=True))
    return mean, vectors.T[np.argsort(values)[::-1][:k]]


@variant("8.2", replaces="build_linear_autoencoder")
def functional_without_biases(code_size):
    image, code = keras.Input((784,)), keras.Input((code_size,))
    encode = keras.layers.Dense(code_size, use_bias=False)
    decode = keras.layers.Dense(784, use_bias=False, activation="linear")
    encoder, decoder = keras.Model(image, encode(image)), keras.Model(code, decode(code))
    autoencoder = keras.Model(image, decode(encode(image)))
    autoencoder.compile(loss="mse", optimizer=keras.optimizers.Adam(2e-3))
    return autoencoder, encoder, decoder


@variant("8.2", replaces="build_linear_autoencoder")
def with_nadam(code_size):
    encoder = keras.Sequential([keras.Input((784,)), keras.layers.Dense(code_size, activation=None)])
    decoder = keras.Sequential([keras.Input((code_size,)), keras.layers.Dense(784)])
    image = keras.Input((784,))
    autoencoder = keras.Model(image, decoder(encoder(image)))
    autoencoder.compile(loss=keras.losses.MeanSquaredError(), optimizer=keras.optimizers.Nadam(2e-3))
    return autoencoder, encoder, decoder


# --- 8.3 Sparse coding -----------------------------------------------------------------------------------------


@variant("8.3", replaces="soft_threshold")
def by_clipping(v, t):
    return v - np.clip(v, -t, t)


@variant("8.3", replaces="soft_threshold")
def by_two_relus(v, t):
    return np.maximum(v - t, 0) - np.maximum(-v - t, 0)


@variant("8.3", replaces="ista")
def with_gram_matrix(x, dictionary, penalty, steps):
    gram, answer = dictionary.T @ dictionary, dictionary.T @ x
    step = 0.5 / np.linalg.eigvalsh(gram)[-1]
    a, curve = np.zeros(len(gram)), []
    for _ in range(steps):
        a = a - step * 2 * (gram @ a - answer)
        a = np.where(np.abs(a) > step * penalty, a - step * penalty * np.sign(a), 0.0)
        curve.append(x @ x - 2 * a @ answer + a @ gram @ a + penalty * np.linalg.norm(a, 1))
    return a, curve


@variant("8.3", replaces="ista")
def as_an_array_of_objectives(x, dictionary, penalty, steps):
    rate = 1 / np.linalg.svd(dictionary, compute_uv=False)[0] ** 2
    code, objective = 0 * dictionary[0], np.empty(steps)
    for step in range(steps):
        error = x - np.einsum("dk,k->d", dictionary, code)
        code = code + rate * np.einsum("dk,d->k", dictionary, error)
        code = np.sign(code) * np.maximum(abs(code) - rate * penalty / 2, 0)
        objective[step] = np.square(x - dictionary @ code).sum() + penalty * abs(code).sum()
    return code, objective


# --- 8.4 A sparse autoencoder ----------------------------------------------------------------------------------


@variant("8.4", replaces="build_sparse_autoencoder")
def price_on_the_threshold_layer(code_size=128, penalty=1.3e-4):
    encoder = keras.Sequential(
        [
            keras.layers.Dense(code_size, input_shape=(784,), use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(threshold=1.0, activity_regularizer=keras.regularizers.L1(penalty)),
        ]
    )
    image = keras.layers.Dense(784, activation="sigmoid")
    decoder = keras.Sequential([keras.Input((code_size,)), image])
    pixels = keras.Input((784,))
    autoencoder = keras.Model(pixels, decoder(encoder(pixels)))
    autoencoder.compile(loss="mse", optimizer=keras.optimizers.Adam())
    return autoencoder, encoder, decoder


@variant("8.4", replaces="build_sparse_autoencoder")
def by_cross_entropy(code_size=128, penalty=5.2e-4):
    layers = [
        keras.layers.Dense(code_size),
        keras.layers.BatchNormalization(scale=False),
        keras.layers.ReLU(threshold=1.0),
        keras.layers.ActivityRegularization(l1=penalty),
    ]
    image = keras.layers.Dense(784, activation="sigmoid")
    encoder = keras.Sequential([keras.Input((784,)), *layers])
    decoder = keras.Sequential([keras.Input((code_size,)), image])
    autoencoder = keras.Sequential([keras.Input((784,)), *layers, image])
    autoencoder.compile(loss="binary_crossentropy", optimizer="adam")
    return [autoencoder, encoder, decoder]


@variant("8.4", replaces="kl_sparsity")
def unit_by_unit(activations, rho):
    total = 0.0
    for unit in np.asarray(activations, dtype=float).T:
        mean = min(max(sum(unit) / len(unit), 1e-7), 1 - 1e-7)
        total += rho * math.log(rho / mean) + (1 - rho) * math.log((1 - rho) / (1 - mean))
    return total


@variant("8.4", replaces="kl_sparsity")
def as_cross_entropy_minus_entropy(activations, rho):
    mean = np.minimum(np.maximum(np.mean(activations, 0), 1e-7), 1 - 1e-7)
    cross = -rho * np.log(mean) - (1 - rho) * np.log1p(-mean)
    entropy = -rho * np.log(rho) - (1 - rho) * np.log(1 - rho)
    return np.sum(cross - entropy)


# --- 8.5 How sparse is it? -------------------------------------------------------------------------------------


@variant("8.5")
def sample_by_sample(codes, threshold=1e-3):
    n, k = codes.shape
    hoyer = 0.0
    for z in codes:
        length = math.sqrt(sum(float(value) ** 2 for value in z))
        if length > 0:
            hoyer += (math.sqrt(k) - sum(abs(float(value)) for value in z) / length) / (math.sqrt(k) - 1) / n
    active = [[abs(value) > threshold for value in z] for z in codes]
    return {
        "mean_activation": float(sum(map(sum, codes))) / (n * k),
        "active_fraction": sum(map(sum, active)) / (n * k),
        "dead_units": sum(not any(z[unit] for z in active) for unit in range(k)),
        "hoyer": hoyer,
    }


@variant("8.5")
def with_norms(codes, threshold=1e-3):
    size = np.abs(codes)
    l1, l2 = np.linalg.norm(codes, 1, axis=1), np.linalg.norm(codes, axis=1)
    quotient = np.divide(l1, l2, out=np.full(len(codes), np.sqrt(codes.shape[1])), where=l2 > 0)
    return dict(
        hoyer=np.mean((np.sqrt(codes.shape[1]) - quotient) / (np.sqrt(codes.shape[1]) - 1)),
        dead_units=np.count_nonzero(size.max(axis=0) <= threshold),
        active_fraction=np.count_nonzero(size > threshold) / size.size,
        mean_activation=np.mean(codes),
    )


@variant("8.5")
def with_nan_to_num(codes, threshold=1e-3):
    k = codes.shape[1]
    with np.errstate(all="ignore"):
        hoyer = (k**0.5 - abs(codes).sum(1) / (codes * codes).sum(1) ** 0.5) / (k**0.5 - 1)
    active = (codes > threshold) | (codes < -threshold)
    return {
        "mean_activation": codes.sum() / codes.size,
        "active_fraction": active.sum() / active.size,
        "dead_units": np.sum(active.sum(axis=0) == 0),
        "hoyer": np.nan_to_num(hoyer).mean(),
    }


# --- 8.6 Removing noise ----------------------------------------------------------------------------------------


@variant("8.6", replaces="add_noise")
def with_the_old_generator(x, sigma, seed):
    noise = np.random.RandomState(seed).standard_normal(x.shape).astype(x.dtype)
    return np.minimum(np.maximum(x + sigma * noise, 0), 1)


@variant("8.6", replaces="add_noise")
def image_by_image(x, sigma, seed):
    rng, noisy = np.random.default_rng([seed, 7]), np.array(x, dtype=np.float64)
    for image in noisy:
        image += sigma * rng.standard_normal(image.shape)
    return noisy.clip(0, 1)


@variant("8.6", replaces="add_noise")
def with_keras_random(x, sigma, seed):
    noise = keras.random.normal(x.shape, stddev=max(sigma, 1e-12), seed=seed)
    return keras.ops.clip(keras.ops.convert_to_tensor(x.astype("float32")) + noise, 0, 1)


@variant("8.6", replaces="build_denoiser")
def deep_denoiser():
    model = keras.Sequential([keras.layers.Dense(400, input_shape=(784,)), keras.layers.ReLU()])
    model.add(keras.layers.Dense(400, activation="relu"))
    model.add(keras.layers.Dense(784))
    model.add(keras.layers.Activation("sigmoid"))
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(2e-3))
    return model


@variant("8.6", replaces="build_denoiser")
def linear_denoiser():
    encoder = keras.Sequential([keras.Input((784,)), keras.layers.Dense(128)])
    model = keras.Sequential([encoder, keras.layers.Dense(784)])
    model.compile(loss=keras.losses.MeanSquaredError(), optimizer="adam", metrics=["mse"])
    return model


# --- 8.7 A walk in code space ----------------------------------------------------------------------------------


@variant("8.7")
def step_by_step(encoder, decoder, a, b, steps):
    first, last = encoder(a[None]), encoder(b[None])
    images = []
    for step in range(steps):
        t = step / (steps - 1)
        images.append(np.asarray(decoder(first + t * (last - first)))[0])
    return np.array(images)


@variant("8.7")
def with_linspace(encoder, decoder, a, b, steps):
    codes = encoder.predict(np.array([a, b]), verbose=0)
    return decoder.predict(np.linspace(codes[0], codes[1], steps), verbose=0)


@variant("8.7")
def with_a_matrix(encoder, decoder, a, b, steps):
    weight = np.linspace(1, 0, steps)
    mix = np.stack([weight, 1 - weight], axis=1)
    return decoder(mix @ np.asarray(encoder(np.vstack([a, b]).astype("float32"))))


# --- 8.8 Dictionary and encoder together -----------------------------------------------------------------------


@variant("8.8")
def sample_by_sample_psd(dictionary, encoder, code, x, penalty, learning_rate):
    step = 0.5 / (np.linalg.svd(dictionary, compute_uv=False)[0] ** 2 + 1)
    new_code, to_dictionary, to_encoder = np.empty_like(code), 0, 0
    for row, (z, image) in enumerate(zip(code, x, strict=True)):
        guess = 1 / (1 + np.exp(-encoder @ image))
        v = z - 2 * step * (dictionary.T @ (dictionary @ z - image) + z - guess)
        z = v - np.clip(v, -step * penalty, step * penalty)
        to_dictionary = to_dictionary + 2 * np.outer(dictionary @ z - image, z)
        to_encoder = to_encoder + 2 * np.outer((guess - z) * guess * (1 - guess), image)
        new_code[row] = z
    dictionary = dictionary - learning_rate / len(x) * to_dictionary
    lengths = np.sqrt((dictionary**2).sum(axis=0))
    return (
        dictionary / np.where(lengths > 0, lengths, 1),
        encoder - learning_rate / len(x) * to_encoder,
        new_code,
    )


@variant("8.8")
def with_tanh_and_einsum(dictionary, encoder, code, x, penalty, learning_rate):
    guess = (1 + np.tanh(np.einsum("nd,kd->nk", x, encoder) / 2)) / 2
    bound = 2 * np.linalg.eigvalsh(dictionary.T @ dictionary).max() + 2
    v = code + 2 / bound * ((x - code @ dictionary.T) @ dictionary + guess - code)
    z = np.maximum(v - penalty / bound, 0) + np.minimum(v + penalty / bound, 0)
    dictionary = dictionary + 2 * learning_rate * np.einsum("nd,nk->dk", x - z @ dictionary.T, z) / len(x)
    dictionary = dictionary / np.linalg.norm(dictionary, axis=0, keepdims=True)
    slope = guess - guess**2
    encoder = encoder + 2 * learning_rate * np.einsum("nk,nd->kd", (z - guess) * slope, x) / len(x)
    return dictionary, encoder, z


@variant("8.8")
def with_a_tape(dictionary, encoder, code, x, penalty, learning_rate):
    import tensorflow as tf

    D, W, z, x = (tf.Variable(np.asarray(part, np.float64)) for part in (dictionary, encoder, code, x))

    def smooth():
        wrong = tf.reduce_sum((x - z @ tf.transpose(D)) ** 2) + tf.reduce_sum(
            (tf.sigmoid(x @ tf.transpose(W)) - z) ** 2
        )
        return wrong / x.shape[0]

    with tf.GradientTape() as tape:
        value = smooth()
    bound = 2 * np.linalg.norm(dictionary, 2) ** 2 + 2
    v = z - tape.gradient(value, z) * x.shape[0] / bound
    z.assign(tf.sign(v) * tf.maximum(tf.abs(v) - penalty / bound, 0))
    with tf.GradientTape() as tape:
        value = smooth()
    to_dictionary, to_encoder = tape.gradient(value, [D, W])
    D.assign(tf.math.l2_normalize(D - learning_rate * to_dictionary, axis=0))
    W.assign_sub(learning_rate * to_encoder)
    return D.numpy(), W.numpy(), z.numpy()


# --- 8.9 The best code of 32 numbers ---------------------------------------------------------------------------


def paid(model, budget):
    """How many epochs of 60,000 digits a budget pays for."""
    return int(
        budget // (3 * 60_000 * sum(w.shape[0] * w.shape[1] for w in model.weights if len(w.shape) == 2))
    )


@variant("8.9")
def functional_with_warm_up(code_size, budget):
    wide = 400 if budget > 5e11 else 100 if budget > 9e10 else 20
    image = keras.Input((784,))
    code = keras.layers.Dense(code_size)(keras.layers.Dense(wide, activation="elu")(image))
    encoder = keras.Model(image, code)
    decoder = keras.Sequential([keras.Input((code_size,)), keras.layers.Dense(wide, activation="elu")])
    decoder.add(keras.layers.Dense(784, activation="sigmoid"))
    autoencoder = keras.Model(image, decoder(encoder(image)))
    epochs = paid(autoencoder, budget)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, epochs * 600 - 200, warmup_target=2e-3, warmup_steps=200
    )
    autoencoder.compile(loss="mse", optimizer=keras.optimizers.Adam(rate))
    return autoencoder, encoder, decoder, 100, epochs


@variant("8.9")
def with_activation_layers(code_size, budget):
    wide = 400 if budget > 5e11 else 100 if budget > 9e10 else 20
    encoder, decoder = keras.Sequential([keras.Input((784,))]), keras.Sequential([keras.Input((code_size,))])
    for model, units in ((encoder, code_size), (decoder, 784)):
        model.add(keras.layers.Dense(wide))
        model.add(keras.layers.LeakyReLU())
        model.add(keras.layers.Dense(units))
    decoder.add(keras.layers.Activation("sigmoid"))
    autoencoder = keras.Sequential([encoder, decoder])
    autoencoder.compile(loss="binary_crossentropy", optimizer="nadam")
    return [autoencoder, encoder, decoder, 128, np.int64(paid(autoencoder, budget))]


@variant("8.9")
def with_images_inside(code_size, budget):
    wide = 384 if budget > 5e11 else 96 if budget > 9e10 else 24
    flat = [keras.Input((784,)), keras.layers.Reshape((28, 28, 1)), keras.layers.Flatten()]
    encoder = keras.Sequential(
        [*flat, keras.layers.Dense(wide, activation="gelu"), keras.layers.Dense(code_size)]
    )
    layers = [keras.layers.Dense(wide, activation="gelu"), keras.layers.Dense(784, activation="sigmoid")]
    decoder = keras.Sequential([keras.Input((code_size,)), *layers])
    autoencoder = keras.Sequential([encoder, decoder])
    epochs = paid(autoencoder, budget)
    rate = keras.optimizers.schedules.PolynomialDecay(2e-3, epochs * 300, 1e-5)
    autoencoder.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(rate))
    return autoencoder, encoder, decoder, 200, epochs
