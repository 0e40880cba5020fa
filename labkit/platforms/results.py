"""Reads a folder of graded results, and says which file is damaged."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from labkit.errors import LabkitError
from labkit.platforms.grades import VERDICTS, Result

SCHEMA = "labkit/result/v1"
_LARGEST = 32 * 1024 * 1024
_TEXTS = ("submission", "lab")
_CHECK_TEXTS = ("id", "question", "title", "message")


class ExportError(LabkitError):
    """Results cannot be exported; the message says which file is at fault and what to do."""


def read_results(folder: Path) -> list[Result]:
    """All results under a folder as plain data, ordered by path.

    Raises ExportError, naming the file, where there is none or where one is not a whole `labkit/result/v1`.
    """
    if not folder.is_dir():
        raise ExportError(f"{folder} is not a folder; give the one that `labkit grade --out` wrote.")
    paths = sorted(
        Path(where) / "result.json" for where, _, names in os.walk(folder) if "result.json" in names
    )
    if not paths:
        raise ExportError(f"There is no result.json under {folder}; `labkit grade` writes them.")
    results, problems = [], []
    for path in paths:
        try:
            results.append(_read(path))
        except ExportError as problem:
            problems.append(str(problem))
    if problems:
        others = f" ({len(problems) - 1} more are damaged too.)" if len(problems) > 1 else ""
        raise ExportError(problems[0] + others)
    return results


def _read(path: Path) -> Result:
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST // 2**20} MiB")
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
        check_result(data)
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ExportError(f"{path} is damaged: {reason}. Grade this submission again.") from None
    return data


def check_result(data: Any) -> None:
    """Raise ValueError, saying what is wrong, unless the data is a record of schema `labkit/result/v1`."""
    _expect(isinstance(data, dict), "it is not a JSON object")
    _expect(data.get("schema") == SCHEMA, f"its schema is {str(data.get('schema'))[:80]!r}, not {SCHEMA!r}")
    for key in _TEXTS:
        _expect(isinstance(data.get(key), str), f"{key!r} is not a text")
    for key in ("score", "max_score"):
        _expect(_is_points(data.get(key)), f"{key!r} is not a number of points")
    _expect(data["score"] <= data["max_score"], "'score' is above 'max_score'")
    _expect(_is_list(data.get("notes"), str), "'notes' is not a list of texts")
    _expect(_is_list(data.get("checks"), dict), "'checks' is not a list of objects")
    for number, check in enumerate(data["checks"]):
        _check_check(check, f"checks[{number}]")
    for key in ("student", "late"):
        _expect(data.get(key) is None or isinstance(data[key], dict), f"{key!r} is not an object")
    if data.get("late"):
        _expect(_is_points(data["late"].get("score")), "'late.score' is not a number of points")


def _check_check(check: dict[str, Any], where: str) -> None:
    for key in _CHECK_TEXTS:
        _expect(isinstance(check.get(key), str), f"{where}.{key} is not a text")
    _expect(check.get("verdict") in VERDICTS, f"{where}.verdict is not one of {', '.join(VERDICTS)}")
    for key in ("points", "max_points", "seconds"):
        _expect(_is_points(check.get(key)), f"{where}.{key} is not a number of at least 0")
    _expect(isinstance(check.get("hidden"), bool), f"{where}.hidden is neither true nor false")
    mistake = check.get("misconception")
    _expect(
        mistake is None or (isinstance(mistake, dict) and isinstance(mistake.get("sentence"), str)),
        f"{where}.misconception has no sentence",
    )


def _is_points(value: Any) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) < 1e15
        and math.isfinite(value)
        and value >= 0
    )


def _is_list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(entry, kind) for entry in value)


def _expect(condition: bool, problem: str) -> None:
    if not condition:
        raise ValueError(problem)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")
