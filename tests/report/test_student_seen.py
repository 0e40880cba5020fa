"""The student's page in a real Chromium: no barrier, no script, no request, nothing that a text of somebody's does."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from labkit.record import Adjusted, Answers
from labkit.report.student import Standing, student_page
from tests.browser import CONDITIONS, look, needs_browser
from tests.platforms.records import HOSTILE
from tests.report import made
from tests.report.test_student import figures, with_everything

pytestmark = needs_browser
ELEMENTS = "[...document.querySelectorAll('*')].map((one) => one.localName).join(' ')"


def whole() -> str:
    """A page with everything that one can have, each folded part open."""
    record = next(one for one in made.a_class(40) if 0.4 < one.final_score / one.max_score < 0.7)
    essay = replace(record.checks[0], id="test_essay", title="What does the loss mean?")
    said = (Adjusted(question="1.1", points=9, earned=2, reason="read by a human", comment="Well seen."),)
    answers = Answers(code=record.answers.code, quiz=record.answers.quiz, written={"test_essay": "It falls."})
    record = replace(
        record, checks=(*record.checks, essay), adjusted=said, answers=answers, figures=figures()
    )
    before = replace(record, checks=tuple(replace(one, points=0) for one in record.checks))
    html = student_page(record, before=before, standing=Standing(20, 40, 60, 39), output="epoch 1\n" * 99)
    return html.replace("<details", "<details open")


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("seen") / "page.html"
    path.write_text(whole(), encoding="utf-8")
    return path


def test_there_are_no_barriers(page):
    views = [{**condition, "path": page, "axe": True} for condition in CONDITIONS.values()]
    for name, seen in zip(CONDITIONS, look(views), strict=True):
        assert (name, seen["violations"]) == (name, [])
        assert (name, seen["wide"]) == (name, 0) and not seen["requests"] and not seen["errors"]


def test_a_folded_page_has_no_barrier_and_all_of_it_is_reached_by_keys(page, tmp_path):
    folded = tmp_path / "folded.html"
    folded.write_text(
        page.read_text(encoding="utf-8").replace("<details open", "<details").replace(" open>", ">"),
        encoding="utf-8",
    )
    where = "document.activeElement.textContent"
    first, opened = look(
        [
            {"path": folded, "axe": True, "keys": ["Tab"], "ask": where},
            {
                **{"path": folded, "keys": ["Tab", "Tab", "Tab"]},
                "ask": "(() => { const seen = document.querySelectorAll('details'); "
                "document.querySelector('summary').click(); return [seen.length, seen[0].open]; })()",
            },
        ]
    )
    assert first["violations"] == [] and first["answer"] == "Skip to the content"
    assert opened["answer"][0] > 5 and opened["answer"][1]


def test_what_is_folded_is_printed(page, tmp_path):
    folded = tmp_path / "folded.html"
    folded.write_text(
        page.read_text(encoding="utf-8").replace("<details open", "<details").replace(" open>", ">"),
        encoding="utf-8",
    )
    height = "document.querySelector('details.question').getBoundingClientRect().height"
    screen, printed = look(
        [{"path": folded, "ask": height}, {"path": folded, "media": "print", "ask": height}]
    )
    assert 2 * screen["answer"] < printed["answer"]


def test_no_text_opens_a_dialog_asks_for_anything_or_becomes_an_element(tmp_path):
    plain, views = "plain text", []
    for number, text in enumerate((plain, *HOSTILE.values())):
        path = tmp_path / f"{number}.html"
        html = student_page(with_everything(text), output=text or plain)
        path.write_text(html.replace("<details", "<details open"), encoding="utf-8")
        views.append({"path": path, "ask": ELEMENTS})
    known: set[str] = set()
    for place, seen in enumerate(look(views)):
        assert not seen["dialogs"] and not seen["requests"] and not seen["errors"]
        known = known or {*seen["answer"].split(), "br", "code"}
        assert set(seen["answer"].split()) <= known, place
