"""Records that are kept: what they rest on, what they say today, and the names of their mistakes.

A verdict rests on code: of the solution, of its checks, of the libraries. Prose, known mistakes and points may change
without anybody's code being run again; what a kept record says of them is then taken from today's lab.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from labkit.check import catalogue
from labkit.check.catalogue import MISCONCEPTIONS, VARIANTS
from labkit.check.collect import Check, collect
from labkit.check.inputs import Inputs
from labkit.check.naming import KnownMistakes, named
from labkit.course import Lab
from labkit.grade.one import live_answers
from labkit.record import CheckResult, Record


@cache
def check_hashes(lab: Lab) -> dict[str, str]:
    """For each check of a lab a digest of all that its verdict rests on: with another one it is made anew.

    That is its own code, what all checks share, other files beside them, and which checks are with it in a question or
    in one that it waits for.
    """
    shared, own = catalogue.check_codes(lab)
    common = hashlib.sha256(f"{shared}\0threads {lab.threads}\0{lab.asked}".encode())
    for inside, path in _other_files(lab.source.parent):
        common.update(f"\0{inside}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    found = {}
    for info in lab.checks:
        questions = {info.question}
        while (
            more := {name for other in lab.checks if other.question in questions for name in other.needs}
            - questions
        ):
            questions |= more
        beside = [other.name for other in lab.checks if other.question in questions]
        parts = (common.hexdigest(), own.get(info.name, ""), info.question, *beside)
        found[info.name] = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return found


def verdict_hash(lab: Lab) -> str:
    """A digest of all in a lab's folder that its verdicts rest on."""
    return hashlib.sha256("".join(check_hashes(lab).values()).encode()).hexdigest()


def _other_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
        for name in sorted(names):
            path = Path(where) / name
            inside = path.relative_to(folder).as_posix()
            if inside not in _READ_OTHERWISE and not name.startswith(".") and not name.endswith(".pyc"):
                yield inside, path


_READ_OTHERWISE = ("lab.py", "test_lab.py", MISCONCEPTIONS, VARIANTS)


def restated(record: Record, lab: Lab) -> Record:
    """A kept record as today's lab has it: with its checks, their titles, points and order; what a check had earned
    stays the same share of its points.
    """
    kept = {check.id: check for check in record.checks}
    checks = tuple(_restated(kept[info.name], info) for info in lab.checks if info.name in kept)
    return replace(record, checks=checks)


def _restated(check: CheckResult, info) -> CheckResult:
    if check.max_points == info.points:
        points = check.points
    elif check.max_points:
        points = check.points / check.max_points * info.points
    else:
        points = info.points if check.verdict.passed else 0
    return replace(check, title=info.title, points=points, max_points=info.points, needs=info.needs)


def renamed(record: Record, lab: Lab, salt: bytes) -> Record:
    """A record with the names that its signatures deserve by today's known mistakes; no student's code is run."""
    known = KnownMistakes(live_answers(lab), _checks(lab), Inputs(salt))
    return replace(record, checks=tuple(named(record.checks, known)))


@cache
def _checks(lab: Lab) -> dict[str, Check]:
    return {check.info.name: check for check in collect(lab.source.parent / "test_lab.py")}
