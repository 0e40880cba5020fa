"""The marks that a check carries. They are plain pytest marks, so that any pytest runs the file."""

from dataclasses import dataclass

import pytest

question = pytest.mark.question  #: question("1.3"): which question the check belongs to
points = pytest.mark.points  #: points(4): what it is worth
hidden = pytest.mark.hidden  #: not handed out to students
needs = pytest.mark.needs  #: needs("1.3"): not run while that question has not passed
uses = pytest.mark.uses  #: uses("keras"): the worker imports it before the check's clock starts
limit = pytest.mark.limit  #: limit(60): seconds of processor time for each call

DESCRIPTIONS = (
    "question(id): the question that the check belongs to",
    "points(n): what the check is worth",
    "hidden: the check is not handed out to students",
    "needs(*ids): questions that must have passed before",
    "uses(library): imported before the check's clock starts",
    "limit(seconds): processor time for each call",
)


@dataclass(frozen=True)
class Marks:
    """The marks of one check, read."""

    question: str
    points: float
    hidden: bool
    needs: tuple[str, ...]
    uses_keras: bool
    seconds: float | None


def read(item: pytest.Item) -> Marks | None:
    """The marks of a collected test, or None where it is no check (it has no question)."""
    named = {mark.name: mark for mark in item.iter_markers()}
    if "question" not in named:
        return None
    return Marks(
        question=named["question"].args[0],
        points=named["points"].args[0] if "points" in named else 0,
        hidden="hidden" in named,
        needs=named["needs"].args if "needs" in named else (),
        uses_keras="uses" in named and "keras" in named["uses"].args,
        seconds=named["limit"].args[0] if "limit" in named else None,
    )
