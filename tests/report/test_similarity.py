"""A copy is found whatever is done to its looks; honest answers and what the course gave out are not accused."""

from __future__ import annotations

import io
import keyword
import random
import tokenize

import numpy as np
import pytest

from labkit.report.similarity import compare, fingerprints, number_of, tokens
from tests.conftest import REPOSITORY

ORIGINAL = '''
def train(x, y, rate, epochs):
    """Descend."""
    weights = np.zeros((x.shape[1], y.shape[1]))
    losses = []
    for epoch in range(epochs):
        scores = x @ weights
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        p = powers / powers.sum(axis=1, keepdims=True)
        losses.append(float(-(y * np.log(p + 1e-12)).sum() / len(x)))
        if len(losses) > 3 and losses[-1] > losses[-2] * 1.5:
            rate = rate / 2
        weights -= rate * x.T @ (p - y) / len(x)
    return weights, losses
'''
COPY = """
def train(data, target, speed, rounds):
    # all my own work
    w = np.zeros((data.shape[1], target.shape[1]))
    curve = []  # of losses
    for i in range(rounds):

        s = data @ w
        s -= s.max(axis=1, keepdims=True)
        e = np.exp(s)
        q = e / e.sum(axis=1, keepdims=True)
        curve.append(float(-(target * np.log(q + 1e-12)).sum() / len(data)))
        if len(curve) > 3 and curve[-1] > curve[-2] * 1.5:
            speed = speed / 2
        w -= speed * data.T @ (q - target) / len(data)
    return w, curve
"""
HONEST = """
def train(x, y, rate, epochs):
    n, d = x.shape
    W = np.random.default_rng(0).normal(0, 0.01, (d, y.shape[1]))
    history = [0.0] * epochs
    step = 0
    while step < epochs:
        P = softmax(np.dot(x, W))
        history[step] = cross_entropy(P, y)
        gradient = np.dot(x.T, P - y)
        W = W - (rate / n) * gradient
        step += 1
    return W, history
"""
HELPER = """
def show(values):
    for index, value in enumerate(values):
        if index % 10 == 0:
            print(f"{index}: {value:.4f}", end="; ")
        elif index % 7 == 3 and value > values[0]:
            print("up again", value - values[0])
    return sorted(values)[: len(values) // 2]
"""


def a_class(size: int, seed: int = 0) -> dict:
    """Answers that have nothing in common: random expressions."""
    rng = random.Random(seed)
    answers = {}
    for number in range(size):
        lines = [
            f"    v{i} = {' '.join(rng.choice('abc+*-([') for _ in range(3))}{rng.random()}"
            for i in range(30)
        ]
        answers[f"s{number:05}"] = fingerprints("def f(a):\n" + "\n".join(lines))
    return answers


def test_a_renamed_commented_copy_is_found():
    answers = a_class(20) | {
        "ann": fingerprints(ORIGINAL),
        "bob": fingerprints(COPY),
        "cy": fingerprints(HONEST),
    }
    pairs = compare(answers)
    assert [(pair.first, pair.second) for pair in pairs] == [("ann", "bob")]
    assert pairs[0].dice > 0.9 and pairs[0].rank == 1 and pairs[0].parts >= 8


def test_a_reordered_copy_is_found():
    one, other = fingerprints(ORIGINAL + HELPER), fingerprints(HELPER + COPY)
    pairs = compare(a_class(20) | {"ann": one, "bob": other})
    assert [(pair.first, pair.second) for pair in pairs] == [("ann", "bob")]


def test_the_common_lines_are_those_of_the_copy():
    answers = a_class(20) | {"ann": fingerprints(HELPER + ORIGINAL), "bob": fingerprints(COPY)}
    [pair] = compare(answers)
    begin = len(HELPER.splitlines()) + 1
    assert all(start >= begin for start, _ in pair.lines[0])
    assert all(1 <= start <= end <= len(COPY.splitlines()) for start, end in pair.lines[1])


def test_two_honest_answers_are_not_found():
    assert compare(a_class(20) | {"ann": fingerprints(ORIGINAL), "cy": fingerprints(HONEST)}) == []


def test_what_the_course_gave_out_counts_for_nothing():
    answers = a_class(20) | {"ann": fingerprints(ORIGINAL), "bob": fingerprints(COPY)}
    assert compare(answers, known=[fingerprints(ORIGINAL)]) == []


def test_what_many_share_is_how_it_is_done_here():
    copies = {f"c{number}": fingerprints(ORIGINAL) for number in range(6)}
    assert compare(a_class(20) | copies) == []
    del copies["c0"]
    assert len(compare(a_class(20) | copies)) == 10


@pytest.mark.parametrize(
    "source", ["", "def f(:\n", "'''", "x = (\n", "\x00", "def f():\n\treturn 1\n        return 2"]
)
def test_anything_has_fingerprints(source):
    assert len(fingerprints(source).marks) < 5


def test_an_empty_class_has_no_pairs():
    assert compare({}) == [] and compare({"ann": fingerprints("")}) == []


def test_every_long_common_run_leaves_a_fingerprint():
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 10**6, 17)  # a run of GRAM + WINDOW - 1 tokens
    run = " + ".join(map(str, numbers))
    run = " ".join(run.split()[:17])
    for before in range(6):
        one = fingerprints("q = " + "1 * " * before + run + " + 1\n")
        other = fingerprints("z = 7 ; u = 2 ** " + run + " - 3\n")
        assert set(one.marks.tolist()) & set(other.marks.tolist())


def by_tokenize(source: str) -> list[str]:
    """The words of a file as the standard library reads them."""
    silent = (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
        tokenize.INDENT,
        tokenize.DEDENT,
    )
    found = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NEWLINE:
            if found[-1:] == ['"'] and found[-2:-1] in ([], ["\n"]):
                found.pop()  # a string that stands for itself
            else:
                found.append("\n")
        elif token.type == tokenize.NAME:
            found.append(token.string if keyword.iskeyword(token.string) else "V")
        elif token.type not in silent:
            found.append('"' if token.type == tokenize.STRING else token.string)
    return [word for word in found if word != "\n"]


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "labs").glob("*/lab.py")), ids=lambda path: path.parent.name
)
def test_words_are_those_of_the_standard_library(path):
    source = path.read_text()
    assert tokens(source)[0].tolist() == [number_of[word] for word in by_tokenize(source)]
