"""The journal of a batch: every finished record, one line each, on the disk before anything else is written.

A line is `{"crc": "…", "kind": "…", "data": {…}}` with the checksum of the data's text. The first names the run,
later ones hold a record (`graded`), say that records are to be made anew (`regrade`), or that a run came to its end
and what it said (`finished`); of two that speak of the same submission the later counts. A last line that was cut off,
by a kill or a power failure, is dropped.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import re
import sys
import zlib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from labkit.course import CourseError
from labkit.files import writing
from labkit.grade.changes import Told
from labkit.grade.one import Graded
from labkit.record import Record, RecordError, record_from

if sys.platform != "win32":
    import fcntl

JOURNAL_FILE = "journal.jsonl"
SCHEMA = "labkit/journal/v1"
_GRADED = re.compile(rb'\{"crc":"\w+","kind":"graded","data":\{"name":("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True)
class Key:
    """All that a record depends on as a whole."""

    sha256: str
    lab: str
    lab_hash: str
    salt_id: str
    isolation: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]

    def allows_part_of(self, other: Key) -> bool:
        """Whether checks of a record of the other key may be kept where they rest on the same: the lab may have
        changed.
        """
        return (self.sha256, self.lab, self.salt_id, self.isolation) == (
            other.sha256,
            other.lab,
            other.salt_id,
            other.isolation,
        )


@dataclass(frozen=True)
class Entry:
    """What the journal knows of a submission; `pending` are checks to make anew, `void` a record to make anew.

    `rests_on` has for each check of the record a digest of what its verdict rests on.
    """

    key: Key
    graded: Graded
    rests_on: dict[str, str] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    void: bool = False


class Journal:
    """The journal in a folder of results, held by one process at a time. Use as a context manager.

    Raises CourseError where another process holds it, CannotWrite where it cannot be written.
    """

    def __init__(self, out: Path):
        self.path = out / JOURNAL_FILE
        self.entries: dict[str, Entry] = {}
        self.problems: list[str] = []
        self.told: dict[str, tuple[str, float, dict[str, float]]] = {}  # by the runs that came to their end
        self.marks: dict[
            str, str
        ] = {}  # what the checks of a human's marks rested on when they were first seen
        self.is_finished = True
        self._run: dict[str, Any] | None = None
        with writing(self.path):
            out.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._lock(out)
            self._size = self._read()
            with writing(self.path):
                os.ftruncate(self._descriptor, self._size)
                _sync_folder(out)
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_) -> None:
        os.close(self._descriptor)  # and with it the lock

    def begin(self, run: dict[str, Any]) -> None:
        """Say which run the following records are of, unless the last one was the same."""
        run = {"schema": SCHEMA, **run}
        if run != self._run:
            self._append("run", run)
            self._run = run

    def add(self, name: str, key: Key, graded: Graded, rests_on: dict[str, str]) -> None:
        """Keep a finished record; it is on the disk when this returns."""
        data = {
            "name": name,
            "key": asdict(key),
            "output": graded.output,
            "faults": list(graded.faults),
            "rests_on": rests_on,
            "record": graded.record.as_dict(),
        }
        self._append("graded", data)
        self.entries[name] = Entry(key, graded, rests_on)

    def regrade(self, names: list[str], checks: list[str]) -> None:
        """Have these submissions made anew, whole or, with `checks`, in part; it holds until it is done."""
        if names:
            data = {"names": names, "checks": checks}
            self._append("regrade", data)
            self._void(data)

    def finish(self, told: Told, marks: dict[str, str]) -> None:
        """Say that the run came to its end, what it said of each submission, and what marks were met first in it."""
        new = {name: list(entry) for name, entry in told.items() if self.told.get(name) != entry}
        if new or marks or not self.is_finished:
            data = {"told": new, "marks": marks}
            self._append("finished", data)
            self._end(data)

    def _end(self, data: dict[str, Any]) -> None:
        self.told |= {name: (digest, score, points) for name, (digest, score, points) in data["told"].items()}
        self.marks |= data["marks"]
        self.is_finished = True

    def _lock(self, out: Path) -> None:
        if sys.platform == "win32":  # where only what is trusted is graded
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError(
                f"Another `labkit grade` is writing to {out}; wait for it, or choose another --out."
            ) from None
        except OSError:  # a file system without locks
            pass

    def _read(self) -> int:
        """Read all lines; returns where the last whole one ends."""
        with open(self.path, "rb") as stream:
            content = stream.read()
        end = position = 0
        broken = 0
        for number, line in enumerate(content.splitlines(keepends=True), 1):
            position += len(line)
            found = _decode(line)
            if found is None:
                broken = broken or number
                continue
            if broken:
                self.problems.append(f"{self.path}, line {broken}, is damaged; what it held is graded again.")
                broken = 0
            end = position
            with contextlib.suppress(KeyError, TypeError, AttributeError, ValueError, RecordError):
                self._take(*found)
        return end

    def _take(self, kind: str, data: dict[str, Any]) -> None:
        self.is_finished = False
        if kind == "finished":
            self._end(data)
        elif kind == "run":
            self._run = data
        elif kind == "regrade":
            self._void(data)
        elif kind == "graded":
            record = record_from(data["record"])
            graded = Graded(record, data["output"], tuple(data["faults"]))
            self.entries[data["name"]] = Entry(_key(data["key"]), graded, dict(data.get("rests_on", {})))

    def _void(self, data: dict[str, Any]) -> None:
        for name in data["names"]:
            entry = self.entries.get(name)
            if entry is not None:
                pending = tuple(dict.fromkeys((*entry.pending, *data["checks"])))
                void = entry.void or not data["checks"]
                self.entries[name] = replace(entry, pending=pending, void=void)

    def _append(self, kind: str, data: dict[str, Any]) -> None:
        line = _encode(kind, data)
        with writing(self.path):
            try:
                os.lseek(self._descriptor, self._size, os.SEEK_SET)
                rest = memoryview(line)
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
                os.fsync(self._descriptor)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, self._size)  # no half line stays behind
                raise
            self._size += len(line)
            self.is_finished = False


def earlier(out: Path) -> dict[str, Record]:
    """For each submission of a folder's journal that was graded more than once, the record before the last one."""
    places: dict[bytes, list[tuple[int, int]]] = {}
    try:
        with open(out / JOURNAL_FILE, "rb") as stream:
            position = 0
            for line in stream:
                if named := _GRADED.match(line):
                    places.setdefault(named[1], []).append((position, len(line)))
                position += len(line)
            found = {}
            for position, size in (spans[-2] for spans in places.values() if len(spans) > 1):
                stream.seek(position)
                with contextlib.suppress(KeyError, TypeError, RecordError):
                    kind, data = _decode(stream.read(size)) or ("", {})
                    found[data["name"]] = record_from(data["record"])
            return found
    except OSError:
        return {}


def is_finished(out: Path) -> bool:
    """Whether the last run in a folder came to its end; where there is no journal, nothing says that it did not."""
    try:
        with (
            open(out / JOURNAL_FILE, "rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text,
        ):
            start = text.rfind(b"\n", 0, len(text) - 1) + 1
            return b'"kind":"finished"' in text[start : start + 60]
    except (OSError, ValueError):  # none, or an empty one
        return True


def _encode(kind: str, data: dict[str, Any]) -> bytes:
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return b'{"crc":"%08x","kind":"%s","data":%s}\n' % (
        zlib.crc32(text.encode()),
        kind.encode(),
        text.encode(),
    )


def _decode(line: bytes) -> tuple[str, dict[str, Any]] | None:
    """Kind and data of a line that is whole, else None."""
    head, separator, rest = line.partition(b',"data":')
    if not separator or not rest.endswith(b"}\n"):
        return None
    text = rest[:-2]
    try:
        outer = json.loads(head + b"}")
        if outer["crc"] != f"{zlib.crc32(text):08x}":
            return None
        return outer["kind"], json.loads(text)
    except (ValueError, KeyError, TypeError):
        return None


def _key(data: dict[str, Any]) -> Key:
    versions = tuple((name, version) for name, version in data["versions"])
    return Key(
        **{**data, "isolation": tuple(data["isolation"]), "versions": versions},
    )


def _sync_folder(folder: Path) -> None:
    """The name of a new file is on the disk only when its folder is."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
