"""`labkit export` as its users type it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from labkit.platforms import VISIBILITIES
from tests.platforms.records import FORMATS, a_class


@pytest.fixture
def labkit(tmp_path):
    """Run a command beside a folder `graded` of three results; returns the finished process."""
    for result in a_class():
        path = tmp_path / "graded" / result.submission / "result.json"
        path.parent.mkdir(parents=True)
        path.write_text(result.as_json())

    def run(*arguments):
        command = [sys.executable, "-m", "labkit.cli", *map(str, arguments)]
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)

    return run


def test_help_lists_every_format_and_visibility(labkit):
    out = labkit("export", "--help").stdout
    assert all(name in out for name in (*FORMATS, *VISIBILITIES, "--sheet", "--column"))


def test_the_default_folder_lies_beside_the_results(labkit, tmp_path):
    done = labkit("export", "graded", "--to", "gradescope")
    assert done.returncode == 0 and done.stderr == ""
    paths = [tmp_path / line for line in done.stdout.split("\n") if line]
    assert paths == [
        tmp_path / f"graded-gradescope/{name}/results.json" for name in ("alice", "carol", "group 7/bob")
    ]
    assert json.loads(paths[0].read_text())["score"] == 22.5


@pytest.mark.parametrize(
    ("out", "written"), [("x", "x/junit.xml"), ("report.xml", "report.xml"), ("a/b", "a/b/junit.xml")]
)
def test_out_is_a_folder_or_for_a_single_file_its_name(labkit, tmp_path, out, written):
    assert labkit("export", "graded", "--to", "junit", "--out", out).returncode == 0
    assert (tmp_path / written).is_file()


def test_a_dash_prints_a_single_file(labkit, tmp_path):
    done = labkit("export", "graded/alice", "--to", "autolab", "--out", "-")
    assert json.loads(done.stdout.splitlines()[-1])["scoreboard"] == [22.5]
    assert [path.name for path in tmp_path.iterdir()] == ["graded"]


def test_a_sheet_is_filled_in_and_who_is_missing_is_named(labkit, tmp_path):
    (tmp_path / "book.csv").write_text("Student,ID,Section,HW (7)\nAlice Doe,1,A,\n")
    options = ("--to", "canvas", "--sheet", "book.csv", "--column", "7", "--out", "filled.csv")
    done = labkit("export", "graded", *options)
    assert done.returncode == 0 and "'carol', 'group 7/bob' are not in the gradebook" in done.stderr
    assert (tmp_path / "filled.csv").read_text().splitlines()[1] == "Alice Doe,1,A,22.50"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("graded", "--to", "blackboard"), "choose one of autolab"),
        (("missing", "--to", "csv"), "missing is not a folder"),
        (("graded", "--to", "canvas"), "--sheet FILE"),
        (("graded", "--to", "moodle", "--sheet", "missing.csv"), "missing.csv does not exist"),
        (("graded", "--to", "csv", "--hidden", "never"), "--hidden is one of"),
        (("graded", "--to", "gradescope", "--out", "-"), "name a folder"),
        (("graded", "--to", "csv", "--out", "graded/alice/result.json/x"), "cannot be written"),
        (("graded",), "--to"),
    ],
)
def test_bad_usage_gets_one_sentence(labkit, arguments, words):
    done = labkit("export", *arguments)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


def test_nothing_is_written_when_a_record_is_damaged(labkit, tmp_path):
    (tmp_path / "graded/carol/result.json").write_text("{")
    done = labkit("export", "graded", "--to", "csv")
    assert done.returncode == 2 and "graded/carol/result.json is damaged" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["graded"]
