"""One salt, one verdict: the record of a lab that trains models repeats byte for byte, on a busy machine too."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from labkit.grade import grade_submission
from labkit.lesson.submission import read_submission
from labkit.record import without_times

pytestmark = pytest.mark.slow


def graded(course, salt: bytes) -> dict:
    lab = course.lab("lab01")
    result = grade_submission(read_submission(lab.source, "reference"), lab, salt)
    assert result.faults == ()
    return result.record.as_dict()


def test_the_reference_gets_every_point_and_repeats_its_record_under_load(course):
    quiet = graded(course, b"first salt")
    assert (quiet["score"], quiet["max_score"]) == (100, 100)
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    try:
        busy = graded(course, b"first salt")
    finally:
        for process in load:
            process.kill()
            process.wait()
    assert json.dumps(without_times(busy)) == json.dumps(without_times(quiet))


def test_other_inputs_change_nothing_about_a_right_answer(course):
    assert graded(course, b"second salt")["score"] == 100
