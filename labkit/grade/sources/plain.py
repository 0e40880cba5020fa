"""Files, and folders of students' folders: the names are those of the paths."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from labkit.grade.sources.found import Found
from labkit.grade.sources.tree import File, Tree


def find(tree: Tree) -> list[Found]:
    """In each folder `lab.py` and `lab.ipynb`, or, in one that has neither, every script and notebook."""
    folders: dict[PurePosixPath, list[File]] = {}
    for file in tree.files:
        if file.gradable:
            folders.setdefault(file.relative.parent, []).append(file)
    found = []
    for files in folders.values():
        labs = [file for file in files if file.relative.stem == "lab"]
        found += [Found(_name(file.relative, tree.path), file.path, file) for file in labs or files]
    return found


def one_file(path: Path) -> Found:
    """A file that was named itself."""
    name = _name(PurePosixPath(path.name), path.absolute().parent)
    return Found(name, path, File(PurePosixPath(path.name), path))


def _name(relative: PurePosixPath, root: Path) -> str:
    if relative.stem == "lab":
        return relative.parent.as_posix() if relative.parent.parts else _stem(root.absolute().name)
    return relative.with_suffix("").as_posix()


def _stem(name: str) -> str:
    return name.removesuffix(".zip")
