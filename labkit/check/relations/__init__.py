"""Simple relations between what came and what should have come: a factor, a transpose, a softmax too many.

Where values are wrong and no known mistake fits, a relation still tells where to look. It is said only where it
explains far more than chance would: every relation is applied and compared, value by value, before it is said.
"""

from labkit.check.relations.relation import Relation
from labkit.check.relations.search import find_relation

__all__ = ["Relation", "find_relation"]
