"""Grading over a cluster: a real scheduler and real worker processes, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from labkit.record import without_times
from tests.conftest import REPOSITORY

pytest.importorskip("distributed")

RIGHT = "import numpy as np\n\ndef double(x):\n    return 2 * x\n\ndef mean_of_doubles(x):\n    return float(double(x).mean())\n"


@pytest.fixture
def handed_in(tmp_path):
    folder = tmp_path / "handed_in"
    folder.mkdir()
    for number in range(6):
        wrong = "return 3 * x" if number % 3 == 1 else "import time\n    time.sleep(0.4)\n    return 2 * x"
        (folder / f"s{number}.py").write_text(RIGHT.replace("return 2 * x", wrong))
    return folder


def command(toy_course, handed_in, out, *more) -> list[str]:
    base = [sys.executable, "-m", "labkit.cli", "grade", str(handed_in), "--lab", "lab01", "--salt", "s"]
    return [*base, "--course", str(toy_course.root), "--out", str(out), *map(str, more)]


def results(out) -> dict[str, dict]:
    return {
        str(path.parent.relative_to(out)): without_times(json.loads(path.read_text()))
        for path in out.rglob("result.json")
    }


class Cluster:
    """A scheduler and workers, each a process of its own, as an administrator starts them."""

    def __init__(self, folder, workers: int):
        self.folder = folder
        self.processes = [self._start("scheduler", "--port", "0", "--no-dashboard")]
        self.address = self._said(r"Scheduler at:\s+(tcp://\S+)")
        for number in range(workers):
            self.add_worker(number)

    def add_worker(self, number: int, **environment: str) -> None:
        more = ["--nthreads", "2", "--no-dashboard", "--local-directory", str(self.folder / f"w{number}")]
        self.processes.append(self._start("worker", self.address, *more, "--no-nanny", **environment))

    def _start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        log = open(self.folder / "log", "ab")  # noqa: SIM115
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            stdout=log,
            stderr=log,
            cwd=REPOSITORY,
            env={**os.environ, **environment},
        )

    def _said(self, pattern: str) -> str:
        for _ in range(300):
            if found := re.search(pattern, (self.folder / "log").read_text()):
                return found[1]
            time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    folder = tmp_path / "cluster"
    folder.mkdir()
    cluster = Cluster(folder, 2)
    yield cluster
    cluster.end()


def test_a_worker_that_is_killed_costs_nothing(toy_course, handed_in, cluster, tmp_path):
    here = command(toy_course, handed_in, tmp_path / "here", "--jobs", 1)
    subprocess.run(here, check=True, stdout=subprocess.DEVNULL)
    there = command(toy_course, handed_in, tmp_path / "there", "--scheduler", cluster.address)
    grading = subprocess.Popen(there, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    victim = psutil.Process(cluster.processes[1].pid)
    journal = tmp_path / "there" / "journal.jsonl"
    for _ in range(1200):  # until it grades: one record is there, and a worker of ours runs beneath it
        begun = journal.is_file() and journal.read_bytes().count(b"\n") > 1
        if (begun and victim.children()) or grading.poll() is not None:
            break
        time.sleep(0.02)
    family = victim.children(recursive=True)
    assert family, "the worker was never given a submission"
    victim.send_signal(signal.SIGKILL)
    said, _ = grading.communicate(timeout=120)
    assert grading.returncode == 0, said
    expected = results(tmp_path / "here")
    assert len(expected) == 6 and {record["score"] for record in expected.values()} == {100, 0}
    assert results(tmp_path / "there") == expected
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive, "what the lost worker had started lives on"


def test_a_cluster_of_this_machine(toy_course, handed_in, tmp_path):
    done = subprocess.run(
        command(toy_course, handed_in, tmp_path / "out", "--scheduler", "local:2"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(results(tmp_path / "out")) == 6
    # the journal lies with the client: nothing is left to do, here or there
    again = subprocess.run(command(toy_course, handed_in, tmp_path / "out"), capture_output=True, text=True)
    assert again.returncode == 0 and "6 as they were" in again.stdout


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("local:0", "after local: comes the number of processes"),
        ("local:many", "after local: comes the number of processes"),
        ("nonsense://x", "No scheduler answers at nonsense://x"),
    ],
)
def test_a_wrong_address_gets_one_sentence(toy_course, handed_in, tmp_path, address, sentence):
    done = subprocess.run(
        command(toy_course, handed_in, tmp_path / "out", "--scheduler", address),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr


def test_a_worker_with_another_solution_is_refused(toy_course, handed_in, tmp_path, monkeypatch):
    from labkit.course import CourseError
    from labkit.grade import cluster as module
    from labkit.worker import Plan

    class Client:
        """Stands for a cluster one of whose machines has an older copy of the course."""

        scheduler = type("Scheduler", (), {"address": "tcp://x"})

        def run(self, function, folders, on_error):
            return {"tcp://good": function(folders), "tcp://old": {**function(folders), str(folders[0]): "0"}}

    with pytest.raises(CourseError, match="tcp://old has .* here is"):
        module._compared(Client(), toy_course.labs, Plan())
