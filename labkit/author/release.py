"""`labkit release`: what goes out of a lab, for each platform; what may be public apart from what may not."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import nbformat
import tomlkit

from labkit.author import recording
from labkit.author.archive import requirements, wheel, zip_bytes
from labkit.author.build import handout
from labkit.author.notebook import as_text, notebook_of
from labkit.author.quiz import asked
from labkit.check.catalogue import MISCONCEPTIONS, VARIANTS
from labkit.check.recorded import RECORDED
from labkit.course import COURSE_FILE, Course, CourseError, Lab, solution_of
from labkit.files import write_atomically, writing
from labkit.lesson.cells import EXPLORE
from labkit.lesson.lesson import read_lesson
from labkit.lesson.source import read_text
from labkit.platforms import platforms
from labkit.platforms.platform import Files, Kit

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
    public, kit = folder / lab.name / "public", kit_of(course, lab, salt)
    student = {f"{lab.name}/{name}": data for name, data in kit.student.items()}
    parts: dict[Path, bytes | Files] = {
        public / f"{lab.name}.zip": zip_bytes(student),
        public / "jupyterhub": hub_files(kit.student, lab),
    }
    for platform in platforms().values():
        for place, files in platform.release(kit).items():
            programs = [name for name, data in files.items() if data.startswith(b"#!")]
            parts[folder / lab.name / place] = zip_bytes(files, programs) if place.endswith(".zip") else files
    for path, content in parts.items():
        for target, data in _files(path, content):
            with writing(target):
                write_atomically(target, data, durable=False)
    return list(parts)


def kit_of(course: Course, lab: Lab, salt: bytes) -> Kit:
    """What platforms pack of a lab that has a solution."""
    solution, master = solution_of(lab), read_text(lab.source)
    files = [
        name for name in ("lab.py", "test_lab.py", MISCONCEPTIONS, VARIANTS) if (solution / name).is_file()
    ]
    return Kit(
        lab=lab,
        student=student_files(course, lab),
        solution={name: (solution / name).read_bytes() for name in files},
        course=course_file(course, lab),
        wheel=wheel(),
        requirements=requirements().encode(),
        salt=salt,
        master=notebook_of(read_lesson(master).edited(asked(master)), lab.name),
    )


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
