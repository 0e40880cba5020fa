"""A submission, loaded and ready to be called.

The same session runs in the worker, for a student's file, and inside the trusted process, for the
reference and the known mistakes, so that all of them answer in exactly the same way. What comes in has been
revived by `objects`, and what goes out is to be sent with its help.
"""

from __future__ import annotations

import builtins
import difflib
import inspect
import linecache
import random
import sys
import time
import traceback
import types
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import labkit
from labkit import lazy
from labkit.worker.arguments import Arguments, defaults
from labkit.worker.messages import NO_MNIST, plain, readable
from labkit.worker.objects import Objects
from labkit.worker.patience import TooSlow, at_most, waiting
from labkit.worker.source import read_source
from labkit.worker.whereabouts import where_answered, where_missing, where_unknown

MODULE = "lab"  # the name under which a submission lives, so that `from lab import softmax` works


def warm() -> None:
    """Import Keras into this process, silently, with the training of labkit in place of its own."""
    lazy.load_keras()
    labkit.accelerate()


@cache
def first_operation() -> None:
    """Have TensorFlow start what it computes with, which takes a while; this process cannot fork any more."""
    import keras

    keras.layers.Dense(1)(np.zeros((1, 1), np.float32))


class Session:
    """Loads cells of source code and calls the functions that they define."""

    def __init__(self):
        self.module = types.ModuleType(MODULE)
        self.objects = Objects()
        self._cells: list = []
        self._unrun: list = []
        self._label: Callable[[str], str] = str  # what messages call a file whose code answers
        #: Says something to whoever asked, before the answer, and returns what it gets back; None where that cannot be.
        self.say: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
        self._tells = False  # how far a training is

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request; `verb` chooses the method and the other keys are its arguments."""
        self.objects.begin()
        request = dict(request)
        return self._verbs()[request.pop("verb")](**request)

    def _verbs(self) -> dict[str, Callable[..., dict]]:
        return {
            "load": self.load,
            "begin": self.begin,
            "warm": self.warm,
            "call": self.call,
            "defaults": self.defaults,
            "hold": self.hold,
            "fetch": self.fetch,
            "assign": self.assign,
        }

    # --- loading -------------------------------------------------------------------------------------------

    def load(
        self, cells: list, unrun: list | None = None, seconds: float | None = None, skip: list | None = None
    ) -> dict[str, Any]:
        """Run the cells, `[label, source]` each, in a new module called `lab`. A source may be its bytes in UTF-8.

        A cell runs statement by statement: one that raises is noted and the next one runs, so that one
        broken line does not take every other answer with it. A cell with a third part, a name, runs in a
        module of that name of its own. Cells in `unrun` are there to be read, where a name is missing.

        A statement that takes more than `seconds` is stopped, and one of `skip`, `[label, line]` each, is left out.
        Returns notes, the names of the functions, the statements that were stopped as `slow`, and `fatal`, the
        sentence of a syntax error that left nothing to run.
        """
        self.objects.clear()
        self.module = _new_module(MODULE)
        cells, unrun = _as_text(cells), _as_text(unrun or [])
        self._cells, self._unrun = cells, unrun
        notes: list[str] = []
        problems: list[str] = []
        slow: list[list] = []
        ran = False
        pace = _Pace(seconds, {(label, line) for label, line in skip or []}, slow)
        for label, text, *own_module in cells:
            linecache.cache[label] = (len(text), None, text.splitlines(keepends=True), label)
            source = read_source(label, text)
            notes += source.notes
            problems += source.problems
            ran = ran or source.tree is not None
            module = _new_module(own_module[0]) if own_module else self.module
            notes += _run(label, source.statements, module, pace)
        functions = sorted(
            n for n, value in vars(self.module).items() if isinstance(value, types.FunctionType)
        )
        fatal = None if ran or not problems else problems[0]
        return {"notes": notes + problems, "functions": functions, "fatal": fatal, "slow": slow}

    def adopt(self, module: types.ModuleType, cells: list, label: Callable[[str], str]) -> None:
        """Answer with what a module holds already. `cells` are what it came from; `label` names a file of it."""
        self.module, self._cells, self._label = module, cells, label

    # --- calling -------------------------------------------------------------------------------------------

    def begin(self, seed: int) -> dict[str, Any]:
        """Forget what was held and seed every random generator, so that a check repeats exactly."""
        self.objects.clear()
        random.seed(seed)
        np.random.seed(seed % 2**32)
        if lazy.is_loaded("keras"):
            import keras

            # layer names count from one again, so that error messages repeat, too
            keras.utils.clear_session(free_memory=False)
            keras.utils.set_random_seed(seed % 2**31)
        return {"status": "ready"}

    def warm(self) -> dict[str, Any]:
        """Have Keras ready, so that no call pays for its import."""
        warm()
        first_operation()
        from labkit.training import epochs

        epochs.heard = self._tell
        return {"status": "ready"}

    def call(
        self,
        function: str,
        args: list,
        kwargs: dict,
        seconds: float | None = None,
        wall: float | None = None,
        lent: list | None = None,
        tells: bool = False,
    ) -> dict[str, Any]:
        """Call a function of the submission; the answer says what happened, and with `answered` the value.

        After so many `seconds` of work, or `wall` seconds, it is stopped; where it is then is said. What it calls of
        the functions that are `lent` is answered by whoever asked. With `tells`, how far a training is will be said.
        """
        self._tells = tells
        own = {name: vars(self.module)[name] for name in lent or () if name in vars(self.module)}
        vars(self.module).update({name: self._stub(name) for name in lent or ()})
        try:
            return self._called(function, args, kwargs, seconds, wall)
        finally:
            for name in lent or ():
                vars(self.module).pop(name, None)
            vars(self.module).update(own)

    def _called(
        self, function: str, args: list, kwargs: dict, seconds: float | None, wall: float | None
    ) -> dict[str, Any]:
        target = vars(self.module).get(function)
        if target is None or not callable(target):
            return self._missing(function, target)
        given = Arguments(target, args, kwargs)
        try:
            with at_most(seconds, wall):
                value = target(*args, **kwargs)
        except NotImplementedError as error:
            by = self._raised_by(error, function)
            where = where_answered(by, self._cells, self._unrun)
            return {"status": "not_attempted", "message": readable(error), "by": by, "where": where}
        except TooSlow as stopped:
            return {"status": "slow", "reason": stopped.reason, **self._place(stopped)}
        except BaseException as error:
            return {"status": "raised", **self._account(error), **self._unknown(error)}
        return self._answered(value) | {"changed": given.changed()}

    def _stub(self, name: str) -> Callable[..., Any]:
        """Stands for a function of the submission, and asks for its answer."""

        def stub(*args: Any, **kwargs: Any) -> Any:
            asked = {"status": "asks", "function": name, "args": list(args), "kwargs": kwargs}
            with waiting():
                reply = self.say(asked) if self.say is not None else None
            if reply is None or reply.get("status") != "answered":
                raise RuntimeError(f"{name} cannot be lent for these arguments")
            return reply["value"]

        return stub

    def _tell(self, epoch: int, epochs: int) -> None:
        if self._tells and self.say is not None:
            self.say({"status": "epoch", "epoch": epoch, "epochs": epochs})

    def defaults(self, function: str) -> dict[str, Any]:
        """What a function takes where nothing is said, for each parameter: [value], or [] where it must be said."""
        return {"status": "answered", "value": defaults(vars(self.module).get(function))}

    def _missing(self, function: str, target: Any) -> dict[str, Any]:
        named = [name for name, value in vars(self.module).items() if callable(value)]
        similar = difflib.get_close_matches(function, named, n=1, cutoff=0.7)
        where = where_missing(function, self._cells, self._unrun)
        if where is not None and where["how"] == "taken":
            where["of"] = type(target).__name__[:100]
        return {"status": "missing", "similar": similar[0] if similar else None, "where": where}

    def _unknown(self, error: BaseException) -> dict[str, Any]:
        """The name that was not known, and where it is given all the same."""
        name = error.name if isinstance(error, NameError) else None
        if not isinstance(name, str) or hasattr(builtins, name):
            return {"unknown": None, "where": None}
        return {"unknown": name[:100], "where": where_unknown(name, self._cells, self._unrun)}

    def _account(self, error: BaseException) -> dict[str, Any]:
        """Type, message and the innermost place in the submission's own code."""
        place = self._place(error)
        message = plain(_suggesting(error)) or readable(error)
        return {"type": type(error).__name__[:100], "message": message, **place}

    def _place(self, error: BaseException) -> dict[str, Any]:
        """The innermost place in the submission's own code, and what stands there."""
        for frame in reversed(self._frames(error)):
            name, line = frame.tb_frame.f_code.co_filename, frame.tb_lineno
            return {
                "place": self._label(name),
                "line": line,
                "text": linecache.getline(name, line).strip()[:200],
            }
        return {"place": None, "line": None, "text": ""}

    def _raised_by(self, error: BaseException, function: str) -> str:
        """The function of the submission in which it was raised."""
        names = [frame.tb_frame.f_code.co_name for frame in self._frames(error)]
        return names[-1][:100] if names and names[-1].isidentifier() else function

    def _frames(self, error: BaseException) -> list[types.TracebackType]:
        """The places in the submission's own code, the innermost last."""
        found, frame, own = [], error.__traceback__, vars(self.module).get("__name__")
        while frame is not None:
            name = frame.tb_frame.f_code.co_filename
            if frame.tb_frame.f_globals.get("__name__") == own and name in linecache.cache:
                found.append(frame)
            frame = frame.tb_next
        return found

    def hold(self, value: Any) -> dict[str, Any]:
        """Keep an argument here and answer with its handle."""
        return {"status": "answered", "value": self.objects.keep(value)}

    def fetch(self, held: Any) -> dict[str, Any]:
        """The present state of what is held."""
        return self._answered(held)

    def assign(self, held: Any, weights: list[np.ndarray]) -> dict[str, Any]:
        """Give a model that is held here other weights."""
        held.set_weights(weights)
        return {"status": "answered", "value": None}

    def _answered(self, value: Any) -> dict[str, Any]:
        if isinstance(value, np.generic):  # a number with a dtype is an array without axes
            value = np.asarray(value)
        # what was converted is known when the value has been written, which is before the list is
        return {"status": "answered", "value": value, "converted": self.objects.converted}


# --- running -----------------------------------------------------------------------------------------------


def _as_text(cells: list) -> list:
    return [
        [label, code if isinstance(code, str) else code.tobytes().decode("utf-8", "replace"), *rest]
        for label, code, *rest in cells
    ]


class _Shell:
    """What a script that was exported from a notebook asks for: nothing is done."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: None


def _new_module(name: str) -> types.ModuleType:
    sys.modules[name] = module = types.ModuleType(name)
    module.__dict__.update({"display": print, "get_ipython": _Shell})  # as in a notebook
    return module


class _Pace:
    """How long statements may take: `most` seconds each, less when the file as a whole has taken long."""

    def __init__(self, most: float | None, skip: set[tuple[str, int]], slow: list[list]):
        self.most, self.skip, self.slow = most, skip, slow
        self.began = time.process_time()

    @property
    def seconds(self) -> float | None:
        if self.most is None:
            return None
        return min(self.most, max(self.most / 10, 4 * self.most - (time.process_time() - self.began)))


def _run(label: str, statements: tuple, module: types.ModuleType, pace: _Pace) -> list[str]:
    notes = []
    for line, code in statements:
        if (label, line) in pace.skip:
            notes.append(_took_too_long(label, line, pace))
            continue
        try:
            with at_most(pace.seconds):
                _execute(code, vars(module))
        except TooSlow:
            pace.slow.append([label, line])
            notes.append(_took_too_long(label, line, pace))
        except BaseException as error:  # SystemExit too: a file may end with exit()
            notes.append(f"{label}, line {line}: {_sentence(error).rstrip('.')}; the rest was still run.")
    return notes


def _execute(code: types.CodeType, namespace: dict[str, Any]) -> None:
    if code.co_flags & inspect.CO_COROUTINE:  # an `await` outside of functions, as notebooks have it
        import asyncio

        asyncio.run(eval(code, namespace))
    else:
        exec(code, namespace)


def _took_too_long(label: str, line: int, pace: _Pace) -> str:
    return (
        f"{label}, line {line}: this takes more than {pace.most:g} seconds, and was left out; the rest was still run. "
        'Trials belong into an exploring cell, which begins with `# %% tags=["explore"]`.'
    )


# --- exceptions of the code under test ---------------------------------------------------------------------


def _suggesting(error: BaseException) -> str:
    """What Python says of an unknown name, with the one that may be meant; nothing of other exceptions."""
    if type(error) not in (NameError, UnboundLocalError, AttributeError):
        return ""
    try:
        [*_, line] = traceback.TracebackException.from_exception(error, limit=1).format_exception_only()
        return line.partition(": ")[2].strip()
    except BaseException:  # of an object of the submission, while its names are read
        return ""


def _sentence(error: BaseException) -> str:
    message = readable(error)
    if message == NO_MNIST:
        return message
    if isinstance(error, ModuleNotFoundError):
        message += " (one file is graded: what it imports must be installed, or stand in it)"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
