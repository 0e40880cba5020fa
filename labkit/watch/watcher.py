"""Looks at a file, and on every save starts a round of checks, stopping the one that runs."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from labkit import lazy
from labkit.check.answers import Recorded, recorded_answers
from labkit.course import Lab
from labkit.lesson.checks import read_checks
from labkit.lesson.submission import Submission, SubmissionError, read_submission
from labkit.record import CheckResult
from labkit.watch.changes import digests
from labkit.watch.round import Round
from labkit.worker import strongest_plan
from labkit.worker.launch import can_fork, warm_server

POLL = 0.05  # seconds between two looks at the file


@dataclass
class State:
    """What is known of a file: the newest result of every check, and what is being checked."""

    lab: Lab
    results: dict[str, CheckResult] = field(default_factory=dict)
    checking: frozenset[str] = frozenset()  # questions of the round that runs
    checked: frozenset[str] = frozenset()  # questions of the newest round that ended
    decided: frozenset[str] = frozenset()  # checks that the newest round has decided
    current: str | None = None  # the check that runs
    notes: list[str] = field(default_factory=list)
    output: str = ""
    problem: str | None = None
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
        self._checks = read_checks(lab.handout / "test_lab.py")
        self._questions = {question.id for question in lab.questions}
        self._digests: dict[str, str] = {}
        self._open: set[str] = set()  # questions whose newest code no round has decided yet
        self._stamp: tuple | None = None
        self._round: Round | None = None
        self._saved = 0.0
        self._stopped = False

    def stop(self) -> None:
        """End `states` at its next look."""
        self._stopped = True

    def states(self) -> Iterator[State]:
        """Check the file as it is, and after every save."""
        try:
            while not self._stopped:
                if self._is_saved() and self._begin_round():
                    yield self.state
                if self._round is None:
                    time.sleep(POLL)
                elif self._round.listen(POLL):
                    self._take_news()
                    yield self.state
        finally:
            self._end_round()

    def _is_saved(self) -> bool:
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:  # an editor that replaces the file has it away for a moment
            return False
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        return True

    def _begin_round(self) -> bool:
        """Read the file and start on what changed; whether there is anything new to show."""
        began = time.monotonic()
        state = self.state
        try:
            submission = read_submission(self.path)
        except SubmissionError as problem:
            self._end_round()
            state.problem, state.checking = str(problem), frozenset()
            self._digests = {}
            return True
        fresh = digests(submission.cells, state.lab, self._checks)
        changed = self._changed(fresh)
        if not changed:
            return False
        self._saved = began
        self._end_round()
        self._open |= changed
        self._digests = fresh or {}
        self._start(submission)
        return True

    def _changed(self, fresh: dict[str, str] | None) -> set[str]:
        if fresh is None or not self._digests:  # a file that does not parse fails everywhere, in one sentence
            return set(self._questions)
        return {question for question, digest in fresh.items() if self._digests.get(question) != digest}

    def _start(self, submission: Submission) -> None:
        state = self.state
        earlier = [result for result in state.ordered() if result.question not in self._open]
        state.problem, state.notes, state.output = None, list(submission.notes), ""
        state.checking, state.decided = frozenset(self._open), frozenset()
        self._round = Round(submission, state.lab, self._answers, set(self._open), earlier)

    def _take_news(self) -> None:
        if self._round is None:
            return
        state, news = self.state, self._round.news
        state.results |= {result.id: result for result in news.results}
        state.decided = frozenset(result.id for result in news.results)
        state.current, state.notes, state.output = news.current, news.notes, news.output
        if news.done:
            state.seconds = time.monotonic() - self._saved
            state.problem, state.current = news.problem, None
            state.checked, state.checking = state.checking, frozenset()
            self._open = set()
            self._end_round()

    def _end_round(self) -> None:
        if self._round is not None:
            self._round.cancel()
            self._round = None


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
