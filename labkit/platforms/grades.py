"""What every format asks of a result record: its final score, its student, what students may see of a check.

A record is the data of one `result.json`. Keys beyond the schema's core may be missing: `student` (`id`, `name`,
`email`, `submitted_at`, `attempt`) and `late` (see `labkit.record.late`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from labkit.text import inert, one_line

Result = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """How one verdict is told outside: as passed or not, as an element of JUnit, and in words."""

    passed: bool
    junit: str | None
    words: str


#: Every verdict, and what it becomes. Only `passed` passes; what did not run is no success anywhere.
VERDICTS = {
    "passed": Verdict(True, None, "passed"),
    "failed": Verdict(False, "failure", "failed"),
    # not "skipped": a starter that nobody touched must not look green
    "not_attempted": Verdict(False, "failure", "not attempted"),
    "not_run": Verdict(False, "skipped", "not run"),
    "error": Verdict(False, "error", "no usable answer"),
}

#: When a student may see the title and the message of a hidden check; the words are Gradescope's.
VISIBILITIES = ("hidden", "after_due_date", "after_published", "visible")


def final_score(result: Result) -> float:
    """The score that counts: after the late policy where there is one, never outside 0 and the maximum."""
    late = result.get("late") or {}
    score = late.get("score", result["score"])
    if not isinstance(score, (int, float)) or not math.isfinite(score):
        score = result["score"]
    return tidy(min(max(score, 0), result["max_score"]))


def penalty(result: Result) -> float:
    """Points that the late policy took off."""
    return tidy(max(result["score"] - final_score(result), 0))


def percent(result: Result) -> float:
    """The final score in percent of the maximum; 0 where there is nothing to earn."""
    return round(100 * final_score(result) / result["max_score"], 2) if result["max_score"] else 0.0


def student(result: Result, key: str) -> str:
    """What is known of the student: `id`, `name`, `email` or `submitted_at`; empty where it is not."""
    value = (result.get("student") or {}).get(key)
    return "" if value is None else one_line(value, 200)


def who(result: Result) -> str:
    """The student's id, or, where nobody said it, the submission's name."""
    return student(result, "id") or one_line(result["submission"], 200) or "unknown"


def is_shown(check: dict[str, Any], hidden: str) -> bool:
    """Whether a format without visibility rules may show a check's title and message to a student."""
    return not check["hidden"] or hidden == "visible"


def title(check: dict[str, Any], result: Result, hidden: str) -> str:
    """A check's title, or for a hidden one just its question and number."""
    if is_shown(check, hidden):
        return one_line(check["title"], 200) or one_line(check["id"], 200) or "a check"
    alike = [c["id"] for c in result["checks"] if c["hidden"] and c["question"] == check["question"]]
    return f"hidden check {alike.index(check['id']) + 1} of question {one_line(check['question'], 20)}"


def message(check: dict[str, Any], hidden: str, limit: int = 2000) -> str:
    """What a student reads under a check: what went wrong, and the mistake's name; empty where it is hidden."""
    if not is_shown(check, hidden) or check["verdict"] == "passed":
        return ""
    mistake = (check.get("misconception") or {}).get("sentence")
    parts = [check["message"], mistake and f"→ {mistake}"]
    return inert("\n".join(part for part in parts if part), limit) or VERDICTS[check["verdict"]].words


def questions(result: Result) -> dict[str, tuple[float, float]]:
    """Points earned and to be earned for each question, in order."""
    points: dict[str, tuple[float, float]] = {}
    for check in result["checks"]:
        earned, most = points.get(check["question"], (0, 0))
        points[check["question"]] = (tidy(earned + check["points"]), tidy(most + check["max_points"]))
    return points


def remarks(result: Result) -> list[str]:
    """What is said of the submission as a whole: the notes, and what lateness did."""
    late = result.get("late") or {}
    said = [*result["notes"], *([late["note"]] if late.get("note") else [])]
    if penalty(result):
        said.append(f"{penalty(result):g} of {result['score']:g} points were taken off for lateness.")
    return [inert(note, 600) for note in said[:100]]


def folders(results: list[Result]) -> list[str]:
    """A relative folder for each result, by its submission's name; distinct, and never outside the target."""
    taken: set[str] = set()
    names = []
    for result in results:
        parts = [_part(part) for part in PurePosixPath(result["submission"].replace("\\", "/")).parts]
        name = "/".join(part for part in parts if part) or "submission"
        number, choice = 1, name
        while choice.casefold() in taken:
            number += 1
            choice = f"{name}-{number}"
        taken.add(choice.casefold())
        names.append(choice)
    return names


def _part(part: str) -> str:
    """A name that every file system takes as one plain folder; empty for `..`, `/` and the like."""
    kept = "".join("_" if character in '<>:"|?*/' else character for character in one_line(part, 100))
    return kept.strip(". ")


def tidy(points: float) -> float:
    """A whole number where it is one, else two decimals."""
    rounded = round(points, 2)
    return int(rounded) if rounded == int(rounded) else rounded
