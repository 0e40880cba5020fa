"""What became of a submission, as data: verdicts, checks, the person, lateness. Read by everything above."""

from labkit.record.answers import Answers, Choice, Code, answers_in
from labkit.record.check import CHECK_FAILED, CheckResult, Misconception, tally
from labkit.record.figure import Bars, Confusion, Curves, Figure, Images
from labkit.record.late import Late, settle
from labkit.record.points import rounded
from labkit.record.reading import RecordError, read_record, record_from
from labkit.record.record import GRADER_FAILED, Record, salt_id, versions, without_times
from labkit.record.student import Student
from labkit.record.verdict import Verdict

__all__ = [
    "CHECK_FAILED",
    "GRADER_FAILED",
    "Answers",
    "Bars",
    "CheckResult",
    "Choice",
    "Code",
    "Confusion",
    "Curves",
    "Figure",
    "Images",
    "Late",
    "Misconception",
    "Record",
    "RecordError",
    "Student",
    "Verdict",
    "answers_in",
    "read_record",
    "record_from",
    "rounded",
    "salt_id",
    "settle",
    "tally",
    "versions",
    "without_times",
]
