"""From a quiz question with its answer to the one that a student sees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from labkit.lesson.quiz import ORDER, PREFIX, Quiz, QuizError, permutation, quiz_functions, read_quizzes

_CELL = re.compile(r"^# %%")
_QUIZ_CELL = re.compile(r'^# %%.*tags=.*"quiz"')
_ORDER_CELL = '''# %% tags=["quiz"]
def {name}() -> int:
    """The order in which this file shows the options of its quiz; leave it as it is."""
    return {order}


'''
_ORDER_LINE = re.compile(rf'^(def {ORDER}\(\) -> int:\n    """.*"""\n    return )(\d+)$', re.M)
_HOW = {
    "one": "Answer with the letter of the right option.",
    "several": 'Answer with the letters of all right options, such as "ad".',
    "number": "Answer with a number.",
}


def asked(master: str, order: int | None) -> str:
    """The script with every quiz question without its explanations and settings, its options in that order.

    A cell before the first one says the order; without one, options stay as they are written.
    """
    quizzes = read_quizzes(master)
    lines = master.split("\n")
    for quiz in reversed(quizzes):
        first, last = quiz.place
        lines[first - 1 : last] = _docstring(quiz, order)
    if quizzes and order is not None:
        start = quizzes[0].place[0] - 1
        while start > 0 and not _CELL.match(lines[start]):
            start -= 1
        lines[start:start] = _ORDER_CELL.format(name=ORDER, order=order).split("\n")[:-1]
    return "\n".join(lines)


def reordered(starter: str, order: int) -> str:
    """A starter that shows the options in another order, and says so."""
    found = _ORDER_LINE.search(starter)
    if not found:
        return starter
    lines = starter.split("\n")
    for quiz in reversed(read_quizzes(starter, answers=False)):
        if quiz.options:
            lines[quiz.place[0] - 1 : quiz.place[1]] = _moved(lines, quiz, int(found[2]), order)
    return _ORDER_LINE.sub(rf"\g<1>{order}", "\n".join(lines))


def _docstring(quiz: Quiz, order: int | None) -> list[str]:
    kind = "several" if isinstance(quiz.answer, str) and len(quiz.answer) > 1 else "one"
    count = len(quiz.options)
    places = permutation(order, quiz.function, count) if order is not None else range(count)
    options = [f"{chr(ord('a') + n)}) {quiz.options[i].text}" for n, i in enumerate(places)]
    worth = [f"points: {quiz.points:g}", ""] if quiz.points else []
    how = _HOW[kind if quiz.options else "number"]
    parts = [*quiz.text.split("\n"), "", *options, *[""] * bool(options), *worth, how]
    quote = 'r"""' if "\\" in "\n".join(parts) else '"""'
    indented = [f"    {line}" if line else "" for line in parts]
    return [f"    {quote}{parts[0]}", *indented[1:], '    """']


def _moved(lines: list[str], quiz: Quiz, old: int, new: int) -> list[str]:
    first, last = quiz.place
    count, start = len(quiz.options), first - 1
    while not lines[start].startswith("    a) "):
        start += 1
    shown = [line[len("    a) ") :] for line in lines[start : start + count]]
    written = dict(zip(permutation(old, quiz.function, count), shown, strict=True))
    moved = [
        f"    {chr(ord('a') + n)}) {written[i]}" for n, i in enumerate(permutation(new, quiz.function, count))
    ]
    return [*lines[first - 1 : start], *moved, *lines[start + count : last]]


def quiz_problems(master: str) -> Iterator[tuple[int, str]]:
    """What is wrong with the quiz of a master: line and sentence of each."""
    try:
        tree = ast.parse(master)
    except SyntaxError:
        return
    lines = master.split("\n")
    for node in quiz_functions(tree):
        yield from ((node.lineno, f"{node.name}{sentence}") for sentence in _wrong(node, master))
        cell = next((line for line in reversed(lines[: node.lineno]) if _CELL.match(line)), "")
        if not _QUIZ_CELL.match(cell):
            yield node.lineno, f'{node.name} is not in a cell tagged `# %% tags=["quiz"]`.'
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == ORDER:
            yield node.lineno, f"{ORDER} is a name that `labkit build` gives; call this function otherwise."
    for number, line in enumerate(lines, 1):
        if _QUIZ_CELL.match(line) and not _defines_one(lines[number:]):
            yield number, f"this cell is tagged quiz and defines no function called {PREFIX}…"


def _wrong(node: ast.FunctionDef, master: str) -> Iterator[str]:
    try:
        (quiz,) = read_quizzes(ast.get_source_segment(master, node))
    except QuizError as error:
        yield str(error).removeprefix(node.name)
        return
    if quiz.answer is None:
        yield " does not say its answer: its solution must be a `return`."
    elif quiz.options and not (isinstance(quiz.answer, str) and quiz.answer):
        yield " has options, so it must return letters."
    elif quiz.options and not set(quiz.answer) <= {option.letter for option in quiz.options}:
        yield f" returns {quiz.answer!r}, which is not among its options."
    elif not quiz.options and isinstance(quiz.answer, str):
        yield " returns letters and has no options."
    for option in quiz.options:
        if not option.because:
            yield f": option {option.letter} has no explanation (` -> …`)."


def _defines_one(lines: list[str]) -> bool:
    for line in lines:
        if _CELL.match(line):
            return False
        if line.startswith(f"def {PREFIX}"):
            return True
    return False
