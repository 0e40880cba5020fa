"""What every outside system has in common. A new one is a file of this folder with a subclass, and its test."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from labkit.course import Lab
from labkit.errors import LabkitError
from labkit.platforms.origin import File, Origin
from labkit.record import Record, Student
from labkit.record.found import Found

if TYPE_CHECKING:
    from nbformat import NotebookNode

Files = dict[str, bytes]
#: When a student may see the title and the message of a hidden check; the words are Gradescope's.
VISIBILITIES = ("hidden", "after_due_date", "after_published", "visible")


class ExportError(LabkitError):
    """Results cannot be exported; the message says which file is at fault and what to do."""


@dataclass(frozen=True)
class Request:
    """How to export.

    `hidden`: when students may see hidden checks. `sheet`: a downloaded gradebook or worksheet, its bytes.
    `columns`: the sheet's column for each lab, `""` for any lab. `environment`: what a runner says of the submission.
    """

    hidden: str = "after_published"
    sheet: bytes | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exported:
    """Files by relative path, and sentences for whoever exports: whom the sheet lacks, what was left as it was."""

    files: dict[str, str | bytes]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kit:
    """What goes out of a lab, for platforms to pack. Only `student` may be public.

    `student`: a course of this lab alone without its solution, and labkit itself. `solution`: what grading needs of it,
    by name. `course`: course.toml with this lab alone. `master`: the solution as a notebook.
    """

    lab: Lab
    student: Files
    solution: Files
    course: bytes
    wheel: tuple[str, bytes]
    requirements: bytes
    salt: bytes
    master: NotebookNode


class Platform:
    """An outside system: how its export is read, and how results are written for it.

    `writes` and `reads` are one line each for help and documentation, empty where it does not do so. A platform that
    `fills` a sheet needs the one that was downloaded; one that `gives_back` takes a page for each student in a zip;
    one that is not `for_each` student has one grade for all who handed in a submission.
    """

    name: ClassVar[str] = ""
    writes: ClassVar[str] = ""
    reads: ClassVar[str] = ""
    fills: ClassVar[bool] = False
    gives_back: ClassVar[bool] = False
    for_each: ClassVar[bool] = False
    resembles: ClassVar[bool] = (
        True  # whether names of files that fit are worth a word where it is not taken for one
    )

    # --- its export ---------------------------------------------------------------------------------------------

    def owner(self, file: File) -> Hashable | None:
        """Whose a file of the export is; None for a file that does not fit."""
        return None

    def base(self, origin: Origin) -> Origin:
        """The part of what was given in which the students are."""
        return origin

    def proven(self, origin: Origin) -> bool:
        """Whether more than the names of files, which students may have chosen, tells that it is such an export."""
        return True

    def looks_so(self, origin: Origin) -> bool:
        """Whether it could be one though nothing in it belongs to anybody."""
        return False

    def find(self, origin: Origin, owners: Mapping[Hashable, list[File]]) -> list[Found]:
        """The submissions of an export, of which the files are known by owner."""
        raise NotImplementedError

    def whose(self, name: str) -> Student | None:
        """What the name of one download tells of its student; None where it is not named as this platform does."""
        return None

    def page_of(self, file: File) -> str:
        """The name in a zip of pages by which it gives one to whoever handed in this file of its export."""
        raise NotImplementedError

    # --- its sheet or result ------------------------------------------------------------------------------------

    def write(self, records: Sequence[Record], request: Request) -> Exported:
        """The records in its format. Raises ExportError."""
        raise NotImplementedError

    # --- what it needs of a lab ---------------------------------------------------------------------------------

    def release(self, kit: Kit) -> Mapping[str, Files]:
        """Folders, or zips by that ending, under `public/` and `private/`, each with its files."""
        return {}

    # --- its container ------------------------------------------------------------------------------------------

    def grade_here(self, folder: Path) -> None:
        """Grade the one submission of its container and leave the result where it is looked for. Raises LabkitError
        where the container is at fault.
        """
        raise NotImplementedError


def script(name: str) -> bytes:
    """A program that goes to a platform as a file."""
    return resources.files("labkit.platforms").joinpath("scripts", name).read_bytes()
