"""Quiz questions: asked without their answers, judged without them in clear, in an order of each student's own."""

from __future__ import annotations

import itertools
import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.author.build import build, stale
from labkit.author.notebook import starter_notebook
from labkit.author.problems import problems
from labkit.author.selftest import passes, selftest
from labkit.author.starter import starter
from labkit.check.quiz import change_since, problem_with, seal
from labkit.check.recorded import read_arrays
from labkit.course import read_course
from labkit.grade import check_submission, grade_submission
from labkit.lesson.lesson import read_lesson
from labkit.lesson.quiz import Option, Quiz, Shown, read_quizzes, shown_in
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
        ("    b) 4\n", "    b) 2.\n", "options a and b are the same"),
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
    assert read_lesson(text).slips == ()
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


def test_a_starter_asks_what_its_master_asks(lab):
    ours, theirs = (
        read_quizzes(path.read_text(), answers=False) for path in (lab.source, lab.handout / "lab.py")
    )
    for one, other in zip(ours, theirs, strict=True):
        assert (one.function, one.title, one.text) == (other.function, other.title, other.text)
        assert [option.text for option in one.options] == [option.text for option in other.options]
    for path in (lab.source, lab.handout / "lab.py"):
        shown = shown_in([("lab.py", path.read_text())])
        assert shown["quiz_1_1"] == Shown(ONE.text, {"a": "2", "b": "4", "c": "8"}, path != lab.source)
        assert shown["quiz_1_2_mean"] == Shown(NUMBER.text, {})


@given(st.text(alphabet="def quiz_1():\n\"' rabc)", max_size=200))
def test_any_text_may_be_searched_for_what_it_shows(text):
    shown_in([("a", 'def quiz_1():\n    """' + text), ("b", text)])


# --- judging ------------------------------------------------------------------------------------------------


@given(st.permutations("abc"), st.data())
@settings(max_examples=40, deadline=None)
def test_exactly_the_right_options_pass_under_whatever_letters_a_file_shows_them(letters, data):
    for quiz in (ONE, SEVERAL):
        places = data.draw(st.permutations([option.letter for option in quiz.options]))
        written = dict(zip("abcd", places, strict=False))
        shown = Shown(
            quiz.text, {a: next(o.text for o in quiz.options if o.letter == b) for a, b in written.items()}
        )
        assert change_since(seal(quiz, 1), shown) is None
        for size in range(1, len(places) + 1):
            for chosen in itertools.combinations(written, size):
                problem = problem_with(seal(quiz, 1), "".join(chosen), shown)
                assert (problem is None) == ({written[letter] for letter in chosen} == set(quiz.answer))


def shows(quiz: Quiz, *texts: str) -> Shown:
    return Shown(quiz.text, dict(zip("abcdefgh", texts, strict=False)))


@pytest.mark.parametrize(
    ("quiz", "shown", "answer", "problem"),
    [
        (ONE, shows(ONE, "8", "2"), "a", None),  # an option came to it
        (ONE, shows(ONE, "8", "2"), "b", "b is not right: You squared the root and forgot to double."),
        (ONE, shows(ONE, "2", "4", "8", "16"), "c", None),  # an option went
        (ONE, shows(ONE, "2", "4", "8", "16"), "d", "d is an option that today's quiz does not have"),
        (ONE, shows(ONE, "8.", "  2"), "a", None),  # a full stop, a space
        (SEVERAL, shows(SEVERAL, "4", "3"), "a", None),  # all that is right of those that are shown
        (SEVERAL, shows(SEVERAL, "4", "2", "3"), "a", "what you chose is right, and more is right as well"),
        (SEVERAL, shows(SEVERAL, "4", "two"), "ab", "b is an option that today's quiz does not have"),
        (ONE, Shown(ONE.text, {"a": "2", "c": "8"}), "c", None),  # the student deleted b
        (ONE, shows(ONE, "2", "4", "seven"), "a", "no option in this file is right any more."),
        (SEVERAL, Shown(SEVERAL.text, {"a": "4", "b": "3"}, one=True), "a", None),
        (
            SEVERAL,
            Shown(SEVERAL.text, {"a": "4", "b": "2", "c": "9"}, one=True),
            "a",
            None,
        ),  # it asked for one
        (ONE, Shown("", {}), "c", None),  # the student deleted all: read as written
    ],
)
def test_a_letter_means_the_option_that_this_file_shows(quiz, shown, answer, problem):
    found = problem_with(seal(quiz, 1), answer, shown)
    assert found == problem or (problem and found.startswith(problem))
    if set(shown.options.values()) not in ({"8.", "  2"},):
        assert "quiz_1_" in change_since(seal(quiz, 1), shown)


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
    text = (lab.handout / "lab.py").read_text()
    for function, answer in answers.items():
        stub = f'raise NotImplementedError("quiz {function}")'
        assert stub in text
        text = text.replace(stub, f"return {answer!r}")
    path = folder / name
    path.write_text(text)
    return read_submission(path)


@pytest.mark.parametrize("public", [True, False])
def test_grading_with_and_without_the_solution_gives_the_same_verdicts(lab, tmp_path, public):
    mine = hand_in(lab, tmp_path, {"quiz_1_1": "c", "quiz_1_2_mean": 14})
    record = (check_submission(mine, lab) if public else grade_submission(mine, lab, b"salt")).record
    assert check_of(record, "test_quiz_1_1").verdict == "passed"
    assert check_of(record, "test_quiz_1_2").verdict == "not_attempted"
    mean = check_of(record, "test_quiz_1_2_mean")
    assert (mean.verdict, mean.message) == ("failed", "That is the sum; divide by 3.")
    assert record.max_score == (85 if public else 100)
    mine = hand_in(lab, tmp_path, {"quiz_1_1": "a"})
    record = check_submission(mine, lab, "quiz").record
    assert len(record.checks) == 3 and "forgot to double" in check_of(record, "test_quiz_1_1").message


@pytest.mark.parametrize("public", [True, False])
def test_a_right_answer_is_told_why_it_is_right(lab, tmp_path, public):
    mine = hand_in(lab, tmp_path, {"quiz_1_1": "c"})
    record = (check_submission(mine, lab) if public else grade_submission(mine, lab, b"salt")).record
    right = check_of(record, "test_quiz_1_1")
    assert right.verdict == "passed" and right.message == "(2 √2)² = 4 · 2."


def test_who_asks_for_a_question_is_asked_the_quiz_of_its_section(lab, tmp_path):
    record = check_submission(hand_in(lab, tmp_path, {"quiz_1_1": "c"}), lab, "1.1").record
    assert {check.question for check in record.checks} == {"1.1", "quiz"}
    assert [check.id for check in record.checks if check.question == "quiz"] == ["test_quiz_1_1"]


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize(("answer", "verdict"), [("c", "passed"), ("a", "failed")])
def test_a_quiz_that_is_changed_while_students_work_costs_nobody_a_right_answer(
    lab, tmp_path, public, answer, verdict
):
    mine = hand_in(lab, tmp_path, {"quiz_1_1": answer})
    shutil.copytree(lab.handout.parent.parent, tmp_path / "toy")
    copy = read_course(tmp_path / "toy").lab("1")
    changed = copy.source.read_text().replace("    a) 2\n", "    a) 16 -> Too much.\n    b) 2\n")
    changed = changed.replace("    b) 4\n       ->", "    c) 4\n       ->").replace(
        "    c) 8\n", "    d) 8\n"
    )
    copy.source.write_text(changed.replace('return "c"', 'return "d"'))
    copy = read_course(tmp_path / "toy").lab("1")
    build(copy, copy.handout)
    record = (check_submission(mine, copy) if public else grade_submission(mine, copy, b"salt")).record
    assert check_of(record, "test_quiz_1_1").verdict == verdict
    assert any(
        note.startswith("quiz_1_1 is not asked in this file as in today's quiz") for note in record.notes
    )
    assert not any("quiz_1_2" in note for note in record.notes)


def test_the_solution_answers_its_own_quiz(lab):
    record = grade_submission(read_submission(lab.source), lab, b"salt").record
    assert [check.verdict for check in record.checks] == ["passed"] * 7
    assert passes(selftest(lab, b"salt"))


def test_changing_a_quiz_seals_it_anew_and_records_nothing(lab, tmp_path):
    shutil.copytree(lab.handout.parent.parent, tmp_path / "toy")
    copy = read_course(tmp_path / "toy").lab("1")
    copy.source.write_text(copy.source.read_text().replace("d) 5", "d) 7"))
    copy = read_course(tmp_path / "toy").lab("1")
    assert any("today's solution" in sentence for sentence in stale(copy))
    assert build(copy, copy.handout) is False
    assert stale(copy) == []


def test_a_quiz_is_among_the_public_checks_of_a_lab(lab):
    names = [check.name for check in lab.public_checks if check.question == "quiz"]
    assert names == ["test_quiz_1_1", "test_quiz_1_2", "test_quiz_1_2_mean"]
    assert lab.public_checks[-3:] == lab.checks[-3:]
