"""From a platform's export through a class list into a platform's sheet: nobody ever gets a grade that is not theirs.

Classes are small and their numbers all from one to nine, so that what one system calls somebody is in the next somebody
else, and names are shared all the time. LABKIT_EXAMPLES=10000 tries that many, over all platforms.
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

from labkit.adjustments import AdjustmentError, Adjustments, Decision
from labkit.course import Course
from labkit.people import read_roster, words_of
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
    "Poe",
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


def names_are_shared(people: list[Someone]) -> bool:
    """Whether two have one name; a name of one word is also that of whoever has the word."""
    words = [words_of(one.name) for one in people]
    alone = [own[0] for own in words if len(own) == 1]
    return len({tuple(sorted(own)) for own in words}) < len(people) or any(
        sum(word in own for own in words) > 1 for word in alone
    )


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
    return from_groups([[one] for one in people])


def from_groups(groups: list[list[Someone]]) -> list[Found]:
    lines = ["---"]
    for n, members in enumerate(groups):
        lines += [f"submission_{n + 1}:", "  :submitters:"]
        for one in members:
            lines += [f'  - :name: "{one.name}"', f"    :sid: '{one.school if n % 2 else ''}'"]
            lines += [f"    :email: {one.email}"]

    class Metadata(File):
        def read(self, limit: int | None = None) -> bytes:
            return "\n".join(lines).encode()

    name = PurePosixPath("submission_metadata.yml")
    origin = files(*(f"submission_{n + 1}/lab.py" for n in range(len(groups))))
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
        max_examples=int(os.environ.get("LABKIT_EXAMPLES", "1200")) // 12, deadline=None, derandomize=True
    )
    @given(
        classes(),
        st.booleans(),
        st.sets(st.sampled_from(["id", "login", "email"]), min_size=1),
        st.booleans(),
        st.data(),
    )
    def holds(people, listed, columns, with_ids, data):
        shared = names_are_shared(people)
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


# --- what a human decides -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sheet", ["canvas", "moodle"])
@pytest.mark.parametrize("exported", ["groups", *EXPORTS])
def test_nobody_gets_a_mark_that_was_given_to_another(exported, sheet, tmp_path_factory):
    """A mark is given by whatever a student is called; who is not certain is refused, and nobody gets it."""
    path = tmp_path_factory.mktemp("lists") / "class.csv"
    course = Course(Path("x"), "A course", ())

    @settings(
        max_examples=int(os.environ.get("LABKIT_EXAMPLES", "700")) // 14, deadline=None, derandomize=True
    )
    @given(classes(), st.booleans(), st.data())
    def holds(people, listed, data):
        assume(listed or not names_are_shared(people))
        groups = [[one] for one in people]
        if exported == "groups":
            cuts = data.draw(st.lists(st.booleans(), min_size=len(people), max_size=len(people)), "cuts")
            groups = []
            for one, cut in zip(people, cuts, strict=True):
                groups = [*groups, [one]] if cut or not groups else [*groups[:-1], [*groups[-1], one]]
            found = from_groups(groups)
        else:
            found = EXPORTS[exported](people)
        if listed:
            roster = read_roster(class_list(people, ["id", "login", "email", "name"], "school", path))
            found = roster.complete(found, whose).found
        decisions = []
        marked: dict[str, set[str]] = {}
        for line, one in enumerate(
            data.draw(st.lists(st.sampled_from(people), max_size=4, unique=True), "marked")
        ):
            group = next(n for n, members in enumerate(groups) if one in members)
            called = data.draw(st.sampled_from(["school", "login", "email", "name", "submission"]), "called")
            text = found[group].name if called == "submission" else getattr(one, called)
            points = 100 + line
            decisions.append(Decision(line, "lab01_toy", text, "1.1", "test_it", points, reason="so"))
            for member in groups[group] if called == "submission" else [one]:
                marked.setdefault(member.login, set()).add(f"{points:.2f}")
        names = [(entry.name, entry.student) for entry in found]
        try:
            decided = Adjustments(Path("adjustments.toml"), tuple(decisions)).find(names, whole=False)
        except AdjustmentError as refused:
            assert "adjustments.toml:" in str(refused)
            return
        records = []
        for n, entry in enumerate(found):
            own = replace(record(entry.name, [check(points=n + 1, max_points=999)]), student=entry.student)
            records.append(decided.settled(own, None, course))
        cells, said = grades(records, sheet, True, people)
        for one, cell in zip(people, cells, strict=bool(cells)):
            group = next(n for n, members in enumerate(groups) if one in members)
            scale = 9 / 999  # the sheet's maximum
            theirs = {f"{group + 1:.2f}", *marked.get(one.login, ())}
            allowed = {f"{round(float(points) * scale, 2):.2f}" for points in theirs}
            assert cell in ("", *allowed), (one, cell, said, decisions)

    holds()
