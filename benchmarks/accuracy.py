"""What the reference solutions reach on the MNIST test set, against the bars that the project sets itself.

Each row of the table trains reference functions of a lab as a student would, once per seed, and takes the
mean. The test set is touched once, at the end.

    python benchmarks/accuracy.py                  # all rows, seeds 0 1 2
    python benchmarks/accuracy.py --only mlp --seeds 0

To add a row, write a function that takes a seed and returns a value, and give it a line in `ROWS`.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

SOLUTIONS = Path(__file__).parent.parent / "solutions"


@dataclass(frozen=True)
class Row:
    """A line of the table: what is measured, in which unit, and the bar that its mean has to clear.

    `run(seed)` returns the value, or the value and the seconds that count where not everything does.
    """

    name: str
    title: str
    run: Callable[[int], float | tuple[float, float]]
    bar: float
    at_most: bool = False
    seconds: float | None = None
    show: str = "{:.2%}"

    def clears(self, value: float, seconds: float) -> bool:
        """Whether a mean value, and the longest time, are good enough."""
        good = value <= self.bar if self.at_most else value >= self.bar
        return good and (self.seconds is None or seconds <= self.seconds)


# --- what is measured -----------------------------------------------------------------------------------------


def mlp(seed: int) -> tuple[float, float]:
    """Lab 03: dense layers only, 20 seconds, moved copies of the digits."""
    lab, data = solution("lab03_mlp"), digits()
    started = time.monotonic()
    model = lab.best_mlp(data.x_train, data.y_train, seconds=20)
    elapsed = time.monotonic() - started
    return accuracy(lab.predict_classes(model, data.x_test)), elapsed


def cnn(seed: int, epochs: int = 6, augment=None) -> tuple[float, float]:
    """Lab 05: the reference network on all 60,000 digits; the time is that of the training."""
    lab, data = solution("lab05_cnn"), digits()
    x, y = data.x_train[..., None], data.y_train.astype(np.int64)
    model = lab.build_cnn()
    started = time.monotonic()
    lab.train(model, x, y, x[:500], y[:500], epochs=epochs, batch_size=64, augment=augment)
    elapsed = time.monotonic() - started
    return accuracy(model.predict(data.x_test[..., None], batch_size=500, verbose=0).argmax(axis=1)), elapsed


def augmented_cnn(seed: int) -> tuple[float, float]:
    """Lab 05: the same network for longer, on digits that are turned, moved and scaled anew in every epoch."""
    from labkit.augment import RandomAffine

    return cnn(seed, epochs=15, augment=RandomAffine(rotation=8, translation=1.5, zoom=0.08, seed=seed))


def pca_error(seed: int) -> float:
    """Lab 08: what PCA with 30 components loses of a test digit, summed over the pixels; no seed plays a part."""
    x_train, x_test = rows()
    mean, components = solution("lab08_autoencoder").pca(x_train, 30)
    return 784 * squared_error(mean + (x_test - mean) @ components.T @ components)


def linear_autoencoder(seed: int) -> float:
    """Lab 08: the error of 32 linear units after five epochs, compared with that of PCA."""
    lab, (x_train, x_test) = solution("lab08_autoencoder"), rows()
    mean, components = lab.pca(x_train, 32)
    model, _, _ = lab.build_linear_autoencoder(32)
    model.fit(x_train, x_train, batch_size=128, epochs=5, verbose=0)
    floor = squared_error(mean + (x_test - mean) @ components.T @ components)
    return squared_error(model.predict(x_test, batch_size=1000, verbose=0)) / floor


def deep_autoencoder(seed: int) -> tuple[float, float]:
    """Lab 08: 32 numbers, 60 seconds."""
    lab, (x_train, x_test) = solution("lab08_autoencoder"), rows()
    started = time.monotonic()
    model, _, _ = lab.best_autoencoder(x_train, code_size=32, seconds=60)
    elapsed = time.monotonic() - started
    return squared_error(model.predict(x_test, batch_size=1000, verbose=0)), elapsed


def denoiser(seed: int) -> float:
    """Lab 08: by how many decibels the denoiser raises the peak signal-to-noise ratio at noise of 0.4."""
    lab, (x_train, x_test) = solution("lab08_autoencoder"), rows()

    def psnr(images: np.ndarray) -> float:
        return float(np.mean(-10 * np.log10(np.mean((images - x_test) ** 2, axis=1))))

    model, noisy = lab.build_denoiser(), lab.add_noise(x_test, 0.4, 1000 + seed)
    model.fit(lab.add_noise(x_train, 0.4, seed), x_train, batch_size=128, epochs=5, verbose=0)
    return psnr(model.predict(noisy, batch_size=1000, verbose=0)) - psnr(noisy)


#: One line for each bar. The other labs' lines follow the order of the course.
ROWS = (
    Row("mlp", "MLP 512-256 in 20 s", mlp, bar=0.984, seconds=20),
    Row("cnn", "CNN, 6 epochs", cnn, bar=0.992, seconds=90),
    Row("augmented-cnn", "CNN, 15 epochs, augmented", augmented_cnn, bar=0.995),
    Row("pca", "PCA-30, squared error", pca_error, bar=13.867, at_most=True, show="{:.3f}"),
    Row(
        "linear-ae", "linear autoencoder / PCA-32", linear_autoencoder, bar=1.05, at_most=True, show="{:.3f}"
    ),
    Row("deep-ae", "deep autoencoder, code 32", deep_autoencoder, bar=0.0075, at_most=True, show="{:.5f}"),
    Row("denoiser", "denoiser, gain at 0.4, dB", denoiser, bar=6, show="{:.2f}"),
)


# --- what the rows share ----------------------------------------------------------------------------------------


@cache
def solution(name: str) -> ModuleType:
    """The functions of a reference solution, loaded by its path, without its exploring cells."""
    from labkit.lesson.submission import without_explore_cells

    path = SOLUTIONS / name / "lab.py"
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader=None))
    sys.modules[name] = module
    exec(compile(without_explore_cells(path.read_text(encoding="utf-8")), str(path), "exec"), vars(module))
    return module


@cache
def digits():
    """MNIST with images in [0, 1] as float32."""
    from labkit.data import load_mnist

    data = load_mnist()
    return data._replace(x_train=data.x_train / np.float32(255), x_test=data.x_test / np.float32(255))


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Training and test digits as rows of 784 pixels."""
    return digits().x_train.reshape(-1, 784), digits().x_test.reshape(-1, 784)


def squared_error(reconstructed: np.ndarray) -> float:
    """The mean squared error per pixel against the test digits."""
    return float(np.mean((reconstructed - rows()[1]) ** 2))


def accuracy(classes: np.ndarray) -> float:
    """The share of test digits that was read rightly."""
    return float(np.mean(classes == digits().y_test))


# --- the table ------------------------------------------------------------------------------------------------


def measure(row: Row, seeds: list[int]) -> bool:
    """Run a row once per seed, print each value and the mean, and say whether the bar is cleared."""
    import keras

    values, durations = [], []
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        started = time.monotonic()
        answer = row.run(seed)
        value, seconds = answer if isinstance(answer, tuple) else (answer, time.monotonic() - started)
        values.append(value)
        durations.append(seconds)
        print(f"    seed {seed}: {row.show.format(value)} in {seconds:.1f} s", file=sys.stderr, flush=True)
    mean, longest = statistics.mean(values), max(durations)
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    bar = f"{'≤' if row.at_most else '≥'} {row.show.format(row.bar)}"
    limit = f", ≤ {row.seconds:g} s" if row.seconds else ""
    good = row.clears(mean, longest)
    print(
        f"{row.title:28} {row.show.format(mean):>9} ± {row.show.format(spread):>7} {longest:6.1f} s   "
        f"{bar + limit:18} {'met' if good else 'MISSED'}",
        flush=True,
    )
    return good


def main() -> int:
    """Measure the wanted rows; exit status 1 while a bar is missed."""
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument(
        "--only", nargs="+", choices=names, metavar="ROW", help=f"only these: {', '.join(names)}"
    )
    options = parser.parse_args()

    import labkit

    labkit.accelerate()
    print(f"{'':28} {'mean':>9}   {'spread':>7} {'longest':>8}   {'bar':18}")
    wanted = [row for row in ROWS if options.only is None or row.name in options.only]
    return 0 if all([measure(row, options.seeds) for row in wanted]) else 1


if __name__ == "__main__":
    sys.exit(main())
