"""What was given to be graded, a folder or a zip, as a list of files that can be read. Nothing is ever unpacked.

A zip is met as a stranger's: names that lead elsewhere, links, members that unpack to more than is allowed
and damaged ones are refused with one sentence each, and only what is graded is unpacked, into memory.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from labkit.lesson.submission import SUFFIXES, SubmissionError, read_bytes, size_limit, too_large
from labkit.text import one_line

MAX_MEMBERS = 50_000  # files in a zip
MAX_COMPONENT = 1_000  # bytes in one part of a name
_UTF8 = 0x800  # the flag of a member whose name is UTF-8
_DRIVE = re.compile(r"[A-Za-z]:(/|$)")
#: Folders and files that programs leave beside what somebody wrote.
_SKIPPED = ("__pycache__", "__MACOSX", "node_modules", "site-packages")
_LEFT_BEHIND = ("thumbs.db", "desktop.ini", "icon\r")
#: What zipfile raises for archives that are cut, garbled, encrypted, or of a kind it does not know.
_BAD_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    NotImplementedError,
)


@dataclass(frozen=True)
class File:
    """A file inside what was given: where it lies there, and where on the disk that is, or would be."""

    relative: PurePosixPath
    path: Path
    member: zipfile.ZipInfo | None = None
    archive: zipfile.ZipFile | None = None

    @property
    def gradable(self) -> bool:
        """Whether it is a script or a notebook that a student may have written."""
        name = self.relative.name.lower()
        return name.endswith(SUFFIXES) and not name.startswith((".", "~", "test_", "conftest"))

    @property
    def handed_in(self) -> bool:
        """Whether somebody may have meant it, and no program left it behind."""
        name = self.relative.name.lower()
        return not name.startswith((".", "~", "test_", "conftest")) and name not in _LEFT_BEHIND

    def read(self, limit: int | None = None) -> bytes:
        """The bytes, at most `limit` (default: what a submission may have). Raises SubmissionError."""
        most = size_limit(self.path) if limit is None else limit
        data = read_bytes(self.path, most) if self.archive is None else self._unpack(most)
        if len(data) > most:
            raise SubmissionError(
                too_large(self.path) if limit is None else f"{self.path} is larger than {most} bytes."
            )
        return data

    def _unpack(self, most: int) -> bytes:
        assert self.member is not None and self.archive is not None
        mode = self.member.external_attr >> 16
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise SubmissionError(f"{self.path} is a link or a device; hand in the file itself.")
        if self.member.flag_bits & 0x1:
            raise SubmissionError(f"{self.path} is encrypted; hand it in without a password.")
        # zipfile unpacks bzip2 and LZMA in one piece, without a bound
        if self.member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise SubmissionError(f"{self.path} is packed with another method than deflate; zip it again.")
        try:
            with self.archive.open(self.member) as stream:
                return stream.read(most + 1)
        except _BAD_ZIP:
            raise SubmissionError(
                f"{self.path} is damaged inside its zip; download or hand it in again."
            ) from None


@dataclass(frozen=True)
class Origin:
    """A path that was given and what lies under it.

    `packed`: it is a zip. `beside`: others were given with it, so that it may be one student's. `inner`: it is the
    one folder in what was given. `refused` are sentences about what is not read, by name.
    """

    path: Path
    files: tuple[File, ...]
    packed: bool = False
    beside: bool = False
    inner: bool = False
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """What it is called, without the suffix of a zip."""
        return self.path.stem if self.packed and not self.inner else self.path.absolute().name

    @property
    def may_be_a_students(self) -> bool:
        """Whether one student may have made it, and chosen the names in it."""
        return self.packed or self.beside or self.inner

    def under(self, folder: str) -> Origin:
        """The files of one folder, their names seen from there."""
        moved = (
            replace(file, relative=PurePosixPath(*file.relative.parts[1:]))
            for file in self.files
            if file.relative.parts[0] == folder and len(file.relative.parts) > 1
        )
        return replace(self, path=self.path / folder, files=tuple(moved), inner=True)

    def only(self, files: Iterable[File]) -> Origin:
        """The same with some of its files."""
        return replace(self, files=tuple(files), refused=())

    @property
    def only_folder(self) -> Origin | None:
        """The one folder at the top that holds everything, as many zips have it."""
        tops = {file.relative.parts[0] for file in self.files}
        alone = len(tops) == 1 and all(len(file.relative.parts) > 1 for file in self.files)
        return self.under(tops.pop()) if alone else None

    def by_folder(self) -> dict[str, list[File]]:
        """The files of each folder at the top, in the order of the folders' names."""
        folders: dict[str, list[File]] = {}
        for file in self.files:
            if len(file.relative.parts) > 1:
                folders.setdefault(file.relative.parts[0], []).append(file)
        return folders


def open_origin(path: Path, beside: bool = False) -> Origin:
    """What lies under a path: a folder, a zip, or a file. Raises SubmissionError where a zip cannot be read."""
    if path.is_dir():
        return _folder(path, beside)
    if path.suffix.lower() == ".zip":
        return _zip(path, beside)
    return Origin(path.parent, (File(PurePosixPath(path.name), path),), beside=beside)


def _folder(root: Path, beside: bool) -> Origin:
    """The files under a folder; links to folders are not followed, hidden folders not entered."""
    files: list[File] = []
    refused: list[tuple[str, str]] = []

    def unreadable(error: OSError) -> None:
        name = Path(error.filename).relative_to(root).as_posix()
        refused.append((name, f"{name} cannot be opened: {error.strerror}."))

    for where, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not _is_skipped(name))
        for name in [name for name in folders if (Path(where) / name).is_symlink()]:
            linked = (Path(where) / name).relative_to(root).as_posix()
            refused.append((linked, f"{linked} is a link to a folder; put the folder itself there."))
        for name in sorted(names):
            path = Path(where) / name
            files.append(File(_plain(path.relative_to(root).as_posix()), path))
    return Origin(root, tuple(files), beside=beside, refused=tuple(refused))


def _zip(path: Path, beside: bool) -> Origin:
    """The files in a zip, in the order that a folder would have."""
    if not path.is_file():
        raise SubmissionError(f"{path.name} is not a regular file; name the zip itself.")
    try:
        archive = zipfile.ZipFile(path)
        members = archive.infolist()
    except _BAD_ZIP as error:
        raise SubmissionError(
            f"{path.name} is not a zip that can be read ({error}); download it again."
        ) from None
    if len(members) > MAX_MEMBERS:
        raise SubmissionError(
            f"{path.name} holds {len(members)} files; at most {MAX_MEMBERS} are read from a zip."
        )
    files: dict[PurePosixPath, File] = {}
    refused = []
    for member in members:
        name = _name_in(member)
        if member.is_dir() or name.endswith("/"):
            continue
        if reason := _refusal(name):
            refused.append(
                (
                    name[:80],
                    f"{path.name} holds {one_line(repr(name), 200)}, whose name {reason}; it was left out.",
                )
            )
            continue
        relative = _plain(name)
        if not any(_is_skipped(part) for part in relative.parts[:-1]):
            files[relative] = File(
                relative, path / relative, member, archive
            )  # of two with one name the later
    ordered = sorted(files.values(), key=lambda file: (file.relative.parts[:-1], file.relative.name))
    return Origin(path, tuple(ordered), packed=True, beside=beside, refused=tuple(refused))


def _name_in(member: zipfile.ZipInfo) -> str:
    """A member's name as it was meant: some programs write backslashes, some UTF-8 without the flag that says so."""
    name = member.filename
    if not member.flag_bits & _UTF8 and not name.isascii():
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return name.replace("\\", "/")


def _plain(name: str) -> PurePosixPath:
    """The name with letters and their accents in one, whichever system wrote it."""
    return PurePosixPath(unicodedata.normalize("NFC", name))


def _refusal(name: str) -> str | None:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or _DRIVE.match(name):
        return "leads outside of it"
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        return "holds control characters"
    if any(len(part.encode("utf-8", "replace")) > MAX_COMPONENT for part in parts):
        return f"is longer than {MAX_COMPONENT} bytes"
    return None


def _is_skipped(folder: str) -> bool:
    return folder.startswith(".") or folder in _SKIPPED
