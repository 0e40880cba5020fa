"""One submission under check: who answers, what was decided so far, and how one check is carried out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import numpy as np

from labkit.check.answers import Attempt, Live, Mistake, Recorded
from labkit.check.collect import Check
from labkit.check.expect.failure import Examination, Failure, distance, examining
from labkit.check.expect.values import describe
from labkit.check.fixtures import DATA
from labkit.check.parties import InWorker, NotAttempted, Party, Transport
from labkit.lesson.checks import CheckInfo
from labkit.lesson.quiz import shown_in
from labkit.record import CheckResult, Misconception, Verdict
from labkit.text import inert
from labkit.worker import Plan, WorkerFailed, warm
from labkit.worker.launch import THREADS, can_fork, warm_server


@dataclass
class Run:
    """A submission under check. `salt` is None for public inputs, secret bytes for grading; `plan` isolates it."""

    cells: Sequence[Sequence[str]]
    answers: Live | Recorded
    salt: bytes | None = None
    sha256: str = ""
    plan: Plan | None = None
    keras: bool = False
    threads: int = THREADS
    results: list[CheckResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    student: InWorker = field(init=False)
    _has_seen_hidden: bool = field(init=False, default=False)
    _passed: dict[str, dict[str, Attempt]] = field(init=False, default_factory=dict)
    fatal: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.student = InWorker([list(cell) for cell in self.cells], self.plan, self.keras, self.threads)
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

    def close(self) -> None:
        """End the worker."""
        self.student.close()

    @property
    def output(self) -> str:
        """What the submission printed, safe to show."""
        return inert(self.student.output, 64 * 1024)

    def seed(self, check: str) -> int:
        """The seed of the code under check: fixed for public runs, else drawn from the salt.

        One for the whole class, so that models that are equal begin with equal weights and are trained once.
        """
        return self._draw(check, b"")

    def rng(self, check: str) -> np.random.Generator:
        """A fresh generator of one check's inputs; every call gives the same inputs again."""
        return np.random.default_rng(self._inputs(check))

    def _inputs(self, check: str) -> int:
        """What the inputs are drawn from: fixed for public runs, else drawn from the salt and the file's hash."""
        # a submission learns its own seed, and must not be able to draw the inputs from it
        return self._draw(check, b"" if self.salt is None else b"\0inputs" + self.sha256.encode())

    def _draw(self, check: str, purpose: bytes) -> int:
        secret = b"public" if self.salt is None else _stretched(self.salt)
        digest = hashlib.sha256(secret + b"\0" + check.encode() + purpose).digest()
        return int.from_bytes(digest[:7], "big")

    def perform(self, check: Check) -> CheckResult:
        """Carry out a check and record its result."""
        info, started = check.info, time.monotonic()
        outcome = self._decide(check)
        result = CheckResult(
            id=info.name,
            question=info.question,
            title=info.title,
            max_points=info.points,
            hidden=info.hidden,
            seconds=round(time.monotonic() - started, 3),
            **outcome,
        )
        self.results.append(result)
        return result

    def _decide(self, check: Check) -> dict[str, Any]:
        info = check.info
        if self.fatal:
            return _outcome(Verdict.NOT_RUN, "the file could not be read; see the note at the top")
        waiting = [
            q for q in info.needs if any(r.question == q and not r.verdict.passed for r in self.results)
        ]
        if waiting:
            return _outcome(Verdict.NOT_RUN, f"waiting for {', '.join(waiting)}")
        with examining() as seen:
            try:
                # what goes wrong here, but for the submission's own file, is the machine's fault: it is not caught
                self._prepare(info)
                note = _unsaid if info.hidden else self._note
                try:
                    failure = self._attempt(check, self.student, note)
                except (NotAttempted, WorkerFailed):
                    raise
                except Exception as error:
                    return self._unexpected(check, error, seen)
            except NotAttempted as function:
                return _outcome(Verdict.NOT_ATTEMPTED, f"{function} is not written yet")
            except WorkerFailed as failed:
                sentence = failed.summary if info.hidden else failed.sentence
                return _outcome(Verdict.ERROR, f"{seen.function or 'the file'}: {inert(sentence, 300)}")
        attempt = partial(self._attempt_quietly, check)
        if failure is None:
            self._passed.setdefault(info.question, {})[info.name] = attempt
            return _outcome(Verdict.PASSED, points=info.points)
        message = failure.summary if info.hidden else failure.message
        mistake = self._name_mistake(info.name, info.question, attempt, failure)
        outcome = _outcome(Verdict.FAILED, inert(message, 1000), points=failure.earned * info.points)
        if mistake is not None:
            outcome["misconception"] = Misconception(mistake.id, mistake.sentence)
        return outcome

    def _prepare(self, info: CheckInfo) -> None:
        """Have a worker ready for the check. Raises WorkerFailed where the file cannot be loaded again."""
        if self._has_seen_hidden and not info.hidden:
            self.student.renew()  # what it remembers of hidden inputs must not reach a message that is shown
        self._has_seen_hidden = info.hidden
        self.student.begin(self.seed(info.name), info.limit, info.keras)
        if info.keras:  # known mistakes train here in the same way as the student's code in the worker
            warm()

    def _note(self, note: str) -> None:
        if note not in self.notes and len(self.notes) < 100:
            self.notes.append(note)

    def _attempt(self, check: Check, transport: Transport, note=lambda text: None) -> Failure | None:
        """Run the check's body with this code in the student's place."""
        given = {name: self._fixture(name, check.info.name, transport, note) for name in check.fixtures}
        try:
            check.body(**given)
        except Failure as failure:
            return failure
        return None

    def _fixture(self, name: str, check: str, transport: Transport, note: Callable[[str], None]) -> Any:
        if name == "student":
            return Party(transport, note)
        if name == "reference":
            return Party(self.answers.reference(check, self.seed(check)))
        if name == "shown":  # for the quiz: what the file itself asks, by function
            return shown_in(self.cells)
        if name == "note":
            return note
        return self.rng(check) if name == "rng" else DATA[name]()

    def _name_mistake(self, name: str, question: str, attempt: Attempt, failure: Failure) -> Mistake | None:
        """The known mistake that fails in the same place with the same data, the nearest where several do.

        A mistake on which a check fails that the student has passed is another one: all that overflows
        gives the same NaN here, but not there.
        """
        # whatever a submission answers, naming its mistake must not cost it a verdict
        with suppress(Exception):
            return self._nearest_mistake(name, question, attempt, failure)
        return None

    def _nearest_mistake(
        self, name: str, question: str, attempt: Attempt, failure: Failure
    ) -> Mistake | None:
        found = []
        for mistake in self.answers.mistakes(name, question, self._inputs(name), attempt):
            apart = distance(failure, mistake.failure)
            if apart is not None:
                found.append((apart, len(found), mistake))
        passed = self._passed.get(question, {})
        for _, _, mistake in sorted(found, key=lambda entry: entry[:2]):
            if not any(
                self.answers.rejects(mistake.id, n, self._inputs(n), other) for n, other in passed.items()
            ):
                return mistake
        return None

    def _attempt_quietly(self, check: Check, transport: Transport) -> Failure | None:
        """The same for a known mistake, which may answer with what the check cannot use."""
        transport.ask("begin", seed=self.seed(check.info.name))
        with examining(), suppress(Exception):
            return self._attempt(check, transport)
        return None

    def _unexpected(self, check: Check, error: Exception, seen: Examination) -> dict[str, Any]:
        """A check stumbled: over an answer that it cannot use, or over its own mistake."""
        function, answer = seen.function, seen.answer
        if self._reference_passes(check):
            sentence = f"the answer of {function or 'the file'} cannot be used"
            if not check.info.hidden:  # the answer itself could say what it saw
                sentence += f": it is {describe(answer)}"
            return _outcome(Verdict.FAILED, inert(sentence, 300))
        self.broken.append(f"{check.info.name}: {type(error).__name__}: {error}")
        return _outcome(Verdict.ERROR, "the check itself failed; please tell the instructor")

    def _reference_passes(self, check: Check) -> bool:
        if isinstance(self.answers, Recorded):
            return True  # `labkit build` has seen the reference pass
        name = check.info.name
        with examining(), suppress(Exception):
            return self._attempt(check, self.answers.reference(name, self.seed(name))) is None
        return False


@lru_cache(maxsize=4)
def _stretched(salt: bytes) -> bytes:
    """A secret from which the salt cannot be guessed: a submission sees its own seed, which comes from it."""
    return hashlib.scrypt(salt, salt=b"labkit", n=2**14, r=8, p=1)


def _unsaid(note: str) -> None:
    """Notes name types, which a submission chooses; on hidden inputs it could say with them what it saw."""


def _outcome(verdict: Verdict, message: str = "", points: float = 0) -> dict[str, Any]:
    return {"verdict": verdict, "message": message, "points": points}
