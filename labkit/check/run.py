"""One submission under check: who answers, what was decided so far, and how one check is carried out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
from msgspec.structs import replace

from labkit.check.answers import Live, Recorded
from labkit.check.attempt import arguments, attempt
from labkit.check.carried import CARRIES, Calls, Lender
from labkit.check.collect import Check
from labkit.check.expect.failure import Examination, Failure, examining
from labkit.check.expect.values import describe
from labkit.check.inputs import Inputs, generator
from labkit.check.naming import KnownMistakes, named
from labkit.check.parties import Examinee, InWorker, NotAttempted, ReferenceFailed, Transport
from labkit.check.relations import find_relation
from labkit.check.signature import signature, unusable
from labkit.errors import LabkitError
from labkit.lesson.checks import CheckInfo
from labkit.lesson.lesson import PLACEHOLDER
from labkit.record import CHECK_FAILED, FILE_NOT_READ, CheckResult, Verdict
from labkit.record.figure import Figure
from labkit.record.signature import Signature
from labkit.text import inert
from labkit.worker import Limits, Plan, WorkerFailed, warm
from labkit.worker.launch import THREADS, can_fork, warm_server

MOST_WRITTEN = 20_000  # characters of a written answer
WAITS_FOR_A_PERSON = "waiting for a person, who reads it and gives its points"


@dataclass
class Run:
    """A submission under check. `salt` is None for public inputs, secret bytes for grading; `plan` isolates it.

    A `worker` that is given serves many runs on trusted code, or stands for code that lives here.
    """

    cells: Sequence[Sequence[str]]
    answers: Live | Recorded
    salt: bytes | None = None
    sha256: str = ""
    plan: Plan | None = None
    keras: bool = False
    threads: int = THREADS
    unrun: Sequence[Sequence[str]] = ()  # cells that are only read, where something is missing
    prose: Mapping[str, str] | None = None  # written answers in Markdown, by question, where they are known
    #: texts that wait for a person to read them, by check
    written: dict[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)  # the lab's functions, each with its question
    results: list[CheckResult] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    worker: Examinee | None = None
    student: Examinee = field(init=False)
    #: checks whose message says how the answer relates to the right one
    related: set[str] = field(init=False, default_factory=set)
    #: what each check compared with a bound: (what, number, bound)
    measured: dict[str, list[tuple[str, float, float]]] = field(init=False, default_factory=dict)
    _has_seen_hidden: bool = field(init=False, default=False)
    _failed: dict[str, tuple[Check, Failure | Exception]] = field(init=False, default_factory=dict)
    checks: dict[str, Check] = field(init=False, default_factory=dict)  # of the lab, by name
    _performed: set[str] = field(init=False, default_factory=set)
    _beside: set[str] = field(init=False, default_factory=set)  # passed, but no answer was looked at
    _stopped: dict[str, float] = field(init=False, default_factory=dict)  # functions, after so many seconds
    _skipped: set[str] = field(init=False, default_factory=set)  # checks of those
    _lent: dict[str, list[str]] = field(init=False, default_factory=dict)  # to checks that were judged again
    _lender: Lender | None = field(init=False, default=None)
    fatal: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        cells, unrun = ([list(cell) for cell in part] for part in (self.cells, self.unrun))
        self.student = self.worker or InWorker(cells, self.plan, self.keras, self.threads, unrun)
        self.student.cells = cells
        if self.keras and can_fork():
            warm_server()  # imports Keras over there …
            warm()  # … while it is imported here
        try:
            report = self.student.load()
        except WorkerFailed as failed:
            self.fatal = f"The file could not be loaded: {failed.sentence}."
            self.student.close()
            return
        except BaseException:  # nobody else knows of the worker yet
            self.student.close()
            raise
        self.notes += [inert(note, 600) for note in report["notes"][:50]]
        self.fatal = inert(report["fatal"], 600) if report["fatal"] else None

    def keep(self, results: Iterable[CheckResult], checks: Iterable[Check]) -> None:
        """Take over results of an earlier run on the same file; what failed in them is named with the others, by the
        lab's checks.
        """
        self.results += results
        self.checks |= {check.info.name: check for check in checks}

    def close(self) -> None:
        """End its workers, but one that was given."""
        if self.worker is None:
            self.student.close()
        if self._lender is not None:
            self._lender.close()

    @property
    def output(self) -> str:
        """What the submission printed, safe to show."""
        return inert(self.student.output, 64 * 1024)

    @property
    def last_output(self) -> str:
        """The end of it."""
        return inert(self.student.output[-4000:], 4000)

    @property
    def inputs(self) -> Inputs:
        """What its inputs and seeds are drawn from."""
        return Inputs(self.salt, self.sha256)

    def perform(self, check: Check) -> CheckResult:
        """Carry out a check and record its result."""
        info, started = check.info, time.monotonic()
        self.checks[info.name] = check
        self._performed.add(info.name)
        outcome = self._measured(check, self._decide)
        result = CheckResult(
            id=info.name,
            question=info.question,
            title=info.title,
            max_points=info.points,
            hidden=info.hidden,
            seconds=round(time.monotonic() - started, 3),
            needs=info.needs,
            limit_seconds=info.limit,
            **outcome,
        )
        self.results.append(result)
        return result

    def _measured(
        self, check: Check, decide: Callable[[Check, Examination], dict[str, Any]]
    ) -> dict[str, Any]:
        """What is decided about a check; what it measured and drew is kept, in place of what it did before."""
        name = check.info.name
        with examining() as seen:
            outcome = decide(check, seen)
        self.measured[name] = seen.measured
        self.figures = [figure for figure in self.figures if figure.check != name]
        self.figures += [replace(figure, check=name) for figure in seen.figures]
        return outcome

    def _decide(self, check: Check, seen: Examination) -> dict[str, Any]:
        info = check.info
        if self.fatal:
            return _outcome(Verdict.NOT_RUN, FILE_NOT_READ)
        undecided = (r for r in self.results if r.id != info.name and not r.verdict.passed)
        open_ = {r.question for r in undecided if r.id not in self.written}
        waiting = [question for question in info.needs if question in open_]
        if waiting:
            return _outcome(Verdict.NOT_RUN, f"waiting for {', '.join(waiting)}")
        seconds = info.limit or Limits().seconds
        if slow := sorted(name for name in info.reaches if self._stopped.get(name, 0) >= seconds):
            self._skipped.add(info.name)
            return _outcome(Verdict.NOT_RUN, f"not tried again, as {slow[0]} was stopped for its time")
        return self._judge(check, seen)

    def _judge(self, check: Check, seen: Examination) -> dict[str, Any]:
        info = check.info
        try:
            # what goes wrong here, but for the submission's own file, is the machine's fault: it is not caught
            self._prepare(info)
            note = _unsaid if info.hidden else self._note
            try:
                if info.written:
                    return self._read(check, note)
                failure = self._attempt(check, self.student, note)
            except (NotAttempted, WorkerFailed, LabkitError):
                raise
            except Exception as error:
                return self._unexpected(check, error, seen)
        except NotAttempted as open_:
            # where the answer stands is the worker's word, which could say what it saw
            sentence = open_.summary if info.hidden else open_.sentence
            return _outcome(Verdict.NOT_ATTEMPTED, inert(sentence, 300))
        except WorkerFailed as failed:
            if failed.kind == "time" and seen.function:
                self._stopped[seen.function] = info.limit or Limits().seconds
            sentence = failed.summary if info.hidden else failed.sentence
            return _outcome(Verdict.ERROR, f"{seen.function or 'the file'}: {inert(sentence, 300)}")
        if failure is None:
            if not seen.judged:
                self._beside.add(info.name)
            return _outcome(Verdict.PASSED, inert(seen.remark, 500), points=info.points)
        if isinstance(failure, ReferenceFailed) and not self._reference_passes(check):
            return self._at_fault(check, f"the reference fails: {failure.message}")
        self._failed[info.name] = check, failure
        message = failure.summary if info.hidden else failure.message
        return _outcome(Verdict.FAILED, inert(message, 1000), points=failure.earned * info.points)

    def _read(self, check: Check, note: Callable[[str], None]) -> dict[str, Any]:
        """A text for a person to read: no verdict is made of it."""
        info = check.info
        own = generator(self.inputs.own(info.name))
        reference = lambda: self.answers.reference(info.name, self.inputs.seed(info.name))  # noqa: E731
        if self.prose is None and "prose" in check.fixtures:
            return _outcome(Verdict.NOT_RUN, WAITS_FOR_A_PERSON)
        defaults, prose = self.answers.defaults, (self.prose or {}).get(info.question, "")
        text: Any = check.body(
            **arguments(check, self.student, reference, own, note, self.cells, defaults, prose)
        )
        if not isinstance(text, str):
            return _outcome(Verdict.FAILED, inert(f"write a text; the answer is {describe(text)}", 300))
        plain = inert(text, MOST_WRITTEN).strip()
        if plain in ("", PLACEHOLDER):
            return _outcome(Verdict.NOT_ATTEMPTED, "nothing is written yet")
        self.written[info.name] = plain
        return _outcome(Verdict.NOT_RUN, WAITS_FOR_A_PERSON)

    def name_mistakes(self) -> None:
        """Give what failed its signature, and the name of a known mistake where one fits, or else a relation between
        its answer and the right one. The verdicts stay.

        Comes after all checks: for this, each failed check is carried out once more, on inputs of the whole class.
        What failed because of an earlier function has been judged with the reference's before, where that is here.
        """
        self._take_back()
        self._judge_with_lent()
        failed, self._failed = self._failed, {}
        # whatever a submission answers, naming its mistake must not cost it a verdict
        with suppress(Exception):
            signs = {name: self._sign(check, failure) for name, (check, failure) in failed.items()}
            signed = [
                replace(result, failure=signs.get(result.id, result.failure)) for result in self.results
            ]
            known = KnownMistakes(self.answers, self.checks, self.inputs, cache(self._again))
            self.results[:] = named(signed, known)
        for place, result in enumerate(self.results):
            if result.id in failed and result.misconception is None:
                remark = _relation(failed[result.id][1], result.hidden)
                self.results[place] = replace(result, message=inert(result.message + remark, 1000))
                if remark:
                    self.related.add(result.id)
        self._wait()

    # --- mistakes that are carried over --------------------------------------------------------------------

    def _judge_with_lent(self) -> None:
        """Judge again what did not pass and calls an earlier function that is not right: with the reference's in its
        place. A mistake then costs once.
        """
        if self.fatal or not isinstance(self.answers, Live):
            return
        lent_to: dict[str, set[str]] = {}  # questions, what was lent to their checks
        # question by question: what is right by then is not lent
        for place, result in sorted(enumerate(self.results), key=lambda pair: self._turn(pair[1])):
            if lent := self._carried(result):
                lender = self._lender = self._lender or Lender(
                    self.answers.lab, self.student.plan, self.keras, self.threads
                )
                failed, lender.refused = dict(self._failed), False
                self._failed.pop(result.id, None)
                with self._lending(lent):
                    outcome = self._measured(self.checks[result.id], self._judge)
                if lender.refused or outcome["points"] < result.points:  # a model cannot be lent
                    self._failed = failed
                    continue
                if outcome["verdict"].passed:
                    outcome["message"] = f"judged with the reference's {' and '.join(lent)} in place of yours"
                self.results[place] = replace(result, **outcome)
                self._lent[result.id] = lent
                lent_to.setdefault(result.question, set()).update(lent)
        for place, result in enumerate(self.results):  # those that waited for what passes now
            check = self.checks.get(result.id)
            if check and result.verdict is Verdict.NOT_RUN and set(check.info.needs) & set(lent_to):
                lent = self._lent[result.id] = sorted(lent_to.get(result.question, ()))
                with self._lending(lent):
                    outcome = self._measured(check, self._decide)
                self.results[place] = replace(result, **outcome)

    @contextmanager
    def _lending(self, lent: Sequence[str]) -> Iterator[None]:
        """While these functions are the reference's."""
        self.student.lent, self.student.lend = frozenset(lent), self._lender
        try:
            yield
        finally:
            self.student.lent = frozenset()

    def _wait(self) -> None:
        """Where nothing can be lent, what has no name of its own waits for what it calls, and says so."""
        for place, result in enumerate(self.results):
            if (
                result.misconception is None
                and result.id not in self._lent
                and (names := self._carried(result))
            ):
                message = self._calls.waits_for(self.checks[result.id].info, names)
                self.results[place] = replace(result, verdict=Verdict.NOT_RUN, points=0, message=message)

    def _carried(self, result: CheckResult) -> list[str]:
        """The functions that may be the reason why a check of this run did not pass."""
        if result.id not in self._performed or not (result.verdict in CARRIES or result.id in self._skipped):
            return []
        infos = {name: check.info for name, check in self.checks.items()}
        read = [other for other in self.results if other.id not in self.written]
        return self._calls.not_right(infos[result.id], read, infos)

    def _turn(self, result: CheckResult) -> tuple[int, bool]:
        return self._calls.turn(result.question), result.hidden

    def called_elsewhere(self) -> set[str]:
        """Earlier questions that were not checked, whose functions are called by what did not pass."""
        failed = [self.checks[result.id].info for result in self.results if result.verdict in CARRIES]
        return self._calls.questions(failed) - {result.question for result in self.results}

    @cached_property
    def _calls(self) -> Calls:
        return Calls(self.cells, self.asked)

    def _take_back(self) -> None:
        """What passed although no answer was looked at counts only together with a right one."""
        right = {r.question for r in self.results if r.verdict.passed and r.id not in self._beside}
        for place, result in enumerate(self.results):
            if result.id in self._beside and result.verdict.passed and result.question not in right:
                sentence = "this holds, and counts as soon as another check of the question passes"
                self.results[place] = replace(result, verdict=Verdict.FAILED, points=0, message=sentence)

    def _again(self, name: str) -> Signature | None:
        """How a check that passed fails on the inputs of the class; None where it passes there, too."""
        check = self.checks[name]
        return self._sign(check) if self.salt is not None and "rng" in check.fixtures else None

    def _sign(self, check: Check, failure: Failure | Exception | None = None) -> Signature | None:
        if self.salt is None and isinstance(failure, Failure):  # these were the inputs of the class
            return signature(failure)
        if isinstance(failure, Failure) and failure.kind == "missing":
            return signature(failure)  # whatever the inputs
        with examining(), suppress(NotAttempted, WorkerFailed):
            self.student.begin(self.inputs.seed(check.info.name), check.info.limit, check.info.keras)
            rng = generator(self.inputs.shared(check.info.name))
            lent = self._lent.get(check.info.name, ())
            try:
                with self._lending(lent):
                    again = self._attempt(check, self.student, rng=rng)
            except (NotAttempted, WorkerFailed):
                raise
            except Exception as error:
                return unusable(error)
            return signature(again) if again is not None else None
        return None

    def _prepare(self, info: CheckInfo) -> None:
        """Have a worker ready for the check. Raises WorkerFailed where the file cannot be loaded again."""
        if self._has_seen_hidden and not info.hidden:
            self.student.renew()  # what it remembers of hidden inputs must not reach a message that is shown
        self._has_seen_hidden = info.hidden
        self.student.begin(self.inputs.seed(info.name), info.limit, info.keras)
        if info.keras:  # known mistakes train here in the same way as the student's code in the worker
            warm()

    def _note(self, note: str) -> None:
        if note not in self.notes and len(self.notes) < 100:
            self.notes.append(note)

    def _attempt(
        self,
        check: Check,
        transport: Transport,
        note: Callable[[str], None] = lambda text: None,
        rng: np.random.Generator | None = None,
    ) -> Failure | None:
        """Run the check's body with this code in the student's place."""
        name = check.info.name
        reference = lambda: self.answers.reference(name, self.inputs.seed(name))  # noqa: E731  not all checks ask for it
        own = rng or generator(self.inputs.own(name))
        return attempt(check, transport, reference, own, note, self.cells, self.answers.defaults, self.asked)

    def _unexpected(self, check: Check, error: Exception, seen: Examination) -> dict[str, Any]:
        """A check stumbled: over an answer that it cannot use, or over its own mistake."""
        function, answer = seen.function, seen.answer
        if self._reference_passes(check):
            sentence = f"the answer of {function or 'the file'} cannot be used"
            if not check.info.hidden:  # the answer itself could say what it saw
                sentence += f": it is {describe(answer)}"
            self._failed[check.info.name] = check, error
            return _outcome(Verdict.FAILED, inert(sentence, 300))
        return self._at_fault(check, f"{type(error).__name__}: {error}")

    def _at_fault(self, check: Check, why: str) -> dict[str, Any]:
        self.broken.append(f"{check.info.name}: {why}")
        return _outcome(Verdict.ERROR, CHECK_FAILED)

    def _reference_passes(self, check: Check) -> bool:
        if isinstance(self.answers, Recorded):
            return True  # `labkit build` has seen the reference pass
        name = check.info.name
        with examining(), suppress(Exception):
            return self._attempt(check, self.answers.reference(name, self.inputs.seed(name))) is None
        return False


def _unsaid(note: str) -> None:
    """Notes name types, which a submission chooses; on hidden inputs it could say with them what it saw."""


def _relation(failure: Failure | Exception, hidden: bool) -> str:
    """What can be said of wrong values beside that they are wrong: a sentence, or nothing."""
    with suppress(Exception):
        if isinstance(failure, Failure) and failure.compared is not None:
            found = find_relation(*failure.compared, failure.sizes)
            if found is not None:
                said = found.summary if hidden else found.sentence
                return f". {said[0].upper()}{said[1:]}"
    return ""


def _outcome(verdict: Verdict, message: str = "", points: float = 0) -> dict[str, Any]:
    return {"verdict": verdict, "message": message, "points": points}
