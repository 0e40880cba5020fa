"""From a quiz question with its answer to the one that a student sees."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from labkit.lesson.lesson import Lesson
from labkit.lesson.quiz import HOW, PREFIX, QUESTION, Quiz, QuizError, quiz_functions, read_quizzes

Edit = tuple[int, int, list[str]]  # first and last line, and what comes in their place


def asked(master: str) -> Iterator[Edit]:
    """What to replace in a master so that its quiz asks, and tells nothing: explanations and settings go."""
    for quiz in read_quizzes(master):
        yield *quiz.place, _docstring(quiz)


def _docstring(quiz: Quiz) -> list[str]:
    kind = "several" if isinstance(quiz.answer, str) and len(quiz.answer) > 1 else "one"
    options = [f"{option.letter}) {option.text}" for option in quiz.options]
    worth = [f"points: {quiz.points:g}", ""] if quiz.points else []
    how = HOW[kind if quiz.options else "number"]
    parts = [*quiz.text.split("\n"), "", *options, *[""] * bool(options), *worth, how]
    quote = 'r"""' if "\\" in "\n".join(parts) else '"""'
    indented = [f"    {line}" if line else "" for line in parts]
    return [f"    {quote}{parts[0]}", *indented[1:], '    """']


def quiz_problems(lesson: Lesson, tree: ast.Module, master: str) -> Iterator[tuple[int, str]]:
    """What is wrong with the quiz of a master: line and sentence of each."""
    found = quiz_functions(tree)
    for node in found:
        yield from ((node.lineno, f"{node.name}{sentence}") for sentence in _wrong(node, master))
    for cell in lesson.cells:
        last = cell.number + len(cell.lines)
        inside = [node for node in found if cell.number <= node.lineno < last]
        if QUESTION in cell.tags and not inside:
            yield cell.number - 1, f"this cell is tagged quiz and defines no function called {PREFIX}…"
        for node in inside if QUESTION not in cell.tags else ():
            yield node.lineno, f'{node.name} is not in a cell tagged `# %% tags=["quiz"]`.'


def _wrong(node: ast.FunctionDef, master: str) -> Iterator[str]:
    try:
        (quiz,) = read_quizzes(ast.get_source_segment(master, node) or "")
    except QuizError as error:
        yield str(error).removeprefix(node.name)
        return
    if quiz.answer is None:
        yield " does not say its answer: its solution must be a `return`."
    elif quiz.options and not (isinstance(quiz.answer, str) and quiz.answer):
        yield " has options, so it must return letters."
    elif quiz.options and not set(str(quiz.answer)) <= {option.letter for option in quiz.options}:
        yield f" returns {quiz.answer!r}, which is not among its options."
    elif not quiz.options and isinstance(quiz.answer, str):
        yield " returns letters and has no options."
    texts: dict[str, str] = {}
    for option in quiz.options:
        if not option.because:
            yield f": option {option.letter} has no explanation (` -> …`)."
        if texts.setdefault(option.text.rstrip("."), option.letter) != option.letter:
            yield f": options {texts[option.text.rstrip('.')]} and {option.letter} are the same."
