"""System calls for which Python has no function, by way of ctypes. Linux only."""

from __future__ import annotations

import ctypes
import os
import platform

_libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
_MOUNT_SETATTR = 442  # the same number everywhere, as for all system calls since 2019
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_GET_SECCOMP, PR_SET_SECCOMP = 1, 4, 21, 22
PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 24, 36, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_HUGE, _MADV_COLLAPSE = 2**21, 25


def machine() -> str:
    """The architecture by the name that the tables here use."""
    name = platform.machine()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name.lower(), name)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(number: int, *arguments, what: str = "system call") -> int:
    """Make a system call; integers, bytes and ctypes objects as arguments. Raises OSError."""
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *converted), what)


def prctl(option: int, *arguments: int) -> int:
    """prctl(2). Raises OSError."""
    values = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(_libc.prctl(ctypes.c_int(option), *values), f"prctl {option}")


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """mount(2). Raises OSError."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind and kind.encode(),
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _checked(result, f"mount on {target}")


def detach(target: str) -> None:
    """Take a mount out of the tree. Raises OSError."""
    _checked(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """pivot_root(2). Raises OSError."""
    syscall(_PIVOT_ROOT[machine()], os.fsencode(new), os.fsencode(old), what="pivot_root")


def restrict_mount(path: str, flags: int, recursive: bool = True) -> None:
    """Add MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC to a mount and those below it; none is taken away."""
    attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)  # the MOUNT_ATTR_ bits are the MS_ bits
    where = _AT_RECURSIVE if recursive else 0
    size = ctypes.sizeof(attributes)
    syscall(
        *(_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), where, ctypes.byref(attributes), size),
        what=f"mount_setattr {path}",
    )


def use_huge_pages() -> None:
    """Have the memory of this process lie in pages of 2 MB where it can: a fork then costs a third of the time.

    A fork copies an entry for each page. Without effect before Linux 6.1.
    """
    with open("/proc/self/maps") as lines:
        regions = [line.split() for line in lines]
    for place, access, *_, name in regions:
        # private memory of no file
        if access != "rw-p" or name.startswith("/") or name == "[stack]":
            continue
        start, end = (int(address, 16) for address in place.split("-"))
        start, end = -(-start // _HUGE) * _HUGE, end // _HUGE * _HUGE
        if start < end:
            _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_COLLAPSE)


def drop_capability_bounds() -> None:
    """No program started from here on can gain a capability; needs CAP_SETPCAP, which root has."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # beyond the last that this kernel knows, or not ours to drop
            break
    try:
        prctl(PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    except OSError:  # before Linux 4.3
        pass


def drop_capabilities() -> None:
    """Give up every capability. Raises OSError."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc.capset(ctypes.byref(header), ctypes.byref(nothing)), "capset")
