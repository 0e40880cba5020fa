"""Failures without a name, grouped by how they fail, and for each group the known mistake that it could become."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from labkit.lesson.quiz import QUESTION
from labkit.record import Answers, Code
from labkit.record.signature import Signature, distance
from labkit.report.figures import Cluster
from labkit.report.gathering import Failure, Sheet

_WITH_STUBS = 60  # groups, the largest
_WITH = re.compile(r"'[^']*'|\"[^\"]*\"|[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def clusters(sheet: Sheet, anonymous: bool = False) -> tuple[Cluster, ...]:
    """The groups of nameless failures, the largest first. Checks of a question that fail for the same students are one.

    An anonymous one tells nothing that a student wrote.
    """
    found: dict[tuple[str, tuple[int, ...]], list[tuple[int, str]]] = defaultdict(list)
    for at, check in enumerate(sheet.columns):
        if check.question == QUESTION:  # which has figures of its own
            continue
        failing = [
            (place, sheet.rows[place].failures[at])
            for place in sheet.units
            if at in sheet.rows[place].failures
        ]
        for members in grouped([failure for _, failure in failing]):
            who = tuple(failing[member][0] for member in members)
            found[check.question, who].append((at, failing[members[0]][1].message))
    ordered = sorted(found.items(), key=lambda pair: (-len(pair[0][1]), pair[1][0][0], pair[0][1]))
    made = []
    for number, ((question, who), failed) in enumerate(ordered, 1):
        checks = tuple(sheet.columns[at].id for at, _ in failed)
        message = "" if anonymous else failed[0][1]
        code = text = ""
        if number <= _WITH_STUBS and not anonymous:
            answers = [sheet.rows[place].answers for place in who]
            shortest = min(answers, key=lambda one: _length(one.of(question)))
            code, text = shortest.of(question), stub(shortest, question, number)
        made.append(Cluster(question=question, checks=checks, who=who, message=message, code=code, stub=text))
    return tuple(made)


def _length(code: str) -> tuple[bool, int, str]:
    """By which the shortest answer is found; one that is not known is none."""
    return not code, len(code), code


def grouped(failures: Sequence[Failure]) -> list[list[int]]:
    """The places of failures of one check that are alike: equal digests, then near signatures, connected.

    Where there is no signature, messages that differ in numbers and quoted texts alone are alike.
    """
    alike: dict[object, list[int]] = defaultdict(list)
    for place, failure in enumerate(failures):
        sign = failure.signature
        alike[
            (sign.exception, sign.digest) if sign and sign.digest else (_WITH.sub("…", failure.message),)
        ].append(place)
    several = list(alike.values())
    firsts = [(number, failures[group[0]].signature) for number, group in enumerate(several)]
    signed = [(number, sign) for number, sign in firsts if sign is not None]
    edges = [(signed[a][0], signed[b][0]) for a, b in _near([sign for _, sign in signed])]
    rows, columns = ([edge[side] for edge in edges] for side in (0, 1))
    graph = coo_matrix((np.ones(len(edges)), (rows, columns)), (len(several), len(several)))
    joined: dict[int, list[int]] = defaultdict(list)
    for group, label in zip(several, connected_components(graph, directed=False)[1], strict=True):
        joined[label] += group
    return sorted((sorted(group) for group in joined.values()), key=lambda group: (-len(group), group[0]))


def _near(signatures: Sequence[Signature]) -> list[tuple[int, int]]:
    """Pairs that naming would take for one mistake; only those whose numbers are near are compared."""
    shaped: dict[tuple, list[int]] = defaultdict(list)
    for place, sign in enumerate(signatures):
        shaped[sign.kind, sign.ordinal, sign.exception, sign.structure, sign.of, len(sign.numbers)].append(
            place
        )
    pairs = []
    for places in shaped.values():
        numbers = np.array([signatures[place].numbers for place in places]).reshape(len(places), -1)
        if len(places) < 2:
            continue
        scales = [signatures[place].like or 1e-4 * signatures[place].scale for place in places]
        largest = 1e-4 * float(np.abs(numbers).max(initial=0.0))
        reach = max(max(scales), largest + 1e-5 * max(signatures[place].scale for place in places) + 1e-9)
        near = (
            cKDTree(numbers).query_pairs(reach, p=np.inf)
            if numbers.size
            else {(0, b) for b in range(1, len(places))}
        )
        for a, b in sorted(near):
            one, other = signatures[places[a]], signatures[places[b]]
            if distance(one, other) is not None or distance(other, one) is not None:
                pairs.append((places[a], places[b]))
    return pairs


def stub(answers: Answers, question: str, number: int) -> str:
    """A known mistake for `misconceptions.py`, made of a submission's functions; empty where none is known.

    It lacks the sentence that teaches, which a person writes. Functions of other questions come from the reference.
    """
    own = [code for code in answers.code if code.question == question]
    if not own:
        return ""
    main, *others = own
    name = f"{main.name}_unnamed_{number}"
    several = ', replaces="' + main.name + '"' if any(code.text.startswith("def ") for code in others) else ""
    elsewhere = sorted(
        {code.name for code in answers.code if code.question != question}
        & set(re.findall(r"\w+", "\n".join(code.text for code in own)))
    )
    lines = [f"from lab import {', '.join(elsewhere)}\n\n"] if elsewhere else []
    lines += [code.text + "\n\n" for code in others]
    lines += [f'@misconception("{question}"{several})', _told(main, name)]
    return "\n".join(lines) + "\n"


def _told(code: Code, name: str) -> str:
    """The function under another name, with a docstring that is still to be written."""
    try:
        [function] = ast.parse(code.text).body
    except (
        SyntaxError,
        ValueError,
        RecursionError,
        MemoryError,
    ):  # a part of one, as it was too long to be kept
        return code.text
    if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        function.name, function.decorator_list = name, []
        if ast.get_docstring(function) is not None:
            del function.body[0]
        function.body.insert(0, ast.Expr(ast.Constant("TODO: the sentence that teaches.")))
        if len(function.body) == 1:
            function.body.append(ast.Pass())
    return ast.unparse(function)
