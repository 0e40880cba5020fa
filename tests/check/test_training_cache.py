"""What the grader trains itself, it trains once: in a process and between processes, with equal results."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from labkit.check import training
from labkit.worker import models

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int64")


@pytest.fixture
def spec():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return models.describe(model)


@pytest.fixture
def folder(tmp_path):
    """Trainings kept on disk; each test begins as a new process does, with nothing in memory."""
    forget()
    with training.keeping_in(tmp_path / "trainings"):
        yield tmp_path / "trainings"


@pytest.fixture
def trainings(monkeypatch):
    """The epochs of each training that really took place."""
    done, real = [], training._train
    monkeypatch.setattr(training, "_train", lambda *arguments: done.append(arguments[3]) or real(*arguments))
    return done


def forget():
    kept = training._current.get()
    if kept is not None:
        kept.memory.clear()
    training._kept(None).memory.clear()


def same(a, b) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a.weights, b.weights, strict=True))


def test_what_was_kept_equals_what_is_trained_afresh(spec, folder, trainings):
    first = training.trained(spec, X, Y, epochs=2)
    forget()
    kept = training.trained(spec, X, Y, epochs=2)
    assert trainings == [2]
    with training.keeping_in(None):
        fresh = training.trained(spec, X, Y, epochs=2)
    assert trainings == [2, 2]
    assert same(first, kept) and same(kept, fresh) and not same(kept, spec)
    assert kept.compile == fresh.compile and kept.layers[0].arguments == fresh.layers[0].arguments


@pytest.mark.parametrize(
    "change",
    [{"epochs": 3}, {"batch_size": 8}, {"seed": 1}, {"y": 1 - Y}, {"x": X + 1}],
    ids=lambda change: next(iter(change)),
)
def test_whatever_differs_is_trained_on_its_own(spec, folder, trainings, change):
    settings = {"x": X, "y": Y, "epochs": 2}
    training.trained(spec, **settings)
    training.trained(spec, **settings | change)
    assert len(trainings) == 2


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None], ids=["empty", "garbage", "one bit"])
def test_a_damaged_file_is_trained_again(spec, folder, trainings, damage):
    first = training.trained(spec, X, Y, epochs=2)
    (path,) = folder.glob("*.model")
    whole = path.read_bytes()
    path.write_bytes(damage if damage is not None else whole[:-1] + bytes([whole[-1] ^ 1]))
    forget()
    assert same(training.trained(spec, X, Y, epochs=2), first)
    assert len(trainings) == 2 and path.read_bytes() == whole


def test_a_disk_that_takes_nothing_costs_no_verdict(spec, folder, monkeypatch):
    folder.parent.joinpath("trainings").write_text("a file where the folder should be")
    assert not same(training.trained(spec, X, Y, epochs=1), spec)


def test_the_folder_keeps_what_was_used_last(spec, folder, trainings, monkeypatch):
    training.trained(spec, X, Y, epochs=1)
    (first,) = folder.glob("*.model")
    monkeypatch.setattr(training, "MOST_ON_DISK", int(2.5 * first.stat().st_size))
    training.trained(spec, X, Y, epochs=2)
    for path in folder.glob("*.model"):
        os.utime(path, (1, 1 if path == first else 2))
    forget()
    training.trained(spec, X, Y, epochs=1)  # used again
    training.trained(spec, X, Y, epochs=3)
    assert trainings == [1, 2, 3]
    assert len(list(folder.glob("*.model"))) == len(list(folder.glob("*.lock"))) == 2
    forget()
    training.trained(spec, X, Y, epochs=1)
    training.trained(spec, X, Y, epochs=3)
    assert trainings == [1, 2, 3]
    training.trained(spec, X, Y, epochs=2)
    assert trainings == [1, 2, 3, 2]


def test_several_processes_train_once(folder):
    code = (
        "import sys; from pathlib import Path\n"
        "sys.path.insert(0, '.')\n"
        "import keras\n"
        "from labkit.check import training\n"
        "from labkit.worker import models\n"
        "from tests.check.test_training_cache import X, Y\n"
        "real = training._train\n"
        "training._train = lambda *a: print('trained', flush=True) or real(*a)\n"
        "keras.utils.set_random_seed(1)\n"
        "model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, 'softmax')])\n"
        "model.compile('adam', 'sparse_categorical_crossentropy')\n"
        "with training.keeping_in(Path(sys.argv[1])):\n"
        "    training.trained(models.describe(model), X, Y, epochs=2)\n"
    )
    command = [sys.executable, "-c", code, str(folder)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert "".join(said).count("trained") == 1
