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
This module reads such functions out of a script; nothing is run.
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass

PREFIX = "quiz_"
ORDER = "quiz_order"  # the function by which a student's file says in which order it shows the options
QUESTION = "quiz"  # the question that all of them belong to
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
    def title(self) -> str:
        """The section that it belongs to and the beginning of its text."""
        section = _SECTION.match(self.function)
        number = f"Quiz {section[1]}.{section[2]}" if section else "Quiz"
        text = " ".join(self.text.split())
        return f"{number}: {text if len(text) <= 80 else text[:79].rsplit(' ', 1)[0] + ' …'}"


class QuizError(ValueError):
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
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith(PREFIX) and node.name != ORDER
    ]


def permutation(order: int, function: str, count: int) -> list[int]:
    """Which option a file of that order shows in each place."""

    def rank(option: int) -> bytes:
        return hashlib.sha256(f"{order}/{function}/{option}".encode()).digest()

    return sorted(range(count), key=rank)


def order_from(name: str) -> int:
    """The order of options that belongs to a name: a lab, a student."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 100_000


# --- reading one --------------------------------------------------------------------------------------------


def _read(node: ast.FunctionDef, answers: bool) -> Quiz:
    docstring = ast.get_docstring(node)
    if not docstring:
        raise QuizError(node.lineno, f"{node.name} has no docstring; it holds the question.")
    first = node.body[0]
    text, options, slips, settings = [], [], [], {}
    part = text
    for line in docstring.splitlines():
        if option := _OPTION.match(line):
            options.append([option[2]])
            if option[1] != chr(ord("a") + len(options) - 1):
                raise QuizError(node.lineno, f"{node.name}: the options are not lettered a, b, c … in order.")
            part = options[-1]
        elif slip := _SLIP.match(line):
            slips.append((_number(node, slip[1]), [slip[2]]))
            part = slips[-1][1]
        elif setting := _SETTING.match(line):
            settings[setting[1]] = _number(node, setting[2])
        else:
            part.append(line)
    return Quiz(
        node.name,
        "\n".join(text).strip(),
        tuple(_option(chr(ord("a") + n), lines) for n, lines in enumerate(options)),
        _answer(node) if answers else None,
        settings.get("tolerance", 0.0),
        tuple((number, " ".join(" ".join(lines).split())) for number, lines in slips),
        settings.get("points", 0),
        (first.lineno, first.end_lineno),
    )


def _option(letter: str, lines: list[str]) -> Option:
    text, _, because = " ".join(" ".join(lines).split()).partition(" -> ")
    return Option(letter, text, because)


def _answer(node: ast.FunctionDef) -> str | float | None:
    last = node.body[-1]
    if not isinstance(last, ast.Return):
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
