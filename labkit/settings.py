"""Reads what an author says in TOML: every key is known and holds what it may, or is refused with file and line."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, NoReturn

from labkit.errors import LabkitError
from labkit.lesson.source import SourceError, read_text
from labkit.text import one_line

_HEADER = re.compile(r"""\s*\[\[?\s*["']?([\w.-]+)""")
_NAMED = re.compile(r"""\s*["']?([\w-]+)["']?\s*[=.]""")


@dataclass(frozen=True)
class Key:
    """What a key may hold, in words, and whether a value is that; how it is written where it is a table."""

    rule: str
    holds: Callable[[Any], bool]
    written: str = ""


def numbers(least: float, most: float = math.inf) -> Key:
    """A number within these bounds."""
    limits = f"from {least:g}" + (f" to {most:g}" if most < math.inf else "")
    return Key(f"is a number {limits}", lambda value: _is_number(value, float) and least <= value <= most)


def counts(least: int, most: float = math.inf) -> Key:
    """A whole number within these bounds."""
    limits = f"from {least}" + (f" to {most}" if most < math.inf else "")
    return Key(f"is a whole number {limits}", lambda value: _is_number(value, int) and least <= value <= most)


def tables(words: str) -> Key:
    """Tables such as `[[labs]]`."""
    return Key(
        words,
        lambda value: isinstance(value, list) and all(isinstance(entry, dict) for entry in value),
        "[[{}]]",
    )


TEXT = Key("is a text in quotes", lambda value: isinstance(value, str) and bool(value.strip()))
TABLE = Key("is a table", lambda value: isinstance(value, dict), "[{}]")
MOMENT = Key(
    "is a date and time with its offset, without quotes, such as 2026-10-01T23:59:00+02:00",
    lambda value: isinstance(value, datetime) and value.tzinfo is not None,
)


def _is_number(value: Any, kind: type[int] | type[float]) -> bool:
    return isinstance(value, (int, kind)) and not isinstance(value, bool) and math.isfinite(value)


class Settings:
    """One file: its table, and the line of whatever is refused. Raises an error of the kind that is given."""

    def __init__(self, path: Path, kind: type[LabkitError]):
        self.path, self.kind = path, kind
        try:
            text = read_text(path)
        except SourceError as error:
            raise kind(str(error)) from None
        self.lines = text.split("\n")
        try:
            self.table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            hint = "texts stand in straight quotes, numbers have a point, dates look like 2026-10-01T23:59:00+02:00"
            self.refuse(int(line[1]) if line else 1, f"this is not TOML: {error}; {hint}.")

    def check(
        self, table: dict, keys: Mapping[str, Key], where: str, index: int, words: str, known: str
    ) -> None:
        """Refuse the first key that is unknown or holds something else than it may.

        `where` is the table's name in the file, and `index` its place among several; `words` is what a key of it is
        called, `known` says which there are.
        """
        for key, value in table.items():
            line = self.line(where, index, key)
            subject = ((keys[key].written if key in keys else "") or words).format(key)
            if key not in keys:
                begins = [
                    name for name in keys if key.lower().startswith(name.rstrip("s")) or name.startswith(key)
                ]
                close = begins or difflib.get_close_matches(key.lower(), keys, 1)
                guess = f" Is {close[0]} meant?" if close else ""
                self.refuse(line, f"{subject} is unknown; {known}.{guess}")
            if not keys[key].holds(value):
                shown = f"{value}" if isinstance(value, (date, time)) else one_line(repr(value), 200)
                shown = f"[{key}]" if isinstance(value, dict) else shown
                self.refuse(line, f"{subject} {keys[key].rule}, not {shown}.")

    def refuse(self, line: int, sentence: str) -> NoReturn:
        """Raise the error for a line of the file."""
        raise self.kind(f"{self.path}:{line}: {sentence}")

    def line(self, table: str, index: int = -1, key: str = "") -> int:
        """The line of a key in a table, the nth of that name; of the table where it says the key within a line."""
        inside, seen, found = "", -1, 1
        for number, line in enumerate(self.lines, 1):
            if header := _HEADER.match(line):
                inside = header[1]
                seen += inside == table
                if inside == f"{table}.{key}".lstrip("."):
                    return number
                if inside == table and index in (-1, seen):
                    found = number
            elif named := _NAMED.match(line):
                if inside == table and index in (-1, seen) and named[1] == key:
                    return number
                if not inside and named[1] == table:
                    found = number
        return found
