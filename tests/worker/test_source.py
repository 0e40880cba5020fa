"""What is made of a cell: statements of Python, whatever a notebook adds to them."""

from __future__ import annotations

import pytest

from labkit.worker import Session
from labkit.worker.source import read_source

DEFINED = "def double(x):\n    return 2 * x\n"
EXPORTED = "get_ipython().run_cell_magic('time', '', 'def double(x):\\n    return 2 * x\\n')\n"


def loaded(*cells: str, **how) -> tuple[Session, dict]:
    session = Session()
    return session, session.load([[f"cell {n}", text] for n, text in enumerate(cells, 1)], **how)


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\n" + DEFINED,
        "%matplotlib inline\nprint('%d'\n      % 3)\n" + DEFINED,
        "!pip install -q \\\n    tensorflow \\\n    matplotlib\n" + DEFINED,
        "%%time\n" + DEFINED,
        "%%capture out\n\n" + DEFINED,
        "if True:\n    %timeit 3\n" + DEFINED,
        "files = !ls\n" + DEFINED,
        "display?\n?display\n" + DEFINED,
        "text = '''\n%matplotlib inline\n'''\n%matplotlib inline\nassert 'inline' in text\n" + DEFINED,
        "import asyncio\nawait asyncio.sleep(0)\n" + DEFINED,
        "get_ipython().run_line_magic('matplotlib', 'inline')\n" + DEFINED,
        "get_ipython().system('ls')\nfiles = get_ipython().getoutput('ls')\n" + DEFINED,
        EXPORTED,
        "if True:\n    " + EXPORTED,
        "import os\n%time double = lambda x: 2 * x\n",
        "async def wait():\n    return 1\nfor _ in range(2):\n    assert await wait() == 1\n" + DEFINED,
    ],
    ids=range(16),
)
def test_the_python_of_a_cell_is_run(cell):
    session, report = loaded(cell)
    assert report["fatal"] is None and all("left out" in note for note in report["notes"])
    answer = session.handle({"verb": "call", "function": "double", "args": [4], "kwargs": {}})
    assert answer["value"] == 8


@pytest.mark.parametrize("cell", ["%%bash\nls\n", "%%writefile x.py\n" + DEFINED, "%%html\n<b>\n"])
def test_a_cell_that_is_no_python_is_left_out(cell):
    _, report = loaded(cell, "x = 1")
    assert report["functions"] == [] and "left out %%" in report["notes"][0]


def test_lines_keep_their_numbers():
    _, report = loaded("!pip install \\\n    x\n\nprint(\n  1 / 0)\n")
    assert (
        report["notes"][-1] == "cell 1, line 4: ZeroDivisionError: division by zero; the rest was still run."
    )


def test_a_statement_that_cannot_be_compiled_costs_only_itself():
    session, report = loaded("def f():\n    return 1\nreturn 2 * f()\n" + DEFINED)
    assert report["fatal"] is None and report["functions"] == ["double", "f"]
    [problem] = report["notes"]
    assert problem == "cell 1, line 3: SyntaxError: 'return' outside function\n    return 2 * f()\n    ^"


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ('print(f"{x["a"]}")', "3.12"),
        ('print(f"{chr(10)!r:>{len("ab")}}")', "3.12"),
        ("type Row = list", "3.12"),
        ("def first[T](x: list[T]) -> T: ...", "3.12"),
        ("try:\n    pass\nexcept KeyError, ValueError:\n    pass", "3.14"),
        ('t"{x}"', "3.14"),
        ("x = (", None),
        ("def f(:", None),
    ],
    ids=range(8),
)
def test_code_for_a_newer_python_is_not_just_called_wrong(text, needs):
    source = read_source("lab.py", text)
    if source.tree is not None:  # this Python is new enough
        return
    assert (f"needs Python {needs})" in source.problems[0]) is (needs is not None)


def test_of_a_long_line_the_piece_around_the_mistake_is_shown():
    [problem] = read_source("lab.py", f"x = [{'0.125, ' * 1500}0.25 0.75]\n").problems
    head, shown, mark = problem.splitlines()
    assert head.startswith("lab.py, line 1: SyntaxError") and len(shown) < 120
    assert shown[mark.index("^") :].startswith("0.25 0.75")


def test_what_takes_too_long_costs_only_itself():
    slow = "while True:\n    pass\n"
    swallowing = "for n in range(3):\n    try:\n        while True: pass\n    except ValueError: pass\n"
    session, report = loaded(slow + DEFINED, "import time\ntime.sleep(60)\n" + swallowing, seconds=0.5)
    assert report["slow"] == [["cell 1", 1], ["cell 2", 2], ["cell 2", 3]]
    assert (
        report["functions"] == ["double"]
        and "cell 1, line 1: this takes more than 0.5 seconds" in report["notes"][0]
    )
    _, again = loaded(
        slow + DEFINED, "import time\ntime.sleep(60)\n" + swallowing, skip=report["slow"], seconds=0.5
    )
    assert again["slow"] == [] and again["notes"] == report["notes"]
