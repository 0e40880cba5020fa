"""From submissions to result records.

`one` grades a submission, `task` and `pool` carry that out in processes,
`journal` keeps what is finished, `batch` does it for a class, `table` and `summary` show it in a terminal.
"""

from labkit.grade.batch import Batch, Grading
from labkit.grade.one import check_submission, grade_submission
from labkit.record import Record

__all__ = ["Batch", "Grading", "Record", "check_submission", "grade_submission"]
