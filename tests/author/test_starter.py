"""From the master to what is handed out: nothing of the solution may survive."""

from __future__ import annotations

import ast
import re

import nbformat
import numpy as np
import pytest

from labkit.author.build import build, stale
from labkit.author.notebook import KERNEL, starter_notebook
from labkit.author.public import public_checks
from labkit.author.starter import starter
from labkit.check.recorded import read_arrays
from labkit.course import CourseError, read_course
from labkit.grade import check_submission
from labkit.lesson.lesson import read_lesson
from labkit.lesson.submission import read_submission
from tests.conftest import REPOSITORY

LABS = read_course(REPOSITORY).labs


def test_a_solution_becomes_a_reminder_of_what_to_write(toy_course):
    text = (toy_course.lab("1").handout / "lab.py").read_text()
    assert '    raise NotImplementedError("1.1 double")' in text
    assert '"""Twice x: (n,) float, the same shape and dtype."""' in text
    assert "return 2 * x" not in text and "SOLUTION" not in text


@pytest.mark.parametrize(
    ("master", "complaint"),
    [
        ("# ## 1.1 A\n# %%\ndef f():\n    # BEGIN SOLUTION\n# %%\n", "line 4: .* before line 5"),
        ("# ## 1.1 A\ndef f():\n    # BEGIN SOLUTION\n    return 1\n", "does not end"),
        ("# ## 1.1 A\ndef f():\n    # END SOLUTION\n", "did not begin"),
        ("def f():\n    # BEGIN SOLUTION\n    # END SOLUTION\n", "outside a function of a question"),
    ],
)
def test_markers_that_do_not_match_are_an_error_with_its_line(master, complaint):
    with pytest.raises(CourseError, match=complaint):
        starter(master)


def test_hidden_checks_and_what_only_they_used_are_left_out(toy_course):
    text = (toy_course.lab("1").handout / "test_lab.py").read_text()
    assert "test_double_large" not in text and "secret_input" not in text and "SECRET_SCALE" not in text
    assert "hidden" not in text
    assert "def test_double(" in text


def test_public_checks_keep_comments_and_used_helpers():
    text = "import math\n\nfrom labkit.check import hidden, points\n\n\n# about a\ndef a():\n    return math.pi\n\n\n"
    public = "@points(1)\ndef test_x():\n    a()\n"
    hidden = "\n\n# says too much\n@hidden\ndef test_y():\n    a()\n"
    assert public_checks(text + public + hidden) == text.replace("hidden, ", "") + public


def test_every_recorded_array_is_plain_data(toy_course):
    index, arrays = read_arrays(toy_course.lab("1").handout / "recorded.npz")
    assert set(index["answers"]) == {"test_double", "test_double_leaves_its_argument", "test_mean"}
    assert all(array.dtype.kind in "biufc" for array in arrays)


def test_building_twice_gives_the_same_bytes(toy_course, tmp_path):
    lab = toy_course.lab("1")
    build(lab, tmp_path / "again")
    for name in ("lab.py", "lab.ipynb", "test_lab.py", "recorded.npz"):
        assert (tmp_path / "again" / name).read_bytes() == (lab.handout / name).read_bytes()


def test_stale_names_the_file_that_differs(toy_course):
    lab = toy_course.lab("1")
    assert stale(lab) == []
    kept = {path: path.read_bytes() for path in lab.handout.glob("*.*")}
    try:
        (lab.handout / "lab.py").write_text("# old")
        with np.load(lab.handout / "recorded.npz") as members:
            changed = {name: members[name] + (name == "a0") for name in members.files}
        np.savez_compressed(lab.handout / "recorded.npz", **changed)
        (lab.handout / "notes.txt").write_text("left here by hand")
        assert [sentence.split()[0].rsplit("/", 1)[-1] for sentence in stale(lab)] == [
            "lab.py",
            "recorded.npz",
            "notes.txt",
        ]
    finally:
        (lab.handout / "notes.txt").unlink(missing_ok=True)
        for path, data in kept.items():
            path.write_bytes(data)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_the_notebook_is_clean_and_always_the_same(lab):
    script = starter(lab.source.read_text())
    text = starter_notebook(script, lab.name)
    assert text == starter_notebook(script, lab.name)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert dict(notebook.metadata) == {"kernelspec": KERNEL, "labkit": {"lab": lab.name}}
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    names = [cell.id for cell in notebook.cells]
    assert len(set(names)) == len(names)
    functions = {function for question in lab.questions for function in question.functions}
    assert functions <= {name for cell in notebook.cells for name in defined_in(cell)}
    assert all(defined_in(cell)[:1] in ([], [cell.id]) for cell in notebook.cells if cell.id in functions)


def defined_in(cell) -> list[str]:
    return re.findall(r"^def (\w+)", cell.source, re.M) if cell.cell_type == "code" else []


def test_script_and_notebook_are_graded_alike(toy_course, tmp_path):
    lab = toy_course.lab("1")
    for name in ("lab.py", "lab.ipynb"):
        submission = read_submission(lab.handout / name)
        assert submission.lab == lab.name
        record = check_submission(submission, lab).record
        assert [check.verdict for check in record.checks] == ["not_attempted", "not_attempted", "not_run"]


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_no_solution_line_survives_in_a_handout(lab):
    master = lab.source.read_text()
    lines = [
        line.strip()
        for solution in read_lesson(master).solutions
        for line in master.split("\n")[solution.first : solution.last - 1]
        if len(line.strip()) > 15
    ]
    assert len(lines) >= len(lab.questions)
    # a line that the lesson shows outside the solutions, too, gives nothing away
    outside = starter(master)
    secret = {line for line in lines if line not in outside}
    assert len(secret) > len(lines) / 2
    for path in sorted(lab.handout.glob("*.py")):
        shown = {line.strip() for line in path.read_text().splitlines()}
        assert not secret & shown, path


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_a_handout_is_python_and_has_every_question(lab):
    tree = ast.parse((lab.handout / "lab.py").read_text())
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {function for question in lab.questions for function in question.functions} <= defined
    assert sum(check.points for check in lab.checks) == 100
    assert (lab.handout / "lab.py").read_text().startswith(f"# labkit: {lab.name}\n")
