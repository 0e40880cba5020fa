"""A submission, loaded and ready to be called.

The same session runs in the worker, for a student's file, and inside the trusted process, for the
reference and the known mistakes, so that all of them answer in exactly the same way. What comes in has been
revived by `objects`, and what goes out is to be sent with its help.
"""

from __future__ import annotations
import __future__

import ast
import difflib
import linecache
import random
import re
import sys
import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

import labkit
from labkit import lazy
from labkit.worker.objects import Objects

MODULE = "lab"  # the name under which a submission lives, so that `from lab import softmax` works
NO_MNIST = (  # its file holds the labels of the test set
    "MNIST cannot be read while code is graded, where functions get their digits as arguments: load it in an "
    'exploring cell, which begins with `# %% tags=["explore"]`'
)
_MAGIC = re.compile(r"^\s*(?:[%!].*|\?.*|[\w.]+\s*=\s*[%!].*|[\w.]+\?{1,2})\s*$")
_CELL_MAGICS_WITH_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")


def warm() -> None:
    """Import Keras into this process, silently, with the training of labkit in place of its own."""
    lazy.load_keras()
    labkit.accelerate()


class Session:
    """Loads cells of source code and calls the functions that they define."""

    def __init__(self):
        self.module = types.ModuleType(MODULE)
        self.objects = Objects()

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
            "hold": self.hold,
            "fetch": self.fetch,
            "assign": self.assign,
        }

    # --- loading -------------------------------------------------------------------------------------------

    def load(self, cells: list) -> dict[str, Any]:
        """Run the cells, `[label, source]` each, in a new module called `lab`.

        A cell runs statement by statement: one that raises is noted and the next one runs, so that one
        broken line does not take every other answer with it. A cell with a third part, a name, runs in a
        module of that name of its own. Returns notes, the names of the functions and `fatal`, the sentence
        of a syntax error that left nothing to run.
        """
        self.objects.clear()
        self.module = _new_module(MODULE)
        notes, unreadable = [], []
        for label, source, *own_module in cells:
            linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
            statements, note, problem = _compiled(label, source)
            notes += [note] if note else []
            unreadable += [problem] if problem else []
            module = _new_module(own_module[0]) if own_module else self.module
            notes += _run(label, statements, module)
        fatal = unreadable[0] if len(unreadable) == len(cells) and cells else None
        functions = sorted(
            n for n, value in vars(self.module).items() if isinstance(value, types.FunctionType)
        )
        return {"notes": notes + unreadable, "functions": functions, "fatal": fatal}

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
        return {"status": "ready"}

    def call(self, function: str, args: list, kwargs: dict) -> dict[str, Any]:
        """Call a function of the submission; the answer says what happened, and with `answered` the value."""
        target = vars(self.module).get(function)
        if target is None or not callable(target):
            named = [name for name, value in vars(self.module).items() if callable(value)]
            similar = difflib.get_close_matches(function, named, n=1, cutoff=0.7)
            return {"status": "missing", "similar": similar[0] if similar else None}
        try:
            value = target(*args, **kwargs)
        except NotImplementedError as error:
            return {"status": "not_attempted", "message": _message(error)}
        except BaseException as error:
            return {"status": "raised", **_account(error)}
        return self._answered(value)

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


# --- source text -------------------------------------------------------------------------------------------


def _new_module(name: str) -> types.ModuleType:
    sys.modules[name] = module = types.ModuleType(name)
    module.__dict__.update({"display": print, "get_ipython": lambda: None})  # as in a notebook
    return module


def _run(label: str, statements: tuple, module: types.ModuleType) -> list[str]:
    notes = []
    for line, code in statements:
        try:
            exec(code, vars(module))
        except BaseException as error:  # SystemExit too: a file may end with exit()
            sentence = NO_MNIST if "mnist.npz" in str(error) else _sentence(error).rstrip(".")
            notes.append(f"{label}, line {line}: {sentence}; the rest was still run.")
    return notes


@lru_cache(maxsize=256)  # the reference and the known mistakes are loaded again and again
def _compiled(label: str, source: str) -> tuple[tuple, str | None, str | None]:
    """The cell's statements as (line, code), a note, and the sentence of a syntax error."""
    tree, note = _parse(label, source)
    if tree is None:
        return (), None, note
    flags = __future__.annotations.compiler_flag
    try:
        codes = tuple(
            (node.lineno, compile(ast.Module([node], []), label, "exec", flags=flags, dont_inherit=True))
            for node in tree.body
        )
    except (
        SyntaxError,
        ValueError,
        RecursionError,
        MemoryError,
    ) as error:  # such as `return` outside a function
        return (), None, _syntax_sentence(label, error)
    return codes, note, None


def _parse(label: str, source: str) -> tuple[ast.Module | None, str | None]:
    """The cell's tree and a note; no tree when it cannot be read even without its notebook magics."""
    try:
        return ast.parse(source, label), None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        first_error = error
    plain, dropped = _without_magics(source)
    if dropped:
        try:
            return ast.parse(
                plain, label
            ), f"{label}: left out {', '.join(dropped)}, which only a notebook runs."
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            first_error = error
    return None, _syntax_sentence(label, first_error)


def _without_magics(source: str) -> tuple[str, list[str]]:
    lines = source.splitlines()
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(_CELL_MAGICS_WITH_PYTHON):
        return "", [first[:40]]
    dropped = [line.strip()[:40] for line in lines if _MAGIC.match(line)]
    # `pass` keeps an indented block that held nothing but a magic alive
    plain = [re.sub(r"\S.*", "pass", line) if _MAGIC.match(line) else line for line in lines]
    return "\n".join(plain) + "\n", dropped


def _syntax_sentence(label: str, error: Exception) -> str:
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return f"{label} cannot be read as Python: {_sentence(error)}"
    text = (error.text or "").rstrip("\n")[:200]
    stripped = text.lstrip()
    column = max((error.offset or 1) - 1 - (len(text) - len(stripped)), 0)
    return f"{label}, line {error.lineno}: {type(error).__name__}: {error.msg}\n    {stripped}\n    {' ' * column}^"


# --- exceptions of the code under test ---------------------------------------------------------------------


def _message(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except BaseException:  # __str__ is the student's too
        return ""


def _sentence(error: BaseException) -> str:
    message = _message(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _account(error: BaseException) -> dict[str, Any]:
    """Type, message and the innermost place in the submission's own code."""
    place = line = None
    frame = error.__traceback__
    while frame is not None:
        name = frame.tb_frame.f_code.co_filename
        if frame.tb_frame.f_globals.get("__name__") == MODULE and name in linecache.cache:
            place, line = name, frame.tb_lineno
        frame = frame.tb_next
    text = linecache.getline(place, line).strip()[:200] if place else ""
    return {
        "type": type(error).__name__[:100],
        "message": _message(error),
        "place": place,
        "line": line,
        "text": text,
    }
