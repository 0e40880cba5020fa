"""The student's page: what it tells, what it must not tell, and that no text of anybody's becomes part of it."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from labkit.check import measured
from labkit.check.expect.failure import examining
from labkit.record import (
    Adjusted,
    Answers,
    CheckResult,
    Choice,
    Code,
    Confusion,
    Curves,
    Images,
    Late,
    Misconception,
    Record,
    Score,
    Student,
    Verdict,
)
from labkit.report.drawing import drawing
from labkit.report.student import DRAWN, PLAIN, Standing, student_page
from tests.platforms.records import HOSTILE, hostile
from tests.report import made

V = Verdict
SENTENCE = "Your rows do not sum to 1, the columns do: `axis=0`."


def check(name, question, verdict=V.PASSED, points=4, **more) -> CheckResult:
    message = more.pop("message", "" if verdict is V.PASSED else f"what {name} saw")
    earned = more.pop("earned", points if verdict is V.PASSED else 0)
    return CheckResult(name, question, f"Title of {name}.", verdict, earned, points, message=message, **more)


def record(*checks, **more) -> Record:
    facts = {"submission": "ada", "lab": "lab01_softmax_regression", "file": "my lab.py", "salt_id": "0123"}
    return Record(checks=checks, **(facts | more))


class Page(HTMLParser):
    """A page as its elements, with the text that can be read, and the text of some elements by id."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.text, self.marked, self._inside = "", [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "mark":
            self.marked.append("")
        self._inside.append(tag)

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" not in self._inside:
            self.text += data
        if "mark" in self._inside:
            self.marked[-1] += data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def read(one: Record, **options) -> Page:
    return Page(student_page(one, **options))


# --- what to do first ------------------------------------------------------------------------------------------------

FIRST = {
    "the first that fails": (
        [check("a", "1.1"), check("b", "1.2", V.FAILED), check("c", "1.3", V.FAILED)],
        "Begin here: 1.2",
    ),
    "not one that waits": (
        [
            check("a", "1.1", V.NOT_RUN, needs=("1.3",), message="waiting for 1.3"),
            check("b", "1.2", V.FAILED),
        ],
        "Begin here: 1.2",
    ),
    "a failure before what nobody wrote": (
        [check("a", "1.1", V.NOT_ATTEMPTED), check("b", "1.2", V.ERROR)],
        "Begin here: 1.2",
    ),
    "else what nobody wrote": ([check("a", "1.1"), check("b", "1.2", V.NOT_ATTEMPTED)], "Begin here: 1.2"),
    "a quiz without points last": (
        [check("test_quiz_1", "quiz", V.FAILED, points=0), check("b", "1.2", V.NOT_ATTEMPTED)],
        "Begin here: 1.2",
    ),
    "hidden ones only": (
        [check("a", "1.1"), check("b", "1.1", V.FAILED, hidden=True)],
        "Begin here Every check that you have passes.",
    ),
    "nothing": ([check("a", "1.1")], "Nothing is left to do"),
    "unread": ([check("a", "1.1", V.NOT_RUN, message="the file could not be read")], "could not be read"),
    "no check": ([], "Nothing was checked"),
}


@pytest.mark.parametrize("case", FIRST)
def test_a_page_says_what_to_do_first(case):
    checks, said = FIRST[case]
    assert said in read(record(*checks)).words


def test_the_first_thing_comes_with_its_sentence_its_command_and_what_hangs_on_it():
    mistake = Misconception("axis_0", SENTENCE)
    first = check("a", "1.1", V.FAILED, misconception=mistake)
    waits = check("b", "1.2", V.NOT_RUN, points=6, needs=("1.1",), message="waiting for 1.1")
    page = read(record(first, waits, check("c", "1.3", V.FAILED)))
    begin = page.words.partition("Begin here")[2].partition("Questions")[0]
    assert "the columns do: axis=0." in begin and "what a saw" in begin
    assert "labkit check 'my lab.py' -k 1.1" in begin
    assert "4 points are to be had here, 6 more wait for it." in begin and "After that: 1.3" in begin
    assert "Waits for 1.1." in page.words


# --- what is told ----------------------------------------------------------------------------------------------------


def test_a_mistake_of_several_checks_has_its_sentence_once():
    mistake = Misconception("axis_0", SENTENCE)
    checks = [check(name, "1.1", V.FAILED, misconception=mistake) for name in "abc"]
    questions = read(record(*checks)).words.partition("Questions")[2]
    assert questions.count("the columns do") == 1 and questions.count("The same mistake as above.") == 2


@given(
    st.integers(0, 20),
    st.integers(0, 3),
    st.none() | st.integers(0, 20),
)
def test_the_sum_in_the_head_adds_up(earned, days, given_by_hand):
    one = record(check("a", "1.1", V.FAILED, points=20, earned=earned))
    if given_by_hand is not None:
        reason = Adjusted(question="1.1", points=given_by_hand, earned=earned, reason="read by a human")
        one = replace(one, adjusted=(reason,))
    score = max(one.adjusted_score - 2 * days, 0)
    one = replace(one, late=Late(score=score, days_late=days, penalty=one.adjusted_score - score))
    page = student_page(one)
    cells = [part.partition("</td>")[0] for part in page.split('<td class="n">')[1:]]
    amounts = [float(cell.replace("−", "-")) for cell in cells if cell]
    if not one.penalty and given_by_hand in (None, earned):
        assert amounts == []  # nothing to add up
    else:
        assert sum(amounts[:-1]) == pytest.approx(amounts[-1]) and amounts[-1] == one.final_score
    assert ("read by a human" in page) == (given_by_hand not in (None, earned))


def test_an_unknown_time_is_said_in_the_head():
    late = Late(score=4, unknown=True, note="Nobody said when it was handed in.")
    assert "Nobody said when" in read(record(check("a", "1.1"), late=late)).words.partition("Begin")[0]


def test_the_line_that_raised_is_marked_in_the_students_own_function():
    message = "softmax raised ValueError: no\n    lab.py, line 12: return x"
    code = Code(
        "1.1", "softmax", "lab.py", 10, 'def softmax(x):\n    """What the starter says."""\n    return x'
    )
    page = read(record(check("a", "1.1", V.FAILED, message=message), answers=Answers(code=(code,))))
    assert [" ".join(mark.split()) for mark in page.marked] == ["return x (this line raised the exception)"]
    assert "What the starter says" not in page.text
    other = replace(code, where="cell 3")
    page = read(record(check("a", "1.1", V.FAILED, message=message), answers=Answers(code=(other,))))
    assert page.marked == []


def test_code_stands_beside_failures_alone():
    code = Code("1.1", "softmax", "lab.py", 1, "def softmax(x):\n    return own_idea")
    answers = Answers(code=(code,))
    assert "own_idea" in read(record(check("a", "1.1", V.FAILED), answers=answers)).text
    assert "own_idea" not in read(record(check("a", "1.1"), answers=answers)).text


def test_a_quiz_shows_the_options_of_this_file_and_the_answer():
    choice = Choice("What comes out?", {"a": "a NaN", "b": "zeros"}, "b")
    asked = check("test_quiz_1_3", "quiz", V.FAILED, points=0, message="b is not right: think of inf")
    page = read(record(asked, answers=Answers(quiz={"quiz_1_3": choice})))
    assert "zeros (your answer)" in page.words and "a NaN (your" not in page.words
    assert "think of inf" in page.words


def test_written_answers_and_comments_are_shown():
    one = record(
        check("test_essay", "1.9", V.NOT_RUN),
        answers=Answers(written={"test_essay": "Because the rows sum to 1."}),
        adjusted=(Adjusted(question="1.9", check="test_essay", comment="Well seen."),),
    )
    words = read(one).words
    assert "Because the rows sum to 1." in words and "Well seen." in words


def test_what_changed_since_the_last_grading():
    before = record(check("a", "1.1", V.FAILED), check("b", "1.2"), check("h", "1.2", V.FAILED, hidden=True))
    now = record(check("a", "1.1"), check("b", "1.2"), check("h", "1.2", hidden=True))
    words = read(now, before=before).words.partition("Since the last grading")[2].partition("Questions")[0]
    assert "Title of a: failed → ✓ passed (+4)" in words and "hidden check 1 of 1.2: failed" in words
    assert "Title of b" not in words and "Title of h" not in words
    assert "Since the last grading" not in read(now, before=now).words


def test_a_group_is_called_by_all_its_members():
    student = Student(name="Ada", group=(Student(name="Bo"),))
    assert "Ada, Bo" in read(record(check("a", "1.1"), student=student)).words


def test_quartiles_of_the_others_are_told_where_they_are_given():
    one = record(check("a", "1.1"))
    told = read(one, standing=Standing(10, 20.5, 30, 12)).words
    assert "The middle half of the 12 others has from 10 to 30 points; the median is 20.5." in told
    assert "others has" not in read(one).words


# --- figures ---------------------------------------------------------------------------------------------------------


def figures():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 50)
    predicted = np.where((labels == 4) & (np.arange(500) % 16 == 0), 9, labels)
    with examining() as seen:
        measured.confusion(predicted, labels, "Digits")
        measured.images(rng.random((4, 28, 28)), rng.random((4, 28, 28)), "Rebuilt")
        measured.curves({"loss": [3, 1, 2]}, "Loss", x_title="epoch")
        measured.bars({"a": 0.5, "b": 0.25}, "Accuracy")
    assert len(seen.figures) == 4
    return tuple(replace(figure, check="a") for figure in seen.figures)


FINDINGS = {
    "Digits": "Most confused: 4 taken for 9, 3 times.",
    "Rebuilt": "4 images.",
    "Loss": "loss goes from 3 to 2; its lowest is 1 at epoch 2.",
    "Accuracy": "Highest: a with 0.5; lowest: b with 0.25.",
}


def test_every_figure_says_what_is_found_in_it_and_has_its_numbers_as_a_table():
    html = student_page(record(check("a", "1.1"), figures=figures()))
    page = Page(html)
    images = [
        attributes for tag, attributes in page.elements if tag == "svg" and attributes.get("role") == "img"
    ]
    assert len(images) == len(FINDINGS) == html.count("As a table")
    for title, finding in FINDINGS.items():
        assert f"{title}. " in page.words and finding in page.words


def test_what_somebody_has_made_of_a_figure_is_left_out():
    broken = (
        Confusion(names=("a",), counts=((1, 2), (3, 4))),
        Images(width=9, height=9, rows=(("x", ("QUJD",)),)),
        Curves(x=(1.0,), curves=(("y", ()),)),
    )
    assert [drawing(figure) for figure in broken] == [None] * 3
    assert "What the grader measured" not in read(record(check("a", "1.1"), figures=broken)).words


# --- what a student may not see --------------------------------------------------------------------------------------


def secret_record():
    secret = {
        "hidden": True,
        "message": "SECRET message",
        "misconception": Misconception("SECRET", "SECRET sentence"),
    }
    hidden = replace(check("test_SECRET", "1.1", V.FAILED, **secret), title="SECRET title", seconds=98.7654)
    drawn = tuple(replace(figure, check="test_SECRET", title="SECRET figure") for figure in figures())
    return record(check("a", "1.1"), hidden, figures=drawn)


def test_of_a_hidden_check_nothing_but_its_points_is_told():
    one = secret_record()
    html = student_page(one, before=replace(one, figures=()))
    assert "SECRET" not in html and "98.7" not in html and "What the grader measured" not in html
    assert "hidden check 1 of 1.1" in html
    assert student_page(one, hidden=True).count("SECRET") > 3


def test_a_score_is_told_also_of_a_hidden_check():
    score = Score(check="test_SECRET", title="Accuracy on test digits", value=0.98412)
    html = student_page(replace(secret_record(), figures=(score,)))
    assert "Accuracy on test digits: <b>0.98412</b>" in html and "SECRET" not in html


# --- text of others --------------------------------------------------------------------------------------------------


def with_everything(text: str) -> Record:
    """A record that says this text wherever somebody else's text can stand."""
    one = hostile(text)
    code = tuple(Code("1.1", text, text, 1, text) for _ in range(3))
    quiz = {f"quiz_{text}": Choice(text, {"a": text, text: text}, text)}
    answers = Answers(code=code, quiz=quiz, written={check.id: text for check in one.checks})
    adjusted = (Adjusted(question="1.1", points=1, reason=text, comment=text),)
    drawn = [replace(figure, title=text) for figure in figures()]
    drawn[3] = replace(drawn[3], names=(text, "b"))
    drawn.append(Score(title=text, value=1.0))
    asked = check(f"test_quiz_{text}", "quiz", V.FAILED, message=text)
    student = replace(one.student, group=(one.student,))
    changed = {"answers": answers, "adjusted": adjusted, "student": student, "file": text, "sha256": text}
    return replace(one, checks=(*one.checks, asked), figures=tuple(drawn), **changed)


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_text_becomes_part_of_a_page(kind):
    text = HOSTILE[kind]
    html = student_page(with_everything(text), output=text, titles={"": text, "1.1": text})
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= {
        *(
            "html",
            "head",
            "meta",
            "link",
            "title",
            "style",
            "body",
            "a",
            "div",
            "header",
            "main",
            "footer",
            "section",
        ),
        *(
            "p",
            "br",
            "h1",
            "h2",
            "h3",
            "span",
            "b",
            "abbr",
            "dl",
            "dt",
            "dd",
            "ul",
            "li",
            "details",
            "summary",
            "pre",
        ),
        *(
            "code",
            "mark",
            "table",
            "caption",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "blockquote",
            "figure",
            "figcaption",
        ),
        *("svg", "rect", "text", "line", "polyline", "image"),
    }
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        targets = [attributes[name] for name in ("href", "src") if name in attributes]
        assert all(target.startswith(("#", "data:")) for target in targets)
    assert not set("\x1b\u202e\u2066\0\x08") & set(page.text)
    assert len(html.encode()) <= DRAWN


@pytest.mark.parametrize("kind", ["long", "long wide", "html"])
def test_a_page_without_figures_stays_small(kind):
    one = with_everything(HOSTILE[kind] * 50)
    checks = tuple(replace(one.checks[0], id=f"test_{number}", message="<&" * 500) for number in range(60))
    html = student_page(replace(one, checks=checks, figures=()), output="<" * 60_000)
    assert len(html.encode()) <= PLAIN


def test_pages_of_a_class_are_small_and_have_no_script():
    for one in made.a_class(30):
        html = student_page(one)
        assert len(html.encode()) <= PLAIN and "<script" not in html
        assert "default-src 'none'; img-src data:; style-src 'sha256-" in html


def test_many_figures_keep_to_their_size():
    names = tuple(f"class {number}" for number in range(20))
    many = tuple(Confusion(title="x", names=names, counts=((1234,) * 20,) * 20) for _ in range(20))
    assert len(student_page(record(check("a", "1.1"), figures=many)).encode()) <= DRAWN
