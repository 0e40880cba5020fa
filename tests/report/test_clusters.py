"""Wrong answers that fail alike are one, whatever their messages and looks; and one becomes a known mistake."""

from __future__ import annotations

import ast

import pytest

from labkit.record import Answers, Code
from labkit.record.signature import Signature, digest
from labkit.report.clusters import clusters, grouped, stub
from labkit.report.gathering import Failure, sheets
from tests.platforms.records import check, record


def failure(*numbers: float, message: str = "differs", **changed) -> Failure:
    facts = {
        "kind": "values",
        "ordinal": 0,
        "structure": "s",
        "of": len(numbers),
        "scale": 1.0,
        "numbers": numbers,
    }
    sign = Signature(**(facts | changed))
    return Failure(
        Signature(**{n: getattr(sign, n) for n in sign.__struct_fields__} | {"digest": digest(sign)}), message
    )


@pytest.mark.parametrize(
    ("failures", "groups"),
    [
        ([failure(1, 2), failure(1, 2, message="got 3"), failure(5, 6)], [[0, 1], [2]]),
        ([failure(1.0, 2), failure(1.00008, 2), failure(1.00016, 2)], [[0, 1, 2]]),  # a chain of near ones
        ([failure(1.0, 2), failure(1.01, 2)], [[0], [1]]),
        ([failure(1.0, 2, like=0.1), failure(1.05, 2, like=0.1)], [[0, 1]]),
        ([failure(1, kind="shape"), failure(1), failure(1, ordinal=1)], [[0], [1], [2]]),
        ([failure(kind="raised", exception="ValueError"), failure(kind="raised", exception="TypeError")], [[0], [1]]),
        ([Failure(None, "got 3.5, not 'a'"), Failure(None, "got -1e-3, not 'bc'"), Failure(None, "no array")], [[0, 1], [2]]),
        ([], []),
    ],
)  # fmt: skip
def test_failures_are_grouped_by_how_they_fail(failures, groups):
    assert sorted(map(sorted, grouped(failures))) == groups


def wrong(name: str, body: str, numbers: tuple[float, ...], ids=("test_a", "test_b")):
    sign = failure(*numbers).signature
    checks = [
        check(id, "1.1", "failed", failure={k: getattr(sign, k) for k in sign.__struct_fields__})
        for id in ids
    ]
    answers = {
        "code": [
            {
                "question": "1.1",
                "name": "f",
                "where": "lab.py",
                "line": 1,
                "text": f"def f(x):\n    return {body}",
            }
        ]
    }
    return record(name, checks, answers=answers, student={"ids": {"school": name}})


def test_checks_of_a_question_that_fail_for_the_same_are_one_cluster_with_the_shortest_answer():
    made = [
        wrong("ann", "x * x * x", (1.0, 8.0)),
        wrong("bob", "x**3", (1.0, 8.0)),
        wrong("cy", "-x", (-1.0, -2.0)),
    ]
    first, second = clusters(sheets(made)[0])
    assert (first.who, first.checks, first.question) == ((0, 1), ("test_a", "test_b"), "1.1")
    assert "x**3" in first.code and "f_unnamed_1" in first.stub
    assert second.who == (2,)


def test_an_anonymous_cluster_tells_nothing_that_a_student_wrote():
    [cluster] = clusters(sheets([wrong("ann", "x * x", (1.0,))])[0], anonymous=True)
    assert (cluster.message, cluster.code, cluster.stub) == ("", "", "")


def code(name: str, text: str, question: str = "1.1") -> Code:
    return Code(question, name, "lab.py", 1, text)


def test_a_stub_is_python_with_its_helpers_and_without_the_starters_docstring():
    answers = Answers(
        code=(
            code(
                "f",
                'def f(x: int) -> int:\n    """What the starter says."""\n    # mine\n    return helper(x) + g(x)',
            ),
            code("helper", "def helper(x): return x"),
            code("g", "def g(x): return 0", "1.2"),
        )
    )
    made = stub(answers, "1.1", 3)
    tree = ast.parse(made)
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] == ["helper", "f_unnamed_3"]
    assert made.startswith("from lab import g\n") and "What the starter says" not in made
    assert '@misconception("1.1", replaces="f")' in made and "TODO" in ast.get_docstring(tree.body[-1])


@pytest.mark.parametrize(
    "text", ["def f(x): return x", "def f(x):\n    pass", 'def f(x):\n    "d"', "def f(x):\n    return ((("]
)
def test_any_function_has_a_stub(text):
    assert "@misconception" in stub(Answers(code=(code("f", text),)), "1.1", 1)
