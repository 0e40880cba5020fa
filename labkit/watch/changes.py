"""Which questions a change of the file touches: a digest of the code that each question's checks reach.

Comments, blank lines and the order of definitions do not count. A statement that changes the world
without binding a name, such as `np.random.seed(0)`, counts for every question.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable

from labkit.course import Lab
from labkit.lesson.checks import CheckInfo


def digests(cells: Iterable[tuple[str, ...]], lab: Lab, checks: Iterable[CheckInfo]) -> dict[str, str] | None:
    """For each question a digest of the code that decides it; None where the file does not parse."""
    try:
        code = _Code([ast.parse(source) for _, source, *_ in cells])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    functions = {question.id: question.functions for question in lab.questions}
    reached: dict[str, set[str]] = {question: set(names) for question, names in functions.items()}
    needs: dict[str, set[str]] = {question: set() for question in functions}
    every = {name for names in functions.values() for name in names}
    for check in checks:
        reached.setdefault(check.question, set()).update(check.reaches & every)
        needs.setdefault(check.question, set()).update(check.needs)
    result = {}
    for question in reached:
        names = set(reached[question])
        for other in _all(question, needs):
            names |= set(functions.get(other, ()))
        result[question] = code.digest(names)
    return result


def _all(question: str, needs: dict[str, set[str]]) -> set[str]:
    found, ahead = set(), list(needs.get(question, ()))
    while ahead:
        other = ahead.pop()
        if other not in found:
            found.add(other)
            ahead += needs.get(other, ())
    return found


class _Code:
    """The statements of a file: which names each binds, and which it mentions."""

    def __init__(self, trees: list[ast.Module]):
        self.bound: dict[str, list[ast.stmt]] = {}
        self.everywhere: list[ast.stmt] = []
        for tree in trees:
            for statement in tree.body:
                names = _binds(statement)
                if names is None:
                    self.everywhere.append(statement)
                for name in names or ():
                    self.bound.setdefault(name, []).append(statement)
        self._mentions: dict[int, set[str]] = {}

    def digest(self, names: set[str]) -> str:
        """Of everything that these names lead to, and of what counts everywhere."""
        wanted = {*names, *(name for s in self.everywhere for name in self._mentioned(s))}
        seen: set[str] = set()
        while ahead := wanted - seen:
            for name in ahead:
                seen.add(name)
                for statement in self.bound.get(name, ()):
                    wanted |= self._mentioned(statement)
        parts = [name + "".join(map(ast.dump, self.bound.get(name, ()))) for name in sorted(seen)]
        parts += map(ast.dump, self.everywhere)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def _mentioned(self, statement: ast.stmt) -> set[str]:
        if id(statement) not in self._mentions:
            found = {part.id for part in ast.walk(statement) if isinstance(part, ast.Name)}
            self._mentions[id(statement)] = found
        return self._mentions[id(statement)]


def _binds(statement: ast.stmt) -> set[str] | None:
    """The names that a statement binds, or None where it does more than that."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names: set[str] = set()
        for target in targets:
            parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
            bound = [part.id for part in parts if isinstance(part, ast.Name)]
            if len(bound) < len(parts):  # an attribute or an item of something
                return None
            names.update(bound)
        return names
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return set()  # a docstring
    return None
