"""The command of whoever hands grades on: export."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labkit.cli.common import CourseOption, app, say, told_by_platforms

if TYPE_CHECKING:
    from labkit.record import Record


@app.command(cls=told_by_platforms("writes"))
def export(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="What `labkit grade --out DIR` wrote: a result.json for each."),
    ],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="One of the formats above.")],
    out: Annotated[
        str | None,
        typer.Option(
            "--out", metavar="PATH", help="A folder, or for a single file its name, or - to print it."
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            "--sheet",
            "--gradebook",
            metavar="FILE",
            help="For a format that fills one in: the downloaded CSV file.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="[LAB=]COLUMN",
            help="The sheet's column of the grade, by assignment id or whole header.",
        ),
    ] = None,
    hidden: Annotated[
        str,
        typer.Option(
            "--hidden",
            help="When students may see titles and messages of hidden checks: hidden, after_due_date, "
            "after_published or visible. Formats that cannot wait show them only with visible.",
        ),
    ] = "after_published",
    course: CourseOption = None,
) -> None:
    """Write graded results in the format of another system.

    PLATFORMS

    A sheet that is filled in is named with --sheet. Students are found there by id, address, login or name, an id
    only among ids of its own system. Who is not certain is named and gets no grade.

    The score is the one that counts: with what adjustments.toml beside course.toml says today, and after the late
    policy, where the course has them. Exit status 2 where a file is damaged or missing; then nothing is written.
    """
    from labkit import platforms
    from labkit.platforms import ExportError

    if hidden not in platforms.VISIBILITIES:
        raise ExportError(f"--hidden is one of {', '.join(platforms.VISIBILITIES)}, not {hidden!r}.")
    chosen = platforms.named(to)  # before anything is read
    request = platforms.Request(hidden, _bytes(sheet), _columns(column or []), os.environ)
    records, notes = platforms.current(platforms.read_results(folder), folder)
    records, missing = _as_they_count(records, course)
    written = platforms.export(records, chosen.name, request)
    if out == "-":
        sys.stdout.write(platforms.only_text(written.files))
    else:
        beside = folder.absolute().with_name(f"{folder.absolute().name}-{to}")
        for path in platforms.write_files(written.files, Path(out) if out else beside, may_be_file=bool(out)):
            print(path)
    for note in (*notes, *missing, *written.notes):
        say(note)


def _as_they_count(records: list[Record], given: Path | None) -> tuple[list[Record], list[str]]:
    """The records with what the course says today; as they are where there is no course."""
    from labkit.adjustments import adjusted
    from labkit.course import NoCourse, find_course

    try:
        return adjusted(records, find_course(given=given))
    except NoCourse:
        return records, []


def _bytes(sheet: Path | None) -> bytes | None:
    from labkit.files import read_bounded
    from labkit.platforms.sheet import LARGEST

    return None if sheet is None else read_bounded(sheet, LARGEST)


def _columns(given: list[str]) -> dict[str, str]:
    """Columns by lab; "" for one that names no lab."""
    pairs = [
        entry.partition("=") if entry.startswith("lab") and "=" in entry else ("", "", entry)
        for entry in given
    ]
    return {lab: column for lab, _, column in pairs}
