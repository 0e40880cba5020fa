"""What a check says must hold. Each function compares data and raises a Failure that carries data.

Answers come from student code, so nothing is taken on trust: a comparison demands the exact shape, at
least one value, an allowed dtype and finite numbers, and fails unless the error is within the tolerance.
"""

from labkit.check.expect.failure import Failure
from labkit.check.expect.models import (
    can_learn,
    optimizer,
    parameters,
    same_loss,
    same_outputs,
    same_probabilities,
)
from labkit.check.expect.training_mode import same_training_noise
from labkit.check.expect.values import (
    at_least,
    at_most,
    close,
    describe,
    dtype,
    equal,
    graded,
    shape,
    true,
    unchanged,
)

__all__ = [
    "Failure",
    "at_least",
    "at_most",
    "can_learn",
    "close",
    "describe",
    "dtype",
    "equal",
    "graded",
    "optimizer",
    "parameters",
    "same_loss",
    "same_outputs",
    "same_probabilities",
    "same_training_noise",
    "shape",
    "true",
    "unchanged",
]
