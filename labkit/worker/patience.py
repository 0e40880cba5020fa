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
    """Raised in code that has had its time."""


@contextmanager
def at_most(seconds: float | None) -> Iterator[None]:
    """Raise TooSlow within, after so many seconds of processor time or as many in which nothing was done.

    None, or a system without such signals: no end.
    """
    if seconds is None or not hasattr(signal, "setitimer"):
        yield
        return
    limit = seconds
    began = used = time.process_time()
    looked, idle = time.monotonic(), 0.0

    def look(number: int, frame: FrameType | None) -> None:
        nonlocal used, looked, idle
        now, passed = time.process_time(), time.monotonic()
        idle = 0.0 if now - used > _WORKING * (passed - looked) else idle + (passed - looked)
        used, looked = now, passed
        if now - began > limit or idle > limit:
            raise TooSlow

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _LOOK, _LOOK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)
