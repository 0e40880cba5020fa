"""Training that the trusted process does itself, from the description of a model.

Equal descriptions, data, settings and versions give equal weights, so they are trained once: in a process,
and, after `keep_in(folder)`, among all processes that keep their trainings in that folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np

from labkit.worker import ModelSpec, models, wire

try:
    import fcntl
except ImportError:  # Windows: two processes may then both train, with the same result
    fcntl = None

MAX_TRAINING = 4_000_000_000_000  # operations for one sample times samples times epochs: some minutes
MOST_IN_MEMORY = 64  # trained models
MOST_ON_DISK = 1024**3  # bytes of them in the folder
_trained: OrderedDict[str, ModelSpec] = OrderedDict()
_folder: Path | None = None


def keep_in(folder: Path | None) -> None:
    """Keep trained models in a folder, too, to which nobody who is graded may write; None: in memory only."""
    global _folder
    _folder = folder


def trained(
    model: ModelSpec, x: np.ndarray, y: np.ndarray, epochs: int, batch_size: int = 128, seed: int = 0
) -> ModelSpec:
    """The model after training with its own compile settings, from its own weights.

    Raises ValueError, with a sentence for the student, where the model cannot be rebuilt or does not take
    the data.
    """
    if models.operations(model) * len(x) * epochs > MAX_TRAINING:
        raise ValueError("the model is too large to be trained in a few minutes; make it smaller")
    key = _content(model, x, y, epochs, batch_size, seed)
    if key not in _trained:
        with _alone(key):
            kept = _read(key)
            _trained[key] = kept or _train(model, x, y, epochs, batch_size, seed)
            if kept is None:
                _write(key, _trained[key])
        if len(_trained) > MOST_IN_MEMORY:
            _trained.popitem(last=False)
    _trained.move_to_end(key)
    return _trained[key]


def _content(model: ModelSpec, x: np.ndarray, y: np.ndarray, *settings: int) -> str:
    digest = hashlib.sha256(wire.encode(models.to_wire(models.replace(model, handle=None))))
    for array in (x, y):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    versions = [metadata.version(name) for name in ("labkit", "keras", "tensorflow", "numpy")]
    digest.update(repr((settings, versions, platform.machine(), _code())).encode())
    return digest.hexdigest()


@cache
def _code() -> str:
    """A digest of what trains, which may change without another version of labkit."""
    here = Path(__file__)
    digest = hashlib.sha256(here.read_bytes())
    for path in sorted((here.parent.parent / "training").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _train(
    model: ModelSpec, x: np.ndarray, y: np.ndarray, epochs: int, batch_size: int, seed: int
) -> ModelSpec:
    import keras

    import labkit

    keras.utils.set_random_seed(seed % 2**31)
    live = model.rebuild()
    try:
        labkit.fit(live, x, y, epochs=epochs, batch_size=batch_size, verbose=0)
    except Exception as error:  # Keras refuses data and settings in many ways
        raise ValueError(f"the model cannot be trained: {str(error).strip()[:300]}") from None
    return models.describe(live)


# --- on disk ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _alone(key: str) -> Iterator[None]:
    """Let other processes that want the same training wait for this one."""
    if _folder is None or fcntl is None:
        yield
        return
    try:
        _folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(_folder / f"{key}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # a full or read-only disk costs the time of training again, nothing else
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(key: str) -> ModelSpec | None:
    """What was kept, or None: where there is nothing, and where the file is damaged."""
    if _folder is None:
        return None
    try:
        data = (_folder / f"{key}.model").read_bytes()
        if hashlib.sha256(data[32:]).digest() != data[:32]:
            return None
        kept = models.from_wire(wire.decode(data[32 + 8 :]))
        os.utime(_folder / f"{key}.model")  # now the one that was used last
        return None if kept.problem else kept
    except (OSError, wire.WireError):
        return None


def _write(key: str, model: ModelSpec) -> None:
    if _folder is None:
        return
    path, beside = _folder / f"{key}.model", _folder / f".{key}.{os.getpid()}"
    frame = wire.encode(models.to_wire(models.replace(model, handle=None)))
    try:
        beside.write_bytes(hashlib.sha256(frame).digest() + frame)
        os.replace(beside, path)
        _forget_oldest()
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()


def _forget_oldest() -> None:
    """Remove those that were not used for longest, where there is too much. Raises OSError."""
    found = [(path.stat(), path) for path in _folder.glob("*.model")]
    size = sum(status.st_size for status, _ in found)
    for status, path in sorted(found, key=lambda pair: pair[0].st_mtime_ns):
        if size <= MOST_ON_DISK:
            return
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)  # who waits for it trains, at worst a second time
        size -= status.st_size
