"""The class's page in a real browser: no barrier, no script but its own, nothing that anybody wrote becomes code."""

from __future__ import annotations

import re

import pytest

from labkit.report import Options, write_report
from labkit.report.environment import environment, languages, texts
from tests.browser import CONDITIONS, look, needs_browser
from tests.conftest import REPOSITORY
from tests.platforms.records import HOSTILE, check, record
from tests.report.made import a_class, write

TEMPLATES = sorted((REPOSITORY / "labkit/report/templates").glob("*.html"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of a class of 12, of the same in French, of an anonymous one, of nobody, and an index of two labs."""
    root = tmp_path_factory.mktemp("pages")
    options = {
        "12": (a_class(12, checks=20), Options()),
        "French": (a_class(12, checks=20), Options(language="fr")),
        "anonymous": (a_class(12, checks=20), Options(anonymous=True)),
        "nobody": ([], Options()),
        "two labs": (a_class(6, checks=8) + a_class(6, checks=8, lab="lab02_made"), Options()),
    }
    for name, (made, chosen) in options.items():
        made = [one if one.lab == "lab01_made" else named(one) for one in made]
        write_report(folder_of(root, name, made), chosen)
    return {name: root / name / "report.html" for name in options}


def named(one):
    from msgspec.structs import replace

    return replace(one, submission=f"{one.lab}_{one.submission}")


def folder_of(root, name, made):
    (root / name).mkdir()
    return write(root / name, made)


@needs_browser
@pytest.mark.parametrize("condition", CONDITIONS)
def test_there_is_no_barrier(pages, condition):
    seen = look([{"path": str(path), "axe": True, **CONDITIONS[condition]} for path in pages.values()])
    assert [one["violations"] for one in seen] == [[]] * len(pages)
    assert all(one["requests"] == one["dialogs"] == one["errors"] == [] for one in seen)


@needs_browser
def test_nothing_stands_out_of_a_narrow_page(pages):
    assert [one["wide"] for one in look([{"path": str(path), "width": 320} for path in pages.values()])] == [
        0
    ] * len(pages)


ROWS = "[...document.querySelectorAll('#table tbody tr')].map((row) => row.cells[0].innerText.trim())"


@needs_browser
def test_the_table_is_searched_filtered_and_sorted_and_the_address_keeps_it(pages):
    path = str(pages["12"])
    act = "(() => {{ const q = document.getElementById('q'); q.value = {!r}; q.dispatchEvent(new Event('input')); return [location.hash, {}]; }})()"
    click = "(() => {{ [...document.querySelectorAll('#table button')][2].click(); return [location.hash, {}]; }})()"
    everybody, searched, kept, sorted_, failed = look(
        [
            {"path": path, "ask": ROWS},
            {"path": path, "ask": act.format("400003", ROWS)},
            {"path": path, "hash": "#s?q=400003", "ask": ROWS},
            {"path": path, "ask": click.format(ROWS.replace("cells[0].innerText", "cells[2].innerText"))},
            {
                "path": path,
                "hash": "#s?c=0&v=F",
                "ask": ROWS.replace("cells[0].innerText", "cells[5].innerText"),
            },
        ]
    )
    assert len(everybody["answer"]) == 12
    state, found = searched["answer"]
    assert state == "#s?q=400003" and len(found) == 1 and kept["answer"] == found
    state, scores = sorted_["answer"]
    assert state == "#s?s=score" and scores == sorted(scores, key=float)
    assert failed["answer"] and all(strip.startswith("F") for strip in failed["answer"])


@needs_browser
def test_a_check_is_reached_and_sorted_by_keyboard(pages):
    path = str(pages["12"])
    head = "#items thead th:nth-child(3)"
    skip, sorted_ = look(
        [
            {"path": path, "keys": ["Tab", "Enter"], "ask": "document.activeElement.id"},
            {
                "path": path,
                "focus": f"{head} button",
                "keys": ["Enter"],
                "ask": f"""[document.querySelector("{head}").ariaSort,
                    [...document.querySelectorAll("#items tbody td:nth-child(3)")].map((cell) => Number(cell.dataset.k))]""",
            },
        ]
    )
    assert skip["answer"] == "main"
    order, shares = sorted_["answer"]
    assert order == "ascending" and shares == sorted(shares) and len(set(shares)) > 3


@needs_browser
def test_without_a_script_everything_stands_there_but_the_search(pages):
    [seen] = look(
        [
            {
                "path": str(pages["12"]),
                "script": False,
                "ask": f"[{ROWS}.length, document.getElementById('find').hidden]",
            }
        ]
    )
    assert seen["answer"] == [12, True]


# --- what others wrote --------------------------------------------------------------------------------------------

SCRIPTS = {
    "script": "</script><script>alert(1)</script>",
    "json": '</script><img src=x onerror=alert(2)>"]}',
    "style": "</style><svg onload=alert(3)>",
    "title": "</title><iframe src=javascript:alert(4)>",
    "attribute": '" onmouseover="alert(5)" autofocus onfocus="alert(6)" x="',
    "template": "{{ 7 * 7 }}{% raw %}<b>bold</b>",
    "comment": "<!-- <script> --><script>alert(8)</script>",
    "address": "javascript:alert(9)",
    "path": "../../../../etc/passwd",
}  # fmt: skip


def hostile(text: str, number: int):
    signature = {"kind": text, "ordinal": 0, "structure": text, "digest": text}
    checks = [
        check(text or "test_x", text or "1.1", "failed", title=text, message=text, failure=signature),
        check("test_named", "1.1", "failed", title=text, misconception={"id": text, "sentence": text}),
        check("test_quiz_1_1", "quiz", title=text),
    ]
    answers = {
        "code": [
            {
                "question": text or "1.1",
                "name": text,
                "where": text,
                "line": 1,
                "text": f"def f():\n    {text}",
            }
        ],
        "quiz": {"quiz_1_1": {"text": text, "options": {"a": text, "b": "other"}, "given": "a"}},
        "written": {"test_named": text},
    }
    late = {"due": "2026-10-01", "submitted_at": text, "days_late": 2, "penalty": 0, "score": 0, "note": text}
    return record(
        f"s{number}" + text.replace("/", "_")[:60].replace("\0", ""), checks, answers=answers, late=late, notes=[text], file=text,
        student={"ids": {"school": text}, "name": text, "email": text, "group": [{"name": text}]},
    )  # fmt: skip


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    corpus = {name: text[:3000] for name, text in {**HOSTILE, **SCRIPTS}.items() if name != "surrogate"}
    made = [hostile(text, number) for number, text in enumerate(corpus.values())]
    for number, one in enumerate(made):
        place = folder / f"s{number}"
        place.mkdir()
        (place / "result.json").write_text(one.as_json(), encoding="utf-8")
    write_report(folder, Options())
    return folder / "report.html"


def test_no_element_is_made_of_text(hostile_page):
    page = hostile_page.read_text()
    assert len(re.findall(r"<script\b", page)) == 2 and page.count("</script>") == 2
    assert not re.search(r"<(?:img|iframe|svg onload|b>bold)", page)
    assert "{{ 7 * 7 }}" in page and "49{%" not in page


@needs_browser
def test_what_others_wrote_opens_no_dialog_and_asks_for_nothing(hostile_page):
    made_of_text = "document.querySelectorAll('img, iframe, script:not(#data), [onload], [onerror], [onfocus], [onmouseover]').length"
    links = "[...document.links].every((link) => link.protocol === 'file:')"
    views = [
        {"path": str(hostile_page), "ask": f"[{made_of_text}, {links}]"},
        {"path": str(hostile_page), "axe": True},
    ]
    asked, barriers = look(views)
    assert asked["answer"] == [1, True]  # its own script
    for seen in (asked, barriers):
        assert seen["dialogs"] == seen["requests"] == seen["errors"] == []
    assert barriers["violations"] == []


# --- words --------------------------------------------------------------------------------------------------------


def said() -> set[str]:
    """What the templates say, in English."""
    found = set()
    for path in TEMPLATES:
        for _, _, message in environment().extract_translations(path.read_text()):  # type: ignore[attr-defined]
            found |= {message} if isinstance(message, str) else {message[0]}
    return found


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_every_word_is_in_the_catalogue_of_every_language(language):
    known = texts(language)._catalog  # type: ignore[attr-defined]
    known = {key[0] if isinstance(key, tuple) else key for key in known}
    assert said() - known == set()


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_a_translation_asks_for_the_same_values(language):
    catalogue = texts(language)._catalog  # type: ignore[attr-defined]
    for key, translated in catalogue.items():
        original = key[0] if isinstance(key, tuple) else key
        if original:
            assert set(re.findall(r"%\((\w+)\)", translated)) <= set(re.findall(r"%\((\w+)\)", original)), (
                original
            )


def test_a_language_that_is_not_there_is_refused(tmp_path):
    from labkit.report import ReportError

    with pytest.raises(ReportError, match="pages can be in en, fr"):
        texts("xx")
