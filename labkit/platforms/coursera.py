"""Coursera: `feedback.json` of a custom grader, the share of the points and a feedback in plain text."""

from __future__ import annotations

from labkit.platforms.grades import Result, final_score, folders, message, questions, remarks, title
from labkit.platforms.request import Exported, Request
from labkit.text import inert, json_text, one_line

SUMMARY = "feedback.json for each submission: the share of points, and a text"
_LONGEST = 50_000


def write(results: list[Result], request: Request) -> Exported:
    """`<submission>/feedback.json` for each result."""
    files = {}
    for folder, result in zip(folders(results), results, strict=True):
        share = round(final_score(result) / result["max_score"], 6) if result["max_score"] else 0.0
        data = {"fractionalScore": share, "feedback": inert(feedback(result, request.hidden), _LONGEST)}
        files[f"{folder}/feedback.json"] = json_text(data)
    return Exported(files)


def feedback(result: Result, hidden: str) -> str:
    """Points for each question, and under it what went wrong."""
    lines = [f"{final_score(result):g} of {result['max_score']:g} points", *remarks(result)]
    for question, (earned, most) in questions(result).items():
        lines.append(f"\nQuestion {one_line(question, 20)}: {earned:g} of {most:g}")
        for check in result["checks"]:
            if check["question"] == question and check["verdict"] != "passed":
                said = message(check, hidden, 600)
                lines.append(f"- {title(check, result, hidden)}: {said or 'not passed'}")
    return "\n".join(lines)
