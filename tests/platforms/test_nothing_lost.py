"""Whatever is handed in has a record, or is named: random trees of files in every layout, with the names that students
choose. LABKIT_EXAMPLES=10000 tries that many, over all layouts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.platforms import platforms
from labkit.platforms.finding import _in
from labkit.platforms.names import distinct
from labkit.platforms.origin import File, Origin
from labkit.platforms.plain import Files
from labkit.record.found import Found

#: As people call what they hand in: scripts and notebooks, and what is none.
ANSWERS = (
    "lab.py",
    "LAB.PY",
    "Lab01.ipynb",
    "lab01_toy.py",
    "my answer (2).py",
    "solution.ipynb",
    "lösung.py",
    "a.b.py",
)
OTHERS = (
    *("lab.py.txt", "lab.ipynb.json", "scan.pdf", "work.rar", "work.7z", "work.tar.gz", "notes.md", "lab01"),
    *("lab01.pyc", "answer.html", "lab.docx", "photo.JPG", "x" * 180 + ".pdf"),
)
JUNK = (
    ".DS_Store",
    "Thumbs.db",
    "__pycache__/lab.cpython-311.pyc",
    "__MACOSX/._lab.py",
    "desktop.ini",
    "~$lab.docx",
)
PEOPLE = ("Ann Poe", "Bo O'Orr", "Çelik Ö", "dee", "Eve-Lyn de la Cruz", "x" * 120)


@dataclass(frozen=True)
class Handed:
    """What one student handed in, by the names that the student chose."""

    who: str
    number: int
    names: tuple[str, ...]

    @property
    def meant(self) -> list[str]:
        return [name for name in self.names if name not in JUNK]


handed_in = st.lists(
    st.builds(
        Handed,
        st.sampled_from(PEOPLE),
        st.integers(1, 9),
        st.lists(st.sampled_from(ANSWERS + OTHERS + JUNK), max_size=4, unique=True).map(tuple),
    ),
    min_size=2,
    max_size=6,
    unique_by=(lambda one: one.who, lambda one: one.number),
)


def moodle(one: Handed, name: str) -> str:
    return f"{one.who}_{one.number}_assignsubmission_file/{name}"


def flat_moodle(one: Handed, name: str) -> str:
    return f"{one.who}_{one.number}_assignsubmission_file_{name.replace('/', '_')}"


def canvas(one: Handed, name: str) -> str:
    joined = "".join(letter for letter in one.who.lower() if letter.isalnum())
    return f"{joined}_{one.number}_{one.number}{one.names.index(name)}7_{name.replace('/', '_')}"


def gradescope(one: Handed, name: str) -> str:
    return f"submission_{one.number}/{name}"


def nbgrader(one: Handed, name: str) -> str:
    return f"{one.who}/lab01_toy/{name}"


def folders(one: Handed, name: str) -> str:
    return f"{one.who}/{name}"


LAYOUTS = {
    "moodle": (moodle, "moodle"),
    "flat moodle": (flat_moodle, "moodle"),
    "canvas": (canvas, "canvas"),
    "gradescope": (gradescope, "gradescope"),
    "nbgrader": (nbgrader, "nbgrader"),
    "folders": (folders, "files"),
    "unsaid": (folders, "auto"),
}


class Metadata(File):
    """Gradescope's, of everybody."""

    people: list[Handed] = []

    def read(self, limit: int | None = None) -> bytes:
        text = "".join(
            f'submission_{one.number}:\n  :submitters:\n  - :name: "{one.who}"\n' for one in Metadata.people
        )
        return f"---\n{text}".encode()


def found_in(people: list[Handed], layout: str) -> tuple[list[Found], str, dict[str, str]]:
    """What is found, all that is said, and where each student's files lie."""
    path_of, name = LAYOUTS[layout]
    places = {path_of(one, file): one.who for one in people for file in one.names}
    skipped = ("__pycache__", "__MACOSX")
    files = [
        File(PurePosixPath(place), Path("x") / place)
        for place in places
        if not set(skipped) & set(PurePosixPath(place).parts)
    ]
    if layout == "gradescope":
        Metadata.people = people
        files.append(Metadata(PurePosixPath("submission_metadata.yml"), Path("x/submission_metadata.yml")))
    said: list[str] = []
    readers = [one for one in platforms().values() if one.reads and not isinstance(one, Files)]
    return distinct(_in(Origin(Path("x"), tuple(files)), readers, name, said.append)), " ".join(said), places


@pytest.mark.parametrize("layout", LAYOUTS)
def test_whatever_was_handed_in_has_a_record_or_is_named(layout):
    @settings(
        max_examples=int(os.environ.get("LABKIT_EXAMPLES", "700")) // 7, deadline=None, derandomize=True
    )
    @given(handed_in)
    def holds(people):
        if not any(one.meant for one in people):
            return
        if layout != "unsaid" and not any(name in ANSWERS for one in people for name in one.names):
            return  # `--layout` needs something that can be graded
        found, said, places = found_in(people, layout)
        assert len({one.name for one in found}) == len(found)
        graded = {one.path for one in found if one.file is not None}
        beside = {name for one in found for name in one.beside}
        for one in people:
            mine = [place for place, who in places.items() if who == one.who]
            answers = [place for place in mine if File(PurePosixPath(place), Path()).gradable]
            for place in answers:
                name = PurePosixPath(place).name
                assert Path("x") / place in graded or any(name.endswith(other) for other in beside), place
            if one.meant and not answers:
                about = [entry for entry in found if entry.file is None and _of(entry, mine)]
                assert about or any(PurePosixPath(place).name in said for place in mine), (one, found, said)
                for entry in about:
                    assert entry.problem and "hand in" in entry.problem

    holds()


def _of(entry: Found, places: list[str]) -> bool:
    """Whether a record is of the student whose files these are: its path leads to them, or it names one."""
    path = entry.path.relative_to("x").as_posix() if entry.path.is_relative_to("x") else ""
    named = any(PurePosixPath(place).name[-12:] in (entry.problem or "") for place in places)
    return named or any(
        place == path or place.startswith((f"{path}/", f"{path}_")) for place in places if path
    )
