"""A class list: who the students are, and which of them a submission belongs to."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import structs

from labkit.course import CourseError
from labkit.grade.sources.found import Found
from labkit.record import Student

_MOST_BYTES = 16 * 1024**2
#: Headings that are understood, without spaces, hyphens and case.
_HEADINGS = {
    "id": ("id", "studentid", "sid", "idnumber", "sisuserid", "matriculationnumber", "matrikelnummer"),
    "login": ("login", "username", "user", "sisloginid", "loginid", "netid"),
    "email": ("email", "emailaddress", "mail"),
    "name": ("name", "fullname", "student", "studentname"),
    "first": ("firstname", "first", "givenname"),
    "last": ("lastname", "last", "surname", "familyname"),
}


@dataclass(frozen=True)
class Roster:
    """The students of a class, and each of the keys that stands for exactly one of them."""

    students: tuple[Student, ...]
    keys: dict[str, int]

    def match(self, found: Found) -> int | None:
        """The number of the student whose submission this is: by id, e-mail, login or name, else by the path."""
        known = found.student
        wanted = [known.id, known.email, known.name, *_parts(found.name)]
        hits = (self.keys.get(_key(text)) for text in wanted if text)
        return next((hit for hit in hits if hit is not None), None)

    def complete(self, found: list[Found]) -> tuple[list[Found], list[str], list[str]]:
        """The submissions with what the roster knows; names that match nobody; students who handed in nothing."""
        completed, strangers, seen = [], [], set()
        for entry in found:
            number = self.match(entry)
            if number is None:
                strangers.append(entry.name)
                completed.append(entry)
                continue
            seen.add(number)
            completed.append(replace(entry, student=_joined(self.students[number], entry.student)))
        absent = [student for number, student in enumerate(self.students) if number not in seen]
        return completed, strangers, [one.name or one.id or one.email or "?" for one in absent]


def read_roster(path: Path) -> Roster:
    """Read a CSV file with a line of headings. Raises CourseError with one clear sentence."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise CourseError(f"{path} is larger than {_MOST_BYTES // 1024**2} MB; that is no class list.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not UTF-8 text; save it as CSV in UTF-8.") from None
    try:
        dialect = csv.Sniffer().sniff(text[:4096].partition("\n")[0], ",;\t")
    except csv.Error:
        dialect = csv.excel
    try:
        headings, *rows = list(csv.reader(text.splitlines(), dialect)) or [[]]
    except csv.Error as error:
        raise CourseError(f"{path} is not CSV that can be read: {error}.") from None
    columns = {
        field: at
        for field, names in _HEADINGS.items()
        for at, heading in enumerate(headings)
        if re.sub(r"[^a-z]", "", heading.casefold()) in names
    }
    if not columns:
        raise CourseError(
            f"{path} has no column that is understood; its first line must name some of: id, name, email, login."
        )
    return _indexed([row for row in rows if any(cell.strip() for cell in row)], columns)


def _indexed(rows: list[list[str]], columns: dict[str, int]) -> Roster:
    students, owners = [], {}
    for number, row in enumerate(rows):
        cells = {field: row[at].strip() for field, at in columns.items() if at < len(row) and row[at].strip()}
        name = cells.get("name") or " ".join(filter(None, (cells.get("first"), cells.get("last")))) or None
        students.append(Student(cells.get("id") or cells.get("login"), name, cells.get("email")))
        for rank, key in _keys_of(cells, name):
            best, whose = owners.setdefault(key, (rank, {number}))
            if rank < best:
                owners[key] = (rank, {number})
            elif rank == best:
                whose.add(number)
    # what could mean two students means neither
    return Roster(tuple(students), {key: min(whose) for key, (_, whose) in owners.items() if len(whose) == 1})


def _keys_of(cells: dict[str, str], name: str | None) -> Iterator[tuple[int, str]]:
    """The keys of a student; where two students share one, that of the lower rank counts."""
    for rank, field in enumerate(("id", "email", "login")):
        if field in cells:
            yield rank, _key(cells[field])
    if name:
        last_first = re.split(r"\s*,\s*", name, maxsplit=1)
        words = " ".join(reversed(last_first)).split()
        yield 3, _key(" ".join(words))
        for turn in range(1, len(words)):  # "Doe Jane", and Canvas' "doejane"
            yield 3, _key(" ".join(words[turn:] + words[:turn]))
    if "email" in cells:
        yield 4, _key(cells["email"].partition("@")[0])


def _key(text: str) -> str:
    """Letters and digits only, without accents and case."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(character for character in plain.casefold() if character.isalnum())


def _parts(name: str) -> list[str]:
    """The pieces of a submission's name that may say whose it is, the whole first."""
    parts = name.split("/")
    return [name, *parts, *(piece for part in parts for piece in re.split(r"_(?=\d)|_LATE", part))]


def _joined(listed: Student, known: Student) -> Student:
    number = listed.id or known.id
    return structs.replace(
        known,
        id=number,
        name=listed.name or known.name,
        email=listed.email or known.email,
        source_id=known.id if known.id not in (None, number) else None,
    )
