"""Where a check cell shows its result: below the cell of a notebook, else in the terminal, as `labkit check` does."""

from __future__ import annotations

import io
import sys
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Protocol

from rich.console import Console

from labkit.course import Lab
from labkit.record import Record
from labkit.report.cell import cell_page, framed, problem_page
from labkit.report.student import lab_page
from labkit.show.console import console, progress
from labkit.show.record import record_table
from labkit.text import one_line


class Board(AbstractContextManager, Protocol):
    """What follows the checks of a cell."""

    def checking(self, record: Record, title: str) -> None:
        """The check of that title begins; `record` holds those before."""

    def epoch(self, number: int, epochs: int) -> None:
        """What it trains has finished so many epochs."""

    def finished(self, record: Record, output: str) -> None:
        """All checks have been carried out, with this output of the functions."""


def board(lab: Lab, question: str, total: int) -> Board:
    """The board for a question, or where it is "" a lab, with so many checks."""
    return _Notebook(lab, question, total) if _in_notebook() else _Terminal(lab, total)


def say(sentence: str) -> None:
    """Show why nothing can be checked."""
    if _in_notebook():
        _display(problem_page(sentence), sentence)
    else:
        print(f"labkit: {one_line(sentence, 4000)}", file=sys.stderr, flush=True)


class _Notebook:
    def __init__(self, lab: Lab, question: str, total: int):
        titles = {known.id: known.title for known in lab.questions}
        self.title = f"{question} {titles[question]}" if question in titles else "" if question else lab.title
        self.lab, self.question, self.total = lab, question, total
        self.record = Record(submission=lab.name, lab=lab.name)
        self.running = ""
        self.handle: Any = None

    def __enter__(self) -> _Notebook:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._show(cell_page(self.record, f"{self.title} (stopped)"), "stopped")

    def checking(self, record: Record, title: str) -> None:
        self.record, self.running = record, title
        self._show(cell_page(record, self.title, title, self.total), f"checking: {title}")

    def epoch(self, number: int, epochs: int) -> None:
        running = f"{self.running} Epoch {number} of {epochs}."
        self._show(cell_page(self.record, self.title, running, self.total), f"checking: {running}")

    def finished(self, record: Record, output: str) -> None:
        plain = io.StringIO()
        Console(file=plain, width=80, highlight=False, force_jupyter=False, force_terminal=False).print(
            record_table(record, self.lab, output)
        )
        if self.question:
            html = cell_page(record, self.title, output=output)
        else:
            html = framed(lab_page(record, self.lab, output), self.title)
        self._show(html, plain.getvalue())

    def _show(self, html: str, plain: str) -> None:
        if self.handle is None:
            self.handle = _display(html, plain)
        else:
            self.handle.update({"text/html": html, "text/plain": plain}, raw=True)


class _Terminal(ExitStack):
    def __init__(self, lab: Lab, total: int):
        super().__init__()
        self.lab = lab
        self.update = self.enter_context(progress(lab.name, total))

    def checking(self, record: Record, title: str) -> None:
        self.running = one_line(title, 45)
        self.update(description=self.running, completed=len(record.checks))

    def epoch(self, number: int, epochs: int) -> None:
        self.update(description=f"{self.running} (epoch {number} of {epochs})")

    def finished(self, record: Record, output: str) -> None:
        self.close()
        console().print(record_table(record, self.lab, output))


def _in_notebook() -> bool:
    """Whether this process is a kernel, which shows HTML to whoever asked."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def _display(html: str, plain: str) -> Any:
    from IPython.display import DisplayHandle

    handle = DisplayHandle()
    handle.display({"text/html": html, "text/plain": plain}, raw=True)
    return handle
