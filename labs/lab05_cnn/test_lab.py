"""Checks of lab 05, 100 points: convolution by hand, LeNet-5, and a network that is measured."""

import numpy as np

from labkit.check import accuracy, cross_entropy, expect, limit, measured, needs, outputs, points, question, uses
from labkit.worker import Handle, models

# --- 5.1 convolution ---------------------------------------------------------------------------------------


@question("5.1")
@points(2)
def test_conv2d_by_hand(student):
    """A 2×2 kernel on a 3×3 image, computed by hand."""
    image = np.arange(9.0).reshape(1, 3, 3, 1)
    kernel = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(2, 2, 1, 1)
    feature_map = student.conv2d(image, kernel, np.array([0.5]))
    expect.close(feature_map, np.array([[27.5, 37.5], [57.5, 67.5]]).reshape(1, 2, 2, 1))


@question("5.1")
@points(4)
def test_conv2d_channels(student, reference, rng):
    """Several images, channels and kernels, padding "valid"."""
    x, kernels, bias = rng.normal(size=(2, 7, 6, 3)), rng.normal(size=(3, 2, 3, 4)), rng.normal(size=4)
    expect.close(student.conv2d(x, kernels, bias), reference.conv2d(x, kernels, bias))


@question("5.1")
@points(2)
def test_conv2d_stride(student, reference, rng):
    """Strides of 2 and 3, in both directions."""
    x, kernels, bias = rng.normal(size=(2, 8, 9, 2)), rng.normal(size=(3, 3, 2, 2)), rng.normal(size=2)
    for stride in (2, 3):
        answer = student.conv2d(x, kernels, bias, stride=stride)
        expect.close(
            answer, reference.conv2d(x, kernels, bias, stride=stride), what=f"conv2d, stride {stride},"
        )


@question("5.1")
@points(4)
def test_conv2d_same(student, reference, rng):
    """Padding "same": odd and even kernels, with and without stride, as TensorFlow pads."""
    x, bias = rng.normal(size=(2, 8, 7, 2)), rng.normal(size=3)
    for kh, kw, stride in [(3, 3, 1), (4, 4, 1), (3, 3, 2), (2, 2, 2), (5, 5, 3), (4, 3, 2)]:
        kernels = rng.normal(size=(kh, kw, 2, 3))
        answer = student.conv2d(x, kernels, bias, stride, "same")
        expected = reference.conv2d(x, kernels, bias, stride, "same")
        expect.close(answer, expected, what=f"conv2d, kernel {kh}×{kw}, stride {stride}, padding same,")


# --- 5.2 convolution as a matrix ---------------------------------------------------------------------------


@question("5.2")
@points(4)
def test_conv_matrix(student, reference, rng):
    """The matrix of a 2×3 kernel on 4×5 pixels."""
    kernel = rng.normal(size=(2, 3))
    expect.close(student.conv_matrix(kernel, 4, 5), reference.conv_matrix(kernel, 4, 5))


@question("5.2")
@points(2)
def test_conv_matrix_convolves(student, reference, rng):
    """T @ x is the convolution."""
    kernel, image = rng.normal(size=(3, 3)), rng.normal(size=(6, 8))
    expected = reference.conv2d(image[None, :, :, None], kernel[:, :, None, None], np.zeros(1)).reshape(-1)
    matrix = student.conv_matrix(kernel, 6, 8)
    expect.shape(matrix, (24, 48))
    expect.close(matrix @ image.reshape(-1), expected, what="T @ x")


@question("5.2")
@points(1)
def test_conv_matrix_of_a_whole_image(student, rng):
    """A kernel as large as the image is one dense unit."""
    kernel = rng.normal(size=(4, 5))
    expect.close(student.conv_matrix(kernel, 4, 5), kernel.reshape(1, 20))


# --- 5.3 max pooling ---------------------------------------------------------------------------------------


@question("5.3")
@points(2)
def test_max_pool(student, reference, rng):
    """The maximum of each window, negative values too."""
    x = rng.normal(size=(3, 6, 4, 2)) - 1
    expect.close(student.max_pool(x), reference.max_pool(x))


@question("5.3")
@points(2)
def test_max_pool_odd_sizes(student, reference, rng):
    """Rows and columns that do not fill a window are left out; windows of 3."""
    x = rng.normal(size=(2, 7, 5, 2))
    for size in (2, 3):
        expect.close(student.max_pool(x, size), reference.max_pool(x, size), what=f"max_pool, size {size},")


@question("5.3")
@points(3)
def test_max_pool_gradient(student, reference, rng):
    """The gradient goes to the maximum of each window; it has x's shape, for odd sizes and windows of 3, too."""
    for size, height, width in [(2, 6, 4), (2, 5, 7), (3, 7, 6)]:
        x = rng.normal(size=(2, height, width, 3))
        d_output = rng.normal(size=(2, height // size, width // size, 3))
        answer = student.max_pool_gradient(d_output, x, size)
        expect.close(answer, reference.max_pool_gradient(d_output, x, size))


@question("5.3")
@points(2)
def test_max_pool_gradient_of_ties(student, reference, rng):
    """Where several values tie, the first one gets the gradient."""
    x = np.maximum(rng.integers(-3, 2, size=(2, 8, 8, 2)), 0).astype(
        np.float64
    )  # as after a relu: many zeros
    d_output = rng.normal(size=(2, 4, 4, 2))
    expect.close(student.max_pool_gradient(d_output, x), reference.max_pool_gradient(d_output, x))


# --- 5.4 LeNet-5 -------------------------------------------------------------------------------------------


def layer_shapes(model) -> list[list[int]]:
    """The shape after every layer that changes it, without the batch axis."""
    expect.parameters(model, getattr(model, "parameters", 0))  # that it is a model which can be rebuilt
    shapes: list[list[int]] = []
    for layer in model.rebuild().layers:
        shape = list(layer.output.shape[1:])
        if not shapes or shapes[-1] != shape:
            shapes.append(shape)
    return shapes


@question("5.4")
@points(3)
@uses("keras")
def test_lenet5_shapes(student):
    """The shape after every layer, and 61,706 parameters; 61,196 for four classes."""
    model = student.build_lenet5()
    shapes = layer_shapes(model)
    table = [[28, 28, 6], [14, 14, 6], [10, 10, 16], [5, 5, 16], [400], [120], [84], [10]]
    told = " → ".join("×".join(map(str, shape)) for shape in shapes)
    expect.true(shapes == table, f"the shapes after the layers are {told}; compare with the table", shapes)
    expect.parameters(model, 61_706)
    expect.parameters(student.build_lenet5(num_classes=4), 61_196)


@question("5.4")
@points(5)
@needs("5.4")
@uses("keras")
def test_lenet5_outputs(student, reference, rng):
    """With the same weights it computes the same probabilities, in training too; its loss takes integer labels."""
    x = rng.uniform(size=(8, 28, 28, 1)).astype(np.float32)
    model, mine = student.build_lenet5(), reference.build_lenet5()
    expect.same_probabilities(model, mine, x)
    expect.same_training_noise(model, mine, x[:1])
    expect.can_learn(model, x, rng.integers(0, 10, 8))


# --- 5.5 counting ------------------------------------------------------------------------------------------


def counts(units: int, weights: int, parameters: int, connections: int) -> dict[str, int]:
    """An expected answer of conv_counts."""
    return {"units": units, "weights": weights, "parameters": parameters, "connections": connections}


@question("5.5")
@points(2)
def test_conv_counts_of_alexnet(student):
    """The fifth convolution of AlexNet: 43,264 units, 149,520,384 connections."""
    answer = student.conv_counts(13, 13, 384, 256, 3)
    expect.close(answer, counts(43_264, 884_736, 884_992, 149_520_384), rtol=0, atol=0)


@question("5.5")
@points(2)
def test_conv_counts_in_groups(student):
    """The same layer in two groups: 442,624 parameters, 74,760,192 connections."""
    answer = student.conv_counts(13, 13, 384, 256, 3, groups=2)
    expect.close(answer, counts(43_264, 442_368, 442_624, 74_760_192), rtol=0, atol=0)


@question("5.5")
@points(1)
def test_conv_counts_of_the_exercise(student):
    """5×5 from 96 to 256 maps: 614,656 parameters."""
    answer = student.conv_counts(27, 27, 96, 256, 5)
    expect.close(answer, counts(186_624, 614_400, 614_656, 447_897_600), rtol=0, atol=0)


# --- 5.6 filters made by hand ------------------------------------------------------------------------------


SOBEL = ("gx", "gy", "the magnitude")


@question("5.6")
@points(2)
def test_sobel_of_a_step(student):
    """A vertical edge of height ½ answers with 2 in two columns."""
    image = np.zeros((6, 9))
    image[:, 4:] = 0.5
    expected = np.zeros((6, 9))
    expected[:, 3:5] = 2
    expect.close(student.sobel(image), (expected, np.zeros((6, 9)), expected), parts=SOBEL)


@question("5.6")
@points(2)
def test_sobel_of_bytes(student, reference, rng):
    """A uint8 image, with edges in all directions and up to the border."""
    image = rng.integers(0, 256, size=(7, 9)).astype(np.uint8)
    expect.close(student.sobel(image), reference.sobel(image), atol=1e-4, parts=SOBEL)


@question("5.6")
@points(3)
def test_gabor_bank(student, reference, rng):
    """Six filters of 9×9 pixels, value by value, and one of 4×4."""
    sigma, wavelength = rng.uniform(1.5, 3), rng.uniform(3, 7)
    answer = student.gabor_bank(6, 9, sigma, wavelength)
    expect.close(answer, reference.gabor_bank(6, 9, sigma, wavelength))
    even = student.gabor_bank(1, 4, sigma, wavelength)
    expect.close(even, reference.gabor_bank(1, 4, sigma, wavelength), what="the bank of one filter of 4×4")
    expect.dtype(answer, "complex")


@question("5.6")
@points(2)
def test_gabor_bank_answers_to_gratings(student, rng):
    """A grating is answered most by the filter of its own direction."""
    bank = student.gabor_bank(8, 21, 4.0, 6.0)
    expect.shape(bank, (8, 21, 21))
    m, n = np.mgrid[:21, :21] - 10
    phase = rng.uniform(0, 2 * np.pi)
    angles = np.pi * np.arange(8) / 8
    gratings = [np.cos(2 * np.pi * (m * np.cos(t) + n * np.sin(t)) / 6 + phase) for t in angles]
    best = np.abs(np.tensordot(np.array(gratings), bank, axes=([1, 2], [1, 2]))).argmax(axis=1)
    told = f"the gratings at the angles 0, π/8, … 7π/8 are answered most by the filters {best.tolist()}"
    expect.true(best == np.arange(8), told, best)


# --- 5.7 a network of your own -----------------------------------------------------------------------------

MOST_PARAMETERS = 300_000


def expect_a_cnn(model, num_classes: int = 10) -> None:
    """A model that can be rebuilt, small enough, with a convolution that sees the image, and right outputs."""
    expect.parameters(model, getattr(model, "parameters", 0))  # that it is a model which can be rebuilt
    expect.at_most(model.parameters, MOST_PARAMETERS, "the number of parameters", like=1e9)
    kernels = [
        layer.arguments.get("kernel_size")
        for layer, shape in zip(model.layers, shapes_before(model), strict=True)
        if "Conv2D" in layer.kind and min(shape[:2]) > 1
    ]
    told = "no convolution looks at neighbouring pixels: where is the convolutional network?"
    expect.true(any(max(kernel) > 1 for kernel in kernels), told, received=bool(kernels))
    outputs = np.asarray(model.rebuild()(np.zeros((2, 28, 28, 1), np.float32), training=False))
    expect.shape(outputs, (2, num_classes), "the output for two images")


def expect_a_fitting_loss(model, rng) -> None:
    """The compiled loss is the cross-entropy of integer labels, and knows whether it is given logits."""
    x, y = rng.uniform(size=(16, 28, 28, 1)).astype(np.float32), rng.integers(0, 10, 16)
    expect.parameters(model, getattr(model, "parameters", 0))
    outputs = np.asarray(model.rebuild()(x, training=False))
    probabilities = np.all(outputs >= 0) and np.allclose(outputs.sum(axis=1), 1, atol=1e-3)
    loss = {"name": "sparse_categorical_crossentropy"} | ({} if probabilities else {"from_logits": True})
    fitting = models.replace(model, compile={**(model.compile or {}), "loss": loss})
    expect.same_loss(model, fitting if model.compile else model, x, y)


def shapes_before(model) -> list[tuple[int, ...]]:
    """The shape that each layer is given, without the batch axis."""
    return [tuple(layer.input.shape[1:]) for layer in model.rebuild().layers]


def linear_model(kernel: np.ndarray):
    """A compiled softmax regression on (28, 28, 1) with this (784, 10) kernel: quick to train, easy to read."""
    import keras

    layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
    model = keras.Sequential(layers)
    model.layers[-1].set_weights([kernel.astype(np.float32), np.zeros(10, np.float32)])
    optimizer = keras.optimizers.SGD(0.1)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


def lit(pixels: np.ndarray) -> np.ndarray:
    """Images (n, 28, 28, 1) in which one pixel is 1."""
    return np.eye(784, dtype=np.float32)[pixels].reshape(-1, 28, 28, 1)


def expect_every_step(student, rng) -> None:
    """The model that is given takes all steps, and the History has validation results for every epoch."""
    import keras

    # on constant images the moving mean of a batch normalisation counts the steps: 1 - 0.99 ** steps
    layers = [keras.Input((28, 28, 1)), keras.layers.BatchNormalization(), keras.layers.Flatten()]
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    held = student.hold(model)
    x, x_val = np.ones((20, 28, 28, 1), np.float32), np.ones((30, 28, 28, 1), np.float32)
    y, y_val = rng.integers(0, 10, 20), rng.integers(0, 10, 30)
    log = student.train(held, x, y, x_val, y_val, epochs=4, batch_size=8)
    mean = float(student.fetch(held).weights[2][0])
    steps = float(np.round(np.log(max(1 - mean, 1e-9)) / np.log(0.99), 2)) + 0.0  # no -0
    told = f"4 epochs of 20 images in batches of 8 are 12 steps; the given model took {steps:g}"
    expect.true(abs(steps - 12) < 0.1, told, steps, like=0.1)
    kept = {name: len(values) for name, values in log.history.items() if name.startswith("val_")}
    told = (
        f"the History has these validation values: {kept}; it should have val_loss and val_accuracy, 4 each"
    )
    expect.true(kept.get("val_loss") == 4 and kept.get("val_accuracy") == 4, told, kept)


def expect_augmented_training(student, rng) -> None:
    """Training images pass through `augment` in every epoch, validation images never.

    Each training image lights a pixel of its own, and the augmentation is a dropout of one half. The weights of
    a pixel that was dropped in all four epochs, one in sixteen, stay at zero.
    """
    import keras

    kernel = np.zeros((784, 10))
    kernel[400:] = rng.normal(size=(384, 10)) * 3  # validation images light these pixels
    model = student.hold(linear_model(kernel))
    dropout = student.hold(keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Dropout(0.5)]))
    x, y = lit(rng.permutation(400)), rng.integers(0, 10, 400)
    x_val, y_val = lit(rng.integers(400, 784, 100)), rng.integers(0, 10, 100)
    log = student.train(model, x, y, x_val, y_val, epochs=4, batch_size=50, augment=dropout)
    after = student.fetch(model)
    still = float(np.mean(np.all(after.weights[0][:400] == 0, axis=1)))
    told = (
        f"with a dropout as augmentation, {still:.0%} of the pixels never reached the model in four epochs; "
        "it should be about 6 %"
    )
    expect.true(0.01 < still < 0.25, told, still, like=0.1)
    reported = log.history["val_loss"][-1]
    apart = abs(reported - cross_entropy(after, x_val, y_val))
    what = "the gap between val_loss and the loss on the validation images as they are"
    expect.at_most(apart, 2e-3 * max(reported, 1), what, like=100)


@question("5.7")
@points(2)
@uses("keras")
def test_build_cnn(student):
    """A convolutional network with at most 300,000 parameters."""
    expect_a_cnn(student.build_cnn())
    expect_a_cnn(student.build_cnn(num_classes=7), num_classes=7)


@question("5.7")
@points(1)
@uses("keras")
def test_build_cnn_loss(student, rng):
    """The compiled loss fits the output and integer labels."""
    expect_a_fitting_loss(student.build_cnn(), rng)


@question("5.7")
@points(2)
@uses("keras")
def test_train_takes_every_step(student, rng):
    """The given model is trained, on the training images only, for all epochs and batches."""
    expect_every_step(student, rng)


@question("5.7")
@points(2)
@uses("keras")
@limit(40)
def test_network_is_itself_in_inference(student, rng, mnist):
    """val_loss is the loss of your network, at rest, on the validation images as they are."""
    chosen = rng.choice(60_000, 600, replace=False)
    x, y = mnist.x_train[chosen, :, :, None] / np.float32(255), mnist.y_train[chosen].astype(np.int64)
    model = student.build_cnn()
    expect_a_cnn(model)
    live = Handle(model.handle)  # the very model, not a copy that is made from its description
    log = student.train(live, x[:400], y[:400], x[400:], y[400:], epochs=1, batch_size=40)
    apart = abs(log.history["val_loss"][-1] - cross_entropy(student.fetch(live), x[400:], y[400:]))
    expect.at_most(apart, 1e-3, "the gap between val_loss and the loss of the returned weights", like=100)


@question("5.7")
@points(3)
@uses("keras")
def test_train_augments(student, rng):
    """Training images are augmented anew in every epoch, validation images never."""
    expect_augmented_training(student, rng)


@question("5.7")
@points(5)
@needs("5.7")
@uses("keras")
@limit(240)
def test_accuracy(student, rng, mnist):
    """Three epochs of 59,500 digits: at least 98.9 % of the test digits are read."""
    model = expect_sound_parts(student, rng)
    digits = rng.permutation(60_000)
    reached = accuracy_after(student, model, mnist, digits, epochs=3, batch_size=64)
    expect.graded(reached, none=0.97, full=0.989, what="the accuracy on test digits", like=0)


def expect_sound_parts(student, rng):
    """The student's network, after everything that can be seen without a long training."""
    expect_every_step(student, rng)
    expect_augmented_training(student, rng)
    model = student.build_cnn()
    expect_a_cnn(model)
    expect_a_fitting_loss(model, rng)
    return model


def accuracy_after(
    student, model, mnist, digits: np.ndarray, epochs: int, batch_size: int, augment=None
) -> float:
    """The accuracy on test digits, measured here, of a copy of the model that the student's `train` has trained.

    digits : (n,) which training digits are handed over; the last 500 of them are for validation
    """
    x, y = mnist.x_train[digits, :, :, None] / np.float32(255), mnist.y_train[digits].astype(np.int64)
    live = student.hold(model)
    student.train(
        live, x[:-500], y[:-500], x[-500:], y[-500:], epochs=epochs, batch_size=batch_size, augment=augment
    )
    trained = student.fetch(live)
    expect.at_most(trained.parameters, MOST_PARAMETERS, "the number of parameters", like=0)
    read = outputs(trained, mnist.x_test[..., None] / np.float32(255))
    measured.confusion(read, mnist.y_test, "Test digits, read by your network")
    return accuracy(trained, mnist.x_test, mnist.y_test, read=read)


# --- 5.8 transposed convolution ----------------------------------------------------------------------------


@question("5.8")
@points(2)
def test_conv_transpose_of_the_lecture(student):
    """(10, 20) by (1, 2, 3) at stride 2 is (10, 20, 50, 40, 60, 0)."""
    answer = student.conv_transpose1d(np.array([10.0, 20.0]), np.array([1.0, 2.0, 3.0]), stride=2)
    expect.close(answer, [10.0, 20.0, 50.0, 40.0, 60.0, 0.0])


@question("5.8")
@points(3)
def test_conv_transpose(student, reference, rng):
    """Other kernels, strides and paddings."""
    for n, k, stride, padding in [(5, 3, 1, 0), (4, 4, 2, 1), (5, 2, 3, 0), (6, 5, 2, 2)]:
        x, kernel = rng.normal(size=n), rng.normal(size=k)
        answer = student.conv_transpose1d(x, kernel, stride, padding)
        expected = reference.conv_transpose1d(x, kernel, stride, padding)
        expect.close(answer, expected, what=f"conv_transpose1d, stride {stride}, padding {padding},")


# --- 5.9 permuted pixels -----------------------------------------------------------------------------------


def order_of(permuted: np.ndarray) -> np.ndarray:
    """Where each pixel came from: rows of permuted images whose pixels held 0, 1, 2, ..., plus 1000 times the image."""
    return permuted.reshape(len(permuted), -1) - 1000 * np.arange(len(permuted))[:, None]


def numbered(n: int, h: int, w: int) -> np.ndarray:
    """Images whose pixels are numbered, image i from 1000 i on."""
    return np.arange(h * w, dtype=np.int64).reshape(1, h, w) + 1000 * np.arange(n).reshape(n, 1, 1)


def expect_one_permutation(student, rng) -> None:
    """Every image is permuted, and all in the same way."""
    order = order_of(student.permute_pixels(numbered(12, 9, 8), int(rng.integers(1000))))
    lost = float(np.mean([len(np.setdiff1d(np.arange(72), row)) / 72 for row in order]))
    told = f"{lost:.0%} of an image's pixels are gone from it; a permutation keeps each exactly once"
    expect.true(lost == 0, told, lost, like=0.3)
    alike = float(np.mean(np.all(order == order[0], axis=1)))
    told = f"{alike:.0%} of the images are permuted in the same way as the first; it should be all of them"
    expect.true(alike == 1, told, alike, like=0.02)
    rows, columns = np.divmod(order[0].reshape(9, 8), 8)
    across = np.diff(columns, axis=1)
    beside = float(np.mean(np.abs(across) + np.abs(np.diff(rows, axis=1)) == 1))
    told = f"{beside:.0%} of the pixels side by side were neighbours before; the neighbourhood should be gone"
    expect.true(beside < 0.25, told, [beside, float(across.mean())], like=0.12)
    together = float(np.mean(np.diff(rows, axis=1) == 0))
    told = f"{together:.0%} of the pixels side by side come from one row; every pixel should find a place of its own"
    expect.true(together < 0.5, told, together, like=0.3)


@question("5.9")
@points(2)
def test_permute_pixels_in_one_way(student, rng):
    """Every image keeps its pixels, and all are permuted in the same way, without their neighbours."""
    expect_one_permutation(student, rng)


@question("5.9")
@points(2)
def test_permute_pixels_by_seed(student, rng):
    """The same seed gives the same permutation in every call, another seed another one."""
    seed, few, many = int(rng.integers(1000)), numbered(2, 8, 9), numbered(5, 8, 9)
    first = student.permute_pixels(few, seed)
    again = student.permute_pixels(many, seed)
    other = student.permute_pixels(few, seed + 1)
    expect.shape(first, (2, 8, 9))
    expect.shape(again, (5, 8, 9))
    kept = float(np.mean(first == again[:2]))
    told = f"two calls with the same seed agree in {kept:.0%} of the pixels; training and test images would not fit"
    expect.true(kept == 1, told, kept, like=0.1)
    kept = float(np.mean(first == np.asarray(other)))
    expect.true(
        kept < 0.3,
        f"two seeds agree in {kept:.0%} of the pixels; each has its own permutation",
        kept,
        like=0.05,
    )


@question("5.9")
@points(1)
def test_permute_pixels_of_digits(student, rng, mnist):
    """Digits keep their dtype and their grey values, and the argument stays as it is."""
    digits = mnist.x_test[rng.choice(10_000, 5)]
    held = student.hold(digits)
    answer = student.permute_pixels(held, 3)
    expect.shape(answer, digits.shape)
    expect.dtype(answer, "uint8")
    expect.equal(
        np.sort(answer.reshape(5, -1)), np.sort(digits.reshape(5, -1)), what="the grey values, in order,"
    )
    expect.unchanged(student.fetch(held), digits, "the images")
