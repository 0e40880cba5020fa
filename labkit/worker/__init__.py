"""The process that runs student code, and the data that crosses its border.

`wire` turns values into bytes, `values` turns Python objects into values, `models` describes and
rebuilds Keras models, `session` loads and calls a submission, `replies` says what an answer looks like,
`process` starts, limits and kills the worker from the trusted side, `isolation` puts it behind the
kernel's layers. Loaded when first used: a worker must be behind its layers before numpy starts threads.
"""

from importlib import import_module

_WHERE = {
    "Handle": "values",
    "Limits": "process",
    "ModelSpec": "models",
    "Opaque": "values",
    "Plan": "isolation",
    "Session": "session",
    "TrainingHistory": "values",
    "Worker": "process",
    "WorkerFailed": "process",
    "WorkerUnavailable": "process",
    "strongest_plan": "process",
    "warm": "session",
}

__all__ = list(_WHERE)


def __getattr__(name: str):
    if name in _WHERE:
        return getattr(import_module(f"labkit.worker.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'labkit.worker' has no attribute {name!r}")
