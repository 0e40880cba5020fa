"""Which submissions of a lab share rare code, beside each other; what the course itself gave out is taken off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import structs
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from labkit.check.catalogue import MISCONCEPTIONS, VARIANTS
from labkit.course import Lab
from labkit.lesson.quiz import QUESTION
from labkit.lesson.source import SourceError, read_text
from labkit.record import Answers, answers_in
from labkit.report.figures import Alike, Excerpt
from labkit.report.gathering import Sheet
from labkit.report.similarity import Prints, compare, fingerprints

_SHOWN = 5  # pairs whose code is shown
_KEPT = 500
_MOST_OF_IT = 0.5  # likeness, from which on pairs make a group
_AROUND = 1  # lines beside a common part


def alike(sheet: Sheet, known: Iterable[Prints], anonymous: bool = False) -> tuple[Alike, ...]:
    """The pairs of a class that share rare code, the most alike first; an anonymous report shows none of it."""
    answers = {
        str(place): code_of(sheet.rows[place].answers)
        for place in sheet.units
        if sheet.rows[place].answers.code
    }
    pairs = compare({place: fingerprints(text) for place, text in answers.items()}, known)[:_KEPT]
    found = []
    for pair in pairs:
        one, other = int(pair.first), int(pair.second)
        mine, theirs = sheet.rows[one].digests, sheet.rows[other].digests
        shown = pair.rank <= _SHOWN and not anonymous
        both = zip((answers[pair.first], answers[pair.second]), pair.lines, strict=True)
        excerpt = (
            Excerpt(**dict(zip(("first", "second"), (_excerpt(*side) for side in both), strict=True)))
            if shown
            else None
        )
        equal = sum(theirs.get(at) == digest for at, digest in mine.items())
        found.append(
            Alike(
                first=one, second=other, rank=pair.rank, dice=round(pair.dice, 4), parts=pair.parts,
                failures=equal, excerpt=excerpt,
            )
        )  # fmt: skip
    groups = _groups([(pair.first, pair.second) for pair in found if pair.dice >= _MOST_OF_IT])
    return tuple(structs.replace(pair, group=groups.get((pair.first, pair.second), 0)) for pair in found)


def _groups(pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The number of the group of each pair, where it has more than two members."""
    if not pairs:
        return {}
    rows, columns = zip(*pairs, strict=True)
    size = max(*rows, *columns) + 1
    labels = connected_components(
        coo_matrix((np.ones(len(pairs)), (rows, columns)), (size, size)), directed=False
    )[1]
    large = [label for label in dict.fromkeys(labels[list(rows)]) if (labels == label).sum() > 2]
    return {pair: large.index(labels[pair[0]]) + 1 for pair in pairs if labels[pair[0]] in large}


def code_of(answers: Answers) -> str:
    """All functions of a submission but the quiz."""
    return "\n\n\n".join(code.text for code in answers.code if code.question != QUESTION)


def starter_of(lab: Lab) -> Answers:
    """What the starter answers. Nothing where it cannot be read."""
    try:
        return answers_in([("lab.py", read_text(lab.handout / "lab.py"))], lab.questions)
    except SourceError:
        return Answers()


def given(lab: Lab) -> list[Prints]:
    """The fingerprints of what a course gave out or knows of a lab: starter, reference, variants, known mistakes."""
    texts = [code_of(starter_of(lab))]
    for path in (lab.source, lab.source.parent / VARIANTS, lab.source.parent / MISCONCEPTIONS):
        try:
            texts.append(read_text(path))
        except SourceError:
            continue
    return [fingerprints(text) for text in texts]


def _excerpt(text: str, spans: Sequence[tuple[int, int]]) -> tuple[tuple[str, bool], ...]:
    """The common lines with their neighbours; an empty text stands for what is left out."""
    lines = text.split("\n")
    common = {line for first, last in spans for line in range(first, last + 1)}
    near = {line + step for line in common for step in range(-_AROUND, _AROUND + 1)}
    shown: list[tuple[str, bool]] = []
    for number, line in enumerate(lines, 1):
        if number in near:
            shown.append((line, number in common))
        elif shown and shown[-1] != ("", False):
            shown.append(("", False))
    return tuple(shown[:80])
