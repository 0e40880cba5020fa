"""Files, and folders of students' folders: the names are those of the paths."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from labkit.grade.sources.found import Found, of_student, too_many
from labkit.grade.sources.tree import File, Tree
from labkit.record import Student

_HANDED_IN = (".pdf", ".html", ".htm", ".docx", ".doc", ".odt", ".rtf", ".zip")


def find(tree: Tree, most: int | None = None, at_root: str | None = None) -> list[Found]:
    """In each folder `lab.py` and `lab.ipynb`, or, in one that has neither, every script and notebook.

    A folder in the tree with more than `most` of them is taken for a student's, and gets one record that says so.
    `at_root` is the name of a `lab.py` that lies in no folder; default: that of the tree.
    """
    folders: dict[PurePosixPath, list[File]] = {}
    for file in tree.files:
        if file.gradable:
            folders.setdefault(file.relative.parent, []).append(file)
    graded = {folder.parts[0] for folder in folders if folder.parts}
    root_name = tree.path.absolute().name if at_root is None else at_root
    found = []
    for folder, files in folders.items():
        labs = [file for file in files if file.relative.stem == "lab"]
        if most is not None and folder.parts and len(labs or files) > most:
            problem = f"{too_many(tree.path / folder, len(files))} Where it is a class, use --layout files."
            found.append(Found(folder.as_posix(), tree.path / folder, problem=problem))
            continue
        found += [Found(_name(file.relative, root_name), file.path, file) for file in labs or files]
    if graded:  # folders of students', of whom some handed in something else
        others = {name: files for name, files in tree.by_folder().items() if name not in graded}
        for name, files in others.items():
            if handed_in := [file for file in files if _may_be_meant(file)]:
                found += of_student(name, tree.path / name, handed_in, Student())
    return found


def left_out(tree: Tree) -> list[str]:
    """Files beside the submissions that somebody may have handed in, but that cannot be graded."""
    return [
        str(file.relative) for file in tree.files if len(file.relative.parts) == 1 and _may_be_meant(file)
    ]


def _may_be_meant(file: File) -> bool:
    """Whether this is what is handed in by mistake in the place of a script or a notebook."""
    return file.relative.suffix.lower() in _HANDED_IN


def one_file(path: Path) -> Found:
    """A file that was named itself."""
    name = _name(PurePosixPath(path.name), path.absolute().parent.name)
    return Found(name, path, File(PurePosixPath(path.name), path))


def _name(relative: PurePosixPath, root_name: str) -> str:
    if relative.stem == "lab":
        return relative.parent.as_posix() if relative.parent.parts else root_name
    return relative.with_suffix("").as_posix()
