"""Courses: what course.toml says, and where the labs lie."""

from __future__ import annotations

import difflib
import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from labkit.errors import LabkitError
from labkit.lesson import quiz as quizzes
from labkit.lesson.cells import notebook_cells
from labkit.lesson.checks import CheckInfo, quiz_check, read_checks
from labkit.lesson.lesson import Hint, Lesson, Question, lesson_of, read_lesson
from labkit.lesson.source import SourceError, read_text
from labkit.lesson.submission import SubmissionError
from labkit.settings import MOMENT, TABLE, TEXT, Key, Settings, counts, numbers, tables

COURSE_FILE = "course.toml"
THREADS = 2  # that a submission computes with, unless its lab says otherwise


class CourseError(LabkitError):
    """A course or lab was not found or cannot be read; the message says where and what to do."""


class NoCourse(CourseError):
    """There is no course where one was looked for."""


@dataclass(frozen=True)
class LatePolicy:
    """What lateness costs, `[late]` in course.toml: percent of a lab's maximum for each day begun, after a grace.

    What is more than `max_days` late counts nothing; None: any delay counts. With a time zone ("Europe/Berlin"), a
    day ends when its clocks show the time of the due date again, be it after 23 or 25 hours.
    """

    penalty_per_day: float = 0
    grace_minutes: float = 0
    max_days: int | None = None
    timezone: ZoneInfo | None = None


@dataclass(frozen=True)
class Lab:
    """A lab of a course. `handout` is what students get; `solution` is None where only that exists.

    `due` has a time zone; `attempts` is how many submissions of a student count. None: at any time, any number.
    A submission computes with so many `threads`, whatever the machine has: results depend on it in their last digits.
    A student needs about so many `minutes`; the checks give so many `points` together.
    """

    name: str
    handout: Path
    solution: Path | None
    due: datetime | None = None
    attempts: int | None = None
    threads: int = THREADS
    minutes: int | None = None
    points: float = 100
    weight: float = 1

    @property
    def source(self) -> Path:
        """The master where it is present, else the starter."""
        return (self.solution or self.handout) / "lab.py"

    @cached_property
    def lesson(self) -> Lesson:
        """The master, read, or the starter."""
        return read_lesson(_read(self.source))

    @property
    def title(self) -> str:
        """The first heading of the lesson."""
        return self.lesson.title or self.name

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions in order of their headings, and after them the quiz where there is one."""
        quiz = tuple(entry.function for entry in self.quiz)
        return self.lesson.questions + ((Question(quizzes.QUESTION, "Quiz", quiz),) if quiz else ())

    @cached_property
    def checks(self) -> tuple[CheckInfo, ...]:
        """All checks where the solution is present, else the public ones."""
        return read_checks((self.solution or self.handout) / "test_lab.py") + self._quiz_checks

    @cached_property
    def public_checks(self) -> tuple[CheckInfo, ...]:
        """The checks that are handed out."""
        return read_checks(self.handout / "test_lab.py") + self._quiz_checks

    @property
    def _quiz_checks(self) -> tuple[CheckInfo, ...]:
        return tuple(quiz_check(question.function, question.points, question.title) for question in self.quiz)

    @cached_property
    def quiz(self) -> tuple[quizzes.Quiz, ...]:
        """The quiz questions without their answers; none where they cannot be read."""
        try:
            return quizzes.read_quizzes(_read(self.source), answers=False)
        except quizzes.QuizError:  # the author hears of it from `labkit build`
            return ()

    def hints(self, question: str) -> tuple[Hint, ...]:
        """The hints for a question, in order. Raises CourseError where there is no such question."""
        if question not in [known.id for known in self.questions]:
            known = ", ".join(known.id for known in self.questions)
            raise CourseError(f"{self.name} has no question {question}; its questions are {known}.")
        if self.solution is not None:
            return self.lesson.hints.get(question, ())
        notebook = json.loads(_read(self.handout / "lab.ipynb"))  # a script only points at them
        return lesson_of(notebook_cells(notebook["cells"])).hints.get(question, ())

    @property
    def asked(self) -> dict[str, str]:
        """The functions that are asked for, each with its question."""
        return {name: question.id for question in self.questions for name in question.functions}

    def uses_keras(self, question: str | None = None) -> bool:
        """Whether any check does, or any of one question."""
        return any(check.keras for check in self.checks if question in (None, check.question))


def solution_of(lab: Lab) -> Path:
    """The folder of a lab's solution. Raises CourseError where it is not here."""
    if lab.solution is None:
        raise CourseError(f"{lab.name} has no solution here.")
    return lab.solution


@dataclass(frozen=True)
class Course:
    """A folder with `course.toml`, `labs/` and, for the instructor, `solutions/`."""

    root: Path
    title: str
    order: tuple[str, ...]
    late: LatePolicy = LatePolicy()
    #: for each lab of the order what course.toml says of it, beside its name
    settings: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False)

    @cached_property
    def labs(self) -> tuple[Lab, ...]:
        """The labs in the course's order; a folder that course.toml does not list comes after."""
        found = _folders(self.root)
        names = [name for name in self.order if name in found] + sorted(found - set(self.order))
        return tuple(self._lab(name) for name in names)

    def _lab(self, name: str) -> Lab:
        solution = self.root / "solutions" / name
        found = solution if (solution / "lab.py").is_file() else None
        return Lab(name, self.root / "labs" / name, found, **self.settings.get(name, {}))

    def lab(self, name: str) -> Lab:
        """The lab of that name; "lab01", "01" and "1" will do. Raises CourseError."""
        digits = name.removeprefix("lab")
        for lab in self.labs:
            number = _number(lab.name)
            if name in (lab.name, f"lab{number}") or (digits.isdigit() and number == digits.zfill(2)):
                return lab
        known = ", ".join(lab.name for lab in self.labs) or "none"
        raise CourseError(f"There is no lab called {name!r} in {self.root}. The labs there: {known}.")


def lab_of(course: Course, path: Path, header: str | None, given: str | None) -> Lab:
    """The lab that a submission answers: as given, by its name or the two folders around it, by its header, or by a
    folder farther above, in this order. Raises SubmissionError.
    """
    if given:
        return course.lab(given)
    names = [*path.absolute().parts[:-1], path.stem]
    if near := _named_in(course, names[-3:]):
        return near
    if header:
        try:
            return course.lab(header)
        except CourseError as error:
            raise SubmissionError(f"{path} names a lab that is not there: {error}") from None
    if far := _named_in(course, names[:-3]):
        return far
    raise SubmissionError(
        f"{path} does not say which lab it answers; begin it with `# labkit: lab01_softmax_regression` or use --lab."
    )


def _named_in(course: Course, names: list[str]) -> Lab | None:
    """The lab that the last of these is called after."""
    return next((lab for name in reversed(names) for lab in course.labs if lab.name == name), None)


def find_course(start: Path | None = None, given: Path | None = None) -> Course:
    """The course at `given`, or upward from `start`, or in LABKIT_COURSE, or upward from here."""
    if given is not None:
        return read_course(given)
    candidates = [start] if start is not None else []
    if os.environ.get("LABKIT_COURSE"):
        candidates.append(Path(os.environ["LABKIT_COURSE"]))
    candidates.append(Path.cwd())
    for candidate in candidates:
        folder = candidate.absolute()
        for parent in (folder, *folder.parents):
            if (parent / COURSE_FILE).is_file():
                return read_course(parent)
    raise NoCourse(
        f"No {COURSE_FILE} was found upward from {candidates[0].absolute()}. "
        "Work inside the course's folder, or name it with --course FOLDER or LABKIT_COURSE."
    )


# --- course.toml --------------------------------------------------------------------------------------------


def read_course(root: Path) -> Course:
    """The course in a folder. Raises CourseError, with file, line and remedy, for whatever it should not say."""
    return _Reader(root / COURSE_FILE, CourseError).course(root.absolute())


def _is_zone(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (KeyError, ValueError, OSError):
        return False


_COURSE = {"title": TEXT, "late": TABLE, "labs": tables("are tables, each with a name")}
_LATE = {
    "penalty_per_day": numbers(0, 100),
    "grace_minutes": numbers(0, 7 * 24 * 60),
    "max_days": counts(0),
    "timezone": Key('is a name such as "Europe/Berlin"', _is_zone),
}
_LAB = {
    "name": TEXT,
    "due": MOMENT,
    "attempts": counts(1),
    "threads": counts(1, 64),
    "minutes": counts(1),
    "points": numbers(0.01),
    "weight": numbers(0),
}


class _Reader(Settings):
    """Reads one course.toml."""

    def course(self, root: Path) -> Course:
        """The course in that folder."""
        table = self.table
        self.check(table, _COURSE, "", -1, "{}", "there are title, [late] and [[labs]]")
        late = dict(table.get("late", {}))
        self.check(late, _LATE, "late", -1, "[late] {}", f"the keys are {', '.join(_LATE)}")
        policy = LatePolicy(
            **(late | ({"timezone": ZoneInfo(late["timezone"])} if "timezone" in late else {}))
        )
        labs: dict[str, dict[str, Any]] = {}
        for index, entry in enumerate(table.get("labs", [])):
            name = entry.get("name")
            if name is None:
                self.refuse(self.line("labs", index), "this lab has no name; each [[labs]] needs one.")
            keys = f"the keys of a lab are {', '.join(_LAB)}"
            self.check(entry, _LAB, "labs", index, f"{{}} of {name}", keys)
            if name in labs:
                first = self.line("labs", list(labs).index(name), "name")
                sentence = f"{name} stands here twice, first on line {first}; keep one entry."
                self.refuse(self.line("labs", index, "name"), sentence)
            self.agrees(policy, entry, index)
            labs[name] = {key: value for key, value in entry.items() if key != "name"}
        self.exist(root, list(labs))
        title = str(table.get("title", root.name))
        return Course(root, title, tuple(labs), policy, labs)

    def agrees(self, policy: LatePolicy, entry: dict[str, Any], index: int) -> None:
        """Refuse a due date whose offset is not that of the course's time zone."""
        due, zone = entry.get("due"), policy.timezone
        if due is None or zone is None or due.astimezone(zone).utcoffset() == due.utcoffset():
            return
        meant = due.replace(tzinfo=zone).isoformat()
        self.refuse(
            self.line("labs", index, "due"),
            f"due of {entry['name']} has another offset than {zone.key} has then; write {meant}, or "
            f"{due.astimezone(zone).isoformat()} where that moment is meant.",
        )

    def exist(self, root: Path, names: list[str]) -> None:
        """Refuse a name without a folder where a folder without a name looks like it."""
        found = _folders(root)
        others = sorted(found - set(names))
        for index, name in enumerate(names):
            if name not in found:
                number = _number(name.lower()).zfill(2)
                same = [other for other in others if _number(other) == number]
                if close := same or difflib.get_close_matches(name, others, 1):
                    sentence = f"there is no lab called {name}; is {close[0]} meant, whose folder is there?"
                    self.refuse(self.line("labs", index, "name"), sentence)


def _folders(root: Path) -> set[str]:
    """The names of the labs that are there."""
    return {
        folder.name
        for part in ("labs", "solutions")
        if (root / part).is_dir()
        for folder in (root / part).iterdir()
        if (folder / "lab.py").is_file()
    }


def _number(name: str) -> str:
    return name.removeprefix("lab").split("_")[0]


def _read(path: Path) -> str:
    try:
        return read_text(path)
    except SourceError as error:
        raise CourseError(str(error)) from None
