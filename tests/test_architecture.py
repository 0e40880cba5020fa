"""Arrows point one way: cli -> grade, author, report -> check, export -> worker -> wire."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "labkit"
#: Each room with the rooms it may import from. What is not listed may be imported by all.
ALLOWED = {
    "cli": {"watch", "grade", "author", "report", "platforms", "show", "check", "worker", "data", "doctor"},
    "watch": {"grade", "check", "worker"},
    "doctor": {"worker", "data"},
    "author": {"grade", "check", "worker"},
    "report": {"grade", "check"},
    "grade": {"check", "worker", "platforms"},
    "platforms": set(),
    "check": {"worker", "data"},
    "worker": set(),
    "data": set(),
    "plots": set(),
    "augment": set(),
    "training": set(),
}


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "labkit" and len(parts) > 1 else None


def imports(path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    here = path.relative_to(PACKAGE).with_suffix("").parts[0]
    reached = {room(name) for name in imports(path)} & set(ALLOWED) - {here}
    if here in ALLOWED:
        assert reached <= ALLOWED[here], f"{here} must not import {reached - ALLOWED[here]}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
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
