"""From failures without a name to a known mistake: the report's stub is pasted, proven, and names the class."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

WRONG = '''# labkit: lab01_toy
import numpy as np

def double(x):
    """Twice x: (n,) float, the same shape and dtype."""
    {body}

def mean_of_doubles(x):
    return float(double(x).mean())
'''
BODIES = {
    "ann": "return x * x * x",
    "bob": "y = x.copy()\n    y *= x\n    return y * x  # my own way",
    "cy": "return x**3",
    "dee": "return -x",
    "eve": "return x + x",
}


def test_a_stub_that_is_pasted_names_the_class_without_running_anybodys_code(toy_course, tmp_path):
    course, handed_in, out = tmp_path / "course", tmp_path / "in", tmp_path / "graded"
    shutil.copytree(toy_course.root, course)
    handed_in.mkdir()
    for name, body in BODIES.items():
        (handed_in / f"{name}.py").write_text(WRONG.format(body=body))

    def labkit(*arguments, status: int = 0) -> str:
        command = [sys.executable, "-m", "labkit.cli", *map(str, arguments), "--course", str(course)]
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def report() -> dict:
        labkit("report", out)
        [lab] = json.loads((out / "report.json").read_text())["labs"]
        return lab

    grade = ("grade", handed_in, "--out", out, "--jobs", 1)
    labkit(*grade)
    lab = report()
    first, second = lab["clusters"]
    assert [lab["students"][place]["submission"] for place in first["who"]] == ["ann", "bob", "cy"]
    assert first["checks"] == ["test_double", "test_double_large"] and "x ** 3" in first["stub"]
    assert len(second["who"]) == 1

    catalogue = course / "solutions/lab01_toy/misconceptions.py"
    stub = first["stub"].replace(
        "TODO: the sentence that teaches.", "You cubed each value; doubling adds it to itself."
    )
    catalogue.write_text(catalogue.read_text() + "\n\n" + stub)
    labkit("selftest", "lab01", "-k", "1.1")  # fails where one is not named, or loses nothing

    started = {path: path.stat().st_mtime_ns for path in out.glob("*/result.json")}
    assert "3 of 5 records have other names now" in labkit(*grade, "--rename")
    lab = report()
    [mistake] = [one for one in lab["mistakes"] if one["id"] == "double_unnamed_1"]
    assert mistake["sentence"] == "You cubed each value; doubling adds it to itself."
    assert [lab["students"][place]["submission"] for place in mistake["who"]] == ["ann", "bob", "cy"]
    assert len(lab["clusters"]) == 1
    # whose names stayed is not even written: nobody's code was carried out
    same = {path.parent.name for path, at in started.items() if path.stat().st_mtime_ns == at}
    assert same == {"dee", "eve"}
