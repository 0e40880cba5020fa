"""docs/checks.md: its examples are carried out, and nothing that checks are written with is left out."""

from __future__ import annotations

import doctest

import pytest

from labkit import check
from labkit.check import expect
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "checks.md"


def test_every_example_gives_what_it_shows():
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 30
    assert result.failed == 0


@pytest.mark.parametrize("name", sorted(set(expect.__all__) - {"Failure"}))
def test_every_expectation_has_an_example(name):
    examples = doctest.DocTestParser().get_examples(PAGE.read_text())
    assert any(f"expect.{name}" in example.source for example in examples)


@pytest.mark.parametrize("name", check.__all__)
def test_everything_a_check_is_written_with_is_described(name):
    assert name in PAGE.read_text()
