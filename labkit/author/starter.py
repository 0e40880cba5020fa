"""From the master to what students get. Pure functions from text to text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from labkit.author.quiz import Edit, asked
from labkit.course import CourseError
from labkit.lesson.cells import CHECK, EXAMPLE, Cell
from labkit.lesson.lesson import HINT, PLACEHOLDER, Lesson, read_lesson
from labkit.lesson.quiz import PREFIX


def starter(master: str, name: Path | str = "lab.py") -> str:
    """The master with every solution replaced by `raise NotImplementedError("1.3 softmax")`, and no answer of the quiz.

    Raises CourseError, with the line, where a solution begins or ends in the wrong place.
    """
    lesson = read_lesson(master)
    for line, sentence in lesson.slips:
        raise CourseError(f"{name}, line {line}: {sentence}")
    edits = [(part.first, part.last, [part.reminder]) for part in lesson.solutions]
    edits += [(cell.first, cell.last, [f"# {PLACEHOLDER}"]) for cell in lesson.written]
    return lesson.edited([*edits, *asked(master), *_before_header(lesson)])


def without_hints(script: str) -> str:
    """A starter whose hints are only pointed at: a script cannot fold them."""
    lesson = read_lesson(script)
    edits: list[Edit] = []
    for cell, question in _with_questions(lesson):
        if HINT in cell.tags:
            written = len(cell.code.rstrip("\n").split("\n"))
            pointer = f"# Stuck? `labkit hint {question}` helps, step by step."
            edits.append((cell.number, cell.number + written - 1, [pointer]))
    return lesson.edited(edits)


def with_checks(script: str) -> str:
    """The script with a cell that checks after the functions of each question, and one after each quiz question.

    Cells tagged `example` that follow stay with the function that they show.
    """
    lesson = read_lesson(script)
    last: dict[str, Cell] = {}
    for function in lesson.functions:
        name = function.name if function.name.startswith(PREFIX) else function.question
        if name and (function.asked or name == function.name):
            last[name] = lesson.cell_at(function.line)
    edits: list[Edit] = []
    for name, cell in last.items():
        for following in lesson.cells[lesson.cells.index(cell) + 1 :]:
            if EXAMPLE not in following.tags:
                break
            cell = following
        end = cell.number + len(cell.lines)
        imported = [] if edits or "\nimport labkit\n" in script else ["import labkit", ""]
        check = [f'# %% tags=["{CHECK}"]', *imported, f'labkit.check("{name}")', ""]
        edits.append((end, end - 1, check if cell.code.endswith("\n") else ["", "", *check]))
    return lesson.edited(edits)


def without_marks(master: str) -> str:
    """The master as a reader sees it: with its solutions, without the marks around them."""
    lesson = read_lesson(master)
    marks = [line for part in lesson.solutions for line in (part.first, part.last)]
    return lesson.edited([*((line, line, []) for line in marks), *_before_header(lesson)])


def _before_header(lesson: Lesson) -> Iterator[Edit]:
    """What Jupytext and Jupyter put before the header goes, so that a saved master gives what the written one gives."""
    if lesson.header > 1:
        yield 1, lesson.header - 1, []


def _with_questions(lesson: Lesson) -> Iterator[tuple[Cell, str]]:
    for cell in lesson.cells:
        above = [heading.question for heading in lesson.headings if heading.line < cell.number]
        yield cell, above[-1] if above else ""
