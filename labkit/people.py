"""Who is who: finds a student among others, and nobody where it is not certain.

An id is compared only with ids of its own system, and a name that contradicts an id wins over it. Nobody is left out
in silence: whoever is not found comes with the reason.
"""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec import structs

from labkit.course import CourseError
from labkit.files import CannotRead, read_bounded
from labkit.record.found import Found
from labkit.record.student import LOGIN, SCHOOL, UNSAID, Student
from labkit.text import one_line

EMAIL = "email"
#: Systems in which a person may have several ids; in all others there is one, and another one is another person's.
_SEVERAL = {LOGIN, EMAIL}
_ENOUGH = 5  # namesakes by whom is seen that logins or addresses here and there are of different kinds
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ´`′＇")
_ACCENTS = re.compile("[\u0300-\u036f]")
#: Letters that have no accent to be taken off, as systems that know no others write them.
_LETTERS = str.maketrans(
    {**dict(zip("łŁøØđĐıħ", "lLoOdDih", strict=True)), "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe"}
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # how a file begins that a spreadsheet program calls "Unicode text"
_SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d+")  # an id that a spreadsheet program took for a number
_BEFORE = 20  # lines among which the headings are
_MOST_BYTES = 16 * 1024**2  # of a class list
_LEAST_ID = 4  # characters of an id that a longer text may end with, where no name beside it says the same
#: An address in "ada@x.edu_2_lab", as Autolab has it.
_ADDRESS = re.compile(r"[^\s/@]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
Places = set[int]
#: What the name of a file that a platform made tells of its student; None for a name that none made.
Download = Callable[[str], Student | None]


# --- one key -----------------------------------------------------------------------------------------------------


def words_of(name: str | None) -> list[str]:
    """The words of a name as they are compared: "José O'Neil-Doe" is jose, oneil, doe."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", (name or "").translate(_APOSTROPHES)))
    plain = plain.translate(_LETTERS).casefold()
    return "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in plain).split()


def name_key(name: str | None) -> tuple[str, ...]:
    """A whole name in one form for every order of its words; empty for a single word, which is nobody's."""
    words = tuple(sorted(words_of(name)))
    return words if len(words) > 1 else ()


def id_key(text: str) -> str:
    """An id, a login or an address as it is compared."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def ids_of(student: Student) -> dict[str, str]:
    """A student's ids as they are compared, by system. What is written like an address is one, and else a login."""
    found = {system: key for system, text in student.ids.items() if (key := id_key(text))}
    for text in (found.pop(LOGIN, ""), id_key(student.email or "")):
        if text:
            found[EMAIL if "@" in text else LOGIN] = text
    return found


def may_be_one(some: Student, other: Student) -> bool:
    """Whether nothing in the names contradicts that they are one person's.

    They are equal, or all words of the shorter one, perhaps as initials, are in the longer one.
    """
    if some.run_together or other.run_together:
        joined, named = (some, other) if some.run_together else (other, some)
        return not named.name or _spells("".join(words_of(joined.run_together)), words_of(named.name))
    few, many = sorted((words_of(some.name), words_of(other.name)), key=len)
    if not few or sorted(few) == sorted(many):
        return True
    for word in sorted(few, key=len, reverse=True):
        fits = [one for one in many if one == word] or [one for one in many if _abbreviates(word, one)]
        if not fits:
            return False
        many.remove(fits[0])
    return len(few) > 1


def _abbreviates(some: str, other: str) -> bool:
    umlauts = re.compile("([aou])e")  # "mueller" and what is left of "müller"
    return (
        some.startswith(other)
        or other.startswith(some)
        or umlauts.sub(r"\1", some) == umlauts.sub(r"\1", other)
    )


def _spells(joined: str, words: list[str]) -> bool:
    """Whether "doejane" is made of words of the name, or has them all."""
    rest = joined
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "", 1)
    return not rest or all(word in joined for word in words)


def _of_one_kind(some: str, other: str) -> bool:
    """Whether two ids can be compared: addresses are where their domains are the same, all others always."""
    return some.partition("@")[2] == other.partition("@")[2]


def _run_together(name: str | None) -> set[str]:
    """A whole name without its spaces, whichever word comes first: {"janedoe", "doejane"}."""
    last, comma, first = (name or "").partition(",")
    words = words_of(f"{first} {last}" if comma else name)
    turns = range(len(words)) if 1 < len(words) < 10 else ()
    return {"".join(words[turn:] + words[:turn]) for turn in turns}


def name_keys(student: Student) -> set[object]:
    """Under what a student's name is found: its words, and the words run together in any turn."""
    joined = "".join(words_of(student.run_together))
    found: set[object] = {name_key(student.name), joined, *_run_together(student.name)}
    return found - {(), ""}


# --- one among many ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Match:
    """The student's place, or None where it is not certain. `fits` counts who it could be, `doubt` is what speaks
    against it, or what had to be overruled. `maybe` are those whose work it may be though it is not certain.
    """

    place: int | None
    fits: int = 0
    doubt: str = ""
    maybe: frozenset[int] = field(default=frozenset(), compare=False)


class Register:
    """Students who can be found, each at a place: those of a class list, or of a sheet's rows."""

    def __init__(self, students: Iterable[Student]):
        self.students = tuple(students)
        self._ids = [ids_of(student) for student in self.students]
        self._compared: Set[str] = _SEVERAL
        self._with_id: dict[tuple[str, str], Places] = {}
        self._with_zeros: dict[tuple[str, str], Places] = {}
        self._with_name: dict[object, Places] = {}
        self._with_word: dict[str, Places] = {}
        for place, (student, ids) in enumerate(zip(self.students, self._ids, strict=True)):
            for system, text in ids.items():
                self._with_id.setdefault((system, text), set()).add(place)
                self._with_zeros.setdefault((system, text.lstrip("0")), set()).add(place)
            if local := ids.get(EMAIL, "").partition("@")[0]:
                self._with_id.setdefault(("before @", local), set()).add(place)
            for key in name_keys(student):
                self._with_name.setdefault(key, set()).add(place)
            for word in (word for word in words_of(student.name) if not word.isdigit()):
                self._with_word.setdefault(word, set()).add(place)
        self._in_one_word: dict[object, Places] = {}
        for place, student in enumerate(self.students):
            if len(own := words_of(student.name)) == 1:
                self._in_one_word.setdefault(own[0], set()).add(place)
        for word, places in self._with_word.items():
            (place, *others) = sorted(places)
            if not others and words_of(self.students[place].name) == [word]:
                self._with_name.setdefault(word, set()).add(
                    place
                )  # a name of one word, which is in no other's

    def compare_with(self, others: Iterable[Student]) -> None:
        """Learn from all who will be looked for whether logins and addresses are of one kind here and there. Where
        they are not the same for anybody of the same name, they contradict nothing.
        """
        agree: dict[str, list[bool]] = {system: [] for system in _SEVERAL}
        for who in others:
            ids = ids_of(who)
            for place in self._called(name_key(who.name)):
                for system in _SEVERAL & ids.keys() & self._ids[place].keys():
                    agree[system].append(ids[system] == self._ids[place][system])
        self._compared = {system for system, seen in agree.items() if len(seen) < _ENOUGH or any(seen)}

    def find(self, who: Student) -> Match:
        """The one whom ids or the whole name tell, where they agree and nothing contradicts."""
        ids = ids_of(who)
        marked = {place for mark in ids.items() for place in self._marked(*mark)}
        called = self._called(*_names(who)) | self._written_in_one(who)
        agreeing = {place for place in marked if may_be_one(who, self.students[place])}
        differing = {place for place in agreeing | called if self._differ(ids, place)}
        if agreeing:
            fits = agreeing & called if called else agreeing
            sure = fits - differing or fits & called
            if len(sure) == 1:
                return Match(min(sure), 1)
            doubt = "" if fits else self._contradiction(agreeing, called)
            return Match(None, len(fits), doubt, frozenset(fits or called))
        fits = {place for place in called - differing if not self._differ(ids, place, self._compared)}
        doubt = self._contradiction(marked, called) if marked else ""
        if len(fits) == 1 and who.namesake:
            doubt = "the class has several students of that name, and no id tells which it is"
            return Match(None, 1, doubt, frozenset(called))
        if called and not fits:
            doubt = doubt or f"{self._say(called)} has another id there"
        if len(fits) == 1:
            return Match(min(fits), 1, doubt)
        return Match(None, len(fits), doubt, frozenset(called))

    def find_path(self, *readings: str, download: Download = lambda _: None) -> Match:
        """The one whom the parts of a path tell, where nothing else is known: by the institution's id, login,
        address or name. The first part that tells counts, for deeper ones are the student's own choice. Of several
        `readings` of the path the first counts that tells somebody.
        """
        matches = (self._in_path(path, download) for path in readings)
        return next((match for match in matches if match.fits or match.doubt), Match(None))

    def _in_path(self, path: str, download: Download) -> Match:
        beside: list[str] = []  # words of names in the parts above
        for part in [part for part in path.replace("\\", "/").split("/") if part]:
            if not self._addressed(part) and (known := download(part)):
                match = self.find(known)
                if match.fits or match.doubt:
                    return match
                continue
            places = self._in_text(part)
            beside += [word for word in words_of(part) if word in self._with_word]
            if any(not self._with_word[word] & places for word in beside):
                places |= self._with_word[beside[-1]] if places else set()
            if places:
                maybe = frozenset(places)
                return Match(min(places), 1) if len(places) == 1 else Match(None, len(places), "", maybe)
        return Match(None)

    def _marked(self, system: str, text: str) -> Places:
        """Who has the id; where nobody has, who has it but for the zeros that a spreadsheet takes from 0042."""
        if system == UNSAID:
            return {place for known in (SCHOOL, LOGIN, EMAIL) for place in self._marked(known, text)}
        exact = self._with_id.get((system, text), set())
        return exact or (self._with_zeros.get((system, text.lstrip("0")), set()) if text.isdigit() else set())

    def _called(self, *keys: object) -> Places:
        return {place for key in keys if key for place in self._with_name.get(key, set())}

    def _written_in_one(self, who: Student) -> Places:
        """Who has the letters of the name as one word, as names in Chinese are written in some systems."""
        return {place for key in _run_together(who.name) for place in self._in_one_word.get(key, set())}

    def _differ(self, ids: dict[str, str], place: int, several: Set[str] = frozenset()) -> bool:
        """Whether both have an id of one system and not the same. `several` are those systems in which somebody may
        have more than one, that count all the same.
        """
        common = {
            system for system in ids.keys() & self._ids[place].keys() if system not in _SEVERAL - several
        }
        return any(
            place not in self._marked(system, ids[system])
            and _of_one_kind(ids[system], self._ids[place][system])
            for system in common
        )

    def _in_text(self, text: str) -> Places:
        """Whom a text names: as a whole, or by the address that it begins with, or by the name before a number, or by
        the id that it ends with.
        """
        if found := self._addressed(text):
            return found
        before, _, last = text.rpartition("_")
        for systems in ((SCHOOL, LOGIN, EMAIL), ("before @",)):
            found = {place for system in systems for place in self._marked(system, id_key(text))}
            if last and before:
                marked = {place for system in systems for place in self._marked(system, id_key(last))}
                named = self._with_words(words_of(before))
                found |= marked if len(last) >= _LEAST_ID else marked & named
            names = (text, before) if last.isdigit() else (text,)
            found |= self._called(
                *(key for name in names for key in (name_key(name), "".join(words_of(name))))
            )
            if found:
                return found
        return set()

    def _addressed(self, text: str) -> Places:
        """Whose address a text begins with; what comes later may be a student's own choice."""
        address = _ADDRESS.match(text)
        return self._marked(EMAIL, id_key(address[0])) if address else set()

    def _with_words(self, words: list[str]) -> Places:
        return {place for word in words for place in self._with_word.get(word, set())}

    def _contradiction(self, marked: Places, called: Places) -> str:
        named = f", though {self._say(called)} has the name" if called else ""
        return f"an id is that of {self._say(marked)}{named}"

    def _say_with_id(self, place: int) -> str:
        known = self.students[place]
        return f"{self._say({place})} {known.id or known.email or ''}".strip()

    def _say(self, places: Places) -> str:
        first = self.students[min(places)]
        return repr(first.name or first.id or first.email or "somebody")


# --- class lists -------------------------------------------------------------------------------------------------

#: Headings that are understood, as letters alone. Of several ids the first is the institution's.
_HEADINGS = {
    SCHOOL: (
        *("studentid", "sisuserid", "sisid", "idnumber", "sid", "matriculationnumber", "matrikelnummer"),
        *("mtknr", "matrnr", "matrikelnr", "studentnumber", "numeroetudiant", "numerodetudiant", "matricule"),
        *("numerodidentification", "numerodeid", "numerodeidentificacion", "matricula", "matricola"),
        *("codiceidentificativo", "studentnummer", "studentennummer", "idnummer", "id"),
    ),
    LOGIN: (
        *("login", "username", "sisloginid", "loginid", "netid", "user", "githubusername", "anmeldename"),
        *("benutzername", "nomdutilisateur", "nombredeusuario", "usuario"),
    ),
    EMAIL: (
        *("email", "emailaddress", "mail", "emailadresse", "courriel", "adressedecourriel", "adressemail"),
        *("correo", "correoelectronico", "direcciondecorreo", "emailadres", "indirizzoemail", "epost"),
    ),
    "name": (
        *("name", "fullname", "student", "studentname", "vollstandigername", "nomcomplet"),
        *("nombrecompleto", "nomecompleto", "cognomeenome", "volledigenaam", "fulltnavn"),
    ),
    "first": (
        *("firstname", "first", "givenname", "vorname", "prenom", "nombre", "nome", "voornaam", "fornavn"),
    ),
    "last": (
        *("lastname", "last", "surname", "familyname", "nachname", "nomdefamille", "nom", "apellidos"),
        *("apellido", "cognome", "sobrenome", "achternaam", "etternavn"),
    ),
}


@dataclass(frozen=True)
class Matched:
    """Submissions with what the class list knows, and sentences' subjects: names that match nobody, students who
    handed in nothing, and doubts that were met.
    """

    found: list[Found]
    strangers: list[str]
    absent: list[str]
    doubts: list[str]


class Roster(Register):
    """A class list."""

    def complete(self, found: list[Found], download: Download = lambda _: None) -> Matched:
        """Tell each submission whose it is. Members of a group are matched one by one, and none of them is absent; nor
        is anybody whose work may be among what is not certain.
        """
        matches = self._matches(found, download)
        claims: dict[int, list[Student]] = {}
        for entry, several in zip(found, matches, strict=True):
            for member, match in zip(entry.student.people, several, strict=True):
                if match.place is not None:
                    claims.setdefault(match.place, []).append(member)
        contested = {place for place, members in claims.items() if not may_be_same(members)}
        result = Matched([], [], [], [])
        maybe: Places = set()
        for entry, several in zip(found, matches, strict=True):
            people = []
            for member, match in zip(entry.student.people, several, strict=True):
                who = f" ({member.name or member.id or 'somebody'})" if len(several) > 1 else ""
                place, doubt = match.place, match.doubt
                if place is not None and place in contested:
                    doubt = f"others, too, seem to be {self._say({place})}; nobody is taken for that student"
                    place = None
                if place is None and not doubt and match.fits > 1:
                    several_fit = ", ".join(self._say_with_id(one) for one in sorted(match.maybe)[:3])
                    doubt = f"fits {match.fits} of the class list ({several_fit}); nobody is taken for that student"
                if place is None:
                    maybe |= match.maybe
                if doubt:
                    result.doubts.append(f"{entry.name}{who}: {doubt}")
                if place is not None:
                    people.append(_joined(self.students[place], member))
                    continue
                result.strangers.append(f"{entry.name}{who}")
                # who has a listed name and is not certainly that one, is one of several
                people.append(structs.replace(member, namesake=self._knows_the_name_of(member)))
            result.found.append(replace(entry, student=structs.replace(people[0], group=tuple(people[1:]))))
        absent = [who for place, who in enumerate(self.students) if place not in claims.keys() | maybe]
        result.absent.extend(one.name or one.id or one.email or "?" for one in absent)
        return result

    def _knows_the_name_of(self, student: Student) -> bool:
        """Whether somebody in the list is called so; a name of one word may be any whose name has it."""
        words = [words_of(text) for text in (student.name, student.run_together)]
        alone = [own[0] for own in words if len(own) == 1]
        return bool(self._called(*_names(student))) or any(word in self._with_word for word in alone)

    def _matches(self, found: list[Found], download: Download) -> list[list[Match]]:
        """For each submission, what is found of each who handed it in."""
        self.compare_with(member for entry in found for member in entry.student.people)
        readings = readings_of([entry.name for entry in found])
        matches = []
        for entry in found:
            if entry.student.known:
                matches.append([self.find(member) for member in entry.student.people])
            else:
                match = self.find_path(*readings[entry.name], download=download)
                matches.append([match for _ in entry.student.people])
        return matches


def _names(student: Student) -> tuple[object, ...]:
    words = words_of(student.name)
    alone = words[0] if len(words) == 1 else ""
    return name_key(student.name), "".join(words_of(student.run_together)), alone


def may_be_same(students: Iterable[Student]) -> bool:
    """Whether these may be one person: no two have different ids of one system in which there is one."""
    ids: dict[str, set[str]] = {}
    for student in students:
        for system, text in ids_of(student).items():
            ids.setdefault(system, set()).add(text)
    return all(len(texts) == 1 for system, texts in ids.items() if system not in _SEVERAL)


def readings_of(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """How each of these paths may be read: without the folders that all of them share, and then without the beginning
    that all have, "lab01-" of "lab01-ada" and "lab01-bo"; both say nothing of anybody. A beginning without a digit
    may be a name.
    """
    shared = _shared_folders(names)
    plain = {name: "/".join(name.split("/")[shared:]) for name in names}
    beginning = os.path.commonprefix(list(set(plain.values()))) if len(set(names)) > 1 else ""
    end = max(beginning.rfind(mark) for mark in "-_ ") + 1
    is_a_task = any(letter.isdigit() for letter in beginning[:end])
    found: dict[str, tuple[str, ...]] = {}
    for name, path in plain.items():
        rest = path[end:]
        number = rest.partition("/")[0].isdigit() and len(rest.partition("/")[0]) < _LEAST_ID
        found[name] = (path, rest) if is_a_task and not number else (path,)
    return found


def _shared_folders(names: Sequence[str]) -> int:
    """How many leading folders all names have in common."""
    parts = [name.split("/")[:-1] for name in names]
    if len(parts) < 2:
        return 0
    return next(
        (n for n, some in enumerate(zip(*parts, strict=False)) if len(set(some)) > 1), min(map(len, parts))
    )


def _joined(listed: Student, known: Student) -> Student:
    return structs.replace(
        known,
        ids={**known.ids, **listed.ids},
        name=listed.name or known.name,
        email=listed.email or known.email,
        namesake=listed.namesake,
    )


def read_roster(path: Path) -> Roster:
    """Read a CSV file with a line of headings. Raises CourseError with one clear sentence."""
    headings, rows = _table(path)
    columns = _columns(_keys(headings))
    if not columns:
        raise CourseError(
            f"{path} has no column that is understood; one of its first lines must name some of: id, name, email, "
            "login."
        )
    listed = [_listed(dict(_cells(row, columns))) for row in rows]
    return Roster(_namesakes(_once([student for student in listed if student.known])))


def listed_values(path: Path, heading: str) -> list[tuple[Student, str]] | None:
    """What a class list says of each student in the column of that heading; None where it has no such column."""
    headings, rows = _table(path)
    known = _keys(headings)
    if (wanted := "".join(words_of(heading))) not in known:
        return None
    at, columns = known.index(wanted), _columns(known)
    return [(_listed(dict(_cells(row, columns))), one_line(row[at], 100)) for row in rows if at < len(row)]


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    """The headings and rows of a class list; what a spreadsheet program put before the headings is passed over."""
    try:
        data = read_bounded(path, _MOST_BYTES)
        text = data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig")
    except CannotRead as error:
        raise CourseError(f"{error} It should be a class list.") from None
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not UTF-8 text; save it as CSV in UTF-8.") from None
    first = text.partition("\n")[0]
    tables: list[list[list[str]]] = []
    try:
        for mark in sorted(",;\t", key=first.count, reverse=True):
            tables.append(list(csv.reader(io.StringIO(text, newline=""), delimiter=mark)))
    except csv.Error as error:
        raise CourseError(f"{path} is not CSV that can be read: {error}.") from None
    # the line that names most columns, by whichever separator
    lines = [(rows, at) for rows in tables for at in range(min(len(rows), _BEFORE))]
    named = [len(_columns(_keys(rows[at]))) for rows, at in lines]
    rows, at = lines[named.index(max(named))] if lines else ([[]], 0)
    headings, below = rows[at], rows[at + 1 :]
    _refuse_shortened(path, below, _columns(_keys(headings)), at + 2)
    return headings, below


def _keys(headings: Sequence[str]) -> list[str]:
    """Headings as they are compared: letters alone."""
    return ["".join(words_of(heading)) for heading in headings]


def _refuse_shortened(path: Path, rows: Sequence[Sequence[str]], columns: dict[str, int], line: int) -> None:
    """Refuse ids that a spreadsheet program wrote as 2.02651E+11: several students have the same one then."""
    for number, row in enumerate(rows, line):
        for system, text in _cells(row, columns):
            if system in (SCHOOL, LOGIN) and _SHORTENED.fullmatch(text):
                raise CourseError(
                    f"{path}:{number}: a spreadsheet program made {text} of an id, and the rest of it is lost; "
                    "download the list anew, or leave that column out."
                )


def _columns(headings: list[str]) -> dict[str, int]:
    """The place of each column. An "id" beside a better one is a platform's: Canvas' own in its gradebook."""
    found = {
        field: headings.index(next(name for name in names if name in headings))
        for field, names in _HEADINGS.items()
        if set(names) & set(headings)
    }
    if "id" in headings and found[SCHOOL] != headings.index("id") and "sisloginid" in headings:
        found["canvas"] = headings.index("id")
    if (
        "id" in headings
        and found[SCHOOL] == headings.index("id")
        and {"sisloginid", "section"} <= set(headings)
    ):
        found["canvas"] = found.pop(SCHOOL)
    return found


def _cells(row: Sequence[str], columns: dict[str, int]) -> Iterable[tuple[str, str]]:
    return ((field, row[at].strip()) for field, at in columns.items() if at < len(row) and row[at].strip())


def _listed(cells: dict[str, str]) -> Student:
    ids = {system: cells[system] for system in (SCHOOL, LOGIN, "canvas") if system in cells}
    name = cells.get("name") or " ".join(filter(None, (cells.get("first"), cells.get("last")))) or None
    if not ids and name == "Points Possible":  # a row of Canvas' gradebook
        return Student()
    return Student(name=name, email=cells.get(EMAIL), ids=ids)


def _once(students: list[Student]) -> list[Student]:
    """A student of two sections stands twice in some lists: one whose ids are all the same, and the name."""
    return list(
        {
            (tuple(sorted(ids_of(one).items())) or id(one), name_key(one.name)): one for one in students
        }.values()
    )


def _namesakes(students: list[Student]) -> list[Student]:
    """A name of one word is shared by whoever has that word in the name."""
    count = Counter(name_key(student.name) for student in students)
    words = Counter(word for student in students for word in set(words_of(student.name)))
    return [
        structs.replace(
            one,
            namesake=len(key) > 1 and count[key] > 1 or (len(own) == 1 and words[own[0]] > 1),
        )
        for one in students
        for key, own in [(name_key(one.name), words_of(one.name))]
    ]
