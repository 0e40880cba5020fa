"""Puts a worker behind what the kernel offers, before it has seen a line of a student's.

    plan = Plan(namespaces=True, user="separate", landlock=True, seccomp=True)
    enter(plan, folder)      # in the worker, single-threaded, nothing heavy imported yet

`plan` says which layers there are, `namespaces` what a worker sees, `landlock` what it may open,
`seccomp` which system calls it may make, `view` which files are readable, `guard` who ends it.
A layer that is asked for and cannot be had is an OSError, never a weaker worker.
"""

from __future__ import annotations

import os

from labkit.worker.isolation.plan import ALWAYS, NONE, Plan, candidates, restrictions

__all__ = ["ALWAYS", "NONE", "MAX_FILE", "Plan", "candidates", "enter", "restrictions"]

MAX_FILE = 256 * 1024**2  # bytes in one file
MAX_OPEN_FILES = 512
# The grader stops a worker at a few more, its guards included: this limit has to be met first.
MAX_THREADS = 1000
_FIRST_FREE_USER = 1_900_000_000  # above what distributions and systemd give away, below 2**31
_NOBODY = 65534


def enter(plan: Plan, folder: str, memory: int) -> None:
    """Return in a process behind the layers of the plan; the present process becomes its guard.

    `folder` is the one place where it may write; `memory` bounds what it may reserve, in bytes.
    Raises OSError where a layer cannot be had.
    """
    if not plan.isolates:
        return
    from labkit.worker.isolation import guard, kernel, namespaces

    last = [module for name, module in restrictions().items() if getattr(plan, name)]
    uid, gid = _user(plan)
    if plan.namespaces:
        namespaces.unshare(plan.user_namespace)
    elif plan.user == "separate":
        os.chown(folder, uid, gid)

    def prepare() -> None:
        if plan.namespaces:
            namespaces.furnish(folder, uid, gid)
        kernel.drop_capability_bounds()
        if plan.user == "separate":
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # its own /proc/self would belong to root
        kernel.drop_capabilities()
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)

    guard.fork_guarded(plan.namespaces, folder, prepare)
    _limit_resources(plan, memory)
    for restriction in last:
        restriction.restrict(plan, folder)
    _check_folder(folder)


def _check_folder(folder: str) -> None:
    """A folder above that the new user may not enter shows only now. Raises OSError."""
    probe = os.path.join(folder, ".probe")
    os.close(os.open(probe, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    os.unlink(probe)


def _user(plan: Plan) -> tuple[int, int]:
    """The user to become. Each worker of root's has its own, so that none may touch another."""
    if plan.user != "separate":
        return os.getuid(), os.getgid()
    wanted = _FIRST_FREE_USER + os.getpid() % 2**22
    with open("/proc/self/uid_map") as lines:
        ranges = [tuple(map(int, line.split())) for line in lines]
    mapped = any(first <= wanted < first + count for first, _, count in ranges)
    return (wanted, wanted) if mapped else (_NOBODY, _NOBODY)


def _limit_resources(plan: Plan, memory: int) -> None:
    import resource

    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: MAX_FILE,
        resource.RLIMIT_NOFILE: MAX_OPEN_FILES,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_DATA: memory,
    }
    if plan.namespaces or plan.user == "separate":  # else the count is of everything that this user runs
        limits[resource.RLIMIT_NPROC] = MAX_THREADS
    for kind, value in limits.items():
        _, most = resource.getrlimit(kind)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (value, value))
