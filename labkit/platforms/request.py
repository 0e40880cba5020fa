"""What an export is asked for beside the results, and what it answers: files by name, and what to tell the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """How to export.

    `hidden`: when students may see hidden checks. `sheet`: a downloaded gradebook or worksheet, its bytes.
    `columns`: the sheet's column for each lab, `""` for any lab. `environment`: what a runner says of the submission.
    """

    hidden: str = "after_published"
    sheet: bytes | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exported:
    """Files by relative path, and sentences for whoever exports: whom the sheet lacks, what was left as it was."""

    files: dict[str, str | bytes]
    notes: tuple[str, ...] = ()
