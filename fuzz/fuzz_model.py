"""Descriptions of models: each becomes a ModelSpec, with a `problem` where it is not allowed."""

import json
import sys

import atheris
import numpy as np

with atheris.instrument_imports(include=["labkit"]):
    from labkit.worker import models


def weights(tree):
    """JSON with {"w": [sizes]} for a weight."""
    if isinstance(tree, dict):
        sizes = tree.get("w")
        if isinstance(sizes, list) and all(type(n) is int and 0 <= n < 50 for n in sizes) and len(sizes) < 5:
            return np.zeros(sizes, np.float32)
        return {key: weights(value) for key, value in tree.items()}
    return [weights(item) for item in tree] if isinstance(tree, list) else tree


def one_input(data: bytes) -> None:
    try:
        fields = weights(json.loads(data))
    except (ValueError, RecursionError):
        return
    if not isinstance(fields, dict):
        return
    spec = models.from_fields(fields)
    assert isinstance(spec, models.ModelSpec)
    if spec.problem is None:
        assert spec.parameters <= models.MAX_PARAMETERS
        assert repr(models.from_fields(models.to_fields(spec))) == repr(spec)


atheris.Setup(sys.argv, one_input)
atheris.Fuzz()
