"""Mistakes that are often made in lab 05, and the sentence that helps."""

import keras
import numpy as np
from lab import (
    build_cnn,
    build_lenet5,
    conv2d,
    conv_counts,
    conv_matrix,
    conv_transpose1d,
    gabor_bank,
    max_pool,
    max_pool_gradient,
    sobel,
    train,
)

import labkit
from labkit.check import misconception

# --- 5.1 convolution ---------------------------------------------------------------------------------------


@misconception("5.1")
def flipped_kernel(x, kernels, bias, stride=1, padding="valid"):
    """You flipped the kernel, as the convolution of signal processing does (and Loiseau's slide); a
    convolutional layer multiplies x[i + u, j + v] by kernels[u, v] as it stands.
    """
    return conv2d(x, kernels[::-1, ::-1], bias, stride, padding)


@misconception("5.1")
def symmetric_padding(x, kernels, bias, stride=1, padding="valid"):
    """You padded all four sides alike. Where the number of extra rows is odd, as for even kernels or with a
    stride, "same" puts one more at the bottom and on the right than at the top and on the left.
    """
    if padding == "same":
        kh, kw = kernels.shape[:2]
        x = np.pad(x, [(0, 0), (kh // 2, kh // 2), (kw // 2, kw // 2), (0, 0)])
    return conv2d(x, kernels, bias, stride)


@misconception("5.1")
def extra_row_above(x, kernels, bias, stride=1, padding="valid"):
    """The extra row and column of "same" are at the top and on the left of your images; TensorFlow puts them
    at the bottom and on the right.
    """
    flipped = conv2d(x[:, ::-1, ::-1], kernels[::-1, ::-1], bias, 1, padding)[:, ::-1, ::-1]
    return flipped[:, ::stride, ::stride]


@misconception("5.1")
def padding_without_stride(x, kernels, bias, stride=1, padding="valid"):
    """Your padding does not take the stride into account: with a stride, only as many zeros are added as
    ceil(size / stride) windows need.
    """
    return conv2d(x, kernels, bias, 1, padding)[:, ::stride, ::stride]


@misconception("5.1")
def first_channel_only(x, kernels, bias, stride=1, padding="valid"):
    """Only the first channel of the images reaches your answer; the window of a unit goes through all
    channels, and the sum over them too.
    """
    return conv2d(x[..., :1], kernels[:, :, :1], bias, stride, padding)


@misconception("5.1")
def mean_over_channels(x, kernels, bias, stride=1, padding="valid"):
    """You took the mean over the channels; a unit adds up its whole window, channels included."""
    return conv2d(x, kernels / x.shape[-1], bias, stride, padding)


@misconception("5.1")
def without_bias(x, kernels, bias, stride=1, padding="valid"):
    """The bias is missing: add bias[l] to every place of feature map l."""
    return conv2d(x, kernels, np.zeros_like(bias), stride, padding)


@misconception("5.1")
def bias_at_every_place(x, kernels, bias, stride=1, padding="valid"):
    """You added the bias for every place of the kernel; it belongs to the feature map, once."""
    return conv2d(x, kernels, kernels.shape[0] * kernels.shape[1] * bias, stride, padding)


@misconception("5.1")
def stride_of_rows_only(x, kernels, bias, stride=1, padding="valid"):
    """Your stride skips rows but not columns; a stride is the step in both directions."""
    if padding == "same":
        return conv2d(x, kernels, bias, stride, padding)
    return conv2d(x, kernels, bias)[:, ::stride]


@misconception("5.1")
def repeated_border(x, kernels, bias, stride=1, padding="valid"):
    """You repeated the border pixels for "same"; a convolutional layer pads with zeros."""
    if padding == "same":
        margins = [(0, 0)]
        for size, kernel in zip(x.shape[1:3], kernels.shape[:2], strict=True):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            margins.append((total // 2, total - total // 2))
        x = np.pad(x, [*margins, (0, 0)], mode="edge")
    return conv2d(x, kernels, bias, stride)


# --- 5.2 convolution as a matrix ---------------------------------------------------------------------------


def matrix_by_columns(kernel, height, width, index):
    """A matrix whose rows and columns are numbered by `index(i, j, height, width)`."""
    (kh, kw), (rows, columns) = kernel.shape, np.subtract((height, width), kernel.shape) + 1
    matrix = np.zeros((rows * columns, height * width))
    for i in range(rows):
        for j in range(columns):
            for u in range(kh):
                for v in range(kw):
                    matrix[index(i, j, rows, columns), index(i + u, j + v, height, width)] = kernel[u, v]
    return matrix


@misconception("5.2")
def pixels_by_columns(kernel, height, width):
    """You numbered the pixels column by column; image.reshape(-1) reads row by row, so pixel (i, j) has
    number i * width + j.
    """
    return matrix_by_columns(kernel, height, width, lambda i, j, rows, columns: j * rows + i)


@misconception("5.2")
def transposed_matrix(kernel, height, width):
    """Your matrix is transposed: one row for each window and one column for each pixel, so that T @ x is the
    convolution.
    """
    return matrix_by_columns(kernel, height, width, lambda i, j, rows, columns: i * columns + j).T


@misconception("5.2")
def height_and_width_exchanged(kernel, height, width):
    """You exchanged height and width: the first axis of an image, and of a window's place, is its height."""
    return conv_matrix(kernel, width, height)


@misconception("5.2")
def border_included(kernel, height, width):
    """Your matrix has a row for every pixel, border included; "valid" windows lie inside the image, so there
    are (height - kh + 1) * (width - kw + 1) rows.
    """
    (kh, kw), matrix = kernel.shape, np.zeros((height, width, height, width))
    for i in range(height):
        for j in range(width):
            window = matrix[i, j, i : i + kh, j : j + kw]
            window[:] = kernel[: window.shape[0], : window.shape[1]]
    return matrix.reshape(height * width, height * width)


@misconception("5.2")
def flipped_in_matrix(kernel, height, width):
    """You flipped the kernel; for the cross-correlation of 5.1 it stands in every row as it is."""
    return matrix_by_columns(kernel[::-1, ::-1], height, width, lambda i, j, rows, columns: i * columns + j)


@misconception("5.2")
def band_without_gaps(kernel, height, width):
    """The rows of your kernel stand one behind the other without a gap; in the flattened image the next row
    of pixels begins `width` places later.
    """
    kh, kw = kernel.shape
    rows, columns = height - kh + 1, width - kw + 1
    matrix = np.zeros((rows * columns, height * width))
    for i in range(rows):
        for j in range(columns):
            start = i * width + j
            matrix[i * columns + j, start : start + kernel.size] = kernel.reshape(-1)[
                : height * width - start
            ]
    return matrix


@misconception("5.2")
def rows_of_output_width(kernel, height, width):
    """Your windows run on over the right border into the next row: with the step from row to row equal to
    `columns`, not `width`, each window starts at pixel i * width + j.
    """
    kh, kw = kernel.shape
    rows, columns = height - kh + 1, width - kw + 1
    matrix = np.zeros((rows * columns, height * width))
    for row in range(rows * columns):
        for u in range(kh):
            matrix[row, row + u * width : row + u * width + kw] = kernel[u]
    return matrix


# --- 5.3 max pooling ---------------------------------------------------------------------------------------


def blocks(x, size):
    """Windows as (n, rows, columns, c, size * size)."""
    n, h, w, c = x.shape
    rows, columns = h // size, w // size
    x = x[:, : rows * size, : columns * size].reshape(n, rows, size, columns, size, c)
    return x.transpose(0, 1, 3, 5, 2, 4).reshape(n, rows, columns, c, size * size)


def spread(values, x, size):
    """The inverse of `blocks`, with zeros where no window is."""
    n, rows, columns, c, _ = values.shape
    values = values.reshape(n, rows, columns, c, size, size).transpose(0, 1, 4, 2, 5, 3)
    d_x = np.zeros(x.shape)
    d_x[:, : rows * size, : columns * size] = values.reshape(n, rows * size, columns * size, c)
    return d_x


def filled(x, size):
    """The images with as many rows and columns of minus infinity as fill the last windows."""
    return np.pad(
        x, [(0, 0), (0, -x.shape[1] % size), (0, -x.shape[2] % size), (0, 0)], constant_values=-np.inf
    )


@misconception("5.3")
def rounded_up(x, size=2):
    """You kept a last window that is only half filled; rows and columns that do not fill a window are left
    out, so the answer has h // size rows.
    """
    return max_pool(filled(x, size), size)


@misconception("5.3")
def average_pool(x, size=2):
    """You took the mean of each window; max pooling keeps its largest value."""
    return blocks(x, size).mean(axis=-1)


@misconception("5.3")
def overlapping_windows(x, size=2):
    """Your windows overlap: they move on by one. In pooling the next window begins where the last one ended,
    `size` further.
    """
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2)).max(axis=(-2, -1))


@misconception("5.3")
def pooled_over_channels(x, size=2):
    """You pooled over the channels as well; each channel keeps a maximum of its own."""
    return blocks(x, size).max(axis=(-2, -1))[..., None]


@misconception("5.3")
def always_by_two(x, size=2):
    """Your windows are always 2 by 2; take `size` from the argument."""
    return max_pool(x, 2)


@misconception("5.3")
def never_negative(x, size=2):
    """You began with 0, so a window of negative values answers 0; its maximum is the least negative one."""
    return np.maximum(max_pool(x, size), 0)


@misconception("5.3", replaces="max_pool_gradient")
def gradient_to_all_ties(d_output, x, size=2):
    """Where several values tie for the maximum, you gave the gradient to all of them; it goes to the first
    one in reading order only.
    """
    windows = blocks(x, size)
    return spread((windows == windows.max(axis=-1, keepdims=True)) * d_output[..., None], x, size)


@misconception("5.3", replaces="max_pool_gradient")
def gradient_shared_by_ties(d_output, x, size=2):
    """Where several values tie for the maximum, you shared the gradient among them; the first one in reading
    order gets all of it.
    """
    windows = blocks(x, size)
    winners = windows == windows.max(axis=-1, keepdims=True)
    return spread(winners / winners.sum(axis=-1, keepdims=True) * d_output[..., None], x, size)


@misconception("5.3", replaces="max_pool_gradient")
def gradient_to_the_last_tie(d_output, x, size=2):
    """Where several values tie for the maximum, the last one got the gradient; it goes to the first one in
    reading order.
    """
    last = size * size - 1 - blocks(x, size)[..., ::-1].argmax(axis=-1)
    return spread(np.eye(size * size)[last] * d_output[..., None], x, size)


@misconception("5.3", replaces="max_pool_gradient")
def gradient_of_the_average(d_output, x, size=2):
    """You spread the gradient evenly over each window, as average pooling does; here only the maximum has an
    influence on the output.
    """
    return spread(np.ones_like(blocks(x, size)) * d_output[..., None] / size**2, x, size)


@misconception("5.3", replaces="max_pool_gradient")
def marks_without_d_output(d_output, x, size=2):
    """You marked the maxima and forgot d_output: the chain rule multiplies each mark by the gradient that
    arrives at its window.
    """
    return spread(np.eye(size * size)[blocks(x, size).argmax(axis=-1)], x, size)


@misconception("5.3")
def every_other_pixel(x, size=2):
    """You kept the first pixel of each window, whatever it holds; pooling keeps the largest."""
    rows, columns = x.shape[1] // size, x.shape[2] // size
    return x[:, : rows * size : size, : columns * size : size]


@misconception("5.3", replaces="max_pool_gradient")
def gradient_of_a_relu(d_output, x, size=2):
    """You let the gradient through where x is positive. That is a relu's gradient; here the largest value of each
    window gets it, positive or not.
    """
    d_x = np.zeros(x.shape)
    spread_out = d_output.repeat(size, axis=1).repeat(size, axis=2)
    d_x[:, : spread_out.shape[1], : spread_out.shape[2]] = spread_out
    return d_x * (x > 0)


@misconception("5.3", replaces="max_pool_gradient")
def gradient_times_the_maximum(d_output, x, size=2):
    """You multiplied the gradient by the maximum. The maximum has slope 1: d_output goes back as it is."""
    return max_pool_gradient(d_output * max_pool(x, size), x, size)


# --- 5.4 LeNet-5 -------------------------------------------------------------------------------------------


def lenet(
    num_classes=10, first="same", pool="MaxPooling2D", activation="relu", last="softmax", flat=True, loss=None
):
    """LeNet-5 with one thing done differently."""
    pooling = getattr(keras.layers, pool)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(6, 5, padding=first, activation=activation),
            pooling(),
            keras.layers.Conv2D(16, 5, activation=activation),
            pooling(),
            keras.layers.Flatten() if flat else keras.layers.Activation("linear"),
            keras.layers.Dense(120, activation=activation),
            keras.layers.Dense(84, activation=activation),
            keras.layers.Dense(num_classes, activation=last),
        ]
    )
    model.compile(loss=loss or "sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


@misconception("5.4")
def first_convolution_valid(num_classes=10):
    """Your first convolution is "valid", so 24×24 maps leave it and 4·4·16 = 256 values reach the dense
    layers; with padding="same" it is 400, as in the network for 32×32 pixels.
    """
    return lenet(num_classes, first="valid")


@misconception("5.4")
def channel_axis_missing(num_classes=10):
    """The channel axis is missing: a grey image is (28, 28, 1), since Conv2D takes height, width and
    channels. Begin with keras.Input((28, 28, 1)).
    """
    keras.Sequential([keras.Input((28, 28)), keras.layers.Conv2D(6, 5, padding="same", activation="relu")])


@misconception("5.4")
def without_flatten(num_classes=10):
    """Flatten is missing before the dense layers, so each of the 25 places goes through them alone and the
    answer is a 5×5 grid of classes.
    """
    return lenet(num_classes, flat=False)


@misconception("5.4")
def double_softmax(num_classes=10):
    """Softmax is applied twice: your last layer has one and `from_logits=True` makes the loss apply another.
    Use one of the two.
    """
    return lenet(num_classes, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@misconception("5.4")
def logits_without_notice(num_classes=10):
    """Your last layer gives logits, but the loss takes them for probabilities: add a softmax or tell the loss
    `from_logits=True`.
    """
    return lenet(num_classes, last=None)


@misconception("5.4")
def average_for_max(num_classes=10):
    """You pooled with averages, as the LeNet of 1998 did; here the table asks for the maximum."""
    return lenet(num_classes, pool="AveragePooling2D")


@misconception("5.4")
def without_activations(num_classes=10):
    """There is no activation between your layers, so the dense layers collapse into one linear map; each
    convolution and each hidden dense layer ends in a relu.
    """
    return lenet(num_classes, activation=None)


@misconception("5.4")
def tanh_for_relu(num_classes=10):
    """Your layers use tanh, as the LeNet of 1998 did; the lecture's network has relu everywhere."""
    return lenet(num_classes, activation="tanh")


@misconception("5.4")
def loss_for_one_hot(num_classes=10):
    """Your loss waits for one-hot targets; the labels are integers, for which there is
    sparse_categorical_crossentropy.
    """
    return lenet(num_classes, loss="categorical_crossentropy")


@misconception("5.4")
def dropout_inside(num_classes=10):
    """Your network has a dropout layer, which the table has not. It changes nothing in inference, but training
    is another.
    """
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for layer in build_lenet5(num_classes).layers[:-1]:
        model.add(layer)
    model.add(keras.layers.Dropout(0.5))
    model.add(keras.layers.Dense(num_classes, activation="softmax"))
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


@misconception("5.4")
def always_ten_classes(num_classes=10):
    """The network always has 10 outputs; take their number from num_classes."""
    return build_lenet5(10)


# --- 5.5 counting ------------------------------------------------------------------------------------------


def changed(counted, **values):
    """The counts with some of them replaced."""
    return {**counted, **values}


@misconception("5.5")
def biases_as_connections(height, width, in_channels, out_channels, kernel_size, groups=1):
    """Your connections count the biases; each connection joins a unit to an input, and a bias has none."""
    counted = conv_counts(height, width, in_channels, out_channels, kernel_size, groups)
    return changed(counted, connections=height * width * counted["parameters"])


@misconception("5.5")
def groups_ignored(height, width, in_channels, out_channels, kernel_size, groups=1):
    """`groups` has no effect: a kernel only reaches through in_channels / groups channels."""
    return conv_counts(height, width, in_channels, out_channels, kernel_size)


@misconception("5.5")
def groups_twice(height, width, in_channels, out_channels, kernel_size, groups=1):
    """You divided by the groups twice: each of the `groups` parts has (in / groups) · (out / groups) kernels,
    and there are `groups` parts.
    """
    weights = in_channels // groups * (out_channels // groups) * kernel_size**2
    return changed(
        conv_counts(height, width, in_channels, out_channels, kernel_size),
        weights=weights,
        parameters=weights + out_channels,
        connections=height * width * weights,
    )


@misconception("5.5")
def units_without_grid(height, width, in_channels, out_channels, kernel_size, groups=1):
    """Your units are the maps; there is one unit for each map *and each place of the grid*."""
    return changed(
        conv_counts(height, width, in_channels, out_channels, kernel_size, groups), units=out_channels
    )


@misconception("5.5")
def parameters_without_biases(height, width, in_channels, out_channels, kernel_size, groups=1):
    """Your parameters leave out the biases, one for each output map."""
    counted = conv_counts(height, width, in_channels, out_channels, kernel_size, groups)
    return changed(counted, parameters=counted["weights"])


@misconception("5.5")
def biases_of_inputs(height, width, in_channels, out_channels, kernel_size, groups=1):
    """You counted a bias for each input map; a bias belongs to an output map."""
    counted = conv_counts(height, width, in_channels, out_channels, kernel_size, groups)
    return changed(counted, parameters=counted["weights"] + in_channels)


@misconception("5.5")
def weights_for_each_unit(height, width, in_channels, out_channels, kernel_size, groups=1):
    """You multiplied units by weights, but a unit has a kernel for its own map only: each weight is used once at
    every place of the grid.
    """
    right = conv_counts(height, width, in_channels, out_channels, kernel_size, groups)
    return right | {"connections": right["units"] * right["weights"]}


@misconception("5.5")
def input_maps_forgotten(height, width, in_channels, out_channels, kernel_size, groups=1):
    """Your kernels are flat: a kernel reaches through all maps of its input (of its group), in_channels / groups."""
    return conv_counts(height, width, groups, out_channels, kernel_size, groups)


@misconception("5.5")
def grid_of_the_input(height, width, in_channels, out_channels, kernel_size, groups=1):
    """You took height and width for the input's and made them smaller. They are the *output's* grid already."""
    rows, columns = height - kernel_size + 1, width - kernel_size + 1
    return conv_counts(rows, columns, in_channels, out_channels, kernel_size, groups)


@misconception("5.5")
def kernel_not_squared(height, width, in_channels, out_channels, kernel_size, groups=1):
    """A kernel has kernel_size · kernel_size weights for each channel; you counted kernel_size."""
    weights = in_channels // groups * out_channels * kernel_size
    return {
        "units": height * width * out_channels,
        "weights": weights,
        "parameters": weights + out_channels,
        "connections": height * width * weights,
    }


# --- 5.6 filters made by hand ------------------------------------------------------------------------------


def sobel_of(padded):
    """Sobel's answers inside an image that has been padded by one."""
    across, down = padded[:, 2:] - padded[:, :-2], padded[2:, :] - padded[:-2, :]
    gx = across[:-2] + 2 * across[1:-1] + across[2:]
    gy = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return gx, gy, np.sqrt(gx.astype(np.float64) ** 2 + gy.astype(np.float64) ** 2)


@misconception("5.6")
def computed_in_bytes(image):
    """You computed with uint8, where 10 - 20 is 246; turn the image into floats first."""
    gx, gy, magnitude = sobel_of(np.pad(image, 1, mode="edge"))
    return gx.astype(np.float64), gy.astype(np.float64), magnitude


@misconception("5.6")
def prewitt(image):
    """Your filters weight all three rows alike; those are Prewitt's. Sobel's have 1, 2, 1 along the edge."""
    padded = np.pad(image.astype(float), 1, mode="edge")
    across, down = padded[:, 2:] - padded[:, :-2], padded[2:] - padded[:-2]
    gx, gy = across[:-2] + across[1:-1] + across[2:], down[:, :-2] + down[:, 1:-1] + down[:, 2:]
    return gx, gy, np.hypot(gx, gy)


@misconception("5.6")
def sum_of_absolute_values(image):
    """Your magnitude is |gx| + |gy|; the length of the gradient is the root of the sum of squares."""
    gx, gy, _ = sobel(image)
    return gx, gy, np.abs(gx) + np.abs(gy)


@misconception("5.6")
def wrapped_border(image):
    """Your border wraps around: the left neighbour of the first column is not the last one. Repeat the
    outermost pixels, np.pad(..., mode="edge").
    """
    return sobel_of(np.pad(image.astype(np.float64), 1, mode="wrap"))


@misconception("5.6")
def zeros_around(image):
    """You padded with zeros, so the border of the image answers like an edge; repeat the outermost pixels."""
    return sobel_of(np.pad(image.astype(np.float64), 1))


@misconception("5.6")
def flipped_sobel(image):
    """Your derivatives have the wrong sign: the kernels were flipped, as in a true convolution. gx is
    positive where the image gets brighter to the right.
    """
    gx, gy, magnitude = sobel(image)
    return -gx, -gy, magnitude


@misconception("5.6")
def exchanged_derivatives(image):
    """gx and gy are exchanged: gx is the change from column to column, gy from row to row."""
    gx, gy, magnitude = sobel(image)
    return gy, gx, magnitude


@misconception("5.6", replaces="sobel")
def magnitude_without_root(image):
    """The root is missing: the magnitude is the root of gx² + gy²."""
    gx, gy, magnitude = sobel(image)
    return gx, gy, magnitude**2


def gabor(orientations, size, sigma, wavelength, turn=np.pi, exchanged=False, scale=None, spread_of=2):
    """A bank of Gabor filters with one thing done differently."""
    m, n = np.mgrid[:size, :size] - (size - 1) / 2
    angles = turn * np.arange(orientations)[:, None, None] / orientations
    if exchanged:
        m, n = n, m
    bell = np.exp(-(m**2 + n**2) / (spread_of * sigma**2)) / (
        2 * np.pi * sigma**2 if scale is None else scale
    )
    return bell * np.exp(2j * np.pi * (m * np.cos(angles) + n * np.sin(angles)) / wavelength)


@misconception("5.6", replaces="gabor_bank")
def degrees_for_radians(orientations, size, sigma, wavelength):
    """Your angles are in degrees, but np.cos and np.sin take radians: π for 180°."""
    return gabor(orientations, size, sigma, wavelength, turn=180)


@misconception("5.6", replaces="gabor_bank")
def both_ends_of_the_half_circle(orientations, size, sigma, wavelength):
    """Your last angle is π, which is the first filter again, mirrored. The angles are kπ / orientations, without π:
    `np.linspace(0, np.pi, orientations, endpoint=False)`.
    """
    return gabor(orientations, size, sigma, wavelength, turn=np.pi * orientations / max(orientations - 1, 1))


@misconception("5.6", replaces="gabor_bank")
def turned_the_other_way(orientations, size, sigma, wavelength):
    """Your wave turns the other way round: it is m cos θ *plus* n sin θ."""
    return gabor(orientations, size, sigma, wavelength, turn=-np.pi)


@misconception("5.6", replaces="gabor_bank")
def two_pi_forgotten(orientations, size, sigma, wavelength):
    """The 2π of the wave is missing: one wavelength is a whole turn, exp(2πi · distance / wavelength)."""
    return gabor(orientations, size, sigma, 2 * np.pi * wavelength)


@misconception("5.6", replaces="gabor_bank")
def wavelength_multiplied(orientations, size, sigma, wavelength):
    """You multiplied by the wavelength; a long wave oscillates slowly, so divide by it."""
    return gabor(orientations, size, sigma, 1 / wavelength)


@misconception("5.6", replaces="gabor_bank")
def sigma_not_squared(orientations, size, sigma, wavelength):
    """Your bell has σ where σ² belongs, in the exponent and in front."""
    return gabor(orientations, size, np.sqrt(sigma), wavelength)


@misconception("5.6", replaces="gabor_bank")
def angles_all_round(orientations, size, sigma, wavelength):
    """Your angles go all the way round to 2π; a wave at θ + π is the wave at θ again, so the bank takes kπ /
    orientations.
    """
    return gabor(orientations, size, sigma, wavelength, turn=2 * np.pi)


@misconception("5.6", replaces="gabor_bank")
def rows_for_columns(orientations, size, sigma, wavelength):
    """Rows and columns are exchanged: m counts rows and belongs to cos θ, n counts columns and belongs to
    sin θ.
    """
    return gabor(orientations, size, sigma, wavelength, exchanged=True)


@misconception("5.6", replaces="gabor_bank")
def without_normalisation(orientations, size, sigma, wavelength):
    """The factor 1 / (2πσ²) in front of the bell is missing."""
    return gabor(orientations, size, sigma, wavelength, scale=1)


@misconception("5.6", replaces="gabor_bank")
def bell_without_two(orientations, size, sigma, wavelength):
    """Your bell is too narrow: its exponent is -(m² + n²) / (2σ²), with the 2."""
    return gabor(orientations, size, sigma, wavelength, spread_of=1)


@misconception("5.6", replaces="gabor_bank")
def real_part_only(orientations, size, sigma, wavelength):
    """You kept the real part only; the filter is complex, and its imaginary part answers to edges."""
    return gabor_bank(orientations, size, sigma, wavelength).real


@misconception("5.6", replaces="gabor_bank")
def centre_on_a_pixel(orientations, size, sigma, wavelength):
    """The centre of your filters is the pixel size // 2; for even sizes the middle lies between two pixels,
    at (size - 1) / 2.
    """
    larger = gabor_bank(orientations, 2 * (size // 2) + 1, sigma, wavelength)
    return larger[:, :size, :size]


# --- 5.7 a network of your own -----------------------------------------------------------------------------


def compiled(layers, loss="sparse_categorical_crossentropy"):
    """A compiled model on digits."""
    model = keras.Sequential([keras.Input((28, 28, 1)), *layers])
    model.compile(loss=loss, optimizer="adam", metrics=["accuracy"])
    return model


@misconception("5.7")
def flattened_first(num_classes=10):
    """Your network flattens the image first, so it is a dense network: no layer knows which pixels are
    neighbours. Put convolutions before Flatten.
    """
    dense = [
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dense(num_classes, activation="softmax"),
    ]
    return compiled([keras.layers.Flatten(), *dense])


@misconception("5.7")
def kernels_of_one_pixel(num_classes=10):
    """Your convolutions are 1×1: each looks at a single pixel, never at its neighbours. Use kernels of 3×3 or
    5×5.
    """
    convolution = keras.layers.Conv2D(16, 1, activation="relu")
    last = keras.layers.Dense(num_classes, activation="softmax")
    return compiled([convolution, keras.layers.MaxPooling2D(4), keras.layers.Flatten(), last])


@misconception("5.7")
def too_many_parameters(num_classes=10):
    """Your network has more than 300,000 parameters, most of them in the first dense layer. Pool once more,
    or use fewer maps or units, before you flatten.
    """
    convolution = keras.layers.Conv2D(32, 3, activation="relu")
    dense = [
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(num_classes, activation="softmax"),
    ]
    return compiled([convolution, keras.layers.Flatten(), *dense])


@misconception("5.7")
def always_ten_outputs(num_classes=10):
    """The network always has 10 outputs; take their number from num_classes."""
    return build_cnn(10)


@misconception("5.7")
def softmax_twice(num_classes=10):
    """Softmax is applied twice: your last layer has one and `from_logits=True` makes the loss apply another,
    so the gradients stay small. Use one of the two.
    """
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    last = keras.layers.Dense(num_classes, activation="softmax")
    convolution = keras.layers.Conv2D(8, 5, strides=2, activation="relu")
    return compiled([convolution, keras.layers.Flatten(), last], loss)


@misconception("5.7")
def one_hot_loss(num_classes=10):
    """Your loss waits for one-hot targets; the labels are integers, for which there is
    sparse_categorical_crossentropy.
    """
    last = keras.layers.Dense(num_classes, activation="softmax")
    convolution = keras.layers.Conv2D(8, 5, strides=2, activation="relu")
    return compiled([convolution, keras.layers.Flatten(), last], "categorical_crossentropy")


@misconception("5.7")
def augmented_in_inference(num_classes=10):
    """Your network also moves the images when it is only asked for an answer: the augmentation stays active
    in inference. Call it with the `training` that Keras hands over, or leave it to `train`.
    """

    class GaussianNoise(keras.layers.GaussianNoise):
        def call(self, inputs, training=False):
            return super().call(inputs, training=True)

    last = keras.layers.Dense(num_classes, activation="softmax")
    convolution = keras.layers.Conv2D(8, 5, strides=2, activation="relu")
    return compiled([GaussianNoise(1.0), convolution, keras.layers.Flatten(), last])


def fitted(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """The plain training that the lectures show, with augmentation."""
    validation = (x_val, y_val)
    return labkit.fit(
        model, x_train, y_train, batch_size, epochs, validation_data=validation, augment=augment, verbose=0
    )


@misconception("5.7", replaces="train")
def augmented_validation(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """Your validation images are augmented too, so val_loss and val_accuracy speak of digits that nobody
    wrote; augment training images only.
    """
    if augment is not None:
        x_val = np.asarray(augment(x_val, training=True))
    return train(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment)


@misconception("5.7", replaces="train")
def augmented_once(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """You augmented the images once, before training; then every epoch shows the same ones. Each batch has
    to be augmented anew, in each epoch.
    """
    if augment is not None:
        x_train = np.asarray(augment(x_train, training=True))
    return train(model, x_train, y_train, x_val, y_val, epochs, batch_size)


@misconception("5.7", replaces="train")
def augmentation_without_effect(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """The training images come as they are: `augment` is not used, or called without training=True, when its
    layers do nothing.
    """
    return train(model, x_train, y_train, x_val, y_val, epochs, batch_size)


@misconception("5.7", replaces="train")
def trained_on_validation(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """You trained on the validation digits as well, so val_accuracy no longer says how the network does on
    digits that it has not seen.
    """
    x, y = np.concatenate([x_train, x_val]), np.concatenate([y_train, y_val])
    return fitted(model, x, y, x_val, y_val, epochs, batch_size, augment)


@misconception("5.7", replaces="train")
def always_one_epoch(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """The number of epochs is fixed in your code; take it from the argument."""
    return fitted(model, x_train, y_train, x_val, y_val, 1, batch_size, augment)


@misconception("5.7", replaces="train")
def batch_size_ignored(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """The batch size is Keras' own 32; hand batch_size on to fit."""
    return fitted(model, x_train, y_train, x_val, y_val, epochs, 32, augment)


@misconception("5.7", replaces="train")
def trained_another_model(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """You trained a new network and left the given one as it was; whoever calls `train` goes on with the
    model that was handed over.
    """
    return fitted(build_cnn(), x_train, y_train, x_val, y_val, epochs, batch_size, augment)


@misconception("5.7", replaces="train")
def without_validation(model, x_train, y_train, x_val, y_val, epochs, batch_size, augment=None):
    """No validation data reaches fit, so the History has no val_loss and no val_accuracy: pass
    validation_data=(x_val, y_val).
    """
    return labkit.fit(model, x_train, y_train, batch_size, epochs, augment=augment, verbose=0)


# --- 5.8 transposed convolution ----------------------------------------------------------------------------


def cut(result, padding):
    """The result without `padding` values at both ends."""
    return result[padding : len(result) - padding]


@misconception("5.8")
def mirrored_copies(x, kernel, stride=1, padding=0):
    """You inserted zeros and slid the kernel along, unflipped; the copies then come out mirrored. Each x[i]
    lays down the kernel as it is, from place i * stride on.
    """
    return conv_transpose1d(x, kernel[::-1], stride, padding)


@misconception("5.8")
def short_answer(x, kernel, stride=1, padding=0):
    """Your answer ends with the last copy, (n - 1) · stride + k values; the lecture's matrix has n · stride
    + k - 1 rows, with zeros at the end.
    """
    full = conv_transpose1d(x, kernel, stride)
    return cut(full[: (len(x) - 1) * stride + len(kernel)], padding)


@misconception("5.8")
def copies_replace(x, kernel, stride=1, padding=0):
    """Where two copies of the kernel overlap, the later one replaced the earlier; they add up (+=)."""
    result = np.zeros(len(x) * stride + len(kernel) - 1)
    for i, value in enumerate(x):
        result[i * stride : i * stride + len(kernel)] = value * kernel
    return cut(result, padding)


@misconception("5.8")
def padding_ignored(x, kernel, stride=1, padding=0):
    """`padding` has no effect; it cuts that many values from both ends of the answer."""
    return conv_transpose1d(x, kernel, stride)


@misconception("5.8")
def padding_added(x, kernel, stride=1, padding=0):
    """You added `padding` zeros at both ends. In the transpose it works the other way round: what was padded
    before the convolution is cut off after the transpose.
    """
    return np.pad(conv_transpose1d(x, kernel, stride), padding)


@misconception("5.8")
def padding_cut_once(x, kernel, stride=1, padding=0):
    """You cut `padding` values from one end only; it is cut from both."""
    return conv_transpose1d(x, kernel, stride)[padding:]


@misconception("5.8")
def inputs_repeated(x, kernel, stride=1, padding=0):
    """You repeated each input `stride` times. It stands once, with stride - 1 zeros after it."""
    result = np.convolve(np.repeat(x, stride), kernel)
    return result[padding : len(result) - padding]


@misconception("5.8")
def stride_ignored(x, kernel, stride=1, padding=0):
    """The copies of the kernel always move on by one; they move on by `stride`."""
    dense = np.zeros(len(x) * stride + len(kernel) - 1)
    full = np.convolve(x, kernel)
    dense[: len(full)] = full
    return cut(dense, padding)


@misconception("5.8")
def strided_convolution(x, kernel, stride=1, padding=0):
    """You convolved at full resolution and then kept every stride-th value, which makes the answer smaller;
    the transpose makes it larger.
    """
    return cut(np.convolve(x, kernel)[::stride], padding)


# --- 5.9 permuted pixels -----------------------------------------------------------------------------------


@misconception("5.9")
def another_for_each_image(images, seed):
    """Every image got a permutation of its own. Then pixel 17 means something else in each, and no network
    can learn; draw one permutation and use it for all.
    """
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(image.reshape(-1)).reshape(image.shape) for image in images])


@misconception("5.9")
def another_for_each_call(images, seed):
    """Your permutation does not depend on the seed and is new in every call, so test images do not fit the
    training images; draw it from np.random.default_rng(seed).
    """
    order = np.random.permutation(images[0].size)
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


@misconception("5.9")
def seed_without_effect(images, seed):
    """The permutation is the same for every seed; draw it from np.random.default_rng(seed)."""
    order = np.random.default_rng(0).permutation(images[0].size)
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


@misconception("5.9")
def shuffled_images(images, seed):
    """You shuffled the images of the batch and left their pixels where they were."""
    return np.random.default_rng(seed).permutation(images)


@misconception("5.9")
def whole_rows(images, seed):
    """You permuted whole rows, so pixels side by side stay side by side; permute all h · w pixels."""
    return images[:, np.random.default_rng(seed).permutation(images.shape[1])]


@misconception("5.9")
def rows_and_columns_apart(images, seed):
    """You permuted whole rows and then whole columns, so what was one row still is one. Permute all h · w pixels of
    the flattened image.
    """
    rng = np.random.default_rng(seed)
    _, h, w = images.shape
    return images[:, rng.permutation(h)][:, :, rng.permutation(w)]


@misconception("5.9")
def drawn_with_replacement(images, seed):
    """You drew places with replacement: some pixels appear twice and about a third are lost. A permutation
    takes each exactly once.
    """
    order = np.random.default_rng(seed).integers(0, images[0].size, images[0].size)
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


@misconception("5.9")
def permuted_in_place(images, seed):
    """You wrote into the images that were handed over; return a new array and leave them as they are."""
    order = np.random.default_rng(seed).permutation(images[0].size)
    images[:] = images.reshape(len(images), -1)[:, order].reshape(images.shape)
    return images


@misconception("5.9")
def turned_into_floats(images, seed):
    """Your answer has another dtype than the images; moving pixels leaves their values and dtype alone."""
    order = np.random.default_rng(seed).permutation(images[0].size)
    return images.reshape(len(images), -1)[:, order].reshape(images.shape) / 255.0
