"""Moodle: reads what "Download all submissions" gives, and fills in a downloaded offline grading worksheet.

A download is `Full Name_12345_assignsubmission_file/file.py`, in folders or flat. The number is a participant's; in an
assignment of teams name and number are the team's, and a default team has no number.

Moodle writes the header in the teacher's language and reads it in the same, so the worksheet is filled in rather
than written anew. Columns are known by their names in several languages, and some by what stands in them. Feedback
is HTML there: text is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence

from labkit.platforms.grades import is_shown, message, remarks, title
from labkit.platforms.handed_in import of_student
from labkit.platforms.origin import File, Origin
from labkit.platforms.platform import Exported, ExportError, Platform, Request
from labkit.platforms.rows import pair
from labkit.platforms.sheet import Sheet, number, read_sheet, scaled
from labkit.record import Record, Student, by_question, tally
from labkit.record.found import Found
from labkit.record.student import LOGIN, SCHOOL
from labkit.text import html_text

_ENTRY = re.compile(r"(?P<name>[^/]+?)(?:_(?P<id>\d+))?_assignsubmission_(?P<kind>[a-z]+)_?")
_BLIND = re.compile(r"(Participant|Teilnehmer/in|Teilnehmer|Participante|Usuario)( \d+)?$")


_WHAT = "an offline grading worksheet (assignment, Submissions, Download grading worksheet)"
#: Each column by its headers in English, German, French, Spanish, Catalan, Italian, Portuguese and Dutch.
COLUMNS = {
    "identifier": (
        *("Identifier", "ID", "Identifiant", "Identificador", "Identificativo", "Identificatie"),
        *("Identifikator", "Identificação"),
    ),
    "name": (
        *("Full name", "Vollständiger Name", "Nom complet", "Nombre completo", "Nome completo"),
        *("Cognome e nome", "Volledige naam"),
    ),
    "number": (
        *("ID number", "ID-Nummer", "Matrikelnummer", "Numéro d'identification", "Matricule"),
        *("Número de ID", "Número de identificación", "Codice identificativo", "ID-nummer"),
    ),
    "login": ("Username", "Anmeldename", "Nom d'utilisateur", "Nombre de usuario", "Utente"),
    "email": (
        *("Email address", "E-Mail-Adresse", "Adresse de courriel", "Dirección de correo"),
        *("Adreça electrònica", "Indirizzo email", "Endereço de email", "E-mailadres"),
    ),
    "team": ("Group", "Gruppe", "Groupe", "Grupo", "Grup", "Gruppo", "Groep"),
    "grade": ("Grade", "Bewertung", "Note", "Calificación", "Qualificació", "Valutazione", "Nota", "Cijfer"),
    "maximum": (
        *("Maximum grade", "Bestwertung", "Note maximale", "Calificación máxima", "Qualificació màxima"),
        *("Valutazione massima", "Nota máxima", "Maximale cijfer"),
    ),
    "changeable": (
        *("Grade can be changed", "Bewertung kann geändert werden", "La note peut être modifiée"),
        *("La calificación puede ser cambiada", "La qualificació es pot canviar"),
    ),
    "feedback": (
        *("Feedback comments", "Feedback als Kommentar", "Feedback par commentaires"),
        *("Comentarios de retroalimentación", "Comentaris de retroacció"),
    ),
}
#: The header that stands there instead of a maximum where an assignment is graded in words.
_SCALE = ("scale", "skala", "barème", "escala", "scala", "schaal")
_NO = ("no", "nein", "non", "não", "nee", "nie", "nej", "ne", "nem", "ei", "нет", "ні", "não")
#: "Participant 123", whatever the language calls a participant, with or without the space.
_PARTICIPANT = re.compile(r"^\D*?[^\d\s]\D*?(\d+)$")
#: Our feedback in a comment; before it had an element of its own it was only ours where it was all.
_OURS = re.compile("<div><p>labkit: .*?</div>", re.DOTALL)
_FORMER = re.compile(
    r"<p>labkit: [^<]*</p>(<p>[^<]*: [\d.]+ of [\d.]+</p>(<ul>(<li>([^<]|<br>)*</li>)*</ul>)?)*"
)


class Moodle(Platform):
    """Moodle's assignments."""

    name = "moodle"
    reads = "what Download all submissions gives"
    writes = "a downloaded grading worksheet, filled in"
    fills = True
    gives_back = True
    for_each = True

    def owner(self, file: File) -> Hashable | None:
        """The name and the number in the file's name, or in that of its folder."""
        match = _ENTRY.match(file.relative.parts[0])
        return match and (match["name"], match["id"])

    def find(self, origin: Origin, owners: Mapping[Hashable, list[File]]) -> list[Found]:
        """One submission for each participant or team; a text typed online counts only where there is no file."""
        found = []
        for files in owners.values():
            entries = {file: match for file in files if (match := _ENTRY.match(file.relative.parts[0]))}
            first = entries[files[0]]
            name = "_".join(filter(None, (first["name"], first["id"])))
            handed_in = {file: match for file, match in entries.items() if match["kind"] == "file"}
            own = {
                file: file.relative.name[match.end() :]
                for file, match in handed_in.items()
                if len(file.relative.parts) == 1
            }
            found += of_student(name, origin.path / name, list(handed_in), _student_of(first), own)
        return found

    def whose(self, name: str) -> Student | None:
        """By the participant's number and the name."""
        match = _ENTRY.match(name)
        return match and _student_of(match)

    def page_of(self, file: File) -> str:
        """In the student's folder of the export, or with what its file's name begins with."""
        first, *rest = file.relative.parts
        match = _ENTRY.match(first)
        return f"{first}/report.html" if rest or not match else f"{match[0]}report.html"

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """`moodle.csv`: the worksheet with grades and feedback, of one lab. Raises ExportError."""
        if len({record.lab for record in records}) > 1:
            raise ExportError(
                "A worksheet belongs to one assignment, these results to several labs; export one lab."
            )
        sheet = read_sheet(request.sheet, _WHAT)
        columns = find_columns(sheet, request.columns.get("") or next(iter(request.columns.values()), None))
        cells = [{role: row[place].strip() for role, place in columns.items()} for row in sheet.rows]
        teams = [row.get("team", "") for row in cells]
        pairs = pair(records, [_student(row) for row in cells], "the worksheet", teams)
        notes = list(pairs.notes)
        locked = kept = 0
        for place, record in pairs.rows.items():
            row = sheet.rows[place]
            if cells[place].get("changeable", "").casefold() in _NO:
                locked += 1
                continue
            most = cells[place].get("maximum", "")
            grade = f"{scaled(record.final_score, record.max_score, number(most)):.2f}"
            row[columns["grade"]] = grade.replace(".", ",") if "," in most else grade
            if "feedback" in columns:
                said = _renewed(row[columns["feedback"]], feedback(record, request.hidden))
                kept += said is None
                row[columns["feedback"]] = said or row[columns["feedback"]]
        notes += _scaling(records, sheet, columns)
        if locked:
            notes.append(f"{locked} grade{'s' * (locked != 1)} locked in the worksheet: left as there.")
        if kept:
            notes.append(
                f"{kept} row{'s' * (kept != 1)} had a comment by somebody else, which stays as it is."
            )
        if "feedback" not in columns:
            notes.append(
                "No column of the worksheet is known as that of feedback comments; only grades were filled in."
            )
        return Exported({"moodle.csv": sheet.as_text()}, tuple(notes))


def _student_of(match: re.Match[str]) -> Student:
    ids = {"moodle": match["id"]} if match["id"] else {}
    return Student(ids=ids, name=None if _BLIND.match(match["name"]) else match["name"])


def find_columns(sheet: Sheet, grade: str | None = None) -> dict[str, int]:
    """The place of each column in a worksheet of any of the known languages; `grade` names that column otherwise.

    Raises ExportError where the identifier or the grade cannot be found.
    """
    header = [name.strip().casefold() for name in sheet.header]
    columns = {}
    for role, names in COLUMNS.items():
        places = [header.index(name.casefold()) for name in names if name.casefold() in header]
        if places:
            columns[role] = places[0]
    if grade is not None:
        if grade.strip().casefold() not in header:
            raise ExportError(f"The worksheet has no column {grade!r}; {_there(sheet)}")
        columns["grade"] = header.index(grade.strip().casefold())
    if not _holds(sheet, columns.get("identifier"), _PARTICIPANT.match):
        columns |= _found("identifier", _places(sheet, _PARTICIPANT.match))
    if "email" not in columns:
        columns |= _found("email", _places(sheet, re.compile(r"^[^@\s]+@[^@\s]+$").match))
    if "identifier" not in columns:
        raise ExportError(f"The sheet has no column of participants; it should be {_WHAT}.")
    if "maximum" not in columns and set(_SCALE) & set(header):
        raise ExportError(
            "This assignment is graded on a scale; points cannot be filled in. Let it be graded in points."
        )
    if "grade" not in columns:
        raise ExportError(f"Which column holds the grade? Name it with --column HEADER; {_there(sheet)}")
    if "maximum" not in columns:
        same = [place for place in _places(sheet, number) if len({row[place] for row in sheet.rows}) == 1]
        columns |= _found("maximum", [place for place in same if place not in columns.values()])
    return columns


def feedback(record: Record, hidden: str) -> str:
    """What a student reads beside the grade, as HTML: points for each question, and what went wrong."""
    points = f"{record.final_score:g} of {record.max_score:g} points"
    lines = [
        f"<p>labkit: {html_text(points)}</p>",
        *[f"<p>{html_text(remark)}</p>" for remark in remarks(record)],
    ]
    for question, checks in by_question(record.counted_checks).items():
        items = []
        for check in checks:
            if said := message(check, hidden, 600):
                items.append(f"<li>{html_text(title(check, record, hidden))}: {html_text(said)}</li>")
            elif not check.verdict.passed and not is_shown(check, hidden):
                items.append(f"<li>{html_text(title(check, record, hidden))}: not passed</li>")
        earned, most = tally(checks)
        lines.append(f"<p>{html_text(question, 20)}: {earned:g} of {most:g}</p>")
        lines += [f"<ul>{''.join(items)}</ul>"] if items else []
    return f"<div>{''.join(lines)}</div>"


def _student(cells: dict[str, str]) -> Student:
    """Whose a row is."""
    match = _PARTICIPANT.match(cells["identifier"])
    ids = {
        "moodle": match[1] if match else "",
        SCHOOL: cells.get("number", ""),
        LOGIN: cells.get("login", ""),
    }
    return Student(name=cells.get("name"), email=cells.get("email"), ids=ids)


def _renewed(there: str, ours: str) -> str | None:
    """A comment with our part of it renewed, whatever others wrote around it; None where nothing of it is ours."""
    if not there.strip() or _FORMER.fullmatch(there):
        return ours
    return _OURS.sub(lambda _: ours, there, count=1) if _OURS.search(there) else None


def _holds(sheet: Sheet, place: int | None, fits: Callable[[str], object]) -> bool:
    cells = [row[place].strip() for row in sheet.rows if row[place].strip()] if place is not None else []
    return bool(cells) and all(fits(cell) for cell in cells)


def _places(sheet: Sheet, fits: Callable[[str], object]) -> list[int]:
    """The columns in which every cell that is not empty fits."""
    return [place for place in range(len(sheet.header)) if _holds(sheet, place, fits)]


def _found(role: str, places: list[int]) -> dict[str, int]:
    return {role: places[0]} if places else {}


def _there(sheet: Sheet) -> str:
    return f"the columns there: {', '.join(sheet.header)}."


def _scaling(records: Sequence[Record], sheet: Sheet, columns: dict[str, int]) -> list[str]:
    ours = max((record.max_score for record in records), default=0)
    most = number(sheet.rows[0][columns["maximum"]]) if "maximum" in columns else None
    if most and ours and most != ours:
        return [
            f"The assignment has {most:g} points, the lab {ours:g}: grades were scaled to the assignment's."
        ]
    if "maximum" not in columns and ours:
        return [
            f"The worksheet does not say its maximum; grades are out of {ours:g} points, as the lab has them."
        ]
    return []
