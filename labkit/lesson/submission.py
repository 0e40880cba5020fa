"""Reads a student's file, script or notebook, into cells of source code. Nothing in it is run or parsed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from labkit.errors import LabkitError

MAX_SCRIPT = 4 * 1024 * 1024  # bytes
MAX_NOTEBOOK = 64 * 1024 * 1024  # bytes; outputs with pictures count too
MAX_CONTAINERS = 1_000_000  # lists and dicts in a notebook
SUFFIXES = (".py", ".ipynb")
_HEADER = re.compile(r"^#\s*labkit:\s*([A-Za-z0-9_]+)", re.M)
_CELL = re.compile(r"^# %%(.*)$")
EXPLORE = "explore"  # the tag of cells that grading never runs


class SubmissionError(LabkitError):
    """The file cannot be graded; the message names it, what is wrong and what to do."""


@dataclass(frozen=True)
class Submission:
    """A frozen copy of what was handed in: cells as (label, source), and the hash that fixes its inputs."""

    name: str
    path: Path
    lab: str | None
    cells: tuple[tuple[str, str], ...]
    sha256: str
    notes: tuple[str, ...] = field(default=())


def read_submission(path: Path, name: str | None = None) -> Submission:
    """Read a `.py` or `.ipynb` file. Raises SubmissionError with one clear sentence."""
    return parse_submission(path, read_bytes(path, size_limit(path)), name)


def size_limit(path: Path) -> int:
    """The bytes that a file of this kind may have. Raises SubmissionError where it is neither script nor notebook."""
    if path.suffix not in SUFFIXES:
        raise SubmissionError(f"{path} is not a .py or .ipynb file, so there is nothing to grade.")
    return MAX_NOTEBOOK if path.suffix == ".ipynb" else MAX_SCRIPT


def parse_submission(path: Path, data: bytes, name: str | None = None) -> Submission:
    """A submission from its bytes, wherever they came from; `path` is what messages call it."""
    if len(data) > size_limit(path):
        raise SubmissionError(too_large(path))
    text = _decode(path, data)
    read = _notebook if path.suffix == ".ipynb" else _script
    lab, cells, notes = read(path, text)
    if not any(source.strip() for _, source in cells):
        notes = (*notes, f"{path.name} holds no code to grade.")
    return Submission(name or path.stem, path, lab, cells, hashlib.sha256(data).hexdigest(), notes)


def too_large(path: Path) -> str:
    """The sentence for a file that is larger than its kind may be."""
    return (
        f"{path} is larger than {size_limit(path) // 1024**2} MB. "
        "Clear a notebook's outputs, and keep data out of the file."
    )


def read_bytes(path: Path, limit: int) -> bytes:
    """At most `limit` + 1 bytes of a regular file; neither links nor devices are opened. Raises SubmissionError."""
    # O_NONBLOCK: opening a FIFO must not wait for a writer; O_NOFOLLOW: a link may point anywhere.
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise SubmissionError(f"{path} does not exist.") from None
    except OSError as error:
        if path.is_symlink():
            raise SubmissionError(f"{path} is a symbolic link; hand in the file itself.") from None
        raise SubmissionError(f"{path} cannot be opened: {error.strerror}.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SubmissionError(f"{path} is not a regular file; hand in a .py or .ipynb file.")
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(limit + 1)


def _decode(path: Path, data: bytes) -> str:
    if not data.strip():
        raise SubmissionError(f"{path} is empty.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None
    if "\0" in text:
        raise SubmissionError(f"{path} contains NUL bytes, so it is not text; save it as UTF-8.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _script(path: Path, text: str) -> tuple[str | None, tuple, tuple]:
    header = _HEADER.search(text)
    return header and header[1], ((path.name, without_explore_cells(text)),), ()


def without_explore_cells(text: str) -> str:
    """A percent-format script with the lines of its explore cells blanked, so that line numbers stay."""
    lines, explore = [], False
    for line in text.split("\n"):
        if match := _CELL.match(line):
            explore = "tags" in match[1] and f'"{EXPLORE}"' in match[1]
        lines.append("" if explore else line)
    return "\n".join(lines)


def _notebook(path: Path, text: str) -> tuple[str | None, tuple, tuple]:
    import nbformat

    # an empty list of two characters becomes an object of sixty bytes
    if text.count("[") + text.count("{") > MAX_CONTAINERS or text.count(",") > 10 * MAX_CONTAINERS:
        raise SubmissionError(f"{path} holds too many values for a notebook; clear its outputs.")
    try:
        notebook = json.loads(text)
        if notebook.get("nbformat") != 4:
            notebook = nbformat.reads(text, as_version=4)
        raw, metadata = notebook["cells"], notebook.get("metadata", {})
        code = [(number, cell) for number, cell in enumerate(raw, 1) if cell.get("cell_type") == "code"]
        cells = tuple(
            (f"cell {number}", _joined(cell.get("source", "")))
            for number, cell in code
            if EXPLORE not in cell.get("metadata", {}).get("tags", [])
        )
        lab = metadata.get("labkit", {}).get("lab")
        lab = lab[:100] if isinstance(lab, str) else None
    except Exception as error:  # JSON of any shape, nbformat's own errors, deep nesting
        raise SubmissionError(
            f"{path} is not a notebook that can be read ({type(error).__name__}); save it again in Jupyter."
        ) from None
    if lab is None:
        header = next((match for _, source in cells if (match := _HEADER.search(source))), None)
        lab = header and header[1]
    return lab or None, cells, ()


def _joined(source: object) -> str:
    return ("".join(source) if isinstance(source, list) else str(source)).replace("\r\n", "\n")
