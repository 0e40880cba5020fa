"""An end to code that takes too long, in the process that runs it: the rest of the file can then still be run.

It is a help for honest code. Who catches the exception is stopped all the same, from outside, and then loses more.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_LOOK = 0.25  # seconds between two looks
_WORKING = 0.01  # of the time that has passed: who is kept from working by others has more of it


class TooSlow(BaseException):
    """Raised in code that has had its time. `reason` is "work", "idle" or "wall"."""

    def __init__(self, reason: str = "work"):
        super().__init__(reason)
        self.reason = reason


_waiting = [0]  # how many wait for somebody else, whose time is not theirs


@contextmanager
def waiting() -> Iterator[None]:
    """Within, nothing is done because somebody else is waited for."""
    _waiting[0] += 1
    try:
        yield
    finally:
        _waiting[0] -= 1


@contextmanager
def at_most(seconds: float | None, wall: float | None = None) -> Iterator[None]:
    """Raise TooSlow within, after so many seconds of processor time or as many in which nothing was done, and at the
    latest after `wall` seconds.

    None, or a system without such signals: no end.
    """
    if seconds is None or not hasattr(signal, "setitimer"):
        yield
        return
    limit = seconds
    began = used = time.process_time()
    started = looked = time.monotonic()
    idle = 0.0

    def look(number: int, frame: FrameType | None) -> None:
        nonlocal used, looked, idle
        now, passed = time.process_time(), time.monotonic()
        idle = 0.0 if _waiting[0] or now - used > _WORKING * (passed - looked) else idle + (passed - looked)
        used, looked = now, passed
        if now - began > limit or idle > limit:
            raise TooSlow("work" if now - began > limit else "idle")
        if wall is not None and passed - started > wall:
            raise TooSlow("wall")

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _LOOK, _LOOK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)
