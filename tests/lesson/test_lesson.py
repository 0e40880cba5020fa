"""What a lesson says: questions, functions, solutions, hints, wherever and however it was saved."""

from __future__ import annotations

import pytest

from labkit.course import read_course
from labkit.lesson.cells import notebook_cells
from labkit.lesson.lesson import Hint, lesson_of, read_lesson
from labkit.lesson.source import SourceError, read_python, read_text
from tests.conftest import REPOSITORY

HEAD = "# labkit: lab02_a\n\n# %% [markdown]\n# # Lab 02: A\n#\n# ## 2.1 First\n\n# %%\n"
HINTS = """
# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the
# shape</summary>
#
# One row for each example.
# </details>
# <details>
# <summary>Hint 2: the call</summary>`x.sum(axis=1)`</details>
"""


@pytest.mark.parametrize("lab", read_course(REPOSITORY).labs, ids=lambda lab: lab.name)
def test_master_starter_and_notebook_say_the_same(lab):
    import nbformat

    master = read_lesson(lab.source.read_text())
    starter = read_lesson((lab.handout / "lab.py").read_text())
    notebook = nbformat.read(lab.handout / "lab.ipynb", as_version=4)
    cells = lesson_of(notebook_cells(notebook.cells))
    assert master.questions == starter.questions == cells.questions and master.questions
    assert master.title == starter.title == cells.title
    assert master.lab == starter.lab == lab.name
    assert len(master.solutions) == len(lab.questions[-1].functions) + sum(
        len(question.functions) for question in master.questions
    )
    assert not starter.solutions and not master.slips


def test_a_function_belongs_to_the_last_heading_and_a_solution_to_the_function_it_began_in():
    text = HEAD + "def f():\n    # BEGIN SOLUTION\n    pass\n\n\ndef help():\n    pass\n    # END SOLUTION\n"
    lesson = read_lesson(text + '\n# ## 2.2 Second\n\n\ndef g():\n    raise NotImplementedError("2.2 g")\n')
    assert [(q.id, q.title, q.functions) for q in lesson.questions] == [
        ("2.1", "First", ("f",)),
        ("2.2", "Second", ("g",)),
    ]
    [solution] = lesson.solutions
    assert (solution.first, solution.last) == (10, 16)
    assert solution.reminder == '    raise NotImplementedError("2.1 f")'


def test_hints_are_read_for_the_question_they_stand_in():
    lesson = read_lesson(HEAD + HINTS)
    assert lesson.slips == ()
    assert lesson.hints == {
        "2.1": (
            Hint("Hint 1: the shape", "One row for each example."),
            Hint("Hint 2: the call", "`x.sum(axis=1)`"),
        )
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + HINTS + HINTS, "question 2.1 has 4 hints; 3 are the most."),
        (HINTS.lstrip(), "these hints stand before the first question"),
        (HEAD + HINTS.replace("</details>", "</detail>"), "a hint is written `<details>"),
        (HEAD + '# %% [markdown] tags=["hint"]\n# Think.\n', "a hint is written `<details>"),
    ],
)
def test_hints_that_are_none_are_reported_with_their_line(text, sentence):
    [(line, said), *_] = read_lesson(text).slips
    assert sentence in said and text.split("\n")[line - 1].startswith("# %% [markdown] tags")


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"\xef\xbb\xbfx = 1\n", 1, "byte order mark"),
        ("x = 1\n# Größe\n".encode("cp1252"), 2, "not UTF-8"),
        ("x = 1\n".encode("utf-16"), 1, "not UTF-8"),
        (b"x = 1\ny = (\n", 2, "this is not Python"),
        (b"x = 1\0\n", 1, "this is not Python"),
        (b"x = " + b"(" * 300 + b"1" + b")" * 300, 1, "this is not Python"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence_with_its_line(tmp_path, data, line, words):
    path = tmp_path / "lab.py"
    path.write_bytes(data)
    with pytest.raises(SourceError) as raised:
        read_python(path)
    assert str(raised.value).startswith(f"{path}:{line}: ") and words in str(raised.value)


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(SourceError, match="lab.py:1: this file is missing"):
        read_text(tmp_path / "lab.py")


def test_lines_end_alike_whatever_ended_them(tmp_path):
    (tmp_path / "lab.py").write_bytes(b"a\r\nb\rc\n")
    assert read_text(tmp_path / "lab.py") == "a\nb\nc\n"
