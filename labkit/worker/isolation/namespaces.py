"""A worker's own root folder, process numbers, network and host name.

The new root is a small file system in memory onto which the readable trees are mounted read-only, at the
paths that they have outside; what is hidden in them is covered. Nothing else is there to be found.
"""

from __future__ import annotations

import os

from labkit.worker.isolation import kernel, view

SCRATCH_BYTES = 512 * 1024**2
SCRATCH_FILES = 10_000
_ALL = (
    kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
)
_GUARDED = kernel.MS_NOSUID | kernel.MS_NODEV


def unshare(user: bool) -> None:
    """Leave the namespaces of the machine; a user namespace first where the caller is not root.

    The process must have one thread. Only its children have the new process numbers. Raises OSError.
    """
    if not user:
        kernel.unshare(_ALL)
        return
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(_ALL | kernel.CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as stream:
            stream.write(text)


def furnish(folder: str, uid: int, gid: int) -> None:
    """Make `folder` the root, in which the same `folder` is empty, writable and belongs to `uid`.

    To be called by the first process of a new process namespace. Raises OSError.
    """
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("labkit", folder, "tmpfs", _GUARDED, "mode=755,size=4m,nr_inodes=20000")
    for tree in view.trees():
        _show(tree, folder)
    for name, real in view.aliases():
        if not os.path.lexists(folder + name):
            os.makedirs(os.path.dirname(folder + name), exist_ok=True)
            os.symlink(real, folder + name)
    for device in view.DEVICES:
        _bind(device, folder + device, kernel.MS_NOSUID | kernel.MS_NOEXEC)
    os.makedirs(folder + "/proc")
    kernel.mount("proc", folder + "/proc", "proc", _GUARDED | kernel.MS_NOEXEC)
    scratch = folder + folder
    os.makedirs(scratch)
    options = f"mode=700,uid={uid},gid={gid},size={SCRATCH_BYTES},nr_inodes={SCRATCH_FILES}"
    kernel.mount("labkit", scratch, "tmpfs", _GUARDED, options)
    os.makedirs(folder + "/tmp", exist_ok=True)
    kernel.restrict_mount(folder, kernel.MS_RDONLY, recursive=False)
    os.chdir(folder)
    kernel.pivot_root(".", ".")
    kernel.detach(".")
    os.chdir(folder)


def _show(tree: view.Tree, root: str) -> None:
    _bind(tree.path, root + tree.path)
    for secret in tree.hidden:
        if os.path.isdir(secret):
            kernel.mount("labkit", root + secret, "tmpfs", kernel.MS_RDONLY | _GUARDED, "mode=755,size=4k")
        elif os.path.exists(secret):
            kernel.mount("/dev/null", root + secret, None, kernel.MS_BIND)
            kernel.restrict_mount(root + secret, kernel.MS_RDONLY | _GUARDED)


def _bind(source: str, target: str, flags: int = _GUARDED) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "x"):
            pass
    kernel.mount(source, target, None, kernel.MS_BIND | kernel.MS_REC)
    kernel.restrict_mount(target, kernel.MS_RDONLY | flags)
