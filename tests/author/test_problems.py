"""An author's slips are found by reading the files: each with file and line, all at once."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from labkit.author.build import build, handout
from labkit.author.problems import problems
from labkit.course import CourseError, read_course
from tests.conftest import REPOSITORY

TOY = REPOSITORY / "tests" / "toy_course"

#: file, what is there, what is put in its place, and what must be said: line and words
SLIPS = [
    ("lab.py", "    # END SOLUTION\n\n\n# %% tags", "\n\n# %% tags", 17, "does not end before line"),
    ("lab.py", "    # BEGIN SOLUTION\n    return 2 * x", "    return 2 * x", 18, "ends that did not begin"),
    ("lab.py", "# ## 1.1 Doubling", "# ## Doubling", 17, "outside a function of a question"),
    ("lab.py", "# ## 1.2 Mean", "# ## 1.1 Mean", 26, "question 1.1 has a heading on line 11 already"),
    ("lab.py", "# ## 1.2 Mean", "# a mean\n# ## 1.3 Mean", 27, "question 1.3 has no check in test_lab.py"),
    ("lab.py", "# labkit: lab01_toy\n", "# labkit: lab02_toy\n", 1, "not `# labkit: lab01_toy`"),
    ("lab.py", "# # Lab 01: a toy", "# # Lab 01: a toy\n# ## 1.0 Start", 5, "question 1.0 has no function"),
    ("lab.py", "def mean_of_doubles", "def double", 30, "double is defined on line 15 already"),
    ("lab.py", "import numpy as np\n", "import numpy as\n", 8, "this is not Python"),
    ("test_lab.py", '@question("1.2")', '@question("1.7")', 46, "no question 1.7 (@question)"),
    ("test_lab.py", '@needs("1.1")', '@needs("1.4")', 46, "no question 1.4 (@needs)"),
    ("test_lab.py", '    """The mean is right."""\n', "", 46, "test_mean has no docstring"),
    ("test_lab.py", '@question("1.2")\n', "", 45, "test_mean belongs to no question"),
    ("test_lab.py", "@points(25)", "@points(26)", 1, "101 points together, not 100"),
    (
        "test_lab.py",
        "def test_mean(",
        "def test_double(",
        46,
        "test_double replaces the check on line 14",
    ),
    ("misconceptions.py", '@misconception("1.2"', '@misconception("1.6"', 21, "no question 1.6"),
    ("misconceptions.py", "x.sum", "x.sum(", 23, "this is not Python"),
    ("misconceptions.py", "def in_place", "def squared", 14, "replaces the misconception on line 8"),
    ("variants.py", '@variant("1.2")', '@variant("1.2", replaces="mean")', 10, "which no question asks for"),
]


@pytest.fixture
def lab(tmp_path):
    """The lab of a fresh copy of the toy course."""
    shutil.copytree(TOY, tmp_path / "toy", ignore=shutil.ignore_patterns("labs", "__pycache__"))
    return read_course(tmp_path / "toy").lab("1")


def put(lab, file, old, new):
    path = lab.solution / file
    assert path.read_text().count(old) >= 1
    path.write_text(path.read_text().replace(old, new, 1))


def test_what_belongs_to_a_question_without_a_solution_is_not_blamed_for_it(lab):
    put(lab, *SLIPS[0][:3])
    said = [problem.sentence for problem in problems(lab) if not problem.warning]
    assert len(said) == 2 and "does not end before" in said[1] and "1.1 has no function" in said[0]


def anew(lab):
    """The lab read again from its changed files."""
    return read_course(lab.handout.parent.parent).lab("1")


@pytest.mark.parametrize(("file", "old", "new", "line", "words"), SLIPS, ids=[s[4][:40] for s in SLIPS])
def test_a_slip_is_reported_with_its_place(lab, file, old, new, line, words):
    if old == "x.sum":
        old, new = "np.sum(double(x))", "np.sum(double(x)"
    put(lab, file, old, new)
    lab = anew(lab)
    found = [problem for problem in problems(lab) if not problem.warning]
    mine = [problem for problem in found if words in problem.sentence]
    assert mine, found
    assert (mine[0].path.name, mine[0].line) == (file if "no check" not in words else "lab.py", line)
    with pytest.raises(CourseError) as raised:
        handout(lab)
    assert words in str(raised.value)


def test_the_toy_course_has_warnings_only_and_is_thin(lab):
    found = problems(lab)
    assert found and all(problem.warning for problem in found)
    sentences = [problem.sentence for problem in found]
    assert "question 1.1 has 2 misconceptions; it should have 5." in sentences
    assert "question 1.2 has 1 variant; it should have 3." in sentences


@pytest.mark.parametrize("points", [85, 80.5])
def test_a_course_may_declare_another_total(lab, points):
    put(lab, "test_lab.py", "@points(25)", f"@points({points - 75})")
    file = lab.solution.parent.parent / "course.toml"
    file.write_text(file.read_text() + f"points = {points}\n")
    assert not [problem for problem in problems(anew(lab)) if not problem.warning]


def test_the_command_reports_all_errors_at_once_and_writes_nothing(lab):
    put(lab, "test_lab.py", "@points(25)", "@points(26)")
    put(lab, "misconceptions.py", '@misconception("1.2"', '@misconception("1.6"')
    put(lab, "lab.py", "# labkit: lab01_toy\n", "")
    root = lab.handout.parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "labkit.cli", "build", "--course", str(root)], capture_output=True, text=True
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    for place in ("test_lab.py:1: the checks", "misconceptions.py:21: sum_of_doubles", "lab.py:1: the first"):
        assert f"{lab.solution}/{place}" in done.stderr
    assert not lab.handout.exists()


def test_answers_are_recorded_only_when_what_they_depend_on_changes(lab):
    folder = lab.handout
    assert build(lab, folder) is True
    recorded = (folder / "recorded.npz").read_bytes()
    assert build(lab, folder) is False
    put(lab, "lab.py", "Two questions with NumPy", "Two short questions with NumPy")
    put(lab, "test_lab.py", "import numpy as np", "import numpy as np  # for arrays")
    lab = anew(lab)
    assert build(lab, folder) is False
    assert (folder / "recorded.npz").read_bytes() == recorded
    assert "Two short questions" in (folder / "lab.ipynb").read_text()
    put(lab, "lab.py", "return 2 * x", "return x + x")  # other code, the same answers
    lab = anew(lab)
    assert build(lab, folder) is True and build(lab, folder) is False
    put(lab, "misconceptions.py", "x**2", "x**3")  # other answers
    lab = anew(lab)
    before = (folder / "recorded.npz").read_bytes()
    assert build(lab, folder) is True
    assert (folder / "recorded.npz").read_bytes() != before
