"""One round of checks in a process of its own, which can be stopped at any moment.

On Linux the process is a fork of this one, which has loaded Keras and the recorded answers and run no
TensorFlow operation; elsewhere it is a fresh one. It is started ahead of the save that it will check: by then it has
read the checks, a worker waits behind its layers, and TensorFlow has done its first operation in both.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from labkit.check.answers import Recorded
from labkit.check.collect import Check, carry_out, collect
from labkit.check.parties import InWorker
from labkit.check.run import Run
from labkit.course import Lab
from labkit.lesson.submission import Submission
from labkit.record import CheckResult
from labkit.worker.launch import can_fork
from labkit.worker.session import first_operation, warm

SAY_SECONDS = 0.25  # between two words about a training


@dataclass(frozen=True)
class Training:
    """How far a training is, and for how many seconds it will go on as it went."""

    epoch: int
    epochs: int
    seconds_left: float


@dataclass
class News:
    """What a round has told so far."""

    results: list[CheckResult] = field(default_factory=list)
    current: str | None = None
    training: Training | None = None
    notes: list[str] = field(default_factory=list)
    output: str = ""
    problem: str | None = None
    done: bool = False


class Round:
    """A process that waits for what it is to check."""

    def __init__(self, lab: Lab, answers: Recorded):
        self.news = News()
        self.heard = False  # whether it has said anything yet
        context: Any = multiprocessing.get_context("fork" if can_fork() else "spawn")
        self._ours, theirs = context.Pipe()
        # a fork has our end, too, and would never hear that we are gone
        given = (theirs, self._ours if can_fork() else None, lab, answers)
        self._process = context.Process(target=_carry_out, args=given, daemon=False)
        self._process.start()
        theirs.close()

    @property
    def is_alive(self) -> bool:
        """Whether it can still begin, or goes on."""
        return self._process.is_alive()

    def begin(self, submission: Submission, names: Sequence[str], earlier: list[CheckResult]) -> None:
        """Carry out these checks, in this order; `earlier` are the results of the others, for checks that wait."""
        with suppress(OSError):  # it is gone, which `listen` says
            self._ours.send((submission, names, earlier))

    def listen(self, seconds: float) -> bool:
        """Wait so long for news at most; whether there was any."""
        heard = False
        try:
            while self._ours.poll(0 if heard else seconds):
                for name, value in self._ours.recv().items():
                    setattr(self.news, name, value)
                heard = self.heard = True
        except (EOFError, OSError):
            if not self.news.done:
                self.news.done, self.news.problem = True, "the checks ended unexpectedly"
                heard = True
        return heard

    def cancel(self) -> None:
        """End the round and everything that it started."""
        self._process.terminate()
        self._process.join(timeout=0.5)
        self._process.kill()  # the guard of its worker then ends that
        self._process.join()
        self._ours.close()


def _carry_out(pipe: Any, other_end: Any, lab: Lab, answers: Recorded) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; who started us decides
    worker = InWorker([], keras=lab.uses_keras(), threads=lab.threads)
    try:
        if other_end is not None:
            other_end.close()
        checks = collect(lab.handout / "test_lab.py")
        worker.prepare()
        if lab.uses_keras() and can_fork():
            warm()
            first_operation()
        _check(pipe, lab, answers, checks, worker, *pipe.recv())
    except (EOFError, BrokenPipeError, ConnectionResetError, SystemExit):
        pass
    except Exception as problem:
        pipe.send({"problem": f"{type(problem).__name__}: {problem}", "done": True})
    finally:
        worker.close()
        os._exit(0)  # without what the process that it was forked from would do at its end


def _check(
    pipe: Any,
    lab: Lab,
    answers: Recorded,
    checks: Sequence[Check],
    worker: InWorker,
    submission: Submission,
    names: Sequence[str],
    earlier: list[CheckResult],
) -> None:
    worker.unrun = [list(cell) for cell in submission.explore]
    worker.hear = _Hearing(pipe)
    run = Run(
        submission.cells,
        answers,
        threads=lab.threads,
        prose=submission.prose,
        asked=lab.asked,
        worker=worker,
    )
    run.results += earlier
    order = {name: number for number, name in enumerate(names)}

    def tell(current: str | None = None) -> None:
        mine = [result for result in run.results if result.id in order]
        news = {"results": mine, "current": current, "training": None}
        pipe.send(news | {"notes": run.notes, "output": run.last_output})

    carry_out(run, sorted(checks, key=lambda check: order.get(check.info.name, len(order))), names, tell)
    tell()
    notes = [*submission.notes, *([run.fatal] if run.fatal else []), *run.notes]
    end = {"notes": list(dict.fromkeys(notes)), "done": True}
    pipe.send(end | ({"problem": f"a check is at fault: {run.broken[0]}"} if run.broken else {}))


class _Hearing:
    """Passes on how far a training is, a few times a second at most."""

    def __init__(self, pipe: Any):
        self._pipe = pipe
        self._said = self._heard = time.monotonic()

    def __call__(self, epoch: int, epochs: int) -> None:
        now = time.monotonic()
        seconds, self._heard = now - self._heard, now
        if now - self._said >= SAY_SECONDS or seconds >= SAY_SECONDS:
            self._said = now
            self._pipe.send({"training": Training(epoch, epochs, seconds * (epochs - epoch))})
