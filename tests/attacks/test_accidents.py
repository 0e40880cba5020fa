"""Honest accidents, H1 to H21 of the catalogue: a fair score, and a sentence that helps."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.attacks.conftest import HERE

RIGHT = (HERE / "correct.py").read_text()
HALF = RIGHT.replace("return 2 * x", "{}")  # classify stays right: 40 points


def half(line: str, before: str = "") -> str:
    return before + HALF.format(line)


def notebook(*cells: str, **outer) -> str:
    made = [
        {"cell_type": "code", "metadata": {}, "source": c, "outputs": [], "execution_count": None}
        for c in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made} | outer)


THREE = json.dumps(
    {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {"cells": [{"cell_type": "code", "input": RIGHT, "language": "python", "outputs": []}]}
        ],
    }
)

#: row, file name, content, points, what must be said
ACCIDENTS = [
    ("H1", "a.py", "def double(x):\n    return 2 *\n", 0, "line 2: SyntaxError"),
    ("H1", "a.py", "def double(x):\n  y = x\n    return y\n", 0, "IndentationError"),
    ("H1", "a.py", "def double(x):\n    y = x\n\treturn y\n", 0, "line 3: TabError"),
    ("H2", "a.py", b"\xef\xbb\xbf" + RIGHT.encode(), 100, ""),
    ("H2", "a.py", RIGHT.replace("\n", "\r\n").encode(), 100, ""),
    ("H2", "a.py", RIGHT.replace("\n", "\r").rstrip().encode(), 100, ""),
    ("H3", "a.py", ("# é\n" + RIGHT).encode("latin-1"), 0, "save it as UTF-8"),
    ("H3", "a.py", RIGHT.encode("utf-16"), 0, "save it as UTF-8"),
    ("H3", "a.py", ("# پ\n" + RIGHT).encode("cp1256"), 0, "save it as UTF-8"),
    ("H3", "a.py", RIGHT.encode() + b"\0", 0, "NUL"),
    ("H4", "a.py", RIGHT.replace("def double", "def duoble"), 40, "is 'duoble' meant to be it?"),
    ("H5", "a.py", half("2 * x"), 40, "is None: is a `return` missing?"),
    ("H6", "a.py", half("return np.exp(x * 1e6) / np.exp(x * 1e6) * 2 * x"), 40, "not finite"),
    ("H7", "a.py", half("return [2 * float(v) for v in x]"), 100, ""),
    ("H7", "a.py", half("return np.asmatrix(2 * x)"), 40, "it should have shape (7,)"),
    ("H7", "a.py", half("return (2 * x)[:, None]"), 40, "it should have shape (7,)"),
    ("H9", "a.py", half("return (2 * x).astype('float32')"), 100, ""),
    ("H10", "a.py", half("return (2 * v for v in x)"), 40, "generator"),
    ("H10", "a.py", half("return np.zeros(125_000_000)"), 40, "it holds 1.0 GB"),
    ("H11", "a.py", half("print('progress ' * 12_000_000); return 2 * x"), 100, ""),
    ("H12", "a.py", half("while True: pass"), 40, "more than the 2 seconds allowed"),
    ("H13", "a.py", half("return np.ones((10**6, 10**6))[0, :7]"), 40, "Unable to allocate"),
    ("H14", "a.py", half("return double(x)"), 40, "RecursionError"),
    ("H14", "a.py", half("import ctypes; ctypes.string_at(0)"), 40, "SIGSEGV"),
    ("H15", "a.py", RIGHT + "\nif __name__ == '__main__':\n    double('?')\nexit()\n", 100, "SystemExit"),
    ("H16", "a.py", half("input('n? '); return 2 * x"), 40, "EOFError"),
    ("H16", "a.py", half("open('drive/MyDrive/x.csv'); return 2 * x"), 40, "FileNotFoundError"),
    ("H17", "a.ipynb", notebook("!pip install x\n%pylab", "", "%%time\n" + RIGHT, "f?"), 100, "left out"),
    ("H17", "a.ipynb", notebook(RIGHT).replace("[]", f'["{"x" * 20_000_000}"]', 1), 100, ""),
    ("H18", "a.ipynb", notebook(RIGHT)[:-30], 0, "not a notebook that can be read"),
    ("H18", "a.ipynb", THREE, 100, ""),
    ("H18", "a.ipynb", "[" * 100_000, 0, "not a notebook that can be read"),
    ("H18", "a.ipynb", "[" + "[]," * 5_000_000 + "[]]", 0, "too many values"),
    ("H18", "a.ipynb", '{"nbformat": 4}', 0, "not a notebook that can be read"),
    ("H18", "a.py", "", 0, "is empty"),
    ("H18", "a.py", "# only\n# comments\n", 0, "no function called double"),
    ("H19", "سلام 🙂 'q\".py", RIGHT, 100, ""),
    ("H19", "a.py", RIGHT + "\nمیانگین = 3\n", 100, ""),
    ("H20", "a.py", "#" * 50_000_000, 0, "larger than"),
    ("H21", "a.py", RIGHT + "\nimport random\nrandom.seed(0)\nnp.random.seed(0)\n", 100, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "name", "content", "points", "said"), ACCIDENTS, ids=lambda value: str(value)[:12]
)
def test_an_accident_costs_what_it_breaks(row, name, content, points, said, arena):
    (arena.handed_in / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    outcome = arena()
    record = outcome.records[name.rpartition(".")[0]]
    assert record["score"] == points, outcome.said(record["submission"])
    assert said in outcome.said(record["submission"])
    assert "Traceback" not in outcome.said(record["submission"])
    assert outcome.failures == []


def test_h20_folders_and_files_that_tools_leave_are_passed_over(arena):
    here = arena.handed_in
    for junk in (
        ".DS_Store",
        "Thumbs.db",
        "__MACOSX/._a.py",
        "a.py/Thumbs.db",
        ".git/a.py",
        "nested/b.zip",
        ".a.py.swp",
    ):
        (here / junk).parent.mkdir(parents=True, exist_ok=True)
        (here / junk).write_bytes(b"\0\1")
    shutil.copy(HERE / "correct.py", here / "b.py")
    assert {name: record["score"] for name, record in arena().records.items()} == {
        "b": 100,
        "zz_correct": 100,
    }
