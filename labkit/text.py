"""Text that came from somebody else, made safe to show anywhere.

Terminal, CSV, JSON, HTML and Markdown all have characters that do more than show themselves: escape
sequences move the cursor, bidirectional marks reorder a line, lone surrogates break encoders.
"""

from __future__ import annotations

import codecs
import csv
import html
import io
import json
import unicodedata
from collections.abc import Iterable

_KEPT_CONTROLS = {"\n", "\t"}
_LINES = str.maketrans("\n\t", "  ")
# East Asian spreadsheets read the wide forms as well
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(text: object, limit: int = 2000) -> str:
    """The text without control, bidirectional and unassigned characters, at most `limit` characters."""
    text = str(text)
    cut = len(text) > limit
    head = text[:limit]
    if head.translate(_LINES).isprintable():
        return head + (" […]" if cut else "")
    kept = []
    for character in head.replace("\r\n", "\n").replace("\r", "\n"):
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
    return defused(one_line(value, 10_000))


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV whose cells do nothing in a spreadsheet."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([csv_cell(cell) for cell in row] for row in rows)
    return stream.getvalue()


def defused(text: str) -> str:
    """The text as a cell that no spreadsheet runs as a formula; a number, or a dash alone, is none."""
    if not text.lstrip(" ").startswith(_FORMULA_STARTS) or text.strip() == "-" or _is_number(text):
        return text
    return "'" + text


def html_text(text: object, limit: int = 2000) -> str:
    """HTML that shows the text and does nothing else; a line break for each new line."""
    return html.escape(inert(text, limit)).replace("\n", "<br>")


def json_text(data: object, indent: int | None = 1) -> str:
    """JSON that means the same wherever it is pasted, a web page or a shell's log: no `<`, `>`, `&` in it."""
    text = json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text + "\n"


_SIGNS = {
    **{"✓": "+", "✗": "x", "·": ".", "–": "-", "−": "-", "→": "->", "…": "...", "█": "#", "×": "x", "²": "2"},
    **{"≤": "<=", "≥": ">=", "’": "'", "‘": "'", "“": '"', "”": '"', "•": "*", "Δ": "d", "σ": "s", "α": "a"},
}


def in_other_signs(error: UnicodeError) -> tuple[str | bytes, int]:
    """What an encoding cannot write, in signs that every encoding has: an error handler of codecs, "labkit"."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    written = ""
    for character in error.object[error.start : error.end]:
        plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
        written += _SIGNS.get(character) or plain or "?"
    return written, error.end


codecs.register_error("labkit", in_other_signs)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ".", 1))
    except ValueError:
        return False
    return True
