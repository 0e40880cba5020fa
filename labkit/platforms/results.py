"""From a folder of graded results to files in another system's format: what is exported, and what is not."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from labkit.files import CannotRead, read_bounded, writing
from labkit.grade.journal import is_finished
from labkit.platforms.platform import Exported, ExportError, Platform, Request
from labkit.record import Record, RecordError, read_record
from labkit.text import csv_cell, one_line

_LARGEST = 32 * 1024 * 1024
_MOST_NAMED = 10


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


def current(records: list[Record], folder: Path) -> tuple[list[Record], list[str]]:
    """The records that the last run of `labkit grade` decided or kept, as its grades.csv has them, and a sentence
    about the others: an older submission of somebody, somebody who left; and one where that run was stopped.
    """
    notes = []
    if not is_finished(folder):
        notes.append(
            f"The last `labkit grade` into {folder} did not come to its end: what is exported may be of several runs. "
            "The same command again finishes it."
        )
    try:
        with open(folder / "grades.csv", encoding="utf-8", newline="") as stream:
            names = {row.get("submission") for row in csv.DictReader(stream)}
    except (OSError, UnicodeDecodeError, csv.Error):
        return records, notes
    older = [record for record in records if csv_cell(record.submission) not in names]
    if not older:
        return records, notes
    sentence = f"{_named(older)} from an earlier run, not in {folder / 'grades.csv'}; not exported."
    return [record for record in records if csv_cell(record.submission) in names], [*notes, sentence]


def export(records: Sequence[Record], platform: Platform, request: Request | None = None) -> Exported:
    """The records in a platform's format. What is no grade is left out, and named. Raises ExportError."""
    labs = {record.lab for record in records if record.lab}
    failed, lost, kept = [], [], []
    for record in records:
        if record.grader_failed:
            failed.append(record)
        elif record.lab or len(labs) < 2:
            # a file that could not be read may not even say of which lab it is
            kept.append(record if record.lab else replace(record, lab=next(iter(labs), "")))
        else:
            lost.append(record)
    notes = []
    if failed:
        notes.append(
            f"{_named(failed)} left out: the grader itself failed, or a check did. Grade again when that is mended."
        )
    if lost:
        notes.append(f"{_named(lost)} left out: nobody knows of which lab they are. Grade them with --lab.")
    if not kept:
        raise ExportError(" ".join(notes) or "There is nothing to export.")
    if not platform.for_each:
        notes += [said for record in kept if (said := _differing(record, platform.name))]
        kept = [replace(record, individual=()) for record in kept]  # no word of one reaches the others
    written = platform.write(kept, request or Request())
    return Exported(written.files, (*notes, *written.notes))


def write_files(files: Mapping[str, str | bytes], target: Path, may_be_file: bool = True) -> list[Path]:
    """Write all files; returns what to tell of: the files, or the folder where there are several.

    `target` is a folder, or, where it may be and has a suffix, a single file itself. Raises CannotWrite.
    """
    single = may_be_file and len(files) == 1 and bool(target.suffix)
    for name, content in files.items():
        path = target if single else target / name
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    if len(files) <= 3:
        return [target if single else target / name for name in files]
    return [target]


def only_text(files: Mapping[str, str | bytes]) -> str:
    """The text of the single file. Raises ExportError where there are more."""
    if len(files) != 1:
        raise ExportError(f"--out - prints a single file, this export has {len(files)}; name a folder.")
    text = next(iter(files.values()))
    return text if isinstance(text, str) else text.decode()


def _differing(record: Record, platform: str) -> str:
    """What is to be said where members of a group count differently, and the platform has one grade for them."""
    scores = {
        person.name or person.id or person.email or "?": record.of(place).final_score
        for place, person in enumerate(record.student.people)
    }
    others = [f"{name} {score:g}" for name, score in scores.items() if score != record.final_score]
    if not others:
        return ""
    return (
        f"{one_line(record.submission)!r} has one grade in {platform}, {record.final_score:g}; give theirs by hand to "
        f"{one_line(', '.join(others), 300)}."
    )


def _named(records: list[Record]) -> str:
    """What is said of some records: whose they are, and the verb."""
    names = [repr(one_line(record.student.name or record.submission)) for record in records[:_MOST_NAMED]]
    more = f" and {len(records) - _MOST_NAMED} more" if len(records) > _MOST_NAMED else ""
    return f"{', '.join(names)}{more} {'is' if len(records) == 1 else 'are'}"


def _read(path: Path) -> Record:
    try:
        return read_record(read_bounded(path, _LARGEST))
    except CannotRead as error:
        raise ExportError(f"{error} Grade this submission again.") from None
    except RecordError as error:
        raise ExportError(f"{path} is damaged: {error}. Grade this submission again.") from None
