"""Submissions graded per minute: labkit beside nbgrader and otter, on the same softmax assignment.

    python benchmarks/throughput.py [--count 12] [--peers VENV] [--peer-count 3] [--quick]

Every submission answers three questions, trains softmax regression for five epochs on the 60,000 digits by
calling `model.fit`, as the lectures do, and is correct. "distinct" submissions differ in name, comment and
learning rate; "copies" are one file under many names. labkit is measured with a first submission that has to
load everything (cold: one submission, a fresh command), whole classes with that start counted, the further ones
alone (warm: what a class takes beyond the cold one), and with what the grader keeps from an earlier grading
(nothing is trained or run anew). nbgrader and otter run in an environment of
their own, given by --peers, that has tensorflow, nbgrader 0.9.6 and otter-grader 7.0; each is given what it
recommends for the command line: `nbgrader autograde`, `otter run`. Memory is the peak of the proportional set
size of all processes together. The lab allows a submission one thread (`threads = 1`), because its model is small;
nbgrader and otter run as they come.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

HERE = Path(__file__).parent
ASSIGNMENT = HERE / "softmax_assignment"
MNIST = HERE.parent / "labkit" / "data" / "mnist.npz"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=12, help="submissions for labkit")
    parser.add_argument("--peers", type=Path, help="an environment with nbgrader and otter-grader")
    parser.add_argument("--peer-count", type=int, default=3, help="submissions for the peers")
    parser.add_argument("--quick", action="store_true", help="two submissions each")
    options = parser.parse_args()
    count, peer_count = (2, 2) if options.quick else (options.count, options.peer_count)
    rows = []
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=6 + 2 * bool(options.peers))
        for name, measure in _measurements(Path(folder), count, peer_count, options.peers):
            progress.update(task, description=name)
            rows.append((name, *measure()))
            progress.advance(task)
    _, _, cold, _ = rows[0]
    warm = [
        (f"{name}, warm", size - 1, max(seconds - cold, 1e-9), memory)
        for name, size, seconds, memory in rows
        if name.startswith("labkit, distinct") and name.endswith(("job", "jobs"))
    ]
    Console(width=100).print(_table([*rows[:3], *warm, *rows[3:]]))


def _measurements(folder, count, peer_count, peers):
    course = folder / "course"
    solution = course / "solutions" / "lab01_softmax"
    shutil.copytree(ASSIGNMENT, solution)
    for name in ("misconceptions.py", "variants.py"):
        (solution / name).write_text("")
    (course / "course.toml").write_text('[[labs]]\nname = "lab01_softmax"\nthreads = 1\n')
    classes = {"one": 1, "distinct": count, "copies": count}
    for name, size in classes.items():
        (folder / name).mkdir()
        for number in range(size):
            text = submission(0 if name == "copies" else number)
            (folder / name / f"student{number:03}.py").write_text(text)

    def ours(handed_in, out, jobs):
        command = [Path(sys.executable).parent / "labkit", "grade", folder / handed_in]
        command += ["--out", folder / out, "--lab", "lab01_softmax", "--course", course, "--jobs", jobs]
        return lambda: (classes[handed_in], *timed(command, folder))

    yield "labkit, cold, one submission", ours("one", "one-out", 1)
    yield "labkit, distinct, 1 job", ours("distinct", "distinct-1", 1)
    yield "labkit, distinct, 2 jobs", ours("distinct", "distinct-2", 2)
    yield "labkit, copies, 1 job", ours("copies", "copies-1", 1)
    yield "labkit, copies, 2 jobs", ours("copies", "copies-2", 2)
    yield "labkit, distinct, 2 jobs, graded before", ours("distinct", "distinct-2", 2)
    if peers:
        environment = {**os.environ, "PATH": f"{peers / 'bin'}:{os.environ['PATH']}", **QUIET}
        yield "nbgrader autograde", lambda: _nbgrader(folder / "nbgrader", peers, peer_count, environment)
        yield "otter run", lambda: _otter(folder / "otter", peers, peer_count, environment)


QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


# --- submissions ---------------------------------------------------------------------------------------------


def submission(number):
    """A correct answer; another number gives another text and another learning rate."""
    text = (ASSIGNMENT / "lab.py").read_text()
    lines = [line for line in text.splitlines() if "SOLUTION" not in line]
    rate = f"keras.optimizers.RMSprop({0.001 + number * 1e-6:.6f})"
    text = "\n".join(lines).replace('"rmsprop"', rate)
    return text.replace("# # Softmax regression", f"# # Softmax regression, by student {number}") + "\n"


def notebook(cells):
    """A notebook; `cells` are (source, nbgrader's metadata or None)."""
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    for number, (source, metadata) in enumerate(cells):
        cell = nbformat.v4.new_code_cell(source, id=f"cell-{number}")
        if metadata:
            cell.metadata["nbgrader"] = {"schema_version": 3, "cell_type": "code", **metadata}
        made.cells.append(cell)
    return made


def answers(number):
    """The imports and the three functions of a submission."""
    parts = [part.strip() for part in submission(number).split("# %%\n")[1:]]
    code = [part.split("# %% [markdown]")[0].strip() for part in parts]
    imports = "import keras\nimport numpy as np\n" + f"data = np.load({str(MNIST)!r})"
    return imports, code[1], code[2], code[3]


TESTS = {
    "softmax": "logits = np.random.default_rng(0).normal(size=(32, 10))\n"
    "expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)\n"
    "assert np.allclose(softmax(logits), expected)",
    "stable": "p = softmax(np.random.default_rng(1).normal(size=(32, 10)) * 500)\n"
    "assert np.isfinite(p).all() and np.allclose(p.sum(axis=1), 1)",
    "model": "model = build_model()\nassert model.count_params() == 7850\n"
    "assert np.allclose(model.predict(np.ones((4, 784), 'float32'), verbose=0).sum(axis=1), 1, atol=1e-5)",
    "training": "x = data['x_train'].reshape(-1, 784).astype('float32') / 255\nmodel = build_model()\n"
    "history = train(model, x, np.eye(10, dtype='float32')[data['y_train']])\n"
    "assert len(history.epoch) == 5\n"
    "digits = data['x_test'].reshape(-1, 784).astype('float32') / 255\n"
    "outputs = model.predict(digits, batch_size=1000, verbose=0)\n"
    "assert (outputs.argmax(1) == data['y_test']).mean() > .9",
}
POINTS = {"softmax": 20, "stable": 20, "model": 20, "training": 40}


# --- peers -----------------------------------------------------------------------------------------------------


def _nbgrader(folder, peers, count, environment):
    """A course with a source notebook and `count` handed in; the time of `nbgrader autograde`."""

    def whole(number):
        imports, *functions = answers(number)
        solution = {"grade": False, "solution": True, "locked": False, "task": False}
        test = {"grade": True, "solution": False, "locked": True, "task": False}
        cells = [(imports, None)]
        cells += [(code, {**solution, "grade_id": f"answer-{n}"}) for n, code in enumerate(functions)]
        cells += [(code, {**test, "grade_id": name, "points": POINTS[name]}) for name, code in TESTS.items()]
        return notebook(cells)

    def write(path, number):
        path.parent.mkdir(parents=True)
        nbformat.write(whole(number), path)

    write(folder / "source" / "ps1" / "softmax.ipynb", 0)
    (folder / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'speed'\nc.ExecutePreprocessor.timeout = 600\n"
    )
    quiet = {"cwd": folder, "env": environment, "capture_output": True, "check": True}
    subprocess.run([peers / "bin" / "nbgrader", "generate_assignment", "ps1"], **quiet)
    released = nbformat.read(folder / "release" / "ps1" / "softmax.ipynb", 4)
    for number in range(count):
        path = folder / "submitted" / f"student{number}" / "ps1" / "softmax.ipynb"
        write(path, number)
        handed_in = nbformat.read(path, 4)
        for cell, original in zip(handed_in.cells, released.cells, strict=True):
            cell.metadata = original.metadata  # checksums included
        nbformat.write(handed_in, path)
    measured = timed([peers / "bin" / "nbgrader", "autograde", "ps1"], folder, environment)
    code = (
        "from nbgrader.api import Gradebook\nwith Gradebook('sqlite:///gradebook.db') as book:\n"
        "    print([s.score for s in book.assignment_submissions('ps1')])"
    )
    scores = subprocess.run([peers / "bin" / "python", "-c", code], **quiet | {"text": True}).stdout
    if json.loads(scores) != [100.0] * count:
        raise SystemExit(f"nbgrader did not give everyone 100 points: {scores}")
    return count, *measured


def _otter(folder, peers, count, environment):
    """An autograder.zip made by `otter generate`, and `otter run` for each submission."""
    tests = folder / "tests"
    tests.mkdir(parents=True)
    for name, code in TESTS.items():
        lines = "".join(
            f">>> {line}\n" if not line.startswith(" ") else f"... {line}\n" for line in code.splitlines()
        )
        test = {"name": name, "points": POINTS[name]}
        test["suites"] = [
            {"cases": [{"code": lines, "hidden": False}], "scored": True, "setup": "", "type": "doctest"}
        ]
        (tests / f"{name}.py").write_text(f"OK_FORMAT = True\n\ntest = {test!r}\n")
    quiet = {"cwd": folder, "env": environment, "capture_output": True, "check": True}
    otter = peers / "bin" / "otter"
    subprocess.run([otter, "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment"], **quiet)
    seconds = memory = 0.0
    for number in range(count):
        path = folder / f"student{number}.ipynb"
        nbformat.write(notebook([(code, None) for code in answers(number)]), path)
        (folder / f"out{number}").mkdir()
        command = [otter, "run", "-a", "autograder.zip", "-o", folder / f"out{number}", path]
        took, used = timed(command, folder, environment)
        seconds, memory = seconds + took, max(memory, used)
        results = json.loads((folder / f"out{number}" / "results.json").read_text())
        earned = sum(test.get("score", 0) for test in results["tests"])
        if earned != 100:
            raise SystemExit(f"otter gave {earned} of 100 points: {results}")
    return count, seconds, memory


# --- measuring -------------------------------------------------------------------------------------------------


def timed(command, folder, environment=None):
    """Seconds and the peak of memory, in bytes, of a command and all that it starts."""
    started = time.perf_counter()
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = [0]

    def watch():
        root = psutil.Process(process.pid)
        while process.poll() is None:
            total = 0
            try:
                for one in [root, *root.children(recursive=True)]:
                    total += _proportional(one)
            except psutil.Error:
                continue
            peak[0] = max(peak[0], total)
            time.sleep(0.5)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    output = process.communicate()[0]
    seconds = time.perf_counter() - started
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with status {process.returncode}:\n{output[-2000:]}")
    return seconds, peak[0]


def _proportional(process):
    """Memory that is shared among n processes counts as an nth for each."""
    try:
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        return 1024 * int(next(line.split()[1] for line in text.splitlines() if line.startswith("Pss:")))
    except (OSError, StopIteration):
        return process.memory_info().rss


def _table(rows):
    table = Table(title="grading the five-epoch softmax assignment", title_justify="left")
    for name in ("", "submissions", "seconds", "per minute", "peak memory", "to nbgrader", "to otter"):
        table.add_column(name, justify="left" if not name else "right")
    rates = {name: 60 * count / seconds for name, count, seconds, _ in rows}
    for name, count, seconds, memory in rows:
        ratios = [
            f"{rates[name] / rates[peer]:.1f}x" if peer in rates else ""
            for peer in ("nbgrader autograde", "otter run")
        ]
        cells = (str(count), f"{seconds:.1f}", f"{rates[name]:.1f}", f"{memory / 1024**3:.2f} GiB", *ratios)
        table.add_row(name, *cells)
    return table


if __name__ == "__main__":
    main()
