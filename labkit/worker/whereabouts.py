"""Where a name stands in a submission that is not there when it is needed: what a student can then mend."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

from labkit.worker.source import read_source

Cells = Sequence[Sequence[str]]  # of each, label and source
#: How a name stands where it does not count; what `of` says of it.
HOW = (
    "taken",  # something else has it now
    "inside",  # of: the function or class in which it is defined
    "under",  # of: the condition under which it is defined
    "explore",  # in a cell that grading does not run
    "below",  # below the `raise` that was left in it
    "again",  # of: the place in which it is defined once more, without an answer
    "comment",  # commented out, or in a cell of prose
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def where_missing(name: str, cells: Cells, unrun: Cells) -> dict[str, Any] | None:
    """Where a function stands that is not there to be called, or what has its name."""
    last = None
    for label, node in _statements(cells):
        if name in _bound(node):
            last = _where(label, node.lineno, "taken")
    if last is not None:
        return last
    for label, node in _statements(cells):
        for inner, around in _within(node, ()):
            if isinstance(inner, _FUNCTIONS) and inner.name == name and around:
                return _where(label, inner.lineno, *_described(around[-1]))
    return where_unrun(name, unrun) or _where_commented(name, [*cells, *unrun])


def where_unknown(name: str, cells: Cells, unrun: Cells) -> dict[str, Any] | None:
    """Where a name is given that was not known when it was used: in code that is not run, or inside something else."""
    for label, node in _statements(cells):
        for inner, around in _within(node, ()):
            defines = isinstance(inner, (*_FUNCTIONS, ast.ClassDef)) and inner.name == name
            local = any(isinstance(outer, (*_FUNCTIONS, ast.ClassDef)) for outer in around)
            binds = isinstance(inner, ast.stmt) and not hasattr(inner, "body") and name in _bound(inner)
            if around and (defines or (binds and not local)):
                return _where(label, getattr(inner, "lineno", 0), *_described(around[-1]))
    return where_unrun(name, unrun)


def _where_commented(name: str, cells: Cells) -> dict[str, Any] | None:
    """Where a function stands that is commented out, or in a cell of prose."""
    written = re.compile(rf"\s*#+\s*(?:async\s+)?def\s+{re.escape(name)}\s*\(")
    for label, source, *_ in cells:
        for number, line in enumerate(source.split("\n"), 1):
            if written.match(line):
                return _where(label, number, "comment")
    return None


def where_unrun(name: str, unrun: Cells) -> dict[str, Any] | None:
    """Where a name is given in the cells that grading does not run."""
    for label, node in _statements(unrun):
        if name in _bound(node) or (isinstance(node, _FUNCTIONS) and node.name == name):
            return _where(label, node.lineno, "explore")
    return None


def where_answered(name: str, cells: Cells, unrun: Cells) -> dict[str, Any] | None:
    """Where the answer of a function stands that raised NotImplementedError when it was called."""
    found = [
        (label, node)
        for label, node in _statements(cells)
        if isinstance(node, _FUNCTIONS) and node.name == name
    ]
    for label, node in reversed(found):
        place = next((n for n, part in enumerate(node.body) if _is_open(part)), None)
        if place is None:
            again, last = found[-1]
            other = f"line {last.lineno}" if again == label else f"{again}, line {last.lineno}"
            return _where(label, node.lineno, "again", other)
        if any(not isinstance(part, ast.Pass) for part in node.body[place + 1 :]):
            return _where(label, node.body[place].lineno, "below")
    return where_unrun(name, unrun)


def _where(label: str, line: int, how: str, of: str = "") -> dict[str, Any]:
    return {"place": label[:100], "line": line, "how": how, "of": of[:100]}


def _statements(cells: Cells) -> Iterator[tuple[str, ast.stmt]]:
    for label, source, *_ in cells:
        tree = read_source(label, source).tree
        for node in tree.body if tree is not None else ():
            yield label, node


def _bound(node: ast.stmt) -> set[str]:
    """The names that a statement gives to something, functions aside."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ClassDef):
        return {node.name}
    if isinstance(node, _FUNCTIONS):
        return set()
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _within(node: ast.AST, around: tuple[ast.AST, ...]) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    yield node, around
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, (ast.stmt, ast.ExceptHandler)):
            yield from _within(inner, (*around, node))


def _described(node: ast.AST) -> tuple[str, str]:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return "inside", node.name
    return "under", ast.unparse(node.test) if isinstance(node, (ast.If, ast.While)) else type(
        node
    ).__name__.lower()


def _is_open(node: ast.stmt) -> bool:
    """Whether this is the `raise NotImplementedError` of a starter."""
    raised = node.exc if isinstance(node, ast.Raise) else None
    name = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(name, ast.Name) and name.id == "NotImplementedError"
