"""The made class: what it hands in comes from the lab's own answers, and says nothing of them."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from labkit.author.demo import CLASS_LIST, EXPORT, answers_of, make_class
from labkit.course import CourseError
from labkit.lesson.submission import SubmissionError
from labkit.people import read_roster
from labkit.platforms import find_submissions, whose
from labkit.report import Options, write_report
from tests.report.made import write


@pytest.fixture(scope="module")
def folder(course, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "class"
    make_class(course, folder, course.lab("lab01"))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_sixty_hand_in_and_two_do_not(folder):
    found = find_submissions([folder / EXPORT])
    matched = read_roster(folder / CLASS_LIST).complete(found, whose)
    assert len(found) == 60 and len(matched.absent) == 2 and matched.strangers == []
    assert [len(one.student.people) for one in found if len(one.student.people) > 1] == [3]
    assert all(one.student.submitted_at for one in found)


def test_most_can_be_read_and_the_others_are_named(folder):
    problems, sources = [], []
    for one in find_submissions([folder / EXPORT]):
        try:
            sources.append(one.read())
        except SubmissionError as problem:
            problems.append(str(problem))
    assert len(problems) == 2 and any(".pdf" in one for one in problems)
    broken = 0
    for one in sources:
        assert one.lab == "lab01_softmax_regression"
        try:
            ast.parse("\n".join(code for _, code in one.cells))
        except SyntaxError:
            broken += 1
    assert broken == 1


def test_nobody_hands_in_what_teaches(folder, course):
    handed_in = b"".join(data for name, data in files(folder / EXPORT).items())
    for word in ("misconception", "BEGIN SOLUTION", "You divided by 256", " -> "):
        assert word.encode() not in handed_in.replace(b") -> ", b"")


def test_the_same_class_is_made_again(folder, course, tmp_path):
    make_class(course, tmp_path / "again", course.lab("lab01"))
    assert files(tmp_path / "again") == files(folder)


def test_answers_stand_alone(course):
    answers = answers_of(course.lab("lab01"))
    assert answers.mistakes >= 20 and len(answers.right["softmax"]) > 1
    assert not any(
        "correct_" in line for bodies in answers.wrong.values() for body in bodies for line in body
    )


def test_a_folder_that_holds_something_stays_as_it_is(course, tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(CourseError, match="not empty"):
        make_class(course, tmp_path)
    assert files(tmp_path) == {"mine": b"x"}


def test_a_made_class_is_graded_and_reported(toy_course, tmp_path):
    from labkit.grade.one import grade_submission

    made = make_class(toy_course, tmp_path / "toy", size=10)
    records = []
    for one in find_submissions([tmp_path / "toy" / EXPORT])[:4]:
        record = grade_submission(one.read(), made.labs[0], b"salt").record
        records.append(record)
    assert len({record.score for record in records}) > 1
    out = write(tmp_path / "graded", records)
    write_report(out, Options(course=made.root))
    assert json.loads((out / "report.json").read_text())["labs"]
