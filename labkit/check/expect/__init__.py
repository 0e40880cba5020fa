"""What a check says must hold. Each function compares data and raises a Failure that carries data.

Answers come from student code, so nothing is taken on trust: a comparison demands the exact shape, at
least one value, an allowed dtype and finite numbers, and fails unless the error is within the tolerance.
"""

from labkit.check.expect import models, training_mode, values
from labkit.check.expect.failure import Failure
from labkit.check.expect.models import *
from labkit.check.expect.training_mode import *
from labkit.check.expect.values import *

__all__ = ["Failure", *models.__all__, *training_mode.__all__, *values.__all__]
