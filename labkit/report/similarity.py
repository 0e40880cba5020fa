"""Which submissions share code that hardly anybody else has: fingerprints of function bodies, compared all at once.

Names become one letter and comments vanish, so that renaming, commenting and reordering functions hide nothing; what
the course itself gave out (starter, reference, known right and wrong answers) is taken off, so that two honest answers
to a small question are not accused of agreeing with it.

source: S. Schleimer, D. Wilkerson, A. Aiken, "Winnowing: local algorithms for document fingerprinting", 2003
"""

from __future__ import annotations

import hashlib
import io
import keyword
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse

GRAM = 12  # tokens that a fingerprint covers
WINDOW = 6  # of so many fingerprints in a row one is kept
LEAST = 8  # rare common parts, below which a pair is not shown
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SILENT = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER)

#: A fingerprint with the first and last line of the code that it stands for.
Prints = dict[int, tuple[int, int]]


@dataclass(frozen=True)
class Pair:
    """Two submissions with what they share: weighted Dice (0 to 1), its rank in the class from 1, how many rare
    parts, and the lines of these in each of the two.
    """

    first: str
    second: str
    dice: float
    rank: int
    parts: int
    lines: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]


def fingerprints(source: str) -> Prints:
    """Those of a piece of Python; of what is no Python, as far as it can be read.

    The rightmost smallest of each window is kept, so that any common run of GRAM + WINDOW - 1 tokens leaves one.
    """
    words, lines = _words(source)
    if len(words) < GRAM:
        return {}
    codes = np.array([_code(word) for word in words], np.uint64)
    powers = np.cumprod(np.full(GRAM, _FACTOR, np.uint64))
    grams = (np.lib.stride_tricks.sliding_window_view(codes, GRAM) * powers).sum(axis=1, dtype=np.uint64)
    width = min(WINDOW, len(grams))
    windows = np.lib.stride_tricks.sliding_window_view(grams, width)[:, ::-1]
    kept = np.unique(np.arange(len(windows)) + width - 1 - windows.argmin(axis=1))
    return {int(grams[at]): (lines[at], lines[at + GRAM - 1]) for at in kept[::-1]}


def compare(answers: Mapping[str, Prints], known: Iterable[Prints] = ()) -> list[Pair]:
    """The pairs of a class that share at least LEAST rare parts, the most alike first.

    answers : the fingerprints of each submission's answer; a group is one
    known : those of what the course gave out or knows; they count for nothing

    A fingerprint weighs log(n / df); one that more than max(5, 1 % of n) submissions have is how it is done here, and
    is ignored.
    """
    names = sorted(answers)
    given = set().union(*known)
    columns: dict[int, int] = {}
    rows, entries = [], []
    for row, name in enumerate(names):
        for mark in answers[name].keys() - given:
            rows.append(row)
            entries.append(columns.setdefault(mark, len(columns)))
    if not entries:
        return []
    has = sparse.csr_matrix((np.ones(len(rows)), (rows, entries)), (len(names), len(columns)))
    frequency = np.asarray(has.sum(axis=0)).ravel()
    rare = (frequency >= 1) & (frequency <= max(5, len(names) // 100))
    weights = np.where(rare, np.log(len(names) / frequency), 0.0)
    has = has[:, rare]
    weighted = has.multiply(np.sqrt(weights[rare])).tocsr()
    counts = sparse.triu(has @ has.T, k=1).tocoo()
    common = (weighted @ weighted.T).tocsr()
    sums = common.diagonal()
    found = []
    for first, second, count in zip(counts.row, counts.col, counts.data, strict=True):
        if count >= LEAST:
            total = sums[first] + sums[second]
            found.append(
                (2 * common[first, second] / total if total else 1.0, names[first], names[second], int(count))
            )
    found.sort(key=lambda pair: (-pair[0], -pair[3], pair[1], pair[2]))
    marks = {mark for mark, column in columns.items() if rare[column]}
    return [
        Pair(a, b, float(dice), rank, count, _common_lines(answers[a], answers[b], marks))
        for rank, (dice, a, b, count) in enumerate(found, 1)
    ]


def _common_lines(first: Prints, second: Prints, rare: set[int]) -> tuple:
    both = first.keys() & second.keys() & rare
    return _joined(first[mark] for mark in both), _joined(second[mark] for mark in both)


def _joined(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans of lines, those that touch made one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _words(source: str) -> tuple[list[str], list[int]]:
    """The tokens, with names as V and strings as S, and the line of each; a string for itself is a comment."""
    words: list[str] = []
    lines: list[int] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in _SILENT:
                continue
            word = _word(token)
            if word == "NEWLINE" and words[-1:] == ["S"] and words[-2:-1] in ([], ["NEWLINE"], ["INDENT"]):
                words.pop()
                lines.pop()
                continue
            words.append(word)
            lines.append(token.start[0])
    except (tokenize.TokenError, SyntaxError):  # half a function still has a beginning
        pass
    return words, lines


def _word(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME:
        return token.string if keyword.iskeyword(token.string) else "V"
    if token.type == tokenize.STRING or tokenize.tok_name[token.type].startswith("FSTRING"):
        return "S"
    if token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE):
        return tokenize.tok_name[token.type]
    return token.string


@lru_cache(maxsize=10_000)
def _code(word: str) -> int:
    """A number for a word, the same in every process."""
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "big")
