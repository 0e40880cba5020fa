"""What a worker may read: the interpreter, the libraries, and those parts of labkit that a lab uses.

Whatever else there is or comes to be in labkit is hidden: what knows what a check expects, and MNIST, whose
file holds the labels of the test set. The course lies in none of these places.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

#: The parts of this package that a worker may read.
PUBLIC = (
    *(
        "__init__.py",
        "errors.py",
        "examples.py",
        "files.py",
        "gradients.py",
        "lazy.py",
        "worker",
        "training",
        "augment",
        "plots",
    ),
    *("data/*.py", "data/*.md"),
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
#: Without a /proc of its own, a process sees itself and what libraries ask about the machine.
PROC = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory")
_PACKAGE = Path(__file__).absolute().parents[2]
_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/usr/share/zoneinfo", "/usr/share/fonts"),
    "/sys/devices/system/cpu",
)


@dataclass(frozen=True)
class Tree:
    """A file or folder with all that lies in it, except the paths in `hidden`."""

    path: str
    hidden: tuple[str, ...] = ()

    def pieces(self) -> Iterator[tuple[str, bool]]:
        """The tree as whole pieces beside which nothing hidden lies, and the folders above them.

        Each is (path, whole); of a folder that is not whole, only the list of names may be read.
        """
        yield from _pieces(self.path, self.hidden)


def _secrets(folder: str, within: str = "") -> Iterator[str]:
    """Everything in a folder of this package that is not public; `within` is the folder's path in the package."""
    for name in sorted(os.listdir(folder)):
        part = within + name
        if any(public.startswith(part + "/") for public in PUBLIC):
            yield from _secrets(os.path.join(folder, name), part + "/")
        elif not any(fnmatch(part, public) for public in PUBLIC):
            yield os.path.join(folder, name)


def _pieces(path: str, hidden: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    if path in hidden:
        return
    if not any(beneath(secret, path) for secret in hidden):
        yield path, True
        return
    yield path, False
    for name in sorted(os.listdir(path)):
        yield from _pieces(os.path.join(path, name), hidden)


def beneath(path: str, folder: str) -> bool:
    """Whether a path lies in a folder; both absolute and normal."""
    return path.startswith(folder.rstrip("/") + "/")


@cache
def trees() -> list[Tree]:
    """Everything readable, by real path, none inside another. Asked for once: a fork takes the answer along."""
    package = os.path.realpath(_PACKAGE)
    secrets = tuple(_secrets(package))
    roots = {os.path.realpath(path) for path in _paths() if os.path.exists(path)} - {"/"}
    found: list[Tree] = []
    for root in sorted(roots):
        if not any(beneath(root, other.path) for other in found):
            found.append(Tree(root, tuple(secret for secret in secrets if beneath(secret, root))))
    return found


@cache
def aliases() -> list[tuple[str, str]]:
    """Paths by which the interpreter knows a place that is really elsewhere: (name, real path)."""
    names = dict.fromkeys(path for path in _paths() if os.path.exists(path))
    return [(name, os.path.realpath(name)) for name in names if os.path.realpath(name) != name]


def _paths() -> list[str]:
    places = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    places += [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")]
    places += [os.path.join(sys.base_prefix, name) for name in ("lib", "lib64")]
    return [os.path.abspath(place) for place in places] + [str(_PACKAGE), *_loaded(), *_SYSTEM]


def _loaded() -> list[str]:
    """The shared objects in this process, wherever the dynamic linker found them."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as lines:
        paths = {line.rstrip("\n").split(None, 5)[5] for line in lines if line.count("/") and ".so" in line}
    return sorted(path for path in paths if path.startswith("/") and " (deleted)" not in path)
