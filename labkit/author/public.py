"""From all checks of a lab to those that students get."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from labkit.lesson.checks import marks_of
from labkit.lesson.source import parse_python


def public_checks(text: str, name: Path | str = "test_lab.py") -> str:
    """The checks without those marked `@hidden`, and without helpers and imports that only those used."""
    tree = parse_python(text, name)
    kept = [node for node in tree.body if not _is_hidden(node)]
    while unused := [node for node in kept if _is_helper(node) and not _is_used(node, kept)]:
        kept = [node for node in kept if node not in unused]
    return _without(text, [node for node in tree.body if node not in kept], kept)


def _is_hidden(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and "hidden" in marks_of(node)


def _is_helper(node: ast.stmt) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return not node.name.startswith("test_") and not node.decorator_list
    return isinstance(node, (ast.Assign, ast.AnnAssign))


def _names(node: ast.stmt) -> set[str]:
    """What a helper is called."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    parts = (part for part in ast.walk(node) if isinstance(part, ast.Name))
    return {part.id for part in parts if isinstance(part.ctx, ast.Store)}


def _is_used(node: ast.stmt, kept: Sequence[ast.stmt]) -> bool:
    names = _names(node)
    return any(
        isinstance(part, ast.Name) and part.id in names and isinstance(part.ctx, ast.Load)
        for other in kept
        if other is not node
        for part in ast.walk(other)
    )


def _without(text: str, removed: Sequence[ast.stmt], kept: Sequence[ast.stmt]) -> str:
    lines = text.split("\n")
    drop: set[int] = set()
    for node in removed:
        first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
        while first > 1 and lines[first - 2].startswith("#") and not lines[first - 2].startswith("# ---"):
            first -= 1  # the comment that belongs to it
        drop.update(range(first, _last(node) + 1))
    used = {part.id for node in kept for part in ast.walk(node) if isinstance(part, ast.Name)}
    for node in kept:
        if isinstance(node, ast.ImportFrom) and node.module == "labkit.check":
            wanted = [ast.unparse(alias) for alias in node.names if (alias.asname or alias.name) in used]
            lines[node.lineno - 1] = f"from labkit.check import {', '.join(wanted)}"
            drop.update(range(node.lineno + bool(wanted), _last(node) + 1))
        elif isinstance(node, ast.Import) and all(
            (a.asname or a.name).split(".")[0] not in used for a in node.names
        ):
            drop.update(range(node.lineno, _last(node) + 1))
    result = "\n".join(line for number, line in enumerate(lines, 1) if number not in drop)
    return re.sub(r"\n{4,}", "\n\n\n", result).rstrip("\n") + "\n"


def _last(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno
