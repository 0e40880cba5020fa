"""The processes around a submission: whoever started it can end it, and when it ends nothing is left.

    grader ── guard ── (first process of the namespace) ── worker

The guard runs no code of a student's. It ends everything when the worker ends, when it is told to
(SIGTERM), and when the grader is gone, which it learns from the request pipe.
"""

from __future__ import annotations

import os
import select
import signal
import struct
from collections.abc import Callable
from typing import NoReturn

from labkit.worker.isolation import kernel


def fork_guarded(in_namespace: bool, folder: str, prepare: Callable[[], None]) -> None:
    """Return in a new process, which `prepare` has restricted; the present one becomes its guard.

    With `in_namespace`, the first process of the namespace stands between the two. The guard removes
    `folder` in the end, for a grader that was killed cannot.
    """
    around = os.open(os.path.dirname(folder), os.O_RDONLY | os.O_DIRECTORY)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGCHLD))
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    report, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(tell)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        _let_go(1, 2)
        _guard(child, report, around, os.path.basename(folder))
    os.close(report)
    os.close(around)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGCHLD))
    if in_namespace:
        prepare()
        worker = os.fork()
        if worker:
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # its memory is not to be written by the worker
            _let_go(0, 1, 2)
            _first_process(worker, tell)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        prepare()
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # changing the user took it away
    os.close(tell)


def _let_go(*descriptors: int) -> None:
    """Whoever reads the worker's pipes must see them end when the worker ends."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nothing, descriptor)
    os.close(nothing)


def _first_process(worker: int, tell: int) -> NoReturn:
    """Wait for the worker, pass on how it ended, and end: the kernel then kills whatever is left here."""
    while True:
        pid, status = os.waitpid(-1, os.WUNTRACED)
        if pid == worker:
            os.write(tell, struct.pack("=i", _ending(status)))
            os._exit(0)


def _guard(child: int, report: int, around: int, folder: str) -> NoReturn:
    """Wait for the end of the child, see that nothing is left, and end in the same way."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGCHLD))
    poller = select.poll()
    poller.register(woken, select.POLLIN)
    poller.register(0, 0)  # told only when the other end is closed
    while True:
        pid, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
        if pid and not os.WIFSTOPPED(status):
            break
        if pid:
            os.kill(child, signal.SIGKILL)
        for descriptor, _ in poller.poll():
            if descriptor == 0:
                poller.unregister(0)
                os.kill(child, signal.SIGKILL)
            elif signal.SIGTERM in os.read(woken, 64):
                os.kill(child, signal.SIGKILL)
    _end_descendants()
    _remove(around, folder)
    os.set_blocking(report, False)
    try:
        told = os.read(report, 4)
    except BlockingIOError:
        told = b""
    _end_like(struct.unpack("=i", told)[0] if len(told) == 4 else _ending(status))


def _end_descendants() -> None:
    """Processes that lost their parent became ours: kill until none is left."""
    while True:
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as stream:
                left = [int(number) for number in stream.read().split()]
        except (OSError, ValueError):
            left = []
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0 if left else os.WNOHANG)
        except ChildProcessError:
            return
        if not left:
            return


def _remove(around: int, folder: str) -> None:
    try:
        # A worker that was killed while its root was being furnished leaves that mounted here, with the machine's
        # own folders in it. The grader removes what lies below: it does not see those mounts.
        if os.stat(folder, dir_fd=around).st_dev != os.fstat(around).st_dev:
            return
        for _, folders, files, here in os.fwalk(folder, topdown=False, dir_fd=around):
            for name in files:
                os.unlink(name, dir_fd=here)
            for name in folders:
                os.rmdir(name, dir_fd=here)
        os.rmdir(folder, dir_fd=around)
    except OSError:  # the grader tries again
        pass


def _ending(status: int) -> int:
    """The exit status, or the negative number of the signal that ended or stopped a process."""
    if os.WIFSTOPPED(status):
        return -signal.SIGSTOP
    return os.waitstatus_to_exitcode(status)


def _end_like(ending: int) -> NoReturn:
    if ending >= 0:
        os._exit(ending)
    if ending == -signal.SIGSTOP:
        ending = -signal.SIGKILL
    if ending != -signal.SIGKILL:
        signal.signal(-ending, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (-ending,))
    os.kill(os.getpid(), -ending)
    os._exit(255)
