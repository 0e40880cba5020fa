"""nbgrader itself reads what is written. Needs nbgrader: installed, or LABKIT_NBGRADER_PYTHON names its Python."""

from __future__ import annotations

import csv
import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from labkit.platforms import export
from labkit.platforms.nbgrader import HEADER, SCRIPT
from tests.platforms.records import HOSTILE, a_class, check, hostile, record

PYTHON = os.environ.get("LABKIT_NBGRADER_PYTHON") or (
    sys.executable if importlib.util.find_spec("nbgrader") else None
)
with_nbgrader = pytest.mark.skipif(PYTHON is None, reason="nbgrader is not installed")


def rows_of(text: str) -> dict[str, dict[str, str]]:
    return {row["student_id"]: row for row in csv.DictReader(io.StringIO(text))}


def test_the_csv_has_nbgraders_columns_and_its_arithmetic():
    text = export(a_class(), "nbgrader").files["grades.csv"]
    assert text.splitlines()[0] == ",".join(HEADER)
    for row in rows_of(text).values():
        assert float(row["score"]) == float(row["raw_score"]) - float(row["late_submission_penalty"])
    alice = rows_of(text)["4711"]
    assert (alice["last_name"], alice["first_name"], alice["score"]) == ("Doe", "Alice", "22.5")


def test_without_nbgrader_the_script_says_so(tmp_path):
    (tmp_path / SCRIPT).write_text(export(a_class(), "nbgrader").files[SCRIPT])
    command = [sys.executable, "-S", "-E", str(tmp_path / SCRIPT)]  # no site-packages, so no nbgrader
    done = subprocess.run(command, capture_output=True, text=True)
    assert (
        done.returncode == 1 and "nbgrader is not installed" in done.stderr and "Traceback" not in done.stderr
    )


def fill(folder: Path, results: list) -> dict[str, dict[str, str]]:
    """Fill a gradebook, and have nbgrader export it."""
    for name, text in export(results, "nbgrader").files.items():
        (folder / name).write_text(text, encoding="utf-8")
    environment = os.environ | {
        "PATH": f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
    }

    def run(*command):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done

    assert run(PYTHON, SCRIPT, "gradebook.db").stderr == ""
    run(PYTHON, "-m", "nbgrader", "export", "--to", "out.csv", f"--CourseDirectory.root={folder}")
    return rows_of((folder / "out.csv").read_text(encoding="utf-8"))


@with_nbgrader
@pytest.mark.slow
def test_nbgrader_exports_the_scores_that_were_put_in(tmp_path):
    ours = rows_of(export(a_class(), "nbgrader").files["grades.csv"])
    theirs = fill(tmp_path, a_class())
    assert set(theirs) == set(ours)
    for student, row in theirs.items():
        for key in ("raw_score", "late_submission_penalty", "score", "max_score"):
            assert float(row[key]) == float(ours[student][key]), (student, key)
    assert theirs["4711"]["timestamp"] == "2026-10-02 18:00:00"  # nbgrader keeps UTC
    assert theirs["4711"]["duedate"] == "2026-10-01 21:59:00"


@with_nbgrader
@pytest.mark.slow
def test_filling_again_updates_and_keeps_what_was_given_by_hand(tmp_path):
    def in_gradebook(*lines: str) -> None:
        opened = "import nbgrader.api as api\nwith api.Gradebook('sqlite:///gradebook.db') as book:"
        code = "\n    ".join([opened, *lines, "book.db.commit()"])
        environment = os.environ | {"PATH": f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run([PYTHON, "-c", code], cwd=tmp_path, env=environment, check=True, capture_output=True)

    # the student has handed in another notebook of this assignment already
    in_gradebook(
        "book.add_assignment('lab01_toy'); book.add_notebook('essay', 'lab01_toy')",
        "book.add_student('1'); book.add_submission('lab01_toy', '1')",
    )
    assert float(fill(tmp_path, [record(student={"id": "1"})])["1"]["score"]) == 4
    in_gradebook("book.find_grade('1.1-test_it', 'lab01_toy', 'lab01_toy', '1').manual_score = 2")
    more = record(checks=[check(verdict="failed"), check("test_new", max_points=3)], student={"id": "1"})
    row = fill(tmp_path, [more])["1"]
    assert (float(row["score"]), float(row["max_score"])) == (5, 7)  # 2 by hand, 3 from the new check


@with_nbgrader
@pytest.mark.slow
def test_nbgrader_takes_hostile_texts(tmp_path):
    results = [
        replace(result, student=replace(result.student, id=f"s{number}", submitted_at=None))
        for number, result in enumerate(hostile(text) for text in list(HOSTILE.values())[::3])
    ]
    assert len(fill(tmp_path, results)) >= 1
