"""The trusted side of a worker: start it, ask it, limit it, kill it.

The worker is a process in its own process group, with an empty environment, a private folder and
the kernel's layers of its plan. Each request has a limit of processor time, of time without any work, and,
as a far backstop, of wall time, so that a busy machine does not change a verdict. Whatever goes wrong
becomes a WorkerFailed with a sentence; the worker is then gone, and the next request needs a new one.
"""

from __future__ import annotations

import os
import queue
import secrets
import select
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn

from labkit.errors import LabkitError
from labkit.worker import wire
from labkit.worker.family import Family, is_overfull, signal_name
from labkit.worker.isolation import Plan, candidates
from labkit.worker.launch import THREADS, launch
from labkit.worker.objects import described
from labkit.worker.replies import is_midway, is_reply
from labkit.worker.values import Opaque

OUTPUT_LIMIT = 64 * 1024  # bytes of printed text that are kept
OUTPUT_MOST = 256 * 1024**2  # bytes that one request may print
MEMORY_LIMIT = 6 * 1024**3  # bytes, all processes of the worker together
RESERVE = 4 * 1024**3  # bytes that may be reserved beyond that: stacks of threads, mostly
THREAD_LIMIT = 1024
FOLDER_BYTES, FOLDER_FILES = 512 * 1024**2, 10_000  # in the private folder
START_SECONDS = 60.0
_POLL, _FOLDER_POLL = 0.05, 0.5  # seconds
_AT_ONCE = getattr(select, "PIPE_BUF", 0)  # bytes that a pipe which has room takes without waiting


@dataclass(frozen=True)
class Limits:
    """What one request may use: seconds of processor time, and of wall time (default: four times that and 10).

    A worker that does nothing at all for `seconds` has hung, whatever is left of the wall time. `grace` is what it gets
    on top where it should stop by itself, and say where it was; what is said of it are the limits without.
    """

    seconds: float = 15.0
    wall: float | None = None
    grace: float = 0.0

    @property
    def wall_seconds(self) -> float:
        return self.wall if self.wall is not None else 4 * self.seconds + 10


@dataclass
class _Spent:
    """What one request has used, as it was last looked at: moments, and seconds of processor time."""

    printed: int = 0  # bytes before it
    started: float = field(default_factory=time.monotonic)
    looked: float = field(default_factory=time.monotonic)
    worked: float = field(default_factory=time.monotonic)
    before: float | None = None
    latest: float = 0.0


_SUMMARIES = {
    "time": "it took longer than is allowed and was stopped",
    "memory": "it used more memory than is allowed and was stopped",
    "crash": "its process ended without an answer",
    "unreadable": "its answer could not be read",
}


#: Answers what a worker says before it answers; None where it waits for nothing.
Midway = Callable[[dict[str, Any]], dict[str, Any] | None]


class WorkerFailed(Exception):
    """The worker gave no usable answer. `kind` is time, memory, crash or unreadable."""

    def __init__(self, kind: str, sentence: str):
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence

    @property
    def summary(self) -> str:
        """The sentence without what a submission can choose, such as its exit status."""
        return _SUMMARIES[self.kind]


class WorkerUnavailable(LabkitError):
    """No worker could be started: the machine is at fault, not a submission."""


@cache
def strongest_plan() -> Plan:
    """The strongest isolation that this machine allows."""
    return strongest_of(candidates())


def strongest_of(plans: list[Plan]) -> Plan:
    """The first of these that this machine allows, found by starting a worker behind it."""
    problem: Exception | None = None
    for plan in plans:
        try:
            with Worker(plan=plan) as worker:
                worker.ready()
            return plan
        except WorkerUnavailable as failed:
            problem = failed
    raise WorkerUnavailable(str(problem))


class Worker:
    """One worker process, behind `plan` or the strongest that there is. Use as a context manager, or `close`.

    With `keras`, it is one that has imported Keras already, where this system can fork. It computes with so many
    `threads`.
    """

    def __init__(
        self,
        memory_limit: int = MEMORY_LIMIT,
        plan: Plan | None = None,
        keras: bool = False,
        threads: int = THREADS,
    ):
        self.memory_limit = memory_limit
        self.plan = strongest_plan() if plan is None else plan
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="labkit-worker-"))
        self.answers: queue.Queue = queue.Queue(maxsize=1)
        self._output = bytearray()
        self._dropped = 0
        self._closed = False
        self._ready = False
        self._folder_seen = 0.0
        self._sender: threading.Thread | None = None
        try:
            self.process = launch(self.plan, memory_limit + RESERVE, self.folder, keras, threads)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._family = Family(self.process.pid)
        self._threads = [
            threading.Thread(target=target, daemon=True) for target in (self._read_answers, self._read_output)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def ready(self) -> None:
        """Wait until the worker is behind its layers; raises WorkerUnavailable."""
        if self._ready:
            return
        try:
            if wire.decode(self._await(Limits(START_SECONDS), _Spent())) != {"id": "ready"}:
                raise WorkerUnavailable("the worker did not start as it should")
        except (WorkerFailed, wire.WireError) as problem:
            self.close()
            said = self.output.strip()[-300:]
            raise WorkerUnavailable(f"the worker could not be started: {said or problem}") from None
        self._ready = True
        self._family.settle(final=self.plan.forbids_children)

    def ask(self, limits: Limits, midway: Midway | None = None, **request: Any) -> dict[str, Any]:
        """Send one request, `verb` and its arguments, and return the answer; raises WorkerFailed.

        `midway` hears what the worker says before it answers, and what it returns is sent back; without it, nothing
        may be said.
        """
        if self._closed:
            raise WorkerFailed("crash", "its worker is gone")
        self.ready()
        number = secrets.token_hex(8)
        self._write({"id": number, **request})
        spent = _Spent(printed=self._dropped)
        while True:
            answer = self._decoded(self._await(limits, spent))
            mine = isinstance(answer, dict) and answer.pop("id", None) == number
            if not (mine and midway and is_midway(answer)):
                break
            if time.monotonic() - spent.looked > _POLL:  # it may say as much as it likes, but not for longer
                self._look(limits, spent)
            if (reply := midway(answer)) is not None:
                self._write({"id": number, **reply})
        if not mine or not is_reply(request["verb"], answer) or not self.answers.empty():
            self._fail("unreadable", "something other than the answer was written to the answer pipe")
        if answer.get("status") == "unsendable":
            value = Opaque("value", answer["message"][:200])
            return {"status": "answered", "value": value, "converted": []}
        if answer.get("status") == "broken":
            self._fail("crash", f"the call could not be made: {answer['message']}")
        return answer

    @property
    def processor_seconds(self) -> float:
        """Processor time that it has used up to now."""
        return self._family.processor_seconds()

    @property
    def peak_bytes(self) -> int:
        """The most memory that it has had up to now."""
        return self._family.peak()

    @property
    def output(self) -> str:
        """What was printed so far, the rest left out where it was too long."""
        text = bytes(self._output).decode("utf-8", "replace")
        return text + (f"\n[… {self._dropped} more bytes were printed]" if self._dropped else "")

    def close(self) -> None:
        """Kill everything that the worker started and remove its folder."""
        self._closed = True
        self._kill()
        self.process.wait()
        for thread in self._threads:  # they end with the pipes, unless something escaped and holds those
            thread.join(timeout=1)
        try:
            self.process.stdin.close()
        except OSError:  # unsent bytes for a process that is gone
            pass
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- inside --------------------------------------------------------------------------------------------

    def _write(self, request: dict[str, Any]) -> None:
        """Send it; what is long while the answer is waited for, as the worker may read slowly."""
        frame = wire.encode_parts(request, described)
        if sum(map(len, frame)) <= _AT_ONCE and self._has_room():
            self._send([b"".join(frame)])
        else:
            self._sender = threading.Thread(target=self._send, args=(frame,), daemon=True)
            self._sender.start()

    def _has_room(self) -> bool:
        """Whether what is sent now, and is short, would not have to wait for anybody."""
        if not hasattr(select, "poll") or (self._sender is not None and self._sender.is_alive()):
            return False
        poller = select.poll()
        poller.register(self.process.stdin, select.POLLOUT)
        return bool(poller.poll(0))

    def _decoded(self, body: memoryview) -> Any:
        try:
            return wire.decode(body)
        except wire.WireError as problem:
            self._fail("unreadable", f"the answer could not be read: {problem}")
        except Exception as problem:  # what no one foresaw is the answer's fault all the same
            self._fail("unreadable", f"the answer could not be read: {type(problem).__name__}")

    def _send(self, frame: list[bytes | memoryview]) -> None:
        try:
            for part in frame:
                self.process.stdin.write(part)
            self.process.stdin.flush()
        except (OSError, ValueError):
            pass  # the worker is gone; `_await` says so

    def _read_answers(self) -> None:
        with self.process.stdout as pipe:
            last: Any = None
            try:
                while (body := wire.read_frame(pipe)) is not None:
                    self._hand_over(body)
            except (wire.WireError, OSError, ValueError) as problem:
                last = problem
            self._hand_over(last)

    def _hand_over(self, item: Any) -> None:
        """Wait for room: a worker that answers without being asked fills its pipe, not our memory."""
        while not self._closed:
            try:
                return self.answers.put(item, timeout=0.2)
            except queue.Full:
                continue

    def _read_output(self) -> None:
        with self.process.stderr as pipe:
            try:
                while chunk := pipe.read1(65536):
                    room = OUTPUT_LIMIT - len(self._output)
                    self._output += chunk[:room]
                    self._dropped += len(chunk) - len(chunk[:room])
            except (OSError, ValueError):
                pass

    def _await(self, limits: Limits, spent: _Spent) -> memoryview:
        """What it says next."""
        while True:
            try:
                body = self.answers.get(timeout=_POLL)
            except queue.Empty:
                self._look(limits, spent)
                continue
            if body is None:
                self._fail("crash", self._end())
            if not isinstance(body, memoryview):
                self._fail("unreadable", f"the answer could not be read: {body}")
            return body

    def _look(self, limits: Limits, spent: _Spent) -> None:
        """Fail where a request has used more than it may."""
        seconds, now, total = limits.seconds, time.monotonic(), self._family.processor_seconds()
        most = seconds + limits.grace
        if spent.before is None:  # most requests are over before anybody looks
            spent.before = spent.latest = total
        if total > spent.latest or (now - spent.worked > most and self._family.wants_to_run()):
            spent.worked, spent.latest = now, total
        spent.looked = now
        if total - spent.before > most:
            self._fail("time", f"it used more than the {seconds:g} seconds allowed and was stopped")
        if now - spent.worked > most:
            self._fail("time", f"it did nothing for {seconds:g} seconds and was stopped")
        if now - spent.started > limits.wall_seconds + limits.grace:
            self._fail("time", f"it did not answer within {limits.wall_seconds:g} seconds and was stopped")
        if self._dropped - spent.printed > OUTPUT_MOST:
            self._fail("memory", f"it printed more than {OUTPUT_MOST // 1024**2} MB and was stopped")
        self._check_size()

    def _check_size(self) -> None:
        """Fail on too much memory, too many threads, too much in the private folder."""
        memory, threads = self._family.size()
        if memory > self.memory_limit:
            gigabytes = self.memory_limit / 1024**3
            self._fail(
                "memory", f"it used more than the {gigabytes:.1f} GiB of memory allowed and was stopped"
            )
        if threads > THREAD_LIMIT:
            self._fail("memory", f"it started more than {THREAD_LIMIT} threads and was stopped")
        if not self.plan.bounds_folder and time.monotonic() - self._folder_seen > _FOLDER_POLL:
            self._folder_seen = time.monotonic()
            if is_overfull(self.folder, FOLDER_BYTES, FOLDER_FILES):
                self._fail("memory", "it wrote more files than are allowed and was stopped")

    def _end(self) -> str:
        try:
            code = self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return "it closed its answer pipe without an answer"
        if code < 0:
            return f"its process ended without an answer ({signal_name(-code)})"
        return f"its process ended without an answer (exit status {code}): does it call exit()?"

    def _kill(self) -> None:
        if self.plan.isolates:  # its guard ends when everything behind it has ended
            self.process.terminate()
            try:
                self.process.wait(timeout=2)
                return
            except subprocess.TimeoutExpired:
                pass
        self._family.kill()

    def _fail(self, kind: str, sentence: str) -> NoReturn:
        self.close()
        raise WorkerFailed(kind, sentence)
