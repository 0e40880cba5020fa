"""Functions as they live in this process: in a notebook's kernel, or where an editor runs the cells of a script.

It is the student's own machine, and the student's own code: nothing is isolated. The functions are called where they
are, with everything that they need as it is at this moment; what they were last given stays theirs alone.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import random
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from labkit import lazy
from labkit.check.parties import Lend, stopped
from labkit.lesson.submission import without_explore_cells
from labkit.worker import Limits, Opaque, Plan, Session, WorkerFailed
from labkit.worker.launch import THREADS
from labkit.worker.objects import described
from labkit.worker.session import first_operation
from labkit.worker.tree import WireError, crossed


class Living:
    """The functions that a module holds, `__main__` where nothing else is said."""

    def __init__(self, module: types.ModuleType | None = None):
        self.module = module or sys.modules["__main__"]
        self.plan = Plan()
        self.cells = [[_label(name), _code(name)] for name in _files(self.module)]
        self.session = Session()
        self.session.adopt(self.module, self.cells, _label)
        self.session.say = self._said
        self._limits = Limits()
        self._printed = io.StringIO()
        self.lent: frozenset[str] = frozenset()  # nothing is
        self.lend: Lend | None = None
        self.hear: Callable[[int, int], None] | None = None

    def load(self) -> dict[str, Any]:
        """Nothing is to be loaded: everything is there."""
        return {"notes": [], "fatal": None}

    def begin(self, seed: int, seconds: float | None, keras: bool) -> None:
        """Prepare a check: Keras imported where it is used, seeds set, a limit for each call."""
        if keras:
            with lazy.silence():  # TensorFlow reports what graphics cards it does not find
                first_operation()
        # processor time, of which more is used where more cores compute than in grading
        cores = max(1.0, (os.cpu_count() or 1) / THREADS)
        self._limits = Limits(cores * (Limits().seconds if seconds is None else seconds))
        self.session.begin(seed)

    def ask(self, verb: str, **request: Any) -> dict[str, Any]:
        """The answer to one request. Raises WorkerFailed for a call without end, KeyboardInterrupt as it comes."""
        objects = self.session.objects
        request = crossed({"verb": verb, **request}, described, objects.revive)
        if verb == "call":
            mainly = threading.current_thread() is threading.main_thread()  # which alone has signals
            seconds, wall = (self._limits.seconds, self._limits.wall_seconds) if mainly else (None, None)
            request |= {"seconds": seconds, "wall": wall, "tells": self.hear is not None}
        with contextlib.redirect_stdout(self._printed):
            reply = self.session.handle(request)
        if reply.get("type") == KeyboardInterrupt.__name__:
            raise KeyboardInterrupt
        if reply.get("status") == "slow":
            raise WorkerFailed("time", stopped(self._limits.seconds, self._limits.wall_seconds, reply))
        if reply.get("status") == "missing" and reply["where"] is None:
            reply["where"] = {"how": "undefined", "place": "", "line": 0, "of": ""}
        try:
            return crossed(reply, objects.instead)
        except WireError as problem:
            value = Opaque("value", str(problem)[:200])
            return {"status": "answered", "value": value, "converted": [], "changed": []}

    def renew(self) -> None:
        """Nothing begins anew: this process is the student's."""

    def close(self) -> None:
        """Let go of what was held."""
        self.session.objects.clear()

    @property
    def output(self) -> str:
        """What was printed while functions were called."""
        return self._printed.getvalue()

    def _said(self, said: dict[str, Any]) -> None:
        """What is said while a call is made: how far a training is."""
        if self.hear is not None and said["status"] == "epoch":
            self.hear(said["epoch"], said["epochs"])


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Checks draw and train; afterwards random numbers, Keras' names and its `fit` go on as if none had been made."""
    state, numbers = random.getstate(), np.random.get_state()
    with _keras_undisturbed() if lazy.is_loaded("keras") else contextlib.nullcontext():
        try:
            yield
        finally:
            random.setstate(state)
            np.random.set_state(numbers)


@contextlib.contextmanager
def _keras_undisturbed() -> Iterator[None]:
    import keras
    import tensorflow as tf
    from keras.src.backend.common import global_state

    from labkit.training import epochs

    fit, heard = vars(keras.Model).get("fit"), epochs.heard
    names, settings = global_state.GLOBAL_STATE_TRACKER, global_state.GLOBAL_SETTINGS_TRACKER
    seed = random.getrandbits(31)
    try:
        yield
    finally:
        global_state.GLOBAL_STATE_TRACKER, global_state.GLOBAL_SETTINGS_TRACKER = names, settings
        tf.random.set_seed(seed)
        epochs.heard = heard
        if fit is not None:
            keras.Model.fit = fit
        elif "fit" in vars(keras.Model):
            del keras.Model.fit  # it was inherited, and is again


# --- where the functions come from -------------------------------------------------------------------------------


def _files(module: types.ModuleType) -> list[str]:
    """The files whose code the module's own functions are, or what a notebook has for files: a cell each."""
    own = (value for value in list(vars(module).values()) if isinstance(value, types.FunctionType))
    files = (function.__code__.co_filename for function in own if function.__module__ == module.__name__)
    return list(dict.fromkeys(files))


def _label(file: str) -> str:
    """What a file is called in messages: as Jupyter shows a cell, or by its name."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    named = getattr(getattr(shell, "compile", None), "format_code_name", lambda name: None)(file)
    return f"cell {named[1]}" if named else Path(file).name


def _code(file: str) -> str:
    return without_explore_cells("".join(linecache.getlines(file)))
