"""What a human decides: whom it is about, what then counts, and what the file must not say."""

from __future__ import annotations

import csv
import io
from dataclasses import replace as with_
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from labkit.adjustments import AdjustmentError, adjusted, read_adjustments
from labkit.course import Course, LatePolicy, read_course
from labkit.platforms import Request, export
from labkit.record import Adjusted, CheckResult, Record, Student, Verdict, record_from, tally
from labkit.record.adjusted import counted
from tests.platforms.records import check, record

DUE = datetime(2026, 10, 1, 23, 59, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture
def course(toy_course, tmp_path) -> Course:
    """The toy course, in a folder where a file can be put beside course.toml."""
    (tmp_path / "course").mkdir()
    (tmp_path / "course/course.toml").write_text('[[labs]]\nname = "lab01_toy"\n')
    for part in ("labs", "solutions"):
        (tmp_path / "course" / part).symlink_to(toy_course.root / part, target_is_directory=True)
    return read_course(tmp_path / "course")


def decide(course: Course, text: str) -> None:
    (course.root / "adjustments.toml").write_text(text)


def mark(course: Course, student: str = "4711", points: float = 7, question: str = "") -> str:
    """A mark for the first check of the toy lab, or for a question."""
    about = f'question = "{question}"' if question else f'check = "{first_check(course).name}"'
    return f'[[mark]]\nstudent = "{student}"\n{about}\npoints = {points}\nreason = "our slip"\n'


def of_toy(
    course: Course, submission: str = "ada", student: Student | None = None, share: float = 0.0
) -> Record:
    """A record of the toy lab in which each check earned that share of its points."""
    checks = [
        check(
            info.name,
            info.question,
            "passed" if share == 1 else "failed",
            max_points=info.points,
            points=info.points * share,
        )
        for info in course.labs[0].checks
    ]
    return replace(
        record(submission, checks), student=student or Student(ids={"school": "4711"}, name="Ada Long")
    )


def first_check(course: Course):
    return course.labs[0].checks[0]


# --- what counts --------------------------------------------------------------------------------------------------


def test_a_mark_stands_beside_the_graders_points_and_counts(course):
    info = first_check(course)
    decide(course, mark(course))
    (one,), said = adjusted([of_toy(course)], course)
    assert said == [] and one.score == 0 and one.final_score == 7
    assert one.adjusted == (
        Adjusted(question=info.question, check=info.name, points=7, earned=0, reason="our slip"),
    )
    assert [c.points for c in one.checks] == [0] * len(one.checks)
    assert one.counted_checks[0].points == 7
    assert record_from(one.as_dict()) == one


def test_a_mark_for_a_question_replaces_the_points_of_all_its_checks(course):
    info = first_check(course)
    most = sum(other.points for other in course.labs[0].checks if other.question == info.question)
    decide(course, mark(course, points=most - 1, question=info.question))
    (one,), _ = adjusted([of_toy(course, share=1)], course)
    assert one.final_score == one.max_score - 1
    mine = [c for c in one.counted_checks if c.question == info.question]
    assert tally(mine)[0] == most - 1


def test_without_the_file_what_it_said_is_gone(course):
    decide(course, mark(course))
    (one,), _ = adjusted([of_toy(course)], course)
    (course.root / "adjustments.toml").unlink()
    (again,), _ = adjusted([one], course)
    assert one.final_score == 7 and again.final_score == 0 and again.adjusted == ()


def test_lateness_is_taken_off_what_a_human_decided(course):
    late = with_(course, late=LatePolicy(penalty_per_day=10), settings={"lab01_toy": {"due": DUE}})
    student = Student(ids={"school": "4711"}, submitted_at="2026-10-02T20:00:00+02:00")
    decide(late, mark(course, points=25))
    (one,), _ = adjusted([of_toy(course, student=student)], late)
    assert (one.score, one.adjusted_score, one.penalty, one.final_score) == (0, 25, 10, 15)


def test_an_extension_moves_the_due_date_of_one(course):
    late = with_(course, late=LatePolicy(penalty_per_day=10), settings={"lab01_toy": {"due": DUE}})
    decide(late, '[[extension]]\nstudent = "Ada Long"\nuntil = 2026-10-05T23:59:00+02:00\nreason = "ill"\n')
    when = "2026-10-02T20:00:00+02:00"
    ada = Student(name="Ada Long", submitted_at=when)
    bo = Student(name="Bo Orr", submitted_at=when)
    one, other = adjusted([of_toy(late, "a", ada, 1), of_toy(late, "b", bo, 1)], late)[0]
    assert (one.late.days_late, one.final_score, other.late.days_late) == (0, one.max_score, 1)
    assert one.late.extension == "2026-10-05T23:59:00+02:00" and "ill" in one.late.note
    assert one.late.due == DUE.isoformat() and other.late.extension is None


def test_an_unknown_time_is_said(course):
    due = with_(course, settings={"lab01_toy": {"due": DUE}})
    (one,), _ = adjusted([of_toy(due)], due)
    assert one.late.unknown and one.late.days_late is None and one.final_score == one.score


def test_a_mark_for_one_of_a_group_is_that_ones_alone(course):
    group = Student(
        ids={"school": "4711"}, name="Ada Long", group=(Student(ids={"school": "5"}, name="Bo Orr"),)
    )
    decide(course, mark(course, "Bo Orr"))
    (one,), _ = adjusted([of_toy(course, "team", group)], course)
    assert one.final_score == 0 and one.of(0).final_score == 0 and one.of(1).final_score == 7
    rows = list(csv.DictReader(io.StringIO(sheet_of([one]))))
    assert {row["Student"]: row["Lab 1 (901)"] for row in rows if row["ID"]} == {
        "Long, Ada": "0.00",
        "Orr, Bo": "7.00",
    }
    decide(course, mark(course, "team"))
    (one,), _ = adjusted([of_toy(course, "team", group)], course)
    assert one.final_score == 7 and one.individual == ()


def sheet_of(records: list[Record]) -> str:
    text = "Student,ID,SIS User ID,Section,Lab 1 (901)\n    Points Possible,,,,100\n"
    text += '"Long, Ada",12,4711,A,\n"Orr, Bo",13,5,A,\n'
    return str(
        export(records, "canvas", Request(sheet=text.encode(), columns={"": "901"})).files["canvas.csv"]
    )


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([0, 1, 2, 4])), min_size=1, max_size=8),
    st.integers(0, 10_000),
)
def test_shared_out_points_are_exactly_the_mark_and_none_exceeds_its_check(parts, share):
    """Points of a question in quarters; any mark from 0 to the maximum."""
    checks = [
        CheckResult(f"test_{n}", "1.1", "A title", Verdict.FAILED, most / 4 * part / 4, most / 4)
        for n, (most, part) in enumerate(parts)
    ]
    _, most = tally(checks)
    mark = round(most * share / 10_000, 2)
    found = counted(checks, [Adjusted(question="1.1", points=mark)])
    assert tally(found)[0] == pytest.approx(mark, abs=0.011)
    assert all(0 <= c.points <= c.max_points for c in found)


# --- whom it is about ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("called", "student"),
    [
        ("4711", Student(ids={"school": "4711"})),
        ("ada", Student(ids={"login": "ADA"})),
        ("ada@x.edu", Student(email="Ada@x.edu")),
        ("Long, Ada", Student(name="Ada Long")),
        ("Ada Long", Student(run_together="longada", ids={"canvas": "9"})),
        ("ada", Student(ids={"nbgrader": "ada", "unsaid": "ada"})),
        ("Submission_9", Student(name="Ada Long")),
    ],
)
def test_a_student_is_found_by_whatever_people_write(course, called, student):
    decide(course, mark(course, called))
    found = read_adjustments(course).find([("submission_9", student), ("other", Student(name="Bo Orr"))])
    assert [who.submission for _, who in found.decisions] == ["submission_9"]


@pytest.mark.parametrize(
    "people",
    [
        [
            ("a", Student(name="Ada Long", ids={"moodle": "1"})),
            ("b", Student(name="Ada Long", ids={"moodle": "2"})),
        ],
        [("Ada Long", Student(name="Bo Orr")), ("b", Student(name="Ada Long"))],
    ],
)
def test_nobody_gets_a_mark_that_could_be_anothers(course, people):
    decide(course, mark(course, "Ada Long"))
    with pytest.raises(AdjustmentError, match=r"adjustments\.toml:2: .*fits several"):
        read_adjustments(course).find(people)


def test_a_number_of_another_system_is_nobodys(course):
    decide(course, mark(course))
    people = [("doejane_4711", Student(ids={"canvas": "4711"}, run_together="doejane"))]
    with pytest.raises(AdjustmentError, match=r"adjustments\.toml:2: nobody who handed in is called '4711'"):
        read_adjustments(course).find(people)
    listed = [("", Student(ids={"school": "4711"}))]
    assert read_adjustments(course).find(people, listed).decisions == ()


def test_of_two_decisions_about_one_thing_the_later_is_refused_by_whatever_name(course):
    one = mark(course)
    decide(course, one + mark(course, "Ada Long"))
    with pytest.raises(AdjustmentError, match=r":7: the same was decided .* on line 2 already"):
        adjusted([of_toy(course)], course)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("points = 7", "points = 700", 4, "gives at most"),
        ("points = 7", "points = -1", 4, "is a number from 0"),
        ("CHECK", "CHECKS", 3, "is CHECK meant?"),
        ('check = "CHECK"', 'question = "9.9"', 3, "has no question 9.9; there are"),
        ('check = "CHECK"\n', "", 1, "neither check nor question"),
        ('reason = "our slip"\n', "", 1, "has no reason"),
        ("points", "point", 4, "Is points meant?"),
        ("[[mark]]", "[[marks]]", 1, "Is mark meant?"),
        ('student = "4711"', 'student = "4711"\nlab = "lab07"', 3, "no lab called 'lab07'"),
        ("[[mark]]", "[[mark", 1, "this is not TOML"),
    ],
)
def test_what_the_file_must_not_say_is_refused_with_its_line(course, old, new, line, words):
    old, new, words = (text.replace("CHECK", first_check(course).name) for text in (old, new, words))
    text = mark(course)
    assert old in text
    decide(course, text.replace(old, new))
    with pytest.raises(AdjustmentError) as raised:
        read_adjustments(course)
    assert str(raised.value).startswith(f"{course.root / 'adjustments.toml'}:{line}: ")
    assert words in str(raised.value)


def test_an_extension_that_moves_nothing_is_refused(course):
    text = '[[extension]]\nstudent = "a"\nuntil = 2026-10-01T20:00:00+02:00\n'
    for settings, words in (({}, "of no due date"), ({"lab01_toy": {"due": DUE}}, "not after")):
        decide(course, text)
        with pytest.raises(AdjustmentError, match=rf"adjustments\.toml:3: .*{words}"):
            read_adjustments(with_(course, settings=settings))


# --- in the commands ----------------------------------------------------------------------------------------------


def test_grade_and_export_apply_it_and_a_regrade_keeps_it(course, tmp_path, labkit):
    info = first_check(course)
    (tmp_path / "class").mkdir()
    for name in ("ada", "bo"):
        (tmp_path / "class" / f"{name}.py").write_text("def double(x):\n    return 3 * x\n")
    decide(course, mark(course, "ada"))
    arguments = [
        "grade",
        tmp_path / "class",
        "--course",
        course.root,
        "--lab",
        "1",
        "--out",
        tmp_path / "out",
        "--jobs",
        1,
    ]
    done = labkit(*arguments)
    assert done.returncode == 0, done.stderr
    for again in ([], ["--regrade", "all"], ["--regrade-check", info.name]):
        done = labkit(*arguments, *again)
        rows = list(csv.DictReader(io.StringIO((tmp_path / "out/grades.csv").read_text())))
        assert [(row["submission"], row["raw_score"], row["adjusted"], row["score"]) for row in rows] == [
            ("ada", "0", "7", "7"),
            ("bo", "0", "0", "0"),
        ]
        assert "our slip" in rows[0]["notes"] and "adjusted +7" in done.stdout
    decide(course, mark(course, "ada", points=9))
    done = labkit("export", tmp_path / "out", "--to", "csv", "--out", "-", "--course", course.root)
    rows = {row["submission"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert (rows["ada"]["score"], rows["ada"]["adjusted"], rows["bo"]["score"]) == ("9", "9", "0")
    decide(course, mark(course, "adda"))
    done = labkit(*arguments)
    assert done.returncode == 2 and "adjustments.toml:2:" in done.stderr and "Is 'ada' meant?" in done.stderr


def test_what_is_decided_about_another_lab_stops_nothing(course):
    decide(course, mark(course))
    read = read_adjustments(course)
    assert read.find([("bo", Student(name="Bo Orr"))], labs={"lab02_other"}).decisions == ()
    with pytest.raises(AdjustmentError):
        read.find([("bo", Student(name="Bo Orr"))], labs={"lab01_toy"})
