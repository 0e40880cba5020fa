"""Files, and folders of students' folders, as people keep them: the names are those of the paths."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from labkit.platforms.handed_in import answers, nothing_to_grade, of_student, too_many
from labkit.platforms.origin import File, Origin
from labkit.platforms.platform import Platform
from labkit.record import Student
from labkit.record.found import Found

#: What is handed in by mistake in the place of a script or a notebook: documents, archives, and `lab.py.txt`.
_HANDED_IN = (
    *(".pdf", ".html", ".htm", ".docx", ".doc", ".odt", ".rtf", ".txt", ".json"),
    *(".zip", ".rar", ".7z", ".gz", ".tgz", ".bz2", ".xz", ".tar"),
)
#: Files that lie beside submissions and are nobody's.
_BESIDE = (".csv", ".toml", ".cfg", ".ini", ".lock", ".whl", ".yml", ".yaml")
_NAMED = ("readme", "license", "requirements", "makefile", "dockerfile")


class Files(Platform):
    """Takes whatever no platform made."""

    name = "files"
    reads = "files, or folders of students' folders"


def find_plain(origin: Origin, most: int | None = None, at_root: str | None = None) -> list[Found]:
    """In each folder `lab.py` and `lab.ipynb`, or, in one that has neither, every script and notebook.

    A folder in the tree with more than `most` of them is taken for a student's, and gets one record that says so.
    `at_root` is the name of a `lab.py` that lies in no folder; default: what was given is called. Whoever has a
    folder at the top and nothing in it that can be graded gets a record that says so.
    """
    folders: dict[PurePosixPath, list[File]] = {}
    for file in answers(list(origin.files)):
        if file.gradable:
            folders.setdefault(file.relative.parent, []).append(file)
    root_name = origin.name if at_root is None else at_root
    found = []
    for folder, files in folders.items():
        labs = [file for file in files if file.relative.stem.lower() == "lab"]
        if most is not None and folder.parts and len(labs or files) > most:
            problem = f"{too_many(folder, len(files))} Where it is a class, use --layout files."
            found.append(Found(folder.as_posix(), origin.path / folder, problem=problem))
            continue
        beside = tuple(file.relative.name for file in files if labs and file not in labs)
        found += [
            Found(_name(file.relative, root_name), file.path, file, beside=beside) for file in labs or files
        ]
    graded = {folder.parts[0] for folder in folders if folder.parts}
    if graded or not folders:  # folders of students', of whom some handed in something else
        for name, files in origin.by_folder().items():
            if name not in graded and (others := [file for file in files if file.handed_in]):
                found += of_student(name, origin.path / name, others, Student())
    return found


def one_file(path: Path) -> Found:
    """A file that was named itself."""
    name = PurePosixPath(path.name)
    return Found(_name(name, path.absolute().parent.name), path, File(name, path))


def left_out(origin: Origin) -> list[File]:
    """Files at the top that cannot be graded, though somebody may have handed them in."""
    return [file for file in origin.files if len(file.relative.parts) == 1 and _may_be_meant(file)]


def records_of(files: list[File]) -> list[Found]:
    """A record for each of those that is of a kind that is handed in."""
    meant = [file for file in files if file.relative.suffix.lower() in ("", *_HANDED_IN)]
    return [
        Found(name, file.path, problem=nothing_to_grade(name, [file.relative.name]))
        for file in meant
        for name in [file.relative.name.partition(".")[0]]
    ]


def _may_be_meant(file: File) -> bool:
    name = file.relative.name.lower()
    return file.handed_in and not file.gradable and not name.endswith(_BESIDE) and not name.startswith(_NAMED)


def _name(relative: PurePosixPath, root_name: str) -> str:
    if relative.stem.lower() == "lab":
        return relative.parent.as_posix() if relative.parent.parts else root_name
    return relative.with_suffix("").as_posix()
