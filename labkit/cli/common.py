"""The application, and what its commands share."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="labkit",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Graded deep-learning labs on MNIST with Keras.\n\n"
    "[bold]Student[/]: labkit start lab01, edit the file, labkit check FILE.\n\n"
    "[bold]Instructor[/]: labkit build, labkit selftest, labkit grade SUBMISSIONS.",
)

CourseOption = Annotated[
    Path | None,
    typer.Option("--course", help="The course's folder; default: upward from here, or LABKIT_COURSE."),
]
LabArgument = Annotated[str, typer.Argument(metavar="LAB", help="A lab: lab01, 1, or its full name.")]


def with_solution(names: list[str] | None, course: Path | None) -> list:
    from labkit.course import CourseError, find_course

    found = find_course(given=course)
    labs = [found.lab(name) for name in names] if names else [lab for lab in found.labs if lab.solution]
    for lab in labs:
        if lab.solution is None:
            raise CourseError(f"{lab.name} has no solution in {found.root}.")
    if not labs:
        raise CourseError(f"{found.root} has no solutions/ folder with a lab in it.")
    return labs


def console():
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", 80)))


def progress_bar():
    """A progress bar on standard error, gone when the work is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
