"""From the master to what students get. Pure functions from text to text."""

from __future__ import annotations

import ast
import getpass
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.author.quiz import asked, reordered
from labkit.course import CourseError
from labkit.lesson.quiz import PREFIX, QUESTION, order_from

_BEGIN = re.compile(r"^(\s*)# BEGIN SOLUTION\s*$")
_END = re.compile(r"^\s*# END SOLUTION\s*$")
_CELL = re.compile(r"^# %%")
_DEFINITION = re.compile(r"^def (\w+)\(")
_HEADING = re.compile(r"^# #{2,3} (\d+\.\d+)\s")


def starter(master: str, name: str = "lab.py") -> str:
    """The master with every solution block replaced by `raise NotImplementedError("1.3 softmax")`.

    Raises CourseError, with the line, where a block begins or ends in the wrong place.
    """
    for line, sentence in marker_problems(master):
        raise CourseError(f"{name}, line {line}: {sentence}")
    lines, inside = [], False
    for _, line, place in _walk(asked(master, order_from(master.split("\n", 1)[0]))):
        if begin := _BEGIN.match(line):
            inside = True
            question = QUESTION if place.function.startswith(PREFIX) else place.question
            lines.append(f'{begin[1]}raise NotImplementedError("{question} {place.function}")')
        elif _END.match(line):
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def personal(handout: Path, suffix: str, name: str | None) -> str:
    """A lab's starter as one student gets it, script or notebook: the options of the quiz in an order of their own.

    The same name always gives the same order; without one it is the user's.
    """
    script = (handout / "lab.py").read_text(encoding="utf-8")
    own = reordered(script, order_from(name or getpass.getuser()))
    if own == script or suffix == ".py":
        return own if suffix == ".py" else (handout / "lab.ipynb").read_text(encoding="utf-8")
    from labkit.author.notebook import starter_notebook

    return starter_notebook(own, handout.name)


def marker_problems(master: str) -> list[tuple[int, str]]:
    """Where solution blocks begin or end in the wrong place: line and sentence of each."""
    found, began = [], 0
    for number, line, place in _walk(master):
        if _BEGIN.match(line):
            if began:
                found.append((number, f"a solution begins inside the one that begins on line {began}."))
            elif place.function is None or not (place.question or place.function.startswith(PREFIX)):
                found.append((number, "a solution begins outside a function of a question."))
            began = number
        elif _END.match(line):
            if not began:
                found.append((number, "a solution ends that did not begin."))
            began = 0
        elif began and _CELL.match(line):
            found.append((began, f"this solution does not end before line {number}; write `# END SOLUTION`."))
            began = 0
    if began:
        found.append((began, "this solution does not end; write `# END SOLUTION`."))
    return found


def heading(line: str) -> str | None:
    """The question that a line of the lesson opens."""
    found = _HEADING.match(line)
    return found and found[1]


@dataclass
class _Place:
    question: str | None = None
    function: str | None = None


def _walk(master: str) -> Iterator[tuple[int, str, _Place]]:
    """Each line with its number, and the question and function that it belongs to."""
    place = _Place()
    for number, line in enumerate(master.split("\n"), 1):
        if question := heading(line):
            place.question, place.function = question, None
        elif _CELL.match(line):
            place.function = None
        elif definition := _DEFINITION.match(line):
            place.function = definition[1]
        yield number, line, place


def solution_lines(master: str) -> list[str]:
    """The lines of the master that stand inside solution blocks and say something of their own."""
    kept, inside = [], False
    for line in master.split("\n"):
        if _BEGIN.match(line) or _END.match(line):
            inside = not inside
        elif inside and len(line.strip()) > 15:
            kept.append(line.strip())
    return kept


def public_checks(text: str, name: str = "test_lab.py") -> str:
    """The checks without those marked `@hidden`, and without helpers and imports that only those used."""
    tree = ast.parse(text, name)
    removed = [node for node in tree.body if isinstance(node, ast.FunctionDef) and _is_hidden(node)]
    kept = [node for node in tree.body if node not in removed]
    while unused := [node for node in kept if _is_helper(node) and not _is_used(node, kept)]:
        removed += unused
        kept = [node for node in kept if node not in unused]
    return _without(text, removed, kept)


def _is_hidden(node: ast.FunctionDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "hidden" for mark in node.decorator_list)


def _is_helper(node: ast.stmt) -> bool:
    plain = (
        isinstance(node, ast.FunctionDef) and not node.name.startswith("test_") and not node.decorator_list
    )
    return plain or isinstance(node, ast.Assign)


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    return {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def _is_used(node: ast.stmt, kept: list[ast.stmt]) -> bool:
    names = _names(node)
    return any(
        isinstance(part, ast.Name) and part.id in names and isinstance(part.ctx, ast.Load)
        for other in kept
        if other is not node
        for part in ast.walk(other)
    )


def _without(text: str, removed: list[ast.stmt], kept: list[ast.stmt]) -> str:
    lines = text.split("\n")
    drop: set[int] = set()
    for node in removed:
        first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
        while first > 1 and lines[first - 2].startswith("#") and not lines[first - 2].startswith("# ---"):
            first -= 1  # the comment that belongs to it
        drop.update(range(first, node.end_lineno + 1))
    used = {part.id for node in kept for part in ast.walk(node) if isinstance(part, ast.Name)}
    for node in kept:
        if isinstance(node, ast.ImportFrom) and node.module == "labkit.check":
            wanted = [alias.name for alias in node.names if alias.name in used]
            lines[node.lineno - 1] = f"from labkit.check import {', '.join(wanted)}"
            drop.update(range(node.lineno + 1, node.end_lineno + 1))
        elif isinstance(node, ast.Import) and all(
            (a.asname or a.name).split(".")[0] not in used for a in node.names
        ):
            drop.update(range(node.lineno, node.end_lineno + 1))
    result = "\n".join(line for number, line in enumerate(lines, 1) if number not in drop)
    return re.sub(r"\n{4,}", "\n\n\n", result).rstrip("\n") + "\n"
