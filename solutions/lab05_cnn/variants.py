"""Other right answers to the questions of lab 05."""

import keras
import numpy as np

from labkit.check import variant

# --- 5.1 convolution ---------------------------------------------------------------------------------------


def padded(x, kernels, stride):
    """Images with the zeros of "same"."""
    margins = [(0, 0)]
    for size, kernel in zip(x.shape[1:3], kernels.shape[:2], strict=True):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        margins.append((total // 2, total - total // 2))
    return np.pad(x, [*margins, (0, 0)])


@variant("5.1")
def window_by_window(x, kernels, bias, stride=1, padding="valid"):
    x = padded(x, kernels, stride) if padding == "same" else x
    kh, kw, _, o = kernels.shape
    rows, columns = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    y = np.empty((len(x), rows, columns, o), x.dtype)
    for i in range(rows):
        for j in range(columns):
            window = x[:, i * stride : i * stride + kh, j * stride : j * stride + kw]
            y[:, i, j] = np.einsum("nuvc,uvco->no", window, kernels) + bias
    return y


@variant("5.1")
def weight_by_weight(x, kernels, bias, stride=1, padding="valid"):
    x = padded(x, kernels, stride) if padding == "same" else x
    kh, kw = kernels.shape[:2]
    rows, columns = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    y = bias
    for u in range(kh):
        for v in range(kw):
            y = y + x[:, u : u + rows * stride : stride, v : v + columns * stride : stride] @ kernels[u, v]
    return y


@variant("5.1")
def with_keras(x, kernels, bias, stride=1, padding="valid"):
    return keras.ops.conv(x.astype("float32"), kernels.astype("float32"), stride, padding) + bias.astype(
        "float32"
    )


@variant("5.1")
def with_einsum(x, kernels, bias, stride=1, padding="valid"):
    x = padded(x, kernels, stride) if padding == "same" else x
    windows = np.lib.stride_tricks.sliding_window_view(x, kernels.shape[:2], axis=(1, 2))[
        :, ::stride, ::stride
    ]
    return np.einsum("nijcuv,uvco->nijo", windows, kernels) + bias


# --- 5.2 convolution as a matrix ---------------------------------------------------------------------------


@variant("5.2")
def four_loops(kernel, height, width):
    kh, kw = kernel.shape
    rows, columns = height - kh + 1, width - kw + 1
    matrix = np.zeros((rows * columns, height * width))
    for i in range(rows):
        for j in range(columns):
            for u in range(kh):
                for v in range(kw):
                    matrix[i * columns + j, (i + u) * width + j + v] = kernel[u, v]
    return matrix


@variant("5.2")
def column_by_column(kernel, height, width):
    """The columns of a matrix are its answers to the unit vectors."""
    pixels = np.eye(height * width).reshape(-1, height, width)
    windows = np.lib.stride_tricks.sliding_window_view(pixels, kernel.shape, axis=(1, 2))
    return np.einsum("pijuv,uv->ijp", windows, kernel).reshape(-1, height * width)


@variant("5.2")
def from_shifted_bands(kernel, height, width):
    kh, kw = kernel.shape
    first = np.zeros((height, width))
    first[:kh, :kw] = kernel
    starts = [i * width + j for i in range(height - kh + 1) for j in range(width - kw + 1)]
    return np.stack([np.roll(first.reshape(-1), start) for start in starts])


# --- 5.3 max pooling ---------------------------------------------------------------------------------------


@variant("5.3")
def maximum_of_slices(x, size=2):
    rows, columns = x.shape[1] // size, x.shape[2] // size
    x = x[:, : rows * size, : columns * size]
    return np.max([x[:, u::size, v::size] for u in range(size) for v in range(size)], axis=0)


@variant("5.3")
def maximum_by_reshaping(x, size=2):
    n, h, w, c = x.shape
    rows, columns = h // size, w // size
    return x[:, : rows * size, : columns * size].reshape(n, rows, size, columns, size, c).max(axis=(2, 4))


@variant("5.3")
def maximum_with_keras(x, size=2):
    return keras.ops.max_pool(x.astype("float32"), size, padding="valid")


@variant("5.3", replaces="max_pool_gradient")
def gradient_by_loops(d_output, x, size=2):
    d_x = np.zeros_like(x)
    n, rows, columns, c = d_output.shape
    for a in range(n):
        for i in range(rows):
            for j in range(columns):
                for k in range(c):
                    window = x[a, i * size : (i + 1) * size, j * size : (j + 1) * size, k]
                    u, v = divmod(int(window.argmax()), size)
                    d_x[a, i * size + u, j * size + v, k] = d_output[a, i, j, k]
    return d_x


@variant("5.3", replaces="max_pool_gradient")
def gradient_by_first_come(d_output, x, size=2):
    rows, columns = d_output.shape[1:3]
    inside = x[:, : rows * size, : columns * size]
    best = np.max([inside[:, u::size, v::size] for u in range(size) for v in range(size)], axis=0)
    d_x, taken = np.zeros(x.shape), np.zeros(best.shape, bool)
    for u in range(size):
        for v in range(size):
            wins = (inside[:, u::size, v::size] == best) & ~taken
            d_x[:, u : rows * size : size, v : columns * size : size] = wins * d_output
            taken |= wins
    return d_x


# --- 5.4 LeNet-5 -------------------------------------------------------------------------------------------


@variant("5.4")
def lenet_with_activation_layers(num_classes=10):
    model = keras.Sequential(name="lenet")
    model.add(keras.Input((28, 28, 1)))
    model.add(keras.layers.Conv2D(6, (5, 5), padding="same", name="c1"))
    model.add(keras.layers.ReLU())
    model.add(keras.layers.MaxPooling2D((2, 2), strides=2))
    model.add(keras.layers.Conv2D(16, (5, 5), name="c3"))
    model.add(keras.layers.Activation("relu"))
    model.add(keras.layers.MaxPool2D(2))
    model.add(keras.layers.Reshape((400,)))
    for units in (120, 84):
        model.add(keras.layers.Dense(units))
        model.add(keras.layers.ReLU())
    model.add(keras.layers.Dense(num_classes))
    model.add(keras.layers.Softmax())
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), keras.losses.SparseCategoricalCrossentropy())
    return model


@variant("5.4")
def lenet_with_logits(num_classes=10):
    model = keras.Sequential(
        [
            keras.layers.Conv2D(6, 5, padding="same", activation="relu", input_shape=(28, 28, 1)),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(16, 5, activation=keras.activations.relu),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(120, "relu"),
            keras.layers.Dense(84, "relu"),
            keras.layers.Dense(num_classes),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="rmsprop", loss=loss, metrics=["sparse_categorical_accuracy"])
    return model


@variant("5.4")
def lenet_of_two_parts(num_classes=10):
    features = [keras.layers.Conv2D(6, 5, padding="same", activation="relu"), keras.layers.MaxPooling2D()]
    features += [
        keras.layers.Conv2D(16, 5, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
    ]
    classifier = [keras.layers.Dense(120, activation="relu"), keras.layers.Dense(84, activation="relu")]
    classifier += [keras.layers.Dense(num_classes, activation="softmax")]
    parts = [
        keras.Sequential([keras.Input((28, 28, 1)), *features]),
        keras.Sequential([keras.Input((400,)), *classifier]),
    ]
    model = keras.Sequential([keras.Input((28, 28, 1)), *parts])
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


# --- 5.5 counting ------------------------------------------------------------------------------------------


@variant("5.5")
def counted_kernel_by_kernel(height, width, in_channels, out_channels, kernel_size, groups=1):
    kernel = kernel_size * kernel_size * (in_channels // groups)
    return dict(
        units=height * width * out_channels,
        weights=out_channels * kernel,
        parameters=out_channels * (kernel + 1),
        connections=height * width * out_channels * kernel,
    )


@variant("5.5")
def counted_group_by_group(height, width, in_channels, out_channels, kernel_size, groups=1):
    inside, outside = in_channels // groups, out_channels // groups
    weights = sum(inside * outside * kernel_size**2 for _ in range(groups))
    counted = {
        "connections": weights * height * width,
        "parameters": weights + groups * outside,
        "weights": weights,
    }
    return counted | {"units": height * width * out_channels}


@variant("5.5")
def counted_by_keras(height, width, in_channels, out_channels, kernel_size, groups=1):
    layer = keras.layers.Conv2D(out_channels, kernel_size, groups=groups)
    layer.build((None, None, None, in_channels))
    weights = int(np.prod(layer.kernel.shape))
    parameters = layer.count_params()
    return {
        "units": np.int64(height) * width * out_channels,
        "weights": weights,
        "parameters": parameters,
        "connections": height * width * weights,
    }


# --- 5.6 filters made by hand ------------------------------------------------------------------------------


@variant("5.6")
def sobel_by_windows(image):
    kernel = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image.astype(float), 1, mode="edge"), (3, 3))
    gx, gy = (np.einsum("ijuv,uv->ij", windows, k) for k in (kernel, kernel.T))
    return gx, gy, np.hypot(gx, gy)


@variant("5.6")
def sobel_in_float32(image):
    p = np.pad(image, 1, mode="edge").astype(np.float32)
    gx, gy = np.zeros(image.shape, np.float32), np.zeros(image.shape, np.float32)
    h, w = image.shape
    for u, weight in enumerate((1, 2, 1)):
        gx += weight * (p[u : u + h, 2:] - p[u : u + h, :-2])
        gy += weight * (p[2:, u : u + w] - p[:-2, u : u + w])
    return [gx, gy, np.sqrt(np.square(gx) + np.square(gy))]


@variant("5.6")
def sobel_by_loops(image):
    padded_image = np.pad(image.astype(np.float64), 1, mode="symmetric")
    answers = np.zeros((3, *image.shape))
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            window = padded_image[i : i + 3, j : j + 3]
            answers[0, i, j] = np.array([1, 2, 1]) @ window @ np.array([-1, 0, 1])
            answers[1, i, j] = np.array([-1, 0, 1]) @ window @ np.array([1, 2, 1])
    answers[2] = np.sqrt(answers[0] ** 2 + answers[1] ** 2)
    return tuple(answers)


@variant("5.6", replaces="gabor_bank")
def gabors_by_loops(orientations, size, sigma, wavelength):
    bank = np.zeros((orientations, size, size), complex)
    for k in range(orientations):
        theta = k * np.pi / orientations
        for i in range(size):
            for j in range(size):
                m, n = i - (size - 1) / 2, j - (size - 1) / 2
                phase = 2 * np.pi * (m * np.cos(theta) + n * np.sin(theta)) / wavelength
                bell = np.exp(-(m * m + n * n) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
                bank[k, i, j] = bell * complex(np.cos(phase), np.sin(phase))
    return bank


@variant("5.6", replaces="gabor_bank")
def gabors_from_outer_products(orientations, size, sigma, wavelength):
    place = np.arange(size) - (size - 1) / 2
    bell = np.exp(-(place**2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
    bank = []
    for theta in np.linspace(0, np.pi, orientations, endpoint=False):
        rows = bell * np.exp(2j * np.pi * place * np.cos(theta) / wavelength)
        columns = bell * np.exp(2j * np.pi * place * np.sin(theta) / wavelength)
        bank.append(np.outer(rows, columns))
    return np.array(bank, dtype=np.complex64)


# --- 5.7 a network of your own -----------------------------------------------------------------------------


@variant("5.7")
def strided_network_with_logits(num_classes=10):
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for filters, kernel, stride in [(16, 5, 1), (32, 3, 2), (64, 3, 2)]:
        model.add(keras.layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False))
        model.add(keras.layers.BatchNormalization(momentum=0.9))
        model.add(keras.layers.Activation("relu"))
        if stride == 1:
            model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dropout(0.2))
    model.add(keras.layers.Dense(num_classes))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Nadam(), loss, metrics=["accuracy"])
    return model


@variant("5.7", replaces="train")
def trained_as_in_the_lecture(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """A dataset that is augmented on its way, and a learning rate that halves in steps."""
    import tensorflow as tf

    steps = epochs * -(-len(x_train) // batch_size)
    falling = keras.optimizers.schedules.ExponentialDecay(0.004, max(steps // 6, 1), 0.5, staircase=True)
    model.compile(loss=model.loss, optimizer=keras.optimizers.Adam(falling), metrics=["accuracy"])
    if augment is None:
        data = {"x": x_train, "y": y_train, "batch_size": batch_size}
    else:
        batches = (
            tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train)).batch(batch_size)
        )
        data = {"x": batches.map(lambda x, y: (augment(x, training=True), y))}
    return model.fit(**data, epochs=epochs, validation_data=(x_val, y_val), verbose=0)


@variant("5.7", replaces="train")
def trained_through_a_longer_model(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """The augmentation as the first layer of a model around the given one: Keras leaves it out in validation."""
    layers = [keras.Input((28, 28, 1)), *([augment] if augment is not None else []), model]
    steps = epochs * -(-len(x_train) // batch_size)
    falling = keras.optimizers.schedules.PolynomialDecay(0.005, steps, 0.0)
    around = keras.Sequential(layers)
    around.compile(loss=model.loss, optimizer=keras.optimizers.Adam(falling), metrics=["accuracy"])
    return around.fit(x_train, y_train, batch_size, epochs, validation_data=(x_val, y_val), verbose=0)


# --- 5.8 transposed convolution ----------------------------------------------------------------------------


@variant("5.8")
def by_its_matrix(x, kernel, stride=1, padding=0):
    matrix = np.zeros((len(x), len(x) * stride + len(kernel) - 1))
    for i in range(len(x)):
        matrix[i, i * stride : i * stride + len(kernel)] = kernel
    return (matrix.T @ x)[padding : matrix.shape[1] - padding]


@variant("5.8")
def by_inserting_zeros(x, kernel, stride=1, padding=0):
    wide = np.zeros(len(x) * stride)
    wide[::stride] = x
    full = np.convolve(wide, kernel)
    return full[padding : len(full) - padding]


@variant("5.8")
def by_two_loops(x, kernel, stride=1, padding=0):
    size = len(x) * stride + len(kernel) - 1 - 2 * padding
    result = [0.0] * size
    for i in range(len(x)):
        for u in range(len(kernel)):
            place = i * stride + u - padding
            if 0 <= place < size:
                result[place] += float(x[i] * kernel[u])
    return np.array(result)


# --- 5.9 permuted pixels -----------------------------------------------------------------------------------


@variant("5.9")
def by_sorting_noise(images, seed):
    order = np.argsort(np.random.RandomState(seed).rand(images.shape[1] * images.shape[2]))
    return np.take(images.reshape(len(images), -1), order, axis=1).reshape(images.shape)


@variant("5.9")
def by_rows_and_columns(images, seed):
    rng, (n, h, w) = np.random.default_rng(seed + 1), images.shape
    rows, columns = np.unravel_index(rng.permutation(h * w), (h, w))
    return images[:, rows, columns].reshape(n, h, w)


@variant("5.9")
def by_moving_pixel_after_pixel(images, seed):
    import random

    n, h, w = images.shape
    places = list(range(h * w))
    random.Random(seed).shuffle(places)
    moved = np.empty_like(images).reshape(n, -1)
    for here, there in enumerate(places):
        moved[:, there] = images.reshape(n, -1)[:, here]
    return moved.reshape(n, h, w)
