"""A student's functions as they stand beside the messages about them, without docstrings, with the lines marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from labkit.record import CheckResult
from labkit.record.answers import Code

_DOCSTRING = re.compile(r"^(\s+)[rR]?(\"{3}|'{3})")
_PLACE = re.compile(r"^    (.+), line (\d+)(?::|$)", re.M)


@dataclass(frozen=True)
class Line:
    """A line of a student's function; a marked one raised an exception."""

    number: int
    text: str
    marked: bool


@dataclass(frozen=True)
class Source:
    """A function as it stands in a file or cell; `open` where a message speaks of it, or of none."""

    name: str
    where: str
    lines: tuple[Line, ...]
    open: bool


def sources(own: list[Code], checks: Sequence[CheckResult]) -> tuple[Source, ...]:
    """The functions of a question; folded are those of which no message of its failed checks speaks."""
    told = " ".join(check.message for check in checks if check.verdict.wrong)
    spoken_of = [code.name for code in own if re.search(rf"\b{re.escape(code.name)}\b", told)]
    return tuple(_source(code, checks, not spoken_of or code.name in spoken_of) for code in own)


def _source(code: Code, checks: Sequence[CheckResult], is_open: bool) -> Source:
    """A function without its docstring, with the lines marked that a message of its checks names."""
    named = {
        int(number)
        for check in checks
        for place, number in _PLACE.findall(check.message)
        if place == code.where and len(number) < 9
    }
    kept: list[Line] = []
    ends = ""  # of the docstring that is passed over
    for number, text in enumerate(code.text.split("\n"), code.line):
        begins = _DOCSTRING.match(text) if kept and kept[-1].text.endswith(":") and not ends else None
        if ends:
            ends = "" if text.rstrip().endswith(ends) else ends
            continue
        if begins and not text.rstrip().endswith(begins[2], begins.end()):
            ends = begins[2]
        kept.append(Line(number, f"{begins[1]}{begins[2]}…{begins[2]}" if begins else text, number in named))
    return Source(code.name, code.where, tuple(kept), is_open)
