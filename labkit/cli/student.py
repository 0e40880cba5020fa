"""The commands of a student: list, start, check, watch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labkit.cli.common import CourseOption, LabArgument, app, say

if TYPE_CHECKING:
    from labkit.course import Lab
    from labkit.record import Record


@app.command("list")
def list_labs(course: CourseOption = None) -> None:
    """Show the labs of the course, their questions and points."""
    from labkit.course import find_course
    from labkit.show.console import console
    from labkit.show.course import lab_table

    for lab in find_course(given=course).labs:
        console().print(lab_table(lab))


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
    from labkit.course import CourseError, find_course
    from labkit.errors import NotDone
    from labkit.files import writing

    found = find_course(given=course).lab(lab)
    suffix = ".ipynb" if notebook else ".py"
    path, source = folder / f"{found.name}{suffix}", found.handout / f"lab{suffix}"
    if not source.is_file():
        raise CourseError(
            f"{source} is missing. Get the lab's folder anew, or run `labkit build` as its author."
        )
    text = source.read_text(encoding="utf-8")
    if path.exists() or path.is_symlink():
        raise NotDone(f"{path} is there already and stays as it is; move it away to start anew.")
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    print(f"{path} is yours to edit. See how far you are with:\n\n    labkit check {path}")
    if notebook:
        print(
            f"\nOpen it (`pip install 'labkit[notebook]'` brings what that takes):\n\n    jupyter lab {path}"
        )


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Your .py or .ipynb file.")],
    question: Annotated[
        str | None, typer.Option("-k", "--question", help="Only this question, such as 1.3.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write it as a page as well, with pictures of what your functions gave.",
        ),
    ] = None,
    lab: Annotated[str | None, typer.Option("--lab", help="The lab, where the file does not say.")] = None,
    course: CourseOption = None,
) -> None:
    """Check your work: each question, what is wrong, and which mistake it looks like.

    With --html my-page.html the same is a page for the browser, with your code beside what is wrong.

    Exit status 0 when everything passes, 1 while something does not.
    """
    from labkit.check.recorded import hidden_points
    from labkit.course import CourseError, find_course, lab_of
    from labkit.grade import check_submission
    from labkit.lesson.submission import read_submission
    from labkit.record import Verdict
    from labkit.show.check import check_page
    from labkit.show.console import console, progress

    submission = read_submission(file)
    found = lab_of(find_course(file.absolute().parent, course), file, submission.lab, lab)
    known = [q.id for q in found.questions]
    if question is not None and question not in known:
        raise CourseError(f"{found.name} has no question {question}; its questions are {', '.join(known)}.")
    with progress(found.name) as update:
        graded = check_submission(submission, found, question, lambda name: update(description=name))
    record = graded.record
    if html is not None:
        _write_page(html, file, record, found, graded.output)
    screen = console()
    screen.print(check_page(record, found, hidden_points(found, question), screen, graded.output))
    if graded.faults:
        say(f"a check is at fault, not your file: {graded.faults[0]}")
    # a quiz without points may be left out, but not answered wrongly
    open_checks = [c for c in record.checks if c.max_points or c.verdict is not Verdict.NOT_ATTEMPTED]
    raise typer.Exit(0 if record.checks and all(c.verdict.passed for c in open_checks) else 1)


def _write_page(path: Path, file: Path, record: Record, lab: Lab, output: str) -> None:
    """Write the student's page for public checks; what somebody else put there stays."""
    from labkit.errors import NotDone
    from labkit.files import write_atomically, writing
    from labkit.report.student import is_page, lab_page

    if path.suffix.lower() not in (".html", ".htm"):
        raise NotDone(f"{path} is no name for a page; --html wants one that ends in .html.")
    if path.exists() and not is_page(path):
        raise NotDone(
            f"{path} is there already and no page of labkit's; it stays as it is. Name another file."
        )
    with writing(path):
        write_atomically(path, lab_page(record, lab, output))


@app.command()
def hint(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="Such as 1.3.")],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Your file, where the number is not that of one lab."),
    ] = None,
    step: Annotated[int, typer.Option("--step", min=1, max=3, help="Which hint: 1, 2 or 3.")] = 1,
    lab: Annotated[str | None, typer.Option("--lab", help="The lab, instead of a file of yours.")] = None,
    course: CourseOption = None,
) -> None:
    """Show a hint for a question: at most three, from a nudge to the key line.

    They cost nothing, and nobody is told.
    """
    from labkit.course import find_course, lab_of
    from labkit.errors import NotDone
    from labkit.lesson.submission import read_submission

    found = find_course(file.absolute().parent if file else None, course)
    if file is not None:
        chosen = lab_of(found, file, read_submission(file).lab, lab)
    else:
        chosen = found.lab(lab or question.partition(".")[0])
    hints = chosen.hints(question)
    if step > len(hints):
        raise NotDone(f"question {question} has {_count(len(hints), 'hint')}.")
    shown = hints[step - 1]
    print(f"{shown.summary}\n\n{shown.text}")
    if step < len(hints):
        place = f" {file}" if file else f" --lab {lab}" if lab else ""
        print(f"\nThe next one: labkit hint {question}{place} --step {step + 1}")


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


@app.command()
def watch(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Your .py or .ipynb file.")],
    lab: Annotated[str | None, typer.Option("--lab", help="The lab, where the file does not say.")] = None,
    course: CourseOption = None,
) -> None:
    """Check your work on every save, only the questions that your change touches. Ctrl-C ends it.

    The first round takes a few seconds, because Keras is loaded once; after that a save is answered in about
    a second. Saving again stops the round that runs.
    """
    from labkit.course import find_course, lab_of
    from labkit.lesson.submission import read_submission
    from labkit.show.console import console
    from labkit.show.watch import follow
    from labkit.watch import watch as start_watching

    submission = read_submission(file)
    found = lab_of(find_course(file.absolute().parent, course), file, submission.lab, lab)
    print(f"Watching {file}; Ctrl-C ends it.", flush=True)
    watcher = start_watching(file, found, lambda: print("Loading Keras, once …", flush=True))
    try:
        follow(watcher.states(), file.name, console())
    except KeyboardInterrupt:
        print("labkit: stopped watching; your file is as you saved it.")
