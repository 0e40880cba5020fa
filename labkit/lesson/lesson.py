"""What the cells of a lesson say: its lab, title, questions, functions, solutions and hints. Nothing is run.

    # labkit: lab01_softmax_regression      the lab, before anything else
    # # Lab 01: Softmax regression          the title
    # ## 1.3 Softmax                        a question, to the next one
    def softmax(logits):                    a function of the question, where its solution is cut out:
        # BEGIN SOLUTION                    between these marks in the master,
        # END SOLUTION                      or by `raise NotImplementedError("1.3 softmax")` in a starter

A Markdown cell tagged `hint` holds hints for the question that it stands in:

    # <details><summary>Hint 1: the idea</summary> … </details>

One tagged `written` is the place for an answer in words, to the question that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from labkit.lesson.cells import Cell, Script, parse_script
from labkit.lesson.quiz import PREFIX, QUESTION

HINT = "hint"  # the tag of cells with hints
MOST_HINTS = 3
WRITTEN = "written"  # the tag of cells in which a student answers in words
PLACEHOLDER = "*Write your answer here.*"  # what stands there in a starter
_LAB = re.compile(r"#\s*labkit:\s*([A-Za-z0-9_]+)")
_TITLE = re.compile(r"# (.+?)\s*$")
_HEADING = re.compile(r"#{2,3} (\d+\.\d+)(?:\s+(.*?))?\s*$")
_DEFINITION = re.compile(r"(?:async )?def (\w+)\(")
_BEGIN = re.compile(r"(\s*)# BEGIN SOLUTION\s*$")
_END = re.compile(r"\s*# END SOLUTION\s*$")
_REMINDER = re.compile(r'\s+raise NotImplementedError\("\d+\.\d+ \w+"\)')
_HINT = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.S)


@dataclass(frozen=True)
class Question:
    """A question: its id ("1.3"), its title and the functions that answer it."""

    id: str
    title: str
    functions: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """The line that opens a question."""

    question: str
    title: str
    line: int


@dataclass(frozen=True)
class Function:
    """A function at the margin of a code cell: the question it stands in, and whether its solution is cut out."""

    name: str
    line: int
    question: str | None
    asked: bool = False


@dataclass(frozen=True)
class Solution:
    """A solution in a master: its first and last line, marks included, and what the first is indented by."""

    first: int
    last: int
    indent: str
    question: str
    function: str

    @property
    def reminder(self) -> str:
        """What a starter says in its place."""
        return f'{self.indent}raise NotImplementedError("{self.question} {self.function}")'


@dataclass(frozen=True)
class Written:
    """A cell for an answer in words: its question, its first and last line, and the text, Markdown."""

    question: str
    first: int
    last: int
    text: str


@dataclass(frozen=True)
class Hint:
    """A hint: what its summary says, and the text below, both Markdown."""

    summary: str
    text: str


@dataclass(frozen=True)
class Lesson:
    """A lesson, read. `slips` are places where a solution begins or ends wrongly: line and sentence.

    `header` is the line that names the lab before anything else is said, 0 where another one does or none.
    """

    cells: tuple[Cell, ...]
    lab: str | None
    title: str | None
    headings: tuple[Heading, ...]
    functions: tuple[Function, ...]
    solutions: tuple[Solution, ...]
    hints: dict[str, tuple[Hint, ...]]
    slips: tuple[tuple[int, str], ...]
    script: Script
    header: int = 0
    written: tuple[Written, ...] = ()

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions that ask for a function, or for words, in order of their headings."""
        found: list[Question] = []
        for heading in self.headings:
            names = [f.name for f in self.functions if f.asked and f.question == heading.question]
            words = any(cell.question == heading.question for cell in self.written)
            if (names or words) and heading.question not in [question.id for question in found]:
                found.append(Question(heading.question, heading.title, tuple(dict.fromkeys(names))))
        return tuple(found)

    def cell_at(self, line: int) -> Cell:
        """The cell that holds this line of the script."""
        return next(cell for cell in reversed(self.cells) if cell.number <= line)

    @property
    def prose(self) -> dict[str, str]:
        """The answers in words, by question."""
        found: dict[str, list[str]] = {}
        for cell in self.written:
            found.setdefault(cell.question, []).append(cell.text)
        return {question: "\n\n".join(texts).strip() for question, texts in found.items()}

    def edited(self, edits: Iterable[tuple[int, int, list[str]]]) -> str:
        """The script with lines replaced; see `Script.edited`."""
        return self.script.edited(edits)


@lru_cache(maxsize=64)
def read_lesson(text: str) -> Lesson:
    """The lesson in a script, master or starter."""
    return _lesson_of(parse_script(text))


def lesson_of(cells: Iterable[Cell]) -> Lesson:
    """The lesson in the cells of a notebook."""
    return _lesson_of(Script("", (), tuple(cells)))


def _lesson_of(script: Script) -> Lesson:
    reader = _Reader()
    cells = script.cells
    for cell in cells:
        reader.cell(cell)
    reader.close("")
    hints = {question: tuple(found) for question, found in reader.hints.items()}
    return Lesson(
        cells,
        lab_named(cells),
        reader.title,
        tuple(reader.headings),
        tuple(reader.functions),
        tuple(reader.solutions),
        hints,
        tuple(sorted(reader.slips)),
        script,
        _header(cells),
        tuple(reader.written),
    )


def lab_named(cells: Iterable[Cell]) -> str | None:
    """The lab that a line `# labkit: …` names, wherever it stands."""
    for cell in cells:
        for line in cell.code.split("\n") if "labkit:" in cell.code else ():
            if found := _LAB.match(line):
                return found[1]
    return None


def _header(cells: tuple[Cell, ...]) -> int:
    lines = ((number, line) for cell in cells for number, line, _ in cell.read() if line.strip())
    number, line = next(lines, (0, ""))
    return number if _LAB.match(line) else 0


class _Reader:
    """Walks through cells and lines, and keeps in which question and function it is."""

    def __init__(self) -> None:
        self.title: str | None = None
        self.headings: list[Heading] = []
        self.functions: list[Function] = []
        self.solutions: list[Solution] = []
        self.hints: dict[str, list[Hint]] = {}
        self.slips: list[tuple[int, str]] = []
        self.written: list[Written] = []
        self._writing = False  # right after a cell for words
        self._question: str | None = None
        self._inside = False  # the last function, in this cell
        self._begun: tuple[int, str] | None = None  # a solution: its line and what it is indented by

    def cell(self, cell: Cell) -> None:
        self._inside = False
        self.close(f" before line {cell.number - 1}")
        for number, line, prose in cell.read():
            self._line(number, line, prose)
        if HINT in cell.tags and cell.kind == "markdown":
            self._hints(cell)
        self._words(cell)

    def close(self, where: str) -> None:
        """No solution goes on from here."""
        if self._begun:
            self.slips.append((self._begun[0], f"this solution does not end{where}; write `# END SOLUTION`."))
            self._begun = None

    def _line(self, number: int, line: str, prose: str) -> None:
        if heading := _HEADING.match(prose):
            self._question, self._inside = heading[1], False
            self.headings.append(Heading(heading[1], heading[2] or "", number))
        elif self._begun is None and (found := _DEFINITION.match(line)):
            self._inside = True
            self.functions.append(Function(found[1], number, self._question))
        elif self.title is None and (title := _TITLE.match(prose)):
            self.title = title[1]
        if found := _BEGIN.match(line):
            self._begin(number, found[1])
        elif _END.match(line):
            self._end(number)
        elif self._inside and _REMINDER.match(line):
            self._asks()

    def _begin(self, number: int, indent: str) -> None:
        function = self.functions[-1] if self._inside else None
        if self._begun:
            sentence = f"a solution begins inside the one that begins on line {self._begun[0]}."
            self.slips.append((number, sentence))
        elif function is None or not (function.question or function.name.startswith(PREFIX)):
            self.slips.append((number, "a solution begins outside a function of a question."))
        self._begun = number, indent

    def _end(self, number: int) -> None:
        if self._begun is None:
            self.slips.append((number, "a solution ends that did not begin."))
            return
        (first, indent), self._begun = self._begun, None
        if self._inside:
            function = self.functions[-1]
            quiz = function.name.startswith(PREFIX)
            question = QUESTION if quiz else function.question or ""
            self.solutions.append(Solution(first, number, indent, question, function.name))
            self._asks()

    def _asks(self) -> None:
        function = self.functions[-1]
        if function.question and not function.name.startswith(PREFIX):
            self.functions[-1] = Function(function.name, function.line, function.question, True)

    def _words(self, cell: Cell) -> None:
        """An answer goes on in the cells of prose right after its own, which a student may have added."""
        begins = WRITTEN in cell.tags and cell.kind == "markdown"
        goes_on = self._writing and cell.kind == "markdown" and not cell.tags
        heading = any(_HEADING.match(prose) for _, _, prose in cell.read())
        self._writing = (begins or goes_on) and not heading
        if begins and (heading or self._question is None):
            self.slips.append(
                (cell.number - 1, "an answer in words stands in a cell below its question's heading.")
            )
        elif self._writing:
            lines = len(cell.code.rstrip("\n").split("\n"))
            question = self._question or ""
            self.written.append(Written(question, cell.number, cell.number + lines - 1, cell.source))

    def _hints(self, cell: Cell) -> None:
        found = [Hint(" ".join(a.split()), b.strip()) for a, b in _HINT.findall(cell.source)]
        if self._question is None:
            sentence = "these hints stand before the first question; put them below its heading."
            self.slips.append((cell.number - 1, sentence))
            return
        if len(found) != cell.source.count("<details") or not found:
            sentence = "a hint is written `<details><summary>Hint 1: …</summary> … </details>`."
            self.slips.append((cell.number - 1, sentence))
        hints = self.hints.setdefault(self._question, [])
        hints += found
        if len(hints) > MOST_HINTS:
            sentence = f"question {self._question} has {len(hints)} hints; {MOST_HINTS} are the most."
            self.slips.append((cell.number - 1, sentence))
