"""The command: what it writes, when, what it refuses, and that a kill at any moment leaves whole files."""

from __future__ import annotations

import csv
import json
import os
import shutil
import stat

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from labkit import files
from labkit.cli.common import app
from labkit.errors import LabkitError
from labkit.report import Options, write_report
from labkit.report import write as writing
from labkit.report.making import KEY_FILE, figures_of
from labkit.report.statistics import Estimate
from tests.platforms.records import check, record
from tests.report.made import a_class, write

NOBODY = Options()


def content(folder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # outside any course
    return write(tmp_path / "graded", a_class(14, checks=24))


def test_everything_is_written_once_and_again_only_where_it_changed(folder):
    changed = {path.name for path in write_report(folder, NOBODY).changed}
    assert {
        "report.json",
        "report.html",
        "checks.csv",
        "mistakes.csv",
        "clusters.csv",
        "pairs.csv",
        "students.csv",
    } <= changed
    before = content(folder)
    assert write_report(folder, NOBODY).changed == [] and content(folder) == before


def test_equal_records_give_equal_bytes_in_whatever_order_they_were_written(folder, tmp_path):
    write_report(folder, NOBODY)
    other = write(tmp_path / "other", list(reversed(a_class(14, checks=24))))
    write_report(other, NOBODY)
    assert content(folder) == content(other)


def test_a_kill_at_any_write_leaves_whole_files_and_the_same_command_ends_with_the_same_bytes(
    folder, tmp_path, monkeypatch
):
    whole = write(tmp_path / "whole", a_class(14, checks=24))
    write_report(whole, NOBODY)
    for stop in range(1, 8):
        left = iter(range(stop))

        def replace(source, target, left=left):
            if next(left, None) is None:
                shutil.copy(source, f"{str(source).rpartition('.')[0]}.999999")  # what a kill leaves beside
                raise KeyboardInterrupt
            os.rename(source, target)

        with monkeypatch.context() as patched:
            patched.setattr(files.os, "replace", replace)
            with pytest.raises(KeyboardInterrupt):
                write_report(folder, NOBODY)
                raise KeyboardInterrupt
        for path in folder.rglob("*.json"):
            json.loads(path.read_text())
    write_report(folder, NOBODY)
    assert content(folder) == content(whole)


@pytest.mark.parametrize("damage", ["", "{", '{"schema": "labkit/result/v1"}', "[]"])
def test_a_damaged_record_is_named_and_nothing_is_written(folder, damage):
    victim = sorted(folder.iterdir())[3]
    (victim / "result.json").write_text(damage)
    before = content(folder)
    result = CliRunner().invoke(app, ["report", str(folder)])
    assert isinstance(result.exception, LabkitError) and result.exception.status == 2
    assert victim.name in str(result.exception)
    assert content(folder) == before


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(LabkitError, match="is not a folder"):
        write_report(tmp_path / "nowhere", NOBODY)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_the_smallest_classes_have_a_report(tmp_path, monkeypatch, n):
    monkeypatch.chdir(tmp_path)
    folder = write(tmp_path / "graded", a_class(n, checks=6))
    folder.mkdir(exist_ok=True)
    write_report(folder, NOBODY)
    assert json.loads((folder / "report.json").read_text())["schema"] == "labkit/report/v1"


def test_several_labs_have_a_page_each_behind_an_index(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    both = [record(f"{lab}/{name}", lab=lab) for lab in ("lab01_a", "lab02_b") for name in ("ann", "bob")]
    folder = write(tmp_path / "graded", both)
    write_report(folder, NOBODY)
    index = (folder / "report.html").read_text()
    assert 'href="report/lab01_a.html"' in index and 'href="report/lab02_b.html"' in index
    assert 'href="../lab02_b/bob/report.html"' in (folder / "report/lab02_b.html").read_text()
    with open(folder / "report/checks.csv", newline="") as stream:
        assert [row["lab"] for row in csv.DictReader(stream)] == ["lab01_a", "lab02_b"]


def test_who_is_missing_comes_from_the_class_list_and_groups_from_its_columns(folder, tmp_path):
    roster = tmp_path / "class.csv"
    rows = [
        [
            f"{400_000 + n}",
            f"Person {n}",
            "Tuesday" if n % 2 else "Friday",
            "teacher" if n == 3 else "student",
        ]
        for n in range(16)
    ]
    roster.write_text("id,full,section,role\n" + "\n".join(map(",".join, rows)) + "\n")
    write_report(folder, Options(roster=roster, by="Section"))
    [lab] = json.loads((folder / "report.json").read_text())["labs"]
    assert sorted(lab["missing"]) == ["400014", "400015"]
    assert [(group["name"], group["n"]) for group in lab["groups"]] == [("Friday", 7), ("Tuesday", 6)]
    assert [person["part"] for person in lab["students"]].count("staff") == 1
    with pytest.raises(LabkitError, match="no column 'Sektion'"):
        write_report(folder, Options(roster=roster, by="Sektion"))
    with pytest.raises(LabkitError, match="--roster"):
        write_report(folder, Options(by="Section"))


def test_an_anonymous_report_has_no_name_id_mail_or_text_of_a_student_in_any_byte(folder, tmp_path):
    made = a_class(14, checks=24)
    secret = [check("test_a", verdict="failed", message="got 'Xyzzy Plugh'")]
    made.append(
        record(
            "Plugh_Xyzzy_1",
            secret,
            student={"name": "Plugh Xyzzy"},
            notes=["Xyzzy.py is odd"],
            lab="lab01_made",
        )
    )
    write(folder, made)
    write_report(folder, Options(anonymous=True))
    files = {name: data for name, data in content(folder).items() if name.startswith("report")}
    texts = {"xyzzy", "plugh", "example.edu", "def answer_"}
    for one in made:
        for person in one.student.people:
            texts |= {(person.name or "").lower(), person.id or "", one.submission.lower()}
    for name, data in files.items():
        text = data.decode().lower()
        assert not {word for word in texts if word and word in text}, name
    key = folder / KEY_FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    again = files
    write_report(folder, Options(anonymous=True))
    assert {name: data for name, data in content(folder).items() if name.startswith("report")} == again
    key.unlink()
    write_report(folder, Options(anonymous=True))
    assert content(folder)["report.json"] != again["report.json"]


def test_what_changed_since_another_folder_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed = check(verdict="failed")
    write(tmp_path / "old", [record("ann", [failed]), record("bob"), record("cy")])
    write(tmp_path / "new", [record("ann"), record("bob", [failed]), record("cy"), record("dee")])
    write_report(tmp_path / "new", Options(against=tmp_path / "old"))
    [lab] = json.loads((tmp_path / "new/report.json").read_text())["labs"]
    assert [(one["who"], one["before"], one["after"], one["checks"]) for one in lab["changes"]] == [
        (1, 4, 0, [["test_it", "p", "F"]]),
        (0, 0, 4, [["test_it", "F", "p"]]),
    ]
    assert "Changed against old" in (tmp_path / "new/report.html").read_text()


def test_only_what_the_last_run_graded_is_reported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write(tmp_path, [record("ann"), record("gone")])
    (folder / "grades.csv").write_text("submission,lab\nann,lab01_toy\n")
    write_report(folder, NOBODY)
    [lab] = json.loads((folder / "report.json").read_text())["labs"]
    assert [person["submission"] for person in lab["students"]] == ["ann"]


def test_what_a_human_decided_counts_and_is_read_when_the_report_is_made(tmp_path, monkeypatch, toy_course):
    made = record(
        "ann", [check("test_double", "1.1", "failed", max_points=40)], student={"ids": {"school": "77"}}
    )
    folder = write(tmp_path / "graded", [made])
    course = tmp_path / "course"
    shutil.copytree(toy_course.root, course)
    (course / "adjustments.toml").write_text(
        '[[mark]]\nstudent = "77"\ncheck = "test_double"\npoints = 30\nreason = "our slip"\n'
    )
    write_report(folder, Options(course=course))
    [lab] = json.loads((folder / "report.json").read_text())["labs"]
    [person] = lab["students"]
    assert (person["score"], person["raw"], person["adjusted"]) == (30, 0, 30)
    assert {one[1] for one in lab["unmade"]} == {"squared", "in_place", "sum_of_doubles"}


def test_a_page_is_a_function_of_the_figures(folder):
    write_report(folder, NOBODY)
    import msgspec

    from labkit.report.figures import Report

    read = msgspec.json.decode((folder / "report.json").read_bytes(), type=Report)
    assert writing.pages(read)["report.html"] == (folder / "report.html").read_text()


def test_a_check_of_which_a_small_class_leaves_it_open_is_named_apart_from_those_at_fault(folder):
    lab = figures_of(folder, NOBODY).labs[0]
    open_ = replace(lab.items[0], r=Estimate(0.05, -0.1, 0.2, 60, "r"), flags=("hard",))
    sure = replace(open_, flags=("separates badly",))
    few = replace(open_, r=Estimate(0.05, -0.3, 0.4, 20, "r"))
    good = replace(open_, r=Estimate(0.3, 0.1, 0.5, 60, "r"))
    assert replace(lab, items=(open_, sure, few, good)).doubtful == [open_]
