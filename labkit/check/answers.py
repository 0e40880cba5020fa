"""Where the expected answers and the known mistakes come from.

`Live` asks the solution itself, which grading does. `Recorded` reads `recorded.npz`, written by
`labkit build`, with which the very same checks run on a student's laptop where there is no solution.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from labkit.check import catalogue
from labkit.check.attempt import observed
from labkit.check.catalogue import MISCONCEPTIONS
from labkit.check.collect import Check
from labkit.check.defaults import Defaults, stated_defaults
from labkit.check.inputs import generator
from labkit.check.parties import InProcess, Transport
from labkit.check.recorded import ANEW, RECORDED, read_arrays
from labkit.course import CourseError, Lab
from labkit.files import write_atomically
from labkit.record import versions
from labkit.record.signature import Signature
from labkit.worker import tree

_OF_THE_CODE = ("converted", "changed")  # parts of a reply that nobody asks the reference for


class Live:
    """The solution and its catalogue of mistakes, run in this process."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.defaults: Defaults = stated_defaults(lab)
        self._reference = InProcess(catalogue.reference_cells(lab), lab.threads)
        self._entries = {entry.name: entry for entry in catalogue.read_catalogue(lab, MISCONCEPTIONS)}
        InProcess(catalogue.catalogue_cells(lab, MISCONCEPTIONS))  # raises where it does not fit the solution
        self._code, self._entry_codes = catalogue.codes(lab, MISCONCEPTIONS)
        #: where to keep how checks fail on known mistakes, so that other processes and later runs need not find out
        self.folder: Path | None = None
        self._seen: dict[str, tuple[int, int]] = {}
        self._failures: dict[str, dict[str, Signature | None]] = {}

    def reference(self, check: str, seed: int) -> Transport:
        """The reference, with fresh seeds."""
        self._reference.ask("begin", seed=seed)
        return self._reference

    def sentence(self, mistake: str) -> str:
        """What a known mistake teaches."""
        return self._entries[mistake].sentence

    def is_alone(self, mistake: str, check: Check) -> bool:
        """Whether a check asks no other function of the lab than the one that the mistake stands for."""
        return not (check.info.reaches & set(self.lab.asked)) - {self._entries[mistake].replaces}

    def mistakes(self, check: Check) -> list[str]:
        """The known mistakes of a check's question."""
        return [entry.name for entry in self._entries.values() if entry.question == check.info.question]

    def failure(self, check: Check, mistake: str, seed: int, inputs: int) -> Signature | None:
        """How a check fails on a known mistake, None where it does not.

        Carried out once for the inputs that were asked for last: a class comes back with them.
        """
        name = check.info.name
        if self._seen.get(name) != (seed, inputs):
            self._seen[name], self._failures[name] = (seed, inputs), {}
        table = self._failures[name]
        if mistake not in table:
            table[mistake] = self._kept(check, self._entries[mistake], seed, inputs)
        return table[mistake]

    def _kept(self, check: Check, entry: catalogue.Entry, seed: int, inputs: int) -> Signature | None:
        """How the check fails on the mistake, from the folder where that was found out before."""
        path = None
        if self.folder is not None:
            parts = (self._code, self._entry_codes[entry.name], check.info.name, seed, inputs, versions())
            path = self.folder / f"{hashlib.sha256(repr(parts).encode()).hexdigest()}.json"
            with suppress(OSError, msgspec.DecodeError):
                return msgspec.json.decode(path.read_bytes(), type=Signature | None)
        code = InProcess(catalogue.cells_with(self.lab, MISCONCEPTIONS, entry), self.lab.threads)
        reference = partial(self.reference, check.info.name, seed)
        failure = observed(check, code, reference, generator(inputs), seed, self.defaults)
        if path is not None:
            with suppress(OSError):  # a disk that takes nothing costs the time of finding it out again
                write_atomically(path, msgspec.json.encode(failure).decode())
        return failure


class Recorder:
    """Passes requests on to the reference and keeps its answers."""

    def __init__(self, transport: Transport):
        self.transport = transport
        self.replies: list[dict[str, Any]] = []

    def ask(self, verb: str, **request: Any) -> dict[str, Any]:
        reply = self.transport.ask(verb, **request)
        self.replies.append({name: value for name, value in reply.items() if name not in _OF_THE_CODE})
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
        self.path = path
        self.tables, arrays = read_arrays(path)
        self._arrays = arrays
        self.defaults: Defaults = self.tables.get("defaults", {})

    def reference(self, check: str, seed: int) -> Transport:
        """The recorded answers for one check, in the order in which they are asked for."""
        if check not in self.tables["answers"]:
            raise CourseError(f"{self.path} has no answers for {check}. {ANEW}")
        return _Replay(check, self._value(self.tables["answers"][check]))

    def sentence(self, mistake: str) -> str:
        """What a known mistake teaches."""
        entries = (entry for found in self.tables["mistakes"].values() for entry in found)
        return next(entry["sentence"] for entry in entries if entry["id"] == mistake)

    def is_alone(self, mistake: str, check: Check) -> bool:
        """Taken to be so: which function a mistake stands for is not handed out."""
        return True

    def mistakes(self, check: Check) -> list[str]:
        """The known mistakes on which a check was seen to fail."""
        return [entry["id"] for entry in self.tables["mistakes"].get(check.info.name, [])]

    def failure(self, check: Check, mistake: str, seed: int, inputs: int) -> Signature | None:
        """How a check was seen to fail on a known mistake, None where it did not."""
        for entry in self.tables["mistakes"].get(check.info.name, []):
            if entry["id"] == mistake:
                return msgspec.convert(entry["failure"], Signature)
        return None

    def _value(self, part: dict | None) -> Any:
        if part is None:
            return None
        start, count = part["arrays"]
        return tree.from_tree(part["tree"], [array.copy() for array in self._arrays[start : start + count]])


def recorded_answers(folder: Path) -> Recorded:
    """The answers that were handed out in a lab's folder. Raises CourseError where they are missing."""
    path = folder / RECORDED
    if not path.is_file():
        raise CourseError(f"{path} is missing: checks run against it. {ANEW}")
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

    def add_mistake(self, check: str, mistake: str, sentence: str, failure: Signature) -> None:
        """How one check fails on one known mistake."""
        entry = {"id": mistake, "sentence": sentence, "failure": msgspec.to_builtins(failure)}
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
        members: dict[str, Any] = {f"a{number}": array for number, array in enumerate(self.arrays)}
        with path.open("wb") as stream:
            np.savez_compressed(stream, index=np.frombuffer(index, np.uint8), **members)
