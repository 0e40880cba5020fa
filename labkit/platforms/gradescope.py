"""Gradescope: reads "Export submissions", writes `results.json` whole or after every check, runs in its container.

An export is `submission_metadata.yml` and a folder `submission_<id>` for each. A hidden check keeps its title and
message, and Gradescope shows them when `visibility` says so: after the grades are published, unless told otherwise.
All text is plain (`text`), so that Gradescope shows markup instead of rendering it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec.structs import replace

from labkit.course import read_course
from labkit.files import write_atomically
from labkit.lesson.submission import SubmissionError, read_submission
from labkit.platforms.container import only_lab, only_submission
from labkit.platforms.grades import file_for_each, message, plain_title, remarks
from labkit.platforms.handed_in import of_student
from labkit.platforms.origin import File, Origin
from labkit.platforms.platform import Exported, Files, Kit, Platform, Request, script
from labkit.platforms.times import instant
from labkit.record import CheckResult, Extension, Record, Score, Student, settle
from labkit.record.found import Found
from labkit.record.student import SCHOOL
from labkit.text import inert, json_text, one_line

METADATA = "submission_metadata.yml"
MAX_METADATA = 256 * 1024**2  # bytes: it repeats every test's output
MAX_EVENTS = 20_000_000  # of YAML
MAX_VALUES = 1_000_000  # that are kept
_DEPTH = 3  # submissions, their keys, submitters, their keys
_FOLDER = re.compile(r"submission_\d+$")


class Gradescope(Platform):
    """Gradescope by Turnitin."""

    name = "gradescope"
    reads = "what Export submissions gives"
    writes = "results.json for each submission, as an autograder writes it"
    resembles = False

    def owner(self, file: File) -> Hashable | None:
        """The folder `submission_<id>` that it lies in."""
        parts = file.relative.parts
        return parts[0] if len(parts) > 1 and _FOLDER.match(parts[0]) else None

    def looks_so(self, origin: Origin) -> bool:
        """Whether there are metadata, which a student may have made as well."""
        return _file(origin) is not None

    def proven(self, origin: Origin) -> bool:
        """Whether the metadata speak of several of the folders; those of one folder may be a student's own."""
        folders = {name for name in origin.by_folder() if _FOLDER.match(name)}
        known = (
            {str(name) for name in _metadata(origin)} if self.looks_so(origin) and len(folders) > 1 else set()
        )
        return len(folders & known) > 1

    def find(self, origin: Origin, owners: Mapping[Hashable, list[File]]) -> list[Found]:
        """One submission for each that the metadata name, and for each folder that they do not."""
        metadata = _metadata(origin)
        names = [str(name) for name in metadata if _FOLDER.match(str(name))]
        names += [str(name) for name in owners if name not in metadata]
        found = []
        for name in names:
            found += of_student(name, origin.path / name, owners.get(name, []), _student(metadata.get(name)))
        return found

    def whose(self, name: str) -> Student | None:
        """Nobody's: the number is a submission's."""
        return Student() if _FOLDER.match(name) else None

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """`<submission>/results.json` for each record."""
        return Exported(
            file_for_each(records, "results.json", lambda one: json_text(results_json(one, request.hidden)))
        )

    def release(self, kit: Kit) -> Mapping[str, Files]:
        """The autograder: a course of one lab with its solution, the salt, labkit, and Gradescope's two scripts."""
        name, data = kit.wheel
        files = {
            "setup.sh": script("gradescope_setup.sh"),
            "run_autograder": script("gradescope_run_autograder.sh"),
            "requirements.txt": kit.requirements,
            name: data,
            "salt": kit.salt + b"\n",
            "course/course.toml": kit.course,
            **{f"course/solutions/{kit.lab.name}/{file}": data for file, data in kit.solution.items()},
        }
        return {"private/autograder.zip": files}

    def grade_here(self, folder: Path) -> None:
        """Grade what lies in its container, of which the folder is the root."""
        grade_on_gradescope(folder, os.environ.get("LABKIT_ISOLATION", "strongest"))


# --- what it exports ---------------------------------------------------------------------------------------------


def _metadata(origin: Origin) -> dict[str, Any]:
    """Submitters and time of each submission. Raises SubmissionError where they cannot be read."""
    import yaml

    file = _file(origin)
    if file is None:
        return {}
    # plain strings only: "007" stays an id, and tags of Ruby's classes are passed over
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return _Reader(yaml.parse(file.read(MAX_METADATA), Loader=loader)).metadata()
    except _Refused as problem:
        why = f"{problem}; grade its folders alone with --layout files"
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        why = f"{str(error).splitlines()[0]}; export the submissions again"
    raise SubmissionError(f"{file.path.name} cannot be read: {why}.")


class _Refused(Exception):
    """Metadata that no export holds; the message says what."""


class _Reader:
    """Builds from YAML's events what is asked for; the rest, tests and their output, goes by unbuilt.

    Aliases are not followed: a few lines of them stand for more than any memory holds.
    """

    def __init__(self, events: Iterator):
        self.events = self._counted(events)
        self.built = 0

    def metadata(self) -> dict[str, Any]:
        """The first document, where it is a mapping."""
        for event in self.events:
            if hasattr(event, "anchor"):  # the first node
                found = self._node(event, 0)
                return found if isinstance(found, dict) else {}
        return {}

    def _counted(self, events: Iterator) -> Iterator:
        for number, event in enumerate(events):
            if number > MAX_EVENTS:
                raise _Refused("it holds too many values")
            yield event

    def _node(self, event, depth: int) -> Any:
        """The value of the node that begins with this event: str, list or dict; None where it is too deep."""
        self.built += 1
        if self.built > MAX_VALUES:
            raise _Refused("it holds too many submitters")
        kind = type(event).__name__
        if kind == "AliasEvent":
            raise _Refused("it holds YAML aliases, which are not followed")
        if kind == "ScalarEvent":
            return event.value
        if depth > _DEPTH:
            return self._passed_over(event)
        if kind == "SequenceStartEvent":
            return [self._node(item, depth + 1) for item in self._until("SequenceEndEvent")]
        found = {}
        for key in self._until("MappingEndEvent"):
            name, value = self._node(key, depth + 1), next(self.events)
            if isinstance(name, str) and _is_wanted(name, depth):
                found[name] = self._node(value, depth + 1)
            else:
                self._passed_over(value)
        return found

    def _until(self, end: str) -> Iterator:
        for event in self.events:
            if type(event).__name__ == end:
                return
            yield event

    def _passed_over(self, event) -> None:
        level = 0
        while True:
            kind = type(event).__name__
            level += kind.endswith("StartEvent") - kind.endswith("EndEvent")
            if level == 0:
                return
            event = next(self.events)


def _is_wanted(name: str, depth: int) -> bool:
    if depth == 0:
        return bool(_FOLDER.match(name))
    return depth != 1 or name in (":submitters", ":created_at", ":history")


def _file(origin: Origin) -> File | None:
    return next((file for file in origin.files if file.relative == PurePosixPath(METADATA)), None)


def _student(entry: Any) -> Student:
    """Whose an entry of the metadata is; its history are the attempts before."""
    entry = entry if isinstance(entry, dict) else {}
    submitters, before = entry.get(":submitters"), entry.get(":history")
    members = [one for one in submitters if isinstance(one, dict)] if isinstance(submitters, list) else []
    first, *others = [_person(one) for one in members] or [Student()]
    attempt = _attempt(before, ":autograder_error")
    submitted = instant(entry.get(":created_at")) or _text(entry, ":created_at")
    return replace(first, submitted_at=submitted, attempt=attempt, group=tuple(others))


def _attempt(before: Any, failed: str) -> int | None:
    """The number of an attempt after those before it; what failed through the autograder was none."""
    if not isinstance(before, list):
        return None
    counted = [
        one for one in before if not (isinstance(one, dict) and str(one.get(failed)).lower() == "true")
    ]
    return len(counted) + 1


def _person(entry: dict) -> Student:
    own = {SCHOOL: _text(entry, ":sid") or ""}
    return Student(name=_text(entry, ":name"), email=_text(entry, ":email"), ids=own)


def _text(entry: dict, key: str) -> str | None:
    value = entry.get(key)
    return value.strip() or None if isinstance(value, str) and value not in ("null", "~") else None


# --- what it shows -----------------------------------------------------------------------------------------------


def results_json(record: Record, hidden: str = "after_published") -> dict[str, Any]:
    """One result as Gradescope reads it. `hidden` is the visibility of hidden checks."""
    result = {
        "score": record.final_score,
        "execution_time": round(sum(check.seconds for check in record.checks)),
        "output": "\n".join(remarks(record)) or "Every check was carried out.",
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "tests": [_test(check, hidden) for check in record.counted_checks],
        "extra_data": {
            "labkit": {
                "lab": one_line(record.lab),
                "raw_score": record.score,
                "penalty": record.penalty,
            }
        },
    }
    board = [
        {
            "name": one_line(score.title, 60),
            "value": score.value,
            "order": "asc" if score.lower_is_better else "desc",
        }
        for score in record.figures
        if isinstance(score, Score)
    ]
    return {**result, "leaderboard": board} if board else result


def partial(record: Record, checks: int, hidden: str = "after_published") -> str:
    """`results.json` of an unfinished record: what was earned so far, and that more was to come.

    `checks` is the number of checks that the lab has. Rewritten after every check, it leaves the marks earned so far
    when the container is stopped.
    """
    data = results_json(record, hidden)
    done = len(record.checks)
    if done < checks:
        data["output"] = inert(
            f"Grading has not finished: {done} of {checks} checks were carried out.\n{data['output']}"
        )
    return json_text(data)


def write_partial(path: Path, record: Record, checks: int, hidden: str = "after_published") -> None:
    """Put `partial` into a file, so that whoever reads it finds the old text or the new one, never half of it."""
    write_atomically(path, partial(record, checks, hidden))


def _test(check: CheckResult, hidden: str) -> dict[str, Any]:
    test = {
        "score": check.points,
        "max_score": check.max_points,
        "status": "passed" if check.verdict.passed or 0 < check.max_points == check.points else "failed",
        # Gradescope itself hides the whole test until then
        "name": plain_title(check),
        "name_format": "text",
        "number": one_line(check.question, 20),
        "output": message(check, "visible"),
        "output_format": "text",
        "tags": [check.verdict],
        "visibility": hidden if check.hidden else "visible",
        "extra_data": {"id": one_line(check.id)},
    }
    return test if test["output"] else {key: value for key, value in test.items() if key != "output"}


# --- its container -----------------------------------------------------------------------------------------------


def grade_on_gradescope(root: Path, isolation: str = "strongest", hidden: str = "after_published") -> Record:
    """Grade `root/submission` against the solution and write `root/results/results.json`, anew after every check.

    Raises CourseError, FaultyCheck or WorkerUnavailable where the container is at fault; there is no
    results.json then, and Gradescope says so to the student and to the instructor.
    """
    # grading is imported where it is done: an export needs none of it
    from labkit.check.collect import FaultyCheck, carry_out, collect
    from labkit.grade.isolation import isolation_plan
    from labkit.grade.one import live_run, record_of, unreadable
    from labkit.worker import WorkerUnavailable

    course = read_course(root / "source" / "course")
    metadata = _metadata_of(root / "submission_metadata.json")
    student, lab, extension = student_of(metadata), only_lab(course), _extension(metadata)
    assert lab.solution is not None
    salt = (root / "source" / "salt").read_bytes().strip()
    plan = isolation_plan(isolation)
    results = root / "results" / "results.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    total = len(lab.checks)

    def save(record: Record) -> Record:
        late = settle(record.score, record.max_score, lab, course.late, student, extension)
        record = replace(record, student=student, late=late)
        write_partial(results, record, total, hidden)
        return record

    def save_so_far(check: str) -> None:
        save(record_of(run, submission, lab, salt))

    try:
        submission = read_submission(only_submission(root / "submission", lab))
    except SubmissionError as problem:
        record = unreadable("submission", lab, str(problem).replace(f"{root}/", ""), salt, plan)
        return save(record)

    checks, run = collect(lab.solution / "test_lab.py"), live_run(submission, lab, salt, plan)

    try:
        # before each check is saved what came before it
        carry_out(run, checks, progress=save_so_far)
        record = save(record_of(run, submission, lab, salt))
    except (FaultyCheck, WorkerUnavailable):
        results.unlink(missing_ok=True)
        raise
    finally:
        run.close()
    for fault in run.broken:  # standard output is for the instructor
        print(f"labkit: a check is at fault, not the submission: {one_line(fault, 1000)}")
    return record


def student_of(metadata: dict[str, Any]) -> Student:
    """Whose a submission is and when it was handed in, from Gradescope's `submission_metadata.json`.

    An attempt is what was handed in before and this one; the members of a group are its first one's `group`.
    """
    users = metadata.get("users")
    people = [_user(user) for user in (users if isinstance(users, list) else []) if isinstance(user, dict)]
    first = people[0] if people else Student()
    before = metadata.get("previous_submissions")
    attempt = _attempt(before, "autograder_error")
    moment = metadata.get("created_at")
    submitted = moment if isinstance(moment, str) else None
    return replace(first, submitted_at=submitted, attempt=attempt, group=tuple(people[1:]))


def _user(user: dict[str, Any]) -> Student:
    said = {key: str(user[key]) for key in ("id", "name", "email") if user.get(key) is not None}
    return Student(name=said.get("name"), email=said.get("email"), ids={"gradescope": said.get("id", "")})


def _extension(metadata: dict[str, Any]) -> Extension | None:
    """The due date that somebody was given in Gradescope."""
    users = metadata.get("users")
    entries = (
        [user.get("assignment") for user in users if isinstance(user, dict)]
        if isinstance(users, list)
        else []
    )
    moments = [instant(entry.get("due_date")) for entry in entries if isinstance(entry, dict)]
    latest = max((datetime.fromisoformat(moment) for moment in moments if moment), default=None)
    return Extension(latest, "so long does Gradescope take it") if latest is not None else None


def _metadata_of(path: Path) -> dict[str, Any]:
    """What Gradescope says of the submission; nothing where it says it in no way that can be read."""
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return metadata if isinstance(metadata, dict) else {}
