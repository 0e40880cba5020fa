"""Lateness and attempts: laws that hold for every course and every time, and what course.toml may say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.course import CourseError, Lab, LatePolicy, read_course
from labkit.grade.batch import Grading
from labkit.grade.journal import Journal
from labkit.platforms.gradescope import student_of
from labkit.platforms.origin import File
from labkit.record import Student, record_from
from labkit.record.found import Found
from labkit.record.late import Late, after_penalty, days_late, settle
from labkit.worker import Plan

BERLIN = ZoneInfo("Europe/Berlin")
DUE = datetime(2026, 10, 1, 23, 59, tzinfo=timezone(timedelta(hours=2)))
ZONES = [
    None,
    BERLIN,
    ZoneInfo("America/New_York"),
    ZoneInfo("Australia/Lord_Howe"),
    ZoneInfo("Pacific/Apia"),
]

policies = st.builds(
    LatePolicy,
    penalty_per_day=st.floats(0, 100),
    grace_minutes=st.floats(0, 3000),
    max_days=st.none() | st.integers(0, 30),
    timezone=st.sampled_from(ZONES),
)
moments = st.datetimes(
    datetime(2011, 1, 1), datetime(2030, 1, 1), timezones=st.sampled_from([UTC, BERLIN, DUE.tzinfo])
)
delays = st.timedeltas(timedelta(days=-3), timedelta(days=40))


def lab(due: datetime | None = DUE, attempts: int | None = None) -> Lab:
    return Lab("lab01_toy", Path("labs"), None, due, attempts)


def late(
    delay: timedelta, policy: LatePolicy, score: float = 8, most: float = 10, due: datetime = DUE
) -> Late:
    submitted = (due.astimezone(UTC) + delay).isoformat()
    return settle(score, most, lab(due), policy, Student(submitted_at=submitted))


@given(moments, delays, policies, st.floats(0, 100), st.floats(0, 1))
def test_the_score_is_never_negative_and_never_above_the_raw_one(due, delay, policy, most, share):
    result = late(delay, policy, most * share, most, due)
    assert 0 <= result.score <= result.score_raw == pytest.approx(most * share, abs=0.005)
    assert result.penalty == pytest.approx(result.score_raw - result.score, abs=0.011)


@given(moments, delays, delays, policies, st.floats(0, 100))
def test_handing_in_later_never_gains_anything(due, one, other, policy, score):
    sooner, later = (late(delay, policy, score, 100, due) for delay in sorted((one, other)))
    assert sooner.days_late <= later.days_late and sooner.score >= later.score


@given(moments, delays, policies)
def test_the_same_instant_costs_the_same_in_every_time_zone(due, delay, policy):
    submitted = due.astimezone(UTC) + delay
    counts = {
        days_late(due.astimezone(a), submitted.astimezone(b), policy)
        for a in (UTC, BERLIN)
        for b in (UTC, BERLIN)
    }
    assert len(counts) == 1


@given(moments, st.timedeltas(timedelta(days=-40), timedelta(0)), policies)
def test_in_time_costs_nothing(due, delay, policy):
    result = late(delay, policy, due=due)
    assert (result.days_late, result.score, result.penalty, result.note) == (0, 8, 0, "")


@pytest.mark.parametrize(
    ("delay", "days"),
    [
        (timedelta(minutes=15), 0),
        (timedelta(minutes=15, seconds=1), 1),
        (timedelta(days=1), 1),
        (timedelta(days=1, seconds=1), 2),
        (timedelta(days=2, hours=23), 3),
    ],
)
def test_days_are_counted_from_the_due_time_once_the_grace_is_over(delay, days):
    policy = LatePolicy(penalty_per_day=10, grace_minutes=15)
    result = late(delay, policy)
    assert (result.days_late, result.score, result.penalty) == (days, 8 - days, days)
    assert result.due == "2026-10-01T23:59:00+02:00"


def test_with_a_time_zone_a_day_ends_at_the_same_time_of_its_clocks():
    due = datetime(2026, 10, 24, 23, 59, tzinfo=timezone(timedelta(hours=2)))  # clocks go back in that night
    next_evening = datetime(2026, 10, 25, 23, 59, tzinfo=timezone(timedelta(hours=1)))
    assert next_evening - due == timedelta(hours=25)
    assert days_late(due, next_evening, LatePolicy(timezone=BERLIN)) == 1
    assert days_late(due, next_evening + timedelta(seconds=1), LatePolicy(timezone=BERLIN)) == 2
    assert days_late(due, next_evening, LatePolicy()) == 2
    spring = datetime(2026, 3, 28, 23, 59, tzinfo=timezone(timedelta(hours=1)))
    assert days_late(spring, spring + timedelta(hours=23, seconds=1), LatePolicy(timezone=BERLIN)) == 2


@pytest.mark.parametrize(("days", "score", "counted"), [(1, 7, True), (2, 6, True), (3, 0, False)])
def test_beyond_the_last_day_it_does_not_count(days, score, counted):
    result = late(timedelta(days=days), LatePolicy(penalty_per_day=10, max_days=2))
    assert (result.score, result.counted, result.score_raw) == (score, counted, 8)
    assert ("no longer counts" in result.note) == (not counted)


@pytest.mark.parametrize(
    ("attempt", "allowed", "score"), [(1, 2, 8), (2, 2, 8), (3, 2, 0), (None, 2, 8), (9, None, None)]
)
def test_attempts(attempt, allowed, score):
    result = settle(8, 10, lab(None, allowed), LatePolicy(), Student(attempt=attempt))
    assert (result and result.score) == score
    if result:
        assert (result.attempt, result.attempts_allowed, result.due) == (attempt, allowed, None)


@pytest.mark.parametrize(
    ("student", "words"),
    [
        (Student(), "Nobody said when"),
        (Student(late=True), "handed in late, but nobody said when"),
        (Student(submitted_at="yesterday"), "'yesterday' is no time"),
        (Student(submitted_at="2030-01-01T00:00:00"), "no time with an offset"),
    ],
)
def test_an_unknown_time_costs_nothing_and_is_noted(student, words):
    result = settle(8, 10, lab(), LatePolicy(penalty_per_day=50, max_days=0), student)
    assert (result.score, result.days_late, result.submitted_at, result.counted) == (
        8,
        None,
        None,
        True,
    )
    assert words in result.note


def test_without_due_date_and_attempts_there_is_nothing_to_settle():
    assert settle(8, 10, lab(None), LatePolicy(penalty_per_day=10), Student()) is None
    assert settle(0, 0, None, LatePolicy(), Student()) is None


@pytest.mark.parametrize("pair", [(DUE, DUE.replace(tzinfo=None)), (DUE.replace(tzinfo=None), DUE)])
def test_times_without_offset_are_refused(pair):
    with pytest.raises(ValueError, match=r"course\.toml"):
        days_late(*pair, LatePolicy())


@given(st.floats(0, 100), st.integers(0, 400), policies)
def test_nothing_is_taken_off_twice(score, days, policy):
    assert after_penalty(score, 100, 0, policy) == score
    assert after_penalty(score, 100, days, policy) >= after_penalty(score, 100, days + 1, policy) >= 0


@pytest.mark.parametrize(
    ("metadata", "student"),
    [
        (
            {
                "id": 123456,
                "created_at": "2026-10-02T14:22:32.365935-07:00",
                "users": [
                    {"id": 7, "name": "A Doe", "email": "a@b.c"},
                    {"id": 8, "name": "B Roe", "email": "b@b.c"},
                ],
                "previous_submissions": [
                    {"submission_time": "2026-10-01T14:22:32.365935-07:00", "score": 3.0}
                ],
            },
            Student(
                None,
                "A Doe",
                "a@b.c",
                "2026-10-02T14:22:32.365935-07:00",
                2,
                ids={"gradescope": "7"},
                group=(Student(None, "B Roe", "b@b.c", ids={"gradescope": "8"}),),
            ),
        ),
        ({}, Student()),
        ({"created_at": 5, "users": None, "previous_submissions": {}}, Student()),
        ({"users": ["x", {}], "previous_submissions": []}, Student(attempt=1)),
    ],
)
def test_gradescope_says_whose_it_is_and_when_it_was_handed_in(metadata, student):
    assert student_of(metadata) == student
    assert settle(8, 10, lab(), LatePolicy(), student).days_late in (1, None)


# --- in a batch ---------------------------------------------------------------------------------------------------


def test_a_batch_settles_each_record_and_a_new_due_date_needs_no_new_grading(toy_course, tmp_path):
    source = b"# labkit: lab01_toy\ndef double(x):\n    return 2 * x\n"
    student = Student("4711", submitted_at="2026-10-02T20:00:00+02:00", attempt=1)
    (tmp_path / "alice.py").write_bytes(source)
    found = Found(
        "alice", tmp_path / "alice.py", File(PurePosixPath("alice.py"), tmp_path / "alice.py"), student
    )
    policy = LatePolicy(penalty_per_day=10)

    def graded(due: datetime | None) -> dict:
        settings = {"lab01_toy": {"due": due}}
        course = replace(toy_course, late=policy, settings=settings)
        with Journal(tmp_path / "out") as journal:
            batch = Grading(course, tmp_path / "out", b"salt", Plan(), journal=journal).grade([found])
        data = json.loads((tmp_path / "out/alice/result.json").read_text())
        assert batch.kept == bool(kept) and data["score"] == 75
        kept.append(data)
        return data

    kept: list[dict] = []
    assert "late" not in graded(None)
    data = graded(DUE)
    assert data["late"] == {
        "due": "2026-10-01T23:59:00+02:00",
        "extension": None,
        "submitted_at": "2026-10-02T20:00:00+02:00",
        "days_late": 1,
        "unknown": False,
        "penalty": 10,
        "score_raw": 75,
        "score": 65,
        "attempt": 1,
        "attempts_allowed": None,
        "counted": True,
        "note": "",
    }
    assert record_from(data).final_score == 65


# --- course.toml --------------------------------------------------------------------------------------------------


def course(tmp_path, late: str = "", entry: str = ""):
    (tmp_path / "course.toml").write_text(f'{late}\n[[labs]]\nname = "lab01_toy"\n{entry}\n')
    folder = tmp_path / "labs" / "lab01_toy"
    folder.mkdir(parents=True)
    (folder / "lab.py").write_text("")
    return read_course(tmp_path)


def test_a_course_says_what_lateness_costs_and_a_lab_when_it_is_due(tmp_path):
    found = course(
        tmp_path,
        '[late]\npenalty_per_day = 10\ngrace_minutes = 15\nmax_days = 3\ntimezone = "Europe/Berlin"',
        "due = 2026-10-01T23:59:00+02:00\nattempts = 5\nthreads = 1",
    )
    assert found.late == LatePolicy(10, 15, 3, BERLIN)
    assert (found.lab("1").due, found.lab("1").attempts, found.lab("1").threads) == (DUE, 5, 1)


def test_a_course_may_say_nothing_of_it(tmp_path):
    found = course(tmp_path)
    assert found.late == LatePolicy() and found.lab("1").due is found.lab("1").attempts is None


@pytest.mark.parametrize(
    ("late", "entry", "words"),
    [
        ("", "due = 2026-10-01T23:59:00", "due of lab01_toy is a date and time with its offset"),
        ("", "due = 2026-10-01", "due of lab01_toy"),
        ("", 'due = "2026-10-01T23:59:00+02:00"', "without quotes"),
        ("", "attempts = 0", "attempts of lab01_toy is a whole number from 1, not 0"),
        ("", "attempts = true", "attempts of lab01_toy"),
        ("", "attempts = 1.5", "attempts of lab01_toy"),
        ("", "threads = 0", "threads of lab01_toy is a whole number from 1 to 64, not 0"),
        ("", 'threads = "two"', "threads of lab01_toy is a whole number from 1 to 64, not 'two'"),
        ("late = 10", "", "[late] is a table"),
        ("[late]\npenalty = 10", "", "[late] penalty is unknown; the keys are penalty_per_day"),
        ("[late]\npenalty_per_day = -1", "", "penalty_per_day is a number from 0 to 100"),
        ("[late]\npenalty_per_day = nan", "", "penalty_per_day is a number from 0 to 100"),
        ('[late]\ngrace_minutes = "15"', "", "grace_minutes is a number from 0"),
        ("[late]\nmax_days = -1", "", "max_days is a whole number from 0"),
        ('[late]\ntimezone = "Berlin"', "", "timezone is a name such as"),
        ('[late]\ntimezone = "../../etc/passwd"', "", "timezone is a name such as"),
        ("[late]\ntimezone = 1", "", "timezone is a name such as"),
    ],
)
def test_what_course_toml_must_not_say_is_named_with_file_and_key(tmp_path, late, entry, words):
    with pytest.raises(CourseError) as raised:
        course(tmp_path, late, entry)
    assert str(tmp_path / "course.toml") in str(raised.value) and words in str(raised.value)


def test_an_attempt_that_failed_through_the_autograder_was_none():
    before = [{"autograder_error": True}, {"autograder_error": False}, {}]
    assert student_of({"previous_submissions": before}).attempt == 3


def test_a_time_that_cannot_be_read_is_quoted():
    late = settle(8, 10, lab(), LatePolicy(penalty_per_day=10), Student(submitted_at="2026-10-09 10:00 CST"))
    assert (
        late.unknown and late.score == 8 and "'2026-10-09 10:00 CST' is no time with an offset" in late.note
    )
