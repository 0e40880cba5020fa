"""Finds what there is to grade: files, folders and zips, as people keep them and as platforms export them.

Each layout is a module with `recognises(tree)` and `find(tree)`. A student's name comes from the path, the
export or a roster, never from the file's content.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from labkit.grade.sources import canvas, gradescope, moodle, nbgrader, plain
from labkit.grade.sources.found import Found
from labkit.grade.sources.roster import Roster, read_roster
from labkit.grade.sources.tree import MAX_COMPONENT, Tree, folder_tree, zip_tree
from labkit.labs import CourseError
from labkit.submissions import SubmissionError

__all__ = ["LAYOUTS", "Found", "Roster", "find_submissions", "read_roster"]

#: In the order in which they are tried; `files` takes everything.
LAYOUTS = {
    "gradescope": gradescope,
    "moodle": moodle,
    "nbgrader": nbgrader,
    "canvas": canvas,
    "files": plain,
}
#: Names in the folder of results that no submission may take, and those in a submission's own folder.
_TAKEN = ("salt", "grades.csv", "journal.jsonl", "trainings")
_OWN = ("result.json", "output.txt")


def find_submissions(paths: list[Path], layout: str = "auto") -> list[Found]:
    """What lies under the paths, each under a name of its own. `layout` is one of LAYOUTS, or recognised."""
    if layout != "auto" and layout not in LAYOUTS:
        raise CourseError(f"--layout is auto, {', '.join(LAYOUTS)}; there is no {layout!r}.")
    found: list[Found] = []
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            found += _find(folder_tree(path), layout)
        elif path.suffix.lower() == ".zip":
            found += _in_zip(path, layout)
        else:
            found.append(plain.one_file(path))
    return _distinct(found)


def _in_zip(path: Path, layout: str) -> list[Found]:
    try:
        tree = zip_tree(path)
        found = _find(tree, layout)
    except SubmissionError as problem:
        return [Found(path.stem, path, problem=str(problem))]
    refused = [Found(f"{path.stem}-refused", path, problem=reason) for _, reason in tree.refused]
    if not found and not refused:
        refused = [Found(path.stem, path, problem=f"{path} holds no .py or .ipynb file.")]
    return found + refused


def _find(tree: Tree, layout: str) -> list[Found]:
    inner = tree.under(tree.only_folder) if tree.only_folder else None
    for name, module in LAYOUTS.items():
        if name == "files" or layout not in ("auto", name):
            continue
        for candidate in (tree, inner):
            if candidate is not None and (module.recognises(candidate)):
                return module.find(candidate)
    if layout not in ("auto", "files"):
        raise CourseError(
            f"{tree.path} is not laid out as {layout} does it; leave --layout to auto, or use files."
        )
    # a zip mostly holds one folder that means nothing; one that was named itself is part of no name either
    is_zip = bool(tree.files) and tree.files[0].archive is not None
    return plain.find(inner if is_zip and inner is not None else tree)


def _distinct(found: list[Found]) -> list[Found]:
    """Two files of one name keep their suffix, then get a number, so that no result replaces another."""
    taken: set[str] = {*_TAKEN}
    result = []
    for entry in found:
        plain_name = "/".join(_component(part) for part in entry.name.split("/"))
        choices = [plain_name, f"{plain_name}{entry.path.suffix}"]
        choices += [f"{plain_name}-{number}" for number in range(2, len(found) + 5)]
        name = next(choice for choice in choices if choice not in taken)
        taken.add(name)
        result.append(replace(entry, name=name))
    return result


def _component(part: str) -> str:
    """A part of a name that can be a folder of results: not too long, and not like a file of results."""
    if part in _OWN or part in ("", ".", ".."):
        return f"{part}_"
    encoded = part.encode("utf-8", "surrogateescape")
    if len(encoded) <= MAX_COMPONENT:
        return part
    return encoded[:MAX_COMPONENT].decode("utf-8", "ignore")
