"""A lab's folder is written whole or not at all, and only what changed is carried out again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import jupytext
import pytest

from labkit.author import recording
from labkit.author.build import build, handout, stale
from labkit.author.release import release
from labkit.check.answers import read_arrays
from labkit.course import CourseError, read_course
from labkit.errors import LabkitError
from labkit.lesson.lesson import read_lesson
from tests.conftest import REPOSITORY

TOY = REPOSITORY / "tests" / "toy_course"
HINTS = """
# %% [markdown] tags=["hint"]
# <details><summary>Hint 1: the idea</summary>Add.</details>
# <details><summary>Hint 2: the line</summary>`x + x`</details>


"""
BREAKAGES = {
    "a syntax error in lab.py": ("lab.py", "import numpy as np", "import numpy as"),
    "a syntax error in test_lab.py": ("test_lab.py", "def test_mean(", "def test_mean(("),
    "a syntax error in misconceptions.py": ("misconceptions.py", "x**2", "x**"),
    "a syntax error in variants.py": ("variants.py", "x + x", "x +"),
    "another encoding": ("test_lab.py", "The mean is right.", b"Der Mittelwert ist schl\xfcssig."),
    "a byte order mark": ("lab.py", "# labkit: lab01_toy", "\ufeff# labkit: lab01_toy"),
    "a missing module in lab.py": (
        "lab.py",
        "import numpy as np",
        "import numpy as np\nimport no_such_module",
    ),
    "a missing module in test_lab.py": (
        "test_lab.py",
        "import numpy as np",
        "import numpy as np\nimport no_such",
    ),
    "a missing module in misconceptions.py": (
        "misconceptions.py",
        "import numpy as np",
        "import no_such as np",
    ),
    "a function that is gone": ("misconceptions.py", "from lab import double", "from lab import twice"),
    "a misconception without a docstring": (
        "misconceptions.py",
        '    """You summed; divide by the number of values."""\n',
        "",
    ),
    "a hidden check that does not run": ("test_lab.py", "x = secret_input(rng)", "x = secret_input(rng, 3)"),
    "a hidden check that its reference fails": (
        "test_lab.py",
        'reference.double(x))\n\n\n@question("1.2")',
        '3 * x)\n\n\n@question("1.2")',
    ),
    "a parametrised check": ("test_lab.py", '@needs("1.1")', '@pytest.mark.parametrize("n", [1])'),
    "too many hints": ("lab.py", "# %% [markdown]\n# ## 1.2", HINTS + HINTS + "# %% [markdown]\n# ## 1.2"),
}


@pytest.fixture
def lab(tmp_path):
    """The lab of a fresh copy of the toy course."""
    shutil.copytree(TOY, tmp_path / "toy", ignore=shutil.ignore_patterns("labs", "__pycache__"))
    return read_course(tmp_path / "toy").lab("1")


def put(lab, file, old, new):
    """Replace a text in a file of the solution; returns the lab read again."""
    path = lab.solution / file
    data, old, new = path.read_bytes(), old.encode(), new if isinstance(new, bytes) else new.encode()
    assert data.count(old) >= 1
    path.write_bytes(data.replace(old, new, 1))
    return read_course(lab.handout.parent.parent).lab("1")


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("file", "old", "new"), BREAKAGES.values(), ids=BREAKAGES.keys())
def test_what_is_broken_is_one_sentence_with_its_file_and_nothing_is_written(lab, file, old, new):
    build(lab, lab.handout)
    before = files(lab.handout.parent)
    lab = put(lab, file, old, new)
    root = lab.handout.parent.parent
    with pytest.raises(LabkitError) as raised:
        build(lab, lab.handout)
    assert file in str(raised.value) or "test_double_large" in str(raised.value)
    assert files(lab.handout.parent) == before
    assert sorted(path.name for path in lab.handout.parent.iterdir()) == ["lab01_toy"]
    with pytest.raises(LabkitError):
        release(read_course(root), lab, root / "out", b"salt")
    assert not (root / "out").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1 / 0", "{file}:5: ZeroDivisionError"),
        ("globals()['secret_input']", "the public part of {file}"),
    ],
)
def test_checks_that_do_not_run_are_named_by_the_file_that_their_author_has(lab, line, words):
    old = "@question" if "secret" in line else "SECRET_SCALE = 1000.0"
    lab = put(lab, "test_lab.py", old, f"{line}\n\n\n{old}")
    with pytest.raises(LabkitError, match=re.escape(words.format(file=lab.solution / "test_lab.py"))):
        build(lab, lab.handout)


def carried_out(lab, **options) -> list[str]:
    names: list[str] = []
    build(lab, lab.handout, names.append, **options)
    return names


@pytest.mark.parametrize(
    ("file", "old", "new", "anew"),
    [
        ("misconceptions.py", "You squared each value", "You squared every value", []),
        (
            "misconceptions.py",
            "return x**2",
            "return x**3",
            ["test_double", "test_double_leaves_its_argument", "test_double_large"],
        ),
        ("misconceptions.py", "float(np.sum(double(x)))", "float(np.sum(double(x)) + 1)", ["test_mean"]),
        ("test_lab.py", "size=9", "size=8", ["test_mean"]),
        ("test_lab.py", "SECRET_SCALE = 1000.0", "SECRET_SCALE = 100.0", ["test_double_large"]),
        ("test_lab.py", '"""The mean is right."""', '"""The mean of all."""', []),
        ("test_lab.py", "@points(25)", "@points( 25 )", []),
        ("lab.py", "Two questions with NumPy", "Two short questions", []),
        ("lab.py", "## 1.1 Doubling", "## 1.1 Twice", []),
        (
            "lab.py",
            "return 2 * x",
            "return x + x",
            ["test_double", "test_double_leaves_its_argument", "test_mean", "test_double_large"],
        ),
    ],
)
def test_only_what_depends_on_a_change_is_carried_out_again(lab, file, old, new, anew):
    assert len(carried_out(lab)) == 4
    lab = put(lab, file, old, new)
    assert sorted(carried_out(lab)) == sorted(anew)
    assert carried_out(lab) == [] and stale(lab) == []
    assert recording.is_current(lab.handout / "recorded.npz", lab, handout(lab)["test_lab.py"])
    assert len(carried_out(lab, anew=True)) == 4 and stale(lab) == []


def test_sentences_titles_and_points_are_taken_from_the_text(lab):
    build(lab, lab.handout)
    lab = put(lab, "misconceptions.py", "You squared each value", "You squared every value")
    lab = put(lab, "lab.py", "## 1.1 Doubling", "## 1.1 Twice")
    lab = put(lab, "test_lab.py", "@points(20)", "@points(19)")
    lab = put(lab, "test_lab.py", "@points(15)", "@points(16)")
    assert [sentence.split()[0].rsplit("/", 1)[-1] for sentence in stale(lab)] == [
        "lab.py",
        "lab.ipynb",
        "test_lab.py",
        "recorded.npz",
    ]
    assert build(lab, lab.handout) is False
    index, _ = read_arrays(lab.handout / "recorded.npz")
    assert index["questions"][0] == {"id": "1.1", "title": "Twice", "points": 75}
    assert "every value" in index["mistakes"]["test_double"][0]["sentence"]


def test_a_known_mistake_that_was_taken_out_is_forgotten(lab):
    build(lab, lab.handout)
    text = (lab.solution / "misconceptions.py").read_text()
    start = text.index('@misconception("1.1")\ndef squared')
    end = text.index('@misconception("1.1")\ndef in_place')
    lab = put(lab, "misconceptions.py", text[start:end], "")
    build(lab, lab.handout)
    index, _ = read_arrays(lab.handout / "recorded.npz")
    known = [entry["id"] for entries in index["mistakes"].values() for entry in entries]
    assert known and "squared" not in known


def test_the_names_of_hidden_checks_are_nowhere_in_what_is_handed_out(lab):
    build(lab, lab.handout)
    for name in ("lab.py", "lab.ipynb", "test_lab.py"):
        assert "double_large" not in (lab.handout / name).read_text()
    assert "double_large" not in str(read_arrays(lab.handout / "recorded.npz")[0])


def test_checks_that_are_hidden_by_any_spelling_stay(lab):
    lab = put(lab, "test_lab.py", "@hidden\n", "@check.hidden\n")
    lab = put(lab, "test_lab.py", "from labkit.check", "from labkit import check\nfrom labkit.check")
    assert "double_large" not in handout(lab)["test_lab.py"]


@pytest.mark.parametrize("markers", [None, '"""'])
@pytest.mark.parametrize("filters", [None, "all", "tags,-all"])
def test_a_master_that_jupyter_has_saved_gives_the_same_starter(lab, markers, filters):
    before = handout(lab)
    notebook = jupytext.reads(lab.source.read_text(), fmt="py:percent")
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    if markers or filters:
        notebook.metadata["jupytext"] = {"cell_markers": markers, "cell_metadata_filter": filters}
    lab.source.write_text(jupytext.writes(notebook, fmt="py:percent"))
    after = handout(read_course(lab.handout.parent.parent).lab("1"))
    assert after["lab.ipynb"] == before["lab.ipynb"] and after["test_lab.py"] == before["test_lab.py"]
    ours, theirs = read_lesson(before["lab.py"]), read_lesson(after["lab.py"])
    assert (theirs.lab, theirs.title, theirs.questions) == (ours.lab, ours.title, ours.questions)
    assert after["lab.py"].startswith("# labkit: lab01_toy\n")
    if not markers and filters != "all":
        assert after["lab.py"] == before["lab.py"]


# --- hints ----------------------------------------------------------------------------------------------------


def labkit(root, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "labkit.cli", *map(str, arguments)], cwd=root, capture_output=True, text=True
    )


@pytest.mark.parametrize("instructor", [True, False])
def test_hints_are_shown_one_after_the_other(lab, instructor):
    lab = put(lab, "lab.py", "# %%\ndef double", HINTS.strip() + "\n\n\n# %%\ndef double")
    build(lab, lab.handout)
    script, notebook = ((lab.handout / name).read_text() for name in ("lab.py", "lab.ipynb"))
    assert "Stuck? `labkit hint 1.1` helps" in script and "x + x" not in script
    assert "<summary>Hint 2: the line</summary>`x + x`</details>" in notebook and "Stuck?" not in notebook
    root = lab.handout.parent.parent
    if not instructor:
        shutil.rmtree(root / "solutions")
    first = labkit(root, "hint", "1.1")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == "Hint 1: the idea\n\nAdd.\n\nThe next one: labkit hint 1.1 --step 2\n"
    assert labkit(root, "start", "1").returncode == 0
    for place in (["--lab", "lab01"], ["lab01_toy.py"]):
        second = labkit(root, "hint", "1.1", *place, "--step", "2")
        assert second.stdout == "Hint 2: the line\n\n`x + x`\n"
    third = labkit(root, "hint", "1.1", "--step", "3")
    assert (third.returncode, third.stderr) == (1, "labkit: question 1.1 has 2 hints.\n")
    assert labkit(root, "hint", "1.2").stderr == "labkit: question 1.2 has no hints.\n"
    assert "no question 1.7; its questions are 1.1, 1.2" in labkit(root, "hint", "1.7").stderr
    assert labkit(root, "hint", "1.1", "--step", "4").returncode == 2


def test_a_lab_that_is_not_there_is_named(lab):
    done = labkit(lab.handout.parent.parent, "hint", "7.1")
    assert done.returncode == 2 and "There is no lab called '7'" in done.stderr


def test_a_solution_is_needed_to_build(lab):
    build(lab, lab.handout)
    shutil.rmtree(lab.solution)
    with pytest.raises(CourseError, match="has no solution here"):
        build(read_course(lab.handout.parent.parent).lab("1"), lab.handout)
