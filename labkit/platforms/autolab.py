"""Autolab: the line with scores that an autograder prints last.

The problems of the assessment are the lab's questions ("1.3"). Points that lateness cost are a problem of their own
with a negative score, `late`, so that the sum is the final score. Autolab's page may show what is printed as HTML, so
remarks are escaped.
"""

from __future__ import annotations

import html

from labkit.platforms.grades import file_for_each, questions, remarks
from labkit.platforms.request import Exported, Request
from labkit.record import Record
from labkit.text import json_text, one_line

SUMMARY = "for each submission the line of scores that Autolab reads last"


def write(results: list[Record], request: Request) -> Exported:
    """`<submission>/autolab.txt`: a remark a line, then the scores."""
    return Exported(file_for_each(results, "autolab.txt", _printed))


def scores(result: Record) -> str:
    """The one line of JSON; print it last."""
    problems = {one_line(question, 20): earned for question, (earned, _) in questions(result).items()}
    if result.penalty:
        problems["late"] = -result.penalty
    return json_text({"scores": problems, "scoreboard": [result.final_score]}, indent=None)


def _printed(result: Record) -> str:
    said = [f"{html.escape(one_line(remark), quote=False)}\n" for remark in remarks(result)]
    return "".join(said) + scores(result)
