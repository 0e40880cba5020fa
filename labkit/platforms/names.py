"""The names under which results are kept: none leads into the files of OUT itself, none is too long for a disk."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from labkit.record.found import Found

MAX_COMPONENT = 200  # bytes in one part of a name, which becomes that of a folder
MAX_NAME = 400  # bytes: a system's limit for a whole path is some thousands, and OUT is a part of it
#: Names in the folder of results that no submission may take, and those in a submission's own folder.
_TAKEN = ("salt", "grades.csv", "journal.jsonl", "trainings", "report", "report.json", "report.html")
_OWN = ("result.json", "output.txt", "report.html")


def distinct(found: list[Found]) -> list[Found]:
    """Two files of one name keep their suffix, then get a number, so that no result replaces another."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    result = []
    for entry in found:
        plain_name = _safe(entry.name)
        name = plain_name
        if name in taken or _is_of_results(name):
            name = f"{plain_name}{entry.path.suffix}"
        while name in taken or _is_of_results(name):
            numbers[plain_name] = numbers.get(plain_name, 1) + 1
            name = f"{plain_name}-{numbers[plain_name]}"
        taken.add(name)
        result.append(replace(entry, name=name))
    return result


def _is_of_results(name: str) -> bool:
    # also where a file system does not tell capitals from small letters
    return name.casefold() in _TAKEN


def _safe(name: str) -> str:
    """The name with parts that can be folders of results, not too long, and not like a file of results."""
    first, *rest = (_component(part) for part in name.split("/"))
    if rest and _is_of_results(first):
        first += "_"
    return _bounded("/".join((first, *rest)), MAX_NAME)


def _component(part: str) -> str:
    if part.casefold() in _OWN or part in ("", ".", ".."):
        return f"{part}_"
    return _bounded(part, MAX_COMPONENT)


def _bounded(text: str, most: int) -> str:
    """The text, or its beginning with a hash of all of it."""
    encoded = text.encode("utf-8", "surrogateescape")
    if len(encoded) <= most:
        return text
    digest = hashlib.sha256(encoded).hexdigest()[:12]
    return f"{encoded[: most - 13].decode('utf-8', 'ignore').rstrip('/')}-{digest}"
