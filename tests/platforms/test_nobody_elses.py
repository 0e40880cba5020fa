"""From a platform's export through a class list into a platform's sheet: nobody ever gets a grade that is not theirs.

Classes are small and their numbers all from one to nine, so that what one system calls somebody is in the next somebody
else, and names are shared all the time. LABKIT_EXAMPLES=10000 tries more.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from labkit.people import name_key, read_roster
from labkit.platforms import Request, export, platforms, whose
from labkit.platforms.finding import _owners as owners_in
from labkit.platforms.gradescope import Gradescope
from labkit.platforms.origin import File, Origin
from labkit.platforms.plain import find_plain
from labkit.record import Record
from labkit.record.found import Found
from tests.platforms.records import check, record

NAMES = (
    "Jane Doe",
    "Doe Jane",
    "Max Doe",
    "Ann Poe",
    "A Poe",
    "Ann Maria Poe",
    "José Roe",
    "Jose Roe",
    "Zoë O'Neil",
)


@dataclass(frozen=True)
class Someone:
    """A student as each system knows one; `points` are nobody else's."""

    points: int
    name: str
    school: str
    login: str
    canvas: str
    moodle: str

    @property
    def email(self) -> str:
        return f"{self.login}@x.edu"

    @property
    def last_first(self) -> str:
        first, _, last = self.name.rpartition(" ")
        return f"{last}, {first}"


@st.composite
def classes(draw) -> list[Someone]:
    size = draw(st.integers(1, 6))
    numbers = [draw(st.permutations([str(n) for n in range(1, 8)])) for _ in range(3)]
    logins = draw(st.permutations(["aaa", "bbb", "ccc", "ddd", "eee", "fff"]))
    return [
        Someone(n + 1, draw(st.sampled_from(NAMES)), numbers[0][n], logins[n], numbers[1][n], numbers[2][n])
        for n in range(size)
    ]


# --- as each platform exports it ----------------------------------------------------------------------------------


def files(*names: str) -> Origin:
    return Origin(Path("x"), tuple(File(PurePosixPath(name), Path("x") / name) for name in names))


def found_by(platform: str, names: list[str]) -> list[Found]:
    """One for each of these files, of which each is another student's."""
    origin = files(*names)
    owners, misfits = owners_in(platforms()[platform], origin)
    assert not misfits
    found = platforms()[platform].find(origin, owners)
    return sorted(found, key=lambda one: names.index(str(one.path.relative_to("x"))))


def from_canvas(people: list[Someone]) -> list[Found]:
    squeezed = ["".join(letter for letter in one.last_first if letter.isalnum()).lower() for one in people]
    return found_by(
        "canvas",
        [
            f"{who}_{one.canvas}_{n + 11}_lab.py"
            for n, (who, one) in enumerate(zip(squeezed, people, strict=True))
        ],
    )


def from_moodle(people: list[Someone]) -> list[Found]:
    return found_by("moodle", [f"{one.name}_{one.moodle}_assignsubmission_file/lab.py" for one in people])


def from_blind_moodle(people: list[Someone]) -> list[Found]:
    return found_by("moodle", [f"Participant_{one.moodle}_assignsubmission_file/lab.py" for one in people])


def from_nbgrader(people: list[Someone]) -> list[Found]:
    return found_by("nbgrader", [f"{one.login}/lab01/lab01.ipynb" for one in people])


def from_gradescope(people: list[Someone]) -> list[Found]:
    lines = ["---"]
    for n, one in enumerate(people):
        lines += [f"submission_{n + 1}:", "  :submitters:", f'  - :name: "{one.name}"']
        lines += [f"    :sid: '{one.school if n % 2 else ''}'", f"    :email: {one.email}"]

    class Metadata(File):
        def read(self, limit: int | None = None) -> bytes:
            return "\n".join(lines).encode()

    name = PurePosixPath("submission_metadata.yml")
    origin = files(*(f"submission_{n + 1}/lab.py" for n in range(len(people))))
    origin = Origin(origin.path, (*origin.files, Metadata(name, Path("x") / name)))
    return Gradescope().find(origin, owners_in(Gradescope(), origin)[0])


def from_files(people: list[Someone]) -> list[Found]:
    """As people keep them: called by the login or the institution's id, which nobody else has as another one."""
    names = [f"{one.login}.py" if n % 2 else f"class/{one.login}/lab.py" for n, one in enumerate(people)]
    return [find_plain(files(name))[0] for name in names]


EXPORTS: dict[str, Callable[[list[Someone]], list[Found]]] = {
    "canvas": from_canvas,
    "moodle": from_moodle,
    "blind moodle": from_blind_moodle,
    "nbgrader": from_nbgrader,
    "gradescope": from_gradescope,
    "files": from_files,
}


# --- class lists and sheets ---------------------------------------------------------------------------------------


def class_list(people: list[Someone], columns: list[str], number: str, path: Path) -> Path:
    """`number` is whose number stands under "id", which says nothing of it."""
    headings = {"id": number, "login": "login", "email": "email", "name": "name", "Student": "last_first"}
    rows = [[getattr(one, headings[column]) for column in columns] for one in people]
    with open(path, "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([columns, *rows])
    return path


def gradebook(people: list[Someone], with_ids: bool) -> str:
    text = io.StringIO()
    head = [
        "Student",
        "ID",
        *(["SIS User ID", "SIS Login ID"] if with_ids else []),
        "Section",
        "lab01_toy (901)",
    ]
    rows = [
        [one.last_first, one.canvas, *([one.school, one.login] if with_ids else []), "A", ""]
        for one in people
    ]
    csv.writer(text, lineterminator="\n").writerows(
        [head, ["    Points Possible", *[""] * (len(head) - 2), "9"], *rows]
    )
    return text.getvalue()


def worksheet(people: list[Someone], with_ids: bool) -> str:
    text = io.StringIO()
    head = [
        "Identifier",
        "Full name",
        *(["ID number", "Email address"] if with_ids else []),
        "Grade",
        "Maximum grade",
    ]
    rows = [
        [f"Participant {one.moodle}", one.name, *([one.school, one.email] if with_ids else []), "", "9"]
        for one in people
    ]
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def grades(records: list[Record], sheet: str, with_ids: bool, people: list[Someone]) -> tuple[list[str], str]:
    """The cell of each row, and all that is said."""
    if not people or not records:
        return [], ""
    text = (gradebook if sheet == "canvas" else worksheet)(people, with_ids)
    written = export(records, sheet, Request(sheet=text.encode()))
    rows = list(csv.DictReader(io.StringIO(str(written.files[f"{sheet}.csv"]))))
    rows = [row for row in rows if row.get("ID", "x")]
    return [row.get("lab01_toy (901)", row.get("Grade", "")) for row in rows], " ".join(written.notes)


@pytest.mark.parametrize("sheet", ["canvas", "moodle"])
@pytest.mark.parametrize("exported", EXPORTS)
def test_nobody_gets_a_grade_that_is_not_theirs(exported, sheet, tmp_path_factory):
    path = tmp_path_factory.mktemp("lists") / "class.csv"

    @settings(
        max_examples=int(os.environ.get("LABKIT_EXAMPLES", "400")) // 4, deadline=None, derandomize=True
    )
    @given(
        classes(),
        st.booleans(),
        st.sets(st.sampled_from(["id", "login", "email"]), min_size=1),
        st.booleans(),
        st.data(),
    )
    def holds(people, listed, columns, with_ids, data):
        shared = len({name_key(one.name) for one in people}) < len(people)
        assume(listed or not shared)  # who shares a name is known to do so by the class list alone
        here = [one for one in people if data.draw(st.booleans(), f"{one.name} handed in")]
        rows = [one for one in people if data.draw(st.booleans(), f"{one.name} on the sheet")]
        found = EXPORTS[exported](here)
        if listed:
            name = data.draw(st.sampled_from(["name", "Student"]), "heading")
            number = data.draw(
                st.sampled_from(["school", "school", "canvas", "moodle"]), "numbers of the list"
            )
            assume(number == "school" or not shared)  # a wrong number and the right name are nobody's to tell
            roster = read_roster(class_list(people, [*sorted(columns), name], number, path))
            found = roster.complete(found, whose).found
        records = []
        for one, entry in zip(here, found, strict=True):
            told = {**entry.student.ids, "email": entry.student.email}
            if listed and number != "school":
                told.pop("school", None)
            known = {
                "school": one.school,
                "login": one.login,
                "canvas": one.canvas,
                "moodle": one.moodle,
                "email": one.email,
            }
            assert all(told[system] == known[system] for system in told.keys() & known.keys() if told[system])
            points = record(entry.name, [check(points=one.points, max_points=9)])
            records.append(replace(points, student=entry.student))
        cells, said = grades(records, sheet, with_ids, rows)
        for one, cell in zip(rows, cells, strict=bool(cells)):
            assert cell in ("", f"{one.points:.2f}"), (one, said)
            if one in here and not cell:
                entry = found[here.index(one)]
                words = (entry.student.name, entry.student.id, entry.student.run_together, entry.name)
                assert any(word and word in said for word in words), "nobody is left out without a word"

    holds()
