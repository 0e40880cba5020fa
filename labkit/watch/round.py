"""One round of checks in a process of its own, which can be stopped at any moment.

On Linux the process is a fork of this one, which has loaded Keras and the recorded answers and run no
TensorFlow operation, so that a round starts in milliseconds; elsewhere it is a fresh one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from dataclasses import dataclass, field
from typing import Any

from labkit.check.answers import Recorded
from labkit.check.collect import carry_out, collect
from labkit.check.run import Run
from labkit.course import Lab
from labkit.lesson.submission import Submission
from labkit.record import CheckResult
from labkit.worker.launch import can_fork


@dataclass
class News:
    """What a round has told so far."""

    results: list[CheckResult] = field(default_factory=list)
    current: str | None = None
    notes: list[str] = field(default_factory=list)
    output: str = ""
    problem: str | None = None
    done: bool = False


class Round:
    """A round of checks on some questions; `earlier` are the results of the others, for checks that wait."""

    def __init__(
        self,
        submission: Submission,
        lab: Lab,
        answers: Recorded,
        questions: set[str],
        earlier: list[CheckResult],
    ):
        self.news = News()
        context: Any = multiprocessing.get_context("fork" if can_fork() else "spawn")
        self._ours, theirs = context.Pipe(duplex=False)
        given = (theirs, submission, lab, answers, questions, earlier)
        self._process = context.Process(target=_carry_out, args=given, daemon=False)
        self._process.start()
        theirs.close()

    def listen(self, seconds: float) -> bool:
        """Wait so long for news at most; whether there was any."""
        heard = False
        try:
            while self._ours.poll(0 if heard else seconds):
                for name, value in self._ours.recv().items():
                    setattr(self.news, name, value)
                heard = True
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


def _carry_out(
    pipe: Any,
    submission: Submission,
    lab: Lab,
    answers: Recorded,
    questions: set[str],
    earlier: list[CheckResult],
) -> None:
    run: Run | None = None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; who started us decides

    def tell(current: str | None = None) -> None:
        mine = [result for result in run.results if result.question in questions] if run else []
        pipe.send({"results": mine, "current": current, "notes": run.notes if run else []})

    try:
        keras = any(lab.uses_keras(question) for question in questions)
        run = Run(
            submission.cells,
            answers,
            keras=keras,
            threads=lab.threads,
            unrun=submission.explore,
            prose=submission.prose,
        )
        run.results += earlier
        carry_out(run, collect(lab.handout / "test_lab.py"), questions, tell)
        tell()
        notes = [*submission.notes, *([run.fatal] if run.fatal else []), *run.notes]
        end = {"notes": list(dict.fromkeys(notes)), "output": run.output, "done": True}
        pipe.send(end | ({"problem": f"a check is at fault: {run.broken[0]}"} if run.broken else {}))
    except (BrokenPipeError, SystemExit):
        pass
    except Exception as problem:
        pipe.send({"problem": f"{type(problem).__name__}: {problem}", "done": True})
    finally:
        if run is not None:
            run.close()
        os._exit(0)  # without what the process that it was forked from would do at its end
