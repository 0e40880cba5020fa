"""Where tasks are carried out: in this process, or in grader processes of this machine.

Both are executors as `concurrent.futures` has them: `submit(function, task)` returns a Future. Any other will
do in their place, such as `Client(...).get_executor()` of dask.distributed, if the course's folder and this
package are there too. A process that died shows as BrokenExecutor, and costs the task that it had.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from functools import partial
from typing import Any

import psutil

from labkit import lazy
from labkit.grade import task as tasks
from labkit.worker.family import signal_name
from labkit.worker.launch import thread_settings

_STOP_SECONDS = 3.0
_MEMORY = 4 * 1024**3  # bytes: a grader process that has grown beyond this is replaced before its next task


class GraderDied(BrokenExecutor):
    """The process that graded is gone; the message says how it ended."""


class Here(Executor):
    """Carries every task out at once, in this process."""

    def submit(self, function: Callable, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class LocalPool(Executor):
    """At most `width` grader processes, each started with its first task and kept warm for the next ones.

    A future has the name of the check that is being carried out as `future.note`.
    """

    def __init__(self, width: int):
        self.width = width
        self._graders: list[_Grader] = []

    def submit(self, function: Callable, /, *args: Any, **kwargs: Any) -> Future:
        self._graders = [grader for grader in self._graders if grader.usable]
        self._end([grader for grader in self._graders if not grader.busy and grader.memory > _MEMORY])
        idle = next((grader for grader in self._graders if not grader.busy), None)
        if idle is None:
            if len(self._graders) >= self.width:
                raise RuntimeError(f"all {self.width} grader processes have something to do")
            idle = _Grader()
            self._graders.append(idle)
        return idle.submit(function, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all grader processes and everything that they started; what is still running is abandoned."""
        with _uninterrupted():
            self._end(self._graders)

    def _end(self, graders: list[_Grader]) -> None:
        families = [process for grader in graders for process in grader.ask_to_end()]
        deadline = time.monotonic() + _STOP_SECONDS
        for grader in graders:
            grader.end(max(deadline - time.monotonic(), 0))
        _, alive = psutil.wait_procs(families, timeout=_STOP_SECONDS)  # guards end with their grader
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._graders = [grader for grader in self._graders if grader not in graders]


class Noted(Future):
    """The future of a task, and the name of the check that is being carried out."""

    note: str = ""


class _Grader:
    """One grader process, as its parent sees it."""

    def __init__(self):
        context = multiprocessing.get_context("spawn")  # a fork of a process that has threads may hang
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=False)
        with _environment(thread_settings()), _deaf(), lazy.silence():
            self._process.start()
        theirs.close()
        self.busy = False

    @property
    def usable(self) -> bool:
        return self.busy or self._process.is_alive()

    @property
    def memory(self) -> int:
        """Bytes in use by the process itself."""
        try:
            return psutil.Process(self._process.pid).memory_info().rss
        except psutil.Error:
            return 0

    def submit(self, function: Callable, args: tuple, kwargs: dict) -> Future:
        future = Noted()
        self.busy = True
        threading.Thread(target=self._converse, args=(future, (function, args, kwargs)), daemon=True).start()
        return future

    def _converse(self, future: Noted, request: tuple) -> None:
        try:
            self._pipe.send(request)
            kind, value = self._pipe.recv()
            while kind == "note":
                future.note = value
                kind, value = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            kind, value = "raised", GraderDied(_end(self._process.exitcode))
        except Exception as error:  # an answer that cannot be unpickled
            kind, value = "raised", error
        self.busy = False
        if kind == "raised":
            future.set_exception(value)
        else:
            future.set_result(value)

    def ask_to_end(self) -> list[psutil.Process]:
        """Returns all that it has started; what it was doing is abandoned."""
        started = _family(self._process.pid)
        if self._process.is_alive():
            self._process.terminate()
        return started

    def end(self, seconds: float) -> None:
        self._process.join(seconds)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        with contextlib.suppress(OSError):
            self._pipe.close()


def _family(pid: int | None) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _end(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal_name(-code)
        hint = ", as when memory runs out" if name == "SIGKILL" else ""
        return f"the grader process was ended by {name}{hint}"
    return f"the grader process ended with exit status {code}"


# --- in the grader process -----------------------------------------------------------------------------------


def _serve(pipe: Any) -> None:
    """Carry out one request after the other until the parent is gone or says so."""
    # Ctrl-C reaches every process of a terminal; the parent decides what becomes of its graders
    signal.signal(signal.SIGINT, lambda *_: None)
    stopping = False

    def stop(*_) -> None:
        """Leave whatever is being done; on the way out the worker is ended and its folder removed."""
        nonlocal stopping
        if not stopping:
            stopping = True
            raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    threading.Thread(target=_outlive_nobody, daemon=True).start()
    _close_standard_streams()
    lazy.install()
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt), tasks.telling(partial(_note, pipe)):
        first = True
        while not stopping:
            function, args, kwargs = pipe.recv()
            try:
                answer = ("done", function(*args, **kwargs))
            except Exception as error:
                answer = ("raised", RuntimeError(f"{type(error).__name__}: {error}"))
            pipe.send(answer)
            if first:  # what is loaded now stays; no later collection need look through it again
                gc.collect()
                gc.freeze()
                first = False


def _note(pipe: Any, check: str) -> None:
    pipe.send(("note", check))


def _outlive_nobody() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)  # to the process: only its main thread handles signals
        threading.Event().wait(_STOP_SECONDS)
        os._exit(1)


def _close_standard_streams() -> None:
    """What libraries say belongs to nobody, and would run through the parent's progress."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    sys.stdin = open(os.devnull)  # noqa: SIM115


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """These variables for a process that is started now, and ours as they were."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """A process that is started now does not hear Ctrl-C until it wants to; ours hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C must not leave processes behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
