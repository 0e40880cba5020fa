"""What `labkit check` shows: on the first screen of a small terminal, what to do next."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from labkit.check.recorded import hidden_points
from labkit.record import CheckResult, Record, Verdict
from labkit.show.check import check_page

PASSED, FAILED, OPEN = Verdict.PASSED, Verdict.FAILED, Verdict.NOT_ATTEMPTED


def of(question: str, *verdicts: Verdict, message: str = "", title: str = "A title") -> list[CheckResult]:
    return [
        CheckResult(f"{question} {n}", question, title, verdict, 2 * verdict.passed, 2, message=message)
        for n, verdict in enumerate(verdicts)
    ]


def page(lab, *checks, terminal: bool = True, output: str = "", more: float = 0) -> list[str]:
    every = tuple(check for some in checks for check in some)
    console = Console(
        width=80, height=24, file=io.StringIO(), record=True, force_terminal=terminal, color_system=None
    )
    console.print(check_page(Record(submission="x", lab=lab.name, checks=every), lab, more, console, output))
    return console.export_text().rstrip().split("\n")


@pytest.fixture
def lab(toy_course):
    return toy_course.lab("1")


def test_what_passes_or_is_untouched_folds(lab):
    many = [of(f"1.{n}", PASSED, PASSED) for n in range(1, 5)] + [of(f"1.{n}", OPEN) for n in range(5, 9)]
    lines = page(lab, *many)
    assert [line[:5] for line in lines[1:5]] == ["✓ 1.1", "✓ 1.2", "✓ 1.3", "✓ 1.4"]
    assert lines[5] == "· 1.5 to 1.8 not written yet  0/8"
    assert lines[-1].startswith("Next: write 1.5") and "labkit hint" not in lines[-1]  # there is none


def test_the_first_wrong_question_is_shown_in_full_and_others_while_there_is_room(lab):
    long = "wrong " * 40
    wrong = [of(f"1.{n}", FAILED, FAILED, PASSED, message=f"{n} {long}") for n in range(1, 9)]
    lines = page(lab, *wrong, output="line\n" * 50)
    assert len(lines) <= 23
    assert any("1 wrong" in line for line in lines) and not any("8 wrong" in line for line in lines)
    assert any(line.startswith("✗ 1.8") and "2 of 3 checks fail" in line for line in lines)
    assert lines[-1].startswith("Next: mend 1.1") and "check FILE -k 1.1" in lines[-1]
    assert any("8 wrong" in line for line in page(lab, *wrong, terminal=False))


def test_checks_of_one_question_are_all_shown(lab):
    lines = page(lab, of("1.1", PASSED, FAILED, message="m", title="Its title"))
    assert sum("Its title" in line for line in lines) == 2


def test_what_waits_says_for_what_in_one_line(lab):
    waiting = of("1.2", Verdict.NOT_RUN, Verdict.NOT_RUN, message="waiting for 1.1: f calls g")
    lines = page(lab, of("1.1", FAILED, message="m"), waiting)
    assert sum("waiting for 1.1: f calls g" in line for line in lines) == 1


def test_the_points_that_only_grading_gives_are_said(lab):
    lines = page(lab, of("1.1", PASSED), of("1.2", FAILED, message="m"), more=29)
    assert "2 of 4 public points; 29 more are graded with other inputs" in lines
    assert "2 of 2 points; 3 more are graded with other inputs" in page(lab, of("1.1", PASSED), more=3)
    assert hidden_points(lab) == 15 and hidden_points(lab, "1.2") in (0, 15)


def test_the_last_lines_of_what_was_printed_keep_their_columns(lab):
    lines = page(lab, of("1.1", PASSED), of("1.2", OPEN), output="a     b\n" * 3 + "x\ty    z\n")
    assert "  a     b" in lines and "  x       y    z" in lines
