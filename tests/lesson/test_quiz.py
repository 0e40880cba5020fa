"""Quiz questions: asked without their answers, judged without them in clear, in an order of each student's own."""

from __future__ import annotations

import itertools
import json
import re
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.author.build import build, stale
from labkit.author.notebook import starter_notebook
from labkit.author.problems import problems
from labkit.author.quiz import asked, reordered
from labkit.author.selftest import passes, selftest
from labkit.author.starter import personal, starter
from labkit.check.answers import read_arrays
from labkit.check.quiz import problem_with, seal
from labkit.course import read_course
from labkit.grade import check_submission, grade_submission
from labkit.lesson.quiz import Option, Quiz, order_from, permutation, read_quizzes
from labkit.lesson.submission import read_submission
from tests.conftest import REPOSITORY, check_of

QUIZ = '''

# %% tags=["quiz"]
def quiz_1_1() -> str:
    r"""What is twice $\\sqrt{2}$,
    squared?

    a) 2
       -> You squared the root and forgot to double.
    b) 4
       -> You doubled after squaring; squaring
          squares the factor 2 as well.
    c) 8
       -> (2 √2)² = 4 · 2.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% tags=["quiz"]
def quiz_1_2() -> str:
    """Which of these are even?

    a) 2 -> 2 = 2 * 1.
    b) 3 -> 3 is odd.
    c) 4 -> 4 = 2 * 2.
    d) 5 -> 5 is odd.
    """
    # BEGIN SOLUTION
    return "ac"
    # END SOLUTION


# %% tags=["quiz"]
def quiz_1_2_mean() -> float:
    """The mean of the doubles of 1, 2 and 4?

    tolerance: 0.01
    = 2.333 -> That is the mean of the numbers; double them first.
    = 14 -> That is the sum; divide by 3.
    """
    # BEGIN SOLUTION
    return 4.6667
    # END SOLUTION
'''
ONE, SEVERAL, NUMBER = read_quizzes(QUIZ)
LABS = [read_course(REPOSITORY).lab(number) for number in ("01", "03", "05", "08")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The toy lab with a quiz, built."""
    root = tmp_path_factory.mktemp("quiz") / "toy"
    shutil.copytree(REPOSITORY / "tests/toy_course", root, ignore=shutil.ignore_patterns("labs"))
    master = root / "solutions/lab01_toy/lab.py"
    master.write_text(master.read_text() + QUIZ)
    found = read_course(root).lab("1")
    build(found, found.handout)
    return found


# --- reading ------------------------------------------------------------------------------------------------


def test_a_question_is_read_from_its_function():
    assert ONE.text == "What is twice $\\sqrt{2}$,\nsquared?" and ONE.answer == "c" and ONE.points == 0
    assert ONE.options[1] == Option(
        "b", "4", "You doubled after squaring; squaring squares the factor 2 as well."
    )
    assert ONE.title == "Quiz 1.1: What is twice $\\sqrt{2}$, squared?"
    assert SEVERAL.answer == "ac" and [option.text for option in SEVERAL.options] == ["2", "3", "4", "5"]
    assert (NUMBER.answer, NUMBER.tolerance, len(NUMBER.slips)) == (4.6667, 0.01, 2)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('return "c"', 'return "d"', "returns 'd', which is not among its options"),
        ('return "c"', "return 8", "has options, so it must return letters"),
        ("return 4.6667", 'return "a"', "returns letters and has no options"),
        ("return 4.6667", "return 14 / 3", "does not return letters or a number, written out"),
        ('    return "c"\n', "    pass\n", "does not say its answer"),
        ("    c) 8\n       -> (2 √2)² = 4 · 2.", "    c) 8", "option c has no explanation"),
        ("    b) 4\n", "    d) 4\n", "not lettered a, b, c"),
        ("tolerance: 0.01", "tolerance: little", "'little' is no number"),
        ('# %% tags=["quiz"]\ndef quiz_1_1', "# %%\ndef quiz_1_1", "not in a cell tagged"),
        ("def quiz_1_1(", "def question_1_1(", "this cell is tagged quiz and defines no function"),
        ("def quiz_1_1(", "def quiz_order(", "quiz_order is a name that `labkit build` gives"),
        ("    # BEGIN SOLUTION\n    return 4.6667", "    return 4.6667", "ends that did not begin"),
    ],
)
def test_a_slip_in_a_quiz_is_reported_with_its_line(lab, tmp_path, old, new, words):
    shutil.copytree(lab.handout.parent.parent, tmp_path / "toy")
    copy = read_course(tmp_path / "toy").lab("1")
    text = copy.source.read_text()
    assert text.count(old) == 1
    copy.source.write_text(text.replace(old, new))
    found = [problem for problem in problems(read_course(tmp_path / "toy").lab("1")) if not problem.warning]
    assert [problem for problem in found if words in problem.sentence and problem.line > 34], found


# --- what students get --------------------------------------------------------------------------------------


def test_a_starter_asks_and_tells_nothing(lab):
    text = (lab.handout / "lab.py").read_text()
    assert "    Answer with the letter of the right option.\n" in text
    assert "    Answer with the letters of all right options" in text
    assert 'raise NotImplementedError("quiz quiz_1_2_mean")' in text
    index, _ = read_arrays(lab.handout / "recorded.npz")
    for shown in (text, starter_notebook(text, lab.name), json.dumps(index)):
        for secret in (" -> You", "forgot to double", "3 is odd", "2.333", "4.6667", "tolerance: 0.01"):
            assert secret not in shown
    assert len(index["quiz"]) == 3


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_no_answer_of_a_labs_quiz_is_in_its_starter(lab):
    quizzes = read_quizzes(lab.source.read_text())
    assert len(quizzes) == 8
    text = starter(lab.source.read_text())
    plain = " ".join(text.split())
    for quiz in quizzes:
        reasons = [option.because for option in quiz.options] + [reason for _, reason in quiz.slips]
        assert all(len(reason) > 15 and reason not in plain for reason in reasons), quiz.function
        assert reasons, quiz.function
        for letter in "abcdefgh"[: len(quiz.options)]:
            assert f'return "{letter}' not in text


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_the_quiz_of_a_lab_costs_nothing_and_teaches(lab):
    quizzes = read_quizzes(lab.source.read_text())
    assert sum(quiz.points for quiz in quizzes) == 0
    assert 2 <= sum(not quiz.options for quiz in quizzes) <= 5
    for quiz in quizzes:
        assert len(quiz.options) in (0, 3, 4, 5), quiz.function
        assert quiz.options or quiz.slips, quiz.function
        assert problem_with(seal(quiz, 1), quiz.answer) is None
        for number, reason in quiz.slips:
            assert problem_with(seal(quiz, 1), number) == reason


@given(st.integers(0, 10**6), st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_reordering_moves_options_only(first, second):
    one = reordered(asked(QUIZ, first), second)
    assert one == asked(QUIZ, second)
    assert sorted(one.splitlines()) != [] and reordered(one, second) == one


def test_each_name_has_an_order_and_keeps_it(lab):
    texts = {name: personal(lab.handout, ".py", name) for name in ("anna", "ben", "chloe", "dan", "eve")}
    assert len(set(texts.values())) == 5
    assert texts["anna"] == personal(lab.handout, ".py", "anna")
    own = personal(lab.handout, ".ipynb", "anna")
    order = re.search(r"return (\d+)", texts["anna"])[1]
    assert f"return {order}" in own and order == str(order_from("anna"))


# --- judging ------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**9), st.integers(2, 8))
def test_an_order_is_a_permutation(order, count):
    assert sorted(permutation(order, "quiz_1_1", count)) == list(range(count))


@pytest.mark.parametrize("quiz", [ONE, SEVERAL], ids=["one", "several"])
@pytest.mark.parametrize("order", [None, 0, 1, 4711])
def test_exactly_the_right_options_pass_in_every_order(quiz, order):
    sealed = seal(quiz, 1)
    count = len(quiz.options)
    places = permutation(order, quiz.function, count) if order is not None else list(range(count))
    letters = "abcdefgh"[:count]
    for size in range(1, count + 1):
        for chosen in itertools.combinations(letters, size):
            written = {letters[places[letters.index(letter)]] for letter in chosen}
            problem = problem_with(sealed, "".join(chosen), order)
            assert (problem is None) == (written == set(quiz.answer))


@pytest.mark.parametrize(
    ("quiz", "answer", "problem"),
    [
        (ONE, "C", None),
        (ONE, " c) ", None),
        (ONE, "a", "a is not right: You squared the root and forgot to double."),
        (ONE, "bc", "exactly one option is right"),
        (ONE, "d", "answer with the letter of the right option, a to c"),
        (ONE, "", "answer with the letter of the right option, a to c"),
        (ONE, None, "answer with the letter of the right option, a to c"),
        (ONE, 8, "answer with the letter of the right option, a to c"),
        (SEVERAL, "a, c", None),
        (SEVERAL, ["c", "a"], None),
        (SEVERAL, "a", "what you chose is right, and more is right as well"),
        (SEVERAL, "abc", "b is not right: 3 is odd."),
        (SEVERAL, "bd", "b is not right: 3 is odd.\nd is not right: 5 is odd."),
        (SEVERAL, "x", "answer with the letters of all right options, a to d"),
        (NUMBER, 4.6667, None),
        (NUMBER, 4.66, None),
        (NUMBER, 4.65, "4.65 is not right"),
        (NUMBER, 2.33, "That is the mean of the numbers; double them first."),
        (NUMBER, 14, "That is the sum; divide by 3."),
        (NUMBER, float("nan"), "answer with a number"),
        (NUMBER, float("inf"), "answer with a number"),
        (NUMBER, True, "answer with a number"),
        (NUMBER, "4.67", "answer with a number"),
        pytest.param(NUMBER, 10**400, "answer with a number", id="huge"),
    ],
)
def test_what_a_student_is_told(quiz, answer, problem):
    assert problem_with(seal(quiz, 1), answer) == problem


@given(
    st.floats(-1e6, 1e6), st.floats(-1.5, 1.5), st.one_of(st.just(0.0), st.floats(1e-3, 10)), st.booleans()
)
def test_a_number_passes_within_its_tolerance_and_nowhere_else(right, apart, tolerance, whole):
    right = round(right) if whole else right
    answer = right + apart * (tolerance or 1)
    sealed = seal(Quiz("quiz_1_1", "?", answer=right, tolerance=tolerance), 1)
    assert (problem_with(sealed, answer) is None) == (abs(answer - right) <= tolerance)


def test_sealing_is_stable_and_hides():
    assert seal(ONE) == seal(ONE) and seal(ONE)["rounds"] >= 10_000
    text = json.dumps([seal(quiz) for quiz in (ONE, SEVERAL, NUMBER)])
    assert "forgot" not in text and "4.66" not in text and '"right"' not in text


# --- in the house -------------------------------------------------------------------------------------------


def hand_in(lab, folder, answers: dict[str, object], name="mine.py"):
    text = personal(lab.handout, ".py", "anna")
    for function, answer in answers.items():
        stub = f'raise NotImplementedError("quiz {function}")'
        assert stub in text
        text = text.replace(stub, f"return {answer!r}")
    path = folder / name
    path.write_text(text)
    return read_submission(path)


@pytest.mark.parametrize("public", [True, False])
def test_grading_with_and_without_the_solution_gives_the_same_verdicts(lab, tmp_path, public):
    places = permutation(order_from("anna"), "quiz_1_1", 3)
    right, wrong = "abc"[places.index(2)], "abc"[places.index(0)]
    mine = hand_in(lab, tmp_path, {"quiz_1_1": right, "quiz_1_2_mean": 14})
    record = (check_submission(mine, lab) if public else grade_submission(mine, lab, b"salt")).record
    assert check_of(record, "test_quiz_1_1").verdict == "passed"
    assert check_of(record, "test_quiz_1_2").verdict == "not_attempted"
    mean = check_of(record, "test_quiz_1_2_mean")
    assert (mean.verdict, mean.message) == ("failed", "That is the sum; divide by 3.")
    assert record.max_score == (85 if public else 100)
    mine = hand_in(lab, tmp_path, {"quiz_1_1": wrong})
    record = check_submission(mine, lab, "quiz").record
    assert len(record.checks) == 3 and "forgot to double" in check_of(record, "test_quiz_1_1").message


def test_the_solution_answers_its_own_quiz(lab):
    record = grade_submission(read_submission(lab.source), lab, b"salt").record
    assert [check.verdict for check in record.checks] == ["passed"] * 7
    assert passes(selftest(lab, b"salt"))


def test_changing_a_quiz_seals_it_anew_and_records_nothing(lab, tmp_path):
    shutil.copytree(lab.handout.parent.parent, tmp_path / "toy")
    copy = read_course(tmp_path / "toy").lab("1")
    copy.source.write_text(copy.source.read_text().replace("d) 5", "d) 7"))
    copy = read_course(tmp_path / "toy").lab("1")
    assert any("today's quiz" in sentence for sentence in stale(copy))
    assert build(copy, copy.handout) is False
    assert stale(copy) == []


def test_a_quiz_is_among_the_public_checks_of_a_lab(lab):
    names = [check.name for check in lab.public_checks if check.question == "quiz"]
    assert names == ["test_quiz_1_1", "test_quiz_1_2", "test_quiz_1_2_mean"]
    assert lab.public_checks[-3:] == lab.checks[-3:]


def test_watching_shows_the_quiz_after_the_numbered_questions():
    from labkit.show import watch as screen

    assert sorted(["quiz", "1.10", "1.9", "1.1"], key=screen._natural) == ["1.1", "1.9", "1.10", "quiz"]
