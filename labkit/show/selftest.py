"""The self-test as it looks in a terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from labkit.author.selftest import Trial, remarks, unnamed
from labkit.course import Lab
from labkit.text import one_line


def trials_table(lab: Lab, trials: list[Trial]) -> Group:
    """A row for each question with its counts, then a row for each trial that is not as it should be."""
    table = Table(box=None, pad_edge=False)
    for heading in ("question", "variants", "at full points", "mistakes", "lose points", "named"):
        table.add_column(heading, justify="left" if heading == "question" else "right")
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


def _counts(trials: list[Trial], nameless: list[Trial]) -> list[str]:
    """Variants, those at full points, mistakes, those that lose points, those that are named."""
    variants = [trial for trial in trials if trial.kind == "variant"]
    mistakes = [trial for trial in trials if trial.kind == "mistake"]
    named = sum(trial not in nameless for trial in mistakes)
    good = [sum(trial.good for trial in group) for group in (variants, mistakes)]
    return [str(n) for n in (len(variants), good[0], len(mistakes), good[1], named)]


def _wrong(trial: Trial) -> Text:
    named = "" if trial.kind != "mistake" else f", named {trial.named or 'nothing'}"
    sign = "✗" if not trial.good else "~"
    text = (
        f"{sign} {trial.kind} {trial.name} ({trial.question}): {trial.points:g}/{trial.max_points:g}{named}"
    )
    return Text(f"{text}\n    {one_line(trial.remark, 300)}", "red" if not trial.good else "yellow")
