"""Which submissions share code that hardly anybody else has: fingerprints of function bodies, compared all at once.

Names become one letter, comments and the ends of lines vanish, so that renaming, commenting, reordering functions and
breaking lines hide nothing; what the course itself gave out (starter, reference, known right and wrong answers) is
taken off, so that two honest answers to a small question are not accused of agreeing with it.

source: S. Schleimer, D. Wilkerson, A. Aiken, "Winnowing: local algorithms for document fingerprinting", 2003
"""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

GRAM = 12  # tokens that a fingerprint covers
WINDOW = 6  # of so many fingerprints in a row one is kept
LEAST = 8  # rare common parts, below which a pair is not shown
_FACTORS = np.cumprod(np.full(GRAM, 0x9E3779B97F4A7C15, np.uint64))
_TEXTS = re.compile(
    r"""(?=["'#])(?:(?P<q>\"{3}|'{3})(?:[^\\]|\\.)*?(?:(?P=q)|\Z)|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*)""",
    re.S,
)
_TOKENS = re.compile(
    r"\n|[rRbBuUfF]{0,2}\"|\.?\d(?:[\w.]|(?<=[eE])[-+](?=\d))*|\w+"
    r"|\*\*=?|//=?|>>=?|<<=?|->|:=|[-+*/%&|^@=!<>]=|\.\.\.|[^\s\\]"
)
#: After these a string is a part of something, even on a line of its own.
_GOES_ON = (*'([{,+%="',)


@dataclass(frozen=True)
class Prints:
    """The fingerprints of a text, each once and sorted, with the first and last line of what each stands for."""

    marks: np.ndarray
    first: np.ndarray
    last: np.ndarray


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
    codes, lines = tokens(source)
    if len(codes) < GRAM:
        return Prints(np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0, np.int32))
    grams = (np.lib.stride_tricks.sliding_window_view(codes, GRAM) * _FACTORS).sum(axis=1, dtype=np.uint64)
    width = min(WINDOW, len(grams))
    windows = np.lib.stride_tricks.sliding_window_view(grams, width)[:, ::-1]
    kept = np.unique(np.arange(len(windows)) + width - 1 - windows.argmin(axis=1))
    marks, first = np.unique(grams[kept], return_index=True)
    kept = kept[first]
    return Prints(marks, lines[kept], lines[kept + GRAM - 1])


def compare(answers: Mapping[str, Prints], known: Iterable[Prints] = ()) -> list[Pair]:
    """The pairs of a class that share at least LEAST rare parts, the most alike first.

    answers : the fingerprints of each submission's answer; a group is one
    known : those of what the course gave out or knows; they count for nothing

    A fingerprint weighs log(n / df); one that more than max(5, 1 % of n) submissions have is how it is done here, and
    is ignored.
    """
    names = sorted(answers)
    given = np.concatenate([np.zeros(0, np.uint64), *(prints.marks for prints in known)])
    marks = np.concatenate([np.zeros(0, np.uint64), *(answers[name].marks for name in names)])
    rows = np.repeat(np.arange(len(names)), [len(answers[name].marks) for name in names])
    columns, entries, frequency = np.unique(marks, return_inverse=True, return_counts=True)
    # what one submission alone has joins nobody, but counts in what it is measured by
    rare = (frequency <= max(5, len(names) // 100)) & ~np.isin(columns, given)
    if not rare.any():
        return []
    weights = np.where(rare, np.log(len(names) / frequency), 0.0)
    sums = np.bincount(rows, weights[entries], len(names))
    shared = rare & (frequency > 1)
    place = np.cumsum(shared) - 1
    kept = shared[entries]
    where = (rows[kept], place[entries[kept]])
    has = sparse.csr_matrix((np.ones(kept.sum(), np.int32), where), (len(names), int(shared.sum())))
    counts = sparse.triu(has @ has.T, k=1).tocoo()
    enough = counts.data >= LEAST
    first, second, parts = counts.row[enough], counts.col[enough], counts.data[enough]
    common = has[first].multiply(has[second]) @ weights[shared]
    totals = sums[first] + sums[second]
    dice = np.where(totals > 0, 2 * common / np.where(totals > 0, totals, 1), 1.0)
    order = np.lexsort((second, first, -parts, -dice))
    rest = columns[rare]
    return [
        _pair(names[first[at]], names[second[at]], answers, float(dice[at]), rank, int(parts[at]), rest)
        for rank, at in enumerate(order, 1)
    ]


def _pair(
    one: str, other: str, answers: Mapping[str, Prints], dice: float, rank: int, parts: int, rare: np.ndarray
) -> Pair:
    both = np.intersect1d(answers[one].marks, answers[other].marks, assume_unique=True)
    both = both[np.isin(both, rare)]
    return Pair(one, other, dice, rank, parts, (_lines(answers[one], both), _lines(answers[other], both)))


def _lines(prints: Prints, marks: np.ndarray) -> tuple[tuple[int, int], ...]:
    """The lines of some of the fingerprints, spans that touch made one."""
    at = np.searchsorted(prints.marks, marks)
    joined: list[tuple[int, int]] = []
    for start, end in sorted(zip(prints.first[at].tolist(), prints.last[at].tolist(), strict=True)):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def tokens(source: str) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of Python as `tokenize` has them, but for whole classes at once: the number of each, and its line.

    Names are one token, strings another; comments, strings that stand for themselves and line breaks are none.
    """
    plain = _TEXTS.sub(lambda text: "" if text[0][0] == "#" else '"' + "\n" * text[0].count("\n"), source)
    found = _TOKENS.findall(plain)
    codes = np.fromiter(map(number_of.__getitem__, found), np.uint64, len(found))
    breaks = codes == 0
    lines = (1 + np.cumsum(breaks)).astype(np.int32)
    edge = np.concatenate([[True], breaks, [True]])
    alone = np.flatnonzero((codes == number_of['"']) & edge[:-2] & edge[2:])
    # what stands last on the lines before; 0 where nothing does
    before = np.maximum.accumulate(np.where(breaks, 0, 1 + np.arange(len(codes))))
    last = before[alone - 1] if len(codes) else alone
    goes_on = np.isin(codes[last - 1], [number_of[word] for word in _GOES_ON]) & (last > 0) & (alone > 0)
    breaks[alone[~goes_on]] = True
    return codes[~breaks], lines[~breaks]


class _Numbers(dict[str, int]):
    """A number for each token, the same in every process; 0 for a line break."""

    def __missing__(self, word: str) -> int:
        text = (
            "V"
            if word.isidentifier() and not keyword.iskeyword(word)
            else word[-1]
            if word[-1] == '"'
            else word
        )
        digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
        found = int.from_bytes(digest, "big") | 1
        if len(self) < 100_000:
            self[word] = found
        return found


number_of = _Numbers({"\n": 0})
