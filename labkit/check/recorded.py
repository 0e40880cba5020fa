"""Reads `recorded.npz`, which `labkit build` writes beside a lab's public checks: an index, and arrays."""

from __future__ import annotations

import contextlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from labkit.course import CourseError, Lab
from labkit.lesson.quiz import QUESTION

RECORDED = "recorded.npz"
ANEW = "Get the lab's folder anew, or run `labkit build` as its author."


def read_index(path: Path) -> dict[str, Any]:
    """What a recorded file says, without its arrays. Raises CourseError where it is damaged."""
    with _members(path) as members:
        return _index(members)


def hidden_points(lab: Lab, question: str | None = None) -> float:
    """The points of a question, or of all, that only grading gives, as the recorded file says them."""
    listed = read_index(lab.handout / RECORDED).get("questions", [])
    every = sum(entry["points"] for entry in listed if question in (None, entry["id"]))
    public = sum(
        check.points
        for check in lab.public_checks
        if question in (None, check.question) and check.question != QUESTION
    )
    return max(round(every - public, 6), 0)


def read_arrays(path: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The index and the arrays of a recorded file. Raises CourseError where it is damaged."""
    with _members(path) as members:
        return _index(members), [members[f"a{number}"] for number in range(len(members.files) - 1)]


def _index(members: Any) -> dict[str, Any]:
    index = json.loads(members["index"].tobytes())
    if not isinstance(index, dict) or not {"answers", "mistakes"} <= set(index):
        raise ValueError("its index is not one of recorded answers")
    return index


@contextlib.contextmanager
def _members(path: Path) -> Iterator[Any]:
    try:
        with np.load(path, allow_pickle=False) as members:
            yield members
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise CourseError(f"{path} is damaged ({type(error).__name__}). {ANEW}") from None
