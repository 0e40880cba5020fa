"""Time of one training epoch: labkit.fit beside model.fit, PyTorch, NumPy and the speed of the processor.

    python benchmarks/training.py [--models softmax mlp cnn] [--batch-size 32 128] [--rounds 6] [--quick]

All contestants train the same model on the same 60,000 MNIST digits, in turn: a few epochs each by one call, in a
new random order every round, so that a busy machine is unfair to all alike. The table gives the seconds of an
epoch, as the median of the rounds after the first, which compiles, and the accuracy on the test set after all
of them. A contestant that takes five times as long as the fastest leaves the race after its second round.
"labkit.fit, long" has trained for many epochs before its first round, as in a long training: then labkit runs a
network of dense layers as machine code. A larger network gets there within its first round by itself. PyTorch
takes part where it is installed.

Floors: for softmax regression the same epoch in NumPy; otherwise the time that the epoch's multiplications
take at the speed of one large matrix product. Processor time counts all threads: divided by the time it says
how many processors were busy, and it changes less than the time when other programs run.
"""

import argparse
import random
import statistics
import time

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

CLASSES = 10
LONG = 40  # epochs after which even softmax regression runs as machine code


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--batch-size", nargs="+", type=int, default=[32, 128])
    parser.add_argument("--rounds", type=int, default=6, help="turns of each contestant, the first untimed")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of each turn, by one call")
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--quick", action="store_true", help="3 rounds on 6,000 samples")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.samples = 3, 6_000
    console = Console(width=100)
    console.print(_table(options, _measure(options)))


def _measure(options):
    """Results of all races, as `{(model, batch size): {contestant: (seconds, cpu seconds, accuracy)}}`."""
    data = _load(options.samples)
    races = [(model, batch) for model in options.models for batch in options.batch_size]
    results = {}
    with Progress(console=Console(stderr=True)) as progress:
        for model, batch_size in races:
            field = contestants(model, data, batch_size)
            task = progress.add_task(f"{model}, batch {batch_size}", total=options.rounds * len(field))
            times = {name: [] for name in field}
            for _ in range(options.rounds):
                for name in random.sample(list(field), len(field)):
                    if _hopeless(name, times):
                        progress.advance(task)
                        continue
                    progress.update(task, description=f"{model}, batch {batch_size}: {name}")
                    start, cpu = time.perf_counter(), time.process_time()
                    field[name].train(options.epochs)
                    seconds = time.perf_counter() - start, time.process_time() - cpu
                    times[name].append([each / options.epochs for each in seconds])
                    progress.advance(task)
            results[model, batch_size] = {
                name: (*map(statistics.median, zip(*times[name][1:], strict=True)), field[name].accuracy())
                for name in field
            }
            floor = _floor(model, options.samples)
            if floor is not None:
                results[model, batch_size]["matrix products alone"] = (floor, None, None)
    return results


def _hopeless(name, times):
    """Whether this contestant has shown, after its first round, that it is five times slower than another."""
    best = {other: min(seconds for seconds, _ in rows[1:]) for other, rows in times.items() if len(rows) > 1}
    return name in best and best[name] > 5 * min(best.values()) and name != "model.fit"


def _table(options, results):
    table = Table(title=f"One epoch of {options.samples:,} digits, median of {options.rounds - 1} rounds")
    for name in ("model", "batch", "trained by"):
        table.add_column(name, no_wrap=True)
    for name in ("seconds", "of ours", "processor s", "accuracy"):
        table.add_column(name, justify="right", no_wrap=True)
    for (model, batch_size), rows in results.items():
        ours = rows["labkit.fit"][0]
        for name, (seconds, cpu, accuracy) in rows.items():
            table.add_row(
                model,
                str(batch_size),
                name,
                f"{seconds:.3f}",
                f"{seconds / ours:.2f} x",
                "" if cpu is None else f"{cpu:.2f}",
                "" if accuracy is None else f"{accuracy:.2%}",
            )
        table.add_section()
    return table


# Models


def softmax():
    import keras

    return [keras.layers.Flatten(), keras.layers.Dense(CLASSES, activation="softmax")], keras.optimizers.SGD(
        0.1
    )


def mlp():
    import keras

    hidden = [keras.layers.Dense(512, activation="relu") for _ in range(2)]
    return [
        keras.layers.Flatten(),
        *hidden,
        keras.layers.Dense(CLASSES, activation="softmax"),
    ], keras.optimizers.Adam(1e-3)


def cnn():
    """The network of keras-io's mnist_convnet."""
    import keras

    return [
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(64, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(CLASSES, activation="softmax"),
    ], keras.optimizers.Adam(1e-3)


MODELS = {"softmax": softmax, "mlp": mlp, "cnn": cnn}


def compiled(model, **settings):
    import keras

    keras.utils.set_random_seed(0)
    layers, optimizer = MODELS[model]()
    network = keras.Sequential([keras.Input((28, 28, 1)), *layers])
    network.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **settings)
    return network


def _floor(model, samples):
    """Seconds that the multiplications of one epoch take at the speed of a large matrix product."""
    # Multiplications per image, forward; the first layer passes no gradient on, the others two products back.
    layers = {"mlp": [784 * 512, 512 * 512, 5120], "cnn": [26**2 * 32 * 9, 11**2 * 64 * 288, 16000]}
    if model not in layers:
        return None
    import tensorflow as tf

    matrix = tf.random.normal([2048, 2048])
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        tf.linalg.matmul(matrix, matrix).numpy()
        seconds.append(time.perf_counter() - start)
    first, *others = layers[model]
    return samples * (2 * first + 3 * sum(others)) / 2048**3 * min(seconds)


# Contestants


def contestants(model, data, batch_size):
    """All that train this model here, by name; labkit.fit first."""
    steps = -(-len(data[0]) // batch_size)
    field = {
        "labkit.fit": Labkit(model, data, batch_size),
        "model.fit": Keras(model, data, batch_size),
        "model.fit, epoch per execution": Keras(model, data, batch_size, steps_per_execution=steps),
        "model.fit, jit_compile": Keras(model, data, batch_size, jit_compile=True),
        "model.fit, both": Keras(model, data, batch_size, jit_compile=True, steps_per_execution=steps),
    }
    if model == "softmax":
        field["labkit.fit, long"] = Labkit(model, data, batch_size, before=LONG)
        field["NumPy by hand"] = NumPy(data, batch_size)
    try:
        import torch  # noqa: F401
    except ImportError:
        return field
    return {**field, "PyTorch": Torch(model, data, batch_size)}


class Keras:
    """`model.fit`, with one setting of `compile`."""

    def __init__(self, model, data, batch_size, **settings):
        self.network = compiled(model, **settings)
        self.data, self.batch_size = data, batch_size

    def train(self, epochs):
        x, y, _, _ = self.data
        self.network.fit(x, y, batch_size=self.batch_size, epochs=epochs, verbose=0)

    def accuracy(self):
        _, _, x, y = self.data
        return np.mean(self.network.predict(x, batch_size=500, verbose=0).argmax(1) == y)


class Labkit(Keras):
    """`labkit.fit`, after so many epochs `before` the race."""

    def __init__(self, model, data, batch_size, before=0):
        super().__init__(model, data, batch_size)
        self.before = before

    def train(self, epochs):
        import labkit

        x, y, _, _ = self.data
        epochs, self.before = epochs + self.before, 0
        labkit.fit(self.network, x, y, batch_size=self.batch_size, epochs=epochs, verbose=0)


class NumPy:
    """Softmax regression written out, as one would for this purpose alone."""

    def __init__(self, data, batch_size):
        x, y, x_test, y_test = data
        self.x, self.y = x.reshape(len(x), 784), y.astype(int)
        self.x_test, self.y_test = x_test.reshape(len(x_test), 784), y_test
        self.batch_size = batch_size
        self.weights, self.bias = np.zeros((784, CLASSES), "float32"), np.zeros(CLASSES, "float32")

    def train(self, epochs):
        for _ in range(epochs):
            self.epoch()

    def epoch(self):
        order = np.random.permutation(len(self.x))
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            x, y = self.x[batch], self.y[batch]
            scores = x @ self.weights + self.bias
            scores -= scores.max(axis=1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=1, keepdims=True)
            scores[np.arange(len(y)), y] -= 1
            scores *= 0.1 / len(y)
            self.weights -= x.T @ scores
            self.bias -= scores.sum(axis=0)

    def accuracy(self):
        return np.mean((self.x_test @ self.weights + self.bias).argmax(1) == self.y_test)


class Torch:
    """The usual PyTorch loop, on tensors in memory: without DataLoader, which would take most of the time."""

    def __init__(self, model, data, batch_size):
        import torch
        from torch import nn

        torch.manual_seed(0)
        parts = {
            "softmax": [nn.Flatten(), nn.Linear(784, CLASSES)],
            "mlp": [
                *(nn.Flatten(), nn.Linear(784, 512), nn.ReLU()),
                *(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, CLASSES)),
            ],
            "cnn": [
                *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
                *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
                *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, CLASSES)),
            ],
        }
        self.network = nn.Sequential(*parts[model])
        weights = self.network.parameters()
        adam = model != "softmax"
        self.optimizer = torch.optim.Adam(weights, 1e-3) if adam else torch.optim.SGD(weights, 0.1)
        x, y, x_test, y_test = data
        self.x, self.y = torch.from_numpy(x)[:, None, :, :, 0], torch.from_numpy(y.astype("int64"))
        self.x_test, self.y_test = torch.from_numpy(x_test)[:, None, :, :, 0], y_test
        self.batch_size = batch_size

    def train(self, epochs):
        import torch

        self.network.train()
        for _ in range(epochs):
            for batch in torch.randperm(len(self.x)).split(self.batch_size):
                self.optimizer.zero_grad(set_to_none=True)
                torch.nn.functional.cross_entropy(self.network(self.x[batch]), self.y[batch]).backward()
                self.optimizer.step()

    def accuracy(self):
        import torch

        self.network.eval()
        with torch.no_grad():
            return np.mean(self.network(self.x_test).argmax(1).numpy() == self.y_test)


def _load(samples):
    """Float images `(n, 28, 28, 1)` in 0..1 and labels, for training and testing."""
    import labkit

    data = labkit.data.load_mnist()
    x_train, x_test = (x.astype("float32")[..., None] / 255 for x in (data.x_train[:samples], data.x_test))
    return x_train, data.y_train[:samples], x_test, data.y_test


if __name__ == "__main__":
    main()
