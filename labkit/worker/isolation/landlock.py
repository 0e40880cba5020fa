"""Landlock: what a process may open, decided by the process itself and never widened again.

https://docs.kernel.org/userspace-api/landlock.html. Rights that a kernel does not know are left out, so
an older one guards less: 2 links across folders, 3 truncation, 4 TCP, 5 device controls, 6 signals and
abstract sockets.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterator

from labkit.worker.isolation import kernel, view
from labkit.worker.isolation.plan import Plan

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

#: Rights by the version that brought them.
_HANDLED = {1: (1 << 13) - 1, 2: _REFER, 3: _TRUNCATE, 5: _IOCTL_DEV}
_TCP = 0b11
_SCOPES = 0b11  # abstract sockets, signals

_LIST = _READ_DIR
_READ = _READ_FILE | _READ_DIR
_USE = _READ_FILE | _WRITE_FILE  # a device
_WRITE = (
    _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER | _TRUNCATE
)
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


def version() -> int:
    """The version that the kernel offers, 0 where Landlock is missing or switched off."""
    try:
        return kernel.syscall(_CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def available() -> bool:
    """Whether the kernel has Landlock in any version."""
    return version() > 0


def restrict(plan: Plan, folder: str) -> None:
    """Allow this process, and all that it starts, to read what `view` lists, to write in `folder`, and nothing else.

    A path that does not exist is passed over. Raises OSError.
    """
    offered = version()
    handled = sum(rights for since, rights in _HANDLED.items() if since <= offered)
    fields = [handled, *([_TCP] if offered >= 4 else []), *([_SCOPES] if offered >= 6 else [])]
    attributes = (ctypes.c_uint64 * len(fields))(*fields)
    ruleset = kernel.syscall(
        *(_CREATE_RULESET, ctypes.byref(attributes), ctypes.sizeof(attributes), 0), what="Landlock"
    )
    try:
        for path, rights in _rules(plan, folder):
            _allow(ruleset, path, rights & handled)
        kernel.syscall(_RESTRICT_SELF, ruleset, 0, what="Landlock")
    finally:
        os.close(ruleset)


def _rules(plan: Plan, folder: str) -> Iterator[tuple[str, int]]:
    """Paths, each with the rights beneath it."""
    for tree in view.trees():
        for path, whole in tree.pieces():
            yield path, _READ if whole else _LIST
    for device in view.DEVICES:
        yield device, _USE
    for path in ("/proc",) if plan.namespaces else view.PROC:
        yield path, _READ
    yield folder, _WRITE


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_A_FILE
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
        kernel.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0, what=f"Landlock rule for {path}")
    finally:
        os.close(descriptor)
