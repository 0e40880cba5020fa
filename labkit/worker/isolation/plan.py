"""Which layers a worker is to be put behind. Plain data; the grader chooses, the worker obeys or ends."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import product
from typing import Any

#: What every worker has, on every system.
ALWAYS = (
    "separate process",
    "process group",
    "private folder",
    "clean environment",
    "time limits",
    "memory limit",
)
#: Modules of this folder by which a worker restricts itself, in this order; each a field of `Plan`, a name in records:
#: `available()` says whether this machine has it, `restrict(plan, folder)` goes behind it or raises OSError.
RESTRICTIONS = ("landlock", "seccomp")


@dataclass(frozen=True)
class Plan:
    """Layers of the kernel around a worker. The default is none.

    namespaces: own mounts, process numbers, network, IPC and host name; with `user_namespace` made
    without being root. `user`: "same" as the grader's, "separate" (root gives way to a user who owns
    nothing), or "powerless" (root without a capability, where nobody else may enter the interpreter's folder).
    """

    namespaces: bool = False
    user_namespace: bool = False
    user: str = "same"
    landlock: bool = False
    seccomp: bool = False

    @property
    def isolates(self) -> bool:
        """Whether the kernel keeps a submission from the machine's files: what grading cannot do without."""
        return self.namespaces or self.landlock

    @property
    def forbids_children(self) -> bool:
        """Whether a worker can start no further process: there is none to look for."""
        return self.seccomp

    @property
    def bounds_folder(self) -> bool:
        """Whether the kernel bounds what a worker's folder holds: nobody need measure it."""
        return self.namespaces

    @property
    def layers(self) -> tuple[str, ...]:
        """The names under which a result record lists them."""
        named = {
            "namespaces (mount, pid, net, ipc, uts)": self.namespaces and not self.user_namespace,
            "namespaces (user, mount, pid, net, ipc, uts)": self.namespaces and self.user_namespace,
            "separate user": self.user == "separate",
            "no capabilities": self.isolates,
            **{name: getattr(self, name) for name in RESTRICTIONS},
            "resource limits": self.isolates,
        }
        return (*ALWAYS, *[name for name, active in named.items() if active])

    def as_argument(self) -> str:
        """The plan as one word of a command line."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_argument(text: str) -> Plan:
        """The plan that `as_argument` wrote."""
        return Plan(**json.loads(text))


NONE = Plan()


def restrictions() -> dict[str, Any]:
    """The modules of `RESTRICTIONS` by name; Linux only."""
    return {name: import_module(f"labkit.worker.isolation.{name}") for name in RESTRICTIONS}


def candidates() -> list[Plan]:
    """The plans to try on this machine, the strongest first and `NONE` last."""
    if sys.platform != "linux":
        return [NONE]
    had = [(True, False) if module.available() else (False,) for module in restrictions().values()]
    guards: list[dict[str, Any]] = [dict(zip(RESTRICTIONS, which, strict=True)) for which in product(*had)]
    spaces: list[dict[str, Any]]
    if os.getuid() == 0:
        spaces = [{"namespaces": True, "user": "separate"}, {"user": "separate"}, {"user": "powerless"}]
    else:
        spaces = [{"namespaces": True, "user_namespace": True}, {}]
    plans = [Plan(**space, **guard) for space in spaces for guard in guards]
    return [plan for plan in plans if plan.isolates] + [NONE]
