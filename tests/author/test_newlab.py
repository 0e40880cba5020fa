"""A new lab works before its author has written a line, in a course that need not exist yet."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from labkit.author.build import build, stale
from labkit.author.newlab import new_lab
from labkit.author.problems import problems
from labkit.author.selftest import passes, selftest, unnamed
from labkit.course import CourseError, read_course


def run(folder, *arguments):
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "MPLBACKEND": "Agg"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=folder, env=env, capture_output=True, text=True
    )


def test_a_new_lab_has_no_problem_and_its_checks_tell_right_from_wrong(tmp_path):
    new_lab("lab02_nearest_mean", tmp_path)
    lab = read_course(tmp_path).lab("lab02")
    assert problems(lab) == []
    assert [question.id for question in lab.questions] == ["2.1", "2.2", "2.3", "quiz"]
    for salt in (b"one", b"two", b"three", b"four"):
        trials = selftest(lab, salt)
        assert passes(trials) and unnamed(trials) == []
        assert {kind: sum(trial.kind == kind for trial in trials) for kind in ("variant", "mistake")} == {
            "variant": 9,
            "mistake": 15,
        }
    build(lab, lab.handout)
    assert stale(lab) == []


def test_the_lesson_of_a_new_lab_runs_from_top_to_bottom(tmp_path):
    written = new_lab("lab12_my_lab", tmp_path)
    assert "@" not in (tmp_path / "solutions/lab12_my_lab/lab.py").read_text()
    done = run(tmp_path, written[0])
    assert done.returncode == 0, done.stderr
    percent = float(done.stdout.split()[-1].rstrip("%"))
    assert 70 < percent < 90  # 82 % on all test digits


def test_the_command_begins_a_course_in_an_empty_folder_and_adds_to_it_later(tmp_path):
    assert run(tmp_path, "-m", "labkit.cli", "new-lab", "lab01_first").returncode == 0
    done = run(tmp_path, "-m", "labkit.cli", "new-lab", "lab02_second")
    assert done.returncode == 0 and "labkit selftest lab02_second\n" in done.stdout
    assert read_course(tmp_path).order == ("lab01_first", "lab02_second")
    assert '"\n\n[[labs]]\nname = "lab02_second"\n' in (tmp_path / "course.toml").read_text()


def test_the_command_begins_a_course_in_a_folder_that_does_not_exist(tmp_path):
    done = run(tmp_path, "-m", "labkit.cli", "new-lab", "lab01_first", "--course", "my course")
    assert done.returncode == 0 and read_course(tmp_path / "my course").title == "my course"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lab1_short", "no name for a lab"),
        ("lab02", "no name for a lab"),
        ("lab02_Upper", "no name for a lab"),
        ("../lab02_up", "no name for a lab"),
        ("lab01_first", "is there already"),
        ("lab01_other", "has lab01_first already"),
    ],
)
def test_a_name_that_will_not_do_is_refused_and_nothing_changes(tmp_path, name, words):
    new_lab("lab01_first", tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(CourseError, match=words):
        new_lab(name, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("command", ["new-lab", "build", "solve", "release"])
def test_every_command_of_an_author_explains_itself(tmp_path, command):
    done = run(tmp_path, "-m", "labkit.cli", command, "--help")
    assert done.returncode == 0 and "--course" in done.stdout and len(done.stdout.splitlines()) > 8


def test_a_folder_with_other_things_is_no_course(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    done = run(tmp_path, "-m", "labkit.cli", "new-lab", "lab01_first")
    assert done.returncode == 2 and "--course FOLDER" in done.stderr
    assert os.listdir(tmp_path) == ["thesis.tex"]
