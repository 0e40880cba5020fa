"""The pytest plugin, the door for editors: `pytest labs/lab01_softmax_regression` works for a student in any of them.

The submission is then the `lab.py` beside the test file, with recorded answers and public inputs. Each check is
handed to the same `Run` that the grader uses, which gives the fixtures themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.check import fixtures, quiz
from labkit.check.collect import Check
from labkit.check.run import Run
from labkit.errors import LabkitError
from labkit.lesson.checks import CheckInfo, read_checks

_RUNS: pytest.StashKey[dict[Path, Run]] = pytest.StashKey()
_INFO: pytest.StashKey[CheckInfo] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Begin without any submission."""
    config.stash[_RUNS] = {}


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the workers that this plugin started."""
    for run in config.stash.get(_RUNS, {}).values():
        run.close()


@pytest.fixture
def student() -> None:
    """The submission: `student.f(*args)` calls f in the worker and returns data."""


@pytest.fixture
def reference() -> None:
    """The solution, or its recorded answers: `reference.f(*args)`."""


@pytest.fixture
def rng() -> None:
    """A NumPy generator of inputs: fixed in public runs, drawn from a secret in grading."""


@pytest.fixture
def mnist() -> Any:
    """The MNIST digits, on the trusted side: x_train, y_train, x_test, y_test."""
    return fixtures.mnist()


@pytest.fixture
def prose() -> None:
    """The text of the question's cell that is tagged `written`."""


@pytest.hookimpl
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Collect a lab's checks; other modules are left to pytest."""
    if module_path.name == "test_lab.py":
        return _Checks.from_parent(parent, path=module_path)
    return None


class _Checks(pytest.Module):
    """A `test_lab.py`, with the checks of the quiz that lies beside it."""

    def collect(self):
        asked = quiz.checks(self.path.parent)
        vars(self.obj).update({info.name: body for info, body in asked})
        try:
            infos = {info.name: info for info in (*read_checks(self.path), *(info for info, _ in asked))}
        except LabkitError as problem:
            raise self.CollectError(str(problem)) from None
        for item in super().collect():
            if item.name in infos:
                item.stash[_INFO] = infos[item.name]
            yield item


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Carry out a check; ordinary tests are left to pytest."""
    info = pyfuncitem.stash.get(_INFO, None)
    if info is None:
        return None
    run = _run(pyfuncitem)
    run.perform(Check(info, pyfuncitem.obj))
    run.name_mistakes()
    result = run.results[-1]
    if result.id in run.written:
        pytest.skip(result.message)
    if not result.verdict.passed:
        text = f"{info.title}\n{result.message}" + (f"\n{result.teaches}" if result.teaches else "")
        pytest.fail(text, pytrace=False)
    return True


def _run(item: pytest.Function) -> Run:
    from labkit.check.answers import recorded_answers
    from labkit.lesson.submission import read_submission

    folder = item.path.parent
    runs = item.config.stash[_RUNS]
    if folder not in runs:
        try:
            answers = recorded_answers(folder)
            submission = read_submission(folder / "lab.py")
        except LabkitError as error:
            pytest.fail(str(error), pytrace=False)
        runs[folder] = Run(submission.cells, answers, unrun=submission.explore, prose=submission.prose)
    return runs[folder]
