"""Where the expected answers and the known mistakes come from.

`Live` asks the solution itself, which grading does. `Recorded` reads `recorded.npz`, written by
`labkit build`, with which the very same checks run on a student's laptop where there is no solution.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from labkit.check import catalogue
from labkit.check.expect.failure import Failure
from labkit.check.parties import InProcess, Transport
from labkit.course import CourseError, Lab
from labkit.worker import ModelSpec, models, tree

MISCONCEPTIONS = "misconceptions.py"
#: Runs a check with the given code in the student's place and returns how it fails, or None.
Attempt = Callable[[Transport], Failure | None]


@dataclass(frozen=True)
class Mistake:
    """A known mistake as one check sees it: the sentence that teaches, and how the check fails on it."""

    id: str
    sentence: str
    failure: Failure


class Live:
    """The solution and its catalogue of mistakes, run in this process."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self._reference = InProcess(catalogue.reference_cells(lab))
        InProcess(catalogue.catalogue_cells(lab, MISCONCEPTIONS))  # raises where it does not fit the solution
        self._entries = catalogue.read_catalogue(lab, MISCONCEPTIONS)
        self._inputs: dict[str, int] = {}
        self._failures: dict[str, dict[str, Failure | None]] = {}

    def reference(self, check: str, seed: int) -> Transport:
        """The reference, with fresh seeds."""
        self._reference.ask("begin", seed=seed)
        return self._reference

    def mistakes(self, check: str, question: str, inputs: int, attempt: Attempt) -> Iterator[Mistake]:
        """Each known mistake of the question on which this check fails."""
        for entry in self._entries:
            if entry.question == question and (failure := self._failure(entry, check, inputs, attempt)):
                yield Mistake(entry.name, entry.sentence, failure)

    def rejects(self, mistake: str, check: str, inputs: int, attempt: Attempt) -> bool:
        """Whether this check fails on that known mistake."""
        entry = next(entry for entry in self._entries if entry.name == mistake)
        return self._failure(entry, check, inputs, attempt) is not None

    def _failure(self, entry: catalogue.Entry, check: str, inputs: int, attempt: Attempt) -> Failure | None:
        """Kept for the inputs that were asked for last: a self-test comes back with them for every mistake."""
        if self._inputs.get(check) != inputs:
            self._inputs[check], self._failures[check] = inputs, {}
        kept = self._failures[check]
        if entry.name not in kept:
            kept[entry.name] = attempt(InProcess(catalogue.cells_with(self.lab, MISCONCEPTIONS, entry)))
        return kept[entry.name]


class Recorder:
    """Passes requests on to the reference and keeps its answers."""

    def __init__(self, transport: Transport):
        self.transport = transport
        self.replies: list[dict[str, Any]] = []

    def ask(self, verb: str, **request: Any) -> dict[str, Any]:
        reply = self.transport.ask(verb, **request)
        self.replies.append({name: value for name, value in reply.items() if name != "converted"})
        return reply


class _Replay:
    def __init__(self, check: str, replies: list[dict[str, Any]]):
        self.check = check
        self.replies = iter(replies)

    def ask(self, verb: str, **request: Any) -> dict[str, Any]:
        try:
            return next(self.replies)
        except StopIteration:
            raise LookupError(f"no recorded answer is left for {self.check}; run `labkit build`") from None


class Recorded:
    """The answers in a `recorded.npz`."""

    def __init__(self, path: Path):
        self.tables, arrays = read_arrays(path)
        self._arrays = arrays

    def reference(self, check: str, seed: int) -> Transport:
        """The recorded answers for one check, in the order in which they are asked for."""
        replies = self._value(self.tables["answers"].get(check))
        return _Replay(check, replies or [])

    def mistakes(self, check: str, question: str, inputs: int, attempt: Attempt) -> Iterator[Mistake]:
        """Each known mistake on which this check was seen to fail."""
        for entry in self.tables["mistakes"].get(check, []):
            failure = Failure(entry["kind"], "", self._value(entry["received"]), like=entry["like"])
            failure.ordinal = entry["ordinal"]
            yield Mistake(entry["id"], entry["sentence"], failure)

    def rejects(self, mistake: str, check: str, inputs: int, attempt: Attempt) -> bool:
        """Whether this check was seen to fail on that known mistake."""
        return any(entry["id"] == mistake for entry in self.tables["mistakes"].get(check, []))

    def _value(self, part: dict | None) -> Any:
        if part is None:
            return None
        start, count = part["arrays"]
        return tree.from_tree(part["tree"], [array.copy() for array in self._arrays[start : start + count]])


def recorded_answers(folder: Path) -> Recorded:
    """The answers that were handed out in a lab's folder. Raises CourseError where they are missing."""
    path = folder / "recorded.npz"
    if not path.is_file():
        raise CourseError(
            f"{path} is missing: checks run against it. Get the lab's folder anew, or run `labkit build` as its author."
        )
    return Recorded(path)


# --- the file ------------------------------------------------------------------------------------------------


class Tables:
    """What `labkit build` writes: a JSON index, and the arrays that it counts on."""

    def __init__(self, questions: list[dict]):
        self.index: dict[str, Any] = {"questions": questions, "answers": {}, "mistakes": {}}
        self.arrays: list[np.ndarray] = []

    def add_answers(self, check: str, replies: list[dict[str, Any]]) -> None:
        """The reference's replies to one check."""
        self.index["answers"][check] = self._part(replies)

    def add_mistake(self, check: str, mistake: Mistake) -> None:
        """How one check fails on one known mistake."""
        failure = mistake.failure
        entry = {"id": mistake.id, "sentence": mistake.sentence, "kind": failure.kind}
        entry |= {
            "ordinal": failure.ordinal,
            "like": failure.like,
            "received": self._part(tree.crossed(failure.received, revive=_without_weights)),
        }
        self.index["mistakes"].setdefault(check, []).append(entry)

    def _part(self, value: Any) -> dict[str, Any]:
        arrays: list[np.ndarray] = []
        written = tree.to_tree(value, arrays)
        start = len(self.arrays)
        self.arrays += arrays
        return {"tree": written, "arrays": [start, len(arrays)]}

    def write(self, path: Path) -> None:
        """Write the file; the same tables always give the same bytes."""
        index = json.dumps(self.index, allow_nan=False, separators=(",", ":")).encode()
        members = {f"a{number}": array for number, array in enumerate(self.arrays)}
        with path.open("wb") as stream:
            np.savez_compressed(stream, index=np.frombuffer(index, np.uint8), **members)


def read_arrays(path: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The index and the arrays of a recorded file."""
    with np.load(path, allow_pickle=False) as members:
        index = json.loads(members["index"].tobytes())
        return index, [members[f"a{number}"] for number in range(len(members.files) - 1)]


def _without_weights(thing: Any) -> Any:
    """Of a model that a failure received, only what tells one mistake from another."""
    if not isinstance(thing, ModelSpec):
        return thing
    bare = tuple(models.replace(layer, weights=()) for layer in thing.layers)
    return models.replace(thing, layers=bare, handle=None)
