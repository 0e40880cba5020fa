"""Grades attacks on a course made for them, and looks at what they leave behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

import labkit
from labkit import lazy
from labkit.course import Course, Lab, read_course
from labkit.grade import Grading
from labkit.platforms import find_submissions
from labkit.record import without_times
from labkit.worker import Plan, process
from labkit.worker.isolation import candidates
from labkit.worker.launch import warm_server

HERE = Path(__file__).parent
SALT = b"SECRET-SALT"
LABS = {False: "lab01_target", True: "lab02_model"}
_PUBLIC_PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/run", str(Path.home()), "/")

collect_ignore = ["course", "submissions"]  # what is graded here, not what tests it

#: LABKIT_TEST_LAYERS: with what kind of layers, of those that this machine allows, attacks are met.
_LAYERS = {
    "": lambda plan: True,
    "landlock": lambda plan: plan.landlock and plan.seccomp and not plan.namespaces,
    "namespaces": lambda plan: plan.namespaces and not plan.landlock and not plan.seccomp,
}

#: LABKIT_TEST_WORKERS=fresh: attacks meet fresh interpreters instead of forks of the warm server.
WARM = os.environ.get("LABKIT_TEST_WORKERS", "warm") == "warm"

lazy.install()


def chosen_plan() -> Plan:
    """The isolation that this run of the tests is about."""
    wanted = _LAYERS[os.environ.get("LABKIT_TEST_LAYERS", "")]
    return process.strongest_of([plan for plan in candidates() if wanted(plan)])


@dataclass
class Outcome:
    """What came of grading a folder: a record and the printed text for each submission, by name."""

    records: dict[str, dict]
    output: dict[str, str]
    failures: list[str]

    def said(self, name: str) -> str:
        """Every sentence of a record."""
        record = self.records[name]
        return "\n".join([*record["notes"], *(check["message"] for check in record["checks"])])


@pytest.fixture(scope="session")
def target(tmp_path_factory) -> Course:
    """A copy of the course that is attacked, with a recorded file to steal."""
    root = tmp_path_factory.mktemp("attacked") / "course"
    shutil.copytree(HERE / "course", root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "labs/lab01_target").mkdir(parents=True)
    (root / "labs/lab01_target/recorded.npz").write_bytes(b"answers")
    return read_course(root)


@pytest.fixture
def arena(target, tmp_path, monkeypatch) -> Callable[..., Outcome]:
    """Grade the folder `handed_in` with a correct submission after the others; fail if anything is left."""
    plan = chosen_plan()
    spare = tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(Lab, "uses_keras", lambda *_: WARM)
    if WARM:
        warm_server()  # in a folder that stays until the last attack
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    monkeypatch.setenv("LABKIT_ATTACK_TOKEN", "SECRET")
    handed_in, out = tmp_path / "handed_in", tmp_path / "out"
    handed_in.mkdir()

    def grade(keras: bool = False, port: int = 9) -> Outcome:
        words = {
            "@COURSE@": str(target.root),
            "@OUT@": str(out),
            "@HERE@": str(handed_in),
            "@PID@": str(os.getpid()),
            "@PORT@": str(port),
            "@HOME@": str(Path.home()),
            "@LABKIT@": str(Path(labkit.__file__).parent),
        }
        for path in handed_in.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.suffix in (".py", ".ipynb"):
                path.write_bytes(_replaced(path.read_bytes(), words))
        correct = "correct.keras.py" if keras else "correct.py"
        shutil.copy(HERE / correct, handed_in / "zz_correct.py")
        if keras or WARM:
            lazy.load_keras()  # which writes to this process's own environment
        before = _surroundings(target.root, handed_in)
        batch = Grading(target, out, SALT, plan, LABS[keras]).grade(find_submissions([handed_in]))
        assert _surroundings(target.root, handed_in) == before
        assert list(spare.iterdir()) == [], "a private folder is left"
        assert _processes(str(spare)) == [], "a process is left"
        names = [record.submission for record in batch.records]
        expected = {"grades.csv", *(f"{n}/{f}" for n in names for f in ("result.json", "output.txt"))}
        left = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} - expected
        assert not left, f"files are left: {left}"
        texts = {name: (out / name / "result.json").read_text("utf-8") for name in names}
        printed = {name: out / name / "output.txt" for name in names}
        return Outcome(
            {name: json.loads(text, parse_constant=_refuse) for name, text in texts.items()},
            {name: path.read_text("utf-8") if path.is_file() else "" for name, path in printed.items()},
            batch.failures,
        )

    grade.handed_in, grade.out = handed_in, out
    return grade


@pytest.fixture(scope="session")
def correct_records() -> dict[bool, dict]:
    """The record of the correct submission as it was first seen; all later ones must equal it."""
    return {}


def assert_still_correct(outcome: Outcome, seen: dict[bool, dict], keras: bool = False) -> None:
    """The correct submission has every point, and the same record as ever."""
    record = without_times(outcome.records["zz_correct"])
    assert record["score"] == record["max_score"] == 100, outcome.said("zz_correct")
    assert record == seen.setdefault(keras, record)


def _replaced(text: bytes, words: dict[str, str]) -> bytes:
    for word, value in words.items():
        text = text.replace(word.encode(), value.encode())
    return text


def _refuse(constant: str):
    raise AssertionError(f"{constant} in a result")


def _surroundings(course: Path, handed_in: Path) -> dict:
    """What must be the same before and after."""
    return {
        "environment": {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
        "folder": os.getcwd(),
        "signals": [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGXCPU)],
        "course": _tree(course),
        "handed in": _tree(handed_in),
        "elsewhere": [str(path) for place in _PUBLIC_PLACES for path in Path(place).glob("labkit-attack*")],
    }


def _tree(folder: Path) -> list:
    paths = (path for path in sorted(folder.rglob("*")) if "__pycache__" not in path.parts)
    return [
        (str(path), path.lstat().st_mode, path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths
    ]


def _processes(marker: str) -> list[int]:
    """Processes whose environment names this test's folder: workers, and whatever they started."""
    found = []
    for other in psutil.process_iter():
        try:
            if marker in other.environ().get("HOME", ""):
                found.append(other.pid)
        except psutil.Error:
            continue
    return found
