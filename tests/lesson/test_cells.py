"""A script is cut into cells and put together again without a character lost, however it was saved."""

from __future__ import annotations

import jupytext
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.course import read_course
from labkit.lesson.cells import notebook_cells, parse_script
from tests.conftest import REPOSITORY

LABS = read_course(REPOSITORY).labs
YAML = "# ---\n# jupyter:\n#   jupytext:\n#     formats: ipynb,py:percent\n# ---\n\n"
MARKERS = [
    "# %%",
    "#%%",
    "# %% [markdown]",
    "# %%[markdown]",
    '# %% [markdown] tags=["hint"]',
    '# %% A title tags=["explore", "quiz"] name="x"',
    '# %% {"tags": ["explore"], "name": "tags"}',
    '# %%% [md] {"slideshow": {"slide_type": "skip"}, "tags": ["hint"]}',
    "# %% [raw]",
]
pieces = st.lists(
    st.sampled_from(
        [*MARKERS, *YAML.splitlines(), "x = 1", "# ## 1.1 A", "def f():", '"""', "", "\ufeff", "\x0c"]
    )
    | st.text(max_size=8),
    max_size=12,
)


@given(
    pieces,
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
    st.booleans(),
)
def test_parsing_and_writing_back_is_the_identity(lines, end, ended, mark, front):
    text = mark + (YAML.replace("\n", end) if front else "") + end.join(lines) + end * ended
    script = parse_script(text)
    assert script.text == text
    assert parse_script(script.text) == script
    kept = script.without_explore()
    assert kept.count("\n") == text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


@given(st.text(alphabet="#% \n\r\"'[]{}=:,abtags\ufeffmarkdown-", max_size=80))
def test_any_text_is_a_script(text):
    assert parse_script(text).text == text


@pytest.mark.parametrize(
    ("marker", "kind", "tags"),
    list(
        zip(
            MARKERS,
            ["code", "code", "markdown", "markdown", "markdown", "code", "code", "markdown", "raw"],
            [(), (), (), (), ("hint",), ("explore", "quiz"), ("explore",), ("hint",), ()],
            strict=True,
        )
    )
    + [("# %% tags=['explore']", "code", ("explore",)), ('# %% tags = [ "a" ]', "code", ("a",))],
)
def test_a_marker_says_the_kind_and_the_tags_in_any_order_and_form(marker, kind, tags):
    cell = parse_script(f"x = 1\n{marker}\ny = 2\n").cells[1]
    assert (cell.kind, cell.tags, cell.number) == (kind, tags, 3)


@pytest.mark.parametrize("line", ["# %%time", "#%%%%x", "    # %%", "# %", 'x = "# %%"', "## %%"])
def test_what_only_looks_like_a_marker_is_none(line):
    assert len(parse_script(f"x = 1\n{line}\n").cells) == 1


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_cells_are_those_that_jupytext_sees(lab):
    text = lab.source.read_text()
    theirs = jupytext.reads(text, fmt="py:percent").cells
    ours = parse_script(text).cells
    assert [(cell.kind, list(cell.tags)) for cell in ours] == [
        (cell.cell_type, cell.metadata.get("tags", [])) for cell in theirs
    ]
    assert [cell.source for cell in ours] == [cell.source for cell in theirs]


@pytest.mark.parametrize("markers", [None, '"""'])
@pytest.mark.parametrize("filters", [None, "all"])
def test_a_script_that_jupytext_has_saved_has_the_same_cells(markers, filters):
    notebook = jupytext.reads(LABS[0].source.read_text(), fmt="py:percent")
    notebook.metadata["jupytext"] = {"cell_markers": markers, "cell_metadata_filter": filters}
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.cells[3].metadata["slideshow"] = {"slide_type": "slide"}
    notebook.cells[4].source = "%matplotlib inline\n" + notebook.cells[4].source
    saved = parse_script(jupytext.writes(notebook, fmt="py:percent"))
    assert saved.front or not (markers or filters)
    assert [cell.source for cell in saved.cells] == [cell.source for cell in notebook.cells]
    assert [cell.kind for cell in saved.cells] == [cell.cell_type for cell in notebook.cells]
    assert [list(cell.tags) for cell in saved.cells] == [c.metadata.get("tags", []) for c in notebook.cells]
    assert [cell.source for cell in notebook_cells(notebook.cells)] == [c.source for c in notebook.cells]


def test_explore_cells_are_blanked_and_every_line_keeps_its_number():
    text = '# a\n# %% tags=["explore"]\nraise\n\n# %%\nx = 1\n# %% tags=["explore"]\nraise'
    kept = parse_script(text).without_explore()
    assert kept == "# a\n\n\n\n# %%\nx = 1\n\n"


def test_lines_are_replaced_by_their_numbers_in_the_text_as_it_was():
    script = parse_script("a\nb\nc\nd\n")
    assert (
        script.edited([(1, 1, ["A"]), (3, 4, []), (3, 2, ["between", "b and c"])])
        == "A\nb\nbetween\nb and c\n"
    )
