"""What a human decided about a submission beside what the grader found: points for a check or question, a comment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from labkit.record.check import CheckResult, tally
from labkit.record.points import Amount, rounded


class Adjusted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One decision, as `adjustments.toml` has it: an entry of `adjusted` in a record.

    It is about a `check`, a whole `question`, or, with neither, the whole lab. `points` count there in place of
    `earned`, the grader's own; None: a comment alone.
    """

    question: str = ""
    check: str = ""
    points: Amount | None = None
    earned: Amount = 0
    reason: str = ""
    comment: str = ""

    @property
    def change(self) -> float:
        """Points that it adds, or takes off."""
        return 0 if self.points is None else rounded(self.points - self.earned)

    @property
    def about(self) -> str:
        """What it is about, in words: "1.3", "1.3 (test_rows)"."""
        return f"{self.question} ({self.check})" if self.check else self.question or "the lab"


def change(adjusted: Iterable[Adjusted]) -> float:
    """Points that these add to a score, or take off."""
    return rounded(sum(one.change for one in adjusted))


def counted(checks: Sequence[CheckResult], adjusted: Iterable[Adjusted]) -> tuple[CheckResult, ...]:
    """The checks with the points that count; those for a question are shared out over its checks."""
    points = {check.id: check.points for check in checks}
    for one in adjusted:
        if one.points is not None:
            mine = [check for check in checks if one.check in ("", check.id)]
            points |= _shared_out([check for check in mine if check.question == one.question], one.points)
    return tuple(replace(check, points=points[check.id]) for check in checks)


def _shared_out(checks: Sequence[CheckResult], points: float) -> dict[str, float]:
    """So many points over some checks: what is missing is added, or what was earned reduced, by one share."""
    earned, most = tally(checks)
    share = (points - earned) / (most - earned) if points > earned else points / earned if earned else 0
    given, target, found = 0.0, 0.0, {}
    for check in checks:
        target += (
            check.points + (check.max_points - check.points) * share
            if points > earned
            else check.points * share
        )
        found[check.id] = rounded(min(max(target - given, 0), check.max_points))
        given += found[check.id]
    return found
