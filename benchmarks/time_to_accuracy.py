"""Seconds of training until 98, 99 and 99.4 % of the test set are right: our CNN beside keras-io's.

    python benchmarks/time_to_accuracy.py [--seeds 0 1 2] [--quick]

The peer is the recipe of keras-io's "Simple MNIST convnet": two convolutions, batch 128, Adam, 15 epochs,
trained by `model.fit`. Ours is smaller, with batch normalisation, a learning rate that rises and falls once
(Smith and Topin 2018), light augmentation, and is trained by `labkit.fit`. Both see all 60,000 training
digits, and the test set after each epoch, untimed. They take turns, epoch by epoch, so that a busy machine is
unfair to both alike. Time includes compiling; a target counts at the end of the first epoch that reaches it.
"""

import argparse
import statistics
import time

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

TARGETS = (0.98, 0.99, 0.994)
BATCH_SIZE = 128


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--quick", action="store_true", help="one seed, 6,000 digits, 3 epochs")
    options = parser.parse_args()
    samples = 6_000 if options.quick else 60_000
    seeds = options.seeds[:1] if options.quick else options.seeds
    runs = {}
    with Progress(console=Console(stderr=True)) as progress:
        for seed in seeds:
            runs[seed] = _race(seed, samples, 3 if options.quick else None, progress)
    Console(width=100).print(_table(runs))


def _race(seed, samples, limit, progress):
    """Train both once, as `{name: [(seconds so far, processor seconds so far, test accuracy), ...]}`."""
    import keras

    import labkit

    data = labkit.data.load_mnist()
    x_train, x_test = (x.astype("float32")[..., None] / 255 for x in (data.x_train[:samples], data.x_test))
    field = {"labkit": labkit_reference, "keras-io recipe": keras_io_recipe}
    epochs, train, course = {}, {}, {}
    for name, make in field.items():
        keras.utils.set_random_seed(seed)
        model, epochs[name], train[name] = make(x_train, data.y_train[:samples], limit)
        field[name], course[name] = model, [(0.0, 0.0, 0.0)]
    task = progress.add_task(f"seed {seed}", total=sum(epochs.values()))
    for epoch in range(max(epochs.values())):
        for name, model in field.items():
            if epoch >= epochs[name]:
                continue
            start, cpu = time.perf_counter(), time.process_time()
            train[name]()
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
            accuracy = np.mean(model.predict(x_test, batch_size=500, verbose=0).argmax(1) == data.y_test)
            before = course[name][-1]
            course[name].append((before[0] + seconds, before[1] + cpu, accuracy))
            progress.update(task, advance=1, description=f"seed {seed}: {name} at {accuracy:.2%}")
    return {name: rows[1:] for name, rows in course.items()}


def labkit_reference(x, y, limit=None, epochs=8):
    """Our CNN: half the multiplications of the recipe, and an eighth of its steps are enough for 99 %."""
    import keras
    from keras import layers

    import labkit
    from labkit.augment import RandomAffine

    epochs = limit or epochs
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *(layers.Conv2D(16, 3, use_bias=False), layers.MaxPooling2D()),
            *(layers.BatchNormalization(), layers.ReLU()),
            *(layers.Conv2D(32, 3, use_bias=False), layers.MaxPooling2D()),
            *(layers.BatchNormalization(), layers.ReLU()),
            *(layers.Flatten(), layers.Dropout(0.2), layers.Dense(64, use_bias=False)),
            *(layers.BatchNormalization(), layers.ReLU()),
            layers.Dense(10, activation="softmax"),
        ]
    )
    steps = -(-len(x) // BATCH_SIZE) * epochs
    rising = steps // 5
    rate = keras.optimizers.schedules.CosineDecay(
        5e-4, steps - rising, warmup_target=5e-3, warmup_steps=rising
    )
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    augment = RandomAffine(rotation=8, translation=1.5, zoom=0.08)
    return model, epochs, lambda: labkit.fit(model, x, y, BATCH_SIZE, augment=augment, verbose=0)


def keras_io_recipe(x, y, limit=None):
    """https://keras.io/examples/vision/mnist_convnet, but for its validation split: it trains on all images."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    y = keras.utils.to_categorical(y, 10)
    return model, limit or 15, lambda: model.fit(x, y, batch_size=BATCH_SIZE, epochs=1, verbose=0)


def _reached(rows, target, column):
    """Seconds when a run first reached the target, or None."""
    return next((row[column] for row in rows if row[2] >= target), None)


def _table(runs):
    title = f"Seconds of training to reach an accuracy on the test set, mean of {len(runs)} seeds"
    table = Table(title=title)
    table.add_column("trained by", no_wrap=True)
    for target in TARGETS:
        table.add_column(f"{target:.1%}", justify="right")
    for name in ("processor s to 99 %", "last accuracy", "seconds in all"):
        table.add_column(name, justify="right")
    names = list(next(iter(runs.values())))
    means = {name: [_mean(runs, name, target, 0) for target in TARGETS] for name in names}
    cpu = {name: _mean(runs, name, 0.99, 1) for name in names}
    for name in names:
        last = [run[name][-1] for run in runs.values()]
        table.add_row(
            name,
            *map(_written, means[name]),
            _written(cpu[name]),
            f"{statistics.mean(row[2] for row in last):.2%}",
            f"{statistics.mean(row[0] for row in last):.0f}",
        )
    ours, theirs = names
    pairs = [*zip(means[ours], means[theirs], strict=True), (cpu[ours], cpu[theirs])]
    table.add_section()
    table.add_row("recipe / labkit", *(f"{b / a:.1f} x" if a and b else "-" for a, b in pairs), "", "")
    return table


def _mean(runs, name, target, column):
    """Mean over seeds; None when a seed never reached the target."""
    values = [_reached(run[name], target, column) for run in runs.values()]
    return None if None in values else statistics.mean(values)


def _written(seconds):
    return "not in all" if seconds is None else f"{seconds:.1f}"


if __name__ == "__main__":
    main()
