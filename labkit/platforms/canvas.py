"""Canvas: fills the labs' columns of a downloaded gradebook.

Canvas makes a new assignment of every column whose id it does not know, so a lab's column is one that is there: named
by its assignment id or its whole header, or headed by the lab's name. Other columns of grades are left out: what
changed in Canvas since the download stays.
"""

from __future__ import annotations

import re

from labkit.platforms.people import pair
from labkit.platforms.request import Exported, Request
from labkit.platforms.results import ExportError
from labkit.platforms.sheet import Sheet, number, read_sheet, scaled
from labkit.record import Record

SUMMARY = "a downloaded gradebook, filled in (--sheet)"
_WHAT = "a gradebook exported from Canvas (Grades, Export, as CSV)"
_INFORMATION = (
    "Student",
    "LastName",
    "FirstName",
    "ID",
    "SIS User ID",
    "SIS Login ID",
    "Integration ID",
    "Root Account",
    "Section",
)
#: What identifies a student beside the name.
_MARKS = ("ID", "SIS User ID", "SIS Login ID", "Integration ID")
_ID = re.compile(r"\((\d+)\)\s*$")


def write(results: list[Record], request: Request) -> Exported:
    """`canvas.csv`: who is who, and the labs' columns. Raises ExportError where a column is not certain."""
    sheet = read_sheet(request.sheet, _WHAT)
    header = [name.strip() for name in sheet.header]
    if "ID" not in header or not {"Student", "LastName"} & set(header):
        raise ExportError(f"The sheet has no columns Student and ID; it should be {_WHAT}.")
    labs = sorted({result.lab for result in results})
    columns = {lab: _column(header, lab, request.columns, len(labs)) for lab in labs}
    students = [row for row in sheet.rows if row[header.index("ID")].strip() and not _is_heading(row, header)]
    identities = [_identity(row, header) for row in students]
    notes: list[str] = []
    for lab, column in columns.items():
        if any("read only" in row[column] for row in sheet.rows[:3]):
            raise ExportError(
                f"Canvas computes {header[column]!r} itself and reads no grades for it; choose another."
            )
        most = _points_possible(sheet, header, column)
        mine = [result for result in results if result.lab == lab]
        pairs = pair(mine, identities, "the gradebook")
        notes += pairs.notes
        notes += _scaling(mine, most, sheet.header[column])
        for number_, result in pairs.rows.items():
            if students[number_][column].strip().upper() == "EX":
                notes.append(f"{identities[number_][-1]!r} is excused and stays so.")
            else:
                students[number_][column] = f"{scaled(result.final_score, result.max_score, most):.2f}"
    kept = [number_ for number_, name in enumerate(header) if name in _INFORMATION]
    kept += sorted(columns.values())
    filled = Sheet(
        [sheet.header[number_] for number_ in kept],
        # the row that marks other columns as posted by hand is empty now
        [
            [row[number_] for number_ in kept]
            for row in sheet.rows
            if any(row[number_].strip() for number_ in kept)
        ],
        sheet.separator,
        sheet.line_end,
        sheet.bom,
    )
    if sheet.separator == ";":  # Canvas writes decimal commas beside semicolons
        for row in filled.rows:
            row[-len(columns) :] = [
                cell.replace(".", ",") if number(cell) is not None else cell for cell in row[-len(columns) :]
            ]
    return Exported({"canvas.csv": filled.as_text()}, tuple(notes))


def _column(header: list[str], lab: str, named: dict[str, str], labs: int) -> int:
    """The column of a lab. Raises ExportError where none or several fit."""
    short = next((key for key in named if key and lab.startswith(f"{key}_")), "")
    wanted = named.get(lab) or named.get(short if short or labs == 1 else lab)
    fits = [
        number_
        for number_, name in enumerate(header)
        if name not in _INFORMATION
        and (
            name == wanted
            or (_id(name) == wanted if wanted else _ID.sub("", name).strip() in (lab, f"{lab}.py"))
        )
    ]
    if len(fits) == 1:
        return fits[0]
    known = ", ".join(name for name in header if _ID.search(name)) or "none"
    asked = f"{wanted!r}" if wanted else f"{lab!r}"
    raise ExportError(
        f"{'No column' if not fits else 'More than one column'} of the gradebook is {asked}. Name the "
        f"assignment's id or its whole header with --column {lab}=ID; the assignments there: {known}."
    )


def _id(name: str) -> str | None:
    match = _ID.search(name)
    return match[1] if match else None


def _is_heading(row: list[str], header: list[str]) -> bool:
    return number(row[header.index("ID")]) is None and not any(
        row[header.index(mark)].strip() for mark in _MARKS if mark in header
    )


def _identity(row: list[str], header: list[str]) -> list[str]:
    marks = [f"canvas {row[header.index('ID')].strip()}"]
    marks += [row[header.index(mark)] for mark in _MARKS if mark in header]
    if "Student" in header:
        return [*marks, row[header.index("Student")]]
    names = [row[header.index(part)] for part in ("LastName", "FirstName") if part in header]
    return [*marks, ", ".join(names)]


def _points_possible(sheet: Sheet, header: list[str], column: int) -> float | None:
    """The maximum in the row before the students, whatever language its label is in."""
    for row in sheet.rows[:3]:
        if not row[header.index("ID")].strip() and number(row[column]) is not None:
            return number(row[column])
    return None


def _scaling(results: list[Record], most: float | None, title: str) -> list[str]:
    ours = {result.max_score for result in results if result.max_score}
    if most and ours and ours != {most}:
        return [
            f"{title!r} has {most:g} points, the lab {max(ours):g}: scores were scaled to the gradebook's."
        ]
    return []
