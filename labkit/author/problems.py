"""What is wrong with a lab's files, found by reading them: every problem with its file and line, all at once.

Errors keep a lab from being built. Warnings say where it is thinner than a lab should be.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.author.quiz import quiz_problems
from labkit.check.catalogue import MISCONCEPTIONS, VARIANTS
from labkit.course import COURSE_FILE, Lab, solution_of
from labkit.lesson.checks import check_problems, marks_of
from labkit.lesson.lesson import read_lesson
from labkit.lesson.quiz import QUESTION
from labkit.lesson.source import SourceError, parse_python, read_text

MISCONCEPTIONS_EACH = 5
VARIANTS_EACH = 3
_NOTHING = ast.Module([], [])


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
    return sorted(_Files(lab).problems())


def errors(lab: Lab) -> list[Problem]:
    """The problems that keep a lab from being built."""
    return [problem for problem in problems(lab) if not problem.warning]


class _Files:
    """The files of a lab: each is read once, and what is wrong with one keeps no other from being looked at."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.folder = solution_of(lab)
        self.unreadable: list[Problem] = []
        self.text, self.tree = self.read("lab.py")
        self.lesson = read_lesson(self.text)
        self.questions = {question.id: question.functions for question in self.lesson.questions}
        #: also those that have a heading and nothing else yet, of which that is said once
        self.begun = {*self.questions, *(heading.question for heading in self.lesson.headings)}

    def problems(self) -> Iterator[Problem]:
        yield from self.master()
        yield from self.checks()
        for name, least in ((MISCONCEPTIONS, MISCONCEPTIONS_EACH), (VARIANTS, VARIANTS_EACH)):
            path = self.folder / name
            tree = self.read(name)[1] if path.exists() else _NOTHING
            if tree is not None:
                yield from self.catalogue(path, tree, least)
        yield from self.unreadable

    def read(self, name: str) -> tuple[str, ast.Module | None]:
        path = self.folder / name
        text = ""
        try:
            text = read_text(path)
            return text, parse_python(text, path)
        except SourceError as error:
            self.unreadable.append(Problem(path, error.line, error.sentence))
            return text, None

    def master(self) -> Iterator[Problem]:
        path, lesson = self.lab.source, self.lesson
        if self.unreadable and not self.text:
            return
        for line, sentence in lesson.slips:
            yield Problem(path, line, sentence)
        if lesson.lab != self.lab.name or not lesson.header:
            yield Problem(path, 1, f"the first line is not `# labkit: {self.lab.name}`.")
        first: dict[str, int] = {}
        for heading in lesson.headings:
            line = first.setdefault(heading.question, heading.line)
            if line != heading.line:
                sentence = f"question {heading.question} has a heading on line {line} already."
                yield Problem(path, heading.line, sentence)
            elif heading.question not in self.questions:
                sentence = f"question {heading.question} has no function with a solution block, and no cell for words."
                yield Problem(path, line, sentence)
        if self.tree is None:
            return
        for line, sentence in quiz_problems(lesson, self.tree, self.text):
            yield Problem(path, line, sentence)
        for node, before in _twice(self.tree):
            yield Problem(path, node.lineno, f"{node.name} is defined on line {before} already.")

    def checks(self) -> Iterator[Problem]:
        path = self.folder / "test_lab.py"
        _, tree = self.read(path.name)
        if tree is None:
            return
        for line, sentence in check_problems(tree):
            yield Problem(path, line, sentence)
        tests = [node for node in _functions(tree) if node.name.startswith("test_")]
        for node, before in _twice(ast.Module(list(tests), [])):
            yield Problem(path, node.lineno, f"{node.name} replaces the check on line {before}.")
        total, checked = math.fsum(quiz.points for quiz in self.lab.quiz), set()
        for node in tests:
            marks = _marks(node)
            total += (marks.get("points") or [0])[0]
            checked |= set(marks.get("question", []))
            if not ast.get_docstring(node):
                yield Problem(
                    path, node.lineno, f"{node.name} has no docstring; it is the title of the check."
                )
            if "question" not in marks:
                yield Problem(path, node.lineno, f'{node.name} belongs to no question; add @question("1.3").')
            if "points" not in marks:
                yield Problem(path, node.lineno, f"{node.name} has no @points.", warning=True)
            for mark in ("question", "needs"):
                for question in sorted({*marks.get(mark, ())} - {*self.begun, QUESTION}):
                    sentence = f"{node.name}: the lesson has no question {question} (@{mark})."
                    yield Problem(path, node.lineno, sentence)
        for heading in self.lesson.headings:
            if heading.question in self.questions and heading.question not in checked:
                sentence = f"question {heading.question} has no check in {path.name}."
                yield Problem(self.lab.source, heading.line, sentence)
        if not math.isclose(total, self.lab.points, abs_tol=0.005):
            sentence = f"the checks give {total:g} points together, not {self.lab.points:g} "
            remedy = f"(another total: `points = {total:g}` at the lab in {COURSE_FILE})."
            yield Problem(path, 1, sentence + remedy)

    def catalogue(self, path: Path, tree: ast.Module, least: int) -> Iterator[Problem]:
        """What is wrong with the misconceptions or the variants."""
        kind = "misconception" if path.name == MISCONCEPTIONS else "variant"
        entries = [node for node in _functions(tree) if kind in _marks(node)]
        for node, before in _twice(ast.Module(list(entries), [])):
            yield Problem(path, node.lineno, f"{node.name} replaces the {kind} on line {before}.")
        count = dict.fromkeys(self.questions, 0)
        for node in entries:
            question = next(iter(_marks(node)[kind]), None)
            if question not in self.begun:
                yield Problem(path, node.lineno, f"{node.name}: the lesson has no question {question}.")
            if question not in count:
                continue
            count[question] += 1
            replaces = _keyword(node, kind, "replaces")
            if replaces is not None and not any(replaces in names for names in self.questions.values()):
                sentence = f"{node.name} replaces {replaces}, which no question asks for."
                yield Problem(path, node.lineno, sentence)
            given = len(_marks(node)[kind]) > 1 or _keyword(node, kind, "sentence")  # as in the first labs
            if kind == "misconception" and not (given or ast.get_docstring(node)):
                sentence = f"{node.name} has no docstring; it is what a student reads."
                yield Problem(path, node.lineno, sentence)
        yield from self.imports(path, tree)
        for question, number in count.items():
            if number < least and question not in self.read_by_people():
                had = f"{number or 'no'} {kind}{'' if number == 1 else 's'}"
                yield Problem(
                    path, 1, f"question {question} has {had}; it should have {least}.", warning=True
                )

    def read_by_people(self) -> set[str]:
        """The questions of which every check is written."""
        infos = self.lab.checks
        return {info.question for info in infos} - {info.question for info in infos if not info.written}

    def imports(self, path: Path, tree: ast.Module) -> Iterator[Problem]:
        """Names that are taken from the lesson and are no longer there."""
        if self.tree is None:
            return
        graded = ast.parse(self.lesson.script.without_explore())
        there = {name for node in graded.body for name in _binds(node)} | {"*"}
        taken: list[tuple[int, str]] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "lab":
                taken += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                taken += [(node.lineno, node.attr)] if node.value.id == "lab" else []
        for line, name in taken:
            if name not in there:
                yield Problem(
                    path, line, f"{name} is taken from lab.py, whose graded cells do not define it."
                )


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def _twice(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, int]]:
    """Each function that has the name of an earlier one, and that one's line."""
    seen: dict[str, int] = {}
    for node in _functions(tree):
        if node.name in seen:
            yield node, seen[node.name]
        seen[node.name] = node.lineno


def _binds(node: ast.stmt) -> set[str]:
    """Every name that a statement of the lesson may give a meaning to."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
        elif isinstance(part, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in part.names}
        elif isinstance(part, (ast.FunctionDef, ast.ClassDef)):
            found.add(part.name)
    return found


def _marks(node: ast.FunctionDef) -> dict:
    try:
        return marks_of(node)
    except ValueError:  # `check_problems` says so
        return {}


def _keyword(node: ast.FunctionDef, mark: str, name: str) -> object:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", None) == mark:
            for keyword in decorator.keywords:
                if keyword.arg == name and isinstance(keyword.value, ast.Constant):
                    return keyword.value.value
    return None
