"""`labkit report`: the figures behind a class, and the pages that show them. It reads records and runs nothing."""

from labkit.report.environment import ReportError
from labkit.report.making import Options
from labkit.report.write import write_report

__all__ = ["Options", "ReportError", "write_report"]
