"""Coursera: `feedback.json` of a custom grader, the share of the points and a feedback in plain text."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.platforms.grades import file_for_each, message, remarks, share, title
from labkit.platforms.platform import Exported, Platform, Request
from labkit.record import Record, by_question, tally
from labkit.text import inert, json_text, one_line

_LONGEST = 50_000


class Coursera(Platform):
    """Coursera."""

    name = "coursera"
    writes = "feedback.json for each submission: the share of points, and a text"

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """`<submission>/feedback.json` for each record."""

        def text(record: Record) -> str:
            said = inert(feedback(record, request.hidden), _LONGEST)
            return json_text({"fractionalScore": share(record), "feedback": said})

        return Exported(file_for_each(records, "feedback.json", text))


def feedback(record: Record, hidden: str) -> str:
    """Points for each question, and under it what went wrong."""
    lines = [f"{record.final_score:g} of {record.max_score:g} points", *remarks(record)]
    for question, checks in by_question(record.counted_checks).items():
        earned, most = tally(checks)
        lines.append(f"\nQuestion {one_line(question, 20)}: {earned:g} of {most:g}")
        for check in checks:
            if not check.verdict.passed:
                said = message(check, hidden, 600)
                lines.append(f"- {title(check, record, hidden)}: {said or 'not passed'}")
    return "\n".join(lines)
