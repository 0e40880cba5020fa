"""Canvas: reads what "Download submissions" gives, and fills the labs' columns of a downloaded gradebook.

A download is flat: `doejane[_LATE]_userid_attachmentid_name[-1].py`, of an anonymous assignment `anon_a1B2c_...`, and
`..._link.html` or `..._text.html` where something else than a file was handed in.

Canvas makes a new assignment of every column whose id it does not know, so a lab's column is one that is there: named
by its assignment id or its whole header, or headed by the lab's name. Other columns of grades are left out: what
changed in Canvas since the download stays.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence

from msgspec.structs import replace

from labkit.platforms.handed_in import of_student
from labkit.platforms.origin import File, Origin
from labkit.platforms.platform import Exported, ExportError, Platform, Request
from labkit.platforms.rows import pair
from labkit.platforms.sheet import Sheet, number, read_sheet, scaled
from labkit.record import Record, Student
from labkit.record.found import Found
from labkit.record.student import LOGIN, SCHOOL

_FILE = re.compile(
    r"(?:(?P<who>.+?)_(?:(?P<late>LATE)_)?(?P<user>\d+)|(?:(?P<late_anon>LATE)_)?anon_(?P<anon>[0-9A-Za-z]{5}))"
    r"_(?:(?P<id>\d+)_(?P<file>.+)|(?P<typed>(?:text|link)\.html))$"
)
_AGAIN = re.compile(r"-(\d+)$")  # before the suffix, where the student had a file of that name already


_WHAT = "a gradebook exported from Canvas (Grades, Export, as CSV)"
#: What identifies a student beside the name, and the system of each.
_MARKS = {"ID": "canvas", "SIS User ID": SCHOOL, "SIS Login ID": LOGIN, "Integration ID": "integration"}
_INFORMATION = ("Student", "LastName", "FirstName", *_MARKS, "Root Account", "Section")
_ID = re.compile(r"\((\d+)\)\s*$")
#: Words in a header by which Canvas knows a column that it computes; it passes over it at import.
_PASSED_OVER = re.compile("(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")


class Canvas(Platform):
    """Canvas by Instructure."""

    name = "canvas"
    reads = "what Download submissions gives"
    writes = "a downloaded gradebook (Grades, Export), filled in"
    fills = True
    gives_back = True
    for_each = True

    def owner(self, file: File) -> Hashable | None:
        """The name and the number in the file's name."""
        match = _parts(file)
        return match and (match["who"], match["user"] or match["anon"])

    def proven(self, origin: Origin) -> bool:
        """Whether no two files have one number, and no two students: small numbers stand in many a name."""
        matches = [match for file in origin.files if (match := _parts(file))]
        attachments = [match["id"] for match in matches if match["id"]]
        owners = {(match["who"], match["user"]) for match in matches if match["user"]}
        return len(set(attachments)) == len(attachments) and len({user for _, user in owners}) == len(owners)

    def find(self, origin: Origin, owners: Mapping[Hashable, list[File]]) -> list[Found]:
        """One submission for each student: of a file that was handed in again, the last."""
        found = []
        for files in owners.values():
            matches = {file: match for file in files if (match := _parts(file))}
            own = {file: match["file"] or match["typed"] for file, match in matches.items()}
            latest = _latest(own)
            graded = [file for file in latest if file.gradable] or latest
            student = _student_of(matches[graded[0]])
            late = True if any(_student_of(matches[file]).late for file in graded) else None
            first = matches[files[0]]
            name = f"{first['who']}_{first['user']}" if first["user"] else f"anon_{first['anon']}"
            found += of_student(name, origin.path / name, latest, replace(student, late=late), own)
        return found

    def whose(self, name: str) -> Student | None:
        """By Canvas' number of the student, and the name run together."""
        match = _FILE.match(name)
        return match and _student_of(match)

    def page_of(self, file: File) -> str:
        """The name of the file, whose numbers tell Canvas whose it is."""
        return f"{file.relative.stem}.html"

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """`canvas.csv`: who is who, and the labs' columns. Raises ExportError where a column is not certain."""
        sheet = read_sheet(request.sheet, _WHAT)
        header = [name.strip() for name in sheet.header]
        if "ID" not in header or not {"Student", "LastName"} & set(header):
            raise ExportError(f"The sheet has no columns Student and ID; it should be {_WHAT}.")
        labs = sorted({record.lab for record in records})
        columns = {lab: _column(header, lab, request.columns, len(labs)) for lab in labs}
        rows = [row for row in sheet.rows if row[header.index("ID")].strip() and not _is_heading(row, header)]
        notes: list[str] = []
        for lab, column in columns.items():
            _require_imported(sheet, header[column], column)
            mine = [record for record in records if record.lab == lab]
            notes += _fill(mine, rows, header, column, _points_possible(sheet, header, column))
        kept = [place for place, name in enumerate(header) if name in _INFORMATION] + sorted(columns.values())
        return Exported({"canvas.csv": _only(sheet, kept, len(columns)).as_text()}, tuple(notes))


def _parts(file: File) -> re.Match[str] | None:
    """What the name says of a file that lies flat."""
    return _FILE.match(file.relative.name) if len(file.relative.parts) == 1 else None


def _student_of(match: re.Match[str]) -> Student:
    late = True if match["late"] or match["late_anon"] else None
    if match["anon"]:
        return Student(ids={"canvas anonymous": match["anon"]}, late=late)
    return Student(ids={"canvas": match["user"]}, late=late, run_together=match["who"])


def _latest(files: dict[File, str]) -> list[File]:
    """Of several files of one name the last."""
    last: dict[str, File] = {}
    for file, name in sorted(files.items(), key=lambda pair: _number(pair[1])):
        stem, dot, suffix = name.rpartition(".")
        last[f"{_AGAIN.sub('', stem)}{dot}{suffix}"] = file
    return list(last.values())


def _number(name: str) -> int:
    match = _AGAIN.search(name.rpartition(".")[0])
    return int(match[1][:6]) if match else 0


def _fill(
    records: list[Record], rows: list[list[str]], header: list[str], column: int, most: float | None
) -> list[str]:
    """Put a lab's grades into its column; returns what is to be said."""
    students = [_student(dict(zip(header, row, strict=True))) for row in rows]
    pairs = pair(records, students, "the gradebook")
    notes = [*pairs.notes, *_scaling(records, most, header[column])]
    for place, record in pairs.rows.items():
        if rows[place][column].strip().upper() == "EX":
            notes.append(f"{students[place].name!r} is excused and stays so.")
        else:
            rows[place][column] = f"{scaled(record.final_score, record.max_score, most):.2f}"
    return notes


def _only(sheet: Sheet, kept: list[int], grades: int) -> Sheet:
    """The sheet with these columns, of which the last ones hold grades."""
    rows = [[row[place] for place in kept] for row in sheet.rows]
    rows = [
        row for row in rows if any(cell.strip() for cell in row)
    ]  # what marked other columns is empty now
    if sheet.separator == ";":  # Canvas writes decimal commas beside semicolons
        for row in rows:
            row[-grades:] = [
                cell.replace(".", ",") if number(cell) is not None else cell for cell in row[-grades:]
            ]
    return Sheet([sheet.header[place] for place in kept], rows, sheet.separator, sheet.line_end, sheet.bom)


def _require_imported(sheet: Sheet, title: str, column: int) -> None:
    """Raise ExportError where Canvas would pass over the column."""
    if any("read only" in row[column] for row in sheet.rows[:3]):
        raise ExportError(f"Canvas computes {title!r} itself and reads no grades for it; choose another.")
    if match := _PASSED_OVER.search(title):
        raise ExportError(
            f"Canvas passes over {title!r} at import, as over every column with {match[0]!r} in its title; "
            "rename the assignment in Canvas and download the gradebook again."
        )


def _column(header: list[str], lab: str, named: Mapping[str, str], labs: int) -> int:
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


def _student(cells: dict[str, str]) -> Student:
    """Whose a row is."""
    ids = {system: cells[name] for name, system in _MARKS.items() if name in cells}
    name = cells.get("Student") or ", ".join(filter(None, (cells.get("LastName"), cells.get("FirstName"))))
    return Student(name=name, ids=ids)


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
