"""What the terminal shows: one record, a batch, its progress, the self-test, a lab, what the doctor found."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from rich.console import Console

from labkit.author.selftest import Trial
from labkit.doctor import Finding
from labkit.grade.batch import Running
from labkit.record import CheckResult, Misconception, Record, Student, Verdict
from labkit.show.batch import batch_page, batch_table, several_labs, some_names
from labkit.show.course import finding_line, lab_table
from labkit.show.live import LiveProgress
from labkit.show.record import record_table
from labkit.show.selftest import steadiness_table, trials_table
from labkit.show.summary import duration, summary


def record_of(number: int, percent: int, mistake: str | None = None, **how) -> Record:
    verdict = Verdict.PASSED if percent == 100 else Verdict.FAILED
    named = Misconception(mistake, f"You did {mistake}.") if mistake else None
    check = CheckResult(
        *("test_a", "1.1", "A title", verdict, percent, 100), misconception=named, seconds=10.0 * number
    )
    student = Student(name=how.get("name"))
    return Record(submission=f"s{number:03}", lab="lab01_toy", checks=(check,), student=student)


def shown(what, width: int = 80) -> str:
    console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(what)
    return console.export_text()


def test_the_summary_says_what_matters_in_80_columns():
    records = [record_of(n, 100) for n in range(30)] + [record_of(n, 35, "squaring") for n in range(30, 50)]
    records += [
        record_of(50, 35, "summing", name="Jane Doe"),
        Record(submission="torn", lab="lab01_toy", notes=("It is empty.",)),
    ]
    text = shown(summary(records, kept=12, elapsed=120))
    assert "52 submissions · 40 graded in 2:00, 20 a minute · 12 as they were" in text
    assert "mean 71.8 %, median 100.0 %, 30 with full points" in text
    bars = {line.split("%")[0].strip(): line for line in text.splitlines() if "–" in line and "%" in line}
    assert bars["90–100"].count("█") == 40 and "30" in bars["90–100"]
    assert bars["30–39"].count("█") == 28 and bars["0–9"].count("█") == 1 and bars["50–59"].count("█") == 0
    assert "20×  1.1  You did squaring." in text and "1×   1.1  You did summing." in text
    assert "torn  It is empty." in text
    slowest = text[text.index("Slowest") :].splitlines()[1:6]
    assert slowest[0].split() == ["8:20", "Jane", "Doe", "(s050)"] and "s046" in slowest[4]
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (61, "1:01"), (3725, "1:02:05")])
def test_durations_are_read_at_a_glance(seconds, text):
    assert duration(seconds) == text


def test_the_progress_has_rate_time_left_and_a_line_for_each_job():
    watch = LiveProgress(Console(file=open(os.devnull, "w"), force_terminal=False, width=80))  # noqa: SIM115
    watch.begin(300, 100)
    for _ in range(50):
        watch.finished(record_of(1, 100), 1.0)
    jobs = [Running("alice", "test_softmax_is_stable", 12.4), Running("b" * 90, "", 3)]
    text = shown(watch.picture(jobs, elapsed=600))
    assert "150/300 · 5.0 a minute · 30:00 left" in text
    assert "alice" in text and "softmax is stable" in text and "0:12" in text
    assert len(text.splitlines()) == 3 and max(map(len, text.splitlines())) <= 80


def test_a_record_shows_each_verdict_with_its_sign_and_explains_what_is_wrong(toy_course):
    lab = toy_course.lab("lab01")
    checks = tuple(
        CheckResult(f"t{n}", "1.1", f"Title {n}", verdict, 0, 1, message=f"message {n}")
        for n, verdict in enumerate(Verdict)
    )
    lines = shown(record_table(Record(submission="x", lab=lab.name, checks=checks), lab)).splitlines()
    assert "1.1" in lines[0] and f"0/{len(Verdict)}" in lines[0] and lab.questions[0].title in lines[0]
    for n, verdict in enumerate(Verdict):
        (row,) = [line for line in lines if f"Title {n}" in line]
        assert row.startswith(verdict.sign) and row.rstrip().endswith("0/1")
        assert any(f"message {n}" in line for line in lines) == (verdict is not Verdict.NOT_ATTEMPTED)
        assert (verdict.words in row) == (not verdict.passed and not verdict.wrong)
    assert lines[-1] == f"0 of {len(Verdict)} points"


def test_a_mistake_that_was_named_above_is_not_told_twice():
    named = Misconception("squared", "You squared.")
    checks = tuple(
        CheckResult(name, "1.1", "T", Verdict.FAILED, 0, 1, message="m", misconception=named) for name in "ab"
    )
    text = shown(
        record_table(Record(submission="x", lab="y", checks=checks, notes=("look",)), None, "hi\n" * 9)
    )
    assert text.count("You squared.") == 1 and text.count("→ the same mistake") == 1
    assert text.count("as above") == 1  # the message, which is the same
    assert text.startswith("note: look\n") and text.count("hi") == 8 and "…" in text


@pytest.mark.parametrize(
    ("number", "full", "table", "counted"),
    [(1, True, False, False), (2, True, True, True), (6, False, True, True), (41, False, False, True)],
)
def test_a_batch_is_shown_in_full_as_a_table_or_summed_up(number, full, table, counted):
    text = shown(batch_page([record_of(n, 35, name="Jane Doe") for n in range(number)], {}, 0, 1.0))
    assert ("35 of 100 points" in text) == full
    assert ("1 check failed" in text) == table and ("Jane Doe (s000)" in text) == table
    assert (f"{number} submissions" in text) == counted


def test_the_table_names_the_labs_where_there_are_several():
    one = record_of(1, 100)
    other = Record(submission="x", lab="lab03_mlp", notes=("It is empty.\nAnd more.",))
    assert "lab01_toy" not in shown(batch_table([one, one]))
    text = shown(batch_table([one, other]))
    assert "lab01_toy" in text and "lab03_mlp" in text and "It is empty." in text and "And more" not in text
    assert several_labs([one, one]) is None
    assert "lab01_toy 1 (s001), lab03_mlp 1 (x)" in several_labs([one, other])


def test_of_many_names_ten_are_given():
    assert some_names(["a", "b"], "are new") == "2 are new: a, b."
    assert (
        some_names(list("abcdefghijkl"), "are new") == "12 are new: a, b, c, d, e, f, g, h, i, j and 2 more."
    )


def test_the_self_test_counts_and_shows_what_is_not_as_it_should_be(toy_course):
    trials = [
        Trial("starter", "starter", "", 0, 4, None, True),
        Trial("variant", "loop", "1.1", 4, 4, None, True),
        Trial("variant", "slow", "1.2", 3, 4, None, False, "test_a: no"),
        Trial("mistake", "squared", "1.1", 0, 4, "squared", True),
        Trial("mistake", "doubled", "1.1", 0, 4, None, True, "test_b: 12", pointed=True),
    ]
    lines = [" ".join(line.split()) for line in shown(trials_table(toy_course.lab("1"), trials)).splitlines()]
    assert lines[:2] == ["lab01_toy", "starter: 0 of 4 points"]
    assert {"1.1 1 1 2 2 1 1", "1.2 1 0 0 0 0 0", "all 2 1 2 2 1 1"} <= set(lines)
    assert (
        "✗ variant slow (1.2): 3/4" in lines
        and "~ mistake doubled (1.1): 0/4, named nothing, pointed at" in lines
    )


def test_right_answers_on_many_salts_and_what_came_nearest_to_a_bound(toy_course):
    right = Trial("variant", "slow", "1.2", 4, 4, None, True, measured=(("accuracy", 0.96, 0.9),))
    wrong = replace(right, good=False, points=3, remark="too low", measured=(("accuracy", 0.88, 0.9),))
    lines = [
        " ".join(line.split())
        for line in shown(steadiness_table(toy_course.lab("1"), [right, wrong], 2)).splitlines()
    ]
    assert lines[1] == "1 of 2 right answers at full points, on 2 salts"
    assert "accuracy 0.88 0.9" in lines and "✗ variant slow (1.2): 3/4" in lines
    assert "nearest" not in shown(steadiness_table(toy_course.lab("1"), [replace(right, measured=())], 2))


def test_a_lab_is_listed_with_its_questions(toy_course):
    lines = shown(lab_table(toy_course.lab("1"))).splitlines()
    assert lines[0] == "lab01_toy  Lab 01: a toy" and "double" in lines[1] and "points" in lines[1]
    timed = replace(toy_course.lab("1"), minutes=90)
    assert shown(lab_table(timed)).splitlines()[0] == "lab01_toy  Lab 01: a toy, about 90 minutes"


def test_what_the_doctor_found_says_what_to_do():
    assert shown(finding_line(Finding("python", "3.12"))) == "✓ python: 3.12\n"
    text = shown(finding_line(Finding("keras", "[missing]", False, "Install it.")))
    assert text == "✗ keras: [missing]\n    → Install it.\n"
