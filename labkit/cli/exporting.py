"""The command of whoever hands grades on: export."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.common import app, say


@app.command()
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
            help="canvas, moodle: the downloaded CSV file to fill in.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="[LAB=]COLUMN",
            help="canvas, moodle: the column of the grade, by assignment id or whole header.",
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
) -> None:
    """Write graded results in the format of another system.

    [bold]A file for each submission[/]: gradescope, classroom50, autolab,
    prairielearn, coursera, github (the legacy GitHub Classroom).

    [bold]One for all[/]: csv, junit, nbgrader (and a script that fills gradebook.db).

    [bold]A downloaded sheet, filled in[/]: canvas (Grades, Export) and moodle
    (Download grading worksheet); name it with --sheet. Students are found by id,
    address, login or name. Who is not certain is named and gets no grade.

    The score is the one after the late policy, where the course has one. Exit
    status 2 where a file is damaged or missing; then nothing is written.
    """
    from labkit.platforms import VISIBILITIES, ExportError, Request, format_named, read_results

    if hidden not in VISIBILITIES:
        raise ExportError(f"--hidden is one of {', '.join(VISIBILITIES)}, not {hidden!r}.")
    chosen = format_named(to)
    request = Request(hidden, _bytes(sheet), _columns(column or []), os.environ)
    written = chosen.write(read_results(folder), request)
    if out == "-":
        sys.stdout.write(_only(written.files))
    else:
        for path in _write(written.files, _target(out, folder, to, written.files)):
            print(path)
    for note in written.notes:
        say(note)


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


def _only(files: dict[str, str | bytes]) -> str:
    from labkit.platforms import ExportError

    if len(files) != 1:
        raise ExportError(f"--out - prints a single file, this export has {len(files)}; name a folder.")
    text = next(iter(files.values()))
    return text if isinstance(text, str) else text.decode()


def _target(out: str | None, folder: Path, to: str, files: dict[str, str | bytes]) -> Path:
    """The folder to write into, or for a single file that file itself where `out` looks like one."""
    if out is None:
        return folder.absolute().with_name(f"{folder.absolute().name}-{to}")
    path = Path(out)
    return path / next(iter(files)) if len(files) == 1 and not path.suffix else path


def _write(files: dict[str, str | bytes], target: Path) -> list[Path]:
    """Write all files; returns what to tell of: the file, or the folder where there are several."""
    from labkit.files import writing

    single = len(files) == 1 and bool(target.suffix)
    for name, content in files.items():
        path = target if single else target / name
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    if len(files) <= 3:
        return [target if single else target / name for name in files]
    return [target]
