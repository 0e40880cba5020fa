"""A mistake that is carried over: a later answer that calls an earlier function which is not right.

Grading judges it with the reference's function in that place, asked across the border while the call is made. Where
there is no solution to ask, it waits and says for what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from labkit.check import catalogue
from labkit.check.parties import InWorker
from labkit.check.reach import Code
from labkit.course import Lab
from labkit.lesson.checks import CheckInfo
from labkit.lesson.quiz import QUESTION
from labkit.record import CheckResult, Verdict
from labkit.worker import Plan, WorkerFailed

#: Of what another function's mistake may be the reason.
CARRIES = (Verdict.FAILED, Verdict.ERROR, Verdict.NOT_ATTEMPTED)


class Calls:
    """Which functions of the lab a submission's answers call. `asked` has them with their questions, in order."""

    def __init__(self, cells: Sequence[Sequence[str]], asked: Mapping[str, str]):
        self.asked = asked
        self._cells = cells
        self._order = list(dict.fromkeys(asked.values()))

    def own(self, check: CheckInfo) -> set[str]:
        """The functions of its question that a check asks."""
        return {name for name in check.reaches if self.asked.get(name) == check.question}

    def earlier(self, check: CheckInfo) -> set[str]:
        """The functions of earlier questions that the answer to a check calls, directly or through others.

        Of earlier ones alone: a later answer must not serve an earlier question.
        """
        before = self._order[: self.turn(check.question)]
        called = self._code.reached(self.own(check)) & set(self.asked)
        return {name for name in called if self.asked[name] in before}

    def not_right(
        self, check: CheckInfo, results: Iterable[CheckResult], infos: Mapping[str, CheckInfo]
    ) -> list[str]:
        """Those of them that another check asks, which did not pass; in the order of the lab."""
        wrong = {
            name
            for result in results
            if not result.verdict.passed
            for name in infos[result.id].reaches
            if self.asked.get(name) == result.question
        }
        return sorted(wrong & self.earlier(check), key=list(self.asked).index)

    def waits_for(self, check: CheckInfo, names: Sequence[str]) -> str:
        """The sentence for a check that waits until these are right."""
        questions = dict.fromkeys(self.asked[name] for name in names)
        own = " and ".join(sorted(self.own(check)))
        return f"waiting for {' and '.join(questions)}: {own} calls {' and '.join(names)}"

    def turn(self, question: str) -> int:
        """The place of a question in the lab."""
        return self._order.index(question) if question in self._order else 0

    def questions(self, checks: Iterable[CheckInfo]) -> set[str]:
        """The earlier questions whose functions the answers to these call."""
        return {self.asked[name] for check in checks for name in self.earlier(check)} - {QUESTION}

    @cached_property
    def _code(self) -> Code:
        return Code(self._cells)


class Lender:
    """Answers with the reference in place of a function of the submission, as far as that is plain data.

    In a worker of its own: its arguments are the submission's choice. `refused` says that it had to, once.
    """

    def __init__(self, lab: Lab, plan: Plan | None, keras: bool, threads: int):
        self.refused = False
        self._worker = InWorker(catalogue.reference_cells(lab), plan, keras, threads)
        self._worker.load()

    def __call__(self, function: str, args: list, kwargs: dict) -> dict[str, Any]:
        try:
            if _is_plain([args, kwargs]):
                reply = self._worker.ask("call", function=function, args=args, kwargs=kwargs)
                if reply.get("status") == "answered" and _is_plain(reply["value"]):
                    return {"status": "answered", "value": reply["value"]}
        except WorkerFailed:
            self._worker.load()
        self.refused = True
        return {"status": "refused"}

    def close(self) -> None:
        """End its worker."""
        self._worker.close()


def _is_plain(value: Any) -> bool:
    """Whether this is data alone, and no model, and nothing that stands for an object of a worker."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return value is None or isinstance(value, (bool, int, float, str, np.ndarray, np.generic))
