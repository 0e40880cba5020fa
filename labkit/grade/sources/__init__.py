"""Finds what there is to grade: files, folders and zips, as people keep them and as platforms export them.

Each layout is a module with `owner(file)`, which is None where the file does not fit, and `find(tree)`. Where names
that a student chooses could look like a layout, `proven(tree)` asks for more. A student's name comes from the path,
the export or a roster, never from the file's content.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from labkit.course import CourseError
from labkit.grade.sources import canvas, gradescope, moodle, nbgrader, plain
from labkit.grade.sources.found import MOST_FILES, Found, too_many
from labkit.grade.sources.names import distinct
from labkit.grade.sources.roster import Roster, read_roster
from labkit.grade.sources.tree import Tree, folder_tree, zip_tree
from labkit.lesson.submission import SubmissionError

__all__ = ["LAYOUTS", "Found", "Roster", "find_submissions", "read_roster"]

#: In the order in which they are tried, the tightest pattern first; `files` takes everything.
LAYOUTS = {
    "gradescope": gradescope,
    "canvas": canvas,
    "moodle": moodle,
    "nbgrader": nbgrader,
    "files": plain,
}
MOST_IN_ZIP = 5_000  # submissions in a zip that no platform made

Say = Callable[[str], object]


def find_submissions(paths: list[Path], layout: str = "auto", say: Say = lambda _: None) -> list[Found]:
    """What lies under the paths, each under a name of its own. `layout` is one of LAYOUTS, or recognised.

    `say` is told, in one sentence each, which export a path was taken for and what was left out. What cannot be
    read at all becomes a submission with a problem, and costs none of the others.
    """
    if layout != "auto" and layout not in LAYOUTS:
        raise CourseError(f"--layout is auto, {', '.join(LAYOUTS)}; there is no {layout!r}.")
    found: list[Found] = []
    for path in paths:
        is_folder = path.is_dir() and not path.is_symlink()
        try:
            if is_folder:
                found += _find(folder_tree(path), layout, say, one_of_several=len(paths) > 1)
            elif path.suffix.lower() == ".zip":
                found += _in_zip(path, layout, say, one_of_several=len(paths) > 1)
            else:
                found.append(plain.one_file(path))
        except SubmissionError as problem:
            name = path.absolute().name if is_folder else path.stem
            found.append(Found(name, path, problem=str(problem)))
    return distinct(found)


def _in_zip(path: Path, layout: str, say: Say, one_of_several: bool) -> list[Found]:
    tree = zip_tree(path)
    found = _find(tree, layout, say, path.stem, one_of_several)
    refused = []
    if tree.refused:
        more = f" So were {len(tree.refused) - 1} more of such names." if len(tree.refused) > 1 else ""
        refused.append(Found(f"{path.stem}-refused", path, problem=tree.refused[0][1] + more))
    if not found and not refused:
        refused = [Found(path.stem, path, problem=f"{path} holds no .py or .ipynb file.")]
    return found + refused


def _find(
    tree: Tree, layout: str, say: Say, zip_name: str | None = None, one_of_several: bool = False
) -> list[Found]:
    """What lies in a folder or, with its name, in a zip."""
    inner = tree.under(tree.only_folder) if tree.only_folder else None
    for name, module in LAYOUTS.items():
        if name == "files" or layout not in ("auto", name):
            continue
        for candidate in (tree, inner):
            if candidate is None:
                continue
            students, misfits = _as_laid_out(module, candidate)
            if layout == name:
                taken = bool(students) or getattr(module, "looks_so", lambda _: False)(candidate)
            else:
                # what one student handed in is no export, whatever the files are called
                may_be_a_students = zip_name is not None or one_of_several or candidate is inner
                taken = len(students) > may_be_a_students and not misfits
                taken = taken and getattr(module, "proven", lambda _: True)(_base(module, candidate))
            if taken:
                count = f"{len(students)} student{'s' * (len(students) != 1)}"
                say(f"{tree.path} is read as {name} lays it out, {count}{_left_out(misfits)}.")
                return module.find(candidate)
    if layout not in ("auto", "files"):
        raise CourseError(
            f"{tree.path} is not laid out as {layout} does it; leave --layout to auto, or use files."
        )
    if layout == "auto":
        _say_what_it_resembles(tree, inner, say)
    if others := plain.left_out(tree):
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        say(f"{tree.path}: left out, for only .py and .ipynb are graded: {', '.join(others[:3])}{more}.")
    if zip_name is None:
        return plain.find(tree, MOST_FILES if layout == "auto" else None)
    return _in_plain_zip(tree, inner or tree, zip_name, layout == "auto", one_of_several)


def _in_plain_zip(tree: Tree, inner: Tree, name: str, limited: bool, one_of_several: bool) -> list[Found]:
    """What somebody packed: it is called like the zip, for names in it are the student's choice."""
    found = plain.find(inner, MOST_FILES if limited and not one_of_several else None, at_root="lab")
    if limited and one_of_several and len(found) > MOST_FILES:
        problem = f"{too_many(tree.path, len(found))} Where it is a class, use --layout files."
        return [Found(name, tree.path, problem=problem)]
    if len(found) > MOST_IN_ZIP:
        problem = f"{tree.path} holds {len(found)} submissions; at most {MOST_IN_ZIP} are read from a zip."
        return [Found(name, tree.path, problem=problem)]
    if len(found) == 1:
        return [replace(found[0], name=name)]
    return [replace(entry, name=f"{name}/{entry.name}") for entry in found]


def _base(module: ModuleType, tree: Tree) -> Tree:
    return module.base(tree) if hasattr(module, "base") else tree


def _as_laid_out(module: ModuleType, tree: Tree) -> tuple[set[str], list[str]]:
    """The students of whom there is anything in this layout, and the scripts and notebooks that do not fit it."""
    files = _base(module, tree).files
    students = {owner for file in files if (owner := module.owner(file)) is not None}
    return students, [str(file.relative) for file in files if file.gradable and module.owner(file) is None]


def _left_out(misfits: list[str]) -> str:
    if not misfits:
        return ""
    more = f" and {len(misfits) - 3} more" if len(misfits) > 3 else ""
    return f"; left out, for they do not fit: {', '.join(misfits[:3])}{more}"


def _say_what_it_resembles(tree: Tree, inner: Tree | None, say: Say) -> None:
    for name in ("gradescope", "canvas", "moodle"):
        for candidate in (tree, inner):
            if candidate is None:
                continue
            students, misfits = _as_laid_out(LAYOUTS[name], candidate)
            resembles = (
                gradescope.looks_so(candidate) if name == "gradescope" else len(students) > len(misfits)
            )
            if resembles:
                say(
                    f"{tree.path} looks a little like what {name} exports, but is read as files"
                    f"{' (' + misfits[0] + ' does not fit)' if misfits else ''}; if it is one, use --layout {name}."
                )
                return
