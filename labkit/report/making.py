"""From a folder of records to `report.json`: each lab's figures, with names or without."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labkit.check.catalogue import MISCONCEPTIONS, read_catalogue
from labkit.course import Course, Lab, NoCourse, find_course
from labkit.files import write_atomically, writing
from labkit.grade.journal import earlier
from labkit.people import Roster, listed_values, read_roster
from labkit.record import Record, Student
from labkit.report import clusters as clustering
from labkit.report import items as figures
from labkit.report.alike import alike, given, starter_of
from labkit.report.environment import ReportError
from labkit.report.figures import Change, LabFigures, Person, Report
from labkit.report.gathering import STAFF, Listed, Row, Sheet, letter, sheets
from labkit.report.reading import as_they_count, records

KEY_FILE = "pseudonyms.key"


@dataclass(frozen=True)
class Options:
    """What the person who asks for a report has chosen.

    `roster` is a class list and `by` one of its columns; `against` is another folder of results, by which to tell what
    changed, else the journal tells it; `course` is where the lab itself is known from. For the students' pages: whether
    `hidden` checks are shown as they are, whether the class's quartiles are, and a platform and its export for giving
    them back.
    """

    language: str = "en"
    anonymous: bool = False
    roster: Path | None = None
    by: str = ""
    against: Path | None = None
    course: Path | None = None
    hidden: bool = False
    show_class: bool = False
    bundle: tuple[str, Path] | None = None


def figures_of(folder: Path, options: Options) -> Report:
    """The figures of a folder. Raises ReportError, CourseError."""
    course = course_of(options.course)
    if options.by and options.roster is None:
        raise ReportError("--by names a column of the class list; give that with --roster.")
    roster = read_roster(options.roster) if options.roster else None
    listed = _listed(roster, options) if roster else None
    labs = {lab.name: lab for lab in course.labs} if course else {}
    starter = lambda name: starter_of(labs[name]) if name in labs else None  # noqa: E731
    gathered = sheets(as_they_count(folder, course), listed, starter)
    before = {one.submission: one for one in records(options.against)} if options.against else earlier(folder)
    key = _key(folder) if options.anonymous else b""
    made = []
    for sheet in gathered:
        if key:  # in the order of names, a class list would tell who is who
            sheet.rows.sort(key=lambda row: pseudonym(key, row.submission))
        missing = [
            _called(one) or "?" for place, one in enumerate(roster.students) if place not in sheet.seen
        ] if roster else []  # fmt: skip
        made.append(_lab(sheet, labs.get(sheet.lab), missing, before, options, key))
    return Report(anonymous=options.anonymous, labs=tuple(made))


def _lab(
    sheet: Sheet,
    lab: Lab | None,
    missing: list[str],
    before: Mapping[str, Record],
    options: Options,
    key: bytes,
) -> LabFigures:
    most = round(sum(check.max_points for check in sheet.columns), 2)
    rows = [sheet.rows[place] for place in sheet.units]
    raw = np.array([float(row.raw) for row in rows])
    reliability, chained = figures.alpha(sheet)
    early, late = figures.in_time(sheet, most)
    made = figures.mistakes(sheet)
    known = {(one.question, one.id) for one in made}
    catalogue = read_catalogue(lab, MISCONCEPTIONS) if lab else []
    hide = options.anonymous
    return LabFigures(
        lab=sheet.lab,
        title=lab.title if lab else sheet.lab,
        max_score=most,
        questions={question.id: question.title for question in lab.questions} if lab else {},
        missing=tuple(pseudonym(key, name) for name in missing) if hide else tuple(missing),
        counted=figures.spread(sheet.totals(), most),
        raw=figures.spread(raw, most),
        groups=figures.groups(sheet, most) if options.by else (),
        by=options.by,
        reliability=reliability,
        chained=chained,
        items=figures.items(sheet),
        mistakes=made,
        unmade=tuple(
            (one.question, one.name, one.sentence)
            for one in catalogue
            if (one.question, one.name) not in known
        ),
        clusters=clustering.clusters(sheet, hide),
        follows=figures.followed(sheet),
        troubles=figures.troubles(sheet, hide),
        boards=figures.boards(sheet),
        slowest=figures.slowest(sheet),
        due=next((row.late.due for row in sheet.rows if row.late and row.late.due), None),
        delays=figures.delays(sheet, hide),
        in_time=early,
        late=late,
        alike=alike(sheet, given(lab) if lab else (), hide),
        compared=lab is not None,
        quiz=figures.quizzes(sheet, hide),
        written=() if hide else figures.written(sheet),
        changes=_changes(sheet, before),
        changed_since=options.against.name if options.against and not hide else "",
        students=tuple(_person(sheet, row, key) for row in sheet.rows),
    )


def _person(sheet: Sheet, row: Row, key: bytes) -> Person:
    name = (
        pseudonym(key, row.submission)
        if key
        else ", ".join(map(_called, row.student.people)) or row.submission
    )
    mistakes = dict.fromkeys(
        f"{sheet.columns[at].question} {one.id}" for at, one in sorted(row.named.items())
    )
    return Person(
        submission=name if key else row.submission,
        name=name,
        id="" if key else row.student.id or "",
        section=row.section,
        part=row.part,
        score=row.counted,
        raw=row.raw,
        late=row.late.days_late if row.late else None,
        adjusted=row.adjusted,
        strip=row.letters,
        mistakes=tuple(mistakes),
    )


def _called(student: Student) -> str:
    return student.name or student.id or student.email or ""


def _changes(sheet: Sheet, before: Mapping[str, Record]) -> tuple[Change, ...]:
    """Whose points or verdicts are others than before, the greatest loss first."""
    found = []
    for place, row in enumerate(sheet.rows):
        past = before.get(row.submission)
        if past is None or past.lab != sheet.lab:
            continue
        then = {check.id: letter(check) for check in past.checks}
        checks = tuple(
            (check.id, then[check.id], now)
            for check, now in zip(sheet.columns, row.letters, strict=True)
            if check.id in then and then[check.id] != now
        )
        if checks or past.final_score != row.counted:
            found.append(Change(who=place, before=past.final_score, after=row.counted, checks=checks))
    return tuple(sorted(found, key=lambda one: (one.after - one.before, one.who)))


# --- who ----------------------------------------------------------------------------------------------------------


def pseudonym(key: bytes, name: str) -> str:
    """A name that tells nothing, the same for the same key."""
    return "student-" + hmac.new(key, name.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:10]


def _key(folder: Path) -> bytes:
    """The secret of the pseudonyms, kept in the folder and readable by its owner alone."""
    path = folder / KEY_FILE
    if not path.is_file():
        with writing(path):
            write_atomically(path, secrets.token_hex(32) + "\n", mode=0o600)
    return path.read_bytes()


def _listed(roster: Roster, options: Options) -> Listed:
    """What the class list says of each: the column that was asked for, and who is staff."""
    assert options.roster is not None
    values = [""] * len(roster.students)
    staff = set()
    for heading in filter(None, (options.by, "role")):
        column = listed_values(options.roster, heading)
        if column is None and heading == options.by:
            raise ReportError(f"{options.roster} has no column {options.by!r}, which --by names.")
        for student, value in column or ():
            place = roster.find(student).place
            if place is not None and heading == options.by:
                values[place] = value
            elif place is not None and value.casefold() in STAFF:
                staff.add(place)
    return Listed(roster, values, frozenset(staff))


def course_of(given: Path | None) -> Course | None:
    """The course that is named, or that is around here; a report can be made without one."""
    try:
        return find_course(given=given)
    except NoCourse:
        return None
