"""Reads a student's file, script or notebook, into cells of source code. Nothing in it is run or parsed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from labkit.errors import LabkitError
from labkit.files import CannotRead, open_regular
from labkit.lesson.cells import EXPLORE, Cell, notebook_cells, parse_script
from labkit.lesson.lesson import lab_named, lesson_of

MAX_SCRIPT = 4 * 1024 * 1024  # bytes
MAX_NOTEBOOK = 64 * 1024 * 1024  # bytes; outputs with pictures count too
MAX_CONTAINERS = 1_000_000  # lists and dicts in a notebook
SUFFIXES = (".py", ".ipynb")


Sources = tuple[tuple[str, str], ...]  # of cells: label and code


class SubmissionError(LabkitError):
    """The file cannot be graded; the message names it, what is wrong and what to do."""


@dataclass(frozen=True)
class Submission:
    """A frozen copy of what was handed in: cells as (label, source), and the hash that fixes its inputs.

    Cells for exploring, and prose that holds code, are kept apart: they are not run, and only read where something is
    missing. `prose` are answers in words, by question.
    """

    name: str
    path: Path
    lab: str | None
    cells: Sources
    sha256: str
    notes: tuple[str, ...] = ()
    explore: Sources = ()
    prose: dict[str, str] = field(default_factory=dict)


def read_submission(path: Path, name: str | None = None) -> Submission:
    """Read a `.py` or `.ipynb` file. Raises SubmissionError with one clear sentence."""
    return parse_submission(path, read_bytes(path, size_limit(path)), name)


def size_limit(path: Path) -> int:
    """The bytes that a file of this kind may have. Raises SubmissionError where it is neither script nor notebook."""
    if path.suffix.lower() not in SUFFIXES:
        raise SubmissionError(f"{path} is not a .py or .ipynb file, so there is nothing to grade.")
    return MAX_NOTEBOOK if path.suffix.lower() == ".ipynb" else MAX_SCRIPT


def parse_submission(path: Path, data: bytes, name: str | None = None) -> Submission:
    """A submission from its bytes, wherever they came from; `path` is what messages call it."""
    if len(data) > size_limit(path):
        raise SubmissionError(too_large(path))
    text = _decode(path, data)
    read = _notebook if path.suffix.lower() == ".ipynb" else _script
    lab, cells, explore, prose = read(path, text)
    graded = any(source.strip() for _, source in cells)
    notes = () if graded else (f"{path.name} holds no code to grade.",)
    return Submission(
        name or path.stem, path, lab, cells, hashlib.sha256(data).hexdigest(), notes, explore, prose
    )


def too_large(path: Path) -> str:
    """The sentence for a file that is larger than its kind may be."""
    return (
        f"{path} is larger than {size_limit(path) // 1024**2} MB. "
        "Clear a notebook's outputs, and keep data out of the file."
    )


def read_bytes(path: Path, limit: int) -> bytes:
    """At most `limit` + 1 bytes of a regular file; neither links nor devices are opened. Raises SubmissionError."""
    try:
        descriptor = open_regular(path, links=False)
    except CannotRead as error:
        remedy = " Hand in the .py or .ipynb file itself." if path.is_symlink() or path.exists() else ""
        raise SubmissionError(f"{error}{remedy}") from None
    with open(descriptor, "rb") as stream:
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


_Read = tuple[str | None, Sources, Sources, dict[str, str]]


def _script(path: Path, text: str) -> _Read:
    script, name = parse_script(text), path.name
    graded, explore = ((name, script.without_explore()),), ((name, script.explore_alone()),)
    return lab_named(script.cells), graded, explore, lesson_of(script.cells).prose


def without_explore_cells(text: str) -> str:
    """A percent-format script with the lines of its explore cells blanked, so that line numbers stay."""
    return parse_script(text).without_explore()


def _notebook(path: Path, text: str) -> _Read:
    import nbformat

    # an empty list of two characters becomes an object of sixty bytes
    if text.count("[") + text.count("{") > MAX_CONTAINERS or text.count(",") > 10 * MAX_CONTAINERS:
        raise SubmissionError(f"{path} holds too many values for a notebook; clear its outputs.")
    try:
        notebook = json.loads(text)
        if notebook.get("nbformat") != 4:
            notebook = nbformat.reads(text, as_version=4)
        every = notebook_cells(notebook["cells"])
        code = [cell for cell in every if cell.kind == "code"]
        cells = [cell for cell in code if EXPLORE not in cell.tags]
        lab = notebook.get("metadata", {}).get("labkit", {}).get("lab")
    except Exception as error:  # JSON of any shape, nbformat's own errors, deep nesting
        raise SubmissionError(
            f"{path} is not a notebook that can be read ({type(error).__name__}); save it again in Jupyter."
        ) from None
    lab = lab[:100] if isinstance(lab, str) else lab_named(cells)
    labels = _labels(code)
    explore = [cell for cell in code if EXPLORE in cell.tags]
    prose = [cell for cell in every if cell.kind != "code" and "def " in cell.code]
    unrun = _sources(explore, labels) + tuple(
        (f"{c.kind} cell {c.number} from the top", c.code) for c in prose
    )
    return lab or None, _sources(cells, labels), unrun, lesson_of(every).prose


def _labels(cells: list[Cell]) -> dict[int, str]:
    """What messages call each cell: as Jupyter shows it where it was run and no other has its number, else by place."""
    counts = Counter(cell.count for cell in cells)
    return {
        cell.number: f"cell In[{cell.count}]"
        if cell.count and counts[cell.count] == 1
        else f"cell {cell.number} from the top"
        for cell in cells
    }


def _sources(cells: Iterable[Cell], labels: dict[int, str]) -> Sources:
    return tuple((labels[cell.number], cell.code) for cell in cells)
