"""The record: what is written is read back, and what is no record is named with its place."""

from __future__ import annotations

import json
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from labkit.record import (
    Bars,
    CheckResult,
    Confusion,
    Curves,
    Images,
    Late,
    Misconception,
    Record,
    RecordError,
    Score,
    Student,
    Verdict,
    read_record,
    record_from,
    rounded,
    salt_id,
    without_times,
)
from tests.conftest import REPOSITORY
from tests.platforms.records import check, data

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
points = st.one_of(st.integers(0, 100), st.floats(0, 100))
checks = st.builds(
    CheckResult,
    *(texts, texts, texts, st.sampled_from(Verdict), points, points),
    hidden=st.booleans(),
    message=texts,
    misconception=st.none() | st.builds(Misconception, texts, texts),
    seconds=points,
)
students = st.builds(
    Student,
    *(st.none() | texts for _ in range(4)),
    attempt=st.none() | st.integers(1, 9),
    late=st.none() | st.booleans(),
    ids=st.dictionaries(texts, texts, max_size=2),
    group=st.tuples() | st.tuples(st.builds(Student, texts, texts)),
)
numbers = st.floats(-1e9, 1e9)
figures = st.one_of(
    st.builds(Bars, check=texts, title=texts, names=st.tuples(texts), values=st.tuples(numbers)),
    st.builds(Confusion, names=st.tuples(texts), counts=st.tuples(st.tuples(st.integers(0, 9)))),
    st.builds(
        Images,
        width=st.integers(1, 64),
        height=st.just(1),
        rows=st.tuples(st.tuples(texts, st.tuples(texts))),
    ),
    st.builds(Score, title=texts, value=numbers, lower_is_better=st.booleans()),
    st.builds(
        Curves, x=st.tuples(numbers), curves=st.tuples(st.tuples(texts, st.tuples(st.none() | numbers)))
    ),
)
records = st.builds(
    Record,
    submission=st.text("abc/ é", min_size=1, max_size=20),
    lab=texts,
    checks=st.lists(checks, max_size=4).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
    isolation=st.lists(texts, max_size=2).map(tuple),
    salt_id=st.none() | texts,
    late=st.none() | st.builds(Late, score=points, penalty=points, days_late=st.none() | st.integers(0, 9)),
    student=students,
    figures=st.lists(figures, max_size=2).map(tuple),
)


@given(records)
def test_a_record_is_read_back_as_it_was_written(record):
    written = record.as_json()
    assert read_record(written.encode()) == record_from(json.loads(written)) == record
    assert read_record(written.encode()).as_json() == written
    assert pickle.loads(pickle.dumps(record)) == record  # as it comes from the process that graded it


@given(st.lists(checks, max_size=4))
def test_the_score_is_that_of_the_checks_and_never_above_their_maximum(found):
    record = Record(submission="x", lab="y", checks=tuple(found))
    assert 0 <= record.score <= record.max_score and 0 <= record.percent <= 100
    assert record.score == min(rounded(sum(c.points for c in found)), record.max_score)
    assert record.final_score == record.score and record.penalty == 0
    assert [c for each in record.by_question().values() for c in each] == sorted(
        found, key=lambda c: list(record.by_question()).index(c.question)
    )


def test_points_are_rounded_where_they_come_in():
    result = CheckResult("a", "1", "t", Verdict.FAILED, 100.0, 10 / 3)
    assert (repr(result.points), result.max_points) == ("100", 3.33)
    for nonsense in (math.nan, math.inf, -1):
        assert replace(result, points=nonsense).points == 0


def test_only_one_verdict_passes_and_what_did_not_run_is_no_success_anywhere():
    assert [verdict for verdict in Verdict if verdict.passed] == [Verdict.PASSED]
    assert [verdict for verdict in Verdict if verdict.junit is None] == [Verdict.PASSED]
    assert {verdict.junit for verdict in Verdict} == {None, "failure", "error", "skipped"}
    assert all(len(verdict.sign) == 1 and verdict.words and verdict.colour for verdict in Verdict)


@pytest.mark.parametrize("verdict", Verdict)
def test_students_read_what_each_sign_means(verdict):
    assert f"`{verdict.sign}` {verdict.words}" in " ".join(
        (REPOSITORY / "docs/student.md").read_text().split()
    )


def test_what_is_known_of_a_student_is_safe_to_show():
    student = Student("", "A\x1b[2J\nB", "x" * 1000, group=(Student(name="\u202e"),))
    assert (student.id, student.name, student.group[0].name) == (None, "A[2J B", None)
    assert len(student.email) < 310 and Student() == Student("", "\n")


def test_lateness_changes_the_final_score_only():
    record = record_from(data(late={"score": 3, "note": "late"}))
    assert (record.score, record.final_score, record.penalty, record.percent) == (4, 3, 1, 75)


def test_times_are_what_differs_between_two_gradings():
    one = data(checks=[check(seconds=1)], started_at="2026-10-03T08:00:00+00:00")
    other = data(checks=[check(seconds=2)], started_at="2026-10-04T08:00:00+00:00")
    assert one != other and without_times(one) == without_times(other)


def test_a_salts_id_tells_two_apart_and_tells_neither():
    assert salt_id(b"one") != salt_id(b"two") and len(salt_id(b"one")) == 12 and "one" not in salt_id(b"one")


def missing(key: str) -> dict:
    return {name: value for name, value in data().items() if name != key}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([], "it is a list, not an object"),
        (missing("schema"), "it has no 'schema'"),
        (missing("score"), "it has no 'score'"),
        (missing("lab"), "it has no 'lab'"),
        (data(schema="labkit/result/v2"), "its schema is 'labkit/result/v2', not 'labkit/result/v1'"),
        (data(score=-1), "'score' is not a number >= 0"),
        (data(score="4"), "'score' is a text, not a number"),
        (data(score=3), "'score' is 3, but its checks give 4"),
        (data(max_score=5), "'max_score' is 5, but its checks give 4"),
        (data(notes=["a", 1]), "'notes[1]' is a whole number, not a text"),
        (data(checks=[check(points=-1)], score=0), "'checks[0].points' is not a number >= 0"),
        (data(checks=[check(), check(hidden=1)]), "'checks[1].hidden' is a whole number, not true or false"),
        (data(checks=[check(seconds=True)]), "'checks[0].seconds' is true or false, not a number"),
        (
            data(checks=[check(verdict="great", points=0)]),
            f"'checks[0].verdict' is not one of {', '.join(Verdict)}",
        ),
        (
            data(checks=[check(misconception={"id": "x"})]),
            "'checks[0].misconception' has no 'sentence'",
        ),
        (data(student={"attempt": 1.5}), "'student.attempt' is a number, not a whole number or null"),
        (data(late={"score": 1, "counted": 0}), "'late.counted' is a whole number, not true or false"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_record_is_named_with_its_place(wrong, sentence):
    for read in (record_from, lambda wrong: read_record(json.dumps(wrong).encode())):
        with pytest.raises(RecordError) as raised:
            read(wrong)
        assert str(raised.value) == sentence


@pytest.mark.parametrize("text", [b"", b"{", b"\xff{}", b'{"schema": NaN}', b'{"a":' * 100_000])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(RecordError, match=r"it is no JSON|nested too deeply"):
        read_record(text)


def test_no_number_that_is_none_comes_in():
    for number in (math.nan, math.inf, 1e300):
        with pytest.raises(RecordError, match=r"checks\[0\]\.max_points"):
            record_from(data(checks=[check(max_points=number, points=0)], score=0, max_score=0))
