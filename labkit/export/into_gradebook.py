"""Writes gradebook.json, as `labkit export --to nbgrader` made it, into nbgrader's database.

    python into_gradebook.py [gradebook.db]

Run it with the Python that nbgrader is installed for. What is there already is updated; run again, it changes nothing.
"""

import json
import sys
from pathlib import Path


def fill(gradebook, plan):
    """Put a plan's assignments, students, submissions and scores into a `nbgrader.api.Gradebook`."""
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
        # a submission that is there keeps the cells that it had when it was made
        if any(entry.student.id == student for entry in gradebook.assignment_submissions(name)):
            gradebook.remove_submission(name, student)
        moment = {"timestamp": submission["timestamp"]} if submission["timestamp"] else {}
        gradebook.add_submission(name, student, **moment)
        for cell, points in submission["scores"].items():
            grade = gradebook.find_grade(cell, name, name, student)
            grade.auto_score = points
            grade.needs_manual_grade = False
        notebook = gradebook.find_submission_notebook(name, name, student)
        notebook.late_submission_penalty = submission["late_submission_penalty"]
        gradebook.db.commit()


def main():
    """Read gradebook.json beside this file and fill the database named on the command line."""
    try:
        from nbgrader.api import Gradebook
    except ImportError:
        sys.exit("nbgrader is not installed for this Python; run this with the one that nbgrader uses.")
    database = Path(sys.argv[1] if len(sys.argv) > 1 else "gradebook.db").absolute()
    plan = json.loads(Path(__file__).with_name("gradebook.json").read_text(encoding="utf-8"))
    with Gradebook(f"sqlite:///{database}") as gradebook:
        fill(gradebook, plan)
    print(f"{database}: {len(plan['submissions'])} submissions.")


if __name__ == "__main__":
    main()
