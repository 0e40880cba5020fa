"""The commands of an author of labs: new-lab, build, selftest, solve, release, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.common import CourseOption, app, say, with_solution


@app.command("new-lab")
def new_lab(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as lab02_logistic_regression.")],
    course: Annotated[
        Path | None,
        typer.Option("--course", help="The course's folder, new or not; default: the course around here."),
    ] = None,
) -> None:
    """Begin a lab: three small questions that work, with checks, misconceptions and variants, to be rewritten.

    In an empty folder, or with a --course that does not exist yet, this begins the course, too.
    """
    from labkit.author.newlab import course_root
    from labkit.author.newlab import new_lab as write_lab

    root = course_root(course)
    for path in write_lab(name, root):
        print(path)
    place = f" --course {root}" if course else ""
    print(f"\nRewrite them, and try them at any time:\n\n    labkit selftest {name}{place}")
    print(f"    labkit build {name}{place}")


@app.command()
def build(
    labs: Annotated[list[str] | None, typer.Argument(metavar="[LAB...]", help="Default: all labs.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when labs/ is stale.")] = False,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep", help="Carry out all checks anew, even where nothing changed that they depend on."
        ),
    ] = False,
    course: CourseOption = None,
) -> None:
    """Write labs/ from solutions/: starters, notebooks, public checks, recorded answers.

    Errors in a lab's files are reported with file and line, all at once, and nothing is written then.
    """
    from labkit.author.build import build as build_lab
    from labkit.author.build import stale
    from labkit.author.problems import problems
    from labkit.lesson.quiz import QUESTION
    from labkit.show.console import progress

    chosen = with_solution(labs, course)
    found = [problem for lab in chosen for problem in problems(lab)]
    for problem in found:
        say(problem)
    if not all(problem.warning for problem in found):
        raise typer.Exit(1)
    differences = []
    for lab in chosen:
        with progress(lab.name, sum(info.question != QUESTION for info in lab.checks)) as update:

            def step(name: str, update=update) -> None:
                update(advance=1)

            if check:
                differences += stale(lab, step, deep)
                continue
            recorded = build_lab(lab, lab.handout, step, deep)
        print(f"{lab.handout}: written, answers {'recorded' if recorded else 'as they were'}.")
    for difference in differences:
        say(difference)
    if differences:
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
    salts: Annotated[
        int, typer.Option("--salts", min=1, help="Only right answers, on the inputs of so many salts.")
    ] = 1,
    course: CourseOption = None,
) -> None:
    """Prove that the checks tell right from wrong.

    For every lab: the starter earns nothing, the reference everything, every correct variant full points,
    and every known mistake loses points and is named, or a message says how it differs from the right answer.
    With --salts 20, the reference and the variants on twenty draws of the inputs, and how near they came to bounds.
    """
    import secrets

    from labkit.author.selftest import Trial, passes, steadiness
    from labkit.author.selftest import selftest as run_selftest
    from labkit.errors import NotDone
    from labkit.show.console import console, progress
    from labkit.show.selftest import steadiness_table, trials_table

    good = True
    for lab in with_solution(labs, course):
        with progress(lab.name) as update:

            def step(trial: Trial, update=update) -> None:
                update(advance=1, description=trial.name)

            if salts > 1:
                begin = salt or secrets.token_hex(8)
                drawn = [f"{begin}-{number}".encode() for number in range(salts)]
                trials = steadiness(lab, drawn, question, step)
            else:
                trials = run_selftest(lab, salt.encode() if salt else None, question, step)
        console().print(steadiness_table(lab, trials, salts) if salts > 1 else trials_table(lab, trials))
        good = good and passes(trials)
    if not good:
        raise NotDone("the checks do not tell right from wrong everywhere; see the rows marked ✗.")


@app.command()
def solve(
    labs: Annotated[list[str], typer.Argument(metavar="LAB...", help="Labs: lab01, 1, or a full name.")],
    out: Annotated[Path, typer.Option("--out", help="Where it goes, in a folder for each lab.")] = Path(
        "build"
    ),
    course: CourseOption = None,
) -> None:
    """Carry out the reference from top to bottom, training and figures included.

    Writes the solved notebook, an HTML page, a PDF where Chromium is installed, and metrics.json with what was
    measured. Exit status 1 when a cell raised.
    """
    from labkit.author.solve import solve as solve_lab
    from labkit.show.console import progress

    failed = False
    for lab in with_solution(labs, course):
        with progress(lab.name) as update:

            def step(number: int, total: int, heading: str, update=update) -> None:
                update(completed=number, total=total, description=heading)

            solved = solve_lab(lab, out / lab.name, step)
        for path in solved.files:
            print(path)
        for sentence in (*solved.remarks, *solved.failures):
            say(sentence)
        failed = failed or bool(solved.failures)
    if failed:
        raise typer.Exit(1)


@app.command()
def release(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the releases go.")],
    labs: Annotated[list[str] | None, typer.Argument(metavar="[LAB...]", help="Default: all labs.")] = None,
    salt: Annotated[
        str | None,
        typer.Option("--salt", help="The secret that autograders draw inputs from; default: kept in DIR."),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Write what goes out of each lab: a student's archive, and what each platform needs.

    DIR/LAB/public may be given to anybody. DIR/LAB/private holds the solution: the autograder for Gradescope
    and the source of an nbgrader assignment.
    """
    from labkit.author.release import release as release_lab
    from labkit.course import find_course
    from labkit.grade.files import salt_for

    found = find_course(given=course)
    secret = salt_for(folder, salt)
    for lab in with_solution(labs, course):
        for path in release_lab(found, lab, folder, secret):
            print(path)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for it.")],
    lab: Annotated[
        str | None,
        typer.Option("--lab", help="Whose answers they hand in; default: one whose checks are quick."),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Make up a class of 60 and grade it: the quickest way to see what labkit is.

    They hand in a lab's own right and wrong answers: some late, three together, one a PDF, one a broken notebook. The
    folder then holds a small course, their export and class list, the results, and DIR/graded/report.html.
    """
    from labkit.author.demo import CLASS_LIST, EXPORT, RESULTS, make_class
    from labkit.cli.grading import grade
    from labkit.cli.reporting import report
    from labkit.course import find_course

    found = find_course(given=course)
    make_class(found, folder, found.lab(lab) if lab else None)
    out, roster = folder / RESULTS, folder / CLASS_LIST
    grade([folder / EXPORT], out=out, roster=roster, course=folder)
    report(out, roster=roster, by="section", show_class=True, course=folder)
    print(f"\nOpen {out / 'report.html'} in a browser. Or grade once more, by hand:\n")
    print(f"    labkit grade {folder / EXPORT} --out {out} --roster {roster} --course {folder}")
