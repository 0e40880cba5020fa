"""Gradescope's "Export submissions": `submission_metadata.yml` and a folder `submission_<id>` for each."""

from __future__ import annotations

import re
from typing import Any

from labkit.grade.sources.found import Found, instant, of_student
from labkit.grade.sources.tree import Tree
from labkit.grade.student import Student
from labkit.submissions import SubmissionError

METADATA = "submission_metadata.yml"
MAX_METADATA = 256 * 1024**2  # bytes: it repeats every test's output
_FOLDER = re.compile(r"submission_\d+$")


def recognises(tree: Tree) -> bool:
    """Whether this is such an export."""
    return any(str(file.relative) == METADATA for file in tree.files)


def find(tree: Tree) -> list[Found]:
    """One submission for each that the metadata names, and for each folder that they do not."""
    metadata = _metadata(tree)
    folders = tree.by_folder()
    names = [str(name) for name in metadata if _FOLDER.match(str(name))]
    names += [name for name in folders if _FOLDER.match(name) and name not in metadata]
    found = []
    for name in names:
        student = _student(metadata.get(name))
        found += of_student(name, tree.path / name, folders.get(name, []), student)
    return found


def _metadata(tree: Tree) -> dict[str, Any]:
    import yaml

    file = next((file for file in tree.files if str(file.relative) == METADATA), None)
    if file is None:
        return {}
    # plain strings only: "007" stays an id, and tags of Ruby's classes are passed over
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        metadata = yaml.load(file.read(MAX_METADATA), Loader=loader)
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise SubmissionError(
            f"{file.path} cannot be read ({first}); export the submissions again."
        ) from None
    return metadata if isinstance(metadata, dict) else {}


def _student(entry: Any) -> Student:
    entry = entry if isinstance(entry, dict) else {}
    submitters = entry.get(":submitters")
    members = [one for one in submitters if isinstance(one, dict)] if isinstance(submitters, list) else []
    people = [Student(_text(one, ":sid"), _text(one, ":name"), _text(one, ":email")) for one in members]
    first = people[0] if people else Student()
    submitted = instant(entry.get(":created_at"))
    return Student(first.id, first.name, first.email, submitted, group=tuple(people[1:]))


def _text(entry: dict, key: str) -> str | None:
    value = entry.get(key)
    return value.strip() or None if isinstance(value, str) and value not in ("null", "~") else None
