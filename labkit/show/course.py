"""A course, and the state of an installation, as they look in a terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from labkit.course import Lab
from labkit.doctor import Finding


def lab_table(lab: Lab) -> Group:
    """A lab's questions, with their functions, points and checks."""
    table = Table.grid(padding=(0, 2))
    for question in lab.questions:
        mine = [check for check in lab.checks if check.question == question.id]
        cells = (f"  {question.id}", question.title, ", ".join(question.functions))
        table.add_row(*map(Text, (*cells, f"{sum(c.points for c in mine):g} points", f"{len(mine)} checks")))
    time = f", about {lab.minutes} minutes" if lab.minutes else ""
    return Group(Text.assemble((lab.name, "bold"), f"  {lab.title}{time}"), table, "")


def finding_line(finding: Finding) -> Text:
    """What `labkit doctor` found, and what to do where it is not good."""
    sign = ("✓", "green") if finding.good else ("✗", "red")
    remedy = f"\n    → {finding.remedy}" if finding.remedy else ""
    return Text.assemble(sign, f" {finding.subject}: {finding.state}{remedy}")
