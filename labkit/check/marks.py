"""The marks that a check carries.

What they say is read from the text of the file (`labkit.lesson.checks`), so that listing a lab and grading it
cannot disagree; when the file is run they leave the function as it is.
"""

from collections.abc import Callable
from typing import TypeVar

Body = TypeVar("Body", bound=Callable[..., None])


def question(name: str) -> Callable[[Body], Body]:
    """question("1.3"): which question the check belongs to."""
    return hidden


def points(number: float) -> Callable[[Body], Body]:
    """points(4): what it is worth."""
    return hidden


def needs(*questions: str) -> Callable[[Body], Body]:
    """needs("1.3"): not run while one of these questions has not passed."""
    return hidden


def uses(library: str) -> Callable[[Body], Body]:
    """uses("keras"): the worker imports it before the check's clock starts."""
    return hidden


def limit(seconds: float) -> Callable[[Body], Body]:
    """limit(60): seconds of processor time for each call."""
    return hidden


def written(body: Body) -> Body:
    """The check returns a text for a person to read, who gives its points in adjustments.toml."""
    return body


def hidden(body: Body) -> Body:
    """The check is not handed out to students."""
    return body
