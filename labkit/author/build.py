"""`labkit build`: writes a lab's folder for students from the solution, or says what is stale."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from labkit.author import recording
from labkit.author.notebook import starter_notebook
from labkit.author.problems import errors
from labkit.author.public import public_checks
from labkit.author.starter import starter, with_checks, without_hints
from labkit.check.recorded import RECORDED
from labkit.course import CourseError, Lab, solution_of
from labkit.files import writing
from labkit.lesson.source import read_text

Progress = Callable[[str], None]


def build(lab: Lab, folder: Path, progress: Progress = lambda check: None, anew: bool = False) -> bool:
    """Write starter, notebook, public checks and recorded answers of a lab into a folder, all or none of them.

    Every check is carried out on the reference, hidden ones too, unless it was and nothing changed since that it
    depends on; `anew` carries out all in any case. Returns whether any was. Raises LabkitError with every error in
    the lab's files, file and line each.
    """
    texts = handout(lab)
    tables, recorded = recording.up_to_date(lab, texts["test_lab.py"], folder / RECORDED, progress, anew)
    with writing(folder), _beside(folder) as beside:
        for name, text in texts.items():
            (beside / name).write_text(text, encoding="utf-8", newline="\n")
        tables.write(beside / RECORDED)
        folder.mkdir(exist_ok=True)
        for path in sorted(beside.iterdir()):
            target = folder / path.name
            if not target.is_file() or target.read_bytes() != path.read_bytes():
                os.replace(path, target)
    return recorded


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder beside another, on the same disk, for as long as it takes to fill it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def handout(lab: Lab) -> dict[str, str]:
    """The text files of a lab's folder. Raises CourseError with every error in the lab's files."""
    checks = solution_of(lab) / "test_lab.py"
    if found := errors(lab):
        raise CourseError("\n".join([f"{lab.name} cannot be built.", *map(str, found)]))
    script = with_checks(starter(read_text(lab.source), lab.source))
    return {
        "lab.py": without_hints(script),
        "lab.ipynb": starter_notebook(script, lab.name),
        "test_lab.py": public_checks(read_text(checks), checks),
    }


def stale(lab: Lab, progress: Progress = lambda check: None, deep: bool = False) -> list[str]:
    """What in the lab's folder differs from what `build` would write, a sentence each.

    Recorded answers pass by their digests; `deep`, or another digest, records them anew and compares.
    """
    texts, problems = handout(lab), []
    for name, text in texts.items():
        path = lab.handout / name
        if not path.is_file() or path.read_bytes() != text.encode():
            problems.append(f"{path} is not what {lab.solution} gives; run `labkit build`.")
    path, checks = lab.handout / RECORDED, texts["test_lab.py"]
    if deep or not recording.is_current(path, lab, checks):
        kept = recording.read_tables(path)
        fresh, _ = recording.up_to_date(lab, checks, path, progress, deep)
        if kept is None or not recording.say_the_same(kept, fresh):
            problems.append(f"{path} does not say what today's solution says; run `labkit build`.")
    for extra in sorted(lab.handout.glob("*")) if lab.handout.is_dir() else []:
        if not extra.name.startswith("__") and extra.name not in (*texts, RECORDED):
            problems.append(f"{extra} does not come from the solution; remove it.")
    return problems
