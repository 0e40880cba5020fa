"""Known mistakes and correct variants of a lab's questions, as they are written down by its author.

What an entry says of itself is read from the text of `misconceptions.py` or `variants.py`, as a check's marks are.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from labkit.course import Lab
from labkit.lesson.quiz import quiz_functions
from labkit.lesson.source import SourceError, code_of, parse_python, read_python, read_text
from labkit.lesson.submission import without_explore_cells

MISCONCEPTIONS, VARIANTS = "misconceptions.py", "variants.py"
Answer = TypeVar("Answer", bound=Callable)


@dataclass(frozen=True)
class Entry:
    """A function that answers a question in another way: wrongly (with a sentence that teaches) or rightly."""

    name: str
    question: str
    replaces: str
    sentence: str = ""


def misconception(
    question: str, sentence: str | None = None, *, replaces: str | None = None
) -> Callable[[Answer], Answer]:
    """A known mistake: the function's docstring is the sentence for a student whose answers are the same.

    `replaces` names the function that it stands for where the question has several. The sentence may be given instead
    of a docstring, as it was in the first labs.
    """
    return lambda function: function


def variant(question: str, *, replaces: str | None = None) -> Callable[[Answer], Answer]:
    """A correct answer that is written differently; it must always get full marks."""
    return lambda function: function


def reference_cells(lab: Lab) -> list[list[str]]:
    """The cells of the reference solution."""
    return [["lab.py", without_explore_cells(lab.source.read_text(encoding="utf-8"))]]


def read_catalogue(lab: Lab, file_name: str) -> list[Entry]:
    """The entries of `misconceptions.py` or `variants.py`, in order. Raises SourceError."""
    path = _path(lab, file_name)
    if path is None:
        return []
    functions = {question.id: question.functions for question in lab.questions}
    entries = []
    for node in _functions(path):
        for call in node.decorator_list:
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and _registers(call)):
                continue
            stated = _arguments(call)
            question, sentence = stated.get("question"), ast.get_docstring(node) or stated.get("sentence", "")
            if question not in functions:
                problem = f"{node.name} names question {question}, which the lab does not have"
            elif call.func.id == "misconception" and not sentence:
                problem = f"the misconception {node.name} has no docstring; it is what a student reads"
            else:
                replaces = stated.get("replaces") or functions[question][0]
                entries.append(Entry(node.name, question, replaces, " ".join(sentence.split())))
                continue
            raise SourceError(path, node.lineno, f"{problem}.")
    return entries


def definitions(lab: Lab, file_name: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The definitions of a catalogue's entries, each with the function that it replaces."""
    path = _path(lab, file_name)
    functions = {} if path is None else {node.name: node for node in _functions(path)}
    for entry in read_catalogue(lab, file_name):
        yield entry.replaces, functions[entry.name]


def _functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in read_python(path).body if isinstance(node, ast.FunctionDef)]


def _arguments(call: ast.Call) -> dict[str, Any]:
    """The plain arguments of `@misconception` or `@variant`, by name."""
    given = dict(zip(("question", "sentence"), call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return {name: value.value for name, value in given.items() if isinstance(value, ast.Constant)}


def catalogue_cells(lab: Lab, file_name: str) -> list[list[str]]:
    """The reference solution, and the catalogue in a module of its own: what it imports from `lab` is the reference."""
    path = _path(lab, file_name)
    if path is None:
        return reference_cells(lab)
    text = _without_registration(path.read_text(encoding="utf-8"))
    return [*reference_cells(lab), [file_name, text, file_name.removesuffix(".py")]]


def cells_with(lab: Lab, file_name: str, entry: Entry) -> list[list[str]]:
    """The reference solution with one function replaced by an entry of the catalogue."""
    replaced = f"from {file_name.removesuffix('.py')} import {entry.name} as {entry.replaces}"
    return [*catalogue_cells(lab, file_name), ["catalogue", replaced]]


def codes(lab: Lab, file_name: str) -> tuple[str, dict[str, str]]:
    """What the lab does without its catalogue, and what each entry of it does, with what all entries share.

    Without comments, docstrings and what marks say of points: what is the same here gives the same answers.
    """
    solution = lab.source.parent
    master = code_of(parse_python(without_explore_cells(read_text(lab.source)), lab.source))
    quiz = [
        ast.unparse(node) for node in quiz_functions(read_python(lab.source))
    ]  # its docstrings hold the answers
    tests = read_python(solution / "test_lab.py")
    for node in tests.body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = [mark for mark in node.decorator_list if _called(mark) != "points"]
    whole = "\0".join([master, *quiz, code_of(tests)])
    path = _path(lab, file_name)
    if path is None:
        return whole, {}
    body = read_python(path).body
    own = {
        node.name
        for node in body
        if isinstance(node, ast.FunctionDef) and any(map(_registers, node.decorator_list))
    }
    pieces = [(getattr(node, "name", ""), code_of(ast.Module([node], []))) for node in body]
    shared = [code for name, code in pieces if name not in own]
    return whole, {name: "\0".join([*shared, code]) for name, code in pieces if name in own}


def check_codes(lab: Lab) -> tuple[str, dict[str, str]]:
    """What all checks of a lab share: its solution, helpers of the checks; and what each check does by itself.

    Without comments, docstrings and what marks say of points. A question of the quiz is a check of its own.
    """
    master = parse_python(without_explore_cells(read_text(lab.source)), lab.source)
    quiz = {f"test_{node.name}": ast.unparse(node) for node in quiz_functions(master)}
    master.body = [node for node in master.body if node not in quiz_functions(master)]
    tests = read_python(lab.source.parent / "test_lab.py")
    own, shared = {}, []
    for node in tests.body:
        if isinstance(node, ast.FunctionDef) and any(
            _called(mark) == "question" for mark in node.decorator_list
        ):
            node.decorator_list = [mark for mark in node.decorator_list if _called(mark) != "points"]
            own[node.name] = code_of(ast.Module([node], []))
        else:
            shared.append(node)
    return "\0".join([code_of(master), code_of(ast.Module(shared, []))]), own | quiz


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
    """Whether a decorator makes its function an entry."""
    return _called(mark) in ("misconception", "variant")


def _called(mark: ast.expr) -> str | None:
    """The name of the function that a decorator calls."""
    called = mark.func if isinstance(mark, ast.Call) else None
    return called.id if isinstance(called, ast.Name) else None


def _path(lab: Lab, file_name: str) -> Path | None:
    if lab.solution is None or not (lab.solution / file_name).is_file():
        return None
    return lab.solution / file_name
