"""The default values that the signatures of a lab state, and whether a submission has others.

They are read from the text of the solution. Where a variant, which is right, has another one, any is right.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from labkit.check.catalogue import VARIANTS, definitions
from labkit.course import Lab
from labkit.lesson.source import read_python
from labkit.text import inert

Defaults = Mapping[str, Mapping[str, Any]]  # by function and parameter


def stated_defaults(lab: Lab) -> dict[str, dict[str, Any]]:
    """The defaults of a lab's questions, by function and parameter, as far as they are plain values."""
    asked = {function for question in lab.questions for function in question.functions}
    found = {
        node.name: _defaults(node)
        for node in read_python(lab.source).body
        if isinstance(node, ast.FunctionDef) and node.name in asked
    }
    for replaces, node in definitions(lab, VARIANTS):
        others = _defaults(node)
        for name, value in list(found.get(replaces, {}).items()):
            if name in others and others[name] != value:
                del found[replaces][name]
    return {function: given for function, given in found.items() if given}


def _defaults(node: ast.FunctionDef) -> dict[str, Any]:
    arguments = node.args
    by_place = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(by_place[len(by_place) - len(arguments.defaults) :], arguments.defaults, strict=True))
    pairs += [
        (argument, default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    ]
    found = {}
    for argument, default in pairs:
        try:
            found[argument.arg] = _plain(ast.literal_eval(default))
        except ValueError:  # no plain value
            continue
    return found


def wrong_default(function: str, stated: Mapping[str, Any], own: Mapping[str, list]) -> str | None:
    """The sentence for the first default that is another one than stated, None where all are right.

    `own` has for each parameter its default in a list, an empty one where it has none. One that is None may stand for
    any value, which is then found within the function.
    """
    for name, right in stated.items():
        if name not in own or own[name] == [None]:
            continue
        if not own[name]:
            return f"{name} of {function} has no default value; the text has {name}={_shown(right)}"
        if _plain(own[name][0]) != right:
            mine = _shown(own[name][0])
            return f"{function} has {name}={mine} where nothing is said; the text has {name}={_shown(right)}"
    return None


def _shown(value: Any) -> str:
    return inert(repr(tuple(value) if isinstance(value, list) else value), 60)


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
