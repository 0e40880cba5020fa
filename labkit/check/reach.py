"""What a function of a submission leads to, read from its text: nothing is run."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterable, Sequence

from labkit.lesson.quiz import PREFIX
from labkit.worker.source import read_source


class Code:
    """The statements of a file: which names each binds, and which it mentions.

    `cells` are labels and sources. What cannot be read is in `problems`, a sentence each, and nothing is known of it.
    """

    def __init__(self, cells: Iterable[Sequence[str]]):
        sources = [read_source(label, source) for label, source, *_ in cells]
        trees = [source.tree for source in sources]
        self.problems = [problem for source in sources for problem in source.problems]
        self.bound: dict[str, list[ast.stmt]] = {}
        self.everywhere: list[ast.stmt] = []
        for tree in trees:
            for statement in tree.body if tree is not None else ():
                names = _binds(statement)
                if names is None:
                    self.everywhere.append(statement)
                for name in names or ():
                    self.bound.setdefault(name, []).append(statement)
        self._mentions: dict[int, set[str]] = {}

    def reached(self, names: Iterable[str]) -> set[str]:
        """All names that the code of these mentions, the code of those, and so on; with these."""
        wanted, seen = set(names), set[str]()
        while ahead := wanted - seen:
            for name in ahead:
                seen.add(name)
                for statement in self.bound.get(name, ()):
                    wanted |= self._mentioned(statement)
        return seen

    def digest(self, names: Iterable[str]) -> str:
        """Of everything that these names lead to, and of what counts everywhere."""
        seen = self.reached({*names, *(name for s in self.everywhere for name in self._mentioned(s))})
        parts = [name + "".join(map(_said, self.bound.get(name, ()))) for name in sorted(seen)]
        parts += map(_said, self.everywhere)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def _mentioned(self, statement: ast.stmt) -> set[str]:
        if id(statement) not in self._mentions:
            found = {part.id for part in ast.walk(statement) if isinstance(part, ast.Name)}
            self._mentions[id(statement)] = found
        return self._mentions[id(statement)]


def _said(statement: ast.stmt) -> str:
    """What a statement does, as text; the docstring of a function counts where it asks a question of the quiz."""
    if isinstance(statement, ast.FunctionDef) and not statement.name.startswith(PREFIX):
        bare = copy.copy(statement)
        bare.body = statement.body[1:] if ast.get_docstring(statement) is not None else statement.body
        return ast.dump(bare)
    return ast.dump(statement)


def _binds(statement: ast.stmt) -> set[str] | None:
    """The names that a statement binds, or None where it does more than that."""
    if _only_shows(statement):
        return set()
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


def _only_shows(statement: ast.stmt) -> bool:
    """Whether this is a trial, as students leave them: it prints, asserts, or runs only where the file is run alone."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return isinstance(statement.value.func, ast.Name) and statement.value.func.id in ("print", "display")
    if isinstance(statement, ast.If):
        return any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(statement.test))
    return isinstance(statement, (ast.Assert, ast.Pass))
