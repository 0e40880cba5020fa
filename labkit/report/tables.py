"""The figures as tables for a spreadsheet: checks, mistakes, clusters, pairs, students."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.report.figures import LETTERS, LabFigures, Report
from labkit.report.statistics import Estimate
from labkit.text import csv_text

Line = list[object]


def tables(report: Report) -> dict[str, str]:
    """The text of each table, by its name."""
    texts = {}
    for name, rows in zip(_HEADS, (_checks, _mistakes, _clusters, _pairs, _students), strict=True):
        lines = [[lab.lab, *row] for lab in report.labs for row in rows(lab)]
        texts[name] = csv_text([["lab", *_HEADS[name].split()], *lines])
    return texts


_VERDICTS = " ".join(name or "unknown" for name in LETTERS)
_HEADS = {
    "checks": "question check title points hidden p p_low p_high p_n p_attempted p_attempted_n r r_low r_high r_n d27 "
    f"fifth1 fifth2 fifth3 fifth4 fifth5 {_VERDICTS} named seconds_median seconds_p95 limit near_limit flags",
    "mistakes": "question mistake sentence n failed points_lost fail_later students",
    "clusters": "question checks n message students",
    "pairs": "first second rank dice common_parts equal_wrong_answers group",
    "students": "submission name id section part points raw days_late adjusted checks mistakes",
}


def _checks(lab: LabFigures) -> Iterator[Line]:
    for item in lab.items:
        attempted = item.p_attempted
        yield [
            *(item.question, item.id, item.title, item.max_points, item.hidden, *_estimate(item.p)),
            *((attempted.value, attempted.n) if attempted else ("", "")),
            *(*_estimate(item.r), _or(item.d27), *(item.fifths or [""] * 5)),
            *(*(item.counts.get(letter, 0) for letter in LETTERS.values()), _or(item.named)),
            *(*(item.seconds or ("", "")), _or(item.limit), _or(item.near_limit), "; ".join(item.flags)),
        ]


def _mistakes(lab: LabFigures) -> Iterator[Line]:
    for one in lab.mistakes:
        counts = (len(one.who), one.failed, one.points_lost, one.later)
        yield [one.question, one.id, one.sentence, *counts, _names(lab, one.who)]


def _clusters(lab: LabFigures) -> Iterator[Line]:
    for one in lab.clusters:
        yield [one.question, " ".join(one.checks), len(one.who), one.message, _names(lab, one.who)]


def _pairs(lab: LabFigures) -> Iterator[Line]:
    for one in lab.alike:
        both = (lab.students[one.first].submission, lab.students[one.second].submission)
        yield [*both, one.rank, one.dice, one.parts, one.failures, one.group or ""]


def _students(lab: LabFigures) -> Iterator[Line]:
    for one in lab.students:
        who = (one.submission, one.name, one.id, one.section, one.part)
        yield [*who, one.score, one.raw, _or(one.late), one.adjusted, one.strip, "; ".join(one.mistakes)]


def _estimate(estimate: Estimate | None) -> Line:
    if estimate is None:
        return ["", "", "", ""]
    return [estimate.value, _or(estimate.low), _or(estimate.high), estimate.n]


def _or(value: object) -> object:
    return "" if value is None else value


def _names(lab: LabFigures, who: tuple[int, ...]) -> str:
    return "; ".join(lab.students[place].submission for place in who)
