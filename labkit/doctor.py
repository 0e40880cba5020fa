"""What `labkit doctor` looks at."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from labkit.course import CourseError, find_course
from labkit.worker import WorkerUnavailable, strongest_plan

_LIBRARIES = ("labkit", "tensorflow", "keras", "numpy", "matplotlib", "scikit-learn", "pytest")
_OLDEST_KERAS = (3, 15)  # older loaders have CVEs, and scale activity regularizers by the batch size


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its state, whether that is good, and what to do where it is not."""

    subject: str
    state: str
    good: bool = True
    remedy: str = ""


def examine(course: Path | None = None) -> list[Finding]:
    """Versions, data, isolation and course of this installation."""
    return [_python(), *map(_library, _LIBRARIES), _data(), _isolation(), _course(course)]


def _python() -> Finding:
    good = sys.version_info >= (3, 11)
    return Finding("python", platform.python_version(), good, "" if good else "Install Python 3.11 or newer.")


def _library(name: str) -> Finding:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "missing", False, "Run `pip install -r requirements.txt`.")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if name == "keras" and numbers < _OLDEST_KERAS:
        return Finding(name, version, False, "Run `pip install 'keras>=3.15'`; older versions are not safe.")
    return Finding(name, version)


def _data() -> Finding:
    from labkit.data import MNIST_MD5, DataError, checksums

    try:
        sums = checksums()
    except DataError as error:
        return Finding("MNIST", str(error), False, "Install labkit again.")
    wrong = [name for name, md5 in sums.items() if MNIST_MD5[name] != md5]
    if wrong:
        return Finding("MNIST", f"checksums differ: {', '.join(wrong)}", False, "Install labkit again.")
    return Finding("MNIST", "60,000 + 10,000 digits, the four checksums agree")


def _isolation() -> Finding:
    try:
        plan = strongest_plan()
    except WorkerUnavailable as problem:
        return Finding(
            "isolation", str(problem), False, "Submissions cannot be run at all; install labkit again."
        )
    if plan.isolates:
        return Finding("isolation", ", ".join(plan.layers))
    remedy = "`labkit check` works; grade on Linux 5.13 or newer, or with --isolation none where you trust the files."
    return Finding("isolation", ", ".join(plan.layers), True, remedy)


def _course(course: Path | None) -> Finding:
    try:
        found = find_course(given=course)
    except CourseError as error:
        return Finding("course", str(error), False, "Only `labkit doctor` works outside a course.")
    return Finding("course", f"{found.title} ({len(found.labs)} labs) in {found.root}")
