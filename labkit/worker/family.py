"""What a worker's processes use of the machine, seen from outside."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil


class Family:
    """A process and all that it started, directly or not."""

    def __init__(self, pid: int):
        self._root = psutil.Process(pid)
        self._settled: list[psutil.Process] | None = None
        self._shared = 0

    def settle(self, final: bool) -> None:
        """Take what is resident now in all but one process as shared: they are forks, and have only just begun.

        `final`: no further process can start, so there is no need to look for one.
        """
        resident = [size for size, _ in self._sizes()]
        self._shared = sum(resident) - max(resident, default=0)
        if final:
            self._settled = self.members()

    def members(self) -> list[psutil.Process]:
        """All processes; none when they have ended."""
        if self._settled is not None:
            return self._settled
        try:
            return [self._root, *_descendants(self._root)]
        except psutil.Error:
            return []

    def processor_seconds(self) -> float:
        """Processor time of all threads, in seconds."""
        total = 0.0
        for process in self.members():
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def size(self) -> tuple[int, int]:
        """Bytes of memory that the processes have for themselves, and the number of their threads."""
        sizes = list(self._sizes())
        return sum(memory for memory, _ in sizes) - self._shared, sum(threads for _, threads in sizes)

    def peak(self) -> int:
        """The most bytes that the processes have had for themselves; what they have now where no system says more."""
        most = 0
        for process in self.members():
            with suppress(psutil.Error, OSError, StopIteration, ValueError):
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                most += int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
        return max(most - self._shared, self.size()[0])

    def wants_to_run(self) -> bool:
        """Whether any thread waits for a processor or a disk: on a busy machine that is no idleness."""
        for process in self.members():
            with suppress(psutil.Error, OSError):
                if sys.platform != "linux":
                    waits = process.status() in (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP)
                else:
                    waits = any(
                        path.read_text().rpartition(")")[2].split()[0] in "RD"
                        for path in Path(f"/proc/{process.pid}/task").glob("*/stat")
                    )
                if waits:
                    return True
        return False

    def kill(self) -> None:
        """Kill the process group and whoever left it."""
        members = self.members()
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._root.pid, signal.SIGKILL)
        for process in members:
            with suppress(psutil.Error):
                process.kill()

    def _sizes(self) -> Iterator[tuple[int, int]]:
        for process in self.members():
            with suppress(psutil.Error), process.oneshot():
                yield process.memory_info().rss, process.num_threads()


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    """From the kernel's own lists where they are, which is much quicker."""
    if not Path("/proc/self/task").is_dir():
        return process.children(recursive=True)
    found, ahead = [], [process.pid]
    try:
        while ahead:
            for tasks in Path(f"/proc/{ahead.pop()}/task").glob("*/children"):
                children = [int(number) for number in tasks.read_text().split()]
                found += children
                ahead += children
    except OSError:  # one ended meanwhile: its children are another's
        return process.children(recursive=True)
    alive = []
    for pid in found:
        with suppress(psutil.Error):
            alive.append(psutil.Process(pid))
    return alive


def is_overfull(folder: str, most_bytes: int, most_files: int) -> bool:
    """Whether a folder holds more than it may."""
    size = count = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += os.lstat(os.path.join(where, name)).st_size
            count += 1
        if size > most_bytes or count > most_files:
            return True
    return False


def signal_name(number: int) -> str:
    """What a signal that ended a process is called: SIGKILL, or "signal 40" for one that has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
