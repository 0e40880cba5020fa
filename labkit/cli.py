"""The commands. Thin: each parses its arguments, calls the library and prints; heavy imports wait inside."""

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


def main() -> None:
    """The entry point: errors that a user can mend are one sentence and exit status 2."""
    from labkit import lazy
    from labkit.labs import CourseError
    from labkit.submissions import SubmissionError

    lazy.install()
    try:
        app()
    except (CourseError, SubmissionError) as error:
        print(f"labkit: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("labkit: stopped; what was finished is kept.", file=sys.stderr)
        sys.exit(130)


@app.command("list")
def list_labs(course: CourseOption = None) -> None:
    """Show the labs of the course, their questions and points."""
    from rich.table import Table

    from labkit.labs import find_course

    for lab in find_course(given=course).labs:
        table = Table.grid(padding=(0, 2))
        for question in lab.questions:
            mine = [check for check in lab.checks if check.question == question.id]
            points = sum(check.points for check in mine)
            functions = ", ".join(question.functions)
            table.add_row(
                f"  {question.id}", question.title, functions, f"{points:g} points", f"{len(mine)} checks"
            )
        _console().print(f"[bold]{lab.name}[/]  {lab.title}", table, "")


@app.command()
def start(
    lab: LabArgument,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to put the file.")] = Path("."),
    notebook: Annotated[
        bool, typer.Option("--notebook", help="A Jupyter notebook instead of a script.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Write a lab's starter file into a folder. A file that is there already is never overwritten."""
    from labkit.author.notebook import starter_notebook
    from labkit.labs import find_course

    found = find_course(given=course).lab(lab)
    path = folder / f"{found.name}{'.ipynb' if notebook else '.py'}"
    text = (found.handout / "lab.py").read_text(encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(starter_notebook(text, found.name) if notebook else text)
    except FileExistsError:
        print(
            f"labkit: {path} is there already and stays as it is; move it away to start anew.",
            file=sys.stderr,
        )
        raise typer.Exit(1) from None
    print(f"{path} is yours to edit. See how far you are with:\n\n    labkit check {path}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Your .py or .ipynb file.")],
    question: Annotated[
        str | None, typer.Option("-k", "--question", help="Only this question, such as 1.3.")
    ] = None,
    lab: Annotated[str | None, typer.Option("--lab", help="The lab, where the file does not say.")] = None,
    course: CourseOption = None,
) -> None:
    """Check your work: each question, what is wrong, and which mistake it looks like.

    Exit status 0 when everything passes, 1 while something does not.
    """
    from labkit.grade import check_submission
    from labkit.grade.batch import lab_of
    from labkit.grade.table import record_table
    from labkit.labs import CourseError, find_course
    from labkit.submissions import read_submission

    submission = read_submission(file)
    found = lab_of(find_course(file.absolute().parent, course), file, submission.lab, lab)
    known = [q.id for q in found.questions]
    if question is not None and question not in known:
        raise CourseError(f"{found.name} has no question {question}; its questions are {', '.join(known)}.")
    with _progress() as progress:
        task = progress.add_task(found.name, total=None)
        graded = check_submission(
            submission, found, question, lambda name: progress.update(task, description=name)
        )
    console = _console()
    console.print(f"[bold]{found.title}[/]\n")
    record = graded.record
    console.print(record_table(record, found, graded.output))
    if graded.faults:
        print(f"labkit: a check is at fault, not your file: {graded.faults[0]}", file=sys.stderr)
    raise typer.Exit(0 if all(c.verdict == "passed" for c in record.checks) and record.checks else 1)


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
    console = _console()
    with _progress() as progress:
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
            console.print(f"[bold]{record.submission}[/]")
            console.print(record_table(record, labs.get(record.lab)))
            console.print()
    if len(batch.records) > 1:
        console.print(batch_table(batch.records))
    print(f"Results: {out / 'grades.csv'}, and result.json in a folder for each submission.")
    for failure in batch.failures:
        print(f"labkit: a check is at fault, not the submission: {failure}", file=sys.stderr)
    if batch.failures:
        raise typer.Exit(1)
    if require is not None and any(record.percent < require for record in batch.records):
        print(f"labkit: not every submission reaches {require:g} %.", file=sys.stderr)
        raise typer.Exit(3)


@app.command()
def build(
    labs: Annotated[list[str] | None, typer.Argument(metavar="[LAB...]", help="Default: all labs.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when labs/ is stale.")] = False,
    course: CourseOption = None,
) -> None:
    """Write labs/ from solutions/: starters, public checks, recorded answers."""
    from labkit.author.build import build as build_lab
    from labkit.author.build import stale

    problems = []
    for lab in _with_solution(labs, course):
        with _progress() as progress:
            task = progress.add_task(lab.name, total=sum(not info.hidden for info in lab.checks))

            def step(name: str, progress=progress, task=task) -> None:
                progress.update(task, advance=1)

            if check:
                problems += stale(lab, step)
            else:
                build_lab(lab, lab.handout, step)
                print(f"{lab.handout}: written.")
    for problem in problems:
        print(f"labkit: {problem}", file=sys.stderr)
    if problems:
        raise typer.Exit(1)
    if check:
        print("labs/ is what solutions/ gives.")


@app.command()
def selftest(
    labs: Annotated[list[str] | None, typer.Argument(metavar="[LAB...]", help="Default: all labs.")] = None,
    question: Annotated[str | None, typer.Option("-k", "--question", help="Only this question.")] = None,
    salt: Annotated[
        str | None, typer.Option("--salt", help="Draw the inputs from this; default: a new secret.")
    ] = None,
    course: CourseOption = None,
) -> None:
    """Prove that the checks tell right from wrong.

    For every lab: the starter earns nothing, the reference everything, every correct variant full points,
    and every known mistake loses points and is named.
    """
    from labkit.author.selftest import passes
    from labkit.author.selftest import selftest as run_selftest
    from labkit.author.table import trials_table

    good = True
    for lab in _with_solution(labs, course):
        with _progress() as progress:
            task = progress.add_task(lab.name, total=None)

            def step(trial, progress=progress, task=task) -> None:
                progress.update(task, advance=1, description=trial.name)

            trials = run_selftest(lab, salt.encode() if salt else None, question, step)
        _console().print(f"[bold]{lab.name}[/]", trials_table(trials), "")
        good = good and passes(trials)
    if not good:
        print(
            "labkit: the checks do not tell right from wrong everywhere; see the rows marked ✗.",
            file=sys.stderr,
        )
        raise typer.Exit(1)


@app.command()
def doctor(course: CourseOption = None) -> None:
    """Show versions, the state of the data, how submissions are isolated, and what is missing."""
    from labkit.doctor import examine

    findings = examine(course)
    for finding in findings:
        sign, colour = ("✓", "green") if finding.good else ("✗", "red")
        _console().print(f"[{colour}]{sign}[/] {finding.subject}: ", end="")
        _console().print(
            finding.state + (f"\n    → {finding.remedy}" if finding.remedy else ""), markup=False
        )
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def _with_solution(names: list[str] | None, course: Path | None) -> list:
    from labkit.labs import CourseError, find_course

    found = find_course(given=course)
    labs = [found.lab(name) for name in names] if names else [lab for lab in found.labs if lab.solution]
    for lab in labs:
        if lab.solution is None:
            raise CourseError(f"{lab.name} has no solution in {found.root}.")
    if not labs:
        raise CourseError(f"{found.root} has no solutions/ folder with a lab in it.")
    return labs


def _console():
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", 80)))


def _progress():
    """A progress bar on standard error, gone when the work is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


if __name__ == "__main__":
    main()
