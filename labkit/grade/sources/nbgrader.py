"""nbgrader's `submitted/<student>/<assignment>/<notebook>.ipynb`, with `timestamp.txt` beside it."""

from __future__ import annotations

from labkit.grade.sources.found import Found, instant
from labkit.grade.sources.tree import File, Tree
from labkit.grade.student import Student
from labkit.submissions import SubmissionError

SUBMITTED = "submitted"
TIMESTAMP = "timestamp.txt"


def recognises(tree: Tree) -> bool:
    """Whether this is such a folder, or the course's folder that has it."""
    tree = _submitted(tree)
    notebooks = [file for file in tree.files if file.relative.suffix == ".ipynb"]
    deep = bool(notebooks) and all(len(file.relative.parts) == 3 for file in notebooks)
    return deep and (
        tree.path.name == SUBMITTED or any(file.relative.name == TIMESTAMP for file in tree.files)
    )


def find(tree: Tree) -> list[Found]:
    """Every notebook; the student's id is the name of the folder."""
    assignments: dict[tuple[str, ...], list[File]] = {}
    for file in _submitted(tree).files:
        if len(file.relative.parts) == 3:
            assignments.setdefault(file.relative.parts[:2], []).append(file)
    found = []
    for (who, assignment), files in assignments.items():
        student = Student(who, submitted_at=_submitted_at(files))
        notebooks = [file for file in files if file.gradable]
        for file in notebooks:
            name = f"{who}/{assignment}" + (f"/{file.relative.stem}" if len(notebooks) > 1 else "")
            found.append(Found(name, file.path, file, student))
    return found


def _submitted(tree: Tree) -> Tree:
    return tree.under(SUBMITTED) if any(f.relative.parts[0] == SUBMITTED for f in tree.files) else tree


def _submitted_at(files: list[File]) -> str | None:
    stamp = next((file for file in files if file.relative.name == TIMESTAMP), None)
    try:
        return instant(stamp.read(200).decode("utf-8", "replace")) if stamp else None
    except SubmissionError:
        return None
