"""A lab as an nbgrader assignment: `source/<lab>/<lab>.ipynb` with metadata of schema 3.

nbgrader strips the solutions when it makes the release. A graded cell for each public check asks
`labkit.grade.cell`, which runs the checks behind a worker. A student's other cells share the interpreter with these,
as always in nbgrader, and can fool them: marks that matter come from `labkit grade`, which reads nbgrader's tree.
"""

from __future__ import annotations

import nbformat

from labkit.author.notebook import as_text, notebook_of
from labkit.course import Lab
from labkit.lesson.cells import EXPLORE
from labkit.lesson.checks import CheckInfo
from labkit.lesson.lesson import Lesson, read_lesson


def assignment(lab: Lab, master: str) -> str:
    """The source notebook: solutions between nbgrader's markers, and a graded cell for each public check."""
    notebook = notebook_of(master, lab.name)
    public = [check for check in lab.checks if not check.hidden]
    cells, waiting = [], {question.id: set(question.functions) for question in lab.questions}
    for cell in notebook.cells:
        cells.append(cell)
        inside = read_lesson(cell.source if cell.cell_type == "code" else "")
        solved = {solution.function for solution in inside.solutions}
        for question in lab.questions:
            written = waiting[question.id] & solved
            if written:
                cell.source = _with_its_marks(inside)
                cell.metadata["nbgrader"] = _marks(cell.id, solution=True)
                waiting[question.id] -= written
                if not waiting[question.id]:
                    cells += [
                        _graded(check) for check in public if check.question == question.id and check.points
                    ]
        if "nbgrader" not in cell.metadata and EXPLORE not in cell.metadata.get("tags", []):
            cell.metadata["nbgrader"] = _marks(cell.id, locked=True)
    notebook.cells = cells
    return as_text(notebook)


def _with_its_marks(cell: Lesson) -> str:
    """The source of a cell with its solutions between nbgrader's own marks."""
    edits = []
    for part in cell.solutions:
        edits += [(part.first, part.first, [f"{part.indent}### BEGIN SOLUTION"])]
        edits += [(part.last, part.last, [f"{part.indent}### END SOLUTION"])]
    return cell.edited(edits)


def _graded(check: CheckInfo) -> nbformat.NotebookNode:
    source = f'# {check.title}\nfrom labkit.grade.cell import require\n\nrequire("{check.name}")'
    cell = nbformat.v4.new_code_cell(source, id=check.name[:64])
    cell.metadata["nbgrader"] = _marks(check.name, grade=True, locked=True, points=check.points)
    return cell


def _marks(name: str, grade=False, solution=False, locked=False, points: float | None = None) -> dict:
    marks = {
        "schema_version": 3,
        "grade_id": name,
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
    }
    return marks | ({"points": points} if grade else {})
