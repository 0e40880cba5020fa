"""The lessons keep what their heads promise: points, hidden points, hints, and what to take along at the end."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from labkit.author.newlab import new_lab
from labkit.course import read_course
from labkit.lesson.lesson import read_lesson
from tests.conftest import REPOSITORY

LABS = read_course(REPOSITORY).labs


@pytest.fixture(params=[*LABS, None], ids=[*(lab.name for lab in LABS), "a new lab"])
def lab(request, tmp_path):
    if request.param is None:
        new_lab("lab12_new", tmp_path)
    return request.param or read_course(tmp_path).lab("lab12")


def head_of(lab) -> str:
    """The first Markdown cell."""
    return lab.source.read_text(encoding="utf-8").partition("# %% [markdown]")[2].partition("# %%")[0]


def table_of(head: str) -> dict[str, dict[str, str]]:
    """The rows of the table of questions, by their numbers; a table may stand in two halves beside each other."""
    rows = [
        [cell.strip() for cell in line.strip("# |").split("|")]
        for line in head.splitlines()
        if line.startswith("# |")
    ]
    names, found = rows[0], {}
    for row in rows[2:]:
        for place in (place for place, name in enumerate(names) if name == "question"):
            if match := re.fullmatch(r"(\d+\.\d+) (.+)", row[place]):
                columns = dict(reversed(list(zip(names[place:], row[place:], strict=True))))  # the nearest wins
                found[match[1]] = {**columns, "title": match[2]}
    return found


def test_the_head_tells_the_points_of_each_question(lab):
    head, points, hidden = head_of(lab), defaultdict(float), defaultdict(float)
    for check in lab.checks:
        points[check.question] += check.points
        hidden[check.question] += check.points * check.hidden
    questions = {question.id: question.title for question in lab.questions if question.id != "quiz"}
    told = table_of(head)
    assert {name: (row["title"], float(row["points"])) for name, row in told.items()} == {
        name: (title, points[name]) for name, title in questions.items()
    }
    assert all(int(row["minutes"]) > 0 for row in told.values())
    if column := next((name for name in next(iter(told.values())) if "hidden" in name), None):
        assert {name: float(row[column]) for name, row in told.items()} == {n: hidden[n] for n in questions}
    else:
        (all_hidden,) = re.findall(r"(\d+) of the 100 points are graded with inputs that you do not see", head)
        assert float(all_hidden) == sum(hidden.values())


def test_most_questions_have_hints(lab):
    hints = read_lesson(lab.source.read_text(encoding="utf-8")).hints
    questions = {question.id for question in lab.questions if question.id != "quiz"}
    assert set(hints) <= questions and len(hints) >= len(questions) / 2


def test_it_ends_with_what_to_take_along(lab):
    last = lab.source.read_text(encoding="utf-8").rpartition("# %%")[2]
    assert "## What to take along" in last


def test_the_map_of_the_course_has_every_lab_with_its_minutes_and_no_question_that_is_not_there():
    text = (REPOSITORY / "docs" / "course.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\d) [^|]+\|[^|]+\| (\d+) \|", text, re.MULTILINE)
    assert rows == [(lab.name[3:5], str(lab.minutes)) for lab in LABS]
    slides = text.partition("## Where a slide is worked on")[2]
    questions = {question.id for lab in LABS for question in lab.questions}
    assert set(re.findall(r"\b\d{1,2}\.\d\b", slides)) <= questions
