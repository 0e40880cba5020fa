"""Files that are whole or not there, and files that nobody vouches for."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from labkit.errors import LabkitError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CannotWrite(LabkitError):
    """A file could not be written; the message says which one and why."""


class CannotRead(LabkitError):
    """A file cannot be read: `problem` is worded to follow its name ("is a symbolic link")."""

    def __init__(self, path: object, problem: str):
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path} {self.problem}."


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says about a file that cannot be written into one sentence: CannotWrite."""
    try:
        yield
    except OSError as error:
        why = "the disk is full" if error.errno in FULL else (error.strerror or str(error)).lower()
        raise CannotWrite(f"{path} cannot be written: {why}.") from None


def write_atomically(path: Path, content: str | bytes, mode: int = 0o666, durable: bool = True) -> None:
    """Write a file so that it is either the old one or the whole new one, whatever happens. Raises OSError.

    `durable` waits until it is on the disk, so that a power failure, too, leaves one of the two.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)  # of a process that was killed and had the same number
    # a file of its own: neither one that lies there nor what a link points to
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    for name in ("O_NOFOLLOW", "O_BINARY"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(beside, flags, mode)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def open_regular(path: str | os.PathLike[str], links: bool = True) -> int:
    """A descriptor for reading a regular file, nothing else: no folder, pipe or device, and no link but with `links`.

    Raises CannotRead. The caller reads no more than it has room for.
    """
    # O_NONBLOCK: opening a pipe that nobody writes to would otherwise wait for ever
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY", *(() if links else ("O_NOFOLLOW",))):
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise CannotRead(path, "does not exist") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        if not links and Path(path).is_symlink():
            raise CannotRead(path, "is a symbolic link") from None
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotRead(path, f"cannot be opened ({reason})") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CannotRead(path, "is not a regular file")
    return descriptor


def read_bounded(path: str | os.PathLike[str], most: int) -> bytes:
    """The content of a regular file of at most `most` bytes. Raises CannotRead."""
    with open(open_regular(path), "rb") as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise CannotRead(path, f"is larger than {most // 2**20} MiB")
    return data
