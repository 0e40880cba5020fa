"""What a class of wrong answers costs beside a class of right ones, in seconds of processor time.

    python benchmarks/classes.py [LAB ...] [--size 60] [--seed 0]

For each lab two classes of one size are graded, each by a grader that starts from nothing. The right class is the
reference and the variants in turn, each submission a file of its own; the wrong one is drawn from the lab's known
mistakes and variants. `grader` is the processor time of the grader's own process (checks, reference, what it trains
itself, naming), `submissions` that of the workers that ran the submissions' code. Bars: wrong / right at most 1.5,
grader / submissions of the right class at most 1. Times vary with the machine, ratios hardly.
"""

import argparse
import contextlib
import itertools
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from labkit import lazy
from labkit.check.catalogue import MISCONCEPTIONS, VARIANTS, cells_with, read_catalogue, reference_cells
from labkit.course import find_course
from labkit.grade.task import Task, carry_out
from labkit.lesson.submission import Submission
from labkit.worker import strongest_plan

CLASSES = ("right", "wrong")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("labs", nargs="*", metavar="LAB", help="default: all of the course")
    parser.add_argument("--size", type=int, default=60, help="submissions in a class")
    parser.add_argument("--seed", type=int, default=0, help="which mistakes are drawn")
    parser.add_argument("--grade", choices=CLASSES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.grade:
        print(json.dumps(graded(options.labs[0], options.grade, options.size, options.seed)))
        return
    course = find_course(Path(__file__))
    labs = [course.lab(name) for name in options.labs] or course.labs
    table = Table(title=f"Classes of {options.size}, seconds of processor time")
    for column in ("lab", "right", "wrong", "wrong / right", "grader", "submissions", "grader / submissions"):
        table.add_column(column, justify="left" if column == "lab" else "right")
    slowest = []
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=2 * len(labs))
        for lab in labs:
            costs = {}
            for kind in CLASSES:
                progress.update(task, description=f"{lab.name}, {kind}")
                command = [sys.executable, __file__, lab.name, "--grade", kind]
                command += ["--size", str(options.size), "--seed", str(options.seed)]
                costs[kind] = measured(command)
                progress.advance(task)
            table.add_row(lab.name, *_row(costs["right"], costs["wrong"]))
            slowest += [f"{lab.name}  {name}  {seconds:.1f} s" for name, seconds in costs["wrong"]["slowest"]]
    console = Console(width=110)
    console.print(table)
    console.print(
        "Slowest checks of the wrong classes, seconds in all:", *slowest, sep="\n  ", highlight=False
    )


def _row(right: dict, wrong: dict) -> list[str]:
    whole = {"right": right["grader"] + right["submissions"], "wrong": wrong["grader"] + wrong["submissions"]}
    ratio = whole["wrong"] / whole["right"]
    own = right["grader"] / right["submissions"]
    numbers = [f"{whole['right']:.0f}", f"{whole['wrong']:.0f}", f"{ratio:.2f}"]
    return [*numbers, f"{right['grader']:.0f}", f"{right['submissions']:.0f}", f"{own:.2f}"]


def measured(command: list[str]) -> dict:
    """Run a grader; processor seconds of itself and of all that it started, looked at every 20 ms.

    The kernel's own sums leave out workers whose end nobody waits for.
    """
    with tempfile.TemporaryFile("w+") as output:
        grader = psutil.Popen(command, stdout=output)
        used: dict[psutil.Process, float] = {}
        while grader.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                for process in (grader, *grader.children(recursive=True)):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        times = process.cpu_times()
                        used[process] = times.user + times.system
            time.sleep(0.02)
        if grader.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {grader.returncode}")
        output.seek(0)
        slowest = json.loads(output.read().splitlines()[-1])
    own = used.pop(grader, 0.0)
    return {"grader": own, "submissions": sum(used.values()), "slowest": slowest}


def graded(name: str, kind: str, size: int, seed: int) -> list:
    """Grade a class in this process; the slowest checks and their seconds."""
    lazy.install()
    lab = find_course(Path(__file__)).lab(name)
    right = [reference_cells(lab)] + [
        cells_with(lab, VARIANTS, entry) for entry in read_catalogue(lab, VARIANTS)
    ]
    if kind == "right":
        answers = list(itertools.islice(itertools.cycle(right), size))
    else:
        wrong = [cells_with(lab, MISCONCEPTIONS, entry) for entry in read_catalogue(lab, MISCONCEPTIONS)]
        pool = wrong + right[1:]
        random.Random(seed).shuffle(pool)
        answers = list(itertools.islice(itertools.cycle(pool), size))
    plan = strongest_plan()
    seconds: dict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as folder:
        for number, cells in enumerate(answers):
            submission = Submission(f"student{number}", Path("lab.py"), lab.name, cells, f"{number:064x}")
            task = Task(submission, lab, b"benchmark", plan, trainings=Path(folder))
            for check in carry_out(task).record.checks:
                seconds[check.id] += check.seconds
    return sorted(seconds.items(), key=lambda item: -item[1])[:3]


if __name__ == "__main__":
    main()
