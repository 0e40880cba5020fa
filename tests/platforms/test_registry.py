"""A platform is a file: help, documentation and tests know it by its class."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.platforms import platforms, table, whose
from tests.conftest import REPOSITORY
from tests.platforms.records import FORMATS

MODULES = Path(REPOSITORY / "labkit/platforms")


@pytest.mark.parametrize("name", platforms())
def test_a_platform_says_what_it_does_in_one_line(name):
    platform = platforms()[name]
    assert platform.name == name and (platform.reads or platform.writes)
    assert type(platform).__doc__ and "\n" not in platform.reads + platform.writes
    assert not platform.fills or "filled in" in platform.writes


def test_each_has_a_file_of_its_own_and_a_golden_one():
    homes = [type(platform).__module__ for platform in platforms().values()]
    assert len(set(homes)) == len(homes)
    golden = {path.name for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir()}
    assert golden == set(FORMATS)


def test_the_documentation_has_the_table():
    assert table() in (REPOSITORY / "docs/exporting.md").read_text()


@pytest.mark.parametrize(
    ("name", "ids", "joined"),
    [
        ("doejane_101_5001_lab", {"canvas": "101"}, "doejane"),
        ("roe_maxim_LATE_7_41_lab-2", {"canvas": "7"}, "roe_maxim"),
        ("anon_a1B2c_5001_lab", {"canvas anonymous": "a1B2c"}, None),
        ("Jane Doe_345_assignsubmission_file", {"moodle": "345"}, None),
        ("submission_201301", {}, None),  # a submission's number is nobody's
    ],
)
def test_the_name_of_a_download_is_read_by_the_platform_that_made_it(name, ids, joined):
    student = whose(name)
    assert student is not None and student.ids == ids and student.run_together == joined


@pytest.mark.parametrize("name", ["alice", "lab01_4711", "2026_10_lab", "Jane Doe_345"])
def test_any_other_name_tells_no_platform_anything(name):
    assert whose(name) is None
