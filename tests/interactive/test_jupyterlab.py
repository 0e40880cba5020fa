"""The notebook of a lab, answers filled in, from top to bottom in a real JupyterLab."""

from __future__ import annotations

import importlib.util

import pytest

from tests.conftest import REPOSITORY
from tests.interactive import jupyter

WRONG = "def softmax(logits): return np.exp(logits) / np.exp(logits).sum()"
needed = [
    pytest.mark.skipif(jupyter.CHROMIUM is None, reason="no Chromium here to show JupyterLab"),
    *(
        pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} is not installed")
        for name in ("jupyterlab", "playwright")
    ),
]
pytestmark = [pytest.mark.slow, *needed]


def test_every_check_is_green_every_picture_shown_and_a_wrong_answer_red(course):
    notebook = jupyter.answered(course.lab("lab01"), WRONG, 'labkit.check("1.3")')
    seen = jupyter.carried_out(notebook, REPOSITORY, minutes=30)
    *right, wrong = seen["checks"]
    assert seen["waiting"] == 0 and len(right) == 17  # nine questions, eight of the quiz
    assert all(check["passed"] and not check["others"] for check in right)
    assert len(seen["pictures"]) == 8 and all(seen["pictures"]) and seen["untold"] == 0
    assert "rgb(173, 38, 29)" in {row["colour"] for row in wrong["others"]}
    assert any("You divided by the sum of the whole array" in row["text"] for row in wrong["others"])
