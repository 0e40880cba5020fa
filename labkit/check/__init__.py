"""What a check is written with.

A check is a pytest test in a lab's `test_lab.py`, run by the trusted process. It gets the fixtures
`student`, `reference`, `rng` and `mnist`, and says with `expect` what must hold of the answers.
"""

from labkit.check import expect
from labkit.check.catalogue import misconception, variant
from labkit.check.marks import hidden, limit, needs, points, question, uses

__all__ = ["expect", "hidden", "limit", "misconception", "needs", "points", "question", "uses", "variant"]
