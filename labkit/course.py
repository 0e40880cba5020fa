"""Finds courses, their labs, and the questions and checks of a lab, without running any of them."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from labkit.errors import LabkitError
from labkit.lesson import quiz as quizzes
from labkit.lesson.checks import CheckInfo, read_checks
from labkit.worker.launch import THREADS

COURSE_FILE = "course.toml"
_HEADING = re.compile(r"^# #{2,3} (\d+\.\d+)\s+(.+?)\s*$")
_TITLE = re.compile(r"^# # (.+?)\s*$")
_DEFINITION = re.compile(r"^def (\w+)\(")
_OPEN = re.compile(r'^\s+(?:# BEGIN SOLUTION|raise NotImplementedError\("\d+\.\d+ \w+"\))')


class CourseError(LabkitError):
    """A course or lab was not found or cannot be read; the message says where and what to do."""


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
class Question:
    """A question: its id ("1.3"), its title and the functions that answer it."""

    id: str
    title: str
    functions: tuple[str, ...]


@dataclass(frozen=True)
class Lab:
    """A lab of a course. `handout` is what students get; `solution` is None where only that exists.

    `due` has a time zone; `attempts` is how many submissions of a student count. None: at any time, any number.
    A submission computes with so many `threads`, whatever the machine has: results depend on it in their last digits.
    """

    name: str
    handout: Path
    solution: Path | None
    due: datetime | None = None
    attempts: int | None = None
    threads: int = THREADS

    @property
    def source(self) -> Path:
        """The master where it is present, else the starter."""
        return (self.solution or self.handout) / "lab.py"

    @cached_property
    def title(self) -> str:
        """The first heading of the lesson."""
        for line in _read(self.source).splitlines():
            if match := _TITLE.match(line):
                return match[1]
        return self.name

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions in order of their headings, and after them the quiz where there is one."""
        text = _read(self.source)
        quiz = tuple(entry.function for entry in _quiz(text))
        return _questions(text) + ((Question(quizzes.QUESTION, "Quiz", quiz),) if quiz else ())

    @cached_property
    def checks(self) -> tuple[CheckInfo, ...]:
        """All checks where the solution is present, else the public ones."""
        return read_checks((self.solution or self.handout) / "test_lab.py") + self._quiz

    @cached_property
    def public_checks(self) -> tuple[CheckInfo, ...]:
        """The checks that are handed out."""
        return read_checks(self.handout / "test_lab.py") + self._quiz

    @cached_property
    def _quiz(self) -> tuple[CheckInfo, ...]:
        return tuple(
            CheckInfo(f"test_{entry.function}", quizzes.QUESTION, entry.points, entry.title, False)
            for entry in _quiz(_read(self.source))
        )

    def uses_keras(self, question: str | None = None) -> bool:
        """Whether any check does, or any of one question."""
        return any(check.keras for check in self.checks if question in (None, check.question))

    def question_of(self, function: str) -> Question | None:
        """The question that a function answers."""
        return next((question for question in self.questions if function in question.functions), None)


@dataclass(frozen=True)
class Course:
    """A folder with `course.toml`, `labs/` and, for the instructor, `solutions/`."""

    root: Path
    title: str
    order: tuple[str, ...]
    late: LatePolicy = LatePolicy()
    #: for each lab of the order what course.toml says: when it is due, how many attempts count, how many threads
    settings: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False)

    @cached_property
    def labs(self) -> tuple[Lab, ...]:
        """The labs in the course's order; a folder that course.toml does not list comes after."""
        found = {
            folder.name
            for part in ("labs", "solutions")
            if (self.root / part).is_dir()
            for folder in (self.root / part).iterdir()
            if (folder / "lab.py").is_file()
        }
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
            number = lab.name.removeprefix("lab").split("_")[0]
            if name in (lab.name, f"lab{number}") or (digits.isdigit() and number == digits.zfill(2)):
                return lab
        known = ", ".join(lab.name for lab in self.labs) or "none"
        raise CourseError(f"There is no lab called {name!r} in {self.root}. The labs there: {known}.")


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
    raise CourseError(
        f"No {COURSE_FILE} was found upward from {candidates[0].absolute()}. "
        "Work inside the course's folder, or name it with --course FOLDER or LABKIT_COURSE."
    )


def read_course(root: Path) -> Course:
    """The course in a folder; raises CourseError where course.toml is missing or damaged."""
    path = root / COURSE_FILE
    try:
        settings = tomllib.loads(_read(path))
        order = tuple(str(entry["name"]) for entry in settings.get("labs", []))
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise CourseError(f"{path} cannot be read: {error}. Each [[labs]] needs a name.") from None
    late = _late_policy(settings.get("late", {}), path)
    labs = {str(entry["name"]): _lab_settings(entry, path) for entry in settings.get("labs", [])}
    return Course(root.absolute(), str(settings.get("title", root.name)), order, late, labs)


def _late_policy(table: Any, path: Path) -> LatePolicy:
    known = ("penalty_per_day", "grace_minutes", "max_days", "timezone")
    _require(isinstance(table, dict), path, "[late]", "is a table")
    for key in table:
        _require(key in known, path, f"[late] {key}", f"is unknown; the keys are {', '.join(known)}")
    for key, most in (("penalty_per_day", 100), ("grace_minutes", 7 * 24 * 60)):
        value = table.get(key, 0)
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= most
        _require(good, path, f"[late] {key}", f"is a number from 0 to {most}, not {value!r}")
    days = table.get("max_days")
    _require(_counts(days, 0), path, "[late] max_days", f"is a whole number from 0, not {days!r}")
    zone = table.get("timezone")
    try:
        return LatePolicy(**(table | {"timezone": ZoneInfo(zone) if zone is not None else None}))
    except (KeyError, ValueError, TypeError, OSError):
        raise CourseError(
            f'{path}: [late] timezone is a name such as "Europe/Berlin", not {zone!r}.'
        ) from None


def _lab_settings(entry: dict[str, Any], path: Path) -> dict[str, Any]:
    due, attempts, threads = entry.get("due"), entry.get("attempts"), entry.get("threads", THREADS)
    example = "is a date and time with its offset, without quotes, such as 2026-10-01T23:59:00+02:00"
    good = due is None or (isinstance(due, datetime) and due.tzinfo is not None)
    _require(good, path, f"due of {entry['name']}", f"{example}, not {due}")
    _require(
        _counts(attempts, 1),
        path,
        f"attempts of {entry['name']}",
        f"is a whole number from 1, not {attempts!r}",
    )
    good = isinstance(threads, int) and not isinstance(threads, bool) and 1 <= threads <= 64
    _require(good, path, f"threads of {entry['name']}", f"is a whole number from 1 to 64, not {threads!r}")
    return {"due": due, "attempts": attempts, "threads": threads}


def _counts(value: Any, least: int) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= least)


def _require(condition: bool, path: Path, key: str, rule: str) -> None:
    if not condition:
        raise CourseError(f"{path}: {key} {rule}.")


def _quiz(text: str) -> tuple[quizzes.Quiz, ...]:
    try:
        return quizzes.read_quizzes(text, answers=False)
    except quizzes.QuizError:  # the author hears of it from `labkit build`
        return ()


def _questions(text: str) -> tuple[Question, ...]:
    questions: list[Question] = []
    function = None
    for line in text.splitlines():
        if match := _HEADING.match(line):
            questions.append(Question(match[1], match[2], ()))
        elif match := _DEFINITION.match(line):
            function = None if match[1].startswith(quizzes.PREFIX) else match[1]
        elif _OPEN.match(line) and questions and function and function not in questions[-1].functions:
            last = questions[-1]
            questions[-1] = Question(last.id, last.title, (*last.functions, function))
    return tuple(question for question in questions if question.functions)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
