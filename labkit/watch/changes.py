"""Which checks a change of the file touches: for each a digest of the code that decides it.

Comments, docstrings, blank lines, trials that only print and the order of definitions do not count. A statement that
changes the world without binding a name, such as `np.random.seed(0)`, counts for every check.
"""

from __future__ import annotations

from labkit.check.reach import Code
from labkit.course import Lab


def digests(code: Code, lab: Lab) -> dict[str, str]:
    """For each public check a digest of what it calls, of what that calls, and of what those questions answer that
    must have passed before.
    """
    functions = {question.id: set(question.functions) for question in lab.questions}
    needs: dict[str, set[str]] = {}
    for check in lab.public_checks:
        needs.setdefault(check.question, set()).update(check.needs)
    found = {}
    for check in lab.public_checks:
        names = set(check.reaches & set(lab.asked))
        for other in _all(set(check.needs), needs):
            names |= functions.get(other, set())
        found[check.name] = code.digest(names)
    return found


def _all(questions: set[str], needs: dict[str, set[str]]) -> set[str]:
    """These questions, those that they need, and so on."""
    found, ahead = set[str](), list(questions)
    while ahead:
        question = ahead.pop()
        if question not in found:
            found.add(question)
            ahead += needs.get(question, ())
    return found
