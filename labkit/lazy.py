"""Heavy libraries that load when they are first touched, and without their start-up noise.

`import keras` at the top of a lab takes seconds and prints to the terminal. After `install()` the same
line costs nothing; the real import happens, silently, when the first attribute is read. Grading a
numpy question therefore never waits for TensorFlow, in the grader or in the worker.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import sys
import threading
import types
import warnings
from contextlib import contextmanager

LIBRARIES = ("keras", "tensorflow")


@contextmanager
def silence():
    """Send file descriptor 2 to nowhere: TensorFlow's C++ start-up messages bypass sys.stderr."""
    sys.stderr and sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # a process without standard error has nothing to silence
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


@contextmanager
def uncollected():
    """Meanwhile, look for no garbage: of what is made, much stays. A quarter of the time of importing Keras."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class _Lazy(types.ModuleType):
    """Stands for a library until somebody reads an attribute of it.

    importlib's own LazyLoader does not serve: up to Python 3.11 the import statement itself reads
    `__spec__` and so triggers it. Here `__getattr__` only sees what the module does not have yet.
    """

    def __getattr__(self, name: str):
        if name.startswith("__") and name not in ("__path__", "__version__", "__all__"):
            raise AttributeError(name)
        return getattr(_really_import(self.__name__), name)


def _really_import(name: str) -> types.ModuleType:
    if isinstance(sys.modules.get(name), _Lazy):
        del sys.modules[name]
    if name in sys.modules or threading.current_thread() is not threading.main_thread():
        return importlib.import_module(name)  # descriptor 2 belongs to the whole process
    with silence(), uncollected(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


class _KerasOfTensorFlow:
    """Finds `tensorflow.keras` and what is in it: TensorFlow itself adds it only once it has been imported for real."""

    @staticmethod
    def find_spec(name: str, path=None, target=None):
        if name != "tensorflow.keras" and not name.startswith("tensorflow.keras."):
            return None
        return importlib.util.spec_from_loader(name, _KerasOfTensorFlow)  # type: ignore[arg-type]  # a class will do

    @staticmethod
    def create_module(spec):
        _really_import("tensorflow")
        if spec.name in sys.modules:  # imported meanwhile
            return sys.modules[spec.name]
        return importlib.import_module(spec.name.replace("tensorflow.keras", "keras._tf_keras.keras", 1))

    @staticmethod
    def exec_module(module) -> None:
        """It has been executed under its own name."""


def install() -> None:
    """Make the heavy libraries lazy for this process; those already imported stay as they are."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in LIBRARIES:
        if name not in sys.modules:
            sys.modules[name] = _Lazy(name)
    if _KerasOfTensorFlow not in sys.meta_path:
        sys.meta_path.append(_KerasOfTensorFlow)


def is_loaded(name: str) -> bool:
    """Whether the library has really been imported, not only put in place by `install`."""
    return f"{name}.src" in sys.modules if name == "keras" else f"{name}.python" in sys.modules


def load_keras():
    """Import Keras for real, silently, and return it."""
    install()
    return _really_import("keras")
