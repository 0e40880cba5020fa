"""Records that are kept: what they rest on, what they say today, and the names of their mistakes.

A verdict rests on code: of the solution, of its checks, of the libraries. Prose, known mistakes and points may change
without anybody's code being run again; what a kept record says of them is then taken from today's lab.
"""

from __future__ import annotations

import hashlib
import os
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
def verdict_hash(lab: Lab) -> str:
    """A digest of all in a lab's folder that its verdicts rest on: with another one, records are made anew."""
    folder = lab.source.parent
    digest = hashlib.sha256(catalogue.codes(lab, MISCONCEPTIONS)[0].encode())
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
        for name in sorted(names):
            path = Path(where) / name
            inside = path.relative_to(folder).as_posix()
            if inside in _READ_OTHERWISE or name.startswith(".") or name.endswith(".pyc"):
                continue
            digest.update(f"{inside}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


_READ_OTHERWISE = ("lab.py", "test_lab.py", MISCONCEPTIONS, VARIANTS)


def restated(record: Record, lab: Lab) -> Record:
    """A kept record with today's titles and points; what a check had earned stays the same share of its points."""
    today = {info.name: info for info in lab.checks}
    return replace(record, checks=tuple(_restated(check, today[check.id]) for check in record.checks))


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
