"""The self-test as it looks in a terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from labkit.author.selftest import Trial, narrowest, remarks, unnamed
from labkit.course import Lab
from labkit.text import one_line


def trials_table(lab: Lab, trials: list[Trial]) -> Group:
    """A row for each question with its counts, then a row for each trial that is not as it should be."""
    table = _table("question", "variants", "at full points", "mistakes", "lose points", "named", "pointed at")
    nameless = unnamed(trials)
    tried = [trial for trial in trials if trial.kind in ("variant", "mistake")]
    for question in sorted({trial.question for trial in tried}):
        table.add_row(question, *_counts([t for t in tried if t.question == question], nameless))
    table.add_row("all", *_counts(tried, nameless), style="bold")
    whole = [
        Text(f"{t.kind}: {t.points:g} of {t.max_points:g} points", "green" if t.good else "red")
        for t in trials
        if t not in tried
    ]
    wrong = [_wrong(trial) for trial in trials if not trial.good or trial in nameless]
    said = [Text(f"~ {sentence}", "yellow") for sentence in remarks(trials)]
    return Group(Text(lab.name, "bold"), *whole, table, *wrong, *said, "")


def steadiness_table(lab: Lab, trials: list[Trial], salts: int) -> Group:
    """How many right answers passed on so many salts, and how near they came to the bounds."""
    good = sum(trial.good for trial in trials)
    whole = f"{good} of {len(trials)} right answers at full points, on {salts} salts"
    table = _table("compared with a bound", "nearest", "bound")
    for what, (number, bound) in narrowest(trials).items():
        table.add_row(what, f"{number:.4g}", f"{bound:g}")
    wrong = [_wrong(trial) for trial in trials if not trial.good]
    shown = [table] if table.row_count else []
    return Group(Text(lab.name, "bold"), Text(whole, "red" if wrong else "green"), *shown, *wrong, "")


def _table(first: str, *headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _counts(trials: list[Trial], nameless: list[Trial]) -> list[str]:
    """Variants, those at full points, mistakes, those that lose points, are named, or at least pointed at."""
    variants = [trial for trial in trials if trial.kind == "variant"]
    mistakes = [trial for trial in trials if trial.kind == "mistake"]
    named = sum(trial not in nameless for trial in mistakes)
    pointed = sum(trial.pointed for trial in mistakes if trial in nameless)
    good = [sum(trial.good for trial in group) for group in (variants, mistakes)]
    return [str(n) for n in (len(variants), good[0], len(mistakes), good[1], named, pointed)]


def _wrong(trial: Trial) -> Text:
    named = "" if trial.kind != "mistake" else f", named {trial.named or 'nothing'}"
    named += ", pointed at" if trial.pointed else ""
    sign = "✗" if not trial.good else "~"
    text = (
        f"{sign} {trial.kind} {trial.name} ({trial.question}): {trial.points:g}/{trial.max_points:g}{named}"
    )
    return Text(f"{text}\n    {one_line(trial.remark, 300)}", "red" if not trial.good else "yellow")
