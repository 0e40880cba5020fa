"""What a check is written with.

A check is a function in a lab's `test_lab.py`, run by the trusted process. It asks for what it needs by the names
of its arguments, `student`, `reference`, `rng` and `mnist`, and says with `expect` what must hold of the answers.
"""

from labkit.check import expect, measured
from labkit.check.catalogue import misconception, variant
from labkit.check.marks import hidden, limit, needs, points, question, uses
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
]
