"""A tiny example of a function, so small that it can be worked out by hand, with one's own answer beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np


def example(function: Callable, *arguments: Any, gives: Any, **named: Any) -> str:
    """A call in words, to be printed: each argument, what should come of it, and what the function answers.

    gives : what should come, an array, a number or a text; for several answers a tuple
    """
    names = list(inspect.signature(function).parameters)
    rows = [*zip(names, arguments, strict=False), *named.items(), ("should be", gives)]
    try:
        answer = function(*map(_copied, arguments), **{name: _copied(value) for name, value in named.items()})
    except NotImplementedError:
        rows.append(("yours", _Words("not written yet")))
    except Exception as error:  # whatever the student's code does
        rows.append(("yours ✗", _Words(f"raises {type(error).__name__}: {error}")))
    else:
        rows.append((f"yours {'✓' if _agree(answer, gives) else '✗'}", answer))
    wide = max(len(name) for name, _ in rows) + 2
    return "\n".join([f"{function.__name__}:", *(_row(f"    {name:{wide}}", value) for name, value in rows)])


class _Words(str):
    """Words that are shown without quotes."""


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _row(start: str, value: Any) -> str:
    if isinstance(value, tuple) and value:
        first, *others = value
        blank = " " * len(start)
        return "\n".join([_row(start, first), *(_row(blank, part) for part in others)])
    if isinstance(value, str):
        return start + (value if isinstance(value, _Words) else repr(value))
    if isinstance(value, dict):
        return start + ", ".join(_row(f"{key} ", part) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return f"{start}[{', '.join(_row('', part) for part in value)}]"
    if not hasattr(value, "shape") or np.shape(value) == ():
        return start + (f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value))
    start += f"{np.shape(value)!s:10} "
    look: dict[str, Any] = {"precision": 4, "suppress_small": True, "threshold": 100, "edgeitems": 2}
    text = np.array2string(np.asarray(value), max_line_width=96 - len(start), **look)
    return start + text.replace("\n", "\n" + " " * len(start))


def _agree(answer: Any, gives: Any) -> bool:
    """Whether the answer is what should come, to the digits in which that is written down."""
    if isinstance(gives, tuple):
        return (
            isinstance(answer, (tuple, list))
            and len(answer) == len(gives)
            and all(map(_agree, answer, gives))
        )
    if isinstance(gives, dict):
        return (
            isinstance(answer, dict)
            and answer.keys() == gives.keys()
            and all(_agree(answer[key], gives[key]) for key in gives)
        )
    if isinstance(gives, str):
        return bool(isinstance(answer, str) and answer == gives)
    try:
        a, b = np.asarray(answer, complex), np.asarray(gives, complex)
    except (TypeError, ValueError):
        return False
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=2e-3, atol=1e-4))
