"""Quiz questions as their author writes them: a function whose docstring asks and whose solution answers.

    def quiz_1_3() -> str:
        \"\"\"Softmax of (1000, 1000) is computed as exp(u) / exp(u).sum(). What comes out?

        a) One half, twice.
           -> That is the right value, but exp(1000) is already infinite in floating point.
        b) NaN, twice.
           -> inf / inf is not a number.
        \"\"\"
        # BEGIN SOLUTION
        return "b"
        # END SOLUTION

Several right options: `return "ad"`. A number instead of options: `return 7850`, with `tolerance: 0.5` where it
need not be exact and `= 7840 -> what was forgotten` for numbers that tell a mistake. `points: 2`, else 0.
A student's file shows text and options; a letter means the option that this very file shows under it.
This module reads such functions out of a script; nothing is run.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from labkit.errors import LabkitError

PREFIX = "quiz_"
QUESTION = "quiz"  # the question that all of them belong to
#: How a question wants its answer, as the last line of what a student sees.
HOW = {
    "one": "Answer with the letter of the right option.",
    "several": 'Answer with the letters of all right options, such as "ad".',
    "number": "Answer with a number.",
}
_SHOWN = re.compile(r"""^def (quiz_\w+)\([^\n]*:[ \t]*\n[ \t]+[rR]?(\"{3}|'{3})""", re.M)
_MOST_SHOWN = 200  # questions of a cell, which may be hostile
_OPTION = re.compile(r"([a-h])\) +(.*)")
_SLIP = re.compile(r"= *(\S+) +-> +(.*)")
_SETTING = re.compile(r"(tolerance|points): *(\S+)")
_SECTION = re.compile(r"quiz_(\d+)_(\d+)")


@dataclass(frozen=True)
class Option:
    """One of the options, under its letter, and why it is right or wrong."""

    letter: str
    text: str
    because: str = ""


@dataclass(frozen=True)
class Quiz:
    """A quiz question. `answer` holds the letters that are right, or the number; None in a starter.

    `slips` are numbers that tell a mistake, each with its sentence. `place` is the docstring's first and last line.
    """

    function: str
    text: str
    options: tuple[Option, ...] = ()
    answer: str | float | None = None
    tolerance: float = 0.0
    slips: tuple[tuple[float, str], ...] = ()
    points: float = 0
    place: tuple[int, int] = (0, 0)

    @property
    def section(self) -> str:
        """The section that it stands in, such as 1.3, by its name."""
        return section_of(self.function)

    @property
    def title(self) -> str:
        """The section that it belongs to and the beginning of its text."""
        number = f"Quiz {self.section}".rstrip()
        text = " ".join(self.text.split())
        return f"{number}: {text if len(text) <= 80 else text[:79].rsplit(' ', 1)[0] + ' …'}"


@dataclass(frozen=True)
class Shown:
    """A question as a student's file shows it: its text, its options by their letters, whether it asks for one."""

    text: str = ""
    options: dict[str, str] = field(default_factory=dict)
    one: bool = False


class QuizError(LabkitError):
    """A quiz question is not written as it should be; `line` says where."""

    def __init__(self, line: int, sentence: str):
        super().__init__(sentence)
        self.line = line


def read_quizzes(script: str, answers: bool = True) -> tuple[Quiz, ...]:
    """The quiz questions of a script, in order; none where it is not Python. Raises QuizError.

    Without `answers`, what the functions return is left unread, as it may be a student's.
    """
    try:
        tree = ast.parse(script)
    except SyntaxError:
        return ()
    return tuple(_read(node, answers) for node in quiz_functions(tree))


def quiz_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """The functions of a script that are quiz questions."""
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith(PREFIX)]


def section_of(function: str) -> str:
    """The section that a quiz question belongs to by its function's name, or nothing."""
    found = _SECTION.match(function)
    return f"{found[1]}.{found[2]}" if found else ""


def shown_in(sources: Iterable[Sequence[str]]) -> dict[str, Shown]:
    """What a student's file asks, by function. `sources` are labels and codes of cells; they may be anything."""
    found: dict[str, Shown] = {}
    for _, code, *_ in sources:
        for start in islice(_SHOWN.finditer(code), _MOST_SHOWN):
            end = code.find(start[2], start.end())
            docstring = inspect.cleandoc(code[start.end() : end])
            text, options, _, _ = _parts(docstring)
            shown = {option.letter: option.text for option in options}
            found[start[1]] = Shown(text, shown, HOW["one"] in docstring)
    return found


# --- reading one --------------------------------------------------------------------------------------------


def _read(node: ast.FunctionDef, answers: bool) -> Quiz:
    docstring = ast.get_docstring(node)
    if not docstring:
        raise QuizError(node.lineno, f"{node.name} has no docstring; it holds the question.")
    first = node.body[0]
    text, options, slips, settings = _parts(docstring)
    if [option.letter for option in options] != list("abcdefgh"[: len(options)]):
        raise QuizError(node.lineno, f"{node.name}: the options are not lettered a, b, c … in order.")
    return Quiz(
        node.name,
        text,
        options,
        _answer(node) if answers else None,
        _number(node, settings.get("tolerance", "0.0")),
        tuple((_number(node, number), because) for number, because in slips),
        _number(node, settings.get("points", "0")),
        (first.lineno, first.end_lineno or first.lineno),
    )


def _parts(docstring: str) -> tuple[str, tuple[Option, ...], list[tuple[str, str]], dict[str, str]]:
    """Text, options, slips (a number as it is written, and its sentence) and settings of a question."""
    text: list[str] = []
    options: list[tuple[str, list[str]]] = []
    slips: list[tuple[str, list[str]]] = []
    settings: dict[str, str] = {}
    part = text
    for line in docstring.split("\n"):
        if option := _OPTION.match(line):
            part = [option[2]]
            options.append((option[1], part))
        elif slip := _SLIP.match(line):
            part = [slip[2]]
            slips.append((slip[1], part))
        elif setting := _SETTING.match(line):
            settings[setting[1]] = setting[2]
        elif not line:
            part = text
            text.append("")
        elif line not in HOW.values():
            part.append(line)
    found = tuple(_option(letter, lines) for letter, lines in options)
    return "\n".join(text).strip(), found, [(number, _joined(lines)) for number, lines in slips], settings


def _option(letter: str, lines: list[str]) -> Option:
    text, _, because = _joined(lines).partition(" -> ")
    return Option(letter, text, because)


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def _answer(node: ast.FunctionDef) -> str | float | None:
    last = node.body[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        return None
    try:
        answer = ast.literal_eval(last.value)
    except ValueError:
        answer = None
    if isinstance(answer, bool) or not isinstance(answer, (str, int, float)):
        raise QuizError(last.lineno, f"{node.name} does not return letters or a number, written out.")
    return "".join(sorted(set(answer))) if isinstance(answer, str) else answer


def _number(node: ast.FunctionDef, text: str) -> float:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise QuizError(node.lineno, f"{node.name}: {text!r} is no number.") from None
