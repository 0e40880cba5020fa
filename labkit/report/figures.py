"""`report.json`: the figures of a class, made from its records; pages and tables are made from these alone."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from labkit.record import Record

SCHEMA = "labkit/report/v1"


class Report(Struct, frozen=True, kw_only=True):
    """The figures of a folder of graded results."""

    schema: str = SCHEMA
    submissions: int


def figures(records: Iterable[Record]) -> Report:
    """The figures of these records."""
    return Report(submissions=sum(1 for _ in records))
