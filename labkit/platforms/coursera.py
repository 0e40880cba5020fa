"""Coursera: `feedback.json` of a custom grader, the share of the points and a feedback in plain text."""

from __future__ import annotations

from labkit.platforms.grades import file_for_each, message, remarks, share, title
from labkit.platforms.request import Exported, Request
from labkit.record import Record, tally
from labkit.text import inert, json_text, one_line

SUMMARY = "feedback.json for each submission: the share of points, and a text"
_LONGEST = 50_000


def write(results: list[Record], request: Request) -> Exported:
    """`<submission>/feedback.json` for each result."""

    def text(result: Record) -> str:
        said = inert(feedback(result, request.hidden), _LONGEST)
        return json_text({"fractionalScore": share(result), "feedback": said})

    return Exported(file_for_each(results, "feedback.json", text))


def feedback(result: Record, hidden: str) -> str:
    """Points for each question, and under it what went wrong."""
    lines = [f"{result.final_score:g} of {result.max_score:g} points", *remarks(result)]
    for question, checks in result.by_question().items():
        earned, most = tally(checks)
        lines.append(f"\nQuestion {one_line(question, 20)}: {earned:g} of {most:g}")
        for check in checks:
            if not check.verdict.passed:
                said = message(check, hidden, 600)
                lines.append(f"- {title(check, result, hidden)}: {said or 'not passed'}")
    return "\n".join(lines)
