"""What NumPy's and Python's own messages mean, where students meet them most: a sentence beside the exception."""

from __future__ import annotations

import re

_SHAPES = re.compile(r"could not be broadcast together with shapes ((?:\([\d,]*\) ?)+)")
_ADVICE = (
    (
        re.compile(r"Cannot cast ufunc '\w+' output from dtype\('(\w+)'\) to dtype\('(\w+)'\)"),
        r"an operator such as `/=` writes into the array that is there, which stays \2; write `x = x / …` instead",
    ),
    (
        re.compile(r"matmul: Input operand 1 has a mismatch in its core dimension 0"),
        "for `a @ b` the columns of a must be as many as the rows of b: is a transpose (`.T`) missing?",
    ),
    (
        re.compile(r"shapes (\([\d,]+\)) and (\([\d,]+\)) not aligned"),
        r"for a product of \1 and \2 the inner sizes must agree: is a transpose (`.T`) missing?",
    ),
    (
        re.compile(
            r"only (?:integer scalar arrays|integers, slices).*|arrays used as indices must be of integer"
        ),
        "an index must be of whole numbers: `//` divides without a remainder, `.astype(int)` converts",
    ),
    (
        re.compile(r"only 0-dimensional arrays can be converted|only length-1 arrays can be converted"),
        "`float(…)` takes one number: is a mean or a sum missing?",
    ),
    (
        re.compile(r"The truth value of an array with more than one element is ambiguous"),
        "a comparison of arrays gives an array: take `.all()` or `.any()`, or `np.where` for a choice for each value",
    ),
    (
        re.compile(r"dtype='string' is not a valid dtype for Keras type promotion"),
        "`compile` takes optimizer, loss and loss_weights in this order: name what comes third, `metrics=[…]`",
    ),
    (
        re.compile(r"Operation not permitted"),
        "while code is checked it may start no other process and reach no network: do without",
    ),
    (
        re.compile(r"assignment destination is read-only"),
        "this array is not yours to change: work on a copy",
    ),
    (
        re.compile(r"unsupported operand type\(s\) for .*'NoneType'|'NoneType' object"),
        "something there is None: does a function lack its `return`, or is it one that works in place?",
    ),
)


def advice(message: str) -> str:
    """What to look at where an exception says this, or nothing."""
    if found := _SHAPES.search(message):
        return _broadcasting([tuple(re.findall(r"\d+", shape)) for shape in found[1].split(") ")])
    for pattern, sentence in _ADVICE:
        if found := pattern.search(message):
            return found.expand(sentence)
    return ""


def _broadcasting(shapes: list[tuple[str, ...]]) -> str:
    for one in shapes:
        for other in shapes:
            if len(one) == len(other) + 1 and one[:-1] == other:
                return (
                    "shapes are aligned from the right: a sum or maximum over the last axis needs `keepdims=True` "
                    "to go with what it was made of"
                )
    return "shapes are aligned from the right, and must be equal there, or 1"
