"""A made class for trying things out: a lab's own right and wrong answers, handed in by people who do not exist.

The lab comes with those of its checks that take no long training, so that sixty submissions are graded in a minute or
two. They lie there as an export of Gradescope, which tells who handed in what, with whom, and when.
"""

from __future__ import annotations

import ast
import builtins
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat

from labkit.author.notebook import notebook_of
from labkit.author.quiz import asked
from labkit.check.catalogue import MISCONCEPTIONS, VARIANTS, read_catalogue
from labkit.course import Course, CourseError, Lab, read_course, solution_of
from labkit.files import write_atomically, writing
from labkit.lesson.checks import marks_of
from labkit.lesson.lesson import Solution, read_lesson
from labkit.lesson.quiz import PREFIX, QUESTION, read_quizzes
from labkit.lesson.source import read_python, read_text
from labkit.text import csv_text

EXPORT, CLASS_LIST, RESULTS = "export", "class.csv", "graded"
SIZE = 60
_ENOUGH = 20  # known mistakes
_QUESTIONS = 6  # the class has come so far
_HEAVY = {"keras", "tensorflow", "tf"}  # what takes seconds to import
_DUE = datetime(2026, 10, 16, 21, 59, tzinfo=UTC)
_COURSE = """\
title = "A made class"

[late]
penalty_per_day = 10
grace_minutes = 15
max_days = 5

[[labs]]
name = "{lab}"
due = {due}
"""
#: Given and family names of many languages, some with what machines stumble over.
_GIVEN = (
    *(
        "Aïcha",
        "Björn",
        "Chloé",
        "Đorđe",
        "Emre",
        "Fatima",
        "Gaëlle",
        "Hana",
        "Ingrid",
        "João",
        "Kwame",
        "Łucja",
    ),
    *(
        "Màrius",
        "Nguyễn An",
        "Oksana",
        "Priya",
        "Qiáng",
        "Renée",
        "Søren",
        "Tomáš",
        "Uxía",
        "Vera",
        "Wanjiru",
        "Xin",
    ),
    *("Yuki", "Zeynep", "محمد", "Ольга", "明", "Sinéad"),
)
_FAMILY = (
    *(
        "Abebe",
        "Bauer",
        "Çelik",
        "Dupont",
        "Eriksen",
        "Fernández",
        "García i Puig",
        "Håkansson",
        "Ivanova",
        "Jürgens",
    ),
    *("Kowalska", "Lê", "MacLeod", "Nakamura", "O’Connor", "Petrović", "Quispe", "Rossi", "Straße", "Tanaka"),
    *("Ünal", "van der Berg", "Wójcik", "Xu", "Yıldız", "Žižka", "العربي", "Петренко", "田中", "D'Angelo"),
)


@dataclass(frozen=True)
class Answers:
    """The ways to answer the functions of a lab, as lines that stand in place of a solution: right ones, the first of
    them the reference's, and mistakes.
    """

    right: dict[str, list[list[str]]]
    wrong: dict[str, list[list[str]]]

    @property
    def mistakes(self) -> int:
        """How many there are."""
        return sum(map(len, self.wrong.values()))


def make_class(
    course: Course, folder: Path, lab: Lab | None = None, size: int = SIZE, seed: int = 1
) -> Course:
    """Write a course of one lab, an export of submissions to it and a class list into a new folder; returns the course.

    Without a `lab` it is the first with light checks of which many mistakes are known. Raises CourseError where the
    folder is not empty or the lab has no solution.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CourseError(f"{folder} is not empty; name a new folder.")
    labs = [lab] if lab else [one for one in course.labs if one.solution and _light(one)]
    if not labs:
        raise CourseError(f"No lab of {course.root} has a solution and a check without training.")
    known = {one.name: answers_of(one).mistakes for one in labs}
    enough = [one for one in labs if known[one.name] >= _ENOUGH]
    chosen = enough[0] if enough else max(labs, key=lambda one: known[one.name])
    made = _course(chosen, folder)
    _hand_in(made.labs[0], folder, size, random.Random(seed))
    return made


def answers_of(lab: Lab) -> Answers:
    """The known answers to the questions with light checks that can stand in a student's file as they are."""
    lesson, questions = read_lesson(read_text(lab.source)), _light(lab)
    lines = read_text(lab.source).split("\n")
    tree = read_python(lab.source)
    known = {name for node in tree.body for name in _bound(node)} | set(dir(builtins))
    heads = {node.name: _parameters(node.args) for node in tree.body if isinstance(node, ast.FunctionDef)}
    asked_for = [part for part in lesson.solutions if part.question in questions]
    right = {part.function: [_between(lines, part)] for part in asked_for}
    wrong: dict[str, list[list[str]]] = {name: [] for name in right}
    for file_name, into in ((VARIANTS, right), (MISCONCEPTIONS, wrong)):
        for entry in read_catalogue(lab, file_name):
            if entry.replaces in into:
                path = solution_of(lab) / file_name
                node = next(n for n in read_python(path).body if getattr(n, "name", "") == entry.name)
                assert isinstance(node, ast.FunctionDef)
                if _parameters(node.args) == heads[entry.replaces] and _stands_alone(node, known):
                    into[entry.replaces].append(_body(node, read_text(path).split("\n")))
    return Answers(right, wrong)


# --- from a lab to its answers ---------------------------------------------------------------------------------------


def _light(lab: Lab) -> set[str]:
    """The first questions with checks that neither train nor ask for time, and the quiz."""
    light = {check.question for check in lab.checks if _is_light(check.keras, check.limit)}
    questions = [
        question.id for question in lab.questions if question.id in light and question.id != QUESTION
    ]
    return {*questions[:_QUESTIONS], QUESTION}


def _is_light(keras: bool, limit: object) -> bool:
    return not keras and limit is None


def _bound(node: ast.AST) -> Iterable[str]:
    """The names that a statement at the margin of a file defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return (node.name,)
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return tuple((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    return tuple(
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    )


def _parameters(arguments: ast.arguments) -> list[str]:
    return [part.arg for part in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _stands_alone(node: ast.FunctionDef, known: set[str]) -> bool:
    """Whether a function needs nothing but what a student's file has."""
    names = [part for statement in node.body for part in ast.walk(statement) if isinstance(part, ast.Name)]
    own = {part.id for part in names if isinstance(part.ctx, ast.Store)} | set(_parameters(node.args))
    inner = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    imported = {name for part in ast.walk(node) for name in _bound(part) if not isinstance(part, ast.Name)}
    used = {part.id for part in names} | imported
    return used <= own | inner | imported | known and not used & _HEAVY


def _body(node: ast.FunctionDef, lines: list[str]) -> list[str]:
    """The lines of a function without its docstring, which would teach."""
    docstring = ast.get_docstring(node) is not None
    first = (node.body[0].end_lineno or 0) + 1 if docstring else node.body[0].lineno
    return lines[first - 1 : node.end_lineno]


def _between(lines: list[str], part: Solution) -> list[str]:
    return lines[part.first : part.last - 1]


# --- what is handed in -----------------------------------------------------------------------------------------------


def _course(lab: Lab, folder: Path) -> Course:
    """A course of this lab with its light checks."""
    target, light = folder / "solutions" / lab.name, _light(lab)
    checks = read_python(solution_of(lab) / "test_lab.py")
    lines = read_text(solution_of(lab) / "test_lab.py").split("\n")
    for node in reversed(checks.body):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = marks_of(node)
            asked_for = (marks.get("question") or [""])[0] in light
            if not asked_for or not _is_light(
                "keras" in marks.get("uses", ()), (marks.get("limit") or [None])[0]
            ):
                del lines[node.decorator_list[0].lineno - 1 : node.end_lineno]
    with writing(folder):
        write_atomically(folder / "course.toml", _COURSE.format(lab=lab.name, due=_DUE.isoformat()))
        write_atomically(target / "test_lab.py", "\n".join(lines))
        for path in sorted(solution_of(lab).glob("*.py")):
            if path.name != "test_lab.py":
                write_atomically(target / path.name, path.read_bytes())
    return read_course(folder)


def _hand_in(lab: Lab, folder: Path, size: int, chance: random.Random) -> None:
    """The export and the class list."""
    answers, master = answers_of(lab), read_text(lab.source)
    names = [f"{given} {family}" for given in _GIVEN for family in _FAMILY]
    people = chance.sample(names, size + 4)
    metadata, roster = [], [["id", "name", "email", "section"]]
    for number, name in enumerate(people):
        roster.append([f"{4100 + 7 * number}", name, f"s{number:03d}@example.edu", "ABC"[number % 3]])
    scripts = [_script(master, lab, answers, chance) for _ in range(size)]
    scripts[size // 2] = _disguised(scripts[size // 3])
    taken = iter(range(size + 2))  # two hand in nothing
    for place, script in enumerate(scripts):
        members = [next(taken) for _ in range(3 if place == 7 else 1)]
        late = (
            timedelta(days=(place * 3 + 1) % 7) if place % 9 == 4 else -timedelta(hours=chance.randint(1, 90))
        )
        rows = [roster[member + 1] for member in members]
        who = "".join(f"  - :name: {row[1]}\n    :sid: '{row[0]}'\n    :email: {row[2]}\n" for row in rows)
        when = (_DUE + late - timedelta(minutes=chance.randint(0, 50))).strftime("%Y-%m-%d %H:%M:%S Z")
        metadata.append(f"submission_{1001 + place}:\n  :submitters:\n{who}  :created_at: {when}\n")
        file, data = _file(script, lab, place)
        with writing(folder):
            write_atomically(folder / EXPORT / f"submission_{1001 + place}" / file, data)
    with writing(folder):
        write_atomically(folder / EXPORT / "submission_metadata.yml", "---\n" + "".join(metadata))
        write_atomically(folder / CLASS_LIST, csv_text(roster))


def _file(script: str, lab: Lab, place: int) -> tuple[str, bytes]:
    """A file's name and bytes: mostly scripts, some notebooks, and what does not work."""
    notebook = nbformat.writes(notebook_of(script, lab.name)).encode()
    if place == 11:
        return "answers.pdf", b"%PDF-1.4\n% the answers, as a photograph\n"
    if place == 17:
        return f"{lab.name}.ipynb", notebook[: len(notebook) // 2]
    if place == 23:
        return f"{lab.name}.py", script.replace("    return ", "   return ", 1).encode()
    return (f"{lab.name}.ipynb", notebook) if place % 5 == 2 else (f"{lab.name}.py", script.encode())


def _script(master: str, lab: Lab, answers: Answers, chance: random.Random) -> str:
    """The answers of somebody who knows more or less: right ones, known mistakes and slips, some left out."""
    knows = chance.betavariate(3.2, 1.3)
    edits = list(asked(master))
    solutions = read_lesson(master).solutions
    quiz = {one.function: one for one in read_quizzes(master)}
    for place, part in enumerate(solutions):
        if part.function.startswith(PREFIX):
            asks = quiz[part.function]
            letters = [option.letter for option in asks.options]
            given = asks.answer if chance.random() < knows or not letters else chance.choice(letters)
            edits.append((part.first, part.last, [f"{part.indent}return {given!r}"]))
            continue
        right, wrong = answers.right.get(part.function), answers.wrong.get(part.function)
        tired = 0.25 * place / len(solutions)
        if right is None or chance.random() > knows + 0.35 - tired:
            edits.append((part.first, part.last, [part.reminder]))
        elif chance.random() < knows:
            edits.append((part.first, part.last, chance.choice(right)))
        elif wrong and chance.random() < 0.85:  # some mistakes are made by many
            edits.append((part.first, part.last, wrong[int(len(wrong) * chance.random() ** 2.5)]))
        else:
            edits.append((part.first, part.last, _slipped(right[0])))
    return read_lesson(master).edited(edits)


def _slipped(lines: list[str]) -> list[str]:
    """An answer with a slip that no list of mistakes has foreseen."""
    text = "\n".join(lines)
    for right, wrong in ((" - ", " + "), (" / ", " * "), (" * ", " / "), ("axis=1", "axis=0")):
        if right in text:
            return text.replace(right, wrong, 1).split("\n")
    return lines


def _disguised(script: str) -> str:
    """The same answers by somebody who has changed the comments."""
    return (
        "\n".join(line for line in script.split("\n") if not line.lstrip().startswith("# ("))
        + "\n# my own work\n"
    )
