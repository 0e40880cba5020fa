"""`report.json`, typed: the figures of a class, from which alone its pages and tables are made.

People stand in lists as places in `students`; checks as places in `items`. What cannot be said is null.
"""

from __future__ import annotations

from msgspec import Struct

from labkit.report.statistics import SURE, Estimate, Reliability

SCHEMA = "labkit/report/v1"
#: The letter of a check in a student's strip. Waiting is apart from what could not be run at all.
LETTERS = {
    "passed": "p",
    "failed": "F",
    "not_attempted": "u",
    "waiting": "w",
    "not_run": "r",
    "error": "E",
    "": "?",
}
Who = tuple[int, ...]


class Spread(Struct, frozen=True, kw_only=True):
    """How points are spread over n units; `bins` counts them in 20 equal parts from 0 to the maximum."""

    n: int
    name: str = ""
    mean: float | None = None
    median: float | None = None
    sd: float | None = None
    quartiles: tuple[float, float] | None = None
    zeros: int = 0
    full: int = 0
    bins: tuple[int, ...] = ()


class Item(Struct, frozen=True, kw_only=True):
    """A check: how often it was solved, whether it tells strong students from weak, what became of it.

    `counts` has the letters of LETTERS. `p_attempted` leaves out who did not attempt it. `fifths` are the mean shares
    of each fifth of the class, the weakest first. `failures` are those that do not just follow from another check's,
    `named` is the share of them with a known mistake. Seconds are those of all runs; `near_limit` is the share of
    *passing* runs above 60 % of the limit.
    """

    id: str
    question: str
    title: str
    max_points: float
    hidden: bool
    needs: tuple[str, ...]
    counts: dict[str, int]
    p: Estimate | None
    p_attempted: Estimate | None
    r: Estimate | None
    d27: float | None
    fifths: tuple[float, ...] | None
    failures: int
    named: float | None
    seconds: tuple[float, float] | None
    limit: float | None
    near_limit: float | None
    flags: tuple[str, ...]


class Mistake(Struct, frozen=True, kw_only=True):
    """A known mistake: who made it, among those who failed in its question, what it cost, and who of them failed in a
    later question as well.
    """

    question: str
    id: str
    sentence: str
    who: Who
    failed: int
    points_lost: float
    later: int


class Cluster(Struct, frozen=True, kw_only=True):
    """Failures without a name that are alike: the checks, who, how they fail, the shortest answer, and a stub."""

    question: str
    checks: tuple[str, ...]
    who: Who
    message: str
    code: str = ""
    stub: str = ""


class Follow(Struct, frozen=True, kw_only=True):
    """A later question that those with a mistake fail more often than those without: Fisher's exact test, one-sided,
    Holm's correction over all that were tested.
    """

    question: str
    mistake: str
    later: str
    with_both: int
    with_only: int
    without_both: int
    without_only: int
    p: float
    points_lost_twice: float


class Trouble(Struct, frozen=True, kw_only=True):
    """A submission that was not read, or of which a check was ended or crashed, and the sentence about it."""

    who: int
    checks: tuple[str, ...]
    sentence: str


class Board(Struct, frozen=True, kw_only=True):
    """A leaderboard: submissions with what a check measured of them, the best first."""

    title: str
    rows: tuple[tuple[int, float], ...]


class Delay(Struct, frozen=True, kw_only=True):
    """A submission after the due date, or at an unknown time: days None. `score` is before the penalty."""

    who: int
    submitted_at: str | None
    days: int | None
    penalty: float
    score: float
    note: str


class Excerpt(Struct, frozen=True, kw_only=True):
    """Code of two submissions that rarely occurs elsewhere: each line with whether it is common."""

    first: tuple[tuple[str, bool], ...]
    second: tuple[tuple[str, bool], ...]


class Alike(Struct, frozen=True, kw_only=True):
    """Two submissions that share rare code. Shared code is no proof. `failures` counts equal
    wrong answers; pairs of one `group`, from 1, are more than two who share most of it."""

    first: int
    second: int
    rank: int
    dice: float
    parts: int
    failures: int
    group: int = 0
    excerpt: Excerpt | None = None


class Option(Struct, frozen=True, kw_only=True):
    """An option of a quiz question: who chose it, and their mean total. `key` says that it is right."""

    text: str
    n: int
    mean: float
    key: bool
    flag: bool = False


class Quiz(Struct, frozen=True, kw_only=True):
    """A quiz question with its options."""

    check: str
    text: str
    n: int
    options: tuple[Option, ...]


class Written(Struct, frozen=True, kw_only=True):
    """A written answer, which a person reads; `anchor` is where its mark goes in adjustments.toml."""

    who: int
    question: str
    text: str
    anchor: str


class Change(Struct, frozen=True, kw_only=True):
    """What another grading decided otherwise: points before and after, and the checks with both verdicts."""

    who: int
    before: float
    after: float
    checks: tuple[tuple[str, str, str], ...]


#: Flags of a check, the likeliest fault first.
_FAULTS = ("backward", "separates badly", "errors", "near limit", "finds nobody", "nameless", "hard")


class Person(Struct, frozen=True, kw_only=True):
    """A submission, whose it is and what came of it. `strip` has a letter of LETTERS for each check.

    `part` says whether it is in the statistics: "counted", or why not: "starter", "staff", "earlier", "not graded".
    """

    submission: str
    name: str
    id: str
    section: str
    part: str
    score: float
    raw: float
    late: int | None
    adjusted: float
    strip: str
    mistakes: tuple[str, ...]


class LabFigures(Struct, frozen=True, kw_only=True):
    """The figures of a lab. `counted` and `raw` are points, `groups` those of a column of the class list."""

    lab: str
    title: str
    max_score: float
    questions: dict[str, str]
    missing: tuple[str, ...]
    counted: Spread
    raw: Spread
    groups: tuple[Spread, ...]
    by: str
    reliability: Reliability | None
    chained: bool
    items: tuple[Item, ...]
    mistakes: tuple[Mistake, ...]
    unmade: tuple[tuple[str, str, str], ...]
    clusters: tuple[Cluster, ...]
    follows: tuple[Follow, ...]
    troubles: tuple[Trouble, ...]
    boards: tuple[Board, ...]
    slowest: tuple[tuple[int, float], ...]
    due: str | None
    delays: tuple[Delay, ...]
    in_time: Spread
    late: Spread
    alike: tuple[Alike, ...]
    compared: bool
    quiz: tuple[Quiz, ...]
    written: tuple[Written, ...]
    changes: tuple[Change, ...]
    changed_since: str
    students: tuple[Person, ...]

    @property
    def units(self) -> list[Person]:
        """Those who are in the statistics."""
        return [person for person in self.students if person.part == "counted"]

    @property
    def places(self) -> dict[str, list[int]]:
        """The places of each question's checks."""
        found: dict[str, list[int]] = {}
        for at, item in enumerate(self.items):
            found.setdefault(item.question, []).append(at)
        return found

    @property
    def flagged(self) -> list[Item]:
        """The checks that are worth a look, those first that are most likely at fault."""
        return sorted(
            (item for item in self.items if item.flags), key=lambda item: _FAULTS.index(item.flags[0])
        )

    @property
    def doubtful(self) -> list[Item]:
        """The checks that seem to separate badly, where that is not sure enough for a flag; at most six."""
        known = [one for one in self.items if one.r is not None and one.r.n >= SURE and one.r.value < 0.10]
        return [one for one in known if not {"backward", "separates badly"} & {*one.flags}][:6]

    @property
    def hardest(self) -> tuple[str, float, int, int] | None:
        """The question of which the smallest share was earned: its name, the share, of how many, how many wait."""
        found = []
        for question, places in self.places.items():
            known = [(p, self.items[at].max_points) for at in places if (p := self.items[at].p) is not None]
            most = sum(points for _, points in known)
            if most:
                share = sum(p.value * points for p, points in known) / most
                found.append((share, question, max(p.n for p, _ in known), places))
        if not found:
            return None
        share, question, n, places = min(found)
        waiting = sum(all(one.strip[at] == "w" for at in places) for one in self.units)
        return question, share, n, waiting


class Report(Struct, frozen=True, kw_only=True):
    """The figures of a folder of graded results."""

    schema: str = SCHEMA
    anonymous: bool = False
    labs: tuple[LabFigures, ...] = ()
