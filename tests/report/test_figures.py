"""The figures of a class, against tables made by hand; what holds for every class; classes at the edge."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.report.gathering import sheets
from labkit.report.items import (
    alpha,
    boards,
    delays,
    followed,
    in_time,
    items,
    mistakes,
    quizzes,
    spread,
    troubles,
)
from tests.platforms.records import check, data, record
from tests.report.made import a_class

MISTAKE = {"id": "axis", "sentence": "Rows, not columns."}


def student(number: int) -> dict:
    return {"ids": {"school": str(4000 + number)}, "name": f"Student {number}"}


def sheet_of(*rows: str, needs: dict | None = None, **changed):
    """A class in which each row is a student and each letter a check, one to a question: p F u w r E, or m: a named
    mistake.
    """
    words = {
        "p": "passed",
        "F": "failed",
        "m": "failed",
        "u": "not_attempted",
        "E": "error",
        "w": "not_run",
        "r": "not_run",
    }
    made = []
    for number, row in enumerate(rows):
        checks = [
            check(
                f"test_{at}", f"1.{at}", words[letter], misconception=MISTAKE if letter == "m" else None,
                message={"w": "waiting for 1.0", "p": ""}.get(letter, "no"), needs=(needs or {}).get(at, []),
            )
            for at, letter in enumerate(row)
        ]  # fmt: skip
        made.append(record(f"s{number:03}", checks, student=student(number), **changed))
    [sheet] = sheets(made)
    return sheet


def test_untouched_and_unread_are_zero_and_waiting_is_apart():
    [item] = items(sheet_of("p", "F", "u", "r", "w", "E", "p", "p"))
    assert (item.p.value, item.p.n) == (round(3 / 7, 4), 7)
    assert (item.p_attempted.value, item.p_attempted.n) == (0.6, 5)
    assert item.counts == {"p": 3, "F": 1, "u": 1, "r": 1, "w": 1, "E": 1}


def test_a_leaderboard_has_the_best_of_each_title_first():
    def scored(number, *scores):
        kept = [{"kind": "score", "title": title, "value": value, **more} for title, value, more in scores]
        return record(f"s{number}", [check()], student=student(number), figures=kept)

    lower = {"lower_is_better": True}
    [sheet] = sheets(
        [scored(0, ("Accuracy", 0.97, {}), ("Error", 0.2, lower)), scored(1, ("Accuracy", 0.98, {})),
         scored(2, ("Error", 0.1, lower))]
    )  # fmt: skip
    accuracy, error = boards(sheet)
    assert (accuracy.title, accuracy.rows) == ("Accuracy", ((1, 0.98), (0, 0.97)))
    assert (error.title, error.rows) == ("Error", ((2, 0.1), (0, 0.2)))
    assert boards(sheet_of("pF")) == ()


def test_a_check_is_correlated_with_the_other_questions_alone():
    rows = ["ppp", "ppF", "pFp", "Fpp", "FFF", "pFF", "FpF", "FFp", "ppp", "FFF", "ppp", "FFF"]
    first = items(sheet_of(*rows))[0]
    x = [row[0] == "p" for row in rows]
    y = [row[1:].count("p") * 4 for row in rows]
    mean = lambda values: sum(values) / len(values)  # noqa: E731
    covariance = mean([a * b for a, b in zip(x, y, strict=True)]) - mean(x) * mean(y)
    deviation = lambda values: math.sqrt(mean([v * v for v in values]) - mean(values) ** 2)  # noqa: E731
    assert first.r.value == pytest.approx(covariance / deviation(x) / deviation(y), abs=1e-4)
    assert first.r.n == 12


def test_points_of_the_same_question_say_nothing_of_how_a_check_separates():
    both = [
        record(
            f"s{n:02}",
            [check("test_a", "1.1", v), check("test_b", "1.1", v), check("test_c", "1.2", "passed")],
            student=student(n),
        )
        for n, v in enumerate(["passed", "failed"] * 8)
    ]
    [sheet] = sheets(both)
    assert [item.r for item in items(sheet)] == [None, None, None]


@pytest.mark.parametrize(("n", "flagged"), [(40, True), (28, False)])
def test_a_check_that_stronger_students_fail_is_flagged_where_enough_handed_in(n, flagged):
    rows = ["Fpp" if number % 2 else "pFF" for number in range(n)]
    assert ("backward" in items(sheet_of(*rows))[0].flags) is flagged


def test_what_is_worth_a_look_is_said():
    hard = sheet_of(*["p"] * 2 + ["F"] * 10)
    assert items(hard)[0].flags == ("nameless", "hard")
    errors = sheet_of(*["p"] * 10 + ["E"] * 2)
    assert items(errors)[0].flags == ("errors",)
    hidden = [record(f"s{n}", [check("test_a", hidden=True)], student=student(n)) for n in range(12)]
    [item] = items(sheets(hidden)[0])
    assert item.flags == ("finds nobody",)
    slow = [
        record(f"s{n:02}", [check("test_a", seconds=50, limit_seconds=60)], student=student(n))
        for n in range(12)
    ]
    [item] = items(sheets(slow)[0])
    assert (item.flags, item.near_limit) == (("near limit",), 1)


def test_the_best_attempt_that_counts_is_a_students_own():
    attempts = [
        record("try 1", [check(verdict="failed")], student=student(1)),
        record("try 2", [check()], student=student(1)),
        record("try 3", [check(verdict="error")], student=student(1)),
        record("other", [check()], student=student(2)),
        record("nobody", [check()]),
    ]
    [sheet] = sheets(attempts)
    assert {row.submission: row.part for row in sheet.rows} == {
        "try 1": "earlier", "try 2": "counted", "try 3": "earlier", "other": "counted", "nobody": "counted",
    }  # fmt: skip


def test_a_group_is_one_and_what_the_grader_failed_on_is_none():
    group = student(1) | {"group": [student(2)]}
    broken = check(verdict="error", message="the check itself failed; please tell the instructor")
    [sheet] = sheets([record("a", student=group), record("b", [broken], student=student(3))])
    assert [row.part for row in sheet.rows] == ["counted", "not graded"]
    assert spread(sheet.totals(), 4).n == 1


def test_files_equal_to_the_starter_are_left_out():
    answers = {
        "code": [{"question": "1.1", "name": "f", "where": "lab.py", "line": 1, "text": "def f(): ..."}]
    }
    found = record("a", answers=answers)
    [sheet] = sheets([found, record("b")], starter=lambda lab: found.answers)
    assert [row.part for row in sheet.rows] == ["starter", "counted"]


def test_a_mistake_has_who_made_it_what_it_cost_and_who_failed_later():
    [one] = mistakes(sheet_of("mpp", "mFp", "FFF", "ppp"))
    assert (one.question, one.id, one.who, one.failed) == ("1.0", "axis", (0, 1), 3)
    assert (one.points_lost, one.later) == (8, 1)


def test_a_mistake_that_spoils_a_later_question_suggests_to_need_it():
    rows = ["mF"] * 9 + ["mp"] + ["pp"] * 14 + ["pF"]
    [one] = followed(sheet_of(*rows))
    assert (one.with_both, one.with_only, one.without_both, one.without_only) == (9, 1, 1, 14)
    assert one.points_lost_twice == 36
    # R: fisher.test(matrix(c(9, 1, 1, 14), 2), alternative = "greater")$p.value
    assert one.p == pytest.approx(4.62e-05, rel=0.01)
    assert followed(sheet_of(*rows, needs={1: ["1.0"]})) == ()
    assert followed(sheet_of(*["mF"] * 2 + ["pp"] * 30)) == ()


def test_lateness_is_told_with_unknown_times_first():
    def handed_in(days, score=4):
        return {
            "due": "2026-10-01T23:59:00+02:00", "submitted_at": None, "days_late": days, "unknown": days is None,
            "penalty": 4 - score, "score_raw": 4, "score": score,
        }  # fmt: skip

    made = [
        record(f"s{n}", student=student(n), late=handed_in(days)) for n, days in enumerate([0, 2, None, 5])
    ]
    [sheet] = sheets(made)
    assert [(one.who, one.days) for one in delays(sheet)] == [(2, None), (3, 5), (1, 2)]
    assert [part.n for part in in_time(sheet, 4)] == [1, 2]


def test_trouble_is_told_with_what_could_not_be_read_first():
    found = troubles(sheet_of("pp", "rr", "pE", notes=["lab.py, line 3: SyntaxError"]))
    assert [(one.who, one.checks, one.sentence) for one in found] == [
        (1, (), "lab.py, line 3: SyntaxError"),
        (2, ("test_1",), ""),
    ]


def quiz(letter: str, options: dict, verdict: str, number: int):
    answers = {"quiz": {"quiz_1_1": {"text": "Which?", "options": options, "given": letter}}}
    checks = [check("test_quiz_1_1", "quiz", verdict, max_points=0, points=0), check("test_a", max_points=10)]
    if number % 2:
        checks[1] |= {"verdict": "failed", "points": 0}
    return record(f"s{number:02}", checks, student=student(number), answers=answers)


def test_options_are_counted_by_their_text_and_a_distractor_above_the_key_is_flagged():
    one, other = {"a": "right", "b": "wrong", "c": "idle"}, {"a": "wrong", "b": "right", "c": "idle"}
    made = [quiz("a", one, "passed", 1), quiz("b", other, "passed", 3)]
    made += [quiz("b" if n % 4 else "a", one if n % 4 else other, "failed", n) for n in (2, 4, 6)]
    [sheet] = sheets(made)
    [asked] = quizzes(sheet)
    assert [(o.text, o.n, o.mean, o.key, o.flag) for o in asked.options] == [
        ("idle", 0, 0, False, False), ("right", 2, 0, True, False), ("wrong", 3, 10, False, True),
    ]  # fmt: skip
    assert (asked.text, asked.n) == ("Which?", 5)


# --- laws ---------------------------------------------------------------------------------------------------------

classes = st.lists(st.text("pFuwE", min_size=4, max_size=4), min_size=1, max_size=24)


@settings(max_examples=60, deadline=None)
@given(classes, st.randoms(use_true_random=False))
def test_the_order_of_students_changes_nothing_but_ties(rows, dice):
    shuffled = list(rows)
    dice.shuffle(shuffled)
    for one, other in zip(items(sheet_of(*rows)), items(sheet_of(*shuffled)), strict=True):
        assert (one.p, one.counts, one.named) == (other.p, other.counts, other.named)
        assert (one.r is None) == (other.r is None)
        assert one.r is None or one.r.value == pytest.approx(other.r.value, abs=2e-4)


@settings(max_examples=60, deadline=None)
@given(classes, st.sampled_from([0.5, 2, 10]))
def test_the_scale_of_points_changes_neither_p_nor_r(rows, scale):
    plain = sheet_of(*rows)
    scaled = [
        record(
            row.submission,
            [data_of(c, letter, scale) for c, letter in zip(plain.columns, row.letters, strict=True)],
            student=student(n),
        )
        for n, row in enumerate(plain.rows)
    ]
    for one, other in zip(items(plain), items(sheets(scaled)[0]), strict=True):
        assert one.p == other.p and one.r == other.r
        assert one.p is None or 0 <= one.p.low <= one.p.value <= one.p.high <= 1 or one.p.n == 1


def data_of(column, letter: str, scale: float) -> dict:
    words = {"p": "passed", "F": "failed", "u": "not_attempted", "E": "error", "w": "not_run"}
    waits = {"message": "waiting for 1.0"} if letter == "w" else {}
    return check(column.id, column.question, words[letter], max_points=4 * scale, **waits)


# --- classes at the edge ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows", [(), ("p",), ("p", "F"), ("pp",) * 30, ("ww",) * 30, ("rr",) * 12, ("uu",) * 12]
)
def test_what_cannot_be_said_is_not(rows):
    if not rows:
        assert sheets([]) == []
        return
    sheet = sheet_of(*rows)
    for item in items(sheet):
        assert item.r is None and set(item.flags) <= {"hard"}
    assert alpha(sheet)[0] is None
    assert followed(sheet) == () and mistakes(sheet) == ()


def test_a_file_that_says_no_lab_is_of_the_only_one_and_counts_as_nothing():
    unread = data("pdf", [], notes=["pdf.pdf is not a .py or .ipynb file."], student=student(9)) | {"lab": ""}
    [sheet] = sheets([record("a", student=student(1)), msgspec.convert(unread, type(record("a")))])
    assert [row.letters for row in sheet.rows] == ["p", "r"]
    assert items(sheet)[0].p.value == 0.5


def test_a_made_class_has_all_figures():
    [sheet] = sheets(a_class(60, seed=3))
    assert (
        len(items(sheet)) == 60 and mistakes(sheet) and quizzes(sheet) and alpha(sheet)[0].alpha.value > 0.5
    )
