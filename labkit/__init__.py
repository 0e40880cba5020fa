"""Graded deep-learning labs on MNIST with Keras 3.

Importing this package costs nothing: each part is loaded when it is first used, so that a command
which only prints help or grades a numpy question never waits for TensorFlow.
"""

from importlib import import_module

_WHERE = {
    "fit": "labkit.training",
    "accelerate": "labkit.training",
    "gradient_check": "labkit.gradients",
    "example": "labkit.examples",
}
_MODULES = ("augment", "check", "data", "plots", "training")

__all__ = [*_WHERE, *_MODULES]


def __getattr__(name: str):
    if name in _MODULES:
        return import_module(f"labkit.{name}")
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'labkit' has no attribute {name!r}")
