"""What every format asks of a record: its student, and what students may see of a check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from labkit.record import CheckResult, Record, by_question, how_it_counts, tally
from labkit.text import inert, one_line


def percent(record: Record) -> float:
    """The final score in percent of the maximum; 0 where there is nothing to earn."""
    return round(100 * record.final_score / record.max_score, 2) if record.max_score else 0.0


def share(record: Record) -> float:
    """The final score as a share of the maximum; 0 where there is nothing to earn."""
    return round(record.final_score / record.max_score, 6) if record.max_score else 0.0


def told(known: object) -> str:
    """What is known of a student as a text of one line; empty where it is not."""
    return "" if known is None else one_line(known, 200)


def who(record: Record) -> str:
    """The student's id, or, where nobody said it, the submission's name."""
    return told(record.student.id) or one_line(record.submission, 200) or "unknown"


def is_shown(check: CheckResult, hidden: str) -> bool:
    """Whether a format without visibility rules may show a check's title and message to a student."""
    return not check.hidden or hidden == "visible"


def plain_title(check: CheckResult) -> str:
    """A check's title, whoever may see it."""
    return one_line(check.title, 200) or one_line(check.id, 200) or "a check"


def title(check: CheckResult, record: Record, hidden: str) -> str:
    """A check's title, or for a hidden one just its question and number."""
    if is_shown(check, hidden):
        return plain_title(check)
    alike = [c.id for c in record.checks if c.hidden and c.question == check.question]
    return f"hidden check {alike.index(check.id) + 1} of question {one_line(check.question, 20)}"


def message(check: CheckResult, hidden: str, limit: int = 2000) -> str:
    """What a student reads under a check: what went wrong, and the mistake's name; empty where it is hidden."""
    if not is_shown(check, hidden) or check.verdict.passed:
        return ""
    parts = [check.message, check.teaches and f"→ {check.teaches}"]
    return inert("\n".join(part for part in parts if part), limit) or check.verdict.words


def questions(record: Record) -> dict[str, tuple[float, float]]:
    """Points that count before lateness, and points to be earned, for each question in order."""
    return {question: tally(checks) for question, checks in by_question(record.counted_checks).items()}


def remarks(record: Record) -> list[str]:
    """What is said of the submission as a whole: the notes, what a human decided, and what lateness did."""
    return [inert(note, 600) for note in [*record.notes[:100], *how_it_counts(record)][:200]]


def file_for_each(
    records: Sequence[Record], name: str, text: Callable[[Record], str]
) -> dict[str, str | bytes]:
    """`<submission>/name` for each record."""
    return {
        f"{folder}/{name}": text(record) for folder, record in zip(folders(records), records, strict=True)
    }


def folders(records: Sequence[Record]) -> list[str]:
    """A relative folder for each record, by its submission's name; distinct, and never outside the target."""
    taken: set[str] = set()
    names = []
    for record in records:
        parts = [_part(part) for part in PurePosixPath(record.submission.replace("\\", "/")).parts]
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
