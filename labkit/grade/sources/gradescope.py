"""Gradescope's "Export submissions": `submission_metadata.yml` and a folder `submission_<id>` for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from labkit.grade.sources.found import Found, instant, of_student
from labkit.grade.sources.tree import File, Tree
from labkit.lesson.submission import SubmissionError
from labkit.record import Student

METADATA = "submission_metadata.yml"
MAX_METADATA = 256 * 1024**2  # bytes: it repeats every test's output
MAX_EVENTS = 20_000_000  # of YAML
MAX_VALUES = 1_000_000  # that are kept
_DEPTH = 3  # submissions, their keys, submitters, their keys
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
    """Submitters and time of each submission. Raises SubmissionError where they cannot be read."""
    import yaml

    file = _file(tree)
    if file is None:
        return {}
    # plain strings only: "007" stays an id, and tags of Ruby's classes are passed over
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return _Reader(yaml.parse(file.read(MAX_METADATA), Loader=loader)).metadata()
    except _Refused as problem:
        why = f"{problem}; grade its folders alone with --layout files"
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        why = f"{str(error).splitlines()[0]}; export the submissions again"
    raise SubmissionError(f"{file.path} cannot be read: {why}.")


class _Refused(Exception):
    """Metadata that no export holds; the message says what."""


class _Reader:
    """Builds from YAML's events what is asked for; the rest, tests and their output, goes by unbuilt.

    Aliases are not followed: a few lines of them stand for more than any memory holds.
    """

    def __init__(self, events: Iterator):
        self.events = self._counted(events)
        self.built = 0

    def metadata(self) -> dict[str, Any]:
        """The first document, where it is a mapping."""
        for event in self.events:
            if hasattr(event, "anchor"):  # the first node
                found = self._node(event, 0)
                return found if isinstance(found, dict) else {}
        return {}

    def _counted(self, events: Iterator) -> Iterator:
        for number, event in enumerate(events):
            if number > MAX_EVENTS:
                raise _Refused("it holds too many values")
            yield event

    def _node(self, event, depth: int) -> Any:
        """The value of the node that begins with this event: str, list or dict; None where it is too deep."""
        self.built += 1
        if self.built > MAX_VALUES:
            raise _Refused("it holds too many submitters")
        kind = type(event).__name__
        if kind == "AliasEvent":
            raise _Refused("it holds YAML aliases, which are not followed")
        if kind == "ScalarEvent":
            return event.value
        if depth > _DEPTH:
            return self._passed_over(event)
        if kind == "SequenceStartEvent":
            return [self._node(item, depth + 1) for item in self._until("SequenceEndEvent")]
        found = {}
        for key in self._until("MappingEndEvent"):
            name, value = self._node(key, depth + 1), next(self.events)
            if isinstance(name, str) and _is_wanted(name, depth):
                found[name] = self._node(value, depth + 1)
            else:
                self._passed_over(value)
        return found

    def _until(self, end: str) -> Iterator:
        for event in self.events:
            if type(event).__name__ == end:
                return
            yield event

    def _passed_over(self, event) -> None:
        level = 0
        while True:
            kind = type(event).__name__
            level += kind.endswith("StartEvent") - kind.endswith("EndEvent")
            if level == 0:
                return
            event = next(self.events)


def _is_wanted(name: str, depth: int) -> bool:
    if depth == 0:
        return bool(_FOLDER.match(name))
    return depth != 1 or name in (":submitters", ":created_at")


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
