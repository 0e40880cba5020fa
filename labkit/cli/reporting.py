"""The command of whoever wants to know how it went: report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.common import CourseOption, app, say

_WHO = "Who"
_STUDENTS = "The students' pages"


@app.command()
def report(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="What `labkit grade --out DIR` wrote: a result.json for each."),
    ],
    roster: Annotated[
        Path | None,
        typer.Option(
            "--roster",
            help="The class list, a CSV file: who is missing, and who is staff by a column `role`.",
            rich_help_panel=_WHO,
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="A column of the class list to compare groups by.",
            rich_help_panel=_WHO,
        ),
    ] = "",
    anonymous: Annotated[
        bool,
        typer.Option(
            "--anonymous",
            help="Pseudonyms for names, and nothing that a student wrote: to show around.",
            rich_help_panel=_WHO,
        ),
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="DIR",
            help="Another folder of results of the same class: say what changed since. Default: the last grading.",
        ),
    ] = None,
    hidden: Annotated[
        str,
        typer.Option(
            "--hidden",
            help="Hidden checks on the students' pages: hidden, or visible.",
            rich_help_panel=_STUDENTS,
        ),
    ] = "hidden",
    show_class: Annotated[
        bool,
        typer.Option(
            "--show-class",
            help="Tell students the quartiles of the others, where there are ten or more.",
            rich_help_panel=_STUDENTS,
        ),
    ] = False,
    bundle: Annotated[
        tuple[str, Path] | None,
        typer.Option(
            "--bundle",
            metavar="moodle|canvas EXPORT",
            help="Put the students' pages into a zip that the platform takes back; EXPORT is what was downloaded from "
            "it, zip or folder.",
            rich_help_panel=_STUDENTS,
        ),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="What the pages are written in: en or fr.")
    ] = "en",
    course: CourseOption = None,
) -> None:
    """Write pages and figures about a graded class: DIR/report.html, for the instructor, is where to begin.

    Each student's page is DIR/<submission>/report.html; of hidden checks it tells no more than the points.

    Reads records alone: no student's code is run, nothing is fetched. Beside the pages, which work anywhere, stand
    DIR/report.json and tables in DIR/report/. Inside the course's folder code that the course gave out is not
    mistaken for shared code, and known mistakes that nobody made are listed.

    Exit status: 0, or 2 where a record is damaged, which is named.
    """
    from labkit.report import Options, ReportError, write_report

    if hidden not in ("hidden", "visible"):
        raise ReportError(f"--hidden is hidden or visible, not {hidden!r}.")
    options = Options(
        language=language,
        anonymous=anonymous,
        roster=roster,
        by=by,
        against=against,
        course=course,
        hidden=hidden == "visible",
        show_class=show_class,
        bundle=bundle,
    )
    written = write_report(folder, options)
    print(f"{folder / 'report.html'}: {len(written.changed)} files are new or have changed.")
    for sentence in written.said:
        say(sentence)
