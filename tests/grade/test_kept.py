"""What a kept record rests on, what it says of today's lab, and how its mistakes are named anew."""

from __future__ import annotations

import shutil

import pytest
from msgspec.structs import replace

from labkit.check.collect import collect
from labkit.course import read_course
from labkit.grade import kept
from labkit.grade.one import grade_submission, live_answers
from labkit.lesson.submission import read_submission

WRONG = "def double(x):\n    return 3 * x\n\ndef mean_of_doubles(x):\n    return float(double(x).mean())\n"
RIGHT = WRONG.replace("3 * x", "x + x")
TRIPLED = '''

@misconception("1.1")
def tripled(x):
    """You tripled; doubling adds each value to itself once."""
    return x + x + x
'''


@pytest.fixture
def lab(toy_course, tmp_path):
    """A copy of the toy lab, to be changed."""
    shutil.copytree(toy_course.root, tmp_path / "toy")
    return lambda: _read_anew(tmp_path / "toy")


def _read_anew(root):
    for cached in (kept.check_hashes, kept._checks, live_answers):
        cached.cache_clear()
    return read_course(root).lab("1")


def _edit(lab, name, old, new):
    path = lab.solution / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("name", "old", "new", "same"),
    [
        ("lab.py", "# # ", "# # Another title: ", True),
        ("misconceptions.py", "You squared each value", "You took the square", True),
        ("misconceptions.py", "return x**2", "return x**3", True),
        ("test_lab.py", "@points(40)", "@points(41)", True),
        ("test_lab.py", "expect.", "expect  .", True),
        ("lab.py", "# BEGIN SOLUTION", "# BEGIN SOLUTION\n    x = x + 0", False),
        ("test_lab.py", "rng.normal", "rng.uniform", False),
    ],
)
def test_only_code_that_decides_makes_records_stale(lab, name, old, new, same):
    before = kept.verdict_hash(lab())
    _edit(lab(), name, old, new)
    assert (kept.verdict_hash(lab()) == before) is same


def test_another_file_beside_the_checks_counts(lab):
    before = kept.verdict_hash(lab())
    (lab().solution / "data.txt").write_text("1")
    assert kept.verdict_hash(lab()) != before


def _graded(lab, tmp_path, source=WRONG):
    path = tmp_path / "ann.py"
    path.write_text(source)
    return grade_submission(read_submission(path), lab, b"salt").record


def test_a_kept_record_says_todays_points_and_titles(lab, tmp_path):
    record = _graded(lab(), tmp_path, RIGHT)
    (check,) = [check for check in record.checks if check.verdict.passed][:1]
    today = kept.restated(
        replace(record, checks=(replace(check, title="Old", max_points=check.max_points * 2),)), lab()
    )
    assert today.checks[0].title == check.title
    assert today.checks[0].max_points == check.max_points
    assert today.checks[0].points == check.points / 2


def test_a_mistake_that_was_added_is_named_without_the_submission(lab, tmp_path, monkeypatch):
    record = _graded(lab(), tmp_path)
    failed = [check for check in record.checks if check.failure is not None]
    assert failed and not any(check.misconception for check in failed)
    path = lab().solution / "misconceptions.py"
    path.write_text(path.read_text() + TRIPLED)
    monkeypatch.setattr("labkit.check.parties.InWorker.load", None)  # nobody's code is run
    names = {
        check.misconception and check.misconception.id
        for check in kept.renamed(record, lab(), b"salt").checks
    }
    assert "tripled" in names
    # and a name that is no longer known goes
    path.write_text(path.read_text().replace("def tripled", "def tripled_again"))
    again = kept.renamed(record, lab(), b"salt")
    assert {check.misconception.id for check in again.checks if check.misconception} == {"tripled_again"}


def test_how_mistakes_fail_is_kept_on_disk_by_what_they_do(lab, tmp_path, monkeypatch):
    folder = tmp_path / "kept"
    done = []
    import labkit.check.answers as answers

    real = answers.observed
    monkeypatch.setattr(answers, "observed", lambda *a: done.append(a) or real(*a))

    def failures():
        live = live_answers(lab())
        live.folder = folder
        check = collect(lab().solution / "test_lab.py")[0]
        found = {mistake: live.failure(check, mistake, 1, 2) for mistake in live.mistakes(check)}
        return {mistake: failure for mistake, failure in found.items() if failure is not None}

    first = failures()
    count = len(done)
    assert count > 0 and failures() == first and len(done) == count
    path = lab().solution / "misconceptions.py"
    path.write_text(path.read_text() + TRIPLED)
    assert failures().keys() == {*first, "tripled"} and len(done) == count + 1
    next(folder.iterdir()).write_bytes(b"damaged")
    assert failures().keys() == {*first, "tripled"} and len(done) == count + 2
