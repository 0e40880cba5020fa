"""Attacks that are no single file of text: folders, links, devices, stale bytecode."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import shutil

import pytest

from tests.attacks.conftest import HERE, assert_still_correct

STUB = "def double(x):\n    return x\n"
RIGHT = (HERE / "correct.py").read_text()
MARK = "open('@OUT@/labkit-attack', 'w')\nraise SystemExit\n"


def test_21_22_60_files_beside_a_submission_are_never_run(arena, correct_records):
    folder = arena.handed_in / "mallory"
    for name in ("numpy", "labkit", "sitecustomize", "usercustomize", "conftest", "test_lab", "keras"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(MARK)
        (folder / f"{name}.py").write_text(MARK)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--collect-only'\n")
    (folder / "evil.pth").write_text("import os; " + MARK)
    (folder / "lab.py").write_text("import numpy\n" + STUB)
    outcome = arena()
    assert outcome.records["mallory"]["score"] == 0
    assert "mallory/numpy" not in outcome.records
    assert_still_correct(outcome, correct_records)


def test_64_a_course_of_ones_own_is_not_graded_by(arena, correct_records):
    folder = arena.handed_in / "mallory"
    tests = "from labkit.check import points, question\n"
    tests += "@question('1.1')\n@points(1000)\ndef test_all():\n    pass\n"
    for path, text in {
        "course.toml": "title = 'mine'\n[[labs]]\nname = 'lab01_target'\n",
        "solutions/lab01_target/test_lab.py": tests,
        "labs/lab01_target/test_lab.py": tests,
        ".github/workflows/grade.yml": "run: echo 100\n",
        ".ci/run": "echo 100\n",
        "lab.py": STUB,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    outcome = arena()
    assert outcome.records["mallory"]["score"] == 0
    assert outcome.records["mallory"]["max_score"] == 100
    assert_still_correct(outcome, correct_records)


def test_58_stale_bytecode_is_not_run_in_place_of_the_source(arena, correct_records):
    folder = arena.handed_in / "mallory"
    folder.mkdir()
    (folder / "lab.py").write_text(RIGHT)
    cached = importlib.util.cache_from_source(str(folder / "lab.py"))
    py_compile.compile(
        str(folder / "lab.py"), cached, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    shutil.copy(cached, folder / "lab.pyc")
    (folder / "lab.py").write_text(STUB)
    outcome = arena()
    assert outcome.records["mallory"]["score"] == 0
    assert_still_correct(outcome, correct_records)


def test_57_links_devices_and_pipes_are_refused_with_one_line_each(arena, target, correct_records):
    here = arena.handed_in
    (here / "a_link.py").symlink_to(target.root / "solutions/lab01_target/lab.py")
    (here / "b_dangling.py").symlink_to("/nowhere")
    os.mkfifo(here / "c_fifo.py")
    (here / "d_loop.py").symlink_to("d_loop.py")
    (here / "e_link_to_folder").symlink_to(target.root / "solutions")
    (here / "f_folder.py").mkdir()
    (here / "g_archive.zip").write_bytes(b"PK\x03\x04../../evil.py")
    names = ["a_link", "b_dangling", "c_fifo", "d_loop", "e_link_to_folder", "g_archive"]
    if os.getuid() == 0:
        os.mknod(here / "h_device.py", 0o600 | 0o020000, os.makedev(1, 5))  # endless zeros
        names.append("h_device")
    outcome = arena()
    assert sorted(outcome.records) == [*names, "zz_correct"]
    for name in names:
        record = outcome.records[name]
        assert record["score"] == 0
        assert len(record["notes"]) == 1 and "\n" not in record["notes"][0]
        said = ("symbolic link", "link to a folder", "not a regular file", "zip")
        assert any(words in record["notes"][0] for words in said), record["notes"]
    assert_still_correct(outcome, correct_records)


def test_57_a_hard_link_to_the_solution_is_only_what_its_text_is(arena, target):
    # whoever can make one could have read the file; the grader treats it as the text that it holds
    os.link(target.root / "solutions/lab01_target/test_lab.py", arena.handed_in / "mallory.py")
    shutil.copy(arena.handed_in / "mallory.py", arena.handed_in / "copy.py")
    (arena.handed_in / "mallory.py").unlink()
    assert arena().records["copy"]["score"] == 0


@pytest.mark.parametrize(
    "name", ["=HYPERLINK(1)", "-1+1", "@SUM(1)", 'a,b"c', "‮evil", "x" * 200, "ناصر", "🙂 '"]
)
def test_54_56_names_are_the_path_and_inert_in_the_table(name, arena, correct_records):
    (arena.handed_in / f"{name}.py").write_text(STUB)
    outcome = arena()
    rows = (arena.out / "grades.csv").read_text("utf-8").splitlines()
    assert len(rows) == 3
    assert not any(row.startswith(("=", "-", "@", "+")) for row in rows)
    assert "‮" not in "".join(rows)
    assert_still_correct(outcome, correct_records)
