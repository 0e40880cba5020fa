"""How long `labkit report` takes, what it writes, and how a browser takes the class's page.

    python benchmarks/report.py [--students 10000] [--checks 60] [--folder DIR]

Makes a class (kept in the folder for the next time), then measures: figures and tables, the class's page, all pages,
the peak of memory, one record changed; in Chromium, where that is installed: shown, nodes at load, a filter.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from labkit.report import Options, write_report  # noqa: E402
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


def seconds(name: str, bar: float | None, work):
    """Carry out and say how long it took."""
    begun = time.perf_counter()
    done = work()
    say(name, time.perf_counter() - begun, "s", bar)
    return done


def say(name: str, value: float, unit: str, bar: float | None) -> None:
    print(f"{name:34}{value:10.2f} {unit}" + (f"   bar {bar:g}" if bar is not None else ""), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=10_000)
    parser.add_argument("--checks", type=int, default=60)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="labkit-report-"))
    full = given.students >= 10_000
    if not any(folder.glob("*/result.json")):
        write(folder, a_class(given.students, given.checks))
    begun = time.perf_counter()
    report = seconds("figures", None, lambda: figures_of(folder, Options()))
    made = {"report.json": as_json(report)} | {f"report/{n}.csv": text for n, text in tables(report).items()}
    for name, text in made.items():
        write_if_changed(folder / name, text)
    say("json and CSV", time.perf_counter() - begun, "s", 20 if full else None)
    page = pages(report)["report.html"]
    write_if_changed(folder / "report.html", page)
    say("class's page", time.perf_counter() - begun, "s", 30 if full else None)
    for name, html in student_pages(folder, report, "en"):
        write_if_changed(folder / name, html)
    say("all pages", time.perf_counter() - begun, "s", 90 if full else 3)
    say("peak memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB", 1024)
    say("class's page", len(page.encode()) / 1e6, "MB", 4)
    del report, made, page
    victim = next(folder.glob("*/result.json"))
    text = victim.read_text(encoding="utf-8")
    changed = text.replace('"started_at": "2026', '"started_at": "2027').replace("Title", "title")
    victim.write_text(changed.replace('"verdict": "failed"', '"verdict": "error"', 1), encoding="utf-8")
    written = seconds("again, one record changed", None, lambda: write_report(folder, Options()).changed)
    victim.write_text(text, encoding="utf-8")
    print("written then:", ", ".join(sorted(str(path.relative_to(folder)) for path in written)))
    write_report(folder, Options())
    if problem := browser.missing():
        print(f"not looked at in a browser: {problem}")
        return
    [seen] = browser.look([{"path": str(folder / "report.html"), "ask": FILTER}])
    say("shown", seen["shown"] / 1000, "s", 1)
    say("nodes at load", seen["nodes"], "", 3000)
    say("filter", seen["answer"], "ms", 100)


if __name__ == "__main__":
    main()
