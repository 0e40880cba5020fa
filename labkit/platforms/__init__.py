"""Outside systems: ONE file for each, with all that is known of it.

A file of this folder that defines a `Platform` is one; help, documentation and tests know it by that.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from labkit.platforms import finding, results
from labkit.platforms.platform import VISIBILITIES, Exported, ExportError, Platform, Request
from labkit.platforms.results import current, only_text, read_results, write_files
from labkit.record import Record, Student
from labkit.record.found import Found

__all__ = [
    "VISIBILITIES",
    "ExportError",
    "Exported",
    "Platform",
    "Request",
    "current",
    "export",
    "find_submissions",
    "named",
    "only_text",
    "platforms",
    "read_results",
    "table",
    "whose",
    "write_files",
]


@cache
def platforms() -> dict[str, Platform]:
    """All platforms by name."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    kinds = [kind for module in modules for kind in vars(module).values() if _is_one(kind, module.__name__)]
    return {kind.name: kind() for kind in sorted(kinds, key=lambda kind: kind.name)}


def named(name: str) -> Platform:
    """The platform of that name for which results can be written. Raises ExportError, listing all."""
    known = {name: platform for name, platform in platforms().items() if platform.writes}
    if name not in known:
        raise ExportError(f"There is no format {name!r}; choose one of {', '.join(known)}.")
    return known[name]


def export(records: Sequence[Record], name: str, request: Request | None = None) -> Exported:
    """The records in a platform's format. Raises ExportError."""
    return results.export(records, named(name), request)


def find_submissions(
    paths: Sequence[Path], layout: str = "auto", say: Callable[[str], object] = lambda _: None
) -> list[Found]:
    """What lies under the paths, as any platform exports it or as people keep it; see `labkit.platforms.finding`."""
    return finding.find_submissions(paths, list(platforms().values()), layout, say)


def whose(name: str) -> Student | None:
    """What the name of a download tells of its student, whichever platform made it; None for any other name."""
    told = (platform.whose(name) for platform in platforms().values())
    return next((student for student in told if student is not None), None)


def table() -> str:
    """What each platform is read and written as, in Markdown."""
    rows = [("platform", "reads", "writes"), ("---", "---", "---")]
    rows += [(f"`{name}`", platform.reads, platform.writes) for name, platform in platforms().items()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _is_one(kind: object, module: str) -> bool:
    return (
        isinstance(kind, type)
        and issubclass(kind, Platform)
        and kind.__module__ == module
        and bool(kind.name)
    )
