"""Reads a folder of graded results, and says which file is damaged."""

from __future__ import annotations

import os
from pathlib import Path

from labkit.errors import LabkitError
from labkit.files import CannotRead, read_bounded
from labkit.record import Record, RecordError, read_record

_LARGEST = 32 * 1024 * 1024


class ExportError(LabkitError):
    """Results cannot be exported; the message says which file is at fault and what to do."""


def read_results(folder: Path) -> list[Record]:
    """All results under a folder, ordered by path.

    Raises ExportError, naming the file, where there is none or where one is not a whole `labkit/result/v1`.
    """
    if not folder.is_dir():
        raise ExportError(f"{folder} is not a folder; give the one that `labkit grade --out` wrote.")
    paths = sorted(
        Path(where) / "result.json" for where, _, names in os.walk(folder) if "result.json" in names
    )
    if not paths:
        raise ExportError(f"There is no result.json under {folder}; `labkit grade` writes them.")
    results, problems = [], []
    for path in paths:
        try:
            results.append(_read(path))
        except ExportError as problem:
            problems.append(str(problem))
    if problems:
        others = f" ({len(problems) - 1} more are damaged too.)" if len(problems) > 1 else ""
        raise ExportError(problems[0] + others)
    return results


def _read(path: Path) -> Record:
    try:
        return read_record(read_bounded(path, _LARGEST))
    except CannotRead as error:
        raise ExportError(f"{error} Grade this submission again.") from None
    except RecordError as error:
        raise ExportError(f"{path} is damaged: {error}. Grade this submission again.") from None
