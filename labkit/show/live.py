"""How far a batch is, while it runs: a bar with rate and time left, and a line for each running submission."""

from __future__ import annotations

import sys
import time

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from labkit.grade.batch import Observer, Running
from labkit.record import Record
from labkit.show.summary import duration
from labkit.text import one_line

_SAY_SECONDS = 60.0  # between two lines where nobody looks at a terminal
_LINES = 16  # running submissions that are shown


class LiveProgress(Observer):
    """Draws on standard error: live in a terminal, else a line every minute. Use as a context manager."""

    def __init__(self, console: Console | None = None):
        self.console = console or Console(stderr=True, highlight=False)
        self._live = Live(console=self.console, transient=True, auto_refresh=False)
        self.total = self.kept = self.done = 0
        self._started = self._said = time.monotonic()

    def __enter__(self) -> LiveProgress:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_) -> None:
        if self.console.is_terminal:
            self._live.stop()

    def warn(self, sentence: str) -> None:
        print(f"labkit: {one_line(sentence, 1000)}", file=sys.stderr, flush=True)

    def begin(self, total: int, kept: int) -> None:
        self.total, self.kept = total, kept
        self._started = self._said = time.monotonic()
        if kept and kept < total:
            self.console.print(f"{kept} of {total} submissions are finished already; grading the rest.")

    def finished(self, record: Record, seconds: float) -> None:
        self.done += 1

    def tick(self, running: list[Running]) -> None:
        if self.console.is_terminal:
            self._live.update(self.picture(running, time.monotonic() - self._started), refresh=True)
        elif time.monotonic() - self._said > _SAY_SECONDS:
            self._said = time.monotonic()
            print(f"{self.line(self._said - self._started)}", file=sys.stderr, flush=True)

    def picture(self, running: list[Running], elapsed: float) -> Group:
        """The bar, and below it what is being graded."""
        head = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=self.total, completed=self.kept + self.done, width=24)
        head.add_row(bar, Text(self.line(elapsed)))
        rows = Table.grid(padding=(0, 2), pad_edge=True)
        rows.add_column(width=28, no_wrap=True, overflow="ellipsis")
        rows.add_column(width=34, no_wrap=True, overflow="ellipsis")
        rows.add_column(justify="right")
        for job in running[:_LINES]:
            check = job.check.removeprefix("test_").replace("_", " ") or "starting"
            rows.add_row(
                Text(one_line(job.name, 60)), Text(one_line(check, 60), "dim"), duration(job.seconds)
            )
        return Group(head, rows)

    def line(self, elapsed: float) -> str:
        """The figures: how many, how many a minute, how long it will take."""
        text = f"{self.kept + self.done}/{self.total}"
        if self.done and elapsed > 0:
            left = (self.total - self.kept - self.done) * elapsed / self.done
            text += f" · {self.done / elapsed * 60:.1f} a minute · {duration(left)} left"
        return text
