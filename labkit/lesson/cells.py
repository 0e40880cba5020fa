"""A lesson's file as cells, script or notebook, and a script back as its text: nothing is lost, nothing is run.

A script is in the *percent* format that Jupytext, VS Code and Spyder share:

    # %% [markdown] tags=["hint"]
    # A marker begins a cell: `# %%`, perhaps a title, the kind, attributes. Prose is commented, code is not.

What stands before the first marker is a cell of code without a marker; the header that Jupytext writes (YAML between
two lines `# ---`) is kept apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

EXPLORE = "explore"  # the tag of cells that grading never runs
EXAMPLE = "example"  # the tag of those among them that show a function at work, before it is checked
CHECK = "check"  # the tag of cells that check what stands above them
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_MARKER = re.compile(r"#\s*%%+(\s.*|\[.*)?")
_KIND = re.compile(r"\[(markdown|md|raw)\]")
_TAGS = re.compile(r"""\btags["']?\s*[=:]\s*\[([^\]]*)""")
_TAG = re.compile(r"""(["'])(.*?)\1""")
_FENCE = re.compile(r"# ---\s*")
_BEFORE_FRONT = re.compile(r"#!|#.*coding[:=]|\s*$")
_QUOTED = re.compile(r"""\s*[rR]?("{3}|'{3})(.*?)\1\s*\Z""", re.S)
_MAGIC = re.compile(r"^# ?(%{1,2}[a-zA-Z]|![a-zA-Z.~$/])", re.M)


@dataclass(frozen=True)
class Cell:
    """A cell: its kind ("code", "markdown" or "raw"), its tags, its marker and the lines below as they are written.

    `number` is the line of its first line of content in a script, the place of the cell in a notebook; `count` is the
    number that Jupyter shows beside it, where it was run.
    """

    kind: str
    tags: tuple[str, ...]
    lines: tuple[str, ...]
    marker: str = ""
    number: int = 1
    count: int | None = None

    @property
    def text(self) -> str:
        """The cell as it is written in a script, marker included."""
        return self.marker + "".join(self.lines)

    @property
    def code(self) -> str:
        """The lines as they are written, each ended by a line feed but perhaps the last."""
        return _unix("".join(self.lines))

    @property
    def source(self) -> str:
        """What a notebook shows: prose without its comment signs, magics as such, no blank lines at the end."""
        if self.kind == "code":
            return _MAGIC.sub(r"\1", self.code).rstrip("\n")
        return "\n".join(self._prose()).strip("\n")

    def read(self) -> list[tuple[int, str, str]]:
        """Each line with its number, as it is written, and as prose: without the comment sign, or nothing."""
        lines, prose = self.code.split("\n"), self._prose()
        return [
            (self.number + n, line, text) for n, (line, text) in enumerate(zip(lines, prose, strict=True))
        ]

    def _prose(self) -> list[str]:
        lines = self.code.split("\n")
        if self.kind == "code":
            return [line[2:] if line.startswith("# ") else "" for line in lines]
        if quoted := _QUOTED.match(self.code):  # Jupytext's other way to write it
            before, after = self.code[: quoted.start(2)], self.code[quoted.end(2) :]
            return [""] * before.count("\n") + quoted[2].split("\n") + [""] * after.count("\n")
        return [line[1 + line.startswith("# ") :] if line.startswith("#") else line for line in lines]


@dataclass(frozen=True)
class Script:
    """A script: a byte order mark or nothing, what stands in front (Jupytext's header, blank lines), and the cells."""

    mark: str
    front: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def text(self) -> str:
        """The script, character for character as it was parsed."""
        return self.mark + "".join(self.front) + "".join(cell.text for cell in self.cells)

    def without_explore(self) -> str:
        """The script with the lines of its explore cells blanked, so that line numbers stay."""
        return self._part(explore=False)

    def explore_alone(self) -> str:
        """The script with the lines of all other cells blanked."""
        return self._part(explore=True)

    def _part(self, explore: bool) -> str:
        parts = [(_unix("".join(self.front)), False)]
        parts += [(_unix(cell.text), EXPLORE in cell.tags) for cell in self.cells]
        return "".join(text if kind is explore else "\n" * text.count("\n") for text, kind in parts)

    def edited(self, edits: Iterable[tuple[int, int, list[str]]]) -> str:
        """The text with lines `first` to `last`, counted from 1, replaced by others; `last = first - 1` inserts."""
        lines = _unix(self.text.removeprefix(self.mark)).split("\n")
        for first, last, new in sorted(edits, key=lambda edit: edit[0], reverse=True):
            lines[first - 1 : last] = new
        return "\n".join(lines)


def parse_script(text: str) -> Script:
    """Any text as a script; `parse_script(text).text == text`."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    lines = _lines(text.removeprefix(mark))
    front = _front(lines)
    cuts = [n for n in range(front, len(lines)) if _MARKER.fullmatch(lines[n].rstrip())] + [len(lines)]
    cells = [Cell("code", (), tuple(lines[front : cuts[0]]), number=front + 1)] if cuts[0] > front else []
    for start, end in pairwise(cuts):
        kind, tags = _options(lines[start])
        cells.append(Cell(kind, tags, tuple(lines[start + 1 : end]), lines[start], start + 2))
    return Script(mark, tuple(lines[:front]), tuple(cells))


def notebook_cells(cells: Iterable[dict]) -> tuple[Cell, ...]:
    """The cells of a notebook's JSON, format 4. Raises whatever comes of JSON of another shape."""
    found = []
    for number, cell in enumerate(cells, 1):
        source, tags = cell.get("source", ""), cell.get("metadata", {}).get("tags", [])
        text = _unix("".join(source) if isinstance(source, list) else str(source))
        kind = cell.get("cell_type")
        if kind != "code":
            text = "".join(f"# {line}" for line in _lines(text))
        tags = tuple(tag for tag in tags if isinstance(tag, str))
        run = cell.get("execution_count")
        count = run if type(run) is int and 0 < run < 10**6 else None
        found.append(Cell(str(kind), tags, tuple(_lines(text)), number=number, count=count))
    return tuple(found)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(text: str) -> list[str]:
    """The lines with their ends, cut where Python cuts them."""
    return _LINE.findall(text)


def _front(lines: list[str]) -> int:
    """How many lines Jupytext's header takes, and blank ones below or instead of it."""
    first = _header(lines)
    while first < len(lines) and not lines[first].strip():
        first += 1
    return first


def _header(lines: list[str]) -> int:
    start = 0
    while start < len(lines) and _BEFORE_FRONT.match(lines[start]):
        start += 1
    if start == len(lines) or not _FENCE.fullmatch(lines[start]):
        return 0
    for number in range(start + 1, len(lines)):
        if _FENCE.fullmatch(lines[number]):
            return number + 1
        if not lines[number].startswith("#"):
            break
    return 0


def _options(marker: str) -> tuple[str, tuple[str, ...]]:
    """The kind and the tags that a marker says, as attributes (`tags=["quiz"]`) or as JSON (`{"tags": ["quiz"]}`)."""
    kind = _KIND.search(re.split(r"[={]", marker, maxsplit=1)[0])
    tags = _TAGS.search(marker)
    name = "code" if kind is None else {"md": "markdown"}.get(kind[1], kind[1])
    return name, tuple(tag for _, tag in _TAG.findall(tags[1] if tags else ""))
