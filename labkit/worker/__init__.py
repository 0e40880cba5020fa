"""The process that runs student code, and the data that crosses its border.

`wire` turns values into bytes, `values` turns Python objects into values, `models` describes and
rebuilds Keras models, `session` loads and calls a submission, `process` starts, limits and kills the
worker from the trusted side.
"""

from labkit.worker.models import ModelSpec
from labkit.worker.process import Limits, Worker, WorkerFailed
from labkit.worker.session import Session, warm
from labkit.worker.values import Handle, Opaque, TrainingHistory

__all__ = [
    "Handle",
    "Limits",
    "ModelSpec",
    "Opaque",
    "Session",
    "TrainingHistory",
    "Worker",
    "WorkerFailed",
    "warm",
]
