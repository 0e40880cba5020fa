"""What a submission answers, read from its text: the functions of each question, and the letters of the quiz.

Pages show them, failures are grouped by them, and code is compared by them. Nothing here is run, and no verdict rests
on it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from labkit.lesson.lesson import Question
from labkit.lesson.quiz import PREFIX, shown_in
from labkit.text import inert, one_line

_MOST = 6 * 1024  # characters of a function
_MOST_TOGETHER = 48 * 1024  # of all functions of a record
_DEFINITION = re.compile(r"^(?:async )?(?:def|class) (\w+)", re.M)
_END = re.compile(r"\n(?=[^\s#)\]}])")


class Code(Struct, frozen=True):
    """A function of a submission: its question, its name, the cell or file and line where it begins, and its text."""

    question: str
    name: str
    where: str
    line: int
    text: str


class Choice(Struct, frozen=True):
    """A quiz question as this file shows it, its options by letter, and the answer; None: it is no literal."""

    text: str
    options: dict[str, str] = {}
    given: str | float | None = None


class Answers(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The functions of a submission, those of a question together, and its answers to the quiz by their function.

    `written` are the texts of written questions, by check, for a human to read.
    """

    code: tuple[Code, ...] = ()
    quiz: dict[str, Choice] = {}
    written: dict[str, str] = {}

    def of(self, question: str) -> str:
        """The code of a question; empty where none is known."""
        return "\n\n\n".join(code.text for code in self.code if code.question == question)


def answers_in(cells: Iterable[Sequence[str]], questions: Iterable[Question]) -> Answers:
    """What the cells of a submission answer to these questions; of a function defined twice the last one."""
    cells = list(cells)
    defined = {code.name: code for label, text, *_ in cells for code in _definitions(label, text)}
    asked = [(question.id, name) for question in questions for name in question.functions]
    taken = {name for _, name in asked}
    found: list[Code] = []
    left = _MOST_TOGETHER
    for question, first in asked:
        names = [first]
        for name in names:  # grows: a function comes with the helpers that it calls
            code = defined.get(name)
            if code is None or name.startswith(PREFIX) or left <= 0:
                continue
            left -= len(code.text)
            found.append(
                Code(
                    question, name, code.where, code.line, inert(code.text, min(_MOST, left + len(code.text)))
                )
            )
            helpers = [
                word for word in re.findall(r"\w+", code.text) if word in defined and word not in taken
            ]
            names += dict.fromkeys(helpers)
            taken.update(helpers)
    shown = shown_in(cells)
    quiz = {
        one_line(name): Choice(
            inert(asks.text, 600),
            {letter: inert(text, 300) for letter, text in asks.options.items()},
            _given(defined[name].text) if name in defined else None,
        )
        for name, asks in shown.items()
        if name in taken
    }
    return Answers(code=tuple(found), quiz=quiz)


def _definitions(label: str, text: str) -> Iterator[Code]:
    """The functions and classes at the margin of a cell."""
    starts = list(islice(_DEFINITION.finditer(text), 400))
    for start in starts:
        end = _END.search(text, start.end())
        lines = text[start.start() : end.start() if end else len(text)].split("\n")
        while not lines[-1].strip() or lines[-1].startswith("#"):  # a comment belongs to what comes after it
            lines.pop()
        line = text.count("\n", 0, start.start()) + 1
        yield Code("", start[1], one_line(label), line, "\n".join(lines))


def _given(function: str) -> str | float | None:
    """What a quiz function returns, where it is written out."""
    try:
        last = ast.parse(function[:_MOST]).body[0].body[-1]  # type: ignore[attr-defined]
        answer = ast.literal_eval(last.value) if isinstance(last, ast.Return) and last.value else None
    except (SyntaxError, ValueError, RecursionError, MemoryError, IndexError, AttributeError):
        return None
    if isinstance(answer, str):
        return "".join(sorted(set(one_line(answer, 20).lower()) - set(" ,;")))
    finite = isinstance(answer, (int, float)) and not isinstance(answer, bool) and abs(answer) < 1e300
    return answer if finite else None
