"""Autolab: the line with scores that an autograder prints last.

The problems of the assessment are the lab's questions ("1.3"). Points that lateness cost are a problem of their own
with a negative score, `late`, so that the sum is the final score. Autolab's page may show what is printed as HTML, so
remarks are escaped.
"""

from __future__ import annotations

import html

from labkit.platforms.grades import Result, final_score, folders, penalty, questions, remarks
from labkit.platforms.request import Exported, Request
from labkit.text import json_text, one_line

SUMMARY = "for each submission the line of scores that Autolab reads last"


def write(results: list[Result], request: Request) -> Exported:
    """`<submission>/autolab.txt`: a remark a line, then the scores."""
    return Exported(
        {
            f"{folder}/autolab.txt": "".join(
                f"{html.escape(one_line(remark), quote=False)}\n" for remark in remarks(result)
            )
            + scores(result)
            for folder, result in zip(folders(results), results, strict=True)
        }
    )


def scores(result: Result) -> str:
    """The one line of JSON; print it last."""
    problems = {one_line(question, 20): earned for question, (earned, _) in questions(result).items()}
    if penalty(result):
        problems["late"] = -penalty(result)
    return json_text({"scores": problems, "scoreboard": [final_score(result)]}, indent=None)
