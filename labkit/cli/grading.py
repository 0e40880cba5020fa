"""The commands of whoever grades: grade, doctor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.common import CourseOption, app, console, progress_bar


@app.command()
def grade(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, or folders of submissions.")],
    out: Annotated[Path, typer.Option("--out", help="Where the results go.")] = Path("graded"),
    lab: Annotated[str | None, typer.Option("--lab", help="The lab, where the files do not say.")] = None,
    salt: Annotated[
        str | None,
        typer.Option("--salt", help="The secret that inputs are drawn from; default: kept in --out."),
    ] = None,
    require: Annotated[
        float | None,
        typer.Option("--require", help="Exit with status 3 if a submission is below this percentage."),
    ] = None,
    isolation: Annotated[
        str,
        typer.Option("--isolation", help="How submissions are kept apart: strongest, or none (unsafe)."),
    ] = "strongest",
    course: CourseOption = None,
) -> None:
    """Grade submissions against the solution, with fresh inputs drawn from a secret.

    Writes OUT/<submission>/result.json and OUT/grades.csv. Exit status 0 when all were graded, 1 when the
    grader itself failed on one, 2 on bad usage, 3 below --require.
    """
    from labkit.grade import grade_paths
    from labkit.grade.batch import isolation_plan, salt_for
    from labkit.grade.table import batch_table, record_table
    from labkit.labs import CourseError, find_course

    missing = [path for path in paths if not path.exists() and not path.is_symlink()]
    if missing:
        raise CourseError(f"{missing[0]} does not exist.")
    found = find_course(paths[0].absolute(), course)
    plan = isolation_plan(isolation)
    secret = salt_for(out, salt)
    screen = console()
    with progress_bar() as progress:
        whole = progress.add_task("submissions", total=None)
        single = progress.add_task("", total=None)

        def begin(number: int, total: int, name: str, checks: int) -> None:
            progress.update(whole, total=total, completed=number - 1)
            progress.reset(single, total=checks or 1, description=name)

        def step(name: str) -> None:
            progress.update(single, advance=1)

        batch = grade_paths(
            found, paths, out, secret, lab, plan, begin, step, lambda record: progress.advance(whole)
        )
    labs = {entry.name: entry for entry in found.labs}
    if len(batch.records) <= 5:
        for record in batch.records:
            screen.print(f"[bold]{record.submission}[/]")
            screen.print(record_table(record, labs.get(record.lab)))
            screen.print()
    if len(batch.records) > 1:
        screen.print(batch_table(batch.records))
    print(f"Results: {out / 'grades.csv'}, and result.json in a folder for each submission.")
    for failure in batch.failures:
        print(f"labkit: a check is at fault, not the submission: {failure}", file=sys.stderr)
    if batch.failures:
        raise typer.Exit(1)
    if require is not None and any(record.percent < require for record in batch.records):
        print(f"labkit: not every submission reaches {require:g} %.", file=sys.stderr)
        raise typer.Exit(3)


@app.command()
def doctor(course: CourseOption = None) -> None:
    """Show versions, the state of the data, how submissions are isolated, and what is missing."""
    from labkit.doctor import examine

    findings = examine(course)
    for finding in findings:
        sign, colour = ("✓", "green") if finding.good else ("✗", "red")
        console().print(f"[{colour}]{sign}[/] {finding.subject}: ", end="")
        console().print(finding.state + (f"\n    → {finding.remedy}" if finding.remedy else ""), markup=False)
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)
