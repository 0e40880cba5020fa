"""The trusted side of a worker: start it, ask it, limit it, kill it.

The worker is a fresh interpreter in its own process group, with an empty environment and a private
folder. Each request has a limit of processor time and, as a far backstop, of wall time, so that a busy
machine does not change a verdict. Whatever goes wrong becomes a WorkerFailed with a sentence; the worker
is then gone, and the next request needs a new one.
"""

from __future__ import annotations

import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any

import psutil

from labkit.worker import wire

OUTPUT_LIMIT = 64 * 1024  # bytes of printed text that are kept
MEMORY_LIMIT = 6 * 1024**3  # bytes, all processes of the worker together
START_SECONDS = 60.0
LAYERS = (
    "separate process",
    "process group",
    "private folder",
    "clean environment",
    "time limits",
    "memory limit",
)


@dataclass(frozen=True)
class Limits:
    """What one request may use: seconds of processor time, and of wall time (default: four times that and 10)."""

    seconds: float = 15.0
    wall: float | None = None

    @property
    def wall_seconds(self) -> float:
        return self.wall if self.wall is not None else 4 * self.seconds + 10


class WorkerFailed(Exception):
    """The worker gave no usable answer. `kind` is time, memory, crash or unreadable."""

    def __init__(self, kind: str, sentence: str):
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


class Worker:
    """One worker process. Use as a context manager, or call `close`."""

    def __init__(self, memory_limit: int = MEMORY_LIMIT):
        self.memory_limit = memory_limit
        self.folder = tempfile.mkdtemp(prefix="labkit-worker-")
        self.answers: queue.Queue = queue.Queue()
        self._output = bytearray()
        self._dropped = 0
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-B", "--check-hash-based-pycs", "always", "-m", "labkit.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=_environment(self.folder),
            close_fds=True,
            start_new_session=True,
        )
        self._watched = psutil.Process(self.process.pid)
        for target in (self._read_answers, self._read_output):
            threading.Thread(target=target, daemon=True).start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def ask(self, limits: Limits, **request: Any) -> dict[str, Any]:
        """Send one request, `verb` and its arguments, and return the answer; raises WorkerFailed."""
        number = secrets.token_hex(8)
        frame = wire.encode({"id": number, **request})
        threading.Thread(target=self._send, args=(frame,), daemon=True).start()
        body = self._await(limits)
        try:
            answer = wire.decode(body)
        except wire.WireError as problem:
            self._fail("unreadable", f"the answer could not be read: {problem}")
        if not isinstance(answer, dict) or answer.pop("id", None) != number or not self.answers.empty():
            self._fail("unreadable", "something other than the answer was written to the answer pipe")
        if answer.get("status") == "unsendable":
            return {
                "status": "answered",
                "value": wire.Tagged("object", {"type": "answer", "reason": answer["message"]}),
            }
        if answer.get("status") == "broken":
            self._fail("crash", f"the call could not be made: {answer.get('message')}")
        return answer

    @property
    def output(self) -> str:
        """What was printed so far, the middle left out where it was too long."""
        text = bytes(self._output).decode("utf-8", "replace")
        return text + (f"\n[… {self._dropped} more bytes were printed]" if self._dropped else "")

    def close(self) -> None:
        """Kill everything that the worker started and remove its folder."""
        self._kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except OSError:  # unsent bytes for a process that is gone
                pass
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- inside --------------------------------------------------------------------------------------------

    def _send(self, frame: bytes) -> None:
        try:
            self.process.stdin.write(frame)
            self.process.stdin.flush()
        except (OSError, ValueError):
            pass  # the worker is gone; `_await` says so

    def _read_answers(self) -> None:
        try:
            while (body := wire.read_frame(self.process.stdout)) is not None:
                self.answers.put(body)
        except (wire.WireError, OSError, ValueError) as problem:
            self.answers.put(problem)
        self.answers.put(None)

    def _read_output(self) -> None:
        try:
            while chunk := self.process.stderr.read1(65536):
                room = OUTPUT_LIMIT - len(self._output)
                self._output += chunk[:room]
                self._dropped += len(chunk) - len(chunk[:room])
        except (OSError, ValueError):
            pass

    def _await(self, limits: Limits) -> bytes:
        started, used = time.monotonic(), self._processor_seconds()
        while True:
            try:
                body = self.answers.get(timeout=0.05)
            except queue.Empty:
                if self._processor_seconds() - used > limits.seconds:
                    self._fail(
                        "time", f"it used more than the {limits.seconds:g} seconds allowed and was stopped"
                    )
                if time.monotonic() - started > limits.wall_seconds:
                    self._fail(
                        "time", f"it did not answer within {limits.wall_seconds:g} seconds and was stopped"
                    )
                if self._memory() > self.memory_limit:
                    gigabytes = self.memory_limit / 1024**3
                    self._fail(
                        "memory",
                        f"it used more than the {gigabytes:.1f} GiB of memory allowed and was stopped",
                    )
                continue
            if body is None:
                self._fail("crash", self._end())
            if not isinstance(body, bytes):
                self._fail("unreadable", f"the answer could not be read: {body}")
            return body

    def _end(self) -> str:
        try:
            code = self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return "it closed its answer pipe without an answer"
        if code < 0:
            return f"its process ended without an answer ({signal.Signals(-code).name})"
        return f"its process ended without an answer (exit status {code}): does it call exit()?"

    def _family(self) -> list[psutil.Process]:
        try:
            return [self._watched, *self._watched.children(recursive=True)]
        except psutil.Error:
            return []

    def _processor_seconds(self) -> float:
        total = 0.0
        for process in self._family():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            total += times.user + times.system
        return total

    def _memory(self) -> int:
        total = 0
        for process in self._family():
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
        return total

    def _kill(self) -> None:
        family = self._family()
        if hasattr(os, "killpg"):
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        for process in family:  # descendants that left the group
            try:
                process.kill()
            except psutil.Error:
                pass

    def _fail(self, kind: str, sentence: str) -> None:
        self.close()
        raise WorkerFailed(kind, sentence)


def _environment(folder: str) -> dict[str, str]:
    """All that the worker sees of the environment: nothing of the caller's but where programs lie."""
    kept = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ
    }
    return {
        **kept,
        "HOME": folder,
        "TMPDIR": folder,
        "TEMP": folder,
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": folder,
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": folder,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",  # the same verdict with and without a graphics card
    }
