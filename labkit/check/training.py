"""Training that the trusted process does itself, from the description of a model.

Equal descriptions, data, settings and versions give equal weights, so they are trained once: in a process,
and, within `keeping_in(folder)`, among all processes that keep their trainings in that folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np

from labkit.files import write_atomically
from labkit.worker import ModelSpec, models, wire

try:
    import fcntl
except ImportError:  # Windows: two processes may then both train, with the same result
    fcntl = None  # type: ignore[assignment]

MAX_TRAINING = 4_000_000_000_000  # operations for one sample times samples times epochs: some minutes
MOST_IN_MEMORY = 64  # trained models
MOST_ON_DISK = 1024**3  # bytes of them in the folder


@contextlib.contextmanager
def keeping_in(folder: Path | None) -> Iterator[None]:
    """Meanwhile, keep trained models in a folder, too, where nobody who is graded may write; None: in memory only."""
    token = _current.set(_kept(folder))
    try:
        yield
    finally:
        _current.reset(token)


def trained(
    model: ModelSpec, x: np.ndarray, y: np.ndarray, epochs: int, batch_size: int = 128, seed: int = 0
) -> ModelSpec:
    """The model after training with its own compile settings, from its own weights.

    Raises ValueError, with a sentence for the student, where the model cannot be rebuilt or does not take
    the data.
    """
    if models.operations(model) * len(x) * epochs > MAX_TRAINING:
        raise ValueError("the model is too large to be trained in a few minutes; make it smaller")
    if problem := models.untrainable(model):
        raise ValueError(problem)
    kept = _current.get() or _kept(None)
    key = _content(model, x, y, epochs, batch_size, seed)
    return kept.get(key, lambda: _train(model, x, y, epochs, batch_size, seed))


def _content(model: ModelSpec, x: np.ndarray, y: np.ndarray, *settings: int) -> str:
    digest = hashlib.sha256(wire.encode(models.replace(model, handle=None)))
    for array in (x, y):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
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


# --- keeping ---------------------------------------------------------------------------------------------


class _Kept:
    """Trained models by their content: in memory, and in a folder that processes share."""

    def __init__(self, folder: Path | None):
        self.folder = folder
        self.memory: OrderedDict[str, ModelSpec] = OrderedDict()

    def get(self, key: str, train: Callable[[], ModelSpec]) -> ModelSpec:
        """What was kept under this key, or what comes of training, which is then kept."""
        if key not in self.memory:
            with self._alone(key):
                kept = self._read(key)
                self.memory[key] = kept or train()
                if kept is None:
                    self._write(key, self.memory[key])
            if len(self.memory) > MOST_IN_MEMORY:
                self.memory.popitem(last=False)
        self.memory.move_to_end(key)
        return self.memory[key]

    @contextlib.contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Let other processes that want the same training wait for this one."""
        if self.folder is None or fcntl is None:
            yield
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / f"{key}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:  # a full or read-only disk costs the time of training again, nothing else
            yield
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self, key: str) -> ModelSpec | None:
        """What was kept, or None: where there is nothing, and where the file is damaged."""
        if self.folder is None:
            return None
        path = self.folder / f"{key}.model"
        try:
            data = path.read_bytes()
            if hashlib.sha256(data[32:]).digest() != data[:32]:
                return None
            kept = wire.decode(data[32 + 8 :])
            os.utime(path)  # now the one that was used last
            return None if kept.problem else kept
        except (OSError, wire.WireError):
            return None

    def _write(self, key: str, model: ModelSpec) -> None:
        if self.folder is None:
            return
        frame = wire.encode(models.replace(model, handle=None))
        with contextlib.suppress(OSError):
            whole = hashlib.sha256(frame).digest() + frame  # so it need not be on the disk at once
            write_atomically(self.folder / f"{key}.model", whole, durable=False)
            _forget_oldest(self.folder)


@lru_cache(maxsize=4)
def _kept(folder: Path | None) -> _Kept:
    return _Kept(folder)


_current: ContextVar[_Kept | None] = ContextVar("trainings", default=None)


def _forget_oldest(folder: Path) -> None:
    """Remove those that were not used for longest, where there is too much. Raises OSError."""
    found = [(path.stat(), path) for path in folder.glob("*.model")]
    size = sum(status.st_size for status, _ in found)
    for status, path in sorted(found, key=lambda pair: pair[0].st_mtime_ns):
        if size <= MOST_ON_DISK:
            return
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)  # who waits for it trains, at worst a second time
        size -= status.st_size
