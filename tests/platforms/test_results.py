"""Reading a folder of results: which file is damaged, and why."""

from __future__ import annotations

import csv
import io
import json

import pytest
from msgspec.structs import replace

from labkit.grade.journal import Journal
from labkit.platforms import ExportError, Request, current, export, platforms, read_results
from labkit.record import CHECK_FAILED, GRADER_FAILED, Adjusted, Individual, Student, record_from
from tests.platforms.records import FORMATS, SHEETS, check, data, record, sheet_of


def put(folder, result, name: str = "alice") -> None:
    path = folder / name / "result.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(result if isinstance(result, bytes) else json.dumps(result).encode())


def test_results_come_in_the_order_of_their_paths_at_any_depth(tmp_path):
    for name in ("b", "a/deep/er", "c"):
        put(tmp_path, data(name), name)
    (tmp_path / "grades.csv").write_text("not looked at")
    assert [result.submission for result in read_results(tmp_path)] == ["a/deep/er", "b", "c"]


def test_what_the_grader_writes_is_read(hand_in, tmp_path):
    put(tmp_path, hand_in("def double(x):\n    return x ** 2\n").as_json().encode())
    (result,) = read_results(tmp_path)
    assert result.lab == "lab01_toy" and result.max_score == 100


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (b"", "no JSON"),
        (b"\xff{}", "no JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[]", "it is a list, not an object"),
        (b'{"schema": "classroom50/result/v1"}', "classroom50/result/v1"),
        (data(schema="labkit/result/v2"), "labkit/result/v2"),
        (data(score=float("nan")), "no JSON"),
        (data(score="4"), "'score'"),
        (data(score=True), "'score'"),
        (data(score=-1), "'score'"),
        (data(score=5), "'score' is 5, but its checks give 4"),
        (data(max_score=1e300), "'max_score'"),
        (data(notes=None), "'notes'"),
        (data(notes=[1]), "'notes[0]' is a whole number, not a text"),
        (data(submission=None), "'submission'"),
        (data(checks=[]) | {"checks": {}}, "'checks'"),
        (data(student=[]), "'student'"),
        (data(late={"score": "all"}), "'late.score'"),
        (data(checks=[check(), check(verdict="failed") | {"verdict": "great"}]), "checks[1].verdict"),
        (data(checks=[check(message=7)]), "checks[0].message"),
        (data(checks=[check(hidden="no")]), "checks[0].hidden"),
        (data(checks=[check(misconception="axis")]), "checks[0].misconception"),
        (data(checks=[check()]) | {"checks": [check(seconds=-1)]}, "checks[0].seconds"),
    ],
)
def test_a_damaged_record_is_named_with_what_is_wrong(tmp_path, result, words):
    put(tmp_path, data("whole"), "whole")
    put(tmp_path, result, "bad")
    with pytest.raises(ExportError) as raised:
        read_results(tmp_path)
    sentence = str(raised.value)
    assert str(tmp_path / "bad" / "result.json") in sentence and words in sentence
    assert "Grade this submission again." in sentence and "\n" not in sentence


def test_several_damaged_records_are_counted(tmp_path):
    for name in "abc":
        put(tmp_path, b"", name)
    with pytest.raises(ExportError, match="2 more are damaged too"):
        read_results(tmp_path)


def test_an_empty_folder_and_none_say_what_to_do(tmp_path):
    with pytest.raises(ExportError, match="labkit grade"):
        read_results(tmp_path)
    with pytest.raises(ExportError, match="is not a folder"):
        read_results(tmp_path / "missing")


def test_keys_of_later_versions_are_passed_over():
    later = data(later=1, student={"id": "x", "new": []}, checks=[check(later={"a": 1})])
    assert record_from(later).student == Student("x")


# --- what is no grade --------------------------------------------------------------------------------------------


def exported(records, name="csv", **request):
    written = export(records, name, Request(**request))
    return list(csv.DictReader(io.StringIO(next(iter(written.files.values()))))), written.notes


@pytest.mark.parametrize("name", FORMATS)
def test_a_failure_of_the_grader_is_no_zero_in_any_format(name):
    broken = check(verdict="error", message=CHECK_FAILED)
    failed = [record("bob", notes=[GRADER_FAILED]), record("cy", [check(), broken])]
    sheet = sheet_of(name)
    written = export([record("alice"), *failed], name, Request(sheet=sheet))
    assert "'bob', 'cy' are left out: the grader itself failed" in written.notes[0]
    texts = [
        text for path, text in written.files.items() if path != "into_gradebook.py" and name not in SHEETS
    ]
    assert not [text for text in texts if "bob" in text or "cy" in text]
    assert name in SHEETS or any("alice" in path or "alice" in text for path, text in written.files.items())
    with pytest.raises(ExportError, match="left out"):
        export(failed, name, Request(sheet=sheet))


def test_a_file_that_names_no_lab_costs_the_class_nothing():
    rows, notes = exported([record("alice"), record("bob", [], lab="")])
    assert [row["lab"] for row in rows] == ["lab01_toy", "lab01_toy"] and not notes
    rows, notes = exported([record("alice"), record("ann", lab="lab02_other"), record("bob", [], lab="")])
    assert len(rows) == 2 and "'bob' is left out: nobody knows of which lab" in notes[0]


def test_results_of_an_earlier_run_are_named_and_left_out(tmp_path):
    records = [record(name) for name in ("alice", "bob", "=cy")]
    (tmp_path / "grades.csv").write_text("submission,score\nalice,4\n'=cy,4\n")
    kept, notes = current(records, tmp_path)
    assert [one.submission for one in kept] == ["alice", "=cy"]
    assert len(notes) == 1 and "'bob' is from an earlier run" in notes[0]
    assert current(records, tmp_path / "nowhere") == (records, [])


def test_a_run_that_was_stopped_is_said(tmp_path):
    with Journal(tmp_path) as journal:
        journal.begin({"course": "x"})
    assert "did not come to its end" in current([record("alice")], tmp_path)[1][0]
    with Journal(tmp_path) as journal:
        journal.finish({}, {})
    assert current([record("alice")], tmp_path)[1] == []


def a_group_of_whom_one_counts_less():
    one = record("team")
    lost = Adjusted(question="1.1", points=0, earned=one.score, reason="did nothing")
    team = Student(ids={"school": "1"}, name="Ann Poe", group=(Student(ids={"school": "2"}, name="Bo Orr"),))
    return replace(one, student=team, individual=(Individual(member=1, adjusted=(lost,)),))


def test_each_of_a_group_has_a_row_with_what_counts_for_that_one():
    team = a_group_of_whom_one_counts_less()
    rows = list(csv.DictReader(io.StringIO(export([team], "csv").files["grades.csv"])))
    assert [row["name"] for row in rows] == ["Ann Poe", "Bo Orr"]
    assert [float(row["score"]) for row in rows] == [team.final_score, team.of(1).final_score]
    assert "did nothing" not in rows[0]["notes"] and "did nothing" in rows[1]["notes"]


@pytest.mark.parametrize("name", FORMATS)
def test_who_cannot_have_a_grade_of_the_own_is_named_and_others_do_not_read_why(name):
    team = a_group_of_whom_one_counts_less()
    written = export([team], name, Request(sheet=sheet_of(name)))
    single = not platforms()[name].for_each
    assert any("give theirs by hand to Bo Orr" in note for note in written.notes) == single
    text = "".join(one if isinstance(one, str) else one.decode() for one in written.files.values())
    assert not single or "did nothing" not in text
