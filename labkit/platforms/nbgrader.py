"""nbgrader: reads `submitted/<student>/<assignment>/<notebook>.ipynb`, writes `grades.csv` as `nbgrader export` has it,
and scores that a script puts into `gradebook.db`.

The script calls nbgrader's own API, with the Python that nbgrader is installed for; labkit does not need it. A check
becomes a graded cell, the lab an assignment with one notebook.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.course import Lab, find_course, lab_of
from labkit.lesson.cells import EXPLORE
from labkit.lesson.checks import CheckInfo
from labkit.lesson.lesson import Lesson, read_lesson
from labkit.lesson.submission import SubmissionError, read_submission
from labkit.platforms.grades import told, who
from labkit.platforms.handed_in import MOST_FILES, nothing_to_grade, too_many
from labkit.platforms.origin import File, Origin
from labkit.platforms.platform import Exported, Files, Kit, Platform, Request, script
from labkit.platforms.rows import one_each
from labkit.platforms.times import instant
from labkit.record import CheckResult, Record, Student
from labkit.record.found import Found
from labkit.record.student import UNSAID
from labkit.text import csv_text, json_text, one_line

if TYPE_CHECKING:
    from nbformat import NotebookNode

SUBMITTED = "submitted"
TIMESTAMP = "timestamp.txt"
HEADER = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score"),
)
SCRIPT = "into_gradebook.py"
_OTHERS = ("source", "release", "autograded", "feedback")  # beside it in a course's folder


class Nbgrader(Platform):
    """nbgrader, on JupyterHub or a laptop."""

    name = "nbgrader"
    reads = "its submitted/ folder, or the course's"
    writes = "grades.csv in its layout, and a script that fills gradebook.db"
    for_each = True
    resembles = False

    def owner(self, file: File) -> Hashable | None:
        """The student's folder and that of the assignment in it."""
        return file.relative.parts[:2] if len(file.relative.parts) >= 3 else None

    def base(self, origin: Origin) -> Origin:
        """The folder of the students, of the course's folder that has it."""
        tops = {file.relative.parts[0] for file in origin.files if file.gradable}
        inside = SUBMITTED in tops and tops <= {SUBMITTED, *_OTHERS}
        return replace(origin.under(SUBMITTED), inner=origin.inner) if inside else origin

    def proven(self, origin: Origin) -> bool:
        """Whether there are notebooks, in a folder that is called so or with nbgrader's time beside each."""
        notebooks = [f.relative for f in origin.files if f.gradable and f.relative.suffix.lower() == ".ipynb"]
        stamped = {f.relative.parent for f in origin.files if f.relative.name == TIMESTAMP}
        handed_in = {path.parent for path in notebooks if len(path.parts) == 3}
        return bool(handed_in) and (origin.path.name == SUBMITTED or handed_in <= stamped)

    def find(self, origin: Origin, owners: Mapping[Any, list[File]]) -> list[Found]:
        """Every notebook; the student's id is the name of the folder."""
        return [one for (who, task), files in owners.items() for one in _found(origin, who, task, files)]

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """`grades.csv`, `gradebook.json` and the script that writes the latter into `gradebook.db`."""
        records, notes = one_each(list(records))
        rows: list[list[object]] = [list(HEADER), *(_row(record) for record in records)]
        filler = script(SCRIPT).decode()
        files: dict[str, str | bytes] = {
            "grades.csv": csv_text(rows),
            "gradebook.json": json_text(plan(records)),
        }
        return Exported(
            files | {SCRIPT: filler}, (*notes, f"With nbgrader's Python: python {SCRIPT} COURSE/gradebook.db")
        )

    def release(self, kit: Kit) -> Mapping[str, Files]:
        """A course of nbgrader's with the lab as an assignment under `source/`, and settings for its config."""
        lab = kit.lab.name
        beside = {
            name: data
            for name, data in kit.student.items()
            if name.startswith("labs/") and not name.endswith(".ipynb") or name == "course.toml"
        }
        files = {
            f"source/{lab}/{lab}.ipynb": assignment(kit.lab, kit.master).encode(),
            **{f"source/{lab}/{name}": data for name, data in beside.items()},
            "nbgrader_config.py": script("nbgrader_config.py.txt"),
        }
        return {"private/nbgrader": files}


def _found(origin: Origin, who: str, assignment: str, files: list[File]) -> list[Found]:
    name = f"{who}/{assignment}"
    student = Student(ids={"nbgrader": who, UNSAID: who}, submitted_at=_submitted_at(files))
    notebooks = [file for file in files if file.gradable]
    notebooks = [file for file in notebooks if len(file.relative.parts) == 3] or notebooks
    others = [file for file in notebooks if file.relative.stem != assignment]
    if len(others) < len(notebooks):  # what lies beside the assignment's own notebook is no part of it
        notebooks = [file for file in notebooks if file not in others]
    if not notebooks:
        held = [file.relative.name for file in files if file.handed_in and file.relative.name != TIMESTAMP]
        return [Found(name, origin.path / name, None, student, nothing_to_grade(name, held))]
    if len(notebooks) > MOST_FILES:
        return [Found(name, origin.path / name, None, student, too_many(name, len(notebooks)))]
    several = len(notebooks) > 1
    beside = () if several else tuple(file.relative.name for file in others if file not in notebooks)
    return [
        Found(f"{name}/{file.relative.stem}" if several else name, file.path, file, student, beside=beside)
        for file in notebooks
    ]


def _submitted_at(files: list[File]) -> str | None:
    stamp = next((file for file in files if file.relative.name == TIMESTAMP), None)
    try:
        text = stamp.read(200).decode("utf-8", "replace") if stamp else ""
        return instant(text) or text.strip() or None  # what cannot be read is said, not passed over
    except SubmissionError:
        return None


def _id(record: Record) -> str:
    """nbgrader's own id of the student, where the work came from there."""
    return told(record.student.ids.get("nbgrader")) or who(record)


def plan(records: Sequence[Record]) -> dict[str, Any]:
    """What is to be in the gradebook: assignments with their cells, students, submissions with their scores."""
    assignments: dict[str, Any] = {}
    for record in records:
        entry = assignments.setdefault(_assignment(record), {"duedate": _due(record), "cells": {}})
        entry["cells"] |= {_cell(check): check.max_points for check in record.checks}
    return {
        "schema": "labkit/gradebook/v1",
        "assignments": assignments,
        "students": {_id(record): dict(zip(HEADER[4:7], _names(record), strict=True)) for record in records},
        "submissions": [_submission(record) for record in records],
    }


def _submission(record: Record) -> dict[str, Any]:
    return {
        "assignment": _assignment(record),
        "student": _id(record),
        "timestamp": instant(record.student.submitted_at),
        "late_submission_penalty": record.penalty,
        "scores": {_cell(check): check.points for check in record.counted_checks},
    }


def _row(record: Record) -> list[object]:
    moments = (_due(record) or "", instant(record.student.submitted_at) or "")
    points = (record.adjusted_score, record.penalty, record.final_score, record.max_score)
    return [_assignment(record), *moments, _id(record), *_names(record), *points]


def _names(record: Record) -> tuple[str, str, str]:
    """Last name, first name, e-mail address. A name without a comma ends with the last name."""
    name = told(record.student.name)
    last, _, first = name.partition(",") if "," in name else reversed(name.rpartition(" "))
    return last.strip(), first.strip(), told(record.student.email)


def _due(record: Record) -> str | None:
    return one_line(record.late.due, 40) if record.late and record.late.due else None


def _assignment(record: Record) -> str:
    return one_line(record.lab) or "lab"


def _cell(check: CheckResult) -> str:
    return f"{one_line(check.question, 20)}-{one_line(check.id)}"


# --- a check as the cell of a notebook ---------------------------------------------------------------------------


def require(check: str, folder: Path | None = None) -> None:
    """Raise AssertionError, with what a student reads, unless the notebook in this folder passes the check.

    All checks run on the notebook's file, once for all cells. It must be saved: the functions that the kernel holds are
    not asked.
    """
    path = _notebook(folder or Path.cwd())
    record = _record(path, path.stat().st_mtime_ns)
    result = next((result for result in record.checks if result.id == check), None)
    if result is None:
        raise AssertionError(f"The lab has no public check called {check}.")
    if not result.verdict.passed:
        parts = (result.title, result.message or result.verdict.words, result.teaches)
        raise AssertionError("\n".join(part for part in parts if part))


def _notebook(folder: Path) -> Path:
    found = sorted(folder.glob("*.ipynb"))
    if len(found) != 1:
        raise SubmissionError(f"{folder} must hold one notebook; it holds {len(found)}.")
    return found[0]


@lru_cache(maxsize=1)
def _record(path: Path, saved: int) -> Record:
    from labkit.grade.one import check_submission

    submission = read_submission(path)
    lab = lab_of(find_course(path.parent), path, submission.lab, None)  # the assignment's folder is a course
    return check_submission(submission, lab).record


# --- a lab as an assignment: `source/<lab>/<lab>.ipynb` with metadata of schema 3 -----------------------------------
#
# nbgrader strips the solutions when it makes the release. A graded cell for each public check asks `require`, which
# runs the checks behind a worker. A student's other cells share the interpreter with these, as always in nbgrader, and
# can fool them: marks that matter come from `labkit grade`, which reads nbgrader's tree.


def assignment(lab: Lab, master: NotebookNode) -> str:
    """The source notebook: solutions between nbgrader's markers, and a graded cell for each public check."""
    import nbformat

    public = [check for check in lab.checks if not check.hidden and not check.written]
    by_people = {check.question: check.points for check in lab.checks if check.written}
    prose = {cell.text: cell.question for cell in lab.lesson.written}
    cells, waiting = [], {question.id: set(question.functions) for question in lab.questions}
    for cell in master.cells:
        cells.append(cell)
        inside = read_lesson(cell.source if cell.cell_type == "code" else "")
        solved = {solution.function for solution in inside.solutions}
        for question in lab.questions:
            written = waiting[question.id] & solved
            if written:
                cell.source = _with_its_marks(inside)
                cell.metadata["nbgrader"] = _marks(cell.id, solution=True)
                if question.id in by_people:  # nbgrader, too, leaves it to a person
                    points = by_people[question.id]
                    cell.metadata["nbgrader"] = _marks(cell.id, grade=True, solution=True, points=points)
                waiting[question.id] -= written
                if not waiting[question.id]:
                    mine = [check for check in public if check.question == question.id and check.points]
                    cells += [_graded(check) for check in mine]
        if cell.cell_type == "markdown" and prose.get(cell.source) in by_people:
            points = by_people[prose[cell.source]]
            cell.metadata["nbgrader"] = _marks(cell.id, grade=True, solution=True, points=points)
        if "nbgrader" not in cell.metadata and EXPLORE not in cell.metadata.get("tags", []):
            cell.metadata["nbgrader"] = _marks(cell.id, locked=True)
    notebook = nbformat.from_dict({**master, "cells": cells})
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def _with_its_marks(cell: Lesson) -> str:
    """The source of a cell with its solutions between nbgrader's own marks."""
    edits = []
    for part in cell.solutions:
        edits += [(part.first, part.first, [f"{part.indent}### BEGIN SOLUTION"])]
        edits += [(part.last, part.last, [f"{part.indent}### END SOLUTION"])]
    return cell.edited(edits)


def _graded(check: CheckInfo) -> NotebookNode:
    source = f'# {check.title}\nfrom labkit.platforms.nbgrader import require\n\nrequire("{check.name}")'
    import nbformat

    cell = nbformat.v4.new_code_cell(source, id=check.name[:64])
    cell.metadata["nbgrader"] = _marks(check.name, grade=True, locked=True, points=check.points)
    return cell


def _marks(
    name: str, grade: bool = False, solution: bool = False, locked: bool = False, points: float | None = None
) -> dict[str, Any]:
    marks = {
        "schema_version": 3,
        "grade_id": name,
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
    }
    return marks | ({"points": points} if grade else {})
