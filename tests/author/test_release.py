"""What goes out of a lab: nothing of the solution in what may be public, and autograders that really grade."""

from __future__ import annotations

import ast
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from labkit.author import release as releasing
from labkit.author.archive import package_files, wheel, zip_bytes
from labkit.author.release import release
from labkit.check.recorded import read_arrays
from labkit.course import CourseError, read_course
from labkit.lesson.submission import SubmissionError
from labkit.platforms import gradescope, platforms
from labkit.platforms.classroom50 import grade_on_classroom50
from labkit.platforms.container import only_submission
from labkit.platforms.gradescope import grade_on_gradescope
from labkit.platforms.nbgrader import require
from tests.conftest import REPOSITORY

COURSE = read_course(REPOSITORY)
TOY = REPOSITORY / "tests" / "toy_course" / "solutions" / "lab01_toy"


@pytest.fixture(scope="module")
def released(toy_course, tmp_path_factory):
    """The folder of a released toy lab."""
    out = tmp_path_factory.mktemp("release")
    release(toy_course, toy_course.lab("1"), out, b"secret salt")
    return out / "lab01_toy"


# --- nothing secret in what may be public -------------------------------------------------------------------


def body_lines(node: ast.FunctionDef, text: str) -> set[str]:
    return {line.strip() for line in text.splitlines()[node.lineno - 1 : node.end_lineno]}


def secrets_of(lab) -> tuple[set[str], set[str]]:
    """Lines that must not go out, and names that must not: computed from the masters, not by what strips them."""
    secret, shown, inside = set(), set(), False
    for line in lab.source.read_text().splitlines():
        inside = inside and "# END SOLUTION" not in line
        (secret if inside else shown).add(line.strip())
        inside = inside or "# BEGIN SOLUTION" in line
    checks = (lab.solution / "test_lab.py").read_text()
    names = set()
    for node in ast.parse(checks).body:
        hidden = isinstance(node, ast.FunctionDef) and any(
            isinstance(mark, ast.Name) and mark.id == "hidden" for mark in node.decorator_list
        )
        if hidden:
            names.add(node.name)
            secret |= body_lines(node, checks)
        else:
            first, last = node.lineno - 1, node.end_lineno
            shown |= {line.strip() for line in checks.splitlines()[first:last]}
    for file in ("misconceptions.py", "variants.py"):
        text = (lab.solution / file).read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                secret |= body_lines(node, text)
    return {line for line in secret - shown if len(line) > 15}, names


def texts(name: str, data: bytes):
    """Every text in a file, with its place: archives and recorded answers are opened."""
    if name.endswith(".whl"):
        return
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for inner in archive.namelist():
                yield from texts(f"{name}/{inner}", archive.read(inner))
    elif name.endswith(".npz"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield name, archive.read("index.npy").decode("latin-1").replace("\\n", "\n")
    elif name.endswith(".ipynb"):
        for cell in nbformat.reads(data.decode(), as_version=4).cells:
            yield f"{name}:{cell.id}", cell.source
    else:
        yield name, data.decode()


@pytest.mark.parametrize("lab", [*COURSE.labs, None], ids=lambda lab: lab.name if lab else "toy")
def test_nothing_secret_is_in_any_public_archive(lab, toy_course):
    lab = lab or toy_course.lab("1")
    course = COURSE if lab in COURSE.labs else toy_course
    lines, names = secrets_of(lab)
    assert len(lines) > len(lab.questions) and names
    kit = releasing.kit_of(course, lab, b"secret salt")
    student = kit.student
    parts = {f"hub/{name}": data for name, data in releasing.hub_files(student, lab).items()}
    for platform in platforms().values():
        for place, files in platform.release(kit).items():
            assert place.startswith(("public/", "private/"))
            parts |= {f"{place}/{name}": data for name, data in files.items() if place.startswith("public/")}
    parts["student.zip"] = zip_bytes(student)
    searched = 0
    for name, data in parts.items():
        for place, text in texts(name, data):
            searched += 1
            shown = {line.strip() for line in text.splitlines()}
            assert not lines & shown, place
            assert not [secret for secret in names if secret in text], place
            assert "solutions" not in place and "BEGIN SOLUTION" not in text, place
            assert "solutions/" not in text or place.endswith("autograder.py"), place
    assert searched >= 4 * 7


def test_the_wheel_holds_the_library_and_nothing_of_a_course():
    name, data = wheel()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    assert {entry.split("/")[0] for entry in names} == {"labkit", name.split("-py3")[0] + ".dist-info"}
    assert set(package_files()) <= set(names)
    assert "labkit/data/mnist.npz" in names and "labkit/author/skeleton/lab.py.template" in names
    assert not [entry for entry in names if entry.endswith(".pyc")]


def test_recorded_answers_carry_sentences_but_no_code(toy_course):
    index, _ = read_arrays(toy_course.lab("1").handout / "recorded.npz")
    text = json.dumps(index)
    assert "You squared each value" in text
    assert "x**2" not in text and "def " not in text


# --- the archives -------------------------------------------------------------------------------------------


def test_releasing_twice_gives_the_same_bytes(released, toy_course, tmp_path):
    release(toy_course, toy_course.lab("1"), tmp_path, b"secret salt")
    files = sorted(path.relative_to(released) for path in released.rglob("*") if path.is_file())
    again = sorted(path.relative_to(tmp_path / "lab01_toy") for path in tmp_path.rglob("*") if path.is_file())
    assert files == again and len(files) > 30
    for path in files:
        assert (released / path).read_bytes() == (tmp_path / "lab01_toy" / path).read_bytes(), path


def test_a_zip_does_not_depend_on_the_order_of_its_files():
    assert zip_bytes({"a": b"1", "b": b"2"}) == zip_bytes({"b": b"2", "a": b"1"})


def test_the_students_archive_is_a_course_that_checks_without_the_solution(released, tmp_path):
    with zipfile.ZipFile(released / "public/lab01_toy.zip") as archive:
        archive.extractall(tmp_path)
    root = tmp_path / "lab01_toy"
    course = read_course(root)
    assert course.title == "A toy course" and course.lab("1").solution is None
    assert (root / "requirements.txt").read_text().startswith(f"./{wheel()[0]}\n")
    run = [sys.executable, "-m", "labkit.cli"]
    env = {**os.environ, "LABKIT_COURSE": ""}
    assert subprocess.run([*run, "start", "1", "work"], cwd=root, env=env).returncode == 0
    done = subprocess.run(
        [*run, "check", "work/lab01_toy.py"], cwd=root, env=env, capture_output=True, text=True
    )
    assert done.returncode == 1 and "0 of 85 public points" in done.stdout


def test_a_stale_lab_is_not_released(toy_course, tmp_path):
    shutil.copytree(toy_course.root, tmp_path / "toy")
    course = read_course(tmp_path / "toy")
    file = course.lab("1").handout / "lab.py"
    file.write_text(file.read_text() + "# by hand\n")
    with pytest.raises(CourseError, match="run `labkit build lab01_toy` first"):
        release(course, course.lab("1"), tmp_path / "out", b"salt")
    assert not (tmp_path / "out").exists()


# --- Gradescope ---------------------------------------------------------------------------------------------


@pytest.fixture
def autograder(released, tmp_path):
    """A folder laid out like Gradescope's /autograder, labkit installed; returns it and a way to run it."""
    root = tmp_path / "autograder"
    with zipfile.ZipFile(released / "private/autograder.zip") as archive:
        archive.extractall(root / "source")
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755 and modes["salt"] == 0o644
    shutil.copy(root / "source/run_autograder", root)
    python = root / "venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    for folder in ("submission", "results"):
        (root / folder).mkdir()
    return root


def test_the_autograder_grades_a_submission(autograder):
    shutil.copy(TOY / "lab.py", autograder / "submission/lab01_toy.py")
    done = subprocess.run(["bash", autograder / "run_autograder"], cwd=autograder, capture_output=True)
    assert done.returncode == 0, done.stderr
    results = json.loads((autograder / "results/results.json").read_text())
    assert results["score"] == 100 and len(results["tests"]) == 4
    assert {test["visibility"] for test in results["tests"]} == {"visible", "after_published"}


def test_results_are_rewritten_after_every_check(autograder, monkeypatch):
    shutil.copy(TOY / "lab.py", autograder / "submission/mine.py")
    seen, write = [], gradescope.write_partial

    def watch(path, *rest):
        write(path, *rest)
        seen.append(json.loads(path.read_text()))

    monkeypatch.setattr(gradescope, "write_partial", watch)
    grade_on_gradescope(autograder)
    assert [len(results["tests"]) for results in seen] == [0, 1, 2, 3, 4]
    assert [results["score"] for results in seen] == [0, 40, 60, 75, 100]
    assert all("not finished" in results["output"] for results in seen[:-1])
    assert "not finished" not in seen[-1]["output"]


def test_a_late_submission_costs_what_the_course_says(autograder):
    course = autograder / "source/course/course.toml"
    due = "due = 2026-10-01T12:00:00+02:00\n"
    course.write_text(course.read_text() + due + "[late]\npenalty_per_day = 10\n")
    metadata = {
        "created_at": "2026-10-02T13:00:00+02:00",
        "users": [{"id": 7, "name": "Ada", "email": "a@b"}],
    }
    (autograder / "submission_metadata.json").write_text(json.dumps(metadata))
    shutil.copy(TOY / "lab.py", autograder / "submission/mine.py")
    record = grade_on_gradescope(autograder)
    results = json.loads((autograder / "results/results.json").read_text())
    assert (record.student.name, record.late.days_late) == ("Ada", 2)
    assert results["score"] == 80 and results["extra_data"]["labkit"]["penalty"] == 20


@pytest.mark.parametrize(
    ("until", "score"), [("2026-10-05T12:00:00+02:00", 100), ("2026-09-30T12:00:00+02:00", 80)]
)
def test_whoever_was_given_more_time_in_gradescope_has_it(autograder, until, score):
    course = autograder / "source/course/course.toml"
    due = "due = 2026-10-01T12:00:00+02:00\n"
    course.write_text(course.read_text() + due + "[late]\npenalty_per_day = 10\n")
    user = {"id": 7, "name": "Ada", "assignment": {"due_date": until}}
    metadata = {"created_at": "2026-10-02T13:00:00+02:00", "users": [user]}
    (autograder / "submission_metadata.json").write_text(json.dumps(metadata))
    shutil.copy(TOY / "lab.py", autograder / "submission/mine.py")
    grade_on_gradescope(autograder)
    results = json.loads((autograder / "results/results.json").read_text())
    assert results["score"] == score and ("2026-10-05 12:00" in results["output"]) == (score == 100)


def test_the_course_of_a_release_keeps_what_counts_for_its_lab(toy_course, tmp_path):
    shutil.copytree(toy_course.root, tmp_path / "toy")
    file = tmp_path / "toy/course.toml"
    settings = 'attempts = 5\ndue = 2026-10-01T23:59:00+02:00\n\n[[labs]]\nname = "lab99"\n'
    late = '[late]\npenalty_per_day = 12.5\ntimezone = "Europe/Berlin"\n'
    file.write_text(file.read_text().replace("A toy", 'A \\"toy\\"') + settings + late)
    course = read_course(tmp_path / "toy")
    file.write_bytes(releasing.course_file(course, course.lab("1")))
    again = read_course(tmp_path / "toy")
    assert again.title == 'A "toy" course' and again.late == course.late and again.order == ("lab01_toy",)
    assert (again.lab("1").due, again.lab("1").attempts) == (course.lab("1").due, 5)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "hand in lab01_toy.py or lab01_toy.ipynb"),
        ({"a.py": "x = 1", "b.py": "x = 1"}, "several files to grade (a.py, b.py)"),
        ({"lab01_toy.py": "x = 1", "lab01_toy.ipynb": "{}"}, "several files"),
        ({"lab01_toy.ipynb": "{"}, "not a notebook"),
        ({"lab01_toy.py": b"\xff\xfe"}, "not UTF-8"),
    ],
)
def test_what_cannot_be_graded_gets_no_points_and_a_sentence(autograder, files, words):
    for name, text in files.items():
        (autograder / "submission" / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    grade_on_gradescope(autograder)
    results = json.loads((autograder / "results/results.json").read_text())
    assert results["score"] == 0 and words in results["output"]
    assert str(autograder) not in results["output"]


def test_a_container_at_fault_leaves_no_results(autograder):
    (autograder / "source/course/solutions/lab01_toy/test_lab.py").write_text("import nothing_like_this\n")
    shutil.copy(TOY / "lab.py", autograder / "submission/mine.py")
    done = subprocess.run(
        ["bash", autograder / "run_autograder"], cwd=autograder, capture_output=True, text=True
    )
    assert done.returncode == 1 and "nothing_like_this" in done.stderr
    assert not (autograder / "results/results.json").exists()


def test_the_file_called_after_the_lab_wins(toy_course, tmp_path):
    for name in ("notes.py", "lab01_toy.py"):
        (tmp_path / name).write_text("x = 1")
    assert only_submission(tmp_path, toy_course.lab("1")).name == "lab01_toy.py"
    (tmp_path / "lab01_toy.py").unlink()
    assert only_submission(tmp_path, toy_course.lab("1")).name == "notes.py"
    with pytest.raises(SubmissionError, match="no script or notebook"):
        only_submission(tmp_path / "missing", toy_course.lab("1"))


# --- Classroom 50, nbgrader, JupyterHub ---------------------------------------------------------------------


def test_classroom50_grades_with_public_checks(released, tmp_path, monkeypatch):
    checkout = tmp_path / "checkout"
    shutil.copytree(released / "public/classroom50/template", checkout)
    bundle = released / "public/classroom50/autograders/lab01_toy"
    monkeypatch.setenv("CLASSROOM", "dl")
    monkeypatch.setenv("SUBMISSION_TAG", "submit/1")
    assert grade_on_classroom50(bundle, checkout).score == 0
    shutil.copy(TOY / "lab.py", checkout / "lab01_toy.py")
    grade_on_classroom50(bundle, checkout)
    result = json.loads((checkout / "result.json").read_text())
    assert result["schema"] == "classroom50/result/v1" and result["classroom"] == "dl"
    assert (result["score"], result["max-score"]) == (85, 85)


def nbgrader_cells(released) -> list:
    path = released / "private/nbgrader/source/lab01_toy/lab01_toy.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook.cells


def test_the_nbgrader_source_has_metadata_of_schema_3(released, toy_course):
    marked = [cell for cell in nbgrader_cells(released) if "nbgrader" in cell.metadata]
    for cell in marked:
        marks = cell.metadata["nbgrader"]
        keys = {"schema_version", "grade_id", "grade", "solution", "locked", "task"}
        assert set(marks) == keys | ({"points"} if marks["grade"] else set())
        assert marks["schema_version"] == 3 and not (marks["solution"] and marks["grade"])
        assert marks["solution"] == ("### BEGIN SOLUTION" in cell.source)
    ids = [cell.metadata["nbgrader"]["grade_id"] for cell in marked]
    assert len(set(ids)) == len(ids)
    points = {
        c.metadata["nbgrader"]["grade_id"]: c.metadata["nbgrader"]["points"]
        for c in marked
        if c.metadata["nbgrader"]["grade"]
    }
    assert points == {"test_double": 40, "test_double_leaves_its_argument": 20, "test_mean": 25}


def test_a_graded_cell_passes_or_says_what_a_student_reads(released, tmp_path):
    folder = tmp_path / "assignment"
    shutil.copytree(released / "private/nbgrader/source/lab01_toy", folder)
    require("test_mean", folder)
    path = folder / "lab01_toy.ipynb"
    path.write_text(path.read_text().replace("return 2 * x", "return x ** 2"))
    with pytest.raises(AssertionError, match="You squared each value"):
        require("test_double", folder)
    with pytest.raises(AssertionError, match="waiting for 1.1"):
        require("test_mean", folder)


def test_the_hub_notebook_sets_itself_up_and_is_the_starter(released, toy_course):
    folder = released / "public/jupyterhub"
    cells = nbformat.read(folder / "lab01_toy.ipynb", as_version=4).cells
    built = nbformat.read(folder / "labs/lab01_toy/lab.ipynb", as_version=4).cells
    assert [cell.source for cell in cells[1:-1]] == [cell.source for cell in built]
    both = f"{cells[0].source}\n{cells[-1].source}"
    done = subprocess.run([sys.executable, "-c", both], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and "0 of 85 public points" in done.stdout, done.stderr
    assert wheel()[0] in cells[0].source and Path(folder / wheel()[0]).is_file()
    assert cells[0].metadata.tags == cells[-1].metadata.tags == ["explore"]
