"""`labkit.check("1.3")` in a cell: what lives in this process is checked, shown, and nothing else changes."""

from __future__ import annotations

import html
import random
import re
import subprocess
import sys
import types

import nbformat
import numpy as np
import pytest

from labkit.author.notebook import starter_notebook
from labkit.author.starter import with_checks
from labkit.check.living import Living, undisturbed
from labkit.cli import main
from labkit.worker import WorkerFailed

RIGHT = "import numpy as np\nimport labkit\n\ndef double(x):\n    return 2 * x\n"
SQUARED = RIGHT.replace("2 * x", "x**2")
OPEN = RIGHT.replace("return 2 * x", 'raise NotImplementedError("1.1 double")')
RAISES = RIGHT.replace("return 2 * x", "return x / nothing")


def module_of(code: str) -> types.ModuleType:
    module = types.ModuleType("__main__")
    exec(code, vars(module))
    return module


@pytest.fixture
def run_script(toy_course, tmp_path):
    """Run a script in the toy course, as an editor does, and return what it printed."""

    def run(code: str) -> str:
        path = toy_course.root / "script.py"
        path.write_text(code, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, path],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (RIGHT, ["60 of 60 points", "✓"]),
        (SQUARED, ["You squared each value", "0/40"]),
        (OPEN, ["not attempted", "0 of 60 points"]),
        (RAISES, ["NameError", "script.py, line 5: return x / nothing"]),
        ("import labkit\n", ["double is not defined here; run the cell"]),
    ],
)
def test_a_script_prints_what_labkit_check_prints_and_goes_on(run_script, code, said):
    printed = run_script(code + 'labkit.check("1.1")\nprint("and on")\n')
    for part in [*said, "and on"]:
        assert part in " ".join(printed.split())


def test_what_cannot_be_checked_is_a_sentence(run_script):
    printed = run_script(RIGHT + 'labkit.check("1.9")\nlabkit.check("7.1")\nprint("and on")\n')
    assert "lab01_toy has no question 1.9; its questions are 1.1, 1.2" in printed
    assert "There is no lab called '7'" in printed and "and on" in printed


CALLS = "\ndef mean_of_doubles(x):\n    return float(double(x).mean())\n"


def test_a_mistake_of_an_earlier_function_is_not_this_ones(run_script):
    printed = run_script(SQUARED + CALLS + 'labkit.check("1.2")\n')
    assert "waiting for 1.1" in printed and "You squared" not in printed and "0 of 25 points" in printed
    assert "25 of 25 points" in run_script(RIGHT + CALLS + 'labkit.check("1.2")\n')


def test_prints_of_a_function_are_shown_as_such(run_script):
    printed = run_script(
        RIGHT.replace("    return", "    print('doubling')\n    return") + 'labkit.check("1.1")\n'
    )
    assert printed.index("Printed by the submission") < printed.index("doubling")


def test_random_numbers_go_on_as_if_nothing_had_been_checked():
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.random()
    random.seed(1)
    np.random.seed(1)
    with undisturbed():
        Living(module_of(RIGHT)).begin(seed=7, seconds=None, keras=False)
        np.random.random()
    assert (random.random(), np.random.random()) == expected


def test_an_array_that_was_handed_over_stays_the_functions_own():
    living = Living(module_of("kept = []\ndef keep(x):\n    kept.append(x)\n    return x\n"))
    x = np.zeros(2)
    x_back = living.ask("call", function="keep", args=[x], kwargs={})["value"]
    living.module.kept[0][:] = 1
    assert x.tolist() == [0, 0] and x_back.tolist() == [0, 0]


def test_an_endless_loop_is_stopped_and_its_line_named():
    living = Living(module_of("def f():\n    while True:\n        pass\n"))
    living.begin(seed=0, seconds=0.3 / 8, keras=False)
    with pytest.raises(WorkerFailed, match="was stopped. Is there a loop that does not end"):
        living.ask("call", function="f", args=[], kwargs={})


def test_interrupting_is_not_an_answer():
    living = Living(module_of("def f():\n    raise KeyboardInterrupt\n"))
    with pytest.raises(KeyboardInterrupt):
        living.ask("call", function="f", args=[], kwargs={})


def test_what_cannot_cross_the_border_is_an_answer_all_the_same():
    living = Living(
        module_of("def f():\n    x = []\n    for _ in range(100):\n        x = [x]\n    return x\n")
    )
    assert living.ask("call", function="f", args=[], kwargs={})["status"] == "answered"


def test_grading_leaves_the_calls_out(hand_in):
    example = "print(labkit.example(double, 2, gives=4))"  # which may stand where it is run
    record = hand_in(f'{RIGHT}\n{example}\n# %% tags=["check"]\nlabkit.check("1.1")\n', public=True)
    assert record.notes == () and record.score == 60


SECTION = """\
# labkit: lab01_toy
# %%
import labkit

# %% [markdown]
# ## 1.1 Two functions

# %%
def first(x):
    raise NotImplementedError("1.1 first")

# %% tags=["explore"]
print(1)

# %%
def second(x):
    raise NotImplementedError("1.1 second")

# %% tags=["quiz"]
def quiz_1_1():
    \"\"\"Which?\"\"\"
    raise NotImplementedError("quiz quiz_1_1")
"""


def test_a_check_stands_after_the_last_function_of_a_question_and_after_each_quiz():
    lines = with_checks(SECTION).split("\n")
    second, check, quiz = (
        next(n for n, line in enumerate(lines) if line.startswith(start))
        for start in ("def second", 'labkit.check("1.1")', "def quiz_1_1")
    )
    assert second < check < quiz < lines.index('labkit.check("quiz_1_1")')
    assert lines[check - 1] == '# %% tags=["check"]' and with_checks(SECTION).count("labkit.check") == 2


def test_a_lesson_that_does_not_import_labkit_gets_a_check_that_does():
    text = with_checks(SECTION.replace("import labkit\n", "import math\n"))
    assert text.count("import labkit") == 1 and text.index("import labkit") < text.index("labkit.check")


def run_notebook(toy_course, *cells: str) -> list:
    """The cells carried out in a kernel, in the folder of the toy course; the outputs of each."""
    nbclient = pytest.importorskip(
        "nbclient", reason="nbclient, which carries notebooks out, is not installed"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    folder = {"metadata": {"path": str(toy_course.root)}}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=folder).execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_notebook_shows_html_in_one_place_and_names_cells_as_jupyter_does(toy_course):
    call = 'labkit.check("1.1")'
    outputs = run_notebook(toy_course, RIGHT, call, SQUARED, call, RAISES, call, "'and on'")
    for number in (1, 3, 5):
        assert [output.output_type for output in outputs[number]] == ["display_data"]
    right, squared, raises = (outputs[number][0].data for number in (1, 3, 5))
    assert "<b>60</b> / 60" in right["text/html"] and "60 of 60 points" in right["text/plain"]
    assert (
        "You squared each value" in squared["text/html"] and 'class="verdict failed"' in squared["text/html"]
    )
    assert "cell In[5], line 5: return x / nothing" in raises["text/html"]


def test_what_a_notebook_shows_is_text_and_nothing_else(toy_course):
    hostile = RIGHT.replace("return 2 * x", "raise ValueError('<script>alert(1)</script>')")
    (shown,) = [
        output.data["text/html"] for output in run_notebook(toy_course, hostile, 'labkit.check("1.1")')[1]
    ]
    assert "<script>" not in shown and "&lt;script&gt;" in shown


def test_a_notebook_says_in_words_which_cells_are_not_graded():
    notebook = nbformat.reads(starter_notebook(with_checks(SECTION), "lab01_toy"), as_version=4)
    looking = {cell.id for cell in notebook.cells if cell.source.startswith("# for looking, not graded\n")}
    explore = {cell.id for cell in notebook.cells if "explore" in cell.metadata.get("tags", ())}
    assert looking == explore and len(explore) == 1
    assert {"check-1-1", "check-quiz_1_1"} <= {cell.id for cell in notebook.cells}


def test_a_notebook_ends_with_the_students_page_of_the_whole_lab(toy_course):
    last = nbformat.reads(starter_notebook(with_checks(SECTION), "lab01_toy"), as_version=4).cells[-1]
    assert last.id == "check-all" and last.metadata.tags == ["check"]
    [shown] = run_notebook(toy_course, SQUARED, last.source)[1]
    frame = shown.data["text/html"]
    assert frame.startswith("<iframe sandbox ")
    page = html.unescape(html.unescape(re.search('srcdoc="([^"]*)"', frame)[1]))
    assert "You squared each value" in page and "return x**2" in page and 'labkit.check("1.1")' in page
    assert "default-src 'none'" in page and "<script" not in page
    assert "0 of 85 points" in shown.data["text/plain"]


def test_a_whole_lab_is_checked_in_a_script_too_and_is_named(run_script):
    assert "60 of 85 points" in run_script(RIGHT + 'labkit.check(lab="lab01")\n')
    assert "Check a question" in run_script(RIGHT + "labkit.check()\n")


def test_starting_a_notebook_says_how_to_open_it(toy_course, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LABKIT_COURSE", str(toy_course.root))
    monkeypatch.setattr(sys, "argv", ["labkit", "start", "lab01", str(tmp_path), "--notebook"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().out
    assert ended.value.code in (None, 0)
    assert f"jupyter lab {tmp_path / 'lab01_toy.ipynb'}" in said and "labkit[notebook]" in said
