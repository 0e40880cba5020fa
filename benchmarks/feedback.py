"""Seconds from saving a file to the verdict on the question that changed, as `labkit watch` gives it.

    python benchmarks/feedback.py [--saves 20] [--pause 2] [--quick]

The file is the solution of lab 01; every save changes one function, `--pause` seconds after the round before has
ended, as a person takes longer than that to find the next mistake (0: at once, while the next round still warms up).
"verdict" is when all checks of the changed question are decided, "round" when those of the questions that depend on it
are, too. Beside it stands what a student does without: running `labkit check -k QUESTION` anew. At the end comes a save
with a syntax error, and the one before it once more: that must check, and train, nothing.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from labkit import lazy

lazy.install()

COURSE = Path(__file__).parent.parent
#: Of each kind a question, and the line after which a save adds another one.
QUESTIONS = {
    "1.3 softmax (NumPy)": ("1.3", "    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))\n"),
    "1.7 the network (Keras)": ("1.7", "    model = keras.Sequential([keras.Input((784,)), "),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--saves", type=int, default=20)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds before each save")
    parser.add_argument("--quick", action="store_true", help="two saves")
    options = parser.parse_args()
    saves = 2 if options.quick else options.saves
    table = Table(title=f"labkit watch, {saves} saves, seconds", title_justify="left")
    for name in ("question", "verdict, median", "verdict, most", "round, median", "labkit check -k", "ratio"):
        table.add_column(name, justify="left" if name == "question" else "right")
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("loading Keras", total=len(QUESTIONS) * saves)
        for name, (question, line) in QUESTIONS.items():
            verdicts, rounds = _watched(
                Path(folder) / "lab.py",
                question,
                line,
                saves,
                options.pause,
                lambda: progress.advance(task),
            )
            anew = _anew(Path(folder) / "lab.py", question)
            median = statistics.median(verdicts)
            figures = (median, max(verdicts), statistics.median(rounds), anew)
            table.add_row(name, *(f"{value:.2f}" for value in figures), f"{anew / median:.0f}x")
    Console(width=100).print(table)


def _watched(path, question, line, saves, pause, step):
    from labkit.course import read_course
    from labkit.watch import watch

    lab = read_course(COURSE).lab("lab01")
    text = lab.source.read_text()
    if text.count(line) != 1:
        raise SystemExit(
            f"the solution of {lab.name} has changed: {line!r} is there {text.count(line)} times"
        )
    mine = {info.name for info in lab.public_checks if info.question == question}
    path.write_text(text)
    states = watch(path, lab).states()
    next(state for state in states if not state.checking)
    verdicts, rounds = [], []
    for number in range(saves):
        begun: list[float] = []

        def save(number=number, begun=begun):
            begun.append(time.perf_counter())
            path.write_text(text.replace(line, f"    number = {number}\n{line}"))

        threading.Timer(pause, save).start()
        verdict = None
        for state in states:
            passed = time.perf_counter() - begun[0]
            if state.checking and verdict is None and mine <= state.decided:
                verdict = passed
            if not state.checking:
                rounds.append(passed)
                verdicts.append(verdict or passed)
                break
        step()
    _expect_nothing_checked(states, path)
    states.close()
    return verdicts, rounds


def _expect_nothing_checked(states, path):
    """A syntax error between two saves shows where it is, and costs nothing else."""
    text = path.read_text()
    path.write_text(text + "def unfinished(:\n")
    state = next(states)
    costs = not state.problem or bool(state.checking)
    path.write_text(text)
    state = next(states)  # the same object, as it is now
    if costs or state.problem or state.checking:
        raise SystemExit("a syntax error between two saves had something checked again")


def _anew(path, question):
    command = [Path(sys.executable).parent / "labkit", "check", path, "-k", question, "--course", COURSE]
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
