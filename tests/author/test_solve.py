"""The reference carried out: a notebook with outputs, a page that needs no network, what was measured."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import nbformat
import pytest

from labkit import plots
from labkit.author import solve as solving
from labkit.author.newlab import new_lab
from labkit.author.notebook import notebook_of
from labkit.author.solve import _failures, _measured, print_pdf, solve
from labkit.author.solved_page import page, with_mathml
from labkit.author.starter import without_marks
from labkit.course import CourseError, read_course
from tests.browser import CONDITIONS, look, needs_browser

BROWSER = next((path for name in solving._BROWSERS if (path := shutil.which(name))), None)


def carried_out(*outputs) -> nbformat.NotebookNode:
    """A notebook of one section whose only code cell has these outputs."""
    notebook = notebook_of("# %% [markdown]\n# ## 1.1 Start\n\n# %%\ndef f():\n    return 1\n", "lab01_x")
    notebook.cells[1].outputs = [nbformat.v4.new_output(*kind, **data) for kind, data in outputs]
    return notebook


def printed(text):
    return (("stream",), {"name": "stdout", "text": text})


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("test error 7.99%, test loss 0.27910", [0.0799, 0.2791]),
        ("7,850 parameters, 92.5 % right", [7850, 0.925]),
        ("784-32-784: test error 1.3e-2", [784, 32, 784, 0.013]),
        ("loss -0.5", [-0.5]),
        ("nothing here", None),
        ("│ dense │ (None, 10) │ 7,850 │", None),
    ],
)
def test_printed_numbers_are_measurements(line, values):
    found = _measured(carried_out(printed(line + "\n")))
    assert found == ([{"section": "1.1 Start", "text": line, "values": values}] if values else [])


def test_a_cell_that_raised_is_named_with_its_section():
    error = (("error",), {"ename": "ValueError", "evalue": "no", "traceback": []})
    assert _failures(carried_out(error)) == ["f (1.1 Start): ValueError: no"]
    assert _failures(carried_out(printed("fine"))) == []


def test_formulas_become_mathml_and_code_stays():
    text = with_mathml(
        "A $x_i^2$ and\n$$\\sum_i a_i * b$$\nand `$x` and\n```\n$y$ and $z$\n```\n for $5 or \\$6"
    )
    assert text.count("<math") == 2 and text.count('display="block"') == 1
    assert "`$x`" in text and "$y$ and $z$" in text and "for $5 or \\$6" in text
    formula = text[text.index("<math") : text.rindex("</math>")]
    assert "_" not in formula and "*" not in formula  # Markdown would read them as emphasis


def test_a_page_needs_nothing_from_the_network():
    notebook = notebook_of("# %% [markdown]\n# # T\n# $a_b$ and *that*\n\n# %%\nx = 1\n", "lab01_x")
    html = page(notebook, "Title of it")
    assert "<title>Title of it</title>" in html and "<em>that</em>" in html
    assert "<script" not in html and not re.search(r'(src|href)="https?:', html)
    assert "<msub><mi>a</mi><mi>b</mi></msub>" in html


def test_without_a_browser_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    pdf, remark = print_pdf(tmp_path / "x.html")
    assert pdf is None and "install Chromium" in remark


def test_a_lab_with_errors_is_not_carried_out(tmp_path):
    new_lab("lab02_mean", tmp_path)
    lab = read_course(tmp_path).lab("2")
    lab.source.write_text(lab.source.read_text().replace("# END SOLUTION", "", 1))
    with pytest.raises(CourseError, match=r"lab.py:\d+: this solution does not end"):
        solve(lab, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- the whole way ------------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """Counts elements, and keeps the sources of images and the text of error outputs."""

    def __init__(self, html: str):
        super().__init__()
        self.images, self.errors = [], 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "img":
            self.images.append(given.get("src", ""))
        if "jp-RenderedText" in given.get("class", "") and "error" in given.get("data-mime-type", ""):
            self.errors += 1


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """A new lab, solved by the command."""
    root = tmp_path_factory.mktemp("solved")
    new_lab("lab02_mean", root)
    command = [sys.executable, "-m", "labkit.cli", "solve", "lab02", "--out", "out"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return root / "out/lab02_mean"


@pytest.mark.slow
def test_the_solved_notebook_has_outputs_and_metrics(solved):
    notebook = nbformat.read(solved / "lab02_mean.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert "SOLUTION" not in json.dumps(notebook) and notebook.metadata.labkit.lab == "lab02_mean"
    shown = [
        output.get("data", {}).get("text/html", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]
    assert any('<img src="data:image/png' in html and ' alt="' in html for html in shown)
    metrics = json.loads((solved / "metrics.json").read_text())
    assert metrics["errors"] == [] and metrics["seconds"] > 0 and "keras" in metrics["versions"]
    (measured,) = metrics["measured"]
    assert measured["section"] == "2.3 Accuracy" and 0.7 < measured["values"][1] < 0.9
    assert len(metrics["cells"]) == sum(cell.cell_type == "code" for cell in notebook.cells)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium here to open the page")
def test_chromium_shows_the_page_with_its_figures_and_no_error(solved, tmp_path):
    html = solved / "lab02_mean.html"
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    done = subprocess.run(
        [*command, "--dump-dom", html.as_uri()], capture_output=True, text=True, timeout=120
    )
    elements = Elements(done.stdout)
    assert len(elements.images) == 1 and all(src.startswith("data:image/png") for src in elements.images)
    assert elements.errors == 0 and "Traceback" not in done.stdout
    assert "accuracy on the first 2,000 test digits" in done.stdout and "<munder>" in done.stdout
    picture = tmp_path / "page.png"
    subprocess.run(
        [*command, f"--screenshot={picture}", "--window-size=900,1600", html.as_uri()],
        capture_output=True,
        timeout=120,
    )
    assert picture.read_bytes()[:4] == b"\x89PNG" and picture.stat().st_size > 50_000
    assert (solved / "lab02_mean.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_a_cell_that_raises_fails_the_command_and_is_named(tmp_path):
    new_lab("lab02_mean", tmp_path)
    file = tmp_path / "solutions/lab02_mean/lab.py"
    file.write_text(file.read_text() + '\n\n# %% tags=["explore"]\nprint(1 / 0)\n')
    command = [sys.executable, "-m", "labkit.cli", "solve", "lab02"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "(What to take along): ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "build/lab02_mean/lab02_mean.html").is_file()


@needs_browser
def test_a_solved_page_has_no_barriers(tmp_path, course):
    """The whole lesson of lab 01 with a figure, not carried out: that takes minutes."""
    notebook = notebook_of(without_marks(course.lab("lab01").source.read_text(encoding="utf-8")), "lab01_x")
    figure = plots.curves({"training": [2.0, 1.0], "validation": [2.1, 1.4]}, title="Loss")
    data = {"text/html": figure._repr_html_()}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[2].outputs = [nbformat.v4.new_output("display_data", data)]
    path = tmp_path / "page.html"
    path.write_text(page(notebook, "Lab 01"), encoding="utf-8")
    assert 'alt="Loss. cross-entropy (nats) over epoch: training, validation"' in path.read_text(
        encoding="utf-8"
    )
    views = [{**condition, "path": path, "axe": True} for condition in CONDITIONS.values()]
    for name, seen in zip(CONDITIONS, look(views), strict=True):
        assert (name, seen["violations"], seen["requests"], seen["wide"]) == (name, [], [], 0)
