"""One submission: run its lab's checks and write down what they decide."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import lru_cache

from msgspec.structs import replace

from labkit.check.answers import Live, recorded_answers
from labkit.check.carried import Calls
from labkit.check.collect import Check, Progress, carry_out, collect, with_dependents
from labkit.check.run import Run
from labkit.course import Lab, solution_of
from labkit.lesson.submission import Submission
from labkit.record import CheckResult, Record, Verdict, answers_in, salt_id
from labkit.record.figure import bounded
from labkit.text import inert, one_line
from labkit.worker import Plan


@dataclass(frozen=True)
class Graded:
    """What came of one submission: its record, what it printed, and checks that are themselves at fault."""

    record: Record
    output: str = ""
    faults: tuple[str, ...] = ()


@lru_cache(maxsize=8)
def live_answers(lab: Lab) -> Live:
    """The solution of a lab, loaded once in this process."""
    return Live(lab)


def grade_submission(
    submission: Submission,
    lab: Lab,
    salt: bytes,
    progress: Progress = lambda title: None,
    plan: Plan | None = None,
) -> Graded:
    """Grade against the live solution with inputs drawn from the salt, behind the isolation of the plan."""
    checks = collect(solution_of(lab) / "test_lab.py")
    return _graded(live_run(submission, lab, salt, plan), submission, lab, checks, salt, None, progress)


def regrade_checks(
    submission: Submission,
    lab: Lab,
    salt: bytes,
    only: Iterable[str],
    kept: Graded,
    progress: Progress = lambda title: None,
    plan: Plan | None = None,
) -> Graded:
    """Grade some checks anew and keep the other results of an earlier grading of the same file.

    `only` are names of checks or questions. Made anew are all checks of their questions, of questions that need
    those, whose answers call theirs, and those that the earlier record does not have. Where a call was stopped, which
    later checks are spared, all are.
    """
    earlier = {check.id: check for check in kept.record.checks}
    if any(check.verdict is Verdict.ERROR for check in earlier.values()):
        return grade_submission(submission, lab, salt, progress, plan)
    questions = _with_callers(submission, lab, made_anew(lab, only, earlier))
    checks = collect(solution_of(lab) / "test_lab.py")
    run = live_run(submission, lab, salt, plan)
    stay = {
        info.name: earlier[info.name]
        for info in lab.checks
        if info.name in earlier and earlier[info.name].question not in questions
    }
    run.keep(stay.values(), checks)
    run.written = {name: text for name, text in kept.record.answers.written.items() if name in stay}
    run.figures = [figure for figure in kept.record.figures if figure.check in stay]
    graded = _graded(run, submission, lab, checks, salt, questions, progress)
    if set(kept.record.notes) - set(graded.record.notes):  # of which check they are, nobody knows
        return grade_submission(submission, lab, salt, progress, plan)
    return Graded(graded.record, kept.output, graded.faults)


def made_anew(lab: Lab, only: Iterable[str], earlier: Container[str]) -> set[str]:
    """The questions whose checks are carried out where `only` these checks or questions are asked for: those, what
    waits for them, and those of which an earlier record lacks a check.
    """
    wanted = set(only)
    questions = {
        info.question
        for info in lab.checks
        if info.question in wanted or info.name in wanted or info.name not in earlier
    }
    return with_dependents(lab.checks, questions)


def _with_callers(submission: Submission, lab: Lab, questions: set[str]) -> set[str]:
    """These questions, and those whose answers in this file call an answer to one of them: they are judged by it."""
    calls = Calls(submission.cells, lab.asked)
    called = {
        name: calls.questions(info for info in lab.checks if info.question == name)
        for name in {info.question for info in lab.checks}
    }
    while more := {name for name, others in called.items() if others & questions} - questions:
        questions = with_dependents(lab.checks, questions | more)
    return questions


def live_run(submission: Submission, lab: Lab, salt: bytes, plan: Plan | None) -> Run:
    """The submission in front of the solution, not yet asked anything."""
    return Run(
        submission.cells,
        live_answers(lab),
        salt,
        submission.sha256,
        plan,
        lab.uses_keras(),
        lab.threads,
        submission.explore,
        prose=submission.prose,
        asked=lab.asked,
    )


def check_submission(
    submission: Submission, lab: Lab, question: str | None = None, progress: Progress = lambda title: None
) -> Graded:
    """Run the public checks with recorded answers: all, or those of a question and of the quiz of its section."""
    checks = collect(lab.handout / "test_lab.py")
    mine = [check.info.name for check in checks if check.info.is_of(question)]
    answers = recorded_answers(lab.handout)
    run = Run(
        submission.cells,
        answers,
        keras=lab.uses_keras(question),
        threads=lab.threads,
        unrun=submission.explore,
        prose=submission.prose,
        asked=lab.asked,
    )
    try:
        carry_out(run, checks, mine, progress)
        if around := run.called_elsewhere():
            carry_out(run, checks, around, progress)
    finally:
        run.close()
    run.results = [result for result in run.results if result.id in mine]
    return Graded(record_of(run, submission, lab, None), run.output, tuple(run.broken))


def unreadable(name: str, lab: Lab | None, problem: str, salt: bytes, plan: Plan) -> Record:
    """The record of a file that could not be read: no points, and the reason as a note."""
    infos, message = (lab.checks if lab else ()), "the file could not be read"
    checks = tuple(
        CheckResult(
            info.name,
            info.question,
            info.title,
            Verdict.NOT_RUN,
            0,
            info.points,
            info.hidden,
            message,
            needs=info.needs,
            limit_seconds=info.limit,
        )
        for info in infos
    )
    return Record(
        submission=name,
        lab=lab.name if lab else "",
        checks=checks,
        notes=(inert(problem, 600),),
        isolation=plan.layers,
        salt_id=salt_id(salt),
    )


def _graded(
    run: Run,
    submission: Submission,
    lab: Lab,
    checks: Iterable[Check],
    salt: bytes | None,
    questions: Iterable[str] | None,
    progress: Progress,
) -> Graded:
    try:
        carry_out(run, checks, questions, progress)
    finally:
        run.close()
    return Graded(record_of(run, submission, lab, salt), run.output, tuple(run.broken))


def record_of(run: Run, submission: Submission, lab: Lab, salt: bytes | None) -> Record:
    """What a run has decided so far, as a record."""
    notes = [*submission.notes, *([run.fatal] if run.fatal else []), *run.notes]
    place = {check.id: number for number, check in enumerate(run.results)}
    return Record(
        submission=submission.name,
        lab=lab.name,
        checks=tuple(run.results),
        figures=bounded(sorted(run.figures, key=lambda figure: place.get(figure.check, 0))),
        notes=tuple(dict.fromkeys(notes)),
        isolation=run.student.plan.layers,
        salt_id=salt_id(salt) if salt is not None else None,
        file=one_line(submission.path.name, 200),
        sha256=submission.sha256,
        answers=replace(answers_in(submission.cells, lab.questions), written=dict(run.written)),
    )
