"""A folder or a zip as a list of files that can be read. Nothing is ever unpacked to a disk.

A zip is met as a stranger's: names that lead elsewhere, links, members that unpack to more than is allowed
and damaged ones are refused with one sentence each, and only what is graded is unpacked, into memory.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from labkit.lesson.submission import SUFFIXES, SubmissionError, read_bytes, size_limit, too_large

MAX_MEMBERS = 50_000  # files in a zip
MAX_COMPONENT = 200  # bytes in one part of a name: it becomes the name of a folder of results
_SKIPPED = ("__pycache__", "__MACOSX", "node_modules", "site-packages")
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
    """A file inside what was given: where it lies there, and how messages call it."""

    relative: PurePosixPath
    path: Path
    member: zipfile.ZipInfo | None = None
    archive: zipfile.ZipFile | None = None

    @property
    def gradable(self) -> bool:
        """Whether it is a script or a notebook that a student may have written."""
        name = self.relative.name
        return name.endswith(SUFFIXES) and not name.startswith((".", "~", "test_", "conftest"))

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
class Tree:
    """What lies under a path that was given, and members of a zip that are refused as (name, reason)."""

    path: Path
    files: tuple[File, ...]
    refused: tuple[tuple[str, str], ...] = ()

    def under(self, folder: str) -> Tree:
        """The files of one folder, their names seen from there."""
        inside = [
            file for file in self.files if file.relative.parts[0] == folder and len(file.relative.parts) > 1
        ]
        moved = (replace(file, relative=PurePosixPath(*file.relative.parts[1:])) for file in inside)
        return Tree(self.path / folder, tuple(moved), self.refused)

    @property
    def only_folder(self) -> str | None:
        """The one folder at the top that holds everything, as many zips have it."""
        tops = {file.relative.parts[0] for file in self.files}
        return tops.pop() if len(tops) == 1 and all(len(f.relative.parts) > 1 for f in self.files) else None

    def by_folder(self) -> dict[str, list[File]]:
        """The files of each folder at the top, in the order of the folders' names."""
        folders: dict[str, list[File]] = {}
        for file in self.files:
            if len(file.relative.parts) > 1:
                folders.setdefault(file.relative.parts[0], []).append(file)
        return folders


def folder_tree(root: Path) -> Tree:
    """The files under a folder; links to folders are not followed, hidden folders not entered."""
    files = []
    for where, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not _is_skipped(name))
        for name in sorted(names):
            path = Path(where) / name
            files.append(File(PurePosixPath(path.relative_to(root).as_posix()), path))
    return Tree(root, tuple(files))


def zip_tree(path: Path) -> Tree:
    """The files in a zip, in the order that a folder would have. Raises SubmissionError where it cannot be read."""
    if path.is_symlink() or not path.is_file():
        raise SubmissionError(f"{path} is not a regular file; name the zip itself.")
    try:
        archive = zipfile.ZipFile(path)
        members = archive.infolist()
    except _BAD_ZIP as error:
        raise SubmissionError(f"{path} is not a zip that can be read ({error}); download it again.") from None
    if len(members) > MAX_MEMBERS:
        raise SubmissionError(
            f"{path} holds {len(members)} files; at most {MAX_MEMBERS} are read from a zip."
        )
    files: dict[PurePosixPath, File] = {}
    refused = []
    for member in members:
        if member.is_dir():
            continue
        if reason := _refusal(member.filename):
            refused.append(
                (member.filename[:80], f"{path} holds a file whose name {reason}; it was left out.")
            )
            continue
        relative = PurePosixPath(member.filename)
        if not any(_is_skipped(part) for part in relative.parts[:-1]):
            files[relative] = File(
                relative, path / relative, member, archive
            )  # of two with one name the later
    ordered = sorted(files.values(), key=lambda file: (file.relative.parts[:-1], file.relative.name))
    return Tree(path, tuple(ordered), tuple(refused))


def _refusal(name: str) -> str | None:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0]:
        return "leads outside of it"
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        return "holds control characters"
    if any(len(part.encode("utf-8", "replace")) > MAX_COMPONENT for part in parts):
        return f"is longer than {MAX_COMPONENT} bytes"
    return None


def _is_skipped(folder: str) -> bool:
    return folder.startswith(".") or folder in _SKIPPED
