"""What the checks of a `test_lab.py` say of themselves, read from its text: nothing is run.

Listing, building, grading, watching and the pytest plugin all read a check's marks here, so that they cannot
disagree about it.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from labkit.lesson.quiz import QUESTION, section_of
from labkit.lesson.source import SourceError, parse_python, read_text

FIXTURES = ("student", "reference", "rng", "mnist", "prose")
_UNCHANGED = "unchanged"  # the expectation that an argument is as it was


@dataclass(frozen=True)
class CheckInfo:
    """What a check says of itself.

    `title` is the first line of its docstring, `hidden` says that it stays with the instructor, `keras` that Keras
    is imported before its clock starts, `written` that a person reads the answer, `needs` which questions must have
    passed before, `limit` how many seconds of processor time each call has (None: as many as any), `reaches` all names
    that it calls, with its helpers.
    Of these it is the first of its question that calls those in `begins`, and the one that sees to it that those in
    `keeps` leave their arguments as they are. A question of the quiz stands in a `section`, and is asked with it.
    """

    name: str
    question: str
    points: float
    title: str
    hidden: bool = False
    keras: bool = False
    needs: tuple[str, ...] = ()
    limit: float | None = None
    reaches: frozenset[str] = frozenset()
    begins: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()
    written: bool = False
    section: str = ""

    def is_of(self, question: str | None) -> bool:
        """Whether this is asked where somebody asks for a question, or for all with None."""
        return question is None or question in (self.question, self.section)


def read_checks(path: Path) -> tuple[CheckInfo, ...]:
    """The checks in a file, in order: functions `test_…` with a `@question`. Raises SourceError."""
    return _checks_in(read_text(path), path)


@lru_cache(maxsize=32)
def _checks_in(text: str, path: Path) -> tuple[CheckInfo, ...]:
    tree = parse_python(text, path)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    others = _imported(tree) | {"reference"}
    checks = []
    for name, node in functions.items():
        try:
            marks = marks_of(node)
        except ValueError as problem:
            raise SourceError(path, node.lineno, f"{problem}.") from None
        if not name.startswith("test_") or not marks.get("question"):
            continue
        title = (ast.get_docstring(node) or name).splitlines()[0]
        checks.append(
            CheckInfo(
                name=name,
                question=marks["question"][0],
                points=(marks.get("points") or [0])[0],
                title=title,
                hidden="hidden" in marks,
                keras="keras" in marks.get("uses", []),
                needs=tuple(marks.get("needs", [])),
                limit=(marks.get("limit") or [None])[0],
                reaches=frozenset(_reached(node, functions, others, set())),
                written="written" in marks,
            )
        )
    return tuple(
        replace(check, begins=_begins(check, checks), keeps=_keeps(check, checks)) for check in checks
    )


def quiz_check(function: str, points: float, title: str) -> CheckInfo:
    """The check of a question of the quiz."""
    section, reaches = section_of(function), frozenset({function})
    return CheckInfo(f"test_{function}", QUESTION, points, title, section=section, reaches=reaches)


def _begins(check: CheckInfo, checks: list[CheckInfo]) -> frozenset[str]:
    """The names that this check is the first of its question to call; what is handed out comes before what is not."""
    mine = [other for other in checks if other.question == check.question]
    place = sorted(mine, key=lambda other: other.hidden).index(check)
    earlier = sorted(mine, key=lambda other: other.hidden)[:place]
    return check.reaches.difference(*(other.reaches for other in earlier))


def _keeps(check: CheckInfo, checks: list[CheckInfo]) -> frozenset[str]:
    """The names whose arguments this check watches: where some of a question say `expect.unchanged`, only those do."""
    own = [other for other in checks if other.question == check.question and _UNCHANGED in other.reaches]
    seen_to = frozenset().union(*(other.reaches for other in own))
    return (check.reaches if check in own else frozenset()) | (_begins(check, checks) - seen_to)


def marks_of(node: ast.FunctionDef) -> dict[str, list[Any]]:
    """The decorators of a function by name, each with its plain arguments; ValueError where a mark has others."""
    marks: dict[str, list[Any]] = {}
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
        if name is None:
            continue
        try:
            marks[name] = [ast.literal_eval(argument) for argument in call.args]
        except ValueError:
            marks[name] = []
            if name in _MARKS:
                raise ValueError(f"@{name} of {node.name} takes plain numbers and texts") from None
        if name in _MARKS and (call.keywords or not _MARKS[name][1](marks[name])):
            raise ValueError(f"@{name} of {node.name} takes {_MARKS[name][0]}")
    return marks


def _is_number(values: list[Any], above: float) -> bool:
    """Whether this is one number, no smaller than that; NaN is smaller than any."""
    return len(values) == 1 and type(values[0]) in (int, float) and above <= values[0] < math.inf


def _are_texts(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, str) for value in values)


#: What each mark takes, in words, and whether its arguments are that.
_MARKS: dict[str, tuple[str, Callable[[list[Any]], bool]]] = {
    "question": (
        'a question, such as @question("1.3")',
        lambda values: _are_texts(values) and len(values) == 1,
    ),
    "points": ("a number from 0, such as @points(4)", lambda values: _is_number(values, 0)),
    "hidden": ("nothing", lambda values: not values),
    "written": ("nothing", lambda values: not values),
    "needs": ('questions, such as @needs("1.3")', _are_texts),
    "uses": ('libraries, such as @uses("keras")', _are_texts),
    "limit": ("seconds, such as @limit(60)", lambda values: _is_number(values, 0.01)),
}


def check_problems(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Lines and sentences of what would be a check in pytest's eyes, and cannot be carried out here."""
    for node in tree.body:
        for name in _assigned(node):
            if name.startswith("test_"):
                yield node.lineno, f"{name} is made by a call; write the check as a function, def {name}(…)."
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield node.lineno, f"{node.name} is a class; write its checks as functions."
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        try:
            marks = marks_of(node)
        except ValueError as problem:
            yield node.lineno, f"{problem}."
            continue
        if "parametrize" in marks:
            yield (
                node.lineno,
                f"{node.name} is parametrised; write a loop within it, or a check for each case.",
            )
        if "written" in marks and not any(
            isinstance(part, ast.Return) and part.value is not None for part in ast.walk(node)
        ):
            yield node.lineno, f"{node.name} is written and returns no text; a person reads what it returns."
        arguments = [
            argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        ]
        for name in arguments if "parametrize" not in marks else ():
            if name not in FIXTURES:
                yield node.lineno, f"{node.name} asks for {name}; a check may ask for {', '.join(FIXTURES)}."


def _assigned(node: ast.stmt) -> set[str]:
    if not isinstance(node, ast.Assign):
        return set()
    return {part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)}


def _imported(tree: ast.Module) -> set[str]:
    """What a file of checks imports, but for what they are written with."""
    nodes = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    nodes = [node for node in nodes if getattr(node, "module", None) != "labkit.check"]
    return {(alias.asname or alias.name).split(".")[0] for node in nodes for alias in node.names}


def _reached(
    node: ast.AST, functions: dict[str, ast.FunctionDef], others: set[str], seen: set[str]
) -> set[str]:
    """Every `party.name` and every string (a name may be passed as one) in a function and its helpers.

    What is asked of `others`, libraries and the reference, is not asked of a submission.
    """
    names: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            if not (isinstance(part.value, ast.Name) and part.value.id in others):
                names.add(part.attr)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
            names.add(part.value)
        elif isinstance(part, ast.Name) and part.id in functions and part.id not in seen:
            seen.add(part.id)
            names |= _reached(functions[part.id], functions, others, seen)
    return names
