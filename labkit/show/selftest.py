"""The self-test as it looks in a terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from labkit.author.selftest import Trial, unnamed
from labkit.text import one_line


def trials_table(trials: list[Trial]) -> Group:
    """A row for each question with its counts, then a row for each trial that is not as it should be."""
    summary = Table(box=None, pad_edge=False)
    for heading in ("question", "variants", "at full points", "mistakes", "lose points", "named"):
        summary.add_column(heading, justify="left" if heading == "question" else "right")
    nameless = unnamed(trials)
    for question in sorted({trial.question for trial in trials if trial.kind in ("variant", "mistake")}):
        variants = [t for t in trials if t.kind == "variant" and t.question == question]
        mistakes = [t for t in trials if t.kind == "mistake" and t.question == question]
        named = [t for t in mistakes if t not in nameless]
        cells = (
            len(variants),
            sum(t.good for t in variants),
            len(mistakes),
            sum(t.good for t in mistakes),
            len(named),
        )
        summary.add_row(question, *map(str, cells))
    variants = [t for t in trials if t.kind == "variant"]
    mistakes = [t for t in trials if t.kind == "mistake"]
    total = (len(variants), sum(t.good for t in variants), len(mistakes), sum(t.good for t in mistakes))
    summary.add_row("all", *map(str, (*total, len(mistakes) - len(nameless))), style="bold")
    whole = [
        Text(f"{t.kind}: {t.points:g} of {t.max_points:g} points", "green" if t.good else "red")
        for t in trials
        if t.kind in ("starter", "reference")
    ]
    wrong = [trial for trial in trials if not trial.good or trial in nameless]
    return Group(*whole, summary, *[_wrong(trial) for trial in wrong])


def _wrong(trial: Trial) -> Text:
    named = "" if trial.kind != "mistake" else f", named {trial.named or 'nothing'}"
    sign = "✗" if not trial.good else "~"
    text = (
        f"{sign} {trial.kind} {trial.name} ({trial.question}): {trial.points:g}/{trial.max_points:g}{named}"
    )
    return Text(f"{text}\n    {one_line(trial.remark, 300)}", "red" if not trial.good else "yellow")
