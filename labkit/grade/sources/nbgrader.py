"""nbgrader's `submitted/<student>/<assignment>/<notebook>.ipynb`, with `timestamp.txt` beside it."""

from __future__ import annotations

from labkit.grade.sources.found import MOST_FILES, Found, instant, too_many
from labkit.grade.sources.tree import File, Tree
from labkit.lesson.submission import SubmissionError
from labkit.record import Student

SUBMITTED = "submitted"
TIMESTAMP = "timestamp.txt"
_OTHERS = ("source", "release", "autograded", "feedback")  # beside it in a course's folder


def owner(file: File) -> str | None:
    """Whose file this is: one that lies in a student's folder of an assignment."""
    return file.relative.parts[0] if len(file.relative.parts) >= 3 else None


def base(tree: Tree) -> Tree:
    """The folder of the students, of the course's folder that has it."""
    tops = {file.relative.parts[0] for file in tree.files if file.gradable}
    return tree.under(SUBMITTED) if SUBMITTED in tops and tops <= {SUBMITTED, *_OTHERS} else tree


def proven(tree: Tree) -> bool:
    """Whether there are notebooks, in a folder that is called so or with nbgrader's time beside each."""
    notebooks = [f.relative for f in tree.files if f.gradable and f.relative.suffix == ".ipynb"]
    stamped = {f.relative.parent for f in tree.files if f.relative.name == TIMESTAMP}
    handed_in = {path.parent for path in notebooks if len(path.parts) == 3}
    return bool(handed_in) and (tree.path.name == SUBMITTED or handed_in <= stamped)


def find(tree: Tree) -> list[Found]:
    """Every notebook; the student's id is the name of the folder."""
    assignments: dict[tuple[str, ...], list[File]] = {}
    for file in base(tree).files:
        if owner(file):
            assignments.setdefault(file.relative.parts[:2], []).append(file)
    found = []
    for (who, assignment), files in assignments.items():
        student = Student(who, submitted_at=_submitted_at(files))
        notebooks = [file for file in files if file.gradable]
        notebooks = [file for file in notebooks if len(file.relative.parts) == 3] or notebooks
        if len(notebooks) > MOST_FILES:
            name = f"{who}/{assignment}"
            found.append(Found(name, tree.path / name, None, student, too_many(name, len(notebooks))))
            continue
        for file in notebooks:
            name = f"{who}/{assignment}" + (f"/{file.relative.stem}" if len(notebooks) > 1 else "")
            found.append(Found(name, file.path, file, student))
    return found


def _submitted_at(files: list[File]) -> str | None:
    stamp = next((file for file in files if file.relative.name == TIMESTAMP), None)
    try:
        return instant(stamp.read(200).decode("utf-8", "replace")) if stamp else None
    except SubmissionError:
        return None
