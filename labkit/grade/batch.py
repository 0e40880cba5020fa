"""Many submissions: grade each, whatever happens on the way, and write the results."""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec import structs

from labkit import adjustments
from labkit.adjustments import Decision
from labkit.course import Course, CourseError, Lab, lab_of
from labkit.grade.changes import Change, bases, changes, told
from labkit.grade.files import write_grades, write_result
from labkit.grade.journal import Entry, Journal, Key
from labkit.grade.kept import check_hashes, renamed, restated, verdict_hash
from labkit.grade.one import Graded, live_answers, made_anew, unreadable
from labkit.grade.pool import Here
from labkit.grade.task import Task, carry_out, failure, lab_hash
from labkit.lesson.submission import SubmissionError
from labkit.record import Record, salt_id, versions
from labkit.record.found import Found
from labkit.worker import Plan

TRAININGS = "trainings"  # the folder in OUT with what the grader itself has trained
_TICK = 0.25  # seconds


@dataclass
class Batch:
    """What came of a batch: the records in order, what the grader itself failed on, how many were kept.

    `stale` counts those in which a check is kept that was changed since: only another one was to be made anew.
    `changes` is what is not as the last whole run had it for the same files, `outdated` are a human's marks about
    checks that changed since they were given.
    """

    records: list[Record] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    kept: int = 0
    renamed: int = 0
    stale: int = 0
    changes: list[Change] = field(default_factory=list)
    outdated: list[Decision] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Running:
    """A submission that is being graded: its name, the check that is being carried out, since when."""

    name: str
    check: str
    seconds: float


class Observer:
    """Is told how far the work is. This one does nothing."""

    def warn(self, sentence: str) -> None:
        """Something that a person should know before the work begins."""

    def begin(self, total: int, kept: int) -> None:
        """So many submissions, of which so many are finished already."""

    def tick(self, running: list[Running]) -> None:
        """Called a few times in a second with what is being graded."""

    def finished(self, record: Record, seconds: float) -> None:
        """A submission was graded."""


@dataclass(frozen=True)
class _Prepared:
    """A submission that was read: its task is made when it is its turn."""

    found: Found
    lab: Lab
    key: Key
    header: str | None  # the lab that the file itself names


@dataclass(frozen=True)
class _Unread:
    """A submission that could not be read, why, and its lab where that is known."""

    found: Found
    lab: Lab | None
    problem: str


@dataclass
class Grading:
    """How a batch is graded. One submission that cannot be graded never stops the others.

    At most `width` tasks are given to the executor at a time. With a journal, what it holds is not graded again.
    """

    course: Course
    out: Path
    salt: bytes
    plan: Plan
    lab_name: str | None = None
    journal: Journal | None = None
    executor: Executor = field(default_factory=Here)
    width: int = 1
    observer: Observer = field(default_factory=Observer)
    adjustments: adjustments.Decided = adjustments.Decided()
    _named_alone: bool = field(init=False, default=False)  # only the checks that were named are made anew
    _digests: dict[str, dict[str, str]] = field(init=False, default_factory=dict)

    def grade(
        self, submissions: list[Found], again: tuple[str, ...] = (), checks: tuple[str, ...] = ()
    ) -> Batch:
        """Grade these and write the results.

        `again` are names or patterns of submissions whose records are made anew, "all" for every one, and
        `checks` the names of checks or questions that are; both hold until they are done, over many calls.
        """
        if not submissions:
            raise CourseError("No .py or .ipynb file was found there.")
        batch = Batch()
        self._named_alone = bool(checks)
        prepared = [self._prepare(found) for found in submissions]
        self._warn_of_other_labs(prepared)
        self._refuse_results_of_other_labs(prepared)
        if self.journal is not None:
            self.journal.begin(self._describe())
            self.journal.regrade(self._chosen(prepared, again, checks), list(checks))
        done: dict[str, Graded] = {}
        waiting: list[_Prepared] = []
        for entry in prepared:
            if isinstance(entry, _Unread):
                done[entry.found.name] = self._written(entry, self._unreadable(entry, entry.problem))
            elif (kept := self._kept(entry)) is not None:
                done[entry.found.name] = self._written(entry, kept)
                batch.kept += 1
            else:
                waiting.append(entry)
        self.observer.begin(batch.kept + len(waiting), batch.kept)
        for ready, graded, seconds in self._carry_out(waiting):
            name = ready.found.name
            if self.journal is not None:
                self.journal.add(name, ready.key, graded, self._rests_on(ready, graded))
            done[name] = self._written(ready, graded)
            batch.seconds[name] = seconds
            self.observer.finished(done[name].record, seconds)
        for entry in prepared:
            graded = done[entry.found.name]
            batch.records.append(graded.record)
            batch.failures += [f"{entry.found.name}: {fault}" for fault in graded.faults]
            batch.stale += self._is_stale(entry)
        write_grades(self.out, batch.records)
        if self.journal is not None:
            self._finish(self.journal, batch)
        return batch

    def rename(self, submissions: list[Found]) -> Batch:
        """Name the failed checks of kept records anew, by today's known mistakes, without running anybody's code.

        Only what was graded with today's checks can be; the others are left out. Needs a journal.
        """
        if self.journal is None:
            raise CourseError("Nothing is kept here that could be named anew.")
        batch = Batch()
        for entry in [self._prepare(found) for found in submissions]:
            graded = self._kept(entry) if isinstance(entry, _Prepared) else None
            if graded is None or isinstance(entry, _Unread):
                continue
            live_answers(entry.lab).folder = self.out / TRAININGS
            record = renamed(graded.record, entry.lab, self.salt)
            if record != graded.record:
                graded = replace(graded, record=record)
                rests_on = self.journal.entries[entry.found.name].rests_on
                self.journal.add(entry.found.name, entry.key, graded, rests_on)
                batch.renamed += 1
            batch.kept += 1
            batch.records.append(self._written(entry, graded).record)
        write_grades(self.out, batch.records)
        return batch

    def _finish(self, journal: Journal, batch: Batch) -> None:
        """Compare with what the runs before said, and keep what this one says."""
        answered = {record.lab for record in batch.records}
        found = bases(self.adjustments, [lab for lab in self.course.labs if lab.name in answered])
        batch.outdated = [
            decision for mark, (decision, basis) in found.items() if journal.marks.get(mark, basis) != basis
        ]
        new = {mark: basis for mark, (_, basis) in found.items() if mark not in journal.marks}
        batch.changes = changes(journal.told, batch.records)
        journal.finish(told(batch.records), new)

    # --- before -------------------------------------------------------------------------------------------

    def _prepare(self, found: Found) -> _Prepared | _Unread:
        lab = None
        try:
            # before the file is read: a damaged one still gets the record of its lab
            with contextlib.suppress(SubmissionError):
                lab = lab_of(self.course, found.path, None, self.lab_name)
            submission = found.read()
            lab = lab_of(self.course, found.path, submission.lab, self.lab_name)
        except SubmissionError as problem:
            # students read it: the name of the file alone, not where it lies here
            said = str(problem).replace(str(found.path), found.path.name)
            return _Unread(found, lab, said)
        if lab.solution is None:
            raise CourseError(f"{lab.name} has no solution here; only `labkit check` works without it.")
        return _Prepared(found, lab, self._key(lab, submission.sha256), submission.lab)

    def _warn_of_other_labs(self, prepared: list[_Prepared | _Unread]) -> None:
        """A wrong --lab would cost a whole class its points."""
        read = [entry for entry in prepared if isinstance(entry, _Prepared) and self.lab_name]
        others = [entry for entry in read if entry.header and not self._is_called(entry.lab, entry.header)]
        if others:
            first, more = others[0], f" and {len(others) - 1} more" if len(others) > 1 else ""
            self.observer.warn(
                f"graded as {first.lab.name}, as --lab says: {first.found.name}{more}, though the file names "
                f"{first.header}."
            )

    def _refuse_results_of_other_labs(self, prepared: list[_Prepared | _Unread]) -> None:
        """Results of one lab are not written over by those of another, which have the same names."""
        before = self.journal.entries if self.journal is not None else {}
        now = {entry.found.name: entry.lab.name for entry in prepared if entry.lab is not None}
        there = {entry.key.lab for entry in before.values()}
        if there and now and not there & set(now.values()):
            raise CourseError(
                f"{self.out} holds results of {', '.join(sorted(there))}, and these submissions answer "
                f"{', '.join(sorted(set(now.values())))}; give another folder by --out, one for each assignment."
            )
        others = [name for name, lab in now.items() if name in before and before[name].key.lab != lab]
        if others:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            self.observer.warn(
                f"{others[0]}{more} answered {before[others[0]].key.lab} before and {now[others[0]]} now; what was "
                "graded before is in the journal alone."
            )

    def _is_called(self, lab: Lab, name: str) -> bool:
        try:
            return self.course.lab(name) == lab
        except CourseError:
            return False

    def _key(self, lab: Lab, sha256: str) -> Key:
        used = tuple(versions().items())
        return Key(sha256, lab.name, verdict_hash(lab), salt_id(self.salt), self.plan.layers, used)

    def _describe(self) -> dict:
        return {
            "course": self.course.title,
            "labs": {lab.name: lab_hash(lab.solution) for lab in self.course.labs if lab.solution},
            "versions": versions(),
            "salt_id": salt_id(self.salt),
            "isolation": list(self.plan.layers),
        }

    def _chosen(
        self, prepared: list[_Prepared | _Unread], again: tuple[str, ...], checks: tuple[str, ...]
    ) -> list[str]:
        """The names of those that are made anew; with checks, of labs that have one of them."""
        for name in checks:
            if not any(_has(lab, name) for lab in self.course.labs):
                raise CourseError(
                    f"--regrade-check {name}: no lab of this course has such a check or question."
                )
        chosen = []
        for pattern in again or (("all",) if checks else ()):
            matching = [entry for entry in prepared if _matches(entry.found, pattern)]
            if not matching:
                raise CourseError(f"--regrade {pattern}: no submission has such a name.")
            chosen += matching
        if checks:
            chosen = [entry for entry in chosen if any(_has(entry.lab, name) for name in checks)]
        return list(dict.fromkeys(entry.found.name for entry in chosen))

    def _kept(self, entry: _Prepared) -> Graded | None:
        """A record that need not be made again: every check in it rests on what it would rest on today."""
        kept = self._usable(entry)
        if kept is None or kept.pending or self._stale(entry.lab, kept):
            return None
        return replace(kept.graded, record=restated(kept.graded.record, entry.lab))

    def _usable(self, entry: _Prepared) -> Entry | None:
        """What the journal has of the same file, of which checks may be kept."""
        kept = self.journal.entries.get(entry.found.name) if self.journal is not None else None
        if kept is None or kept.void or kept.graded.faults or not entry.key.allows_part_of(kept.key):
            return None
        return kept

    def _stale(self, lab: Lab, kept: Entry) -> list[str]:
        """The checks of today's lab whose kept verdict, if there is one, rests on something else."""
        today = self._today(lab)
        return [name for name, digest in today.items() if kept.rests_on.get(name) != digest]

    def _is_stale(self, entry: _Prepared | _Unread) -> bool:
        if self.journal is None or isinstance(entry, _Unread):
            return False
        kept = self.journal.entries.get(entry.found.name)
        return kept is not None and bool(self._stale(entry.lab, kept))

    def _today(self, lab: Lab) -> dict[str, str]:
        """What each check of a lab rests on: its code, and the versions of the libraries."""
        if lab.name not in self._digests:
            used = repr(versions())
            self._digests[lab.name] = {
                name: hashlib.sha256(f"{digest} {used}".encode()).hexdigest()[:16]
                for name, digest in check_hashes(lab).items()
            }
        return self._digests[lab.name]

    def _rests_on(self, entry: _Prepared, graded: Graded) -> dict[str, str]:
        """What the checks of a record rest on that was just made, or made anew in part."""
        today, before = self._today(entry.lab), self._usable(entry)
        only = self._only(entry, before) if before is not None else ()
        if before is None or not only:
            return today
        again = made_anew(entry.lab, only, [check.id for check in before.graded.record.checks])
        remade = {info.name for info in entry.lab.checks if info.question in again}
        return {
            name: digest if name in remade else before.rests_on.get(name, "")
            for name, digest in today.items()
        }

    def _only(self, entry: _Prepared, kept: Entry) -> tuple[str, ...]:
        """The checks or questions that are made anew within a kept record; none: all."""
        if kept.pending and self._named_alone:
            return kept.pending
        only = dict.fromkeys([*kept.pending, *self._stale(entry.lab, kept)])
        return () if len(only) == len(entry.lab.checks) else tuple(only)

    # --- the work -----------------------------------------------------------------------------------------

    def _carry_out(self, waiting: list[_Prepared]):
        """Yield each submission with what came of it and the seconds that it took, as they finish."""
        queue = list(reversed(waiting))
        running: dict[Future, tuple[_Prepared, Task, float, int]] = {}
        while queue or running:
            while queue and len(running) < self.width:
                entry = queue.pop()
                try:
                    task = self._task(entry)
                except SubmissionError as problem:  # it was there a moment ago
                    yield entry, self._unreadable(entry, str(problem)), 0.0
                    continue
                key = replace(entry.key, sha256=task.submission.sha256)
                entry = replace(entry, key=key)  # of what is graded, should the file have changed meanwhile
                running[self.executor.submit(carry_out, task)] = (entry, task, time.monotonic(), 1)
            self.observer.tick(
                [_running(future, entry, started) for future, (entry, _, started, _) in running.items()]
            )
            finished, _ = wait(running, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in finished:
                entry, task, started, attempt = running.pop(future)
                fault = future.exception()
                if isinstance(fault, BrokenExecutor) and attempt == 1:
                    running[self.executor.submit(carry_out, task)] = (entry, task, started, 2)
                    continue
                graded = future.result() if fault is None else failure(task, str(fault))
                yield entry, graded, time.monotonic() - started

    def _task(self, entry: _Prepared) -> Task:
        submission = entry.found.read()
        trainings = self.out / TRAININGS if self.journal is not None else None
        task = Task(submission, entry.lab, self.salt, self.plan, trainings=trainings)
        kept = self._usable(entry)
        only = self._only(entry, kept) if kept is not None else ()
        if kept is None or not only:
            return task
        record = restated(kept.graded.record, entry.lab)
        return replace(task, only=only, kept=replace(kept.graded, record=record))

    def _unreadable(self, entry: _Prepared | _Unread, problem: str) -> Graded:
        return Graded(unreadable(entry.found.name, entry.lab, problem, self.salt, self.plan))

    def _written(self, entry: _Prepared | _Unread, graded: Graded) -> Graded:
        record = structs.replace(graded.record, submission=entry.found.name, student=entry.found.student)
        record = self.adjustments.settled(record, entry.lab, self.course)
        graded = replace(graded, record=record)
        write_result(self.out / entry.found.name, record, graded.output)
        return graded


def _has(lab: Lab | None, name: str) -> bool:
    return lab is not None and any(name in (check.name, check.question) for check in lab.checks)


def _running(future: Future, entry: _Prepared, started: float) -> Running:
    return Running(entry.found.name, getattr(future, "note", ""), time.monotonic() - started)


def _matches(found: Found, pattern: str) -> bool:
    student = found.student
    names = [found.name, *(text for text in (student.id, student.name, student.email) if text)]
    wanted = pattern.casefold()
    return wanted == "all" or any(
        name.casefold() == wanted or fnmatch.fnmatchcase(name.casefold(), wanted) for name in names
    )
