"""How long `labkit report` takes, what it writes, and how a browser takes the class's page: ours beside the bar.

    python benchmarks/report.py [--students 10000] [--checks 60] [--folder DIR]

Makes a class (kept in the folder for the next time), then measures figures and tables, the class's page, all pages and
the peak of memory; in Chromium, where that is installed, when the page is shown, its nodes, a filter. Then the command
as a whole on 300 records, and again after one of them has changed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from labkit.report import Options  # noqa: E402
from labkit.report.giving import student_pages  # noqa: E402
from labkit.report.making import figures_of  # noqa: E402
from labkit.report.tables import tables  # noqa: E402
from labkit.report.write import as_json, pages, write_if_changed  # noqa: E402
from tests import browser  # noqa: E402
from tests.report.made import a_class, write  # noqa: E402

FILTER = """new Promise((done) => {
  const q = document.getElementById("q"), begun = performance.now();
  q.value = "40012"; q.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
})"""


def say(name: str, value: float, unit: str, bar: float | None = None) -> None:
    word = "" if bar is None else f"bar {bar:g}, {'met' if value <= bar else 'MISSED'}"
    print(f"{name:34}{value:10.2f} {unit:4}{word}", flush=True)


def whole_class(folder: Path, students: int, checks: int) -> None:
    """Figures, tables and pages of a large class, step by step."""
    if not any(folder.glob("*/result.json")):
        write(folder, a_class(students, checks))
    begun = time.perf_counter()
    report = figures_of(folder, Options())
    made = {"report.json": as_json(report)} | {f"report/{n}.csv": text for n, text in tables(report).items()}
    for name, text in made.items():
        write_if_changed(folder / name, text)
    say("json and CSV", time.perf_counter() - begun, "s", 20)
    page = pages(report)["report.html"]
    write_if_changed(folder / "report.html", page)
    say("class's page", time.perf_counter() - begun, "s", 30)
    for name, html in student_pages(folder, report, "en"):
        write_if_changed(folder / name, html)
    say("all pages", time.perf_counter() - begun, "s", 90)
    say("processor time", time.process_time(), "s")
    say("peak memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB", 1024)
    say("class's page", len(page.encode()) / 1e6, "MB", 4)


def in_a_browser(page: Path) -> None:
    """How Chromium takes the class's page."""
    if problem := browser.missing():
        print(f"not looked at in a browser: {problem}")
        return
    [seen] = browser.look([{"path": str(page), "ask": FILTER}])
    say("shown", seen["shown"] / 1000, "s", 1)
    say("nodes at load", seen["nodes"], "", 3000)
    say("filter", seen["answer"], "ms", 100)


def command(folder: Path) -> float:
    """How long the command takes, in seconds, with its start."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "labkit.cli", "report", folder], check=True, capture_output=True)
    return time.perf_counter() - begun


def one_changed(folder: Path) -> None:
    """The command on 300 records, and once more after one has changed."""
    write(folder, a_class(300))
    say("300 records", command(folder), "s", 3)
    victim = next(folder.glob("*/result.json"))
    text = victim.read_text(encoding="utf-8")
    victim.write_text(text.replace('"verdict": "failed"', '"verdict": "error"', 1), encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("report*") if path.is_file()}
    say("300 records, one changed", command(folder), "s", 3)
    changed = [path for path, at in before.items() if path.stat().st_mtime_ns != at]
    say("students' pages written then", sum(path.parent == victim.parent for path in changed), "")
    say("others written then", sum(path.parent not in (victim.parent, folder) for path in changed), "", 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=10_000)
    parser.add_argument("--checks", type=int, default=60)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labkit-report-") as place:
        folder = given.folder or Path(place) / "class"
        whole_class(folder, given.students, given.checks)
        in_a_browser(folder / "report.html")
        one_changed(Path(place) / "small")


if __name__ == "__main__":
    main()
