"""Keras models as data: described in the worker, checked and rebuilt in the trusted process.

A description names Keras layer classes from `LAYERS` with plain arguments, the compile settings and the
weights as arrays. It is rebuilt with the ordinary constructors; no Keras deserialiser, no pickle and no
code of a student's takes part. What cannot be described carries a `problem`, one sentence for the student.
"""

from dataclasses import replace

from labkit.worker.models.describe import describe
from labkit.worker.models.layers import ACTIVATIONS, LAYERS, LOSSES, OPTIMIZERS
from labkit.worker.models.rebuild import operations, rebuild, untrainable
from labkit.worker.models.spec import MAX_LAYERS, MAX_PARAMETERS, Layer, ModelSpec
from labkit.worker.models.transfer import from_fields, to_fields

__all__ = [
    "ACTIVATIONS",
    "LAYERS",
    "LOSSES",
    "MAX_LAYERS",
    "MAX_PARAMETERS",
    "OPTIMIZERS",
    "Layer",
    "ModelSpec",
    "describe",
    "from_fields",
    "operations",
    "rebuild",
    "replace",
    "to_fields",
    "untrainable",
]
