"""What is found to grade, and whose it is: one example for each layout, class lists, and zips of a stranger."""

from __future__ import annotations

import random
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import convert
from msgspec.structs import replace

from labkit.course import CourseError
from labkit.lesson.submission import SubmissionError
from labkit.people import read_roster
from labkit.platforms import find_submissions
from labkit.platforms.names import distinct
from labkit.platforms.times import instant
from labkit.record import Student
from labkit.record.found import Found

PY = "# labkit: lab01_toy\n"
NOTEBOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'

METADATA = """---
submission_101:
  :submitters:
  - :name: Jane Doe
    :sid: '0042'
    :email: jane@example.edu
  - :name: Max Groß
    :sid: null
    :email: max@example.edu
  :created_at: 2026-02-03 04:05:06.789000000 Z
  :score: 10.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    output: "x"
submission_102:
  :submitters:
  - :name: Ann O'Neil
    :sid: ''
    :email: ann@example.edu
  :created_at: not a time
"""

JANE = {"id": "0042", "name": "Jane Doe", "email": "jane@example.edu"}
#: For each layout its files, and what is found: name, file and student.
LAYOUTS = {
    "files": (
        [
            "alice.py",
            "bob/lab.py",
            "bob/helper.py",
            "carol/one.py",
            "carol/two.ipynb",
            "carol/.x.py",
            "dora/report.pdf",
        ],
        [
            ("alice", "alice.py", {}),
            ("bob", "bob/lab.py", {}),
            ("carol/one", "carol/one.py", {}),
            ("carol/two", "carol/two.ipynb", {}),
            ("dora", None, {}),
        ],
    ),
    "gradescope": (
        {
            "export/submission_metadata.yml": METADATA,
            "export/submission_101/lab.py": PY,
            "export/submission_101/notes.py": PY,
            "export/submission_102/scan.pdf": "",
            "export/submission_103/mine.py": PY,
        },
        [
            (
                "submission_101",
                "submission_101/lab.py",
                {
                    **JANE,
                    "submitted_at": "2026-02-03T04:05:06.789000+00:00",
                    "group": [{"name": "Max Groß", "email": "max@example.edu"}],
                },
            ),
            (
                "submission_102",
                None,
                {"name": "Ann O'Neil", "email": "ann@example.edu", "submitted_at": "not a time"},
            ),
            ("submission_103", "submission_103/mine.py", {}),
        ],
    ),
    "moodle": (
        [
            "Jane Doe_12345_assignsubmission_file_/mine.py",
            "Jane Doe_12345_assignsubmission_onlinetext_/onlinetext.html",
            "Max O_Groß_77_assignsubmission_file_lab01_toy.py",
            "Participant_88_assignsubmission_file_/a.ipynb",
            "Typed Only_99_assignsubmission_onlinetext_/onlinetext.html",
        ],
        [
            (
                "Jane Doe_12345",
                "Jane Doe_12345_assignsubmission_file_/mine.py",
                {"id": "12345", "name": "Jane Doe"},
            ),
            (
                "Max O_Groß_77",
                "Max O_Groß_77_assignsubmission_file_lab01_toy.py",
                {"id": "77", "name": "Max O_Groß"},
            ),
            ("Participant_88", "Participant_88_assignsubmission_file_/a.ipynb", {"id": "88"}),
            ("Typed Only_99", None, {"id": "99", "name": "Typed Only"}),
        ],
    ),
    "canvas": (
        [
            "doejane_101_5001_lab.py",
            "doejane_101_5009_lab-1.py",
            "grossmax_LATE_102_5002_mine.ipynb",
            "oneilann_103_5003_essay.docx",
            "paulo_104_5004_one.py",
            "paulo_104_5005_two.py",
        ],
        [
            ("doejane_101", "doejane_101_5009_lab-1.py", {"id": "101"}),
            ("grossmax_102", "grossmax_LATE_102_5002_mine.ipynb", {"id": "102", "late": True}),
            ("oneilann_103", None, {"id": "103"}),
            ("paulo_104/paulo_104_5004_one", "paulo_104_5004_one.py", {"id": "104"}),
            ("paulo_104/paulo_104_5005_two", "paulo_104_5005_two.py", {"id": "104"}),
        ],
    ),
    "nbgrader": (
        {
            "submitted/jane/lab01_toy/problem.ipynb": NOTEBOOK,
            "submitted/jane/lab01_toy/timestamp.txt": "2026-02-02 15:58:23.948203 America/Los_Angeles\n",
            "submitted/max/lab01_toy/problem.ipynb": NOTEBOOK,
            "submitted/max/lab01_toy/extra.ipynb": NOTEBOOK,
            "source/lab01_toy/problem.ipynb": NOTEBOOK,
        },
        [
            (
                "jane/lab01_toy",
                "jane/lab01_toy/problem.ipynb",
                {"id": "jane", "submitted_at": "2026-02-02T15:58:23.948203-08:00"},
            ),
            ("max/lab01_toy/extra", "max/lab01_toy/extra.ipynb", {"id": "max"}),
            ("max/lab01_toy/problem", "max/lab01_toy/problem.ipynb", {"id": "max"}),
        ],
    ),
}


TWO = {"submission_101/lab.py": PY, "submission_102/lab.py": PY}


def written(root: Path, files) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name] if isinstance(files, dict) else PY if name.endswith(".py") else NOTEBOOK)
    return root


def zipped(root: Path, to: Path) -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*")):
            archive.write(path, path.relative_to(root))
    return to


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_recognised_and_tells_its_students(tmp_path, layout, packed):
    files, expected = LAYOUTS[layout]
    root = written(tmp_path / "handed in", files)
    given = root / "export" if layout == "gradescope" else root
    found = find_submissions([zipped(root, tmp_path / "handed in.zip") if packed else given])
    base = {"gradescope": "export/", "nbgrader": "submitted/"}.get(layout, "")
    start = tmp_path / ("handed in.zip" if packed else "handed in")
    if packed and layout == "files":  # what somebody packed is called like the zip
        expected = [(f"handed in/{name}", path, student) for name, path, student in expected]
    got = [(f.name, f.path if f.file else None, replace(f.student, ids={}, run_together=None)) for f in found]
    assert sorted(got, key=str) == sorted(
        [
            (name, start / (base + path) if path else None, convert(student, Student))
            for name, path, student in expected
        ],
        key=str,
    )
    for entry in found:
        if entry.file:
            assert entry.read().name == entry.name
        else:
            with pytest.raises(SubmissionError, match=r"hand in the \.py or \.ipynb file itself"):
                entry.read()


def test_the_layout_can_be_said(tmp_path):
    root = written(tmp_path / "class", ["hw_10_20_a.py", "hw_10_30_b.py"])
    assert [f.name for f in find_submissions([root])] == ["hw_10/hw_10_20_a", "hw_10/hw_10_30_b"]
    assert [f.name for f in find_submissions([root], "files")] == ["hw_10_20_a", "hw_10_30_b"]
    for layout, sentence in (("moodle", "not laid out as moodle"), ("paper", "there is no 'paper'")):
        with pytest.raises(CourseError, match=sentence):
            find_submissions([root], layout)


def test_metadata_that_cannot_be_read_are_no_silent_loss(tmp_path):
    root = written(tmp_path / "x", {"submission_metadata.yml": "a: [", **TWO})
    other = written(tmp_path / "y", ["alice.py"])
    damaged, alice = find_submissions([root, other])
    assert (damaged.name, alice.name) == ("x", "y/alice")  # and no silent stop of the others
    with pytest.raises(SubmissionError, match="export the submissions again"):
        damaged.read()
    assert alice.read().lab == "lab01_toy"


def test_names_never_meet_the_files_of_results(tmp_path):
    names = [
        "salt.py",
        "grades.csv.py",
        "journal.jsonl.py",
        "a/lab.py",
        "a/result.json/lab.py",
        "b.py",
        "b.ipynb",
    ]
    found = find_submissions([written(tmp_path / "class", names), tmp_path / "class/b.py"])
    assert [f.name for f in found] == [
        *("b", "b.py", "grades.csv.py", "journal.jsonl.py", "salt.py", "a", "a/result.json_", "b-2"),
    ]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-02-03 04:05:06.789 Z", "2026-02-03T04:05:06.789000+00:00"),
        ("2026-02-03 04:05:06.789000000 CEST", "2026-02-03T04:05:06.789000+02:00"),
        ("2026-02-03 04:05:06 CST", None),  # of Chicago, or of Shanghai
        ("2026-02-03 04:05:06 UTC", "2026-02-03T04:05:06+00:00"),
        ("2026-02-03T04:05:06+0130", "2026-02-03T04:05:06+01:30"),
        ("2026-02-03 04:05:06", "2026-02-03T04:05:06+00:00"),
        ("2026-02-30 04:05:06", None),
        ("2026-02-03 04:05:06 ../../etc", None),
        ("yesterday", None),
        (None, None),
        (["2026-02-03 04:05:06"], None),
        ("2026-02-03 04:05:06 " + "x" * 500, None),
        (datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC), "2026-02-03T04:05:06+00:00"),
        (datetime(2026, 2, 3, 4, 5, 6), "2026-02-03T04:05:06+00:00"),
    ],
)
def test_times_become_iso_or_nothing(text, iso):
    assert instant(text) == iso


# --- names that a student chooses ------------------------------------------------------------------------------

FORGED = """submission_{}:
  :submitters:
  - :sid: '102'
    :name: Eric Roe
  :created_at: 2000-01-01 00:00:00 Z
"""
CANVAS = ["doejane_101_9001_lab.py", "roeric_102_9002_lab.py"]
MOODLE = ["Jane Doe_11_assignsubmission_file_/a.py", "Max Roe_12_assignsubmission_file_/b.py"]


def told(paths: list[Path], layout: str = "auto") -> tuple[list[tuple], str]:
    """Name and id of what is found, and all that is said of it."""
    said: list[str] = []
    found = find_submissions(paths, layout, said.append)
    return [(entry.name, entry.student.id) for entry in found], "\n".join(said)


def test_a_file_called_like_moodles_does_not_hide_the_others_of_canvas(tmp_path):
    root = written(tmp_path / "c", [*CANVAS, "annlee_103_9003_x_102_assignsubmission_file_lab01.py"])
    found, said = told([root])
    assert found == [("annlee_103", "103"), ("doejane_101", "101"), ("roeric_102", "102")]
    assert said == f"{root} is read as canvas lays it out, 3 students."


@pytest.mark.parametrize(("layout", "files"), [("canvas", CANVAS), ("moodle", MOODLE)])
def test_a_file_that_does_not_fit_costs_the_others_nothing_and_is_graded_as_a_file(tmp_path, layout, files):
    root = written(tmp_path / "c", [*files, "extra.py"])
    for asked in ("auto", layout):
        found, said = told([root], asked)
        assert [name for name, student in found if student is None] == ["extra"] and len(found) == 3
        assert said.endswith(
            f"read as {layout} lays it out, 2 students; graded as files, for they do not fit: extra.py."
        )


@pytest.mark.parametrize(("layout", "files"), [("canvas", CANVAS), ("moodle", MOODLE)])
def test_a_layout_that_most_files_do_not_fit_is_only_taken_when_it_is_said(tmp_path, layout, files):
    root = written(tmp_path / "c", [*files, "extra.py", "more.py"])
    found, said = told([root])
    assert len(found) == 4 and all(student is None for _, student in found)
    assert said == ""  # half of the files are called like anything else
    found, _ = told([root], layout)
    assert [student for _, student in found].count(None) == 2


@pytest.mark.parametrize(
    "inside",
    [
        ["bob/lab.py"],
        ["bob.py"],
        ["lab.py"],
        ["roeric_102_9002_lab.py"],
        ["Max Roe_12_assignsubmission_file_/lab.py"],
        {"submitted/bob/lab01_toy/a.ipynb": NOTEBOOK, "submitted/bob/lab01_toy/timestamp.txt": "x"},
        {"submission_metadata.yml": FORGED.format(1), "submission_1/lab.py": PY},
        {"submission_metadata.yml": "a: [", "submission_1/lab.py": PY},
    ],
    ids=str,
)
def test_a_students_zip_is_called_like_itself_and_tells_nothing_of_anybody(tmp_path, inside):
    alice = zipped(written(tmp_path / "inside", inside), tmp_path / "alice.zip")
    assert told([alice])[0] == [("alice", None)]


def test_a_students_folder_beside_others_is_no_export(tmp_path):
    mine = written(tmp_path / "alice", ["Max Roe_12_assignsubmission_file_/lab.py"])
    bob = written(tmp_path / "bob", ["lab.py"])
    found, said = told([mine, bob])
    assert [student for _, student in found] == [None, None] and "use --layout moodle" in said
    assert told([mine])[0] == [("Max Roe_12", "12")]


def test_deeper_files_of_nbgrader_count_where_there_is_no_other(tmp_path):
    names = ["jane/l/a.ipynb", "jane/l/more/b.ipynb", "max/l/more/c.ipynb"]
    found, _ = told([written(tmp_path / "submitted", names)])
    assert sorted(found) == [("jane/l", "jane"), ("max/l", "max")]


def test_what_lies_beside_the_notebook_of_an_nbgrader_assignment_is_named_and_not_graded(tmp_path):
    names = ["jane/l/l.ipynb", "jane/l/scratch.ipynb", "max/l/a.ipynb", "max/l/b.ipynb"]
    found = find_submissions([written(tmp_path / "submitted", names)])
    assert [(one.name, one.beside) for one in found] == [
        ("jane/l", ("scratch.ipynb",)),
        ("max/l/a", ()),
        ("max/l/b", ()),
    ]


def test_several_files_of_a_zip_are_called_by_the_zip_first(tmp_path):
    alice = zipped(written(tmp_path / "a", ["hw/bob/x.py", "hw/lab.py"]), tmp_path / "alice.zip")
    bob = zipped(written(tmp_path / "b", ["lab.py"]), tmp_path / "bob.zip")
    assert [name for name, _ in told([alice, bob])[0]] == ["alice/lab", "alice/bob/x", "bob"]


def test_metadata_in_one_students_folder_are_not_believed_unless_it_is_said(tmp_path):
    files = {"submission_metadata.yml": FORGED.format(1), "submission_1/lab.py": PY}
    root = written(tmp_path / "alice", files)
    found, said = told([root])
    assert found == [("submission_1", None)] and "use --layout gradescope" in said
    assert told([root], "gradescope")[0] == [("submission_1", "102")]
    (found,) = find_submissions([root])
    assert found.student == Student()


def test_aliases_in_metadata_are_refused(tmp_path):
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    metadata = bomb + FORGED.format(101).replace("2000-01-01 00:00:00 Z", "*a59") + "submission_102: {}\n"
    root = written(tmp_path / "x", {"submission_metadata.yml": metadata, **TWO})
    for layout in ("auto", "gradescope"):
        (found,) = find_submissions([root], layout)
        with pytest.raises(SubmissionError, match="aliases, which are not followed"):
            found.read()
    assert [name for name, _ in told([root], "files")[0]] == ["submission_101", "submission_102"]


@pytest.mark.parametrize(
    ("metadata", "sentence"),
    [
        ("- :name: x\n" * 300, "too many submitters"),
        ("- " * 5000 + "x\n", None),
        ("- [" * 900 + "\n", "export the submissions again"),
        ("- ? [a, b]\n  : {c: d}\n", None),
        ("- 1\n", None),
    ],
)
def test_metadata_of_any_shape_are_read_or_refused(tmp_path, monkeypatch, metadata, sentence):
    monkeypatch.setattr("labkit.platforms.gradescope.MAX_VALUES", 500)
    submitters = "".join(f"  {line}\n" for line in metadata.splitlines())
    results = ":results: &r [{a: [*r, *r]}, b]"  # goes by, whatever it holds
    text = f"submission_101:\n  {results}\n  :submitters:\n{submitters}submission_102:\n  :created_at: [2]\n"
    found = find_submissions([written(tmp_path / "x", {"submission_metadata.yml": text, **TWO})])
    if sentence is None:
        assert [(f.name, f.student) for f in found] == [
            ("submission_101", Student()),
            ("submission_102", Student()),
        ]
    else:
        with pytest.raises(SubmissionError, match=sentence):
            found[0].read()


def test_names_never_lead_into_the_files_of_results(tmp_path):
    names = ["grades.csv/x.py", "Salt/x.py", "journal.jsonl/lab.py", "trainings/a/b.py", "a/RESULT.json/b.py"]
    found = [name for name, _ in told([written(tmp_path / "class", names)])[0]]
    assert sorted(found) == [
        *("Salt_/x", "a/RESULT.json_/b", "grades.csv_/x", "journal.jsonl.py", "trainings_/a/b"),
    ]


def test_names_are_bounded_and_stay_distinct(tmp_path):
    deep = ("d" * 150 + "/") * 30
    path = a_zip(tmp_path / "c.zip", {f"{deep}x.py": b"x", f"{deep}y.py": b"y", "é" * 95 + "/z.py": b"z"})
    found = [name for name, _ in told([path])[0]]
    assert len(set(found)) == 3
    assert all(len(name.encode()) <= 400 for name in found)
    assert all(len(part.encode()) <= 200 for name in found for part in name.split("/"))


def test_equal_names_get_numbers_in_one_pass(tmp_path):
    entry = Found("a", tmp_path / "a.py")
    names = [one.name for one in distinct([entry] * 20_000)]
    assert names[:4] == ["a", "a.py", "a-2", "a-3"] and len(set(names)) == 20_000


@pytest.mark.parametrize(("several", "names"), [(False, ["s", "t"]), (True, ["c", "d"])])
def test_of_one_student_only_so_many_files_are_graded(tmp_path, several, names):
    many = {f"s/{n}.py": PY.encode() for n in range(21)}
    if several:
        paths = [a_zip(tmp_path / "c.zip", many), a_zip(tmp_path / "d.zip", {"lab.py": PY.encode()})]
    else:
        paths = [written(tmp_path / "class", [*many, "t/lab.py"])]
    full, other = find_submissions(paths)
    assert [full.name, other.name] == names
    with pytest.raises(SubmissionError, match="holds 21 scripts and notebooks; at most 20 of one student"):
        full.read()
    assert len(find_submissions(paths, "files")) == 22


def test_an_exports_student_with_too_many_files_gets_one_record(tmp_path):
    many = [f"Jane Doe_11_assignsubmission_file_/{n}.py" for n in range(21)]
    full, other = find_submissions([written(tmp_path / "m", [*many, MOODLE[1]])])
    assert (full.student.id, other.student.id) == ("11", "12")
    with pytest.raises(SubmissionError, match="at most 20"):
        full.read()


def test_a_zip_with_very_many_scripts_is_one_record(tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.platforms.finding.MOST_IN_ZIP", 30)
    (found,) = find_submissions([a_zip(tmp_path / "c.zip", {f"{n}.py": b"x" for n in range(31)})])
    with pytest.raises(SubmissionError, match="holds 31 submissions; at most 30"):
        found.read()


def test_a_folder_of_students_zips_holds_their_work(tmp_path):
    for name, inside in {"alice": "lab.py", "BOB": "hand-in/lab01.ipynb", "eve": "notes.pdf"}.items():
        with zipfile.ZipFile(tmp_path / f"{name}.{'ZIP' if name == 'BOB' else 'zip'}", "w") as archive:
            archive.writestr(inside, "x = 1")
    written(tmp_path, ["kim/lab.py", "gina.pdf"])
    (tmp_path / "cut.zip").write_bytes(b"PK")
    said = []
    found = {one.name: one for one in find_submissions([tmp_path], say=said.append)}
    assert sorted(found) == ["BOB", "alice", "cut", "eve", "gina", "kim"]
    assert [name for name, one in found.items() if not one.problem] == ["kim", "BOB", "alice"]
    assert not any("alice" in sentence for sentence in said)


@pytest.mark.parametrize("others", [[], ["notes.md"]])
def test_a_zip_beside_a_students_file_is_left_out_and_named(tmp_path, others):
    written(tmp_path, ["lab.py", "old.zip", *others])
    said = []
    assert [one.name for one in find_submissions([tmp_path], say=said.append)] == [tmp_path.name]
    assert "old.zip" in said[0]


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_an_export_is_known_however_many_folders_are_around_it(tmp_path, depth):
    around = "/".join("abc"[:depth])
    names = [f"{name}_{n}_assignsubmission_file_/lab.py" for n, name in enumerate(("Ann Poe", "Bo Orr"), 1)]
    written(tmp_path / around, names)
    assert [one.student.name for one in find_submissions([tmp_path])] == ["Ann Poe", "Bo Orr"]


# --- class lists ---------------------------------------------------------------------------------------------

ROSTER = """\ufeffStudent ID;Last name;First name;E-mail address;Username
s1;Doe;Jane;jane.doe@example.edu;jd1
s2;Groß;Max Émile;max@example.edu;mg2
s3;Doe;John;john@example.edu;jd3
s4;Absent;Ann;ann@example.edu;aa4
"""


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("s1", "s1"), ("S1/lab01", "s1"), ("jd1", "s1"), ("jane.doe", "s1"), ("Jane Doe_12345", "s1"), ("doejane_77", "s1"),
        ("jane.doe@example.edu", "s1"), ("Gross Max Emile", "s2"), ("hw/mg2/lab", "s2"), ("doe", None), ("nobody", None),
    ],
)  # fmt: skip
def test_a_class_list_matches_by_id_mail_login_and_name(tmp_path, name, student):
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    (tmp_path / "class").mkdir()
    found = find_submissions([written(tmp_path / "class", [f"{name}.py"])], "files")
    matched = read_roster(tmp_path / "roster.csv").complete(found)
    (entry,), strangers, absent = matched.found, matched.strangers, matched.absent
    assert entry.student.id == student
    assert (strangers == [name]) == (student is None)
    assert "Ann Absent" in absent and len(absent) == 4 - (student is not None)


def test_what_a_class_list_says_counts_more_and_the_exports_id_is_kept(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name,email\ns1,Jane Doe,jane@example.edu\n")
    found = find_submissions([written(tmp_path / "m", ["Jane Doe_12345_assignsubmission_file_/lab.py"])])
    (entry,) = read_roster(tmp_path / "roster.csv").complete(found).found
    ids = {"moodle": "12345", "school": "s1"}
    assert entry.student == Student(None, "Jane Doe", "jane@example.edu", ids=ids)


def test_two_students_of_one_name_are_neither(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name\n1,Jane Doe\n2,Doe Jane\n3,1\n")
    roster = read_roster(tmp_path / "roster.csv")
    assert roster.find_path("doejane").place is None
    assert roster.find_path("1").place == 0  # an id counts more than a name that looks like it


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no column"),
        (b"a,b\n1,2\n", "must name some of: id, name"),
        (b"id\n\xff\n", "not UTF-8"),
        (b'id,name\n"' + b"x" * 200_000, "not CSV"),
    ],
)
def test_a_class_list_that_is_none_gets_one_sentence(tmp_path, content, sentence):
    (tmp_path / "r.csv").write_bytes(content)
    with pytest.raises(CourseError, match=sentence):
        read_roster(tmp_path / "r.csv")
    with pytest.raises(CourseError, match="does not exist. It should be a class list"):
        read_roster(tmp_path / "gone.csv")


# --- nothing goes by without a word ----------------------------------------------------------------------------


def records(paths: list[Path]) -> dict[str, str]:
    """Each name, and the lab that its file names or why it cannot be read."""
    told = {}
    for entry in find_submissions(paths):
        try:
            told[entry.name] = entry.read().lab or ""
        except SubmissionError as problem:
            told[entry.name] = str(problem)
    return told


@pytest.mark.parametrize("name", ["LAB.PY", "Lab01.IPYNB", "lab.Py"])
def test_capitals_in_a_suffix_are_read(tmp_path, name):
    written(tmp_path / "class", ["amy/lab.py"])
    (tmp_path / "class/bo").mkdir()
    (tmp_path / "class/bo" / name).write_text(PY if name.lower().endswith("py") else NOTEBOOK)
    found = records([tmp_path / "class"])
    assert set(found) == {"amy", "bo" if name.lower() == "lab.py" else "bo/Lab01"}
    assert not [said for said in found.values() if "is not" in said]


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        ("lab.py.txt", "called lab.py"),
        ("lab.ipynb.json", "called lab.ipynb"),
        ("lab.rar", "that is in the archive"),
        ("lab.tar.gz", "that is in the archive"),
        ("lab", "with that ending"),
        ("lab.md", "itself"),
        ("screenshot.png", "itself"),
    ],
)
def test_whoever_handed_in_something_else_has_a_record_that_says_what_to_do(tmp_path, file, remedy):
    files = {"amy/lab.py": PY, f"bo/{file}": "x", "bo/.DS_Store": "x", "cy/Thumbs.db": "x"}
    found = records([written(tmp_path / "class", files)])
    assert (
        set(found) == {"amy", "bo"} and f"only {file}" in found["bo"] and found["bo"].endswith(f"{remedy}.")
    )


def test_other_files_beside_submissions_have_records_or_are_named(tmp_path):
    files = ["amy.py", "bo.py", "cy.py.txt", "di.rar", "ed.pdf", "fay.png", "README.md", "class.csv"]
    root = written(tmp_path / "class", files)
    names, said = told([root])
    assert sorted(name for name, _ in names) == ["amy", "bo", "cy", "di", "ed"]
    assert "cy.py.txt, di.rar, ed.pdf, fay.png." in said


def test_a_link_to_a_folder_is_named_and_a_link_that_is_given_is_followed(tmp_path):
    home = written(tmp_path / "home", ["lab.py"])
    root = written(tmp_path / "class", ["amy/lab.py"])
    (root / "bo").symlink_to(home)
    assert "is a link to a folder" in records([root])["bo"]
    (tmp_path / "current").symlink_to(root)
    assert set(records([tmp_path / "current"])) == {"amy", "bo"}


def test_students_folders_that_are_named_one_by_one_keep_their_names(tmp_path):
    root = written(tmp_path / "class", ["amy/hw.py", "bo/lab.py", "cy/a.py", "cy/b.py"])
    assert set(records(sorted(root.iterdir()))) == {"amy/hw", "bo", "cy/a", "cy/b"}


def test_the_starter_of_a_released_folder_is_no_answer_where_there_is_another(tmp_path):
    release = {"course.toml": "", "labs/lab01_toy/lab.py": PY, "labs/lab01_toy/lab.ipynb": NOTEBOOK}
    files = {f"amy/{name}": text for name, text in release.items()} | {"amy/lab01_toy.py": PY}
    files |= {f"bo/{name}": text for name, text in release.items()}
    found = records([written(tmp_path / "class", files)])
    assert {name for name in found if name.startswith("amy")} == {"amy/lab01_toy"}
    assert {name for name in found if name.startswith("bo")} == {
        "bo/labs/lab01_toy",
        "bo/labs/lab01_toy.py",
    }


def test_no_sentence_of_a_record_holds_a_path_of_this_machine(tmp_path):
    files = {"amy/lab.py": "\0", "bo/lab.ipynb": "{", "cy/x.pdf": "", "di/lab.py": ""}
    files |= {f"ed/{number}.py": PY for number in range(21)}
    for paths in ([written(tmp_path / "class", files)], [zipped(tmp_path / "class", tmp_path / "class.zip")]):
        said = [text for text in records(paths).values() if text != "lab01_toy"]
        assert len(said) == 5 and not [text for text in said if str(tmp_path) in text]


# --- zips of a stranger --------------------------------------------------------------------------------------


def a_zip(path: Path, members: dict[str, bytes], **how) -> Path:
    with zipfile.ZipFile(path, "w", how.get("method", zipfile.ZIP_DEFLATED)) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = how.get("method", zipfile.ZIP_DEFLATED)
            info.external_attr = how.get("mode", stat.S_IFREG | 0o644) << 16
            archive.writestr(info, data)
    return path


@pytest.mark.parametrize(
    "name",
    ["../evil.py", "/etc/evil.py", "a/../../evil.py", "C:/evil.py", "a\\..\\evil.py", "x" * 1050 + ".py"],
)
def test_a_member_that_leads_elsewhere_is_refused_and_the_others_graded(tmp_path, name):
    found = find_submissions([a_zip(tmp_path / "c.zip", {name: PY.encode(), "good.py": PY.encode()})])
    assert [f.name for f in found] == ["c", "c-refused"]
    assert found[0].read().lab == "lab01_toy"
    with pytest.raises(SubmissionError, match="whose name (leads outside|is longer)"):
        found[1].read()


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        (b"Zo\xc3\xab M\xc3\xbcller.py", "Zoë Müller"),  # UTF-8 without the flag that says so
        (b"Zoe\xcc\x88.py", "Zoë"),  # and decomposed, as macOS packs
        (b"Zo\x89.py", "Zoë"),  # the code page of old
        (b"class\\amy\\lab.py", "amy"),  # as Windows packs
        ("время: 12:30.py".encode(), "время: 12:30"),
    ],
)
def test_names_in_zips_made_elsewhere_are_those_that_were_meant(tmp_path, stored, name):
    path = a_zip(
        tmp_path / "c.zip",
        {"x" * len(stored): PY.encode(), "y.py" if b"class" not in stored else "class/y.py": PY.encode()},
    )
    path.write_bytes(path.read_bytes().replace(b"x" * len(stored), stored))
    assert {entry for entry, _ in told([path])[0]} == {f"c/{name}", "c/y"}


def test_many_refused_members_are_one_record(tmp_path):
    found = find_submissions([a_zip(tmp_path / "c.zip", {f"../{n}.py": b"x" for n in range(5)})])
    assert [f.name for f in found] == ["c-refused"]
    with pytest.raises(SubmissionError, match="it was left out. So were 4 more of such names.$"):
        found[0].read()


@pytest.mark.parametrize(
    ("data", "how", "sentence"),
    [
        (b"#" * (5 * 1024**2), {}, "larger than 4 MB"),
        (b"/etc/passwd", {"mode": stat.S_IFLNK | 0o777}, "link or a device"),
        (PY.encode(), {"method": zipfile.ZIP_BZIP2}, "another method than deflate"),
        (PY.encode(), {"method": zipfile.ZIP_LZMA}, "another method than deflate"),
        (b"", {}, "empty"),
    ],
)  # fmt: skip
def test_a_member_that_cannot_be_read_costs_only_itself(tmp_path, data, how, sentence):
    found = find_submissions([a_zip(tmp_path / "c.zip", {"a.py": data}, **how)])
    assert [f.name for f in found] == ["c"]
    with pytest.raises(SubmissionError, match=sentence):
        found[0].read()


def test_a_zip_with_too_many_members_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.platforms.origin.MAX_MEMBERS", 2)
    path = a_zip(tmp_path / "c.zip", {f"{n}.py": PY.encode() for n in range(3)})
    with pytest.raises(SubmissionError, match="holds 3 files; at most 2"):
        find_submissions([path])[0].read()


def test_an_encrypted_member_is_refused(tmp_path):
    path = a_zip(tmp_path / "c.zip", {"a.py": PY.encode()})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(SubmissionError, match="encrypted"):
        find_submissions([path])[0].read()


def test_any_damage_to_a_zip_is_one_sentence(tmp_path):
    whole = a_zip(tmp_path / "w.zip", {f"s{n}/lab.py": PY.encode() * 50 for n in range(3)}).read_bytes()
    draw = random.Random(0)
    damaged = [b"", b"PK", whole[:100], whole[: len(whole) // 2], whole[:-5]]
    for _ in range(150):
        bad = bytearray(whole)
        for _ in range(draw.randint(1, 8)):
            bad[draw.randrange(len(bad))] = draw.randrange(256)
        damaged.append(bytes(bad))
    path = tmp_path / "c.zip"
    for data in damaged:
        path.write_bytes(data)
        found = find_submissions([path])
        assert found
        for entry in found:
            try:
                entry.read()
            except SubmissionError as problem:
                assert str(problem).endswith(".") and "\n" not in str(problem)


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    bomb = a_zip(tmp_path / "c.zip", {"a.py": b"\0" * (300 * 1024**2)})
    import tracemalloc

    (entry,) = find_submissions([bomb])
    tracemalloc.start()
    with pytest.raises(SubmissionError, match="larger than 4 MB"):
        entry.read()
    assert tracemalloc.get_traced_memory()[1] < 40 * 1024**2
    tracemalloc.stop()


def test_one_file_is_graded_and_the_record_says_which_others_were_seen(tmp_path):
    """At a platform, and in a folder of somebody's own."""
    code = b"def double(x):\n    return 2 * x\n"
    for folder in (
        "moodle/Ann Poe_1_assignsubmission_file",
        "moodle/Bo Orr_2_assignsubmission_file",
        "class/ann",
    ):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "lab.py").write_bytes(code)
        (tmp_path / folder / "helpers.py").write_bytes(code)
    for place in ("moodle", "class"):
        for found in find_submissions([tmp_path / place]):
            (note,) = found.read().notes
            assert note == "One file is graded, lab.py; helpers.py was handed in with it and not looked at."
