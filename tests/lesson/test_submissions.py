"""Submissions as files of a stranger: each is read into cells, or refused with one clear line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labkit.lesson.submission import SubmissionError, read_submission
from tests.conftest import check_of

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
cell = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | anything,
        "source": st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3) | anything,
        "metadata": st.fixed_dictionaries({}, optional={"tags": anything}) | anything,
        "outputs": anything,
    },
)
notebook = st.fixed_dictionaries(
    {},
    optional={
        "nbformat": st.sampled_from([1, 2, 3, 4, 5]) | anything,
        "nbformat_minor": st.integers(0, 5),
        "metadata": st.fixed_dictionaries({}, optional={"labkit": anything}) | anything,
        "cells": st.lists(cell, max_size=3) | anything,
        "worksheets": anything,
    },
)


def read_or_refuse(path: Path) -> None:
    try:
        submission = read_submission(path)
    except SubmissionError as problem:
        assert "\n" not in str(problem).replace(str(path), "") and str(problem).endswith(".")
        return
    assert all(isinstance(text, str) for cell in submission.cells for text in cell)
    assert submission.lab is None or isinstance(submission.lab, str)


@given(notebook | anything)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_a_notebook_or_is_refused(tmp_path, content):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(content))
    read_or_refuse(path)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_script_or_are_refused(tmp_path, content):
    for name in ("a.py", "a.ipynb"):
        (tmp_path / name).write_bytes(content)
        read_or_refuse(tmp_path / name)


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "link.py").symlink_to("/etc/passwd")
    (tmp_path / "folder.py").mkdir()
    said = {
        "fifo.py": "regular file",
        "link.py": "symbolic link",
        "folder.py": "regular file",
        "gone.py": "not exist",
    }
    for name, sentence in said.items():
        with pytest.raises(SubmissionError, match=sentence):
            read_submission(tmp_path / name)


def test_a_notebook_names_its_lab_with_a_string_only(tmp_path):
    for lab, read in (("lab01", "lab01"), ({"a": 1}, None), (7, None), ("x" * 10**6, "x" * 100)):
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"labkit": {"lab": lab}}, "cells": []}
        (tmp_path / "a.ipynb").write_text(json.dumps(content))
        assert read_submission(tmp_path / "a.ipynb").lab == read


def test_a_file_that_loads_mnist_where_code_is_graded_hears_where_to_do_so(hand_in):
    source = "from labkit.data import load_mnist\ndata = load_mnist()\ndef double(x):\n    return 2 * x\n"
    record = hand_in(source)
    assert any('tags=["explore"]' in note for note in record.notes)
    assert check_of(record, "test_double").verdict == "passed"


def test_the_case_of_a_suffix_does_not_matter(tmp_path):
    (tmp_path / "lab.PY").write_text("x = 1\n")
    (tmp_path / "lab.IPYNB").write_text(
        '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "y = 2"}]}'
    )
    assert read_submission(tmp_path / "lab.PY").cells == (("lab.PY", "x = 1\n"),)
    assert read_submission(tmp_path / "lab.IPYNB").cells == (("cell 1 from the top", "y = 2"),)


def test_exploring_cells_are_kept_apart(tmp_path):
    (tmp_path / "lab.py").write_text('x = 1\n# %% tags=["explore"]\ny = 2\n# %%\nz = 3\n')
    found = read_submission(tmp_path / "lab.py")
    assert found.cells == (("lab.py", "x = 1\n\n\n# %%\nz = 3\n"),)
    assert found.explore == (("lab.py", '\n# %% tags=["explore"]\ny = 2\n\n\n'),)


@pytest.mark.parametrize(
    ("counts", "labels"),
    [
        ([None, None], ["cell 1 from the top", "cell 2 from the top"]),
        ([7, 3], ["cell In[7]", "cell In[3]"]),
        ([3, 3], ["cell 1 from the top", "cell 2 from the top"]),  # of two sessions: neither is that cell
        ([True, "2"], ["cell 1 from the top", "cell 2 from the top"]),
        ([10**9, 0], ["cell 1 from the top", "cell 2 from the top"]),
    ],
)
def test_a_cell_is_called_as_jupyter_shows_it(tmp_path, counts, labels):
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": f"x = {n}", "execution_count": count}
        for n, count in enumerate(counts)
    ]
    path = tmp_path / "lab.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    assert [label for label, _ in read_submission(path).cells] == labels
