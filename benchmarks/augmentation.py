"""Images per second of augmentation: labkit's layers beside Keras', SciPy's and Albumentations'.

    python benchmarks/augmentation.py [--batch-size 256] [--seconds 2] [--rounds 5] [--quick]

All contestants change 28 x 28 float images that show digits, in turn, over several rounds; the table gives the
median rate. Layers run as most people run them, in `tf.data.Dataset.map` on batches, and once more as one
TensorFlow function called on batch after batch. Albumentations takes part where it is installed.

Keras' RandomElasticTransform needs a look: in `Dataset.map`, where the size of a batch is unknown, it
replaces all images of the batch by one (Keras 3.15); only with batches of known size does it do its work, and
then its graph grows with the batch, so that it gets small ones.

The rate per processor second counts all threads, and changes less when other programs run.
"""

import argparse
import itertools
import random
import statistics
import time

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

AFFINE, ELASTIC = "affine", "elastic"
DEGREES, PIXELS, ZOOM = 15, 2, 0.1
ALPHA, SIGMA = 20, 4
IMAGES = 20_000  # that are changed, again and again


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch-size", type=int, default=256, help=f"at most {IMAGES:,}")
    parser.add_argument("--seconds", type=float, default=2, help="of each turn, about")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="2 rounds of turns of half a second")
    options = parser.parse_args()
    if not 1 <= options.batch_size <= IMAGES:
        parser.error(f"--batch-size is a number from 1 to {IMAGES:,}")
    if options.quick:
        options.rounds, options.seconds = 2, 0.5
    rates = _measure(contestants(options.batch_size), options)
    Console(width=120).print(_table(rates, options))


def _measure(field, options):
    """Images per second and per processor second, as `{(kind, name): (rate, rate)}`."""
    import labkit

    images = labkit.data.load_mnist().x_train[:IMAGES].astype("float32")[..., None] / 255
    rates = {key: [] for key in field}
    counts = dict.fromkeys(field, 2 * options.batch_size)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("first calls", total=(options.rounds + 1) * len(field))
        for number in range(options.rounds + 1):
            for key in random.sample(list(field), len(field)):
                progress.update(task, description=": ".join(key))
                start, cpu = time.perf_counter(), time.process_time()
                done = field[key](images, counts[key])
                rate = done / (time.perf_counter() - start)
                if number > 0:
                    rates[key].append((rate, done / (time.process_time() - cpu)))
                # The first turn compiles and says little.
                wanted = int(options.seconds * rate) if number else 4 * options.batch_size
                counts[key] = max(2 * options.batch_size, wanted)
                progress.advance(task)
    return {key: tuple(map(statistics.median, zip(*pairs, strict=True))) for key, pairs in rates.items()}


def _table(rates, options):
    table = Table(
        title=f"Images per second, batches of {options.batch_size}, median of {options.rounds} rounds"
    )
    for name in ("what", "by"):
        table.add_column(name, no_wrap=True)
    for name in ("images / s", "ours / this", "per processor s", "ours / this"):
        table.add_column(name, justify="right", no_wrap=True)
    for kind in (AFFINE, ELASTIC):
        rows = {name: pair for (what, name), pair in rates.items() if what == kind}
        ours = next(pair for name, pair in rows.items() if "labkit" in name and "Dataset.map" in name)
        for name, pair in rows.items():
            cells = []
            for mine, rate in zip(ours, pair, strict=True):
                cells += [f"{rate:,.0f}", "" if "labkit" in name else f"{mine / rate:.1f} x"]
            table.add_row(kind, name, *cells)
        table.add_section()
    return table


def contestants(batch_size):
    """All that augment here, as `{(kind, name): function}`.

    A function is called with images and about how many to make of them, and returns how many it made.
    """
    import keras

    from labkit.augment import ElasticDeformation, RandomAffine

    affine = RandomAffine(DEGREES, PIXELS, ZOOM)
    stacked = keras.Sequential(
        [
            keras.layers.RandomRotation(DEGREES / 360, fill_mode="constant"),
            keras.layers.RandomTranslation(PIXELS / 28, PIXELS / 28, fill_mode="constant"),
            keras.layers.RandomZoom(ZOOM, fill_mode="constant"),
        ]
    )
    elastic = ElasticDeformation(ALPHA, SIGMA)
    keras_elastic = keras.layers.RandomElasticTransform(factor=1.0, scale=1.0)
    return {
        (AFFINE, "labkit RandomAffine, Dataset.map"): _in_dataset(affine, batch_size),
        (AFFINE, "labkit RandomAffine, function"): _as_function(affine, batch_size),
        (AFFINE, "Keras rotation + translation + zoom, Dataset.map"): _in_dataset(stacked, batch_size),
        (AFFINE, "Keras rotation + translation + zoom, function"): _as_function(stacked, batch_size),
        (AFFINE, "Keras' legacy ImageDataGenerator"): _image_data_generator(batch_size),
        (AFFINE, "SciPy affine_transform, one by one"): _scipy_affine,
        (ELASTIC, "labkit ElasticDeformation, Dataset.map"): _in_dataset(elastic, batch_size),
        (ELASTIC, "labkit ElasticDeformation, function"): _as_function(elastic, batch_size),
        (ELASTIC, "Keras RandomElasticTransform, Dataset.map (see --help)"): _in_dataset(
            keras_elastic, batch_size
        ),
        (ELASTIC, "Keras RandomElasticTransform, batches of 16"): _in_dataset(keras_elastic, 16, known=True),
        (ELASTIC, "SciPy gaussian_filter, map_coordinates"): _scipy_elastic,
        **_albumentations(),
    }


def _in_dataset(layer, batch_size, known=False):
    """Time passes only in iterating: the dataset, and with it the graph, is built in the first round."""
    import tensorflow as tf

    built = []

    def run(images, count):
        if not built:
            dataset = tf.data.Dataset.from_tensor_slices(images).repeat()
            dataset = dataset.batch(batch_size, drop_remainder=known)
            change = tf.autograph.experimental.do_not_convert(lambda batch: layer(batch, training=True))
            built.append(dataset.map(change, num_parallel_calls=tf.data.AUTOTUNE))
        batches = built[0].take(count // batch_size).prefetch(tf.data.AUTOTUNE)
        return sum(len(batch) for batch in batches)

    return run


def _as_function(layer, batch_size):
    import tensorflow as tf

    function = tf.function(lambda batch: layer(batch, training=True), autograph=False)

    def run(images, count):
        for number in range(count // batch_size):
            start = number * batch_size % (len(images) - batch_size + 1)
            function(tf.constant(images[start : start + batch_size])).numpy()
        return count // batch_size * batch_size

    return run


def _image_data_generator(batch_size):
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(
        rotation_range=DEGREES,
        width_shift_range=PIXELS / 28,
        height_shift_range=PIXELS / 28,
        zoom_range=ZOOM,
        fill_mode="constant",
    )

    def run(images, count):
        batches = generator.flow(images, batch_size=batch_size)
        return sum(len(next(batches)) for _ in range(count // batch_size))

    return run


def _scipy_affine(images, count):
    from scipy.ndimage import affine_transform

    rng, centre = np.random.default_rng(), np.array([13.5, 13.5])
    for image in _one_by_one(images[..., 0], count):
        turn = np.radians(rng.uniform(-DEGREES, DEGREES))
        inverse = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        inverse /= 1 + rng.uniform(-ZOOM, ZOOM)
        offset = centre - inverse @ (centre + rng.uniform(-PIXELS, PIXELS, 2))
        affine_transform(image, inverse, offset, order=1)
    return count


def _scipy_elastic(images, count):
    from scipy.ndimage import gaussian_filter, map_coordinates

    rng = np.random.default_rng()
    grid = np.mgrid[:28, :28].astype("float32")
    for image in _one_by_one(images[..., 0], count):
        noise = rng.uniform(-1, 1, (2, 28, 28)).astype("float32")
        field = ALPHA * gaussian_filter(noise, SIGMA, mode="constant", axes=(1, 2))
        map_coordinates(image, grid + field, order=1)
    return count


def _one_by_one(images, count):
    return itertools.islice(itertools.cycle(images), count)


def _albumentations():
    try:
        import albumentations
        import cv2
    except ImportError:
        return {}
    cv2.setNumThreads(0)  # its images are too small for threads
    affine = albumentations.Affine(
        rotate=(-DEGREES, DEGREES), translate_px=(-PIXELS, PIXELS), scale=(1 - ZOOM, 1 + ZOOM), p=1
    )
    elastic = albumentations.ElasticTransform(alpha=ALPHA, sigma=SIGMA, p=1)

    def each(transform):
        def run(images, count):
            for image in _one_by_one(images, count):
                transform(image=image)
            return count

        return run

    return {
        (AFFINE, "Albumentations Affine"): each(affine),
        (ELASTIC, "Albumentations ElasticTransform"): each(elastic),
    }


if __name__ == "__main__":
    main()
