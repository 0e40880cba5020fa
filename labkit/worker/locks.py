"""Locks of `multiprocessing` where the kernel gives none: behind the isolation there is no other process to share with.

Pools of threads, and with them Keras' datasets that read with several workers, ask for such locks all the same.
"""

from __future__ import annotations

import threading
from typing import Any


class ThreadLock:
    """What `_multiprocessing.SemLock` is, among the threads of one process."""

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool):
        self.kind, self.maxvalue, self.handle = kind, maxvalue, 0
        self.name = None  # nothing is to be removed in the end
        self._is_recursive = kind == 0
        self._free = threading.Semaphore(value)
        self._owner, self._times = 0, 0

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take it; whether that was possible in time."""
        mine = self._is_mine()
        seconds = None if timeout is None or not block else max(timeout, 0)
        if not (self._is_recursive and mine) and not self._free.acquire(block, seconds):
            return False
        self._owner, self._times = threading.get_ident(), self._times + 1
        return True

    def release(self) -> None:
        """Give it back."""
        if self._is_recursive and not self._is_mine():
            raise AssertionError("attempt to release recursive lock not owned by thread")
        if not self._is_recursive and self._get_value() >= self.maxvalue:
            raise ValueError("semaphore or lock released too many times")
        self._times -= 1
        if not (self._is_recursive and self._times):
            self._owner = 0
            self._free.release()

    def _count(self) -> int:
        return self._times

    def _is_mine(self) -> bool:
        return self._times > 0 and self._owner == threading.get_ident()

    def _get_value(self) -> int:
        return self._free._value  # type: ignore[attr-defined]

    def _is_zero(self) -> bool:
        return self._get_value() == 0

    def _after_fork(self) -> None:
        self._times = 0

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: Any) -> None:
        self.release()


def install() -> None:
    """Put locks among threads in the place of those that cannot be had."""
    try:
        import _multiprocessing
    except ImportError:
        return
    try:
        _multiprocessing.SemLock(1, 1, 1, "/labkit-worker", True)
    except OSError:
        _multiprocessing.SemLock = ThreadLock  # type: ignore[misc, assignment]
