"""Text that came from somebody else, made safe to show anywhere.

Terminal, CSV, JSON, HTML and Markdown all have characters that do more than show themselves: escape
sequences move the cursor, bidirectional marks reorder a line, lone surrogates break encoders.
"""

from __future__ import annotations

import unicodedata

_KEPT_CONTROLS = {"\n", "\t"}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def inert(text: object, limit: int = 2000) -> str:
    """The text without control, bidirectional and unassigned characters, at most `limit` characters."""
    text = str(text)
    cut = len(text) > limit
    kept = []
    for character in text[:limit].replace("\r\n", "\n").replace("\r", "\n"):
        if character in _KEPT_CONTROLS or unicodedata.category(character) not in (
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Cn",
        ):
            kept.append(character)
        elif unicodedata.category(character) == "Cs":
            kept.append("\N{REPLACEMENT CHARACTER}")
    return "".join(kept) + (" […]" if cut else "")


def one_line(text: object, limit: int = 200) -> str:
    """The same on a single line."""
    return " ".join(inert(text, limit).split())


def csv_cell(value: object) -> str:
    """A CSV cell that no spreadsheet runs as a formula: numbers stay, dangerous text gets an apostrophe."""
    if isinstance(value, (int, float)):
        return str(value)
    text = one_line(value, 10_000)
    return "'" + text if text.startswith(_FORMULA_STARTS) else text
