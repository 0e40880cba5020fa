"""Looks at a file, and on every save starts a round of checks, stopping the one that runs."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from labkit import lazy
from labkit.check.answers import Recorded, recorded_answers
from labkit.check.reach import Code
from labkit.course import Lab
from labkit.lesson.submission import Submission, SubmissionError, read_submission
from labkit.record import CheckResult
from labkit.watch.changes import digests
from labkit.watch.round import Round, Training
from labkit.worker import strongest_plan
from labkit.worker.launch import can_fork, warm_server

POLL = 0.01  # seconds between two looks at the file
WRITING = 0.3  # seconds for which a file may be empty before it is filled; one with text is whole after POLL


@dataclass
class State:
    """What is known of a file: the newest result of every check, and what is being checked. Checks are named."""

    lab: Lab
    results: dict[str, CheckResult] = field(default_factory=dict)
    checking: frozenset[str] = frozenset()  # in the round that runs
    checked: frozenset[str] = frozenset()  # in the newest round that ended
    decided: frozenset[str] = frozenset()  # by the newest round
    stale: frozenset[str] = frozenset()  # of an older code than the file's
    current: str | None = None  # that runs
    training: Training | None = None
    notes: list[str] = field(default_factory=list)
    output: str = ""
    problem: str | None = None  # why the newest save could not be read, or what is at fault
    seconds: float = 0.0  # from the save to the end of the newest round

    def ordered(self) -> list[CheckResult]:
        """The results in the order of the lab."""
        return [self.results[info.name] for info in self.lab.public_checks if info.name in self.results]


class Watcher:
    """Yields its state whenever there is something new to show; `stop` may be called from another thread."""

    def __init__(self, path: Path, lab: Lab):
        self.path = path
        self.state = State(lab)
        self._answers: Recorded = recorded_answers(lab.handout)
        self._infos = {info.name: info for info in lab.public_checks}
        self._digests: dict[str, str] = {}
        self._text, self._functions = "", set[str]()  # of the newest save that could be read
        self._suspect = ""  # a text that ends early
        self._open: set[str] = set()  # checks whose newest code no round has decided yet
        self._stamp: tuple | None = None
        self._round: Round | None = None
        self._next: Round | None = None  # waits for the next save
        self._waited: Round | None = None  # the one that waited for the present save
        self._begin: tuple = ()
        self._saved = 0.0
        self._stopped = False

    def stop(self) -> None:
        """End `states` at its next look."""
        self._stopped = True

    def states(self) -> Iterator[State]:
        """Check the file as it is, and after every save."""
        try:
            while not self._stopped:
                if self._is_saved() and self._look():
                    yield self.state
                if self._round is None and self._next is None:
                    self._next = Round(self.state.lab, self._answers)
                if self._round is None:
                    time.sleep(POLL)
                elif self._round.listen(POLL):
                    self._take_news()
                    yield self.state
        finally:
            self._end_round()
            if self._next is not None:
                self._next.cancel()

    def _is_saved(self) -> bool:
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:  # an editor that replaces the file has it away for a moment
            return False
        being_written = 0 <= time.time() - status.st_mtime < (POLL if status.st_size else WRITING)
        if stamp == self._stamp or being_written:
            return False
        self._stamp = stamp
        return True

    def _look(self) -> bool:
        """Read the file and start on what changed; whether there is anything new to show."""
        began, state = time.monotonic(), self.state
        before, state.problem = state.problem, None
        try:
            submission = read_submission(self.path)
            code = Code(submission.cells)
            state.problem = self._problem(submission, code)
        except SubmissionError as problem:
            state.problem = str(problem)
        if state.problem is not None:  # what is known stays, and a round that runs goes on
            return True
        fresh = digests(code, state.lab)
        changed = {name for name, digest in fresh.items() if self._digests.get(name) != digest}
        if not changed:
            return before is not None
        self._saved = began
        self._end_round()
        self._open |= changed
        self._digests = fresh
        self._start(submission)
        return True

    def _problem(self, submission: Submission, code: Code) -> str | None:
        """Why this is no file to check: a sentence with the place, or None."""
        if code.problems:
            return code.problems[0]
        text, functions = _text(submission), set(code.bound) & set(self.state.lab.asked)
        torn = self._text.startswith(text) and functions < self._functions and text != self._suspect
        if torn:  # whoever saves it once more means it
            self._suspect = text
            line = text.count("\n") + 1
            return f"{self.path.name} ends in line {line} now, where it went on: is it saved whole?"
        self._text, self._functions, self._suspect = text, functions, ""
        return None

    def _start(self, submission: Submission) -> None:
        state = self.state
        earlier = [result for result in state.ordered() if result.id not in self._open]
        state.notes, state.output = list(submission.notes), ""
        state.checking, state.decided = frozenset(self._open), frozenset()
        state.stale = frozenset(self._open & set(state.results))
        order = self._cheap_first(self._open)
        self._begin = submission, order, earlier
        self._waited = self._next
        self._round = self._waiting()
        self._round.begin(*self._begin)

    def _waiting(self) -> Round:
        """The round that waits for a save; a new one where there is none, or none any more."""
        waiting, self._next = self._next, None
        if waiting is not None and waiting.is_alive:
            return waiting
        if waiting is not None:
            waiting.cancel()
        return Round(self.state.lab, self._answers)

    def _cheap_first(self, names: Iterable[str]) -> list[str]:
        """The checks by how long they take, as they did or as their kind does; none before those of what it needs."""
        costs: dict[str, float] = {}
        for info in self._infos.values():
            known = self.state.results.get(info.name)
            costs[info.name] = known.seconds if known is not None else (info.limit or 1.0) * info.keras
        for info in self._infos.values():
            needed = [costs[other.name] for other in self._infos.values() if other.question in info.needs]
            costs[info.name] = max([costs[info.name], *needed])
        place = list(self._infos).index
        return sorted(names, key=lambda name: (costs[name], place(name)))

    def _take_news(self) -> None:
        if self._round is None:
            return
        state, news = self.state, self._round.news
        if news.done and not self._round.heard and self._round is self._waited:
            # A process that is killed counts as alive until its last thread is gone: the save met one of these.
            self._end_round()
            self._round = Round(state.lab, self._answers)
            self._round.begin(*self._begin)
            return
        state.results |= {result.id: result for result in news.results}
        state.decided = frozenset(result.id for result in news.results)
        state.stale -= state.decided
        state.current, state.training = news.current, news.training
        state.notes, state.output = news.notes, news.output
        # what trains and passes need not be trained again, should this round be stopped
        self._open -= {r.id for r in news.results if r.verdict.passed and self._infos[r.id].keras}
        if news.done:
            state.seconds = time.monotonic() - self._saved
            state.problem, state.current = news.problem or state.problem, None
            state.checked, state.checking = state.checking, frozenset()
            self._open = set()
            self._end_round()

    def _end_round(self) -> None:
        if self._round is not None:
            self._round.cancel()
            self._round = None


def _text(submission: Submission) -> str:
    return "\n".join(source for _, source in submission.cells).rstrip()


def watch(path: Path, lab: Lab, warming: Callable[[], None] = lambda: None) -> Watcher:
    """A watcher that is warm: Keras is loaded here and in the server of workers. `warming` hears that it takes time."""
    if lab.uses_keras() and can_fork():
        warming()
        server = warm_server()
        lazy.load_keras()
        server.wait_ready()
    strongest_plan()  # found once, here, and not by every round
    watcher = Watcher(path, lab)
    gc.collect()
    gc.freeze()  # what is loaded now stays; no round need look through it again
    return watcher
