"""Cells of source code as statements of Python: what only a notebook understands is translated or left out.

IPython's own rules, for what students hand in: a line that begins with `%`, `!` or `?` where a statement may begin
is a magic, and goes on after a backslash; `%time` and the like run the Python behind them, `%%bash` and the like
take their cell along; a script that was exported from a notebook has calls of `get_ipython()` in their places.
"""

from __future__ import annotations
import __future__

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

_MAGIC = re.compile(r"\s*(?:[%!?]|[\w.]+\s*=\s*[%!]\s*\w|[\w.]+\?{1,2}\s*$)")
_TIMED = re.compile(r"%time(?:it)?\s+(?!-)")
_RUNS_PYTHON = ("time", "timeit", "capture", "prun")
_FLAGS = __future__.annotations.compiler_flag | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_SHOWN = 100  # characters of a line around the place of a mistake
#: How code is written that only a later Python reads.
_NEWER = (
    (re.compile(r"^f-string: |f-string expression part cannot"), re.compile(""), "such an f-string", "3.12"),
    (re.compile(""), re.compile(r"\s*type\s+\w+\s*(\[.*\])?\s*="), "the statement `type`", "3.12"),
    (re.compile(""), re.compile(r"\s*(async\s+def|def|class)\s+\w+\s*\["), "a parameter of types", "3.12"),
    (re.compile(""), re.compile(r"\s*except\s+[\w.]+\s*,"), "`except` without parentheses", "3.14"),
    (re.compile(""), re.compile(r""".*\b[tT][rR]?["']"""), "a template string", "3.14"),
)


@dataclass(frozen=True)
class Source:
    """A cell: its statements, each with its line, what was left out, and sentences for what cannot be read.

    `tree` is None where the cell cannot be read at all.
    """

    tree: ast.Module | None
    statements: tuple[tuple[int, CodeType], ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@lru_cache(maxsize=256)  # the reference and the known mistakes are loaded again and again
def read_source(label: str, text: str) -> Source:
    """The cell's statements; `label` is what messages and tracebacks call it."""
    tree, dropped, problem = _parse(label, text)
    if tree is None:
        return Source(None, problems=(problem,))
    dropped += _without_shell(tree)
    statements, problems = [], []
    for node in tree.body:
        try:
            code = compile(ast.Module([node], []), label, "exec", flags=_FLAGS, dont_inherit=True)
            statements.append((node.lineno, code))
        except _UNREADABLE as error:  # such as `return` outside a function
            problems.append(_problem(label, text, error))
    note = f"{label}: left out {', '.join(dropped[:10])}, which only a notebook runs."
    return Source(tree, tuple(statements), (note,) if dropped else (), tuple(problems))


def _parse(label: str, text: str) -> tuple[ast.Module | None, list[str], str]:
    try:
        return ast.parse(text, label), [], ""
    except _UNREADABLE as error:
        first = error
    plain, dropped = _without_magics(text)
    if plain != text:
        try:
            return ast.parse(plain, label), dropped, ""
        except _UNREADABLE as error:
            first = error
    return None, [], _problem(label, text, first)


# --- magics --------------------------------------------------------------------------------------------------


def _without_magics(text: str) -> tuple[str, list[str]]:
    """The text with as many lines, magics in place of what they stand for or of nothing, and what was left out."""
    lines, dropped, number = text.split("\n"), [], 0
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        name = lines[first][2:].split(None, 1)[:1]
        dropped.append(lines[first].strip()[:40])
        if not set(name) & set(_RUNS_PYTHON):
            return "", dropped
        lines[first] = ""
    while number < len(lines):
        line = lines[number]
        if not _MAGIC.match(line) or _is_inside("\n".join(lines[:number])):
            number += 1
            continue
        indent = line[: len(line) - len(line.lstrip())]
        statement = _TIMED.sub("", line.strip())
        runs = not _MAGIC.match(statement) and statement
        # `pass` keeps an indented block that held nothing but a magic alive
        lines[number] = indent + (statement if runs else "pass")
        if not runs:
            dropped.append(line.strip()[:40])
        while not runs and line.endswith("\\") and number + 1 < len(lines):
            number += 1
            line, lines[number] = lines[number], ""
        number += 1
    return "\n".join(lines), dropped


def _is_inside(before: str) -> bool:
    """Whether a line after this text would go on with a statement: within brackets, a string, after a backslash."""
    if before.endswith("\\"):
        return True
    try:
        for _ in tokenize.generate_tokens(io.StringIO(before + "\n").readline):
            pass
    except tokenize.TokenError:
        return True
    except SyntaxError:  # an indentation that does not fit
        pass
    return False


def _without_shell(tree: ast.Module) -> list[str]:
    """Put the code that exported cells hold in their places, and nothing in the place of other calls; says of which."""
    dropped: list[str] = []

    class Translation(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> Any:
            name, texts = _shell_call(node.value)
            if name is None:
                return node
            if name in ("run_cell_magic", "run_line_magic") and texts[:1] and texts[0] in _RUNS_PYTHON:
                try:
                    inner = ast.parse(texts[-1]).body
                except _UNREADABLE:
                    inner = []
                for part in (part for statement in inner for part in ast.walk(statement)):
                    if isinstance(part, (ast.stmt, ast.expr)):
                        part.lineno = part.end_lineno = node.lineno
                if inner:
                    return inner
            dropped.append(" ".join((f"{name}:", *texts))[:40].strip())
            return ast.copy_location(ast.Pass(), node)

    Translation().visit(tree)
    return dropped


def _shell_call(node: ast.expr) -> tuple[str | None, list[str]]:
    """The name of a method that is called of `get_ipython()`, and its arguments."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None, []
    shell = node.func.value
    if not (
        isinstance(shell, ast.Call) and isinstance(shell.func, ast.Name) and shell.func.id == "get_ipython"
    ):
        return None, []
    return node.func.attr, [str(a.value) for a in node.args if isinstance(a, ast.Constant)]


# --- what cannot be read -------------------------------------------------------------------------------------


def _problem(label: str, text: str, error: Exception) -> str:
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return f"{label} cannot be read as Python: {type(error).__name__}: {error}"
    lines = text.split("\n")
    line = (error.text or (lines[error.lineno - 1] if error.lineno <= len(lines) else "")).rstrip("\n")
    sentence = f"{label}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    for said, written, what, version in _NEWER:
        if said.search(str(error.msg)) and written.match(line):
            sentence += f" (if it is meant so: {what} needs Python {version})"
            break
    place = max((error.offset or 1) - 1, 0)
    start = len(line) - len(line.lstrip()) if place < _SHOWN else place - _SHOWN // 2
    shown = ("… " if start == place - _SHOWN // 2 else "") + line[start : start + _SHOWN]
    at = max(place - start, 0) + (2 if shown.startswith("… ") else 0)
    more = " …" if len(line) > start + _SHOWN else ""
    return f"{sentence}\n    {shown}{more}\n    {' ' * at}^"
