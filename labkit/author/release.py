"""`labkit release`: what goes out of a lab, for each platform; what may be public apart from what may not."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import nbformat
import tomlkit

from labkit.author import recording
from labkit.author.archive import requirements, wheel, zip_bytes
from labkit.author.build import handout
from labkit.author.notebook import as_text
from labkit.author.platforms import nbgrader
from labkit.author.problems import solution_of
from labkit.author.quiz import asked
from labkit.check.catalogue import MISCONCEPTIONS
from labkit.check.recorded import RECORDED
from labkit.course import COURSE_FILE, Course, CourseError, Lab
from labkit.lesson.cells import EXPLORE
from labkit.lesson.lesson import read_lesson
from labkit.lesson.source import read_text

Files = dict[str, bytes]

_STUDENT_README = """# {title}

Python 3.11 or newer is needed. In this folder:

    python -m venv .venv
    .venv/bin/pip install -r requirements.txt       # Windows: .venv\\Scripts\\pip
    .venv/bin/labkit start {lab} work/              # or with --notebook
    .venv/bin/labkit check work/{lab}.py

`labkit start` writes your file; read it from top to bottom, it is the lesson. `labkit check` says how far you are
and, where it can, which mistake you made. Hand in that one file.
"""

_SETUP_CELL = """# Run this first. On Colab, put this folder into your Drive and give its place here.
import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("google.colab") if importlib.util.find_spec("google") else None:
    from google.colab import drive

    drive.mount("/content/drive")
    os.chdir("/content/drive/MyDrive/{lab}")
if importlib.util.find_spec("labkit") is None:
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "{wheel}"], check=True)"""

_CHECK_CELL = """# Save the notebook, then see how far you are.
command = [sys.executable, "-m", "labkit.cli", "check", "{lab}.ipynb"]
done = subprocess.run(command, capture_output=True, text=True)
print(done.stdout + done.stderr)"""


def release(course: Course, lab: Lab, folder: Path, salt: bytes) -> list[Path]:
    """Write everything that goes out of a lab under `folder/<lab>` and return the paths of its parts.

    `public/` may be given to anybody; `private/` holds the solution. Equal labs give equal bytes. Raises
    CourseError where the lab's folder is not what its solution gives.
    """
    _require_built(lab)
    public, private = folder / lab.name / "public", folder / lab.name / "private"
    student = student_files(course, lab)
    parts: dict[Path, bytes | Files] = {
        public / f"{lab.name}.zip": zip_bytes({f"{lab.name}/{name}": data for name, data in student.items()}),
        public / "jupyterhub": hub_files(student, lab),
        public / "classroom50" / "template": template_files(student, lab),
        public / "classroom50" / "autograders" / lab.name: classroom50_files(student, lab),
        private / "autograder.zip": zip_bytes(
            gradescope_files(course, lab, salt), ("setup.sh", "run_autograder")
        ),
        private / "nbgrader": nbgrader_files(student, lab),
    }
    for path, content in parts.items():
        for target, data in _files(path, content):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return list(parts)


def _files(path: Path, content: bytes | Files) -> list[tuple[Path, bytes]]:
    if isinstance(content, bytes):
        return [(path, content)]
    return [(path / name, data) for name, data in content.items()]


def _require_built(lab: Lab) -> None:
    """Refuse a lab that is not built, or some check of which was not carried out since it changed."""
    texts = handout(lab)
    for name, text in texts.items():
        path = lab.handout / name
        if not path.is_file() or path.read_bytes() != text.encode():
            raise CourseError(
                f"{path} is not what {lab.solution} gives; run `labkit build {lab.name}` first."
            )
    if not recording.is_current(lab.handout / RECORDED, lab, texts["test_lab.py"]):
        raise CourseError(
            f"{lab.handout / RECORDED} was recorded from other files or by other libraries; "
            f"run `labkit build {lab.name}` first."
        )


# --- what may be public -------------------------------------------------------------------------------------


def student_files(course: Course, lab: Lab) -> Files:
    """A course of one lab without its solution, labkit itself, and how to begin."""
    name, data = wheel()
    built = ("lab.py", "lab.ipynb", "test_lab.py", RECORDED)
    return {
        "course.toml": course_file(course, lab),
        "README.md": _STUDENT_README.format(title=lab.title, lab=lab.name).encode(),
        "requirements.txt": requirements().encode(),
        name: data,
        **{f"labs/{lab.name}/{file}": (lab.handout / file).read_bytes() for file in built},
    }


def course_file(course: Course, lab: Lab) -> bytes:
    """A course.toml with this lab alone: the course's title and rules for lateness, the lab's own settings."""
    settings = tomllib.loads(read_text(course.root / COURSE_FILE))
    entries = [entry for entry in settings.get("labs", []) if entry.get("name") == lab.name]
    kept: dict[str, Any] = {
        "title": course.title,
        "late": settings.get("late"),
        "labs": entries or [{"name": lab.name}],
    }
    return tomlkit.dumps({key: part for key, part in kept.items() if part}).encode()


def hub_files(student: Files, lab: Lab) -> Files:
    """The student's files with a notebook on top that installs labkit where it is not yet, and checks itself."""
    notebook = nbformat.reads(student[f"labs/{lab.name}/lab.ipynb"].decode(), as_version=4)
    for place, name, source in (
        (0, "setup", _SETUP_CELL.replace("{wheel}", wheel()[0]).replace("{lab}", lab.name)),
        (len(notebook.cells) + 1, "check", _CHECK_CELL.replace("{lab}", lab.name)),
    ):
        cell = {"cell_type": "code", "id": f"labkit-{name}", "source": source, "execution_count": None}
        notebook.cells.insert(
            place, type(notebook)({**cell, "outputs": [], "metadata": type(notebook)({"tags": [EXPLORE]})})
        )
    return {**student, f"{lab.name}.ipynb": as_text(notebook).encode()}


def template_files(student: Files, lab: Lab) -> Files:
    """The template of a student's repository: the student's files, and the script to edit on top."""
    return {
        **student,
        f"{lab.name}.py": student[f"labs/{lab.name}/lab.py"],
        ".gitignore": b".venv/\n__pycache__/\n",
    }


def classroom50_files(student: Files, lab: Lab) -> Files:
    """The bundle that Classroom 50's runner downloads. It is published, so it grades with the public checks."""
    return {**student, "autograder.py": _script("classroom50_autograder.py")}


# --- what may not -------------------------------------------------------------------------------------------


def gradescope_files(course: Course, lab: Lab, salt: bytes) -> Files:
    """The autograder: a course of one lab with its solution, the salt, labkit, and Gradescope's two scripts."""
    name, data = wheel()
    folder = solution_of(lab)
    solution = [file for file in ("lab.py", "test_lab.py", MISCONCEPTIONS) if (folder / file).is_file()]
    return {
        "setup.sh": _script("gradescope_setup.sh"),
        "run_autograder": _script("gradescope_run_autograder.sh"),
        "requirements.txt": requirements().encode(),
        name: data,
        "salt": salt + b"\n",
        "course/course.toml": course_file(course, lab),
        **{f"course/solutions/{lab.name}/{file}": (folder / file).read_bytes() for file in solution},
    }


def nbgrader_files(student: Files, lab: Lab) -> Files:
    """A course of nbgrader's with the lab as an assignment under `source/`, and settings for its config."""
    master = read_text(lab.source)
    master = read_lesson(master).edited(asked(master))
    beside = {
        name: data
        for name, data in student.items()
        if name.startswith("labs/") and not name.endswith(".ipynb") or name == "course.toml"
    }
    return {
        f"source/{lab.name}/{lab.name}.ipynb": nbgrader.assignment(lab, master).encode(),
        **{f"source/{lab.name}/{name}": data for name, data in beside.items()},
        "nbgrader_config.py": _script("nbgrader_config.py.txt"),
    }


def _script(name: str) -> bytes:
    return resources.files("labkit.author.platforms").joinpath(name).read_bytes()
