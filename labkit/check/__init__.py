"""What a check is written with.

A check is a function in a lab's `test_lab.py`, run by the trusted process. It asks for what it needs by the names
of its arguments, `student`, `reference`, `rng` and `mnist`, and says with `expect` what must hold of the answers.

The room itself can be called: `labkit.check("1.3")` in a cell, see `labkit.interactive`.
"""

import sys
from importlib import import_module
from types import ModuleType

from labkit.check import expect, measured
from labkit.check.catalogue import misconception, variant
from labkit.check.marks import hidden, limit, needs, points, question, uses, written
from labkit.check.measure import accuracy, cross_entropy, outputs, renamed, training_cost

__all__ = [
    "accuracy",
    "cross_entropy",
    "expect",
    "hidden",
    "limit",
    "measured",
    "misconception",
    "needs",
    "outputs",
    "points",
    "question",
    "renamed",
    "training_cost",
    "uses",
    "variant",
    "written",
]


class _Callable(ModuleType):
    def __call__(self, question: str = "", lab: str | None = None) -> None:
        import_module("labkit.interactive").check(question, lab)


sys.modules[__name__].__class__ = _Callable
