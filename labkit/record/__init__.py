"""What became of a submission, as data: verdicts, checks, the person, lateness. Read by everything above."""

from labkit.record.adjusted import Adjusted
from labkit.record.answers import Answers, Choice, Code, answers_in
from labkit.record.check import CHECK_FAILED, FILE_NOT_READ, CheckResult, Misconception, by_question, tally
from labkit.record.counting import how_it_counts
from labkit.record.figure import Bars, Confusion, Curves, Figure, Images, Score
from labkit.record.late import Extension, Late, settle
from labkit.record.points import rounded
from labkit.record.reading import RecordError, read_record, record_from
from labkit.record.record import GRADER_FAILED, Individual, Record, salt_id, versions, without_times
from labkit.record.student import Student
from labkit.record.verdict import Verdict

__all__ = [
    "CHECK_FAILED",
    "FILE_NOT_READ",
    "GRADER_FAILED",
    "Adjusted",
    "Answers",
    "Bars",
    "CheckResult",
    "Choice",
    "Code",
    "Confusion",
    "Curves",
    "Extension",
    "Figure",
    "Images",
    "Individual",
    "Late",
    "Misconception",
    "Record",
    "RecordError",
    "Score",
    "Student",
    "Verdict",
    "answers_in",
    "by_question",
    "how_it_counts",
    "read_record",
    "record_from",
    "rounded",
    "salt_id",
    "settle",
    "tally",
    "versions",
    "without_times",
]
