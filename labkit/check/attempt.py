"""One check carried out on one code: a submission's, the reference's, or a known mistake's."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from labkit.check.collect import Check
from labkit.check.defaults import Defaults
from labkit.check.expect.failure import Failure, examining
from labkit.check.fixtures import DATA
from labkit.check.parties import Party, Transport
from labkit.check.signature import signature, unusable
from labkit.lesson.quiz import shown_in
from labkit.record.signature import Signature


def attempt(
    check: Check,
    student: Transport,
    reference: Callable[[], Transport],
    rng: np.random.Generator,
    note: Callable[[str], None] = lambda text: None,
    cells: Sequence[Sequence[str]] = (),
    defaults: Defaults = {},  # noqa: B006  read only
    asked: Container[str] = (),
) -> Failure | None:
    """Run the check's body with this code in the student's place; None where it holds.

    Whatever else goes wrong is raised: NotAttempted, WorkerFailed, and what the check stumbles over.
    """

    try:
        check.body(**arguments(check, student, reference, rng, note, cells, defaults, asked=asked))
    except Failure as failure:
        return failure
    return None


def arguments(
    check: Check,
    student: Transport,
    reference: Callable[[], Transport],
    rng: np.random.Generator,
    note: Callable[[str], None] = lambda text: None,
    cells: Sequence[Sequence[str]] = (),
    defaults: Defaults = {},  # noqa: B006  read only
    prose: str = "",
    asked: Container[str] = (),
) -> dict[str, Any]:
    """What the check asks for, by name."""

    def given(name: str) -> Any:
        if name == "student":
            stated = {function: defaults[function] for function in check.info.begins if function in defaults}
            return Party(student, note, keeps=check.info.keeps, defaults=stated, asked=asked)
        if name == "reference":
            return Party(reference(), is_watched=False)
        if name == "shown":  # for the quiz: what the file itself asks, by function
            return shown_in(cells)
        if name == "note":
            return note
        if name == "prose":
            return prose
        return rng if name == "rng" else DATA[name]()

    return {name: given(name) for name in check.fixtures}


def observed(
    check: Check,
    student: Transport,
    reference: Callable[[], Transport],
    rng: np.random.Generator,
    seed: int,
    defaults: Defaults,
) -> Signature | None:
    """How a check fails on a known mistake, None where it passes: it may answer with what the check cannot use."""
    student.ask("begin", seed=seed)
    with examining():
        try:
            failure = attempt(check, student, reference, rng, defaults=defaults)
        except Exception as error:
            return unusable(error)
        return signature(failure) if failure is not None else None
