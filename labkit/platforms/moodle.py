"""Moodle: fills in a downloaded offline grading worksheet.

Moodle writes the header in the teacher's language and reads it in the same, so the worksheet is filled in rather
than written anew. Columns are known by their names in several languages, and some by what stands in them. Feedback
is HTML there: text is escaped.
"""

from __future__ import annotations

import re
from itertools import groupby

from labkit.platforms.grades import is_shown, message, questions, remarks, title
from labkit.platforms.people import pair
from labkit.platforms.request import Exported, Request
from labkit.platforms.results import ExportError
from labkit.platforms.sheet import Sheet, number, read_sheet, scaled
from labkit.record import Record
from labkit.text import html_text

SUMMARY = "a downloaded offline grading worksheet, filled in (--sheet)"
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
_NO = ("no", "nein", "non", "não", "nee")
#: "Participant 123", whatever the language calls a participant, with or without the space.
_PARTICIPANT = re.compile(r"^\D*?[^\d\s]\D*?(\d+)$")
_OURS = "<p>labkit: "


def write(results: list[Record], request: Request) -> Exported:
    """`moodle.csv`: the worksheet with grades and feedback. One lab; raises ExportError where a column is missing."""
    if len({result.lab for result in results}) > 1:
        raise ExportError(
            "A worksheet belongs to one assignment, these results to several labs; export one lab."
        )
    sheet = read_sheet(request.sheet, _WHAT)
    columns = find_columns(sheet, request.columns.get("") or next(iter(request.columns.values()), None))
    identities = [_identity(row, columns) for row in sheet.rows]
    pairs = pair(results, identities, "the worksheet")
    notes = list(pairs.notes)
    locked = kept = 0
    for place, result in pairs.rows.items():
        row = sheet.rows[place]
        if "changeable" in columns and row[columns["changeable"]].strip().casefold() in _NO:
            locked += 1
            continue
        most = row[columns["maximum"]] if "maximum" in columns else ""
        grade = f"{scaled(result.final_score, result.max_score, number(most)):.2f}"
        row[columns["grade"]] = grade.replace(".", ",") if "," in most else grade
        if "feedback" in columns:
            said = row[columns["feedback"]]
            if said.strip() and not said.startswith(_OURS):
                kept += 1
            else:
                row[columns["feedback"]] = feedback(result, request.hidden)
    notes += _scaling(results, sheet, columns)
    if locked:
        notes.append(f"{locked} grades are locked in the worksheet and stay as they are.")
    if kept:
        notes.append(f"{kept} rows had a comment by somebody else, which stays as it is.")
    if "feedback" not in columns:
        notes.append("The worksheet has no column for feedback comments; only grades were filled in.")
    return Exported({"moodle.csv": sheet.as_text()}, tuple(notes))


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
        columns["identifier"] = _place(sheet, _PARTICIPANT.match)
    if "email" not in columns:
        columns["email"] = _place(sheet, re.compile(r"^[^@\s]+@[^@\s]+$").match)
    columns = {role: place for role, place in columns.items() if place is not None}
    if "identifier" not in columns:
        raise ExportError(f"The sheet has no column of participants; it should be {_WHAT}.")
    if "maximum" not in columns and set(_SCALE) & set(header):
        raise ExportError(
            "This assignment is graded on a scale; points cannot be filled in. Let it be graded in points."
        )
    if "grade" not in columns:
        raise ExportError(f"Which column holds the grade? Name it with --column HEADER; {_there(sheet)}")
    return columns


def feedback(result: Record, hidden: str) -> str:
    """What a student reads beside the grade, as HTML: points for each question, and what went wrong."""
    points = f"{result.final_score:g} of {result.max_score:g} points"
    lines = [
        f"{_OURS}{html_text(points)}</p>",
        *[f"<p>{html_text(remark)}</p>" for remark in remarks(result)],
    ]
    earned = questions(result)
    for question, checks in groupby(result.checks, key=lambda check: check.question):
        got, most = earned[question]
        items = []
        for check in checks:
            if said := message(check, hidden, 600):
                items.append(f"<li>{html_text(title(check, result, hidden))}: {html_text(said)}</li>")
            elif not check.verdict.passed and not is_shown(check, hidden):
                items.append(f"<li>{html_text(title(check, result, hidden))}: not passed</li>")
        lines.append(f"<p>{html_text(question, 20)}: {got:g} of {most:g}</p>")
        lines += [f"<ul>{''.join(items)}</ul>"] if items else []
    return "".join(lines)


def _identity(row: list[str], columns: dict[str, int]) -> list[str]:
    """The participant's number, ids and address, and the name last."""
    match = _PARTICIPANT.match(row[columns["identifier"]].strip())
    marks = [row[columns[role]] if role in columns else "" for role in ("number", "login", "email", "name")]
    return [f"participant {match[1]}" if match else "", *marks]


def _holds(sheet: Sheet, place: int | None, pattern) -> bool:
    cells = [row[place].strip() for row in sheet.rows if row[place].strip()] if place is not None else []
    return bool(cells) and all(pattern(cell) for cell in cells)


def _place(sheet: Sheet, pattern) -> int | None:
    return next((place for place in range(len(sheet.header)) if _holds(sheet, place, pattern)), None)


def _there(sheet: Sheet) -> str:
    return f"the columns there: {', '.join(sheet.header)}."


def _scaling(results: list[Record], sheet: Sheet, columns: dict[str, int]) -> list[str]:
    ours = max((result.max_score for result in results), default=0)
    most = number(sheet.rows[0][columns["maximum"]]) if "maximum" in columns else None
    if most and ours and most != ours:
        return [
            f"The assignment has {most:g} points, the lab {ours:g}: grades were scaled to the assignment's."
        ]
    return []
