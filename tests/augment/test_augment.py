"""Augmentation layers: geometry against SciPy, and the laws that every layer keeps."""

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import labkit
from labkit.augment import ElasticDeformation, GaussianNoise, RandomAffine, mnist_augmentation
from labkit.augment.reading import read_at

# Our names for what lies beyond the border, and SciPy's.
SCIPY_MODES = {"constant": "grid-constant", "nearest": "nearest", "reflect": "reflect", "wrap": "grid-wrap"}

LAYERS = {
    "affine": lambda **settings: RandomAffine(20, 3, 0.2, 15, **settings),
    "elastic": lambda **settings: ElasticDeformation(20, 3, **settings),
    "noise": lambda **settings: GaussianNoise(0.2, **settings),
    "mnist": lambda **settings: mnist_augmentation(**settings),
}


@pytest.fixture(params=LAYERS)
def make(request):
    return LAYERS[request.param]


def images(n=5, height=28, width=28, seed=0):
    return np.random.default_rng(seed).random((n, height, width), dtype="float32")


def changed(layer, x):
    return np.asarray(layer(x, training=True))


# Geometry


def test_a_quarter_turn_is_counter_clockwise():
    x = images(height=9, width=9)
    np.testing.assert_allclose(
        changed(RandomAffine(rotation=(90, 90)), x), np.rot90(x, axes=(1, 2)), atol=1e-4
    )


def test_translation_moves_right_and_down_by_pixels():
    x = images()
    expected = np.zeros_like(x)
    expected[:, 3:, 3:] = x[:, :-3, :-3]
    np.testing.assert_allclose(changed(RandomAffine(translation=(3, 3)), x), expected, atol=1e-5)


def test_zoom_is_a_change_of_size():
    """A centred square of side 8 becomes one of side 16."""
    x = np.zeros((1, 32, 32), "float32")
    x[:, 12:20, 12:20] = 1
    assert changed(RandomAffine(zoom=(1, 1)), x).sum() == pytest.approx(256, rel=0.05)
    assert changed(RandomAffine(zoom=(-0.5, -0.5)), x).sum() == pytest.approx(16, rel=0.05)


def test_shear_leans_strokes_to_the_left_and_keeps_rows():
    """At 45 degrees, a pixel k rows above the centre moves k to the left."""
    x = np.zeros((1, 21, 21), "float32")
    x[:, :, 10] = 1
    np.testing.assert_allclose(changed(RandomAffine(shear=(45, 45)), x)[0], np.eye(21), atol=1e-4)


@pytest.mark.parametrize("fill_mode", SCIPY_MODES)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_affine_agrees_with_scipy(interpolation, fill_mode):
    """c + t + z R S (p - c), as scipy.ndimage.affine_transform does it with the inverse map."""
    x = images(n=1, height=14, width=19)
    degrees, shift, zoom, shear = 33.0, 2.3, -0.2, 12.0
    layer = RandomAffine(
        rotation=(degrees, degrees),
        translation=(shift, shift),
        zoom=(zoom, zoom),
        shear=(shear, shear),
        interpolation=interpolation,
        fill_mode=fill_mode,
        fill_value=0.25,
    )
    turn, slope = np.radians(degrees), np.tan(np.radians(shear))
    # On (y, x), as SciPy counts axes.
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    forward = (1 + zoom) * rotation @ np.array([[1, 0], [slope, 1]])
    inverse, centre = np.linalg.inv(forward), np.array([6.5, 9.0])
    expected = scipy.ndimage.affine_transform(
        x[0],
        inverse,
        centre - inverse @ (centre + shift),
        order=1 if interpolation == "bilinear" else 0,
        mode=SCIPY_MODES[fill_mode],
        cval=0.25,
    )
    assert np.mean(abs(changed(layer, x)[0] - expected) > 1e-4) < 0.01  # a rounding tie may go either way


@pytest.mark.parametrize("fill_mode", SCIPY_MODES)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_reading_between_pixels_agrees_with_scipy(interpolation, fill_mode):
    rng = np.random.default_rng(1)
    x = images(n=3, height=9, width=7)
    down, right = rng.normal(scale=8, size=(2, 3, 9, 7)).astype("float32")
    ours = read_at(tf.constant(x[..., None]), down, right, interpolation, fill_mode, 0.25)
    rows, columns = np.mgrid[:9, :7]
    for image, dy, dx, result in zip(x, down, right, np.asarray(ours)[..., 0], strict=True):
        expected = scipy.ndimage.map_coordinates(
            image,
            [rows + dy, columns + dx],
            order=1 if interpolation == "bilinear" else 0,
            mode=SCIPY_MODES[fill_mode],
            cval=0.25,
        )
        np.testing.assert_allclose(result, expected, atol=1e-4)


def test_points_on_the_border_and_far_beyond_it_are_read_safely():
    x = tf.constant(images(n=1, height=4, width=4)[..., None])
    for offset in (-1e6, -4.0, -1.0, 0.0, 1.0, 4.0, 1e6):
        moved = tf.fill([1, 4, 4], offset)
        outside = read_at(x, moved, moved, "bilinear", "constant", 0.5)
        if abs(offset) >= 4:
            np.testing.assert_array_equal(outside, np.full((1, 4, 4, 1), 0.5))


def test_the_elastic_field_is_smoothed_noise():
    """Covariance between pixels as in alpha * gaussian_filter(uniform(-1, 1), sigma, mode="constant")."""
    alpha, sigma, size, n = 9.0, 2.0, 12, 4000
    field = ElasticDeformation(alpha, sigma, seed=0)._field(n, size, size)
    ours = np.asarray(field).reshape(2 * n, -1)
    noise = np.random.default_rng(0).uniform(-1, 1, (2 * n, size, size))
    smooth = alpha * scipy.ndimage.gaussian_filter(noise, sigma, mode="constant", axes=(1, 2))
    expected = np.cov(smooth.reshape(2 * n, -1).T)
    assert abs(ours.mean()) < 0.02
    np.testing.assert_allclose(np.cov(ours.T), expected, atol=0.07 * expected.max())


def test_elastic_deformation_moves_ink_but_does_not_make_it():
    x = labkit.data.load_mnist().x_test[:200] / np.float32(255)
    bent = changed(ElasticDeformation(34, 4, seed=0), x)
    assert bent.mean() == pytest.approx(x.mean(), rel=0.05)
    assert 0.02 < abs(bent - x).mean() < 0.2


# Laws


@given(
    n=st.integers(1, 4),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.sampled_from([None, 1, 3]),
    dtype=st.sampled_from(["uint8", "float32", "float64", "int32"]),
    name=st.sampled_from(sorted(LAYERS)),
)
@settings(max_examples=30, deadline=None)
def test_shape_dtype_and_range_stay(n, height, width, channels, dtype, name):
    x = images(n, height, width * (channels or 1)).reshape(
        n, height, width, *([channels] if channels else [])
    )
    if dtype in ("uint8", "int32"):
        x = x * 255
    x = x.astype(dtype)
    result = changed(LAYERS[name](seed=0), x)
    assert result.shape == x.shape
    assert result.dtype == x.dtype
    assert result.min() >= 0 and result.max() <= (1 if "float" in dtype else 255)


def test_outside_training_nothing_changes(make):
    x = images()
    np.testing.assert_array_equal(make()(x), x)
    np.testing.assert_array_equal(make()(x, training=False), x)


@pytest.mark.parametrize("layer", [RandomAffine(), ElasticDeformation(alpha=0), GaussianNoise(0)])
def test_zero_is_the_identity(layer):
    np.testing.assert_array_equal(changed(layer, images()), images())


def test_an_affine_that_could_move_but_draws_zero_changes_nothing():
    layer = RandomAffine(rotation=(0, 1e-9))
    np.testing.assert_allclose(changed(layer, images()), images(), atol=1e-5)


def test_each_image_gets_its_own_draw(make):
    same = np.repeat(images(1), 6, axis=0)
    result = changed(make(seed=1), same)
    assert len({image.tobytes() for image in result}) == 6


def test_a_seed_repeats_the_sequence_and_each_batch_differs(make):
    x = images()
    first, second = make(seed=5), make(seed=5)
    batches = [changed(first, x) for _ in range(3)]
    for batch in batches:
        np.testing.assert_array_equal(changed(second, x), batch)
    assert not np.array_equal(batches[0], batches[1])
    assert not np.array_equal(changed(make(seed=6), x), batches[0])


def test_a_trailing_channel_changes_nothing_else(make):
    x = images()
    np.testing.assert_array_equal(changed(make(seed=2), x), changed(make(seed=2), x[..., None])[..., 0])


def test_integers_are_rounded_not_cut():
    x = np.full((50, 8, 8), 100, "uint8")
    noisy = changed(GaussianNoise(0.1, seed=0), x).astype(float)
    assert noisy.mean() == pytest.approx(100, abs=1.5)
    assert noisy.std() == pytest.approx(25.5, rel=0.1)


def test_the_configuration_survives_a_round_trip(make):
    layer = make(seed=3)
    copy = type(layer).from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    np.testing.assert_array_equal(changed(copy, images()), changed(layer, images()))


# Where they are used


def test_in_a_model_and_after_saving_it(make, tmp_path):
    model = keras.Sequential(
        [keras.Input((28, 28)), make(seed=1), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    model.compile("sgd", "mse")
    model.fit(images(), np.zeros((5, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(images(), verbose=0), model.predict(images(), verbose=0), atol=1e-6
    )


@pytest.mark.parametrize("shape", [(5, 28, 28), (5, 28, 28, 1)])
def test_in_a_dataset_labels_stay(make, shape):
    x, y = images().reshape(shape), np.arange(5)

    def epoch():
        layer = make(seed=4)
        dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(2)
        return list(
            dataset.map(lambda image, label: (layer(image, training=True), label)).as_numpy_iterator()
        )

    first, second = epoch(), epoch()
    assert [len(batch) for batch, _ in first] == [2, 2, 1]
    assert np.concatenate([label for _, label in first]).tolist() == y.tolist()
    assert not np.allclose(np.concatenate([batch for batch, _ in first]), x)
    for (mine, _), (again, _) in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine, again)


def test_in_labkit_fit(make):
    def weights(augment):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(2)])
        model.compile("sgd", "mse")
        labkit.fit(model, images(40), np.ones((40, 2)), augment=augment, verbose=0)
        return model.get_weights()[0]

    np.testing.assert_array_equal(weights(make(seed=1)), weights(make(seed=1)))
    assert not np.allclose(weights(make(seed=1)), weights(None))


MISTAKES = {
    "unknown interpolation": (
        lambda: RandomAffine(interpolation="cubic"),
        "interpolation must be one of bilinear",
    ),
    "unknown fill mode": (lambda: RandomAffine(fill_mode="mirror"), "fill_mode must be one of constant"),
    "upside down range": (lambda: RandomAffine(rotation=(10, -10)), "rotation must be a number or a pair"),
    "zoom to nothing": (lambda: RandomAffine(zoom=1.5), "zoom must be"),
    "shear flat": (lambda: RandomAffine(shear=90), "shear must be"),
    "negative alpha": (lambda: ElasticDeformation(alpha=-1), "alpha must be at least 0"),
    "no width": (lambda: ElasticDeformation(sigma=0), "sigma must be above 0"),
    "negative noise": (lambda: GaussianNoise(-0.1), "stddev must be at least 0"),
    "flat images": (lambda: RandomAffine(10)(np.zeros((3, 784)), training=True), "takes a batch of images"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_named(case):
    make, words = MISTAKES[case]
    with pytest.raises(ValueError, match=words):
        make()
