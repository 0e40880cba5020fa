"""Reads a record and says what is wrong with one that is none."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from labkit.errors import LabkitError
from labkit.record.points import Amount
from labkit.record.record import SCHEMA, Record
from labkit.record.verdict import Verdict
from labkit.text import one_line


class RecordError(LabkitError):
    """Data is no record; the message says where in it, and what is wrong there."""


class _Said(Struct):
    """What a record says beside what it is made of: what it is, and sums, which must be those of its checks."""

    schema: str
    score: Amount = math.nan
    max_score: Amount = math.nan


def read_record(text: bytes) -> Record:
    """The record in the text of a `result.json`; keys of later versions are passed over. Raises RecordError."""
    return _checked(lambda kind: msgspec.json.decode(text, type=kind))


def record_from(data: Any) -> Record:
    """The record that `Record.as_dict` gave as this data. Raises RecordError."""
    return _checked(lambda kind: msgspec.convert(data, kind))


def _checked(read: Callable[[Any], Any]) -> Record:
    try:
        said = read(_Said)
        if said.schema != SCHEMA:
            raise RecordError(f"its schema is {one_line(said.schema, 80)!r}, not {SCHEMA!r}")
        record = read(Record)
    except RecursionError:
        raise RecordError("it is nested too deeply") from None
    except msgspec.ValidationError as error:
        raise RecordError(_sentence(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"it is no JSON ({error})") from None
    for name in ("score", "max_score"):
        total, found = getattr(said, name), getattr(record, name)
        if math.isnan(total):
            raise RecordError(f"it has no {name!r}")
        if total != found:
            raise RecordError(f"{name!r} is {total:g}, but its checks give {found:g}")
    return record


_TYPES = {
    "object": "an object",
    "array": "a list",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
_EXPECTED = re.compile(r"Expected `([^`]*)`(.*?)(?:, got `(.*)`)?$")
_MISSING = re.compile(r"Object missing required field `(.*)`")


def _sentence(problem: str) -> str:
    """What msgspec says, as a person says it: the place in the record first."""
    said, _, path = problem.partition(" - at `$")
    where = repr(path.strip("`").removeprefix(".")) if path else "it"
    if match := _EXPECTED.fullmatch(said):
        kinds = match[1].split(" | ")
        if "float" in kinds or match[2]:  # what is bounded takes both
            kinds = ["float", *(kind for kind in kinds if kind not in ("int", "float"))]
        wanted = " or ".join(_TYPES.get(kind, kind) for kind in kinds)
        found = f"{_TYPES.get(match[3], match[3])}, not " if match[3] else "not "
        return f"{where} is {found}{wanted}{match[2]}"
    if match := _MISSING.fullmatch(said):
        return f"{where} has no {match[1]!r}"
    if said.startswith("Invalid enum value"):
        return f"{where} is not one of {', '.join(Verdict)}"
    return f"{where}: {said}"
