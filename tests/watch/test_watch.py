"""`labkit watch`: what a change touches is checked again, and only that; a newer save stops an older round."""

from __future__ import annotations

import io
import os
import time

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.console import Console

from labkit.check.reach import Code
from labkit.record import CheckResult, Verdict
from labkit.show import watch as screen
from labkit.watch import Watcher
from labkit.watch.changes import digests
from labkit.watch.round import Round, Training
from labkit.watch.watcher import State

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


#: What the checks of each question are called.
DOUBLE, MEAN = {"test_double", "test_double_leaves_its_argument"}, {"test_mean"}
BOTH = DOUBLE | MEAN


# --- what a change touches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "touched"),
    [
        ("x).mean()", "x).sum()", MEAN),
        ("FACTOR * x", "x * FACTOR", BOTH),
        ("FACTOR = 2", "FACTOR = 3", BOTH),
        ("import numpy as np", "import numpy", set()),
        ("FACTOR = 2", "FACTOR = 2  # a comment", set()),
        ("def mean", "\n\n\ndef mean", set()),
        ("FACTOR = 2", "FACTOR = 2\ndef helper():\n    return 1", set()),
        ("FACTOR = 2", "FACTOR = 2\nnp.random.seed(0)", BOTH),
        ("FACTOR = 2", "FACTOR = 2\nif FACTOR > 1:\n    FACTOR = 7", BOTH),
        ("FACTOR = 2", "FACTOR = 2\nnp.mean = print", BOTH),
        ("FACTOR = 2", "FACTOR = 2\nprint(double(np.ones(2)))", set()),
        ("FACTOR = 2", "FACTOR = 2\nif __name__ == '__main__':\n    double(np.ones(2))", set()),
        ("FACTOR = 2", "FACTOR = 2\n%matplotlib inline\n!ls", set()),
        ("def double(x):", 'def double(x):\n    """Twice."""', set()),
        ("float(double(x).mean())", "float(np.mean(double(x)))", MEAN),
        ("return FACTOR * x", "raise NotImplementedError('1.1 double')", BOTH),
    ],
)
def test_a_change_touches_what_reaches_it(lab, old, new, touched):
    assert old in RIGHT
    before = digests(Code([("lab.py", RIGHT)]), lab)
    after = digests(Code([("lab.py", RIGHT.replace(old, new))]), lab)
    assert {name for name in before if before[name] != after[name]} == touched


@given(st.permutations([part for part in RIGHT.split("\n\n") if part]))
def test_the_order_of_definitions_touches_nothing(toy_course, parts):
    lab = toy_course.lab("lab01")
    whole = digests(Code([("lab.py", RIGHT)]), lab)
    assert digests(Code([(f"cell {n}", part) for n, part in enumerate(parts)]), lab) == whole


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

    def next(self):
        return next(self.states)

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
    assert set(verdicts(state).values()) == {"passed"} and state.checked == BOTH
    watched.save(RIGHT.replace("x).mean()", "x).sum()"))
    state = watched.round()
    assert state.checked == MEAN
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
    assert state.checked == BOTH
    assert verdicts(state)["test_double"] == "failed" and verdicts(state)["test_mean"] == "not_run"


TORN = [
    (RIGHT.replace("def double(x):", "def double(x:"), "line 6", "^"),
    (RIGHT.replace("    return FACTOR * x", "return FACTOR * x"), "line 7", "return FACTOR * x"),
    (RIGHT.replace("def mean_of", "    def mean_of"), "line 9", "^"),
    (RIGHT[: RIGHT.index("def mean")], "ends in line 7", "saved whole"),
    ("", "empty", ""),
    ("\0", "NUL", ""),
]


@pytest.mark.parametrize(("torn", "place", "shown"), TORN)
def test_a_file_that_cannot_be_read_changes_nothing_but_the_problem_shown(watched, torn, place, shown):
    before = verdicts(watched.round())
    watched.save(torn)
    state = watched.next()
    assert place in state.problem and shown in state.problem
    assert verdicts(state) == before and not state.checking
    watched.save(RIGHT)
    state = watched.next()  # nothing is checked again
    assert state.problem is None and not state.checking and verdicts(state) == before


def test_a_round_goes_on_beside_a_save_that_cannot_be_read(watched):
    watched.round()
    watched.save(RIGHT.replace("x).mean()", "x).sum()"))
    assert watched.round(begun=True).checking == MEAN
    watched.save("def double(x:")
    states = [watched.next()]
    while states[-1].checking:
        states.append(watched.next())
    assert verdicts(states[-1])["test_mean"] == "failed" and "line 1" in states[-1].problem


def test_a_part_that_was_taken_away_on_purpose_is_believed_the_second_time(watched):
    watched.round()
    watched.save(RIGHT[: RIGHT.index("def mean")])
    assert "saved whole" in watched.next().problem
    watched.save(RIGHT[: RIGHT.index("def mean")])
    assert verdicts(watched.round())["test_mean"] == "failed"


def test_an_older_result_stays_and_is_marked_until_there_is_a_newer_one(watched):
    watched.round()
    watched.save(RIGHT.replace("return FACTOR * x", "while True: pass"))
    state = watched.round(begun=True)
    assert state.stale == BOTH and set(verdicts(state).values()) == {"passed"}
    console = Console(width=80, height=24, file=io.StringIO(), record=True)
    console.print(screen.page(state, "lab.py", console))
    assert "before your change" in console.export_text()
    watched.save(RIGHT)
    assert watched.round().stale == set()


def test_cheap_checks_come_first(watched):
    watched.round()
    watcher = watched.watcher
    results = watcher.state.results
    results["test_double"] = replace(results["test_double"], seconds=9.0)
    order = watcher._cheap_first(BOTH)
    assert order == ["test_double_leaves_its_argument", "test_double", "test_mean"]  # which waits for 1.1


def test_a_newer_save_stops_the_round_that_runs(watched):
    watched.round()
    before = set(psutil.Process().children(recursive=True))
    watched.save(RIGHT.replace("return FACTOR * x", "while True: pass"))
    assert watched.round(begun=True).checking == BOTH
    hung = set(psutil.Process().children(recursive=True)) - before
    assert hung
    watched.save(RIGHT)
    # the first round to end is the new one; the other would have ended with an error
    assert set(verdicts(watched.round()).values()) == {"passed"}
    _, alive = psutil.wait_procs(hung, timeout=5)
    assert not alive, "the older round lives on"


def test_what_waits_for_the_next_save_may_be_killed(watched):
    watched.round()
    before = set(psutil.Process().children())
    for text in ("def double(x:", RIGHT):  # nothing is checked
        watched.save(text)
        watched.next()
    [waiting] = set(psutil.Process().children()) - before
    waiting.kill()
    while waiting.status() != psutil.STATUS_ZOMBIE:  # nobody but the watcher may ask how it ended
        time.sleep(0.01)
    watched.save(RIGHT.replace("x).mean()", "x).sum()"))
    assert verdicts(watched.round())["test_mean"] == "failed"


def test_a_save_that_meets_a_dying_process_is_checked(watched, monkeypatch):
    watched.round()
    before = set(psutil.Process().children())
    watched.save("def double(x:")
    watched.next()
    [waiting] = set(psutil.Process().children()) - before
    waiting.kill()
    monkeypatch.setattr(Round, "is_alive", True)  # as long as one of its threads is not gone
    watched.save(RIGHT.replace("x).mean()", "x).sum()"))
    state = watched.round()
    assert (state.problem, verdicts(state)["test_mean"]) == (None, "failed")


def test_a_file_that_is_gone_for_a_moment_ends_nothing(watched):
    watched.round()
    watched.path.unlink()
    time.sleep(0.2)
    watched.save(RIGHT.replace("x).mean()", "x).sum()"))
    assert watched.round().checked == MEAN


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


def test_what_is_printed_is_shown_with_its_columns_and_its_end(watched):
    watched.round()
    watched.save(RIGHT.replace("    return FACTOR", "    print('a    b')\n    return FACTOR"))
    state = watched.round()
    assert "  a    b" in screen.lines(state)
    console = Console(width=80, height=24, file=io.StringIO(), record=True)
    console.print(screen.page(state, "lab.py", console))
    assert "  a    b" in console.export_text()


def test_the_headline_says_how_far_a_training_is(lab):
    state = State(lab, checking=frozenset(BOTH), current="test_double", training=Training(3, 20, 34.0))
    text = screen.page(state, "lab.py", Console(width=80, height=24, file=io.StringIO())).renderables[0].plain
    assert "checking 1.1: epoch 3 of 20, 0:34 left … then 2 more" in text


def test_the_answer_just_given_stands_on_top_with_its_reason(lab):
    results = {
        info.name: CheckResult(info.name, info.question, info.title, Verdict.FAILED, 0, 1, message="wrong")
        for info in lab.public_checks
    }
    results["test_mean"] = replace(results["test_mean"], verdict=Verdict.PASSED, message="because")
    state = State(lab, results, checked=frozenset(MEAN))
    console = Console(width=80, height=40, file=io.StringIO(), record=True)
    console.print(screen.page(state, "lab.py", console))
    text = console.export_text()
    assert text.index("because") < text.index("wrong")
