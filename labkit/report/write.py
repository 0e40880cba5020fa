"""`labkit report DIR`: from records to figures, and from the figures alone to pages and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from labkit.files import write_atomically, writing
from labkit.record import rounded
from labkit.report.environment import ReportError, digest, inline, page
from labkit.report.figures import LabFigures, Report
from labkit.report.giving import PAGE, bundle, student_pages
from labkit.report.making import Options, course_of, figures_of
from labkit.report.reading import results
from labkit.report.student import is_page
from labkit.report.tables import tables
from labkit.text import json_text, one_line

FOLDER = "report"
_LEFT_OVER = re.compile(r"\..+\.\d+$")


def write_report(folder: Path, options: Options) -> Written:
    """Write all that a report is made of into the folder. Raises ReportError, CannotWrite, SubmissionError."""
    if options.bundle and options.anonymous:
        raise ReportError("--anonymous makes no pages for students, so that --bundle has none to give back.")
    results(folder)  # that the folder is one, before anything is written
    report = figures_of(folder, options)
    for left in (*folder.rglob(".report*"), *(folder / FOLDER).glob(".*")):
        if _LEFT_OVER.match(left.name):  # by a run that was killed
            left.unlink(missing_ok=True)
    made = {"report.json": as_json(report)}
    made |= {f"{FOLDER}/{name}.csv": text for name, text in tables(report).items()}
    made |= pages(report, options.language)
    changed = [name for name, text in made.items() if write_if_changed(folder / name, text)]
    own: set[Path] = set()  # of members of a group, about whom something was decided alone
    if not options.anonymous:
        for name, html in student_pages(
            folder, report, options.language, options.hidden, options.show_class, course_of(options.course)
        ):
            changed += [name] if write_if_changed(folder / name, html) else []
            own |= {folder / name} if not name.endswith(f"/{PAGE}") else set()
        for path in {*folder.rglob("report-*.html")} - own:
            if is_page(path):  # of a decision that was taken back
                path.unlink()
    said: list[str] = []
    if options.bundle is not None:
        platform, export = options.bundle
        name, (data, lost) = f"{FOLDER}/pages-{platform}.zip", bundle(folder, platform, export)
        changed += [name] if write_if_changed(folder / name, data) else []
        said = [f"{who} is not in {export}, and gets no page there." for who in lost]
        said += [
            f"{path} is for one member of a group; no zip has it, give it by hand." for path in sorted(own)
        ]
    return Written([folder / name for name in changed], said)


@dataclass(frozen=True)
class Written:
    """The files that have changed, and sentences for whoever asked for the report."""

    changed: list[Path]
    said: list[str]


def as_json(report: Report) -> str:
    """The text of `report.json`."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1).decode() + "\n"


def pages(report: Report, language: str = "en") -> dict[str, str]:
    """The class's page; of several labs one for each, behind an index."""
    if len(report.labs) == 1:
        return {"report.html": class_page(report.labs[0], report.anonymous, language, "")}
    made = {f"{FOLDER}/{lab.lab or 'unknown'}.html": lab for lab in report.labs}
    index = page("index.html", language, report=report, places=[name for name in made])
    return {"report.html": index} | {
        name: class_page(lab, report.anonymous, language, "../") for name, lab in made.items()
    }


def class_page(lab: LabFigures, anonymous: bool, language: str, root: str) -> str:
    """The page of a lab; `root` leads from it to the folder of results."""
    script = inline("class.js")
    width = lab.max_score / len(lab.counted.bins) if lab.counted.bins else 0
    spans = [
        (f"{at * width:g}", f"{(at + 1) * width:g}", counted, raw)
        for at, (counted, raw) in enumerate(zip(lab.counted.bins, lab.raw.bins, strict=True))
    ]
    facts = {"lab": lab, "anonymous": anonymous, "root": root, "spans": spans}
    rows = json_text(_rows(lab, anonymous, root), None)
    return page("class.html", language, **facts, rows=rows, script=script, script_digest=digest(script))


def _rows(lab: LabFigures, anonymous: bool, root: str) -> dict[str, Any]:
    """What the script of the class's page needs of the students, as short as it can be said."""
    names = dict.fromkeys(name for one in lab.students for name in one.mistakes)
    places = {name: at for at, name in enumerate(names)}
    rows = [
        [
            *(one.name, one.id, one.section, one.part, one.late, one.strip),
            *(rounded(one.score), rounded(one.raw)),
            "" if anonymous else f"{root}{quote(one.submission)}/report.html",
            [places[name] for name in one.mistakes],
        ]
        for one in lab.students
    ]
    checks = [f"{item.question} {one_line(item.title, 60)}" for item in lab.items]
    parts = [len(at) for at in lab.places.values()]
    return {"by": lab.by, "parts": parts, "checks": checks, "mistakes": list(places), "rows": rows}


def write_if_changed(path: Path, text: str | bytes) -> bool:
    """Write the file, whole, unless it holds the text already; whether it did not. Raises CannotWrite."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    with writing(path):
        try:
            same = path.stat().st_size == len(data) and path.read_bytes() == data
        except FileNotFoundError:
            same = False
        if not same:
            write_atomically(path, data, durable=False)
    return not same
