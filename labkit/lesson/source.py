"""Reads an author's files: text in UTF-8, Python. What cannot be read is one sentence with its file and line."""

from __future__ import annotations

import ast
import codecs
from pathlib import Path

from labkit.errors import LabkitError


class SourceError(LabkitError):
    """A file of the author's cannot be read: where, and what to do."""

    def __init__(self, path: Path | str, line: int, sentence: str):
        super().__init__(path, line, sentence)  # so that it can be sent to another process
        self.path, self.line, self.sentence = path, line, sentence

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.sentence}"


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, with line feeds alone. Raises SourceError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SourceError(path, 1, "this file is missing.") from None
    except OSError as error:
        raise SourceError(path, 1, f"this file cannot be read: {error.strerror}.") from None
    if data.startswith(codecs.BOM_UTF8):
        raise SourceError(path, 1, "this file begins with a byte order mark; save it as UTF-8 without one.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(
            path, line, "this is not UTF-8 (another encoding?); save the file as UTF-8."
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_python(text: str, path: Path | str) -> ast.Module:
    """The syntax tree of an author's Python. Raises SourceError."""
    try:
        return ast.parse(text, str(path))
    except SyntaxError as error:
        raise SourceError(path, error.lineno or 1, f"this is not Python: {error.msg}.") from None
    except (ValueError, RecursionError, MemoryError) as error:  # NUL characters, nesting without end
        raise SourceError(path, 1, f"this is not Python: {error}.") from None


def read_python(path: Path) -> ast.Module:
    """The syntax tree of a file. Raises SourceError."""
    return parse_python(read_text(path), path)


def code_of(tree: ast.Module) -> str:
    """What a file does, as text: without comments and docstrings, however it is laid out. Changes the tree."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
