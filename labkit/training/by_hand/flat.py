"""Many variables as one vector, which a single operation can change."""

import math

import numpy as np


class Flat:
    """Variables one after the other in `values`, a float32 vector, of which `pieces` are views in their shapes."""

    def __init__(self, variables):
        self._variables = variables
        sizes = [math.prod(variable.shape) for variable in variables]
        self.values = np.zeros(sum(sizes), np.float32)
        parts = np.split(self.values, np.cumsum(sizes)[:-1])
        self.pieces = [part.reshape(v.shape) for part, v in zip(parts, variables, strict=True)]

    def read(self):
        """Take the values that the variables have now."""
        for piece, variable in zip(self.pieces, self._variables, strict=True):
            piece[...] = variable.value.numpy()

    def write(self):
        """Give the variables these values."""
        for piece, variable in zip(self.pieces, self._variables, strict=True):
            variable.assign(piece)
