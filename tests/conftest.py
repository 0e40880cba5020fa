"""Fixtures: a toy course that grades in a fraction of a second, and ways to hand something in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labkit import lazy
from labkit.author.build import build
from labkit.course import Course, read_course
from labkit.grade import Record, check_submission, grade_submission
from labkit.lesson.submission import read_submission

lazy.install()  # as the command line does: a numpy question must not wait for TensorFlow

REPOSITORY = Path(__file__).parent.parent
collect_ignore = ["toy_course"]  # what is graded here, not what tests it


@pytest.fixture(autouse=True)
def stock_keras():
    """Grading in this process accelerates `model.fit` for good; the next test must meet Keras as installed."""
    yield
    if "labkit.training" in sys.modules:
        import keras

        if "fit" in vars(keras.Model):
            del keras.Model.fit  # inherited from Keras' trainer again


@pytest.fixture(scope="session")
def toy_course(tmp_path_factory) -> Course:
    """A built copy of tests/toy_course."""
    root = tmp_path_factory.mktemp("course") / "toy"
    shutil.copytree(
        Path(__file__).parent / "toy_course", root, ignore=shutil.ignore_patterns("labs", "__pycache__")
    )
    course = read_course(root)
    for lab in course.labs:
        build(lab, lab.handout)
    return course


@pytest.fixture
def hand_in(toy_course, tmp_path):
    """Write a submission to the toy lab and grade it: `hand_in(source, salt=..., public=False) -> Record`."""

    def graded(source: str, salt: bytes = b"salt", name: str = "alice.py", public: bool = False) -> Record:
        path = tmp_path / name
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        submission, lab = read_submission(path), toy_course.lab("lab01")
        result = check_submission(submission, lab) if public else grade_submission(submission, lab, salt)
        assert result.faults == ()
        return result.record

    return graded


@pytest.fixture(scope="session")
def course() -> Course:
    """The course of this repository."""
    return read_course(REPOSITORY)


def check_of(record: Record, name: str):
    """One check of a record by its id."""
    return next(check for check in record.checks if check.id == name)


@pytest.fixture
def labkit(toy_course, tmp_path):
    """Run a command in an empty folder, on the toy course; returns the finished process."""

    def run(*arguments, **environment):
        command = [sys.executable, "-m", "labkit.cli", *map(str, arguments)]
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "LABKIT_COURSE": str(toy_course.root),
            **environment,
        }
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)

    return run
