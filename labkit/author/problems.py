"""What is wrong with a lab's files, found by reading them: every problem with its file and line, all at once.

Errors keep a lab from being built. Warnings say where it is thinner than a lab should be.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.author.quiz import quiz_problems
from labkit.author.starter import heading, marker_problems
from labkit.check.answers import MISCONCEPTIONS
from labkit.course import COURSE_FILE, Lab
from labkit.lesson.checks import check_problems
from labkit.lesson.quiz import QUESTION

VARIANTS = "variants.py"
POINTS = 100  # of a lab whose entry in course.toml does not say `points`
MISCONCEPTIONS_EACH = 5
VARIANTS_EACH = 3


@dataclass(frozen=True, order=True)
class Problem:
    """A place in an author's file and a sentence about it."""

    path: Path
    line: int
    sentence: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        return f"{self.path}:{self.line}: {kind}{self.sentence}"


def problems(lab: Lab) -> list[Problem]:
    """Everything that is wrong with the files of a lab's solution, in order of file and line."""
    found = list(_master(lab))
    tree, unreadable = _tree(lab.solution / "test_lab.py")
    found += unreadable
    if tree is not None:
        found += _checks(lab, tree)
    for name, least in ((MISCONCEPTIONS, MISCONCEPTIONS_EACH), (VARIANTS, VARIANTS_EACH)):
        path = lab.solution / name
        tree, unreadable = _tree(path) if path.is_file() else (ast.Module([], []), [])
        found += unreadable
        if tree is not None:
            found += _catalogue(lab, path, tree, least)
    return sorted(found)


def errors(lab: Lab) -> list[Problem]:
    """The problems that keep a lab from being built."""
    return [problem for problem in problems(lab) if not problem.warning]


# --- the lesson ---------------------------------------------------------------------------------------------


def _master(lab: Lab) -> Iterator[Problem]:
    text = lab.source.read_text(encoding="utf-8")
    tree, unreadable = _tree(lab.source)
    yield from unreadable
    for line, sentence in (*marker_problems(text), *quiz_problems(text)):
        yield Problem(lab.source, line, sentence)
    if not text.startswith(f"# labkit: {lab.name}\n"):
        yield Problem(lab.source, 1, f"the first line is not `# labkit: {lab.name}`.")
    answered = {question.id for question in lab.questions}
    for question, (line, *again) in _headings(text).items():
        if again:
            yield Problem(lab.source, again[0], f"question {question} has a heading on line {line} already.")
        if question not in answered:
            yield Problem(lab.source, line, f"question {question} has no function with a solution block.")
    seen: dict[str, int] = {}
    for node in tree.body if tree else []:
        if isinstance(node, ast.FunctionDef):
            if node.name in seen:
                yield Problem(
                    lab.source, node.lineno, f"{node.name} is defined on line {seen[node.name]} already."
                )
            seen[node.name] = node.lineno


def _headings(text: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if question := heading(line):
            found.setdefault(question, []).append(number)
    return found


# --- the checks ---------------------------------------------------------------------------------------------


def _checks(lab: Lab, tree: ast.Module) -> Iterator[Problem]:
    path = lab.solution / "test_lab.py"
    ids = {question.id for question in lab.questions}
    for line, sentence in check_problems(tree):
        yield Problem(path, line, sentence)
    seen: dict[str, int] = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        marks = dict(_marks(node))
        if node.name in seen:
            yield Problem(path, node.lineno, f"{node.name} replaces the check on line {seen[node.name]}.")
        seen[node.name] = node.lineno
        if not ast.get_docstring(node):
            yield Problem(path, node.lineno, f"{node.name} has no docstring; it is the title of the check.")
        if "question" not in marks:
            yield Problem(path, node.lineno, f'{node.name} belongs to no question; add @question("1.3").')
        if "points" not in marks:
            yield Problem(path, node.lineno, f"{node.name} has no @points.", warning=True)
        for mark in ("question", "needs"):
            for question in marks.get(mark, []):
                if question not in ids:
                    yield Problem(
                        path, node.lineno, f"{node.name}: the lesson has no question {question} (@{mark})."
                    )
    checked = {check.question for check in lab.checks}
    places = _headings(lab.source.read_text(encoding="utf-8"))
    for question in lab.questions:
        if question.id not in checked:
            line = places.get(question.id, [1])[0]
            yield Problem(lab.source, line, f"question {question.id} has no check in {path.name}.")
    total, wanted = sum(check.points for check in lab.checks), _declared_points(lab)
    if total != wanted:
        yield Problem(
            path,
            1,
            f"the checks give {total:g} points together, not {wanted:g} "
            f"(another total: `points = {total:g}` at the lab in {COURSE_FILE}).",
        )


def _declared_points(lab: Lab) -> float:
    path = lab.solution.parent.parent / COURSE_FILE
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("labs", []) if path.is_file() else []
    entry = next((entry for entry in entries if entry.get("name") == lab.name), {})
    points = entry.get("points", POINTS)
    return points if isinstance(points, (int, float)) else POINTS


# --- misconceptions and variants ----------------------------------------------------------------------------


def _catalogue(lab: Lab, path: Path, tree: ast.Module, least: int) -> Iterator[Problem]:
    functions = {question.id: question.functions for question in lab.questions}
    defined = {name for names in functions.values() for name in names}
    kind = "misconception" if path.name == MISCONCEPTIONS else "variant"
    count, seen = dict.fromkeys(functions.keys() - {QUESTION}, 0), {}
    for node in tree.body:
        marks = dict(_marks(node)) if isinstance(node, ast.FunctionDef) else {}
        if kind not in marks:
            continue
        if node.name in seen:
            yield Problem(path, node.lineno, f"{node.name} replaces the {kind} on line {seen[node.name]}.")
        seen[node.name] = node.lineno
        question = (marks[kind] or [None])[0]
        if question not in count:
            yield Problem(path, node.lineno, f"{node.name}: the lesson has no question {question}.")
            continue
        count[question] += 1
        replaces = _keyword(node, kind, "replaces")
        if replaces is not None and replaces not in defined:
            yield Problem(path, node.lineno, f"{node.name} replaces {replaces}, which no question asks for.")
    for question, number in count.items():
        if number < least:
            sentence = f"question {question} has {_number(number, kind)}; it should have {least}."
            yield Problem(path, 1, sentence, warning=True)


def _number(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


# --- reading ------------------------------------------------------------------------------------------------


def _tree(path: Path) -> tuple[ast.Module | None, list[Problem]]:
    try:
        return ast.parse(path.read_text(encoding="utf-8")), []
    except SyntaxError as error:
        return None, [Problem(path, error.lineno or 1, f"this is not Python: {error.msg}.")]
    except OSError as error:
        return None, [Problem(path, 1, f"this file cannot be read: {error.strerror}.")]


def _marks(node: ast.FunctionDef) -> Iterator[tuple[str, list]]:
    """The decorators by name, each with its plain positional arguments."""
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
        if name:
            yield name, [arg.value for arg in call.args if isinstance(arg, ast.Constant)]


def _keyword(node: ast.FunctionDef, mark: str, name: str) -> object:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", None) == mark:
            for keyword in decorator.keywords:
                if keyword.arg == name and isinstance(keyword.value, ast.Constant):
                    return keyword.value.value
    return None
