"""Arrows point one way: a room imports only rooms above it in the table, and only `show` knows the terminal."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "labkit"
#: From the ground up. Rooms of one line do not know each other.
ROOMS = (
    ("errors", "text", "lazy"),
    ("files",),
    ("data",),
    ("augment", "examples", "gradients", "plots"),
    ("training",),
    ("lesson",),
    ("settings",),
    ("course",),
    ("record",),
    ("people",),
    ("adjustments",),
    ("worker",),
    ("check",),
    ("grade",),
    ("platforms",),
    ("author", "report"),
    ("doctor", "watch"),
    ("show",),
    ("cli", "interactive"),
)
HEIGHT = {room: height for height, rooms in enumerate(ROOMS) for room in rooms}
FILES = sorted(PACKAGE.rglob("*.py"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def room_of(path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_in(path) -> set[str]:
    """The rooms that a file imports from, its own apart."""
    parts = [name.split(".") for name in imports(path)]
    return {part[1] for part in parts if part[0] == "labkit" and len(part) > 1} & set(HEIGHT) - {
        room_of(path)
    }


def test_every_room_has_its_place_in_the_table():
    assert {room_of(path) for path in FILES} - {"__init__"} <= set(HEIGHT)


def test_the_documentation_lists_every_room_in_this_order():
    text = (REPOSITORY / "docs/architecture.md").read_text().partition("## Rooms and arrows")[2]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    listed = [re.findall(r"`(\w+)(?:/|\.py)`", row) for row in rows]
    heights = [HEIGHT[room] for row in listed for room in row]
    assert sorted(room for row in listed for room in row) == sorted(HEIGHT)
    assert heights == sorted(heights)


@each_file
def test_imports_point_one_way(path):
    here = room_of(path)
    if here in HEIGHT:  # the package itself loads its parts on first use
        above = {room for room in rooms_in(path) if HEIGHT[room] >= HEIGHT[here]}
        assert above == set()


@each_file
def test_only_show_knows_the_terminal(path):
    if room_of(path) != "show":
        assert not {name for name in imports(path) if name.split(".")[0] == "rich"}


@each_file
def test_the_library_knows_nothing_of_any_one_lab(path):
    assert not {name for name in imports(path) if name.split(".")[0] in ("labs", "solutions", "lab")}


@pytest.mark.parametrize(
    "code",
    [
        "import labkit",
        "import labkit.cli",
        "import labkit.data",
        "import labkit.check",
        "import labkit.grade",
    ],
)
def test_importing_does_not_import_tensorflow(code):
    check = f"{code}, sys; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
