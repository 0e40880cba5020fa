"""`labkit selftest`: proves that a lab's checks tell right from wrong.

The starter earns nothing, the reference everything, every variant all points of its question, and every
known mistake loses points and is called by its name, or at least the message states a relation. A mistake that fails
checks of another question, too, and two that no check tells apart, are said. `steadiness` proves right answers on many
salts.
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from labkit.author.starter import starter
from labkit.check import catalogue
from labkit.check.answers import Live
from labkit.check.catalogue import MISCONCEPTIONS, VARIANTS
from labkit.check.collect import Check, carry_out, collect
from labkit.check.parties import InWorker
from labkit.check.run import Run
from labkit.course import CourseError, Lab, solution_of
from labkit.lesson.source import read_python, read_text
from labkit.lesson.submission import without_explore_cells
from labkit.record import CheckResult, Verdict, tally
from labkit.worker import Limits
from labkit.worker.process import Midway


@dataclass(frozen=True)
class Trial:
    """One submission of the self-test: what was tried, what it earned, and whether that is right.

    `elsewhere` are other questions, a check of which fails on it; `seen` is what became of each check; `pointed` says
    that a message states how the answer relates to the right one; `measured` is what checks compared with bounds,
    (check and what, number, bound), and `costly` what its calls used of what a limit allows, where that is more than
    half: check, seconds or gigabytes, the limit, the unit.
    """

    kind: str
    name: str
    question: str
    points: float
    max_points: float
    named: str | None
    good: bool
    remark: str = ""
    elsewhere: tuple[str, ...] = ()
    seen: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)
    pointed: bool = False
    measured: tuple[tuple[str, float, float], ...] = field(default=(), repr=False)
    costly: tuple[tuple[str, float, float, str], ...] = ()


def selftest(
    lab: Lab,
    salt: bytes | None = None,
    question: str | None = None,
    finished: Callable[[Trial], None] = lambda trial: None,
) -> list[Trial]:
    """Carry out every trial of a lab; `finished` hears of each. Raises LabkitError where a file cannot be used."""
    return _heard(_Selftest(lab, salt or secrets.token_bytes(16), question).trials(), finished)


def steadiness(
    lab: Lab,
    salts: Iterable[bytes],
    question: str | None = None,
    finished: Callable[[Trial], None] = lambda trial: None,
) -> list[Trial]:
    """The reference and all variants on the inputs of each salt: right answers must pass whatever is drawn."""
    return _heard(_Selftest(lab, b"", question).right_answers(salts), finished)


def _heard(trials: Iterable[Trial], finished: Callable[[Trial], None]) -> list[Trial]:
    heard = []
    for trial in trials:
        heard.append(trial)
        finished(trial)
    return heard


class _Selftest:
    """The trials of a lab, one worker for all: a fresh one each would take minutes."""

    def __init__(self, lab: Lab, salt: bytes, question: str | None):
        self.lab, self.salt, self.question = lab, salt, question
        self.tree = read_python(lab.source)
        self.checks = collect(solution_of(lab) / "test_lab.py")
        self.live = Live(lab)
        self.worker = _Weighed([], keras=lab.uses_keras(), threads=lab.threads)

    def trials(self) -> Iterator[Trial]:
        master, only = read_text(self.lab.source), self.question
        wanted = [only] if only else None
        try:
            blank = [["lab.py", without_explore_cells(starter(master, self.lab.source))]]
            yield _starter_trial(self.tried(blank, wanted, {}).results)
            yield self.reference()
            for name in (VARIANTS, MISCONCEPTIONS):
                for entry in catalogue.read_catalogue(self.lab, name):
                    if only in (None, entry.question):
                        yield self.trial(name, entry)
        finally:
            self.worker.close()

    def right_answers(self, salts: Iterable[bytes]) -> Iterator[Trial]:
        try:
            variants = catalogue.read_catalogue(self.lab, VARIANTS)
            asked = [entry for entry in variants if self.question in (None, entry.question)]
            for self.salt in salts:
                for trial in (self.reference(), *(self.trial(VARIANTS, entry) for entry in asked)):
                    where = f" (--salt {self.salt.decode()})" if trial.remark else ""
                    yield replace(trial, remark=trial.remark + where)
        finally:
            self.worker.close()

    def reference(self) -> Trial:
        wanted = [self.question] if self.question else None
        run = self.tried(catalogue.reference_cells(self.lab), wanted)
        return replace(_full_trial("reference", "reference", self.question or "", run), costly=self.costly)

    def trial(self, file_name: str, entry: catalogue.Entry) -> Trial:
        cells = catalogue.cells_with(self.lab, file_name, entry)
        if file_name == VARIANTS:
            run = self.tried(cells, [entry.question])
            return replace(_full_trial("variant", entry.name, entry.question, run), costly=self.costly)
        return _mistake_trial(entry, self.tried(cells, {entry.question, *self.reached(entry.replaces)}))

    def tried(
        self, cells: list[list[str]], questions: Collection[str] | None, prose: dict[str, str] | None = None
    ) -> Run:
        prose = self.lab.lesson.prose if prose is None else prose
        run = Run(cells, self.live, self.salt, worker=self.worker, prose=prose, asked=self.lab.asked)
        if problems := [*run.notes, *([run.fatal] if run.fatal else [])]:
            raise CourseError(problems[0])  # a file that does not load would prove nothing
        self.worker.costly.clear()
        try:
            carry_out(run, self.checks, questions, self.worker.weigh)
        finally:
            run.close()
        if run.broken:
            raise CourseError(f"{self.lab.name}: {run.broken[0]}")
        # what a person reads is neither right nor wrong here
        run.results = [result for result in run.results if result.id not in run.written]
        self.costly = tuple(self.worker.costly.values())
        return run

    def reached(self, function: str) -> set[str]:
        """The questions whose answers or checks call a function, directly or through others."""
        asked = {question.id: set(question.functions) for question in self.lab.questions}
        found = {question for question, names in asked.items() if function in self.called(names)}
        return found | {check.info.question for check in self.checks if function in _named(check, asked)}

    def called(self, names: set[str]) -> set[str]:
        """The functions of the reference that these reach."""
        seen: set[str] = set()
        while ahead := names - seen:
            seen |= ahead
            names = {name for one in ahead for name in self.calls.get(one, ())}
        return seen

    @cached_property
    def calls(self) -> dict[str, set[str]]:
        defined = [node for node in self.tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
        return {
            node.name: {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} for node in defined
        }


class _Weighed(InWorker):
    """A worker of which is seen what each call uses of the time and memory that it may use."""

    def __init__(self, cells: list[list[str]], keras: bool, threads: int):
        super().__init__(cells, keras=keras, threads=threads)
        #: for each check and unit, what the costliest call used, where it is more than half of what it may
        self.costly: dict[tuple[str, str], tuple[str, float, float, str]] = {}
        self._check = ""

    def weigh(self, check: str) -> None:
        """What comes now belongs to this check."""
        self._check = check

    def _ask(self, limits: Limits, verb: str, midway: Midway | None = None, **request: Any) -> dict[str, Any]:
        worker = self._worker
        if worker is None or verb != "call":
            return super()._ask(limits, verb, midway, **request)
        seconds, memory = worker.processor_seconds, worker.peak_bytes
        reply = super()._ask(limits, verb, midway, **request)
        self._keep("s", worker.processor_seconds - seconds, self.limits.seconds)
        if (peak := worker.peak_bytes) > memory:
            self._keep("GB", peak / 1e9, worker.memory_limit / 1e9)
        return reply

    def _keep(self, unit: str, used: float, most: float) -> None:
        before = self.costly.get((self._check, unit), ("", most / 2, most, unit))
        if used > before[1]:
            self.costly[self._check, unit] = self._check, used, most, unit


def _named(check: Check, asked: dict[str, set[str]]) -> set[str]:
    """The functions that a check calls itself."""
    return {name for names in asked.values() for name in names} & check.info.reaches


def _starter_trial(results: list[CheckResult]) -> Trial:
    earned, maximum = tally(results)
    return Trial("starter", "starter", "", earned, maximum, None, earned == 0 and maximum > 0)


def _full_trial(kind: str, name: str, question: str, run: Run) -> Trial:
    earned, maximum = tally(run.results)
    lost = next((f"{c.id}: {c.message}" for c in run.results if not c.verdict.passed), "")
    measured = tuple(
        (f"{check}: {what}", number, bound)
        for check, numbers in run.measured.items()
        for what, number, bound in numbers
    )
    good = not lost and maximum > 0
    return Trial(kind, name, question, earned, maximum, None, good, lost, measured=measured)


def _mistake_trial(entry: catalogue.Entry, run: Run) -> Trial:
    results = [check for check in run.results if check.question == entry.question]
    earned, maximum = tally(results)
    names = {check.misconception.id for check in results if check.misconception}
    named = entry.name if entry.name in names else next(iter(sorted(names)), None)
    failed = next((f"{c.id}: {c.message}" for c in results if not c.verdict.passed), "no check fails on it")
    waits = (Verdict.PASSED, Verdict.NOT_RUN)
    others = {check.question for check in run.results if check not in results and check.verdict not in waits}
    seen = tuple(
        (check.id, check.verdict.value, check.failure.digest if check.failure else "") for check in results
    )
    lost = earned < maximum
    return Trial(
        "mistake",
        entry.name,
        entry.question,
        earned,
        maximum,
        named,
        lost,
        failed,
        tuple(sorted(others)),
        seen,
        pointed=any(check.id in run.related for check in results),
    )


def unnamed(trials: list[Trial]) -> list[Trial]:
    """The known mistakes that were not called by their name."""
    return [trial for trial in trials if trial.kind == "mistake" and trial.named != trial.name]


def remarks(trials: list[Trial]) -> list[str]:
    """Sentences about what is no error, and still costs students points or a true word."""
    mistakes = [trial for trial in trials if trial.kind == "mistake"]
    found = [
        f'{trial.name} ({trial.question}) fails {" and ".join(trial.elsewhere)} as well: @needs("{trial.question}")?'
        for trial in mistakes
        if trial.elsewhere
    ]
    first: dict[tuple, Trial] = {}
    for trial in mistakes:
        alike = first.setdefault((trial.question, trial.seen), trial)
        if alike is not trial and trial.good:
            found.append(
                f"{alike.name} and {trial.name} ({trial.question}) give one answer: no check tells them apart."
            )
    costliest: dict[tuple[str, str], tuple[float, float, Trial]] = {}
    for trial in trials:
        for check, used, most, unit in trial.costly:
            if used > costliest.get((check, unit), (0.0, most, trial))[0]:
                costliest[check, unit] = used, most, trial
    remedy = {"s": "@limit", "GB": "smaller inputs"}
    found += [
        f"{check}: a call of {trial.kind} {trial.name} uses {used:.1f} of {most:.1f} {unit}, more than half; "
        f"{remedy[unit]}?"
        for (check, unit), (used, most, trial) in costliest.items()
    ]
    return found


def narrowest(trials: list[Trial]) -> dict[str, tuple[float, float]]:
    """Of each thing that checks compare with a bound, the number that came nearest to it, and the bound."""
    found: dict[str, tuple[float, float]] = {}
    for trial in trials:
        for what, number, bound in trial.measured:
            if what not in found or abs(number - bound) < abs(found[what][0] - found[what][1]):
                found[what] = number, bound
    return found


def passes(trials: list[Trial], share_named: float = 0.95, share_told: float = 0.99) -> bool:
    """Whether every trial is right, enough of the known mistakes were named, and nearly all named or pointed at."""
    mistakes = [trial for trial in trials if trial.kind == "mistake"]
    nameless = unnamed(trials)
    untold = [trial for trial in nameless if not trial.pointed]
    enough = len(nameless) <= (1 - share_named) * len(mistakes)
    return all(trial.good for trial in trials) and enough and len(untold) <= (1 - share_told) * len(mistakes)
