"""The commands of whoever grades: grade, doctor."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labkit.cli.common import CourseOption, app, say, told_by_platforms

if TYPE_CHECKING:
    from labkit import adjustments
    from labkit.course import Course
    from labkit.record import Student
    from labkit.record.found import Found

_WHAT = "What to grade"
_HOW = "How"
_AGAIN = "Once more"


@app.command(cls=told_by_platforms("reads"))
def grade(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders of files or of students' folders, and what platforms export, as a folder or as "
            "the zip.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Where the results go; one folder for each assignment.")
    ] = Path("graded"),
    lab: Annotated[
        str | None,
        typer.Option("--lab", help="The lab, where files do not name theirs.", rich_help_panel=_WHAT),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(
            "--roster",
            help="The class list, a CSV file with columns such as id, name, email, login. Submissions are "
            "matched by them, and whoever handed in nothing is named.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    layout: Annotated[
        str,
        typer.Option(
            "--layout",
            help="Whose layout it is, should it not be recognised: one of the names above.",
            rich_help_panel=_WHAT,
        ),
    ] = "auto",
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", min=1, help="Grader processes; default: one for each core.", rich_help_panel=_HOW
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="Grade on a dask.distributed cluster: its scheduler's address, or local:N for one of N processes.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    salt: Annotated[
        str | None,
        typer.Option(
            "--salt",
            help="The secret that inputs are drawn from; default: kept in OUT.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    isolation: Annotated[
        str,
        typer.Option(
            "--isolation",
            help="How submissions are kept apart: strongest, or none (unsafe).",
            rich_help_panel=_HOW,
        ),
    ] = "strongest",
    require: Annotated[
        float | None,
        typer.Option(
            "--require",
            help="Exit with 3 if a submission is below this percentage.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    regrade: Annotated[
        list[str] | None,
        typer.Option(
            "--regrade",
            metavar="NAME",
            help="Grade these anew: a submission's or student's name, a pattern such as 'a*', or all.",
            rich_help_panel=_AGAIN,
        ),
    ] = None,
    regrade_check: Annotated[
        list[str] | None,
        typer.Option(
            "--regrade-check",
            metavar="CHECK",
            help="Make only this check or question anew, such as 1.3, after it was mended; the others stay.",
            rich_help_panel=_AGAIN,
        ),
    ] = None,
    rename: Annotated[
        bool,
        typer.Option(
            "--rename",
            help="Name the mistakes of what is graded already anew, after a known mistake was added; no student's "
            "code is run.",
            rich_help_panel=_AGAIN,
        ),
    ] = False,
    course: CourseOption = None,
) -> None:
    """Grade submissions against the solution, with fresh inputs drawn from a secret.

    [bold]labkit grade submissions/ --lab lab01[/]  a folder of files, or of students' folders

    [bold]labkit grade export.zip --roster class.csv --out week3[/]  what a platform exports, with a class list

    [bold]labkit grade export.zip --out week3 --regrade-check 1.3[/]  the check was mended: make only it anew

    What is recognised, or said with --layout:

    PLATFORMS

    Writes OUT/<submission>/result.json and OUT/grades.csv, but every finished record to OUT/journal.jsonl first.
    After Ctrl-C, a crash or a full disk the same command grades what is left, and ends with the same files.

    What a person decides, a mark, an extension or a comment, stands in adjustments.toml beside course.toml.

    Exit status: 0 all were graded, 1 the grader itself failed on one, 2 bad usage, 3 below --require.
    """
    from labkit.adjustments import ADJUSTMENTS_FILE
    from labkit.course import CourseError, find_course
    from labkit.errors import NotDone, Stopped
    from labkit.files import CannotWrite
    from labkit.grade.files import unwritten
    from labkit.grade.isolation import isolation_plan
    from labkit.lesson.submission import SUFFIXES
    from labkit.people import read_roster
    from labkit.platforms import find_submissions, whose
    from labkit.show.batch import batch_page, several_labs, some_names
    from labkit.show.console import console
    from labkit.show.summary import changes_page, waiting_page
    from labkit.text import one_line

    if rename and (regrade or regrade_check):
        raise CourseError("--rename runs nobody's code and --regrade does; give one of them.")
    if scheduler and jobs:
        raise CourseError("--jobs is for this machine and --scheduler for a cluster; give one of them.")
    missing = [path for path in paths if not path.exists() and not path.is_symlink()]
    if missing:
        raise CourseError(f"{missing[0]} does not exist.")
    found = find_course(given=course)  # never from the submissions' folder, where a student may have put one
    submissions = find_submissions(paths, layout, say)
    if not submissions:
        raise CourseError(f"No .py or .ipynb file was found under {', '.join(map(str, paths))}.")
    if len(submissions) == 1 and submissions[0].path == paths[0] and submissions[0].problem:
        raise CourseError(submissions[0].problem)  # a whole class in a zip that is damaged
    if len(paths) == 1 and paths[0].is_file() and paths[0].suffix.lower() not in (*SUFFIXES, ".zip"):
        raise CourseError(f"{paths[0]} is not a .py or .ipynb file, so there is nothing to grade.")
    _refuse_what_is_not_ours(out)
    submissions = _without_results(submissions, paths, out)
    strangers: list[str] = []
    absent: list[str] = []
    listed: Sequence[Student] = ()
    if roster is not None:
        class_list = read_roster(roster)
        matched, listed = class_list.complete(submissions, whose), class_list.students
        submissions, strangers, absent = matched.found, matched.strangers, matched.absent
        for doubt in matched.doubts:
            say(f"{doubt}.")
    decided = _decided(found, submissions, lab, out, listed)
    for missed in decided.missing:
        say(missed)
    plan = isolation_plan(isolation)
    if rename:
        _rename(found, submissions, out, salt, lab, plan, decided)
        return
    width = min(jobs or _cores(), len(submissions))
    without = ", without --regrade and --regrade-check," if regrade or regrade_check else ""
    rest = f"the same command{without} grades the rest"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    try:
        with _executor(scheduler, width, found, plan) as (executor, width):
            try:
                batch = _grade(
                    found, submissions, out, salt, lab, plan, executor, width, regrade, regrade_check, decided
                )
            except KeyboardInterrupt:
                say("stopping what still runs; this may take some seconds.")
                raise
    except CannotWrite as problem:
        journal = out / "journal.jsonl"
        kept = f"What was finished is kept in {journal}; when" if journal.exists() else "When"
        raise NotDone(f"{problem} {kept} this is mended, {rest}.") from None
    except KeyboardInterrupt:
        raise Stopped(f"stopped. What was finished is kept in {out}; {rest}.") from None
    labs = {entry.name: entry for entry in found.labs}
    console().print(batch_page(batch.records, labs, batch.kept, time.monotonic() - started))
    if any(record.waiting for record in batch.records):
        console().print(waiting_page(batch.records, ADJUSTMENTS_FILE))
    if batch.changes:
        console().print(changes_page(batch.changes))
    if strangers:
        print(some_names(strangers, "match nobody in the class list"))
    if absent:
        print(some_names(absent, "of the class list handed in nothing"))
    if lab is None and (sentence := several_labs(batch.records)):
        say(sentence)
    place = one_line(out / "grades.csv", 1000)
    print(f"Results: {place}, and result.json in a folder for each submission.")
    for mark in batch.outdated:
        say(
            f"{found.root / ADJUSTMENTS_FILE}:{mark.line}: {mark.check or mark.question} changed since this mark was "
            f"given to {mark.student!r}; look at it again, and where it stays, say so in its reason."
        )
    if batch.stale:
        say(
            f"{batch.stale} records hold verdicts of checks that were changed since; the same command without "
            "--regrade-check makes them anew."
        )
    for failure in batch.failures:
        say(f"the grader is at fault, not the submission: {failure}")
    lost = unwritten(out, batch.records)
    for name in lost:
        say(
            f"{out / name / 'result.json'} could not be written; its score is in grades.csv. When the folder is "
            f"mended, {rest}."
        )
    if batch.failures or lost:
        raise typer.Exit(1)
    if require is not None and any(record.percent < require for record in batch.records):
        say(f"not every submission reaches {require:g} %.")
        raise typer.Exit(3)


def _refuse_what_is_not_ours(out: Path) -> None:
    """A file or folder that is somebody else's is not written to. Raises CourseError."""
    from labkit.course import CourseError

    if out.exists() and not out.is_dir():
        raise CourseError(f"{out} is a file; --out is the folder where the results go.")
    if (out / "grades.csv").exists() and not (out / "journal.jsonl").exists():
        raise CourseError(
            f"{out / 'grades.csv'} is there already, and was not written by `labkit grade`, for it has no "
            "journal.jsonl beside it. Give another folder by --out, or move the file away."
        )


def _without_results(submissions: list[Found], paths: list[Path], out: Path) -> list[Found]:
    """The submissions without what an earlier run left in a folder among them. Raises CourseError where results would
    lie among a student's files.
    """
    from labkit.course import CourseError

    place = out.resolve()
    if not any(path.is_dir() and place.is_relative_to(path.resolve()) for path in paths):
        return submissions
    inside = [one for one in submissions if one.path.resolve().is_relative_to(place)]
    for one in inside:
        if not one.problem:
            raise CourseError(
                f"{one.path} lies in {out}, where the results are to go, and would be mixed with them; give a folder "
                "of its own by --out."
            )
    return [one for one in submissions if one not in inside]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def _executor(scheduler, width, course, plan):
    """Where tasks are carried out, and how many at a time."""
    if scheduler:
        from labkit.grade.cluster import cluster

        with cluster(scheduler, course.labs, plan) as found:
            yield found.executor, found.width
    else:
        from labkit.grade.pool import LocalPool

        with LocalPool(width) as pool:
            yield pool, width


def _decided(
    course: Course, submissions: list[Found], lab: str | None, out: Path, listed: Sequence[Student]
) -> adjustments.Decided:
    """What adjustments.toml says of these submissions. Raises AdjustmentError where it says it of nobody."""
    from labkit.adjustments import read_adjustments
    from labkit.course import lab_of
    from labkit.errors import LabkitError
    from labkit.grade.files import students_of

    read = read_adjustments(course)
    labs: set[str] = set()
    for one in submissions if read.decisions else ():
        with contextlib.suppress(LabkitError):  # what cannot be read gets a record that says so
            labs.add(lab_of(course, one.path, None if lab else one.read().lab, lab).name)
    others = ((listed_one.name or "", listed_one) for listed_one in listed)
    people = ((one.name, one.student) for one in submissions)
    return read.find(people, itertools.chain(others, students_of(out)), labs=labs)


def _grade(course, submissions, out, salt, lab, plan, executor, width, regrade, regrade_check, decided):
    from labkit.grade.batch import Grading
    from labkit.grade.files import salt_for
    from labkit.grade.journal import Journal
    from labkit.show.live import LiveProgress

    with Journal(out) as journal:
        for problem in journal.problems:
            say(problem)
        secret = salt_for(out, salt)
        with LiveProgress() as progress:
            grading = Grading(course, out, secret, plan, lab, journal, executor, width, progress, decided)
            return grading.grade(submissions, tuple(regrade or ()), tuple(regrade_check or ()))


def _rename(course, submissions, out, salt, lab, plan, decided) -> None:
    from labkit.course import CourseError
    from labkit.grade.batch import Grading
    from labkit.grade.files import salt_for
    from labkit.grade.journal import JOURNAL_FILE, Journal
    from labkit.show.batch import batch_page
    from labkit.show.console import console

    if not (out / JOURNAL_FILE).is_file():
        raise CourseError(
            f"{out} holds nothing that was graded; --rename needs it. Grade first, or see --out."
        )
    with Journal(out) as journal:
        grading = Grading(course, out, salt_for(out, salt), plan, lab, journal, adjustments=decided)
        batch = grading.rename(submissions)
    console().print(batch_page(batch.records, {entry.name: entry for entry in course.labs}, batch.kept, 0.0))
    print(f"{batch.renamed} of {len(batch.records)} records have other names now.")
    if left := len(submissions) - len(batch.records):
        say(
            f"{left} of the submissions were not graded with today's checks, and stay as they are; grade them."
        )


@app.command()
def doctor(course: CourseOption = None) -> None:
    """Show versions, the state of the data, how submissions are isolated, and what is missing."""
    from labkit.doctor import examine
    from labkit.show.console import console
    from labkit.show.course import finding_line

    findings = examine(course)
    for finding in findings:
        console().print(finding_line(finding))
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)
