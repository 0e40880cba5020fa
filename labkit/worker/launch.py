"""Two ways to start a worker process: a fresh interpreter, or a fork of a server that has imported Keras.

A fresh one is there in a third of a second and needs seconds more once Keras is used; a fork is there at
once, with Keras. Both end in the same loop behind the same layers. Where there is no `fork` without
danger (macOS, Windows) every worker is a fresh interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from typing import IO, Any, Protocol, cast

from labkit.worker.isolation import Plan

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

SERVER_SECONDS = 180.0  # to import Keras, on a machine that is busy
THREADS = 2  # that a process computes with, unless a lab says otherwise
_FLAGS = ["-I", "-B", "--check-hash-based-pycs", "always"]


class Launched(Protocol):
    """A worker process as its starter sees it: a `subprocess.Popen`, or what stands for one."""

    pid: int
    stdin: IO[bytes]  # requests
    stdout: io.BufferedReader  # answers
    stderr: io.BufferedReader  # what is printed

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, or minus the signal; raises subprocess.TimeoutExpired."""

    def terminate(self) -> None:
        """Send SIGTERM."""


def thread_settings(threads: int = THREADS) -> dict[str, str]:
    """The environment of a process that computes with so many threads on every machine: sums depend on it."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    return dict.fromkeys(names, str(threads))


def spawn(plan: Plan, memory: int, folder: str, threads: int) -> Launched:
    """A worker in a fresh interpreter."""
    process = subprocess.Popen(
        [sys.executable, *_FLAGS, "-m", "labkit.worker", plan.as_argument(), str(memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=_environment(folder, threads),
        close_fds=True,
        start_new_session=True,
    )
    return cast(Launched, process)  # it has all three pipes


def can_fork() -> bool:
    """Whether this system can fork a process that has imported TensorFlow, and watch it."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


class ServerFailed(Exception):
    """The server did not start, or is gone."""


class WarmServer:
    """A process that has imported Keras and forks workers. It starts at once; `launch` waits until it is ready."""

    def __init__(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="labkit-server-"))
        self._lock = threading.Lock()
        self._ready = False
        self._asked = 0
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, *_FLAGS, "-m", "labkit.worker.server"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self.folder,
                env=_environment(self.folder, THREADS),
                close_fds=True,
                start_new_session=True,
            )
        self._pidfd = os.pidfd_open(self.process.pid)

    @property
    def alive(self) -> bool:
        """Whether it can still be asked, also by a fork of the process that started it."""
        return self._socket.fileno() >= 0 and not select.select([self._pidfd], [], [], 0)[0]

    def wait_ready(self) -> None:
        """Wait until it has imported Keras. Raises ServerFailed."""
        with self._lock:
            self._await_ready()

    def launch(self, plan: Plan, memory: int, folder: str, threads: int) -> Launched:
        """A worker that has Keras. Raises ServerFailed."""
        with self._lock:
            try:
                self._await_ready()
                return self._fork(plan, memory, folder, threads)
            except (OSError, ValueError, ServerFailed) as problem:
                self.close()
                raise ServerFailed(f"the server of warm workers failed: {problem}") from None

    def _await_ready(self) -> None:
        if not self._ready:
            self._socket.settimeout(SERVER_SECONDS)
            problem = json.loads(self._socket.recv(4096) or b'{"problem": "it ended"}')["problem"]
            if problem:
                raise ServerFailed(problem)
            self._ready = True

    def _fork(self, plan: Plan, memory: int, folder: str, threads: int) -> Launched:
        self._asked += 1
        number = f"{os.getpid()}-{self._asked}"
        request = {"id": number, "plan": asdict(plan), "memory": memory, "folder": folder}
        request |= {"environment": _environment(folder, threads), "threads": threads}
        ours: list[int] = []
        theirs: list[int] = []
        for index in range(4):
            reading, writing = os.pipe()
            ends = (writing, reading) if index == 0 else (reading, writing)
            for side, end in zip((ours, theirs), ends, strict=True):
                side.append(end)
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], theirs)
            pid, pidfd = self._reply(number)
        except BaseException:
            for descriptor in ours:
                os.close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        return _Forked(pid, pidfd, ours)

    def _reply(self, number: str) -> tuple[int, int]:
        while True:
            message, pidfds, _, _ = socket.recv_fds(self._socket, 4096, 1)
            if not message or len(pidfds) != 1:
                raise ServerFailed("it ended")
            reply = json.loads(message)
            if reply["id"] == number:
                return reply["pid"], pidfds[0]
            os.close(pidfds[0])  # meant for a fork of this process that was killed before it could read

    def close(self) -> None:
        """End the server; workers that it started go on."""
        if self._socket.fileno() < 0:
            return
        self._socket.close()
        os.close(self._pidfd)
        try:
            self.process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class _Forked:
    """A process that the server forked: not our child, so that its pidfd and a pipe stand for `waitpid`."""

    def __init__(self, pid: int, pidfd: int, descriptors: list[int]):
        self.pid = pid
        self._pidfd = pidfd
        requests, answers, output, self._report = descriptors
        self.stdin: IO[bytes] = os.fdopen(requests, "wb")
        self.stdout = os.fdopen(answers, "rb")
        self.stderr = os.fdopen(output, "rb")
        self._status: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self._status is None:
            poller = select.poll()
            poller.register(self._pidfd, select.POLLIN)
            if not poller.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired("labkit.worker", timeout or 0.0)
            told = os.read(self._report, 4)  # comes at once, or the end of the pipe if the server is gone
            self._status = struct.unpack("=i", told)[0] if len(told) == 4 else -signal.SIGKILL
            os.close(self._report)
            os.close(self._pidfd)
        return self._status

    def terminate(self) -> None:
        if self._status is None:
            try:
                signal.pidfd_send_signal(self._pidfd, signal.SIGTERM)
            except ProcessLookupError:
                pass


_server: WarmServer | None = None
_lock = threading.Lock()


def warm_server() -> WarmServer:
    """The one server of this process, started when it is first asked for and again if it died."""
    global _server
    with _lock:
        if _server is not None and not _server.alive:
            _server.close()
            _server = None
        if _server is None:
            _server = WarmServer()
            atexit.register(_server.close)
        return _server


def launch(plan: Plan, memory: int, folder: str, keras: bool, threads: int) -> Launched:
    """A worker process for this folder; one that has Keras, where that is asked for and this system forks."""
    if keras and can_fork():
        for _ in range(2):  # a server that was killed is replaced
            try:
                return _widened(warm_server().launch(plan, memory, folder, threads))
            except ServerFailed:
                continue
    return _widened(spawn(plan, memory, folder, threads))


def _widened(launched: Launched) -> Launched:
    """Pipes that hold a megabyte: 60,000 digits then cross in a third of the time."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        for pipe in (launched.stdin, launched.stdout):
            with contextlib.suppress(OSError):  # this user has many wide pipes already
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
    return launched


def _environment(folder: str, threads: int) -> dict[str, Any]:
    """All that the worker sees of the environment: nothing of the caller's but where libraries lie."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        **kept,
        "PATH": os.defpath,
        "HOME": folder,
        "USER": "student",
        "LOGNAME": "student",
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
        **thread_settings(threads),
    }
