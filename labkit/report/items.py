"""Checks, points and known mistakes of a lab as figures."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import numpy as np

from labkit.lesson.quiz import QUESTION
from labkit.record import Choice
from labkit.report.figures import Board, Delay, Follow, Item, Mistake, Option, Quiz, Spread, Trouble, Written
from labkit.report.gathering import Sheet
from labkit.report.statistics import (
    LEAST,
    SURE,
    Estimate,
    Reliability,
    difficulty,
    discrimination,
    follows,
    quintiles,
    reliability,
    upper_lower,
)

BINS = 20
_HOT = 0.6  # of a limit, above which a run is near it
_OFTEN = 0.05
_SIGNIFICANT = 0.05
_NEARLY_ALL = 0.8
_LEAST_WITH = 3  # students with a mistake, below which nothing is said to follow from it
_MOST = 20
_SMALLEST_GROUP = 5


def spread(points: np.ndarray, most: float, name: str = "") -> Spread:
    """How the points of some students are spread."""
    n = len(points)
    if n == 0:
        return Spread(n=0, name=name)
    bins = np.histogram(np.clip(points, 0, most or 1), BINS, (0, most or 1))[0]
    low, median, high = (float(value) for value in np.quantile(points, (0.25, 0.5, 0.75)))
    return Spread(
        n=n, name=name, mean=_round(points.mean()), median=_round(median),
        sd=_round(points.std(ddof=1)) if n > 1 else None, quartiles=(_round(low), _round(high)),
        zeros=int((points <= 0).sum()), full=int((points >= most).sum()) if most else 0,
        bins=tuple(int(count) for count in bins),
    )  # fmt: skip


def groups(sheet: Sheet, most: float) -> tuple[Spread, ...]:
    """The points of each group of the class list's column; those under five are one."""
    members: dict[str, list[float]] = defaultdict(list)
    for place in sheet.units:
        members[sheet.rows[place].section].append(sheet.rows[place].counted)
    large = {name: some for name, some in members.items() if len(some) >= _SMALLEST_GROUP and name}
    rest = [points for name, some in members.items() if name not in large for points in some]
    found = [spread(np.array(large[name]), most, name) for name in sorted(large)]
    return (*found, *([spread(np.array(rest), most, "")] if rest and found else []))


def items(sheet: Sheet) -> tuple[Item, ...]:
    """The figures of each check, in the lab's order."""
    if not sheet.units:
        return tuple(_item(sheet, at, None, None) for at in range(len(sheet.columns)))
    totals, points = sheet.totals(), sheet.points
    rest = {
        question: points.sum(axis=1) - points[:, at].sum(axis=1) for question, at in sheet.questions.items()
    }
    return tuple(_item(sheet, at, totals, rest[check.question]) for at, check in enumerate(sheet.columns))


def _item(sheet: Sheet, at: int, totals: np.ndarray | None, rest: np.ndarray | None) -> Item:
    check = sheet.columns[at]
    letters, shares, seconds = sheet.letters[:, at], sheet.shares[:, at], sheet.seconds[:, at]
    codes, numbers = np.unique(letters, return_counts=True)
    counts = {code.decode(): int(number) for code, number in zip(codes, numbers, strict=True)}
    named = sum(at in sheet.rows[place].named for place in sheet.units)
    failures = named + sum(at in sheet.rows[place].failures for place in sheet.units)
    ran = seconds[(letters != b"w") & (letters != b"r") & (letters != b"?")]
    limit = float(check.limit_seconds) if check.limit_seconds else None
    passing = seconds[letters == b"p"]
    fifths = quintiles(shares, totals) if totals is not None else None
    item = Item(
        id=check.id, question=check.question, title=check.title, max_points=check.max_points,
        hidden=check.hidden, needs=check.needs, counts=counts, p=rounded(difficulty(shares)),
        p_attempted=rounded(difficulty(shares[(letters != b"u") & (letters != b"r")])),
        r=rounded(discrimination(shares, rest)) if rest is not None else None,
        d27=_maybe(upper_lower(shares, totals)) if totals is not None else None,
        fifths=tuple(_round(share) for share in fifths) if fifths is not None else None,
        failures=failures, named=_round(named / failures) if failures else None,
        seconds=(_round(np.median(ran)), _round(np.quantile(ran, 0.95))) if len(ran) else None,
        limit=limit, near_limit=_round((passing > _HOT * limit).mean()) if limit and len(passing) else None,
        flags=(),
    )  # fmt: skip
    return Item(**{name: getattr(item, name) for name in item.__struct_fields__} | {"flags": _flags(item)})


def _flags(item: Item) -> tuple[str, ...]:
    """What is worth a look, by name, the likeliest fault first; a page has the sentence of each."""
    n, p, r = sum(item.counts.values()), item.p, item.r
    found = {
        "backward": r is not None and r.n >= SURE and r.high is not None and r.high < 0,
        "separates badly": r is not None and r.n >= SURE and r.high is not None and 0 <= r.high < 0.10,
        "errors": n >= LEAST and item.counts.get("E", 0) > _OFTEN * n,
        "near limit": item.near_limit is not None and item.near_limit > _OFTEN,
        "finds nobody": item.hidden and p is not None and p.n >= LEAST and p.value > 0.97,
        "nameless": item.question != QUESTION
        and item.failures >= 5
        and item.named is not None
        and item.named < 0.5,
        "hard": p is not None and p.n >= LEAST and p.value < 0.30,
    }
    return tuple(name for name, holds in found.items() if holds)


def alpha(sheet: Sheet) -> tuple[Reliability | None, bool]:
    """Cronbach's alpha over questions, and whether one needs another, which raises it."""
    chained = any(check.needs for check in sheet.columns)
    if not sheet.units:
        return None, chained
    found = reliability(
        np.stack([sheet.points[:, at].sum(axis=1) for at in sheet.questions.values()], axis=1)
    )
    if found is None:
        return None, chained
    without = tuple(_maybe(value) for value in found.without)
    return Reliability(rounded(found.alpha) or found.alpha, _round(found.sem), without), chained


# --- mistakes -----------------------------------------------------------------------------------------------------


def _makers(sheet: Sheet) -> dict[tuple[str, str], tuple[str, np.ndarray]]:
    """Each named mistake, by question and id: its sentence, and which units made it."""
    found: dict[tuple[str, str], tuple[str, np.ndarray]] = {}
    for unit, place in enumerate(sheet.units):
        for at, mistake in sheet.rows[place].named.items():
            key = (sheet.columns[at].question, mistake.id)
            found.setdefault(key, (mistake.sentence, np.zeros(len(sheet.units), bool)))[1][unit] = True
    return dict(sorted(found.items(), key=lambda pair: (-pair[1][1].sum(), pair[0])))


def mistakes(sheet: Sheet) -> tuple[Mistake, ...]:
    """The named mistakes, the most frequent first."""
    order = list(sheet.questions)
    lost = np.array([float(check.max_points) for check in sheet.columns]) - sheet.points
    found = []
    for (question, id), (sentence, makers) in _makers(sheet).items():
        later = order[order.index(question) + 1 :]
        fails = (
            np.any([sheet.failed(other) for other in later], axis=0) if later else np.zeros(len(makers), bool)
        )
        found.append(
            Mistake(
                question=question, id=id, sentence=sentence, who=_who(sheet, makers),
                failed=int(sheet.failed(question).sum()), later=int((fails & makers).sum()),
                points_lost=_round(np.maximum(lost[makers][:, sheet.questions[question]], 0).sum()),
            )
        )  # fmt: skip
    return tuple(found)


def followed(sheet: Sheet) -> tuple[Follow, ...]:
    """The later questions that a mistake spoils, after Holm's correction; those that say so by @needs apart.

    Weak students fail more of everything: it is said only where nearly all with the mistake fail there, and twice as
    many as without it.
    """
    order = list(sheet.questions)
    needs = {
        question: {n for at in places for n in sheet.columns[at].needs}
        for question, places in sheet.questions.items()
    }
    most = np.array([float(check.max_points) for check in sheet.columns])
    tested = []
    for (question, id), (_, makers) in _makers(sheet).items():
        for later in order[order.index(question) + 1 :] if makers.sum() >= _LEAST_WITH else ():
            fails = sheet.failed(later)
            both, only = int((makers & fails).sum()), int((~makers & fails).sum())
            table = both, int(makers.sum()) - both, only, int((~makers).sum()) - only
            if question not in needs[later]:
                at = sheet.questions[later]
                twice = (most[at] - sheet.points[makers & fails][:, at]).clip(0).sum()
                tested.append((follows(*table), question, id, later, table, float(twice)))
    found: list[Follow] = []
    least = 0.0  # Holm: no later one is more certain than an earlier one
    for left, (p, question, id, later, table, twice) in zip(
        range(len(tested), 0, -1), sorted(tested), strict=True
    ):
        least = max(p * left, least)
        if least > _SIGNIFICANT:
            break
        with_both, with_only, without_both, without_only = table
        share, other = with_both / (with_both + with_only), without_both / max(without_both + without_only, 1)
        if share >= _NEARLY_ALL and share >= 2 * other:
            found.append(
                Follow(
                    question=question, mistake=id, later=later, with_both=with_both, with_only=with_only,
                    without_both=without_both, without_only=without_only, p=float(f"{least:.3g}"),
                    points_lost_twice=_round(twice),
                )
            )  # fmt: skip
    return tuple(found)


# --- trouble, lateness, quiz --------------------------------------------------------------------------------------


def troubles(sheet: Sheet, anonymous: bool = False) -> tuple[Trouble, ...]:
    """Submissions that could not be read, that the grader failed on, or of which a check was ended."""
    found = []
    for place, row in enumerate(sheet.rows):
        ended = tuple(check.id for at, check in enumerate(sheet.columns) if row.letters[at] == "E")
        if row.unread or ended or row.part == "not graded":
            sentence = row.notes[0] if row.notes and not ended and not anonymous else ""
            found.append(Trouble(who=place, checks=ended, sentence=sentence))
    return tuple(sorted(found, key=lambda one: (bool(one.checks), one.who)))


def boards(sheet: Sheet) -> tuple[Board, ...]:
    """What checks measured for leaderboards, a board for each title, of those who are in the statistics."""
    found: dict[str, list[tuple[float, int, float]]] = {}
    for place in sheet.units:
        for score in sheet.rows[place].scores:
            rank = score.value if score.lower_is_better else -score.value
            found.setdefault(score.title, []).append((rank, place, score.value))
    return tuple(
        Board(title=title, rows=tuple((place, value) for _, place, value in sorted(scores)))
        for title, scores in found.items()
    )


def slowest(sheet: Sheet) -> tuple[tuple[int, float], ...]:
    """The submissions that took longest, with their seconds, where that is worth a look."""
    seconds = [(-sum(row.seconds), place) for place, row in enumerate(sheet.rows)]
    return tuple((place, _round(-spent)) for spent, place in sorted(seconds)[:_MOST] if -spent >= 1)


def delays(sheet: Sheet, anonymous: bool = False) -> tuple[Delay, ...]:
    """Those whose time is unknown, then those after the due date, the latest first."""
    found = [
        Delay(
            who=place,
            submitted_at=None if anonymous else row.late.submitted_at,
            days=row.late.days_late,
            penalty=row.late.penalty,
            score=row.raw,
            note="" if anonymous else row.late.note,
        )
        for place, row in enumerate(sheet.rows)
        if row.late is not None and (row.late.days_late or row.late.unknown or row.late.extension)
    ]
    return tuple(sorted(found, key=lambda one: (one.days is not None, -(one.days or 0), one.who)))


def in_time(sheet: Sheet, most: float) -> tuple[Spread, Spread]:
    """The raw points of those in time, and of those after the due date; an unknown time is neither."""
    rows = [sheet.rows[place] for place in sheet.units]
    known = [row for row in rows if row.late is not None and row.late.days_late is not None]
    early = [row.raw for row in known if row.late and row.late.days_late == 0]
    late = [row.raw for row in known if row.late and row.late.days_late]
    return spread(np.array(early), most), spread(np.array(late), most)


def written(sheet: Sheet) -> tuple[Written, ...]:
    """The written answers, those to one question together, each with the lines for adjustments.toml."""
    found = []
    telling = [place for place in sheet.units if sheet.rows[place].answers.written]
    for check in sheet.columns if telling else ():
        for place in telling:
            row = sheet.rows[place]
            if text := row.answers.written.get(check.id):
                name = row.student.id or row.submission
                said = {"lab": sheet.lab, "student": name, "check": check.id}
                lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in said.items()]
                anchor = "\n".join(["[[mark]]", *lines, "points = ", 'reason = ""'])
                found.append(Written(who=place, question=check.question, text=text, anchor=anchor))
    return tuple(found)


def quizzes(sheet: Sheet, anonymous: bool = False) -> tuple[Quiz, ...]:
    """Each quiz question with who chose which option, by the option's text, as letters differ between files.

    What hardly any file shows is no option: somebody wrote it there. An anonymous report shows nothing of one alone.
    """
    asked: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    shown: dict[str, Counter[str]] = defaultdict(Counter)
    texts: dict[str, Counter[str]] = defaultdict(Counter)
    for unit, place in enumerate(sheet.units):
        for function, choice in sheet.rows[place].answers.quiz.items():
            texts[function][choice.text] += 1
            shown[function].update(set(choice.options.values()))
            for text in _chosen(choice):
                asked[function][text].append(unit)
    least = max(2 if anonymous else 1, len(sheet.units) / 10)
    totals, checks = sheet.totals(), {check.id: at for at, check in enumerate(sheet.columns)}
    found = []
    for function in sorted(texts.keys() & {id.removeprefix("test_") for id in checks}):
        options, (text, files) = asked[function], texts[function].most_common(1)[0]
        passed = sheet.letters[:, checks[f"test_{function}"]] == b"p"
        means = {option: float(totals[units].mean()) for option, units in options.items()}
        right = {option for option, units in options.items() if passed[units].any()}
        key = max((means[option] for option in right), default=np.inf)
        usual = [option for option, number in sorted(shown[function].items()) if number >= least]
        numbers = sorted(
            (option for option in options if option not in shown[function]),
            key=lambda one: -len(options[one]),
        )
        rows = []
        for option in (*usual, *numbers[:8]):
            n, mean, is_right = len(options.get(option, ())), means.get(option, 0.0), option in right
            flag = not is_right and n >= _LEAST_WITH and mean > key
            rows.append(Option(text=option, n=n, mean=_round(mean), key=is_right, flag=flag))
        n = len({unit for units in options.values() for unit in units})
        found.append(
            Quiz(check=f"test_{function}", text=text if files >= least else "", n=n, options=tuple(rows))
        )
    return tuple(sorted(found, key=lambda quiz: checks[quiz.check]))


def _chosen(choice: Choice) -> list[str]:
    """The texts of the options chosen, or the number given."""
    if choice.options:
        letters = choice.given if isinstance(choice.given, str) else ""
        return [choice.options[letter] for letter in letters if letter in choice.options]
    return [f"{choice.given:g}"] if isinstance(choice.given, (int, float)) else []


# --- numbers ------------------------------------------------------------------------------------------------------


def _who(sheet: Sheet, units: np.ndarray) -> tuple[int, ...]:
    return tuple(place for place, is_one in zip(sheet.units, units, strict=True) if is_one)


def rounded(estimate: Estimate | None) -> Estimate | None:
    """An estimate at four decimals, so that no machine's last digit makes another file."""
    if estimate is None:
        return None
    low, high = _maybe(estimate.low), _maybe(estimate.high)
    return Estimate(_round(estimate.value), low, high, estimate.n, estimate.formula)


def _round(value: float) -> float:
    return round(float(value), 4) + 0.0


def _maybe(value: float | None) -> float | None:
    return None if value is None else _round(value)
