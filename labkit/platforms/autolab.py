"""Autolab: the line with scores that an autograder prints last.

The problems of the assessment are the lab's questions ("1.3"). Points that lateness cost are a problem of their own
with a negative score, `late`, so that the sum is the final score. Autolab's page may show what is printed as HTML, so
remarks are escaped.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from labkit.platforms.grades import file_for_each, questions, remarks
from labkit.platforms.platform import Exported, Platform, Request
from labkit.record import Record
from labkit.text import json_text, one_line


class Autolab(Platform):
    """Autolab."""

    name = "autolab"
    writes = "for each submission the line of scores that it reads last"

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """`<submission>/autolab.txt`: a remark a line, then the scores."""
        questions_ = dict.fromkeys(question for record in records for question in record.by_question())
        notes = [f"The assessment in Autolab must have the problems {', '.join(map(one_line, questions_))}."]
        if any(record.penalty for record in records):
            notes.append(
                "Lateness costs points: the assessment must have a problem called late, too, which may be negative."
            )
        return Exported(file_for_each(records, "autolab.txt", _printed), tuple(notes))


def scores(record: Record) -> str:
    """The one line of JSON; print it last."""
    problems = {one_line(question, 20): earned for question, (earned, _) in questions(record).items()}
    if record.penalty:
        problems["late"] = -record.penalty
    return json_text({"scores": problems, "scoreboard": [record.final_score]}, indent=None)


def _printed(record: Record) -> str:
    said = [f"{html.escape(one_line(remark), quote=False)}\n" for remark in remarks(record)]
    return "".join(said) + scores(record)
