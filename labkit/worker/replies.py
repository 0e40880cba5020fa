"""What an answer to each request must look like. Whatever else a worker says is no answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.worker.values import Handle
from labkit.worker.whereabouts import HOW


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _maybe(valid: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or valid(value)


def _line(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**31


def _anything(value: Any) -> bool:
    return True


def _handle(value: Any) -> bool:
    return isinstance(value, Handle)


def _lines(value: Any) -> bool:
    """Places of statements: label and line."""
    return isinstance(value, list) and all(
        isinstance(entry, list) and len(entry) == 2 and _text(entry[0]) and _line(entry[1]) for entry in value
    )


def _where(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"place", "line", "how", "of"}
        and any(value["how"] == how for how in HOW)
        and _line(value["line"])
        and _text(value["place"])
        and _text(value["of"])
    )


def _defaults(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(given, list) and len(given) <= 1 for name, given in value.items()
    )


def _named(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(name, str) for name in value)


_READY: dict[str | None, dict[str, Callable[[Any], bool]]] = {"ready": {}}
_FAILED = {"unsendable": {"message": _text}, "broken": {"message": _text}}
#: For each verb the statuses that may come back, with the fields of each.
REPLIES: dict[str, dict[str | None, dict[str, Callable[[Any], bool]]]] = {
    "load": {None: {"notes": _texts, "functions": _texts, "fatal": _maybe(_text), "slow": _lines}},
    "begin": _READY,
    "warm": _READY,
    "call": {
        "answered": {"value": _anything, "converted": _texts, "changed": _texts},
        "not_attempted": {"message": _text, "by": _text, "where": _maybe(_where)},
        "missing": {"similar": _maybe(_text), "where": _maybe(_where)},
        "raised": {
            "type": _text,
            "message": _text,
            "place": _maybe(_text),
            "line": _maybe(_line),
            "text": _text,
            "unknown": _maybe(_text),
            "where": _maybe(_where),
        },
        "slow": {"reason": _text, "place": _maybe(_text), "line": _maybe(_line), "text": _text},
    },
    "defaults": {"answered": {"value": _defaults}},
    "hold": {"answered": {"value": _handle}},
    "fetch": {"answered": {"value": _anything, "converted": _texts}},
    "assign": {"answered": {"value": _anything}},
}

#: What a worker may say while it makes a call: that an epoch of a training is over, or that a function which is not
#: its own is asked for.
MIDWAY: dict[str, dict[str, Callable[[Any], bool]]] = {
    "epoch": {"epoch": _line, "epochs": _line},
    "asks": {"function": _text, "args": lambda value: isinstance(value, list), "kwargs": _named},
}


def is_midway(answer: Any) -> bool:
    """Whether this is something that a worker may say before it answers."""
    fields = MIDWAY.get(answer["status"]) if _text(answer.get("status")) else None
    return (
        fields is not None
        and set(answer) - {"status"} == set(fields)
        and all(valid(answer[name]) for name, valid in fields.items())
    )


def is_reply(verb: str, answer: Any) -> bool:
    """Whether this is an answer to such a request: a known status, with its fields and no others."""
    if not isinstance(answer, dict):
        return False
    status = answer.get("status")
    if status is not None and not isinstance(status, str):
        return False
    fields = (REPLIES[verb] | _FAILED).get(status)
    if fields is None or set(answer) - {"status"} != set(fields):
        return False
    return all(valid(answer[name]) for name, valid in fields.items())
