"""The pytest plugin: fixtures for checks, and a hook that carries a check out.

Installed with the package, so that `pytest labs/lab01_softmax_regression` works for a student in any
editor: the submission is then the `lab.py` beside the test file, with recorded answers and public inputs.
The grader passes its own `Run` instead (`labkit.grade.checks`).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from labkit.check import marks, quiz
from labkit.check.run import Run

RUN: pytest.StashKey[Run] = pytest.StashKey()
_OWN: pytest.StashKey[dict[Path, Run]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marks."""
    for description in marks.DESCRIPTIONS:
        config.addinivalue_line("markers", description)
    config.stash[_OWN] = {}


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the workers that this plugin started."""
    for run in config.stash.get(_OWN, {}).values():
        run.close()


@pytest.fixture
def student():
    """The submission: `student.f(*args)` calls f in the worker and returns data."""


@pytest.fixture
def reference():
    """The solution, or its recorded answers: `reference.f(*args)`."""


@pytest.fixture
def rng():
    """A NumPy generator of inputs: fixed in public runs, drawn from a secret in grading."""


@pytest.fixture
def mnist():
    """The MNIST digits, on the trusted side: x_train, y_train, x_test, y_test."""
    from labkit.data import load_mnist

    return load_mnist()


@pytest.fixture
def scaled_mnist():
    """The same with images of float32 from 0 to 1, read-only, made once in each grader process.

    All of them, such as `scaled_mnist.x_train.reshape(-1, 784)`, reach a worker without being copied.
    """
    return _scaled_mnist()


@lru_cache(maxsize=1)
def _scaled_mnist():
    from labkit.data import Dataset, load_mnist
    from labkit.worker import segments

    x_train, y_train, x_test, y_test = load_mnist()
    x_train, x_test = (segments.share(images / np.float32(255)) for images in (x_train, x_test))
    return Dataset(x_train, y_train, x_test, y_test)


@pytest.hookimpl
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Collect the quiz of a lab with its checks; other modules are left to pytest."""
    if module_path.name == "test_lab.py" and quiz.beside(module_path.parent):
        return quiz.CheckModule.from_parent(parent, path=module_path)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Carry out a check; ordinary tests are left to pytest."""
    found = marks.read(pyfuncitem)
    if found is None:
        return None
    own = RUN not in pyfuncitem.config.stash
    run = _own_run(pyfuncitem) if own else pyfuncitem.config.stash[RUN]
    given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    title = (pyfuncitem.obj.__doc__ or pyfuncitem.name).strip().splitlines()[0]
    result = run.perform(pyfuncitem.name, title, found, pyfuncitem.obj, given)
    if own and result.verdict != "passed":
        text = f"{title}\n{result.message}" + (f"\n{result.teaches}" if result.teaches else "")
        pytest.fail(text, pytrace=False)
    return True


def _own_run(item: pytest.Function) -> Run:
    from labkit.check.answers import recorded_answers
    from labkit.course import CourseError
    from labkit.lesson.submission import SubmissionError, read_submission

    folder = item.path.parent
    runs = item.config.stash[_OWN]
    if folder not in runs:
        try:
            answers = recorded_answers(folder)
            submission = read_submission(folder / "lab.py")
        except (CourseError, SubmissionError) as error:
            pytest.fail(str(error), pytrace=False)
        runs[folder] = Run([list(cell) for cell in submission.cells], answers)
        runs[folder].notes += submission.notes
    return runs[folder]
