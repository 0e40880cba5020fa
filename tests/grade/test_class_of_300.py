"""A class of 300 over a term: late work, extensions, marks, two regrades; in the end as if it were graded but once."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path, PurePosixPath

import pytest

from labkit.adjustments import read_adjustments
from labkit.course import Course, read_course
from labkit.grade import kept
from labkit.grade.batch import Batch, Grading
from labkit.grade.journal import Journal
from labkit.platforms.origin import File
from labkit.record import Student, without_times
from labkit.record.found import Found
from labkit.worker import Plan

SOURCES = (
    "def double(x):\n    return 2 * x\n\n\ndef mean_of_doubles(x):\n    return float(2 * x.mean())\n",
    "def double(x):\n    return x ** 2\n\n\ndef mean_of_doubles(x):\n    return float(2 * x.mean())\n",
    "def double(x):\n    return 2 * x\n",
    "def double(x):\n    x *= 2\n    return x\n\n\ndef mean_of_doubles(x):\n    return 7.0\n",
    "def double(x):\n    return 3 * x[:3]\n",
    "def double(x:\n",
    "",
)
DUE = datetime(2026, 10, 1, 23, 59, tzinfo=timezone(timedelta(hours=2)))


def handed_in(folder: Path) -> list[Found]:
    """300 students, each with a file of their own; every seventh handed in late, every eleventh at an unknown time."""
    folder.mkdir()
    found = []
    for n in range(300):
        name = f"s{n:03}"
        (folder / f"{name}.py").write_text(f"# labkit: lab01_toy\n# {name}\n{SOURCES[n % len(SOURCES)]}")
        when = DUE + timedelta(hours=-3 if n % 7 else 20 + n)
        student = Student(
            name=f"Student Number{n}",
            ids={"school": f"{1000 + n}"},
            submitted_at=None if n % 11 == 10 else when.isoformat(),
        )
        file = File(PurePosixPath(f"{name}.py"), folder / f"{name}.py")
        found.append(Found(name, file.path, file, student))
    return found


def decisions(points: int) -> str:
    """30 marks, 20 extensions and 10 comments."""
    text = ""
    for n in range(0, 300, 10):
        about = 'check = "test_mean"' if n % 20 else 'question = "1.1"'
        text += f'[[mark]]\nstudent = "{1000 + n}"\n{about}\npoints = {points + n % 9}\nreason = "n {n}"\n'
    for n in range(0, 140, 7):
        text += f'[[extension]]\nstudent = "Number{n} Student"\nuntil = 2026-10-0{2 + n % 7}T23:59:00+02:00\n'
    for n in range(5, 300, 30):
        text += f'[[comment]]\nstudent = "s{n:03}"\ntext = "See me, {n}."\n'
    return text


@pytest.mark.slow
def test_after_two_regrades_the_records_are_those_of_one_fresh_run(toy_course, tmp_path):
    root, found = tmp_path / "course", handed_in(tmp_path / "class")
    shutil.copytree(toy_course.root, root)
    (root / "course.toml").write_text(
        f'[late]\npenalty_per_day = 10\nmax_days = 5\n\n[[labs]]\nname = "lab01_toy"\ndue = {DUE.isoformat()}\n'
    )
    tests = root / "solutions/lab01_toy/test_lab.py"

    def edit(old: str, new: str) -> None:
        assert old in tests.read_text()
        tests.write_text(tests.read_text().replace(old, new, 1))
        kept.check_hashes.cache_clear()

    def graded(out: str, *checks: str) -> Batch:
        course: Course = read_course(root)
        decided = read_adjustments(course).find((one.name, one.student) for one in found)
        with Journal(tmp_path / out) as journal:
            how = Grading(course, tmp_path / out, b"salt", Plan(), journal=journal, adjustments=decided)
            return how.grade(found, checks=checks)

    (root / "adjustments.toml").write_text(decisions(2))
    first = graded("out")
    assert len({record.final_score for record in first.records}) > 15
    mend = "expect.close(answer, reference.double(x))", "expect.shape(answer, x.shape)"
    edit(*mend)
    edit(*mend)  # both forgive who squared, and what waits for 1.1 is carried out
    second = graded("out", "test_double")
    assert {change.check for change in second.changes} >= {"test_double", "test_mean"}
    edit("x = rng.normal(size=9)", "x = rng.normal(size=8) + 1")
    edit("@points(25)", "@points(20)")
    edit("@points(15)", "@points(20)")
    (root / "adjustments.toml").write_text(decisions(3))
    third = graded("out")
    assert third.stale == 0 and third.kept == 0 and third.changes
    fresh = graded("fresh")
    assert [without_times(one.as_dict()) for one in third.records] == [
        without_times(one.as_dict()) for one in fresh.records
    ]
    assert (tmp_path / "out/grades.csv").read_bytes() == (tmp_path / "fresh/grades.csv").read_bytes()
    counted = {record.submission: record for record in fresh.records}
    assert counted["s000"].adjusted[0].points == 3 and counted["s000"].late.extension
    assert graded("out").kept == sum(record.file != "" for record in fresh.records)
