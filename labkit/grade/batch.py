"""Many submissions: find them, grade each, write the results."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from labkit.check.run import VERDICTS
from labkit.grade.one import Graded, GraderFailed, grade_submission, unreadable
from labkit.grade.record import Record
from labkit.labs import Course, CourseError, Lab
from labkit.submissions import SUFFIXES, SubmissionError, read_submission
from labkit.text import csv_cell, one_line
from labkit.worker import Plan, WorkerUnavailable, strongest_plan

_SKIPPED_FOLDERS = ("__pycache__", "__MACOSX", "node_modules", "site-packages")
SALT_FILE = "salt"


@dataclass
class Batch:
    """What came of a batch: the records in order, and what the grader itself failed on."""

    records: list[Record] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """A file to grade and the name under which its result is kept."""

    name: str
    path: Path


def find_submissions(paths: list[Path]) -> list[Found]:
    """The files to grade: each given file, and in each given folder every `lab.py` or `lab.ipynb`, or, in a
    folder that has neither, every script and notebook. Names come from the path, never from the file.
    """
    found: list[Found] = []
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            found += [Found(_name(file.relative_to(path), path), file) for file in _files(path)]
        else:
            found.append(Found(_name(Path(path.name), path.absolute().parent), path))
    return _distinct(found)


def _files(folder: Path) -> list[Path]:
    files = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS
        )
        here = [name for name in sorted(names) if name.endswith(SUFFIXES) and not name.startswith((".", "~"))]
        labs = [name for name in here if name in ("lab.py", "lab.ipynb")]
        wanted = labs or [name for name in here if not name.startswith(("test_", "conftest"))]
        files += [Path(where) / name for name in wanted]
    return files


def _name(relative: Path, root: Path) -> str:
    if relative.stem == "lab":
        return relative.parent.as_posix() if relative.parent.parts else root.absolute().name
    return relative.with_suffix("").as_posix()


def _distinct(found: list[Found]) -> list[Found]:
    """Two files of one name keep their suffix, then get a number, so that no result replaces another."""
    taken: set[str] = set()
    result = []
    for entry in found:
        choices = [entry.name, f"{entry.name}{entry.path.suffix}"]
        choices += [f"{entry.name}-{number}" for number in range(2, len(found) + 2)]
        name = next(choice for choice in choices if choice not in taken)
        taken.add(name)
        result.append(Found(name, entry.path))
    return result


def lab_of(course: Course, path: Path, header: str | None, given: str | None) -> Lab:
    """The lab that a submission answers: as given, by its path, or by its header. Raises SubmissionError."""
    if given:
        return course.lab(given)
    parts = path.absolute().parts
    by_path = [lab for lab in course.labs if lab.name in parts]
    if by_path:
        return by_path[-1]
    if header:
        try:
            return course.lab(header)
        except CourseError as error:
            raise SubmissionError(f"{path} names a lab that is not there: {error}") from None
    raise SubmissionError(
        f"{path} does not say which lab it answers; begin it with `# labkit: lab01_softmax_regression` or use --lab."
    )


def salt_for(out: Path, given: str | None) -> bytes:
    """The secret from which inputs are drawn: as given, as kept with earlier results in `out`, or a new one.

    It is kept in `out`, readable by its owner only, so that the same command again repeats the results.
    """
    path = out / SALT_FILE
    kept = path.read_text(encoding="utf-8").strip() if path.is_file() else None
    if given and kept and given != kept:
        raise CourseError(
            f"The results in {out} were made with another salt; choose another --out for this one."
        )
    salt = given or kept or secrets.token_hex(16)
    if not kept:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(salt + "\n")
    return salt.encode()


def isolation_plan(given: str) -> Plan:
    """The isolation for `strongest` or `none`. Raises CourseError where submissions could read the solution."""
    if given not in ("strongest", "none"):
        raise CourseError(f"--isolation is strongest or none, not {given!r}.")
    if given == "none":
        return Plan()
    plan = strongest_plan()
    if not plan.isolates:
        raise CourseError(
            "This system cannot keep submissions from reading the solution or other files: neither Landlock "
            "nor namespaces are available (see `labkit doctor`). Grade on Linux 5.13 or newer, or, where you "
            "trust every submission, with --isolation none."
        )
    return plan


def grade_paths(
    course: Course,
    paths: list[Path],
    out: Path,
    salt: bytes,
    lab_name: str | None = None,
    plan: Plan | None = None,
    begin: Callable[[int, int, str, int], None] = lambda number, total, name, checks: None,
    progress: Callable[[str], None] = lambda check: None,
    finished: Callable[[Record], None] = lambda record: None,
) -> Batch:
    """Grade every submission under `paths` and write `out/<submission>/result.json` and `out/grades.csv`.

    One submission that cannot be graded never stops the others. `plan` is the isolation of the workers; default:
    the strongest that this machine allows. `begin`, `progress` and `finished` are told
    how far the work is.
    """
    found = find_submissions(paths)
    if not found:
        raise CourseError(f"No .py or .ipynb file was found under {', '.join(map(str, paths))}.")
    plan = plan or strongest_plan()
    batch = Batch()
    for number, entry in enumerate(found, 1):
        graded = _grade_one(course, entry, lab_name, salt, plan, begin, (number, len(found)), progress)
        batch.records.append(graded.record)
        batch.failures += [f"{entry.name}: {fault}" for fault in graded.faults]
        _write_result(out / entry.name, graded)
        finished(graded.record)
    write_atomically(out / "grades.csv", grades_csv(batch.records))
    return batch


def _grade_one(
    course: Course, entry: Found, lab_name: str | None, salt: bytes, plan: Plan, begin, place, progress
) -> Graded:
    lab = None
    try:
        # before the file is read: a damaged one still gets the record of its lab
        with contextlib.suppress(SubmissionError):
            lab = lab_of(course, entry.path, None, lab_name)
        submission = read_submission(entry.path, entry.name)
        lab = lab_of(course, entry.path, submission.lab, lab_name)
        if lab.solution is None:
            raise CourseError(f"{lab.name} has no solution here; only `labkit check` works without it.")
        begin(*place, entry.name, len(lab.checks))
        return grade_submission(submission, lab, salt, progress, plan)
    except SubmissionError as problem:
        begin(*place, entry.name, 0)
        return Graded(unreadable(entry.name, lab, str(problem), salt, plan))
    except (GraderFailed, WorkerUnavailable) as failed:
        sentence = "The grader failed on this submission; that is no fault of it."
        return Graded(unreadable(entry.name, lab, sentence, salt, plan), faults=(str(failed),))


def _write_result(folder: Path, graded: Graded) -> None:
    write_atomically(folder / "result.json", graded.record.as_json())
    if graded.output.strip():
        write_atomically(folder / "output.txt", graded.output)
    else:
        (folder / "output.txt").unlink(missing_ok=True)


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that it is either the old one or the whole new one, whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(beside, path)


def grades_csv(records: list[Record]) -> str:
    """One row for each submission."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["submission", "lab", "score", "max_score", "percent", *VERDICTS, "notes"])
    for record in records:
        counts = [sum(check.verdict == verdict for check in record.checks) for verdict in VERDICTS]
        score = (record.score, record.max_score, round(record.percent, 2))
        row = (record.submission, record.lab, *score, *counts, one_line(" ".join(record.notes), 500))
        writer.writerow([csv_cell(cell) for cell in row])
    return stream.getvalue()
