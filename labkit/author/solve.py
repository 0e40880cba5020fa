"""`labkit solve`: the reference carried out from top to bottom, as a notebook, a page and a PDF."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat

from labkit.author.notebook import KERNEL, notebook_of
from labkit.author.problems import errors
from labkit.author.solved_page import page
from labkit.author.starter import without_marks
from labkit.course import CourseError, Lab, solution_of
from labkit.lesson.source import read_text
from labkit.record import versions

_NUMBER = re.compile(r"(?<![\w.])([-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)\s?(%)?(?![\w])")
_NEEDED = ("ipykernel", "latex2mathml", "nbclient", "nbconvert")  # the extra `author`
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: Runs before the lesson: seeds, and no warnings of TensorFlow's, which it prints between the results.
_PRELUDE = """
import logging
from labkit import lazy

lazy.load_keras().utils.set_random_seed(0)
logging.getLogger("tensorflow").setLevel("ERROR")
"""
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Solved:
    """What came of it: the files that were written, the cells that raised, and remarks for whoever asked."""

    files: tuple[Path, ...]
    failures: tuple[str, ...]
    remarks: tuple[str, ...]


def solve(lab: Lab, folder: Path, progress: Progress = lambda number, total, heading: None) -> Solved:
    """Carry out every cell of the reference, explore cells too, and write what came out into a folder.

    Writes `<lab>.ipynb`, `<lab>.html` and `metrics.json`, and `<lab>.pdf` where a browser can print it. Raises
    CourseError where there is no solution or its files have errors.
    """
    solution_of(lab)
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise CourseError(
            f"{', '.join(missing)} cannot be imported; install with `pip install 'labkit[author]'`."
        )
    if found := errors(lab):
        raise CourseError("\n".join([f"{lab.name} cannot be carried out.", *map(str, found)]))
    notebook = notebook_of(without_marks(read_text(lab.source)), lab.name)
    started = time.monotonic()
    seconds = _execute(notebook, progress)
    failures = _failures(notebook)
    metrics = {
        "lab": lab.name,
        "seconds": round(time.monotonic() - started, 1),
        "versions": versions(),
        "measured": _measured(notebook),
        "cells": seconds,
        "errors": failures,
    }
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{lab.name}.ipynb", folder / f"{lab.name}.html", folder / "metrics.json"]
    files[0].write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    files[1].write_text(page(notebook, lab.title), encoding="utf-8", newline="\n")
    files[2].write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    pdf, remark = print_pdf(files[1])
    return Solved((*files, *([pdf] if pdf else [])), tuple(failures), (remark,) if remark else ())


def _execute(notebook: nbformat.NotebookNode, progress: Progress) -> list[dict[str, Any]]:
    """Run the cells in a fresh kernel, in an empty folder; returns the seconds of each code cell."""
    from nbclient import NotebookClient

    prelude = nbformat.v4.new_code_cell(_PRELUDE, id="prelude")
    notebook.cells.insert(0, prelude)
    headings, seconds, begun = _headings(notebook), [], {}

    def begin(cell, cell_index) -> None:
        begun[cell_index] = time.monotonic()
        progress(cell_index, len(notebook.cells), headings[cell_index])

    def end(cell, cell_index, execute_reply) -> None:
        if cell_index:
            spent = round(time.monotonic() - begun[cell_index], 2)
            seconds.append({"cell": cell.id, "section": headings[cell_index], "seconds": spent})

    with TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=None,
            kernel_name=KERNEL["name"],
            allow_errors=True,
            record_timing=False,
            resources={"metadata": {"path": folder}},
            on_cell_execute=begin,
            on_cell_executed=end,
        )
        quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
        try:
            client.execute(env=quiet, stderr=subprocess.DEVNULL)  # the kernel's own; cells have another
        except RuntimeError as problem:  # nbclient's, of a kernel that does not start or that died
            raise CourseError(f"The notebook could not be carried out: {problem}") from None
    notebook.cells.remove(prelude)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.execution_count:
            cell.execution_count -= 1
    notebook.metadata["kernelspec"] = KERNEL
    return seconds


def _headings(notebook: nbformat.NotebookNode) -> list[str]:
    """The heading that each cell stands under."""
    found, last = [], ""
    for cell in notebook.cells:
        lines = re.findall(r"^#{1,3} (.+)$", cell.source, re.M) if cell.cell_type == "markdown" else []
        last = lines[-1] if lines else last
        found.append(last)
    return found


def _failures(notebook: nbformat.NotebookNode) -> list[str]:
    """A sentence for each cell that raised."""
    headings = _headings(notebook)
    return [
        f"{cell.id} ({heading}): {output.ename}: {output.evalue}"
        for cell, heading in zip(notebook.cells, headings, strict=True)
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def _measured(notebook: nbformat.NotebookNode) -> list[dict[str, Any]]:
    """Every printed line with numbers in it: what the lesson measures, accuracies and errors among it."""
    found = []
    for cell, heading in zip(notebook.cells, _headings(notebook), strict=True):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stdout":
                for line in output.text.splitlines():
                    numbers = [_value(*match) for match in _NUMBER.findall(line)]
                    if numbers and not line.lstrip().startswith(
                        ("│", "┃")
                    ):  # a model's summary measures nothing
                        found.append({"section": heading, "text": line.strip(), "values": numbers})
    return found


def _value(digits: str, percent: str) -> float:
    value = float(digits.replace(",", ""))
    return round(value / 100, 10) if percent else value


def print_pdf(html: Path) -> tuple[Path | None, str | None]:
    """Print a page into a PDF beside it; without a browser that can, a sentence about what to install."""
    browser = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        return (
            None,
            "No PDF: install Chromium (`apt-get install chromium`), or print the page from any browser.",
        )
    pdf = html.with_suffix(".pdf")
    with TemporaryDirectory() as profile:
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={profile}",
        ]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to sandbox for root
        done = subprocess.run(
            [*command, f"--print-to-pdf={pdf}", html.absolute().as_uri()], capture_output=True, timeout=300
        )
    if done.returncode or not pdf.is_file():
        return (
            None,
            f"No PDF: {browser} failed with status {done.returncode}; print the page from any browser.",
        )
    return pdf, None
