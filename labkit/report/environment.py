"""The one way in which pages are made: templates, style sheet, languages, and the policy that shuts a page in.

A page needs nothing from anywhere: its style sheet and script stand in it, and its Content-Security-Policy allows
these by their digests and nothing else, so that no text of anybody's can become code.
"""

from __future__ import annotations

import base64
import gettext
import hashlib
import io
import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from labkit.errors import LabkitError
from labkit.record import Verdict
from labkit.text import html_text, inert, one_line

HERE = Path(__file__).parent
_LANGUAGES = HERE / "languages"
_SPACES = re.compile(r"\n\s*")
_CODE = re.compile(r"`([^`<>]{1,200})`")


class ReportError(LabkitError):
    """A report cannot be made; the message says of what, and what to do."""


def languages() -> list[str]:
    """The languages that pages can be in: English, and one for each catalogue."""
    return ["en", *sorted(path.stem for path in _LANGUAGES.glob("*.po"))]


@cache
def texts(language: str) -> gettext.NullTranslations:
    """The words of a language. Raises ReportError where there is no catalogue of it."""
    if language == "en":
        return gettext.NullTranslations()
    if language not in languages():
        raise ReportError(
            f"There is no catalogue for {language!r}; pages can be in {', '.join(languages())}."
        )
    with open(_LANGUAGES / f"{language}.po", "rb") as stream:
        catalogue = read_po(stream, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def environment(language: str = "en") -> Environment:
    """Where templates are found; what they show is escaped, and what they do not know is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(texts(language), newstyle=True)  # type: ignore[attr-defined]
    point = "," if language == "fr" else "."

    @lru_cache(4096)
    def amount(value: float, places: int = 2, fixed: bool = False) -> str:
        return number(value, places, fixed).replace(".", point)

    made.filters |= {
        "inert": inert,
        "line": one_line,
        "runs": runs,
        "lines": lambda text, limit=2000: Markup(html_text(text, limit)),
        "moment": moment,
        "prose": prose,
        "heading": lru_cache(4096)(lambda text: prose(one_line(text, 300))),
        "message": message,
        "number": amount,
        "fixed": partial(amount, fixed=True),
        "percent": lambda share, places=0: f"{amount(100 * share, places)}\N{NO-BREAK SPACE}%",
    }
    say = texts(language).gettext
    words = {
        **{"passed": say("passed"), "failed": say("failed"), "not_attempted": say("not attempted")},
        **{"not_run": say("not run"), "error": say("no usable answer"), "": say("unknown")},
    }
    # what stands in every row is made once
    verdict = Markup(
        '<span class="verdict {0}"><span class="sign {0}" aria-hidden="true">{1}</span> {2}</span>'
    )
    points = Markup('<span class="points"><b>{}</b> / {}</span>')
    made.globals |= {
        "language": language,
        "words": words,
        "verdict": {one: verdict.format(one, one.sign, words[one]) for one in Verdict},
        "points": lru_cache(4096)(lambda earned, most: points.format(amount(earned), amount(most))),
    }
    made.globals |= {"style": Markup(style()), "style_digest": digest(style())}
    return made


def page(template: str, language: str = "en", **facts: Any) -> str:
    """A page made from a template and what it shows."""
    return environment(language).get_template(template).render(facts)


def moment(text: str) -> str:
    """A time as people write it."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError:
        return one_line(text, 40)


def prose(text: str) -> Markup:
    """Text on one line in which what stands between backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", html_text(text, 4000)))


def message(text: str, limit: int = 2000) -> Markup:
    """A check's message: a paragraph for each line; an indented one, which tells a place in the code, as code."""
    lines = [line for line in inert(text, limit).split("\n") if line.strip()]
    coded = Markup("<p><code>{}</code></p>")
    return Markup("").join(
        coded.format(line.strip())
        if line.startswith("    ")
        else Markup("<p>") + prose(line) + Markup("</p>")
        for line in lines
    )


@cache
def style() -> str:
    """The style sheet that all pages have, without its indentation."""
    return inline("style.css")


@cache
def inline(name: str) -> str:
    """A file of the templates as it stands in a page."""
    return _SPACES.sub("\n", (HERE / "templates" / name).read_text(encoding="utf-8")).strip()


def digest(code: str) -> str:
    """What a Content-Security-Policy calls a style sheet or script that stands in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def runs(lines: Sequence[tuple[str, bool]]) -> list[tuple[bool, str]]:
    """Lines in runs of those that are marked and those that are not, each as one text."""
    return [
        (marked, "\n".join(line or "…" * (not marked) for line, _ in some))
        for marked, some in groupby(lines, key=lambda pair: pair[1])
    ]


def number(value: float, places: int = 2, fixed: bool = False) -> str:
    """A number with at most so many decimals, or exactly so many, and a minus that is one."""
    text = f"{value + 0.0:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text and not fixed else text
    return "0" if text in ("-0", "") else text.replace("-", "\N{MINUS SIGN}")
