"""Gradescope's "Export submissions": `submission_metadata.yml` and a folder `submission_<id>` for each."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from labkit.grade.sources.found import Found, instant, of_student
from labkit.grade.sources.tree import File, Tree
from labkit.grade.student import Student
from labkit.submissions import SubmissionError

METADATA = "submission_metadata.yml"
MAX_METADATA = 256 * 1024**2  # bytes: it repeats every test's output
_FOLDER = re.compile(r"submission_\d+$")


def owner(file: File) -> str | None:
    """Whose file this is: one that lies in such a folder."""
    parts = file.relative.parts
    return parts[0] if len(parts) > 1 and _FOLDER.match(parts[0]) else None


def looks_so(tree: Tree) -> bool:
    """Whether there are metadata, which a student may have made as well."""
    return _file(tree) is not None


def proven(tree: Tree) -> bool:
    """Whether the metadata speak of several of the folders; those of one folder may be a student's own."""
    folders = {name for name in tree.by_folder() if _FOLDER.match(name)}
    return looks_so(tree) and len(folders) > 1 and len(folders & {str(name) for name in _metadata(tree)}) > 1


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

    file = _file(tree)
    if file is None:
        return {}
    # plain strings only: "007" stays an id, and tags of Ruby's classes are passed over
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        data = file.read(MAX_METADATA)
        # a few lines of aliases stand for more than any memory holds
        if b"*" in data and any(isinstance(e, yaml.AliasEvent) for e in yaml.parse(data, Loader=loader)):
            raise SubmissionError(
                f"{file.path} holds YAML aliases, which are not followed; grade the folders alone with --layout files."
            )
        metadata = yaml.load(data, Loader=loader)
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise SubmissionError(
            f"{file.path} cannot be read ({first}); export the submissions again."
        ) from None
    return metadata if isinstance(metadata, dict) else {}


def _file(tree: Tree) -> File | None:
    return next((file for file in tree.files if file.relative == PurePosixPath(METADATA)), None)


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
