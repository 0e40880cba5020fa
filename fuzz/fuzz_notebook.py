"""Notebooks and scripts: each is read into cells, or refused with a SubmissionError."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["labkit", "nbformat"]):
    from labkit.lesson import submission as submissions

NOTEBOOK, SCRIPT = Path("a.ipynb"), Path("a.py")


def one_input(data: bytes) -> None:
    for path, read in ((NOTEBOOK, submissions._notebook), (SCRIPT, submissions._script)):
        try:
            lab, cells, notes = read(path, submissions._decode(path, data))
        except submissions.SubmissionError as problem:
            assert len(str(problem)) < 300
            continue
        assert lab is None or isinstance(lab, str)
        assert all(isinstance(label, str) and isinstance(source, str) for label, source in cells)


atheris.Setup(sys.argv, one_input)
atheris.Fuzz()
