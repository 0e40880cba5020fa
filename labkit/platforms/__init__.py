"""Results in other systems' formats. Each module writes one: a pure function from results to files by name.

`FORMATS` lists them in order of use; to add one, write a module with `SUMMARY` and `write(results, request)` and name
it here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from labkit.platforms.grades import VISIBILITIES
from labkit.platforms.request import Exported, Request
from labkit.platforms.results import ExportError, read_results
from labkit.record import Record

__all__ = [
    "FORMATS",
    "VISIBILITIES",
    "ExportError",
    "Exported",
    "Request",
    "export",
    "format_named",
    "read_results",
]

#: Each format's name on the command line, and its module.
FORMATS = {
    "gradescope": "gradescope",
    "classroom50": "classroom50",
    "canvas": "canvas",
    "moodle": "moodle",
    "junit": "junit",
    "nbgrader": "nbgrader",
    "csv": "table",
    "autolab": "autolab",
    "prairielearn": "prairielearn",
    "coursera": "coursera",
    "github": "github",
}


@dataclass(frozen=True)
class Format:
    """A format: its name, one line about it, and the function that writes it."""

    name: str
    summary: str
    write: Callable[[list[Record], Request], Exported]


def format_named(name: str) -> Format:
    """The format of that name. Raises ExportError, listing all, where there is none."""
    if name not in FORMATS:
        raise ExportError(f"There is no format {name!r}; choose one of {', '.join(FORMATS)}.")
    module = import_module(f"labkit.platforms.{FORMATS[name]}")
    return Format(name, module.SUMMARY, module.write)


def export(results: list[Record], name: str, request: Request | None = None) -> Exported:
    """The results in a format. Raises ExportError."""
    return format_named(name).write(results, request or Request())
