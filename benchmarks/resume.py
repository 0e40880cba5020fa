"""Kill `labkit grade` at random moments, and see that the same command ends with the same files.

    python benchmarks/resume.py [--count 300] [--kills 20] [--jobs 2] [--seed 0]

The class is mixed: correct submissions, half right ones, and every attack of `tests/attacks`, those that hang,
crash and flood among them. It is graded twice undisturbed; submissions that answer with random numbers of their
own, so that already these two differ, are named and left out of the comparison. Then it is graded again and again:
killed at a random moment with SIGKILL, every second time together with all processes that it has started, and
started once more. Every file of results must then be that of the undisturbed run, byte for byte, times apart, and
no process may be left. Exit status 1 if any is not.
"""

import argparse
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import Progress

from labkit.grade.journal import Journal
from labkit.record import without_times

ATTACKS = Path(__file__).parent.parent / "tests" / "attacks"
SLOW = ("43_", "44_", "45_", "46_")  # fork, fill, hang and flood until they are stopped: one of each will do
LABS = {False: "lab01_target", True: "lab02_model"}
HALF_RIGHT = (
    "def double(x):\n    return 2 * x\n\n\ndef classify(train, labels, points):\n    return labels[:30] * 0\n"
)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=300, help="submissions")
    parser.add_argument("--kills", type=int, default=20, help="how often to kill and start again")
    parser.add_argument("--jobs", type=int, default=2, help="grader processes")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(measure(Path(folder), options))


def measure(folder, options):
    console = Console(highlight=False)
    hand_in(folder, options.count)
    command = Grade(folder, options.jobs)
    seconds, _ = command.run("undisturbed")
    console.print(f"{options.count} submissions undisturbed: {seconds:.0f} s")
    scores = [
        json.loads(path.read_bytes())["score"] for path in (folder / "undisturbed").rglob("result.json")
    ]
    full = scores.count(100)
    console.print(f"{len(scores)} graded: {full} with full points, {scores.count(0)} with none")
    if len(scores) != options.count or not full:
        return "not every submission was graded"
    command.run("again")
    expected, second = results(folder / "undisturbed"), results(folder / "again")
    random_ones = {submission(name) for name in expected if expected[name] != second.get(name)}
    console.print(f"left out, since they answer at random: {', '.join(sorted(random_ones)) or 'none'}")
    moments, equal = random.Random(options.seed), 0
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("killed and started again", total=options.kills)
        for number in range(options.kills):
            shutil.rmtree(folder / "killed", ignore_errors=True)
            moment, everything = moments.uniform(0.2, seconds), number % 2 == 1
            finished = command.kill("killed", moment, everything)
            _, left = command.run("killed")
            found = results(folder / "killed")
            wrong = [name for name in expected if found.get(name) != expected[name]]
            wrong = [name for name in wrong if submission(name) not in random_ones]
            wrong += [name for name in found if name not in expected]
            equal += not wrong and not left
            how = "with all its processes" if everything else "alone"
            state = "equal" if not wrong else f"DIFFERENT: {', '.join(sorted(wrong)[:5])}"
            state += f"; {left} PROCESSES LEFT" if left else ""
            console.print(f"{number + 1:3}. killed {how} after {moment:.1f} s, {finished} finished: {state}")
            progress.advance(task)
    console.print(f"{equal} of {options.kills} ended with the files of the undisturbed run")
    return equal != options.kills


def hand_in(folder, count):
    """`count` files of all kinds in turn, each in a folder of its student's that is called like its lab."""
    shutil.copytree(ATTACKS / "course", folder / "course")
    checks = folder / "course" / "solutions" / LABS[False] / "test_lab.py"
    checks.write_text(
        checks.read_text().replace("@limit(2)", "@limit(1)")
    )  # what hangs is waited for half as long
    once = sorted((ATTACKS / "submissions").iterdir())
    kinds = [path for path in once if not path.name.startswith(SLOW)]
    kinds = once + kinds * (count // len(kinds))
    good = [ATTACKS / "correct.py", ATTACKS / "correct.keras.py"]
    words = {
        "@COURSE@": folder / "course",
        "@OUT@": folder / "undisturbed",
        "@HERE@": folder / "class",
        "@PID@": os.getpid(),
        "@PORT@": 9,
        "@HOME@": Path.home(),
        "@LABKIT@": ATTACKS.parent.parent / "labkit",
    }
    for number in range(count):
        is_good = number % 6 == 0
        path = good[number // 6 % 2] if is_good else kinds[number - number // 6 - 1]
        data = HALF_RIGHT.encode() if number % 12 == 5 else path.read_bytes()
        for word, value in words.items():
            data = data.replace(word.encode(), str(value).encode())
        own = folder / "class" / f"{number:03}_{path.name.split('.')[0]}" / LABS[".keras." in path.name]
        own.mkdir(parents=True)
        (own / f"lab{path.suffix}").write_bytes(data)


class Grade:
    """The command, on one class, with a salt that stays."""

    def __init__(self, folder, jobs):
        self._folder, self._private = folder, folder / "private"
        self._private.mkdir()
        self._command = [
            Path(sys.executable).parent / "labkit",
            "grade",
            folder / "class",
            "--salt",
            "a salt",
        ]
        self._command += ["--course", folder / "course", "--jobs", str(jobs)]

    def run(self, out):
        """Seconds that it took, and the number of processes that it left."""
        started = time.perf_counter()
        process = self._start(out)
        if process.wait() != 0:
            raise SystemExit(f"labkit grade ended with status {process.returncode}: {self._said()}")
        return time.perf_counter() - started, self._wait_for_all()

    def kill(self, out, moment, everything):
        """Kill it after so many seconds, and wait until nothing of it runs; the number of finished submissions."""
        process = self._start(out)
        time.sleep(moment)
        others = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        for other in others if everything else []:
            try:
                other.kill()
            except psutil.NoSuchProcess:
                pass
        process.wait()
        self._wait_for_all()
        journal = self._folder / out / "journal.jsonl"
        return journal.read_bytes().count(b"\n") if journal.exists() else 0

    def _start(self, out):
        self._output = self._folder / "said.txt"
        with open(self._output, "wb") as output:
            return subprocess.Popen(
                [*self._command, "--out", self._folder / out],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "TMPDIR": str(self._private)},
            )

    def _said(self):
        return self._output.read_text(errors="replace")[-2000:]

    def _wait_for_all(self):
        """Give what the command has started half a minute to end; how many processes have not."""
        deadline = time.monotonic() + 30
        while self._left() and time.monotonic() < deadline:
            time.sleep(0.1)
        return self._left()

    def _left(self):
        """Processes that have, or had from who started them, a private folder of this class."""
        count = 0
        for process in psutil.process_iter():
            try:
                environment = process.environ()
            except psutil.Error:
                continue
            count += any(str(self._private) in environment.get(name, "") for name in ("HOME", "TMPDIR"))
        return count


def submission(name):
    """Of which submission this result is: the one folder in its name that begins with a number."""
    return next((part for part in name.split("/") if part[:3].isdigit()), name)


def results(out):
    """Every file of results by its name, times left out; of the journal the records that count."""
    found = {}
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.name != "journal.jsonl":
            data = path.read_bytes()
            if path.name == "result.json":
                data = json.dumps(without_times(json.loads(data))).encode()
            found[str(path.relative_to(out))] = data
    with open(out / "grades.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[f"grades/{row['submission']}/row"] = json.dumps(row).encode()
    found.pop("grades.csv")
    with Journal(out) as journal:
        for name, entry in journal.entries.items():
            record = without_times(entry.graded.record.as_dict())
            found[f"journal/{name}/entry"] = json.dumps(
                [repr(entry.key), record, entry.graded.output]
            ).encode()
    return found


if __name__ == "__main__":
    main()
