"""Whatever a student's name, message or file name holds, it is inert in every format."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from labkit.platforms import Request, export
from labkit.text import csv_cell, defused, html_text, inert, json_text
from tests.platforms.records import FORMATS, HOSTILE, SHEETS, hostile, sheet_of
from tests.platforms.test_formats import assert_classroom50, assert_gradescope, assert_junit

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "＝")
#: Whom the sheets on record call by these.
ALICE = {"canvas": "12", "moodle": "501", "school": "4711"}


def sheet_for(name: str, text: str) -> bytes | None:
    """The sheet on record in which this text stands wherever it had Alice's name, as the other system wrote it."""
    if name not in SHEETS:
        return None
    kept = text.replace("\0", "").encode("utf-8", "replace").decode()[:50_000]
    header, *rows = csv.reader(io.StringIO(sheet_of(name).decode("utf-8-sig")))
    named = [[kept if re.search("alice|doe", cell, re.I) else cell for cell in row] for row in rows]
    assert named != rows
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(header)
    csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(named)
    return stream.getvalue().encode()


def files_of(name: str, text: str) -> dict[str, str]:
    result = hostile(text)
    ids = ALICE if name in SHEETS else {"school": text}
    student = replace(result.student, ids=ids, name=text if name in SHEETS else result.student.name)
    result = replace(result, submission=f"{text[:50]}/x_7", student=student)
    files = export([result], name, Request(hidden="visible", sheet=sheet_for(name, text))).files
    return {path: content for path, content in files.items() if path != "into_gradebook.py"}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", FORMATS)
def test_nothing_in_the_files_does_anything(name, text):
    for path, content in files_of(name, text).items():
        assert ".." not in path.split("/") and not path.startswith("/")
        content.encode("utf-8")  # no lone surrogate
        allowed = {"\n", "\r", "\t"} if name in SHEETS else {"\n", "\t"}
        active = {c for c in content if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn")}
        assert active <= allowed
        assert len(content) < 150_000 + 2 * 50_000
        if not path.endswith(
            ".csv"
        ):  # a name in a cell stays as it is written; Moodle's HTML is looked at below
            assert not re.search(r"<script|<img|<!ENTITY|<!\[CDATA", content)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", [*SHEETS, "csv", "nbgrader"])
def test_no_cell_is_a_formula(name, text):
    files = files_of(name, text)
    (path,) = [path for path in files if path.endswith(".csv")]
    rows = list(csv.reader(io.StringIO(files[path])))
    assert len({len(row) for row in rows}) == 1
    for cell in (cell for row in rows for cell in row):
        number = re.fullmatch(r"-?\d*[.,]?\d+", cell)
        assert number or cell == "-" or not cell.lstrip(" ").startswith(DANGEROUS), cell


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_files_still_keep_to_their_schemas(text):
    for content in files_of("gradescope", text).values():
        assert assert_gradescope(content)["score"] == 4
    for content in files_of("classroom50", text).values():
        assert assert_classroom50(content)["score"] == 4
    for content in files_of("junit", text).values():
        assert_junit(content)
    for content in files_of("autolab", text).values():
        assert json.loads(content.splitlines()[-1])["scores"] == {"1.1": 0, "1.2": 4}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_moodle_gets_text_and_its_own_markup_only(text):
    row = list(csv.reader(io.StringIO(files_of("moodle", text)["moodle.csv"])))[1]
    assert row[4] == "8,33"
    tags = re.findall(r"<[^>]*>", row[9])
    assert set(tags) <= {"<div>", "</div>", "<p>", "</p>", "<ul>", "</ul>", "<li>", "</li>", "<br>"}


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=60))
@example("\ud800")
def test_any_text_is_inert_everywhere(text):
    for name in ("gradescope", "classroom50", "prairielearn", "coursera", "junit", "csv"):
        for content in export([hostile(text)], name, Request(hidden="visible")).files.values():
            content.encode("utf-8")
            assert not {c for c in content if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn")} - {
                "\n",
                "\t",
            }
            if name == "junit":
                assert_junit(content)
            elif name == "csv":
                cells = [cell for row in csv.reader(io.StringIO(content)) for cell in row]
                assert len(cells) == 2 * 16 and not any(cell.startswith(("=", "@", "\t")) for cell in cells)
            else:
                json.loads(content)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (3, "3"),
        (-2.5, "-2.5"),
        ("-2.5", "-2.5"),
        ("-", "-"),
        ("-1+1", "'-1+1"),
        ("=1", "'=1"),
        (" =1", "'=1"),
        ("＝1", "'＝1"),
        ("a=b", "a=b"),
        ("", ""),
        ("two\nlines", "two lines"),
    ],
)
def test_csv_cells(value, cell):
    assert csv_cell(value) == cell


def test_a_defused_cell_keeps_its_lines():
    assert defused("=a\nb") == "'=a\nb" and defused("a\n=b") == "a\n=b"


def test_json_text_means_the_same_and_closes_no_element():
    data = {"<b>&</b>": ["</script>\u2028", 1.5, None]}
    text = json_text(data)
    assert json.loads(text) == data and not set("<>&\u2028") & set(text)


def test_html_text_shows_what_was_said():
    assert html_text('a <b> & "c"\nd') == "a &lt;b&gt; &amp; &quot;c&quot;<br>d"
    assert inert("\ud800") == "\N{REPLACEMENT CHARACTER}"
