"""A class graded in processes: equal records at any number of them, graders that die, and what is printed."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor

import psutil
import pytest

from labkit.grade.batch import Grading, Observer, Running
from labkit.grade.pool import GraderDied, LocalPool
from labkit.platforms import find_submissions
from labkit.worker import Plan
from tests.grade.test_journal import CLASS, RIGHT, hand_in, lines_of, timeless


def test_records_are_equal_in_this_process_and_in_any_number_of_others(toy_course, tmp_path):
    from labkit.grade.journal import Journal
    from labkit.grade.one import live_answers

    live_answers.cache_clear()  # what this process still knows is not written once more
    hand_in(tmp_path / "class", {f"{n}-{name}": text for n in range(2) for name, text in CLASS.items()})
    found = find_submissions([tmp_path / "class"])
    results = []
    for jobs in (0, 1, 2):
        out = tmp_path / f"out{jobs}"
        with Journal(out) as journal:
            how = Grading(toy_course, out, b"salt", Plan(), journal=journal)
            if jobs:
                with LocalPool(jobs) as pool:
                    how.executor, how.width = pool, jobs
                    how.grade(found)
            else:
                how.grade(found)
        results.append(timeless(out))
    assert results[0] == results[1] == results[2]
    assert len(results[0]["journal"]) == 6


def test_any_executor_of_futures_will_do(toy_course, tmp_path):
    hand_in(tmp_path / "class")
    found = find_submissions([tmp_path / "class"])
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        how = Grading(toy_course, tmp_path / "out", b"salt", Plan(), executor=pool, width=2)
        assert [record.score for record in how.grade(found).records] == [100, 0, 0, 0]


def test_a_grader_process_stays_and_one_that_died_is_replaced():
    with LocalPool(1) as pool:
        first = pool.submit(os.getpid).result(timeout=60)
        assert pool.submit(os.getpid).result(timeout=60) == first != os.getpid()
        with pytest.raises(GraderDied, match="exit status 3"):
            pool.submit(os._exit, 3).result(timeout=60)
        with pytest.raises(GraderDied, match="SIGKILL, as when memory runs out"):
            pool.submit(signal.raise_signal, signal.SIGKILL).result(timeout=60)
        with pytest.raises(RuntimeError, match="ValueError"):
            pool.submit(int, "x").result(timeout=60)
        last = pool.submit(os.getpid).result(timeout=60)
        assert last != first
        with pytest.raises(RuntimeError, match="all 1 grader processes"):
            pool.submit(signal.pause)
            pool.submit(os.getpid)
    assert not psutil.pid_exists(last)  # although it had something to do


def test_a_grader_process_that_has_grown_too_large_is_replaced(monkeypatch):
    with LocalPool(1) as pool:
        first = pool.submit(os.getpid).result(timeout=60)
        monkeypatch.setattr("labkit.grade.pool._MEMORY", 1)
        assert pool.submit(os.getpid).result(timeout=60) != first
        assert not psutil.pid_exists(first)


def test_grader_processes_have_the_same_number_of_threads_and_ours_keeps_its_environment():
    before = dict(os.environ)
    with LocalPool(2) as pool:
        futures = [pool.submit(os.getenv, name) for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")]
        assert [future.result(timeout=60) for future in futures] == ["2", "2"]
    assert dict(os.environ) == before


class Killer(Observer):
    """Kills the grader process of one submission, so many times."""

    def __init__(self, pool: LocalPool, name: str, times: int):
        self.pool, self.name, self.times = pool, name, times
        self.killed: set[int] = set()

    def tick(self, running: list[Running]) -> None:
        for child in psutil.Process().children():
            mine = "spawn_main" in " ".join(child.cmdline()) and child.pid not in self.killed
            if mine and self.times and [job.name for job in running] == [self.name]:
                self.times -= 1
                self.killed.add(child.pid)
                child.kill()


@pytest.mark.parametrize(("kills", "score"), [(1, 100), (2, 0)])
def test_a_grader_that_dies_costs_a_retry_and_then_only_its_submission(toy_course, tmp_path, kills, score):
    slow = RIGHT.replace("    return 2 * x\n", "    import time; time.sleep(0.6)\n    return 2 * x\n", 1)
    hand_in(tmp_path / "class", {"alice.py": RIGHT, "bob.py": slow, "carol.py": RIGHT})
    with LocalPool(1) as pool:
        watch = Killer(pool, "bob", kills)
        how = Grading(toy_course, tmp_path / "out", b"salt", Plan(), executor=pool, observer=watch)
        batch = how.grade(find_submissions([tmp_path / "class"]))
    assert watch.times == 0
    assert [record.score for record in batch.records] == [100, score, 100]
    if kills == 2:
        assert batch.failures == ["bob: the grader process was ended by SIGKILL, as when memory runs out"]
        assert batch.records[1].notes == ("The grader failed on this submission; that is no fault of it.",)


def test_what_the_grader_failed_on_is_tried_again_next_time(toy_course, tmp_path, monkeypatch):
    from labkit.grade import batch as batch_module
    from labkit.grade.journal import Journal

    hand_in(tmp_path / "class", {"alice.py": RIGHT})
    found = find_submissions([tmp_path / "class"])

    def grade():
        with Journal(tmp_path / "out") as journal:
            return Grading(toy_course, tmp_path / "out", b"salt", Plan(), journal=journal).grade(found)

    with monkeypatch.context() as patched:
        patched.setattr(batch_module, "carry_out", lambda task: 1 / 0)
        assert grade().failures == ["alice: division by zero"]
    assert lines_of(tmp_path / "out") == 3  # the run, the failure, and that the run came to its end
    assert grade().records[0].score == 100


# --- the command ---------------------------------------------------------------------------------------------

METADATA = """
submission_1:
  :submitters:
  - :name: Jane Doe
    :sid: s1
    :email: jane@example.edu
  :created_at: 2026-02-03 04:05:06 Z
submission_2:
  :submitters:
  - :name: Max Big
    :sid: s2
    :email: max@example.edu
"""


def test_an_export_a_class_list_and_a_damaged_zip_in_one_command(toy_course, tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("assignment_9_export/submission_metadata.yml", METADATA)
        archive.writestr("assignment_9_export/submission_1/lab.py", RIGHT)
        archive.writestr("assignment_9_export/submission_2/scan.pdf", "")
        archive.writestr("assignment_9_export/../../evil.py", RIGHT)
    (tmp_path / "late.zip").write_bytes(b"PK\x03\x04 cut off")
    (tmp_path / "roster.csv").write_text("id,name\ns1,Jane Amelia Doe\ns2,Max Big\ns3,Ann Absent\n")
    command = [
        sys.executable,
        "-m",
        "labkit.cli",
        "grade",
        "export.zip",
        "late.zip",
        "--roster",
        "roster.csv",
    ]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LABKIT_COURSE": str(toy_course.root)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = {row["submission"]: row for row in csv.DictReader((tmp_path / "graded/grades.csv").open())}
    assert {name: row["score"] for name, row in rows.items()} == {
        **{"submission_1": "100", "submission_2": "0", "export-refused": "0", "late": "0"}
    }
    jane = rows["submission_1"]
    assert (jane["student_id"], jane["name"], jane["email"]) == ("s1", "Jane Amelia Doe", "jane@example.edu")
    assert jane["submitted_at"] == "2026-02-03T04:05:06+00:00"
    assert "hand in the .py or .ipynb file itself" in rows["submission_2"]["notes"]
    assert "leads outside of it" in rows["export-refused"]["notes"]
    assert "not a zip that can be read" in rows["late"]["notes"]
    record = json.loads((tmp_path / "graded/submission_1/result.json").read_text())
    assert record["student"] == {
        **{"id": "s1", "name": "Jane Amelia Doe", "email": "jane@example.edu"},
        "submitted_at": "2026-02-03T04:05:06+00:00",
        "ids": {"school": "s1"},
    }
    assert "1 of the class list handed in nothing: Ann Absent." in done.stdout
    assert "2 match nobody in the class list: late, export-refused." in done.stdout or (
        "2 match nobody in the class list: export-refused, late." in done.stdout
    )
    assert not list(tmp_path.parent.glob("evil.py")) and not list(tmp_path.glob("evil.py"))
    alone = subprocess.run([*command[:4], "late.zip"], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert alone.returncode == 2 and "late.zip is not a zip that can be read" in alone.stderr


def test_results_among_the_submissions_are_no_submissions_the_next_time(labkit, tmp_path):
    for name in ("alice", "bob"):
        (tmp_path / "class" / name).mkdir(parents=True)
        hand_in(tmp_path / "class" / name, {"lab.py": RIGHT})
    for _ in range(2):
        done = labkit("grade", "class", "--out", "class/graded", "--lab", "lab01")
        assert done.returncode == 0 and "left out" not in done.stderr
        table = (tmp_path / "class/graded/grades.csv").read_text().splitlines()
        assert [row.partition(",")[0] for row in table[1:]] == ["alice", "bob"]
    for out in ("class", "class/alice"):
        done = labkit("grade", "class", "--out", out, "--lab", "lab01")
        assert done.returncode == 2 and "give a folder of its own by --out" in done.stderr
    assert not (tmp_path / "class/salt").exists()


def test_grading_without_a_journal_keeps_none(toy_course, tmp_path):
    found = find_submissions([hand_in(tmp_path / "class")])
    batch = Grading(toy_course, tmp_path / "out", b"salt", Plan()).grade(found)
    assert [record.score for record in batch.records] == [100, 0, 0, 0]
    assert not (tmp_path / "out/journal.jsonl").exists()
