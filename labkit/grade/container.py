"""Grades the one submission of somebody else's container, and leaves what was earned whenever it is stopped.

`python -m labkit.grade.container gradescope ROOT`: ROOT is laid out like `/autograder`, with a course that has the
solution in `source/course`. `... classroom50 BUNDLE`: in a student's checkout, with the public checks in BUNDLE.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from msgspec.structs import replace

from labkit import lazy
from labkit.check.collect import FaultyCheck, carry_out, collect
from labkit.course import Course, CourseError, Lab, read_course
from labkit.files import write_atomically
from labkit.grade.isolation import isolation_plan
from labkit.grade.one import check_submission, live_run, record_of, unreadable
from labkit.grade.sources import find_submissions
from labkit.lesson.submission import SubmissionError, read_submission
from labkit.platforms import classroom50, gradescope
from labkit.record import Record, Student, settle
from labkit.record.late import gradescope_student
from labkit.text import json_text, one_line
from labkit.worker import WorkerUnavailable


def grade_on_gradescope(root: Path, isolation: str = "strongest", hidden: str = "after_published") -> Record:
    """Grade `root/submission` against the solution and write `root/results/results.json`, anew after every check.

    Raises CourseError, FaultyCheck or WorkerUnavailable where the container is at fault; there is no
    results.json then, and Gradescope says so to the student and to the instructor.
    """
    course = read_course(root / "source" / "course")
    lab, student = _only_lab(course), _student(root / "submission_metadata.json")
    salt = (root / "source" / "salt").read_bytes().strip()
    plan = isolation_plan(isolation)
    results = root / "results" / "results.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    total = len(lab.checks)

    def save(record: Record) -> Record:
        late = settle(record.score, record.max_score, lab, course.late, student)
        record = replace(record, student=student, late=late)
        gradescope.write_partial(results, record, total, hidden)
        return record

    try:
        submission = read_submission(only_submission(root / "submission", lab))
    except SubmissionError as problem:
        record = unreadable("submission", lab, str(problem).replace(f"{root}/", ""), salt, plan)
        return save(record)

    checks, run = collect(lab.solution / "test_lab.py"), live_run(submission, lab, salt, plan)

    def so_far() -> Record:
        return record_of(run, submission, lab, salt)

    try:
        # before each check is saved what came before it
        carry_out(run, checks, progress=lambda check: save(so_far()))
        record = save(so_far())
    except (FaultyCheck, WorkerUnavailable):
        results.unlink(missing_ok=True)
        raise
    finally:
        run.close()
    for fault in run.broken:  # standard output is for the instructor
        print(f"labkit: a check is at fault, not the submission: {one_line(fault, 1000)}")
    return record


def grade_on_classroom50(bundle: Path, checkout: Path) -> Record:
    """Run the public checks in `bundle` on the checkout's submission and write `checkout/result.json`."""
    lab = _only_lab(read_course(bundle))
    try:
        path = only_submission(checkout, lab)
        record = check_submission(read_submission(path), lab).record
    except SubmissionError as problem:
        plan = isolation_plan("none")
        record = unreadable(
            "submission", lab, str(problem).replace(f"{checkout}{os.sep}", ""), b"public", plan
        )
    runner = {key: os.environ.get(name, "") for key, name in classroom50.FROM_RUNNER.items()}
    result = classroom50.result_json(record, "visible", runner)
    write_atomically(checkout / "result.json", json_text(result))
    return record


def only_submission(folder: Path, lab: Lab) -> Path:
    """The file to grade: called after the lab, or else the only script or notebook. Raises SubmissionError."""
    found = [entry.path for entry in find_submissions([folder], "files")] if folder.is_dir() else []
    own = folder / "labs" / lab.name  # where a student's archive keeps the starter; it is no answer
    found = [path for path in found if own not in path.parents] or found
    named = [path for path in found if path.stem in (lab.name, "lab")]
    chosen = named or found
    if len(chosen) == 1:
        return chosen[0]
    wanted = f"{lab.name}.py or {lab.name}.ipynb"
    if not chosen:
        raise SubmissionError(f"There is no script or notebook to grade; hand in {wanted}.")
    names = ", ".join(sorted(str(path.relative_to(folder)) for path in chosen)[:5])
    raise SubmissionError(f"There are several files to grade ({names}); hand in only {wanted}.")


def _student(path: Path) -> Student:
    """Whose submission it is and when it was handed in, as far as Gradescope says so."""
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Student()
    return gradescope_student(metadata) if isinstance(metadata, dict) else Student()


def _only_lab(course: Course) -> Lab:
    if len(course.labs) != 1:
        raise CourseError(f"{course.root} must hold one lab; it holds {len(course.labs)}.")
    return course.labs[0]


def main(arguments: list[str]) -> int:
    """Exit status: 0 when there is a result, 1 when the container is at fault."""
    lazy.install()
    platform, folder = arguments
    try:
        if platform == "gradescope":
            grade_on_gradescope(Path(folder), os.environ.get("LABKIT_ISOLATION", "strongest"))
        else:
            grade_on_classroom50(Path(folder), Path.cwd())
    except (CourseError, FaultyCheck, WorkerUnavailable) as problem:
        print(f"labkit: {one_line(problem, 1000)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
