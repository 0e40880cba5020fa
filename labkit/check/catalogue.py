"""Known mistakes and correct variants of a lab's questions, as they are written down by its author."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from labkit.course import Lab
from labkit.lesson.submission import without_explore_cells
from labkit.worker import Session


@dataclass(frozen=True)
class Entry:
    """A function that answers a question in another way: wrongly (with a sentence that teaches) or rightly."""

    name: str
    question: str
    replaces: str | None = None
    sentence: str | None = None


_collected: list[Entry] = []


def misconception(question: str, sentence: str | None = None, *, replaces: str | None = None) -> Callable:
    """Register a known mistake: its docstring is the sentence for a student whose answers are the same.

    `replaces` names the function where the question has several. The sentence may be given instead of a docstring,
    as it was in the first labs.
    """

    def register(function: Callable) -> Callable:
        teaches = " ".join((function.__doc__ or sentence or "").split())
        if not teaches:
            raise ValueError(
                f"the misconception {function.__name__} has no docstring; it is what a student reads"
            )
        _collected.append(Entry(function.__name__, question, replaces, teaches))
        return function

    return register


def variant(question: str, *, replaces: str | None = None) -> Callable:
    """Register a correct answer that is written differently; it must always get full marks."""

    def register(function: Callable) -> Callable:
        _collected.append(Entry(function.__name__, question, replaces))
        return function

    return register


def reference_cells(lab: Lab) -> list[list[str]]:
    """The cells of the reference solution."""
    return [["lab.py", without_explore_cells(lab.source.read_text(encoding="utf-8"))]]


def read_catalogue(lab: Lab, file_name: str) -> list[Entry]:
    """The entries of `misconceptions.py` or `variants.py`, in order, each with the function it replaces.

    Runs the instructor's own file in this process, with the reference solution as the module `lab`.
    """
    path = _path(lab, file_name)
    if path is None:
        return []
    _collected.clear()
    report = Session().load(reference_cells(lab) + [[file_name, path.read_text(encoding="utf-8")]])
    if report["notes"]:
        raise ValueError(f"{path} does not run: {report['notes'][0]}")
    entries, _collected[:] = list(_collected), []
    functions = {question.id: question.functions for question in lab.questions}
    resolved = []
    for entry in entries:
        if entry.question not in functions:
            raise ValueError(
                f"{path}: {entry.name} names question {entry.question}, which the lab does not have."
            )
        replaces = entry.replaces or functions[entry.question][0]
        resolved.append(Entry(entry.name, entry.question, replaces, entry.sentence))
    return resolved


def cells_with(lab: Lab, file_name: str, entry: Entry) -> list[list[str]]:
    """The reference solution with one function replaced by an entry of the catalogue.

    The catalogue runs in a module of its own, so that what it imports from `lab` stays the reference.
    """
    text = _without_registration(_path(lab, file_name).read_text(encoding="utf-8"))
    module = file_name.removesuffix(".py")
    replaced = f"from {module} import {entry.name} as {entry.replaces}"
    return [*reference_cells(lab), [file_name, text, module], ["catalogue", replaced]]


@lru_cache(maxsize=64)
def _without_registration(text: str) -> str:
    """The functions of a catalogue alone: a worker has no `labkit.check` to register them with."""
    tree = ast.parse(text)
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.module == "labkit.check")
    ]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = [mark for mark in node.decorator_list if not _registers(mark)]
    return ast.unparse(tree)


def _registers(mark: ast.expr) -> bool:
    called = mark.func if isinstance(mark, ast.Call) else None
    return isinstance(called, ast.Name) and called.id in ("misconception", "variant")


def _path(lab: Lab, file_name: str) -> Path | None:
    if lab.solution is None or not (lab.solution / file_name).is_file():
        return None
    return lab.solution / file_name
