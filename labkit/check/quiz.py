"""Quiz questions as checks, judged without a word of the answer in clear.

What students get are sealed questions: each right answer, and each sentence that explains an option, can only be
opened with the answer that it belongs to. That keeps answers from being read by accident or searched for; it keeps
nothing from somebody who tries all four options, so a quiz is for learning, and worth 0 points unless its author says
otherwise.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from labkit.check.expect.failure import Failure, expectation, running
from labkit.check.parties import NotAttempted, Party
from labkit.check.recorded import RECORDED, read_index
from labkit.lesson.checks import CheckInfo, quiz_check
from labkit.lesson.quiz import QUESTION, Quiz, Shown, read_quizzes

ROUNDS = 20_000  # of the key derivation in what students get: about 10 ms an attempt
_TAG = 16  # bytes


# --- sealing ------------------------------------------------------------------------------------------------


def seal(quiz: Quiz, rounds: int = ROUNDS) -> dict[str, Any]:
    """A question with its answer as plain data in which the answer cannot be read. The same question, the same data."""
    salt = hashlib.sha256(repr((quiz.function, quiz.text, quiz.options, quiz.answer)).encode()).digest()[:16]
    sealed = {
        "function": quiz.function,
        "title": quiz.title,
        "text": quiz.text,
        "points": quiz.points,
        "options": [option.text for option in quiz.options],
        "several": isinstance(quiz.answer, str) and len(quiz.answer) > 1,
        "tolerance": quiz.tolerance,
        "salt": salt.hex(),
        "rounds": rounds,
    }
    entries: list[tuple[str, dict[str, Any]]]
    if isinstance(quiz.answer, str):
        entries = [
            (_key(option.text), {"right": option.letter in quiz.answer, "because": option.because})
            for option in quiz.options
        ]
    elif quiz.answer is None:
        raise ValueError(f"{quiz.function} was read without its answer")
    else:
        entries = [(_bucket(quiz.answer, quiz.tolerance), {"right": True, "number": quiz.answer})]
        for number, because in quiz.slips:
            entries.append(
                (_bucket(number, quiz.tolerance), {"right": False, "number": number, "because": because})
            )
    sealed["entries"] = [
        _close(sealed, answer, number, content) for number, (answer, content) in enumerate(entries)
    ]
    return sealed


def _close(sealed: dict, answer: str, number: int, content: dict) -> list[str]:
    tag, key = _keys(sealed, answer)
    return [tag.hex(), _crypt(key, number, json.dumps(content).encode()).hex()]


def _open(sealed: dict, answer: str) -> Iterator[dict[str, Any]]:
    """Whatever this answer opens."""
    tag, key = _keys(sealed, answer)
    for number, (own_tag, content) in enumerate(sealed["entries"]):
        if own_tag == tag.hex():
            yield json.loads(_crypt(key, number, bytes.fromhex(content)))


def _keys(sealed: dict, answer: str) -> tuple[bytes, bytes]:
    derived = hashlib.pbkdf2_hmac(
        "sha256", answer.encode(), bytes.fromhex(sealed["salt"]), sealed["rounds"], _TAG + 32
    )
    return derived[:_TAG], derived[_TAG:]


def _crypt(key: bytes, number: int, text: bytes) -> bytes:
    stream = hashlib.shake_256(key + number.to_bytes(4, "big")).digest(len(text))
    return bytes(a ^ b for a, b in zip(text, stream, strict=True))


def _bucket(number: float, tolerance: float, shift: int = 0) -> str:
    """Numbers no further apart than the tolerance are in the same bucket or in neighbours."""
    return f"number {math.floor(number / (2 * tolerance or 1)) + shift}"


# --- judging ------------------------------------------------------------------------------------------------


def problem_with(sealed: dict[str, Any], answer: object, shown: Shown | None = None) -> str | None:
    """What to tell a student whose answer this is, None where it is right.

    `shown` is the question as the student's file shows it: a letter means the option that stands there.
    """
    if not sealed["options"]:
        return _number(sealed, answer)
    if shown is None or not shown.options:
        shown = Shown(options=_today(sealed), one=not sealed["several"])
    return _choice(sealed, answer, shown)


def reason_for(sealed: dict[str, Any], answer: object, shown: Shown | None = None) -> str:
    """Why a right answer is right, as its author says it, or nothing."""
    if not sealed["options"]:
        return ""
    options = shown.options if shown is not None and shown.options else _today(sealed)
    found = [next(_open(sealed, _key(options[letter])), {}) for letter in _letters(answer)]
    return " ".join(entry["because"] for entry in found if entry.get("because"))


def change_since(sealed: dict[str, Any], shown: Shown | None) -> str | None:
    """A note where a file asks something else than today's quiz, which its instructor should know of."""
    text, options = (shown.text, shown.options) if shown is not None else ("", {})
    same = set(map(_key, options.values())) == set(map(_key, sealed["options"])) and _key(text) == _key(
        sealed["text"]
    )
    if same:
        return None
    if sealed["options"] and not options:
        return (
            f"{sealed['function']} shows no options in this file; letters were read as those of today's quiz."
        )
    return (
        f"{sealed['function']} is not asked in this file as in today's quiz: one of them was changed. A letter was "
        "read as the option that the file shows."
    )


def _today(sealed: dict[str, Any]) -> dict[str, str]:
    return {chr(ord("a") + number): text for number, text in enumerate(sealed["options"])}


def _choice(sealed: dict, answer: object, shown: Shown) -> str | None:
    options, several = shown.options, sealed["several"] and not shown.one
    letters = _letters(answer)
    if not letters or not set(letters) <= set(options):
        wanted = "the letters of all right options" if several else "the letter of the right option"
        return f"answer with {wanted}, {min(options)} to {max(options)}"
    if not several and len(letters) > 1:
        return "exactly one option is right"
    today = {letter: next(_open(sealed, _key(text)), None) for letter, text in options.items()}
    if unknown := [letter for letter in letters if today[letter] is None]:
        return f"{unknown[0]} is an option that today's quiz does not have. {_CHANGED}"
    right = {letter for letter, entry in today.items() if entry and entry["right"]}
    if not right:
        return f"no option in this file is right any more. {_CHANGED}"
    if wrong := [letter for letter in letters if letter not in right]:
        return "\n".join(f"{letter} is not right{_because(today[letter])}" for letter in wrong)
    return "what you chose is right, and more is right as well" if several and right - set(letters) else None


def _letters(answer: object) -> list[str]:
    text = "".join(map(str, answer)) if isinstance(answer, (list, tuple)) else str(answer)
    return sorted(set(re.sub(r"[\s,;.()]", "", text.lower())))


_CHANGED = (
    "The quiz was changed since this file was begun: `labkit start` writes the question as it is now; copy it, and "
    "answer that."
)


def _because(entry: dict | None) -> str:
    return f": {entry['because']}" if entry and entry.get("because") else ""


def _key(option: str) -> str:
    """An option is the same one whatever its spaces and its full stop."""
    return f"option {' '.join(option.split()).rstrip('.')}"


def _number(sealed: dict, answer: object) -> str | None:
    if isinstance(answer, np.ndarray) and answer.shape == ():
        answer = answer.item()
    if isinstance(answer, bool) or not isinstance(answer, (int, float)) or not abs(answer) < 1e300:
        return "answer with a number"
    found = [
        entry
        for shift in (0, -1, 1)
        for entry in _open(sealed, _bucket(answer, sealed["tolerance"], shift))
        if abs(answer - entry["number"]) <= sealed["tolerance"]
    ]
    if any(entry["right"] for entry in found):
        return None
    return next((entry["because"] for entry in found), f"{answer:g} is not right")


# --- checks -------------------------------------------------------------------------------------------------


def checks(folder: Path) -> list[tuple[CheckInfo, Callable[..., None]]]:
    """A check for each question of the quiz that lies in a lab's folder."""
    return [_check(sealed) for sealed in beside(folder)]


def _check(sealed: dict[str, Any]) -> tuple[CheckInfo, Callable[..., None]]:
    def check(student: Party, shown: dict[str, Shown], note: Callable[[str], None]) -> None:
        try:
            answer = getattr(student, sealed["function"])()
        except Failure as failure:
            if failure.kind == "missing":  # who leaves a question out has not answered it
                raise NotAttempted(sealed["function"], None) from None
            raise
        asked = shown.get(sealed["function"])
        if change := change_since(sealed, asked):
            note(change)
        _is_right(sealed, answer, asked)

    title = sealed["title"].strip().splitlines()[0]
    return quiz_check(sealed["function"], sealed["points"], title), check


@expectation
def _is_right(sealed: dict[str, Any], answer: object, asked: Shown | None) -> None:
    problem = problem_with(sealed, answer, asked)
    if problem is not None:
        raise Failure("quiz", problem, answer)
    running().remark = reason_for(sealed, answer, asked)


def beside(folder: Path) -> list[dict[str, Any]]:
    """The sealed questions of a folder: out of its recorded answers, or sealed here out of its solution."""
    recorded, script = folder / RECORDED, folder / "lab.py"
    if recorded.is_file():
        return read_index(recorded).get(QUESTION, [])
    return list(_sealed_here(script.read_text(encoding="utf-8"))) if script.is_file() else []


@lru_cache(maxsize=8)
def _sealed_here(script: str) -> tuple[dict[str, Any], ...]:
    return tuple(seal(quiz, rounds=1) for quiz in read_quizzes(script) if quiz.answer is not None)
