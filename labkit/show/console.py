"""Where things are shown: the terminal, or 80 columns of what is none, and a bar while something is under way."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


def console() -> Console:
    """Standard output."""
    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", 80))
    return Console(highlight=False, width=width)


@contextlib.contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """A bar on standard error, gone when the work is done; what is yielded moves it.

    It takes `description`, `advance`, `completed` and `total`, as `rich.progress.Progress.update` does.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not sys.stderr.isatty()) as bar:
        yield partial(bar.update, bar.add_task(what, total=total))
