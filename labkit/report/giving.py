"""The students' pages of a folder of results, and the zip by which a platform gives them back."""

from __future__ import annotations

import io
import zipfile
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from labkit.course import Course
from labkit.files import CannotRead, read_bounded
from labkit.grade.journal import earlier
from labkit.people import Register
from labkit.platforms import platforms
from labkit.platforms.origin import open_origin
from labkit.record import Record
from labkit.report.environment import ReportError
from labkit.report.figures import LabFigures, Report
from labkit.report.reading import as_they_count, records
from labkit.report.student import Standing, student_page

PAGE = "report.html"
LEAST = 10  # others, below which a class shows nothing of itself to a student
_MOST_PRINTED = 64 * 1024  # bytes
_YEAR = (1980, 1, 1, 0, 0, 0)  # of all files in a zip, so that equal pages are equal bytes


def student_pages(
    folder: Path,
    report: Report,
    language: str,
    hidden: bool = False,
    show_class: bool = False,
    course: Course | None = None,
) -> Iterator[tuple[str, str]]:
    """The place of each page in the folder, and the page. A member of a group about whom something was
    decided alone has one more.
    """
    labs = {lab.lab: lab for lab in report.labs}
    scores = {
        name: sorted(one.score for one in lab.students if one.part == "counted") for name, lab in labs.items()
    }
    before = earlier(folder)
    for record in filter(partial(_is_here, folder), as_they_count(folder, course)):
        for one, name in [(record, PAGE), *_own(record)]:
            html = student_page(
                one,
                output=_printed(folder / record.submission / "output.txt"),
                before=before.get(record.submission),
                standing=_standing(scores.get(record.lab, []), one.final_score) if show_class else None,
                hidden=hidden,
                titles=_titles(labs.get(record.lab)),
                language=language,
            )
            yield f"{record.submission}/{name}", html


def _own(record: Record) -> Iterator[tuple[Record, str]]:
    """The record as it counts for each member about whom something was decided alone, and the name of the page."""
    for one in record.individual:
        person = replace(
            record.student.people[one.member], submitted_at=record.student.submitted_at, group=()
        )
        yield replace(record.of(one.member), student=person), f"report-{one.member + 1}.html"


def _is_here(folder: Path, record: Record) -> bool:
    """Whether a record lies where it says: one that somebody has edited must not lead elsewhere."""
    parts = Path(record.submission).parts
    return (
        ".." not in parts and (folder / record.submission / "result.json").is_file() and parts[:1] != ("/",)
    )


def _titles(lab: LabFigures | None) -> Mapping[str, str]:
    return {"": lab.title, **lab.questions} if lab else {}


def _printed(path: Path) -> str:
    try:
        return read_bounded(path, _MOST_PRINTED * 4).decode("utf-8", "replace")
    except CannotRead:
        return ""


def _standing(scores: list[float], own: float) -> Standing | None:
    """Where the others stand; None where they are few."""
    place = bisect_left(scores, own)
    others = np.delete(scores, place) if place < len(scores) and scores[place] == own else np.array(scores)
    if len(others) < LEAST:
        return None
    low, median, high = (round(float(value), 1) for value in np.quantile(others, (0.25, 0.5, 0.75)))
    return Standing(low, median, high, len(others))


# --- giving back -----------------------------------------------------------------------------------------------------


def bundle(folder: Path, name: str, export: Path) -> tuple[bytes, list[str]]:
    """A zip of the pages in a folder, by the names by which a platform knows whose they are, and who has none there.

    `export` is what was downloaded from it: the zip or the folder. Raises ReportError where it is no such export.
    """
    platform = platforms().get(name)
    giving = {one.name for one in platforms().values() if one.gives_back}
    if platform is None or not platform.gives_back:
        raise ReportError(f"--bundle is for {' or '.join(sorted(giving))}, not {name!r}.")
    origin = open_origin(export)
    for candidate in filter(None, (origin, origin.only_folder)):
        owners: dict = {}
        for file in platform.base(candidate).files:
            if (owner := platform.owner(file)) is not None:
                owners.setdefault(owner, []).append(file)
        if owners:
            break
    else:
        raise ReportError(f"{export} holds nothing that {name} exports; give what was downloaded from it.")
    places: dict[str, str] = {}
    students, names = [], []
    for files in owners.values():
        back = platform.page_of(files[0])
        for found in platform.find(candidate, {platform.owner(files[0]): files}):
            places[found.name] = back
            students.append(found.student)
            names.append(found.name)
    register, stream, lost, taken = Register(students), io.BytesIO(), [], set()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for record in filter(partial(_is_here, folder), records(folder)):
            place = None if record.submission in places else register.find(record.student).place
            back = places.get(record.submission if place is None else names[place], "")
            if not back or back in taken:
                lost.append(record.student.name or record.submission)
                continue
            taken.add(back)
            page = (folder / record.submission / PAGE).read_bytes()
            archive.writestr(zipfile.ZipInfo(back, _YEAR), page, zipfile.ZIP_DEFLATED)
    return stream.getvalue(), lost
