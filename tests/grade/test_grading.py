"""What becomes of a submission, honest or not, on the toy course."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import psutil
import pytest

from labkit.check.collect import carry_out, collect
from labkit.check.run import Run
from labkit.course import CourseError, read_course
from labkit.grade import task
from labkit.grade.one import grade_submission
from labkit.grade.task import Task
from labkit.lesson.submission import read_submission
from labkit.record import without_times
from labkit.worker import Worker, WorkerUnavailable, strongest_plan
from tests.conftest import check_of

RIGHT = """
import numpy as np
def double(x):
    return 2 * x
def mean_of_doubles(x):
    return float(double(x).mean())
"""


def test_a_right_answer_gets_every_point(hand_in):
    record = hand_in(RIGHT)
    assert (record.score, record.max_score, record.notes) == (100, 100, ())


def test_the_starter_gets_nothing_and_is_told_so_kindly(hand_in, toy_course):
    record = hand_in((toy_course.lab("lab01").handout / "lab.py").read_text())
    assert record.score == 0
    verdicts = {check.id: check.verdict for check in record.checks}
    assert verdicts["test_double"] == "not_attempted"
    assert verdicts["test_mean"] == "not_run"
    assert check_of(record, "test_double").message == "double is not written yet"


def test_a_known_mistake_is_named_and_only_its_own_points_are_lost(hand_in):
    record = hand_in(RIGHT.replace("2 * x", "x ** 2"))
    check = check_of(record, "test_double")
    assert (check.verdict, check.misconception.id) == ("failed", "squared")
    assert "squared" in check.teaches
    assert check_of(record, "test_double_leaves_its_argument").misconception is None
    assert record.score == 0  # that its argument stays as it is counts beside a right answer alone


def test_the_same_mistake_is_named_on_a_laptop_without_the_solution(hand_in):
    record = hand_in(RIGHT.replace("2 * x", "x * x"), public=True)
    assert check_of(record, "test_double").misconception.id == "squared"
    assert all(not check.hidden for check in record.checks)


def test_a_mistake_that_nobody_foresaw_is_not_given_a_wrong_name(hand_in):
    record = hand_in(RIGHT.replace("2 * x", "3 * x"))
    check = check_of(record, "test_double")
    assert check.verdict == "failed" and check.misconception is None
    assert "wrong in 7 of 7 values" in check.message


def test_a_hidden_check_does_not_show_its_probe(hand_in):
    record = hand_in(RIGHT.replace("2 * x", "3 * x"))
    assert check_of(record, "test_double_large").message == (
        "the answer of double has wrong values. Every value is off by one and the same factor"
    )


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("3 * x", "Every value is 1.5 times too large"),
        ("-2 * x", "Every value has the wrong sign"),
        ("14 * x", "7 times too large everywhere; 7 is the number of rows: is it the sum where the mean"),
        ("2 * x[::-1]", "The order of the values is reversed"),
        ("(2 * x)[:, None]", "an axis too many"),
        ("2 * x + np.random.default_rng(0).normal(size=x.shape)", None),
        ("x ** 2", None),  # a known mistake has a better sentence
    ],
)
@pytest.mark.parametrize("public", [True, False])
def test_a_relation_is_said_where_no_known_mistake_fits(hand_in, answer, sentence, public):
    check = check_of(hand_in(RIGHT.replace("2 * x", answer), public=public), "test_double")
    assert check.verdict == "failed"
    assert sentence in check.message if sentence else ". " not in check.message


@pytest.mark.parametrize(
    ("answer", "verdict", "sentence"),
    [
        ("None", "failed", "is None: is a `return` missing?"),
        ("np.nan * x", "failed", "not finite: nan"),
        ("x * np.inf", "failed", "not finite"),
        ("(2 * x)[:, None]", "failed", "shape (7, 1); it should have shape (7,)"),
        ("2 * x[:0]", "failed", "is empty"),
        ("6.0", "failed", "single number"),
        ("'twice'", "failed", "'twice'"),
        ("(v for v in x)", "failed", "a generator"),
        ("{'a': 1}", "failed", "is {'a': 1}; it should be an array"),
        ("np.array([object()] * 7)", "failed", "dtype is object"),
        ("np.zeros(40_000_000)", "failed", "it holds 0.3 GB"),
        ("[2 * v for v in x]", "passed", ""),
        ("tuple(2 * x)", "passed", ""),
        ("np.asmatrix(2 * x).A1", "passed", ""),
        ("(2 * x).astype(np.float32)", "passed", ""),
        ("(2 * x).astype(np.float16)", "passed", ""),
        ("(2 * x).astype('>f8')", "passed", ""),
        (
            "1 / 0",
            "failed",
            "double raised ZeroDivisionError: division by zero\n    alice.py, line 4: return 1 / 0",
        ),
        ("undefined", "failed", "NameError"),
        ("exit()", "failed", "SystemExit"),
        ("__import__('os')._exit(0)", "error", "ended without an answer"),
        ("__import__('os').kill(__import__('os').getpid(), 11)", "error", "SIGSEGV"),
        ("__import__('os').kill(__import__('os').getpid(), 40)", "error", "signal 40"),
        ("double(x)", "failed", "RecursionError"),
        ("input()", "failed", "EOFError"),
    ],
)
def test_each_kind_of_answer_gets_its_own_sentence(hand_in, answer, verdict, sentence):
    record = hand_in(RIGHT.replace("return 2 * x", f"return {answer}"))
    check = check_of(record, "test_double")
    assert check.verdict == verdict, check.message
    assert sentence in check.message


def test_an_answer_that_a_hidden_check_cannot_use_is_not_shown(toy_course, tmp_path):
    """It could be made of the hidden input."""
    root = tmp_path / "course"
    shutil.copytree(toy_course.root, root)
    checks = root / "solutions" / "lab01_toy" / "test_lab.py"
    text = checks.read_text()
    assert text.count("x = secret_input(rng)") == 1
    checks.write_text(
        text.replace("x = secret_input(rng)", "x = secret_input(rng)\n    student.double(x).tolist()")
    )
    path = tmp_path / "alice.py"
    path.write_text("def double(x):\n    return 'it was ' + str(float(x[0]))\n")
    graded = grade_submission(read_submission(path), read_course(root).lab("lab01"), b"salt")
    assert check_of(graded.record, "test_double_large").message == "the answer of double cannot be used"
    assert "it was" in check_of(graded.record, "test_double").message


@pytest.mark.parametrize(
    ("asks", "at_fault"),
    [
        ("reference.dubble(x)", True),  # misspelt in the check
        ("reference.double('x' * len(x), 1)", True),  # an exception of the reference
        (
            "0.5 * reference.double(np.reshape(answer, (7,)))",
            False,
        ),  # of the check, over the student's answer
        (
            "answer + 0 * reference.mean_of_doubles(answer)",
            False,
        ),  # of the reference, over the student's answer
    ],
)
def test_where_the_reference_fails_only_the_student_who_caused_it_loses_points(
    toy_course, tmp_path, asks, at_fault
):
    root = tmp_path / "course"
    shutil.copytree(toy_course.root, root)
    checks = root / "solutions" / "lab01_toy" / "test_lab.py"
    text = checks.read_text()
    once = "expect.close(answer, reference.double(x))"
    checks.write_text(text.replace(once, f"expect.close(answer, {asks})", 1))
    path = tmp_path / "alice.py"
    path.write_text(RIGHT.replace("return 2 * x", "return 2 * x" if at_fault else "return 'wrong'"))
    graded = grade_submission(read_submission(path), read_course(root).lab("lab01"), b"salt")
    assert bool(graded.faults) == at_fault
    assert check_of(graded.record, "test_double").verdict == ("error" if at_fault else "failed")


def test_a_machine_that_cannot_start_workers_is_not_the_fault_of_a_submission(
    toy_course, tmp_path, monkeypatch
):
    path = tmp_path / "alice.py"
    path.write_text("import os\ndef double(x):\n    os._exit(1)\n")
    given = Task(read_submission(path), toy_course.lab("lab01"), b"salt", strongest_plan())
    ready, first = Worker.ready, []

    def full(worker):
        first[:] = first or [worker]
        if worker is not first[0]:
            raise WorkerUnavailable("no space left")
        ready(worker)

    monkeypatch.setattr(Worker, "ready", full)
    graded = task.carry_out(given)
    assert graded.faults and "no fault of it" in graded.record.notes[0]


def test_other_questions_keep_their_points(hand_in):
    source = "def mean_of_doubles(x):\n    return float(2 * x.mean())\n"
    record = hand_in(source + "def dubble(x):\n    return 2 * x\n")
    assert check_of(record, "test_double").message == (
        "there is no function called double in the file; is 'dubble' meant to be it?"
    )
    # test_mean waits for 1.1, as its author asked
    assert check_of(record, "test_mean").message == "waiting for 1.1"


def test_a_tensor_is_read_as_an_array_with_a_note(hand_in):
    record = hand_in("import tensorflow as tf\n" + RIGHT.replace("2 * x", "2 * tf.constant(x)"))
    assert check_of(record, "test_double").verdict == "passed"
    assert record.notes == ("double returned an EagerTensor; it was read as a NumPy array.",)


def test_an_endless_loop_costs_the_checks_of_its_function_and_no_more_time(hand_in, monkeypatch):
    from labkit.worker import process

    monkeypatch.setattr(process.Limits.__init__, "__defaults__", (0.5, None, 0.0))
    record = hand_in(RIGHT.replace("    return 2 * x", "    while len(x) == 7: pass\n    return 2 * x"))
    assert check_of(record, "test_double").verdict == "error"
    assert "0.5 seconds" in check_of(record, "test_double").message
    assert "line 4: while len(x) == 7: pass" in check_of(record, "test_double").message
    large = check_of(record, "test_double_large")
    assert large.verdict == "not_run" and "double was stopped" in large.message


def test_a_syntax_error_shows_line_and_caret(hand_in):
    record = hand_in("def double(x):\n    return 2 *\n")
    assert record.score == 0
    assert "alice.py, line 2: SyntaxError" in record.notes[0]
    lines = record.notes[0].splitlines()
    assert lines[1].strip() == "return 2 *" and lines[2].strip() == "^"
    assert {check.verdict for check in record.checks} == {"not_run"}


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbf" + RIGHT.encode(),
        RIGHT.replace("\n", "\r\n").encode(),
        RIGHT.replace("\n", "\r").encode(),
        (RIGHT.rstrip() + "\nraise SystemExit").encode(),
        (RIGHT + "\n1 / 0\n").encode(),
        ("from __future__ import annotations\n" + RIGHT).encode(),
        (RIGHT + "\nif __name__ == '__main__':\n    raise SystemExit(3)\n").encode(),
    ],
    ids=["BOM", "CRLF", "CR", "SystemExit at the end", "raises at the end", "future", "main block"],
)
def test_files_as_people_really_save_them(hand_in, source):
    assert hand_in(source).score == 100


def notebook(*sources: str, **metadata) -> str:
    cells = [
        {"cell_type": "code", "metadata": {}, "source": s, "outputs": [], "execution_count": None}
        for s in sources
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})


def test_a_notebook_with_magics_and_a_cell_that_raises_is_graded_with_notes(hand_in):
    first = "%matplotlib inline\n!pip install x\r\nimport numpy as np\r\n"
    text = notebook(first, "1 / 0", "%%time\n" + RIGHT, "%%bash\nrm -rf /", "double?", "broken = (")
    record = hand_in(text, name="alice.ipynb")
    assert record.score == 100
    assert record.notes[:2] == (
        "cell 1 from the top: left out %matplotlib inline, !pip install x, which only a notebook runs.",
        "cell 2 from the top, line 1: ZeroDivisionError: division by zero; the rest was still run.",
    )
    assert any("cell 6 from the top, line 1: SyntaxError" in note for note in record.notes)


def test_a_submission_that_patches_everything_earns_what_its_answers_are_worth(hand_in):
    record = hand_in(
        """
import builtins, sys, numpy as np
np.allclose = np.array_equal = lambda *a, **k: True
np.testing.assert_allclose = lambda *a, **k: None
builtins.abs = builtins.max = lambda *a, **k: 0
try:
    import pytest
    pytest.fail = lambda *a, **k: None
    pytest.main = lambda *a, **k: 0
except ImportError:
    pass
print('{"score": 100, "verdict": "passed"}')
print("100 of 100 points")
class Equal:
    __eq__ = lambda self, other: True
    shape = (7,)
def double(x):
    return Equal()
def mean_of_doubles(x):
    sys.exit(0)
"""
    )
    assert record.score == 0  # the argument really stays as it is, but that is all it does


def test_the_same_file_and_salt_give_equal_bytes_and_another_salt_other_inputs(hand_in):
    source = RIGHT.replace("2 * x", "2 * x + (x > 0)")

    def text(record):
        return json.dumps(without_times(record.as_dict()))

    first, again, other = hand_in(source), hand_in(source), hand_in(source, salt=b"other")
    assert text(first) == text(again)
    assert check_of(first, "test_double").message != check_of(other, "test_double").message


def test_a_score_never_leaves_its_range(hand_in):
    for record in (hand_in(RIGHT), hand_in("x = 1")):
        assert 0 <= record.score <= record.max_score
        assert json.loads(record.as_json())["score"] == record.score


def test_an_unknown_lab_says_which_there_are(toy_course):
    with pytest.raises(CourseError, match="lab01_toy"):
        toy_course.lab("lab99")


REMEMBERS = """
seen = []

def double(x):
    seen.append(x)
    if len(seen) > 2 or x.size == 50:
        return 3 * x
    return 2 * x

def mean_of_doubles(x):
    raise ValueError(str([float(a.max()) for a in seen if a.size == 50]))
"""


def test_what_a_hidden_check_gave_is_forgotten_before_the_next_that_is_shown(hand_in, toy_course):
    names = [info.name for info in toy_course.lab("lab01").checks]
    assert names.index("test_double_large") < names.index("test_mean")  # hidden before shown
    source = REMEMBERS.replace("return 3 * x", "return 2 * x")
    record = hand_in(source)
    assert check_of(record, "test_double_large").verdict == "passed"
    assert "raised ValueError: []" in check_of(record, "test_mean").message


TWO_QUESTIONS = """
from labkit.check import expect, hidden, needs, points, question

def is_one(student):
    expect.equal(student.number(), 1)

@question("1.1")
@points(25)
def test_a(student):
    is_one(student)

@question("1.1")
@points(25)
@hidden
def test_b(student):
    is_one(student)

@question("1.2")
@points(25){needs}
def test_c(student):
    is_one(student)

@question("1.2")
@points(25)
@hidden
def test_d(student):
    is_one(student)
"""


@pytest.mark.parametrize(("needs", "workers"), [("", 1), ('\n@needs("1.1")', 2)])
def test_hidden_checks_come_last_where_nothing_waits_for_them(monkeypatch, tmp_path, needs, workers):
    """After each the next one that is shown would get a fresh worker."""
    started, heard = [], []

    class Counted(Worker):
        def __init__(self, *args, **kwargs):
            started.append(self)
            super().__init__(*args, **kwargs)

    monkeypatch.setattr("labkit.check.parties.Worker", Counted)
    (tmp_path / "test_lab.py").write_text(TWO_QUESTIONS.replace("{needs}", needs))
    run = Run(
        [["lab.py", "def number():\n    return 1"]], answers=SimpleNamespace(defaults={}), salt=b"s" * 16
    )
    try:
        carry_out(run, collect(tmp_path / "test_lab.py"), progress=heard.append)
    finally:
        run.close()
    assert [(result.id, result.verdict) for result in run.results] == [
        (f"test_{letter}", "passed") for letter in "abcd"
    ]
    assert heard == [f"test_{letter}" for letter in ("abcd" if needs else "acbd")]
    assert len(started) == workers


@pytest.mark.parametrize("threads", [1, 3])
def test_a_submission_computes_with_as_many_threads_as_its_lab_says(toy_course, tmp_path, threads):
    lab = replace(toy_course.lab("lab01"), threads=threads)
    path = tmp_path / "lab.py"
    path.write_text(
        RIGHT + "import os\nprint([os.environ[n] for n in ('OMP_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS')])"
    )
    graded = grade_submission(read_submission(path), lab, b"s" * 16)
    assert graded.output.splitlines()[0] == str([str(threads)] * 2)


def test_a_file_cannot_make_the_grader_stumble_or_outlive_it(hand_in):
    forged = (
        "import json, os, struct\n"
        "tree = {'array': 0}\n"
        "header = json.dumps({'tree': tree, 'arrays': [['<f8', [0, 2**47, 2**47]]]}).encode()\n"
        "frame = struct.pack('<I', len(header)) + header\n"
        "for number in range(3, 10):\n"
        "    try:\n"
        "        os.write(number, struct.pack('<Q', len(frame)) + frame)\n"
        "    except OSError:\n"
        "        pass\n"
    )
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    record = hand_in(forged + "def double(x):\n    return 2 * x\n")
    assert record.score == 0 and record.notes
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def test_a_file_that_is_slow_to_load_is_not_loaded_without_end(hand_in, monkeypatch):
    monkeypatch.setattr("labkit.check.parties.LOAD_SECONDS", 1.5)
    busy = (
        "import os, time\nbegan = time.process_time()\nwhile time.process_time() - began < 0.8:\n    pass\n"
    )
    source = busy + "def double(x):\n    os._exit(1)\n"
    record = hand_in(source)
    crashed, stopped = (
        [check for check in record.checks if sentence in check.message]
        for sentence in ("ended without an answer", "longer than is allowed")
    )
    assert len(crashed) == 2 and len(stopped) == 1  # 0.8 seconds each: the third time is not begun


@pytest.mark.parametrize("body", ["pass", "return 0", "return x"])
def test_a_function_that_does_nothing_earns_nothing(hand_in, body):
    record = hand_in(f"def double(x):\n    {body}\n")
    beside = check_of(record, "test_double_leaves_its_argument")
    assert record.score == 0 and beside.verdict == "failed"
    assert beside.message == "this holds, and counts as soon as another check of the question passes"


def test_leaving_an_argument_alone_counts_beside_an_answer_that_is_right_in_part(hand_in):
    record = hand_in("def double(x):\n    return x + (x if abs(x).max() < 10 else 0)\n")
    assert check_of(record, "test_double_leaves_its_argument").verdict == "passed"
    assert check_of(record, "test_double_large").verdict == "failed"


def test_a_script_of_megabytes_is_graded_as_any_other(hand_in):
    table = "TABLE = [" + "1," * 900_000 + "]  # ä\n"
    record = hand_in("import numpy as np\n" + table + "def double(x):\n    return 2 * x\n")
    assert check_of(record, "test_double").verdict.passed
