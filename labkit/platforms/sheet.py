"""A CSV file that another system wrote, to be filled in and given back: its dialect stays as it was."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from labkit.platforms.platform import ExportError
from labkit.text import defused, inert

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
LARGEST = 64 * 1024 * 1024


@dataclass
class Sheet:
    """Header and rows, all of one length, with the separator, line end and byte order mark of the file."""

    header: list[str]
    rows: list[list[str]]
    separator: str
    line_end: str
    bom: str

    def as_text(self) -> str:
        """The file again. What others wrote into its cells is made inert; header and numbers stay as they are."""
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=self.separator, lineterminator=self.line_end)
        writer.writerow(self.header)
        writer.writerows([[defused(inert(cell, 100_000)) for cell in row] for row in self.rows])
        return self.bom + stream.getvalue()


def read_sheet(data: bytes | None, what: str) -> Sheet:
    """The sheet in a file. `what` says what is wanted, for ExportError where it is missing or no such file."""
    if data is None:
        raise ExportError(f"This format fills in {what}; download it and name it with --sheet FILE.")
    if len(data) > LARGEST or b"\0" in data:
        raise ExportError(f"The sheet is not {what}: it is too large or no text. Download it anew, as CSV.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ExportError(
            f"The sheet is not UTF-8 (byte {error.start}); download it anew rather than saving it from a "
            "spreadsheet program."
        ) from None
    bom, text = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    first = text.partition("\n")[0]
    separator = max(",;\t", key=lambda mark: (first.count(mark), mark == ","))
    line_end = "\r\n" if first.endswith("\r") else "\n"
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    except csv.Error as error:
        raise ExportError(f"The sheet cannot be read as CSV: {error}. Download it anew.") from None
    if len(rows) < 2:
        raise ExportError(f"The sheet has no rows; it should be {what}.")
    width = max(len(row) for row in rows)
    whole = [row + [""] * (width - len(row)) for row in rows]
    return Sheet(whole[0], whole[1:], separator, line_end, bom)


def number(cell: str) -> float | None:
    """The number in a cell, written with a decimal point or comma; None where there is none."""
    try:
        return float(cell.strip().replace(",", ".", 1))
    except ValueError:
        return None


def scaled(score: float, most: float, sheet_most: float | None) -> float:
    """A score out of `most` points, out of the sheet's maximum where that is another one."""
    if not sheet_most or not most or sheet_most == most:
        return round(score, 2)
    return round(score * sheet_most / most, 2)
