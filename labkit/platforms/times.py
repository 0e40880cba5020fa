"""A moment as platforms write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*\s*(\S+)?$")
_LONGEST = 200  # characters
#: Abbreviations that mean one offset only, in hours; "CST" and "IST" mean several.
_ABBREVIATIONS = {
    **{"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3},
    **{"EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8},
    **{"HST": -10, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13},
}


def instant(text: object) -> str | None:
    """A time in ISO 8601 with its offset, UTC where none is named, or None where it cannot be read."""
    if isinstance(text, datetime):
        text = text.isoformat(" ")
    match = _INSTANT.match(text.strip()) if isinstance(text, str) and len(text) <= _LONGEST else None
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}")
        return moment.replace(tzinfo=_zone(match[3] or "UTC")).isoformat()
    except (ValueError, KeyError, OSError):
        return None


def _zone(name: str) -> tzinfo:
    if name in _ABBREVIATIONS:
        return timezone(timedelta(hours=_ABBREVIATIONS[name])) if _ABBREVIATIONS[name] else UTC
    if match := re.match(r"([+-])(\d\d):?(\d\d)$", name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    return ZoneInfo(name)
