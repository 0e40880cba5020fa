"""JUnit XML: one suite for each submission, one case for each check.

The schema has no points: they are properties of the suite, "points.<check>" beside the totals. Whoever may read the
log of a run may read this, so hidden checks keep their names to themselves. Every element and
attribute is one that Jenkins, GitLab and GitHub's reporters read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree

from labkit.platforms.grades import is_shown, message, percent, remarks, title, who
from labkit.platforms.platform import Exported, Platform, Request
from labkit.record import Record
from labkit.text import inert, one_line


class JUnit(Platform):
    """JUnit XML, which CI systems read."""

    name = "junit"
    writes = "junit.xml, a suite for each submission, points as properties"

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """`junit.xml`."""
        suites = [_suite(record, request.hidden) for record in records]
        root = ElementTree.Element("testsuites", {"name": "labkit", **_sums(suites)})
        root.extend(suites)
        ElementTree.indent(root, " ")
        text = ElementTree.tostring(root, encoding="unicode", xml_declaration=False)
        return Exported({"junit.xml": f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'})


def _suite(record: Record, hidden: str) -> ElementTree.Element:
    checks = record.counted_checks
    ends = [check.verdict.junit for check in checks]
    name = one_line(record.submission)
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": name,
            "tests": str(len(checks)),
            "failures": str(ends.count("failure")),
            "errors": str(ends.count("error")),
            "skipped": str(ends.count("skipped")),
            "time": f"{sum(check.seconds for check in checks):.3f}",
            "timestamp": _timestamp(record),
            "hostname": "localhost",
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    totals = {
        "lab": one_line(record.lab),
        "student": who(record),
        "score": f"{record.final_score:g}",
        "max_score": f"{record.max_score:g}",
        "raw_score": f"{record.score:g}",
        "percent": f"{percent(record):g}",
    }
    points = {
        f"points.{one_line(check.id) if is_shown(check, hidden) else title(check, record, hidden)}": (
            f"{check.points:g}/{check.max_points:g}"
        )
        for check in checks
    }
    for key, value in (totals | points).items():
        ElementTree.SubElement(properties, "property", {"name": key, "value": value})
    for check in checks:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            {
                "classname": f"{one_line(record.lab) or 'lab'}.{one_line(check.question, 20)}",
                "name": title(check, record, hidden),
                "time": f"{check.seconds:.3f}",
            },
        )
        verdict = check.verdict
        if verdict.junit is None:
            continue
        said = message(check, hidden)
        first = one_line(said) or verdict.words
        end = ElementTree.SubElement(case, verdict.junit, {"message": first})
        if verdict.junit != "skipped":
            end.set("type", verdict.value)
            end.text = said or None
    if said := "\n".join(remarks(record)):
        ElementTree.SubElement(suite, "system-out").text = inert(said, 20_000)
    return suite


def _sums(suites: list[ElementTree.Element]) -> dict[str, str]:
    counts = {
        key: str(sum(int(suite.get(key, "0")) for suite in suites))
        for key in ("tests", "failures", "errors", "skipped")
    }
    return counts | {"time": f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}"}


def _timestamp(record: Record) -> str:
    """When grading began, without offset as the schema has it."""
    try:
        moment = datetime.fromisoformat(record.started_at)
    except ValueError:
        return "1970-01-01T00:00:00"
    return moment.replace(tzinfo=None, microsecond=0).isoformat()
