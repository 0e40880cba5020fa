"""`labkit build`: writes a lab's folder for students from the solution, or says what is stale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from labkit.author import recording
from labkit.author.notebook import starter_notebook
from labkit.author.problems import errors
from labkit.author.recording import RECORDED
from labkit.author.starter import public_checks, starter
from labkit.check.answers import Tables
from labkit.course import CourseError, Lab
from labkit.grade.files import write_atomically
from labkit.lesson.quiz import QUESTION

Progress = Callable[[str], None]


def build(lab: Lab, folder: Path, progress: Progress = lambda check: None, anew: bool = False) -> bool:
    """Write starter, notebook, public checks and recorded answers of a lab into a folder.

    Answers that lie there are kept while they are current; `anew` records them in any case. Returns whether
    they were recorded. Raises CourseError with every error in the lab's files, file and line each.
    """
    texts = handout(lab)
    for name, text in texts.items():
        write_atomically(folder / name, text)
    checks, path = texts["test_lab.py"], folder / RECORDED
    kept = recording.read_tables(path)
    if kept is not None and not anew and recording.is_current(path, lab, checks):
        if kept.index.get(QUESTION) != recording.quiz_of(lab):
            recording.sealed(kept, lab, checks).write(path)
        return False
    fresh = _record(lab, checks, progress)
    if kept is not None and recording.same_answers(kept, fresh):
        # the digits that another processor gives would only make noise in the history
        fresh.arrays, fresh.index = kept.arrays, {**kept.index}
        recording.sealed(fresh, lab, checks)
    fresh.write(path)
    return True


def handout(lab: Lab) -> dict[str, str]:
    """The text files of a lab's folder. Raises CourseError with every error in the lab's files."""
    if lab.solution is None:
        raise CourseError(f"{lab.name} has no solution to build from.")
    if found := errors(lab):
        raise CourseError("\n".join([f"{lab.name} cannot be built.", *map(str, found)]))
    script = starter(lab.source.read_text(encoding="utf-8"), str(lab.source))
    checks = lab.solution / "test_lab.py"
    return {
        "lab.py": script,
        "lab.ipynb": starter_notebook(script, lab.name),
        "test_lab.py": public_checks(checks.read_text(encoding="utf-8"), str(checks)),
    }


def stale(lab: Lab, progress: Progress = lambda check: None, deep: bool = False) -> list[str]:
    """What in the lab's folder differs from what `build` would write, a sentence each.

    Recorded answers pass by their digest; `deep`, or another digest, records them anew and compares.
    """
    texts, problems = handout(lab), []
    for name, text in texts.items():
        path = lab.handout / name
        if not path.is_file() or path.read_bytes() != text.encode():
            problems.append(f"{path} is not what {lab.solution} gives; run `labkit build`.")
    path, checks = lab.handout / RECORDED, texts["test_lab.py"]
    if deep or not recording.is_current(path, lab, checks):
        kept = recording.read_tables(path)
        if kept is None or not recording.same_answers(kept, _record(lab, checks, progress)):
            problems.append(f"{path} does not hold the answers of today's solution; run `labkit build`.")
    if (kept := recording.read_tables(path)) and kept.index.get(QUESTION) != recording.quiz_of(lab):
        problems.append(f"{path} does not hold today's quiz; run `labkit build`.")
    for extra in sorted(lab.handout.glob("*")) if lab.handout.is_dir() else []:
        if not extra.name.startswith("__") and extra.name not in (*texts, RECORDED):
            problems.append(f"{extra} does not come from the solution; remove it.")
    return problems


def _record(lab: Lab, checks: str, progress: Progress) -> Tables:
    with TemporaryDirectory() as folder:
        test_file = Path(folder) / "test_lab.py"
        test_file.write_text(checks, encoding="utf-8")
        return recording.record(lab, checks, test_file, progress)
