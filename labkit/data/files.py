"""Opening and reading files that nobody vouches for, within fixed bounds.

Memory grows with the bytes that really arrive, never with what a header promises, and ends at
`MAX_BYTES` for each array. A packed file may unfold to `FREE_BYTES + MAX_RATIO * its size on disk`: MNIST itself
unfolds to five times its size, images of squares and bombs alike to a thousand times, so that a set of MNIST's size
is read whatever it shows.
"""

import io
import os

from labkit import files
from labkit.data.errors import DataError

MAX_BYTES = 1 << 30  # EMNIST ByClass, the largest relative of MNIST, has 547 MB of training images
MAX_RATIO = 100
FREE_BYTES = 64 << 20
CHUNK_BYTES = 1 << 20


class BoundedFile(io.FileIO):
    """A file opened for reading that gives at most `CHUNK_BYTES` at a time.

    zipfile asks for an archive's table of contents in one piece, as large as the archive says; with a
    piece cut short it finds the table damaged, instead of building a million entries from it.
    """

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            size = CHUNK_BYTES
        return super().read(min(size, CHUNK_BYTES))

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return os.fstat(self.fileno()).st_size


def open_regular(path) -> BoundedFile:
    """Open a regular file of 1 byte to `MAX_BYTES`.

    Raises
    ------
    DataError : missing, unreadable, empty, too large, or a folder, pipe, socket or device
    """
    try:
        descriptor = files.open_regular(path)
    except files.CannotRead as error:
        raise DataError(
            path, error.problem, "Give the data file itself, and check its name and your permissions."
        ) from None
    status = os.fstat(descriptor)
    if not 0 < status.st_size <= MAX_BYTES:
        os.close(descriptor)
        problem = "is empty" if not status.st_size else f"has {status.st_size} bytes, more than {MAX_BYTES}"
        raise DataError(path, problem, "Download it again.")
    return BoundedFile(descriptor)


def check_unpacked_size(path, size: int, file_size: int) -> None:
    """Raise DataError if `size` bytes are more than a file of `file_size` bytes may unfold to."""
    most = min(MAX_BYTES, FREE_BYTES + MAX_RATIO * file_size)
    if size > most:
        raise DataError(
            path,
            f"promises {size} bytes of data, far more than the {most} that are read from {file_size} bytes",
            "Is it what its publisher has? A set of your own that packs so well is read when it is not compressed: "
            "save it with np.savez.",
        )


def read_up_to(stream, size: int, into: bytearray | None = None) -> bytearray:
    """Read on until `into` (a new bytearray if None) has `size` bytes or the stream ends."""
    content = bytearray() if into is None else into
    while (missing := size - len(content)) > 0:
        chunk = stream.read(min(missing, CHUNK_BYTES))
        if not chunk:
            break
        content += chunk
    return content
