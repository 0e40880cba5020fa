"""Result records for exporters to meet: some of a class, and some that were made to do harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labkit.platforms import platforms
from labkit.record import Record, record_from

#: Every platform for which results are written; a new one is met by all tests that go through them.
FORMATS = [name for name, platform in platforms().items() if platform.writes]
SHEETS = [name for name in FORMATS if platforms()[name].fills]
#: What is on record of each format, and for one that fills in a sheet the sheet `NAME_sheet.csv`, as downloaded.
GOLDEN = Path(__file__).parent / "golden"


def sheet_of(name: str) -> bytes | None:
    """The sheet that the platform wrote, with the students of `a_class`; None where it fills in none."""
    return (GOLDEN / f"{name}_sheet.csv").read_bytes() if name in SHEETS else None


def check(id: str = "test_it", question: str = "1.1", verdict: str = "passed", **changed) -> dict[str, Any]:
    """One check; points follow the verdict unless given."""
    most = changed.get("max_points", 4)
    return {
        "id": id,
        "question": question,
        "title": f"Title of {id}.",
        "verdict": verdict,
        "points": most if verdict == "passed" else 0,
        "max_points": most,
        "hidden": False,
        "message": "" if verdict == "passed" else f"message of {id}",
        "misconception": None,
        "seconds": 0.25,
        **changed,
    }


def data(submission: str = "alice", checks: list | None = None, **changed) -> dict[str, Any]:
    """The data of one result; scores are those of its checks unless given."""
    checks = [check()] if checks is None else checks
    return {
        "schema": "labkit/result/v1",
        "submission": submission,
        "lab": "lab01_toy",
        "score": sum(one["points"] for one in checks),
        "max_score": sum(one["max_points"] for one in checks),
        "checks": checks,
        "notes": [],
        "isolation": ["landlock"],
        "versions": {"python": "3.11.7"},
        "salt_id": "0123456789ab",
        "started_at": "2026-10-03T08:00:00+00:00",
        **changed,
    }


def record(submission: str = "alice", checks: list | None = None, **changed) -> Record:
    """One result, read from its data."""
    return record_from(data(submission, checks, **changed))


MISTAKE = {
    "id": "axis_0",
    "sentence": "Your columns sum to 1, your rows should: softmax was taken over axis 0.",
}


def a_class() -> list[Record]:
    """Three students: one right but late, one with every verdict, one whose file could not be read."""
    verdicts = [
        check("test_shape", "1.1"),
        check("test_rows", "1.1", "failed", misconception=MISTAKE, points=1.5, max_points=5),
        check("test_secret", "1.1", "failed", hidden=True, misconception=MISTAKE),
        check("test_loss", "1.2", "not_attempted", message="loss is not written yet"),
        check("test_gradient", "1.2", "not_run", message="waiting for 1.2"),
        check("test_training", "1.3", "error", message="train: took longer than 60 s"),
    ]
    passed = [one | {"verdict": "passed", "points": one["max_points"], "message": ""} for one in verdicts]
    passed = [one | {"misconception": None} for one in passed]
    unread = [one | {"verdict": "not_run", "points": 0, "misconception": None} for one in verdicts]
    late = {
        "due": "2026-10-01T23:59:00+02:00",
        "submitted_at": "2026-10-02T20:00:00+02:00",
        "days_late": 1,
        "penalty": 2.5,
        "score_raw": 25,
        "score": 22.5,
        "attempt": 2,
        "attempts_allowed": 3,
        "counted": True,
        "note": "",
    }
    alice = {
        "ids": {"school": "4711"},
        "name": "Alice Doe",
        "email": "alice@example.edu",
        "submitted_at": "2026-10-02T20:00:00+02:00",
        "attempt": 2,
    }
    return [
        record("alice", passed, student=alice, late=late),
        record("group 7/bob", verdicts, notes=["left out `%matplotlib inline`"]),
        record("carol", unread, notes=["carol.py, line 2: SyntaxError: '(' was never closed"]),
    ]


#: Texts that do something somewhere: in HTML, a terminal, XML, a spreadsheet, an encoder, a log of GitHub's runner.
HOSTILE = {
    "html": '<script>alert(1)</script><img src=x onerror="alert(2)">',
    "ansi": "\x1b[2J\x1b]0;owned\x07 passed",
    "bidi": "score \u202e001\u202c \u2066x\u2069",
    "invisible": "a\u200bb\u2060c\ufeffd\u00ad",
    "formula equals": "=cmd|' /C calc'!A0",
    "formula plus": "+1+cmd|' /C calc'!A0",
    "formula minus": "-2+3+cmd|' /C calc'!A0",
    "formula at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula tab": "\t=1+1",
    "formula return": "\r=1+1",
    "formula wide": "＝1+1",
    "separators": 'a,b;c\t"d"\r\n"e',
    "surrogate": "lone \ud800 and \udfff",
    "nul": "nul\0nul\x01\x08\x0b\x0c\x7f\x85",
    "cdata": "]]> <![CDATA[ ]]>",
    "entity": "&lt; &amp; &#0; &unknown; <!DOCTYPE x [<!ENTITY y 'z'>]>&y;",
    "runner": "::set-output name=result::x\n::error::y",
    "line separators": "one\u2028two\u2029three",
    "long": "x" * 100_000,
    "long wide": "\N{PILE OF POO}" * 100_000,
    "noncharacters": "\ufffe\uffff\U0001fffe",
    "path": "../../etc/passwd",
    "markdown": "[click](javascript:alert(1)) ![x](http://example.org/x.png) `code` |a|b|",
    "empty": "",
}


def hostile(text: str) -> Record:
    """A result that says this text wherever somebody else's text can stand."""
    mistake = {"id": text, "sentence": text}
    checks = [
        check(text, "1.1", "failed", title=text, message=text, misconception=mistake),
        check("test_secret", "1.1", "error", title=text, message=text, hidden=True),
        check("test_passed", "1.2", title=text),
    ]
    student = {"id": text, "name": f"{text} {text}"[:200_000], "email": text, "submitted_at": text}
    return record(text, checks, notes=[text, text], student=student)
