"""From a submission to a result record: one submission, a batch of them, and how they look in a terminal."""

from labkit.grade.batch import Batch, grade_paths
from labkit.grade.one import check_submission, grade_submission
from labkit.grade.record import Record

__all__ = ["Batch", "Record", "check_submission", "grade_paths", "grade_submission"]
