"""The same submissions graded on an idle machine and beside busy processes: the records must be equal, times aside.

    python benchmarks/busy.py [LAB ...] [--busy 8] [--class 30] [--jobs 2]

Graded are the references of the labs (default: all of the course) and a made class of right and wrong answers, as
`labkit demo` has them (0: none). Exit status 1 where a record differs or a reference does not have all its points.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from labkit.author.demo import EXPORT, make_class
from labkit.course import find_course
from labkit.record import without_times

LABKIT = Path(sys.executable).parent / "labkit"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("labs", nargs="*", metavar="LAB", help="default: all of the course")
    parser.add_argument("--busy", type=int, default=8, metavar="N", help="busy processes")
    parser.add_argument("--class", type=int, default=30, metavar="N", dest="size", help="submissions in it")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    course = find_course(Path(__file__))
    labs = [course.lab(name) for name in options.labs] or course.labs
    table = Table(title=f"Idle, and beside {options.busy} busy processes")
    for column in ("submissions", "idle, seconds", "busy, seconds", "records", "of them equal", "all points"):
        table.add_column(column, justify="left" if column == "submissions" else "right")
    sound = True
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as progress:
        groups = {lab.name: (_reference(lab, Path(folder)), course.root) for lab in labs}
        if options.size:
            made = make_class(course, Path(folder) / "made", size=options.size)
            groups[f"a class of {options.size}"] = (made.root / EXPORT, made.root)
        task = progress.add_task("", total=2 * len(groups))
        for name, (path, root) in groups.items():
            found = []
            for number in (0, options.busy):
                progress.update(task, description=f"{name}, {number} busy")
                with _busy(number):
                    found.append(_graded(path, root, Path(folder) / f"{name} {number}", options.jobs))
                progress.advance(task)
            (idle, idle_seconds), (busy, busy_seconds) = found
            equal = sum(record == busy.get(key) for key, record in idle.items())
            full = sum(record["score"] == record["max_score"] for record in busy.values())
            table.add_row(
                name, f"{idle_seconds:.0f}", f"{busy_seconds:.0f}", f"{len(idle)}", f"{equal}", f"{full}"
            )
            sound &= equal == len(idle) == len(busy) and (root != course.root or full == len(busy))
    Console(width=100).print(table)
    sys.exit(0 if sound else 1)


def _reference(lab, folder):
    path = folder / "references" / f"{lab.name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(lab.source.read_text())
    return path


@contextlib.contextmanager
def _busy(number):
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def _graded(path, root, out, jobs):
    """The records by their names, without times, and the seconds that it took."""
    command = [LABKIT, "grade", path, "--course", root, "--out", out, "--salt", "busy", "--jobs", str(jobs)]
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    seconds = time.perf_counter() - begun
    records = [json.loads(result.read_text()) for result in sorted(out.glob("*/result.json"))]
    return {record["submission"]: without_times(record) for record in records}, seconds


if __name__ == "__main__":
    main()
