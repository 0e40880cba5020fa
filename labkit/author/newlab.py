"""`labkit new-lab`: a lab that works, for its author to rewrite, in a course that need not exist yet."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import tomlkit
from tomlkit.items import AoT, Table

from labkit.course import COURSE_FILE, CourseError, find_course, read_course
from labkit.files import write_atomically, writing
from labkit.lesson.source import read_text

FILES = ("lab.py", "test_lab.py", "misconceptions.py", "variants.py")
_NAME = re.compile(r"lab(\d\d)_([a-z][a-z0-9_]*)")


def new_lab(name: str, root: Path) -> list[Path]:
    """Write the files of a new lab under `root/solutions`, and list it in the course, which is begun if need be.

    Returns the files written. Raises CourseError where the name is none or the lab is there already.
    """
    if not (parts := _NAME.fullmatch(name)):
        raise CourseError(f"{name!r} is no name for a lab; write it like lab02_logistic_regression.")
    number, title = parts[1], parts[2].replace("_", " ")
    folder = root / "solutions" / name
    if folder.exists():
        raise CourseError(f"{folder} is there already and stays as it is.")
    course_file = begin_course(root)
    taken = [lab.name for lab in read_course(root).labs if lab.name.startswith(f"lab{number}_")]
    if taken:
        raise CourseError(f"{root} has {taken[0]} already; give this lab another number.")
    listing = None if name in read_course(root).order else _listed(course_file, name)
    words = {"@LAB@": name, "@NN@": number, "@N@": str(int(number)), "@TITLE@": title.capitalize()}
    with writing(folder):
        for file in FILES:
            text = resources.files("labkit.author.skeleton").joinpath(f"{file}.template").read_text("utf-8")
            for mark, word in words.items():
                text = text.replace(mark, word)
            write_atomically(folder / file, text)
    if listing is not None:
        with writing(course_file):
            write_atomically(course_file, listing)
    return [folder / file for file in FILES]


def _listed(path: Path, name: str) -> str:
    """The course.toml with one more lab, whatever way it lists them; all else stays as it is written."""
    document = tomlkit.parse(read_text(path))
    labs = document.get("labs")
    if labs is None:
        labs = document["labs"] = tomlkit.aot()
    entry = tomlkit.table() if isinstance(labs, AoT) else tomlkit.inline_table()
    if isinstance(entry, Table):
        entry.trivia.indent = "\n"  # a blank line before it
    labs.append(entry.append("name", name))
    return tomlkit.dumps(document)


def begin_course(root: Path) -> Path:
    """The course.toml of a folder, written with a title where there is none."""
    path = root / COURSE_FILE
    if not path.exists():
        title = re.sub(r"[^\w .-]", "", root.absolute().name) or "A course"
        with writing(path):
            write_atomically(path, f'title = "{title}"\n')
    return path


def course_root(given: Path | None) -> Path:
    """Where a new lab goes: the folder that was given, the course around here, or an empty folder."""
    if given is not None:
        return given
    try:
        return find_course().root
    except CourseError:
        here = Path.cwd()
        if any(entry for entry in here.iterdir() if not entry.name.startswith(".")):
            raise CourseError(
                f"{here} is no course and not empty; name the course's folder, new or not, with --course FOLDER."
            ) from None
        return here
