"""`labkit report DIR`: reads records, makes the figures, and from these alone the pages and tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from labkit.files import write_atomically, writing
from labkit.report.environment import page
from labkit.report.figures import figures
from labkit.report.reading import records


@dataclass(frozen=True)
class Options:
    """What the person who asks for a report has chosen."""

    language: str = "en"


def write_report(folder: Path, options: Options) -> list[Path]:
    """Write all that a report is made of into the folder; returns what has changed. Raises ReportError, CannotWrite."""
    report = figures(records(folder))
    made = {
        "report.json": msgspec.json.format(msgspec.json.encode(report), indent=1).decode() + "\n",
        "report.html": page("class.html", options.language, report=report),
    }
    return [folder / name for name, text in made.items() if write_if_changed(folder / name, text)]


def write_if_changed(path: Path, text: str) -> bool:
    """Write the file, whole, unless it holds the text already; whether it did not. Raises CannotWrite."""
    data = text.encode("utf-8", "backslashreplace")
    with writing(path):
        try:
            same = path.stat().st_size == len(data) and path.read_bytes() == data
        except FileNotFoundError:
            same = False
        if not same:
            write_atomically(path, data, durable=False)
    return not same
