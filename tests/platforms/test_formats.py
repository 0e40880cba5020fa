"""What each system documents of its format, held against what is written."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from labkit.platforms import VISIBILITIES, ExportError, Request, export, named
from labkit.platforms.grades import folders
from labkit.platforms.gradescope import partial, write_partial
from labkit.platforms.prairielearn import LARGEST
from labkit.record import Record, RecordError
from tests.platforms.records import FORMATS, HOSTILE, MISTAKE, SHEETS, a_class, check, hostile, record

#: Those that write a file for each result.
FOR_EACH = [name for name in FORMATS if name not in (*SHEETS, "csv", "junit", "nbgrader")]


def one(name: str, result: Record, **request) -> str:
    """The one file of one result."""
    (text,) = export([result], name, Request(**request)).files.values()
    return text


def test_an_unknown_format_gets_the_list():
    with pytest.raises(ExportError, match=", ".join(FORMATS)):
        named("blackboard")


# --- Gradescope ---------------------------------------------------------------------------------------------------

TOP_KEYS = {
    *("score", "execution_time", "output", "output_format", "test_output_format", "test_name_format"),
    *("visibility", "stdout_visibility", "extra_data", "tests", "leaderboard"),
}
TEST_KEYS = {
    *("score", "max_score", "status", "name", "name_format", "number", "output", "output_format"),
    *("tags", "visibility", "extra_data"),
}


def assert_gradescope(text: str) -> dict:
    data = json.loads(text)
    assert set(data) <= TOP_KEYS and math.isfinite(data["score"])
    for test in data["tests"]:
        assert set(test) <= TEST_KEYS and 0 <= test["score"] <= test["max_score"]
        assert test["status"] in ("passed", "failed") and test["visibility"] in VISIBILITIES
        assert test["name_format"] == test["output_format"] * ("output" in test) or "output" not in test
    assert "\r" not in text
    return data


@pytest.mark.parametrize("result", a_class(), ids=lambda result: result.submission)
def test_gradescope_has_only_documented_keys_and_the_final_score(result):
    data = assert_gradescope(one("gradescope", result))
    assert data["score"] == result.final_score
    assert sum(test["score"] for test in data["tests"]) == result.score


@pytest.mark.parametrize("hidden", VISIBILITIES)
def test_gradescope_itself_hides_hidden_checks(hidden):
    tests = assert_gradescope(one("gradescope", a_class()[1], hidden=hidden))["tests"]
    seen = {test["extra_data"]["id"]: test["visibility"] for test in tests}
    assert seen.pop("test_secret") == hidden
    assert set(seen.values()) == {"visible"}


def test_gradescope_gets_scores_for_its_leaderboard():
    scores = [
        {"kind": "score", "title": "Accuracy", "value": 0.98, "check": "test_it"},
        {"kind": "score", "title": "Error", "value": 0.006, "lower_is_better": True},
    ]
    data = assert_gradescope(one("gradescope", record(figures=scores)))
    assert data["leaderboard"] == [
        {"name": "Accuracy", "value": 0.98, "order": "desc"},
        {"name": "Error", "value": 0.006, "order": "asc"},
    ]
    assert "leaderboard" not in assert_gradescope(one("gradescope", record()))


def test_gradescope_names_the_mistake_under_the_check():
    tests = assert_gradescope(one("gradescope", a_class()[1]))["tests"]
    assert MISTAKE["sentence"] in tests[1]["output"]
    assert [test["status"] for test in tests] == ["passed", *["failed"] * 5]


def test_a_partial_result_keeps_what_was_earned_and_says_that_more_was_to_come(tmp_path):
    whole = replace(a_class()[0], late=None)
    path, total = tmp_path / "results.json", len(whole.checks)
    for done in range(1, total + 1):
        unfinished = replace(whole, checks=whole.checks[:done])
        write_partial(path, unfinished, total)
        data = assert_gradescope(path.read_text())
        assert data["score"] == unfinished.score and len(data["tests"]) == done
        assert ("has not finished" in data["output"]) == (done < total)
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]
    assert path.read_text() == one("gradescope", whole)
    assert json.loads(partial(record(checks=[]), 3))["score"] == 0


# --- what students may read where a format has no visibility ------------------------------------------------------

SECRET = "Title of test_secret."


@pytest.mark.parametrize("name", sorted({*FOR_EACH, "junit"} - {"gradescope"}))
@pytest.mark.parametrize("hidden", VISIBILITIES)
def test_a_hidden_check_keeps_title_message_and_mistake_to_itself(name, hidden):
    checks = [
        check("test_open", "1.1"),
        check("test_secret", "1.1", "failed", hidden=True, misconception=MISTAKE),
    ]
    text = one(name, record(checks=checks), hidden=hidden)
    revealing = (SECRET, "message of test_secret", MISTAKE["sentence"], "test_secret")
    if name == "autolab":
        assert not any(words in text for words in revealing)
    else:
        assert any(words in text for words in revealing) == (hidden == "visible")
        assert ("hidden check 1 of question 1.1" in text) == (hidden != "visible")


# --- Classroom 50 -------------------------------------------------------------------------------------------------


def assert_classroom50(text: str) -> dict:
    """What its collector demands of a result."""
    data = json.loads(text)
    assert data["schema"] == "classroom50/result/v1"
    texts = (
        "classroom",
        "assignment",
        "assignment_type",
        "owner",
        "submission",
        "commit",
        "release",
        "review",
    )
    assert all(isinstance(data[key], str) and data[key] for key in texts)
    assert data["submission"].startswith("submit/")
    assert data["datetime"].endswith("Z")
    for entry in (data, *data["tests"]):
        assert type(entry["score"]) is int and type(entry["max-score"]) is int
        assert 0 <= entry["score"] <= entry["max-score"]
    for test in data["tests"]:
        assert isinstance(test["test-name"], str) and test["test-name"] and type(test["passed"]) is bool
    return data


@pytest.mark.parametrize("result", a_class(), ids=lambda result: result.submission)
def test_classroom50_takes_every_result_with_or_without_a_runner(result):
    assert_classroom50(one("classroom50", result))
    data = assert_classroom50(
        one("classroom50", result, environment={"SUBMISSION_TAG": "submit/7", "OWNER": "al"})
    )
    assert (data["submission"], data["owner"]) == ("submit/7", "al")


def test_classroom50_rounds_and_keeps_the_exact_points_beside():
    result = record(
        checks=[check(verdict="failed", points=0.5, max_points=1), check("b", points=1.25, max_points=1.5)]
    )
    data = assert_classroom50(one("classroom50", result))
    assert (data["score"], data["max-score"], data["points"], data["max-points"]) == (2, 3, 1.75, 2.5)


# --- JUnit --------------------------------------------------------------------------------------------------------


def assert_junit(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text)
    for suite in (root, *root):
        ends = {tag: len(suite.findall(f".//{tag}")) for tag in ("failure", "error", "skipped")}
        counted = [int(suite.get(key)) for key in ("failures", "errors", "skipped")]
        assert counted == list(ends.values())
        assert int(suite.get("tests")) == len(suite.findall(".//testcase"))
    return root


def test_junit_tells_verdicts_apart_and_keeps_points_as_properties():
    root = assert_junit(export(a_class(), "junit").files["junit.xml"])
    ends = [[child.tag for child in case] for case in root[1].iter("testcase")]
    assert ends == [[], ["failure"], ["failure"], ["failure"], ["skipped"], ["error"]]
    values = {entry.get("name"): entry.get("value") for entry in root[0].iter("property")}
    assert (values["score"], values["raw_score"], values["points.test_rows"]) == ("22.5", "25", "5/5")


@pytest.mark.parametrize(
    "results", [a_class(), [hostile(text) for text in HOSTILE.values()]], ids=["class", "hostile"]
)
def test_junit_keeps_to_its_schema(results):
    xmlschema = pytest.importorskip("xmlschema")
    schema = xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))
    schema.validate(export(results, "junit").files["junit.xml"])


# --- PrairieLearn, Coursera, Autolab, GitHub ----------------------------------------------------------------------


def test_prairielearn_gives_a_share_and_says_what_is_not_gradable():
    late, partly, unread = (json.loads(one("prairielearn", result)) for result in a_class())
    assert (late["score"], late["gradable"], "format_errors" in late) == (0.9, True, False)
    assert (partly["score"], partly["gradable"]) == (0.22, True)
    assert (unread["score"], unread["gradable"]) == (0, False) and "SyntaxError" in unread["format_errors"][0]
    assert {key for test in partly["tests"] for key in test} == {
        *("name", "description", "points", "max_points", "message")
    }


@pytest.mark.parametrize("checks", [10, 400, 4_000])
def test_prairielearn_stays_below_its_limit(checks):
    long = [
        check(f"t{n}", "1.1", "failed", message="\N{PILE OF POO}" * 3_000, title="t" * 300)
        for n in range(checks)
    ]
    text = one("prairielearn", record(checks=long))
    assert len(text.encode()) <= LARGEST
    assert json.loads(text)["score"] == 0


def test_coursera_gives_a_share_and_a_text():
    data = json.loads(one("coursera", a_class()[1]))
    assert set(data) == {"fractionalScore", "feedback"} and data["fractionalScore"] == 0.22
    assert "Question 1.2: 0 of 8" in data["feedback"]
    assert json.loads(one("coursera", record(checks=[])))["fractionalScore"] == 0


def test_autolab_reads_the_last_line_and_its_problems_sum_to_the_final_score():
    for result in a_class():
        *_, last = one("autolab", result).splitlines()
        data = json.loads(last)
        assert sum(data["scores"].values()) == result.final_score == data["scoreboard"][0]


def test_autolab_is_said_to_need_its_problems_that_of_lateness_too():
    late, *others = a_class()
    (said,) = export(others, "autolab").notes
    assert "the problems 1.1, 1.2, 1.3" in said
    assert "a problem called late" in export([late], "autolab").notes[1]


def test_csv_has_a_column_for_each_question_of_each_lab():
    other = record("dora", [check("x", "3.1", max_points=2)], lab="lab03_other")
    rows = list(csv.DictReader(io.StringIO(export([*a_class(), other], "csv").files["grades.csv"])))
    assert (
        rows[0]["score"] == "22.5"
        and rows[0]["late_penalty"] == "2.5"
        and rows[0]["lab01_toy 1.1 (13)"] == "13"
    )
    assert rows[3]["lab03_other 3.1 (2)"] == "2" and rows[3]["lab01_toy 1.1 (13)"] == ""


# --- all of them --------------------------------------------------------------------------------------------------


def test_the_final_score_stays_between_0_and_the_maximum_whatever_late_says():
    for late, final in {0: 0, 1.5: 1.5, 4: 4, 99: 4}.items():
        assert record(late={"score": late}).final_score == final
    assert record(late=None).final_score == 4
    for score in (-3, math.nan, math.inf, "2", None):
        with pytest.raises(RecordError, match=r"'late\.score'"):
            record(late={"score": score})
    with pytest.raises(RecordError, match="'late'"):
        record(late={})


def test_folders_are_distinct_and_never_lead_elsewhere(tmp_path):
    names = [
        "../../etc/passwd",
        "/etc/passwd",
        "a/b",
        "A/b",
        "a\\b",
        "C:\\x",
        "..",
        "",
        "...",
        "a/\0/../b",
        "con:x",
        "a b",
    ]
    made = folders([record(name) for name in names])
    assert len({name.casefold() for name in made}) == len(names)
    for name in made:
        assert (tmp_path / name).resolve().is_relative_to(tmp_path.resolve()) and (
            tmp_path / name
        ) != tmp_path


@pytest.mark.parametrize("name", FOR_EACH)
def test_a_result_without_checks_student_or_points_is_written_too(name):
    assert one(name, record(checks=[], lab="", submission="x"))
