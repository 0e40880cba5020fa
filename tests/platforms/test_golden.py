"""Each format, byte for byte. After a wanted change: LABKIT_GOLDEN=write pytest tests/platforms/test_golden.py."""

from __future__ import annotations

import os

import pytest

from labkit.platforms import Request, export
from tests.platforms.records import FORMATS, GOLDEN, a_class, sheet_of

RUNNER = {
    "CLASSROOM": "dl-2026",
    "ASSIGNMENT": "lab01",
    "ASSIGNMENT_TYPE": "individual",
    "OWNER": "alice-d",
    "SUBMISSION_TAG": "submit/2026-10-02T18-00-00Z",
    "COMMIT_URL": "https://example.org/commit/1",
    "RELEASE_URL": "https://example.org/release/1",
    "REVIEW_URL": "https://example.org/review/1",
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_files_are_those_on_record(name):
    files = export(a_class(), name, Request(sheet=sheet_of(name), environment=RUNNER)).files
    written = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    written.pop("into_gradebook.py", None)  # a program, not a golden text
    folder = GOLDEN / name
    if os.environ.get("LABKIT_GOLDEN") == "write":
        for path, data in written.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    kept = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert written == kept
