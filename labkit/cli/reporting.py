"""The command of whoever wants to know how it went: report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.common import app


@app.command()
def report(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="What `labkit grade --out DIR` wrote: a result.json for each."),
    ],
    language: Annotated[
        str, typer.Option("--language", help="What the pages are written in: en or fr.")
    ] = "en",
) -> None:
    """Write pages and figures about a graded class: DIR/report.html for the instructor, and one for each student.

    Reads records alone: no student's code is run, nothing is fetched. The pages are files that work anywhere.

    Exit status: 0, or 2 where a record is damaged, which is named.
    """
    from labkit.report import Options, write_report

    changed = write_report(folder, Options(language=language))
    print(f"{folder / 'report.html'}: {len(changed)} files are new or have changed.")
