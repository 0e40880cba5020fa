"""The recorded answers of a lab: what the reference says and how each known mistake fails, for every public check.

Recording runs and trains, which takes up to minutes. So the file keeps for each check a digest of what its answers
depend on: code and versions. While that stays the same, so do they, and what else the file says (sentences of
mistakes, titles, points, the quiz) is taken from the text.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import math
import platform
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from labkit.check import catalogue
from labkit.check.answers import Live, Recorder, Tables
from labkit.check.attempt import attempt
from labkit.check.catalogue import MISCONCEPTIONS
from labkit.check.collect import Check, carry_out, collect
from labkit.check.defaults import stated_defaults
from labkit.check.expect.failure import examining
from labkit.check.inputs import Inputs, generator
from labkit.check.parties import InProcess, Transport
from labkit.check.quiz import seal
from labkit.check.recorded import read_arrays
from labkit.course import CourseError, Lab, solution_of
from labkit.errors import LabkitError
from labkit.lesson.checks import marks_of
from labkit.lesson.quiz import QUESTION, quiz_functions, read_quizzes
from labkit.lesson.source import code_of, parse_python, read_python, read_text
from labkit.lesson.submission import without_explore_cells
from labkit.record import CheckResult, Verdict
from labkit.worker import warm

_LIBRARIES = ("labkit", "keras", "tensorflow", "numpy", "scikit-learn")
_FROM, _HIDDEN, _CONTENT = "recorded_from", "carried_out", "content"  # the digests in the index
_FORMAT = "mistakes by signature"  # of what is recorded: another one is recorded anew
Progress = Callable[[str], None]


def up_to_date(
    lab: Lab, checks: str, path: Path, progress: Progress = lambda check: None, anew: bool = False
) -> tuple[Tables, bool]:
    """The tables of a lab as they are to be handed out, and whether anything was carried out for them.

    `checks` is the text of the public checks, `path` the file as it lies there. Only what depends on what has changed
    is carried out, all with `anew`: public checks on the reference and on every known mistake, hidden ones on the
    reference. Raises LabkitError where one fails on the reference, or does not run.
    """
    kept, digests, hidden = _whole(path), _digests(lab, checks), _hidden_digest(lab)
    if kept is not None and not anew and _was_recorded_from(kept, digests, hidden):
        return _labelled(_copied(kept, digests), lab, digests, hidden), False
    tables, usable = Tables([]), {}
    if kept is not None and not anew and isinstance(kept.index.get(_FROM), dict):
        usable = kept.index[_FROM]
    recorder = _Recording(lab, tables)
    every = collect(solution_of(lab) / "test_lab.py")
    for check in _public(lab, checks):
        name = check.info.name
        if kept is not None and name in usable and usable[name] == digests[name]:
            _copy(kept, tables, name)
        else:
            carry_out(recorder, [check], progress=progress)
    if anew or kept is None or kept.index.get(_HIDDEN) != hidden:
        recorder.tables = None
        carry_out(recorder, [check for check in every if check.info.hidden], progress=progress)
    tables = _labelled(tables, lab, digests, hidden)
    if kept is not None and set(digests) <= set(kept.index["answers"]):
        before = _labelled(_copied(kept, digests), lab, digests, hidden)
        if say_the_same(before, tables):  # other digits, of another processor, are noise in the history
            return before, True
    return tables, True


def is_current(path: Path, lab: Lab, checks: str) -> bool:
    """Whether a recorded file is whole, and is what `up_to_date` would give without carrying anything out."""
    kept, digests, hidden = _whole(path), _digests(lab, checks), _hidden_digest(lab)
    if kept is None or not _was_recorded_from(kept, digests, hidden):
        return False
    return kept.index == _labelled(_copied(kept, digests), lab, digests, hidden).index


def _was_recorded_from(kept: Tables, digests: dict[str, str], hidden: str) -> bool:
    return kept.index.get(_FROM) == digests and kept.index.get(_HIDDEN) == hidden


def _whole(path: Path) -> Tables | None:
    """The tables of a file that is as it was written."""
    kept = read_tables(path)
    whole = kept is not None and kept.index.get(_CONTENT) == _content_digest(kept.index, kept.arrays)
    return kept if whole else None


def read_tables(path: Path) -> Tables | None:
    """The tables of a recorded file, None where there is none that can be read."""
    try:
        index, arrays = read_arrays(path)
    except CourseError:
        return None
    tables = Tables([])
    tables.index, tables.arrays = index, arrays
    return tables


# --- digests ------------------------------------------------------------------------------------------------


def _digests(lab: Lab, checks: str) -> dict[str, str]:
    """For each check in a text a digest of all that its answers depend on: code and versions."""
    master = parse_python(without_explore_cells(read_text(lab.source)), lab.source)
    mistakes = solution_of(lab) / MISCONCEPTIONS
    shared = [_FORMAT, platform.python_version(), *(metadata.version(name) for name in _LIBRARIES)]
    shared += [code for node, code in _pieces(master) if node not in quiz_functions(master)]
    tests = _pieces(parse_python(checks, "test_lab.py"))
    known = _pieces(read_python(mistakes)) if mistakes.is_file() else []
    found = {}
    for test, own in tests:
        if question := _marked(test, "question"):
            parts = [*shared, own, *(code for node, code in tests if not _marked(node, "question"))]
            parts += [code for node, code in known if _marked(node, "misconception") in (None, question)]
            found[_name(test)] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return found


def _hidden_digest(lab: Lab) -> str:
    """Of all hidden checks together: their names stay here."""
    digests = _digests(lab, read_text(solution_of(lab) / "test_lab.py"))
    found = [digests[check.name] for check in lab.checks if check.hidden]
    return hashlib.sha256("".join(found).encode()).hexdigest()


def _pieces(tree: ast.Module) -> list[tuple[ast.stmt, str]]:
    """The statements of a file, and what each does, as text; what marks say is no part of it."""
    found = []
    for node in tree.body:
        bare = copy.deepcopy(node)
        if isinstance(bare, ast.FunctionDef) and (
            _marked(node, "question") or _marked(node, "misconception")
        ):
            bare.decorator_list = []
        found.append((node, code_of(ast.Module([bare], []))))
    return found


def _marked(node: ast.stmt, mark: str) -> str | None:
    """The question that a check or a known mistake belongs to, None of another statement."""
    return next(iter(marks_of(node).get(mark, ())), None) if isinstance(node, ast.FunctionDef) else None


def _name(node: ast.stmt) -> str:
    return node.name if isinstance(node, ast.FunctionDef) else ""


def _content_digest(index: dict[str, Any], arrays: list[np.ndarray]) -> str:
    kept = {key: value for key, value in index.items() if key != _CONTENT}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode())
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


# --- what is taken from the text ----------------------------------------------------------------------------


def _labelled(tables: Tables, lab: Lab, digests: dict[str, str], hidden: str) -> Tables:
    """The tables with today's questions, sentences and quiz, and the digests."""
    points = {question.id: 0.0 for question in lab.questions}
    for check in lab.checks:
        points[check.question] = points.get(check.question, 0) + check.points
    sentences = {entry.name: entry.sentence for entry in catalogue.read_catalogue(lab, MISCONCEPTIONS)}
    for mistakes in tables.index["mistakes"].values():
        mistakes[:] = [entry for entry in mistakes if entry["id"] in sentences]  # others are known no more
        for entry in mistakes:
            entry["sentence"] = sentences[entry["id"]]
    tables.index["questions"] = [
        {"id": question.id, "title": question.title, "points": round(points[question.id], 6)}
        for question in lab.questions
        if question.id != QUESTION
    ]
    tables.index["defaults"] = stated_defaults(lab)
    tables.index[QUESTION] = [seal(quiz) for quiz in read_quizzes(read_text(lab.source))]
    tables.index[_FROM], tables.index[_HIDDEN] = digests, hidden
    tables.index[_CONTENT] = _content_digest(tables.index, tables.arrays)
    return tables


def _copied(kept: Tables, names: dict[str, str]) -> Tables:
    tables = Tables([])
    for name in names:
        _copy(kept, tables, name)
    return tables


def _copy(kept: Tables, tables: Tables, check: str) -> None:
    """Take over what was recorded for one check."""
    part = kept.index["answers"][check]
    start, count = part["arrays"]
    tables.index["answers"][check] = {**part, "arrays": [len(tables.arrays), count]}
    tables.arrays += kept.arrays[start : start + count]
    if check in kept.index["mistakes"]:
        tables.index["mistakes"][check] = [dict(entry) for entry in kept.index["mistakes"][check]]


# --- recording ----------------------------------------------------------------------------------------------


def _public(lab: Lab, checks: str) -> tuple[Check, ...]:
    """The checks in the text that students get. Raises LabkitError where it does not run by itself."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "test_lab.py"
        path.write_text(checks, encoding="utf-8")
        try:
            return tuple(check for check in collect(path) if check.info.question != QUESTION)
        except LabkitError as error:
            place = f"the public part of {solution_of(lab) / path.name}, as students get it"
            raise CourseError(str(error).replace(str(path), place)) from None


class _Recording:
    """Carries checks out on the reference, here in this process, and keeps what it answers and how known mistakes fail.

    Without tables nothing is kept. Raises CourseError where a check fails on the reference itself.
    """

    def __init__(self, lab: Lab, tables: Tables | None):
        self.student = partial(InProcess, catalogue.reference_cells(lab), lab.threads)
        self.live, self.inputs, self.tables = Live(lab), Inputs(), tables
        self.results: list[CheckResult] = []
        self.checks: dict[str, Check] = {}

    def perform(self, check: Check) -> CheckResult:
        info = check.info
        seed, heard = self.inputs.seed(info.name), list[Recorder]()
        if info.keras:
            warm()

        def reference() -> Transport:
            heard.append(Recorder(self.live.reference(info.name, seed)))
            return heard[-1]

        student = self.student()
        student.ask("begin", seed=seed)
        with examining():
            failure = attempt(check, student, reference, generator(self.inputs.own(info.name)))
        if failure is not None:
            raise CourseError(f"{info.name} fails on the reference itself: {failure.message}")
        if self.tables is not None:
            self.tables.add_answers(info.name, heard[0].replies if heard else [])
            for mistake in self.live.mistakes(check):
                known = self.live.failure(check, mistake, seed, self.inputs.shared(info.name))
                if known is not None:
                    self.tables.add_mistake(info.name, mistake, self.live.sentence(mistake), known)
        return CheckResult(info.name, info.question, info.title, Verdict.PASSED, info.points, info.points)

    def name_mistakes(self) -> None:
        """Nothing fails here."""


# --- comparing ----------------------------------------------------------------------------------------------


def say_the_same(old: Tables, new: Tables) -> bool:
    """Whether two recordings say the same; numbers may differ as they do between two processors."""
    said, fresh = (
        {key: part for key, part in tables.index.items() if key not in (_FROM, _HIDDEN, _CONTENT)}
        for tables in (old, new)
    )
    same = _same(said, fresh) and len(old.arrays) == len(new.arrays)
    return same and all(_close(a, b) for a, b in zip(old.arrays, new.arrays, strict=True))


def _same(a: Any, b: Any) -> bool:
    """Equal data; numbers may differ as they do between two processors."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-5)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return a == b


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=a.dtype.kind in "fc"))
