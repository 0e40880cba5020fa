"""The application, and what its commands share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from labkit.course import Lab

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


def told_by_platforms(key: str) -> type[TyperCommand]:
    """A command in whose help PLATFORMS stands for what each has to say, `key`; it is read when help is asked for."""

    class Told(TyperCommand):
        """A command with help from the platforms."""

        def format_help(self, ctx: Any, formatter: Any) -> None:
            """Write the help."""
            from labkit.platforms import platforms

            said = {name: getattr(platform, key) for name, platform in platforms().items()}
            lines = [f"[bold]{name}[/]: {line}" for name, line in said.items() if line]
            self.help = (self.help or "").replace("PLATFORMS", "\n\n".join(lines))
            super().format_help(ctx, formatter)

    return Told


def with_solution(names: list[str] | None, course: Path | None) -> list[Lab]:
    """The labs of those names, or all, where the solution is. Raises CourseError."""
    from labkit.course import CourseError, find_course

    found = find_course(given=course)
    labs = [found.lab(name) for name in names] if names else [lab for lab in found.labs if lab.solution]
    for lab in labs:
        if lab.solution is None:
            raise CourseError(f"{lab.name} has no solution in {found.root}.")
    if not labs:
        raise CourseError(f"{found.root} has no solutions/ folder with a lab in it.")
    return labs


def say(sentence: object) -> None:
    """A sentence on standard error; what a student chose may be a part of it."""
    from labkit.text import one_line

    print(f"labkit: {one_line(sentence, 4000)}", file=sys.stderr, flush=True)
