"""One submission as a task: plain data that can be sent to any process, and the function that grades it there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labkit import lazy
from labkit.check.collect import FaultyCheck
from labkit.check.training import keeping_in
from labkit.course import Lab
from labkit.grade.one import Graded, grade_submission, live_answers, regrade_checks, unreadable
from labkit.lesson.submission import Submission
from labkit.record import GRADER_FAILED
from labkit.worker import Plan, WorkerUnavailable
from labkit.worker.launch import can_fork, warm_server

_telling: ContextVar[Callable[[str], None] | None] = ContextVar("telling", default=None)


@dataclass(frozen=True)
class Task:
    """A frozen submission and all that decides about its record.

    With `kept`, only the checks of `only`, names of checks or questions, are made anew. `trainings` is the folder
    in which processes share what the grader has trained.
    """

    submission: Submission
    lab: Lab
    salt: bytes
    plan: Plan
    only: tuple[str, ...] = ()
    kept: Graded | None = None
    trainings: Path | None = None


@contextmanager
def telling(tell: Callable[[str], None]) -> Iterator[None]:
    """Meanwhile, tell the name of each check when it begins."""
    token = _telling.set(tell)
    try:
        yield
    finally:
        _telling.reset(token)


def carry_out(task: Task) -> Graded:
    """Grade a task in this process, where the solutions of its labs stay loaded for the next one."""
    lazy.install()  # a numpy question must not wait for TensorFlow
    tell = _telling.get() or (lambda check: None)
    if task.lab.uses_keras() and can_fork():
        warm_server()  # imports Keras over there, while the solution is loaded here
    try:
        live_answers(task.lab).folder = task.trainings
        with keeping_in(task.trainings):
            if task.kept is not None:
                return regrade_checks(
                    task.submission, task.lab, task.salt, task.only, task.kept, tell, task.plan
                )
            return grade_submission(task.submission, task.lab, task.salt, tell, task.plan)
    except (FaultyCheck, WorkerUnavailable) as failed:
        return failure(task, str(failed))


def failure(task: Task, fault: str) -> Graded:
    """The record of a submission on which the grader itself failed."""
    record = unreadable(task.submission.name, task.lab, GRADER_FAILED, task.salt, task.plan)
    return Graded(record, faults=(fault,))


@cache
def lab_hash(folder: Path) -> str:
    """A digest of a solution's files: with another one, a lab's records are graded anew."""
    digest = hashlib.sha256()
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and not name.endswith(".pyc"):
                path = Path(where) / name
                digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
