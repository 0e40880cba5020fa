"""`labkit.check("1.3")` in a cell: the public checks on the functions as they live in this process.

`labkit.check(lab="lab01")` is all of them, as the student's page.
"""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec.structs import replace

from labkit.check.answers import recorded_answers
from labkit.check.collect import carry_out, collect
from labkit.check.living import Living, undisturbed
from labkit.check.run import Run
from labkit.course import CourseError, Lab, find_course
from labkit.errors import LabkitError
from labkit.record import Record, answers_in
from labkit.record.figure import bounded
from labkit.show.cell import board, say


def check(question: str = "", lab: str | None = None) -> None:
    """Check the functions of a question, as they are now, and show what came of it; nothing is returned or raised.

    question : such as "1.3", or the name of a quiz question, such as "quiz_1_3"; without one, every question of the
        lab is checked
    lab : the lab, where the question's number does not begin with that of its lab

    In a notebook the result is shown below the cell, that of a whole lab as the page that `labkit check --html`
    writes; elsewhere in the terminal. It is for trying: `labkit check`
    runs the whole file, as grading does, and grading leaves these calls out.
    """
    try:
        found = _lab(question, lab)
        _check(question, found)
    except LabkitError as problem:
        say(str(problem))


def _lab(question: str, lab: str | None) -> Lab:
    """The lab that a question belongs to, by its number: 1.3 is one of lab 01, and so is quiz_1_3."""
    if not (question or lab):
        raise CourseError('Check a question, labkit.check("1.3"), or a whole lab, labkit.check(lab="lab01").')
    number = question.removeprefix("quiz_").replace("_", ".").partition(".")[0]
    return find_course(_folder()).lab(lab or number)


def _folder() -> Path:
    """Where the script lies that runs; the present folder in a notebook."""
    script = getattr(sys.modules["__main__"], "__file__", None)
    return Path(script).absolute().parent if script else Path.cwd()


def _check(question: str, lab: Lab) -> None:
    checks = collect(lab.handout / "test_lab.py")
    mine = [c.info for c in checks if question in ("", c.info.question, c.info.name.removeprefix("test_"))]
    if not mine:
        known = ", ".join(known.id for known in lab.questions)
        raise CourseError(f"{lab.name} has no question {question}; its questions are {known}.")
    titles = {check.info.name: check.info.title for check in checks}
    names = [info.name for info in mine]
    living = Living()
    run = Run(living.cells, recorded_answers(lab.handout), worker=living, asked=lab.asked)
    with board(lab, question, len(mine)) as shown, undisturbed():
        living.hear = shown.epoch

        def checking(name: str) -> None:
            shown.checking(_record(run, lab, names), titles[name])

        carry_out(run, checks, names, checking)
        if around := run.called_elsewhere():  # an earlier function may be at fault
            carry_out(run, checks, around, checking)
        whole = replace(
            _record(run, lab, names),
            submission="Your answers",
            answers=answers_in(living.cells, lab.questions),
            figures=bounded(run.figures),
        )
        shown.finished(whole, run.output)
    if run.broken:
        raise CourseError(f"A check is at fault, not your code: {run.broken[0]}.")


def _record(run: Run, lab: Lab, names: list[str]) -> Record:
    results = tuple(result for result in run.results if result.id in names)
    return Record(submission=lab.name, lab=lab.name, checks=results, notes=tuple(run.notes))
