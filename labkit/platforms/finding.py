"""Finds what there is to grade: files, folders and zips, as people keep them and as platforms export them.

A student's name comes from the path, the export or a class list, never from a file's content. A layout is taken for
a platform's where most files fit it; those that do not are graded as files.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path

from labkit.course import CourseError
from labkit.lesson.submission import SubmissionError
from labkit.platforms.handed_in import MOST_FILES, nothing_to_grade, too_many
from labkit.platforms.names import distinct
from labkit.platforms.origin import File, Origin, open_origin
from labkit.platforms.plain import Files, find_plain, left_out, one_file, records_of
from labkit.platforms.platform import Platform
from labkit.record.found import Found

MOST_IN_ZIP = 5_000  # submissions in a zip that no platform made
_DEEPEST = 5  # folders, each the only one in the one before, down to those of an export
_MOST_NAMED = 20  # files in one sentence

Say = Callable[[str], object]
Owners = dict[Hashable, list[File]]


def find_submissions(
    paths: Sequence[Path], platforms: Sequence[Platform], layout: str = "auto", say: Say = lambda _: None
) -> list[Found]:
    """What lies under the paths, each under a name of its own. `layout` is a platform's name, or recognised.

    `say` is told, in one sentence each, which export a path was taken for and what was left out. What cannot be
    read at all becomes a submission with a problem, and costs none of the others.
    """
    readers = [platform for platform in platforms if platform.reads]
    names = [platform.name for platform in readers]
    if layout not in ("auto", *names):
        raise CourseError(f"--layout is auto, {', '.join(names)}; there is no {layout!r}.")
    found: list[Found] = []
    holders = [path for path in paths if path.is_dir() or path.suffix.lower() == ".zip"]
    for path in paths:
        try:
            if path in holders:
                origin = open_origin(path, beside=len(holders) > 1)
                found += _in(origin, [one for one in readers if not isinstance(one, Files)], layout, say)
            else:
                found.append(one_file(path))
        except SubmissionError as problem:
            name = path.stem if path.suffix.lower() == ".zip" else path.absolute().name
            found.append(Found(name, path, problem=str(problem)))
    return distinct(found)


def _in(origin: Origin, readers: list[Platform], layout: str, say: Say) -> list[Found]:
    candidates = [origin]
    while len(candidates) < _DEEPEST and (inner := candidates[-1].only_folder) is not None:
        candidates.append(inner)
    for platform in readers:
        if layout not in ("auto", platform.name):
            continue
        for candidate in map(platform.base, candidates):
            owners, misfits = _owners(platform, candidate)
            if layout == platform.name:
                taken = bool(owners) or platform.looks_so(candidate)
            else:
                # what one student handed in is no export, whatever the files are called
                taken = len(owners) > candidate.may_be_a_students and platform.proven(candidate)
                taken = taken and len(misfits) < (1 if candidate.beside else len(owners))
            if taken:
                count = f"{len(owners)} student{'s' * (len(owners) != 1)}"
                say(f"{origin.path} is read as {platform.name} lays it out, {count}{_as_files(misfits)}.")
                return (
                    platform.find(candidate, owners) + find_plain(candidate.only(misfits)) + _refused(origin)
                )
    if layout not in ("auto", "files"):
        raise CourseError(
            f"{origin.path} is not laid out as {layout} does it; leave --layout to auto, or use files."
        )
    if layout == "auto":
        _say_what_it_resembles(candidates, readers, say)
    zips = _zips(origin, layout)
    zipped = [one for file in zips for one in _zipped(file.path, readers, say)]
    if zips:
        candidates = [origin.only(file for file in origin.files if file not in zips)]
    return _plain(candidates[:2], layout, say, zipped) + _refused(origin)


def _zips(origin: Origin, layout: str) -> list[File]:
    """The zips at the top of a folder, where they are what it is for: students' own, or a platform's."""
    if origin.packed or origin.beside or layout != "auto":
        return []
    top = [file for file in origin.files if len(file.relative.parts) == 1]
    zips = [file for file in top if file.relative.suffix.lower() == ".zip"]
    return zips if len(zips) > 1 or not any(file.gradable for file in top) else []


def _zipped(path: Path, readers: list[Platform], say: Say) -> list[Found]:
    try:
        return _in(open_origin(path, beside=True), readers, "auto", say)
    except SubmissionError as problem:
        return [Found(path.stem, path, problem=str(problem))]


def _plain(candidates: list[Origin], layout: str, say: Say, zipped: Sequence[Found] = ()) -> list[Found]:
    """What no platform made. In a zip, and in one of several folders, names are the student's choice: what it is
    called itself stands before them. `zipped` is what was in zips of the folder.
    """
    origin, inner = candidates[0], candidates[-1]
    if others := left_out(origin):
        names = ", ".join(file.relative.name for file in others[:_MOST_NAMED])
        more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
        say(f"{origin.path}: left out, for only .py and .ipynb are graded: {names}{more}.")
    limited = layout == "auto"
    if not origin.packed:
        found = [*find_plain(origin, MOST_FILES if limited else None), *zipped]
        if len(found) > 1:
            found += records_of(others)
        if origin.beside:
            found = [one if one.name == origin.name else _within(origin, one) for one in found]
        return found
    found = find_plain(inner, MOST_FILES if limited and not origin.beside else None, at_root="lab")
    if limited and origin.beside and len(found) > MOST_FILES:
        problem = f"{too_many(origin.path.name, len(found))} Where it is a class, use --layout files."
        return [Found(origin.name, origin.path, problem=problem)]
    if len(found) > MOST_IN_ZIP:
        problem = (
            f"{origin.path.name} holds {len(found)} submissions; at most {MOST_IN_ZIP} are read from a zip."
        )
        return [Found(origin.name, origin.path, problem=problem)]
    if not found and not origin.refused:
        held = [file.relative.name for file in origin.files if file.handed_in]
        return [Found(origin.name, origin.path, problem=nothing_to_grade(origin.path.name, held))]
    return (
        [replace(found[0], name=origin.name)] if len(found) == 1 else [_within(origin, one) for one in found]
    )


def _within(origin: Origin, found: Found) -> Found:
    return replace(found, name=f"{origin.name}/{found.name}")


def _refused(origin: Origin) -> list[Found]:
    """What is not read: of a zip one record that tells the first, else a record each."""
    if origin.packed and origin.refused:
        more = f" So were {len(origin.refused) - 1} more of such names." if len(origin.refused) > 1 else ""
        return [Found(f"{origin.name}-refused", origin.path, problem=origin.refused[0][1] + more)]
    return [Found(name, origin.path / name, problem=reason) for name, reason in origin.refused]


def _owners(platform: Platform, origin: Origin) -> tuple[Owners, list[File]]:
    """The files of each student in this layout, and the scripts and notebooks that do not fit it."""
    owners: Owners = {}
    misfits = []
    for file in origin.files:
        owner = platform.owner(file)
        if owner is not None:
            owners.setdefault(owner, []).append(file)
        elif file.gradable:
            misfits.append(file)
    return owners, misfits


def _as_files(misfits: list[File]) -> str:
    if not misfits:
        return ""
    names = ", ".join(str(file.relative) for file in misfits[:_MOST_NAMED])
    more = f" and {len(misfits) - _MOST_NAMED} more" if len(misfits) > _MOST_NAMED else ""
    return f"; graded as files, for they do not fit: {names}{more}"


def _say_what_it_resembles(candidates: list[Origin], readers: list[Platform], say: Say) -> None:
    for platform in readers:
        for candidate in map(platform.base, candidates):
            owners, misfits = _owners(platform, candidate)
            if platform.looks_so(candidate) or platform.resembles and len(owners) > len(misfits):
                why = f" ({misfits[0].relative} does not fit)" if misfits else ""
                say(
                    f"{candidate.path} looks a little like what {platform.name} exports, but is read as files{why}; "
                    f"if it is one, use --layout {platform.name}."
                )
                return
