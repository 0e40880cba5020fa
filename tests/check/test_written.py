"""Questions that a person reads: a function that returns text, or a Markdown cell that is tagged so."""

from __future__ import annotations

import json

import nbformat
import pytest

from labkit.author.build import build
from labkit.author.notebook import notebook_of
from labkit.author.problems import problems
from labkit.author.selftest import selftest
from labkit.course import Course, Lab, read_course
from labkit.grade import check_submission, grade_submission
from labkit.lesson.lesson import PLACEHOLDER
from labkit.lesson.submission import read_submission
from labkit.platforms.nbgrader import assignment

MASTER = '''# labkit: lab01_words

# %% [markdown]
# # Lab 01: Words

# %% [markdown]
# ## 1.1 Double

# %%
def double(x):
    """Twice x."""
    # BEGIN SOLUTION
    return x + x
    # END SOLUTION


# %% [markdown]
# ## 1.2 Why

# %%
def why() -> str:
    """Why it doubles, in your own words."""
    # BEGIN SOLUTION
    return "Because it adds x to itself; the secret of the master."
    # END SOLUTION


# %% [markdown]
# ## 1.3 What for
#
# Say what it is good for.

# %% [markdown] tags=["written"]
# Nothing much; the other secret of the master.
'''
TESTS = '''from labkit.check import expect, needs, points, question, written


@question("1.1")
@points(60)
def test_double(student, reference):
    """It doubles."""
    expect.close(student.double(3.0), reference.double(3.0))


@question("1.2")
@points(20)
@written
def test_why(student):
    """Says why it doubles."""
    return student.why()


@question("1.3")
@points(20)
@written
@needs("1.2")
def test_what_for(prose):
    """Says what it is good for."""
    return prose
'''


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Lab:
    root = tmp_path_factory.mktemp("words")
    folder = root / "solutions/lab01_words"
    folder.mkdir(parents=True)
    (root / "course.toml").write_text('[[labs]]\nname = "lab01_words"\n')
    (folder / "lab.py").write_text(MASTER)
    (folder / "test_lab.py").write_text(TESTS)
    course: Course = read_course(root)
    build(course.labs[0], course.labs[0].handout)
    return read_course(root).labs[0]


def verdicts(record) -> list[str]:
    return [check.verdict.value for check in record.checks]


def test_an_answer_in_words_is_kept_for_a_person_and_earns_nothing_by_itself(lab, tmp_path):
    script = lab.handout.joinpath("lab.py").read_text()
    assert PLACEHOLDER in script and "secret" not in script + lab.handout.joinpath("lab.ipynb").read_text()
    answer = script.replace(PLACEHOLDER, "It scales.\n#\n# And =more=.").replace(
        'raise NotImplementedError("1.2 why")', 'return "Twice\\x1b[2J is twice."'
    )
    (tmp_path / "ann.py").write_text(
        answer.replace('raise NotImplementedError("1.1 double")', "return 2 * x")
    )
    record = grade_submission(read_submission(tmp_path / "ann.py"), lab, b"salt").record
    assert verdicts(record) == ["passed", "not_run", "not_run"] and (record.score, record.max_score) == (
        60,
        100,
    )
    assert record.answers.written == {
        "test_why": "Twice[2J is twice.",
        "test_what_for": "It scales.\n\nAnd =more=.",
    }
    assert [check.id for check in record.waiting] == ["test_why", "test_what_for"]
    assert "waiting for a person" in record.checks[1].message
    assert json.loads(record.as_json())["answers"]["written"].keys() == record.answers.written.keys()
    checked = check_submission(read_submission(tmp_path / "ann.py"), lab).record
    assert verdicts(checked) == verdicts(record)


def test_a_starter_has_answered_nothing(lab, tmp_path):
    for name in ("lab.py", "lab.ipynb"):
        record = grade_submission(read_submission(lab.handout / name), lab, b"salt").record
        assert verdicts(record) == ["not_attempted", "not_attempted", "not_run"] and not record.waiting
        assert record.answers.written == {}


def test_in_a_notebook_the_answer_goes_on_in_cells_of_prose_that_were_added(lab, tmp_path):
    notebook = notebook_of(MASTER, lab.name)
    place = next(n for n, cell in enumerate(notebook.cells) if "written" in cell.metadata.get("tags", []))
    notebook.cells[place].source = "First."
    notebook.cells.insert(place + 1, nbformat.v4.new_markdown_cell("Second."))
    path = tmp_path / "ann.ipynb"
    nbformat.write(notebook, path)
    assert read_submission(path).prose == {"1.3": "First.\n\nSecond."}


def test_what_is_no_text_is_said(lab, tmp_path):
    (tmp_path / "ann.py").write_text("# labkit: lab01_words\ndef why():\n    return 7\n")
    record = grade_submission(read_submission(tmp_path / "ann.py"), lab, b"salt").record
    assert record.checks[1].verdict == "failed" and "write a text" in record.checks[1].message


def test_the_selftest_leaves_what_a_person_reads_to_a_person(lab):
    starter, reference, *_ = selftest(lab, b"salt")
    assert starter.good and reference.good and reference.max_points == 60


def test_an_author_hears_of_a_check_that_returns_no_text(lab, tmp_path):
    root = tmp_path / "broken"
    folder = root / "solutions/lab01_words"
    folder.mkdir(parents=True)
    (root / "course.toml").write_text('[[labs]]\nname = "lab01_words"\n')
    (folder / "lab.py").write_text(MASTER)
    (folder / "test_lab.py").write_text(TESTS.replace("    return prose\n", ""))
    said = [str(problem) for problem in problems(read_course(root).labs[0])]
    assert any("test_what_for is written and returns no text" in sentence for sentence in said)
    assert not any("1.2 has no misconception" in sentence for sentence in said)


def test_nbgrader_leaves_it_to_a_person_too(lab):
    notebook = nbformat.reads(assignment(lab, notebook_of(lab.source.read_text(), lab.name)), as_version=4)
    by_people = [
        cell for cell in notebook.cells if cell.metadata.nbgrader.grade and cell.metadata.nbgrader.solution
    ]
    assert [(cell.cell_type, cell.metadata.nbgrader.points) for cell in by_people] == [
        ("code", 20),
        ("markdown", 20),
    ]
    assert 'require("test_why")' not in "".join(cell.source for cell in notebook.cells)
