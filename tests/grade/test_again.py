"""A regrade equals a fresh grading, whatever happened before: checks mended and reworded, points moved, submissions
handed in again, single checks named, runs killed, marks given and taken back. LABKIT_EXAMPLES=10000 tries 1,000 stories of up to four runs.

What checks decide is made up here, from the text of the check and of the file, so that a class is graded in a moment;
`test_one_check_is_made_again_with_what_waits_for_it` and the class of 300 do it with real ones.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.adjustments import read_adjustments
from labkit.course import Course, read_course
from labkit.grade import batch as batch_module
from labkit.grade import kept
from labkit.grade.batch import Grading
from labkit.grade.journal import Journal
from labkit.grade.one import Graded, made_anew
from labkit.grade.task import Task
from labkit.platforms import find_submissions
from labkit.record import CheckResult, Record, Verdict, without_times
from labkit.worker import Plan

NAMES = ("test_a", "test_b", "test_c", "test_d")
STUDENTS = ("ann", "bob", "cyd")


def checks_file(checks: dict[str, dict[str, Any]]) -> str:
    text = "from labkit.check import hidden, needs, points, question\n"
    for name, check in checks.items():
        marks = [f'@question("{check["question"]}")', f"@points({check['points']})"]
        marks += ["@hidden"] * check["hidden"] + [f'@needs("{check["needs"]}")'] * bool(check["needs"])
        text += "\n\n" + "\n".join(marks) + f'\ndef {name}(student):\n    """{check["title"]}"""\n'
        text += f"    return {check['code']}\n"
    return text


def verdict_of(name: str, check: dict[str, Any], content: bytes) -> tuple[Verdict, float]:
    """What a check decides rests on its code and the file alone, and on nothing that was decided before."""
    digest = hashlib.sha256(f"{name} {check['code']} {check['hidden']}".encode() + content).digest()[0]
    verdict = (Verdict.PASSED, Verdict.FAILED, Verdict.NOT_ATTEMPTED)[digest % 3]
    return verdict, {Verdict.PASSED: 1.0, Verdict.FAILED: digest % 4 / 4}.get(verdict, 0.0)


class World:
    """A course, a class, and a folder of results."""

    def __init__(self, root: Path):
        self.root = root
        self.checks = {
            name: {
                "question": f"1.{1 + n // 2}",
                "points": 4,
                "hidden": n == 3,
                "needs": "",
                "title": "A title",
                "code": 0,
            }
            for n, name in enumerate(NAMES)
        }
        self.files = {name: "pass" for name in STUDENTS}
        self.marks = ""
        (root / "solutions/lab01_toy").mkdir(parents=True)
        (root / "class").mkdir()
        (root / "course.toml").write_text('[[labs]]\nname = "lab01_toy"\n')
        (root / "solutions/lab01_toy/lab.py").write_text("# labkit: lab01_toy\n")

    def course(self) -> Course:
        (self.root / "solutions/lab01_toy/test_lab.py").write_text(checks_file(self.checks))
        for name, code in self.files.items():
            (self.root / f"class/{name}.py").write_text(f"# labkit: lab01_toy\n{code}\n")
        (self.root / "adjustments.toml").write_text(self.marks)
        kept.check_hashes.cache_clear()
        return read_course(self.root)

    def grade(self, out: str, again=(), checks=(), kill: int = 99) -> list[dict]:
        course = self.course()
        left = [kill]

        def carry_out(task: Task) -> Graded:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return self.decided(task)

        batch_module.carry_out, real = carry_out, batch_module.carry_out
        try:
            found = find_submissions([self.root / "class"])
            decided = read_adjustments(course).find((one.name, one.student) for one in found)
            with Journal(self.root / out) as journal:
                how = Grading(course, self.root / out, b"salt", Plan(), journal=journal, adjustments=decided)
                return [without_times(one.as_dict()) for one in how.grade(found, again, checks).records]
        except KeyboardInterrupt:
            return []
        finally:
            batch_module.carry_out = real

    def decided(self, task: Task) -> Graded:
        """What the grader makes of a task; of one in part, the other results are those of the record that is kept."""
        lab, before = task.lab, {}
        if task.kept is not None:
            before = {check.id: check for check in task.kept.record.checks}
            again = made_anew(lab, task.only, before)
            before = {name: check for name, check in before.items() if check.question not in again}
        results: list[CheckResult] = []
        for info in lab.checks:
            if info.name in before:
                results.append(before[info.name])
                continue
            verdict, share = verdict_of(info.name, self.checks[info.name], task.submission.path.read_bytes())
            waits = any(other.question in info.needs and not other.verdict.passed for other in results)
            verdict, share = (Verdict.NOT_RUN, 0.0) if waits else (verdict, share)
            points = info.points * share
            results.append(
                CheckResult(
                    *(info.name, info.question, info.title, verdict, points, info.points, info.hidden),
                    needs=info.needs,
                    limit_seconds=info.limit,
                )
            )
        record = Record(submission="", lab=lab.name, checks=tuple(results), sha256=task.submission.sha256)
        return Graded(record)


edits = st.one_of(
    st.tuples(st.just("code"), st.sampled_from(NAMES), st.integers(0, 2)),
    st.tuples(st.just("title"), st.sampled_from(NAMES), st.sampled_from(["A title", "Another"])),
    st.tuples(st.just("points"), st.sampled_from(NAMES), st.sampled_from([4, 8, 2])),
    st.tuples(st.just("hidden"), st.sampled_from(NAMES), st.booleans()),
    st.tuples(st.just("needs"), st.sampled_from(NAMES[2:]), st.sampled_from(["", "1.1"])),
    st.tuples(st.just("file"), st.sampled_from(STUDENTS), st.sampled_from(["pass", "1", "2"])),
    st.tuples(st.just("mark"), st.sampled_from(STUDENTS), st.sampled_from([None, 0, 1.5])),
    st.tuples(st.just("drop"), st.sampled_from(NAMES[1:]), st.none()),
)
runs = st.tuples(
    st.sampled_from([(), (), ("ann",), ("all",)]),
    st.sampled_from([(), (), ("test_a",), ("1.2",)]),
    st.sampled_from([99, 99, 0, 1]),
)
stories = st.lists(st.tuples(st.lists(edits, max_size=3), runs), min_size=1, max_size=4)


def edit(world: World, what: str, which: str, value: Any) -> None:
    if what == "file":
        world.files[which] = value
    elif what == "mark":
        mark = f'[[mark]]\nstudent = "{which}"\nquestion = "1.1"\npoints = {value}\nreason = "so"\n'
        world.marks = mark if value is not None else ""
    elif what == "drop":
        world.checks.pop(which, None)
    elif which in world.checks:
        world.checks[which][what] = value


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def test_a_regrade_equals_a_fresh_grading(tmp_path_factory, quick):
    folder = tmp_path_factory.mktemp("worlds")

    @settings(
        max_examples=int(os.environ.get("LABKIT_EXAMPLES", "600")) // 10, deadline=None, derandomize=True
    )
    @given(stories)
    def holds(story):
        root = folder / "world"
        shutil.rmtree(root, ignore_errors=True)
        world = World(root)
        world.grade("out")
        for changes, (again, checks, kill) in story:
            for change in changes:
                edit(world, *change)
            there = {*world.checks, *(check["question"] for check in world.checks.values())}
            world.grade("out", again, tuple(name for name in checks if name in there), kill)
        assert world.grade("out") == world.grade("fresh")

    holds()
