"""`labkit watch`: what a change touches is checked again, and only that; a newer save stops an older round."""

from __future__ import annotations

import io
import os
import time

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from labkit.lesson.checks import read_checks
from labkit.record import CheckResult, Verdict
from labkit.show import watch as screen
from labkit.watch import Watcher
from labkit.watch.changes import digests

RIGHT = """# labkit: lab01_toy
import numpy as np

FACTOR = 2

def double(x):
    return FACTOR * x

def mean_of_doubles(x):
    return float(double(x).mean())
"""


@pytest.fixture
def lab(toy_course):
    return toy_course.lab("lab01")


@pytest.fixture
def checks(lab):
    return read_checks(lab.handout / "test_lab.py")


# --- what a change touches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "touched"),
    [
        ("x).mean()", "x).sum()", {"1.2"}),
        ("FACTOR * x", "x * FACTOR", {"1.1", "1.2"}),
        ("FACTOR = 2", "FACTOR = 3", {"1.1", "1.2"}),
        ("import numpy as np", "import numpy", set()),
        ("FACTOR = 2", "FACTOR = 2  # a comment", set()),
        ("def mean", "\n\n\ndef mean", set()),
        ("FACTOR = 2", "FACTOR = 2\ndef helper():\n    return 1", set()),
        ("FACTOR = 2", "FACTOR = 2\nnp.random.seed(0)", {"1.1", "1.2"}),
        ("FACTOR = 2", "FACTOR = 2\nif FACTOR > 1:\n    FACTOR = 7", {"1.1", "1.2"}),
        ("FACTOR = 2", "FACTOR = 2\nnp.mean = print", {"1.1", "1.2"}),
        ("float(double(x).mean())", "float(np.mean(double(x)))", {"1.2"}),
        ("return FACTOR * x", "raise NotImplementedError('1.1 double')", {"1.1", "1.2"}),
    ],
)
def test_a_change_touches_what_reaches_it(lab, checks, old, new, touched):
    assert old in RIGHT
    before = digests([("lab.py", RIGHT)], lab, checks)
    after = digests([("lab.py", RIGHT.replace(old, new))], lab, checks)
    assert {question for question in before if before[question] != after[question]} == touched


@given(st.permutations([part for part in RIGHT.split("\n\n") if part]))
def test_the_order_of_definitions_touches_nothing(toy_course, parts):
    lab = toy_course.lab("lab01")
    checks = read_checks(lab.handout / "test_lab.py")
    whole = digests([("lab.py", RIGHT)], lab, checks)
    assert digests([(f"cell {n}", part) for n, part in enumerate(parts)], lab, checks) == whole


@pytest.mark.parametrize("source", ["def double(x:", "\0", "(" * 5000])
def test_a_file_that_does_not_parse_has_no_digests(lab, checks, source):
    assert digests([("lab.py", source)], lab, checks) is None


# --- rounds --------------------------------------------------------------------------------------------------


class Watched:
    """A watched file, saved and followed."""

    def __init__(self, path, lab):
        self.path = path
        self.save(RIGHT)
        self.watcher = Watcher(path, lab)
        self.states = self.watcher.states()

    def save(self, text: str) -> None:
        beside = self.path.with_suffix(".swp")
        beside.write_text(text)
        os.replace(beside, self.path)  # as editors do

    def round(self, begun: bool = False):
        """The state when the present round has ended, or has begun."""
        limit = time.monotonic() + 60
        for state in self.states:
            assert time.monotonic() < limit, "no round ended"
            if bool(state.checking) == begun:
                return state


@pytest.fixture
def watched(lab, tmp_path):
    watched = Watched(tmp_path / "lab.py", lab)
    yield watched
    watched.states.close()
    assert not [child for child in psutil.Process().children() if "labkit-worker" in (child.cwd() or "")]


def verdicts(state) -> dict[str, str]:
    return {check.id: check.verdict for check in state.ordered()}


def test_the_first_round_checks_everything_and_the_next_what_changed(watched):
    state = watched.round()
    assert set(verdicts(state).values()) == {"passed"} and state.checked == {"1.1", "1.2"}
    watched.save(RIGHT.replace("x).mean()", "x).sum()"))
    state = watched.round()
    assert state.checked == {"1.2"}
    assert verdicts(state) == {
        "test_double": "passed",
        "test_double_leaves_its_argument": "passed",
        "test_mean": "failed",
    }
    watched.save(RIGHT)
    assert set(verdicts(watched.round()).values()) == {"passed"}


def test_a_question_that_waits_for_another_is_checked_with_it(watched):
    watched.round()
    watched.save(RIGHT.replace("FACTOR * x", "x"))
    state = watched.round()
    assert state.checked == {"1.1", "1.2"}
    assert verdicts(state)["test_double"] == "failed" and verdicts(state)["test_mean"] == "not_run"


def test_a_file_that_does_not_parse_says_where_and_the_next_save_mends_it(watched):
    watched.round()
    watched.save(RIGHT.replace("def double(x):", "def double(x:"))
    state = watched.round()
    assert set(verdicts(state).values()) == {"not_run"}
    assert any("line 6" in note for note in state.notes)
    watched.save(RIGHT)
    assert set(verdicts(watched.round()).values()) == {"passed"}


def test_a_newer_save_stops_the_round_that_runs(watched):
    watched.round()
    before = set(psutil.Process().children(recursive=True))
    watched.save(RIGHT.replace("return FACTOR * x", "while True: pass"))
    assert watched.round(begun=True).checking == {"1.1", "1.2"}
    hung = set(psutil.Process().children(recursive=True)) - before
    assert hung
    watched.save(RIGHT)
    # the first round to end is the new one; the other would have ended with an error
    assert set(verdicts(watched.round()).values()) == {"passed"}
    _, alive = psutil.wait_procs(hung, timeout=5)
    assert not alive, "the older round lives on"


def test_a_file_that_is_gone_for_a_moment_or_no_longer_readable_ends_nothing(watched):
    watched.round()
    watched.path.unlink()
    time.sleep(0.2)
    watched.save("\0")
    state = watched.round()
    assert state.problem or set(verdicts(state).values()) == {"not_run"}
    watched.save(RIGHT)
    state = watched.round()
    assert set(verdicts(state).values()) == {"passed"} and state.problem is None


# --- how it looks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(40, 12), (80, 24), (30, 10)])
def test_the_page_fits_a_small_terminal(watched, width, height):
    watched.round()
    watched.save(RIGHT.replace("FACTOR * x", "[1] * 5"))
    state = watched.round()
    state.results["x"] = CheckResult("x", "1.1", "t" * 300, Verdict.FAILED, 0, 1, message="m " * 900)
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=True)
    page = console.render_lines(screen.page(state, "lab.py", console))
    assert len(page) <= height


def test_the_lines_name_what_is_wrong(watched):
    watched.round()
    watched.save(RIGHT.replace("x).mean()", "x).sum()"))
    text = screen.lines(watched.round())
    assert "✗ 1.2  " in text and " 1.1  " not in text and "60/85 points" in text
