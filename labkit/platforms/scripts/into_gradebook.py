"""Writes gradebook.json, as `labkit export --to nbgrader` made it, into nbgrader's database.

    python into_gradebook.py [gradebook.db]

Run it with the Python that nbgrader is installed for. What is there already is updated; run again, it changes nothing.
"""

import json
import os
import sys
import warnings
from pathlib import Path


def fill(gradebook, plan):
    """Put a plan's assignments, students, submissions and scores into a `nbgrader.api.Gradebook`."""
    from nbgrader.api import Grade

    for name, assignment in plan["assignments"].items():
        due = {"duedate": assignment["duedate"]} if assignment["duedate"] else {}
        gradebook.update_or_create_assignment(name, **due)
        gradebook.update_or_create_notebook(name, name)
        for cell, points in assignment["cells"].items():
            gradebook.update_or_create_grade_cell(cell, name, name, max_score=points, cell_type="code")
    for student, names in plan["students"].items():
        gradebook.update_or_create_student(student, **{key: value for key, value in names.items() if value})
    for submission in plan["submissions"]:
        name, student = submission["assignment"], submission["student"]
        moment = {"timestamp": submission["timestamp"]} if submission["timestamp"] else {}
        submitted = gradebook.update_or_create_submission(name, student, **moment)
        notebook = submitted_notebook(gradebook, submitted, name)
        notebook.late_submission_penalty = submission["late_submission_penalty"]
        grades = {grade.name: grade for grade in notebook.grades}
        for cell, points in submission["scores"].items():
            grade = grades.get(cell) or Grade(
                cell_id=gradebook.find_grade_cell(cell, name, name).id, notebook=notebook
            )
            gradebook.db.add(grade)
            # a score that somebody gave by hand goes before this one, in nbgrader's own count
            grade.auto_score = points
            grade.needs_manual_grade = False
        gradebook.db.commit()


def submitted_notebook(gradebook, submitted, name):
    """The submission's notebook for the scores; one that was there before labkit's notebook gets it now."""
    from nbgrader.api import SubmittedNotebook

    for notebook in submitted.notebooks:
        if notebook.name == name:
            return notebook
    master = gradebook.find_notebook(name, submitted.assignment.name)
    notebook = SubmittedNotebook(notebook=master, assignment=submitted)
    gradebook.db.add(notebook)
    return notebook


def main():
    """Read gradebook.json beside this file and fill the database named on the command line."""
    try:
        from nbgrader.api import Gradebook
    except ImportError:
        sys.exit("nbgrader is not installed for this Python; run this with the one that nbgrader uses.")
    warnings.filterwarnings("ignore", module="nbgrader")  # about how nbgrader itself uses its database
    # nbgrader starts alembic by its name, which lies beside this Python
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    database = Path(sys.argv[1] if len(sys.argv) > 1 else "gradebook.db").absolute()
    plan = json.loads(Path(__file__).with_name("gradebook.json").read_text(encoding="utf-8"))
    with Gradebook(f"sqlite:///{database}") as gradebook:
        fill(gradebook, plan)
    print(f"{database}: {len(plan['submissions'])} submissions.")


if __name__ == "__main__":
    main()
