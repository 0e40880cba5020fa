"""Grades the one submission of somebody else's container, and leaves what was earned whenever it is stopped.

`python -m labkit.platforms.container gradescope ROOT`: ROOT is laid out like `/autograder`, with a course that has the
solution in `source/course`. `... classroom50 BUNDLE`: in a student's checkout, with the public checks in BUNDLE.
"""

from __future__ import annotations

import sys
from pathlib import Path

from labkit import lazy
from labkit.course import Course, CourseError, Lab
from labkit.errors import LabkitError
from labkit.lesson.submission import SubmissionError
from labkit.platforms.origin import open_origin
from labkit.platforms.plain import find_plain
from labkit.text import one_line


def only_submission(folder: Path, lab: Lab) -> Path:
    """The file to grade: called after the lab, or else the only script or notebook. Raises SubmissionError."""
    found = [entry.path for entry in find_plain(open_origin(folder)) if entry.file] if folder.is_dir() else []
    own = folder / "labs" / lab.name  # where a student's archive keeps the starter; it is no answer
    found = [path for path in found if own not in path.parents] or found
    named = [path for path in found if path.stem.lower() in (lab.name, "lab")]
    chosen = named or found
    if len(chosen) == 1:
        return chosen[0]
    wanted = f"{lab.name}.py or {lab.name}.ipynb"
    if not chosen:
        raise SubmissionError(f"There is no script or notebook to grade; hand in {wanted}.")
    names = ", ".join(sorted(str(path.relative_to(folder)) for path in chosen)[:5])
    raise SubmissionError(f"There are several files to grade ({names}); hand in only {wanted}.")


def only_lab(course: Course) -> Lab:
    """The one lab of a course that was made for a container. Raises CourseError."""
    if len(course.labs) != 1:
        raise CourseError(f"{course.root} must hold one lab; it holds {len(course.labs)}.")
    return course.labs[0]


def main(arguments: list[str]) -> int:
    """Exit status: 0 when there is a result, 1 when the container is at fault."""
    from labkit.platforms import platforms

    lazy.install()
    name, folder = arguments
    try:
        platforms()[name].grade_here(Path(folder))
    except LabkitError as problem:
        print(f"labkit: {one_line(problem, 1000)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
