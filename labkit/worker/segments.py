"""Large arrays for a worker without a copy: memory that nobody can change any more, passed as a descriptor.

On Linux a process can fill a piece of memory, seal it against every change, and hand it to another process,
which then maps it, privately: what the other writes there stays with it. An array that is sent again and again,
such as the digits, can lie in such memory from the start (`share`), and then is never copied.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import socket
from collections.abc import Iterator

import numpy as np

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

#: Whether this system has such memory.
POSSIBLE = hasattr(os, "memfd_create") and hasattr(fcntl, "F_ADD_SEALS")
MOST = 64  # segments in one request; the kernel passes at most 253 descriptors at once

#: By address and size: the descriptor, and the array, for as long as it lives nothing else has its address.
_shared: dict[tuple[int, int], tuple[int, np.ndarray]] = {}


def share(array: np.ndarray) -> np.ndarray:
    """The same array, read-only, where workers can map it. It stays there as long as this process lives.

    Only the array as a whole is mapped, in this or any other shape: of a part a worker gets a copy, for it could
    read all the rest of a segment.
    """
    if not POSSIBLE or not array.nbytes:
        array = array.copy()
        array.flags.writeable = False
        return array
    descriptor = _sealed(array)
    memory = mmap.mmap(descriptor, array.nbytes, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    shared = np.frombuffer(memory, array.dtype).reshape(array.shape)
    _shared[shared.ctypes.data, shared.nbytes] = descriptor, shared
    return shared


def size(array: np.ndarray) -> int:
    """Bytes that sending this array takes: a shared one has its memory already."""
    return 0 if (array.ctypes.data, array.nbytes) in _shared else array.nbytes


def send(channel: socket.socket, arrays: list[np.ndarray]) -> None:
    """Pass C-contiguous arrays, at most `MOST`, to whoever calls `receive` at the other end.

    Raises OSError, and then has passed none: no memory, no descriptors, nobody there, or a channel that is full.
    """
    with contextlib.ExitStack() as stack:
        socket.send_fds(channel, [b"."], [stack.enter_context(_descriptor(array)) for array in arrays])


def receive(channel: socket.socket, count: int) -> list[mmap.mmap]:
    """The next so many segments, each writable, with changes that nobody else sees."""
    _, descriptors, _, _ = socket.recv_fds(channel, 1, count)
    segments = []
    for descriptor in descriptors:
        segments.append(mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY))
        os.close(descriptor)
    if len(segments) != count:
        raise OSError("too many files are open to receive an argument")
    return segments


@contextlib.contextmanager
def _descriptor(array: np.ndarray) -> Iterator[int]:
    shared, _ = _shared.get((array.ctypes.data, array.nbytes), (None, None))
    descriptor = _sealed(array) if shared is None else _opened_anew(shared)
    try:
        # When it was read last is kept with the memory, and would tell the next worker something of this one.
        os.utime(descriptor, (0, 0))
        yield descriptor
    finally:
        os.close(descriptor)


def _opened_anew(descriptor: int) -> int:
    """The same memory for one worker alone: its position in it, or its lock on it, would be another's too."""
    return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)


def _sealed(array: np.ndarray) -> int:
    """A descriptor of memory that holds these bytes for ever."""
    descriptor = os.memfd_create("labkit", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        left = memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
        while left:
            left = left[os.write(descriptor, left) :]
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
